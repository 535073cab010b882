#include "sql/engine/date_format.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <vector>

#include "base/text.h"
#include "base/time.h"

namespace tarn::sql::engine {
namespace {

constexpr std::array<const char*, 12> kMonths = {"January", "February", "March",     "April",   "May",      "June",
                                                 "July",    "August",   "September", "October", "November", "December"};
constexpr std::array<const char*, 7> kDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                              "Thursday", "Friday", "Saturday"};

// Longest first where one begins another.
constexpr std::array<const char*, 40> kPatterns = {
    "HH24", "HH12", "YYYY", "Y,YYY", "MONTH", "Month", "month", "SSSS", "YYY", "DAY", "Day", "day", "DDD", "MON",
    "Mon",  "mon",  "A.M.", "P.M.",  "a.m.",  "p.m.",  "IW",    "WW",   "HH",  "MI",  "SS",  "MS",  "US",  "YY",
    "MM",   "DD",   "DY",   "Dy",    "dy",    "AM",    "PM",    "am",   "pm",  "CC",  "TZ",  "OF"};
constexpr std::array<const char*, 4> kSingles = {"Y", "Q", "D", "W"};

struct Item {
  std::string pattern;  // empty: literal text
  std::string text;
  bool fill = true;  // padded
};

std::vector<Item> items(const std::string& format) {
  std::vector<Item> result;
  bool fill = true;
  const auto literal = [&](char c) {
    if (result.empty() || !result.back().pattern.empty()) result.push_back({"", "", true});
    result.back().text += c;
  };
  for (size_t i = 0; i < format.size();) {
    const std::string_view rest = std::string_view(format).substr(i);
    if (rest.starts_with("FM") || rest.starts_with("fm")) {
      fill = false;
      i += 2;
      continue;
    }
    if (rest[0] == '"') {
      const size_t end = format.find('"', i + 1);
      for (size_t k = i + 1; k < std::min(end, format.size()); ++k) literal(format[k]);
      i = end == std::string::npos ? format.size() : end + 1;
      continue;
    }
    const char* found = nullptr;
    const std::string up = upper(rest.substr(0, 5));
    for (const char* pattern : kPatterns) {
      const std::string_view p(pattern);
      const bool words = upper(p).starts_with("MON") || upper(p).starts_with("DAY") || upper(p) == "DY";
      if (words ? rest.starts_with(p) : up.starts_with(upper(p))) {
        found = pattern;
        break;
      }
    }
    if (!found) {
      for (const char* pattern : kSingles) {
        if (up[0] == pattern[0]) {
          found = pattern;
          break;
        }
      }
    }
    if (found) {
      result.push_back({found, std::string(rest.substr(0, std::string_view(found).size())), fill});
      i += std::string_view(found).size();
    } else {
      literal(rest[0]);
      ++i;
    }
  }
  return result;
}

std::string cased(const std::string& pattern, const std::string& word) {
  if (pattern == upper(pattern)) return upper(word);
  if (pattern == lower(pattern)) return lower(word);
  return word;
}

std::string digits(int64_t value, int width, bool fill) {
  std::string text = std::to_string(value);
  if (fill && static_cast<int>(text.size()) < width) text.insert(0, static_cast<size_t>(width) - text.size(), '0');
  return text;
}

std::string padded(std::string word, size_t width, bool fill) {
  if (fill && word.size() < width) word.append(width - word.size(), ' ');
  return word;
}

int day_of_year(const CivilTime& at) {
  const Time start = from_civil(at.year, 1, 1);
  return static_cast<int>((from_civil(at.year, at.month, at.day) - start) / kDay) + 1;
}

int iso_week(const CivilTime& at) {
  const int weekday = (at.weekday + 6) % 7;  // Monday 0
  const Time thursday = from_civil(at.year, at.month, at.day) + (3 - weekday) * kDay;
  return (day_of_year(civil(thursday)) - 1) / 7 + 1;
}

std::string print(const Item& item, const CivilTime& at) {
  const std::string p = upper(item.pattern);
  const bool fill = item.fill;
  if (p == "YYYY") return digits(at.year, 4, fill);
  if (p == "Y,YYY") return digits(at.year / 1000, 1, fill) + "," + digits(at.year % 1000, 3, true);
  if (p == "YYY") return digits(at.year % 1000, 3, fill);
  if (p == "YY") return digits(at.year % 100, 2, fill);
  if (p == "Y") return digits(at.year % 10, 1, fill);
  if (p == "CC") return digits((at.year + 99) / 100, 2, fill);
  if (p == "Q") return digits((at.month - 1) / 3 + 1, 1, fill);
  if (p == "MM") return digits(at.month, 2, fill);
  if (p == "MONTH") return padded(cased(item.pattern, kMonths[static_cast<size_t>(at.month) - 1]), 9, fill);
  if (p == "MON") return cased(item.pattern, std::string(kMonths[static_cast<size_t>(at.month) - 1]).substr(0, 3));
  if (p == "DAY") return padded(cased(item.pattern, kDays[static_cast<size_t>(at.weekday)]), 9, fill);
  if (p == "DY") return cased(item.pattern, std::string(kDays[static_cast<size_t>(at.weekday)]).substr(0, 3));
  if (p == "DDD") return digits(day_of_year(at), 3, fill);
  if (p == "DD") return digits(at.day, 2, fill);
  if (p == "D") return digits(at.weekday + 1, 1, fill);
  if (p == "WW") return digits((day_of_year(at) - 1) / 7 + 1, 2, fill);
  if (p == "IW") return digits(iso_week(at), 2, fill);
  if (p == "W") return digits((at.day - 1) / 7 + 1, 1, fill);
  if (p == "HH24") return digits(at.hour, 2, fill);
  if (p == "HH" || p == "HH12") return digits(at.hour % 12 == 0 ? 12 : at.hour % 12, 2, fill);
  if (p == "MI") return digits(at.minute, 2, fill);
  if (p == "SS") return digits(at.second, 2, fill);
  if (p == "SSSS") return digits(at.hour * 3600 + at.minute * 60 + at.second, 1, fill);
  if (p == "MS") return digits(at.micros / 1000, 3, fill);
  if (p == "US") return digits(at.micros, 6, fill);
  if (p == "AM" || p == "PM") return cased(item.pattern, at.hour < 12 ? "AM" : "PM");
  if (p == "A.M." || p == "P.M.") return cased(item.pattern, at.hour < 12 ? "A.M." : "P.M.");
  if (p == "TZ") return cased(item.pattern, "UTC");
  return "+00";
}

// Reads up to `width` digits.
std::optional<int> read_number(const std::string& text, size_t& at, size_t width) {
  size_t end = at;
  while (end < text.size() && end - at < width && std::isdigit(static_cast<unsigned char>(text[end]))) ++end;
  if (end == at) return std::nullopt;
  const auto value = parse_int(std::string_view(text).substr(at, end - at));
  at = end;
  return static_cast<int>(*value);
}

template <size_t n>
std::optional<int> read_name(const std::string& text, size_t& at, const std::array<const char*, n>& names, bool whole) {
  for (size_t i = 0; i < n; ++i) {
    const std::string name = whole ? names[i] : std::string(names[i]).substr(0, 3);
    if (equals_ignore_case(std::string_view(text).substr(at, name.size()), name)) {
      at += name.size();
      return static_cast<int>(i);
    }
  }
  return std::nullopt;
}

}  // namespace

std::string format_time(int64_t micros, const std::string& format) {
  const CivilTime at = civil(Time{micros});
  std::string result;
  for (const Item& item : items(format)) result += item.pattern.empty() ? item.text : print(item, at);
  return result;
}

std::optional<int64_t> parse_time(const std::string& text, const std::string& format) {
  int year = 1, month = 1, day = 1, hour = 0, minute = 0, second = 0, fraction = 0, year_day = 0;
  bool afternoon = false, halves = false;
  size_t at = 0;
  for (const Item& item : items(format)) {
    const std::string p = upper(item.pattern);
    std::optional<int> value;
    if (p.empty()) {
      for (size_t i = 0; i < item.text.size() && at < text.size(); ++i) {
        if (!std::isdigit(static_cast<unsigned char>(text[at]))) ++at;
      }
      continue;
    }
    while (at < text.size() && text[at] == ' ') ++at;
    if (at == text.size() && (p == "MS" || p == "US" || p.starts_with("HH") || p == "MI" || p == "SS")) break;
    if (p == "MONTH" || p == "MON") {
      value = read_name(text, at, kMonths, p == "MONTH");
      if (!value) return std::nullopt;
      month = *value + 1;
    } else if (p == "DAY" || p == "DY") {
      if (!read_name(text, at, kDays, p == "DAY")) return std::nullopt;
    } else if (p.ends_with("M") || p.ends_with("M.")) {
      if (p == "MM") {
        value = read_number(text, at, 2);
        if (!value) return std::nullopt;
        month = *value;
        continue;
      }
      halves = true;
      afternoon = at < text.size() && (text[at] == 'P' || text[at] == 'p');
      at += p.size();
    } else {
      const size_t width = p == "YYYY" ? 4 : p == "YYY" || p == "DDD" || p == "MS" ? 3 : p == "US" ? 6 : 2;
      const size_t before = at;
      value = read_number(text, at, width);
      if (!value) return std::nullopt;
      if (p == "YYYY")
        year = *value;
      else if (p == "YY")
        year = *value + (*value < 70 ? 2000 : 1900);
      else if (p == "DD")
        day = *value;
      else if (p == "DDD")
        year_day = *value;
      else if (p.starts_with("HH"))
        hour = *value;
      else if (p == "MI")
        minute = *value;
      else if (p == "SS")
        second = *value;
      else if (p == "MS" || p == "US") {
        fraction = *value;
        for (size_t read = at - before; read < 6; ++read) fraction *= 10;
      } else {
        return std::nullopt;
      }
    }
  }
  while (at < text.size() && text[at] == ' ') ++at;
  if (halves && afternoon && hour < 12) hour += 12;
  if (halves && !afternoon && hour == 12) hour = 0;
  if (month < 1 || month > 12 || day < 1 || hour > 24 || minute > 59 || second > 59) return std::nullopt;
  Time time = from_civil(year, month, day, hour, minute, second, fraction);
  const CivilTime back = civil(from_civil(year, month, day));
  if (back.month != month || back.day != day) return std::nullopt;  // 30 February
  if (year_day > 0) time = time + (year_day - 1) * kDay;
  return time.micros;
}

std::string format_number(double value, const std::string& format) {
  const bool fill = !upper(format).starts_with("FM");
  const std::string pattern = fill ? format : format.substr(2);
  size_t decimals = 0, places = 0, zeros = 0;
  bool point = false, grouped = false, sign = false;
  std::string money;
  for (const char c : pattern) {
    const char u = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    if (u == '9' || u == '0') {
      (point ? decimals : places) += 1;
      if (!point && (u == '0' || zeros > 0)) ++zeros;
    } else if (u == '.' || u == 'D') {
      point = true;
    } else if (u == ',' || u == 'G') {
      grouped = true;
    } else if (u == 'S') {
      sign = true;
    } else if (u == '$' || u == 'L') {
      money = "$";
    }
  }
  char buffer[400];
  std::snprintf(buffer, sizeof buffer, "%.*f", static_cast<int>(decimals), std::fabs(value));
  std::string text = buffer;
  std::string whole = text.substr(0, text.find('.'));
  const std::string rest = decimals > 0 ? text.substr(text.find('.')) : "";
  if (whole.size() > places && !(whole == "0"))
    return (fill ? " " : "") + std::string(places, '#') + (decimals ? "." + std::string(decimals, '#') : "");
  if (whole == "0" && zeros == 0 && places > 0 && decimals > 0) whole.clear();
  while (whole.size() < zeros) whole.insert(0, 1, '0');
  if (grouped) {
    for (ptrdiff_t at = static_cast<ptrdiff_t>(whole.size()) - 3; at > 0; at -= 3)
      whole.insert(static_cast<size_t>(at), 1, ',');
  }
  std::string result = (value < 0 ? "-" : sign ? "+" : fill ? " " : "") + money + whole + rest;
  const size_t commas = grouped ? (places - 1) / 3 : 0;
  const size_t width = places + commas + (decimals ? decimals + 1 : 0) + 1 + money.size();
  if (fill && result.size() < width) result.insert(0, width - result.size(), ' ');
  return result;
}

}  // namespace tarn::sql::engine
