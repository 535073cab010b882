// Provisioned concurrency: environments of a version that are there before they are called.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/door.h"
#include "os/clock.h"
#include "services/lambda/environment_state.h"
#include "services/lambda/lambda.h"
#include "store/page_token.h"

namespace tarn::lambda {

// --- the environments -------------------------------------------------------------------------------------------------

size_t Environments::State::count_of(const std::string& kind) const {
  return static_cast<size_t>(std::ranges::count_if(
      all, [&](const auto& entry) { return entry.second->kind == kind && !entry.second->dying; }));
}

void Environments::State::load_provisions(std::unique_lock<std::mutex>& lock) {
  provisions_stale = false;
  lock.unlock();
  std::map<std::string, Provision> found;
  const auto configured = door.store().read()->scan(kProvisioned);
  if (configured)
    for (const auto& [key, record] : configured->entries) {
      Caller service;
      service.principal.account = record.function.account;
      service.region = record.function.region;
      const auto version = find_now(door, service, record.function.name, key.qualifier);
      if (!version) continue;
      Program program = program_of(*version);
      std::string kind = kind_of(program);
      const auto [at, fresh] = found.emplace(std::move(kind), Provision{.program = std::move(program), .count = 0});
      at->second.count += record.count;
    }
  lock.lock();
  provisions = std::move(found);
}

// Starts one that is missing; whether it did.
bool Environments::State::provide(std::unique_lock<std::mutex>& lock) {
  for (auto& [kind, provision] : provisions) {
    if (server == nullptr || provision.not_before > steady_now()) continue;
    if (count_of(kind) >= static_cast<size_t>(provision.count)) continue;
    const auto made = add(provision.program, kind);
    made->provisioned = true;
    lock.unlock();
    const Status started = start_environment(made);
    lock.lock();
    if (started && stopping) let_go(*made);
    if (started) return true;
    all.erase(made->id);
    if (const auto still = provisions.find(made->kind); still != provisions.end()) {
      still->second.problem = started.error().message;
      still->second.not_before = steady_now() + kMinute;
    }
    return true;
  }
  return false;
}

void Environments::look_again() {
  const std::lock_guard lock(state_->mutex);
  state_->provisions_stale = true;
  state_->changed.notify_all();
}

Environments::Provisioned Environments::provisioned(const Program& program) const {
  const std::string kind = kind_of(program);
  const std::lock_guard lock(state_->mutex);
  Provisioned out;
  for (const auto& [id, environment] : state_->all) out.ready += environment->kind == kind && environment->ready != 0;
  if (const auto found = state_->provisions.find(kind); found != state_->provisions.end())
    out.problem = found->second.problem;
  return out;
}

// --- the operations ---------------------------------------------------------------------------------------------------

namespace {

constexpr int32_t kPage = 50;
constexpr int32_t kMost = 64;  // processes that wait on this machine for one version

template <class Out>
Out to_wire(Lambda& lambda, const Found& found, const ProvisionedRecord& record) {
  const Environments::Provisioned now = lambda.environments.provisioned(program_of(found));
  const int32_t ready = std::min(now.ready, record.count);
  Out out;
  out.requested_provisioned_concurrent_executions = record.count;
  out.allocated_provisioned_concurrent_executions = ready;
  out.available_provisioned_concurrent_executions = ready;
  out.status = ready == record.count ? "READY" : now.problem.empty() ? "IN_PROGRESS" : "FAILED";
  if (*out.status == "FAILED") out.status_reason = now.problem;
  out.last_modified = iso8601_millis(record.modified);
  return out;
}

struct At {
  Found found;
  ProvisionedKey key;
};

Result<At> find(Call& call, const std::string& function, const OptionalText& qualifier, Lock lock,
                const char* unpublished = "The function resource provided must be an alias or a published version.") {
  const FunctionName name = TRY(function_name(call, function, qualifier));
  const std::string no_alias = "Cannot find alias arn: " + name.qualified_arn();
  auto there = find_version(call, name, lock);
  Found found = TRY(version_number(name.qualifier) ? std::move(there) : worded(std::move(there), no_alias.c_str()));
  if (found.version == 0) return invalid_parameter(unpublished);
  const ProvisionedKey key{found.function.id, found.name.qualifier};
  return At{std::move(found), key};
}

// Recorded from AWS: a version is provided for itself or by an alias, not both.
Status check_alone(Call& call, const At& at) {
  if (at.found.alias) {
    if (TRY(call.get(kProvisioned, {at.key.function, version_text(at.found.version)}, Lock::kNone)))
      return conflict(
          "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version");
    return {};
  }
  const auto aliases = TRY(call.tx().scan(kAliases, {.prefix = prefix_of(kAliases, at.key.function)}));
  for (const auto& [key, alias] : aliases.entries)
    if (alias.version == at.found.version && TRY(call.get(kProvisioned, {at.key.function, key.name}, Lock::kNone)))
      return conflict("Version is pointed by a Provisioned Concurrency alias");
  return {};
}

Failure none() {
  return fail(404, "ProvisionedConcurrencyConfigNotFoundException",
              "No Provisioned Concurrency Config found for this function");
}

}  // namespace

Result<std::vector<Need>> put_provisioned_concurrency_config_rights(Lambda&, Call& call,
                                                                    const PutProvisionedConcurrencyConfigRequest& in) {
  return rights_on(call, *in.function_name, in.qualifier, "lambda:PutProvisionedConcurrencyConfig");
}

Result<PutProvisionedConcurrencyConfigResponse> put_provisioned_concurrency_config(
    Lambda& lambda, Call& call, const PutProvisionedConcurrencyConfigRequest& in) {
  const At at = TRY(find(call, *in.function_name, in.qualifier, Lock::kShared,
                         "Provisioned Concurrency Configs cannot be applied to unpublished function versions."));
  TRY(check_alone(call, at));
  const int32_t count = *in.provisioned_concurrent_executions;
  if (at.found.function.reserved_concurrency && count > *at.found.function.reserved_concurrency)
    return invalid_parameter(
        "Specified ProvisionedConcurrentExecutions for function is greater than function's "
        "ReservedConcurrentExecutions.");
  if (count > kMost)
    return invalid_parameter(
        fmt::format("This server provides at most {} environments of a version: {} are too many.", kMost, count));
  const ProvisionedRecord record{.function = at.found.name.key, .count = count, .modified = call.now()};
  TRY(call.put(kProvisioned, at.key, record));
  call.tx().on_commit([&lambda] { lambda.environments.look_again(); });
  return to_wire<PutProvisionedConcurrencyConfigResponse>(lambda, at.found, record);
}

Result<std::vector<Need>> get_provisioned_concurrency_config_rights(Lambda&, Call& call,
                                                                    const GetProvisionedConcurrencyConfigRequest& in) {
  return rights_on(call, *in.function_name, in.qualifier, "lambda:GetProvisionedConcurrencyConfig");
}

Result<GetProvisionedConcurrencyConfigResponse> get_provisioned_concurrency_config(
    Lambda& lambda, Call& call, const GetProvisionedConcurrencyConfigRequest& in) {
  const At at = TRY(find(call, *in.function_name, in.qualifier, Lock::kNone));
  const auto record = TRY(call.get(kProvisioned, at.key, Lock::kNone));
  if (!record) return none();
  return to_wire<GetProvisionedConcurrencyConfigResponse>(lambda, at.found, *record);
}

Result<std::vector<Need>> delete_provisioned_concurrency_config_rights(
    Lambda&, Call& call, const DeleteProvisionedConcurrencyConfigRequest& in) {
  return rights_on(call, *in.function_name, in.qualifier, "lambda:DeleteProvisionedConcurrencyConfig");
}

Result<DeleteProvisionedConcurrencyConfigOutput> delete_provisioned_concurrency_config(
    Lambda& lambda, Call& call, const DeleteProvisionedConcurrencyConfigRequest& in) {
  const At at = TRY(find(call, *in.function_name, in.qualifier, Lock::kShared));
  TRY(call.erase(kProvisioned, at.key));
  call.tx().on_commit([&lambda] { lambda.environments.look_again(); });
  return DeleteProvisionedConcurrencyConfigOutput{};
}

Result<std::vector<Need>> list_provisioned_concurrency_configs_rights(
    Lambda&, Call& call, const ListProvisionedConcurrencyConfigsRequest& in) {
  return rights_on(call, *in.function_name, {}, "lambda:ListProvisionedConcurrencyConfigs");
}

Result<ListProvisionedConcurrencyConfigsResponse> list_provisioned_concurrency_configs(
    Lambda& lambda, Call& call, const ListProvisionedConcurrencyConfigsRequest& in) {
  const FunctionName name = TRY(function_name(call, *in.function_name));
  const FunctionRecord function = TRY(find_function(call, name, Lock::kNone));
  const std::string request = fmt::format("ListProvisionedConcurrencyConfigs {}", function.id);
  const auto page =
      TRY(call.tx().scan(kProvisioned, {.prefix = prefix_of(kProvisioned, function.id),
                                        .after = TRY(position_of(call, request, in.marker)),
                                        .limit = static_cast<size_t>(std::min(in.max_items.value_or(kPage), kPage))}));
  ListProvisionedConcurrencyConfigsResponse out;
  out.provisioned_concurrency_configs.set_present();
  for (const auto& [key, record] : page.entries) {
    const Found found = TRY(find_version(call, {name.key, key.qualifier}));
    auto item = to_wire<ProvisionedConcurrencyConfigListItem>(lambda, found, record);
    item.function_arn = found.name.qualified_arn();
    out.provisioned_concurrency_configs.push_back(std::move(item));
  }
  if (page.more)
    out.next_marker = page_token(call.door().store(), request, encoded_key(kProvisioned, page.entries.back().key));
  return out;
}

}  // namespace tarn::lambda
