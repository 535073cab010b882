// What CloudTrail keeps.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "store/table.h"

namespace tarn::cloudtrail {

// One condition of an advanced selector; basic selectors are kept as they came.
struct FieldRecord {
  std::string field;
  std::vector<std::string> equals, starts, ends, not_equals, not_starts, not_ends;
  static void fields(auto& self, auto&& visit) {
    visit(self.field, self.equals, self.starts, self.ends, self.not_equals, self.not_starts, self.not_ends);
  }
};
struct AdvancedRecord {
  std::optional<std::string> name;
  std::vector<FieldRecord> conditions;
  static void fields(auto& self, auto&& visit) { visit(self.name, self.conditions); }
};
struct DataRecord {
  std::string type;
  std::vector<std::string> values;
  static void fields(auto& self, auto&& visit) { visit(self.type, self.values); }
};
struct BasicRecord {
  std::string read_write = "All";  // "ReadOnly", "WriteOnly"
  bool management = true;
  std::vector<DataRecord> data;
  std::vector<std::string> excluded;  // sources of management events
  static void fields(auto& self, auto&& visit) { visit(self.read_write, self.management, self.data, self.excluded); }
};

// Log files of one region that no digest names yet, and the last digest.
struct DigestedFile {
  std::string object, hash;
  Time oldest, newest;
  static void fields(auto& self, auto&& visit) { visit(self.object, self.hash, self.oldest, self.newest); }
};
struct DigestRecord {
  std::vector<DigestedFile> files;
  std::optional<Time> until;  // its end
  std::string object, hash, signature;
  static void fields(auto& self, auto&& visit) {
    visit(self.files, self.until, self.object, self.hash, self.signature);
  }
};

struct TrailKey {
  std::string owner, region, name;  // its home region
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.region, self.name); }
};
struct TrailRecord {
  std::string bucket, bucket_region;
  std::optional<std::string> prefix;
  bool global_events = true, all_regions = false;
  bool logging = false;
  std::optional<Time> started, stopped, delivered;
  std::string delivery_error;
  // Files are written up to the one, and of a trail that stopped up to the other. On the system's time, as the audit log.
  Time written_until;
  std::optional<Time> ends;
  std::vector<BasicRecord> basic;  // neither: the default, all management events
  std::vector<AdvancedRecord> advanced;
  std::string log_group, log_role, topic_name, topic_arn;  // empty: none
  std::optional<Time> logged, notified;
  std::string log_error, topic_error;  // of the last time
  bool validates = false;              // there are digests, by region; they begin with what is written from then on
  std::map<std::string, DigestRecord> digests;
  Time digests_since;
  std::optional<Time> digested;
  std::string digest_error;
  static void fields(auto& self, auto&& visit) {
    visit(self.bucket, self.bucket_region, self.prefix, self.global_events, self.all_regions, self.logging,
          self.started, self.stopped, self.delivered, self.delivery_error, self.written_until, self.ends, self.basic,
          self.advanced, self.log_group, self.log_role, self.topic_name, self.topic_arn, self.logged, self.notified,
          self.log_error, self.topic_error, self.validates, self.digests, self.digests_since, self.digested,
          self.digest_error);
  }
};

// What a region's digests are signed with.
struct SignerKey {
  std::string owner, region;
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.region); }
};
struct SignerRecord {
  std::string key;  // PEM
  Time made;
  static void fields(auto& self, auto&& visit) { visit(self.key, self.made); }
};

inline constexpr Table<SignerKey, SignerRecord> kSigners{"cloudtrail.signers"};
inline constexpr Table<TrailKey, TrailRecord> kTrails{"cloudtrail.trails"};

}  // namespace tarn::cloudtrail
