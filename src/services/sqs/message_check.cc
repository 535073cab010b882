#include "services/sqs/message_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"
#include "base/text.h"
#include "store/codec.h"

namespace tarn::sqs {
namespace {

constexpr size_t kMostAttributes = 10;  // AWS: SQS Developer Guide, "Amazon SQS message metadata"
constexpr std::string_view kTraceHeader = "AWSTraceHeader";

Failure invalid(std::string message) {
  return fail(400, "InvalidParameterValue", std::move(message));
}

void append_sized(std::string& out, std::string_view text) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(text.size() >> shift & 0xff);
  out += text;
}

bool is_type(std::string_view type, std::string_view kind) {
  return type == kind || (type.starts_with(kind) && type.size() > kind.size() && type[kind.size()] == '.');
}

// A letter beyond ASCII that begins there: its length; 0: none. (Up to U+00BF there are signs, few letters.)
size_t foreign_letter(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char first = byte(0);
  if (first < 0xc3) return 0;
  if (first == 0xc3 && (byte(1) == 0x97 || byte(1) == 0xb7)) return 0;  // the signs of multiplication and division
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

bool is_name(std::string_view name) {
  for (size_t at = 0; at < name.size();) {
    const unsigned char c = static_cast<unsigned char>(name[at]);
    const size_t length = c >= 0x80                                             ? foreign_letter(name, at)
                          : std::isalnum(c) || c == '_' || c == '-' || c == '.' ? 1
                                                                                : 0;
    if (length == 0) return false;
    at += length;
  }
  return true;
}

Status check_name(std::string_view name) {
  if (name.empty() || name.size() > 256)
    return invalid("Length of message attribute name must be less than 256 bytes, and greater than 0.");
  if (!is_name(name) || name.starts_with('.') || name.ends_with('.') || name.find("..") != std::string_view::npos)
    return invalid(
        fmt::format("Invalid attribute name '{}': it can contain letters, digits, _, -, and single periods "
                    "that neither begin nor end it.",
                    name));
  const std::string small = lower(name);
  if (small.starts_with("aws.") || small.starts_with("amazon."))
    return invalid(
        fmt::format("You cannot use message attribute name '{}' because of using reserved prefixes 'AWS.' or "
                    "'Amazon.'.",
                    name));
  return {};
}

// The length of the UTF-8 character that begins there, if XML 1.0 may hold it; else 0.
size_t character(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return first >= 0x20 || first == 0x9 || first == 0xa || first == 0xd ? 1 : 0;
  if (first < 0xe0) return 2;
  if (first < 0xf0) return first == 0xef && byte(1) == 0xbf && byte(2) >= 0xbe ? 0 : 3;  // U+FFFE and U+FFFF
  return 4;
}

// Where the first one is that it may not.
std::optional<size_t> bad_character(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const size_t length = character(text, at);
    if (length == 0) return at;
    at += length;
  }
  return std::nullopt;
}

// Of user attributes and of system attributes.
template <class Value>
Result<AttributeRecord> read_attribute(std::string_view name, const Value& value) {
  const std::string type = value.data_type.value_or("");
  if (type.empty() || type.size() > 256)
    return invalid(fmt::format("The message attribute '{}' must contain non-empty message attribute type.", name));
  const bool binary = is_type(type, "Binary");
  if (!binary && !is_type(type, "String") && !is_type(type, "Number"))
    return invalid(
        fmt::format("The type of message (user) attribute '{}' is invalid. You must use only the following supported "
                    "type prefixes: Binary, Number, String.",
                    name));
  if (!value.string_list_values.empty() || !value.binary_list_values.empty())
    return invalid(
        fmt::format("Message attribute list values in SendMessage operation are not supported: '{}'.", name));
  const bool there = binary ? value.binary_value && !value.binary_value->bytes.empty()
                            : value.string_value && !value.string_value->empty();
  if (!there)
    return invalid(
        fmt::format("Message (user) attribute '{}' must contain a non-empty value of type '{}'.", name, type));
  if (binary ? value.string_value.has_value() : value.binary_value.has_value())
    return invalid(fmt::format("Message attribute '{}' has a value of another type than '{}' as well.", name, type));
  if (!binary && bad_character(*value.string_value))
    return invalid(fmt::format("Message (user) attribute '{}' contains characters that are not valid.", name));
  if (is_type(type, "Number") && !parse_double(*value.string_value))
    return invalid(fmt::format("Can't cast the value of message (user) attribute '{}' to a number.", name));
  return AttributeRecord{type, binary ? value.binary_value->bytes : *value.string_value};
}

}  // namespace

std::string md5_of_attributes(const Attributes& attributes) {
  std::string bytes;
  for (const auto& [name, attribute] : attributes) {
    append_sized(bytes, name);
    append_sized(bytes, attribute.type);
    bytes += is_type(attribute.type, "Binary") ? '\2' : '\1';
    append_sized(bytes, attribute.value);
  }
  return hex(md5(bytes));
}

Result<Attributes> read_attributes(const wire::Map<MessageAttributeValue>& given) {
  if (given.size() > kMostAttributes)
    return invalid(fmt::format("Number of message attributes [{}] exceeds the allowed maximum [{}].", given.size(),
                               kMostAttributes));
  Attributes attributes;
  for (const auto& [name, value] : given) {
    TRY(check_name(name));
    attributes[name] = TRY(read_attribute(name, value));
  }
  return attributes;
}

Result<std::string> read_system_attributes(const wire::Map<MessageSystemAttributeValue>& given) {
  std::string trace;
  for (const auto& [name, value] : given) {
    if (name != kTraceHeader) return invalid(fmt::format("Message system attribute name '{}' is invalid.", name));
    trace = TRY(read_attribute(name, value)).value;
  }
  return trace;
}

Attributes trace_attribute(const std::string& trace_header) {
  return {{std::string(kTraceHeader), AttributeRecord{"String", trace_header}}};
}

Status check_body(std::string_view body) {
  if (body.empty()) return fail(400, "MissingParameter", "The request must contain the parameter MessageBody.");
  if (const auto at = bad_character(body))
    return fail(
        400, "InvalidMessageContents",
        fmt::format("Invalid characters found at byte {}. Valid unicode characters are #x9 | #xA | #xD | #x20 to "
                    "#xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
                    *at));
  return {};
}

Status check_token(std::string_view value, std::string_view parameter) {
  const bool marks = std::ranges::all_of(value, [](unsigned char c) { return c > 0x20 && c < 0x7f; });
  if (!value.empty() && value.size() <= 128 && marks) return {};
  return invalid(
      fmt::format("Value {} for parameter {} is invalid. Reason: {} can only include alphanumeric and punctuation "
                  "characters. 1 to 128 in length.",
                  value.substr(0, 256), parameter, parameter));
}

size_t message_size(std::string_view body, const Attributes& attributes) {
  size_t size = body.size();
  for (const auto& [name, attribute] : attributes) size += name.size() + attribute.type.size() + attribute.value.size();
  return size;
}

std::string receipt_handle(const Receipt& receipt) {
  std::string bytes;
  codec::append_fixed64(bytes, receipt.queue_id);
  codec::append_fixed64(bytes, receipt.number);
  codec::append_fixed64(bytes, receipt.receipt);
  codec::append_fixed64(bytes, crc32c(0, bytes));
  return base64(bytes);
}

std::optional<Receipt> read_receipt_handle(std::string_view text) {
  const auto bytes = unbase64(text);
  if (!bytes || bytes->size() != 32) return std::nullopt;
  codec::Source in{*bytes};
  const Receipt receipt{in.fixed64(), in.fixed64(), in.fixed64()};
  if (in.fixed64() != crc32c(0, std::string_view(*bytes).substr(0, 24))) return std::nullopt;
  return receipt;
}

}  // namespace tarn::sqs
