#include "services/glue/crawl_tables.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace tarn::glue {
namespace {

struct Format {
  std::string_view classification, input, output, serde;
};
// AWS: "Defining tables in the AWS Glue Data Catalog", and what crawlers are seen to write.
constexpr Format kFormats[] = {
    {"parquet", "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
     "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
     "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
    {"avro", "org.apache.hadoop.hive.ql.io.avro.AvroContainerInputFormat",
     "org.apache.hadoop.hive.ql.io.avro.AvroContainerOutputFormat", "org.apache.hadoop.hive.serde2.avro.AvroSerDe"},
    {"json", "org.apache.hadoop.mapred.TextInputFormat", "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
     "org.openx.data.jsonserde.JsonSerDe"},
    {"csv", "org.apache.hadoop.mapred.TextInputFormat", "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
     "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"},
    {"xml", "org.apache.hadoop.mapred.TextInputFormat", "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
     ""},
    // All else was told by a grok pattern.
    {"", "org.apache.hadoop.mapred.TextInputFormat", "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
     "com.amazonaws.glue.serde.GrokSerDe"},
};

const Format& format_of(const lake::FileSchema& schema) {
  for (const Format& format : kFormats)
    if (format.classification == schema.classification || format.classification.empty()) return format;
  return kFormats[std::size(kFormats) - 1];
}

wire::List<Column> columns_of(const std::vector<lake::FileColumn>& columns) {
  wire::List<Column> out;
  out.set_present();
  for (const lake::FileColumn& column : columns) {
    Column made{.name = column.name, .type = column.type.text()};
    if (!column.comment.empty()) made.comment = column.comment;
    out.push_back(std::move(made));
  }
  return out;
}

SerDeInfo serde_of(const lake::FileSchema& schema) {
  SerDeInfo serde;
  serde.parameters.set_present();
  serde.serialization_library = std::string(format_of(schema).serde);
  if (serde.serialization_library->empty()) serde.serialization_library.reset();
  if (schema.classification == "csv") {
    if (schema.serde == "OpenCSVSerDe") {
      serde.serialization_library = "org.apache.hadoop.hive.serde2.OpenCSVSerde";
      serde.parameters["separatorChar"] = std::string(1, schema.delimiter);
      serde.parameters["quoteChar"] = std::string(1, schema.quote == 0 ? '"' : schema.quote);
    } else {
      serde.parameters["field.delim"] = std::string(1, schema.delimiter);
    }
  } else if (schema.classification == "json") {
    std::string paths;
    for (const lake::FileColumn& column : schema.columns) paths += (paths.empty() ? "" : ",") + column.name;
    serde.parameters["paths"] = paths;
  } else if (const auto pattern = schema.parameters.find("grokPattern"); pattern != schema.parameters.end()) {
    serde.parameters["input.format"] = pattern->second;
    if (const auto own = schema.parameters.find("grokCustomPatterns"); own != schema.parameters.end())
      serde.parameters["input.grokCustomPatterns"] = own->second;
  } else {
    serde.parameters["serialization.format"] = "1";
    if (const auto avro = schema.parameters.find("avro.schema.literal"); avro != schema.parameters.end())
      serde.parameters["avro.schema.literal"] = avro->second;
  }
  return serde;
}

wire::Map<std::string> parameters_of(const lake::FileSchema& schema, const FileStatistics& statistics,
                                     const std::string& crawler) {
  wire::Map<std::string> out;
  out["CrawlerSchemaDeserializerVersion"] = "1.0";
  out["CrawlerSchemaSerializerVersion"] = "1.0";
  out["UPDATED_BY_CRAWLER"] = crawler;
  if (schema.classification == "csv") {
    out["areColumnsQuoted"] = schema.quote != 0 ? "true" : "false";
    out["columnsOrdered"] = "true";
    out["delimiter"] = std::string(1, schema.delimiter);
    if (schema.header) out["skip.header.line.count"] = "1";
  }
  for (const auto& [name, value] : schema.parameters) out[name] = value;
  out["averageRecordSize"] = std::to_string(statistics.average_record);
  out["classification"] = schema.classification;
  out["compressionType"] = schema.compression;
  out["objectCount"] = std::to_string(statistics.objects);
  out["recordCount"] = std::to_string(statistics.records);
  out["sizeKey"] = std::to_string(statistics.bytes);
  out["typeOfData"] = "file";
  return out;
}

StorageDescriptor storage_of(const lake::FileSchema& schema, const std::vector<lake::FileColumn>& columns,
                             const std::string& location) {
  const Format& format = format_of(schema);
  StorageDescriptor out;
  out.columns = columns_of(columns);
  out.location = location;
  out.input_format = std::string(format.input);
  out.output_format = std::string(format.output);
  out.compressed = schema.compression != "none";
  out.number_of_buckets = -1;
  out.serde_info = serde_of(schema);
  out.bucket_columns.set_present();
  out.sort_columns.set_present();
  out.stored_as_sub_directories = false;
  return out;
}

bool is_count(std::string_view name) {
  return name == "averageRecordSize" || name == "objectCount" || name == "recordCount" || name == "sizeKey" ||
         name == "avro.schema.literal";
}

}  // namespace

TableInput table_input(const PlannedTable& planned, const std::string& name, const std::string& crawler) {
  TableInput out;
  out.name = name;
  out.owner = "owner";
  out.retention = 0;
  out.table_type = "EXTERNAL_TABLE";
  out.parameters = parameters_of(planned.schema, planned.statistics, crawler);
  if (!planned.keys.empty()) out.parameters["partition_filtering.enabled"] = "true";
  StorageDescriptor storage = storage_of(planned.schema, planned.schema.columns, planned.location);
  storage.parameters = parameters_of(planned.schema, planned.statistics, crawler);
  out.storage_descriptor = std::move(storage);
  out.partition_keys.set_present();
  for (const std::string& key : planned.keys) out.partition_keys.push_back({.name = key, .type = "string"});
  return out;
}

PartitionInput partition_input(const PlannedTable& planned, const PlannedPartition& partition,
                               const std::string& crawler, bool inherit_columns) {
  PartitionInput out;
  out.values = partition.values;
  lake::FileSchema schema = planned.schema;
  if (!inherit_columns) schema.columns = partition.columns;
  StorageDescriptor storage = storage_of(schema, schema.columns, partition.location);
  storage.parameters = parameters_of(planned.schema, partition.statistics, crawler);
  out.storage_descriptor = std::move(storage);
  out.parameters.set_present();
  return out;
}

bool same_columns(const wire::List<Column>& a, const wire::List<Column>& b) {
  return std::ranges::equal(a, b, [](const Column& x, const Column& y) {
    return lower(x.name.value_or("")) == lower(y.name.value_or("")) && x.type == y.type;
  });
}

bool same_schema(const Table& table, const TableInput& input) {
  if (!table.storage_descriptor ||
      !same_columns(table.storage_descriptor->columns, input.storage_descriptor->columns) ||
      !same_columns(table.partition_keys, input.partition_keys))
    return false;
  return std::ranges::all_of(input.parameters, [&](const auto& parameter) {
    const std::string* there = table.parameters.find(parameter.first);
    return is_count(parameter.first) || (there != nullptr && *there == parameter.second);
  });
}

wire::List<Column> with_new_columns(const wire::List<Column>& there, const wire::List<Column>& found) {
  wire::List<Column> out = there;
  out.set_present();
  for (const Column& column : found)
    if (std::ranges::none_of(there, [&](const Column& each) { return equals_ignore_case(*each.name, *column.name); }))
      out.push_back(column);
  return out;
}

}  // namespace tarn::glue
