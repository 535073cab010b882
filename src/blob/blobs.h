// Object bytes: immutable blobs, counted by reference. Up to 64 KiB they ride in the commit; larger ones are files
// under DIR/blobs, on the disk before a commit may refer to them, with a CRC32C for each MiB that is checked when read.
//
//   auto writer = blobs.writer({DigestKind::kSha256});
//   TRY(writer->append(bytes)); ...
//   StagedBody body = TRY(writer->finish());
//   // in the transaction that makes the object:
//   TRY(blobs.adopt(tx, body));           // its first reference
//   record.segments = body.segments();
//   // copying: retain(tx, segment.blob) for each;  deleting: release(tx, segment.blob) for each
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "store/store.h"

namespace tarn {

using BlobId = uint64_t;

constexpr uint64_t kInlineLimit = 64 << 10;

// A piece of an object: bytes of one blob. An object is a list of these. Fit for records.
struct Segment {
  BlobId blob = 0;
  uint64_t offset = 0;
  uint64_t length = 0;
  static void fields(auto& self, auto&& visit) { visit(self.blob, self.offset, self.length); }
  friend bool operator==(const Segment&, const Segment&) = default;
};

class StagedFile;

// A body that has been received whole. Its file goes when the last copy goes, unless a commit has adopted it.
struct StagedBody {
  BlobId blob = 0;  // 0: an empty body, which needs no blob
  uint64_t size = 0;
  std::map<DigestKind, std::string> digests;  // raw; MD5, CRC64NVME and those asked for
  std::shared_ptr<const std::string> bytes;   // of one that rides in the commit, else null
  std::shared_ptr<StagedFile> file;           // of one that is a file, else null

  // The object's segments: one, or none where it is empty.
  std::vector<Segment> segments() const;
};

// Receives a body. THREADS: one at a time. Discarded when it goes out of scope unfinished.
// ERRORS, all: InsufficientStorage (507) on a full disk, else InternalFailure; then it is of no more use.
class BlobWriter {
 public:
  BlobWriter(const BlobWriter&) = delete;
  ~BlobWriter();
  Status append(std::string_view bytes);
  uint64_t size() const;
  // DURABLE: a file's bytes, name and checksums are on the disk. REQUIRES: called once, last.
  Result<StagedBody> finish();

 private:
  friend class Blobs;
  struct State;
  explicit BlobWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Reads an object's bytes; while it lives its blobs stay, whatever is deleted. THREADS: any.
class Body {
 public:
  ~Body();
  uint64_t size() const;
  // Fills `to` from `offset` on, as far as the body goes; how many bytes. Each MiB of a file is checked when it is
  // first read since the file was opened. ERRORS: InternalFailure naming the blob when bytes are damaged.
  Result<size_t> read(uint64_t offset, std::span<char> to) const;

  // Some of the bytes from `offset` on, where they lie: in memory, or in a file to be sent by sendfile.
  struct Run {
    int fd = -1;  // -1: `bytes`
    uint64_t file_offset = 0;
    uint64_t length = 0;
    std::string_view bytes = {};
    std::shared_ptr<const void> hold = {};  // fd, bytes and checksums hold as long as this
    // Of a file: the CRC32C of each MiB that the run touches, from the one that holds file_offset on, and where the blob ends.
    std::span<const uint32_t> checksums = {};
    uint64_t file_size = 0;
  };
  // REQUIRES: offset < size(), limit > 0. At most `limit` bytes, at least one. They have been checked as read() does.
  Result<Run> run(uint64_t offset, uint64_t limit) const;
  // All of [offset, offset + length) as far as the body goes, not checked: for another process that reads the files
  // itself. check() reads and checks them now.
  Result<std::vector<Run>> runs(uint64_t offset, uint64_t length) const;
  Status check(uint64_t offset, uint64_t length) const;

 private:
  friend class Blobs;
  struct State;
  explicit Body(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// THREADS: any. LIFETIME: not beyond its store. Writers are done with before it ends.
class Blobs {
 public:
  // Removes what a crash left half done. REQUIRES: no writer yet.
  static Result<std::unique_ptr<Blobs>> open(Store& store);
  ~Blobs();
  Blobs(const Blobs&) = delete;

  // MD5 and CRC64NVME are always computed.
  std::unique_ptr<BlobWriter> writer(const std::vector<DigestKind>& digests = {});
  // Of bytes at hand.
  Result<StagedBody> stage(std::string_view bytes, const std::vector<DigestKind>& digests = {});

  // The first reference to a staged body. May be called anew when the handler is run anew.
  Status adopt(Transaction& tx, const StagedBody& body);
  // One more reference, one less; at none the bytes go once that commit is on the disk and nobody reads them any more.
  // ERRORS: TransactionConflict from retain when the blob has just gone.
  Status retain(Transaction& tx, BlobId blob);
  Status release(Transaction& tx, BlobId blob);
  Status retain(Transaction& tx, const std::vector<Segment>& segments);
  Status release(Transaction& tx, const std::vector<Segment>& segments);

  // Opens an object's bytes as the transaction sees them. ERRORS: TransactionConflict when they have just gone.
  Result<std::shared_ptr<const Body>> open_body(Transaction& tx, std::vector<Segment> segments);

  // Waits until nothing is left to be removed that nobody reads: for tests and a clean stop.
  void settle();

  // All blobs that some commit refers to, with their sizes and counts of references: for backup and check.
  struct Known {
    BlobId blob;
    uint64_t size;
    uint64_t references;
  };
  Status each(Transaction& tx, const std::function<Status(const Known&)>& visit);
  // Whether the blob's bytes are there and whole, all of them. ERRORS: what is wrong.
  Status verify(Transaction& tx, const Known& known);

  // No blob file is removed while it lives: for a backup.
  std::shared_ptr<void> keep_all();
  // Where a blob's file is, below the data directory; empty for those that ride in the store.
  static std::string file_of(BlobId blob);
  Store& store() const;
  struct State;

 private:
  explicit Blobs(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace tarn
