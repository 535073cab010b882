// Late-binding views (WITH NO SCHEMA BINDING): their text is put where they are used, and bound there.
#include "base/text.h"
#include "sql/engine/errors.h"
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

}  // namespace tarn::sql::engine
