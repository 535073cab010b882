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
        const int64_t end = std::clamp<int64_t>(start - 1 + std::min<int64_t>(length, INT32_MAX), 0, size);
        const int64_t from = std::clamp<int64_t>(start - 1, 0, end);
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
  registry.add(scalar("to_varbyte_run", {text, text}, bytes, to_varbyte_run));
  registry.add(scalar("from_varbyte_run", {bytes, text}, text, from_varbyte_run));
  registry.add(scalar("getbit_run", {bytes, LogicalType::INTEGER}, LogicalType::INTEGER, getbit_run));
  registry.add(scalar("bytes_part", {bytes, whole, whole}, bytes, bytes_part_run));
  registry.add(scalar("hex_of_integer", {whole}, text, hex_of_number<true>));
  registry.add(scalar("hex_of_bigint", {whole}, text, hex_of_number<false>));
}

}  // namespace tarn::sql::engine
