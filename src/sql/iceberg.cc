// The metadata document, and types.
#include "sql/iceberg.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "sql/sql_error.h"

namespace tarn::sql::iceberg {
namespace {

const Json kNone;

// {"type": "struct", "fields": [..]}; the type of Iceberg's nested types is in `type`.
bool is(const Json& type, std::string_view name) {
  return type.is_object() && type["type"].as_string() == name;
}

std::vector<Json>* array_of(Json& metadata, std::string_view name) {
  for (auto& [key, value] : metadata.members())
    if (key == name && value.is_array()) return &value.items();
  return nullptr;
}

const Json& with_id(const Json& all, std::string_view key, int id) {
  for (const Json& each : all.items())
    if (each[key].as_int(-1) == id) return each;
  return kNone;
}

Snapshot snapshot_of(const Json& json) {
  Snapshot snapshot;
  snapshot.id = json["snapshot-id"].as_int();
  snapshot.parent = json["parent-snapshot-id"].as_int(-1);
  snapshot.sequence = json["sequence-number"].as_int();
  snapshot.made = Time::of_millis(json["timestamp-ms"].as_int());
  snapshot.summary = json["summary"];
  snapshot.operation = json["summary"]["operation"].as_string();
  snapshot.manifest_list = json["manifest-list"].as_string();
  snapshot.schema_id = static_cast<int>(json["schema-id"].as_int(-1));
  return snapshot;
}

}  // namespace

Failure failure(std::string trino_code, std::string message) {
  Error error{400, "SqlError", std::move(message)};
  error.members.emplace_back("sqlstate", trino_code == "NOT_SUPPORTED" ? "0A000" : "22023");
  error.members.emplace_back("trino", std::move(trino_code));
  return Failure(std::move(error));
}

// --- the document ---------------------------------------------------------------------------------------------------

Result<Json> parse_metadata(std::string_view text) {
  auto parsed = Json::parse(text);
  if (!parsed || !parsed->is_object())
    return failure("ICEBERG_INVALID_METADATA", "The table's metadata document is no JSON object");
  const int64_t version = (*parsed)["format-version"].as_int();
  if (version != 1 && version != 2)
    return failure("NOT_SUPPORTED", fmt::format("Iceberg tables of format version {} are not supported: 1 and 2 are",
                                                (*parsed)["format-version"].as_string()));
  if (current_schema(*parsed).is_null())
    return failure("ICEBERG_INVALID_METADATA", "The table's metadata document names no current schema");
  return parsed;
}

const Json& schema_of(const Json& metadata, int id) {
  return with_id(metadata["schemas"], "schema-id", id);
}

const Json& current_schema(const Json& metadata) {
  // Version 1 has one "schema" and may have no list.
  if (!metadata["schemas"].is_array()) return metadata["schema"];
  return schema_of(metadata, static_cast<int>(metadata["current-schema-id"].as_int()));
}

std::vector<Field> fields_of(const Json& schema) {
  std::vector<Field> fields;
  for (const Json& field : schema["fields"].items())
    fields.push_back({static_cast<int>(field["id"].as_int()), field["name"].as_string(), field["type"],
                      field["required"].as_bool(), field["doc"].as_string()});
  return fields;
}

const Json& spec_of(const Json& metadata, int id) {
  if (!metadata["partition-specs"].is_array()) return kNone;
  return with_id(metadata["partition-specs"], "spec-id", id);
}

const Json& current_spec(const Json& metadata) {
  return spec_of(metadata, static_cast<int>(metadata["default-spec-id"].as_int()));
}

std::vector<PartitionField> partition_fields(const Json& spec) {
  std::vector<PartitionField> fields;
  for (const Json& field : spec["fields"].items())
    fields.push_back({static_cast<int>(field["source-id"].as_int()), static_cast<int>(field["field-id"].as_int()),
                      field["name"].as_string(), field["transform"].as_string()});
  return fields;
}

std::vector<PartitionField> all_partition_fields(const Json& metadata) {
  std::vector<PartitionField> all = partition_fields(current_spec(metadata));
  for (const Json& spec : metadata["partition-specs"].items()) {
    for (PartitionField& field : partition_fields(spec)) {
      const bool known =
          std::ranges::any_of(all, [&](const PartitionField& each) { return each.field_id == field.field_id; });
      if (!known) all.push_back(std::move(field));
    }
  }
  return all;
}

Json type_of_column(const Json& metadata, int id) {
  for (const Json& schema : metadata["schemas"].items()) {
    const auto fields = fields_of(schema);
    if (const Json* type = source_type(fields, id)) return *type;
  }
  return "string";
}

std::vector<Snapshot> snapshots_of(const Json& metadata) {
  std::vector<Snapshot> all;
  for (const Json& each : metadata["snapshots"].items()) all.push_back(snapshot_of(each));
  return all;
}

std::optional<Snapshot> find_snapshot(const Json& metadata, int64_t id) {
  for (const Json& each : metadata["snapshots"].items())
    if (each["snapshot-id"].as_int(-1) == id) return snapshot_of(each);
  return std::nullopt;
}

std::optional<Snapshot> current_snapshot(const Json& metadata) {
  return find_snapshot(metadata, metadata["current-snapshot-id"].as_int(-1));
}

std::optional<Snapshot> snapshot_at(const Json& metadata, Time when) {
  std::optional<int64_t> id;
  for (const Json& entry : metadata["snapshot-log"].items())
    if (entry["timestamp-ms"].as_int() <= when.millis()) id = entry["snapshot-id"].as_int();
  if (!id) return std::nullopt;
  return find_snapshot(metadata, *id);
}

std::optional<Snapshot> snapshot_of_ref(const Json& metadata, std::string_view name) {
  const Json& ref = metadata["refs"][name];
  if (!ref.is_object()) return std::nullopt;
  return find_snapshot(metadata, ref["snapshot-id"].as_int(-1));
}

std::string property(const Json& metadata, std::string_view name, std::string otherwise) {
  const Json& value = metadata["properties"][name];
  return value.is_string() ? value.as_string() : otherwise;
}

// --- types ----------------------------------------------------------------------------------------------------------

std::string hive_type(const Json& type) {
  if (is(type, "list")) return "array<" + hive_type(type["element"]) + ">";
  if (is(type, "map")) return "map<" + hive_type(type["key"]) + "," + hive_type(type["value"]) + ">";
  if (is(type, "struct")) {
    std::string text = "struct<";
    for (const Field& field : fields_of(type))
      text += (text.size() > 7 ? "," : "") + field.name + ":" + hive_type(field.type);
    return text + ">";
  }
  const std::string& name = type.as_string();
  if (name == "long") return "bigint";
  if (name == "uuid") return "string";
  if (name == "time") return "string";
  if (name == "timestamptz") return "timestamp";
  if (name.starts_with("fixed")) return "binary";
  if (name.starts_with("decimal")) return replace_all(name, " ", "");
  return name;
}

namespace {

// Reads one of Hive's types.
class HiveReader {
 public:
  HiveReader(std::string_view text, int& last_id) : text_(text), last_id_(last_id) {}

  Result<Json> type() {
    const std::string name = lower(word());
    if (name == "array") {
      TRY(expect('<'));
      const int id = ++last_id_;
      Json element = TRY(type());
      TRY(expect('>'));
      return Json::object(
          {{"type", "list"}, {"element-id", id}, {"element-required", false}, {"element", std::move(element)}});
    }
    if (name == "map") {
      TRY(expect('<'));
      const int key_id = ++last_id_, value_id = ++last_id_;
      Json key = TRY(type());
      TRY(expect(','));
      Json value = TRY(type());
      TRY(expect('>'));
      return Json::object({{"type", "map"},
                           {"key-id", key_id},
                           {"key", std::move(key)},
                           {"value-id", value_id},
                           {"value-required", false},
                           {"value", std::move(value)}});
    }
    if (name == "struct") return structure();
    return scalar(name);
  }
  bool ended() const { return at_ == text_.size(); }

 private:
  Result<Json> structure() {
    Json fields = Json::array();
    TRY(expect('<'));
    do {
      std::string name(word());
      TRY(expect(':'));
      const int id = ++last_id_;
      Json member = TRY(type());
      fields.push(
          Json::object({{"id", id}, {"name", std::move(name)}, {"required", false}, {"type", std::move(member)}}));
    } while (accept(','));
    TRY(expect('>'));
    return Json::object({{"type", "struct"}, {"fields", std::move(fields)}});
  }

  Result<Json> scalar(const std::string& name) {
    std::vector<int64_t> numbers;
    if (accept('(')) {
      do numbers.push_back(parse_int(word()).value_or(-1));
      while (accept(','));
      TRY(expect(')'));
    }
    if (name == "decimal" && numbers.size() <= 2) {
      const int64_t precision = numbers.empty() ? 10 : numbers[0], scale = numbers.size() < 2 ? 0 : numbers[1];
      if (precision >= 1 && precision <= 38 && scale >= 0 && scale <= precision)
        return Json(fmt::format("decimal({}, {})", precision, scale));
    }
    // AWS: Supported data types for Iceberg tables in Athena.
    for (const char* same : {"boolean", "int", "float", "double", "date", "timestamp", "string", "binary"})
      if (name == same && numbers.empty()) return Json(same);
    if ((name == "bigint" || name == "long") && numbers.empty()) return Json("long");
    return failure("NOT_SUPPORTED", fmt::format("The type {} is not supported in Iceberg tables", text_));
  }

  std::string_view word() {
    const size_t from = at_;
    while (at_ < text_.size() && !std::string_view("<>,:()").contains(text_[at_])) ++at_;
    return trim(text_.substr(from, at_ - from));
  }
  bool accept(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  Status expect(char c) {
    if (accept(c)) return {};
    return failure("NOT_SUPPORTED", fmt::format("The type {} is malformed", text_));
  }

  std::string_view text_;
  int& last_id_;
  size_t at_ = 0;
};

}  // namespace

Result<Json> type_of(std::string_view hive, int& last_id) {
  HiveReader reader(hive, last_id);
  Json type = TRY(reader.type());
  if (!reader.ended()) return failure("NOT_SUPPORTED", fmt::format("The type {} is malformed", hive));
  return type;
}

bool promotes(const Json& from, const Json& to) {
  if (from == to) return true;
  const std::string &a = from.as_string(), &b = to.as_string();
  if (a == "int" && b == "long") return true;
  if (a == "float" && b == "double") return true;
  if (!a.starts_with("decimal(") || !b.starts_with("decimal(")) return false;
  const auto numbers = [](const std::string& text) {
    const size_t comma = text.find(',');
    return std::pair(parse_int(trim(std::string_view(text).substr(8, comma - 8))).value_or(0),
                     parse_int(trim(std::string_view(text).substr(comma + 1, text.size() - comma - 2))).value_or(-1));
  };
  return numbers(a).second == numbers(b).second && numbers(a).first <= numbers(b).first;
}

namespace {

std::string id_text(int64_t id, const Json& type) {
  std::string inner;
  const auto add = [&](const std::string& name, const Json& member_id, const Json& member) {
    inner += fmt::format(", '{}': {}", replace_all(name, "'", "''"), id_text(member_id.as_int(), member));
  };
  if (is(type, "list")) add("element", type["element-id"], type["element"]);
  if (is(type, "map")) {
    add("key", type["key-id"], type["key"]);
    add("value", type["value-id"], type["value"]);
  }
  if (is(type, "struct"))
    for (const Json& field : type["fields"].items()) add(field["name"].as_string(), field["id"], field["type"]);
  return inner.empty() ? std::to_string(id) : fmt::format("{{'__duckdb_field_id': {}{}}}", id, inner);
}

}  // namespace

std::string field_ids(const std::vector<Field>& fields) {
  std::string text;
  for (const Field& field : fields)
    text += fmt::format("{}'{}': {}", text.empty() ? "" : ", ", replace_all(field.name, "'", "''"),
                        id_text(field.id, field.type));
  return "{" + text + "}";
}

// --- new documents --------------------------------------------------------------------------------------------------

namespace {

Json schema_json(const std::vector<Field>& fields, int id) {
  Json all = Json::array();
  for (const Field& field : fields) {
    Json made =
        Json::object({{"id", field.id}, {"name", field.name}, {"required", field.required}, {"type", field.type}});
    if (!field.comment.empty()) made.set("doc", field.comment);
    all.push(std::move(made));
  }
  return Json::object({{"type", "struct"}, {"schema-id", id}, {"fields", std::move(all)}});
}

}  // namespace

Json new_metadata(const NewTable& table, Time now) {
  constexpr int kFirstPartitionField = 1000;
  Json spec = Json::array();
  int last_partition = kFirstPartitionField - 1;
  for (const PartitionField& field : table.partition)
    spec.push(Json::object({{"name", field.name},
                            {"transform", field.transform},
                            {"source-id", field.source_id},
                            {"field-id", ++last_partition}}));
  Json properties = Json::object();
  for (const auto& [name, value] : table.properties) properties.set(name, value);
  return Json::object({
      {"format-version", 2},
      {"table-uuid", table.uuid},
      {"location", table.location},
      {"last-sequence-number", 0},
      {"last-updated-ms", now.millis()},
      {"last-column-id", table.last_column_id},
      {"current-schema-id", 0},
      {"schemas", Json::array({schema_json(table.fields, 0)})},
      {"default-spec-id", 0},
      {"partition-specs", Json::array({Json::object({{"spec-id", 0}, {"fields", std::move(spec)}})})},
      {"last-partition-id", last_partition},
      {"default-sort-order-id", 0},
      {"sort-orders", Json::array({Json::object({{"order-id", 0}, {"fields", Json::array()}})})},
      {"properties", std::move(properties)},
      {"current-snapshot-id", -1},
      {"refs", Json::object()},
      {"snapshots", Json::array()},
      {"statistics", Json::array()},
      {"partition-statistics", Json::array()},
      {"snapshot-log", Json::array()},
      {"metadata-log", Json::array()},
  });
}

void set_schema(Json& metadata, const std::vector<Field>& fields, int last_column_id) {
  int id = 0;
  for (const Json& schema : metadata["schemas"].items())
    id = std::max(id, static_cast<int>(schema["schema-id"].as_int()) + 1);
  if (auto* schemas = array_of(metadata, "schemas")) schemas->push_back(schema_json(fields, id));
  metadata.set("current-schema-id", id);
  metadata.set("last-column-id", last_column_id);
}

void note_change(Json& metadata, const std::string& old_location, Time now) {
  constexpr size_t kMostLogged = 100;  // write.metadata.previous-versions-max
  const int64_t before = metadata["last-updated-ms"].as_int();
  if (!metadata["metadata-log"].is_array()) metadata.set("metadata-log", Json::array());
  if (auto* log = array_of(metadata, "metadata-log")) {
    log->push_back(Json::object({{"timestamp-ms", before}, {"metadata-file", old_location}}));
    if (log->size() > kMostLogged) log->erase(log->begin(), log->end() - kMostLogged);
  }
  metadata.set("last-updated-ms", std::max(now.millis(), before));
}

std::string next_location(const Json& metadata, const std::string& old_location, const std::string& uuid) {
  const std::string_view name = std::string_view(old_location).substr(old_location.rfind('/') + 1);
  const int64_t version = parse_int(name.substr(0, name.find('-'))).value_or(-1) + 1;
  std::string location = metadata["location"].as_string();
  while (location.ends_with('/')) location.pop_back();
  return fmt::format("{}/metadata/{:05}-{}.metadata.json", location, version, uuid);
}

}  // namespace tarn::sql::iceberg
