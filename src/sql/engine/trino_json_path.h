// Paths into JSON: json_extract's, and those of the standard's functions. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace tarn::sql::engine::trino {

struct JsonPath {
  struct Step {
    enum class Kind : uint8_t { kMember, kIndex, kAll, kDescend } kind = Kind::kMember;
    std::string name;
    int64_t index = 0, to = 0;
  };
  std::vector<Step> steps;
  bool standard = false;  // arrays are looked through, places are counted from the end as well
  bool strict = false;    // of the standard's: what does not fit is an error
};

// Of json_extract: $.a["b"][0].*; of the standard also `lax $`, `strict $`, $.a[1 to 2], $[last]. Raises INVALID_FUNCTION_ARGUMENT.
JsonPath read_json_path(const std::string& given, bool standard);
// LIFETIME: the results lie in `root`. nullopt: a structural error of a strict path.
std::optional<std::vector<const Json*>> walk(const Json& root, const JsonPath& path);

}  // namespace tarn::sql::engine::trino
