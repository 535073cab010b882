// Log streams.
#include <fmt/format.h>

#include <algorithm>

#include "door/door.h"
#include "services/logs/logs.h"
#include "store/page_token.h"

namespace tarn::logs {
namespace {

constexpr size_t kPage = 50;

LogStream to_wire(const FoundGroup& group, const std::string& name, const StreamRecord& record) {
  LogStream out{.log_stream_name = name,
                .creation_time = record.created.millis(),
                .first_event_timestamp = record.first_event,
                .last_event_timestamp = record.last_event,
                .arn = fmt::format("{}:log-stream:{}", group_arn(group.key), name),
                .stored_bytes = 0};  // AWS: DescribeLogStreams: always zero since 2019
  if (record.last_ingestion) {
    out.last_ingestion_time = record.last_ingestion->millis();
    out.upload_sequence_token = fmt::format("{:056}", record.chunks);
  }
  return out;
}

struct Named {
  std::string name;
  StreamRecord record;
  // AWS: DescribeLogStreams: by the last event; those without any are as old as can be.
  int64_t last() const { return record.last_event.value_or(0); }
};

// The newest or the oldest first; streams of one time by their names.
std::vector<Named> by_last_event(std::vector<Named> streams, bool descending) {
  std::ranges::sort(streams, [&](const Named& a, const Named& b) {
    if (a.last() != b.last()) return descending ? a.last() > b.last() : a.last() < b.last();
    return descending ? a.name > b.name : a.name < b.name;
  });
  return streams;
}

}  // namespace

Result<std::vector<Need>> create_log_stream_rights(Logs&, Call& call, const CreateLogStreamRequest& in) {
  return stream_need(call, "logs:CreateLogStream", *in.log_group_name, *in.log_stream_name);
}

Result<CreateLogStreamOutput> create_log_stream(Logs&, Call& call, const CreateLogStreamRequest& in) {
  const FoundGroup group = TRY(find_group(call, *in.log_group_name, Lock::kShared));
  const StreamKey key{group.record.id, *in.log_stream_name};
  if (TRY(call.get(kStreams, key))) return already_there("The specified log stream already exists");
  TRY(call.put(kStreams, key, {.id = call.door().store().next_id(), .created = call.now()}));
  return CreateLogStreamOutput{};
}

Result<DeleteLogStreamOutput> delete_log_stream(Logs&, Call& call, const DeleteLogStreamRequest& in) {
  const FoundGroup group = TRY(find_group(call, *in.log_group_name, Lock::kShared));
  const FoundStream stream = TRY(find_stream(call, group, *in.log_stream_name, Lock::kExclusive));
  TRY(erase_chunks(call.tx(), stream.record.id));
  TRY(call.erase(kStreams, stream.key));
  return DeleteLogStreamOutput{};
}

Result<std::vector<Need>> describe_log_streams_rights(Logs&, Call& call, const DescribeLogStreamsRequest& in) {
  return std::vector<Need>{
      {.action = "logs:DescribeLogStreams",
       .resource = call.arn(
           "logs", fmt::format("log-group:{}:log-stream:", group_name(in.log_group_name, in.log_group_identifier)))}};
}

Result<DescribeLogStreamsResponse> describe_log_streams(Logs&, Call& call, const DescribeLogStreamsRequest& in) {
  const FoundGroup group = TRY(find_group(call, in.log_group_name, in.log_group_identifier, Lock::kNone));
  const bool by_time = in.order_by.value_or("LogStreamName") == "LastEventTime";
  const bool descending = in.descending.value_or(false);
  const std::string prefix = in.log_stream_name_prefix.value_or("");
  if (by_time && !prefix.empty()) return invalid("Cannot order by LastEventTime with a logStreamNamePrefix.");
  const auto limit = static_cast<size_t>(in.limit.value_or(kPage));
  const std::string request =
      fmt::format("DescribeLogStreams {} {} {} {}", group.record.id, by_time, descending, prefix);
  const std::string after = TRY(page_start(call, request, in.next_token));
  DescribeLogStreamsResponse out;
  out.log_streams.set_present();

  if (!by_time) {
    const auto page = TRY(call.tx().scan(kStreams, {.prefix = prefix_of(kStreams, group.record.id, Starts{prefix}),
                                                    .after = after,
                                                    .limit = limit,
                                                    .reverse = descending}));
    for (const auto& [key, record] : page.entries) out.log_streams.push_back(to_wire(group, key.name, record));
    if (page.more) out.next_token = page_token(call.door().store(), request, page.last);
    return out;
  }
  std::vector<Named> all;
  auto at = call.tx().cursor(kStreams, {.prefix = prefix_of(kStreams, group.record.id)});
  for (; at.valid(); at.next()) all.push_back({TRY(at.key()).name, TRY(at.record())});
  TRY(at.status());
  all = by_last_event(std::move(all), descending);
  // The page's position is a stream's name: it goes on behind that stream, wherever it stands now.
  auto next = all.begin();
  if (!after.empty()) {
    next = std::ranges::find(all, after, &Named::name);
    if (next != all.end()) ++next;
  }
  for (; next != all.end() && out.log_streams.size() < limit; ++next)
    out.log_streams.push_back(to_wire(group, next->name, next->record));
  if (next != all.end()) out.next_token = page_token(call.door().store(), request, std::prev(next)->name);
  return out;
}

}  // namespace tarn::logs
