#include "pgwire/protocol.h"

#include <fmt/format.h>

#include "sql/sql_error.h"

namespace tarn::pgwire {
namespace {

// Bind, Close, CopyData, Copydone, Describe, Execute, Copyfail, Flush, function call, Parse, password, Query, Sync, Terminate.
constexpr std::string_view kTypes = "BCdcDEfFHPpQSX";

uint32_t big_endian(std::string_view bytes) {
  uint32_t value = 0;
  for (const char c : bytes.substr(0, 4)) value = value << 8 | static_cast<uint8_t>(c);
  return value;
}

}  // namespace

// --- reading --------------------------------------------------------------------------------------------------------

void MessageReader::feed(std::string_view bytes) {
  buffer_.erase(0, at_);
  at_ = 0;
  buffer_ += bytes;
}

Result<std::optional<Message>> MessageReader::next(bool startup, size_t limit) {
  const size_t head = startup ? 4 : 5;
  const std::string_view rest = std::string_view(buffer_).substr(at_);
  if (!startup && !rest.empty() && kTypes.find(rest[0]) == std::string_view::npos)
    return sql::sql_error(kProtocolViolation,
                          fmt::format("invalid frontend message type {}", static_cast<uint8_t>(rest[0])));
  if (rest.size() < head) return std::nullopt;
  const size_t length = big_endian(rest.substr(head - 4));
  if (length < 4 || length - 4 > limit)
    return sql::sql_error(kProtocolViolation,
                          fmt::format("invalid message length {}: at most {} bytes are taken here", length, limit));
  const size_t whole = head - 4 + length;
  if (rest.size() < whole) return std::nullopt;
  at_ += whole;
  return Message{startup ? '\0' : rest[0], rest.substr(head, length - 4)};
}

std::optional<char> MessageReader::following() const {
  if (at_ == buffer_.size()) return std::nullopt;
  return buffer_[at_];
}

uint64_t Fields::number(size_t size) {
  uint64_t value = 0;
  for (const char c : bytes(size)) value = value << 8 | static_cast<uint8_t>(c);
  return value;
}

std::string_view Fields::bytes(size_t size) {
  if (size > rest_.size()) {
    ok_ = false;
    rest_ = {};
    return {};
  }
  const std::string_view taken = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return taken;
}

std::string Fields::text() {
  const size_t end = rest_.find('\0');
  if (end == std::string_view::npos) {
    ok_ = false;
    rest_ = {};
    return {};
  }
  std::string taken(rest_.substr(0, end));
  rest_.remove_prefix(end + 1);
  return taken;
}

std::optional<std::string_view> Fields::value() {
  const int32_t size = int32();
  if (size == -1) return std::nullopt;
  if (size < 0) {
    ok_ = false;
    return std::nullopt;
  }
  return bytes(static_cast<size_t>(size));
}

// --- writing --------------------------------------------------------------------------------------------------------

Writer& Writer::begin(char type) {
  out_ += type;
  begun_ = out_.size();
  return int32(0);
}

void Writer::end() {
  const auto length = static_cast<uint32_t>(out_.size() - begun_);
  for (size_t i = 0; i < 4; ++i) out_[begun_ + i] = static_cast<char>(length >> (24 - 8 * i));
}

Writer& Writer::byte(uint8_t value) {
  out_ += static_cast<char>(value);
  return *this;
}
Writer& Writer::int16(int value) {
  return byte(static_cast<uint8_t>(value >> 8)).byte(static_cast<uint8_t>(value));
}
Writer& Writer::int32(int64_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) byte(static_cast<uint8_t>(value >> shift));
  return *this;
}
Writer& Writer::int64(int64_t value) {
  return int32(value >> 32).int32(value);
}
Writer& Writer::text(std::string_view value) {
  out_ += value.substr(0, value.find('\0'));
  return byte(0);
}
Writer& Writer::bytes(std::string_view value) {
  out_ += value;
  return *this;
}
Writer& Writer::value(std::string_view value) {
  return int32(static_cast<int64_t>(value.size())).bytes(value);
}

void write_report(std::string& out, char type, const std::vector<std::pair<char, std::string>>& fields) {
  Writer writer(out);
  writer.begin(type);
  for (const auto& [name, value] : fields) writer.byte(static_cast<uint8_t>(name)).text(value);
  writer.byte(0).end();
}

}  // namespace tarn::pgwire
