// Functions of dates, times and intervals. https://trino.io/docs/current/functions/datetime.html
#include "sql/engine/trino_manifest.h"

namespace tarn::sql::engine::trino {
namespace {

// A part of a date, a timestamp, and a moment in its own zone.
#define TARN_PART(name, body_of)                                                                       \
  {name, "date", "bigint", body_of("$1")}, {name, "timestamp", "bigint", body_of("$1")}, \
      {name, "zoned", "bigint", body_of("c__local($1)")}
#define TARN_CLOCK(name, body_of)                                                             \
  {name, "timestamp", "bigint", body_of("$1")}, {name, "zoned", "bigint", body_of("c__local($1)")}, \
      {name, "time", "bigint", body_of("$1")}
#define TARN_YEAR(x) "year(" x ")"
#define TARN_QUARTER(x) "quarter(" x ")"
#define TARN_MONTH(x) "month(" x ")"
#define TARN_WEEK(x) "week(" x ")"
#define TARN_DAY(x) "day(" x ")"
#define TARN_WEEKDAY(x) "isodow(" x ")"
#define TARN_YEARDAY(x) "dayofyear(" x ")"
#define TARN_ISOYEAR(x) "isoyear(" x ")"
#define TARN_HOUR(x) "hour(" x ")"
#define TARN_MINUTE(x) "minute(" x ")"
#define TARN_SECOND(x) "second(" x ")"
#define TARN_MILLI(x) "(millisecond(" x ") % 1000)"

// Teradata's formats: yyyy, yy, mm, dd, hh24, hh, mi, ss.
#define TARN_TERADATA                                                                                                 \
  "replace(replace(replace(replace(replace(replace(replace(replace($2, 'yyyy', '%Y'), 'yy', '%y'), 'hh24', '%H'), "   \
  "'hh', '%I'), 'mm', '%m'), 'mi', '%M'), 'dd', '%d'), 'ss', '%S')"

constexpr Signature kDates[] = {
    {"to_char", "timestamp, varchar", "varchar", "strftime($1, " TARN_TERADATA ")"},
    {"to_char", "zoned, varchar", "varchar", "strftime(c__local($1), " TARN_TERADATA ")"},
    {"to_date", "varchar, varchar", "date", "CAST(strptime($1, " TARN_TERADATA ") AS DATE)"},
    {"to_timestamp", "varchar, varchar", "timestamp", "strptime($1, " TARN_TERADATA ")"},
    {"date", "varchar", "date", "c_cast($1, NULL::DATE)"},
    {"date", "timestamp", "date", "CAST($1 AS DATE)"},
    {"date", "zoned", "date", "CAST(c__local($1) AS DATE)"},
    {"date", "date", "date", "$1"},
    TARN_PART("year", TARN_YEAR),
    TARN_PART("quarter", TARN_QUARTER),
    TARN_PART("month", TARN_MONTH),
    TARN_PART("week", TARN_WEEK),
    TARN_PART("week_of_year", TARN_WEEK),
    TARN_PART("day", TARN_DAY),
    TARN_PART("day_of_month", TARN_DAY),
    TARN_PART("day_of_week", TARN_WEEKDAY),
    TARN_PART("dow", TARN_WEEKDAY),
    TARN_PART("day_of_year", TARN_YEARDAY),
    TARN_PART("doy", TARN_YEARDAY),
    TARN_PART("year_of_week", TARN_ISOYEAR),
    TARN_PART("yow", TARN_ISOYEAR),
    TARN_CLOCK("hour", TARN_HOUR),
    TARN_CLOCK("minute", TARN_MINUTE),
    TARN_CLOCK("second", TARN_SECOND),
    TARN_CLOCK("millisecond", TARN_MILLI),
    {"year", "interval", "bigint", "year($1)"},
    {"month", "interval", "bigint", "month($1)"},
    {"day", "interval", "bigint", "t_interval_part('day', $1)"},
    {"hour", "interval", "bigint", "t_interval_part('hour', $1)"},
    {"minute", "interval", "bigint", "t_interval_part('minute', $1)"},
    {"second", "interval", "bigint", "t_interval_part('second', $1)"},
    {"millisecond", "interval", "bigint", "t_interval_part('millisecond', $1)"},
    {"timezone_hour", "zoned", "bigint", "t_divide(t_offset_minutes($1, c__local($1)), 60)"},
    {"timezone_minute", "zoned", "bigint", "t_modulus(t_offset_minutes($1, c__local($1)), 60)"},
    {"last_day_of_month", "date", "date", "last_day($1)"},
    {"last_day_of_month", "timestamp", "date", "last_day($1)"},
    {"last_day_of_month", "zoned", "date", "last_day(c__local($1))"},
    {"date_trunc", "varchar, date", "date", "CAST(date_trunc(t_unit($1), $2) AS DATE)"},
    {"date_trunc", "varchar, timestamp", "timestamp", "CAST(date_trunc(t_unit($1), $2) AS TIMESTAMP)"},
    {"date_trunc", "varchar, zoned", "timestamp with time zone",
     "c__zoned(CAST(date_trunc(t_unit($1), c__local($2)) AS TIMESTAMP), t_zone_name($2))"},
    {"date_trunc", "varchar, time", "time", "CAST(date_trunc(t_unit($1), DATE '1970-01-01' + $2) AS TIME)"},
    {"date_add", "varchar, bigint, date", "date", "CAST($3 + t_unit_interval($1, $2) AS DATE)"},
    {"date_add", "varchar, bigint, timestamp", "timestamp", "$3 + t_unit_interval($1, $2)"},
    {"date_add", "varchar, bigint, zoned", "timestamp with time zone", "c__zoned_plus($3, t_unit_interval($1, $2))"},
    {"date_add", "varchar, bigint, time", "time", "$3 + t_unit_interval($1, $2)"},
    {"date_diff", "varchar, date, date", "bigint", "t_date_diff($1, CAST($2 AS TIMESTAMP), CAST($3 AS TIMESTAMP))"},
    {"date_diff", "varchar, timestamp, timestamp", "bigint", "t_date_diff($1, $2, $3)"},
    {"date_diff", "varchar, zoned, zoned", "bigint",
     "t_date_diff($1, c__local($2), c__local(c_at_timezone($3, t_zone_name($2))))"},
    {"date_diff", "varchar, time, time", "bigint",
     "t_date_diff($1, DATE '1970-01-01' + $2, DATE '1970-01-01' + $3)"},
    {"date_format", "timestamp, varchar", "varchar", "t_mysql_format($1, $2)"},
    {"date_format", "zoned, varchar", "varchar", "t_mysql_format(c__local($1), $2)"},
    {"date_parse", "varchar, varchar", "timestamp", "t_mysql_parse($1, $2)"},
    {"format_datetime", "timestamp, varchar", "varchar", "t_joda_format($1, $2, 'UTC', 0)"},
    {"format_datetime", "zoned, varchar", "varchar",
     "t_joda_format(c__local($1), $2, t_zone_name($1), t_offset_minutes($1, c__local($1)))"},
    {"parse_datetime", "varchar, varchar", "timestamp with time zone",
     "c__zoned(t_joda_moment($1, $2), t_joda_zone($1, $2))"},
    {"from_iso8601_timestamp", "varchar", "timestamp with time zone", "c__zoned(t_iso_moment($1), t_iso_zone($1))"},
    {"from_iso8601_timestamp_nanos", "varchar", "timestamp with time zone",
     "c__zoned(t_iso_moment($1), t_iso_zone($1))"},
    {"from_iso8601_date", "varchar", "date", "CAST(t_iso_date($1) AS DATE)"},
    {"to_iso8601", "date", "varchar", "CAST($1 AS VARCHAR)"},
    {"to_iso8601", "timestamp", "varchar", "replace(t_timestamp_text($1), ' ', 'T')"},
    {"to_iso8601", "zoned", "varchar",
     "replace(t_timestamp_text(c__local($1)), ' ', 'T') || t_offset_text(t_offset_minutes($1, c__local($1)))"},
    {"from_unixtime", "double", "timestamp with time zone", "t_from_unixtime($1, 'UTC')"},
    {"from_unixtime", "double, varchar", "timestamp with time zone", "c__checked_zone(t_from_unixtime($1, $2))"},
    {"from_unixtime", "double, bigint, bigint", "timestamp with time zone",
     "t_from_unixtime($1, t_offset_text($2 * 60 + $3))"},
    {"from_unixtime_nanos", "decimal", "timestamp with time zone",
     "t_from_unixtime(CAST($1 AS DOUBLE) / 1000000000.0::DOUBLE, 'UTC')"},
    {"from_unixtime_nanos", "bigint", "timestamp with time zone", "t_from_unixtime($1 / 1000000000.0::DOUBLE, 'UTC')"},
    {"to_unixtime", "timestamp", "double", "epoch_us($1) / 1000000.0::DOUBLE"},
    {"to_unixtime", "zoned", "double", "epoch_us(t_instant($1)) / 1000000.0::DOUBLE"},
    {"with_timezone", "timestamp, varchar", "timestamp with time zone", "c__zoned($1, $2)"},
    {"to_milliseconds", "interval", "bigint", "t_milliseconds($1)"},
    {"parse_duration", "varchar", "interval day to second", "t_parse_duration($1)"},
    {"human_readable_seconds", "double", "varchar", "t_human_seconds($1)"},
    {"timezone", "zoned", "varchar", "t_zone_name($1)"},
    // of our own, for bodies
    {"_local", "zoned", "timestamp",
     "CASE WHEN t_has_offset($1) THEN t_offset_local($1) ELSE timezone(t_zone_name($1), t_instant($1)) END"},
    {"_zoned", "timestamp, varchar", "timestamp with time zone",
     "CASE WHEN t_is_offset($2) THEN t_make_zoned_local($1, $2) ELSE t_make_zoned(timezone($2, $1), $2) END"},
    {"_zoned_plus", "zoned, interval", "timestamp with time zone",
     "CASE WHEN t_has_months($2) THEN c__zoned(c__local($1) + $2, t_zone_name($1)) "
     "ELSE t_make_zoned(t_shifted(t_instant($1), $2), t_zone_name($1)) END"},
};

}  // namespace

Table date_signatures() {
  return {kDates, std::size(kDates)};
}

}  // namespace tarn::sql::engine::trino
