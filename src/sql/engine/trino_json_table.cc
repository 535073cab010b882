// JSON_TABLE: what a path finds as rows, what further paths find in each as columns. It becomes a query over the items of
// the row's path; nested columns are joined to their row. https://trino.io/docs/current/functions/json.html#json-table
#include "base/text.h"
#include "sql/engine/trino_parser.h"

namespace tarn::sql::engine::trino {

using duckdb::ColumnRefExpression;
using duckdb::LogicalType;
using duckdb::make_uniq;
using duckdb::SelectNode;
using duckdb::unique_ptr;
using duckdb::Value;
using std::string;

// What is the same for all levels of one JSON_TABLE.
struct JsonTable {
  size_t at = 0;
  ParsedPtr variables;  // of PASSING
  bool strict = false;  // ERROR ON ERROR
  bool inner = false;   // PLAN DEFAULT (INNER): rows without nested ones are left out
  bool cross = false;   // PLAN DEFAULT (CROSS): each row of one nested path with each of the next
  size_t levels = 0;
  size_t end = 0;  // the parenthesis that closes it
};

namespace {

string item_of(size_t level) {
  return "tarn_item" + std::to_string(level);
}
string place_of(size_t level) {
  return "tarn_place" + std::to_string(level);
}
string nested_of(size_t level) {
  return "tarn_nested" + std::to_string(level);
}
ParsedPtr column_named(const string& name) {
  return make_uniq<ColumnRefExpression>(name);
}

// SELECT the items of all, those of `own` (none: of all) from the source, the others NULL.
unique_ptr<SelectNode> padded(const std::vector<unique_ptr<SelectNode>>& nodes, const SelectNode* own,
                              TablePtr source) {
  auto node = make_uniq<SelectNode>();
  for (const auto& each : nodes) {
    for (const auto& item : each->select_list) {
      auto value =
          !own || own == each.get() ? column_named(item->GetAlias()) : constant_of(Value(LogicalType::SQLNULL));
      value->SetAlias(item->GetAlias());
      node->select_list.push_back(std::move(value));
    }
  }
  node->from_table = std::move(source);
  return node;
}

// The rows of several nested paths: below each other, or each with each.
unique_ptr<duckdb::QueryNode> siblings(const std::vector<unique_ptr<SelectNode>>& nodes, bool cross) {
  unique_ptr<duckdb::QueryNode> all;
  TablePtr product;
  for (const auto& node : nodes) {
    TablePtr source = make_uniq<duckdb::SubqueryRef>(as_statement(node->Copy()));
    if (cross && product) {
      auto join = make_uniq<duckdb::JoinRef>(duckdb::JoinRefType::CROSS);
      join->left = std::move(product);
      join->right = std::move(source);
      product = std::move(join);
    } else if (cross) {
      product = std::move(source);
    } else if (!all) {
      all = padded(nodes, node.get(), std::move(source));
    } else {
      auto both = make_uniq<duckdb::SetOperationNode>();
      both->setop_type = duckdb::SetOperationType::UNION;
      both->setop_all = true;
      both->left = std::move(all);
      both->right = padded(nodes, node.get(), std::move(source));
      all = std::move(both);
    }
  }
  if (cross) all = padded(nodes, nullptr, std::move(product));
  return all;
}

}  // namespace

// name type [FORMAT JSON] [PATH path] [WRAPPER ..] [QUOTES ..] [.. ON EMPTY] [.. ON ERROR]
ParsedPtr Parser::json_column(JsonTable& table, const string& name, size_t level) {
  const size_t at = here();
  const Type returning = type();
  const bool json = take("format");
  if (json) expect("json");
  auto path = take("path") ? primary() : constant_of(Value("lax $.\"" + replace_all(name, "\"", "\"\"") + "\""));
  return json_result(json ? "json_query" : "json_value", at,
                     items(column_named(item_of(level)), std::move(path), table.variables->Copy()), returning,
                     table.strict ? "error" : "null");
}

// The items that the path finds in the input, and their places from 1 on.
TablePtr Parser::json_items(const JsonTable& table, ParsedPtr input, ParsedPtr path, const char* on_error, size_t level) {
  auto arguments = items(std::move(input), std::move(path), constant_of(Value(on_error)));
  for (const char* option : {"null", "with", "keep"}) arguments.push_back(constant_of(Value(option)));
  arguments.push_back(table.variables->Copy());
  auto found = typed("json_query of", table.at, std::move(arguments));
  ParsedPtr list = typed("cast", table.at,
                         items(typed("json_parse", table.at, items(std::move(found))),
                               constant_of(Value(LogicalType::LIST(LogicalType::JSON())))));
  list = make_uniq<duckdb::CastExpression>(LogicalType::LIST(LogicalType::VARCHAR), std::move(list));  // their texts
  auto lists = make_uniq<SelectNode>();
  list->SetAlias("tarn_items");
  lists->select_list.push_back(std::move(list));
  lists->from_table = make_uniq<duckdb::EmptyTableRef>();
  auto rows = make_uniq<SelectNode>();
  for (const bool place : {false, true}) {
    auto each = native_call("unnest",
                            items(place ? from_template("range(1, len($1) + 1)", items(column_named("tarn_items")), {})
                                        : column_named("tarn_items")));
    each->SetAlias(place ? place_of(level) : item_of(level));
    rows->select_list.push_back(std::move(each));
  }
  rows->from_table = make_uniq<duckdb::SubqueryRef>(as_statement(std::move(lists)));
  return make_uniq<duckdb::SubqueryRef>(as_statement(std::move(rows)));
}

// COLUMNS (..) over the items that the path finds in the input.
unique_ptr<SelectNode> Parser::json_rows(JsonTable& table, ParsedPtr input, ParsedPtr path, const char* on_error) {
  const Nested nested_levels(*this);
  const size_t level = table.levels++;
  expect("columns");
  expect_op("(");
  auto node = make_uniq<SelectNode>();
  std::vector<unique_ptr<SelectNode>> nested;
  do {
    if (is("nested")) {
      ++at_;
      take("path");
      auto inner_path = primary();
      if (take("as")) identifier();
      nested.push_back(json_rows(table, column_named(item_of(level)), std::move(inner_path), on_error));
      for (const auto& item : nested.back()->select_list) {
        auto column = make_uniq<ColumnRefExpression>(item->GetAlias(), nested_of(level));
        column->SetAlias(item->GetAlias());
        node->select_list.push_back(std::move(column));
      }
      continue;
    }
    const string name = identifier();
    ParsedPtr column;
    if (is("for") && is("ordinality", 1)) {
      at_ += 2;
      column = column_named(place_of(level));
    } else {
      column = json_column(table, name, level);
    }
    column->SetAlias(name);
    node->select_list.push_back(std::move(column));
  } while (take_op(","));
  expect_op(")");

  node->from_table = json_items(table, std::move(input), std::move(path), on_error, level);
  if (nested.empty()) return node;
  auto join = make_uniq<duckdb::JoinRef>();
  join->type = table.inner ? duckdb::JoinType::INNER : duckdb::JoinType::LEFT;
  join->left = std::move(node->from_table);
  join->right = make_uniq<duckdb::SubqueryRef>(as_statement(siblings(nested, table.cross)), nested_of(level));
  join->condition = constant_of(Value::BOOLEAN(true));
  node->from_table = std::move(join);
  return node;
}

// [PLAN DEFAULT (..)] [{ERROR | EMPTY} ON ERROR] stand behind the columns, and decide what those mean.
void Parser::json_table_end(JsonTable& table) {
  const size_t from = at_;
  at_ = clause("columns") + 1;
  int depth = 0;
  do {
    if (is_op("(")) ++depth;
    if (is_op(")")) --depth;
    ++at_;
  } while (depth > 0 && peek().kind != TokenKind::kEnd);
  if (take("plan")) {
    if (!take("default")) {
      raise("NOT_SUPPORTED", "PLAN of JSON_TABLE other than PLAN DEFAULT is not supported.", place(here()));
    }
    expect_op("(");
    do {
      if (!is("outer") && !is("inner") && !is("union") && !is("cross"))
        mismatched("'CROSS', 'INNER', 'OUTER', 'UNION'");
      table.inner = table.inner || is("inner");
      table.cross = table.cross || is("cross");
      ++at_;
    } while (take_op(","));
    expect_op(")");
  }
  if (is("error") || is("empty")) {
    table.strict = is("error");
    ++at_;
    expect("on");
    expect("error");
  }
  if (!is_op(")")) mismatched("')'");
  table.end = at_;
  at_ = from;
}

TablePtr Parser::json_table() {
  JsonTable table;
  table.at = here();
  expect("json_table");
  expect_op("(");
  json_table_end(table);
  auto input = json_input();
  expect_op(",");
  auto path = primary();
  if (take("as")) identifier();
  table.variables = json_variables(table.at);
  auto node = json_rows(table, std::move(input), std::move(path), table.strict ? "error" : "null");
  at_ = table.end;
  expect_op(")");
  return make_uniq<duckdb::SubqueryRef>(as_statement(std::move(node)), "json_table");
}

}  // namespace tarn::sql::engine::trino
