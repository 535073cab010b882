// The path language of the standard's JSON functions: lax $.a[*] ? (@.b > $x).size(). Pure.
// https://trino.io/docs/current/functions/json.html
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace tarn::sql::engine::trino {

// What the path finds. `variables`: an object of those behind PASSING. nullopt: an error while it is evaluated.
// Raises INVALID_PATH: the text is no path.
std::optional<std::vector<Json>> query_json(const Json& root, const std::string& path, const Json& variables);

}  // namespace tarn::sql::engine::trino
