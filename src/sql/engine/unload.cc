// UNLOAD: a query's rows to objects with Redshift's names. Parquet is written by DuckDB, text formats here, because their
// escapes and names are Redshift's own.
#include <map>

#include "base/json.h"
#include "base/text.h"
#include "duckdb/common/compressed_file_system.hpp"
#include "sql/engine/codecs.h"
#include "sql/engine/encode.h"
#include "sql/engine/errors.h"
#include "sql/engine/session.h"
#include "sql/engine/trino.h"
#include "sql/engine/unload_avro.h"
#include "sql/engine/values.h"

namespace tarn::sql::engine {
namespace {

using duckdb::DataChunk;
using duckdb::idx_t;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::Vector;
using std::string;

// AWS: UNLOAD, MAXFILESIZE defaults to 6.2 GB.
constexpr uint64_t kDefaultFileSize = 6'200'000'000;
// Where DuckDB thinks it writes; the names that count are made from this one's parts.
constexpr const char* kScratchPath = "s3://unload/data";

string numbered(const UnloadRequest& request, size_t index) {
  string digits = std::to_string(index);
  const size_t width = request.parallel ? 2 : 3;
  if (digits.size() < width) digits.insert(0, width - digits.size(), '0');
  return (request.parallel ? "0000_part_" : "") + digits;
}

string ending(const UnloadRequest& request) {
  string end = request.format == FileFormat::kAvro         ? ".avro"
               : !request.extension.empty()                ? "." + request.extension
               : request.format == FileFormat::kParquet    ? ".parquet"
               : request.compression == Compression::kGzip  ? ".gz"
               : request.compression == Compression::kZstd  ? ".zst"
               : request.compression == Compression::kBzip2 ? ".bz2"
                                                            : "";
  return end;
}

// s3://unload/data/year=2024/data_3.parquet -> <prefix>year=2024/003.parquet
string object_name(const UnloadRequest& request, const string& path) {
  string rest = path.substr(std::string_view(kScratchPath).size());
  size_t index = 0;
  string folder;
  if (rest.starts_with('/')) {
    const size_t slash = rest.rfind('/');
    folder = rest.substr(1, slash);  // with its slash; empty for slash = 0
    if (slash == 0) folder.clear();
    const string name = rest.substr(slash + 1);
    const size_t digits = name.find_first_of("0123456789");
    if (digits != string::npos) index = static_cast<size_t>(std::atoll(name.c_str() + digits));
  }
  return request.uri + folder + request.name_prefix + numbered(request, index) + ending(request);
}

// --- text ----------------------------------------------------------------------------------------------------------------

class TextFormat {
 public:
  explicit TextFormat(const UnloadRequest& request) : request_(request) {
    if (request.format != FileFormat::kFixedWidth) return;
    for (const auto part : split(request.fixed_width, ',')) {
      const auto width = parse_int(trim(part.substr(part.rfind(':') + 1)));
      if (!width || *width < 1) raise_sql("22023", "FIXEDWIDTH: \"" + string(part) + "\" is no label:width.");
      widths_.push_back(static_cast<size_t>(*width));
    }
  }

  void header(const std::vector<string>& names, string& line) const {
    if (request_.format == FileFormat::kJson || !request_.header) return;
    for (size_t i = 0; i < names.size(); ++i) {
      if (i > 0) line += delimiter();
      field(names[i], line);
    }
    line += '\n';
  }
  // One row; a missing value is NULL. `numbers[i]`: the column prints without quotes in JSON.
  void row(const std::vector<string>& names, const std::vector<std::optional<string>>& values,
           const std::vector<bool>& numbers, string& line) const {
    if (request_.format == FileFormat::kJson) return json(names, values, numbers, line);
    if (request_.format == FileFormat::kFixedWidth) return fixed(names, values, line);
    for (size_t i = 0; i < values.size(); ++i) {
      if (i > 0) line += delimiter();
      if (!values[i]) {
        line += request_.null_as.value_or("");
      } else {
        field(*values[i], line);
      }
    }
    line += '\n';
  }

 private:
  string delimiter() const { return request_.delimiter; }

  void field(const string& value, string& line) const {
    if (request_.format == FileFormat::kCsv) {
      const bool quoted = value.find_first_of("\"\r\n") != string::npos || value.find(delimiter()) != string::npos ||
                          (request_.null_as && value == *request_.null_as);
      if (quoted || request_.add_quotes) return quote(value, '"', line);
      line += value;
      return;
    }
    if (request_.add_quotes) return quote(value, request_.escape ? '\\' : '"', line);
    if (!request_.escape) {
      line += value;
      return;
    }
    for (const char c : value) {
      if (c == '\n' || c == '\r' || c == '\\' || c == '"' || c == '\'' || delimiter()[0] == c) line += '\\';
      line += c;
    }
  }
  static void quote(const string& value, char escape, string& line) {
    line += '"';
    for (const char c : value) {
      if (c == '"' || (escape == '\\' && c == '\\')) line += escape;
      line += c;
    }
    line += '"';
  }
  // AWS: UNLOAD, FIXEDWIDTH. Nothing is cut, so each width must do.
  void fixed(const std::vector<string>& names, const std::vector<std::optional<string>>& values, string& line) const {
    if (widths_.size() != values.size()) {
      raise_sql("22023", "FIXEDWIDTH names " + std::to_string(widths_.size()) + " columns, the query has " +
                             std::to_string(values.size()) + ".");
    }
    for (size_t i = 0; i < values.size(); ++i) {
      const string text = values[i] ? *values[i] : request_.null_as.value_or("");
      if (text.size() > widths_[i]) {
        raise_sql("22001", "The column \"" + names[i] + "\" has a value of " + std::to_string(text.size()) +
                               " bytes, and FIXEDWIDTH gives it " + std::to_string(widths_[i]) + ".");
      }
      line += text;
      line.append(widths_[i] - text.size(), ' ');
    }
    line += '\n';
  }
  static void json(const std::vector<string>& names, const std::vector<std::optional<string>>& values,
                   const std::vector<bool>& numbers, string& line) {
    line += '{';
    bool first = true;
    for (size_t i = 0; i < values.size(); ++i) {
      if (!first) line += ',';
      first = false;
      append_json_string(line, names[i]);
      line += ':';
      if (!values[i]) {
        line += "null";
      } else if (numbers[i]) {
        line += *values[i];
      } else {
        append_json_string(line, *values[i]);
      }
    }
    line += "}\n";
  }

  const UnloadRequest& request_;
  std::vector<size_t> widths_;
};

// Makes what is written of so many rows; none: it is written as it is.
using Pack = std::function<string(std::string_view bytes, uint64_t rows)>;

// The codec that the engine's files have not: bzip2, and by the name's ending snappy and LZ4.
Codec own_codec(const UnloadRequest& request) {
  if (request.compression == Compression::kBzip2) return Codec::kBzip2;
  return request.compression == Compression::kAuto ? codec_of_name("." + request.extension) : Codec::kNone;
}

string avro_codec(const UnloadRequest& request) {
  switch (request.compression) {
    case Compression::kNone: return "null";
    case Compression::kBzip2: return "bzip2";
    case Compression::kZstd: return "zstandard";
    case Compression::kAuto: return request.extension;
    default: return "deflate";
  }
}

// The open object of one partition (or of all rows), and the next when it is full.
class Output {
 public:
  Output(duckdb::ClientContext& context, const UnloadRequest& request, string folder, const Pack& pack)
      : context_(context), request_(request), folder_(std::move(folder)), pack_(pack) {}

  void write(const string& header, const string& line) {
    const uint64_t most = request_.max_file_size ? request_.max_file_size : kDefaultFileSize;
    if (handle_ && in_file_ + line.size() > most) close();
    if (!handle_) open(header);
    buffer_ += line;
    in_file_ += line.size();
    ++rows_in_file_;
    ++rows_in_buffer_;
    if (buffer_.size() > kBuffer) flush();
  }
  void open(const string& header) {
    const auto compression = pack_                                        ? duckdb::FileCompressionType::UNCOMPRESSED
                             : request_.compression == Compression::kGzip ? duckdb::FileCompressionType::GZIP
                             : request_.compression == Compression::kZstd ? duckdb::FileCompressionType::ZSTD
                                                                          : duckdb::FileCompressionType::UNCOMPRESSED;
    handle_ = duckdb::FileSystem::GetFileSystem(context_).OpenFile(
        kScratchPath + folder_ + "/data_" + std::to_string(files_++),
        duckdb::FileFlags::FILE_FLAGS_WRITE | duckdb::FileFlags::FILE_FLAGS_FILE_CREATE_NEW | compression);
    if (request_.format == FileFormat::kAvro) {
      handle_->Write(const_cast<char*>(header.data()), header.size());  // before its blocks
    } else {
      buffer_ += header;
    }
    in_file_ = header.size();
    rows_in_file_ = 0;
  }
  // Finishes the object and says how many rows it has.
  void close() {
    if (!handle_) return;
    flush();
    handle_->Close();
    // A compressed file writes its end when closed and leaves the file below open, which is thrown away if it stays so.
    if (auto* compressed = dynamic_cast<duckdb::CompressedFile*>(handle_.get())) compressed->child_handle->Close();
    handle_.reset();
    rows.push_back(rows_in_file_);
    names.push_back(object_name(request_, kScratchPath + folder_ + "/data_" + std::to_string(files_ - 1)));
  }
  bool started() const { return files_ > 0; }

  std::vector<uint64_t> rows;
  std::vector<string> names;

 private:
  static constexpr size_t kBuffer = 1 << 20;
  void flush() {
    if (pack_ && !buffer_.empty()) buffer_ = pack_(buffer_, rows_in_buffer_);
    if (!buffer_.empty()) handle_->Write(buffer_.data(), buffer_.size());
    buffer_.clear();
    rows_in_buffer_ = 0;
  }

  duckdb::ClientContext& context_;
  const UnloadRequest& request_;
  const string folder_;
  const Pack& pack_;
  duckdb::unique_ptr<duckdb::FileHandle> handle_;
  string buffer_;
  uint64_t in_file_ = 0, rows_in_file_ = 0, rows_in_buffer_ = 0;
  size_t files_ = 0;
};

// A nested value as Hive's LazySimpleSerDe keeps it: each level has a separator of its own, \002 the first.
void append_lazy(string& text, const duckdb::Value& value, char separator) {
  if (value.IsNull()) {
    text += "\\N";
    return;
  }
  const auto inner = static_cast<char>(separator + 1);
  bool first = true;
  const auto part = [&](const duckdb::Value& each) {
    if (!first) text += separator;
    first = false;
    append_lazy(text, each, inner);
  };
  switch (value.type().id()) {
    case LogicalTypeId::LIST:
      for (const duckdb::Value& item : duckdb::ListValue::GetChildren(value)) part(item);
      return;
    case LogicalTypeId::STRUCT:
      for (const duckdb::Value& field : duckdb::StructValue::GetChildren(value)) part(field);
      return;
    case LogicalTypeId::MAP:
      for (const duckdb::Value& entry : duckdb::MapValue::GetChildren(value)) {
        const auto& pair = duckdb::StructValue::GetChildren(entry);
        if (!first) text += separator;
        first = false;
        append_lazy(text, pair[0], static_cast<char>(inner + 1));
        text += inner;
        append_lazy(text, pair[1], static_cast<char>(inner + 1));
      }
      return;
    default: text += trino::print(value);
  }
}

// Columns as text, as UNLOAD prints them.
class TextColumns {
 public:
  TextColumns(duckdb::ClientContext& context, const duckdb::vector<LogicalType>& types) : context_(context) {
    // Redshift writes t and f, and 1 for 1.0.
    const bool redshift = SessionState::of(context)->context.dialect == Dialect::kRedshift;
    hive_ = !redshift;
    for (const LogicalType& type : types) {
      numbers.push_back(type.IsNumeric() || type.id() == LogicalTypeId::BOOLEAN || is_super(type) || is_nested(type));
      booleans_.push_back(redshift && type.id() == LogicalTypeId::BOOLEAN);
      doubles_.push_back(redshift && type.IsFloating());
    }
  }
  void convert(DataChunk& chunk, bool json) {
    columns_.clear();
    formats_.clear();
    for (idx_t i = 0; i < chunk.ColumnCount(); ++i) {
      const LogicalType& type = chunk.data[i].GetType();
      const LogicalType target = is_nested(type) ? LogicalType::JSON() : LogicalType::VARCHAR;
      columns_.push_back(std::make_unique<Vector>(target, chunk.size()));
      if (is_nested(type) && !json && hive_) {
        for (idx_t row = 0; row < chunk.size(); ++row) {
          const duckdb::Value value = chunk.data[i].GetValue(row);
          string text;
          if (!value.IsNull()) append_lazy(text, value, '\2');
          columns_.back()->SetValue(row, value.IsNull() ? duckdb::Value(target) : duckdb::Value(text));
        }
      } else if (type.id() == LogicalTypeId::BLOB && !type.HasAlias() && !hive_) {  // AWS: UNLOAD. VARBYTE is hexadecimal
        for (idx_t row = 0; row < chunk.size(); ++row) {
          const duckdb::Value value = chunk.data[i].GetValue(row);
          columns_.back()->SetValue(row, value.IsNull() ? duckdb::Value(target) : duckdb::Value(hex(duckdb::StringValue::Get(value))));
        }
      } else {
        print(context_, chunk.data[i], *columns_.back(), chunk.size());
      }
      formats_.emplace_back();
      columns_.back()->ToUnifiedFormat(chunk.size(), formats_.back());
    }
    json_ = json;
  }
  std::optional<string> value(size_t column, idx_t row) const {
    const auto& format = formats_[column];
    const idx_t at = format.sel->get_index(row);
    if (!format.validity.RowIsValid(at)) return std::nullopt;
    const auto& text = duckdb::UnifiedVectorFormat::GetData<duckdb::string_t>(format)[at];
    if (booleans_[column] && !json_) return text.GetData()[0] == 't' ? "t" : "f";
    string value = text.GetString();
    if (doubles_[column] && value.ends_with(".0")) value.resize(value.size() - 2);
    return value;
  }

  std::vector<bool> numbers;

 private:
  duckdb::ClientContext& context_;
  std::vector<std::unique_ptr<Vector>> columns_;
  std::vector<duckdb::UnifiedVectorFormat> formats_;
  std::vector<bool> booleans_, doubles_;
  bool json_ = false, hive_ = false;
};

void unload_text(duckdb::ClientContext& context, const UnloadRequest& request, duckdb::QueryResult& result,
                 std::map<string, uint64_t>& rows_of, uint64_t& total) {
  std::vector<string> names;
  std::vector<size_t> kept, parts;
  for (const string& wanted : request.partition_by) {
    const auto found = std::find(result.names.begin(), result.names.end(), lower(wanted));
    if (found == result.names.end()) raise_sql("42703", "column \"" + wanted + "\" does not exist");
    parts.push_back(static_cast<size_t>(found - result.names.begin()));
  }
  std::vector<bool> numbers;
  TextColumns columns(context, result.types);
  for (size_t i = 0; i < result.names.size(); ++i) {
    if (!request.include_partition_columns && std::find(parts.begin(), parts.end(), i) != parts.end()) continue;
    kept.push_back(i);
    names.push_back(result.names[i]);
    numbers.push_back(columns.numbers[i]);
  }
  const TextFormat format(request);
  string header;
  std::optional<AvroRows> avro;
  Pack pack;
  if (request.format == FileFormat::kAvro) {
    std::vector<LogicalType> types;
    for (const size_t i : kept) types.push_back(result.types[i]);
    avro.emplace(names, types, avro_codec(request));
    header = avro->header();
    pack = [&avro](std::string_view bytes, uint64_t rows) { return avro->block(rows, bytes); };
  } else {
    format.header(names, header);
    const Codec codec = own_codec(request);
    if (codec != Codec::kNone) pack = [codec](std::string_view bytes, uint64_t) { return pack_file(codec, bytes); };
  }
  std::map<string, std::unique_ptr<Output>> outputs;
  std::vector<std::optional<string>> values(kept.size());
  string line;
  while (auto chunk = result.Fetch()) {
    if (chunk->size() == 0) break;
    columns.convert(*chunk, request.format == FileFormat::kJson);
    for (idx_t row = 0; row < chunk->size(); ++row) {
      string folder;
      for (const size_t part : parts) {
        folder += "/" + result.names[part] + "=" +
                  uri_encode(columns.value(part, row).value_or("__HIVE_DEFAULT_PARTITION__"));
      }
      auto& output = outputs[folder];
      if (!output) output = std::make_unique<Output>(context, request, folder, pack);
      line.clear();
      if (avro) {
        for (const size_t column : kept) avro->append(line, chunk->GetValue(column, row));
      } else {
        for (size_t i = 0; i < kept.size(); ++i) values[i] = columns.value(kept[i], row);
        format.row(names, values, numbers, line);
      }
      output->write(header, line);
    }
    total += chunk->size();
  }
  if (result.HasError()) result.ThrowError();
  if (outputs.empty() && parts.empty()) {  // an object without rows is still written
    auto& output = outputs[""] = std::make_unique<Output>(context, request, "", pack);
    output->open(header);
  }
  for (auto& [folder, output] : outputs) {
    output->close();
    for (size_t i = 0; i < output->names.size(); ++i) rows_of[output->names[i]] = output->rows[i];
  }
}

// AWS: UNLOAD, PARTITION BY. Rows without a value are Hive's default partition; the columns are in the folders' names only.
duckdb::unique_ptr<duckdb::QueryNode> with_default_partitions(const UnloadRequest& request,
                                                              duckdb::unique_ptr<duckdb::QueryNode> query) {
  string columns;
  for (const string& name : request.partition_by) {
    const string column = quote_name(lower(name));
    columns += (columns.empty() ? "" : ", ") + ("coalesce(CAST(" + column + " AS VARCHAR), '__HIVE_DEFAULT_PARTITION__') AS " + column);
  }
  duckdb::Parser parser;
  parser.ParseQuery("SELECT * REPLACE (" + columns + ") FROM (SELECT 1) AS unloaded");
  auto node = std::move(parser.statements[0]->Cast<duckdb::SelectStatement>().node);
  auto& from = node->Cast<duckdb::SelectNode>().from_table->Cast<duckdb::SubqueryRef>();
  from.subquery->node = std::move(query);
  return node;
}

duckdb::unique_ptr<duckdb::SQLStatement> parquet_copy(const UnloadRequest& request,
                                                      duckdb::unique_ptr<duckdb::QueryNode> query) {
  if (!request.partition_by.empty() && !request.include_partition_columns)
    query = with_default_partitions(request, std::move(query));
  string options = "FORMAT parquet, RETURN_STATS true, OVERWRITE_OR_IGNORE true";
  if (!request.partition_by.empty()) {
    options += ", PARTITION_BY (";
    for (size_t i = 0; i < request.partition_by.size(); ++i) {
      options += (i ? ", " : "") + quote_name(lower(request.partition_by[i]));
    }
    options += ")";
    if (request.include_partition_columns) options += ", WRITE_PARTITION_COLUMNS true";
  } else if (request.max_file_size) {
    options += ", FILE_SIZE_BYTES " + std::to_string(request.max_file_size);
  }
  if (!request.field_ids.empty()) options += ", FIELD_IDS " + request.field_ids;
  if (request.compression == Compression::kGzip) options += ", COMPRESSION gzip";
  if (request.compression == Compression::kZstd) options += ", COMPRESSION zstd";
  duckdb::Parser parser;
  parser.ParseQuery("COPY (SELECT 1) TO " + quote(kScratchPath) + " (" + options + ")");
  auto statement = std::move(parser.statements[0]);
  statement->Cast<duckdb::CopyStatement>().info->select_statement = std::move(query);
  return statement;
}

}  // namespace

Result<Outcome> Session::unload(const UnloadRequest& request) {
  Outcome outcome;
  const auto done = in_transaction(request.context, [&] {
    auto& context = *connection_.context;
    ExecuteRequest inner;
    inner.context = request.context;
    inner.sql = request.sql;
    duckdb::unique_ptr<duckdb::SQLStatement> statement;
    Rewritten rewritten;
    if (request.context.dialect == Dialect::kAthena) {
      rewritten = trino::parse(context, inner, statement);
    } else {
      statement = parse_one(request.sql);
      rewritten = rewrite(context, inner, statement);
    }
    if (rewritten.kind != "SELECT") raise_sql("42601", "UNLOAD takes a SELECT.");
    check_uses(request.context, *statement, rewritten.uses);
    if (request.manifest) {  // its schema
      state_->uses = rewritten.uses;
      const auto prepared = connection_.Prepare(statement->Copy());
      if (prepared->HasError()) prepared->error.Throw();
      for (size_t i = 0; i < prepared->ColumnCount(); ++i) {
        outcome.columns.push_back(describe(prepared->GetNames()[i], prepared->GetTypes()[i], request.context.dialect));
      }
      apply_plan(request.context, outcome.columns);
    }
    state_->object_name = [&request](const string& path) { return object_name(request, path); };
    std::map<string, uint64_t> rows_of;
    if (request.format == FileFormat::kParquet) {
      const auto result = start(parquet_copy(request, std::move(statement->Cast<duckdb::SelectStatement>().node)));
      while (auto chunk = result->Fetch()) {
        if (chunk->size() == 0) break;
        for (idx_t row = 0; row < chunk->size(); ++row) {
          const auto rows = chunk->GetValue(1, row).GetValue<uint64_t>();
          rows_of[object_name(request, chunk->GetValue(0, row).ToString())] = rows;
          outcome.rows += rows;
        }
      }
      if (result->HasError()) result->ThrowError();
    } else {
      const auto result = start(std::move(statement));
      unload_text(context, request, *result, rows_of, outcome.rows);
    }
    outcome.objects = state_->written;
    for (WrittenObject& object : outcome.objects) object.rows = rows_of[object.uri];
    std::sort(outcome.objects.begin(), outcome.objects.end(),
              [](const WrittenObject& a, const WrittenObject& b) { return a.uri < b.uri; });
  });
  if (!done) return Failure(done.error());
  outcome.kind = "UNLOAD";
  outcome.scanned_bytes = state_->scanned_bytes;
  outcome.in_transaction = in_block_;
  return outcome;
}

}  // namespace tarn::sql::engine
