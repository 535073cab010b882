// What EventBridge keeps: buses, rules, their targets, archives and replays. (Connections: door/api_destinations.h.)
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "store/table.h"

namespace tarn::events {

constexpr const char* kDefaultBus = "default";

struct BusKey {
  std::string owner, region, name;
  auto operator<=>(const BusKey&) const = default;
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.region, self.name); }
};
// The default bus is there without a record, and has one once something is said of it.
struct BusRecord {
  Time created, modified;
  std::optional<std::string> description = {}, dead_letter_queue = {}, log_level = {}, log_detail = {};
  std::optional<std::string> policy = {};  // JSON
  static void fields(auto& self, auto&& visit) {
    visit(self.created, self.modified, self.description, self.dead_letter_queue, self.log_level, self.log_detail,
          self.policy);
  }
};
// Changes with every change of the bus' rules, targets and archives: what has been compiled of them is then old.
struct BusVersion {
  uint64_t version = 0;
  static void fields(auto& self, auto&& visit) { visit(self.version); }
};

struct RuleKey {
  std::string owner, region, bus, name;
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.region, self.bus, self.name); }
};
struct RuleRecord {
  uint64_t id = 0;  // its targets hang on it
  std::optional<std::string> pattern, schedule, description, role_arn;
  std::string state = "ENABLED";
  std::string created_by;                  // account
  std::vector<std::string> subscriptions;  // of the outbox: "aws.s3:", "aws.", kReads
  bool enabled() const { return state != "DISABLED"; }
  // AWS: PutRule, State: CloudTrail's events of calls that only read, too.
  bool wants_reads() const { return state == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"; }
  static void fields(auto& self, auto&& visit) {
    visit(self.id, self.pattern, self.schedule, self.description, self.role_arn, self.state, self.created_by,
          self.subscriptions);
  }
};

struct TransformerRecord {
  std::map<std::string, std::string> paths;
  std::string text;
  static void fields(auto& self, auto&& visit) { visit(self.paths, self.text); }
};
struct RedshiftRecord {
  std::optional<std::string> secret, db_user, sql, statement_name;
  std::string database;
  std::optional<bool> with_event;
  std::vector<std::string> sqls;
  static void fields(auto& self, auto&& visit) {
    visit(self.secret, self.db_user, self.sql, self.statement_name, self.database, self.with_event, self.sqls);
  }
};
struct BatchRecord {
  std::string definition, name;
  std::optional<int32_t> array_size, attempts;
  static void fields(auto& self, auto&& visit) { visit(self.definition, self.name, self.array_size, self.attempts); }
};
struct HttpRecord {
  std::vector<std::string> path_values;
  std::map<std::string, std::string> headers, query;
  static void fields(auto& self, auto&& visit) { visit(self.path_values, self.headers, self.query); }
};

struct TargetKey {
  uint64_t rule = 0;
  std::string id;
  static void fields(auto& self, auto&& visit) { visit(self.rule, self.id); }
};
struct TargetRecord {
  std::string arn;
  std::optional<std::string> role_arn, input, input_path, message_group, partition_key_path, dead_letter_queue;
  std::optional<TransformerRecord> transformer;
  std::optional<RedshiftRecord> redshift;
  std::optional<BatchRecord> batch;
  std::optional<HttpRecord> http;
  std::optional<int32_t> retries, age_seconds;
  static void fields(auto& self, auto&& visit) {
    visit(self.arn, self.role_arn, self.input, self.input_path, self.message_group, self.partition_key_path,
          self.dead_letter_queue, self.transformer, self.redshift, self.batch, self.http, self.retries,
          self.age_seconds);
  }
};

struct ArchiveKey {
  std::string owner, region, name;
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.region, self.name); }
};
struct ArchiveRecord {
  uint64_t id = 0;  // its events hang on it
  std::string bus;  // its name
  std::optional<std::string> description = {}, pattern = {};
  int32_t retention_days = 0;  // 0: for ever
  int64_t events = 0, bytes = 0;
  Time created;
  std::vector<std::string> subscriptions = {};
  static void fields(auto& self, auto&& visit) {
    visit(self.id, self.bus, self.description, self.pattern, self.retention_days, self.events, self.bytes, self.created,
          self.subscriptions);
  }
};
struct ArchivedKey {
  uint64_t archive = 0;
  Time time;  // of the event, as it came
  std::string id;
  static void fields(auto& self, auto&& visit) { visit(self.archive, self.time, self.id); }
};
struct ArchivedRecord {
  std::string event;  // JSON
  static void fields(auto& self, auto&& visit) { visit(self.event); }
};

struct ReplayKey {
  std::string owner, region, name;
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.region, self.name); }
};
struct ReplayRecord {
  std::string archive, bus;  // names
  std::optional<std::string> description = {};
  std::vector<std::string> only_rules = {};  // ARNs
  std::string state = "STARTING";
  std::string position = {};  // encoded key of the event that was sent last
  Time from, to, started;
  std::optional<Time> ended = {}, last = {};
  static void fields(auto& self, auto&& visit) {
    visit(self.archive, self.bus, self.description, self.only_rules, self.state, self.position, self.from, self.to,
          self.started, self.ended, self.last);
  }
};

inline constexpr Table<BusKey, BusRecord> kBuses{"events.buses"};
inline constexpr Table<BusKey, BusVersion> kBusVersions{"events.versions"};
inline constexpr Table<RuleKey, RuleRecord> kRules{"events.rules"};
inline constexpr Table<TargetKey, TargetRecord> kTargets{"events.targets"};
inline constexpr Table<ArchiveKey, ArchiveRecord> kArchives{"events.archives"};
inline constexpr Table<ArchivedKey, ArchivedRecord> kArchived{"events.archived"};
inline constexpr Table<ReplayKey, ReplayRecord> kReplays{"events.replays"};

}  // namespace tarn::events
