// What the files of this folder share: the insides of Blobs. Nobody else includes this.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <thread>
#include <unordered_map>

#include "blob/blob_file.h"
#include "blob/blobs.h"

namespace tarn {

struct BlobKey {
  BlobId blob = 0;
  static void fields(auto& self, auto&& visit) { visit(self.blob); }
};
struct BlobRecord {
  uint64_t references = 0;
  uint64_t size = 0;
  static void fields(auto& self, auto&& visit) { visit(self.references, self.size); }
};
// A file that nothing refers to by now: one yet to be adopted, or one to be removed. A crash leaves it here.
struct PendingRecord {
  static void fields(auto&, auto&& visit) { visit(); }
};
constexpr Table<BlobKey, BlobRecord> kBlobs{"blob.blobs"};
constexpr Table<BlobKey, PendingRecord> kPending{"blob.pending"};

constexpr bool rides_in_store(BlobId blob) {
  return blob % 2 == 1;
}
std::string bytes_key(BlobId blob);

struct Blobs::State : std::enable_shared_from_this<Blobs::State> {
  Store& store;
  const std::string directory;

  std::mutex mutex;
  std::condition_variable changed;  // something to remove, an id released, or the end
  std::condition_variable removed;
  std::unordered_map<BlobId, int> pins;                       // by open bodies
  int keeping = 0;                                            // backups under way
  std::unordered_map<BlobId, Sequence> doomed;                // to be removed; the commit that nobody older reads
  int removing = 0;                                           // taken out of `doomed`, under way
  std::unordered_map<BlobId, std::weak_ptr<BlobFile>> files;  // open now
  std::deque<std::shared_ptr<BlobFile>> recent;               // keeps what was checked known
  bool stopping = false;
  std::thread sweeper;

  std::mutex reserve_mutex;
  std::vector<BlobId> reserved;  // pending on the disk, not yet used

  explicit State(Store& s) : store(s), directory(s.directory()) {}

  std::string path(BlobId blob) const { return directory + "/" + file_of(blob); }
  // The id of a new file: recorded as pending, on the disk.
  Result<BlobId> reserve();
  void doom(BlobId blob, Sequence sequence);
  Result<std::shared_ptr<BlobFile>> file(BlobId blob);
  void pin(BlobId blob);
  void unpin(const std::vector<BlobId>& blobs);

  Status recover();
  void sweep();
  std::vector<BlobId> take_removable(Sequence oldest_reader);  // REQUIRES: mutex held
  void remove(const std::vector<BlobId>& blobs);
};

// The file of a staged body, until a commit has adopted it.
class StagedFile {
 public:
  StagedFile(std::shared_ptr<Blobs::State> in, BlobId blob) : in_(std::move(in)), blob_(blob) {}
  StagedFile(const StagedFile&) = delete;
  ~StagedFile() {
    if (!adopted_) in_->doom(blob_, 0);
  }
  void adopted() { adopted_ = true; }

 private:
  const std::shared_ptr<Blobs::State> in_;
  const BlobId blob_;
  bool adopted_ = false;
};

}  // namespace tarn
