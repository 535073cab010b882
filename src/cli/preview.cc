// `tarn preview` and `tarn profile`: a look at files in S3 or at a table. Bytes and tables come from the server by signed
// requests, so they show what the caller may see; the engine runs here, as a child of the command.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <pugixml.hpp>

#include "base/text.h"
#include "cli/cli.h"
#include "lake/file_schema.h"
#include "lake/profile.h"
#include "os/file.h"
#include "os/process.h"
#include "os/random.h"
#include "os/scratch.h"
#include "sql/engine_client.h"

namespace tarn::cli {
namespace {

constexpr size_t kMostBytes = size_t{4} << 30;  // of one object
constexpr uint64_t kMemory = 1 << 30;
constexpr const char* kFiles = "files";

struct Place {
  std::string bucket, key;
};

Place place_of(std::string_view uri) {
  uri.remove_prefix(std::string_view("s3://").size());
  const size_t slash = std::min(uri.find('/'), uri.size());
  return {std::string(uri.substr(0, slash)), std::string(uri.substr(std::min(slash + 1, uri.size())))};
}

// --- S3 --------------------------------------------------------------------------------------------------------------

Result<http::Response> get(const Target& target, const std::string& path, const std::string& query, size_t max_body) {
  http::Request request;
  request.method = "GET";
  request.path = path;
  request.query = query;
  http::Response response = TRY(send_signed(target, std::move(request), "s3", max_body));
  if (response.status < 300) return response;
  pugi::xml_document document;
  document.load_buffer(response.body.data(), response.body.size());
  const auto error = document.child("Error");
  return fail(response.status, error.child_value("Code"), error.child_value("Message"));
}

Result<std::vector<sql::ObjectRef>> list(const Target& target, const std::string& uri) {
  const Place place = place_of(uri);
  std::vector<sql::ObjectRef> all;
  std::string token;
  do {
    std::string query = "list-type=2&prefix=" + uri_encode(place.key);
    if (!token.empty()) query = "continuation-token=" + uri_encode(token) + "&" + query;
    const http::Response response = TRY(get(target, "/" + place.bucket, query, 64 << 20));
    pugi::xml_document document;
    if (!document.load_buffer(response.body.data(), response.body.size()))
      return fail(502, "BadAnswer", "The server's listing is no XML.");
    const auto result = document.child("ListBucketResult");
    for (const auto& object : result.children("Contents"))
      all.push_back({fmt::format("s3://{}/{}", place.bucket, object.child_value("Key")),
                     static_cast<uint64_t>(parse_int(object.child_value("Size")).value_or(0)),
                     object.child_value("ETag"), parse_iso8601(object.child_value("LastModified")).value_or(Time{})});
    token = result.child_value("NextContinuationToken");
  } while (!token.empty());
  return all;
}

// --- the catalog -----------------------------------------------------------------------------------------------------

std::string format_of(const std::string& serde) {
  if (serde.ends_with("ParquetHiveSerDe")) return "parquet";
  if (serde.ends_with("JsonSerDe")) return "json";
  if (serde.ends_with("LazySimpleSerDe") || serde.ends_with("OpenCSVSerde")) return "csv";
  return serde;
}

sql::ExternalTable table_of(const Json& table, const std::string& database) {
  sql::ExternalTable out{.catalog = "awsdatacatalog", .database = database, .name = table["Name"].as_string()};
  const auto columns = [](const Json& from) {
    std::vector<sql::ExternalColumn> all;
    for (const Json& each : from.items()) all.push_back({lower(each["Name"].as_string()), each["Type"].as_string()});
    return all;
  };
  const Json& storage = table["StorageDescriptor"];
  out.columns = columns(storage["Columns"]);
  out.partition_columns = columns(table["PartitionKeys"]);
  out.location = storage["Location"].as_string();
  for (const Json* parameters : {&table["Parameters"], &storage["Parameters"], &storage["SerdeInfo"]["Parameters"]})
    for (const auto& [name, value] : parameters->members())
      if (!(name == "serialization.format" && value.as_string() == "1"))
        out.properties.emplace_back(lower(name), value.as_string());
  const std::string& serde = storage["SerdeInfo"]["SerializationLibrary"].as_string();
  out.properties.emplace_back("serialization.lib", serde);
  out.format = format_of(serde);
  return out;
}

// What the engine asks, asked of the server.
class RemoteLake final : public sql::ServerCallbacks {
 public:
  RemoteLake(const Target& target, std::string folder) : target_(target), folder_(std::move(folder)) {}
  void set_files(sql::ExternalTable files) { files_ = std::move(files); }

  Result<std::optional<sql::ExternalTable>> resolve_table(const std::string&, const std::string&,
                                                          const std::string& database,
                                                          const std::string& table) override {
    if (files_) return files_;
    const auto got =
        call_json(target_, "glue", "AWSGlue.GetTable", Json::object({{"DatabaseName", database}, {"Name", table}}));
    if (!got && got.error().code.ends_with("EntityNotFoundException")) return std::nullopt;
    if (!got) return Failure(got.error());
    return table_of((*got)["Table"], database);
  }
  Result<std::vector<sql::ExternalPartition>> list_partitions(const std::string&, const std::string&,
                                                              const std::string& database,
                                                              const std::string& table) override {
    std::vector<sql::ExternalPartition> all;
    Json request = Json::object({{"DatabaseName", database}, {"TableName", table}, {"ExcludeColumnSchema", true}});
    for (;;) {
      const Json page = TRY(call_json(target_, "glue", "AWSGlue.GetPartitions", request));
      for (const Json& each : page["Partitions"].items()) {
        sql::ExternalPartition& partition = all.emplace_back();
        for (const Json& value : each["Values"].items()) partition.values.push_back(value.as_string());
        partition.location = each["StorageDescriptor"]["Location"].as_string();
      }
      if (page["NextToken"].as_string().empty()) return all;
      request.set("NextToken", page["NextToken"]);
    }
  }
  Result<std::vector<std::string>> list_tables(const std::string&, const std::string&, const std::string&) override {
    return std::vector<std::string>{};
  }
  Result<std::vector<std::vector<sql::ObjectRef>>> list_objects(const std::string&,
                                                                const std::vector<std::string>& prefixes) override {
    std::vector<std::vector<sql::ObjectRef>> all;
    for (const std::string& prefix : prefixes) all.push_back(TRY(list(target_, prefix)));
    return all;
  }
  Result<std::optional<sql::OpenedObject>> open_object(const std::string&, const std::string& uri) override {
    const Place place = place_of(uri);
    auto response = get(target_, "/" + place.bucket + "/" + uri_encode(place.key, true), "", kMostBytes);
    if (!response && response.error().code == "NoSuchKey") return std::nullopt;
    if (!response) return Failure(response.error());
    Fd file = TRY(nameless_file(folder_));
    TRY(write_all(file.get(), response->body, uri));
    sql::OpenedObject opened;
    opened.object = {uri, response->body.size(), "", {}};
    opened.segments.push_back({0, 0, response->body.size(), {}});
    opened.files.emplace_back(file.release());
    return opened;
  }
  Result<sql::StagedObject> create_object(const std::string&, const std::string&, const std::string&) override {
    return refused();
  }
  Status finish_object(uint64_t, uint64_t) override { return refused(); }
  void abort_object(uint64_t) override {}
  Status authorise(const std::string&, const std::vector<sql::TableUse>&) override { return {}; }
  Result<sql::Rows> system_rows(const std::string&, const std::string&) override { return sql::Rows{}; }

 private:
  static Failure refused() { return fail(400, "NotSupported", "Nothing is written by a look at data."); }

  const Target& target_;
  const std::string folder_;
  std::optional<sql::ExternalTable> files_;
};

// --- a look ----------------------------------------------------------------------------------------------------------

bool is_json_lines(std::string_view bytes) {
  const std::string_view text = trim(bytes);
  return Json::parse(text.substr(0, text.find('\n'))).has_value();
}

// What a person sees who opens the file; nothing of what is no text.
std::string first_lines(std::string_view bytes) {
  constexpr size_t kLines = 12, kLongest = 120;
  std::string shown;
  for (size_t line = 0; line < kLines && !bytes.empty(); ++line) {
    const size_t end = std::min(bytes.find('\n'), bytes.size());
    std::string_view text = bytes.substr(0, std::min(end, kLongest));
    if (std::ranges::any_of(text, [](unsigned char c) { return c < ' ' && c != '\t' && c != '\r'; })) return {};
    while (!valid_utf8(text)) text.remove_suffix(1);  // a letter that was cut
    shown += "\n  ";
    shown += text;
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  return " It begins:" + shown;
}

// An engine over the server's data for as long as the command runs, in a folder that goes with it.
class Look {
 public:
  explicit Look(const Target& target)
      : folder_(std::filesystem::temp_directory_path().string() + "/tarn-look-" + random_hex(12)),
        lake_(target, folder_) {}
  ~Look() {
    engine_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  Result<lake::ProfileSource> open(const Target& target, const std::string& what) {
    TRY(make_directories(folder_ + "/databases"));
    engine_ = std::make_unique<sql::Engine>(
        sql::EngineOptions{.databases = folder_ + "/databases", .scratch = folder_ + "/spill", .memory_bytes = kMemory},
        lake_);
    if (!what.starts_with("s3://")) {
      const size_t dot = what.find('.');
      if (dot == std::string::npos || dot == 0 || dot + 1 == what.size())
        return fail(400, "InvalidArgument", fmt::format("'{}' is neither s3://BUCKET/KEY nor DATABASE.TABLE.", what));
      return lake::ProfileSource{"cli", lower(what.substr(0, dot)), lower(what.substr(dot + 1))};
    }
    lake_.set_files(TRY(files_at(target, what)));
    return lake::ProfileSource{"cli", kFiles, kFiles};
  }
  sql::Engine& engine() { return *engine_; }

 private:
  // The first file that holds something tells what all of them are.
  Result<sql::ExternalTable> files_at(const Target& target, const std::string& uri) {
    for (const sql::ObjectRef& object : TRY(list(target, uri))) {
      if (object.size == 0) continue;
      const Place place = place_of(object.uri);
      const std::string bytes =
          TRY(get(target, "/" + place.bucket + "/" + uri_encode(place.key, true), "", kMostBytes)).body;
      const lake::FileView view{object.uri, bytes.size(), [&](uint64_t offset, uint64_t length) -> Result<std::string> {
                                  return bytes.substr(offset, length);
                                }};
      const lake::FileSchema schema = TRY(lake::inspect(view));
      auto table = lake::table_of_files(schema, kFiles, kFiles, uri);
      if (!table || (schema.classification == "json" && schema.compression == "none" && !is_json_lines(bytes)))
        return fail(400, "UnknownFormat",
                    fmt::format("{} is no table ({}): CSV, JSON of an object a line, and Parquet can be looked at.{}",
                                object.uri, schema.classification, first_lines(bytes)));
      return *table;
    }
    return fail(404, "NoSuchKey", fmt::format("There are no files at {}.", uri));
  }

  const std::string folder_;
  RemoteLake lake_;
  std::unique_ptr<sql::Engine> engine_;
};

// --- printing --------------------------------------------------------------------------------------------------------

std::string cell_text(const std::optional<std::string>& cell) {
  constexpr size_t kWidest = 40;
  if (!cell) return "";
  std::string text = replace_all(replace_all(*cell, "\n", " "), "\t", " ");
  if (utf8_length(text) <= kWidest) return text;
  size_t at = 0;
  for (size_t n = 0; n < kWidest - 1; ++n) do
      ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80);
  return text.substr(0, at) + "…";
}

void print_table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const std::string& name : header) widths.push_back(utf8_length(name));
  for (const auto& row : rows)
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], utf8_length(row[i]));
  const auto print = [&](const std::vector<std::string>& row) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i)
      line += row[i] + std::string(i + 1 < row.size() ? widths[i] - utf8_length(row[i]) + 2 : 0, ' ');
    std::printf("%s\n", line.c_str());
  };
  print(header);
  std::vector<std::string> rule;
  for (const size_t width : widths) rule.emplace_back(width, '-');
  print(rule);
  for (const auto& row : rows) print(row);
}

std::string number_text(const Json& value) {
  if (!value.is_number() || parse_int(value.as_string())) return value.as_string();
  return fmt::format("{:.6g}", value.as_double());
}

void print_report(const Json& report) {
  std::vector<std::vector<std::string>> rows;
  for (const Json& column : report["columns"].items()) {
    const Json& top = column["mostCommonValues"];
    rows.push_back(
        {column["name"].as_string(), column["type"].as_string(), number_text(column["missingValuesCount"]),
         number_text(column["distinctValuesCount"]), cell_text(number_text(column["min"])), number_text(column["mean"]),
         cell_text(number_text(column["max"])), number_text(column["outliersCount"]),
         top.size() > 0
             ? fmt::format("{} ({})", cell_text(top.at(0)["value"].as_string()), top.at(0)["frequency"].as_int())
             : ""});
  }
  std::printf("%lld rows, %lld columns\n\n", static_cast<long long>(report["sampleSize"].as_int()),
              static_cast<long long>(report["columnsCount"].as_int()));
  print_table({"column", "type", "missing", "distinct", "least", "mean", "greatest", "outliers", "commonest"}, rows);
}

std::string page_name(const std::string& what) {
  std::string name;
  for (const char c : what)
    name += (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ? c : '-';
  return "profile-" + name + ".html";
}

}  // namespace

int preview_command(const Target& target, const std::string& what, int rows) {
  Look look(target);
  const auto source = look.open(target, what);
  if (!source) return complain(source.error());
  const auto seen = lake::preview(look.engine(), *source, static_cast<size_t>(rows));
  if (!seen) return complain(seen.error());
  std::vector<std::string> header;
  for (const auto& column : seen->columns) header.push_back(column.name);
  std::vector<std::vector<std::string>> lines;
  for (const auto& row : seen->rows) {
    std::vector<std::string>& line = lines.emplace_back();
    for (const auto& cell : row) line.push_back(cell_text(cell));
  }
  print_table(header, lines);
  return 0;
}

int profile_command(const Target& target, const std::string& what, int64_t rows, std::string page) {
  Look look(target);
  const auto source = look.open(target, what);
  if (!source) return complain(source.error());
  const auto report = lake::profile(look.engine(), *source, {.rows = static_cast<uint64_t>(rows)});
  if (!report) return complain(report.error());
  print_report(*report);
  if (page.empty()) page = page_name(what);
  if (const Status written = write_file_atomically(page, lake::profile_page(*report, what)); !written)
    return complain(written.error());
  std::printf("\nwritten to %s\n", page.c_str());
  return 0;
}

}  // namespace tarn::cli
