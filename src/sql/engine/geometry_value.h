// A geometry taken apart: read from the spatial extension's own bytes or from (E)WKB, printed as WKT, written as WKB. The SRID,
// which the extension does not know, is kept in four bytes of its header that it leaves unused. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tarn::sql::engine {

enum class ShapeKind : uint32_t { kPoint, kLine, kPolygon, kMultiPoint, kMultiLine, kMultiPolygon, kCollection };

struct Shape {
  ShapeKind kind = ShapeKind::kPoint;
  std::vector<double> ordinates;  // of a point or line: x, y and z, m where there are
  std::vector<Shape> parts;       // rings (lines) of a polygon, members of the others

  bool empty() const { return ordinates.empty() && parts.empty(); }
};

struct GeometryValue {
  int32_t srid = 0;
  bool z = false, m = false;
  Shape shape;
  size_t dimensions() const { return 2u + (z ? 1 : 0) + (m ? 1 : 0); }
};

int32_t srid_of(std::string_view bytes);                   // of the extension's bytes
void put_srid(std::string& bytes, int32_t srid);           // in the extension's bytes
bool is_geography(std::string_view bytes);                 // a mark beside the SRID
void mark_geography(std::string& bytes, bool geography);
std::optional<GeometryValue> read_geometry(std::string_view bytes);
std::optional<GeometryValue> read_wkb(std::string_view bytes);  // ISO and extended
// "SRID=4326;POINT(1 2)" and without the first part: the SRID (0) and where the WKT begins.
std::pair<int32_t, std::string_view> split_ewkt(std::string_view text);

std::string to_wkt(const GeometryValue& value, int precision = 15);
std::string to_wkb(const GeometryValue& value, bool with_srid);
// In the order in which they stand.
void each_point(const GeometryValue& value, const std::function<void(const double* point)>& visit);
double signed_area(const Shape& ring, size_t dimensions);  // counter-clockwise is positive

}  // namespace tarn::sql::engine
