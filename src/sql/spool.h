// Spool: a result set in a file, in typed pages, written by an engine process and read by the server.
//
//   "TSPOOL1\n" page* footer u32(footer's length) "TSPOOL1\n"
// A page holds some thousand rows, column by column; the footer has the columns and each page's place. Any row is found
// without reading others, so a result of any size costs a reader one page of memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/engine_client.h"

namespace tarn::sql {

enum class CellKind : uint8_t {
  kBool,
  kInt,  // 64 bits
  kDouble,
  kText,     // as the dialect prints it (dates, times, intervals ..)
  kDecimal,  // digits as text
  kJson,     // a JSON text (SUPER, nested values)
  kBytes,
};

// One value. `text` lives as long as its page.
struct Cell {
  bool null = true;
  CellKind kind = CellKind::kText;
  int64_t integer = 0;  // kInt; 0 or 1 of kBool
  double real = 0;
  std::string_view text;
  // As the dialect's text: integers in digits, doubles in their shortest form, bools "true" and "false".
  std::string as_text() const;
};

// Values of one column of the page that is being written.
class SpoolColumn {
 public:
  explicit SpoolColumn(CellKind kind) : kind_(kind) {}
  CellKind kind() const { return kind_; }
  void null();
  void boolean(bool value);
  void integer(int64_t value);
  void real(double value);
  void text(std::string_view value);  // kText, kDecimal, kJson, kBytes

 private:
  friend class SpoolWriter;
  void mark(bool valid);
  size_t size() const { return fixed_.size() + bytes_.size(); }

  CellKind kind_;
  uint32_t rows_ = 0;
  std::string valid_;  // one bit a row
  std::string fixed_;  // 1 or 8 bytes a row, or 4: where the row's bytes end
  std::string bytes_;
};

class SpoolWriter {
 public:
  // Writes at the descriptor's position; it stays the caller's. `max_bytes` 0: no limit.
  SpoolWriter(int fd, std::vector<ResultColumn> columns, const std::vector<CellKind>& kinds, uint64_t max_bytes = 0);
  SpoolColumn& column(size_t index) { return columns_[index]; }
  // Says that `n` more rows stand in every column; writes a page when there are enough.
  // ERRORS: "SqlError" with sqlstate 54000 beyond max_bytes; a failed write.
  Status rows_added(uint64_t n);
  Status finish();
  uint64_t rows() const { return rows_; }
  uint64_t bytes() const { return written_; }

 private:
  struct Page {
    uint64_t offset, length, first_row;
    uint32_t rows;
  };
  Status write_page();
  Status write(std::string_view bytes);

  int fd_;
  uint64_t max_bytes_;
  std::vector<ResultColumn> described_;
  std::vector<SpoolColumn> columns_;
  std::vector<Page> pages_;
  uint64_t written_ = 0, rows_ = 0, in_page_ = 0;
  bool begun_ = false;
};

class SpoolPage {
 public:
  uint32_t rows() const { return rows_; }
  uint64_t first_row() const { return first_row_; }
  // REQUIRES: row < rows(), counted within the page; column < the spool's columns.
  Cell cell(uint32_t row, size_t column) const;

 private:
  friend class SpoolReader;
  struct Column {
    CellKind kind;
    std::string_view valid, fixed, bytes;
  };
  std::vector<char> data_;  // a vector: the views below must survive a move
  std::vector<Column> columns_;
  uint32_t rows_ = 0;
  uint64_t first_row_ = 0;
};

// THREADS: const functions from any thread (reads with pread).
class SpoolReader {
 public:
  // The descriptor stays the caller's and must live as long. ERRORS: InternalFailure where it is no whole spool.
  static Result<SpoolReader> open(int fd);
  const std::vector<ResultColumn>& columns() const { return columns_; }
  const std::vector<CellKind>& kinds() const { return kinds_; }
  uint64_t rows() const { return rows_; }
  size_t pages() const { return pages_.size(); }
  Result<SpoolPage> page(size_t index) const;
  // The page that holds the row. REQUIRES: row < rows().
  size_t page_of(uint64_t row) const;

 private:
  struct Page {
    uint64_t offset, length, first_row;
    uint32_t rows;
  };
  int fd_ = -1;
  std::vector<ResultColumn> columns_;
  std::vector<CellKind> kinds_;
  std::vector<Page> pages_;
  uint64_t rows_ = 0;
};

}  // namespace tarn::sql
