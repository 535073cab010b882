#include "sql/engine/federated_scan.h"

#include <chrono>
#include <future>
#include <thread>

#include "base/text.h"
#include "os/file.h"
#include "sql/engine/errors.h"
#include "sql/engine/session_state.h"
#include "sql/federated.h"

namespace tarn::sql::engine {
namespace {

using duckdb::ClientContext;
using duckdb::Expression;
using duckdb::ExpressionClass;
using duckdb::ExpressionType;
using duckdb::idx_t;
using duckdb::LogicalTypeId;
using duckdb::Vector;
using std::string;

constexpr size_t kBlock = 1 << 20;
constexpr auto kLookEvery = std::chrono::milliseconds(10);  // whether the statement goes on

struct Bind : duckdb::TableFunctionData {
  std::shared_ptr<const TableSnapshot> table;
  std::vector<FederatedFilter> filters;
};

// --- what the server may leave out -----------------------------------------------------------------------------------

// Values that are one text here and there. Texts are compared for equality only: their order is the collation's.
bool comparable(const duckdb::Value& value, bool order) {
  if (value.IsNull()) return false;
  switch (value.type().id()) {
    case LogicalTypeId::SMALLINT:
    case LogicalTypeId::INTEGER:
    case LogicalTypeId::BIGINT:
    case LogicalTypeId::DECIMAL: return true;
    case LogicalTypeId::DATE:
    case LogicalTypeId::TIMESTAMP: return value.ToString().find("(BC)") == string::npos;
    case LogicalTypeId::VARCHAR: return !order && !value.type().IsJSONType();
    default: return false;
  }
}

const string* column_name(const Expression& expression, const duckdb::LogicalGet& get, const TableSnapshot& table) {
  if (expression.GetExpressionClass() != ExpressionClass::BOUND_COLUMN_REF) return nullptr;
  const auto& binding = expression.Cast<duckdb::BoundColumnRefExpression>().binding;
  if (binding.table_index != get.table_index || binding.column_index >= get.GetColumnIds().size()) return nullptr;
  const auto column = get.GetColumnIds()[binding.column_index].GetPrimaryIndex();
  return column < table.names.size() ? &table.names[column] : nullptr;
}

const duckdb::Value* constant(const Expression& expression) {
  if (expression.GetExpressionClass() != ExpressionClass::BOUND_CONSTANT) return nullptr;
  return &expression.Cast<duckdb::BoundConstantExpression>().value;
}

string operator_of(ExpressionType type) {
  switch (type) {
    case ExpressionType::COMPARE_EQUAL: return "=";
    case ExpressionType::COMPARE_NOTEQUAL: return "<>";
    case ExpressionType::COMPARE_LESSTHAN: return "<";
    case ExpressionType::COMPARE_LESSTHANOREQUALTO: return "<=";
    case ExpressionType::COMPARE_GREATERTHAN: return ">";
    case ExpressionType::COMPARE_GREATERTHANOREQUALTO: return ">=";
    default: return {};
  }
}

void add(Bind& bind, const string* column, const string& op, std::initializer_list<const duckdb::Value*> values) {
  if (column == nullptr || op.empty()) return;
  FederatedFilter filter{*column, op, {}};
  for (const duckdb::Value* value : values) {
    if (value == nullptr || !comparable(*value, op != "=" && op != "<>")) return;
    filter.values.push_back(value->ToString());
  }
  bind.filters.push_back(std::move(filter));
}

void push_operator(Bind& bind, const duckdb::LogicalGet& get, const duckdb::BoundOperatorExpression& expression) {
  const string* column = column_name(*expression.children[0], get, *bind.table);
  if (expression.GetExpressionType() == ExpressionType::OPERATOR_IS_NULL) return add(bind, column, "IS NULL", {});
  if (expression.GetExpressionType() == ExpressionType::OPERATOR_IS_NOT_NULL)
    return add(bind, column, "IS NOT NULL", {});
  if (expression.GetExpressionType() != ExpressionType::COMPARE_IN || column == nullptr) return;
  FederatedFilter filter{*column, "IN", {}};
  for (size_t i = 1; i < expression.children.size(); ++i) {
    const duckdb::Value* value = constant(*expression.children[i]);
    if (value == nullptr || !comparable(*value, false)) return;
    filter.values.push_back(value->ToString());
  }
  bind.filters.push_back(std::move(filter));
}

void push(Bind& bind, const duckdb::LogicalGet& get, const Expression& expression) {
  const auto column = [&](const Expression& side) { return column_name(side, get, *bind.table); };
  switch (expression.GetExpressionClass()) {
    case ExpressionClass::BOUND_COMPARISON: {
      const auto& comparison = expression.Cast<duckdb::BoundComparisonExpression>();
      const auto type = comparison.GetExpressionType();
      add(bind, column(*comparison.left), operator_of(type), {constant(*comparison.right)});
      add(bind, column(*comparison.right), operator_of(duckdb::FlipComparisonExpression(type)),
          {constant(*comparison.left)});
      break;
    }
    case ExpressionClass::BOUND_BETWEEN: {
      const auto& between = expression.Cast<duckdb::BoundBetweenExpression>();
      const string* of = column(*between.input);
      add(bind, of, between.lower_inclusive ? ">=" : ">", {constant(*between.lower)});
      add(bind, of, between.upper_inclusive ? "<=" : "<", {constant(*between.upper)});
      break;
    }
    case ExpressionClass::BOUND_OPERATOR:
      push_operator(bind, get, expression.Cast<duckdb::BoundOperatorExpression>());
      break;
    default: break;
  }
}

// The filters stay: what comes is looked at again.
void push_filters(ClientContext&, duckdb::LogicalGet& get, duckdb::FunctionData* data,
                  duckdb::vector<duckdb::unique_ptr<Expression>>& filters) {
  auto& bind = data->Cast<Bind>();
  bind.filters.clear();
  for (const auto& filter : filters) push(bind, get, *filter);
}

// --- rows ------------------------------------------------------------------------------------------------------------

struct Scan : duckdb::GlobalTableFunctionState {
  OpenedObject rows;
  duckdb::vector<duckdb::column_t> columns;  // that are asked for, in the order of the output
  std::vector<size_t> fields;                // where in a line each of them is
  string buffer;
  size_t begin = 0;
  uint64_t read = 0;

  idx_t MaxThreads() const override { return 1; }

  // Without its line end; nullopt at the end. Good until the next call.
  std::optional<std::string_view> next() {
    while (true) {
      const size_t end = buffer.find('\n', begin);
      if (end != string::npos) {
        const std::string_view line(buffer.data() + begin, end - begin);
        begin = end + 1;
        return line;
      }
      if (!fill()) return std::nullopt;
    }
  }

  bool fill() {
    if (read >= rows.object.size) return false;
    buffer.erase(0, begin);
    begin = 0;
    const size_t had = buffer.size();
    buffer.resize(had + std::min<uint64_t>(kBlock, rows.object.size - read));
    const auto got = read_at(rows.files[0].get(), read, std::span(buffer).subspan(had), rows.object.uri);
    if (!got || *got == 0) throw duckdb::IOException("The rows of a federated table cannot be read.");
    buffer.resize(had + *got);
    read += *got;
    return true;
  }
};

// A field as COPY escapes it.
string unescaped(std::string_view field) {
  string out;
  out.reserve(field.size());
  for (size_t i = 0; i < field.size(); ++i) {
    if (field[i] != '\\' || i + 1 == field.size()) {
      out += field[i];
      continue;
    }
    const char c = field[++i];
    out += c == 'b'   ? '\b'
           : c == 'f' ? '\f'
           : c == 'n' ? '\n'
           : c == 'r' ? '\r'
           : c == 't' ? '\t'
           : c == 'v' ? '\v'
                      : c;
  }
  return out;
}

// The other server may take its time: a statement that is cancelled meanwhile ends here, and its question is left to itself.
Result<std::optional<OpenedObject>> ask(ClientContext& context, SessionState& session, const string& uri) {
  auto answer = std::make_shared<std::promise<Result<std::optional<OpenedObject>>>>();
  auto future = answer->get_future();
  std::thread([&link = session.link, principal = session.context.principal, uri, answer] {
    answer->set_value(link.open_object(principal, uri));
  }).detach();
  while (future.wait_for(kLookEvery) != std::future_status::ready)
    if (context.interrupted) throw duckdb::InterruptException();
  return future.get();
}

duckdb::unique_ptr<duckdb::GlobalTableFunctionState> begin_scan(ClientContext& context,
                                                                duckdb::TableFunctionInitInput& input) {
  const auto& bind = input.bind_data->Cast<Bind>();
  const auto session = SessionState::of(context);
  auto scan = duckdb::make_uniq<Scan>();
  FederatedQuery query{*federated_schema(bind.table->table.database), bind.table->table.name, {}, bind.filters};
  scan->columns = input.column_ids;
  for (const auto column : input.column_ids) {
    scan->fields.push_back(query.columns.size());
    if (column < bind.table->names.size()) query.columns.push_back(bind.table->names[column]);
  }
  auto opened = ask(context, *session, uri_of(query));
  if (!opened) session->raise(opened.error());
  if (!*opened || (*opened)->files.empty()) raise_sql("XX000", "The rows of a federated table were not given.");
  scan->rows = std::move(**opened);
  session->scanned_bytes += scan->rows.object.size;
  return scan;
}

void convert(ClientContext& context, const Bind& bind, duckdb::column_t column, Vector& texts, Vector& to, idx_t rows) {
  if (to.GetType().id() == LogicalTypeId::VARCHAR) {
    to.Reference(texts);
    return;
  }
  string error;
  if (duckdb::VectorOperations::TryCast(context, texts, to, rows, &error)) return;
  raise_sql("22000", "The column \"" + bind.table->names[column] + "\" of the federated table " +
                         bind.table->table.name + " has a value that its type here does not take: " + error);
}

void scan_rows(ClientContext& context, duckdb::TableFunctionInput& input, duckdb::DataChunk& chunk) {
  const auto& bind = input.bind_data->Cast<Bind>();
  auto& scan = input.global_state->Cast<Scan>();
  std::vector<Vector> texts;
  texts.reserve(scan.columns.size());
  for (size_t i = 0; i < scan.columns.size(); ++i) texts.emplace_back(duckdb::LogicalType::VARCHAR);
  idx_t rows = 0;
  for (; rows < STANDARD_VECTOR_SIZE; ++rows) {
    const auto line = scan.next();
    if (!line) break;
    const auto fields = split(*line, '\t');
    for (size_t i = 0; i < scan.columns.size(); ++i) {
      if (scan.columns[i] >= bind.table->names.size() || fields.at(scan.fields[i]) == "\\N") {
        duckdb::FlatVector::SetNull(texts[i], rows, true);
        continue;
      }
      duckdb::FlatVector::GetData<duckdb::string_t>(texts[i])[rows] =
          duckdb::StringVector::AddString(texts[i], unescaped(fields[scan.fields[i]]));
    }
  }
  for (size_t i = 0; i < scan.columns.size(); ++i) {
    if (scan.columns[i] < bind.table->names.size())
      convert(context, bind, scan.columns[i], texts[i], chunk.data[i], rows);
    else
      for (idx_t row = 0; row < rows; ++row) duckdb::FlatVector::SetNull(chunk.data[i], row, true);
  }
  chunk.SetCardinality(rows);
}

// --- what the planner asks -------------------------------------------------------------------------------------------

duckdb::BindInfo table_of(const duckdb::optional_ptr<duckdb::FunctionData> data) {
  return duckdb::BindInfo(*data->Cast<Bind>().table->entry);
}

duckdb::unique_ptr<duckdb::NodeStatistics> cardinality(ClientContext&, const duckdb::FunctionData* data) {
  const auto& rows = data->Cast<Bind>().table->table.row_count;
  return rows ? duckdb::make_uniq<duckdb::NodeStatistics>(*rows) : nullptr;
}

}  // namespace

duckdb::TableFunction federated_scan(std::shared_ptr<const TableSnapshot> table,
                                     duckdb::unique_ptr<duckdb::FunctionData>& bind_data) {
  duckdb::TableFunction function("federated_scan", {}, scan_rows, nullptr, begin_scan);
  function.projection_pushdown = true;
  function.pushdown_complex_filter = push_filters;
  function.get_bind_info = table_of;
  function.cardinality = cardinality;
  auto bind = duckdb::make_uniq<Bind>();
  bind->table = std::move(table);
  bind_data = std::move(bind);
  return function;
}

}  // namespace tarn::sql::engine
