#include "wire/scalar.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "base/text.h"
#include "wire/types.h"

namespace tarn::wire {
namespace {

std::string unix_text(Time time) {
  const int64_t millis = time.millis();
  const int64_t seconds = Time::of_millis(millis).seconds();
  const int64_t fraction = millis - seconds * 1000;
  if (fraction == 0) return fmt::format("{}", seconds);
  if (seconds < 0) return fmt::format("{:.3f}", static_cast<double>(millis) / 1000);
  std::string text = fmt::format("{}.{:03}", seconds, fraction);
  while (text.back() == '0') text.pop_back();
  return text;
}

std::optional<Time> parse_unix(std::string_view text) {
  if (const auto seconds = parse_int(text)) {
    if (std::abs(static_cast<double>(*seconds)) > 9e12) return std::nullopt;
    return Time::of_seconds(*seconds);
  }
  const auto seconds = parse_double(text);
  if (!seconds || !std::isfinite(*seconds) || std::abs(*seconds) > 9e12) return std::nullopt;
  return Time{static_cast<int64_t>(std::llround(*seconds * 1e6))};
}

template <class T>
bool parse_integer(std::string_view text, void* value) {
  const auto number = parse_int(text);
  if (!number || *number < std::numeric_limits<T>::min() || *number > std::numeric_limits<T>::max()) return false;
  *static_cast<T*>(value) = static_cast<T>(*number);
  return true;
}

bool parse_boolean(std::string_view text, void* value) {
  const bool yes = text == "true" || text == "1";
  if (!yes && text != "false" && text != "0") return false;
  *static_cast<bool*>(value) = yes;
  return true;
}

template <class T>
bool parse_real(std::string_view text, void* value) {
  const auto number = parse_double(text);
  if (!number) return false;
  *static_cast<T*>(value) = static_cast<T>(*number);
  return true;
}

template <class T, class V>
bool assign(std::optional<T> parsed, V& into) {
  if (!parsed) return false;
  into = std::move(*parsed);
  return true;
}

}  // namespace

TimestampFormat format_of(const Field* field, const Shape& shape, TimestampFormat otherwise) {
  if (field != nullptr && field->timestamp_format != TimestampFormat::kDefault) return field->timestamp_format;
  return shape.timestamp_format != TimestampFormat::kDefault ? shape.timestamp_format : otherwise;
}

std::string time_text(TimestampFormat format, Time time) {
  switch (format) {
    case TimestampFormat::kUnix: return unix_text(time);
    case TimestampFormat::kRfc822: return http_date(time);
    default: return iso8601(Time::of_millis(time.millis()));
  }
}

std::optional<Time> parse_time(TimestampFormat format, std::string_view text) {
  switch (format) {
    case TimestampFormat::kUnix: return parse_unix(text);
    case TimestampFormat::kRfc822: return parse_http_date(text);
    default: return parse_iso8601(text);
  }
}

bool is_scalar(const Shape& shape) {
  return shape.kind <= Kind::kTimestamp;
}

std::string scalar_text(const Shape& shape, TimestampFormat format, const void* value) {
  switch (shape.kind) {
    case Kind::kBoolean: return *static_cast<const bool*>(value) ? "true" : "false";
    case Kind::kInteger: return fmt::format("{}", *static_cast<const int32_t*>(value));
    case Kind::kLong: return fmt::format("{}", *static_cast<const int64_t*>(value));
    case Kind::kFloat: {
      const float number = *static_cast<const float*>(value);  // the shortest text of a float, not of its double
      return std::isfinite(number) ? fmt::format("{}", number) : double_text(number);
    }
    case Kind::kDouble: return double_text(*static_cast<const double*>(value));
    case Kind::kString: return *static_cast<const std::string*>(value);
    case Kind::kBlob: return base64(static_cast<const Blob*>(value)->bytes);
    case Kind::kTimestamp: return time_text(format, *static_cast<const Time*>(value));
    default: return {};
  }
}

bool parse_scalar(const Shape& shape, TimestampFormat format, std::string_view text, void* value) {
  switch (shape.kind) {
    case Kind::kBoolean: return parse_boolean(text, value);
    case Kind::kInteger: return parse_integer<int32_t>(text, value);
    case Kind::kLong: return parse_integer<int64_t>(text, value);
    case Kind::kFloat: return parse_real<float>(text, value);
    case Kind::kDouble: return parse_real<double>(text, value);
    case Kind::kString: *static_cast<std::string*>(value) = text; return true;
    case Kind::kBlob: return assign(unbase64(text), static_cast<Blob*>(value)->bytes);
    case Kind::kTimestamp: return assign(parse_time(format, text), *static_cast<Time*>(value));
    default: return false;
  }
}

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::kBoolean: return "Boolean";
    case Kind::kInteger: return "Integer";
    case Kind::kLong: return "Long";
    case Kind::kFloat: return "Float";
    case Kind::kDouble: return "Double";
    case Kind::kString: return "String";
    case Kind::kBlob: return "Blob";
    case Kind::kTimestamp: return "Timestamp";
    case Kind::kDocument: return "Document";
    case Kind::kStructure: return "Structure";
    case Kind::kList: return "List";
    case Kind::kMap: return "Map";
  }
  return {};
}

}  // namespace tarn::wire
