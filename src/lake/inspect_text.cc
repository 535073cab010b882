// XML, and lines of logs by grok patterns. AWS: Glue's "Writing XML custom classifiers", "Writing grok custom classifiers".
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <pugixml.hpp>

#include "base/regex.h"
#include "base/text.h"
#include "lake/file_schema.h"
#include "sql/grok.h"

namespace tarn::lake {
namespace {

// --- XML -------------------------------------------------------------------------------------------------------------

HiveType type_of_text(std::string_view text) {
  text = trim(text);
  if (text.empty()) return {""};
  if (parse_int(text))
    return {parse_int(text).value() >= INT32_MIN && parse_int(text).value() <= INT32_MAX ? "int" : "bigint"};
  if (text.find_first_not_of("0123456789+-.eE") == std::string_view::npos && parse_double(text)) return {"double"};
  if (text == "true" || text == "false") return {"boolean"};
  return {"string"};
}

HiveType type_of_element(const pugi::xml_node& node, int depth) {
  HiveType type{"struct", {}};
  const auto add = [&](std::string name, HiveType member) {
    const auto same = std::ranges::find_if(type.members, [&](const auto& each) { return each.first == name; });
    if (same == type.members.end()) {
      type.members.emplace_back(std::move(name), std::move(member));
      return;
    }
    // Said twice: a list of it.
    if (same->second.name == "array")
      same->second.members[0].second = widened(same->second.members[0].second, member);
    else
      same->second = {"array", {{"", widened(same->second, member)}}};
  };
  for (const auto& attribute : node.attributes())
    if (!std::string_view(attribute.name()).starts_with("xmlns"))
      add(lower(attribute.name()), type_of_text(attribute.value()));
  if (depth < 20)
    for (const auto& child : node.children())
      if (child.type() == pugi::node_element) add(lower(child.name()), type_of_element(child, depth + 1));
  return type.members.empty() ? type_of_text(node.child_value()) : type;
}

// The elements that are rows: those of the tag, else those that stand beside others of their name, nearest the root.
void rows_below(const pugi::xml_node& node, const std::string& tag, std::vector<pugi::xml_node>& out) {
  for (const auto& child : node.children()) {
    if (child.type() != pugi::node_element) continue;
    const bool repeated = tag.empty() && (child.next_sibling(child.name()) || child.previous_sibling(child.name()));
    if (repeated || (!tag.empty() && tag == child.name())) out.push_back(child);
  }
  if (!out.empty()) return;
  for (const auto& child : node.children())
    if (child.type() == pugi::node_element && out.empty()) rows_below(child, tag, out);
}

// --- grok ------------------------------------------------------------------------------------------------------------

constexpr uint32_t kSteps = 100'000;  // of a line's match

struct Grok {
  std::string regex;
  std::vector<FileColumn> columns;
};

Failure invalid_pattern(std::string why) {
  return fail(400, "InvalidInputException", std::move(why));
}

class GrokParser {
 public:
  explicit GrokParser(const std::string& custom_patterns) {
    for (const std::string_view line : split(custom_patterns, '\n')) {
      const std::string_view text = trim(line);
      const size_t blank = text.find_first_of(" \t");
      if (blank != std::string_view::npos) own_.emplace_back(text.substr(0, blank), trim(text.substr(blank)));
    }
  }

  // %{PATTERN}, %{PATTERN:column}, %{PATTERN:column:type} become groups.
  Result<Grok> parse(std::string_view pattern) {
    TRY(expand(pattern, 0));
    return std::move(grok_);
  }

 private:
  Status expand(std::string_view pattern, int depth) {
    if (depth > 20) return invalid_pattern("The grok pattern's names go round in a circle.");
    for (size_t at = 0; at < pattern.size();) {
      const size_t open = pattern.find("%{", at);
      grok_.regex += pattern.substr(at, open - at);
      if (open == std::string_view::npos) break;
      const size_t close = pattern.find('}', open);
      if (close == std::string_view::npos) return invalid_pattern("A %{ of the grok pattern has no }.");
      const auto parts = split(pattern.substr(open + 2, close - open - 2), ':');
      const auto found = find(parts[0]);
      if (!found) return invalid_pattern(fmt::format("The grok pattern names {}, which is not known.", parts[0]));
      if (parts.size() > 1)
        grok_.columns.push_back({lower(parts[1]), {parts.size() > 2 ? std::string(parts[2]) : "string"}});
      grok_.regex += parts.size() > 1 ? "(" : "(?:";
      TRY(expand(*found, depth + 1));
      grok_.regex += ")";
      at = close + 1;
    }
    return {};
  }
  std::optional<std::string> find(std::string_view name) const {
    for (const auto& [own, pattern] : own_)
      if (own == name) return pattern;
    if (const auto pattern = sql::grok_pattern(name)) return std::string(*pattern);
    return std::nullopt;
  }

  std::vector<std::pair<std::string, std::string>> own_;
  Grok grok_;
};

Result<Regex> compile(const std::string& regex) {
  auto made = Regex::compile(regex, {.place = RegexOptions::Place::kAtStart, .steps = kSteps});
  if (!made)
    return invalid_pattern(fmt::format("The grok pattern is no regular expression: error at {}.", made.error().at));
  return *std::move(made);
}

}  // namespace

std::optional<FileSchema> inspect_xml(const Sample& sample, const std::string& row_tag) {
  const std::string_view text = trim(sample.text);
  if (!text.starts_with('<')) return std::nullopt;
  pugi::xml_document document;
  const auto parsed = document.load_buffer(text.data(), text.size());
  if (!parsed && sample.whole) return std::nullopt;  // a cut-off one holds what came before the cut
  std::vector<pugi::xml_node> rows;
  rows_below(row_tag.empty() ? document.document_element() : document, row_tag, rows);
  if (rows.size() > 1 && !sample.whole) rows.pop_back();
  if (rows.empty()) return std::nullopt;
  HiveType row{"struct", {}};
  for (const auto& each : rows) row = widened(row, type_of_element(each, 0));
  if (row.name != "struct") return std::nullopt;
  FileSchema schema{.classification = "xml"};
  for (auto& [name, type] : row.members) schema.columns.push_back({name, type});
  schema.parameters["rowTag"] = rows.front().name();
  schema.records = rows.size();
  schema.record_bytes = text.size();
  return schema;
}

Result<std::optional<FileSchema>> inspect_grok(const Sample& sample, const std::string& pattern,
                                               const std::string& custom_patterns, const std::string& classification) {
  Grok grok = TRY(GrokParser(custom_patterns).parse(pattern));
  RegexMatch match(TRY(compile(grok.regex)));
  uint64_t lines = 0, good = 0, bytes = 0;
  std::string_view rest = sample.text;
  while (!rest.empty() && lines < sample.records_at_most) {
    const size_t end = rest.find('\n');
    if (end == std::string_view::npos && !sample.whole && lines > 0) break;  // cut off
    const std::string_view line = trim(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    bytes = sample.text.size() - rest.size();
    if (line.empty()) continue;
    ++lines;
    good += match.find(line) == RegexMatch::Found::kYes ? 1 : 0;
    if (good * 2 + 10 < lines) return std::nullopt;  // it will not be any more
  }
  // ASSUMED: a few lines of another form (a stack trace) are no reason against it.
  if (lines == 0 || good * 10 < lines * 9) return std::nullopt;
  FileSchema schema{.classification = classification, .columns = std::move(grok.columns)};
  schema.parameters["grokPattern"] = pattern;
  if (!custom_patterns.empty()) schema.parameters["grokCustomPatterns"] = custom_patterns;
  schema.records = good;
  schema.record_bytes = bytes;
  return schema;
}

Result<std::optional<FileSchema>> inspect_logs(const Sample& sample) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kKnown = {{
      {"combinedapache", "%{COMBINEDAPACHELOG}"},
      {"apache", "%{COMMONAPACHELOG}"},
      {"linux_kernel",
       "%{SYSLOGTIMESTAMP:timestamp} %{HOSTNAME:logsource} %{PROG:program}(?:\\[%{INT:pid}\\])?: "
       "%{GREEDYDATA:message}"},
  }};
  for (const auto& [name, pattern] : kKnown)
    if (auto schema = TRY(inspect_grok(sample, std::string(pattern), "", std::string(name)))) return schema;
  return std::nullopt;
}

}  // namespace tarn::lake
