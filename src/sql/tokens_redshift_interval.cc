#include "sql/tokens_redshift_interval.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <utility>
#include <vector>

#include "base/text.h"

namespace tarn::sql {
namespace {

constexpr int64_t kSecond = 1'000'000, kMinute = 60 * kSecond, kHour = 60 * kMinute, kDayMicros = 24 * kHour;

struct Unit {
  std::string_view names;  // ',' around each
  int64_t months, days, micros;
};
constexpr std::array<Unit, 12> kUnits = {{
    {",millennium,millennia,mil,mils,", 12'000, 0, 0},
    {",century,centuries,c,cent,cents,", 1'200, 0, 0},
    {",decade,decades,dec,decs,", 120, 0, 0},
    {",year,years,y,yr,yrs,", 12, 0, 0},
    {",quarter,quarters,qtr,qtrs,", 3, 0, 0},
    {",month,months,mon,mons,", 1, 0, 0},
    {",week,weeks,w,", 0, 7, 0},
    {",day,days,d,", 0, 1, 0},
    {",hour,hours,h,hr,hrs,", 0, 0, kHour},
    {",minute,minutes,m,min,mins,", 0, 0, kMinute},
    {",second,seconds,s,sec,secs,", 0, 0, kSecond},
    {",millisecond,milliseconds,ms,msec,msecs,microsecond,microseconds,us,usec,usecs,", 0, 0, 1},
}};
constexpr std::array<std::string_view, 6> kFields = {"year", "month", "day", "hour", "minute", "second"};

const Unit* unit_of(const std::string& name) {
  for (const Unit& unit : kUnits)
    if (unit.names.find("," + name + ",") != std::string_view::npos) return &unit;
  return nullptr;
}

void add(IntervalValue& value, double count, const Unit& unit, const std::string& name) {
  double micros = static_cast<double>(unit.micros);
  if (unit.micros == 1 && (name.starts_with("mil") || name.starts_with("ms"))) micros = 1000;
  const double months = count * static_cast<double>(unit.months), days = count * static_cast<double>(unit.days);
  value.months += static_cast<int64_t>(std::trunc(months));
  const double rest = (months - std::trunc(months)) * 30 + days;  // a month's part counts days of 30
  value.days += static_cast<int64_t>(std::trunc(rest));
  value.micros += std::llround((rest - std::trunc(rest)) * static_cast<double>(kDayMicros) + count * micros);
}

std::optional<double> number(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const std::string digits(text);
  char* end = nullptr;
  const double value = std::strtod(digits.c_str(), &end);
  const bool plain = digits.find_first_not_of("+-.0123456789") == std::string::npos;
  return plain && *end == 0 ? std::optional(value) : std::nullopt;
}

// 4:05:06.7, 4:05
std::optional<int64_t> clock(std::string_view text, std::string_view first, std::string_view last) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const auto parts = split(text, ':');
  if (parts.size() < 2 || parts.size() > 3) return std::nullopt;
  double total = 0;
  double unit = static_cast<double>(parts.size() == 2 && (first == "minute" || (first.empty() && last == "second")) ? kMinute : kHour);
  for (const auto part : parts) {
    const auto value = number(part);
    if (!value) return std::nullopt;
    total += *value * unit;
    unit /= 60;
  }
  return std::llround(negative ? -total : total);
}

void cut(IntervalValue& value, std::string_view last) {
  if (last.empty()) return;
  if (last == "year") value.months -= value.months % 12;
  if (last == "year" || last == "month") value.days = value.micros = 0;
  if (last == "day" || last == "hour" || last == "minute" || last == "second") {
    value.days += value.micros / kDayMicros;
    value.micros %= kDayMicros;
  }
  if (last == "day") value.micros = 0;
  if (last == "hour") value.micros -= value.micros % kHour;
  if (last == "minute") value.micros -= value.micros % kMinute;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  const auto end = [&] {
    if (!word.empty()) words.push_back(std::exchange(word, ""));
  };
  for (const char c : text) {
    const bool letter = std::isalpha(static_cast<unsigned char>(c));
    if (c == ' ' || c == ',' || c == '\t' || c == '\n') {
      end();
      continue;
    }
    if (!word.empty() && letter != (std::isalpha(static_cast<unsigned char>(word.back())) != 0)) end();
    word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  end();
  return words;
}

}  // namespace

bool is_interval_field(std::string_view word) {
  return std::find(kFields.begin(), kFields.end(), word) != kFields.end();
}

std::optional<IntervalValue> parse_interval(std::string_view text, std::string_view first, std::string_view last) {
  IntervalValue value;
  auto words = words_of(text);
  if (words.empty()) return std::nullopt;
  const bool ago = words.back() == "ago";
  if (ago) words.pop_back();
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    const size_t dash = word.find('-', 1);
    if (word.find(':') != std::string::npos) {
      const auto micros = clock(word, first, last);
      if (!micros) return std::nullopt;
      value.micros += *micros;
    } else if (dash != std::string::npos) {  // years-months
      const auto years = number(std::string_view(word).substr(0, dash)), months = number(std::string_view(word).substr(dash + 1));
      if (!years || !months) return std::nullopt;
      const bool negative = word[0] == '-';
      value.months += static_cast<int64_t>(*years) * 12 + static_cast<int64_t>(negative ? -*months : *months);
    } else {
      const auto count = number(word);
      if (!count) return std::nullopt;
      const bool named = i + 1 < words.size() && std::isalpha(static_cast<unsigned char>(words[i + 1][0]));
      const bool before_clock = i + 1 < words.size() && words[i + 1].find(':') != std::string::npos;
      const std::string name = named          ? words[++i]
                               : before_clock ? "day"
                               : last.empty() ? "second"
                                              : std::string(words.size() > 1 && !first.empty() ? first : last);
      const Unit* unit = unit_of(name);
      if (!unit) return std::nullopt;
      add(value, *count, *unit, name);
    }
  }
  if (ago) value = {-value.months, -value.days, -value.micros};
  cut(value, last);
  return value;
}

std::string interval_text(const IntervalValue& value) {
  std::string text;
  const auto part = [&](int64_t count, const char* one, const char* many) {
    if (count == 0) return;
    text += (text.empty() ? "" : " ") + std::to_string(count) + (count == 1 ? one : many);
  };
  part(value.months / 12, " year", " years");
  part(value.months % 12, " mon", " mons");
  part(value.days, " day", " days");
  if (value.micros == 0 && !text.empty()) return text;
  const uint64_t micros = static_cast<uint64_t>(std::llabs(value.micros));
  char clock_text[48];
  const int size = std::snprintf(clock_text, sizeof clock_text, "%s%02llu:%02llu:%02llu", value.micros < 0 ? "-" : "",
                                 static_cast<unsigned long long>(micros / kHour),
                                 static_cast<unsigned long long>(micros / kMinute % 60),
                                 static_cast<unsigned long long>(micros / kSecond % 60));
  text += (text.empty() ? "" : " ") + std::string(clock_text, static_cast<size_t>(size));
  if (const auto fraction = micros % kSecond; fraction > 0) {
    std::string digits = std::to_string(1'000'000 + fraction).substr(1);
    digits.erase(digits.find_last_not_of('0') + 1);
    text += "." + digits;
  }
  return text;
}

}  // namespace tarn::sql
