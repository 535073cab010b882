// The extended protocol: statements are parsed once, bound to values as portals, described, and run in parts.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "pgwire/session.h"
#include "sql/sql_error.h"

namespace tarn::pgwire {
namespace {

constexpr size_t kMostKept = 10'000;  // prepared statements of a session
constexpr size_t kMostParameters = 32'767;

enum class Shape {
  kRows,     // a query: it can be described, and run when it is bound: nobody sees that it ran
  kChanges,  // of rows: its parameters can be described
  kShown,    // rows that only running it tells of
  kUnknown,  // a procedure, a prepared statement
  kNone,
};

Shape shape_of(const sql::StatementText& statement) {
  const sql::Token& first = statement.tokens.front();
  if (first.is("select") || first.is("with") || first.is("values") || first.is("table") || first.is_op("("))
    return Shape::kRows;
  if (first.is("show") || first.is("explain") || first.is("fetch")) return Shape::kShown;
  if (first.is("call") || first.is("execute")) return Shape::kUnknown;
  if (first.is("insert") || first.is("update") || first.is("delete")) return Shape::kChanges;
  return Shape::kNone;
}

// These run in no transaction, not even one of ours.
bool wants_no_transaction(const sql::StatementText& statement) {
  const auto& tokens = statement.tokens;
  if (tokens[0].is("vacuum") || tokens[0].is("begin") || tokens[0].is("start") || tokens[0].is("commit") ||
      tokens[0].is("end") || tokens[0].is("rollback") || tokens[0].is("abort"))
    return true;
  return (tokens[0].is("create") || tokens[0].is("drop") || tokens[0].is("alter")) && tokens[1].is("database");
}

Failure bad_format() {
  return sql::sql_error(kProtocolViolation, "invalid message format");
}

std::vector<Format> formats_for(const std::vector<Format>& asked, size_t columns) {
  if (asked.size() == columns) return asked;
  return std::vector<Format>(columns, asked.empty() ? Format::kText : asked.front());
}

// None, one for all, or one for each.
Result<std::vector<Format>> read_formats(Fields& fields) {
  const int count = fields.int16();
  std::vector<Format> formats;
  for (int i = 0; i < count && fields.ok(); ++i) {
    const int16_t code = fields.int16();
    if (code != 0 && code != 1)
      return sql::sql_error(kProtocolViolation, fmt::format("unsupported format code: {}", code));
    formats.push_back(static_cast<Format>(code));
  }
  return formats;
}

}  // namespace

void Session::extended(const Message& message) {
  Fields fields(message.body);
  Status done;
  switch (message.type) {
    case 'P': done = parse(fields); break;
    case 'B': done = bind(fields); break;
    case 'D': done = describe(fields); break;
    case 'E': done = execute(fields); break;
    default: done = close(fields); break;
  }
  if (done) return;
  report(done.error(), source_);
  fail();
  if (state_ != State::kEnd) state_ = State::kSkip;
}

Status Session::parse(Fields& fields) {
  const std::string name = fields.text();
  auto made = std::make_shared<Prepared>();
  made->source = source_ = fields.text();
  const int types = fields.int16();
  for (int i = 0; i < types && fields.ok(); ++i) made->types.push_back(fields.uint32());
  if (!fields.ok()) return bad_format();
  if (!valid_utf8(made->source)) return sql::sql_error("22021", "the statement is no UTF-8 text");
  if (!name.empty() && prepared_.contains(name))
    return sql::sql_error("42P05", fmt::format("prepared statement \"{}\" already exists", name));
  if (prepared_.size() >= kMostKept)
    return sql::sql_error("53400",
                          fmt::format("a session keeps at most {} prepared statements: close some", kMostKept));
  auto statements = TRY(sql::split_statements(made->source));
  if (statements.size() > 1)
    return sql::sql_error(sql::kSyntaxError, "cannot insert multiple commands into a prepared statement");
  if (!statements.empty()) {
    size_t most = 0;
    for (const sql::Token& token : statements[0].tokens)
      if (token.kind == sql::TokenKind::kPositional)
        most = std::max(most, static_cast<size_t>(parse_int(token.text).value_or(0)));
    if (most > kMostParameters) return sql::sql_error("42P02", fmt::format("there is no parameter ${}", most));
    made->types.resize(std::max(most, made->types.size()));
    made->statement = std::move(statements[0]);
  }
  // Who waits for the answer to Parse alone learns of names that are not there; others do when it is bound.
  const auto following = reader_.following();
  if (made->statement && (following == 'S' || following == 'H')) TRY(described(*made));
  prepared_[name] = std::move(made);
  Writer(out_).begin('1').end();
  return {};
}

Result<std::shared_ptr<Session::Prepared>> Session::prepared(const std::string& name) {
  const auto found = prepared_.find(name);
  if (found == prepared_.end())
    return sql::sql_error("26000", name.empty() ? "unnamed prepared statement does not exist"
                                                : fmt::format("prepared statement \"{}\" does not exist", name));
  return found->second;
}

Result<Session::Portal*> Session::portal(const std::string& name) {
  const auto found = portals_.find(name);
  if (found == portals_.end()) return sql::sql_error("34000", fmt::format("portal \"{}\" does not exist", name));
  return &found->second;
}

Status Session::bind(Fields& fields) {
  const std::string name = fields.text(), statement = fields.text();
  Portal made;
  const auto found = TRY(prepared(statement));
  made.prepared = found;
  source_ = made.prepared->source;
  const auto formats = TRY(read_formats(fields));
  const int count = fields.int16();
  const size_t wanted = made.prepared->types.size();
  if (!fields.ok()) return bad_format();
  if (count < 0 || static_cast<size_t>(count) != wanted)
    return sql::sql_error(kProtocolViolation,
                          fmt::format("bind message supplies {} parameters, but prepared statement \"{}\" requires {}",
                                      count, statement, wanted));
  if (formats.size() > 1 && formats.size() != wanted)
    return sql::sql_error(kProtocolViolation, fmt::format("bind message has {} parameter formats but {} parameters",
                                                          formats.size(), count));
  const auto each = formats_for(formats, wanted);
  for (size_t i = 0; i < wanted; ++i) {
    const bool told = found->types[i] == 0 && each[i] == Format::kBinary && !found->told.empty();
    made.params.push_back(TRY(param_of(i + 1, told ? found->told[i] : found->types[i], fields.value(), each[i])));
  }
  made.formats = TRY(read_formats(fields));
  if (!fields.ok()) return bad_format();
  if (!name.empty() && portals_.contains(name))
    return sql::sql_error("42P03", fmt::format("portal \"{}\" already exists", name));
  if (portals_.size() >= kMostKept)
    return sql::sql_error("53400", fmt::format("a session keeps at most {} portals: close some", kMostKept));
  portals_[name] = std::move(made);
  Writer(out_).begin('2').end();
  return {};
}

// --- what will come -------------------------------------------------------------------------------------------------

Status Session::describe(Fields& fields) {
  const char kind = static_cast<char>(fields.byte());
  const std::string name = fields.text();
  if (!fields.ok() || (kind != 'S' && kind != 'P')) return bad_format();
  if (kind == 'P') return describe_portal(*TRY(portal(name)));
  const std::shared_ptr<Prepared> statement = TRY(prepared(name));
  source_ = statement->source;
  const Status described = describe_statement(*statement);
  // PostgreSQL finds such faults in Parse, and keeps no statement that has one: drivers use its name again.
  if (!described) prepared_.erase(name);
  return described;
}

// What can be known before it runs: nothing of some statements.
Result<sql::Outcome> Session::described(const Prepared& prepared) {
  const Shape shape = shape_of(*prepared.statement);
  if (shape == Shape::kShown || shape == Shape::kNone) return sql::Outcome{};
  std::vector<sql::Param> params;
  for (size_t i = 0; i < prepared.types.size(); ++i)
    params.push_back(TRY(param_of(i + 1, prepared.types[i], std::nullopt, Format::kText)));
  auto outcome = database_->describe(*prepared.statement, params);
  if (outcome || shape != Shape::kChanges) return outcome;
  // What a change does to its values may need these; that a name is not there is sure.
  const std::string state = sql::sqlstate_of(outcome.error());
  if (state == "42P01" || state == "42703" || state == "3F000" || state == "25P02") return outcome;
  return sql::Outcome{};
}

Status Session::describe_statement(Prepared& prepared) {
  Writer writer(out_);
  sql::Outcome outcome;
  if (prepared.statement) outcome = TRY(described(prepared));
  const auto type_of = [&](size_t i) {
    if (prepared.types[i] != 0) return prepared.types[i];
    for (const auto& [name, type] : outcome.parameters)
      if (name == std::to_string(i + 1)) return oid_of(type);
    return kUnknownOid;
  };
  prepared.told.clear();
  for (size_t i = 0; i < prepared.types.size(); ++i) prepared.told.push_back(type_of(i));
  const auto parameters = [&] {
    writer.begin('t').int16(static_cast<int>(prepared.told.size()));
    for (const uint32_t type : prepared.told) writer.int32(type);
    writer.end();
  };
  std::vector<sql::ResultColumn> columns = std::move(outcome.columns);
  if (prepared.statement && shape_of(*prepared.statement) == Shape::kShown) {
    // FETCH of no rows moves no cursor; the others change nothing.
    sql::StatementText statement = *prepared.statement;
    if (statement.tokens[0].is("fetch")) {
      const std::string cursor = sql::quoted_name(statement.tokens[statement.tokens.size() - 2].text);
      statement = TRY(sql::split_statements("FETCH FORWARD 0 FROM " + cursor)).at(0);
    }
    Rows rows;
    columns = TRY(run(statement, {}, &rows, true)).columns;
  }
  parameters();
  if (columns.empty())
    writer.begin('n').end();
  else
    write_row_description(out_, columns, std::vector<Format>(columns.size(), Format::kText));
  return {};
}

// What a portal's rows look like, the statement itself says best: one that only reads is run now.
Status Session::describe_portal(Portal& portal) {
  source_ = portal.prepared->source;
  if (portal.prepared->statement && shape_of(*portal.prepared->statement) != Shape::kNone) TRY(run_portal(portal));
  portal.described = true;
  const auto& columns = portal.outcome.columns;
  if (columns.empty())
    Writer(out_).begin('n').end();
  else
    write_row_description(out_, columns, formats_for(portal.formats, columns.size()));
  return {};
}

// --- running --------------------------------------------------------------------------------------------------------

Status Session::run_portal(Portal& portal) {
  if (portal.ran) return {};
  const sql::StatementText& statement = *portal.prepared->statement;
  // What comes before the next Sync is one transaction; a statement that is alone needs none of ours.
  const bool alone = shape_of(statement) == Shape::kRows || shape_of(statement) == Shape::kShown ||
                     wants_no_transaction(statement) || reader_.following() == 'S';
  if (!alone) TRY(begin_implicit());
  auto outcome = run(statement, portal.params, &portal.rows);
  if (!outcome) {
    for (auto& [name, value] : outcome.error().members)
      if (name == "position")
        value = std::to_string(parse_int(value).value_or(1) + static_cast<int64_t>(statement.offset));
    return Failure(std::move(outcome).error());
  }
  portal.outcome = std::move(*outcome);
  portal.ran = true;
  notices(portal.outcome);
  return {};
}

Status Session::execute(Fields& fields) {
  Portal& bound = *TRY(portal(fields.text()));
  const int32_t limit = fields.int32();
  if (!fields.ok()) return bad_format();
  source_ = bound.prepared->source;
  if (!bound.prepared->statement) {
    Writer(out_).begin('I').end();
    return {};
  }
  if (auto copy = TRY(CopyIn::parse(*bound.prepared->statement)); copy.has_value()) {
    if (!copy->query.empty()) return copy_out(*copy);
    TRY(begin_copy(std::move(*copy)));
    copy_extended_ = true;
    return {};
  }
  TRY(run_portal(bound));
  if (bound.rows.reader) {
    const auto& columns = bound.outcome.columns;
    if (!bound.formats.empty() && bound.formats.size() != 1 && bound.formats.size() != columns.size())
      return sql::sql_error(kProtocolViolation,
                            fmt::format("bind message has {} result formats but query has {} columns",
                                        bound.formats.size(), columns.size()));
    const auto formats = formats_for(bound.formats, columns.size());
    // Only now is it known that a procedure has a result.
    if (!bound.described && shape_of(*bound.prepared->statement) == Shape::kUnknown)
      write_row_description(out_, columns, formats);
    bound.described = true;
    TRY(send_rows(bound.rows, formats, static_cast<uint64_t>(std::max(limit, 0))));
    if (bound.rows.next < bound.rows.reader->rows()) {
      Writer(out_).begin('s').end();
      return {};
    }
  }
  complete(bound.outcome);
  report_setting(*bound.prepared->statement);
  return {};
}

Status Session::close(Fields& fields) {
  const char kind = static_cast<char>(fields.byte());
  const std::string name = fields.text();
  if (!fields.ok() || (kind != 'S' && kind != 'P')) return bad_format();
  if (kind == 'S')
    prepared_.erase(name);
  else
    portals_.erase(name);
  Writer(out_).begin('3').end();
  return {};
}

void Session::sync() {
  const bool keep = state_ != State::kSkip;
  state_ = State::kReady;
  if (implicit_)
    if (const Status ended = end_implicit(keep && !failed_); !ended) report(ended.error());
  if (!database_->in_transaction()) portals_.clear();
  ready();
}

}  // namespace tarn::pgwire
