// Crawls: how they start, by request or by schedule, and how they run: each as a delivery of the outbox, so that one
// that a crash has cut off runs again, and a virtual clock waits for it.
#pragma once

#include <atomic>
#include <string>

#include "base/result.h"
#include "door/call.h"
#include "door/door.h"
#include "services/glue/crawler_records.h"

namespace tarn::glue {

constexpr const char* kCrawlLogGroup = "/aws-glue/crawlers";

std::string crawler_arn(const CrawlerKey& key);
// A crawler's role is said by ARN or by name.
std::string role_arn_of(const std::string& role, const std::string& account);

// In the transaction: the crawler is running from its commit on.
// ERRORS: CrawlerRunningException. REQUIRES: the record was got with an exclusive lock.
Status begin_crawl(Door& door, Transaction& tx, const CrawlerKey& key, CrawlerRecord& record);

// Sets the timer for the next moment of its schedule; takes it away where there is none (any more).
Status set_schedule(Door& door, Transaction& tx, const CrawlerKey& key, const CrawlerRecord& record, Time after);

// LIFETIME: borrows the door. REQUIRES: made before outbox and timers start; stop() before the outbox stops.
class Crawls {
 public:
  explicit Crawls(Door& door);
  // Those that run leave off; the next start takes them up again.
  void stop() { stopping_ = true; }

 private:
  Status run(const Delivery& delivery);
  Status fire(Transaction& tx, const Timer& timer);

  Door& door_;
  std::atomic<bool> stopping_ = false;
};

}  // namespace tarn::glue
