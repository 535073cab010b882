// Redshift's numeric format texts (TO_CHAR, TO_NUMBER): '999,999.99', 'FM00.0', 'S999', 'L9G999D99', '999PR', 'RN'. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tarn::sql::engine {

// A decimal number in digits ("-12.50", "1e+20" is not one), printed by the format; '#' in place of digits that it has no
// place for. nullopt: the format is none.
std::optional<std::string> format_number(std::string_view number, const std::string& format);
// The number that the text is by the format, in digits. nullopt: there is none in it.
std::optional<std::string> parse_number(std::string_view text, const std::string& format);
// Digits behind the point.
int decimals_of(const std::string& format);

}  // namespace tarn::sql::engine
