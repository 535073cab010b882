#include "sql/engine/iceberg_scan.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/text.h"
#include "duckdb/common/multi_file/multi_file_function.hpp"
#include "sql/engine/errors.h"
#include "sql/engine/iceberg_bounds.h"
#include "sql/engine/iceberg_deletes.h"
#include "sql/engine/serde.h"
#include "sql/engine/session_state.h"

namespace tarn::sql::engine {
namespace {

using duckdb::ClientContext;
using duckdb::Expression;
using duckdb::idx_t;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::MultiFileList;
using duckdb::MultiFileOptions;
using duckdb::MultiFileReaderBindData;
using duckdb::OpenFileInfo;
using duckdb::Value;
using std::string;

template <class T>
T or_raise(ClientContext& context, Result<T> result) {
  if (!result) SessionState::of(context)->raise(result.error());
  return *std::move(result);
}

// --- deletes --------------------------------------------------------------------------------------------------------

class DeletedRows : public duckdb::DeleteFilter {
 public:
  explicit DeletedRows(std::shared_ptr<const Positions> positions) : positions_(std::move(positions)) {}

  idx_t Filter(duckdb::row_t start, idx_t count, duckdb::SelectionVector& kept) override {
    kept.Initialize(STANDARD_VECTOR_SIZE);
    auto next = std::lower_bound(positions_->begin(), positions_->end(), start);
    idx_t found = 0;
    for (idx_t i = 0; i < count; ++i) {
      if (next != positions_->end() && *next == start + static_cast<int64_t>(i)) {
        ++next;
      } else {
        kept.set_index(found++, i);
      }
    }
    return found;
  }

 private:
  std::shared_ptr<const Positions> positions_;
};

// --- files ----------------------------------------------------------------------------------------------------------

struct DataFile {
  string path, partition;  // "day=2024-01-02/region=eu"
  int64_t rows = 0;
  ColumnBounds bounds;
  std::shared_ptr<const Positions> deleted;  // nullptr: none
};

class IcebergFiles : public MultiFileList {
 public:
  IcebergFiles(std::shared_ptr<const TableSnapshot> table, std::shared_ptr<const std::vector<DataFile>> files,
               std::vector<size_t> chosen)
      : MultiFileList(duckdb::vector<OpenFileInfo>(), duckdb::FileGlobOptions::ALLOW_EMPTY),
        table_(std::move(table)),
        files_(std::move(files)),
        chosen_(std::move(chosen)) {
    for (const size_t i : chosen_) {
      OpenFileInfo info((*files_)[i].path);
      info.extended_info = duckdb::make_shared_ptr<duckdb::ExtendedOpenFileInfo>();
      info.extended_info->options["tarn_file"] = Value::UBIGINT(i);
      infos_.push_back(std::move(info));
    }
  }

  duckdb::vector<OpenFileInfo> GetAllFiles() override { return infos_; }
  // Also for one file: with one, DuckDB would give the whole scan one thread.
  duckdb::FileExpandResult GetExpandResult() override { return duckdb::FileExpandResult::MULTIPLE_FILES; }
  idx_t GetTotalFileCount() override { return infos_.size(); }
  duckdb::unique_ptr<duckdb::NodeStatistics> GetCardinality(ClientContext&) override {
    int64_t rows = 0;
    for (const size_t i : chosen_) rows += (*files_)[i].rows;
    return duckdb::make_uniq<duckdb::NodeStatistics>(static_cast<idx_t>(rows));
  }
  duckdb::unique_ptr<MultiFileList> Copy() override { return choose(chosen_); }
  duckdb::unique_ptr<MultiFileList> choose(std::vector<size_t> fewer) const {
    return duckdb::make_uniq<IcebergFiles>(table_, files_, std::move(fewer));
  }

  // Files whose bounds a filter contradicts are not read.
  duckdb::unique_ptr<MultiFileList> DynamicFilterPushdown(ClientContext&, const MultiFileOptions&,
                                                          const duckdb::vector<string>&,
                                                          const duckdb::vector<LogicalType>&,
                                                          const duckdb::vector<duckdb::column_t>& columns,
                                                          duckdb::TableFilterSet& filters) const override {
    std::vector<size_t> kept;
    for (const size_t i : chosen_) {
      const bool out = std::any_of(filters.filters.begin(), filters.filters.end(), [&](const auto& filter) {
        const auto column = columns[filter.first];
        if (column >= table_->types.size()) return false;
        return excludes((*files_)[i].bounds, column, table_->types[column], *filter.second);
      });
      if (!out) kept.push_back(i);
    }
    if (kept.size() == chosen_.size()) return nullptr;
    return choose(std::move(kept));
  }

  const TableSnapshot& table() const { return *table_; }
  const DataFile& file(size_t index) const { return (*files_)[index]; }

 protected:
  OpenFileInfo GetFile(idx_t i) override { return i < infos_.size() ? infos_[i] : OpenFileInfo(); }

 private:
  std::shared_ptr<const TableSnapshot> table_;
  std::shared_ptr<const std::vector<DataFile>> files_;
  std::vector<size_t> chosen_;
  duckdb::vector<OpenFileInfo> infos_;
};

std::shared_ptr<const std::vector<DataFile>> files_of(ClientContext& context, const TableSnapshot& table) {
  const IcebergVersion& version = *table.iceberg;
  auto files = std::make_shared<std::vector<DataFile>>();
  if (!version.snapshot) return files;
  const auto live = or_raise(context, iceberg::live_files(*version.snapshot, object_reader(context)));
  const auto deleted = deleted_rows(context, version, live);
  for (const iceberg::LiveFile& from : live.data) {
    if (!equals_ignore_case(from.entry.file["file_format"].as_string(), "parquet"))
      raise_iceberg(
          context, "NOT_SUPPORTED",
          "Iceberg data files of the format " + from.entry.file["file_format"].as_string() + " are not supported.");
    DataFile file;
    file.path = from.entry.path();
    file.rows = from.entry.rows();
    const Json& spec = iceberg::spec_of(version.metadata, from.spec_id);
    for (const iceberg::PartitionField& field : iceberg::partition_fields(spec)) {
      const Json* source = iceberg::source_type(version.fields, field.source_id);
      const Json type = source ? iceberg::result_type(field, *source) : Json("string");
      file.partition += (file.partition.empty() ? "" : "/") + field.name + "=" +
                        iceberg::partition_shown(from.entry.partition()[field.name], field, type);
    }
    file.bounds = bounds_of(from.entry, spec, version.fields);
    if (const auto found = deleted.find(file.path); found != deleted.end()) file.deleted = found->second;
    files->push_back(std::move(file));
  }
  return files;
}

// --- columns --------------------------------------------------------------------------------------------------------

// NULL of the type; for a struct a struct of NULLs: a NULL struct under a filter on its member ends DuckDB 1.4.4's instance.
Value missing(const LogicalType& type) {
  if (type.id() != LogicalTypeId::STRUCT) return Value(type);
  duckdb::child_list_t<Value> members;
  for (const auto& member : duckdb::StructType::GetChildTypes(type))
    members.emplace_back(member.first, missing(member.second));
  return Value::STRUCT(std::move(members));
}

// A file may be older than a column of structs: then the column is NULL in it.
bool structs_may_miss(const IcebergVersion& version) {
  return version.metadata["schemas"].size() > 1 &&
         std::any_of(version.fields.begin(), version.fields.end(), [](const iceberg::Field& field) { return field.type.is_object(); });
}

duckdb::MultiFileColumnDefinition column_of(const string& name, int64_t id, const Json& type) {
  duckdb::MultiFileColumnDefinition column(name, iceberg_type(type));
  column.identifier = Value::INTEGER(static_cast<int32_t>(id));
  column.default_expression = duckdb::make_uniq<duckdb::ConstantExpression>(missing(column.type));
  const string& kind = type["type"].as_string();
  if (kind == "list") column.children.push_back(column_of("element", type["element-id"].as_int(), type["element"]));
  if (kind == "map") {
    column.children.push_back(column_of("key", type["key-id"].as_int(), type["key"]));
    column.children.push_back(column_of("value", type["value-id"].as_int(), type["value"]));
  }
  if (kind == "struct") {
    for (const iceberg::Field& field : iceberg::fields_of(type))
      column.children.push_back(column_of(field.name, field.id, field.type));
  }
  return column;
}

// Files that were written by others and taken over have no ids: the table's property maps their names. What it does not map
// gets an id that no column has: the engine's mapper stops at the first column without one.
void give_ids(duckdb::vector<duckdb::MultiFileColumnDefinition>& columns, const Json& names) {
  int32_t unknown = 0;
  for (auto& column : columns) {
    column.identifier = Value::INTEGER(--unknown);
    for (const Json& mapped : names.items()) {
      const auto& known = mapped["names"].items();
      const bool only = columns.size() == 1 && names.size() == 1;  // a list's element, however it is called
      if (!only &&
          std::none_of(known.begin(), known.end(), [&](const Json& each) { return each.as_string() == column.name; }))
        continue;
      column.identifier = Value::INTEGER(static_cast<int32_t>(mapped["field-id"].as_int()));
      const bool map = column.type.id() == LogicalTypeId::MAP && column.children.size() == 1;
      give_ids(map ? column.children[0].children : column.children, mapped["fields"]);
    }
  }
}

// A list or map in the column that the file keeps in another form (members added, renamed, promoted): DuckDB 1.4.4 converts it,
// and makes NULL lists empty ones.
bool converts_lists(const duckdb::MultiFileColumnDefinition& wanted, const duckdb::MultiFileColumnDefinition& kept) {
  if (wanted.type == kept.type) return false;
  if (wanted.type.id() == LogicalTypeId::LIST || wanted.type.id() == LogicalTypeId::MAP) return true;
  for (const auto& member : wanted.children) {
    for (const auto& other : kept.children)
      if (member.identifier == other.identifier && converts_lists(member, other)) return true;
  }
  return false;
}

class IcebergReader : public duckdb::MultiFileReader {
 public:
  explicit IcebergReader(duckdb::shared_ptr<IcebergFiles> files) : files_(std::move(files)) {}

  duckdb::shared_ptr<MultiFileList> CreateFileList(ClientContext&, const duckdb::vector<string>&,
                                                   const duckdb::FileGlobInput&) override {
    return files_;
  }
  duckdb::unique_ptr<MultiFileReader> Copy() const override { return duckdb::make_uniq<IcebergReader>(files_); }

  bool Bind(MultiFileOptions&, MultiFileList&, duckdb::vector<LogicalType>& types, duckdb::vector<string>& names,
            MultiFileReaderBindData& bind) override {
    const TableSnapshot& table = files_->table();
    names = table.names;
    types = table.types;
    bind.mapping = duckdb::MultiFileColumnMappingMode::BY_FIELD_ID;
    for (size_t i = 0; i < names.size(); ++i) {
      const iceberg::Field& field = table.iceberg->fields[i];
      auto column = column_of(names[i], field.id, field.type);
      if (structs_may_miss(*table.iceberg))
        column.default_expression = duckdb::make_uniq<duckdb::ConstantExpression>(Value(column.type));
      if (column.type != types[i]) {  // Redshift sees nested values as JSON
        column.type = types[i];
        column.children.clear();
        column.default_expression = duckdb::make_uniq<duckdb::ConstantExpression>(Value(types[i]));
      }
      bind.schema.push_back(std::move(column));
    }
    return true;
  }
  void BindOptions(MultiFileOptions&, MultiFileList&, duckdb::vector<LogicalType>&, duckdb::vector<string>&,
                   MultiFileReaderBindData&) override {}

  void FinalizeBind(duckdb::MultiFileReaderData& reader, const MultiFileOptions&, const MultiFileReaderBindData&,
                    const duckdb::vector<duckdb::MultiFileColumnDefinition>& all,
                    const duckdb::vector<duckdb::ColumnIndex>& wanted, ClientContext& context,
                    duckdb::optional_ptr<duckdb::MultiFileReaderGlobalState>) override {
    const DataFile& file = files_->file(index_of(*reader.reader));
    if (file.deleted) reader.reader->deletion_filter = duckdb::make_uniq<DeletedRows>(file.deleted);
    auto& columns = reader.reader->columns;
    const bool without =
        std::all_of(columns.begin(), columns.end(), [](const auto& each) { return each.identifier.IsNull(); });
    const IcebergVersion& version = *files_->table().iceberg;
    if (without) {
      const auto names = Json::parse(iceberg::property(version.metadata, "schema.name-mapping.default", "[]"));
      if (names) give_ids(columns, *names);
      if (!names || names->size() == 0)
        raise_iceberg(
            context, "ICEBERG_BAD_DATA",
            "The data file " + file.path + " has no field ids, and the table maps no names of columns to them.");
    }
    for (idx_t i = 0; i < wanted.size(); ++i) {
      const auto column = wanted[i].GetPrimaryIndex();
      const duckdb::MultiFileGlobalIndex at(i);
      if (column == kPathColumn) {
        reader.constant_map.Add(at, Value(file.path));
      } else if (column == kPartitionColumn) {
        reader.constant_map.Add(at, Value(file.partition));
      } else if (column < version.fields.size()) {
        const int id = version.fields[column].id;
        const bool there = std::any_of(columns.begin(), columns.end(), [&](const auto& each) {
          return !each.identifier.IsNull() && each.GetIdentifierFieldId() == id;
        });
        for (const auto& each : columns) {
          if (!each.identifier.IsNull() && each.GetIdentifierFieldId() == id && converts_lists(all[column], each))
            raise_iceberg(context, "NOT_SUPPORTED",
                          "The column " + all[column].name + " is not supported in the data file " + file.path +
                              ": the structure of the lists or maps in it was changed since it was written.");
        }
        // What the path says of a partition need not be in the file.
        if (const Value* constant = there ? nullptr : file.bounds.constant(column))
          reader.constant_map.Add(at, constant->DefaultCastAs(files_->table().types[column]));
      }
    }
  }

 private:
  static size_t index_of(const duckdb::BaseFileReader& reader) {
    return reader.file.extended_info->options.at("tarn_file").GetValue<uint64_t>();
  }

  duckdb::shared_ptr<IcebergFiles> files_;
};

// DuckDB's hook is a plain function without arguments of ours.
thread_local duckdb::shared_ptr<IcebergFiles> files_to_read;
duckdb::unique_ptr<duckdb::MultiFileReader> make_reader(const duckdb::TableFunction&) {
  return duckdb::make_uniq<IcebergReader>(files_to_read);
}

// DuckDB asks the function for the table behind it, and binds the table's virtual columns only then.
duckdb::BindInfo table_of(const duckdb::optional_ptr<duckdb::FunctionData> data) {
  auto& files = data->Cast<duckdb::MultiFileBindData>().file_list->Cast<IcebergFiles>();
  return duckdb::BindInfo(*files.table().entry);
}

duckdb::virtual_column_map_t virtual_columns(ClientContext& context, duckdb::optional_ptr<duckdb::FunctionData> data) {
  auto& bind = data->Cast<duckdb::MultiFileBindData>();
  duckdb::virtual_column_map_t columns = iceberg_columns();
  duckdb::MultiFileReader::GetVirtualColumns(context, bind.reader_bind, columns);
  bind.interface->GetVirtualColumns(context, bind, columns);
  for (const auto& [id, column] : iceberg_columns()) {  // the engine has a name of its own for the position
    columns.erase(id);
    columns.insert({id, column});
  }
  bind.virtual_columns = columns;
  return columns;
}

}  // namespace

bool is_iceberg(const ExternalTable& table) {
  return equals_ignore_case(serde_property(table, "table_type").value_or(""), "iceberg");
}

LogicalType iceberg_type(const Json& type) {
  const string& kind = type["type"].as_string();
  if (kind == "list") return LogicalType::LIST(iceberg_type(type["element"]));
  if (kind == "map") return LogicalType::MAP(iceberg_type(type["key"]), iceberg_type(type["value"]));
  if (kind == "struct") {
    duckdb::child_list_t<LogicalType> members;
    for (const iceberg::Field& field : iceberg::fields_of(type))
      members.emplace_back(field.name, iceberg_type(field.type));
    return LogicalType::STRUCT(std::move(members));
  }
  const string& name = type.as_string();
  static const std::map<string, LogicalType> kTypes = {
      {"boolean", LogicalType::BOOLEAN},     {"int", LogicalType::INTEGER},
      {"long", LogicalType::BIGINT},         {"float", LogicalType::FLOAT},
      {"double", LogicalType::DOUBLE},       {"date", LogicalType::DATE},
      {"time", LogicalType::TIME},           {"string", LogicalType::VARCHAR},
      {"timestamp", LogicalType::TIMESTAMP}, {"timestamptz", LogicalType::TIMESTAMP_TZ},
      {"uuid", LogicalType::UUID},           {"binary", LogicalType::BLOB}};
  if (const auto found = kTypes.find(name); found != kTypes.end()) return found->second;
  if (name.starts_with("fixed[")) return LogicalType::BLOB;
  if (name.starts_with("decimal(")) {
    const auto numbers = split(std::string_view(name).substr(8, name.size() - 9), ',');
    const auto precision = parse_int(trim(numbers[0])), scale = parse_int(trim(numbers.back()));
    if (numbers.size() == 2 && precision && scale && *precision >= 1 && *precision <= 38 && *scale >= 0 &&
        *scale <= *precision)
      return LogicalType::DECIMAL(static_cast<uint8_t>(*precision), static_cast<uint8_t>(*scale));
  }
  raise_sql("0A000", "The column type " + name + " of Iceberg is not supported.");
}

iceberg::ReadObject object_reader(ClientContext& context) {
  return [&context](const string& uri) -> Result<string> {
    auto& fs = duckdb::FileSystem::GetFileSystem(context);
    const auto handle = fs.OpenFile(uri, duckdb::FileFlags::FILE_FLAGS_READ);
    string bytes(static_cast<size_t>(handle->GetFileSize()), '\0');
    handle->Read(bytes.data(), bytes.size(), 0);
    return bytes;
  };
}

std::shared_ptr<const IcebergVersion> load_iceberg(ClientContext& context, const ExternalTable& table,
                                                   const AsOf& as_of) {
  const string location = serde_property(table, "metadata_location").value_or("");
  if (location.empty())
    raise_iceberg(context, "ICEBERG_INVALID_METADATA",
                  "Table is missing [metadata_location] property: " + table.database + "." + table.name);
  auto version = std::make_shared<IcebergVersion>();
  version->metadata = or_raise(context, iceberg::parse_metadata(or_raise(context, object_reader(context)(location))));
  const Json& metadata = version->metadata;
  const Json* schema = &iceberg::current_schema(metadata);
  version->snapshot = iceberg::current_snapshot(metadata);
  if (as_of.version || as_of.seconds) {
    if (as_of.seconds) {
      const Time when = Time::of_millis(static_cast<int64_t>(std::llround(*as_of.seconds * 1000)));
      version->snapshot = iceberg::snapshot_at(metadata, when);
      if (!version->snapshot)
        raise_iceberg(
            context, "INVALID_ARGUMENTS",
            "No version history table \"" + table.database + "\".\"" + table.name + "\" at or before " + iso8601(when));
    } else if (as_of.version->type().id() == LogicalTypeId::VARCHAR) {
      version->snapshot = iceberg::snapshot_of_ref(metadata, as_of.version->ToString());
      if (!version->snapshot)
        raise_iceberg(context, "INVALID_ARGUMENTS",
                      "Cannot find snapshot with reference name: " + as_of.version->ToString());
    } else {
      version->snapshot = iceberg::find_snapshot(metadata, as_of.version->GetValue<int64_t>());
      if (!version->snapshot)
        raise_iceberg(context, "INVALID_ARGUMENTS",
                      "Iceberg snapshot ID does not exists: " + as_of.version->ToString());
    }
    if (const Json& then = iceberg::schema_of(metadata, version->snapshot->schema_id); !then.is_null()) schema = &then;
  }
  version->fields = iceberg::fields_of(*schema);
  return version;
}

duckdb::virtual_column_map_t iceberg_columns() {
  duckdb::virtual_column_map_t columns;
  columns.insert({kPathColumn, duckdb::TableColumn("$path", LogicalTypeId::VARCHAR)});
  columns.insert({kPartitionColumn, duckdb::TableColumn("$partition", LogicalTypeId::VARCHAR)});
  columns.insert(
      {duckdb::MultiFileReader::COLUMN_IDENTIFIER_FILE_ROW_NUMBER, duckdb::TableColumn("$pos", LogicalTypeId::BIGINT)});
  return columns;
}

duckdb::TableFunction iceberg_scan(ClientContext& context, std::shared_ptr<const TableSnapshot> table,
                                   duckdb::unique_ptr<duckdb::FunctionData>& bind_data) {
  auto function = engine_function(context, "parquet_scan");
  function.get_multi_file_reader = make_reader;
  function.get_bind_info = table_of;
  function.get_virtual_columns = virtual_columns;
  // The files' own counts know nothing of deleted rows.
  function.get_partition_stats = nullptr;
  function.statistics = nullptr;
  function.late_materialization = false;
  // A filter on a member of a struct that is NULL for a whole file would end the engine's instance.
  if (structs_may_miss(*table->iceberg)) function.filter_pushdown = false;

  auto files = files_of(context, *table);
  std::vector<size_t> all(files->size());
  for (size_t i = 0; i < all.size(); ++i) all[i] = i;
  files_to_read = duckdb::make_shared_ptr<IcebergFiles>(std::move(table), std::move(files), std::move(all));
  bind_data = bound_scan(context, function, {}).data;
  files_to_read.reset();
  return function;
}

}  // namespace tarn::sql::engine
