// COPY: text files record by record, with Redshift's options and error rows; Parquet through DuckDB's reader, by position.
#include <algorithm>

#include "base/text.h"
#include "sql/engine/errors.h"
#include "sql/engine/load_csv.h"
#include "sql/engine/load_parser.h"
#include "sql/engine/load_rows.h"
#include "sql/engine/rewriter.h"
#include "sql/engine/session.h"
#include "sql/engine/values.h"

namespace tarn::sql::engine {
namespace {

using duckdb::idx_t;
using duckdb::LogicalTypeId;
using std::string;

constexpr const char* kTemporary = "pg_temp";  // the schema of what the session alone sees

// The length of "character varying(10)", "binary varying(10)".
int declared_bytes(const string& declared) {
  const size_t open = declared.find('(');
  const bool has_bytes = declared.starts_with("character") || declared.starts_with("binary");
  if (!has_bytes || open == string::npos) return 0;
  return static_cast<int>(parse_int(declared.substr(open + 1, declared.size() - open - 2)).value_or(0));
}

// The columns that are loaded, in the order of the file's fields.
std::vector<LoadColumn> columns_of(const duckdb::TableCatalogEntry& table, const LoadRequest& request) {
  const auto declared = declared_columns(table);
  std::vector<LoadColumn> columns;
  const auto add = [&](size_t i) {
    const DeclaredColumn& column = declared[i];
    columns.push_back({column.name, i, column.engine, column.type, declared_bytes(column.type)});
  };
  const auto generated = [&](size_t i) { return !declared[i].identity.empty() && !declared[i].identity_by_default; };
  for (size_t i = 0; request.columns.empty() && i < declared.size(); ++i)
    if (declared[i].identity.empty() || request.explicit_ids) add(i);
  for (const string& name : request.columns) {
    const auto found = std::ranges::find(declared, lower(name), &DeclaredColumn::name);
    if (found == declared.end())
      raise_sql("42703", "column \"" + name + "\" of relation \"" + lower(request.table) + "\" does not exist");
    add(static_cast<size_t>(found - declared.begin()));
    if (!request.explicit_ids && generated(columns.back().number))
      raise_sql("0A000", "cannot set an identity column to a value");
  }
  for (size_t i = 0; i < declared.size(); ++i)
    if (request.explicit_ids && generated(i) && std::ranges::find(columns, i, &LoadColumn::number) == columns.end())
      raise_sql("22023", "EXPLICIT_IDS needs the identity column \"" + declared[i].name + "\" in the column list.");
  return columns;
}

string table_of(const LoadRequest& request) {
  return quote_name(request.context.database) + "." + quote_name(request.schema) + "." + quote_name(request.table);
}

// Each record of an Avro file is a document, as one of JSON is.
void load_avro(duckdb::Connection& connection, const string& uri, LoadRows& rows) {
  const auto records = connection.Query("SELECT CAST(to_json(\"the record\") AS VARCHAR) FROM read_avro(" + quote(uri) +
                                        ") AS \"the record\"");
  if (records->HasError()) records->ThrowError();
  int64_t number = 0;
  while (const auto chunk = records->Fetch()) {
    for (idx_t row = 0; row < chunk->size(); ++row) {
      rows.document(uri, ++number, chunk->GetValue(0, row).ToString());
    }
  }
}

}  // namespace

Result<LoadOutcome> Session::load(const LoadRequest& asked) {
  LoadOutcome outcome;
  LoadRequest request = asked;
  if (request.schema == kTemporary) {
    request.context.database = "temp";
    request.schema = "main";
  } else {
    request.schema = request.schema.empty() ? "public" : lower(request.schema);
  }
  request.table = lower(request.table);
  const auto done = in_transaction(asked.context, [&] {
    auto table = duckdb::Catalog::GetEntry<duckdb::TableCatalogEntry>(
        *connection_.context, request.context.database, request.schema, request.table,
        duckdb::OnEntryNotFound::RETURN_NULL);
    if (!table) raise_sql("42P01", "relation \"" + request.table + "\" does not exist");
    const auto allowed = link_.authorise(request.context.principal,
                                         {{request.context.database, request.schema, request.table, "INSERT"}});
    if (!allowed) state_->raise(allowed.error());
    auto columns = columns_of(*table, request);
    if (request.format == FileFormat::kParquet) {
      outcome.outcome.rows = load_parquet(request, columns);
    } else if (request.format == FileFormat::kShapefile) {
      outcome.outcome.rows = load_shapefile(request, columns);
    } else if (const auto rows = load_through_reader(request, columns)) {
      outcome.outcome.rows = *rows;
    } else {
      load_rows(*table, request, std::move(columns), outcome);
    }
    mark(asked.context);
  });
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

void Session::load_rows(duckdb::TableCatalogEntry& table, const LoadRequest& request, std::vector<LoadColumn> columns,
                        LoadOutcome& outcome) {
  const auto shape = [](const LoadColumn& column) {
    return column.type.id() == LogicalTypeId::BLOB && column.type.HasAlias();
  };
  if (std::ranges::any_of(columns, shape)) state_->load_geometry();
  if (request.format == FileFormat::kAvro) state_->load_avro();
  LoadRows rows(connection_, table, request, std::move(columns), outcome);
  for (const string& uri : request.uris) {
    if (request.format == FileFormat::kAvro) {
      load_avro(connection_, uri, rows);
      continue;
    }
    TextReader reader(open_text(*connection_.context, uri, request.compression), request);
    if (request.format == FileFormat::kJson) {
      while (const auto document = reader.next_document()) rows.document(uri, document->line, document->text);
    } else {
      while (const auto record = reader.next_record()) rows.record(uri, *record);
    }
  }
  rows.finish();
}

// What can be read so exactly as the row parser does (load_csv.h); nullopt: it must, and nothing has been loaded.
std::optional<uint64_t> Session::load_through_reader(const LoadRequest& request,
                                                     const std::vector<LoadColumn>& columns) {
  for (const LoadColumn& column : columns)
    if (column.type.id() == LogicalTypeId::BLOB) return {};  // hexadecimal, which the reader takes as it is
  if (in_block_) return {};  // a refused record would undo what stands before it in the transaction
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
uint64_t Session::load_parquet(const LoadRequest& request, const std::vector<LoadColumn>& columns) {
  string files, into, from;
  for (const string& uri : request.uris) files += (files.empty() ? "" : ", ") + quote(uri);
  for (const LoadColumn& column : columns) into += (into.empty() ? "" : ", ") + quote_name(column.name);
  const auto described =
      connection_.Query("SELECT * FROM read_parquet([" + files + "], hive_partitioning = false) LIMIT 0");
  if (described->HasError()) described->ThrowError();
  if (described->names.size() != columns.size()) {
    raise_sql("XX000", "Spectrum Scan Error: Unmatched number of columns between table and file. Table columns: " +
                           std::to_string(columns.size()) +
                           ", Data columns: " + std::to_string(described->names.size()));
  }
  for (size_t i = 0; i < described->names.size(); ++i) {
    string value = quote_name(described->names[i]);
    if (columns[i].type.IsJSONType()) value = "to_json(" + value + ")";
    if (is_text(columns[i].type) && columns[i].bytes > 0)
      value = "system.redshift.fit_data(" + value + "::VARCHAR, " + std::to_string(columns[i].bytes) + ", " +
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
uint64_t Session::load_shapefile(const LoadRequest& request, const std::vector<LoadColumn>& columns) {
  state_->load_geometry();
  const string table = table_of(request);
  uint64_t rows = 0;
  for (const string& uri : request.uris) {
    const auto described = connection_.Query("SELECT * FROM ST_ReadSHP(" + quote(uri) + ") LIMIT 0");
    if (described->HasError()) described->ThrowError();
    string into, from;
    std::vector<string> given = {"geom"};
    for (const string& name : described->names) {
      if (name != "geom") given.push_back(name);
    }
    if (given.size() < columns.size()) {
      raise_sql("XX000", "The shapefile has " + std::to_string(given.size()) + " columns, the table " +
                             std::to_string(columns.size()) + ".");
    }
    for (size_t i = 0; i < columns.size(); ++i) {
      into += (i ? ", " : "") + quote_name(columns[i].name);
      string value = quote_name(given[i]);
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
