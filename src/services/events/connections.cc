// Connections: how one logs in at an HTTP endpoint. What is secret is sealed, and shown to nobody.
#include <fmt/format.h>

#include "door/api_destinations.h"
#include "door/arn.h"
#include "os/random.h"
#include "services/events/events.h"
#include "store/page_token.h"

namespace tarn::events {
namespace {

constexpr int32_t kPage = 100;

std::string connection_arn(const ConnectionKey& key, const ConnectionRecord& record) {
  return fmt::format("arn:aws:events:{}:{}:connection/{}/{}", key.region, key.owner, key.name, record.id);
}

struct FoundConnection {
  ConnectionKey key;
  ConnectionRecord record;
};
Result<FoundConnection> find_connection(Call& call, const std::optional<std::string>& name, Lock lock) {
  ConnectionKey key{call.account(), call.region(), name.value_or("")};
  auto record = TRY(call.get(kConnections, key, lock));
  if (!record)
    return not_found(fmt::format("Failed to describe the connection(s). Connection '{}' does not exist.", key.name));
  return FoundConnection{std::move(key), std::move(*record)};
}

// --- parameters, as they are sealed (door/api_destinations.h) ----------------------------------------------------------

template <class Parameter>
Json list_of(const wire::List<Parameter>& from) {
  Json out = Json::array();
  for (const Parameter& parameter : from)
    out.push(Json::object({{"key", parameter.key.value_or("")},
                           {"value", parameter.value.value_or("")},
                           {"secret", parameter.is_value_secret.value_or(false)}}));
  return out;
}

Json http_of(const ConnectionHttpParameters& from) {
  return Json::object({{"header", list_of(from.header_parameters)},
                       {"query", list_of(from.query_string_parameters)},
                       {"body", list_of(from.body_parameters)}});
}

void set_given(Json& out, const char* name, const std::optional<std::string>& value) {
  if (value) out.set(name, *value);
}

// Creating gives all, changing what it names.
template <class Auth>
Status take(const std::string& type, const Auth& auth, Json& out) {
  if (auth.connectivity_parameters) return invalid("ConnectivityParameters are not supported by this server.");
  const bool fits = type == "BASIC"     ? !auth.api_key_auth_parameters && !auth.o_auth_parameters
                    : type == "API_KEY" ? !auth.basic_auth_parameters && !auth.o_auth_parameters
                                        : !auth.basic_auth_parameters && !auth.api_key_auth_parameters;
  if (!fits) return invalid(fmt::format("AuthParameters must be those of the authorization type {}.", type));
  if (auth.basic_auth_parameters) {
    set_given(out, "user", auth.basic_auth_parameters->username);
    set_given(out, "password", auth.basic_auth_parameters->password);
  }
  if (auth.api_key_auth_parameters) {
    set_given(out, "name", auth.api_key_auth_parameters->api_key_name);
    set_given(out, "value", auth.api_key_auth_parameters->api_key_value);
  }
  if (auth.o_auth_parameters) {
    const auto& oauth = *auth.o_auth_parameters;
    if (oauth.client_parameters) {
      set_given(out, "id", oauth.client_parameters->client_id);
      set_given(out, "secret", oauth.client_parameters->client_secret);
    }
    set_given(out, "endpoint", oauth.authorization_endpoint);
    set_given(out, "method", oauth.http_method);
    if (oauth.o_auth_http_parameters) out.set("http", http_of(*oauth.o_auth_http_parameters));
  }
  if (auth.invocation_http_parameters) out.set("invocation", http_of(*auth.invocation_http_parameters));
  const char* needed = type == "BASIC" ? "password" : type == "API_KEY" ? "value" : "endpoint";
  if (out.find(needed) == nullptr)
    return invalid(fmt::format("AuthParameters of the authorization type {} are missing.", type));
  return {};
}

template <class Parameter>
void show_list(const Json& from, wire::List<Parameter>& out) {
  for (const Json& parameter : from.items()) {
    Parameter& shown = out.emplace_back();
    const bool secret = parameter["secret"].as_bool();
    shown.key = parameter["key"].as_string();
    if (!secret) shown.value = parameter["value"].as_string();
    shown.is_value_secret = secret;
  }
}

ConnectionHttpParameters shown_http(const Json& from) {
  ConnectionHttpParameters out;
  show_list(from["header"], out.header_parameters);
  show_list(from["query"], out.query_string_parameters);
  show_list(from["body"], out.body_parameters);
  return out;
}

ConnectionAuthResponseParameters shown_parameters(const std::string& type, const Json& from) {
  ConnectionAuthResponseParameters out;
  if (type == "BASIC")
    out.basic_auth_parameters = ConnectionBasicAuthResponseParameters{.username = from["user"].as_string()};
  if (type == "API_KEY")
    out.api_key_auth_parameters = ConnectionApiKeyAuthResponseParameters{.api_key_name = from["name"].as_string()};
  if (type == "OAUTH_CLIENT_CREDENTIALS") {
    ConnectionOAuthResponseParameters oauth{
        .client_parameters = ConnectionOAuthClientResponseParameters{.client_id = from["id"].as_string()},
        .authorization_endpoint = from["endpoint"].as_string(),
        .http_method = from["method"].as_string()};
    if (from.find("http") != nullptr) oauth.o_auth_http_parameters = shown_http(from["http"]);
    out.o_auth_parameters = std::move(oauth);
  }
  if (from.find("invocation") != nullptr) out.invocation_http_parameters = shown_http(from["invocation"]);
  return out;
}

template <class Out>
void show(const ConnectionKey& key, const ConnectionRecord& record, Out& out) {
  out.connection_arn = connection_arn(key, record);
  out.connection_state = record.state;
  out.creation_time = record.created;
  out.last_modified_time = record.modified;
  if constexpr (requires { out.last_authorized_time; }) out.last_authorized_time = record.authorized;
  if constexpr (requires { out.authorization_type; }) {
    out.name = key.name;
    out.authorization_type = record.type;
  }
}

template <class In>
Status check_supported(const In& in) {
  if (in.kms_key_identifier && !in.kms_key_identifier->empty())
    return invalid("KmsKeyIdentifier is not supported by this server.");
  if (in.invocation_connectivity_parameters)
    return invalid("InvocationConnectivityParameters are not supported by this server.");
  return {};
}

}  // namespace

Result<CreateConnectionResponse> create_connection(Events&, Call& call, const CreateConnectionRequest& in) {
  const ConnectionKey key{call.account(), call.region(), *in.name};
  if (TRY(call.get(kConnections, key))) return exists_already(fmt::format("Connection {} already exists.", key.name));
  TRY(check_supported(in));
  Json parameters = Json::object();
  TRY(take(*in.authorization_type, *in.auth_parameters, parameters));
  // ASSUMED: an OAuth connection's token is first asked for with its first call; AWS does so at once.
  const ConnectionRecord record{.id = uuid4(),
                                .type = *in.authorization_type,
                                .description = in.description,
                                .created = call.now(),
                                .modified = call.now(),
                                .authorized = call.now(),
                                .sealed = seal_connection(call.door().store(), parameters)};
  TRY(call.put(kConnections, key, record));
  CreateConnectionResponse out;
  show(key, record, out);
  return out;
}

Result<UpdateConnectionResponse> update_connection(Events&, Call& call, const UpdateConnectionRequest& in) {
  auto [key, record] = TRY(find_connection(call, in.name, Lock::kExclusive));
  TRY(check_supported(in));
  Json parameters = TRY(open_connection(call.door().store(), record));
  const std::string type = in.authorization_type.value_or(record.type);
  if (type != record.type) {
    if (!in.auth_parameters)
      return invalid(fmt::format("AuthParameters of the authorization type {} are missing.", type));
    Json fresh = Json::object();
    if (parameters.find("invocation") != nullptr) fresh.set("invocation", parameters["invocation"]);
    parameters = std::move(fresh);
  }
  record.type = type;
  if (in.auth_parameters) TRY(take(type, *in.auth_parameters, parameters));
  if (in.description) record.description = in.description;
  record.state = "AUTHORIZED";
  record.modified = record.authorized = call.now();
  record.sealed = seal_connection(call.door().store(), parameters);
  TRY(call.put(kConnections, key, record));
  UpdateConnectionResponse out;
  show(key, record, out);
  return out;
}

Result<DeleteConnectionResponse> delete_connection(Events&, Call& call, const DeleteConnectionRequest& in) {
  auto [key, record] = TRY(find_connection(call, in.name, Lock::kExclusive));
  TRY(call.erase(kConnections, key));
  record.state = "DELETING";
  DeleteConnectionResponse out;
  show(key, record, out);
  return out;
}

// What it kept is gone: it says again how one logs in by UpdateConnection.
Result<DeauthorizeConnectionResponse> deauthorize_connection(Events&, Call& call,
                                                             const DeauthorizeConnectionRequest& in) {
  auto [key, record] = TRY(find_connection(call, in.name, Lock::kExclusive));
  record.state = "DEAUTHORIZED";
  record.modified = call.now();
  record.sealed = seal_connection(call.door().store(), Json::object());
  TRY(call.put(kConnections, key, record));
  DeauthorizeConnectionResponse out;
  show(key, record, out);
  return out;
}

Result<DescribeConnectionResponse> describe_connection(Events&, Call& call, const DescribeConnectionRequest& in) {
  const auto [key, record] = TRY(find_connection(call, in.name, Lock::kNone));
  DescribeConnectionResponse out;
  show(key, record, out);
  out.description = record.description;
  out.auth_parameters = shown_parameters(record.type, TRY(open_connection(call.door().store(), record)));
  return out;
}

Result<ListConnectionsResponse> list_connections(Events&, Call& call, const ListConnectionsRequest& in) {
  const std::string prefix = in.name_prefix.value_or(""), state = in.connection_state.value_or("");
  const std::string request = fmt::format("ListConnections {} {} {} {}", call.account(), call.region(), prefix, state);
  ListConnectionsResponse out;
  out.connections.set_present();
  auto at =
      call.tx().cursor(kConnections, {.prefix = prefix_of(kConnections, call.account(), call.region(), Starts{prefix}),
                                      .after = TRY(page_start(call, request, in.next_token))});
  for (std::string last; at.valid(); at.next()) {
    const ConnectionRecord record = TRY(at.record());
    if (!state.empty() && record.state != state) continue;
    if (out.connections.size() >= static_cast<size_t>(in.limit.value_or(kPage))) {
      out.next_token = page_token(call.door().store(), request, last);
      break;
    }
    show(TRY(at.key()), record, out.connections.emplace_back());
    last = at.encoded();
  }
  TRY(at.status());
  return out;
}

}  // namespace tarn::events
