#include <fmt/format.h>

#include "door/door.h"
#include "os/random.h"
#include "services/iam/iam.h"

namespace tarn::iam {

Result<CreateUserOutput> create_user(Iam&, Call& call, const CreateUserInput& in) {
  const NameKey key = key_of(call, *in.user_name);
  if (TRY(call.get(kUsers, key)))
    return already_exists(fmt::format("User with name {} already exists.", *in.user_name));
  const Tags tags = TRY(tags_from(in.tags));

  Found<UserRecord> user{
      key,
      {.id = random_id("AIDA", 17), .name = *in.user_name, .path = in.path.value_or("/"), .created = now_of(call)}};
  if (in.permissions_boundary) user.record.grants.boundary = TRY(attachable_policy(call, *in.permissions_boundary)).arn;
  TRY(save(call, user));
  TRY(set_tags(call.tx(), user.arn(), tags));

  User out = to_wire(user);
  if (!tags.empty()) out.tags = to_wire(tags);
  if (in.permissions_boundary) out.permissions_boundary = boundary_to_wire(user.record.grants.boundary);
  return CreateUserOutput{.user = std::move(out)};
}

Result<GetUserOutput> get_user(Iam&, Call& call, const GetUserInput& in) {
  if (!in.user_name && call.principal().kind == Principal::Kind::kRoot) {
    // AWS: without a name the root user gets itself, which has no name and no path but an ARN.
    return GetUserOutput{
        .user = User{.path = "/", .user_id = call.account(), .arn = call.principal().arn, .create_date = Time{}}};
  }
  const auto user = TRY(user_or_caller(call, in.user_name, Lock::kShared));
  User out = to_wire(user);
  if (const Tags tags = TRY(tags_of(call.tx(), user.arn())); !tags.empty()) out.tags = to_wire(tags);
  if (!user.record.grants.boundary.empty()) out.permissions_boundary = boundary_to_wire(user.record.grants.boundary);
  return GetUserOutput{.user = std::move(out)};
}

namespace {

// Access keys name their user: they follow a new name.
Status rename_user(Call& call, const Found<UserRecord>& from, const Found<UserRecord>& to) {
  const auto keys = TRY(call.tx().scan_index(kAccessKeys, kKeysByUser,
                                             {.prefix = index_prefix(kKeysByUser, from.key.account, from.key.name)}));
  for (const auto& entry : keys.entries) {
    AccessKeyRecord record = entry.record;
    record.user = to.key.name;
    TRY(call.put(kAccessKeys, entry.key, record));
  }
  return call.erase(kUsers, from.key);
}

}  // namespace

Result<UpdateUserOutput> update_user(Iam&, Call& call, const UpdateUserInput& in) {
  const auto user = TRY(find<UserRecord>(call, in.user_name));
  Found<UserRecord> changed = user;
  if (in.new_path) changed.record.path = *in.new_path;
  if (in.new_user_name) {
    changed.record.name = *in.new_user_name;
    changed.key = key_of(call, *in.new_user_name);
  }
  if (changed.key.name != user.key.name) {
    if (TRY(call.get(kUsers, changed.key)))
      return already_exists(fmt::format("User with name {} already exists.", *in.new_user_name));
    TRY(rename_user(call, user, changed));
  }
  const Tags tags = TRY(tags_of(call.tx(), user.arn()));
  TRY(set_tags(call.tx(), user.arn(), {}));
  TRY(set_tags(call.tx(), changed.arn(), tags));
  TRY(save(call, changed));
  return UpdateUserOutput{};
}

Result<DeleteUserOutput> delete_user(Iam&, Call& call, const DeleteUserInput& in) {
  const auto user = TRY(find<UserRecord>(call, in.user_name));
  const Grants& grants = user.record.grants;
  if (!grants.inline_policies.empty()) return delete_conflict("Cannot delete entity, must delete policies first.");
  if (!grants.attached.empty()) return delete_conflict("Cannot delete entity, must detach all policies first.");
  if (!user.record.groups.empty()) return delete_conflict("Cannot delete entity, must remove users from group first.");
  const auto keys = TRY(call.tx().scan_index(
      kAccessKeys, kKeysByUser, {.prefix = index_prefix(kKeysByUser, user.key.account, user.key.name), .limit = 1}));
  if (!keys.entries.empty()) return delete_conflict("Cannot delete entity, must delete access keys first.");
  TRY(set_tags(call.tx(), user.arn(), {}));
  TRY(call.erase(kUsers, user.key));
  return DeleteUserOutput{};
}

Result<ListUsersOutput> list_users(Iam&, Call& call, const ListUsersInput& in) {
  const std::string prefix = in.path_prefix.value_or("/");
  std::vector<Found<UserRecord>> users;
  std::vector<std::string> names;
  for (auto& user : TRY(all_of<UserRecord>(call))) {
    if (!user.record.path.starts_with(prefix)) continue;
    names.push_back(user.key.name);
    users.push_back(std::move(user));
  }
  ListUsersOutput out;
  out.users.set_present();
  return paged(call, "ListUsers " + prefix, names, in, std::move(out),
               [&](ListUsersOutput& page, size_t i) { page.users.push_back(to_wire(users[i])); });
}

Result<PutUserPermissionsBoundaryOutput> put_user_permissions_boundary(Iam&, Call& call,
                                                                       const PutUserPermissionsBoundaryInput& in) {
  auto user = TRY(find<UserRecord>(call, in.user_name));
  user.record.grants.boundary = TRY(attachable_policy(call, *in.permissions_boundary)).arn;
  TRY(save(call, user));
  return PutUserPermissionsBoundaryOutput{};
}

Result<DeleteUserPermissionsBoundaryOutput> delete_user_permissions_boundary(
    Iam&, Call& call, const DeleteUserPermissionsBoundaryInput& in) {
  auto user = TRY(find<UserRecord>(call, in.user_name));
  if (user.record.grants.boundary.empty())
    return no_such_entity(fmt::format("The user {} has no permissions boundary.", *in.user_name));
  user.record.grants.boundary.clear();
  TRY(save(call, user));
  return DeleteUserPermissionsBoundaryOutput{};
}

}  // namespace tarn::iam
