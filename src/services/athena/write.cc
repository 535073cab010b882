// Statements that write files: CREATE TABLE AS, INSERT INTO, UNLOAD. The files are staged and become objects in the commit
// that changes the catalog and ends the query.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "door/door.h"
#include "os/random.h"
#include "services/athena/engine_use.h"
#include "services/athena/errors.h"
#include "services/athena/glue_words.h"
#include "services/athena/iceberg.h"
#include "services/athena/statement.h"
#include "sql/lex.h"
#include "sql/sql_error.h"

namespace tarn::athena {
namespace {

constexpr size_t kMaxPartitions = 100;  // AWS: CTAS and INSERT INTO, 100 partitions

using Options = std::vector<std::pair<std::string, std::vector<std::string>>>;
using Partitions = std::vector<std::pair<std::vector<std::string>, std::string>>;

Failure refused(std::string message) {
  return sql::sql_error(sql::kNotSupported, std::move(message));
}

// An error in Trino's words.
Failure trino_failure(std::string code, std::string message) {
  Error error{400, "SqlError", std::move(message)};
  error.members.emplace_back("sqlstate", std::string(sql::kInvalidParameter));
  error.members.emplace_back("trino", std::move(code));
  return Failure(std::move(error));
}

// What WITH (..) says of CTAS and UNLOAD.
struct WriteOptions {
  std::string format = "PARQUET", compression, location, delimiter = "\001";
  std::vector<std::string> partitioned_by, bucketed_by;
  int64_t buckets = 0;
};

Result<WriteOptions> options_of(const Options& given, bool unload) {
  WriteOptions options;
  for (const auto& [name, values] : given) {
    const std::string value = values.empty() ? "" : values[0];
    if (name == "format") {
      options.format = upper(value);
    } else if (name == "write_compression" || name == "compression" || name == "parquet_compression" ||
               name == "avro_compression") {
      options.compression = upper(value);
    } else if (name == "field_delimiter") {
      options.delimiter = value;
    } else if (name == "partitioned_by") {
      for (const std::string& column : values) options.partitioned_by.push_back(lower(column));
    } else if (!unload && name == "external_location") {
      options.location = value;
    } else if (!unload && name == "table_type") {
      if (!equals_ignore_case(value, "hive")) return refused("Tables of type " + upper(value) + " are not supported");
    } else if (!unload && name == "is_external") {
      if (equals_ignore_case(value, "false")) return refused("Tables that are not external are not supported");
    } else if (!unload && name == "bucketed_by") {
      for (const std::string& column : values) options.bucketed_by.push_back(lower(column));
    } else if (!unload && name == "bucket_count") {
      options.buckets = parse_int(value).value_or(0);
    } else if (name == "bucketed_by" || name == "bucket_count" || name == "location" || name == "partitioning" ||
               name == "compression_level" || name == "orc_compression") {
      return refused("The property " + name + " is not supported");
    } else {
      return trino_failure("INVALID_TABLE_PROPERTY", fmt::format("table property '{}' does not exist", name));
    }
  }
  return options;
}

struct Form {
  std::string_view name, input, output, serde;
  sql::FileFormat format;
};
constexpr std::string_view kTextInput = "org.apache.hadoop.mapred.TextInputFormat";
constexpr std::string_view kTextOutput = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat";
constexpr Form kForms[] = {
    {"PARQUET", "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
     "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
     "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe", sql::FileFormat::kParquet},
    {"TEXTFILE", kTextInput, kTextOutput, "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe", sql::FileFormat::kText},
    {"JSON", kTextInput, kTextOutput, "org.apache.hive.hcatalog.data.JsonSerDe", sql::FileFormat::kJson},
    {"AVRO", "org.apache.hadoop.hive.ql.io.avro.AvroContainerInputFormat",
     "org.apache.hadoop.hive.ql.io.avro.AvroContainerOutputFormat", "org.apache.hadoop.hive.serde2.avro.AvroSerDe",
     sql::FileFormat::kAvro},
};

Result<const Form*> form_of(const std::string& name) {
  for (const Form& form : kForms)
    if (form.name == name) return &form;
  return refused("Writing the format " + name + " is not supported: PARQUET, TEXTFILE, JSON and AVRO are");
}

// AWS: Hive table compression. GZIP unless said otherwise; Avro has DEFLATE in its place.
Status set_compression(sql::UnloadRequest& request, std::string name) {
  const bool parquet = request.format == sql::FileFormat::kParquet, avro = request.format == sql::FileFormat::kAvro;
  if (name == "UNCOMPRESSED") name = "NONE";
  request.compression = sql::Compression::kGzip;
  if (name.empty() || name == (avro ? "DEFLATE" : "GZIP")) return {};
  if (name == "ZSTD") {
    request.compression = sql::Compression::kZstd;
  } else if (name == "SNAPPY" && parquet) {
    request.compression = sql::Compression::kNone;  // the engine's own choice for Parquet
  } else if (!parquet && (name == "SNAPPY" || (name == "LZ4" && !avro))) {
    request.compression = sql::Compression::kAuto;
    request.extension = lower(name);
  } else if (!parquet && (name == "NONE" || name == "BZIP2")) {
    request.compression = name == "NONE" ? sql::Compression::kNone : sql::Compression::kBzip2;
  } else {
    return refused("Writing with the compression " + name + " is not supported for this format");
  }
  return {};
}

Result<sql::UnloadRequest> request_of(const std::string& query, const std::string& location, const WriteOptions& options,
                                      const std::string& id, Time now) {
  const Form* form = TRY(form_of(options.format));
  sql::UnloadRequest request;
  request.sql = query;
  request.uri = location;
  request.name_prefix = fmt::format("{}_{}_", replace_all(basic_iso8601(now), "T", "_"), id);
  request.format = form->format;
  TRY(set_compression(request, options.compression));
  request.delimiter = options.delimiter;
  request.null_as = "\\N";
  request.partition_by = options.partitioned_by;
  return request;
}

std::string slashed(std::string location) {
  if (!location.ends_with('/')) location += '/';
  return location;
}

// The folder of "<location>year=2024/file" behind the location: "year=2024"; empty for none.
std::string folder_behind(const std::string& uri, const std::string& location) {
  const size_t end = uri.rfind('/');
  return end <= location.size() ? "" : uri.substr(location.size(), end - location.size());
}

std::string hive_type(const sql::ResultColumn& column) {
  if (!column.signature.empty()) return sql::athena::hive_type_of(column.signature);
  if (column.type == "decimal") return fmt::format("decimal({},{})", column.precision, column.scale);
  if (column.type == "float") return "float";
  return sql::athena::hive_type_of(column.type);
}

bool is_text(const std::string& type) {
  return type == "string" || type.starts_with("varchar") || type.starts_with("char");
}
bool is_number(const std::string& type) {
  return type.ends_with("int") || type == "double" || type == "float" || type.starts_with("decimal");
}

}  // namespace

Result<std::vector<sql::ExternalColumn>> StatementRun::columns_of(const std::string& query) {
  const EngineUse use = TRY(EngineUse::open(service_, job_, record_, workgroup_));
  sql::ExecuteRequest request;
  request.context = use.context();
  request.sql = query;
  request.describe_only = true;
  const auto outcome = TRY(use.engine().execute(use.session(), request));
  std::vector<sql::ExternalColumn> columns;
  std::set<std::string> names;
  for (const sql::ResultColumn& column : outcome.columns) {
    const std::string name = lower(column.name);
    if (name.starts_with("_col") && parse_int(name.substr(4)))
      return trino_failure("MISSING_COLUMN_NAME",
                           fmt::format("line 1:1: Column name not specified at position {}", columns.size() + 1));
    if (!names.insert(name).second)
      return trino_failure("DUPLICATE_COLUMN_NAME",
                           fmt::format("line 1:1: Column name '{}' specified more than once", name));
    if (column.signature == "unknown")
      return trino_failure("COLUMN_TYPE_UNKNOWN",
                           fmt::format("line 1:1: Column type is unknown at position {}", columns.size() + 1));
    if (column.type == "timestamp with time zone" || column.type.starts_with("time ") || column.type == "time" ||
        column.type.starts_with("interval") || column.type == "json")
      return trino_failure("NOT_SUPPORTED", fmt::format("Unsupported Hive type: {}", column.type));
    columns.push_back({name, hive_type(column)});
  }
  return columns;
}

Result<Ran> StatementRun::written(sql::UnloadRequest request) {
  const EngineUse use = TRY(EngineUse::open(service_, job_, record_, workgroup_));
  request.context = use.context();
  auto outcome = TRY(use.engine().unload(use.session(), request));
  Ran ran;
  ran.columns = {{"rows", "bigint", 19}};
  ran.scanned_bytes = static_cast<int64_t>(outcome.scanned_bytes);
  ran.output_rows = static_cast<int64_t>(outcome.rows);
  if (outcome.rows == 0) {
    use.answers().staging().discard(outcome.objects);
    outcome.objects.clear();
  }
  std::set<std::string> folders;
  for (const sql::WrittenObject& object : outcome.objects) folders.insert(folder_behind(object.uri, request.uri));
  if (folders.size() > kMaxPartitions) {
    use.answers().staging().discard(outcome.objects);
    return trino_failure(
        "HIVE_TOO_MANY_OPEN_PARTITIONS",
        fmt::format("Exceeded limit of {} open writers for partitions/buckets", kMaxPartitions));
  }
  ran.objects = TRY(use.answers().staging().take(outcome.objects));
  return ran;
}

Status StatementRun::need_empty(const std::string& location, std::string_view code) {
  const auto objects = lake::list_objects(door(), job_.caller, location);
  if (!objects) return Failure(lake_error(objects.error()));
  if (objects->empty()) return {};
  return trino_failure(std::string(code),
                       fmt::format("Target directory for table already exists and is not empty: {}", location));
}

namespace {

constexpr const char* kBucketColumn = "__bucket";

// ERRORS: Trino's, where the columns are no buckets of the table.
Status check_buckets(const WriteOptions& options, const std::vector<sql::ExternalColumn>& columns) {
  if (options.bucketed_by.empty() && options.buckets == 0) return {};
  if (options.bucketed_by.empty() || options.buckets < 1)
    return trino_failure("INVALID_TABLE_PROPERTY", "bucketed_by and bucket_count must be specified together");
  for (const std::string& name : options.bucketed_by) {
    const auto column = std::ranges::find_if(columns, [&](const auto& each) { return each.name == name; });
    if (column == columns.end() || std::ranges::find(options.partitioned_by, name) != options.partitioned_by.end())
      return trino_failure("INVALID_TABLE_PROPERTY", fmt::format("Bucketing columns [{}] not present in schema", name));
    const std::string& type = column->type;
    if (!is_text(type) && !type.ends_with("int") && type != "double" && type != "date" && type != "boolean")
      return trino_failure("NOT_SUPPORTED", fmt::format("Table bucketing not supported for the type {}", type));
  }
  return {};
}

// The query with a column that says each row's bucket, as Hive counts them.
std::string bucketed_query(const std::string& query, const WriteOptions& options) {
  std::string hash;
  for (const std::string& name : options.bucketed_by) {
    const std::string one = fmt::format("coalesce(\"$hive_hash\"({}), 0)", sql::quoted_name(name));
    // Its lower 31 bits are all that count, so that it never overflows.
    hash = hash.empty() ? one : fmt::format("bitwise_and(({}) * 31 + {}, 2147483647)", hash, one);
  }
  return fmt::format("SELECT *, mod(bitwise_and({}, 2147483647), {}) AS \"{}\" FROM ({}) AS made", hash, options.buckets,
                     kBucketColumn, query);
}

// <folder>/__bucket=3/<name> becomes <folder>/<prefix>bucket-00003.<ending>
void name_buckets(std::vector<lake::NewObject>& objects, const std::string& prefix) {
  const std::string mark = fmt::format("/{}=", kBucketColumn);
  std::set<std::string> taken;
  for (lake::NewObject& object : objects) {
    const size_t at = object.uri.find(mark);
    if (at == std::string::npos) continue;
    const size_t slash = object.uri.find('/', at + 1);
    const int64_t bucket = parse_int(std::string_view(object.uri).substr(at + mark.size(), slash - at - mark.size())).value_or(0);
    const size_t dot = object.uri.find('.', slash);
    const std::string ending = dot == std::string::npos ? "" : object.uri.substr(dot);
    const std::string stem = fmt::format("{}/{}bucket-{:05}", object.uri.substr(0, at), prefix, bucket);
    std::string uri = stem + ending;
    for (int n = 1; !taken.insert(uri).second; ++n) uri = fmt::format("{}_{}{}", stem, n, ending);
    object.uri = uri;
  }
}

}  // namespace

Result<Ran> StatementRun::create_table_as(const sql::athena::CreateTableAs& create) {
  const Place place = TRY(place_of(create.table));
  TRY(need_database(place));
  if (TRY(find_table(place))) {
    if (!create.if_not_exists)
      return trino_failure("TABLE_ALREADY_EXISTS",
                           fmt::format("line 1:1: Destination table 'awsdatacatalog.{}.{}' already exists",
                                       place.database, place.name));
    Ran ran;
    ran.update_count = 0;
    return ran;
  }
  for (const auto& [name, values] : create.properties)
    if (name == "table_type" && !values.empty() && equals_ignore_case(values[0], "iceberg"))
      return create_iceberg_as(create, place);
  const WriteOptions options = TRY(options_of(create.properties, false));
  const Form* form = TRY(form_of(options.format));
  const auto columns = TRY(columns_of(create.query));
  const size_t kept = columns.size() - std::min(columns.size(), options.partitioned_by.size());
  for (size_t i = 0; i < options.partitioned_by.size(); ++i)
    if (kept + i >= columns.size() || columns[kept + i].name != options.partitioned_by[i])
      return trino_failure("HIVE_COLUMN_ORDER_MISMATCH",
                           fmt::format("Partition keys must be the last columns in the table and in the same order as "
                                       "the table properties: [{}]",
                                       fmt::join(options.partitioned_by, ", ")));
  TRY(check_buckets(options, columns));
  const std::string& output = record_.result.output_location;  // <output>/tables/<id>
  const std::string location = slashed(options.location.empty() ? output : options.location);
  if (!options.location.empty()) TRY(need_empty(location, "HIVE_PATH_ALREADY_EXISTS"));
  Ran ran;
  if (create.with_data) {
    sql::UnloadRequest request = TRY(request_of(create.query, location, options, job_.key.id, door().clock().now()));
    if (options.buckets > 0) {
      request.sql = bucketed_query(create.query, options);
      request.partition_by.push_back(kBucketColumn);
    }
    const std::string prefix = request.name_prefix;
    ran = TRY(written(std::move(request)));
    name_buckets(ran.objects, prefix);
  } else
    ran.columns = {{"rows", "bigint", 19}};
  if (options.location.empty()) ran.table_location = output;
  ran.update_count = ran.output_rows;

  glue::Table table;
  table.name = place.name;
  glue::StorageDescriptor storage;
  storage.columns.set_present();
  table.partition_keys.set_present();
  for (size_t i = 0; i < columns.size(); ++i)
    (i < kept ? storage.columns : table.partition_keys).push_back(to_glue(columns[i]));
  storage.location = location;
  storage.input_format = std::string(form->input);
  storage.output_format = std::string(form->output);
  storage.number_of_buckets = options.buckets > 0 ? static_cast<int32_t>(options.buckets) : -1;
  for (const std::string& column : options.bucketed_by) storage.bucket_columns.push_back(column);
  glue::SerDeInfo serde;
  serde.serialization_library = std::string(form->serde);
  serde.parameters["serialization.format"] = "1";
  if (form->format == sql::FileFormat::kText) serde.parameters["field.delim"] = options.delimiter;
  storage.serde_info = std::move(serde);
  table.storage_descriptor = std::move(storage);
  table.table_type = "EXTERNAL_TABLE";
  table.parameters["EXTERNAL"] = "TRUE";
  table.parameters["has_encrypted_data"] = "false";
  table.parameters["transient_lastDdlTime"] = std::to_string(door().clock().now().seconds());
  glue::CreateTableRequest request;
  request.catalog_id = place.account;
  request.database_name = place.database;
  request.table_input = input_of(table);
  ran.changes.add(std::move(request));
  add_written_partitions(ran, place, table, {});
  return ran;
}

// Registers the partitions whose files were written; files of known ones go to where those are.
void StatementRun::add_written_partitions(Ran& ran, const Place& place, const glue::Table& table,
                                          const std::vector<glue::Partition>& known) {
  const std::string location = folder_of(table);
  std::map<std::string, std::string> moved;  // folder: the known partition's own location
  Partitions made;
  ran.manifest.emplace();
  for (lake::NewObject& object : ran.objects) {
    const std::string folder = folder_behind(object.uri, location);
    if (!folder.empty() && !moved.contains(folder)) {
      moved[folder] = location + folder + "/";
      if (const auto values = partition_values(table, folder)) {
        const auto same = std::ranges::find_if(
            known, [&](const glue::Partition& each) { return each.values.items() == *values; });
        if (same == known.end())
          made.emplace_back(*values, moved[folder]);
        else if (same->storage_descriptor && same->storage_descriptor->location)
          moved[folder] = slashed(*same->storage_descriptor->location);
      }
    }
    if (!folder.empty()) object.uri = moved[folder] + object.uri.substr(object.uri.rfind('/') + 1);
    ran.manifest->push_back(object.uri);
  }
  register_partitions(ran, place, table, made);
}

Result<Ran> StatementRun::insert(const sql::athena::Insert& insert) {
  const Place place = TRY(place_of(insert.table));
  const auto found = TRY(find_table(place));
  if (!found)
    return trino_failure("TABLE_NOT_FOUND", fmt::format("line 1:1: Table 'awsdatacatalog.{}.{}' does not exist",
                                                        place.database, place.name));
  const glue::Table& table = *found;
  if (is_view(table))
    return trino_failure("NOT_SUPPORTED", fmt::format("line 1:1: Inserting into views is not supported: {}", place.name));
  if (is_iceberg(table)) return insert_iceberg(insert, place, table);
  // AWS: INSERT INTO, considerations: bucketed tables are not supported.
  if (table.storage_descriptor && !table.storage_descriptor->bucket_columns.empty())
    return refused("INSERT INTO a bucketed table is not supported: " + place.name);
  WriteOptions options;
  const std::string serde = serde_of(table);
  if (serde.ends_with("ParquetHiveSerDe")) {
    options.format = "PARQUET";
  } else if (serde.ends_with("LazySimpleSerDe")) {
    options.format = "TEXTFILE";
    const auto& parameters = table.storage_descriptor->serde_info->parameters;
    for (const char* other : {"collection.delim", "colelction.delim", "mapkey.delim"})
      if (parameters.find(other))
        return refused(fmt::format("INSERT INTO a table with {} of its own is not supported: {}", other, place.name));
    const std::string* delimiter = parameters.find("field.delim");
    if (delimiter) options.delimiter = *delimiter;
  } else if (serde.ends_with("JsonSerDe")) {
    options.format = "JSON";
  } else if (serde.ends_with("AvroSerDe")) {
    options.format = "AVRO";
  } else {
    return refused("INSERT INTO a table with the SerDe " + serde + " is not supported");
  }
  // AWS: Use Hive table compression. Any of these names, with a dot or an underscore.
  for (const auto& [name, value] : table.parameters) {
    const std::string key = lower(replace_all(name, ".", "_"));
    if (key == "write_compression" || key == "compression" || key == lower(options.format) + "_compression" || key == "parquet_compress")
      options.compression = upper(value);
  }
  for (const glue::Column& key : table.partition_keys) options.partitioned_by.push_back(lower(*key.name));

  std::vector<sql::ExternalColumn> columns;
  for (const glue::Column& column : table.storage_descriptor->columns)
    columns.push_back({lower(*column.name), column.type.value_or("string")});
  for (const glue::Column& key : table.partition_keys)
    columns.push_back({lower(*key.name), key.type.value_or("string")});
  const std::string query = TRY(insert_query(insert, columns));
  const std::string location = folder_of(table);
  Ran ran = TRY(written(TRY(request_of(query, location, options, job_.key.id, door().clock().now()))));
  ran.update_count = ran.output_rows;
  const auto known = table.partition_keys.empty() ? std::vector<glue::Partition>() : TRY(partitions_of(place));
  add_written_partitions(ran, place, table, known);
  return ran;
}

// The rows as the table's columns, in its order and types. ERRORS: Trino's, where they do not fit.
Result<std::string> StatementRun::insert_query(const sql::athena::Insert& insert,
                                               const std::vector<sql::ExternalColumn>& columns) {
  std::vector<std::string> into = insert.columns;
  if (into.empty())
    for (const sql::ExternalColumn& column : columns) into.push_back(column.name);
  for (const std::string& name : into)
    if (std::ranges::none_of(columns, [&](const auto& column) { return column.name == name; }))
      return trino_failure("COLUMN_NOT_FOUND", fmt::format("line 1:1: Insert column name does not exist in target table: "
                                                           "{}",
                                                           name));
  const EngineUse use = TRY(EngineUse::open(service_, job_, record_, workgroup_));
  sql::ExecuteRequest request;
  request.context = use.context();
  request.sql = insert.query;
  request.describe_only = true;
  const auto outcome = TRY(use.engine().execute(use.session(), request));
  std::vector<std::string> table_types, query_types;
  bool fits = outcome.columns.size() == into.size();
  for (size_t i = 0; i < into.size(); ++i) {
    const auto column = std::ranges::find_if(columns, [&](const auto& each) { return each.name == into[i]; });
    table_types.push_back(sql::athena::trino_type(column->type));
    if (i >= outcome.columns.size()) continue;
    const std::string given = hive_type(outcome.columns[i]);
    const bool same = given == sql::athena::hive_type_of(column->type) || outcome.columns[i].signature == "unknown" ||
                      (is_text(given) && is_text(column->type)) || (is_number(given) && is_number(column->type)) ||
                      (given == "date" && column->type == "timestamp") || given.find('<') != std::string::npos;
    fits = fits && same;
  }
  for (const sql::ResultColumn& column : outcome.columns)
    query_types.push_back(column.signature.empty() ? column.type : column.signature);
  if (!fits)
    return trino_failure("TYPE_MISMATCH",
                         fmt::format("Insert query has mismatched column types: Table: [{}], Query: [{}]",
                                     fmt::join(table_types, ", "), fmt::join(query_types, ", ")));
  std::string names, values;
  for (size_t i = 0; i < into.size(); ++i) names += (i > 0 ? ", " : "") + fmt::format("v{}", i);
  for (const sql::ExternalColumn& column : columns) {
    const auto at = std::ranges::find(into, column.name);
    values += (values.empty() ? "" : ", ") +
              fmt::format("CAST({} AS {}) AS {}", at == into.end() ? "NULL" : fmt::format("v{}", at - into.begin()),
                          sql::athena::trino_type(column.type), sql::quoted_name(column.name));
  }
  return fmt::format("SELECT {} FROM ({}) AS inserted ({})", values, insert.query, names);
}

Result<Ran> StatementRun::unload(const sql::athena::Unload& unload) {
  const WriteOptions options = TRY(options_of(unload.properties, true));
  const std::string location = slashed(unload.location);
  TRY(lake::s3_place(location));
  TRY(need_empty(location, "HIVE_PATH_ALREADY_EXISTS"));
  Ran ran = TRY(written(TRY(request_of(unload.query, location, options, job_.key.id, door().clock().now()))));
  ran.manifest.emplace();
  for (const lake::NewObject& object : ran.objects) ran.manifest->push_back(object.uri);
  return ran;
}

}  // namespace tarn::athena
