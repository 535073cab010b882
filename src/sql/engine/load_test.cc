// COPY reads what Redshift reads and says, row by row, why a record was refused.
#include <gtest/gtest.h>

#include "sql/engine/fake_server_test.h"
#include "sql/engine/parquet_maker_test.h"

namespace tarn::sql::engine {
namespace {

using Table = std::vector<std::vector<std::string>>;

class Load : public ::testing::Test {
 protected:
  void SetUp() override { bench.run("CREATE TABLE t (id integer, name rs_varchar(6), seen date, ok boolean)"); }
  LoadRequest request(const std::string& bytes, FileFormat format) {
    bench.server.objects["s3://b/in"] = bytes;
    LoadRequest load;
    load.context = bench.context;
    load.schema = "public";
    load.table = "t";
    load.uris = {"s3://b/in"};
    load.format = format;
    load.delimiter = format == FileFormat::kCsv ? "," : "|";
    return load;
  }
  Table loaded(const LoadRequest& load) {
    bench.run("DELETE FROM t");
    outcome = bench.engine.load(bench.session, load);
    if (!outcome) return {{Bench::shown(outcome.error())}};
    return bench.rows("SELECT * FROM t ORDER BY id");
  }
  Bench bench;
  Result<LoadOutcome> outcome;
};

TEST_F(Load, csv_with_quotes_nulls_and_header) {
  auto load = request("id,name,seen,ok\r\n1,\"a,\"\"b\",2024-01-02,t\r\n2,,,\r\n3,\"x\ny\",2024-02-29,false\r\n",
                      FileFormat::kCsv);
  load.ignore_header = 1;
  EXPECT_EQ(
      loaded(load),
      (Table{{"1", "a,\"b", "2024-01-02", "true"}, {"2", "", "NULL", "NULL"}, {"3", "x\ny", "2024-02-29", "false"}}));
  EXPECT_EQ(outcome->outcome.rows, 3u);
  load.empty_as_null = true;
  EXPECT_EQ(loaded(load)[1], (std::vector<std::string>{"2", "NULL", "NULL", "NULL"}));
}

TEST_F(Load, refused_records_say_why_and_the_load_is_undone) {
  auto load =
      request("id,name,seen,ok\n1,long name here,2024-01-02,t\n2,b,2024-13-02,t\n3,c,2024-01-02,t\n", FileFormat::kCsv);
  EXPECT_EQ(loaded(load), Table{});
  ASSERT_TRUE(outcome);
  ASSERT_EQ(outcome->errors.size(), 1u);
  EXPECT_EQ(outcome->errors[0].line, 1);
  EXPECT_EQ(outcome->errors[0].column, "id");
  EXPECT_EQ(outcome->errors[0].reason, "Invalid digit, Value 'i', Pos 0, Type: Integer");
  load.max_error = 5;
  EXPECT_EQ(loaded(load), (Table{{"3", "c", "2024-01-02", "true"}}));
  ASSERT_EQ(outcome->errors.size(), 3u);
  EXPECT_EQ(outcome->errors[1].reason, "String length exceeds DDL length");
  EXPECT_EQ(outcome->errors[2].line, 3);
  load.truncate_columns = true;
  EXPECT_EQ(loaded(load)[0][1], "long n");
}

TEST_F(Load, delimited_text_with_its_options) {
  auto load = request("1|a\\|b|2024-01-02|y\n2|\\N|2024-01-02|n\n3|c\n", FileFormat::kText);
  load.escape = true;
  load.fill_record = true;
  EXPECT_EQ(
      loaded(load),
      (Table{{"1", "a|b", "2024-01-02", "true"}, {"2", "NULL", "2024-01-02", "false"}, {"3", "c", "NULL", "NULL"}}));
  load = request("7|'q|r'|01/02/2024|1\n", FileFormat::kText);
  load.remove_quotes = true;
  load.date_format = "MM/DD/YYYY";
  EXPECT_EQ(loaded(load), (Table{{"7", "q|r", "2024-01-02", "true"}}));
  load = request("00012abc   2024-01-02t\n", FileFormat::kFixedWidth);
  load.fixed_width = "id:5,name:6,seen:10,ok:1";
  EXPECT_EQ(loaded(load), (Table{{"12", "abc   ", "2024-01-02", "true"}}));
}

TEST_F(Load, json_and_parquet) {
  auto load = request("{\"id\":1,\"name\":\"a\",\"seen\":\"2024-01-02\",\"ok\":true}\n{\"id\":2,\n \"name\":null}",
                      FileFormat::kJson);
  load.json_paths = "auto";
  EXPECT_EQ(loaded(load), (Table{{"1", "a", "2024-01-02", "true"}, {"2", "NULL", "NULL", "NULL"}}));
  load.json_paths = R"({"jsonpaths": ["$.id", "$['name']", "$.none", "$.ok"]})";
  EXPECT_EQ(loaded(load)[0], (std::vector<std::string>{"1", "a", "NULL", "true"}));
  load = request(file_of("SELECT 5 AS x, 'p' AS y, DATE '2024-01-02' AS z, false AS w"), FileFormat::kParquet);
  EXPECT_EQ(loaded(load), (Table{{"5", "p", "2024-01-02", "false"}}));
  // A folder that looks like a partition adds no column.
  bench.server.objects["s3://b/year=2024/in"] = bench.server.objects["s3://b/in"];
  load.uris = {"s3://b/year=2024/in"};
  EXPECT_EQ(loaded(load), (Table{{"5", "p", "2024-01-02", "false"}}));
  load = request(file_of("SELECT 5 AS x"), FileFormat::kParquet);
  EXPECT_EQ(loaded(load)[0][0].substr(0, 5), "XX000");
}

TEST_F(Load, compressed_and_unloaded_again) {
  auto load = request(file_of("SELECT i AS id, 'n' AS name, DATE '2024-01-02' AS seen, true AS ok FROM range(3) t(i)",
                              "FORMAT csv, HEADER false, COMPRESSION gzip"),
                      FileFormat::kCsv);
  load.compression = Compression::kGzip;
  EXPECT_EQ(loaded(load).size(), 3u);

  UnloadRequest unload;
  unload.context = bench.context;
  unload.sql = "SELECT id, name || '|' || id AS name, seen, ok FROM t ORDER BY id";
  unload.uri = "s3://b/out/t_";
  unload.escape = true;
  unload.parallel = false;
  auto out = bench.engine.unload(bench.session, unload);
  ASSERT_TRUE(out) << Bench::shown(out.error());
  bench.server.publish(out->objects);
  EXPECT_EQ(bench.server.objects["s3://b/out/t_000"],
            "0|n\\|0|2024-01-02|t\n1|n\\|1|2024-01-02|t\n2|n\\|2|2024-01-02|t\n");

  unload.uri = "s3://b/csv/";
  unload.format = FileFormat::kCsv;
  unload.delimiter = ",";
  unload.header = true;
  unload.parallel = true;
  unload.partition_by = {"id"};
  out = bench.engine.unload(bench.session, unload);
  ASSERT_TRUE(out) << Bench::shown(out.error());
  ASSERT_EQ(out->objects.size(), 3u);
  EXPECT_EQ(out->objects[1].uri, "s3://b/csv/id=1/0000_part_00");
  EXPECT_EQ(out->objects[1].rows, 1u);
  bench.server.publish(out->objects);
  EXPECT_EQ(bench.server.objects["s3://b/csv/id=1/0000_part_00"], "name,seen,ok\nn|1,2024-01-02,t\n");

  unload.format = FileFormat::kParquet;
  unload.parallel = false;
  out = bench.engine.unload(bench.session, unload);
  ASSERT_TRUE(out) << Bench::shown(out.error());
  ASSERT_EQ(out->objects.size(), 3u);
  EXPECT_EQ(out->objects[2].uri, "s3://b/csv/id=2/000.parquet");
}

// Both ways of reading (load_csv.h) give the same: in a transaction it is the row parser that reads.
TEST_F(Load, both_ways_give_the_same) {
  const char* kFiles[] = {
      "1,a,2024-01-02,t\n2,,,\n3,\"\",2024-02-29,NO\n",
      "1,a,2024-01-02,t\r\n2,\\N,\\N,Yes\r\n",
      " 1 ,  b , 2024-01-02 , 1\n+2,\"x,y\",\"2024-01-03\",\"f\"\n",
      "1,\"a\nb\",2024-01-02,t\n2,\"\\N\",2024-01-02,t\n",
      "1,\"q\"\"q\",2024-01-02,t",
      "1,\"q\"tail,2024-01-02,t\n2,mid\"dle,2024-01-02,t\n",
      "1,a,2024-01-02,t\n\n2,b,2024-01-02,t\n",
      "1,a,2024-01-02,t\r\n2,b,2024-01-02,t\n",
      "1,a,2024-01-02,t\n2,b\rc,2024-01-02,t\n",
      "1.5,a,2024-01-02,t\n",
      "1e3,a,2024-01-02,t\n",
      "99999999999,a,2024-01-02,t\n",
      "1,sevenby,2024-01-02,t\n",
      "1,\xff,2024-01-02,t\n",
      "1,a,2024-01-02\n",
      "1,a,2024-01-02,t,more\n",
      "1,a,2024-01-02,maybe\n",
      "1,   ,2024-01-02,t\n  ,\t,  ,\n",
      "",
  };
  for (const std::string bytes : kFiles) {
    for (int options = 0; options < 16; ++options) {
      auto load = request(bytes, FileFormat::kCsv);
      load.empty_as_null = options & 1;
      load.blanks_as_null = options & 2;
      load.trim_blanks = options & 4;
      load.ignore_header = options & 8 ? 1 : 0;
      const Table fast = loaded(load);
      const auto fast_outcome = outcome;
      bench.run("DELETE FROM t");
      bench.run("BEGIN");
      outcome = bench.engine.load(bench.session, load);
      ASSERT_TRUE(outcome);
      ASSERT_TRUE(fast_outcome);
      bench.run(outcome->errors.empty() ? "COMMIT" : "ROLLBACK");
      EXPECT_EQ(fast, bench.rows("SELECT * FROM t ORDER BY id")) << bytes << options;
      EXPECT_EQ(fast_outcome->outcome.rows, outcome->outcome.rows) << bytes << options;
      ASSERT_EQ(fast_outcome->errors.size(), outcome->errors.size()) << bytes << options;
      for (size_t i = 0; i < outcome->errors.size(); ++i) EXPECT_EQ(fast_outcome->errors[i].reason, outcome->errors[i].reason);
    }
  }
}

// What the functions of the fast way make of a field: where they refuse one, the row parser reads all again.
TEST_F(Load, fields_of_the_fast_way) {
  const auto made = [&](const std::string& call) {
    ExecuteRequest request;
    request.context = bench.context;
    request.internal = true;
    request.sql = "SELECT system.redshift." + call;
    const Fd file(::memfd_create("spool", MFD_CLOEXEC));
    request.spool = file.get();
    const auto outcome = bench.engine.execute(bench.session, request);
    return outcome ? Bench::read(file.get())[0][0] : outcome.error().message;
  };
  const std::string refused = "A record is refused.";
  const std::pair<const char*, std::string> kCases[] = {
      {"load_bigint(' 12 ')", "12"},
      {"load_bigint('-9223372036854775808')", "-9223372036854775808"},
      {"load_bigint('9223372036854775808')", refused},
      {"load_integer('+12')", "12"},
      {"load_integer('+-12')", refused},
      {"load_integer('1.5')", refused},
      {"load_integer('')", "NULL"},
      {"load_smallint('32768')", refused},
      {"load_double(' 1.5e3')", "1500"},
      {"load_double('one')", refused},
      {"load_boolean('YES ')", "true"},
      {"load_boolean('f')", "false"},
      {"load_boolean('maybe')", refused},
      {"load_trimmed('  2024-01-02')", "2024-01-02"},
      {"load_trimmed('   ')", "NULL"},
      {"load_decimal(' 1.259 ', 2)", "1.25"},
      {"load_fits('\u00e9\u00e9', 4)", "\u00e9\u00e9"},
      {"load_fits('\u00e9\u00e9', 3)", refused},
  };
  for (const auto& [call, value] : kCases) EXPECT_EQ(made(call), value) << call;
}

TEST_F(Load, delimited_text_and_nulls_both_ways) {
  for (const std::string bytes : {"1|a b|2024-01-02|y\n2|-|-|-\n", "1|\"q\"|2024-01-02|y\n2||2024-01-02|\n"}) {
    auto load = request(bytes, FileFormat::kText);
    load.null_as = "-";
    const Table fast = loaded(load);
    bench.run("DELETE FROM t");
    bench.run("BEGIN");
    ASSERT_TRUE(bench.engine.load(bench.session, load));
    bench.run("COMMIT");
    EXPECT_EQ(fast, bench.rows("SELECT * FROM t ORDER BY id"));
    EXPECT_EQ(fast.size(), 2u);
  }
}

}  // namespace
}  // namespace tarn::sql::engine
