// Dates and times: parts, distances, formats.
#include "base/text.h"
#include "duckdb/function/scalar/strftime_format.hpp"
#include "sql/engine/date_format.h"
#include "sql/engine/encode.h"
#include "sql/engine/errors.h"
#include "sql/engine/functions.h"
#include "sql/engine/values.h"

namespace tarn::sql::engine {
namespace {

using duckdb::ClientContext;
using duckdb::Expression;
using duckdb::FunctionBindExpressionInput;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::string_t;
using duckdb::timestamp_t;
using duckdb::unique_ptr;
using duckdb::Value;

struct Part {
  const char* names;   // ',' around each
  const char* native;  // DuckDB's
  const char* interval;
};
// AWS: date parts for date or timestamp functions.
constexpr Part kParts[] = {
    {",millennium,millennia,mil,mils,", "millennium", "to_millennia"},
    {",century,centuries,c,cent,cents,", "century", "to_centuries"},
    {",decade,decades,dec,decs,", "decade", "to_decades"},
    {",epoch,", "epoch", nullptr},
    {",year,years,y,yr,yrs,", "year", "to_years"},
    {",quarter,quarters,qtr,qtrs,", "quarter", "to_quarters"},
    {",month,months,mon,mons,", "month", "to_months"},
    {",week,weeks,w,", "week", "to_weeks"},
    {",dayofweek,dow,dw,weekday,", "dow", nullptr},
    {",dayofyear,doy,dy,yearday,", "doy", "to_days"},
    {",day,days,d,", "day", "to_days"},
    {",hour,hours,h,hr,hrs,", "hour", "to_hours"},
    {",minute,minutes,m,min,mins,", "minute", "to_minutes"},
    {",second,seconds,s,sec,secs,", "second", "to_seconds"},
    {",millisecond,milliseconds,ms,msec,msecs,msecond,mseconds,millisec,millisecs,millisecon,", "millisecond",
     "to_milliseconds"},
    {",microsecond,microseconds,us,usec,usecs,usecond,useconds,microsec,microsecs,microsecond,", "microsecond",
     "to_microseconds"},
    {",timezone_hour,", "timezone_hour", nullptr},
    {",timezone_minute,", "timezone_minute", nullptr},
    {",timezone,", "timezone", nullptr},
};

const Part& part_of(ClientContext& context, Expression& argument) {
  if (!argument.IsFoldable()) raise_sql("22023", "The date part must be a word.");
  const std::string name = lower(duckdb::ExpressionExecutor::EvaluateScalar(context, argument).ToString());
  for (const Part& part : kParts) {
    if (std::string(part.names).find("," + name + ",") != std::string::npos) return part;
  }
  raise_sql("22023", "timestamp units \"" + name + "\" not recognized");
}

// A date, or text that is one, as a timestamp; times with a zone stay.
unique_ptr<Expression> as_timestamp(ClientContext& context, unique_ptr<Expression> value) {
  const auto id = value->return_type.id();
  if (id == LogicalTypeId::TIMESTAMP_TZ || id == LogicalTypeId::TIME || id == LogicalTypeId::TIME_TZ ||
      id == LogicalTypeId::INTERVAL) {
    return value;
  }
  return converted(context, std::move(value), LogicalType::TIMESTAMP);
}

// Calendar steps need a plain interval; those beyond days are made of months and years.
unique_ptr<Expression> interval_of(ClientContext& context, const Part& part, unique_ptr<Expression> count) {
  const bool fractions = std::string(part.native) == "second" || std::string(part.native) == "millisecond";
  auto n = cast_to(context, converted(context, std::move(count), LogicalType::BIGINT),
                   fractions ? LogicalType::DOUBLE : LogicalType::BIGINT);
  const bool narrow = !fractions && std::string(part.native) != "hour" && std::string(part.native) != "minute" &&
                      std::string(part.native) != "microsecond";
  if (narrow) n = cast_to(context, std::move(n), LogicalType::INTEGER);
  return call(context, "main", part.interval, arguments(std::move(n)));
}

// DATEADD gives a TIMESTAMP, also for dates.
unique_ptr<Expression> bind_date_add(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  const Part& part = part_of(context, *input.children[0]);
  if (!part.interval) raise_sql("22023", std::string("DATEADD with the part ") + part.native + " is not supported.");
  auto time = as_timestamp(context, std::move(input.children[2]));
  return call(context, "main", "+",
              arguments(std::move(time), interval_of(context, part, std::move(input.children[1]))), true);
}

// DATEDIFF counts the boundaries that lie between.
unique_ptr<Expression> bind_date_diff(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  const Part& part = part_of(context, *input.children[0]);
  std::string name = part.native;
  if (name == "dow" || name == "doy") name = "day";
  for (const size_t i : {1, 2}) {  // a text beside a time is one
    const LogicalType other = input.children[3 - i]->return_type;
    const bool time = other.id() == LogicalTypeId::TIME || other.id() == LogicalTypeId::TIME_TZ;
    if (time && is_text(input.children[i]->return_type)) {
      input.children[i] = converted(context, std::move(input.children[i]), other);
    }
  }
  auto from = as_timestamp(context, std::move(input.children[1])),
       to = as_timestamp(context, std::move(input.children[2]));
  for (auto* side : {&from, &to}) {  // of times with a zone their moment of the day
    if ((*side)->return_type.id() != LogicalTypeId::TIME_TZ) continue;
    *side = cast_to(context, call(context, "main", "timezone", arguments(constant(Value("UTC")), std::move(*side))), LogicalType::TIME);
  }
  if (from->return_type != to->return_type) {
    from = cast_to(context, std::move(from), LogicalType::TIMESTAMP);
    to = cast_to(context, std::move(to), LogicalType::TIMESTAMP);
  }
  auto list = arguments(constant(Value(name)), std::move(from));
  list.push_back(std::move(to));
  return call(context, "main", "date_diff", std::move(list));
}

// The part as the engine counts it; decades begin as Redshift's do. AWS: date parts, CENTURY, EPOCH, DECADE, and MIL notes.
unique_ptr<Expression> part_in(ClientContext& context, const std::string& name, unique_ptr<Expression> value) {
  auto part = call(context, "main", "date_part", arguments(constant(Value(name)), std::move(value)));
  if (name != "decade") return part;
  return call(context, "main", "+", arguments(std::move(part), constant(Value::BIGINT(1))), true);
}

// AWS: date parts, variations with seconds. DATE_PART gives seconds with all that is behind the point, EXTRACT each part alone.
unique_ptr<Expression> bind_date_part(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  const std::string name = part_of(context, *input.children[0]).native;
  auto value = as_timestamp(context, std::move(input.children[1]));
  const double unit = name == "second" ? 1e6 : name == "millisecond" ? 1e3 : 0;
  auto part = cast_to(context, part_in(context, unit > 0 ? "microsecond" : name, std::move(value)), LogicalType::DOUBLE);
  if (unit == 0) return part;
  return call(context, "main", "/", arguments(std::move(part), constant(Value::DOUBLE(unit))), true);
}

unique_ptr<Expression> bind_extract(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  const std::string name = part_of(context, *input.children[0]).native;
  auto value = as_timestamp(context, std::move(input.children[1]));
  const bool zoned = value->return_type.id() == LogicalTypeId::TIMESTAMP_TZ;
  auto part = part_in(context, name, std::move(value));
  if (name == "millisecond" || name == "microsecond") {
    part = call(context, "main", "%", arguments(std::move(part), constant(Value::BIGINT(1000))), true);
  }
  if (name == "epoch") part = call(context, "main", "floor", arguments(std::move(part)));
  return cast_to(context, std::move(part), zoned ? LogicalType::DOUBLE : name == "epoch" ? LogicalType::BIGINT : LogicalType::INTEGER);
}

unique_ptr<Expression> bind_date_trunc(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  const std::string name = part_of(context, *input.children[0]).native;
  auto value = as_timestamp(context, std::move(input.children[1]));
  const LogicalType type = value->return_type;
  return cast_to(context, call(context, "main", "date_trunc", arguments(constant(Value(name)), std::move(value))),
                 type);
}

unique_ptr<Expression> bind_year(FunctionBindExpressionInput& input) {
  auto value = as_timestamp(input.context, std::move(input.children[0]));
  return cast_to(input.context, call(input.context, "main", "year", arguments(std::move(value))), LogicalType::INTEGER);
}

// The last day of a month stays one: ADD_MONTHS('2024-02-29', 1) is 2024-03-31.
void add_months_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::BinaryExecutor::Execute<timestamp_t, int64_t, timestamp_t>(
      input.data[0], input.data[1], result, input.size(), [](timestamp_t time, int64_t months) {
        duckdb::date_t date;
        duckdb::dtime_t clock;
        duckdb::Timestamp::Convert(time, date, clock);
        int32_t year, month, day;
        duckdb::Date::Convert(date, year, month, day);
        const bool last = day == duckdb::Date::MonthDays(year, month);
        const int64_t total = static_cast<int64_t>(year) * 12 + month - 1 + months;
        if (total < 0 || total > 12 * 200'000) raise_sql("22008", "timestamp out of range");
        year = static_cast<int32_t>(total / 12);
        month = static_cast<int32_t>(total % 12) + 1;
        const int32_t days = duckdb::Date::MonthDays(year, month);
        day = last ? days : std::min(day, days);
        return duckdb::Timestamp::FromDatetime(duckdb::Date::FromDate(year, month, day), clock);
      });
}

unique_ptr<Expression> bind_add_months(FunctionBindExpressionInput& input) {
  auto time = converted(input.context, std::move(input.children[0]), LogicalType::TIMESTAMP);
  auto months = converted(input.context, std::move(input.children[1]), LogicalType::BIGINT);
  return call(input.context, kFunctionSchema, "add_months_run", arguments(std::move(time), std::move(months)));
}

unique_ptr<Expression> bind_last_day(FunctionBindExpressionInput& input) {
  auto time = converted(input.context, std::move(input.children[0]), LogicalType::TIMESTAMP);
  return call(input.context, "main", "last_day", arguments(std::move(time)));
}

// AWS: MONTHS_BETWEEN. Whole months where the days are equal or both last; else the fraction of a month of 31 days.
void months_between_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::BinaryExecutor::Execute<timestamp_t, timestamp_t, double>(
      input.data[0], input.data[1], result, input.size(), [](timestamp_t a, timestamp_t b) {
        int32_t year[2], month[2], day[2];
        double fraction[2];
        bool last[2];
        const timestamp_t times[2] = {a, b};
        for (int i = 0; i < 2; ++i) {
          duckdb::date_t date;
          duckdb::dtime_t clock;
          duckdb::Timestamp::Convert(times[i], date, clock);
          duckdb::Date::Convert(date, year[i], month[i], day[i]);
          last[i] = day[i] == duckdb::Date::MonthDays(year[i], month[i]);
          fraction[i] = day[i] + static_cast<double>(clock.micros) / 86'400e6;
        }
        const double months = (year[0] - year[1]) * 12 + (month[0] - month[1]);
        if (day[0] == day[1] || (last[0] && last[1])) return months;
        return months + (fraction[0] - fraction[1]) / 31;
      });
}

template <const char* const* run>
unique_ptr<Expression> bind_two_times(FunctionBindExpressionInput& input) {
  auto a = converted(input.context, std::move(input.children[0]), LogicalType::TIMESTAMP);
  auto b = converted(input.context, std::move(input.children[1]), LogicalType::TIMESTAMP);
  return call(input.context, kFunctionSchema, *run, arguments(std::move(a), std::move(b)));
}
constexpr const char* kMonthsBetween = "months_between_run";
constexpr const char* kDateCompare = "date_cmp_run";

void date_cmp_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::BinaryExecutor::Execute<timestamp_t, timestamp_t, int32_t>(
      input.data[0], input.data[1], result, input.size(), [](timestamp_t a, timestamp_t b) {
        return a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
      });
}

void next_day_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::BinaryExecutor::Execute<timestamp_t, string_t, duckdb::date_t>(
      input.data[0], input.data[1], result, input.size(), [](timestamp_t time, string_t name) {
        const std::string wanted = lower(name.GetString());
        static constexpr const char* kDays[] = {"sunday",   "monday", "tuesday", "wednesday",
                                                "thursday", "friday", "saturday"};
        for (int day = 0; day < 7; ++day) {
          if (wanted.size() < 2 || !std::string_view(kDays[day]).starts_with(wanted)) continue;
          const duckdb::date_t date = duckdb::Timestamp::GetDate(time);
          const int today = duckdb::Date::ExtractISODayOfTheWeek(date) % 7;
          const int ahead = (day - today + 6) % 7 + 1;
          return duckdb::date_t(date.days + ahead);
        }
        raise_sql("22023", "\"" + wanted + "\" is no day of the week");
      });
}

unique_ptr<Expression> bind_next_day(FunctionBindExpressionInput& input) {
  auto time = converted(input.context, std::move(input.children[0]), LogicalType::TIMESTAMP);
  return call(input.context, kFunctionSchema, "next_day_run",
              arguments(std::move(time), as_text(input.context, std::move(input.children[1]))));
}

// --- formats ---------------------------------------------------------------------------------------------------------------

void to_char_time(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::BinaryExecutor::Execute<timestamp_t, string_t, string_t>(
      input.data[0], input.data[1], result, input.size(), [&](timestamp_t time, string_t format) {
        return duckdb::StringVector::AddString(result, format_time(time.value, format.GetString()));
      });
}

void parse_time_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::TernaryExecutor::Execute<string_t, string_t, bool, timestamp_t>(
      input.data[0], input.data[1], input.data[2], result, input.size(),
      [&](string_t text, string_t format, bool strict) {
        const auto micros = parse_time(text.GetString(), format.GetString(), strict);
        if (!micros) {
          if (strict && parse_time(text.GetString(), format.GetString(), false))
            raise_sql("22008", "date/time field date value out of range: " + text.GetString());
          raise_sql("22007", "\"" + text.GetString() + "\" does not match the format \"" + format.GetString() + "\"");
        }
        return timestamp_t(*micros);
      });
}

unique_ptr<Expression> bind_to_char(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  auto value = std::move(input.children[0]);
  const LogicalType& type = value->return_type;
  if (type.IsNumeric() || is_super(type)) {
    return call(context, kFunctionSchema, "to_char_of_number", arguments(std::move(value), std::move(input.children[1])));
  }
  if (type.id() == LogicalTypeId::TIME || type.id() == LogicalTypeId::TIME_TZ) {  // of no day
    auto day = constant(Value::DATE(duckdb::date_t(0)));
    value = call(context, "main", "+", arguments(std::move(day), cast_to(context, std::move(value), LogicalType::TIME)), true);
  } else if (type.id() == LogicalTypeId::INTERVAL) {
    auto day = constant(Value::TIMESTAMP(duckdb::timestamp_t(0)));
    value = call(context, "main", "+", arguments(std::move(day), std::move(value)), true);
  }
  value = cast_to(context, std::move(value), LogicalType::TIMESTAMP);
  return call(context, kFunctionSchema, "to_char_time",
              arguments(std::move(value), as_text(context, std::move(input.children[1]))));
}

// The text by the format; with `strict` it must be a time of the calendar, else 31 June is 1 July.
unique_ptr<Expression> parsed_time(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  auto list = arguments(as_text(context, std::move(input.children[0])), as_text(context, std::move(input.children[1])));
  list.push_back(input.children.size() > 2 ? cast_to(context, std::move(input.children[2]), LogicalType::BOOLEAN)
                                           : constant(Value::BOOLEAN(false)));
  return call(context, kFunctionSchema, "parse_time", std::move(list));
}

unique_ptr<Expression> bind_to_date(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  if (input.children.size() == 1) return converted(context, std::move(input.children[0]), LogicalType::DATE);
  return cast_to(context, parsed_time(input), LogicalType::DATE);
}

unique_ptr<Expression> bind_to_timestamp(FunctionBindExpressionInput& input) {
  return cast_to(input.context, parsed_time(input), LogicalType::TIMESTAMP_TZ);
}

void zone_name_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<string_t, string_t>(input.data[0], result, input.size(), [&](string_t zone) {
    return duckdb::StringVector::AddString(result, engine_zone(view(zone)));
  });
}

unique_ptr<Expression> zone_of(ClientContext& context, unique_ptr<Expression> zone) {
  return call(context, kFunctionSchema, "zone_name", arguments(as_text(context, std::move(zone))));
}

// TIMEZONE('zone', time), time AT TIME ZONE 'zone'
unique_ptr<Expression> bind_timezone(FunctionBindExpressionInput& input) {
  auto time = std::move(input.children[1]);
  const auto id = time->return_type.id();
  if (is_text(time->return_type) || id == LogicalTypeId::DATE) time = converted(input.context, std::move(time), LogicalType::TIMESTAMP);
  if (id == LogicalTypeId::INTERVAL || input.children[0]->return_type.id() == LogicalTypeId::INTERVAL) {
    return call(input.context, "main", "timezone", arguments(std::move(input.children[0]), std::move(time)));
  }
  return call(input.context, "main", "timezone", arguments(zone_of(input.context, std::move(input.children[0])), std::move(time)));
}

// AWS: CONVERT_TIMEZONE, examples: a written zone with an offset of its own, 'NEWZONE -2:15'.
std::optional<int64_t> offset_of(const Expression& zone) {
  if (zone.GetExpressionType() != duckdb::ExpressionType::VALUE_CONSTANT || !is_text(zone.return_type)) return std::nullopt;
  const auto& value = zone.Cast<duckdb::BoundConstantExpression>().value;
  return value.IsNull() ? std::nullopt : minutes_west(duckdb::StringValue::Get(value));
}

unique_ptr<Expression> shifted(ClientContext& context, unique_ptr<Expression> time, int64_t minutes) {
  return call(context, "main", "+", arguments(std::move(time), constant(Value::INTERVAL(0, 0, minutes * 60'000'000))), true);
}

// CONVERT_TIMEZONE([from,] to, timestamp): clocks read in the one zone, as they read in the other.
unique_ptr<Expression> bind_convert_timezone(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  const bool with_source = input.children.size() == 3;
  auto source = with_source ? std::move(input.children[0]) : constant(Value("UTC"));
  auto target = std::move(input.children[with_source ? 1 : 0]);
  auto time = converted(context, std::move(input.children[with_source ? 2 : 1]), LogicalType::TIMESTAMP);
  if (const auto west = offset_of(*source)) {
    time = shifted(context, std::move(time), *west);
    source = constant(Value("UTC"));
  }
  const auto west = offset_of(*target);
  if (west) target = constant(Value("UTC"));
  auto instant = call(context, "main", "timezone", arguments(zone_of(context, std::move(source)), std::move(time)));
  auto there = call(context, "main", "timezone", arguments(zone_of(context, std::move(target)), std::move(instant)));
  return west ? shifted(context, std::move(there), -*west) : std::move(there);
}

}  // namespace

void add_dates(Registry& registry) {
  const LogicalType time = LogicalType::TIMESTAMP, text = LogicalType::VARCHAR;
  registry.add(typed("date_add", 3, bind_date_add));
  registry.add(typed("date_diff", 3, bind_date_diff));
  registry.add(typed("date_part", 2, bind_date_part));
  registry.add(typed("extract", 2, bind_extract));
  registry.add(typed("date_trunc", 2, bind_date_trunc));
  registry.add(typed("date_part_year", 1, bind_year));
  registry.add(typed("add_months", 2, bind_add_months));
  registry.add(typed("last_day", 1, bind_last_day));
  registry.add(typed("months_between", 2, bind_two_times<&kMonthsBetween>));
  registry.add(typed("date_cmp", 2, bind_two_times<&kDateCompare>));
  registry.add(typed("next_day", 2, bind_next_day));
  registry.add(typed("to_char", 2, bind_to_char));
  registry.add(typed_variadic("to_date", bind_to_date));
  registry.add(typed_variadic("to_timestamp", bind_to_timestamp));
  registry.add(typed_variadic("convert_timezone", bind_convert_timezone));
  registry.add(typed("timezone", 2, bind_timezone));
  registry.add(duckdb::ScalarFunction("zone_name", {text}, text, zone_name_run));
  registry.add(scalar("add_months_run", {time, LogicalType::BIGINT}, time, add_months_run));
  registry.add(scalar("months_between_run", {time, time}, LogicalType::DOUBLE, months_between_run));
  registry.add(scalar("date_cmp_run", {time, time}, LogicalType::INTEGER, date_cmp_run));
  registry.add(scalar("next_day_run", {time, text}, LogicalType::DATE, next_day_run));
  registry.add(scalar("to_char_time", {time, text}, text, to_char_time));
  registry.add(scalar("parse_time", {text, text, LogicalType::BOOLEAN}, time, parse_time_run));
}

}  // namespace tarn::sql::engine
