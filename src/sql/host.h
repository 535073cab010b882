// What a SQL session asks of the service that it runs in: roles, the Glue catalog, objects, and what users define.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "sql/engine_client.h"
#include "sql/stmt_redshift.h"

namespace tarn::sql {

// --- what users define in a database, beside what its file holds ---------------------------------------------------

struct StoredSchema {  // an external schema
  std::string name, database, region, role, owner;
};
// A function or procedure: its CREATE statement is the definition; it is parsed when it is used.
struct StoredRoutine {
  bool procedure = false;
  std::string schema, name;
  std::string signature;  // types of its inputs, as shown_type, joined by ", "
  std::string definition, owner;
};
struct StoredGrant {
  std::string object_kind, schema, name;  // "TABLE", "public", "t"
  std::string grantee_kind, grantee;      // "user" "IAMR:role", "public" ""
  std::string privilege;                  // "SELECT", "ALL" ..
  bool grant_option = false;
};
struct UserCatalog {
  std::vector<StoredSchema> schemas;
  std::vector<StoredRoutine> routines;
  std::vector<StoredGrant> grants;
};
struct CatalogChange {
  enum class Kind { kPut, kErase } kind = Kind::kPut;
  std::optional<StoredSchema> schema;  // exactly one of the three
  std::optional<StoredRoutine> routine;
  std::optional<StoredGrant> grant;
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
};

// ERRORS, all: AWS's of the call underneath, with its code. THREADS: one at a time; not those of a transaction.
class SessionHost {
 public:
  virtual ~SessionHost() = default;

  virtual Time now() = 0;
  // The ARN of the role that is meant; checks that the namespace has it. A chain's last one.
  virtual Result<std::string> role(const RoleChoice& choice) = 0;
  // The principal that the engine's questions of this statement will carry.
  virtual std::string principal(const StatementRoles& roles) = 0;

  virtual Result<UserCatalog> catalog(const std::string& database) = 0;
  // All of them in one commit.
  virtual Status apply(const std::string& database, const std::vector<CatalogChange>& changes) = 0;

  // Glue, as the role.
  virtual Result<bool> has_glue_database(const std::string& role, const std::string& name) = 0;
  virtual Status create_glue_database(const std::string& role, const std::string& name) = 0;
  virtual Status drop_glue_database(const std::string& role, const std::string& name) = 0;
  virtual Result<bool> has_glue_table(const std::string& role, const std::string& database,
                                      const std::string& name) = 0;
  virtual Status create_glue_table(const std::string& role, const std::string& database,
                                   const CreateExternalTable& table) = 0;
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

  // Rows for sys_load_error_detail.
  virtual void record_load_errors(const std::string& table, const std::vector<LoadError>& errors) = 0;
};

}  // namespace tarn::sql
