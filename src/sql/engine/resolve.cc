// Queries and their tables: scopes, names in full, paths into SUPER columns, system views.
#include "base/text.h"
#include "duckdb/catalog/catalog_entry/view_catalog_entry.hpp"
#include "sql/engine/catalog.h"
#include "sql/engine/errors.h"
#include "sql/engine/instance.h"
#include "sql/engine/manifest.h"
#include "sql/engine/outer_joins.h"
#include "sql/engine/rewriter.h"
#include "sql/engine/rights.h"
#include "sql/engine/session_state.h"
#include "sql/engine/system_catalog.h"
#include "sql/tokens_redshift.h"

namespace tarn::sql::engine {

using duckdb::TableReferenceType;
using std::string;

namespace {

// FROM f(x) [AS t (c)]: a row of the function's value.
TablePtr value_as_table(TablePtr table, const StatementContext& context) {
  auto& from = table->Cast<duckdb::TableFunctionRef>();
  const string name = lower(from.function->Cast<duckdb::FunctionExpression>().function_name);
  const bool users = std::ranges::any_of(context.functions, [&](const SqlFunction& each) { return each.name == name; });
  if (!users && !find_function(context.dialect, name))
    raise_sql("42883", "function " + name + " does not exist", table->query_location);
  auto select = duckdb::make_uniq<duckdb::SelectNode>();
  select->select_list.push_back(std::move(from.function));
  select->select_list[0]->SetAlias(table->alias.empty() ? name : table->alias);  // PostgreSQL: the column's name too
  select->from_table = duckdb::make_uniq<duckdb::EmptyTableRef>();
  auto statement = duckdb::make_uniq<duckdb::SelectStatement>();
  statement->node = std::move(select);
  auto row = duckdb::make_uniq<duckdb::SubqueryRef>(std::move(statement), table->alias.empty() ? name : table->alias);
  row->column_name_alias = from.column_name_alias;
  row->query_location = table->query_location;
  return row;
}

// PostgreSQL: a name alone in ORDER BY is a result's column before it is one of the tables'.
void order_by_results(duckdb::SelectNode& node) {
  const auto column_of = [](duckdb::ParsedExpression& e) {
    return e.GetExpressionClass() == duckdb::ExpressionClass::COLUMN_REF ? &e.Cast<duckdb::ColumnRefExpression>()
                                                                         : nullptr;
  };
  const auto result_of = [&](const string& name) -> ParsedPtr {
    duckdb::ColumnRefExpression* found = nullptr;
    for (auto& item : node.select_list) {
      auto* column = column_of(*item);
      const string shown = !item->GetAlias().empty() ? item->GetAlias() : column ? column->GetColumnName() : "";
      if (lower(shown) != lower(name)) continue;
      if (!column || !item->GetAlias().empty() || found) return nullptr;  // an alias is found anyhow; two are ambiguous
      found = column;
    }
    return found && found->IsQualified() ? found->Copy() : nullptr;
  };
  for (auto& modifier : node.modifiers) {
    if (modifier->type != duckdb::ResultModifierType::ORDER_MODIFIER) continue;
    for (auto& order : modifier->Cast<duckdb::OrderModifier>().orders) {
      const auto* column = column_of(*order.expression);
      if (!column || column->IsQualified()) continue;
      if (ParsedPtr result = result_of(column->GetColumnName())) order.expression = std::move(result);
    }
  }
}

}  // namespace

void Rewriter::ctes(duckdb::CommonTableExpressionMap& map) {
  if (cte_names_.empty()) cte_names_.emplace_back();
  for (auto& [name, info] : map.map) {
    cte_names_.back().insert(lower(name));
    for (auto& alias : info->aliases) alias = lower(alias);
    node(*info->query->node);
  }
}

void Rewriter::node(duckdb::QueryNode& node, bool top) {
  cte_names_.emplace_back();
  for (const auto& [name, info] : node.cte_map.map) cte_names_.back().insert(lower(name));
  ctes(node.cte_map);
  switch (node.type) {
    case duckdb::QueryNodeType::SELECT_NODE: select(node.Cast<duckdb::SelectNode>(), top); break;
    case duckdb::QueryNodeType::SET_OPERATION_NODE: {
      auto& both = node.Cast<duckdb::SetOperationNode>();
      this->node(*both.left, true);
      this->node(*both.right, true);
      break;
    }
    case duckdb::QueryNodeType::RECURSIVE_CTE_NODE: {
      auto& recursive = node.Cast<duckdb::RecursiveCTENode>();
      if (!recursive.union_all && request_.context.dialect == Dialect::kRedshift)  // AWS: WITH clause
        raise_sql("0A000", "the recursive query \"" + recursive.ctename + "\" is joined by UNION ALL only");
      cte_names_.back().insert(lower(recursive.ctename));
      this->node(*recursive.left, true);
      this->node(*recursive.right, true);
      break;
    }
    case duckdb::QueryNodeType::CTE_NODE: {
      auto& with = node.Cast<duckdb::CTENode>();
      cte_names_.back().insert(lower(with.ctename));
      this->node(*with.query);
      this->node(*with.child, top);
      break;
    }
    default: raise_sql("0A000", "This kind of query is not supported.");
  }
  modifiers(node);
  cte_names_.pop_back();
}

// ORDER BY 5, GROUP BY 5, of three columns
static void position_of(const duckdb::SelectNode& node, const duckdb::ParsedExpression& e, const char* clause) {
  if (e.GetExpressionClass() != duckdb::ExpressionClass::CONSTANT) return;
  for (const auto& item : node.select_list)
    if (item->GetExpressionClass() == duckdb::ExpressionClass::STAR) return;
  const auto& value = e.Cast<duckdb::ConstantExpression>().value;
  if (value.IsNull() || !value.type().IsIntegral()) return;
  const auto at = value.DefaultCastAs(duckdb::LogicalType::BIGINT).GetValue<int64_t>();
  if (at < 1 || at > static_cast<int64_t>(node.select_list.size()))
    raise_sql("42P10", string(clause) + " position " + value.ToString() + " is not in select list", e.GetQueryLocation());
}

void Rewriter::select(duckdb::SelectNode& node, bool) {
  from_aliases_.emplace_back();
  const size_t tables = from_tables_.size();
  if (request_.context.dialect == Dialect::kRedshift) join_outside(node);
  if (node.from_table) table(node.from_table);
  const bool s3_select = request_.context.dialect == Dialect::kS3Select;
  const bool refused = !node.groups.group_expressions.empty() || node.having || node.qualify;
  if (s3_select && refused) raise_sql("0A000", "S3 Select knows no GROUP BY and HAVING.");
  for (size_t i = 0; i < node.select_list.size(); ++i) {
    name_item(*node.select_list[i], i + 1);
    expression(node.select_list[i]);
  }
  if (s3_select) select_star(node);
  if (request_.context.dialect == Dialect::kRedshift) order_by_results(node);
  if (node.where_clause) expression(node.where_clause);
  if (request_.context.dialect == Dialect::kRedshift)
    for (const auto& group : node.groups.group_expressions) position_of(node, *group, "GROUP BY");
  expressions(node.groups.group_expressions);
  if (node.having) expression(node.having);
  if (node.qualify) expression(node.qualify);
  modifiers(node);
  from_aliases_.pop_back();
  from_tables_.resize(tables);
}

// Of a SELECT the modifiers are walked in its scope, so the second walk of node() must find nothing to do.
void Rewriter::modifiers(duckdb::QueryNode& node) {
  if (node.type == duckdb::QueryNodeType::SELECT_NODE && !walked_.insert(&node).second) return;
  for (auto& modifier : node.modifiers) {
    switch (modifier->type) {
      case duckdb::ResultModifierType::ORDER_MODIFIER:
        if (node.type == duckdb::QueryNodeType::SELECT_NODE)
          for (const auto& order : modifier->Cast<duckdb::OrderModifier>().orders)
            position_of(node.Cast<duckdb::SelectNode>(), *order.expression, "ORDER BY");
        orders(modifier->Cast<duckdb::OrderModifier>().orders);
        break;
      case duckdb::ResultModifierType::LIMIT_MODIFIER: {
        auto& limit = modifier->Cast<duckdb::LimitModifier>();
        if (limit.limit) expression(limit.limit);
        if (limit.offset) expression(limit.offset);
        break;
      }
      case duckdb::ResultModifierType::DISTINCT_MODIFIER:
        if (request_.context.dialect == Dialect::kRedshift &&
            !modifier->Cast<duckdb::DistinctModifier>().distinct_on_targets.empty())
          raise_sql("0A000", "SELECT DISTINCT ON is not supported");
        expressions(modifier->Cast<duckdb::DistinctModifier>().distinct_on_targets);
        break;
      default: raise_sql("0A000", "LIMIT with a percentage is not supported.");
    }
  }
}

// Redshift: NULLs are larger than all values. Trino: last, always.
void Rewriter::orders(duckdb::vector<duckdb::OrderByNode>& orders) {
  for (auto& order : orders) {
    if (order.type == duckdb::OrderType::ORDER_DEFAULT) order.type = duckdb::OrderType::ASCENDING;
    if (order.null_order == duckdb::OrderByNullType::ORDER_DEFAULT) {
      const bool first = order.type == duckdb::OrderType::DESCENDING && request_.context.dialect != Dialect::kAthena;
      order.null_order = first ? duckdb::OrderByNullType::NULLS_FIRST : duckdb::OrderByNullType::NULLS_LAST;
    }
    expression(order.expression);
  }
}

void Rewriter::table(TablePtr& table) {
  table->alias = lower(table->alias);
  for (auto& name : table->column_name_alias) name = lower(name);
  switch (table->type) {
    case TableReferenceType::BASE_TABLE: base_table(table); break;
    case TableReferenceType::SUBQUERY: node(*table->Cast<duckdb::SubqueryRef>().subquery->node, true); break;
    case TableReferenceType::JOIN: {
      if (request_.context.dialect == Dialect::kS3Select)
        raise_sql("0A000", "S3 Select queries one object, without joins.");
      auto& join = table->Cast<duckdb::JoinRef>();
      this->table(join.left);
      this->table(join.right);
      for (auto& name : join.using_columns) name = lower(name);
      if (join.condition) expression(join.condition);
      return;
    }
    case TableReferenceType::EXPRESSION_LIST:
      for (auto& row : table->Cast<duckdb::ExpressionListRef>().values) expressions(row);
      break;
    case TableReferenceType::EMPTY_FROM: break;
    case TableReferenceType::TABLE_FUNCTION: {
      auto& call = table->Cast<duckdb::TableFunctionRef>().function->Cast<duckdb::FunctionExpression>();
      const string schema = lower(call.schema);
      if (lower(call.function_name) != "generate_series" || !(schema.empty() || schema == "pg_catalog")) {
        table = value_as_table(std::move(table), request_.context);
        node(*table->Cast<duckdb::SubqueryRef>().subquery->node, true);
        break;
      }
      call.schema = "";
      expressions(call.children);
      break;
    }
    case TableReferenceType::PIVOT: {
      auto& pivot = table->Cast<duckdb::PivotRef>();
      this->table(pivot.source);
      if (!pivot.aggregates.empty()) return pivoted(table);
      expressions(pivot.aggregates);
      break;
    }
    default: raise_sql("0A000", "This kind of table reference is not supported.", table->query_location);
  }
  if (!table->alias.empty() && !from_aliases_.empty()) from_aliases_.back().push_back(table->alias);
}

// PIVOT (f(x) FOR c IN (a, b AS n)): the columns that it does not name, and f(x) of the rows of each value. AWS: FROM clause, PIVOT.
void Rewriter::pivoted(TablePtr& table) {
  auto& pivot = table->Cast<duckdb::PivotRef>();
  if (pivot.pivots.size() != 1 || pivot.pivots[0].pivot_expressions.size() != 1 || pivot.aggregates.size() != 1 ||
      pivot.aggregates[0]->GetExpressionClass() != duckdb::ExpressionClass::FUNCTION) {
    raise_sql("0A000", "PIVOT takes one aggregate function and one column.", table->query_location);
  }
  auto& column = *pivot.pivots[0].pivot_expressions[0];
  const string suffix = pivot.aggregates[0]->GetAlias().empty() ? "" : "_" + lower(pivot.aggregates[0]->GetAlias());
  auto others = duckdb::make_uniq<duckdb::StarExpression>();
  const std::function<void(const duckdb::ParsedExpression&)> leave_out = [&](const duckdb::ParsedExpression& e) {
    if (e.GetExpressionClass() == duckdb::ExpressionClass::COLUMN_REF) {
      others->exclude_list.insert(duckdb::QualifiedColumnName(lower(e.Cast<duckdb::ColumnRefExpression>().GetColumnName())));
    }
    duckdb::ParsedExpressionIterator::EnumerateChildren(e, leave_out);
  };
  leave_out(column);
  leave_out(*pivot.aggregates[0]);
  auto node = duckdb::make_uniq<duckdb::SelectNode>();
  node->select_list.push_back(std::move(others));
  for (auto& entry : pivot.pivots[0].entries) {
    if (entry.values.size() != 1) raise_sql("0A000", "PIVOT takes one column.", table->query_location);
    const duckdb::Value& value = entry.values[0];
    auto call = pivot.aggregates[0]->Copy();
    ParsedPtr same;
    if (value.IsNull()) {
      same = duckdb::make_uniq<duckdb::OperatorExpression>(duckdb::ExpressionType::OPERATOR_IS_NULL, column.Copy());
    } else {
      same = duckdb::make_uniq<duckdb::ComparisonExpression>(duckdb::ExpressionType::COMPARE_EQUAL, column.Copy(), literal(value));
    }
    call->Cast<duckdb::FunctionExpression>().filter = std::move(same);
    call->SetAlias((!entry.alias.empty() ? lower(entry.alias) : value.IsNull() ? "null" : value.ToString()) + suffix);
    expression(call);
    node->select_list.push_back(std::move(call));
  }
  node->from_table = std::move(pivot.source);
  node->aggregate_handling = duckdb::AggregateHandling::FORCE_AGGREGATES;
  auto statement = duckdb::make_uniq<duckdb::SelectStatement>();
  statement->node = std::move(node);
  auto rows = duckdb::make_uniq<duckdb::SubqueryRef>(std::move(statement), table->alias.empty() ? "pivoted" : table->alias);
  rows->column_name_alias = pivot.column_name_alias;
  rows->query_location = table->query_location;
  if (!from_aliases_.empty()) from_aliases_.back().push_back(rows->alias);
  table = std::move(rows);
}

const ExternalSchema* Rewriter::external_schema(const string& name) const {
  for (const ExternalSchema& schema : request_.context.external_schemas) {
    if (schema.name == name) return &schema;
  }
  return nullptr;
}

bool Rewriter::exists(const Place& place) {
  const auto entry = duckdb::Catalog::GetEntry(context_, place.catalog, place.schema,
                                               duckdb::EntryLookupInfo(duckdb::CatalogType::TABLE_ENTRY, place.table),
                                               duckdb::OnEntryNotFound::RETURN_NULL);
  // A view's text is bound without passing here again.
  if (entry && entry->type == duckdb::CatalogType::VIEW_ENTRY && entry->ToSQL().find("st_") != string::npos) {
    SessionState::of(context_)->load_geometry();
  }
  return entry != nullptr;
}

// Where a table of that name is, by the session's rules; names are lower case, parts may be empty.
std::optional<Place> Rewriter::find(const string& catalog, const string& schema, const string& name) {
  const auto checked = [&](Place place) -> std::optional<Place> {
    if (exists(place)) return place;
    return std::nullopt;
  };
  const auto& context = request_.context;
  if (context.dialect == Dialect::kAthena) {
    return checked({kExternalCatalog, schema.empty() ? context.database : schema, name, true, false});
  }
  if (catalog == kExternalCatalog) return checked({kExternalCatalog, schema, name, true, false});
  if (!schema.empty()) {
    if (const ExternalSchema* external = external_schema(schema);
        external && (catalog.empty() || catalog == context.database)) {
      return checked({kExternalCatalog, external->database, name, true, false});
    }
    if (catalog.empty() && schema == "pg_temp") return checked({"temp", "main", name, false, true});
    if (schema == kOwnSchema && name.find(kQueryViewMark) == string::npos) return std::nullopt;
    return checked({catalog.empty() ? context.database : catalog, schema, name, false, false});
  }
  if (auto temporary = checked({"temp", "main", name, false, true})) return temporary;
  for (const string& searched : context.search_path) {
    if (auto found = find("", searched, name)) return found;
  }
  return std::nullopt;
}

void Rewriter::use(const Place& place, const char* action) {
  if (place.temporary) return;
  for (const TableUse& known : result_.uses) {
    if (known.database == (place.external ? place.catalog : place.catalog) && known.schema == place.schema &&
        known.table == place.table && known.action == action) {
      return;
    }
  }
  result_.uses.push_back({place.catalog, place.schema, place.table, action});
}

// What a view reads is its owner's business whenever it is used; what the query of a materialized view reads is whoever's runs it.
void Rewriter::view_used(const Place& place) {
  if (request_.context.superuser || request_.context.dialect != Dialect::kRedshift || place.external || place.temporary)
    return;
  const auto entry = duckdb::Catalog::GetEntry(context_, place.catalog, place.schema,
                                               duckdb::EntryLookupInfo(duckdb::CatalogType::TABLE_ENTRY, place.table),
                                               duckdb::OnEntryNotFound::RETURN_NULL);
  if (!entry || entry->type != duckdb::CatalogType::VIEW_ENTRY) return;
  const auto made = entry->Cast<duckdb::ViewCatalogEntry>().GetInfo();
  std::vector<TableUse> read;
  for (const duckdb::BaseTableRef* table : tables_named(*made->Cast<duckdb::CreateViewInfo>().query->node)) {
    const bool external = table->catalog_name == kExternalCatalog;
    if (!external && (table->schema_name == kOwnSchema || table->catalog_name != place.catalog))
      continue;  // a system view's
    const Place inner{table->catalog_name, table->schema_name, table->table_name, external, false};
    if (place.schema == kOwnSchema) use(inner, "SELECT");
    read.push_back({inner.catalog, inner.schema, inner.table, "SELECT"});
    view_used(inner);
  }
  if (place.schema == kOwnSchema) return;
  StatementContext there = request_.context;
  there.database = place.catalog;
  check_owner(context_, there, {"TABLE", place.schema, place.table}, read);
}

void Rewriter::base_table(TablePtr& table) {
  if (request_.context.dialect == Dialect::kS3Select) return select_table(table);
  auto& base = table->Cast<duckdb::BaseTableRef>();
  base.catalog_name = lower(base.catalog_name);
  base.schema_name = lower(base.schema_name);
  base.table_name = lower(base.table_name);
  if (base.at_clause) raise_sql("0A000", "AT is not supported in FROM.", table->query_location);
  if (base.catalog_name.empty() && base.schema_name.empty()) {
    for (const auto& names : cte_names_) {
      if (names.contains(base.table_name)) {
        if (base.alias.empty() && !from_aliases_.empty()) from_aliases_.back().push_back(base.table_name);
        return;
      }
    }
  }
  if (unnested_path(table)) return;
  const auto found = find(base.catalog_name, base.schema_name, base.table_name);
  if (!found) {
    if (late_view(table) || system_view(table) || unnested_alias(table)) return;
    const string name = (base.catalog_name.empty() ? "" : base.catalog_name + ".") +
                        (base.schema_name.empty() ? "" : base.schema_name + ".") + base.table_name;
    raise_sql("42P01", "relation \"" + name + "\" does not exist", table->query_location);
  }
  from_tables_.emplace_back(base.schema_name, base.table_name);
  if (base.alias.empty()) {
    base.alias = base.table_name;  // the name it has as written, whatever it is called in full
  }
  base.catalog_name = found->catalog;
  base.schema_name = found->schema;
  base.table_name = found->table;
  if (found->schema != kOwnSchema) use(*found, "SELECT");
  view_used(*found);
}

// FROM t, t.arr AS x: each element of a SUPER array.
bool Rewriter::unnested_path(TablePtr& table) {
  auto& base = table->Cast<duckdb::BaseTableRef>();
  const string& first = base.catalog_name.empty() ? base.schema_name : base.catalog_name;
  if (first.empty() || from_aliases_.empty()) return false;
  const bool known = std::any_of(from_aliases_.begin(), from_aliases_.end(), [&](const auto& aliases) {
    return std::find(aliases.begin(), aliases.end(), first) != aliases.end();
  });
  if (!known || external_schema(first)) return false;
  if (base.table_name.starts_with(kPathMark)) {  // t.a[0].b
    auto parsed = parse_one("SELECT " + quote_name(first) + base.table_name.substr(kPathMark.size()));
    ParsedPtr source = std::move(parsed->Cast<duckdb::SelectStatement>().node->Cast<duckdb::SelectNode>().select_list[0]);
    expression(source);
    unnest(table, std::move(source));
    return true;
  }
  duckdb::vector<string> path;
  for (const string& part : {base.catalog_name, base.schema_name, base.table_name}) {
    if (!part.empty()) path.push_back(part);
  }
  unnest(table, duckdb::make_uniq<duckdb::ColumnRefExpression>(path));
  return true;
}

// FROM t, t.a AS x, x AS y: what is no table is an earlier alias, whose elements these are.
bool Rewriter::unnested_alias(TablePtr& table) {
  const auto& base = table->Cast<duckdb::BaseTableRef>();
  if (!base.catalog_name.empty() || !base.schema_name.empty()) return false;
  const bool known = std::any_of(from_aliases_.begin(), from_aliases_.end(), [&](const auto& aliases) {
    return std::find(aliases.begin(), aliases.end(), base.table_name) != aliases.end();
  });
  if (!known) return false;
  // Its column, which has the alias' name.
  unnest(table, duckdb::make_uniq<duckdb::ColumnRefExpression>(duckdb::vector<string>{base.table_name, base.table_name}));
  return true;
}

// The elements (or members: UNPIVOT) of a SUPER as a table.
void Rewriter::unnest(TablePtr& table, ParsedPtr source) {
  auto& base = table->Cast<duckdb::BaseTableRef>();
  const string alias = base.alias.empty() ? base.table_name : base.alias;
  elements_.insert(alias);
  auto& names = base.column_name_alias;  // of AS x AT i: x and i; of UNPIVOT .. AS v AT k: v, k and a mark (tokens_redshift.cc)
  const bool members = names.size() == 3;
  if (members) source = own_call("super_members", list(std::move(source)));
  const auto each = [](ParsedPtr elements, const string& name) {
    auto unnest = duckdb::make_uniq<duckdb::FunctionExpression>("unnest", list(std::move(elements)));
    unnest->SetAlias(name);
    return unnest;
  };
  auto select = duckdb::make_uniq<duckdb::SelectNode>();
  ParsedPtr elements = own_call("super_elements", list(source->Copy()));
  if (members) {
    for (const char* part : {"v", "k"}) {
      ParsedPtr keys = duckdb::make_uniq<duckdb::FunctionExpression>(
          part[0] == 'v' ? "json_extract" : "json_extract_string", list(source->Copy(), literal(duckdb::Value(string("$[*].") + part))));
      select->select_list.push_back(each(std::move(keys), part[0] == 'v' ? names[0] : names[1]));
    }
  } else {
    select->select_list.push_back(each(elements->Copy(), alias));
    if (names.size() == 2) {
      ParsedPtr count = duckdb::make_uniq<duckdb::FunctionExpression>("len", list(std::move(elements)));
      ParsedPtr places = duckdb::make_uniq<duckdb::FunctionExpression>("range", list(std::move(count)));
      select->select_list.push_back(each(std::move(places), names[1]));
    }
  }
  select->from_table = duckdb::make_uniq<duckdb::EmptyTableRef>();
  auto statement = duckdb::make_uniq<duckdb::SelectStatement>();
  statement->node = std::move(select);
  auto lateral = duckdb::make_uniq<duckdb::SubqueryRef>(std::move(statement), alias);
  lateral->query_location = table->query_location;
  table = std::move(lateral);
}

bool Rewriter::system_view(TablePtr& table) {
  auto& base = table->Cast<duckdb::BaseTableRef>();
  const bool late = base.schema_name.empty() && base.table_name == "pg_get_late_binding_view_cols";
  const auto sql =
      late ? late_view_columns() : system_view_sql(base.schema_name, base.table_name, request_.context);
  if (!sql) return false;
  duckdb::Parser parser;
  parser.ParseQuery(*sql);
  auto statement =
      duckdb::unique_ptr_cast<duckdb::SQLStatement, duckdb::SelectStatement>(std::move(parser.statements[0]));
  const string alias = base.alias.empty() ? base.table_name : base.alias;
  from_tables_.emplace_back(base.schema_name, base.table_name);
  auto view = duckdb::make_uniq<duckdb::SubqueryRef>(std::move(statement), alias);
  view->column_name_alias = base.column_name_alias;
  table = std::move(view);
  return true;
}

}  // namespace tarn::sql::engine
