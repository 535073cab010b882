#include "services/s3/select_jobs.h"

#include <thread>

namespace tarn::s3 {

const Result<sql::SelectOutcome>* SelectJob::wait_for(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  if (!ended_.wait_for(lock, time, [&] { return outcome_.has_value(); })) return nullptr;
  return &*outcome_;
}

SelectJobs::~SelectJobs() {
  std::unique_lock lock(mutex_);
  none_left_.wait(lock, [&] { return running_ == 0; });
}

std::shared_ptr<SelectJob> SelectJobs::start(sql::Engine& engine, sql::SelectRequest request, Fd spool,
                                             std::shared_ptr<const void> keep) {
  auto job = std::make_shared<SelectJob>();
  job->spool_ = std::move(spool);
  request.spool = job->spool_.get();
  {
    const std::lock_guard lock(mutex_);
    ++running_;
  }
  std::thread([this, &engine, job, keep = std::move(keep), request = std::move(request)]() mutable {
    Result<sql::SelectOutcome> outcome = engine.select(std::move(request));
    {
      const std::lock_guard lock(job->mutex_);
      job->outcome_ = std::move(outcome);
      job->ended_.notify_all();
    }
    keep.reset();
    const std::lock_guard lock(mutex_);
    if (--running_ == 0) none_left_.notify_all();
  }).detach();
  return job;
}

}  // namespace tarn::s3
