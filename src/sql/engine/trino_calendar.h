// The civil calendar, and a cursor over texts: what dates in texts share. Pure.
#pragma once

#include <array>
#include <cctype>
#include <cstdint>
#include <optional>
#include <string>

#include "base/text.h"
#include "sql/engine/trino.h"

namespace tarn::sql::engine::trino {

inline constexpr int64_t kDay = 86'400'000'000LL;
inline constexpr std::array<const char*, 12> kMonths = {"January",   "February", "March",    "April",
                                                        "May",       "June",     "July",     "August",
                                                        "September", "October",  "November", "December"};
inline constexpr std::array<const char*, 7> kDays = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                     "Friday", "Saturday", "Sunday"};

struct Civil {
  int32_t year = 1970, month = 1, day = 1;
  int64_t hour = 0, minute = 0, second = 0, micro = 0;
  duckdb::date_t date;  // set by civil_of
};

// Of microseconds since 1970, and back; nullopt: there is no such day or time.
Civil civil_of(int64_t micros);
std::optional<int64_t> micros_of(const Civil& c);

// Reads a text from left to right.
struct Cursor {
  const std::string& text;
  size_t at = 0;
  bool done() const { return at >= text.size(); }
  char peek() const { return done() ? '\0' : text[at]; }
  bool take(char c) {
    if (peek() != c) return false;
    ++at;
    return true;
  }
  std::optional<int64_t> digits(size_t least, size_t most) {
    size_t end = at;
    while (end < text.size() && end - at < most && std::isdigit(static_cast<unsigned char>(text[end]))) ++end;
    if (end - at < least || end == at) return std::nullopt;
    const auto n = parse_int(std::string(text.substr(at, end - at)));
    at = end;
    return n;
  }
  // .678: microseconds
  std::optional<int64_t> fraction() {
    const size_t from = at;
    if (!digits(1, 18)) return std::nullopt;
    return parse_int((text.substr(from, at - from) + "000000").substr(0, 6));
  }
  template <size_t N>
  std::optional<size_t> name(const std::array<const char*, N>& names, bool short_form) {
    for (const bool whole : {true, false}) {
      if (!whole && !short_form) continue;
      for (size_t i = 0; i < N; ++i) {
        const std::string wanted = whole ? std::string(names[i]) : std::string(names[i]).substr(0, 3);
        if (!equals_ignore_case(text.substr(at, wanted.size()), wanted)) continue;
        at += wanted.size();
        return i;
      }
    }
    return std::nullopt;
  }
};

std::string two(int64_t n);  // 07
std::string padded(int64_t n, size_t width);

int32_t iso_week(const Civil& c);
int32_t iso_year(const Civil& c);
int32_t weekday(const Civil& c);  // 1: Monday

}  // namespace tarn::sql::engine::trino
