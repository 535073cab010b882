#include "pgwire/arrays.h"

#include <optional>
#include <string>
#include <vector>

#include "base/text.h"

namespace tarn::pgwire {
namespace {

struct Element {
  std::string_view array;
  uint32_t oid;
  int size;  // -1: a text
};
constexpr Element kElements[] = {{"_char", 18, -1},      {"_name", 19, -1},     {"_int2", 21, 2},
                                 {"_int4", 23, 4},       {"_text", 25, -1},     {"_oid", 26, 4},
                                 {"_aclitem", 1033, -1}, {"int2vector", 21, 2}, {"oidvector", 26, 4}};

using Values = std::vector<std::optional<std::string>>;

std::optional<Values> values_of(std::string_view text) {
  if (text.size() < 2 || text.front() != '{' || text.back() != '}') return std::nullopt;
  text = text.substr(1, text.size() - 2);
  Values values;
  for (size_t at = 0; at < text.size();) {
    std::string value;
    const bool quoted = text[at] == '"';
    if (quoted) {
      for (++at; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\' && at + 1 < text.size()) ++at;
        value += text[at];
      }
      ++at;
    } else {
      while (at < text.size() && text[at] != ',') value += text[at++];
    }
    values.push_back(!quoted && value == "NULL" ? std::nullopt : std::optional(value));
    if (at < text.size() && text[at++] != ',') return std::nullopt;
  }
  return values;
}

}  // namespace

bool is_array(std::string_view type) {
  return type.starts_with('_') || type.ends_with("vector");
}

bool write_array(Writer& writer, std::string_view type, std::string_view text) {
  const Element* element = nullptr;
  for (const Element& each : kElements)
    if (each.array == type) element = &each;
  const bool vector = type.ends_with("vector");
  const auto values = values_of(vector ? "{" + replace_all(std::string(text), " ", ",") + "}" : std::string(text));
  if (element == nullptr || !values) return false;
  std::string body;
  Writer into(body);
  bool nulls = false;
  for (const auto& value : *values) nulls = nulls || !value;
  into.int32(values->empty() ? 0 : 1).int32(nulls).int32(element->oid);
  if (!values->empty()) into.int32(static_cast<int64_t>(values->size())).int32(vector ? 0 : 1);
  for (const auto& value : *values) {
    const auto number = value ? parse_int(*value) : std::nullopt;
    if (!value)
      into.null();
    else if (element->size < 0)
      into.value(*value);
    else if (!number)
      return false;
    else if (element->size == 2)
      into.int32(2).int16(static_cast<int>(*number));
    else
      into.int32(4).int32(*number);
  }
  writer.value(body);
  return true;
}

}  // namespace tarn::pgwire
