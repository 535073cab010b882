// Aliases: names for versions, which may part their calls between two.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/door.h"
#include "os/random.h"
#include "services/lambda/lambda.h"
#include "store/page_token.h"

namespace tarn::lambda {
namespace {

constexpr int32_t kPage = 50;

AliasConfiguration to_wire(const FunctionName& function, const std::string& name, const AliasRecord& record) {
  AliasConfiguration out{.alias_arn = function.arn() + ":" + name,
                         .name = name,
                         .function_version = version_text(record.version),
                         .description = record.description,
                         .revision_id = record.revision};
  if (!record.weights.empty()) {
    AliasRoutingConfiguration routing;
    for (const auto& [version, weight] : record.weights) routing.additional_version_weights[version] = weight;
    out.routing_config = std::move(routing);
  }
  return out;
}

Status check_version(Call& call, const FunctionName& function, uint64_t id, uint64_t version) {
  if (TRY(call.get(kVersions, {id, version}, Lock::kShared))) return {};
  return not_found(fmt::format("Function not found: {}:{}", function.arn(), version_text(version)));
}

// AWS: CreateAlias, RoutingConfig: one version beside the alias' own, both published, weights from 0 to 1.
Status route(Call& call, const FunctionName& function, uint64_t id, const AliasRoutingConfiguration& given,
             AliasRecord& record) {
  if (given.additional_version_weights.size() > 1)
    return invalid_parameter("Number of items in AdditionalVersionWeights cannot be greater than 1");
  record.weights.clear();
  for (const auto& [text, weight] : given.additional_version_weights) {
    const uint64_t version = TRY(version_number(text));
    if (version == 0 || record.version == 0)
      return invalid_parameter("$LATEST is not supported for an alias pointing to more than 1 version");
    if (version == record.version)
      return invalid_parameter(
          fmt::format("Invalid function version {}. Function version {} is already included in "
                      "routing configuration.",
                      text, text));
    if (weight < 0 || weight > 1)
      return invalid_parameter(fmt::format("The weight of version {} is not between 0 and 1.", text));
    TRY(check_version(call, function, id, version));
    record.weights[text] = weight;
  }
  return {};
}

Result<AliasRecord> find_alias(Call& call, const FunctionName& function, uint64_t id, const std::string& name,
                               Lock lock) {
  auto record = TRY(call.get(kAliases, {id, name}, lock));
  if (!record) return not_found(fmt::format("Cannot find alias arn: {}:{}", function.arn(), name));
  return std::move(*record);
}

}  // namespace

Result<std::vector<Need>> create_alias_rights(Lambda&, Call& call, const CreateAliasRequest& in) {
  return rights_on(call, *in.function_name, {}, "lambda:CreateAlias");
}

Result<AliasConfiguration> create_alias(Lambda&, Call& call, const CreateAliasRequest& in) {
  const FunctionName name = TRY(function_name(call, *in.function_name));
  // AWS tells the version that was to be named.
  const FunctionRecord function =
      TRY(worded(find_function(call, name, Lock::kShared),
                 fmt::format("Function not found: {}:{}", name.arn(), *in.function_version).c_str()));
  if (TRY(call.get(kAliases, {function.id, *in.name})))
    return conflict(fmt::format("Alias already exists: {}:{}", name.arn(), *in.name));
  AliasRecord record{.version = TRY(version_number(*in.function_version)),
                     .description = in.description.value_or(""),
                     .revision = uuid4(),
                     .weights = {}};
  TRY(check_version(call, name, function.id, record.version));
  if (in.routing_config) TRY(route(call, name, function.id, *in.routing_config, record));
  TRY(call.put(kAliases, {function.id, *in.name}, record));
  return to_wire(name, *in.name, record);
}

Result<std::vector<Need>> update_alias_rights(Lambda&, Call& call, const UpdateAliasRequest& in) {
  return rights_on(call, *in.function_name, {}, "lambda:UpdateAlias");
}

Result<AliasConfiguration> update_alias(Lambda& lambda, Call& call, const UpdateAliasRequest& in) {
  const FunctionName name = TRY(function_name(call, *in.function_name));
  const FunctionRecord function = TRY(find_function(call, name, Lock::kShared));
  AliasRecord record = TRY(find_alias(call, name, function.id, *in.name, Lock::kExclusive));
  if (in.revision_id && *in.revision_id != record.revision) return stale_revision();
  if (in.description) record.description = *in.description;
  if (in.function_version) {
    record.version = TRY(version_number(*in.function_version));
    TRY(check_version(call, name, function.id, record.version));
    record.weights.erase(version_text(record.version));
  }
  if (in.routing_config) TRY(route(call, name, function.id, *in.routing_config, record));
  record.revision = uuid4();
  TRY(call.put(kAliases, {function.id, *in.name}, record));
  call.tx().on_commit([&lambda] { lambda.environments.look_again(); });
  return to_wire(name, *in.name, record);
}

Result<std::vector<Need>> get_alias_rights(Lambda&, Call& call, const GetAliasRequest& in) {
  return rights_on(call, *in.function_name, {}, "lambda:GetAlias");
}

Result<AliasConfiguration> get_alias(Lambda&, Call& call, const GetAliasRequest& in) {
  const FunctionName name = TRY(function_name(call, *in.function_name));
  const FunctionRecord function = TRY(find_function(call, name, Lock::kNone));
  return to_wire(name, *in.name, TRY(find_alias(call, name, function.id, *in.name, Lock::kNone)));
}

Result<std::vector<Need>> delete_alias_rights(Lambda&, Call& call, const DeleteAliasRequest& in) {
  return rights_on(call, *in.function_name, {}, "lambda:DeleteAlias");
}

Result<DeleteAliasOutput> delete_alias(Lambda& lambda, Call& call, const DeleteAliasRequest& in) {
  const FunctionName name = TRY(function_name(call, *in.function_name));
  FunctionRecord function = TRY(find_function(call, name));
  if (!TRY(call.get(kAliases, {function.id, *in.name}))) return DeleteAliasOutput{};  // AWS: no error
  TRY(call.erase(kAliases, {function.id, *in.name}));
  TRY(call.erase(kEventConfigs, {function.id, *in.name}));
  TRY(call.erase(kProvisioned, {function.id, *in.name}));
  call.tx().on_commit([&lambda] { lambda.environments.look_again(); });
  if (const auto url = TRY(call.get(kUrls, {function.id, *in.name}))) {
    TRY(call.erase(kUrlIds, {url->id}));
    TRY(call.erase(kUrls, {function.id, *in.name}));
  }
  std::erase_if(function.permissions, [&](const PermissionRecord& p) { return p.qualifier == *in.name; });
  TRY(call.put(kFunctions, name.key, function));
  return DeleteAliasOutput{};
}

Result<std::vector<Need>> list_aliases_rights(Lambda&, Call& call, const ListAliasesRequest& in) {
  return rights_on(call, *in.function_name, {}, "lambda:ListAliases");
}

Result<ListAliasesResponse> list_aliases(Lambda&, Call& call, const ListAliasesRequest& in) {
  const FunctionName name = TRY(function_name(call, *in.function_name));
  const FunctionRecord function = TRY(find_function(call, name, Lock::kNone));
  const std::string request = fmt::format("ListAliases {} {}", function.id, in.function_version.value_or(""));
  const auto page =
      TRY(call.tx().scan(kAliases, {.prefix = prefix_of(kAliases, function.id),
                                    .after = TRY(position_of(call, request, in.marker)),
                                    .limit = static_cast<size_t>(std::min(in.max_items.value_or(kPage), kPage))}));
  ListAliasesResponse out;
  out.aliases.set_present();
  for (const auto& [key, record] : page.entries) {
    const std::string version = version_text(record.version);
    if (!in.function_version || *in.function_version == version || record.weights.contains(*in.function_version))
      out.aliases.push_back(to_wire(name, key.name, record));
  }
  if (page.more)
    out.next_marker = page_token(call.door().store(), request, encoded_key(kAliases, page.entries.back().key));
  return out;
}

}  // namespace tarn::lambda
