#include "services/cloudtrail/cloudtrail.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/arn.h"
#include "door/door.h"
#include "door/event_envelope.h"
#include "os/random.h"
#include "services/cloudtrail/event_json.h"
#include "services/cloudtrail/selectors.h"

namespace tarn::cloudtrail {
namespace {

constexpr const char* kDetailType = "AWS API Call via CloudTrail";

// AWS: CreateTrail, Name; the texts as AWS writes them.
Status check_name(std::string_view name) {
  const auto wrong = [](std::string message) { return fail(400, "InvalidTrailNameException", std::move(message)); };
  const auto letter = [](unsigned char c) { return std::isalnum(c) != 0; };
  if (name.size() < 3)
    return wrong(
        fmt::format("Trail name too short. Minimum allowed length: 3 characters. Specified name length: {} characters.",
                    name.size()));
  if (name.size() > 128)
    return wrong(fmt::format(
        "Trail name too long. Maximum allowed length: 128 characters. Specified name length: {} characters.",
        name.size()));
  if (!letter(name.front())) return wrong("Trail name must starts with a letter or number.");
  if (!letter(name.back())) return wrong("Trail name must ends with a letter or number.");
  if (!std::ranges::all_of(name, [&](unsigned char c) { return letter(c) || c == '.' || c == '_' || c == '-'; }))
    return wrong(
        "Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, periods (.), hyphens (-), "
        "and underscores (_).");
  return {};
}

}  // namespace

// --- telling EventBridge ----------------------------------------------------------------------------------------------

CloudTrail::~CloudTrail() {
  door_.audit().unwatch();
}

Status CloudTrail::start() {
  TRY(reload());
  door_.audit().watch(*this);
  return {};
}

Status CloudTrail::reload() {
  auto found = std::make_shared<std::vector<Watched>>();
  const auto tx = door_.store().read();
  auto at = tx->cursor(kTrails);
  for (; at.valid(); at.next()) {
    TrailRecord record = TRY(at.record());
    if (record.logging) found->push_back({TRY(at.key()), std::move(record)});
  }
  TRY(at.status());
  const std::lock_guard lock(mutex_);
  logging_ = std::move(found);
  return {};
}

CloudTrail::Trails CloudTrail::trails() {
  const std::lock_guard lock(mutex_);
  return logging_;
}

bool CloudTrail::records(const Watched& trail, const AuditRecord& record) const {
  if (trail.key.owner != record.account) return false;
  const wire::Service* service = service_of(record);
  const bool global = service != nullptr && service->global;
  if (!trail.record.all_regions && !(global && trail.record.global_events) && record.region != trail.key.region)
    return false;
  if (global && !trail.record.global_events) return false;
  return takes(trail.record, record, facts_of(record, service));
}

bool CloudTrail::recorded(const AuditRecord& record) {
  const Trails all = trails();
  return std::ranges::any_of(*all, [&](const Watched& one) { return records(one, record); });
}

bool CloudTrail::keeps_answer(const AuditRecord& record) { return data_type(record).empty() || recorded(record); }

bool CloudTrail::wants(const AuditRecord& record) {
  if (!recorded(record)) return false;
  // AWS: EventBridge User Guide, "Receiving read-only management events from AWS services": not of data.
  return !record.read_only || facts_of(record, service_of(record)).management;
}

Status CloudTrail::tell(Transaction& tx, const AuditRecord& record) {
  const wire::Service* service = service_of(record);
  return emit_service_event(
      door_.outbox(), tx,
      {.source = fmt::format("aws.{}", service ? service->signing_name : std::string_view(record.service)),
       .detail_type = kDetailType,
       .account = record.account,
       .region = service != nullptr && service->global ? "us-east-1" : record.region,
       .detail = event(record),
       .reads = record.read_only});
}

Json CloudTrail::event(const AuditRecord& record) {
  const auto tx = door_.store().read();
  return event_of(record, service_of(record), [&](std::string_view arn) -> std::optional<std::string> {
    const auto id = door_.identities().principal_id(*tx, arn);
    return id ? *id : std::nullopt;
  });
}

const wire::Service* CloudTrail::service_of(const AuditRecord& record) const {
  for (const wire::Service* service : door_.services())
    if (service->name == record.service) return service;
  return nullptr;
}

// --- where things are -------------------------------------------------------------------------------------------------

Status CloudTrail::put(Transaction& tx, const TrailKey& key, const TrailRecord& record) {
  TRY(tx.put(kTrails, key, record));
  tx.on_commit([this] { (void)reload(); });  // a store that cannot be read says so to whoever reads next
  return {};
}

Status CloudTrail::erase(Transaction& tx, const TrailKey& key) {
  TRY(tx.erase(kTrails, key));
  tx.on_commit([this] { (void)reload(); });
  return {};
}

Caller CloudTrail::caller_for(const TrailKey& key, const TrailRecord& record) const {
  Caller out{.principal = {.kind = Principal::Kind::kService, .arn = kPrincipal},
             .region = record.bucket_region,
             .request_id = uuid4(),
             .user_agent = kPrincipal};
  out.source_arn = trail_arn(key);
  out.source_account = key.owner;
  return out;
}

std::string trail_arn(const TrailKey& key) {
  return fmt::format("arn:aws:cloudtrail:{}:{}:trail/{}", key.region, key.owner, key.name);
}

Result<TrailKey> trail_key(const Call& call, const std::string& name) {
  if (name.starts_with("arn:")) {
    const auto arn = Arn::parse(name);
    if (!arn || arn->service != "cloudtrail" || arn->resource_type() != "trail" || arn->account != call.account())
      return fail(
          400, "CloudTrailARNInvalidException",
          fmt::format("{} is no ARN of a trail of this account: arn:aws:cloudtrail:REGION:ACCOUNT:trail/NAME.", name));
    return TrailKey{arn->account, arn->region, std::string(arn->resource_name())};
  }
  TRY(check_name(name));
  return TrailKey{call.account(), call.region(), name};
}

Result<FoundTrail> find_trail(Call& call, const std::string& name, Lock lock) {
  TrailKey key = TRY(trail_key(call, name));
  auto record = TRY(call.get(kTrails, key, lock));
  if (!record)
    return fail(400, "TrailNotFoundException",
                fmt::format("Unknown trail: {} for the user: {}", trail_arn(key), call.account()));
  return FoundTrail{std::move(key), std::move(*record)};
}

Result<std::vector<Need>> rights_on(Call& call, const std::string& name, std::string_view action) {
  const auto key = trail_key(call, name);
  return std::vector<Need>{{.action = std::string(action),
                            .resource = key ? trail_arn(*key) : call.arn("cloudtrail", fmt::format("trail/{}", name))}};
}

}  // namespace tarn::cloudtrail
