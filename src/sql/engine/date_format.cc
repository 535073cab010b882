#include "sql/engine/date_format.h"

#include <algorithm>
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
constexpr std::array<const char*, 54> kPatterns = {
    "HH24", "HH12", "IYYY", "IDDD", "YYYY", "Y,YYY", "MONTH", "Month", "month", "SSSS", "A.M.", "P.M.", "a.m.", "p.m.",
    "B.C.", "A.D.", "b.c.", "a.d.", "IYY",  "YYY",   "DAY",   "Day",   "day",   "DDD",  "MON",  "Mon",  "mon",  "IW",
    "IY",   "ID",   "WW",   "HH",   "MI",   "SS",    "MS",    "US",    "YY",    "MM",   "DD",   "DY",   "Dy",   "dy",
    "RM",   "rm",   "AM",   "PM",   "am",   "pm",    "BC",    "AD",    "CC",    "TZ",   "OF",   "FX"};
constexpr std::array<const char*, 6> kSingles = {"Y", "Q", "D", "W", "I", "J"};
constexpr std::array<const char*, 12> kRoman = {"I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"};

struct Item {
  std::string pattern;  // empty: literal text
  std::string text;
  bool fill = true;  // padded
  std::string ending = "";  // "TH" or "th" behind a number
};

// Does the pattern print a number?
bool is_number(std::string_view pattern) {
  const std::string p = upper(pattern);
  static constexpr std::string_view kWords[] = {"MONTH", "MON",  "DAY",  "DY",   "RM",   "AM", "PM", "BC",
                                                "AD",    "A.M.", "P.M.", "B.C.", "A.D.", "TZ", "OF"};
  return std::find(std::begin(kWords), std::end(kWords), p) == std::end(kWords);
}

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
    if (found && std::string_view(found) == "FX") {  // exact matching: what TO_DATE does anyway
      i += 2;
      continue;
    }
    if (found) {
      result.push_back({found, std::string(rest.substr(0, std::string_view(found).size())), fill});
      i += std::string_view(found).size();
      const std::string behind = format.substr(i, 2);
      if ((behind == "TH" || behind == "th") && is_number(found)) {
        result.back().ending = behind;
        i += 2;
      }
      fill = true;  // FM is for the next pattern only
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

// The year that the date's ISO week belongs to.
int iso_year(const CivilTime& at) {
  const int week = iso_week(at);
  if (week == 1 && at.month == 12) return at.year + 1;
  return week >= 52 && at.month == 1 ? at.year - 1 : at.year;
}

int64_t julian_day(const CivilTime& at) {
  return (from_civil(at.year, at.month, at.day) - from_civil(2000, 1, 1)) / kDay + 2'451'545;
}

const char* ordinal(const std::string& number) {
  const size_t n = number.size();
  if (n > 1 && number[n - 2] == '1') return "TH";
  const char last = number.back();
  return last == '1' ? "ST" : last == '2' ? "ND" : last == '3' ? "RD" : "TH";
}

std::string print(const Item& item, const CivilTime& at) {
  const std::string p = upper(item.pattern);
  const bool fill = item.fill;
  if (p == "IYYY") return digits(iso_year(at), 4, fill);
  if (p == "IYY") return digits(iso_year(at) % 1000, 3, fill);
  if (p == "IY") return digits(iso_year(at) % 100, 2, fill);
  if (p == "I") return digits(iso_year(at) % 10, 1, fill);
  if (p == "ID") return digits(at.weekday == 0 ? 7 : at.weekday, 1, fill);
  if (p == "IDDD") return digits((iso_week(at) - 1) * 7 + (at.weekday == 0 ? 7 : at.weekday), 3, fill);
  if (p == "J") return digits(julian_day(at), 1, fill);
  if (p == "RM") return padded(cased(item.text, kRoman[static_cast<size_t>(at.month) - 1]), 4, fill);
  if (p == "BC" || p == "AD") return cased(item.text, at.year > 0 ? "AD" : "BC");
  if (p == "B.C." || p == "A.D.") return cased(item.text, at.year > 0 ? "A.D." : "B.C.");
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
  if (p == "AM" || p == "PM") return cased(item.text, at.hour < 12 ? "AM" : "PM");
  if (p == "A.M." || p == "P.M.") return cased(item.text, at.hour < 12 ? "A.M." : "P.M.");
  if (p == "TZ") return cased(item.text, "UTC");
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
  for (const Item& item : items(format)) {
    const std::string text = item.pattern.empty() ? item.text : print(item, at);
    result += text;
    if (!item.ending.empty()) result += item.ending == "th" ? lower(ordinal(text)) : ordinal(text);
  }
  return result;
}

namespace {

// What a text says, field by field.
struct Fields {
  int year = 1, month = 1, day = 1, hour = 0, minute = 0, second = 0, fraction = 0;
  int year_day = 0, week = 0, iso_year = 0, iso_week = 0, iso_day = 1, seconds_of_day = -1, offset_minutes = 0;
  int64_t julian = 0;
  bool afternoon = false, halves = false, before_christ = false;
};

int century_of(int two_digits) {
  return two_digits + (two_digits < 70 ? 2000 : 1900);
}

// +01, -0530, +05:30, UTC, Z
bool read_offset(const std::string& text, size_t& at, Fields& out) {
  if (equals_ignore_case(std::string_view(text).substr(at, 3), "UTC") ||
      equals_ignore_case(std::string_view(text).substr(at, 3), "GMT")) {
    at += 3;
    return true;
  }
  if (at < text.size() && (text[at] == 'Z' || text[at] == 'z')) {
    ++at;
    return true;
  }
  if (at >= text.size() || (text[at] != '+' && text[at] != '-')) return false;
  const int sign = text[at++] == '-' ? -1 : 1;
  const auto hours = read_number(text, at, 2);
  if (!hours) return false;
  if (at < text.size() && text[at] == ':') ++at;
  const auto minutes = read_number(text, at, 2);
  out.offset_minutes = sign * (*hours * 60 + minutes.value_or(0));
  return true;
}

bool read_word(const std::string& p, const std::string& text, size_t& at, Fields& out) {
  if (p == "MONTH" || p == "MON") {
    const auto month = read_name(text, at, kMonths, p == "MONTH");
    if (month) out.month = *month + 1;
    return month.has_value();
  }
  if (p == "DAY" || p == "DY") return read_name(text, at, kDays, p == "DAY").has_value();
  if (p == "RM") {
    for (size_t i = kRoman.size(); i-- > 0;) {
      const std::string_view name = kRoman[i];
      const size_t end = at + name.size();
      const bool whole = end >= text.size() || !std::isalpha(static_cast<unsigned char>(text[end]));
      if (!whole || !equals_ignore_case(std::string_view(text).substr(at, name.size()), name)) continue;
      at = end;
      out.month = static_cast<int>(i) + 1;
      return true;
    }
    return false;
  }
  if (p == "TZ" || p == "OF") return read_offset(text, at, out);
  const char first = at < text.size() ? static_cast<char>(std::toupper(static_cast<unsigned char>(text[at]))) : 0;
  if (p == "BC" || p == "AD" || p == "B.C." || p == "A.D.") {
    out.before_christ = first == 'B';
  } else {
    out.halves = true;
    out.afternoon = first == 'P';
  }
  if (first != 'A' && first != 'P' && first != 'B') return false;
  at += p.size();
  return true;
}

bool read_value(const std::string& p, const std::string& text, size_t& at, Fields& out) {
  static constexpr std::pair<std::string_view, size_t> kWidths[] = {
      {"YYYY", 4}, {"IYYY", 4}, {"YYY", 3}, {"IYY", 3}, {"DDD", 3}, {"IDDD", 3}, {"MS", 3}, {"US", 6},
      {"SSSS", 5}, {"J", 8},    {"Y", 1},   {"I", 1},   {"Q", 1},   {"D", 1},    {"ID", 1}, {"W", 1}};
  if (p == "Y,YYY") {
    const auto thousands = read_number(text, at, 2);
    if (!thousands || at >= text.size() || text[at++] != ',') return false;
    const auto rest = read_number(text, at, 3);
    if (rest) out.year = *thousands * 1000 + *rest;
    return rest.has_value();
  }
  size_t width = 2;
  for (const auto& [name, digits] : kWidths)
    if (name == p) width = digits;
  const size_t before = at;
  const auto value = read_number(text, at, width);
  if (!value) return false;
  if (p == "YYYY") out.year = *value;
  else if (p == "YYY") out.year = *value + (*value < 100 ? 2000 : *value < 520 ? 2000 : 1000);
  else if (p == "YY") out.year = century_of(*value);
  else if (p == "Y") out.year = 2000 + *value;
  else if (p == "IYYY") out.iso_year = *value;
  else if (p == "IYY" || p == "IY" || p == "I") out.iso_year = century_of(*value % 100);
  else if (p == "MM") out.month = *value;
  else if (p == "DD") out.day = *value;
  else if (p == "DDD") out.year_day = *value;
  else if (p == "WW") out.week = *value;
  else if (p == "IW") out.iso_week = *value;
  else if (p == "ID") out.iso_day = *value;
  else if (p == "J") out.julian = *value;
  else if (p.starts_with("HH")) out.hour = *value;
  else if (p == "MI") out.minute = *value;
  else if (p == "SS") out.second = *value;
  else if (p == "SSSS") out.seconds_of_day = *value;
  else if (p == "MS" || p == "US") {
    out.fraction = *value;
    for (size_t read = at - before; read < 6; ++read) out.fraction *= 10;
  }
  return true;
}

std::optional<int64_t> time_of(Fields f, bool strict) {
  if (f.before_christ) f.year = 1 - f.year;
  if (f.halves && f.hour > 12) return std::nullopt;
  if (f.halves && f.afternoon && f.hour < 12) f.hour += 12;
  if (f.halves && !f.afternoon && f.hour == 12) f.hour = 0;
  const bool date_fits = f.month >= 1 && f.month <= 12 && f.day >= 1 && f.day <= 31;
  if (!date_fits || f.hour > 24 || f.minute > 59 || f.second > 59) return std::nullopt;
  Time date = from_civil(f.year, f.month, 1) + (f.day - 1) * kDay;
  if (strict && civil(date).month != f.month) return std::nullopt;  // 30 February
  if (f.year_day > 0) date = from_civil(f.year, 1, 1) + (f.year_day - 1) * kDay;
  if (f.week > 0) date = from_civil(f.year, 1, 1) + (f.week - 1) * 7 * kDay;
  if (f.julian > 0) date = from_civil(2000, 1, 1) + (f.julian - 2'451'545) * kDay;
  if (f.iso_week > 0) {
    const Time fourth = from_civil(f.iso_year > 0 ? f.iso_year : f.year, 1, 4);
    date = fourth + ((f.iso_week - 1) * 7 + f.iso_day - 1 - (civil(fourth).weekday + 6) % 7) * kDay;
  }
  const int64_t seconds = f.seconds_of_day >= 0 ? f.seconds_of_day : f.hour * 3600 + f.minute * 60 + f.second;
  return date.micros + (seconds - f.offset_minutes * 60) * 1'000'000 + f.fraction;
}

}  // namespace

std::optional<int64_t> parse_time(const std::string& text, const std::string& format, bool strict) {
  Fields fields;
  size_t at = 0;
  while (at < text.size() && text[at] == ' ') ++at;
  const auto all = items(format);
  const bool whole_seconds = std::none_of(all.begin(), all.end(), [](const Item& item) {
    return equals_ignore_case(item.pattern, "US") || equals_ignore_case(item.pattern, "MS");
  });
  for (const Item& item : all) {
    const std::string p = upper(item.pattern);
    if (p.empty()) {
      for (size_t i = 0; i < item.text.size() && at < text.size(); ++i) {
        if (!std::isdigit(static_cast<unsigned char>(text[at]))) ++at;
      }
      continue;
    }
    while (at < text.size() && text[at] == ' ') ++at;
    if (at == text.size()) break;  // what the text does not say is as it begins
    if (!(is_number(p) ? read_value(p, text, at, fields) : read_word(p, text, at, fields))) return std::nullopt;
    if (strict && whole_seconds && p == "SS" && at + 1 < text.size() && text[at] == '.') {  // AWS: COPY, TIMEFORMAT: down to microseconds
      size_t end = ++at;
      if (!read_value("US", text, end, fields)) return std::nullopt;
      at = end;
    }
    if (!item.ending.empty()) at = std::min(at + 2, text.size());
  }
  return time_of(fields, strict);
}

std::optional<int> hours_west(std::string_view abbreviation) {
  static constexpr std::pair<std::string_view, int> kWest[] = {
      {"est", 5},   {"edt", 4},  {"cst", 6},   {"cdt", 5},  {"mst", 7},  {"mdt", 6},    {"pst", 8},   {"pdt", 7}, {"akst", 9},
      {"akdt", 8},  {"hst", 10}, {"jst", -9},  {"kst", -9}, {"cet", -1}, {"cest", -2},  {"eet", -2},  {"eest", -3}, {"wet", 0},
      {"west", -1}, {"bst", -1}, {"msk", -3},  {"gmt", 0},  {"utc", 0},  {"aest", -10}, {"aedt", -11}};
  for (const auto& [known, west] : kWest)
    if (abbreviation == known) return west;
  return std::nullopt;
}

std::optional<int64_t> minutes_west(std::string_view zone) {
  zone = trim(zone);
  const size_t sign = zone.find_first_of("+-");
  if (sign == 0 || sign == std::string_view::npos || lower(zone).starts_with("etc/")) return std::nullopt;
  const std::string_view name = trim(zone.substr(0, sign)), offset = zone.substr(sign + 1);
  const auto of_name = [](char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '/' || c == '_'; };
  const size_t colon = offset.find(':');
  const auto hours = parse_int(offset.substr(0, colon));
  const auto minutes = colon == std::string_view::npos ? std::optional<int64_t>(0) : parse_int(offset.substr(colon + 1));
  if (!std::ranges::all_of(name, of_name) || !hours || !minutes || *hours < 0 || *hours > 24 || *minutes < 0 || *minutes > 59)
    return std::nullopt;
  const int64_t west = *hours * 60 + *minutes;
  return zone[sign] == '-' ? -west : west;
}

std::string engine_zone(std::string_view zone) {
  const std::string name = lower(trim(zone));
  const size_t sign = name.find_first_of("+-");
  const auto west = hours_west(name.substr(0, sign));
  std::optional<int64_t> hours = west;
  if (west && sign != std::string::npos) hours = parse_int(name.substr(sign + 1));
  if (!hours) return std::string(zone);
  if (sign != std::string::npos && name[sign] == '-') hours = -*hours;
  if (*hours < -14 || *hours > 12) return std::string(zone);
  return "Etc/GMT" + std::string(*hours < 0 ? "" : "+") + std::to_string(*hours);
}

}  // namespace tarn::sql::engine
