// The recogniser decides which statements never reach the engine; a wrong guess runs something else than was written.
// The statements of the first workflow stand here as people write them.
#include "sql/stmt_redshift.h"

#include <gtest/gtest.h>

#include "sql/sql_error.h"

namespace tarn::sql {
namespace {

Result<Statement> recognised(std::string_view sql) {
  const auto all = split_statements(sql);
  if (!all) return Failure(all.error());
  EXPECT_EQ(all->size(), 1u) << sql;
  return recognise_redshift(all->front());
}

template <class T>
T as(std::string_view sql) {
  auto statement = recognised(sql);
  EXPECT_TRUE(statement) << sql << ": " << (statement ? "" : statement.error().message);
  if (!statement) return T{};
  EXPECT_TRUE(std::holds_alternative<T>(*statement)) << sql << " is kind " << statement->index();
  return std::holds_alternative<T>(*statement) ? std::get<T>(*statement) : T{};
}

TEST(StmtRedshift, ExternalSchema) {
  const auto schema = as<CreateExternalSchema>(
      "CREATE external schema redshift_spectrum\n    FROM data catalog\n    DATABASE dev\n    IAM_ROLE "
      "'arn:aws:iam::321942852011:role/service-role/AmazonRedshift-CommandsAccessRole'\n"
      "    CREATE external database if NOT exists;");
  EXPECT_EQ(schema.name, "redshift_spectrum");
  EXPECT_EQ(schema.database, "dev");
  EXPECT_TRUE(schema.create_database);
  EXPECT_FALSE(schema.if_not_exists);
  ASSERT_EQ(schema.role.arns.size(), 1u);
  EXPECT_TRUE(as<CreateExternalSchema>("create external schema s from data catalog database 'D' iam_role default")
                  .role.is_default);
  const auto drop = as<DropSchema>("DROP SCHEMA IF EXISTS a, b DROP EXTERNAL DATABASE CASCADE");
  EXPECT_EQ(drop.names, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(drop.cascade && drop.drop_external_database && drop.if_exists);
}

TEST(StmtRedshift, ExternalTable) {
  const auto table = as<CreateExternalTable>(
      "CREATE EXTERNAL TABLE redshift_spectrum.occ (gbifid VARCHAR(max), _order varchar(10), n INT, lat DOUBLE "
      "PRECISION, e "
      "TIMESTAMP, d DECIMAL(8,2), i SUPER, a array<struct<x:int,y:array<string>>>)\n"
      "PARTITIONED BY (year int, \"Month\" char(2)) STORED AS PARQUET LOCATION 's3://b/p/' TABLE PROPERTIES "
      "('numRows'='10')");
  ASSERT_EQ(table.columns.size(), 8u);
  const std::string_view types[] = {"varchar(65535)", "varchar(10)",  "int",   "double",
                                    "timestamp",      "decimal(8,2)", "super", "array<struct<x:int,y:array<string>>>"};
  for (size_t i = 0; i < 8; ++i) EXPECT_EQ(table.columns[i].type, types[i]);
  EXPECT_EQ(table.partition_columns[1].name, "month");
  EXPECT_EQ(table.partition_columns[1].type, "char(2)");
  EXPECT_EQ(table.serde, "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe");
  EXPECT_EQ(table.location, "s3://b/p/");
  EXPECT_EQ(table.table_properties.at(0).second, "10");

  const auto text = as<CreateExternalTable>(
      "create external table s.t (a int) row format delimited fields terminated by '\\t' stored as textfile location "
      "'s3://b/t'"
      " table properties ('skip.header.line.count'='1')");
  EXPECT_EQ(text.serde_properties.at(0), (std::pair<std::string, std::string>("field.delim", "\t")));
  const auto serde = as<CreateExternalTable>(
      "create external table s.t (a int) row format serde 'org.openx.data.jsonserde.JsonSerDe' with serdeproperties "
      "('ignore.malformed.json'='true') location 's3://b/t'");
  EXPECT_EQ(serde.serde, "org.openx.data.jsonserde.JsonSerDe");
  const auto add = as<AddPartitions>(
      "ALTER TABLE s.t ADD IF NOT EXISTS PARTITION (y=2024, m='11') LOCATION 's3://b/1/' PARTITION (y=2024, m='12') "
      "LOCATION 's3://b/2/'");
  ASSERT_EQ(add.partitions.size(), 2u);
  EXPECT_EQ(add.partitions[1].values[1].second, "12");
  EXPECT_EQ(as<DropPartition>("alter table s.t drop partition (y=1)").partition.values.size(), 1u);
}

TEST(StmtRedshift, Unload) {
  const auto unload = as<Unload>(
      "UNLOAD (\n 'SELECT * FROM t WHERE a = \\'x\\' AND b = ''y'' ORDER BY 1')\n TO 's3://b/out/counts_'\n IAM_role "
      "DEFAULT\n"
      " FORMAT AS PARQUET\n -- CSV DELIMITER AS '\\t'\n PARALLEL OFF");
  EXPECT_EQ(unload.request.sql, "SELECT * FROM t WHERE a = 'x' AND b = 'y' ORDER BY 1");
  EXPECT_EQ(unload.request.uri, "s3://b/out/counts_");
  EXPECT_TRUE(unload.role.is_default);
  EXPECT_EQ(unload.request.format, FileFormat::kParquet);
  EXPECT_FALSE(unload.request.parallel);

  const auto csv = as<Unload>(
      "UNLOAD ($$SELECT 'a;b'$$) TO 's3://b/p' IAM_ROLE 'arn:aws:iam::1:role/r' CSV DELIMITER AS '\\t' HEADER "
      "MAXFILESIZE 1 gb GZIP ALLOWOVERWRITE MANIFEST VERBOSE PARTITION BY (a, b) INCLUDE EXTENSION 'tsv.gz'");
  EXPECT_EQ(csv.request.format, FileFormat::kCsv);
  EXPECT_EQ(csv.request.delimiter, "\t");
  EXPECT_EQ(csv.request.max_file_size, 1ull << 30);
  EXPECT_EQ(csv.request.partition_by, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(csv.request.include_partition_columns && csv.request.manifest && csv.manifest_verbose &&
              csv.allow_overwrite);
  EXPECT_EQ(as<Unload>("unload ('select 1') to 's3://b/p' iam_role default").request.delimiter, "|");
}

TEST(StmtRedshift, Copy) {
  const auto shape =
      as<Copy>("COPY county FROM 's3://b/county.shp'\nFORMAT SHAPEFILE\nSIMPLIFY AUTO\nIAM_role DEFAULT");
  EXPECT_EQ(shape.request.format, FileFormat::kShapefile);
  EXPECT_EQ(shape.request.simplify_tolerance, 0);
  const auto csv = as<Copy>(
      "COPY dev.public.t (a, b) FROM 's3://b/f.csv' IAM_ROLE default FORMAT AS CSV DELIMITER ';' QUOTE AS '%' "
      "IGNOREHEADER 1 NULL AS '' MAXERROR 5 REGION AS 'us-east-1' TRIMBLANKS");
  EXPECT_EQ(csv.request.columns.size(), 2u);
  EXPECT_EQ(csv.request.delimiter, ";");
  EXPECT_EQ(csv.request.quote, "%");
  EXPECT_EQ(csv.request.ignore_header, 1);
  EXPECT_EQ(csv.request.max_error, 5);
  EXPECT_TRUE(csv.request.trim_blanks);
  EXPECT_EQ(as<Copy>("copy t from 's3://b/f' iam_role default json 'auto'").request.json_paths, "auto");
  EXPECT_EQ(as<Copy>("copy t from 's3://b/f' iam_role default format csv").request.delimiter, ",");
  EXPECT_EQ(as<Copy>("copy t from 's3://b/f' credentials 'aws_iam_role=arn:aws:iam::1:role/r' delimiter '\\t' gzip")
                .role.arns.size(),
            1u);
}

TEST(StmtRedshift, ShowAndSet) {
  const auto tables = as<Show>("SHOW TABLES FROM SCHEMA dev.public LIKE '%_2024_11_01'");
  EXPECT_EQ(tables.of.schema, "dev");
  EXPECT_EQ(tables.of.name, "public");
  EXPECT_EQ(tables.like, "%_2024_11_01");
  EXPECT_EQ(as<Show>("SHOW SCHEMAS FROM DATABASE dev LIMIT 3").limit, 3);
  EXPECT_EQ(as<Show>("show columns from table dev.public.t").of.name, "t");
  EXPECT_EQ(as<ShowVariable>("SHOW search_path").name, "search_path");
  EXPECT_EQ(as<SetVariable>("SET search_path TO a, 'b', \"C\"").value, "a, b, C");
  EXPECT_EQ(as<SetVariable>("set statement_timeout = 1000").value, "1000");
  EXPECT_EQ(as<SetVariable>("set time zone 'UTC'").name, "timezone");
}

TEST(StmtRedshift, Grants) {
  const auto grant =
      as<Grant>("GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO IAMR:bison_redshift_lambda_role, GROUP g");
  EXPECT_EQ(grant.object_kind, "TABLE");
  EXPECT_TRUE(grant.all_in_schema);
  ASSERT_EQ(grant.privileges.size(), 2u);
  EXPECT_EQ(grant.privileges[1].name, "INSERT");
  ASSERT_EQ(grant.grantees.size(), 2u);
  EXPECT_EQ(grant.grantees[0].name, "IAMR:bison_redshift_lambda_role");
  const auto quoted = as<Grant>("grant usage on schema redshift_spectrum to \"IAMR:a-b\"");
  EXPECT_EQ(quoted.grantees[0].name, "IAMR:a-b");
  EXPECT_EQ(as<Grant>("GRANT ALL ON t TO PUBLIC").grantees[0].kind, Grantee::Kind::kPublic);
  EXPECT_FALSE(as<Grant>("REVOKE ALL PRIVILEGES ON TABLE a.b FROM u").grant);
}

TEST(StmtRedshift, Routines) {
  const auto function = as<CreateFunction>(
      "CREATE OR REPLACE FUNCTION f_current_datestr ()\n    RETURNS VARCHAR\nSTABLE AS\n$$\n select "
      "SPLIT_PART(CURRENT_DATE, '-', 1);\n$$ LANGUAGE sql;");
  EXPECT_TRUE(function.or_replace);
  EXPECT_EQ(function.volatility, "STABLE");
  const auto procedure = as<CreateProcedure>(
      "CREATE OR REPLACE PROCEDURE public.sp(this_date OUT VARCHAR, INOUT b int, c timestamp with time zone, double "
      "precision)\nLANGUAGE plpgsql\nAS $$\nBEGIN NULL; END;\n$$");
  ASSERT_EQ(procedure.arguments.size(), 4u);
  EXPECT_EQ(procedure.arguments[0].name, "this_date");
  EXPECT_EQ(procedure.arguments[0].mode, Argument::Mode::kOut);
  EXPECT_EQ(procedure.arguments[1].mode, Argument::Mode::kInOut);
  EXPECT_EQ(procedure.arguments[2].type.name, "timestamptz");
  EXPECT_EQ(procedure.arguments[3].name, "");
  const auto call = as<CallProcedure>("CALL public.sp('a, b', f(1, 2), x)");
  EXPECT_EQ(call.arguments, (std::vector<std::string>{"'a, b'", "f(1, 2)", "x"}));
  EXPECT_TRUE(as<CallProcedure>("call p()").arguments.empty());
  EXPECT_EQ(as<DropRoutine>("drop procedure if exists p(int, out varchar)").argument_types->size(), 1u);
}

TEST(StmtRedshift, GrantsOfColumnsRolesAndUsers) {
  const auto grant = as<Grant>("GRANT SELECT (a, b), UPDATE ON TABLE s.t, u TO IAMR:my-role, GROUP g, ROLE r, PUBLIC");
  EXPECT_EQ(grant.object_kind, "TABLE");
  ASSERT_EQ(grant.privileges.size(), 2u);
  EXPECT_EQ(grant.privileges[0].columns, (std::vector<std::string>{"a", "b"}));
  ASSERT_EQ(grant.grantees.size(), 4u);
  EXPECT_EQ(grant.grantees[0].name, "IAMR:my-role");
  EXPECT_EQ(grant.grantees[2].kind, Grantee::Kind::kRole);
  EXPECT_TRUE(as<Grant>("GRANT ALL ON ALL TABLES IN SCHEMA s TO u WITH GRANT OPTION").with_grant_option);
  EXPECT_EQ(as<Grant>("GRANT SELECT ON schema TO u").object_kind, "TABLE");  // a table of that name
  EXPECT_EQ(as<Grant>("REVOKE EXECUTE ON FUNCTION f(int, varchar(3)) FROM u").signatures[0],
            (std::vector<std::string>{"integer", "character varying(3)"}));
  EXPECT_TRUE(as<Grant>("GRANT CREATE USER, DROP ROLE TO ROLE r").object_kind.empty());
  EXPECT_TRUE(as<GrantRole>("GRANT ROLE a, ROLE b TO u WITH ADMIN OPTION").with_admin_option);
  EXPECT_EQ(as<DefaultPrivileges>("ALTER DEFAULT PRIVILEGES FOR USER u IN SCHEMA s REVOKE ALL ON TABLES FROM PUBLIC").schemas,
            std::vector<std::string>{"s"});
  const auto user = as<CreateUser>("CREATE USER Ann WITH PASSWORD 'Secret12' CREATEDB IN GROUP g VALID UNTIL '2030-01-01'");
  EXPECT_EQ(user.name, "ann");
  EXPECT_EQ(user.options.in_groups, std::vector<std::string>{"g"});
  EXPECT_EQ(as<CreateUser>("CREATE USER \"IAM:Ann\" PASSWORD DISABLE").name, "IAM:Ann");
}

TEST(StmtRedshift, Views) {
  EXPECT_EQ(as<CreateView>("CREATE VIEW v (x) AS SELECT 1 WITH NO SCHEMA BINDING").query, "SELECT 1");
  EXPECT_FALSE(as<CreateView>("CREATE OR REPLACE VIEW v AS SELECT 1").late);
  const auto view = as<CreateMaterializedView>("CREATE MATERIALIZED VIEW m DISTKEY (a) AUTO REFRESH YES AS SELECT 1 AS a");
  EXPECT_EQ(view.attributes, " DISTKEY (a)");
  EXPECT_TRUE(view.auto_refresh);
  EXPECT_EQ(as<Comment>("COMMENT ON COLUMN s.t.c IS NULL").column, "c");
  EXPECT_EQ(as<ExternalTableAs>("CREATE EXTERNAL TABLE s.t PARTITIONED BY (d) STORED AS PARQUET LOCATION 's3://b/p' AS SELECT 1")
                .table.partition_columns[0]
                .name,
            "d");
}

TEST(StmtRedshift, SmallOnes) {
  EXPECT_EQ(as<Transaction>("START TRANSACTION ISOLATION LEVEL SERIALIZABLE READ ONLY").kind,
            Transaction::Kind::kBegin);
  EXPECT_EQ(as<Transaction>("END").kind, Transaction::Kind::kCommit);
  EXPECT_EQ(as<Transaction>("abort work").kind, Transaction::Kind::kRollback);
  EXPECT_EQ(as<Prepare>("PREPARE p (int, varchar(3)) AS SELECT $1").statement, "SELECT $1");
  EXPECT_EQ(as<ExecutePrepared>("EXECUTE p (1, 'x')").arguments.size(), 2u);
  EXPECT_EQ(as<DeclareCursor>("declare c cursor for select 1").query, "select 1");
  EXPECT_FALSE(as<FetchCursor>("fetch all from c").count.has_value());
  EXPECT_EQ(as<FetchCursor>("fetch forward 5 from c").count, 5);
  EXPECT_EQ(as<FetchCursor>("fetch 5 in c").count, 5);
  EXPECT_EQ(as<Maintain>("VACUUM FULL s.t TO 50 PERCENT BOOST").table->name, "t");
  EXPECT_FALSE(as<Maintain>("vacuum delete only").table.has_value());
  EXPECT_EQ(as<Maintain>("ANALYZE VERBOSE t (a, b)").columns.size(), 2u);
  EXPECT_EQ(as<Maintain>("analyze t predicate columns").kind, "ANALYZE");
  as<EngineStatement>("with a as (select 1) select * from a");
  as<EngineStatement>("CREATE TABLE t (a int)");
  as<EngineStatement>("ALTER TABLE t ADD COLUMN c int");
}

TEST(StmtRedshift, Errors) {
  struct Case {
    std::string_view sql, state, message, position;
  };
  const Case cases[] = {
      {"selec 1", "42601", "syntax error at or near \"selec\"", "1"},
      {"CREATE EXTERNAL SCHEMA s FROM data catalog DATABSE dev", "42601", "syntax error at or near \"DATABSE\"", "44"},
      {"UNLOAD ('select 1') TO 's3://b/p' IAM_ROLE default PARALEL OFF", "42601", "syntax error at or near \"PARALEL\"",
       "52"},
      {"UNLOAD ('select 1') TO 's3://b/p'", "42601",
       "UNLOAD needs an authorisation: IAM_ROLE default or IAM_ROLE 'arn'", "34"},
      {"UNLOAD ('select 1') TO 's3://b/p' IAM_ROLE default PARQUET DELIMITER ','", "22023",
       "DELIMITER is not supported for UNLOAD to PARQUET", ""},
      {"CREATE MODEL m FROM t", "0A000", "CREATE MODEL is not supported yet", "8"},
      {"CREATE FUNCTION f() RETURNS int STABLE AS $$ return 1 $$ LANGUAGE plpythonu", "0A000",
       "LANGUAGE plpythonu is not supported: Amazon Redshift ended Python functions; write LANGUAGE sql", "67"},
      {"COPY t FROM 's3://b/k' IAM_ROLE default FORMAT AS ORC", "0A000", "COPY FORMAT ORC is not supported yet", "51"},
      {"COMMENT ON FUNCTION f() IS 'x'", "0A000", "COMMENT ON FUNCTION is not supported yet", "21"},
      {"CREATE USER u PASSWORD", "42601", "syntax error at end of input", "23"},
      {"GRANT SELECT ON t", "42601", "syntax error at end of input", "18"},
      {"GRANT ROLE r", "42601", "syntax error at end of input", "13"},
      {"CALL p", "42601", "syntax error at end of input", "7"},
  };
  for (const Case& c : cases) {
    const auto statement = recognised(c.sql);
    ASSERT_FALSE(statement) << c.sql;
    EXPECT_EQ(statement.error().message, c.message) << c.sql;
    EXPECT_EQ(sqlstate_of(statement.error()), c.state) << c.sql;
    EXPECT_EQ(error_member(statement.error(), "position"), c.position) << c.sql;
  }
}

TEST(StmtRedshift, NestingHasAnEnd) {
  std::string deep = "CREATE EXTERNAL TABLE s.t (a ";
  for (int i = 0; i < 30000; ++i) deep += "array<";
  const auto statement = recognised(deep + "int");
  ASSERT_FALSE(statement);
  EXPECT_EQ(sqlstate_of(statement.error()), "54001");
}

TEST(StmtRedshift, ChangesOfColumns) {
  EXPECT_TRUE(as<ChangeColumn>("ALTER TABLE s.t DROP COLUMN c CASCADE").cascade);
  EXPECT_EQ(as<ChangeColumn>("ALTER TABLE t DROP c RESTRICT").column, "c");
  EXPECT_EQ(as<ChangeColumn>("ALTER TABLE t RENAME COLUMN a TO b").to, "b");
  EXPECT_EQ(as<ChangeColumn>("ALTER TABLE t ALTER COLUMN a TYPE CHARACTER VARYING(30)").length, 30);
  EXPECT_EQ(as<EncodeColumns>("ALTER TABLE t ALTER COLUMN a ENCODE lzo, ALTER COLUMN b ENCODE zstd").encodings.size(),
            2u);
  const auto design = as<AlterDesign>("ALTER TABLE t ALTER COMPOUND SORTKEY (a, b), ALTER DISTSTYLE KEY DISTKEY c");
  EXPECT_EQ(design.sortkey, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(design.distkey, "c");
  EXPECT_EQ(design.diststyle, "KEY");
  EXPECT_TRUE(as<AlterMaterializedView>("ALTER TABLE m ALTER AUTOREFRESH = TRUE").auto_refresh);
  EXPECT_EQ(as<RenameRoutine>("ALTER FUNCTION f(int) RENAME TO g").to, "g");
  as<EngineStatement>("ALTER TABLE t ADD PRIMARY KEY (a)");
}

}  // namespace
}  // namespace tarn::sql
