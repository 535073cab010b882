#include "sql/engine/unload_avro.h"

#include <cstring>

#include "base/digest.h"
#include "base/json.h"
#include "base/text.h"
#include "sql/engine/codecs.h"
#include "sql/engine/decimals.h"

namespace tarn::sql::engine {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::Value;
using std::string;

Json nullable(Json type) {
  return Json::array({Json("null"), std::move(type)});
}

Json logical(const char* type, const char* name) {
  return Json::object({{"type", type}, {"logicalType", name}});
}

// `name`: of the record that a struct becomes.
Json schema_of(const LogicalType& type, const string& name) {
  switch (type.id()) {
    case LogicalTypeId::BOOLEAN: return Json("boolean");
    case LogicalTypeId::TINYINT:
    case LogicalTypeId::SMALLINT:
    case LogicalTypeId::INTEGER: return Json("int");
    case LogicalTypeId::BIGINT: return Json("long");
    case LogicalTypeId::FLOAT: return Json("float");
    case LogicalTypeId::DOUBLE: return Json("double");
    case LogicalTypeId::VARCHAR: return Json("string");
    case LogicalTypeId::BLOB: return Json("bytes");
    case LogicalTypeId::DATE: return logical("int", "date");
    case LogicalTypeId::TIMESTAMP: return logical("long", "timestamp-millis");
    case LogicalTypeId::DECIMAL: {
      Json decimal = logical("bytes", "decimal");
      decimal.members().emplace_back("precision", Json(static_cast<int64_t>(duckdb::DecimalType::GetWidth(type))));
      decimal.members().emplace_back("scale", Json(static_cast<int64_t>(duckdb::DecimalType::GetScale(type))));
      return decimal;
    }
    case LogicalTypeId::LIST:
      return Json::object(
          {{"type", "array"}, {"items", nullable(schema_of(duckdb::ListType::GetChildType(type), name + "_item"))}});
    case LogicalTypeId::MAP:
      if (duckdb::MapType::KeyType(type).id() != LogicalTypeId::VARCHAR) break;
      return Json::object(
          {{"type", "map"}, {"values", nullable(schema_of(duckdb::MapType::ValueType(type), name + "_value"))}});
    case LogicalTypeId::STRUCT: {
      Json fields = Json::array();
      for (const auto& [field, each] : duckdb::StructType::GetChildTypes(type)) {
        fields.push(Json::object({{"name", field}, {"type", nullable(schema_of(each, name + "_" + field))}}));
      }
      return Json::object({{"type", "record"}, {"name", name}, {"fields", std::move(fields)}});
    }
    default: break;
  }
  raise_sql("0A000", "Avro has no type for " + lower(type.ToString()));
}

void append_number(string& out, int64_t number) {
  uint64_t value = (static_cast<uint64_t>(number) << 1) ^ static_cast<uint64_t>(number >> 63);
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7f) | 0x80);
  out += static_cast<char>(value);
}

void append_bytes(string& out, std::string_view bytes) {
  append_number(out, static_cast<int64_t>(bytes.size()));
  out += bytes;
}

template <class T>
void append_real(string& out, T real) {
  out.append(reinterpret_cast<const char*>(&real), sizeof real);
}

// A decimal's digits, without their point.
__int128 digits_of(const Value& value) {
  switch (value.type().InternalType()) {
    case duckdb::PhysicalType::INT16: return value.GetValueUnsafe<int16_t>();
    case duckdb::PhysicalType::INT32: return value.GetValueUnsafe<int32_t>();
    case duckdb::PhysicalType::INT64: return value.GetValueUnsafe<int64_t>();
    default: return wide(value.GetValueUnsafe<duckdb::hugeint_t>());
  }
}

void append_value(string& out, const Value& value) {
  if (value.IsNull()) return append_number(out, 0);
  append_number(out, 1);
  const LogicalType& type = value.type();
  switch (type.id()) {
    case LogicalTypeId::BOOLEAN: out += value.GetValue<bool>() ? '\1' : '\0'; return;
    case LogicalTypeId::FLOAT: return append_real(out, value.GetValue<float>());
    case LogicalTypeId::DOUBLE: return append_real(out, value.GetValue<double>());
    case LogicalTypeId::VARCHAR:
    case LogicalTypeId::BLOB: return append_bytes(out, duckdb::StringValue::Get(value));
    case LogicalTypeId::DATE: return append_number(out, value.GetValue<duckdb::date_t>().days);
    case LogicalTypeId::TIMESTAMP: {
      const int64_t micros = value.GetValue<duckdb::timestamp_t>().value;
      return append_number(out, (micros - ((micros % 1000) + 1000) % 1000) / 1000);
    }
    case LogicalTypeId::DECIMAL: return append_bytes(out, big_endian(digits_of(value)));
    case LogicalTypeId::STRUCT:
      for (const Value& field : duckdb::StructValue::GetChildren(value)) append_value(out, field);
      return;
    case LogicalTypeId::LIST: {
      const auto& items = duckdb::ListValue::GetChildren(value);
      if (!items.empty()) append_number(out, static_cast<int64_t>(items.size()));
      for (const Value& item : items) append_value(out, item);
      return append_number(out, 0);
    }
    case LogicalTypeId::MAP: {
      const auto& entries = duckdb::MapValue::GetChildren(value);
      if (!entries.empty()) append_number(out, static_cast<int64_t>(entries.size()));
      for (const Value& entry : entries) {
        const auto& pair = duckdb::StructValue::GetChildren(entry);
        append_bytes(out, duckdb::StringValue::Get(pair[0]));
        append_value(out, pair[1]);
      }
      return append_number(out, 0);
    }
    default: return append_number(out, value.GetValue<int64_t>());
  }
}

}  // namespace

AvroRows::AvroRows(const std::vector<string>& names, const std::vector<LogicalType>& types, string codec)
    : codec_(std::move(codec)) {
  Json fields = Json::array();
  for (size_t i = 0; i < names.size(); ++i) {
    fields.push(Json::object(
        {{"name", names[i]}, {"type", nullable(schema_of(types[i], names[i] + "_record"))}, {"default", Json()}}));
  }
  const Json schema = Json::object({{"type", "record"}, {"name", "row"}, {"fields", std::move(fields)}});
  header_ = "Obj\x01";
  append_number(header_, 2);
  append_bytes(header_, "avro.schema");
  append_bytes(header_, schema.text());
  append_bytes(header_, "avro.codec");
  append_bytes(header_, codec_);
  append_number(header_, 0);
  marker_ = md5(header_);  // any 16 bytes will do
  header_ += marker_;
}

void AvroRows::append(string& records, const Value& value) const {
  append_value(records, value);
}

string AvroRows::block(uint64_t rows, std::string_view records) const {
  string out;
  append_number(out, static_cast<int64_t>(rows));
  append_bytes(out, pack_block(codec_, records));
  return out + marker_;
}

}  // namespace tarn::sql::engine
