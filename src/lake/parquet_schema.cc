#include "lake/parquet_schema.h"

namespace tarn::lake {
namespace {

constexpr int kDecimal = 5;  // of the union LogicalType

void read_logical(Thrift& in, SchemaElement& element) {
  in.fields([&](int16_t id, unsigned type) {
    element.logical = id;
    if (id != kDecimal || type != Thrift::kStruct) return in.skip(type);
    in.fields([&](int16_t part, unsigned part_type) {
      if (part == 1)
        element.scale = in.integer();
      else if (part == 2)
        element.precision = in.integer();
      else
        in.skip(part_type);
    });
  });
}

}  // namespace

SchemaElement read_schema_element(Thrift& in) {
  SchemaElement element;
  in.fields([&](int16_t id, unsigned type) {
    switch (id) {
      case 1: element.type = in.integer(); break;
      case 3: element.repetition = in.integer(); break;
      case 4: element.name = in.binary(); break;
      case 5: element.children = in.integer(); break;
      case 6: element.converted = in.integer(); break;
      case 7: element.scale = in.integer(); break;
      case 8: element.precision = in.integer(); break;
      case 9: element.field_id = in.integer(); break;
      case 10: type == Thrift::kStruct ? read_logical(in, element) : in.skip(type); break;
      default: in.skip(type);
    }
  });
  return element;
}

}  // namespace tarn::lake
