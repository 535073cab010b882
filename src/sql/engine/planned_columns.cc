#include "sql/engine/planned_columns.h"

#include <algorithm>
#include <unordered_map>

#include "base/text.h"
#include "duckdb/planner/operator/list.hpp"
#include "sql/engine/catalog.h"
#include "sql/engine/encode.h"
#include "sql/engine/functions.h"
#include "sql/engine/rewriter.h"
#include "sql/engine/values.h"

namespace tarn::sql::engine {
namespace {

using duckdb::ColumnBinding;
using duckdb::Expression;
using duckdb::ExpressionClass;
using duckdb::LogicalOperator;
using duckdb::LogicalOperatorType;

constexpr int kMaxLength = 65535;
constexpr int kMaxDepth = 200;  // of expressions and operators that are looked through

class Origins {
 public:
  explicit Origins(LogicalOperator& root) { add(root, 0); }
  PlannedColumn of(const ColumnBinding& binding, int depth = 0);

 private:
  void add(LogicalOperator& op, int depth);
  PlannedColumn looked_up(const ColumnBinding& binding, int depth);
  PlannedColumn of(const Expression& expression, int depth);
  PlannedColumn of_get(const duckdb::LogicalGet& get, duckdb::idx_t index) const;
  PlannedColumn of_function(const duckdb::BoundFunctionExpression& function, int depth);

  std::unordered_map<duckdb::idx_t, LogicalOperator*> by_index_;  // by table index
  std::unordered_map<duckdb::idx_t, LogicalOperator*> ctes_;      // what a CTE's index stands for
  // Each column is looked up once, however often those above it name it.
  duckdb::column_binding_map_t<PlannedColumn> known_;
};

void Origins::add(LogicalOperator& op, int depth) {
  if (depth > kMaxDepth) return;
  for (const auto index : op.GetTableIndex()) by_index_[index] = &op;
  if (op.type == LogicalOperatorType::LOGICAL_MATERIALIZED_CTE || op.type == LogicalOperatorType::LOGICAL_RECURSIVE_CTE) {
    ctes_[op.Cast<duckdb::LogicalCTE>().table_index] = op.children[0].get();
  }
  for (const auto& child : op.children) add(*child, depth + 1);
}

// The wider of two; padded only if both are.
PlannedColumn either(const PlannedColumn& a, const PlannedColumn& b) {
  PlannedColumn result;
  result.length = a.length == 0 || b.length == 0 ? 0 : std::max(a.length, b.length);
  result.padded = a.padded && b.padded;
  result.interval_kind = a.interval_kind == b.interval_kind ? a.interval_kind : '\0';
  result.geography = a.geography && b.geography;
  return result;
}

PlannedColumn Origins::of_get(const duckdb::LogicalGet& get, duckdb::idx_t index) const {
  PlannedColumn result;
  const auto table = get.GetTable();
  const auto& ids = get.GetColumnIds();
  if (!table || index >= ids.size() || ids[index].IsVirtualColumn()) return result;
  const auto primary = ids[index].GetPrimaryIndex();
  if (primary >= table->GetColumns().LogicalColumnCount()) return result;
  const auto& column = table->GetColumn(duckdb::LogicalIndex(primary));
  if (!column.Comment().IsNull()) {
    const std::string declared(split(column.Comment().ToString(), '|')[0]);
    declared_length(declared, result);
    if (const int field = interval_field(declared); field >= 0) result.interval_kind = field < 2 ? 'y' : 'd';
    result.geography = declared == "geography";
  }
  for (const auto& constraint : table->GetConstraints()) {
    if (constraint->type == duckdb::ConstraintType::NOT_NULL &&
        constraint->Cast<duckdb::NotNullConstraint>().index.index == primary) {
      result.nullable = false;
    }
  }
  result.catalog = table->ParentCatalog().GetName();
  result.schema = table->ParentSchema().name;
  result.table = table->name;
  result.column = column.Name();
  result.table_number = static_cast<int32_t>(table->oid);
  result.column_number = static_cast<int16_t>(primary + 1);
  return result;
}

PlannedColumn Origins::of(const ColumnBinding& binding, int depth) {
  if (depth > kMaxDepth) return {};
  if (const auto known = known_.find(binding); known != known_.end()) return known->second;
  PlannedColumn column = looked_up(binding, depth);
  known_[binding] = column;
  return column;
}

PlannedColumn Origins::looked_up(const ColumnBinding& binding, int depth) {
  const auto found = by_index_.find(binding.table_index);
  if (found == by_index_.end()) return {};
  LogicalOperator& op = *found->second;
  const auto index = binding.column_index;
  switch (op.type) {
    case LogicalOperatorType::LOGICAL_GET: return of_get(op.Cast<duckdb::LogicalGet>(), index);
    case LogicalOperatorType::LOGICAL_PROJECTION:
    case LogicalOperatorType::LOGICAL_WINDOW:
      return index < op.expressions.size() ? of(*op.expressions[index], depth + 1) : PlannedColumn{};
    case LogicalOperatorType::LOGICAL_AGGREGATE_AND_GROUP_BY: {
      const auto& aggregate = op.Cast<duckdb::LogicalAggregate>();
      const bool group = binding.table_index == aggregate.group_index;
      if (!group && binding.table_index != aggregate.aggregate_index) return {};
      const auto& list = group ? aggregate.groups : aggregate.expressions;
      return index < list.size() ? of(*list[index], depth + 1) : PlannedColumn{};
    }
    case LogicalOperatorType::LOGICAL_UNION:
    case LogicalOperatorType::LOGICAL_EXCEPT:
    case LogicalOperatorType::LOGICAL_INTERSECT: {
      const auto left = op.children[0]->GetColumnBindings(), right = op.children[1]->GetColumnBindings();
      if (index >= left.size() || index >= right.size()) return {};
      return either(of(left[index], depth + 1), of(right[index], depth + 1));
    }
    case LogicalOperatorType::LOGICAL_CTE_REF: {
      const auto cte = ctes_.find(op.Cast<duckdb::LogicalCTERef>().cte_index);
      if (cte == ctes_.end()) return {};
      const auto bindings = cte->second->GetColumnBindings();
      return index < bindings.size() ? of(bindings[index], depth + 1) : PlannedColumn{};
    }
    case LogicalOperatorType::LOGICAL_EXPRESSION_GET: {
      const auto& rows = op.Cast<duckdb::LogicalExpressionGet>().expressions;
      PlannedColumn result;
      for (size_t row = 0; row < rows.size(); ++row) {
        if (index >= rows[row].size()) return {};
        const PlannedColumn value = of(*rows[row][index], depth + 1);
        result = row == 0 ? value : either(result, value);
      }
      return result;
    }
    default: return {};
  }
}

int constant_of(const Expression& e) {
  if (e.GetExpressionType() != duckdb::ExpressionType::VALUE_CONSTANT) return 0;
  const auto& value = e.Cast<duckdb::BoundConstantExpression>().value;
  return value.IsNull() || !value.type().IsIntegral() ? 0 : value.GetValue<int32_t>();
}

bool is_null(const Expression& e) {
  if (e.GetExpressionClass() == ExpressionClass::BOUND_CAST) return is_null(*e.Cast<duckdb::BoundCastExpression>().child);
  return e.GetExpressionType() == duckdb::ExpressionType::VALUE_CONSTANT &&
         e.Cast<duckdb::BoundConstantExpression>().value.IsNull();
}

PlannedColumn Origins::of_function(const duckdb::BoundFunctionExpression& function, int depth) {
  static constexpr std::string_view kKeep[] = {"upper", "lower",  "trim", "ltrim", "rtrim",         "reverse",
                                               "left",  "right", "substring_run", "translate", "initcap_run", "split_part_run"};
  const std::string& name = function.function.name;
  if (function.children.empty()) return {};
  if (name == "without_blanks" || name == "with_blanks") return of(*function.children[0], depth + 1);
  PlannedColumn result;
  if (is_geometry(function.return_type)) {  // what is made of a geography is one
    result.geography = name == "geography_run";
    for (const auto& child : function.children)
      result.geography = result.geography ||
                         (name != "geometry_run" && is_geometry(child->return_type) && of(*child, depth + 1).geography);
    return result;
  }
  const bool cut = name == "cut_run" || name == "fit_varchar_run";
  const bool cut_char = name == "cut_char_run" || name == "fit_char_run";
  if (cut || cut_char) {
    result.length = constant_of(*function.children[1]);
    result.padded = cut_char;
  } else if (std::find(std::begin(kKeep), std::end(kKeep), name) != std::end(kKeep)) {
    result.length = of(*function.children[0], depth + 1).length;
  } else if (name == "||" && function.children.size() == 2) {
    const int a = of(*function.children[0], depth + 1).length, b = of(*function.children[1], depth + 1).length;
    result.length = a == 0 || b == 0 ? 0 : std::min(a + b, kMaxLength);
  } else if (name == "greatest" || name == "least") {
    for (size_t i = 0; i < function.children.size(); ++i) {
      const PlannedColumn one = of(*function.children[i], depth + 1);
      result = i == 0 ? either(one, one) : either(result, one);
    }
  } else if (name == "interval_y2m" || name == "interval_d2s") {
    result.interval_kind = name == "interval_y2m" ? 'y' : 'd';
  } else if ((name == "*" || name == "/") && function.return_type.id() == duckdb::LogicalTypeId::INTERVAL) {
    for (const auto& child : function.children)
      if (child->return_type.id() == duckdb::LogicalTypeId::INTERVAL)
        result.interval_kind = of(*child, depth + 1).interval_kind;
  } else if (name == "-" && function.return_type.id() == duckdb::LogicalTypeId::INTERVAL &&
             function.children.size() == 1) {
    result.interval_kind = of(*function.children[0], depth + 1).interval_kind;
  } else if ((name == "+" || name == "-") && function.return_type.id() == duckdb::LogicalTypeId::INTERVAL &&
             function.children.size() == 2) {
    result = either(of(*function.children[0], depth + 1), of(*function.children[1], depth + 1));
  } else if (name == "md5_run") {
    result.length = 32;
  } else if (name == "sha1_run") {
    result.length = 40;
  } else if (name == "soundex_run") {
    result.length = 4;
  }
  return result;
}

PlannedColumn Origins::of(const Expression& e, int depth) {
  PlannedColumn result;
  if (depth > kMaxDepth) return result;
  switch (e.GetExpressionClass()) {
    case ExpressionClass::BOUND_COLUMN_REF: return of(e.Cast<duckdb::BoundColumnRefExpression>().binding, depth + 1);
    case ExpressionClass::BOUND_CONSTANT: {
      const auto& value = e.Cast<duckdb::BoundConstantExpression>().value;
      // ASSUMED: a literal is as long as it is.
      if (is_text(e.return_type) && !value.IsNull())
        result.length = std::max<int>(1, static_cast<int>(duckdb::StringValue::Get(value).size()));
      return result;
    }
    case ExpressionClass::BOUND_CAST: {  // of a literal to the type of what it stands beside
      const auto& cast = e.Cast<duckdb::BoundCastExpression>();
      return is_text(e.return_type) && is_text(cast.child->return_type) ? of(*cast.child, depth + 1) : result;
    }
    case ExpressionClass::BOUND_FUNCTION: return of_function(e.Cast<duckdb::BoundFunctionExpression>(), depth);
    case ExpressionClass::BOUND_CASE: {
      const auto& chosen = e.Cast<duckdb::BoundCaseExpression>();
      bool first = true;
      const auto add = [&](const Expression& value) {
        if (is_null(value)) return;
        const PlannedColumn one = of(value, depth + 1);
        result = first ? either(one, one) : either(result, one);
        first = false;
      };
      for (const auto& check : chosen.case_checks) add(*check.then_expr);
      add(*chosen.else_expr);
      return result;
    }
    case ExpressionClass::BOUND_OPERATOR: {
      const auto& operation = e.Cast<duckdb::BoundOperatorExpression>();
      if (operation.GetExpressionType() != duckdb::ExpressionType::OPERATOR_COALESCE) return result;
      bool first = true;
      for (const auto& child : operation.children) {
        if (is_null(*child)) continue;
        const PlannedColumn one = of(*child, depth + 1);
        result = first ? either(one, one) : either(result, one);
        first = false;
      }
      return result;
    }
    case ExpressionClass::BOUND_AGGREGATE: {
      const auto& aggregate = e.Cast<duckdb::BoundAggregateExpression>();
      const std::string& name = aggregate.function.name;
      const bool kept =
          is_text(e.return_type) || e.return_type.id() == duckdb::LogicalTypeId::INTERVAL || is_geometry(e.return_type);
      if (aggregate.children.empty() || !kept || name == "string_agg") return result;
      const PlannedColumn child = of(*aggregate.children[0], depth + 1);
      return either(child, child);
    }
    case ExpressionClass::BOUND_WINDOW: {
      const auto& window = e.Cast<duckdb::BoundWindowExpression>();
      const bool summed = e.return_type.id() == duckdb::LogicalTypeId::INTERVAL;
      if (window.children.empty() || (!summed && (!is_text(e.return_type) || window.aggregate))) return result;
      const PlannedColumn child = of(*window.children[0], depth + 1);
      return either(child, child);
    }
    default: return result;
  }
}

}  // namespace

std::string declared_text(const duckdb::LogicalType& type, const PlannedColumn& column) {
  if (is_text(type) && column.length > 0)
    return (column.padded ? "character(" : "character varying(") + std::to_string(column.length) + ")";
  if (column.geography) return "geography";
  if (column.interval_kind == 0) return "";
  return column.interval_kind == 'y' ? "interval year to month" : "interval day to second";
}

std::vector<PlannedColumn> planned_columns(duckdb::LogicalOperator& plan) {
  Origins origins(plan);
  std::vector<PlannedColumn> columns;
  for (const ColumnBinding& binding : plan.GetColumnBindings()) columns.push_back(origins.of(binding));
  return columns;
}

bool declared_length(const std::string& declared, PlannedColumn& column) {
  const bool varying = declared.starts_with("character varying(");
  if (!varying && !declared.starts_with("character(")) return false;
  const size_t open = declared.find('(');
  column.length = static_cast<int>(parse_int(declared.substr(open + 1, declared.size() - open - 2)).value_or(0));
  column.padded = !varying;
  return true;
}

void apply(const PlannedColumn& planned, const StatementContext& context, const std::vector<TableUse>& uses,
           ResultColumn& column) {
  if (planned.interval) {
    column.type = planned.interval_kind == 'y' ? "intervaly2m" : planned.interval_kind == 'd' ? "intervald2s" : "interval";
    column.length = column.precision = 0;
  }
  if (column.type == "geometry" && planned.geography) column.type = "geography";
  if (column.type == "varchar" && planned.length > 0) {
    column.length = column.precision = planned.length;
    if (planned.padded) column.type = "bpchar";
  }
  column.nullable = planned.nullable;
  if (planned.table.empty() || planned.catalog == "temp") return;
  const bool named = std::any_of(uses.begin(), uses.end(), [&](const TableUse& use) {
    return use.database == planned.catalog && use.schema == planned.schema && use.table == planned.table;
  });
  if (!named) return;
  column.schema = planned.schema;
  column.table = planned.table;
  column.column = planned.column;
  if (planned.catalog != kExternalCatalog) {
    column.table_number = planned.table_number;
    column.column_number = planned.column_number;
    return;
  }
  for (const ExternalSchema& schema : context.external_schemas) {
    if (schema.database == planned.schema) column.schema = schema.name;
  }
}

}  // namespace tarn::sql::engine
