// Results: pages of a statement's spool, as fields or as CSV.
#include <fmt/format.h>

#include "base/text.h"
#include "door/door.h"
#include "os/file.h"
#include "services/redshift_data/columns.h"
#include "services/redshift_data/redshift_data.h"
#include "sql/spool.h"
#include "store/page_token.h"

namespace tarn::redshift_data {
namespace {

constexpr size_t kPageBytes = 1 << 20;  // of text; a page has at least one row

// A statement's result, opened where the page begins.
struct OpenResult {
  FoundStatement found;
  Fd file;
  sql::SpoolReader reader;
  std::string request;  // what its page tokens belong to
  uint64_t row = 0;
};

Result<OpenResult> open_result(RedshiftData& service, Call& call, const std::string& id,
                               const std::optional<std::string>& token, const std::optional<int32_t>& wait_seconds,
                               std::string_view operation) {
  auto tx = service.door().store().read();
  FoundStatement found = TRY(find_statement(*tx, call.caller(), call.now(), id));
  if (wait_seconds.value_or(0) > 0 && !is_over(found.record.state)) {
    TRY(service.wait(found.key, std::chrono::seconds(*wait_seconds)));
    tx = service.door().store().read();
    found = TRY(find_statement(*tx, call.caller(), call.now(), id));
  }
  TRY(service.door().store().wait_synced(tx->seen()));
  const size_t part = found.part == 0 ? 0 : found.part - 1;
  if (!is_over(found.record.state) || (found.record.batch && found.part == 0) || !found.record.parts[part].has_result ||
      found.record.state != StatementState::kFinished)
    return not_found("Query does not have result. Please check query status with DescribeStatement.", id);
  std::string request = fmt::format("{} {}", operation, id);
  uint64_t row = 0;
  if (token && !token->empty()) {
    const auto position = page_position(service.door().store(), request, *token);
    if (!position) return invalid("The NextToken is not one that this operation gave.");
    row = static_cast<uint64_t>(parse_int(*position).value_or(0));
  }
  const std::string path = service.result_file(found.key.id, part);
  Fd file = TRY(open_file(path, OpenMode::kRead));
  sql::SpoolReader reader = TRY(sql::SpoolReader::open(file.get()));
  return OpenResult{std::move(found), std::move(file), std::move(reader), std::move(request), row};
}

Field field_of(const sql::Cell& cell, size_t& bytes) {
  Field field;
  bytes += 8;
  if (cell.null)
    field.is_null = true;
  else if (cell.kind == sql::CellKind::kBool)
    field.boolean_value = cell.integer != 0;
  else if (cell.kind == sql::CellKind::kInt)
    field.long_value = cell.integer;
  else if (cell.kind == sql::CellKind::kDouble)
    field.double_value = cell.real;
  else {
    field.string_value = cell.as_text();
    bytes += field.string_value->size();
  }
  return field;
}

void append_csv(std::string& out, const sql::Cell& cell) {
  if (cell.null) return;
  const std::string text = cell.as_text();
  if (text.find_first_of(",\"\r\n") == std::string::npos && !text.empty()) {
    out += text;
    return;
  }
  out += '"' + replace_all(text, "\"", "\"\"") + '"';
}

// Calls `each` for rows from result.row on until it says that the page is full. False: all rows have been seen.
template <class Each>
Result<bool> page_of(OpenResult& result, Each each) {
  while (result.row < result.reader.rows()) {
    const sql::SpoolPage page = TRY(result.reader.page(result.reader.page_of(result.row)));
    for (uint64_t at = result.row - page.first_row(); at < page.rows(); ++at) {
      const bool full = each(page, static_cast<uint32_t>(at));
      ++result.row;
      if (full && result.row < result.reader.rows()) return true;
    }
  }
  return false;
}

template <class Output>
void describe(const OpenResult& result, Output& out) {
  out.total_num_rows = static_cast<int64_t>(result.reader.rows());
  for (const sql::ResultColumn& column : result.reader.columns()) out.column_metadata.push_back(metadata_of(column));
}

}  // namespace

Result<std::vector<Need>> get_statement_result_rights(RedshiftData&, Call& call, const GetStatementResultRequest& in) {
  return needs_on_statement(call, *in.id, "redshift-data:GetStatementResult");
}

Result<GetStatementResultResponse> get_statement_result(RedshiftData& service, Call& call,
                                                        const GetStatementResultRequest& in) {
  OpenResult result =
      TRY(open_result(service, call, *in.id, in.next_token, in.wait_time_seconds, "GetStatementResult"));
  if (result.found.record.result_format != "JSON")
    return invalid("The result's format is CSV: use GetStatementResultV2.");
  GetStatementResultResponse out;
  out.records.set_present();
  describe(result, out);
  size_t bytes = 0;
  const bool more = TRY(page_of(result, [&](const sql::SpoolPage& page, uint32_t row) {
    wire::List<Field>& fields = out.records.emplace_back();
    for (size_t c = 0; c < result.reader.columns().size(); ++c) fields.push_back(field_of(page.cell(row, c), bytes));
    return bytes >= kPageBytes;
  }));
  if (more) out.next_token = page_token(service.door().store(), result.request, std::to_string(result.row));
  return out;
}

Result<std::vector<Need>> get_statement_result_v2_rights(RedshiftData&, Call& call,
                                                          const GetStatementResultV2Request& in) {
  return needs_on_statement(call, *in.id, "redshift-data:GetStatementResult");
}

Result<GetStatementResultV2Response> get_statement_result_v2(RedshiftData& service, Call& call,
                                                             const GetStatementResultV2Request& in) {
  OpenResult result =
      TRY(open_result(service, call, *in.id, in.next_token, in.wait_time_seconds, "GetStatementResultV2"));
  if (result.found.record.result_format != "CSV")
    return invalid("The result's format is JSON: use GetStatementResult.");
  GetStatementResultV2Response out;
  out.records.set_present();
  out.result_format = "CSV";
  describe(result, out);
  std::string text;
  const bool more = TRY(page_of(result, [&](const sql::SpoolPage& page, uint32_t row) {
    for (size_t c = 0; c < result.reader.columns().size(); ++c) {
      if (c > 0) text += ',';
      append_csv(text, page.cell(row, c));
    }
    text += '\n';
    return text.size() >= kPageBytes;
  }));
  if (!text.empty()) out.records.emplace_back().csv_records = std::move(text);
  if (more) out.next_token = page_token(service.door().store(), result.request, std::to_string(result.row));
  return out;
}

}  // namespace tarn::redshift_data
