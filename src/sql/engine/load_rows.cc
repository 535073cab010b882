#include "sql/engine/load_rows.h"

#include <algorithm>

#include "base/text.h"
#include "sql/engine/errors.h"

namespace tarn::sql::engine {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using std::string;

const char* shown_type(const LogicalType& type) {
  switch (type.id()) {
    case LogicalTypeId::SMALLINT: return "int2";
    case LogicalTypeId::INTEGER: return "int4";
    case LogicalTypeId::BIGINT: return "int8";
    case LogicalTypeId::DECIMAL: return "numeric";
    case LogicalTypeId::FLOAT: return "float4";
    case LogicalTypeId::DOUBLE: return "float8";
    case LogicalTypeId::BOOLEAN: return "bool";
    case LogicalTypeId::DATE: return "date";
    case LogicalTypeId::TIMESTAMP: return "timestamp";
    default: return "varchar";
  }
}

// $.a.b, $['a'][0]
const Json* at_path(const Json& document, const string& path) {
  const Json* at = &document;
  size_t i = path.starts_with('$') ? 1 : 0;
  while (at && i < path.size()) {
    if (path[i] == '.') {
      const size_t end = path.find_first_of(".[", i + 1);
      at = at->find(path.substr(i + 1, end - i - 1));
      i = end == string::npos ? path.size() : end;
    } else if (path[i] == '[') {
      const size_t end = path.find(']', i);
      if (end == string::npos) return nullptr;
      const string inside = path.substr(i + 1, end - i - 1);
      if (!inside.empty() && (inside[0] == '\'' || inside[0] == '"')) {
        at = at->find(inside.substr(1, inside.size() - 2));
      } else {
        const auto index = parse_int(inside).value_or(-1);
        at = index >= 0 && static_cast<size_t>(index) < at->items().size() ? &at->items()[static_cast<size_t>(index)]
                                                                           : nullptr;
      }
      i = end + 1;
    } else {
      return nullptr;
    }
  }
  return at;
}

// The jsonpaths document: {"jsonpaths": ["$.a", ..]}
std::vector<string> json_paths(const string& text) {
  std::vector<string> paths;
  if (text.empty() || text.starts_with("auto") || text == "noshred") return paths;
  const auto parsed = Json::parse(text);
  const Json* list = parsed ? parsed->find("jsonpaths") : nullptr;
  if (!list) raise_sql("22023", "The JSONPaths file has no list \"jsonpaths\".");
  for (const Json& path : list->items()) paths.push_back(path.as_string());
  return paths;
}

}  // namespace

LoadRows::LoadRows(duckdb::Connection& connection, duckdb::TableCatalogEntry& table, const LoadRequest& request,
                   std::vector<LoadColumn> columns, LoadOutcome& outcome)
    : request_(request),
      columns_(std::move(columns)),
      outcome_(outcome),
      read_(*connection.context, request),
      defaults_(*connection.context, table),
      appender_(connection, table.ParentCatalog().GetName(), table.ParentSchema().name, table.name),
      paths_(json_paths(request.json_paths)),
      values_(table.GetColumns().LogicalColumnCount()) {}

void LoadRows::record(const string& uri, const Record& given) {
  Record cut;
  // A delimiter behind the last field ends it.
  const bool ended = request_.format == FileFormat::kText && given.fields.size() == columns_.size() + 1 &&
                     given.fields.back().empty() && !given.quoted.back();
  if (ended) {
    cut = given;
    cut.fields.pop_back();
  }
  const Record& record = ended ? cut : given;
  const size_t fields = record.fields.size();
  if (fields > columns_.size()) return refuse(uri, record, columns_.size() - 1, "", {1202, "Extra column(s) found"});
  if (fields < columns_.size() && !request_.fill_record)
    return refuse(uri, record, fields, "", {1213, "Missing data for not-null field or delimiter not found"});
  std::ranges::fill(values_, std::nullopt);
  for (size_t i = 0; i < fields; ++i) {
    const LoadColumn& column = columns_[i];
    auto value = read_.read(column, record.fields[i], record.quoted[i]);
    if (!value) return refuse(uri, record, i, record.fields[i], value.error());
    if (value->IsNull() && defaults_.not_null(column.number))
      return refuse(uri, record, i, record.fields[i], {1213, "Missing data for not-null field"});
    values_[column.number] = *std::move(value);
  }
  appender_.BeginRow();
  for (size_t column = 0; column < values_.size(); ++column)
    appender_.Append(values_[column] ? *values_[column] : defaults_.next(column));
  appender_.EndRow();
  ++outcome_.outcome.rows;
}

void LoadRows::document(const string& uri, int64_t line, const string& text) {
  const auto parsed = Json::parse(text);
  Record record{.line = line, .text = text, .fields = {}, .quoted = std::vector<bool>(columns_.size(), false)};
  if (!parsed) return refuse(uri, record, 0, text, {1224, "Invalid JSON: " + parsed.error().message});
  for (size_t i = 0; i < columns_.size(); ++i) {
    const Json* found = member(*parsed, i);
    const bool missing = !found || found->is_null();
    const bool super = columns_[i].type.IsJSONType();
    record.fields.push_back(missing ? read_.null() : found->is_string() && !super ? found->as_string() : found->text());
  }
  this->record(uri, record);
}

const Json* LoadRows::member(const Json& document, size_t field) const {
  if (request_.json_paths == "noshred") return &document;  // AWS: COPY from JSON into one SUPER column
  if (!paths_.empty()) return field < paths_.size() ? at_path(document, paths_[field]) : nullptr;
  const string& name = columns_[field].name;
  for (const auto& [key, value] : document.members())
    if (key == name || (request_.json_paths == "auto ignorecase" && lower(key) == name)) return &value;
  return nullptr;
}

void LoadRows::refuse(const string& uri, const Record& record, size_t field, const string& value,
                      const Refusal& refusal) {
  const LoadColumn& column = columns_[std::min(field, columns_.size() - 1)];
  LoadError error;
  error.uri = uri;
  error.line = record.line;
  error.column = column.name;
  error.type = shown_type(column.type);
  error.column_length = column.bytes;
  error.raw_line = record.text.substr(0, 1024);
  error.raw_value = value.substr(0, 1024);
  error.code = refusal.code;
  error.reason = refusal.reason;
  outcome_.errors.push_back(std::move(error));
  if (outcome_.errors.size() > static_cast<size_t>(request_.max_error)) {
    raise_sql("XX000", "Load into table '" + request_.table +
                           "' failed.  Check 'sys_load_error_detail' system table for details.");
  }
}

}  // namespace tarn::sql::engine
