// Spatial functions that are a line of ours: a geometry is taken apart, looked at or changed, and put together again.
#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>

#include "base/text.h"
#include "sql/engine/encode.h"
#include "sql/engine/errors.h"
#include "sql/engine/fn_geometry.h"
#include "sql/engine/values.h"

namespace tarn::sql::engine {
namespace {

using duckdb::Expression;
using duckdb::FunctionBindExpressionInput;
using duckdb::LogicalType;
using duckdb::string_t;
using duckdb::StringVector;
using duckdb::unique_ptr;
using duckdb::Value;

// What is known of one geometry, as a whole number; nullopt: NULL.
using Count = std::optional<int32_t> (*)(const GeometryValue& value);

std::optional<int32_t> rings(const GeometryValue& value) {
  const std::function<int32_t(const Shape&)> count = [&](const Shape& shape) {
    if (shape.kind == ShapeKind::kPolygon) return static_cast<int32_t>(shape.parts.size());
    int32_t total = 0;
    for (const Shape& part : shape.parts) total += count(part);
    return total;
  };
  return count(value.shape);
}
std::optional<int32_t> members(const GeometryValue& value) {
  if (value.shape.empty()) return 0;
  return value.shape.kind < ShapeKind::kMultiPoint ? 1 : static_cast<int32_t>(value.shape.parts.size());
}
std::optional<int32_t> line_points(const GeometryValue& value) {
  if (value.shape.kind != ShapeKind::kLine) return std::nullopt;
  return static_cast<int32_t>(value.shape.ordinates.size() / value.dimensions());
}
std::optional<int32_t> dimensions(const GeometryValue& value) {
  return static_cast<int32_t>(value.dimensions());
}
std::optional<int32_t> size_in_memory(const GeometryValue& value) {
  return static_cast<int32_t>(to_wkb(value, true).size());
}
std::optional<int32_t> is_collection(const GeometryValue& value) {
  return value.shape.kind >= ShapeKind::kMultiPoint;
}
// AWS: ST_IsClosed.
std::optional<int32_t> is_closed(const GeometryValue& value) {
  const size_t n = value.dimensions();
  const std::function<bool(const Shape&)> closed = [&](const Shape& shape) {
    if (shape.empty()) return false;
    const auto& o = shape.ordinates;
    if (shape.kind == ShapeKind::kLine) return o[0] == o[o.size() - n] && o[1] == o[o.size() - n + 1];
    return std::all_of(shape.parts.begin(), shape.parts.end(), closed);
  };
  return closed(value.shape);
}
// All outer rings turn one way, all inner ones the other.
template <int sign>
std::optional<int32_t> turns(const GeometryValue& value) {
  bool all = true;
  const std::function<void(const Shape&)> look = [&](const Shape& shape) {
    if (shape.kind != ShapeKind::kPolygon) {
      for (const Shape& part : shape.parts) look(part);
      return;
    }
    for (size_t i = 0; i < shape.parts.size(); ++i) {
      const double area = signed_area(shape.parts[i], value.dimensions()) * (i == 0 ? sign : -sign);
      all = all && area >= 0;
    }
  };
  look(value.shape);
  return all;
}

template <Count count>
void count_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::ExecuteWithNulls<string_t, int32_t>(
      input.data[0], result, input.size(), [](string_t bytes, duckdb::ValidityMask& mask, duckdb::idx_t row) {
        const auto n = count(opened(bytes));
        if (!n) mask.SetInvalid(row);
        return n.value_or(0);
      });
}
template <const char* const* run, bool truth>
unique_ptr<Expression> bind_count(FunctionBindExpressionInput& input) {
  auto n = call(input.context, kFunctionSchema, *run, arguments(as_geometry(input.context, std::move(input.children[0]))));
  return truth ? cast_to(input.context, std::move(n), LogicalType::BOOLEAN) : std::move(n);
}
constexpr const char* kRings = "rings_run";
constexpr const char* kMembers = "members_run";
constexpr const char* kLinePoints = "line_points_run";
constexpr const char* kDimensions = "dimensions_run";
constexpr const char* kMemory = "memory_run";
constexpr const char* kCollections = "is_collection_run";
constexpr const char* kClosed = "is_closed_run";
constexpr const char* kCounterClockwise = "ccw_run";
constexpr const char* kClockwise = "cw_run";

// A geometry made of one, by a number and another geometry.
using Change = std::optional<GeometryValue> (*)(GeometryValue value, int32_t n, const GeometryValue& other);

std::vector<double> fitted(const GeometryValue& point, const GeometryValue& like) {
  if (point.shape.kind != ShapeKind::kPoint || point.shape.empty()) raise_sql("22023", "A point is needed.");
  if (point.dimensions() != like.dimensions()) raise_sql("22023", "The geometries are of different dimensions.");
  return point.shape.ordinates;
}
void need_line(const GeometryValue& value) {
  if (value.shape.kind != ShapeKind::kLine) raise_sql("22023", "A linestring is needed.");
}

std::optional<GeometryValue> add_point(GeometryValue value, int32_t n, const GeometryValue& other) {
  need_line(value);
  const auto point = fitted(other, value);
  auto& o = value.shape.ordinates;
  const auto points = static_cast<int32_t>(o.size() / value.dimensions());
  if (n == INT32_MIN) n = points;
  if (n < 0 || n > points) raise_sql("22023", "The position is outside of the line.");
  o.insert(o.begin() + static_cast<ptrdiff_t>(static_cast<size_t>(n) * value.dimensions()), point.begin(), point.end());
  return value;
}
std::optional<GeometryValue> set_point(GeometryValue value, int32_t n, const GeometryValue& other) {
  need_line(value);
  const auto point = fitted(other, value);
  auto& o = value.shape.ordinates;
  const auto points = static_cast<int32_t>(o.size() / value.dimensions());
  if (n < 0) n += points;
  if (n < 0 || n >= points) raise_sql("22023", "The position is outside of the line.");
  std::copy(point.begin(), point.end(), o.begin() + static_cast<ptrdiff_t>(static_cast<size_t>(n) * value.dimensions()));
  return value;
}
std::optional<GeometryValue> remove_point(GeometryValue value, int32_t n, const GeometryValue&) {
  need_line(value);
  auto& o = value.shape.ordinates;
  const auto points = static_cast<int32_t>(o.size() / value.dimensions());
  if (n < 0 || n >= points || points <= 2) raise_sql("22023", "The point cannot be removed from the line.");
  const auto from = o.begin() + static_cast<ptrdiff_t>(static_cast<size_t>(n) * value.dimensions());
  o.erase(from, from + static_cast<ptrdiff_t>(value.dimensions()));
  return value;
}
std::optional<GeometryValue> geometry_n(GeometryValue value, int32_t n, const GeometryValue&) {
  if (value.shape.empty()) return std::nullopt;
  if (value.shape.kind < ShapeKind::kMultiPoint) return n == 1 ? std::optional(std::move(value)) : std::nullopt;
  if (n < 1 || static_cast<size_t>(n) > value.shape.parts.size()) return std::nullopt;
  Shape part = std::move(value.shape.parts[static_cast<size_t>(n) - 1]);
  value.shape = std::move(part);
  return value;
}
std::optional<GeometryValue> points(GeometryValue value, int32_t, const GeometryValue&) {
  Shape all{ShapeKind::kMultiPoint, {}, {}};
  const size_t n = value.dimensions();
  each_point(value, [&](const double* at) {
    all.parts.push_back({ShapeKind::kPoint, std::vector<double>(at, at + n), {}});
  });
  value.shape = std::move(all);
  return value;
}
std::optional<GeometryValue> line_of_points(GeometryValue value, int32_t, const GeometryValue&) {
  if (value.shape.kind != ShapeKind::kMultiPoint) raise_sql("22023", "A multipoint is needed.");
  Shape line{ShapeKind::kLine, {}, {}};
  const size_t n = value.dimensions();
  each_point(value, [&](const double* at) { line.ordinates.insert(line.ordinates.end(), at, at + n); });
  value.shape = std::move(line);
  return value;
}
std::optional<GeometryValue> collected(GeometryValue a, int32_t, const GeometryValue& b) {
  if (a.dimensions() != b.dimensions()) raise_sql("22023", "The geometries are of different dimensions.");
  const bool alike = a.shape.kind == b.shape.kind && a.shape.kind < ShapeKind::kMultiPoint;
  Shape all;
  all.kind = alike ? static_cast<ShapeKind>(static_cast<uint32_t>(a.shape.kind) + 3) : ShapeKind::kCollection;
  all.parts = {std::move(a.shape), b.shape};
  a.shape = std::move(all);
  return a;
}
// The box around it, from its lower left corner clockwise; of a point the point, of an upright line the line.
std::optional<GeometryValue> envelope(GeometryValue value, int32_t, const GeometryValue&) {
  double x[2] = {INFINITY, -INFINITY}, y[2] = {INFINITY, -INFINITY};
  each_point(value, [&](const double* at) {
    x[0] = std::min(x[0], at[0]);
    x[1] = std::max(x[1], at[0]);
    y[0] = std::min(y[0], at[1]);
    y[1] = std::max(y[1], at[1]);
  });
  if (x[0] > x[1]) return value;
  GeometryValue box;
  box.srid = value.srid;
  if (x[0] == x[1] && y[0] == y[1]) {
    box.shape.ordinates = {x[0], y[0]};
  } else if (x[0] == x[1] || y[0] == y[1]) {
    box.shape = {ShapeKind::kLine, {x[0], y[0], x[1], y[1]}, {}};
  } else {
    Shape ring{ShapeKind::kLine, {x[0], y[0], x[0], y[1], x[1], y[1], x[1], y[0], x[0], y[0]}, {}};
    box.shape = {ShapeKind::kPolygon, {}, {std::move(ring)}};
  }
  return box;
}
// To these dimensions: bit 0 z, bit 1 m; new ones are 0.
std::optional<GeometryValue> forced(GeometryValue value, int32_t wanted, const GeometryValue&) {
  const bool z = wanted & 1, m = wanted & 2;
  const size_t before = value.dimensions();
  const std::function<void(Shape&)> change = [&](Shape& shape) {
    std::vector<double> out;
    for (size_t i = 0; i + before <= shape.ordinates.size(); i += before) {
      const double* at = shape.ordinates.data() + i;
      out.insert(out.end(), at, at + 2);
      if (z) out.push_back(value.z ? at[2] : 0);
      if (m) out.push_back(value.m ? at[value.z ? 3 : 2] : 0);
    }
    shape.ordinates = std::move(out);
    for (Shape& part : shape.parts) change(part);
  };
  change(value.shape);
  value.z = z;
  value.m = m;
  return value;
}

// AWS: ST_Union, ST_Intersection, ST_Buffer: a polygon's outer ring runs clockwise from its least point, and has no point that
// lies straight between its neighbours.
Shape tidied_ring(const Shape& ring, bool outer) {
  std::vector<std::pair<double, double>> points;
  for (size_t i = 0; i + 3 < ring.ordinates.size(); i += 2) points.emplace_back(ring.ordinates[i], ring.ordinates[i + 1]);
  const auto straight = [](const auto& a, const auto& b, const auto& c) {
    return (b.first - a.first) * (c.second - b.second) == (b.second - a.second) * (c.first - b.first);
  };
  for (size_t i = 0; points.size() > 3 && i < points.size();) {
    const size_t n = points.size();
    if (straight(points[(i + n - 1) % n], points[i], points[(i + 1) % n]))
      points.erase(points.begin() + static_cast<ptrdiff_t>(i));
    else
      ++i;
  }
  if ((signed_area(ring, 2) > 0) == outer) std::reverse(points.begin(), points.end());
  std::rotate(points.begin(), std::min_element(points.begin(), points.end()), points.end());
  points.push_back(points.front());
  Shape made{ShapeKind::kLine, {}, {}};
  for (const auto& [x, y] : points) made.ordinates.insert(made.ordinates.end(), {x, y});
  return made;
}
std::optional<GeometryValue> tidied(GeometryValue value, int32_t, const GeometryValue&) {
  const bool flat = value.dimensions() == 2 && value.shape.kind == ShapeKind::kPolygon;
  for (size_t i = 0; flat && i < value.shape.parts.size(); ++i)
    if (value.shape.parts[i].ordinates.size() >= 8) value.shape.parts[i] = tidied_ring(value.shape.parts[i], i == 0);
  return value;
}

// The geometry, if its kind is one that the function takes: "name C" or "name CL".
void refuse_shapes(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::BinaryExecutor::Execute<string_t, string_t, string_t>(
      input.data[0], input.data[1], result, input.size(), [&](string_t bytes, string_t what) {
        const ShapeKind kind = opened(bytes).shape.kind;
        const std::string text = what.GetString();
        const size_t space = text.find(' ');
        const bool line = kind == ShapeKind::kLine || kind == ShapeKind::kMultiLine;
        if (kind == ShapeKind::kCollection || (line && text.find('L', space) != std::string::npos))
          raise_sql("22023", text.substr(0, space) + " does not take a " +
                                 (line ? kind == ShapeKind::kLine ? "linestring" : "multilinestring" : "geometry collection"));
        return StringVector::AddStringOrBlob(result, bytes);
      });
}

template <Change change>
void change_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::TernaryExecutor::ExecuteWithNulls<string_t, int32_t, string_t, string_t>(
      input.data[0], input.data[1], input.data[2], result, input.size(),
      [&](string_t bytes, int32_t n, string_t other, duckdb::ValidityMask& mask, duckdb::idx_t row) {
        const auto value = change(opened(bytes), n, opened(other));
        if (value) return StringVector::AddStringOrBlob(result, to_wkb(*value, false));
        mask.SetInvalid(row);
        return string_t();
      });
}

// 'n' a whole number, 'o' another geometry, in the order of the arguments behind the first; `otherwise` without the number.
struct ChangeRule {
  const char *name, *run, *rest;
  int32_t otherwise;
};
constexpr ChangeRule kChanges[] = {
    {"st_addpoint", "add_point_run", "on", INT32_MIN},
    {"st_setpoint", "set_point_run", "no", 0},
    {"st_removepoint", "remove_point_run", "n", 0},
    {"st_geometryn", "geometry_n_run", "n", 1},
    {"st_points", "points_run", "", 0},
    {"st_envelope", "envelope_run", "", 0},
    {"st_linefrommultipoint", "line_of_points_run", "", 0},
    {"st_force3d", "forced_run", "", 1},
    {"st_force3dz", "forced_run", "", 1},
    {"st_force3dm", "forced_run", "", 2},
    {"st_force4d", "forced_run", "", 3},
    {"st_collect", "collected_run", "o", 0},
    {"tidy_polygon", "tidied_run", "", 0},
};

template <size_t which>
unique_ptr<Expression> bind_change(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  const ChangeRule& rule = kChanges[which];
  auto value = as_geometry(context, std::move(input.children[0]));
  unique_ptr<Expression> n = constant(Value::INTEGER(rule.otherwise)), other;
  for (size_t i = 1; i < input.children.size() && rule.rest[i - 1]; ++i) {
    if (rule.rest[i - 1] == 'n') {
      n = as_whole(context, std::move(input.children[i]));
    } else {
      other = as_geometry(context, std::move(input.children[i]));
      value = call(context, kFunctionSchema, "same_srid", arguments(std::move(value), other->Copy()));
    }
  }
  if (!other) other = value->Copy();
  auto srid = srid_from(context, *value);
  auto list = arguments(std::move(value), std::move(n));
  list.push_back(std::move(other));
  return geometry_from_bytes(context, call(context, kFunctionSchema, rule.run, std::move(list)), std::move(srid));
}
template <size_t... which>
void add_changes(Registry& registry, std::index_sequence<which...>) {
  (registry.add(typed_variadic(kChanges[which].name, bind_change<which>)), ...);
}

// AWS: ST_DistanceSphere, ST_LengthSphere: the earth is a ball of that radius, in metres.
constexpr double kEarth = 6'371'008.771415059;
double on_sphere(double x1, double y1, double x2, double y2, double radius) {
  const double rad = M_PI / 180;
  const double a = std::sin((y2 - y1) * rad / 2), b = std::sin((x2 - x1) * rad / 2);
  const double h = a * a + std::cos(y1 * rad) * std::cos(y2 * rad) * b * b;
  return 2 * radius * std::asin(std::min(1.0, std::sqrt(h)));
}
void distance_sphere_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::TernaryExecutor::Execute<string_t, string_t, double, double>(
      input.data[0], input.data[1], input.data[2], result, input.size(), [](string_t a, string_t b, double radius) {
        const GeometryValue one = opened(a), two = opened(b);
        const auto p = fitted(one, one), q = fitted(two, two);
        return on_sphere(p[0], p[1], q[0], q[1], radius);
      });
}
unique_ptr<Expression> distance_sphere(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  auto list = arguments(as_geometry(context, std::move(input.children[0])), as_geometry(context, std::move(input.children[1])));
  list.push_back(input.children.size() > 2 ? as_real(context, std::move(input.children[2])) : constant(Value::DOUBLE(kEarth)));
  return call(context, kFunctionSchema, "distance_sphere_run", std::move(list));
}
void length_sphere_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::BinaryExecutor::Execute<string_t, double, double>(
      input.data[0], input.data[1], result, input.size(), [](string_t bytes, double radius) {
        const GeometryValue value = opened(bytes);
        const std::function<double(const Shape&)> length = [&](const Shape& shape) {
          double total = 0;
          const size_t n = value.dimensions();
          const auto& o = shape.ordinates;
          if (shape.kind == ShapeKind::kPolygon) return 0.0;
          for (size_t i = 0; i + 2 * n <= o.size(); i += n) total += on_sphere(o[i], o[i + 1], o[i + n], o[i + n + 1], radius);
          for (const Shape& part : shape.parts) total += length(part);
          return total;
        };
        return length(value.shape);
      });
}
unique_ptr<Expression> length_sphere(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  auto radius = input.children.size() > 1 ? as_real(context, std::move(input.children[1])) : constant(Value::DOUBLE(kEarth));
  return call(context, kFunctionSchema, "length_sphere_run",
              arguments(as_geometry(context, std::move(input.children[0])), std::move(radius)));
}

// ST_Angle(p1, p2, p3): clockwise around p2; ST_Angle(p1, p2, p3, p4): from the line p1-p2 to p3-p4.
void angle_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  for (duckdb::idx_t row = 0; row < input.size(); ++row) {
    std::vector<std::vector<double>> p;
    for (auto& column : input.data) {
      const Value value = column.GetValue(row);
      if (value.IsNull()) break;
      const GeometryValue point = opened(string_t(duckdb::StringValue::Get(value)));
      p.push_back(fitted(point, point));
    }
    const bool three = input.ColumnCount() == 3;
    result.SetValue(row, Value(LogicalType::DOUBLE));
    if (p.size() < input.ColumnCount()) continue;
    const auto& from = p[three ? 1 : 0];
    const auto& to = p[three ? 0 : 1];
    const auto& from2 = p[three ? 1 : 2];
    const auto& to2 = p[three ? 2 : 3];
    if ((from[0] == to[0] && from[1] == to[1]) || (from2[0] == to2[0] && from2[1] == to2[1])) continue;
    const double a = std::atan2(to[0] - from[0], to[1] - from[1]), b = std::atan2(to2[0] - from2[0], to2[1] - from2[1]);
    const double angle = std::fmod(b - a + 4 * M_PI, 2 * M_PI);
    result.SetValue(row, Value::DOUBLE(angle));
  }
  if (input.AllConstant()) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
}
unique_ptr<Expression> bind_angle(FunctionBindExpressionInput& input) {
  for (auto& child : input.children) child = as_geometry(input.context, std::move(child));
  const char* run = input.children.size() == 3 ? "angle_3" : "angle_4";
  return call(input.context, kFunctionSchema, run, std::move(input.children));
}

// ST_GeoHash(point [, precision]) and back.
constexpr char kGeoHash[] = "0123456789bcdefghjkmnpqrstuvwxyz";
void geohash_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::BinaryExecutor::Execute<string_t, int32_t, string_t>(
      input.data[0], input.data[1], result, input.size(), [&](string_t bytes, int32_t precision) {
        const GeometryValue value = opened(bytes);
        double x[2] = {-180, 180}, y[2] = {-90, 90}, min[2] = {INFINITY, INFINITY}, max[2] = {-INFINITY, -INFINITY};
        each_point(value, [&](const double* at) {
          for (int i = 0; i < 2; ++i) {
            min[i] = std::min(min[i], at[i]);
            max[i] = std::max(max[i], at[i]);
          }
        });
        const double at_x = (min[0] + max[0]) / 2, at_y = (min[1] + max[1]) / 2;
        std::string text;
        for (int bit = 0, code = 0; static_cast<int>(text.size()) < std::clamp(precision, 1, 20); ++bit) {
          double* range = bit % 2 == 0 ? x : y;
          const double middle = (range[0] + range[1]) / 2;
          const bool upper_half = (bit % 2 == 0 ? at_x : at_y) >= middle;
          range[upper_half ? 0 : 1] = middle;
          code = code * 2 + upper_half;
          if (bit % 5 == 4) {
            text += kGeoHash[code];
            code = 0;
          }
        }
        return StringVector::AddString(result, text);
      });
}
unique_ptr<Expression> bind_geohash(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  auto precision = input.children.size() > 1 ? as_whole(context, std::move(input.children[1])) : constant(Value::INTEGER(20));
  return call(context, kFunctionSchema, "geohash_run",
              arguments(as_geometry(context, std::move(input.children[0])), std::move(precision)));
}

// AWS: ST_GeomFromGeoHash. The box that the first `precision` letters name.
void box_of_geohash(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::BinaryExecutor::Execute<string_t, int32_t, string_t>(
      input.data[0], input.data[1], result, input.size(), [&](string_t text, int32_t precision) {
        double x[2] = {-180, 180}, y[2] = {-90, 90};
        const std::string letters = lower(view(text)).substr(0, static_cast<size_t>(std::max(precision, 0)));
        bool at_x = true;
        for (const char letter : letters) {
          const size_t code = std::string_view(kGeoHash).find(letter);
          if (code == std::string_view::npos) raise_sql("22023", "invalid geohash \"" + text.GetString() + "\"");
          for (size_t bit = 16; bit > 0; bit /= 2, at_x = !at_x) {
            double* const range = at_x ? x : y;
            range[code & bit ? 0 : 1] = (range[0] + range[1]) / 2;
          }
        }
        GeometryValue box;
        box.shape.kind = ShapeKind::kPolygon;
        box.shape.parts.resize(1);
        box.shape.parts[0].kind = ShapeKind::kLine;
        box.shape.parts[0].ordinates = {x[0], y[0], x[0], y[1], x[1], y[1], x[1], y[0], x[0], y[0]};
        return StringVector::AddStringOrBlob(result, to_wkb(box, false));
      });
}
unique_ptr<Expression> bind_from_geohash(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  auto precision = input.children.size() > 1 ? as_whole(context, std::move(input.children[1])) : constant(Value::INTEGER(20));
  auto wkb = call(context, kFunctionSchema, "box_of_geohash",
                  arguments(as_text(context, std::move(input.children[0])), std::move(precision)));
  return geometry_from_bytes(context, std::move(wkb), constant(Value::INTEGER(0)));
}

void add_counts(Registry& registry) {
  const auto count = [&](const char* name, duckdb::scalar_function_t function) {
    registry.add(scalar(name, {geometry_type()}, LogicalType::INTEGER, std::move(function)));
  };
  count(kRings, count_run<rings>);
  count(kMembers, count_run<members>);
  count(kLinePoints, count_run<line_points>);
  count(kDimensions, count_run<dimensions>);
  count(kMemory, count_run<size_in_memory>);
  count(kCollections, count_run<is_collection>);
  count(kClosed, count_run<is_closed>);
  count(kCounterClockwise, count_run<turns<1>>);
  count(kClockwise, count_run<turns<-1>>);
  registry.add(typed("st_nrings", 1, bind_count<&kRings, false>));
  registry.add(typed("st_numgeometries", 1, bind_count<&kMembers, false>));
  registry.add(typed("st_numpoints", 1, bind_count<&kLinePoints, false>));
  registry.add(typed("st_ndims", 1, bind_count<&kDimensions, false>));
  registry.add(typed("st_memsize", 1, bind_count<&kMemory, false>));
  registry.add(typed("st_iscollection", 1, bind_count<&kCollections, true>));
  registry.add(typed_variadic("st_geomfromgeohash", bind_from_geohash));
  registry.add(scalar("box_of_geohash", {LogicalType::VARCHAR, LogicalType::INTEGER}, LogicalType::BLOB, box_of_geohash));
  registry.add(typed("st_isclosed", 1, bind_count<&kClosed, true>));
  registry.add(typed("st_ispolygonccw", 1, bind_count<&kCounterClockwise, true>));
  registry.add(typed("st_ispolygoncw", 1, bind_count<&kClockwise, true>));
}

void add_change_runs(Registry& registry) {
  const LogicalType shape = geometry_type(), n = LogicalType::INTEGER;
  const auto change = [&](const char* name, duckdb::scalar_function_t function) {
    registry.add(scalar(name, {shape, n, shape}, LogicalType::BLOB, std::move(function)));
  };
  change("add_point_run", change_run<add_point>);
  change("set_point_run", change_run<set_point>);
  change("remove_point_run", change_run<remove_point>);
  change("geometry_n_run", change_run<geometry_n>);
  change("points_run", change_run<points>);
  change("envelope_run", change_run<envelope>);
  change("line_of_points_run", change_run<line_of_points>);
  change("forced_run", change_run<forced>);
  change("collected_run", change_run<collected>);
  change("tidied_run", change_run<tidied>);
  registry.add(scalar("refuse_shapes", {geometry_type(), LogicalType::VARCHAR}, geometry_type(), refuse_shapes));
}

}  // namespace

void add_geometry_parts(Registry& registry) {
  const LogicalType shape = geometry_type(), real = LogicalType::DOUBLE, n = LogicalType::INTEGER;
  add_changes(registry, std::make_index_sequence<std::size(kChanges)>());
  add_counts(registry);
  add_change_runs(registry);
  registry.add(typed_variadic("st_distancesphere", distance_sphere));
  registry.add(scalar("distance_sphere_run", {shape, shape, real}, real, distance_sphere_run));
  registry.add(typed_variadic("st_lengthsphere", length_sphere));
  registry.add(scalar("length_sphere_run", {shape, real}, real, length_sphere_run));
  registry.add(typed_variadic("st_angle", bind_angle));
  registry.add(scalar("angle_3", {shape, shape, shape}, real, angle_run));
  registry.add(scalar("angle_4", {shape, shape, shape, shape}, real, angle_run));
  registry.add(typed_variadic("st_geohash", bind_geohash));
  registry.add(scalar("geohash_run", {shape, n}, LogicalType::VARCHAR, geohash_run));
}

}  // namespace tarn::sql::engine
