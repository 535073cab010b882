// Archives: events that are kept, and told again.
#include <fmt/format.h>

#include "door/arn.h"
#include "services/events/events.h"
#include "store/page_token.h"

namespace tarn::events {
namespace {

constexpr int32_t kPage = 100;
constexpr size_t kMostReplays = 10;  // AWS: EventBridge quotas, replays under way

std::string replay_arn(const ReplayKey& key) {
  return fmt::format("arn:aws:events:{}:{}:replay/{}", key.region, key.owner, key.name);
}

struct FoundArchive {
  ArchiveKey key;
  ArchiveRecord record;
};
Result<FoundArchive> find_archive(Call& call, const std::optional<std::string>& name, Lock lock) {
  ArchiveKey key{call.account(), call.region(), name.value_or("")};
  auto record = TRY(call.get(kArchives, key, lock));
  if (!record) return not_found(fmt::format("Archive {} does not exist.", key.name));
  return FoundArchive{std::move(key), std::move(*record)};
}

template <class In>
Status take(const In& in, ArchiveRecord& record) {
  if (in.kms_key_identifier && !in.kms_key_identifier->empty())
    return invalid("KmsKeyIdentifier is not supported by this server.");
  if (in.description) record.description = in.description;
  if (in.event_pattern) {
    TRY(parse_event_pattern(*in.event_pattern));
    record.pattern = in.event_pattern;
  }
  if (in.retention_days) record.retention_days = *in.retention_days;
  return {};
}

template <class Out>
void show(const ArchiveKey& key, const ArchiveRecord& record, Out& out) {
  out.state = "ENABLED";
  out.creation_time = record.created;
  if constexpr (requires { out.archive_arn; }) out.archive_arn = archive_arn(key);
  if constexpr (requires { out.event_count; }) {
    out.archive_name = key.name;
    out.event_source_arn = bus_arn({key.owner, key.region, record.bus});
    out.retention_days = record.retention_days;
    out.size_bytes = record.bytes;
    out.event_count = record.events;
  }
}

template <class Out>
void show(const ReplayKey& key, const ReplayRecord& record, Out& out) {
  out.replay_name = key.name;
  out.state = record.state;
  out.event_source_arn = archive_arn({key.owner, key.region, record.archive});
  out.event_start_time = record.from;
  out.event_end_time = record.to;
  out.event_last_replayed_time = record.last;
  out.replay_start_time = record.started;
  out.replay_end_time = record.ended;
}

Status check_running_replays(Call& call) {
  size_t running = 0;
  auto at = call.tx().cursor(kReplays, {.prefix = prefix_of(kReplays, call.account(), call.region())});
  for (; at.valid(); at.next()) running += TRY(at.record()).ended ? 0 : 1;
  TRY(at.status());
  return running < kMostReplays ? Status() : too_many();
}

}  // namespace

Result<CreateArchiveResponse> create_archive(Events& events, Call& call, const CreateArchiveRequest& in) {
  const ArchiveKey key{call.account(), call.region(), *in.archive_name};
  if (TRY(call.get(kArchives, key))) return exists_already(fmt::format("Archive {} already exists.", key.name));
  const auto source = Arn::parse(*in.event_source_arn);
  if (!source || source->resource_type() != "event-bus" || source->account != call.account() ||
      source->region != call.region())
    return invalid(
        "Parameter EventSourceArn is not valid. Reason: Must be the ARN of an event bus of this account and region.");
  const BusKey bus = bus_key(call, in.event_source_arn);
  TRY(find_bus(call, bus, Lock::kShared));
  ArchiveRecord record{.id = call.door().store().next_id(), .bus = bus.name, .created = call.now()};
  TRY(take(in, record));
  TRY(events.plan(call.tx(), key, record, false));
  TRY(call.put(kArchives, key, record));
  CreateArchiveResponse out;
  show(key, record, out);
  return out;
}

Result<UpdateArchiveResponse> update_archive(Events& events, Call& call, const UpdateArchiveRequest& in) {
  auto [key, record] = TRY(find_archive(call, in.archive_name, Lock::kExclusive));
  TRY(take(in, record));
  TRY(events.plan(call.tx(), key, record, false));
  TRY(call.put(kArchives, key, record));
  UpdateArchiveResponse out;
  show(key, record, out);
  return out;
}

Result<DeleteArchiveResponse> delete_archive(Events& events, Call& call, const DeleteArchiveRequest& in) {
  auto [key, record] = TRY(find_archive(call, in.archive_name, Lock::kExclusive));
  TRY(events.plan(call.tx(), key, record, true));
  TRY(call.erase(kArchives, key));
  return DeleteArchiveResponse{};
}

Result<DescribeArchiveResponse> describe_archive(Events&, Call& call, const DescribeArchiveRequest& in) {
  const auto [key, record] = TRY(find_archive(call, in.archive_name, Lock::kNone));
  DescribeArchiveResponse out;
  show(key, record, out);
  out.description = record.description;
  out.event_pattern = record.pattern;
  return out;
}

Result<ListArchivesResponse> list_archives(Events&, Call& call, const ListArchivesRequest& in) {
  const std::string prefix = in.name_prefix.value_or(""), source = in.event_source_arn.value_or("");
  const std::string request =
      fmt::format("ListArchives {} {} {} {} {}", call.account(), call.region(), prefix, source, in.state.value_or(""));
  if (const auto asked = Arn::parse(source); asked && asked->resource_type() == "event-bus")
    TRY(find_bus(call, bus_key(call, source), Lock::kNone));
  ListArchivesResponse out;
  out.archives.set_present();
  auto at = call.tx().cursor(kArchives, {.prefix = prefix_of(kArchives, call.account(), call.region(), Starts{prefix}),
                                         .after = TRY(page_start(call, request, in.next_token))});
  for (std::string last; at.valid(); at.next()) {
    Archive shown;
    show(TRY(at.key()), TRY(at.record()), shown);
    if (!source.empty() && shown.event_source_arn != source) continue;
    if (in.state && shown.state != in.state) continue;
    if (out.archives.size() >= static_cast<size_t>(in.limit.value_or(kPage))) {
      out.next_token = page_token(call.door().store(), request, last);
      break;
    }
    out.archives.push_back(std::move(shown));
    last = at.encoded();
  }
  TRY(at.status());
  return out;
}

// --- replays -----------------------------------------------------------------------------------------------------------

Result<StartReplayResponse> start_replay(Events& events, Call& call, const StartReplayRequest& in) {
  const ReplayKey key{call.account(), call.region(), *in.replay_name};
  if (TRY(call.get(kReplays, key))) return exists_already(fmt::format("Replay {} already exists.", key.name));
  const auto source = Arn::parse(*in.event_source_arn);
  if (!source || source->resource_type() != "archive" || source->account != call.account())
    return invalid("Parameter EventSourceArn is not valid. Reason: Must contain an archive ARN.");
  const auto destination = Arn::parse(*in.destination->arn);
  if (!destination || destination->resource_type() != "event-bus")
    return invalid("Parameter Destination.Arn is not valid. Reason: Must contain an event bus ARN.");
  TRY(find_bus(call, bus_key(call, in.destination->arn), Lock::kNone));
  const auto archive = find_archive(call, std::string(source->resource_id()), Lock::kShared);
  if (!archive)
    return invalid("Parameter EventSourceArn is not valid. Reason: " + std::string(archive.error().message));
  const BusKey bus{key.owner, key.region, archive->record.bus};
  if (*in.destination->arn != bus_arn(bus))
    return invalid("Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted.");
  if (*in.event_end_time <= *in.event_start_time)
    return invalid("Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.");
  const ReplayRecord record{.archive = archive->key.name,
                            .bus = bus.name,
                            .description = in.description,
                            .only_rules = in.destination->filter_arns.items(),
                            .from = *in.event_start_time,
                            .to = *in.event_end_time,
                            .started = call.now()};
  TRY(check_running_replays(call));
  TRY(call.put(kReplays, key, record));
  TRY(events.replay_soon(call.tx(), key, call.now()));
  return StartReplayResponse{.replay_arn = replay_arn(key), .state = record.state, .replay_start_time = record.started};
}

Result<CancelReplayResponse> cancel_replay(Events& events, Call& call, const CancelReplayRequest& in) {
  const ReplayKey key{call.account(), call.region(), *in.replay_name};
  auto record = TRY(call.get(kReplays, key));
  if (!record) return not_found(fmt::format("Replay {} does not exist.", key.name));
  if (record->ended)
    return fail(400, "IllegalStatusException",
                fmt::format("Replay {} is not in a valid state for this operation.", key.name));
  record->state = "CANCELLING";
  TRY(call.put(kReplays, key, *record));
  TRY(events.replay_soon(call.tx(), key, call.now()));
  return CancelReplayResponse{.replay_arn = replay_arn(key), .state = record->state};
}

Result<DescribeReplayResponse> describe_replay(Events&, Call& call, const DescribeReplayRequest& in) {
  const ReplayKey key{call.account(), call.region(), *in.replay_name};
  const auto record = TRY(call.get(kReplays, key, Lock::kNone));
  if (!record) return not_found(fmt::format("Replay {} does not exist.", key.name));
  DescribeReplayResponse out;
  show(key, *record, out);
  out.replay_arn = replay_arn(key);
  out.description = record->description;
  ReplayDestination destination{.arn = bus_arn({key.owner, key.region, record->bus})};
  if (!record->only_rules.empty()) destination.filter_arns = wire::List<std::string>(record->only_rules);
  out.destination = std::move(destination);
  return out;
}

Result<ListReplaysResponse> list_replays(Events&, Call& call, const ListReplaysRequest& in) {
  const std::string prefix = in.name_prefix.value_or(""), source = in.event_source_arn.value_or("");
  const std::string request =
      fmt::format("ListReplays {} {} {} {} {}", call.account(), call.region(), prefix, source, in.state.value_or(""));
  ListReplaysResponse out;
  out.replays.set_present();
  auto at = call.tx().cursor(kReplays, {.prefix = prefix_of(kReplays, call.account(), call.region(), Starts{prefix}),
                                        .after = TRY(page_start(call, request, in.next_token))});
  for (std::string last; at.valid(); at.next()) {
    Replay shown;
    show(TRY(at.key()), TRY(at.record()), shown);
    if ((!source.empty() && shown.event_source_arn != source) || (in.state && shown.state != in.state)) continue;
    if (out.replays.size() >= static_cast<size_t>(in.limit.value_or(kPage))) {
      out.next_token = page_token(call.door().store(), request, last);
      break;
    }
    out.replays.push_back(std::move(shown));
    last = at.encoded();
  }
  TRY(at.status());
  return out;
}

}  // namespace tarn::events
