// Applications of push services and their endpoints. What is pushed is kept where `tarn mail` shows it.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/arn.h"
#include "door/door.h"
#include "os/random.h"
#include "services/sns/sns.h"
#include "store/page_token.h"

namespace tarn::sns {
namespace {

constexpr std::string_view kPlatforms[] = {"ADM",   "APNS", "APNS_SANDBOX", "APNS_VOIP", "APNS_VOIP_SANDBOX",
                                           "BAIDU", "FCM",  "GCM",          "MACOS",     "MACOS_SANDBOX",
                                           "MPNS",  "WNS"};
constexpr std::string_view kSecrets[] = {"PlatformCredential", "PlatformPrincipal"};  // never told

std::string arn_of(const ApplicationKey& key) {
  return fmt::format("arn:aws:sns:{}:{}:app/{}/{}", key.region, key.owner, key.platform, key.name);
}
std::string arn_of(const EndpointKey& key) {
  return fmt::format("arn:aws:sns:{}:{}:endpoint/{}/{}/{}", key.region, key.owner, key.platform, key.application,
                     key.id);
}

Result<ApplicationKey> application_key(Call& call, const std::string& text) {
  const auto arn = Arn::parse(text);
  const auto parts = arn ? split(arn->resource, '/') : std::vector<std::string_view>();
  if (parts.size() != 3 || parts[0] != "app" || arn->service != "sns" || arn->account != call.account())
    return invalid("PlatformApplicationArn Reason: arn:aws:sns:REGION:ACCOUNT:app/PLATFORM/NAME is one.");
  return ApplicationKey{arn->account, arn->region, std::string(parts[1]), std::string(parts[2])};
}

Result<EndpointKey> endpoint_key(Call& call, const std::string& text) {
  const auto arn = Arn::parse(text);
  const auto parts = arn ? split(arn->resource, '/') : std::vector<std::string_view>();
  if (parts.size() != 4 || parts[0] != "endpoint" || arn->service != "sns" || arn->account != call.account())
    return invalid("EndpointArn Reason: arn:aws:sns:REGION:ACCOUNT:endpoint/PLATFORM/NAME/ID is one.");
  return EndpointKey{arn->account, arn->region, std::string(parts[1]), std::string(parts[2]), std::string(parts[3])};
}

template <class K>
Result<AttributesRecord> find(Call& call, const Table<K, AttributesRecord>& table, const K& key, std::string_view what,
                              Lock lock) {
  auto record = TRY(call.get(table, key, lock));
  if (!record) return not_found(fmt::format("{} does not exist", what));
  return std::move(*record);
}

wire::Map<std::string> told(const AttributesRecord& record) {
  wire::Map<std::string> out;
  out.set_present();
  for (const auto& [name, value] : record.attributes)
    if (std::ranges::find(kSecrets, name) == std::end(kSecrets)) out[name] = value;
  return out;
}

}  // namespace

Result<std::optional<AttributesRecord>> find_endpoint(Call& call, const std::string& arn) {
  const auto key = endpoint_key(call, arn);
  if (!key) return std::nullopt;
  return call.get(kEndpoints, *key, Lock::kShared);
}

Result<CreatePlatformApplicationOutput> create_platform_application(Sns&, Call& call,
                                                                    const CreatePlatformApplicationInput& in) {
  if (std::ranges::find(kPlatforms, *in.platform) == std::end(kPlatforms))
    return invalid("Platform Reason: " + *in.platform + " is not supported");
  if (in.name->empty() || in.name->size() > 256 || in.name->find('/') != std::string::npos) return invalid("Name");
  const ApplicationKey key{call.account(), call.region(), *in.platform, *in.name};
  AttributesRecord record = TRY(call.get(kApplications, key)).value_or(AttributesRecord{});
  record.attributes["Enabled"] = "true";
  for (const auto& [name, value] : in.attributes) record.attributes[name] = value;
  TRY(call.put(kApplications, key, record));
  return CreatePlatformApplicationOutput{.platform_application_arn = arn_of(key)};
}

Result<DeletePlatformApplicationOutput> delete_platform_application(Sns&, Call& call,
                                                                    const DeletePlatformApplicationInput& in) {
  const ApplicationKey key = TRY(application_key(call, *in.platform_application_arn));
  TRY(call.get(kApplications, key));
  TRY(call.erase(kApplications, key));
  const auto endpoints =
      TRY(call.tx().scan(kEndpoints, {.prefix = prefix_of(kEndpoints, key.owner, key.region, key.platform, key.name)}));
  for (const auto& [endpoint, record] : endpoints.entries) TRY(call.erase(kEndpoints, endpoint));
  return DeletePlatformApplicationOutput{};
}

Result<ListPlatformApplicationsOutput> list_platform_applications(Sns&, Call& call,
                                                                  const ListPlatformApplicationsInput& in) {
  const std::string request = fmt::format("sns:ListPlatformApplications {} {}", call.account(), call.region());
  const auto page =
      TRY(call.tx().scan(kApplications, {.prefix = prefix_of(kApplications, call.account(), call.region()),
                                         .after = TRY(page_start(call, request, in.next_token)),
                                         .limit = kPage}));
  ListPlatformApplicationsOutput out;
  out.platform_applications.set_present();
  for (const auto& [key, record] : page.entries)
    out.platform_applications.push_back({.platform_application_arn = arn_of(key), .attributes = told(record)});
  if (page.more) out.next_token = page_token(call.door().store(), request, page.last);
  return out;
}

Result<GetPlatformApplicationAttributesOutput> get_platform_application_attributes(
    Sns&, Call& call, const GetPlatformApplicationAttributesInput& in) {
  const ApplicationKey key = TRY(application_key(call, *in.platform_application_arn));
  return GetPlatformApplicationAttributesOutput{
      .attributes = told(TRY(find(call, kApplications, key, "PlatformApplication", Lock::kNone)))};
}

Result<SetPlatformApplicationAttributesOutput> set_platform_application_attributes(
    Sns&, Call& call, const SetPlatformApplicationAttributesInput& in) {
  const ApplicationKey key = TRY(application_key(call, *in.platform_application_arn));
  AttributesRecord record = TRY(find(call, kApplications, key, "PlatformApplication", Lock::kExclusive));
  for (const auto& [name, value] : in.attributes) record.attributes[name] = value;
  TRY(call.put(kApplications, key, record));
  return SetPlatformApplicationAttributesOutput{};
}

// AWS: CreatePlatformEndpoint of a token that is there answers its endpoint, if what it is told fits.
Result<CreatePlatformEndpointOutput> create_platform_endpoint(Sns&, Call& call, const CreatePlatformEndpointInput& in) {
  const ApplicationKey application = TRY(application_key(call, *in.platform_application_arn));
  TRY(find(call, kApplications, application, "PlatformApplication", Lock::kExclusive));
  AttributesRecord record{{{"Enabled", "true"}, {"Token", *in.token}}};
  if (in.custom_user_data) record.attributes["CustomUserData"] = *in.custom_user_data;
  for (const auto& [name, value] : in.attributes) record.attributes[name] = value;
  EndpointKey key{application.owner, application.region, application.platform, application.name, uuid4()};
  const auto others = TRY(call.tx().scan(
      kEndpoints, {.prefix = prefix_of(kEndpoints, key.owner, key.region, key.platform, key.application)}));
  for (const auto& [other, there] : others.entries) {
    const auto token = there.attributes.find("Token");
    if (token == there.attributes.end() || token->second != *in.token) continue;
    if (there.attributes != record.attributes)
      return invalid(fmt::format(
          "Token Reason: Endpoint {} already exists with the same Token, but different attributes.", arn_of(other)));
    return CreatePlatformEndpointOutput{.endpoint_arn = arn_of(other)};
  }
  TRY(call.put(kEndpoints, key, record));
  return CreatePlatformEndpointOutput{.endpoint_arn = arn_of(key)};
}

Result<DeleteEndpointOutput> delete_endpoint(Sns&, Call& call, const DeleteEndpointInput& in) {
  TRY(call.erase(kEndpoints, TRY(endpoint_key(call, *in.endpoint_arn))));
  return DeleteEndpointOutput{};
}

Result<ListEndpointsByPlatformApplicationOutput> list_endpoints_by_platform_application(
    Sns&, Call& call, const ListEndpointsByPlatformApplicationInput& in) {
  const ApplicationKey key = TRY(application_key(call, *in.platform_application_arn));
  TRY(find(call, kApplications, key, "PlatformApplication", Lock::kNone));
  const std::string request = "sns:ListEndpointsByPlatformApplication " + arn_of(key);
  const auto page =
      TRY(call.tx().scan(kEndpoints, {.prefix = prefix_of(kEndpoints, key.owner, key.region, key.platform, key.name),
                                      .after = TRY(page_start(call, request, in.next_token)),
                                      .limit = kPage}));
  ListEndpointsByPlatformApplicationOutput out;
  out.endpoints.set_present();
  for (const auto& [endpoint, record] : page.entries)
    out.endpoints.push_back({.endpoint_arn = arn_of(endpoint), .attributes = told(record)});
  if (page.more) out.next_token = page_token(call.door().store(), request, page.last);
  return out;
}

Result<GetEndpointAttributesOutput> get_endpoint_attributes(Sns&, Call& call, const GetEndpointAttributesInput& in) {
  const EndpointKey key = TRY(endpoint_key(call, *in.endpoint_arn));
  return GetEndpointAttributesOutput{.attributes = told(TRY(find(call, kEndpoints, key, "Endpoint", Lock::kNone)))};
}

Result<SetEndpointAttributesOutput> set_endpoint_attributes(Sns&, Call& call, const SetEndpointAttributesInput& in) {
  const EndpointKey key = TRY(endpoint_key(call, *in.endpoint_arn));
  AttributesRecord record = TRY(find(call, kEndpoints, key, "Endpoint", Lock::kExclusive));
  for (const auto& [name, value] : in.attributes) record.attributes[name] = value;
  TRY(call.put(kEndpoints, key, record));
  return SetEndpointAttributesOutput{};
}

}  // namespace tarn::sns
