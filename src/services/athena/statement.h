// StatementRun: one statement of a query execution, from its text to what is to be published for it. Nothing of it is seen
// by anybody before the caller publishes it: changes of the catalog and objects are collected, not made.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "gen/glue/shapes.h"
#include "lake/lake.h"
#include "os/file.h"
#include "services/athena/athena.h"
#include "sql/iceberg.h"
#include "sql/stmt_athena.h"

namespace tarn::athena {

// Changes of the catalog that become part of one commit. Keeps the inputs that its steps point to.
class Changes {
 public:
  template <class In>
  void add(In in) {
    auto kept = std::make_shared<In>(std::move(in));
    steps_.push_back({&wire::OperationOf<In>::operation(), kept.get()});
    inputs_.push_back(std::move(kept));
  }
  const std::vector<Door::Step>& steps() const { return steps_; }

 private:
  std::vector<std::shared_ptr<void>> inputs_;
  std::vector<Door::Step> steps_;
};

struct Ran {
  std::string type, substatement;  // of what EXECUTE ran
  ResultKind kind = ResultKind::kNone;
  std::vector<ColumnRecord> columns;
  std::string text;  // of kText: a value a line
  Fd spool;          // of kCsv
  int64_t update_count = -1;
  std::optional<std::vector<std::string>> manifest;  // the URIs of what was written
  std::string table_location;                        // of a CTAS without a location of its own
  std::vector<std::string> remove;
  std::vector<lake::NewObject> objects;
  Changes changes;
  // Adds what depends on the state of the catalog when all is published; tried again when somebody else was quicker.
  std::function<Status(lake::Publication&, Changes&)> commit = {};
  int64_t scanned_bytes = 0, output_rows = 0, planning_millis = 0;
};

struct IcebergTable;
// Files of a table that were written, and their objects.
struct WrittenFiles {
  std::vector<sql::iceberg::NewFile> files;
  std::vector<lake::NewObject> objects;
  int64_t rows = 0, scanned_bytes = 0;
};

// Lines of text with columns, as SHOW and DESCRIBE answer.
Ran text_result(std::vector<std::string> columns, const std::vector<std::string>& lines);

// THREADS: one. LIFETIME: borrows all.
class StatementRun {
 public:
  StatementRun(Athena& service, Job& job, const ExecutionRecord& record, const WorkgroupRecord& workgroup)
      : service_(service), job_(job), record_(record), workgroup_(workgroup) {}

  // ERRORS: SqlError, in Athena's words.
  Result<Ran> run();

 private:
  using Name = sql::athena::Name;
  // A table's or database's place; its account is empty where it is the caller's own catalog.
  struct Place {
    std::optional<std::string> account;
    std::string catalog, database, name;
  };

  Result<Ran> run_text(const std::string& text, int depth);
  Result<Ran> dispatch(const sql::athena::Statement& statement, int depth);

  // statement.cc
  Result<Ran> query(const sql::athena::Query& query);
  Result<Ran> explain(const sql::athena::Explain& explain);
  Result<Ran> prepare(const sql::athena::Prepare& prepare);
  Result<Ran> execute(const sql::athena::Execute& execute, int depth);
  Result<Ran> deallocate(const sql::athena::Deallocate& gone);


  // ddl.cc
  Result<Ran> create_database(const sql::athena::CreateDatabase& create);
  Result<Ran> drop_database(const sql::athena::DropDatabase& drop);
  Result<Ran> alter_database(const sql::athena::AlterDatabase& alter);
  Result<Ran> create_table(const sql::athena::CreateTable& create);
  Result<Ran> create_view(const sql::athena::CreateView& create);
  Result<Ran> drop_table(const sql::athena::DropTable& drop);
  Result<Ran> alter_table(const sql::athena::AlterTable& alter);
  Status change_columns(const sql::athena::AlterTable& alter, const glue::Table& table,
                        glue::StorageDescriptor& storage);
  // partitions.cc
  Result<Ran> add_partitions(const sql::athena::AlterTable& alter, const Place& place, const glue::Table& table);
  Result<Ran> drop_partitions(const sql::athena::AlterTable& alter, const Place& place, const glue::Table& table);
  Result<Ran> change_partition(const sql::athena::AlterTable& alter, const Place& place, const glue::Table& table);
  Result<Ran> repair(const sql::athena::RepairTable& repair);
  // Values and location of each.
  void register_partitions(Ran& ran, const Place& place, const glue::Table& table,
                           const std::vector<std::pair<std::vector<std::string>, std::string>>& partitions);
  // iceberg_ddl.cc
  Result<Ran> create_iceberg(const sql::athena::CreateTable& create);
  Result<Ran> create_iceberg_as(const sql::athena::CreateTableAs& create, const Place& place);
  Result<Ran> alter_iceberg(const sql::athena::AlterTable& alter, const Place& place, const glue::Table& table);
  Status drop_iceberg(Ran& ran, const glue::Table& table);
  // The document and the catalog's entry of a new table.
  Status add_iceberg_table(Ran& ran, const Place& place, const sql::iceberg::NewTable& table, bool if_not_exists,
                           std::vector<lake::NewObject> objects = {}, std::optional<Json> metadata = std::nullopt);
  // iceberg_write.cc
  Result<Ran> insert_iceberg(const sql::athena::Insert& insert, const Place& place, const glue::Table& table);
  Result<Ran> delete_rows(const sql::athena::DeleteRows& rows);
  Result<Ran> update_rows(const sql::athena::UpdateRows& rows);
  Result<Ran> merge(const sql::athena::Merge& merge);
  Result<Ran> optimize(const sql::athena::Optimize& optimize);
  Result<Ran> vacuum(const sql::athena::Vacuum& vacuum);
  // ERRORS: Trino's, that there is none, or that it is no Iceberg table.
  Result<IcebergTable> iceberg_table(const Place& place);
  // The query's rows (the table's columns by their names) as new data files.
  Result<WrittenFiles> write_rows(const std::string& query, const Json& metadata);
  // The rows that the query names ("$path", "$pos") as position delete files.
  Result<WrittenFiles> write_deletes(const std::string& query, const IcebergTable& table);
  Result<WrittenFiles> write_parquet(const std::string& query, const std::string& folder,
                                     const std::vector<std::string>& partition_by,
                                     const std::vector<sql::iceberg::Field>& fields, const std::string& codec);
  Result<std::vector<std::string>> first_column(const std::string& query);
  Ran changed_rows(const Place& place, sql::iceberg::Change change, std::vector<WrittenFiles> written,
                   std::optional<int64_t> base);
  // show.cc
  Result<Ran> show(const sql::athena::Show& show);
  Result<Ran> show_databases(const sql::athena::Show& show);
  Result<Ran> show_tables(const sql::athena::Show& show);
  Result<Ran> describe(const sql::athena::Describe& describe);
  Result<glue::Partition> partition_of(const Place& place, const glue::Table& table, const sql::athena::Partition& wanted);
  // iceberg_show.cc
  Result<Ran> describe_iceberg(const sql::athena::Describe& describe, const Place& place, const glue::Table& table);
  Result<Ran> show_create_iceberg(const Place& place, const glue::Table& table);
  // write.cc
  Result<Ran> create_table_as(const sql::athena::CreateTableAs& create);
  Result<Ran> insert(const sql::athena::Insert& insert);
  Result<Ran> unload(const sql::athena::Unload& unload);
  // The query's columns with Hive's types. ERRORS: one without a name, or of a type that Hive has not.
  Result<std::vector<sql::ExternalColumn>> columns_of(const std::string& query);
  // ERRORS: `code` of Trino's: there are objects.
  Status need_empty(const std::string& location, std::string_view code);
  void add_written_partitions(Ran& ran, const Place& place, const glue::Table& table,
                              const std::vector<glue::Partition>& known);
  Result<std::string> insert_query(const sql::athena::Insert& insert, const std::vector<sql::ExternalColumn>& columns);
  // Runs the query and stages its rows as files.
  Result<Ran> written(sql::UnloadRequest request);

  // --- where names are (statement.cc)
  Result<Place> place_of(const Name& name);
  Result<std::optional<glue::Database>> find_database(const Place& place);
  // ERRORS: Hive's, that there is none.
  Status need_database(const Place& place);
  Result<std::optional<glue::Table>> find_table(const Place& place);
  // ERRORS: Hive's, that there is none.
  Result<glue::Table> table_of(const Place& place);
  Result<std::vector<glue::Partition>> partitions_of(const Place& place);

  Door& door() { return service_.door(); }

  Athena& service_;
  Job& job_;
  const ExecutionRecord& record_;
  const WorkgroupRecord& workgroup_;
};

}  // namespace tarn::athena
