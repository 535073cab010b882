// Byte ranges of objects, as the Range header asks for them. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tarn::s3 {

struct ByteRange {
  uint64_t offset = 0;
  uint64_t length = 0;

  // "bytes 0-9/100"
  std::string content_range(uint64_t size) const;
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

// The part of an object of that size that a Range header asks for; nullopt where the header is to be ignored: it is
// malformed, of another unit, or asks for several ranges. AWS: GetObject, "Range" (RFC 9110, section 14).
// ERRORS: InvalidRange (416).
Result<std::optional<ByteRange>> range_of(std::string_view header, uint64_t size);

// x-amz-copy-source-range: only "bytes=first-last", within the object.
// ERRORS: InvalidArgument.
Result<ByteRange> copy_range_of(std::string_view header, uint64_t size);

}  // namespace tarn::s3
