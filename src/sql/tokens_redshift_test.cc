// Each token rule by example: what goes to the engine must mean what was written, and an error must point into the
// text that the user wrote.
#include "sql/tokens_redshift.h"

#include <gtest/gtest.h>

#include "sql/sql_error.h"

namespace tarn::sql {
namespace {

std::string rewritten(std::string_view sql) {
  const auto text = to_engine(sql);
  return text ? text->sql : "error: " + text.error().message;
}

TEST(TokensRedshift, Rules) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"SELECT 'it\\'s', $$a'b$$, 'plain'", "SELECT 'it''s', 'a''b', 'plain'"},
      {"SELECT :Name", "SELECT $name"},
      {"SELECT a::varchar(max), b::float, c::decimal, d::varchar",
       "SELECT a::rs_varchar(65535), b::DOUBLE, c::rs_decimal, d::VARCHAR"},
      {"SELECT CAST(a AS char(3)), CAST(f(b) AS numeric(10,2)) AS text FROM text",
       "SELECT CAST(a AS rs_char(3)), CAST(f(b) AS DECIMAL(10,2)) AS text FROM text"},
      {"SELECT CAST((SELECT x AS y) AS int)", "SELECT CAST((SELECT x AS y) AS INTEGER)"},
      {"SELECT CONVERT(varchar(5), a + 1)", "SELECT CAST( a + 1 AS rs_varchar(5))"},
      {"SELECT TOP 10 * FROM t ORDER BY 1", "SELECT  * FROM t ORDER BY 1 LIMIT 10"},
      {"SELECT * FROM (SELECT DISTINCT TOP 2 a FROM t) x", "SELECT * FROM (SELECT DISTINCT  a FROM t LIMIT 2) x"},
      {"SELECT TOP 1 a FROM t UNION ALL SELECT 2", "(SELECT  a FROM t LIMIT 1) UNION ALL SELECT 2"},
      {"SELECT top FROM t", "SELECT top FROM t"},
      {"SELECT 1 MINUS SELECT 2", "SELECT 1 EXCEPT SELECT 2"},
      {"SELECT a minus FROM t", "SELECT a minus FROM t"},
      {"SELECT APPROXIMATE COUNT(DISTINCT x) FROM t", "SELECT approx_count_distinct( x) FROM t"},
      {"SELECT LISTAGG(a, ', ') WITHIN GROUP (ORDER BY b DESC) FROM t",
       "SELECT LISTAGG(a, ', ' ORDER BY b DESC) FROM t"},
      {"SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY b) FROM t",
       "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY b) FROM t"},
      {"SELECT lag(x) IGNORE NULLS OVER (ORDER BY y) FROM t", "SELECT lag(x IGNORE NULLS) OVER (ORDER BY y) FROM t"},
      {"SELECT a INTO TEMP t2 FROM t", "CREATE TEMP TABLE \"t2\" AS SELECT a  FROM t"},
      {"SELECT a INTO #x FROM t", "CREATE TEMP TABLE \"#x\" AS SELECT a  FROM t"},
      {"DELETE t WHERE a = 1", "DELETE FROM t WHERE a = 1"},
      {"INSERT INTO t SELECT 1", "INSERT INTO t SELECT 1"},
      {"CREATE VIEW v AS SELECT 1 WITH NO SCHEMA BINDING", "CREATE VIEW v AS SELECT 1 "},
      {"CREATE TABLE #t (a int)", "CREATE TEMP TABLE \"#t\" (a INTEGER)"},
      {"CREATE TABLE t (LIKE s.u)", "CREATE TABLE t AS SELECT * FROM \"s\".\"u\" WHERE 'tarn like' = ''"},
      {"SELECT 5 # 3, array, map FROM t AS array, array AS map",
       "SELECT 5 <^> 3, \"array\", \"map\" FROM t AS \"array\", \"array\" AS \"map\""},
      {"SELECT a, t.b[0].c FROM t, t.b[0].c x, t.q.r.s JOIN t.w[1].v ON true",
       "SELECT a, t.b[0].c FROM t, t.\"\x01" ".b[0].c\" x, t.\"\x01" ".q.r.s\" AS \"s\" JOIN t.\"\x01" ".w[1].v\" AS \"v\" ON true"},
      {"SELECT INTERVAL '1-2' YEAR TO MONTH, INTERVAL '2 days'",
       "SELECT tarn_interval_y2m(INTERVAL '14 months 0 days 0 microseconds'), INTERVAL '0 months 2 days 0 microseconds'"},
      {"SELECT *, level FROM e x WHERE level < 3 START WITH a = 1 CONNECT BY b = PRIOR x.a AND level < 9 ORDER BY 1",
       "SELECT * EXCLUDE (level), level FROM (WITH RECURSIVE \"tarn tree\" AS (SELECT \"x\".*, 1 AS level FROM e x WHERE a = 1 UNION ALL "
       "SELECT \"x\".*, tarn_level(\"tarn parent\".\"tarn row\".level + 1) FROM e x, (SELECT \"tarn tree\" AS \"tarn row\" FROM \"tarn "
       "tree\") AS \"tarn parent\" WHERE b = \"tarn parent\".\"tarn row\".\"a\" AND (\"tarn parent\".\"tarn row\".level + 1) < 9) SELECT * "
       "FROM \"tarn tree\") AS \"x\" WHERE level < 3 ORDER BY 1"},
      {"CREATE TABLE t AS SELECT a::text FROM u", "CREATE TABLE t AS SELECT a::rs_varchar(256) FROM u"},
      {"CREATE TABLE t DISTKEY(a) SORTKEY(b) AS SELECT 1 a, 2 b", "CREATE TABLE t   AS SELECT 1 a, 2 b"},
      {"CREATE TABLE t (a VARCHAR(max) DEFAULT 'x\\'y' NOT NULL, b int PRIMARY KEY, c text)",
       "CREATE TABLE t (a rs_varchar(65535) DEFAULT 'x''y' NOT NULL, b INTEGER NOT NULL CHECK (tarn_key('p', '', 1, 'b')), "
       "c rs_varchar(256))"},
      {"CREATE TABLE t (a int, PRIMARY KEY (a), FOREIGN KEY (a) REFERENCES u (b))",
       "CREATE TABLE t (a INTEGER, CHECK (tarn_key('p', '', 1, 'a')), CHECK (tarn_key('f', '', 1, 'a', '', 'u', 'b')))"},
      {"ALTER TABLE t ADD CONSTRAINT k UNIQUE (a)",
       "COMMENT ON TABLE \"t\" IS 'CHECK (tarn_key(''u'', ''k'', 1, ''a''))'"},
      {"ALTER TABLE t DROP CONSTRAINT k", "COMMENT ON TABLE \"t\" IS 'tarn_drop_key(''k'')'"},
      {"SELECT a OPERATOR(pg_catalog.~) 'x' COLLATE pg_catalog.default", "SELECT a ~ 'x' "},
      {"SELECT * FROM pg_get_cols('t') c(a name, b int)",
       "SELECT * FROM (SELECT view_schema, view_name, col_name, col_type, col_num FROM pg_get_cols WHERE ('t') IN (whole_name, "
       "shown_name)) c(a , b )"},
      {"SELECT pg_get_cols('t')", "SELECT pg_get_cols('t')"},
      {"SELECT 1 FROM a, b WHERE a.x(+) = b.y", "SELECT 1 FROM a, b WHERE tarn_outer(a.x) = b.y"},
      {"SELECT current_setting('A'), pg_last_copy_count()", "SELECT $tarn_setting_61, $tarn_value_pg_last_copy_count"},
      {"SELECT * FROM pg_get_late_binding_view_cols() cols(a name, b varchar(10), c int)",
       "SELECT * FROM pg_get_late_binding_view_cols cols(a , b , c )"},
      {"ALTER TABLE t ADD COLUMN c VARCHAR(10) DEFAULT NULL", "ALTER TABLE t ADD COLUMN c rs_varchar(10) DEFAULT NULL"},
      {"ALTER TABLE t ALTER COLUMN c TYPE varchar(300)", "ALTER TABLE t ALTER COLUMN c TYPE rs_varchar(300)"},
      {"SELECT `a`", "error: syntax error at or near \"`\""},
      {"SELECT a::nosuch", "error: type \"nosuch\" does not exist"},
  };
  for (const auto& [sql, expected] : cases) EXPECT_EQ(rewritten(sql), expected) << sql;
}

TEST(TokensRedshift, PhysicalDesignIsRecorded) {
  const auto text = to_engine(
      "CREATE TABLE IF NOT EXISTS s.t (id bigint IDENTITY(1,2), a int ENCODE az64 DISTKEY, b date SORTKEY) BACKUP NO");
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_EQ(text->sql, "CREATE TABLE IF NOT EXISTS s.t (id BIGINT , a INTEGER  , b DATE ) ");
  EXPECT_EQ(text->attributes.diststyle, "KEY");
  ASSERT_EQ(text->attributes.columns.size(), 3u);
  EXPECT_EQ(text->attributes.columns[0].identity, std::optional(std::pair<int64_t, int64_t>(1, 2)));
  EXPECT_EQ(text->attributes.columns[1].encode, "az64");
  EXPECT_TRUE(text->attributes.columns[1].distkey);
  EXPECT_EQ(text->attributes.columns[2].sortkey, 1);
}

TEST(TokensRedshift, PositionsPointIntoTheSource) {
  const std::string_view source = "SELECT a::varchar(max), 'it\\'s', nosuch FROM t";
  const auto text = to_engine(source);
  ASSERT_TRUE(text);
  const size_t out = text->sql.find("nosuch");
  EXPECT_EQ(text->map.source(out), source.find("nosuch"));
  Error error{400, "SqlError", "x", {{"position", std::to_string(out + 1)}}};
  EXPECT_EQ(error_member(moved_to_source(error, text->map), "position"), std::to_string(source.find("nosuch") + 1));
}

}  // namespace
}  // namespace tarn::sql
