#include <fmt/format.h>

#include "door/audit.h"
#include "door/door.h"
#include "os/clock.h"
#include "os/random.h"
#include "services/iam/iam.h"

namespace tarn::iam {

namespace {

constexpr size_t kMostKeys = 2;  // AWS: "IAM and AWS STS quotas"

using KeyEntry = ::tarn::Entry<AccessKeyKey, AccessKeyRecord>;

Result<std::vector<KeyEntry>> keys_of(Call& call, const NameKey& user) {
  return TRY(call.tx().scan_index(kAccessKeys, kKeysByUser,
                                  {.prefix = index_prefix(kKeysByUser, user.account, user.name)}))
      .entries;
}

Failure no_such_key(const std::string& id) {
  return no_such_entity(fmt::format("The Access Key with id {} cannot be found.", id));
}

// The user's key of that id. Without a user's name it is the caller's, or, as root has none of its own here, whichever
// user of the account the key belongs to. AWS: UpdateAccessKey: "the user name is determined by the access key".
Result<KeyEntry> find_key(Call& call, const OptionalText& user_name, const std::string& id) {
  auto record = TRY(call.get(kAccessKeys, AccessKeyKey{id}));
  if (!record || record->account != call.account()) return no_such_key(id);
  const bool any = !user_name && call.principal().kind != Principal::Kind::kUser;
  if (!any && TRY(user_or_caller(call, user_name, Lock::kShared)).key.name != record->user) return no_such_key(id);
  return KeyEntry{{id}, std::move(*record)};
}

}  // namespace

Result<CreateAccessKeyOutput> create_access_key(Iam&, Call& call, const CreateAccessKeyInput& in) {
  // Exclusively: the number of keys is decided by a scan.
  const auto user = TRY(user_or_caller(call, in.user_name));
  if (TRY(keys_of(call, user.key)).size() >= kMostKeys)
    return limit_exceeded(fmt::format("Cannot exceed quota for AccessKeysPerUser: {}", kMostKeys));
  const AccessKeyKey key{random_id("AKIA", 16)};
  const AccessKeyRecord record{user.key.account, user.key.name, random_secret(40), true, now_of(call), system_now()};
  TRY(call.put(kAccessKeys, key, record));
  return CreateAccessKeyOutput{.access_key = AccessKey{.user_name = user.record.name,
                                                       .access_key_id = key.id,
                                                       .status = "Active",
                                                       .secret_access_key = record.secret,
                                                       .create_date = record.created}};
}

Result<UpdateAccessKeyOutput> update_access_key(Iam&, Call& call, const UpdateAccessKeyInput& in) {
  KeyEntry key = TRY(find_key(call, in.user_name, *in.access_key_id));
  if (*in.status == "Expired") return invalid_input("The status Expired cannot be set: only Active and Inactive can.");
  key.record.active = *in.status == "Active";
  TRY(call.put(kAccessKeys, key.key, key.record));
  return UpdateAccessKeyOutput{};
}

Result<DeleteAccessKeyOutput> delete_access_key(Iam&, Call& call, const DeleteAccessKeyInput& in) {
  const KeyEntry key = TRY(find_key(call, in.user_name, *in.access_key_id));
  TRY(call.erase(kAccessKeys, key.key));
  return DeleteAccessKeyOutput{};
}

Result<ListAccessKeysOutput> list_access_keys(Iam& iam, Call& call, const ListAccessKeysInput& in) {
  ListAccessKeysOutput out;
  out.access_key_metadata.set_present();
  out.is_truncated = false;
  if (!in.user_name && call.principal().kind == Principal::Kind::kRoot) {
    // The root's own key is the server's, made at its first start; its day of creation is not kept.
    if (const auto root = iam.accounts().all().find(call.account()); root != iam.accounts().all().end())
      out.access_key_metadata.push_back({.access_key_id = root->second.id, .status = "Active"});
    return out;
  }
  const auto user = TRY(user_or_caller(call, in.user_name, Lock::kShared));
  for (const KeyEntry& entry : TRY(keys_of(call, user.key)))
    out.access_key_metadata.push_back({.user_name = user.record.name,
                                       .access_key_id = entry.key.id,
                                       .status = entry.record.active ? "Active" : "Inactive",
                                       .create_date = entry.record.created});
  return out;
}

// From the audit records, as far back as they go.
Result<GetAccessKeyLastUsedOutput> get_access_key_last_used(Iam&, Call& call, const GetAccessKeyLastUsedInput& in) {
  const auto key = TRY(call.get(kAccessKeys, AccessKeyKey{*in.access_key_id}, Lock::kShared));
  if (!key || key->account != call.account()) return no_such_key(*in.access_key_id);
  const auto user = TRY(find<UserRecord>(call, key->user, Lock::kShared));
  // Nothing older than the key can be a use of it: there the search ends.
  const auto newest = TRY(call.door().audit().newest(
      1, [&](const AuditRecord& record) { return record.access_key == *in.access_key_id || record.time < key->made; }));
  AccessKeyLastUsed used{.service_name = "N/A", .region = "N/A"};
  if (!newest.empty() && newest[0].access_key == *in.access_key_id)
    used = {.last_used_date = Time::of_seconds(newest[0].time.seconds()),
            .service_name = newest[0].service,
            .region = newest[0].region};
  return GetAccessKeyLastUsedOutput{.user_name = user.record.name, .access_key_last_used = std::move(used)};
}

}  // namespace tarn::iam
