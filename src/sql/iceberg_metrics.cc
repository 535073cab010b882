// What manifests say of values: of a file's columns, and of the partitions of a manifest's files.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "base/text.h"
#include "sql/decimal.h"
#include "sql/iceberg.h"

namespace tarn::sql::iceberg {
namespace {

// Iceberg's configuration, write.metadata.metrics.default: truncate(16).
constexpr size_t kBoundLength = 16;
// Parquet's physical types.
constexpr int kInt32 = 1, kInt64 = 2;

template <class T>
T load(std::string_view bytes) {
  T value{};
  std::memcpy(&value, bytes.data(), std::min(sizeof value, bytes.size()));
  return value;
}
template <class T>
std::string store(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

bool is_long(const std::string& type) {
  return type == "long" || type == "time" || type.starts_with("timestamp");
}
bool is_int(const std::string& type) {
  return type == "int" || type == "date";
}
bool is_decimal(const std::string& type) {
  return type.starts_with("decimal(");
}

// Parquet's plain form of a value as Iceberg's single-value form: the same little-endian numbers and bytes, but for decimals.
// nullopt: a bound that says nothing.
std::optional<std::string> single_value(const std::string& type, int physical, const std::string& plain) {
  if (is_decimal(type)) {
    if (physical == kInt32 && plain.size() == 4) return big_endian(load<int32_t>(plain));
    if (physical == kInt64 && plain.size() == 8) return big_endian(load<int64_t>(plain));
    if (plain.empty() || plain.size() > 16) return std::nullopt;
    return big_endian(from_big_endian(plain));
  }
  const size_t size = type == "boolean" ? 1 : is_int(type) || type == "float" ? 4 : is_long(type) || type == "double" ? 8 : 0;
  if (size > 0 && plain.size() != size) return std::nullopt;
  if (type == "float" && std::isnan(load<float>(plain))) return std::nullopt;
  if (type == "double" && std::isnan(load<double>(plain))) return std::nullopt;
  return plain;
}

bool less(const std::string& type, const std::string& a, const std::string& b) {
  if (is_int(type)) return load<int32_t>(a) < load<int32_t>(b);
  if (is_long(type)) return load<int64_t>(a) < load<int64_t>(b);
  if (type == "float") return load<float>(a) < load<float>(b);
  if (type == "double") return load<double>(a) < load<double>(b);
  if (is_decimal(type)) return from_big_endian(a) < from_big_endian(b);
  return a < b;  // bytes without a sign
}

// Where each character begins, and the end. What is no UTF-8 belongs to the character before it.
std::vector<size_t> characters(std::string_view text) {
  std::vector<size_t> at;
  for (size_t i = 0; i < text.size(); ++i)
    if (i == 0 || (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) at.push_back(i);
  at.push_back(text.size());
  return at;
}

// The character behind this one; empty: it is the last one, or none.
std::string next_character(std::string_view character) {
  constexpr uint32_t kLast = 0x10ffff, kFirstSurrogate = 0xd800, kBehindSurrogates = 0xe000;
  if (character.size() > 4) return "";
  const auto lead = static_cast<unsigned char>(character[0]);
  uint32_t point = character.size() == 1 ? lead : lead & (0x7fU >> character.size());
  for (const char c : character.substr(1)) point = (point << 6) | (static_cast<unsigned char>(c) & 0x3fU);
  if (point >= kLast) return "";
  point = point + 1 == kFirstSurrogate ? kBehindSurrogates : point + 1;
  if (point < 0x80) return {static_cast<char>(point)};
  const int more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  std::string text(1, static_cast<char>(((0xff00U >> (more + 1)) & 0xffU) | (point >> (6 * more))));
  for (int i = more - 1; i >= 0; --i) text += static_cast<char>(0x80U | ((point >> (6 * i)) & 0x3fU));
  return text;
}

// A text behind all those which begin with this one, as short as it; nullopt: there is none.
std::optional<std::string> next_text(std::string text) {
  while (!text.empty()) {
    const auto at = characters(text);
    const std::string next = next_character(std::string_view(text).substr(at[at.size() - 2]));
    text.resize(at[at.size() - 2]);
    if (!next.empty()) return text + next;
  }
  return std::nullopt;
}
std::optional<std::string> next_bytes(std::string bytes) {
  while (!bytes.empty() && bytes.back() == '\xff') bytes.pop_back();
  if (bytes.empty()) return std::nullopt;
  ++bytes.back();
  return bytes;
}

std::string short_least(const std::string& type, const std::string& value) {
  if (type == "string") {
    const auto at = characters(value);
    return at.size() - 1 > kBoundLength ? value.substr(0, at[kBoundLength]) : value;
  }
  return type == "binary" ? value.substr(0, kBoundLength) : value;
}
std::optional<std::string> short_most(const std::string& type, const std::string& value) {
  const std::string begin = short_least(type, value);
  if (begin.size() == value.size()) return value;
  return type == "string" ? next_text(begin) : next_bytes(begin);
}

// Types by id. What is inside of lists and maps has none: its bounds would say nothing.
void add_types(const std::vector<Field>& fields, std::map<int, std::string>& types) {
  for (const Field& field : fields) {
    if (field.type.is_string())
      types[field.id] = field.type.as_string();
    else if (field.type["type"].as_string() == "struct")
      add_types(fields_of(field.type), types);
  }
}

struct Column {
  std::string type;
  int64_t bytes = 0, values = 0;
  std::optional<int64_t> nulls = 0;
  bool bounded = true;  // each chunk has bounds, or nothing but NULLs
  std::optional<std::string> least, most;

  void add(const ColumnChunk& chunk) {
    bytes += chunk.bytes;
    values += chunk.values;
    if (nulls && chunk.nulls)
      *nulls += *chunk.nulls;
    else
      nulls.reset();
    if (chunk.nulls == chunk.values) return;
    std::optional<std::string> low, high;
    if (chunk.least && chunk.most && !type.empty()) {
      low = single_value(type, chunk.physical, *chunk.least);
      high = single_value(type, chunk.physical, *chunk.most);
    }
    bounded = bounded && low && high;
    if (!bounded) return;
    if (!least || less(type, *low, *least)) least = std::move(low);
    if (!most || less(type, *most, *high)) most = std::move(high);
  }
};

// A value as manifests keep it in its single-value form; nullopt: not of that type.
std::optional<std::string> bytes_of_partition(const Json& value, const Json& type) {
  const std::string& name = type.as_string();
  if (value.is_bool()) return std::string(1, value.as_bool() ? '\1' : '\0');
  if (value.is_string()) return is_decimal(name) ? big_endian(from_big_endian(value.as_string())) : value.as_string();
  if (is_int(name)) return store(static_cast<int32_t>(value.as_int()));
  if (is_long(name)) return store(value.as_int());
  return std::nullopt;
}

}  // namespace

Json metrics_of(const std::vector<ColumnChunk>& chunks, const std::vector<Field>& fields) {
  std::map<int, std::string> types;
  add_types(fields, types);
  std::map<int, Column> columns;
  for (const ColumnChunk& chunk : chunks) {
    if (chunk.field_id < 0) continue;
    Column& column = columns[chunk.field_id];
    if (const auto type = types.find(chunk.field_id); type != types.end() && !chunk.repeated) column.type = type->second;
    column.add(chunk);
  }
  Json sizes = Json::array(), values = Json::array(), nulls = Json::array(), nans = Json::array(), least = Json::array(),
       most = Json::array();
  const auto add = [](Json& to, int id, Json value) {
    to.push(Json::object({{"key", id}, {"value", std::move(value)}}));
  };
  for (const auto& [id, column] : columns) {
    add(sizes, id, column.bytes);
    add(values, id, column.values);
    if (column.nulls) add(nulls, id, *column.nulls);
    if (!column.bounded) continue;
    // The engine gives no bounds of numbers among which there is NaN.
    if (column.type == "float" || column.type == "double") add(nans, id, 0);
    if (!column.least) continue;
    add(least, id, short_least(column.type, *column.least));
    if (const auto upper = short_most(column.type, *column.most)) add(most, id, *upper);
  }
  return Json::object({{"column_sizes", std::move(sizes)},
                       {"value_counts", std::move(values)},
                       {"null_value_counts", std::move(nulls)},
                       {"nan_value_counts", std::move(nans)},
                       {"lower_bounds", std::move(least)},
                       {"upper_bounds", std::move(most)}});
}

Json value_of_bytes(const std::string& bytes, const Json& type) {
  const std::string& name = type.as_string();
  if (name == "boolean") return Json(bytes == "\1");
  if (name == "float" || (name == "double" && bytes.size() == sizeof(float)))
    return Json(static_cast<double>(load<float>(bytes)));
  if (name == "double") return Json(load<double>(bytes));
  if (!is_int(name) && !is_long(name)) return Json(bytes);
  if (bytes.size() == sizeof(int32_t)) return Json(static_cast<int64_t>(load<int32_t>(bytes)));  // also of a promoted one
  return bytes.size() == sizeof(int64_t) ? Json(load<int64_t>(bytes)) : Json();
}

Json partition_summary(const std::vector<const Json*>& values, const Json& type) {
  const std::string& name = type.as_string();
  bool null = false, known = true;
  std::optional<std::string> least, most;
  for (const Json* value : values) {
    if (value->is_null()) {
      null = true;
      continue;
    }
    const auto bytes = bytes_of_partition(*value, type);
    known = known && bytes;
    if (!known) continue;
    if (!least || less(name, *bytes, *least)) least = bytes;
    if (!most || less(name, *most, *bytes)) most = bytes;
  }
  known = known && least;
  return Json::object({{"contains_null", null},
                       {"contains_nan", Json()},
                       {"lower_bound", known ? Json(*least) : Json()},
                       {"upper_bound", known ? Json(*most) : Json()}});
}

}  // namespace tarn::sql::iceberg
