// Export tasks: a group's events of a span of time as gzip files in a bucket, one folder a stream.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/gzip.h"
#include "base/text.h"
#include "door/door.h"
#include "gen/s3/objects.h"
#include "gen/s3/settings.h"
#include "os/random.h"
#include "services/logs/later.h"
#include "services/logs/logs.h"
#include "services/logs/reading.h"
#include "store/page_token.h"

namespace tarn::logs {
namespace {

constexpr int32_t kPage = 50;
constexpr size_t kFileBytes = 64 << 20;  // of one file, before it is packed

std::string name_of(const OwnedKey& key) {
  return fmt::format("{} {} {}", key.owner, key.region, key.name);
}

Caller caller_for(const OwnedKey& key, const std::string& request_id) {
  const std::string principal = fmt::format("logs.{}.amazonaws.com", key.region);
  Caller out{.principal = {.kind = Principal::Kind::kService, .arn = principal},
             .region = key.region,
             .request_id = request_id,
             .user_agent = principal};
  out.source_arn = fmt::format("arn:aws:logs:{}:{}:log-group:*", key.region, key.owner);
  out.source_account = key.owner;
  return out;
}

Status put(Door& door, const Caller& caller, const std::string& bucket, const std::string& key,
           std::string_view bytes) {
  const s3::PutObjectRequest in{.acl = "bucket-owner-full-control", .bucket = bucket, .key = key};
  TRY(door.call(caller, in, TRY(door.blobs().stage(bytes))));
  return {};
}

// AWS: CloudWatch Logs User Guide, "Export log data to Amazon S3": the bucket's policy lets the service ask for its ACL
// and write; a test object stays there.
Status check_bucket(Door& door, const OwnedKey& key, const std::string& request_id, const ExportRecord& record) {
  const Caller caller = caller_for(key, request_id);
  const auto refuse = [](std::string_view operation) {
    return invalid(
        fmt::format("{} call on the given bucket failed. Please check if CloudWatch Logs has been granted permission "
                    "to perform this "
                    "operation.",
                    operation));
  };
  if (const auto acl = door.call(caller, s3::GetBucketAclRequest{.bucket = record.bucket}); !acl) {
    if (acl.error().code == "NoSuchBucket")
      return invalid("The given bucket does not exist. Please make sure the bucket is valid.");
    return refuse("GetBucketAcl");
  }
  if (!put(door, caller, record.bucket, record.prefix + "/aws-logs-write-test", "Permission Check Successful"))
    return refuse("PutObject");
  return {};
}

bool active(const ExportRecord& record) {
  return record.status == "RUNNING";
}

struct File {
  size_t number = 0;
  std::string text;
};

// The files of one task, written as they fill up.
Status write_files(Door& door, const OwnedKey& key, const ExportRecord& task, const GroupRecord& group) {
  const Caller caller = caller_for(key, key.name);
  std::map<std::string, File> files;  // by stream
  Status broken;
  const auto write = [&](const std::string& stream, File& file) {
    const std::string folder = replace_all(stream, "/", "-");
    const std::string name = fmt::format("{}/{}/{}/{:06}.gz", task.prefix, key.name, folder, file.number++);
    broken = put(door, caller, task.bucket, name, gzip(std::exchange(file.text, {})));
    return broken.has_value();
  };
  {
    const auto tx = door.store().read();
    Wanted wanted{.group_id = group.id, .from = Position::before(task.from), .until = task.to - 1};
    if (!task.stream_prefix.empty())
      wanted.stream_named = [&](const std::string& name) { return name.starts_with(task.stream_prefix); };
    TRY(read_events(*tx, wanted, [&](const Position& at, const Line& line) {
      File& file = files[line.stream];
      file.text += fmt::format("{} {}\n", iso8601_millis(Time::of_millis(at.time)), line.message);
      return file.text.size() < kFileBytes || write(line.stream, file);
    }));
  }
  for (auto& [stream, file] : files)
    if (broken && !file.text.empty() && !write(stream, file)) break;
  return broken;
}

}  // namespace

Status Logs::run_export(const Delivery& delivery) {
  const LaterName name = later_name(delivery.payload);
  const OwnedKey key{name.owner, name.region, name.id};
  std::optional<ExportRecord> task;
  std::optional<GroupRecord> group;
  {
    const auto tx = door_.store().read();
    task = TRY(tx->get(kExports, key));
    if (!task || !active(*task)) return {};
    group = TRY(tx->get(kGroups, {key.owner, key.region, task->group}));
  }
  const Status written = group
                             ? write_files(door_, key, *task, *group)
                             : Status(fail(400, "ResourceNotFoundException", "The log group does not exist any more."));
  const auto noted = door_.store().run([&](Transaction& tx) -> Status {
    auto now = TRY(tx.get(kExports, key));
    if (!now || !active(*now)) return {};
    now->status = written ? "COMPLETED" : "FAILED";
    now->message = written ? "Completed successfully" : written.error().message;
    now->ended = door_.clock().now();
    return tx.put(kExports, key, *now);
  });
  if (!noted) return Failure(noted.error());
  return door_.store().wait_synced(*noted);
}

Result<CreateExportTaskResponse> create_export_task(Logs&, Call& call, const CreateExportTaskRequest& in) {
  if (*in.from >= *in.to) return invalid("The specified time range is invalid: from lies before to.");
  const OwnedKey key{call.account(), call.region(), uuid4()};
  const ExportRecord record{.name = in.task_name.value_or(""),
                            .group = *in.log_group_name,
                            .stream_prefix = in.log_stream_name_prefix.value_or(""),
                            .bucket = *in.destination,
                            .prefix = in.destination_prefix.value_or("exportedlogs"),
                            .status = "RUNNING",
                            .message = "",
                            .from = *in.from,
                            .to = *in.to,
                            .created = call.now(),
                            .ended = {}};
  Store& store = call.door().store();
  {
    const auto tx = store.read();
    Call reading(call.door(), call.caller(), tx.get(), call.now());
    TRY(find_group(reading, record.group, Lock::kNone));
  }
  TRY(check_bucket(call.door(), key, call.request_id(), record));
  const Sequence written = TRY(store.run([&](Transaction& tx) -> Status {
    const auto all = TRY(tx.scan(kExports, {.prefix = prefix_of(kExports, key.owner, key.region)}));
    if (std::ranges::any_of(all.entries, [](const auto& entry) { return active(entry.record); }))
      return fail(400, "LimitExceededException", "Resource limit exceeded: one export task is active at a time.");
    TRY(tx.put(kExports, key, record));
    return call.door().outbox().enqueue(
        tx, {.type = kExportDelivery, .target = name_of(key), .payload = name_of(key), .max_attempts = 5});
  }));
  TRY(store.wait_synced(written));
  return CreateExportTaskResponse{.task_id = key.name};
}

Result<DescribeExportTasksResponse> describe_export_tasks(Logs&, Call& call, const DescribeExportTasksRequest& in) {
  const std::string request =
      fmt::format("DescribeExportTasks {} {} {}", call.account(), call.region(), in.status_code.value_or(""));
  DescribeExportTasksResponse out;
  out.export_tasks.set_present();
  auto at = call.tx().cursor(kExports, {.prefix = prefix_of(kExports, call.account(), call.region()),
                                        .after = TRY(page_start(call, request, in.next_token))});
  for (std::string last; at.valid(); at.next()) {
    const OwnedKey key = TRY(at.key());
    const ExportRecord record = TRY(at.record());
    if ((in.task_id && key.name != *in.task_id) || (in.status_code && record.status != *in.status_code)) continue;
    if (out.export_tasks.size() == static_cast<size_t>(in.limit.value_or(kPage))) {
      out.next_token = page_token(call.door().store(), request, last);
      break;
    }
    last = at.encoded();
    ExportTask task{.task_id = key.name,
                    .log_group_name = record.group,
                    .from = record.from,
                    .to = record.to,
                    .destination = record.bucket,
                    .destination_prefix = record.prefix};
    if (!record.name.empty()) task.task_name = record.name;
    task.status = ExportTaskStatus{.code = record.status, .message = record.message};
    task.execution_info = ExportTaskExecutionInfo{.creation_time = record.created.millis()};
    if (record.ended != Time{}) task.execution_info->completion_time = record.ended.millis();
    out.export_tasks.push_back(std::move(task));
  }
  TRY(at.status());
  return out;  // recorded from AWS: also without the task that was asked for
}

Result<CancelExportTaskOutput> cancel_export_task(Logs&, Call& call, const CancelExportTaskRequest& in) {
  const OwnedKey key{call.account(), call.region(), *in.task_id};
  auto record = TRY(call.get(kExports, key));
  if (!record) return not_found("The specified export task does not exist.");
  if (!active(*record))
    return fail(400, "InvalidOperationException", "The specified export task has ended: it cannot be cancelled.");
  record->status = "CANCELLED";
  record->message = "Cancelled by user";
  record->ended = call.now();
  TRY(call.put(kExports, key, *record));
  return CancelExportTaskOutput{};
}

}  // namespace tarn::logs
