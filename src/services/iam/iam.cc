#include "services/iam/iam.h"
#include "door/policy_binding.h"

#include <fmt/format.h>

#include <algorithm>

#include "door/arn.h"
#include "door/door.h"
#include "services/iam/aws_policies.h"
#include "store/page_token.h"

namespace tarn::iam {

namespace {

constexpr size_t kMostTags = 50;
constexpr int kDefaultPage = 100;

Status add_boundary(Transaction& tx, const std::string& account, const Grants& grants, AttachedPolicies& out) {
  if (grants.boundary.empty()) return {};
  auto policy = TRY(managed_policy(tx, account, grants.boundary, Lock::kNone));
  if (!policy) return internal_failure(fmt::format("the permissions boundary {} is not there", grants.boundary));
  out.boundary = ::tarn::AttachedPolicy{std::move(policy->arn), std::move(policy->document)};
  return {};
}

Result<std::optional<AttachedPolicies>> policies_of_user(Transaction& tx, const Principal& principal) {
  NameKey key{principal.account, lower(principal.user_name)};
  auto user = TRY(tx.get(kUsers, key, Lock::kNone));
  if (!user || user->id != principal.user_id) {
    // A session outlives its user's name. Without anyone of that id the user has been deleted, and perhaps made anew.
    auto renamed = found_in(
        TRY(tx.scan_index(kUsers, kUsersById, {.prefix = index_prefix(kUsersById, principal.user_id), .limit = 1})));
    if (renamed.empty()) return std::nullopt;
    key = renamed[0].key;
    user = std::move(renamed[0].record);
  }
  AttachedPolicies out;
  TRY(add_grants(tx, key.account, "user/" + user->name, user->grants, out));
  TRY(add_boundary(tx, key.account, user->grants, out));
  for (const std::string& name : user->groups)
    if (const auto group = TRY(tx.get(kGroups, NameKey{key.account, name}, Lock::kNone)))
      TRY(add_grants(tx, key.account, "group/" + group->name, group->grants, out));
  out.tags = TRY(tags_of(tx, arn_of(key.account, UserRecord::kType, user->path, user->name)));
  return out;
}

struct FoundRole {
  std::string account;
  RoleRecord record;
};

Result<std::optional<FoundRole>> role_by_arn(Transaction& tx, std::string_view text) {
  const auto arn = Arn::parse(text);
  if (!arn || arn->service != "iam" || arn->resource_type() != "role") return std::nullopt;
  auto record = TRY(tx.get(kRoles, NameKey{arn->account, lower(arn->resource_name())}, Lock::kNone));
  if (!record || arn_of(arn->account, RoleRecord::kType, record->path, record->name) != text) return std::nullopt;
  return FoundRole{arn->account, std::move(*record)};
}

}  // namespace

// Decisions read what is committed now: nobody locks what all must read.
Status add_grants(Transaction& tx, const std::string& account, const std::string& owner, const Grants& grants,
                  AttachedPolicies& out) {
  for (const auto& [name, document] : grants.inline_policies) out.identity.push_back({owner + "/" + name, document});
  for (const std::string& arn : grants.attached) {
    auto policy = TRY(managed_policy(tx, account, arn, Lock::kNone));
    if (!policy) return internal_failure(fmt::format("{} has {} attached, which is not there", owner, arn));
    out.identity.push_back({std::move(policy->arn), std::move(policy->document)});
  }
  return {};
}

Result<std::optional<::tarn::AccessKey>> Iam::access_key(Transaction& tx, std::string_view id) {
  const auto key = TRY(tx.get(kAccessKeys, AccessKeyKey{std::string(id)}, Lock::kNone));
  if (!key) return std::nullopt;
  const auto user = TRY(tx.get(kUsers, NameKey{key->account, key->user}, Lock::kNone));
  if (!user) return std::nullopt;
  Principal who{.kind = Principal::Kind::kUser,
                .account = key->account,
                .arn = arn_of(key->account, UserRecord::kType, user->path, user->name),
                .user_id = user->id,
                .user_name = user->name,
                .access_key = std::string(id)};
  return ::tarn::AccessKey{key->secret, std::move(who), key->active};
}

Result<std::optional<AttachedPolicies>> Iam::policies(Transaction& tx, const Principal& principal) {
  if (principal.kind == Principal::Kind::kUser) return policies_of_user(tx, principal);
  if (principal.kind != Principal::Kind::kAssumedRole) return std::nullopt;
  const auto role = TRY(role_by_arn(tx, principal.role_arn));
  if (!role || !principal.user_id.starts_with(role->record.id + ":")) return std::nullopt;
  AttachedPolicies out;
  TRY(add_grants(tx, role->account, "role/" + role->record.name, role->record.grants, out));
  TRY(add_boundary(tx, role->account, role->record.grants, out));
  out.tags = TRY(tags_of(tx, principal.role_arn));
  return out;
}

Result<std::optional<RoleFacts>> Iam::role(Transaction& tx, std::string_view role_arn) {
  auto role = TRY(role_by_arn(tx, role_arn));
  if (!role) return std::nullopt;
  RoleRecord& record = role->record;
  return RoleFacts{.id = record.id,
                   .name = record.name,
                   .trust_policy = bound_trust_policy(record),
                   .max_session_seconds = record.max_session_seconds,
                   .tags = TRY(tags_of(tx, role_arn))};
}

// --- entities --------------------------------------------------------------------------------------------------------

std::string arn_of(std::string_view account, std::string_view type, std::string_view path, std::string_view name) {
  return fmt::format("arn:aws:iam::{}:{}{}{}", account, type, path, name);
}

NameKey key_of(const Call& call, std::string_view name) {
  return {call.account(), lower(name)};
}

Failure not_found(std::string_view type, std::string_view name) {
  if (type == ProfileRecord::kType) return no_such_entity(fmt::format("Instance Profile {} cannot be found.", name));
  return no_such_entity(fmt::format("The {} with name {} cannot be found.", type, name));
}

Result<Found<UserRecord>> user_or_caller(Call& call, const OptionalText& name, Lock lock) {
  if (name) return find<UserRecord>(call, name, lock);
  if (call.principal().kind != Principal::Kind::kUser)
    return validation_error("Must specify userName when calling with non-User credentials");
  return find<UserRecord>(call, call.principal().user_name, lock);
}

// --- in the shapes of the wire ---------------------------------------------------------------------------------------

AttachedPermissionsBoundary boundary_to_wire(const std::string& arn) {
  return {.permissions_boundary_type = "Policy", .permissions_boundary_arn = arn};
}

User to_wire(const Found<UserRecord>& user) {
  return {.path = user.record.path,
          .user_name = user.record.name,
          .user_id = user.record.id,
          .arn = user.arn(),
          .create_date = user.record.created};
}

Group to_wire(const Found<GroupRecord>& group) {
  return {.path = group.record.path,
          .group_name = group.record.name,
          .group_id = group.record.id,
          .arn = group.arn(),
          .create_date = group.record.created};
}

Result<Role> to_wire(Call& call, const Found<RoleRecord>& role) {
  return Role{.path = role.record.path,
              .role_name = role.record.name,
              .role_id = role.record.id,
              .arn = role.arn(),
              .create_date = role.record.created,
              .assume_role_policy_document = uri_encode(TRY(
                  shown_policy(call.door().identities(), call.tx(), role.record.trust_policy, role.record.trusted))),
              .description = role.record.description,
              .max_session_duration = static_cast<int32_t>(role.record.max_session_seconds)};
}

Result<InstanceProfile> to_wire(Call& call, const Found<ProfileRecord>& profile) {
  InstanceProfile out{.path = profile.record.path,
                      .instance_profile_name = profile.record.name,
                      .instance_profile_id = profile.record.id,
                      .arn = profile.arn(),
                      .create_date = profile.record.created};
  out.roles.set_present();
  if (!profile.record.role.empty())
    out.roles.push_back(TRY(to_wire(call, TRY(find<RoleRecord>(call, profile.record.role, Lock::kShared)))));
  return out;
}

wire::List<Tag> to_wire(const Tags& tags) {
  wire::List<Tag> out;
  for (const auto& [key, value] : tags) out.push_back({.key = key, .value = value});
  return out;
}

Result<Tags> tags_from(const wire::List<Tag>& tags, TagCase letters) {
  Tags out;
  std::vector<std::string> seen;
  for (const Tag& tag : tags) {
    if (lower(*tag.key).starts_with("aws:"))
      return invalid_input(fmt::format("The tag key {} begins with aws:, which is reserved.", *tag.key));
    seen.push_back(letters == TagCase::kMatters ? *tag.key : lower(*tag.key));
    out[*tag.key] = tag.value.value_or("");
  }
  std::ranges::sort(seen);
  if (std::ranges::adjacent_find(seen) != seen.end())
    return invalid_input(letters == TagCase::kMatters
                             ? "Duplicate tag keys found."
                             : "Duplicate tag keys found. Please note that Tag keys are case insensitive.");
  if (out.size() > kMostTags) return limit_exceeded("The number of tags has reached the maximum limit.");
  return out;
}

// --- paging ----------------------------------------------------------------------------------------------------------

Result<Slice> slice_of(Call& call, std::string_view request, const std::vector<std::string>& names,
                       const OptionalText& marker, const std::optional<int32_t>& max_items) {
  const std::string scope = fmt::format("iam {} {}", call.account(), request);
  Slice slice;
  if (marker) {
    const auto position = page_position(call.door().store(), scope, *marker);
    if (!position) return validation_error("Invalid Marker: it is not one that this request gave.");
    slice.begin = std::ranges::upper_bound(names, *position) - names.begin();
  }
  slice.end = std::min(names.size(), slice.begin + static_cast<size_t>(max_items.value_or(kDefaultPage)));
  if (slice.end < names.size()) slice.marker = page_token(call.door().store(), scope, names[slice.end - 1]);
  return slice;
}

}  // namespace tarn::iam
