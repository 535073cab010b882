#include "base/time.h"

#include <charconv>
#include <cstdio>

namespace tarn {
namespace {

// Days since 1970-01-01 of a proleptic Gregorian date, and back (Howard Hinnant's civil calendar formulas).
int64_t days_from_civil(int64_t y, unsigned m, unsigned d) {
  y -= m <= 2;
  const int64_t era = (y >= 0 ? y : y - 399) / 400;
  const unsigned yoe = static_cast<unsigned>(y - era * 400);
  const unsigned doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
  const unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return era * 146097 + static_cast<int64_t>(doe) - 719468;
}

constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Reads exactly `digits` digits at `at`, advancing it; -1 when they are not there.
int digits_at(std::string_view text, size_t& at, size_t digits) {
  if (at + digits > text.size()) return -1;
  int value = 0;
  for (size_t i = 0; i < digits; ++i) {
    const char c = text[at + i];
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  at += digits;
  return value;
}

bool literal_at(std::string_view text, size_t& at, char c) {
  if (at >= text.size() || text[at] != c) return false;
  ++at;
  return true;
}

bool valid(int month, int day, int hour, int minute, int second) {
  return month >= 1 && month <= 12 && day >= 1 && day <= 31 && hour >= 0 && hour <= 24 && minute >= 0 && minute <= 59 &&
         second >= 0 && second <= 60;
}

template <class... A>
std::string print(const char* format, A... a) {
  char buffer[64];
  const int n = std::snprintf(buffer, sizeof buffer, format, a...);
  return std::string(buffer, static_cast<size_t>(n));
}

}  // namespace

CivilTime civil(Time t) {
  const int64_t s = t.seconds();
  int64_t z = s >= 0 ? s / 86400 : -((-s + 86399) / 86400);
  const int rest = static_cast<int>(s - z * 86400);
  const int weekday = static_cast<int>(((z + 4) % 7 + 7) % 7);
  z += 719468;
  const int64_t era = (z >= 0 ? z : z - 146096) / 146097;
  const unsigned doe = static_cast<unsigned>(z - era * 146097);
  const unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const unsigned mp = (5 * doy + 2) / 153;
  const unsigned day = doy - (153 * mp + 2) / 5 + 1;
  const unsigned month = mp < 10 ? mp + 3 : mp - 9;
  const int64_t year = static_cast<int64_t>(yoe) + era * 400 + (month <= 2);
  return {.year = static_cast<int>(year), .month = static_cast<int>(month), .day = static_cast<int>(day),
          .hour = rest / 3600, .minute = rest / 60 % 60, .second = rest % 60, .weekday = weekday,
          .micros = static_cast<int>(t.micros - s * 1'000'000)};
}

Time from_civil(int year, int month, int day, int hour, int minute, int second, int micros) {
  const int64_t days = days_from_civil(year, static_cast<unsigned>(month), static_cast<unsigned>(day));
  const int64_t seconds = (int64_t{hour} * 60 + minute) * 60 + second;
  return {(days * 86400 + seconds) * 1'000'000 + micros};
}

std::string iso8601(Time t) {
  const CivilTime c = civil(t);
  std::string text = print("%04d-%02d-%02dT%02d:%02d:%02d", c.year, c.month, c.day, c.hour, c.minute, c.second);
  if (c.micros % 1000 != 0) text += print(".%06d", c.micros);
  else if (c.micros != 0) text += print(".%03d", c.micros / 1000);
  return text + "Z";
}

std::string iso8601_millis(Time t) {
  const CivilTime c = civil(t);
  return print("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", c.year, c.month, c.day, c.hour, c.minute, c.second,
               c.micros / 1000);
}

std::string http_date(Time t) {
  const CivilTime c = civil(t);
  return print("%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[c.weekday], c.day, kMonths[c.month - 1], c.year, c.hour,
               c.minute, c.second);
}

std::string basic_iso8601(Time t) {
  const CivilTime c = civil(t);
  return print("%04d%02d%02dT%02d%02d%02dZ", c.year, c.month, c.day, c.hour, c.minute, c.second);
}

std::string basic_date(Time t) { return basic_iso8601(t).substr(0, 8); }

std::optional<Time> parse_iso8601(std::string_view text) {
  size_t at = 0;
  const int year = digits_at(text, at, 4);
  if (year < 0 || !literal_at(text, at, '-')) return std::nullopt;
  const int month = digits_at(text, at, 2);
  if (month < 0 || !literal_at(text, at, '-')) return std::nullopt;
  const int day = digits_at(text, at, 2);
  if (day < 0) return std::nullopt;
  if (at == text.size()) {
    if (!valid(month, day, 0, 0, 0)) return std::nullopt;
    return from_civil(year, month, day);
  }
  if (text[at] != 'T' && text[at] != 't' && text[at] != ' ') return std::nullopt;
  ++at;
  const int hour = digits_at(text, at, 2);
  if (hour < 0 || !literal_at(text, at, ':')) return std::nullopt;
  const int minute = digits_at(text, at, 2);
  if (minute < 0) return std::nullopt;
  int second = 0, micros = 0;
  if (literal_at(text, at, ':')) {
    second = digits_at(text, at, 2);
    if (second < 0) return std::nullopt;
  }
  if (at < text.size() && (text[at] == '.' || text[at] == ',')) {
    ++at;
    int place = 100'000;
    const size_t first = at;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, place /= 10) micros += (text[at] - '0') * place;
    if (at == first) return std::nullopt;
  }
  int offset = 0;
  if (at < text.size() && (text[at] == 'Z' || text[at] == 'z')) {
    ++at;
  } else if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
    const int sign = text[at] == '-' ? -1 : 1;
    ++at;
    const int h = digits_at(text, at, 2);
    literal_at(text, at, ':');
    const int m = at < text.size() ? digits_at(text, at, 2) : 0;
    if (h < 0 || m < 0) return std::nullopt;
    offset = sign * (h * 60 + m);
  }
  if (at != text.size() || !valid(month, day, hour, minute, second)) return std::nullopt;
  return from_civil(year, month, day, hour, minute, second, micros) + -offset * kMinute;
}

std::optional<Time> parse_http_date(std::string_view text) {
  // "Fri, 01 Nov 2024 00:00:00 GMT"
  const size_t comma = text.find(", ");
  if (comma == std::string_view::npos) return std::nullopt;
  size_t at = comma + 2;
  const int day = digits_at(text, at, 2);
  if (day < 0 || at + 5 > text.size()) return std::nullopt;
  const char separator = text[at++];
  if (separator != ' ' && separator != '-') return std::nullopt;
  int month = 0;
  for (int i = 0; i < 12; ++i)
    if (text.substr(at, 3) == kMonths[i]) month = i + 1;
  at += 3;
  if (month == 0 || !literal_at(text, at, separator)) return std::nullopt;
  const int year = digits_at(text, at, 4);
  if (year < 0 || !literal_at(text, at, ' ')) return std::nullopt;
  const int hour = digits_at(text, at, 2);
  if (hour < 0 || !literal_at(text, at, ':')) return std::nullopt;
  const int minute = digits_at(text, at, 2);
  if (minute < 0 || !literal_at(text, at, ':')) return std::nullopt;
  const int second = digits_at(text, at, 2);
  if (second < 0 || !valid(month, day, hour, minute, second)) return std::nullopt;
  const std::string_view zone = text.substr(at);
  if (zone != " GMT" && zone != " UTC" && zone != " +0000" && zone != " Z") return std::nullopt;
  return from_civil(year, month, day, hour, minute, second);
}

std::optional<Time> parse_basic_iso8601(std::string_view text) {
  size_t at = 0;
  const int year = digits_at(text, at, 4), month = digits_at(text, at, 2), day = digits_at(text, at, 2);
  if (year < 0 || month < 0 || day < 0 || !literal_at(text, at, 'T')) return std::nullopt;
  const int hour = digits_at(text, at, 2), minute = digits_at(text, at, 2), second = digits_at(text, at, 2);
  if (hour < 0 || minute < 0 || second < 0 || !literal_at(text, at, 'Z') || at != text.size()) return std::nullopt;
  if (!valid(month, day, hour, minute, second)) return std::nullopt;
  return from_civil(year, month, day, hour, minute, second);
}

std::optional<Micros> parse_duration(std::string_view text) {
  if (text.empty()) return std::nullopt;
  Micros total = 0;
  while (!text.empty()) {
    int64_t n = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (error != std::errc{} || n < 0) return std::nullopt;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    if (text.empty()) return std::nullopt;
    Micros unit = 0;
    switch (text[0]) {
      case 's': unit = kSecond; break;
      case 'm': unit = kMinute; break;
      case 'h': unit = kHour; break;
      case 'd': unit = kDay; break;
      case 'w': unit = 7 * kDay; break;
      default: return std::nullopt;
    }
    text.remove_prefix(1);
    if (n > INT64_MAX / unit || total > INT64_MAX - n * unit) return std::nullopt;
    total += n * unit;
  }
  return total;
}

}  // namespace tarn
