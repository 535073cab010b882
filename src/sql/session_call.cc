// CALL: procedures, and what they run in.
#include <algorithm>

#include "base/text.h"
#include "os/scratch.h"
#include "sql/session.h"
#include "sql/sql_error.h"
#include "sql/tokens_redshift.h"

namespace tarn::sql {
namespace {

constexpr int kMaxCalls = 16;  // AWS: nested calls of stored procedures

// Rows of a spool, page by page.
class SpoolCursor final : public PlCursor {
 public:
  SpoolCursor(Fd file, SpoolReader reader) : file_(std::move(file)), reader_(std::move(reader)) {}

  const std::vector<ResultColumn>& columns() const override { return reader_.columns(); }

  Result<bool> next(std::vector<std::optional<std::string>>& row) override {
    while (at_ >= page_.rows()) {
      if (next_page_ >= reader_.pages()) return false;
      page_ = TRY(reader_.page(next_page_++));
      at_ = 0;
    }
    row.clear();
    for (size_t c = 0; c < columns().size(); ++c) {
      const auto cell = page_.cell(at_, c);
      row.push_back(cell.null ? std::nullopt : std::optional(cell.as_text()));
    }
    ++at_;
    return true;
  }

 private:
  Fd file_;  // before the reader, which reads it
  SpoolReader reader_;
  SpoolPage page_;
  size_t next_page_ = 0;
  uint32_t at_ = 0;
};

}  // namespace

// The session as a running procedure sees it.
class ProcedureRun final : public PlHost {
 public:
  ProcedureRun(SqlSession& session, SqlSession::Running& run, bool nonatomic, bool owns)
      : session_(session), run_(run), nonatomic_(nonatomic), owns_(owns) {}

  Result<PlOutcome> run(const std::string& sql, const std::vector<Param>& params) override {
    const auto statements = TRY(split_statements(sql));
    if (statements.size() != 1) return sql_error(kSyntaxError, "one statement is expected in: " + sql);
    Fd file(TRY(memory_file()).release());
    RunRequest request{run_.request.statement_id, params, file.get(), run_.request.max_bytes};
    SqlSession::Running inner{run_.host, request, statements[0], run_.depth + 1};
    Outcome outcome = TRY(session_.checked(inner));
    for (std::string& notice : outcome.notices) session_.notices_.push_back(std::move(notice));
    PlOutcome made;
    made.rows = outcome.rows;
    if (outcome.columns.empty()) return made;
    SpoolReader reader = TRY(SpoolReader::open(file.get()));
    made.cursor = std::make_unique<SpoolCursor>(std::move(file), std::move(reader));
    return made;
  }

  Result<std::vector<PlValue>> call(const QualifiedName& name, const std::vector<PlValue>& arguments,
                                    std::vector<Argument>& parameters) override {
    SqlSession::Running inner{run_.host, run_.request, run_.statement, run_.depth + 1};
    return session_.call(inner, name, arguments, parameters);
  }

  void notice(const std::string& level, const std::string& message) override {
    session_.notices_.push_back(level + ":  " + message);
  }

  Status start() override {
    if (!nonatomic_) return sql_error("2D000", "START TRANSACTION is of NONATOMIC procedures only");
    TRY(may_end());
    if (session_.atomic_depth_ > 0) return sql_error("25001", "there is already a transaction in progress");
    TRY(session_.begin(run_));
    ++session_.atomic_depth_;
    started_ = true;
    return {};
  }

  // ASSUMED: a transaction that the procedure left open is committed with it.
  Status finish(bool well) {
    if (!std::exchange(started_, false)) return {};
    --session_.atomic_depth_;
    return well ? session_.commit(run_) : session_.rollback(run_);
  }

  Status commit() override {
    TRY(may_end());
    if (started_) return finish(true);
    if (!owns_) return {};
    TRY(session_.commit(run_));
    return session_.begin(run_);
  }

  Status rollback() override {
    TRY(may_end());
    if (started_) return finish(false);
    if (!owns_) return {};
    TRY(session_.rollback(run_));
    return session_.begin(run_);
  }

  Status begin_handler() override {
    if (started_) return finish(false);
    if (nonatomic_ && !session_.in_block_ && session_.atomic_depth_ == 0) return {};  // each statement was its own
    TRY(session_.rollback(run_));
    return session_.begin(run_);
  }

  // Without a transaction of the procedure's own each statement was one, or the caller's decides.
  Status end_handler() override {
    if (!owns_) return {};
    TRY(session_.commit(run_));
    return session_.begin(run_);
  }

  Status open_cursor(const std::string& name, const std::string& sql, const std::vector<Param>& params) override {
    if (!session_.in_block_) return {};  // it would end with the procedure's transaction
    if (session_.cursors_.contains(name)) return sql_error("42P03", "cursor \"" + name + "\" already in use");
    const auto statements = TRY(split_statements(sql));
    Fd file(TRY(memory_file()).release());
    RunRequest request{run_.request.statement_id, params, file.get(), run_.request.max_bytes};
    SqlSession::Running inner{run_.host, request, statements.at(0), run_.depth + 1};
    SqlSession::Held held;
    held.outcome = TRY(session_.checked(inner));
    held.rows = std::make_unique<SpoolReader>(TRY(SpoolReader::open(file.get())));
    held.file = std::move(file);
    session_.cursors_[name] = std::move(held);
    return {};
  }

  Status proceed() override {
    if (session_.cancelled_) return sql_error("57014", "Query cancelled on user's request");
    return {};
  }

 private:
  Status may_end() const {
    if (session_.in_block_) return sql_error("2D000", "invalid transaction termination");
    return {};
  }

  SqlSession& session_;
  SqlSession::Running& run_;
  bool nonatomic_;
  bool owns_;  // a transaction of its own, made for the call
  bool started_ = false;  // one by START TRANSACTION
};

Result<Outcome> SqlSession::execute(Running& run, const CallProcedure& s) {
  if (run.request.describe_only) return describe_call(run, s);
  std::vector<PlValue> arguments;
  for (const std::string& expression : s.arguments) {
    const Held value = TRY(held(run, TRY(to_engine("SELECT (" + expression + ")")).sql, run.request.params));
    PlValue argument;
    if (value.rows && value.rows->rows() > 0) {
      const SpoolPage page = TRY(value.rows->page(0));
      if (const auto cell = page.cell(0, 0); !cell.null) argument.text = cell.as_text();
      argument.type = value.rows->columns()[0].type;
    }
    arguments.push_back(std::move(argument));
  }
  std::vector<Argument> parameters;
  const std::vector<PlValue> outputs = TRY(call(run, s.name, arguments, parameters));
  std::vector<std::pair<std::string, PlValue>> row;
  size_t next = 0;
  for (const Argument& parameter : parameters) {
    if (parameter.mode == Argument::Mode::kIn || next >= outputs.size()) continue;
    row.emplace_back(parameter.name.empty() ? "column" + std::to_string(next + 1) : parameter.name, outputs[next]);
    ++next;
  }
  Outcome outcome;
  if (!row.empty()) outcome = TRY(values(run, row));
  outcome.kind = "CALL";
  return outcome;
}

Result<std::vector<PlValue>> SqlSession::call(Running& run, const QualifiedName& name,
                                              const std::vector<PlValue>& arguments,
                                              std::vector<Argument>& parameters) {
  if (run.depth > kMaxCalls)
    return sql_error("54001", "stored procedure nested calls exceed the limit of " + std::to_string(kMaxCalls));
  std::vector<std::string> types;
  for (const PlValue& argument : arguments) types.push_back(argument.type);
  const auto [routine, procedure] = TRY(find_procedure(run, name, types));
  parameters = procedure.arguments;
  std::vector<PlValue> values;  // one a parameter; OUT ones start as NULL
  size_t next = 0;
  for (const Argument& argument : procedure.arguments) {
    const bool given = arguments.size() == procedure.arguments.size() || argument.mode != Argument::Mode::kOut;
    values.push_back(given ? arguments[next++] : PlValue{});
  }
  TRY(need(run, {"PROCEDURE", routine.schema, routine.name + "(" + routine.signature + ")"}, "EXECUTE"));
  if (!procedure.security_definer) return run_body(run, procedure, values);
  const std::string invoker = std::exchange(user_, routine.owner);
  auto outputs = run_body(run, procedure, values);
  user_ = invoker;
  return outputs;
}

namespace {

// A type as messages name it.
std::string long_name(const std::string& type) {
  constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"", "\"unknown\""}, {"int2", "smallint"}, {"int4", "integer"}, {"int8", "bigint"}, {"float4", "real"},
      {"float8", "double precision"}, {"bool", "boolean"}, {"text", "character varying"}, {"varchar", "character varying"}};
  for (const auto& [name, shown] : kNames)
    if (type == name) return std::string(shown);
  return type.starts_with("DECIMAL") ? "numeric" : type.starts_with("rs_varchar") ? "character varying"
         : type.starts_with("rs_char") ? "character" : type;
}

// How well a value of the type goes into the argument: 2 as it is, 1 within its kind, 0 by a cast.
int fitness(const std::string& value, const std::string& argument) {
  const std::string given = long_name(value);
  if (given == argument || argument.starts_with(given + "(")) return 2;
  const auto kind = [](const std::string& type) {
    constexpr std::string_view kNumbers[] = {"smallint", "integer", "bigint", "numeric", "real", "double"};
    constexpr std::string_view kTexts[] = {"character", "\"unknown\""};
    const auto begins = [&](std::string_view name) { return type.starts_with(name); };
    return std::ranges::any_of(kNumbers, begins) ? 'n' : std::ranges::any_of(kTexts, begins) ? 't' : 'o';
  };
  return kind(given) != 'o' && kind(given) == kind(argument) ? 1 : 0;
}

}  // namespace

Result<SqlSession::Procedure> SqlSession::find_procedure(Running& run, const QualifiedName& name,
                                                         const std::vector<std::string>& types) {
  const std::string schema = schema_of(name);
  std::optional<Procedure> best;
  int best_fits = -1;
  for (StoredRoutine& routine : TRY(catalog(run)).routines) {
    if (!routine.procedure || routine.schema != schema || routine.name != name.name) continue;
    const auto statements = TRY(split_statements(routine.definition));
    Statement parsed = TRY(recognise_redshift(statements.at(0)));
    auto& procedure = std::get<CreateProcedure>(parsed);
    size_t inputs = 0;
    for (const Argument& argument : procedure.arguments) inputs += argument.mode != Argument::Mode::kOut;
    const bool with_outputs = run.depth > 0 && types.size() == procedure.arguments.size();
    if (types.size() != inputs && !with_outputs) continue;
    int fits = 0;
    size_t next = 0;
    for (const Argument& argument : procedure.arguments)
      if (with_outputs || argument.mode != Argument::Mode::kOut) fits += fitness(types[next++], shown_type(argument.type));
    if (fits <= best_fits) continue;
    best_fits = fits;
    best = Procedure{std::move(routine), std::move(procedure)};
  }
  if (best) return std::move(*best);
  std::string shown;
  for (const std::string& type : types) shown += (shown.empty() ? "" : ", ") + long_name(type);
  return sql_error(kUndefinedFunction, "procedure " + name.text() + "(" + shown + ") does not exist", name.position);
}

// The columns are its OUT and INOUT parameters; what stands for a whole argument takes that one's type.
Result<Outcome> SqlSession::describe_call(Running& run, const CallProcedure& s) {
  const Procedure found = TRY(find_procedure(run, s.name, std::vector<std::string>(s.arguments.size())));
  const auto& parameters = found.parsed.arguments;
  Outcome outcome;
  outcome.kind = "CALL";
  if (parameters.empty()) return outcome;
  std::string sql;
  for (const Argument& parameter : parameters)
    sql += (sql.empty() ? "SELECT " : ", ") + ("CAST(NULL AS " + engine_type(parameter.type, TypeUse::kCast) + ")");
  std::vector<ResultColumn> columns = TRY(engine(run, sql, {}, -1)).columns;
  size_t argument = 0;
  for (size_t i = 0; i < parameters.size() && i < columns.size(); ++i) {
    if (parameters[i].mode != Argument::Mode::kOut) {
      const std::string_view expression = trim(s.arguments.at(argument++));
      if (expression.starts_with('$')) outcome.parameters.emplace_back(expression.substr(1), columns[i].type);
    }
    if (parameters[i].mode == Argument::Mode::kIn) continue;
    columns[i].name =
        parameters[i].name.empty() ? "column" + std::to_string(outcome.columns.size() + 1) : parameters[i].name;
    outcome.columns.push_back(std::move(columns[i]));
  }
  return outcome;
}

Result<std::vector<PlValue>> SqlSession::run_body(Running& run, const CreateProcedure& procedure,
                                                  const std::vector<PlValue>& arguments) {
  const PlBody body = TRY(parse_plpgsql(procedure.body));
  const bool owns = !in_block_ && atomic_depth_ == 0 && !procedure.nonatomic;
  ProcedureRun host(*this, run, procedure.nonatomic, owns);
  if (!owns) {
    auto outputs = run_procedure({procedure.arguments, body, procedure.nonatomic}, arguments, host);
    const Status ended = host.finish(outputs.has_value());
    if (outputs && !ended) return Failure(ended.error());
    return outputs;
  }
  TRY(begin(run));
  ++atomic_depth_;
  auto outputs = run_procedure({procedure.arguments, body, false}, arguments, host);
  --atomic_depth_;
  if (!outputs) {
    (void)rollback(run);  // the error of the procedure is what counts
    return outputs;
  }
  TRY(commit(run));
  return outputs;
}

}  // namespace tarn::sql
