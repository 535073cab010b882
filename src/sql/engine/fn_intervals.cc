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

// An interval of years and months, or of days and times: what the other kind holds, and what is smaller than the field, is cut.
// AWS: interval types, and interval_forbid_composite_literals = false, the default.
enum Field { kYear, kMonth, kDay, kHour, kMinute, kSecond };
constexpr int64_t kSecondMicros = 1'000'000, kMinuteMicros = 60 * kSecondMicros, kHourMicros = 60 * kMinuteMicros,
                  kDayMicros = 24 * kHourMicros;

interval_t months_to(interval_t value, int field) {
  return {field == kYear ? value.months / 12 * 12 : value.months, 0, 0};
}
interval_t time_to(interval_t value, int field) {
  static constexpr int64_t kUnits[] = {1, 1, kDayMicros, kHourMicros, kMinuteMicros, 1};
  const int64_t unit = kUnits[field];
  const int64_t total = (int64_t{value.days} * kDayMicros + value.micros) / unit * unit;
  return {0, static_cast<int32_t>(total / kDayMicros), total % kDayMicros};
}

template <bool years>
void interval_kind(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  const int field = input.ColumnCount() > 1 ? input.data[1].GetValue(0).GetValue<int32_t>() : years ? kMonth : kSecond;
  duckdb::UnaryExecutor::Execute<interval_t, interval_t>(
      input.data[0], result, input.size(),
      [&](interval_t value) { return years ? months_to(value, field) : time_to(value, field); });
}

// "1 years 2 mons", "3 days 4 hours 5 mins 6.7 secs". AWS: interval literals' examples.
void interval_words(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  const bool years = input.data[1].GetValue(0).GetValue<bool>();
  duckdb::UnaryExecutor::Execute<interval_t, string_t>(input.data[0], result, input.size(), [&](interval_t value) {
    if (years) {
      return duckdb::StringVector::AddString(
          result, std::to_string(value.months / 12) + " years " + std::to_string(value.months % 12) + " mons");
    }
    const interval_t time = time_to(value, kSecond);
    const int64_t second = time.micros % kMinuteMicros;
    std::string fraction = std::to_string(std::abs(second % kSecondMicros));
    fraction.insert(0, 6 - fraction.size(), '0');
    fraction.resize(std::max<size_t>(1, fraction.find_last_not_of('0') + 1));
    const char* sign = second < 0 && second > -kSecondMicros ? "-" : "";
    return duckdb::StringVector::AddString(
        result, std::to_string(time.days) + " days " + std::to_string(time.micros / kHourMicros) + " hours " +
                    std::to_string(time.micros % kHourMicros / kMinuteMicros) + " mins " + sign +
                    std::to_string(second / kSecondMicros) + "." + fraction + " secs");
  });
}

// SUM of intervals: months by themselves, days and times together.
struct IntervalSum {
  bool any;
  int64_t months, days, micros;
};

struct SumIntervals {
  template <class State>
  static void Initialize(State& state) {
    state = State{};
  }
  static void add(IntervalSum& state, int64_t months, int64_t days, int64_t micros) {
    state.any = true;
    state.months += months;
    state.days += days + micros / kDayMicros;
    state.micros += micros % kDayMicros;
    state.days += state.micros / kDayMicros;
    state.micros %= kDayMicros;
  }
  template <class Input, class State, class Operation_>
  static void Operation(State& state, const Input& value, duckdb::AggregateUnaryInput&) {
    add(state, value.months, value.days, value.micros);
  }
  template <class Input, class State, class Operation_>
  static void ConstantOperation(State& state, const Input& value, duckdb::AggregateUnaryInput& input,
                                duckdb::idx_t count) {
    for (duckdb::idx_t i = 0; i < count; ++i) Operation<Input, State, Operation_>(state, value, input);
  }
  template <class State, class Operation_>
  static void Combine(const State& from, State& into, duckdb::AggregateInputData&) {
    if (from.any) add(into, from.months, from.days, from.micros);
  }
  template <class Result, class State>
  static void Finalize(State& state, Result& result, duckdb::AggregateFinalizeData& data) {
    if (!state.any) return data.ReturnNull();
    if (std::abs(state.months) > INT32_MAX || std::abs(state.days) > INT32_MAX)
      raise_sql("22008", "interval out of range");
    result = {static_cast<int32_t>(state.months), static_cast<int32_t>(state.days), state.micros};
  }
  static bool IgnoreNull() { return true; }
};

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
  auto sums = registry.native_aggregates("sum");
  sums.AddFunction(
      duckdb::AggregateFunction::UnaryAggregate<IntervalSum, interval_t, interval_t, SumIntervals>(interval, interval));
  registry.add(std::move(sums));
  const auto add_kind = [&](const char* name, duckdb::scalar_function_t run) {
    duckdb::ScalarFunctionSet set(name);
    set.AddFunction(duckdb::ScalarFunction({interval}, interval, run));
    set.AddFunction(duckdb::ScalarFunction({interval, LogicalType::INTEGER}, interval, run));
    registry.add(std::move(set));
  };
  add_kind("interval_y2m", interval_kind<true>);
  add_kind("interval_d2s", interval_kind<false>);
  registry.add(duckdb::ScalarFunction("interval_words", {interval, LogicalType::BOOLEAN}, LogicalType::VARCHAR, interval_words));
}

}  // namespace tarn::sql::engine
