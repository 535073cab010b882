// Amazon S3: buckets and objects.
#pragma once

#include "blob/blobs.h"
#include "services/s3/records.h"

namespace tarn::sql {
class Engine;
}

namespace tarn::s3 {

// THREADS: handlers run on any. LIFETIME: borrows its collaborators.
class S3 {
 public:
  struct Parts {
    Blobs& blobs;
    sql::Engine* select_engine = nullptr;  // runs S3 Select; nullptr: that is refused
  };
  explicit S3(Parts parts) : blobs(parts.blobs), select_engine(parts.select_engine) {}
  S3(const S3&) = delete;

  Blobs& blobs;
  sql::Engine* select_engine;
};

}  // namespace tarn::s3
