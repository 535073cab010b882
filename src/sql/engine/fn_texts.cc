// Text functions. Each takes values of any type where Redshift casts implicitly: SPLIT_PART(CURRENT_DATE, '-', 1).
#include "base/digest.h"
#include "base/text.h"
#include "sql/engine/errors.h"
#include "sql/engine/functions.h"
#include "sql/engine/values.h"

namespace tarn::sql::engine {
namespace {

using duckdb::Expression;
using duckdb::FunctionBindExpressionInput;
using duckdb::LogicalType;
using duckdb::string_t;
using duckdb::StringVector;
using duckdb::unique_ptr;

std::string_view view(const string_t& text) {
  return {text.GetData(), text.GetSize()};
}

// A function over DuckDB's, or over a run of ours, whose arguments are converted first: 't' to text, 'i' to a whole number.
struct Shape {
  const char* name;
  const char* schema;
  const char* native;
  const char* arguments;
};
constexpr Shape kShapes[] = {
    {"upper", "main", "upper", "t"},
    {"lower", "main", "lower", "t"},
    {"length", kFunctionSchema, "characters", "t"},
    {"octet_length", "main", "strlen", "t"},
    {"left", "main", "left", "ti"},
    {"right", "main", "right", "ti"},
    {"btrim", "main", "trim", "tt"},
    {"ltrim", "main", "ltrim", "tt"},
    {"rtrim", "main", "rtrim", "tt"},
    {"lpad", kFunctionSchema, "lpad_run", "tit"},
    {"rpad", kFunctionSchema, "rpad_run", "tit"},
    {"replace", "main", "replace", "ttt"},
    {"translate", "main", "translate", "ttt"},
    {"reverse", "main", "reverse", "t"},
    {"repeat", kFunctionSchema, "repeat_run", "ti"},
    {"strpos", "main", "strpos", "tt"},
    {"ascii", "main", "ascii", "t"},
    {"md5", "main", "md5", "t"},
    {"sha1", "main", "sha1", "t"},
    {"sha2", kFunctionSchema, "sha2_run", "ti"},
    {"initcap", kFunctionSchema, "initcap_run", "t"},
    {"split_part", kFunctionSchema, "split_part_run", "tti"},
    {"strtol", kFunctionSchema, "strtol_run", "ti"},
    {"substring", kFunctionSchema, "substring_run", "tii"},
    {"quote_ident", kFunctionSchema, "quote_ident_run", "t"},
    {"quote_literal", kFunctionSchema, "quote_literal_run", "t"},
    {"to_hex", kFunctionSchema, "to_hex_run", "i"},
};

template <size_t which>
unique_ptr<Expression> bind_shape(FunctionBindExpressionInput& input) {
  const Shape& shape = kShapes[which];
  duckdb::vector<unique_ptr<Expression>> list;
  for (size_t i = 0; shape.arguments[i]; ++i) {
    if (i >= input.children.size()) break;
    auto value = std::move(input.children[i]);
    list.push_back(shape.arguments[i] == 't' ? as_text(input.context, std::move(value))
                                             : converted(input.context, std::move(value), LogicalType::BIGINT));
  }
  const std::string name = shape.name;
  if ((name == "lpad" || name == "rpad") && list.size() == 2) list.push_back(constant(duckdb::Value(" ")));
  if (name == "substring" && list.size() == 2) list.push_back(constant(duckdb::Value::BIGINT(INT32_MAX)));
  auto bound = call(input.context, shape.schema, shape.native, std::move(list));
  const bool counts = name == "length" || name == "octet_length" || name == "strpos" || name == "ascii";
  return counts ? cast_to(input.context, std::move(bound), LogicalType::INTEGER) : std::move(bound);
}

template <size_t... which>
void add_shapes(Registry& registry, std::index_sequence<which...>) {
  (registry.add(typed_variadic(kShapes[which].name, bind_shape<which>)), ...);
}

// The byte where the character of that index starts; the text's end beyond the last.
size_t byte_of(std::string_view text, int64_t index) {
  size_t at = 0;
  for (; index > 0 && at < text.size(); --index) {
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
  }
  return at;
}

void characters(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<string_t, int64_t>(input.data[0], result, input.size(), [](string_t text) {
    int64_t count = 0;
    for (const char c : view(text)) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    return count;
  });
}

// PostgreSQL's rule: the range [start, start + length) cut to the text, whose first character is 1.
void substring_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::TernaryExecutor::Execute<string_t, int64_t, int64_t, string_t>(
      input.data[0], input.data[1], input.data[2], result, input.size(),
      [&](string_t text, int64_t start, int64_t length) {
        if (length < 0) raise_sql("22011", "negative substring length not allowed");
        start = std::clamp<int64_t>(start, INT32_MIN, INT32_MAX);
        const int64_t end = start + std::min<int64_t>(length, INT32_MAX);
        const int64_t from = std::max<int64_t>(start, 1);
        if (end <= from) return StringVector::AddString(result, "", 0);
        const std::string_view all = view(text);
        const size_t first = byte_of(all, from - 1);
        const size_t size = byte_of(all.substr(first), end - from);
        return StringVector::AddString(result, all.data() + first, size);
      });
}

void split_part_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::TernaryExecutor::Execute<string_t, string_t, int64_t, string_t>(
      input.data[0], input.data[1], input.data[2], result, input.size(), [&](string_t text, string_t by, int64_t part) {
        if (part < 1) raise_sql("22023", "field position must be greater than zero");
        std::string_view rest = view(text);
        const std::string_view separator = view(by);
        if (separator.empty())
          return part == 1 ? StringVector::AddString(result, text) : StringVector::AddString(result, "", 0);
        for (; part > 1; --part) {
          const size_t at = rest.find(separator);
          if (at == std::string_view::npos) return StringVector::AddString(result, "", 0);
          rest.remove_prefix(at + separator.size());
        }
        rest = rest.substr(0, rest.find(separator));
        return StringVector::AddString(result, rest.data(), rest.size());
      });
}

template <bool left>
void pad_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::TernaryExecutor::Execute<string_t, int64_t, string_t, string_t>(
      input.data[0], input.data[1], input.data[2], result, input.size(),
      [&](string_t text, int64_t width, string_t with) {
        const std::string_view value = view(text), filler = view(with);
        if (width < 0) width = 0;
        if (width > 65535) raise_sql("22023", "The length of a padded string is at most 65535.");
        const auto length = static_cast<int64_t>(utf8_length(value));
        if (length >= width) return StringVector::AddString(result, value.data(), byte_of(value, width));
        std::string padding;
        const auto unit = static_cast<int64_t>(utf8_length(filler));
        for (int64_t missing = width - length; missing > 0 && unit > 0; missing -= unit) {
          padding += missing >= unit ? filler : filler.substr(0, byte_of(filler, missing));
        }
        return StringVector::AddString(result, left ? padding + std::string(value) : std::string(value) + padding);
      });
}

void repeat_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::BinaryExecutor::Execute<string_t, int64_t, string_t>(
      input.data[0], input.data[1], result, input.size(), [&](string_t text, int64_t times) {
        constexpr int64_t kMost = 16'000'000;
        if (times > 0 && static_cast<int64_t>(text.GetSize()) > kMost / times) {
          raise_sql("54000", "REPEAT makes a text of more than " + std::to_string(kMost) + " bytes.");
        }
        std::string repeated;
        for (; times > 0; --times) repeated += view(text);
        return StringVector::AddString(result, repeated);
      });
}

void initcap_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<string_t, string_t>(input.data[0], result, input.size(), [&](string_t text) {
    std::string value = lower(view(text));
    bool start = true;
    for (char& c : value) {
      const bool word = std::isalnum(static_cast<unsigned char>(c)) || (c & 0x80);
      if (start && word) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      start = !word;
    }
    return StringVector::AddString(result, value);
  });
}

void sha2_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::BinaryExecutor::Execute<string_t, int64_t, string_t>(
      input.data[0], input.data[1], result, input.size(), [&](string_t text, int64_t bits) {
        if (bits != 0 && bits != 256)
          raise_sql("0A000", "SHA2 with " + std::to_string(bits) + " bits is not supported: 0 and 256 are.");
        return StringVector::AddString(result, hex(sha256(view(text))));
      });
}

void strtol_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::BinaryExecutor::Execute<string_t, int64_t, int64_t>(
      input.data[0], input.data[1], result, input.size(), [&](string_t text, int64_t base) {
        const std::string digits = text.GetString();
        char* end = nullptr;
        if (base < 2 || base > 36) raise_sql("22023", "The base of STRTOL is between 2 and 36.");
        const int64_t value = std::strtoll(digits.c_str(), &end, static_cast<int>(base));
        if (digits.empty() || *end)
          raise_sql("22P02", "The input " + digits + " is not valid to be converted to base " + std::to_string(base));
        return value;
      });
}

template <char mark>
void quote_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<string_t, string_t>(input.data[0], result, input.size(), [&](string_t text) {
    std::string value = text.GetString();
    const bool plain = mark == '"' && !value.empty() && !std::isdigit(static_cast<unsigned char>(value[0])) &&
                       value.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
    if (plain) return StringVector::AddString(result, value);
    const std::string one(1, mark);
    value = replace_all(std::move(value), one, one + one);
    if (mark == '\'') value = replace_all(std::move(value), "\\", "\\\\");
    return StringVector::AddString(result, one + value + one);
  });
}

void to_hex_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<int64_t, string_t>(input.data[0], result, input.size(), [&](int64_t value) {
    char digits[20];
    const int n = std::snprintf(digits, sizeof digits, "%lx", static_cast<unsigned long>(value));
    return StringVector::AddString(result, digits, static_cast<size_t>(n));
  });
}

duckdb::ScalarFunction run(const char* name, duckdb::vector<LogicalType> types, LogicalType returns,
                           duckdb::scalar_function_t function) {
  duckdb::ScalarFunction scalar(name, std::move(types), std::move(returns), std::move(function));
  scalar.errors = duckdb::FunctionErrors::CAN_THROW_RUNTIME_ERROR;
  return scalar;
}

}  // namespace

void add_texts(Registry& registry) {
  const LogicalType text = LogicalType::VARCHAR, whole = LogicalType::BIGINT;
  add_shapes(registry, std::make_index_sequence<std::size(kShapes)>());
  registry.add(run("characters", {text}, whole, characters));
  registry.add(run("substring_run", {text, whole, whole}, text, substring_run));
  registry.add(run("split_part_run", {text, text, whole}, text, split_part_run));
  registry.add(run("lpad_run", {text, whole, text}, text, pad_run<true>));
  registry.add(run("rpad_run", {text, whole, text}, text, pad_run<false>));
  registry.add(run("repeat_run", {text, whole}, text, repeat_run));
  registry.add(run("initcap_run", {text}, text, initcap_run));
  registry.add(run("sha2_run", {text, whole}, text, sha2_run));
  registry.add(run("strtol_run", {text, whole}, whole, strtol_run));
  registry.add(run("quote_ident_run", {text}, text, quote_run<'"'>));
  registry.add(run("quote_literal_run", {text}, text, quote_run<'\''>));
  registry.add(run("to_hex_run", {whole}, text, to_hex_run));
}

}  // namespace tarn::sql::engine
