// Making and deleting objects.
#include "services/s3/objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/text.h"
#include "door/door.h"
#include "door/tags.h"
#include "gen/s3/handlers.h"
#include "services/s3/checksums.h"
#include "services/s3/errors.h"
#include "services/s3/names.h"
#include "services/s3/notifications.h"
#include "services/s3/lifecycle.h"
#include "services/s3/object_lock.h"
#include "services/s3/object_settings.h"
#include "services/s3/versions.h"

namespace tarn::s3 {
namespace {

constexpr size_t kMostDeletes = 1000;

}  // namespace

Status check_put_size(uint64_t size) {
  if (size <= kMaxPutBytes) return {};
  return refuse(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size",
                {{"ProposedSize", std::to_string(size)}, {"MaxSizeAllowed", std::to_string(kMaxPutBytes)}});
}

Result<std::optional<ObjectRecord>> check_replaced(Call& call, const FoundBucket& bucket, const std::string& key,
                                                   const std::optional<std::string>& if_match,
                                                   const std::optional<std::string>& if_none_match) {
  std::optional<ObjectRecord> existing = TRY(call.get(kObjects, {bucket.record.id, key}));
  const std::optional<Version> version = existing ? std::optional(version_of(*existing)) : std::nullopt;
  TRY(check_write(if_match, if_none_match, key, version ? &*version : nullptr));
  return existing;
}

Status place_object(S3& s3, Call& call, const FoundBucket& bucket, const std::string& key, ObjectRecord& object,
                    const std::optional<ObjectRecord>& replaced, std::string_view name) {
  TRY(make_way(s3, call, bucket, key, replaced));
  stamp_version(call, bucket, object);
  TRY(call.put(kObjects, {bucket.record.id, key}, object));
  return tell(call, bucket, {name, key, object});
}

std::vector<Segment> slice(const std::vector<Segment>& segments, uint64_t offset, uint64_t length) {
  std::vector<Segment> out;
  for (const Segment& segment : segments) {
    if (length == 0) break;
    if (offset >= segment.length) {
      offset -= segment.length;
      continue;
    }
    const uint64_t taken = std::min(length, segment.length - offset);
    out.push_back({segment.blob, segment.offset + offset, taken});
    offset = 0;
    length -= taken;
  }
  return out;
}

Result<std::map<DigestKind, std::string>> digests_of(S3& s3, Call& call, const std::vector<Segment>& segments,
                                                     const std::vector<DigestKind>& kinds) {
  std::vector<Digest> digests;
  for (const DigestKind kind : kinds) digests.emplace_back(kind);
  const auto body = TRY(s3.blobs.open_body(call.tx(), segments));
  std::string buffer(size_t{1} << 20, '\0');
  for (uint64_t at = 0; at < body->size();) {
    const size_t n = TRY(body->read(at, buffer));
    for (Digest& digest : digests) digest.update(std::string_view(buffer).substr(0, n));
    at += n;
  }
  std::map<DigestKind, std::string> out;
  for (Digest& digest : digests) out[digest.kind()] = digest.finish();
  return out;
}

// --- PutObject --------------------------------------------------------------------------------------------------------

Result<std::vector<Need>> put_object_rights(S3&, Call& call, const PutObjectRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  TRY(check_key(*in.key));
  TRY(check_supported(put_headers(in)));  // before the body is sent
  TRY(lock_of(call, bucket, lock_headers(in)));
  Tags tags;
  if (in.tagging) tags = TRY(parse_tagging_header(*in.tagging));
  ContextKeys context = put_context(put_headers(in), tags);
  if (in.if_match) context["s3:if-match"] = {*in.if_match};
  if (in.if_none_match) context["s3:if-none-match"] = {*in.if_none_match};
  std::vector<Need> needs{need_on_object(call, bucket, *in.key, "s3:PutObject", context)};
  // AWS: what delivers logs writes with bucket-owner-full-control, and the policies documented for it grant PutObject alone.
  if (in.acl && call.principal().kind != Principal::Kind::kService)
    needs.push_back(need_on_object(call, bucket, *in.key, "s3:PutObjectAcl", context));
  if (!tags.empty()) needs.push_back(need_on_object(call, bucket, *in.key, "s3:PutObjectTagging", context));
  // AWS: "Conditional writes": comparing with an existing object needs the right to read it.
  if (in.if_match) needs.push_back(need_on_object(call, bucket, *in.key, "s3:GetObject"));
  std::ranges::move(lock_needs(call, bucket, *in.key, lock_headers(in)), std::back_inserter(needs));
  return needs;
}

Result<PutObjectOutput> put_object(S3& s3, Call& call, const PutObjectRequest& in, const StagedBody& body) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  if (in.write_offset_bytes) return not_implemented("x-amz-write-offset-bytes");
  TRY(check_put_size(body.size));
  ObjectSettings settings = TRY(object_settings(in));
  settings.lock = TRY(lock_of(call, bucket, lock_headers(in)));
  Pairs checksums = TRY(verify({in.content_md5, TRY(claimed_checksums(in)), in.checksum_algorithm}, body));
  const auto replaced = TRY(check_replaced(call, bucket, *in.key, in.if_match, in.if_none_match));

  TRY(s3.blobs.adopt(call.tx(), body));
  ObjectRecord object{.etag = etag_of(body),
                      .size = body.size,
                      .modified = Time::of_seconds(call.now().seconds()),
                      .segments = body.segments(),
                      .settings = std::move(settings),
                      .checksums = std::move(checksums),
                      .checksum_type = "FULL_OBJECT",
                      .parts = {},
                      .version_id = {}};
  TRY(place_object(s3, call, bucket, *in.key, object, replaced, "ObjectCreated:Put"));

  PutObjectOutput out{.e_tag = quoted(object.etag),
                      .checksum_type = object.checksum_type,
                      .server_side_encryption = kServerSideEncryption,
                      .version_id = made_version(object)};
  out.expiration = TRY(told_expiration(call, bucket, *in.key, object));
  set_checksums(out, object.checksums);
  return out;
}

// --- DeleteObject -----------------------------------------------------------------------------------------------------

Result<std::vector<Need>> delete_object_rights(S3&, Call& call, const DeleteObjectRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  TRY(check_key(*in.key));
  ContextKeys context;
  std::optional<ObjectRecord> object = TRY(call.get(kObjects, {bucket.record.id, *in.key}));
  if (in.version_id)
    if (auto version = TRY(find_version(call, bucket, *in.key, *in.version_id))) object = std::move(version->object);
  if (object)
    for (const auto& [name, value] : object->settings.tags) context["s3:ExistingObjectTag/" + name] = {value};
  if (in.version_id) context["s3:VersionId"] = {*in.version_id};
  if (in.if_match) context["s3:if-match"] = {*in.if_match};
  const char* action = in.version_id ? "s3:DeleteObjectVersion" : "s3:DeleteObject";
  std::vector<Need> needs{need_on_object(call, bucket, *in.key, action, std::move(context))};
  // AWS: "How to perform conditional deletes": comparing needs the right to read, asking whether it is there does not.
  if (in.if_match && *in.if_match != "*") needs.push_back(need_on_object(call, bucket, *in.key, "s3:GetObject"));
  if (in.version_id && in.bypass_governance_retention.value_or(false) && object &&
      is_governed(object->settings.lock, call.now()))
    needs.push_back(need_on_object(call, bucket, *in.key, "s3:BypassGovernanceRetention"));
  return needs;
}

namespace {

// One version, for good.
Result<DeleteObjectOutput> delete_version(S3& s3, Call& call, const FoundBucket& bucket,
                                          const DeleteObjectRequest& in) {
  const auto version = TRY(find_version(call, bucket, *in.key, *in.version_id));
  DeleteObjectOutput out{.version_id = in.version_id};
  if (!version) return out;  // AWS: what is not there is deleted
  const Version known = version_of(version->object);
  TRY(check_delete(in.if_match, *in.key, version->delete_marker ? nullptr : &known));
  TRY(check_deletable(version->object.settings.lock, call.now(), in.bypass_governance_retention.value_or(false)));
  TRY(remove_version(s3, call, bucket, *in.key, *version));
  TRY(tell(call, bucket, {"ObjectRemoved:Delete", *in.key, version->object}));
  if (version->delete_marker) out.delete_marker = true;
  return out;
}

// What was there stays as a version, and the key's latest says that nothing is.
Result<DeleteObjectOutput> put_marker(S3& s3, Call& call, const FoundBucket& bucket, const std::string& key,
                                      const std::optional<ObjectRecord>& current) {
  TRY(make_way(s3, call, bucket, key, current));
  if (current) TRY(call.erase(kObjects, {bucket.record.id, key}));
  VersionRecord marker{.delete_marker = true, .object = {.modified = Time::of_seconds(call.now().seconds())}};
  stamp_version(call, bucket, marker.object);
  TRY(save_version(call, bucket, key, {.object = marker.object, .current = false, .delete_marker = true}));
  TRY(tell(call, bucket, {"ObjectRemoved:DeleteMarkerCreated", key, marker.object}));
  return DeleteObjectOutput{.delete_marker = true, .version_id = told_version(bucket, marker.object)};
}

}  // namespace

Result<DeleteObjectOutput> delete_object(S3& s3, Call& call, const DeleteObjectRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  if (in.if_match_last_modified_time || in.if_match_size)
    return not_implemented("x-amz-if-match-last-modified-time, x-amz-if-match-size (directory buckets)");
  TRY(check_bypass(bucket, in.bypass_governance_retention));
  if (in.version_id) return delete_version(s3, call, bucket, in);
  const std::optional<ObjectRecord> object = TRY(call.get(kObjects, {bucket.record.id, *in.key}));
  const std::optional<Version> version = object ? std::optional(version_of(*object)) : std::nullopt;
  TRY(check_delete(in.if_match, *in.key, version ? &*version : nullptr));
  if (has_versions(bucket.record)) return put_marker(s3, call, bucket, *in.key, object);
  if (object) {
    TRY(s3.blobs.release(call.tx(), object->segments));
    TRY(call.erase(kObjects, {bucket.record.id, *in.key}));
    TRY(tell(call, bucket, {"ObjectRemoved:Delete", *in.key, *object}));
  }
  return DeleteObjectOutput{};
}

// --- DeleteObjects ----------------------------------------------------------------------------------------------------

Result<DeleteObjectsOutput> delete_objects(S3&, Call& call, const DeleteObjectsRequest& in) {
  const auto& objects = in.delete_->objects;
  if (objects.empty() || objects.size() > kMostDeletes)
    return refuse(400, "MalformedXML",
                  "The XML you provided was not well-formed or did not validate against our published schema");
  Store& store = call.door().store();
  {
    const auto tx = store.read();
    Call reading(call.door(), call.caller(), tx.get(), call.now());
    TRY(check_bypass(TRY(find_bucket(reading, in)), in.bypass_governance_retention));
  }
  DeleteObjectsOutput out;
  Sequence seen = 0;
  for (const ObjectIdentifier& object : objects) {
    const DeleteObjectRequest one{.bucket = in.bucket,
                                  .key = object.key,
                                  .version_id = object.version_id,
                                  .bypass_governance_retention = in.bypass_governance_retention,
                                  .expected_bucket_owner = in.expected_bucket_owner,
                                  .if_match = object.e_tag,
                                  .if_match_last_modified_time = object.last_modified_time,
                                  .if_match_size = object.size};
    const auto answered = call.door().execute(call.caller(), wire::OperationOf<DeleteObjectRequest>::operation(), &one);
    seen = std::max(seen, answered.seen);
    if (!answered.result) {
      ::tarn::Error error = answered.result.error();
      // Observed: in a list an id that is none is one that is not there.
      if (object.version_id && error.code == "InvalidArgument")
        error = no_such_version(*object.key, *object.version_id).error();
      out.errors.push_back(
          {.key = object.key, .version_id = object.version_id, .code = error.code, .message = error.message});
    } else if (!in.delete_->quiet.value_or(false)) {
      const auto& deleted = *static_cast<const DeleteObjectOutput*>(answered.result->get());
      out.deleted.push_back({.key = object.key,
                             .version_id = object.version_id,
                             .delete_marker = deleted.delete_marker,
                             .delete_marker_version_id = deleted.delete_marker ? deleted.version_id : std::nullopt});
    }
  }
  TRY(store.wait_synced(seen));
  return out;
}

}  // namespace tarn::s3
