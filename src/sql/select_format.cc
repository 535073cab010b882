#include "sql/select_format.h"

#include "base/json.h"

namespace tarn::sql {
namespace {

void append_csv_field(std::string& out, std::string_view value, const SelectOutput& output) {
  const bool quoted =
      !output.quote.empty() && (output.always_quote || value.find_first_of("\r\n") != std::string_view::npos ||
                                value.find(output.field_delimiter) != std::string_view::npos ||
                                value.find(output.quote) != std::string_view::npos ||
                                value.find(output.record_delimiter) != std::string_view::npos);
  if (!quoted) {
    out += value;
    return;
  }
  const char quote = output.quote[0];
  const char escape = output.quote_escape.empty() ? quote : output.quote_escape[0];
  out += quote;
  for (const char c : value) {
    if (c == quote || (escape != quote && c == escape)) out += escape;
    out += c;
  }
  out += quote;
}

// A JSON string without its quotes; anything else as it is written; null as nothing.
std::string plain(const Json& value) {
  return value.is_null() ? "" : value.is_string() ? value.as_string() : value.text();
}

std::string plain(const Cell& cell) {
  if (cell.null) return "";
  if (cell.kind != CellKind::kJson || !cell.text.starts_with('"')) return cell.as_text();
  const auto parsed = Json::parse(cell.text);
  return parsed ? parsed->as_string() : std::string(cell.text);
}

void append_json_value(std::string& out, const Cell& cell) {
  if (cell.null) {
    out += "null";
    return;
  }
  switch (cell.kind) {
    case CellKind::kText:
    case CellKind::kBytes: return append_json_string(out, cell.text);
    default: out += cell.as_text();
  }
}

void append_json(std::string& out, const SpoolReader& spool, const SpoolPage& page, uint32_t row) {
  if (spool.columns().size() == 1 && spool.columns()[0].name == "*") {
    const Cell record = page.cell(row, 0);
    const auto parsed = Json::parse(record.text);
    out += parsed ? parsed->text() : std::string(record.text);
    return;
  }
  out += '{';
  bool first = true;
  for (size_t i = 0; i < spool.columns().size(); ++i) {
    const Cell cell = page.cell(row, i);
    // AWS: a value that is missing is left out of JSON output; CSV input has strings only, which are never missing.
    if (cell.null && cell.kind == CellKind::kJson) continue;
    if (!first) out += ',';
    first = false;
    append_json_string(out, spool.columns()[i].name);
    out += ':';
    append_json_value(out, cell);
  }
  out += '}';
}

void append_csv(std::string& out, const SpoolReader& spool, const SpoolPage& page, uint32_t row,
                const SelectOutput& output) {
  bool first = true;
  const auto field = [&](const std::string& value) {
    if (!first) out += output.field_delimiter;
    first = false;
    append_csv_field(out, value, output);
  };
  for (size_t i = 0; i < spool.columns().size(); ++i) {
    const Cell cell = page.cell(row, i);
    const auto record = spool.columns()[i].name == "*" && !cell.null ? Json::parse(cell.text) : Result<Json>(Json());
    if (record && record->is_object()) {
      for (const auto& [name, value] : record->members()) field(plain(value));
    } else {
      field(plain(cell));
    }
  }
}

}  // namespace

void append_record(std::string& out, const SpoolReader& spool, const SpoolPage& page, uint32_t row,
                   const SelectOutput& output) {
  if (output.json) {
    append_json(out, spool, page, row);
  } else {
    append_csv(out, spool, page, row, output);
  }
  out += output.record_delimiter;
}

}  // namespace tarn::sql
