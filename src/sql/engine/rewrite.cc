#include "sql/engine/rewrite.h"

#include "base/text.h"
#include "sql/engine/errors.h"
#include "sql/engine/instance.h"
#include "sql/engine/rewriter.h"
#include "sql/engine/session_state.h"

namespace tarn::sql::engine {

using duckdb::StatementType;
using std::string;

namespace {

[[noreturn]] void refused(const string& what) {
  raise_sql("0A000", what + " is not supported.");
}

// ARRAY( is DuckDB's own syntax for subqueries; the function goes by a name of the same length, so that positions stay.
string without_array(string sql) {
  for (size_t i = 0; i < sql.size(); ++i) {
    if (sql[i] == '\'' || sql[i] == '"') {
      const size_t end = sql.find(sql[i], i + 1);
      if (end == string::npos) break;
      i = end;
    } else if (std::isalpha(static_cast<unsigned char>(sql[i]))) {
      size_t end = i;
      while (end < sql.size() && (std::isalnum(static_cast<unsigned char>(sql[end])) || sql[end] == '_')) ++end;
      const size_t next = sql.find_first_not_of(" \t\r\n", end);
      const size_t inside = next == string::npos ? next : sql.find_first_not_of(" \t\r\n", next + 1);
      const bool subquery = inside != string::npos && lower(sql.substr(inside, 6)) == "select";
      if (end - i == 5 && next != string::npos && sql[next] == '(' && !subquery && lower(sql.substr(i, 5)) == "array") {
        sql.replace(i, 5, kArrayFunction);
      }
      i = end - 1;
    }
  }
  return sql;
}

}  // namespace

duckdb::unique_ptr<duckdb::SQLStatement> parse_one(const string& sql) {
  duckdb::ParserOptions options;
  options.preserve_identifier_case = false;
  duckdb::Parser parser(options);
  parser.ParseQuery(without_array(sql));
  if (parser.statements.empty()) raise_sql("42601", "The statement is empty.");
  if (parser.statements.size() > 1) raise_sql("42601", "One statement was expected, several were given.");
  return std::move(parser.statements[0]);
}

Rewritten rewrite(duckdb::ClientContext& context, const ExecuteRequest& request,
                  duckdb::unique_ptr<duckdb::SQLStatement>& statement) {
  Rewriter rewriter(context, request);
  rewriter.statement(statement);
  statement->named_param_map.clear();  // all parameters are values now
  return rewriter.take();
}

void Rewriter::writes(const char* kind) {
  result_.kind = kind;
  result_.writes = true;
}

void Rewriter::statement(duckdb::unique_ptr<duckdb::SQLStatement>& statement) {
  switch (statement->type) {
    case StatementType::SELECT_STATEMENT:
      result_.kind = "SELECT";
      result_.returns_rows = true;
      return node(*statement->Cast<duckdb::SelectStatement>().node, true);
    case StatementType::INSERT_STATEMENT: return insert(statement->Cast<duckdb::InsertStatement>());
    case StatementType::UPDATE_STATEMENT: return update(statement->Cast<duckdb::UpdateStatement>());
    case StatementType::DELETE_STATEMENT: return erase(statement->Cast<duckdb::DeleteStatement>());
    case StatementType::MERGE_INTO_STATEMENT: return merge(statement->Cast<duckdb::MergeIntoStatement>());
    case StatementType::CREATE_STATEMENT: return create(statement->Cast<duckdb::CreateStatement>());
    case StatementType::DROP_STATEMENT: return drop(statement->Cast<duckdb::DropStatement>());
    case StatementType::ALTER_STATEMENT: return alter(statement->Cast<duckdb::AlterStatement>());
    case StatementType::EXPLAIN_STATEMENT: {
      auto& explained = statement->Cast<duckdb::ExplainStatement>();
      if (explained.explain_type != duckdb::ExplainType::EXPLAIN_STANDARD) refused("EXPLAIN ANALYZE");
      this->statement(explained.stmt);
      result_.kind = "EXPLAIN";
      result_.writes = false;
      result_.returns_rows = true;
      result_.before.clear();
      result_.after.clear();
      return;
    }
    default: refused("The statement " + duckdb::StatementTypeToString(statement->type));
  }
}

// Resolves the table that is written to and puts its full name in place.
Place Rewriter::target(string& catalog, string& schema, string& table, const char* action) {
  const auto found = find(lower(catalog), lower(schema), lower(table));
  if (!found) raise_sql("42P01", "relation \"" + (schema.empty() ? "" : schema + ".") + table + "\" does not exist");
  if (found->external) refused(string(action) + " on the external table " + found->table);
  catalog = found->catalog;
  schema = found->schema;
  table = found->table;
  use(*found, action);
  return *found;
}

std::vector<DeclaredColumn> Rewriter::declared(const Place& place) {
  const auto entry = duckdb::Catalog::GetEntry<duckdb::TableCatalogEntry>(
      context_, place.catalog, place.schema, place.table, duckdb::OnEntryNotFound::RETURN_NULL);
  return entry ? declared_columns(*entry) : std::vector<DeclaredColumn>{};
}

std::vector<DeclaredColumn> declared_columns(const duckdb::TableCatalogEntry& table) {
  std::vector<DeclaredColumn> columns;
  // The comment of a column holds what was declared: it is part of the table's entry, so DDL stays one transaction.
  for (const auto& column : table.GetColumns().Logical()) {
    DeclaredColumn declared{column.Name(), "", "", false, column.Type()};
    if (!column.Comment().IsNull()) {
      const string text = column.Comment().ToString();
      const auto parts = split(text, '|');
      declared.type = parts[0];
      if (parts.size() > 1) declared.identity = parts[1];
      declared.identity_by_default = parts.size() > 2 && parts[2] == "default";
    }
    columns.push_back(std::move(declared));
  }
  return columns;
}

void Rewriter::insert(duckdb::InsertStatement& statement) {
  writes("INSERT");
  if (statement.on_conflict_info) refused("ON CONFLICT");
  if (!statement.returning_list.empty()) refused("RETURNING");
  const Place place = target(statement.catalog, statement.schema, statement.table, "INSERT");
  ctes(statement.cte_map);
  cte_names_.emplace_back();
  for (const auto& [name, info] : statement.cte_map.map) cte_names_.back().insert(lower(name));
  for (auto& column : statement.columns) column = lower(column);
  if (statement.select_statement) {
    node(*statement.select_statement->node);
    fit_columns(statement, place);
  }
  cte_names_.pop_back();
}

static bool reads_columns(const ParsedPtr& value) {
  if (value->GetExpressionClass() == duckdb::ExpressionClass::COLUMN_REF) return true;
  bool any = false;
  duckdb::ParsedExpressionIterator::EnumerateChildren(*value,
                                                      [&](ParsedPtr& child) { any = any || reads_columns(child); });
  return any;
}

static bool joins_outside(const duckdb::TableRef& table) {
  if (table.type != duckdb::TableReferenceType::JOIN) return false;
  const auto& join = table.Cast<duckdb::JoinRef>();
  return (join.type != duckdb::JoinType::INNER && join.type != duckdb::JoinType::SEMI) || joins_outside(*join.left) ||
         joins_outside(*join.right);
}

void Rewriter::update(duckdb::UpdateStatement& statement) {
  writes("UPDATE");
  if (!statement.returning_list.empty()) refused("RETURNING");
  // AWS: UPDATE, usage notes
  if (statement.from_table && request_.context.dialect == Dialect::kRedshift && joins_outside(*statement.from_table))
    raise_sql("0A000", "Target table must be part of an equijoin predicate");
  from_aliases_.emplace_back();
  ctes(statement.cte_map);
  auto& updated = statement.table->Cast<duckdb::BaseTableRef>();
  from_tables_.emplace_back(lower(updated.schema_name), lower(updated.table_name));
  const Place place = target(updated.catalog_name, updated.schema_name, updated.table_name, "UPDATE");
  if (statement.from_table) table(statement.from_table);
  const auto columns = declared(place);
  for (size_t i = 0; i < statement.set_info->columns.size(); ++i) {
    auto& name = statement.set_info->columns[i];
    name = lower(name);
    auto& value = statement.set_info->expressions[i];
    if (value->GetExpressionClass() == duckdb::ExpressionClass::DEFAULT) continue;
    expression(value);
    for (const DeclaredColumn& column : columns) {
      if (column.name == name) fit(value, column);
    }
  }
  // AWS: GRANT. UPDATE and DELETE that look at columns need SELECT too.
  const auto& values = statement.set_info->expressions;
  const bool looks =
      statement.set_info->condition || statement.from_table || std::any_of(values.begin(), values.end(), reads_columns);
  if (looks) use(place, "SELECT");
  if (statement.set_info->condition) expression(statement.set_info->condition);
  from_aliases_.pop_back();
}

void Rewriter::erase(duckdb::DeleteStatement& statement) {
  writes("DELETE");
  if (!statement.returning_list.empty()) refused("RETURNING");
  from_aliases_.emplace_back();
  ctes(statement.cte_map);
  auto& from = statement.table->Cast<duckdb::BaseTableRef>();
  from_tables_.emplace_back(lower(from.schema_name), lower(from.table_name));
  const Place place = target(from.catalog_name, from.schema_name, from.table_name, "DELETE");
  for (auto& used : statement.using_clauses) table(used);
  if (statement.condition) use(place, "SELECT");
  if (statement.condition) expression(statement.condition);
  from_aliases_.pop_back();
}

// AWS: MERGE, usage notes. s.a[0] and t.s.a, where t is a table of the statement.
static void refuse_parts(const duckdb::ParsedExpression& value, const std::vector<string>& tables) {
  bool part = value.GetExpressionType() == duckdb::ExpressionType::ARRAY_EXTRACT ||
              value.GetExpressionType() == duckdb::ExpressionType::STRUCT_EXTRACT;
  if (value.GetExpressionClass() == duckdb::ExpressionClass::COLUMN_REF) {
    const auto& names = value.Cast<duckdb::ColumnRefExpression>().column_names;
    part = names.size() > 2 && std::ranges::find(tables, lower(names[0])) != tables.end();
  }
  if (part) raise_sql("0A000", "Partial reference of SUPER column is not supported in MERGE statement.", value.GetQueryLocation());
  duckdb::ParsedExpressionIterator::EnumerateChildren(
      value, [&](const duckdb::ParsedExpression& child) { refuse_parts(child, tables); });
}

static void refuse_parts(duckdb::MergeIntoStatement& statement) {
  std::vector<string> tables;
  for (const auto* table : {statement.target.get(), statement.source.get()}) {
    const bool base = table->alias.empty() && table->type == duckdb::TableReferenceType::BASE_TABLE;
    tables.push_back(lower(base ? table->Cast<duckdb::BaseTableRef>().table_name : table->alias));
  }
  if (statement.join_condition) refuse_parts(*statement.join_condition, tables);
  for (const auto& [when, actions] : statement.actions) {
    for (const auto& action : actions) {
      for (const auto& value : action->expressions) refuse_parts(*value, tables);
      if (!action->update_info) continue;
      for (const auto& value : action->update_info->expressions) refuse_parts(*value, tables);
    }
  }
}

void Rewriter::merge(duckdb::MergeIntoStatement& statement) {
  writes("MERGE");
  if (request_.context.dialect == Dialect::kRedshift) refuse_parts(statement);
  if (!statement.returning_list.empty()) refused("RETURNING");
  from_aliases_.emplace_back();
  ctes(statement.cte_map);
  auto& into = statement.target->Cast<duckdb::BaseTableRef>();
  from_tables_.emplace_back(lower(into.schema_name), lower(into.table_name));
  const Place place = target(into.catalog_name, into.schema_name, into.table_name, "UPDATE");
  use(place, "INSERT");
  use(place, "DELETE");
  use(place, "SELECT");  // AWS: MERGE
  const auto columns = declared(place);
  table(statement.source);
  if (statement.join_condition) expression(statement.join_condition);
  const auto fit_named = [&](const string& name, ParsedPtr& value) {
    if (value->GetExpressionClass() == duckdb::ExpressionClass::DEFAULT) return;
    expression(value);
    for (const DeclaredColumn& column : columns) {
      if (column.name == lower(name)) fit(value, column);
    }
  };
  for (auto& [when, actions] : statement.actions) {
    for (auto& action : actions) {
      if (action->condition) expression(action->condition);
      if (action->update_info) {
        for (size_t i = 0; i < action->update_info->columns.size(); ++i) {
          fit_named(action->update_info->columns[i], action->update_info->expressions[i]);
        }
      }
      for (size_t i = 0; i < action->expressions.size(); ++i) {
        const string name = i < action->insert_columns.size() ? action->insert_columns[i]
                            : i < columns.size()              ? columns[i].name
                                                              : "";
        fit_named(name, action->expressions[i]);
      }
    }
  }
  from_aliases_.pop_back();
}

// A value for a declared column: of its type, cut of trailing blanks, or refused when it is too long.
void Rewriter::fit(ParsedPtr& value, const DeclaredColumn& column) {
  if (column.engine.id() == duckdb::LogicalTypeId::BLOB && column.engine.HasAlias()) {
    SessionState::of(context_)->load_geometry();
    value = own_call(column.type == "geography" ? "to_geography" : "to_geometry", list(std::move(value)));
    return;
  }
  const bool varchar = column.type.starts_with("character varying(");
  const bool padded = column.type.starts_with("character(");
  if (!varchar && !padded) {
    value = own_call("cast_as", list(std::move(value), literal(duckdb::Value(column.engine))));
    if (const int field = interval_field(column.type); field >= 0) {
      value = own_call(interval_function(field), list(std::move(value), literal(duckdb::Value::INTEGER(field))));
    }
    return;
  }
  const auto n =
      parse_int(column.type.substr(column.type.find('(') + 1, column.type.size() - column.type.find('(') - 2));
  if (!n) return;
  value = own_call(varchar ? "fit_varchar" : "fit_char",
                   list(std::move(value), literal(duckdb::Value::INTEGER(static_cast<int32_t>(*n)))));
}

// How many columns the source of an INSERT has; 0: only the binder knows.
static size_t width(duckdb::InsertStatement& statement) {
  if (const auto values = statement.GetValuesList()) return values->values.empty() ? 0 : values->values[0].size();
  auto& node = *statement.select_statement->node;
  if (node.type != duckdb::QueryNodeType::SELECT_NODE) return 0;
  const auto& items = node.Cast<duckdb::SelectNode>().select_list;
  const bool star = std::any_of(items.begin(), items.end(), [](const ParsedPtr& item) {
    return item->GetExpressionClass() == duckdb::ExpressionClass::STAR;
  });
  return star ? 0 : items.size();
}

// Wraps the source of an INSERT so that each value is fitted to its column.
void Rewriter::fit_columns(duckdb::InsertStatement& statement, const Place& place) {
  const auto columns = declared(place);
  // AWS: INSERT. Columns behind those that are given take their defaults.
  if (const auto given = width(statement); statement.columns.empty() && given > 0 && given < columns.size()) {
    for (size_t i = 0; i < given; ++i) statement.columns.push_back(columns[i].name);
  }
  std::vector<const DeclaredColumn*> into;
  if (statement.columns.empty()) {
    for (const DeclaredColumn& column : columns) into.push_back(&column);
  } else {
    for (const string& name : statement.columns) {
      const auto found =
          std::find_if(columns.begin(), columns.end(), [&](const auto& column) { return column.name == name; });
      into.push_back(found == columns.end() ? nullptr : &*found);
    }
  }
  auto values = statement.GetValuesList();
  for (size_t i = 0; i < into.size(); ++i) {
    const DeclaredColumn* column = into[i];
    if (!column || column->identity.empty() || column->identity_by_default || statement.columns.empty()) continue;
    const bool defaults = values && std::ranges::all_of(values->values, [&](const auto& row) {
                            return i < row.size() && row[i]->GetExpressionClass() == duckdb::ExpressionClass::DEFAULT;
                          });
    if (!defaults) raise_sql("0A000", "cannot set an identity column to a value");
  }
  if (values) {
    for (auto& row : values->values) {
      for (size_t i = 0; i < row.size() && i < into.size(); ++i) {
        if (into[i] && row[i]->GetExpressionClass() != duckdb::ExpressionClass::DEFAULT) fit(row[i], *into[i]);
      }
    }
    return;
  }
  if (std::none_of(into.begin(), into.end(), [](const DeclaredColumn* column) { return column != nullptr; })) return;
  auto outer = duckdb::make_uniq<duckdb::SelectNode>();
  duckdb::vector<string> names;
  for (size_t i = 0; i < into.size(); ++i) {
    names.push_back("c" + std::to_string(i));
    ParsedPtr value = duckdb::make_uniq<duckdb::ColumnRefExpression>(names.back(), "source");
    if (into[i]) fit(value, *into[i]);
    outer->select_list.push_back(std::move(value));
  }
  auto source = duckdb::make_uniq<duckdb::SubqueryRef>(std::move(statement.select_statement), "source");
  source->column_name_alias = names;
  outer->from_table = std::move(source);
  statement.select_statement = duckdb::make_uniq<duckdb::SelectStatement>();
  statement.select_statement->node = std::move(outer);
}

void Rewriter::drop(duckdb::DropStatement& statement) {
  auto& info = *statement.info;
  const string kind = info.type == duckdb::CatalogType::VIEW_ENTRY     ? "VIEW"
                      : info.type == duckdb::CatalogType::SCHEMA_ENTRY ? "SCHEMA"
                      : info.type == duckdb::CatalogType::TABLE_ENTRY  ? "TABLE"
                                                                       : "";
  if (kind.empty()) refused("DROP of this kind of object");
  writes(kind == "VIEW" ? "DROP VIEW" : kind == "SCHEMA" ? "DROP SCHEMA" : "DROP TABLE");
  info.name = lower(info.name);
  if (kind == "SCHEMA") {
    info.catalog = request_.context.database;
    if (info.name == kOwnSchema) refused("DROP SCHEMA " + info.name);
    result_.uses.push_back({info.catalog, info.name, "", "DROP"});
    return;
  }
  const auto found = find(lower(info.catalog), lower(info.schema), info.name);
  if (!found) {
    if (info.if_not_found == duckdb::OnEntryNotFound::RETURN_NULL) {
      result_.notices.push_back(kind + " \"" + info.name + "\" does not exist and will be skipped");
      info.catalog = request_.context.database;
      info.schema = info.schema.empty() ? "public" : lower(info.schema);
      return;
    }
    raise_sql("42P01", (kind == "VIEW" ? "View \"" : "Table \"") + info.name + "\" does not exist");
  }
  if (found->external) refused("DROP of the external table " + info.name + " by the engine");
  info.catalog = found->catalog;
  info.schema = found->schema;
  use(*found, "DROP");
}

void Rewriter::alter(duckdb::AlterStatement& statement) {
  auto& info = *statement.info;
  if (info.type == duckdb::AlterType::SET_COMMENT) return change_keys(info.Cast<duckdb::SetCommentInfo>());
  if (info.type != duckdb::AlterType::ALTER_TABLE && info.type != duckdb::AlterType::ALTER_VIEW) {
    refused("This kind of ALTER");
  }
  writes("ALTER TABLE");
  const Place place = target(info.catalog, info.schema, info.name, "ALTER");
  if (info.type == duckdb::AlterType::ALTER_VIEW) return;
  auto& change = info.Cast<duckdb::AlterTableInfo>();
  switch (change.alter_table_type) {
    case duckdb::AlterTableType::ADD_COLUMN: {
      auto& column = change.Cast<duckdb::AddColumnInfo>().new_column;
      const NamedType named = named_type(column.Type());
      column.SetType(named.type);
      column.SetName(lower(column.Name()));
      if (!named.declared.empty()) {
        result_.after.push_back("COMMENT ON COLUMN " + quote_name(place.catalog) + "." + quote_name(place.schema) +
                                "." + quote_name(place.table) + "." + quote_name(column.Name()) + " IS " +
                                quote(named.declared));
      }
      if (column.HasDefaultValue()) {
        auto value = column.DefaultValue().Copy();
        expression(value);
        column.SetDefaultValue(std::move(value));
      }
      return;
    }
    case duckdb::AlterTableType::ALTER_COLUMN_TYPE: {
      auto& typed = change.Cast<duckdb::ChangeColumnTypeInfo>();
      const NamedType named = named_type(typed.target_type);
      typed.target_type = named.type;
      if (auto* conversion = typed.expression.get();
          conversion && conversion->GetExpressionClass() == duckdb::ExpressionClass::CAST) {
        conversion->Cast<duckdb::CastExpression>().cast_type = named.type;
      }
      result_.after.push_back("COMMENT ON COLUMN " + quote_name(place.catalog) + "." + quote_name(place.schema) + "." +
                              quote_name(place.table) + "." + quote_name(lower(typed.column_name)) + " IS " +
                              (named.declared.empty() ? "NULL" : quote(named.declared)));
      return;
    }
    case duckdb::AlterTableType::RENAME_COLUMN: {
      const auto& rename = change.Cast<duckdb::RenameColumnInfo>();
      return follow_keys(place, lower(rename.old_name), lower(rename.new_name));
    }
    case duckdb::AlterTableType::RENAME_TABLE:
      return follow_keys(place, "", lower(change.Cast<duckdb::RenameTableInfo>().new_table_name));
    case duckdb::AlterTableType::REMOVE_COLUMN:
    case duckdb::AlterTableType::SET_DEFAULT:
    case duckdb::AlterTableType::DROP_NOT_NULL:
    case duckdb::AlterTableType::SET_NOT_NULL: return;
    case duckdb::AlterTableType::ADD_CONSTRAINT: refused("ALTER TABLE ADD CONSTRAINT");
    default: refused("This kind of ALTER TABLE");
  }
}

}  // namespace tarn::sql::engine
