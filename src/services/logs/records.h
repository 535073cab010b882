// What CloudWatch Logs keeps. Streams hang on their group's id, chunks of events on their stream's.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "store/table.h"

namespace tarn::logs {

struct GroupKey {
  std::string owner, region, name;
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.region, self.name); }
};
struct GroupRecord {
  uint64_t id = 0;
  Time created;
  std::string log_class = "STANDARD";
  int32_t retention_days = 0;  // 0: for ever
  bool deletion_protected = false;
  int32_t subscriptions = 0, metric_filters = 0;  // how many of each it has
  static void fields(auto& self, auto&& visit) {
    visit(self.id, self.created, self.log_class, self.retention_days, self.deletion_protected, self.subscriptions,
          self.metric_filters);
  }
};

struct StreamKey {
  uint64_t group_id = 0;
  std::string name;
  static void fields(auto& self, auto&& visit) { visit(self.group_id, self.name); }
};
struct StreamRecord {
  uint64_t id = 0;
  Time created;
  std::optional<int64_t> first_event, last_event;  // milliseconds
  std::optional<Time> last_ingestion;
  uint64_t bytes = 0;   // as AWS counts them: text and 26 a piece
  uint64_t chunks = 0;  // written so far: the next one's number
  static void fields(auto& self, auto&& visit) {
    visit(self.id, self.created, self.first_event, self.last_event, self.last_ingestion, self.bytes, self.chunks);
  }
};

// Events of one stream that came in one call, within kChunkSpan of each other and in the order of their times. So an
// append is one small record, whatever the stream holds already, and a reader from a moment on begins kChunkSpan
// earlier.
constexpr int64_t kChunkSpan = 5 * 60 * 1000;  // milliseconds

struct EventRecord {
  int64_t time = 0;  // milliseconds
  std::string message;
  static void fields(auto& self, auto&& visit) { visit(self.time, self.message); }
};
struct ChunkKey {
  uint64_t stream_id = 0;
  int64_t first = 0;    // the first event's time
  uint64_t number = 0;  // within the stream
  static void fields(auto& self, auto&& visit) { visit(self.stream_id, self.first, self.number); }
};
struct ChunkRecord {
  uint64_t group_id = 0;
  std::string stream;
  Time ingested;
  std::vector<EventRecord> events;
  static void fields(auto& self, auto&& visit) { visit(self.group_id, self.stream, self.ingested, self.events); }
};

// All chunks of a group in the order of time: what searches and retention go over.
inline constexpr Index<ChunkKey, ChunkRecord> kChunksByTime{
    "logs.chunks.by_time", [](const ChunkKey& key, const ChunkRecord& record, IndexKeys& keys) {
      keys.add(record.group_id, key.first, key.stream_id, key.number);
    }};
inline constexpr Index<ChunkKey, ChunkRecord> kChunkIndexes[] = {kChunksByTime};

// --- filters ----------------------------------------------------------------------------------------------------------

struct FilterKey {
  uint64_t group_id = 0;
  std::string name;
  static void fields(auto& self, auto&& visit) { visit(self.group_id, self.name); }
};
struct SubscriptionRecord {
  std::string pattern, destination;
  std::string principal;  // as which CloudWatch Logs may call the destination
  Time created;
  static void fields(auto& self, auto&& visit) { visit(self.pattern, self.destination, self.principal, self.created); }
};
struct TransformationRecord {
  std::string metric, space, value;
  std::optional<double> default_value;
  std::map<std::string, std::string> dimensions;
  std::optional<std::string> unit;
  static void fields(auto& self, auto&& visit) {
    visit(self.metric, self.space, self.value, self.default_value, self.dimensions, self.unit);
  }
};
struct MetricFilterRecord {
  std::string pattern, group;
  std::vector<TransformationRecord> transformations;
  Time created;
  static void fields(auto& self, auto&& visit) { visit(self.pattern, self.group, self.transformations, self.created); }
};

// --- what belongs to the account --------------------------------------------------------------------------------------

struct OwnedKey {
  std::string owner, region, name;  // a name, or an id
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.region, self.name); }
};
struct PolicyRecord {
  std::string document;
  Time updated;
  static void fields(auto& self, auto&& visit) { visit(self.document, self.updated); }
};
struct QueryRecord {
  std::string text, status;
  std::vector<std::string> groups;
  int64_t from = 0, to = 0;  // seconds
  int32_t limit = 0;
  Time created, ended;
  std::string principal;
  uint64_t scanned = 0, matched = 0, bytes = 0;
  static void fields(auto& self, auto&& visit) {
    visit(self.text, self.status, self.groups, self.from, self.to, self.limit, self.created, self.ended, self.principal,
          self.scanned, self.matched, self.bytes);
  }
};
// The rows that a query came to, beside its record: field and value of each cell.
struct QueryRowsRecord {
  std::vector<std::vector<std::pair<std::string, std::string>>> rows;
  static void fields(auto& self, auto&& visit) { visit(self.rows); }
};
struct DefinitionRecord {
  std::string name, text;
  std::vector<std::string> groups;
  Time modified;
  static void fields(auto& self, auto&& visit) { visit(self.name, self.text, self.groups, self.modified); }
};
struct ExportRecord {
  std::string name, group, stream_prefix, bucket, prefix, status, message;
  int64_t from = 0, to = 0;  // milliseconds
  Time created, ended;
  static void fields(auto& self, auto&& visit) {
    visit(self.name, self.group, self.stream_prefix, self.bucket, self.prefix, self.status, self.message, self.from,
          self.to, self.created, self.ended);
  }
};

struct AccountPolicyKey {
  std::string owner, region, type, name;
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.region, self.type, self.name); }
};
struct AccountPolicyRecord {
  std::string document, criteria;  // the criteria empty: of all groups
  Time updated;
  static void fields(auto& self, auto&& visit) { visit(self.document, self.criteria, self.updated); }
};
// What an account's subscription filter policy says, beside it: whoever writes events looks here.
struct AccountKey {
  std::string owner, region;
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.region); }
};
struct AccountSubscriptionRecord {
  std::string name;
  SubscriptionRecord filter;
  std::vector<std::string> excluded;  // groups
  static void fields(auto& self, auto&& visit) { visit(self.name, self.filter, self.excluded); }
};
struct GroupIdKey {
  uint64_t group_id = 0;
  static void fields(auto& self, auto&& visit) { visit(self.group_id); }
};

inline constexpr Table<AccountPolicyKey, AccountPolicyRecord> kAccountPolicies{"logs.account_policies"};
inline constexpr Table<AccountKey, AccountSubscriptionRecord> kAccountSubscriptions{"logs.account_subscriptions"};
inline constexpr Table<GroupIdKey, PolicyRecord> kGroupIndexes{"logs.group_indexes"};
inline constexpr Table<FilterKey, SubscriptionRecord> kSubscriptionFilters{"logs.subscriptions"};
inline constexpr Table<FilterKey, MetricFilterRecord> kMetricFilters{"logs.metric_filters"};
inline constexpr Table<OwnedKey, PolicyRecord> kPolicies{"logs.policies"};
inline constexpr Table<OwnedKey, QueryRecord> kQueries{"logs.queries"};
inline constexpr Table<OwnedKey, QueryRowsRecord> kQueryRows{"logs.query_rows"};
inline constexpr Table<OwnedKey, DefinitionRecord> kDefinitions{"logs.definitions"};
inline constexpr Table<OwnedKey, ExportRecord> kExports{"logs.exports"};

inline constexpr Table<GroupKey, GroupRecord> kGroups{"logs.groups"};
inline constexpr Table<StreamKey, StreamRecord> kStreams{"logs.streams"};
inline constexpr Table<ChunkKey, ChunkRecord> kChunks{"logs.chunks", kChunkIndexes};

}  // namespace tarn::logs
