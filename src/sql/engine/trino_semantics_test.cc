// Where Trino and the engine differ silently, the answer must be Trino's: operators, casts, names, errors and their places.
#include <unistd.h>

#include "sql/engine/parquet_maker_test.h"
#include "sql/engine/trino_bench_test.h"

namespace tarn::sql::engine {
namespace {

using Lines = std::vector<std::string>;

TEST_F(Trino, numbers) {
  check({{"SELECT 7/2", "3"},
         {"SELECT -7/2", "-3"},
         {"SELECT 7 % -3", "1"},
         {"SELECT 7/2e0", "3.5"},
         {"SELECT 1e0/0", "Infinity"},
         {"SELECT 1/0", "DIVISION_BY_ZERO: Division by zero"},
         {"SELECT 5 % 0", "DIVISION_BY_ZERO: Division by zero"},
         {"SELECT 1.0/0", "DIVISION_BY_ZERO: Division by zero"},
         {"SELECT 7/2.0", "3.5"},
         {"SELECT 1/3.00", "0.33"},
         {"SELECT 10.25 * 10.25", "105.0625"},
         {"SELECT typeof(10.25 * 10.25)", "decimal(8,4)"},
         {"SELECT typeof(1.5 + 10)", "decimal(12,1)"},
         {"SELECT typeof(DECIMAL '1.50' / DECIMAL '3.0')", "decimal(4,2)"},
         {"SELECT 2.675 + 1", "3.675"},
         {"SELECT 7.5 % 2", "1.5"},
         {"SELECT 2147483647 + 1", "NUMERIC_VALUE_OUT_OF_RANGE: integer addition overflow: 2147483647 + 1"},
         {"SELECT 2147483648 + 1", "2147483649"},
         {"SELECT 1e10", "1.0E10"},
         {"SELECT 0.1e0 + 0.2e0", "0.30000000000000004"},
         {"SELECT REAL '1.5'", "1.5"},
         {"SELECT -9223372036854775808", "-9223372036854775808"},
         {"SELECT nan()", "NaN"},
         {"SELECT 2 + 3 * 4 - 1", "13"},
         {"SELECT -(2 + 3)", "-5"},
         {"SELECT 1 = 1.0", "true"},
         {"SELECT DECIMAL '12345678901234567890.12'", "12345678901234567890.12"}});
}

TEST_F(Trino, casts) {
  check({{"SELECT CAST(2.5e0 AS integer)", "3"},
         {"SELECT CAST(-2.5e0 AS integer)", "-3"},
         {"SELECT CAST(2.5 AS bigint)", "3"},
         {"SELECT CAST('12' AS integer)", "12"},
         {"SELECT CAST('2.5' AS integer)", "INVALID_CAST_ARGUMENT: Cannot cast '2.5' to INT"},
         {"SELECT CAST('x' AS bigint)", "INVALID_CAST_ARGUMENT: Cannot cast 'x' to BIGINT"},
         {"SELECT TRY_CAST('x' AS bigint)", "NULL"},
         {"SELECT TRY(CAST('x' AS bigint))", "NULL"},
         {"SELECT TRY(1/0)", "NULL"},
         {"SELECT CAST(1e0 AS varchar)", "1.0E0"},
         {"SELECT CAST(123.45e0 AS varchar)", "1.2345E2"},
         {"SELECT CAST(1.50 AS varchar)", "1.50"},
         {"SELECT CAST(true AS varchar)", "true"},
         {"SELECT CAST('abcdef' AS varchar(3))", "abc"},
         {"SELECT CAST('ab' AS char(5)) || '|'", "ab   |"},
         {"SELECT CAST('ab' AS char(5)) = CAST('ab' AS char(3))", "true"},
         {"SELECT CAST('1.005' AS decimal(5,2))", "1.01"},
         {"SELECT CAST(1.005 AS decimal)", "1"},
         {"SELECT CAST('true' AS boolean)", "true"},
         {"SELECT CAST('2024-02-29' AS date)", "2024-02-29"},
         {"SELECT CAST('2024-02-30' AS date)", "INVALID_CAST_ARGUMENT: Value cannot be cast to date: 2024-02-30"},
         {"SELECT CAST(TIMESTAMP '2024-02-29 10:20:30.5' AS varchar)", "2024-02-29 10:20:30.500"},
         {"SELECT CAST(TIMESTAMP '2024-02-29 10:20:30' AS date)", "2024-02-29"},
         {"SELECT CAST(3000000000 AS integer)", "INVALID_CAST_ARGUMENT: Out of range for integer: 3000000000"},
         {"SELECT CAST(ROW(1, 2) AS ROW(x bigint, y double))", "{x=1, y=2.0}"},
         {"SELECT CAST(ROW(1, 2) AS ROW(x bigint, y double)).y", "2.0"},
         {"SELECT CAST(ARRAY[1, 2] AS array(varchar))", "[1, 2]"},
         {"SELECT CAST(ARRAY[1e0] AS array(varchar))[1]", "1.0E0"},
         {"SELECT CAST(MAP(ARRAY['a'], ARRAY[1]) AS map(varchar, double))", "{a=1.0}"},
         {"SELECT CAST(1 AS date)", "TYPE_MISMATCH: line 1:8: Cannot cast integer to date"},
         {"SELECT typeof(CAST(NULL AS array(row(a integer, b varchar))))", "array(row(a integer, b varchar))"},
         {"SELECT DATE '2024-13-01'", "INVALID_LITERAL: line 1:8: '2024-13-01' is not a valid DATE literal"}});
}

TEST_F(Trino, comparisons) {
  check({{"SELECT 'a' = 'a  '", "false"},
         {"SELECT 1 = 'a'", "TYPE_MISMATCH: line 1:10: Cannot apply operator: integer = varchar(1)"},
         {"SELECT 1 FROM (VALUES 1) t(x) WHERE x",
          "TYPE_MISMATCH: line 1:37: WHERE clause must evaluate to a boolean: actual type integer"},
         {"SELECT 'a' < 'b'", "true"},
         {"SELECT NULL = 1", "NULL"},
         {"SELECT NULL IS NOT DISTINCT FROM NULL", "true"},
         {"SELECT 2 BETWEEN 1 AND 3", "true"},
         {"SELECT 2 NOT BETWEEN 1 AND 3", "false"},
         {"SELECT 2 IN (1, 2)", "true"},
         {"SELECT 3 NOT IN (1, NULL)", "NULL"},
         {"SELECT 1 IN (SELECT 1)", "true"},
         {"SELECT 2 > ALL (VALUES 1, 0)", "true"},
         {"SELECT 2 = ANY (VALUES 1, 2)", "true"},
         {"SELECT EXISTS (SELECT 1 WHERE false)", "false"},
         {"SELECT 'a_b' LIKE 'a\\_b'", "false"},
         {"SELECT 'a_b' LIKE 'a#_b' ESCAPE '#'", "true"},
         {"SELECT 'axb' LIKE 'a#_b' ESCAPE '#'", "false"},
         {"SELECT 'abc' NOT LIKE 'a%'", "false"},
         {"SELECT DATE '2024-01-01' < TIMESTAMP '2024-01-01 00:00:01'", "true"},
         {"SELECT ARRAY[1, 2] = ARRAY[1, 2]", "true"},
         {"SELECT ROW(1, 'a') = ROW(1, 'a')", "true"},
         {"SELECT (1, 2) < (1, 3)", "true"},
         {"SELECT IF(1 > 2, 'x')", "NULL"},
         {"SELECT IF(1 < 2, 1, 2.5)", "1.0"},
         {"SELECT CASE 2 WHEN 1 THEN 'a' WHEN 2 THEN 'b' END", "b"},
         {"SELECT CASE WHEN true THEN 1 ELSE 'a' END",
          "TYPE_MISMATCH: line 1:8: All CASE results must be the same type or coercible to a common type. Cannot find "
          "common type between integer and varchar(1), all types (without duplicates): [integer, varchar(1)]"},
         {"SELECT COALESCE(NULL, 2, 1)", "2"},
         {"SELECT NULLIF(1, 1)", "NULL"},
         {"SELECT greatest(1, NULL)", "NULL"},
         {"SELECT least(3, 1, 2)", "1"},
         {"SELECT greatest(1, 2.5)", "2.5"},
         {"SELECT true AND NULL", "NULL"},
         {"SELECT NOT NULL", "NULL"},
         {"SELECT true OR 1/0 = 1", "true"}});
}

TEST_F(Trino, errors_with_places) {
  check({{"SELECT x",
          "COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved or requester is not authorized to access "
          "requested resources"},
         {"SELECT\n  nosuch(1)", "FUNCTION_NOT_FOUND: line 2:3: Function 'nosuch' not registered"},
         {"SELECT lower(1)",
          "FUNCTION_NOT_FOUND: line 1:8: Unexpected parameters (integer) for function lower. Expected: "
          "lower(varchar)"},
         {"SELECT 1 + 'a'", "TYPE_MISMATCH: line 1:10: Cannot apply operator: integer + varchar(1)"},
         {"WITH RECURSIVE t(n) AS (VALUES 1 UNION ALL SELECT n + 1 FROM t WHERE n < 12) SELECT count(*) FROM t",
          "NOT_SUPPORTED: Recursion depth limit exceeded (10). Use 'max_recursion_depth' session property to modify the limit."},
         {"SELECT * FROM nowhere", "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.dev.nowhere' does not exist"},
         {"SELECT * FROM other.nowhere",
          "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.other.nowhere' does not exist"},
         {"SELEC 1",
          "SYNTAX_ERROR: line 1:1: mismatched input 'SELEC'. Expecting: '(', 'EXPLAIN', 'SELECT', 'SHOW', "
          "'TABLE', 'VALUES', 'WITH'"},
         {"SELECT 1 FROM", "SYNTAX_ERROR: line 1:14: mismatched input '<EOF>'. Expecting: <identifier>"},
         {"SELECT `a`",
          "SYNTAX_ERROR: line 1:8: backquoted identifiers are not supported; use double quotes to quote identifiers"},
         {"SELECT a, count(*) FROM (VALUES (1, 2)) t(a, b)",
          "EXPRESSION_NOT_AGGREGATE: line 1:8: 'a' must be an aggregate expression or appear in GROUP BY clause"},
         {"SELECT read_csv('/etc/passwd')", "FUNCTION_NOT_FOUND: line 1:8: Function 'read_csv' not registered"},
         {"SELECT * FROM read_csv('/etc/passwd')",
          "FUNCTION_NOT_FOUND: line 1:15: Table function 'read_csv' not registered"},
         {"SELECT getvariable('x')", "FUNCTION_NOT_FOUND: line 1:8: Function 'getvariable' not registered"},
         {"SELECT _local(1)", "FUNCTION_NOT_FOUND: line 1:8: Function '_local' not registered"},
         {"SELECT call(1)", "FUNCTION_NOT_FOUND: line 1:8: Function 'call' not registered"},
         {"SELECT 1::int", "SYNTAX_ERROR: line 1:9: mismatched input '::'. Expecting: <EOF>"},
         {"SELECT a FROM (VALUES 1) t(a), (VALUES 1) u(a)", "AMBIGUOUS_NAME: line 1:8: Column 'a' is ambiguous"},
         {"SELECT features(1)", "NOT_SUPPORTED: line 1:8: The function features is not supported."},
         {"SELECT (SELECT * FROM (VALUES 1, 2))",
          "SUBQUERY_MULTIPLE_ROWS: Scalar sub-query has returned multiple rows"}});
}

TEST_F(Trino, names_of_columns) {
  rows("SELECT 1, 2 AS Two, \"X\", t.y, x.*, 5 FROM (VALUES (3, 4)) t(x, y), (VALUES 9) x(z)");
  rows("SELECT 1, 2 AS Two, X, t.y, u.*, 5 FROM (VALUES (3, 4)) t(x, y), (VALUES 9) u(z)");
  EXPECT_EQ(bench->names, (Lines{"_col0", "Two", "X", "y", "z", "_col5"}));
  EXPECT_EQ(bench->types, (Lines{"integer", "integer", "integer", "integer", "integer", "integer"}));
  rows(
      "SELECT true, 1.5, 1e0, 'a', DATE '2024-01-01', TIMESTAMP '2024-01-01 00:00:00', ARRAY[1], MAP(), ROW(1), X'65', "
      "JSON '1', current_timestamp, REAL '1', CAST(1 AS tinyint)");
  EXPECT_EQ(bench->types, (Lines{"boolean", "decimal", "double", "varchar", "date", "timestamp", "array", "map", "row",
                                 "varbinary", "json", "timestamp with time zone", "float", "tinyint"}));
}

TEST_F(Trino, printed_values) {
  check({{"SELECT ARRAY[1, NULL, 2]", "[1, null, 2]"},
         {"SELECT ARRAY['a', 'b c']", "[a, b c]"},
         {"SELECT MAP(ARRAY['a', 'b'], ARRAY[1, 2])", "{a=1, b=2}"},
         {"SELECT CAST(ROW(1, 'x') AS ROW(a integer, b varchar))", "{a=1, b=x}"},
         {"SELECT ROW(1, 'x')", "{field0=1, field1=x}"},
         {"SELECT X'65 68'", "65 68"},
         {"SELECT U&'\\0041\\+000042'", "AB"},
         {"SELECT 10000000e0", "1.0E7"},
         {"SELECT 9999999e0", "9999999.0"},
         {"SELECT 0.0001e0", "1.0E-4"},
         {"SELECT 0.001e0", "0.001"},
         {"SELECT TIMESTAMP '2024-01-01 10:00:00'", "2024-01-01 10:00:00.000"},
         {"SELECT TIMESTAMP '2024-01-01 10:00:00.123456'", "2024-01-01 10:00:00.123456"},
         {"SELECT TIME '10:11:12'", "10:11:12.000"},
         {"SELECT INTERVAL '2' DAY", "2 00:00:00.000"},
         {"SELECT INTERVAL '3' MONTH", "0-3"},
         {"SELECT INTERVAL '1-2' YEAR TO MONTH", "1-2"},
         {"SELECT INTERVAL '1 02:03:04.5' DAY TO SECOND", "1 02:03:04.500"},
         {"SELECT TIMESTAMP '2024-01-01 10:00:00 America/New_York'", "2024-01-01 10:00:00.000 America/New_York"},
         {"SELECT TIMESTAMP '2024-01-01 10:00:00 +05:30'", "2024-01-01 10:00:00.000 +05:30"},
         {"SELECT current_timestamp", "2024-11-05 10:20:30.000 UTC"},
         {"SELECT JSON '{\"b\": 1, \"a\": [1, 2]}'", "{\"a\":[1,2],\"b\":1}"},
         {"SELECT 'it''s'", "it's"},
         {"SELECT 'back\\slash'", "back\\slash"}});
}

TEST_F(Trino, queries) {
  EXPECT_EQ(rows("SELECT * FROM (VALUES 2, NULL, 1) t(x) ORDER BY x"), (Lines{"1", "2", "NULL"}));
  EXPECT_EQ(rows("SELECT * FROM (VALUES 2, NULL, 1) t(x) ORDER BY x DESC"), (Lines{"2", "1", "NULL"}));
  EXPECT_EQ(rows("SELECT * FROM (VALUES 2, NULL, 1) t(x) ORDER BY x DESC NULLS FIRST"), (Lines{"NULL", "2", "1"}));
  EXPECT_EQ(rows("SELECT x FROM (VALUES 1, 2, 3, 4) t(x) ORDER BY 1 OFFSET 1 ROWS FETCH FIRST 2 ROWS ONLY"),
            (Lines{"2", "3"}));
  EXPECT_EQ(rows("SELECT x FROM (VALUES 1, 2, 3, 4) t(x) ORDER BY x LIMIT ALL"), (Lines{"1", "2", "3", "4"}));
  EXPECT_EQ(rows("VALUES (1, 'a'), (2, 'b')"), (Lines{"1|a", "2|b"}));
  EXPECT_EQ(bench->names, (Lines{"_col0", "_col1"}));
  EXPECT_EQ(rows("WITH a(x) AS (VALUES 1, 2), b AS (SELECT x + 1 AS y FROM a) SELECT x, y FROM a JOIN b ON x = y"),
            (Lines{"2|2"}));
  EXPECT_EQ(rows("WITH RECURSIVE t(n) AS (VALUES 1 UNION ALL SELECT n + 1 FROM t WHERE n < 4) SELECT sum(n) FROM t"),
            (Lines{"10"}));
  EXPECT_EQ(rows("WITH RECURSIVE t(n) AS (VALUES 1 UNION ALL SELECT n + 1 FROM t WHERE n < 11) SELECT max(n), count(*) FROM t"),
            (Lines{"11|11"}));
  EXPECT_EQ(rows("WITH RECURSIVE t(n, s) AS (SELECT * FROM (VALUES (1, 'a'), (1, 'a')) UNION SELECT n + 1, s FROM t WHERE n < 3 "
                 "ORDER BY 1 DESC LIMIT 2) SELECT * FROM t"),
            (Lines{"3|a", "2|a"}));
  EXPECT_EQ(rows("WITH RECURSIVE t(n) AS (VALUES 1 UNION ALL SELECT a.n + 1 FROM t a JOIN (VALUES 1, 2) b(x) ON a.n = b.x) "
                 "SELECT * FROM t u WHERE n IN (SELECT n FROM t) ORDER BY 1"),
            (Lines{"1", "2", "3"}));
  EXPECT_EQ(rows("SELECT 1 UNION SELECT 1 UNION ALL SELECT 2 ORDER BY 1"), (Lines{"1", "2"}));
  EXPECT_EQ(rows("SELECT * FROM (VALUES 1, 2, 3) EXCEPT SELECT 2 ORDER BY 1"), (Lines{"1", "3"}));
  EXPECT_EQ(rows("(SELECT 1) INTERSECT (SELECT 1)"), (Lines{"1"}));
  EXPECT_EQ(
      rows("SELECT a, grouping(a), sum(b) FROM (VALUES ('x', 1), ('y', 2)) t(a, b) GROUP BY GROUPING SETS ((a), ()) "
           "ORDER BY a"),
      (Lines{"x|0|1", "y|0|2", "NULL|1|3"}));
  EXPECT_EQ(rows("SELECT a, b, count(*) FROM (VALUES (1, 1), (1, 2)) t(a, b) GROUP BY CUBE (a, b) ORDER BY a, b"),
            (Lines{"1|1|1", "1|2|1", "1|NULL|2", "NULL|1|1", "NULL|2|1", "NULL|NULL|2"}));
  EXPECT_EQ(rows("SELECT a, count(*) FROM (VALUES (1, 1), (1, 2)) t(a, b) GROUP BY ROLLUP (a) ORDER BY 1"),
            (Lines{"1|2", "NULL|2"}));
  EXPECT_EQ(rows("SELECT a + 1, count(*) FROM (VALUES 1, 1, 2) t(a) GROUP BY a + 1 HAVING count(*) > 1"),
            (Lines{"2|2"}));
  EXPECT_EQ(rows("SELECT lower(a), count(*) FROM (VALUES 'A', 'a') t(a) GROUP BY 1"), (Lines{"a|2"}));
  EXPECT_EQ(rows("SELECT t.x, u.y FROM (VALUES 1, 2) t(x) LEFT JOIN (VALUES (2, 'b')) u(x, y) ON t.x = u.x ORDER BY 1"),
            (Lines{"1|NULL", "2|b"}));
  EXPECT_EQ(rows("SELECT x, y FROM (VALUES (1, 2)) t(x, y) JOIN (VALUES 1) u(x) USING (x)"), (Lines{"1|2"}));
  EXPECT_EQ(rows("SELECT x FROM (VALUES 1, 2, 3) t(x) WHERE x > (SELECT avg(y) FROM (VALUES 1, 3) u(y))"),
            (Lines{"3"}));
  EXPECT_EQ(rows("SELECT x FROM (VALUES 1, 2) t(x) WHERE EXISTS (SELECT 1 FROM (VALUES 2) u(y) WHERE y = x)"),
            (Lines{"2"}));
  EXPECT_EQ(rows("SELECT count(*) FROM (VALUES 1, 2) t(x) TABLESAMPLE BERNOULLI (100)"), (Lines{"2"}));
  EXPECT_EQ(rows("SELECT DISTINCT x FROM (VALUES 1, 1) t(x)"), (Lines{"1"}));
  EXPECT_EQ(value("SELECT * FROM (VALUES 1) t(x) MATCH_RECOGNIZE (PATTERN (A))"),
            "SYNTAX_ERROR: line 1:59: mismatched input ')'. Expecting: 'DEFINE'");
}

// Names, patterns and nested expressions of any size end in an answer, not in the engine's end or a wait without one.
TEST_F(Trino, what_users_write_has_bounds) {
  const std::string name(200'000, 'n');
  EXPECT_TRUE(value("SELECT * FROM (VALUES 1) t(x) JOIN (VALUES 1) u(y) USING (\"" + name + "\")")
                  .starts_with("COLUMN_NOT_FOUND: Column 'nnn"));
  const auto nested = [](int levels, const std::string& before, const std::string& behind) {
    std::string text = "x";
    for (int i = 0; i < levels; ++i) text = before + text + behind;
    return "SELECT " + text + " FROM (VALUES '1') t(x)";
  };
  EXPECT_EQ(value(nested(3, "nullif(", ", '2')")), "1");
  EXPECT_TRUE(value(nested(60, "nullif(", ", '2')")).ends_with(": The expression is too large."));
  EXPECT_EQ(value(nested(2, "json_value(", ", 'lax $' DEFAULT 'a' ON EMPTY)")), "1");
  EXPECT_TRUE(value(nested(60, "json_value(", ", 'lax $' DEFAULT 'a' ON EMPTY)")).ends_with("The expression is too large."));

  const auto match = [](const std::string& pattern) {
    return value("SELECT count(*) FROM (VALUES 1, 2, 3) t(x) MATCH_RECOGNIZE (ORDER BY x MEASURES LAST(x) AS y PATTERN (" + pattern +
                 ") DEFINE A AS true)");
  };
  EXPECT_EQ(match("A (){2147483647}"), "3");
  EXPECT_EQ(match("A (() ()){1,}"), "3");
  EXPECT_TRUE(match("A{2147483647}").ends_with(": The pattern is too large."));
  EXPECT_TRUE(match("A{1,99999999999999999999}").ends_with(": Pattern quantifier upper bound must not exceed 2147483647"));
  EXPECT_TRUE(match("A{99999999999999999999}").ends_with(": Pattern quantifier lower bound must not exceed 2147483647"));
  std::string labels;
  for (int i = 0; i < 20'000; ++i) labels += " B" + std::to_string(i);
  EXPECT_TRUE(match("PERMUTE(A, A, A, A, A, A," + labels + ")").ends_with(": The pattern is too large."));
}

TEST_F(Trino, aggregates_over_long_matches) {
  const std::string from = "(SELECT x, 'row ' || CAST(x AS varchar) AS s FROM UNNEST(sequence(1, 6000)) t(x)) MATCH_RECOGNIZE (ORDER BY x ";
  EXPECT_EQ(rows("SELECT y, k, l FROM " + from +
                 "MEASURES sum(x) AS y, count(A.s) AS k, max(A.s) AS l PATTERN (A+) DEFINE A AS sum(A.x) > 0 AND max(A.s) IS NOT NULL)"),
            (Lines{"18003000|6000|row 999"}));
  EXPECT_EQ(rows("SELECT count(*), max(y), max(c) FROM " + from +
                 "MEASURES sum(A.x) AS y, array_agg(CLASSIFIER())[1] AS c ALL ROWS PER MATCH PATTERN (A B+) DEFINE B AS true)"),
            (Lines{"6000|1|A"}));
}

TEST_F(Trino, unnest) {
  EXPECT_EQ(rows("SELECT * FROM UNNEST(ARRAY[1, 2]) AS t(x)"), (Lines{"1", "2"}));
  EXPECT_EQ(rows("SELECT x, n FROM UNNEST(ARRAY['a', 'b']) WITH ORDINALITY AS t(x, n)"), (Lines{"a|1", "b|2"}));
  EXPECT_EQ(rows("SELECT * FROM UNNEST(ARRAY[1, 2], ARRAY['a']) AS t(x, y)"), (Lines{"1|a", "2|NULL"}));
  EXPECT_EQ(rows("SELECT k, v FROM UNNEST(MAP(ARRAY['a', 'b'], ARRAY[1, 2])) AS t(k, v)"), (Lines{"a|1", "b|2"}));
  EXPECT_EQ(rows("SELECT a, b FROM UNNEST(ARRAY[ROW(1, 'x'), ROW(2, 'y')]) AS t(a, b)"), (Lines{"1|x", "2|y"}));
  EXPECT_EQ(rows("SELECT id, x FROM (VALUES (1, ARRAY[5, 6]), (2, ARRAY[7])) t(id, xs) CROSS JOIN UNNEST(xs) AS u(x) "
                 "ORDER BY 1, 2"),
            (Lines{"1|5", "1|6", "2|7"}));
  EXPECT_EQ(rows("SELECT id, x FROM (VALUES (1, ARRAY[5]), (2, ARRAY[])) t(id, xs) LEFT JOIN UNNEST(xs) AS u(x) ON "
                 "true ORDER BY 1"),
            (Lines{"1|5", "2|NULL"}));
  EXPECT_EQ(rows("SELECT id, x, n FROM (VALUES (1, ARRAY[5, 6])) t(id, xs), UNNEST(xs) WITH ORDINALITY AS u(x, n)"),
            (Lines{"1|5|1", "1|6|2"}));
}

TEST_F(Trino, windows) {
  EXPECT_EQ(value("SELECT nth_value(x, 0) OVER (ORDER BY x) FROM (VALUES 1) t(x)"),
            "INVALID_FUNCTION_ARGUMENT: line 1:8: Offset must be at least 1");
  EXPECT_EQ(value("SELECT bool_and(x) FROM (VALUES NULL) t(x)"), "NULL");
  EXPECT_EQ(value("SELECT random(CAST(NULL AS bigint))"), "NULL");
  EXPECT_EQ(
      rows("SELECT x, row_number() OVER (ORDER BY x DESC), sum(x) OVER (ORDER BY x), lag(x) OVER (ORDER BY x) FROM "
           "(VALUES 1, 2, 3) t(x) ORDER BY x"),
      (Lines{"1|3|1|NULL", "2|2|3|1", "3|1|6|2"}));
  EXPECT_EQ(
      rows("SELECT last_value(x) IGNORE NULLS OVER (ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM "
           "(VALUES (1, 5), (2, NULL), (3, 7)) t(n, x) ORDER BY n"),
      (Lines{"5", "5", "7"}));
  EXPECT_EQ(rows("SELECT avg(x) OVER w, count(*) OVER w FROM (VALUES 1, 2) t(x) WINDOW w AS (ORDER BY x ROWS BETWEEN 1 "
                 "PRECEDING "
                 "AND CURRENT ROW) ORDER BY x"),
            (Lines{"1.0|1", "1.5|2"}));
  EXPECT_EQ(rows("SELECT sum(x) OVER (ORDER BY x GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM (VALUES 1, 1, 2, 3) "
                 "t(x) ORDER BY x"),
            (Lines{"2", "2", "4", "5"}));
  EXPECT_EQ(rows("SELECT rank() OVER (ORDER BY x), dense_rank() OVER (ORDER BY x), percent_rank() OVER (ORDER BY x), "
                 "cume_dist() "
                 "OVER (ORDER BY x), ntile(2) OVER (ORDER BY x) FROM (VALUES 1, 1, 2) t(x) ORDER BY x LIMIT 1"),
            (Lines{"1|1|0.0|0.6666666666666666|1"}));
  EXPECT_EQ(rows("SELECT first_value(x) OVER (ORDER BY x), nth_value(x, 2) OVER (ORDER BY x ROWS BETWEEN UNBOUNDED "
                 "PRECEDING AND "
                 "UNBOUNDED FOLLOWING), lead(x, 1, 0) OVER (ORDER BY x) FROM (VALUES 1, 2) t(x) ORDER BY x"),
            (Lines{"1|2|2", "1|2|0"}));
  EXPECT_EQ(value("SELECT rank() FROM (VALUES 1) t(x)"),
            "MISSING_OVER: line 1:8: Window function rank requires an OVER clause");
}

TEST_F(Trino, tables) {
  auto& server = bench->server;
  server.tables["dev.views"] = {
      .catalog = "awsdatacatalog",
      .database = "dev",
      .name = "views",
      .columns = {{"a", "int"}},
      .location = "s3://b/v/",
      .format = "csv",
      .view_sql =
          "/* Presto View: "
          "eyJvcmlnaW5hbFNxbCI6IlNFTEVDVCB4ICsgMSBGUk9NIChWQUxVRVMgMSkgdCh4KSIsImNhdGFsb2ciOiJhd3NkYXRhY2F0YWxvZyIsInNj"
          "aGVtYSI6ImRldiIsImNvbHVtbnMiOlt7Im5hbWUiOiJhIiwidHlwZSI6ImludGVnZXIifV19 */"};
  EXPECT_EQ(rows("SELECT a FROM awsdatacatalog.dev.views"), (Lines{"2"}));
  EXPECT_EQ(rows("SELECT v.a FROM \"views\" v"), (Lines{"2"}));
  EXPECT_EQ(rows("SELECT dev.views.a FROM dev.views"), (Lines{"2"}));
  server.tables["dev.parts"] = {.catalog = "awsdatacatalog",
                                .database = "dev",
                                .name = "parts",
                                .columns = {{"a", "int"}},
                                .partition_columns = {{"day", "date"}, {"n", "int"}},
                                .location = "s3://b/p/",
                                .format = "csv"};
  server.partitions["dev.parts"] = {{{"2024-01-02", "1"}, "s3://b/p/1/"},
                                    {{"2024-01-03", std::nullopt}, "s3://b/p/2/"}};
  EXPECT_EQ(rows("SELECT day, n FROM \"parts$partitions\" ORDER BY day DESC"),
            (Lines{"2024-01-03|NULL", "2024-01-02|1"}));
  server.system["information_schema.tables"] = {{{"awsdatacatalog", "dev", "parts", "BASE TABLE"}}};
  EXPECT_EQ(rows("SELECT table_name FROM information_schema.tables WHERE table_schema = 'dev'"), (Lines{"parts"}));
}

// Comparisons must reach the file reader as plain filters of columns, whatever the literal's type.
TEST_F(Trino, files) {
  auto& server = bench->server;
  server.tables["dev.files"] = {.catalog = "awsdatacatalog",
                                .database = "dev",
                                .name = "files",
                                .columns = {{"x", "bigint"}, {"s", "string"}, {"d", "date"}},
                                .location = "s3://b/f/",
                                .format = "parquet"};
  server.objects["s3://b/f/1"] =
      file_of("SELECT range AS x, 'v' || range AS s, DATE '2024-01-01' + CAST(range AS INTEGER) AS d FROM range(10)");
  EXPECT_EQ(rows("SELECT x, s, d FROM files WHERE x = 5"), (Lines{"5|v5|2024-01-06"}));
  EXPECT_EQ(rows("SELECT count(*) FROM files WHERE d > DATE '2024-01-08' AND s LIKE 'v%'"), (Lines{"2"}));
  for (const char* filter : {"x = 5", "s = 'v5'", "d BETWEEN DATE '2024-01-02' AND DATE '2024-01-03'", "x IN (1, 2)"}) {
    std::string plan;
    for (const auto& line : rows(std::string("EXPLAIN SELECT count(*) FROM files WHERE ") + filter))
      plan += line + "\n";
    EXPECT_NE(plan.find("Filters"), std::string::npos) << filter << "\n" << plan;
    EXPECT_EQ(plan.find("FILTER "), std::string::npos) << filter << "\n" << plan;
  }
}

}  // namespace
}  // namespace tarn::sql::engine
