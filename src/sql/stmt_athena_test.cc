// Athena's own statements: what each text says, what is refused, and where; Hive's types in Trino's words and back.
#include "sql/stmt_athena.h"

#include <gtest/gtest.h>

#include "sql/sql_error.h"

namespace tarn::sql::athena {
namespace {

template <class T>
T parsed(std::string_view text) {
  auto recognised = recognise(text);
  if (!recognised) {
    ADD_FAILURE() << text << ": " << recognised.error().message;
    return {};
  }
  if (!std::holds_alternative<T>(recognised->statement)) {
    ADD_FAILURE() << text << " is another statement";
    return {};
  }
  return std::get<T>(std::move(recognised->statement));
}

std::string shown(const Name& name) {
  return name.catalog + "|" + name.database + "|" + name.name;
}

TEST(StmtAthena, KindsOfStatements) {
  struct Case {
    std::string_view text, type, substatement;
  };
  constexpr Case kCases[] = {
      {"select 1;", "DML", "SELECT"},
      {"/* c */ WITH a AS (SELECT 1) SELECT * FROM a", "DML", "SELECT"},
      {"(SELECT 1) UNION SELECT 2", "DML", "SELECT"},
      {"VALUES 1", "DML", "SELECT"},
      {"EXPLAIN SELECT 1", "UTILITY", "EXPLAIN"},
      {"CREATE TABLE t AS SELECT 1 AS a", "DDL", "CREATE_TABLE_AS_SELECT"},
      {"CREATE TABLE t WITH (format='PARQUET') AS WITH x AS (SELECT 1 AS a) SELECT * FROM x", "DDL",
       "CREATE_TABLE_AS_SELECT"},
      {"CREATE EXTERNAL TABLE t (a int) LOCATION 's3://b/'", "DDL", "CREATE_TABLE"},
      {"CREATE OR REPLACE VIEW v AS SELECT 1 AS a", "DDL", "CREATE_VIEW"},
      {"INSERT INTO t VALUES (1)", "DML", "INSERT"},
      {"UNLOAD (SELECT 1) TO 's3://b/' WITH (format='JSON')", "DML", "UNLOAD"},
      {"MSCK REPAIR TABLE t", "DDL", "MSCK_REPAIR_TABLE"},
      {"SHOW VIEWS IN d LIKE 'x*'", "UTILITY", "SHOW_VIEWS"},
      {"SHOW CREATE VIEW v", "UTILITY", "SHOW_CREATE_VIEW"},
      {"DESC t", "UTILITY", "DESCRIBE_TABLE"},
      {"ALTER TABLE t DROP PARTITION (a=1)", "DDL", "ALTER_TABLE_DROP_PARTITION"},
      {"EXECUTE p USING 1", "DML", "EXECUTE"},
  };
  for (const Case& each : kCases) {
    const auto recognised = recognise(each.text);
    ASSERT_TRUE(recognised) << each.text << ": " << recognised.error().message;
    EXPECT_EQ(recognised->type, each.type) << each.text;
    EXPECT_EQ(recognised->substatement, each.substatement) << each.text;
  }
}

TEST(StmtAthena, NamesInAllQuotes) {
  EXPECT_EQ(shown(parsed<DropTable>("DROP TABLE IF EXISTS `Db.T`").table), "|db|t");
  EXPECT_EQ(shown(parsed<DropTable>("DROP TABLE `a`.`b-c`").table), "|a|b-c");
  EXPECT_EQ(shown(parsed<DropTable>("DROP TABLE cat.\"d.e\".t").table), "cat|d.e|t");
  EXPECT_FALSE(recognise("DROP TABLE a.b.c.d"));
}

TEST(StmtAthena, ATable) {
  const auto table = parsed<CreateTable>(
      "CREATE EXTERNAL TABLE d.t (a INTEGER COMMENT 'it''s', b array<struct<x:int,y:map<string,decimal(10, 2)>>>) "
      "PARTITIONED BY (p date) CLUSTERED BY (a) INTO 4 BUCKETS "
      "ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' "
      "LOCATION 's3://b/t/' TBLPROPERTIES ('skip.header.line.count'='1')");
  ASSERT_EQ(table.columns.size(), 2u);
  EXPECT_EQ(table.columns[0].type, "int");
  EXPECT_EQ(table.columns[0].comment, "it's");
  EXPECT_EQ(table.columns[1].type, "array<struct<x:int,y:map<string,decimal(10,2)>>>");
  EXPECT_EQ(table.partition_columns[0].type, "date");
  EXPECT_EQ(table.buckets, 4);
  const Properties expected = {{"serialization.format", "\t"}, {"field.delim", "\t"}, {"escape.delim", "\\"}};
  EXPECT_EQ(table.serde_properties, expected);
  EXPECT_EQ(table.table_properties[0].second, "1");
}

TEST(StmtAthena, ParenthesesThatDoNotMatch) {
  EXPECT_EQ(recognise("SELECT (1").error().message, "mismatched input '<EOF>'. Expecting: ')'");
  EXPECT_EQ(recognise("SELECT 1)").error().message, "mismatched input ')'");
  EXPECT_TRUE(recognise("SELECT '(' || \")\" FROM t -- ("));
}

TEST(StmtAthena, EscapesOfHive) {
  const auto table = parsed<CreateTable>(
      R"(CREATE EXTERNAL TABLE t (a int COMMENT 'it''s \\d \q\% \u00e9') ROW FORMAT DELIMITED FIELDS TERMINATED BY '\u0001' )"
      R"(ESCAPED BY '\001' LOCATION 's3://b/t/')");
  EXPECT_EQ(table.columns[0].comment, "it's \\d q\\% \xC3\xA9");
  const Properties expected = {{"serialization.format", "\x01"}, {"field.delim", "\x01"}, {"escape.delim", "\x01"}};
  EXPECT_EQ(table.serde_properties, expected);
}

TEST(StmtAthena, StringsInDoubleQuotes) {
  const auto table = parsed<CreateTable>(
      R"(CREATE EXTERNAL TABLE t (`a` int COMMENT "it's") ROW FORMAT DELIMITED FIELDS TERMINATED BY "\t" )"
      R"(LOCATION "s3://b/t/" TBLPROPERTIES ("skip.header.line.count"="1", 'x'="y"))");
  EXPECT_EQ(table.columns[0].comment, "it's");
  EXPECT_EQ(table.location, "s3://b/t/");
  const Properties expected = {{"skip.header.line.count", "1"}, {"x", "y"}};
  EXPECT_EQ(table.table_properties, expected);
}

TEST(StmtAthena, ATableOfAQuery) {
  const auto table = parsed<CreateTableAs>(
      "CREATE TABLE IF NOT EXISTS t WITH (partitioned_by = ARRAY['a', 'b'], external_location = 's3://x/', n = 3) "
      "AS SELECT ';' AS s, 1 AS a, 2 AS b WITH NO DATA");
  EXPECT_TRUE(table.if_not_exists);
  EXPECT_FALSE(table.with_data);
  EXPECT_EQ(table.query, "SELECT ';' AS s, 1 AS a, 2 AS b");
  EXPECT_EQ(table.properties[0].second, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(table.properties[2].second, (std::vector<std::string>{"3"}));
}

TEST(StmtAthena, Arguments) {
  const auto execute = parsed<Execute>("EXECUTE p USING 'a,b', f(1, 2), -3");
  EXPECT_EQ(execute.arguments, (std::vector<std::string>{"'a,b'", "f(1, 2)", "-3"}));
  EXPECT_EQ(*with_arguments("SELECT '?' || ? WHERE a = ?", {"'x'", "1"}), "SELECT '?' || 'x' WHERE a = 1");
  EXPECT_EQ(sqlstate_of(with_arguments("SELECT ?", {}).error()), kInvalidParameter);
}

TEST(StmtAthena, ChangesOfRows) {
  const auto deleted = std::get<DeleteRows>(recognise("DELETE FROM db.t WHERE a IN (SELECT b FROM s) -- why")->statement);
  EXPECT_EQ(deleted.table.database, "db");
  EXPECT_EQ(deleted.where, "a IN (SELECT b FROM s)");
  const auto updated = std::get<UpdateRows>(
      recognise("UPDATE t SET a = f(1, 2), \"B\" = CASE WHEN x THEN 1 ELSE 2 END WHERE c = 'where'")->statement);
  ASSERT_EQ(updated.set.size(), 2u);
  EXPECT_EQ(updated.set[0].value, "f(1, 2)");
  EXPECT_EQ(updated.set[1].column, "b");
  EXPECT_EQ(updated.set[1].value, "CASE WHEN x THEN 1 ELSE 2 END");
  EXPECT_EQ(updated.where, "c = 'where'");
  const auto merged = std::get<Merge>(
      recognise("MERGE INTO t AS x USING (SELECT 1 AS on_, 2) s (a, b) ON x.a = s.a WHEN MATCHED AND CASE WHEN s.b > 1 THEN "
                "true END THEN UPDATE SET x.b = CASE WHEN s.a = 1 THEN 2 END, c = 3 WHEN MATCHED THEN DELETE "
                "WHEN NOT MATCHED THEN INSERT (a, b) VALUES (s.a, 'x')")
          ->statement);
  EXPECT_EQ(merged.alias, "x");
  EXPECT_EQ(merged.source, "(SELECT 1 AS on_, 2) s (a, b)");
  EXPECT_EQ(merged.on, "x.a = s.a");
  ASSERT_EQ(merged.clauses.size(), 3u);
  EXPECT_EQ(merged.clauses[0].condition, "CASE WHEN s.b > 1 THEN true END");
  EXPECT_EQ(merged.clauses[0].set[0].value, "CASE WHEN s.a = 1 THEN 2 END");
  EXPECT_EQ(merged.clauses[0].set[1].value, "3");
  EXPECT_EQ(merged.clauses[1].action, MergeClause::Action::kDelete);
  EXPECT_EQ(merged.clauses[2].set[1].column, "b");
  EXPECT_EQ(merged.clauses[2].set[1].value, "'x'");
}

TEST(StmtAthena, WhatIsNone) {
  struct Case {
    std::string_view text, state, position;
  };
  constexpr Case kCases[] = {
      {"", kSyntaxError, "1"},
      {";", kSyntaxError, "1"},
      {"SELEC 1", kSyntaxError, "1"},
      {"SELECT 1; SELECT 2", kSyntaxError, "9"},
      {"CREATE EXTERNAL TABLE t (a int", kSyntaxError, "31"},
      {"CREATE EXTERNAL TABLE t (a int, a int) LOCATION 's3://b/'", "42701", "33"},
      {"DROP TABLE", kSyntaxError, "11"},
      {"TRUNCATE t", kNotSupported, "1"},
      {"SHOW ROLES", kNotSupported, "6"},
      {"UPDATE t SET a", kSyntaxError, "15"},
      {"DELETE t", kSyntaxError, "8"},
      {"MERGE INTO t USING s ON a = b", kSyntaxError, "30"},
      {"OPTIMIZE t REWRITE DATA", kSyntaxError, "24"},
      {"INSERT INTO t", kSyntaxError, "14"},
      {"UNLOAD SELECT 1", kSyntaxError, "8"},
      {"DESCRIBE 'x", kSyntaxError, "10"},
  };
  for (const Case& each : kCases) {
    const auto recognised = recognise(each.text);
    ASSERT_FALSE(recognised) << each.text;
    EXPECT_EQ(sqlstate_of(recognised.error()), each.state) << each.text << ": " << recognised.error().message;
    EXPECT_EQ(error_member(recognised.error(), "position"), each.position) << each.text;
  }
}

TEST(StmtAthena, TypesBothWays) {
  constexpr std::pair<std::string_view, std::string_view> kCases[] = {
      {"int", "integer"},
      {"string", "varchar"},
      {"varchar(10)", "varchar(10)"},
      {"decimal(10,2)", "decimal(10,2)"},
      {"array<map<string,int>>", "array(map(varchar, integer))"},
      {"struct<a:int,b:array<string>>", "row(\"a\" integer, \"b\" array(varchar))"},
      {"timestamp", "timestamp(3)"},
      {"binary", "varbinary"},
      {"float", "real"},
  };
  for (const auto& [hive, trino] : kCases) {
    EXPECT_EQ(trino_type(hive), trino);
    EXPECT_EQ(hive_type_of(trino), hive);
  }
  EXPECT_EQ(hive_type_of("row(a integer, b varchar)"), "struct<a:int,b:string>");
}

TEST(StmtAthena, LinesAndColumns) {
  EXPECT_EQ(line_and_column("SELECT *\nFROM t", 15), "line 2:6");
  EXPECT_EQ(line_and_column("x", 1), "line 1:1");
}

}  // namespace
}  // namespace tarn::sql::athena
