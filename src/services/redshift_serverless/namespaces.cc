// Namespaces: databases, users, and the roles that their SQL may act as.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/arn.h"
#include "door/database_password.h"
#include "door/door.h"
#include "door/rights.h"
#include "door/tags.h"
#include "door/warehouse_copies.h"
#include "os/random.h"
#include "services/redshift_serverless/redshift_serverless.h"
#include "store/page_token.h"

namespace tarn::redshift_serverless {
namespace {

constexpr std::string_view kService = "redshift.amazonaws.com";  // whom roles are passed to
constexpr size_t kMaxRoles = 50;
constexpr int32_t kPage = 100;

// AWS: CreateNamespace, adminUserPassword: 8 to 64 characters, an upper and a lower case letter and a digit.
Status check_password(const std::string& password) {
  bool has_upper = false, has_lower = false, digit = false, refused = false;
  for (const char c : password) {
    has_upper = has_upper || (c >= 'A' && c <= 'Z');
    has_lower = has_lower || (c >= 'a' && c <= 'z');
    digit = digit || (c >= '0' && c <= '9');
    refused = refused || c < 33 || c > 126 || c == '/' || c == '@' || c == '"' || c == '\'' || c == '\\';
  }
  if (password.size() < 8 || password.size() > 64 || !has_upper || !has_lower || !digit || refused)
    return invalid(
        "The admin password must be 8-64 characters long and have at least one uppercase letter, one lowercase letter "
        "and "
        "one number, and no '/', '@', '\"', \"'\", '\\' or space.");
  return {};
}

Status check_roles(const NamespaceRecord& record) {
  if (record.roles.size() > kMaxRoles) return invalid(fmt::format("A namespace has at most {} IAM roles.", kMaxRoles));
  for (const std::string& role : record.roles) {
    const auto arn = Arn::parse(role);
    if (!arn || arn->service != "iam" || !arn->resource.starts_with("role/"))
      return invalid(fmt::format("'{}' is not the ARN of an IAM role.", role));
  }
  if (!record.default_role.empty() && std::ranges::find(record.roles, record.default_role) == record.roles.end())
    return invalid(fmt::format("The default IAM role {} must be one of iamRoles.", record.default_role));
  return {};
}

// What both Create and Update may set.
template <class Input>
Status take(const Input& in, NamespaceRecord& record) {
  if (in.manage_admin_password.value_or(false))
    return invalid("manageAdminPassword is not supported: there is no Secrets Manager.");
  if (in.admin_username) record.admin_user = *in.admin_username;
  if (in.admin_user_password) {
    TRY(check_password(*in.admin_user_password));
    record.admin_password = keep_password(*in.admin_user_password);
  }
  if (in.kms_key_id) record.kms_key = *in.kms_key_id;
  if (in.iam_roles.has_value()) {
    record.roles.clear();
    for (const std::string& role : in.iam_roles)
      if (std::ranges::find(record.roles, role) == record.roles.end()) record.roles.push_back(role);
  }
  if (in.default_iam_role_arn) {
    record.default_role = *in.default_iam_role_arn;
    // AWS adds the default role to the associated ones.
    if (!record.default_role.empty() && std::ranges::find(record.roles, record.default_role) == record.roles.end())
      record.roles.push_back(record.default_role);
  }
  if (in.log_exports.has_value()) record.log_exports = in.log_exports.items();
  return check_roles(record);
}

template <class Input>
void add_pass_role(const Input& in, const NamespaceRecord* old, std::vector<Need>& needs) {
  std::vector<std::string> roles(in.iam_roles.begin(), in.iam_roles.end());
  if (in.default_iam_role_arn && !in.default_iam_role_arn->empty()) roles.push_back(*in.default_iam_role_arn);
  std::ranges::sort(roles);
  roles.erase(std::unique(roles.begin(), roles.end()), roles.end());
  for (const std::string& role : roles) {
    const bool there = old != nullptr && std::ranges::find(old->roles, role) != old->roles.end();
    if (!there) needs.push_back(pass_role(role, kService));
  }
}

}  // namespace

Result<Namespace> namespace_to_wire(Call& call, const NamespaceKey& key, const NamespaceRecord& record) {
  Namespace out;
  out.namespace_name = key.name;
  out.namespace_id = record.id;
  out.namespace_arn = namespace_arn(key, record);
  out.db_name = record.db_name;
  out.admin_username = record.admin_user;
  out.creation_date = record.created;
  const auto restoring = TRY(call.get(kWarehouseRestores, {record.id}, Lock::kNone));
  out.status = restoring && restoring->error.empty() ? "MODIFYING" : "AVAILABLE";
  out.kms_key_id = record.kms_key.empty() ? "AWS_OWNED_KMS_KEY" : record.kms_key;
  if (!record.default_role.empty()) out.default_iam_role_arn = record.default_role;
  out.iam_roles.set_present();
  for (const std::string& role : record.roles) out.iam_roles.push_back(role);
  out.log_exports.set_present();
  for (const std::string& log : record.log_exports) out.log_exports.push_back(log);
  return out;
}

Result<std::vector<Need>> create_namespace_rights(RedshiftServerless&, Call& call, const CreateNamespaceRequest& in) {
  std::vector<Need> needs{{"redshift-serverless:CreateNamespace", call.arn("redshift-serverless", "namespace/*")}};
  add_pass_role(in, nullptr, needs);
  return needs;
}

Result<CreateNamespaceResponse> create_namespace(RedshiftServerless&, Call& call, const CreateNamespaceRequest& in) {
  const NamespaceKey key{call.account(), call.region(), *in.namespace_name};
  if (TRY(call.get(kNamespaces, key))) return conflict(fmt::format("Namespace {} already exists.", key.name));
  NamespaceRecord record;
  record.id = uuid4();
  record.db_name = in.db_name.value_or("dev");
  record.admin_user = "admin";
  record.created = call.now();
  record.creator = database_user(call.principal());
  TRY(take(in, record));
  TRY(call.put(kNamespaces, key, record));
  TRY(add_given_tags(call, namespace_arn(key, record), in.tags));
  return CreateNamespaceResponse{.namespace_ = TRY(namespace_to_wire(call, key, record))};
}

Result<std::vector<Need>> get_namespace_rights(RedshiftServerless&, Call& call, const GetNamespaceRequest& in) {
  return namespace_need(call, "redshift-serverless:GetNamespace", *in.namespace_name);
}

Result<GetNamespaceResponse> get_namespace(RedshiftServerless&, Call& call, const GetNamespaceRequest& in) {
  const FoundNamespace found = TRY(find_namespace(call, *in.namespace_name, Lock::kNone));
  return GetNamespaceResponse{.namespace_ = TRY(namespace_to_wire(call, found.key, found.record))};
}

Result<std::vector<Need>> update_namespace_rights(RedshiftServerless&, Call& call, const UpdateNamespaceRequest& in) {
  std::vector<Need> needs = TRY(namespace_need(call, "redshift-serverless:UpdateNamespace", *in.namespace_name));
  const auto old = TRY(call.get(kNamespaces, {call.account(), call.region(), *in.namespace_name}));
  add_pass_role(in, old ? &*old : nullptr, needs);
  return needs;
}

Result<UpdateNamespaceResponse> update_namespace(RedshiftServerless&, Call& call, const UpdateNamespaceRequest& in) {
  FoundNamespace found = TRY(find_namespace(call, *in.namespace_name, Lock::kExclusive));
  if (in.s3_table_action) return invalid("s3TableAction is not supported.");
  if (in.admin_username && !in.admin_user_password)
    return invalid("adminUsername and adminUserPassword must be given together.");
  TRY(take(in, found.record));
  TRY(call.put(kNamespaces, found.key, found.record));
  return UpdateNamespaceResponse{.namespace_ = TRY(namespace_to_wire(call, found.key, found.record))};
}

Result<std::vector<Need>> delete_namespace_rights(RedshiftServerless&, Call& call, const DeleteNamespaceRequest& in) {
  return namespace_need(call, "redshift-serverless:DeleteNamespace", *in.namespace_name);
}

Result<DeleteNamespaceResponse> delete_namespace(RedshiftServerless&, Call& call, const DeleteNamespaceRequest& in) {
  const FoundNamespace found = TRY(find_namespace(call, *in.namespace_name, Lock::kExclusive));
  auto at = call.tx().cursor(kWorkgroups, {.prefix = prefix_of(kWorkgroups, call.account(), call.region())});
  for (; at.valid(); at.next())
    if (TRY(at.record()).namespace_name == found.key.name)
      return conflict(fmt::format("There is an existing workgroup {} associated with namespace {}.", TRY(at.key()).name,
                                  found.key.name));
  TRY(at.status());
  if (in.final_snapshot_name)
    TRY(make_snapshot(call, found, *in.final_snapshot_name, in.final_snapshot_retention_period));
  TRY(call.erase(kNamespaces, found.key));
  TRY(set_tags(call.tx(), namespace_arn(found.key, found.record), {}));
  TRY(forget_warehouse(call.door(), call.tx(), found.record.id));
  Namespace out = TRY(namespace_to_wire(call, found.key, found.record));
  out.status = "DELETING";
  return DeleteNamespaceResponse{.namespace_ = std::move(out)};
}

Result<ListNamespacesResponse> list_namespaces(RedshiftServerless&, Call& call, const ListNamespacesRequest& in) {
  const std::string request = fmt::format("ListNamespaces {} {}", call.account(), call.region());
  const auto page = TRY(call.tx().scan(kNamespaces, {.prefix = prefix_of(kNamespaces, call.account(), call.region()),
                                                     .after = TRY(page_start(call, request, in.next_token)),
                                                     .limit = static_cast<size_t>(in.max_results.value_or(kPage))}));
  ListNamespacesResponse out;
  out.namespaces.set_present();
  for (const auto& [key, record] : page.entries) out.namespaces.push_back(TRY(namespace_to_wire(call, key, record)));
  if (page.more) out.next_token = page_token(call.door().store(), request, page.last);
  return out;
}

}  // namespace tarn::redshift_serverless
