// Lines by regular expressions: RegexSerDe, and grok, whose %{NAME:field} stand for expressions.
#include <map>

#include "base/regex.h"
#include "base/text.h"
#include "sql/engine/errors.h"
#include "sql/engine/serde.h"
#include "sql/grok.h"

namespace tarn::sql::engine {
namespace {

using std::string;

constexpr int kMaxDepth = 20;  // of grok patterns within each other

// An expression that must match a whole line. THREADS: one.
class LinePattern {
 public:
  LinePattern(const string& pattern, bool ignore_case, const string& what)
      : what_(what), match_(compiled(pattern, ignore_case, what)) {}

  bool matches(std::string_view line) {
    const auto found = match_.find(line);
    if (found == RegexMatch::Found::kTooManySteps)
      raise_sql("22000", "HIVE_CURSOR_ERROR: " + what_ + " takes too many steps on a line");
    return found == RegexMatch::Found::kYes;
  }
  const RegexMatch& match() const { return match_; }

 private:
  static Regex compiled(const string& pattern, bool ignore_case, const string& what) {
    auto regex = Regex::compile(pattern, {.ignore_case = ignore_case, .place = RegexOptions::Place::kWhole});
    if (!regex)
      raise_sql("22023", "HIVE_INVALID_METADATA: " + what + " is no regular expression: " + regex.error().why + " at " +
                             std::to_string(regex.error().at));
    return *std::move(regex);
  }

  const string what_;
  RegexMatch match_;
};

// AWS: Regex SerDe: group n is column n; a line that does not match is a row of NULLs.
class RegexFormat final : public SerdeFormat {
 public:
  explicit RegexFormat(const TableSnapshot& table)
      : pattern_(expression(table), serde_property(table.table, "input.regex.case.insensitive") == "true",
                 "input.regex") {
    const size_t groups = pattern_.match().regex().groups();
    if (groups < table.file_columns)
      raise_sql("22023", "HIVE_INVALID_METADATA: Number of matching groups (" + std::to_string(groups) +
                             ") doesn't match the number of columns (" + std::to_string(table.file_columns) + ")");
  }
  bool lenient() const override { return true; }
  bool read(std::string_view record, const std::vector<size_t>& wanted, std::vector<SerdeCell>& cells) override {
    if (!pattern_.matches(record)) return true;
    for (const size_t i : wanted)
      if (pattern_.match().has(i + 1)) cells[i].set_text(pattern_.match().text(i + 1));
    return true;
  }

 private:
  static string expression(const TableSnapshot& table) {
    const auto given = serde_property(table.table, "input.regex");
    if (!given) raise_sql("22023", "HIVE_INVALID_METADATA: the table has no property input.regex");
    return *given;
  }
  LinePattern pattern_;
};

// By name: there may be groups of the users' own between grok's.
string group_name(size_t field) {
  return "field" + std::to_string(field);
}

class GrokExpander {
 public:
  GrokExpander(const string& custom, std::vector<string>& fields) : fields_(fields) {
    for (const std::string_view line : split(custom, '\n')) {
      const size_t blank = trim(line).find(' ');
      if (blank != std::string_view::npos)
        own_[string(trim(line).substr(0, blank))] = trim(trim(line).substr(blank));
    }
  }

  // What has a name is a column wherever it stands, what has none by its pattern's name where it stands in the format itself.
  string expand(const string& text, int depth) {
    if (depth > kMaxDepth) raise_sql("22023", "HIVE_INVALID_METADATA: grok patterns are nested too deeply");
    string out;
    for (size_t at = 0; at < text.size();) {
      const size_t open = text.find("%{", at);
      const size_t close = open == string::npos ? open : text.find('}', open);
      if (close == string::npos) return out + text.substr(at);
      out += text.substr(at, open - at);
      const auto parts = split(std::string_view(text).substr(open + 2, close - open - 2), ':');
      const auto own = own_.find(string(parts[0]));
      const auto found = own != own_.end() ? std::optional<std::string_view>(own->second) : grok_pattern(parts[0]);
      if (!found) raise_sql("22023", "HIVE_INVALID_METADATA: there is no grok pattern " + string(parts[0]));
      const string inner = expand(string(*found), depth + 1);
      if (depth == 0 || parts.size() > 1) {
        out += "(?<" + group_name(fields_.size()) + ">" + inner + ")";
        fields_.push_back(lower(parts.size() > 1 ? parts[1] : parts[0]));
      } else {
        out += "(?:" + inner + ")";
      }
      at = close + 1;
    }
    return out;
  }

 private:
  std::vector<string>& fields_;
  std::map<string, string> own_;  // the user's
};

// AWS: Grok SerDe: a field is the column of its name. A line that does not match is a row of NULLs.
class Grok final : public SerdeFormat {
 public:
  explicit Grok(const TableSnapshot& table)
      : pattern_(expand_grok(serde_property(table.table, "input.format").value_or(""),
                             serde_property(table.table, "input.grokcustompatterns").value_or(""), fields_),
                 false, "input.format") {
    const Regex& regex = pattern_.match().regex();
    for (size_t i = 0; i < table.file_columns; ++i) {
      const auto found = std::find(fields_.begin(), fields_.end(), table.names[i]);
      groups_.push_back(regex.group_named(group_name(static_cast<size_t>(found - fields_.begin()))));
    }
  }
  bool lenient() const override { return true; }
  bool read(std::string_view record, const std::vector<size_t>& wanted, std::vector<SerdeCell>& cells) override {
    if (!pattern_.matches(record)) return true;
    for (const size_t i : wanted) {
      const auto group = groups_[i];
      if (group && pattern_.match().has(*group)) cells[i].set_text(pattern_.match().text(*group));
    }
    return true;
  }

 private:
  std::vector<string> fields_;
  LinePattern pattern_;
  std::vector<std::optional<size_t>> groups_;  // of each column
};

}  // namespace

std::unique_ptr<SerdeFormat> make_regex(const TableSnapshot& table) {
  return std::make_unique<RegexFormat>(table);
}

std::unique_ptr<SerdeFormat> make_grok(const TableSnapshot& table) {
  return std::make_unique<Grok>(table);
}

string expand_grok(const string& format, const string& custom, std::vector<string>& fields) {
  return GrokExpander(custom, fields).expand(format, 0);
}

}  // namespace tarn::sql::engine
