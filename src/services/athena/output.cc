#include "services/athena/output.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/json.h"
#include "base/text.h"

namespace tarn::athena {
namespace {

constexpr size_t kFlush = 1 << 20;

struct Facts {
  std::string_view type;
  int precision, scale;
};
// AWS: GetQueryResults, ColumnInfo of the types.
constexpr Facts kFacts[] = {
    {"boolean", 0, 0},   {"tinyint", 3, 0},   {"smallint", 5, 0}, {"integer", 10, 0}, {"bigint", 19, 0},
    {"float", 17, 0},    {"double", 17, 0},   {"date", 0, 0},     {"timestamp", 3, 0},
    {"timestamp with time zone", 3, 0},       {"time", 3, 0},     {"varchar", 2147483647, 0},
    {"varbinary", 1073741824, 0},
};

// As Java prints a float or double: 1.0, 1.0E10, 1.0E-5.
template <class T>
std::string java_number(T value) {
  if (value != value) return "NaN";
  if (value > std::numeric_limits<T>::max()) return "Infinity";
  if (value < std::numeric_limits<T>::lowest()) return "-Infinity";
  if (value == 0) return std::signbit(value) ? "-0.0" : "0.0";
  const std::string plain = fmt::format("{}", value);
  // Its digits and exponent.
  std::string digits;
  int exponent = 0;
  bool point = false, negative = false;
  size_t leading = 0;
  for (size_t i = 0; i < plain.size(); ++i) {
    const char c = plain[i];
    if (c == '-' && i == 0) {
      negative = true;
    } else if (c == '.') {
      point = true;
    } else if (c == 'e') {
      exponent += std::stoi(plain.substr(i + 1));
      break;
    } else {
      if (!point) ++leading;
      digits += c;
    }
  }
  size_t zeros = 0;
  while (zeros + 1 < digits.size() && digits[zeros] == '0') ++zeros;
  digits.erase(0, zeros);
  int place = static_cast<int>(leading) - static_cast<int>(zeros) + exponent;  // of the point, from the first digit
  while (digits.size() > 1 && digits.back() == '0') digits.pop_back();
  std::string out = negative ? "-" : "";
  if (place > 7 || place < -2) {  // >= 10^7 or < 10^-3
    out += digits.substr(0, 1) + "." + (digits.size() > 1 ? digits.substr(1) : "0") + "E" + std::to_string(place - 1);
  } else if (place <= 0) {
    out += "0." + std::string(static_cast<size_t>(-place), '0') + digits;
  } else {
    const size_t whole = static_cast<size_t>(place);
    if (digits.size() <= whole)
      out += digits + std::string(whole - digits.size(), '0') + ".0";
    else
      out += digits.substr(0, whole) + "." + digits.substr(whole);
  }
  return out;
}

// Nested values: [a, b], {k=v}.
void append_nested(const Json& value, std::string& out) {
  if (value.is_null()) {
    out += "null";
  } else if (value.is_array()) {
    out += '[';
    for (size_t i = 0; i < value.items().size(); ++i) {
      if (i > 0) out += ", ";
      append_nested(value.items()[i], out);
    }
    out += ']';
  } else if (value.is_object()) {
    out += '{';
    bool first = true;
    for (const auto& [name, member] : value.members()) {
      if (!first) out += ", ";
      first = false;
      out += name + "=";
      append_nested(member, out);
    }
    out += '}';
  } else if (value.is_bool()) {
    out += value.as_bool() ? "true" : "false";
  } else {
    out += value.as_string();
  }
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

// --- protocol buffers -----------------------------------------------------------------------------------------------

void append_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7f) | 0x80);
  out += static_cast<char>(value);
}
void append_number(std::string& out, int field, uint64_t value) {
  append_varint(out, static_cast<uint64_t>(field) << 3);
  append_varint(out, value);
}
void append_bytes(std::string& out, int field, std::string_view bytes) {
  append_varint(out, static_cast<uint64_t>(field) << 3 | 2);
  append_varint(out, bytes.size());
  out += bytes;
}

}  // namespace

ColumnRecord column_of(const sql::ResultColumn& column) {
  ColumnRecord made{column.name, column.type};
  made.case_sensitive = column.type == "varchar" || column.type == "char";
  for (const Facts& facts : kFacts)
    if (facts.type == column.type) {
      made.precision = facts.precision;
      made.scale = facts.scale;
      if (made.case_sensitive && column.length > 0 && column.length < 65535) made.precision = column.length;
      return made;
    }
  if (column.type == "decimal") made.precision = column.precision, made.scale = column.scale;
  if (column.type == "char") made.precision = std::max(column.precision, column.length);
  return made;
}

std::string text_of(const sql::Cell& cell, const sql::ResultColumn& column) {
  switch (cell.kind) {
    case sql::CellKind::kDouble:
      return column.type == "float" || column.type == "real" ? java_number(static_cast<float>(cell.real))
                                                              : java_number(cell.real);
    case sql::CellKind::kJson: {
      if (column.type != "array" && column.type != "row" && column.type != "map") break;
      const auto parsed = Json::parse(cell.text);
      if (!parsed) break;
      std::string out;
      append_nested(*parsed, out);
      return out;
    }
    case sql::CellKind::kBytes: {
      std::string out;
      for (const char c : cell.text) out += (out.empty() ? "" : " ") + hex(std::string_view(&c, 1));
      return out;
    }
    case sql::CellKind::kText:
      // Milliseconds, always three digits.
      if (column.type == "timestamp") {
        std::string text(cell.text);
        const size_t point = text.find('.');
        if (point == std::string::npos) return text + ".000";
        text.resize(point + 4, '0');
        return text;
      }
      break;
    default: break;
  }
  return cell.as_text();
}

Result<StagedBody> csv_of(Blobs& blobs, const sql::SpoolReader& rows) {
  const auto writer = blobs.writer();
  std::string out;
  const auto& columns = rows.columns();
  for (size_t c = 0; c < columns.size(); ++c) {
    if (c > 0) out += ',';
    append_quoted(out, columns[c].name);
  }
  out += '\n';
  for (size_t p = 0; p < rows.pages(); ++p) {
    const sql::SpoolPage page = TRY(rows.page(p));
    for (uint32_t row = 0; row < page.rows(); ++row) {
      for (size_t c = 0; c < columns.size(); ++c) {
        if (c > 0) out += ',';
        const sql::Cell cell = page.cell(row, c);
        if (cell.null) continue;
        append_quoted(out, text_of(cell, columns[c]));
      }
      out += '\n';
      if (out.size() < kFlush) continue;
      TRY(writer->append(out));
      out.clear();
    }
  }
  TRY(writer->append(out));
  return writer->finish();
}

// ASSUMED: the format is not documented; the fields are those that drivers which read the object look for.
std::string metadata_of(std::string_view id, const std::vector<ColumnRecord>& columns, int64_t update_count) {
  constexpr uint64_t kUnknownNullability = 3;
  std::string out;
  append_bytes(out, 1, id);
  if (update_count >= 0) append_number(out, 3, static_cast<uint64_t>(update_count));
  for (const ColumnRecord& column : columns) {
    std::string info;
    append_bytes(info, 1, "hive");
    append_bytes(info, 4, column.name);
    append_bytes(info, 5, column.name);
    append_bytes(info, 6, column.type);
    append_number(info, 7, static_cast<uint64_t>(column.precision));
    append_number(info, 8, static_cast<uint64_t>(column.scale));
    append_number(info, 9, kUnknownNullability);
    append_number(info, 10, column.case_sensitive ? 1 : 0);
    append_bytes(out, 4, info);
  }
  return out;
}

std::optional<std::vector<std::optional<std::string>>> csv_record(std::string_view text, size_t& at) {
  if (at >= text.size()) return std::nullopt;
  std::vector<std::optional<std::string>> record;
  while (true) {
    if (at < text.size() && text[at] == '"') {
      std::string value;
      for (++at; at < text.size(); ++at) {
        if (text[at] != '"') {
          value += text[at];
        } else if (at + 1 < text.size() && text[at + 1] == '"') {
          value += '"';
          ++at;
        } else {
          break;
        }
      }
      ++at;
      record.emplace_back(std::move(value));
    } else {
      record.emplace_back(std::nullopt);
    }
    if (at < text.size() && text[at] == ',') {
      ++at;
      continue;
    }
    ++at;  // the line's end
    return record;
  }
}

}  // namespace tarn::athena
