// Redshift's statements that no SQL parser of the engine sees: what each one says, as a struct of its own. Pure.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sql/engine_client.h"
#include "sql/federated.h"
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
  std::optional<FederatedSource> federated;  // FROM POSTGRES
};
// ALTER EXTERNAL SCHEMA .. IAM_ROLE
struct AlterExternalSchema {
  std::string name;
  RoleChoice role;
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

struct Grantee {
  enum class Kind : uint8_t { kUser, kGroup, kRole, kPublic } kind = Kind::kUser;
  std::string name;  // "IAMR:role", case kept
};
struct Show {
  enum class Kind : uint8_t {
    kDatabases, kSchemas, kTables, kColumns, kProcedure, kTable, kView, kExternalTable, kGrants, kProcedures,
    kFunctions, kParameters, kPrimaryKeys, kForeignKeys, kExportedKeys, kColumnGrants
  } kind = Kind::kTables;
  QualifiedName of;  // the database (as name), schema or table
  std::optional<std::string> like;
  std::optional<int64_t> limit;
  std::string object_kind;         // kGrants ON: as Grant's; empty: FOR the grantee
  std::optional<Grantee> grantee;  // kGrants, kColumnGrants FOR
  bool procedure = false;          // kParameters: else of a function
  std::string signature;           // kParameters: types of its arguments, as shown_type, joined by ", "
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

struct Privilege {
  std::string name;                  // upper case; "ALL"
  std::vector<std::string> columns;  // empty: the whole
};
struct Grant {
  bool grant = true, option_only = false;  // REVOKE GRANT OPTION FOR
  std::vector<Privilege> privileges;
  std::string object_kind;  // "TABLE", "SCHEMA", "DATABASE", "FUNCTION", "PROCEDURE", "LANGUAGE"; empty: system privileges
  bool all_in_schema = false;                                       // ALL TABLES IN SCHEMA: objects are the schemas
  std::vector<QualifiedName> objects;
  std::vector<std::optional<std::vector<std::string>>> signatures;  // of routines, beside their names
  std::vector<Grantee> grantees;
  bool with_grant_option = false;
};
struct GrantRole {
  bool grant = true, option_only = false;
  std::vector<std::string> roles;
  std::vector<Grantee> grantees;
  bool with_admin_option = false;
};
struct DefaultPrivileges {
  std::vector<std::string> owners;   // FOR USER; empty: oneself
  std::vector<std::string> schemas;  // IN SCHEMA; empty: all
  Grant grant;                       // its kind and grantees; no objects
};

struct UserOptions {
  std::optional<bool> superuser, create_database, unrestricted;
  std::optional<std::string> password;  // as given; empty: DISABLE
  std::optional<std::string> valid_until, external_id;
  std::vector<std::string> in_groups;
  std::vector<std::pair<std::string, std::optional<std::string>>> settings;  // nullopt: RESET
};
struct CreateUser {
  std::string name;
  UserOptions options;
};
struct AlterUser {
  std::string name;
  UserOptions options;
  std::string rename_to;
};
struct DropUser {
  std::vector<std::string> names;
  bool if_exists = false;
};
struct CreateGroup {
  std::string name;
  std::vector<std::string> members;
};
struct AlterGroup {
  std::string name;
  enum class Change : uint8_t { kAdd, kDrop, kRename } change = Change::kAdd;
  std::vector<std::string> users;
  std::string rename_to;
};
struct DropGroup {
  std::string name;
};
struct CreateRole {
  std::string name, external_id;
};
struct AlterRole {
  std::string name, rename_to, owner;
  std::optional<std::string> external_id;
};
struct DropRole {
  std::string name;
  bool force = false;
};
// ALTER .. OWNER TO
struct AlterOwner {
  std::string object_kind;  // as Grant's
  QualifiedName object;
  std::optional<std::vector<std::string>> signature;
  std::string owner;
};
// ALTER FUNCTION and ALTER PROCEDURE .. RENAME TO
struct RenameRoutine {
  std::string object_kind;
  QualifiedName object;
  std::optional<std::vector<std::string>> signature;
  std::string to;
};
// SET SESSION AUTHORIZATION; empty: DEFAULT
struct SessionUser {
  std::string name;
};

struct CreateView {
  QualifiedName name;
  bool or_replace = false;
  bool late = false;  // WITH NO SCHEMA BINDING: bound when it is used, and none of the engine's
  std::vector<std::string> columns;
  std::string query;
};
struct CreateMaterializedView {
  QualifiedName name;
  std::string attributes;  // DISTKEY .., as written
  bool auto_refresh = false;
  std::string query;
};
struct RefreshView {
  QualifiedName name;
};
struct AlterMaterializedView {
  QualifiedName name;
  bool auto_refresh = false;
};
struct DropView {
  std::vector<QualifiedName> names;
  bool if_exists = false, cascade = false, materialized = false;
};
struct Comment {
  std::string object_kind;  // "TABLE", "VIEW", "COLUMN", "SCHEMA", "DATABASE", "CONSTRAINT"
  QualifiedName object;
  std::string column;
  std::optional<std::string> text;  // nullopt: none any more
};
struct Truncate {
  QualifiedName table;
};
struct LockTables {
  std::vector<QualifiedName> tables;
};
// ALTER TABLE .. ADD COLUMN .. NOT NULL: two steps of the engine's.
struct AddNotNullColumn {
  QualifiedName table;
  std::string column;
  std::string statement;  // without NOT NULL
};
// ALTER TABLE .. DROP COLUMN, RENAME COLUMN and ALTER COLUMN .. TYPE: of what views read.
struct ChangeColumn {
  enum class Kind : uint8_t { kDrop, kRename, kType };
  QualifiedName table;
  std::string column;
  Kind kind = Kind::kDrop;
  std::string to = {};  // its new name or type
  bool cascade = false;
  int length = 0;  // of a type VARCHAR(length)
};
// ALTER TABLE .. ALTER DISTSTYLE, DISTKEY, SORTKEY
struct AlterDesign {
  QualifiedName table;
  std::optional<std::string> diststyle;
  std::string distkey;
  std::optional<std::vector<std::string>> sortkey;
};
// ALTER TABLE .. ALTER COLUMN c ENCODE e, ..
struct EncodeColumns {
  QualifiedName table;
  std::vector<std::pair<std::string, std::string>> encodings;  // column, encoding
};
// ALTER TABLE .. SET LOCATION and the like, of an external table or one partition of it.
struct AlterExternalTable {
  QualifiedName table;
  std::optional<PartitionChange> partition;
  std::string location, file_format;
  std::vector<std::pair<std::string, std::string>> properties;
};
// ALTER TABLE .. RENAME TO, of a table or a view
struct RenameRelation {
  QualifiedName name;
  std::string to;
};
// ALTER TABLE .. APPEND FROM
struct AppendTable {
  QualifiedName target, source;
  bool ignore_extra = false, fill_target = false;
};
// CREATE EXTERNAL TABLE .. AS
struct ExternalTableAs {
  CreateExternalTable table;
  std::string query;
};

struct Transaction {
  enum class Kind : uint8_t { kBegin, kCommit, kRollback } kind = Kind::kBegin;
  bool read_only = false;
};

struct Argument {
  std::string name;  // may be empty
  enum class Mode : uint8_t { kIn, kOut, kInOut } mode = Mode::kIn;
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
  std::string owner = {};  // empty: its maker
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

struct CancelSession {
  int64_t pid = 0;
};
// ANALYZE, VACUUM: nothing is done, but what they name must be there.
struct Maintain {
  std::string kind;
  std::optional<QualifiedName> table;
  std::vector<std::string> columns;
};
// Accepted, with nothing to do: ALTERs of physical design.
struct NothingToDo {
  std::string kind;
};

// For the engine, after the token rules.
struct EngineStatement {};

using Statement =
    std::variant<EngineStatement, CreateExternalSchema, AlterExternalSchema, DropSchema, CreateExternalTable, AddPartitions, DropPartition,
                 DropTable, Unload, Copy, Show, ShowVariable, SetVariable, ResetVariable, Grant, Transaction,
                 CreateFunction, CreateProcedure, DropRoutine, CallProcedure, CreateDatabase, DropDatabase, Prepare,
                 ExecutePrepared, Deallocate, DeclareCursor, FetchCursor, CloseCursor, CancelSession, Maintain, NothingToDo,
                 GrantRole, DefaultPrivileges, CreateUser, AlterUser, DropUser, CreateGroup, AlterGroup, DropGroup,
                 CreateRole, AlterRole, DropRole, AlterOwner, SessionUser, CreateView, CreateMaterializedView,
                 RefreshView, AlterMaterializedView, DropView, Comment, Truncate, LockTables, AppendTable,
                 ExternalTableAs, AddNotNullColumn, AlterExternalTable, RenameRelation, ChangeColumn, EncodeColumns,
                 RenameRoutine, AlterDesign>;

// What the statement is. ERRORS: SqlError 42601 with the position; 0A000, naming it, for what Redshift has and is not
// supported yet.
Result<Statement> recognise_redshift(const StatementText& statement);

// Parts, each with the reader behind the words that say which statement it is.
Result<Statement> parse_create_external_schema(Reader& reader);
Result<Statement> parse_alter_external_schema(Reader& reader);
Result<Statement> parse_create_external_table(Reader& reader);
Result<Statement> parse_alter_table(Reader& reader);
// Behind the table's name; `position` is the statement's, for errors.
Result<Statement> parse_alter_columns(Reader& reader, QualifiedName table, size_t position);
Result<Statement> parse_create_view(Reader& reader, bool or_replace);
Result<Statement> parse_create_materialized_view(Reader& reader);
Result<Statement> parse_alter_materialized_view(Reader& reader);
Result<Statement> parse_drop_view(Reader& reader, bool materialized);
Result<Statement> parse_comment(Reader& reader);
Result<Statement> parse_unload(Reader& reader);
Result<Statement> parse_copy(Reader& reader);
Result<Statement> parse_show(Reader& reader);
Result<Statement> parse_grant(Reader& reader, bool grant);
Result<Statement> parse_default_privileges(Reader& reader);
Result<Statement> parse_create_user(Reader& reader);
Result<Statement> parse_alter_user(Reader& reader);
Result<Statement> parse_drop_user(Reader& reader);
Result<Statement> parse_group(Reader& reader, std::string_view verb);  // "create", "alter", "drop"
Result<Statement> parse_role_definition(Reader& reader, std::string_view verb);
// A user's, group's or role's name: IAMR:my-role needs no quotes and keeps its case; others are folded.
Result<std::string> parse_identity(Reader& reader);
// [USER] name | ROLE name | PUBLIC
Result<Grantee> parse_grantee(Reader& reader);
// The types of a routine between parentheses, as shown_type; nullopt: none are given.
Result<std::optional<std::vector<std::string>>> parse_signature(Reader& reader);
Result<Statement> parse_create_function(Reader& reader, bool or_replace);
Result<Statement> parse_create_procedure(Reader& reader, bool or_replace);
Result<Statement> parse_drop_routine(Reader& reader, bool procedure);
// (type, name type ..): the types of what is given to a routine, as shown_type.
Result<std::vector<std::string>> parse_argument_types(Reader& reader, bool procedure);
Result<Statement> parse_call(Reader& reader);
Result<RoleChoice> parse_role(Reader& reader);
// Expressions between parentheses, split at commas, as written. REQUIRES: at "(".
Result<std::vector<std::string>> parse_expressions(Reader& reader);

}  // namespace tarn::sql
