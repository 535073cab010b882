// Link: what the engine process asks of the server, one function a question.
// THREADS: any. ERRORS: the server's, kept; "EngineEnded" when the server is gone.
#pragma once

#include <string>
#include <vector>

#include "sql/channel.h"
#include "sql/engine_client.h"
#include "sql/protocol.h"

namespace tarn::sql::engine {

class Link {
 public:
  explicit Link(Channel& channel) : channel_(channel) {}

  Result<std::optional<ExternalTable>> resolve_table(const std::string& principal, const std::string& catalog,
                                                     const std::string& database, const std::string& table);
  Result<std::vector<ExternalPartition>> list_partitions(const std::string& principal, const ExternalTable& table);
  Result<std::vector<std::string>> list_tables(const std::string& principal, const std::string& catalog,
                                               const std::string& database);
  Result<ObjectsListed> list_objects(const std::string& principal, const std::vector<std::string>& prefixes);
  Result<std::optional<OpenedObject>> open_object(const std::string& principal, const std::string& uri);
  Result<StagedObject> create_object(const std::string& principal, const std::string& statement,
                                     const std::string& uri);
  Status finish_object(uint64_t handle, uint64_t size);
  void abort_object(uint64_t handle);
  Status authorise(const std::string& principal, const std::vector<TableUse>& uses);
  Result<Rows> system_rows(const std::string& principal, const std::string& view);

 private:
  Channel& channel_;
};

}  // namespace tarn::sql::engine
