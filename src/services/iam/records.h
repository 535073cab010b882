// What is on disk. Names are unique without regard to case: keys hold them in lower case, records as they were given.
// Children name their parents (a key its user, a profile its role, a user its groups): what has children is not deleted.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "store/table.h"

namespace tarn::iam {

struct NameKey {
  std::string account;
  std::string name;  // lower case
  static void fields(auto& self, auto&& visit) { visit(self.account, self.name); }
};

// What gives a user, group or role its rights.
struct Grants {
  std::map<std::string, std::string> inline_policies;  // by name
  std::vector<std::string> attached;                   // ARNs of managed policies, in the order they were attached
  std::string boundary;                                // a managed policy's ARN, or empty
  static void fields(auto& self, auto&& visit) { visit(self.inline_policies, self.attached, self.boundary); }
};

struct UserRecord {
  static constexpr std::string_view kType = "user";
  std::string id, name, path;
  Time created;
  Grants grants;
  std::vector<std::string> groups;  // lower case
  static void fields(auto& self, auto&& visit) {
    visit(self.id, self.name, self.path, self.created, self.grants, self.groups);
  }
};

struct GroupRecord {
  static constexpr std::string_view kType = "group";
  std::string id, name, path;
  Time created;
  Grants grants;
  static void fields(auto& self, auto&& visit) { visit(self.id, self.name, self.path, self.created, self.grants); }
};

struct RoleRecord {
  static constexpr std::string_view kType = "role";
  std::string id, name, path;
  Time created;
  Grants grants;
  std::string trust_policy;                    // as it was given
  std::map<std::string, std::string> trusted;  // ids of the users and roles that it names, by ARN, from that moment
  std::optional<std::string> description;
  int64_t max_session_seconds = 3600;
  static void fields(auto& self, auto&& visit) {
    visit(self.id, self.name, self.path, self.created, self.grants, self.trust_policy, self.trusted, self.description,
          self.max_session_seconds);
  }
};

struct PolicyVersionRecord {
  int64_t number = 0;  // 3 of "v3"
  std::string document;
  Time created;
  static void fields(auto& self, auto&& visit) { visit(self.number, self.document, self.created); }
};

struct PolicyRecord {
  static constexpr std::string_view kType = "policy";
  std::string id, name, path;
  Time created;
  std::optional<std::string> description;
  Time updated;
  int64_t default_version = 1;
  int64_t next_version = 2;  // numbers are never given twice
  std::vector<PolicyVersionRecord> versions;
  static void fields(auto& self, auto&& visit) {
    visit(self.id, self.name, self.path, self.created, self.description, self.updated, self.default_version,
          self.next_version, self.versions);
  }
};

struct ProfileRecord {
  static constexpr std::string_view kType = "instance-profile";
  std::string id, name, path;
  Time created;
  std::string role;  // lower case, or empty
  static void fields(auto& self, auto&& visit) { visit(self.id, self.name, self.path, self.created, self.role); }
};

struct AccessKeyKey {
  std::string id;
  static void fields(auto& self, auto&& visit) { visit(self.id); }
};

struct AccessKeyRecord {
  std::string account, user;  // the user's name in lower case
  std::string secret;
  bool active = true;
  Time created;
  Time made;  // the same moment on the system's time, which audit records have
  static void fields(auto& self, auto&& visit) {
    visit(self.account, self.user, self.secret, self.active, self.created, self.made);
  }
};

// An account's sign-in alias: unique over all accounts.
struct AliasKey {
  std::string alias;
  static void fields(auto& self, auto&& visit) { visit(self.alias); }
};
struct AliasRecord {
  std::string account;
  static void fields(auto& self, auto&& visit) { visit(self.account); }
};

// --- tables ---------------------------------------------------------------------------------------------------------

// Who has a managed policy attached, or as a boundary: (account, ARN).
template <class R>
void index_policies(const NameKey& key, const R& record, IndexKeys& keys) {
  for (const std::string& arn : record.grants.attached) keys.add(key.account, arn, std::string("attached"), key.name);
  if (!record.grants.boundary.empty()) keys.add(key.account, record.grants.boundary, std::string("boundary"), key.name);
}

inline constexpr Index<NameKey, UserRecord> kUsersByPolicy{"iam.users.by_policy", index_policies<UserRecord>};
inline constexpr Index<NameKey, UserRecord> kUsersByGroup{
    "iam.users.by_group", [](const NameKey& key, const UserRecord& record, IndexKeys& keys) {
      for (const std::string& group : record.groups) keys.add(key.account, group, key.name);
    }};
template <class R>
void index_id(const NameKey&, const R& record, IndexKeys& keys) {
  keys.add(record.id);
}
inline constexpr Index<NameKey, UserRecord> kUsersById{"iam.users.by_id", index_id<UserRecord>};
inline constexpr Index<NameKey, UserRecord> kUserIndexes[] = {kUsersByPolicy, kUsersByGroup, kUsersById};
inline constexpr Table<NameKey, UserRecord> kUsers{"iam.users", kUserIndexes};

inline constexpr Index<NameKey, GroupRecord> kGroupsByPolicy{"iam.groups.by_policy", index_policies<GroupRecord>};
inline constexpr Index<NameKey, GroupRecord> kGroupIndexes[] = {kGroupsByPolicy};
inline constexpr Table<NameKey, GroupRecord> kGroups{"iam.groups", kGroupIndexes};

inline constexpr Index<NameKey, RoleRecord> kRolesByPolicy{"iam.roles.by_policy", index_policies<RoleRecord>};
inline constexpr Index<NameKey, RoleRecord> kRolesById{"iam.roles.by_id", index_id<RoleRecord>};
inline constexpr Index<NameKey, RoleRecord> kRoleIndexes[] = {kRolesByPolicy, kRolesById};
inline constexpr Table<NameKey, RoleRecord> kRoles{"iam.roles", kRoleIndexes};

inline constexpr Table<NameKey, PolicyRecord> kPolicies{"iam.policies"};

inline constexpr Index<NameKey, ProfileRecord> kProfilesByRole{
    "iam.profiles.by_role", [](const NameKey& key, const ProfileRecord& record, IndexKeys& keys) {
      if (!record.role.empty()) keys.add(key.account, record.role, key.name);
    }};
inline constexpr Index<NameKey, ProfileRecord> kProfileIndexes[] = {kProfilesByRole};
inline constexpr Table<NameKey, ProfileRecord> kProfiles{"iam.profiles", kProfileIndexes};

inline constexpr Index<AccessKeyKey, AccessKeyRecord> kKeysByUser{
    "iam.access_keys.by_user", [](const AccessKeyKey& key, const AccessKeyRecord& record, IndexKeys& keys) {
      keys.add(record.account, record.user, key.id);
    }};
inline constexpr Index<AccessKeyKey, AccessKeyRecord> kKeyIndexes[] = {kKeysByUser};
inline constexpr Table<AccessKeyKey, AccessKeyRecord> kAccessKeys{"iam.access_keys", kKeyIndexes};

inline constexpr Index<AliasKey, AliasRecord> kAliasesByAccount{
    "iam.aliases.by_account",
    [](const AliasKey&, const AliasRecord& record, IndexKeys& keys) { keys.add(record.account); }};
inline constexpr Index<AliasKey, AliasRecord> kAliasIndexes[] = {kAliasesByAccount};
inline constexpr Table<AliasKey, AliasRecord> kAliases{"iam.aliases", kAliasIndexes};

// There are no passwords here that it would speak of: it is kept and told.
struct PasswordPolicyKey {
  std::string account;
  static void fields(auto& self, auto&& visit) { visit(self.account); }
};
struct PasswordPolicyRecord {
  int32_t least = 0;
  bool symbols = false, numbers = false, upper_case = false, lower_case = false, users_change = false;
  std::optional<int32_t> days, remembered;
  std::optional<bool> hard_expiry;
  static void fields(auto& self, auto&& visit) {
    visit(self.least, self.symbols, self.numbers, self.upper_case, self.lower_case, self.users_change, self.days,
          self.remembered, self.hard_expiry);
  }
};
inline constexpr Table<PasswordPolicyKey, PasswordPolicyRecord> kPasswordPolicies{"iam.password_policies"};

template <class R>
constexpr const auto& table_of() {
  if constexpr (std::is_same_v<R, UserRecord>)
    return kUsers;
  else if constexpr (std::is_same_v<R, GroupRecord>)
    return kGroups;
  else if constexpr (std::is_same_v<R, RoleRecord>)
    return kRoles;
  else if constexpr (std::is_same_v<R, PolicyRecord>)
    return kPolicies;
  else
    return kProfiles;
}

}  // namespace tarn::iam
