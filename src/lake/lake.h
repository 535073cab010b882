// The lake: Glue's catalog and S3's objects as a caller sees them, in the words of sql/. One function a call or a few, all
// through the door: what the caller may not do is refused there.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "door/door.h"
#include "sql/engine_client.h"
#include "sql/stmt_redshift.h"

namespace tarn::glue {
struct CreateTableRequest;
}

namespace tarn::lake {

// ERRORS, all: AWS's, as the door or the service says it; those of S3 with a member {"path", uri}. What is wrong with the
// statement itself (no s3:// path, a partition column without a value) is a SqlError.
// REQUIRES, all: no transaction is open on this thread.

struct S3Place {
  std::string bucket, key;
};
// ERRORS: SqlError: it is no s3://bucket/key.
Result<S3Place> s3_place(const std::string& uri);

// `catalog_id`: the account whose catalog it is; empty: the caller's own.

Result<std::optional<sql::ExternalTable>> glue_table(Door& door, const Caller& as, const std::string& database,
                                                     const std::string& name, const std::string& catalog_id = {});
Result<std::vector<sql::ExternalPartition>> glue_partitions(Door& door, const Caller& as, const std::string& database,
                                                            const std::string& table,
                                                            const std::string& catalog_id = {});
Result<std::vector<std::string>> glue_tables(Door& door, const Caller& as, const std::string& database,
                                             const std::string& catalog_id = {});
Result<bool> has_glue_database(Door& door, const Caller& as, const std::string& name,
                               const std::string& catalog_id = {});
Status create_glue_database(Door& door, const Caller& as, const std::string& name);
Status drop_glue_database(Door& door, const Caller& as, const std::string& name);
glue::CreateTableRequest create_table_request(const std::string& database, const sql::CreateExternalTable& table);
Status create_glue_table(Door& door, const Caller& as, const std::string& database,
                         const sql::CreateExternalTable& table);
Status drop_glue_table(Door& door, const Caller& as, const std::string& database, const std::string& name);
Status add_glue_partitions(Door& door, const Caller& as, const std::string& database, const std::string& table,
                           const std::vector<sql::PartitionChange>& partitions, bool if_not_exists);
Status drop_glue_partition(Door& door, const Caller& as, const std::string& database, const std::string& table,
                           const sql::PartitionChange& partition);

Result<std::vector<sql::ObjectRef>> list_objects(Door& door, const Caller& as, const std::string& prefix);
// nullopt: no such object.
Result<std::optional<sql::OpenedObject>> open_object(Door& door, const Caller& as, const std::string& uri);
Result<std::string> read_object(Door& door, const Caller& as, const std::string& uri, uint64_t max_bytes);

struct NewObject {
  std::string uri;
  StagedBody body;
};
// What one commit puts into the lake.
struct Publication {
  std::vector<std::string> remove;  // objects that go first
  std::vector<NewObject> objects;
  std::vector<Door::Step> catalog;                // and changes of the catalog
  std::function<Status(Transaction&)> also = {};  // and what the caller must know of it after a crash; may run anew
};
// DURABLE: all of it or nothing.
Status publish(Door& door, const Caller& as, const Publication& publication);

}  // namespace tarn::lake
