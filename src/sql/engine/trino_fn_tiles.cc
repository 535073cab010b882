// Bing tiles, and lengths and areas on a sphere. A tile is a number: its zoom, x and y beside each other.
// https://docs.aws.amazon.com/athena/latest/ug/geospatial-functions-list-v3.html
#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>
#include <set>

#include "sql/engine/trino_functions.h"

namespace tarn::sql::engine::trino {
namespace {

using duckdb::LogicalType;
using duckdb::Value;
using std::string;
using Values = duckdb::vector<Value>;

constexpr int64_t kDeepest = 23;
constexpr double kFurthest = 85.05112878, kTileSize = 256;  // degrees of latitude; pixels
constexpr double kEarth = 6371.01;                          // km
constexpr size_t kMostTiles = 1'000'000;

[[noreturn]] void bad(const string& message) {
  raise("INVALID_FUNCTION_ARGUMENT", message);
}

struct Tile {
  int64_t x, y, zoom;
  int64_t packed() const { return zoom << 52 | x << 26 | y; }
};

Tile tile_of(const Value& value) {
  const auto packed = duckdb::BigIntValue::Get(value);
  return {packed >> 26 & 0x3FFFFFF, packed & 0x3FFFFFF, packed >> 52};
}

Value value_of(const Tile& tile) {
  Value value = Value::BIGINT(tile.packed());
  value.Reinterpret(opaque_type("BingTile"));
  return value;
}

int64_t side(int64_t zoom) {
  if (zoom < 0) bad("Zoom level must be >= 0");
  if (zoom > kDeepest) bad("Zoom level must be <= 23");
  return int64_t{1} << zoom;
}

Tile checked(int64_t x, int64_t y, int64_t zoom) {
  const int64_t size = side(zoom);
  if (x < 0 || y < 0 || x >= size || y >= size) {
    bad("XY coordinates for a Bing tile at zoom level " + std::to_string(zoom) + " must be within [0, " +
        std::to_string(size) + ") range");
  }
  return {x, y, zoom};
}

Tile tile_at(double latitude, double longitude, int64_t zoom) {
  if (!(latitude >= -kFurthest && latitude <= kFurthest)) bad("Latitude must be between -85.05112878 and 85.05112878");
  if (!(longitude >= -180 && longitude <= 180)) bad("Longitude must be between -180.0 and 180.0");
  const int64_t size = side(zoom);
  const double sine = std::sin(latitude * std::numbers::pi / 180);
  const double x = (longitude + 180) / 360, y = 0.5 - std::log((1 + sine) / (1 - sine)) / (4 * std::numbers::pi);
  const auto place = [&](double part) {
    return std::clamp<int64_t>(static_cast<int64_t>(std::floor(part * static_cast<double>(size))), 0, size - 1);
  };
  return {place(x), place(y), zoom};
}

double longitude_of(int64_t x, int64_t zoom) {
  return 360 * (static_cast<double>(x) / static_cast<double>(side(zoom)) - 0.5);
}
double latitude_of(int64_t y, int64_t zoom) {
  const double part = 0.5 - static_cast<double>(y) / static_cast<double>(side(zoom));
  return 90 - 360 * std::atan(std::exp(-part * 2 * std::numbers::pi)) / std::numbers::pi;
}

string quadkey_of(const Tile& tile) {
  string key;
  for (int64_t bit = tile.zoom; bit-- > 0;)
    key += static_cast<char>('0' + (tile.x >> bit & 1) + 2 * (tile.y >> bit & 1));
  return key;
}

Tile of_quadkey(const string& key) {
  if (key.size() > kDeepest) bad("QuadKey must be 23 characters or less");
  Tile tile{0, 0, static_cast<int64_t>(key.size())};
  for (const char c : key) {
    if (c < '0' || c > '3') bad("Invalid QuadKey digit sequence: " + key);
    tile.x = tile.x << 1 | ((c - '0') & 1);
    tile.y = tile.y << 1 | ((c - '0') >> 1);
  }
  return tile;
}

double radians(double degrees) {
  return degrees * std::numbers::pi / 180;
}

double kilometres(double latitude1, double longitude1, double latitude2, double longitude2) {
  const double a = radians(latitude1), b = radians(latitude2), apart = radians(longitude1 - longitude2);
  const double t1 = std::cos(b) * std::sin(apart);
  const double t2 = std::cos(a) * std::sin(b) - std::sin(a) * std::cos(b) * std::cos(apart);
  return std::atan2(std::sqrt(t1 * t1 + t2 * t2),
                    std::sin(a) * std::sin(b) + std::cos(a) * std::cos(b) * std::cos(apart)) *
         kEarth;
}

Value list_of(const std::vector<Tile>& tiles) {
  Values values;
  for (const Tile& tile : tiles) values.push_back(value_of(tile));
  return Value::LIST(opaque_type("BingTile"), std::move(values));
}

// The tile there and its neighbours.
Value around(const Values& a) {
  const Tile middle = tile_at(a[0].GetValue<double>(), a[1].GetValue<double>(), a[2].GetValue<int64_t>());
  std::vector<Tile> tiles;
  for (int64_t y = middle.y - 1; y <= middle.y + 1; ++y) {
    for (int64_t x = middle.x - 1; x <= middle.x + 1; ++x) {
      if (x >= 0 && y >= 0 && x < side(middle.zoom) && y < side(middle.zoom)) tiles.push_back({x, y, middle.zoom});
    }
  }
  return list_of(tiles);
}

// Those of which a point is within so many km.
Value within(const Values& a) {
  const double latitude = a[0].GetValue<double>(), longitude = a[1].GetValue<double>(),
               radius = a[3].GetValue<double>();
  const Tile middle = tile_at(latitude, longitude, a[2].GetValue<int64_t>());
  if (!(radius >= 0 && radius <= 1000)) bad("Radius must be between 0.0 and 1000.0");
  const double up = radius / kEarth * 180 / std::numbers::pi;
  const double aside = std::min(180.0, up / std::max(0.01, std::cos(radians(std::min(std::abs(latitude) + up, 89.0)))));
  const Tile first = tile_at(std::min(latitude + up, kFurthest), std::max(longitude - aside, -180.0), middle.zoom);
  const Tile last = tile_at(std::max(latitude - up, -kFurthest), std::min(longitude + aside, 180.0), middle.zoom);
  if (static_cast<size_t>((last.x - first.x + 1) * (last.y - first.y + 1)) > kMostTiles)
    bad("The number of tiles covering input rectangle exceeds the limit of 1M.");
  std::vector<Tile> tiles;
  for (int64_t y = first.y; y <= last.y; ++y) {
    for (int64_t x = first.x; x <= last.x; ++x) {
      const double near_latitude = std::clamp(latitude, latitude_of(y + 1, middle.zoom), latitude_of(y, middle.zoom));
      const double near_longitude =
          std::clamp(longitude, longitude_of(x, middle.zoom), longitude_of(x + 1, middle.zoom));
      if (kilometres(latitude, longitude, near_latitude, near_longitude) <= radius)
        tiles.push_back({x, y, middle.zoom});
    }
  }
  return list_of(tiles);
}

// All tiles that a box of longitudes and latitudes touches.
Value covering(const Values& a) {
  const int64_t zoom = a[4].GetValue<int64_t>();
  const Tile first = tile_at(std::clamp(a[3].GetValue<double>(), -kFurthest, kFurthest), a[0].GetValue<double>(), zoom);
  const Tile last = tile_at(std::clamp(a[1].GetValue<double>(), -kFurthest, kFurthest), a[2].GetValue<double>(), zoom);
  if (static_cast<size_t>((last.x - first.x + 1) * (last.y - first.y + 1)) > kMostTiles)
    bad("The number of tiles covering input rectangle exceeds the limit of 1M. Number of tiles limit: 1000000.");
  std::vector<Tile> tiles;
  for (int64_t x = first.x; x <= last.x; ++x) {
    for (int64_t y = first.y; y <= last.y; ++y) tiles.push_back({x, y, zoom});
  }
  return list_of(tiles);
}

string polygon_of(const Tile& tile) {
  const double west = longitude_of(tile.x, tile.zoom), east = longitude_of(tile.x + 1, tile.zoom);
  const double north = latitude_of(tile.y, tile.zoom), south = latitude_of(tile.y + 1, tile.zoom);
  string text = "POLYGON ((";
  const std::pair<double, double> corners[] = {
      {west, north}, {west, south}, {east, south}, {east, north}, {west, north}};
  for (const auto& [x, y] : corners) {
    char number[80];
    std::snprintf(number, sizeof number, "%s%.17g %.17g", text.ends_with('(') ? "" : ", ", x, y);
    text += number;
  }
  return text + "))";
}

// --- a sphere --------------------------------------------------------------------------------------------------------

using Path = std::vector<std::pair<double, double>>;  // longitudes and latitudes

// Walks a shape's bytes (WKB, of this machine's order, as the engine writes it).
struct Shape {
  const string& bytes;
  size_t at = 0;

  template <class T>
  T take() {
    T value{};
    if (at + sizeof value > bytes.size()) bad("The bytes are no geometry");
    std::memcpy(&value, bytes.data() + at, sizeof value);
    at += sizeof value;
    return value;
  }
  Path path() {
    Path points(std::min<size_t>(take<uint32_t>(), bytes.size() / 16));
    for (auto& [x, y] : points) {
      x = take<double>();
      y = take<double>();
    }
    return points;
  }
  // line(path), polygon(rings) for each part.
  template <class Line, class Polygon>
  void parts(Line line, Polygon polygon) {
    enum : uint32_t { kPoint = 1, kLine, kPolygon };
    take<uint8_t>();  // the order of bytes
    const auto kind = take<uint32_t>();
    if (kind == kPoint) {
      at += 16;
    } else if (kind == kLine) {
      line(path());
    } else if (kind == kPolygon) {
      std::vector<Path> rings;
      for (auto n = take<uint32_t>(); n > 0; --n) rings.push_back(path());
      polygon(rings);
    } else if (kind <= 7) {
      for (auto n = take<uint32_t>(); n > 0; --n) parts(line, polygon);
    } else {
      raise("NOT_SUPPORTED", "Geographies with heights are not supported.");
    }
  }
};

double length_of(const Path& path) {
  double length = 0;
  for (size_t i = 0; i + 1 < path.size(); ++i)
    length += kilometres(path[i].second, path[i].first, path[i + 1].second, path[i + 1].first);
  return length * 1000;
}

// The spherical excess of a ring between great circles, in square metres.
double area_of(const Path& ring) {
  double excess = 0;
  for (size_t i = 0; i + 1 < ring.size(); ++i) {
    double turn = ring[i + 1].first - ring[i].first;
    if (turn > 180) turn -= 360;
    if (turn < -180) turn += 360;
    const double t1 = std::tan(radians(ring[i].second) / 2), t2 = std::tan(radians(ring[i + 1].second) / 2);
    excess += 2 * std::atan2(std::tan(radians(turn) / 2) * (t1 + t2), 1 + t1 * t2);
  }
  return std::abs(excess) * kEarth * kEarth * 1e6;
}

Value sphere_length(const Values& a) {
  double length = 0;
  Shape{duckdb::StringValue::Get(a[0])}.parts([&](const Path& line) { length += length_of(line); },
                                              [](const std::vector<Path>&) {});
  return Value::DOUBLE(length);
}

Value sphere_area(const Values& a) {
  double area = 0;
  Shape{duckdb::StringValue::Get(a[0])}.parts([](const Path&) {},
                                              [&](const std::vector<Path>& rings) {
                                                for (size_t i = 0; i < rings.size(); ++i)
                                                  area += i == 0 ? area_of(rings[i]) : -area_of(rings[i]);
                                              });
  return Value::DOUBLE(area);
}

Value sphere_distance(const Values& a) {
  const auto n = [&](size_t i) { return a[i].GetValue<double>(); };
  return Value::DOUBLE(kilometres(n(1), n(0), n(3), n(2)) * 1000);
}

// The same ground by fewer tiles: wherever all four of a tile are there, it stands for them.
Value dissolved(const Values& a) {
  std::vector<std::set<int64_t>> levels(kDeepest + 1);  // by zoom
  for (const Value& value : duckdb::ListValue::GetChildren(a[0])) {
    levels[static_cast<size_t>(tile_of(value).zoom)].insert(tile_of(value).packed());
  }
  for (size_t zoom = kDeepest; zoom > 0; --zoom) {
    const auto level = levels[zoom];
    for (const int64_t packed : level) {
      const Tile tile = tile_of(Value::BIGINT(packed));
      if (tile.x % 2 || tile.y % 2) continue;
      std::vector<int64_t> four;
      for (const int64_t corner : {0, 1, 2, 3}) four.push_back(Tile{tile.x + corner % 2, tile.y + corner / 2, tile.zoom}.packed());
      if (!std::all_of(four.begin(), four.end(), [&](int64_t each) { return level.contains(each); })) continue;
      for (const int64_t each : four) levels[zoom].erase(each);
      levels[zoom - 1].insert(Tile{tile.x / 2, tile.y / 2, tile.zoom - 1}.packed());
    }
  }
  std::vector<Tile> tiles;
  for (const auto& level : levels) {
    for (const int64_t packed : level) tiles.push_back(tile_of(Value::BIGINT(packed)));
  }
  std::sort(tiles.begin(), tiles.end(), [](const Tile& x, const Tile& y) { return quadkey_of(x) < quadkey_of(y); });
  return list_of(tiles);
}

}  // namespace

string tile_text(int64_t packed) {
  const Tile tile = tile_of(Value::BIGINT(packed));
  return "{\"x\":" + std::to_string(tile.x) + ",\"y\":" + std::to_string(tile.y) +
         ",\"zoom\":" + std::to_string(tile.zoom) + "}";
}

void add_tile_functions(Adder& adder) {
  const LogicalType tile = opaque_type("BingTile"), real = LogicalType::DOUBLE, number = LogicalType::BIGINT;
  const LogicalType text = LogicalType::VARCHAR, any = LogicalType::ANY;
  adder.add(by_row("t_tile", {number, number, number}, tile, [](const auto& a) {
    return value_of(checked(a[0].template GetValue<int64_t>(), a[1].template GetValue<int64_t>(),
                            a[2].template GetValue<int64_t>()));
  }));
  adder.add(by_row("t_quadkey_tile", {text}, tile,
                   [](const auto& a) { return value_of(of_quadkey(duckdb::StringValue::Get(a[0]))); }));
  adder.add(by_row("t_tile_at", {real, real, number}, tile, [](const auto& a) {
    return value_of(
        tile_at(a[0].template GetValue<double>(), a[1].template GetValue<double>(), a[2].template GetValue<int64_t>()));
  }));
  adder.add(by_row("t_tiles_around", {real, real, number}, LogicalType::LIST(tile), around));
  adder.add(by_row("t_tiles_within", {real, real, number, real}, LogicalType::LIST(tile), within));
  adder.add(by_row("t_tiles_covering", {real, real, real, real, number}, LogicalType::LIST(tile), covering));
  adder.add(by_row("t_tiles_dissolved", {LogicalType::LIST(any)}, LogicalType::LIST(tile), dissolved));
  const auto place = LogicalType::STRUCT({{"x", LogicalType::INTEGER}, {"y", LogicalType::INTEGER}});
  adder.add(by_row("t_tile_place", {any}, place, [](const auto& a) {
    const Tile of = tile_of(a[0]);
    return Value::STRUCT(
        {{"x", Value::INTEGER(static_cast<int32_t>(of.x))}, {"y", Value::INTEGER(static_cast<int32_t>(of.y))}});
  }));
  adder.add(by_row("t_tile_zoom", {any}, LogicalType::TINYINT,
                   [](const auto& a) { return Value::TINYINT(static_cast<int8_t>(tile_of(a[0]).zoom)); }));
  adder.add(by_row("t_tile_quadkey", {any}, text, [](const auto& a) { return Value(quadkey_of(tile_of(a[0]))); }));
  adder.add(by_row("t_tile_polygon", {any}, text, [](const auto& a) { return Value(polygon_of(tile_of(a[0]))); }));
  adder.add(by_row("t_sphere_distance", {real, real, real, real}, real, sphere_distance));
  adder.add(by_row("t_sphere_length", {LogicalType::BLOB}, real, sphere_length));
  adder.add(by_row("t_sphere_area", {LogicalType::BLOB}, real, sphere_area));
}

}  // namespace tarn::sql::engine::trino
