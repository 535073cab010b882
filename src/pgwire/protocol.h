// Messages of PostgreSQL's frontend/backend protocol, version 3: taken from bytes, and written to them. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tarn::pgwire {

constexpr uint32_t kProtocol3 = 3 << 16;
constexpr uint32_t kCancelRequest = (1234 << 16) | 5678;
constexpr uint32_t kSslRequest = (1234 << 16) | 5679;
constexpr uint32_t kGssRequest = (1234 << 16) | 5680;

constexpr std::string_view kProtocolViolation = "08P01";

// A message of the client's. `body` lives until the next call of the reader that gave it.
struct Message {
  char type = 0;  // 0: a startup packet, which has no type
  std::string_view body;
};

// Cuts a stream of bytes into messages. Holds at most one message and what was fed behind it.
class MessageReader {
 public:
  void feed(std::string_view bytes);
  // nullopt: the next message is not whole yet. `limit`: of its length in bytes.
  // ERRORS: SqlError 08P01: a length that cannot be, or beyond the limit; a type that no client sends.
  Result<std::optional<Message>> next(bool startup, size_t limit);
  // The type of the message behind the one given last, if that much has come.
  std::optional<char> following() const;
  bool empty() const { return at_ == buffer_.size(); }

 private:
  std::string buffer_;
  size_t at_ = 0;
};

// Reads a message's fields in order. Beyond the end everything is 0 or empty, and ok() is false.
class Fields {
 public:
  explicit Fields(std::string_view body) : rest_(body) {}

  uint8_t byte() { return static_cast<uint8_t>(number(1)); }
  int16_t int16() { return static_cast<int16_t>(number(2)); }
  int32_t int32() { return static_cast<int32_t>(number(4)); }
  uint32_t uint32() { return static_cast<uint32_t>(number(4)); }
  std::string text();  // up to a zero byte
  std::string_view bytes(size_t size);
  // As many bytes as an int32 says; nullopt where it says -1.
  std::optional<std::string_view> value();

  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }

 private:
  uint64_t number(size_t size);

  std::string_view rest_;
  bool ok_ = true;
};

// Appends messages of the server's to a buffer.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  Writer& begin(char type);
  Writer& byte(uint8_t value);
  Writer& int16(int value);
  Writer& int32(int64_t value);
  Writer& int64(int64_t value);
  Writer& text(std::string_view value);   // with a zero byte; ends at a zero byte of its own
  Writer& bytes(std::string_view value);  // as they are
  Writer& value(std::string_view value);  // with its length
  Writer& null() { return int32(-1); }
  // Fills in the length of the message that was begun last.
  void end();

 private:
  std::string& out_;
  size_t begun_ = 0;
};

// ErrorResponse ('E') or NoticeResponse ('N') of those fields: {'C', "42P01"} ..
void write_report(std::string& out, char type, const std::vector<std::pair<char, std::string>>& fields);

}  // namespace tarn::pgwire
