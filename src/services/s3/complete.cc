// CompleteMultipartUpload: an object out of an upload's parts.
#include <fmt/format.h>

#include "base/text.h"
#include "door/door.h"
#include "gen/s3/handlers.h"
#include "services/s3/access.h"
#include "services/s3/checksums.h"
#include "services/s3/conditions.h"
#include "services/s3/errors.h"
#include "services/s3/lifecycle.h"
#include "services/s3/names.h"
#include "services/s3/object_settings.h"
#include "services/s3/objects.h"
#include "services/s3/s3.h"
#include "services/s3/uploads.h"

namespace tarn::s3 {
namespace {

constexpr uint64_t kMinPartBytes = uint64_t{5} << 20;  // of all parts but the last

Failure invalid_part(const CompleteMultipartUploadRequest& in, const CompletedPart& part) {
  return refuse(
      400, "InvalidPart",
      "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified "
      "entity tag may not match the part's entity tag.",
      {{"UploadId", *in.upload_id},
       {"PartNumber", std::to_string(part.part_number.value_or(0))},
       {"ETag", part.e_tag.value_or("")}});
}

// What the client says of a part's checksum against what the part has.
Status check_part_checksum(const CompleteMultipartUploadRequest& in, const UploadRecord& upload,
                           const CompletedPart& said, const PartRecord& part) {
  const Pairs claimed = TRY(claimed_checksums(said));
  for (const auto& [algorithm, value] : claimed) {
    const std::string* stored = find_pair(part.checksums, algorithm);
    if (!stored || *stored != value) return invalid_part(in, said);
  }
  if (claimed.empty() && upload.checksum_type == "COMPOSITE")
    return invalid_request(fmt::format(
        "The upload was created using a {} checksum. The complete request must include the checksum for each part. It "
        "was missing for part {} in the request.",
        lower(upload.checksum_algorithm), said.part_number.value_or(0)));
  return {};
}

// The parts that the object is made of, checked one by one.
Result<std::vector<Entry<PartKey, PartRecord>>> chosen_parts(Call& call, const CompleteMultipartUploadRequest& in,
                                                             const UploadRecord& upload) {
  if (!in.multipart_upload) return invalid_request("You must specify at least one part");
  if (in.multipart_upload->parts.empty()) return malformed_xml();
  std::vector<Entry<PartKey, PartRecord>> chosen;
  for (const CompletedPart& said : in.multipart_upload->parts) {
    if (!said.part_number || !said.e_tag) return malformed_xml();
    const uint32_t number = static_cast<uint32_t>(*said.part_number);
    if (*said.part_number < 1) return invalid_part(in, said);
    if (!chosen.empty() && chosen.back().key.number >= number)
      return refuse(
          400, "InvalidPartOrder",
          "The list of parts was not in ascending order. Parts must be ordered by part number.",
          {{"UploadId", *in.upload_id}});
    const PartKey key{*in.upload_id, number};
    std::optional<PartRecord> part = TRY(call.get(kParts, key));
    if (!part || !etag_matches(*said.e_tag, part->etag)) return invalid_part(in, said);
    TRY(check_part_checksum(in, upload, said, *part));
    chosen.push_back({key, std::move(*part)});
  }
  for (size_t i = 0; i + 1 < chosen.size(); ++i)
    if (chosen[i].record.size < kMinPartBytes)
      return refuse(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size",
                    {{"ProposedSize", std::to_string(chosen[i].record.size)},
                     {"MinSizeAllowed", std::to_string(kMinPartBytes)},
                     {"PartNumber", std::to_string(chosen[i].key.number)},
                     {"ETag", chosen[i].record.etag}});
  return chosen;
}

ObjectRecord assemble(Call& call, UploadRecord upload, std::vector<Entry<PartKey, PartRecord>> parts) {
  ObjectRecord object{.modified = Time::of_seconds(call.now().seconds()), .settings = std::move(upload.settings)};
  std::vector<std::string> etags;
  for (auto& [key, part] : parts) {
    etags.push_back(part.etag);
    object.size += part.size;
    object.segments.insert(object.segments.end(), part.segments.begin(), part.segments.end());
    object.parts.push_back({key.number, part.size, std::move(part.checksums)});
  }
  object.etag = multipart_etag(etags);
  return object;
}

// The whole's checksum, compared with what the client says of it.
Status add_checksum(const CompleteMultipartUploadRequest& in, const UploadRecord& upload, ObjectRecord& object) {
  if (in.checksum_type && !upload.checksum_type.empty() && *in.checksum_type != upload.checksum_type)
    return invalid_request(fmt::format(
        "The upload was created using the {} checksum mode. The complete request must use the same checksum mode.",
        upload.checksum_type));
  const bool chosen = !upload.checksum_algorithm.empty();
  const ChecksumKind* kind = find_checksum_kind(chosen ? upload.checksum_algorithm : kDefaultChecksum);
  const bool composite = upload.checksum_type == "COMPOSITE";
  const auto computed = composite ? composite_checksum(*kind, object.parts) : full_object_checksum(*kind, object.parts);
  if (!computed) return internal_failure("a part of the upload lacks the checksum that it was taken with");
  for (const auto& [algorithm, value] : TRY(claimed_checksums(in)))
    if (algorithm != kind->name || value != *computed)
      return refuse(400, "BadDigest",
                    fmt::format("The {} you specified did not match the calculated checksum.", lower(algorithm)));
  object.checksums = {{std::string(kind->name), *computed}};
  // AWS: GetObjectAttributes, "Parts": their checksums are told where the upload was made with an algorithm.
  if (!chosen)
    for (PartSummary& part : object.parts) part.checksums.clear();
  object.checksum_type = chosen ? upload.checksum_type : "FULL_OBJECT";
  return {};
}

// Recorded from AWS: If-Match speaks of an object that was there before the upload was begun.
Status check_unchanged(const CompleteMultipartUploadRequest& in, const ObjectRecord& replaced) {
  if (replaced.order < order_of_upload(*in.upload_id)) return {};
  return refuse(409, "ConditionalRequestConflict",
                "The conditional request cannot succeed due to a conflicting operation against this resource.",
                {{"Condition", "If-Match"}, {"Key", *in.key}});
}

}  // namespace

Result<std::vector<Need>> complete_multipart_upload_rights(S3&, Call& call, const CompleteMultipartUploadRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  TRY(check_key(*in.key));
  ContextKeys context;
  if (in.if_match) context["s3:if-match"] = {*in.if_match};
  if (in.if_none_match) context["s3:if-none-match"] = {*in.if_none_match};
  std::vector<Need> needs{need_on_object(call, bucket, *in.key, "s3:PutObject", std::move(context))};
  if (in.if_match) needs.push_back(need_on_object(call, bucket, *in.key, "s3:GetObject"));
  return needs;
}

Result<CompleteMultipartUploadOutput> complete_multipart_upload(S3& s3, Call& call,
                                                                const CompleteMultipartUploadRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  TRY(check_no_customer_key(in.sse_customer_algorithm, in.sse_customer_key));
  const UploadRecord upload = TRY(find_upload(call, bucket, *in.key, *in.upload_id, Lock::kExclusive));
  ObjectRecord object = assemble(call, upload, TRY(chosen_parts(call, in, upload)));
  TRY(add_checksum(in, upload, object));
  if (in.mpu_object_size && static_cast<uint64_t>(*in.mpu_object_size) != object.size)
    return invalid_request(
        fmt::format("The provided 'x-amz-mp-object-size' header value {} does not match what was computed: {}",
                    *in.mpu_object_size, object.size));
  const auto replaced = TRY(check_replaced(call, bucket, *in.key, in.if_match, in.if_none_match));
  if (in.if_match) TRY(check_unchanged(in, *replaced));

  // The object's references to the parts' bytes take the place of the parts' own.
  TRY(s3.blobs.retain(call.tx(), object.segments));
  TRY(discard_upload(s3, call, {bucket.record.id, *in.key, *in.upload_id}));
  TRY(place_object(s3, call, bucket, *in.key, object, replaced, "ObjectCreated:CompleteMultipartUpload"));

  CompleteMultipartUploadOutput out{.location = fmt::format("http{}://{}/{}/{}", call.caller().secure ? "s" : "",
                                                            call.caller().host, bucket.name, uri_encode(*in.key, true)),
                                    .bucket = bucket.name,
                                    .key = in.key,
                                    .e_tag = quoted(object.etag),
                                    .server_side_encryption = kServerSideEncryption,
                                    .version_id = made_version(object)};
  out.expiration = TRY(told_expiration(call, bucket, *in.key, object));
  set_checksums(out, object.checksums);
  if (!object.checksum_type.empty()) out.checksum_type = object.checksum_type;
  return out;
}

}  // namespace tarn::s3
