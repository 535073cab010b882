// What a SQL session asks of the service that it runs in: roles, the Glue catalog, objects, and what users define.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "sql/engine_client.h"
#include "sql/federated.h"
#include "sql/stmt_redshift.h"
#include "sql/table_locks.h"

namespace tarn::sql {

// --- what users define in a database, beside what its file holds ---------------------------------------------------

struct StoredSchema {  // an external schema
  std::string name, database, region, role, owner;
  std::string source = {};  // of a federated one: text_of(FederatedSource)

  // By which the engine names it: the Glue database, or federated_database().
  std::string catalog_name() const { return source.empty() ? database : federated_database(name); }
};
// A function or procedure: its CREATE statement is the definition; it is parsed when it is used.
struct StoredRoutine {
  bool procedure = false;
  std::string schema, name;
  std::string signature;  // types of its inputs, as shown_type, joined by ", "
  std::string definition, owner;
};
// Those who may connect; they are the same in all databases of the namespace.
struct StoredUser {
  std::string name;
  int64_t id = 0;  // 0 in a change: the next one
  bool superuser = false, create_database = false, unrestricted = false;
  std::string password;     // as sealed_password() made it; empty: none, so no log-in with one
  std::string valid_until;  // as given; empty: for ever
  std::string external_id;
  std::vector<std::pair<std::string, std::string>> settings;  // ALTER USER .. SET, CONNECTION LIMIT ..
};
struct StoredGroup {
  std::string name;
  int64_t id = 0;
  std::vector<std::string> members;
};
struct StoredRole {
  std::string name;
  int64_t id = 0;
  std::string owner, external_id;
  std::vector<std::string> privileges;  // system ones: "CREATE USER" ..
};
struct StoredMembership {
  std::string role, member_kind, member;  // "user" or "role"
  bool admin = false;
};
struct UserCatalog {
  std::vector<StoredSchema> schemas;
  std::vector<StoredRoutine> routines;
  std::vector<StoredUser> users;
  std::vector<StoredGroup> groups;
  std::vector<StoredRole> roles;
  std::vector<StoredMembership> memberships;
};
struct CatalogChange {
  enum class Kind : uint8_t { kPut, kErase } kind = Kind::kPut;
  std::variant<StoredSchema, StoredRoutine, StoredUser, StoredGroup, StoredRole, StoredMembership> what;
};

// --- the service ----------------------------------------------------------------------------------------------------

// As whom the engine's questions are answered while a statement runs.
struct StatementRoles {
  std::string role;                   // COPY's and UNLOAD's; empty for others
  std::vector<StoredSchema> schemas;  // external tables are read as their schema's role
};

struct Publishing {
  std::string role;
  std::vector<WrittenObject> objects;                          // staged by the engine
  std::vector<std::pair<std::string, std::string>> documents;  // uri, bytes: a manifest
  std::vector<std::string> remove;                             // uris that go first (CLEANPATH)
  // And of the catalog, in the same commit: a new table, and partitions of it that may be there already.
  std::string glue_database, glue_table;
  std::optional<CreateExternalTable> new_table;
  std::vector<PartitionChange> partitions;
};

// What a COPY read or an UNLOAD wrote. -1: not known.
struct MovedFile {
  ObjectRef object;
  int64_t bytes = -1, rows = -1, errors = 0;
};
struct MovedFiles {
  uint64_t query_id = 0;
  int64_t pid = 0;  // the session's number
  bool unload = false;
  FileFormat format = FileFormat::kText;
  std::string table;  // COPY's
  Time began;
  std::vector<MovedFile> files;
};

// ERRORS, all: AWS's of the call underneath, with its code. THREADS: one at a time; not those of a transaction.
class SessionHost {
 public:
  virtual ~SessionHost() = default;

  virtual Time now() = 0;
  // The ARN of the role that is meant; checks that the namespace has it. A chain: ARNs with commas between them.
  virtual Result<std::string> role(const RoleChoice& choice) = 0;
  // LOCK's, of the whole namespace.
  virtual TableLocks& locks() = 0;
  // The principal that the engine's questions of this statement will carry.
  virtual std::string principal(const StatementRoles& roles) = 0;

  virtual Result<UserCatalog> catalog(const std::string& database) = 0;
  // All of them in one commit.
  virtual Status apply(const std::string& database, const std::vector<CatalogChange>& changes) = 0;
  // Changes of a transaction: kept before the engine commits it with the mark `id`, and applied or forgotten behind that.
  // After a crash in between, they are applied if the mark is in the database.
  virtual Status intend(const std::string& database, const std::string& id,
                        const std::vector<CatalogChange>& changes) = 0;
  virtual Status settle(const std::string& id, bool committed) = 0;

  // Glue, as the role.
  virtual Result<bool> has_glue_database(const std::string& role, const std::string& name) = 0;
  virtual Status create_glue_database(const std::string& role, const std::string& name) = 0;
  virtual Status drop_glue_database(const std::string& role, const std::string& name) = 0;
  // nullopt: there is none.
  virtual Result<std::optional<ExternalTable>> glue_table(const std::string& role, const std::string& database,
                                                          const std::string& name) = 0;
  virtual Result<bool> has_glue_table(const std::string& role, const std::string& database,
                                      const std::string& name) = 0;
  virtual Status create_glue_table(const std::string& role, const std::string& database,
                                   const CreateExternalTable& table) = 0;
  virtual Status alter_glue_table(const std::string& role, const std::string& database,
                                  const AlterExternalTable& change) = 0;
  virtual Status drop_glue_table(const std::string& role, const std::string& database, const std::string& name) = 0;
  virtual Status add_glue_partitions(const std::string& role, const std::string& database, const std::string& table,
                                     const std::vector<PartitionChange>& partitions, bool if_not_exists) = 0;
  virtual Status drop_glue_partition(const std::string& role, const std::string& database, const std::string& table,
                                     const PartitionChange& partition) = 0;

  // S3, as the role. `uri` is a prefix of keys.
  virtual Result<std::vector<ObjectRef>> list_objects(const std::string& role, const std::string& uri) = 0;
  virtual Result<std::string> read_object(const std::string& role, const std::string& uri) = 0;
  // All in one commit.
  virtual Status publish(const Publishing& publishing) = 0;
  // What the engine staged and nobody will publish.
  virtual void discard(const std::vector<WrittenObject>& objects) = 0;

  // Rows for sys_load_error_detail, and for the views of files loaded and unloaded.
  virtual void record_load_errors(uint64_t query_id, const std::string& table, const std::vector<LoadError>& errors) = 0;
  virtual void record_files(const MovedFiles& moved) = 0;
};

}  // namespace tarn::sql
