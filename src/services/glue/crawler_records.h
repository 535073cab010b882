// What is kept of crawlers, their crawls, and classifiers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "store/table.h"

namespace tarn::glue {

struct CrawlerKey {
  std::string owner, region, name;
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.region, self.name); }
};

struct S3TargetRecord {
  std::string path;
  std::vector<std::string> exclusions;
  std::optional<int32_t> sample_size;
  static void fields(auto& self, auto&& visit) { visit(self.path, self.exclusions, self.sample_size); }
};
struct CatalogTargetRecord {
  std::string database;
  std::vector<std::string> tables;
  static void fields(auto& self, auto&& visit) { visit(self.database, self.tables); }
};

struct JdbcTargetRecord {
  std::string connection, path;  // "database/schema/table", with '%' for any
  std::vector<std::string> exclusions;
  bool comments = false;  // of columns and tables are wanted
  static void fields(auto& self, auto&& visit) { visit(self.connection, self.path, self.exclusions, self.comments); }
};

enum class CrawlerState : uint8_t { kReady, kRunning, kStopping };

// Of the last crawl, as GetCrawler and GetCrawlerMetrics tell.
struct LastCrawlRecord {
  std::string status;  // "SUCCEEDED", "CANCELLED", "FAILED"
  std::string error, log_group, log_stream, message_prefix;
  Time started, ended;
  uint64_t tables_created = 0, tables_updated = 0, tables_deleted = 0;
  static void fields(auto& self, auto&& visit) {
    visit(self.status, self.error, self.log_group, self.log_stream, self.message_prefix, self.started, self.ended,
          self.tables_created, self.tables_updated, self.tables_deleted);
  }
};

struct CrawlerRecord {
  uint64_t id = 0;
  Time created, updated;
  uint64_t version = 1;
  std::string role, database;
  std::optional<std::string> description, table_prefix, configuration, security_configuration;
  std::vector<S3TargetRecord> s3_targets;
  std::vector<CatalogTargetRecord> catalog_targets;
  std::vector<std::string> classifiers;
  std::string update_behavior = "UPDATE_IN_DATABASE", delete_behavior = "DEPRECATE_IN_DATABASE";
  std::string recrawl = "CRAWL_EVERYTHING";
  std::string schedule;  // empty: none
  bool scheduled = false;
  CrawlerState state = CrawlerState::kReady;
  std::string crawl_id;  // that runs
  Time crawl_started;
  std::optional<LastCrawlRecord> last;
  std::vector<JdbcTargetRecord> jdbc_targets;
  static void fields(auto& self, auto&& visit) {
    visit(self.id, self.created, self.updated, self.version, self.role, self.database, self.description,
          self.table_prefix, self.configuration, self.security_configuration, self.s3_targets, self.catalog_targets,
          self.classifiers, self.update_behavior, self.delete_behavior, self.recrawl, self.schedule, self.scheduled,
          self.state, self.crawl_id, self.crawl_started, self.last, self.jdbc_targets);
  }
};

struct CrawlKey {
  uint64_t crawler_id = 0;
  Time started;
  std::string id;
  static void fields(auto& self, auto&& visit) { visit(self.crawler_id, self.started, self.id); }
};
struct CrawlRecord {
  std::string state = "RUNNING";  // "COMPLETED", "FAILED", "STOPPED"
  std::optional<Time> ended;
  std::string error, summary, message_prefix;
  static void fields(auto& self, auto&& visit) {
    visit(self.state, self.ended, self.error, self.summary, self.message_prefix);
  }
};

struct ClassifierKey {
  std::string owner, region, name;
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.region, self.name); }
};
struct ClassifierRecord {
  Time created, updated;
  uint64_t version = 1;
  std::string kind;  // "grok", "xml", "json", "csv"
  std::string classification, grok_pattern, row_tag, json_path;
  std::optional<std::string> custom_patterns, delimiter, quote, contains_header, serde;
  std::vector<std::string> header, types;
  std::optional<bool> disable_value_trimming, allow_single_column, types_configured;
  static void fields(auto& self, auto&& visit) {
    visit(self.created, self.updated, self.version, self.kind, self.classification, self.grok_pattern, self.row_tag,
          self.json_path, self.custom_patterns, self.delimiter, self.quote, self.contains_header, self.serde,
          self.header, self.types, self.disable_value_trimming, self.allow_single_column, self.types_configured);
  }
};

inline constexpr ::tarn::Table<CrawlerKey, CrawlerRecord> kCrawlers{"glue.crawlers"};
inline constexpr ::tarn::Table<CrawlKey, CrawlRecord> kCrawls{"glue.crawls"};
inline constexpr ::tarn::Table<ClassifierKey, ClassifierRecord> kClassifiers{"glue.classifiers"};

}  // namespace tarn::glue
