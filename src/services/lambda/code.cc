#include "services/lambda/code.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <memory>

#include "base/digest.h"
#include "base/text.h"
#include "door/door.h"
#include "gen/s3/objects.h"
#include "os/file.h"
#include "os/random.h"
#include "services/lambda/lambda.h"

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

Result<std::vector<std::string>> names_in(std::string_view zip) {
  std::vector<std::string> names;
  TRY(walk(zip, [&](archive*, archive_entry* entry) -> Status {
    const char* name = ::archive_entry_pathname_utf8(entry);
    if (name != nullptr && ::archive_entry_filetype(entry) != AE_IFDIR) names.emplace_back(name);
    return {};
  }));
  return names;
}

std::string Package::sha256() const {
  return base64(::tarn::sha256(zip));
}

Result<Package> package_of(Call& call, const PackageSource& source) {
  if (source.zip && (source.bucket || source.key))
    return invalid_parameter("Please do not provide other FunctionCode parameters when providing a ZipFile.");
  Package package;
  if (source.zip) {
    package.zip = source.zip->bytes;
    if (package.zip.size() > static_cast<size_t>(kMostZipped))
      return fail(413, "RequestEntityTooLargeException",
                  fmt::format("Zipped size must be smaller than {} bytes", kMostZipped));
  } else {
    if (!source.bucket || !source.key) return invalid_parameter("Please provide a source for function code.");
    // AWS: CreateFunction: the caller reads the object.
    auto object = call.door().call_body_out(
        call.caller(), s3::GetObjectRequest{.bucket = source.bucket, .key = source.key, .version_id = source.version});
    if (!object)
      return invalid_parameter(fmt::format("Error occurred while GetObject. S3 Error Code: {}. S3 Error Message: {}",
                                           object.error().code, object.error().message));
    if (object->body.length > kMostUnzipped)
      return invalid_parameter(fmt::format("Unzipped size must be smaller than {} bytes", kMostUnzipped));
    package.zip.resize(object->body.length);
    if (object->body.body) TRY(object->body.body->read(object->body.offset, package.zip));
  }
  package.unzipped = TRY(unzipped_size(package.zip));
  if (package.unzipped > kMostUnzipped)
    return invalid_parameter(fmt::format("Unzipped size must be smaller than {} bytes", kMostUnzipped));
  return package;
}

Status put_package(Call& call, Transaction& tx, const StagedBody& body, const Package& package,
                   std::vector<Segment>& code, uint64_t& size, std::string& sha256) {
  if (!code.empty()) TRY(call.door().blobs().release(tx, code));
  TRY(call.door().blobs().adopt(tx, body));
  code = body.segments();
  size = package.zip.size();
  sha256 = package.sha256();
  return {};
}

Status unzip(std::span<const std::string> zips, const std::string& folder) {
  const std::string partial = folder + "." + random_hex(8);
  TRY(make_directories(partial));
  const std::unique_ptr<archive, int (*)(archive*)> disk(::archive_write_disk_new(), ::archive_write_free);
  ::archive_write_disk_set_options(disk.get(), ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_TIME |
                                                   ARCHIVE_EXTRACT_SECURE_NODOTDOT | ARCHIVE_EXTRACT_SECURE_SYMLINKS);
  const auto unpack = [&](archive* reader, archive_entry* entry) -> Status {
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
  };
  Status done;
  for (const std::string& zip : zips)
    if (done) done = walk(zip, unpack);
  if (done) done = rename_file(partial, folder);
  if (!done) (void)remove_tree(partial);
  if (!done && is_directory(folder)) return {};  // somebody else was quicker with the same bytes
  return done;
}

}  // namespace tarn::lambda
