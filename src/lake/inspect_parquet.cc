// Parquet: the schema in its footer, which is in Thrift's compact protocol. The form is Apache Parquet's "File Format".
#include <fmt/format.h>

#include "base/text.h"
#include "lake/file_schema.h"
#include "lake/parquet_schema.h"

namespace tarn::lake {
namespace {

// ConvertedType and LogicalType, by their numbers.
constexpr int kUtf8 = 0, kMapOld = 1, kMapKeyValue = 2, kListOld = 3, kEnum = 4, kDecimal = 5, kDate = 6,
              kTimestampMillis = 9, kTimestampMicros = 10, kUint32 = 13, kInt8 = 15, kInt16 = 16, kJson = 19;
constexpr int kLogicalString = 1, kLogicalMap = 2, kLogicalList = 3, kLogicalEnum = 4, kLogicalDecimal = 5,
              kLogicalDate = 6, kLogicalTimestamp = 8, kLogicalJson = 12, kLogicalUuid = 14;

std::string primitive(const SchemaElement& e) {
  if (e.converted == kDecimal || e.logical == kLogicalDecimal)
    return fmt::format("decimal({},{})", e.precision, e.scale);
  switch (e.type) {
    case 0: return "boolean";
    case 1:
      if (e.converted == kDate || e.logical == kLogicalDate) return "date";
      if (e.converted == kInt8) return "tinyint";
      if (e.converted == kInt16) return "smallint";
      return e.converted == kUint32 ? "bigint" : "int";
    case 2:
      return e.converted == kTimestampMillis || e.converted == kTimestampMicros || e.logical == kLogicalTimestamp
                 ? "timestamp"
                 : "bigint";
    case 3: return "timestamp";  // INT96
    case 4: return "float";
    case 5: return "double";
    default:
      return e.converted == kUtf8 || e.converted == kEnum || e.converted == kJson || e.logical == kLogicalString ||
                     e.logical == kLogicalEnum || e.logical == kLogicalJson || e.logical == kLogicalUuid
                 ? "string"
                 : "binary";
  }
}

class Tree {
 public:
  explicit Tree(std::vector<SchemaElement> elements) : elements_(std::move(elements)) {}
  bool ok() const { return ok_; }

  // The root's members as columns.
  std::vector<FileColumn> columns() {
    std::vector<FileColumn> out;
    const SchemaElement root = take();
    for (int64_t i = 0; i < root.children && ok_; ++i) {
      std::string name = ok_ && at_ < elements_.size() ? lower(elements_[at_].name) : "";
      out.push_back({std::move(name), type(0)});
    }
    return out;
  }

 private:
  SchemaElement take() {
    if (at_ < elements_.size()) return elements_[at_++];
    ok_ = false;
    return {};
  }

  // The next element's type. A repeated one that is no list's own is an array of it.
  HiveType type(int depth) {
    const SchemaElement e = take();
    if (depth > kDeepestColumn) ok_ = false;
    if (!ok_) return {};
    HiveType made = e.children > 0 ? group(e, depth) : HiveType{primitive(e)};
    if (e.repetition == kRepeated) return {"array", {{"", std::move(made)}}};
    return made;
  }

  HiveType group(const SchemaElement& e, int depth) {
    const bool list = e.converted == kListOld || e.logical == kLogicalList;
    const bool map = e.converted == kMapOld || e.converted == kMapKeyValue || e.logical == kLogicalMap;
    HiveType made{"struct", {}};
    for (int64_t i = 0; i < e.children && ok_; ++i) {
      std::string name = at_ < elements_.size() ? lower(elements_[at_].name) : "";
      made.members.emplace_back(std::move(name), type(depth + 1));
    }
    if (!(list || map) || made.members.size() != 1 || made.members[0].second.name != "array") return made;
    // A repeated group with one member ("element", "item") wraps a list's element; with two a map's key and value.
    HiveType repeated = made.members[0].second;
    HiveType& inner = repeated.members[0].second;
    if (list && inner.name == "struct" && inner.members.size() == 1) return {"array", {{"", inner.members[0].second}}};
    if (list) return repeated;
    if (inner.name == "struct" && inner.members.size() == 2)
      return {"map", {{"", inner.members[0].second}, {"", inner.members[1].second}}};
    return made;
  }

  std::vector<SchemaElement> elements_;
  size_t at_ = 0;
  bool ok_ = true;
};

}  // namespace

std::optional<FileSchema> inspect_parquet(std::string_view metadata) {
  Thrift in(metadata);
  std::vector<SchemaElement> elements;
  int64_t rows = 0;
  in.fields([&](int16_t id, unsigned type) {
    if (id == 2)
      in.list([&](unsigned) { elements.push_back(read_schema_element(in)); });
    else if (id == 3)
      rows = in.integer();
    else
      in.skip(type);
  });
  if (!in.ok() || elements.empty() || rows < 0) return std::nullopt;
  Tree tree(std::move(elements));
  FileSchema schema{.classification = "parquet", .columns = tree.columns()};
  schema.records = static_cast<uint64_t>(rows);
  schema.exact = true;
  if (!tree.ok()) return std::nullopt;
  return schema;
}

}  // namespace tarn::lake
