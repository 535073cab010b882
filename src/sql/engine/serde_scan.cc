// Scanning the files of a table through its SerDe: records, cells, columns.
#include "base/text.h"
#include "duckdb/common/multi_file/multi_file_function.hpp"
#include "sql/engine/codecs.h"
#include "sql/engine/errors.h"
#include "sql/engine/serde.h"
#include "sql/engine/session_state.h"

namespace tarn::sql::engine {
namespace {

using duckdb::ClientContext;
using duckdb::DataChunk;
using duckdb::GlobalTableFunctionState;
using duckdb::idx_t;
using duckdb::LocalTableFunctionState;
using duckdb::LogicalType;
using duckdb::MultiFileBindData;
using duckdb::OpenFileInfo;
using duckdb::Vector;
using std::string;

constexpr size_t kBlock = 1 << 20;
constexpr uint64_t kRowsPerFile = 10'000;  // a guess
constexpr size_t kMaxRecord = 256 << 20;

// A file's lines, decompressed by its name's ending.
class Lines {
 public:
  Lines(ClientContext& context, const OpenFileInfo& file, size_t skip) : skip_(skip) {
    auto& fs = duckdb::FileSystem::GetFileSystem(context);
    const Codec codec = codec_of_name(file.path);
    const auto compression = codec == Codec::kNone ? duckdb::FileCompressionType::AUTO_DETECT
                                                   : duckdb::FileCompressionType::UNCOMPRESSED;
    handle_ = fs.OpenFile(file, duckdb::FileFlags::FILE_FLAGS_READ | compression);
    if (codec != Codec::kNone) buffer_ = unpack_file(codec, rest());
  }

  // Without its line end; nullopt at the file's end. Good until the next call.
  std::optional<std::string_view> next() {
    while (true) {
      const auto line = any();
      if (!line || skip_ == 0) return line;
      --skip_;
    }
  }
  string rest() {
    while (fill()) {
    }
    return std::move(buffer_);
  }

 private:
  std::optional<std::string_view> any() {
    while (true) {
      const size_t end = buffer_.find('\n', searched_);
      if (end != string::npos) return take(end, end + 1);
      searched_ = buffer_.size();
      if (fill()) continue;
      if (begin_ >= buffer_.size()) return std::nullopt;
      return take(buffer_.size(), buffer_.size());
    }
  }
  std::string_view take(size_t end, size_t next) {
    std::string_view line(buffer_.data() + begin_, end - begin_);
    if (line.ends_with('\r')) line.remove_suffix(1);
    begin_ = searched_ = next;
    return line;
  }
  bool fill() {
    if (ended_) return false;
    buffer_.erase(0, begin_);
    searched_ -= begin_;
    begin_ = 0;
    const size_t had = buffer_.size();
    if (had > kMaxRecord) raise_sql("22000", "HIVE_CURSOR_ERROR: a record is longer than " + std::to_string(kMaxRecord) + " bytes");
    buffer_.resize(had + kBlock);
    const int64_t got = handle_->Read(buffer_.data() + had, kBlock);
    buffer_.resize(had + static_cast<size_t>(std::max<int64_t>(got, 0)));
    ended_ = got <= 0;
    return !ended_;
  }

  duckdb::unique_ptr<duckdb::FileHandle> handle_;
  size_t skip_;
  string buffer_;
  size_t begin_ = 0, searched_ = 0;
  bool ended_ = false;
};

class SerdeReader : public duckdb::BaseFileReader {
 public:
  SerdeReader(const OpenFileInfo& file_to_read, std::shared_ptr<const TableSnapshot> table)
      : BaseFileReader(file_to_read), table_(std::move(table)), format_(make_serde(*table_)) {
    // With the members of nested columns: they are mapped by name as well.
    columns = duckdb::MultiFileColumnDefinition::ColumnsFromNamesAndTypes(table_->names, table_->types);
    while (columns.size() > table_->file_columns) columns.pop_back();
  }

  // The whole file is one scan.
  bool TryInitializeScan(ClientContext& context, GlobalTableFunctionState&, LocalTableFunctionState&) override {
    if (started_) return false;
    started_ = true;
    const auto skip = parse_int(serde_property(table_->table, "skip.header.line.count").value_or("0")).value_or(0);
    lines_ = std::make_unique<Lines>(context, file, static_cast<size_t>(std::max<int64_t>(skip, 0)));
    return true;
  }

  void Scan(ClientContext& context, GlobalTableFunctionState&, LocalTableFunctionState&, DataChunk& chunk) override {
    prepare();
    idx_t rows = 0;
    for (; rows < STANDARD_VECTOR_SIZE; ++rows) {
      if (!read_record(rows)) break;
    }
    for (size_t i = 0; i < wanted_.size(); ++i) finish(context, i, chunk.data[i], rows);
    chunk.SetCardinality(rows);
  }

  string GetReaderType() const override { return "SerDe"; }

 private:
  void prepare() {
    if (!wanted_.empty() || column_ids.empty()) return;
    for (idx_t i = 0; i < column_ids.size(); ++i)
      wanted_.push_back(column_ids[duckdb::MultiFileLocalIndex(i)].GetId());
    cells_.resize(table_->file_columns);
    rows_.resize(wanted_.size());
  }

  bool next_record(std::string_view& record) {
    if (!format_->whole_file()) {
      const auto line = lines_->next();
      if (line) record = *line;
      return line.has_value();
    }
    if (!split_) {
      split_ = true;
      records_ = format_->records(lines_->rest());
    }
    if (next_ == records_.size()) return false;
    record = records_[next_++];
    return true;
  }

  bool read_record(idx_t row) {
    std::string_view record;
    while (next_record(record)) {
      for (const size_t column : wanted_) cells_[column].set_null();
      if (!format_->read(record, wanted_, cells_)) continue;
      for (size_t i = 0; i < wanted_.size(); ++i) {
        rows_[i].resize(row + 1);
        std::swap(rows_[i][row], cells_[wanted_[i]]);
      }
      return true;
    }
    return false;
  }

  // Texts are converted together; values that are made already are put in their places.
  void finish(ClientContext& context, size_t index, Vector& to, idx_t rows) {
    const LogicalType& type = to.GetType();
    auto& cells = rows_[index];
    const bool nested = type.IsNested() && !type.IsJSONType();
    if (nested) {
      for (idx_t row = 0; row < rows; ++row)
        to.SetValue(row, cells[row].kind == SerdeCell::Kind::kValue ? cells[row].value : duckdb::Value(type));
      return;
    }
    const bool text = type.InternalType() == duckdb::PhysicalType::VARCHAR && type.id() == duckdb::LogicalTypeId::VARCHAR;
    Vector texts(LogicalType::VARCHAR, std::max<idx_t>(rows, 1));
    Vector& into = text ? to : texts;
    auto* data = duckdb::FlatVector::GetData<duckdb::string_t>(into);
    for (idx_t row = 0; row < rows; ++row) {
      if (cells[row].kind == SerdeCell::Kind::kText)
        data[row] = duckdb::StringVector::AddStringOrBlob(into, cells[row].text.data(), cells[row].text.size());
      else if (cells[row].kind == SerdeCell::Kind::kValue && !cells[row].value.IsNull())
        data[row] = duckdb::StringVector::AddString(into, cells[row].value.ToString());
      else
        duckdb::FlatVector::SetNull(into, row, true);
    }
    if (text) return;
    if (type.id() == duckdb::LogicalTypeId::BLOB) {
      to.Reinterpret(texts);
      return;
    }
    string error;
    if (duckdb::VectorOperations::TryCast(context, texts, to, rows, &error) || format_->lenient()) return;
    for (idx_t row = 0; row < rows; ++row) {
      if (!duckdb::FlatVector::IsNull(texts, row) && duckdb::FlatVector::IsNull(to, row))
        raise_sql("22000", "HIVE_BAD_DATA: Error parsing field value '" + cells[row].text + "' for field " +
                               std::to_string(wanted_[index]) + ": column " + table_->names[wanted_[index]] + " is " +
                               lower(type.ToString()) + " (file " + file.path + ")");
    }
  }

  std::shared_ptr<const TableSnapshot> table_;
  std::unique_ptr<SerdeFormat> format_;
  bool started_ = false;
  std::unique_ptr<Lines> lines_;
  std::vector<size_t> wanted_;  // columns of the file that are read
  std::vector<SerdeCell> cells_;
  std::vector<std::vector<SerdeCell>> rows_;
  bool split_ = false;
  std::vector<string> records_;
  size_t next_ = 0;
};

struct SerdeTable : duckdb::TableFunctionInfo {
  explicit SerdeTable(std::shared_ptr<const TableSnapshot> of) : table(std::move(of)) {}
  std::shared_ptr<const TableSnapshot> table;
};
struct SerdeOptions : duckdb::BaseFileReaderOptions {
  std::shared_ptr<const TableSnapshot> table;
};
struct SerdeBind : duckdb::TableFunctionData {
  std::shared_ptr<const TableSnapshot> table;
};

struct Serdes : duckdb::MultiFileReaderInterface {
  static duckdb::unique_ptr<MultiFileReaderInterface> CreateInterface(ClientContext&) {
    return duckdb::make_uniq<Serdes>();
  }
  duckdb::unique_ptr<MultiFileReaderInterface> Copy() override { return duckdb::make_uniq<Serdes>(); }

  duckdb::unique_ptr<duckdb::BaseFileReaderOptions> InitializeOptions(
      ClientContext&, duckdb::optional_ptr<duckdb::TableFunctionInfo> info) override {
    auto options = duckdb::make_uniq<SerdeOptions>();
    options->table = info->Cast<SerdeTable>().table;
    return options;
  }
  bool ParseCopyOption(ClientContext&, const string&, const duckdb::vector<duckdb::Value>&,
                       duckdb::BaseFileReaderOptions&, duckdb::vector<string>&, duckdb::vector<LogicalType>&) override {
    return false;
  }
  bool ParseOption(ClientContext&, const string&, const duckdb::Value&, duckdb::MultiFileOptions&,
                   duckdb::BaseFileReaderOptions&) override {
    return false;
  }
  duckdb::unique_ptr<duckdb::TableFunctionData> InitializeBindData(
      MultiFileBindData&, duckdb::unique_ptr<duckdb::BaseFileReaderOptions> options) override {
    auto bind = duckdb::make_uniq<SerdeBind>();
    bind->table = options->Cast<SerdeOptions>().table;
    return bind;
  }
  void BindReader(ClientContext&, duckdb::vector<LogicalType>&, duckdb::vector<string>&, MultiFileBindData&) override {
    raise_sql("XX000", "the table's columns are not bound");  // the MultiFileReader has them
  }
  duckdb::optional_idx MaxThreads(const MultiFileBindData&, const duckdb::MultiFileGlobalState&,
                                  duckdb::FileExpandResult) override {
    return duckdb::optional_idx();
  }
  duckdb::unique_ptr<GlobalTableFunctionState> InitializeGlobalState(ClientContext&, MultiFileBindData&,
                                                                     duckdb::MultiFileGlobalState&) override {
    return duckdb::make_uniq<GlobalTableFunctionState>();
  }
  duckdb::unique_ptr<LocalTableFunctionState> InitializeLocalState(duckdb::ExecutionContext&,
                                                                   GlobalTableFunctionState&) override {
    return duckdb::make_uniq<LocalTableFunctionState>();
  }
  duckdb::shared_ptr<duckdb::BaseFileReader> CreateReader(ClientContext&, GlobalTableFunctionState&,
                                                          duckdb::BaseUnionData& data,
                                                          const MultiFileBindData& bind) override {
    return duckdb::make_shared_ptr<SerdeReader>(data.file, bind.bind_data->Cast<SerdeBind>().table);
  }
  duckdb::shared_ptr<duckdb::BaseFileReader> CreateReader(ClientContext&, GlobalTableFunctionState&,
                                                          const OpenFileInfo& file, idx_t,
                                                          const MultiFileBindData& bind) override {
    return duckdb::make_shared_ptr<SerdeReader>(file, bind.bind_data->Cast<SerdeBind>().table);
  }
  duckdb::unique_ptr<duckdb::NodeStatistics> GetCardinality(const MultiFileBindData& bind, idx_t) override {
    return duckdb::make_uniq<duckdb::NodeStatistics>(bind.file_list->GetTotalFileCount() * kRowsPerFile + 1);
  }
};

}  // namespace

std::optional<string> serde_property(const ExternalTable& table, std::string_view name) {
  for (const auto& [key, value] : table.properties)
    if (key == name) return value;
  return std::nullopt;
}

std::unique_ptr<SerdeFormat> make_serde(const TableSnapshot& table) {
  const string serde = serde_property(table.table, "serialization.lib").value_or(table.table.format);
  if (serde.ends_with("LazySimpleSerDe")) return make_delimited(table);
  if (serde.ends_with("OpenCSVSerde")) return make_open_csv(table);
  if (serde.ends_with("CloudTrailSerde")) return make_cloudtrail(table);
  if (serde.ends_with("AvroSerDe")) return make_avro(table);
  if (serde.ends_with("RegexSerDe")) return make_regex(table);
  if (serde.ends_with("GrokSerDe")) return make_grok(table);
  if (serde.ends_with("JsonSerDe")) return make_json(table, serde.find("openx") != string::npos);
  return nullptr;
}

duckdb::TableFunction serde_scan(std::shared_ptr<const TableSnapshot> table) {
  duckdb::MultiFileFunction<Serdes> function("serde_scan");
  function.function_info = duckdb::make_shared_ptr<SerdeTable>(std::move(table));
  return duckdb::TableFunction(function);
}

}  // namespace tarn::sql::engine
