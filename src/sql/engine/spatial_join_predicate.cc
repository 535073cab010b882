#include "sql/engine/spatial_join_predicate.h"

#include <geos_c.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "base/text.h"
#include "sql/engine/errors.h"
#include "sql/engine/geometry_value.h"

namespace tarn::sql::engine {
namespace {

using duckdb::string_t;

GEOSContextHandle_t context_of(const Geos& geos) {
  return static_cast<GEOSContextHandle_t>(geos.handle());
}
GEOSGeometry* geometry_of(void* geometry) {
  return static_cast<GEOSGeometry*>(geometry);
}

// How the spatial extension keeps a geometry: type, flags, 6 bytes of nothing, the box in floats (if flagged), then the parts,
// each with its type and count. Coordinates are x, y, and z and m where flagged.
class Reader {
 public:
  explicit Reader(string_t geometry) : at_(geometry.GetData()), end_(at_ + geometry.GetSize()) {
    const auto flags = take<uint16_t>() >> 8;
    const bool z = flags & 1, m = flags & 2, box = flags & 4;
    dimensions_ = 2 + (z ? 1 : 0) + (m ? 1 : 0);
    skip(6 + (box ? dimensions_ * 2 * sizeof(float) : 0));
  }

  template <class T>
  T take() {
    T value;
    std::memcpy(&value, need(sizeof value), sizeof value);
    return value;
  }
  void skip(size_t bytes) { need(bytes); }
  // x and y of so many coordinates.
  void coordinates(size_t count, std::vector<double>& out) {
    if (count > static_cast<size_t>(end_ - at_)) broken();
    const char* from = need(count * dimensions_ * sizeof(double));
    const size_t old = out.size();
    out.resize(old + count * 2);
    if (dimensions_ == 2) {
      std::memcpy(out.data() + old, from, count * 2 * sizeof(double));
      return;
    }
    for (size_t i = 0; i < count; ++i) {
      std::memcpy(out.data() + old + i * 2, from + i * dimensions_ * sizeof(double), 2 * sizeof(double));
    }
  }
  [[noreturn]] static void broken() { throw duckdb::InvalidInputException("A value of GEOMETRY is not whole."); }

 private:
  const char* need(size_t bytes) {
    if (bytes > static_cast<size_t>(end_ - at_)) broken();
    return std::exchange(at_, at_ + bytes);
  }

  const char* at_;
  const char* end_;
  size_t dimensions_ = 2;
};

enum Kind : uint32_t { kPoint, kLine, kPolygon, kMultiPoint, kMultiLine, kMultiPolygon, kCollection };
constexpr int kMaxDepth = 64;
constexpr size_t kMostBytes = 64 << 20;  // that one thread keeps shapes of

// Hands each part to `builder`, the innermost first.
template <class Builder>
typename Builder::Part read_part(Reader& reader, Builder& builder, int depth) {
  if (depth > kMaxDepth) Reader::broken();
  const auto kind = reader.take<uint32_t>();
  const auto count = reader.take<uint32_t>();
  std::vector<double> xy;
  switch (kind) {
    case kPoint:
    case kLine: reader.coordinates(count, xy); return kind == kPoint ? builder.point(xy) : builder.line(xy);
    case kPolygon: {
      std::vector<uint32_t> lengths;
      for (uint32_t i = 0; i < count; ++i) lengths.push_back(reader.take<uint32_t>());
      if (count % 2 == 1) reader.skip(sizeof(uint32_t));
      return builder.polygon(lengths, [&](uint32_t length) {
        xy.clear();
        reader.coordinates(length, xy);
        return std::cref(xy);
      });
    }
    case kMultiPoint:
    case kMultiLine:
    case kMultiPolygon:
    case kCollection: {
      std::vector<typename Builder::Part> parts;
      try {
        for (uint32_t i = 0; i < count; ++i) parts.push_back(read_part(reader, builder, depth + 1));
      } catch (...) {
        builder.drop(parts);
        throw;
      }
      return builder.collection(kind, parts);
    }
    default: Reader::broken();
  }
}

struct BoxBuilder {
  using Part = int;
  void add(const std::vector<double>& xy) {
    for (size_t i = 0; i < xy.size(); i += 2) {
      box.min_x = std::min(box.min_x, xy[i]), box.max_x = std::max(box.max_x, xy[i]);
      box.min_y = std::min(box.min_y, xy[i + 1]), box.max_y = std::max(box.max_y, xy[i + 1]);
    }
    points += xy.size() / 2;
  }
  int point(const std::vector<double>& xy) { return add(xy), 0; }
  int line(const std::vector<double>& xy) { return add(xy), 0; }
  template <class Ring>
  int polygon(const std::vector<uint32_t>& lengths, Ring ring) {
    for (const uint32_t length : lengths) add(ring(length));
    return 0;
  }
  int collection(uint32_t, std::vector<int>&) { return 0; }
  void drop(std::vector<int>&) {}

  static constexpr double kFar = std::numeric_limits<double>::infinity();
  SpatialBox box{kFar, kFar, -kFar, -kFar};
  size_t points = 0;
};

struct GeosBuilder {
  using Part = GEOSGeometry*;
  explicit GeosBuilder(const Geos& made_with) : geos(made_with), context(context_of(made_with)) {}

  GEOSCoordSequence* sequence(const std::vector<double>& xy) {
    return GEOSCoordSeq_copyFromBuffer_r(context, xy.data(), static_cast<unsigned>(xy.size() / 2), 0, 0);
  }
  Part made(Part part) {
    if (!part) geos.fail("A geometry is not valid");
    return part;
  }
  Part point(const std::vector<double>& xy) {
    return made(xy.empty() ? GEOSGeom_createEmptyPoint_r(context)
                           : GEOSGeom_createPointFromXY_r(context, xy[0], xy[1]));
  }
  Part line(const std::vector<double>& xy) { return made(GEOSGeom_createLineString_r(context, sequence(xy))); }
  template <class Ring>
  Part polygon(const std::vector<uint32_t>& lengths, Ring ring) {
    if (lengths.empty()) return made(GEOSGeom_createEmptyPolygon_r(context));
    std::vector<Part> rings;
    try {
      for (const uint32_t length : lengths) {
        rings.push_back(made(GEOSGeom_createLinearRing_r(context, sequence(ring(length)))));
      }
    } catch (...) {
      drop(rings);
      throw;
    }
    return made(GEOSGeom_createPolygon_r(context, rings[0], rings.data() + 1, static_cast<unsigned>(rings.size() - 1)));
  }
  Part collection(uint32_t kind, std::vector<Part>& parts) {
    const int type = kind == kMultiPoint     ? GEOS_MULTIPOINT
                     : kind == kMultiLine    ? GEOS_MULTILINESTRING
                     : kind == kMultiPolygon ? GEOS_MULTIPOLYGON
                                             : GEOS_GEOMETRYCOLLECTION;
    return made(GEOSGeom_createCollection_r(context, type, parts.data(), static_cast<unsigned>(parts.size())));
  }
  void drop(std::vector<Part>& parts) {
    for (Part part : parts) GEOSGeom_destroy_r(context, part);
  }

  const Geos& geos;
  GEOSContextHandle_t context;
};

BoxBuilder measured(string_t geometry) {
  constexpr size_t kPlainPoint = 32;  // by far the most frequent: x and y at 16
  BoxBuilder builder;
  if (geometry.GetSize() == kPlainPoint && geometry.GetData()[0] == kPoint) {
    double xy[2];
    std::memcpy(xy, geometry.GetData() + 16, sizeof xy);
    builder.box = {xy[0], xy[1], xy[0], xy[1]};
    builder.points = 1;
    return builder;
  }
  Reader reader(geometry);
  read_part(reader, builder, 0);
  return builder;
}

}  // namespace

std::optional<SpatialQuestion> spatial_question(const std::string& function) {
  std::string name = lower(function);
  const bool any = name.ends_with(kAnySrid);
  if (any) name.resize(name.size() - std::string_view(kAnySrid).size());
  if (name == "st_intersects") return SpatialQuestion{SpatialPredicate::kIntersects, false, any};
  if (name == "st_contains") return SpatialQuestion{SpatialPredicate::kContains, false, any};
  if (name == "st_within") return SpatialQuestion{SpatialPredicate::kContains, true, any};
  if (name == "st_covers") return SpatialQuestion{SpatialPredicate::kCovers, false, any};
  if (name == "st_coveredby") return SpatialQuestion{SpatialPredicate::kCovers, true, any};
  return std::nullopt;
}

SpatialBox box_of(string_t geometry) {
  return measured(geometry).box;
}

void refuse_srids(int32_t a, int32_t b) {
  raise_sql("22023", "Operation on mixed SRID geometries: " + std::to_string(a) + " and " + std::to_string(b));
}

Geos::Geos() : handle_(GEOS_init_r()) {
  const auto keep = [](const char* message, void* to) { *static_cast<std::string*>(to) = message; };
  GEOSContext_setErrorMessageHandler_r(static_cast<GEOSContextHandle_t>(handle_), keep, &error_);
}

Geos::~Geos() {
  GEOS_finish_r(static_cast<GEOSContextHandle_t>(handle_));
}

void Geos::fail(const char* what) const {
  throw duckdb::InvalidInputException("%s: %s", what, error_.empty() ? "the geometry library refused it" : error_);
}

SpatialShape::SpatialShape(const Geos& geos, string_t value) : geos_(&geos), value_(value) {
  const BoxBuilder measures = measured(value);
  box_ = measures.box;
  points_ = measures.points;
  srid_ = srid_of({value.GetData(), value.GetSize()});
}

void SpatialShape::make() {
  if (geometry_) return;
  Reader reader(value_);
  GeosBuilder builder(*geos_);
  geometry_ = read_part(reader, builder, 0);
}

SpatialShape::SpatialShape(SpatialShape&& other) noexcept
    : geos_(other.geos_),
      value_(other.value_),
      geometry_(std::exchange(other.geometry_, nullptr)),
      prepared_(std::exchange(other.prepared_, nullptr)),
      box_(other.box_),
      points_(other.points_),
      srid_(other.srid_),
      asked_(other.asked_) {}

SpatialShape& SpatialShape::operator=(SpatialShape&& other) noexcept {
  std::swap(geos_, other.geos_);
  std::swap(value_, other.value_);
  std::swap(geometry_, other.geometry_);
  std::swap(prepared_, other.prepared_);
  std::swap(box_, other.box_);
  std::swap(points_, other.points_);
  std::swap(srid_, other.srid_);
  std::swap(asked_, other.asked_);
  return *this;
}

SpatialShape::~SpatialShape() {
  if (prepared_) GEOSPreparedGeom_destroy_r(context_of(*geos_), static_cast<const GEOSPreparedGeometry*>(prepared_));
  if (geometry_) GEOSGeom_destroy_r(context_of(*geos_), geometry_of(geometry_));
}

bool SpatialShape::holds(SpatialPredicate predicate, SpatialShape& a, SpatialShape& b) {
  if (predicate == SpatialPredicate::kIntersects) {
    if (!a.box_.meets(b.box_)) return false;
    return a.points_ >= b.points_ ? ask(predicate, a, b) : ask(predicate, b, a);
  }
  return a.box_.holds(b.box_) && ask(predicate, a, b);
}

bool SpatialShape::worth_preparing() {
  constexpr int kTwice = 2;
  if (points_ < 3) return false;
  return ++asked_ >= kTwice;
}

bool SpatialShape::ask(SpatialPredicate predicate, SpatialShape& a, SpatialShape& b) {
  const auto context = context_of(*a.geos_);
  a.make();
  b.make();
  if (!a.prepared_ && a.worth_preparing()) {
    a.prepared_ = GEOSPrepare_r(context, geometry_of(a.geometry_));
    if (!a.prepared_) a.geos_->fail("A geometry could not be indexed");
  }
  const auto* prepared = static_cast<const GEOSPreparedGeometry*>(a.prepared_);
  const auto* one = geometry_of(a.geometry_);
  const auto* other = geometry_of(b.geometry_);
  char answer = 0;
  switch (predicate) {
    case SpatialPredicate::kIntersects:
      answer = prepared ? GEOSPreparedIntersects_r(context, prepared, other) : GEOSIntersects_r(context, one, other);
      break;
    case SpatialPredicate::kContains:
      answer = prepared ? GEOSPreparedContains_r(context, prepared, other) : GEOSContains_r(context, one, other);
      break;
    case SpatialPredicate::kCovers:
      answer = prepared ? GEOSPreparedCovers_r(context, prepared, other) : GEOSCovers_r(context, one, other);
      break;
  }
  if (answer == 2) a.geos_->fail("Two geometries could not be compared");
  return answer == 1;
}

void SpatialShapes::next_chunk() {
  by_place_.clear();
  if (bytes_ <= kMostBytes) return;
  by_bytes_.clear();
  bytes_ = 0;
}

SpatialShape& SpatialShapes::find(string_t value) {
  constexpr size_t kSmall = 128;  // a point, a rectangle: made faster than found
  const auto pass = [&]() -> SpatialShape& {
    next_ = 1 - next_;
    passing_[next_].reset();
    return passing_[next_].emplace(geos_, value);
  };
  if (value.GetSize() <= kSmall) return pass();
  const auto here = by_place_.find(value.GetData());
  if (here != by_place_.end()) return *here->second;
  auto kept = by_bytes_.find(value.GetString());
  if (kept == by_bytes_.end()) {
    if (bytes_ > kMostBytes) return pass();
    kept = by_bytes_.emplace(value.GetString(), nullptr).first;
    const auto& bytes = kept->first;
    kept->second = std::make_unique<SpatialShape>(geos_, string_t(bytes.data(), static_cast<uint32_t>(bytes.size())));
    bytes_ += bytes.size() * 4;  // the bytes, the geometry, its index
  }
  by_place_[value.GetData()] = kept->second.get();
  return *kept->second;
}

}  // namespace tarn::sql::engine
