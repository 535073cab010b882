// Writes into the lake: CREATE EXTERNAL TABLE AS and INSERT into an external table. The engine stages objects; they and the
// catalog's change are one commit.
#include <algorithm>
#include <set>

#include "base/text.h"
#include "os/random.h"
#include "sql/session.h"
#include "sql/session_words.h"
#include "sql/sql_error.h"
#include "sql/tokens_redshift.h"

namespace tarn::sql {
namespace {

Error without_position(Error error) {
  std::erase_if(error.members, [](const auto& member) { return member.first == "position"; });
  return error;
}

std::string property(const ExternalTable& table, std::string_view name, std::string_view otherwise) {
  for (const auto& [key, value] : table.properties)
    if (key == name) return value;
  return std::string(otherwise);
}

// Redshift's type for Hive's; empty: one that values are not cast to.
std::string sql_type(const std::string& hive) {
  if (hive.starts_with("varchar(")) return "rs_varchar" + hive.substr(7);
  if (hive.starts_with("char(")) return "rs_char" + hive.substr(4);
  if (hive.starts_with("decimal(")) return hive;
  if (hive == "int") return "integer";
  if (hive == "float") return "real";
  if (hive == "string") return "varchar";
  for (const std::string_view plain : {"bigint", "smallint", "double", "date", "timestamp", "boolean", "tinyint"})
    if (hive == plain) return std::string(plain);
  return {};
}

// Glue's type for the engine's; nothing of Redshift's that Parquet does not have.
std::string hive_type_of(const ResultColumn& column) {
  if (column.type == "int2") return "smallint";
  if (column.type == "int4") return "int";
  if (column.type == "int8") return "bigint";
  if (column.type == "float4") return "float";
  if (column.type == "float8") return "double";
  if (column.type == "bool") return "boolean";
  if (column.type == "numeric")
    return "decimal(" + std::to_string(column.precision) + "," + std::to_string(column.scale) + ")";
  if (column.type == "date" || column.type == "timestamp") return column.type;
  if (column.type == "varchar" || column.type == "bpchar")
    return "varchar(" + std::to_string(column.length > 0 ? std::min(column.length, 65535) : 65535) + ")";
  return {};
}

// The partitions that objects below the location are in: folders k=v, in the order of the keys.
std::vector<PartitionChange> partitions_of(const std::vector<WrittenObject>& objects, const std::string& location,
                                           const std::vector<ExternalColumn>& keys) {
  std::vector<PartitionChange> all;
  std::set<std::string> seen;
  for (const WrittenObject& object : objects) {
    PartitionChange partition;
    std::string folder = location;
    const std::string rest = object.uri.substr(std::min(location.size(), object.uri.size()));
    const auto parts = split(rest, '/');
    for (size_t i = 0; i < keys.size() && i + 1 < parts.size(); ++i) {
      const size_t equals = std::min(parts[i].find('='), parts[i].size());
      partition.values.emplace_back(keys[i].name, uri_decode(parts[i].substr(std::min(equals + 1, parts[i].size()))));
      folder += std::string(parts[i]) + "/";
    }
    partition.location = folder;
    if (seen.insert(folder).second) all.push_back(std::move(partition));
  }
  return all;
}

}  // namespace

Result<Outcome> SqlSession::write_external(Running& run, const StoredSchema& schema, const ExternalTable& table,
                                           const std::string& query, std::optional<CreateExternalTable> made_with) {
  std::string items, names;
  size_t next = 0;
  for (const auto* columns : {&table.columns, &table.partition_columns})
    for (const ExternalColumn& column : *columns) {
      const std::string name = "c" + std::to_string(++next), type = sql_type(column.type);
      names += (names.empty() ? "" : ", ") + name;
      items += (items.empty() ? "" : ", ") + (type.empty() ? name : "CAST(" + name + " AS " + type + ")") + " AS " +
               quoted_name(column.name);
    }
  UnloadRequest request;
  request.sql = "SELECT " + items + " FROM (" + TRY(to_engine(query)).sql + ") AS source(" + names + ")";
  request.uri = table.location.ends_with('/') ? table.location : table.location + "/";
  request.name_prefix = uuid4() + "_";
  if (table.format == "parquet") {
    request.format = FileFormat::kParquet;
  } else if (table.format == "csv") {
    request.format = FileFormat::kText;
    request.delimiter = property(table, "field.delim", "\x01");
    request.null_as = property(table, "serialization.null.format", "\\N");
  } else {
    return sql_error(kNotSupported, "writing to the external table " + table.name + ", which is " + table.format +
                                        ", is not supported: PARQUET and TEXTFILE are");
  }
  for (const ExternalColumn& key : table.partition_columns) request.partition_by.push_back(key.name);
  request.context = TRY(context(run, schema.role));
  auto outcome = engine_.unload(TRY(opened()), request);
  if (!outcome) return Failure(without_position(seen(std::move(outcome).error())));

  Publishing publishing;
  publishing.role = schema.role;
  publishing.objects = outcome->objects;
  publishing.glue_database = schema.database;
  publishing.glue_table = table.name;
  publishing.new_table = std::move(made_with);
  if (!table.partition_columns.empty())
    publishing.partitions = partitions_of(outcome->objects, request.uri, table.partition_columns);
  if (Status published = run.host.publish(publishing); !published) {
    run.host.discard(outcome->objects);
    return Failure(published.error());
  }
  Outcome made = done("INSERT");
  made.rows = outcome->rows;
  return made;
}

// INSERT INTO external_schema.table query; nullopt: the table is no external one.
Result<std::optional<Outcome>> SqlSession::insert_external(Running& run) {
  Reader reader(run.statement.text, run.statement.tokens);
  if (!reader.accept("insert", "into")) return std::nullopt;
  const auto name = reader.qualified_name();
  if (!name) return std::nullopt;
  const UserCatalog all = TRY(catalog(run));
  const StoredSchema* schema = TRY(external_schema(all, *name));
  if (schema == nullptr) return std::nullopt;
  TRY(refuse_in_block("INSERT into an external table"));
  TRY(need(run, {"SCHEMA", "", schema->name}, "USAGE"));
  if (!reader.peek().is("select") && !reader.peek().is("with") && !reader.peek().is_op("("))
    return sql_error(kNotSupported, "INSERT into an external table takes a query", reader.peek().begin + 1);
  const auto table = TRY(run.host.glue_table(schema->role, schema->database, name->name));
  if (!table) return sql_error(kUndefinedTable, "Table \"" + name->name + "\" does not exist", name->position);
  const std::string query(reader.source(reader.peek().begin, reader.source().size()));
  return std::optional(TRY(write_external(run, *schema, *table, query, std::nullopt)));
}

Result<Outcome> SqlSession::execute(Running& run, const ExternalTableAs& s) {
  TRY(refuse_in_block("CREATE EXTERNAL TABLE AS"));
  const UserCatalog all = TRY(catalog(run));
  const StoredSchema* schema = TRY(external_schema(all, s.table.table));
  if (schema == nullptr)
    return sql_error(kInvalidSchemaName, "\"" + s.table.table.text() + "\" is in no external schema",
                     s.table.table.position);
  TRY(need(run, {"SCHEMA", "", schema->name}, "CREATE"));
  if (TRY(run.host.has_glue_table(schema->role, schema->database, s.table.table.name)))
    return sql_error(kDuplicateTable, "Relation \"" + s.table.table.name + "\" already exists");
  if (!TRY(run.host.list_objects(schema->role, s.table.location)).empty())
    return sql_error(kInternalError, "The LOCATION " + s.table.location + " of CREATE EXTERNAL TABLE AS is not empty");

  ExecuteRequest asked;
  asked.context = TRY(context(run, schema->role));
  asked.sql = TRY(to_engine(s.query)).sql;
  asked.describe_only = true;
  const auto described = ask(asked);
  if (!described) return Failure(without_position(described.error()));
  CreateExternalTable made = s.table;
  const std::vector<ExternalColumn> keys = std::exchange(made.partition_columns, {});
  std::vector<ExternalColumn> partitions(keys.size());
  for (const ResultColumn& column : described->columns) {
    const std::string type = hive_type_of(column);
    if (type.empty())
      return sql_error(kNotSupported, "the column \"" + column.name + "\" of type " + column.type +
                                          " cannot be written to an external table: cast it");
    const auto key = std::ranges::find(keys, column.name, &ExternalColumn::name);
    if (key == keys.end())
      made.columns.push_back({column.name, type});
    else
      partitions[static_cast<size_t>(key - keys.begin())] = {column.name, type};
  }
  for (size_t i = 0; i < keys.size(); ++i)
    if (partitions[i].name.empty())
      return sql_error("42703", "the partition column \"" + keys[i].name + "\" is not in the query");
  made.partition_columns = partitions;

  ExternalTable table;
  table.name = s.table.table.name;
  table.columns = made.columns;
  table.partition_columns = partitions;
  table.location = made.location;
  table.properties = made.serde_properties;
  table.format = made.serde.ends_with("ParquetHiveSerDe") ? "parquet"
                 : made.serde.ends_with("LazySimpleSerDe") ? "csv"
                                                            : made.serde;
  // The partition columns go last, where write_external expects them.
  std::string items;
  for (const auto* columns : {&table.columns, &table.partition_columns})
    for (const ExternalColumn& column : *columns) items += (items.empty() ? "" : ", ") + quoted_name(column.name);
  Outcome outcome = TRY(write_external(run, *schema, table, "SELECT " + items + " FROM (" + s.query + ") AS made", made));
  outcome.kind = "CREATE EXTERNAL TABLE";
  return outcome;
}

}  // namespace tarn::sql
