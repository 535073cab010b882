// One consistent copy of a data directory, bringing it back, and checking one.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/result.h"
#include "blob/blobs.h"
#include "store/store.h"

namespace tarn {

// Writes a copy of the data directory to `to` while the server goes on: all that was committed when it began. Immutable
// files are hard links where the file system lets them. `also` adds what services keep in folders of their own, with all that
// the copied store's records say of it. ERRORS: DirectoryExists (409): `to` must not be there.
Status backup(Store& store, Blobs& blobs, const std::string& to,
              const std::function<Status(const std::string& partial)>& also = {});

// Makes the directory `to` from a backup. ERRORS: DirectoryExists (409) when `to` holds a data directory.
Status restore(const std::string& from, const std::string& to);

struct CheckReport {
  uint64_t records = 0, record_bytes = 0;
  uint64_t blobs = 0, blob_bytes = 0;
  std::vector<std::string> faults;  // what is damaged, one line each
  std::string text() const;         // the summary, for people
};
// Calls `found` for each segment that a service's records hold.
using SegmentLister = std::function<Status(Transaction&, const std::function<void(const Segment&)>& found)>;
// Verifies the checksums of every record and blob, and, where a lister is given, that each blob's count of references
// is right. REQUIRES: no server uses the directory. ERRORS: only where the directory cannot be read at all.
Result<CheckReport> check_directory(const std::string& directory, const SegmentLister& segments = {});

}  // namespace tarn
