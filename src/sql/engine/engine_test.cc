// The engine process as the server sees it: started, asked, killed; over a fake server that keeps objects in memory.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "sql/engine/fake_server_test.h"

namespace tarn::sql::engine {
namespace {

using Table = std::vector<std::vector<std::string>>;

TEST(Engine, selects_a_constant_under_the_names_of_the_dialect) {
  Bench bench;
  EXPECT_EQ(bench.rows("SELECT 1, 'a' AS b, 7/2, 1.5 + 1, NULL"), (Table{{"1", "a", "3", "2.5", "NULL"}}));
  EXPECT_EQ(bench.names, (std::vector<std::string>{"?column?", "b", "?column?", "?column?", "?column?"}));
}

TEST(Engine, tables_live_in_the_database_and_survive_the_process) {
  Bench bench;
  bench.run("CREATE TABLE public.t (id integer, name rs_varchar(10))");
  bench.run("INSERT INTO t VALUES (1, 'one'), (2, 'two')", "statement-1");
  EXPECT_EQ(bench.rows("SELECT id, name FROM t ORDER BY id"), (Table{{"1", "one"}, {"2", "two"}}));
  EXPECT_EQ(bench.error("INSERT INTO t VALUES (3, 'longer than ten')"),
            "22001: value too long for type character varying(10)");
  ::kill(bench.engine.pid(), SIGKILL);
  // The end is noticed while the statement runs, or before it is sent.
  const std::string state = bench.error("SELECT 1").substr(0, 5);
  EXPECT_TRUE(state == "57P02" || state == "08003") << state;
  bench.reopen();
  EXPECT_EQ(bench.rows("SELECT count(*) FROM t"), (Table{{"2"}}));
  EXPECT_TRUE(*bench.engine.committed("dev", "statement-1"));
  EXPECT_FALSE(*bench.engine.committed("dev", "statement-2"));
}

TEST(Engine, what_the_dialect_does_not_know_is_refused) {
  Bench bench;
  EXPECT_EQ(bench.error("SELECT read_text('/etc/passwd')"), "42883 at 8: function read_text(unknown) does not exist");
  EXPECT_EQ(bench.error("SELECT * FROM read_csv('/etc/passwd')").substr(0, 5), "42883");
  EXPECT_EQ(bench.error("SELECT * FROM '/etc/passwd'").substr(0, 5), "42P01");
  EXPECT_EQ(bench.error("ATTACH '/tmp/x.db'").substr(0, 5), "0A000");
  EXPECT_EQ(bench.error("COPY (SELECT 1) TO '/tmp/x'").substr(0, 5), "0A000");
  EXPECT_EQ(bench.error("SELECT * FROM nothing"), "42P01 at 15: relation \"nothing\" does not exist");
  EXPECT_EQ(bench.error("SELECT nothing"), "42703 at 8: column \"nothing\" does not exist");
  EXPECT_EQ(bench.error("SELEC 1").substr(0, 5), "42601");
  EXPECT_EQ(bench.error("SELECT 1/0"), "22012: Divide by zero");
}

TEST(Engine, transactions_and_their_failures) {
  Bench bench;
  bench.run("CREATE TABLE t (a integer)");
  bench.run("BEGIN");
  bench.run("INSERT INTO t VALUES (1)");
  bench.run("ROLLBACK");
  EXPECT_EQ(bench.rows("SELECT count(*) FROM t"), (Table{{"0"}}));
  bench.run("BEGIN");
  bench.run("INSERT INTO t VALUES (1)");
  EXPECT_EQ(bench.error("SELECT 1/0").substr(0, 5), "22012");
  EXPECT_EQ(bench.error("SELECT 1").substr(0, 5), "25P02");
  bench.run("ROLLBACK");
  bench.run("BEGIN");
  bench.run("INSERT INTO t VALUES (2)");
  bench.run("COMMIT");
  EXPECT_EQ(bench.rows("SELECT a FROM t"), (Table{{"2"}}));
}

// The design: a CRC32C of each MiB is checked where bytes are read, and an engine reads files itself.
TEST(Engine, damaged_bytes_are_refused_by_the_name_of_the_object) {
  Bench bench;
  ExternalTable table{"awsdatacatalog", "dev", "t", {{"a", "bigint"}, {"b", "string"}}, {}, "s3://b/t/", "csv",
                      {{"field.delim", ","}}, {}};
  bench.server.tables["dev.t"] = table;
  std::string bytes;
  for (int i = 0; bytes.size() < 5 * kChecksumBlock; ++i) bytes += std::to_string(i) + ",some text of a row\n";
  bench.server.objects["s3://b/t/1.csv"] = bytes;
  EXPECT_EQ(bench.value("SELECT count(DISTINCT a) FROM redshift_spectrum.t"), bench.value("SELECT count(*) FROM redshift_spectrum.t"));
  bench.server.damaged = "s3://b/t/1.csv";
  const std::string error = bench.error("SELECT count(a) FROM redshift_spectrum.t");
  EXPECT_NE(error.find("The object s3://b/t/1.csv is damaged"), std::string::npos) << error;
  bench.server.damaged = "";
  EXPECT_EQ(bench.value("SELECT max(length(b)) FROM redshift_spectrum.t"), "18");
}

TEST(Engine, a_statement_is_cancelled_and_timed_out) {
  Bench bench;
  const char* kLong = "SELECT count(*) FROM generate_series(1, 3000000000) a, generate_series(1, 1000) b";
  std::thread other([&] {
    while (bench.engine.pid() == 0) std::this_thread::yield();
    for (int i = 0; i < 100 && !bench.done; ++i) {
      bench.engine.cancel(bench.session);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
  EXPECT_EQ(bench.error(kLong).substr(0, 5), "57014");
  bench.done = true;
  other.join();
  bench.context.timeout = std::chrono::milliseconds(200);
  EXPECT_EQ(bench.error(kLong), "57014: Query cancelled: it ran longer than its statement timeout.");
}

TEST(Engine, describe_views_and_two_sessions) {
  Bench bench;
  bench.run("CREATE TABLE t (a integer, p rs_varchar(5))");
  ExecuteRequest request;
  request.context = bench.context;
  request.sql = "SELECT a, p || 'x' AS q FROM t";
  request.describe_only = true;
  const auto described = bench.engine.execute(bench.session, request);
  ASSERT_TRUE(described) << Bench::shown(described.error());
  ASSERT_EQ(described->columns.size(), 2u);
  EXPECT_EQ(described->columns[0].type, "int4");
  EXPECT_EQ(described->columns[1].name, "q");

  EXPECT_GT(bench.rows("EXPLAIN SELECT a FROM t").size(), 3u);
  EXPECT_EQ(bench.names, (std::vector<std::string>{"QUERY PLAN"}));

  bench.run("INSERT INTO t VALUES (1, 'b'), (2, 'a')");
  bench.run("CREATE VIEW v AS SELECT a / 2 AS half, ST_MakePoint(a, a) AS place, p FROM t WHERE p = 'a '");
  EXPECT_EQ(bench.rows("SELECT half, p FROM v"), (Table{{"1", "a"}}));
  ::kill(bench.engine.pid(), SIGKILL);
  bench.error("SELECT 1");
  bench.reopen();
  EXPECT_EQ(bench.rows("SELECT half, ST_X(place) FROM v"), (Table{{"1", "2"}}));

  const auto other = bench.engine.open_session("dev", Dialect::kRedshift);
  ASSERT_TRUE(other);
  const SessionId first = bench.session;
  bench.run("BEGIN");
  bench.run("UPDATE t SET p = 'mine'");
  bench.session = *other;
  EXPECT_EQ(bench.rows("SELECT count(*) FROM t WHERE p = 'mine'"), (Table{{"0"}}));
  bench.run("BEGIN");
  EXPECT_EQ(bench.error("UPDATE t SET p = 'yours'").substr(0, 5), "40001");
  bench.run("ROLLBACK");
  bench.session = first;
  bench.run("COMMIT");
  EXPECT_EQ(bench.rows("SELECT count(*) FROM t WHERE p = 'mine'"), (Table{{"2"}}));
  bench.engine.close_session(*other);
  EXPECT_FALSE(bench.engine.end_if_idle(std::chrono::milliseconds(0)));
  bench.engine.close_session(first);
  EXPECT_TRUE(bench.engine.end_if_idle(std::chrono::milliseconds(0)));
  EXPECT_FALSE(bench.engine.running());
}

TEST(Engine, a_large_result_is_paged_and_limited) {
  Bench bench;
  const Fd file(::memfd_create("spool", MFD_CLOEXEC));
  auto outcome = bench.execute(
      "SELECT a.generate_series AS n, 'row ' || a.generate_series AS t FROM generate_series(1, 1000000) a", "",
      file.get());
  ASSERT_TRUE(outcome) << Bench::shown(outcome.error());
  EXPECT_EQ(outcome->rows, 1'000'000u);
  const auto reader = SpoolReader::open(file.get());
  ASSERT_TRUE(reader);
  const auto page = reader->page(reader->page_of(999'999));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->cell(static_cast<uint32_t>(999'999 - page->first_row()), 1).text, "row 1000000");
  ExecuteRequest request;
  request.context = bench.context;
  request.sql = "SELECT * FROM generate_series(1, 1000000)";
  const Fd small(::memfd_create("spool", MFD_CLOEXEC));
  request.spool = small.get();
  request.max_bytes = 100'000;
  outcome = bench.engine.execute(bench.session, request);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(Bench::shown(outcome.error()).substr(0, 5), "54000");
}

// Whatever is asked, the instance goes on.
TEST(Engine, odd_statements_end_only_themselves) {
  Bench bench;
  bench.run("CREATE TABLE t (a integer, s rs_varchar(5), j super)");
  bench.run("INSERT INTO t VALUES (1, 'x', json_parse('{\"a\":[1,{\"b\":null}]}'))");
  const int pid = bench.engine.pid();
  std::string deep = "1";
  for (int i = 0; i < 3000; ++i) deep = "(" + deep + ")";
  for (const std::string& sql : std::vector<std::string>{
           "SELECT " + deep,
           "SELECT",
           "",
           ";",
           "SELECT * FROM t t, t",
           "SELECT j.a[0].b.c[5] FROM t",
           "SELECT a[0] FROM t",
           "SELECT s.x FROM t",
           "SELECT t.* FROM t u",
           "SELECT sum(s) FROM t",
           "SELECT avg(j) FROM t",
           "SELECT a FROM t GROUP BY s",
           "SELECT a::super::integer FROM t",
           "SELECT CAST(s AS date) FROM t",
           "INSERT INTO t SELECT * FROM t, t u",
           "INSERT INTO t (nothing) VALUES (1)",
           "UPDATE t SET nothing = 1",
           "SELECT date_part(nonsense, getdate())",
           "SELECT dateadd(day, 99999999999, getdate())",
           "SELECT repeat('x', 1000000000)",
           "SELECT to_char(1, '')",
           "SELECT regexp_count('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', '(a+)+$b')",
           "SELECT split_part(NULL, NULL, NULL)",
           "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT sum(n) FROM r",
           "SELECT * FROM pg_class_info c, c.relname x",
           "SELECT json_parse('{')",
           "SELECT ST_GeomFromText('nonsense')",
           "SELECT 99999999999999999999999999999999999999 * 10",
           "SELECT * FROM generate_series(1, 0)",
           "SELECT \"\"",
           "SELECT $1",
           "SELECT a FROM t ORDER BY 5",
           "SELECT CAST('x' AS nonsense)",
           "CREATE TABLE t (a integer)",
           "CREATE TABLE u (a nonsense)",
           "DROP SCHEMA public",
           "SELECT lag(a) OVER (ORDER BY s) FROM t",
           "SELECT listagg(a, s) FROM t",
           "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a) FROM t",
           "SELECT count(*) FROM t WHERE a IN (SELECT s FROM t)",
           "SELECT CASE WHEN a THEN 1 ELSE 'x' END FROM t"}) {
    bench.error(sql);
    EXPECT_EQ(bench.value("SELECT count(*) FROM t").substr(0, 5) == "57P02", false) << sql.substr(0, 80);
    ASSERT_EQ(bench.engine.pid(), pid) << sql.substr(0, 80);
  }
}

}  // namespace
}  // namespace tarn::sql::engine
