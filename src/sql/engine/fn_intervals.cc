// Intervals: from and to Redshift's texts.
#include "sql/engine/errors.h"
#include "sql/engine/functions.h"
#include "sql/engine/values.h"
#include "sql/tokens_redshift_interval.h"

namespace tarn::sql::engine {
namespace {

using duckdb::interval_t;
using duckdb::LogicalType;
using duckdb::string_t;

void interval_text_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<interval_t, string_t>(input.data[0], result, input.size(), [&](interval_t value) {
    return duckdb::StringVector::AddString(result, interval_text({value.months, value.days, value.micros}));
  });
}

void text_to_interval(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<string_t, interval_t>(input.data[0], result, input.size(), [&](string_t text) {
    const auto value = parse_interval(text.GetString());
    const bool fits = value && std::abs(value->months) <= INT32_MAX && std::abs(value->days) <= INT32_MAX;
    if (!fits) raise_sql("22007", "invalid input syntax for type interval: \"" + text.GetString() + "\"");
    return interval_t{static_cast<int32_t>(value->months), static_cast<int32_t>(value->days), value->micros};
  });
}

// AWS: INTERVAL_CMP.
void interval_cmp(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::BinaryExecutor::Execute<interval_t, interval_t, int32_t>(
      input.data[0], input.data[1], result, input.size(), [](interval_t a, interval_t b) {
        return duckdb::Interval::GreaterThan(a, b) ? 1 : duckdb::Interval::GreaterThan(b, a) ? -1 : 0;
      });
}

duckdb::unique_ptr<duckdb::Expression> bind_interval_cmp(duckdb::FunctionBindExpressionInput& input) {
  auto a = converted(input.context, std::move(input.children[0]), LogicalType::INTERVAL);
  auto b = converted(input.context, std::move(input.children[1]), LogicalType::INTERVAL);
  return call(input.context, kFunctionSchema, "interval_cmp_run", arguments(std::move(a), std::move(b)));
}

}  // namespace

void add_intervals(Registry& registry) {
  const LogicalType interval = LogicalType::INTERVAL;
  registry.add(duckdb::ScalarFunction("interval_text", {interval}, LogicalType::VARCHAR, interval_text_run));
  duckdb::ScalarFunction parse("text_to_interval", {LogicalType::VARCHAR}, interval, text_to_interval);
  parse.errors = duckdb::FunctionErrors::CAN_THROW_RUNTIME_ERROR;
  registry.add(parse);
  registry.add(duckdb::ScalarFunction("interval_cmp_run", {interval, interval}, LogicalType::INTEGER, interval_cmp));
  registry.add(typed("interval_cmp", 2, bind_interval_cmp));
}

}  // namespace tarn::sql::engine
