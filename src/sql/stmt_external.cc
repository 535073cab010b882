// External schemas and tables.
#include "base/text.h"
#include "sql/hive_files.h"
#include "sql/sql_error.h"
#include "sql/stmt_redshift.h"

namespace tarn::sql {
namespace {

using Properties = std::vector<std::pair<std::string, std::string>>;

// ('a'='b', 'c'='d')
Result<Properties> properties(Reader& reader) {
  Properties all;
  TRY(reader.expect_op("("));
  do {
    std::string name = TRY(reader.string());
    TRY(reader.expect_op("="));
    all.emplace_back(std::move(name), TRY(reader.string()));
  } while (reader.accept_op(","));
  TRY(reader.expect_op(")"));
  return all;
}

Result<std::vector<ExternalColumn>> columns(Reader& reader) {
  std::vector<ExternalColumn> all;
  TRY(reader.expect_op("("));
  do {
    const Token& token = reader.peek();
    ExternalColumn column;
    column.name = TRY(reader.name());
    for (const ExternalColumn& other : all)
      if (other.name == column.name)
        return sql_error("42701", "column \"" + column.name + "\" specified more than once", token.begin + 1);
    // CREATE EXTERNAL TABLE AS names its partition columns only.
    if (!reader.peek().is_op(",") && !reader.peek().is_op(")")) column.type = hive_type(TRY(parse_type(reader)));
    all.push_back(std::move(column));
  } while (reader.accept_op(","));
  TRY(reader.expect_op(")"));
  return all;
}

// DELIMITED's terminators, in Hive's names. "\001" comes as the character already.
Status delimited(Reader& reader, CreateExternalTable& table) {
  table.serde = kLazySimpleSerde;
  while (true) {
    std::string name;
    if (reader.accept("fields", "terminated", "by"))
      name = "field.delim";
    else if (reader.accept("lines", "terminated", "by"))
      name = "line.delim";
    else if (reader.accept("escaped", "by"))
      name = "escape.delim";
    else if (reader.accept("collection", "items", "terminated", "by"))
      name = "colelction.delim";  // Hive's own spelling
    else if (reader.accept("map", "keys", "terminated", "by"))
      name = "mapkey.delim";
    else if (reader.accept("null", "defined", "as"))
      name = "serialization.null.format";
    else
      return {};
    table.serde_properties.emplace_back(name, TRY(reader.string()));
  }
}

Status stored_as(Reader& reader, CreateExternalTable& table) {
  HiveFiles files = TRY(read_stored_as(reader, false));
  table.input_format = std::move(files.input_format);
  table.output_format = std::move(files.output_format);
  if (table.serde.empty()) table.serde = std::move(files.serde);
  return {};
}

Status table_clause(Reader& reader, CreateExternalTable& table) {
  if (reader.accept("partitioned", "by")) {
    table.partition_columns = TRY(columns(reader));
  } else if (reader.accept("row", "format", "delimited")) {
    TRY(delimited(reader, table));
  } else if (reader.accept("row", "format", "serde")) {
    table.serde = TRY(reader.string());
    if (reader.accept("with", "serdeproperties")) {
      Properties given = TRY(properties(reader));
      std::move(given.begin(), given.end(), std::back_inserter(table.serde_properties));
    }
  } else if (reader.accept("stored", "as")) {
    TRY(stored_as(reader, table));
  } else if (reader.accept("location")) {
    table.location = TRY(reader.string());
  } else if (reader.accept("table", "properties") || reader.accept("tblproperties")) {
    table.table_properties = TRY(properties(reader));
  } else if (reader.peek().is("as")) {
    return sql_error(kNotSupported, "CREATE EXTERNAL TABLE AS is not supported yet", reader.peek().begin + 1);
  } else {
    return reader.unexpected();
  }
  return {};
}

// (a='x', b=1)
Result<PartitionChange> partition(Reader& reader) {
  PartitionChange change;
  TRY(reader.expect_op("("));
  do {
    std::string name = TRY(reader.name());
    TRY(reader.expect_op("="));
    const Token& value = reader.peek();
    if (value.kind != TokenKind::kString && value.kind != TokenKind::kNumber) return reader.unexpected();
    change.values.emplace_back(std::move(name), reader.next().text);
  } while (reader.accept_op(","));
  TRY(reader.expect_op(")"));
  return change;
}

Result<Statement> add_partitions(Reader& reader, QualifiedName table) {
  AddPartitions add{std::move(table)};
  add.if_not_exists = reader.accept("if", "not", "exists");
  while (reader.accept("partition")) {
    PartitionChange change = TRY(partition(reader));
    TRY(reader.expect("location"));
    change.location = TRY(reader.string());
    add.partitions.push_back(std::move(change));
  }
  if (add.partitions.empty()) return reader.unexpected();
  TRY(reader.expect_end());
  return add;
}

}  // namespace

Result<RoleChoice> parse_role(Reader& reader) {
  if (reader.accept("default")) return RoleChoice{true, {}};
  const Token& token = reader.peek();
  const std::string text = TRY(reader.string());
  if (equals_ignore_case(text, "default")) return RoleChoice{true, {}};
  RoleChoice role;
  for (const std::string_view arn : split(text, ',')) {
    if (!trim(arn).starts_with("arn:"))
      return sql_error(kInvalidParameter, "Invalid IAM role ARN '" + text + "': write default or the role's ARN",
                       token.begin + 1);
    role.arns.emplace_back(trim(arn));
  }
  return role;
}

namespace {

// DATABASE 'd' [SCHEMA 's'] URI 'host' [PORT n] IAM_ROLE .. SECRET_ARN 'arn'
Result<Statement> federated_schema_of(Reader& reader, CreateExternalSchema schema) {
  FederatedSource source;
  while (!reader.at_end()) {
    if (reader.accept("database")) {
      source.database = TRY(reader.string());
    } else if (reader.accept("schema")) {
      source.schema = TRY(reader.string());
    } else if (reader.accept("uri")) {
      source.host = TRY(reader.string());
    } else if (reader.accept("port")) {
      const auto port = parse_int(reader.peek().text);
      if (reader.peek().kind != TokenKind::kNumber || !port || *port < 1 || *port > 65535) return reader.unexpected();
      source.port = static_cast<uint16_t>(*port);
      reader.next();
    } else if (reader.accept("iam_role")) {
      schema.role = TRY(parse_role(reader));
    } else if (reader.accept("secret_arn")) {
      source.secret_arn = TRY(reader.string());
    } else {
      return reader.unexpected();
    }
  }
  const bool role = schema.role.is_default || !schema.role.arns.empty();
  if (source.database.empty() || source.host.empty() || source.secret_arn.empty() || !role) return reader.unexpected();
  schema.database = source.database;
  schema.federated = std::move(source);
  return schema;
}

}  // namespace

Result<Statement> parse_create_external_schema(Reader& reader) {
  CreateExternalSchema schema;
  schema.if_not_exists = reader.accept("if", "not", "exists");
  schema.name = TRY(reader.name());
  TRY(reader.expect("from"));
  if (reader.accept("postgres")) return federated_schema_of(reader, std::move(schema));
  if (!reader.accept("data", "catalog")) {
    for (const std::string_view source : {"hive", "mysql", "kinesis", "msk", "kafka", "redshift", "iam"})
      if (reader.peek().is(source))
        return sql_error(kNotSupported,
                         "CREATE EXTERNAL SCHEMA FROM " + upper(source) + " is not supported yet; FROM DATA CATALOG and FROM POSTGRES are",
                         reader.peek().begin + 1);
    return reader.unexpected();
  }
  while (!reader.at_end()) {
    if (reader.accept("database")) {
      if (reader.peek().kind == TokenKind::kString)
        schema.database = lower(TRY(reader.string()));
      else
        schema.database = TRY(reader.name());
    } else if (reader.accept("region")) {
      schema.region = TRY(reader.string());
    } else if (reader.accept("iam_role")) {
      if (reader.peek().kind == TokenKind::kString && equals_ignore_case(reader.peek().text, "session"))
        return sql_error(kNotSupported, "IAM_ROLE 'SESSION' is not supported yet", reader.peek().begin + 1);
      schema.role = TRY(parse_role(reader));
    } else if (reader.accept("catalog_role")) {
      return sql_error(kNotSupported, "CATALOG_ROLE is not supported yet", reader.peek().begin + 1);
    } else if (reader.accept("create", "external", "database", "if", "not", "exists")) {
      schema.create_database = true;
    } else {
      return reader.unexpected();
    }
  }
  if (schema.database.empty() || (!schema.role.is_default && schema.role.arns.empty())) return reader.unexpected();
  return schema;
}

Result<Statement> parse_alter_external_schema(Reader& reader) {
  AlterExternalSchema schema;
  schema.name = TRY(reader.name());
  if (!reader.peek().is("iam_role"))
    return sql_error(kNotSupported, "ALTER EXTERNAL SCHEMA .. " + upper(reader.peek().text) + " is not supported; IAM_ROLE is",
                     reader.peek().begin + 1);
  reader.next();
  schema.role = TRY(parse_role(reader));
  TRY(reader.expect_end());
  return schema;
}

Result<Statement> parse_create_external_table(Reader& reader) {
  CreateExternalTable table;
  table.if_not_exists = reader.accept("if", "not", "exists");
  table.table = TRY(reader.qualified_name());
  if (reader.peek().is_op("(")) table.columns = TRY(columns(reader));
  while (!reader.at_end() && !reader.peek().is("as")) TRY(table_clause(reader, table));
  std::string query;
  if (reader.accept("as")) {
    if (reader.at_end()) return reader.unexpected();
    query = reader.source(reader.peek().begin, reader.source().size());
    if (!table.columns.empty())
      return sql_error(kSyntaxError, "CREATE EXTERNAL TABLE AS takes its columns from the query", table.table.position);
  }
  if (table.columns.empty() && query.empty()) return reader.unexpected();
  for (const auto* all : {&table.columns, &table.partition_columns})
    for (const ExternalColumn& column : *all)
      if (column.type.empty() && query.empty())
        return sql_error(kSyntaxError, "the column \"" + column.name + "\" has no type", table.table.position);
  if (table.location.empty())
    return sql_error(kSyntaxError, "CREATE EXTERNAL TABLE needs a LOCATION", reader.source().size() + 1);
  if (!table.location.starts_with("s3://"))
    return sql_error(kInvalidParameter, "LOCATION '" + table.location + "' is no S3 path: write 's3://bucket/prefix/'");
  for (const ExternalColumn& key : table.partition_columns)
    for (const ExternalColumn& column : table.columns)
      if (column.name == key.name)
        return sql_error("42701", "column \"" + key.name + "\" is a column and a partition column",
                         table.table.position);
  if (table.input_format.empty()) {
    table.input_format = kTextInput;
    table.output_format = kTextOutput;
  }
  if (table.serde.empty()) table.serde = kLazySimpleSerde;
  if (!query.empty()) return ExternalTableAs{std::move(table), std::move(query)};
  return table;
}

namespace {

// ADD [COLUMN] name type .. NOT NULL ..; nullopt: it is another column, or no column.
std::optional<AddNotNullColumn> not_null_column(Reader& reader, const QualifiedName& table) {
  reader.next();
  reader.accept("column");
  const auto column = reader.name();
  if (!column) return std::nullopt;
  for (; !reader.at_end(); reader.next()) {
    if (!reader.peek().is("not") || !reader.peek(1).is("null")) continue;
    const std::string_view text = reader.source();
    std::string without(text.substr(0, reader.peek().begin));
    without += text.substr(reader.peek(1).end);
    return AddNotNullColumn{table, *column, std::move(without)};
  }
  return std::nullopt;
}

// [PARTITION (k = v)] SET LOCATION 's3://..' | SET FILE FORMAT f | SET TABLE PROPERTIES ('k' = 'v')
Result<Statement> alter_external(Reader& reader, QualifiedName table) {
  AlterExternalTable alter{.table = std::move(table)};
  if (reader.peek().is("partition")) {
    reader.next();
    PartitionChange partition;
    TRY(reader.expect_op("("));
    do {
      const std::string name = TRY(reader.name());
      TRY(reader.expect_op("="));
      const Token& value = reader.peek();
      if (value.kind != TokenKind::kString && value.kind != TokenKind::kNumber) return reader.unexpected();
      partition.values.emplace_back(name, reader.next().text);
    } while (reader.accept_op(","));
    TRY(reader.expect_op(")"));
    alter.partition = std::move(partition);
  }
  TRY(reader.expect("set"));
  if (reader.accept("location")) {
    alter.location = TRY(reader.string());
  } else if (!alter.partition && reader.accept("file", "format")) {
    alter.file_format = TRY(reader.name());
  } else if (!alter.partition && reader.accept("table", "properties")) {
    alter.properties = TRY(properties(reader));
  } else {
    return reader.unexpected();
  }
  TRY(reader.expect_end());
  return alter;
}

}  // namespace

// ALTER TABLE: of partitions, keys, names, owners; the rest in stmt_alter.cc.
Result<Statement> parse_alter_table(Reader& reader) {
  QualifiedName table = TRY(reader.qualified_name());
  const size_t position = reader.peek().begin + 1;
  if (reader.peek().is("add") && (reader.peek(1).is("partition") || reader.peek(1).is("if"))) {
    reader.next();
    return add_partitions(reader, std::move(table));
  }
  if (reader.accept("drop", "partition")) {
    DropPartition drop{std::move(table), TRY(partition(reader))};
    TRY(reader.expect_end());
    return drop;
  }
  if (reader.peek().is("set") && (reader.peek(1).is("location") || reader.peek(1).is("file") || reader.peek(1).is("table")))
    return alter_external(reader, std::move(table));
  if (reader.peek().is("partition")) return alter_external(reader, std::move(table));
  if (reader.peek().is("add")) {
    const size_t at = reader.index();
    if (auto column = not_null_column(reader, table)) return std::move(*column);
    reader.seek(at);
  }
  const auto constraint = [&](size_t ahead) {
    const Token& token = reader.peek(ahead);
    return token.is("constraint") || token.is("primary") || token.is("foreign") || token.is("unique");
  };
  if ((reader.peek().is("add") || reader.peek().is("drop")) && constraint(1)) return EngineStatement{};
  if (reader.peek().is("rename") && reader.peek(1).is("to")) {
    reader.accept("rename", "to");
    RenameRelation rename{std::move(table), TRY(reader.name())};
    TRY(reader.expect_end());
    return rename;
  }
  if (reader.accept("owner", "to")) {
    AlterOwner alter{.object_kind = "TABLE", .object = std::move(table), .signature = {}, .owner = {}};
    alter.owner = TRY(parse_identity(reader));
    TRY(reader.expect_end());
    return alter;
  }
  if (reader.accept("append", "from")) {
    AppendTable append{.target = std::move(table), .source = TRY(reader.qualified_name())};
    append.ignore_extra = reader.accept("ignoreextra");
    if (!append.ignore_extra) append.fill_target = reader.accept("filltarget");
    TRY(reader.expect_end());
    return append;
  }
  if (reader.peek().is("set"))
    return sql_error(kNotSupported, "ALTER TABLE SET " + upper(reader.peek(1).text) + " is not supported yet",
                     position);
  return parse_alter_columns(reader, std::move(table), position);
}

}  // namespace tarn::sql
