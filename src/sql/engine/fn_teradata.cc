#include <algorithm>

#include "base/text.h"
#include "sql/engine/errors.h"
#include "sql/engine/teradata.h"
#include "sql/engine/values.h"

namespace tarn::sql::engine {
namespace {

using duckdb::Expression;
using duckdb::FunctionBindExpressionInput;
using duckdb::hugeint_t;
using duckdb::LogicalType;
using duckdb::string_t;
using duckdb::unique_ptr;
using duckdb::Value;

[[noreturn]] void no_number(const string_t& text) {
  raise_sql("22P02", "invalid input syntax for type numeric: \"" + text.GetString() + "\"");
}

// A signed number as it is written: digits, and how many of them stand behind the point.
struct Written {
  bool negative = false;
  std::string digits;
  int64_t behind = 0;
};

// The last character of a signed zoned decimal: its digit and the sign. AWS: Teradata-style formatting characters, S.
void unzone(std::string& text, bool& negative) {
  if (text.empty()) return;
  const char last = text.back();
  const auto digit = [&](char zero, char one) {
    return last == zero ? 0 : last >= one && last < one + 9 ? last - one + 1 : -1;
  };
  const int positive = digit('{', 'A'), below = digit('}', 'J');
  if (positive < 0 && below < 0) return;
  negative = below >= 0;
  text.back() = static_cast<char>('0' + std::max(positive, below));
}

// Takes what the format says that is no digit: currencies, separators, an implied point.
std::string plain(const string_t& given, const std::string& format, bool& negative) {
  std::string text(trim(view(given)));
  const size_t sign = format.find('S');
  if (sign != std::string::npos && sign > 0) unzone(text, negative);
  if (format.find_first_of("CLNOU") != std::string::npos)
    std::erase_if(text, [](char c) {
      return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) > 127;
    });
  if (format.find_first_of("G,") != std::string::npos) std::erase(text, ',');
  if (const size_t point = format.find('V'); point != std::string::npos) {
    const auto behind =
        static_cast<size_t>(std::count(format.begin() + static_cast<int64_t>(point), format.end(), '9'));
    if (behind <= text.size()) return text.substr(0, text.size() - behind) + "." + text.substr(text.size() - behind);
  }
  return text;
}

Written written(const string_t& given, const std::string& format) {
  Written number;
  const std::string text = plain(given, format, number.negative);
  int64_t exponent = 0;
  bool point = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c >= '0' && c <= '9') {
      number.digits += c;
      number.behind += point ? 1 : 0;
    } else if (c == '.' && !point) {
      point = true;
    } else if ((c == '-' || c == '+') && (i == 0 || i + 1 == text.size())) {
      number.negative = number.negative || c == '-';
    } else if ((c == 'E' || c == 'e') && !number.digits.empty()) {
      const bool plus = text.substr(i + 1).starts_with('+');
      const auto power = parse_int(text.substr(i + (plus ? 2 : 1)));
      if (!power || (plus && text[i + 2] == '-') || *power > 400 || *power < -400) no_number(given);
      exponent = *power;
      break;
    } else if (c != '$' && c != ',' && c != ' ') {
      no_number(given);
    }
  }
  number.behind -= exponent;
  return number;
}

// The number with `scale` digits behind the point; what is left of it half to even, or cut. nullopt: it does not fit.
std::optional<hugeint_t> scaled(Written number, int scale, bool cut) {
  for (; number.behind < scale; ++number.behind) number.digits += '0';
  const auto extra = static_cast<size_t>(number.behind - scale);
  std::string padded;
  while (padded.size() + number.digits.size() < extra) padded += '0';
  padded += number.digits;
  const std::string_view all = padded, whole = all.substr(0, all.size() - extra), rest = all.substr(all.size() - extra);
  hugeint_t value = 0;
  for (const char c : whole) {
    if (value >= duckdb::Hugeint::POWERS_OF_TEN[37]) return std::nullopt;  // 38 digits there are
    value = value * 10 + (c - '0');
  }
  const bool odd = !whole.empty() && (whole.back() - '0') % 2 == 1;
  const bool exactly_half = !rest.empty() && rest[0] == '5' && rest.find_first_not_of('0', 1) == std::string_view::npos;
  const bool up = !rest.empty() && (exactly_half ? odd : rest[0] >= '5');
  if (up && !cut) value += 1;
  return number.negative ? -value : value;
}

std::string format_of(const string_t& format) {
  const std::string text = upper(format.GetString());
  if (text.find_first_not_of("9ZSVGE,.-+$/%BCLNOU()I:0123456789 ") != std::string::npos)
    raise_sql("22023", "The format \"" + format.GetString() + "\" is not supported.");
  return text;
}

void to_int_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::BinaryExecutor::Execute<string_t, string_t, int32_t>(
      input.data[0], input.data[1], result, input.size(), [](string_t text, string_t format) {
        const auto value = scaled(written(text, format_of(format)), 0, true);
        if (!value || *value > hugeint_t(INT32_MAX) || *value < hugeint_t(INT32_MIN))
          raise_sql("22003", "value \"" + text.GetString() + "\" is out of range for type integer");
        return duckdb::Hugeint::Cast<int32_t>(*value);
      });
}

// The third argument is the scale, the fourth the precision.
void to_numeric_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  const int scale = input.data[2].GetValue(0).GetValue<int32_t>(),
            precision = input.data[3].GetValue(0).GetValue<int32_t>();
  duckdb::BinaryExecutor::Execute<string_t, string_t, hugeint_t>(
      input.data[0], input.data[1], result, input.size(), [&](string_t text, string_t format) {
        const auto value = scaled(written(text, format_of(format)), scale, false);
        const hugeint_t most = duckdb::Hugeint::POWERS_OF_TEN[precision];
        if (!value || *value >= most || *value <= -most) raise_sql("22003", "Numeric data overflow (result precision)");
        return *value;
      });
}

unique_ptr<duckdb::FunctionData> bind_to_numeric_run(duckdb::ClientContext& context, duckdb::ScalarFunction& function,
                                                     duckdb::vector<unique_ptr<Expression>>& children) {
  const auto whole = [&](size_t i) {
    return duckdb::ExpressionExecutor::EvaluateScalar(context, *children[i]).GetValue<int32_t>();
  };
  function.return_type = LogicalType::DECIMAL(38, static_cast<uint8_t>(whole(2)));
  return nullptr;
}

unique_ptr<Expression> bind_to_int(FunctionBindExpressionInput& input) {
  auto format = input.children.size() > 1 ? as_text(input.context, std::move(input.children[1])) : constant(Value(""));
  return call(input.context, kFunctionSchema, "text_to_int_alt_run",
              arguments(as_text(input.context, std::move(input.children[0])), std::move(format)));
}

// TEXT_TO_NUMERIC_ALT(text [, 'format'] [, precision, scale])
unique_ptr<Expression> bind_to_numeric(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  auto& given = input.children;
  size_t next = 1;
  auto format = constant(Value(""));
  if (next < given.size() && is_text(given[next]->return_type)) format = as_text(context, std::move(given[next++]));
  const auto whole = [&](int otherwise) {
    if (next >= given.size()) return otherwise;
    const bool known = given[next]->IsFoldable();
    const Value value = known ? duckdb::ExpressionExecutor::EvaluateScalar(context, *given[next++]) : Value();
    if (value.IsNull()) raise_sql("42804", "precision and scale of text_to_numeric_alt are constants");
    return value.GetValue<int32_t>();
  };
  const int precision = whole(38), scale = whole(0);
  if (precision < 1 || precision > 38 || scale < 0 || scale > precision)
    raise_sql("22023",
              "NUMERIC precision " + std::to_string(precision) + " must be between 1 and 38, and its scale within it");
  auto list = arguments(as_text(context, std::move(given[0])), std::move(format));
  list.push_back(constant(Value::INTEGER(scale)));
  list.push_back(constant(Value::INTEGER(precision)));
  return cast_to(context, call(context, kFunctionSchema, "text_to_numeric_alt_run", std::move(list)),
                 LogicalType::DECIMAL(static_cast<uint8_t>(precision), static_cast<uint8_t>(scale)));
}

}  // namespace

void add_teradata(Registry& registry) {
  const LogicalType text = LogicalType::VARCHAR, whole = LogicalType::INTEGER;
  registry.add(typed_variadic("text_to_int_alt", bind_to_int));
  registry.add(typed_variadic("text_to_numeric_alt", bind_to_numeric));
  registry.add(scalar("text_to_int_alt_run", {text, text}, whole, to_int_run));
  auto numeric =
      scalar("text_to_numeric_alt_run", {text, text, whole, whole}, LogicalType::DECIMAL(38, 0), to_numeric_run);
  numeric.bind = bind_to_numeric_run;
  registry.add(numeric);
}

}  // namespace tarn::sql::engine
