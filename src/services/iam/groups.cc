#include <fmt/format.h>

#include <algorithm>

#include "os/random.h"
#include "services/iam/iam.h"

namespace tarn::iam {

namespace {

constexpr size_t kMostGroupsOfAUser = 10;  // AWS: "IAM and AWS STS quotas"

// By name.
Result<std::vector<Found<UserRecord>>> members_of(Call& call, const NameKey& group) {
  return found_in(TRY(
      call.tx().scan_index(kUsers, kUsersByGroup, {.prefix = index_prefix(kUsersByGroup, group.account, group.name)})));
}

}  // namespace

Result<CreateGroupOutput> create_group(Iam&, Call& call, const CreateGroupInput& in) {
  const NameKey key = key_of(call, *in.group_name);
  if (TRY(call.get(kGroups, key)))
    return already_exists(fmt::format("Group with name {} already exists.", *in.group_name));
  const Found<GroupRecord> group{
      key,
      {.id = random_id("AGPA", 17), .name = *in.group_name, .path = in.path.value_or("/"), .created = now_of(call)}};
  TRY(save(call, group));
  return CreateGroupOutput{.group = to_wire(group)};
}

Result<GetGroupOutput> get_group(Iam&, Call& call, const GetGroupInput& in) {
  const auto group = TRY(find<GroupRecord>(call, in.group_name, Lock::kShared));
  const auto members = TRY(members_of(call, group.key));
  std::vector<std::string> names;
  for (const auto& user : members) names.push_back(user.key.name);
  GetGroupOutput out{.group = to_wire(group)};
  out.users.set_present();
  return paged(call, "GetGroup " + group.record.id, names, in, std::move(out),
               [&](GetGroupOutput& page, size_t i) { page.users.push_back(to_wire(members[i])); });
}

Result<UpdateGroupOutput> update_group(Iam&, Call& call, const UpdateGroupInput& in) {
  const auto group = TRY(find<GroupRecord>(call, in.group_name));
  Found<GroupRecord> changed = group;
  if (in.new_path) changed.record.path = *in.new_path;
  if (in.new_group_name) {
    changed.record.name = *in.new_group_name;
    changed.key = key_of(call, *in.new_group_name);
  }
  if (changed.key.name != group.key.name) {
    if (TRY(call.get(kGroups, changed.key)))
      return already_exists(fmt::format("Group with name {} already exists.", *in.new_group_name));
    // Its members name it: they follow.
    for (auto& user : TRY(members_of(call, group.key))) {
      std::ranges::replace(user.record.groups, group.key.name, changed.key.name);
      TRY(save(call, user));
    }
    TRY(call.erase(kGroups, group.key));
  }
  TRY(save(call, changed));
  return UpdateGroupOutput{};
}

Result<DeleteGroupOutput> delete_group(Iam&, Call& call, const DeleteGroupInput& in) {
  const auto group = TRY(find<GroupRecord>(call, in.group_name));
  if (!group.record.grants.inline_policies.empty())
    return delete_conflict("Cannot delete entity, must delete policies first.");
  if (!group.record.grants.attached.empty())
    return delete_conflict("Cannot delete entity, must detach all policies first.");
  if (!TRY(members_of(call, group.key)).empty())
    return delete_conflict("Cannot delete entity, must remove users from group first.");
  TRY(call.erase(kGroups, group.key));
  return DeleteGroupOutput{};
}

Result<ListGroupsOutput> list_groups(Iam&, Call& call, const ListGroupsInput& in) {
  const std::string prefix = in.path_prefix.value_or("/");
  std::vector<Found<GroupRecord>> groups;
  std::vector<std::string> names;
  for (auto& group : TRY(all_of<GroupRecord>(call))) {
    if (!group.record.path.starts_with(prefix)) continue;
    names.push_back(group.key.name);
    groups.push_back(std::move(group));
  }
  ListGroupsOutput out;
  out.groups.set_present();
  return paged(call, "ListGroups " + prefix, names, in, std::move(out),
               [&](ListGroupsOutput& page, size_t i) { page.groups.push_back(to_wire(groups[i])); });
}

Result<AddUserToGroupOutput> add_user_to_group(Iam&, Call& call, const AddUserToGroupInput& in) {
  const auto group = TRY(find<GroupRecord>(call, in.group_name, Lock::kShared));
  auto user = TRY(find<UserRecord>(call, in.user_name));
  std::vector<std::string>& groups = user.record.groups;
  if (std::ranges::find(groups, group.key.name) != groups.end()) return AddUserToGroupOutput{};
  if (groups.size() >= kMostGroupsOfAUser)
    return limit_exceeded(fmt::format("Cannot exceed quota for GroupsPerUser: {}", kMostGroupsOfAUser));
  groups.push_back(group.key.name);
  TRY(save(call, user));
  return AddUserToGroupOutput{};
}

Result<RemoveUserFromGroupOutput> remove_user_from_group(Iam&, Call& call, const RemoveUserFromGroupInput& in) {
  auto user = TRY(find<UserRecord>(call, in.user_name));  // Observed: a user that is not there is told of first
  const auto group = TRY(find<GroupRecord>(call, in.group_name, Lock::kShared));
  // ASSUMED: taking a user out of a group that it is not in is no error.
  std::erase(user.record.groups, group.key.name);
  TRY(save(call, user));
  return RemoveUserFromGroupOutput{};
}

Result<ListGroupsForUserOutput> list_groups_for_user(Iam&, Call& call, const ListGroupsForUserInput& in) {
  const auto user = TRY(find<UserRecord>(call, in.user_name, Lock::kShared));
  std::vector<std::string> names = user.record.groups;
  std::ranges::sort(names);
  std::vector<Group> groups;
  for (const std::string& name : names) groups.push_back(to_wire(TRY(find<GroupRecord>(call, name, Lock::kShared))));
  ListGroupsForUserOutput out;
  out.groups.set_present();
  return paged(call, "ListGroupsForUser " + user.record.id, names, in, std::move(out),
               [&](ListGroupsForUserOutput& page, size_t i) { page.groups.push_back(groups[i]); });
}

}  // namespace tarn::iam
