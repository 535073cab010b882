#include "services/events/events.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/arn.h"
#include "door/event_envelope.h"
#include "os/random.h"
#include "store/page_token.h"
#include "store/schedule.h"

namespace tarn::events {
namespace {

constexpr const char* kPosted = "events.put";  // the outbox' kind of what PutEvents took
constexpr const char* kServices = "aws.";      // and of what services tell

// No part of a key has a blank.
std::string timer_id(const RuleKey& key) {
  return fmt::format("{} {} {}", key.owner, key.region, key.name);
}

}  // namespace

Events::Events(Door& door, EventLog& log) : door_(door), log_(log) {
  door_.outbox().match(kServices,
                       [this](Transaction& tx, const Event& event) { return match_service(tx, event, false); });
  door_.outbox().match(kReads, [this](Transaction& tx, const Event& event) { return match_service(tx, event, true); });
  door_.outbox().match(kPosted, [this](Transaction& tx, const Event& event) { return match_posted(tx, event); });
  door_.timers().on(kScheduleTimer, [this](Transaction& tx, const Timer& timer) { return fire(tx, timer); });
  door_.timers().on(kRetainTimer, [this](Transaction& tx, const Timer& timer) { return retain(tx, timer); });
  door_.timers().on(kForgetTimer, [this](Transaction& tx, const Timer& timer) { return forget(tx, timer); });
  door_.timers().on(kReplayTimer, [this](Transaction& tx, const Timer& timer) { return replay(tx, timer); });
}

// --- rules come, change and go ---------------------------------------------------------------------------------------

Status Events::changed(Transaction& tx, const BusKey& bus) {
  return tx.put(kBusVersions, bus, {tx.store().next_id()});
}

// The kinds of services' events that the pattern can match, by their sources.
std::vector<std::string> sources_of(const EventPattern* pattern) {
  if (pattern == nullptr) return {kServices};
  std::vector<std::string> kinds;
  for (const EventPattern::Branch& branch : pattern->branches()) {
    const auto source = std::ranges::find(branch, "source", &EventPattern::Field::path);
    if (source == branch.end()) return {kServices};
    for (const ValueTest& test : source->any_of) {
      if (test.kind != ValueTest::Kind::kLiteral) return {kServices};
      if (test.literal == Json::Kind::kString && test.text.starts_with(kServices)) kinds.push_back(test.text + ":");
    }
  }
  std::ranges::sort(kinds);
  kinds.erase(std::ranges::unique(kinds).begin(), kinds.end());
  return kinds;
}

Status Events::subscribe(Transaction& tx, const BusKey& bus, const std::string& subscriber,
                         std::vector<std::string>& now, std::vector<std::string> wanted) {
  if (bus.name != kDefaultBus) wanted.clear();
  for (const std::string& kind : now)
    if (std::ranges::find(wanted, kind) == wanted.end())
      TRY(door_.outbox().unsubscribe(tx, kind, bus.owner, bus.region, subscriber));
  for (const std::string& kind : wanted) TRY(door_.outbox().subscribe(tx, kind, bus.owner, bus.region, subscriber));
  now = std::move(wanted);
  return changed(tx, bus);
}

Status Events::plan(Transaction& tx, const RuleKey& key, RuleRecord& record, Time now) {
  std::vector<std::string> wanted;
  if (record.enabled() && record.pattern) {
    const EventPattern pattern = TRY(parse_event_pattern(*record.pattern));
    wanted = sources_of(&pattern);
    if (record.wants_reads() && !wanted.empty()) wanted.push_back(kReads);
  }
  TRY(subscribe(tx, {key.owner, key.region, key.bus}, rule_arn(key), record.subscriptions, std::move(wanted)));
  std::optional<Time> next;
  if (record.enabled() && record.schedule) next = TRY(TRY(Schedule::parse(*record.schedule)).next(now));
  if (next)
    TRY(door_.timers().set(tx, kScheduleTimer, timer_id(key), *next));
  else
    TRY(door_.timers().cancel(tx, kScheduleTimer, timer_id(key)));
  return {};
}

Status Events::fire(Transaction& tx, const Timer& timer) {
  const auto parts = split(timer.id, ' ');
  const RuleKey key{std::string(parts[0]), std::string(parts[1]), kDefaultBus, std::string(parts[2])};
  const auto rule = TRY(tx.get(kRules, key));
  if (!rule || !rule->enabled() || !rule->schedule) return {};
  // AWS: "Creating an Amazon EventBridge rule that runs on a schedule": what targets get.
  const Json event = event_envelope(
      {.kind = {}, .account = key.owner, .region = key.region, .payload = {}, .time = timer.due, .id = uuid4()},
      Json::object(
          {{"source", "aws.events"}, {"detail-type", "Scheduled Event"}, {"resources", Json::array({rule_arn(key)})}}));
  const std::vector<TargetEntry> targets = TRY(targets_of(tx, rule->id));
  EventLog::Entry entry{timer.due, event.text(), {}};
  for (NewDelivery& delivery : deliveries_of({key, event, timer.due}, targets, entry.sent))
    TRY(door_.outbox().enqueue(tx, std::move(delivery)));
  tx.on_commit(
      [this, bus = bus_arn({key.owner, key.region, key.bus}), entry = std::move(entry)] { log_.add(bus, entry); });
  const auto next = TRY(TRY(Schedule::parse(*rule->schedule)).next(timer.due));
  return next ? door_.timers().set(tx, kScheduleTimer, timer.id, *next) : Status();
}

// --- events come -----------------------------------------------------------------------------------------------------

Result<std::string> Events::post(Transaction& tx, Posted posted) {
  Json only = Json::array();
  for (const std::string& arn : posted.only_rules) only.push(arn);
  const Json payload = Json::object({{"bus", posted.bus.name},
                                     {"event", std::move(posted.event)},
                                     {"hops", int64_t{posted.hops}},
                                     {"only", std::move(only)}});
  return door_.outbox().post(
      tx, {.kind = kPosted, .account = posted.bus.owner, .region = posted.bus.region, .payload = payload.text()});
}

Events::Deliveries Events::match_posted(Transaction& tx, const Event& event) {
  const Json payload = TRY(Json::parse(event.payload));
  Posted posted{.bus = {event.account, event.region, payload["bus"].as_string()},
                .event = payload["event"],
                .hops = static_cast<int>(payload["hops"].as_int())};
  for (const Json& arn : payload["only"].items()) posted.only_rules.push_back(arn.as_string());
  if (posted.event["id"].as_string().empty()) posted.event.set("id", event.id);
  return on_bus(tx, posted, event.time);
}

Events::Deliveries Events::match_service(Transaction& tx, const Event& event, bool reads) {
  const Json body = TRY(Json::parse(event.payload));
  return on_bus(
      tx, {.bus = {event.account, event.region, kDefaultBus}, .event = event_envelope(event, body), .reads = reads},
      event.time);
}

Result<std::shared_ptr<const Events::Compiled>> Events::compiled(Transaction& tx, const BusKey& bus) {
  const uint64_t version = TRY(tx.get(kBusVersions, bus, Lock::kNone)).value_or(BusVersion{}).version;
  auto& known = compiled_[bus];
  if (known && known->version == version) return known;
  auto fresh = std::make_shared<Compiled>();
  fresh->version = version;
  auto at = tx.cursor(kRules, {.prefix = prefix_of(kRules, bus.owner, bus.region, bus.name)});
  for (; at.valid(); at.next()) {
    const RuleRecord rule = TRY(at.record());
    if (!rule.enabled() || !rule.pattern) continue;
    fresh->index.add(TRY(parse_event_pattern(*rule.pattern)));
    fresh->rules.push_back({TRY(at.key()), TRY(targets_of(tx, rule.id)), rule.wants_reads()});
  }
  TRY(at.status());
  auto archive = tx.cursor(kArchives, {.prefix = prefix_of(kArchives, bus.owner, bus.region)});
  for (; archive.valid(); archive.next()) {
    const ArchiveRecord record = TRY(archive.record());
    if (record.bus != bus.name) continue;
    Compiled::Archive& made = fresh->archives.emplace_back();
    made.key = TRY(archive.key());
    if (record.pattern) made.pattern = TRY(parse_event_pattern(*record.pattern));
  }
  TRY(archive.status());
  known = fresh;
  return known;
}

Events::Deliveries Events::on_bus(Transaction& tx, const Posted& posted, Time ingested) {
  const auto bus = TRY(compiled(tx, posted.bus));
  EventLog::Entry entry{ingested, posted.event.text(), {}};
  std::vector<NewDelivery> deliveries;
  const FlatEvent flat(posted.event);
  // ASSUMED: archives keep what any rule may get.
  if (!bus->archives.empty() && !posted.reads) TRY(archive(tx, *bus, posted.event, flat, ingested));
  for (const size_t number : bus->index.match(flat)) {
    const Compiled::Rule& rule = bus->rules[number];
    if (posted.reads && !rule.wants_reads) continue;
    if (!posted.only_rules.empty() &&
        std::ranges::find(posted.only_rules, rule_arn(rule.key)) == posted.only_rules.end())
      continue;
    for (NewDelivery& delivery :
         deliveries_of({rule.key, posted.event, ingested, posted.hops}, rule.targets, entry.sent))
      deliveries.push_back(std::move(delivery));
  }
  tx.on_commit([this, arn = bus_arn(posted.bus), entry = std::move(entry)] { log_.add(arn, entry); });
  return deliveries;
}

// --- what handlers look up -------------------------------------------------------------------------------------------

BusKey bus_key(const Call& call, const std::optional<std::string>& name) {
  if (const auto arn = Arn::parse(name.value_or("")))
    return {arn->account, arn->region, std::string(arn->resource_id())};
  return {call.account(), call.region(), name.value_or(kDefaultBus)};
}

Result<BusRecord> find_bus(Call& call, const BusKey& key, Lock lock) {
  auto record = TRY(call.get(kBuses, key, lock));
  if (record) return std::move(*record);
  if (key.name == kDefaultBus) return BusRecord{};
  return not_found(fmt::format("Event bus {} does not exist.", key.name));
}

Result<FoundRule> find_rule(Call& call, const std::optional<std::string>& bus, const std::optional<std::string>& name,
                            Lock lock) {
  const BusKey at = bus_key(call, bus);
  TRY(find_bus(call, at, Lock::kNone));
  RuleKey key{at.owner, at.region, at.name, name.value_or("")};
  auto record = TRY(call.get(kRules, key, lock));
  if (!record) return not_found(fmt::format("Rule {} does not exist on EventBus {}.", key.name, key.bus));
  return FoundRule{std::move(key), std::move(*record)};
}

Result<std::vector<TargetEntry>> targets_of(Transaction& tx, uint64_t rule) {
  std::vector<TargetEntry> targets;
  auto at = tx.cursor(kTargets, {.prefix = prefix_of(kTargets, rule)});
  for (; at.valid(); at.next()) targets.push_back({TRY(at.key()).id, TRY(at.record())});
  TRY(at.status());
  return targets;
}

Result<std::vector<Need>> rights_on_bus(Call& call, std::string_view action, const std::optional<std::string>& bus) {
  const BusKey key = bus_key(call, bus);
  const auto record = TRY(call.get(kBuses, key, Lock::kNone));
  return std::vector<Need>{{.action = fmt::format("events:{}", action),
                            .resource = bus_arn(key),
                            .owner = key.owner,
                            .resource_policy = record ? record->policy : std::nullopt}};
}

Result<std::vector<Need>> rights_on_rule(Call& call, std::string_view action, const std::optional<std::string>& bus,
                                         std::string_view rule) {
  std::vector<Need> needs = TRY(rights_on_bus(call, action, bus));
  const BusKey key = bus_key(call, bus);
  needs[0].resource = rule_arn({key.owner, key.region, key.name, std::string(rule)});
  return needs;
}

Result<std::string> page_start(Call& call, std::string_view request, const std::optional<std::string>& token) {
  if (!token) return std::string();
  auto position = page_position(call.door().store(), request, *token);
  if (!position) return invalid("Parameter NextToken is not valid. Reason: it is not of this request.");
  return std::move(*position);
}

Status check_schedule(const std::string& expression) {
  const auto schedule = Schedule::parse(expression);
  if (!schedule || schedule->once()) return invalid("Parameter ScheduleExpression is not valid.");
  return {};
}

}  // namespace tarn::events
