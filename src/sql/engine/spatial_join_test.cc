// Joins by place go over an index however they are written, and say what a ray cast through each outline says.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "sql/engine/fake_server_test.h"

namespace tarn::sql::engine {
namespace {

struct Xy {
  double x, y;
};
using Ring = std::vector<Xy>;

// A star with ragged edges around a centre, and a hole in it.
std::vector<Ring> star(std::mt19937& random, Xy centre) {
  std::uniform_real_distribution<double> ragged(0.6, 1.0);
  std::vector<Ring> rings(2);
  constexpr int kCorners = 60;
  for (int i = 0; i < kCorners; ++i) {
    const double angle = 2 * M_PI * i / kCorners, radius = 8 * ragged(random);
    rings[0].push_back({centre.x + radius * std::cos(angle), centre.y + radius * std::sin(angle)});
    rings[1].push_back({centre.x + 2 * std::cos(angle), centre.y + 2 * std::sin(angle)});
  }
  return rings;
}

bool inside(const std::vector<Ring>& rings, Xy at) {
  bool in = false;
  for (const Ring& ring : rings) {
    for (size_t i = 0, j = ring.size() - 1; i < ring.size(); j = i++) {
      const Xy a = ring[i], b = ring[j];
      if ((a.y > at.y) != (b.y > at.y) && at.x < (b.x - a.x) * (at.y - a.y) / (b.y - a.y) + a.x) in = !in;
    }
  }
  return in;
}

std::string text(const std::vector<Ring>& rings) {
  std::string all = "POLYGON(";
  for (size_t r = 0; r < rings.size(); ++r) {
    all += r ? ",(" : "(";
    for (const Xy at : rings[r]) all += std::to_string(at.x) + " " + std::to_string(at.y) + ",";
    all += std::to_string(rings[r][0].x) + " " + std::to_string(rings[r][0].y) + ")";
  }
  return all + ")";
}

// Numbers as SQL has them, so that the ray cast sees the same.
double rounded(double value) {
  return std::stod(std::to_string(value));
}

class SpatialJoin : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    bench = new Bench;
    std::mt19937 random(7);
    std::uniform_real_distribution<double> anywhere(0, 100);
    bench->run("CREATE TABLE shapes (name rs_varchar(20), shape GEOMETRY)");
    bench->run("CREATE TABLE points (id integer, geom GEOMETRY)");
    std::vector<std::vector<Ring>> stars;
    std::string values;
    for (int i = 0; i < 40; ++i) {
      stars.push_back(star(random, {anywhere(random), anywhere(random)}));
      for (Ring& ring : stars.back()) {
        for (Xy& at : ring) at = {rounded(at.x), rounded(at.y)};
      }
      values += (i ? ", ('s" : "('s") + std::to_string(i) + "', ST_GeomFromText('" + text(stars.back()) + "'))";
    }
    bench->run("INSERT INTO shapes VALUES " + values + ", ('none', NULL), ('empty', ST_GeomFromText('POLYGON EMPTY'))");
    values.clear();
    for (int i = 0; i < 5000; ++i) {
      const Xy at{rounded(anywhere(random)), rounded(anywhere(random))};
      values += (i ? ", (" : "(") + std::to_string(i) + ", ST_MakePoint(" + std::to_string(at.x) + ", " +
                std::to_string(at.y) + "))";
      bool any = false;
      for (const auto& rings : stars) {
        if (!inside(rings, at)) continue;
        any = true;
        ++pairs;
      }
      if (any) ++met;
    }
    bench->run("INSERT INTO points VALUES " + values + ", (5000, NULL)");
  }
  static void TearDownTestSuite() {
    delete bench;
    bench = nullptr;
  }

  static bool is_indexed(const std::string& sql) {
    for (const auto& line : bench->rows("EXPLAIN " + sql)) {
      if (line[0].find("SPATIAL_INDEX_JOIN") != std::string::npos) return true;
    }
    return false;
  }

  static inline Bench* bench = nullptr;
  static inline int pairs = 0, met = 0;
};

TEST_F(SpatialJoin, every_way_of_writing_it_is_indexed_and_finds_what_a_ray_cast_finds) {
  ASSERT_GT(pairs, 500);
  const char* kWays[] = {
      "FROM points p, shapes s WHERE ST_Intersects(p.geom, s.shape)",
      "FROM points p, shapes s WHERE ST_Intersects(s.shape, p.geom)",
      "FROM shapes s, points p WHERE ST_Intersects(ST_SetSRID(p.geom, 4326), ST_SetSRID(s.shape, 4326))",
      "FROM points p JOIN shapes s ON ST_Contains(s.shape, p.geom)",
      "FROM points p INNER JOIN shapes s ON ST_Within(p.geom, s.shape)",
      "FROM points p CROSS JOIN shapes s WHERE ST_Covers(s.shape, p.geom)",
      "FROM shapes s JOIN points p ON ST_CoveredBy(p.geom, s.shape) AND s.name LIKE 's%'",
      "FROM (SELECT id, geom FROM points WHERE id >= 0) p, (SELECT shape AS o, name FROM shapes) s "
      "WHERE ST_Intersects(p.geom, s.o) AND s.name <> 'x' || p.id",
      "FROM points p JOIN (SELECT name, shape FROM shapes UNION ALL SELECT 'zero', NULL) s ON ST_Intersects(s.shape, p.geom)",
  };
  for (const char* way : kWays) {
    const std::string sql = std::string("SELECT count(*) ") + way;
    EXPECT_EQ(bench->value(sql), std::to_string(pairs)) << way;
    EXPECT_TRUE(is_indexed(sql)) << way;
  }
}

TEST_F(SpatialJoin, columns_come_from_their_own_rows) {
  const std::string joined =
      "SELECT sum(p.id) || ' ' || count(DISTINCT s.name) || ' ' || min(s.name) || ' ' || count(ST_X(p.geom)) FROM ";
  // What no rule sees: the predicate behind CASE is a plain function over all pairs.
  const std::string all_pairs = joined + "points p, shapes s WHERE CASE WHEN ST_Intersects(p.geom, s.shape) THEN 1 ELSE 0 END = 1";
  EXPECT_FALSE(is_indexed(all_pairs));
  EXPECT_EQ(bench->value(joined + "points p, shapes s WHERE ST_Intersects(p.geom, s.shape)"), bench->value(all_pairs));
  EXPECT_EQ(bench->value("SELECT count(*) FROM points a JOIN points b ON ST_Intersects(a.geom, b.geom)"), "5000");
}

TEST_F(SpatialJoin, outer_joins_keep_the_side_that_is_kept) {
  const std::string left = "SELECT count(*) || ' ' || count(s.name) FROM points p LEFT JOIN shapes s ON ST_Within(p.geom, s.shape)";
  EXPECT_TRUE(is_indexed(left));
  EXPECT_EQ(bench->value(left), std::to_string(pairs + 5001 - met) + " " + std::to_string(pairs));
  const std::string right = "SELECT count(*) || ' ' || count(s.name) FROM shapes s RIGHT JOIN points p ON ST_Within(p.geom, s.shape)";
  EXPECT_EQ(bench->value(right), bench->value(left));
  EXPECT_EQ(bench->value("SELECT count(DISTINCT s.name) FROM shapes s LEFT JOIN points p ON ST_Contains(s.shape, p.geom)"), "42");
  EXPECT_EQ(bench->value("SELECT count(*) FROM points p WHERE EXISTS (SELECT 1 FROM shapes s WHERE ST_Within(p.geom, s.shape))"),
            std::to_string(met));
}

TEST_F(SpatialJoin, a_plain_predicate_keeps_what_repeats_and_knows_null) {
  EXPECT_EQ(bench->value("SELECT count(*) FROM points WHERE ST_Within(geom, (SELECT shape FROM shapes WHERE name = 's3'))"),
            bench->value("SELECT count(*) FROM points p, shapes s WHERE s.name = 's3' AND ST_Within(p.geom, s.shape)"));
  EXPECT_EQ(bench->value("SELECT ST_Intersects(NULL, ST_MakePoint(1, 1))"), "NULL");
  EXPECT_EQ(bench->value("SELECT ST_Disjoint(ST_MakePoint(1, 1), ST_GeomFromText('LINESTRING(0 0, 1 0)'))"), "true");
  // A boundary is covered, and not contained.
  const std::string box = "ST_GeomFromText('POLYGON((0 0,0 2,2 2,2 0,0 0))'), ST_MakePoint(0, 1)";
  EXPECT_EQ(bench->value("SELECT ST_Contains(" + box + ") || ' ' || ST_Covers(" + box + ")"), "false true");
}

// Each kind of geometry is read as the spatial extension prints it.
TEST_F(SpatialJoin, every_kind_of_geometry_is_read) {
  const char* kTexts[] = {"POINT(1 2)", "POINT Z(1 2 3)", "LINESTRING(0 0,1 1,2 5)", "LINESTRING Z(0 0 1,1 1 1,2 5 1)",
                          "POLYGON((0 0,4 0,4 4,0 4,0 0),(1 1,2 1,2 2,1 1))",
                          "MULTIPOLYGON(((0 0,4 0,4 4,0 0)),((5 5,6 5,6 6,5 5),(5.5 5.2,5.6 5.2,5.6 5.3,5.5 5.2)))",
                          "MULTIPOINT(1 1,2 2)", "MULTILINESTRING((0 0,1 1),(2 2,3 3))",
                          "GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1),POLYGON((0 0,1 0,1 1,0 0)))"};
  for (const std::string text : kTexts) {
    const std::string shape = "ST_GeomFromText('" + text + "')";
    EXPECT_EQ(bench->value("SELECT ST_Covers(" + shape + ", " + shape + ")"), "true") << text;
    EXPECT_EQ(bench->value("SELECT ST_Intersects(" + shape + ", ST_Envelope(" + shape + "))"), "true") << text;
  }
  EXPECT_EQ(bench->value("SELECT ST_Intersects(ST_GeomFromText('POINT EMPTY'), ST_MakePoint(1, 1))"), "false");
}

}  // namespace
}  // namespace tarn::sql::engine
