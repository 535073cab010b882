// Function URLs: making, changing, showing and deleting them. How they answer is url_door.h.
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
constexpr const char* kNothing = "The resource you requested does not exist.";
constexpr const char* kNoFunction = "Function does not exist";

struct FoundUrl {
  FunctionName name;
  UrlKey key;
};

// A URL belongs to the function itself or to an alias.
Result<FoundUrl> find(Call& call, const std::string& text, const OptionalText& qualifier, Lock lock,
                      const char* missing = kNothing) {
  const FunctionName name = TRY(function_name(call, text, qualifier));
  const FunctionRecord function = TRY(worded(find_function(call, name, lock), missing));
  if (!name.qualifier.empty() && !TRY(call.get(kAliases, {function.id, name.qualifier}, lock)))
    return not_found(missing);
  return FoundUrl{name, {function.id, name.qualifier}};
}

// Under the name that the client has reached us by, so that the answer's address works for it.
std::string url_of(Lambda& lambda, const Call& call, const FunctionName& name, const UrlRecord& record) {
  const std::string& host = call.caller().host;
  const size_t colon = host.rfind(':');
  const std::string port =
      colon != std::string::npos ? host.substr(colon + 1) : std::to_string(lambda.environments.port());
  return fmt::format("http://{}.lambda-url.{}.localhost:{}/", record.id, name.key.region, port);
}

template <class Out>
Out to_wire(Lambda& lambda, const Call& call, const FunctionName& name, const UrlRecord& record) {
  Out out;
  out.function_url = url_of(lambda, call, name, record);
  out.function_arn = name.qualified_arn();
  out.auth_type = record.auth;
  out.invoke_mode = record.mode;
  out.creation_time = iso8601_millis(record.created);
  if constexpr (requires { out.last_modified_time; }) out.last_modified_time = iso8601_millis(record.modified);
  if (record.has_cors) {
    Cors cors;
    if (record.credentials) cors.allow_credentials = true;
    if (!record.origins.empty()) cors.allow_origins = record.origins;
    if (!record.methods.empty()) cors.allow_methods = record.methods;
    if (!record.headers.empty()) cors.allow_headers = record.headers;
    if (!record.exposed.empty()) cors.expose_headers = record.exposed;
    cors.max_age = record.max_age;
    out.cors = std::move(cors);
  }
  return out;
}

template <class In>
void configure(const In& in, UrlRecord& record) {
  if (in.auth_type) record.auth = *in.auth_type;
  if (in.invoke_mode) record.mode = *in.invoke_mode;
  if (!in.cors) return;
  const auto copy = [](const wire::List<std::string>& list) {
    return std::vector<std::string>(list.begin(), list.end());
  };
  record.has_cors = true;
  record.credentials = in.cors->allow_credentials.value_or(false);
  record.origins = copy(in.cors->allow_origins);
  record.methods = copy(in.cors->allow_methods);
  record.headers = copy(in.cors->allow_headers);
  record.exposed = copy(in.cors->expose_headers);
  record.max_age = in.cors->max_age;
}

Result<std::vector<Need>> rights(Call& call, const std::string& function, const OptionalText& qualifier,
                                 std::string_view action, const OptionalText& auth = {}) {
  auto needs = TRY(rights_on(call, function, qualifier, action));
  if (auth) needs[0].context["lambda:FunctionUrlAuthType"] = {*auth};
  return needs;
}

Result<UrlRecord> url_at(Call& call, const FoundUrl& at, Lock lock) {
  auto record = TRY(call.get(kUrls, at.key, lock));
  if (!record) return not_found(kNothing);
  return std::move(*record);
}

}  // namespace

Result<std::vector<Need>> create_function_url_config_rights(Lambda&, Call& call,
                                                            const CreateFunctionUrlConfigRequest& in) {
  return rights(call, *in.function_name, in.qualifier, "lambda:CreateFunctionUrlConfig", in.auth_type);
}

Result<CreateFunctionUrlConfigResponse> create_function_url_config(Lambda& lambda, Call& call,
                                                                   const CreateFunctionUrlConfigRequest& in) {
  const FoundUrl at = TRY(find(call, *in.function_name, in.qualifier, Lock::kShared, kNoFunction));
  if (TRY(call.get(kUrls, at.key)))
    return conflict(
        fmt::format("Failed to create function url config for [functionArn = {}]. Error message:  "
                    "FunctionUrlConfig exists for this Lambda function",
                    at.name.qualified_arn()));
  UrlRecord record{.id = lower(random_id("", 32)), .created = call.now(), .modified = call.now()};
  configure(in, record);
  TRY(call.put(kUrls, at.key, record));
  TRY(call.put(kUrlIds, {record.id}, {at.name.key, at.name.qualifier}));
  return to_wire<CreateFunctionUrlConfigResponse>(lambda, call, at.name, record);
}

Result<std::vector<Need>> update_function_url_config_rights(Lambda&, Call& call,
                                                            const UpdateFunctionUrlConfigRequest& in) {
  return rights(call, *in.function_name, in.qualifier, "lambda:UpdateFunctionUrlConfig", in.auth_type);
}

Result<UpdateFunctionUrlConfigResponse> update_function_url_config(Lambda& lambda, Call& call,
                                                                   const UpdateFunctionUrlConfigRequest& in) {
  const FoundUrl at = TRY(find(call, *in.function_name, in.qualifier, Lock::kShared, kNoFunction));
  UrlRecord record = TRY(url_at(call, at, Lock::kExclusive));
  configure(in, record);
  record.modified = call.now();
  TRY(call.put(kUrls, at.key, record));
  return to_wire<UpdateFunctionUrlConfigResponse>(lambda, call, at.name, record);
}

Result<std::vector<Need>> get_function_url_config_rights(Lambda&, Call& call, const GetFunctionUrlConfigRequest& in) {
  return rights(call, *in.function_name, in.qualifier, "lambda:GetFunctionUrlConfig");
}

Result<GetFunctionUrlConfigResponse> get_function_url_config(Lambda& lambda, Call& call,
                                                             const GetFunctionUrlConfigRequest& in) {
  const FoundUrl at = TRY(find(call, *in.function_name, in.qualifier, Lock::kNone));
  return to_wire<GetFunctionUrlConfigResponse>(lambda, call, at.name, TRY(url_at(call, at, Lock::kNone)));
}

Result<std::vector<Need>> delete_function_url_config_rights(Lambda&, Call& call,
                                                            const DeleteFunctionUrlConfigRequest& in) {
  return rights(call, *in.function_name, in.qualifier, "lambda:DeleteFunctionUrlConfig");
}

Result<DeleteFunctionUrlConfigOutput> delete_function_url_config(Lambda&, Call& call,
                                                                 const DeleteFunctionUrlConfigRequest& in) {
  const FoundUrl at = TRY(find(call, *in.function_name, in.qualifier, Lock::kShared));
  const UrlRecord record = TRY(url_at(call, at, Lock::kExclusive));
  TRY(call.erase(kUrlIds, {record.id}));
  TRY(call.erase(kUrls, at.key));
  return DeleteFunctionUrlConfigOutput{};
}

Result<std::vector<Need>> list_function_url_configs_rights(Lambda&, Call& call,
                                                           const ListFunctionUrlConfigsRequest& in) {
  return rights(call, *in.function_name, {}, "lambda:ListFunctionUrlConfigs");
}

Result<ListFunctionUrlConfigsResponse> list_function_url_configs(Lambda& lambda, Call& call,
                                                                 const ListFunctionUrlConfigsRequest& in) {
  const FunctionName name = TRY(function_name(call, *in.function_name));
  const FunctionRecord function = TRY(worded(find_function(call, name, Lock::kNone), kNoFunction));
  const std::string request = fmt::format("ListFunctionUrlConfigs {}", function.id);
  const auto page =
      TRY(call.tx().scan(kUrls, {.prefix = prefix_of(kUrls, function.id),
                                 .after = TRY(position_of(call, request, in.marker)),
                                 .limit = static_cast<size_t>(std::min(in.max_items.value_or(kPage), kPage))}));
  ListFunctionUrlConfigsResponse out;
  out.function_url_configs.set_present();
  for (const auto& [key, record] : page.entries)
    out.function_url_configs.push_back(to_wire<FunctionUrlConfig>(lambda, call, {name.key, key.qualifier}, record));
  if (page.more)
    out.next_marker = page_token(call.door().store(), request, encoded_key(kUrls, page.entries.back().key));
  return out;
}

}  // namespace tarn::lambda
