// Casts: what CAST(x AS t) and implicit conversions do, and how a value is fitted to VARCHAR(n) and CHAR(n).
#include <algorithm>
#include <charconv>
#include <optional>

#include "base/text.h"
#include "sql/engine/date_format.h"
#include "sql/engine/encode.h"
#include "sql/engine/errors.h"
#include "sql/engine/functions.h"
#include "sql/engine/session_state.h"
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
  if (type.id() == LogicalTypeId::INTERVAL)
    return call(context, kFunctionSchema, "interval_text", arguments(std::move(value)));
  if (type.id() == LogicalTypeId::BLOB && !type.HasAlias())
    return call(context, kFunctionSchema, "from_varbyte", arguments(std::move(value), constant(duckdb::Value("utf8"))));
  return cast_to(context, std::move(value), LogicalType::VARCHAR);
}

// The literals 'now', 'today', 'tomorrow' and 'yesterday'. AWS: date, time, and timestamp literals, special datetime values.
static std::optional<duckdb::Value> special_moment(ClientContext& context, const Expression& text) {
  if (text.GetExpressionType() != duckdb::ExpressionType::VALUE_CONSTANT) return std::nullopt;
  const auto& value = text.Cast<duckdb::BoundConstantExpression>().value;
  const auto session = SessionState::of(context);
  if (value.IsNull() || !session) return std::nullopt;
  const std::string word = lower(trim(duckdb::StringValue::Get(value)));
  const duckdb::timestamp_t now(session->context.now.micros);
  const auto day = [&](int32_t ahead) { return duckdb::Value::DATE(duckdb::date_t(duckdb::Timestamp::GetDate(now).days + ahead)); };
  if (word == "now") return duckdb::Value::TIMESTAMP(now);
  if (word == "today") return day(0);
  if (word == "tomorrow") return day(1);
  if (word == "yesterday") return day(-1);
  return std::nullopt;
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
  if (is_super(from)) {  // lax: what is of another kind is NULL
    if (type.IsNumeric()) {
      return cast_to(context, call(context, kFunctionSchema, "super_number", arguments(std::move(value))), type, true);
    }
    if (type.id() == LogicalTypeId::BOOLEAN)
      return call(context, kFunctionSchema, "super_boolean", arguments(std::move(value)));
    return cast_to(context, call(context, kFunctionSchema, "super_string", arguments(std::move(value))), type, true);
  }
  if (is_text(from) && type.id() == LogicalTypeId::BLOB && !type.HasAlias()) {
    return call(context, kFunctionSchema, "to_varbyte", arguments(std::move(value), constant(duckdb::Value("utf8"))));
  }
  if (is_text(from) && type.id() == LogicalTypeId::INTERVAL && !try_cast) {
    return call(context, kFunctionSchema, "text_to_interval", arguments(std::move(value)));
  }
  if (is_text(from) && type.IsIntegral() && !try_cast) {
    return cast_to(context, call(context, kFunctionSchema, "text_to_integer", arguments(std::move(value))), type);
  }
  if (is_text(from) && type.IsTemporal()) {
    if (const auto moment = special_moment(context, *value)) return cast_to(context, constant(*moment), type, try_cast);
  }
  if (is_text(from) && type.id() == LogicalTypeId::DATE && !try_cast) {
    return call(context, kFunctionSchema, "text_to_date", arguments(std::move(value)));
  }
  if (is_text(from) && type.id() == LogicalTypeId::TIMESTAMP && !try_cast) {
    return call(context, kFunctionSchema, "text_to_timestamp", arguments(std::move(value)));
  }
  if (is_text(from) && type.id() == LogicalTypeId::TIMESTAMP_TZ) {
    value = call(context, kFunctionSchema, "zoned_timestamp", arguments(std::move(value)));
  }
  if (is_text(from) && type.id() == LogicalTypeId::TIME_TZ) {
    value = call(context, kFunctionSchema, "zoned_time", arguments(std::move(value)));
  }
  if (is_text(from) && type.id() == LogicalTypeId::BOOLEAN && !try_cast) {
    return call(context, kFunctionSchema, "text_to_boolean", arguments(std::move(value)));
  }
  return cast_to(context, std::move(value), type, try_cast);
}

namespace {

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
  return scalar(name, {LogicalType::VARCHAR, LogicalType::INTEGER}, LogicalType::VARCHAR, fit_run<fit>);
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

// AWS: date and timestamp input. ISO first; then 01/31/2024, 01-31-2024, 31-Jan-2024, Jan 31, 2024, January 31 2024, 20240131.
std::optional<duckdb::date_t> date_of(std::string_view text) {
  duckdb::date_t date;
  duckdb::idx_t end = 0;
  bool special = false;
  text = trim(text);
  if (duckdb::Date::TryConvertDate(text.data(), text.size(), end, date, special, true) ==
      duckdb::DateCastResult::SUCCESS) {
    return date;
  }
  static constexpr const char* kForms[] = {"MM/DD/YYYY", "MM-DD-YYYY", "MM.DD.YYYY", "DD-Mon-YYYY", "Mon DD, YYYY", "Month DD, YYYY",
                                           "YYYYMMDD"};
  for (const char* form : kForms) {
    const std::string_view pattern = form;
    const bool digits = pattern == "YYYYMMDD";
    if (digits && (text.size() != 8 || text.find_first_not_of("0123456789") != std::string_view::npos)) continue;
    if (const auto micros = parse_time(std::string(text), form)) {
      return duckdb::Timestamp::GetDate(duckdb::timestamp_t(*micros));
    }
  }
  return std::nullopt;
}

std::optional<duckdb::timestamp_t> timestamp_of(string_t text) {
  duckdb::timestamp_t time;
  if (duckdb::Timestamp::TryConvertTimestamp(text.GetData(), text.GetSize(), time, false) ==
      duckdb::TimestampCastResult::SUCCESS) {
    return time;
  }
  const std::string_view written = trim(view(text));
  const size_t clock = written.find(':');
  const size_t blank = clock == std::string_view::npos ? written.size() : written.rfind(' ', clock);
  if (blank == std::string_view::npos) return std::nullopt;
  const auto date = date_of(written.substr(0, blank));
  const std::string rest(trim(written.substr(std::min(blank, written.size()))));
  const bool halves = !rest.empty() && std::toupper(static_cast<unsigned char>(rest.back())) == 'M';
  const auto micros = rest.empty() ? std::optional<int64_t>(0)
                                   : parse_time(rest, !halves                               ? "HH24:MI:SS.US"
                                                      : rest.find('.') != std::string::npos ? "HH12:MI:SS.US AM"
                                                                                            : "HH12:MI:SS AM");
  if (!date || !micros) return std::nullopt;
  constexpr int64_t kDayMicros = 86'400'000'000;
  const int64_t of_day = ((*micros % kDayMicros) + kDayMicros) % kDayMicros;
  return duckdb::timestamp_t(int64_t{date->days} * kDayMicros + of_day);
}

void text_to_date(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<string_t, duckdb::date_t>(input.data[0], result, input.size(), [](string_t text) {
    // A time behind the date is cut.
    std::string_view written = trim(view(text));
    if (const auto date = date_of(written)) return *date;
    const size_t clock = written.find(':');
    const size_t blank = clock == std::string_view::npos ? clock : written.rfind(' ', clock);
    if (blank != std::string_view::npos) {
      if (const auto date = date_of(written.substr(0, blank))) return *date;
    }
    raise_sql("22007", "invalid input syntax for type date: \"" + text.GetString() + "\"");
  });
}

void text_to_timestamp(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<string_t, duckdb::timestamp_t>(input.data[0], result, input.size(), [](string_t text) {
    if (const auto time = timestamp_of(text)) return *time;
    raise_sql("22007", "invalid input syntax for type timestamp: \"" + text.GetString() + "\"");
  });
}

// A time with a zone, as the engine reads it: '1.12.1997 07:37 PST' is '1997-01-12 07:37:00-08'. Of a time alone the date goes.
std::string zoned_text(std::string_view text, bool with_date) {
  text = trim(text);
  const size_t clock = text.find(':');
  if (clock == std::string_view::npos) return std::string(text);
  const size_t blank = text.rfind(' ', clock);
  const bool dated = blank != std::string_view::npos;
  const size_t end = std::min(text.find_first_not_of("0123456789:.", clock), text.size());
  std::string day(dated ? text.substr(0, blank) : "");
  std::string time(text.substr(dated ? blank + 1 : 0, end - (dated ? blank + 1 : 0)));
  std::string zone(trim(text.substr(end)));
  if (dated && with_date) {
    if (const auto date = date_of(day)) day = duckdb::Date::ToString(*date);
  }
  if (std::count(time.begin(), time.end(), ':') == 1) time += ":00";
  if (const auto west = hours_west(lower(zone))) {
    const int hours = std::abs(*west);
    zone = (*west > 0 ? "-" : "+") + std::string(hours < 10 ? "0" : "") + std::to_string(hours);
  }
  const bool named = !zone.empty() && std::isalpha(static_cast<unsigned char>(zone[0]));
  return (dated && with_date ? day + " " : "") + time + (named ? " " : "") + zone;
}

template <bool with_date>
void zoned_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<string_t, string_t>(input.data[0], result, input.size(), [&](string_t value) {
    return StringVector::AddString(result, zoned_text(view(value), with_date));
  });
}

void text_to_boolean(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<string_t, bool>(input.data[0], result, input.size(), [](string_t text) {
    const std::string word = lower(trim(view(text)));
    for (const char* yes : {"t", "true", "y", "yes", "1"})
      if (word == yes) return true;
    for (const char* no : {"f", "false", "n", "no", "0"})
      if (word == no) return false;
    raise_sql("22P02", "invalid input syntax for type boolean: \"" + text.GetString() + "\"");
  });
}

void double_text_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<double, string_t>(input.data[0], result, input.size(), [&](double value) {
    return StringVector::AddString(result, double_text(value));
  });
}

}  // namespace

std::optional<int64_t> read_time(std::string_view text) {
  const auto time = timestamp_of(string_t(text.data(), static_cast<uint32_t>(text.size())));
  return time ? std::optional<int64_t>(time->value) : std::nullopt;
}

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
  registry.add(scalar("text_to_integer", {LogicalType::VARCHAR}, LogicalType::BIGINT, text_to_integer));
  registry.add(scalar("text_to_date", {LogicalType::VARCHAR}, LogicalType::DATE, text_to_date));
  registry.add(scalar("zoned_timestamp", {LogicalType::VARCHAR}, LogicalType::VARCHAR, zoned_run<true>));
  registry.add(scalar("zoned_time", {LogicalType::VARCHAR}, LogicalType::VARCHAR, zoned_run<false>));
  registry.add(scalar("text_to_boolean", {LogicalType::VARCHAR}, LogicalType::BOOLEAN, text_to_boolean));
  registry.add(scalar("text_to_timestamp", {LogicalType::VARCHAR}, LogicalType::TIMESTAMP, text_to_timestamp));
  registry.add(duckdb::ScalarFunction("double_text", {LogicalType::DOUBLE}, LogicalType::VARCHAR, double_text_run));
}

}  // namespace tarn::sql::engine
