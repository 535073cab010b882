#include "sql/engine/catalog.h"

#include "base/text.h"
#include "duckdb/planner/tableref/bound_at_clause.hpp"
#include "duckdb/storage/database_size.hpp"
#include "duckdb/storage/table_storage_info.hpp"
#include "duckdb/transaction/transaction.hpp"
#include "sql/engine/errors.h"
#include "sql/engine/hive_types.h"
#include "sql/engine/iceberg_scan.h"
#include "sql/engine/session_state.h"
#include "sql/federated.h"

namespace tarn::sql::engine {
namespace {

using duckdb::Catalog;
using duckdb::CatalogEntry;
using duckdb::CatalogTransaction;
using duckdb::CatalogType;
using duckdb::ClientContext;
using duckdb::EntryLookupInfo;
using duckdb::optional_ptr;
using std::string;

[[noreturn]] void read_only(const char* what) {
  throw duckdb::NotImplementedException("%s in the external catalog is not done by SQL of the engine.", what);
}

class Table : public duckdb::TableCatalogEntry {
 public:
  Table(Catalog& of_catalog, duckdb::SchemaCatalogEntry& of_schema, duckdb::CreateTableInfo& info,
        std::shared_ptr<const TableSnapshot> snapshot)
      : TableCatalogEntry(of_catalog, of_schema, info), snapshot_(std::move(snapshot)) {}

  duckdb::TableFunction GetScanFunction(ClientContext& context,
                                        duckdb::unique_ptr<duckdb::FunctionData>& bind) override {
    return snapshot_->iceberg ? iceberg_scan(context, snapshot_, bind) : external_scan(context, snapshot_, bind);
  }
  duckdb::unique_ptr<duckdb::BaseStatistics> GetStatistics(ClientContext&, duckdb::column_t) override {
    return nullptr;
  }
  duckdb::TableStorageInfo GetStorageInfo(ClientContext&) override { return {}; }
  // `*` does not show them.
  duckdb::virtual_column_map_t GetVirtualColumns() const override {
    if (snapshot_->iceberg) return iceberg_columns();
    if (snapshot_->table.format == kFederatedFormat) return {};
    const auto& properties = snapshot_->table.properties;
    const bool bucketed = std::ranges::any_of(properties, [](const auto& each) { return each.first == "bucket_count"; });
    return file_columns(snapshot_->file_columns < snapshot_->names.size(), bucketed);
  }

 private:
  std::shared_ptr<const TableSnapshot> snapshot_;
};

class Schema : public duckdb::SchemaCatalogEntry {
 public:
  Schema(Catalog& of_catalog, duckdb::CreateSchemaInfo& info) : SchemaCatalogEntry(of_catalog, info) {}

  optional_ptr<CatalogEntry> LookupEntry(CatalogTransaction transaction, const EntryLookupInfo& lookup) override {
    if (lookup.GetCatalogType() != CatalogType::TABLE_ENTRY || !transaction.HasContext()) return nullptr;
    const auto session = SessionState::of(transaction.GetContext());
    if (!session) return nullptr;
    const auto at = lookup.GetAtClause();
    const string key = name + '\0' + lookup.GetEntryName() + (at ? at->Unit() + at->GetValue().ToString() : "");
    {
      const std::lock_guard lock(session->mutex);
      if (const auto found = session->tables.find(key); found != session->tables.end()) return found->second.get();
    }
    const size_t separator = name.find(kCatalogSeparator);
    const bool other = separator != string::npos;
    auto resolved = session->link.resolve_table(session->context.principal,
                                                other ? name.substr(0, separator) : catalog.GetName(),
                                                other ? name.substr(separator + 1) : name, lookup.GetEntryName());
    if (!resolved) session->raise(resolved.error());
    if (!*resolved) return nullptr;
    if (!(*resolved)->view_sql.empty())
      raise_sql("0A000", "The external table " + (*resolved)->name + " is a view, which is not supported here.");
    std::shared_ptr<const IcebergVersion> iceberg;
    if (is_iceberg(**resolved)) {
      iceberg = load_iceberg(transaction.GetContext(), **resolved, as_of(at));
    } else if (at) {
      raise_sql("0A000", "The table " + (*resolved)->name + " has no versions: FOR .. AS OF is for Iceberg tables.");
    }
    auto table = make_table(*std::move(*resolved), std::move(iceberg), session->context.dialect);
    const std::lock_guard lock(session->mutex);
    return (session->tables[key] = std::move(table)).get();
  }

  // Listing is the server's: see the system views.
  void Scan(ClientContext&, CatalogType, const std::function<void(CatalogEntry&)>&) override {}
  void Scan(CatalogType, const std::function<void(CatalogEntry&)>&) override {}

  optional_ptr<CatalogEntry> CreateIndex(CatalogTransaction, duckdb::CreateIndexInfo&,
                                         duckdb::TableCatalogEntry&) override {
    read_only("CREATE INDEX");
  }
  optional_ptr<CatalogEntry> CreateFunction(CatalogTransaction, duckdb::CreateFunctionInfo&) override {
    read_only("CREATE FUNCTION");
  }
  optional_ptr<CatalogEntry> CreateTable(CatalogTransaction, duckdb::BoundCreateTableInfo&) override {
    read_only("CREATE TABLE");
  }
  optional_ptr<CatalogEntry> CreateView(CatalogTransaction, duckdb::CreateViewInfo&) override {
    read_only("CREATE VIEW");
  }
  optional_ptr<CatalogEntry> CreateSequence(CatalogTransaction, duckdb::CreateSequenceInfo&) override {
    read_only("CREATE SEQUENCE");
  }
  optional_ptr<CatalogEntry> CreateTableFunction(CatalogTransaction, duckdb::CreateTableFunctionInfo&) override {
    read_only("CREATE FUNCTION");
  }
  optional_ptr<CatalogEntry> CreateCopyFunction(CatalogTransaction, duckdb::CreateCopyFunctionInfo&) override {
    read_only("CREATE FUNCTION");
  }
  optional_ptr<CatalogEntry> CreatePragmaFunction(CatalogTransaction, duckdb::CreatePragmaFunctionInfo&) override {
    read_only("CREATE FUNCTION");
  }
  optional_ptr<CatalogEntry> CreateCollation(CatalogTransaction, duckdb::CreateCollationInfo&) override {
    read_only("CREATE COLLATION");
  }
  optional_ptr<CatalogEntry> CreateType(CatalogTransaction, duckdb::CreateTypeInfo&) override {
    read_only("CREATE TYPE");
  }
  void DropEntry(ClientContext&, duckdb::DropInfo&) override { read_only("DROP"); }
  void Alter(CatalogTransaction, duckdb::AlterInfo&) override { read_only("ALTER"); }

 private:
  static AsOf as_of(optional_ptr<duckdb::BoundAtClause> at) {
    AsOf which;
    if (!at) return which;
    if (at->Unit() == "VERSION")
      which.version = at->GetValue();
    else
      which.seconds = at->GetValue().GetValue<double>();
    return which;
  }

  duckdb::unique_ptr<CatalogEntry> make_table(ExternalTable found, std::shared_ptr<const IcebergVersion> iceberg,
                                              Dialect dialect) {
    auto snapshot = std::make_shared<TableSnapshot>();
    duckdb::CreateTableInfo info(*this, found.name);
    const auto add = [&](const ExternalColumn& column) {
      snapshot->names.push_back(column.name);
      snapshot->types.push_back(hive_type(column.type, dialect));
      duckdb::ColumnDefinition definition(column.name, snapshot->types.back());
      // As native tables' columns say what was declared (planned_columns.h).
      if (column.type.starts_with("varchar(")) definition.SetComment("character varying" + column.type.substr(7));
      if (column.type.starts_with("char(")) definition.SetComment("character" + column.type.substr(4));
      info.columns.AddColumn(std::move(definition));
    };
    if (iceberg) {
      // What the metadata document says, not Glue.
      for (const iceberg::Field& field : iceberg->fields) {
        const bool nested = !field.type.is_string();
        snapshot->names.push_back(lower(field.name));
        snapshot->types.push_back(nested && dialect != Dialect::kAthena ? duckdb::LogicalType::JSON()
                                                                        : iceberg_type(field.type));
        info.columns.AddColumn(duckdb::ColumnDefinition(snapshot->names.back(), snapshot->types.back()));
      }
      snapshot->file_columns = snapshot->names.size();
      snapshot->iceberg = std::move(iceberg);
    } else {
      for (const ExternalColumn& column : found.columns) add(column);
      snapshot->file_columns = found.columns.size();
      for (const ExternalColumn& column : found.partition_columns) add(column);
    }
    snapshot->table = std::move(found);
    auto table = duckdb::make_uniq<Table>(catalog, *this, info, snapshot);
    snapshot->entry = table.get();
    return table;
  }
};

class External : public Catalog {
 public:
  explicit External(duckdb::AttachedDatabase& attached) : Catalog(attached) {}

  void Initialize(bool) override {}
  string GetCatalogType() override { return "tarn"; }
  bool InMemory() override { return true; }
  bool SupportsTimeTravel() const override { return true; }
  string GetDBPath() override { return ""; }
  duckdb::DatabaseSize GetDatabaseSize(ClientContext&) override { return {}; }

  // Every name is a schema: whether the Glue database is there shows when its table is resolved, as the one who asks.
  optional_ptr<duckdb::SchemaCatalogEntry> LookupSchema(CatalogTransaction, const EntryLookupInfo& lookup,
                                                        duckdb::OnEntryNotFound) override {
    const std::lock_guard lock(mutex_);
    auto& schema = schemas_[lookup.GetEntryName()];
    if (!schema) {
      duckdb::CreateSchemaInfo info;
      info.catalog = GetName();
      info.schema = lookup.GetEntryName();
      schema = duckdb::make_uniq<Schema>(*this, info);
    }
    return schema.get();
  }
  void ScanSchemas(ClientContext&, std::function<void(duckdb::SchemaCatalogEntry&)>) override {}

  optional_ptr<CatalogEntry> CreateSchema(CatalogTransaction, duckdb::CreateSchemaInfo&) override {
    read_only("CREATE SCHEMA");
  }
  void DropSchema(ClientContext&, duckdb::DropInfo&) override { read_only("DROP SCHEMA"); }
  duckdb::PhysicalOperator& PlanCreateTableAs(ClientContext&, duckdb::PhysicalPlanGenerator&,
                                              duckdb::LogicalCreateTable&, duckdb::PhysicalOperator&) override {
    read_only("CREATE TABLE AS");
  }
  duckdb::PhysicalOperator& PlanInsert(ClientContext&, duckdb::PhysicalPlanGenerator&, duckdb::LogicalInsert&,
                                       optional_ptr<duckdb::PhysicalOperator>) override {
    read_only("INSERT");
  }
  duckdb::PhysicalOperator& PlanDelete(ClientContext&, duckdb::PhysicalPlanGenerator&, duckdb::LogicalDelete&,
                                       duckdb::PhysicalOperator&) override {
    read_only("DELETE");
  }
  duckdb::PhysicalOperator& PlanUpdate(ClientContext&, duckdb::PhysicalPlanGenerator&, duckdb::LogicalUpdate&,
                                       duckdb::PhysicalOperator&) override {
    read_only("UPDATE");
  }

 private:
  std::mutex mutex_;
  std::map<string, duckdb::unique_ptr<duckdb::SchemaCatalogEntry>> schemas_;
};

// Nothing is written here, so a transaction is only an object to hold.
class Transactions : public duckdb::TransactionManager {
 public:
  explicit Transactions(duckdb::AttachedDatabase& attached) : TransactionManager(attached) {}
  duckdb::Transaction& StartTransaction(ClientContext& context) override {
    auto transaction = duckdb::make_uniq<duckdb::Transaction>(*this, context);
    const std::lock_guard lock(mutex_);
    auto& kept = *transaction;
    open_[&kept] = std::move(transaction);
    return kept;
  }
  duckdb::ErrorData CommitTransaction(ClientContext&, duckdb::Transaction& transaction) override {
    RollbackTransaction(transaction);
    return {};
  }
  void RollbackTransaction(duckdb::Transaction& transaction) override {
    const std::lock_guard lock(mutex_);
    open_.erase(&transaction);
  }
  void Checkpoint(ClientContext&, bool) override {}

 private:
  std::mutex mutex_;
  std::map<duckdb::Transaction*, duckdb::unique_ptr<duckdb::Transaction>> open_;
};

duckdb::unique_ptr<Catalog> attach(optional_ptr<duckdb::StorageExtensionInfo>, ClientContext&,
                                   duckdb::AttachedDatabase& db, const string&, duckdb::AttachInfo&,
                                   duckdb::AttachOptions&) {
  return duckdb::make_uniq<External>(db);
}

duckdb::unique_ptr<duckdb::TransactionManager> transactions(optional_ptr<duckdb::StorageExtensionInfo>,
                                                            duckdb::AttachedDatabase& db, Catalog&) {
  return duckdb::make_uniq<Transactions>(db);
}

}  // namespace

duckdb::virtual_column_map_t file_columns(bool partitioned, bool bucketed) {
  duckdb::virtual_column_map_t columns;
  const auto add = [&](duckdb::column_t id, const char* column, duckdb::LogicalTypeId type) {
    columns.insert({id, duckdb::TableColumn(column, type)});
  };
  add(kPathColumn, "$path", duckdb::LogicalTypeId::VARCHAR);
  add(kFileSizeColumn, "$file_size", duckdb::LogicalTypeId::BIGINT);
  add(kSizeColumn, "$size", duckdb::LogicalTypeId::BIGINT);
  add(kModifiedColumn, "$file_modified_time", duckdb::LogicalTypeId::TIMESTAMP_TZ);
  if (partitioned) add(kPartitionColumn, "$partition", duckdb::LogicalTypeId::VARCHAR);
  if (bucketed) add(kBucketColumn, "$bucket", duckdb::LogicalTypeId::INTEGER);
  return columns;
}

void add_external_catalog(duckdb::DatabaseInstance& database) {
  auto extension = duckdb::make_uniq<duckdb::StorageExtension>();
  extension->attach = attach;
  extension->create_transaction_manager = transactions;
  duckdb::DBConfig::GetConfig(database).storage_extensions["tarn"] = std::move(extension);
}

}  // namespace tarn::sql::engine
