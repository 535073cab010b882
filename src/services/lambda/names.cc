// Which function is meant, and how it is shown.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "door/arn.h"
#include "os/random.h"
#include "services/lambda/lambda.h"

namespace tarn::lambda {
namespace {

// Evenly from [0, 1).
double random_part() {
  uint32_t value = 0;
  std::memcpy(&value, random_bytes(sizeof value).data(), sizeof value);
  return value / 4294967296.0;
}

}  // namespace

std::string FunctionName::arn() const {
  return fmt::format("arn:aws:lambda:{}:{}:function:{}", key.region, key.account, key.name);
}

std::string FunctionName::qualified_arn() const {
  return qualifier.empty() ? arn() : arn() + ":" + qualifier;
}

// AWS: API Reference, Invoke, "FunctionName": my-function, my-function:v1, 123456789012:function:my-function, or an ARN.
Result<FunctionName> function_name(const Call& call, const std::string& text, const OptionalText& qualifier) {
  FunctionName name{.key = {call.account(), call.region(), {}}, .qualifier = {}};
  std::vector<std::string> parts;
  for (const std::string_view part : split(text, ':')) parts.emplace_back(part);
  if (parts.size() >= 3 && parts[0] == "arn") {
    if (parts.size() > 3) name.key.region = parts[3];
    if (parts.size() > 4) name.key.account = parts[4];
    parts.erase(parts.begin(), parts.begin() + std::min<std::ptrdiff_t>(5, static_cast<std::ptrdiff_t>(parts.size())));
  } else if (parts.size() >= 2 && parts[0].size() == 12 &&
             std::ranges::all_of(parts[0], [](unsigned char c) { return std::isdigit(c); })) {
    name.key.account = parts[0];
    parts.erase(parts.begin());
  }
  if (!parts.empty() && parts[0] == "function") parts.erase(parts.begin());
  // Recorded from AWS. What happens inside the server has no region to look from.
  if (!call.region().empty() && name.key.region != call.region())
    return not_found(
        fmt::format("Functions from '{}' are not reachable in this region ('{}')", name.key.region, call.region()));
  if (parts.size() == 1 && parts[0].size() > 64)
    return invalid_parameter(fmt::format(
        "1 validation error detected: Value '{}' at 'functionName' failed to satisfy constraint: Member must "
        "have length less than or equal to 64",
        parts[0]));
  if (parts.empty() || parts.size() > 2 || parts[0].size() > 64)
    return invalid_parameter(
        fmt::format("FunctionName {} names no function: its name may have at most 64 letters, digits, "
                    "hyphens and underscores.",
                    text));
  name.key.name = parts[0];
  if (parts.size() == 2) name.qualifier = parts[1];
  if (qualifier && !name.qualifier.empty() && name.qualifier != *qualifier)
    return invalid_parameter("The derived qualifier from the function name does not match the specified qualifier.");
  if (qualifier) name.qualifier = *qualifier;
  return name;
}

Result<FunctionRecord> find_function(Call& call, const FunctionName& name, Lock lock) {
  auto function = TRY(call.get(kFunctions, name.key, lock));
  if (!function) return not_found("Function not found: " + name.qualified_arn());
  return std::move(*function);
}

Result<Found> find_version(Call& call, const FunctionName& name, Lock lock) {
  Found found{.name = name, .function = TRY(find_function(call, name, lock)), .version = 0, .record = {}};
  if (!name.qualifier.empty() && name.qualifier != "$LATEST") {
    if (const auto version = version_number(name.qualifier)) {
      found.version = *version;
    } else {
      found.alias = TRY(call.get(kAliases, {found.function.id, name.qualifier}, lock));
      if (!found.alias) return not_found("Function not found: " + name.qualified_arn());
      found.version = found.alias->version;
    }
  }
  auto record = TRY(call.get(kVersions, {found.function.id, found.version}, lock));
  if (!record) return not_found("Function not found: " + name.qualified_arn());
  found.record = std::move(*record);
  return found;
}

Result<Found> find_called(Call& call, const FunctionName& name) {
  Found found = TRY(find_version(call, name));
  if (!found.alias || found.alias->weights.empty()) return found;
  double place = random_part();
  for (const auto& [text, weight] : found.alias->weights) {
    place -= weight;
    if (place >= 0) continue;
    const uint64_t version = TRY(version_number(text));
    if (auto record = TRY(call.get(kVersions, {found.function.id, version}, Lock::kNone))) {
      found.version = version;
      found.record = std::move(*record);
    }
    break;
  }
  return found;
}

Program program_of(const Found& found) {
  return {.key = found.name.key,
          .function = found.function.id,
          .version = version_text(found.version),
          .record = found.record,
          .most = found.function.reserved_concurrency.value_or(kAccountConcurrency),
          .may_recurse = found.function.may_recurse};
}

std::string version_text(uint64_t version) {
  return version == 0 ? "$LATEST" : std::to_string(version);
}

Result<uint64_t> version_number(const std::string& text) {
  if (text == "$LATEST") return 0;
  const auto version = parse_int(text);
  if (!version || *version < 1) return invalid_parameter(text + " is not the number of a version.");
  return static_cast<uint64_t>(*version);
}

Result<std::vector<Need>> rights_on(Call& call, const std::string& text, const OptionalText& qualifier,
                                    std::string_view action) {
  const FunctionName name = TRY(function_name(call, text, qualifier));
  Need need{.action = std::string(action), .resource = name.qualified_arn(), .owner = name.key.account};
  if (const auto function = TRY(call.get(kFunctions, name.key, Lock::kNone)))
    need.resource_policy = policy_of(*function, name.qualifier);
  return std::vector<Need>{std::move(need)};
}

std::optional<std::string> policy_of(const FunctionRecord& function, std::string_view qualifier) {
  return policy_text(function.permissions, qualifier);
}

std::optional<std::string> policy_text(const std::vector<PermissionRecord>& permissions, std::string_view qualifier) {
  Json statements = Json::array();
  for (const PermissionRecord& permission : permissions)
    if (permission.qualifier == qualifier) statements.push(permission.statement);
  if (statements.size() == 0) return std::nullopt;
  return Json::object({{"Version", "2012-10-17"}, {"Id", "default"}, {"Statement", std::move(statements)}}).text();
}

std::string runtime_arn(Lambda& lambda, const Found& found) {
  return fmt::format("arn:aws:lambda:{}::runtime:{}", found.name.key.region,
                     lambda.runtime_names.of(found.record.runtime));
}

FunctionConfiguration to_listed(const Found& found) {
  const VersionRecord& record = found.record;
  FunctionConfiguration out{.function_name = found.name.key.name, .function_arn = found.name.qualified_arn()};
  if (!record.runtime.empty()) out.runtime = record.runtime;
  out.role = record.role;
  if (!record.handler.empty()) out.handler = record.handler;
  out.code_size = static_cast<int64_t>(record.code_size);
  out.description = record.description;
  out.timeout = record.timeout;
  out.memory_size = record.memory_size;
  // AWS: FunctionConfiguration, "LastModified": ISO-8601, YYYY-MM-DDThh:mm:ss.sTZD.
  const CivilTime at = civil(record.modified);
  out.last_modified = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}+0000", at.year, at.month, at.day, at.hour,
                                  at.minute, at.second, at.micros / 1000);
  out.code_sha256 = record.code_sha256;
  out.version = version_text(found.version);
  if (!record.subnets.empty())
    out.vpc_config =
        VpcConfigResponse{.subnet_ids = record.subnets, .security_group_ids = record.security_groups, .vpc_id = ""};
  if (!record.dead_letter_target.empty())
    out.dead_letter_config = DeadLetterConfig{.target_arn = record.dead_letter_target};
  if (record.has_environment) {
    EnvironmentResponse environment;
    environment.variables.set_present();
    for (const auto& [key, value] : record.environment) environment.variables[key] = value;
    out.environment = std::move(environment);
  }
  for (const LayerUse& layer : record.layers)
    out.layers.push_back({.arn = layer.arn, .code_size = static_cast<int64_t>(layer.code_size)});
  if (!record.kms_key.empty()) out.kms_key_arn = record.kms_key;
  out.tracing_config = TracingConfigResponse{.mode = record.tracing};
  out.revision_id = record.revision;
  out.package_type = "Zip";
  out.architectures = {record.architecture};
  out.ephemeral_storage = EphemeralStorage{.size = record.ephemeral_storage};
  out.snap_start = SnapStartResponse{.apply_on = "None", .optimization_status = "Off"};
  out.logging_config =
      LoggingConfig{.log_format = record.log_format,
                    .log_group = record.log_group.empty() ? "/aws/lambda/" + found.name.key.name : record.log_group};
  return out;
}

FunctionConfiguration to_wire(Lambda& lambda, const Found& found) {
  FunctionConfiguration out = to_listed(found);
  out.state = "Active";
  out.last_update_status = "Successful";
  out.runtime_version_config = RuntimeVersionConfig{.runtime_version_arn = runtime_arn(lambda, found)};
  return out;
}

}  // namespace tarn::lambda
