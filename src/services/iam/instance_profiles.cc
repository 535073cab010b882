#include <fmt/format.h>

#include "os/random.h"
#include "services/iam/iam.h"

namespace tarn::iam {

Result<CreateInstanceProfileOutput> create_instance_profile(Iam&, Call& call, const CreateInstanceProfileInput& in) {
  const NameKey key = key_of(call, *in.instance_profile_name);
  if (TRY(call.get(kProfiles, key)))
    return already_exists(fmt::format("Instance Profile {} already exists.", *in.instance_profile_name));
  const Tags tags = TRY(tags_from(in.tags));
  const Found<ProfileRecord> profile{key,
                                     {.id = random_id("AIPA", 17),
                                      .name = *in.instance_profile_name,
                                      .path = in.path.value_or("/"),
                                      .created = now_of(call)}};
  TRY(save(call, profile));
  TRY(set_tags(call.tx(), profile.arn(), tags));
  InstanceProfile out = TRY(to_wire(call, profile));
  if (!tags.empty()) out.tags = to_wire(tags);
  return CreateInstanceProfileOutput{.instance_profile = std::move(out)};
}

Result<GetInstanceProfileOutput> get_instance_profile(Iam&, Call& call, const GetInstanceProfileInput& in) {
  const auto profile = TRY(find<ProfileRecord>(call, in.instance_profile_name, Lock::kShared));
  InstanceProfile out = TRY(to_wire(call, profile));
  if (const Tags tags = TRY(tags_of(call.tx(), profile.arn())); !tags.empty()) out.tags = to_wire(tags);
  return GetInstanceProfileOutput{.instance_profile = std::move(out)};
}

Result<DeleteInstanceProfileOutput> delete_instance_profile(Iam&, Call& call, const DeleteInstanceProfileInput& in) {
  const auto profile = TRY(find<ProfileRecord>(call, in.instance_profile_name));
  if (!profile.record.role.empty())
    return delete_conflict("Cannot delete entity, must remove roles from instance profile first.");
  TRY(set_tags(call.tx(), profile.arn(), {}));
  TRY(call.erase(kProfiles, profile.key));
  return DeleteInstanceProfileOutput{};
}

Result<ListInstanceProfilesOutput> list_instance_profiles(Iam&, Call& call, const ListInstanceProfilesInput& in) {
  const std::string prefix = in.path_prefix.value_or("/");
  std::vector<InstanceProfile> profiles;
  std::vector<std::string> names;
  for (const auto& profile : TRY(all_of<ProfileRecord>(call))) {
    if (!profile.record.path.starts_with(prefix)) continue;
    names.push_back(profile.key.name);
    profiles.push_back(TRY(to_wire(call, profile)));
  }
  ListInstanceProfilesOutput out;
  out.instance_profiles.set_present();
  return paged(call, "ListInstanceProfiles " + prefix, names, in, std::move(out),
               [&](ListInstanceProfilesOutput& page, size_t i) { page.instance_profiles.push_back(profiles[i]); });
}

Result<ListInstanceProfilesForRoleOutput> list_instance_profiles_for_role(Iam&, Call& call,
                                                                          const ListInstanceProfilesForRoleInput& in) {
  const auto role = TRY(find<RoleRecord>(call, in.role_name, Lock::kShared));
  const auto found = found_in(TRY(call.tx().scan_index(
      kProfiles, kProfilesByRole, {.prefix = index_prefix(kProfilesByRole, role.key.account, role.key.name)})));
  std::vector<InstanceProfile> profiles;
  std::vector<std::string> names;
  for (const auto& profile : found) {
    names.push_back(profile.key.name);
    profiles.push_back(TRY(to_wire(call, profile)));
  }
  ListInstanceProfilesForRoleOutput out;
  out.instance_profiles.set_present();
  return paged(call, "ListInstanceProfilesForRole " + role.record.id, names, in, std::move(out),
               [&](auto& page, size_t i) { page.instance_profiles.push_back(profiles[i]); });
}

Result<AddRoleToInstanceProfileOutput> add_role_to_instance_profile(Iam&, Call& call,
                                                                    const AddRoleToInstanceProfileInput& in) {
  const auto role = TRY(find<RoleRecord>(call, in.role_name, Lock::kShared));
  auto profile = TRY(find<ProfileRecord>(call, in.instance_profile_name));
  // AWS: a profile holds one role.
  if (!profile.record.role.empty())
    return limit_exceeded("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1");
  profile.record.role = role.key.name;
  TRY(save(call, profile));
  return AddRoleToInstanceProfileOutput{};
}

Result<RemoveRoleFromInstanceProfileOutput> remove_role_from_instance_profile(
    Iam&, Call& call, const RemoveRoleFromInstanceProfileInput& in) {
  auto profile = TRY(find<ProfileRecord>(call, in.instance_profile_name));
  if (profile.record.role != lower(*in.role_name))
    return no_such_entity(fmt::format("The role with name {} cannot be found in the instance profile {}.",
                                      *in.role_name, profile.record.name));
  profile.record.role.clear();
  TRY(save(call, profile));
  return RemoveRoleFromInstanceProfileOutput{};
}

}  // namespace tarn::iam
