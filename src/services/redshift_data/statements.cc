// Submitting statements, and what is known of them.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/digest.h"
#include "base/text.h"
#include "door/door.h"
#include "os/random.h"
#include "services/redshift_data/redshift_data.h"
#include "services/redshift_data/target.h"
#include "sql/lex.h"
#include "store/idempotency.h"
#include "store/page_token.h"

namespace tarn::redshift_data {
namespace {

constexpr size_t kMaxStatementBytes = 200 * 1000;  // AWS: Data API quotas: query statement size
constexpr int64_t kMaxKeepAlive = 24 * 3600;
constexpr int32_t kPage = 100;

// What Execute and BatchExecute share.
template <class Input>
Status check_target(const Input& in) {
  if (in.secret_arn)
    return invalid("SecretArn is not supported: the database user is made from the caller; leave it out.");
  if (in.db_user && !in.cluster_identifier)
    return invalid("DbUser is for clusters: with WorkgroupName the database user is made from the caller.");
  if (in.session_id && (in.workgroup_name || in.cluster_identifier || in.database))
    return invalid("WorkgroupName, ClusterIdentifier and Database are the session's: leave them out when SessionId is given.");
  if (!in.session_id && in.workgroup_name.has_value() == in.cluster_identifier.has_value())
    return invalid("Either WorkgroupName or ClusterIdentifier must be given, or the SessionId of a session.");
  if (in.session_keep_alive_seconds &&
      (*in.session_keep_alive_seconds < 0 || *in.session_keep_alive_seconds > kMaxKeepAlive))
    return invalid(fmt::format("SessionKeepAliveSeconds must be between 0 and {}.", kMaxKeepAlive));
  return {};
}

Status check_text(const std::string& sql) {
  if (trim(sql).empty()) return invalid("The SQL statement is empty.");
  if (sql.size() > kMaxStatementBytes)
    return invalid(fmt::format("The SQL statement is {} bytes long; {} is the most.", sql.size(), kMaxStatementBytes));
  return {};
}

// AWS: each parameter of the text is given, and each given one is used.
Result<std::vector<sql::Param>> parameters_of(const wire::List<SqlParameter>& given,
                                              const std::vector<std::string>& texts) {
  std::set<std::string> used;
  for (const std::string& text : texts)
    if (const auto tokens = sql::lex(text))
      for (const sql::Token& token : *tokens)
        if (token.kind == sql::TokenKind::kNamedParam) used.insert(lower(token.text));
  std::vector<sql::Param> params;
  std::string unused;
  for (const SqlParameter& parameter : given) {
    const std::string name = lower(*parameter.name);
    for (const sql::Param& other : params)
      if (other.name == name)
        return invalid(fmt::format("Parameters list contains duplicate parameter {}", *parameter.name));
    if (!used.contains(name)) unused += (unused.empty() ? "" : ", ") + *parameter.name;
    params.push_back({name, *parameter.value});
  }
  if (!unused.empty())
    return invalid(fmt::format("Parameters list contains unused parameters. Unused parameters: [{}]", unused));
  if (given.empty()) return params;  // ":x" may be something else where no parameters are given
  for (const std::string& name : used)
    if (std::ranges::none_of(params, [&](const sql::Param& param) { return param.name == name; }))
      return invalid(fmt::format("Cannot find parameter: {}", name));
  return params;
}

// The workgroup that is named, or the session's.
template <class Input>
Result<std::vector<Need>> statement_needs(RedshiftData& service, Call& call, const Input& in, std::string_view action) {
  return target_needs(call, in.session_id ? service.target_of_session(*in.session_id) : target_of(in), action);
}

struct Submitted {
  StatementKey key;
  StatementRecord record;
};

// The statement of an earlier request with that token; nullopt: there was none.
Result<std::optional<std::string>> earlier(RedshiftData& service, const IdempotencyKey& key, const std::string& hash,
                                           Time now) {
  if (key.token.empty()) return std::nullopt;
  const auto tx = service.door().store().write();
  return earlier_answer(*tx, key, hash, now);
}

template <class Input>
Result<Submitted> submit(RedshiftData& service, Call& call, const Input& in, const std::vector<std::string>& texts,
                         bool batch, std::string_view action) {
  TRY(check_target(in));
  for (const std::string& text : texts) TRY(check_text(text));
  std::vector<sql::Param> params = TRY(parameters_of(in.parameters, texts));

  std::shared_ptr<LiveSession> session;
  Workgroup workgroup;
  std::string database;
  if (in.session_id) {
    session = TRY(service.take_session(call.principal(), *in.session_id, in.session_keep_alive_seconds));
    auto opened = open_target(call, Target::again(session->workgroup));
    if (!opened) {
      service.release_session(*session);
      return Failure(opened.error());
    }
    workgroup = std::move(*opened);
    database = session->database;
  } else {
    workgroup = TRY(open_target(call, target_of(in)));
    database = lower(in.database.value_or(workgroup.database));
  }

  const IdempotencyKey token{std::string(action), identity_of(call.principal()), in.client_token.value_or("")};
  std::string hash = workgroup.arn + "\n" + database;
  for (const std::string& text : texts) hash += "\n" + text;
  hash = hex(sha256(hash));
  if (const auto before = TRY(earlier(service, token, hash, call.now()))) {
    if (session) service.release_session(*session);
    const auto tx = service.door().store().read();
    FoundStatement found = TRY(find_statement(*tx, call.caller(), call.now(), *before));
    return Submitted{std::move(found.key), std::move(found.record)};
  }
  if (!session)
    session = TRY(service.new_session(call.principal(), workgroup, database, in.session_keep_alive_seconds));

  Submitted made;
  made.key = {call.account(), call.region(), uuid4()};
  StatementRecord& record = made.record;
  record.principal = identity_of(call.principal());
  record.user_id = call.principal().user_id;
  record.workgroup = workgroup.name;
  record.workgroup_arn = workgroup.arn;
  record.namespace_id = workgroup.namespace_id;
  record.database = database;
  record.user = workgroup.user;
  record.name = in.statement_name.value_or("");
  record.session_id = session->id;
  record.result_format = in.result_format.value_or("JSON");
  record.batch = batch;
  record.with_event = in.with_event.value_or(false);
  record.created = record.updated = call.now();
  for (const SqlParameter& parameter : in.parameters) record.parameters.emplace_back(*parameter.name, *parameter.value);
  for (const std::string& text : texts) {
    PartRecord& part = record.parts.emplace_back();
    part.sql = text;
    part.created = part.updated = call.now();
    part.query_id = service.door().store().next_id();
  }
  if constexpr (requires { in.execution_mode; }) record.auto_commit = in.execution_mode == "AUTO_COMMIT";

  const auto written = service.door().store().run([&](Transaction& tx) -> Status {
    if (!token.token.empty()) TRY(remember_answer(tx, token, hash, made.key.id, call.now() + kRetention));
    return tx.put(kStatements, made.key, record);
  });
  Status durable = written ? service.door().store().wait_synced(*written) : Status(Failure(written.error()));
  if (!durable) {
    service.release_session(*session);
    return Failure(durable.error());
  }
  session->workgroup = std::move(workgroup);
  service.submit(std::make_shared<Job>(Job{made.key, call.caller(), std::move(session), std::move(params)}));
  if (in.wait_time_seconds && *in.wait_time_seconds > 0) {
    TRY(service.wait(made.key, std::chrono::seconds(*in.wait_time_seconds)));
    const auto tx = service.door().store().read();
    if (auto now = TRY(tx->get(kStatements, made.key))) record = std::move(*now);
  }
  return made;
}

template <class Output>
Output answer(const Submitted& made, bool waited) {
  Output out;
  out.id = made.key.id;
  out.created_at = made.record.created;
  out.database = made.record.database;
  (is_cluster_arn(made.record.workgroup_arn) ? out.cluster_identifier : out.workgroup_name) = made.record.workgroup;
  out.db_user = made.record.user;
  if (!made.record.session_id.empty()) out.session_id = made.record.session_id;
  if (!waited) return out;
  out.status = std::string(state_text(made.record.state));
  out.has_result_set = std::ranges::any_of(made.record.parts, &PartRecord::has_result);
  return out;
}

SubStatementData sub_statement(const StatementKey& key, const StatementRecord& record, size_t index) {
  const PartRecord& part = record.parts[index];
  SubStatementData out;
  out.id = fmt::format("{}:{}", key.id, index + 1);
  out.status = std::string(state_text(part.state));
  out.query_string = part.sql;
  out.created_at = part.created;
  out.updated_at = part.updated;
  out.duration = part.duration_nanos;
  out.has_result_set = part.has_result;
  out.result_rows = part.rows;
  out.result_size = part.bytes;
  out.redshift_query_id = static_cast<int64_t>(part.query_id);
  if (!part.error.empty()) out.error = part.error;
  return out;
}

DescribeStatementResponse described(const FoundStatement& found) {
  const StatementRecord& record = found.record;
  DescribeStatementResponse out;
  out.id = found.key.id;
  out.database = record.database;
  (is_cluster_arn(record.workgroup_arn) ? out.cluster_identifier : out.workgroup_name) = record.workgroup;
  out.db_user = record.user;
  out.result_format = record.result_format;
  if (!record.session_id.empty()) out.session_id = record.session_id;
  for (const auto& [name, value] : record.parameters) out.query_parameters.push_back({.name = name, .value = value});
  out.redshift_pid = record.pid;
  if (found.part > 0) {
    const SubStatementData part = sub_statement(found.key, record, found.part - 1);
    out.id = part.id;
    out.status = part.status;
    out.query_string = part.query_string;
    out.created_at = part.created_at;
    out.updated_at = part.updated_at;
    out.duration = part.duration;
    out.has_result_set = part.has_result_set;
    out.result_rows = part.result_rows;
    out.result_size = part.result_size;
    out.redshift_query_id = part.redshift_query_id;
    out.error = part.error;
    return out;
  }
  out.status = std::string(state_text(record.state));
  out.created_at = record.created;
  out.updated_at = record.updated;
  out.duration = record.duration_nanos;
  if (!record.error.empty()) out.error = record.error;
  out.has_result_set = std::ranges::any_of(record.parts, &PartRecord::has_result);
  int64_t rows = 0, bytes = 0;
  for (const PartRecord& part : record.parts) {
    rows += std::max<int64_t>(part.rows, 0);
    bytes += std::max<int64_t>(part.bytes, 0);
  }
  const bool over = is_over(record.state);
  out.result_rows = over ? rows : -1;
  out.result_size = over ? bytes : -1;
  out.redshift_query_id = record.batch ? 0 : static_cast<int64_t>(record.parts[0].query_id);
  if (!record.batch) {
    out.query_string = record.parts[0].sql;
    return out;
  }
  out.execution_mode = record.auto_commit ? "AUTO_COMMIT" : "TRANSACTION";
  for (size_t i = 0; i < record.parts.size(); ++i) out.sub_statements.push_back(sub_statement(found.key, record, i));
  return out;
}

}  // namespace

Result<std::vector<Need>> execute_statement_rights(RedshiftData& service, Call& call, const ExecuteStatementInput& in) {
  return statement_needs(service, call, in, "redshift-data:ExecuteStatement");
}

Result<ExecuteStatementOutput> execute_statement(RedshiftData& service, Call& call, const ExecuteStatementInput& in) {
  const Submitted made = TRY(submit(service, call, in, {*in.sql}, false, "redshift-data:ExecuteStatement"));
  return answer<ExecuteStatementOutput>(made, in.wait_time_seconds.value_or(0) > 0);
}

Result<std::vector<Need>> batch_execute_statement_rights(RedshiftData& service, Call& call,
                                                         const BatchExecuteStatementInput& in) {
  return statement_needs(service, call, in, "redshift-data:BatchExecuteStatement");
}

Result<BatchExecuteStatementOutput> batch_execute_statement(RedshiftData& service, Call& call,
                                                            const BatchExecuteStatementInput& in) {
  const Submitted made = TRY(submit(service, call, in, in.sqls.items(), true, "redshift-data:BatchExecuteStatement"));
  return answer<BatchExecuteStatementOutput>(made, in.wait_time_seconds.value_or(0) > 0);
}

Result<std::vector<Need>> describe_statement_rights(RedshiftData&, Call& call, const DescribeStatementRequest& in) {
  return needs_on_statement(call, *in.id, "redshift-data:DescribeStatement");
}

Result<DescribeStatementResponse> describe_statement(RedshiftData& service, Call& call,
                                                     const DescribeStatementRequest& in) {
  auto tx = service.door().store().read();
  FoundStatement found = TRY(find_statement(*tx, call.caller(), call.now(), *in.id));
  if (in.wait_time_seconds.value_or(0) > 0 && !is_over(found.record.state)) {
    TRY(service.wait(found.key, std::chrono::seconds(*in.wait_time_seconds)));
    tx = service.door().store().read();
    found = TRY(find_statement(*tx, call.caller(), call.now(), *in.id));
  }
  TRY(service.door().store().wait_synced(tx->seen()));
  return described(found);
}

Result<std::vector<Need>> cancel_statement_rights(RedshiftData&, Call& call, const CancelStatementRequest& in) {
  return needs_on_statement(call, *in.id, "redshift-data:CancelStatement");
}

Result<CancelStatementResponse> cancel_statement(RedshiftData& service, Call& call, const CancelStatementRequest& in) {
  const auto tx = service.door().store().read();
  const FoundStatement found = TRY(find_statement(*tx, call.caller(), call.now(), *in.id));
  // AWS: CancelStatement: only a running statement can be cancelled.
  if (is_over(found.record.state) || !service.cancel(found.key))
    return invalid(fmt::format("Could not cancel a query that is already in {} state with ID: {}",
                               state_text(found.record.state), found.key.id));
  return CancelStatementResponse{.status = true};
}

// Only the caller's own are listed.
Result<std::vector<Need>> list_statements_rights(RedshiftData&, Call& call, const ListStatementsRequest&) {
  Need need{.action = "redshift-data:ListStatements", .resource = "*"};
  need.context["redshift-data:statement-owner-iam-userid"] = {call.principal().user_id};
  return std::vector{std::move(need)};
}

Result<ListStatementsResponse> list_statements(RedshiftData&, Call& call, const ListStatementsRequest& in) {
  const std::string principal = identity_of(call.principal());
  // AWS: ListStatements: only finished ones are listed unless Status says otherwise.
  const std::string status = in.status.value_or("FINISHED");
  const std::string request =
      fmt::format("ListStatements {} {} {} {}", call.account(), call.region(), principal, status);
  std::string after;
  if (in.next_token && !in.next_token->empty()) {
    auto position = page_position(call.door().store(), request, *in.next_token);
    if (!position) return invalid("The NextToken is not one that this operation gave.");
    after = std::move(*position);
  }
  ListStatementsResponse out;
  out.statements.set_present();
  const auto limit = static_cast<size_t>(std::clamp(in.max_results.value_or(kPage), 1, kPage));
  const std::string prefix = index_prefix(kByPrincipal, call.account(), call.region(), principal);
  for (bool more = true; more;) {
    const auto page = TRY(call.tx().scan_index(kStatements, kByPrincipal,
                                               {.prefix = prefix, .after = after, .limit = 1, .reverse = true}));
    if (page.entries.empty()) break;
    more = page.more;
    after = page.last;
    const auto& [key, record] = page.entries[0];
    if (record.created + kRetention <= call.now()) break;  // and all older ones
    if (status != "ALL" && status != state_text(record.state)) continue;
    if (in.statement_name && !record.name.starts_with(*in.statement_name)) continue;
    if (in.workgroup_name && (is_cluster_arn(record.workgroup_arn) || record.workgroup != *in.workgroup_name)) continue;
    if (in.cluster_identifier && (!is_cluster_arn(record.workgroup_arn) || record.workgroup != *in.cluster_identifier)) continue;
    if (in.database && record.database != *in.database) continue;
    if (in.role_level == false && record.user_id != call.principal().user_id) continue;  // of this IAM session only
    StatementData& data = out.statements.emplace_back();
    data.id = key.id;
    data.status = std::string(state_text(record.state));
    if (!record.name.empty()) data.statement_name = record.name;
    data.created_at = record.created;
    data.updated_at = record.updated;
    data.is_batch_statement = record.batch;
    data.result_format = record.result_format;
    if (!record.session_id.empty()) data.session_id = record.session_id;
    for (const auto& [name, value] : record.parameters) data.query_parameters.push_back({.name = name, .value = value});
    if (record.batch)
      for (const PartRecord& part : record.parts) data.query_strings.push_back(part.sql);
    else
      data.query_string = record.parts[0].sql;
    if (out.statements.size() == limit && more) {
      out.next_token = page_token(call.door().store(), request, after);
      break;
    }
  }
  return out;
}

}  // namespace tarn::redshift_data
