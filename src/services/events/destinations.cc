// API destinations: HTTP endpoints as targets.
#include <fmt/format.h>

#include "door/api_destinations.h"
#include "door/arn.h"
#include "os/random.h"
#include "services/events/events.h"
#include "store/page_token.h"

namespace tarn::events {
namespace {

constexpr int32_t kPage = 100;

struct FoundDestination {
  ApiDestinationKey key;
  ApiDestinationRecord record;
};
Result<FoundDestination> find_destination(Call& call, const std::optional<std::string>& name, Lock lock) {
  ApiDestinationKey key{call.account(), call.region(), name.value_or("")};
  auto record = TRY(call.get(kApiDestinations, key, lock));
  if (!record) return not_found(fmt::format("ApiDestination {} does not exist.", key.name));
  return FoundDestination{std::move(key), std::move(*record)};
}

// The name of the connection of that ARN. ERRORS: ResourceNotFoundException.
Result<std::string> connection_of(Call& call, const std::string& text) {
  const auto arn = Arn::parse(text);
  const std::string id = arn ? std::string(arn->resource_id()) : std::string();
  const std::string name = id.substr(0, id.find('/'));
  const auto record = TRY(call.get(kConnections, {call.account(), call.region(), name}, Lock::kShared));
  if (!arn || !record || !id.ends_with("/" + record->id))
    return not_found(fmt::format("Connection {} does not exist.", text));
  return name;
}

template <class In>
Status take(Call& call, const In& in, ApiDestinationRecord& record) {
  if (in.connection_arn) record.connection = TRY(connection_of(call, *in.connection_arn));
  if (in.invocation_endpoint) record.endpoint = *in.invocation_endpoint;
  if (in.http_method) record.method = *in.http_method;
  if (in.description) record.description = in.description;
  if (in.invocation_rate_limit_per_second) record.rate = *in.invocation_rate_limit_per_second;
  record.modified = call.now();
  // AWS wants HTTPS; an endpoint on this machine may do without.
  if (!record.endpoint.starts_with("https://") && !record.endpoint.starts_with("http://"))
    return invalid("Parameter InvocationEndpoint is not valid. Reason: it begins with https:// or http://.");
  return {};
}

template <class Out>
Status show(Call& call, const ApiDestinationKey& key, const ApiDestinationRecord& record, Out& out) {
  out.api_destination_arn =
      fmt::format("arn:aws:events:{}:{}:api-destination/{}/{}", key.region, key.owner, key.name, record.id);
  const auto connection = TRY(call.get(kConnections, {key.owner, key.region, record.connection}, Lock::kNone));
  out.api_destination_state = connection && connection->state == "AUTHORIZED" ? "ACTIVE" : "INACTIVE";
  out.creation_time = record.created;
  out.last_modified_time = record.modified;
  if constexpr (requires { out.invocation_endpoint; }) {
    out.name = key.name;
    out.invocation_endpoint = record.endpoint;
    out.http_method = record.method;
    out.invocation_rate_limit_per_second = record.rate;
    if (connection)
      out.connection_arn = fmt::format("arn:aws:events:{}:{}:connection/{}/{}", key.region, key.owner,
                                       record.connection, connection->id);
  }
  return {};
}

}  // namespace

Result<CreateApiDestinationResponse> create_api_destination(Events&, Call& call,
                                                            const CreateApiDestinationRequest& in) {
  const ApiDestinationKey key{call.account(), call.region(), *in.name};
  if (TRY(call.get(kApiDestinations, key)))
    return exists_already(fmt::format("ApiDestination {} already exists.", key.name));
  ApiDestinationRecord record{.id = uuid4(), .created = call.now()};
  TRY(take(call, in, record));
  TRY(call.put(kApiDestinations, key, record));
  CreateApiDestinationResponse out;
  TRY(show(call, key, record, out));
  return out;
}

Result<UpdateApiDestinationResponse> update_api_destination(Events&, Call& call,
                                                            const UpdateApiDestinationRequest& in) {
  auto [key, record] = TRY(find_destination(call, in.name, Lock::kExclusive));
  TRY(take(call, in, record));
  TRY(call.put(kApiDestinations, key, record));
  UpdateApiDestinationResponse out;
  TRY(show(call, key, record, out));
  return out;
}

Result<DeleteApiDestinationResponse> delete_api_destination(Events&, Call& call,
                                                            const DeleteApiDestinationRequest& in) {
  const auto [key, record] = TRY(find_destination(call, in.name, Lock::kExclusive));
  TRY(call.erase(kApiDestinations, key));
  return DeleteApiDestinationResponse{};
}

Result<DescribeApiDestinationResponse> describe_api_destination(Events&, Call& call,
                                                                const DescribeApiDestinationRequest& in) {
  const auto [key, record] = TRY(find_destination(call, in.name, Lock::kNone));
  DescribeApiDestinationResponse out;
  TRY(show(call, key, record, out));
  out.description = record.description;
  return out;
}

Result<ListApiDestinationsResponse> list_api_destinations(Events&, Call& call, const ListApiDestinationsRequest& in) {
  const std::string prefix = in.name_prefix.value_or(""), connection = in.connection_arn.value_or("");
  const std::string request =
      fmt::format("ListApiDestinations {} {} {} {}", call.account(), call.region(), prefix, connection);
  ListApiDestinationsResponse out;
  out.api_destinations.set_present();
  auto at = call.tx().cursor(kApiDestinations,
                             {.prefix = prefix_of(kApiDestinations, call.account(), call.region(), Starts{prefix}),
                              .after = TRY(page_start(call, request, in.next_token))});
  for (std::string last; at.valid(); at.next()) {
    ApiDestination shown;
    TRY(show(call, TRY(at.key()), TRY(at.record()), shown));
    if (!connection.empty() && shown.connection_arn != connection) continue;
    if (out.api_destinations.size() >= static_cast<size_t>(in.limit.value_or(kPage))) {
      out.next_token = page_token(call.door().store(), request, last);
      break;
    }
    out.api_destinations.push_back(std::move(shown));
    last = at.encoded();
  }
  TRY(at.status());
  return out;
}

}  // namespace tarn::events
