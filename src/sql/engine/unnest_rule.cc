#include "sql/engine/unnest_rule.h"

#include <functional>
#include <optional>

#include "duckdb/optimizer/column_binding_replacer.hpp"
#include "duckdb/planner/expression/list.hpp"
#include "duckdb/planner/expression_iterator.hpp"
#include "duckdb/planner/operator/list.hpp"
#include "sql/engine/functions.h"
#include "sql/engine/values.h"

namespace tarn::sql::engine {
namespace {

using duckdb::ColumnBinding;
using duckdb::Expression;
using duckdb::LogicalOperator;
using duckdb::LogicalOperatorType;
using duckdb::unique_ptr;

const duckdb::BoundColumnRefExpression* as_column(const Expression& e) {
  return e.GetExpressionClass() == duckdb::ExpressionClass::BOUND_COLUMN_REF
             ? &e.Cast<duckdb::BoundColumnRefExpression>()
             : nullptr;
}

// What the lateral side is made of, where it is elements of the other side's columns and nothing else.
struct Elements {
  LogicalOperator* items = nullptr;  // the projection of the elements, and of the columns that they come from
  LogicalOperator* unnest = nullptr;
  duckdb::idx_t source = 0;  // the table index of the columns that they come from
};

std::optional<Elements> elements_of(const duckdb::LogicalComparisonJoin& join) {
  const bool lateral = join.join_type == duckdb::JoinType::INNER || join.join_type == duckdb::JoinType::LEFT;
  if (!lateral || join.delim_flipped) return std::nullopt;
  LogicalOperator& items = *join.children[1];
  if (items.type != LogicalOperatorType::LOGICAL_PROJECTION) return std::nullopt;
  LogicalOperator& unnest = *items.children[0];
  if (unnest.type != LogicalOperatorType::LOGICAL_UNNEST ||
      unnest.children[0]->type != LogicalOperatorType::LOGICAL_DELIM_GET)
    return std::nullopt;
  // All that is joined on are the columns that the elements come from.
  if (join.conditions.size() != join.duplicate_eliminated_columns.size()) return std::nullopt;
  for (const auto& condition : join.conditions)
    if (condition.comparison != duckdb::ExpressionType::COMPARE_NOT_DISTINCT_FROM) return std::nullopt;
  for (const auto& item : items.expressions)
    if (!as_column(*item)) return std::nullopt;
  for (const auto& column : join.duplicate_eliminated_columns)
    if (!as_column(*column)) return std::nullopt;
  return Elements{&items, &unnest, unnest.children[0]->Cast<duckdb::LogicalDelimGet>().table_index};
}

// A row without elements stays, with NULL for one.
void keep_rows(duckdb::ClientContext& context, duckdb::BoundUnnestExpression& unnest) {
  const duckdb::LogicalType type = unnest.child->return_type;
  auto count = call(context, "main", "len", arguments(unnest.child->Copy()));
  auto some = duckdb::make_uniq<duckdb::BoundComparisonExpression>(
      duckdb::ExpressionType::COMPARE_GREATERTHAN, std::move(count), constant(duckdb::Value::BIGINT(0)));
  const duckdb::LogicalType& element = duckdb::ListType::GetChildType(type);
  unnest.child = duckdb::make_uniq<duckdb::BoundCaseExpression>(
      std::move(some), std::move(unnest.child), constant(duckdb::Value::LIST(element, {duckdb::Value(element)})));
}

void replace(duckdb::ClientContext& context, unique_ptr<LogicalOperator>& root, unique_ptr<LogicalOperator>& op) {
  auto& join = op->Cast<duckdb::LogicalComparisonJoin>();
  const auto found = elements_of(join);
  if (!found) return;
  const auto from = [&](const ColumnBinding& binding) {  // on the other side
    return binding.table_index == found->source
               ? as_column(*join.duplicate_eliminated_columns[binding.column_index])->binding
               : binding;
  };
  const std::function<void(unique_ptr<Expression>&)> move = [&](unique_ptr<Expression>& e) {
    if (e->GetExpressionClass() == duckdb::ExpressionClass::BOUND_COLUMN_REF) {
      auto& column = e->Cast<duckdb::BoundColumnRefExpression>();
      column.binding = from(column.binding);
    }
    duckdb::ExpressionIterator::EnumerateChildren(*e, move);
  };
  for (auto& e : found->unnest->expressions) move(e);
  if (join.join_type == duckdb::JoinType::LEFT)
    keep_rows(context, found->unnest->expressions[0]->Cast<duckdb::BoundUnnestExpression>());
  duckdb::ColumnBindingReplacer shown;
  const auto bindings = found->items->GetColumnBindings();
  for (size_t i = 0; i < bindings.size(); ++i)
    shown.replacement_bindings.emplace_back(bindings[i], from(as_column(*found->items->expressions[i])->binding));
  auto unnest = std::move(found->items->children[0]);
  unnest->children[0] = std::move(join.children[0]);
  op = std::move(unnest);
  shown.stop_operator = *op;
  shown.VisitOperator(*root);
}

void walk(duckdb::ClientContext& context, unique_ptr<LogicalOperator>& root, unique_ptr<LogicalOperator>& op) {
  for (auto& child : op->children) walk(context, root, child);
  if (op->type == LogicalOperatorType::LOGICAL_DELIM_JOIN) replace(context, root, op);
}

}  // namespace

void unnest_in_place(duckdb::ClientContext& context, unique_ptr<LogicalOperator>& plan) {
  walk(context, plan, plan);
}

}  // namespace tarn::sql::engine
