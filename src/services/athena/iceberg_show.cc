// DESCRIBE and SHOW CREATE TABLE of Iceberg tables.
#include <fmt/format.h>

#include "base/text.h"
#include "services/athena/errors.h"
#include "services/athena/glue_words.h"
#include "services/athena/iceberg.h"

namespace tarn::athena {
namespace {

namespace ice = sql::iceberg;

std::string column_name(const IcebergTable& table, int id) {
  for (const ice::Field& field : table.fields)
    if (field.id == id) return field.name;
  return "";
}

std::string quoted(const std::string& text) {
  return "'" + replace_all(text, "'", "\\'") + "'";
}

}  // namespace

// ASSUMED: the layout, which AWS does not document.
Result<Ran> StatementRun::describe_iceberg(const sql::athena::Describe& describe, const Place& place,
                                           const glue::Table& table) {
  if (describe.partition)
    return ice::failure("NOT_SUPPORTED", "DESCRIBE of a partition is not supported for Iceberg tables: query \"" +
                                             place.name + "$partitions\"");
  const IcebergTable opened = TRY(open_iceberg(door(), job_.caller, place.account, place.database, table));
  std::vector<std::string> lines = {"# Table schema:\t\t", "# col_name\tdata_type\tcomment"};
  if (describe.column) lines.clear();
  for (const ice::Field& field : opened.fields)
    if (!describe.column || field.name == *describe.column)
      lines.push_back(fmt::format("{}\t{}\t{}", field.name, ice::hive_type(field.type), field.comment));
  if (describe.column) {
    if (lines.empty())
      return hive_failure(
          fmt::format("FAILED: SemanticException [Error 10002]: Invalid column reference {}", *describe.column));
    return text_result({"col_name", "data_type", "comment"}, lines);
  }
  lines.push_back("\t\t");
  lines.push_back("# Partition spec:\t\t");
  lines.push_back("# field_name\tfield_transform\tcolumn_name");
  for (const ice::PartitionField& field : ice::partition_fields(ice::current_spec(opened.metadata)))
    lines.push_back(fmt::format("{}\t{}\t{}", field.name, field.transform, column_name(opened, field.source_id)));
  return text_result({"col_name", "data_type", "comment"}, lines);
}

Result<Ran> StatementRun::show_create_iceberg(const Place& place, const glue::Table& table) {
  const IcebergTable opened = TRY(open_iceberg(door(), job_.caller, place.account, place.database, table));
  std::vector<std::string> lines = {fmt::format("CREATE TABLE {}.{} (", place.database, place.name)};
  for (size_t i = 0; i < opened.fields.size(); ++i) {
    const ice::Field& field = opened.fields[i];
    lines.push_back(fmt::format("  {} {}{}{}", field.name, ice::hive_type(field.type),
                                field.comment.empty() ? "" : " COMMENT " + quoted(field.comment),
                                i + 1 < opened.fields.size() ? "," : ")"));
  }
  std::vector<std::string> partition;
  for (const ice::PartitionField& field : ice::partition_fields(ice::current_spec(opened.metadata)))
    partition.push_back(ice::partition_text(field, fmt::format("`{}`", column_name(opened, field.source_id))));
  if (!partition.empty()) lines.push_back(fmt::format("PARTITIONED BY ({})", fmt::join(partition, ", ")));
  lines.push_back(fmt::format("LOCATION {}", quoted(opened.metadata["location"].as_string())));
  lines.push_back("TBLPROPERTIES (");
  lines.push_back("  'table_type'='iceberg'");
  for (const auto& [name, value] : opened.metadata["properties"].members()) {
    const std::string shown = name == "write.format.default"              ? "format"
                              : name == "write.parquet.compression-codec" ? "write_compression"
                                                                          : name;
    lines.back() += ",";
    lines.push_back(fmt::format("  {}={}", quoted(shown), quoted(value.as_string())));
  }
  lines.push_back(")");
  return text_result({"createtab_stmt"}, lines);
}

}  // namespace tarn::athena
