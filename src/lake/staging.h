// Staging: objects that an engine is writing, seen by nobody until they are published.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "blob/blobs.h"
#include "lake/lake.h"
#include "os/file.h"
#include "sql/engine_client.h"

namespace tarn::lake {

// THREADS: any. LIFETIME: borrows the blobs.
class Staging {
 public:
  // `folder`: a directory on the disk for files without a name.
  Staging(Blobs& blobs, std::string folder) : blobs_(blobs), folder_(std::move(folder)) {}

  // The engine writes into a file without a name; what is in it becomes a blob when it is finished.
  Result<sql::StagedObject> create(const std::string& uri);
  Status finish(uint64_t handle, uint64_t size);
  void abort(uint64_t handle);

  // The metadata of a Parquet file that was staged, see column_chunks; empty: it is none.
  std::string parquet_footer(uint64_t handle);

  // What was staged under these handles, for publishing; then it is gone from here.
  Result<std::vector<NewObject>> take(const std::vector<sql::WrittenObject>& objects);
  void discard(const std::vector<sql::WrittenObject>& objects);

 private:
  struct Staged {
    std::string uri;
    Fd file;
    StagedBody body;  // when it is finished
    std::string footer;  // .. of a Parquet file
  };

  Blobs& blobs_;
  const std::string folder_;
  std::mutex mutex_;
  std::map<uint64_t, Staged> staged_;
  uint64_t next_ = 1;
};

}  // namespace tarn::lake
