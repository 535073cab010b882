// Statements of S3 Select under way: each runs on a thread of its own while its events wait for it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

#include "base/result.h"
#include "os/file.h"
#include "sql/engine_client.h"

namespace tarn::s3 {

// THREADS: any.
class SelectJob {
 public:
  // Waits at most so long; nullptr: it is still running.
  const Result<sql::SelectOutcome>* wait_for(std::chrono::milliseconds time);
  int spool() const { return spool_.get(); }  // to be read once it has ended well

 private:
  friend class SelectJobs;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::optional<Result<sql::SelectOutcome>> outcome_;
  Fd spool_;
};

// THREADS: any. Its end waits for those that run: the engine must outlive it.
class SelectJobs {
 public:
  SelectJobs() = default;
  SelectJobs(const SelectJobs&) = delete;
  ~SelectJobs();
  // `spool`: a file of the job's own. `keep` lives as long as the statement runs.
  std::shared_ptr<SelectJob> start(sql::Engine& engine, sql::SelectRequest request, Fd spool,
                                   std::shared_ptr<const void> keep);

 private:
  std::mutex mutex_;
  std::condition_variable none_left_;
  int running_ = 0;
};

}  // namespace tarn::s3
