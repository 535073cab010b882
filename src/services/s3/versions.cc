#include "services/s3/versions.h"

#include <algorithm>

#include "base/digest.h"
#include "base/text.h"
#include "os/random.h"
#include "services/s3/errors.h"

namespace tarn::s3 {
namespace {

constexpr std::string_view kNull = "null";
constexpr size_t kRandomBytes = 12;

std::string bytes_of(uint64_t value, size_t n) {
  std::string out(n, '\0');
  for (size_t i = n; i-- > 0; value >>= 8) out[i] = static_cast<char>(value & 0xFF);
  return out;
}

VersionKey key_of(const FoundBucket& bucket, const std::string& key, uint64_t order) {
  return {bucket.record.id, key, ~order};
}

FoundVersion found_in(const VersionRecord& record) {
  return {.object = record.object, .current = false, .delete_marker = record.delete_marker};
}

// The null version where it is not current.
Result<std::optional<FoundVersion>> earlier_null(Call& call, const FoundBucket& bucket, const std::string& key) {
  const auto page = TRY(call.tx().scan_index(
      kVersions, kNullVersions, {.prefix = index_prefix(kNullVersions, bucket.record.id, key), .limit = 1}));
  if (page.entries.empty()) return std::nullopt;
  return found_in(page.entries.front().record);
}

Result<std::optional<VersionRecord>> newest_earlier(Call& call, const FoundBucket& bucket, const std::string& key) {
  const auto page = TRY(call.tx().scan(kVersions, {.prefix = prefix_of(kVersions, bucket.record.id, key), .limit = 1}));
  if (page.entries.empty()) return std::nullopt;
  return page.entries.front().record;
}

// What is left of a key without a current object: its newest version takes that place, if it is an object.
Status promote(Call& call, const FoundBucket& bucket, const std::string& key) {
  const auto newest = TRY(newest_earlier(call, bucket, key));
  if (!newest || newest->delete_marker) return {};
  TRY(call.erase(kVersions, key_of(bucket, key, newest->object.order)));
  return call.put(kObjects, {bucket.record.id, key}, newest->object);
}

}  // namespace

// --- ids --------------------------------------------------------------------------------------------------------------

std::string new_version_id(uint64_t order) {
  std::string bytes = bytes_of(order, 8) + random_bytes(kRandomBytes);
  bytes += bytes_of(crc32c(0, bytes), 4);
  std::string id = base64(bytes);  // 32 letters, without an end
  std::ranges::replace(id, '+', '.');
  std::ranges::replace(id, '/', '_');
  return id;
}

std::optional<uint64_t> order_of(std::string_view version_id) {
  std::string text(version_id);
  std::ranges::replace(text, '.', '+');
  std::ranges::replace(text, '_', '/');
  const auto bytes = unbase64(text);
  if (!bytes || bytes->size() != 8 + kRandomBytes + 4) return std::nullopt;
  const std::string_view said(*bytes);
  if (bytes_of(crc32c(0, said.substr(0, 8 + kRandomBytes)), 4) != said.substr(8 + kRandomBytes)) return std::nullopt;
  uint64_t order = 0;
  for (const unsigned char byte : said.substr(0, 8)) order = order << 8 | byte;
  return order;
}

std::optional<std::string> told_version(const FoundBucket& bucket, const ObjectRecord& object) {
  if (!has_versions(bucket.record)) return std::nullopt;
  return object.version_id.empty() ? std::string(kNull) : object.version_id;
}

// --- finding ----------------------------------------------------------------------------------------------------------

Result<std::optional<FoundVersion>> find_version(Call& call, const FoundBucket& bucket, const std::string& key,
                                                 const std::string& version_id, Lock lock) {
  const bool null = version_id == kNull;
  const auto order = order_of(version_id);
  if (version_id.empty()) return invalid_argument("Version id cannot be the empty string", "versionId", version_id);
  if (!null && !order) return invalid_argument("Invalid version id specified", "versionId", version_id);
  auto current = TRY(call.get(kObjects, {bucket.record.id, key}, lock));
  if (current && current->version_id == (null ? "" : version_id))
    return FoundVersion{.object = std::move(*current), .current = true};
  if (null) return earlier_null(call, bucket, key);
  const auto earlier = TRY(call.get(kVersions, key_of(bucket, key, *order), lock));
  if (!earlier || earlier->object.version_id != version_id) return std::nullopt;
  return found_in(*earlier);
}

Result<std::optional<ObjectRecord>> latest_marker(Call& call, const FoundBucket& bucket, const std::string& key) {
  if (!has_versions(bucket.record)) return std::nullopt;
  const auto newest = TRY(newest_earlier(call, bucket, key));
  if (!newest || !newest->delete_marker) return std::nullopt;
  return newest->object;
}

Result<FoundVersion> asked_version(Call& call, const FoundBucket& bucket, const std::string& key,
                                   const std::optional<std::string>& version_id, std::string_view method) {
  std::optional<FoundVersion> found;
  if (version_id) {
    found = TRY(find_version(call, bucket, key, *version_id));
    if (!found) return no_such_version(key, *version_id);
    if (found->delete_marker) return refuse_marker(bucket, found->object, method);
    return std::move(*found);
  }
  auto current = TRY(call.get(kObjects, {bucket.record.id, key}));
  if (current) return FoundVersion{.object = std::move(*current), .current = true};
  if (const auto marker = TRY(latest_marker(call, bucket, key))) return refuse_marker(bucket, *marker, method);
  return no_such_key(key);
}

// --- changing ---------------------------------------------------------------------------------------------------------

void stamp_version(Call& call, const FoundBucket& bucket, ObjectRecord& object) {
  object.order = call.tx().store().next_id();
  object.version_id = keeps_versions(bucket.record) ? new_version_id(object.order) : "";
}

Status make_way(S3& s3, Call& call, const FoundBucket& bucket, const std::string& key,
                const std::optional<ObjectRecord>& current) {
  const bool keeps = keeps_versions(bucket.record);
  if (current) {
    const bool stays = keeps || !current->version_id.empty();
    if (stays)
      TRY(call.put(kVersions, key_of(bucket, key, current->order), {false, *current}));
    else
      TRY(s3.blobs.release(call.tx(), current->segments));
  }
  if (keeps || !has_versions(bucket.record)) return {};
  const auto null = TRY(earlier_null(call, bucket, key));
  if (!null) return {};
  TRY(s3.blobs.release(call.tx(), null->object.segments));
  return call.erase(kVersions, key_of(bucket, key, null->object.order));
}

Status remove_version(S3& s3, Call& call, const FoundBucket& bucket, const std::string& key,
                      const FoundVersion& version) {
  TRY(s3.blobs.release(call.tx(), version.object.segments));
  if (!version.current) {
    TRY(call.erase(kVersions, key_of(bucket, key, version.object.order)));
    if (TRY(call.get(kObjects, {bucket.record.id, key}))) return {};
    return promote(call, bucket, key);
  }
  TRY(call.erase(kObjects, {bucket.record.id, key}));
  return promote(call, bucket, key);
}

Status save_version(Call& call, const FoundBucket& bucket, const std::string& key, const FoundVersion& version) {
  if (version.current) return call.put(kObjects, {bucket.record.id, key}, version.object);
  return call.put(kVersions, key_of(bucket, key, version.object.order), {version.delete_marker, version.object});
}

Failure refuse_marker(const FoundBucket& bucket, const ObjectRecord& marker, std::string_view method) {
  return refuse(405, "MethodNotAllowed", "The specified method is not allowed against this resource.",
                {{"Method", std::string(method)},
                 {"ResourceType", "DeleteMarker"},
                 {"header:Allow", "DELETE"},
                 {"header:Last-Modified", http_date(marker.modified)},
                 {"header:x-amz-delete-marker", "true"},
                 {"header:x-amz-version-id", told_version(bucket, marker).value_or("null")}});
}

}  // namespace tarn::s3
