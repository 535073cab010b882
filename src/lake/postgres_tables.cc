// What a Glue connection says of a PostgreSQL server, its types in other words, and the tables of federated schemas.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/arn.h"
#include "gen/glue/shapes.h"
#include "lake/postgres.h"
#include "os/scratch.h"
#include "sql/sql_error.h"

namespace tarn::lake {
namespace {

constexpr std::string_view kJdbc = "jdbc:postgresql://";
constexpr size_t kSecretSuffix = 7;  // "-AbC1d2": AWS puts it behind a secret's name in its ARN
constexpr int kMostVarchar = 65535, kMostChar = 4096;

Failure no_connection_for_this(std::string message) {
  return fail(400, "InvalidInputException", std::move(message));
}

// "numeric(10,2)": numeric, {10, 2}
struct TypeName {
  std::string base;
  std::vector<int> numbers;
};
TypeName type_name(std::string_view text) {
  const size_t open = text.find('('), close = text.find(')');
  if (open == std::string_view::npos || close == std::string_view::npos) return {std::string(text), {}};
  TypeName out{std::string(text.substr(0, open)) + std::string(text.substr(close + 1)), {}};
  for (const std::string_view number : split(text.substr(open + 1, close - open - 1), ','))
    out.numbers.push_back(static_cast<int>(parse_int(number).value_or(0)));
  return out;
}

bool is_decimal(const TypeName& type) {
  return type.base == "numeric" && type.numbers.size() == 2 && type.numbers[0] >= 1 && type.numbers[0] <= 38 &&
         type.numbers[1] >= 0 && type.numbers[1] <= type.numbers[0];
}

// Those that all agree about; empty: another one.
std::string plain_type(const TypeName& type) {
  if (type.base == "smallint" || type.base == "bigint" || type.base == "boolean" || type.base == "date")
    return type.base;
  if (type.base == "integer") return "int";
  if (type.base == "real") return "float";
  if (type.base == "double precision") return "double";
  if (type.base == "timestamp without time zone") return "timestamp";
  if (is_decimal(type)) return fmt::format("decimal({},{})", type.numbers[0], type.numbers[1]);
  return {};
}

// The name of the secret, without what AWS puts behind it; of a Glue connection its name.
struct NamedSecret {
  std::string name, without_suffix;
};
Result<NamedSecret> named_secret(const Caller& as, const std::string& text) {
  const auto parts = split(text, ':');
  const bool secret = parts.size() == 7 && parts[2] == "secretsmanager" && parts[5] == "secret";
  const bool connection = parts.size() == 6 && parts[2] == "glue" && parts[5].starts_with("connection/");
  if (!secret && !connection)
    return sql::sql_error(
        sql::kInvalidParameter,
        fmt::format("SECRET_ARN '{}' is neither the ARN of a secret nor that of a Glue connection", text));
  if (parts[3] != as.region || parts[4] != as.principal.account)
    return sql::sql_error(sql::kInvalidParameter,
                          fmt::format("SECRET_ARN '{}' is of another region or account than the role's", text));
  if (connection) return NamedSecret{std::string(parts[5].substr(11)), {}};
  NamedSecret named{std::string(parts[6]), {}};
  const size_t dash = named.name.size() > kSecretSuffix ? named.name.size() - kSecretSuffix : 0;
  if (dash > 0 && named.name[dash] == '-') named.without_suffix = named.name.substr(0, dash);
  return named;
}

sql::ExternalTable external_table(const PostgresTable& from) {
  sql::ExternalTable table;
  table.name = from.name;
  table.format = sql::kFederatedFormat;
  if (from.rows > 0) table.row_count = from.rows;
  for (const PostgresColumn& column : from.columns)
    table.columns.push_back({lower(column.name), redshift_type_of(column.type), column.comment});
  return table;
}

Result<std::optional<PostgresTable>> find_table(Postgres& postgres, const std::string& schema,
                                                const std::string& name) {
  auto found = TRY(postgres.tables(like_pattern(schema), like_pattern(name)));
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

const PostgresColumn* column_of(const PostgresTable& table, const std::string& name) {
  const auto found =
      std::ranges::find_if(table.columns, [&](const PostgresColumn& each) { return lower(each.name) == name; });
  return found == table.columns.end() ? nullptr : &*found;
}

// The column as the engine reads it: types that it does not know are texts.
std::string as_read(const Postgres& postgres, const PostgresColumn& column) {
  const std::string name = postgres.quoted(column.name);
  return redshift_type_of(column.type).starts_with("varchar") || redshift_type_of(column.type).starts_with("char")
             ? name + "::text"
             : name;
}

std::string condition(const Postgres& postgres, const PostgresColumn& column, const sql::FederatedFilter& filter) {
  std::string out = as_read(postgres, column) + " " + filter.op;
  if (filter.values.empty()) return out;
  std::string values;
  for (const std::string& value : filter.values) values += (values.empty() ? "" : ", ") + postgres.literal(value);
  return out + (filter.op == "IN" ? " (" + values + ")" : " " + values);
}

}  // namespace

// --- connections -----------------------------------------------------------------------------------------------------

Result<PostgresSource> parse_jdbc_url(std::string_view url) {
  const auto malformed = [&] {
    return no_connection_for_this(
        fmt::format("JDBC_CONNECTION_URL '{}' is not jdbc:postgresql://host:port/database", url));
  };
  if (!url.starts_with(kJdbc)) return malformed();
  const std::string_view rest = url.substr(kJdbc.size(), url.find('?') - kJdbc.size());
  const size_t slash = rest.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == rest.size()) return malformed();
  PostgresSource out;
  std::string_view host = rest.substr(0, slash);
  const size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && !host.ends_with(']')) {
    const auto port = parse_int(host.substr(colon + 1));
    if (!port || *port < 1 || *port > 65535) return malformed();
    out.port = static_cast<uint16_t>(*port);
    host = host.substr(0, colon);
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty()) return malformed();
  out.host = host;
  out.database = uri_decode(rest.substr(slash + 1));
  return out;
}

Result<PostgresSource> glue_connection(Door& door, const Caller& as, const std::string& name) {
  glue::GetConnectionRequest get;
  get.name = name;
  const auto got = TRY(door.call(as, get));
  return source_of(name, [&](std::string_view key) {
    const std::string* found = got.connection->connection_properties.find(key);
    return found == nullptr ? std::string() : *found;
  });
}

Result<PostgresSource> source_of(std::string_view name, const std::function<std::string(std::string_view)>& property) {
  if (!property("SECRET_ID").empty())
    return no_connection_for_this(fmt::format(
        "Connection {} names a secret, and there is no Secrets Manager here: give it USERNAME and PASSWORD.", name));
  if (property("USERNAME").empty() || property("PASSWORD").empty())
    return no_connection_for_this(fmt::format("Connection {} has no USERNAME and PASSWORD.", name));
  auto source = parse_jdbc_url(property("JDBC_CONNECTION_URL"));
  if (!source) return no_connection_for_this(fmt::format("Connection {}: {}.", name, source.error().message));
  source->user = property("USERNAME");
  source->password = property("PASSWORD");
  source->tls = equals_ignore_case(property("JDBC_ENFORCE_SSL"), "true");
  return source;
}

// --- types -----------------------------------------------------------------------------------------------------------

// As Spark's JDBC dialect has them, which is what Glue's crawlers go by.
std::string glue_type_of(std::string_view postgres_type) {
  if (postgres_type.ends_with("[]"))
    return "array<" + glue_type_of(postgres_type.substr(0, postgres_type.size() - 2)) + ">";
  const TypeName type = type_name(postgres_type);
  if (const std::string plain = plain_type(type); !plain.empty()) return plain;
  if (type.base == "timestamp with time zone") return "timestamp";
  if (type.base == "bytea") return "binary";
  if (type.base == "numeric") return "decimal(38,18)";  // ASSUMED: one without a precision
  return "string";
}

// AWS: "Data type differences between Amazon Redshift and supported PostgreSQL and MySQL databases": what is not listed is
// VARCHAR(64K).
std::string redshift_type_of(std::string_view postgres_type) {
  const TypeName type = type_name(postgres_type);
  if (const std::string plain = plain_type(type); !plain.empty()) return plain;
  if (type.base == "timestamp with time zone") return "timestamptz";
  if (type.base == "numeric" && type.numbers.empty()) return "decimal(38,10)";  // ASSUMED
  const int length = type.numbers.size() == 1 ? type.numbers[0] : 0;
  if (type.base == "character" && length >= 1 && length <= kMostChar) return fmt::format("char({})", length);
  if (type.base == "character varying" && length >= 1 && length <= kMostVarchar)
    return fmt::format("varchar({})", length);
  return fmt::format("varchar({})", kMostVarchar);
}

std::string like_pattern(std::string_view text, bool wild) {
  std::string out;
  for (const char c : text) {
    if (c == '_' || c == '\\' || (c == '%' && !wild)) out += '\\';
    out += c;
  }
  return out;
}

// --- federated schemas -----------------------------------------------------------------------------------------------

Result<PostgresSource> federated_source(Door& door, const Caller& as, const sql::FederatedSource& source) {
  const NamedSecret named = TRY(named_secret(as, source.secret_arn));
  auto login = glue_connection(door, as, named.name);
  if (!login && login.error().code == "EntityNotFoundException" && !named.without_suffix.empty())
    login = glue_connection(door, as, named.without_suffix);
  if (!login && login.error().code == "EntityNotFoundException")
    return sql::sql_error(
        sql::kInvalidParameter,
        fmt::format(
            "SECRET_ARN '{}': there is no Secrets Manager here; the user and the password are those of the Glue "
            "connection {}, which is not there",
            source.secret_arn, named.without_suffix.empty() ? named.name : named.without_suffix));
  if (!login) return Failure(login.error());
  // A password goes to the server that it is kept for, whoever writes the statement.
  if (!equals_ignore_case(login->host, source.host) || login->port != source.port)
    return sql::sql_error(
        sql::kInvalidParameter,
        fmt::format("SECRET_ARN '{}': its Glue connection is for {}:{}, and the schema's URI and PORT say {}:{}",
                    source.secret_arn, login->host, login->port, source.host, source.port));
  login->database = source.database;
  return login;
}

Result<std::vector<std::string>> federated_tables(Door& door, const Caller& as, const sql::FederatedSource& source) {
  Postgres postgres = TRY(Postgres::connect(TRY(federated_source(door, as, source))));
  std::vector<std::string> names;
  for (const PostgresTable& table : TRY(postgres.tables(like_pattern(source.schema), "%"))) names.push_back(table.name);
  return names;
}

Result<std::optional<sql::ExternalTable>> federated_table(Door& door, const Caller& as,
                                                          const sql::FederatedSource& source, const std::string& name) {
  Postgres postgres = TRY(Postgres::connect(TRY(federated_source(door, as, source))));
  const auto found = TRY(find_table(postgres, source.schema, name));
  if (!found) return std::nullopt;
  return external_table(*found);
}

Result<sql::OpenedObject> federated_rows(Door& door, const Caller& as, const sql::FederatedSource& source,
                                         const sql::FederatedQuery& query, const std::string& folder,
                                         const std::function<Status()>& going_on) {
  Postgres postgres = TRY(Postgres::connect(TRY(federated_source(door, as, source))));
  const auto table = TRY(find_table(postgres, source.schema, query.table));
  if (!table) return sql::sql_error(sql::kUndefinedTable, fmt::format("relation \"{}\" does not exist", query.table));
  std::string columns, conditions;
  const auto changed = [&](const std::string& name) {
    return sql::sql_error("42703", fmt::format("column \"{}\" of \"{}\" has just gone", name, query.table));
  };
  for (const std::string& name : query.columns) {
    const PostgresColumn* column = column_of(*table, name);
    if (column == nullptr) return changed(name);
    columns += (columns.empty() ? "" : ", ") + as_read(postgres, *column);
  }
  for (const sql::FederatedFilter& filter : query.filters) {
    const PostgresColumn* column = column_of(*table, filter.column);
    if (column == nullptr) return changed(filter.column);
    conditions += (conditions.empty() ? " WHERE " : " AND ") + condition(postgres, *column, filter);
  }
  const std::string statement = fmt::format("SELECT {} FROM {}.{}{}", columns.empty() ? "1" : columns,
                                            postgres.quoted(table->schema), postgres.quoted(table->name), conditions);
  Fd file = TRY(nameless_file(folder));
  const uint64_t bytes = TRY(postgres.copy(statement, file.get(), going_on));
  sql::OpenedObject opened;
  opened.object.uri = sql::uri_of(query);
  opened.object.size = bytes;
  opened.files.push_back(std::move(file));
  opened.segments.push_back({.file = 0, .offset = 0, .length = bytes, .bytes = {}});
  return opened;
}

}  // namespace tarn::lake
