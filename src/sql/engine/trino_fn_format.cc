// format(): Java's formatter. https://docs.oracle.com/javase/8/docs/api/java/util/Formatter.html
#include <cmath>
#include <cstdio>

#include "base/text.h"
#include "sql/engine/trino_dates.h"
#include "sql/engine/trino_functions.h"

namespace tarn::sql::engine::trino {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::Value;
using std::string;

// One %..; `text` as it is written.
struct Specifier {
  string text, flags, width, precision;
  char conversion = 0, part = 0;  // of %tY: 't' and 'Y'
  bool upper_case = false;

  bool has(char flag) const { return flags.find(flag) != string::npos; }
};

[[noreturn]] void refuse(const string& shape, const string& why) {
  raise("INVALID_FUNCTION_ARGUMENT", "Invalid format string: " + shape + " (" + why + ")");
}

bool is_moment(const LogicalType& type) {
  return is_zoned(type) || type.id() == LogicalTypeId::DATE || type.id() == LogicalTypeId::TIMESTAMP ||
         type.id() == LogicalTypeId::TIMESTAMP_TZ || type.id() == LogicalTypeId::TIME;
}

// The class that the value has in Trino.
string java_class(const LogicalType& type) {
  if (is_zoned(type) || type.id() == LogicalTypeId::TIMESTAMP_TZ) return "java.time.ZonedDateTime";
  switch (type.id()) {
    case LogicalTypeId::BOOLEAN: return "java.lang.Boolean";
    case LogicalTypeId::TINYINT:
    case LogicalTypeId::SMALLINT:
    case LogicalTypeId::INTEGER:
    case LogicalTypeId::BIGINT: return "java.lang.Long";
    case LogicalTypeId::FLOAT: return "java.lang.Float";
    case LogicalTypeId::DOUBLE: return "java.lang.Double";
    case LogicalTypeId::DECIMAL: return "java.math.BigDecimal";
    case LogicalTypeId::DATE: return "java.time.LocalDate";
    case LogicalTypeId::TIMESTAMP: return "java.time.LocalDateTime";
    case LogicalTypeId::TIME: return "java.time.LocalTime";
    default: return "java.lang.String";
  }
}

// The wall clock that the value shows.
Moment wall_clock(const Value& value) {
  const string text = print(value);
  if (value.type().id() == LogicalTypeId::TIME) return {read_time(text).value_or(0), ""};
  return read_timestamp(text).value_or(Moment());
}

int64_t offset_minutes(const Value& value, const Moment& clock) {
  if (!is_zoned(value.type())) return 0;
  return (clock.micros - value.GetValue<duckdb::hugeint_t>().upper) / 60'000'000;
}

// 16:17, 16:17:03, 16:17:03.500: what is zero at the end is left out.
string java_time(int64_t micros) {
  const string clock = joda_format(micros, "HH:mm:ss.SSSSSS", "", 0);
  if (clock.ends_with(":00.000000")) return clock.substr(0, 5);
  if (clock.ends_with(".000000")) return clock.substr(0, 8);
  return clock.ends_with("000") ? clock.substr(0, 12) : clock;
}

// toString() of Java's.
string java_text(const Value& value) {
  if (!is_moment(value.type()) || value.type().id() == LogicalTypeId::DATE) return print(value);
  const Moment clock = wall_clock(value);
  if (value.type().id() == LogicalTypeId::TIME) return java_time(clock.micros);
  string text = joda_format(clock.micros, "yyyy-MM-dd", "", 0) + "T" + java_time(clock.micros);
  if (clock.zone.empty()) return text;
  const bool named = clock.zone[0] != '+' && clock.zone[0] != '-';
  text += offset_text(offset_minutes(value, clock));
  return named ? text + "[" + clock.zone + "]" : text;
}

string moment_part(const string& shape, const Specifier& is, const Value& value) {
  static constexpr std::pair<char, const char*> kPatterns[] = {
      {'H', "HH"},    {'I', "hh"},       {'k', "H"},          {'l', "h"},        {'M', "mm"},         {'S', "ss"},
      {'L', "SSS"},   {'B', "MMMM"},     {'b', "MMM"},        {'h', "MMM"},      {'A', "EEEE"},       {'a', "EEE"},
      {'Y', "yyyy"},  {'y', "yy"},       {'j', "DDD"},        {'m', "MM"},       {'d', "dd"},         {'e', "d"},
      {'R', "HH:mm"}, {'T', "HH:mm:ss"}, {'r', "hh:mm:ss a"}, {'D', "MM/dd/yy"}, {'F', "yyyy-MM-dd"}, {'z', "Z"}};
  const Moment clock = wall_clock(value);
  const int64_t offset = offset_minutes(value, clock);
  const auto as = [&](const char* pattern) { return joda_format(clock.micros, pattern, clock.zone, offset); };
  if (is.part == 'p') return lower(as("a"));
  if (is.part == 'N') return as("SSSSSS") + "000";
  if (is.part == 's') return std::to_string((clock.micros - offset * 60'000'000) / 1'000'000);
  if (is.part == 'Q') return std::to_string((clock.micros - offset * 60'000'000) / 1'000);
  if (is.part == 'C') return as("yyyy").substr(0, 2);
  if (is.part == 'Z' || is.part == 'c') {
    if (clock.zone != "UTC")
      raise("NOT_SUPPORTED", string("format() with %t") + is.part + " is not supported for other zones than UTC");
    return is.part == 'Z' ? "UTC" : as("EEE MMM dd HH:mm:ss ") + "UTC " + as("yyyy");
  }
  for (const auto& [part, pattern] : kPatterns)
    if (part == is.part) return as(pattern);
  refuse(shape, string("UnknownFormatConversion: Conversion = 't") + is.part + "'");
}

string grouped(string digits) {
  const size_t start = !digits.empty() && digits[0] == '-' ? 1 : 0;
  size_t end = digits.find('.');
  if (end == string::npos) end = digits.size();
  for (size_t at = end; at > start + 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

// Java's scientific notation has an exponent of at least two digits, as C's.
string float_text(const Specifier& is, const Value& value) {
  char buffer[500];
  const string shape = "%." + (is.precision.empty() ? "6" : is.precision) + is.conversion;
  std::snprintf(buffer, sizeof buffer, shape.c_str(), value.GetValue<double>());
  return buffer;
}

string integer_text(const Specifier& is, const Value& value) {
  if (is.conversion == 'd') return value.ToString();
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, is.conversion == 'o' ? "%llo" : "%llx",
                static_cast<unsigned long long>(value.GetValue<int64_t>()));
  return (is.has('#') ? is.conversion == 'o' ? "0" : "0x" : "") + string(buffer);
}

// The value without width.
string converted(const string& shape, const Specifier& is, const Value& value) {
  const LogicalType& type = value.type();
  const string& java = java_class(type);
  const auto need = [&](bool fits) {
    if (!fits) refuse(shape, string("IllegalFormatConversion: ") + (is.part ? is.part : is.conversion) + " != " + java);
  };
  if (is.conversion == 'b')
    return value.IsNull() ? "false" : type.id() == LogicalTypeId::BOOLEAN ? value.ToString() : "true";
  if (value.IsNull()) return "null";
  switch (is.conversion) {
    case 'd':
    case 'o':
    case 'x': need(java == "java.lang.Long"); return integer_text(is, value);
    case 'e':
    case 'f':
    case 'g':
      need(java == "java.lang.Double" || java == "java.lang.Float" || java == "java.math.BigDecimal");
      return float_text(is, value);
    case 't': need(is_moment(type)); return moment_part(shape, is, value);
    case 'c':
      need(java == "java.lang.Long");
      return utf8(std::u32string(1, static_cast<char32_t>(value.GetValue<int64_t>())));
    default: return java_text(value);
  }
}

void check(const string& shape, const Specifier& is) {
  for (size_t i = 0; i < is.flags.size(); ++i)
    if (is.flags.find(is.flags[i], i + 1) != string::npos)
      refuse(shape, string("DuplicateFormatFlags: Flags = '") + is.flags[i] + "'");
  const bool integer = string("dox").find(is.conversion) != string::npos;
  const bool real = string("feg").find(is.conversion) != string::npos;
  if (is.width.empty() && (is.has('-') || is.has('0'))) refuse(shape, "MissingFormatWidth: " + is.text);
  if (is.has('-') && is.has('0')) refuse(shape, "IllegalFormatFlags: Flags = '-0'");
  if (!is.precision.empty() && (integer || is.conversion == 't' || is.conversion == 'c'))
    refuse(shape, "IllegalFormatPrecision: " + is.precision);
  for (const char flag : {'+', ' ', ',', '(', '0', '#'}) {
    const bool fits = integer || real || (flag == '#' && is.conversion == 's');
    if (is.has(flag) && !fits)
      refuse(shape, string("FormatFlagsConversionMismatch: Conversion = ") + is.conversion + ", Flags = " + flag);
  }
}

string formatted(const string& shape, const Specifier& is, const Value& value) {
  string text = converted(shape, is, value);
  const bool number = !value.IsNull() && string("dfg").find(is.conversion) != string::npos;
  if (!is.precision.empty() && string("sb").find(is.conversion) != string::npos) {
    const auto all = characters(text);
    const auto most = static_cast<size_t>(parse_int(is.precision).value_or(0));
    if (all.size() > most) text = utf8(all.substr(0, most));
  }
  if (number && is.has(',')) text = grouped(text);
  if (number && is.has('(') && text[0] == '-') text = "(" + text.substr(1) + ")";
  if (number && text[0] != '-' && text[0] != '(' && (is.has('+') || is.has(' ')))
    text.insert(0, is.has('+') ? "+" : " ");
  if (is.upper_case) text = upper(text);
  const auto wanted = static_cast<size_t>(parse_int(is.width).value_or(0));
  const size_t size = utf8_length(text);
  if (size >= wanted) return text;
  if (is.has('-')) return text + string(wanted - size, ' ');
  const bool zeros = is.has('0') && !value.IsNull();
  return text.insert(zeros && string("-+( ").find(text[0]) != string::npos ? 1 : 0, wanted - size, zeros ? '0' : ' ');
}

// Reads what stands behind a '%' at `at`, which it moves behind it. `index`: "2$" or "<"; empty: the next one.
Specifier read_specifier(const string& shape, size_t& at, string& index) {
  Specifier is;
  const size_t from = at;
  const auto digits = [&] {
    const size_t start = at;
    while (at < shape.size() && std::isdigit(static_cast<unsigned char>(shape[at]))) ++at;
    return shape.substr(start, at - start);
  };
  ++at;
  const size_t before = at;
  index = digits();
  if (!index.empty() && at < shape.size() && shape[at] == '$' && index[0] != '0') {
    ++at;
  } else {
    at = before;
    index.clear();
    if (at < shape.size() && shape[at] == '<') index = shape[at++];
  }
  while (at < shape.size() && std::string_view("-#+ 0,(").find(shape[at]) != string::npos) is.flags += shape[at++];
  is.width = digits();
  if (at < shape.size() && shape[at] == '.') {
    ++at;
    is.precision = digits();
  }
  const char letter = at < shape.size() ? shape[at] : '%';
  if (at >= shape.size() || std::string_view("bBhHsScCdoxXeEfgGtT%n").find(letter) == string::npos)
    refuse(shape, string("UnknownFormatConversion: Conversion = '") + letter + "'");
  ++at;
  is.upper_case = std::string_view("BSCXEGT").find(letter) != string::npos;
  is.conversion = is.upper_case ? static_cast<char>(std::tolower(letter)) : letter;
  if (is.conversion == 't') {
    if (at >= shape.size()) refuse(shape, "UnknownFormatConversion: Conversion = 't'");
    is.part = shape[at++];
  }
  is.text = shape.substr(from, at - from);
  return is;
}

string format_java(const duckdb::vector<Value>& a) {
  const string& shape = duckdb::StringValue::Get(a[0]);
  string out;
  size_t next = 1, last = 0;
  for (size_t at = 0; at < shape.size();) {
    if (shape[at] != '%') {
      out += shape[at++];
      continue;
    }
    string index;
    const Specifier is = read_specifier(shape, at, index);
    if (is.conversion == 'n') {
      if (!is.width.empty()) refuse(shape, "IllegalFormatWidth: " + is.width);
      out += '\n';
      continue;
    }
    if (is.conversion == '%') {
      out += formatted(shape, {is.text, is.flags, is.width, "", 's', 0, false}, Value("%"));
      continue;
    }
    if (is.conversion == 'h' || is.conversion == 'H') raise("NOT_SUPPORTED", "format() with %h is not supported");
    check(shape, is);
    if (index == "<") {
      if (last == 0) refuse(shape, "MissingFormatArgument: Format specifier '" + is.text + "'");
    } else {
      last = index.empty() ? next++ : static_cast<size_t>(parse_int(index).value_or(0));
    }
    if (last >= a.size()) refuse(shape, "MissingFormatArgument: Format specifier '" + is.text + "'");
    out += formatted(shape, is, a[last]);
  }
  return out;
}

void format_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  for (const auto& argument : input.data)
    if (argument.GetType().IsNested())
      raise("NOT_SUPPORTED", "Type not supported for formatting: " + type_name(argument.GetType()));
  const bool constant = input.AllConstant();
  duckdb::vector<Value> values(input.ColumnCount());
  for (duckdb::idx_t row = 0; row < (constant ? 1 : input.size()); ++row) {
    for (duckdb::idx_t i = 0; i < input.ColumnCount(); ++i) values[i] = input.data[i].GetValue(row);
    result.SetValue(row, values[0].IsNull() ? Value(LogicalType::VARCHAR) : Value(format_java(values)));
  }
  if (constant) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
}

}  // namespace

void add_format_function(Adder& adder) {
  const LogicalType text = LogicalType::VARCHAR;
  duckdb::ScalarFunction format("t_format", {text}, text, format_run);
  format.varargs = LogicalType::ANY;
  format.null_handling = duckdb::FunctionNullHandling::SPECIAL_HANDLING;
  adder.add(format);
}

}  // namespace tarn::sql::engine::trino
