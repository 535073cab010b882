// Amazon S3: buckets and objects.
#pragma once

#include "blob/blobs.h"
#include "services/s3/records.h"
#include "services/s3/select_jobs.h"

namespace tarn::s3 {

// THREADS: handlers run on any. LIFETIME: borrows its collaborators.
class S3 {
 public:
  // Without an engine S3 Select is refused.
  explicit S3(Blobs& blobs, sql::Engine* select_engine = nullptr) : blobs(blobs), select_engine(select_engine) {}
  S3(const S3&) = delete;

  Blobs& blobs;
  sql::Engine* select_engine;
  SelectJobs select_jobs;
};

}  // namespace tarn::s3
