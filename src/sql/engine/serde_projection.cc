#include "sql/engine/serde_projection.h"

#include <algorithm>

#include "base/text.h"
#include "sql/engine/errors.h"
#include "sql/engine/serde.h"

namespace tarn::sql::engine {
namespace {

using std::string;

constexpr size_t kMaxValues = 1'000'000;  // of one column

[[noreturn]] void invalid(const TableSnapshot& table, const string& what) {
  raise_sql("22023", "INVALID_TABLE_PROPERTY: Table " + table.table.database + "." + table.table.name +
                         " is configured for partition projection, but " + what);
}

string required(const TableSnapshot& table, const string& name) {
  const auto value = serde_property(table.table, name);
  if (!value) invalid(table, "the table property '" + name + "' is missing");
  return *value;
}

// The letter's run at `at`.
size_t run_of(std::string_view format, size_t at) {
  size_t n = 1;
  while (at + n < format.size() && format[at + n] == format[at]) ++n;
  return n;
}

string padded(int value, size_t width) {
  string digits = std::to_string(value);
  if (digits.size() < width) digits.insert(0, width - digits.size(), '0');
  return digits;
}

Time add_months(Time time, int months) {
  const CivilTime c = civil(time);
  const int month = c.year * 12 + (c.month - 1) + months;
  const int year = month / 12;
  const int of_year = month % 12 + 1;
  const Time next = from_civil(of_year == 12 ? year + 1 : year, of_year == 12 ? 1 : of_year + 1, 1);
  const int last = civil(Time{next.micros - kDay}).day;
  return from_civil(year, of_year, std::min(c.day, last), c.hour, c.minute, c.second, c.micros);
}

}  // namespace

string java_date(std::string_view format, Time time) {
  const CivilTime c = civil(time);
  string out;
  for (size_t at = 0; at < format.size();) {
    if (format[at] == '\'') {
      const size_t end = std::min(format.find('\'', at + 1), format.size());
      out += end == at + 1 ? "'" : string(format.substr(at + 1, end - at - 1));
      at = end + 1;
      continue;
    }
    const size_t n = run_of(format, at);
    switch (format[at]) {
      case 'y':
      case 'u': out += n == 2 ? padded(c.year % 100, 2) : padded(c.year, n); break;
      case 'M': out += padded(c.month, n); break;
      case 'd': out += padded(c.day, n); break;
      case 'H': out += padded(c.hour, n); break;
      case 'm': out += padded(c.minute, n); break;
      case 's': out += padded(c.second, n); break;
      default: out += format.substr(at, n);
    }
    at += n;
  }
  return out;
}

std::optional<Time> parse_java_date(std::string_view format, std::string_view text) {
  int year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0;
  size_t in = 0;
  for (size_t at = 0; at < format.size();) {
    if (format[at] == '\'') {
      const size_t end = std::min(format.find('\'', at + 1), format.size());
      const auto literal = format.substr(at + 1, end - at - 1);
      if (!text.substr(in).starts_with(literal)) return std::nullopt;
      in += literal.size();
      at = end + 1;
      continue;
    }
    const size_t n = run_of(format, at);
    int* part = nullptr;
    switch (format[at]) {
      case 'y':
      case 'u': part = &year; break;
      case 'M': part = &month; break;
      case 'd': part = &day; break;
      case 'H': part = &hour; break;
      case 'm': part = &minute; break;
      case 's': part = &second; break;
      default: break;
    }
    if (part) {
      // As many digits as letters, or all that follow where there is one letter.
      size_t digits = 0;
      while (in + digits < text.size() && text[in + digits] >= '0' && text[in + digits] <= '9' &&
             (n == 1 || digits < n))
        ++digits;
      const auto value = parse_int(text.substr(in, digits));
      if (!value) return std::nullopt;
      *part = static_cast<int>(*value);
      in += digits;
    } else {
      if (text.substr(in, n) != format.substr(at, n)) return std::nullopt;
      in += n;
    }
    at += n;
  }
  if (in != text.size() || month < 1 || month > 12 || day < 1 || day > 31) return std::nullopt;
  return from_civil(year, month, day, hour, minute, second);
}

std::shared_ptr<const Projection> Projection::of(const TableSnapshot& table, Time now) {
  const auto enabled = serde_property(table.table, "projection.enabled");
  if (!enabled || !equals_ignore_case(*enabled, "true")) return nullptr;
  auto made = std::make_shared<Projection>();
  for (size_t i = table.file_columns; i < table.names.size(); ++i)
    made->columns_.push_back(made->column(table, table.names[i], now));
  made->template_ = serde_property(table.table, "storage.location.template").value_or("");
  if (made->template_.empty()) {
    made->template_ = table.table.location;
    for (const Column& each : made->columns_)
      made->template_ += (made->template_.ends_with('/') ? "" : "/") + each.name + "=${" + each.name + "}";
  }
  return made;
}

Projection::Column Projection::column(const TableSnapshot& table, const string& name, Time now) const {
  const string prefix = "projection." + name + ".";
  Column made;
  made.name = name;
  const string type = lower(required(table, prefix + "type"));
  if (type == "enum") {
    for (const auto value : split(required(table, prefix + "values"), ',')) made.values.emplace_back(trim(value));
  } else if (type == "integer") {
    made.kind = Kind::kInteger;
    const string range = required(table, prefix + "range");
    const auto ends = split(range, ',');
    const auto from = ends.size() == 2 ? parse_int(trim(ends[0])) : std::nullopt;
    const auto to = ends.size() == 2 ? parse_int(trim(ends[1])) : std::nullopt;
    if (!from || !to) invalid(table, "the range of " + name + " is not 'from,to'");
    made.from = *from;
    made.to = *to;
    made.step = parse_int(serde_property(table.table, prefix + "interval").value_or("1")).value_or(0);
    made.digits = static_cast<int>(parse_int(serde_property(table.table, prefix + "digits").value_or("0")).value_or(0));
    if (made.step < 1) invalid(table, "the interval of " + name + " is no positive number");
  } else if (type == "date") {
    made.kind = Kind::kDate;
    made.format = required(table, prefix + "format");
    const string unit = lower(serde_property(table.table, prefix + "interval.unit").value_or(""));
    constexpr std::string_view kUnits[] = {"years", "months", "weeks", "days", "hours", "minutes", "seconds"};
    // AWS: a format to the day or month goes by days or months, others must say by what.
    made.unit = made.format.find('d') != string::npos ? Unit::kDays
                : made.format.find('M') != string::npos ? Unit::kMonths
                                                        : Unit::kYears;
    bool named = false;
    for (size_t i = 0; i < std::size(kUnits); ++i)
      if (unit == kUnits[i] || unit + "s" == kUnits[i]) {
        made.unit = static_cast<Unit>(i);
        named = true;
      }
    if (!named && made.format.find_first_of("Hms") != string::npos)
      invalid(table, "the interval.unit of " + name + " is missing");
    made.step = parse_int(serde_property(table.table, prefix + "interval").value_or("1")).value_or(0);
    if (made.step < 1) invalid(table, "the interval of " + name + " is no positive number");
    const string range = required(table, prefix + "range");
    date_range(made, range, now);
  } else if (type == "injected") {
    made.kind = Kind::kInjected;
  } else {
    invalid(table, "the type of " + name + " is '" + type + "': enum, integer, date and injected are known");
  }
  return made;
}

// "2020/01/01,NOW", "NOW-3YEARS,NOW+1MONTH"
void Projection::date_range(Column& column, const string& range, Time now) const {
  const auto ends = split(range, ',');
  const auto moment = [&](std::string_view text) -> Time {
    text = trim(text);
    if (!text.starts_with("NOW")) {
      const auto parsed = parse_java_date(column.format, text);
      if (!parsed)
        raise_sql("22023", "INVALID_TABLE_PROPERTY: '" + string(text) + "' of the range of the projected column " +
                               column.name + " is no date of the format " + column.format);
      return *parsed;
    }
    const string offset = lower(replace_all(string(text.substr(3)), " ", ""));
    if (offset.empty()) return now;
    size_t digits = 1;
    while (digits < offset.size() && offset[digits] >= '0' && offset[digits] <= '9') ++digits;
    const int64_t n = parse_int(offset.substr(offset[0] == '+' ? 1 : 0, digits - (offset[0] == '+' ? 1 : 0))).value_or(0);
    const string unit = offset.substr(digits);
    if (unit.starts_with("year")) return add_months(now, static_cast<int>(n * 12));
    if (unit.starts_with("month")) return add_months(now, static_cast<int>(n));
    if (unit.starts_with("week")) return now + n * 7 * kDay;
    if (unit.starts_with("day")) return now + n * kDay;
    if (unit.starts_with("hour")) return now + n * kHour;
    if (unit.starts_with("minute")) return now + n * kMinute;
    return now + n * kSecond;
  };
  if (ends.size() != 2) {
    raise_sql("22023", "INVALID_TABLE_PROPERTY: the range of the projected column " + column.name + " is not 'from,to'");
  }
  // Cut to what the format shows, so that the range's ends are values themselves.
  const auto cut = [&](Time time) { return parse_java_date(column.format, java_date(column.format, time)).value_or(time); };
  column.from = cut(moment(ends[0])).micros;
  column.to = cut(moment(ends[1])).micros;
}

std::vector<string> Projection::values(size_t index) const {
  const Column& of = columns_[index];
  if (of.kind == Kind::kEnum) return of.values;
  std::vector<string> all;
  const auto add = [&](string value) {
    if (all.size() >= kMaxValues)
      raise_sql("54000", "The projected partition column " + of.name + " has more than " + std::to_string(kMaxValues) +
                             " values: narrow its range");
    if (all.empty() || all.back() != value) all.push_back(std::move(value));
  };
  if (of.kind == Kind::kInteger) {
    for (int64_t value = of.from; value <= of.to; value += of.step) {
      string digits = std::to_string(value < 0 ? -value : value);
      if (digits.size() < static_cast<size_t>(of.digits)) digits.insert(0, static_cast<size_t>(of.digits) - digits.size(), '0');
      add((value < 0 ? "-" : "") + digits);
    }
    return all;
  }
  const Time first{of.from};
  for (int64_t n = 0;; ++n) {
    const int64_t steps = n * of.step;
    Time at = first;
    switch (of.unit) {
      case Unit::kYears: at = add_months(first, static_cast<int>(steps * 12)); break;
      case Unit::kMonths: at = add_months(first, static_cast<int>(steps)); break;
      case Unit::kWeeks: at = first + steps * 7 * kDay; break;
      case Unit::kDays: at = first + steps * kDay; break;
      case Unit::kHours: at = first + steps * kHour; break;
      case Unit::kMinutes: at = first + steps * kMinute; break;
      case Unit::kSeconds: at = first + steps * kSecond; break;
    }
    if (at.micros > of.to) return all;
    add(java_date(of.format, at));
  }
}

string Projection::location(const std::vector<string>& values) const {
  string location = template_;
  for (size_t i = 0; i < columns_.size(); ++i)
    location = replace_all(std::move(location), "${" + columns_[i].name + "}", values[i]);
  if (!location.ends_with('/')) location += '/';
  return location;
}

}  // namespace tarn::sql::engine
