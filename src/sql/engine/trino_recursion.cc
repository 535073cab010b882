// WITH RECURSIVE, to a depth. AWS: Athena User Guide, SELECT: "The maximum recursion depth is 10."
#include "duckdb/parser/parsed_expression_iterator.hpp"
#include "duckdb/parser/query_node/recursive_cte_node.hpp"
#include "duckdb/parser/result_modifier.hpp"
#include "sql/engine/trino_functions.h"
#include "sql/engine/trino_parser.h"

namespace tarn::sql::engine::trino {

using duckdb::ColumnRefExpression;
using duckdb::LogicalType;
using duckdb::make_uniq;
using duckdb::ParsedExpressionIterator;
using duckdb::QueryNode;
using duckdb::SelectNode;
using duckdb::TableRef;
using duckdb::unique_ptr;
using duckdb::Value;
using std::string;

namespace {

constexpr int32_t kDeepest = 10;
constexpr const char* kLevel = "tarn_level";

// Whether a query names the table, in subqueries as well.
class Refers {
 public:
  explicit Refers(const string& name) : name_(name) {}
  bool in(QueryNode& query) {
    ParsedExpressionIterator::EnumerateQueryNodeChildren(
        query, [this](ParsedPtr& child) { expression(child); }, [this](TableRef& table) {
          if (table.type == duckdb::TableReferenceType::BASE_TABLE)
            found_ = found_ || duckdb::StringUtil::CIEquals(table.Cast<duckdb::BaseTableRef>().table_name, name_);
        });
    return found_;
  }

 private:
  void expression(ParsedPtr& of) {
    if (of->GetExpressionClass() == duckdb::ExpressionClass::SUBQUERY)
      in(*of->Cast<duckdb::SubqueryExpression>().subquery->node);
    ParsedExpressionIterator::EnumerateChildren(*of, [this](ParsedPtr& child) { expression(child); });
  }
  const string& name_;
  bool found_ = false;
};

unique_ptr<SelectNode> select_from(const string& table, const duckdb::vector<string>& columns) {
  auto node = make_uniq<SelectNode>();
  for (const string& column : columns) node->select_list.push_back(make_uniq<ColumnRefExpression>(column));
  auto from = make_uniq<duckdb::BaseTableRef>();
  from->table_name = table;
  node->from_table = std::move(from);
  return node;
}

// WITH name (columns) AS (query) to
void add_query(unique_ptr<QueryNode>& to, const string& name, duckdb::vector<string> columns, unique_ptr<QueryNode> query) {
  auto info = make_uniq<duckdb::CommonTableExpressionInfo>();
  info->aliases = std::move(columns);
  info->query = as_statement(std::move(query));
  info->materialized = duckdb::CTEMaterialize::CTE_MATERIALIZE_NEVER;
  to->cte_map.map[name] = std::move(info);
  QueryNode::ExtractCTENodes(to);
}

// SELECT *, level FROM (node)
unique_ptr<SelectNode> with_level(unique_ptr<QueryNode> node, ParsedPtr level) {
  auto out = duckdb::unique_ptr_cast<QueryNode, SelectNode>(wrapped(std::move(node)));
  level->SetAlias(kLevel);
  out->select_list.push_back(std::move(level));
  return out;
}

Value next_level(const duckdb::vector<Value>& level) {
  if (level[0].GetValue<int32_t>() == kDeepest)
    raise("NOT_SUPPORTED", "Recursion depth limit exceeded (" + std::to_string(kDeepest) +
                               "). Use 'max_recursion_depth' session property to modify the limit.");
  return Value::INTEGER(level[0].GetValue<int32_t>() + 1);
}

}  // namespace

// Each row has the level that it was found on, beside its columns. As in Trino the rows of all levels are made DISTINCT at the
// end, not from level to level: those that go round in a circle reach the limit.
unique_ptr<QueryNode> recursion(const string& name, const duckdb::vector<string>& columns,
                                unique_ptr<duckdb::SetOperationNode> both) {
  if (!Refers(name).in(*both->right)) return both;
  const string levels = name + " levels";  // no user's query can have the name of a CTE that is seen here only
  duckdb::vector<string> all = columns;
  all.push_back(kLevel);

  auto previous = make_uniq<duckdb::SubqueryExpression>();
  previous->subquery_type = duckdb::SubqueryType::SCALAR;
  auto level = select_from(levels, {});
  level->select_list.push_back(native_call("max", items(make_uniq<ColumnRefExpression>(kLevel))));
  previous->subquery = as_statement(std::move(level));

  auto step = wrapped(std::move(both->right));
  add_query(step, name, {}, select_from(levels, columns));
  auto node = make_uniq<duckdb::RecursiveCTENode>();
  node->ctename = levels;
  node->union_all = true;
  node->aliases = all;
  node->left = with_level(std::move(both->left), constant_of(Value::INTEGER(0)));
  node->right = with_level(std::move(step), from_template("t_next_level($1)", items(std::move(previous)), {}));

  unique_ptr<QueryNode> out = select_from(levels, columns);
  if (!both->setop_all) out->modifiers.push_back(make_uniq<duckdb::DistinctModifier>());
  for (auto& modifier : both->modifiers) out->modifiers.push_back(std::move(modifier));
  add_query(out, levels, std::move(all), std::move(node));
  return out;
}

void add_recursion_functions(Adder& adder) {
  adder.add(by_row("t_next_level", {LogicalType::INTEGER}, LogicalType::INTEGER, next_level));
}

}  // namespace tarn::sql::engine::trino
