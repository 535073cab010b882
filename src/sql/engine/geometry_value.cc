#include "sql/engine/geometry_value.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>

#include "base/text.h"

namespace tarn::sql::engine {
namespace {

constexpr size_t kSridAt = 4;
constexpr int kMaxDepth = 64;
constexpr const char* kNames[] = {"POINT",      "LINESTRING",      "POLYGON",      "MULTIPOINT",
                                  "MULTILINESTRING", "MULTIPOLYGON", "GEOMETRYCOLLECTION"};

// Takes values off the front; `whole` is false once there was too little.
struct Bytes {
  std::string_view rest;
  bool whole = true, swapped = false;

  template <class T>
  T take() {
    T value{};
    if (rest.size() < sizeof value) {
      whole = false;
      rest = {};
      return value;
    }
    std::memcpy(&value, rest.data(), sizeof value);
    rest.remove_prefix(sizeof value);
    if (swapped) {
      char bytes[sizeof value];
      std::memcpy(bytes, &value, sizeof value);
      std::reverse(bytes, bytes + sizeof value);
      std::memcpy(&value, bytes, sizeof value);
    }
    return value;
  }
  void skip(size_t bytes) {
    if (bytes > rest.size()) whole = false;
    rest.remove_prefix(std::min(bytes, rest.size()));
  }
  void ordinates(size_t count, std::vector<double>& out) {
    if (count > rest.size() / sizeof(double)) whole = false;
    for (size_t i = 0; i < count && whole; ++i) out.push_back(take<double>());
  }
};

Shape line_of(Bytes& bytes, size_t points, size_t dimensions) {
  Shape line;
  line.kind = ShapeKind::kLine;
  bytes.ordinates(points * dimensions, line.ordinates);
  return line;
}

Shape read_part(Bytes& bytes, size_t dimensions, int depth) {
  Shape shape;
  const auto kind = bytes.take<uint32_t>();
  const auto count = bytes.take<uint32_t>();
  if (kind > 6 || depth > kMaxDepth || count > bytes.rest.size()) bytes.whole = false;
  if (!bytes.whole) return shape;
  shape.kind = static_cast<ShapeKind>(kind);
  if (kind <= 1) {
    bytes.ordinates(count * dimensions, shape.ordinates);
  } else if (kind == 2) {
    std::vector<uint32_t> sizes;
    for (uint32_t i = 0; i < count; ++i) sizes.push_back(bytes.take<uint32_t>());
    if (count % 2 == 1) bytes.skip(4);
    for (const uint32_t size : sizes) shape.parts.push_back(line_of(bytes, size, dimensions));
  } else {
    for (uint32_t i = 0; i < count && bytes.whole; ++i) shape.parts.push_back(read_part(bytes, dimensions, depth + 1));
  }
  return shape;
}

Shape read_wkb_part(Bytes& bytes, GeometryValue& value, int depth) {
  Shape shape;
  bytes.swapped = bytes.take<uint8_t>() == 0;
  auto type = bytes.take<uint32_t>();
  value.z = value.z || (type & 0x80000000u);
  value.m = value.m || (type & 0x40000000u);
  const bool has_srid = type & 0x20000000u;
  type &= 0x0fffffffu;
  const uint32_t iso = type / 1000;
  value.z = value.z || iso == 1 || iso == 3;
  value.m = value.m || iso == 2 || iso == 3;
  type %= 1000;
  if (has_srid) value.srid = bytes.take<int32_t>();
  if (type < 1 || type > 7 || depth > kMaxDepth) bytes.whole = false;
  if (!bytes.whole) return shape;
  shape.kind = static_cast<ShapeKind>(type - 1);
  const size_t dimensions = value.dimensions();
  if (shape.kind == ShapeKind::kPoint) {
    bytes.ordinates(dimensions, shape.ordinates);
    if (!shape.ordinates.empty() && std::isnan(shape.ordinates[0])) shape.ordinates.clear();
    return shape;
  }
  const auto count = bytes.take<uint32_t>();
  if (count > bytes.rest.size()) bytes.whole = false;
  if (shape.kind == ShapeKind::kLine) {
    bytes.ordinates(count * dimensions, shape.ordinates);
    return shape;
  }
  for (uint32_t i = 0; i < count && bytes.whole; ++i) {
    if (shape.kind == ShapeKind::kPolygon) {
      const auto size = bytes.take<uint32_t>();
      shape.parts.push_back(line_of(bytes, size, dimensions));
    } else {
      shape.parts.push_back(read_wkb_part(bytes, value, depth + 1));
    }
  }
  return shape;
}

class WktPrinter {
 public:
  WktPrinter(size_t dimensions, const char* marks, int precision)
      : dimensions_(dimensions), marks_(marks), precision_(precision) {}

  void tagged(const Shape& shape) {
    out_ += kNames[static_cast<size_t>(shape.kind)];
    out_ += marks_;
    if (shape.empty()) {
      out_ += marks_[0] ? "EMPTY" : " EMPTY";
    } else {
      body(shape);
    }
  }
  std::string take() { return std::move(out_); }

 private:
  void body(const Shape& shape) {
    if (shape.empty()) {
      out_ += "EMPTY";
      return;
    }
    out_ += '(';
    if (shape.kind == ShapeKind::kPoint || shape.kind == ShapeKind::kLine) {
      points(shape.ordinates);
    } else {
      for (size_t i = 0; i < shape.parts.size(); ++i) {
        if (i > 0) out_ += ',';
        if (shape.kind == ShapeKind::kCollection) {
          tagged(shape.parts[i]);
        } else {
          body(shape.parts[i]);
        }
      }
    }
    out_ += ')';
  }
  void points(const std::vector<double>& ordinates) {
    for (size_t i = 0; i < ordinates.size(); ++i) {
      if (i > 0) out_ += i % dimensions_ == 0 ? ',' : ' ';
      char digits[40];
      std::snprintf(digits, sizeof digits, "%.*g", precision_, ordinates[i]);
      out_ += digits;
    }
  }

  size_t dimensions_;
  const char* marks_;
  int precision_;
  std::string out_;
};

void put(std::string& out, const void* value, size_t size) {
  out.append(static_cast<const char*>(value), size);
}
template <class T>
void put(std::string& out, T value) {
  put(out, &value, sizeof value);
}

void write_part(std::string& out, const Shape& shape, const GeometryValue& value, uint32_t flags, int32_t srid) {
  put<uint8_t>(out, 1);
  put<uint32_t>(out, (static_cast<uint32_t>(shape.kind) + 1) | flags);
  if (flags & 0x20000000u) put<int32_t>(out, srid);
  const auto ordinates = [&](const std::vector<double>& all) { put(out, all.data(), all.size() * sizeof(double)); };
  const size_t dimensions = value.dimensions();
  if (shape.kind == ShapeKind::kPoint) {
    if (shape.empty()) return ordinates(std::vector<double>(dimensions, std::numeric_limits<double>::quiet_NaN()));
    return ordinates(shape.ordinates);
  }
  if (shape.kind == ShapeKind::kLine) {
    put<uint32_t>(out, static_cast<uint32_t>(shape.ordinates.size() / dimensions));
    return ordinates(shape.ordinates);
  }
  put<uint32_t>(out, static_cast<uint32_t>(shape.parts.size()));
  for (const Shape& part : shape.parts) {
    if (shape.kind == ShapeKind::kPolygon) {
      put<uint32_t>(out, static_cast<uint32_t>(part.ordinates.size() / dimensions));
      ordinates(part.ordinates);
    } else {
      write_part(out, part, value, flags & ~0x20000000u, 0);
    }
  }
}

void visit_points(const Shape& shape, size_t dimensions, const std::function<void(const double*)>& visit) {
  for (size_t i = 0; i + dimensions <= shape.ordinates.size(); i += dimensions) visit(shape.ordinates.data() + i);
  for (const Shape& part : shape.parts) visit_points(part, dimensions, visit);
}

}  // namespace

namespace {

constexpr int32_t kGeography = 1 << 30;  // SRIDs are less

int32_t stored(std::string_view bytes) {
  int32_t srid = 0;
  if (bytes.size() >= kSridAt + sizeof srid) std::memcpy(&srid, bytes.data() + kSridAt, sizeof srid);
  return srid;
}
void store(std::string& bytes, int32_t srid) {
  if (bytes.size() >= kSridAt + sizeof srid) std::memcpy(bytes.data() + kSridAt, &srid, sizeof srid);
}

}  // namespace

int32_t srid_of(std::string_view bytes) {
  return stored(bytes) & ~kGeography;
}

void put_srid(std::string& bytes, int32_t srid) {
  store(bytes, (srid & ~kGeography) | (stored(bytes) & kGeography));
}

bool is_geography(std::string_view bytes) {
  return (stored(bytes) & kGeography) != 0;
}

void mark_geography(std::string& bytes, bool geography) {
  store(bytes, srid_of(bytes) | (geography ? kGeography : 0));
}

std::optional<GeometryValue> read_geometry(std::string_view data) {
  GeometryValue value;
  value.srid = srid_of(data);
  Bytes bytes{data};
  const auto flags = bytes.take<uint16_t>() >> 8;
  value.z = flags & 1;
  value.m = flags & 2;
  bytes.skip(6 + (flags & 4 ? value.dimensions() * 2 * sizeof(float) : 0));
  value.shape = read_part(bytes, value.dimensions(), 0);
  return bytes.whole ? std::optional(std::move(value)) : std::nullopt;
}

std::optional<GeometryValue> read_wkb(std::string_view data) {
  GeometryValue value;
  Bytes bytes{data};
  value.shape = read_wkb_part(bytes, value, 0);
  return bytes.whole ? std::optional(std::move(value)) : std::nullopt;
}

std::pair<int32_t, std::string_view> split_ewkt(std::string_view text) {
  text = trim(text);
  if (!equals_ignore_case(text.substr(0, 5), "SRID=")) return {0, text};
  const size_t end = text.find(';');
  if (end == std::string_view::npos) return {0, text};
  return {static_cast<int32_t>(parse_int(trim(text.substr(5, end - 5))).value_or(0)), trim(text.substr(end + 1))};
}

std::string to_wkt(const GeometryValue& value, int precision) {
  WktPrinter printer(value.dimensions(), value.z ? (value.m ? " ZM " : " Z ") : value.m ? " M " : "", precision);
  printer.tagged(value.shape);
  return printer.take();
}

std::string to_wkb(const GeometryValue& value, bool with_srid) {
  const uint32_t flags = (value.z ? 0x80000000u : 0) | (value.m ? 0x40000000u : 0) | (with_srid ? 0x20000000u : 0);
  std::string out;
  write_part(out, value.shape, value, flags, value.srid);
  return out;
}

void each_point(const GeometryValue& value, const std::function<void(const double* point)>& visit) {
  visit_points(value.shape, value.dimensions(), visit);
}

double signed_area(const Shape& ring, size_t dimensions) {
  double twice = 0;
  const auto& o = ring.ordinates;
  for (size_t i = 0; i + 2 * dimensions <= o.size(); i += dimensions) {
    twice += o[i] * o[i + dimensions + 1] - o[i + dimensions] * o[i + 1];
  }
  return twice / 2;
}

}  // namespace tarn::sql::engine
