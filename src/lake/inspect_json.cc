// JSON: values one behind the other (a line each, or not), or one document; and Avro, whose schema is JSON.
#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "lake/file_schema.h"

namespace tarn::lake {
namespace {

// Where the value that begins here ends; npos: the text ends before it does. Only brackets and strings count.
size_t end_of_value(std::string_view text, size_t at) {
  int depth = 0;
  bool in_string = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (in_string) {
      if (c == '\\')
        ++at;
      else if (c == '"')
        in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (--depth == 0) return at + 1;
    }
  }
  return std::string_view::npos;
}

HiveType type_of(const Json& value);

HiveType type_of_object(const Json& value) {
  HiveType type{"struct", {}};
  for (const auto& [name, member] : value.members()) type.members.emplace_back(lower(name), type_of(member));
  return type;
}

HiveType type_of(const Json& value) {
  switch (value.kind()) {
    case Json::Kind::kNull: return {""};
    case Json::Kind::kFalse:
    case Json::Kind::kTrue: return {"boolean"};
    case Json::Kind::kString: return {"string"};
    case Json::Kind::kObject: return type_of_object(value);
    case Json::Kind::kArray: {
      HiveType element{""};
      for (const Json& item : value.items()) element = widened(element, type_of(item));
      return {"array", {{"", std::move(element)}}};
    }
    case Json::Kind::kNumber: break;
  }
  const auto number = parse_int(value.as_string());
  if (!number) return {"double"};
  return {*number >= INT32_MIN && *number <= INT32_MAX ? "int" : "bigint"};
}

// The values that a path of a custom classifier chooses: $, $.a.b, $[*], $.a[*]. AWS: "Writing JSON custom classifiers".
void choose(const Json& value, std::string_view path, std::vector<const Json*>& out) {
  if (path.empty()) {
    out.push_back(&value);
    return;
  }
  if (path.starts_with("[*]") || path.starts_with(".*")) {
    path.remove_prefix(path[0] == '[' ? 3 : 2);
    for (const Json& item : value.items()) choose(item, path, out);
    for (const auto& [name, member] : value.members()) choose(member, path, out);
    return;
  }
  if (path.starts_with('[')) {
    const size_t end = path.find(']');
    if (end == std::string_view::npos) return;
    std::string_view inside = path.substr(1, end - 1);
    path.remove_prefix(end + 1);
    if (const auto index = parse_int(inside);
        index && *index >= 0 && static_cast<size_t>(*index) < value.items().size())
      choose(value.at(static_cast<size_t>(*index)), path, out);
    if (inside.size() > 2 && (inside[0] == '\'' || inside[0] == '"'))
      if (const Json* member = value.find(inside.substr(1, inside.size() - 2))) choose(*member, path, out);
    return;
  }
  if (!path.starts_with('.')) return;
  path.remove_prefix(1);
  const size_t end = std::min(path.find_first_of(".["), path.size());
  if (const Json* member = value.find(path.substr(0, end))) choose(*member, path.substr(end), out);
}

// Takes one more record's members into the columns. False: it is no object.
bool add(FileSchema& schema, const Json& record) {
  if (!record.is_object()) return false;
  std::vector<FileColumn> columns;
  for (const auto& [name, value] : record.members()) columns.push_back({lower(name), type_of(value)});
  schema.columns = merged(schema.columns, columns);
  ++schema.records;
  return true;
}

// --- Avro ------------------------------------------------------------------------------------------------------------

constexpr int kDeepest = 64;

class AvroReader {
 public:
  explicit AvroReader(std::string_view bytes) : rest_(bytes) {}
  bool ok() const { return ok_; }
  int64_t integer() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) return ok_ = false, 0;
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) break;
    }
    return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
  }
  std::string text() {
    const int64_t size = integer();
    if (size < 0 || static_cast<uint64_t>(size) > rest_.size()) return ok_ = false, std::string();
    std::string out(rest_.substr(0, static_cast<size_t>(size)));
    rest_.remove_prefix(static_cast<size_t>(size));
    return out;
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

HiveType avro_type(const Json& schema, int depth);

HiveType avro_record(const Json& schema, int depth) {
  HiveType type{"struct", {}};
  for (const Json& field : schema["fields"].items())
    type.members.emplace_back(lower(field["name"].as_string()), avro_type(field["type"], depth + 1));
  return type;
}

// A union with null is what it may be otherwise. AWS and Hive: other unions have no type of their own.
HiveType avro_union(const Json& schema, int depth) {
  HiveType type{""};
  for (const Json& each : schema.items())
    if (each.as_string() != "null") type = widened(type, avro_type(each, depth + 1));
  return type;
}

HiveType avro_type(const Json& schema, int depth) {
  if (depth > kDeepest) return {"string"};
  if (schema.is_array()) return avro_union(schema, depth);
  const bool plain = schema.is_string();
  const std::string& name = plain ? schema.as_string() : schema["type"].as_string();
  if (!plain && !schema["type"].is_string()) return avro_type(schema["type"], depth + 1);
  const std::string& logical = plain ? name : schema["logicalType"].as_string();
  if (logical == "decimal")
    return {fmt::format("decimal({},{})", schema["precision"].as_int(38), schema["scale"].as_int(0))};
  if (logical == "date") return {"date"};
  if (logical.starts_with("timestamp-") || logical.starts_with("local-timestamp-")) return {"timestamp"};
  if (name == "record") return avro_record(schema, depth);
  if (name == "array") return {"array", {{"", avro_type(schema["items"], depth + 1)}}};
  if (name == "map") return {"map", {{"", {"string"}}, {"", avro_type(schema["values"], depth + 1)}}};
  if (name == "long") return {"bigint"};
  if (name == "bytes" || name == "fixed") return {"binary"};
  if (name == "int" || name == "float" || name == "double" || name == "boolean") return {name};
  return {"string"};  // string, enum, and named types that were declared before
}

}  // namespace

std::optional<FileSchema> inspect_json(const Sample& sample, const std::string& path) {
  FileSchema schema{.classification = "json"};
  std::string_view text = sample.text;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || (text[first] != '{' && text[first] != '[')) return std::nullopt;
  size_t at = first;
  while (schema.records < sample.records_at_most) {
    at = std::min(text.find_first_not_of(" \t\r\n,", at), text.size());
    if (at == text.size()) break;
    const size_t end = text[at] == '{' || text[at] == '[' ? end_of_value(text, at) : std::string_view::npos;
    if (end == std::string_view::npos) {
      if (sample.whole || schema.records == 0) return std::nullopt;
      break;  // cut off
    }
    const auto value = Json::parse(text.substr(at, end - at));
    if (!value) return std::nullopt;
    if (!path.empty()) {
      std::vector<const Json*> chosen;
      choose(*value, std::string_view(path).substr(path.starts_with('$') ? 1 : 0), chosen);
      for (const Json* each : chosen) add(schema, *each);
    } else if (value->is_array()) {
      // AWS: a document that is an array is one column of that name, unless a JSON path says otherwise.
      schema.columns = merged(schema.columns, {{"array", type_of(*value)}});
      ++schema.records;
    } else {
      add(schema, *value);
    }
    at = end;
    schema.record_bytes = at;
  }
  if (schema.records == 0) return std::nullopt;
  if (!path.empty()) schema.parameters["jsonPath"] = path;
  return schema;
}

std::optional<FileSchema> inspect_avro(std::string_view head) {
  if (!head.starts_with("Obj\1")) return std::nullopt;
  AvroReader in(head.substr(4));
  std::string text;
  for (int64_t entries = in.integer(); entries != 0 && in.ok(); entries = in.integer()) {
    if (entries < 0) {
      entries = -entries;
      in.integer();  // the block's size
    }
    for (; entries > 0 && in.ok(); --entries) {
      const std::string name = in.text();
      std::string value = in.text();
      if (name == "avro.schema") text = std::move(value);
    }
  }
  const auto parsed = Json::parse(text);
  if (!in.ok() || !parsed) return std::nullopt;
  FileSchema schema{.classification = "avro"};
  for (auto& [name, type] : avro_type(*parsed, 0).members) schema.columns.push_back({name, type});
  if (schema.columns.empty()) return std::nullopt;
  schema.parameters["avro.schema.literal"] = parsed->text();
  return schema;
}

}  // namespace tarn::lake
