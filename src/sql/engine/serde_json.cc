// JSON a line (Hive's and OpenX's SerDes), and CloudTrail's documents.
#include <map>

#include "base/json.h"
#include "base/text.h"
#include "sql/engine/errors.h"
#include "sql/engine/serde.h"

namespace tarn::sql::engine {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::Value;
using std::string;

const Json* member(const Json& object, std::string_view name, bool exact = false) {
  if (const Json* found = object.find(name)) return found;
  if (exact) return nullptr;
  for (const auto& [key, value] : object.members())
    if (equals_ignore_case(key, name)) return &value;
  return nullptr;
}

string text_of(const Json& json) {
  return json.is_string() || json.is_number() ? json.as_string() : json.text();
}

[[noreturn]] void bad_value(const Json& json, const LogicalType& type) {
  raise_sql("22000", "HIVE_BAD_DATA: Error parsing field value '" + json.text() + "' as " + lower(type.ToString()));
}

Value nested(const Json& json, const LogicalType& type) {
  if (json.is_null()) return Value(type);
  switch (type.id()) {
    case LogicalTypeId::LIST: {
      if (!json.is_array()) bad_value(json, type);
      const LogicalType& item = duckdb::ListType::GetChildType(type);
      duckdb::vector<Value> items;
      for (const Json& each : json.items()) items.push_back(nested(each, item));
      return Value::LIST(item, std::move(items));
    }
    case LogicalTypeId::MAP: {
      if (!json.is_object()) bad_value(json, type);
      const LogicalType& key = duckdb::MapType::KeyType(type);
      const LogicalType& value = duckdb::MapType::ValueType(type);
      std::map<string, Value> pairs;
      for (const auto& [name, each] : json.members()) pairs[name] = nested(each, value);
      duckdb::vector<Value> keys, values;
      for (auto& [name, each] : pairs) {
        keys.push_back(Value(name).DefaultCastAs(key));
        values.push_back(std::move(each));
      }
      return Value::MAP(key, value, std::move(keys), std::move(values));
    }
    case LogicalTypeId::STRUCT: {
      if (!json.is_object()) bad_value(json, type);
      duckdb::child_list_t<Value> members;
      for (const auto& [name, each] : duckdb::StructType::GetChildTypes(type)) {
        const Json* found = member(json, name);
        members.emplace_back(name, found ? nested(*found, each) : Value(each));
      }
      return Value::STRUCT(std::move(members));
    }
    case LogicalTypeId::VARCHAR: return Value(text_of(json));
    default: {
      Value value;
      string error;
      if (!Value(text_of(json)).DefaultTryCastAs(type, value, &error)) bad_value(json, type);
      return value;
    }
  }
}

class JsonFormat : public SerdeFormat {
 public:
  JsonFormat(const TableSnapshot& table, bool open_x) : table_(table) {
    for (size_t i = 0; i < table.file_columns; ++i) keys_.push_back(table.names[i]);
    if (!open_x) return;
    // AWS: OpenX JSON SerDe.
    ignore_malformed_ = serde_property(table.table, "ignore.malformed.json") == "true";
    dots_ = serde_property(table.table, "dots.in.keys") == "true";
    exact_ = serde_property(table.table, "case.insensitive") == "false";
    for (size_t i = 0; i < keys_.size(); ++i)
      if (const auto mapped = serde_property(table.table, "mapping." + keys_[i])) {
        keys_[i] = *mapped;
        mapped_.push_back(i);
      }
  }

  bool read(std::string_view record, const std::vector<size_t>& wanted, std::vector<SerdeCell>& cells) override {
    if (trim(record).empty()) return false;
    const auto parsed = Json::parse(record);
    if (!parsed || !parsed->is_object()) {
      if (ignore_malformed_) return true;  // a row of NULLs
      raise_sql("22000", "HIVE_CURSOR_ERROR: Row is not a valid JSON Object: " +
                             (parsed ? string("it is no object") : parsed.error().message));
    }
    fill(*parsed, wanted, cells);
    return true;
  }

 protected:
  void fill(const Json& object, const std::vector<size_t>& wanted, std::vector<SerdeCell>& cells) const {
    for (const size_t i : wanted) {
      const Json* found = member(object, keys_[i], exact_ && std::find(mapped_.begin(), mapped_.end(), i) != mapped_.end());
      if (!found && dots_) found = with_dots(object, keys_[i]);
      if (!found || found->is_null()) continue;
      const LogicalType& type = table_.types[i];
      if (type.IsNested() && !type.IsJSONType())
        cells[i].set_value(nested(*found, type));
      else
        cells[i].set_text(text_of(*found));
    }
  }

 private:
  // The key whose dots are the column's underscores.
  static const Json* with_dots(const Json& object, const string& name) {
    for (const auto& [key, value] : object.members())
      if (equals_ignore_case(replace_all(key, ".", "_"), name)) return &value;
    return nullptr;
  }

  const TableSnapshot& table_;
  std::vector<string> keys_;  // of each column of the file
  std::vector<size_t> mapped_;
  bool ignore_malformed_ = false, dots_ = false, exact_ = false;
};

// AWS: CloudTrail SerDe: a file is {"Records": [..]}.
class CloudTrail final : public JsonFormat {
 public:
  explicit CloudTrail(const TableSnapshot& table) : JsonFormat(table, false) {}
  bool whole_file() const override { return true; }
  std::vector<string> records(std::string_view file) override {
    std::vector<string> all;
    if (trim(file).empty()) return all;
    const auto parsed = Json::parse(file);
    if (!parsed)
      raise_sql("22000", "HIVE_CURSOR_ERROR: The file is no CloudTrail log: " + parsed.error().message);
    const Json* records = member(*parsed, "Records");
    if (!records || !records->is_array())
      raise_sql("22000", "HIVE_CURSOR_ERROR: The file is no CloudTrail log: it has no Records");
    for (const Json& record : records->items()) all.push_back(record.text());
    return all;
  }
};

}  // namespace

std::unique_ptr<SerdeFormat> make_json(const TableSnapshot& table, bool open_x) {
  return std::make_unique<JsonFormat>(table, open_x);
}

std::unique_ptr<SerdeFormat> make_cloudtrail(const TableSnapshot& table) {
  return std::make_unique<CloudTrail>(table);
}

}  // namespace tarn::sql::engine
