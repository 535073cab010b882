#include "wire/event_stream.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"
#include "wire/json_codec.h"
#include "wire/scalar.h"
#include "wire/types.h"
#include "wire/xml_codec.h"

namespace tarn::wire {
namespace {

// Layout: total length, headers length, CRC of these 8 bytes; headers; payload; CRC of all before it. All big-endian.
constexpr size_t kPrelude = 12, kTrailer = 4;
constexpr size_t kMaxMessage = 24 << 20;  // AWS: no message is longer
constexpr char kStringType = 7;

void put_u32(std::string& out, uint32_t value) {
  for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(value >> shift);
}

uint32_t get_u32(std::string_view bytes) {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

std::string crc_of(std::string_view bytes) {
  return digest(DigestKind::kCrc32, bytes);
}

Failure invalid(std::string_view why) {
  return fail(400, "InvalidEventStream", fmt::format("The event stream is invalid: {}.", why));
}

Result<std::vector<std::pair<std::string, std::string>>> decode_headers(std::string_view bytes) {
  std::vector<std::pair<std::string, std::string>> headers;
  while (!bytes.empty()) {
    const size_t name_size = static_cast<unsigned char>(bytes[0]);
    if (bytes.size() < 1 + name_size + 3) return invalid("a header is cut short");
    const std::string_view name = bytes.substr(1, name_size);
    bytes.remove_prefix(1 + name_size);
    if (bytes[0] != kStringType) return invalid(fmt::format("the header {} is no string", name));
    const size_t size =
        static_cast<size_t>(static_cast<unsigned char>(bytes[1])) << 8 | static_cast<unsigned char>(bytes[2]);
    if (bytes.size() < 3 + size) return invalid("a header is cut short");
    headers.emplace_back(name, bytes.substr(3, size));
    bytes.remove_prefix(3 + size);
  }
  return headers;
}

// An event's structure: its header members become headers, its payload member or all the others the payload.
void encode_members(const Service& service, const Shape& event, const void* value, EventMessage& message) {
  const bool xml = service.protocol == Protocol::kRestXml || service.protocol == Protocol::kQuery;
  bool has_members = false;
  for (const Field& field : event.fields) {
    const void* member = field.get(static_cast<const char*>(value) + field.offset);
    has_members |= !field.event_header;
    if (member == nullptr) continue;
    if (field.event_header) {
      message.headers.emplace_back(
          field.name, scalar_text(*field.shape, format_of(&field, *field.shape, TimestampFormat::kIso8601), member));
    }
    if (!field.event_payload) continue;
    if (field.shape->kind == Kind::kBlob) {
      message.headers.emplace_back(":content-type", "application/octet-stream");
      message.payload = static_cast<const Blob*>(member)->bytes;
    } else if (field.shape->kind == Kind::kString) {
      message.headers.emplace_back(":content-type", "text/plain");
      message.payload = *static_cast<const std::string*>(member);
    } else if (xml) {
      message.headers.emplace_back(":content-type", "text/xml");
      write_xml(message.payload, XmlDialect::kPlain, field.shape->name, {}, *field.shape, member);
    } else {
      message.headers.emplace_back(":content-type", "application/json");
      write_json(message.payload, *field.shape, member);
    }
    return;
  }
  if (!has_members) return;
  message.headers.emplace_back(":content-type", xml ? "text/xml" : "application/json");
  if (xml) {
    write_xml(message.payload, XmlDialect::kPlain, event.name, {}, event, value);
  } else {
    write_json(message.payload, event, value);
  }
}

}  // namespace

std::string_view EventMessage::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (key == name) return value;
  return {};
}

std::string encode_message(const EventMessage& message) {
  std::string headers;
  for (const auto& [name, value] : message.headers) {
    const size_t size = std::min<size_t>(value.size(), 0x7FFF);
    headers += static_cast<char>(name.size());
    headers += name;
    headers += kStringType;
    headers += static_cast<char>(size >> 8);
    headers += static_cast<char>(size);
    headers.append(value, 0, size);
  }
  std::string out;
  put_u32(out, static_cast<uint32_t>(kPrelude + headers.size() + message.payload.size() + kTrailer));
  put_u32(out, static_cast<uint32_t>(headers.size()));
  out += crc_of(out);
  out += headers;
  out += message.payload;
  out += crc_of(out);
  return out;
}

Result<std::optional<std::pair<EventMessage, size_t>>> decode_message(std::string_view bytes) {
  if (bytes.size() < kPrelude) return std::nullopt;
  const size_t total = get_u32(bytes), headers = get_u32(bytes.substr(4));
  if (crc_of(bytes.substr(0, 8)) != bytes.substr(8, 4)) return invalid("a prelude's checksum is wrong");
  if (total > kMaxMessage || total < kPrelude + kTrailer || headers > total - kPrelude - kTrailer) {
    return invalid("a message's lengths contradict each other");
  }
  if (bytes.size() < total) return std::nullopt;
  if (crc_of(bytes.substr(0, total - kTrailer)) != bytes.substr(total - kTrailer, kTrailer)) {
    return invalid("a message's checksum is wrong");
  }
  EventMessage message;
  message.headers = TRY(decode_headers(bytes.substr(kPrelude, headers)));
  message.payload = bytes.substr(kPrelude + headers, total - kPrelude - headers - kTrailer);
  return std::pair{std::move(message), total};
}

std::string encode_event(const Operation& operation, const void* value) {
  EventMessage message;
  message.headers.emplace_back(":message-type", "event");
  for (const Field& field : operation.event_stream->fields) {
    const void* event = field.get(static_cast<const char*>(value) + field.offset);
    if (event == nullptr) continue;
    message.headers.emplace_back(":event-type", field.wire_name);
    encode_members(*operation.service, *field.shape, event, message);
    break;
  }
  return encode_message(message);
}

std::string encode_event_error(std::string_view code, std::string_view message) {
  return encode_message(
      {{{":message-type", "error"}, {":error-code", std::string(code)}, {":error-message", std::string(message)}}, {}});
}

}  // namespace tarn::wire
