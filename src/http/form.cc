#include "http/form.h"

#include <optional>

#include "base/text.h"

namespace tarn::http {
namespace {

constexpr size_t kMostFields = 1000;
constexpr std::string_view kLine = "\r\n";

Failure malformed(std::string why) {
  return fail(400, "MalformedForm", std::move(why));
}

// The value of a parameter: 'x' of `form-data; name="x"; filename="y"`.
std::optional<std::string> parameter(std::string_view header, std::string_view name) {
  for (size_t at = header.find(';'); at != std::string_view::npos;) {
    std::string_view rest = trim(header.substr(at + 1));
    const size_t equals = rest.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view key = trim(rest.substr(0, equals));
    rest = trim(rest.substr(equals + 1));
    std::string value;
    size_t end = 0;
    if (rest.starts_with('"')) {
      for (end = 1; end < rest.size() && rest[end] != '"'; ++end) {
        if (rest[end] == '\\' && end + 1 < rest.size() && (rest[end + 1] == '"' || rest[end + 1] == '\\')) ++end;
        value += rest[end];
      }
      end = std::min(end + 1, rest.size());
    } else {
      end = std::min(rest.find(';'), rest.size());
      value = trim(rest.substr(0, end));
    }
    if (equals_ignore_case(key, name)) return value;
    header = rest.substr(end);
    at = header.find(';');
  }
  return std::nullopt;
}

// The part's own head, up to an empty line.
Status read_head(std::string_view head, FormField& field) {
  bool named = false;
  for (size_t at = 0; at < head.size();) {
    const size_t end = std::min(head.find(kLine, at), head.size());
    const std::string_view line = head.substr(at, end - at);
    at = end + kLine.size();
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view name = trim(line.substr(0, colon)), value = trim(line.substr(colon + 1));
    if (equals_ignore_case(name, "content-type")) field.content_type = value;
    if (!equals_ignore_case(name, "content-disposition")) continue;
    const auto said = parameter(value, "name");
    if (!said) return malformed("A part of the form has no name.");
    named = true;
    field.name = *said;
    field.file_name = parameter(value, "filename").value_or("");
  }
  if (!named) return malformed("A part of the form has no Content-Disposition.");
  return {};
}

}  // namespace

Result<std::vector<FormField>> parse_form(std::string_view content_type, std::string_view body) {
  const auto boundary = parameter(content_type, "boundary");
  if (!boundary || boundary->empty()) return malformed("The Content-Type names no boundary.");
  const std::string first = "--" + *boundary, next = "\r\n--" + *boundary;
  size_t at = body.find(first);
  if (at == std::string_view::npos) return malformed("The body does not begin with the boundary.");
  at += first.size();
  std::vector<FormField> fields;
  while (true) {
    if (body.substr(at).starts_with("--")) return fields;
    if (!body.substr(at).starts_with(kLine)) return malformed("A boundary is not followed by a line's end.");
    at += kLine.size();
    const size_t blank = body.find("\r\n\r\n", at);
    const size_t end = blank == std::string_view::npos ? blank : body.find(next, blank + 2);
    if (end == std::string_view::npos) return malformed("The form ends within a part.");
    FormField field;
    TRY(read_head(body.substr(at, blank - at), field));
    const size_t begin = blank + 4;
    field.value = begin > end ? std::string_view() : body.substr(begin, end - begin);
    fields.push_back(std::move(field));
    if (fields.size() > kMostFields) return malformed("The form has too many fields.");
    at = end + next.size();
  }
}

}  // namespace tarn::http
