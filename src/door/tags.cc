#include "door/tags.h"

#include "store/store.h"

namespace tarn {

Result<Tags> tags_of(Transaction& tx, std::string_view arn) {
  const auto record = TRY(tx.get(kTags, TagsKey{std::string(arn)}, Lock::kShared));
  return record ? record->tags : Tags{};
}

Status set_tags(Transaction& tx, std::string_view arn, const Tags& tags) {
  const TagsKey key{std::string(arn)};
  if (tags.empty()) return tx.erase(kTags, key);
  return tx.put(kTags, key, TagsRecord{tags});
}

Status add_tags(Transaction& tx, std::string_view arn, const Tags& tags) {
  const TagsKey key{std::string(arn)};
  TagsRecord record = TRY(tx.get(kTags, key)).value_or(TagsRecord{});
  for (const auto& [name, value] : tags) record.tags[name] = value;
  return tx.put(kTags, key, record);
}

Status remove_tags(Transaction& tx, std::string_view arn, const std::vector<std::string>& keys) {
  const TagsKey key{std::string(arn)};
  auto record = TRY(tx.get(kTags, key));
  if (!record) return {};
  for (const std::string& name : keys) record->tags.erase(name);
  return set_tags(tx, arn, record->tags);
}

}  // namespace tarn
