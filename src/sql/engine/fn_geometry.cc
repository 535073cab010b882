// Geometry over the spatial extension. Its values know no SRID in this version: ST_SetSRID keeps the geometry as it is, and
// ST_SRID says 0, or what an enclosing ST_SetSRID says.
#include "sql/engine/encode.h"
#include "sql/engine/errors.h"
#include "sql/engine/functions.h"
#include "sql/engine/values.h"

namespace tarn::sql::engine {
namespace {

using duckdb::Expression;
using duckdb::FunctionBindExpressionInput;
using duckdb::LogicalType;
using duckdb::unique_ptr;
using duckdb::Value;

template <const char* const* native>
unique_ptr<Expression> first_argument(FunctionBindExpressionInput& input) {
  return call(input.context, "main", *native, arguments(std::move(input.children[0])));
}

unique_ptr<Expression> bind_make_point(FunctionBindExpressionInput& input) {
  auto x = cast_to(input.context, converted(input.context, std::move(input.children[0]), LogicalType::DOUBLE),
                   LogicalType::DOUBLE);
  auto y = cast_to(input.context, converted(input.context, std::move(input.children[1]), LogicalType::DOUBLE),
                   LogicalType::DOUBLE);
  return call(input.context, "main", "st_point", arguments(std::move(x), std::move(y)));
}

unique_ptr<Expression> bind_identity(FunctionBindExpressionInput& input) {
  return std::move(input.children[0]);
}
unique_ptr<Expression> bind_srid(FunctionBindExpressionInput&) {
  return constant(Value::INTEGER(0));
}

unique_ptr<Expression> from_text(FunctionBindExpressionInput& input) {
  return call(input.context, "main", "st_geomfromtext",
              arguments(as_text(input.context, std::move(input.children[0]))));
}

unique_ptr<Expression> to_geometry(FunctionBindExpressionInput& input) {
  auto value = std::move(input.children[0]);
  if (is_geometry(value->return_type)) return value;
  if (is_text(value->return_type)) {
    return call(input.context, "main", "st_geomfromtext", arguments(std::move(value)));
  }
  const LogicalType type =
      call(input.context, "main", "st_point", arguments(constant(Value::DOUBLE(0)), constant(Value::DOUBLE(0))))
          ->return_type;
  return cast_to(input.context, std::move(value), type);
}

constexpr const char* kAsText = "st_astext";
constexpr const char* kAsWkb = "st_aswkb";
constexpr const char* kFromWkb = "st_geomfromwkb";
constexpr const char* kAsGeoJson = "st_asgeojson";

unique_ptr<Expression> geometry_type(FunctionBindExpressionInput& input) {
  auto name =
      cast_to(input.context, call(input.context, "main", "st_geometrytype", arguments(std::move(input.children[0]))),
              LogicalType::VARCHAR);
  return call(input.context, "main", "concat", arguments(constant(Value("ST_")), std::move(name)));
}

}  // namespace

void add_geometry(Registry& registry) {
  registry.add(typed("st_makepoint", 2, bind_make_point));
  registry.add(typed_variadic("st_geomfromtext", from_text));
  registry.add(typed_variadic("st_geomfromwkb", first_argument<&kFromWkb>));
  registry.add(typed("st_astext", 1, first_argument<&kAsText>));
  registry.add(typed("st_asbinary", 1, first_argument<&kAsWkb>));
  registry.add(typed("st_asgeojson", 1, first_argument<&kAsGeoJson>));
  registry.add(typed("st_setsrid", 2, bind_identity));
  registry.add(typed("st_srid", 1, bind_srid));
  registry.add(typed("st_geometrytype", 1, geometry_type));
  registry.add(typed("to_geometry", 1, to_geometry));
}

}  // namespace tarn::sql::engine
