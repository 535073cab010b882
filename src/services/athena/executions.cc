// Query executions: asking for them, stopping them, and what is known of them.
#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"
#include "base/text.h"
#include "door/door.h"
#include "gen/s3/shapes.h"
#include "lake/lake.h"
#include "os/clock.h"
#include "os/random.h"
#include "services/athena/athena.h"
#include "services/athena/errors.h"
#include "services/athena/pages.h"
#include "sql/sql_error.h"
#include "sql/stmt_athena.h"
#include "store/idempotency.h"
#include "store/page_token.h"

namespace tarn::athena {
namespace {

constexpr int32_t kPage = 50;
constexpr Micros kTokenLives = kDay;

ExecutionKey key_of(Call& call, const std::string& id) {
  return {call.account(), call.region(), id};
}

Result<ExecutionRecord> find_execution(Transaction& tx, const ExecutionKey& key) {
  auto found = TRY(tx.get(kExecutions, key, Lock::kNone));
  if (!found) return invalid(fmt::format("QueryExecution {} was not found", key.id));
  return std::move(*found);
}

// The right on the workgroup of the execution; on all where there is none, so that only those who may see any learn that.
Result<std::vector<Need>> execution_needs(Transaction& tx, Call& call, const std::string& id, std::string action) {
  const auto found = TRY(tx.get(kExecutions, key_of(call, id), Lock::kNone));
  return std::vector<Need>{{std::move(action), workgroup_arn(call, found ? found->workgroup : "*")}};
}

// --- start ----------------------------------------------------------------------------------------------------------

// "s3://b/p" -> "s3://b/p/"
Result<std::string> folder(std::string location) {
  if (!lake::s3_place(location) || lake::s3_place(location)->bucket.empty())
    return invalid(fmt::format("outputLocation is not a valid S3 path: {}", location));
  if (!location.ends_with('/')) location += '/';
  return location;
}

// AWS: Workgroup settings override client-side settings, where the workgroup enforces them.
Result<ResultRecord> result_settings(const WorkgroupRecord& workgroup, const StartQueryExecutionInput& in) {
  ResultRecord result = workgroup.result;
  if (!workgroup.enforce && in.result_configuration) {
    const ResultConfiguration& given = *in.result_configuration;
    if (given.output_location) result.output_location = *given.output_location;
    if (given.encryption_configuration) {
      result.encryption_option = *given.encryption_configuration->encryption_option;
      result.kms_key = given.encryption_configuration->kms_key.value_or("");
    }
    if (given.expected_bucket_owner) result.expected_bucket_owner = *given.expected_bucket_owner;
    if (given.acl_configuration) result.acl_option = *given.acl_configuration->s3_acl_option;
  }
  if (result.output_location.empty())
    return invalid(
        "No output location provided. An output location is required either through the Workgroup result configuration "
        "setting or as an API input.");
  result.output_location = TRY(folder(std::move(result.output_location)));
  return result;
}

// AWS: a bucket that is not there, or is another's than was expected, is found out at once.
Status check_bucket(Door& door, const Caller& as, const ResultRecord& result) {
  const std::string bucket = TRY(lake::s3_place(result.output_location)).bucket;
  s3::GetBucketLocationRequest get;
  get.bucket = bucket;
  if (!result.expected_bucket_owner.empty()) get.expected_bucket_owner = result.expected_bucket_owner;
  const auto got = door.call(as, get);
  if (got) return {};
  return invalid(fmt::format("Unable to verify/create output bucket {}: {}", bucket, got.error().message));
}

std::string object_name(const sql::athena::Recognised& statement, const std::string& id) {
  if (statement.substatement == "CREATE_TABLE_AS_SELECT") return "tables/" + id;
  if (statement.substatement == "INSERT" || statement.substatement == "UNLOAD") return id;
  return id + (statement.type == "DML" ? ".csv" : ".txt");
}

Result<sql::athena::Recognised> recognised(const std::string& text) {
  auto statement = sql::athena::recognise(text);
  if (statement) return statement;
  const bool malformed = sql::sqlstate_of(statement.error()) == sql::kSyntaxError;
  return invalid(reason_of(statement.error(), text).substr(malformed ? std::string_view("SYNTAX_ERROR: ").size() : 0),
                 malformed ? "MALFORMED_QUERY" : "INVALID_INPUT");
}

// An earlier result that may stand for this one's. AWS: Reusing query results in Athena.
Result<std::optional<ExecutionRecord>> reusable(Door& door, const Caller& as, const ExecutionKey& key,
                                                const ExecutionRecord& record, Time now) {
  if (record.reuse_minutes < 0 || record.type != "DML") return std::nullopt;
  std::optional<ExecutionRecord> found;
  {
    const auto tx = door.store().read();
    const auto newest = TRY(tx->scan_index(
        kExecutions, kByReuse,
        {.prefix = index_prefix(kByReuse, key.owner, key.region, reuse_key(record)), .limit = 1, .reverse = true}));
    if (newest.entries.empty() || newest.entries[0].record.completed + record.reuse_minutes * kMinute < now)
      return std::nullopt;
    found = newest.entries[0].record;
  }
  // It must still be there, and the caller must be allowed to read it.
  const lake::S3Place place = TRY(lake::s3_place(found->result.output_location));
  s3::HeadObjectRequest head;
  head.bucket = place.bucket;
  head.key = place.key;
  if (!door.call(as, head)) return std::nullopt;
  return found;
}

void take_over(const ExecutionRecord& earlier, ExecutionRecord& record, Time now) {
  record.reused = true;
  record.state = State::kSucceeded;
  record.completed = now;
  record.result = earlier.result;
  record.kind = earlier.kind;
  record.columns = earlier.columns;
  record.output_rows = earlier.output_rows;
  record.output_bytes = earlier.output_bytes;
  record.substatement = earlier.substatement;
}

Result<ExecutionRecord> new_record(Call& call, const StartQueryExecutionInput& in, const WorkgroupRecord& workgroup,
                                   const std::string& id) {
  const sql::athena::Recognised statement = TRY(recognised(*in.query_string));
  ExecutionRecord record;
  record.principal = identity_of(call.principal());
  record.workgroup = in.work_group.value_or(std::string(kPrimary));
  record.query = *in.query_string;
  record.catalog = kOwnCatalog;
  record.database = "default";
  if (in.query_execution_context) {
    record.catalog = in.query_execution_context->catalog.value_or(record.catalog);
    record.database = lower(in.query_execution_context->database.value_or(record.database));
    std::erase(record.database, '`');  // clients may quote it as DDL does
  }
  record.parameters = in.execution_parameters.items();
  record.type = statement.type;
  record.substatement = statement.substatement;
  record.submitted = call.now();
  record.result = TRY(result_settings(workgroup, in));
  record.result.output_location += object_name(statement, id);
  if (in.result_reuse_configuration && in.result_reuse_configuration->result_reuse_by_age_configuration) {
    const auto& reuse = *in.result_reuse_configuration->result_reuse_by_age_configuration;
    // AWS: MaxAgeInMinutes defaults to 60.
    if (reuse.enabled.value_or(false)) record.reuse_minutes = reuse.max_age_in_minutes.value_or(60);
  }
  return record;
}

// --- what is known --------------------------------------------------------------------------------------------------

QueryExecution to_wire(const ExecutionKey& key, const ExecutionRecord& record) {
  QueryExecution out;
  out.query_execution_id = key.id;
  out.query = record.query;
  out.statement_type = record.type;
  out.substatement_type = record.substatement;
  out.work_group = record.workgroup;
  for (const std::string& parameter : record.parameters) out.execution_parameters.push_back(parameter);
  ResultConfiguration result;
  result.output_location = record.result.output_location;
  if (!record.result.encryption_option.empty()) {
    EncryptionConfiguration encryption;
    encryption.encryption_option = record.result.encryption_option;
    if (!record.result.kms_key.empty()) encryption.kms_key = record.result.kms_key;
    result.encryption_configuration = std::move(encryption);
  }
  if (!record.result.expected_bucket_owner.empty())
    result.expected_bucket_owner = record.result.expected_bucket_owner;
  if (!record.result.acl_option.empty()) {
    AclConfiguration acl;
    acl.s3_acl_option = record.result.acl_option;
    result.acl_configuration = std::move(acl);
  }
  out.result_configuration = std::move(result);
  ResultReuseByAgeConfiguration by_age;
  by_age.enabled = record.reuse_minutes >= 0;
  if (record.reuse_minutes >= 0) by_age.max_age_in_minutes = static_cast<int32_t>(record.reuse_minutes);
  ResultReuseConfiguration reuse;
  reuse.result_reuse_by_age_configuration = by_age;
  out.result_reuse_configuration = std::move(reuse);
  QueryExecutionContext context;
  context.database = record.database;
  context.catalog = lower(record.catalog);
  out.query_execution_context = std::move(context);
  QueryExecutionStatus status;
  status.state = std::string(state_text(record.state));
  if (!record.reason.empty()) status.state_change_reason = record.reason;
  status.submission_date_time = record.submitted;
  if (is_over(record.state)) status.completion_date_time = record.completed;
  if (record.error_category != 0) {
    AthenaError error;
    error.error_category = record.error_category;
    error.error_type = record.error_type;
    error.retryable = record.retryable;
    error.error_message = record.reason;
    status.athena_error = std::move(error);
  }
  out.status = std::move(status);
  QueryExecutionStatistics statistics;
  statistics.engine_execution_time_in_millis = record.engine_millis;
  statistics.data_scanned_in_bytes = record.scanned_bytes;
  statistics.total_execution_time_in_millis = record.total_millis;
  statistics.query_queue_time_in_millis = record.queue_millis;
  statistics.service_pre_processing_time_in_millis = record.preprocessing_millis;
  statistics.query_planning_time_in_millis = record.planning_millis;
  statistics.service_processing_time_in_millis = record.service_millis;
  if (!record.manifest.empty()) statistics.data_manifest_location = record.manifest;
  ResultReuseInformation reused;
  reused.reused_previous_result = record.reused;
  statistics.result_reuse_information = reused;
  out.statistics = std::move(statistics);
  EngineVersion version;
  version.selected_engine_version = "AUTO";
  version.effective_engine_version = std::string(kEngineVersion);
  out.engine_version = std::move(version);
  return out;
}

}  // namespace

Result<std::vector<Need>> start_query_execution_rights(Athena&, Call& call, const StartQueryExecutionInput& in) {
  return std::vector<Need>{
      {"athena:StartQueryExecution", workgroup_arn(call, in.work_group.value_or(std::string(kPrimary)))}};
}

Result<StartQueryExecutionOutput> start_query_execution(Athena& service, Call& call,
                                                        const StartQueryExecutionInput& in) {
  const Micros began = steady_now();
  if (in.engine_configuration) return invalid("EngineConfiguration is for Spark, which is not supported.");
  Door& door = service.door();
  const WorkgroupKey workgroup_at = workgroup_key(call, in.work_group);
  const auto workgroup = [&]() -> Result<WorkgroupRecord> {
    const auto tx = door.store().read();
    auto found = TRY(find_workgroup(*tx, workgroup_at));
    if (in.query_execution_context && in.query_execution_context->catalog)
      TRY(catalog_account(*tx, call.account(), call.region(), *in.query_execution_context->catalog));
    return found;
  };
  const WorkgroupRecord settings = TRY(workgroup());
  if (!settings.enabled) return invalid(fmt::format("WorkGroup {} is disabled.", workgroup_at.name));

  // AWS: the same token with the same request is the same execution.
  const IdempotencyKey token{"athena:StartQueryExecution", identity_of(call.principal()),
                             in.client_request_token.value_or("")};
  std::string request = workgroup_at.name + "\n" + *in.query_string;
  for (const std::string& parameter : in.execution_parameters) request += "\n" + parameter;
  const std::string hash = hex(sha256(request));
  if (!token.token.empty()) {
    const auto tx = door.store().write();
    const auto earlier = earlier_answer(*tx, token, hash, call.now());
    if (!earlier) return invalid("Idempotent parameters do not match", "IDEMPOTENT_PARAMETER_MISMATCH");
    if (*earlier) return StartQueryExecutionOutput{.query_execution_id = *earlier};
  }

  const ExecutionKey key = key_of(call, uuid4());
  const Caller as = as_athena(call.caller(), key.id);
  ExecutionRecord record = TRY(new_record(call, in, settings, key.id));
  TRY(check_bucket(door, as, record.result));
  if (const auto earlier = TRY(reusable(door, as, key, record, call.now()))) take_over(*earlier, record, call.now());
  record.preprocessing_millis = (steady_now() - began) / 1000;
  const auto written = door.store().run([&](Transaction& tx) -> Status {
    if (!token.token.empty()) TRY(remember_answer(tx, token, hash, key.id, call.now() + kTokenLives));
    return service.write(tx, key, record, record.state);
  });
  if (!written) return Failure(written.error());
  TRY(door.store().wait_synced(*written));
  if (!is_over(record.state)) {
    auto job = std::make_shared<Job>();
    job->key = key;
    job->caller = as;
    job->submitted = steady_now();
    service.submit(std::move(job));
  }
  return StartQueryExecutionOutput{.query_execution_id = key.id};
}

Result<std::vector<Need>> stop_query_execution_rights(Athena& service, Call& call, const StopQueryExecutionInput& in) {
  return execution_needs(*service.door().store().read(), call, *in.query_execution_id, "athena:StopQueryExecution");
}

Result<StopQueryExecutionOutput> stop_query_execution(Athena& service, Call& call, const StopQueryExecutionInput& in) {
  const auto tx = service.door().store().read();
  const ExecutionKey key = key_of(call, *in.query_execution_id);
  TRY(find_execution(*tx, key));
  (void)service.cancel(key);  // one that is over stays as it is
  return StopQueryExecutionOutput{};
}

Result<std::vector<Need>> get_query_execution_rights(Athena&, Call& call, const GetQueryExecutionInput& in) {
  return execution_needs(call.tx(), call, *in.query_execution_id, "athena:GetQueryExecution");
}

Result<GetQueryExecutionOutput> get_query_execution(Athena&, Call& call, const GetQueryExecutionInput& in) {
  const ExecutionKey key = key_of(call, *in.query_execution_id);
  GetQueryExecutionOutput out;
  out.query_execution = to_wire(key, TRY(find_execution(call.tx(), key)));
  return out;
}

Result<std::vector<Need>> batch_get_query_execution_rights(Athena&, Call& call, const BatchGetQueryExecutionInput& in) {
  std::vector<Need> needs;
  for (const std::string& id : in.query_execution_ids) {
    Need need = TRY(execution_needs(call.tx(), call, id, "athena:BatchGetQueryExecution"))[0];
    if (std::ranges::none_of(needs, [&](const Need& known) { return known.resource == need.resource; }))
      needs.push_back(std::move(need));
  }
  return needs;
}

Result<BatchGetQueryExecutionOutput> batch_get_query_execution(Athena&, Call& call,
                                                               const BatchGetQueryExecutionInput& in) {
  BatchGetQueryExecutionOutput out;
  out.query_executions.set_present();
  out.unprocessed_query_execution_ids.set_present();
  for (const std::string& id : in.query_execution_ids) {
    const ExecutionKey key = key_of(call, id);
    if (const auto found = find_execution(call.tx(), key)) {
      out.query_executions.push_back(to_wire(key, *found));
      continue;
    }
    out.unprocessed_query_execution_ids.push_back({.query_execution_id = id,
                                                   .error_code = "INVALID_INPUT",
                                                   .error_message = fmt::format("QueryExecution {} was not found", id)});
  }
  return out;
}

Result<std::vector<Need>> list_query_executions_rights(Athena&, Call& call, const ListQueryExecutionsInput& in) {
  return std::vector<Need>{
      {"athena:ListQueryExecutions", workgroup_arn(call, in.work_group.value_or(std::string(kPrimary)))}};
}

Result<ListQueryExecutionsOutput> list_query_executions(Athena&, Call& call, const ListQueryExecutionsInput& in) {
  const WorkgroupKey workgroup = workgroup_key(call, in.work_group);
  TRY(find_workgroup(call.tx(), workgroup));
  const std::string request = "ListQueryExecutions " + call.account() + call.region() + workgroup.name;
  const std::string after = TRY(page_start(call.door(), request, in.next_token));
  const int32_t asked = in.max_results.value_or(kPage);
  const auto page = TRY(call.tx().scan_index(
      kExecutions, kByWorkgroup,
      {.prefix = index_prefix(kByWorkgroup, call.account(), call.region(), workgroup.name),
       .after = after,
       .limit = static_cast<size_t>(asked == 0 ? kPage : std::clamp(asked, 1, kPage)),
       .reverse = true}));
  ListQueryExecutionsOutput out;
  out.query_execution_ids.set_present();
  for (const auto& entry : page.entries) out.query_execution_ids.push_back(entry.key.id);
  if (page.more) out.next_token = page_token(call.door().store(), request, page.last);
  return out;
}

Result<std::vector<Need>> get_query_runtime_statistics_rights(Athena&, Call& call,
                                                              const GetQueryRuntimeStatisticsInput& in) {
  return execution_needs(call.tx(), call, *in.query_execution_id, "athena:GetQueryRuntimeStatistics");
}

Result<GetQueryRuntimeStatisticsOutput> get_query_runtime_statistics(Athena&, Call& call,
                                                                     const GetQueryRuntimeStatisticsInput& in) {
  const ExecutionRecord record = TRY(find_execution(call.tx(), key_of(call, *in.query_execution_id)));
  QueryRuntimeStatistics statistics;
  QueryRuntimeStatisticsTimeline times;
  times.query_queue_time_in_millis = record.queue_millis;
  times.query_planning_time_in_millis = record.planning_millis;
  times.service_pre_processing_time_in_millis = record.preprocessing_millis;
  times.engine_execution_time_in_millis = record.engine_millis;
  times.service_processing_time_in_millis = record.service_millis;
  times.total_execution_time_in_millis = record.total_millis;
  statistics.timeline = times;
  // AWS: rows come only with a query that has read something; here the rows that were read are not counted.
  if (record.state == State::kSucceeded && record.type == "DML") {
    QueryRuntimeStatisticsRows rows;
    rows.input_bytes = record.scanned_bytes;
    rows.output_rows = record.output_rows;
    rows.output_bytes = record.output_bytes;
    statistics.rows = rows;
  }
  GetQueryRuntimeStatisticsOutput out;
  out.query_runtime_statistics = std::move(statistics);
  return out;
}

}  // namespace tarn::athena
