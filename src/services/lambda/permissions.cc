// Who may call a function: its resource policy; tags; how many calls at once.
#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"
#include "base/text.h"
#include "door/arn.h"
#include "door/door.h"
#include "door/policy.h"
#include "door/tags.h"
#include "os/random.h"
#include "services/lambda/lambda.h"

namespace tarn::lambda {
namespace {

// AWS: AddPermission: conditions from the Source members.
Json statement_of(const FunctionName& name, const AddPermissionRequest& in) {
  Json statement = Json::object({{"Sid", *in.statement_id},
                                 {"Effect", "Allow"},
                                 {"Principal", principal_json(*in.principal)},
                                 {"Action", *in.action},
                                 {"Resource", name.qualified_arn()}});
  Json like = Json::object(), equals = Json::object();
  if (in.source_arn) like.set("AWS:SourceArn", *in.source_arn);
  if (in.event_source_token) equals.set("lambda:EventSourceToken", *in.event_source_token);
  if (in.source_account) equals.set("AWS:SourceAccount", *in.source_account);
  if (in.principal_org_id) equals.set("aws:PrincipalOrgID", *in.principal_org_id);
  if (in.function_url_auth_type) equals.set("lambda:FunctionUrlAuthType", *in.function_url_auth_type);
  Json truths = Json::object();
  if (in.invoked_via_function_url)
    truths.set("lambda:InvokedViaFunctionUrl", *in.invoked_via_function_url ? "true" : "false");
  Json condition = Json::object();
  if (equals.size() > 0) condition.set("StringEquals", std::move(equals));
  if (like.size() > 0) condition.set("ArnLike", std::move(like));
  if (truths.size() > 0) condition.set("Bool", std::move(truths));
  if (condition.size() > 0) statement.set("Condition", std::move(condition));
  return statement;
}

std::string revision_of(const FunctionRecord& function, std::string_view qualifier) {
  return policy_revision(policy_of(function, qualifier));
}

// Whose policy is to be changed. Recorded from AWS: what could be an alias is looked for as one.
// ERRORS: InvalidParameterValueException: $LATEST; ResourceNotFoundException.
Result<Found> find_owner(Call& call, const FunctionName& name) {
  if (name.qualifier == "$LATEST") return invalid_parameter("We currently do not support adding policies for $LATEST.");
  const bool names_alias = !name.qualifier.empty() && !version_number(name.qualifier) && !name.qualifier.contains('$');
  if (!names_alias) return find_version(call, name);
  TRY(find_function(call, name, Lock::kNone));
  return worded(find_version(call, name), ("Cannot find alias arn: " + name.qualified_arn()).c_str());
}

}  // namespace

// AWS: AddPermission: a service's name, an account, or the ARN of a user or role.
Json principal_json(const std::string& who) {
  if (who == "*") return who;
  if (who.ends_with(".amazonaws.com")) return Json::object({{"Service", who}});
  return Json::object({{"AWS", is_account_id(who) ? fmt::format("arn:aws:iam::{}:root", who) : who}});
}

// AWS: the revision that these operations compare is the policy's own.
std::string policy_revision(const std::optional<std::string>& policy) {
  const std::string id = hex(md5(policy.value_or("")));
  return fmt::format("{}-{}-{}-{}-{}", id.substr(0, 8), id.substr(8, 4), id.substr(12, 4), id.substr(16, 4),
                     id.substr(20));
}

Result<std::vector<Need>> add_permission_rights(Lambda&, Call& call, const AddPermissionRequest& in) {
  auto needs = TRY(rights_on(call, *in.function_name, in.qualifier, "lambda:AddPermission"));
  needs[0].context["lambda:Principal"] = {*in.principal};
  if (in.function_url_auth_type) needs[0].context["lambda:FunctionUrlAuthType"] = {*in.function_url_auth_type};
  return needs;
}

Result<AddPermissionResponse> add_permission(Lambda&, Call& call, const AddPermissionRequest& in) {
  const Found found = TRY(find_owner(call, TRY(function_name(call, *in.function_name, in.qualifier))));
  FunctionRecord function = TRY(find_function(call, found.name));
  const std::string& qualifier = found.name.qualifier;
  if (in.revision_id && *in.revision_id != revision_of(function, qualifier)) return stale_revision();
  for (const PermissionRecord& permission : function.permissions)
    if (permission.id == *in.statement_id && permission.qualifier == qualifier)
      return conflict(
          fmt::format("The statement id ({}) provided already exists. Please provide a new statement id, or remove "
                      "the existing statement.",
                      *in.statement_id));
  Json statement = statement_of(found.name, in);
  function.permissions.push_back({*in.statement_id, qualifier, statement});
  if (const auto policy = Policy::parse(*policy_of(function, qualifier), PolicyKind::kResource); !policy)
    return invalid_parameter("The provided principal was invalid. Please check the principal and try again.");
  TRY(call.put(kFunctions, found.name.key, function));
  return AddPermissionResponse{.statement = statement.text()};
}

Result<std::vector<Need>> remove_permission_rights(Lambda&, Call& call, const RemovePermissionRequest& in) {
  return rights_on(call, *in.function_name, in.qualifier, "lambda:RemovePermission");
}

Result<RemovePermissionOutput> remove_permission(Lambda&, Call& call, const RemovePermissionRequest& in) {
  const FunctionName name = TRY(function_name(call, *in.function_name, in.qualifier));
  FunctionRecord function =
      TRY(worded(find_function(call, name), ("No policy found for: " + name.qualified_arn()).c_str()));
  TRY(find_owner(call, name));
  if (!policy_of(function, name.qualifier)) return not_found("No policy is associated with the given resource.");
  if (in.revision_id && *in.revision_id != revision_of(function, name.qualifier)) return stale_revision();
  const size_t removed = std::erase_if(function.permissions, [&](const PermissionRecord& permission) {
    return permission.id == *in.statement_id && permission.qualifier == name.qualifier;
  });
  if (removed == 0) return not_found(fmt::format("Statement {} is not found in resource policy.", *in.statement_id));
  TRY(call.put(kFunctions, name.key, function));
  return RemovePermissionOutput{};
}

Result<std::vector<Need>> get_policy_rights(Lambda&, Call& call, const GetPolicyRequest& in) {
  return rights_on(call, *in.function_name, in.qualifier, "lambda:GetPolicy");
}

Result<GetPolicyResponse> get_policy(Lambda&, Call& call, const GetPolicyRequest& in) {
  const FunctionName name = TRY(function_name(call, *in.function_name, in.qualifier));
  const FunctionRecord function = TRY(find_function(call, name, Lock::kNone));
  const auto policy = policy_of(function, name.qualifier);
  if (!policy) return not_found("The resource you requested does not exist.");
  return GetPolicyResponse{.policy = policy, .revision_id = revision_of(function, name.qualifier)};
}

// --- tags -------------------------------------------------------------------------------------------------------------

namespace {

constexpr size_t kMostTags = 50;  // AWS: Developer Guide, "Using tags on Lambda functions"

// What a tag's ARN names: a function, an event source mapping or a code signing configuration.
// ERRORS: ResourceNotFoundException.
Status find_tagged(Call& call, const std::string& resource, Lock lock) {
  const auto arn = Arn::parse(resource);
  const std::string_view type = arn ? arn->resource_type() : std::string_view();
  bool there = true;
  if (type == "event-source-mapping")
    there = TRY(call.get(kMappings, {arn->account, arn->region, std::string(arn->resource_id())}, lock)).has_value();
  else if (type == "code-signing-config")
    there = TRY(call.get(kCodeSigning, TRY(code_signing_key(resource)), lock)).has_value();
  else if (const FunctionName name = TRY(function_name(call, resource)); !name.qualifier.empty())
    return invalid_parameter("Tags on function aliases and versions are not supported. Please specify a function ARN.");
  else
    TRY(find_function(call, name, lock));
  if (!there) return not_found("The resource you requested does not exist.");
  return {};
}

Result<std::vector<Need>> rights_on_tagged(Call& call, const std::string& resource, std::string_view action) {
  const auto arn = Arn::parse(resource);
  if (!arn || arn->resource_type() == "function") return rights_on(call, resource, {}, action);
  return std::vector<Need>{{.action = std::string(action), .resource = resource, .owner = arn->account}};
}

}  // namespace

Result<std::vector<Need>> tag_resource_rights(Lambda&, Call& call, const TagResourceRequest& in) {
  return rights_on_tagged(call, *in.resource, "lambda:TagResource");
}

Result<TagResourceOutput> tag_resource(Lambda&, Call& call, const TagResourceRequest& in) {
  if (in.tags.empty()) return invalid_parameter("An error occurred and the request cannot be processed.");
  TRY(find_tagged(call, *in.resource, Lock::kShared));
  Tags tags = TRY(tags_of(call.tx(), *in.resource));
  for (const auto& [key, value] : in.tags) tags[key] = value;
  if (tags.size() > kMostTags) return invalid_parameter("Number of tags exceeds resource tag limit.");
  TRY(set_tags(call.tx(), *in.resource, tags));
  return TagResourceOutput{};
}

Result<std::vector<Need>> untag_resource_rights(Lambda&, Call& call, const UntagResourceRequest& in) {
  return rights_on_tagged(call, *in.resource, "lambda:UntagResource");
}

Result<UntagResourceOutput> untag_resource(Lambda&, Call& call, const UntagResourceRequest& in) {
  TRY(find_tagged(call, *in.resource, Lock::kShared));
  TRY(remove_tags(call.tx(), *in.resource, {in.tag_keys.begin(), in.tag_keys.end()}));
  return UntagResourceOutput{};
}

Result<std::vector<Need>> list_tags_rights(Lambda&, Call& call, const ListTagsRequest& in) {
  return rights_on_tagged(call, *in.resource, "lambda:ListTags");
}

Result<ListTagsResponse> list_tags(Lambda&, Call& call, const ListTagsRequest& in) {
  TRY(find_tagged(call, *in.resource, Lock::kNone));
  ListTagsResponse out;
  out.tags.set_present();
  const Tags tags = TRY(tags_of(call.tx(), *in.resource));
  for (const auto& [key, value] : tags) out.tags[key] = value;
  return out;
}

// --- concurrency ------------------------------------------------------------------------------------------------------

Result<int64_t> unreserved_concurrency(Call& call, const FunctionKey& but) {
  int64_t left = kAccountConcurrency;
  const auto all = TRY(call.tx().scan(kFunctions, {.prefix = prefix_of(kFunctions, but.account, but.region)}));
  for (const auto& [key, function] : all.entries)
    if (key.name != but.name) left -= function.reserved_concurrency.value_or(0);
  return left;
}

Result<std::vector<Need>> put_function_concurrency_rights(Lambda&, Call& call,
                                                          const PutFunctionConcurrencyRequest& in) {
  return rights_on(call, *in.function_name, {}, "lambda:PutFunctionConcurrency");
}

Result<Concurrency> put_function_concurrency(Lambda&, Call& call, const PutFunctionConcurrencyRequest& in) {
  const FunctionName name = TRY(function_name(call, *in.function_name));
  if (!name.qualifier.empty())
    return invalid_parameter(
        "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. "
        "Please specify either a function name or an unqualified function ARN.");
  FunctionRecord function =
      TRY(worded(find_function(call, name), ("Function not found: " + name.arn() + ":$LATEST").c_str()));
  const int64_t left = TRY(unreserved_concurrency(call, name.key)) - *in.reserved_concurrent_executions;
  if (left < kLeastUnreserved)
    return invalid_parameter(
        fmt::format("Specified ReservedConcurrentExecutions for function decreases account's "
                    "UnreservedConcurrentExecution below its minimum value of [{}].",
                    kLeastUnreserved));
  function.reserved_concurrency = in.reserved_concurrent_executions;
  TRY(call.put(kFunctions, name.key, function));
  return Concurrency{.reserved_concurrent_executions = in.reserved_concurrent_executions};
}

Result<std::vector<Need>> get_function_concurrency_rights(Lambda&, Call& call,
                                                          const GetFunctionConcurrencyRequest& in) {
  return rights_on(call, *in.function_name, {}, "lambda:GetFunctionConcurrency");
}

Result<GetFunctionConcurrencyResponse> get_function_concurrency(Lambda&, Call& call,
                                                                const GetFunctionConcurrencyRequest& in) {
  const FunctionRecord function = TRY(find_function(call, TRY(function_name(call, *in.function_name)), Lock::kNone));
  return GetFunctionConcurrencyResponse{.reserved_concurrent_executions = function.reserved_concurrency};
}

Result<std::vector<Need>> delete_function_concurrency_rights(Lambda&, Call& call,
                                                             const DeleteFunctionConcurrencyRequest& in) {
  return rights_on(call, *in.function_name, {}, "lambda:DeleteFunctionConcurrency");
}

Result<DeleteFunctionConcurrencyOutput> delete_function_concurrency(Lambda&, Call& call,
                                                                    const DeleteFunctionConcurrencyRequest& in) {
  const FunctionName name = TRY(function_name(call, *in.function_name));
  FunctionRecord function = TRY(find_function(call, name));
  function.reserved_concurrency.reset();
  TRY(call.put(kFunctions, name.key, function));
  return DeleteFunctionConcurrencyOutput{};
}

// --- loops ------------------------------------------------------------------------------------------------------------

Result<std::vector<Need>> put_function_recursion_config_rights(Lambda&, Call& call,
                                                               const PutFunctionRecursionConfigRequest& in) {
  return rights_on(call, *in.function_name, {}, "lambda:PutFunctionRecursionConfig");
}

Result<PutFunctionRecursionConfigResponse> put_function_recursion_config(Lambda&, Call& call,
                                                                         const PutFunctionRecursionConfigRequest& in) {
  const FunctionName name = TRY(function_name(call, *in.function_name));
  FunctionRecord function = TRY(find_function(call, name));
  function.may_recurse = *in.recursive_loop == "Allow";
  TRY(call.put(kFunctions, name.key, function));
  return PutFunctionRecursionConfigResponse{.recursive_loop = *in.recursive_loop};
}

Result<std::vector<Need>> get_function_recursion_config_rights(Lambda&, Call& call,
                                                               const GetFunctionRecursionConfigRequest& in) {
  return rights_on(call, *in.function_name, {}, "lambda:GetFunctionRecursionConfig");
}

Result<GetFunctionRecursionConfigResponse> get_function_recursion_config(Lambda&, Call& call,
                                                                         const GetFunctionRecursionConfigRequest& in) {
  const FunctionRecord function = TRY(find_function(call, TRY(function_name(call, *in.function_name)), Lock::kNone));
  return GetFunctionRecursionConfigResponse{.recursive_loop = function.may_recurse ? "Allow" : "Terminate"};
}

}  // namespace tarn::lambda
