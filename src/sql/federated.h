// Federated schemas: tables of a PostgreSQL server, read where they are.
//
// An engine process reaches no network. It asks the server to open the "object" that a FederatedQuery's URI names, and gets the
// rows in a file, in the text format of PostgreSQL's COPY.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tarn::sql {

// What CREATE EXTERNAL SCHEMA .. FROM POSTGRES says.
struct FederatedSource {
  std::string database, schema = "public", host;
  uint16_t port = 5432;
  std::string secret_arn;
};
std::string text_of(const FederatedSource& source);
// nullopt: it is not what text_of() makes.
std::optional<FederatedSource> federated_source_of(std::string_view text);

// ExternalTable::format of such a table.
constexpr std::string_view kFederatedFormat = "postgres";
constexpr std::string_view kFederatedScheme = "postgres:";

// The name by which the engine knows the schema: no Glue database has it.
std::string federated_database(std::string_view schema);
// The schema; nullopt: it is no name of a federated schema.
std::optional<std::string> federated_schema(std::string_view database);

// column op value, which no row that the statement needs fails. The engine looks again at what comes.
struct FederatedFilter {
  std::string column;
  std::string op;                   // "=", "<>", "<", "<=", ">", ">=", "IN", "IS NULL", "IS NOT NULL"
  std::vector<std::string> values;  // as text
};
struct FederatedQuery {
  std::string schema, table;         // the external schema and its table
  std::vector<std::string> columns;  // none: the rows are only counted
  std::vector<FederatedFilter> filters;
};
std::string uri_of(const FederatedQuery& query);
// ERRORS: SqlError: the URI is not one of uri_of().
Result<FederatedQuery> federated_query_of(std::string_view uri);

}  // namespace tarn::sql
