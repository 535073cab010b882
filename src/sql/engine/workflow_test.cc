// The monthly occurrence summary of a biodiversity project, statement by statement as its people run it.
#include <gtest/gtest.h>

#include "sql/engine/fake_server_test.h"
#include "sql/engine/parquet_maker_test.h"

namespace tarn::sql::engine {
namespace {

using Table = std::vector<std::vector<std::string>>;

constexpr const char* kFolder = "s3://gbif-open-data-us-east-1/occurrence/2024-11-01/occurrence.parquet/";

// 600 occurrences in two files; columns as GBIF has them, but not all, in another order, and with one the table lacks.
std::string occurrences(int from, int to) {
  return file_of(
      "SELECT 'extra' AS notdeclared, i::VARCHAR AS gbifid, 'dataset-' || (i % 3) AS datasetkey, 'Animalia' AS kingdom,"
      " 'Species ' || (i % 5) AS species, (i % 5)::INTEGER AS taxonkey, 'SPECIES' AS taxonrank,"
      " CASE WHEN i % 10 = 0 THEN 'ABSENT' ELSE 'PRESENT' END AS occurrencestatus,"
      " CASE WHEN i % 7 = 0 THEN NULL ELSE -90.5 - i / 1000 END::DOUBLE AS decimallongitude, 40 + i / 1000 AS "
      "decimallatitude,"
      " CASE WHEN i % 4 = 0 THEN 'PRESERVED_SPECIMEN' ELSE 'HUMAN_OBSERVATION' END AS basisofrecord,"
      " [{'array_element': 'Collector ' || i}, {'array_element': 'Other'}] AS recordedby,"
      " ['A', 'B'] AS issue, TIMESTAMP '2024-10-01 12:00:00' + INTERVAL (i) MINUTE AS eventdate"
      " FROM range(" +
      std::to_string(from) + ", " + std::to_string(to) + ") t(i)");
}

class Workflow : public ::testing::Test {
 protected:
  void SetUp() override {
    bench.server.objects[std::string(kFolder) + "000000"] = occurrences(0, 300);
    bench.server.objects[std::string(kFolder) + "000001"] = occurrences(300, 600);
    bench.server.objects[std::string(kFolder) + "_SUCCESS"] = "not data";
    ExternalTable table;
    table.catalog = "awsdatacatalog";
    table.database = "dev";
    table.name = "occurrence_2024_11_01_parquet";
    table.location = kFolder;
    table.format = "parquet";
    for (const auto& [name, type] :
         std::vector<std::pair<std::string, std::string>>{{"gbifid", "varchar(65535)"},
                                                          {"datasetkey", "varchar(65535)"},
                                                          {"kingdom", "varchar(65535)"},
                                                          {"species", "varchar(65535)"},
                                                          {"_order", "varchar(65535)"},
                                                          {"taxonkey", "varchar(65535)"},
                                                          {"taxonrank", "varchar(65535)"},
                                                          {"occurrencestatus", "varchar(65535)"},
                                                          {"decimallongitude", "double"},
                                                          {"decimallatitude", "double"},
                                                          {"basisofrecord", "varchar(65535)"},
                                                          {"recordedby", "super"},
                                                          {"issue", "super"},
                                                          {"eventdate", "timestamp"}}) {
      table.columns.push_back({name, type, ""});
    }
    bench.server.tables["dev.occurrence_2024_11_01_parquet"] = table;
  }
  Bench bench;
};

constexpr const char* kSubset = R"(
CREATE TABLE public.specnet_2024_11_01 AS
  SELECT gbifid, datasetkey, species, taxonkey, taxonrank, basisofrecord, _order,
         decimallatitude, decimallongitude, ST_MakePoint(decimallongitude, decimallatitude) AS geom
  FROM redshift_spectrum.occurrence_2024_11_01_parquet
  WHERE decimallatitude IS NOT NULL AND decimallongitude IS NOT NULL
    AND taxonrank IN ('SPECIES', 'SUBSPECIES', 'VARIETY', 'FORM')
    AND basisofrecord IN ('HUMAN_OBSERVATION', 'OBSERVATION', 'OCCURRENCE', 'PRESERVED_SPECIMEN')
    AND occurrencestatus = 'PRESENT')";

TEST_F(Workflow, mount_subset_count_summarise_and_unload) {
  EXPECT_EQ(bench.rows("SELECT COUNT(*) FROM dev.redshift_spectrum.occurrence_2024_11_01_parquet"), (Table{{"600"}}));
  bench.run(kSubset, "subset");
  // of 600: not 0 mod 10 (60 fewer), not 0 mod 7 (86 fewer), both (9)
  EXPECT_EQ(bench.rows("SELECT COUNT(*) from dev.public.specnet_2024_11_01"), (Table{{"463"}}));
  EXPECT_EQ(
      bench.rows("SELECT count(*) FROM specnet_2024_11_01 WHERE _order IS NULL AND ST_X(geom) = decimallongitude"),
      (Table{{"463"}}));
  EXPECT_TRUE(*bench.engine.committed("dev", "subset"));

  bench.run(R"(CREATE TABLE public.dataset_counts AS
    SELECT datasetkey, COUNT(*) AS occ_count, COUNT(DISTINCT species) AS species_count
    FROM public.specnet_2024_11_01 GROUP BY datasetkey)");
  EXPECT_EQ(bench.rows("SELECT sum(occ_count), max(species_count) FROM dataset_counts"), (Table{{"463", "5"}}));
  EXPECT_EQ(bench.types, (std::vector<std::string>{"int8", "int8"}));
  bench.run(R"(CREATE TABLE public.dataset_lists AS
    SELECT DISTINCT datasetkey, taxonkey, species, COUNT(*) AS occ_count
    FROM public.specnet_2024_11_01 WHERE taxonkey IS NOT NULL GROUP BY datasetkey, taxonkey, species)");
  EXPECT_EQ(bench.rows("SELECT count(*), sum(occ_count) FROM dataset_lists"), (Table{{"15", "463"}}));

  UnloadRequest unload;
  unload.context = bench.context;
  unload.sql = "SELECT * FROM dataset_lists ORDER BY datasetkey, taxonkey";
  unload.uri = "s3://bison-321942852011-us-east-1/out_data/dataset_lists_2024_11_01_";
  unload.format = FileFormat::kParquet;
  unload.parallel = false;
  const auto outcome = bench.engine.unload(bench.session, unload);
  ASSERT_TRUE(outcome) << Bench::shown(outcome.error());
  ASSERT_EQ(outcome->objects.size(), 1u);
  EXPECT_EQ(outcome->objects[0].uri, unload.uri + "000.parquet");
  EXPECT_EQ(outcome->objects[0].rows, 15u);
  bench.server.publish(outcome->objects);

  // What was written is read again as an external table.
  ExternalTable lists;
  lists.catalog = "awsdatacatalog";
  lists.database = "dev";
  lists.name = "lists";
  lists.location = unload.uri;
  lists.format = "parquet";
  lists.columns = {{"species", "string"}, {"occ_count", "bigint"}};
  bench.server.tables["dev.lists"] = lists;
  EXPECT_EQ(bench.rows("SELECT count(*), sum(occ_count), count(DISTINCT species) FROM redshift_spectrum.lists"),
            (Table{{"15", "463", "5"}}));
}

TEST_F(Workflow, nested_columns_are_super) {
  EXPECT_EQ(bench.value("SELECT recordedby FROM redshift_spectrum.occurrence_2024_11_01_parquet WHERE gbifid = 17"),
            R"([{"array_element":"Collector 17"},{"array_element":"Other"}])");
  EXPECT_EQ(bench.types, (std::vector<std::string>{"super"}));
  EXPECT_EQ(bench.value("SELECT o.recordedby[0].array_element FROM redshift_spectrum.occurrence_2024_11_01_parquet o "
                        "WHERE gbifid = '17'"),
            "\"Collector 17\"");
  EXPECT_EQ(
      bench.rows("SELECT r.array_element FROM redshift_spectrum.occurrence_2024_11_01_parquet o, o.recordedby AS r "
                 "WHERE o.gbifid = '17' ORDER BY 1"),
      (Table{{"\"Collector 17\""}, {"\"Other\""}}));
  EXPECT_EQ(
      bench.rows("SELECT count(*) FROM redshift_spectrum.occurrence_2024_11_01_parquet o, o.issue i WHERE i = 'A'"),
      (Table{{"600"}}));
}

TEST_F(Workflow, a_denied_object_says_so_and_leaves_nothing) {
  bench.server.denied = std::string(kFolder) + "000001";
  EXPECT_EQ(bench.error(kSubset), "AccessDenied: No s3:GetObject on " + bench.server.denied);
  EXPECT_EQ(bench.error("SELECT * FROM specnet_2024_11_01").substr(0, 5), "42P01");
}

TEST_F(Workflow, functions_of_the_users) {
  bench.context.now = from_civil(2024, 11, 5);
  bench.context.functions.push_back(
      {"public",
       "get_current_gbif_date",
       {},
       "rs_varchar(20)",
       "SELECT SPLIT_PART(CURRENT_DATE, '-', 1) || '-' || SPLIT_PART(CURRENT_DATE, '-', 2) || '-01'"});
  bench.context.functions.push_back({"public", "double_it", {"integer"}, "integer", "SELECT $1 * 2"});
  EXPECT_EQ(bench.value("SELECT get_current_gbif_date()"), "2024-11-01");
  EXPECT_EQ(bench.value("SELECT public.double_it(taxonkey) FROM redshift_spectrum.occurrence_2024_11_01_parquet "
                        "WHERE gbifid = '4'"),
            "8");
  EXPECT_EQ(bench.value("SELECT double_it(double_it(3)) + 1"), "13");
}

TEST_F(Workflow, hive_partitions_are_pruned_before_files_are_listed) {
  ExternalTable table;
  table.catalog = "awsdatacatalog";
  table.database = "dev";
  table.name = "parted";
  table.location = "s3://b/parted/";
  table.format = "csv";
  table.columns = {{"name", "string"}, {"n", "int"}};
  table.partition_columns = {{"year", "int"}, {"region", "string"}};
  table.properties = {{"field.delim", "\t"}, {"skip.header.line.count", "1"}};
  bench.server.tables["dev.parted"] = table;
  bench.server.partitions["dev.parted"] = {{{"2023", "us"}, "s3://b/parted/a/"},
                                           {{"2024", "us"}, "s3://b/parted/b/"},
                                           {{"2024", "__HIVE_DEFAULT_PARTITION__"}, "s3://elsewhere/c/"}};
  bench.server.objects["s3://b/parted/a/1.tsv"] = "name\tn\nold\t1\n";
  bench.server.objects["s3://b/parted/b/1.tsv"] = "name\tn\nnew\t2\n\\N\t3\n";
  bench.server.objects["s3://elsewhere/c/1.tsv"] = "name\tn\nnowhere\t4\n";
  EXPECT_EQ(bench.rows("SELECT name, n, year, region FROM redshift_spectrum.parted ORDER BY n"),
            (Table{{"old", "1", "2023", "us"},
                   {"new", "2", "2024", "us"},
                   {"NULL", "3", "2024", "us"},
                   {"nowhere", "4", "2024", "NULL"}}));
  bench.server.listed.clear();
  EXPECT_EQ(bench.rows("SELECT sum(n) FROM redshift_spectrum.parted WHERE year = '2023' AND region = 'us'"),
            (Table{{"1"}}));
  EXPECT_EQ(bench.server.listed, (std::vector<std::string>{"s3://b/parted/a/"}));

  table.name = "parted_json";
  table.format = "json";
  table.properties.clear();
  bench.server.tables["dev.parted_json"] = table;
  bench.server.partitions["dev.parted_json"] = {{{"2023", "us"}, "s3://b/json/"}};
  bench.server.objects["s3://b/json/1.json"] = "{\"name\":\"x\",\"n\":7,\"year\":1}\n{\"n\":8}\n";
  EXPECT_EQ(bench.rows("SELECT name, n, year FROM redshift_spectrum.parted_json ORDER BY n"),
            (Table{{"x", "7", "2023"}, {"NULL", "8", "2023"}}));
}

}  // namespace
}  // namespace tarn::sql::engine
