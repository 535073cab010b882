// Redshift's statements that no SQL parser of the engine sees: what each one says, as a struct of its own. Pure.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sql/engine_client.h"
#include "sql/reader.h"
#include "sql/types_redshift.h"

namespace tarn::sql {

// IAM_ROLE default | 'arn' | 'arn,arn' (a chain: each assumes the next).
struct RoleChoice {
  bool is_default = false;
  std::vector<std::string> arns;
};

struct CreateExternalSchema {
  std::string name, database, region;
  RoleChoice role;
  bool if_not_exists = false;
  bool create_database = false;
};

struct DropSchema {
  std::vector<std::string> names;
  bool if_exists = false, cascade = false, drop_external_database = false;
};

// In Glue's words, where it keeps them.
struct CreateExternalTable {
  QualifiedName table;
  bool if_not_exists = false;
  std::vector<ExternalColumn> columns, partition_columns;
  std::string serde, input_format, output_format, location;
  std::vector<std::pair<std::string, std::string>> serde_properties, table_properties;
};

struct PartitionChange {
  std::vector<std::pair<std::string, std::string>> values;  // column, value as text
  std::string location;
};
struct AddPartitions {
  QualifiedName table;
  bool if_not_exists = false;
  std::vector<PartitionChange> partitions;
};
struct DropPartition {
  QualifiedName table;
  PartitionChange partition;
};

// DROP TABLE, of native and external tables.
struct DropTable {
  std::vector<QualifiedName> tables;
  bool if_exists = false, cascade = false;
};

struct Unload {
  UnloadRequest request;  // its context is the session's to fill
  size_t query_position = 0;
  RoleChoice role;
  bool allow_overwrite = false, clean_path = false, manifest_verbose = false;
};

struct Copy {
  LoadRequest request;  // its uris and json_paths are filled when it runs
  std::string uri;
  RoleChoice role;
  bool manifest = false;
  bool no_load = false;
};

struct Show {
  enum class Kind { kDatabases, kSchemas, kTables, kColumns, kProcedure } kind = Kind::kTables;
  QualifiedName of;  // the database (as name), schema or table
  std::optional<std::string> like;
  std::optional<int64_t> limit;
};

struct ShowVariable {
  std::string name;  // "all"
};
struct SetVariable {
  std::string name, value;
  bool local = false;
};
struct ResetVariable {
  std::string name;
};

struct Grantee {
  enum class Kind { kUser, kGroup, kRole, kPublic } kind = Kind::kUser;
  std::string name;  // "IAMR:role", case kept
};
struct Grant {
  bool grant = true;
  std::vector<std::string> privileges;  // upper case; "ALL"
  std::string object_kind;  // "TABLE", "SCHEMA", "DATABASE", "FUNCTION", "PROCEDURE", "TABLES IN SCHEMA", "ROLE" ..
  std::vector<QualifiedName> objects;
  std::vector<Grantee> grantees;
  bool with_grant_option = false;
};

struct Transaction {
  enum class Kind { kBegin, kCommit, kRollback } kind = Kind::kBegin;
  bool read_only = false;
};

struct Argument {
  std::string name;  // may be empty
  enum class Mode { kIn, kOut, kInOut } mode = Mode::kIn;
  SqlType type;
};
struct CreateFunction {
  QualifiedName name;
  bool or_replace = false;
  std::vector<Argument> arguments;
  SqlType returns;
  std::string volatility, language, body;
};
struct CreateProcedure {
  QualifiedName name;
  bool or_replace = false;
  std::vector<Argument> arguments;
  std::string body;
  size_t body_position = 0;
  bool security_definer = false, nonatomic = false;
};
struct DropRoutine {
  bool procedure = false, if_exists = false;
  QualifiedName name;
  std::optional<std::vector<std::string>> argument_types;  // as shown_type; absent: any
};
struct CallProcedure {
  QualifiedName name;
  std::vector<std::string> arguments;  // expressions as written
};

struct CreateDatabase {
  std::string name;
};
struct DropDatabase {
  std::string name;
};

struct Prepare {
  std::string name;
  std::vector<SqlType> types;
  std::string statement;
};
struct ExecutePrepared {
  std::string name;
  std::vector<std::string> arguments;
};
struct Deallocate {
  std::string name;  // empty: all
};

struct DeclareCursor {
  std::string name, query;
};
struct FetchCursor {
  std::string name;
  std::optional<int64_t> count = 1;  // nullopt: all
};
struct CloseCursor {
  std::string name;
};

// Accepted, with nothing to do: ANALYZE, VACUUM, and ALTERs of physical design.
struct NothingToDo {
  std::string kind;
};

// For the engine, after the token rules.
struct EngineStatement {};

using Statement =
    std::variant<EngineStatement, CreateExternalSchema, DropSchema, CreateExternalTable, AddPartitions, DropPartition,
                 DropTable, Unload, Copy, Show, ShowVariable, SetVariable, ResetVariable, Grant, Transaction,
                 CreateFunction, CreateProcedure, DropRoutine, CallProcedure, CreateDatabase, DropDatabase, Prepare,
                 ExecutePrepared, Deallocate, DeclareCursor, FetchCursor, CloseCursor, NothingToDo>;

// What the statement is. ERRORS: SqlError 42601 with the position; 0A000, naming it, for what Redshift has and is not
// supported yet.
Result<Statement> recognise_redshift(const StatementText& statement);

// Parts, each with the reader behind the words that say which statement it is.
Result<Statement> parse_create_external_schema(Reader& reader);
Result<Statement> parse_create_external_table(Reader& reader);
Result<Statement> parse_alter_table(Reader& reader);
Result<Statement> parse_unload(Reader& reader);
Result<Statement> parse_copy(Reader& reader);
Result<Statement> parse_show(Reader& reader);
Result<Statement> parse_grant(Reader& reader, bool grant);
Result<Statement> parse_create_function(Reader& reader, bool or_replace);
Result<Statement> parse_create_procedure(Reader& reader, bool or_replace);
Result<Statement> parse_drop_routine(Reader& reader, bool procedure);
Result<Statement> parse_call(Reader& reader);
Result<RoleChoice> parse_role(Reader& reader);
// Expressions between parentheses, split at commas, as written. REQUIRES: at "(".
Result<std::vector<std::string>> parse_expressions(Reader& reader);

}  // namespace tarn::sql
