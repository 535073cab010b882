// Redshift's interval texts: '1 day 2 hours', '1-2' YEAR TO MONTH, '3 04:05:06.7' DAY TO SECOND. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tarn::sql {

struct IntervalValue {
  int64_t months = 0, days = 0, micros = 0;
};

// `first` and `last`: the qualifier's fields in lower case ("year", "month", "day" .. "second"), empty without one. A number
// without a unit counts the last field, or seconds; what is smaller than the last field is cut. nullopt: no interval.
std::optional<IntervalValue> parse_interval(std::string_view text, std::string_view first = "", std::string_view last = "");
// "1 year 2 mons 3 days 04:05:06.7"
std::string interval_text(const IntervalValue& value);
// Is it one of the fields of a qualifier?
bool is_interval_field(std::string_view word);

}  // namespace tarn::sql
