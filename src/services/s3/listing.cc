// Listings of objects.
#include "services/s3/listing.h"

#include <fmt/format.h>

#include "door/arn.h"
#include "gen/s3/handlers.h"
#include "services/s3/access.h"
#include "services/s3/errors.h"
#include "services/s3/objects.h"
#include "services/s3/s3.h"
#include "services/s3/versions.h"
#include "store/page_token.h"

namespace tarn::s3 {

Status check_encoding(const std::optional<std::string>& encoding_type) {
  if (!encoding_type || *encoding_type == "url") return {};
  return invalid_argument("Invalid Encoding Method specified in Request", "encoding-type", *encoding_type);
}

std::optional<std::string> told_delimiter(const Names& names, const std::string& delimiter) {
  if (delimiter.empty()) return std::nullopt;
  return names(std::string_view(delimiter));
}

Result<int32_t> page_size(const std::optional<int32_t>& asked, std::string_view argument) {
  if (!asked) return kMostPerPage;
  if (*asked < 0)
    return invalid_argument("Argument " + std::string(argument) + " must be an integer between 0 and 2147483647",
                            argument, std::to_string(*asked));
  return std::min(*asked, kMostPerPage);
}

namespace {

using ObjectCursor = Cursor<ObjectKey, ObjectRecord>;

// Walks a bucket's objects from a position on.
template <class TellObject, class TellGroup>
Result<WalkEnd> walk_objects(Call& call, const FoundBucket& bucket, const Walk& wanted, const Position& from,
                             TellObject tell, TellGroup group) {
  const uint64_t id = bucket.record.id;
  const auto encode = [&](std::string_view text) { return prefix_of(kObjects, id, Starts{text}); };
  ObjectCursor at = call.tx().cursor(kObjects, {.prefix = encode(wanted.prefix)});
  if (from.group) {
    at.seek_past(encode(from.key));
  } else if (!from.key.empty()) {
    at.seek({id, from.key});
    if (at.valid() && TRY(at.key()).key == from.key) at.next();
  }
  return walk(
      at, wanted, from, [](ObjectCursor& c) -> Result<std::string> { return TRY(c.key()).key; }, encode,
      [&](ObjectCursor& c) -> Status {
        tell(TRY(c.key()).key, TRY(c.record()));
        return {};
      },
      group);
}

Owner owner_of(const FoundBucket& bucket) {
  return Owner{.id = canonical_user_id(bucket.record.owner)};
}

// What Contents and Version say alike.
template <class Entry>
Entry entry_of(const Names& names, const std::string& key, const ObjectRecord& object) {
  Entry entry;
  entry.key = names(std::string_view(key));
  entry.last_modified = object.modified;
  entry.e_tag = quoted(object.etag);
  entry.size = static_cast<int64_t>(object.size);
  entry.storage_class = object.settings.storage_class;
  for (const auto& [algorithm, value] : object.checksums) entry.checksum_algorithm.push_back(algorithm);
  if (!object.checksum_type.empty()) entry.checksum_type = object.checksum_type;
  return entry;
}

// AWS: Service Authorization Reference, the condition keys of s3:ListBucket: there where the request has them.
template <class In>
std::vector<Need> listing_rights(const Call& call, const FoundBucket& bucket, const In& in, const char* action) {
  ContextKeys context;
  if (in.prefix) context["s3:prefix"] = {*in.prefix};
  if (in.delimiter) context["s3:delimiter"] = {*in.delimiter};
  if (in.max_keys) context["s3:max-keys"] = {std::to_string(*in.max_keys)};
  return {need_on_bucket(call, bucket, action, std::move(context))};
}

template <class In>
Result<Walk> walk_of(const In& in) {
  TRY(check_encoding(in.encoding_type));
  return Walk{.prefix = in.prefix.value_or(""),
              .delimiter = in.delimiter.value_or(""),
              .most = static_cast<size_t>(TRY(page_size(in.max_keys, "maxKeys")))};
}

}  // namespace

// --- ListObjectsV2 ----------------------------------------------------------------------------------------------------

Result<std::vector<Need>> list_objects_v2_rights(S3&, Call& call, const ListObjectsV2Request& in) {
  return listing_rights(call, TRY(find_bucket(call, in)), in, "s3:ListBucket");
}

namespace {

// A continuation token holds the position: 'k' and a key, or 'g' and a group.
std::string token_request(const FoundBucket& bucket, const Walk& wanted) {
  return fmt::format("ListObjectsV2\n{}\n{}\n{}", bucket.record.id, wanted.prefix, wanted.delimiter);
}

Result<Position> position_of(Call& call, const FoundBucket& bucket, const Walk& wanted,
                             const ListObjectsV2Request& in) {
  if (!in.continuation_token) return Position{in.start_after.value_or("")};
  const auto text = page_position(call.tx().store(), token_request(bucket, wanted), *in.continuation_token);
  if (!text || text->empty())
    return invalid_argument("The continuation token provided is incorrect", "continuation-token",
                            *in.continuation_token);
  return Position{text->substr(1), text->front() == 'g'};
}

}  // namespace

Result<ListObjectsV2Output> list_objects_v2(S3&, Call& call, const ListObjectsV2Request& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  const Walk wanted = TRY(walk_of(in));
  const Names names(in.encoding_type);
  ListObjectsV2Output out{.name = bucket.name,
                          .prefix = names(std::string_view(wanted.prefix)),
                          .delimiter = told_delimiter(names, wanted.delimiter),
                          .max_keys = static_cast<int32_t>(wanted.most),
                          .encoding_type = in.encoding_type,
                          .continuation_token = in.continuation_token,
                          .start_after = names(in.start_after)};
  const auto tell = [&](const std::string& key, const ObjectRecord& object) {
    Object entry = entry_of<Object>(names, key, object);
    if (in.fetch_owner.value_or(false)) entry.owner = owner_of(bucket);
    out.contents.push_back(std::move(entry));
  };
  const auto group = [&](const std::string& prefix) {
    out.common_prefixes.push_back({.prefix = names(std::string_view(prefix))});
  };
  const WalkEnd end = TRY(walk_objects(call, bucket, wanted, TRY(position_of(call, bucket, wanted, in)), tell, group));
  out.key_count = static_cast<int32_t>(out.contents.size() + out.common_prefixes.size());
  out.is_truncated = end.truncated;
  if (end.truncated)
    out.next_continuation_token =
        page_token(call.tx().store(), token_request(bucket, wanted), (end.last.group ? "g" : "k") + end.last.key);
  return out;
}

// --- ListObjects ------------------------------------------------------------------------------------------------------

Result<std::vector<Need>> list_objects_rights(S3&, Call& call, const ListObjectsRequest& in) {
  return listing_rights(call, TRY(find_bucket(call, in)), in, "s3:ListBucket");
}

Result<ListObjectsOutput> list_objects(S3&, Call& call, const ListObjectsRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  const Walk wanted = TRY(walk_of(in));
  const Names names(in.encoding_type);
  ListObjectsOutput out{.marker = names(std::string_view(in.marker.value_or(""))),
                        .name = bucket.name,
                        .prefix = names(std::string_view(wanted.prefix)),
                        .delimiter = told_delimiter(names, wanted.delimiter),
                        .max_keys = static_cast<int32_t>(wanted.most),
                        .encoding_type = in.encoding_type};
  const auto tell = [&](const std::string& key, const ObjectRecord& object) {
    Object entry = entry_of<Object>(names, key, object);
    // Recorded from AWS: whoever asks unsigned is not told of it.
    if (call.principal().kind != Principal::Kind::kAnonymous) entry.owner = owner_of(bucket);
    out.contents.push_back(std::move(entry));
  };
  const auto group = [&](const std::string& prefix) {
    out.common_prefixes.push_back({.prefix = names(std::string_view(prefix))});
  };
  const WalkEnd end = TRY(walk_objects(call, bucket, wanted, {in.marker.value_or("")}, tell, group));
  out.is_truncated = end.truncated;
  // AWS: ListObjects, "NextMarker": only with a delimiter; else the last key serves.
  if (end.truncated && !wanted.delimiter.empty()) out.next_marker = names(std::string_view(end.last.key));
  return out;
}

// --- ListObjectVersions -----------------------------------------------------------------------------------------------

Result<std::vector<Need>> list_object_versions_rights(S3&, Call& call, const ListObjectVersionsRequest& in) {
  return listing_rights(call, TRY(find_bucket(call, in)), in, "s3:ListBucketVersions");
}

namespace {

// All versions of a bucket's objects: the two tables as one list, by key and then the newest first.
class VersionCursor {
 public:
  VersionCursor(Call& call, uint64_t bucket, std::string_view prefix)
      : bucket_(bucket),
        objects_(call.tx().cursor(kObjects, {.prefix = prefix_of(kObjects, bucket, Starts{prefix})})),
        versions_(call.tx().cursor(kVersions, {.prefix = prefix_of(kVersions, bucket, Starts{prefix})})) {}

  bool valid() const { return objects_.valid() || versions_.valid(); }
  Status status() const {
    TRY(failed_);
    TRY(objects_.status());
    return versions_.status();
  }
  // REQUIRES: valid(), for what follows.
  Result<std::string> key() const { return TRY(at_object()) ? TRY(objects_.key()).key : TRY(versions_.key()).key; }
  Result<VersionRecord> record() const {
    if (TRY(at_object())) return VersionRecord{false, TRY(objects_.record())};
    return versions_.record();
  }
  // The latest of its key: what is current, or a marker of a key with nothing current.
  Result<bool> latest() const {
    if (TRY(at_object())) return true;
    return TRY(versions_.key()).key != shown_;
  }
  void next() {
    Result<std::string> passed = key();
    const Result<bool> object = at_object();
    if (!passed || !object) {
      failed_ = Failure(passed ? object.error() : passed.error());
      return;
    }
    shown_ = std::move(*passed);
    if (*object)
      objects_.next();
    else
      versions_.next();
  }
  // Behind all keys that start so.
  void seek_past(std::string_view text) {
    objects_.seek_past(prefix_of(kObjects, bucket_, Starts{text}));
    versions_.seek_past(prefix_of(kVersions, bucket_, Starts{text}));
  }
  // Behind one version of a key, which may have gone; without an order, behind all of the key.
  Status seek_behind(const std::string& key, std::optional<uint64_t> order) {
    objects_.seek({bucket_, key});
    if (objects_.valid() && TRY(objects_.key()).key == key) {
      const bool later = !order || TRY(objects_.record()).order >= *order;
      if (later) objects_.next();
      if (later) shown_ = key;  // so no earlier one is the latest
    }
    if (!order) {
      versions_.seek({bucket_, key, UINT64_MAX});
      if (versions_.valid() && TRY(versions_.key()).key == key) versions_.next();
      return {};
    }
    versions_.seek({bucket_, key, 0});
    while (versions_.valid() && TRY(versions_.key()).key == key && TRY(versions_.key()).age <= ~*order) {
      shown_ = key;
      versions_.next();
    }
    return {};
  }

 private:
  Result<bool> at_object() const {
    if (!objects_.valid() || !versions_.valid()) return objects_.valid();
    return TRY(objects_.key()).key <= TRY(versions_.key()).key;
  }

  uint64_t bucket_;
  ObjectCursor objects_;
  Cursor<VersionKey, VersionRecord> versions_;
  std::optional<std::string> shown_;  // the key of what was passed last
  Status failed_;
};

// Where the listing begins. ERRORS: InvalidArgument.
Status seek_versions(Call& call, const FoundBucket& bucket, const ListObjectVersionsRequest& in, VersionCursor& at) {
  const std::string key = in.key_marker.value_or(""), version = in.version_id_marker.value_or("");
  if (!version.empty() && !in.key_marker)
    return invalid_argument("A version-id marker cannot be specified without a key marker.", "version-id-marker",
                            version);
  if (key.empty() || key < in.prefix.value_or("")) return {};
  std::optional<uint64_t> order = order_of(version);
  if (!version.empty() && !order && version != "null")
    return invalid_argument("Invalid version id specified", "version-id-marker", version);
  if (version == "null")
    if (const auto null = TRY(find_version(call, bucket, key, version, Lock::kNone))) order = null->object.order;
  return at.seek_behind(key, order);
}

}  // namespace

Result<ListObjectVersionsOutput> list_object_versions(S3&, Call& call, const ListObjectVersionsRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  const Walk wanted = TRY(walk_of(in));
  const Names names(in.encoding_type);
  ListObjectVersionsOutput out{.key_marker = names(std::string_view(in.key_marker.value_or(""))),
                               .version_id_marker = in.version_id_marker.value_or(""),
                               .name = bucket.name,
                               .prefix = names(std::string_view(wanted.prefix)),
                               .delimiter = told_delimiter(names, wanted.delimiter),
                               .max_keys = static_cast<int32_t>(wanted.most),
                               .encoding_type = in.encoding_type};
  std::string last_id;
  const auto tell = [&](VersionCursor& at) -> Status {
    const std::string key = TRY(at.key());
    const VersionRecord version = TRY(at.record());
    last_id = version.object.version_id.empty() ? "null" : version.object.version_id;
    if (version.delete_marker) {
      out.delete_markers.push_back({.owner = owner_of(bucket),
                                    .key = names(std::string_view(key)),
                                    .version_id = last_id,
                                    .is_latest = TRY(at.latest()),
                                    .last_modified = version.object.modified});
      return {};
    }
    ObjectVersion entry = entry_of<ObjectVersion>(names, key, version.object);
    entry.version_id = last_id;
    entry.is_latest = TRY(at.latest());
    entry.owner = owner_of(bucket);
    out.versions.push_back(std::move(entry));
    return {};
  };
  const auto group = [&](const std::string& prefix) {
    out.common_prefixes.push_back({.prefix = names(std::string_view(prefix))});
  };
  VersionCursor at(call, bucket.record.id, wanted.prefix);
  TRY(seek_versions(call, bucket, in, at));
  const WalkEnd end = TRY(walk(
      at, wanted, Position{in.key_marker.value_or("")}, [](VersionCursor& c) { return c.key(); },
      [](std::string_view text) { return text; }, tell, group));
  out.is_truncated = end.truncated;
  if (end.truncated) {
    out.next_key_marker = names(std::string_view(end.last.key));
    if (!end.last.group) out.next_version_id_marker = last_id;
  }
  return out;
}

}  // namespace tarn::s3
