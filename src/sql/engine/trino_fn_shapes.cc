// What the engine's spatial extension lacks and GEOS has: DE-9IM relations, and why a geometry is not valid.
#include <geos_c.h>

#include "sql/engine/trino_functions.h"

namespace tarn::sql::engine::trino {
namespace {

using duckdb::LogicalType;
using duckdb::Value;
using std::string;
using Values = duckdb::vector<Value>;

// GEOS for one call, and what it made.
class Shapes {
 public:
  Shapes() : context_(GEOS_init_r()) {}
  ~Shapes() {
    for (GEOSGeometry* shape : shapes_) GEOSGeom_destroy_r(context_, shape);
    GEOS_finish_r(context_);
  }
  Shapes(const Shapes&) = delete;

  GEOSContextHandle_t context() const { return context_; }

  const GEOSGeometry* read(const Value& wkb) {
    const string& bytes = duckdb::StringValue::Get(wkb);
    GEOSWKBReader* reader = GEOSWKBReader_create_r(context_);
    GEOSGeometry* shape =
        GEOSWKBReader_read_r(context_, reader, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    GEOSWKBReader_destroy_r(context_, reader);
    if (!shape) raise("INVALID_FUNCTION_ARGUMENT", "Invalid geometry");
    shapes_.push_back(shape);
    return shape;
  }

 private:
  GEOSContextHandle_t context_;
  std::vector<GEOSGeometry*> shapes_;
};

// a, b, pattern of nine: T, F, *, 0, 1, 2
Value relate(const Values& a) {
  const string& pattern = duckdb::StringValue::Get(a[2]);
  if (pattern.size() != 9 || pattern.find_first_not_of("TtFf*012") != string::npos) {
    raise("INVALID_FUNCTION_ARGUMENT", "Invalid DE-9IM pattern: " + pattern);
  }
  Shapes shapes;
  const char found = GEOSRelatePattern_r(shapes.context(), shapes.read(a[0]), shapes.read(a[1]), pattern.c_str());
  if (found == 2) raise("INVALID_FUNCTION_ARGUMENT", "The geometries cannot be related");
  return Value::BOOLEAN(found == 1);
}

// NULL of a geometry that is valid and simple. ASSUMED: the words; GEOS's, as "Self-intersection[0.5 0.5]".
Value invalid_reason(const Values& a) {
  Shapes shapes;
  const GEOSGeometry* shape = shapes.read(a[0]);
  if (GEOSisValid_r(shapes.context(), shape) != 1) {
    char* reason = GEOSisValidReason_r(shapes.context(), shape);
    const string text = reason ? reason : "Invalid geometry";
    GEOSFree_r(shapes.context(), reason);
    return Value(text);
  }
  if (GEOSisSimple_r(shapes.context(), shape) != 1) return Value("Geometry is not simple");
  return Value(LogicalType::VARCHAR);
}

}  // namespace

void add_shape_functions(Adder& adder) {
  const LogicalType bytes = LogicalType::BLOB, text = LogicalType::VARCHAR;
  adder.add(by_row("t_relate", {bytes, bytes, text}, LogicalType::BOOLEAN, relate));
  adder.add(by_row("t_invalid_reason", {bytes}, text, invalid_reason));
}

}  // namespace tarn::sql::engine::trino
