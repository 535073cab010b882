#include "services/events/transform.h"

#include <vector>

#include "base/text.h"

namespace tarn::events {
namespace {

struct Step {
  std::string_view name;  // of a member; "*": all
  bool index = false;     // `name` is an index
};

std::optional<std::vector<Step>> steps_of(std::string_view path) {
  if (!path.starts_with('$')) return std::nullopt;
  std::vector<Step> steps;
  for (size_t at = 1; at < path.size();) {
    const bool bracket = path[at] == '[';
    if (!bracket && path[at] != '.') return std::nullopt;
    const size_t end = bracket ? path.find(']', at) : path.find_first_of(".[", at + 1);
    if (bracket && end == std::string_view::npos) return std::nullopt;
    std::string_view name = path.substr(at + 1, end == std::string_view::npos ? end : end - at - 1);
    bool index = bracket;
    if (bracket && name.size() >= 2 && (name[0] == '\'' || name[0] == '"') && name.back() == name[0]) {
      name = name.substr(1, name.size() - 2);
      index = false;
    }
    if (name.empty() || (index && name != "*" && !parse_int(name))) return std::nullopt;
    steps.push_back({name, index});
    at = end == std::string_view::npos ? path.size() : end + bracket;
  }
  return steps;
}

void collect(const Json& value, const std::vector<Step>& steps, size_t from, std::vector<Json>& found) {
  if (from == steps.size()) return found.push_back(value);
  const Step& step = steps[from];
  if (step.name == "*") {
    for (const Json& item : value.items()) collect(item, steps, from + 1, found);
    for (const auto& [name, member] : value.members()) collect(member, steps, from + 1, found);
  } else if (step.index) {
    const int64_t index = *parse_int(step.name);
    if (value.is_array() && index >= 0 && static_cast<size_t>(index) < value.size())
      collect(value.at(index), steps, from + 1, found);
  } else if (const Json* member = value.find(step.name)) {
    collect(*member, steps, from + 1, found);
  }
}

// Where the text is JSON, the place is told by the quotes before it.
bool looks_like_json(std::string_view text) {
  text = trim(text);
  return text.starts_with('{') || text.starts_with('[') || text.starts_with('"');
}

std::string inside_text(const Json& value, bool json) {
  if (value.is_object() || value.is_array()) return replace_all(value.text(), "\"", "");
  if (!value.is_string()) return value.text();
  if (!json) return value.as_string();
  const std::string quoted = value.text();
  return quoted.substr(1, quoted.size() - 2);
}

}  // namespace

bool is_path(std::string_view path) {
  return steps_of(path).has_value();
}

std::optional<Json> at_path(const Json& document, std::string_view path) {
  const auto steps = steps_of(path);
  if (!steps) return std::nullopt;
  std::vector<Json> found;
  collect(document, *steps, 0, found);
  bool many = false;
  for (const Step& step : *steps) many = many || step.name == "*";
  if (many) return Json::array(std::move(found));
  if (found.empty()) return std::nullopt;
  return std::move(found[0]);
}

std::vector<std::string_view> placeholders_of(std::string_view text) {
  std::vector<std::string_view> names;
  for (size_t at = text.find('<'); at != std::string_view::npos; at = text.find('<', at + 1)) {
    const size_t end =
        text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-", at + 1);
    if (end != std::string_view::npos && text[end] == '>' && end > at + 1)
      names.push_back(text.substr(at + 1, end - at - 1));
  }
  return names;
}

std::string fill_template(std::string_view text, const Variables& variables) {
  const bool json = looks_like_json(text);
  const std::string_view whole = trim(text);
  const bool only = whole.starts_with('<') && whole.find('>') == whole.size() - 1;
  std::string out;
  bool quoted = false;
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    const size_t end = c == '<' ? text.find('>', at) : std::string_view::npos;
    const auto found =
        end == std::string_view::npos ? variables.end() : variables.find(text.substr(at + 1, end - at - 1));
    if (found == variables.end()) {
      if (c == '\\' && quoted && at + 1 < text.size())
        out += text[at++];
      else if (c == '"' && json)
        quoted = !quoted;
      out += text[at];
      continue;
    }
    const bool plain = quoted || (!json && !only);
    if (found->second)
      out += plain ? inside_text(*found->second, json) : found->second->text();
    else if (!plain)
      out += "\"\"";  // as AWS does: valid JSON is left behind
    at = end;
  }
  return out;
}

}  // namespace tarn::events
