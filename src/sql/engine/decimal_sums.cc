#include "duckdb/optimizer/optimizer_extension.hpp"
#include "sql/engine/decimals.h"

namespace tarn::sql::engine {
namespace {

using duckdb::AggregateFunction;
using duckdb::hugeint_t;

struct Sum {
  hugeint_t value;  // may pass 38 digits on the way
  bool any;
};

[[noreturn]] void overflow() {
  throw duckdb::OutOfRangeException("Decimal overflow");  // each dialect has its own words
}

struct AddUp {
  static void Initialize(Sum& sum) { sum = {hugeint_t(0), false}; }
  static bool IgnoreNull() { return true; }

  static void add(Sum& sum, __int128 value) {
    __int128 total = 0;
    if (__builtin_add_overflow(wide(sum.value), value, &total)) overflow();
    sum = {huge(total), true};
  }
  template <class Input, class State, class Op>
  static void Operation(State& sum, const Input& value, duckdb::AggregateUnaryInput&) {
    add(sum, wide(value));
  }
  template <class Input, class State, class Op>
  static void ConstantOperation(State& sum, const Input& value, duckdb::AggregateUnaryInput&, duckdb::idx_t count) {
    __int128 product = 0;
    if (__builtin_mul_overflow(wide(value), static_cast<__int128>(count), &product)) overflow();
    add(sum, product);
  }
  template <class State, class Op>
  static void Combine(const State& from, State& to, duckdb::AggregateInputData&) {
    if (from.any) add(to, wide(from.value));
  }
  template <class Result, class State>
  static void Finalize(State& sum, Result& result, duckdb::AggregateFinalizeData& finalize) {
    if (!sum.any) return finalize.ReturnNull();
    result = sum.value;
    if (wide(result) >= kTooWide || wide(result) <= -kTooWide) overflow();
  }
};

void use(AggregateFunction& function, duckdb::FunctionData* data) {
  if (function.name != "sum" || data != nullptr || function.arguments.size() != 1) return;
  const auto& type = function.arguments[0];
  if (type.id() != duckdb::LogicalTypeId::DECIMAL || type.InternalType() != duckdb::PhysicalType::INT128) return;
  auto made = AggregateFunction::UnaryAggregate<Sum, hugeint_t, hugeint_t, AddUp>(type, function.return_type);
  made.name = function.name;
  made.order_dependent = function.order_dependent;
  function = std::move(made);
}

void use_in(duckdb::LogicalOperator& op) {
  for (auto& e : op.expressions) {
    if (e->GetExpressionClass() == duckdb::ExpressionClass::BOUND_AGGREGATE) {
      auto& call = e->Cast<duckdb::BoundAggregateExpression>();
      use(call.function, call.bind_info.get());
    } else if (e->GetExpressionClass() == duckdb::ExpressionClass::BOUND_WINDOW) {
      auto& call = e->Cast<duckdb::BoundWindowExpression>();
      if (call.aggregate) use(*call.aggregate, call.bind_info.get());
    }
  }
  for (auto& child : op.children) use_in(*child);
}

}  // namespace

void add_decimal_sums(duckdb::DatabaseInstance& database) {
  duckdb::OptimizerExtension rule;
  rule.optimize_function = [](duckdb::OptimizerExtensionInput&, duckdb::unique_ptr<duckdb::LogicalOperator>& plan) {
    use_in(*plan);
  };
  duckdb::DBConfig::GetConfig(database).optimizer_extensions.push_back(std::move(rule));
}

}  // namespace tarn::sql::engine
