#include "store/schedule.h"

#include <date/tz.h>
#include <fmt/format.h>

#include <array>
#include <span>
#include <vector>

#include "base/text.h"

namespace tarn {
namespace {

constexpr int kFirstYear = 1970, kLastYear = 2199;
constexpr std::array<std::string_view, 12> kMonths = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                                      "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::array<std::string_view, 7> kWeekdays = {"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};

Failure invalid(std::string why) {
  return fail(400, "ValidationException", std::move(why));
}

// The inside of "name(..)".
std::optional<std::string_view> inside(std::string_view text, std::string_view name) {
  if (!text.starts_with(name) || !text.substr(name.size()).starts_with('(') || !text.ends_with(')'))
    return std::nullopt;
  text.remove_prefix(name.size() + 1);
  text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> out;
  for (const std::string_view word : split(text, ' '))
    if (!trim(word).empty()) out.push_back(trim(word));
  return out;
}

struct Field {
  std::string_view name;
  int low, high;
  std::span<const std::string_view> names;
};

Result<int> number(std::string_view text, const Field& field) {
  for (size_t i = 0; i < field.names.size(); ++i)
    if (equals_ignore_case(text, field.names[i])) return field.low + static_cast<int>(i);
  const auto value = parse_int(text);
  if (!value || *value < field.low || *value > field.high)
    return invalid(
        fmt::format("'{}' in the field {} is not between {} and {}.", text, field.name, field.low, field.high));
  return static_cast<int>(*value);
}

// One element of a list: n, n-m, *, and each with /step.
template <size_t N>
Status add_range(std::string_view text, const Field& field, int base, std::bitset<N>& to) {
  const size_t slash = text.find('/');
  int step = 1;
  if (slash != std::string_view::npos) {
    const auto value = parse_int(text.substr(slash + 1));
    if (!value || *value < 1 || *value > field.high)
      return invalid(fmt::format("'{}' in the field {} has no good step.", text, field.name));
    step = static_cast<int>(*value);
  }
  const std::string_view range = text.substr(0, std::min(slash, text.size()));
  int from = field.low, until = field.high;
  if (range != "*") {
    const size_t dash = range.find('-');
    from = TRY(number(range.substr(0, std::min(dash, range.size())), field));
    if (dash != std::string_view::npos)
      until = TRY(number(range.substr(dash + 1), field));
    else if (slash == std::string_view::npos)
      until = from;
  }
  const int span = field.high - field.low + 1;
  if (until < from) until += span;  // FRI-MON
  for (int value = from; value <= until; value += step)
    to.set(static_cast<size_t>((value - field.low) % span + field.low - base));
  return {};
}

template <size_t N>
Status add_list(std::string_view text, const Field& field, int base, std::bitset<N>& to) {
  for (const std::string_view part : split(text, ',')) TRY(add_range(part, field, base, to));
  return {};
}

constexpr Field kMinuteField{"minutes", 0, 59, {}};
constexpr Field kHourField{"hours", 0, 23, {}};
constexpr Field kDayField{"day-of-month", 1, 31, {}};
constexpr Field kMonthField{"month", 1, 12, kMonths};
constexpr Field kWeekdayField{"day-of-week", 1, 7, kWeekdays};
constexpr Field kYearField{"year", kFirstYear, kLastYear, {}};

Result<Micros> parse_rate(std::string_view text) {
  const auto parts = words(text);
  const auto value = parts.size() == 2 ? parse_int(parts[0]) : std::nullopt;
  if (!value || *value < 1) return invalid(fmt::format("rate({}) wants a number above 0 and a unit.", text));
  std::string_view unit = parts[1];
  // AWS: the unit is singular for 1 and plural for more.
  if (unit.ends_with('s') != (*value > 1))
    return invalid(fmt::format("rate({}): the unit is singular for 1 and plural for more.", text));
  if (unit.ends_with('s')) unit.remove_suffix(1);
  const Micros one = unit == "minute" ? kMinute : unit == "hour" ? kHour : unit == "day" ? kDay : 0;
  if (one == 0) return invalid(fmt::format("rate({}): the unit is minute, hour or day.", text));
  if (*value > 100 * 366 * kDay / one) return invalid(fmt::format("rate({}) is too long.", text));
  return *value * one;
}

const date::time_zone* find_zone(std::string_view name) {
  try {
    return date::locate_zone(std::string(name));
  } catch (const std::exception&) {  // the library's way to say that there is none
    return nullptr;
  }
}

// The moment of a local time; nullopt: clocks skip it. The first one where it comes twice.
std::optional<Time> moment(const date::time_zone* zone, Time local) {
  const date::local_time<std::chrono::microseconds> at{std::chrono::microseconds(local.micros)};
  const auto info = zone->get_info(at);
  if (info.result == date::local_info::nonexistent) return std::nullopt;
  return local + -std::chrono::duration_cast<std::chrono::microseconds>(info.first.offset).count();
}

Time local_of(const date::time_zone* zone, Time time) {
  const date::sys_time<std::chrono::microseconds> at{std::chrono::microseconds(time.micros)};
  return time + std::chrono::duration_cast<std::chrono::microseconds>(zone->get_info(at).offset).count();
}

int days_in(int year, int month) {
  const date::year_month_day_last last{date::year(year),
                                       date::month_day_last(date::month(static_cast<unsigned>(month)))};
  return static_cast<int>(static_cast<unsigned>(last.day()));
}

// 1 is Sunday.
int weekday_of(int year, int month, int day) {
  return civil(from_civil(year, month, day)).weekday + 1;
}

// The weekday (Monday to Friday) nearest to a day, in the same month.
int nearest_weekday(int year, int month, int day) {
  const int last = days_in(year, month);
  day = std::min(day, last);
  const int weekday = weekday_of(year, month, day);
  if (weekday == 7) return day > 1 ? day - 1 : day + 2;
  if (weekday == 1) return day < last ? day + 1 : day - 2;
  return day;
}

bool has_day(const auto& cron, int year, int month, int day) {
  const int weekday = weekday_of(year, month, day), last = days_in(year, month);
  if (!cron.any_weekday) {
    if (cron.nth > 0) return weekday == cron.nth_weekday && (day - 1) / 7 + 1 == cron.nth;
    return cron.weekdays.test(static_cast<size_t>(weekday)) ||
           (cron.last.test(static_cast<size_t>(weekday)) && day + 7 > last);
  }
  if (cron.days.test(static_cast<size_t>(day)) || (cron.last_day && day == last)) return true;
  if (cron.last_weekday && day == nearest_weekday(year, month, last)) return true;
  for (size_t near = 1; near < cron.near.size(); ++near)
    if (cron.near.test(near) && day == nearest_weekday(year, month, static_cast<int>(near))) return true;
  return false;
}

}  // namespace

bool is_time_zone(std::string_view zone) {
  return find_zone(zone) != nullptr;
}

class CronParser {
 public:
  static Result<Schedule> parse(std::string_view text) {
    const auto fields = words(text);
    if (fields.size() != 6)
      return invalid(
          fmt::format("cron({}) has {} fields, not 6: minutes, hours, day-of-month, month, day-of-week, year.", text,
                      fields.size()));
    Schedule::Cron cron;
    TRY(add_list(fields[0], kMinuteField, 0, cron.minutes));
    TRY(add_list(fields[1], kHourField, 0, cron.hours));
    TRY(parse_days(fields[2], cron));
    TRY(add_list(fields[3], kMonthField, 0, cron.months));
    TRY(parse_weekdays(fields[4], cron));
    TRY(add_list(fields[5], kYearField, kFirstYear, cron.years));
    if (cron.any_day == cron.any_weekday)
      return invalid("Exactly one of day-of-month and day-of-week is '?', for that the other says it.");
    return Schedule(cron);
  }

 private:
  static Status parse_days(std::string_view text, Schedule::Cron& cron) {
    if (text == "?") {
      cron.any_day = true;
      return {};
    }
    for (std::string_view part : split(text, ',')) {
      if (part == "L") {
        cron.last_day = true;
      } else if (part == "LW") {
        cron.last_weekday = true;
      } else if (part.ends_with('W')) {
        part.remove_suffix(1);
        cron.near.set(static_cast<size_t>(TRY(number(part, kDayField))));
      } else {
        TRY(add_range(part, kDayField, 0, cron.days));
      }
    }
    return {};
  }

  static Status parse_weekdays(std::string_view text, Schedule::Cron& cron) {
    if (text == "?") {
      cron.any_weekday = true;
      return {};
    }
    for (std::string_view part : split(text, ',')) {
      if (const size_t hash = part.find('#'); hash != std::string_view::npos) {
        const auto nth = parse_int(part.substr(hash + 1));
        if (!nth || *nth < 1 || *nth > 5 || part != text)
          return invalid(fmt::format("'{}' in the field day-of-week: n#m stands alone, m is 1 to 5.", text));
        cron.nth_weekday = TRY(number(part.substr(0, hash), kWeekdayField));
        cron.nth = static_cast<int>(*nth);
      } else if (part == "L") {
        cron.weekdays.set(7);
      } else if (part.ends_with('L') && part.size() > 1) {
        part.remove_suffix(1);
        cron.last.set(static_cast<size_t>(TRY(number(part, kWeekdayField))));
      } else {
        TRY(add_range(part, kWeekdayField, 0, cron.weekdays));
      }
    }
    return {};
  }
};

Result<Schedule> Schedule::parse(std::string_view text) {
  text = trim(text);
  if (const auto cron = inside(text, "cron")) return CronParser::parse(*cron);
  if (const auto rate = inside(text, "rate")) return Schedule(TRY(parse_rate(*rate)));
  if (const auto at = inside(text, "at")) {
    const auto local = at->size() == 19 ? parse_iso8601(std::string(*at) + "Z") : std::nullopt;
    if (!local) return invalid(fmt::format("at({}) wants yyyy-mm-ddThh:mm:ss.", *at));
    return Schedule(At{*local});
  }
  return invalid(fmt::format("'{}' is no schedule: cron(..), rate(..) and at(..) are.", text));
}

Result<std::optional<Time>> Schedule::next(Time after, std::string_view zone_name) const {
  if (const auto* period = std::get_if<Micros>(&kind_)) return after + *period;
  const date::time_zone* zone = find_zone(zone_name);
  if (zone == nullptr) return invalid(fmt::format("'{}' is no time zone.", zone_name));
  if (const auto* at = std::get_if<At>(&kind_)) {
    const auto time = moment(zone, at->local);
    return time && *time > after ? time : std::nullopt;
  }
  const Cron& cron = std::get<Cron>(kind_);
  // From the local day before: an hour that comes twice may lie a day back.
  const CivilTime today = civil(local_of(zone, after) + -kDay);
  for (Time day = from_civil(today.year, today.month, today.day);; day = day + kDay) {
    const CivilTime date = civil(day);
    if (date.year > kLastYear) return std::nullopt;
    if (date.year < kFirstYear || !cron.years.test(static_cast<size_t>(date.year - kFirstYear)) ||
        !cron.months.test(static_cast<size_t>(date.month)) || !has_day(cron, date.year, date.month, date.day))
      continue;
    for (size_t hour = 0; hour < 24; ++hour) {
      if (!cron.hours.test(hour)) continue;
      for (size_t minute = 0; minute < 60; ++minute) {
        if (!cron.minutes.test(minute)) continue;
        const auto time = moment(zone, day + static_cast<Micros>(hour) * kHour + static_cast<Micros>(minute) * kMinute);
        if (time && *time > after) return time;
      }
    }
  }
}

}  // namespace tarn
