// Reading objects: GetObject, HeadObject, GetObjectAttributes.
#include <algorithm>

#include "base/text.h"
#include "gen/s3/handlers.h"
#include "services/s3/access.h"
#include "services/s3/checksums.h"
#include "services/s3/conditions.h"
#include "services/s3/errors.h"
#include "services/s3/lifecycle.h"
#include "services/s3/object_settings.h"
#include "services/s3/objects.h"
#include "services/s3/ranges.h"
#include "services/s3/s3.h"
#include "services/s3/versions.h"

namespace tarn::s3 {
namespace {

// The part of an object that a request asks for.
struct Wanted {
  std::optional<ByteRange> range;     // none: all of it
  const PartSummary* part = nullptr;  // asked for by its number
};

Result<Wanted> wanted_part(const ObjectRecord& object, int32_t number) {
  const auto refused = [&] {
    return refuse(416, "InvalidPartNumber", "The requested partnumber is not satisfiable",
                  {{"PartNumberRequested", std::to_string(number)},
                   {"ActualPartCount", std::to_string(std::max<size_t>(1, object.parts.size()))}});
  };
  if (number < 1) return refused();
  if (object.parts.empty()) {  // one PutObject is an object of one part
    if (number != 1) return refused();
    return Wanted{object.size == 0 ? std::nullopt : std::optional(ByteRange{0, object.size})};
  }
  uint64_t offset = 0;
  int32_t at = 0;
  // Parts are counted as they lie, whatever numbers they were uploaded with.
  for (const PartSummary& part : object.parts) {
    if (++at == number)
      return Wanted{part.size == 0 ? std::nullopt : std::optional(ByteRange{offset, part.size}), &part};
    offset += part.size;
  }
  return refused();
}

template <class In>
Result<Wanted> wanted_of(const In& in, const ObjectRecord& object) {
  if (in.range && in.part_number)
    return invalid_request("Cannot specify both Range header and partNumber query parameter");
  if (in.part_number) return wanted_part(object, *in.part_number);
  if (in.range) return Wanted{TRY(range_of(*in.range, object.size))};
  return Wanted{};
}

// What GetObject and HeadObject say of an object.
template <class Out, class In>
Out describe(const In& in, const ObjectRecord& object, const Wanted& wanted) {
  const ObjectSettings& settings = object.settings;
  Out out;
  out.accept_ranges = "bytes";
  out.last_modified = object.modified;
  out.content_length = static_cast<int64_t>(wanted.range ? wanted.range->length : object.size);
  if (wanted.range) out.content_range = wanted.range->content_range(object.size);
  out.e_tag = quoted(object.etag);
  out.cache_control = in.response_cache_control ? in.response_cache_control : settings.cache_control;
  out.content_disposition =
      in.response_content_disposition ? in.response_content_disposition : settings.content_disposition;
  out.content_encoding = in.response_content_encoding ? in.response_content_encoding : settings.content_encoding;
  out.content_language = in.response_content_language ? in.response_content_language : settings.content_language;
  out.content_type = in.response_content_type.value_or(settings.content_type);
  out.expires = in.response_expires ? in.response_expires : settings.expires;
  out.website_redirect_location = settings.website_redirect_location;
  out.server_side_encryption = kServerSideEncryption;
  out.metadata = wire::Map<std::string>(settings.metadata);
  if (settings.storage_class != "STANDARD") out.storage_class = settings.storage_class;  // AWS: told of all others
  if (!settings.lock.mode.empty()) {
    out.object_lock_mode = settings.lock.mode;
    out.object_lock_retain_until_date = settings.lock.until;
  }
  if (!settings.lock.legal_hold.empty()) out.object_lock_legal_hold_status = settings.lock.legal_hold;
  if (!settings.tags.empty()) out.tag_count = static_cast<int32_t>(settings.tags.size());
  if (in.part_number && !object.parts.empty()) out.parts_count = static_cast<int32_t>(object.parts.size());
  const bool whole = !wanted.range || (wanted.range->length == object.size && !wanted.part);
  const bool checksums = in.checksum_mode && equals_ignore_case(*in.checksum_mode, "ENABLED");
  if (checksums && wanted.part) {
    set_checksums(out, wanted.part->checksums);
  } else if (checksums && whole && !object.checksums.empty()) {
    set_checksums(out, object.checksums);
    out.checksum_type = object.checksum_type;
  }
  return out;
}

template <class In>
Status check_read_request(const Call& call, const In& in) {
  TRY(check_no_customer_key(in.sse_customer_algorithm, in.sse_customer_key));
  const bool overrides = in.response_cache_control || in.response_content_disposition || in.response_content_encoding ||
                         in.response_content_language || in.response_content_type || in.response_expires;
  if (overrides && call.principal().kind == Principal::Kind::kAnonymous)
    return invalid_request("Request specific response headers cannot be used for anonymous GET requests.");
  return {};
}

// The object after all checks, and the part of it that is wanted.
struct Reading {
  ObjectRecord object;
  Wanted wanted;
  std::optional<std::string> version_id;  // as answers name it
  std::optional<std::string> expiration;
};
template <class In>
Status read_object(Call& call, const In& in, Reading& reading) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  TRY(check_read_request(call, in));
  reading.object = TRY(find_object(call, bucket, *in.key, in.version_id));
  reading.version_id = told_version(bucket, reading.object);
  if (!in.version_id) reading.expiration = TRY(told_expiration(call, bucket, *in.key, reading.object));
  TRY(check_read({in.if_match, in.if_none_match, in.if_modified_since, in.if_unmodified_since},
                 version_of(reading.object), call.now()));
  reading.wanted = TRY(wanted_of(in, reading.object));
  return {};
}

template <class In>
std::string read_action(const In& in) {
  return in.version_id ? "s3:GetObjectVersion" : "s3:GetObject";
}

}  // namespace

// --- GetObject, HeadObject --------------------------------------------------------------------------------------------

Result<std::vector<Need>> get_object_rights(S3&, Call& call, const GetObjectRequest& in) {
  return rights_to_read(call, TRY(find_bucket(call, in)), *in.key, read_action(in), in.version_id);
}

Result<WithBody<GetObjectOutput>> get_object(S3& s3, Call& call, const GetObjectRequest& in) {
  Reading reading;
  TRY(read_object(call, in, reading));
  WithBody<GetObjectOutput> out{.output = describe<GetObjectOutput>(in, reading.object, reading.wanted), .body = {}};
  out.output.version_id = reading.version_id;
  out.output.expiration = reading.expiration;
  const ByteRange range = reading.wanted.range.value_or(ByteRange{0, reading.object.size});
  if (range.length > 0)
    out.body = {.body = TRY(s3.blobs.open_body(call.tx(), std::move(reading.object.segments))),
                .offset = range.offset,
                .length = range.length};
  return out;
}

Result<std::vector<Need>> head_object_rights(S3&, Call& call, const HeadObjectRequest& in) {
  return rights_to_read(call, TRY(find_bucket(call, in)), *in.key, read_action(in), in.version_id);
}

Result<HeadObjectOutput> head_object(S3&, Call& call, const HeadObjectRequest& in) {
  Reading reading;
  TRY(read_object(call, in, reading));
  HeadObjectOutput out = describe<HeadObjectOutput>(in, reading.object, reading.wanted);
  out.version_id = reading.version_id;
  out.expiration = reading.expiration;
  return out;
}

// --- GetObjectAttributes ----------------------------------------------------------------------------------------------

namespace {

constexpr int32_t kMostParts = 1000;

GetObjectAttributesParts parts_page(const GetObjectAttributesRequest& in, const ObjectRecord& object) {
  const int32_t marker = in.part_number_marker.value_or(0);
  const int32_t most = std::clamp(in.max_parts.value_or(kMostParts), 0, kMostParts);
  GetObjectAttributesParts page{.total_parts_count = static_cast<int32_t>(object.parts.size()),
                                .part_number_marker = marker,
                                .next_part_number_marker = marker,
                                .max_parts = most,
                                .is_truncated = false};
  // AWS: GetObjectAttributes, "Parts": only with additional checksums; without them the count alone is told.
  if (object.parts.front().checksums.empty())
    return GetObjectAttributesParts{.total_parts_count = page.total_parts_count};
  for (const PartSummary& part : object.parts) {
    const int32_t number = static_cast<int32_t>(part.number);
    if (number <= marker) continue;
    if (page.parts.size() == static_cast<size_t>(most)) {
      page.is_truncated = true;
      break;
    }
    ObjectPart entry{.part_number = number, .size = static_cast<int64_t>(part.size)};
    set_checksums(entry, part.checksums);
    page.parts.push_back(std::move(entry));
    page.next_part_number_marker = number;
  }
  return page;
}

}  // namespace

Result<std::vector<Need>> get_object_attributes_rights(S3&, Call& call, const GetObjectAttributesRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  std::vector<Need> needs = TRY(rights_to_read(call, bucket, *in.key, read_action(in), in.version_id));
  Need attributes = needs.front();
  attributes.action = in.version_id ? "s3:GetObjectVersionAttributes" : "s3:GetObjectAttributes";
  needs.push_back(std::move(attributes));
  return needs;
}

Result<GetObjectAttributesOutput> get_object_attributes(S3&, Call& call, const GetObjectAttributesRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  TRY(check_no_customer_key(in.sse_customer_algorithm, in.sse_customer_key));
  const ObjectRecord object = TRY(find_object(call, bucket, *in.key, in.version_id));
  GetObjectAttributesOutput out{.last_modified = object.modified, .version_id = told_version(bucket, object)};
  for (const std::string& attribute : in.object_attributes) {
    if (attribute == "ETag") out.e_tag = object.etag;
    if (attribute == "StorageClass") out.storage_class = object.settings.storage_class;
    if (attribute == "ObjectSize") out.object_size = static_cast<int64_t>(object.size);
    if (attribute == "ObjectParts" && !object.parts.empty()) out.object_parts = parts_page(in, object);
    if (attribute == "Checksum" && !object.checksums.empty()) {
      Checksum checksum{.checksum_type = object.checksum_type};
      // Observed: here a composite one is told without its number of parts.
      Pairs told = object.checksums;
      for (auto& [algorithm, value] : told) value.resize(std::min(value.size(), value.find('-')));
      set_checksums(checksum, told);
      out.checksum = std::move(checksum);
    }
  }
  return out;
}

}  // namespace tarn::s3
