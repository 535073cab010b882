#include "sql/engine/plan_sets.h"

#include "duckdb/planner/operator/list.hpp"
#include "sql/engine/encode.h"
#include "sql/engine/errors.h"

namespace tarn::sql::engine {
namespace {

using duckdb::Expression;
using duckdb::ExpressionClass;
using duckdb::LogicalOperator;
using duckdb::LogicalOperatorType;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;

enum class Kind { kText, kNumber, kBoolean, kDate, kTime, kOther };

Kind kind_of(const LogicalType& type) {
  if (is_super(type) || type.HasAlias()) return Kind::kOther;
  if (type.IsNumeric()) return Kind::kNumber;
  switch (type.id()) {
    case LogicalTypeId::VARCHAR: return Kind::kText;
    case LogicalTypeId::BOOLEAN: return Kind::kBoolean;
    case LogicalTypeId::DATE:
    case LogicalTypeId::TIMESTAMP:
    case LogicalTypeId::TIMESTAMP_TZ: return Kind::kDate;
    case LogicalTypeId::TIME:
    case LogicalTypeId::TIME_TZ: return Kind::kTime;
    default: return Kind::kOther;
  }
}

// The expression behind a column of one side of a set operation; nullptr: it comes from further below.
const Expression* item_of(const LogicalOperator& side, size_t column) {
  if (side.type != LogicalOperatorType::LOGICAL_PROJECTION || column >= side.expressions.size()) return nullptr;
  return side.expressions[column].get();
}

// What the binder's own cast of a side's column is made of: one that is written stands at a place of its own. A literal text has
// no type yet.
const Expression* cast_by_binder(const Expression* item) {
  if (!item || item->GetExpressionClass() != ExpressionClass::BOUND_CAST) return nullptr;
  const Expression* inner = item->Cast<duckdb::BoundCastExpression>().child.get();
  const auto place = item->GetQueryLocation(), inside = inner->GetQueryLocation();
  const bool written = place.IsValid() && (!inside.IsValid() || place.GetIndex() != inside.GetIndex());
  return written ? nullptr : inner;
}
bool is_literal(const Expression* item) {
  if (const Expression* inner = cast_by_binder(item)) return is_literal(inner);
  return item && item->GetExpressionType() == duckdb::ExpressionType::VALUE_CONSTANT &&
         item->return_type.id() == LogicalTypeId::VARCHAR;
}

void check(const LogicalOperator& set, const char* word) {
  const auto& left = *set.children[0];
  for (size_t column = 0; column < left.types.size(); ++column) {
    std::vector<LogicalType> types;
    bool literal = false;
    for (const auto& side : set.children) {
      const Expression* item = item_of(*side, column);
      const Expression* inner = cast_by_binder(item);
      literal = literal || is_literal(item);
      types.push_back(inner ? inner->return_type : side->types[column]);
    }
    if (literal) continue;
    for (const LogicalType& type : types) {
      const Kind first = kind_of(types[0]), other = kind_of(type);
      if (first == other || first == Kind::kOther || other == Kind::kOther) continue;
      raise_sql("42804", std::string(word) + " types " + shown_type(types[0].ToString()) + " and " + shown_type(type.ToString()) +
                             " cannot be matched");
    }
  }
}

}  // namespace

void refuse_mixed_sets(const LogicalOperator& plan) {
  if (plan.type == LogicalOperatorType::LOGICAL_UNION) check(plan, "UNION");
  if (plan.type == LogicalOperatorType::LOGICAL_EXCEPT) check(plan, "EXCEPT");
  if (plan.type == LogicalOperatorType::LOGICAL_INTERSECT) check(plan, "INTERSECT");
  for (const auto& child : plan.children) refuse_mixed_sets(*child);
}

}  // namespace tarn::sql::engine
