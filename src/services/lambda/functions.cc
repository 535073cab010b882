// Functions: making, changing, showing and deleting them.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/arn.h"
#include "door/door.h"
#include "door/tags.h"
#include "os/random.h"
#include "services/lambda/code.h"
#include "services/lambda/lambda.h"
#include "services/lambda/runtimes.h"
#include "store/page_token.h"

namespace tarn::lambda {
namespace {

constexpr size_t kMostVariables = 4096;    // bytes of all environment variables
constexpr int32_t kMostTimeout = 900;      // seconds

// Names that the service sets itself. AWS: Developer Guide, "Defined runtime environment variables": reserved.
constexpr std::string_view kReserved[] = {"_HANDLER",
                                          "_X_AMZN_TRACE_ID",
                                          "AWS_DEFAULT_REGION",
                                          "AWS_REGION",
                                          "AWS_EXECUTION_ENV",
                                          "AWS_LAMBDA_FUNCTION_NAME",
                                          "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
                                          "AWS_LAMBDA_FUNCTION_VERSION",
                                          "AWS_LAMBDA_INITIALIZATION_TYPE",
                                          "AWS_LAMBDA_LOG_GROUP_NAME",
                                          "AWS_LAMBDA_LOG_STREAM_NAME",
                                          "AWS_ACCESS_KEY",
                                          "AWS_ACCESS_KEY_ID",
                                          "AWS_SECRET_ACCESS_KEY",
                                          "AWS_SESSION_TOKEN",
                                          "AWS_LAMBDA_RUNTIME_API",
                                          "LAMBDA_TASK_ROOT",
                                          "LAMBDA_RUNTIME_DIR"};

Failure not_supported(std::string_view what) {
  return invalid_parameter(fmt::format("{} is not supported by this server.", what));
}

// --- code -------------------------------------------------------------------------------------------------------------

template <class Code>
Result<Package> package_of(Call& call, const Code& code) {
  if (code.image_uri) return not_supported("ImageUri: a container image");
  return package_of(call, PackageSource{code.zip_file, code.s3_bucket, code.s3_key, code.s3_object_version});
}

Status put_code(Call& call, Transaction& tx, const StagedBody& body, const Package& package, VersionRecord& record) {
  record.unzipped = package.unzipped;
  return put_package(call, tx, body, package, record.code, record.code_size, record.code_sha256);
}

// AWS: Lambda quotas: the deployment package, unzipped, with its layers.
Status check_whole_size(const VersionRecord& record) {
  uint64_t size = record.unzipped;
  for (const LayerUse& layer : record.layers) size += layer.unzipped;
  if (size <= kMostUnzipped) return {};
  return invalid_parameter(
      fmt::format("Function code combined with layers exceeds the maximum allowed size of {} bytes. The actual size is "
                  "{} bytes.",
                  kMostUnzipped, size));
}

// The layers of a function that has had others.
Status put_layers(Call& call, Transaction& tx, const wire::List<std::string>& arns, VersionRecord& record) {
  for (const LayerUse& layer : record.layers) TRY(call.door().blobs().release(tx, layer.code));
  record.layers = TRY(use_layers(tx, call.region(), arns));
  for (const LayerUse& layer : record.layers) TRY(call.door().blobs().retain(tx, layer.code));
  return {};
}

Need pass_role(const std::string& role) {
  return tarn::pass_role(role, "lambda.amazonaws.com");
}

// --- configuration ----------------------------------------------------------------------------------------------------

template <class In>
Status refuse_unsupported(const In& in) {
  if (in.image_config) return not_supported("ImageConfig");
  if (!in.file_system_configs.empty()) return not_supported("FileSystemConfigs");
  if (in.snap_start && in.snap_start->apply_on.value_or("None") != "None") return not_supported("SnapStart");
  if (in.capacity_provider_config) return not_supported("CapacityProviderConfig");
  if (in.durable_config) return not_supported("DurableConfig");
  if (in.runtime_config) return not_supported("RuntimeConfig");
  if (in.accelerator_config) return not_supported("AcceleratorConfig");
  return {};
}

Status check_environment(const wire::Map<std::string>& variables) {
  size_t bytes = 0;
  std::vector<std::string> reserved;
  for (const auto& [name, value] : variables) {
    bytes += name.size() + value.size();
    if (std::ranges::find(kReserved, name) != std::end(kReserved)) reserved.push_back(name);
  }
  if (!reserved.empty())
    return invalid_parameter(fmt::format(
        "Lambda was unable to configure your environment variables because the environment variables you have provided "
        "contains reserved keys that are currently not supported for modification. Reserved keys used in this request: "
        "{}",
        fmt::join(reserved, ", ")));
  if (bytes <= kMostVariables) return {};
  Json measured = Json::object();
  for (const auto& [name, value] : variables) measured.set(name, value);
  return invalid_parameter(fmt::format(
      "Lambda was unable to configure your environment variables because the environment variables you have "
      "provided exceeded the 4KB limit. String measured: {}",
      measured.text()));
}

Status check_dead_letters(const std::string& target) {
  const auto arn = Arn::parse(target);
  if (arn && (arn->service == "sqs" || arn->service == "sns") && !target.ends_with(".fifo")) return {};
  return invalid_parameter(fmt::format(
      "The target {} of DeadLetterConfig is no standard queue of SQS and no standard topic of SNS.", target));
}

// What CreateFunction and UpdateFunctionConfiguration have in common.
template <class In>
Status configure(const In& in, VersionRecord& record) {
  TRY(refuse_unsupported(in));
  if (in.runtime) record.runtime = *in.runtime;
  if (in.role) record.role = *in.role;
  if (in.handler) record.handler = *in.handler;
  if (in.description) record.description = *in.description;
  if (in.timeout) record.timeout = *in.timeout;
  // AWS: Lambda quotas: the model's bound is that of managed instances.
  if (record.timeout > kMostTimeout)
    return fail(
        400, "ValidationException",
        fmt::format("1 validation error detected: Value '{}' at 'timeout' failed to satisfy constraint: Member must "
                    "have value less than or equal to {}",
                    record.timeout, kMostTimeout));
  if (in.memory_size) record.memory_size = *in.memory_size;
  if (in.ephemeral_storage) record.ephemeral_storage = in.ephemeral_storage->size.value_or(record.ephemeral_storage);
  if (in.kms_key_arn) record.kms_key = *in.kms_key_arn;
  if (in.environment) {
    TRY(check_environment(in.environment->variables));
    record.environment.clear();
    for (const auto& [name, value] : in.environment->variables) record.environment[name] = value;
    record.has_environment = true;
  }
  if (in.dead_letter_config) {
    record.dead_letter_target = in.dead_letter_config->target_arn.value_or("");
    if (!record.dead_letter_target.empty()) TRY(check_dead_letters(record.dead_letter_target));
  }
  if (in.tracing_config) record.tracing = in.tracing_config->mode.value_or("PassThrough");
  if (in.vpc_config) {
    record.subnets.assign(in.vpc_config->subnet_ids.begin(), in.vpc_config->subnet_ids.end());
    record.security_groups.assign(in.vpc_config->security_group_ids.begin(), in.vpc_config->security_group_ids.end());
  }
  if (in.logging_config) {
    record.log_format = in.logging_config->log_format.value_or("Text");
    record.log_group = in.logging_config->log_group.value_or("");
  }
  if (record.runtime.empty() || record.handler.empty())
    return invalid_parameter(
        "Runtime and Handler are mandatory parameters for functions created with deployment packages.");
  return check_runtime(record.runtime);
}

// AWS: CreateFunction: the role must let Lambda assume it.
Status check_role(Call& call, const std::string& role) {
  const Result<Caller> assumed = call.door().assume_as_service(call.caller(), role, "lambda.amazonaws.com", "check");
  if (!assumed) return invalid_parameter("The role defined for the function cannot be assumed by Lambda.");
  return {};
}

// AWS: CreateFunction, DeadLetterConfig: the role must let it be written to.
Status check_dead_letter_role(Lambda& lambda, Call& call, const VersionRecord& record) {
  const std::string& target = record.dead_letter_target;
  if (target.empty()) return {};
  const bool queue = Arn::parse(target)->service == "sqs";
  if (role_may(lambda, call.caller(), record.role, queue ? "sqs:SendMessage" : "sns:Publish", target)) return {};
  return invalid_parameter(fmt::format("The provided execution role does not have permissions to call {}",
                                       queue ? "SendMessage on SQS" : "Publish on SNS"));
}

// Recorded from AWS: what has been made is told to be on its way. Whoever looks next finds it ready, as waiters want it.
constexpr const char* kBeingMade = "The function is being created.";

FunctionConfiguration as_created(FunctionConfiguration out) {
  out.state = "Pending";
  out.state_reason = kBeingMade;
  out.state_reason_code = "Creating";
  out.last_update_status.reset();
  return out;
}

FunctionConfiguration as_updated(FunctionConfiguration out) {
  out.last_update_status = "InProgress";
  out.last_update_status_reason = kBeingMade;
  out.last_update_status_reason_code = "Creating";
  return out;
}

void touch(Call& call, VersionRecord& record) {
  record.modified = call.now();
  record.revision = uuid4();
}

}  // namespace

Result<std::string> position_of(Call& call, const std::string& request, const OptionalText& marker) {
  if (!marker) return std::string();
  auto position = page_position(call.door().store(), request, *marker);
  if (!position) return invalid_parameter("Marker is none that this operation gave.");
  return std::move(*position);
}

Status committed(Call& call, std::move_only_function<Status(Transaction&)> work) {
  const Sequence sequence = TRY(call.door().store().run(std::move(work)));
  return call.door().store().wait_synced(sequence);
}

Status release_code(Call& call, Transaction& tx, const VersionRecord& record) {
  TRY(call.door().blobs().release(tx, record.code));
  for (const LayerUse& layer : record.layers) TRY(call.door().blobs().release(tx, layer.code));
  return {};
}

// --- CreateFunction ---------------------------------------------------------------------------------------------------

Result<std::vector<Need>> create_function_rights(Lambda&, Call& call, const CreateFunctionRequest& in) {
  auto needs = TRY(rights_on(call, *in.function_name, {}, "lambda:CreateFunction"));
  if (in.code_signing_config_arn) needs[0].context["lambda:CodeSigningConfigArn"] = {*in.code_signing_config_arn};
  needs.push_back(pass_role(*in.role));
  std::ranges::move(TRY(layer_needs(call, in.layers)), std::back_inserter(needs));
  return needs;
}

Result<FunctionConfiguration> create_function(Lambda& lambda, Call& call, const CreateFunctionRequest& in) {
  const FunctionName name = TRY(function_name(call, *in.function_name));
  if (name.key.account != call.account()) return not_supported("CreateFunction in another account");
  if (in.package_type.value_or("Zip") != "Zip") return not_supported("PackageType Image");
  if (in.tenancy_config) return not_supported("TenancyConfig");
  VersionRecord record;
  if (!in.architectures.empty()) record.architecture = *in.architectures.begin();
  TRY(configure(in, record));
  TRY(check_role(call, record.role));
  TRY(check_dead_letter_role(lambda, call, record));
  const Package package = TRY(package_of(call, *in.code));
  const StagedBody body = TRY(call.door().blobs().stage(package.zip));
  Found made;
  made.name = name;
  made.record = record;
  made.function.id = call.door().store().next_id();
  touch(call, made.record);
  TRY(committed(call, [&](Transaction& tx) -> Status {
    if (TRY(tx.get(kFunctions, name.key))) return conflict("Function already exist: " + name.key.name);
    Found fresh = made;
    if (in.code_signing_config_arn) {
      TRY(hold_to_code_signing(tx, *in.code_signing_config_arn));
      fresh.function.code_signing = *in.code_signing_config_arn;
      TRY(check_signature(tx, name, fresh.function));
    }
    TRY(put_code(call, tx, body, package, fresh.record));
    TRY(put_layers(call, tx, in.layers, fresh.record));
    TRY(check_whole_size(fresh.record));
    TRY(tx.put(kFunctions, name.key, fresh.function));
    TRY(tx.put(kVersions, {fresh.function.id, 0}, fresh.record));
    if (!in.tags.empty()) TRY(set_tags(tx, name.arn(), Tags(in.tags.begin(), in.tags.end())));
    if (in.publish.value_or(false)) {
      fresh.version =
          TRY(publish(call, tx, name.key, fresh.function, fresh.record, {}));  // AWS: its ARN is told without
    }
    made = std::move(fresh);
    return {};
  }));
  return as_created(to_wire(lambda, made));
}

// --- UpdateFunctionCode, UpdateFunctionConfiguration -------------------------------------------------------------------

namespace {

// $LATEST, to be changed. ERRORS: ResourceNotFoundException; PreconditionFailedException: it has another revision.
Result<std::pair<FunctionRecord, VersionRecord>> latest_of(Transaction& tx, const FunctionName& name,
                                                           const OptionalText& revision) {
  auto function = TRY(tx.get(kFunctions, name.key));
  if (!function) return not_found("Function not found: " + name.arn());
  auto record = TRY(tx.get(kVersions, {function->id, 0}));
  if (!record) return not_found("Function not found: " + name.arn());
  if (revision && *revision != record->revision) return stale_revision();
  return std::pair(std::move(*function), std::move(*record));
}

}  // namespace

Result<std::vector<Need>> update_function_code_rights(Lambda&, Call& call, const UpdateFunctionCodeRequest& in) {
  return rights_on(call, *in.function_name, {}, "lambda:UpdateFunctionCode");
}

Result<FunctionConfiguration> update_function_code(Lambda& lambda, Call& call, const UpdateFunctionCodeRequest& in) {
  const FunctionName name = TRY(function_name(call, *in.function_name));
  if (in.image_uri)
    return invalid_parameter("Please don't provide ImageUri when updating a function with packageType Zip.");
  const Package package = TRY(package_of(call, in));
  const StagedBody body = TRY(call.door().blobs().stage(package.zip));
  const bool dry = in.dry_run.value_or(false), published = !dry && in.publish.value_or(false);
  Found changed;
  TRY(committed(call, [&](Transaction& tx) -> Status {
    auto [function, record] = TRY(latest_of(tx, name, in.revision_id));
    TRY(check_signature(tx, name, function));
    if (!dry) {
      TRY(put_code(call, tx, body, package, record));
      TRY(check_whole_size(record));
      if (!in.architectures.empty()) record.architecture = *in.architectures.begin();
      touch(call, record);
      TRY(tx.put(kVersions, {function.id, 0}, record));
    }
    changed = {.name = name, .function = function, .version = 0, .record = record};
    if (published) {
      changed.version = TRY(publish(call, tx, name.key, changed.function, record, {}));
      changed.name.qualifier = std::to_string(changed.version);
    }
    return {};
  }));
  FunctionConfiguration out = to_wire(lambda, changed);
  return dry ? out : published ? as_created(std::move(out)) : as_updated(std::move(out));
}

Result<std::vector<Need>> update_function_configuration_rights(Lambda&, Call& call,
                                                               const UpdateFunctionConfigurationRequest& in) {
  auto needs = TRY(rights_on(call, *in.function_name, {}, "lambda:UpdateFunctionConfiguration"));
  if (in.role) needs.push_back(pass_role(*in.role));
  std::ranges::move(TRY(layer_needs(call, in.layers)), std::back_inserter(needs));
  return needs;
}

Result<FunctionConfiguration> update_function_configuration(Lambda& lambda, Call& call,
                                                            const UpdateFunctionConfigurationRequest& in) {
  const FunctionName name = TRY(function_name(call, *in.function_name));
  if (in.role) TRY(check_role(call, *in.role));
  Found changed;
  TRY(committed(call, [&](Transaction& tx) -> Status {
    auto [function, record] = TRY(latest_of(tx, name, in.revision_id));
    TRY(configure(in, record));
    if (in.dead_letter_config) TRY(check_dead_letter_role(lambda, call, record));
    if (!in.layers.empty()) TRY(check_signature(tx, name, function));
    if (in.layers.has_value()) {
      TRY(put_layers(call, tx, in.layers, record));
      TRY(check_whole_size(record));
    }
    touch(call, record);
    TRY(tx.put(kVersions, {function.id, 0}, record));
    changed = {.name = name, .function = function, .version = 0, .record = record};
    return {};
  }));
  return as_updated(to_wire(lambda, changed));
}

// --- DeleteFunction ---------------------------------------------------------------------------------------------------

namespace {

Status check_no_alias(Call& call, uint64_t function, uint64_t version) {
  const auto aliases = TRY(call.tx().scan(kAliases, {.prefix = prefix_of(kAliases, function)}));
  for (const auto& [key, alias] : aliases.entries)
    if (alias.version == version || alias.weights.contains(version_text(version)))
      return conflict(
          fmt::format("The version {} is what the alias {} points to: change that first.", version, key.name));
  return {};
}

// What hangs on a function that goes.
template <class K, class R>
Status erase_all(Call& call, const Table<K, R>& table, uint64_t function) {
  const auto all = TRY(call.tx().scan(table, {.prefix = prefix_of(table, function)}));
  for (const auto& [key, record] : all.entries) TRY(call.erase(table, key));
  return {};
}

}  // namespace

Result<std::vector<Need>> delete_function_rights(Lambda&, Call& call, const DeleteFunctionRequest& in) {
  return rights_on(call, *in.function_name, in.qualifier, "lambda:DeleteFunction");
}

Result<DeleteFunctionResponse> delete_function(Lambda& lambda, Call& call, const DeleteFunctionRequest& in) {
  const FunctionName name = TRY(function_name(call, *in.function_name, in.qualifier));
  if (name.qualifier == "$LATEST")
    return invalid_parameter("$LATEST version cannot be deleted without deleting the function.");
  const FunctionRecord function = TRY(find_function(call, {.key = name.key, .qualifier = {}}));
  call.tx().on_commit([&lambda] { lambda.environments.look_again(); });
  if (!name.qualifier.empty()) {
    const Found found = TRY(find_version(call, name, Lock::kExclusive));
    if (found.alias)
      return invalid_parameter("The qualifier of a version is needed: an alias is deleted by DeleteAlias.");
    TRY(check_no_alias(call, function.id, found.version));
    TRY(release_code(call, call.tx(), found.record));
    TRY(call.erase(kEventConfigs, {function.id, name.qualifier}));
    TRY(call.erase(kProvisioned, {function.id, name.qualifier}));
    TRY(call.erase(kVersions, {function.id, found.version}));
    return DeleteFunctionResponse{.status_code = 204};
  }
  const auto versions = TRY(call.tx().scan(kVersions, {.prefix = prefix_of(kVersions, function.id)}));
  for (const auto& [key, record] : versions.entries) {
    TRY(release_code(call, call.tx(), record));
    TRY(call.erase(kVersions, key));
  }
  const auto urls = TRY(call.tx().scan(kUrls, {.prefix = prefix_of(kUrls, function.id)}));
  for (const auto& [key, url] : urls.entries) TRY(call.erase(kUrlIds, {url.id}));
  TRY(erase_all(call, kUrls, function.id));
  TRY(erase_all(call, kAliases, function.id));
  TRY(erase_all(call, kEventConfigs, function.id));
  TRY(erase_all(call, kProvisioned, function.id));
  TRY(set_tags(call.tx(), name.arn(), {}));
  TRY(call.erase(kFunctions, name.key));
  return DeleteFunctionResponse{.status_code = 204};
}

}  // namespace tarn::lambda
