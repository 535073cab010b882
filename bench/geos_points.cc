// The peer of the bench's points in polygons: GEOS itself, prepared polygons in a tree of their boxes, on one thread.
//   bench_geos_points POLYGONS POINTS      prints "pairs seconds"
// POLYGONS: for each a length (4 bytes) and so many bytes of WKB; POINTS: x and y of each in doubles.
#include <geos_c.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

std::string read_file(const char* path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Probe {
  GEOSContextHandle_t context;
  const GEOSGeometry* point;
  uint64_t pairs = 0;
};

void try_polygon(void* item, void* to) {
  auto& probe = *static_cast<Probe*>(to);
  const auto* polygon = static_cast<const GEOSPreparedGeometry*>(item);
  if (GEOSPreparedIntersects_r(probe.context, polygon, probe.point) == 1) ++probe.pairs;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return std::fprintf(stderr, "usage: bench_geos_points POLYGONS POINTS\n"), 64;
  const std::string polygons = read_file(argv[1]), points = read_file(argv[2]);
  const auto began = std::chrono::steady_clock::now();
  const GEOSContextHandle_t context = GEOS_init_r();
  GEOSWKBReader* reader = GEOSWKBReader_create_r(context);
  GEOSSTRtree* tree = GEOSSTRtree_create_r(context, 10);
  for (size_t at = 0; at + 4 <= polygons.size();) {
    uint32_t length = 0;
    std::memcpy(&length, polygons.data() + at, sizeof length);
    at += sizeof length;
    GEOSGeometry* polygon =
        GEOSWKBReader_read_r(context, reader, reinterpret_cast<const unsigned char*>(polygons.data() + at), length);
    at += length;
    if (!polygon) return std::fprintf(stderr, "a polygon could not be read\n"), 1;
    GEOSSTRtree_insert_r(context, tree, polygon, const_cast<GEOSPreparedGeometry*>(GEOSPrepare_r(context, polygon)));
  }
  Probe probe{context, nullptr};
  for (size_t at = 0; at + 16 <= points.size(); at += 16) {
    double xy[2];
    std::memcpy(xy, points.data() + at, sizeof xy);
    GEOSGeometry* point = GEOSGeom_createPointFromXY_r(context, xy[0], xy[1]);
    probe.point = point;
    GEOSSTRtree_query_r(context, tree, point, try_polygon, &probe);
    GEOSGeom_destroy_r(context, point);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::printf("%llu %.4f\n", static_cast<unsigned long long>(probe.pairs), took.count());
  return 0;
}
