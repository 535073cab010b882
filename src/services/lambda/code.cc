#include "services/lambda/code.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <memory>

#include "os/file.h"
#include "os/random.h"

namespace tarn::lambda {
namespace {

using Reader = std::unique_ptr<archive, int (*)(archive*)>;

Failure no_zip(std::string_view why) {
  return fail(
      400, "InvalidParameterValueException",
      fmt::format("Could not unzip uploaded file. Please check your file, then try to upload again. ({})", why));
}

Result<Reader> open_zip(std::string_view zip) {
  Reader reader(::archive_read_new(), ::archive_read_free);
  ::archive_read_support_format_zip(reader.get());
  if (::archive_read_open_memory(reader.get(), zip.data(), zip.size()) != ARCHIVE_OK)
    return no_zip(::archive_error_string(reader.get()));
  return reader;
}

// Calls `each` for every entry.
template <class Each>
Status walk(std::string_view zip, Each each) {
  const Reader reader = TRY(open_zip(zip));
  archive_entry* entry = nullptr;
  while (true) {
    const int status = ::archive_read_next_header(reader.get(), &entry);
    if (status == ARCHIVE_EOF) return {};
    if (status < ARCHIVE_WARN) return no_zip(::archive_error_string(reader.get()));
    TRY(each(reader.get(), entry));
  }
}

}  // namespace

Result<uint64_t> unzipped_size(std::string_view zip) {
  if (zip.empty()) return no_zip("it is empty");
  uint64_t size = 0;
  TRY(walk(zip, [&](archive* reader, archive_entry* entry) -> Status {
    if (::archive_entry_size_is_set(entry)) {
      size += static_cast<uint64_t>(std::max<int64_t>(0, ::archive_entry_size(entry)));
      return {};
    }
    const void* bytes;
    size_t n;
    la_int64_t offset;
    while (::archive_read_data_block(reader, &bytes, &n, &offset) == ARCHIVE_OK) size += n;
    return {};
  }));
  return size;
}

Status unzip(std::string_view zip, const std::string& folder) {
  const std::string partial = folder + "." + random_hex(8);
  TRY(make_directories(partial));
  const std::unique_ptr<archive, int (*)(archive*)> disk(::archive_write_disk_new(), ::archive_write_free);
  ::archive_write_disk_set_options(disk.get(), ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_TIME |
                                                   ARCHIVE_EXTRACT_SECURE_NODOTDOT | ARCHIVE_EXTRACT_SECURE_SYMLINKS);
  Status done = walk(zip, [&](archive* reader, archive_entry* entry) -> Status {
    const char* name = ::archive_entry_pathname_utf8(entry);
    if (name == nullptr) name = ::archive_entry_pathname(entry);
    if (name == nullptr) return no_zip("an entry has no name");
    ::archive_entry_set_pathname(entry, fmt::format("{}/{}", partial, name).c_str());
    const auto mode = ::archive_entry_perm(entry);
    const bool folder_entry = ::archive_entry_filetype(entry) == AE_IFDIR;
    ::archive_entry_set_perm(entry, folder_entry ? 0755 : ((mode & 0111) != 0 || mode == 0 ? 0755 : 0644));
    if (::archive_write_header(disk.get(), entry) != ARCHIVE_OK) return no_zip(::archive_error_string(disk.get()));
    const void* bytes;
    size_t n;
    la_int64_t offset;
    int status;
    while ((status = ::archive_read_data_block(reader, &bytes, &n, &offset)) == ARCHIVE_OK)
      if (::archive_write_data_block(disk.get(), bytes, n, offset) < ARCHIVE_WARN)
        return no_zip(::archive_error_string(disk.get()));
    return status == ARCHIVE_EOF ? Status() : Status(no_zip(::archive_error_string(reader)));
  });
  if (done) done = rename_file(partial, folder);
  if (!done) (void)remove_tree(partial);
  if (!done && is_directory(folder)) return {};  // somebody else was quicker with the same bytes
  return done;
}

}  // namespace tarn::lambda
