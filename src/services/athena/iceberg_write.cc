// INSERT, DELETE, UPDATE and MERGE of Iceberg tables: new data files, and position delete files that name the rows which are gone
// (as Athena does: merge-on-read).
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "door/door.h"
#include "lake/parquet_footer.h"
#include "os/random.h"
#include "os/scratch.h"
#include "services/athena/engine_use.h"
#include "services/athena/errors.h"
#include "services/athena/iceberg.h"
#include "sql/lex.h"
#include "sql/spool.h"
#include "sql/sql_error.h"

namespace tarn::athena {
namespace {

namespace ice = sql::iceberg;

constexpr size_t kMaxPartitions = 100;  // AWS: INSERT INTO, 100 partitions at once
// Iceberg table spec, position delete files.
std::vector<ice::Field> delete_fields() {
  return {{2147483546, "file_path", "string", true}, {2147483545, "pos", "long", true}};
}

std::string partition_column(size_t i) {
  return fmt::format("__p{}", i);
}

std::string data_folder(const Json& metadata) {
  std::string location = metadata["location"].as_string();
  while (location.ends_with('/')) location.pop_back();
  return location + "/data/";
}

// An error of a query that was made here: its place is none in the user's text.
Error without_place(Error error) {
  std::erase_if(error.members, [](const auto& member) { return member.first == "position"; });
  if (const size_t colon = error.message.find(": "); error.message.starts_with("line ") && colon != std::string::npos)
    error.message.erase(0, colon + 2);
  return error;
}

// Trino's name of a type that Glue's columns have no name for; empty: they have.
std::string own_scalar(const std::string& name) {
  return name == "timestamptz" ? "timestamp with time zone" : name == "time" ? "time(3)" : name == "uuid" ? "uuid" : "";
}

bool has_own(const Json& type) {
  if (!type.is_object()) return !own_scalar(type.as_string()).empty();
  return has_own(type["element"]) || has_own(type["key"]) || has_own(type["value"]) ||
         std::ranges::any_of(ice::fields_of(type), [](const ice::Field& field) { return has_own(field.type); });
}

std::string trino_text(const Json& type) {
  const std::string& kind = type["type"].as_string();
  if (kind == "list") return fmt::format("array({})", trino_text(type["element"]));
  if (kind == "map") return fmt::format("map({}, {})", trino_text(type["key"]), trino_text(type["value"]));
  if (kind == "struct") {
    std::vector<std::string> members;
    for (const ice::Field& field : ice::fields_of(type))
      members.push_back(sql::quoted_name(field.name) + " " + trino_text(field.type));
    return fmt::format("row({})", fmt::join(members, ", "));
  }
  const std::string own = own_scalar(type.as_string());
  return own.empty() ? sql::athena::trino_type(ice::hive_type(type)) : own;
}

// Trino's name of a column's type, where Glue's columns have none for all of it; empty: they have.
std::string own_type(const Json& type) {
  return has_own(type) ? trino_text(type) : "";
}

bool writable(const Json& type, bool whole = true) {
  if (type.is_object()) {
    if (type["type"].as_string() == "list") return writable(type["element"], false);
    if (type["type"].as_string() == "map") return writable(type["key"], false) && writable(type["value"], false);
    return std::ranges::all_of(ice::fields_of(type), [](const ice::Field& field) { return writable(field.type, false); });
  }
  return (whole || type.as_string() != "timestamptz") && !type.as_string().starts_with("fixed");
}

// The column of the rows as its file keeps it.
std::string kept_as(const ice::Field& field) {
  const std::string name = sql::quoted_name(field.name), type = own_type(field.type);
  if (type.empty()) return name;
  const std::string value = fmt::format("CAST({} AS {})", name, type);
  return fmt::format("{} AS {}", field.type.as_string() == "timestamptz" ? "\"$instant\"(" + value + ")" : value, name);
}

// Queries that must give the same rows twice may not toss coins.
Status refuse_random(std::string_view text) {
  for (const sql::Token& token : TRY(sql::lex(text, {.backslash_escapes = false})))
    for (const std::string_view name : {"random", "rand", "uuid", "shuffle"})
      if (token.is(name))
        return ice::failure("NOT_SUPPORTED",
                            fmt::format("{}() in a statement that changes rows is not supported", name));
  return {};
}

// "a=1/b=null/" behind data/, for people; the truth is in the manifests.
std::string folder_name(const Json& metadata, const std::vector<ice::PartitionField>& fields, const Json& partition) {
  std::string name;
  const auto columns = ice::fields_of(ice::current_schema(metadata));
  for (const ice::PartitionField& field : fields) {
    const Json* source = ice::source_type(columns, field.source_id);
    const Json type = source ? ice::result_type(field, *source) : Json("string");
    name += fmt::format("{}={}/", uri_encode(field.name),
                        uri_encode(ice::partition_shown(partition[field.name], field, type)));
  }
  return name;
}

}  // namespace

Result<IcebergTable> StatementRun::iceberg_table(const Place& place) {
  const auto found = TRY(find_table(place));
  if (!found)
    return ice::failure("TABLE_NOT_FOUND", fmt::format("line 1:1: Table 'awsdatacatalog.{}.{}' does not exist",
                                                       place.database, place.name));
  if (!is_iceberg(*found))
    return ice::failure("NOT_SUPPORTED",
                        fmt::format("Modifying Hive table rows is only supported for transactional tables, "
                                    "which Athena has not: {}.{} is no Iceberg table",
                                    place.database, place.name));
  return open_iceberg(door(), job_.caller, place.account, place.database, *found);
}

// --- files ----------------------------------------------------------------------------------------------------------

Result<WrittenFiles> StatementRun::write_parquet(const std::string& query, const std::string& folder,
                                                 const std::vector<std::string>& partition_by,
                                                 const std::vector<ice::Field>& fields, const std::string& codec) {
  const EngineUse use = TRY(EngineUse::open(service_, job_, record_, workgroup_));
  sql::UnloadRequest request;
  request.context = use.context();
  request.sql = query;
  request.uri = folder;
  request.format = sql::FileFormat::kParquet;
  request.compression = codec == "gzip"     ? sql::Compression::kGzip
                        : codec == "snappy" ? sql::Compression::kNone  // the engine's own choice for Parquet
                                            : sql::Compression::kZstd;
  request.partition_by = partition_by;
  request.field_ids = ice::field_ids(fields);
  auto outcome = use.engine().unload(use.session(), request);
  if (!outcome) return Failure(without_place(outcome.error()));
  WrittenFiles written;
  written.rows = static_cast<int64_t>(outcome->rows);
  written.scanned_bytes = static_cast<int64_t>(outcome->scanned_bytes);
  std::vector<sql::WrittenObject> kept, empty;
  for (const sql::WrittenObject& object : outcome->objects) (object.rows > 0 ? kept : empty).push_back(object);
  use.answers().staging().discard(empty);
  for (const sql::WrittenObject& object : kept) {
    ice::NewFile file;
    file.path = object.uri;
    file.rows = static_cast<int64_t>(object.rows);
    file.bytes = static_cast<int64_t>(object.bytes);
    if (const auto chunks = lake::column_chunks(use.answers().staging().parquet_footer(object.handle)))
      file.metrics = ice::metrics_of(*chunks, fields);
    written.files.push_back(std::move(file));
  }
  written.objects = TRY(use.answers().staging().take(kept));
  return written;
}

Result<WrittenFiles> StatementRun::write_rows(const std::string& query, const Json& metadata) {
  const auto fields = ice::fields_of(ice::current_schema(metadata));
  const Json& spec = ice::current_spec(metadata);
  const auto partition = ice::partition_fields(spec);
  std::vector<ice::Field> lowered = fields;
  std::string selected;
  for (ice::Field& field : lowered) {
    field.name = lower(field.name);
    if (!writable(field.type))
      return ice::failure("NOT_SUPPORTED", fmt::format("Writing the column {} of Iceberg's type {} is not supported",
                                                       field.name, field.type.as_string()));
    selected += (selected.empty() ? "" : ", ") + kept_as(field);
  }
  std::vector<std::string> partition_by;
  std::vector<Json> types;
  for (const ice::PartitionField& field : partition) {
    const auto source =
        std::ranges::find_if(lowered, [&](const ice::Field& each) { return each.id == field.source_id; });
    if (source == lowered.end())
      return ice::failure("NOT_SUPPORTED", fmt::format("The partition field {} is not one of a column", field.name));
    partition_by.push_back(partition_column(types.size()));
    types.push_back(ice::result_type(field, source->type));
    selected +=
        fmt::format(", {} AS {}", TRY(ice::partition_expression(field, source->type, sql::quoted_name(source->name))),
                    sql::quoted_name(partition_by.back()));
  }
  const std::string folder = data_folder(metadata);
  WrittenFiles written =
      TRY(write_parquet(fmt::format("SELECT {} FROM ({}) AS new_rows", selected, query), folder, partition_by,
                        lowered, ice::property(metadata, "write.parquet.compression-codec", "zstd")));
  std::set<std::string> partitions;
  for (size_t i = 0; i < written.files.size(); ++i) {
    ice::NewFile& file = written.files[i];
    file.spec_id = static_cast<int>(spec["spec-id"].as_int());
    const std::string below = file.path.substr(folder.size());  // __p0=v1/__p1=n/..
    const auto parts = split(below, '/');
    for (size_t k = 0; k < partition.size() && k < parts.size(); ++k)
      file.partition.set(partition[k].name,
                         TRY(ice::partition_value(uri_decode(parts[k].substr(parts[k].find('=') + 1)), types[k])));
    partitions.insert(file.partition.text());
    file.path = fmt::format("{}{}{}.parquet", folder, folder_name(metadata, partition, file.partition), uuid4());
    written.objects[i].uri = file.path;
  }
  if (partitions.size() > kMaxPartitions)
    return ice::failure("ICEBERG_TOO_MANY_OPEN_PARTITIONS",
                        fmt::format("Exceeded limit of {} open writers for partitions", kMaxPartitions));
  return written;
}

Result<WrittenFiles> StatementRun::write_deletes(const std::string& query, const IcebergTable& table) {
  const std::string folder = data_folder(table.metadata);
  const std::string by_file = fmt::format(
      "SELECT file_path, pos, file_path AS \"__p0\" FROM ({}) AS gone WHERE file_path IS NOT NULL ORDER BY file_path, "
      "pos",
      query);
  WrittenFiles written = TRY(write_parquet(by_file, folder, {partition_column(0)}, delete_fields(), "zstd"));
  if (written.files.empty()) return written;
  std::map<std::string, ice::LiveFile> data;
  if (const auto snapshot = ice::current_snapshot(table.metadata))
    for (ice::LiveFile& file : TRY(ice::live_files(*snapshot, object_reader(door(), job_.caller))).data)
      data[file.entry.path()] = std::move(file);
  for (size_t i = 0; i < written.files.size(); ++i) {
    ice::NewFile& file = written.files[i];
    const std::string part = file.path.substr(folder.size(), file.path.find('/', folder.size()) - folder.size());
    file.deletes_from = uri_decode(part.substr(part.find('=') + 1));
    const auto from = data.find(file.deletes_from);
    if (from == data.end())  // the rows are of a newer snapshot than the one that the statement began with
      return ice::failure("ICEBERG_COMMIT_ERROR",
                          fmt::format("Failed to commit Iceberg update to table: {}.{}: it was changed by another "
                                      "statement meanwhile. Run it again.",
                                      table.database, *table.glue.name));
    file.content = ice::Content::kPositionDeletes;
    file.spec_id = from->second.spec_id;
    file.partition = from->second.entry.partition();
    file.path = fmt::format("{}{}-deletes.parquet", folder, uuid4());
    written.objects[i].uri = file.path;
  }
  return written;
}

Result<std::vector<std::string>> StatementRun::first_column(const std::string& query) {
  const Fd spool = TRY(nameless_file(service_.options().directory + "/athena"));
  const EngineUse use = TRY(EngineUse::open(service_, job_, record_, workgroup_));
  sql::ExecuteRequest request;
  request.context = use.context();
  request.sql = query;
  request.spool = spool.get();
  const auto outcome = use.engine().execute(use.session(), request);
  if (!outcome) return Failure(without_place(outcome.error()));
  const auto rows = TRY(sql::SpoolReader::open(spool.get()));
  std::vector<std::string> values;
  for (size_t p = 0; p < rows.pages(); ++p) {
    const sql::SpoolPage page = TRY(rows.page(p));
    for (uint32_t row = 0; row < page.rows(); ++row) values.push_back(page.cell(row, 0).as_text());
  }
  return values;
}

Ran StatementRun::changed_rows(const Place& place, ice::Change change, std::vector<WrittenFiles> written,
                               std::optional<int64_t> base) {
  Ran ran;
  ran.columns = {{"rows", "bigint", 19}};
  ran.manifest.emplace();
  for (WrittenFiles& files : written) {
    ran.scanned_bytes += files.scanned_bytes;
    std::ranges::move(files.objects, std::back_inserter(ran.objects));
    for (ice::NewFile& file : files.files) {
      ran.manifest->push_back(file.path);
      change.added.push_back(std::move(file));
    }
  }
  if (change.added.empty() && change.removed.empty()) return ran;  // nothing to change
  ran.commit = iceberg_commit(door(), job_.caller, place.account, place.database, place.name,
                              snapshot_change(door(), job_.caller, std::move(change), base));
  return ran;
}

// --- statements -----------------------------------------------------------------------------------------------------

namespace {

std::optional<int64_t> base_of(const IcebergTable& table) {
  const auto snapshot = ice::current_snapshot(table.metadata);
  return snapshot ? std::optional(snapshot->id) : std::nullopt;
}

std::string table_text(const std::string& catalog, const std::string& database, const std::string& name) {
  return fmt::format("{}.{}.{}", sql::quoted_name(lower(catalog)), sql::quoted_name(database), sql::quoted_name(name));
}

const ice::Field* field_of(const IcebergTable& table, const std::string& name) {
  const auto found = std::ranges::find_if(table.fields, [&](const ice::Field& field) { return field.name == name; });
  return found == table.fields.end() ? nullptr : &*found;
}

Status need_columns(const IcebergTable& table, const std::vector<sql::athena::Assignment>& set) {
  for (const auto& each : set)
    if (!field_of(table, each.column))
      return ice::failure("COLUMN_NOT_FOUND",
                          fmt::format("The UPDATE SET target column {} doesn't exist", each.column));
  return {};
}

std::string cast_to(const ice::Field& field, const std::string& value) {
  const std::string type = own_type(field.type);
  return fmt::format("CAST({} AS {})", value, type.empty() ? sql::athena::trino_type(ice::hive_type(field.type)) : type);
}

}  // namespace

Result<Ran> StatementRun::insert_iceberg(const sql::athena::Insert& insert, const Place& place,
                                         const glue::Table& table) {
  const IcebergTable target = TRY(open_iceberg(door(), job_.caller, place.account, place.database, table));
  auto columns = athena::columns_of(target.fields);
  for (size_t i = 0; i < columns.size(); ++i)
    if (const std::string type = own_type(target.fields[i].type); !type.empty()) columns[i].type = type;
  const std::string query = TRY(insert_query(insert, columns));
  WrittenFiles written = TRY(write_rows(query, target.metadata));
  const int64_t rows = written.rows;
  std::vector<WrittenFiles> all;
  all.push_back(std::move(written));
  Ran ran = changed_rows(place, {"append", {}, {}}, std::move(all), std::nullopt);
  ran.update_count = ran.output_rows = rows;
  return ran;
}

Result<Ran> StatementRun::delete_rows(const sql::athena::DeleteRows& rows) {
  const Place place = TRY(place_of(rows.table));
  const IcebergTable table = TRY(iceberg_table(place));
  TRY(refuse_random(rows.where));
  const std::string name = table_text(place.catalog, place.database, place.name);
  ice::Change change{"delete", {}, {}};
  std::vector<WrittenFiles> all;
  int64_t count = 0;
  if (rows.where.empty()) {
    // All of them: the files go, nothing is read but their number.
    if (const auto snapshot = ice::current_snapshot(table.metadata)) {
      const auto live = TRY(ice::live_files(*snapshot, object_reader(door(), job_.caller)));
      for (const auto* side : {&live.data, &live.deletes})
        for (const ice::LiveFile& file : *side) change.removed.insert(file.entry.path());
    }
    count = parse_int(TRY(first_column("SELECT count(*) FROM " + name))[0]).value_or(0);
  } else {
    all.push_back(TRY(write_deletes(
        fmt::format("SELECT \"$path\" AS file_path, \"$pos\" AS pos FROM {} WHERE {}", name, rows.where), table)));
    count = all[0].rows;
  }
  Ran ran = changed_rows(place, std::move(change), std::move(all), base_of(table));
  ran.update_count = ran.output_rows = count;
  return ran;
}

Result<Ran> StatementRun::update_rows(const sql::athena::UpdateRows& rows) {
  const Place place = TRY(place_of(rows.table));
  const IcebergTable table = TRY(iceberg_table(place));
  TRY(need_columns(table, rows.set));
  TRY(refuse_random(rows.where));
  const std::string name = table_text(place.catalog, place.database, place.name);
  const std::string where = rows.where.empty() ? "" : " WHERE " + rows.where;
  std::string selected;
  for (const ice::Field& field : table.fields) {
    const auto set = std::ranges::find_if(rows.set, [&](const auto& each) { return each.column == field.name; });
    const std::string column = sql::quoted_name(field.name);
    selected += (selected.empty() ? "" : ", ") +
                (set == rows.set.end() ? column : cast_to(field, set->value) + " AS " + column);
  }
  std::vector<WrittenFiles> all;
  all.push_back(TRY(write_rows(fmt::format("SELECT {} FROM {}{}", selected, name, where), table.metadata)));
  all.push_back(
      TRY(write_deletes(fmt::format("SELECT \"$path\" AS file_path, \"$pos\" AS pos FROM {}{}", name, where), table)));
  const int64_t count = all[0].rows;
  Ran ran = changed_rows(place, {"overwrite", {}, {}}, std::move(all), base_of(table));
  ran.update_count = ran.output_rows = count;
  return ran;
}

namespace {

// The number of the clause that a joined row takes, from 1; NULL: none.
std::string chosen_clause(const std::string& alias, const std::vector<sql::athena::MergeClause>& clauses) {
  using Action = sql::athena::MergeClause::Action;
  std::string text = "CASE";
  for (size_t i = 0; i < clauses.size(); ++i) {
    const bool insert = clauses[i].action == Action::kInsert;
    text += fmt::format(" WHEN {}.\"$pos\" IS {}NULL", alias, insert ? "" : "NOT ");
    if (!clauses[i].condition.empty()) text += fmt::format(" AND ({})", clauses[i].condition);
    text += fmt::format(" THEN {}", i + 1);
  }
  return text + " END";
}

// What the column becomes in a row of each clause.
std::string merged_column(const ice::Field& field, size_t index, const std::string& alias, const std::string& chosen,
                          const std::vector<sql::athena::MergeClause>& clauses) {
  using Action = sql::athena::MergeClause::Action;
  std::string text = "CASE " + chosen;
  for (size_t i = 0; i < clauses.size(); ++i) {
    if (clauses[i].action == Action::kDelete) continue;
    const auto& set = clauses[i].set;
    const auto given = std::ranges::find_if(set, [&](const auto& each) { return each.column == field.name; });
    std::string value = clauses[i].action == Action::kUpdate ? alias + "." + sql::quoted_name(field.name) : "NULL";
    if (clauses[i].all_columns)
      value = set[index].value;
    else if (given != set.end())
      value = given->value;
    text += fmt::format(" WHEN {} THEN {}", i + 1, cast_to(field, value));
  }
  return text + " END AS " + sql::quoted_name(field.name);
}

}  // namespace

Result<Ran> StatementRun::merge(const sql::athena::Merge& merge) {
  using Action = sql::athena::MergeClause::Action;
  const Place place = TRY(place_of(merge.target));
  const IcebergTable table = TRY(iceberg_table(place));
  for (const auto& clause : merge.clauses) {
    TRY(refuse_random(clause.condition));
    if (!clause.all_columns) TRY(need_columns(table, clause.set));
    if (clause.all_columns && clause.set.size() != table.fields.size())
      return ice::failure("MISMATCHED_COLUMN_ALIASES",
                          fmt::format("MERGE's INSERT gives {} values, the table has {} columns", clause.set.size(),
                                      table.fields.size()));
  }
  TRY(refuse_random(merge.on));
  TRY(refuse_random(merge.source));
  const std::string alias = sql::quoted_name(merge.alias);
  const std::string chosen = chosen_clause(alias, merge.clauses);
  const std::string joined = fmt::format("FROM {} LEFT JOIN {} AS {} ON {}", merge.source,
                                         table_text(place.catalog, place.database, place.name), alias, merge.on);
  std::string gone, made;
  for (size_t i = 0; i < merge.clauses.size(); ++i) {
    const Action action = merge.clauses[i].action;
    if (action != Action::kInsert) gone += (gone.empty() ? "" : ", ") + std::to_string(i + 1);
    if (action != Action::kDelete) made += (made.empty() ? "" : ", ") + std::to_string(i + 1);
  }
  std::vector<WrittenFiles> all;
  int64_t count = 0;
  if (!gone.empty()) {
    const std::string rows = fmt::format(
        "SELECT {0}.\"$path\" AS file_path, {0}.\"$pos\" AS pos {1} WHERE {2} IN ({3})", alias, joined, chosen, gone);
    const auto several = TRY(first_column(
        fmt::format("SELECT 1 FROM ({}) AS gone GROUP BY file_path, pos HAVING count(*) > 1 LIMIT 1", rows)));
    if (!several.empty())
      return ice::failure("MERGE_TARGET_ROW_MULTIPLE_MATCHES",
                          "One MERGE target table row matched more than one source row");
    all.push_back(TRY(write_deletes(rows, table)));
    count += all.back().rows;
  }
  if (!made.empty()) {
    std::string selected;
    for (size_t i = 0; i < table.fields.size(); ++i)
      selected += (selected.empty() ? "" : ", ") + merged_column(table.fields[i], i, alias, chosen, merge.clauses);
    all.push_back(
        TRY(write_rows(fmt::format("SELECT {} {} WHERE {} IN ({})", selected, joined, chosen, made), table.metadata)));
    // A row that is updated is one row.
    count += all.back().rows;
    std::string updated;
    for (size_t i = 0; i < merge.clauses.size(); ++i)
      if (merge.clauses[i].action == Action::kUpdate) updated += (updated.empty() ? "" : ", ") + std::to_string(i + 1);
    if (!updated.empty())
      count -=
          parse_int(TRY(first_column(fmt::format("SELECT count(*) {} WHERE {} IN ({})", joined, chosen, updated)))[0])
              .value_or(0);
  }
  Ran ran = changed_rows(place, {"overwrite", {}, {}}, std::move(all), base_of(table));
  ran.update_count = ran.output_rows = count;
  return ran;
}

}  // namespace tarn::athena
