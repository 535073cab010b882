#include "lake/postgres.h"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include <cctype>

#include "base/text.h"
#include "os/file.h"

namespace tarn::lake {
namespace {

constexpr int kSilenceMillis = 600'000;  // without a byte from the server
constexpr int kLookMillis = 100;         // between two looks whether to go on
constexpr size_t kWriteAtOnce = 1 << 20;

// One answer; always given back.
struct Clear {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Answer = std::unique_ptr<PGresult, Clear>;

// Leaves nothing to the settings of the server or the user: what is read has one form.
constexpr const char* kSettings =
    "SET default_transaction_read_only = on; SET DateStyle = 'ISO, YMD'; SET TimeZone = 'UTC';"
    "SET IntervalStyle = 'postgres'; SET extra_float_digits = 1; SET bytea_output = 'hex'; SET search_path = "
    "pg_catalog";

constexpr const char* kTables =
    "SELECT n.nspname, c.relname, c.relkind IN ('v', 'm'), c.reltuples, obj_description(c.oid, 'pg_class'),"
    " a.attname, format_type(a.atttypid, a.atttypmod), col_description(c.oid, a.attnum)"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
    // ASSUMED: partitions of a table are left out: they are in their table.
    " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition"
    " AND n.nspname LIKE $1 AND c.relname LIKE $2"
    " AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
    " ORDER BY n.nspname, c.relname, a.attnum";

Failure postgres_error(std::string message) {
  while (!message.empty() && std::isspace(static_cast<unsigned char>(message.back()))) message.pop_back();
  return fail(400, "PostgresError", replace_all(std::move(message), "\n", " "));
}

std::string cell(const PGresult* result, int row, int column) {
  return PQgetvalue(result, row, column);  // empty for NULL
}

}  // namespace

void Postgres::Close::operator()(pg_conn* connection) const {
  PQfinish(connection);
}

Failure Postgres::failure(std::string_view doing) const {
  return postgres_error(fmt::format("{}: {}", doing, PQerrorMessage(connection_.get())));
}

Result<Postgres> Postgres::connect(const PostgresSource& source) {
  // Neither a path of a socket on this machine, nor a list of hosts.
  if (source.host.empty() || source.host.find_first_of("/@,") != std::string::npos)
    return postgres_error(fmt::format("'{}' is no host name", source.host));
  // Passwords and certificates of whoever runs the server are none of the other side's business.
  const std::pair<const char*, std::string> said[] = {
      {"host", source.host},         {"port", std::to_string(source.port)},
      {"dbname", source.database},   {"user", source.user},
      {"password", source.password}, {"sslmode", source.tls ? "require" : "prefer"},
      {"passfile", "/dev/null"},     {"sslcert", "/nonexistent"},
      {"gssencmode", "disable"},     {"client_encoding", "UTF8"},
      {"connect_timeout", "10"},     {"application_name", "tarn"}};
  std::vector<const char*> names, values;
  for (const auto& [name, value] : said) {
    names.push_back(name);
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  Postgres made(std::unique_ptr<pg_conn, Close>(PQconnectdbParams(names.data(), values.data(), 0)));
  if (PQstatus(made.connection_.get()) != CONNECTION_OK)
    return made.failure(
        fmt::format("Connecting to {}:{}/{} as {}", source.host, source.port, source.database, source.user));
  const Answer set(PQexec(made.connection_.get(), kSettings));
  if (PQresultStatus(set.get()) != PGRES_COMMAND_OK) return made.failure("Setting up the session");
  return made;
}

std::string Postgres::quoted(const std::string& name) const {
  return "\"" + replace_all(name, "\"", "\"\"") + "\"";
}

std::string Postgres::literal(const std::string& text) const {
  const std::unique_ptr<char, decltype(&PQfreemem)> made(PQescapeLiteral(connection_.get(), text.data(), text.size()),
                                                         PQfreemem);
  return made ? made.get() : "NULL";  // only what is no UTF-8 cannot be written
}

Result<std::vector<PostgresTable>> Postgres::tables(const std::string& like_schema, const std::string& like_name) {
  const char* parameters[] = {like_schema.c_str(), like_name.c_str()};
  const Answer got(PQexecParams(connection_.get(), kTables, 2, nullptr, parameters, nullptr, nullptr, 0));
  if (PQresultStatus(got.get()) != PGRES_TUPLES_OK) return failure("Reading the tables");
  std::vector<PostgresTable> all;
  for (int row = 0; row < PQntuples(got.get()); ++row) {
    const auto at = [&](int column) { return cell(got.get(), row, column); };
    if (all.empty() || all.back().schema != at(0) || all.back().name != at(1)) {
      const double rows = parse_double(at(3)).value_or(0);
      all.push_back({.schema = at(0),
                     .name = at(1),
                     .comment = at(4),
                     .view = at(2) == "t",
                     .rows = rows > 0 ? static_cast<uint64_t>(rows) : 0,
                     .columns = {}});
    }
    all.back().columns.push_back({at(5), at(6), at(7)});
  }
  return all;
}

// Until something has come. A server that says nothing any more does not hold its reader for ever.
Status Postgres::wait(const std::function<Status()>& going_on) const {
  pollfd socket{PQsocket(connection_.get()), POLLIN, 0};
  for (int waited = 0; ::poll(&socket, 1, kLookMillis) == 0; waited += kLookMillis) {
    if (waited >= kSilenceMillis) return postgres_error("The server has said nothing for ten minutes");
    if (const Status wanted = going_on(); !wanted) {
      stop();
      return wanted;
    }
  }
  if (PQconsumeInput(connection_.get()) == 0) return failure("Reading");
  return {};
}

// Tells the server that what runs is not wanted any more, as far as it can be told.
void Postgres::stop() const {
  const std::unique_ptr<PGcancel, decltype(&PQfreeCancel)> key(PQgetCancel(connection_.get()), PQfreeCancel);
  char why[256];
  if (key) (void)PQcancel(key.get(), why, sizeof why);
}

Result<uint64_t> Postgres::copy(const std::string& query, int file, const std::function<Status()>& going_on) {
  const std::string statement = "COPY (" + query + ") TO STDOUT";
  if (PQsendQuery(connection_.get(), statement.c_str()) == 0) return failure("Sending the query");
  while (PQisBusy(connection_.get()) != 0) TRY(wait(going_on));
  {
    const Answer begun(PQgetResult(connection_.get()));
    if (PQresultStatus(begun.get()) != PGRES_COPY_OUT) return failure("Running the query");
  }
  std::string waiting;
  uint64_t total = 0;
  while (true) {
    char* line = nullptr;
    const int length = PQgetCopyData(connection_.get(), &line, 1);
    if (length > 0) waiting.append(line, static_cast<size_t>(length));
    PQfreemem(line);
    if (waiting.size() >= kWriteAtOnce || (length < 0 && !waiting.empty())) {
      TRY(write_all(file, waiting, "rows of a federated table"));
      total += waiting.size();
      waiting.clear();
      if (const Status wanted = going_on(); !wanted) {
        stop();
        return Failure(wanted.error());
      }
    }
    if (length == 0) TRY(wait(going_on));
    if (length == -2) return failure("Reading rows");
    if (length == -1) break;
  }
  while (PQisBusy(connection_.get()) != 0) TRY(wait(going_on));
  const Answer ended(PQgetResult(connection_.get()));
  if (PQresultStatus(ended.get()) != PGRES_COMMAND_OK) return failure("Reading rows");
  return total;
}

}  // namespace tarn::lake
