// Where rows of several queries meet (UNION and its like, VALUES, IN over a query) their columns must have a type in common
// by Trino's rules. The engine's are laxer, so queries are bound here for their types alone, and conversions put in.
#include <algorithm>
#include <functional>
#include <set>

#include "base/text.h"
#include "sql/engine/encode.h"
#include "sql/engine/trino_manifest.h"
#include "sql/engine/trino_parser.h"

namespace tarn::sql::engine::trino {

using duckdb::LogicalType;
using duckdb::make_uniq;
using duckdb::QueryNode;
using duckdb::SelectNode;
using duckdb::unique_ptr;
using duckdb::Value;
using std::string;

namespace {

bool is_null_literal(const ParsedPtr& e) {
  return e->GetExpressionClass() == duckdb::ExpressionClass::CONSTANT &&
         e->Cast<duckdb::ConstantExpression>().value.type().id() == duckdb::LogicalTypeId::SQLNULL;
}

ParsedPtr converted(ParsedPtr value, const LogicalType& type) {
  return typed_call("coerce", duckdb::optional_idx(), items(std::move(value), constant_of(Value(type))));
}

string row_name(const std::vector<string>& names) {
  string text;
  for (const string& name : names) text += (text.empty() ? "" : ", ") + name;
  return "row(" + text + ")";
}

}  // namespace

// The engine calls a column of NULLs an INTEGER; Trino's is of the type unknown.
void mark_unknown(ParsedPtr& e) {
  if (!is_null_literal(e)) return;
  const string alias = e->GetAlias();
  e = constant_of(Value(unknown_type()));
  e->SetAlias(alias);
}

// nullopt: the query can only be bound where it stands (it reads columns of the query around it, or itself).
std::optional<Columns> Parser::columns_of(const QueryNode& node) {
  unique_ptr<QueryNode> copy = node.Copy();
  duckdb::CommonTableExpressionMap around;
  for (const auto* scope : scopes_) {
    for (const auto& [name, info] : scope->map) around.map[name] = info->Copy();
  }
  if (!around.map.empty()) {
    copy = wrapped(std::move(copy));
    copy->cte_map = std::move(around);
    QueryNode::ExtractCTENodes(copy);
  }
  try {
    const auto bound = duckdb::Binder::CreateBinder(context_)->Bind(*copy);
    Columns columns{{bound.names.begin(), bound.names.end()}, {bound.types.begin(), bound.types.end()}, {}};
    for (const LogicalType& type : columns.types) columns.shown.push_back(type_name(type));
    if (node.type != duckdb::QueryNodeType::SELECT_NODE) return columns;
    // Texts that are literals have lengths.
    const auto& list = node.Cast<SelectNode>().select_list;
    for (size_t i = 0; list.size() == columns.types.size() && i < list.size(); ++i) {
      if (list[i]->GetExpressionClass() != duckdb::ExpressionClass::CONSTANT) continue;
      const duckdb::BoundConstantExpression literal(list[i]->Cast<duckdb::ConstantExpression>().value);
      columns.shown[i] = type_name(literal);
    }
    return columns;
  } catch (const std::exception&) {
    return std::nullopt;  // whatever it is shows when the whole statement is bound
  }
}

// SELECT the columns as these types FROM (node).
void Parser::convert(unique_ptr<QueryNode>& node, const Columns& columns, const std::vector<LogicalType>& types) {
  if (columns.types == types) return;
  auto source = make_uniq<duckdb::SubqueryRef>(as_statement(std::move(node)), "source");
  auto outer = make_uniq<SelectNode>();
  for (size_t i = 0; i < types.size(); ++i) {
    const string name = "c" + std::to_string(i);
    source->column_name_alias.push_back(name);
    ParsedPtr value = make_uniq<duckdb::ColumnRefExpression>(name, "source");
    if (columns.types[i] != types[i]) value = converted(std::move(value), types[i]);
    value->SetAlias(columns.names[i]);
    outer->select_list.push_back(std::move(value));
  }
  outer->from_table = std::move(source);
  node = std::move(outer);
}

// `columns`: of the left side, when they are known; then of both.
void Parser::unify(const char* operation, size_t at, unique_ptr<QueryNode>& left, std::optional<Columns>& columns,
                   unique_ptr<QueryNode>& right) {
  if (!columns) columns = columns_of(*left);
  const auto other = columns ? columns_of(*right) : std::nullopt;
  if (!other) {
    columns.reset();
    return;
  }
  if (columns->types.size() != other->types.size()) {
    raise("TYPE_MISMATCH",
          string(operation) + " query has different number of fields: " + std::to_string(columns->types.size()) + ", " +
              std::to_string(other->types.size()),
          place(at));
  }
  std::vector<LogicalType> types;
  for (size_t i = 0; i < other->types.size(); ++i) {
    const auto type = common_type(columns->types[i], other->types[i]);
    if (!type) {
      raise("TYPE_MISMATCH",
            "column " + std::to_string(i + 1) + " in " + operation +
                " query has incompatible types: " + columns->shown[i] + ", " + other->shown[i],
            place(at));
    }
    types.push_back(*type);
  }
  convert(left, *columns, types);
  convert(right, *other, types);
  for (size_t i = 0; i < types.size(); ++i) {
    if (columns->types[i] != types[i]) columns->shown[i] = type_name(types[i]);
  }
  columns->types = std::move(types);
}

// The types of one row of VALUES.
std::optional<Columns> Parser::columns_of_row(const duckdb::vector<ParsedPtr>& row) {
  const bool literals = std::all_of(row.begin(), row.end(), [](const ParsedPtr& e) {
    return e->GetExpressionClass() == duckdb::ExpressionClass::CONSTANT;
  });
  if (literals) {
    Columns columns;
    for (const ParsedPtr& e : row) {
      const auto& value = e->Cast<duckdb::ConstantExpression>().value;
      columns.types.push_back(value.type());
      columns.shown.push_back(type_name(duckdb::BoundConstantExpression(value)));
    }
    return columns;
  }
  try {
    const auto binder = duckdb::Binder::CreateBinder(context_);
    Columns columns;
    for (const ParsedPtr& e : row) {
      duckdb::ExpressionBinder expressions(*binder, context_);
      auto copy = e->Copy();
      mark_unknown(copy);
      const auto bound = expressions.Bind(copy, nullptr, false);
      columns.types.push_back(bound->return_type);
      columns.shown.push_back(type_name(*bound));
    }
    return columns;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

void Parser::unify_rows(duckdb::vector<duckdb::vector<ParsedPtr>>& rows, size_t at) {
  std::vector<std::optional<Columns>> all;
  for (const auto& row : rows) all.push_back(columns_of_row(row));
  if (!all[0]) return;
  std::vector<LogicalType> types = all[0]->types;
  for (const auto& columns : all) {
    if (!columns) return;
    const auto mismatched_types = [&] {
      raise("TYPE_MISMATCH",
            "Values rows have mismatched types: " + row_name(all[0]->shown) + " vs " + row_name(columns->shown),
            place(at));
    };
    if (columns->types.size() != types.size()) mismatched_types();
    for (size_t i = 0; i < types.size(); ++i) {
      const auto type = common_type(types[i], columns->types[i]);
      if (!type) mismatched_types();
      types[i] = *type;
    }
  }
  for (size_t row = 0; row < rows.size(); ++row) {
    for (size_t i = 0; i < types.size(); ++i) {
      if (types[i].id() == duckdb::LogicalTypeId::SQLNULL || is_unknown(types[i])) {
        mark_unknown(rows[row][i]);
        if (is_unknown(all[row]->types[i])) continue;
      }
      if (all[row]->types[i] != types[i]) rows[row][i] = converted(std::move(rows[row][i]), types[i]);
    }
  }
}

// The engine takes the name of an item for the item in WHERE, GROUP BY, HAVING and behind it; Trino knows it in ORDER BY only.
void Parser::refuse_item_names(const SelectNode& node) {
  std::set<string> names;
  for (const ParsedPtr& item : node.select_list) {
    if (item->HasAlias() && item->GetAlias() != kUnnamed) names.insert(lower(item->GetAlias()));
  }
  std::vector<const duckdb::ColumnRefExpression*> used;
  const std::function<void(const duckdb::ParsedExpression&)> look = [&](const duckdb::ParsedExpression& e) {
    if (e.GetExpressionClass() == duckdb::ExpressionClass::COLUMN_REF) {
      const auto& column = e.Cast<duckdb::ColumnRefExpression>();
      if (names.contains(lower(column.column_names[0]))) used.push_back(&column);
    }
    duckdb::ParsedExpressionIterator::EnumerateChildren(e, look);
  };
  for (const ParsedPtr& item : node.select_list) look(*item);
  for (const ParsedPtr& group : node.groups.group_expressions) look(*group);
  for (const auto* clause : {&node.where_clause, &node.having}) {
    if (*clause) look(**clause);
  }
  if (used.empty() || correlated_ > 0) return;
  SelectNode all;
  all.select_list.push_back(make_uniq<duckdb::StarExpression>());
  all.from_table = node.from_table->Copy();
  std::set<string> columns;
  if (node.from_table->type != duckdb::TableReferenceType::EMPTY_FROM) {
    const auto from = columns_of(all);
    if (!from) return;
    for (const string& name : from->names) columns.insert(lower(name));
  }
  for (const auto* column : used) {
    const string& name = column->column_names[0];
    if (columns.contains(lower(name)) || column->IsQualified()) continue;
    raise("COLUMN_NOT_FOUND",
          "Column '" + lower(name) +
              "' cannot be resolved or requester is not authorized to access "
              "requested resources",
          column->GetQueryLocation());
  }
}

// value = ANY (query) and its like: both sides in the type that they have in common.
void Parser::compare_with_query(duckdb::SubqueryExpression& any, ParsedPtr left, size_t at) {
  const auto columns = columns_of(*any.subquery->node);
  if (!columns) {
    any.child = std::move(left);
    return;
  }
  // (a, b) IN (SELECT x, y ..)
  duckdb::vector<ParsedPtr> fields;
  if (left->GetExpressionClass() == duckdb::ExpressionClass::FUNCTION && columns->types.size() > 1) {
    auto& row = left->Cast<duckdb::FunctionExpression>();
    const bool of_row = row.function_name == "call" && !row.children.empty() &&
                        row.children[0]->Cast<duckdb::ConstantExpression>().value.ToString() == "row";
    for (size_t i = 2; of_row && i < row.children.size(); ++i) fields.push_back(std::move(row.children[i]));
  }
  if (fields.empty()) fields.push_back(std::move(left));
  if (fields.size() != columns->types.size()) {
    raise("TYPE_MISMATCH",
          "Value expression and result of subquery must be of the same type: a row of " +
              std::to_string(fields.size()) + " vs " + row_name(columns->shown),
          place(at));
  }
  for (size_t i = 0; i < fields.size(); ++i) {
    auto type = constant_of(Value(columns->types[i]));
    fields[i] =
        typed("beside query", at, items(std::move(fields[i]), std::move(type), constant_of(Value(columns->shown[i]))));
  }
  if (std::any_of(columns->types.begin(), columns->types.end(), is_zoned)) {  // moments, whatever their zones
    Columns moments = *columns;
    auto source = make_uniq<duckdb::SubqueryRef>(as_statement(std::move(any.subquery->node)), "source");
    auto outer = make_uniq<SelectNode>();
    for (size_t i = 0; i < moments.types.size(); ++i) {
      source->column_name_alias.push_back("c" + std::to_string(i));
      outer->select_list.push_back(make_uniq<duckdb::ColumnRefExpression>("c" + std::to_string(i), "source"));
      if (is_zoned(moments.types[i]))
        outer->select_list[i] = from_template("t_instant($1)", items(std::move(outer->select_list[i])), place(at));
    }
    outer->from_table = std::move(source);
    any.subquery->node = std::move(outer);
  }
  if (fields.size() == 1) {
    any.child = std::move(fields[0]);
  } else {
    any.child = native_call("row", std::move(fields));
  }
}

}  // namespace tarn::sql::engine::trino
