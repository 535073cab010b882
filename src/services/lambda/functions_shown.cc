// Functions: showing and listing them, and what an account has of them.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/door.h"
#include "door/tags.h"
#include "services/lambda/code_link.h"
#include "services/lambda/lambda.h"
#include "store/page_token.h"

namespace tarn::lambda {
namespace {

constexpr int32_t kPage = 50;

}  // namespace

Result<std::vector<Need>> get_function_rights(Lambda&, Call& call, const GetFunctionRequest& in) {
  return rights_on(call, *in.function_name, in.qualifier, "lambda:GetFunction");
}

Result<GetFunctionResponse> get_function(Lambda& lambda, Call& call, const GetFunctionRequest& in) {
  const Found found = TRY(find_version(call, TRY(function_name(call, *in.function_name, in.qualifier))));
  GetFunctionResponse out{.configuration = to_wire(lambda, found),
                          .code = FunctionCodeLocation{.repository_type = "S3"}};
  out.code->location = code_link(lambda, call, found.record.code);
  const Tags tags = TRY(tags_of(call.tx(), found.name.arn()));
  for (const auto& [key, value] : tags) out.tags[key] = value;
  if (found.function.reserved_concurrency)
    out.concurrency = Concurrency{.reserved_concurrent_executions = found.function.reserved_concurrency};
  return out;
}

Result<std::vector<Need>> get_function_configuration_rights(Lambda&, Call& call,
                                                            const GetFunctionConfigurationRequest& in) {
  return rights_on(call, *in.function_name, in.qualifier, "lambda:GetFunctionConfiguration");
}

Result<FunctionConfiguration> get_function_configuration(Lambda& lambda, Call& call,
                                                         const GetFunctionConfigurationRequest& in) {
  return to_wire(lambda, TRY(find_version(call, TRY(function_name(call, *in.function_name, in.qualifier)))));
}

namespace {

// A page counts versions, and may end in the middle of a function's.
Result<ListFunctionsResponse> list_all_versions(Call& call, size_t most, const OptionalText& marker) {
  const std::string request = fmt::format("ListFunctions ALL {} {}", call.account(), call.region());
  std::string last = TRY(position_of(call, request, marker));  // "name version": the last one that was told
  ListFunctionsResponse out;
  out.functions.set_present();
  bool more = false;
  const auto add = [&](const FunctionKey& key, const FunctionRecord& function, std::string after) -> Status {
    const auto page = TRY(call.tx().scan(kVersions, {.prefix = prefix_of(kVersions, function.id),
                                                     .after = std::move(after),
                                                     .limit = most - out.functions.size()}));
    for (const auto& [version, record] : page.entries) {
      out.functions.push_back(to_listed({.name = {.key = key, .qualifier = version_text(version.version)},
                                         .function = function,
                                         .version = version.version,
                                         .record = record}));
      last = fmt::format("{} {}", key.name, version.version);
    }
    more = page.more;
    return {};
  };
  const size_t blank = last.find(' ');
  const FunctionKey begun{call.account(), call.region(), last.substr(0, blank)};
  if (const auto function = TRY(call.get(kFunctions, begun, Lock::kNone)))
    TRY(add(begun, *function,
            encoded_key(kVersions, {function->id, static_cast<uint64_t>(*parse_int(last.substr(blank + 1)))})));
  const auto page = TRY(call.tx().scan(kFunctions, {.prefix = prefix_of(kFunctions, call.account(), call.region()),
                                                    .after = last.empty() ? last : encoded_key(kFunctions, begun),
                                                    .limit = most}));
  for (const auto& [key, function] : page.entries) {
    if (out.functions.size() == most) more = true;
    if (more) break;
    TRY(add(key, function, {}));
  }
  if (more || page.more) out.next_marker = page_token(call.door().store(), request, last);
  return out;
}

}  // namespace

Result<ListFunctionsResponse> list_functions(Lambda&, Call& call, const ListFunctionsRequest& in) {
  const size_t most = static_cast<size_t>(std::min(in.max_items.value_or(kPage), kPage));
  if (in.function_version) return list_all_versions(call, most, in.marker);
  const std::string request = fmt::format("ListFunctions {} {}", call.account(), call.region());
  const auto page = TRY(call.tx().scan(kFunctions, {.prefix = prefix_of(kFunctions, call.account(), call.region()),
                                                    .after = TRY(position_of(call, request, in.marker)),
                                                    .limit = most}));
  ListFunctionsResponse out;
  out.functions.set_present();
  for (const auto& [key, function] : page.entries)
    if (const auto record = TRY(call.get(kVersions, {function.id, 0}, Lock::kNone)))
      out.functions.push_back(
          to_listed({.name = {.key = key, .qualifier = {}}, .function = function, .record = *record}));
  if (page.more)
    out.next_marker = page_token(call.door().store(), request, encoded_key(kFunctions, page.entries.back().key));
  return out;
}

Result<GetAccountSettingsResponse> get_account_settings(Lambda&, Call& call, const GetAccountSettingsRequest&) {
  AccountUsage usage{.total_code_size = 0, .function_count = 0};
  int64_t unreserved = kAccountConcurrency;
  const auto functions =
      TRY(call.tx().scan(kFunctions, {.prefix = prefix_of(kFunctions, call.account(), call.region())}));
  for (const auto& [key, function] : functions.entries) {
    ++*usage.function_count;
    unreserved -= function.reserved_concurrency.value_or(0);
    const auto versions = TRY(call.tx().scan(kVersions, {.prefix = prefix_of(kVersions, function.id)}));
    for (const auto& [version, record] : versions.entries)
      *usage.total_code_size += static_cast<int64_t>(record.code_size);
  }
  const auto layers =
      TRY(call.tx().scan(kLayerVersions, {.prefix = prefix_of(kLayerVersions, call.account(), call.region())}));
  for (const auto& [key, layer] : layers.entries) *usage.total_code_size += static_cast<int64_t>(layer.code_size);
  return GetAccountSettingsResponse{
      .account_limit = AccountLimit{.total_code_size = int64_t{80} << 30,
                                    .code_size_unzipped = static_cast<int64_t>(kMostUnzipped),
                                    .code_size_zipped = kMostZipped,
                                    .concurrent_executions = kAccountConcurrency,
                                    .unreserved_concurrent_executions = unreserved},
      .account_usage = usage};
}

}  // namespace tarn::lambda
