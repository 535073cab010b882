// Profile jobs: which dataset to look at, as which role, and where the report goes.
#include <fmt/format.h>

#include "base/text.h"
#include "door/door.h"
#include "door/rights.h"
#include "door/tags.h"
#include "services/databrew/databrew.h"
#include "store/page_token.h"

namespace tarn::databrew {
namespace {

constexpr int32_t kPage = 100;
constexpr const char* kService = "databrew.amazonaws.com";

template <class In>
Status take(Call& call, JobRecord& record, const In& in) {
  TRY(refuse(!in.validation_configurations.empty(), "ValidationConfigurations", "there are no rulesets"));
  TRY(refuse(in.encryption_key_arn.has_value() || in.encryption_mode.value_or("") == "SSE-KMS", "EncryptionKeyArn",
             "there are no customer keys"));
  record.role = *in.role_arn;
  record.output_bucket = *in.output_location->bucket;
  record.output_key = in.output_location->key.value_or("");
  if (in.job_sample) {
    record.sample_mode = in.job_sample->mode.value_or("CUSTOM_ROWS");
    record.sample_size = in.job_sample->size.value_or(20'000);
  }
  if (in.log_subscription) record.log_subscription = *in.log_subscription;
  if (in.max_capacity) record.max_capacity = *in.max_capacity;
  if (in.max_retries) record.max_retries = *in.max_retries;
  if (in.timeout) record.timeout = *in.timeout;
  record.columns.clear();
  if (in.configuration) {
    TRY(refuse(in.configuration->entity_detector_configuration.has_value(), "EntityDetectorConfiguration",
               "personal data is not looked for"));
    TRY(refuse(in.configuration->dataset_statistics_configuration.has_value() ||
                   !in.configuration->column_statistics_configurations.empty(),
               "Configuration of statistics", "all of them are computed"));
    for (const ColumnSelector& selector : in.configuration->profile_columns) {
      TRY(refuse(selector.regex.has_value(), "ProfileColumns.Regex", "name the columns"));
      record.columns.push_back(lower(selector.name.value_or("")));
    }
  }
  if (!TRY(call.door().identities().role(call.tx(), record.role)))
    return fail(400, "ValidationException", fmt::format("The role {} does not exist.", record.role));
  return {};
}

template <class Out>
void fill(Out& out, const NameKey& key, const JobRecord& record) {
  out.name = key.name;
  out.type = "PROFILE";
  out.created_by = record.created_by;
  out.create_date = record.created;
  out.last_modified_by = record.modified_by;
  out.last_modified_date = record.modified;
  out.dataset_name = record.dataset;
  out.role_arn = record.role;
  out.resource_arn = job_arn(key);
  out.max_capacity = record.max_capacity;
  out.max_retries = record.max_retries;
  out.timeout = record.timeout;
  out.log_subscription = record.log_subscription;
  JobSample sample{.mode = record.sample_mode};
  if (record.sample_mode == "CUSTOM_ROWS") sample.size = record.sample_size;
  out.job_sample = std::move(sample);
  out.outputs.push_back({.format = "JSON",
                         .location = S3Location{.bucket = record.output_bucket, .key = record.output_key},
                         .overwrite = false});
}

template <class In>
std::vector<Need> needs_of(Call& call, std::string_view action, const In& in) {
  return {
      {.action = fmt::format("databrew:{}", action), .resource = call.arn("databrew", "job/" + in.name.value_or(""))},
      pass_role(in.role_arn.value_or(""), kService)};
}

}  // namespace

Result<FoundJob> find_job(Call& call, const std::optional<std::string>& name, Lock lock) {
  NameKey key{call.account(), call.region(), name.value_or("")};
  auto record = TRY(call.get(kJobs, key, lock));
  if (!record) return not_found(fmt::format("Job {} does not exist.", key.name));
  return FoundJob{std::move(key), std::move(*record)};
}

Result<std::vector<Need>> create_profile_job_rights(DataBrew&, Call& call, const CreateProfileJobRequest& in) {
  std::vector<Need> needs = needs_of(call, "CreateProfileJob", in);
  if (!in.tags.empty()) needs.push_back({.action = "databrew:TagResource", .resource = needs[0].resource});
  return needs;
}

Result<CreateProfileJobResponse> create_profile_job(DataBrew&, Call& call, const CreateProfileJobRequest& in) {
  const NameKey key{call.account(), call.region(), *in.name};
  if (TRY(call.get(kJobs, key))) return conflict(fmt::format("The job {} already exists.", key.name));
  if (!TRY(call.get(kDatasets, {key.owner, key.region, *in.dataset_name}, Lock::kShared)))
    return not_found(fmt::format("Dataset {} does not exist.", *in.dataset_name));
  JobRecord record{.id = call.door().store().next_id(),
                   .created = call.now(),
                   .modified = call.now(),
                   .created_by = call.principal().arn,
                   .modified_by = call.principal().arn,
                   .dataset = *in.dataset_name};
  TRY(take(call, record, in));
  TRY(call.put(kJobs, key, record));
  if (!in.tags.empty()) TRY(add_tags(call.tx(), job_arn(key), Tags(in.tags.begin(), in.tags.end())));
  return CreateProfileJobResponse{.name = key.name};
}

Result<std::vector<Need>> update_profile_job_rights(DataBrew&, Call& call, const UpdateProfileJobRequest& in) {
  return needs_of(call, "UpdateProfileJob", in);
}

Result<UpdateProfileJobResponse> update_profile_job(DataBrew&, Call& call, const UpdateProfileJobRequest& in) {
  FoundJob found = TRY(find_job(call, in.name, Lock::kExclusive));
  TRY(take(call, found.record, in));
  found.record.modified = call.now();
  found.record.modified_by = call.principal().arn;
  TRY(call.put(kJobs, found.key, found.record));
  return UpdateProfileJobResponse{.name = found.key.name};
}

Result<DescribeJobResponse> describe_job(DataBrew&, Call& call, const DescribeJobRequest& in) {
  const FoundJob found = TRY(find_job(call, in.name, Lock::kNone));
  DescribeJobResponse out;
  fill(out, found.key, found.record);
  if (!found.record.columns.empty()) {
    ProfileConfiguration configuration;
    for (const std::string& name : found.record.columns) configuration.profile_columns.push_back({.name = name});
    out.profile_configuration = std::move(configuration);
  }
  out.tags = TRY(wire_tags(call, job_arn(found.key)));
  return out;
}

Result<DeleteJobResponse> delete_job(DataBrew&, Call& call, const DeleteJobRequest& in) {
  const FoundJob found = TRY(find_job(call, in.name, Lock::kExclusive));
  std::vector<RunKey> runs;
  auto at = call.tx().cursor(kRuns, {.prefix = prefix_of(kRuns, found.record.id)});
  for (; at.valid(); at.next()) {
    if (!TRY(at.record()).over()) return conflict(fmt::format("The job {} is running.", found.key.name));
    runs.push_back(TRY(at.key()));
  }
  TRY(at.status());
  for (const RunKey& run : runs) TRY(call.erase(kRuns, run));
  TRY(call.erase(kJobs, found.key));
  TRY(set_tags(call.tx(), job_arn(found.key), {}));
  return DeleteJobResponse{.name = found.key.name};
}

Result<ListJobsResponse> list_jobs(DataBrew&, Call& call, const ListJobsRequest& in) {
  const std::string request = fmt::format("ListJobs {} {} {} {}", call.account(), call.region(),
                                          in.dataset_name.value_or(""), in.project_name.value_or(""));
  ListJobsResponse out;
  out.jobs.set_present();
  const auto limit = static_cast<size_t>(in.max_results.value_or(kPage));
  auto at = call.tx().cursor(kJobs, {.prefix = prefix_of(kJobs, call.account(), call.region()),
                                     .after = TRY(page_start(call, request, in.next_token))});
  for (std::string last; at.valid(); at.next()) {
    const NameKey key = TRY(at.key());
    const JobRecord record = TRY(at.record());
    if ((in.dataset_name && record.dataset != *in.dataset_name) || in.project_name) continue;  // no job has a project
    if (out.jobs.size() == limit) {
      out.next_token = page_token(call.door().store(), request, last);
      break;
    }
    Job& job = out.jobs.emplace_back();
    fill(job, key, record);
    job.account_id = key.owner;
    job.tags = TRY(wire_tags(call, job_arn(key)));
    last = at.encoded();
  }
  TRY(at.status());
  return out;
}

}  // namespace tarn::databrew
