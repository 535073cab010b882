// Redshift's system views show what is in the database, with Redshift's columns and type names.
#include <gtest/gtest.h>

#include "sql/engine/fake_server_test.h"
#include "sql/system_views.h"

namespace tarn::sql::engine {
namespace {

using Table = std::vector<std::vector<std::string>>;

TEST(SystemCatalog, tables_columns_and_the_lists_people_ask_for) {
  Bench bench;
  bench.attributes.diststyle = "KEY";
  bench.attributes.columns = {{.column = "id", .encode = "az64", .distkey = true, .sortkey = 1},
                              {.column = "n", .identity = {{1, 1}}}};
  bench.run(
      "CREATE TABLE public.species_2024_11_01 (id integer NOT NULL, n bigint, name rs_varchar(20), code rs_char(2), "
      "price rs_decimal, seen timestamp, doc super, PRIMARY KEY (id))");
  bench.attributes = {};
  bench.run("CREATE SCHEMA other");
  bench.run("CREATE VIEW other.names AS SELECT name FROM species_2024_11_01");
  bench.run("INSERT INTO species_2024_11_01 (id, name) VALUES (1, 'a'), (1, 'b')");

  EXPECT_EQ(bench.rows("SELECT id, n, name FROM species_2024_11_01 ORDER BY n"),
            (Table{{"1", "1", "a"}, {"1", "2", "b"}}));
  EXPECT_EQ(bench.rows("SELECT * FROM other.names ORDER BY 1"), (Table{{"a"}, {"b"}}));
  EXPECT_EQ(
      bench.rows("SELECT TRIM(nspname) AS schema_name, TRIM(relname) AS table_name, relcreationtime AS creation_time "
                 "FROM pg_class_info LEFT JOIN pg_namespace ON pg_class_info.relnamespace = pg_namespace.oid "
                 "WHERE reltype != 0 AND schema_name = 'public' AND TRIM(relname) LIKE '%_2024_11_01'"),
      (Table{{"public", "species_2024_11_01", "2024-11-05 10:20:30"}}));
  EXPECT_EQ(bench.rows("SELECT \"column\", type, encoding, distkey, sortkey, \"notnull\" FROM pg_table_def "
                       "WHERE tablename = 'species_2024_11_01'"),
            (Table{{"id", "integer", "az64", "true", "1", "true"},
                   {"n", "bigint", "none", "false", "0", "false"},
                   {"name", "character varying(20)", "none", "false", "0", "false"},
                   {"code", "character(2)", "none", "false", "0", "false"},
                   {"price", "numeric(18,0)", "none", "false", "0", "false"},
                   {"seen", "timestamp without time zone", "none", "false", "0", "false"},
                   {"doc", "super", "none", "false", "0", "false"}}));
  bench.server.system["svv_external_tables"].rows = {{"dev", "redshift_spectrum", "occurrence"}};
  EXPECT_EQ(bench.rows("SELECT schema_name, table_name, table_type FROM svv_all_tables ORDER BY 1, 2"),
            (Table{{"other", "names", "VIEW"},
                   {"public", "species_2024_11_01", "TABLE"},
                   {"redshift_spectrum", "occurrence", "EXTERNAL TABLE"}}));
  EXPECT_EQ(bench.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"),
            (Table{{"species_2024_11_01"}}));
  EXPECT_EQ(bench.value("SELECT count(*) FROM svv_all_columns WHERE table_name = 'species_2024_11_01'"), "7");
  EXPECT_EQ(bench.value("SELECT nspname FROM pg_namespace WHERE nspname = 'tarn_internal'"), "no rows");
  EXPECT_EQ(bench.error("SELECT * FROM tarn_internal.statements").substr(0, 5), "42P01");
  bench.server.system["sys_load_error_detail"].rows = {{"100", "7", "1", "2", "dev", "3", "2024-11-05 01:02:03",
                                                        "s3://b/k", "5", "n", "int4", "", "0", "1207",
                                                        "Invalid digit"}};
  EXPECT_EQ(bench.rows("SELECT line_number + 1, error_message FROM sys_load_error_detail WHERE query_id = 7"),
            (Table{{"6", "Invalid digit"}}));
}

TEST(SystemCatalog, every_view_can_be_read) {
  Bench bench;
  for (const char* name : {"pg_namespace",
                           "pg_class_info",
                           "pg_class",
                           "pg_attribute",
                           "pg_table_def",
                           "pg_tables",
                           "pg_views",
                           "pg_database",
                           "pg_database_info",
                           "pg_user_info",
                           "svv_redshift_databases",
                           "svv_all_schemas",
                           "svv_redshift_schemas",
                           "svv_all_tables",
                           "svv_redshift_tables",
                           "svv_tables",
                           "svv_all_columns",
                           "svv_redshift_columns",
                           "svv_columns",
                           "svv_table_info",
                           "pg_type",
                           "pg_index",
                           "pg_indexes",
                           "pg_constraint",
                           "pg_depend",
                           "pg_am",
                           "pg_roles",
                           "pg_language",
                           "pg_tablespace",
                           "pg_settings",
                           "pg_proc",
                           "pg_proc_info",
                           "pg_trigger",
                           "pg_aggregate",
                           "pg_enum",
                           "pg_stat_activity",
                           "stv_sessions",
                           "information_schema.tables",
                           "information_schema.schemata",
                           "information_schema.columns",
                           "information_schema.views"}) {
    EXPECT_EQ(bench.error(std::string("SELECT * FROM ") + name), "no error") << name;
  }
  for (const ServerView& view : kServerViews) {
    const std::string_view name = view.name;
    if (name.starts_with("tarn_")) continue;  // what others are made of
    EXPECT_EQ(bench.error(std::string("SELECT * FROM ") + view.name), "no error") << view.name;
  }
}

TEST(SystemCatalog, alter_and_temporary_tables) {
  Bench bench;
  bench.run("CREATE TABLE t (a integer)");
  bench.run("ALTER TABLE t ADD COLUMN b rs_varchar(3) DEFAULT NULL");
  EXPECT_EQ(bench.error("INSERT INTO t VALUES (1, 'long')"), "22001: value too long for type character varying(3)");
  EXPECT_EQ(bench.error("UPDATE t SET b = 'long'"), "no error");  // of no rows
  bench.run("INSERT INTO t VALUES (1, 'x')");
  EXPECT_EQ(bench.error("UPDATE t SET b = 'long'"), "22001: value too long for type character varying(3)");
  EXPECT_EQ(bench.error("INSERT INTO t SELECT a, b || 'more' FROM t"),
            "22001: value too long for type character varying(3)");
  bench.run("UPDATE t SET a = u.a FROM (SELECT 5 AS a) u");
  EXPECT_EQ(bench.value("SELECT a FROM t"), "5");
  bench.run("CREATE TEMP TABLE \"#t\" AS SELECT a FROM t");
  EXPECT_EQ(bench.value("SELECT a FROM \"#t\""), "5");
  bench.run("DELETE FROM t USING \"#t\" s WHERE t.a = s.a");
  EXPECT_EQ(bench.value("SELECT count(*) FROM t"), "0");
  bench.run("ALTER TABLE t RENAME TO u");
  bench.run("ALTER TABLE u RENAME COLUMN a TO c");
  EXPECT_EQ(bench.value("SELECT count(c) FROM u"), "0");
  bench.run(
      "MERGE INTO u USING \"#t\" s ON u.c = s.a WHEN MATCHED THEN UPDATE SET b = 'm' WHEN NOT MATCHED THEN INSERT "
      "VALUES (s.a, 'n')");
  EXPECT_EQ(bench.value("SELECT b FROM u"), "n");
  bench.run("DROP TABLE u");
  EXPECT_EQ(bench.error("DROP TABLE u"), "42P01: Table \"u\" does not exist");
  bench.run("DROP TABLE IF EXISTS u");
}

}  // namespace
}  // namespace tarn::sql::engine
