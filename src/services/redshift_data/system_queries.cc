// Rows of the system views about what was run, by the Data API and on the wire, and about sessions.
#include <algorithm>

#include "base/text.h"
#include "services/redshift_data/records.h"
#include "services/redshift_data/system_source.h"
#include "sql/system_views.h"

namespace tarn::redshift_data {
namespace {

constexpr size_t kMaxQueries = 1000;

// "SELECT", "COPY" ..: a statement's first word.
std::string first_word(const std::string& text) {
  const auto tokens = sql::lex(text);
  return tokens && !tokens->empty() ? upper(tokens->front().text) : "";
}

// AWS: STL_DDLTEXT: schemas, tables and views; STL_UTILITYTEXT has the other ones that are no queries.
std::string text_type(const std::string& text) {
  const auto tokens = sql::lex(text);
  if (!tokens || tokens->empty()) return "UTILITY";
  constexpr std::string_view kQueries[] = {"select", "with", "insert", "update", "delete", "merge", "copy", "unload"};
  constexpr std::string_view kDdl[] = {"create", "drop", "alter"};
  constexpr std::string_view kDefined[] = {"schema", "table", "view", "materialized", "temp", "temporary", "external", "or"};
  const std::string& first = tokens->front().text;
  const auto is_one_of = [](const auto& words, const std::string& word) { return std::ranges::find(words, word) != std::end(words); };
  if (is_one_of(kQueries, first) || first == "(") return "QUERY";
  const bool defines = is_one_of(kDdl, first) && tokens->size() > 1 && is_one_of(kDefined, (*tokens)[1].text);
  const bool routine = defines && (*tokens)[1].text == "or" && tokens->size() > 3 && (*tokens)[3].text != "view";
  return defines && !routine ? "DDL" : "UTILITY";
}

// AWS: SYS_QUERY_HISTORY, query_type.
std::string query_type(const std::string& text) {
  const std::string word = first_word(text);
  for (const std::string_view known :
       {"SELECT", "INSERT", "UPDATE", "DELETE", "COPY", "UNLOAD", "CALL", "VACUUM", "ANALYZE", "MERGE"})
    if (word == known) return word;
  if (word == "WITH" || word == "(") return "SELECT";
  if (word == "CREATE" || word == "DROP" || word == "ALTER" || word == "TRUNCATE" || word == "COMMENT") return "DDL";
  return word == "GRANT" || word == "REVOKE" ? "DCL" : "UTILITY";
}

}  // namespace

std::string micros(const PartRecord& part) {
  return number(part.duration_nanos / 1000);
}

std::optional<std::string> some(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

bool sees_all(const Source& source) {
  const Workgroup& workgroup = source.workgroup();
  return sql::identity_of(source.catalog, workgroup.user, workgroup.session_roles).superuser;
}

// Of a session on the wire its user says whose it is, of the Data
// API the caller.
Status each_query(Source& source, const std::function<void(const StatementRecord&, const PartRecord&)>& each) {
  const Workgroup& workgroup = source.workgroup();
  const bool all = sees_all(source);
  const bool wire = source.actor.from().principal.kind == Principal::Kind::kService;
  const auto own = [&](const std::string& user) { return all || user == workgroup.user; };
  const std::string prefix = all || wire ? index_prefix(kByPrincipal, workgroup.account, workgroup.region)
                                         : index_prefix(kByPrincipal, workgroup.account, workgroup.region,
                                                        identity_of(source.actor.from().principal));
  auto page =
      TRY(source.tx.scan_index(kStatements, kByPrincipal, {.prefix = prefix, .limit = kMaxQueries, .reverse = true}));
  std::vector<StatementRecord> records;
  for (auto& [key, record] : page.entries)
    if (record.namespace_id == workgroup.namespace_id && (!wire || own(record.user)))
      records.push_back(std::move(record));
  for (WireStatement& statement : source.activity.statements()) {
    if (!own(statement.user)) continue;
    StatementRecord& record = records.emplace_back();
    record.user = std::move(statement.user);
    record.database = std::move(statement.database);
    record.pid = statement.pid;
    record.created = statement.part.created;
    record.parts.push_back(std::move(statement.part));
  }
  std::ranges::stable_sort(records, [](const auto& a, const auto& b) { return a.created > b.created; });
  for (const StatementRecord& record : records)
    for (const PartRecord& part : record.parts) each(record, part);
  return {};
}

namespace {

constexpr std::string_view kQueryStates[] = {"queued", "planning", "running", "success", "failed", "canceled"};

std::string query_state(const PartRecord& part) {
  return std::string(kQueryStates[static_cast<size_t>(part.state)]);
}
std::string aborted(const PartRecord& part) {
  return part.state == StatementState::kFailed || part.state == StatementState::kAborted ? "1" : "0";
}

Status query_history(Source& source) {
  return each_query(source, [&](const StatementRecord& record, const PartRecord& part) {
    source.rows.push_back({user_id(source, record.user), std::to_string(part.query_id), "default", "0",
                           std::to_string(record.pid), record.database, query_type(part.sql), query_state(part),
                           "false", timestamp(part.created), timestamp(part.updated), micros(part), "0", micros(part),
                           some(part.error), number(part.rows), number(part.bytes), part.sql});
  });
}

Status query_text(Source& source) {
  return each_query(source, [&](const StatementRecord& record, const PartRecord& part) {
    source.rows.push_back({user_id(source, record.user), std::to_string(part.query_id), "0", std::to_string(record.pid),
                           timestamp(part.created), "0", part.sql});
  });
}

Status stl_query(Source& source) {
  return each_query(source, [&](const StatementRecord& record, const PartRecord& part) {
    if (!is_over(part.state)) return;
    source.rows.push_back({user_id(source, record.user), std::to_string(part.query_id), "default", "0",
                           std::to_string(record.pid), record.database, part.sql, timestamp(part.created),
                           timestamp(part.updated), aborted(part), "0", "0"});
  });
}

Status stl_querytext(Source& source) {
  return each_query(source, [&](const StatementRecord& record, const PartRecord& part) {
    constexpr size_t kPiece = 200;  // AWS: STL_QUERYTEXT: 200 characters a row
    for (size_t at = 0; at < part.sql.size(); at += kPiece)
      source.rows.push_back({user_id(source, record.user), "0", std::to_string(record.pid),
                             std::to_string(part.query_id), std::to_string(at / kPiece), part.sql.substr(at, kPiece)});
  });
}

Status svl_qlog(Source& source) {
  return each_query(source, [&](const StatementRecord& record, const PartRecord& part) {
    if (!is_over(part.state)) return;
    source.rows.push_back({user_id(source, record.user), std::to_string(part.query_id), "0", std::to_string(record.pid),
                           timestamp(part.created), timestamp(part.updated), micros(part), aborted(part), "default",
                           part.sql.substr(0, 60), std::nullopt, "0", std::nullopt});
  });
}

Status svl_statementtext(Source& source) {
  return each_query(source, [&](const StatementRecord& record, const PartRecord& part) {
    source.rows.push_back({user_id(source, record.user), "0", std::to_string(record.pid), "default",
                           timestamp(part.created), timestamp(part.updated), "0", text_type(part.sql), part.sql});
  });
}

Status stv_recents(Source& source) {
  return each_query(source, [&](const StatementRecord& record, const PartRecord& part) {
    source.rows.push_back({user_id(source, record.user), is_over(part.state) ? "Done" : "Running",
                           timestamp(part.created), micros(part), record.user, record.database, part.sql,
                           std::to_string(record.pid)});
  });
}

Status stv_inflight(Source& source) {
  return each_query(source, [&](const StatementRecord& record, const PartRecord& part) {
    if (is_over(part.state)) return;
    source.rows.push_back({user_id(source, record.user), "0", std::to_string(part.query_id), "default", "0",
                           std::to_string(record.pid), timestamp(part.created), part.sql.substr(0, 100), "0", "0",
                           "0"});
  });
}

Status procedure_calls(Source& source) {
  return each_query(source, [&](const StatementRecord& record, const PartRecord& part) {
    const auto call = parsed_as<sql::CallProcedure>(part.sql);
    if (!call) return;
    const std::string user = user_id(source, record.user);
    source.rows.push_back({user, std::to_string(part.query_id), user, record.database, std::to_string(record.pid), "0",
                           query_state(part), timestamp(part.created), timestamp(part.updated), call->name.text(),
                           some(part.error), part.sql});
  });
}

// One step a query: what it gave back. The steps of its plan are not kept.
Status query_detail(Source& source) {
  return each_query(source, [&](const StatementRecord& record, const PartRecord& part) {
    if (part.state != StatementState::kFinished || query_type(part.sql) != "SELECT") return;
    source.rows.push_back({user_id(source, record.user), std::to_string(part.query_id), "1", "0", "0", "0", "return",
                           "-1", std::nullopt, "false", timestamp(part.created), timestamp(part.updated), micros(part),
                           std::nullopt, std::nullopt, std::nullopt, number(part.bytes), number(part.rows)});
  });
}

// The wire's sessions, and those of the Data API that run a statement.
Status sessions(Source& source) {
  const bool all = sees_all(source);
  for (const WireSession& session : source.activity.sessions())
    if (all || session.user == source.workgroup().user)
      source.rows.push_back({timestamp(session.started), std::to_string(session.pid), session.user, session.database,
                             "0", session.application, session.peer});
  return each_query(source, [&](const StatementRecord& record, const PartRecord& part) {
    const std::string pid = std::to_string(record.pid);
    const bool known = std::ranges::any_of(source.rows, [&](const SystemRow& row) { return row[1] == pid; });
    if (is_over(part.state) || known) return;
    source.rows.push_back({timestamp(part.created), pid, record.user, record.database, "0", "", ""});
  });
}

// AWS: STL_CONNECTION_LOG, for superusers.
Status connection_log(Source& source) {
  if (!sees_all(source)) return {};
  for (const ConnectionEvent& each : source.activity.connections())
    source.rows.push_back({each.event, timestamp(each.time), each.session.peer, std::to_string(each.session.pid), each.session.database,
                           each.session.user, std::to_string(each.duration_micros), each.session.application,
                           user_id(source, each.session.user), timestamp(each.session.started)});
  return {};
}

// What REFRESH MATERIALIZED VIEW did: it always computes the view anew.
Status refreshes(Source& source) {
  return each_query(source, [&](const StatementRecord& record, const PartRecord& part) {
    const auto refresh = parsed_as<sql::RefreshView>(part.sql);
    if (!refresh || !is_over(part.state)) return;
    const bool missing = part.error.find("does not exist") != std::string::npos;
    source.rows.push_back({record.database, user_id(source, record.user), some(refresh->name.schema), refresh->name.name,
                           std::to_string(record.pid), timestamp(part.created), timestamp(part.updated), micros(part),
                           part.state == StatementState::kFinished ? "Refresh successfully recomputed MV from scratch"
                           : missing                               ? "Refresh failed. MV was not found"
                                                                   : "Refresh failed. Internal error"});
  });
}

constexpr RowsOf kQueryViews[] = {
    {sql::kConnections, connection_log},
    {sql::kRefreshes, refreshes},
    {"sys_query_history", query_history},
    {"sys_query_detail", query_detail},
    {"sys_query_text", query_text},
    {"sys_procedure_call", procedure_calls},
    {"stl_query", stl_query},
    {"stl_querytext", stl_querytext},
    {"svl_qlog", svl_qlog},
    {"svl_statementtext", svl_statementtext},
    {"stv_recents", stv_recents},
    {"stv_inflight", stv_inflight},
    {sql::kSessions, sessions},
};

}  // namespace

std::span<const RowsOf> query_views() {
  return kQueryViews;
}

}  // namespace tarn::redshift_data
