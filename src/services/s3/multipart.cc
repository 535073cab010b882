// Multipart uploads: beginning them, their parts, ending them, listing them. (Completing is complete.cc.)
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "base/text.h"
#include "door/arn.h"
#include "door/tags.h"
#include "gen/s3/handlers.h"
#include "os/random.h"
#include "services/s3/access.h"
#include "services/s3/checksums.h"
#include "services/s3/errors.h"
#include "services/s3/listing.h"
#include "services/s3/names.h"
#include "services/s3/object_lock.h"
#include "services/s3/object_settings.h"
#include "services/s3/objects.h"
#include "services/s3/s3.h"
#include "services/s3/uploads.h"

namespace tarn::s3 {
namespace {

constexpr int32_t kMostPartNumber = 10'000;

Owner owner_of(const FoundBucket& bucket) {
  return Owner{.id = canonical_user_id(bucket.record.owner)};
}

// AWS: ListParts, "Initiator": the canonical id of an account, the ARN of a user or role session.
Initiator initiator_of(const UploadRecord& upload) {
  Initiator initiator{.id = upload.initiator_id};
  if (!upload.initiator_name.empty()) initiator.display_name = upload.initiator_name;
  return initiator;
}

void set_initiator(const Call& call, UploadRecord& upload) {
  const Principal& who = call.principal();
  const bool account = who.kind == Principal::Kind::kRoot;
  upload.initiator_id = account ? canonical_user_id(who.account) : who.arn;
  upload.initiator_name = who.user_name;
}

// The checksum that an upload's parts and whole shall have.
// AWS: S3 User Guide, "Checking object integrity", the table of algorithms and types for multipart uploads.
Status set_checksum(const CreateMultipartUploadRequest& in, UploadRecord& upload) {
  if (!in.checksum_algorithm) {
    if (in.checksum_type)
      return invalid_request(
          "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.");
    return {};
  }
  const ChecksumKind* kind = find_checksum_kind(*in.checksum_algorithm);
  if (kind == nullptr) return not_implemented("x-amz-checksum-algorithm: " + *in.checksum_algorithm);
  const bool only_full = kind->name == "CRC64NVME", only_composite = kind->polynomial == 0;
  upload.checksum_algorithm = kind->name;
  upload.checksum_type = in.checksum_type.value_or(only_full ? "FULL_OBJECT" : "COMPOSITE");
  if ((only_full && upload.checksum_type != "FULL_OBJECT") || (only_composite && upload.checksum_type != "COMPOSITE"))
    return invalid_request(fmt::format("The {} checksum type cannot be used with the {} checksum algorithm.",
                                       upload.checksum_type, lower(kind->name)));
  return {};
}

template <class In>
Result<std::vector<Need>> rights_on_upload(Call& call, const In& in, const char* action) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  TRY(check_key(*in.key));
  return std::vector<Need>{need_on_object(call, bucket, *in.key, action)};
}

}  // namespace

std::string new_upload_id(uint64_t order) {
  return fmt::format("{:016x}{}", order, random_hex(32));
}

uint64_t order_of_upload(std::string_view id) {
  uint64_t order = 0;
  std::from_chars(id.data(), id.data() + std::min<size_t>(16, id.size()), order, 16);
  return order;
}

Result<UploadRecord> find_upload(Call& call, const FoundBucket& bucket, const std::string& key, const std::string& id,
                                 Lock lock) {
  std::optional<UploadRecord> upload = TRY(call.get(kUploads, {bucket.record.id, key, id}, lock));
  if (!upload) return no_such_upload(id);
  return std::move(*upload);
}

Status place_part(S3& s3, Call& call, const std::string& upload_id, int32_t number, const PartRecord& part) {
  if (number < 1 || number > kMostPartNumber)
    return invalid_argument("Part number must be an integer between 1 and 10000, inclusive", "partNumber",
                            std::to_string(number));
  const PartKey key{upload_id, static_cast<uint32_t>(number)};
  if (const auto replaced = TRY(call.get(kParts, key))) TRY(s3.blobs.release(call.tx(), replaced->segments));
  return call.put(kParts, key, part);
}

Status discard_upload(S3& s3, Call& call, const UploadKey& key) {
  const auto parts = TRY(call.tx().scan(kParts, {.prefix = prefix_of(kParts, key.id)}));
  for (const auto& part : parts.entries) {
    TRY(s3.blobs.release(call.tx(), part.record.segments));
    TRY(call.erase(kParts, part.key));
  }
  return call.erase(kUploads, key);
}

// --- CreateMultipartUpload --------------------------------------------------------------------------------------------

Result<std::vector<Need>> create_multipart_upload_rights(S3&, Call& call, const CreateMultipartUploadRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  TRY(check_key(*in.key));
  Tags tags;
  if (in.tagging) tags = TRY(parse_tagging_header(*in.tagging));
  const ContextKeys context = put_context(put_headers(in), tags);
  std::vector<Need> needs{need_on_object(call, bucket, *in.key, "s3:PutObject", context)};
  if (in.acl) needs.push_back(need_on_object(call, bucket, *in.key, "s3:PutObjectAcl", context));
  if (!tags.empty()) needs.push_back(need_on_object(call, bucket, *in.key, "s3:PutObjectTagging", context));
  std::ranges::move(lock_needs(call, bucket, *in.key, lock_headers(in)), std::back_inserter(needs));
  return needs;
}

Result<CreateMultipartUploadOutput> create_multipart_upload(S3&, Call& call, const CreateMultipartUploadRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  UploadRecord upload{.initiated = Time::of_seconds(call.now().seconds()), .settings = TRY(object_settings(in))};
  upload.settings.lock = TRY(lock_of(call, bucket, lock_headers(in)));
  TRY(set_checksum(in, upload));
  set_initiator(call, upload);
  const std::string id = new_upload_id(call.tx().store().next_id());
  TRY(call.put(kUploads, {bucket.record.id, *in.key, id}, upload));

  CreateMultipartUploadOutput out{
      .bucket = bucket.name, .key = in.key, .upload_id = id, .server_side_encryption = kServerSideEncryption};
  if (!upload.checksum_algorithm.empty()) {
    out.checksum_algorithm = upload.checksum_algorithm;
    out.checksum_type = upload.checksum_type;
  }
  return out;
}

// --- UploadPart -------------------------------------------------------------------------------------------------------

Result<std::vector<Need>> upload_part_rights(S3&, Call& call, const UploadPartRequest& in) {
  return rights_on_upload(call, in, "s3:PutObject");
}

namespace {

// An upload that was begun with an algorithm takes parts with a checksum of that one.
Status check_algorithm(const UploadRecord& upload, const Pairs& checksums) {
  if (upload.checksum_algorithm.empty() || find_pair(checksums, upload.checksum_algorithm)) return {};
  return invalid_request(
      fmt::format("Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
                  lower(upload.checksum_algorithm), checksums.empty() ? "null" : lower(checksums.front().first)));
}

}  // namespace

Result<UploadPartOutput> upload_part(S3& s3, Call& call, const UploadPartRequest& in, const StagedBody& body) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  TRY(check_no_customer_key(in.sse_customer_algorithm, in.sse_customer_key));
  TRY(check_put_size(body.size));
  const UploadRecord upload = TRY(find_upload(call, bucket, *in.key, *in.upload_id, Lock::kShared));
  Pairs checksums = TRY(verify({in.content_md5, TRY(claimed_checksums(in)), in.checksum_algorithm}, body));
  TRY(check_algorithm(upload, checksums));
  const Pairs told = checksums;
  // The whole gets the default checksum where none was asked for: then its parts need it too.
  if (const auto own = body.digests.find(DigestKind::kCrc64Nvme);
      upload.checksum_algorithm.empty() && own != body.digests.end() && !find_pair(checksums, kDefaultChecksum))
    checksums.emplace_back(kDefaultChecksum, base64(own->second));

  TRY(s3.blobs.adopt(call.tx(), body));
  const PartRecord part{.etag = etag_of(body),
                        .size = body.size,
                        .modified = Time::of_seconds(call.now().seconds()),
                        .segments = body.segments(),
                        .checksums = std::move(checksums)};
  TRY(place_part(s3, call, *in.upload_id, *in.part_number, part));

  UploadPartOutput out{.server_side_encryption = kServerSideEncryption, .e_tag = quoted(part.etag)};
  set_checksums(out, told);
  return out;
}

// --- AbortMultipartUpload ---------------------------------------------------------------------------------------------

Result<std::vector<Need>> abort_multipart_upload_rights(S3&, Call& call, const AbortMultipartUploadRequest& in) {
  return rights_on_upload(call, in, "s3:AbortMultipartUpload");
}

Result<AbortMultipartUploadOutput> abort_multipart_upload(S3& s3, Call& call, const AbortMultipartUploadRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  if (in.if_match_initiated_time) return not_implemented("x-amz-if-match-initiated-time (directory buckets)");
  TRY(find_upload(call, bucket, *in.key, *in.upload_id, Lock::kExclusive));
  TRY(discard_upload(s3, call, {bucket.record.id, *in.key, *in.upload_id}));
  return AbortMultipartUploadOutput{};
}

// --- ListParts --------------------------------------------------------------------------------------------------------

Result<std::vector<Need>> list_parts_rights(S3&, Call& call, const ListPartsRequest& in) {
  return rights_on_upload(call, in, "s3:ListMultipartUploadParts");
}

Result<ListPartsOutput> list_parts(S3&, Call& call, const ListPartsRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  const UploadRecord upload = TRY(find_upload(call, bucket, *in.key, *in.upload_id, Lock::kNone));
  const int32_t most = TRY(page_size(in.max_parts, "maxParts"));
  const int32_t marker = in.part_number_marker.value_or(0);
  if (marker < 0)
    return invalid_argument("Argument part-number-marker must be an integer between 0 and 2147483647",
                            "part-number-marker", std::to_string(marker));

  ListPartsOutput out{.bucket = bucket.name,
                      .key = in.key,
                      .upload_id = in.upload_id,
                      .part_number_marker = marker,
                      .next_part_number_marker = 0,
                      .max_parts = most,
                      .is_truncated = false,
                      .initiator = initiator_of(upload),
                      .owner = owner_of(bucket),
                      .storage_class = upload.settings.storage_class};
  if (!upload.checksum_algorithm.empty()) {
    out.checksum_algorithm = upload.checksum_algorithm;
    out.checksum_type = upload.checksum_type;
  }
  if (most == 0) return out;
  const auto page =
      TRY(call.tx().scan(kParts, {.prefix = prefix_of(kParts, *in.upload_id),
                                  .after = encoded_key(kParts, {*in.upload_id, static_cast<uint32_t>(marker)}),
                                  .limit = static_cast<size_t>(most)}));
  out.is_truncated = page.more;
  for (const auto& [key, record] : page.entries) {
    Part part{.part_number = static_cast<int32_t>(key.number),
              .last_modified = record.modified,
              .e_tag = quoted(record.etag),
              .size = static_cast<int64_t>(record.size)};
    if (!upload.checksum_algorithm.empty()) set_checksums(part, record.checksums);  // Observed: none without one
    out.next_part_number_marker = part.part_number;
    out.parts.push_back(std::move(part));
  }
  return out;
}

// --- ListMultipartUploads ---------------------------------------------------------------------------------------------

Result<std::vector<Need>> list_multipart_uploads_rights(S3&, Call& call, const ListMultipartUploadsRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  ContextKeys context;
  if (in.prefix) context["s3:prefix"] = {*in.prefix};
  if (in.delimiter) context["s3:delimiter"] = {*in.delimiter};
  return std::vector<Need>{need_on_bucket(call, bucket, "s3:ListBucketMultipartUploads", std::move(context))};
}

namespace {

using UploadCursor = Cursor<UploadKey, UploadRecord>;

// At the first upload behind the markers. AWS: ListMultipartUploads, "KeyMarker": with an upload id those of the marked key
// that are behind it are told too.
Result<UploadCursor> uploads_behind(Call& call, const FoundBucket& bucket, const ListMultipartUploadsRequest& in) {
  const uint64_t id = bucket.record.id;
  if (in.key_marker && in.upload_id_marker && !in.upload_id_marker->empty() &&
      !TRY(call.get(kUploads, {id, *in.key_marker, *in.upload_id_marker}, Lock::kNone)))
    return invalid_argument("Invalid uploadId marker", "upload-id-marker", *in.upload_id_marker);
  UploadCursor at = call.tx().cursor(kUploads, {.prefix = prefix_of(kUploads, id, Starts{in.prefix.value_or("")})});
  const std::string marker = in.key_marker.value_or("");
  const std::string upload_marker = in.upload_id_marker.value_or("");
  if (marker.empty() || marker < in.prefix.value_or("")) return at;
  at.seek({id, marker, upload_marker});
  while (at.valid()) {
    const UploadKey key = TRY(at.key());
    if (key.key != marker || (!upload_marker.empty() && key.id > upload_marker)) break;
    at.next();
  }
  return at;
}

}  // namespace

Result<ListMultipartUploadsOutput> list_multipart_uploads(S3&, Call& call, const ListMultipartUploadsRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  TRY(check_encoding(in.encoding_type));
  const Walk wanted{.prefix = in.prefix.value_or(""),
                    .delimiter = in.delimiter.value_or(""),
                    .most = static_cast<size_t>(TRY(page_size(in.max_uploads, "maxUploads")))};
  const Names names(in.encoding_type);
  ListMultipartUploadsOutput out{.bucket = bucket.name,
                                 .key_marker = names(std::string_view(in.key_marker.value_or(""))),
                                 // AWS: KeyMarker: without one the upload id's marker counts for nothing.
                                 .upload_id_marker = in.key_marker.value_or("").empty()
                                                         ? ""
                                                         : in.upload_id_marker.value_or(""),
                                 .prefix = names(in.prefix),
                                 .delimiter = told_delimiter(names, wanted.delimiter),
                                 .max_uploads = static_cast<int32_t>(wanted.most),
                                 .encoding_type = in.encoding_type};
  const auto tell = [&](UploadCursor& at) -> Status {
    const UploadKey key = TRY(at.key());
    const UploadRecord upload = TRY(at.record());
    MultipartUpload entry{.upload_id = key.id,
                          .key = names(std::string_view(key.key)),
                          .initiated = upload.initiated,
                          .storage_class = upload.settings.storage_class,
                          .owner = owner_of(bucket),
                          .initiator = initiator_of(upload)};
    if (!upload.checksum_algorithm.empty()) {
      entry.checksum_algorithm = upload.checksum_algorithm;
      entry.checksum_type = upload.checksum_type;
    }
    out.uploads.push_back(std::move(entry));
    return {};
  };
  UploadCursor at = TRY(uploads_behind(call, bucket, in));
  const WalkEnd end = TRY(walk(
      at, wanted, Position{in.key_marker.value_or("")},
      [](UploadCursor& c) -> Result<std::string> { return TRY(c.key()).key; },
      [&](std::string_view text) { return prefix_of(kUploads, bucket.record.id, Starts{text}); }, tell,
      [&](const std::string& prefix) { out.common_prefixes.push_back({.prefix = names(std::string_view(prefix))}); }));
  out.is_truncated = end.truncated;
  // Observed: these are told on a last page too, of its last upload; they are empty where there is none.
  const bool upload = !end.last.group && !out.uploads.empty();
  out.next_key_marker = upload || end.truncated ? names(std::string_view(end.last.key)) : "";
  out.next_upload_id_marker = upload ? out.uploads.back().upload_id : "";
  return out;
}

}  // namespace tarn::s3
