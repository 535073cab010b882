// HTTP endpoints that events are sent to, and the connections that say how one logs in there. EventBridge's operations
// make and show them (services/events); the call itself is an operation of tarn's own (services/admin), so that it is
// judged, audited and retried as any call of a rule is.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "store/table.h"

namespace tarn {

class Store;

struct ConnectionKey {
  std::string owner, region, name;
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.region, self.name); }
};
struct ConnectionRecord {
  std::string id;    // of its ARN
  std::string type;  // "BASIC", "API_KEY", "OAUTH_CLIENT_CREDENTIALS"
  std::string state = "AUTHORIZED";
  std::optional<std::string> description;
  Time created, modified, authorized;
  // {"user", "password"}, {"name", "value"} or {"id", "secret", "endpoint", "method", "http": {..}}, and for all
  // "invocation": {..}; http and invocation have "header", "query" and "body", lists of {"key", "value", "secret"}.
  std::string sealed;
  static void fields(auto& self, auto&& visit) {
    visit(self.id, self.type, self.state, self.description, self.created, self.modified, self.authorized, self.sealed);
  }
};

struct ApiDestinationKey {
  std::string owner, region, name;
  static void fields(auto& self, auto&& visit) { visit(self.owner, self.region, self.name); }
};
struct ApiDestinationRecord {
  std::string id;
  std::string connection;  // its name
  std::string endpoint, method;
  std::optional<std::string> description;
  int32_t rate = 300;  // calls a second
  Time created, modified;
  static void fields(auto& self, auto&& visit) {
    visit(self.id, self.connection, self.endpoint, self.method, self.description, self.rate, self.created,
          self.modified);
  }
};

// The token that a connection's authorization endpoint gave last.
struct TokenKey {
  std::string connection;  // its id
  static void fields(auto& self, auto&& visit) { visit(self.connection); }
};
struct TokenRecord {
  std::string sealed;
  Time connection_modified;     // it was asked for with these parameters
  std::optional<Time> expires;  // nullopt: the endpoint did not say
  static void fields(auto& self, auto&& visit) { visit(self.sealed, self.connection_modified, self.expires); }
};
inline constexpr Table<TokenKey, TokenRecord> kTokens{"events.tokens"};

inline constexpr Table<ConnectionKey, ConnectionRecord> kConnections{"events.connections"};
inline constexpr Table<ApiDestinationKey, ApiDestinationRecord> kApiDestinations{"events.api_destinations"};

// What a connection keeps to itself.
std::string seal_connection(const Store& store, const Json& parameters);
Result<Json> open_connection(const Store& store, const ConnectionRecord& record);

struct ApiCall {
  std::vector<std::string> path_values;  // for the '*' of the endpoint, in order
  std::map<std::string, std::string> headers, query;
  std::string body;
};
// Sends it; waits at most 5 seconds (AWS: API destinations). ERRORS: what the endpoint answers beside 2xx, by its status
// (so 429 and 5xx are tried again); ResourceNotFoundException; Unreachable, TimedOut.
// `paced`: it takes at least the time that one call has at the destination's rate; calls of one target go one after the
// other, so the rate is held to. An OAuth token is kept until a minute before it expires, or until the endpoint refuses it (401, 407).
Status call_api(Store& store, const std::string& destination_arn, const ApiCall& call, Time now, bool paced);

}  // namespace tarn
