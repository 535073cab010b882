// Buckets: making, finding, listing and deleting them.
#include <fmt/format.h>

#include "door/arn.h"
#include "door/door.h"
#include "door/tags.h"
#include "gen/s3/handlers.h"
#include "services/s3/access.h"
#include "services/s3/cors.h"
#include "services/s3/errors.h"
#include "services/s3/lifecycle.h"
#include "services/s3/names.h"
#include "services/s3/notifications.h"
#include "services/s3/object_tags.h"
#include "services/s3/s3.h"
#include "services/s3/uploads.h"
#include "services/s3/website.h"
#include "store/page_token.h"

namespace tarn::s3 {
namespace {

constexpr std::string_view kFirstRegion = "us-east-1";
constexpr size_t kMostBucketsPerPage = 10'000;

// The region that a CreateBucket asks for.
// AWS: CreateBucket, "LocationConstraint"; us-east-1 alone has none, takes requests for every other region, and calls
// eu-west-1 "EU" as well.
Result<std::string> wanted_region(const Call& call, const CreateBucketRequest& in) {
  std::string constraint;
  if (in.create_bucket_configuration) constraint = in.create_bucket_configuration->location_constraint.value_or("");
  const auto illegal = [&](std::string_view what) {
    return refuse(
        400, "IllegalLocationConstraintException",
        fmt::format("The {} location constraint is incompatible for the region specific endpoint this request was "
                    "sent to.",
                    what));
  };
  if (constraint == kFirstRegion)
    return refuse(400, "InvalidLocationConstraint", "The specified location-constraint is not valid",
                  {{"LocationConstraint", constraint}});
  if (constraint == "EU") constraint = "eu-west-1";
  if (call.region() == kFirstRegion) return constraint.empty() ? std::string(kFirstRegion) : constraint;
  if (constraint.empty()) return illegal("unspecified");
  if (constraint != call.region()) return illegal(constraint);
  return constraint;
}

Status check_request(const CreateBucketRequest& in) {
  if (!valid_bucket_name(*in.bucket)) return invalid_bucket_name(*in.bucket);
  const bool acl = in.acl && *in.acl != "private";
  if (acl || in.grant_full_control || in.grant_read || in.grant_read_acp || in.grant_write || in.grant_write_acp)
    return refuse(400, "InvalidBucketAclWithObjectOwnership",
                  "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting");
  if (in.object_ownership && *in.object_ownership != "BucketOwnerEnforced") {
    if (*in.object_ownership == "BucketOwnerPreferred" || *in.object_ownership == "ObjectWriter")
      return not_implemented("x-amz-object-ownership: " + *in.object_ownership);
    return refuse(400, "InvalidArgument", "Invalid x-amz-object-ownership header: " + *in.object_ownership,
                  {{"ArgumentName", "x-amz-object-ownership"}});
  }
  if (in.bucket_namespace && *in.bucket_namespace != "global") return not_implemented("x-amz-bucket-namespace");
  const auto& configuration = in.create_bucket_configuration;
  if (configuration && (configuration->location || configuration->bucket))
    return not_implemented("CreateBucketConfiguration with Location or Bucket (a directory bucket)");
  return {};
}

Pairs tags_in(const CreateBucketRequest& in) {
  Pairs tags;
  if (in.create_bucket_configuration)
    for (const Tag& tag : in.create_bucket_configuration->tags)
      tags.emplace_back(tag.key.value_or(""), tag.value.value_or(""));
  return tags;
}

std::string location_of(const std::string& name, std::string_view region) {
  return region == kFirstRegion ? "/" + name : fmt::format("http://{}.s3.amazonaws.com/", name);
}

}  // namespace

// --- CreateBucket -----------------------------------------------------------------------------------------------------

Result<std::vector<Need>> create_bucket_rights(S3&, Call& call, const CreateBucketRequest& in) {
  Need need{.action = "s3:CreateBucket", .resource = "arn:aws:s3:::" + *in.bucket};
  need.context["s3:ResourceAccount"] = {call.account()};
  if (in.acl) need.context["s3:x-amz-acl"] = {*in.acl};
  if (in.object_ownership) need.context["s3:x-amz-object-ownership"] = {*in.object_ownership};
  if (in.create_bucket_configuration && in.create_bucket_configuration->location_constraint)
    need.context["s3:LocationConstraint"] = {*in.create_bucket_configuration->location_constraint};
  std::vector<Need> needs{need};
  // AWS: CreateBucket, "Permissions".
  if (in.object_lock_enabled_for_bucket.value_or(false))
    for (const char* action : {"s3:PutBucketObjectLockConfiguration", "s3:PutBucketVersioning"}) {
      needs.push_back(need);
      needs.back().action = action;
    }
  const Pairs tags = tags_in(in);
  if (tags.empty()) return needs;
  need.action = "s3:TagResource";
  for (const auto& [name, value] : tags) {
    need.context["aws:RequestTag/" + name] = {value};
    need.context["aws:TagKeys"].push_back(name);
  }
  needs.push_back(std::move(need));
  return needs;
}

Result<CreateBucketOutput> create_bucket(S3&, Call& call, const CreateBucketRequest& in) {
  TRY(check_request(in));
  const std::string region = TRY(wanted_region(call, in));
  const Tags tags = TRY(check_tags(tags_in(in), kMostBucketTags));
  const BucketKey key{*in.bucket};
  const std::string arn = "arn:aws:s3:::" + key.name;

  if (const std::optional<BucketRecord> existing = TRY(call.get(kBuckets, key))) {
    if (existing->owner != call.account())
      return refuse(
          409, "BucketAlreadyExists",
          "The requested bucket name is not available. The bucket namespace is shared by all users of the system. "
          "Please select a different name and try again.",
          {{"BucketName", key.name}});
    // AWS: "Error responses", BucketAlreadyOwnedByYou: in us-east-1 making one's own bucket again is no error.
    if (existing->region == kFirstRegion && region == kFirstRegion)
      return CreateBucketOutput{.location = location_of(key.name, region)};
    return refuse(409, "BucketAlreadyOwnedByYou",
                  "Your previous request to create the named bucket succeeded and you already own it.",
                  {{"BucketName", key.name}});
  }
  const bool locks = in.object_lock_enabled_for_bucket.value_or(false);
  // AWS: buckets made since April 2023 block all public access.
  const BucketRecord record{.id = call.tx().store().next_id(),
                            .owner = call.account(),
                            .region = region,
                            .created = Time::of_seconds(call.now().seconds()),
                            .policy = {},
                            .public_access_block = PublicAccessBlock{true, true, true, true},
                            .versioning = locks ? kVersioningEnabled : "",
                            .locks_objects = locks,
                            .default_retention = {}};
  TRY(call.put(kBuckets, key, record));
  if (!tags.empty()) TRY(set_tags(call.tx(), arn, tags));
  return CreateBucketOutput{.location = location_of(key.name, region)};
}

// --- DeleteBucket -----------------------------------------------------------------------------------------------------

Result<std::vector<Need>> delete_bucket_rights(S3&, Call& call, const DeleteBucketRequest& in) {
  return rights_on_bucket(call, in, "s3:DeleteBucket", Lock::kExclusive);
}

Result<DeleteBucketOutput> delete_bucket(S3& s3, Call& call, const DeleteBucketRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in, Lock::kExclusive));
  const auto objects = TRY(call.tx().scan(kObjects, {.prefix = prefix_of(kObjects, bucket.record.id), .limit = 1}));
  const auto versions = TRY(call.tx().scan(kVersions, {.prefix = prefix_of(kVersions, bucket.record.id), .limit = 1}));
  if (!objects.entries.empty() || !versions.entries.empty())
    return refuse(409, "BucketNotEmpty",
                  bucket.record.versioning.empty()
                      ? "The bucket you tried to delete is not empty"
                      : "The bucket you tried to delete is not empty. You must delete all versions in the bucket.",
                  {{"BucketName", bucket.name}});
  const auto uploads = TRY(call.tx().scan(kUploads, {.prefix = prefix_of(kUploads, bucket.record.id)}));
  for (const auto& upload : uploads.entries) TRY(discard_upload(s3, call, upload.key));
  TRY(set_tags(call.tx(), bucket.arn(), {}));
  TRY(call.erase(kNotifications, {bucket.record.id}));
  TRY(forget_lifecycle(call, bucket));
  TRY(call.erase(kCors, {bucket.record.id}));
  TRY(call.erase(kWebsites, {bucket.record.id}));
  TRY(call.erase(kBuckets, {bucket.name}));
  return DeleteBucketOutput{};
}

// --- finding them -----------------------------------------------------------------------------------------------------

Result<std::vector<Need>> head_bucket_rights(S3&, Call& call, const HeadBucketRequest& in) {
  return rights_on_bucket(call, in, "s3:ListBucket");
}

Result<HeadBucketOutput> head_bucket(S3&, Call& call, const HeadBucketRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  return HeadBucketOutput{.bucket_region = bucket.record.region, .access_point_alias = false};
}

Result<std::vector<Need>> get_bucket_location_rights(S3&, Call& call, const GetBucketLocationRequest& in) {
  return rights_on_bucket(call, in, "s3:GetBucketLocation");
}

Result<GetBucketLocationOutput> get_bucket_location(S3&, Call& call, const GetBucketLocationRequest& in) {
  const FoundBucket bucket = TRY(find_bucket(call, in));
  // AWS: GetBucketLocation: us-east-1 has a null constraint: an empty element.
  return GetBucketLocationOutput{.location_constraint =
                                     bucket.record.region == kFirstRegion ? "" : bucket.record.region};
}

Result<ListBucketsOutput> list_buckets(S3&, Call& call, const ListBucketsRequest& in) {
  const size_t most = static_cast<size_t>(in.max_buckets.value_or(kMostBucketsPerPage));
  const std::string prefix = in.prefix.value_or("");
  const std::string request =
      fmt::format("ListBuckets\n{}\n{}\n{}", call.account(), prefix, in.bucket_region.value_or(""));
  // Names that start so: the index's entries are owner, name.
  Range range{.prefix = index_prefix(kBucketsByOwner, call.account())};
  codec::append_escaped(range.prefix, prefix);
  if (in.continuation_token && !in.continuation_token->empty()) {
    const auto position = page_position(call.tx().store(), request, *in.continuation_token);
    if (!position)
      return invalid_argument("The continuation token provided is incorrect", "continuation-token",
                              *in.continuation_token);
    range.after = *position;
  }

  ListBucketsOutput out;
  out.buckets.set_present();
  out.owner = Owner{.id = canonical_user_id(call.account())};
  out.prefix = in.prefix;
  range.limit = most;
  // AWS: Bucket, "BucketRegion": told where the request has at least one parameter.
  const bool tells_region = in.max_buckets || in.continuation_token || in.prefix || in.bucket_region;
  while (true) {
    const auto page = TRY(call.tx().scan_index(kBuckets, kBucketsByOwner, range));
    for (const auto& [key, record] : page.entries)
      if (!in.bucket_region || *in.bucket_region == record.region)
        out.buckets.push_back({.name = key.name,
                               .creation_date = record.created,
                               .bucket_region = tells_region ? std::optional(record.region) : std::nullopt});
    if (!page.more) return out;
    if (out.buckets.size() >= most) {
      out.continuation_token = page_token(call.tx().store(), request, page.last);
      return out;
    }
    range.after = page.last;
    range.limit = most - out.buckets.size();
  }
}

}  // namespace tarn::s3
