// Avro's object container files as Hive's SerDe reads them: fields by name, whatever their order, and by logical types.
#include <cstring>
#include <map>

#include "base/json.h"
#include "base/text.h"
#include "sql/decimal.h"
#include "sql/engine/codecs.h"
#include "sql/engine/errors.h"
#include "sql/engine/serde.h"
#include "sql/engine/trino.h"

namespace tarn::sql::engine {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::Value;
using std::string;
using std::string_view;

constexpr string_view kMagic("Obj\x01", 4);
constexpr size_t kMarker = 16;
constexpr int kDeepest = 64;
constexpr uint64_t kMostItems = 100'000'000;  // of one array; items of no bytes must not fill the memory

[[noreturn]] void damaged(const char* what) {
  raise_sql("22000", string("HIVE_BAD_DATA: the Avro file is damaged: ") + what);
}

// A schema, taken apart once.
struct Schema {
  enum class Kind : uint8_t {
    kNull,
    kBoolean,
    kInt,
    kFloat,
    kDouble,
    kBytes,
    kString,
    kFixed,
    kEnum,
    kRecord,
    kArray,
    kMap,
    kUnion
  };
  Kind kind = Kind::kNull;
  string logical;  // "date", "timestamp-millis", "decimal" ..
  int scale = 0;
  size_t size = 0;                   // of a fixed
  std::vector<string> names;         // fields, symbols
  std::vector<const Schema*> parts;  // fields, branches, items, values
};

class Schemas {
 public:
  const Schema* read(const Json& json, int depth = 0) {
    if (depth > kDeepest) damaged("its schema is nested too deeply");
    if (json.is_array()) {
      Schema& made = make(Schema::Kind::kUnion);
      for (const Json& branch : json.items()) made.parts.push_back(read(branch, depth + 1));
      return &made;
    }
    if (json.is_string()) {
      if (const auto named = named_.find(json.as_string()); named != named_.end()) return named->second;
      return &plain(json.as_string());
    }
    if (!json.is_object()) damaged("its schema has an unknown type");
    if (!json["type"].is_string()) return read(json["type"], depth + 1);
    const string& kind = json["type"].as_string();
    if (const auto named = named_.find(kind); named != named_.end()) return named->second;
    static const std::map<string, Schema::Kind> kKinds = {
        {"record", Schema::Kind::kRecord}, {"error", Schema::Kind::kRecord}, {"enum", Schema::Kind::kEnum},
        {"fixed", Schema::Kind::kFixed},   {"array", Schema::Kind::kArray},  {"map", Schema::Kind::kMap}};
    const auto found = kKinds.find(kind);
    Schema& made = found == kKinds.end() ? plain(kind) : make(found->second);
    if (json["logicalType"].is_string()) made.logical = json["logicalType"].as_string();
    if (json["scale"].is_number()) made.scale = static_cast<int>(json["scale"].as_int());
    if (json["size"].is_number()) made.size = static_cast<size_t>(json["size"].as_int());
    if (json["name"].is_string()) {
      named_[json["name"].as_string()] = &made;
      if (json["namespace"].is_string()) named_[json["namespace"].as_string() + "." + json["name"].as_string()] = &made;
    }
    for (const Json& symbol : json["symbols"].items()) made.names.push_back(symbol.as_string());
    for (const Json& field : json["fields"].items()) {
      made.names.push_back(lower(field["name"].as_string()));
      made.parts.push_back(read(field["type"], depth + 1));
    }
    if (made.kind == Schema::Kind::kArray) made.parts.push_back(read(json["items"], depth + 1));
    if (made.kind == Schema::Kind::kMap) made.parts.push_back(read(json["values"], depth + 1));
    return &made;
  }

 private:
  Schema& make(Schema::Kind kind) {
    all_.push_back(std::make_unique<Schema>());
    all_.back()->kind = kind;
    return *all_.back();
  }
  Schema& plain(const string& name) {
    static const std::map<string, Schema::Kind> kPlain = {
        {"null", Schema::Kind::kNull},   {"boolean", Schema::Kind::kBoolean}, {"int", Schema::Kind::kInt},
        {"long", Schema::Kind::kInt},    {"float", Schema::Kind::kFloat},     {"double", Schema::Kind::kDouble},
        {"bytes", Schema::Kind::kBytes}, {"string", Schema::Kind::kString}};
    const auto found = kPlain.find(name);
    if (found == kPlain.end()) damaged("its schema has an unknown type");
    return make(found->second);
  }

  std::vector<std::unique_ptr<Schema>> all_;
  std::map<string, const Schema*> named_;
};

class Decoder {
 public:
  explicit Decoder(string_view bytes) : rest_(bytes) {}

  bool at_end() const { return rest_.empty(); }
  size_t left() const { return rest_.size(); }
  int64_t number() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<uint8_t>(raw(1)[0]);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (!(byte & 0x80)) return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
    }
    damaged("a number is too long");
  }
  string_view raw(uint64_t size) {
    if (size > rest_.size()) damaged("it ends within a value");
    const string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  string_view bytes() {
    const int64_t size = number();
    if (size < 0) damaged("a length is negative");
    return raw(static_cast<uint64_t>(size));
  }
  template <class T>
  T real() {
    T value;
    std::memcpy(&value, raw(sizeof(T)).data(), sizeof(T));
    return value;
  }
  // each(): one item of an array or map.
  template <class Each>
  void blocks(Each each) {
    uint64_t seen = 0;
    while (int64_t count = number()) {
      if (count < 0) {
        count = -count;
        number();  // the block's bytes
      }
      if ((seen += static_cast<uint64_t>(count)) > kMostItems) damaged("an array is too long");
      for (int64_t i = 0; i < count; ++i) each();
    }
  }

  void skip(const Schema& schema) {
    switch (schema.kind) {
      case Schema::Kind::kNull: return;
      case Schema::Kind::kBoolean: raw(1); return;
      case Schema::Kind::kInt:
      case Schema::Kind::kEnum: number(); return;
      case Schema::Kind::kFloat: raw(4); return;
      case Schema::Kind::kDouble: raw(8); return;
      case Schema::Kind::kBytes:
      case Schema::Kind::kString: bytes(); return;
      case Schema::Kind::kFixed: raw(schema.size); return;
      case Schema::Kind::kRecord:
        for (const Schema* field : schema.parts) skip(*field);
        return;
      case Schema::Kind::kArray: return blocks([&] { skip(*schema.parts[0]); });
      case Schema::Kind::kMap:
        return blocks([&] {
          bytes();
          skip(*schema.parts[0]);
        });
      case Schema::Kind::kUnion: return skip(branch(schema));
    }
  }
  const Schema& branch(const Schema& schema) {
    const auto index = static_cast<uint64_t>(number());
    if (index >= schema.parts.size()) damaged("a union has no such branch");
    return *schema.parts[index];
  }

  // What is not nested; nullopt: null.
  std::optional<string> text(const Schema& schema) {
    switch (schema.kind) {
      case Schema::Kind::kNull: return std::nullopt;
      case Schema::Kind::kBoolean: return raw(1)[0] ? "true" : "false";
      case Schema::Kind::kInt: return number_text(schema.logical, number());
      case Schema::Kind::kFloat: return Value::FLOAT(real<float>()).ToString();
      case Schema::Kind::kDouble: return Value::DOUBLE(real<double>()).ToString();
      case Schema::Kind::kString: return string(bytes());
      case Schema::Kind::kBytes:
        return schema.logical == "decimal" ? decimal(bytes(), schema.scale) : string(bytes());
      case Schema::Kind::kFixed:
        return schema.logical == "decimal" ? decimal(raw(schema.size), schema.scale) : string(raw(schema.size));
      case Schema::Kind::kEnum: {
        const auto index = static_cast<uint64_t>(number());
        if (index >= schema.names.size()) damaged("an enum has no such symbol");
        return schema.names[index];
      }
      case Schema::Kind::kUnion: return text(branch(schema));
      default:
        raise_sql("22000", "HIVE_BAD_DATA: an Avro record, array or map stands where the table has a plain column");
    }
  }

  Value value(const Schema& schema, const LogicalType& type) {
    if (schema.kind == Schema::Kind::kUnion) return value(branch(schema), type);
    if (schema.kind == Schema::Kind::kNull) return Value(type);
    if (!type.IsNested()) {
      const auto plain = text(schema);
      if (!plain) return Value(type);
      return type.id() == LogicalTypeId::BLOB ? Value::BLOB_RAW(*plain) : Value(*plain).DefaultCastAs(type);
    }
    if (type.id() == LogicalTypeId::STRUCT && schema.kind == Schema::Kind::kRecord) {
      duckdb::child_list_t<Value> members;
      for (const auto& [name, each] : duckdb::StructType::GetChildTypes(type)) members.emplace_back(name, Value(each));
      for (size_t i = 0; i < schema.parts.size(); ++i) {
        const auto at = std::find_if(members.begin(), members.end(),
                                     [&](const auto& member) { return lower(member.first) == schema.names[i]; });
        if (at == members.end()) {
          skip(*schema.parts[i]);
        } else {
          at->second = value(*schema.parts[i], LogicalType(at->second.type()));
        }
      }
      return Value::STRUCT(std::move(members));
    }
    if (type.id() == LogicalTypeId::LIST && schema.kind == Schema::Kind::kArray) {
      const LogicalType& item = duckdb::ListType::GetChildType(type);
      duckdb::vector<Value> items;
      blocks([&] { items.push_back(value(*schema.parts[0], item)); });
      return Value::LIST(item, std::move(items));
    }
    if (type.id() == LogicalTypeId::MAP && schema.kind == Schema::Kind::kMap) {
      const LogicalType &key = duckdb::MapType::KeyType(type), &each = duckdb::MapType::ValueType(type);
      std::map<string, Value> pairs;
      blocks([&] {
        const string name(bytes());
        pairs[name] = value(*schema.parts[0], each);
      });
      duckdb::vector<Value> keys, values;
      for (auto& [name, one] : pairs) {
        keys.push_back(Value(name).DefaultCastAs(key));
        values.push_back(std::move(one));
      }
      return Value::MAP(key, each, std::move(keys), std::move(values));
    }
    raise_sql("22000", "HIVE_BAD_DATA: the Avro schema of a column is not that of its type " + lower(type.ToString()));
  }

 private:
  static string number_text(const string& logical, int64_t n) {
    if (logical == "date") return duckdb::Date::ToString(duckdb::date_t(static_cast<int32_t>(n)));
    if (logical.ends_with("timestamp-millis")) return trino::timestamp_text(n * 1000);
    if (logical.ends_with("timestamp-micros")) return trino::timestamp_text(n);
    return std::to_string(n);
  }
  static string decimal(string_view bytes, int scale) {
    if (bytes.size() > 16 || scale < 0 || scale > kMaxPrecision) damaged("a decimal is too long");
    return decimal_text(from_big_endian(bytes), scale);
  }

  string_view rest_;
};

class AvroFormat : public SerdeFormat {
 public:
  explicit AvroFormat(const TableSnapshot& table) {
    for (size_t i = 0; i < table.file_columns; ++i) {
      columns_[lower(table.names[i])] = i;
      types_.push_back(table.types[i]);
    }
  }

  bool whole_file() const override { return true; }

  std::vector<string> records(string_view file) override {
    std::vector<string> all;
    if (file.empty()) return all;
    if (!file.starts_with(kMagic)) raise_sql("22000", "HIVE_CANNOT_OPEN_SPLIT: Not an Avro data file");
    Decoder in(file.substr(kMagic.size()));
    string codec = "null", schema;
    in.blocks([&] {
      const string_view name = in.bytes(), value = in.bytes();
      if (name == "avro.codec") codec = value;
      if (name == "avro.schema") schema = value;
    });
    const auto json = Json::parse(schema);
    if (!json) damaged("its schema is no JSON");
    schemas_ = Schemas();
    root_ = schemas_.read(*json);
    if (root_->kind != Schema::Kind::kRecord) damaged("its records are no records");
    const string_view marker = in.raw(kMarker);
    while (!in.at_end()) {
      const int64_t count = in.number();
      const string plain = unpack_block(codec, in.bytes());
      Decoder block(plain);
      for (int64_t i = 0; i < count; ++i) {
        if (block.at_end() && !root_->parts.empty()) damaged("a block has fewer records than it says");
        const size_t from = plain.size() - block.left();
        block.skip(*root_);
        all.push_back(plain.substr(from, plain.size() - block.left() - from));
      }
      if (in.raw(kMarker) != marker) damaged("a block's end is not where it should be");
    }
    return all;
  }

  bool read(string_view record, const std::vector<size_t>& wanted, std::vector<SerdeCell>& cells) override {
    Decoder in(record);
    for (size_t i = 0; i < root_->parts.size(); ++i) {
      const auto column = columns_.find(root_->names[i]);
      const bool read =
          column != columns_.end() && std::find(wanted.begin(), wanted.end(), column->second) != wanted.end();
      if (!read) {
        in.skip(*root_->parts[i]);
      } else if (types_[column->second].IsNested()) {
        cells[column->second].set_value(in.value(*root_->parts[i], types_[column->second]));
      } else if (const auto text = in.text(*root_->parts[i])) {
        cells[column->second].set_text(*text);
      }
    }
    return true;
  }

 private:
  std::map<string, size_t> columns_;  // of the table, by their names
  std::vector<LogicalType> types_;
  Schemas schemas_;
  const Schema* root_ = nullptr;
};

}  // namespace

std::unique_ptr<SerdeFormat> make_avro(const TableSnapshot& table) {
  return std::make_unique<AvroFormat>(table);
}

}  // namespace tarn::sql::engine
