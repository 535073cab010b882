#include "services/glue/crawl_job.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "gen/glue/shapes.h"
#include "gen/logs/shapes.h"
#include "gen/s3/shapes.h"
#include "lake/lake.h"
#include "services/glue/crawls.h"
#include "services/glue/glue.h"

namespace tarn::glue {
namespace {

constexpr size_t kAskEvery = 50;  // files between two looks whether to go on
constexpr size_t kMostLogLines = 5000;

// What a denial, or another error, means for the crawler: the call's own words name the action and the resource.
Error worded(const Error& error, std::string_view doing) {
  Error out = error;
  out.message = fmt::format("{}: {} (Status Code: {}; Error Code: {})", doing, error.message, error.status, error.code);
  return out;
}

// AWS does not say: files that Hive and Spark do not read either.
bool is_data(const std::string& key, uint64_t size) {
  const std::string_view name = std::string_view(key).substr(key.rfind('/') + 1);
  return size > 0 && !name.empty() && name[0] != '_' && name[0] != '.' && !name.ends_with("_$folder$") &&
         key.find("/_temporary/") == std::string::npos;
}

std::string text_of(const lake::FileSchema& schema) {
  std::string out = fmt::format("{}|{}|{}|{}|{}|{}|{}|{}|{}|", schema.classification, schema.compression,
                                static_cast<int>(schema.delimiter), static_cast<int>(schema.quote), schema.header,
                                schema.serde, schema.records, schema.record_bytes, schema.exact);
  for (const auto& column : schema.columns) out += fmt::format("{}:{},", column.name, column.type.text());
  for (const auto& [name, value] : schema.parameters) out += fmt::format("{}={};", name, value);
  return out;
}

}  // namespace

// --- its log ---------------------------------------------------------------------------------------------------------

CrawlLog::CrawlLog(Door& door, Caller as, std::string stream, std::string prefix, std::string group)
    : door_(door),
      as_(std::move(as)),
      stream_(std::move(stream)),
      prefix_(std::move(prefix)),
      group_(std::move(group)) {}

void CrawlLog::add(std::string_view level, std::string_view text) {
  if (lines_.size() < kMostLogLines)
    lines_.emplace_back(door_.clock().now(), fmt::format("[{}] {} : {}", prefix_, level, text));
}

void CrawlLog::flush() {
  logs::CreateLogGroupRequest group;
  group.log_group_name = group_;
  (void)door_.call(as_, group);  // it may be there, or the role may not: then the next call says so, to nobody
  logs::CreateLogStreamRequest stream;
  stream.log_group_name = group_;
  stream.log_stream_name = stream_;
  (void)door_.call(as_, stream);
  logs::PutLogEventsRequest put;
  put.log_group_name = group_;
  put.log_stream_name = stream_;
  int64_t last = 0;
  for (const auto& [time, text] : lines_) {
    last = std::max(last, time.millis());
    put.log_events.push_back({.timestamp = last, .message = text});
  }
  lines_.clear();
  (void)door_.call(as_, put);
}

// --- the crawl -------------------------------------------------------------------------------------------------------

CrawlJob::CrawlJob(Door& door, Caller as, CrawlerKey key, CrawlerRecord crawler,
                   std::vector<lake::CustomClassifier> classifiers, CrawlLog& log, std::function<Status()> going_on)
    : door_(door),
      as_(std::move(as)),
      key_(std::move(key)),
      crawler_(std::move(crawler)),
      classifiers_(std::move(classifiers)),
      log_(log),
      going_on_(std::move(going_on)),
      configuration_(Json::parse(crawler_.configuration.value_or("{}")).value_or(Json::object())) {}

Status CrawlJob::run() {
  if (crawler_.catalog_targets.empty()) TRY(ensure_database());
  for (const S3TargetRecord& target : crawler_.s3_targets) TRY(crawl_s3(target));
  for (const JdbcTargetRecord& target : crawler_.jdbc_targets) TRY(crawl_jdbc(target));
  for (const CatalogTargetRecord& target : crawler_.catalog_targets) TRY(crawl_catalog(target));
  log_.add("BENCHMARK", "Finished writing to Catalog");
  const auto summary = [&](std::string_view of, uint64_t added, uint64_t updated, uint64_t removed) {
    if (added + updated + removed > 0)
      log_.add("INFO", fmt::format("Run Summary For {}: ADD: {}, UPDATE: {}, DELETE: {}", of, added, updated, removed));
  };
  summary("TABLE", counts_.tables_created, counts_.tables_updated, counts_.tables_deleted);
  summary("PARTITION", counts_.partitions_created, counts_.partitions_updated, counts_.partitions_deleted);
  return {};
}

Status CrawlJob::crawl_s3(const S3TargetRecord& target) {
  const lake::S3Place place = TRY(lake::s3_place(target.path));
  std::string root = place.key;
  // A path without '/' at its end is a file or a folder.
  if (!root.empty() && !root.ends_with('/')) {
    s3::HeadObjectRequest head;
    head.bucket = place.bucket;
    head.key = root;
    if (!door_.call(as_, head)) root += '/';
  }
  const std::vector<CrawledFile> files = TRY(look_into(place.bucket, root, target));
  const Json& grouping = configuration_["Grouping"];
  const PlanOptions options{
      .bucket = place.bucket,
      .root = root,
      .combine_compatible = grouping["TableGroupingPolicy"].as_string() == "CombineCompatibleSchemas",
      .table_level = static_cast<int>(grouping["TableLevelConfiguration"].as_int(0))};
  Plan plan = plan_tables(files, options);
  for (const std::string& remark : plan.remarks) log_.add("WARN", remark);
  const int64_t threshold = configuration_["CrawlerOutput"]["Tables"]["TableThreshold"].as_int(0);
  if (threshold > 0 && plan.tables.size() > static_cast<size_t>(threshold))
    return invalid_input(
        fmt::format("The number of tables detected by the crawler, {}, is greater than the table threshold "
                    "value provided, {}. No tables were written.",
                    plan.tables.size(), threshold));
  log_.add("BENCHMARK", fmt::format("Classification complete, writing results to database {}", crawler_.database));
  return write_tables(std::move(plan.tables), fmt::format("s3://{}/{}", place.bucket, root));
}

namespace {

// The table of the known folder that the object is in; empty: of none.
std::string known_table(const std::map<std::string, std::string>& folders, const std::string& uri) {
  for (size_t slash = uri.rfind('/'); !folders.empty() && slash > std::string_view("s3://").size();
       slash = uri.rfind('/', slash - 1))
    if (const auto found = folders.find(uri.substr(0, slash + 1)); found != folders.end()) return found->second;
  return "";
}

}  // namespace

// AWS: RecrawlPolicy: with new folders only, those that were added since the last crawl are crawled.
Result<std::map<std::string, std::string>> CrawlJob::known_folders(const std::string& root) {
  std::map<std::string, std::string> folders;
  if (crawler_.recrawl != "CRAWL_NEW_FOLDERS_ONLY" || !crawler_.last || !crawler_.catalog_targets.empty()) return folders;
  const auto add = [&](const wire::Box<StorageDescriptor>& storage, const std::string& table) {
    std::string location = storage ? storage->location.value_or("") : "";
    if (!location.starts_with(root)) return;
    if (!location.ends_with('/')) location += '/';
    folders[location] = table;
  };
  for (const auto& [name, table] : TRY(tables_there())) {
    const std::string* by = table.parameters.find("UPDATED_BY_CRAWLER");
    if (by == nullptr || *by != key_.name) continue;
    if (table.partition_keys.empty()) {
      add(table.storage_descriptor, name);
      continue;
    }
    for (const auto& [values, partition] : TRY(partitions_there(crawler_.database, name)))
      add(partition.storage_descriptor, name);
  }
  return folders;
}

Result<std::vector<CrawledFile>> CrawlJob::look_into(const std::string& bucket, const std::string& root,
                                                     const S3TargetRecord& target) {
  const std::string uri = fmt::format("s3://{}/{}", bucket, root);
  const auto listed = lake::list_objects(door_, as_, uri);
  if (!listed) return Failure(worded(listed.error(), fmt::format("Listing {}", uri)));
  const auto folders = TRY(known_folders(uri));
  std::map<std::string, std::shared_ptr<const lake::FileSchema>> of_table;  // as its first file has it
  std::vector<CrawledFile> files;
  std::map<std::string, int> in_folder;
  size_t seen = 0, unknown = 0;
  for (const sql::ObjectRef& object : *listed) {
    const std::string key = TRY(lake::s3_place(object.uri)).key;
    if (!is_data(key, object.size)) continue;
    const std::string_view below = std::string_view(key).substr(std::min(root.size(), key.size()));
    if (std::ranges::any_of(target.exclusions, [&](const std::string& glob) { return glob_matches(glob, below); }))
      continue;
    if (target.sample_size && in_folder[key.substr(0, key.rfind('/') + 1)]++ >= *target.sample_size) continue;
    if (seen++ % kAskEvery == 0) TRY(going_on_());
    const std::string table = known_table(folders, object.uri);
    auto schema = table.empty() ? nullptr : of_table[table];
    if (!schema) schema = TRY(schema_of(object.uri, object.size));
    if (!table.empty()) of_table[table] = schema;
    if (schema->classification == "UNKNOWN" && unknown++ < 20)
      log_.add("INFO", fmt::format("{} is of no known format and is left out.", object.uri));
    files.push_back({key, object.size, std::move(schema)});
  }
  return files;
}

Result<std::shared_ptr<const lake::FileSchema>> CrawlJob::schema_of(const std::string& uri, uint64_t size) {
  const lake::S3Place place = TRY(lake::s3_place(uri));
  s3::GetObjectRequest get;
  get.bucket = place.bucket;
  get.key = place.key;
  const auto got = door_.call_body_out(as_, get);
  if (!got) return Failure(worded(got.error(), fmt::format("Reading {}", uri)));
  const BlobRange& range = got->body;
  const lake::FileView view{uri, std::min(size, range.length),
                            [&](uint64_t offset, uint64_t length) -> Result<std::string> {
                              std::string bytes(length, '\0');
                              if (range.body) TRY(range.body->read(range.offset + offset, bytes));
                              return bytes;
                            }};
  lake::FileSchema schema = TRY(lake::inspect(view, classifiers_));
  std::string text = text_of(schema);
  auto& known = schemas_[text];
  if (!known) known = std::make_shared<const lake::FileSchema>(std::move(schema));
  return known;
}

// The tables' own locations are looked into; each stays the table that it is.
Status CrawlJob::crawl_catalog(const CatalogTargetRecord& target) {
  for (const std::string& name : target.tables) {
    GetTableRequest get;
    get.database_name = target.database;
    get.name = name;
    const auto got = door_.call(as_, get);
    if (!got) return Failure(worded(got.error(), fmt::format("Table {} of database {}", name, target.database)));
    const std::string location =
        got->table->storage_descriptor ? got->table->storage_descriptor->location.value_or("") : "";
    if (!location.starts_with("s3://")) {
      log_.add("WARN", fmt::format("Table {} has no location in S3 and is left as it is.", name));
      continue;
    }
    const lake::S3Place place = TRY(lake::s3_place(location));
    const std::string root = place.key.empty() || place.key.ends_with('/') ? place.key : place.key + "/";
    const std::vector<CrawledFile> files = TRY(look_into(place.bucket, root, {.path = location}));
    const int level = 1 + static_cast<int>(std::ranges::count(root, '/'));
    Plan plan =
        plan_tables(files, {.bucket = place.bucket, .root = root, .combine_compatible = true, .table_level = level});
    if (plan.tables.empty()) {
      log_.add("WARN", fmt::format("There are no files at {} for table {}.", location, name));
      continue;
    }
    PlannedTable& planned = plan.tables[0];
    planned.location = location;
    TRY(update_catalog_table(planned, target.database, *got->table));
  }
  return {};
}

}  // namespace tarn::glue
