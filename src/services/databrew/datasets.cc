// Datasets: where data is, in S3 or in the Glue catalog.
#include <fmt/format.h>

#include "base/text.h"
#include "door/door.h"
#include "door/tags.h"
#include "services/databrew/databrew.h"
#include "store/page_token.h"

namespace tarn::databrew {
namespace {

constexpr int32_t kPage = 100;

template <class In>
Status take(DatasetRecord& record, const In& in) {
  const Input& input = *in.input;
  TRY(refuse(input.database_input_definition.has_value(), "Input.DatabaseInputDefinition",
             "put the rows into S3 first"));
  TRY(refuse(in.path_options.has_value(), "PathOptions", "name a bucket and key whose files all count"));
  if (input.s3_input_definition.has_value() == input.data_catalog_input_definition.has_value())
    return invalid("Input has exactly one of S3InputDefinition and DataCatalogInputDefinition.");
  record.bucket = record.key = record.database = record.table = "";
  if (input.s3_input_definition) {
    record.bucket = *input.s3_input_definition->bucket;
    record.key = input.s3_input_definition->key.value_or("");
  } else {
    record.database = *input.data_catalog_input_definition->database_name;
    record.table = *input.data_catalog_input_definition->table_name;
    record.catalog_id = input.data_catalog_input_definition->catalog_id.value_or("");
  }
  record.format = in.format.value_or("");
  TRY(refuse(record.format == "EXCEL" || record.format == "ORC", "Format " + record.format,
             "CSV, JSON and PARQUET are read"));
  record.delimiter.reset();
  record.header_row.reset();
  record.multi_line.reset();
  if (!in.format_options) return {};
  if (in.format_options->csv) {
    record.delimiter = in.format_options->csv->delimiter;
    record.header_row = in.format_options->csv->header_row;
  }
  if (in.format_options->json) record.multi_line = in.format_options->json->multi_line;
  return refuse(record.multi_line.value_or(false), "FormatOptions.Json.MultiLine", "a line each is read");
}

Input input_of(const DatasetRecord& record) {
  Input out;
  if (record.in_s3()) {
    S3Location at{.bucket = record.bucket};
    if (!record.key.empty()) at.key = record.key;
    out.s3_input_definition = at;
  } else {
    DataCatalogInputDefinition at{.database_name = record.database, .table_name = record.table};
    if (!record.catalog_id.empty()) at.catalog_id = record.catalog_id;
    out.data_catalog_input_definition = at;
  }
  return out;
}

// Of DescribeDataset's answer and ListDatasets' entries alike.
template <class Out>
void fill(Out& out, const NameKey& key, const DatasetRecord& record) {
  out.name = key.name;
  out.created_by = record.created_by;
  out.create_date = record.created;
  out.last_modified_by = record.modified_by;
  out.last_modified_date = record.modified;
  if (!record.format.empty()) out.format = record.format;
  out.input = input_of(record);
  out.source = record.in_s3() ? "S3" : "DATA-CATALOG";
  out.resource_arn = dataset_arn(key);
  FormatOptions options;
  if (record.delimiter || record.header_row)
    options.csv = CsvOptions{.delimiter = record.delimiter, .header_row = record.header_row};
  if (record.multi_line) options.json = JsonOptions{.multi_line = record.multi_line};
  if (options.csv || options.json) out.format_options = std::move(options);
}

Result<std::pair<NameKey, DatasetRecord>> find_dataset(Call& call, const std::string& name, Lock lock) {
  NameKey key{call.account(), call.region(), name};
  auto record = TRY(call.get(kDatasets, key, lock));
  if (!record) return not_found(fmt::format("Dataset {} does not exist.", name));
  return std::pair{std::move(key), std::move(*record)};
}

}  // namespace

Result<std::vector<Need>> create_dataset_rights(DataBrew&, Call& call, const CreateDatasetRequest& in) {
  const std::string arn = call.arn("databrew", "dataset/" + in.name.value_or(""));
  std::vector<Need> needs = {{.action = "databrew:CreateDataset", .resource = arn}};
  if (!in.tags.empty()) needs.push_back({.action = "databrew:TagResource", .resource = arn});
  return needs;
}

Result<CreateDatasetResponse> create_dataset(DataBrew&, Call& call, const CreateDatasetRequest& in) {
  const NameKey key{call.account(), call.region(), *in.name};
  if (TRY(call.get(kDatasets, key))) return conflict(fmt::format("The dataset {} already exists.", key.name));
  DatasetRecord record{.created = call.now(),
                       .modified = call.now(),
                       .created_by = call.principal().arn,
                       .modified_by = call.principal().arn};
  TRY(take(record, in));
  TRY(call.put(kDatasets, key, record));
  if (!in.tags.empty()) TRY(add_tags(call.tx(), dataset_arn(key), Tags(in.tags.begin(), in.tags.end())));
  return CreateDatasetResponse{.name = key.name};
}

Result<DescribeDatasetResponse> describe_dataset(DataBrew&, Call& call, const DescribeDatasetRequest& in) {
  const auto [key, record] = TRY(find_dataset(call, *in.name, Lock::kNone));
  DescribeDatasetResponse out;
  fill(out, key, record);
  out.tags = TRY(wire_tags(call, dataset_arn(key)));
  return out;
}

Result<UpdateDatasetResponse> update_dataset(DataBrew&, Call& call, const UpdateDatasetRequest& in) {
  auto [key, record] = TRY(find_dataset(call, *in.name, Lock::kExclusive));
  TRY(take(record, in));
  record.modified = call.now();
  record.modified_by = call.principal().arn;
  TRY(call.put(kDatasets, key, record));
  return UpdateDatasetResponse{.name = key.name};
}

Result<DeleteDatasetResponse> delete_dataset(DataBrew&, Call& call, const DeleteDatasetRequest& in) {
  const auto [key, record] = TRY(find_dataset(call, *in.name, Lock::kExclusive));
  auto jobs = call.tx().cursor(kJobs, {.prefix = prefix_of(kJobs, key.owner, key.region)});
  for (; jobs.valid(); jobs.next())
    if (TRY(jobs.record()).dataset == key.name)
      return conflict(
          fmt::format("The dataset {} is used by job {}: delete that first.", key.name, TRY(jobs.key()).name));
  TRY(jobs.status());
  TRY(call.erase(kDatasets, key));
  TRY(set_tags(call.tx(), dataset_arn(key), {}));
  return DeleteDatasetResponse{.name = key.name};
}

Result<ListDatasetsResponse> list_datasets(DataBrew&, Call& call, const ListDatasetsRequest& in) {
  const std::string request = fmt::format("ListDatasets {} {}", call.account(), call.region());
  const auto page = TRY(call.tx().scan(kDatasets, {.prefix = prefix_of(kDatasets, call.account(), call.region()),
                                                   .after = TRY(page_start(call, request, in.next_token)),
                                                   .limit = static_cast<size_t>(in.max_results.value_or(kPage))}));
  ListDatasetsResponse out;
  out.datasets.set_present();
  for (const auto& [key, record] : page.entries) {
    Dataset& dataset = out.datasets.emplace_back();
    fill(dataset, key, record);
    dataset.account_id = key.owner;
    dataset.tags = TRY(wire_tags(call, dataset_arn(key)));
  }
  if (page.more) out.next_token = page_token(call.door().store(), request, page.last);
  return out;
}

}  // namespace tarn::databrew
