#include <fmt/format.h>

#include "gen/s3/shapes.h"
#include "os/scratch.h"
#include "services/redshift_data/lake.h"
#include "services/redshift_data/records.h"
#include "sql/sql_error.h"

namespace tarn::redshift_data {
namespace {

// AWS: errors of Spectrum, COPY and UNLOAD name the S3 error that they met. The denial's own sentence says what is
// missing.
Error worded(Error error, const std::string& uri) {
  Error made{
      400, "SqlError",
      fmt::format("S3ServiceException:{},Status {},Error {},Path {}", error.message, error.status, error.code, uri)};
  made.members.emplace_back("sqlstate", error.status == 403 ? sql::kInsufficientPrivilege : sql::kInternalError);
  return made;
}

bool is_missing(const Error& error) {
  return error.code == "NoSuchKey";
}

Result<WithBody<s3::GetObjectOutput>> get_object(Door& door, const Caller& as, const std::string& uri) {
  const S3Place place = TRY(s3_place(uri));
  s3::GetObjectRequest get;
  get.bucket = place.bucket;
  get.key = place.key;
  return door.call_body_out(as, get);
}

}  // namespace

Result<std::vector<sql::ObjectRef>> list_objects(Door& door, const Caller& as, const std::string& prefix) {
  const S3Place place = TRY(s3_place(prefix));
  std::vector<sql::ObjectRef> all;
  s3::ListObjectsV2Request list;
  list.bucket = place.bucket;
  list.prefix = place.key;
  do {
    const auto page = door.call(as, list);
    if (!page) return Failure(worded(page.error(), prefix));
    for (const s3::Object& object : page->contents)
      all.push_back({fmt::format("s3://{}/{}", place.bucket, *object.key),
                     static_cast<uint64_t>(object.size.value_or(0)), object.e_tag.value_or(""),
                     object.last_modified.value_or(Time{})});
    list.continuation_token = page->is_truncated.value_or(false) ? page->next_continuation_token : std::nullopt;
  } while (list.continuation_token);
  return all;
}

Result<std::optional<sql::OpenedObject>> open_object(Door& door, const Caller& as, const std::string& uri) {
  const auto got = get_object(door, as, uri);
  if (!got && is_missing(got.error())) return std::nullopt;
  if (!got) return Failure(worded(got.error(), uri));
  sql::OpenedObject opened;
  opened.object = {uri, got->body.length, got->output.e_tag.value_or(""), got->output.last_modified.value_or(Time{})};
  if (!got->body.body) return opened;
  for (const Body::Run& run : TRY(got->body.body->runs(got->body.offset, got->body.length))) {
    if (run.fd < 0) {
      opened.segments.push_back({-1, 0, run.length, std::string(run.bytes)});
      continue;
    }
    opened.segments.push_back({static_cast<int>(opened.files.size()), run.file_offset, run.length, {}});
    opened.files.emplace_back(TRY(duplicate(run.fd)).release());
  }
  return opened;
}

Result<std::string> read_object(Door& door, const Caller& as, const std::string& uri, uint64_t max_bytes) {
  const auto got = get_object(door, as, uri);
  if (!got) return Failure(worded(got.error(), uri));
  if (got->body.length > max_bytes)
    return sql::sql_error(sql::kInternalError, fmt::format("{} is larger than {} bytes", uri, max_bytes));
  std::string bytes(got->body.length, '\0');
  if (got->body.body) TRY(got->body.body->read(got->body.offset, bytes));
  return bytes;
}

Status publish(Door& door, const Caller& as, const std::string& statement, const std::vector<std::string>& remove,
               const std::vector<NewObject>& objects) {
  std::vector<s3::DeleteObjectRequest> deletes;
  std::vector<s3::PutObjectRequest> puts;
  for (const std::string& uri : remove) {
    const S3Place place = TRY(s3_place(uri));
    s3::DeleteObjectRequest& erase = deletes.emplace_back();
    erase.bucket = place.bucket;
    erase.key = place.key;
  }
  for (const NewObject& object : objects) {
    const S3Place place = TRY(s3_place(object.uri));
    s3::PutObjectRequest& put = puts.emplace_back();
    put.bucket = place.bucket;
    put.key = place.key;
    put.content_length = static_cast<int64_t>(object.body.size);
  }
  std::vector<Door::Step> steps;
  for (const auto& erase : deletes) steps.push_back({&wire::OperationOf<s3::DeleteObjectRequest>::operation(), &erase});
  for (size_t i = 0; i < puts.size(); ++i)
    steps.push_back({&wire::OperationOf<s3::PutObjectRequest>::operation(), &puts[i], &objects[i].body});
  if (steps.empty()) return {};
  const auto note = [&](Transaction& tx) { return tx.put(kPublished, PublishedKey{statement}, {door.clock().now()}); };
  const auto answered = door.execute_together(as, steps, note);
  TRY(door.store().wait_synced(answered.seen));
  if (!answered.result)
    return Failure(worded(answered.result.error(), objects.empty() ? remove.front() : objects.front().uri));
  return {};
}

}  // namespace tarn::redshift_data
