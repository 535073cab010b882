#include "services/lambda/logs.h"

#include <map>
#include <utility>

#include "door/door.h"
#include "gen/logs/events.h"
#include "gen/logs/groups.h"
#include "gen/logs/streams.h"

namespace tarn::lambda {
namespace {

constexpr size_t kMostEvents = 10'000;    // AWS: PutLogEvents: events in a batch
constexpr size_t kMostBytes = 1'000'000;  // .. and bytes, 26 for each event beside its text: 1,048,576
constexpr auto kGather = std::chrono::milliseconds(20);  // what a busy function writes meanwhile is one commit
constexpr size_t kMostBatches = 10'000;   // beyond this the oldest go: a log that nobody takes must not fill the memory

// Those of one stream as one, in their order.
std::vector<LogBatch> joined(const std::deque<LogBatch>& batches) {
  std::vector<LogBatch> out;
  std::map<std::pair<std::string, std::string>, size_t> places;
  for (const LogBatch& batch : batches) {
    const auto [at, fresh] = places.emplace(std::pair(batch.role, batch.group + "\n" + batch.stream), out.size());
    if (fresh)
      out.push_back(batch);
    else
      out[at->second].lines.insert(out[at->second].lines.end(), batch.lines.begin(), batch.lines.end());
  }
  return out;
}

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
  if (batches_.empty()) changed_.notify_all();  // else it is gathering, and needs no waking
  batches_.push_back(std::move(batch));
  if (batches_.size() > kMostBatches) batches_.pop_front();
}

void LogShipper::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stopping_ || !batches_.empty(); });
    if (batches_.empty()) return;
    changed_.wait_for(lock, kGather, [&] { return stopping_; });
    const std::deque<LogBatch> taken = std::exchange(batches_, {});
    lock.unlock();
    for (const LogBatch& batch : joined(taken)) send(batch);
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
