// Spatial predicates over GEOS's prepared geometries: whoever is asked about twice is indexed, so that a polygon of many
// thousand points answers for a point in microseconds. The spatial extension's own predicates read the whole outline each time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "sql/engine/duckdb.pch.h"

namespace tarn::sql::engine {

// What ST_Within and ST_CoveredBy ask is the question of the first two with the sides changed.
enum class SpatialPredicate : uint8_t { kIntersects, kContains, kCovers };

struct SpatialQuestion {
  SpatialPredicate predicate = SpatialPredicate::kIntersects;
  bool swapped = false;  // the first argument is asked about the second: contains(b, a)
  bool any_srid = false;  // their SRIDs are not compared
};
// Of "st_intersects", "ST_Within" ..; with kAnySrid behind it where SRIDs do not count. nullopt for any other function.
constexpr const char* kAnySrid = "_any_srid";
std::optional<SpatialQuestion> spatial_question(const std::string& function);

struct SpatialBox {
  double min_x = 0, min_y = 0, max_x = -1, max_y = -1;
  bool empty() const { return !(min_x <= max_x && min_y <= max_y); }  // also with a NaN
  bool meets(const SpatialBox& other) const {
    return min_x <= other.max_x && other.min_x <= max_x && min_y <= other.max_y && other.min_y <= max_y;
  }
  bool holds(const SpatialBox& other) const {
    return min_x <= other.min_x && other.max_x <= max_x && min_y <= other.min_y && other.max_y <= max_y;
  }
};

// The box of a value of the spatial extension's type GEOMETRY. ERRORS: throws InvalidInputException for bytes that are none.
SpatialBox box_of(duckdb::string_t geometry);

// AWS: ST_Intersects and its like: an error where the SRIDs differ.
[[noreturn]] void refuse_srids(int32_t a, int32_t b);

// A handle of GEOS. THREADS: one at a time.
class Geos {
 public:
  Geos();
  ~Geos();
  Geos(const Geos&) = delete;
  void* handle() const { return handle_; }
  [[noreturn]] void fail(const char* what) const;

 private:
  void* handle_;
  std::string error_;
};

// A geometry; made when its box does not decide, prepared when it is asked about for the second time.
// LIFETIME: within its Geos and the value's bytes.
class SpatialShape {
 public:
  SpatialShape(const Geos& geos, duckdb::string_t value);
  ~SpatialShape();
  SpatialShape(SpatialShape&& other) noexcept;
  SpatialShape& operator=(SpatialShape&& other) noexcept;

  const SpatialBox& box() const { return box_; }
  size_t points() const { return points_; }
  int32_t srid() const { return srid_; }
  // Does `a` contain (cover, intersect) `b`?
  static bool holds(SpatialPredicate predicate, SpatialShape& a, SpatialShape& b);

 private:
  static bool ask(SpatialPredicate predicate, SpatialShape& a, SpatialShape& b);
  void make();
  bool worth_preparing();

  const Geos* geos_;
  duckdb::string_t value_;
  void* geometry_ = nullptr;
  const void* prepared_ = nullptr;
  SpatialBox box_;
  size_t points_ = 0;
  int32_t srid_ = 0;
  int asked_ = 0;
};

// The shapes that one thread has met lately, by their bytes.
class SpatialShapes {
 public:
  explicit SpatialShapes(const Geos& geos) : geos_(geos) {}
  // Values at the same place are the same until next_chunk() is called. The shape lives until this is called twice more.
  SpatialShape& find(duckdb::string_t value);
  void next_chunk();

 private:
  const Geos& geos_;
  std::unordered_map<const char*, SpatialShape*> by_place_;
  std::unordered_map<std::string, std::unique_ptr<SpatialShape>> by_bytes_;
  std::optional<SpatialShape> passing_[2];  // those that are not kept
  size_t next_ = 0;
  size_t bytes_ = 0;
};

}  // namespace tarn::sql::engine
