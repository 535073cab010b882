// Delimited text (LazySimpleSerDe) and OpenCSV.
#include <array>

#include "base/text.h"
#include "sql/engine/errors.h"
#include "sql/engine/serde.h"

namespace tarn::sql::engine {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::Value;
using std::string;

// A delimiter as the catalog has it: the character, or its number ("1" is \001).
char delimiter_of(const std::optional<string>& text, char otherwise) {
  if (!text || text->empty()) return otherwise;
  if (text->size() > 1)
    if (const auto code = parse_int(*text)) return static_cast<char>(*code);
  if (text->size() == 6 && text->starts_with("\\u")) return static_cast<char>(std::stoi(text->substr(2), nullptr, 16));
  return (*text)[0];
}

// AWS: LazySimpleSerDe. What does not convert is NULL; missing fields are NULL; further ones are passed over.
class Delimited final : public SerdeFormat {
 public:
  explicit Delimited(const TableSnapshot& table) : table_(table) {
    const auto& of = table.table;
    auto field = serde_property(of, "field.delim");
    if (!field) field = serde_property(of, "serialization.format");
    separators_[0] = delimiter_of(field, '\001');
    if (field == "1") separators_[0] = '\001';
    auto items = serde_property(of, "collection.delim");
    if (!items) items = serde_property(of, "colelction.delim");  // Hive's own spelling
    separators_[1] = delimiter_of(items, '\002');
    separators_[2] = delimiter_of(serde_property(of, "mapkey.delim"), '\003');
    for (size_t i = 3; i < separators_.size(); ++i) separators_[i] = static_cast<char>(i + 1);
    if (const auto escape = serde_property(of, "escape.delim"); escape && !escape->empty()) escape_ = (*escape)[0];
    null_ = serde_property(of, "serialization.null.format").value_or("\\N");
  }

  bool lenient() const override { return true; }

  bool read(std::string_view record, const std::vector<size_t>&, std::vector<SerdeCell>& cells) override {
    split(record, separators_[0], fields_);
    for (size_t i = 0; i < cells.size() && i < fields_.size(); ++i) {
      const LogicalType& type = table_.types[i];
      if (fields_[i] == null_) continue;
      if (type.IsNested() && !type.IsJSONType())
        cells[i].set_value(nested(fields_[i], type, 1));
      else
        cells[i].set_text(plain(fields_[i]));
    }
    return true;
  }

 private:
  void split(std::string_view text, char separator, std::vector<std::string_view>& parts) const {
    parts.clear();
    size_t from = 0;
    for (size_t i = 0; i < text.size(); ++i) {
      if (escape_ && text[i] == *escape_) {
        ++i;
        continue;
      }
      if (text[i] != separator) continue;
      parts.push_back(text.substr(from, i - from));
      from = i + 1;
    }
    parts.push_back(text.substr(from));
  }

  string plain(std::string_view text) const {
    if (!escape_) return string(text);
    string out;
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] == *escape_ && i + 1 < text.size()) ++i;
      out += text[i];
    }
    return out;
  }

  Value nested(std::string_view text, const LogicalType& type, size_t level) const {
    if (text == null_) return Value(type);
    if (level + 1 >= separators_.size()) return Value(type);
    std::vector<std::string_view> parts;
    switch (type.id()) {
      case LogicalTypeId::LIST: {
        const LogicalType& item = duckdb::ListType::GetChildType(type);
        duckdb::vector<Value> items;
        if (!text.empty()) split(text, separators_[level], parts);
        for (const std::string_view part : parts) items.push_back(nested(part, item, level + 1));
        return Value::LIST(item, std::move(items));
      }
      case LogicalTypeId::MAP: {
        const LogicalType& key = duckdb::MapType::KeyType(type);
        const LogicalType& value = duckdb::MapType::ValueType(type);
        duckdb::vector<Value> keys, values;
        if (!text.empty()) split(text, separators_[level], parts);
        std::vector<std::string_view> pair;
        for (const std::string_view part : parts) {
          split(part, separators_[level + 1], pair);
          keys.push_back(nested(pair[0], key, level + 2));
          values.push_back(pair.size() > 1 ? nested(pair[1], value, level + 2) : Value(value));
        }
        return Value::MAP(key, value, std::move(keys), std::move(values));
      }
      case LogicalTypeId::STRUCT: {
        split(text, separators_[level], parts);
        duckdb::child_list_t<Value> members;
        const auto& types = duckdb::StructType::GetChildTypes(type);
        for (size_t i = 0; i < types.size(); ++i)
          members.emplace_back(types[i].first, i < parts.size() ? nested(parts[i], types[i].second, level + 1)
                                                                : Value(types[i].second));
        return Value::STRUCT(std::move(members));
      }
      default: {
        Value value;
        string error;
        if (type.id() == LogicalTypeId::VARCHAR) return Value(plain(text));
        if (!Value(plain(text)).DefaultTryCastAs(type, value, &error, true)) return Value(type);
        return value;
      }
    }
  }

  const TableSnapshot& table_;
  std::array<char, 10> separators_;
  std::optional<char> escape_;
  string null_;
  std::vector<std::string_view> fields_;
};

// AWS: Open CSV SerDe: DATE is days since 1970, TIMESTAMP milliseconds; an empty field is NULL but for strings.
class OpenCsv final : public SerdeFormat {
 public:
  explicit OpenCsv(const TableSnapshot& table) : table_(table) {
    const auto one = [&](const char* name, char otherwise) {
      const auto text = serde_property(table.table, name);
      return text && !text->empty() ? (*text)[0] : otherwise;
    };
    separator_ = one("separatorchar", ',');
    quote_ = one("quotechar", '"');
    escape_ = one("escapechar", '\\');
  }

  bool read(std::string_view record, const std::vector<size_t>& wanted, std::vector<SerdeCell>& cells) override {
    split(record);
    for (const size_t i : wanted) {
      if (i >= fields_.size()) continue;
      const LogicalType& type = table_.types[i];
      if (type.id() == LogicalTypeId::VARCHAR) {
        cells[i].set_text(fields_[i]);
      } else if (!trim(fields_[i]).empty()) {
        typed(fields_[i], type, cells[i]);
      }
    }
    return true;
  }

 private:
  static void typed(const string& text, const LogicalType& type, SerdeCell& cell) {
    const auto number = parse_int(trim(text));
    if (type.id() == LogicalTypeId::DATE && number)
      return cell.set_value(Value::DATE(duckdb::date_t(static_cast<int32_t>(*number))));
    if (type.id() == LogicalTypeId::TIMESTAMP && number)
      return cell.set_value(Value::TIMESTAMP(duckdb::timestamp_t(*number * 1000)));
    cell.set_text(trim(text));
  }

  void split(std::string_view line) {
    fields_.clear();
    fields_.emplace_back();
    bool quoted = false;
    for (size_t i = 0; i < line.size(); ++i) {
      const char c = line[i];
      if (c == escape_ && escape_ != quote_ && i + 1 < line.size() &&
          (line[i + 1] == quote_ || line[i + 1] == escape_)) {
        fields_.back() += line[++i];
      } else if (c == quote_) {
        if (quoted && i + 1 < line.size() && line[i + 1] == quote_)
          fields_.back() += line[++i];
        else
          quoted = !quoted;
      } else if (c == separator_ && !quoted) {
        fields_.emplace_back();
      } else {
        fields_.back() += c;
      }
    }
  }

  const TableSnapshot& table_;
  char separator_, quote_, escape_;
  std::vector<string> fields_;
};

}  // namespace

std::unique_ptr<SerdeFormat> make_delimited(const TableSnapshot& table) {
  return std::make_unique<Delimited>(table);
}

std::unique_ptr<SerdeFormat> make_open_csv(const TableSnapshot& table) {
  return std::make_unique<OpenCsv>(table);
}

}  // namespace tarn::sql::engine
