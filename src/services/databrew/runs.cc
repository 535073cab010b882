// Runs of profile jobs: started, told of, stopped.
#include <fmt/format.h>

#include "door/door.h"
#include "os/random.h"
#include "services/databrew/databrew.h"
#include "store/page_token.h"

namespace tarn::databrew {
namespace {

constexpr int32_t kPage = 100;
constexpr int kTries = 5;  // of a run that the server does not survive

template <class Out>
void fill(Out& out, const FoundJob& job, const RunKey& key, const RunRecord& record, Time now) {
  out.job_name = job.key.name;
  out.run_id = key.id;
  out.attempt = 0;
  out.dataset_name = job.record.dataset;
  out.state = record.state;
  out.started_by = record.started_by;
  out.started_on = key.started;
  out.completed_on = record.ended;
  out.execution_time = static_cast<int32_t>((record.ended.value_or(now) - key.started) / kSecond);
  if (!record.error.empty()) out.error_message = record.error;
  out.log_subscription = job.record.log_subscription;
  JobSample sample{.mode = job.record.sample_mode};
  if (job.record.sample_mode == "CUSTOM_ROWS") sample.size = job.record.sample_size;
  out.job_sample = std::move(sample);
  const std::string key_of_output = record.output_key.empty() ? job.record.output_key : record.output_key;
  out.outputs.push_back(
      {.format = "JSON", .location = S3Location{.bucket = job.record.output_bucket, .key = key_of_output}});
}

// The run of that id. Runs are kept in the order of their beginnings: there are few.
Result<std::pair<RunKey, RunRecord>> find_run(Call& call, const FoundJob& job, const std::string& id) {
  auto at = call.tx().cursor(kRuns, {.prefix = prefix_of(kRuns, job.record.id), .reverse = true});
  for (; at.valid(); at.next())
    if (const RunKey key = TRY(at.key()); key.id == id) return std::pair{key, TRY(at.record())};
  TRY(at.status());
  return not_found(fmt::format("Job run {} of job {} does not exist.", id, job.key.name));
}

}  // namespace

Result<StartJobRunResponse> start_job_run(DataBrew&, Call& call, const StartJobRunRequest& in) {
  const FoundJob job = TRY(find_job(call, in.name, Lock::kExclusive));
  auto at = call.tx().cursor(kRuns, {.prefix = prefix_of(kRuns, job.record.id), .reverse = true});
  if (at.valid() && !TRY(at.record()).over())
    return conflict(fmt::format("The job {} is running already.", job.key.name));
  TRY(at.status());
  const RunKey key{job.record.id, call.now(), "db_" + random_hex(32)};
  TRY(call.put(kRuns, key, {.started_by = call.principal().arn}));
  TRY(call.door().outbox().enqueue(
      call.tx(), {.type = kDelivery,
                  .target = job_arn(job.key),
                  .payload = fmt::format("{} {} {} {}", key.id, job.key.owner, job.key.region, job.key.name),
                  .give_up_after = 7 * kDay,
                  .max_attempts = kTries}));
  return StartJobRunResponse{.run_id = key.id};
}

Result<DescribeJobRunResponse> describe_job_run(DataBrew&, Call& call, const DescribeJobRunRequest& in) {
  const FoundJob job = TRY(find_job(call, in.name, Lock::kNone));
  const auto [key, record] = TRY(find_run(call, job, *in.run_id));
  DescribeJobRunResponse out;
  fill(out, job, key, record, call.now());
  return out;
}

Result<ListJobRunsResponse> list_job_runs(DataBrew&, Call& call, const ListJobRunsRequest& in) {
  const FoundJob job = TRY(find_job(call, in.name, Lock::kNone));
  const std::string request = fmt::format("ListJobRuns {}", job.record.id);
  const auto page = TRY(call.tx().scan(kRuns, {.prefix = prefix_of(kRuns, job.record.id),
                                               .after = TRY(page_start(call, request, in.next_token)),
                                               .limit = static_cast<size_t>(in.max_results.value_or(kPage)),
                                               .reverse = true}));
  ListJobRunsResponse out;
  out.job_runs.set_present();
  for (const auto& [key, record] : page.entries) fill(out.job_runs.emplace_back(), job, key, record, call.now());
  if (page.more) out.next_token = page_token(call.door().store(), request, page.last);
  return out;
}

Result<StopJobRunResponse> stop_job_run(DataBrew&, Call& call, const StopJobRunRequest& in) {
  const FoundJob job = TRY(find_job(call, in.name, Lock::kExclusive));
  auto [key, record] = TRY(find_run(call, job, *in.run_id));
  if (record.over()) return invalid(fmt::format("The job run {} is over: {}.", key.id, record.state));
  record.state = "STOPPING";
  TRY(call.put(kRuns, key, record));
  return StopJobRunResponse{.run_id = key.id};
}

}  // namespace tarn::databrew
