// Text functions. Each takes values of any type where Redshift casts implicitly: SPLIT_PART(CURRENT_DATE, '-', 1).
#include <cstring>

#include "base/text.h"
#include "sql/engine/errors.h"
#include "sql/engine/functions.h"
#include "sql/engine/teradata.h"
#include "sql/engine/values.h"

namespace tarn::sql::engine {
namespace {

using duckdb::Expression;
using duckdb::FunctionBindExpressionInput;
using duckdb::LogicalType;
using duckdb::string_t;
using duckdb::StringVector;
using duckdb::unique_ptr;

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
    {"initcap", kFunctionSchema, "initcap_run", "t"},
    {"split_part", kFunctionSchema, "split_part_run", "tti"},
    {"strtol", kFunctionSchema, "strtol_run", "ti"},
    {"substring", kFunctionSchema, "substring_run", "tii"},
    {"quote_ident", kFunctionSchema, "quote_ident_run", "t"},
    {"quote_literal", kFunctionSchema, "quote_literal_run", "t"},
    {"soundex", kFunctionSchema, "soundex_run", "t"},
    {"difference", kFunctionSchema, "difference_run", "tt"},
    {"octetindex", kFunctionSchema, "octetindex_run", "tt"},
    {"bpcharcmp", kFunctionSchema, "bpcharcmp_run", "tt"},
    {"chr", "main", "chr", "n"},
};

// The text functions that VARBYTE has too.
unique_ptr<Expression> of_bytes(FunctionBindExpressionInput& input, const std::string& name) {
  auto& context = input.context;
  auto value = cast_to(context, std::move(input.children[0]), LogicalType::BLOB);
  if (name == "length" || name == "octet_length") {
    return cast_to(context, call(context, "main", "octet_length", arguments(std::move(value))), LogicalType::INTEGER);
  }
  if (name != "substring" && name != "left") raise_sql("42883", "function " + name + "(binary varying) does not exist");
  const auto whole = [&](size_t i) { return cast_to(context, std::move(input.children[i]), LogicalType::BIGINT); };
  auto list = arguments(std::move(value), name == "left" ? constant(duckdb::Value::BIGINT(1)) : whole(1));
  const size_t length = name == "left" ? 1 : 2;
  list.push_back(input.children.size() > length ? whole(length) : constant(duckdb::Value::BIGINT(INT32_MAX)));
  return call(context, kFunctionSchema, "bytes_part", std::move(list));
}

template <size_t which>
unique_ptr<Expression> bind_shape(FunctionBindExpressionInput& input) {
  const Shape& shape = kShapes[which];
  if (input.children[0]->return_type.id() == duckdb::LogicalTypeId::BLOB) return of_bytes(input, shape.name);
  duckdb::vector<unique_ptr<Expression>> list;
  for (size_t i = 0; shape.arguments[i]; ++i) {
    if (i >= input.children.size()) break;
    auto value = std::move(input.children[i]);
    list.push_back(shape.arguments[i] == 't'   ? as_text(input.context, std::move(value))
                   : shape.arguments[i] == 'n' ? converted(input.context, std::move(value), LogicalType::INTEGER)
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

// A letter and three digits for how an English word sounds; '' where there is no letter.
std::string soundex(std::string_view word) {
  static constexpr char kCodes[] = "01230120022455012623010202";
  std::string code;
  char last = '0';
  for (const char c : word) {
    const char letter = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    if (letter < 'A' || letter > 'Z') {
      if (static_cast<unsigned char>(c) >= 0x80)
        raise_sql("22023", "SOUNDEX takes ASCII letters.");
      continue;
    }
    const char digit = kCodes[letter - 'A'];
    if (code.empty()) {
      code += letter;
    } else if (digit != '0' && digit != last) {
      code += digit;
    }
    if (letter != 'H' && letter != 'W') last = digit;
    if (code.size() == 4) break;
  }
  if (!code.empty()) code.resize(4, '0');
  return code;
}

void soundex_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<string_t, string_t>(input.data[0], result, input.size(), [&](string_t text) {
    return StringVector::AddString(result, soundex(view(text)));
  });
}

// How many places of the two codes agree.
void difference_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::BinaryExecutor::Execute<string_t, string_t, int32_t>(
      input.data[0], input.data[1], result, input.size(), [](string_t a, string_t b) {
        const std::string first = soundex(view(a)), second = soundex(view(b));
        int32_t same = 0;
        for (size_t i = 0; i < std::min(first.size(), second.size()); ++i) same += first[i] == second[i];
        return same;
      });
}

// OCTETINDEX(part, text): as POSITION, in bytes.
void octetindex_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::BinaryExecutor::Execute<string_t, string_t, int32_t>(
      input.data[0], input.data[1], result, input.size(), [](string_t part, string_t text) {
        return static_cast<int32_t>(view(text).find(view(part)) + 1);
      });
}

void bpcharcmp_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::BinaryExecutor::Execute<string_t, string_t, int32_t>(
      input.data[0], input.data[1], result, input.size(), [](string_t a, string_t b) {
        const std::string_view first = view(a).substr(0, view(a).find_last_not_of(' ') + 1);
        const std::string_view second = view(b).substr(0, view(b).find_last_not_of(' ') + 1);
        const int order = first.compare(second);
        return order < 0 ? -1 : order > 0 ? 1 : 0;
      });
}

// SIMILAR TO's pattern as a regular expression of the whole text.
void similar_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::BinaryExecutor::Execute<string_t, string_t, string_t>(
      input.data[0], input.data[1], result, input.size(), [&](string_t pattern, string_t escape) {
        std::string out = "^(?:";
        const std::string_view text = view(pattern), mark = view(escape);
        bool in_brackets = false;
        for (size_t i = 0; i < text.size(); ++i) {
          const char c = text[i];
          if (!mark.empty() && c == mark[0] && i + 1 < text.size()) {
            out += {'\\', text[++i]};
          } else if (in_brackets) {
            in_brackets = c != ']';
            out += c;
          } else if (c == '[') {
            in_brackets = true;
            out += c;
          } else if (c == '%') {
            out += "(?s:.*)";
          } else if (c == '_') {
            out += "(?s:.)";
          } else if (c == '.' || c == '^' || c == '$' || c == '\\') {
            out += {'\\', c};
          } else {
            out += c;
          }
        }
        return StringVector::AddString(result, out + ")$");
      });
}

unique_ptr<Expression> bind_similar(FunctionBindExpressionInput& input) {
  auto pattern = as_text(input.context, std::move(input.children[0]));
  auto escape = input.children.size() > 1 ? as_text(input.context, std::move(input.children[1]))
                                          : constant(duckdb::Value("\\"));
  return call(input.context, kFunctionSchema, "similar_run", arguments(std::move(pattern), std::move(escape)));
}

// The values of a list as one text.
// A value for LISTAGG: an empty text is none.
unique_ptr<Expression> bind_listed_text(FunctionBindExpressionInput& input) {
  auto value = std::move(input.children[0]);
  if (!is_text(value->return_type)) return value;
  return call(input.context, kFunctionSchema, "no_empty_text", arguments(std::move(value)));
}
void no_empty_text(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::ExecuteWithNulls<string_t, string_t>(
      input.data[0], result, input.size(), [](string_t text, duckdb::ValidityMask& valid, duckdb::idx_t row) {
        if (text.GetSize() == 0) valid.SetInvalid(row);
        return text;
      });
  StringVector::AddHeapReference(result, input.data[0]);
}
void listed_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<string_t, string_t>(input.data[0], result, input.size(), [](string_t text) {
    if (text.GetSize() > 65535) raise_sql("54000", "Result size exceeds LISTAGG limit");
    return text;
  });
  StringVector::AddHeapReference(result, input.data[0]);
}

unique_ptr<Expression> bind_joined(FunctionBindExpressionInput& input) {
  auto texts = cast_to(input.context, std::move(input.children[0]), LogicalType::LIST(LogicalType::VARCHAR));
  return call(input.context, kFunctionSchema, "joined_run",
              arguments(std::move(texts), as_text(input.context, std::move(input.children[1]))));
}
void joined_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  auto& texts = duckdb::ListVector::GetEntry(input.data[0]);
  duckdb::UnifiedVectorFormat format;
  texts.ToUnifiedFormat(duckdb::ListVector::GetListSize(input.data[0]), format);
  const auto* all = duckdb::UnifiedVectorFormat::GetData<string_t>(format);
  duckdb::BinaryExecutor::Execute<duckdb::list_entry_t, string_t, string_t>(
      input.data[0], input.data[1], result, input.size(), [&](duckdb::list_entry_t list, string_t separator) {
        std::string text;
        for (duckdb::idx_t i = 0; i < list.length; ++i) {
          if (i > 0) text += view(separator);
          text += view(all[format.sel->get_index(list.offset + i)]);
        }
        return StringVector::AddString(result, text);
      });
}

}  // namespace

void add_texts(Registry& registry) {
  registry.add(typed("joined_texts", 2, bind_joined));
  registry.add(typed("listed_text", 1, bind_listed_text));
  registry.add(scalar("no_empty_text", {LogicalType::VARCHAR}, LogicalType::VARCHAR, no_empty_text));
  registry.add(scalar("listed", {LogicalType::VARCHAR}, LogicalType::VARCHAR, listed_run));
  registry.add(duckdb::ScalarFunction("joined_run", {LogicalType::LIST(LogicalType::VARCHAR), LogicalType::VARCHAR},
                                      LogicalType::VARCHAR, joined_run));
  const LogicalType text = LogicalType::VARCHAR, whole = LogicalType::BIGINT;
  add_shapes(registry, std::make_index_sequence<std::size(kShapes)>());
  registry.add(scalar("characters", {text}, whole, characters));
  registry.add(scalar("substring_run", {text, whole, whole}, text, substring_run));
  registry.add(scalar("split_part_run", {text, text, whole}, text, split_part_run));
  registry.add(scalar("lpad_run", {text, whole, text}, text, pad_run<true>));
  registry.add(scalar("rpad_run", {text, whole, text}, text, pad_run<false>));
  registry.add(scalar("repeat_run", {text, whole}, text, repeat_run));
  registry.add(scalar("initcap_run", {text}, text, initcap_run));
  registry.add(scalar("strtol_run", {text, whole}, whole, strtol_run));
  const LogicalType order = LogicalType::INTEGER;
  registry.add(scalar("soundex_run", {text}, text, soundex_run));
  registry.add(scalar("difference_run", {text, text}, order, difference_run));
  registry.add(scalar("octetindex_run", {text, text}, order, octetindex_run));
  registry.add(scalar("bpcharcmp_run", {text, text}, order, bpcharcmp_run));
  add_teradata(registry);
  registry.add(scalar("similar_run", {text, text}, text, similar_run));
  registry.add(typed_variadic("similar_pattern", bind_similar));
  registry.add(scalar("quote_ident_run", {text}, text, quote_run<'"'>));
  registry.add(scalar("quote_literal_run", {text}, text, quote_run<'\''>));
}

}  // namespace tarn::sql::engine
