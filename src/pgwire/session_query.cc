// Simple queries: statements run in the order of their text, COPY from the client among them.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "pgwire/session.h"
#include "sql/sql_error.h"

namespace tarn::pgwire {
namespace {

constexpr size_t kSendAt = 64 << 10;

enum class Control { kNone, kBegin, kEnd };

Control control_of(const sql::StatementText& statement) {
  const sql::Token& first = statement.tokens.front();
  if (first.is("begin") || first.is("start")) return Control::kBegin;
  const bool ends = first.is("commit") || first.is("end") || first.is("rollback") || first.is("abort");
  return ends ? Control::kEnd : Control::kNone;
}

// ParameterStatus tells of these, in these words.
constexpr std::string_view kReported[] = {"application_name", "client_encoding", "DateStyle", "TimeZone"};

// The name that SET or RESET sets; empty: it is neither.
std::string setting_of(const sql::StatementText& statement) {
  const auto& tokens = statement.tokens;
  size_t at = tokens[0].is("set") || tokens[0].is("reset") ? 1 : 0;
  if (at == 0) return {};
  if (tokens[at].is("session") || tokens[at].is("local")) ++at;
  return lower(tokens[at].text);
}

sql::Outcome plain(std::string kind) {
  sql::Outcome outcome;
  outcome.kind = std::move(kind);
  return outcome;
}

}  // namespace

void Session::query(const Message& message) {
  Fields fields(message.body);
  source_ = fields.text();
  prepared_.erase("");
  portals_.erase("");
  auto statements =
      !fields.ok()
          ? Result<std::vector<sql::StatementText>>(sql::sql_error(kProtocolViolation, "invalid message format"))
      : !valid_utf8(source_)
          ? Result<std::vector<sql::StatementText>>(sql::sql_error("22021", "the statement is no UTF-8 text"))
          : sql::split_statements(source_);
  if (!statements) {
    report(statements.error(), source_);
    fail();
    return ready();
  }
  if (statements->empty()) Writer(out_).begin('I').end();
  several_ = statements->size() > 1;
  queue_.assign(std::make_move_iterator(statements->begin()), std::make_move_iterator(statements->end()));
  advance();
}

// Goes on with the query's statements until they are done, or one waits for the client's data.
void Session::advance() {
  while (!queue_.empty() && state_ != State::kEnd) {
    const sql::StatementText statement = std::move(queue_.front());
    queue_.pop_front();
    if (!run_queued(statement)) queue_.clear();
    if (state_ == State::kCopyIn) return;
  }
  if (implicit_)
    if (const Status ended = end_implicit(!failed_); !ended) report(ended.error());
  ready();
}

// False: it failed, and so does the rest.
bool Session::run_queued(const sql::StatementText& statement) {
  const auto refuse = [&](const Error& error) {
    report(error, source_, statement.offset);
    fail();
    return false;
  };
  auto copy = CopyIn::parse(statement);
  if (!copy) return refuse(copy.error());
  if (copy->has_value()) {
    const Status begun = (*copy)->query.empty() ? begin_copy(std::move(**copy)) : copy_out(**copy);
    return begun ? true : refuse(begun.error());
  }
  if (several_ && control_of(statement) == Control::kNone)
    if (const Status begun = begin_implicit(); !begun) return refuse(begun.error());
  Rows rows;
  const auto outcome = run(statement, {}, &rows);
  if (!outcome) return refuse(outcome.error());
  notices(*outcome);
  if (rows.reader) {
    const std::vector<Format> formats(outcome->columns.size(), Format::kText);
    write_row_description(out_, outcome->columns, formats);
    if (const Status sent = send_rows(rows, formats, 0); !sent) return refuse(sent.error());
  }
  complete(*outcome);
  report_setting(statement);
  return true;
}

// --- one statement --------------------------------------------------------------------------------------------------

// `rows`: where its rows are afterwards, if it has any.
Result<sql::Outcome> Session::run(const sql::StatementText& statement, const std::vector<sql::Param>& params,
                                  Rows* rows, bool own) {
  const Control control = control_of(statement);
  // The client's BEGIN makes the transaction that is there its own.
  if (control == Control::kBegin && std::exchange(implicit_, false)) return plain("BEGIN");
  if (control == Control::kEnd) implicit_ = false;
  if (setting_of(statement) == "client_encoding" && statement.tokens[0].is("set")) {
    const std::string value = lower(statement.tokens[statement.tokens.size() - 2].text);
    if (value != "utf8" && value != "utf-8" && value != "unicode" && value != "default")
      return sql::sql_error(sql::kNotSupported,
                            fmt::format("client_encoding \"{}\" is not supported: use UTF8", value));
  }
  if (deallocates(statement)) return plain("DEALLOCATE");
  if (rows != nullptr) rows->file = spare_ ? std::move(spare_) : TRY(database_->spool_file());
  auto outcome = database_->run(statement, params, rows != nullptr ? rows->file.get() : -1, own);
  if (!outcome) {
    for (const auto& [name, value] : outcome.error().members)
      if (name == "notice") notice(value);
    failed_ = database_->in_transaction();
    return outcome;
  }
  failed_ = outcome->transaction_failed;
  if (rows == nullptr) return outcome;
  if (!outcome->columns.empty())
    rows->reader.emplace(TRY(sql::SpoolReader::open(rows->file.get())));
  else if (outcome->spool_bytes == 0)
    spare_ = std::move(rows->file);
  return outcome;
}

// DEALLOCATE of what Parse has prepared; of what PREPARE has, the session knows.
bool Session::deallocates(const sql::StatementText& statement) {
  const auto& tokens = statement.tokens;
  if (!tokens[0].is("deallocate")) return false;
  const sql::Token& name = tokens[tokens[1].is("prepare") ? 2 : 1];
  if (name.is("all")) {
    prepared_.clear();
    return false;
  }
  return prepared_.erase(name.text) > 0 || prepared_.erase(lower(name.text)) > 0;
}

// A statement of our own; the first value of its first row, empty where there is none.
Result<std::string> Session::ask(std::string_view text) {
  const auto statements = TRY(sql::split_statements(text));
  Rows rows;
  TRY(run(statements.at(0), {}, &rows, true));
  if (!rows.reader || rows.reader->rows() == 0) return std::string();
  const sql::SpoolPage page = TRY(rows.reader->page(0));
  const sql::Cell cell = page.cell(0, 0);
  return cell.null ? std::string() : cell.as_text();
}

Status Session::begin_implicit() {
  if (implicit_ || database_->in_transaction()) return {};
  TRY(ask("BEGIN"));
  implicit_ = true;
  return {};
}

Status Session::end_implicit(bool commit) {
  implicit_ = false;
  TRY(ask(commit ? "COMMIT" : "ROLLBACK"));
  return {};
}

void Session::report_setting(const sql::StatementText& statement) {
  const std::string name = setting_of(statement);
  for (const std::string_view reported : kReported)
    if (name == lower(reported) || (name == "all" && statement.tokens[0].is("reset")))
      if (const auto value = ask("SHOW " + lower(reported))) parameter(reported, *value);
}

void Session::complete(const sql::Outcome& outcome) {
  constexpr std::string_view kCounted[] = {"UPDATE", "DELETE", "MERGE", "FETCH", "MOVE"};
  std::string tag = outcome.kind;
  if (tag == "INSERT")
    tag += fmt::format(" 0 {}", outcome.rows);
  else if (std::ranges::find(kCounted, tag) != std::end(kCounted))
    tag += fmt::format(" {}", outcome.rows);
  Writer(out_).begin('C').text(tag).end();
}

// At most `limit` rows (0: all), from where it stopped before. ERRORS: what was begun of the row is taken back.
Status Session::send_rows(Rows& rows, const std::vector<Format>& formats, uint64_t limit) {
  const sql::SpoolReader& reader = *rows.reader;
  const uint64_t end = limit == 0 ? reader.rows() : std::min(reader.rows(), rows.next + limit);
  while (rows.next < end && state_ != State::kEnd) {
    const sql::SpoolPage page = TRY(reader.page(reader.page_of(rows.next)));
    for (; rows.next < end && rows.next - page.first_row() < page.rows(); ++rows.next) {
      const size_t begun = out_.size();
      Writer writer(out_);
      writer.begin('D').int16(static_cast<int>(formats.size()));
      for (size_t c = 0; c < formats.size(); ++c) {
        const auto row = static_cast<uint32_t>(rows.next - page.first_row());
        if (const Status written = write_cell(writer, page.cell(row, c), reader.columns()[c], formats[c]); !written) {
          out_.resize(begun);
          return written;
        }
      }
      writer.end();
      if (out_.size() >= kSendAt) flush();
      if (state_ == State::kEnd) break;
    }
  }
  return {};
}

// --- COPY FROM STDIN ------------------------------------------------------------------------------------------------

// All rows of a COPY, or none: they are in a transaction.
Status Session::begin_copy(CopyIn::Options options) {
  std::string columns;
  for (const std::string& column : options.columns) columns += (columns.empty() ? "" : ",") + sql::quoted_name(column);
  const auto select =
      TRY(sql::split_statements(fmt::format("SELECT {} FROM {}", columns.empty() ? "*" : columns, options.table)));
  auto described = database_->describe(select.at(0), {});
  if (!described) {
    failed_ = database_->in_transaction();
    std::erase_if(described.error().members, [](const auto& member) { return member.first == "position"; });
    return Failure(std::move(described).error());
  }
  options.columns.clear();
  for (const sql::ResultColumn& column : described->columns) options.columns.push_back(column.name);
  TRY(begin_implicit());
  Writer writer(out_);
  writer.begin('G').byte(0).int16(static_cast<int>(options.columns.size()));
  for (size_t i = 0; i < options.columns.size(); ++i) writer.int16(0);
  writer.end();
  flush();
  copy_.emplace(std::move(options));
  copy_extended_ = false;
  state_ = State::kCopyIn;
  return {};
}

Status Session::copy_out(const CopyIn::Options& options) {
  const auto statements = TRY(sql::split_statements(options.query));
  if (statements.size() != 1) return sql::sql_error(sql::kSyntaxError, "COPY TO STDOUT takes one query");
  Rows rows;
  auto outcome = run(statements[0], {}, &rows);
  if (!outcome) {
    std::erase_if(outcome.error().members, [](const auto& member) { return member.first == "position"; });
    return Failure(std::move(outcome).error());
  }
  if (!rows.reader) return sql::sql_error(sql::kSyntaxError, "COPY TO STDOUT takes a query");
  const auto& columns = rows.reader->columns();
  Writer writer(out_);
  writer.begin('H').byte(0).int16(static_cast<int>(columns.size()));
  for (size_t i = 0; i < columns.size(); ++i) writer.int16(0);
  writer.end();
  std::vector<std::optional<std::string>> values;
  if (options.header) {
    for (const sql::ResultColumn& column : columns) values.emplace_back(column.name);
    writer.begin('d').bytes(copy_line(options, values)).end();
  }
  for (size_t p = 0; p < rows.reader->pages() && state_ != State::kEnd; ++p) {
    const sql::SpoolPage page = TRY(rows.reader->page(p));
    for (uint32_t row = 0; row < page.rows(); ++row) {
      values.clear();
      for (size_t c = 0; c < columns.size(); ++c) {
        const sql::Cell cell = page.cell(row, c);
        values.push_back(cell.null ? std::nullopt : std::optional(cell_text(cell, columns[c])));
      }
      writer.begin('d').bytes(copy_line(options, values)).end();
      if (out_.size() >= kSendAt) flush();
    }
  }
  writer.begin('c').end();
  writer.begin('C').text(fmt::format("COPY {}", rows.reader->rows())).end();
  return {};
}

void Session::copy_message(const Message& message) {
  const auto insert = [&](bool at_end) -> Status {
    while (const auto text = copy_->take(at_end)) {
      const auto statements = TRY(sql::split_statements(*text));
      auto done = run(statements.at(0), {}, nullptr, true);
      if (done) continue;
      std::erase_if(done.error().members, [](const auto& member) { return member.first == "position"; });
      return Failure(std::move(done).error());
    }
    return {};
  };
  Status status;
  switch (message.type) {
    case 'd':
      status = copy_->feed(message.body);
      if (status) status = insert(false);
      if (!status) end_copy(status);
      return;
    case 'c':
      status = copy_->finish();
      if (status) status = insert(true);
      return end_copy(status);
    case 'f': {
      Fields fields(message.body);
      return end_copy(sql::sql_error("57014", "COPY from stdin failed: " + fields.text()));
    }
    case 'H':
    case 'S': return;  // PostgreSQL ignores them while it copies
    default:
      return end_copy(sql::sql_error(kProtocolViolation,
                                     fmt::format("unexpected message type {} during COPY from stdin", +message.type)));
  }
}

void Session::end_copy(const Status& done) {
  const uint64_t rows = copy_->rows();
  copy_.reset();
  state_ = State::kReady;
  if (done) {
    Writer(out_).begin('C').text(fmt::format("COPY {}", rows)).end();
  } else {
    report(done.error());
    fail();
    queue_.clear();
  }
  if (!copy_extended_) return advance();
  if (!done) state_ = State::kSkip;
}

}  // namespace tarn::pgwire
