// Dates in texts: Trino's own, ISO 8601, MySQL's and Joda's formats. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace tarn::sql::engine::trino {

struct Moment {
  int64_t micros = 0;  // of the wall clock
  std::string zone;    // empty: none was named
};

// 2024-01-02[ 03:04[:05[.678]]][ zone]; nullopt: it is none.
std::optional<Moment> read_timestamp(const std::string& text);
// 2024-01-02T03:04:05.678+02:00 and its shorter forms, weeks and days of the year.
std::optional<Moment> read_iso(const std::string& text);
// 03:04[:05[.678]]: microseconds.
std::optional<int64_t> read_time(const std::string& text);

// Each raises INVALID_FUNCTION_ARGUMENT for a format that it does not know.
std::string mysql_format(int64_t micros, const std::string& format);
std::optional<int64_t> mysql_parse(const std::string& text, const std::string& format);
std::string joda_format(int64_t micros, const std::string& format, const std::string& zone, int64_t offset_minutes);
std::optional<Moment> joda_parse(const std::string& text, const std::string& format);

// Whole units from one moment to another, as Joda counts them.
int64_t date_difference(const std::string& unit, int64_t from, int64_t to);
std::string offset_text(int64_t minutes);  // +05:30, Z

}  // namespace tarn::sql::engine::trino
