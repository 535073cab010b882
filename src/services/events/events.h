// Amazon EventBridge: buses, rules, what their targets are told.
//
// An event gets to a bus through the outbox: what PutEvents takes is posted there in its commit, what services tell
// (door/event_envelope.h) comes to the default bus where a rule has subscribed to its source. The outbox' dispatcher asks
// here which rules match, and gets the deliveries to their targets. A rule with a schedule waits as a timer and tells its
// targets in the commit that sets the next one.
//
// Whoever makes a rule locks its bus shared; whoever deletes the bus locks it exclusively. Targets hang on the rule's id.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "door/call.h"
#include "door/door.h"
#include "door/event_log.h"
#include "gen/events/handlers.h"
#include "services/events/deliveries.h"
#include "services/events/records.h"
#include "services/events/rule_index.h"

namespace tarn::events {

// Kinds of timers: of rules with a schedule; of archives, when their oldest event is over, and when they are gone; of
// replays.
constexpr const char* kScheduleTimer = "events.schedule";
constexpr const char* kRetainTimer = "events.retain";
constexpr const char* kForgetTimer = "events.forget";
constexpr const char* kReplayTimer = "events.replay";

class Events {
 public:
  // LIFETIME: borrows both. REQUIRES: outbox and timers have not started.
  Events(Door& door, EventLog& log);

  // A rule, or what hangs on it, has changed or is about to go (then it is not enabled): sees to its subscriptions, its
  // timer and that the bus' rules are read anew. Fills record.subscriptions.
  Status plan(Transaction& tx, const RuleKey& key, RuleRecord& record, Time now);
  Status changed(Transaction& tx, const BusKey& bus);
  // The same of an archive; `gone`: its subscriptions end, and its events are forgotten bit by bit.
  Status plan(Transaction& tx, const ArchiveKey& key, ArchiveRecord& record, bool gone);
  // Goes on with a replay, from `now` on.
  Status replay_soon(Transaction& tx, const ReplayKey& key, Time now);

  // An event for a bus, in the transaction's commit. `event` without id: it gets the one that is returned.
  struct Posted {
    BusKey bus;
    Json event;  // the envelope
    int hops = 0;
    std::vector<std::string> only_rules = {};  // ARNs; empty: all
    bool reads = false;                        // CloudTrail's of a call that only reads: for rules that want such
  };
  Result<std::string> post(Transaction& tx, Posted posted);

 private:
  struct Compiled {  // a bus' rules and archives
    struct Rule {
      RuleKey key;
      std::vector<TargetEntry> targets;
      bool wants_reads = false;
    };
    struct Archive {
      ArchiveKey key;
      std::optional<EventPattern> pattern;
    };
    uint64_t version = 0;
    std::vector<Rule> rules;  // by their number in the index
    RuleIndex index;
    std::vector<Archive> archives;
  };
  using Deliveries = Result<std::vector<NewDelivery>>;

  Deliveries match_service(Transaction& tx, const Event& event, bool reads);
  Deliveries match_posted(Transaction& tx, const Event& event);
  Deliveries on_bus(Transaction& tx, const Posted& posted, Time ingested);
  Result<std::shared_ptr<const Compiled>> compiled(Transaction& tx, const BusKey& bus);
  Status fire(Transaction& tx, const Timer& timer);
  Status subscribe(Transaction& tx, const BusKey& bus, const std::string& subscriber, std::vector<std::string>& now,
                   std::vector<std::string> wanted);
  Status archive(Transaction& tx, const Compiled& bus, const Json& event, const FlatEvent& flat, Time ingested);
  Status retain(Transaction& tx, const Timer& timer);
  Status forget(Transaction& tx, const Timer& timer);
  Status replay(Transaction& tx, const Timer& timer);

  Door& door_;
  EventLog& log_;
  std::map<BusKey, std::shared_ptr<const Compiled>> compiled_;  // the dispatcher's thread only
};

// --- for all handlers ------------------------------------------------------------------------------------------------

inline Failure invalid(std::string message) {
  return fail(400, "ValidationException", std::move(message));
}
inline Failure not_found(std::string message) {
  return fail(400, "ResourceNotFoundException", std::move(message));
}
inline Failure exists_already(std::string message) {
  return fail(400, "ResourceAlreadyExistsException", std::move(message));
}
inline Failure too_many() {
  return fail(400, "LimitExceededException", "The requested resource exceeds the maximum number allowed.");
}

// Whether one more fits among those that begin with `prefix`. ERRORS: LimitExceededException.
template <class K, class R>
Status check_quota(Call& call, const Table<K, R>& table, const std::string& prefix, size_t most) {
  size_t count = 0;
  auto at = call.tx().cursor(table, {.prefix = prefix});
  for (; at.valid() && count < most; at.next()) ++count;
  TRY(at.status());
  return count < most ? Status() : too_many();
}

// The bus that a name, an ARN or nothing (the default one) means.
BusKey bus_key(const Call& call, const std::optional<std::string>& name);
// ERRORS: ResourceNotFoundException.
Result<BusRecord> find_bus(Call& call, const BusKey& key, Lock lock);
struct FoundRule {
  RuleKey key;
  RuleRecord record;
};
Result<FoundRule> find_rule(Call& call, const std::optional<std::string>& bus, const std::optional<std::string>& name,
                            Lock lock);
Result<std::vector<TargetEntry>> targets_of(Transaction& tx, uint64_t rule);
// The right to do so on a rule; its bus may be another account's, whose policy must then let the caller.
Result<std::vector<Need>> rights_on_rule(Call& call, std::string_view action, const std::optional<std::string>& bus,
                                         std::string_view rule);
Result<std::vector<Need>> rights_on_bus(Call& call, std::string_view action, const std::optional<std::string>& bus);

// Where the page after `token` begins. ERRORS: ValidationException.
Result<std::string> page_start(Call& call, std::string_view request, const std::optional<std::string>& token);
Status check_schedule(const std::string& expression);
std::string archive_arn(const ArchiveKey& key);
// The kinds of services' events that the pattern (none: all events) can match, by their sources.
std::vector<std::string> sources_of(const EventPattern* pattern);

}  // namespace tarn::events
