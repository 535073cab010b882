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
#include "sql/engine/rewriter.h"
#include "sql/engine/session_state.h"
#include "sql/engine/text_filters.h"
#include "sql/engine/unnest_rule.h"
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
constexpr size_t kCountsInNumber = 4;  // of blank_counts
constexpr int kMaxDepth = 200;  // of expressions and operators that are looked through

// --- trailing blanks -------------------------------------------------------------------------------------------------------

void trim(ClientContext& context, unique_ptr<Expression>& e) {
  if (!is_text(e->return_type) || is_without_blanks(*e)) return;
  const std::string alias = e->GetAlias();
  e = text_without_blanks(context, std::move(e));
  e->SetAlias(alias);
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
  for (auto& target : targets) trim(context, target);
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
    trim(context, condition.left);
    trim(context, condition.right);
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
    for (auto& partition : window.partitions) trim(context, partition);
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
    if (is_text(group->return_type) && !is_without_blanks(*group) && !constant) texts.push_back(i);
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

void ignore_blanks(duckdb::OptimizerExtensionInput& input, LogicalOperator& root, unique_ptr<LogicalOperator>& op) {
  auto& context = input.context;
  switch (op->type) {
    case LogicalOperatorType::LOGICAL_AGGREGATE_AND_GROUP_BY:
      for (auto& child : op->children) ignore_blanks(input, root, child);
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
      for (auto& target : op->Cast<duckdb::LogicalDistinct>().distinct_targets) trim(context, target);
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

unique_ptr<Expression> interval_shown(ClientContext& context, unique_ptr<Expression> value, char kind) {
  if (kind == 0) return as_text(context, std::move(value));
  return call(context, kFunctionSchema, "interval_words",
              arguments(std::move(value), constant(duckdb::Value::BOOLEAN(kind == 'y'))));
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
    if (columns[i].interval) items.back() = interval_shown(input.context, std::move(items.back()), columns[i].interval_kind);
    if (!columns[i].padded || columns[i].length == 0) continue;
    items.back() = call(input.context, kFunctionSchema, "pad_char",
                        arguments(std::move(items.back()), constant(duckdb::Value::INTEGER(columns[i].length))));
  }
  auto above =
      duckdb::make_uniq<duckdb::LogicalProjection>(input.optimizer.binder.GenerateTableIndex(), std::move(items));
  above->children.push_back(std::move(plan));
  plan = std::move(above);
}

// CREATE TABLE AS: the new columns are declared as their query's are, and by the statement's DISTKEY and SORTKEY (kDesignTag).
void declare_columns(duckdb::LogicalCreateTable& create) {
  if (create.children.empty()) return;
  const Origins origins(*create.children[0]);
  const auto bindings = create.children[0]->GetColumnBindings();
  auto& info = create.info->Base();
  auto& columns = info.columns;
  if (columns.LogicalColumnCount() != bindings.size()) return;
  for (size_t i = 0; i < bindings.size(); ++i) {
    auto& column = columns.GetColumnMutable(duckdb::LogicalIndex(i));
    if (!column.Comment().IsNull()) continue;
    const std::string declared = declared_text(column.Type(), origins.of(bindings[i]));
    auto design = info.tags.find(kDesignTag + lower(column.Name()));
    if (design == info.tags.end()) design = info.tags.find(std::string(kDesignTag) + "#" + std::to_string(i + 1));
    const std::string comment = declared + "|||" + (design == info.tags.end() ? "||" : design->second);
    if (comment != "|||||") column.SetComment(duckdb::Value(comment));
  }
  info.tags = duckdb::InsertionOrderPreservingMap<duckdb::string>();
}

void before_optimizing(duckdb::OptimizerExtensionInput& input, unique_ptr<LogicalOperator>& plan) {
  const auto session = SessionState::of(input.context);
  if (!session || session->context.dialect != Dialect::kRedshift) return;
  unnest_in_place(input.context, plan);
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

std::string declared_text(const duckdb::LogicalType& type, const PlannedColumn& column) {
  if (is_text(type) && column.length > 0)
    return (column.padded ? "character(" : "character varying(") + std::to_string(column.length) + ")";
  if (column.geography) return "geography";
  if (column.interval_kind == 0) return "";
  return column.interval_kind == 'y' ? "interval year to month" : "interval day to second";
}

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

void add_plan_rules(duckdb::DatabaseInstance& database) {
  duckdb::OptimizerExtension rules;
  rules.pre_optimize_function = before_optimizing;
  duckdb::DBConfig::GetConfig(database).optimizer_extensions.push_back(std::move(rules));
}

}  // namespace tarn::sql::engine
