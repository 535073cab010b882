// Events in the order of their times, out of chunks that overlap.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

#include "services/logs/logs.h"

namespace tarn::logs {

// One event's place; the same for ever. Events of one millisecond are in the order in which they came.
struct Position {
  int64_t time = 0;  // milliseconds
  uint64_t stream = 0, chunk = 0, index = 0;

  static Position before(int64_t time) { return {time, 0, 0, 0}; }  // before all events of that millisecond
  friend auto operator<=>(const Position&, const Position&) = default;
  // 56 digits, in the order of the positions.
  std::string text() const;
  static std::optional<Position> parse(std::string_view text);
};

struct Line {
  std::string message, stream;
  Time ingested;
};

struct Wanted {
  uint64_t group_id = 0;
  std::optional<uint64_t> stream_id;                          // else the whole group
  std::function<bool(const std::string&)> stream_named = {};  // .. but for other streams
  Position from;              // exclusive when it came from an event: the first one that may come is behind it
  int64_t until = INT64_MAX;  // milliseconds, inclusive
  bool reverse = false;       // then from the last one before `to` down to `from`
  Position to = {INT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};  // exclusive
};

// Calls `visit` for each event, in order, until it returns false.
Status read_events(Transaction& tx, const Wanted& wanted,
                   const std::function<bool(const Position&, const Line&)>& visit);

}  // namespace tarn::logs
