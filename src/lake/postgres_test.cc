// What is said about PostgreSQL servers without asking one: URLs, types, patterns, and the questions of federated tables.
#include "lake/postgres.h"

#include <gtest/gtest.h>

namespace tarn::lake {
namespace {

TEST(Postgres, JdbcUrls) {
  const auto source = parse_jdbc_url("jdbc:postgresql://db.example.com:6543/sales?ssl=true");
  ASSERT_TRUE(source);
  EXPECT_EQ(source->host, "db.example.com");
  EXPECT_EQ(source->port, 6543);
  EXPECT_EQ(source->database, "sales");
  EXPECT_EQ(parse_jdbc_url("jdbc:postgresql://h/d")->port, 5432);
  EXPECT_EQ(parse_jdbc_url("jdbc:postgresql://[::1]:5433/d")->host, "::1");
  for (const char* bad :
       {"", "jdbc:mysql://h:1/d", "jdbc:postgresql://h:1", "jdbc:postgresql://h:1/", "jdbc:postgresql:///d",
        "jdbc:postgresql://h:0/d", "jdbc:postgresql://h:x/d", "jdbc:postgresql://:5432/d"})
    EXPECT_FALSE(parse_jdbc_url(bad)) << bad;
}

TEST(Postgres, Types) {
  const struct {
    const char *postgres, *glue, *redshift;
  } cases[] = {
      {"smallint", "smallint", "smallint"},
      {"integer", "int", "int"},
      {"bigint", "bigint", "bigint"},
      {"real", "float", "float"},
      {"double precision", "double", "double"},
      {"boolean", "boolean", "boolean"},
      {"numeric(12,3)", "decimal(12,3)", "decimal(12,3)"},
      {"numeric", "decimal(38,18)", "decimal(38,10)"},
      {"numeric(60,2)", "decimal(38,18)", "varchar(65535)"},
      {"character varying(20)", "string", "varchar(20)"},
      {"character varying", "string", "varchar(65535)"},
      {"character(3)", "string", "char(3)"},
      {"text", "string", "varchar(65535)"},
      {"date", "date", "date"},
      {"timestamp without time zone", "timestamp", "timestamp"},
      {"timestamp(3) without time zone", "timestamp", "timestamp"},
      {"timestamp with time zone", "timestamp", "timestamptz"},
      {"time without time zone", "string", "varchar(65535)"},
      {"interval", "string", "varchar(65535)"},
      {"jsonb", "string", "varchar(65535)"},
      {"uuid", "string", "varchar(65535)"},
      {"bytea", "binary", "varchar(65535)"},
      {"integer[]", "array<int>", "varchar(65535)"},
  };
  for (const auto& each : cases) {
    EXPECT_EQ(glue_type_of(each.postgres), each.glue) << each.postgres;
    EXPECT_EQ(redshift_type_of(each.postgres), each.redshift) << each.postgres;
  }
}

TEST(Postgres, PatternsOfLike) {
  EXPECT_EQ(like_pattern("a_b%c\\"), "a\\_b\\%c\\\\");
  EXPECT_EQ(like_pattern("a_b%", true), "a\\_b%");
}

// No path of a socket on this machine, no list of hosts.
TEST(Postgres, ConnectsToHostsOnly) {
  for (const char* host : {"", "/var/run/postgresql", "@abstract", "a,b"}) {
    const auto made = Postgres::connect({.host = host, .database = "d", .user = "u", .password = "p"});
    ASSERT_FALSE(made);
    EXPECT_NE(made.error().message.find("is no host name"), std::string::npos) << made.error().message;
  }
}

TEST(Federated, QueriesKeepTheirForm) {
  const sql::FederatedQuery query{"pg", "t\"x", {"a", "b'"}, {{"a", "IN", {"1", "2"}}, {"b'", "IS NULL", {}}}};
  const auto read = sql::federated_query_of(sql::uri_of(query));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->table, "t\"x");
  EXPECT_EQ(read->columns, query.columns);
  ASSERT_EQ(read->filters.size(), 2u);
  EXPECT_EQ(read->filters[0].values, query.filters[0].values);
  EXPECT_FALSE(sql::federated_query_of("s3://bucket/key"));
  // Operators reach the other server as they are.
  const sql::FederatedQuery evil{"pg", "t", {}, {{"a", "= 1; DROP TABLE x; --", {"1"}}}};
  EXPECT_FALSE(sql::federated_query_of(sql::uri_of(evil)));
}

TEST(Federated, SourcesKeepTheirForm) {
  const auto read = sql::federated_source_of(sql::text_of({"db", "sales", "host", 6000, "arn:x"}));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->schema, "sales");
  EXPECT_EQ(read->port, 6000);
  EXPECT_FALSE(sql::federated_source_of(""));
}

}  // namespace
}  // namespace tarn::lake
