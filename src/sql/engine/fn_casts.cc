// Casts: what CAST(x AS t) and implicit conversions do, and how a value is fitted to VARCHAR(n) and CHAR(n).
#include <charconv>

#include "base/text.h"
#include "sql/engine/encode.h"
#include "sql/engine/errors.h"
#include "sql/engine/functions.h"
#include "sql/engine/values.h"

namespace tarn::sql::engine {

using duckdb::ClientContext;
using duckdb::Expression;
using duckdb::FunctionBindExpressionInput;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::string_t;
using duckdb::StringVector;
using duckdb::unique_ptr;

bool is_text(const LogicalType& type) {
  return type.id() == LogicalTypeId::VARCHAR && !is_super(type);
}

duckdb::vector<unique_ptr<Expression>> arguments(unique_ptr<Expression> a) {
  duckdb::vector<unique_ptr<Expression>> list;
  list.push_back(std::move(a));
  return list;
}
duckdb::vector<unique_ptr<Expression>> arguments(unique_ptr<Expression> a, unique_ptr<Expression> b) {
  auto list = arguments(std::move(a));
  list.push_back(std::move(b));
  return list;
}

unique_ptr<Expression> as_text(ClientContext& context, unique_ptr<Expression> value) {
  const LogicalType& type = value->return_type;
  if (is_text(type)) return value;
  if (type.IsFloating()) {
    return call(context, kFunctionSchema, "double_text",
                arguments(cast_to(context, std::move(value), LogicalType::DOUBLE)));
  }
  if (is_super(type)) return call(context, kFunctionSchema, "super_text", arguments(std::move(value)));
  return cast_to(context, std::move(value), LogicalType::VARCHAR);
}

unique_ptr<Expression> converted(ClientContext& context, unique_ptr<Expression> value, const LogicalType& type,
                                 bool try_cast) {
  const LogicalType from = value->return_type;
  if (from == type || from.id() == LogicalTypeId::SQLNULL) return cast_to(context, std::move(value), type, try_cast);
  if (is_text(type)) return as_text(context, std::move(value));
  if (is_super(type)) {
    auto json = call(context, "main", "to_json", arguments(std::move(value)));
    return cast_to(context, std::move(json), type);
  }
  if (is_super(from)) {
    if (type.IsNumeric()) {
      return cast_to(context, call(context, kFunctionSchema, "super_number", arguments(std::move(value))), type,
                     try_cast);
    }
    if (type.id() == LogicalTypeId::BOOLEAN)
      return call(context, kFunctionSchema, "super_boolean", arguments(std::move(value)));
    return cast_to(context, call(context, kFunctionSchema, "super_text", arguments(std::move(value))), type, try_cast);
  }
  if (is_text(from) && type.IsIntegral() && !try_cast) {
    return cast_to(context, call(context, kFunctionSchema, "text_to_integer", arguments(std::move(value))), type);
  }
  if (is_text(from) && type.id() == LogicalTypeId::DATE && !try_cast) {
    return call(context, kFunctionSchema, "text_to_date", arguments(std::move(value)));
  }
  return cast_to(context, std::move(value), type, try_cast);
}

namespace {

std::string_view view(const string_t& text) {
  return {text.GetData(), text.GetSize()};
}

// The first n bytes, without a character cut in half.
std::string_view first_bytes(std::string_view text, int32_t n) {
  if (text.size() <= static_cast<size_t>(n)) return text;
  size_t end = static_cast<size_t>(n);
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

std::string_view without_trailing_blanks(std::string_view text) {
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

enum class Fit { kCut, kCutChar, kFitVarchar, kFitChar };

template <Fit fit>
void fit_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::BinaryExecutor::Execute<string_t, int32_t, string_t>(
      input.data[0], input.data[1], result, input.size(), [&](string_t value, int32_t n) {
        std::string_view text = view(value);
        if (fit == Fit::kCutChar || fit == Fit::kFitChar) text = without_trailing_blanks(text);
        if (text.size() > static_cast<size_t>(n)) {
          if (fit == Fit::kFitVarchar || fit == Fit::kFitChar) {
            if (without_trailing_blanks(text).size() > static_cast<size_t>(n)) {
              raise_sql("22001", std::string("value too long for type character") +
                                     (fit == Fit::kFitChar ? "(" : " varying(") + std::to_string(n) + ")");
            }
          }
          text = first_bytes(text, n);
        }
        return StringVector::AddString(result, text.data(), text.size());
      });
}

template <Fit fit>
duckdb::ScalarFunction fit_function(const char* name) {
  duckdb::ScalarFunction function(name, {LogicalType::VARCHAR, LogicalType::INTEGER}, LogicalType::VARCHAR,
                                  fit_run<fit>);
  function.errors = duckdb::FunctionErrors::CAN_THROW_RUNTIME_ERROR;
  return function;
}

template <int which>
unique_ptr<Expression> bind_fit(FunctionBindExpressionInput& input) {
  static constexpr const char* kRuns[] = {"cut_run", "cut_char_run", "fit_varchar_run", "fit_char_run"};
  if (!is_text(input.children[0]->return_type) && input.children[0]->return_type.id() == LogicalTypeId::BLOB) {
    return std::move(input.children[0]);
  }
  auto text = converted(input.context, std::move(input.children[0]), LogicalType::VARCHAR);
  return call(input.context, kFunctionSchema, kRuns[which], arguments(std::move(text), std::move(input.children[1])));
}

unique_ptr<Expression> bind_cast(FunctionBindExpressionInput& input) {
  return converted(input.context, std::move(input.children[0]), input.children[1]->return_type);
}
unique_ptr<Expression> bind_try_cast(FunctionBindExpressionInput& input) {
  return converted(input.context, std::move(input.children[0]), input.children[1]->return_type, true);
}
unique_ptr<Expression> bind_as_text(FunctionBindExpressionInput& input) {
  return as_text(input.context, std::move(input.children[0]));
}

void text_to_integer(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<string_t, int64_t>(input.data[0], result, input.size(), [](string_t text) {
    std::string_view digits = trim(view(text));
    if (digits.starts_with('+')) digits.remove_prefix(1);
    int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error == std::errc::result_out_of_range)
      raise_sql("22003", "value \"" + text.GetString() + "\" is out of range for type bigint");
    if (error != std::errc() || end != digits.data() + digits.size() || digits.empty()) {
      raise_sql("22P02", "invalid input syntax for integer: \"" + text.GetString() + "\"");
    }
    return value;
  });
}

// ISO first; then 01/31/2024 and 31-Jan-2024 as Redshift's DATE takes them.
void text_to_date(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<string_t, duckdb::date_t>(input.data[0], result, input.size(), [](string_t text) {
    duckdb::date_t date;
    duckdb::idx_t end = 0;
    bool special = false;
    if (duckdb::Date::TryConvertDate(text.GetData(), text.GetSize(), end, date, special, false) ==
        duckdb::DateCastResult::SUCCESS) {
      return date;
    }
    const auto parts = split(trim(view(text)), '/');
    if (parts.size() == 3) {
      const auto month = parse_int(parts[0]), day = parse_int(parts[1]), year = parse_int(parts[2]);
      if (month && day && year &&
          duckdb::Date::TryFromDate(static_cast<int32_t>(*year), static_cast<int32_t>(*month),
                                    static_cast<int32_t>(*day), date)) {
        return date;
      }
    }
    raise_sql("22007", "invalid input syntax for type date: \"" + text.GetString() + "\"");
  });
}

void double_text_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<double, string_t>(input.data[0], result, input.size(), [&](double value) {
    return StringVector::AddString(result, double_text(value));
  });
}

duckdb::ScalarFunction throwing(duckdb::ScalarFunction function) {
  function.errors = duckdb::FunctionErrors::CAN_THROW_RUNTIME_ERROR;
  return function;
}

}  // namespace

void add_casts(Registry& registry) {
  registry.add(typed("cast_as", 2, bind_cast));
  registry.add(typed("try_cast_as", 2, bind_try_cast));
  registry.add(typed("as_text", 1, bind_as_text));
  registry.add(typed("cut", 2, bind_fit<0>));
  registry.add(typed("cut_char", 2, bind_fit<1>));
  registry.add(typed("fit_varchar", 2, bind_fit<2>));
  registry.add(typed("fit_char", 2, bind_fit<3>));
  registry.add(fit_function<Fit::kCut>("cut_run"));
  registry.add(fit_function<Fit::kCutChar>("cut_char_run"));
  registry.add(fit_function<Fit::kFitVarchar>("fit_varchar_run"));
  registry.add(fit_function<Fit::kFitChar>("fit_char_run"));
  registry.add(throwing({"text_to_integer", {LogicalType::VARCHAR}, LogicalType::BIGINT, text_to_integer}));
  registry.add(throwing({"text_to_date", {LogicalType::VARCHAR}, LogicalType::DATE, text_to_date}));
  registry.add(duckdb::ScalarFunction("double_text", {LogicalType::DOUBLE}, LogicalType::VARCHAR, double_text_run));
}

}  // namespace tarn::sql::engine
