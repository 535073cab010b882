#include <fmt/format.h>

#include "gen/s3/shapes.h"
#include "lake/lake.h"
#include "os/scratch.h"
#include "sql/sql_error.h"

namespace tarn::lake {
namespace {

Error at(Error error, const std::string& uri) {
  error.members.emplace_back("path", uri);
  return error;
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

Result<S3Place> s3_place(const std::string& uri) {
  constexpr std::string_view kScheme = "s3://";
  if (!uri.starts_with(kScheme))
    return sql::sql_error(sql::kInvalidParameter, "'" + uri + "' is no S3 path: write 's3://bucket/prefix'");
  const size_t slash = std::min(uri.find('/', kScheme.size()), uri.size());
  return S3Place{uri.substr(kScheme.size(), slash - kScheme.size()), uri.substr(std::min(slash + 1, uri.size()))};
}

Result<std::vector<sql::ObjectRef>> list_objects(Door& door, const Caller& as, const std::string& prefix) {
  const S3Place place = TRY(s3_place(prefix));
  std::vector<sql::ObjectRef> all;
  s3::ListObjectsV2Request list;
  list.bucket = place.bucket;
  list.prefix = place.key;
  do {
    const auto page = door.call(as, list);
    if (!page) return Failure(at(page.error(), prefix));
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
  if (!got) return Failure(at(got.error(), uri));
  sql::OpenedObject opened;
  opened.object = {uri, got->body.length, got->output.e_tag.value_or(""), got->output.last_modified.value_or(Time{})};
  if (!got->body.body) return opened;
  for (const Body::Run& run : TRY(got->body.body->runs(got->body.offset, got->body.length))) {
    if (run.fd < 0) {
      opened.segments.push_back({-1, 0, run.length, std::string(run.bytes)});
      continue;
    }
    opened.segments.push_back({static_cast<int>(opened.files.size()), run.file_offset, run.length, {},
                               {run.checksums.begin(), run.checksums.end()}, run.file_size});
    opened.files.emplace_back(TRY(duplicate(run.fd)).release());
  }
  return opened;
}

Result<std::string> read_object(Door& door, const Caller& as, const std::string& uri, uint64_t max_bytes) {
  const auto got = get_object(door, as, uri);
  if (!got) return Failure(at(got.error(), uri));
  if (got->body.length > max_bytes)
    return sql::sql_error(sql::kInternalError, fmt::format("{} is larger than {} bytes", uri, max_bytes));
  std::string bytes(got->body.length, '\0');
  if (got->body.body) TRY(got->body.body->read(got->body.offset, bytes));
  return bytes;
}

Status publish(Door& door, const Caller& as, const Publication& publication) {
  std::vector<s3::DeleteObjectRequest> deletes;
  std::vector<s3::PutObjectRequest> puts;
  for (const std::string& uri : publication.remove) {
    const S3Place place = TRY(s3_place(uri));
    s3::DeleteObjectRequest& erase = deletes.emplace_back();
    erase.bucket = place.bucket;
    erase.key = place.key;
  }
  for (const NewObject& object : publication.objects) {
    const S3Place place = TRY(s3_place(object.uri));
    s3::PutObjectRequest& put = puts.emplace_back();
    put.bucket = place.bucket;
    put.key = place.key;
    put.content_length = static_cast<int64_t>(object.body.size);
  }
  std::vector<Door::Step> steps;
  for (const auto& erase : deletes) steps.push_back({&wire::OperationOf<s3::DeleteObjectRequest>::operation(), &erase});
  for (size_t i = 0; i < puts.size(); ++i)
    steps.push_back({&wire::OperationOf<s3::PutObjectRequest>::operation(), &puts[i], &publication.objects[i].body});
  steps.insert(steps.end(), publication.catalog.begin(), publication.catalog.end());
  if (steps.empty()) return {};
  const auto answered = door.execute_together(as, steps, publication.also);
  TRY(door.store().wait_synced(answered.seen));
  if (answered.result) return {};
  if (!publication.objects.empty()) return Failure(at(answered.result.error(), publication.objects.front().uri));
  if (!publication.remove.empty()) return Failure(at(answered.result.error(), publication.remove.front()));
  return Failure(answered.result.error());
}

}  // namespace tarn::lake
