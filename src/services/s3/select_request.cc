#include "services/s3/select_request.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "services/s3/errors.h"

namespace tarn::s3 {
namespace {

constexpr size_t kMaxExpression = 256 << 10;

Failure bad(std::string code, std::string message) {
  return refuse(400, std::move(code), std::move(message));
}

// One of the words, in any case: the SDKs' examples write "Use" and "Lines" where the model has capitals.
Result<size_t> one_of(const std::optional<std::string>& text, std::initializer_list<std::string_view> words,
                      size_t otherwise, const char* code, const char* what) {
  if (!text) return otherwise;
  size_t index = 0;
  for (const std::string_view word : words) {
    if (equals_ignore_case(word, *text)) return index;
    ++index;
  }
  return bad(code, fmt::format("The {} '{}' is not valid.", what, *text));
}

Status set_text(const std::optional<std::string>& given, std::string& text, const char* what) {
  if (!given) return {};
  if (utf8_length(*given) > 2)
    return bad("InvalidRequestParameter", fmt::format("The {} may have at most two characters.", what));
  text = *given;
  return {};
}

Status read_csv(const CSVInput& csv, sql::SelectRequest& request) {
  using Header = sql::SelectRequest::Header;
  const size_t header =
      TRY(one_of(csv.file_header_info, {"NONE", "IGNORE", "USE"}, 0, "InvalidFileHeaderInfo", "FileHeaderInfo"));
  request.format = sql::FileFormat::kCsv;
  request.header = header == 0 ? Header::kNone : header == 1 ? Header::kIgnore : Header::kUse;
  TRY(set_text(csv.record_delimiter, request.record_delimiter, "RecordDelimiter"));
  TRY(set_text(csv.field_delimiter, request.field_delimiter, "FieldDelimiter"));
  TRY(set_text(csv.quote_character, request.quote, "QuoteCharacter"));
  TRY(set_text(csv.quote_escape_character, request.quote_escape, "QuoteEscapeCharacter"));
  TRY(set_text(csv.comments, request.comments, "Comments"));
  request.quoted_record_delimiter = csv.allow_quoted_record_delimiter.value_or(false);
  return {};
}

Status read_scan_range(const ScanRange& range, uint64_t size, sql::SelectRequest& request) {
  const bool splits = request.compression == sql::Compression::kNone && !request.quoted_record_delimiter &&
                      request.format != sql::FileFormat::kParquet && !request.json_document;
  if (!splits)
    return bad("UnsupportedScanRangeInput",
               "Scan range queries are only supported on uncompressed CSV without quoted record delimiters and on "
               "uncompressed "
               "JSON lines.");
  if ((!range.start && !range.end) || range.start.value_or(0) < 0 || range.end.value_or(0) < 0 ||
      (range.start && range.end && *range.start > *range.end) ||
      (range.start && static_cast<uint64_t>(*range.start) >= size))
    return bad("InvalidScanRange", fmt::format("The scan range is not valid for an object of {} bytes.", size));
  // AWS: ScanRange: an end alone means the last bytes of the object.
  const uint64_t end = static_cast<uint64_t>(range.end.value_or(static_cast<int64_t>(size)));
  request.scan_start = range.start ? static_cast<uint64_t>(*range.start) : size - std::min(size, end);
  request.scan_end = range.start ? std::min(size, end) : size;
  return {};
}

}  // namespace

Result<sql::SelectRequest> select_request(const SelectObjectContentRequest& in, uint64_t size) {
  TRY(one_of(in.expression_type, {"SQL"}, 0, "InvalidExpressionType", "ExpressionType"));
  if (in.expression->size() > kMaxExpression)
    return bad("ExpressionTooLong", "The SQL expression is too long: the maximum is 256 KB.");
  const InputSerialization& input = *in.input_serialization;
  if (input.csv.has_value() + input.json.has_value() + input.parquet.has_value() != 1)
    return bad("InvalidDataSource", "InputSerialization must name exactly one of CSV, JSON and Parquet.");

  sql::SelectRequest request;
  request.sql = *in.expression;
  const size_t compression =
      TRY(one_of(input.compression_type, {"NONE", "GZIP", "BZIP2"}, 0, "InvalidCompressionFormat", "CompressionType"));
  request.compression = compression == 0   ? sql::Compression::kNone
                        : compression == 1 ? sql::Compression::kGzip
                                           : sql::Compression::kBzip2;
  if (input.csv) TRY(read_csv(*input.csv, request));
  if (input.json) {
    request.format = sql::FileFormat::kJson;
    request.json_document =
        TRY(one_of(input.json->type, {"DOCUMENT", "LINES"}, 0, "InvalidJsonType", "JSON type")) == 0;
  }
  if (input.parquet) {
    if (compression != 0)
      return bad("InvalidCompressionFormat", "A Parquet object cannot be compressed as a whole: its columns may be.");
    request.format = sql::FileFormat::kParquet;
  }
  if (in.scan_range) TRY(read_scan_range(*in.scan_range, size, request));
  return request;
}

Result<sql::SelectOutput> select_output(const SelectObjectContentRequest& in) {
  const OutputSerialization& output = *in.output_serialization;
  if (output.csv.has_value() + output.json.has_value() != 1)
    return bad("InvalidDataSource", "OutputSerialization must name exactly one of CSV and JSON.");
  sql::SelectOutput format{.json = output.json.has_value()};
  if (output.json) {
    TRY(set_text(output.json->record_delimiter, format.record_delimiter, "RecordDelimiter"));
    return format;
  }
  const CSVOutput& csv = *output.csv;
  format.always_quote =
      TRY(one_of(csv.quote_fields, {"ALWAYS", "ASNEEDED"}, 1, "InvalidQuoteFields", "QuoteFields")) == 0;
  TRY(set_text(csv.record_delimiter, format.record_delimiter, "RecordDelimiter"));
  TRY(set_text(csv.field_delimiter, format.field_delimiter, "FieldDelimiter"));
  TRY(set_text(csv.quote_character, format.quote, "QuoteCharacter"));
  TRY(set_text(csv.quote_escape_character, format.quote_escape, "QuoteEscapeCharacter"));
  return format;
}

::tarn::Error select_error(::tarn::Error error) {
  if (error.code != "SqlError") return error;
  static constexpr std::pair<std::string_view, const char*> kCodes[] = {
      {"42601", "ParseUnexpectedToken"},
      {"42703", "EvaluatorBindingDoesNotExist"},
      {"42P01", "EvaluatorBindingDoesNotExist"},
      {"42883", "UnsupportedFunction"},
      {"0A000", "UnsupportedSyntax"},
      {"22P02", "CastFailed"},
      {"22018", "CastFailed"},
      {"42804", "EvaluatorInvalidArguments"},
      {"57014", "Busy"},
  };
  std::string_view state;
  for (const auto& [name, value] : error.members)
    if (name == "sqlstate") state = value;
  ::tarn::Error worded{400, "EvaluatorInvalidArguments", error.message};
  for (const auto& [from, to] : kCodes)
    if (from == state) worded.code = to;
  if (error.message.starts_with("Input is not a GZIP stream")) {
    worded.code = "InvalidCompressionFormat";
    worded.message = "GZIP is not applicable to the queried object. Please correct the request and try again.";
  } else if (state.starts_with("XX") || state == "57P02") {
    worded.status = 500;
    worded.code = "InternalError";
  }
  return worded;
}

}  // namespace tarn::s3
