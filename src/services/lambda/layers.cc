// Layers: packages that functions share. Their files are in /opt.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "door/arn.h"
#include "door/door.h"
#include "door/policy.h"
#include "services/lambda/code.h"
#include "services/lambda/code_link.h"
#include "services/lambda/lambda.h"
#include "store/page_token.h"

namespace tarn::lambda {
namespace {

constexpr int32_t kPage = 50;
constexpr size_t kMostLayers = 5;  // AWS: Lambda quotas: function layers

std::string layer_arn(const LayerKey& key) {
  return fmt::format("arn:aws:lambda:{}:{}:layer:{}", key.region, key.account, key.name);
}
std::string version_arn(const LayerVersionKey& key) {
  return fmt::format("{}:{}", layer_arn({key.account, key.region, key.name}), key.version);
}

// LayerName as all operations take it: a name or an ARN, of the layer.
LayerKey layer_key(const Call& call, const std::string& text) {
  if (const auto arn = Arn::parse(text)) return {arn->account, arn->region, std::string(arn->resource_id())};
  return {call.account(), call.region(), text};
}
LayerVersionKey version_key(const Call& call, const std::string& layer, int64_t version) {
  const LayerKey key = layer_key(call, layer);
  return {key.account, key.region, key.name, static_cast<uint64_t>(std::max<int64_t>(version, 0))};
}
// nullopt: not the ARN of a layer's version.
std::optional<LayerVersionKey> version_key(const std::string& text) {
  const auto arn = Arn::parse(text);
  if (!arn || arn->service != "lambda" || arn->resource_type() != "layer") return std::nullopt;
  const std::string id(arn->resource_id());
  const size_t colon = id.rfind(':');
  const auto version = colon == std::string::npos ? std::nullopt : parse_int(id.substr(colon + 1));
  if (!version || *version < 1) return std::nullopt;
  return LayerVersionKey{arn->account, arn->region, id.substr(0, colon), static_cast<uint64_t>(*version)};
}

constexpr const char* kNothing = "The resource you requested does not exist.";

Status check_number(int64_t version) {
  if (version < 1) return invalid_parameter("Layer Version Cannot be less than 1");
  return {};
}

Failure no_version(const LayerVersionKey& key) {
  return not_found(fmt::format("Layer version {} does not exist.", version_arn(key)));
}

Result<std::vector<Need>> rights_on(Call& call, const LayerVersionKey& key, std::string_view action) {
  Need need{.action = std::string(action), .resource = version_arn(key), .owner = key.account};
  if (const auto record = TRY(call.get(kLayerVersions, key, Lock::kNone)))
    need.resource_policy = policy_text(record->permissions, {});
  return std::vector<Need>{std::move(need)};
}

std::string created_text(Time t) {
  const CivilTime at = civil(t);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}+0000", at.year, at.month, at.day, at.hour, at.minute,
                     at.second, at.micros / 1000);
}

// The members that PublishLayerVersion, GetLayerVersion and the lists have in common.
template <class Out>
Out describe(const LayerVersionKey& key, const LayerVersionRecord& record) {
  Out out;
  out.layer_version_arn = version_arn(key);
  out.version = static_cast<int64_t>(key.version);
  out.description = record.description;
  out.created_date = created_text(record.created);
  if (!record.architectures.empty()) out.compatible_architectures = record.architectures;
  if (!record.runtimes.empty()) out.compatible_runtimes = record.runtimes;
  if (!record.license.empty()) out.license_info = record.license;
  return out;
}

template <class Out>
Out whole(Lambda& lambda, const Call& call, const LayerVersionKey& key, const LayerVersionRecord& record) {
  Out out = describe<Out>(key, record);
  out.layer_arn = layer_arn({key.account, key.region, key.name});
  out.content = LayerVersionContentOutput{.location = code_link(lambda, call, record.code),
                                          .code_sha256 = record.code_sha256,
                                          .code_size = static_cast<int64_t>(record.code_size)};
  return out;
}

template <class In>
bool wanted(const In& in, const LayerVersionRecord& record) {
  const auto fits = [](const OptionalText& asked, const std::vector<std::string>& has) {
    return !asked || std::ranges::find(has, *asked) != has.end();
  };
  return fits(in.compatible_runtime, record.runtimes) && fits(in.compatible_architecture, record.architectures);
}

// AWS: Developer Guide, "Layer paths for each Lambda runtime". What lies elsewhere is there, in /opt, and found by nobody:
// the commonest mistake with layers.
std::string mistake_of(const std::vector<std::string>& names, const std::vector<std::string>& runtimes) {
  static constexpr std::string_view kFolders[] = {"python/", "nodejs/", "java/",      "ruby/",
                                                  "bin/",    "lib/",    "extensions/"};
  for (const std::string& name : names)
    for (const std::string_view folder : kFolders)
      if (name.starts_with(folder)) return {};
  const bool python = std::ranges::any_of(names, [](const std::string& name) { return name.ends_with(".py"); }) ||
                      std::ranges::any_of(runtimes, [](const std::string& r) { return r.starts_with("python"); });
  const bool node =
      std::ranges::any_of(names, [](const std::string& name) { return name.starts_with("node_modules/"); });
  if (!python && !node) return {};
  return fmt::format("its files are not below {}/: programs will not find them", python ? "python" : "nodejs");
}

}  // namespace

Result<std::vector<LayerUse>> use_layers(Transaction& tx, const std::string& region,
                                         const wire::List<std::string>& arns) {
  if (arns.size() > kMostLayers)
    return invalid_parameter(fmt::format("Cannot reference more than {} layers.", kMostLayers));
  std::vector<LayerUse> uses;
  std::map<std::string, std::string> seen;  // layer -> version's ARN
  for (const std::string& arn : arns) {
    const auto key = version_key(arn);
    if (key && key->region != region)
      return invalid_parameter(fmt::format(
          "Layers are not in the same region as the function. Layers are expected to be in region {}.", region));
    const auto record = key ? TRY(tx.get(kLayerVersions, *key, Lock::kShared)) : std::nullopt;
    if (!record) return invalid_parameter(fmt::format("Layer version {} does not exist.", arn));
    if (const auto [first, fresh] = seen.emplace(key->account + "/" + key->name, arn); !fresh)
      return invalid_parameter(
          fmt::format("Two different versions of the same layer are not allowed to be referenced in "
                      "the same function. {} and {} are versions of the same layer.",
                      first->second, arn));
    uses.push_back({arn, record->code, record->code_size, record->code_sha256, record->unzipped});
  }
  return uses;
}

Result<std::vector<Need>> layer_needs(Call& call, const wire::List<std::string>& arns) {
  std::vector<Need> needs;
  for (const std::string& arn : arns)
    if (const auto key = version_key(arn))
      std::ranges::move(TRY(rights_on(call, *key, "lambda:GetLayerVersion")), std::back_inserter(needs));
  return needs;
}

// --- PublishLayerVersion ----------------------------------------------------------------------------------------------

Result<std::vector<Need>> publish_layer_version_rights(Lambda&, Call& call, const PublishLayerVersionRequest& in) {
  const LayerKey key = layer_key(call, *in.layer_name);
  return std::vector<Need>{{.action = "lambda:PublishLayerVersion", .resource = layer_arn(key), .owner = key.account}};
}

Result<PublishLayerVersionResponse> publish_layer_version(Lambda& lambda, Call& call,
                                                          const PublishLayerVersionRequest& in) {
  const LayerKey key = layer_key(call, *in.layer_name);
  if (key.account != call.account()) return invalid_parameter("A layer is published in the caller's own account.");
  const LayerVersionContentInput& content = *in.content;
  const Package package =
      TRY(package_of(call, {content.zip_file, content.s3_bucket, content.s3_key, content.s3_object_version}));
  const StagedBody body = TRY(call.door().blobs().stage(package.zip));
  LayerVersionRecord record{.description = in.description.value_or(""),
                            .license = in.license_info.value_or(""),
                            .architectures = {in.compatible_architectures.begin(), in.compatible_architectures.end()},
                            .runtimes = {in.compatible_runtimes.begin(), in.compatible_runtimes.end()},
                            .code = {},
                            .code_size = 0,
                            .code_sha256 = {},
                            .created = call.now(),
                            .permissions = {},
                            .unzipped = package.unzipped};
  LayerVersionKey made{key.account, key.region, key.name};
  TRY(committed(call, [&](Transaction& tx) -> Status {
    LayerRecord layer = TRY(tx.get(kLayers, key)).value_or(LayerRecord{});
    made.version = ++layer.last_version;
    LayerVersionRecord fresh = record;
    TRY(put_package(call, tx, body, package, fresh.code, fresh.code_size, fresh.code_sha256));
    TRY(tx.put(kLayers, key, layer));
    TRY(tx.put(kLayerVersions, made, fresh));
    record = std::move(fresh);
    return {};
  }));
  if (const std::string mistake = mistake_of(TRY(names_in(package.zip)), record.runtimes); !mistake.empty())
    lambda.note(fmt::format("the layer {} was published, but {}", version_arn(made), mistake));
  return whole<PublishLayerVersionResponse>(lambda, call, made, record);
}

// --- showing ----------------------------------------------------------------------------------------------------------

Result<std::vector<Need>> get_layer_version_rights(Lambda&, Call& call, const GetLayerVersionRequest& in) {
  return rights_on(call, version_key(call, *in.layer_name, *in.version_number), "lambda:GetLayerVersion");
}

Result<GetLayerVersionResponse> get_layer_version(Lambda& lambda, Call& call, const GetLayerVersionRequest& in) {
  TRY(check_number(*in.version_number));
  const LayerVersionKey key = version_key(call, *in.layer_name, *in.version_number);
  const auto record = TRY(call.get(kLayerVersions, key, Lock::kNone));
  if (!record) return not_found(kNothing);
  return whole<GetLayerVersionResponse>(lambda, call, key, *record);
}

Result<std::vector<Need>> get_layer_version_by_arn_rights(Lambda&, Call& call, const GetLayerVersionByArnRequest& in) {
  const auto key = version_key(*in.arn);
  if (!key) return std::vector<Need>{{.action = "lambda:GetLayerVersion", .resource = *in.arn}};
  return rights_on(call, *key, "lambda:GetLayerVersion");
}

Result<GetLayerVersionResponse> get_layer_version_by_arn(Lambda& lambda, Call& call,
                                                         const GetLayerVersionByArnRequest& in) {
  const auto key = version_key(*in.arn);
  if (!key) return invalid_parameter(*in.arn + " is not the ARN of a layer's version.");
  const auto record = TRY(call.get(kLayerVersions, *key, Lock::kNone));
  if (!record) return not_found(kNothing);
  return whole<GetLayerVersionResponse>(lambda, call, *key, *record);
}

// Newest first. A page may have fewer than it could where some are left out.
Result<ListLayerVersionsResponse> list_layer_versions(Lambda&, Call& call, const ListLayerVersionsRequest& in) {
  const LayerKey key = layer_key(call, *in.layer_name);
  const std::string request = fmt::format("ListLayerVersions {}", layer_arn(key));
  const auto page =
      TRY(call.tx().scan(kLayerVersions, {.prefix = prefix_of(kLayerVersions, key.account, key.region, key.name),
                                          .after = TRY(position_of(call, request, in.marker)),
                                          .limit = static_cast<size_t>(std::min(in.max_items.value_or(kPage), kPage)),
                                          .reverse = true}));
  ListLayerVersionsResponse out;
  out.layer_versions.set_present();
  for (const auto& [version, record] : page.entries)
    if (wanted(in, record)) out.layer_versions.push_back(describe<LayerVersionsListItem>(version, record));
  if (page.more)
    out.next_marker = page_token(call.door().store(), request, encoded_key(kLayerVersions, page.entries.back().key));
  return out;
}

Result<ListLayersResponse> list_layers(Lambda&, Call& call, const ListLayersRequest& in) {
  const std::string request = fmt::format("ListLayers {} {}", call.account(), call.region());
  const auto page =
      TRY(call.tx().scan(kLayers, {.prefix = prefix_of(kLayers, call.account(), call.region()),
                                   .after = TRY(position_of(call, request, in.marker)),
                                   .limit = static_cast<size_t>(std::min(in.max_items.value_or(kPage), kPage))}));
  ListLayersResponse out;
  out.layers.set_present();
  for (const auto& [key, layer] : page.entries) {
    const auto versions = TRY(call.tx().scan(
        kLayerVersions, {.prefix = prefix_of(kLayerVersions, key.account, key.region, key.name), .reverse = true}));
    const auto latest =
        std::ranges::find_if(versions.entries, [&](const auto& entry) { return wanted(in, entry.record); });
    if (latest == versions.entries.end()) continue;
    out.layers.push_back({.layer_name = key.name,
                          .layer_arn = layer_arn(key),
                          .latest_matching_version = describe<LayerVersionsListItem>(latest->key, latest->record)});
  }
  if (page.more)
    out.next_marker = page_token(call.door().store(), request, encoded_key(kLayers, page.entries.back().key));
  return out;
}

// --- DeleteLayerVersion -----------------------------------------------------------------------------------------------

Result<std::vector<Need>> delete_layer_version_rights(Lambda&, Call& call, const DeleteLayerVersionRequest& in) {
  const LayerVersionKey key = version_key(call, *in.layer_name, *in.version_number);
  return std::vector<Need>{{.action = "lambda:DeleteLayerVersion", .resource = version_arn(key), .owner = key.account}};
}

// Functions that use it keep it. AWS: no error where it is not there.
Result<DeleteLayerVersionOutput> delete_layer_version(Lambda&, Call& call, const DeleteLayerVersionRequest& in) {
  TRY(check_number(*in.version_number));
  const LayerVersionKey key = version_key(call, *in.layer_name, *in.version_number);
  if (const auto record = TRY(call.get(kLayerVersions, key))) {
    TRY(call.door().blobs().release(call.tx(), record->code));
    TRY(call.erase(kLayerVersions, key));
  }
  return DeleteLayerVersionOutput{};
}

// --- permissions ------------------------------------------------------------------------------------------------------

Result<std::vector<Need>> add_layer_version_permission_rights(Lambda&, Call& call,
                                                              const AddLayerVersionPermissionRequest& in) {
  return rights_on(call, version_key(call, *in.layer_name, *in.version_number), "lambda:AddLayerVersionPermission");
}

Result<AddLayerVersionPermissionResponse> add_layer_version_permission(Lambda&, Call& call,
                                                                       const AddLayerVersionPermissionRequest& in) {
  const LayerVersionKey key = version_key(call, *in.layer_name, *in.version_number);
  auto record = TRY(call.get(kLayerVersions, key));
  if (!record) return no_version(key);
  if (in.revision_id && *in.revision_id != policy_revision(policy_text(record->permissions, {})))
    return stale_revision("GetLayerPolicy");
  for (const PermissionRecord& permission : record->permissions)
    if (permission.id == *in.statement_id)
      return conflict(
          fmt::format("The statement id ({}) provided already exists. Please provide a new statement id, or "
                      "remove the existing statement.",
                      *in.statement_id));
  Json statement = Json::object({{"Sid", *in.statement_id},
                                 {"Effect", "Allow"},
                                 {"Principal", principal_json(*in.principal)},
                                 {"Action", *in.action},
                                 {"Resource", version_arn(key)}});
  if (in.organization_id)
    statement.set("Condition",
                  Json::object({{"StringEquals", Json::object({{"aws:PrincipalOrgID", *in.organization_id}})}}));
  record->permissions.push_back({*in.statement_id, {}, statement});
  const auto policy = policy_text(record->permissions, {});
  if (!Policy::parse(*policy, PolicyKind::kResource))
    return invalid_parameter("The provided principal was invalid. Please check the principal and try again.");
  TRY(call.put(kLayerVersions, key, *record));
  return AddLayerVersionPermissionResponse{.statement = statement.text(), .revision_id = policy_revision(policy)};
}

Result<std::vector<Need>> remove_layer_version_permission_rights(Lambda&, Call& call,
                                                                 const RemoveLayerVersionPermissionRequest& in) {
  return rights_on(call, version_key(call, *in.layer_name, *in.version_number), "lambda:RemoveLayerVersionPermission");
}

Result<RemoveLayerVersionPermissionOutput> remove_layer_version_permission(
    Lambda&, Call& call, const RemoveLayerVersionPermissionRequest& in) {
  const LayerVersionKey key = version_key(call, *in.layer_name, *in.version_number);
  auto record = TRY(call.get(kLayerVersions, key));
  if (!record) return no_version(key);
  if (in.revision_id && *in.revision_id != policy_revision(policy_text(record->permissions, {})))
    return stale_revision("GetLayerPolicy");
  if (std::erase_if(record->permissions, [&](const PermissionRecord& p) { return p.id == *in.statement_id; }) == 0)
    return not_found(fmt::format("Statement {} is not found in resource policy.", *in.statement_id));
  TRY(call.put(kLayerVersions, key, *record));
  return RemoveLayerVersionPermissionOutput{};
}

Result<std::vector<Need>> get_layer_version_policy_rights(Lambda&, Call& call, const GetLayerVersionPolicyRequest& in) {
  return rights_on(call, version_key(call, *in.layer_name, *in.version_number), "lambda:GetLayerVersionPolicy");
}

Result<GetLayerVersionPolicyResponse> get_layer_version_policy(Lambda&, Call& call,
                                                               const GetLayerVersionPolicyRequest& in) {
  const LayerVersionKey key = version_key(call, *in.layer_name, *in.version_number);
  const auto record = TRY(call.get(kLayerVersions, key, Lock::kNone));
  if (!record) return no_version(key);
  const auto policy = policy_text(record->permissions, {});
  if (!policy) return not_found("No policy is associated with the given resource.");
  return GetLayerVersionPolicyResponse{.policy = policy, .revision_id = policy_revision(policy)};
}

}  // namespace tarn::lambda
