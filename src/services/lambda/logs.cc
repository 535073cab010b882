#include "services/lambda/logs.h"

#include "door/door.h"
#include "gen/logs/events.h"
#include "gen/logs/groups.h"
#include "gen/logs/streams.h"

namespace tarn::lambda {
namespace {

constexpr size_t kMostEvents = 10'000;    // AWS: PutLogEvents: events in a batch
constexpr size_t kMostBytes = 1'000'000;  // .. and bytes, 26 for each event beside its text: 1,048,576
constexpr size_t kMostBatches = 10'000;   // beyond this the oldest go: a log that nobody takes must not fill the memory

}  // namespace

LogShipper::LogShipper(Door& door) : door_(door), thread_([this] { run(); }) {}

LogShipper::~LogShipper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void LogShipper::ship(LogBatch batch) {
  const std::lock_guard lock(mutex_);
  batches_.push_back(std::move(batch));
  if (batches_.size() > kMostBatches) batches_.pop_front();
  changed_.notify_all();
}

void LogShipper::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stopping_ || !batches_.empty(); });
    if (batches_.empty()) return;
    const LogBatch batch = std::move(batches_.front());
    batches_.pop_front();
    lock.unlock();
    send(batch);
    lock.lock();
  }
}

// As the function's role: without the rights its log is not there, as on AWS.
void LogShipper::send(const LogBatch& batch) {
  Caller service;
  service.region = batch.region;
  const Result<Caller> role = door_.assume_as_service(service, batch.role, "lambda.amazonaws.com", batch.function);
  if (!role) return;
  const std::string place = batch.role + " " + batch.group + " " + batch.stream;
  if (!made_.contains(place)) {
    (void)door_.call(*role,
                     logs::CreateLogGroupRequest{.log_group_name = batch.group});  // most often it is there already
    const auto made =
        door_.call(*role, logs::CreateLogStreamRequest{.log_group_name = batch.group, .log_stream_name = batch.stream});
    if (!made && made.error().code != "ResourceAlreadyExistsException") return;
    made_.insert(place);
  }
  logs::PutLogEventsRequest request{.log_group_name = batch.group, .log_stream_name = batch.stream};
  size_t bytes = 0;
  const auto put = [&] {
    if (!request.log_events.empty()) (void)door_.call(*role, request);
    request.log_events = {};
    bytes = 0;
  };
  for (const LogLine& line : batch.lines) {
    if (request.log_events.size() == kMostEvents || bytes + line.text.size() > kMostBytes) put();
    bytes += line.text.size() + 26;
    request.log_events.push_back({.timestamp = line.millis, .message = line.text});
  }
  put();
}

}  // namespace tarn::lambda
