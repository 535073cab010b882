// Reading the files of an external table: columns by name, partitions from the catalog, files listed only where they count.
#include <set>

#include "base/text.h"
#include "duckdb/common/multi_file/multi_file_function.hpp"
#include "sql/engine/catalog.h"
#include "sql/engine/errors.h"
#include "sql/engine/federated_scan.h"
#include "sql/engine/serde.h"
#include "sql/engine/serde_projection.h"
#include "sql/engine/session_state.h"
#include "sql/federated.h"

namespace tarn::sql::engine {
namespace {

using duckdb::ClientContext;
using duckdb::Expression;
using duckdb::idx_t;
using duckdb::LogicalType;
using duckdb::MultiFileList;
using duckdb::MultiFileOptions;
using duckdb::MultiFileReaderBindData;
using duckdb::OpenFileInfo;
using duckdb::Value;
using std::string;

struct Partition {
  std::vector<Value> values;  // of the partition columns' types
  string location;
};

// Where a file carries the value of its n-th partition column.
string partition_option(size_t column) {
  return "tarn_p" + std::to_string(column);
}

Value partition_value(const std::optional<string>& text, const LogicalType& type) {
  if (!text || *text == "__HIVE_DEFAULT_PARTITION__") return Value(type);
  Value value;
  string error;
  if (!Value(*text).DefaultTryCastAs(type, value, &error)) return Value(type);  // "007" is a number
  return value;
}

std::vector<Partition> projected(ClientContext* context, const TableSnapshot& table, const Projection& projection,
                                 const std::vector<Expression*>& filters, const duckdb::MultiFilePushdownInfo* info);

// The files of the chosen partitions; listed when first asked for.
class FileList : public MultiFileList {
 public:
  FileList(duckdb::shared_ptr<SessionState> session, std::shared_ptr<const TableSnapshot> table,
           std::shared_ptr<const std::vector<Partition>> partitions, std::vector<size_t> chosen)
      : MultiFileList(duckdb::vector<OpenFileInfo>(), duckdb::FileGlobOptions::ALLOW_EMPTY),
        session_(std::move(session)),
        table_(std::move(table)),
        partitions_(std::move(partitions)),
        chosen_(std::move(chosen)) {}

  duckdb::vector<OpenFileInfo> GetAllFiles() override { return files(); }
  // Also for one file: with one, DuckDB would give the whole scan one thread.
  duckdb::FileExpandResult GetExpandResult() override { return duckdb::FileExpandResult::MULTIPLE_FILES; }
  idx_t GetTotalFileCount() override { return files().size(); }
  duckdb::unique_ptr<duckdb::NodeStatistics> GetCardinality(ClientContext&) override {
    if (table_->table.row_count) return duckdb::make_uniq<duckdb::NodeStatistics>(*table_->table.row_count);
    const bool whole = table_->file_columns == table_->names.size();
    // Asked before partitions are chosen as well: then a guess must do.
    if (!whole && !listed_) return duckdb::make_uniq<duckdb::NodeStatistics>(chosen_.size() * kRowsPerPartition + 1);
    files();
    return duckdb::make_uniq<duckdb::NodeStatistics>(static_cast<idx_t>(static_cast<double>(bytes_) / bytes_per_row_) + 1);
  }
  // What a first file showed.
  void set_bytes_per_row(double bytes) { bytes_per_row_ = bytes; }
  duckdb::unique_ptr<MultiFileList> Copy() override {
    auto copy = duckdb::make_uniq<FileList>(session_, table_, partitions_, chosen_);
    copy->set_projection(projection_);
    copy->set_bytes_per_row(bytes_per_row_);
    return copy;
  }

  const TableSnapshot& table() const { return *table_; }
  // Not nullptr: the partitions are not known yet, and are what the filters leave of these.
  const std::shared_ptr<const Projection>& projection() const { return projection_; }
  void set_projection(std::shared_ptr<const Projection> projection) { projection_ = std::move(projection); }
  duckdb::unique_ptr<FileList> with_partitions(std::vector<Partition> partitions) const {
    std::vector<size_t> all(partitions.size());
    for (size_t i = 0; i < all.size(); ++i) all[i] = i;
    return duckdb::make_uniq<FileList>(
        session_, table_, std::make_shared<const std::vector<Partition>>(std::move(partitions)), std::move(all));
  }
  const std::vector<Partition>& partitions() const { return *partitions_; }
  const std::vector<size_t>& chosen() const { return chosen_; }
  duckdb::unique_ptr<MultiFileList> choose(std::vector<size_t> fewer) const {
    return duckdb::make_uniq<FileList>(session_, table_, partitions_, std::move(fewer));
  }

 protected:
  OpenFileInfo GetFile(idx_t i) override {
    const auto& all = files();
    return i < all.size() ? all[i] : OpenFileInfo();
  }

 private:
  static constexpr uint64_t kRowsPerPartition = 100'000;

  // AWS: Redshift Spectrum ignores hidden files and files that begin with a period, underscore or hash mark, or end with ~.
  static bool is_data(const ObjectRef& object) {
    const string_view name = string_view(object.uri).substr(object.uri.rfind('/') + 1);
    return object.size > 0 && !name.empty() && !string_view("._#").contains(name[0]) && !name.ends_with('~');
  }
  using string_view = std::string_view;

  const duckdb::vector<OpenFileInfo>& files() {
    const std::lock_guard lock(mutex_);
    if (listed_) return files_;
    if (projection_) {  // nothing was filtered
      auto all = with_partitions(projected(nullptr, *table_, *projection_, {}, nullptr));
      files_ = all->files();
      bytes_ = all->bytes_;
      listed_ = true;
      return files_;
    }
    std::vector<string> prefixes;
    for (const size_t i : chosen_) prefixes.push_back((*partitions_)[i].location);
    if (!prefixes.empty()) {
      auto found = session_->link.list_objects(session_->context.principal, prefixes);
      if (!found) session_->raise(found.error());
      for (size_t i = 0; i < found->objects.size() && i < chosen_.size(); ++i) {
        for (const ObjectRef& object : found->objects[i]) {
          if (is_data(object)) add(object, chosen_[i]);
        }
      }
      if (found->only) session_->keep_open(std::move(*found->only));
    }
    listed_ = true;
    return files_;
  }

  void add(const ObjectRef& object, size_t partition) {
    OpenFileInfo file(object.uri);
    file.extended_info = duckdb::make_shared_ptr<duckdb::ExtendedOpenFileInfo>();
    auto& options = file.extended_info->options;
    options["file_size"] = Value::UBIGINT(object.size);
    options["etag"] = Value(object.etag);
    options["last_modified"] = Value::TIMESTAMP(duckdb::timestamp_t(object.last_modified.micros));
    const auto& values = (*partitions_)[partition].values;
    for (size_t i = 0; i < values.size(); ++i) options[partition_option(i)] = values[i];
    files_.push_back(std::move(file));
    bytes_ += object.size;
  }

  duckdb::shared_ptr<SessionState> session_;
  std::shared_ptr<const TableSnapshot> table_;
  std::shared_ptr<const std::vector<Partition>> partitions_;
  std::vector<size_t> chosen_;
  std::shared_ptr<const Projection> projection_;
  std::mutex mutex_;
  std::atomic<bool> listed_ = false;
  duckdb::vector<OpenFileInfo> files_;
  uint64_t bytes_ = 0;
  double bytes_per_row_ = 100;  // a guess, until a file has been looked at
};

// NULL of the type; for a struct a struct of NULLs: a NULL struct under a filter on its member ends DuckDB 1.4.4's instance.
Value missing(const LogicalType& type) {
  if (type.id() != duckdb::LogicalTypeId::STRUCT) return Value(type);
  duckdb::child_list_t<Value> members;
  for (const auto& member : duckdb::StructType::GetChildTypes(type))
    members.emplace_back(member.first, missing(member.second));
  return Value::STRUCT(std::move(members));
}

void set_defaults(duckdb::MultiFileColumnDefinition& column) {
  column.default_expression = duckdb::make_uniq<duckdb::ConstantExpression>(missing(column.type));
  for (auto& member : column.children) set_defaults(member);
}

// The column of the table that the filter's reference means, if it is a partition column: its index among them.
std::optional<size_t> partition_column(const duckdb::BoundColumnRefExpression& reference,
                                       const duckdb::MultiFilePushdownInfo& info, const TableSnapshot& table) {
  if (reference.binding.table_index != info.table_index || reference.binding.column_index >= info.column_ids.size()) {
    return std::nullopt;
  }
  const auto column = info.column_ids[reference.binding.column_index];
  if (column < table.file_columns || column >= table.names.size()) return std::nullopt;
  return column - table.file_columns;
}

bool only_partition_columns(Expression& filter, const duckdb::MultiFilePushdownInfo& info, const TableSnapshot& table) {
  if (filter.IsVolatile() || filter.HasSubquery()) return false;
  bool only = true, any = false;
  duckdb::ExpressionIterator::VisitExpression<duckdb::BoundColumnRefExpression>(
      filter, [&](const duckdb::BoundColumnRefExpression& reference) {
        any = true;
        only = only && partition_column(reference, info, table).has_value();
      });
  return any && only;
}

void substitute(duckdb::unique_ptr<Expression>& expression, const duckdb::MultiFilePushdownInfo& info,
                const TableSnapshot& table, const Partition& partition) {
  if (expression->GetExpressionClass() == duckdb::ExpressionClass::BOUND_COLUMN_REF) {
    const auto column = partition_column(expression->Cast<duckdb::BoundColumnRefExpression>(), info, table);
    expression = duckdb::make_uniq<duckdb::BoundConstantExpression>(partition.values[*column]);
    return;
  }
  duckdb::ExpressionIterator::EnumerateChildren(
      *expression, [&](duckdb::unique_ptr<Expression>& child) { substitute(child, info, table, partition); });
}

bool excludes(ClientContext& context, const Expression& filter, const duckdb::MultiFilePushdownInfo& info,
              const TableSnapshot& table, const Partition& partition) {
  auto constant = filter.Copy();
  substitute(constant, info, table, partition);
  Value value;
  return duckdb::ExpressionExecutor::TryEvaluateScalar(context, *constant, value) &&
         (value.IsNull() || !duckdb::BooleanValue::Get(value.DefaultCastAs(LogicalType::BOOLEAN)));
}

// The partition columns that the filter speaks of.
std::set<size_t> columns_of(Expression& filter, const duckdb::MultiFilePushdownInfo& info, const TableSnapshot& table) {
  std::set<size_t> all;
  duckdb::ExpressionIterator::VisitExpression<duckdb::BoundColumnRefExpression>(
      filter, [&](const duckdb::BoundColumnRefExpression& reference) {
        if (const auto column = partition_column(reference, info, table)) all.insert(*column);
      });
  return all;
}

// All constants in the filter, as texts: an injected column's value is among them if the filter is an equality.
void constants_of(Expression& filter, std::vector<string>& texts) {
  duckdb::ExpressionIterator::VisitExpression<duckdb::BoundConstantExpression>(
      filter, [&](const duckdb::BoundConstantExpression& constant) {
        if (!constant.value.IsNull()) texts.push_back(constant.value.ToString());
      });
}

std::vector<Partition> projected(ClientContext* context, const TableSnapshot& table, const Projection& projection,
                                 const std::vector<Expression*>& filters, const duckdb::MultiFilePushdownInfo* info) {
  constexpr size_t kMaxPartitions = 1'000'000;
  std::vector<Partition> partitions(1);
  std::vector<std::vector<string>> texts(1);
  for (size_t column = 0; column < projection.columns(); ++column) {
    std::vector<Expression*> deciding;
    for (Expression* filter : filters)
      if (columns_of(*filter, *info, table) == std::set<size_t>{column}) deciding.push_back(filter);
    std::vector<string> values;
    if (projection.injected(column)) {
      for (Expression* filter : deciding) constants_of(*filter, values);
      std::sort(values.begin(), values.end());
      values.erase(std::unique(values.begin(), values.end()), values.end());
      // AWS: Supported types for partition projection, injected type.
      if (values.empty())
        raise_sql("22023", "CONSTRAINT_VIOLATION: For the injected projected partition column " +
                               projection.name(column) +
                               ", the WHERE clause must contain only static equality conditions, and at least one such "
                               "condition must be present.");
    } else {
      values = projection.values(column);
    }
    std::vector<std::pair<string, Value>> kept;
    Partition alone;
    alone.values.resize(projection.columns());
    for (string& text : values) {
      alone.values[column] = partition_value(text, table.types[table.file_columns + column]);
      const bool out = std::any_of(deciding.begin(), deciding.end(), [&](const Expression* filter) {
        return excludes(*context, *filter, *info, table, alone);
      });
      if (!out) kept.emplace_back(std::move(text), alone.values[column]);
    }
    std::vector<Partition> longer;
    std::vector<std::vector<string>> longer_texts;
    if (partitions.size() * kept.size() > kMaxPartitions)
      raise_sql("54000", "The query reads more than " + std::to_string(kMaxPartitions) +
                             " projected partitions: filter its partition columns");
    for (size_t i = 0; i < partitions.size(); ++i) {
      for (const auto& [text, value] : kept) {
        longer.push_back(partitions[i]);
        longer.back().values.push_back(value);
        longer_texts.push_back(texts[i]);
        longer_texts.back().push_back(text);
      }
    }
    partitions = std::move(longer);
    texts = std::move(longer_texts);
  }
  for (size_t i = 0; i < partitions.size(); ++i) partitions[i].location = projection.location(texts[i]);
  return partitions;
}

// year=2024/month=01, as the folder of a partition is called.
string partition_name(const TableSnapshot& table, const std::unordered_map<string, Value>& options) {
  string name;
  for (size_t i = table.file_columns; i < table.names.size(); ++i) {
    const Value& value = options.at(partition_option(i - table.file_columns));
    name += (name.empty() ? "" : "/") + table.names[i] + "=" +
            (value.IsNull() ? "__HIVE_DEFAULT_PARTITION__" : value.ToString());
  }
  return name;
}

// The number of the bucket, as the names of its files say it: x_bucket-00003.parquet, 000003_0.
Value bucket_of(const string& path) {
  const string name = path.substr(path.rfind('/') + 1);
  const size_t mark = name.find("bucket-");
  const string digits = mark != string::npos ? name.substr(mark + 7) : name;
  size_t end = 0;
  while (end < digits.size() && digits[end] >= '0' && digits[end] <= '9') ++end;
  const auto bucket = parse_int(digits.substr(0, end));
  return bucket ? Value::INTEGER(static_cast<int32_t>(*bucket)) : Value(LogicalType::INTEGER);
}

class TableReader : public duckdb::MultiFileReader {
 public:
  // `columns_are_options`: the reader of CSV or JSON has been told them.
  TableReader(duckdb::shared_ptr<FileList> files, bool columns_are_options)
      : files_(std::move(files)), columns_are_options_(columns_are_options) {}

  duckdb::shared_ptr<MultiFileList> CreateFileList(ClientContext&, const duckdb::vector<string>&,
                                                   const duckdb::FileGlobInput&) override {
    return files_;
  }
  duckdb::unique_ptr<MultiFileReader> Copy() const override { return duckdb::make_uniq<TableReader>(files_, columns_are_options_); }

  bool Bind(MultiFileOptions&, MultiFileList&, duckdb::vector<LogicalType>& types, duckdb::vector<string>& names,
            MultiFileReaderBindData& bind) override {
    const TableSnapshot& table = files_->table();
    if (columns_are_options_) return false;
    names = table.names;
    types = table.types;
    bind.mapping = duckdb::MultiFileColumnMappingMode::BY_NAME;
    bind.schema = duckdb::MultiFileColumnDefinition::ColumnsFromNamesAndTypes(names, types);
    for (auto& column : bind.schema) set_defaults(column);
    return true;
  }

  void BindOptions(MultiFileOptions&, MultiFileList&, duckdb::vector<LogicalType>& types, duckdb::vector<string>& names,
                   MultiFileReaderBindData& bind) override {
    const TableSnapshot& table = files_->table();
    for (size_t i = table.file_columns; i < table.names.size(); ++i) {
      if (names.size() < table.names.size()) {
        names.push_back(table.names[i]);
        types.push_back(table.types[i]);
      }
      // The JSON reader takes what it must not look for in the file from here.
      bind.hive_partitioning_indexes.emplace_back(table.names[i], i);
    }
  }

  void FinalizeBind(duckdb::MultiFileReaderData& reader, const MultiFileOptions&, const MultiFileReaderBindData&,
                    const duckdb::vector<duckdb::MultiFileColumnDefinition>&,
                    const duckdb::vector<duckdb::ColumnIndex>& wanted, ClientContext&,
                    duckdb::optional_ptr<duckdb::MultiFileReaderGlobalState>) override {
    const TableSnapshot& table = files_->table();
    const auto& info = reader.file_to_be_opened.extended_info ? reader.file_to_be_opened.extended_info
                                                              : reader.reader->file.extended_info;
    for (idx_t i = 0; i < wanted.size(); ++i) {
      const auto column = wanted[i].GetPrimaryIndex();
      const duckdb::MultiFileGlobalIndex at(i);
      if (column == COLUMN_IDENTIFIER_FILENAME) {
        reader.constant_map.Add(at, Value(reader.reader->GetFileName()));
      } else if (column == COLUMN_IDENTIFIER_FILE_INDEX) {
        reader.constant_map.Add(at, Value::UBIGINT(reader.reader->file_list_idx.GetIndex()));
      } else if (column == kFileSizeColumn || column == kSizeColumn) {
        reader.constant_map.Add(at, Value::BIGINT(info->options.at("file_size").GetValue<int64_t>()));
      } else if (column == kModifiedColumn) {
        const auto modified = info->options.at("last_modified").GetValue<duckdb::timestamp_t>();
        reader.constant_map.Add(at, Value::TIMESTAMPTZ(duckdb::timestamp_tz_t(modified)));
      } else if (column == kBucketColumn) {
        reader.constant_map.Add(at, bucket_of(reader.reader->GetFileName()));
      } else if (column == kPartitionColumn) {
        reader.constant_map.Add(at, Value(partition_name(table, info->options)));
      } else if (column >= table.file_columns && column < table.names.size()) {
        reader.constant_map.Add(at, info->options.at(partition_option(column - table.file_columns)));
      }
    }
  }

  duckdb::unique_ptr<MultiFileList> ComplexFilterPushdown(
      ClientContext& context, MultiFileList& files, const MultiFileOptions&, duckdb::MultiFilePushdownInfo& info,
      duckdb::vector<duckdb::unique_ptr<Expression>>& filters) override {
    const auto& list = files.Cast<FileList>();
    const TableSnapshot& table = list.table();
    if (table.file_columns == table.names.size()) return nullptr;
    std::vector<Expression*> deciding;
    for (auto& filter : filters) {
      if (only_partition_columns(*filter, info, table)) deciding.push_back(filter.get());
    }
    if (list.projection())
      return list.with_partitions(projected(&context, table, *list.projection(), deciding, &info));
    if (deciding.empty()) return nullptr;
    std::vector<size_t> kept;
    for (const size_t i : list.chosen()) {
      const Partition& partition = list.partitions()[i];
      const bool out = std::any_of(deciding.begin(), deciding.end(), [&](const Expression* filter) {
        return excludes(context, *filter, info, table, partition);
      });
      if (!out) kept.push_back(i);
    }
    if (kept.size() == list.chosen().size()) return nullptr;
    return list.choose(std::move(kept));
  }

 private:
  duckdb::shared_ptr<FileList> files_;
  const bool columns_are_options_;
};

// DuckDB's hook is a plain function without arguments of ours.
thread_local duckdb::shared_ptr<FileList> files_to_read;
thread_local bool options_name_columns = false;
duckdb::unique_ptr<duckdb::MultiFileReader> make_reader(const duckdb::TableFunction&) {
  return duckdb::make_uniq<TableReader>(files_to_read, options_name_columns);
}

// DuckDB asks the function for the table behind it, and binds the table's virtual columns only then.
duckdb::BindInfo table_of(const duckdb::optional_ptr<duckdb::FunctionData> data) {
  auto& files = data->Cast<duckdb::MultiFileBindData>().file_list->Cast<FileList>();
  return duckdb::BindInfo(*files.table().entry);
}

duckdb::virtual_column_map_t virtual_columns(ClientContext& context, duckdb::optional_ptr<duckdb::FunctionData> data) {
  auto& bind = data->Cast<duckdb::MultiFileBindData>();
  duckdb::virtual_column_map_t columns = bind.file_list->Cast<FileList>().table().entry->GetVirtualColumns();
  duckdb::MultiFileReader::GetVirtualColumns(context, bind.reader_bind, columns);
  bind.interface->GetVirtualColumns(context, bind, columns);
  bind.virtual_columns = columns;
  return columns;
}

// Opens the first file of a Parquet table while the statement is planned: joins are ordered by how many rows there are, and
// the scan goes on with the opened file. Tables with partitions are listed later, when it is known which of them count.
void look_at_first_file(ClientContext& context, duckdb::MultiFileBindData& bind) {
  auto& files = bind.file_list->Cast<FileList>();
  const OpenFileInfo first = files.GetFirstFile();
  if (first.path.empty()) return;
  const auto options = bind.interface->InitializeOptions(context, nullptr);
  bind.initial_reader = bind.interface->CreateReader(context, first, *options, bind.file_options);
  bind.interface->FinalizeBindData(bind);
  const auto rows = bind.interface->GetCardinality(bind, 1)->estimated_cardinality;
  const auto bytes = first.extended_info->options.at("file_size").GetValue<uint64_t>();
  files.set_bytes_per_row(std::max(1.0, static_cast<double>(bytes)) / static_cast<double>(std::max<idx_t>(1, rows)));
}

// What the footer says of a column, where one file is all there is and has it as the table declares it.
duckdb::unique_ptr<duckdb::BaseStatistics> file_statistics(ClientContext& context, const duckdb::FunctionData* data,
                                                           duckdb::column_t column) {
  const auto& bind = data->Cast<duckdb::MultiFileBindData>();
  if (!bind.initial_reader || column >= bind.names.size() || bind.file_list->GetTotalFileCount() != 1) return nullptr;
  for (const auto& found : bind.initial_reader->GetColumns()) {
    if (!duckdb::StringUtil::CIEquals(found.name, bind.names[column])) continue;
    return found.type == bind.types[column] ? bind.initial_reader->GetStatistics(context, found.name) : nullptr;
  }
  return nullptr;
}

std::shared_ptr<const std::vector<Partition>> partitions_of(SessionState& session, const TableSnapshot& table) {
  auto partitions = std::make_shared<std::vector<Partition>>();
  if (table.file_columns == table.names.size()) {
    partitions->push_back({{}, table.table.location});
    return partitions;
  }
  auto listed = session.link.list_partitions(session.context.principal, table.table);
  if (!listed) session.raise(listed.error());
  for (ExternalPartition& found : *listed) {
    Partition partition{{}, std::move(found.location)};
    for (size_t i = table.file_columns; i < table.names.size(); ++i) {
      const size_t k = i - table.file_columns;
      partition.values.push_back(
          partition_value(k < found.values.size() ? found.values[k] : std::nullopt, table.types[i]));
    }
    partitions->push_back(std::move(partition));
  }
  return partitions;
}

string property(const ExternalTable& table, std::initializer_list<const char*> names, const string& otherwise) {
  for (const char* name : names) {
    for (const auto& [key, value] : table.properties) {
      if (key == name) return value;
    }
  }
  return otherwise;
}

Value columns_option(const TableSnapshot& table) {
  duckdb::child_list_t<Value> columns;
  for (size_t i = 0; i < table.file_columns; ++i)
    columns.emplace_back(table.names[i], Value(table.types[i].ToString()));
  return Value::STRUCT(std::move(columns));
}

// Of Hive's text serdes: LazySimpleSerDe knows no quotes, OpenCSVSerde does.
void csv_options(const TableSnapshot& table, duckdb::named_parameter_map_t& options) {
  const bool quoted = property(table.table, {"serialization.lib"}, "").ends_with("OpenCSVSerde");
  string delimiter =
      property(table.table, {"field.delim", "separatorchar", "serialization.format"}, quoted ? "," : "\001");
  if (delimiter == "1") delimiter = "\001";  // Hive writes the control character's number
  options["delim"] = Value(delimiter);
  options["quote"] = Value(property(table.table, {"quotechar"}, quoted ? "\"" : ""));
  options["escape"] = Value(property(table.table, {"escapechar", "escape.delim"}, quoted ? "\"" : ""));
  options["header"] = Value::BOOLEAN(false);
  options["nullstr"] = Value(property(table.table, {"serialization.null.format"}, quoted ? "" : "\\N"));
  options["skip"] = Value::BIGINT(parse_int(property(table.table, {"skip.header.line.count"}, "0")).value_or(0));
  options["null_padding"] = Value::BOOLEAN(true);
  options["strict_mode"] = Value::BOOLEAN(false);
  options["columns"] = columns_option(table);
}

}  // namespace

duckdb::TableFunction engine_function(ClientContext& context, const char* name) {
  auto& entry =
      duckdb::Catalog::GetSystemCatalog(context).GetEntry<duckdb::TableFunctionCatalogEntry>(context, "main", name);
  const auto list = LogicalType::LIST(LogicalType::VARCHAR);
  return entry.functions.GetFunctionByArguments(context, {list});
}

BoundScan bound_scan(ClientContext& context, duckdb::TableFunction& function, const duckdb::vector<Value>& paths,
                     duckdb::named_parameter_map_t options) {
  duckdb::vector<Value> inputs = {Value::LIST(LogicalType::VARCHAR, paths)};
  duckdb::vector<LogicalType> input_types;
  duckdb::vector<string> input_names;
  duckdb::TableFunctionRef reference;
  duckdb::TableFunctionBindInput input(inputs, options, input_types, input_names, function.function_info.get(), nullptr,
                                       function, reference);
  BoundScan bound;
  bound.data = function.bind(context, input, bound.types, bound.names);
  return bound;
}

duckdb::TableFunction external_scan(ClientContext& context, std::shared_ptr<const TableSnapshot> table,
                                    duckdb::unique_ptr<duckdb::FunctionData>& bind_data) {
  const auto session = SessionState::of(context);
  const string& format = table->table.format;
  if (format == kFederatedFormat) return federated_scan(std::move(table), bind_data);
  // Athena reads text as Hive does, bad values included; Redshift's readers of CSV and JSON are the engine's own.
  const bool hive = session->context.dialect == Dialect::kAthena || (format != "csv" && format != "json");
  const bool serde = hive && make_serde(*table) != nullptr;
  const bool csv = !serde && format == "csv", json = !serde && format == "json";
  if (!serde && !csv && !json && format != "parquet") {
    raise_sql("0A000", "The external table " + table->table.name + " has the format " + format +
                           ", which is not supported: Parquet, Avro, delimited text, OpenCSV, JSON, regular "
                           "expressions, grok and CloudTrail are.");
  }
  const char* reader = csv ? "read_csv" : json ? "read_json" : "parquet_scan";
  auto function = serde ? serde_scan(table) : engine_function(context, reader);
  function.get_multi_file_reader = make_reader;
  function.get_bind_info = table_of;  // the engine's own lists all files, before partitions are chosen
  function.get_virtual_columns = virtual_columns;

  duckdb::named_parameter_map_t options;
  if (csv) csv_options(*table, options);
  if (json) {
    options["columns"] = columns_option(*table);
    options["format"] = Value("newline_delimited");
    options["ignore_errors"] = Value::BOOLEAN(property(table->table, {"ignore.malformed.json"}, "false") == "true");
  }
  if (csv || json) {
    options["auto_detect"] = Value::BOOLEAN(false);
    options["hive_partitioning"] = Value::BOOLEAN(false);
  }

  const auto projection = Projection::of(*table, session->context.now);
  auto partitions = projection ? std::make_shared<const std::vector<Partition>>() : partitions_of(*session, *table);
  std::vector<size_t> all(partitions->size());
  for (size_t i = 0; i < all.size(); ++i) all[i] = i;
  files_to_read = duckdb::make_shared_ptr<FileList>(session, table, std::move(partitions), std::move(all));
  files_to_read->set_projection(projection);
  options_name_columns = csv || json;

  bind_data = bound_scan(context, function, {}, std::move(options)).data;
  files_to_read.reset();
  if (!serde && format == "parquet" && table->file_columns == table->names.size()) {
    look_at_first_file(context, bind_data->Cast<duckdb::MultiFileBindData>());
    function.statistics = file_statistics;
  }
  return function;
}

}  // namespace tarn::sql::engine
