#include "services/redshift_data/workgroup.h"

#include <fmt/format.h>

#include "base/text.h"

#include "door/arn.h"
#include "door/database_password.h"
#include "door/door.h"
#include "gen/redshift_serverless/shapes.h"
#include "services/redshift_data/definitions.h"


namespace tarn::redshift_data {

namespace serverless = ::tarn::redshift_serverless;

namespace {

constexpr std::string_view kVia = "redshift-data.amazonaws.com";

// The name in an ARN's place: ARNs hold the id, so the name is looked for.
Result<std::string> name_of(Door& door, const Caller& account, const std::string& arn) {
  serverless::ListWorkgroupsRequest list;
  do {
    const auto page = TRY(door.call(account, list));
    for (const auto& workgroup : page.workgroups)
      if (workgroup.workgroup_arn == arn) return *workgroup.workgroup_name;
    list.next_token = page.next_token;
  } while (list.next_token);
  return fail(400, "ResourceNotFoundException", fmt::format("Workgroup {} not found.", arn));
}

}  // namespace

Caller as_account(const Caller& from) {
  Caller caller = from;
  const std::string account = from.principal.account;
  caller.principal = Principal{.kind = Principal::Kind::kRoot,
                               .account = account,
                               .arn = fmt::format("arn:aws:iam::{}:root", account),
                               .user_id = account};
  caller.source_ip.clear();
  caller.called_via.emplace_back(kVia);
  return caller;
}

Result<Workgroup> workgroup_of(Door& door, const Caller& caller, const std::string& name) {
  const Caller account = as_account(caller);
  serverless::GetWorkgroupRequest get;
  get.workgroup_name = name;
  const auto found = TRY(door.call(account, get));
  serverless::GetNamespaceRequest get_namespace;
  get_namespace.namespace_name = found.workgroup->namespace_name;
  const auto home = TRY(door.call(account, get_namespace));
  Workgroup out;
  out.account = caller.principal.account;
  out.region = caller.region;
  out.name = name;
  out.id = *found.workgroup->workgroup_id;
  out.arn = *found.workgroup->workgroup_arn;
  out.namespace_name = *home.namespace_->namespace_name;
  out.namespace_id = *home.namespace_->namespace_id;
  out.database = home.namespace_->db_name.value_or("dev");
  out.admin = home.namespace_->admin_username.value_or("admin");
  out.default_role = home.namespace_->default_iam_role_arn.value_or("");
  out.roles = home.namespace_->iam_roles.items();
  for (const auto& parameter : found.workgroup->config_parameters)
    out.parameters.emplace_back(*parameter.parameter_key, *parameter.parameter_value);
  return out;
}

Result<std::vector<Need>> workgroup_needs(Call& call, const std::string& name_or_arn, std::string_view action) {
  std::string arn = name_or_arn;
  if (!arn.starts_with("arn:")) {
    serverless::GetWorkgroupRequest get;
    get.workgroup_name = name_or_arn;
    const auto found = call.door().call(as_account(call.caller()), get);
    arn = found ? *found->workgroup->workgroup_arn : call.arn("redshift-serverless", "workgroup/*");
  }
  return std::vector<Need>{{std::string(action), arn}, {"redshift-serverless:GetCredentials", arn}};
}

Result<Workgroup> open_workgroup(Call& call, const std::string& name_or_arn) {
  std::string name = name_or_arn;
  if (name.starts_with("arn:")) name = TRY(name_of(call.door(), as_account(call.caller()), name));
  Workgroup found = TRY(workgroup_of(call.door(), call.caller(), name));
  Caller through = call.caller();
  through.called_via.emplace_back(kVia);
  serverless::GetCredentialsRequest credentials;
  credentials.workgroup_name = name;
  const auto given = TRY(call.door().call(through, credentials));
  found.user = *given.db_user;
  Store& store = call.door().store();
  const auto said = open_database_password(store, *given.db_password);
  if (!said) return internal_failure("GetCredentials gave a password that is not its own");
  found.session_roles = said->roles;
  TRY(admit(store, found, said->creator));
  return found;
}

Status admit(Store& store, const Workgroup& workgroup, bool superuser) {
  const std::string admin = lower(workgroup.admin);
  TRY(ensure_user(store, workgroup.namespace_id, admin, true));
  return ensure_user(store, workgroup.namespace_id, workgroup.user, superuser || workgroup.user == admin);
}

Result<sql::SessionOptions> session_options(Store& store, const Workgroup& workgroup, const std::string& database) {
  sql::SessionOptions options{database, workgroup.user, workgroup.session_roles, {}};
  for (const auto& [name, value] : workgroup.parameters) options.settings[name] = value;
  const auto user = TRY(store.read()->get(kUsers, NameKey{workgroup.namespace_id, workgroup.user}));
  if (user)
    for (const auto& [name, value] : user->settings)
      if (name.find(' ') == std::string::npos) options.settings[name] = value;
  return options;
}

std::string identity_of(const Principal& principal) {
  return principal.kind == Principal::Kind::kAssumedRole ? principal.role_arn : principal.arn;
}

}  // namespace tarn::redshift_data
