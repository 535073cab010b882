#include "sql/engine/plan_rules.h"

#include "base/text.h"
#include "duckdb/optimizer/optimizer.hpp"
#include "duckdb/optimizer/optimizer_extension.hpp"
#include "duckdb/planner/operator/list.hpp"
#include "sql/engine/functions.h"
#include "sql/engine/plan_blanks.h"
#include "sql/engine/plan_sets.h"
#include "sql/engine/session_state.h"
#include "sql/engine/unnest_rule.h"
#include "sql/engine/values.h"

namespace tarn::sql::engine {
namespace {

using duckdb::ClientContext;
using duckdb::Expression;
using duckdb::LogicalOperator;
using duckdb::LogicalOperatorType;
using duckdb::unique_ptr;

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
  const auto planned = planned_columns(*create.children[0]);
  auto& info = create.info->Base();
  auto& columns = info.columns;
  if (columns.LogicalColumnCount() != planned.size()) return;
  for (size_t i = 0; i < planned.size(); ++i) {
    auto& column = columns.GetColumnMutable(duckdb::LogicalIndex(i));
    if (!column.Comment().IsNull()) continue;
    const std::string declared = declared_text(column.Type(), planned[i]);
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
  plan->ResolveOperatorTypes();
  refuse_mixed_sets(*plan);
  unnest_in_place(input.context, plan);
  ignore_trailing_blanks(input, *plan, plan);
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
  session->planned = planned_columns(*plan);
  pad_output(input, plan, session->planned);
}

}  // namespace

void add_plan_rules(duckdb::DatabaseInstance& database) {
  duckdb::OptimizerExtension rules;
  rules.pre_optimize_function = before_optimizing;
  duckdb::DBConfig::GetConfig(database).optimizer_extensions.push_back(std::move(rules));
}

}  // namespace tarn::sql::engine
