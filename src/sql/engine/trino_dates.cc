#include "sql/engine/trino_dates.h"

#include "sql/engine/trino_calendar.h"

namespace tarn::sql::engine::trino {

using std::string;

Civil civil_of(int64_t micros) {
  Civil c;
  duckdb::dtime_t time;
  duckdb::Timestamp::Convert(duckdb::timestamp_t(micros), c.date, time);
  duckdb::Date::Convert(c.date, c.year, c.month, c.day);
  c.hour = time.micros / 3'600'000'000LL;
  c.minute = time.micros / 60'000'000LL % 60;
  c.second = time.micros / 1'000'000LL % 60;
  c.micro = time.micros % 1'000'000LL;
  return c;
}

std::optional<int64_t> micros_of(const Civil& c) {
  duckdb::date_t date;
  if (c.hour > 23 || c.minute > 59 || c.second > 59 || !duckdb::Date::TryFromDate(c.year, c.month, c.day, date)) {
    return std::nullopt;
  }
  return date.days * kDay + ((c.hour * 60 + c.minute) * 60 + c.second) * 1'000'000LL + c.micro;
}

string two(int64_t n) {
  return (n < 10 ? "0" : "") + std::to_string(n);
}

string padded(int64_t n, size_t width) {
  string digits = std::to_string(n < 0 ? -n : n);
  if (digits.size() < width) digits.insert(0, width - digits.size(), '0');
  return (n < 0 ? "-" : "") + digits;
}

int32_t iso_week(const Civil& c) {
  return duckdb::Date::ExtractISOWeekNumber(c.date);
}
int32_t iso_year(const Civil& c) {
  return duckdb::Date::ExtractISOYearNumber(c.date);
}
int32_t weekday(const Civil& c) {
  return duckdb::Date::ExtractISODayOfTheWeek(c.date);
}

namespace {

bool read_clock(Cursor& in, Civil& c) {
  const auto hour = in.digits(1, 2);
  if (!hour) return false;
  c.hour = *hour;
  if (!in.take(':')) return true;
  const auto minute = in.digits(1, 2);
  if (!minute) return false;
  c.minute = *minute;
  if (!in.take(':')) return true;
  const auto second = in.digits(1, 2);
  if (!second) return false;
  c.second = *second;
  if (!in.take('.')) return true;
  const auto fraction = in.fraction();
  if (!fraction) return false;
  c.micro = *fraction;
  return true;
}

bool read_date(Cursor& in, Civil& c) {
  const bool negative = in.take('-');
  if (!negative) in.take('+');
  const auto year = in.digits(1, 6);
  if (!year || !in.take('-')) return false;
  const auto month = in.digits(1, 2);
  if (!month || !in.take('-')) return false;
  const auto day = in.digits(1, 2);
  if (!day) return false;
  c.year = static_cast<int32_t>(negative ? -*year : *year);
  c.month = static_cast<int32_t>(*month);
  c.day = static_cast<int32_t>(*day);
  return true;
}

}  // namespace

std::optional<Moment> read_timestamp(const string& given) {
  const string text(trim(given));
  Cursor in{text};
  Civil c;
  if (!read_date(in, c)) return std::nullopt;
  Moment moment;
  if (in.take(' ') || in.take('T')) {
    while (in.take(' ')) {
    }
    if (std::isdigit(static_cast<unsigned char>(in.peek()))) {
      if (!read_clock(in, c)) return std::nullopt;
    }
  }
  if (!in.done()) {
    moment.zone = string(trim(text.substr(in.at)));
    const bool named =
        std::isalpha(static_cast<unsigned char>(moment.zone[0])) || moment.zone[0] == '+' || moment.zone[0] == '-';
    if (!named) return std::nullopt;
  }
  const auto micros = micros_of(c);
  if (!micros) return std::nullopt;
  moment.micros = *micros;
  return moment;
}

std::optional<int64_t> read_time(const string& given) {
  const string text(trim(given));
  Cursor in{text};
  Civil c;
  if (!read_clock(in, c) || !in.done()) return std::nullopt;
  return micros_of(c);
}

std::optional<Moment> read_iso(const string& text) {
  Cursor in{text};
  Civil c;
  Moment moment;
  const bool negative = in.take('-');
  const auto year = in.digits(1, 9);
  if (!year) return std::nullopt;
  c.year = static_cast<int32_t>(negative ? -*year : *year);
  int64_t days_after = 0;
  if (in.take('-')) {
    if (in.take('W')) {  // 2024-W05-2
      const auto week = in.digits(1, 2);
      if (!week) return std::nullopt;
      int64_t day = 1;
      if (in.take('-')) {
        const auto given = in.digits(1, 1);
        if (!given) return std::nullopt;
        day = *given;
      }
      c.month = 1;
      c.day = 4;  // always in the first week
      const auto fourth = micros_of(c);
      if (!fourth) return std::nullopt;
      days_after = (*week - 1) * 7 + (day - 1) - (weekday(civil_of(*fourth)) - 1);
    } else {
      const size_t from = in.at;
      const auto month = in.digits(1, 3);
      if (!month) return std::nullopt;
      if (in.at - from == 3) {
        days_after = *month - 1;
      } else {
        c.month = static_cast<int32_t>(*month);
        if (in.take('-')) {
          const auto day = in.digits(1, 2);
          if (!day) return std::nullopt;
          c.day = static_cast<int32_t>(*day);
        }
      }
    }
  }
  if (in.take('T')) {
    if (!in.done() && !read_clock(in, c)) return std::nullopt;
    if (in.take('Z')) {
      moment.zone = "UTC";
    } else if (in.peek() == '+' || in.peek() == '-') {
      moment.zone = text.substr(in.at);
      in.at = text.size();
      if (zone_key(moment.zone) > 2 * 14 * 60 + 1) return std::nullopt;
    }
  }
  if (!in.done()) return std::nullopt;
  const auto micros = micros_of(c);
  if (!micros) return std::nullopt;
  moment.micros = *micros + days_after * kDay;
  return moment;
}

// --- differences -----------------------------------------------------------------------------------------------------

namespace {

int64_t whole_months(int64_t from, int64_t to) {
  if (to < from) return -whole_months(to, from);
  const Civil a = civil_of(from), b = civil_of(to);
  int64_t months = (b.year - a.year) * 12LL + b.month - a.month;
  const int64_t time_a = ((from % kDay) + kDay) % kDay, time_b = ((to % kDay) + kDay) % kDay;
  // The last day of a shorter month stands for the later days of the longer one.
  int32_t day_a = a.day;
  const int32_t last_b = duckdb::Date::MonthDays(b.year, b.month);
  if (b.day == last_b && day_a > b.day) day_a = b.day;
  if (b.day < day_a || (b.day == day_a && time_b < time_a)) --months;
  return months;
}

}  // namespace

int64_t date_difference(const string& given, int64_t from, int64_t to) {
  const string unit = lower(given);
  const int64_t micros = to - from;
  if (unit == "millisecond") return micros / 1000;
  if (unit == "second") return micros / 1'000'000LL;
  if (unit == "minute") return micros / 60'000'000LL;
  if (unit == "hour") return micros / 3'600'000'000LL;
  if (unit == "day") return micros / kDay;
  if (unit == "week") return micros / (7 * kDay);
  if (unit == "month") return whole_months(from, to);
  if (unit == "quarter") return whole_months(from, to) / 3;
  if (unit == "year") return whole_months(from, to) / 12;
  raise("INVALID_FUNCTION_ARGUMENT", "'" + unit + "' is not a valid DATE field");
}

string offset_text(int64_t minutes) {
  if (minutes == 0) return "Z";
  const int64_t size = minutes < 0 ? -minutes : minutes;
  return string(minutes < 0 ? "-" : "+") + two(size / 60) + ":" + two(size % 60);
}

}  // namespace tarn::sql::engine::trino
