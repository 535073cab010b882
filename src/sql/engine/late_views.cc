// Late-binding views (WITH NO SCHEMA BINDING): their text is put where they are used, and bound there.
#include "base/text.h"
#include "duckdb/planner/planner.hpp"
#include "sql/engine/encode.h"
#include "sql/engine/errors.h"
#include "sql/engine/instance.h"
#include "sql/engine/planned_columns.h"
#include "sql/engine/rewriter.h"
#include "sql/engine/rights.h"

namespace tarn::sql::engine {

using std::string;

bool Rewriter::late_view(TablePtr& table) {
  if (request_.context.dialect != Dialect::kRedshift) return false;
  auto& base = table->Cast<duckdb::BaseTableRef>();
  if (!base.catalog_name.empty() && base.catalog_name != request_.context.database) return false;
  std::vector<string> schemas = request_.context.search_path;
  if (!base.schema_name.empty()) schemas = {base.schema_name};
  const auto view = find_late_view(context_, request_.context.database, schemas, base.table_name);
  if (!view) return false;
  const auto inside = std::pair(view->schema, view->name);
  if (std::find(late_views_.begin(), late_views_.end(), inside) != late_views_.end())
    raise_sql("42P17", "infinite recursion detected in rules for relation \"" + view->name + "\"");

  auto parsed = parse_one(view->definition);
  if (parsed->type != duckdb::StatementType::SELECT_STATEMENT)
    raise_sql("42601", "the view " + view->name + " is no query");
  auto query = duckdb::unique_ptr_cast<duckdb::SQLStatement, duckdb::SelectStatement>(std::move(parsed));
  // What it reads is its owner's business, in scopes of its own; whoever uses it needs a right on the view.
  Rewriter inner(context_, request_);
  inner.late_views_ = late_views_;
  inner.late_views_.push_back(inside);
  inner.node(*query->node, true);
  check_owner(context_, request_.context, {"TABLE", view->schema, view->name}, inner.take().uses);

  const string alias = base.alias.empty() ? base.table_name : base.alias;
  use({request_.context.database, view->schema, view->name, false, false}, "SELECT");
  from_tables_.emplace_back(base.schema_name, base.table_name);
  auto subquery = duckdb::make_uniq<duckdb::SubqueryRef>(std::move(query), alias);
  subquery->column_name_alias = base.column_name_alias;
  if (subquery->column_name_alias.empty())
    for (const auto column : split(view->columns, ','))
      if (!column.empty()) subquery->column_name_alias.emplace_back(column);
  table = std::move(subquery);
  return true;
}

namespace {

// As the catalog shows types.
string shown(const duckdb::LogicalType& type, const PlannedColumn& column) {
  using duckdb::LogicalTypeId;
  if (is_super(type)) return "super";
  if (is_geometry(type)) return "geometry";
  switch (type.id()) {
    case LogicalTypeId::VARCHAR:
      return (column.padded ? "character(" : "character varying(") +
             std::to_string(column.length ? column.length : 65535) + ")";
    case LogicalTypeId::DECIMAL: return replace_all(lower(type.ToString()), "decimal", "numeric");
    case LogicalTypeId::DOUBLE: return "double precision";
    case LogicalTypeId::FLOAT: return "real";
    case LogicalTypeId::TIMESTAMP: return "timestamp without time zone";
    case LogicalTypeId::BLOB: return "binary varying(64000)";
    case LogicalTypeId::HUGEINT: return "numeric(38,0)";
    default: return lower(type.ToString());
  }
}

}  // namespace

// Of the views that can be bound now. AWS: PG_GET_LATE_BINDING_VIEW_COLS.
string Rewriter::late_view_columns() {
  string rows;
  for (const LateView& view : late_views(context_, request_.context.database)) {
    try {
      auto statement = parse_one("SELECT * FROM " + quote_name(view.schema) + "." + quote_name(view.name));
      Rewriter inner(context_, request_);
      inner.statement(statement);
      duckdb::Planner planner(context_);
      planner.CreatePlan(std::move(statement));
      const auto columns = planned_columns(*planner.plan);
      for (size_t i = 0; i < columns.size(); ++i) {
        rows += string(rows.empty() ? "" : ", ") + "(" + quote(view.schema) + ", " + quote(view.name) + ", " +
                quote(planner.names[i]) + ", " + quote(shown(planner.types[i], columns[i])) + ", " +
                std::to_string(i + 1) + ")";
      }
    } catch (const std::exception&) {  // what it reads is gone, or not for this user
    }
  }
  const string none =
      "SELECT '' AS view_schema, '' AS view_name, '' AS col_name, '' AS col_type, 0 AS col_num WHERE false";
  return rows.empty() ? none
                      : "SELECT * FROM (VALUES " + rows + ") v(view_schema, view_name, col_name, col_type, col_num)";
}

}  // namespace tarn::sql::engine
