// Insights queries: started, run as deliveries of the outbox (so that a crash runs them again), asked for, stopped; saved
// texts; and the fields of groups and events.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "door/door.h"
#include "os/random.h"
#include "services/logs/account_policies.h"
#include "services/logs/insights.h"
#include "services/logs/later.h"
#include "services/logs/logs.h"
#include "services/logs/reading.h"
#include "store/page_token.h"

namespace tarn::logs {
namespace {

constexpr int32_t kMostRows = 10'000, kPage = 1000, kGroupPage = 500;
constexpr size_t kMostGroups = 50, kMostGathered = 500'000, kMostBytes = 256 << 20;
constexpr Micros kKept = 7 * kDay;  // AWS: results of queries are there for seven days
constexpr Micros kLongest = 60 * kMinute;
constexpr uint64_t kLookEvery = 10'000;  // events between two looks whether it was stopped

std::string name_of(const OwnedKey& key) {
  return fmt::format("{} {} {}", key.owner, key.region, key.name);
}
OwnedKey key_of(const LaterName& name) {
  return {name.owner, name.region, name.id};
}

std::string pointer_of(uint64_t group_id, const Position& at) {
  return base64(fmt::format("{} {}", group_id, at.text()));
}

// AWS: StartQuery tells seconds. Moments that can only be milliseconds are taken as those. ASSUMED: as AWS does.
int64_t seconds_of(int64_t time) {
  return time > 100'000'000'000 ? time / 1000 : time;
}

// AWS: "SOURCE": the groups that there are when the query is started.
Result<std::vector<std::string>> groups_of(Call& call, const std::vector<std::string>& prefixes) {
  std::vector<std::string> groups;
  const auto all = TRY(call.tx().scan(kGroups, {.prefix = prefix_of(kGroups, call.account(), call.region())}));
  for (const auto& [key, record] : all.entries)
    if (std::ranges::any_of(prefixes, [&](const std::string& prefix) { return key.name.starts_with(prefix); }))
      groups.push_back(key.name);
  if (groups.empty()) return not_found("No log group has a name that begins as SOURCE says.");
  return groups;
}

Result<std::vector<std::string>> groups_of(Call& call, const StartQueryRequest& in) {
  std::vector<std::string> groups;
  if (in.log_group_name) groups.push_back(*in.log_group_name);
  for (const std::string& name : in.log_group_names) groups.push_back(name);
  for (const std::string& identifier : in.log_group_identifiers) groups.push_back(group_name({}, identifier));
  const int ways =
      in.log_group_name.has_value() + in.log_group_names.has_value() + in.log_group_identifiers.has_value();
  if (const auto query = insights::parse(*in.query_string); query && !query->prefixes.empty()) {
    if (ways != 0) return invalid("A query with SOURCE takes no log groups beside it.");
    return groups_of(call, query->prefixes);
  }
  if (ways != 1 || groups.empty() || groups.size() > kMostGroups)
    return invalid("Give one of logGroupName, logGroupNames and logGroupIdentifiers, with 1 to 50 log groups.");
  return groups;
}

Status check_language(const OptionalText& language) {
  if (language.value_or("CWLI") == "CWLI") return {};
  return invalid(fmt::format("queryLanguage {} is not supported by this server: CWLI is.", *language));
}

// A query as DescribeQueries shows it: with the groups and the time that the call named. Recorded from AWS for one group.
// ASSUMED: several stand one behind the other.
std::string described(const QueryRecord& record) {
  std::string text = "SOURCE";
  for (const std::string& group : record.groups) text += fmt::format(" \"{}\"", group);
  return fmt::format("{} START={}000 END={}999 | {}", text, record.from, record.to, record.text);
}

// --- running ------------------------------------------------------------------------------------------------------------

struct QueriedGroup {
  std::string name;
  GroupRecord record;
};

insights::Row row_of(const OwnedKey& query, const QueriedGroup& group, const Position& at, const Line& line) {
  return {line.message,
          line.stream,
          query.owner + ":" + group.name,
          at.time,
          line.ingested.millis(),
          pointer_of(group.record.id, at)};
}

Result<bool> has_indexes(Transaction& tx, const FoundGroup& group, const std::vector<std::string>& fields) {
  if (std::ranges::all_of(fields, is_indexed_by_default)) return true;
  const auto policy = TRY(index_policy(tx, group));
  if (!policy) return false;
  const auto there = TRY(indexed_fields(policy->document));
  return std::ranges::all_of(fields, [&](const std::string& field) {
    return is_indexed_by_default(field) ||
           std::ranges::find(there, field, &std::pair<std::string, std::string>::first) != there.end();
  });
}

// Feeds a query with its groups' events, the newest first.
class Feeder {
 public:
  Feeder(Store& store, const OwnedKey& key, const QueryRecord& query, Time now)
      : store_(store), key_(key), query_(query), now_(now) {}

  // `indexed`: only groups with an index on all of these fields are read.
  Status feed(insights::Run& run, const std::vector<std::string>& indexed) {
    const auto tx = store_.read();
    const std::vector<QueriedGroup> groups = TRY(groups_of(*tx, indexed));
    if (groups.size() == 1)
      return read(*tx, groups[0],
                  [&](const Position& at, const Line& line) { return run.take(row_of(key_, groups[0], at, line)); });
    // Several: all of their events, by time.
    struct Gathered {
      Position at;
      Line line;
      const QueriedGroup* group;
    };
    std::vector<Gathered> all;
    for (const QueriedGroup& group : groups)
      TRY(read(*tx, group, [&](const Position& at, const Line& line) -> Result<bool> {
        if (all.size() == kMostGathered || bytes_ > kMostBytes)
          return fail(400, "LimitExceededException", "The log groups have too many events: narrow the query by time.");
        all.push_back({at, line, &group});
        return true;
      }));
    std::ranges::stable_sort(all, [](const Gathered& a, const Gathered& b) { return a.at.time > b.at.time; });
    for (const Gathered& one : all)
      if (!TRY(run.take(row_of(key_, *one.group, one.at, one.line)))) break;
    return {};
  }
  uint64_t bytes() const { return bytes_; }

 private:
  Result<std::vector<QueriedGroup>> groups_of(Transaction& tx, const std::vector<std::string>& indexed) {
    std::vector<QueriedGroup> groups;
    for (const std::string& name : query_.groups) {
      const GroupKey key{key_.owner, key_.region, name};
      const auto record = TRY(tx.get(kGroups, key));
      if (record && TRY(has_indexes(tx, {key, *record}, indexed))) groups.push_back({name, *record});
    }
    return groups;
  }

  Status read(Transaction& tx, const QueriedGroup& group,
              const std::function<Result<bool>(const Position&, const Line&)>& visit) {
    const int64_t oldest = oldest_kept(group.record, now_).value_or(0);
    Wanted wanted{.group_id = group.record.id,
                  .from = Position::before(std::max(query_.from * 1000, oldest)),
                  .until = query_.to * 1000 + 999,
                  .reverse = true};
    Status broken;
    TRY(read_events(tx, wanted, [&](const Position& at, const Line& line) {
      bytes_ += line.message.size();
      if (++events_ % kLookEvery == 0) broken = still_wanted();
      if (!broken) return false;
      const Result<bool> more = visit(at, line);
      if (!more) broken = Failure(more.error());
      return more.value_or(false);
    }));
    return broken;
  }

  Status still_wanted() {
    const auto now = TRY(store_.read()->get(kQueries, key_));
    if (!now || now->status != "Running") return fail(400, "QueryStopped", "The query was stopped.");
    if (steady_now() > begun_ + kLongest) return fail(400, "QueryTimeout", "The query ran for an hour.");
    return {};
  }

  Store& store_;
  const OwnedKey& key_;
  const QueryRecord& query_;
  const Time now_;
  const Micros begun_ = steady_now();
  uint64_t events_ = 0, bytes_ = 0;
};

}  // namespace

LaterName later_name(std::string_view text) {
  const auto parts = split(text, ' ');
  return {std::string(parts[0]), std::string(parts[1]), std::string(parts[2])};
}

Status Logs::run_query(const Delivery& delivery) {
  const OwnedKey key = key_of(later_name(delivery.payload));
  const auto query = TRY(door_.store().read()->get(kQueries, key));
  if (!query || query->status != "Running") return {};
  const auto parsed = insights::parse(query->text);
  if (!parsed) return Failure(parsed.error());  // it was read when it was started
  insights::Run run(*parsed, {.now = door_.clock().now().millis()}, static_cast<size_t>(query->limit));
  Feeder feeder(door_.store(), key, *query, door_.clock().now());
  const Status fed = feeder.feed(run, parsed->indexed);
  insights::Outcome outcome = run.finish();
  const auto noted = door_.store().run([&](Transaction& tx) -> Status {
    auto now = TRY(tx.get(kQueries, key));
    if (!now || now->status != "Running") return {};
    now->status = fed ? "Complete" : fed.error().code == "QueryTimeout" ? "Timeout" : "Failed";
    now->ended = door_.clock().now();
    now->scanned = outcome.scanned;
    now->matched = outcome.matched;
    now->bytes = feeder.bytes();
    TRY(tx.put(kQueries, key, *now));
    return fed ? tx.put(kQueryRows, key, {outcome.rows}) : Status();
  });
  if (!noted) return Failure(noted.error());
  return door_.store().wait_synced(*noted);
}

Status forget_query(Transaction& tx, const Timer& timer) {
  const OwnedKey key = key_of(later_name(timer.id));
  TRY(tx.erase(kQueries, key));
  return tx.erase(kQueryRows, key);
}

// --- queries --------------------------------------------------------------------------------------------------------------

Result<std::vector<Need>> start_query_rights(Logs&, Call& call, const StartQueryRequest& in) {
  std::vector<Need> needs;
  for (const std::string& group : TRY(groups_of(call, in)))
    for (Need& need : TRY(stream_need(call, "logs:StartQuery", group, ""))) needs.push_back(std::move(need));
  return needs;
}

Result<StartQueryResponse> start_query(Logs&, Call& call, const StartQueryRequest& in) {
  TRY(check_language(in.query_language));
  QueryRecord record{.text = *in.query_string,
                     .status = "Running",
                     .groups = TRY(groups_of(call, in)),
                     .from = seconds_of(*in.start_time),
                     .to = seconds_of(*in.end_time),
                     .limit = in.limit.value_or(kMostRows),
                     .created = call.now(),
                     .ended = {},
                     .principal = call.principal().arn};
  if (record.from > record.to) return invalid("The startTime lies behind the endTime.");
  TRY(insights::parse(record.text));
  for (const std::string& group : record.groups)
    if (!TRY(call.get(kGroups, {call.account(), call.region(), group}, Lock::kShared)))
      return not_found(fmt::format("Log group '{}' does not exist for account ID '{}'", group, call.account()));
  const OwnedKey key{call.account(), call.region(), uuid4()};
  TRY(call.put(kQueries, key, record));
  TRY(call.door().outbox().enqueue(
      call.tx(), {.type = kQueryDelivery, .target = name_of(key), .payload = name_of(key), .max_attempts = 5}));
  TRY(call.door().timers().set(call.tx(), kForgetTimer, name_of(key), call.now() + kKept));
  return StartQueryResponse{.query_id = key.name};
}

Result<GetQueryResultsResponse> get_query_results(Logs&, Call& call, const GetQueryResultsRequest& in) {
  const OwnedKey key{call.account(), call.region(), *in.query_id};
  const auto query = TRY(call.get(kQueries, key, Lock::kNone));
  if (!query) return not_found(fmt::format("Query with id {} does not exist.", *in.query_id));
  GetQueryResultsResponse out{.query_language = "CWLI", .status = query->status};
  out.results.set_present();
  QueryStatistics statistics{.records_matched = static_cast<double>(query->matched),
                             .records_scanned = static_cast<double>(query->scanned),
                             .bytes_scanned = static_cast<double>(query->bytes),
                             .log_groups_scanned = static_cast<double>(query->groups.size())};
  out.statistics = std::move(statistics);
  const auto rows = TRY(call.get(kQueryRows, key, Lock::kNone));
  if (!rows) return out;
  const std::string request = "GetQueryResults " + *in.query_id;
  const std::string after = TRY(page_start(call, request, in.next_token));
  const auto begin = static_cast<size_t>(parse_int(after).value_or(0));
  const size_t end = std::min(rows->rows.size(), begin + static_cast<size_t>(in.max_items.value_or(kMostRows)));
  for (size_t i = begin; i < end; ++i) {
    wire::List<ResultField> cells;
    cells.set_present();
    for (const auto& [field, value] : rows->rows[i]) cells.push_back({.field = field, .value = value});
    out.results.push_back(std::move(cells));
  }
  if (end < rows->rows.size()) out.next_token = page_token(call.door().store(), request, std::to_string(end));
  return out;
}

Result<ListLogGroupsForQueryResponse> list_log_groups_for_query(Logs&, Call& call,
                                                                const ListLogGroupsForQueryRequest& in) {
  const auto query = TRY(call.get(kQueries, {call.account(), call.region(), *in.query_id}, Lock::kNone));
  if (!query) return not_found(fmt::format("Query with id {} does not exist.", *in.query_id));
  const std::string request = "ListLogGroupsForQuery " + *in.query_id;
  const auto begin = static_cast<size_t>(parse_int(TRY(page_start(call, request, in.next_token))).value_or(0));
  const size_t end = std::min(query->groups.size(), begin + static_cast<size_t>(in.max_results.value_or(kGroupPage)));
  ListLogGroupsForQueryResponse out;
  out.log_group_identifiers.set_present();
  for (size_t i = begin; i < end; ++i) out.log_group_identifiers.push_back(query->groups[i]);
  if (end < query->groups.size()) out.next_token = page_token(call.door().store(), request, std::to_string(end));
  return out;
}

Result<StopQueryResponse> stop_query(Logs&, Call& call, const StopQueryRequest& in) {
  const OwnedKey key{call.account(), call.region(), *in.query_id};
  auto query = TRY(call.get(kQueries, key));
  if (!query) return not_found(fmt::format("Query with id {} does not exist.", *in.query_id));
  if (query->status != "Running") return invalid("Query cannot be stopped: it has ended.");
  query->status = "Cancelled";
  query->ended = call.now();
  TRY(call.put(kQueries, key, *query));
  return StopQueryResponse{.success = true};
}

Result<DescribeQueriesResponse> describe_queries(Logs&, Call& call, const DescribeQueriesRequest& in) {
  const auto page = TRY(call.tx().scan(kQueries, {.prefix = prefix_of(kQueries, call.account(), call.region())}));
  std::vector<const Entry<OwnedKey, QueryRecord>*> found;
  for (const auto& entry : page.entries) {
    if (in.status && entry.record.status != *in.status) continue;
    if (in.log_group_name && std::ranges::find(entry.record.groups, *in.log_group_name) == entry.record.groups.end())
      continue;
    found.push_back(&entry);
  }
  std::ranges::stable_sort(found, [](auto* a, auto* b) { return a->record.created > b->record.created; });
  const std::string request = fmt::format("DescribeQueries {} {} {} {}", call.account(), call.region(),
                                          in.status.value_or(""), in.log_group_name.value_or(""));
  const auto begin = static_cast<size_t>(parse_int(TRY(page_start(call, request, in.next_token))).value_or(0));
  const size_t end = std::min(found.size(), begin + static_cast<size_t>(in.max_results.value_or(kPage)));
  DescribeQueriesResponse out;
  out.queries.set_present();
  for (size_t i = begin; i < end; ++i) {
    const QueryRecord& record = found[i]->record;
    out.queries.push_back({.query_language = "CWLI",
                           .query_id = found[i]->key.name,
                           .query_string = described(record),
                           .status = record.status,
                           .create_time = record.created.millis(),
                           .log_group_name = record.groups.front()});
  }
  if (end < found.size()) out.next_token = page_token(call.door().store(), request, std::to_string(end));
  return out;
}

// --- definitions ----------------------------------------------------------------------------------------------------------

Result<PutQueryDefinitionResponse> put_query_definition(Logs&, Call& call, const PutQueryDefinitionRequest& in) {
  TRY(check_language(in.query_language));
  if (!in.parameters.empty()) return invalid("parameters are not supported by this server.");
  const OwnedKey key{call.account(), call.region(), in.query_definition_id.value_or(uuid4())};
  if (in.query_definition_id && !TRY(call.get(kDefinitions, key)))
    return not_found(fmt::format("Query definition with id {} does not exist.", key.name));
  TRY(call.put(kDefinitions, key, {*in.name, *in.query_string, in.log_group_names.items(), call.now()}));
  return PutQueryDefinitionResponse{.query_definition_id = key.name};
}

Result<DeleteQueryDefinitionResponse> delete_query_definition(Logs&, Call& call,
                                                              const DeleteQueryDefinitionRequest& in) {
  const OwnedKey key{call.account(), call.region(), *in.query_definition_id};
  if (!TRY(call.get(kDefinitions, key)))
    return not_found(fmt::format("Query definition with id {} does not exist.", key.name));
  TRY(call.erase(kDefinitions, key));
  return DeleteQueryDefinitionResponse{.success = true};
}

Result<DescribeQueryDefinitionsResponse> describe_query_definitions(Logs&, Call& call,
                                                                    const DescribeQueryDefinitionsRequest& in) {
  const std::string prefix = in.query_definition_name_prefix.value_or("");
  const std::string request = fmt::format("DescribeQueryDefinitions {} {} {}", call.account(), call.region(), prefix);
  DescribeQueryDefinitionsResponse out;
  out.query_definitions.set_present();
  auto at = call.tx().cursor(kDefinitions, {.prefix = prefix_of(kDefinitions, call.account(), call.region()),
                                            .after = TRY(page_start(call, request, in.next_token))});
  for (std::string last; at.valid(); at.next()) {
    const DefinitionRecord record = TRY(at.record());
    if (!record.name.starts_with(prefix)) continue;
    if (out.query_definitions.size() == static_cast<size_t>(in.max_results.value_or(kPage))) {
      out.next_token = page_token(call.door().store(), request, last);
      break;
    }
    last = at.encoded();
    out.query_definitions.push_back({.query_language = "CWLI",
                                     .query_definition_id = TRY(at.key()).name,
                                     .name = record.name,
                                     .query_string = record.text,
                                     .last_modified = record.modified.millis(),
                                     .log_group_names = record.groups});
  }
  TRY(at.status());
  return out;
}

// --- fields ---------------------------------------------------------------------------------------------------------------

Result<std::vector<Need>> get_log_group_fields_rights(Logs&, Call& call, const GetLogGroupFieldsRequest& in) {
  return stream_need(call, "logs:GetLogGroupFields", group_name(in.log_group_name, in.log_group_identifier), "");
}

// AWS: of the events of 15 minutes, which part has each field.
Result<GetLogGroupFieldsResponse> get_log_group_fields(Logs&, Call& call, const GetLogGroupFieldsRequest& in) {
  constexpr int64_t kSpan = 15 * 60, kAround = 8 * 60;
  const FoundGroup group = TRY(find_group(call, in.log_group_name, in.log_group_identifier, Lock::kNone));
  const int64_t now = call.now().seconds();
  const int64_t from = in.time ? seconds_of(*in.time) - kAround : now - kSpan;
  const int64_t until = in.time ? seconds_of(*in.time) + kAround : now;
  Wanted wanted{.group_id = group.record.id,
                .from = Position::before(std::max<int64_t>(from, 0) * 1000),
                .until = until * 1000 + 999};
  std::map<std::string, size_t> counts;
  size_t events = 0;
  TRY(read_events(call.tx(), wanted, [&](const Position& at, const Line& line) {
    const insights::Row row(line.message, line.stream, "", at.time, line.ingested.millis(), "");
    for (const std::string& name : row.discovered()) ++counts[name];
    return ++events < kMostGathered;
  }));
  GetLogGroupFieldsResponse out;
  out.log_group_fields.set_present();
  for (const auto& [name, count] : counts)
    out.log_group_fields.push_back({.name = name, .percent = static_cast<int32_t>(count * 100 / events)});
  return out;
}

Result<GetLogRecordResponse> get_log_record(Logs&, Call& call, const GetLogRecordRequest& in) {
  const std::string text = unbase64(*in.log_record_pointer).value_or("");
  const size_t blank = text.find(' ');
  const auto place =
      blank == std::string::npos ? std::nullopt : Position::parse(std::string_view(text).substr(blank + 1));
  const auto group_id = parse_int(text.substr(0, std::min(blank, text.size())));
  if (!place || !group_id) return invalid("logRecordPointer is none that a query gave.");
  // The group must be the caller's: pointers are no secrets.
  std::string group;
  auto at = call.tx().cursor(kGroups, {.prefix = prefix_of(kGroups, call.account(), call.region())});
  for (; at.valid() && group.empty(); at.next())
    if (TRY(at.record()).id == static_cast<uint64_t>(*group_id)) group = TRY(at.key()).name;
  TRY(at.status());
  GetLogRecordResponse out;
  Wanted wanted{.group_id = static_cast<uint64_t>(*group_id),
                .stream_id = place->stream,
                .from = Position::before(place->time),
                .until = place->time};
  if (!group.empty())
    TRY(read_events(call.tx(), wanted, [&](const Position& here, const Line& line) {
      if (here != *place) return true;
      const insights::Row row(line.message, line.stream, call.account() + ":" + group, here.time,
                              line.ingested.millis(), *in.log_record_pointer);
      for (const std::string& name : row.discovered())
        if (const Value value = row.get(name); !value.absent())
          out.log_record[name] = value.moment() ? std::to_string(static_cast<int64_t>(*value.number())) : value.text();
      out.log_record["@ptr"] = *in.log_record_pointer;
      return false;
    }));
  if (out.log_record.empty()) return not_found("The log event that logRecordPointer names is not there (any more).");
  return out;
}

}  // namespace tarn::logs
