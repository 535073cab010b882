// ListSessions: the sessions of the last day are those that its statements ran in; of those that are open the service knows
// more.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>

#include "door/door.h"
#include "services/redshift_data/redshift_data.h"
#include "store/page_token.h"

namespace tarn::redshift_data {
namespace {

constexpr int32_t kPage = 100;

// The newest first, under what a page token holds of them.
using Sessions = std::map<std::string, SessionData, std::greater<>>;

// Those of the caller, whatever their state: as the statements tell, which are from the newest to the oldest.
Result<Sessions> sessions_of(Call& call, const ListSessionsRequest& in) {
  struct Known {
    SessionData data;
    Time created;
    std::string first_user_id;
  };
  std::map<std::string, Known> known;
  const std::string principal = identity_of(call.principal());
  const auto page = TRY(call.tx().scan_index(
      kStatements, kByPrincipal,
      {.prefix = index_prefix(kByPrincipal, call.account(), call.region(), principal), .reverse = true}));
  for (const auto& [key, record] : page.entries) {
    if (record.created + kRetention <= call.now()) break;  // and all older ones
    if (record.session_id.empty()) continue;
    const auto [at, is_new] = known.try_emplace(record.session_id);
    Known& session = at->second;
    session.created = record.created;
    session.first_user_id = record.user_id;
    if (!is_new) continue;
    session.data.session_id = record.session_id;
    session.data.status = "CLOSED";
    session.data.updated_at = record.updated;
    session.data.database = record.database;
    session.data.db_user = record.user;
    (is_cluster_arn(record.workgroup_arn) ? session.data.cluster_identifier : session.data.workgroup_name) =
        record.workgroup;
  }
  Sessions sessions;
  for (auto& [id, session] : known) {
    if (in.role_level == false && session.first_user_id != call.principal().user_id) continue;
    session.data.created_at = session.created;
    sessions.emplace(fmt::format("{:020} {}", session.created.micros, id), std::move(session.data));
  }
  return sessions;
}

void add_live(SessionData& data, const OpenSession& open, Time now) {
  data.status = open.statement.empty() ? "AVAILABLE" : "BUSY";
  data.session_alive_seconds = static_cast<int32_t>(open.keep_alive / kSecond);
  if (open.statement.empty())
    data.session_ttl = now + open.left;
  else
    data.current_statement_id = open.statement;
}

bool is_asked_for(const SessionData& data, const ListSessionsRequest& in) {
  if (in.session_id) return data.session_id == in.session_id;
  if (in.status ? data.status != in.status : data.status == "CLOSED") return false;
  if (in.cluster_identifier && data.cluster_identifier != in.cluster_identifier) return false;
  if (in.workgroup_name && data.workgroup_name != in.workgroup_name) return false;
  return !in.database || data.database == in.database;
}

}  // namespace

// Only the caller's own are listed.
Result<std::vector<Need>> list_sessions_rights(RedshiftData&, Call&, const ListSessionsRequest&) {
  return std::vector{Need{.action = "redshift-data:ListSessions", .resource = "*"}};
}

Result<ListSessionsResponse> list_sessions(RedshiftData& service, Call& call, const ListSessionsRequest& in) {
  if (in.session_id && (in.status || in.cluster_identifier || in.workgroup_name || in.database))
    return invalid(
        "Status, ClusterIdentifier, WorkgroupName and Database choose among sessions: leave them out when SessionId is "
        "given.");
  if (in.cluster_identifier && in.workgroup_name)
    return invalid("Either WorkgroupName or ClusterIdentifier may be given, not both.");
  const std::string request =
      fmt::format("ListSessions {} {} {}", call.account(), call.region(), identity_of(call.principal()));
  std::string after;
  if (in.next_token && !in.next_token->empty()) {
    auto position = page_position(call.door().store(), request, *in.next_token);
    if (!position) return invalid("The NextToken is not one that this operation gave.");
    after = std::move(*position);
  }
  Sessions sessions = TRY(sessions_of(call, in));
  const auto open = service.open_sessions();
  ListSessionsResponse out;
  out.sessions.set_present();
  const auto limit = static_cast<size_t>(std::clamp(in.max_results.value_or(kPage), 1, kPage));
  std::string last;
  for (auto at = after.empty() ? sessions.begin() : sessions.upper_bound(after); at != sessions.end(); ++at) {
    auto& [position, data] = *at;
    if (const auto live = open.find(*data.session_id); live != open.end()) add_live(data, live->second, call.now());
    if (!is_asked_for(data, in)) continue;
    if (out.sessions.size() == limit) {
      out.next_token = page_token(call.door().store(), request, last);
      break;
    }
    last = position;
    out.sessions.push_back(std::move(data));
  }
  if (in.session_id && out.sessions.empty())
    return not_found("Session is not available: " + *in.session_id, *in.session_id);
  return out;
}

}  // namespace tarn::redshift_data
