#include "sql/engine/records.h"

#include <bzlib.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace tarn::sql::engine {
namespace {

constexpr size_t kBlock = 1 << 20;

}  // namespace

RecordReader::RecordReader(ByteSource source, RecordFormat format)
    : source_(std::move(source)), format_(std::move(format)) {
  const auto stop = [this](char c) { stops_[static_cast<unsigned char>(c)] = true; };
  for (const char c : {'\n', '\r', '\\', '"', '\'', format_.quote, format_.quote_escape}) stop(c);
  if (!format_.field_delimiter.empty()) stop(format_.field_delimiter[0]);
  if (!format_.record_delimiter.empty()) stop(format_.record_delimiter[0]);
}

bool RecordReader::fill() {
  if (ended_) return false;
  buffer_.erase(0, position_);
  position_ = 0;
  const size_t before = buffer_.size();
  buffer_.resize(before + kBlock);
  const size_t n = source_(buffer_.data() + before, kBlock);
  buffer_.resize(before + n);
  ended_ = n == 0;
  return n > 0;
}

int RecordReader::peek(size_t ahead) {
  while (position_ + ahead >= buffer_.size()) {
    if (!fill()) return -1;
  }
  return static_cast<unsigned char>(buffer_[position_ + ahead]);
}

bool RecordReader::at(const std::string& text) {
  if (text.empty()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (peek(i) != static_cast<unsigned char>(text[i])) return false;
  }
  return true;
}

void RecordReader::skip(size_t n) {
  const char* const from = buffer_.data() + position_;
  line_ += std::count(from, from + n, '\n');
  if (raw_) raw_->append(from, n);
  position_ += n;
  consumed_ += n;
}

// Bytes that no rule looks at go in one piece.
void RecordReader::take_plain(std::string& field) {
  size_t end = position_;
  while (end < buffer_.size() && !stops_[static_cast<unsigned char>(buffer_[end])]) ++end;
  if (end > position_) take(field, end - position_);
}

void RecordReader::take(std::string& field, size_t n) {
  field.append(buffer_, position_, n);
  skip(n);
}

bool RecordReader::at_record_end(size_t& size) {
  if (format_.record_delimiter != "\n") {
    size = format_.record_delimiter.size();
    return at(format_.record_delimiter);
  }
  const int c = peek();
  if (c == '\n') {
    size = 1;
    return true;
  }
  if (c != '\r') return false;
  size = peek(1) == '\n' ? 2 : 1;
  return true;
}

void RecordReader::read_field(std::string& field, bool& quoted) {
  size_t size = 0;
  const bool csv = format_.kind == RecordFormat::Kind::kCsv;
  const int first = peek();
  const bool opens = csv ? format_.quote && first == static_cast<unsigned char>(format_.quote)
                         : format_.remove_quotes && (first == '"' || first == '\'');
  if (opens) {
    const int mark = first;
    quoted = true;
    skip(1);
    for (int c = peek(); c >= 0; c = peek()) {
      take_plain(field);
      c = peek();
      if (c < 0) break;
      if (!format_.quoted_record_delimiter && at_record_end(size)) return;
      if (csv && c == static_cast<unsigned char>(format_.quote_escape) && peek(1) >= 0 &&
          (peek(1) == mark ||
           (format_.quote_escape != format_.quote && peek(1) == static_cast<unsigned char>(format_.quote_escape)))) {
        skip(1);
        take(field);
      } else if (c == mark) {
        skip(1);
        break;
      } else {
        take(field);
      }
    }
  }
  // What follows a closing quote up to the delimiter is data as well.
  for (;;) {
    take_plain(field);
    if (peek() < 0 || at(format_.field_delimiter) || at_record_end(size)) return;
    if (format_.backslash && peek() == '\\' && peek(1) >= 0) {
      skip(1);
      if (peek() == 'n') {
        field += '\n';
        skip(1);
      } else if (peek() == 'N' && field.empty()) {
        field += "\\";
        take(field);  // \N is the mark of NULL, not an escaped N
      } else {
        take(field);
      }
    } else {
      take(field);
    }
  }
}

void RecordReader::read_delimited(Record& record) {
  for (;;) {
    std::string field;
    bool quoted = false;
    read_field(field, quoted);
    record.fields.push_back(std::move(field));
    record.quoted.push_back(quoted);
    if (!at(format_.field_delimiter)) return;
    skip(format_.field_delimiter.size());
  }
}

void RecordReader::read_fixed(Record& record) {
  size_t size = 0;
  for (const int width : format_.widths) {
    std::string field;
    for (int i = 0; i < width && peek() >= 0 && !at_record_end(size); ++i) {
      take(field);
      while (peek() >= 0 && (peek() & 0xC0) == 0x80) take(field);
    }
    record.fields.push_back(std::move(field));
    record.quoted.push_back(false);
  }
  while (peek() >= 0 && !at_record_end(size)) skip(1);
}

std::optional<Record> RecordReader::next() {
  size_t size = 0;
  while (format_.comment && peek() == static_cast<unsigned char>(format_.comment)) {
    while (peek() >= 0 && !at_record_end(size)) skip(1);
    if (at_record_end(size)) skip(size);
  }
  if (peek() < 0) return std::nullopt;
  Record record;
  record.line = line_;
  raw_ = &record.text;
  if (format_.kind == RecordFormat::Kind::kFixedWidth) {
    read_fixed(record);
  } else {
    read_delimited(record);
  }
  raw_ = nullptr;
  if (peek() >= 0 && at_record_end(size)) skip(size);
  return record;
}

std::optional<Record> RecordReader::next_document(bool by_lines) {
  while (peek() >= 0 && (std::isspace(peek()) || peek() == ',')) skip(1);
  if (peek() < 0) return std::nullopt;
  Record record;
  record.line = line_;
  raw_ = &record.text;
  if (by_lines) {
    while (peek() >= 0 && peek() != '\n') skip(1);
  } else {
    int depth = 0;
    bool inside = false;
    while (peek() >= 0) {
      const int c = peek();
      if (inside) {
        if (c == '\\') skip(1);
        if (c == '"') inside = false;
      } else if (c == '"') {
        inside = true;
      } else if (c == '{' || c == '[') {
        ++depth;
      } else if (c == '}' || c == ']') {
        --depth;
      } else if (depth == 0 && std::isspace(c)) {
        break;
      }
      if (peek() >= 0) skip(1);
      if (depth == 0 && (c == '}' || c == ']')) break;
    }
  }
  raw_ = nullptr;
  return record;
}

// --- bzip2 -----------------------------------------------------------------------------------------------------------------

namespace {

class Bunzip {
 public:
  explicit Bunzip(ByteSource source) : source_(std::move(source)), input_(kBlock, '\0') {
    start();
  }
  ~Bunzip() { BZ2_bzDecompressEnd(&stream_); }
  Bunzip(const Bunzip&) = delete;

  size_t read(char* buffer, size_t size) {
    stream_.next_out = buffer;
    stream_.avail_out = static_cast<unsigned>(size);
    while (stream_.avail_out > 0) {
      if (stream_.avail_in == 0) {
        const size_t n = source_(input_.data(), input_.size());
        stream_.next_in = input_.data();
        stream_.avail_in = static_cast<unsigned>(n);
        if (n == 0) {
          if (!whole_) throw std::runtime_error("the bzip2 data is cut short");
          break;
        }
      }
      if (whole_) {  // several streams in one file
        char* const next = stream_.next_in;
        const unsigned left = stream_.avail_in;
        char* const out = stream_.next_out;
        const unsigned room = stream_.avail_out;
        BZ2_bzDecompressEnd(&stream_);
        start();
        stream_.next_in = next;
        stream_.avail_in = left;
        stream_.next_out = out;
        stream_.avail_out = room;
      }
      const int result = BZ2_bzDecompress(&stream_);
      whole_ = result == BZ_STREAM_END;
      if (result < 0) throw std::runtime_error("the data is not bzip2");
    }
    return size - stream_.avail_out;
  }

 private:
  void start() {
    std::memset(&stream_, 0, sizeof stream_);
    BZ2_bzDecompressInit(&stream_, 0, 0);
    whole_ = false;
  }

  ByteSource source_;
  std::string input_;
  bz_stream stream_{};
  bool whole_ = false;
};

}  // namespace

ByteSource bunzip2(ByteSource source) {
  auto state = std::make_shared<Bunzip>(std::move(source));
  return [state](char* buffer, size_t size) { return state->read(buffer, size); };
}

}  // namespace tarn::sql::engine
