// The lake: Glue's catalog and S3's objects as a role sees them, in the words of sql/. One function a call or a few.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "door/door.h"
#include "services/redshift_data/actor.h"
#include "sql/engine_client.h"
#include "sql/host.h"

namespace tarn::redshift_data {

// ERRORS, all: AWS's, as the door or the service says it; an access denied as Redshift words it.

Result<std::optional<sql::ExternalTable>> glue_table(Door& door, const Caller& as, const std::string& database,
                                                     const std::string& name);
Result<std::vector<sql::ExternalPartition>> glue_partitions(Door& door, const Caller& as, const std::string& database,
                                                            const std::string& table);
Result<std::vector<std::string>> glue_tables(Door& door, const Caller& as, const std::string& database);
Result<bool> has_glue_database(Door& door, const Caller& as, const std::string& name);
Status create_glue_database(Door& door, const Caller& as, const std::string& name);
Status drop_glue_database(Door& door, const Caller& as, const std::string& name);
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
// Removes and puts, all in one commit, which also notes that the statement did (records.h, kPublished).
Status publish(Door& door, const Caller& as, const std::string& statement, const std::vector<std::string>& remove,
               const std::vector<NewObject>& objects);

}  // namespace tarn::redshift_data
