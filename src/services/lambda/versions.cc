// Versions: publishing and listing them; which runtime of this machine stands for the one that they name.
#include <fmt/format.h>

#include <algorithm>

#include "door/door.h"
#include "services/lambda/lambda.h"
#include "store/page_token.h"

namespace tarn::lambda {
namespace {

constexpr int32_t kPage = 50;

}  // namespace

Result<uint64_t> publish(Call& call, Transaction& tx, const FunctionKey& key, FunctionRecord& function,
                         const VersionRecord& latest, const OptionalText& description) {
  if (function.last_version > 0) {
    const auto last = TRY(tx.get(kVersions, {function.id, function.last_version}));
    if (last && last->code_sha256 == latest.code_sha256 && last->revision == latest.revision)
      return function.last_version;
  }
  VersionRecord record = latest;
  if (description) record.description = *description;
  TRY(call.door().blobs().retain(tx, record.code));
  for (const LayerUse& layer : record.layers) TRY(call.door().blobs().retain(tx, layer.code));
  TRY(tx.put(kVersions, {function.id, ++function.last_version}, record));
  TRY(tx.put(kFunctions, key, function));
  return function.last_version;
}

// --- which runtime ----------------------------------------------------------------------------------------------------

namespace {

std::string arn_with_version(const Found& found) {
  return found.name.qualifier.empty() ? found.name.arn() + ":$LATEST" : found.name.qualified_arn();
}

}  // namespace

Result<std::vector<Need>> get_runtime_management_config_rights(Lambda&, Call& call,
                                                               const GetRuntimeManagementConfigRequest& in) {
  return rights_on(call, *in.function_name, in.qualifier, "lambda:GetRuntimeManagementConfig");
}

Result<GetRuntimeManagementConfigResponse> get_runtime_management_config(Lambda& lambda, Call& call,
                                                                         const GetRuntimeManagementConfigRequest& in) {
  const Found found = TRY(find_version(call, TRY(function_name(call, *in.function_name, in.qualifier))));
  return GetRuntimeManagementConfigResponse{.update_runtime_on = found.record.runtime_updates,
                                            .function_arn = arn_with_version(found),
                                            .runtime_version_arn = runtime_arn(lambda, found)};
}

Result<std::vector<Need>> put_runtime_management_config_rights(Lambda&, Call& call,
                                                               const PutRuntimeManagementConfigRequest& in) {
  return rights_on(call, *in.function_name, in.qualifier, "lambda:PutRuntimeManagementConfig");
}

// A machine has one program for a runtime, so the only version that can be asked for is that one.
Result<PutRuntimeManagementConfigResponse> put_runtime_management_config(Lambda& lambda, Call& call,
                                                                         const PutRuntimeManagementConfigRequest& in) {
  Found found = TRY(find_version(call, TRY(function_name(call, *in.function_name, in.qualifier)), Lock::kExclusive));
  const std::string arn = runtime_arn(lambda, found);
  const bool manual = *in.update_runtime_on == "Manual";
  if (manual != in.runtime_version_arn.has_value())
    return invalid_parameter(manual ? "RuntimeVersionArn must be specified when UpdateRuntimeOn is set to Manual."
                                    : "RuntimeVersionArn may only be specified when UpdateRuntimeOn is set to Manual.");
  if (manual && *in.runtime_version_arn != arn)
    return invalid_parameter(
        fmt::format("The runtime version {} is not on this machine: it has {}.", *in.runtime_version_arn, arn));
  found.record.runtime_updates = *in.update_runtime_on;
  TRY(call.put(kVersions, {found.function.id, found.version}, found.record));
  return PutRuntimeManagementConfigResponse{
      .update_runtime_on = in.update_runtime_on, .function_arn = arn_with_version(found), .runtime_version_arn = arn};
}

// --- versions ---------------------------------------------------------------------------------------------------------

Result<std::vector<Need>> publish_version_rights(Lambda&, Call& call, const PublishVersionRequest& in) {
  return rights_on(call, *in.function_name, {}, "lambda:PublishVersion");
}

Result<FunctionConfiguration> publish_version(Lambda& lambda, Call& call, const PublishVersionRequest& in) {
  Found found = TRY(find_version(call, TRY(function_name(call, *in.function_name)), Lock::kExclusive));
  if (in.revision_id && *in.revision_id != found.record.revision) return stale_revision();
  if (in.code_sha256 && *in.code_sha256 != found.record.code_sha256)
    return invalid_parameter(
        fmt::format("CodeSHA256 ({}) is different from current CodeSHA256 in $LATEST ({}). Please try "
                    "again with the CodeSHA256 in $LATEST.",
                    *in.code_sha256, found.record.code_sha256));
  found.version = TRY(publish(call, call.tx(), found.name.key, found.function, found.record, in.description));
  found.name.qualifier = std::to_string(found.version);
  found.record = TRY(call.get(kVersions, {found.function.id, found.version})).value_or(found.record);
  return to_wire(lambda, found);
}

Result<std::vector<Need>> list_versions_by_function_rights(Lambda&, Call& call,
                                                           const ListVersionsByFunctionRequest& in) {
  return rights_on(call, *in.function_name, {}, "lambda:ListVersionsByFunction");
}

Result<ListVersionsByFunctionResponse> list_versions_by_function(Lambda&, Call& call,
                                                                 const ListVersionsByFunctionRequest& in) {
  const FunctionName name = TRY(function_name(call, *in.function_name));
  const FunctionRecord function = TRY(find_function(call, name, Lock::kNone));
  const std::string request = fmt::format("ListVersionsByFunction {}", function.id);
  const auto page =
      TRY(call.tx().scan(kVersions, {.prefix = prefix_of(kVersions, function.id),
                                     .after = TRY(position_of(call, request, in.marker)),
                                     .limit = static_cast<size_t>(std::min(in.max_items.value_or(kPage), kPage))}));
  ListVersionsByFunctionResponse out;
  out.versions.set_present();
  for (const auto& [key, record] : page.entries) {
    Found found{.name = name, .function = function, .version = key.version, .record = record};
    found.name.qualifier = key.version == 0 ? "$LATEST" : std::to_string(key.version);
    out.versions.push_back(to_listed(found));
  }
  if (page.more)
    out.next_marker = page_token(call.door().store(), request, encoded_key(kVersions, page.entries.back().key));
  return out;
}

}  // namespace tarn::lambda
