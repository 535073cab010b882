// Why: what a client leaves out, writes in other cases or contradicts itself in is decided here, before the engine sees it.
#include "services/s3/select_request.h"

#include <gtest/gtest.h>

#include <functional>

namespace tarn::s3 {
namespace {

SelectObjectContentRequest csv_request() {
  SelectObjectContentRequest in;
  in.expression = "SELECT * FROM s3object";
  in.expression_type = "SQL";
  in.input_serialization = InputSerialization{.csv = CSVInput{}};
  in.output_serialization = OutputSerialization{.csv = CSVOutput{}};
  return in;
}

std::string code_of(const SelectObjectContentRequest& in) {
  const auto request = select_request(in, 100);
  if (!request) return request.error().code;
  const auto format = select_output(in);
  return format ? "ok" : format.error().code;
}

TEST(SelectRequests, AreChecked) {
  struct Case {
    const char* code;
    std::function<void(SelectObjectContentRequest&)> change;
  };
  const std::vector<Case> cases = {
      {"ok", [](auto&) {}},
      {"ok", [](auto& in) { in.input_serialization->csv->file_header_info = "Use"; }},
      {"ok", [](auto& in) { in.input_serialization->compression_type = "gzip"; }},
      {"ok", [](auto& in) { in.input_serialization = InputSerialization{.json = JSONInput{.type = "Lines"}}; }},
      {"ok", [](auto& in) { in.input_serialization = InputSerialization{.parquet = ParquetInput{}}; }},
      {"ok", [](auto& in) { in.scan_range = ScanRange{.start = 10, .end = 20}; }},
      {"InvalidExpressionType", [](auto& in) { in.expression_type = "PROSE"; }},
      {"ExpressionTooLong", [](auto& in) { in.expression = std::string(300 << 10, ' '); }},
      {"InvalidFileHeaderInfo", [](auto& in) { in.input_serialization->csv->file_header_info = "MAYBE"; }},
      {"InvalidCompressionFormat", [](auto& in) { in.input_serialization->compression_type = "RAR"; }},
      {"InvalidJsonType",
       [](auto& in) { in.input_serialization = InputSerialization{.json = JSONInput{.type = "Book"}}; }},
      {"InvalidDataSource", [](auto& in) { in.input_serialization = InputSerialization{}; }},
      {"InvalidDataSource", [](auto& in) { in.input_serialization->json = JSONInput{}; }},
      {"InvalidDataSource", [](auto& in) { in.output_serialization = OutputSerialization{}; }},
      {"InvalidQuoteFields", [](auto& in) { in.output_serialization->csv->quote_fields = "NEVER"; }},
      {"InvalidRequestParameter", [](auto& in) { in.input_serialization->csv->field_delimiter = "abc"; }},
      {"InvalidCompressionFormat",
       [](auto& in) {
         in.input_serialization = InputSerialization{.compression_type = "GZIP", .parquet = ParquetInput{}};
       }},
      {"InvalidScanRange", [](auto& in) { in.scan_range = ScanRange{}; }},
      {"InvalidScanRange", [](auto& in) { in.scan_range = ScanRange{.start = 20, .end = 10}; }},
      {"InvalidScanRange", [](auto& in) { in.scan_range = ScanRange{.start = 100}; }},
      {"InvalidScanRange", [](auto& in) { in.scan_range = ScanRange{.start = -1}; }},
      {"UnsupportedScanRangeInput",
       [](auto& in) {
         in.scan_range = ScanRange{.start = 1};
         in.input_serialization->compression_type = "GZIP";
       }},
  };
  for (size_t i = 0; i < cases.size(); ++i) {
    SelectObjectContentRequest in = csv_request();
    cases[i].change(in);
    EXPECT_EQ(code_of(in), cases[i].code) << "case " << i;
  }
}

TEST(SelectRequests, ScanRanges) {
  const auto range = [](ScanRange given) {
    SelectObjectContentRequest in = csv_request();
    in.scan_range = given;
    const auto request = select_request(in, 100);
    return std::pair(*request->scan_start, *request->scan_end);
  };
  EXPECT_EQ(range({.start = 10, .end = 20}), std::pair(10ul, 20ul));
  EXPECT_EQ(range({.start = 10}), std::pair(10ul, 100ul));
  EXPECT_EQ(range({.end = 30}), std::pair(70ul, 100ul));
  EXPECT_EQ(range({.end = 300}), std::pair(0ul, 100ul));
}

TEST(SelectErrors, AreInItsWords) {
  const auto code = [](const char* state) { return select_error({400, "SqlError", "x", {{"sqlstate", state}}}).code; };
  EXPECT_EQ(code("42601"), "ParseUnexpectedToken");
  EXPECT_EQ(code("42883"), "UnsupportedFunction");
  EXPECT_EQ(code("22P02"), "CastFailed");
  EXPECT_EQ(code("57P02"), "InternalError");
  EXPECT_EQ(code("99999"), "EvaluatorInvalidArguments");
  EXPECT_EQ(select_error({400, "CSVParsingError", "x"}).code, "CSVParsingError");
}

}  // namespace
}  // namespace tarn::s3
