// A blob's file: its bytes, then a CRC32C for each MiB, then a footer. Offsets in the blob are offsets in the file.
//
//   bytes | CRC32C of each MiB, 4 bytes little-endian each | footer, 24 bytes:
//   size, 8 bytes | MiB, 4 bytes | CRC32C of all that stands between the bytes and this, 4 bytes | "tarnblob"
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "os/file.h"

namespace tarn {

constexpr uint64_t kBlobBlock = 1 << 20;

// What stands behind the bytes of a blob of that size.
std::string blob_trailer(uint64_t size, const std::vector<uint32_t>& checksums);

// Computes the checksums of bytes as they stream by.
class BlockChecksums {
 public:
  void update(std::string_view bytes);
  // REQUIRES: called once, last.
  std::vector<uint32_t> finish();

 private:
  std::vector<uint32_t> done_;
  uint32_t current_ = 0;
  uint64_t in_block_ = 0;
};

// A blob's file open for reading. THREADS: any.
class BlobFile {
 public:
  // ERRORS: InternalFailure: it is not there, or damaged.
  static Result<std::shared_ptr<BlobFile>> open(std::string path);

  int fd() const { return fd_.get(); }
  uint64_t size() const { return size_; }
  // Of the MiBs that hold these bytes. REQUIRES: within size(), length > 0.
  std::span<const uint32_t> checksums(uint64_t offset, uint64_t length) const {
    const uint64_t first = offset / kBlobBlock;
    return std::span(checksums_).subspan(first, (offset + length - 1) / kBlobBlock - first + 1);
  }
  // Reads and checks each block that holds some of these bytes and has not been checked since the file was opened.
  // ERRORS: InternalFailure naming file and offset.
  Status check(uint64_t offset, uint64_t length);
  // REQUIRES: within size(). Checked.
  Status read(uint64_t offset, std::span<char> to);

 private:
  BlobFile(std::string path, Fd fd, uint64_t size, std::vector<uint32_t> checksums)
      : path_(std::move(path)),
        fd_(std::move(fd)),
        size_(size),
        checksums_(std::move(checksums)),
        checked_(checksums_.size()) {}
  Status check_block(uint64_t block);

  const std::string path_;
  const Fd fd_;
  const uint64_t size_;
  const std::vector<uint32_t> checksums_;
  std::vector<std::atomic<bool>> checked_;
};

}  // namespace tarn
