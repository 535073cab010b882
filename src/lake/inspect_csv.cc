// Delimited text. AWS: "Built-in classifiers in AWS Glue", built-in CSV classifier: the delimiters it tries, two columns
// and two rows at least, and how it tells a header; "Writing CSV custom classifiers".
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "base/text.h"
#include "base/time.h"
#include "lake/file_schema.h"

namespace tarn::lake {
namespace {

constexpr std::array kDelimiters = {',', '|', '\t', ';', '\1'};
constexpr size_t kLongestHeaderCell = 150;

struct Rows {
  std::vector<std::vector<std::string>> rows;
  uint64_t bytes = 0;   // that they took
  bool quoted = false;  // a cell was
};

// A record that the sample cuts off is not among them.
Rows split_rows(const Sample& sample, char delimiter, char quote) {
  Rows out;
  std::vector<std::string> row;
  std::string cell;
  bool in_quotes = false, was_quoted = false;
  const auto end_cell = [&] {
    row.push_back(std::move(cell));
    cell.clear();
    was_quoted = false;
  };
  const auto end_row = [&](size_t at) {
    end_cell();
    if (row.size() > 1 || !trim(row[0]).empty()) out.rows.push_back(std::move(row));
    row.clear();
    out.bytes = at + 1;
  };
  const std::string_view text = sample.text;
  for (size_t i = 0; i < text.size() && out.rows.size() < sample.records_at_most; ++i) {
    const char c = text[i];
    if (in_quotes) {
      if (c != quote)
        cell += c;
      else if (i + 1 < text.size() && text[i + 1] == quote)
        cell += text[++i];
      else
        in_quotes = false;
    } else if (quote != 0 && c == quote && trim(cell).empty() && !was_quoted) {
      in_quotes = was_quoted = out.quoted = true;
      cell.clear();
    } else if (c == delimiter) {
      end_cell();
    } else if (c == '\n' || c == '\r') {
      if (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n') ++i;
      end_row(i);
    } else {
      cell += c;
    }
  }
  if (out.rows.size() < sample.records_at_most && sample.whole && !in_quotes && (!cell.empty() || !row.empty()))
    end_row(text.size() - 1);
  return out;
}

// --- types of cells --------------------------------------------------------------------------------------------------

bool is_date(std::string_view text) {
  return text.size() == 10 && parse_iso8601(text).has_value();
}
bool is_timestamp(std::string_view text) {
  return text.size() >= 19 && parse_iso8601(text).has_value();
}
bool is_number(std::string_view text) {
  return text.find_first_not_of("0123456789+-.eE") == std::string_view::npos && parse_double(text).has_value();
}

// Empty where the cell is.
std::string type_of(std::string_view cell) {
  const std::string_view text = trim(cell);
  if (text.empty()) return "";
  // A number that begins with a zero is a code whose zeros count: "007".
  const std::string_view digits = text.front() == '-' ? text.substr(1) : text;
  if (digits.size() > 1 && digits[0] == '0' && digits.find_first_not_of("0123456789") == std::string_view::npos)
    return "bigint";
  if (parse_int(text)) return "bigint";
  if (is_number(text)) return "double";
  if (equals_ignore_case(text, "true") || equals_ignore_case(text, "false")) return "boolean";
  return "string";
}

// With a custom classifier that names its types, those that it allows.
std::string type_of(std::string_view cell, const std::vector<std::string>& allowed) {
  const auto allows = [&](std::string_view type) { return std::ranges::find(allowed, type) != allowed.end(); };
  const std::string_view text = trim(cell);
  const std::string plain = type_of(cell);
  if (plain.empty()) return plain;
  if (plain == "bigint" && allows("INT") && text.size() < 10) return "int";
  if (plain == "bigint" && (allows("LONG") || allows("BIGINT"))) return "bigint";
  if ((plain == "bigint" || plain == "double") && allows("DOUBLE")) return "double";
  if ((plain == "bigint" || plain == "double") && allows("FLOAT")) return "float";
  if (plain == "boolean" && allows("BOOLEAN")) return "boolean";
  if (allows("DATE") && is_date(text)) return "date";
  if (allows("TIMESTAMP") && is_timestamp(text)) return "timestamp";
  return "string";
}

bool all_text(const std::vector<std::string>& row) {
  return std::ranges::all_of(row, [](const std::string& cell) {
    const std::string type = type_of(cell);
    return type.empty() || type == "string";
  });
}

// --- the header ------------------------------------------------------------------------------------------------------

bool may_be_header(const std::vector<std::string>& row) {
  for (size_t i = 0; i < row.size(); ++i) {
    const bool last = i + 1 == row.size();
    const std::string_view cell = trim(row[i]);
    if (cell.empty() && !last) return false;  // only a trailing delimiter leaves one
    if (!last && cell.size() >= kLongestHeaderCell) return false;
    if (std::ranges::any_of(cell, [](char c) { return static_cast<unsigned char>(c) < 0x20; })) return false;
  }
  return all_text(row);
}

bool has_header(const Rows& rows) {
  if (rows.rows.size() < 2 || !may_be_header(rows.rows[0])) return false;
  // Text over nothing but text is as good as one more row of it.
  return std::ranges::any_of(rows.rows.begin() + 1, rows.rows.end(), [](const auto& row) { return !all_text(row); });
}

std::vector<std::string> column_names(const std::vector<std::string>& header, size_t width) {
  std::vector<std::string> names;
  std::set<std::string> used;
  for (size_t i = 0; i < width; ++i) {
    std::string name = i < header.size() ? lower(trim(header[i])) : "";
    if (name.empty()) name = fmt::format("col{}", i);
    std::string unique = name;
    for (int n = 1; !used.insert(unique).second; ++n) unique = fmt::format("{}_{}", name, n);
    names.push_back(unique);
  }
  return names;
}

// --- the delimiter ---------------------------------------------------------------------------------------------------

// How many columns all rows have; 0: they differ.
size_t width_of(const Rows& rows) {
  if (rows.rows.empty()) return 0;
  const size_t width = rows.rows[0].size();
  const auto other = std::ranges::count_if(rows.rows, [&](const auto& row) { return row.size() != width; });
  // ASSUMED: a few rows of another width do not make it something else.
  return static_cast<size_t>(other) * 20 <= rows.rows.size() ? width : 0;
}

struct Split {
  char delimiter = 0;
  Rows rows;
  size_t width = 0;
};

std::optional<Split> best_split(const Sample& sample, const CustomClassifier* custom) {
  const char quote = custom != nullptr && custom->quote != 0 ? custom->quote : '"';
  std::vector<char> candidates(kDelimiters.begin(), kDelimiters.end());
  if (custom != nullptr && custom->delimiter != 0) candidates = {custom->delimiter};
  std::optional<Split> best;
  for (const char delimiter : candidates) {
    Split split{delimiter, split_rows(sample, delimiter, quote)};
    split.width = width_of(split.rows);
    if (split.width > (best ? best->width : 0)) best = std::move(split);
  }
  return best;
}

}  // namespace

std::optional<FileSchema> inspect_csv(const Sample& sample, const CustomClassifier* custom) {
  auto split = best_split(sample, custom);
  if (!split || (split->width < 2 && !(custom != nullptr && custom->allow_single_column))) return std::nullopt;
  const Rows& rows = split->rows;
  const size_t width = custom != nullptr && !custom->header.empty() ? custom->header.size() : split->width;
  using Header = CustomClassifier::Header;
  const Header said = custom != nullptr ? custom->contains_header : Header::kUnknown;
  const bool header = said == Header::kUnknown ? has_header(rows) : said == Header::kPresent;
  // AWS: two rows of data at least; a custom classifier that says more about the file needs one.
  if (rows.rows.size() < (custom != nullptr ? 1 + (header ? 1 : 0) : 2)) return std::nullopt;

  FileSchema schema{.classification = "csv"};
  schema.delimiter = split->delimiter;
  schema.header = header;
  if (rows.quoted) schema.quote = custom != nullptr && custom->quote != 0 ? custom->quote : '"';
  if (custom != nullptr) schema.serde = custom->serde;
  std::vector<std::string> names = header ? rows.rows[0] : std::vector<std::string>{};
  if (custom != nullptr && !custom->header.empty()) names = custom->header;
  for (std::string& name : column_names(names, width)) schema.columns.push_back({std::move(name), {}});
  for (size_t r = header ? 1 : 0; r < rows.rows.size(); ++r)
    for (size_t i = 0; i < std::min(width, rows.rows[r].size()); ++i) {
      const std::string& cell = rows.rows[r][i];
      HiveType type{custom != nullptr && !custom->types.empty() ? type_of(cell, custom->types) : type_of(cell)};
      schema.columns[i].type = widened(schema.columns[i].type, type);
    }
  schema.records = rows.rows.size() - (header ? 1 : 0);
  schema.record_bytes = rows.bytes;
  return schema;
}

}  // namespace tarn::lake
