#include "sql/engine/trino_json_path.h"

#include <algorithm>

#include "base/text.h"
#include "sql/engine/trino.h"

namespace tarn::sql::engine::trino {

using std::string;
using Step = JsonPath::Step;

namespace {

void descend(const Json& json, std::vector<const Json*>& all) {
  all.push_back(&json);
  for (const Json& item : json.items()) descend(item, all);
  for (const auto& [name, value] : json.members()) descend(value, all);
}

}  // namespace

JsonPath read_json_path(const string& given) {
  const auto bad = [&]() { raise("INVALID_FUNCTION_ARGUMENT", "Invalid JSON path: '" + given + "'"); };
  string text = given;
  JsonPath path;
  size_t at = 0;
  if (at < text.size() && text[at] == '$') {
    ++at;
  } else {
    text = "." + text;  // a name alone is a member of the whole
    if (text == ".") bad();
  }
  const auto quoted = [&](char quote) {
    string name;
    for (++at; at < text.size() && text[at] != quote; ++at) {
      if (text[at] == '\\' && at + 1 < text.size()) ++at;
      name += text[at];
    }
    if (at >= text.size()) bad();
    ++at;
    return name;
  };
  while (at < text.size()) {
    if (text[at] == ' ') bad();
    Step step;
    if (text[at] == '.') {
      ++at;
      if (at < text.size() && text[at] == '.') {
        ++at;
        path.steps.push_back({Step::Kind::kDescend, "", 0});
        if (at < text.size() && text[at] == '[') continue;
      }
      if (at < text.size() && text[at] == '*') {
        ++at;
        step.kind = Step::Kind::kAll;
      } else if (at < text.size() && text[at] == '"') {
        step.name = quoted('"');
      } else {
        const size_t from = at;
        while (at < text.size() && text[at] != '.' && text[at] != '[' && text[at] != ' ' && text[at] != '(') ++at;
        step.name = text.substr(from, at - from);
        if (step.name.empty()) bad();
        if (at < text.size() && text[at] == '(') bad();
      }
    } else if (text[at] == '[') {
      ++at;
      if (at < text.size() && text[at] == '*') {
        ++at;
        step.kind = Step::Kind::kAll;
        step.index = 1;  // of an array only
      } else if (at < text.size() && (text[at] == '"' || text[at] == '\'')) {
        step.name = quoted(text[at]);
      } else {
        const size_t end = text.find(']', at);
        const string inside = text.substr(at, end == string::npos ? string::npos : end - at);
        if (end == string::npos || inside.empty() || inside.find_first_of(" :") != string::npos) bad();
        step.name = inside;  // of an object, [1] is its member "1"
        if (const auto place = parse_int(inside)) {
          step.kind = Step::Kind::kIndex;
          step.index = *place;
        }
        at = end;
      }
      if (at >= text.size() || text[at] != ']') bad();
      ++at;
    } else {
      bad();
    }
    path.steps.push_back(std::move(step));
  }
  return path;
}

std::vector<const Json*> walk(const Json& root, const JsonPath& path) {
  std::vector<const Json*> found = {&root};
  for (const Step& step : path.steps) {
    std::vector<const Json*> next;
    const auto element = [&](const Json& json, int64_t place) {
      if (place < 0) place += static_cast<int64_t>(json.size());
      if (place >= 0 && static_cast<size_t>(place) < json.size()) next.push_back(&json.at(static_cast<size_t>(place)));
    };
    const auto member = [&](const Json& json) {
      if (const Json* value = json.is_object() ? json.find(step.name) : nullptr) next.push_back(value);
    };
    for (const Json* json : found) {
      switch (step.kind) {
        case Step::Kind::kMember:
          member(*json);
          if (const auto n = json->is_array() ? parse_int(step.name) : std::nullopt; n && *n >= 0) element(*json, *n);  // ["0"]
          break;
        case Step::Kind::kIndex:
          member(*json);
          if (json->is_array()) element(*json, step.index);
          break;
        case Step::Kind::kAll:
          for (const Json& item : json->items()) next.push_back(&item);
          if (step.index == 0)
            for (const auto& [name, value] : json->members()) next.push_back(&value);
          break;
        case Step::Kind::kDescend: descend(*json, next); break;
      }
    }
    found = std::move(next);
  }
  return found;
}

}  // namespace tarn::sql::engine::trino
