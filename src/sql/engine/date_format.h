// Redshift's format texts (TO_CHAR, TO_DATE, COPY's DATEFORMAT): YYYY-MM-DD HH24:MI:SS. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace tarn::sql::engine {

// The time (microseconds since 1970, UTC) printed by the format. Text in double quotes is kept; FM suppresses padding.
std::string format_time(int64_t micros, const std::string& format);
// nullopt: the text does not fit the format, or is no date. Unless strict, days and hours beyond their month's or day's end count on.
std::optional<int64_t> parse_time(const std::string& text, const std::string& format, bool strict = true);

}  // namespace tarn::sql::engine
