// Tasks that compute statistics of columns: started, told of, stopped; and their settings, with a schedule.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/door.h"
#include "door/rights.h"
#include "services/glue/crawls.h"
#include "services/glue/glue.h"
#include "services/glue/statistics_runs.h"
#include "store/schedule.h"

namespace tarn::glue {
namespace {

constexpr int32_t kPage = 100;
constexpr const char* kGlue = "glue.amazonaws.com";

struct FoundTask {
  FoundTable table;
  StatisticsTaskKey key;
  std::optional<StatisticsTaskRecord> record;
};

// ERRORS: EntityNotFoundException: the table is not there.
template <class In>
Result<FoundTask> find_task(Call& call, const In& in, Lock lock) {
  FoundTable table = TRY(find_table(call, in.catalog_id, in.database_name, in.table_name,
                                    lock == Lock::kNone ? Lock::kNone : Lock::kShared));
  const StatisticsTaskKey key{table.record.id};
  auto record = TRY(call.get(kStatisticsTasks, key, lock));
  return FoundTask{std::move(table), key, std::move(record)};
}

StatisticsTaskRecord new_task(const FoundTask& found) {
  return {.owner = found.table.database.key.owner,
          .region = found.table.database.key.region,
          .database = found.table.database.key.name,
          .table = found.table.key.name};
}

Failure no_settings(const FoundTask& found) {
  return not_found(fmt::format("There are no column statistics task settings of table {}.{}.",
                               found.table.database.key.name, found.table.key.name));
}

// ERRORS: EntityNotFoundException: there are no settings.
template <class In>
Result<FoundTask> find_settings(Call& call, const In& in, Lock lock) {
  FoundTask found = TRY(find_task(call, in, lock));
  if (!found.record || !found.record->settings) return no_settings(found);
  return found;
}

Status check_role(Call& call, const std::string& role) {
  const std::string arn = role_arn_of(role, call.account());
  if (!TRY(call.door().identities().role(call.tx(), arn)))
    return invalid_input(fmt::format("Service is unable to assume role {}. Please verify that the role exists.", arn));
  return {};
}

Status check_sample(const std::optional<double>& sample) {
  if (sample && (*sample <= 0 || *sample > 100)) return invalid_input("SampleSize is above 0 and at most 100 percent.");
  return {};
}

// AWS: Glue takes cron expressions only.
Status check_schedule(const std::string& text) {
  const auto schedule = tarn::Schedule::parse(text);
  if (!schedule || !text.starts_with("cron("))
    return invalid_input(fmt::format("Schedule expression {} is not valid: {}", text,
                                     schedule ? "a task's is cron(..)." : schedule.error().message));
  return {};
}

ColumnStatisticsTaskRun to_wire(const StatisticsRunKey& key, const StatisticsRunRecord& run) {
  ColumnStatisticsTaskRun out{.customer_id = key.owner,
                              .column_statistics_task_run_id = key.id,
                              .database_name = run.database,
                              .table_name = run.table,
                              .column_name_list = run.columns,
                              .catalog_id = key.owner,
                              .role = run.role};
  out.sample_size = run.sample;
  out.security_configuration = run.security_configuration;
  out.computation_type = run.computation;
  out.status = run.status;
  out.creation_time = run.created;
  out.last_updated = run.updated;
  out.start_time = run.started;
  out.end_time = run.ended;
  if (!run.error.empty()) out.error_message = run.error;
  return out;
}

// In pages, those that `wanted` takes.
template <class Wanted, class Each>
Result<OptionalText> page_of_runs(Call& call, std::string_view operation, const OptionalText& token, int32_t limit,
                                  Wanted wanted, Each each) {
  const std::string request = fmt::format("{} {} {}", operation, call.account(), call.region());
  auto at = call.tx().cursor(kStatisticsRuns, {.prefix = prefix_of(kStatisticsRuns, call.account(), call.region()),
                                               .after = TRY(page_start(call, request, token))});
  int32_t taken = 0;
  for (std::string last; at.valid(); at.next()) {
    const StatisticsRunRecord record = TRY(at.record());
    if (!wanted(record)) continue;
    if (taken == limit) return OptionalText(next_page(call, request, last));
    each(TRY(at.key()), record);
    ++taken;
    last = at.encoded();
  }
  TRY(at.status());
  return OptionalText();
}

Result<std::vector<Need>> with_role(Call& call, std::string_view action, const OptionalText& role) {
  std::vector<Need> needs = {{.action = fmt::format("glue:{}", action), .resource = "*"}};
  if (role) needs.push_back(pass_role(role_arn_of(*role, call.account()), kGlue));
  return needs;
}

}  // namespace

// --- runs ------------------------------------------------------------------------------------------------------------

Result<std::vector<Need>> start_column_statistics_task_run_rights(Glue&, Call& call,
                                                                  const StartColumnStatisticsTaskRunRequest& in) {
  return with_role(call, "StartColumnStatisticsTaskRun", in.role);
}

Result<StartColumnStatisticsTaskRunResponse> start_column_statistics_task_run(
    Glue&, Call& call, const StartColumnStatisticsTaskRunRequest& in) {
  FoundTask found = TRY(find_task(call, in, Lock::kExclusive));
  TRY(check_role(call, *in.role));
  TRY(check_sample(in.sample_size));
  StatisticsTaskRecord task = found.record.value_or(new_task(found));
  const std::string id = TRY(begin_statistics_run(call.door(), call.tx(), found.key, task,
                                                  {.role = *in.role,
                                                   .columns = in.column_name_list.items(),
                                                   .sample = in.sample_size,
                                                   .security_configuration = in.security_configuration}));
  return StartColumnStatisticsTaskRunResponse{.column_statistics_task_run_id = id};
}

Result<GetColumnStatisticsTaskRunResponse> get_column_statistics_task_run(Glue&, Call& call,
                                                                          const GetColumnStatisticsTaskRunRequest& in) {
  const StatisticsRunKey key{call.account(), call.region(), *in.column_statistics_task_run_id};
  const auto run = TRY(call.get(kStatisticsRuns, key));
  if (!run) return not_found(fmt::format("Column statistics task run {} is not there.", key.id));
  return GetColumnStatisticsTaskRunResponse{.column_statistics_task_run = to_wire(key, *run)};
}

Result<GetColumnStatisticsTaskRunsResponse> get_column_statistics_task_runs(
    Glue&, Call& call, const GetColumnStatisticsTaskRunsRequest& in) {
  GetColumnStatisticsTaskRunsResponse out;
  out.column_statistics_task_runs.set_present();
  const std::string database = lower(*in.database_name), table = lower(*in.table_name);
  out.next_token = TRY(page_of_runs(
      call, "GetColumnStatisticsTaskRuns", in.next_token, in.max_results.value_or(kPage),
      [&](const StatisticsRunRecord& run) { return run.database == database && run.table == table; },
      [&](const StatisticsRunKey& key, const StatisticsRunRecord& run) {
        out.column_statistics_task_runs.push_back(to_wire(key, run));
      }));
  return out;
}

Result<ListColumnStatisticsTaskRunsResponse> list_column_statistics_task_runs(
    Glue&, Call& call, const ListColumnStatisticsTaskRunsRequest& in) {
  ListColumnStatisticsTaskRunsResponse out;
  out.column_statistics_task_run_ids.set_present();
  out.next_token = TRY(page_of_runs(
      call, "ListColumnStatisticsTaskRuns", in.next_token, in.max_results.value_or(kPage),
      [](const StatisticsRunRecord&) { return true; },
      [&](const StatisticsRunKey& key, const StatisticsRunRecord&) {
        out.column_statistics_task_run_ids.push_back(key.id);
      }));
  return out;
}

Result<StopColumnStatisticsTaskRunResponse> stop_column_statistics_task_run(
    Glue&, Call& call, const StopColumnStatisticsTaskRunRequest& in) {
  const FoundTask found = TRY(find_task(call, in, Lock::kExclusive));
  if (!found.record || found.record->run.empty())
    return fail(400, "ColumnStatisticsTaskNotRunningException",
                fmt::format("No column statistics of table {} are being computed.", found.table.key.name));
  const StatisticsRunKey key{found.record->owner, found.record->region, found.record->run};
  auto run = TRY(call.get(kStatisticsRuns, key, Lock::kExclusive));
  if (!run) return not_found(fmt::format("Column statistics task run {} is not there.", key.id));
  if (run->stopping)
    return fail(400, "ColumnStatisticsTaskStoppingException", fmt::format("The run {} is stopping already.", key.id));
  run->stopping = true;
  run->updated = call.now();
  TRY(call.put(kStatisticsRuns, key, *run));
  return StopColumnStatisticsTaskRunResponse{};
}

// --- settings --------------------------------------------------------------------------------------------------------

namespace {

// What is given replaces what was there.
template <class In>
Status take(Call& call, StatisticsSettingsRecord& settings, const In& in) {
  TRY(check_sample(in.sample_size));
  if (in.role) settings.role = *in.role;
  TRY(check_role(call, settings.role));
  if (in.schedule) {
    if (!in.schedule->empty()) TRY(check_schedule(*in.schedule));
    settings.schedule = *in.schedule;
    settings.scheduled = !settings.schedule.empty();
  }
  if (in.column_name_list.has_value()) settings.columns = in.column_name_list.items();
  if (in.sample_size) settings.sample = in.sample_size;
  if (in.security_configuration) settings.security_configuration = in.security_configuration;
  return {};
}

Status keep(Call& call, const FoundTask& found, const StatisticsTaskRecord& record) {
  TRY(call.put(kStatisticsTasks, found.key, record));
  return set_statistics_schedule(call.door(), call.tx(), found.key, record, call.now());
}

}  // namespace

Result<std::vector<Need>> create_column_statistics_task_settings_rights(
    Glue&, Call& call, const CreateColumnStatisticsTaskSettingsRequest& in) {
  return with_role(call, "CreateColumnStatisticsTaskSettings", in.role);
}

Result<CreateColumnStatisticsTaskSettingsResponse> create_column_statistics_task_settings(
    Glue&, Call& call, const CreateColumnStatisticsTaskSettingsRequest& in) {
  TRY(refuse(!in.tags.empty(), "Tags", "settings of column statistics have none here"));
  const FoundTask found = TRY(find_task(call, in, Lock::kExclusive));
  StatisticsTaskRecord task = found.record.value_or(new_task(found));
  if (task.settings)
    return already_exists(fmt::format("Column statistics task settings of table {} exist already.", task.table));
  task.settings.emplace();
  TRY(take(call, *task.settings, in));
  TRY(keep(call, found, task));
  return CreateColumnStatisticsTaskSettingsResponse{};
}

Result<std::vector<Need>> update_column_statistics_task_settings_rights(
    Glue&, Call& call, const UpdateColumnStatisticsTaskSettingsRequest& in) {
  return with_role(call, "UpdateColumnStatisticsTaskSettings", in.role);
}

Result<UpdateColumnStatisticsTaskSettingsResponse> update_column_statistics_task_settings(
    Glue&, Call& call, const UpdateColumnStatisticsTaskSettingsRequest& in) {
  FoundTask found = TRY(find_settings(call, in, Lock::kExclusive));
  TRY(take(call, *found.record->settings, in));
  TRY(keep(call, found, *found.record));
  return UpdateColumnStatisticsTaskSettingsResponse{};
}

Result<GetColumnStatisticsTaskSettingsResponse> get_column_statistics_task_settings(
    Glue&, Call& call, const GetColumnStatisticsTaskSettingsRequest& in) {
  const FoundTask found = TRY(find_settings(call, in, Lock::kNone));
  const StatisticsSettingsRecord& settings = *found.record->settings;
  ColumnStatisticsTaskSettings out{.database_name = found.record->database, .table_name = found.record->table};
  if (!settings.schedule.empty())
    out.schedule =
        Schedule{.schedule_expression = settings.schedule, .state = settings.scheduled ? "SCHEDULED" : "NOT_SCHEDULED"};
  out.column_name_list = settings.columns;
  out.catalog_id = found.record->owner;
  out.role = settings.role;
  out.sample_size = settings.sample;
  out.security_configuration = settings.security_configuration;
  out.schedule_type = settings.schedule.empty() ? "NONE" : "CRON";
  out.setting_source = "TABLE";
  if (settings.last_attempt) {
    ExecutionAttempt attempt{.status = settings.last_error.empty() ? "STARTED" : "FAILED"};
    if (!settings.last_run.empty()) attempt.column_statistics_task_run_id = settings.last_run;
    attempt.execution_timestamp = settings.last_attempt;
    if (!settings.last_error.empty()) attempt.error_message = settings.last_error;
    out.last_execution_attempt = std::move(attempt);
  }
  return GetColumnStatisticsTaskSettingsResponse{.column_statistics_task_settings = std::move(out)};
}

Result<DeleteColumnStatisticsTaskSettingsResponse> delete_column_statistics_task_settings(
    Glue&, Call& call, const DeleteColumnStatisticsTaskSettingsRequest& in) {
  FoundTask found = TRY(find_settings(call, in, Lock::kExclusive));
  found.record->settings.reset();
  TRY(keep(call, found, *found.record));
  if (found.record->run.empty()) TRY(call.erase(kStatisticsTasks, found.key));
  return DeleteColumnStatisticsTaskSettingsResponse{};
}

namespace {

template <class Out, class In>
Result<Out> schedule(Call& call, const In& in, bool on) {
  FoundTask found = TRY(find_settings(call, in, Lock::kExclusive));
  if (found.record->settings->schedule.empty())
    return invalid_input(fmt::format("The settings of table {} have no schedule.", found.record->table));
  found.record->settings->scheduled = on;
  TRY(keep(call, found, *found.record));
  return Out{};
}

}  // namespace

Result<StartColumnStatisticsTaskRunScheduleResponse> start_column_statistics_task_run_schedule(
    Glue&, Call& call, const StartColumnStatisticsTaskRunScheduleRequest& in) {
  return schedule<StartColumnStatisticsTaskRunScheduleResponse>(call, in, true);
}

Result<StopColumnStatisticsTaskRunScheduleResponse> stop_column_statistics_task_run_schedule(
    Glue&, Call& call, const StopColumnStatisticsTaskRunScheduleRequest& in) {
  return schedule<StopColumnStatisticsTaskRunScheduleResponse>(call, in, false);
}

}  // namespace tarn::glue
