// S3 Select: one object as a table, its dialect rewritten by the same rewriter.
#include "base/text.h"
#include "sql/engine/encode.h"
#include "sql/engine/errors.h"
#include "sql/engine/functions.h"
#include "sql/engine/load_parser.h"
#include "sql/engine/rewriter.h"
#include "sql/engine/select_input.h"
#include "sql/engine/session.h"

namespace tarn::sql::engine {
namespace {

using duckdb::LogicalType;
using std::string;

constexpr const char* kObject = "s3://select/object";

struct InputState : duckdb::GlobalTableFunctionState {
  duckdb::idx_t MaxThreads() const override { return 1; }
};

duckdb::unique_ptr<duckdb::FunctionData> bind_input(duckdb::ClientContext& context, duckdb::TableFunctionBindInput&,
                                                    duckdb::vector<LogicalType>& types, duckdb::vector<string>& names) {
  const auto session = SessionState::of(context);
  if (!session || !session->select) raise_sql("42P01", "relation \"s3object\" does not exist");
  if (session->select->json()) {
    names.emplace_back("record");
    types.push_back(LogicalType::JSON());
  } else {
    // Named by position: a header may hold any name, also twice. The rewriter knows which is which.
    for (size_t i = 0; i < session->select->width(); ++i) {
      names.push_back("_" + std::to_string(i + 1));
      types.push_back(LogicalType::VARCHAR);
    }
  }
  if (types.empty()) {
    names.emplace_back("_1");
    types.push_back(LogicalType::VARCHAR);
  }
  return duckdb::make_uniq<duckdb::TableFunctionData>();
}

duckdb::unique_ptr<duckdb::GlobalTableFunctionState> begin_input(duckdb::ClientContext&,
                                                                 duckdb::TableFunctionInitInput&) {
  return duckdb::make_uniq<InputState>();
}

void next_input(duckdb::ClientContext& context, duckdb::TableFunctionInput&, duckdb::DataChunk& output) {
  const auto session = SessionState::of(context);
  std::vector<std::optional<string>> fields;
  duckdb::idx_t row = 0;
  for (; row < STANDARD_VECTOR_SIZE && session->select->next(fields); ++row) {
    for (duckdb::idx_t i = 0; i < output.ColumnCount(); ++i) {
      auto& vector = output.data[i];
      if (i < fields.size() && fields[i]) {
        duckdb::FlatVector::GetData<duckdb::string_t>(vector)[row] =
            duckdb::StringVector::AddString(vector, *fields[i]);
      } else {
        duckdb::FlatVector::SetNull(vector, row, true);
      }
    }
  }
  output.SetCardinality(row);
}

}  // namespace

void add_select_input(Registry& registry) {
  registry.add(duckdb::TableFunction("select_input", {}, next_input, bind_input, begin_input));
}

Result<SelectOutcome> Session::select(SelectRequest request, int spool) {
  SelectOutcome outcome;
  StatementContext context;
  context.dialect = Dialect::kS3Select;
  context.timeout = request.timeout;
  TRY(in_transaction(context, [&] {
    auto& client = *connection_.context;
    request.object.object.uri = kObject;
    const auto object = std::make_shared<const OpenedObject>(std::move(request.object));
    {
      const std::lock_guard lock(state_->mutex);
      state_->opened[kObject] = object;
    }
    string path;
    size_t width = 0;
    ExecuteRequest inner;
    inner.context = context;
    inner.sql = plain_select(request.sql, path, width);
    state_->select_parquet = request.format == FileFormat::kParquet;
    if (!state_->select_parquet) {
      ByteSource source = open_text(client, kObject, request.compression);
      if (const auto start = request.scan_start.value_or(0); start > 0) {
        string skipped(1 << 16, '\0');
        // One byte before: a record that begins at the start is whole.
        for (uint64_t left = start - 1; left > 0;) {
          const size_t n = source(skipped.data(), std::min<uint64_t>(left, skipped.size()));
          if (n == 0) break;
          left -= n;
        }
      }
      state_->select = std::make_shared<SelectInput>(std::move(source), request, path, width);
    }
    auto statement = parse_one(inner.sql);
    if (statement->type != duckdb::StatementType::SELECT_STATEMENT) raise_sql("42601", "S3 Select takes a SELECT.");
    rewrite(client, inner, statement);
    const auto result = start(std::move(statement));
    Outcome drained;
    drain(*result, inner, spool, drained);
    outcome.columns = std::move(drained.columns);
    outcome.rows = drained.rows;
    outcome.processed_bytes = state_->select ? state_->select->processed() : state_->scanned_bytes.load();
  }));
  outcome.scanned_bytes = state_->scanned_bytes;
  return outcome;
}

}  // namespace tarn::sql::engine
