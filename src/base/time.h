// Time: one point in time, UTC, in microseconds, with the text forms that AWS's protocols use. Pure.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tarn {

// Microseconds since 1970-01-01T00:00:00Z.
struct Time {
  int64_t micros = 0;

  static constexpr Time of_seconds(int64_t s) { return {s * 1'000'000}; }
  static constexpr Time of_millis(int64_t ms) { return {ms * 1'000}; }
  constexpr int64_t seconds() const { return micros >= 0 ? micros / 1'000'000 : -((-micros + 999'999) / 1'000'000); }
  constexpr int64_t millis() const { return micros >= 0 ? micros / 1'000 : -((-micros + 999) / 1'000); }
  friend constexpr auto operator<=>(const Time&, const Time&) = default;
};
// A length of time in microseconds.
using Micros = int64_t;
constexpr Time operator+(Time t, Micros d) { return {t.micros + d}; }
constexpr Micros operator-(Time a, Time b) { return a.micros - b.micros; }
constexpr Micros kSecond = 1'000'000, kMinute = 60 * kSecond, kHour = 60 * kMinute, kDay = 24 * kHour;

struct CivilTime {
  int year, month, day, hour, minute, second, weekday;  // weekday: 0 is Sunday
  int micros;
};
CivilTime civil(Time t);
Time from_civil(int year, int month, int day, int hour = 0, int minute = 0, int second = 0, int micros = 0);

// "2024-11-01T00:00:00Z", with ".123456" (3 or 6 digits) where there is a fraction.
std::string iso8601(Time t);
// "2024-11-01T00:00:00.000Z": always milliseconds (S3's listings).
std::string iso8601_millis(Time t);
// "Fri, 01 Nov 2024 00:00:00 GMT" (HTTP dates).
std::string http_date(Time t);
// "20241101T000000Z" and "20241101" (SigV4).
std::string basic_iso8601(Time t);
std::string basic_date(Time t);

// Parse the forms above; nullopt when the text is none of that form. iso8601 also takes offsets ("+02:00"),
// a blank for 'T', and a date alone.
std::optional<Time> parse_iso8601(std::string_view text);
std::optional<Time> parse_http_date(std::string_view text);
std::optional<Time> parse_basic_iso8601(std::string_view text);

// "30d", "12h", "90s", "15m", "1d12h", "2w": a length of time as people write it; nullopt when it is none.
std::optional<Micros> parse_duration(std::string_view text);

}  // namespace tarn
