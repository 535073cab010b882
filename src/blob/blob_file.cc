#include "blob/blob_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"

namespace tarn {
namespace {

constexpr std::string_view kMagic = "tarnblob";
constexpr size_t kFooter = 24;
constexpr size_t kReadAtOnce = 256 << 10;

void append_little(std::string& out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
}

uint64_t read_little(std::string_view in) {
  uint64_t value = 0;
  for (size_t i = in.size(); i-- > 0;) value = value << 8 | static_cast<uint8_t>(in[i]);
  return value;
}

uint64_t blocks_of(uint64_t size) {
  return size / kBlobBlock + (size % kBlobBlock != 0);
}

Failure damaged(const std::string& path, std::string_view what) {
  return internal_failure(
      fmt::format("The file {} is damaged: {}. Restore it from a backup, or delete the objects in it.", path, what));
}

}  // namespace

std::string blob_trailer(uint64_t size, const std::vector<uint32_t>& checksums) {
  std::string out;
  for (const uint32_t checksum : checksums) append_little(out, checksum, 4);
  append_little(out, size, 8);
  append_little(out, kBlobBlock, 4);
  append_little(out, crc32c(0, out), 4);
  out += kMagic;
  return out;
}

void BlockChecksums::update(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t n = std::min<uint64_t>(bytes.size(), kBlobBlock - in_block_);
    current_ = crc32c(current_, bytes.substr(0, n));
    bytes.remove_prefix(n);
    in_block_ += n;
    if (in_block_ == kBlobBlock) {
      done_.push_back(std::exchange(current_, 0));
      in_block_ = 0;
    }
  }
}

std::vector<uint32_t> BlockChecksums::finish() {
  if (in_block_ > 0) done_.push_back(current_);
  return std::move(done_);
}

Result<std::shared_ptr<BlobFile>> BlobFile::open(std::string path) {
  Fd fd = TRY(open_file(path, OpenMode::kRead));
  const uint64_t length = TRY(file_size(fd.get(), path));
  if (length < kFooter) return damaged(path, "it is too short");
  std::string footer(kFooter, '\0');
  TRY(read_at(fd.get(), length - kFooter, footer, path));
  if (!footer.ends_with(kMagic)) return damaged(path, "its end is not that of a blob");
  const uint64_t size = read_little(std::string_view(footer).substr(0, 8));
  if (size > length || length != size + blocks_of(size) * 4 + kFooter)
    return damaged(path, "its length is not what its end says");
  std::string sums(blocks_of(size) * 4, '\0');
  TRY(read_at(fd.get(), size, sums, path));
  const std::string_view head(footer.data(), 12);
  if (crc32c(crc32c(0, sums), head) != read_little(std::string_view(footer).substr(12, 4)))
    return damaged(path, "its checksums have a wrong checksum");
  std::vector<uint32_t> checksums;
  for (size_t i = 0; i < sums.size(); i += 4)
    checksums.push_back(static_cast<uint32_t>(read_little(std::string_view(sums).substr(i, 4))));
  return std::shared_ptr<BlobFile>(new BlobFile(std::move(path), std::move(fd), size, std::move(checksums)));
}

Status BlobFile::check(uint64_t offset, uint64_t length) {
  if (offset > size_ || length > size_ - offset)
    return damaged(path_, fmt::format("it has {} bytes, and bytes at {} are asked for", size_, offset + length));
  if (length == 0) return {};
  for (uint64_t block = offset / kBlobBlock; block <= (offset + length - 1) / kBlobBlock; ++block)
    if (!checked_[block].load(std::memory_order_relaxed)) TRY(check_block(block));
  return {};
}

Status BlobFile::check_block(uint64_t block) {
  const uint64_t end = std::min(size_, (block + 1) * kBlobBlock);
  std::vector<char> buffer(std::min<uint64_t>(kReadAtOnce, end - block * kBlobBlock));
  uint32_t checksum = 0;
  for (uint64_t at = block * kBlobBlock; at < end;) {
    const std::span<char> to(buffer.data(), std::min<uint64_t>(buffer.size(), end - at));
    const size_t got = TRY(read_at(fd_.get(), at, to, path_));
    if (got == 0) return damaged(path_, fmt::format("it ends at {}", at));
    checksum = crc32c(checksum, {buffer.data(), got});
    at += got;
  }
  if (checksum != checksums_[block])
    return damaged(path_, fmt::format("the checksum of the MiB at {} does not match", block * kBlobBlock));
  checked_[block].store(true, std::memory_order_relaxed);
  return {};
}

Status BlobFile::read(uint64_t offset, std::span<char> to) {
  TRY(check(offset, to.size()));
  if (TRY(read_at(fd_.get(), offset, to, path_)) != to.size()) return damaged(path_, "it is shorter than it was");
  return {};
}

}  // namespace tarn
