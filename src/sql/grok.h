// Grok's usual names, for the crawlers that find out a log's columns and the SerDe that reads them.
#pragma once

#include <optional>
#include <string_view>

namespace tarn::sql {

// The expression that a name stands for, which may name others: "%{INT}". nullopt: there is none of that name.
std::optional<std::string_view> grok_pattern(std::string_view name);

}  // namespace tarn::sql
