// What functions write, on its way to CloudWatch Logs, as their roles: behind their calls, a batch at a time.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace tarn {
class Door;
}

namespace tarn::lambda {

struct LogLine {
  int64_t millis = 0;  // of tarn's clock
  std::string text;
};

struct LogBatch {
  std::string region, role, function, group, stream;
  std::vector<LogLine> lines;
};

// THREADS: any.
class LogShipper {
 public:
  explicit LogShipper(Door& door);
  ~LogShipper();  // what is left is shipped first
  void ship(LogBatch batch);

 private:
  void run();
  void send(const LogBatch& batch);

  Door& door_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<LogBatch> batches_;
  std::set<std::string> made_;  // streams
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tarn::lambda
