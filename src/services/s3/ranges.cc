#include "services/s3/ranges.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "services/s3/errors.h"

namespace tarn::s3 {
namespace {

constexpr std::string_view kUnit = "bytes=";

// Digits only; a number that is too great counts as the greatest.
std::optional<uint64_t> number_of(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() ? value : UINT64_MAX;
}

struct Bounds {
  std::optional<uint64_t> first, last;
};
std::optional<Bounds> bounds_of(std::string_view header) {
  if (!header.starts_with(kUnit)) return std::nullopt;
  header.remove_prefix(kUnit.size());
  const size_t dash = header.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view first = header.substr(0, dash), last = header.substr(dash + 1);
  Bounds bounds{number_of(first), number_of(last)};
  if ((!first.empty() && !bounds.first) || (!last.empty() && !bounds.last)) return std::nullopt;
  if (!bounds.first && !bounds.last) return std::nullopt;
  if (bounds.first && bounds.last && *bounds.first > *bounds.last) return std::nullopt;
  return bounds;
}

}  // namespace

std::string ByteRange::content_range(uint64_t size) const {
  return fmt::format("bytes {}-{}/{}", offset, offset + length - 1, size);
}

Result<std::optional<ByteRange>> range_of(std::string_view header, uint64_t size) {
  const std::optional<Bounds> bounds = bounds_of(header);
  if (!bounds) return std::nullopt;
  const auto unsatisfiable = [&] {
    return refuse(416, "InvalidRange", "The requested range is not satisfiable",
                  {{"RangeRequested", std::string(header)}, {"ActualObjectSize", std::to_string(size)}});
  };
  if (!bounds->first) {
    if (*bounds->last == 0 || size == 0) return unsatisfiable();
    const uint64_t length = std::min(*bounds->last, size);
    return ByteRange{size - length, length};
  }
  if (*bounds->first >= size) return unsatisfiable();
  const uint64_t last = std::min(bounds->last.value_or(size - 1), size - 1);
  return ByteRange{*bounds->first, last - *bounds->first + 1};
}

Result<ByteRange> copy_range_of(std::string_view header, uint64_t size) {
  const auto refused = [&](std::string why) {
    return invalid_argument(std::move(why), "x-amz-copy-source-range", header);
  };
  const std::optional<Bounds> bounds = bounds_of(header);
  if (!bounds || !bounds->first || !bounds->last)
    return refused(
        "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "
        "zero-based offsets of the first and last bytes to copy");
  // Recorded from AWS: another error where the range lies behind the object altogether.
  if (*bounds->first >= size) return invalid_request("The specified copy range is invalid for the source object size");
  if (*bounds->last >= size)
    return refused(fmt::format("Range specified is not valid for source object of size: {}", size));
  return ByteRange{*bounds->first, *bounds->last - *bounds->first + 1};
}

}  // namespace tarn::s3
