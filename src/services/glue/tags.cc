// Tags of databases, crawlers and connections.
#include "door/tags.h"

#include <fmt/format.h>

#include "base/text.h"
#include "door/arn.h"
#include "services/glue/catalog_records.h"
#include "services/glue/crawler_records.h"
#include "services/glue/glue.h"

namespace tarn::glue {
namespace {

constexpr size_t kMaxTags = 50;  // AWS: Glue, tag restrictions

// The ARN of what is there, a database's name folded. ERRORS: InvalidInputException, EntityNotFoundException.
Result<std::string> tagged(Call& call, const OptionalText& text, Lock lock) {
  const auto arn = Arn::parse(text.value_or(""));
  const std::string_view type = arn && arn->service == "glue" ? arn->resource_type() : "";
  if ((type != "crawler" && type != "connection" && type != "database") || arn->resource_id().empty())
    return invalid_input(
        fmt::format("ResourceArn '{}' names nothing that has tags: databases, crawlers and connections have, "
                    "arn:aws:glue:REGION:ACCOUNT:database/NAME.",
                    text.value_or("")));
  if (type == "connection") {
    const ConnectionKey key{arn->account, arn->region, std::string(arn->resource_id())};
    if (!TRY(call.get(kConnections, key, lock))) return not_found(fmt::format("Connection {} not found.", key.name));
    return arn->text();
  }
  if (type == "crawler") {
    const CrawlerKey key{arn->account, arn->region, std::string(arn->resource_id())};
    if (!TRY(call.get(kCrawlers, key, lock))) return not_found(fmt::format("Crawler {} not found.", key.name));
    return arn->text();
  }
  const DatabaseKey key{arn->account, arn->region, lower(arn->resource_id())};
  if (!TRY(call.get(kDatabases, key, lock))) return not_found(fmt::format("Database {} not found.", key.name));
  return Arn{arn->partition, arn->service, key.region, key.owner, "database/" + key.name}.text();
}

}  // namespace

Result<TagResourceOutput> tag_resource(Glue&, Call& call, const TagResourceInput& in) {
  const std::string arn = TRY(tagged(call, in.resource_arn, Lock::kShared));
  Tags tags = TRY(tags_of(call.tx(), arn));
  for (const auto& [name, value] : in.tags_to_add) tags[name] = value;
  if (tags.size() > kMaxTags)
    return invalid_input(fmt::format("{} would have {} tags; {} is the most.", arn, tags.size(), kMaxTags));
  TRY(set_tags(call.tx(), arn, tags));
  return TagResourceOutput{};
}

Result<UntagResourceOutput> untag_resource(Glue&, Call& call, const UntagResourceInput& in) {
  const std::string arn = TRY(tagged(call, in.resource_arn, Lock::kShared));
  TRY(remove_tags(call.tx(), arn, in.tags_to_remove.items()));
  return UntagResourceOutput{};
}

Result<GetTagsOutput> get_tags(Glue&, Call& call, const GetTagsInput& in) {
  const std::string arn = TRY(tagged(call, in.resource_arn, Lock::kNone));
  const Tags tags = TRY(tags_of(call.tx(), arn));
  GetTagsOutput out;
  out.tags.set_present();
  for (const auto& [name, value] : tags) out.tags[name] = value;
  return out;
}

}  // namespace tarn::glue
