// The answers of a server that serves an engine nothing: S3 Select's engine is given its object with each request and
// has no catalog, no databases and no other objects.
#pragma once

#include "sql/engine_client.h"

namespace tarn {

class NoLake final : public sql::ServerCallbacks {
 public:
  Result<std::optional<sql::ExternalTable>> resolve_table(const std::string&, const std::string&, const std::string&,
                                                          const std::string&) override {
    return std::nullopt;
  }
  Result<std::vector<sql::ExternalPartition>> list_partitions(const std::string&, const std::string&, const std::string&,
                                                              const std::string&) override {
    return nothing();
  }
  Result<std::vector<std::string>> list_tables(const std::string&, const std::string&, const std::string&) override {
    return nothing();
  }
  Result<std::vector<std::vector<sql::ObjectRef>>> list_objects(const std::string&, const std::vector<std::string>&) override {
    return nothing();
  }
  Result<std::optional<sql::OpenedObject>> open_object(const std::string&, const std::string&) override { return std::nullopt; }
  Result<sql::StagedObject> create_object(const std::string&, const std::string&, const std::string&) override {
    return nothing();
  }
  Status finish_object(uint64_t, uint64_t) override { return nothing(); }
  void abort_object(uint64_t) override {}
  Status authorise(const std::string&, const std::vector<sql::TableUse>& uses) override {
    if (uses.empty()) return {};
    return nothing();
  }
  Result<sql::Rows> system_rows(const std::string&, const std::string&) override { return sql::Rows{}; }

 private:
  static Failure nothing() { return fail(400, "UnsupportedFunction", "S3 Select reads the object of its request and nothing else."); }
};

}  // namespace tarn
