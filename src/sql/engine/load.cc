// COPY: text files record by record, with Redshift's options and error rows; Parquet through DuckDB's reader, by position.
#include "sql/engine/load_csv.h"
#include "sql/engine/load_defaults.h"
#include "sql/engine/load_parser.h"

#include <map>

#include "base/json.h"
#include "base/text.h"
#include "sql/engine/date_format.h"
#include "sql/engine/errors.h"
#include "sql/engine/rewriter.h"
#include "sql/engine/session.h"
#include "sql/engine/values.h"

namespace tarn::sql::engine {
namespace {

using duckdb::idx_t;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::Value;
using std::string;

// The columns that are loaded, in the order of the file's fields.
struct Target {
  string schema, table, database;
  duckdb::vector<LogicalType> table_types;  // all columns of the table
  std::vector<string> table_names;
  std::vector<string> declared;  // of all columns
  std::vector<size_t> fields;    // field -> column of the table
};

int declared_bytes(const string& declared) {
  const size_t open = declared.find('(');
  if (!declared.starts_with("character") || open == string::npos) return 0;
  return static_cast<int>(parse_int(declared.substr(open + 1, declared.size() - open - 2)).value_or(0));
}

std::vector<int> lengths(const std::vector<string>& declared) {
  std::vector<int> bytes;
  for (const string& each : declared) bytes.push_back(declared_bytes(each));
  return bytes;
}

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

// AWS: STL_LOAD_ERRORS, load error reference.
struct Reason {
  int code;
  string text;
};

Reason invalid_value(const LogicalType& type, const string& value) {
  if (type.IsIntegral()) {
    size_t at = 0;
    while (at < value.size() && (std::isdigit(static_cast<unsigned char>(value[at])) || (at == 0 && value[at] == '-')))
      ++at;
    if (at == value.size() && !value.empty()) return {1207, "Overflow, Value '" + value + "', Type: Integer"};
    return {1207, "Invalid digit, Value '" + value.substr(at, 1) + "', Pos " + std::to_string(at) + ", Type: " +
                      (type.id() == LogicalTypeId::BIGINT     ? "Long"
                       : type.id() == LogicalTypeId::SMALLINT ? "Short"
                                                              : "Integer")};
  }
  if (type.id() == LogicalTypeId::DATE) return {1205, "Invalid Date Format - length must be 10 or more"};
  if (type.id() == LogicalTypeId::TIMESTAMP || type.id() == LogicalTypeId::TIMESTAMP_TZ) {
    return {1206, "Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]"};
  }
  if (type.id() == LogicalTypeId::BOOLEAN) return {1210, "Invalid value for boolean"};
  return {1207, "Invalid digit, Value '" + value.substr(0, 1) +
                    "', Pos 0, Type: " + (type.id() == LogicalTypeId::DECIMAL ? "Decimal" : "Double")};
}

class Loader {
 public:
  Loader(duckdb::Connection& connection, duckdb::TableCatalogEntry& table, const LoadRequest& request, Target target,
         LoadOutcome& outcome)
      : request_(request),
        target_(std::move(target)),
        outcome_(outcome),
        context_(*connection.context),
        defaults_(*connection.context, table),
        appender_(connection, target_.database, target_.schema, target_.table) {
    bytes_ = lengths(target_.declared);
    null_ = request.null_as.value_or("\\N");
  }

  void record(const string& uri, const Record& given) {
    Record cut;
    // A delimiter behind the last field ends it.
    const bool ended = request_.format == FileFormat::kText && given.fields.size() == target_.fields.size() + 1 &&
                       given.fields.back().empty() && !given.quoted.back();
    if (ended) {
      cut = given;
      cut.fields.pop_back();
    }
    const Record& record = ended ? cut : given;
    if (record.fields.size() > target_.fields.size()) {
      return refuse(uri, record, target_.fields.size() - 1, "", {1202, "Extra column(s) found"});
    }
    if (record.fields.size() < target_.fields.size() && !request_.fill_record) {
      return refuse(uri, record, record.fields.size(), "",
                    {1213, "Missing data for not-null field or delimiter not found"});
    }
    values_.assign(target_.table_types.size(), std::nullopt);
    for (size_t i = 0; i < record.fields.size(); ++i) {
      const size_t column = target_.fields[i];
      std::optional<Value> value;
      Reason reason;
      if (!convert(column, record.fields[i], record.quoted[i], value, reason)) {
        return refuse(uri, record, i, record.fields[i], reason);
      }
      if (value && value->IsNull() && defaults_.not_null(column))
        return refuse(uri, record, i, record.fields[i], {1213, "Missing data for not-null field"});
      values_[column] = std::move(value);
    }
    appender_.BeginRow();
    for (size_t column = 0; column < values_.size(); ++column) {
      appender_.Append(values_[column] ? *values_[column] : defaults_.next(column));
    }
    appender_.EndRow();
    ++outcome_.outcome.rows;
  }

  // One JSON document: an object by its members, or by paths.
  void document(const string& uri, int64_t line, const string& text) {
    const auto parsed = Json::parse(text);
    Record record;
    record.line = line;
    record.text = text;
    if (!parsed) return refuse(uri, record, 0, text, {1224, "Invalid JSON: " + parsed.error().message});
    for (const size_t column : target_.fields) {
      const Json* found = member(*parsed, column);
      const bool missing = !found || found->is_null();
      const bool super = target_.table_types[column].IsJSONType();
      record.fields.push_back(missing ? null_ : found->is_string() && !super ? found->as_string() : found->text());
      record.quoted.push_back(false);
    }
    this->record(uri, record);
  }

  void finish() { appender_.Close(); }
  void set_paths(std::vector<string> paths) { paths_ = std::move(paths); }

 private:
  const Json* member(const Json& document, size_t column) const {
    if (request_.json_paths == "noshred") return &document;  // AWS: COPY from JSON into one SUPER column
    if (!paths_.empty()) {
      const auto index = std::find(target_.fields.begin(), target_.fields.end(), column) - target_.fields.begin();
      return static_cast<size_t>(index) < paths_.size() ? at_path(document, paths_[static_cast<size_t>(index)])
                                                        : nullptr;
    }
    const string& name = target_.table_names[column];
    for (const auto& [key, value] : document.members()) {
      if (key == name || (request_.json_paths == "auto ignorecase" && lower(key) == name)) return &value;
    }
    return nullptr;
  }

  // $.a.b, $['a'][0]
  static const Json* at_path(const Json& document, const string& path) {
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

  // False with the reason. No value: NULL, or the column's default where the field is missing.
  bool convert(size_t column, string text, bool quoted, std::optional<Value>& value, Reason& reason) {
    const LogicalType& type = target_.table_types[column];
    const bool character = type.id() == LogicalTypeId::VARCHAR && !type.IsJSONType();
    if (!quoted && text == null_) {
      value = Value(type);
      return true;
    }
    if (request_.trim_blanks && character) text.resize(text.find_last_not_of(' ') + 1);
    const bool blank = text.find_first_not_of(" \t") == string::npos;
    if ((text.empty() && (request_.empty_as_null || !character)) ||
        (!text.empty() && blank && (request_.blanks_as_null || !character))) {
      value = Value(type);
      return true;
    }
    if (character) {
      if (!valid_utf8(text)) {
        if (!request_.accept_inv_chars) {
          reason = {1220, "String contains invalid or unsupported UTF8 codepoints."};
          return false;
        }
        text = replaced_invalid(text, *request_.accept_inv_chars);
      }
      if (bytes_[column] > 0 && text.size() > static_cast<size_t>(bytes_[column])) {
        if (!request_.truncate_columns) {
          reason = {1204, "String length exceeds DDL length"};
          return false;
        }
        size_t end = static_cast<size_t>(bytes_[column]);
        while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
        text.resize(end);
      }
      value = Value(std::move(text));
      return true;
    }
    if (type.id() == LogicalTypeId::BLOB) return convert_bytes(column, text, value, reason);
    return convert_typed(type, text, value, reason);
  }

  // AWS: COPY of GEOMETRY and GEOGRAPHY from hexadecimal EWKB, of VARBYTE from hexadecimal digits.
  bool convert_bytes(size_t column, const string& text, std::optional<Value>& value, Reason& reason) {
    const LogicalType& type = target_.table_types[column];
    const auto bytes = unhex(trim(text));
    if (!bytes) {
      reason = {1224, type.HasAlias() ? "Geometry is not hexadecimal EWKB" : "Invalid hexadecimal digits for VARBYTE"};
      return false;
    }
    if (!type.HasAlias()) {
      const string& declared = target_.declared[column];  // "binary varying(10)"
      const size_t open = declared.find('(');
      const auto most =
          open == string::npos ? 0 : parse_int(declared.substr(open + 1, declared.size() - open - 2)).value_or(0);
      if (most > 0 && bytes->size() > static_cast<size_t>(most)) {
        reason = {1204, "String length exceeds DDL length"};
        return false;
      }
      value = Value::BLOB_RAW(*bytes);
      return true;
    }
    try {
      const char* made = target_.declared[column] == "geography" ? "to_geography" : "to_geometry";
      const auto geometry = call(context_, kFunctionSchema, made, arguments(constant(Value(string(trim(text))))));
      value = duckdb::ExpressionExecutor::EvaluateScalar(context_, *geometry);
      return true;
    } catch (const std::exception& thrown) {
      reason = {1224, duckdb::ErrorData(thrown).RawMessage()};
      return false;
    }
  }

  bool convert_typed(const LogicalType& type, const string& text, std::optional<Value>& value, Reason& reason) {
    const string format = type.id() == LogicalTypeId::DATE ? request_.date_format
                          : type.id() == LogicalTypeId::TIMESTAMP || type.id() == LogicalTypeId::TIMESTAMP_TZ
                              ? request_.time_format
                              : "";
    string trimmed(trim(text));
    if (type.id() == LogicalTypeId::DECIMAL && !request_.round_decimals) {
      trimmed = cut_decimals(trimmed, duckdb::DecimalType::GetScale(type));
    }
    if (format == "auto") {
      if (const auto micros = read_time(trimmed)) {
        value = Value::TIMESTAMP(duckdb::timestamp_t(*micros)).DefaultCastAs(type);
        return true;
      }
    } else if (!format.empty()) {
      if (format == "epochsecs" || format == "epochmillisecs") {
        const auto number = parse_double(trimmed);
        if (number) {
          value = Value::TIMESTAMP(
              duckdb::timestamp_t(static_cast<int64_t>(*number * (format == "epochsecs" ? 1e6 : 1e3))));
          return true;
        }
      } else if (const auto micros = parse_time(trimmed, format)) {
        value = Value::TIMESTAMP(duckdb::timestamp_t(*micros)).DefaultCastAs(type);
        return true;
      }
      return no_time(type, trimmed, value, reason);
    }
    if (type.IsIntegral() && !parse_int(trimmed.starts_with('+') ? trimmed.substr(1) : trimmed)) {
      reason = invalid_value(type, trimmed);
      return false;
    }
    if (type.IsJSONType()) {
      const auto parsed = Json::parse(text);
      if (!parsed) {
        reason = {1224, "Invalid JSON for a SUPER column"};
        return false;
      }
      value = Value(parsed->text());
      value->Reinterpret(type);
      return true;
    }
    Value converted;
    string error;
    const string as_boolean = type.id() == LogicalTypeId::BOOLEAN ? lower(trimmed) : "";
    if (as_boolean == "t" || as_boolean == "y" || as_boolean == "yes" || as_boolean == "1") {
      converted = Value::BOOLEAN(true);
    } else if (as_boolean == "f" || as_boolean == "n" || as_boolean == "no" || as_boolean == "0") {
      converted = Value::BOOLEAN(false);
    } else if (!Value(trimmed).DefaultTryCastAs(type, converted, &error, false)) {
      return no_time(type, trimmed, value, reason);
    }
    value = std::move(converted);
    return true;
  }

  // AWS: ACCEPTANYDATE. A date or time that cannot be read is NULL.
  bool no_time(const LogicalType& type, const string& text, std::optional<Value>& value, Reason& reason) const {
    const bool time = type.id() == LogicalTypeId::DATE || type.id() == LogicalTypeId::TIMESTAMP ||
                      type.id() == LogicalTypeId::TIMESTAMP_TZ;
    if (time && request_.accept_any_date) {
      value = Value(type);
      return true;
    }
    reason = invalid_value(type, text);
    return false;
  }

  static string replaced_invalid(const string& text, const string& by) {
    string result;
    for (size_t i = 0; i < text.size();) {
      size_t size = 1;
      const auto lead = static_cast<unsigned char>(text[i]);
      if (lead >= 0xC2) size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
      if (i + size <= text.size() && valid_utf8(std::string_view(text).substr(i, size))) {
        result += text.substr(i, size);
        i += size;
      } else {
        result += by.empty() ? "?" : by;
        ++i;
      }
    }
    return result;
  }

  void refuse(const string& uri, const Record& record, size_t field, const string& value, const Reason& reason) {
    const size_t column = target_.fields[std::min(field, target_.fields.size() - 1)];
    LoadError error;
    error.uri = uri;
    error.line = record.line;
    error.column = target_.table_names[column];
    error.type = shown_type(target_.table_types[column]);
    error.column_length = bytes_[column];
    error.raw_line = record.text.substr(0, 1024);
    error.raw_value = value.substr(0, 1024);
    error.code = reason.code;
    error.reason = reason.text;
    outcome_.errors.push_back(std::move(error));
    if (outcome_.errors.size() > static_cast<size_t>(request_.max_error)) {
      raise_sql("XX000", "Load into table '" + target_.table +
                             "' failed.  Check 'sys_load_error_detail' system table for details.");
    }
  }

  const LoadRequest& request_;
  const Target target_;
  LoadOutcome& outcome_;
  duckdb::ClientContext& context_;
  LoadDefaults defaults_;
  duckdb::Appender appender_;
  std::vector<int> bytes_;
  string null_;
  std::vector<string> paths_;
  std::vector<std::optional<Value>> values_;
};

string table_of(const LoadRequest& request) {
  return quote_name(request.context.database) + "." +
         quote_name(request.schema.empty() ? "public" : lower(request.schema)) + "." + quote_name(lower(request.table));
}

// Each record of an Avro file is a document, as one of JSON is.
void load_avro(duckdb::Connection& connection, const string& uri, Loader& loader) {
  const auto records = connection.Query("SELECT CAST(to_json(\"the record\") AS VARCHAR) FROM read_avro(" + quote(uri) +
                                        ") AS \"the record\"");
  if (records->HasError()) records->ThrowError();
  int64_t number = 0;
  while (const auto chunk = records->Fetch()) {
    for (idx_t row = 0; row < chunk->size(); ++row) {
      loader.document(uri, ++number, chunk->GetValue(0, row).ToString());
    }
  }
}

constexpr const char* kTemporary = "pg_temp";  // the schema of what the session alone sees

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

Result<LoadOutcome> Session::load(const LoadRequest& asked) {
  LoadOutcome outcome;
  const auto done = in_transaction(asked.context, [&] {
    auto& context = *connection_.context;
    LoadRequest request = asked;
    if (request.schema == kTemporary) {
      request.context.database = "temp";
      request.schema = "main";
    }
    Target target{request.schema.empty() ? "public" : lower(request.schema),
                  lower(request.table),
                  request.context.database,
                  {},
                  {},
                  {},
                  {}};
    auto entry = duckdb::Catalog::GetEntry<duckdb::TableCatalogEntry>(
        context, target.database, target.schema, target.table, duckdb::OnEntryNotFound::RETURN_NULL);
    if (!entry) raise_sql("42P01", "relation \"" + target.table + "\" does not exist");
    const auto allowed =
        link_.authorise(request.context.principal, {{target.database, target.schema, target.table, "INSERT"}});
    if (!allowed) state_->raise(allowed.error());
    std::vector<bool> identities;  // those that are always generated
    for (const auto& column : entry->GetColumns().Logical()) {
      target.table_names.push_back(column.Name());
      target.table_types.push_back(column.Type());
      const string comment = column.Comment().IsNull() ? "" : column.Comment().ToString();
      const auto parts = split(comment, '|');
      target.declared.emplace_back(parts.empty() ? "" : parts[0]);
      identities.push_back(parts.size() > 1 && !parts[1].empty() && !(parts.size() > 2 && parts[2] == "default"));
      const bool identity = parts.size() > 1 && !parts[1].empty() && !request.explicit_ids;
      if (request.columns.empty() && !identity) target.fields.push_back(target.table_names.size() - 1);
    }
    for (const string& name : request.columns) {
      const auto found = std::find(target.table_names.begin(), target.table_names.end(), lower(name));
      if (found == target.table_names.end())
        raise_sql("42703", "column \"" + name + "\" of relation \"" + target.table + "\" does not exist");
      target.fields.push_back(static_cast<size_t>(found - target.table_names.begin()));
      if (!request.explicit_ids && identities[target.fields.back()])
        raise_sql("0A000", "cannot set an identity column to a value");
    }
    for (size_t i = 0; i < identities.size(); ++i) {
      const bool named = std::find(target.fields.begin(), target.fields.end(), i) != target.fields.end();
      if (request.explicit_ids && identities[i] && !named)
        raise_sql("22023", "EXPLICIT_IDS needs the identity column \"" + target.table_names[i] + "\" in the column list.");
    }
    if (request.format == FileFormat::kParquet) {
      outcome.outcome.rows =
          load_parquet(request, target.table_names, target.table_types, target.fields, lengths(target.declared));
    } else if (request.format == FileFormat::kShapefile) {
      outcome.outcome.rows = load_shapefile(request, target.table_names, target.fields);
    } else if (const auto rows = load_through_reader(request, target.table_names, target.table_types, target.fields,
                                                     lengths(target.declared))) {
      outcome.outcome.rows = *rows;
    } else {
      for (const size_t field : target.fields)
        if (target.table_types[field].id() == LogicalTypeId::BLOB && target.table_types[field].HasAlias())
          state_->load_geometry();
      Loader loader(connection_, *entry, request, std::move(target), outcome);
      const bool avro = request.format == FileFormat::kAvro;
      if (avro) state_->load_avro();
      if (avro || request.format == FileFormat::kJson) loader.set_paths(json_paths(request.json_paths));
      for (const string& uri : request.uris) {
        if (avro) {
          load_avro(connection_, uri, loader);
          continue;
        }
        TextReader reader(open_text(context, uri, request.compression), request);
        if (request.format == FileFormat::kJson) {
          while (const auto document = reader.next_document()) loader.document(uri, document->line, document->text);
        } else {
          while (const auto record = reader.next_record()) loader.record(uri, *record);
        }
      }
      loader.finish();
    }
    mark(asked.context);
  });
  cancelled_ = false;
  outcome.outcome.kind = "COPY";
  outcome.outcome.scanned_bytes = state_->scanned_bytes;
  outcome.outcome.in_transaction = in_block_;
  if (!done) {
    // The rows that were refused travel with the refusal: the caller keeps them for the system views.
    if (outcome.errors.empty()) return Failure(done.error());
    outcome.outcome.rows = 0;
    outcome.outcome.kind = "FAILED";
    outcome.outcome.notices = {done.error().message};
    outcome.outcome.transaction_failed = failed_;
  }
  return outcome;
}

// What can be read so exactly as the row parser does (load_csv.h); nullopt: it must, and nothing has been loaded.
std::optional<uint64_t> Session::load_through_reader(const LoadRequest& request, const std::vector<string>& names,
                                                     const duckdb::vector<LogicalType>& types,
                                                     const std::vector<size_t>& fields, const std::vector<int>& bytes) {
  for (const size_t field : fields)
    if (types[field].id() == LogicalTypeId::BLOB) return {};  // hexadecimal, which the reader takes as it is
  if (in_block_) return {};  // a refused record would undo what stands before it in the transaction
  std::vector<LoadColumn> columns;
  for (const size_t field : fields) columns.push_back({names[field], types[field], bytes[field]});
  const uint64_t scanned = state_->scanned_bytes;
  const auto sql = csv_insert(*connection_.context, request, table_of(request), columns);
  state_->scanned_bytes = scanned;
  if (!sql) return {};
  const auto result = connection_.Query(*sql);
  if (!result->HasError()) return static_cast<uint64_t>(result->GetValue(0, 0).GetValue<int64_t>());
  const auto type = result->GetErrorObject().Type();
  const bool refused = type == duckdb::ExceptionType::CONVERSION || type == duckdb::ExceptionType::INVALID_INPUT ||
                       type == duckdb::ExceptionType::OUT_OF_RANGE || type == duckdb::ExceptionType::CONSTRAINT;
  if (!refused || state_->failure) result->ThrowError();
  connection_.Rollback();
  connection_.BeginTransaction();
  state_->scanned_bytes = scanned;
  return {};
}

// AWS: COPY from columnar data formats takes columns by position.
uint64_t Session::load_parquet(const LoadRequest& request, const std::vector<string>& names,
                               const duckdb::vector<LogicalType>& types, const std::vector<size_t>& fields,
                               const std::vector<int>& bytes) {
  string files, into, from;
  for (const string& uri : request.uris) files += (files.empty() ? "" : ", ") + quote(uri);
  for (size_t i = 0; i < fields.size(); ++i) into += (i ? ", " : "") + quote_name(names[fields[i]]);
  const auto described =
      connection_.Query("SELECT * FROM read_parquet([" + files + "], hive_partitioning = false) LIMIT 0");
  if (described->HasError()) described->ThrowError();
  if (described->names.size() != fields.size()) {
    raise_sql("XX000", "Spectrum Scan Error: Unmatched number of columns between table and file. Table columns: " +
                           std::to_string(fields.size()) +
                           ", Data columns: " + std::to_string(described->names.size()));
  }
  for (size_t i = 0; i < described->names.size(); ++i) {
    string value = quote_name(described->names[i]);
    const bool text = types[fields[i]].id() == LogicalTypeId::VARCHAR && !types[fields[i]].IsJSONType();
    if (types[fields[i]].IsJSONType()) value = "to_json(" + value + ")";
    if (text && bytes[fields[i]] > 0)
      value = "system.redshift.fit_data(" + value + "::VARCHAR, " + std::to_string(bytes[fields[i]]) + ", " +
              quote(described->names[i]) + ")";
    from += (i ? ", " : "") + value;
  }
  const string table = table_of(request);
  const auto result = connection_.Query("INSERT INTO " + table + " (" + into + ") SELECT " + from +
                                        " FROM read_parquet([" + files + "], hive_partitioning = false)");
  if (result->HasError()) result->ThrowError();
  return static_cast<uint64_t>(result->GetValue(0, 0).GetValue<int64_t>());
}

// The shape is the first column, the attributes follow; the .shx and .dbf beside the .shp are opened by the reader.
uint64_t Session::load_shapefile(const LoadRequest& request, const std::vector<string>& names,
                                 const std::vector<size_t>& fields) {
  state_->load_geometry();
  const string table = table_of(request);
  uint64_t rows = 0;
  for (const string& uri : request.uris) {
    const auto described = connection_.Query("SELECT * FROM ST_ReadSHP(" + quote(uri) + ") LIMIT 0");
    if (described->HasError()) described->ThrowError();
    string into, from;
    std::vector<string> columns = {"geom"};
    for (const string& name : described->names) {
      if (name != "geom") columns.push_back(name);
    }
    if (columns.size() < fields.size()) {
      raise_sql("XX000", "The shapefile has " + std::to_string(columns.size()) + " columns, the table " +
                             std::to_string(fields.size()) + ".");
    }
    for (size_t i = 0; i < fields.size(); ++i) {
      into += (i ? ", " : "") + quote_name(names[fields[i]]);
      string value = quote_name(columns[i]);
      if (i == 0 && request.simplify_tolerance >= 0)
        value = "ST_Simplify(geom, " + std::to_string(request.simplify_tolerance) + ")";
      from += (i ? ", " : "") + value;
    }
    const auto result = connection_.Query("INSERT INTO " + table + " (" + into + ") SELECT " + from +
                                          " FROM ST_ReadSHP(" + quote(uri) + ")");
    if (result->HasError()) result->ThrowError();
    rows += static_cast<uint64_t>(result->GetValue(0, 0).GetValue<int64_t>());
  }
  return rows;
}

}  // namespace tarn::sql::engine
