// Redshift's format texts (TO_CHAR, TO_DATE, COPY's DATEFORMAT): YYYY-MM-DD HH24:MI:SS. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tarn::sql::engine {

// The time (microseconds since 1970, UTC) printed by the format. Text in double quotes is kept; FM suppresses padding.
std::string format_time(int64_t micros, const std::string& format);
// nullopt: the text does not fit the format, or is no date. Unless strict, days and hours beyond their month's or day's end count on.
std::optional<int64_t> parse_time(const std::string& text, const std::string& format, bool strict = true);

// Microseconds since 1970 of a date or time in any of the forms that Redshift reads by itself; nullopt: none. (fn_casts.cc)
std::optional<int64_t> read_time(std::string_view text);

// What the engine writes of a date or timestamp, with BC behind it as Redshift writes it.
std::string era_behind(std::string_view text);

// PostgreSQL's abbreviations of time zones ("pst", lower case), which are of one offset whatever the season.
std::optional<int> hours_west(std::string_view abbreviation);

// What the engine calls a time zone: 'GMT+2' lies west of Greenwich. AWS: CONVERT_TIMEZONE, time zone usage notes.
std::string engine_zone(std::string_view zone);
// Of a zone with an offset behind a name, "NEWZONE -2:15": how many minutes it lies west of Greenwich, whatever it is called.
std::optional<int64_t> minutes_west(std::string_view zone);

}  // namespace tarn::sql::engine
