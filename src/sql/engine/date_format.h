// Redshift's format texts (TO_CHAR, TO_DATE, COPY's DATEFORMAT): YYYY-MM-DD HH24:MI:SS. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace tarn::sql::engine {

// The time (microseconds since 1970, UTC) printed by the format. Text in double quotes is kept; FM suppresses padding.
std::string format_time(int64_t micros, const std::string& format);
// '999,999.99', 'FM00.0', 'S999', 'L..', '999D99': as PostgreSQL, without locale.
std::string format_number(double value, const std::string& format);
// nullopt: the text does not fit the format, or is no date.
std::optional<int64_t> parse_time(const std::string& text, const std::string& format);

}  // namespace tarn::sql::engine
