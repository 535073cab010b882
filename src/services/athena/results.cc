// Results: pages of the object in S3 that the query wrote, read as the caller.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/door.h"
#include "gen/s3/shapes.h"
#include "lake/lake.h"
#include "services/athena/athena.h"
#include "services/athena/output.h"
#include "services/athena/pages.h"
#include "store/page_token.h"

namespace tarn::athena {
namespace {

constexpr int32_t kMaxRows = 1000;
constexpr size_t kRead = 1 << 20;

// Reads the object's records from a place on.
class Records {
 public:
  Records(const BlobRange& object, uint64_t at) : object_(object), at_(at) {}

  // One record, of CSV or a line of text; nullopt at the end.
  Result<std::optional<std::vector<std::optional<std::string>>>> next(ResultKind kind) {
    while (true) {
      if (const auto end = end_of_record(kind); end || whole_) {
        if (used_ >= buffer_.size()) return std::nullopt;
        size_t at = used_;
        if (kind == ResultKind::kCsv) {
          auto record = csv_record(buffer_, at);
          used_ = std::min(at, buffer_.size());
          return record;
        }
        const size_t line_end = end.value_or(buffer_.size());
        std::vector<std::optional<std::string>> line = {buffer_.substr(used_, line_end - used_)};
        used_ = std::min(line_end + 1, buffer_.size());
        return line;
      }
      TRY(fill());
    }
  }
  uint64_t position() const { return at_ + used_; }

 private:
  // Where the line's end is that ends the record, if it has been read.
  std::optional<size_t> end_of_record(ResultKind kind) {
    bool quoted = false;
    for (size_t i = used_; i < buffer_.size(); ++i) {
      if (kind == ResultKind::kCsv && buffer_[i] == '"') quoted = !quoted;
      if (buffer_[i] == '\n' && !quoted) return i;
    }
    return std::nullopt;
  }
  Status fill() {
    at_ += used_;
    buffer_.erase(0, used_);
    used_ = 0;
    const uint64_t from = at_ + buffer_.size();
    if (!object_.body || from >= object_.length) {
      whole_ = true;
      return {};
    }
    std::string more(std::min<uint64_t>(kRead, object_.length - from), '\0');
    const size_t got = TRY(object_.body->read(object_.offset + from, more));
    buffer_ += more.substr(0, got);
    whole_ = got == 0;
    return {};
  }

  const BlobRange& object_;
  uint64_t at_;  // of buffer_
  std::string buffer_;
  size_t used_ = 0;
  bool whole_ = false;
};

ColumnInfo to_wire(const ColumnRecord& column) {
  ColumnInfo out;
  out.catalog_name = "hive";
  out.schema_name = "";
  out.table_name = "";
  out.name = column.name;
  out.label = column.name;
  out.type = column.type;
  out.precision = column.precision;
  out.scale = column.scale;
  out.nullable = "UNKNOWN";
  out.case_sensitive = column.case_sensitive;
  return out;
}

void add_row(ResultSet& set, const std::vector<std::optional<std::string>>& values) {
  Row& row = set.rows.emplace_back();
  row.data.set_present();
  for (const auto& value : values) row.data.emplace_back().var_char_value = value;
}

Result<ExecutionRecord> finished(Transaction& tx, const ExecutionKey& key) {
  auto found = TRY(tx.get(kExecutions, key, Lock::kNone));
  if (!found) return invalid(fmt::format("QueryExecution {} was not found", key.id));
  if (found->state == State::kSucceeded) return std::move(*found);
  if (is_over(found->state))
    return invalid(fmt::format("Query did not finish successfully. Final query state: {}", state_text(found->state)));
  return invalid(fmt::format("Query has not yet finished. Current state: {}", state_text(found->state)));
}

}  // namespace

Result<std::vector<Need>> get_query_results_rights(Athena& service, Call& call, const GetQueryResultsInput& in) {
  const auto tx = service.door().store().read();
  const auto found =
      TRY(tx->get(kExecutions, ExecutionKey{call.account(), call.region(), *in.query_execution_id}, Lock::kNone));
  return std::vector<Need>{{"athena:GetQueryResults", workgroup_arn(call, found ? found->workgroup : "*")}};
}

Result<GetQueryResultsOutput> get_query_results(Athena& service, Call& call, const GetQueryResultsInput& in) {
  if (in.query_result_type == "DATA_MANIFEST") return invalid("QueryResultType DATA_MANIFEST is not supported.");
  Door& door = service.door();
  const ExecutionKey key{call.account(), call.region(), *in.query_execution_id};
  ExecutionRecord record;
  {
    const auto tx = door.store().read();
    record = TRY(finished(*tx, key));
    TRY(door.store().wait_synced(tx->seen()));
  }
  GetQueryResultsOutput out;
  // AWS: UpdateCount is 0 but for CTAS and INSERT.
  out.update_count = std::max<int64_t>(record.update_count, 0);
  ResultSet set;
  set.rows.set_present();
  ResultSetMetadata metadata;
  metadata.column_info.set_present();
  for (const ColumnRecord& column : record.columns) metadata.column_info.push_back(to_wire(column));
  set.result_set_metadata = std::move(metadata);
  if (record.kind == ResultKind::kNone) {
    out.result_set = std::move(set);
    return out;
  }

  const std::string request = "GetQueryResults " + key.id;
  const auto from = static_cast<uint64_t>(parse_int(TRY(page_start(door, request, in.next_token))).value_or(0));
  const lake::S3Place place = TRY(lake::s3_place(record.result.output_location));
  s3::GetObjectRequest get;
  get.bucket = place.bucket;
  get.key = place.key;
  const auto object = door.call_body_out(as_athena(call.caller(), key.id), get);
  if (!object)
    return invalid(fmt::format("Could not read the result {}: {}", record.result.output_location,
                               object.error().message));
  Records records(object->body, from);
  // The CSV's own first record is the header: it is the first page's first row.
  const int32_t limit = in.max_results.value_or(kMaxRows);
  bool more = true;
  while (static_cast<int32_t>(set.rows.size()) < limit) {
    const auto record_read = TRY(records.next(record.kind));
    if (!record_read) {
      more = false;
      break;
    }
    add_row(set, *record_read);
  }
  if (more && records.position() < object->body.length)
    out.next_token = page_token(door.store(), request, std::to_string(records.position()));
  out.result_set = std::move(set);
  return out;
}

}  // namespace tarn::athena
