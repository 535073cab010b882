// Paths into JSON as json_extract has them. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace tarn::sql::engine::trino {

struct JsonPath {
  struct Step {
    enum class Kind : uint8_t { kMember, kIndex, kAll, kDescend } kind = Kind::kMember;
    std::string name;
    int64_t index = 0;
  };
  std::vector<Step> steps;
};

// $.a["b"][0].*, $..a. Raises INVALID_FUNCTION_ARGUMENT.
JsonPath read_json_path(const std::string& given);
// LIFETIME: the results lie in `root`.
std::vector<const Json*> walk(const Json& root, const JsonPath& path);

}  // namespace tarn::sql::engine::trino
