// IAM: users, groups, roles, policies and what binds them. Handlers by resource; the door asks it for keys and policies.
//
// Handlers lock the record that they change exclusively, and shared what must stay while they make something that names
// it (a user's group, an attached policy). A deletion holds its record exclusively and then looks for what names it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/text.h"
#include "door/accounts.h"
#include "door/call.h"
#include "door/policy_source.h"
#include "door/principal.h"
#include "door/tags.h"
#include "gen/iam/handlers.h"
#include "services/iam/records.h"

namespace tarn::iam {

using OptionalText = std::optional<std::string>;

class Iam final : public Identities, public ManagedPolicies {
 public:
  // LIFETIME: borrows the accounts.
  explicit Iam(const Accounts& accounts) : accounts_(accounts) {}

  Result<std::optional<::tarn::AccessKey>> access_key(Transaction& tx, std::string_view id) override;
  Result<std::optional<AttachedPolicies>> policies(Transaction& tx, const Principal& principal) override;
  Result<std::optional<RoleFacts>> role(Transaction& tx, std::string_view role_arn) override;
  Result<std::optional<std::string>> principal_id(Transaction& tx, std::string_view arn) override;
  Result<std::optional<std::string>> principal_arn(Transaction& tx, std::string_view id) override;
  Result<std::optional<std::string>> managed_policy(Transaction& tx, std::string_view account,
                                                    std::string_view policy_arn) override;

  const Accounts& accounts() const { return accounts_; }

 private:
  const Accounts& accounts_;
};

// --- errors ----------------------------------------------------------------------------------------------------------

inline Failure no_such_entity(std::string message) {
  return fail(404, "NoSuchEntity", std::move(message));
}
inline Failure already_exists(std::string message) {
  return fail(409, "EntityAlreadyExists", std::move(message));
}
inline Failure delete_conflict(std::string message) {
  return fail(409, "DeleteConflict", std::move(message));
}
inline Failure limit_exceeded(std::string message) {
  return fail(409, "LimitExceeded", std::move(message));
}
inline Failure invalid_input(std::string message) {
  return fail(400, "InvalidInput", std::move(message));
}
inline Failure validation_error(std::string message) {
  return fail(400, "ValidationError", std::move(message));
}

// --- entities --------------------------------------------------------------------------------------------------------

// "arn:aws:iam::123456789012:role/path/name"
std::string arn_of(std::string_view account, std::string_view type, std::string_view path, std::string_view name);

template <class R>
struct Found {
  NameKey key;
  R record;
  std::string arn() const { return arn_of(key.account, R::kType, record.path, record.name); }
};

NameKey key_of(const Call& call, std::string_view name);
// ERRORS: NoSuchEntity: "The user with name x cannot be found."
Failure not_found(std::string_view type, std::string_view name);

// REQUIRES: the name is there (the model says so).
template <class R>
Result<Found<R>> find(Call& call, const OptionalText& name, Lock lock = Lock::kExclusive) {
  const NameKey key = key_of(call, *name);
  std::optional<R> record = TRY(call.get(table_of<R>(), key, lock));
  if (!record) return not_found(R::kType, *name);
  return Found<R>{key, std::move(*record)};
}
template <class R>
Status save(Call& call, const Found<R>& found) {
  return call.put(table_of<R>(), found.key, found.record);
}
// All of the account, by name.
template <class R>
Result<std::vector<Found<R>>> all_of(Call& call) {
  const auto page = TRY(call.tx().scan(table_of<R>(), {.prefix = prefix_of(table_of<R>(), call.account())}));
  std::vector<Found<R>> found;
  for (const auto& entry : page.entries) found.push_back({entry.key, entry.record});
  return found;
}
template <class R>
std::vector<Found<R>> found_in(const ::tarn::Page<NameKey, R>& page) {
  std::vector<Found<R>> found;
  for (const auto& entry : page.entries) found.push_back({entry.key, entry.record});
  return found;
}

// The named user, or the one who asks. ERRORS: ValidationError when the caller is no user either.
Result<Found<UserRecord>> user_or_caller(Call& call, const OptionalText& name, Lock lock = Lock::kExclusive);

// As IAM keeps times: whole seconds.
inline Time now_of(const Call& call) {
  return Time::of_seconds(call.now().seconds());
}

// --- in the shapes of the wire ---------------------------------------------------------------------------------------

User to_wire(const Found<UserRecord>& user);
Group to_wire(const Found<GroupRecord>& group);
Result<Role> to_wire(Call& call, const Found<RoleRecord>& role);
Result<InstanceProfile> to_wire(Call& call, const Found<ProfileRecord>& profile);
wire::List<Tag> to_wire(const Tags& tags);
AttachedPermissionsBoundary boundary_to_wire(const std::string& arn);

// --- tags ------------------------------------------------------------------------------------------------------------

// ERRORS: InvalidInput (a key twice, a key of AWS's own), LimitExceeded.
enum class TagCase : bool { kFolds, kMatters };  // of a policy's tags "a" and "A" are two
Result<Tags> tags_from(const wire::List<Tag>& tags, TagCase letters = TagCase::kFolds);

// --- policies --------------------------------------------------------------------------------------------------------

// A managed policy, the account's or AWS's.
struct ManagedPolicy {
  std::string name, arn, document;  // the default version's
};
// nullopt: none. ERRORS: NoSuchEntity for one of AWS's that this server does not know, naming those it does.
Result<std::optional<ManagedPolicy>> managed_policy(Transaction& tx, std::string_view account, std::string_view arn,
                                                    Lock lock);
// For attaching. ERRORS: NoSuchEntity, InvalidInput (no ARN).
Result<ManagedPolicy> attachable_policy(Call& call, const std::string& arn);

// How much of a quota a document takes: AWS counts no white space.
size_t policy_size(std::string_view document);
// ERRORS: MalformedPolicyDocument.
Status check_identity_policy(std::string_view document);
// The role's trust policy with ids in place of ARNs, for deciding (door/policy_binding.h).
std::string bound_trust_policy(const RoleRecord& role);

// Adds the inline and attached policies of one entity ("user/alice") as the door takes them.
Status add_grants(Transaction& tx, const std::string& account, const std::string& owner, const Grants& grants,
                  AttachedPolicies& out);

// The counts and lists of who uses a managed policy.
struct PolicyUse {
  std::vector<Found<UserRecord>> users;
  std::vector<Found<GroupRecord>> groups;
  std::vector<Found<RoleRecord>> roles;
  size_t size() const { return users.size() + groups.size() + roles.size(); }
};
enum class UseKind : uint8_t { kAttached, kBoundary };
Result<PolicyUse> use_of(Call& call, const std::string& policy_arn, UseKind kind);

// --- paging ----------------------------------------------------------------------------------------------------------

// Which of `names` (in order) this page holds: first, and behind the last. `marker` is the next page's, if there is one.
struct Slice {
  size_t begin = 0, end = 0;
  OptionalText marker;
};
// `request` is whatever the next page's request must repeat. ERRORS: ValidationError for a marker not of ours.
Result<Slice> slice_of(Call& call, std::string_view request, const std::vector<std::string>& names,
                       const OptionalText& marker, const std::optional<int32_t>& max_items);

// Puts the page's rows into an output: `add(i)` for each, and is_truncated and marker.
template <class Out, class Add>
Result<Out> paged(Call& call, std::string_view request, const std::vector<std::string>& names, const auto& in, Out out,
                  Add add) {
  const Slice slice = TRY(slice_of(call, request, names, in.marker, in.max_items));
  for (size_t i = slice.begin; i < slice.end; ++i) add(out, i);
  out.is_truncated = slice.marker.has_value();
  out.marker = slice.marker;
  return out;
}

}  // namespace tarn::iam
