// Code signing configurations, and the functions that are held to them. There is no Signer here whose signatures could be
// checked: all code counts as unsigned, which a configuration that enforces refuses, and one that warns lets through.
// AWS: Developer Guide, "Using code signing to verify code integrity with Lambda".
#include "base/text.h"
#include "door/arn.h"
#include "door/door.h"
#include "door/tags.h"
#include "os/random.h"
#include "services/lambda/lambda.h"
#include "store/page_token.h"

#include <fmt/format.h>

#include <algorithm>

namespace tarn::lambda {
namespace {

constexpr int32_t kPage = 50;

std::string arn_of(const CodeSigningKey& key) {
  return fmt::format("arn:aws:lambda:{}:{}:code-signing-config:{}", key.region, key.account, key.id);
}

Failure no_config(const std::string& arn) {
  return not_found(fmt::format("The Lambda code signing configuration {} can not be found.", arn));
}

CodeSigningConfig to_wire(const CodeSigningKey& key, const CodeSigningRecord& record) {
  CodeSigningConfig out{.code_signing_config_id = key.id, .code_signing_config_arn = arn_of(key)};
  if (!record.description.empty()) out.description = record.description;
  out.allowed_publishers = AllowedPublishers{.signing_profile_version_arns = record.publishers};
  out.code_signing_policies =
      CodeSigningPolicies{.untrusted_artifact_on_deployment = record.enforced ? "Enforce" : "Warn"};
  out.last_modified = iso8601_millis(record.modified);
  return out;
}

// The members that Create and Update share.
template <class In>
Status configure(const In& in, CodeSigningRecord& record) {
  if (in.description) record.description = *in.description;
  if (in.code_signing_policies)
    record.enforced = in.code_signing_policies->untrusted_artifact_on_deployment == "Enforce";
  if (!in.allowed_publishers) return {};
  const auto& publishers = in.allowed_publishers->signing_profile_version_arns;
  for (const std::string& publisher : publishers) {
    const auto arn = Arn::parse(publisher);
    if (!arn || arn->service != "signer")
      return invalid_parameter(fmt::format("{} is not the ARN of a signing profile's version.", publisher));
  }
  record.publishers.assign(publishers.begin(), publishers.end());
  return {};
}

Result<std::vector<Need>> rights_on(const std::string& arn, std::string_view action) {
  const auto parsed = Arn::parse(arn);
  return std::vector<Need>{
      {.action = std::string(action), .resource = arn, .owner = parsed ? parsed->account : std::string()}};
}

struct Held {
  FunctionName name;
  FunctionRecord function;
};
Result<Held> find_held(Call& call, const std::string& text, Lock lock) {
  const FunctionName name = TRY(function_name(call, text));
  return Held{name, TRY(find_function(call, name, lock))};
}

// The functions of a configuration's account that are held to it.
Result<std::vector<std::string>> functions_of(Call& call, const CodeSigningKey& key) {
  std::vector<std::string> arns;
  const auto all = TRY(call.tx().scan(kFunctions, {.prefix = prefix_of(kFunctions, key.account, key.region)}));
  for (const auto& [function, record] : all.entries)
    if (record.code_signing == arn_of(key)) arns.push_back(FunctionName{function, {}}.arn());
  return arns;
}

}  // namespace

Result<CodeSigningKey> code_signing_key(const std::string& arn) {
  const auto parsed = Arn::parse(arn);
  if (!parsed || parsed->service != "lambda" || parsed->resource_type() != "code-signing-config") return no_config(arn);
  return CodeSigningKey{parsed->account, parsed->region, std::string(parsed->resource_id())};
}

Status hold_to_code_signing(Transaction& tx, const std::string& arn) {
  const CodeSigningKey key = TRY(code_signing_key(arn));
  if (!TRY(tx.get(kCodeSigning, key, Lock::kShared)))
    return users_fault(404, "CodeSigningConfigNotFoundException",
                       fmt::format("The code signing configuration cannot be found. Check that the provided "
                                   "configuration is not deleted: {}.",
                                   arn));
  return {};
}

Status check_signature(Transaction& tx, const FunctionName& name, const FunctionRecord& function) {
  if (function.code_signing.empty()) return {};
  const auto record = TRY(tx.get(kCodeSigning, TRY(code_signing_key(function.code_signing)), Lock::kShared));
  if (!record || !record->enforced) return {};
  return fail(400, "CodeVerificationFailedException",
              fmt::format("Lambda cannot deploy the function. The function or layer might be signed using a signature "
                          "that the client is not configured to accept. Check the provided signature for {}. (This "
                          "server checks no signatures: under {} it takes no code.)",
                          name.key.name, function.code_signing));
}

// --- configurations -----------------------------------------------------------------------------------------------------

Result<CreateCodeSigningConfigResponse> create_code_signing_config(Lambda&, Call& call,
                                                                   const CreateCodeSigningConfigRequest& in) {
  // AWS: CodeSigningConfigId: "csc-" and 17 letters and digits.
  const CodeSigningKey key{call.account(), call.region(), "csc-" + random_hex(17)};
  CodeSigningRecord record{.description = {}, .publishers = {}, .modified = call.now()};
  TRY(configure(in, record));
  TRY(call.put(kCodeSigning, key, record));
  if (!in.tags.empty()) TRY(set_tags(call.tx(), arn_of(key), Tags(in.tags.begin(), in.tags.end())));
  return CreateCodeSigningConfigResponse{.code_signing_config = to_wire(key, record)};
}

Result<std::vector<Need>> update_code_signing_config_rights(Lambda&, Call&, const UpdateCodeSigningConfigRequest& in) {
  return rights_on(*in.code_signing_config_arn, "lambda:UpdateCodeSigningConfig");
}

Result<UpdateCodeSigningConfigResponse> update_code_signing_config(Lambda&, Call& call,
                                                                   const UpdateCodeSigningConfigRequest& in) {
  const CodeSigningKey key = TRY(code_signing_key(*in.code_signing_config_arn));
  auto record = TRY(call.get(kCodeSigning, key));
  if (!record) return no_config(*in.code_signing_config_arn);
  TRY(configure(in, *record));
  record->modified = call.now();
  TRY(call.put(kCodeSigning, key, *record));
  return UpdateCodeSigningConfigResponse{.code_signing_config = to_wire(key, *record)};
}

Result<std::vector<Need>> get_code_signing_config_rights(Lambda&, Call&, const GetCodeSigningConfigRequest& in) {
  return rights_on(*in.code_signing_config_arn, "lambda:GetCodeSigningConfig");
}

Result<GetCodeSigningConfigResponse> get_code_signing_config(Lambda&, Call& call,
                                                             const GetCodeSigningConfigRequest& in) {
  const CodeSigningKey key = TRY(code_signing_key(*in.code_signing_config_arn));
  const auto record = TRY(call.get(kCodeSigning, key, Lock::kNone));
  if (!record) return no_config(*in.code_signing_config_arn);
  return GetCodeSigningConfigResponse{.code_signing_config = to_wire(key, *record)};
}

Result<std::vector<Need>> delete_code_signing_config_rights(Lambda&, Call&, const DeleteCodeSigningConfigRequest& in) {
  return rights_on(*in.code_signing_config_arn, "lambda:DeleteCodeSigningConfig");
}

Result<DeleteCodeSigningConfigResponse> delete_code_signing_config(Lambda&, Call& call,
                                                                   const DeleteCodeSigningConfigRequest& in) {
  const CodeSigningKey key = TRY(code_signing_key(*in.code_signing_config_arn));
  if (!TRY(call.get(kCodeSigning, key))) return no_config(*in.code_signing_config_arn);
  const auto held = TRY(functions_of(call, key));
  if (!held.empty())
    return conflict(
        fmt::format("The code signing configuration is attached to {} function(s), {} among them: take it "
                    "from them first.",
                    held.size(), held[0]));
  TRY(set_tags(call.tx(), arn_of(key), {}));
  TRY(call.erase(kCodeSigning, key));
  return DeleteCodeSigningConfigResponse{};
}

Result<ListCodeSigningConfigsResponse> list_code_signing_configs(Lambda&, Call& call,
                                                                 const ListCodeSigningConfigsRequest& in) {
  const std::string request = fmt::format("ListCodeSigningConfigs {} {}", call.account(), call.region());
  const auto page =
      TRY(call.tx().scan(kCodeSigning, {.prefix = prefix_of(kCodeSigning, call.account(), call.region()),
                                        .after = TRY(position_of(call, request, in.marker)),
                                        .limit = static_cast<size_t>(std::min(in.max_items.value_or(kPage), kPage))}));
  ListCodeSigningConfigsResponse out;
  out.code_signing_configs.set_present();
  for (const auto& [key, record] : page.entries) out.code_signing_configs.push_back(to_wire(key, record));
  if (page.more)
    out.next_marker = page_token(call.door().store(), request, encoded_key(kCodeSigning, page.entries.back().key));
  return out;
}

Result<std::vector<Need>> list_functions_by_code_signing_config_rights(
    Lambda&, Call&, const ListFunctionsByCodeSigningConfigRequest& in) {
  return rights_on(*in.code_signing_config_arn, "lambda:ListFunctionsByCodeSigningConfig");
}

Result<ListFunctionsByCodeSigningConfigResponse> list_functions_by_code_signing_config(
    Lambda&, Call& call, const ListFunctionsByCodeSigningConfigRequest& in) {
  const CodeSigningKey key = TRY(code_signing_key(*in.code_signing_config_arn));
  if (!TRY(call.get(kCodeSigning, key, Lock::kNone))) return no_config(*in.code_signing_config_arn);
  const std::string request = "ListFunctionsByCodeSigningConfig " + *in.code_signing_config_arn;
  const std::string after = TRY(position_of(call, request, in.marker));
  const auto most = static_cast<size_t>(std::min(in.max_items.value_or(kPage), kPage));
  ListFunctionsByCodeSigningConfigResponse out;
  out.function_arns.set_present();
  std::vector<std::string> arns = TRY(functions_of(call, key));
  for (const std::string& arn : arns) {
    if (arn <= after) continue;
    if (out.function_arns.size() == most) {
      out.next_marker = page_token(call.door().store(), request, out.function_arns.items().back());
      break;
    }
    out.function_arns.push_back(arn);
  }
  return out;
}

// --- of a function ------------------------------------------------------------------------------------------------------

Result<std::vector<Need>> put_function_code_signing_config_rights(Lambda&, Call& call,
                                                                  const PutFunctionCodeSigningConfigRequest& in) {
  auto needs = TRY(lambda::rights_on(call, *in.function_name, {}, "lambda:PutFunctionCodeSigningConfig"));
  needs[0].context["lambda:CodeSigningConfigArn"] = {*in.code_signing_config_arn};
  return needs;
}

Result<PutFunctionCodeSigningConfigResponse> put_function_code_signing_config(
    Lambda&, Call& call, const PutFunctionCodeSigningConfigRequest& in) {
  TRY(hold_to_code_signing(call.tx(), *in.code_signing_config_arn));
  Held at = TRY(find_held(call, *in.function_name, Lock::kExclusive));
  at.function.code_signing = *in.code_signing_config_arn;
  TRY(call.put(kFunctions, at.name.key, at.function));
  return PutFunctionCodeSigningConfigResponse{.code_signing_config_arn = at.function.code_signing,
                                              .function_name = at.name.key.name};
}

Result<std::vector<Need>> get_function_code_signing_config_rights(Lambda&, Call& call,
                                                                  const GetFunctionCodeSigningConfigRequest& in) {
  return lambda::rights_on(call, *in.function_name, {}, "lambda:GetFunctionCodeSigningConfig");
}

Result<GetFunctionCodeSigningConfigResponse> get_function_code_signing_config(
    Lambda&, Call& call, const GetFunctionCodeSigningConfigRequest& in) {
  const Held at = TRY(find_held(call, *in.function_name, Lock::kNone));
  GetFunctionCodeSigningConfigResponse out;  // recorded from AWS: empty where there is none
  if (at.function.code_signing.empty()) return out;
  out.code_signing_config_arn = at.function.code_signing;
  out.function_name = at.name.key.name;
  return out;
}

Result<std::vector<Need>> delete_function_code_signing_config_rights(Lambda&, Call& call,
                                                                     const DeleteFunctionCodeSigningConfigRequest& in) {
  return lambda::rights_on(call, *in.function_name, {}, "lambda:DeleteFunctionCodeSigningConfig");
}

Result<DeleteFunctionCodeSigningConfigOutput> delete_function_code_signing_config(
    Lambda&, Call& call, const DeleteFunctionCodeSigningConfigRequest& in) {
  Held at = TRY(find_held(call, *in.function_name, Lock::kExclusive));
  at.function.code_signing.clear();
  TRY(call.put(kFunctions, at.name.key, at.function));
  return DeleteFunctionCodeSigningConfigOutput{};
}

}  // namespace tarn::lambda
