// Names of tables: CTEs, tables and views of the Glue catalog, t$partitions, information_schema.
#include "base/json.h"
#include "base/text.h"
#include "sql/engine/catalog.h"
#include "sql/engine/hive_types.h"
#include "sql/engine/iceberg_scan.h"
#include "sql/engine/session_state.h"
#include "sql/engine/trino_parser.h"

namespace tarn::sql::engine::trino {

using duckdb::LogicalType;
using duckdb::make_uniq;
using duckdb::Value;
using std::string;

namespace {

constexpr const char* kViewStart = "/* Presto View: ";
constexpr int kDeepestView = 32;

}  // namespace

TablePtr rows_table(duckdb::vector<duckdb::vector<Value>> rows,
                    const std::vector<std::pair<string, LogicalType>>& columns) {
  auto list = make_uniq<duckdb::ExpressionListRef>();
  list->alias = "valueslist";
  for (auto& row : rows) {
    duckdb::vector<ParsedPtr> items_of_row;
    for (auto& value : row) items_of_row.push_back(constant_of(std::move(value)));
    list->values.push_back(std::move(items_of_row));
  }
  const bool none = list->values.empty();
  if (none) {
    duckdb::vector<ParsedPtr> nulls;
    for (const auto& [name, type] : columns) nulls.push_back(constant_of(Value(type)));
    list->values.push_back(std::move(nulls));
  }
  auto node = make_uniq<duckdb::SelectNode>();
  for (size_t i = 0; i < columns.size(); ++i) {
    auto item = make_uniq<duckdb::CastExpression>(
        columns[i].second, make_uniq<duckdb::ColumnRefExpression>("col" + std::to_string(i), "valueslist"));
    item->SetAlias(columns[i].first);
    node->select_list.push_back(std::move(item));
  }
  node->from_table = std::move(list);
  if (none) node->where_clause = constant_of(Value::BOOLEAN(false));
  auto statement = make_uniq<duckdb::SelectStatement>();
  statement->node = std::move(node);
  return make_uniq<duckdb::SubqueryRef>(std::move(statement));
}

// The catalog of names that say none: the statement's own.
string Parser::default_catalog() const {
  const auto& schemas = request_.context.external_schemas;
  return schemas.empty() ? kExternalCatalog : schemas[0].catalog;
}

TablePtr Parser::named_table(std::vector<string> parts, size_t at) {
  for (auto& part : parts) part = lower(part);
  if (parts.size() > 3) raise("SYNTAX_ERROR", "Too many dots in table name", place(at));
  if (parts.size() == 1) {
    for (const auto& names : ctes_) {
      if (!names.contains(parts[0])) continue;
      auto table = make_uniq<duckdb::BaseTableRef>();
      table->table_name = parts[0];
      table->query_location = place(at);
      return table;
    }
  }
  const string catalog = parts.size() == 3 ? parts[0] : default_catalog();
  const string schema = parts.size() > 1 ? parts[parts.size() - 2] : lower(request_.context.database);
  string name = parts.back();
  from_tables_.emplace_back(schema, name);
  if (schema == "information_schema") {
    auto table = information_schema(name, at);
    table->alias = name;
    return table;
  }
  string part;
  if (const size_t dollar = name.find('$'); dollar != string::npos) {
    part = name.substr(dollar + 1);
    name.resize(dollar);
  }
  const auto session = SessionState::of(context_);
  auto found = session->link.resolve_table(request_.context.principal, catalog, schema, name);
  if (!found) session->raise(found.error());
  if (!*found) {
    // Whether its database is there is asked only now; who may not know hears of the table.
    const auto schemas = catalog == kExternalCatalog
                             ? session->link.system_rows(request_.context.principal, "information_schema.schemata")
                             : fail(404, "NotAsked", "");
    const auto is_it = [&](const auto& row) { return row.size() > 1 && row[1] && lower(*row[1]) == schema; };
    const bool missing =
        schemas && !schemas->rows.empty() && std::none_of(schemas->rows.begin(), schemas->rows.end(), is_it);
    if (missing) raise("SCHEMA_NOT_FOUND", "Schema '" + schema + "' does not exist", place(at));
    raise("TABLE_NOT_FOUND", "Table '" + catalog + "." + schema + "." + parts.back() + "' does not exist", place(at));
  }
  const ExternalTable& external = **found;
  const bool iceberg = is_iceberg(external);
  if (!part.empty() && !iceberg && part != "partitions") {
    raise("NOT_SUPPORTED", "The table \"" + name + "$" + part + "\" is not supported; \"" + name + "$partitions\" is.",
          place(at));
  }
  bool noted = false;
  for (const TableUse& use : result_.uses) {
    noted = noted || (use.database == catalog && use.schema == schema && use.table == name);
  }
  if (!noted) result_.uses.push_back({catalog, schema, name, "SELECT"});
  TablePtr table;
  if (!part.empty()) {
    table = iceberg ? iceberg_table(part, external, at) : partitions_table(external);
  } else if (!external.view_sql.empty()) {
    table = view(external, at);
  } else {
    auto base = make_uniq<duckdb::BaseTableRef>();
    base->catalog_name = kExternalCatalog;
    base->schema_name = catalog == kExternalCatalog ? schema : catalog + kCatalogSeparator + schema;
    base->table_name = name;
    table = std::move(base);
  }
  table->alias = parts.back();
  table->query_location = place(at);
  return table;
}

TablePtr Parser::view(const ExternalTable& table, size_t at) {
  if (depth_ > 100 * kDeepestView) raise("VIEW_IS_RECURSIVE", "View is recursive", place(at));
  string sql = table.view_sql;
  ExecuteRequest inner;
  inner.context = request_.context;
  inner.context.database = table.database;
  if (table.catalog != kExternalCatalog) inner.context.external_schemas = {{"", table.catalog, ""}};
  duckdb::vector<string> names;
  if (sql.starts_with(kViewStart)) {  // what Presto, Trino and Athena keep of a view: base64 of JSON
    const size_t end = sql.find(" */");
    const auto decoded = unbase64(trim(sql.substr(
        std::string_view(kViewStart).size(), end == string::npos ? end : end - std::string_view(kViewStart).size())));
    const auto json = decoded ? Json::parse(*decoded) : fail(400, "InvalidView", "not base64");
    if (!json || !(*json)["originalSql"].is_string()) {
      raise("INVALID_VIEW", "View '" + table.database + "." + table.name + "' has no readable definition", place(at));
    }
    sql = (*json)["originalSql"].as_string();
    if ((*json)["schema"].is_string()) inner.context.database = (*json)["schema"].as_string();
    for (const Json& column : (*json)["columns"].items()) names.push_back(column["name"].as_string());
  }
  Parser parser(context_, inner, result_, sql, false);
  parser.depth_ = depth_ + 100;
  auto statement = parser.query();
  if (parser.peek().kind != TokenKind::kEnd) parser.mismatched("<EOF>");
  auto result = make_uniq<duckdb::SubqueryRef>(std::move(statement));
  result->column_name_alias = std::move(names);
  return result;
}

TablePtr Parser::partitions_table(const ExternalTable& table) {
  const auto session = SessionState::of(context_);
  auto listed = session->link.list_partitions(request_.context.principal, table);
  if (!listed) session->raise(listed.error());
  std::vector<std::pair<string, LogicalType>> columns;
  for (const auto& column : table.partition_columns) {
    columns.emplace_back(column.name, hive_type(column.type, Dialect::kAthena));
  }
  if (columns.empty()) {
    raise("TABLE_NOT_FOUND",
          "Table '" + table.catalog + "." + table.database + "." + table.name + "$partitions' does not exist");
  }
  duckdb::vector<duckdb::vector<Value>> rows;
  for (const auto& partition : *listed) {
    duckdb::vector<Value> row;
    for (size_t i = 0; i < columns.size(); ++i) {
      const bool known = i < partition.values.size() && partition.values[i];
      row.push_back(known && *partition.values[i] != "__HIVE_DEFAULT_PARTITION__" ? Value(*partition.values[i])
                                                                                  : Value(LogicalType::VARCHAR));
    }
    rows.push_back(std::move(row));
  }
  return rows_table(std::move(rows), columns);
}

// The server knows what is there: its system views `information_schema.<name>`, columns in the order below.
TablePtr Parser::information_schema(const string& name, size_t at) {
  const LogicalType text = LogicalType::VARCHAR;
  static const std::map<string, std::vector<std::pair<string, LogicalType>>> kViews = {
      {"schemata", {{"catalog_name", LogicalType::VARCHAR}, {"schema_name", LogicalType::VARCHAR}}},
      {"tables",
       {{"table_catalog", LogicalType::VARCHAR},
        {"table_schema", LogicalType::VARCHAR},
        {"table_name", LogicalType::VARCHAR},
        {"table_type", LogicalType::VARCHAR}}},
      {"views",
       {{"table_catalog", LogicalType::VARCHAR},
        {"table_schema", LogicalType::VARCHAR},
        {"table_name", LogicalType::VARCHAR},
        {"view_definition", LogicalType::VARCHAR}}},
      {"columns",
       {{"table_catalog", LogicalType::VARCHAR},
        {"table_schema", LogicalType::VARCHAR},
        {"table_name", LogicalType::VARCHAR},
        {"column_name", LogicalType::VARCHAR},
        {"ordinal_position", LogicalType::BIGINT},
        {"column_default", LogicalType::VARCHAR},
        {"is_nullable", LogicalType::VARCHAR},
        {"data_type", LogicalType::VARCHAR},
        {"comment", LogicalType::VARCHAR},
        {"extra_info", LogicalType::VARCHAR}}}};
  const auto found = kViews.find(name);
  if (found == kViews.end()) {
    raise("TABLE_NOT_FOUND", "Table '" + string(kExternalCatalog) + ".information_schema." + name + "' does not exist",
          place(at));
  }
  const auto session = SessionState::of(context_);
  auto listed = session->link.system_rows(request_.context.principal, "information_schema." + name);
  if (!listed) session->raise(listed.error());
  duckdb::vector<duckdb::vector<Value>> rows;
  for (const auto& given : listed->rows) {
    duckdb::vector<Value> row;
    for (size_t i = 0; i < found->second.size(); ++i) {
      row.push_back(i < given.size() && given[i] ? Value(*given[i]) : Value(text));
    }
    rows.push_back(std::move(row));
  }
  return rows_table(std::move(rows), found->second);
}

}  // namespace tarn::sql::engine::trino
