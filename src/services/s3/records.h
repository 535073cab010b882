// What S3 keeps in the store.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "blob/blobs.h"
#include "store/table.h"

namespace tarn::s3 {

// --- buckets --------------------------------------------------------------------------------------------------------

struct BucketKey {
  std::string name;  // one space of names for all accounts and regions
  static void fields(auto& self, auto&& visit) { visit(self.name); }
};

struct PublicAccessBlock {
  bool block_public_acls = false;
  bool ignore_public_acls = false;
  bool block_public_policy = false;
  bool restrict_public_buckets = false;
  static void fields(auto& self, auto&& visit) {
    visit(self.block_public_acls, self.ignore_public_acls, self.block_public_policy, self.restrict_public_buckets);
  }
};

constexpr const char* kVersioningEnabled = "Enabled";

// How long new objects that say nothing themselves are retained: days or years.
struct RetentionRule {
  std::string mode;
  int32_t days = 0, years = 0;
  static void fields(auto& self, auto&& visit) { visit(self.mode, self.days, self.years); }
};

struct BucketRecord {
  uint64_t id = 0;  // objects and uploads hang on it: a bucket made anew under an old name is another bucket
  std::string owner;
  std::string region;
  Time created;
  std::optional<std::string> policy;
  bool policy_is_public = false;  // as bucket_policy.h judges it
  std::optional<PublicAccessBlock> public_access_block;
  // The policy as it is judged, and whom it is bound to (door/policy_binding.h).
  std::string bound_policy;
  std::map<std::string, std::string> policy_principals;
  std::string versioning;    // "Enabled", "Suspended"; empty: it never was
  std::string acceleration;  // "Suspended" once that was said
  bool bucket_key = false;
  bool locks_objects = false;
  std::optional<RetentionRule> default_retention;
  static void fields(auto& self, auto&& visit) {
    visit(self.id, self.owner, self.region, self.created, self.policy, self.policy_is_public, self.public_access_block,
          self.bound_policy, self.policy_principals, self.versioning, self.acceleration, self.bucket_key,
          self.locks_objects, self.default_retention);
  }
};

inline constexpr Index<BucketKey, BucketRecord> kBucketsByOwner{
    "s3.buckets.by_owner",
    [](const BucketKey& key, const BucketRecord& record, IndexKeys& keys) { keys.add(record.owner, key.name); }};
inline constexpr Index<BucketKey, BucketRecord> kBucketIndexes[] = {kBucketsByOwner};
inline constexpr Table<BucketKey, BucketRecord> kBuckets{"s3.buckets", kBucketIndexes};

// --- objects --------------------------------------------------------------------------------------------------------

using Pairs = std::vector<std::pair<std::string, std::string>>;

// What keeps a version from being deleted (object_lock.h).
struct ObjectLock {
  std::string mode;  // "GOVERNANCE", "COMPLIANCE"; empty: it is not retained
  Time until;
  std::string legal_hold;  // "ON", "OFF"; empty: it never was
  static void fields(auto& self, auto&& visit) { visit(self.mode, self.until, self.legal_hold); }
};

// What a client says of an object beside its bytes.
struct ObjectSettings {
  std::string content_type;
  std::optional<std::string> cache_control;
  std::optional<std::string> content_disposition;
  std::optional<std::string> content_encoding;
  std::optional<std::string> content_language;
  std::optional<Time> expires;
  std::optional<std::string> website_redirect_location;
  Pairs metadata;  // names in lower case, without "x-amz-meta-"
  std::string storage_class;
  std::map<std::string, std::string> tags;
  ObjectLock lock;
  static void fields(auto& self, auto&& visit) {
    visit(self.content_type, self.cache_control, self.content_disposition, self.content_encoding, self.content_language,
          self.expires, self.website_redirect_location, self.metadata, self.storage_class, self.tags, self.lock);
  }
};

// Of an object that was uploaded in parts: what is left of them.
struct PartSummary {
  uint32_t number = 0;
  uint64_t size = 0;
  Pairs checksums;  // algorithm ("CRC32"), base64
  static void fields(auto& self, auto&& visit) { visit(self.number, self.size, self.checksums); }
};

struct ObjectKey {
  uint64_t bucket = 0;
  std::string key;
  static void fields(auto& self, auto&& visit) { visit(self.bucket, self.key); }
};

struct ObjectRecord {
  std::string etag;  // without quotes
  uint64_t size = 0;
  Time modified;  // whole seconds, as every answer tells it
  std::vector<Segment> segments;
  ObjectSettings settings;
  Pairs checksums;            // algorithm, base64 (a composite one with "-N")
  std::string checksum_type;  // "FULL_OBJECT" or "COMPOSITE"; empty without checksums
  std::vector<PartSummary> parts;
  std::string version_id;  // empty: the null version
  uint64_t order = 0;      // later versions of a key have greater ones
  static void fields(auto& self, auto&& visit) {
    visit(self.etag, self.size, self.modified, self.segments, self.settings, self.checksums, self.checksum_type,
          self.parts, self.version_id, self.order);
  }
};

// What is under each key now: its latest version, unless that is a delete marker.
inline constexpr Table<ObjectKey, ObjectRecord> kObjects{"s3.objects"};

struct VersionKey {
  uint64_t bucket = 0;
  std::string key;
  uint64_t age = 0;  // ~order: the newest comes first
  static void fields(auto& self, auto&& visit) { visit(self.bucket, self.key, self.age); }
};

struct VersionRecord {
  bool delete_marker = false;
  ObjectRecord object;  // of a marker: when it was made, its id and order
  static void fields(auto& self, auto&& visit) { visit(self.delete_marker, self.object); }
};

inline constexpr Index<VersionKey, VersionRecord> kNullVersions{
    "s3.versions.null", [](const VersionKey& key, const VersionRecord& record, IndexKeys& keys) {
      if (record.object.version_id.empty()) keys.add(key.bucket, key.key);
    }};
inline constexpr Index<VersionKey, VersionRecord> kVersionIndexes[] = {kNullVersions};
// The versions before the latest, and all delete markers (versions.h).
inline constexpr Table<VersionKey, VersionRecord> kVersions{"s3.versions", kVersionIndexes};

// --- multipart uploads ----------------------------------------------------------------------------------------------

struct UploadKey {
  uint64_t bucket = 0;
  std::string key;
  std::string id;  // ids of one key sort by when they were made
  static void fields(auto& self, auto&& visit) { visit(self.bucket, self.key, self.id); }
};

struct UploadRecord {
  Time initiated;
  std::string initiator_id;  // an ARN, or the canonical id of an account
  std::string initiator_name;
  ObjectSettings settings;
  std::string checksum_algorithm;  // empty: none was asked for
  std::string checksum_type;
  static void fields(auto& self, auto&& visit) {
    visit(self.initiated, self.initiator_id, self.initiator_name, self.settings, self.checksum_algorithm,
          self.checksum_type);
  }
};

inline constexpr Table<UploadKey, UploadRecord> kUploads{"s3.uploads"};

struct PartKey {
  std::string upload;
  uint32_t number = 0;
  static void fields(auto& self, auto&& visit) { visit(self.upload, self.number); }
};

struct PartRecord {
  std::string etag;
  uint64_t size = 0;
  Time modified;
  std::vector<Segment> segments;
  Pairs checksums;
  static void fields(auto& self, auto&& visit) {
    visit(self.etag, self.size, self.modified, self.segments, self.checksums);
  }
};

inline constexpr Table<PartKey, PartRecord> kParts{"s3.parts"};

}  // namespace tarn::s3
