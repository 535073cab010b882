// CREATE TABLE and ALTER TABLE as Hive writes them, and Hive's types.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "sql/hive_files.h"
#include "sql/sql_error.h"
#include "sql/stmt_athena.h"

namespace tarn::sql::athena {
namespace {

Status delimited(Reader& reader, CreateTable& table) {
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
      name = "collection.delim";
    else if (reader.accept("map", "keys", "terminated", "by"))
      name = "mapkey.delim";
    else if (reader.accept("null", "defined", "as"))
      name = "serialization.null.format";
    else
      return {};
    std::string value = TRY(reader.string());
    // Hive's serialization.format repeats the field's delimiter.
    if (name == "field.delim") table.serde_properties.emplace_back("serialization.format", value);
    table.serde_properties.emplace_back(name, std::move(value));
  }
}

Status stored_as(Reader& reader, CreateTable& table) {
  HiveFiles files = TRY(read_stored_as(reader, true));
  table.input_format = std::move(files.input_format);
  table.output_format = std::move(files.output_format);
  if (table.serde.empty()) table.serde = std::move(files.serde);
  return {};
}

// PARTITIONED BY (a int) of Hive; of Iceberg also (a, bucket(16, b)).
Status partitioned_by(Reader& reader, CreateTable& table) {
  const bool transforms = !table.external && !(reader.peek(1).is_name() && reader.peek(2).is_name());
  if (!transforms) {
    table.partition_columns = TRY(parse_columns(reader));
    return {};
  }
  TRY(reader.expect_op("("));
  do {
    std::string transform = TRY(parse_name(reader));
    if (reader.peek().is_op("(")) {
      const auto [begin, end] = TRY(reader.skip_parentheses());
      transform += reader.source(begin, end);
    }
    table.partition_transforms.push_back(std::move(transform));
  } while (reader.accept_op(","));
  return reader.expect_op(")");
}

Status clustered_by(Reader& reader, CreateTable& table) {
  TRY(reader.expect_op("("));
  do table.bucket_columns.push_back(TRY(parse_name(reader)));
  while (reader.accept_op(","));
  TRY(reader.expect_op(")"));
  TRY(reader.expect("into"));
  table.buckets = static_cast<int>(TRY(reader.integer()));
  return reader.expect("buckets");
}

Status clause(Reader& reader, CreateTable& table) {
  if (reader.accept("comment")) {
    table.comment = TRY(reader.string());
  } else if (reader.accept("partitioned", "by")) {
    TRY(partitioned_by(reader, table));
  } else if (reader.accept("clustered", "by")) {
    TRY(clustered_by(reader, table));
  } else if (reader.accept("row", "format", "delimited")) {
    TRY(delimited(reader, table));
  } else if (reader.accept("row", "format", "serde")) {
    table.serde = TRY(reader.string());
  } else if (reader.accept("with", "serdeproperties")) {
    Properties given = TRY(parse_properties(reader));
    std::move(given.begin(), given.end(), std::back_inserter(table.serde_properties));
  } else if (reader.accept("stored", "as")) {
    TRY(stored_as(reader, table));
  } else if (reader.accept("location")) {
    table.location = TRY(reader.string());
  } else if (reader.accept("tblproperties")) {
    table.table_properties = TRY(parse_properties(reader));
  } else {
    return reader.unexpected();
  }
  return {};
}

// (a = 1, b >= 'x')
Result<std::vector<PartitionTest>> partition_tests(Reader& reader) {
  std::vector<PartitionTest> tests;
  TRY(reader.expect_op("("));
  do {
    PartitionTest test;
    test.column = TRY(parse_name(reader));
    for (const std::string_view op : {"=", "<>", "!=", "<=", ">=", "<", ">"})
      if (reader.accept_op(op)) {
        test.op = op;
        break;
      }
    const Token& value = reader.peek();
    if (test.op.empty() || (value.kind != TokenKind::kString && value.kind != TokenKind::kNumber))
      return reader.unexpected();
    test.value = reader.next().text;
    tests.push_back(std::move(test));
  } while (reader.accept_op(","));
  TRY(reader.expect_op(")"));
  return tests;
}

Status add(Reader& reader, AlterTable& alter) {
  if (reader.accept("columns")) {
    alter.kind = AlterTable::Kind::kAddColumns;
    alter.columns = TRY(parse_columns(reader));
    return {};
  }
  alter.if_not_exists = reader.accept("if", "not", "exists");
  while (reader.accept("partition")) {
    Partition partition = TRY(parse_partition(reader));
    if (reader.accept("location")) partition.location = TRY(reader.string());
    alter.partitions.push_back(std::move(partition));
  }
  if (alter.partitions.empty()) return reader.unexpected();
  return {};
}

Status drop(Reader& reader, AlterTable& alter) {
  if (reader.accept("column")) {
    alter.kind = AlterTable::Kind::kDropColumn;
    alter.column = TRY(parse_name(reader));
    return {};
  }
  alter.kind = AlterTable::Kind::kDropPartitions;
  alter.if_exists = reader.accept("if", "exists");
  do {
    TRY(reader.expect("partition"));
    alter.dropped.push_back(TRY(partition_tests(reader)));
  } while (reader.accept_op(","));
  return {};
}

Status change(Reader& reader, AlterTable& alter) {
  alter.kind = AlterTable::Kind::kChangeColumn;
  (void)reader.accept("column");
  alter.column = TRY(parse_name(reader));
  ExternalColumn column;
  column.name = TRY(parse_name(reader));
  column.type = TRY(parse_hive_type(reader));
  if (reader.accept("comment")) column.comment = TRY(reader.string());
  alter.columns.push_back(std::move(column));
  if (reader.accept("first"))
    alter.after = "";
  else if (reader.accept("after"))
    alter.after = TRY(parse_name(reader));
  return {};
}

Status set(Reader& reader, AlterTable& alter) {
  if (reader.accept("location")) {
    alter.kind = AlterTable::Kind::kSetLocation;
    alter.location = TRY(reader.string());
    return {};
  }
  TRY(reader.expect("tblproperties"));
  alter.kind = AlterTable::Kind::kSetProperties;
  alter.properties = TRY(parse_properties(reader));
  return {};
}

// What stands between the brackets of a type, split at its own commas.
std::vector<std::string_view> type_parts(std::string_view text) {
  std::vector<std::string_view> parts;
  int depth = 0;
  size_t from = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || (text[i] == ',' && depth == 0)) {
      parts.push_back(trim(text.substr(from, i - from)));
      from = i + 1;
      continue;
    }
    if (text[i] == '<' || text[i] == '(') ++depth;
    if (text[i] == '>' || text[i] == ')') --depth;
  }
  return parts;
}

// The inside of "name<..>" or "name(..)"; nullopt: it is another type.
std::optional<std::string_view> inside(std::string_view type, std::string_view name) {
  if (type.size() < name.size() + 2 || !equals_ignore_case(type.substr(0, name.size()), name)) return std::nullopt;
  const char open = type[name.size()];
  if (open != '<' && open != '(') return std::nullopt;
  return type.substr(name.size() + 1, type.size() - name.size() - 2);
}

constexpr std::pair<std::string_view, std::string_view> kScalars[] = {  // Hive's, Trino's
    {"int", "integer"}, {"string", "varchar"}, {"float", "real"}, {"binary", "varbinary"}, {"timestamp", "timestamp(3)"}};

}  // namespace

Result<std::string> parse_hive_type(Reader& reader) {
  const std::string name = TRY(parse_name(reader));
  const auto open = [&]() -> Status { return reader.expect_op("<"); };
  const auto close = [&]() -> Status {
    reader.split_token();
    return reader.expect_op(">");
  };
  if (name == "array") {
    TRY(open());
    const std::string item = TRY(parse_hive_type(reader));
    TRY(close());
    return "array<" + item + ">";
  }
  if (name == "map") {
    TRY(open());
    const std::string key = TRY(parse_hive_type(reader));
    TRY(reader.expect_op(","));
    const std::string value = TRY(parse_hive_type(reader));
    TRY(close());
    return "map<" + key + "," + value + ">";
  }
  if (name == "struct") {
    std::string type = "struct<";
    TRY(open());
    do {
      if (type.size() > 7) type += ',';
      type += TRY(parse_name(reader)) + ":";
      reader.split_token();
      TRY(reader.expect_op(":"));
      type += TRY(parse_hive_type(reader));
      if (reader.accept("comment")) (void)TRY(reader.string());
    } while (reader.accept_op(","));
    TRY(close());
    return type + ">";
  }
  // AWS: Data types in Amazon Athena; Iceberg's besides.
  static constexpr std::string_view kKnown[] = {
      "boolean", "tinyint", "smallint", "int",  "integer", "bigint", "long", "float", "double",    "real",        "decimal",
      "numeric", "string",  "varchar",  "char", "binary",  "fixed",  "uuid", "date",  "timestamp", "timestamptz", "time", "void"};
  if (std::ranges::find(kKnown, name) == std::end(kKnown))
    return sql_error(kSyntaxError, fmt::format("FAILED: ParseException cannot recognize input near '{}' in column type", name));
  if (name == "double") (void)reader.accept("precision");
  std::string type = name == "integer" ? "int" : name;
  if (!reader.accept_op("(")) return type;
  type += "(" + std::to_string(TRY(reader.integer()));
  if (reader.accept_op(",")) type += "," + std::to_string(TRY(reader.integer()));
  TRY(reader.expect_op(")"));
  return type + ")";
}

Result<std::vector<ExternalColumn>> parse_columns(Reader& reader) {
  std::vector<ExternalColumn> all;
  TRY(reader.expect_op("("));
  do {
    const Token token = reader.peek();
    ExternalColumn column;
    column.name = TRY(parse_name(reader));
    for (const ExternalColumn& other : all)
      if (other.name == column.name)
        return sql_error("42701",
                         fmt::format("FAILED: ParseException Duplicate column name {} in the table definition.",
                                     column.name),
                         token.begin + 1);
    column.type = TRY(parse_hive_type(reader));
    if (reader.accept("comment")) column.comment = TRY(reader.string());
    all.push_back(std::move(column));
  } while (reader.accept_op(","));
  TRY(reader.expect_op(")"));
  return all;
}

Result<Statement> parse_create_table(Reader& reader, bool external) {
  CreateTable table;
  table.external = external;
  table.if_not_exists = reader.accept("if", "not", "exists");
  table.table = TRY(parse_table_name(reader));
  if (reader.peek().is_op("(")) table.columns = TRY(parse_columns(reader));
  while (!reader.at_end()) TRY(clause(reader, table));
  if (table.input_format.empty()) {
    table.input_format = kTextInput;
    table.output_format = kTextOutput;
  }
  if (table.serde.empty()) table.serde = kLazySimpleSerde;
  for (const ExternalColumn& key : table.partition_columns)
    for (const ExternalColumn& column : table.columns)
      if (column.name == key.name)
        return sql_error("42701", "FAILED: SemanticException [Error 10035]: Column repeated in partitioning columns");
  return table;
}

Result<Statement> parse_alter_table(Reader& reader) {
  AlterTable alter;
  alter.table = TRY(parse_table_name(reader));
  if (reader.accept("add")) {
    TRY(add(reader, alter));
  } else if (reader.accept("drop")) {
    TRY(drop(reader, alter));
  } else if (reader.accept("replace", "columns")) {
    alter.kind = AlterTable::Kind::kReplaceColumns;
    alter.columns = TRY(parse_columns(reader));
  } else if (reader.accept("change")) {
    TRY(change(reader, alter));
  } else if (reader.accept("set")) {
    TRY(set(reader, alter));
  } else if (reader.accept("unset", "tblproperties")) {
    alter.kind = AlterTable::Kind::kUnsetProperties;
    TRY(reader.expect_op("("));
    do alter.unset.push_back(TRY(reader.string()));
    while (reader.accept_op(","));
    TRY(reader.expect_op(")"));
  } else if (reader.accept("rename", "to")) {
    alter.kind = AlterTable::Kind::kRename;
    alter.renamed = TRY(parse_table_name(reader));
  } else if (reader.accept("partition")) {
    alter.partitions.push_back(TRY(parse_partition(reader)));
    if (reader.accept("rename", "to", "partition")) {
      alter.kind = AlterTable::Kind::kRenamePartition;
      alter.to = TRY(parse_partition(reader));
    } else {
      TRY(reader.expect("set", "location"));
      alter.kind = AlterTable::Kind::kSetLocation;
      alter.location = TRY(reader.string());
    }
  } else {
    return sql_error(kNotSupported, fmt::format("ALTER TABLE {} is not supported", upper(reader.peek().text)),
                     reader.peek().begin + 1);
  }
  TRY(reader.expect_end());
  return alter;
}

std::string trino_type(std::string_view hive) {
  hive = trim(hive);
  if (const auto item = inside(hive, "array")) return "array(" + trino_type(*item) + ")";
  if (const auto parts = inside(hive, "map")) {
    const auto both = type_parts(*parts);
    return both.size() == 2 ? "map(" + trino_type(both[0]) + ", " + trino_type(both[1]) + ")" : std::string(hive);
  }
  if (const auto members = inside(hive, "struct")) {
    std::string type = "row(";
    for (const std::string_view member : type_parts(*members)) {
      const size_t colon = std::min(member.find(':'), member.size());
      if (type.size() > 4) type += ", ";
      type += quoted_name(trim(member.substr(0, colon)));
      type += ' ' + trino_type(member.substr(std::min(colon + 1, member.size())));
    }
    return type + ")";
  }
  for (const auto& [ours, theirs] : kScalars)
    if (equals_ignore_case(hive, ours)) return std::string(theirs);
  return lower(hive);
}

std::string hive_type_of(std::string_view trino) {
  trino = trim(trino);
  if (const auto item = inside(trino, "array")) return "array<" + hive_type_of(*item) + ">";
  if (const auto parts = inside(trino, "map")) {
    const auto both = type_parts(*parts);
    return both.size() == 2 ? "map<" + hive_type_of(both[0]) + "," + hive_type_of(both[1]) + ">" : std::string(trino);
  }
  if (const auto members = inside(trino, "row")) {
    std::string type = "struct<";
    for (const std::string_view member : type_parts(*members)) {
      // "name" type, name type
      size_t end = member.starts_with('"') ? member.find('"', 1) + 1 : member.find(' ');
      end = std::min(end, member.size());
      std::string_view name = member.substr(0, end);
      if (name.starts_with('"') && name.size() > 1) name = name.substr(1, name.size() - 2);
      if (type.size() > 7) type += ',';
      type += std::string(name) + ":" + hive_type_of(member.substr(end));
    }
    return type + ">";
  }
  if (trino.starts_with("timestamp")) return "timestamp";
  if (trino.starts_with("varchar")) return trino == "varchar" ? "string" : std::string(trino);
  for (const auto& [ours, theirs] : kScalars)
    if (equals_ignore_case(trino, theirs)) return std::string(ours);
  return lower(trino);
}

}  // namespace tarn::sql::athena
