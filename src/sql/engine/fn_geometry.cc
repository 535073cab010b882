// Geometry: Redshift's spatial functions over the spatial extension's, with SRIDs, which that does not know: they travel in
// unused bytes of its values (geometry_value.h), and each function that gives a geometry gives it its argument's.
#include <cmath>

#include "base/text.h"
#include "sql/engine/encode.h"
#include "sql/engine/errors.h"
#include "sql/engine/fn_geometry.h"
#include "sql/engine/values.h"

namespace tarn::sql::engine {
namespace {

using duckdb::ClientContext;
using duckdb::Expression;
using duckdb::FunctionBindExpressionInput;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::string_t;
using duckdb::StringVector;
using duckdb::unique_ptr;
using duckdb::Value;
using Children = duckdb::vector<unique_ptr<Expression>>;

}  // namespace

LogicalType geometry_type() {
  LogicalType type(LogicalTypeId::BLOB);
  type.SetAlias("GEOMETRY");
  return type;
}

GeometryValue opened(const string_t& bytes) {
  auto value = read_geometry(view(bytes));
  if (!value) raise_sql("22023", "A value of GEOMETRY is not whole.");
  return *std::move(value);
}

// Any argument as a geometry: text is WKT or hexadecimal EWKB.
unique_ptr<Expression> as_geometry(ClientContext& context, unique_ptr<Expression> value) {
  if (is_geometry(value->return_type)) return value;
  if (value->return_type.id() == LogicalTypeId::SQLNULL) return cast_to(context, std::move(value), geometry_type());
  if (is_text(value->return_type)) return call(context, kFunctionSchema, "geometry_of_text", arguments(std::move(value)));
  return cast_to(context, std::move(value), geometry_type());
}

unique_ptr<Expression> as_real(ClientContext& context, unique_ptr<Expression> value) {
  return converted(context, std::move(value), LogicalType::DOUBLE);
}
unique_ptr<Expression> as_whole(ClientContext& context, unique_ptr<Expression> value) {
  return cast_to(context, converted(context, std::move(value), LogicalType::INTEGER), LogicalType::INTEGER);
}

unique_ptr<Expression> with_srid(ClientContext& context, unique_ptr<Expression> value, unique_ptr<Expression> srid) {
  return call(context, kFunctionSchema, "with_srid", arguments(std::move(value), std::move(srid)));
}
unique_ptr<Expression> srid_from(ClientContext& context, const Expression& value) {
  return call(context, kFunctionSchema, "srid_run", arguments(value.Copy()));
}

// WKB bytes as a geometry of that SRID.
unique_ptr<Expression> geometry_from_bytes(ClientContext& context, unique_ptr<Expression> wkb, unique_ptr<Expression> srid) {
  auto value = call(context, "main", "st_geomfromwkb", arguments(cast_to(context, std::move(wkb), LogicalType::BLOB)));
  return with_srid(context, std::move(value), std::move(srid));
}

namespace {

// --- functions of the extension's ------------------------------------------------------------------------------------------

// 'g' geometry, 'd' number, 'i' whole number; what comes back: 'G' geometry with the first one's SRID, 'P' the same, whose
// polygon is tidied, 'I' INTEGER, else as is.
struct Native {
  const char *name, *native, *arguments;
  char returns;
  const char* refused = nullptr;  // 'C' collections, 'L' lines: what it does not take
};
constexpr Native kNatives[] = {
    {"st_x", "st_x", "g", 'D'},
    {"st_y", "st_y", "g", 'D'},
    {"st_z", "st_z", "g", 'D'},
    {"st_m", "st_m", "g", 'D'},
    {"st_xmin", "st_xmin", "g", 'D'},
    {"st_xmax", "st_xmax", "g", 'D'},
    {"st_ymin", "st_ymin", "g", 'D'},
    {"st_ymax", "st_ymax", "g", 'D'},
    {"st_zmin", "st_zmin", "g", 'D'},
    {"st_zmax", "st_zmax", "g", 'D'},
    {"st_mmin", "st_mmin", "g", 'D'},
    {"st_mmax", "st_mmax", "g", 'D'},
    {"st_touches", "st_touches", "gg", 'B'},
    {"st_crosses", "st_crosses", "gg", 'B'},
    {"st_overlaps", "st_overlaps", "gg", 'B'},
    {"st_equals", "st_equals", "gg", 'B'},
    {"st_containsproperly", "st_containsproperly", "gg", 'B'},
    {"st_distance", "st_distance", "gg", 'D'},
    {"st_dwithin", "st_dwithin", "ggd", 'B'},
    {"st_area", "st_area", "g", 'D'},
    {"st_length", "st_length", "g", 'D'},
    {"st_perimeter", "st_perimeter", "g", 'D'},
    {"st_azimuth", "st_azimuth", "gg", 'D'},
    {"st_centroid", "st_centroid", "g", 'G'},
    {"st_boundary", "st_boundary", "g", 'G', "C"},
    {"st_buffer", "st_buffer", "gdi", 'P', "C"},
    {"st_convexhull", "st_convexhull", "g", 'G'},
    {"st_simplify", "st_simplify", "gd", 'G'},
    {"st_union", "st_union", "gg", 'P', "CL"},
    {"st_intersection", "st_intersection", "gg", 'P', "C"},
    {"st_reverse", "st_reverse", "g", 'G'},
    {"st_multi", "st_multi", "g", 'G'},
    {"st_force2d", "st_force2d", "g", 'G'},
    {"st_exteriorring", "st_exteriorring", "g", 'G'},
    {"st_interiorringn", "st_interiorringn", "gi", 'G'},
    {"st_startpoint", "st_startpoint", "g", 'G'},
    {"st_endpoint", "st_endpoint", "g", 'G'},
    {"st_pointn", "st_pointn", "gi", 'G'},
    {"st_lineinterpolatepoint", "st_lineinterpolatepoint", "gd", 'G'},
    {"st_makeline", "st_makeline", "gg", 'G'},
    {"st_dimension", "st_dimension", "g", 'I'},
    {"st_npoints", "st_npoints", "g", 'I'},
    {"st_numinteriorrings", "st_numinteriorrings", "g", 'I'},
    {"st_isempty", "st_isempty", "g", 'B'},
    {"st_isring", "st_isring", "g", 'B'},
    {"st_issimple", "st_issimple", "g", 'B'},
    {"st_isvalid", "st_isvalid", "g", 'B'},
};

template <size_t which>
unique_ptr<Expression> bind_native(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  const Native& native = kNatives[which];
  Children list;
  for (size_t i = 0; i < input.children.size() && native.arguments[i]; ++i) {
    auto& child = input.children[i];
    list.push_back(native.arguments[i] == 'g'   ? as_geometry(context, std::move(child))
                   : native.arguments[i] == 'd' ? as_real(context, std::move(child))
                                                : as_whole(context, std::move(child)));
  }
  if (list.size() > 1 && native.arguments[1] == 'g') {
    list[0] = call(context, kFunctionSchema, "same_srid", arguments(std::move(list[0]), list[1]->Copy()));
  }
  for (size_t i = 0; native.refused && i < 2 && native.arguments[i] == 'g'; ++i)
    list[i] = call(context, kFunctionSchema, "refuse_shapes",
                   arguments(std::move(list[i]), constant(Value(std::string(native.name) + " " + native.refused))));
  const bool is_made = native.returns == 'G' || native.returns == 'P';
  auto srid = is_made ? srid_from(context, *list[0]) : nullptr;
  Children given;
  for (const auto& each : list) given.push_back(each->Copy());
  auto result = measured(context, native.name, given, call(context, "main", native.native, std::move(list)));
  if (native.returns == 'P')
    result = call(context, kFunctionSchema, "tidy_polygon", arguments(std::move(result)));
  if (is_made) return with_srid(context, std::move(result), std::move(srid));
  return native.returns == 'I' ? cast_to(context, std::move(result), LogicalType::INTEGER) : std::move(result);
}

template <size_t... which>
void add_natives(Registry& registry, std::index_sequence<which...>) {
  (registry.add(typed_variadic(kNatives[which].name, bind_native<which>)), ...);
}

// --- making ----------------------------------------------------------------------------------------------------------------

// ST_MakePoint(x, y [, z [, m]]), ST_Point(x, y)
unique_ptr<Expression> bind_make_point(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  for (auto& child : input.children) child = as_real(context, std::move(child));
  if (input.children.size() == 2) return call(context, "main", "st_point", std::move(input.children));
  const char* made = input.children.size() == 3 ? "point_z" : "point_zm";
  auto wkb = call(context, kFunctionSchema, made, std::move(input.children));
  return geometry_from_bytes(context, std::move(wkb), constant(Value::INTEGER(0)));
}

std::string point_wkb(std::vector<double> ordinates) {
  GeometryValue value;
  value.z = ordinates.size() > 2;
  value.m = ordinates.size() > 3;
  value.shape.ordinates = std::move(ordinates);
  return to_wkb(value, false);
}
void point_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  for (duckdb::idx_t row = 0; row < input.size(); ++row) {
    std::vector<double> ordinates;
    for (auto& column : input.data) ordinates.push_back(column.GetValue(row).GetValue<double>());
    result.SetValue(row, Value::BLOB_RAW(point_wkb(std::move(ordinates))));
  }
  if (input.AllConstant()) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
}

// WKT, with an SRID before it or as the second argument.
unique_ptr<Expression> from_text(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  auto text = as_text(context, std::move(input.children[0]));
  auto value = call(context, kFunctionSchema, "geometry_of_text", arguments(std::move(text)));
  if (input.children.size() == 1) return value;
  return with_srid(context, std::move(value), as_whole(context, std::move(input.children[1])));
}

// POINT(1 2 3) is POINT Z(1 2 3), with four ordinates ZM: the engine wants the letters.
std::string with_dimensions(std::string_view wkt) {
  const size_t first = wkt.find_first_of("-+.0123456789");
  if (first == std::string_view::npos) return std::string(wkt);
  const std::string_view point = trim(wkt.substr(first, wkt.find_first_of(",)", first) - first));
  size_t ordinates = 0;
  for (const auto part : split(point, ' ')) ordinates += part.empty() ? 0 : 1;
  if (ordinates != 3 && ordinates != 4) return std::string(wkt);
  std::string out;
  for (size_t i = 0; i < wkt.size();) {
    size_t end = i;
    while (end < wkt.size() && std::isalpha(static_cast<unsigned char>(wkt[end]))) ++end;
    if (end == i) {
      out += wkt[i++];
      continue;
    }
    const std::string word = upper(wkt.substr(i, end - i));
    if (word == "Z" || word == "M" || word == "ZM") return std::string(wkt);
    out += word + (word == "EMPTY" ? "" : ordinates == 3 ? " Z " : " ZM ");
    i = end;
  }
  return out;
}

// Text is taken apart first: 'SRID=4326;' goes, hexadecimal EWKB becomes WKT.
void wkt_of_text(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<string_t, string_t>(input.data[0], result, input.size(), [&](string_t text) {
    const std::string_view written = trim(view(text));
    if (!written.empty() && written.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos) {
      const auto bytes = unhex(written);
      const auto value = bytes ? read_wkb(*bytes) : std::nullopt;
      if (!value) raise_sql("22023", "The text is no geometry: \"" + std::string(written.substr(0, 60)) + "\"");
      return StringVector::AddString(result, to_wkt(*value, 17));
    }
    return StringVector::AddString(result, with_dimensions(split_ewkt(written).second));
  });
}
void srid_of_text(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<string_t, int32_t>(input.data[0], result, input.size(), [](string_t text) {
    const std::string_view written = trim(view(text));
    if (const auto bytes = unhex(written)) {
      if (const auto value = read_wkb(*bytes)) return value->srid;
    }
    return split_ewkt(written).first;
  });
}
unique_ptr<Expression> bind_geometry_of_text(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  auto srid = call(context, kFunctionSchema, "srid_of_text", arguments(input.children[0]->Copy()));
  auto wkt = call(context, kFunctionSchema, "wkt_of_text", arguments(std::move(input.children[0])));
  return with_srid(context, call(context, "main", "st_geomfromtext", arguments(std::move(wkt))), std::move(srid));
}

// ST_GeomFromWKB(bytes or hexadecimal text [, srid]), ST_GeomFromEWKB(..)
unique_ptr<Expression> from_wkb(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  auto bytes = std::move(input.children[0]);
  if (is_text(bytes->return_type)) bytes = call(context, kFunctionSchema, "from_hex", arguments(std::move(bytes)));
  bytes = cast_to(context, std::move(bytes), LogicalType::BLOB);
  auto srid = input.children.size() > 1 ? as_whole(context, std::move(input.children[1]))
                                        : call(context, kFunctionSchema, "srid_of_wkb", arguments(bytes->Copy()));
  return geometry_from_bytes(context, call(context, kFunctionSchema, "plain_wkb", arguments(std::move(bytes))), std::move(srid));
}
void plain_wkb(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<string_t, string_t>(input.data[0], result, input.size(), [&](string_t bytes) {
    const auto value = read_wkb(view(bytes));
    if (!value) raise_sql("22023", "The bytes are no WKB of a geometry.");
    return StringVector::AddStringOrBlob(result, to_wkb(*value, false));
  });
}
void srid_of_wkb(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<string_t, int32_t>(input.data[0], result, input.size(), [](string_t bytes) {
    const auto value = read_wkb(view(bytes));
    return value ? value->srid : 0;
  });
}

// AWS: ST_GeomFromGeoJSON. GeoJSON is of SRID 4326.
unique_ptr<Expression> from_geojson(FunctionBindExpressionInput& input) {
  auto text = as_text(input.context, std::move(input.children[0]));
  return with_srid(input.context, call(input.context, "main", "st_geomfromgeojson", arguments(std::move(text))),
                   constant(Value::INTEGER(4326)));
}

// ST_MakeEnvelope(x1, y1, x2, y2 [, srid])
unique_ptr<Expression> make_envelope(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  auto srid = input.children.size() > 4 ? as_whole(context, std::move(input.children[4])) : constant(Value::INTEGER(0));
  Children list;
  for (size_t i = 0; i < 4; ++i) list.push_back(as_real(context, std::move(input.children[i])));
  return with_srid(context, call(context, "main", "st_makeenvelope", std::move(list)), std::move(srid));
}

// ST_MakePolygon(line), ST_Polygon(line, srid)
unique_ptr<Expression> make_polygon(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  auto line = as_geometry(context, std::move(input.children[0]));
  auto srid = input.children.size() > 1 ? as_whole(context, std::move(input.children[1])) : srid_from(context, *line);
  return with_srid(context, call(context, "main", "st_makepolygon", arguments(std::move(line))), std::move(srid));
}

unique_ptr<Expression> bind_set_srid(FunctionBindExpressionInput& input) {
  return with_srid(input.context, as_geometry(input.context, std::move(input.children[0])),
                   as_whole(input.context, std::move(input.children[1])));
}
unique_ptr<Expression> bind_srid(FunctionBindExpressionInput& input) {
  return srid_from(input.context, *as_geometry(input.context, std::move(input.children[0])));
}

void with_srid_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::BinaryExecutor::Execute<string_t, int32_t, string_t>(
      input.data[0], input.data[1], result, input.size(), [&](string_t bytes, int32_t srid) {
        if (srid_of(view(bytes)) == srid) return StringVector::AddStringOrBlob(result, bytes);
        std::string copy = bytes.GetString();
        put_srid(copy, srid);
        return StringVector::AddStringOrBlob(result, copy);
      });
}
void srid_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<string_t, int32_t>(input.data[0], result, input.size(),
                                                    [](string_t bytes) { return srid_of(view(bytes)); });
}
// The first, whose SRID must be the second's.
void same_srid_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::BinaryExecutor::Execute<string_t, string_t, string_t>(
      input.data[0], input.data[1], result, input.size(), [&](string_t a, string_t b) {
        if (srid_of(view(a)) != srid_of(view(b)))
          raise_sql("22023", "Operation on mixed SRID geometries: " + std::to_string(srid_of(view(a))) + " and " +
                                 std::to_string(srid_of(view(b))));
        return StringVector::AddStringOrBlob(result, a);
      });
}

// --- texts and bytes -------------------------------------------------------------------------------------------------------

using Printer = std::string (*)(const GeometryValue& value, int precision);
std::string wkt(const GeometryValue& value, int precision) {
  return to_wkt(value, precision);
}
std::string ewkt(const GeometryValue& value, int precision) {
  return (value.srid ? "SRID=" + std::to_string(value.srid) + ";" : "") + to_wkt(value, precision);
}
std::string hex_wkb(const GeometryValue& value, int) {
  return upper(hex(to_wkb(value, false)));
}
std::string hex_ewkb(const GeometryValue& value, int) {
  return upper(hex(to_wkb(value, value.srid != 0)));
}
std::string ewkb(const GeometryValue& value, int) {
  return to_wkb(value, value.srid != 0);
}
std::string wkb(const GeometryValue& value, int) {
  return to_wkb(value, false);
}

template <Printer print>
void print_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::BinaryExecutor::Execute<string_t, int32_t, string_t>(
      input.data[0], input.data[1], result, input.size(), [&](string_t bytes, int32_t precision) {
        if (precision < 1 || precision > 20) raise_sql("22023", "The precision must be between 1 and 20.");
        return StringVector::AddStringOrBlob(result, print(opened(bytes), precision));
      });
}

template <const char* const* run>
unique_ptr<Expression> bind_print(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  auto value = as_geometry(context, std::move(input.children[0]));
  auto precision = input.children.size() > 1 ? as_whole(context, std::move(input.children[1])) : constant(Value::INTEGER(15));
  return call(context, kFunctionSchema, *run, arguments(std::move(value), std::move(precision)));
}
constexpr const char* kWkt = "wkt_run";
constexpr const char* kEwkt = "ewkt_run";
constexpr const char* kHexWkb = "hex_wkb_run";
constexpr const char* kHexEwkb = "hex_ewkb_run";
constexpr const char* kEwkb = "ewkb_run";
constexpr const char* kWkb = "wkb_run";

unique_ptr<Expression> as_geojson(FunctionBindExpressionInput& input) {
  auto json = call(input.context, "main", "st_asgeojson",
                   arguments(as_geometry(input.context, std::move(input.children[0]))));
  json = cast_to(input.context, std::move(json), LogicalType::VARCHAR);
  auto precision = input.children.size() > 1 ? as_whole(input.context, std::move(input.children[1])) : constant(Value::INTEGER(15));
  return call(input.context, kFunctionSchema, "significant_digits", arguments(std::move(json), std::move(precision)));
}

// The numbers of a JSON text with so many digits. AWS: ST_AsGeoJSON.
void significant_digits(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::BinaryExecutor::Execute<string_t, int32_t, string_t>(
      input.data[0], input.data[1], result, input.size(), [&](string_t json, int32_t digits) {
        if (digits < 1 || digits > 20) raise_sql("22023", "The precision must be between 1 and 20.");
        const std::string_view text = view(json);
        std::string out;
        for (size_t i = 0; i < text.size();) {
          const size_t end = text.find_first_not_of("+-.0123456789eE", i);
          const bool number = text[i] == '-' || (text[i] >= '0' && text[i] <= '9');
          if (!number) {
            out += text[i++];
            continue;
          }
          const std::string_view written = text.substr(i, end - i);
          char shown[64];
          std::snprintf(shown, sizeof shown, "%.*g", static_cast<int>(digits), parse_double(written).value_or(0));
          out += shown;
          i = end == std::string_view::npos ? text.size() : end;
        }
        return StringVector::AddString(result, out);
      });
}

unique_ptr<Expression> geometry_type_name(FunctionBindExpressionInput& input) {
  auto kind = call(input.context, "main", "st_geometrytype",
                   arguments(as_geometry(input.context, std::move(input.children[0]))));
  return call(input.context, kFunctionSchema, "st_type_name",
              arguments(cast_to(input.context, std::move(kind), LogicalType::VARCHAR)));
}
unique_ptr<Expression> plain_type_name(FunctionBindExpressionInput& input) {
  return cast_to(input.context,
                 call(input.context, "main", "st_geometrytype",
                      arguments(as_geometry(input.context, std::move(input.children[0])))),
                 LogicalType::VARCHAR);
}
// LINESTRING -> ST_LineString
void type_name_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  static constexpr std::pair<const char*, const char*> kNames[] = {
      {"POINT", "ST_Point"},           {"LINESTRING", "ST_LineString"},           {"POLYGON", "ST_Polygon"},
      {"MULTIPOINT", "ST_MultiPoint"}, {"MULTILINESTRING", "ST_MultiLineString"}, {"MULTIPOLYGON", "ST_MultiPolygon"}};
  duckdb::UnaryExecutor::Execute<string_t, string_t>(input.data[0], result, input.size(), [&](string_t name) {
    for (const auto& [plain, shown] : kNames)
      if (view(name) == plain) return StringVector::AddString(result, shown);
    return StringVector::AddString(result, "ST_GeometryCollection");
  });
}

// ST_Transform(geom, srid)
unique_ptr<Expression> bind_transform(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  auto value = as_geometry(context, std::move(input.children[0]));
  auto to = as_whole(context, std::move(input.children[1]));
  const auto system = [&](unique_ptr<Expression> srid) {
    auto digits = cast_to(context, std::move(srid), LogicalType::VARCHAR);
    return call(context, "main", "concat", arguments(constant(Value("EPSG:")), std::move(digits)));
  };
  auto list = arguments(value->Copy(), system(srid_from(context, *value)));
  list.push_back(system(to->Copy()));
  list.push_back(constant(Value::BOOLEAN(true)));  // longitude first
  return with_srid(context, call(context, "main", "st_transform", std::move(list)), std::move(to));
}

// The aggregate: all geometries of the list.
unique_ptr<Expression> bind_collected(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  auto list = std::move(input.children[0]);
  auto first = call(context, "main", "list_extract", arguments(list->Copy(), constant(Value::BIGINT(1))));
  auto srid = srid_from(context, *first);
  return with_srid(context, call(context, "main", "st_collect", arguments(std::move(list))), std::move(srid));
}

// Boxes are kept or not as the extension likes: the geometry is the same.
unique_ptr<Expression> bind_identity(FunctionBindExpressionInput& input) {
  return as_geometry(input.context, std::move(input.children[0]));
}
unique_ptr<Expression> supports_box(FunctionBindExpressionInput& input) {
  auto value = as_geometry(input.context, std::move(input.children[0]));
  auto there = duckdb::make_uniq<duckdb::BoundOperatorExpression>(duckdb::ExpressionType::OPERATOR_IS_NOT_NULL,
                                                                 LogicalType::BOOLEAN);
  there->children.push_back(std::move(value));
  return there;
}

void add_texts_of_geometry(Registry& registry) {
  const LogicalType shape = geometry_type(), text = LogicalType::VARCHAR, n = LogicalType::INTEGER;
  registry.add(typed_variadic("st_astext", bind_print<&kWkt>));
  registry.add(typed_variadic("st_asewkt", bind_print<&kEwkt>));
  registry.add(typed_variadic("st_ashexwkb", bind_print<&kHexWkb>));
  registry.add(typed_variadic("st_ashexewkb", bind_print<&kHexEwkb>));
  registry.add(typed_variadic("st_asbinary", bind_print<&kWkb>));
  registry.add(typed_variadic("st_asewkb", bind_print<&kEwkb>));
  registry.add(scalar(kWkt, {shape, n}, text, print_run<wkt>));
  registry.add(scalar(kEwkt, {shape, n}, text, print_run<ewkt>));
  registry.add(scalar(kHexWkb, {shape, n}, text, print_run<hex_wkb>));
  registry.add(scalar(kHexEwkb, {shape, n}, text, print_run<hex_ewkb>));
  registry.add(scalar(kEwkb, {shape, n}, LogicalType::BLOB, print_run<ewkb>));
  registry.add(scalar(kWkb, {shape, n}, LogicalType::BLOB, print_run<wkb>));
  registry.add(typed_variadic("st_asgeojson", as_geojson));
  registry.add(scalar("significant_digits", {text, n}, text, significant_digits));
  registry.add(scalar("wkt_of_text", {text}, text, wkt_of_text));
  registry.add(scalar("srid_of_text", {text}, n, srid_of_text));
  registry.add(typed("geometry_of_text", 1, bind_geometry_of_text));
  registry.add(typed_variadic("st_geomfromtext", from_text));
  registry.add(typed_variadic("st_geomfromwkb", from_wkb));
  registry.add(typed_variadic("st_geomfromgeojson", from_geojson));
  registry.add(scalar("plain_wkb", {LogicalType::BLOB}, LogicalType::BLOB, plain_wkb));
  registry.add(scalar("srid_of_wkb", {LogicalType::BLOB}, n, srid_of_wkb));
}

}  // namespace

void add_geometry(Registry& registry) {
  const LogicalType shape = geometry_type(), real = LogicalType::DOUBLE, n = LogicalType::INTEGER;
  add_natives(registry, std::make_index_sequence<std::size(kNatives)>());
  add_texts_of_geometry(registry);
  add_geometry_parts(registry);
  registry.add(typed_variadic("st_makepoint", bind_make_point));
  registry.add(scalar("point_z", {real, real, real}, LogicalType::BLOB, point_run));
  registry.add(scalar("point_zm", {real, real, real, real}, LogicalType::BLOB, point_run));
  registry.add(typed_variadic("st_makeenvelope", make_envelope));
  registry.add(typed_variadic("st_makepolygon", make_polygon));
  registry.add(typed("st_setsrid", 2, bind_set_srid));
  registry.add(typed("st_srid", 1, bind_srid));
  add_geography(registry);
  registry.add(scalar("with_srid", {shape, n}, shape, with_srid_run));
  registry.add(scalar("srid_run", {shape}, n, srid_run));
  registry.add(scalar("same_srid", {shape, shape}, shape, same_srid_run));
  registry.add(typed("st_geometrytype", 1, geometry_type_name));
  registry.add(typed("geometrytype", 1, plain_type_name));
  registry.add(scalar("st_type_name", {LogicalType::VARCHAR}, LogicalType::VARCHAR, type_name_run));
  registry.add(typed("st_transform", 2, bind_transform));
  registry.add(typed("st_collected", 1, bind_collected));
  registry.add(typed("addbbox", 1, bind_identity));
  registry.add(typed("supportsbbox", 1, supports_box));
}

}  // namespace tarn::sql::engine
