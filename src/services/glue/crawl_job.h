// One crawl under way: looks into the files of its targets, plans tables, and writes them to the catalog, all as the
// crawler's role and through the door.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "door/door.h"
#include "gen/glue/shapes.h"
#include "lake/file_schema.h"
#include "lake/postgres.h"
#include "services/glue/crawl_plan.h"
#include "services/glue/crawler_records.h"
#include "services/glue/crawls.h"

namespace tarn::glue {

struct CrawlCounts {
  uint64_t tables_created = 0, tables_updated = 0, tables_deleted = 0;
  uint64_t partitions_created = 0, partitions_updated = 0, partitions_deleted = 0;
};

// The lines of a crawl's log, or of another thing that Glue does as a role; sent as the role, in batches. A role that may not
// write logs crawls all the same.
class CrawlLog {
 public:
  CrawlLog(Door& door, Caller as, std::string stream, std::string prefix, std::string group = kCrawlLogGroup);
  void add(std::string_view level, std::string_view text);
  void flush();

 private:
  Door& door_;
  const Caller as_;
  const std::string stream_, prefix_, group_;
  std::vector<std::pair<Time, std::string>> lines_;
};

class CrawlJob {
 public:
  // `going_on`: asked now and then; an error ends the crawl with it.
  CrawlJob(Door& door, Caller as, CrawlerKey key, CrawlerRecord crawler,
           std::vector<lake::CustomClassifier> classifiers, CrawlLog& log, std::function<Status()> going_on);

  // ERRORS: what ended it, in words for whoever looks after the crawler.
  Status run();
  const CrawlCounts& counts() const { return counts_; }

 private:
  Status crawl_s3(const S3TargetRecord& target);
  Status crawl_catalog(const CatalogTargetRecord& target);
  Status crawl_jdbc(const JdbcTargetRecord& target);
  Status write_jdbc_tables(const JdbcTargetRecord& target, const std::string& database,
                           const std::vector<lake::PostgresTable>& tables);
  Result<std::vector<CrawledFile>> look_into(const std::string& bucket, const std::string& root,
                                             const S3TargetRecord& target);
  // Folders that an earlier crawl made known, by their URIs, with the table that each is of: what is in them is not looked into.
  Result<std::map<std::string, std::string>> known_folders(const std::string& root);
  Result<std::shared_ptr<const lake::FileSchema>> schema_of(const std::string& uri, uint64_t size);

  Status ensure_database();
  Result<std::map<std::string, Table>> tables_there();
  // `root`: tables of the crawler's below it that are not among these have lost their files.
  Status write_tables(std::vector<PlannedTable> tables, const std::string& root);
  Status write_table(const PlannedTable& planned, const std::string& database, const std::string& name,
                     const Table* existing);
  Status create_table(CreateTableRequest create);
  Status update_table(const std::string& database, const std::string& name, const Table& existing, TableInput input);
  Status update_catalog_table(const PlannedTable& planned, const std::string& database, const Table& table);
  Status remove_table(const std::string& name, const Table& table);

  using Partitions = std::map<std::vector<std::string>, Partition>;  // by their values
  Result<Partitions> partitions_there(const std::string& database, const std::string& name);
  Status write_partitions(const PlannedTable& planned, const std::string& database, const std::string& name,
                          const Table* existing);
  Status create_partitions(const std::string& database, const std::string& name,
                           const std::vector<PartitionInput>& inputs);
  Status change_partitions(const std::string& database, const std::string& name,
                           const std::vector<PartitionInput>& inputs);
  Status remove_partitions(const std::string& database, const std::string& name, const Partitions& gone);

  Door& door_;
  const Caller as_;
  const CrawlerKey key_;
  const CrawlerRecord crawler_;
  const std::vector<lake::CustomClassifier> classifiers_;
  CrawlLog& log_;
  const std::function<Status()> going_on_;
  Json configuration_;
  CrawlCounts counts_;
  std::map<std::string, std::shared_ptr<const lake::FileSchema>> schemas_;  // by their text: files of one are one
};

}  // namespace tarn::glue
