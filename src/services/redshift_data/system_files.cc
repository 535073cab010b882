// Rows of the system views about what COPY read and UNLOAD wrote.
#include <algorithm>
#include <map>

#include "services/redshift_data/records.h"
#include "services/redshift_data/system_source.h"

namespace tarn::redshift_data {
namespace {

std::string_view format_name(sql::FileFormat format) {
  constexpr std::string_view kNames[] = {"csv", "txt", "json", "parquet", "fixedwidth", "shapefile"};
  const auto at = static_cast<size_t>(format);
  return at < std::size(kNames) ? kNames[at] : "avro";
}

// Of the files of a statement how many there are, and their bytes.
struct Files {
  int64_t count = 0, bytes = 0, errors = 0;
};
Result<std::map<uint64_t, Files>> files_of_queries(Source& source) {
  std::map<uint64_t, Files> all;
  TRY(source.each(kMovedFiles, [&](const MovedFileKey&, const MovedFileRecord& record) {
    Files& files = all[record.query_id];
    ++files.count;
    files.bytes += std::max<int64_t>(record.bytes, 0);
    files.errors += record.errors;
  }));
  return all;
}

Status load_history(Source& source) {
  auto files = TRY(files_of_queries(source));
  return each_query(source, [&](const StatementRecord& record, const PartRecord& part) {
    const auto copy = parsed_as<sql::Copy>(part.sql);
    if (!copy) return;
    const Files read = files[part.query_id];
    const bool done = part.state == StatementState::kFinished;
    source.rows.push_back({user_id(source, record.user), std::to_string(part.query_id), "0", std::to_string(record.pid),
                           record.database,
                           done                  ? "completed"
                           : is_over(part.state) ? "aborted"
                                                 : "running",
                           copy->request.table, timestamp(part.created), timestamp(part.updated), micros(part),
                           copy->uri, std::string(format_name(copy->request.format)), number(done ? part.rows : 0),
                           number(done ? read.bytes : 0), number(read.count), number(read.bytes), number(read.count),
                           number(read.bytes), number(read.errors), "-1"});
  });
}

Status unload_history(Source& source) {
  auto files = TRY(files_of_queries(source));
  return each_query(source, [&](const StatementRecord& record, const PartRecord& part) {
    const auto unload = parsed_as<sql::Unload>(part.sql);
    if (!unload) return;
    const Files written = files[part.query_id];
    constexpr std::string_view kCompressions[] = {"none", "gzip", "bzip2", "zstd", "none"};
    const bool done = part.state == StatementState::kFinished;
    source.rows.push_back(
        {user_id(source, record.user), std::to_string(part.query_id), "0", std::to_string(record.pid), record.database,
         done                  ? "completed"
         : is_over(part.state) ? "aborted"
                               : "running",
         timestamp(part.created), timestamp(part.updated), micros(part),
         std::string(format_name(unload->request.format)),
         std::string(kCompressions[static_cast<size_t>(unload->request.compression)]), unload->request.uri,
         number(done ? part.rows : 0), number(written.count), number(written.bytes), some(part.error)});
  });
}

std::optional<std::string> known(int64_t value) {
  return value < 0 ? std::nullopt : std::optional(std::to_string(value));
}

template <class Each>
Status each_file(Source& source, bool unload, Each each) {
  const bool all = sees_all(source);
  return source.each(kMovedFiles, [&](const MovedFileKey& key, const MovedFileRecord& record) {
    if (record.unload != unload || (!all && record.user != source.workgroup().user)) return;
    each(key, record, std::string(format_name(static_cast<sql::FileFormat>(record.format))));
  });
}

Status load_commits(Source& source) {
  return each_file(source, false, [&](const MovedFileKey& key, const MovedFileRecord& record, const std::string& format) {
    source.rows.push_back({user_id(source, record.user), std::to_string(record.query_id), "0", record.table, record.uri, "0",
                           known(record.rows), std::to_string(record.errors), timestamp(key.time), "1", format, "0", "0", "-1"});
  });
}

Status load_detail(Source& source) {
  return each_file(source, false, [&](const MovedFileKey& key, const MovedFileRecord& record, const std::string&) {
    const bool dated = record.last_modified.micros > 0;
    source.rows.push_back({user_id(source, record.user), std::to_string(record.query_id), record.uri, known(record.bytes),
                           known(record.rows), timestamp(key.time), "1", timestamp(record.began), timestamp(key.time),
                           some(record.etag), dated ? std::optional(timestamp(record.last_modified)) : std::nullopt});
  });
}

Status unload_log(Source& source) {
  return each_file(source, true, [&](const MovedFileKey& key, const MovedFileRecord& record, const std::string& format) {
    source.rows.push_back({user_id(source, record.user), std::to_string(record.query_id), "0", std::to_string(record.pid), record.uri,
                           timestamp(record.began), timestamp(key.time), known(record.rows), known(record.bytes), format});
  });
}

constexpr RowsOf kFileViews[] = {
    {"sys_load_history", load_history}, {"sys_unload_history", unload_history}, {"stl_load_commits", load_commits},
    {"sys_load_detail", load_detail},   {"stl_unload_log", unload_log},
};

}  // namespace

std::span<const RowsOf> file_views() {
  return kFileViews;
}

}  // namespace tarn::redshift_data
