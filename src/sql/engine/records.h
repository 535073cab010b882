// Records of text files, as COPY and S3 Select read them: delimited, quoted, of fixed width, JSON documents. Pure: bytes come
// from a function, so a file of any size costs a buffer.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace tarn::sql::engine {

// Fills the buffer; the bytes read, 0 at the end.
using ByteSource = std::function<size_t(char* buffer, size_t size)>;

struct RecordFormat {
  enum class Kind : uint8_t { kDelimited, kCsv, kFixedWidth } kind = Kind::kCsv;
  std::string field_delimiter = ",", record_delimiter = "\n";  // with "\n", "\r\n" and "\r" end records too
  char quote = '"';                                            // 0: none
  char quote_escape = '"';
  bool backslash = false;  // kDelimited: the character behind a backslash is data
  bool remove_quotes = false;
  char comment = 0;  // a record that begins so is skipped
  bool quoted_record_delimiter = true;
  std::vector<int> widths;
};

struct Record {
  int64_t line = 0;  // 1-based, where it begins
  std::string text;  // as it stands in the file
  std::vector<std::string> fields;
  std::vector<bool> quoted;
};

class RecordReader {
 public:
  RecordReader(ByteSource source, RecordFormat format);
  // nullopt: no more.
  std::optional<Record> next();
  // The next JSON document: an object or array, whatever lies between; or, by lines, a line that is not empty.
  std::optional<Record> next_document(bool by_lines);
  uint64_t consumed() const { return consumed_; }  // bytes

 private:
  bool fill();
  // The byte `ahead` of here, -1 at the end.
  int peek(size_t ahead = 0);
  bool at(const std::string& text);
  void skip(size_t n);
  bool at_record_end(size_t& size);
  void read_delimited(Record& record);
  void read_field(std::string& field, bool& quoted);
  void read_fixed(Record& record);
  void take(std::string& field, size_t n = 1);
  void take_plain(std::string& field);

  ByteSource source_;
  RecordFormat format_;
  bool stops_[256] = {};  // bytes that may mean something
  std::string buffer_;
  size_t position_ = 0;
  bool ended_ = false;
  int64_t line_ = 1;
  uint64_t consumed_ = 0;
  std::string* raw_ = nullptr;
};

// bzip2, taken apart. Throws std::runtime_error for bytes that are none.
ByteSource bunzip2(ByteSource source);

}  // namespace tarn::sql::engine
