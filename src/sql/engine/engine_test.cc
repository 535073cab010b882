// The engine process as the server sees it: started, asked, killed; over a fake server that keeps objects in memory.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "sql/engine/engine_main.h"
#include "sql/engine/fake_server_test.h"

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "engine") return tarn::sql::engine::engine_main(argc, argv);
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}

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
  EXPECT_EQ(bench.error("SELECT 1").substr(0, 5), "57P02");
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

}  // namespace
}  // namespace tarn::sql::engine
