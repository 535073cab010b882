// What the Redshift Data API keeps: statements, and what users define in databases beside their files.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "store/table.h"

namespace tarn::redshift_data {

// --- statements -----------------------------------------------------------------------------------------------------

enum class StatementState : uint8_t { kSubmitted, kPicked, kStarted, kFinished, kFailed, kAborted };
constexpr bool is_over(StatementState state) {
  return state >= StatementState::kFinished;
}

struct StatementKey {
  std::string owner, region, id;
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.region, self.id); }
};

// One SQL text: the only one of a statement, or one of a batch's.
struct PartRecord {
  std::string sql;
  StatementState state = StatementState::kSubmitted;
  std::string error;
  bool has_result = false;
  int64_t rows = -1, bytes = -1;
  int64_t duration_nanos = -1;
  Time created, updated;
  uint64_t query_id = 0;
  static void fields(auto& self, auto&& visit) {
    visit(self.sql, self.state, self.error, self.has_result, self.rows, self.bytes, self.duration_nanos, self.created,
          self.updated, self.query_id);
  }
};

struct StatementRecord {
  std::string principal;  // whose it is: a user's or role's ARN
  std::string workgroup, workgroup_arn, namespace_id, database, user;
  std::string name, session_id, result_format;
  bool batch = false, auto_commit = false, with_event = false;
  std::vector<std::pair<std::string, std::string>> parameters;
  std::vector<PartRecord> parts;
  StatementState state = StatementState::kSubmitted;
  std::string error;
  Time created, updated;
  int64_t duration_nanos = -1;
  int64_t pid = 0;
  std::string user_id;  // aws:userid of whoever ran it
  static void fields(auto& self, auto&& visit) {
    visit(self.principal, self.workgroup, self.workgroup_arn, self.namespace_id, self.database, self.user, self.name,
          self.session_id, self.result_format, self.batch, self.auto_commit, self.with_event, self.parameters,
          self.parts, self.state, self.error, self.created, self.updated, self.duration_nanos, self.pid,
          self.user_id);
  }
};

inline constexpr Index<StatementKey, StatementRecord> kByPrincipal{
    "redshift_data.statements.by_principal",
    [](const StatementKey& key, const StatementRecord& record, IndexKeys& keys) {
      keys.add(key.owner, key.region, record.principal, record.created, key.id);
    }};
inline constexpr Index<StatementKey, StatementRecord> kByAge{
    "redshift_data.statements.by_age",
    [](const StatementKey& key, const StatementRecord& record, IndexKeys& keys) { keys.add(record.created, key.id); }};
// Those that are not over: what recovery looks at.
inline constexpr Index<StatementKey, StatementRecord> kOpen{
    "redshift_data.statements.open", [](const StatementKey& key, const StatementRecord& record, IndexKeys& keys) {
      if (!is_over(record.state)) keys.add(key.id);
    }};
inline constexpr Index<StatementKey, StatementRecord> kStatementIndexes[] = {kByPrincipal, kByAge, kOpen};
inline constexpr Table<StatementKey, StatementRecord> kStatements{"redshift_data.statements", kStatementIndexes};

// In the commit of what a statement put into S3: after a crash such a statement was finished, whatever its record says.
struct PublishedKey {
  std::string statement;
  static void fields(auto& self, auto&& visit) { visit(self.statement); }
};
struct PublishedRecord {
  Time when;
  static void fields(auto& self, auto&& visit) { visit(self.when); }
};
inline constexpr Table<PublishedKey, PublishedRecord> kPublished{"redshift_data.published"};

// --- what users define ----------------------------------------------------------------------------------------------

struct SchemaKey {  // an external schema
  std::string namespace_id, database, name;
  static void fields(auto& self, auto&& visit) { visit(self.namespace_id, self.database, self.name); }
};
struct SchemaRecord {
  std::string glue_database, region, role, owner, source;  // source: of a federated one
  static void fields(auto& self, auto&& visit) {
    visit(self.glue_database, self.region, self.role, self.owner, self.source);
  }
};
inline constexpr Table<SchemaKey, SchemaRecord> kSchemas{"redshift_data.schemas"};

struct RoutineKey {
  std::string namespace_id, database;
  bool procedure = false;
  std::string schema, name, signature;
  static void fields(auto& self, auto&& visit) {
    visit(self.namespace_id, self.database, self.procedure, self.schema, self.name, self.signature);
  }
};
struct RoutineRecord {
  std::string definition, owner;
  static void fields(auto& self, auto&& visit) { visit(self.definition, self.owner); }
};
inline constexpr Table<RoutineKey, RoutineRecord> kRoutines{"redshift_data.routines"};

// Users, groups and roles are the namespace's.
struct NameKey {
  std::string namespace_id, name;
  static void fields(auto& self, auto&& visit) { visit(self.namespace_id, self.name); }
};
struct UserRecord {
  int64_t id = 0;
  bool superuser = false, create_database = false, unrestricted = false;
  std::string password, valid_until, external_id;
  std::vector<std::pair<std::string, std::string>> settings;
  static void fields(auto& self, auto&& visit) {
    visit(self.id, self.superuser, self.create_database, self.unrestricted, self.password, self.valid_until,
          self.external_id, self.settings);
  }
};
inline constexpr Table<NameKey, UserRecord> kUsers{"redshift_data.users"};

struct GroupRecord {
  int64_t id = 0;
  std::vector<std::string> members;
  static void fields(auto& self, auto&& visit) { visit(self.id, self.members); }
};
inline constexpr Table<NameKey, GroupRecord> kGroups{"redshift_data.groups"};

struct RoleRecord {
  int64_t id = 0;
  std::string owner, external_id;
  std::vector<std::string> privileges;
  static void fields(auto& self, auto&& visit) { visit(self.id, self.owner, self.external_id, self.privileges); }
};
inline constexpr Table<NameKey, RoleRecord> kRoles{"redshift_data.roles"};

struct MembershipKey {
  std::string namespace_id, role, member_kind, member;
  static void fields(auto& self, auto&& visit) { visit(self.namespace_id, self.role, self.member_kind, self.member); }
};
struct MembershipRecord {
  bool admin = false;
  static void fields(auto& self, auto&& visit) { visit(self.admin); }
};
inline constexpr Table<MembershipKey, MembershipRecord> kMemberships{"redshift_data.memberships"};

// What a transaction defines, from before the engine commits it until it is applied (sql/host.h, intend).
struct IntentKey {
  std::string id;
  static void fields(auto& self, auto&& visit) { visit(self.id); }
};
struct IntentRecord {
  std::string namespace_id, database;
  std::string changes;  // changes.h
  static void fields(auto& self, auto&& visit) { visit(self.namespace_id, self.database, self.changes); }
};
inline constexpr Table<IntentKey, IntentRecord> kIntents{"redshift_data.intents"};

// A record that COPY did not load: a row of sys_load_error_detail.
struct LoadErrorKey {
  std::string namespace_id, database;
  Time time;
  uint64_t number = 0;
  static void fields(auto& self, auto&& visit) { visit(self.namespace_id, self.database, self.time, self.number); }
};
struct LoadErrorRecord {
  std::string statement, user, table, uri;
  int64_t line = 0;
  std::string column, type;
  int64_t column_length = 0, position = 0;
  std::string raw_line, raw_value;
  int64_t code = 0;
  std::string reason;
  uint64_t query_id = 0;
  static void fields(auto& self, auto&& visit) {
    visit(self.statement, self.user, self.table, self.uri, self.line, self.column, self.type, self.column_length,
          self.position, self.raw_line, self.raw_value, self.code, self.reason, self.query_id);
  }
};
inline constexpr Table<LoadErrorKey, LoadErrorRecord> kLoadErrors{"redshift_data.load_errors"};

// A file that COPY read or UNLOAD wrote (sql::MovedFile): a row of stl_load_commits or stl_unload_log.
struct MovedFileKey {
  std::string namespace_id, database;
  Time time;  // when it was done
  uint64_t number = 0;
  static void fields(auto& self, auto&& visit) { visit(self.namespace_id, self.database, self.time, self.number); }
};
struct MovedFileRecord {
  uint64_t query_id = 0;
  std::string user;
  int64_t pid = 0;
  bool unload = false;
  uint8_t format = 0;  // sql::FileFormat
  std::string table, uri, etag;
  int64_t bytes = -1, rows = -1, errors = 0;
  Time began, last_modified;
  static void fields(auto& self, auto&& visit) {
    visit(self.query_id, self.user, self.pid, self.unload, self.format, self.table, self.uri, self.etag, self.bytes, self.rows,
          self.errors, self.began, self.last_modified);
  }
};
inline constexpr Table<MovedFileKey, MovedFileRecord> kMovedFiles{"redshift_data.moved_files"};

}  // namespace tarn::redshift_data
