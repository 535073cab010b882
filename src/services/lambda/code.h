// Deployment packages: what is in a zip, and unpacking it where a sandbox can see it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "door/call.h"
#include "wire/types.h"

namespace tarn::lambda {

// How large the files of a zip are. ERRORS: InvalidParameterValueException: it is no zip.
Result<uint64_t> unzipped_size(std::string_view zip);

// Where a package comes from: bytes of the request, or an object.
struct PackageSource {
  std::optional<wire::Blob> zip;
  std::optional<std::string> bucket, key, version;
};

struct Package {
  std::string zip;
  uint64_t unzipped = 0;
  std::string sha256() const;  // base64
};
// An object is read as the caller. ERRORS: InvalidParameterValueException, RequestEntityTooLargeException.
Result<Package> package_of(Call& call, const PackageSource& source);

// Adopts the package's bytes, whose last reference `code` was.
Status put_package(Call& call, Transaction& tx, const StagedBody& body, const Package& package,
                   std::vector<Segment>& code, uint64_t& size, std::string& sha256);

// The names of a zip's files.
Result<std::vector<std::string>> names_in(std::string_view zip);

// Unpacks into a folder that is not there yet, the later ones over the earlier; it appears whole or not at all. Names that
// lead out of it are refused. Everybody may read what is in it, as in AWS's environments.
Status unzip(std::span<const std::string> zips, const std::string& folder);

}  // namespace tarn::lambda
