#include "services/databrew/databrew.h"

#include <fmt/format.h>

#include "base/text.h"
#include "door/arn.h"
#include "door/tags.h"
#include "gen/s3/shapes.h"
#include "lake/lake.h"
#include "lake/profile.h"
#include "lake/readers.h"
#include "os/file.h"
#include "store/page_token.h"

namespace tarn::databrew {

namespace {

constexpr uint64_t kMemory = 512 << 20;
constexpr const char* kFiles = "files";  // the name that a table of files goes by
constexpr const char* kSessionName = "DataBrew";

Error worded(const Error& error, std::string_view doing) {
  Error out = error;
  out.message = fmt::format("{}: {}", doing, error.message);
  return out;
}

// The first file that holds something tells what all of them are.
Result<std::optional<sql::ExternalTable>> files_of(Door& door, const Caller& as, const DatasetRecord& dataset) {
  const std::string location = fmt::format("s3://{}/{}", dataset.bucket, dataset.key);
  const auto listed = lake::list_objects(door, as, location);
  if (!listed) return Failure(worded(listed.error(), "Listing " + location));
  for (const sql::ObjectRef& object : *listed) {
    if (object.size == 0) continue;
    s3::GetObjectRequest get;
    const lake::S3Place place = TRY(lake::s3_place(object.uri));
    get.bucket = place.bucket;
    get.key = place.key;
    const auto got = door.call_body_out(as, get);
    if (!got) return Failure(worded(got.error(), "Reading " + object.uri));
    const BlobRange& range = got->body;
    const lake::FileView view{object.uri, range.length, [&](uint64_t offset, uint64_t length) -> Result<std::string> {
                                std::string bytes(length, '\0');
                                if (range.body) TRY(range.body->read(range.offset + offset, bytes));
                                return bytes;
                              }};
    std::vector<lake::CustomClassifier> said;
    if (dataset.format == "CSV" || dataset.delimiter || dataset.header_row) {
      using Csv = lake::CustomClassifier;
      Csv& csv = said.emplace_back();
      csv.kind = Csv::Kind::kCsv;
      csv.allow_single_column = true;
      csv.delimiter = dataset.delimiter ? dataset.delimiter->front() : ',';
      if (dataset.header_row) csv.contains_header = *dataset.header_row ? Csv::Header::kPresent : Csv::Header::kAbsent;
    }
    const lake::FileSchema schema = TRY(lake::inspect(view, said));
    auto table = lake::table_of_files(schema, kFiles, kFiles, location);
    if (!table)
      return invalid(fmt::format("{} is of the format {}: CSV, JSON lines and Parquet are profiled.", object.uri,
                                 schema.classification));
    return table;
  }
  return invalid(fmt::format("There are no files at {}.", location));
}

// AWS: the report of a profile job: JOB-NAME_TIME... ASSUMED: its exact name.
std::string report_key(const JobRecord& job, const std::string& job_name, const std::string& run_id) {
  std::string folder = job.output_key;
  if (!folder.empty() && !folder.ends_with('/')) folder += '/';
  return fmt::format("{}{}_{}.json", folder, job_name, run_id.substr(0, 19));
}

}  // namespace

// --- the service -----------------------------------------------------------------------------------------------------

DataBrew::DataBrew(Door& door, std::string scratch) : door_(door), scratch_(std::move(scratch)) {
  sources_ = std::make_unique<lake::Readers>(door);
  (void)make_directories(scratch_ + "/databases");  // the engine says so when it cannot open them
  engine_ = std::make_unique<sql::Engine>(
      sql::EngineOptions{.databases = scratch_ + "/databases", .scratch = scratch_ + "/spill", .memory_bytes = kMemory},
      *sources_);
  door.outbox().deliver_to(kDelivery, {.deliver = [this](const Delivery& delivery) { return run(delivery); }});
}

DataBrew::~DataBrew() = default;

void DataBrew::stop() {
  stopping_ = true;
}

std::string dataset_arn(const NameKey& key) {
  return fmt::format("arn:aws:databrew:{}:{}:dataset/{}", key.region, key.owner, key.name);
}
std::string job_arn(const NameKey& key) {
  return fmt::format("arn:aws:databrew:{}:{}:job/{}", key.region, key.owner, key.name);
}

Status refuse(bool present, std::string_view member, std::string_view why) {
  if (present) return invalid(fmt::format("{} is not supported: {}.", member, why));
  return {};
}

Result<std::string> page_start(Call& call, std::string_view request, const std::optional<std::string>& token) {
  if (!token || token->empty()) return std::string();
  auto position = page_position(call.door().store(), request, *token);
  if (!position) return invalid("NextToken is none that this request was given.");
  return std::move(*position);
}

Result<wire::Map<std::string>> wire_tags(Call& call, const std::string& arn) {
  const Tags tags = TRY(tags_of(call.tx(), arn));
  return wire::Map<std::string>(std::vector<wire::Map<std::string>::Entry>(tags.begin(), tags.end()));
}

// --- a run -----------------------------------------------------------------------------------------------------------

Status DataBrew::run(const Delivery& delivery) {
  if (stopping_) return fail(503, "ServerStops", "The server stops.");
  const auto parts = split(delivery.payload, ' ');
  const std::string run_id(parts[0]);
  const NameKey key{
      std::string(parts[1]), std::string(parts[2]),
      std::string(delivery.payload.substr(static_cast<size_t>(parts[3].data() - delivery.payload.data())))};
  std::optional<JobRecord> job;
  std::optional<DatasetRecord> dataset;
  std::optional<RunKey> run_key;
  TRY(door_.store().run([&](Transaction& tx) -> Status {
    job = TRY(tx.get(kJobs, key, Lock::kShared));
    if (!job) return {};
    auto at = tx.cursor(kRuns, {.prefix = prefix_of(kRuns, job->id), .reverse = true});
    for (; at.valid() && !run_key; at.next())
      if (const RunKey each = TRY(at.key()); each.id == run_id) run_key = each;
    TRY(at.status());
    if (!run_key) return {};
    auto record = TRY(tx.get(kRuns, *run_key));
    if (!record || record->over()) {
      run_key.reset();
      return {};
    }
    dataset = TRY(tx.get(kDatasets, {key.owner, key.region, job->dataset}, Lock::kNone));
    if (record->state == "STARTING") record->state = "RUNNING";
    return tx.put(kRuns, *run_key, *record);
  }));
  if (!job || !run_key) return {};

  Caller from{.principal = {.kind = Principal::Kind::kService, .account = key.owner, .arn = "databrew.amazonaws.com"},
              .region = key.region,
              .request_id = run_id};
  from.source_arn = job_arn(key);
  from.source_account = key.owner;
  Result<std::string> report = not_found(fmt::format("Dataset {} does not exist.", job->dataset));
  if (dataset) {
    const auto as = door_.assume_as_service(from, job->role, "databrew.amazonaws.com", kSessionName);
    report = as ? profile_as(*as, *job, key.name, *dataset, run_id)
                : Failure(worded(as.error(), "DataBrew cannot assume the job's role"));
  }
  if (stopping_) return fail(503, "ServerStops", "The server stops.");
  TRY(door_.store().wait_synced(TRY(door_.store().run([&](Transaction& tx) -> Status {
    auto record = TRY(tx.get(kRuns, *run_key));
    if (!record || record->over()) return {};
    const bool stopped = record->state == "STOPPING";
    record->state = stopped ? "STOPPED" : report ? "SUCCEEDED" : "FAILED";
    if (!report)
      record->error = report.error().message;
    else
      record->output_key = *report;
    record->ended = door_.clock().now();
    return tx.put(kRuns, *run_key, *record);
  }))));
  return {};
}

// The report's key. It is written when all of it is known.
Result<std::string> DataBrew::profile_as(const Caller& as, const JobRecord& job, const std::string& job_name,
                                         const DatasetRecord& dataset, const std::string& run_id) {
  std::optional<sql::ExternalTable> files;
  if (dataset.in_s3()) files = TRY(files_of(door_, as, dataset));
  sources_->add(run_id, as, files);
  const lake::ProfileSource source{run_id, dataset.in_s3() ? kFiles : lower(dataset.database),
                                   dataset.in_s3() ? kFiles : lower(dataset.table)};
  lake::ProfileOptions options{.columns = job.columns};
  if (job.sample_mode == "CUSTOM_ROWS") options.rows = static_cast<uint64_t>(job.sample_size);
  auto report = lake::profile(*engine_, source, options);
  sources_->remove(run_id);
  if (!report) return Failure(report.error());
  report->set("jobName", job_name);
  report->set("location", dataset.in_s3() ? fmt::format("s3://{}/{}", dataset.bucket, dataset.key)
                                          : fmt::format("{}.{}", dataset.database, dataset.table));
  const std::string text = report->text();
  s3::PutObjectRequest put;
  put.bucket = job.output_bucket;
  put.key = report_key(job, job_name, run_id);
  put.content_length = static_cast<int64_t>(text.size());
  put.content_type = "application/json";
  const StagedBody body = TRY(door_.blobs().stage(text));
  const auto done = door_.call(as, put, body);
  if (!done) return Failure(worded(done.error(), fmt::format("Writing s3://{}/{}", job.output_bucket, *put.key)));
  return *put.key;
}

// --- tags ------------------------------------------------------------------------------------------------------------

namespace {

Status check_tagged(Call& call, const std::string& text) {
  const auto arn = Arn::parse(text);
  const auto is_there = [&](const auto& table) -> Result<bool> {
    return TRY(call.get(table, {arn->account, arn->region, std::string(arn->resource_id())}, Lock::kShared))
        .has_value();
  };
  bool there = false;
  if (arn && arn->service == "databrew" && arn->resource_type() == "dataset") there = TRY(is_there(kDatasets));
  if (arn && arn->service == "databrew" && arn->resource_type() == "job") there = TRY(is_there(kJobs));
  if (!there) return not_found(fmt::format("{} is neither a dataset nor a job that is there.", text));
  return {};
}

}  // namespace

Result<TagResourceResponse> tag_resource(DataBrew&, Call& call, const TagResourceRequest& in) {
  TRY(check_tagged(call, *in.resource_arn));
  TRY(add_tags(call.tx(), *in.resource_arn, Tags(in.tags.begin(), in.tags.end())));
  return TagResourceResponse{};
}
Result<UntagResourceResponse> untag_resource(DataBrew&, Call& call, const UntagResourceRequest& in) {
  TRY(check_tagged(call, *in.resource_arn));
  TRY(remove_tags(call.tx(), *in.resource_arn, in.tag_keys.items()));
  return UntagResourceResponse{};
}
Result<ListTagsForResourceResponse> list_tags_for_resource(DataBrew&, Call& call,
                                                           const ListTagsForResourceRequest& in) {
  TRY(check_tagged(call, *in.resource_arn));
  return ListTagsForResourceResponse{.tags = TRY(wire_tags(call, *in.resource_arn))};
}

}  // namespace tarn::databrew
