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

JsonPath read_json_path(const string& given, bool standard) {
  const auto bad = [&]() { raise("INVALID_FUNCTION_ARGUMENT", "Invalid JSON path: '" + given + "'"); };
  string text(standard ? string(trim(given)) : given);
  JsonPath path;
  path.standard = standard;
  if (standard) {
    path.strict = text.starts_with("strict");
    if (text.starts_with("lax") || path.strict) text = string(trim(text.substr(path.strict ? 6 : 3)));
  }
  size_t at = 0;
  if (at < text.size() && text[at] == '$') {
    ++at;
  } else if (standard) {
    bad();
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
    if (text[at] == ' ') {
      if (!standard) bad();
      ++at;
      continue;
    }
    Step step;
    if (text[at] == '.') {
      ++at;
      if (at < text.size() && text[at] == '.') {
        ++at;
        path.steps.push_back({Step::Kind::kDescend, "", 0, 0});
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
        if (at < text.size() && text[at] == '(') {
          raise("NOT_SUPPORTED", "Methods of JSON paths are not supported: '" + given + "'");
        }
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
        string inside = text.substr(at, end == string::npos ? string::npos : end - at);
        if (standard) inside = string(trim(inside));
        if (!standard && inside.find_first_of(" :") != string::npos) bad();
        const size_t to = inside.find(" to ");
        const auto number = [&](const string& digits) -> int64_t {
          if (standard && digits == "last") return -1;
          const auto n = parse_int(digits);
          if (!n) bad();
          return *n;
        };
        const bool digits = !inside.empty() && (parse_int(inside) || standard);
        if (!standard) step.name = inside;  // of an object, [1] is its member "1"
        if (end == string::npos) bad();
        if (digits) {
          step.kind = Step::Kind::kIndex;
          step.index = number(inside.substr(0, to));
          step.to = to == string::npos ? step.index : number(inside.substr(to + 4));
        } else {
          step.name = inside;
          if (inside.empty()) bad();
        }
        at = end;
      }
      if (at >= text.size() || text[at] != ']') bad();
      ++at;
    } else if (text[at] == '?') {
      raise("NOT_SUPPORTED", "Filters in JSON paths are not supported: '" + given + "'");
    } else {
      bad();
    }
    path.steps.push_back(std::move(step));
  }
  return path;
}

std::optional<std::vector<const Json*>> walk(const Json& root, const JsonPath& path) {
  std::vector<const Json*> found = {&root};
  for (const Step& step : path.steps) {
    std::vector<const Json*> next;
    const auto member = [&](const Json& json) {
      if (json.is_object()) {
        if (const Json* value = json.find(step.name)) {
          next.push_back(value);
          return true;
        }
        return false;
      }
      if (!path.standard && json.is_array()) {  // ["0"] of an array, as the old function takes it
        if (const auto n = parse_int(step.name); n && *n >= 0 && static_cast<size_t>(*n) < json.size()) {
          next.push_back(&json.at(static_cast<size_t>(*n)));
          return true;
        }
      }
      return false;
    };
    for (const Json* json : found) {
      bool fits = true;
      switch (step.kind) {
        case Step::Kind::kMember:
          if (path.standard && !path.strict && json->is_array()) {  // lax: each element's
            for (const Json& item : json->items()) member(item);
          } else {
            fits = member(*json);
          }
          break;
        case Step::Kind::kIndex: {
          if (json->is_object() && !step.name.empty()) {
            const Json* named = json->find(step.name);
            fits = named != nullptr;
            if (fits) next.push_back(named);
            break;
          }
          if (!json->is_array()) {
            fits = path.standard && !path.strict && (step.index == 0 || step.index == -1);
            if (fits) next.push_back(json);
            break;
          }
          const auto size = static_cast<int64_t>(json->size());
          const auto place = [&](int64_t i) { return i < 0 ? i + size : i; };
          for (int64_t i = place(step.index); i <= place(step.to); ++i) {
            if (i >= 0 && i < size) {
              next.push_back(&json->at(static_cast<size_t>(i)));
            } else {
              fits = false;
            }
          }
          break;
        }
        case Step::Kind::kAll:
          if (json->is_array()) {
            for (const Json& item : json->items()) next.push_back(&item);
          } else if (json->is_object() && step.index == 0) {
            for (const auto& [name, value] : json->members()) next.push_back(&value);
          } else {
            fits = false;
            if (path.standard && !path.strict && step.index == 1) next.push_back(json);
          }
          break;
        case Step::Kind::kDescend: descend(*json, next); break;
      }
      if (!fits && path.standard && path.strict) return std::nullopt;
    }
    found = std::move(next);
  }
  return found;
}

}  // namespace tarn::sql::engine::trino
