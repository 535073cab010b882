// S3 Select's dialect over CSV, JSON and Parquet, compressed or not.
#include <gtest/gtest.h>

#include "sql/engine/fake_server_test.h"
#include "sql/engine/parquet_maker_test.h"

namespace tarn::sql::engine {
namespace {

using Table = std::vector<std::vector<std::string>>;

class Select : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { bench = new Bench; }
  static void TearDownTestSuite() { delete bench; }

  Table select(const std::string& sql, const std::string& bytes) {
    request.sql = sql;
    request.object = OpenedObject{};
    request.object.object.size = bytes.size();
    request.object.segments.push_back({-1, 0, bytes.size(), bytes});
    const Fd file(::memfd_create("spool", MFD_CLOEXEC));
    request.spool = file.get();
    SelectRequest sent = std::move(request);
    request = SelectRequest{};
    request.format = sent.format;
    request.header = sent.header;
    request.json_document = sent.json_document;
    auto outcome = bench->engine.select(std::move(sent));
    if (!outcome) return {{Bench::shown(outcome.error())}};
    names.clear();
    for (const auto& column : outcome->columns) names.push_back(column.name);
    return Bench::read(file.get());
  }
  static Bench* bench;
  SelectRequest request;
  std::vector<std::string> names;
};
Bench* Select::bench = nullptr;

constexpr const char* kCsv = "datasetkey,Species,occ_count\nkey-1,\"Aus bus, L.\",7\nkey-2,Cus dus,12\nkey-3,Eus,x\n";

TEST_F(Select, csv_by_position_and_by_name) {
  EXPECT_EQ(select("SELECT s._1, s._3 FROM s3object s WHERE s._1 = 'key-1'", kCsv), (Table{{"key-1", "7"}}));
  EXPECT_EQ(names, (std::vector<std::string>{"_1", "_3"}));
  request.header = SelectRequest::Header::kUse;
  EXPECT_EQ(select("SELECT * FROM s3object s WHERE s.datasetkey = 'key-1'", kCsv),
            (Table{{"key-1", "Aus bus, L.", "7"}}));
  EXPECT_EQ(names, (std::vector<std::string>{"datasetkey", "Species", "occ_count"}));
  EXPECT_EQ(select("SELECT s.\"Species\" FROM S3Object s WHERE s.datasetkey IN ['key-2', 'key-3']", kCsv),
            (Table{{"Cus dus"}, {"Eus"}}));
  EXPECT_EQ(select("SELECT s.species FROM S3Object s WHERE s.occ_count > 10", kCsv), (Table{{"Cus dus"}}));
  EXPECT_EQ(select("SELECT count(*), max(cast(occ_count as int)) FROM S3Object WHERE occ_count <> 'x'", kCsv),
            (Table{{"2", "12"}}));
  EXPECT_EQ(select("SELECT s._5 FROM s3object s LIMIT 1", kCsv), (Table{{"NULL"}}));
  EXPECT_EQ(select("SELECT s.nothing FROM s3object s", kCsv)[0][0].substr(0, 5), "42703");
  EXPECT_EQ(select("SELECT cast(s.occ_count as int) FROM s3object s", kCsv)[0][0].substr(0, 5), "22P02");
  EXPECT_EQ(select("SELECT 1 FROM s3object a, s3object b", kCsv)[0][0].substr(0, 5), "0A000");
  EXPECT_EQ(select("SELECT getdate() FROM s3object", kCsv)[0][0].substr(0, 5), "42883");
  EXPECT_EQ(select("SELECT * FROM dev.public.t", kCsv)[0][0].substr(0, 5), "42P01");
  EXPECT_EQ(select("SELECT count(*) FROM s3object s", ""), (Table{{"0"}}));
}

TEST_F(Select, csv_options_and_scan_range) {
  request.field_delimiter = ";";
  request.record_delimiter = "|";
  request.quote = "'";
  request.quote_escape = "\\";
  request.comments = "#";
  EXPECT_EQ(select("SELECT * FROM s3object", "#c|a;'b;\\'c'|d;e|"), (Table{{"a", "b;'c"}, {"d", "e"}}));
  const std::string lines = "aa\nbb\ncc\ndd\n";
  request = {};
  request.scan_start = 3;
  request.scan_end = 6;
  EXPECT_EQ(select("SELECT * FROM s3object", lines), (Table{{"bb"}}));
  request.scan_start = 4;
  request.scan_end = 7;
  EXPECT_EQ(select("SELECT * FROM s3object", lines), (Table{{"cc"}}));
}

TEST_F(Select, json_lines_and_documents) {
  request.format = FileFormat::kJson;
  const std::string lines = "{\"a\":{\"b\":[1,2]},\"n\":5,\"s\":\"x\"}\n{\"n\":7}\n";
  EXPECT_EQ(select("SELECT s.n, s.a.b[1] AS second FROM s3object s WHERE s.n > 4", lines),
            (Table{{"5", "2"}, {"7", "NULL"}}));
  EXPECT_EQ(names, (std::vector<std::string>{"n", "second"}));
  EXPECT_EQ(select("SELECT * FROM S3Object[*] s WHERE s.s = 'x'", lines),
            (Table{{"{\"a\":{\"b\":[1,2]},\"n\":5,\"s\":\"x\"}"}}));
  EXPECT_EQ(select("SELECT s.n FROM s3object s WHERE s.s IS MISSING", lines), (Table{{"7"}}));
  // A member that is not there is missing, and NULL as well; one whose value is null is NULL only.
  const std::string nulls = "{\"n\":1,\"s\":null}\n{\"n\":2}\n{\"n\":3,\"s\":\"null\"}\n";
  const auto those = [&](const std::string& where) { return select("SELECT s.n FROM s3object s WHERE " + where, nulls); };
  EXPECT_EQ(those("s.s IS NULL"), (Table{{"1"}, {"2"}}));
  EXPECT_EQ(those("s.s IS NOT NULL"), (Table{{"3"}}));
  EXPECT_EQ(those("s.s IS MISSING"), (Table{{"2"}}));
  EXPECT_EQ(those("s.s is  not  missing"), (Table{{"1"}, {"3"}}));
  EXPECT_EQ(those("CAST(s.n AS INT) IS NULL"), (Table{}));
  request.json_document = true;
  const std::string document = "{\"head\": {}, \"items\": [ {\"id\": 1},\n {\"id\": 2, \"t\": \"]\"} ]}";
  EXPECT_EQ(select("SELECT i.id FROM S3Object[*].items[*] i", document), (Table{{"1"}, {"2"}}));
  EXPECT_EQ(select("SELECT sum(i.id) FROM S3Object[*].items[*] AS i", document), (Table{{"3"}}));
  EXPECT_EQ(select("SELECT s.id FROM S3Object[*][*] s", "[{\"id\":4},{\"id\":5}]").size(), 2u);
}

TEST_F(Select, parquet_and_compression) {
  request.format = FileFormat::kParquet;
  const std::string parquet = file_of("SELECT 'k' || i AS datasetkey, i AS n FROM range(5) t(i)");
  EXPECT_EQ(select("SELECT s.n FROM s3object s WHERE s.datasetkey IN ['k1','k4']", parquet), (Table{{"1"}, {"4"}}));
  EXPECT_EQ(select("SELECT count(*) FROM s3object", parquet), (Table{{"5"}}));
  request.format = FileFormat::kCsv;
  const std::string zipped = file_of("SELECT 'a,b' AS x, 2 AS y", "FORMAT csv, HEADER false, COMPRESSION gzip");
  request.compression = Compression::kGzip;
  EXPECT_EQ(select("SELECT s._1, s._2 FROM s3object s", zipped), (Table{{"a,b", "2"}}));
  // "a,1\n" and bzip2
  const std::string bz =
      *unhex("425a683931415926535920bf926c000001d90000100004200020002000219a68334d32bc5dc914e1424082fe49b0");
  request.compression = Compression::kBzip2;
  EXPECT_EQ(select("SELECT s._1, s._2 FROM s3object s", bz), (Table{{"a", "1"}}));
}

}  // namespace
}  // namespace tarn::sql::engine
