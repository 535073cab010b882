#include "sql/engine/load_defaults.h"

#include "duckdb/planner/binder.hpp"
#include "duckdb/planner/expression_binder/constant_binder.hpp"
#include "duckdb/transaction/meta_transaction.hpp"

namespace tarn::sql::engine {

LoadDefaults::LoadDefaults(duckdb::ClientContext& context, duckdb::TableCatalogEntry& table) : context_(context) {
  duckdb::MetaTransaction::Get(context).ModifyDatabase(table.ParentCatalog().GetAttached());
  const auto binder = duckdb::Binder::CreateBinder(context);
  for (const auto& column : table.GetColumns().Logical()) {
    fixed_.emplace_back(duckdb::Value(column.Type()));
    values_.emplace_back();
    if (!column.HasDefaultValue()) continue;
    duckdb::ConstantBinder constants(*binder, context, "DEFAULT value");
    constants.target_type = column.Type();
    auto written = column.DefaultValue().Copy();
    values_.back() = constants.Bind(written);
    fixed_.back().reset();
    if (values_.back()->IsFoldable())
      fixed_.back() = duckdb::ExpressionExecutor::EvaluateScalar(context, *values_.back());
  }
  not_null_.resize(values_.size());
  for (const auto& constraint : table.GetConstraints())
    if (constraint->type == duckdb::ConstraintType::NOT_NULL)
      not_null_[constraint->Cast<duckdb::NotNullConstraint>().index.index] = true;
}

duckdb::Value LoadDefaults::next(size_t column) {
  if (fixed_[column]) return *fixed_[column];
  return duckdb::ExpressionExecutor::EvaluateScalar(context_, *values_[column], true);
}

}  // namespace tarn::sql::engine
