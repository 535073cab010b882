#include "lake/staging.h"

#include <algorithm>
#include <cstring>

#include "os/scratch.h"
#include "sql/sql_error.h"

namespace tarn::lake {
namespace {

constexpr size_t kCopyBytes = 1 << 20;

// A file ends with its metadata, their length in 32 bits, and "PAR1".
Result<std::string> read_parquet_footer(int file, uint64_t size, const std::string& folder) {
  constexpr uint64_t kTail = 8;
  std::string tail(kTail, '\0');
  if (size < kTail || TRY(read_at(file, size - kTail, std::span(tail.data(), kTail), folder)) < kTail) return std::string();
  uint32_t length = 0;
  std::memcpy(&length, tail.data(), sizeof length);
  if (!tail.ends_with("PAR1") || length > size - kTail) return std::string();
  std::string footer(length, '\0');
  const size_t got = TRY(read_at(file, size - kTail - length, std::span(footer.data(), length), folder));
  footer.resize(got);
  return footer;
}

}  // namespace

Result<sql::StagedObject> Staging::create(const std::string& uri) {
  Fd owned = TRY(nameless_file(folder_));
  sql::StagedObject made;
  made.file = TRY(duplicate(owned.get()));
  const std::lock_guard lock(mutex_);
  made.handle = next_++;
  staged_[made.handle] = {uri, std::move(owned), {}, {}};
  return made;
}

Status Staging::finish(uint64_t handle, uint64_t size) {
  int file = -1;
  {
    const std::lock_guard lock(mutex_);
    const auto found = staged_.find(handle);
    if (found == staged_.end()) return sql::sql_error(sql::kInternalError, "the object is not being written");
    file = found->second.file.get();
  }
  const auto writer = blobs_.writer();
  std::string buffer(kCopyBytes, '\0');
  for (uint64_t at = 0; at < size;) {
    const size_t wanted = static_cast<size_t>(std::min<uint64_t>(size - at, buffer.size()));
    const size_t got = TRY(read_at(file, at, std::span(buffer.data(), wanted), folder_));
    if (got == 0) return sql::sql_error(sql::kInternalError, "the object is shorter than the engine said");
    TRY(writer->append(std::string_view(buffer).substr(0, got)));
    at += got;
  }
  StagedBody body = TRY(writer->finish());
  std::string footer = TRY(read_parquet_footer(file, size, folder_));
  const std::lock_guard lock(mutex_);
  const auto found = staged_.find(handle);
  if (found == staged_.end()) return {};
  found->second.body = std::move(body);
  found->second.footer = std::move(footer);
  found->second.file.close();
  return {};
}

std::string Staging::parquet_footer(uint64_t handle) {
  const std::lock_guard lock(mutex_);
  const auto found = staged_.find(handle);
  return found == staged_.end() ? std::string() : found->second.footer;
}

void Staging::abort(uint64_t handle) {
  const std::lock_guard lock(mutex_);
  staged_.erase(handle);
}

Result<std::vector<NewObject>> Staging::take(const std::vector<sql::WrittenObject>& objects) {
  const std::lock_guard lock(mutex_);
  std::vector<NewObject> all;
  for (const sql::WrittenObject& object : objects) {
    const auto found = staged_.find(object.handle);
    if (found == staged_.end()) return internal_failure("an object of the statement was not staged: " + object.uri);
    all.push_back({found->second.uri, std::move(found->second.body)});
    staged_.erase(found);
  }
  return all;
}

void Staging::discard(const std::vector<sql::WrittenObject>& objects) {
  for (const sql::WrittenObject& object : objects) abort(object.handle);
}

}  // namespace tarn::lake
