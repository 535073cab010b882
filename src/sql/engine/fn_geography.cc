// GEOGRAPHY: a geometry whose bytes say that its coordinates are degrees. Only what is measured differs: on the spheroid, in metres.
#include "sql/engine/encode.h"
#include "sql/engine/fn_geometry.h"
#include "sql/engine/values.h"

namespace tarn::sql::engine {
namespace {

using duckdb::ClientContext;
using duckdb::FunctionBindExpressionInput;
using duckdb::LogicalType;
using duckdb::string_t;
using duckdb::StringVector;
using duckdb::Value;

constexpr int32_t kWgs84 = 4326;

void is_geography_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<string_t, bool>(input.data[0], result, input.size(),
                                                 [](string_t bytes) { return is_geography(view(bytes)); });
}

// The SRID of a geography that has none is that of WGS 84.
template <bool geography>
void mark_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<string_t, string_t>(input.data[0], result, input.size(), [&](string_t bytes) {
    if (is_geography(view(bytes)) == geography) return StringVector::AddStringOrBlob(result, bytes);
    std::string copy = bytes.GetString();
    if (geography && srid_of(copy) == 0) put_srid(copy, kWgs84);
    mark_geography(copy, geography);
    return StringVector::AddStringOrBlob(result, copy);
  });
}

template <bool geography>
Bound bind_mark(FunctionBindExpressionInput& input) {
  const bool made = !is_geometry(input.children[0]->return_type);  // from text or bytes: no geography
  auto value = as_geometry(input.context, std::move(input.children[0]));
  if (made && !geography) return value;
  return call(input.context, kFunctionSchema, geography ? "geography_run" : "geometry_run",
              arguments(std::move(value)));
}

// ST_GeogFromText, ST_GeogFromWKB
template <const char* const* from>
Bound bind_from(FunctionBindExpressionInput& input) {
  auto value = call(input.context, kFunctionSchema, *from, std::move(input.children));
  return call(input.context, kFunctionSchema, "geography_run", arguments(std::move(value)));
}
constexpr const char* kText = "st_geomfromtext";
constexpr const char* kBytes = "st_geomfromwkb";

// The spatial extension has latitude first.
Bound flipped(ClientContext& context, const duckdb::Expression& shape) {
  return call(context, "main", "st_flipcoordinates", arguments(shape.Copy()));
}
// AWS: ST_Distance. Of geographies only points: the extension refuses others.
Bound place(ClientContext& context, const duckdb::Expression& point) {
  return call(context, "main", "st_point2d",
              arguments(call(context, "main", "st_y", arguments(point.Copy())),
                        call(context, "main", "st_x", arguments(point.Copy()))));
}

}  // namespace

Bound measured(ClientContext& context, const std::string& name, const duckdb::vector<Bound>& list, Bound planar) {
  const bool distance = name == "st_distance" || name == "st_dwithin";
  Bound meters;
  if (distance) {
    meters =
        call(context, "main", "st_distance_spheroid", arguments(place(context, *list[0]), place(context, *list[1])));
    if (name == "st_dwithin")
      meters = duckdb::make_uniq<duckdb::BoundComparisonExpression>(duckdb::ExpressionType::COMPARE_LESSTHANOREQUALTO,
                                                                    std::move(meters), list[2]->Copy());
  } else if (name == "st_area" || name == "st_length" || name == "st_perimeter") {
    meters = call(context, "main", name + "_spheroid", arguments(flipped(context, *list[0])));
  } else {
    return planar;
  }
  auto geography = call(context, kFunctionSchema, "is_geography_run", arguments(list[0]->Copy()));
  return duckdb::make_uniq<duckdb::BoundCaseExpression>(std::move(geography), std::move(meters), std::move(planar));
}

void add_geography(Registry& registry) {
  const LogicalType shape = geometry_type();
  registry.add(scalar("is_geography_run", {shape}, LogicalType::BOOLEAN, is_geography_run));
  registry.add(scalar("geography_run", {shape}, shape, mark_run<true>));
  registry.add(scalar("geometry_run", {shape}, shape, mark_run<false>));
  registry.add(typed("to_geography", 1, bind_mark<true>));
  registry.add(typed("to_geometry", 1, bind_mark<false>));
  registry.add(typed_variadic("st_geogfromtext", bind_from<&kText>));
  registry.add(typed_variadic("st_geogfromwkb", bind_from<&kBytes>));
}

}  // namespace tarn::sql::engine
