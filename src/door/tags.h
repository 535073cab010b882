// Tags: one table keyed by ARN serves every TagResource, and every ResourceTag, RequestTag and TagKeys condition.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/table.h"

namespace tarn {

class Transaction;
using Tags = std::map<std::string, std::string>;

struct TagsKey {
  std::string arn;
  static void fields(auto& self, auto&& visit) { visit(self.arn); }
};
struct TagsRecord {
  static constexpr uint32_t kVersion = 1;
  Tags tags;
  static void fields(auto& self, auto&& visit) { visit(self.tags); }
};
inline constexpr Table<TagsKey, TagsRecord> kTags{"door.tags"};

// The tags of a resource; empty where it has none.
Result<Tags> tags_of(Transaction& tx, std::string_view arn);
// Replaces all tags (none: the record goes).
Status set_tags(Transaction& tx, std::string_view arn, const Tags& tags);
// Adds or overwrites; takes away. ERRORS: none of their own: limits are the service's.
Status add_tags(Transaction& tx, std::string_view arn, const Tags& tags);
Status remove_tags(Transaction& tx, std::string_view arn, const std::vector<std::string>& keys);

}  // namespace tarn
