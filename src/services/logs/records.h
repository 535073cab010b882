// What CloudWatch Logs keeps. Streams hang on their group's id, chunks of events on their stream's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
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
  static void fields(auto& self, auto&& visit) {
    visit(self.id, self.created, self.log_class, self.retention_days, self.deletion_protected);
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

inline constexpr Table<GroupKey, GroupRecord> kGroups{"logs.groups"};
inline constexpr Table<StreamKey, StreamRecord> kStreams{"logs.streams"};
inline constexpr Table<ChunkKey, ChunkRecord> kChunks{"logs.chunks", kChunkIndexes};

}  // namespace tarn::logs
