// multipart/form-data bodies (RFC 7578): what browsers' forms post. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tarn::http {

struct FormField {
  std::string name;
  std::string file_name;     // of a field that is a file; else empty
  std::string content_type;  // as the part says; else empty
  std::string_view value;    // within the body
};

// LIFETIME: the fields' values are parts of `body`. ERRORS: MalformedForm (400).
Result<std::vector<FormField>> parse_form(std::string_view content_type, std::string_view body);

}  // namespace tarn::http
