// Walking keys in order, with prefixes that end at a delimiter rolled up: what all of S3's listings do.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/text.h"
#include "door/call.h"
#include "services/s3/names.h"

namespace tarn::s3 {

constexpr int32_t kMostPerPage = 1000;

struct Walk {
  std::string prefix;
  std::string delimiter;  // empty: nothing is rolled up
  size_t most = kMostPerPage;
};

// Where a page begins: behind this key, or behind all keys that start so.
struct Position {
  std::string key;
  bool group = false;
};

struct WalkEnd {
  bool truncated = false;
  Position last;  // of what was told last
};

// Tells entries and groups ("common prefixes") in key order. A group is one seek, however many keys it has.
// `encode` gives the encoded key prefix of all keys that start with a text; `key_of` the key at the cursor; `entry` and
// `group` take what is told. REQUIRES: the cursor stands at the first candidate behind `from`.
template <class At, class KeyOf, class Encode, class TellEntry, class TellGroup>
Result<WalkEnd> walk(At& at, const Walk& wanted, const Position& from, KeyOf key_of, Encode encode, TellEntry entry,
                     TellGroup group) {
  WalkEnd end{.truncated = false, .last = from};
  size_t told = 0;
  while (at.valid() && wanted.most > 0) {
    const std::string key = TRY(key_of(at));
    const size_t found =
        wanted.delimiter.empty() ? std::string::npos : key.find(wanted.delimiter, wanted.prefix.size());
    const std::string common = found == std::string::npos ? "" : key.substr(0, found + wanted.delimiter.size());
    // A marker that is a group stands for all of it (AWS: ListObjects, "NextMarker" may be a common prefix).
    if (!common.empty() && common == from.key) {
      at.seek_past(encode(common));
      continue;
    }
    if (told == wanted.most) {
      end.truncated = true;
      break;
    }
    ++told;
    if (common.empty()) {
      TRY(entry(at));
      end.last = {key, false};
      at.next();
    } else {
      group(common);
      end.last = {common, true};
      at.seek_past(encode(common));
    }
  }
  TRY(at.status());
  return end;
}

// max-keys and its kin: at most 1,000. ERRORS: InvalidArgument.
Result<int32_t> page_size(const std::optional<int32_t>& asked, std::string_view argument);

// ERRORS: InvalidArgument.
Status check_encoding(const std::optional<std::string>& encoding_type);

// Names in a listing, percent-encoded where the client asked for encoding-type=url.
class Names {
 public:
  explicit Names(const std::optional<std::string>& encoding_type) : encoded_(encoding_type == "url") {}
  std::string operator()(std::string_view name) const { return encoded_ ? told_key(name) : std::string(name); }
  std::optional<std::string> operator()(const std::optional<std::string>& name) const {
    return name ? std::optional((*this)(std::string_view(*name))) : std::nullopt;
  }

 private:
  bool encoded_;
};

// AWS: an empty delimiter is as none, and is not told.
std::optional<std::string> told_delimiter(const Names& names, const std::string& delimiter);

}  // namespace tarn::s3
