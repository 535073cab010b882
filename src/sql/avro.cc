#include "sql/avro.h"

#include <zlib.h>

#include <bit>
#include <cstring>
#include <map>

#include "sql/sql_error.h"

namespace tarn::sql {
namespace {

constexpr std::string_view kMagic = "Obj\x01";
constexpr size_t kMarker = 16;
constexpr size_t kMostBytes = 1ull << 30;  // of a block, inflated
constexpr int kDeepest = 64;

Failure damaged(const char* what) {
  return sql_error(kInternalError, std::string("the Avro file is damaged: ") + what);
}

// --- schemas --------------------------------------------------------------------------------------------------------

using Names = std::map<std::string, const Json*, std::less<>>;

// Types that a schema names: a later mention is the name alone.
void collect(const Json& schema, Names& names) {
  if (schema.is_array())
    for (const Json& branch : schema.items()) collect(branch, names);
  if (!schema.is_object()) return;
  if (schema["name"].is_string() && schema["type"].is_string()) {
    names[schema["name"].as_string()] = &schema;
    if (schema["namespace"].is_string())
      names[schema["namespace"].as_string() + "." + schema["name"].as_string()] = &schema;
  }
  for (const Json& field : schema["fields"].items()) collect(field["type"], names);
  for (const char* inner : {"items", "values", "type"})
    if (!schema[inner].is_string()) collect(schema[inner], names);
}

// The name of the type that the schema is: "record", "long"; its full form in `full`.
const std::string& kind_of(const Json& schema, const Names& names, const Json*& full) {
  full = &schema;
  if (schema.is_string()) {
    const auto named = names.find(schema.as_string());
    if (named == names.end()) return schema.as_string();
    full = named->second;
  }
  if ((*full)["type"].is_object()) return kind_of((*full)["type"], names, full);
  return (*full)["type"].as_string();
}

// --- reading --------------------------------------------------------------------------------------------------------

class Decoder {
 public:
  Decoder(std::string_view bytes, const Names& names) : bytes_(bytes), names_(names) {}

  bool at_end() const { return at_ >= bytes_.size(); }
  Result<int64_t> number() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (at_end()) return damaged("it ends within a number");
      const auto byte = static_cast<uint8_t>(bytes_[at_++]);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (!(byte & 0x80)) return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
    }
    return damaged("a number is too long");
  }
  Result<std::string_view> raw(uint64_t size) {
    if (size > bytes_.size() - at_) return damaged("it ends within a value");
    at_ += size;
    return bytes_.substr(at_ - size, size);
  }
  Result<std::string_view> bytes() {
    const int64_t size = TRY(number());
    if (size < 0) return damaged("a length is negative");
    return raw(static_cast<uint64_t>(size));
  }

  Result<Json> value(const Json& schema, int depth = 0) {
    if (depth > kDeepest) return damaged("it is nested too deeply");
    if (schema.is_array()) {
      const auto branch = static_cast<uint64_t>(TRY(number()));
      if (branch >= schema.size()) return damaged("a union has no such branch");
      return value(schema.at(branch), depth + 1);
    }
    const Json* full = nullptr;
    const std::string& kind = kind_of(schema, names_, full);
    if (kind == "null") return Json();
    if (kind == "boolean") return Json(TRY(raw(1))[0] != 0);
    if (kind == "int" || kind == "long") return Json(TRY(number()));
    if (kind == "float") {
      float real = 0;
      std::memcpy(&real, TRY(raw(4)).data(), 4);
      return Json(static_cast<double>(real));
    }
    if (kind == "double") {
      double real = 0;
      std::memcpy(&real, TRY(raw(8)).data(), 8);
      return Json(real);
    }
    if (kind == "bytes" || kind == "string") return Json(TRY(bytes()));
    if (kind == "fixed") return Json(TRY(raw(static_cast<uint64_t>((*full)["size"].as_int()))));
    if (kind == "enum") {
      const auto index = static_cast<uint64_t>(TRY(number()));
      if (index >= (*full)["symbols"].size()) return damaged("an enum has no such symbol");
      return (*full)["symbols"].at(index);
    }
    if (kind == "record") {
      Json record = Json::object();
      for (const Json& field : (*full)["fields"].items())
        record.members().emplace_back(field["name"].as_string(), TRY(value(field["type"], depth + 1)));
      return record;
    }
    if (kind == "array" || kind == "map") return blocks(*full, kind == "map", depth);
    return damaged("its schema has an unknown type");
  }

 private:
  Result<Json> blocks(const Json& schema, bool map, int depth) {
    Json all = map ? Json::object() : Json::array();
    while (true) {
      int64_t count = TRY(number());
      if (count == 0) return all;
      if (count < 0) {
        count = -count;
        TRY(number());  // the block's bytes
      }
      for (int64_t i = 0; i < count; ++i) {
        if (all.size() > bytes_.size()) return damaged("an array is longer than the file");
        if (map) {
          std::string name(TRY(bytes()));
          all.members().emplace_back(std::move(name), TRY(value(schema["values"], depth + 1)));
        } else {
          all.push(TRY(value(schema["items"], depth + 1)));
        }
      }
    }
  }

  std::string_view bytes_;
  const Names& names_;
  size_t at_ = 0;
};

// --- writing --------------------------------------------------------------------------------------------------------

void append_number(std::string& out, int64_t number) {
  uint64_t value = (static_cast<uint64_t>(number) << 1) ^ static_cast<uint64_t>(number >> 63);
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7f) | 0x80);
  out += static_cast<char>(value);
}

void append_bytes(std::string& out, std::string_view bytes) {
  append_number(out, static_cast<int64_t>(bytes.size()));
  out += bytes;
}

template <class T>
void append_real(std::string& out, T real) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &real, sizeof(T));
  out.append(bytes, sizeof(T));
}

void append(std::string& out, const Json& value, const Json& schema, const Names& names) {
  if (schema.is_array()) {
    size_t branch = 0;
    while (branch + 1 < schema.size() &&
           (schema.at(branch).is_string() && schema.at(branch).as_string() == "null") != value.is_null())
      ++branch;
    append_number(out, static_cast<int64_t>(branch));
    return append(out, value, schema.at(branch), names);
  }
  const Json* full = nullptr;
  const std::string& kind = kind_of(schema, names, full);
  if (kind == "boolean") out += value.as_bool() ? '\1' : '\0';
  if (kind == "int" || kind == "long") append_number(out, value.as_int());
  if (kind == "float") append_real(out, static_cast<float>(value.as_double()));
  if (kind == "double") append_real(out, value.as_double());
  if (kind == "bytes" || kind == "string") append_bytes(out, value.as_string());
  if (kind == "fixed") {
    std::string bytes = value.as_string();
    bytes.resize(static_cast<size_t>((*full)["size"].as_int()), '\0');
    out += bytes;
  }
  if (kind == "record")
    for (const Json& field : (*full)["fields"].items())
      append(out, value[field["name"].as_string()], field["type"], names);
  if (kind == "array") {
    if (value.size() > 0) append_number(out, static_cast<int64_t>(value.size()));
    for (const Json& item : value.items()) append(out, item, (*full)["items"], names);
    append_number(out, 0);
  }
  if (kind == "map") {
    if (value.size() > 0) append_number(out, static_cast<int64_t>(value.size()));
    for (const auto& [name, item] : value.members()) {
      append_bytes(out, name);
      append(out, item, (*full)["values"], names);
    }
    append_number(out, 0);
  }
}

}  // namespace

Result<std::string> inflate_block(std::string_view bytes) {
  z_stream stream{};
  if (inflateInit2(&stream, -15) != Z_OK) return damaged("its codec");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  int state = Z_OK;
  while (state == Z_OK && out.size() < kMostBytes) {
    const size_t from = out.size();
    out.resize(from + 65536);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + from);
    stream.avail_out = 65536;
    state = inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
    if (state == Z_OK && stream.avail_in == 0 && stream.avail_out > 0) break;
  }
  inflateEnd(&stream);
  if (state != Z_STREAM_END) return damaged("a block does not inflate");
  return out;
}

std::string deflate_block(std::string_view bytes) {
  z_stream stream{};
  deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string AvroFile::of(std::string_view name) const {
  for (const auto& [key, value] : metadata)
    if (key == name) return value;
  return "";
}

Result<AvroFile> read_avro(std::string_view bytes) {
  if (!bytes.starts_with(kMagic)) return damaged("it does not begin as one");
  Names names;
  Decoder decoder(bytes.substr(kMagic.size()), names);
  const Json header = TRY(decoder.value(Json::object({{"type", "map"}, {"values", "bytes"}})));
  const std::string marker(TRY(decoder.raw(kMarker)));
  AvroFile file;
  std::string codec = "null";
  for (const auto& [name, value] : header.members()) {
    if (name == "avro.schema")
      file.schema = TRY(Json::parse(value.as_string()));
    else if (name == "avro.codec")
      codec = value.as_string();
    else
      file.metadata.emplace_back(name, value.as_string());
  }
  if (codec != "null" && codec != "deflate")
    return sql_error(kNotSupported, "Avro files with the codec " + codec + " are not supported");
  collect(file.schema, names);
  while (!decoder.at_end()) {
    const int64_t count = TRY(decoder.number());
    const std::string_view packed = TRY(decoder.bytes());
    const std::string plain = codec == "deflate" ? TRY(inflate_block(packed)) : std::string(packed);
    Decoder block(plain, names);
    for (int64_t i = 0; i < count; ++i) {
      if (block.at_end()) return damaged("a block has fewer records than it says");
      file.records.push_back(TRY(block.value(file.schema)));
    }
    if (TRY(decoder.raw(kMarker)) != marker) return damaged("a block's end is not where it should be");
  }
  return file;
}

std::string write_avro(const AvroFile& file, std::string_view marker) {
  std::string out(kMagic);
  append_number(out, static_cast<int64_t>(file.metadata.size()) + 2);
  append_bytes(out, "avro.schema");
  append_bytes(out, file.schema.text());
  append_bytes(out, "avro.codec");
  append_bytes(out, "deflate");
  for (const auto& [name, value] : file.metadata) {
    append_bytes(out, name);
    append_bytes(out, value);
  }
  append_number(out, 0);
  out += marker;
  if (file.records.empty()) return out;
  Names names;
  collect(file.schema, names);
  std::string records;
  for (const Json& record : file.records) append(records, record, file.schema, names);
  append_number(out, static_cast<int64_t>(file.records.size()));
  append_bytes(out, deflate_block(records));
  return out + std::string(marker);
}

}  // namespace tarn::sql
