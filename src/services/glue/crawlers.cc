// Crawlers: kept, started, stopped, scheduled, and what they have done.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/door.h"
#include "door/rights.h"
#include "door/tags.h"
#include "services/glue/convert.h"
#include "services/glue/crawls.h"
#include "services/glue/glue.h"
#include "store/schedule.h"

namespace tarn::glue {
namespace {

constexpr int32_t kPage = 100;
constexpr const char* kService = "glue.amazonaws.com";

struct FoundCrawler {
  CrawlerKey key;
  CrawlerRecord record;
};

Failure no_crawler(std::string_view name) {
  return not_found(fmt::format("Crawler entry with name {} does not exist", name));
}

Result<FoundCrawler> find_crawler(Call& call, const OptionalText& name, Lock lock) {
  CrawlerKey key{call.account(), call.region(), name.value_or("")};
  auto record = TRY(call.get(kCrawlers, key, lock));
  if (!record) return no_crawler(key.name);
  return FoundCrawler{std::move(key), std::move(*record)};
}

Failure running(const CrawlerKey& key) {
  return fail(400, "CrawlerRunningException", fmt::format("Crawler with name {} has already started", key.name));
}

// --- what is asked for -----------------------------------------------------------------------------------------------

// "s3://bucket/path", or without the scheme. AWS: S3Target, Path.
Result<std::string> s3_path(const OptionalText& path) {
  std::string text = path.value_or("");
  if (!text.starts_with("s3://")) text = "s3://" + text;
  if (text.size() < 8 || text[5] == '/')
    return invalid_input(fmt::format("'{}' is no S3 path: s3://bucket/path is.", path.value_or("")));
  return text;
}

Status refuse_other_targets(const CrawlerTargets& targets) {
  TRY(refuse(!targets.mongo_db_targets.empty(), "MongoDBTargets", "crawlers read S3, PostgreSQL and the catalog"));
  TRY(refuse(!targets.dynamo_db_targets.empty(), "DynamoDBTargets", "crawlers read S3, PostgreSQL and the catalog"));
  TRY(refuse(!targets.delta_targets.empty(), "DeltaTargets", "crawlers read S3, PostgreSQL and the catalog"));
  TRY(refuse(!targets.iceberg_targets.empty(), "IcebergTargets", "crawlers read S3, PostgreSQL and the catalog"));
  return refuse(!targets.hudi_targets.empty(), "HudiTargets", "crawlers read S3, PostgreSQL and the catalog");
}

Result<JdbcTargetRecord> jdbc_target(const JdbcTarget& target) {
  JdbcTargetRecord out{target.connection_name.value_or(""), target.path.value_or(""), target.exclusions.items(), false};
  if (out.connection.empty()) return invalid_input("JdbcTargets: ConnectionName is required.");
  const auto parts = split(out.path, '/');
  if (parts.size() > 3 || std::ranges::any_of(parts, [](std::string_view part) { return part.empty(); }))
    return invalid_input(fmt::format("JdbcTargets: Path '{}' is not database/schema/table, with % for any.", out.path));
  for (const std::string& wanted : target.enable_additional_metadata) {
    TRY(refuse(wanted == "RAWTYPES", "JdbcTargets.EnableAdditionalMetadata RAWTYPES", "COMMENTS is supported"));
    out.comments = true;
  }
  return out;
}

Status set_targets(CrawlerRecord& record, const wire::Box<CrawlerTargets>& box) {
  if (!box) return {};
  TRY(refuse_other_targets(*box));
  record.s3_targets.clear();
  record.catalog_targets.clear();
  record.jdbc_targets.clear();
  for (const S3Target& target : box->s3_targets) {
    TRY(refuse(target.connection_name.has_value(), "S3Targets.ConnectionName", "there are no networks to cross"));
    TRY(refuse(target.event_queue_arn.has_value(), "S3Targets.EventQueueArn", "crawlers list what there is"));
    if (target.sample_size && (*target.sample_size < 1 || *target.sample_size > 249))
      return invalid_input("SampleSize is between 1 and 249.");
    record.s3_targets.push_back({TRY(s3_path(target.path)), target.exclusions.items(), target.sample_size});
  }
  for (const CatalogTarget& target : box->catalog_targets) {
    TRY(refuse(target.event_queue_arn.has_value(), "CatalogTargets.EventQueueArn", "crawlers list what there is"));
    record.catalog_targets.push_back({lower(*target.database_name), target.tables.items()});
  }
  for (const JdbcTarget& target : box->jdbc_targets) record.jdbc_targets.push_back(TRY(jdbc_target(target)));
  const bool finds = !record.s3_targets.empty() || !record.jdbc_targets.empty();
  if (!finds && record.catalog_targets.empty()) return invalid_input("At least one crawl target must be specified.");
  // AWS: a crawler of catalog tables has no other targets.
  if (finds && !record.catalog_targets.empty())
    return invalid_input("A crawler has either catalog targets or others, not both.");
  return {};
}

// AWS: Glue takes cron expressions only.
Status check_schedule(const std::string& text) {
  if (text.empty()) return {};
  const auto schedule = tarn::Schedule::parse(text);
  if (!schedule || !text.starts_with("cron("))
    return invalid_input(fmt::format("Schedule expression {} is not valid: {}", text,
                                     schedule ? "a crawler's is cron(..)." : schedule.error().message));
  return {};
}

Status check_configuration(const std::string& text) {
  const auto json = Json::parse(text);
  if (!json || !json->is_object()) return invalid_input("Configuration is no JSON object.");
  const Json& version = (*json)["Version"];
  if (version.as_double() != 1.0) return invalid_input("Configuration wants \"Version\": 1.0.");
  const Json& policy = (*json)["Grouping"]["TableGroupingPolicy"];
  if (!policy.is_null() && policy.as_string() != "CombineCompatibleSchemas")
    return invalid_input("Configuration: Grouping.TableGroupingPolicy is CombineCompatibleSchemas where it is given.");
  return {};
}

// Of CreateCrawler and UpdateCrawler: what is given replaces what was there.
template <class In>
Status take(Call& call, CrawlerRecord& record, const In& in) {
  TRY(refuse(in.lake_formation_configuration &&
                 in.lake_formation_configuration->use_lake_formation_credentials.value_or(false),
             "LakeFormationConfiguration", "there is no Lake Formation"));
  if (in.role) record.role = *in.role;
  if (in.database_name) record.database = lower(*in.database_name);
  if (in.description) record.description = in.description;
  if (in.table_prefix) record.table_prefix = in.table_prefix;
  if (in.crawler_security_configuration) record.security_configuration = in.crawler_security_configuration;
  TRY(set_targets(record, in.targets));
  if (in.classifiers.has_value()) record.classifiers = in.classifiers.items();
  for (const std::string& name : record.classifiers)
    if (!TRY(call.get(kClassifiers, {call.account(), call.region(), name}, Lock::kNone)))
      return not_found(fmt::format("Classifier {} not found.", name));
  if (in.configuration && !in.configuration->empty()) {
    TRY(check_configuration(*in.configuration));
    record.configuration = in.configuration;
  }
  if (in.schema_change_policy) {
    record.update_behavior = in.schema_change_policy->update_behavior.value_or("UPDATE_IN_DATABASE");
    record.delete_behavior = in.schema_change_policy->delete_behavior.value_or("DEPRECATE_IN_DATABASE");
  }
  if (in.recrawl_policy) record.recrawl = in.recrawl_policy->recrawl_behavior.value_or("CRAWL_EVERYTHING");
  TRY(refuse(record.recrawl == "CRAWL_EVENT_MODE", "RecrawlBehavior CRAWL_EVENT_MODE", "crawlers list what there is"));
  // AWS: RecrawlPolicy: with new folders only, changes of a schema are logged.
  if (record.recrawl == "CRAWL_NEW_FOLDERS_ONLY" &&
      (record.update_behavior != "LOG" || record.delete_behavior != "LOG"))
    return invalid_input(
        "The SchemaChangePolicy for Incremental Crawl must be LOG for UpdateBehavior and DeleteBehavior.");
  if (!record.catalog_targets.empty() && record.delete_behavior != "LOG")
    return invalid_input("The DeleteBehavior of a crawler with catalog targets must be LOG.");
  if (in.schedule) {
    TRY(check_schedule(*in.schedule));
    record.schedule = *in.schedule;
    record.scheduled = !in.schedule->empty();
  }
  const std::string role = role_arn_of(record.role, call.account());
  if (!TRY(call.door().identities().role(call.tx(), role)))
    return invalid_input(
        fmt::format("Service is unable to assume role {}. Please verify that the role exists and that its "
                    "trust policy names {}.",
                    role, kService));
  return {};
}

// --- what is told ----------------------------------------------------------------------------------------------------

std::string_view name_of(CrawlerState state) {
  return state == CrawlerState::kReady ? "READY" : state == CrawlerState::kRunning ? "RUNNING" : "STOPPING";
}

Crawler to_wire(const CrawlerKey& key, const CrawlerRecord& record, Time now) {
  Crawler out{
      .name = key.name, .role = record.role, .database_name = record.database, .description = record.description};
  CrawlerTargets targets;
  for (auto* list : {&targets}) {
    list->s3_targets.set_present();
    list->jdbc_targets.set_present();
    list->mongo_db_targets.set_present();
    list->dynamo_db_targets.set_present();
    list->catalog_targets.set_present();
    list->delta_targets.set_present();
    list->iceberg_targets.set_present();
    list->hudi_targets.set_present();
  }
  for (const S3TargetRecord& target : record.s3_targets)
    targets.s3_targets.push_back(
        {.path = target.path, .exclusions = target.exclusions, .sample_size = target.sample_size});
  for (const JdbcTargetRecord& target : record.jdbc_targets) {
    JdbcTarget told{.connection_name = target.connection, .path = target.path, .exclusions = target.exclusions};
    if (target.comments) told.enable_additional_metadata = std::vector<std::string>{"COMMENTS"};
    targets.jdbc_targets.push_back(std::move(told));
  }
  for (const CatalogTargetRecord& target : record.catalog_targets)
    targets.catalog_targets.push_back({.database_name = target.database, .tables = target.tables});
  out.targets = std::move(targets);
  out.classifiers = record.classifiers;
  out.recrawl_policy = RecrawlPolicy{.recrawl_behavior = record.recrawl};
  out.schema_change_policy =
      SchemaChangePolicy{.update_behavior = record.update_behavior, .delete_behavior = record.delete_behavior};
  out.lineage_configuration = LineageConfiguration{.crawler_lineage_settings = "DISABLE"};
  out.lake_formation_configuration =
      LakeFormationConfiguration{.use_lake_formation_credentials = false, .account_id = ""};
  out.state = std::string(name_of(record.state));
  out.table_prefix = record.table_prefix;
  if (!record.schedule.empty())
    out.schedule =
        Schedule{.schedule_expression = record.schedule, .state = record.scheduled ? "SCHEDULED" : "NOT_SCHEDULED"};
  out.crawl_elapsed_time = record.state == CrawlerState::kReady ? 0 : (now - record.crawl_started) / 1000;
  out.creation_time = record.created;
  out.last_updated = record.updated;
  if (record.last)
    out.last_crawl =
        LastCrawlInfo{.status = record.last->status,
                      .error_message = record.last->error.empty() ? std::nullopt : std::optional(record.last->error),
                      .log_group = record.last->log_group,
                      .log_stream = record.last->log_stream,
                      .message_prefix = record.last->message_prefix,
                      .start_time = record.last->started};
  out.version = static_cast<int64_t>(record.version);
  out.configuration = record.configuration;
  out.crawler_security_configuration = record.security_configuration;
  return out;
}

template <class In>
std::vector<Need> change_needs(Call& call, std::string_view action, const In& in) {
  std::vector<Need> needs = {
      {.action = fmt::format("glue:{}", action), .resource = call.arn("glue", "crawler/" + in.name.value_or(""))}};
  if (in.role) needs.push_back(pass_role(role_arn_of(*in.role, call.account()), kService));
  return needs;
}

// Visits the account's crawlers from a page's start on until `take` has enough; tells the next page's token.
template <class Take>
Result<OptionalText> page_of_crawlers(Call& call, std::string_view operation, const OptionalText& token, size_t limit,
                                      Take take_one) {
  const std::string request = fmt::format("{} {} {}", operation, call.account(), call.region());
  auto at = call.tx().cursor(kCrawlers, {.prefix = prefix_of(kCrawlers, call.account(), call.region()),
                                         .after = TRY(page_start(call, request, token))});
  size_t taken = 0;
  for (std::string last; at.valid(); at.next()) {
    if (taken == limit) return next_page(call, request, last);
    if (TRY(take_one(TRY(at.key()), TRY(at.record())))) ++taken;
    last = at.encoded();
  }
  TRY(at.status());
  return std::nullopt;
}

}  // namespace

// --- kept ------------------------------------------------------------------------------------------------------------

Result<std::vector<Need>> create_crawler_rights(Glue&, Call& call, const CreateCrawlerRequest& in) {
  std::vector<Need> needs = change_needs(call, "CreateCrawler", in);
  if (!in.tags.empty()) needs.push_back({.action = "glue:TagResource", .resource = needs[0].resource});
  return needs;
}

Result<CreateCrawlerResponse> create_crawler(Glue&, Call& call, const CreateCrawlerRequest& in) {
  const CrawlerKey key{call.account(), call.region(), *in.name};
  if (TRY(call.get(kCrawlers, key)))
    return already_exists(fmt::format("A crawler with name {} already exists", key.name));
  CrawlerRecord record{.id = call.door().store().next_id(), .created = call.now(), .updated = call.now()};
  TRY(take(call, record, in));
  if (record.database.empty() && record.catalog_targets.empty())
    return invalid_input("DatabaseName is required: the tables that are found go there.");
  TRY(call.put(kCrawlers, key, record));
  TRY(set_schedule(call.door(), call.tx(), key, record, call.now()));
  if (!in.tags.empty()) TRY(add_tags(call.tx(), crawler_arn(key), Tags(in.tags.begin(), in.tags.end())));
  return CreateCrawlerResponse{};
}

Result<std::vector<Need>> update_crawler_rights(Glue&, Call& call, const UpdateCrawlerRequest& in) {
  return change_needs(call, "UpdateCrawler", in);
}

Result<UpdateCrawlerResponse> update_crawler(Glue&, Call& call, const UpdateCrawlerRequest& in) {
  FoundCrawler found = TRY(find_crawler(call, in.name, Lock::kExclusive));
  if (found.record.state != CrawlerState::kReady) return running(found.key);
  TRY(take(call, found.record, in));
  found.record.updated = call.now();
  ++found.record.version;
  TRY(call.put(kCrawlers, found.key, found.record));
  TRY(set_schedule(call.door(), call.tx(), found.key, found.record, call.now()));
  return UpdateCrawlerResponse{};
}

Result<DeleteCrawlerResponse> delete_crawler(Glue&, Call& call, const DeleteCrawlerRequest& in) {
  FoundCrawler found = TRY(find_crawler(call, in.name, Lock::kExclusive));
  if (found.record.state != CrawlerState::kReady) return running(found.key);
  found.record.scheduled = false;
  TRY(set_schedule(call.door(), call.tx(), found.key, found.record, call.now()));
  TRY(erase_all(call.tx(), kCrawls, found.record.id));
  TRY(call.erase(kCrawlers, found.key));
  TRY(set_tags(call.tx(), crawler_arn(found.key), {}));
  return DeleteCrawlerResponse{};
}

Result<GetCrawlerResponse> get_crawler(Glue&, Call& call, const GetCrawlerRequest& in) {
  const FoundCrawler found = TRY(find_crawler(call, in.name, Lock::kNone));
  return GetCrawlerResponse{.crawler = to_wire(found.key, found.record, call.now())};
}

Result<GetCrawlersResponse> get_crawlers(Glue&, Call& call, const GetCrawlersRequest& in) {
  GetCrawlersResponse out;
  out.crawlers.set_present();
  const auto limit = static_cast<size_t>(in.max_results.value_or(kPage));
  out.next_token = TRY(page_of_crawlers(call, "GetCrawlers", in.next_token, limit,
                                        [&](const CrawlerKey& key, const CrawlerRecord& record) -> Result<bool> {
                                          out.crawlers.push_back(to_wire(key, record, call.now()));
                                          return true;
                                        }));
  return out;
}

Result<std::vector<Need>> batch_get_crawlers_rights(Glue&, Call& call, const BatchGetCrawlersRequest& in) {
  std::vector<Need> needs;
  for (const std::string& name : in.crawler_names)
    needs.push_back({.action = "glue:BatchGetCrawlers", .resource = call.arn("glue", "crawler/" + name)});
  if (needs.empty()) needs.push_back({.action = "glue:BatchGetCrawlers", .resource = call.arn("glue", "crawler/*")});
  return needs;
}

Result<BatchGetCrawlersResponse> batch_get_crawlers(Glue&, Call& call, const BatchGetCrawlersRequest& in) {
  BatchGetCrawlersResponse out;
  out.crawlers.set_present();
  out.crawlers_not_found.set_present();
  for (const std::string& name : in.crawler_names) {
    const CrawlerKey key{call.account(), call.region(), name};
    const auto record = TRY(call.get(kCrawlers, key));
    if (record)
      out.crawlers.push_back(to_wire(key, *record, call.now()));
    else
      out.crawlers_not_found.push_back(name);
  }
  return out;
}

Result<ListCrawlersResponse> list_crawlers(Glue&, Call& call, const ListCrawlersRequest& in) {
  ListCrawlersResponse out;
  out.crawler_names.set_present();
  const auto limit = static_cast<size_t>(in.max_results.value_or(kPage));
  out.next_token = TRY(page_of_crawlers(call, "ListCrawlers", in.next_token, limit,
                                        [&](const CrawlerKey& key, const CrawlerRecord&) -> Result<bool> {
                                          const Tags tags = TRY(tags_of(call.tx(), crawler_arn(key)));
                                          for (const auto& [name, value] : in.tags)
                                            if (!tags.contains(name) || tags.at(name) != value) return false;
                                          out.crawler_names.push_back(key.name);
                                          return true;
                                        }));
  return out;
}

// --- started, stopped, scheduled -------------------------------------------------------------------------------------

Result<StartCrawlerResponse> start_crawler(Glue&, Call& call, const StartCrawlerRequest& in) {
  FoundCrawler found = TRY(find_crawler(call, in.name, Lock::kExclusive));
  TRY(begin_crawl(call.door(), call.tx(), found.key, found.record));
  return StartCrawlerResponse{};
}

Result<StopCrawlerResponse> stop_crawler(Glue&, Call& call, const StopCrawlerRequest& in) {
  FoundCrawler found = TRY(find_crawler(call, in.name, Lock::kExclusive));
  if (found.record.state == CrawlerState::kReady)
    return fail(400, "CrawlerNotRunningException", fmt::format("Crawler with name {} isn't running", found.key.name));
  if (found.record.state == CrawlerState::kStopping)
    return fail(400, "CrawlerStoppingException",
                fmt::format("Crawler with name {} is already stopping", found.key.name));
  found.record.state = CrawlerState::kStopping;
  TRY(call.put(kCrawlers, found.key, found.record));
  return StopCrawlerResponse{};
}

Result<UpdateCrawlerScheduleResponse> update_crawler_schedule(Glue&, Call& call,
                                                              const UpdateCrawlerScheduleRequest& in) {
  FoundCrawler found = TRY(find_crawler(call, in.crawler_name, Lock::kExclusive));
  TRY(check_schedule(in.schedule.value_or("")));
  found.record.schedule = in.schedule.value_or("");
  found.record.scheduled = !found.record.schedule.empty();
  TRY(call.put(kCrawlers, found.key, found.record));
  TRY(set_schedule(call.door(), call.tx(), found.key, found.record, call.now()));
  return UpdateCrawlerScheduleResponse{};
}

Result<StartCrawlerScheduleResponse> start_crawler_schedule(Glue&, Call& call, const StartCrawlerScheduleRequest& in) {
  FoundCrawler found = TRY(find_crawler(call, in.crawler_name, Lock::kExclusive));
  if (found.record.schedule.empty())
    return fail(400, "NoScheduleException", fmt::format("Crawler {} has no schedule.", found.key.name));
  if (found.record.scheduled)
    return fail(400, "SchedulerRunningException",
                fmt::format("The schedule of crawler {} runs already.", found.key.name));
  found.record.scheduled = true;
  TRY(call.put(kCrawlers, found.key, found.record));
  TRY(set_schedule(call.door(), call.tx(), found.key, found.record, call.now()));
  return StartCrawlerScheduleResponse{};
}

Result<StopCrawlerScheduleResponse> stop_crawler_schedule(Glue&, Call& call, const StopCrawlerScheduleRequest& in) {
  FoundCrawler found = TRY(find_crawler(call, in.crawler_name, Lock::kExclusive));
  if (!found.record.scheduled)
    return fail(400, "SchedulerNotRunningException",
                fmt::format("The schedule of crawler {} does not run.", found.key.name));
  found.record.scheduled = false;
  TRY(call.put(kCrawlers, found.key, found.record));
  TRY(set_schedule(call.door(), call.tx(), found.key, found.record, call.now()));
  return StopCrawlerScheduleResponse{};
}

// --- what they have done ---------------------------------------------------------------------------------------------

namespace {

double median_of(std::vector<double> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

double seconds(Micros time) {
  return static_cast<double>(time) / kSecond;
}

Result<CrawlerMetrics> metrics_of(Call& call, const CrawlerKey& key, const CrawlerRecord& record) {
  CrawlerMetrics out{.crawler_name = key.name,
                     .time_left_seconds = 0.0,
                     .still_estimating = record.state != CrawlerState::kReady && !record.last};
  std::vector<double> runtimes;
  auto at = call.tx().cursor(kCrawls, {.prefix = prefix_of(kCrawls, record.id)});
  for (; at.valid(); at.next())
    if (const CrawlRecord crawl = TRY(at.record()); crawl.ended)
      runtimes.push_back(seconds(*crawl.ended - TRY(at.key()).started));
  TRY(at.status());
  out.last_runtime_seconds = runtimes.empty() ? 0 : runtimes.back();
  out.median_runtime_seconds = median_of(runtimes);
  if (record.state != CrawlerState::kReady)
    out.time_left_seconds = std::max(0.0, *out.median_runtime_seconds - seconds(call.now() - record.crawl_started));
  const LastCrawlRecord last = record.last.value_or(LastCrawlRecord{});
  out.tables_created = static_cast<int32_t>(last.tables_created);
  out.tables_updated = static_cast<int32_t>(last.tables_updated);
  out.tables_deleted = static_cast<int32_t>(last.tables_deleted);
  return out;
}

// Whether a crawl is one of those that ListCrawls' filter asks for. AWS: ListCrawls, CrawlsFilter.
Result<bool> passes(const CrawlsFilter& filter, const CrawlKey& key, const CrawlRecord& record) {
  const std::string field = filter.field_name.value_or(""), how = filter.filter_operator.value_or("EQ"),
                    value = filter.field_value.value_or("");
  const auto compare = [&](const auto& a, const auto& b) {
    return how == "EQ"   ? a == b
           : how == "NE" ? a != b
           : how == "GT" ? a > b
           : how == "GE" ? a >= b
           : how == "LT" ? a < b
                         : a <= b;
  };
  if (field == "CRAWL_ID") return compare(key.id, value);
  if (field == "STATE") return compare(record.state, value);
  const auto millis = parse_int(value);
  if (field == "START_TIME" && millis) return compare(key.started.millis(), *millis);
  if (field == "END_TIME" && millis) return record.ended && compare(record.ended->millis(), *millis);
  return invalid_input(fmt::format("A filter of {} by '{}' is not supported.", field, value));
}

}  // namespace

Result<GetCrawlerMetricsResponse> get_crawler_metrics(Glue&, Call& call, const GetCrawlerMetricsRequest& in) {
  GetCrawlerMetricsResponse out;
  out.crawler_metrics_list.set_present();
  const auto limit = static_cast<size_t>(in.max_results.value_or(kPage));
  const auto wanted = [&](const std::string& name) {
    return in.crawler_name_list.empty() || std::ranges::find(in.crawler_name_list, name) != in.crawler_name_list.end();
  };
  out.next_token = TRY(page_of_crawlers(call, "GetCrawlerMetrics", in.next_token, limit,
                                        [&](const CrawlerKey& key, const CrawlerRecord& record) -> Result<bool> {
                                          if (!wanted(key.name)) return false;
                                          out.crawler_metrics_list.push_back(TRY(metrics_of(call, key, record)));
                                          return true;
                                        }));
  return out;
}

// The newest first.
Result<ListCrawlsResponse> list_crawls(Glue&, Call& call, const ListCrawlsRequest& in) {
  const FoundCrawler found = TRY(find_crawler(call, in.crawler_name, Lock::kNone));
  const std::string request = fmt::format("ListCrawls {} {}", found.record.id, in.filters.size());
  const auto limit = static_cast<size_t>(in.max_results.value_or(20));
  ListCrawlsResponse out;
  out.crawls.set_present();
  auto at = call.tx().cursor(kCrawls, {.prefix = prefix_of(kCrawls, found.record.id),
                                       .after = TRY(page_start(call, request, in.next_token)),
                                       .reverse = true});
  for (std::string last; at.valid(); at.next()) {
    const CrawlKey key = TRY(at.key());
    const CrawlRecord record = TRY(at.record());
    bool wanted = true;
    for (const CrawlsFilter& filter : in.filters) wanted = wanted && TRY(passes(filter, key, record));
    if (!wanted) continue;
    if (out.crawls.size() == limit) {
      out.next_token = next_page(call, request, last);
      break;
    }
    CrawlerHistory crawl{.crawl_id = key.id,
                         .state = record.state,
                         .start_time = key.started,
                         .end_time = record.ended,
                         .log_group = kCrawlLogGroup,
                         .log_stream = found.key.name,
                         .message_prefix = record.message_prefix};
    if (!record.summary.empty()) crawl.summary = record.summary;
    if (!record.error.empty()) crawl.error_message = record.error;
    out.crawls.push_back(std::move(crawl));
    last = at.encoded();
  }
  TRY(at.status());
  return out;
}

}  // namespace tarn::glue
