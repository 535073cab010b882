// CopyObject and UploadPartCopy: new objects and parts out of the bytes of stored ones, which stay where they are.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/text.h"
#include "door/tags.h"
#include "gen/s3/handlers.h"
#include "services/s3/access.h"
#include "services/s3/checksums.h"
#include "services/s3/conditions.h"
#include "services/s3/errors.h"
#include "services/s3/lifecycle.h"
#include "services/s3/names.h"
#include "services/s3/object_lock.h"
#include "services/s3/object_settings.h"
#include "services/s3/objects.h"
#include "services/s3/ranges.h"
#include "services/s3/s3.h"
#include "services/s3/uploads.h"
#include "services/s3/versions.h"

namespace tarn::s3 {
namespace {

struct Source {
  CopySource name;
  FoundBucket bucket;
};
template <class In>
Result<Source> source_of(Call& call, const In& in) {
  CopySource name = TRY(CopySource::parse(*in.copy_source));
  FoundBucket bucket = TRY(find_bucket_anywhere(call, name.bucket, in.expected_source_bucket_owner));
  return Source{std::move(name), std::move(bucket)};
}

template <class In>
bool onto_itself(const In& in, const Source& source) {
  return source.name.bucket == *in.bucket && source.name.key == *in.key;
}

// How the source is read: retaining its bytes fails if they have gone meanwhile, so nothing needs to be locked; but an
// object that is copied onto itself must not change in between.
template <class In>
Lock source_lock(const In& in, const Source& source) {
  return onto_itself(in, source) ? Lock::kExclusive : Lock::kNone;
}

template <class In>
Conditions source_conditions(const In& in) {
  return {in.copy_source_if_match, in.copy_source_if_none_match, in.copy_source_if_modified_since,
          in.copy_source_if_unmodified_since};
}

std::string source_action(const Source& source) {
  return source.name.version_id ? "s3:GetObjectVersion" : "s3:GetObject";
}

// ERRORS: those of find_object; InvalidRequest: a delete marker.
Result<ObjectRecord> source_object(Call& call, const Source& source, Lock lock) {
  auto object = find_object(call, source.bucket, source.name.key, source.name.version_id, lock);
  if (!object && object.error().status == 405)
    return invalid_request("The source of a copy request may not specifically refer to a delete marker by version id.");
  if (!object && object.error().code == "NoSuchKey") return no_such_key(source.name.key);
  return object;
}

bool replaces(const std::optional<std::string>& directive) {
  return directive == "REPLACE";
}

}  // namespace

// --- CopyObject -------------------------------------------------------------------------------------------------------

namespace {

Result<ObjectSettings> copied_settings(const CopyObjectRequest& in, const ObjectRecord& source) {
  ObjectSettings settings = TRY(object_settings(in));
  if (!replaces(in.metadata_directive)) {
    const ObjectSettings given = std::move(settings);
    settings = source.settings;
    settings.storage_class = given.storage_class;
    settings.website_redirect_location = given.website_redirect_location;
    settings.tags = given.tags;
  }
  if (!replaces(in.tagging_directive)) settings.tags = source.settings.tags;
  return settings;
}

Status check_directive(const std::optional<std::string>& given, std::string_view header, std::string_view what) {
  if (!given || *given == "COPY" || *given == "REPLACE") return {};
  return invalid_argument(fmt::format("Unknown {} directive.", what), header, *given);
}

Status check_copy(const CopyObjectRequest& in, const Source& source) {
  TRY(check_directive(in.metadata_directive, "x-amz-metadata-directive", "metadata"));
  TRY(check_directive(in.tagging_directive, "x-amz-tagging-directive", "tagging"));
  const bool changes = replaces(in.metadata_directive) || in.storage_class || in.website_redirect_location ||
                       in.server_side_encryption || in.checksum_algorithm;
  if (onto_itself(in, source) && !changes && !source.name.version_id)
    return invalid_request(
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's "
        "metadata, "
        "storage class, website redirect location or encryption attributes.");
  if (in.annotation_directive) return not_implemented("x-amz-annotation-directive");
  return check_no_customer_key(in.copy_source_sse_customer_algorithm, in.copy_source_sse_customer_key);
}

// The copy is one whole, whatever its source was made of: its ETag is that of its bytes, and its checksum one over all of
// them, of the algorithm that was asked for, or else of the source's. What the source's record does not tell is computed.
// AWS: CopyObject, "ChecksumAlgorithm"; S3 User Guide, "Checking object integrity".
Status describe_copy(S3& s3, Call& call, const std::optional<std::string>& algorithm, ObjectRecord& object) {
  std::string_view wanted = kDefaultChecksum;
  if (algorithm)
    wanted = *algorithm;
  else if (!object.checksums.empty())
    wanted = object.checksums.front().first;
  const ChecksumKind* kind = find_checksum_kind(wanted);
  if (kind == nullptr) return not_implemented(fmt::format("x-amz-checksum-algorithm: {}", wanted));

  const bool known = object.checksum_type == "FULL_OBJECT" && find_pair(object.checksums, kind->name);
  if (known && object.parts.empty()) return {};
  std::vector<DigestKind> kinds;
  if (!known) kinds.push_back(kind->digest);
  if (!object.parts.empty()) kinds.push_back(DigestKind::kMd5);
  const auto digests = TRY(digests_of(s3, call, object.segments, kinds));
  if (!known) object.checksums = {{std::string(kind->name), base64(digests.at(kind->digest))}};
  if (!object.parts.empty()) object.etag = hex(digests.at(DigestKind::kMd5));
  object.checksum_type = "FULL_OBJECT";
  object.parts.clear();
  return {};
}

}  // namespace

Result<std::vector<Need>> copy_object_rights(S3&, Call& call, const CopyObjectRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  TRY(check_key(*in.key));
  const Source source = TRY(source_of(call, in));
  std::vector<Need> needs = TRY(rights_to_read(call, source.bucket, source.name.key, source_action(source),
                                               source.name.version_id, source_lock(in, source)));
  Tags tags;
  if (replaces(in.tagging_directive)) {
    if (in.tagging) tags = TRY(parse_tagging_header(*in.tagging));
  } else if (const auto object = source_object(call, source, source_lock(in, source))) {
    tags = object->settings.tags;
    Need read_tags = needs.front();
    read_tags.action = "s3:GetObjectTagging";
    if (!tags.empty()) needs.push_back(std::move(read_tags));
  }
  ContextKeys context = put_context(put_headers(in), tags);
  context["s3:x-amz-copy-source"] = {source.name.bucket + "/" + source.name.key};
  if (in.metadata_directive) context["s3:x-amz-metadata-directive"] = {*in.metadata_directive};
  needs.push_back(need_on_object(call, bucket, *in.key, "s3:PutObject", context));
  if (in.acl) needs.push_back(need_on_object(call, bucket, *in.key, "s3:PutObjectAcl", context));
  if (!tags.empty()) needs.push_back(need_on_object(call, bucket, *in.key, "s3:PutObjectTagging", context));
  std::ranges::move(lock_needs(call, bucket, *in.key, lock_headers(in)), std::back_inserter(needs));
  return needs;
}

Result<CopyObjectOutput> copy_object(S3& s3, Call& call, const CopyObjectRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  const Source source = TRY(source_of(call, in));
  TRY(check_copy(in, source));
  ObjectRecord object = TRY(source_object(call, source, source_lock(in, source)));
  const std::optional<std::string> source_version = told_version(source.bucket, object);
  TRY(check_copy_source(source_conditions(in), version_of(object), call.now()));
  if (object.size > kMaxPutBytes)
    return invalid_request(fmt::format(
        "The specified copy source is larger than the maximum allowable size for a copy source: {}", kMaxPutBytes));
  const auto replaced = TRY(check_replaced(call, bucket, *in.key, in.if_match, in.if_none_match));

  object.settings = TRY(copied_settings(in, object));
  object.settings.lock = TRY(lock_of(call, bucket, lock_headers(in)));  // AWS: a lock is not copied
  object.modified = Time::of_seconds(call.now().seconds());
  TRY(s3.blobs.retain(call.tx(), object.segments));
  TRY(describe_copy(s3, call, in.checksum_algorithm, object));
  TRY(place_object(s3, call, bucket, *in.key, object, replaced, "ObjectCreated:Copy"));

  CopyObjectResult result{.e_tag = quoted(object.etag), .last_modified = object.modified};
  set_checksums(result, object.checksums);
  if (!object.checksum_type.empty()) result.checksum_type = object.checksum_type;
  return CopyObjectOutput{.copy_object_result = std::move(result),
                          .expiration = TRY(told_expiration(call, bucket, *in.key, object)),
                          .copy_source_version_id = source_version,
                          .version_id = made_version(object),
                          .server_side_encryption = kServerSideEncryption};
}

// --- UploadPartCopy ---------------------------------------------------------------------------------------------------

namespace {

// The part's ETag and checksums. What the source's record does not tell is computed from the bytes.
Status describe_part(S3& s3, Call& call, const ObjectRecord& source, const std::string& algorithm, PartRecord& part) {
  const ChecksumKind& kind = *find_checksum_kind(algorithm.empty() ? kDefaultChecksum : algorithm);
  const bool whole = part.size == source.size && source.parts.empty();
  if (const std::string* checksum = whole ? find_pair(source.checksums, kind.name) : nullptr) {
    part.etag = source.etag;
    part.checksums = {{std::string(kind.name), *checksum}};
    return {};
  }
  const auto digests = TRY(digests_of(s3, call, part.segments, {DigestKind::kMd5, kind.digest}));
  part.etag = hex(digests.at(DigestKind::kMd5));
  part.checksums = {{std::string(kind.name), base64(digests.at(kind.digest))}};
  return {};
}

}  // namespace

Result<std::vector<Need>> upload_part_copy_rights(S3&, Call& call, const UploadPartCopyRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  TRY(check_key(*in.key));
  const Source source = TRY(source_of(call, in));
  std::vector<Need> needs = TRY(
      rights_to_read(call, source.bucket, source.name.key, source_action(source), source.name.version_id, Lock::kNone));
  ContextKeys context{{"s3:x-amz-copy-source", {source.name.bucket + "/" + source.name.key}}};
  needs.push_back(need_on_object(call, bucket, *in.key, "s3:PutObject", std::move(context)));
  return needs;
}

Result<UploadPartCopyOutput> upload_part_copy(S3& s3, Call& call, const UploadPartCopyRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  const Source source = TRY(source_of(call, in));
  TRY(check_no_customer_key(in.sse_customer_algorithm, in.copy_source_sse_customer_algorithm));
  const UploadRecord upload = TRY(find_upload(call, bucket, *in.key, *in.upload_id, Lock::kShared));
  const ObjectRecord object = TRY(source_object(call, source, Lock::kNone));
  TRY(check_copy_source(source_conditions(in), version_of(object), call.now()));
  ByteRange range{0, object.size};
  if (in.copy_source_range) range = TRY(copy_range_of(*in.copy_source_range, object.size));
  TRY(check_put_size(range.length));

  PartRecord part{.etag = {},
                  .size = range.length,
                  .modified = Time::of_seconds(call.now().seconds()),
                  .segments = slice(object.segments, range.offset, range.length),
                  .checksums = {}};
  TRY(s3.blobs.retain(call.tx(), part.segments));
  TRY(describe_part(s3, call, object, upload.checksum_algorithm, part));
  TRY(place_part(s3, call, *in.upload_id, *in.part_number, part));

  CopyPartResult result{.e_tag = quoted(part.etag), .last_modified = part.modified};
  // Recorded from AWS: told where the upload was begun with an algorithm.
  if (!upload.checksum_algorithm.empty()) set_checksums(result, part.checksums);
  return UploadPartCopyOutput{.copy_source_version_id = told_version(source.bucket, object),
                              .copy_part_result = std::move(result),
                              .server_side_encryption = kServerSideEncryption};
}

}  // namespace tarn::s3
