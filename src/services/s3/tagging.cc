// Tags of buckets and of objects.
#include "door/tags.h"
#include "gen/s3/handlers.h"
#include "services/s3/access.h"
#include "services/s3/errors.h"
#include "services/s3/notifications.h"
#include "services/s3/object_tags.h"
#include "services/s3/s3.h"
#include "services/s3/versions.h"

namespace tarn::s3 {
namespace {

Pairs pairs_of(const Tagging& tagging) {
  Pairs pairs;
  for (const Tag& tag : tagging.tag_set) pairs.emplace_back(tag.key.value_or(""), tag.value.value_or(""));
  return pairs;
}

wire::List<Tag> tag_set_of(const Tags& tags) {
  wire::List<Tag> set;
  set.set_present();
  for (const auto& [name, value] : tags) set.push_back({.key = name, .value = value});
  return set;
}

// Gives the version's name for the answer.
Result<std::optional<std::string>> replace_tags(Call& call, const FoundBucket& bucket, const std::string& key,
                                                const std::optional<std::string>& version_id, Tags tags) {
  const bool removed = tags.empty();
  FoundVersion version = TRY(asked_version(call, bucket, key, version_id, removed ? "DELETE" : "PUT"));
  version.object.settings.tags = std::move(tags);
  TRY(save_version(call, bucket, key, version));
  TRY(tell(call, bucket, {removed ? "ObjectTagging:Delete" : "ObjectTagging:Put", key, version.object}));
  return told_version(bucket, version.object);
}

template <class In>
std::string tagging_action(const In& in, std::string_view verb) {
  return std::string("s3:") + std::string(verb) + (in.version_id ? "ObjectVersionTagging" : "ObjectTagging");
}

}  // namespace

// --- buckets ----------------------------------------------------------------------------------------------------------

Result<std::vector<Need>> put_bucket_tagging_rights(S3&, Call& call, const PutBucketTaggingRequest& in) {
  return rights_on_bucket(call, in, "s3:PutBucketTagging");
}

Result<PutBucketTaggingOutput> put_bucket_tagging(S3&, Call& call, const PutBucketTaggingRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  TRY(set_tags(call.tx(), bucket.arn(), TRY(check_tags(pairs_of(*in.tagging), kMostBucketTags))));
  return PutBucketTaggingOutput{};
}

Result<std::vector<Need>> get_bucket_tagging_rights(S3&, Call& call, const GetBucketTaggingRequest& in) {
  return rights_on_bucket(call, in, "s3:GetBucketTagging");
}

Result<GetBucketTaggingOutput> get_bucket_tagging(S3&, Call& call, const GetBucketTaggingRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  const Tags tags = TRY(tags_of(call.tx(), bucket.arn()));
  if (tags.empty()) return refuse(404, "NoSuchTagSet", "The TagSet does not exist", {{"BucketName", bucket.name}});
  return GetBucketTaggingOutput{.tag_set = tag_set_of(tags)};
}

// AWS: DeleteBucketTagging needs s3:PutBucketTagging.
Result<std::vector<Need>> delete_bucket_tagging_rights(S3&, Call& call, const DeleteBucketTaggingRequest& in) {
  return rights_on_bucket(call, in, "s3:PutBucketTagging");
}

Result<DeleteBucketTaggingOutput> delete_bucket_tagging(S3&, Call& call, const DeleteBucketTaggingRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  TRY(set_tags(call.tx(), bucket.arn(), {}));
  return DeleteBucketTaggingOutput{};
}

// --- objects ----------------------------------------------------------------------------------------------------------

Result<std::vector<Need>> put_object_tagging_rights(S3&, Call& call, const PutObjectTaggingRequest& in) {
  std::vector<Need> needs =
      TRY(rights_to_read(call, TRY(find_bucket(call, in)), *in.key, tagging_action(in, "Put"), in.version_id));
  for (const auto& [name, value] : pairs_of(*in.tagging)) {
    needs.front().context["s3:RequestObjectTag/" + name] = {value};
    needs.front().context["s3:RequestObjectTagKeys"].push_back(name);
  }
  return needs;
}

Result<PutObjectTaggingOutput> put_object_tagging(S3&, Call& call, const PutObjectTaggingRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  Tags tags = TRY(check_tags(pairs_of(*in.tagging), kMostObjectTags));
  return PutObjectTaggingOutput{.version_id = TRY(replace_tags(call, bucket, *in.key, in.version_id, std::move(tags)))};
}

Result<std::vector<Need>> get_object_tagging_rights(S3&, Call& call, const GetObjectTaggingRequest& in) {
  return rights_to_read(call, TRY(find_bucket(call, in)), *in.key, tagging_action(in, "Get"), in.version_id);
}

Result<GetObjectTaggingOutput> get_object_tagging(S3&, Call& call, const GetObjectTaggingRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  const FoundVersion found = TRY(asked_version(call, bucket, *in.key, in.version_id, "GET"));
  return GetObjectTaggingOutput{.version_id = told_version(bucket, found.object),
                                .tag_set = tag_set_of(found.object.settings.tags)};
}

Result<std::vector<Need>> delete_object_tagging_rights(S3&, Call& call, const DeleteObjectTaggingRequest& in) {
  return rights_to_read(call, TRY(find_bucket(call, in)), *in.key, tagging_action(in, "Delete"), in.version_id);
}

Result<DeleteObjectTaggingOutput> delete_object_tagging(S3&, Call& call, const DeleteObjectTaggingRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  return DeleteObjectTaggingOutput{.version_id = TRY(replace_tags(call, bucket, *in.key, in.version_id, {}))};
}

}  // namespace tarn::s3
