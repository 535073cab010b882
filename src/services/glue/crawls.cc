#include "services/glue/crawls.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "os/random.h"
#include "services/glue/crawl_job.h"
#include "services/glue/glue.h"
#include "store/schedule.h"

namespace tarn::glue {
namespace {

constexpr const char* kDelivery = "glue.crawl";
constexpr const char* kTimer = "glue.crawler";
constexpr const char* kStateChange = "Glue Crawler State Change";
constexpr const char* kSessionName = "AWS-Crawler";
constexpr int kTries = 5;  // of a crawl that the server does not survive

std::string timer_id(const CrawlerKey& key) {
  return fmt::format("{} {} {}", key.owner, key.region, key.name);
}

CrawlerKey key_of(std::string_view id) {
  const size_t first = id.find(' '), second = id.find(' ', first + 1);
  return {std::string(id.substr(0, first)), std::string(id.substr(first + 1, second - first - 1)),
          std::string(id.substr(second + 1))};
}

std::string new_uuid() {
  const std::string hex = random_hex(32);
  return fmt::format("{}-{}-4{}-a{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(13, 3), hex.substr(17, 3),
                     hex.substr(20, 12));
}

std::string log_link(const CrawlerKey& key) {
  return fmt::format("https://console.aws.amazon.com/cloudwatch/home?region={}#logEventViewer:group={};stream={}",
                     key.region, kCrawlLogGroup, key.name);
}

// AWS: the events' texts, https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-glue.html
Status tell(Door& door, Transaction& tx, const CrawlerKey& key, Json detail) {
  detail.set("accountId", key.owner);
  detail.set("crawlerName", key.name);
  const Json event = Json::object({{"source", "aws.glue"},
                                   {"detail-type", kStateChange},
                                   {"resources", Json::array()},
                                   {"detail", std::move(detail)}});
  return door.outbox().emit(tx, {.kind = fmt::format("aws.glue:{}", kStateChange),
                                 .account = key.owner,
                                 .region = key.region,
                                 .payload = event.text()});
}

struct Ending {
  std::string status, state, error;  // "SUCCEEDED", "COMPLETED"
  CrawlCounts counts;
};

Json counted(uint64_t n) {
  return std::to_string(n);
}

Json summary_of(const CrawlCounts& counts) {
  const auto details = [](uint64_t add, uint64_t update, uint64_t remove) {
    return Json::object({{"ADD", add}, {"UPDATE", update}, {"DELETE", remove}}).text();
  };
  return Json::object(
      {{"TABLE", details(counts.tables_created, counts.tables_updated, counts.tables_deleted)},
       {"PARTITION", details(counts.partitions_created, counts.partitions_updated, counts.partitions_deleted)}});
}

Json ended_detail(const CrawlerKey& key, const Ending& ending, Time started, Time now) {
  if (ending.status == "FAILED")
    return Json::object({{"errorMessage", ending.error},
                         {"cloudWatchLogLink", log_link(key)},
                         {"state", "Failed"},
                         {"message", "Crawler Failed"}});
  const CrawlCounts& c = ending.counts;
  return Json::object({{"tablesCreated", counted(c.tables_created)},
                       {"warningMessage", "N/A"},
                       {"partitionsUpdated", counted(c.partitions_updated)},
                       {"tablesUpdated", counted(c.tables_updated)},
                       {"message", ending.status == "SUCCEEDED" ? "Crawler Succeeded" : "Crawler Stopped"},
                       {"partitionsDeleted", counted(c.partitions_deleted)},
                       {"runningTime (sec)", counted(static_cast<uint64_t>((now - started) / kSecond))},
                       {"tablesDeleted", counted(c.tables_deleted)},
                       {"completionDate", iso8601(Time::of_seconds(now.seconds()))},
                       {"state", ending.status == "SUCCEEDED" ? "Succeeded" : "Stopped"},
                       {"partitionsCreated", counted(c.partitions_created)},
                       {"cloudWatchLogLink", log_link(key)}});
}

Status end_crawl(Door& door, Transaction& tx, const CrawlerKey& key, const std::string& crawl_id,
                 const Ending& ending) {
  auto crawler = TRY(tx.get(kCrawlers, key));
  if (!crawler || crawler->crawl_id != crawl_id) return {};  // told before, or deleted
  const Time now = door.clock().now();
  LastCrawlRecord last{.status = ending.status,
                       .error = ending.error,
                       .log_group = kCrawlLogGroup,
                       .log_stream = key.name,
                       .message_prefix = crawl_id,
                       .started = crawler->crawl_started,
                       .ended = now};
  last.tables_created = ending.counts.tables_created;
  last.tables_updated = ending.counts.tables_updated;
  last.tables_deleted = ending.counts.tables_deleted;
  crawler->last = std::move(last);
  crawler->state = CrawlerState::kReady;
  crawler->crawl_id.clear();
  TRY(tx.put(kCrawlers, key, *crawler));
  TRY(tx.put(kCrawls, {crawler->id, crawler->crawl_started, crawl_id},
             {.state = ending.state,
              .ended = now,
              .error = ending.error,
              .summary = summary_of(ending.counts).text(),
              .message_prefix = crawl_id}));
  return tell(door, tx, key, ended_detail(key, ending, crawler->crawl_started, now));
}

Result<std::vector<lake::CustomClassifier>> classifiers_of(Transaction& tx, const CrawlerKey& key,
                                                           const CrawlerRecord& crawler) {
  using lake::CustomClassifier;
  std::vector<CustomClassifier> all;
  for (const std::string& name : crawler.classifiers) {
    const auto record = TRY(tx.get(kClassifiers, {key.owner, key.region, name}));
    if (!record) return not_found(fmt::format("Classifier {} not found.", name));
    CustomClassifier& out = all.emplace_back();
    out.kind = record->kind == "grok"   ? CustomClassifier::Kind::kGrok
               : record->kind == "xml"  ? CustomClassifier::Kind::kXml
               : record->kind == "json" ? CustomClassifier::Kind::kJson
                                        : CustomClassifier::Kind::kCsv;
    out.name = name;
    out.classification = record->classification;
    out.grok_pattern = record->grok_pattern;
    out.custom_patterns = record->custom_patterns.value_or("");
    out.row_tag = record->row_tag;
    out.json_path = record->json_path;
    if (record->delimiter) out.delimiter = record->delimiter->front();
    if (record->quote) out.quote = record->quote->front();
    using Header = CustomClassifier::Header;
    const std::string header = record->contains_header.value_or("UNKNOWN");
    out.contains_header = header == "PRESENT"  ? Header::kPresent
                          : header == "ABSENT" ? Header::kAbsent
                                               : Header::kUnknown;
    out.header = record->header;
    out.allow_single_column = record->allow_single_column.value_or(false);
    if (record->types_configured.value_or(false)) out.types = record->types;
    out.serde = record->serde.value_or("");
  }
  return all;
}

}  // namespace

std::string crawler_arn(const CrawlerKey& key) {
  return fmt::format("arn:aws:glue:{}:{}:crawler/{}", key.region, key.owner, key.name);
}

std::string role_arn_of(const std::string& role, const std::string& account) {
  return role.starts_with("arn:") ? role : fmt::format("arn:aws:iam::{}:role/{}", account, role);
}

Status set_schedule(Door& door, Transaction& tx, const CrawlerKey& key, const CrawlerRecord& record, Time after) {
  std::optional<Time> next;
  if (record.scheduled && !record.schedule.empty()) next = TRY(TRY(tarn::Schedule::parse(record.schedule)).next(after));
  if (!next) return door.timers().cancel(tx, kTimer, timer_id(key));
  return door.timers().set(tx, kTimer, timer_id(key), *next);
}

Status begin_crawl(Door& door, Transaction& tx, const CrawlerKey& key, CrawlerRecord& record) {
  if (record.state != CrawlerState::kReady)
    return fail(400, "CrawlerRunningException", fmt::format("Crawler with name {} has already started", key.name));
  record.state = CrawlerState::kRunning;
  record.crawl_id = new_uuid();
  record.crawl_started = door.clock().now();
  TRY(tx.put(kCrawlers, key, record));
  TRY(tx.put(kCrawls, {record.id, record.crawl_started, record.crawl_id}, {.message_prefix = record.crawl_id}));
  TRY(door.outbox().enqueue(tx, {.type = kDelivery,
                                 .target = crawler_arn(key),
                                 .payload = record.crawl_id + " " + timer_id(key),
                                 .give_up_after = 7 * kDay,
                                 .max_attempts = kTries}));
  return tell(door, tx, key,
              Json::object({{"startTime", iso8601(Time::of_seconds(record.crawl_started.seconds()))},
                            {"state", "Started"},
                            {"message", "Crawler Started"}}));
}

Crawls::Crawls(Door& door) : door_(door) {
  door.outbox().deliver_to(
      kDelivery, {.deliver = [this](const Delivery& delivery) { return run(delivery); },
                  .gave_up =
                      [this](Transaction& tx, const Delivery& delivery, const Error& error) {
                        const size_t blank = delivery.payload.find(' ');
                        return end_crawl(
                            door_, tx, key_of(std::string_view(delivery.payload).substr(blank + 1)),
                            delivery.payload.substr(0, blank),
                            {"FAILED", "FAILED", "The crawl was cut off again and again: " + error.message, {}});
                      }});
  door.timers().on(kTimer, [this](Transaction& tx, const Timer& timer) { return fire(tx, timer); });
}

Status Crawls::fire(Transaction& tx, const Timer& timer) {
  const CrawlerKey key = key_of(timer.id);
  auto record = TRY(tx.get(kCrawlers, key));
  if (!record || !record->scheduled) return {};
  // One that still runs is let run: this moment is passed over. AWS: crawler schedules.
  if (record->state == CrawlerState::kReady) TRY(begin_crawl(door_, tx, key, *record));
  return set_schedule(door_, tx, key, *record, timer.due);
}

Status Crawls::run(const Delivery& delivery) {
  const size_t blank = delivery.payload.find(' ');
  const std::string crawl_id = delivery.payload.substr(0, blank);
  const CrawlerKey key = key_of(std::string_view(delivery.payload).substr(blank + 1));
  std::optional<CrawlerRecord> crawler;
  Result<std::vector<lake::CustomClassifier>> classifiers;
  {
    const auto tx = door_.store().read();
    crawler = TRY(tx->get(kCrawlers, key));
    if (!crawler || crawler->crawl_id != crawl_id) return {};
    classifiers = classifiers_of(*tx, key, *crawler);
  }

  Caller from{.principal = {.kind = Principal::Kind::kService, .account = key.owner, .arn = "glue.amazonaws.com"},
              .region = key.region,
              .request_id = crawl_id};
  from.source_arn = crawler_arn(key);
  from.source_account = key.owner;
  const std::string role = role_arn_of(crawler->role, key.owner);
  const auto as = door_.assume_as_service(from, role, "glue.amazonaws.com", kSessionName);
  Ending ending{"SUCCEEDED", "COMPLETED", "", {}};
  if (!as || !classifiers) {
    const Error& error = as ? classifiers.error() : as.error();
    ending = {"FAILED",
              "FAILED",
              as ? error.message
                 : fmt::format("Service is unable to assume role {}: {}. Its trust policy must let "
                               "glue.amazonaws.com assume it.",
                               role, error.message),
              {}};
  } else {
    CrawlLog log(door_, *as, key.name, crawl_id);
    const auto going_on = [&]() -> Status {
      if (stopping_) return fail(503, "ServerStops", "The server stops.");
      const auto now = TRY(door_.store().read()->get(kCrawlers, key));
      if (!now || now->state == CrawlerState::kStopping) return fail(400, "CrawlStopped", "The crawler was stopped.");
      return {};
    };
    log.add("BENCHMARK", fmt::format("Running Start Crawl for Crawler {}", key.name));
    if (delivery.attempts > 0) log.add("INFO", "The crawl was cut off and begins anew.");
    CrawlJob job(door_, *as, key, *crawler, std::move(*classifiers), log, going_on);
    const Status done = job.run();
    if (!done && done.error().code == "ServerStops") return done;  // the next start takes it up
    ending.counts = job.counts();
    if (!done && done.error().code == "CrawlStopped")
      ending = {"CANCELLED", "STOPPED", "", job.counts()};
    else if (!done)
      ending = {"FAILED", "FAILED", done.error().message, job.counts()};
    if (!done) log.add(ending.status == "FAILED" ? "ERROR" : "INFO", done.error().message);
    log.add("BENCHMARK", "Crawler has finished running and is in state READY");
    log.flush();
  }
  TRY(door_.store().wait_synced(
      TRY(door_.store().run([&](Transaction& tx) { return end_crawl(door_, tx, key, crawl_id, ending); }))));
  return {};
}

}  // namespace tarn::glue
