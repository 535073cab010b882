// VARBYTE: texts in and out of it, its bits, and the text functions that also take it.
#include "base/text.h"
#include "sql/engine/encode.h"
#include "sql/engine/errors.h"
#include "sql/engine/functions.h"
#include "sql/engine/values.h"

namespace tarn::sql::engine {
namespace {

using duckdb::Expression;
using duckdb::FunctionBindExpressionInput;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::string_t;
using duckdb::StringVector;
using duckdb::unique_ptr;

enum class Coding { kHex, kUtf8, kBase64 };

Coding coding_of(const string_t& name) {
  const std::string written = lower(name.GetString());
  if (written == "hex") return Coding::kHex;
  if (written == "utf8" || written == "utf-8") return Coding::kUtf8;
  if (written == "base64") return Coding::kBase64;
  raise_sql("22023", "The format \"" + written + "\" of bytes is not supported: hex, utf8 and base64 are.");
}

std::string unhexed(std::string_view text) {
  std::string digits(text);
  if (digits.size() % 2 != 0) digits.insert(0, 1, '0');
  auto bytes = unhex(digits);
  if (!bytes) raise_sql("22P02", "invalid hexadecimal text \"" + std::string(text) + "\"");
  return *std::move(bytes);
}

void to_varbyte_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::BinaryExecutor::Execute<string_t, string_t, string_t>(
      input.data[0], input.data[1], result, input.size(), [&](string_t text, string_t format) {
        switch (coding_of(format)) {
          case Coding::kHex: return StringVector::AddStringOrBlob(result, unhexed(view(text)));
          case Coding::kUtf8: return StringVector::AddStringOrBlob(result, text);
          default: {
            const auto bytes = unbase64(view(text));
            if (!bytes) raise_sql("22P02", "invalid base64 text");
            return StringVector::AddStringOrBlob(result, *bytes);
          }
        }
      });
}

void from_varbyte_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::BinaryExecutor::Execute<string_t, string_t, string_t>(
      input.data[0], input.data[1], result, input.size(), [&](string_t bytes, string_t format) {
        switch (coding_of(format)) {
          case Coding::kHex: return StringVector::AddString(result, hex(view(bytes)));
          case Coding::kUtf8:
            if (!valid_utf8(view(bytes))) raise_sql("22021", "The bytes are no UTF-8 text.");
            return StringVector::AddString(result, bytes);
          default: return StringVector::AddString(result, base64(view(bytes)));
        }
      });
}

// Bit 0 is the last byte's least.
void getbit_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::BinaryExecutor::Execute<string_t, int32_t, int32_t>(
      input.data[0], input.data[1], result, input.size(), [](string_t bytes, int32_t bit) {
        const auto size = static_cast<int32_t>(bytes.GetSize());
        if (bit < 0 || bit / 8 >= size) raise_sql("22023", "The bit " + std::to_string(bit) + " is outside of the value.");
        const auto byte = static_cast<unsigned char>(bytes.GetData()[size - 1 - bit / 8]);
        return static_cast<int32_t>(byte >> bit % 8 & 1);
      });
}

void bytes_part_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::TernaryExecutor::Execute<string_t, int64_t, int64_t, string_t>(
      input.data[0], input.data[1], input.data[2], result, input.size(),
      [&](string_t bytes, int64_t start, int64_t length) {
        if (length < 0) raise_sql("22011", "negative substring length not allowed");
        const auto size = static_cast<int64_t>(bytes.GetSize());
        const int64_t first = std::clamp<int64_t>(start, INT32_MIN, INT32_MAX) - 1;  // a value has fewer bytes
        const int64_t end = std::clamp<int64_t>(first + std::min<int64_t>(length, INT32_MAX), 0, size);
        const int64_t from = std::clamp<int64_t>(first, 0, end);
        return StringVector::AddStringOrBlob(
            result, std::string(bytes.GetData() + from, static_cast<size_t>(end - from)));
      });
}

unique_ptr<Expression> bytes_of(duckdb::ClientContext& context, unique_ptr<Expression> value) {
  if (value->return_type.id() == LogicalTypeId::BLOB) return cast_to(context, std::move(value), LogicalType::BLOB);
  return call(context, kFunctionSchema, "to_varbyte_run",
              arguments(as_text(context, std::move(value)), constant(duckdb::Value("utf8"))));
}

unique_ptr<Expression> bind_to_varbyte(FunctionBindExpressionInput& input) {
  return call(input.context, kFunctionSchema, "to_varbyte_run",
              arguments(as_text(input.context, std::move(input.children[0])), std::move(input.children[1])));
}
unique_ptr<Expression> bind_from_varbyte(FunctionBindExpressionInput& input) {
  return call(input.context, kFunctionSchema, "from_varbyte_run",
              arguments(bytes_of(input.context, std::move(input.children[0])), std::move(input.children[1])));
}
unique_ptr<Expression> bind_from_hex(FunctionBindExpressionInput& input) {
  return call(input.context, kFunctionSchema, "to_varbyte_run",
              arguments(as_text(input.context, std::move(input.children[0])), constant(duckdb::Value("hex"))));
}
// Of a number its digits in base 16, of bytes and text theirs.
unique_ptr<Expression> bind_to_hex(FunctionBindExpressionInput& input) {
  auto value = std::move(input.children[0]);
  if (value->return_type.IsIntegral()) {
    const bool narrow = value->return_type.id() != LogicalTypeId::BIGINT;
    auto wide = cast_to(input.context, std::move(value), LogicalType::BIGINT);
    return call(input.context, kFunctionSchema, narrow ? "hex_of_integer" : "hex_of_bigint", arguments(std::move(wide)));
  }
  return call(input.context, kFunctionSchema, "from_varbyte_run",
              arguments(bytes_of(input.context, std::move(value)), constant(duckdb::Value("hex"))));
}
unique_ptr<Expression> bind_getbit(FunctionBindExpressionInput& input) {
  return call(input.context, kFunctionSchema, "getbit_run",
              arguments(bytes_of(input.context, std::move(input.children[0])),
                        cast_to(input.context, std::move(input.children[1]), LogicalType::INTEGER)));
}

// GET_BIT, GET_BYTE, SET_BIT, SET_BYTE: PostgreSQL's, of the leader node. Bytes count from the first, bits within a byte from its
// least one. Texts are read and shown as PostgreSQL writes a bytea: \\ and \ooo.
std::string unescaped(std::string_view text) {
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto octal = [&](size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '7'; };
    if (text[i] != '\\') {
      bytes += text[i];
    } else if (i + 1 < text.size() && text[i + 1] == '\\') {
      bytes += text[++i];
    } else if (octal(i + 1) && octal(i + 2) && octal(i + 3) && text[i + 1] <= '3') {
      bytes += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      raise_sql("22P02", "invalid input syntax for type bytea");
    }
  }
  return bytes;
}

std::string escaped(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\\') {
      text += "\\\\";
    } else if (byte < 32 || byte > 126) {
      text += '\\';
      text += static_cast<char>('0' + byte / 64);
      text += static_cast<char>('0' + byte / 8 % 8);
      text += static_cast<char>('0' + byte % 8);
    } else {
      text += c;
    }
  }
  return text;
}

size_t within(int64_t index, size_t size) {
  if (index < 0 || static_cast<size_t>(index) >= size)
    raise_sql("2202E", "index " + std::to_string(index) + " out of valid range, 0.." + std::to_string(static_cast<int64_t>(size) - 1));
  return static_cast<size_t>(index);
}

template <bool bits, bool raw>
void part_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::BinaryExecutor::Execute<string_t, int64_t, int32_t>(
      input.data[0], input.data[1], result, input.size(), [](string_t given, int64_t index) {
        const std::string bytes = raw ? given.GetString() : unescaped(view(given));
        const size_t at = within(index, bits ? bytes.size() * 8 : bytes.size());
        const auto byte = static_cast<unsigned char>(bytes[bits ? at / 8 : at]);
        return static_cast<int32_t>(bits ? byte >> at % 8 & 1 : byte);
      });
}

template <bool bits, bool raw>
void set_part_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::TernaryExecutor::Execute<string_t, int64_t, int64_t, string_t>(
      input.data[0], input.data[1], input.data[2], result, input.size(), [&](string_t given, int64_t index, int64_t value) {
        std::string bytes = raw ? given.GetString() : unescaped(view(given));
        const size_t at = within(index, bits ? bytes.size() * 8 : bytes.size());
        if (bits && value != 0 && value != 1) raise_sql("22023", "new bit must be 0 or 1");
        char& byte = bytes[bits ? at / 8 : at];
        if (!bits)
          byte = static_cast<char>(value);
        else
          byte = static_cast<char>((static_cast<unsigned char>(byte) & ~(1U << at % 8)) | static_cast<unsigned>(value) << at % 8);
        return raw ? StringVector::AddStringOrBlob(result, bytes) : StringVector::AddString(result, escaped(bytes));
      });
}

template <bool bits, bool sets>
unique_ptr<Expression> bind_part(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  const bool raw = input.children[0]->return_type.id() == LogicalTypeId::BLOB;
  auto list = arguments(raw ? std::move(input.children[0]) : as_text(context, std::move(input.children[0])),
                        cast_to(context, std::move(input.children[1]), LogicalType::BIGINT));
  if (sets) list.push_back(cast_to(context, std::move(input.children[2]), LogicalType::BIGINT));
  const std::string name = std::string(sets ? "set_" : "get_") + (bits ? "bit" : "byte") + (raw ? "_raw" : "_text");
  return call(context, kFunctionSchema, name, std::move(list));
}

void add_parts(Registry& registry) {
  const LogicalType bytes = LogicalType::BLOB, text = LogicalType::VARCHAR, whole = LogicalType::BIGINT;
  registry.add(typed("get_bit", 2, bind_part<true, false>));
  registry.add(typed("get_byte", 2, bind_part<false, false>));
  registry.add(typed("set_bit", 3, bind_part<true, true>));
  registry.add(typed("set_byte", 3, bind_part<false, true>));
  registry.add(scalar("get_bit_raw", {bytes, whole}, LogicalType::INTEGER, part_run<true, true>));
  registry.add(scalar("get_bit_text", {text, whole}, LogicalType::INTEGER, part_run<true, false>));
  registry.add(scalar("get_byte_raw", {bytes, whole}, LogicalType::INTEGER, part_run<false, true>));
  registry.add(scalar("get_byte_text", {text, whole}, LogicalType::INTEGER, part_run<false, false>));
  registry.add(scalar("set_bit_raw", {bytes, whole, whole}, bytes, set_part_run<true, true>));
  registry.add(scalar("set_bit_text", {text, whole, whole}, text, set_part_run<true, false>));
  registry.add(scalar("set_byte_raw", {bytes, whole, whole}, bytes, set_part_run<false, true>));
  registry.add(scalar("set_byte_text", {text, whole, whole}, text, set_part_run<false, false>));
}

template <bool narrow>
void hex_of_number(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<int64_t, string_t>(input.data[0], result, input.size(), [&](int64_t value) {
    char digits[20];
    const auto bits = narrow ? static_cast<uint32_t>(value) : static_cast<uint64_t>(value);
    const int n = std::snprintf(digits, sizeof digits, "%llx", static_cast<unsigned long long>(bits));
    return StringVector::AddString(result, digits, static_cast<size_t>(n));
  });
}

}  // namespace

void add_bytes(Registry& registry) {
  const LogicalType bytes = LogicalType::BLOB, text = LogicalType::VARCHAR, whole = LogicalType::BIGINT;
  registry.add(typed("to_varbyte", 2, bind_to_varbyte));
  registry.add(typed("from_varbyte", 2, bind_from_varbyte));
  registry.add(typed("from_hex", 1, bind_from_hex));
  registry.add(typed("to_hex", 1, bind_to_hex));
  registry.add(typed("getbit", 2, bind_getbit));
  add_parts(registry);
  registry.add(scalar("to_varbyte_run", {text, text}, bytes, to_varbyte_run));
  registry.add(scalar("from_varbyte_run", {bytes, text}, text, from_varbyte_run));
  registry.add(scalar("getbit_run", {bytes, LogicalType::INTEGER}, LogicalType::INTEGER, getbit_run));
  registry.add(scalar("bytes_part", {bytes, whole, whole}, bytes, bytes_part_run));
  registry.add(scalar("hex_of_integer", {whole}, text, hex_of_number<true>));
  registry.add(scalar("hex_of_bigint", {whole}, text, hex_of_number<false>));
}

}  // namespace tarn::sql::engine
