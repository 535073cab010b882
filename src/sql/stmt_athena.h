// Athena's statements that no SQL parser of the engine sees (Hive's DDL, and Trino's that write or prepare): what each one
// says, as a struct of its own. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "sql/engine_client.h"
#include "sql/reader.h"

namespace tarn::sql::athena {

using Properties = std::vector<std::pair<std::string, std::string>>;

// Lower case; parts may be empty.
struct Name {
  std::string catalog, database, name;
};

struct Query {  // SELECT, WITH, VALUES, TABLE
  std::string sql;
};
struct Explain {
  std::string sql;  // the explained statement
  bool analyze = false;
};

struct CreateDatabase {
  std::string catalog, name, comment, location;
  bool if_not_exists = false;
  Properties properties;
};
struct DropDatabase {
  std::string catalog, name;
  bool if_exists = false, cascade = false;
};
struct AlterDatabase {
  std::string catalog, name;
  Properties properties;
};

// In Glue's words.
struct CreateTable {
  Name table;
  bool external = false, if_not_exists = false;
  std::vector<ExternalColumn> columns, partition_columns;
  std::vector<std::string> partition_transforms;  // of Iceberg: "bucket(16, id)"
  std::string comment, serde, input_format, output_format, location;
  std::vector<std::string> bucket_columns;
  int buckets = 0;
  Properties serde_properties, table_properties;
};
struct CreateTableAs {
  Name table;
  bool if_not_exists = false, with_data = true;
  // Values as written: 'x' without quotes, ARRAY['a','b'] as its items.
  std::vector<std::pair<std::string, std::vector<std::string>>> properties;
  std::string query;
};
struct CreateView {
  Name view;
  bool or_replace = false;
  std::vector<std::string> columns;
  std::string query;
};
struct DropTable {
  Name table;
  bool if_exists = false, view = false;
};

struct Partition {
  std::vector<std::pair<std::string, std::string>> values;  // column, value as text
  std::string location = {};
};
// Of DROP PARTITION: column, "=" "<" ">" .., value.
struct PartitionTest {
  std::string column, op, value;
};
struct AlterTable {
  enum class Kind : uint8_t {
    kAddPartitions,
    kDropPartitions,
    kRenamePartition,
    kAddColumns,
    kReplaceColumns,
    kChangeColumn,
    kSetLocation,
    kSetProperties,
    kDropColumn,       // these of Iceberg tables only
    kUnsetProperties,
    kRename,
  } kind = Kind::kAddPartitions;
  Name table;
  bool if_not_exists = false, if_exists = false;
  std::vector<Partition> partitions;               // added ones; the one that is renamed or moved
  std::vector<std::vector<PartitionTest>> dropped;
  Partition to;                                    // of a renaming
  std::vector<ExternalColumn> columns;             // added, replaced, or the changed one
  std::string column;                              // that is changed or dropped
  std::optional<std::string> after;                // CHANGE COLUMN .. AFTER x; "" is FIRST
  std::string location;
  Properties properties;
  std::vector<std::string> unset;  // names of properties
  Name renamed;
};
struct RepairTable {
  Name table;
};

struct Show {
  enum class Kind : uint8_t { kDatabases, kTables, kViews, kPartitions, kColumns, kProperties, kCreateTable, kCreateView } kind;
  Name of;  // a database's name is in `database`
  std::optional<std::string> pattern;  // of names; the property of SHOW TBLPROPERTIES
};
struct Describe {
  Name table;
  bool extended = false, formatted = false;
  std::optional<std::string> column;
  std::optional<Partition> partition;
};

struct Insert {
  Name table;
  std::vector<std::string> columns;  // empty: all
  std::string query;
};

// Of Iceberg tables. Expressions are texts, as written; an absent condition is empty.
struct Assignment {
  std::string column, value;
};
struct DeleteRows {
  Name table;
  std::string where;
};
struct UpdateRows {
  Name table;
  std::vector<Assignment> set;
  std::string where;
};
struct MergeClause {
  enum class Action : uint8_t { kDelete, kUpdate, kInsert } action = Action::kDelete;
  std::string condition;
  std::vector<Assignment> set;  // also an INSERT's columns and values
  bool all_columns = false;     // an INSERT without a list of columns: names are not in `set`
};
struct Merge {
  Name target;
  std::string alias;   // of the target; its name where none is given
  std::string source;  // with its alias
  std::string on;
  std::vector<MergeClause> clauses;
};
struct Optimize {
  Name table;
  std::string where;
};
struct Vacuum {
  Name table;
};

struct Unload {
  std::string query, location;
  std::vector<std::pair<std::string, std::vector<std::string>>> properties;
};

struct Prepare {
  std::string name, statement;
};
struct Execute {
  std::string name;       // of a prepared statement ..
  std::string statement;  // .. or EXECUTE IMMEDIATE's text
  std::vector<std::string> arguments;
};
struct Deallocate {
  std::string name;
};

using Statement = std::variant<Query, Explain, CreateDatabase, DropDatabase, AlterDatabase, CreateTable, CreateTableAs,
                               CreateView, DropTable, AlterTable, RepairTable, Show, Describe, Insert, DeleteRows,
                               UpdateRows, Merge, Optimize, Vacuum, Unload, Prepare, Execute, Deallocate>;

struct Recognised {
  Statement statement;
  std::string_view type;          // StatementType: "DDL", "DML", "UTILITY"
  std::string_view substatement;  // SubstatementType: "SELECT", "CREATE_TABLE_AS_SELECT" ..
};

// What the text is; one ';' may end it. ERRORS: SqlError 42601 with a position, in Athena's words ("line 1:8: mismatched
// input 'x'"); 0A000, naming it, for what Athena has and is not supported.
Result<Recognised> recognise(std::string_view text);

// The text with the n-th '?' replaced by the n-th argument. ERRORS: SqlError 22023 when the counts differ, or an argument
// is not one expression.
Result<std::string> with_arguments(std::string_view text, const std::vector<std::string>& arguments);

// "line 2:5", of the byte at the 1-based position.
std::string line_and_column(std::string_view text, size_t position);

// Parts, each with the reader behind the words that say which statement it is.
Result<Statement> parse_create_table(Reader& reader, bool external);
Result<Statement> parse_alter_table(Reader& reader);
// DELETE, UPDATE, MERGE, OPTIMIZE, VACUUM (stmt_athena_rows.cc).
Result<Statement> parse_delete(Reader& reader);
Result<Statement> parse_update(Reader& reader);
Result<Statement> parse_merge(Reader& reader);
Result<Statement> parse_optimize(Reader& reader);
Result<Statement> parse_vacuum(Reader& reader);
// One name, in lower case: bare, in double or in back quotes.
Result<std::string> parse_name(Reader& reader);
// db.t, `db`.`t`, `db.t`.
Result<Name> parse_table_name(Reader& reader);
// ('a'='b', 'c'='d')
Result<Properties> parse_properties(Reader& reader);
// (a = 'x', b = 1)
Result<Partition> parse_partition(Reader& reader);
// (a int COMMENT 'x', ..)
Result<std::vector<ExternalColumn>> parse_columns(Reader& reader);
Result<std::string> parse_hive_type(Reader& reader);

// Hive's type in Trino's words and back: "array<struct<a:int>>" is "array(row(a integer))". Pure, total: what is no type
// comes back as it is.
std::string trino_type(std::string_view hive);
std::string hive_type_of(std::string_view trino);

}  // namespace tarn::sql::athena
