// PostgreSQL as a source of tables: for crawlers' JDBC targets and Redshift's federated schemas.
//
// Whom it reads as is always said by a Glue connection, read through the door as the role in charge.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "door/door.h"
#include "sql/engine_client.h"
#include "sql/federated.h"

struct pg_conn;

namespace tarn::lake {

struct PostgresSource {
  std::string host;
  uint16_t port = 5432;
  std::string database, user, password;
  bool tls = false;  // refused without it; else used where the server has it
};

// "jdbc:postgresql://host[:port]/database[?..]", without user and password. ERRORS: InvalidInputException.
Result<PostgresSource> parse_jdbc_url(std::string_view url);

// What a connection's properties say. ERRORS: InvalidInputException: they are of no PostgreSQL server, or lack the user or the password.
Result<PostgresSource> source_of(std::string_view connection,
                                 const std::function<std::string(std::string_view)>& property);
// What the Glue connection says. ERRORS: the door's; InvalidInputException: it is no connection to PostgreSQL with a user name and a
// password.
Result<PostgresSource> glue_connection(Door& door, const Caller& as, const std::string& name);

struct PostgresColumn {
  std::string name, type, comment;  // the type as PostgreSQL writes it: "character varying(20)", "integer[]"
};
struct PostgresTable {
  std::string schema, name, comment;
  bool view = false;
  uint64_t rows = 0;  // about; 0: not known
  std::vector<PostgresColumn> columns;
};

// The type's name in the Glue catalog, as a crawler writes it.
std::string glue_type_of(std::string_view postgres_type);
// The type's name as the engine reads Redshift's, in Hive's words.
std::string redshift_type_of(std::string_view postgres_type);

// A pattern of LIKE that only the text itself matches; with `wild`, its '%' stay what they are in LIKE.
std::string like_pattern(std::string_view text, bool wild = false);

// One connection, which only reads. ERRORS: "PostgresError", in the words of the server or of its client library.
// THREADS: one at a time.
class Postgres {
 public:
  // Over the network only. Waits ten seconds at most.
  static Result<Postgres> connect(const PostgresSource& source);

  // Tables and views, by schema and name; those of the system are left out.
  Result<std::vector<PostgresTable>> tables(const std::string& like_schema, const std::string& like_name);
  // Writes the rows in COPY's text format, UTF-8, ISO dates in UTC; how many bytes. `going_on` is asked every now and then: an
  // error of its ends it.
  Result<uint64_t> copy(const std::string& query, int file, const std::function<Status()>& going_on);
  std::string quoted(const std::string& name) const;  // an identifier
  std::string literal(const std::string& text) const;

 private:
  struct Close {
    void operator()(pg_conn* connection) const;
  };
  explicit Postgres(std::unique_ptr<pg_conn, Close> connection) : connection_(std::move(connection)) {}
  Failure failure(std::string_view doing) const;
  void stop() const;
  Status wait(const std::function<Status()>& going_on) const;

  std::unique_ptr<pg_conn, Close> connection_;
};

// --- federated schemas -----------------------------------------------------------------------------------------------

// The source of a federated schema: where its statement says, as the user of the Glue connection that SECRET_ARN names. There
// is no Secrets Manager here: the secret `arn:..:secret:NAME-xxxxxx` is the connection NAME, so that a statement that runs on
// AWS runs here when a connection of its secret's name holds USERNAME and PASSWORD, for the same host and port; the ARN of a
// connection may be given as well.
Result<PostgresSource> federated_source(Door& door, const Caller& as, const sql::FederatedSource& source);
Result<std::vector<std::string>> federated_tables(Door& door, const Caller& as, const sql::FederatedSource& source);
// nullopt: there is no such table.
Result<std::optional<sql::ExternalTable>> federated_table(Door& door, const Caller& as,
                                                          const sql::FederatedSource& source, const std::string& name);
// The rows that are asked for, in a file of their own in `folder`, unless `going_on` says that nobody wants them any more.
Result<sql::OpenedObject> federated_rows(Door& door, const Caller& as, const sql::FederatedSource& source,
                                         const sql::FederatedQuery& query, const std::string& folder,
                                         const std::function<Status()>& going_on);

}  // namespace tarn::lake
