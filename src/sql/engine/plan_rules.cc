#include "sql/engine/plan_rules.h"

#include <unordered_map>

#include "base/text.h"
#include "duckdb/function/aggregate/distributive_function_utils.hpp"
#include "duckdb/function/function_binder.hpp"
#include "duckdb/optimizer/column_binding_replacer.hpp"
#include "duckdb/optimizer/optimizer.hpp"
#include "duckdb/optimizer/optimizer_extension.hpp"
#include "duckdb/planner/operator/list.hpp"
#include "sql/engine/catalog.h"
#include "sql/engine/encode.h"
#include "sql/engine/functions.h"
#include "sql/engine/session_state.h"
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

constexpr int kMaxLength = 65535;
constexpr int kMaxDepth = 200;  // of expressions and operators that are looked through

// --- trailing blanks -------------------------------------------------------------------------------------------------------

bool is_trimmed(const Expression& e) {
  return e.GetExpressionClass() == ExpressionClass::BOUND_FUNCTION &&
         e.Cast<duckdb::BoundFunctionExpression>().function.name == "without_blanks";
}

void trim(ClientContext& context, unique_ptr<Expression>& e) {
  if (!is_text(e->return_type) || is_trimmed(*e)) return;
  if (e->GetExpressionType() == duckdb::ExpressionType::VALUE_CONSTANT) {
    auto& value = e->Cast<duckdb::BoundConstantExpression>().value;
    if (value.IsNull()) return;
    std::string text = duckdb::StringValue::Get(value);
    text.resize(text.find_last_not_of(' ') + 1);
    value = duckdb::Value(std::move(text));
    return;
  }
  const std::string alias = e->GetAlias();
  e = call(context, kFunctionSchema, "without_blanks", arguments(std::move(e)));
  e->SetAlias(alias);
}

// All text that the operator gives loses its trailing blanks: in its own select list, or in one put above it.
void trim_output(duckdb::OptimizerExtensionInput& input, unique_ptr<LogicalOperator>& op) {
  if (op->type == LogicalOperatorType::LOGICAL_PROJECTION) {
    for (auto& item : op->expressions) trim(input.context, item);
    return;
  }
  op->ResolveOperatorTypes();
  if (std::none_of(op->types.begin(), op->types.end(), is_text)) return;
  duckdb::vector<unique_ptr<Expression>> items;
  const auto bindings = op->GetColumnBindings();
  for (size_t i = 0; i < bindings.size(); ++i) {
    items.push_back(duckdb::make_uniq<duckdb::BoundColumnRefExpression>(op->types[i], bindings[i]));
    trim(input.context, items.back());
  }
  auto above =
      duckdb::make_uniq<duckdb::LogicalProjection>(input.optimizer.binder.GenerateTableIndex(), std::move(items));
  above->children.push_back(std::move(op));
  op = std::move(above);
}

void trim_windows(ClientContext& context, LogicalOperator& op) {
  for (auto& e : op.expressions) {
    if (e->GetExpressionClass() != ExpressionClass::BOUND_WINDOW) continue;
    auto& window = e->Cast<duckdb::BoundWindowExpression>();
    for (auto& partition : window.partitions) trim(context, partition);
    for (auto& order : window.orders) trim(context, order.expression);
  }
}

// The groups are made of texts without their trailing blanks; what is shown of one is the text of a row of it, as it is.
void trim_groups(ClientContext& context, LogicalOperator& root, duckdb::LogicalAggregate& aggregate) {
  duckdb::ColumnBindingReplacer shown;
  shown.stop_operator = aggregate;
  for (size_t i = 0; i < aggregate.groups.size(); ++i) {
    auto& group = aggregate.groups[i];
    if (!is_text(group->return_type) || is_trimmed(*group)) continue;
    if (aggregate.grouping_sets.size() <= 1 && group->GetExpressionType() != duckdb::ExpressionType::VALUE_CONSTANT) {
      duckdb::vector<unique_ptr<Expression>> text;
      text.push_back(group->Copy());
      auto first = duckdb::FunctionBinder(context).BindAggregateFunction(
          duckdb::FirstFunctionGetter::GetFunction(group->return_type), std::move(text));
      shown.replacement_bindings.emplace_back(ColumnBinding(aggregate.group_index, i),
                                              ColumnBinding(aggregate.aggregate_index, aggregate.expressions.size()));
      aggregate.expressions.push_back(std::move(first));
    }
    trim(context, group);
  }
  if (!shown.replacement_bindings.empty()) shown.VisitOperator(root);
  for (auto& e : aggregate.expressions) {
    if (e->GetExpressionClass() != ExpressionClass::BOUND_AGGREGATE) continue;
    auto& call = e->Cast<duckdb::BoundAggregateExpression>();
    const bool distinct = call.IsDistinct() || call.function.name == "approx_count_distinct";
    if (!distinct || call.children.empty()) continue;
    trim(context, call.children[0]);
  }
}

void ignore_blanks(duckdb::OptimizerExtensionInput& input, LogicalOperator& root, unique_ptr<LogicalOperator>& op) {
  auto& context = input.context;
  switch (op->type) {
    case LogicalOperatorType::LOGICAL_AGGREGATE_AND_GROUP_BY:
      trim_groups(context, root, op->Cast<duckdb::LogicalAggregate>());
      break;
    case LogicalOperatorType::LOGICAL_WINDOW: trim_windows(context, *op); break;
    case LogicalOperatorType::LOGICAL_ORDER_BY:
      for (auto& order : op->Cast<duckdb::LogicalOrder>().orders) {
        if (!is_super(order.expression->return_type)) continue;
        order.expression = call(context, kFunctionSchema, "super_sort_key", arguments(std::move(order.expression)));
      }
      break;
    case LogicalOperatorType::LOGICAL_DISTINCT:
      // Above a select list it is the list that changes; elsewhere the columns' bindings would.
      if (op->children[0]->type == LogicalOperatorType::LOGICAL_PROJECTION) trim_output(input, op->children[0]);
      break;
    case LogicalOperatorType::LOGICAL_UNION:
      if (op->Cast<duckdb::LogicalSetOperation>().setop_all) break;
      [[fallthrough]];
    case LogicalOperatorType::LOGICAL_EXCEPT:
    case LogicalOperatorType::LOGICAL_INTERSECT:
      for (auto& child : op->children) trim_output(input, child);
      break;
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
  for (auto& child : op->children) ignore_blanks(input, root, child);
}

// --- what is known of columns ----------------------------------------------------------------------------------------------

class Origins {
 public:
  explicit Origins(LogicalOperator& root) { add(root, 0); }
  PlannedColumn of(const ColumnBinding& binding, int depth = 0) const;
  PlannedColumn of(const Expression& expression, int depth = 0) const;

 private:
  void add(LogicalOperator& op, int depth);
  PlannedColumn of_get(const duckdb::LogicalGet& get, duckdb::idx_t index) const;
  PlannedColumn of_function(const duckdb::BoundFunctionExpression& function, int depth) const;

  std::unordered_map<duckdb::idx_t, LogicalOperator*> by_index_;  // by table index
  std::unordered_map<duckdb::idx_t, LogicalOperator*> ctes_;      // what a CTE's index stands for
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
    declared_length(std::string(split(column.Comment().ToString(), '|')[0]), result);
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
  return result;
}

PlannedColumn Origins::of(const ColumnBinding& binding, int depth) const {
  const auto found = by_index_.find(binding.table_index);
  if (found == by_index_.end() || depth > kMaxDepth) return {};
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

PlannedColumn Origins::of_function(const duckdb::BoundFunctionExpression& function, int depth) const {
  static constexpr std::string_view kKeep[] = {"upper", "lower",  "trim", "ltrim", "rtrim",         "reverse",
                                               "left",  "right", "substring_run", "translate", "initcap_run", "split_part_run"};
  const std::string& name = function.function.name;
  if (function.children.empty()) return {};
  if (name == "without_blanks") return of(*function.children[0], depth + 1);
  PlannedColumn result;
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
  } else if (name == "md5_run") {
    result.length = 32;
  } else if (name == "sha1_run") {
    result.length = 40;
  } else if (name == "soundex_run") {
    result.length = 4;
  }
  return result;
}

PlannedColumn Origins::of(const Expression& e, int depth) const {
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
      if (aggregate.children.empty() || !is_text(e.return_type) || name == "string_agg") return result;
      const PlannedColumn child = of(*aggregate.children[0], depth + 1);
      return either(child, child);
    }
    case ExpressionClass::BOUND_WINDOW: {
      const auto& window = e.Cast<duckdb::BoundWindowExpression>();
      if (window.children.empty() || !is_text(e.return_type) || window.aggregate) return result;
      const PlannedColumn child = of(*window.children[0], depth + 1);
      return either(child, child);
    }
    default: return result;
  }
}

// CHAR values leave with their blanks, intervals in Redshift's words.
void pad_output(duckdb::OptimizerExtensionInput& input, unique_ptr<LogicalOperator>& plan,
                std::vector<PlannedColumn>& columns) {
  plan->ResolveOperatorTypes();
  bool any = false;
  for (size_t i = 0; i < columns.size(); ++i) {
    columns[i].interval = plan->types[i].id() == duckdb::LogicalTypeId::INTERVAL;
    any = any || columns[i].padded || columns[i].interval;
  }
  if (!any) return;
  const auto bindings = plan->GetColumnBindings();
  duckdb::vector<unique_ptr<Expression>> items;
  for (size_t i = 0; i < bindings.size(); ++i) {
    items.push_back(duckdb::make_uniq<duckdb::BoundColumnRefExpression>(plan->types[i], bindings[i]));
    if (columns[i].interval) items.back() = as_text(input.context, std::move(items.back()));
    if (!columns[i].padded || columns[i].length == 0) continue;
    items.back() = call(input.context, kFunctionSchema, "pad_char",
                        arguments(std::move(items.back()), constant(duckdb::Value::INTEGER(columns[i].length))));
  }
  auto above =
      duckdb::make_uniq<duckdb::LogicalProjection>(input.optimizer.binder.GenerateTableIndex(), std::move(items));
  above->children.push_back(std::move(plan));
  plan = std::move(above);
}

// CREATE TABLE AS: the new columns are declared as their query's are.
void declare_columns(duckdb::LogicalCreateTable& create) {
  if (create.children.empty()) return;
  const Origins origins(*create.children[0]);
  const auto bindings = create.children[0]->GetColumnBindings();
  auto& columns = create.info->Base().columns;
  if (columns.LogicalColumnCount() != bindings.size()) return;
  for (size_t i = 0; i < bindings.size(); ++i) {
    auto& column = columns.GetColumnMutable(duckdb::LogicalIndex(i));
    if (!is_text(column.Type()) || !column.Comment().IsNull()) continue;
    const PlannedColumn known = origins.of(bindings[i]);
    if (known.length == 0) continue;
    column.SetComment(duckdb::Value((known.padded ? "character(" : "character varying(") +
                                    std::to_string(known.length) + ")|||||"));
  }
}

void before_optimizing(duckdb::OptimizerExtensionInput& input, unique_ptr<LogicalOperator>& plan) {
  const auto session = SessionState::of(input.context);
  if (!session || session->context.dialect != Dialect::kRedshift) return;
  ignore_blanks(input, *plan, plan);
  session->planned.clear();
  switch (plan->type) {
    case LogicalOperatorType::LOGICAL_CREATE_TABLE: return declare_columns(plan->Cast<duckdb::LogicalCreateTable>());
    case LogicalOperatorType::LOGICAL_INSERT:
    case LogicalOperatorType::LOGICAL_UPDATE:
    case LogicalOperatorType::LOGICAL_DELETE:
    case LogicalOperatorType::LOGICAL_MERGE_INTO:
    case LogicalOperatorType::LOGICAL_COPY_TO_FILE:
    case LogicalOperatorType::LOGICAL_EXPLAIN: return;
    default: break;
  }
  const Origins origins(*plan);
  for (const ColumnBinding& binding : plan->GetColumnBindings()) session->planned.push_back(origins.of(binding));
  pad_output(input, plan, session->planned);
}

}  // namespace

std::vector<PlannedColumn> planned_columns(duckdb::LogicalOperator& plan) {
  const Origins origins(plan);
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
    column.type = "interval";
    column.length = column.precision = 0;
  }
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
  if (planned.catalog != kExternalCatalog) return;
  for (const ExternalSchema& schema : context.external_schemas) {
    if (schema.database == planned.schema) column.schema = schema.name;
  }
}

void add_plan_rules(duckdb::DatabaseInstance& database) {
  duckdb::OptimizerExtension rules;
  rules.pre_optimize_function = before_optimizing;
  duckdb::DBConfig::GetConfig(database).optimizer_extensions.push_back(std::move(rules));
}

}  // namespace tarn::sql::engine
