// The schema in a Parquet file's footer, as it is written there. The form is Apache Parquet's "File Format". Pure.
#pragma once

#include <cstdint>
#include <string>

#include "lake/thrift.h"

namespace tarn::lake {

// How deep columns may lie within each other: deeper ones are taken for damage.
constexpr int kDeepestColumn = 64;
constexpr int64_t kRepeated = 2;  // of SchemaElement::repetition

// A node of the schema's tree, which is written root first, each node before its children.
struct SchemaElement {
  std::string name;
  int64_t type = -1, repetition = 0, children = 0, converted = -1, scale = 0, precision = 0, field_id = -1;
  int logical = 0;  // the field of the union LogicalType
};

// ERRORS: in.ok() is false.
SchemaElement read_schema_element(Thrift& in);

}  // namespace tarn::lake
