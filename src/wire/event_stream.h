// Event streams (application/vnd.amazon.eventstream): binary messages of headers and a payload, each with two checksums.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "wire/shape.h"

namespace tarn::wire {

// Header values are strings here: those of AWS's events all are.
struct EventMessage {
  std::vector<std::pair<std::string, std::string>> headers;
  std::string payload;
  // The header's value, or empty.
  std::string_view header(std::string_view name) const;
  friend bool operator==(const EventMessage&, const EventMessage&) = default;
};

std::string encode_message(const EventMessage& message);

// The first message of the bytes and how many bytes it took; nullopt: more bytes are needed.
// ERRORS: InvalidEventStream for a checksum that is wrong, a message over 24 MiB, or a header that is no string.
Result<std::optional<std::pair<EventMessage, size_t>>> decode_message(std::string_view bytes);

// One event: `event_stream` is the structure of the operation's events (Operation::event_stream), `value` the generated
// struct with exactly one member set. REQUIRES: one is set.
std::string encode_event(const Operation& operation, const void* value);

// The message that ends a stream with an error after its answer's head has been sent.
std::string encode_event_error(std::string_view code, std::string_view message);

}  // namespace tarn::wire
