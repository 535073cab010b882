// StatementHost: what one statement's SQL session asks of the service.
#pragma once

#include <memory>
#include <string>

#include "services/redshift_data/actor.h"
#include "services/redshift_data/warehouse.h"
#include "sql/host.h"

namespace tarn::glue {
struct Table;
}

namespace tarn::redshift_data {

class StatementHost final : public sql::SessionHost {
 public:
  StatementHost(Warehouse& warehouse, std::shared_ptr<Actor> actor, const std::string& database,
                std::string statement_id);
  ~StatementHost() override;

  Time now() override;
  Result<std::string> role(const sql::RoleChoice& choice) override;
  sql::TableLocks& locks() override { return warehouse_.locks(); }
  std::string principal(const sql::StatementRoles& roles) override;
  Result<sql::UserCatalog> catalog(const std::string& database) override;
  Status apply(const std::string& database, const std::vector<sql::CatalogChange>& changes) override;
  Status intend(const std::string& database, const std::string& id,
                const std::vector<sql::CatalogChange>& changes) override;
  Status settle(const std::string& id, bool committed) override;

  Result<bool> has_glue_database(const std::string& role, const std::string& name) override;
  Status create_glue_database(const std::string& role, const std::string& name) override;
  Status drop_glue_database(const std::string& role, const std::string& name) override;
  Result<std::optional<sql::ExternalTable>> glue_table(const std::string& role, const std::string& database,
                                                       const std::string& name) override;
  Result<bool> has_glue_table(const std::string& role, const std::string& database, const std::string& name) override;
  Status create_glue_table(const std::string& role, const std::string& database,
                           const sql::CreateExternalTable& table) override;
  Status alter_glue_table(const std::string& role, const std::string& database,
                          const sql::AlterExternalTable& change) override;
  Status drop_glue_table(const std::string& role, const std::string& database, const std::string& name) override;
  Status add_glue_partitions(const std::string& role, const std::string& database, const std::string& table,
                             const std::vector<sql::PartitionChange>& partitions, bool if_not_exists) override;
  Status drop_glue_partition(const std::string& role, const std::string& database, const std::string& table,
                             const sql::PartitionChange& partition) override;
  Result<std::vector<sql::ObjectRef>> list_objects(const std::string& role, const std::string& uri) override;
  Result<std::string> read_object(const std::string& role, const std::string& uri) override;
  Status publish(const sql::Publishing& publishing) override;
  void discard(const std::vector<sql::WrittenObject>& objects) override { warehouse_.staging().discard(objects); }
  void record_load_errors(uint64_t query_id, const std::string& table, const std::vector<sql::LoadError>& errors) override;
  void record_files(const sql::MovedFiles& moved) override;

 private:
  Door& door() { return actor_->door(); }
  const std::string& namespace_id() const { return actor_->workgroup().namespace_id; }

  Status alter_partition(const Caller& as, const std::string& database, const glue::Table& table,
                         const sql::AlterExternalTable& change);

  Warehouse& warehouse_;
  std::shared_ptr<Actor> actor_;
  const std::string database_, statement_id_;
  const std::string principal_;
};

}  // namespace tarn::redshift_data
