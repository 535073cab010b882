// Forms that browsers post: what is read lies within the body, and a form written of it reads the same.
//
// The input: the boundary, a line; then the body.
#include <string>

#include "fuzz.h"
#include "head.h"
#include "http/form.h"

namespace {

using namespace tarn;

constexpr size_t kPlantedFields = 3;

std::string written(const std::vector<http::FormField>& fields, std::string_view boundary) {
  std::string out;
  for (const http::FormField& field : fields) {
    out += "--" + std::string(boundary) + "\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n";
    out += std::string(field.value) + "\r\n";
  }
  return out + "--" + std::string(boundary) + "--";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view boundary = fuzz::take_line(text);
  const std::string type = "multipart/form-data; boundary=" + std::string(boundary);
  const auto fields = http::parse_form(type, text);
  if (!fields) return 0;
  fuzz::planted_fault(fields->size() == kPlantedFields);
  for (const http::FormField& field : *fields)
    fuzz::require(field.value.empty() || (field.value.data() >= text.data() &&
                                          field.value.data() + field.value.size() <= text.data() + text.size()));
  // What a boundary of odd signs means is the parser's business; of plain letters it must come back.
  if (boundary.find_first_not_of("abcdefghijklmnopqrstuvwxyz") != std::string_view::npos) return 0;
  const std::string again = written(*fields, boundary);
  const auto reread = http::parse_form(type, again);
  fuzz::require(reread.has_value() && reread->size() == fields->size());
  for (size_t i = 0; i < fields->size(); ++i) fuzz::require((*reread)[i].value == (*fields)[i].value);
  return 0;
}
