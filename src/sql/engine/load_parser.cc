#include "sql/engine/load_parser.h"

#include "base/text.h"
#include "sql/engine/errors.h"

namespace tarn::sql::engine {
namespace {

RecordFormat format_of(const LoadRequest& request) {
  RecordFormat format;
  format.field_delimiter = request.delimiter;
  format.comment = 0;
  switch (request.format) {
    case FileFormat::kCsv:
      format.kind = RecordFormat::Kind::kCsv;
      format.quote = request.quote.empty() ? '"' : request.quote[0];
      format.quote_escape = format.quote;
      break;
    case FileFormat::kFixedWidth:
      format.kind = RecordFormat::Kind::kFixedWidth;
      for (const auto part : split(request.fixed_width, ',')) {
        const auto width = parse_int(trim(part.substr(part.rfind(':') + 1)));
        if (!width || *width < 1) raise_sql("22023", "FIXEDWIDTH: \"" + std::string(part) + "\" is no label:width.");
        format.widths.push_back(static_cast<int>(*width));
      }
      break;
    default:
      format.kind = RecordFormat::Kind::kDelimited;
      format.backslash = request.escape;
      format.remove_quotes = request.remove_quotes;
  }
  return format;
}

}  // namespace

ByteSource open_text(duckdb::ClientContext& context, const std::string& uri, Compression compression) {
  if (compression == Compression::kAuto) {
    compression = uri.ends_with(".gz")    ? Compression::kGzip
                  : uri.ends_with(".bz2") ? Compression::kBzip2
                  : uri.ends_with(".zst") ? Compression::kZstd
                                          : Compression::kNone;
  }
  const auto kind = compression == Compression::kGzip   ? duckdb::FileCompressionType::GZIP
                    : compression == Compression::kZstd ? duckdb::FileCompressionType::ZSTD
                                                        : duckdb::FileCompressionType::UNCOMPRESSED;
  const std::shared_ptr<duckdb::FileHandle> file =
      duckdb::FileSystem::GetFileSystem(context).OpenFile(uri, duckdb::FileFlags::FILE_FLAGS_READ | kind);
  ByteSource source = [file](char* buffer, size_t size) {
    return static_cast<size_t>(file->Read(buffer, static_cast<duckdb::idx_t>(size)));
  };
  return compression == Compression::kBzip2 ? bunzip2(std::move(source)) : source;
}

TextReader::TextReader(ByteSource source, const LoadRequest& request)
    : request_(request), reader_(std::move(source), format_of(request)) {
  if (request.format == FileFormat::kJson) return;
  for (int i = 0; i < request.ignore_header; ++i) reader_.next();
}

std::optional<Record> TextReader::next_record() {
  for (;;) {
    auto record = reader_.next();
    if (!record) return record;
    const bool blank = record->fields.size() == 1 && record->fields[0].empty() && !record->quoted[0];
    if (blank && request_.ignore_blank_lines) continue;
    return record;
  }
}

}  // namespace tarn::sql::engine
