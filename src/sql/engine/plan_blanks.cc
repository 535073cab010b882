#include "sql/engine/plan_blanks.h"

#include <algorithm>
#include <optional>

#include "duckdb/function/aggregate/distributive_function_utils.hpp"
#include "duckdb/function/function_binder.hpp"
#include "duckdb/optimizer/column_binding_replacer.hpp"
#include "duckdb/optimizer/optimizer.hpp"
#include "duckdb/optimizer/optimizer_extension.hpp"
#include "duckdb/planner/operator/list.hpp"
#include "sql/engine/encode.h"
#include "sql/engine/functions.h"
#include "sql/engine/text_filters.h"
#include "sql/engine/values.h"

namespace tarn::sql::engine {
namespace {

using duckdb::ClientContext;
using duckdb::ColumnBinding;
using duckdb::Expression;
using duckdb::ExpressionClass;
using duckdb::LogicalOperator;
using duckdb::LogicalOperatorType;
using duckdb::unique_ptr;

constexpr size_t kCountsInNumber = 4;  // of blank_counts

void trim(ClientContext& context, unique_ptr<Expression>& e) {
  if (!is_text(e->return_type) || is_without_blanks(*e)) return;
  const std::string alias = e->GetAlias();
  e = text_without_blanks(context, std::move(e));
  e->SetAlias(alias);
}

std::optional<bool> is_outer(const LogicalOperator& op, const ColumnBinding& column);

bool is_outer(const LogicalOperator& below, const Expression& e) {
  return e.GetExpressionClass() == ExpressionClass::BOUND_COLUMN_REF &&
         is_outer(below, e.Cast<duckdb::BoundColumnRefExpression>().binding).value_or(false);
}

// Is the column, of an operator at or below this one, what a correlated subquery has of the query around it? nullopt: it is
// not from here. The engine makes one row of each value of those columns and joins the subquery's rows to it by that very
// value: they stay what they are.
std::optional<bool> is_outer(const LogicalOperator& op, const ColumnBinding& column) {
  const auto tables = op.GetTableIndex();
  if (std::ranges::find(tables, column.table_index) == tables.end()) {
    for (const auto& child : op.children)
      if (const auto found = is_outer(*child, column)) return found;
    return std::nullopt;
  }
  switch (op.type) {
    case LogicalOperatorType::LOGICAL_DELIM_GET: return true;
    case LogicalOperatorType::LOGICAL_PROJECTION: return is_outer(*op.children[0], *op.expressions[column.column_index]);
    case LogicalOperatorType::LOGICAL_AGGREGATE_AND_GROUP_BY: {
      const auto& aggregate = op.Cast<duckdb::LogicalAggregate>();
      return column.table_index == aggregate.group_index &&
             is_outer(*op.children[0], *aggregate.groups[column.column_index]);
    }
    case LogicalOperatorType::LOGICAL_UNION:
    case LogicalOperatorType::LOGICAL_EXCEPT:
    case LogicalOperatorType::LOGICAL_INTERSECT:
      return std::ranges::all_of(op.children, [&](const auto& side) {
        return is_outer(*side, side->GetColumnBindings()[column.column_index]).value_or(false);
      });
    default: return false;
  }
}

// Of what tells rows apart: columns of `below`.
void trim_own(ClientContext& context, const LogicalOperator& below, unique_ptr<Expression>& e) {
  if (is_text(e->return_type) && !is_outer(below, *e)) trim(context, e);
}

duckdb::vector<unique_ptr<Expression>> columns_of(LogicalOperator& op) {
  duckdb::vector<unique_ptr<Expression>> columns;
  op.ResolveOperatorTypes();
  const auto bindings = op.GetColumnBindings();
  for (size_t i = 0; i < bindings.size(); ++i) {
    columns.push_back(duckdb::make_uniq<duckdb::BoundColumnRefExpression>(op.types[i], bindings[i]));
  }
  return columns;
}

// One row of those that are alike but for trailing blanks.
unique_ptr<LogicalOperator> distinct_rows(ClientContext& context, unique_ptr<LogicalOperator> op) {
  auto targets = columns_of(*op);
  for (auto& target : targets) trim_own(context, *op, target);
  auto distinct = duckdb::make_uniq<duckdb::LogicalDistinct>(std::move(targets), duckdb::DistinctType::DISTINCT);
  distinct->children.push_back(std::move(op));
  return distinct;
}

// UNION, EXCEPT and INTERSECT of texts: rows are told apart without their trailing blanks, and shown with them. EXCEPT becomes the
// anti-join of its sides, INTERSECT the semi-join.
void trim_set(ClientContext& context, unique_ptr<LogicalOperator>& op) {
  auto& set = op->Cast<duckdb::LogicalSetOperation>();
  op->ResolveOperatorTypes();
  if (set.setop_all || std::none_of(op->types.begin(), op->types.end(), is_text)) return;
  if (op->type == LogicalOperatorType::LOGICAL_UNION) {
    set.setop_all = true;
    op = distinct_rows(context, std::move(op));
    return;
  }
  if (set.children.size() != 2) return;
  const bool except = op->type == LogicalOperatorType::LOGICAL_EXCEPT;
  auto join = duckdb::make_uniq<duckdb::LogicalComparisonJoin>(except ? duckdb::JoinType::ANTI : duckdb::JoinType::SEMI);
  auto left = columns_of(*set.children[0]), right = columns_of(*set.children[1]);
  for (size_t i = 0; i < left.size(); ++i) {
    duckdb::JoinCondition condition;
    condition.comparison = duckdb::ExpressionType::COMPARE_NOT_DISTINCT_FROM;
    condition.left = std::move(left[i]);
    condition.right = std::move(right[i]);
    if (!is_outer(*set.children[0], *condition.left) || !is_outer(*set.children[1], *condition.right)) {
      trim(context, condition.left);
      trim(context, condition.right);
    }
    join->conditions.push_back(std::move(condition));
  }
  const auto table = set.table_index;
  join->children = std::move(set.children);
  auto rows = distinct_rows(context, std::move(join));
  auto above = duckdb::make_uniq<duckdb::LogicalProjection>(table, columns_of(*rows));
  above->children.push_back(std::move(rows));
  op = std::move(above);
}

// arg_min(text, text without its blanks) or arg_max: what MIN or MAX of the text is. nullptr: it is neither, or not of a text.
unique_ptr<duckdb::BoundAggregateExpression> extreme_of(ClientContext& context, const std::string& name,
                                                        const duckdb::vector<unique_ptr<Expression>>& of,
                                                        unique_ptr<Expression> filter) {
  if ((name != "min" && name != "max") || of.size() != 1 || !is_text(of[0]->return_type)) return nullptr;
  auto children = arguments(of[0]->Copy(), of[0]->Copy());
  trim(context, children[1]);
  auto& entry = duckdb::Catalog::GetSystemCatalog(context).GetEntry<duckdb::AggregateFunctionCatalogEntry>(
      context, "main", name == "min" ? "arg_min" : "arg_max");
  const auto function =
      entry.functions.GetFunctionByArguments(context, {duckdb::LogicalType::VARCHAR, duckdb::LogicalType::VARCHAR});
  return duckdb::FunctionBinder(context).BindAggregateFunction(function, std::move(children), std::move(filter));
}

void trim_extreme_window(ClientContext& context, duckdb::BoundWindowExpression& window) {
  auto made = extreme_of(context, window.aggregate->name, window.children, nullptr);
  if (!made) return;
  window.aggregate = duckdb::make_uniq<duckdb::AggregateFunction>(made->function);
  window.bind_info = std::move(made->bind_info);
  window.children = std::move(made->children);
}

void trim_windows(ClientContext& context, LogicalOperator& op) {
  for (auto& e : op.expressions) {
    if (e->GetExpressionClass() != ExpressionClass::BOUND_WINDOW) continue;
    auto& window = e->Cast<duckdb::BoundWindowExpression>();
    for (auto& partition : window.partitions) trim_own(context, *op.children[0], partition);
    for (auto& order : window.orders) trim(context, order.expression);
    if (window.aggregate && !window.distinct) trim_extreme_window(context, window);
  }
}

// MIN and MAX of text: the first and last without their trailing blanks, shown with them.
void trim_extreme(ClientContext& context, unique_ptr<Expression>& e) {
  auto& extreme = e->Cast<duckdb::BoundAggregateExpression>();
  auto made =
      extreme_of(context, extreme.function.name, extreme.children, extreme.filter ? extreme.filter->Copy() : nullptr);
  if (!made) return;
  made->SetAlias(e->GetAlias());
  e = std::move(made);
}

// The groups are made of texts without their trailing blanks; what is shown of one is the text of a row of it, as it is: the
// aggregate keeps how many blanks that row's texts ended with, four texts to a number, and a select list above puts them back.
void show_groups(duckdb::OptimizerExtensionInput& input, LogicalOperator& root, unique_ptr<LogicalOperator>& op) {
  auto& context = input.context;
  auto& aggregate = op->Cast<duckdb::LogicalAggregate>();
  std::vector<size_t> texts;  // indexes of groups
  for (size_t i = 0; i < aggregate.groups.size(); ++i) {
    const auto& group = aggregate.groups[i];
    const bool constant = group->GetExpressionType() == duckdb::ExpressionType::VALUE_CONSTANT;
    if (is_text(group->return_type) && !is_without_blanks(*group) && !constant && !is_outer(*op->children[0], *group))
      texts.push_back(i);
  }
  if (texts.empty()) return;
  const size_t first_count = aggregate.expressions.size();
  for (size_t i = 0; i < texts.size(); i += kCountsInNumber) {
    duckdb::vector<unique_ptr<Expression>> some, counts;
    for (size_t k = i; k < std::min(texts.size(), i + kCountsInNumber); ++k) some.push_back(aggregate.groups[texts[k]]->Copy());
    counts.push_back(call(context, kFunctionSchema, "blank_counts", std::move(some)));
    aggregate.expressions.push_back(duckdb::FunctionBinder(context).BindAggregateFunction(
        duckdb::FirstFunctionGetter::GetFunction(duckdb::LogicalType::UBIGINT), std::move(counts)));
  }
  for (const size_t i : texts) trim(context, aggregate.groups[i]);
  auto items = columns_of(aggregate);
  for (size_t k = 0; k < texts.size(); ++k) {
    const ColumnBinding number(aggregate.aggregate_index, first_count + k / kCountsInNumber);
    auto& item = items[texts[k]];
    auto given = arguments(std::move(item),
                           duckdb::make_uniq<duckdb::BoundColumnRefExpression>(duckdb::LogicalType::UBIGINT, number));
    given.push_back(constant(duckdb::Value::INTEGER(static_cast<int32_t>(k % kCountsInNumber))));
    item = call(context, kFunctionSchema, "with_blanks", std::move(given));
  }
  const auto table = input.optimizer.binder.GenerateTableIndex();
  duckdb::ColumnBindingReplacer shown;
  shown.stop_operator = aggregate;
  const auto bindings = aggregate.GetColumnBindings();
  for (size_t i = 0; i < bindings.size(); ++i) shown.replacement_bindings.emplace_back(bindings[i], ColumnBinding(table, i));
  shown.VisitOperator(root);
  auto above = duckdb::make_uniq<duckdb::LogicalProjection>(table, std::move(items));
  above->children.push_back(std::move(op));
  op = std::move(above);
}

void trim_aggregates(ClientContext& context, duckdb::LogicalAggregate& aggregate) {
  for (auto& e : aggregate.expressions) {
    if (e->GetExpressionClass() != ExpressionClass::BOUND_AGGREGATE) continue;
    trim_extreme(context, e);
    auto& call = e->Cast<duckdb::BoundAggregateExpression>();
    if (call.order_bys && !call.IsDistinct()) {
      for (auto& order : call.order_bys->orders) trim(context, order.expression);
    }
    const bool distinct = call.IsDistinct() || call.function.name == "approx_count_distinct";
    if (!distinct || call.children.empty()) continue;
    trim(context, call.children[0]);
  }
}

}  // namespace

void ignore_trailing_blanks(duckdb::OptimizerExtensionInput& input, LogicalOperator& root, unique_ptr<LogicalOperator>& op) {
  auto& context = input.context;
  switch (op->type) {
    case LogicalOperatorType::LOGICAL_AGGREGATE_AND_GROUP_BY:
      for (auto& child : op->children) ignore_trailing_blanks(input, root, child);
      trim_aggregates(context, op->Cast<duckdb::LogicalAggregate>());
      return show_groups(input, root, op);
    case LogicalOperatorType::LOGICAL_WINDOW: trim_windows(context, *op); break;
    case LogicalOperatorType::LOGICAL_ORDER_BY:
      for (auto& order : op->Cast<duckdb::LogicalOrder>().orders) {
        trim(context, order.expression);
        if (!is_super(order.expression->return_type)) continue;
        order.expression = call(context, kFunctionSchema, "super_sort_key", arguments(std::move(order.expression)));
      }
      break;
    case LogicalOperatorType::LOGICAL_DISTINCT:
      // What is shown of those that are alike is one of them, as it is.
      for (auto& target : op->Cast<duckdb::LogicalDistinct>().distinct_targets)
        trim_own(context, *op->children[0], target);
      break;
    case LogicalOperatorType::LOGICAL_UNION:
    case LogicalOperatorType::LOGICAL_EXCEPT:
    case LogicalOperatorType::LOGICAL_INTERSECT: trim_set(context, op); break;
    case LogicalOperatorType::LOGICAL_COMPARISON_JOIN:
    case LogicalOperatorType::LOGICAL_DELIM_JOIN:
      // JOIN USING and IN (SELECT ..): the binder's own comparisons.
      for (auto& condition : op->Cast<duckdb::LogicalComparisonJoin>().conditions) {
        if (condition.comparison == duckdb::ExpressionType::COMPARE_NOT_DISTINCT_FROM) continue;
        trim(context, condition.left);
        trim(context, condition.right);
      }
      break;
    default: break;
  }
  for (auto& child : op->children) ignore_trailing_blanks(input, root, child);
}

}  // namespace tarn::sql::engine
