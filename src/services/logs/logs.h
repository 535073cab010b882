// Amazon CloudWatch Logs: groups, streams and their events, kept for as long as the group says.
//
// Whoever makes something in a group locks it shared, whoever deletes or changes it exclusively.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "door/call.h"
#include "gen/logs/handlers.h"
#include "services/logs/records.h"
#include "services/logs/tails.h"
#include "store/timers.h"

namespace tarn::logs {

class Logs {
 public:
  // LIFETIME: borrows the door. REQUIRES: timers and outbox are not started yet.
  explicit Logs(Door& door);

  // Looks for what is too old at that moment, and then again and again while the group has a retention.
  Status watch_retention(Transaction& tx, const GroupKey& key, Time due);

  Tails tails;

 private:
  Status expire(Transaction& tx, const Timer& timer);
  // queries.cc and exports.cc: what their deliveries do.
  Status run_query(const Delivery& delivery);
  Status run_export(const Delivery& delivery);

  Door& door_;
};

using OptionalText = std::optional<std::string>;

// The account whose groups a call is about: the caller's, or of a service the one that it calls for.
const std::string& owner_of(const Call& call);

struct FoundGroup {
  GroupKey key;
  GroupRecord record;
};
// ERRORS: ResourceNotFoundException.
Result<FoundGroup> find_group(Call& call, std::string_view name, Lock lock);
// By name, or by name or ARN (an "identifier"). ERRORS: also InvalidParameterException: not exactly one of them.
Result<FoundGroup> find_group(Call& call, const OptionalText& name, const OptionalText& identifier, Lock lock);
// The group's name out of either; empty where there is none.
std::string group_name(const OptionalText& name, const OptionalText& identifier);

struct FoundStream {
  StreamKey key;
  StreamRecord record;
};
Result<FoundStream> find_stream(Call& call, const FoundGroup& group, std::string_view name, Lock lock);

// "arn:aws:logs:REGION:OWNER:log-group:NAME"
std::string group_arn(const GroupKey& key);

// The account's resource policies as one document; nullopt: there are none.
Result<std::optional<std::string>> resource_policy(Call& call);
// A right on a stream, or (with an empty one) on its group: with the account's resource policies, for services.
Result<std::vector<Need>> stream_need(Call& call, std::string_view action, std::string_view group,
                                      std::string_view stream);

Status erase_chunks(Transaction& tx, uint64_t stream_id);

// Events before that moment (milliseconds) are past their group's retention; nullopt: it keeps all.
std::optional<int64_t> oldest_kept(const GroupRecord& group, Time now);

inline Failure invalid(std::string message) {
  return fail(400, "InvalidParameterException", std::move(message));
}
inline Failure not_found(std::string message) {
  return fail(400, "ResourceNotFoundException", std::move(message));
}
inline Failure already_there(std::string message) {
  return fail(400, "ResourceAlreadyExistsException", std::move(message));
}

// Where the page after `token` begins: empty for the first one. ERRORS: InvalidParameterException.
Result<std::string> page_start(Call& call, std::string_view request, const OptionalText& token);

}  // namespace tarn::logs
