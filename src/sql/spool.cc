#include "sql/spool.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "base/text.h"
#include "os/file.h"
#include "sql/protocol.h"

namespace tarn::sql {
namespace {

constexpr std::string_view kMagic = "TSPOOL1\n";
constexpr size_t kPageBytes = 512 * 1024;
constexpr uint64_t kPageRows = 16 * 1024;

template <class T>
void append(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class T>
bool take(std::string_view& in, T& value) {
  if (in.size() < sizeof value) return false;
  std::memcpy(&value, in.data(), sizeof value);
  in.remove_prefix(sizeof value);
  return true;
}

bool take_bytes(std::string_view& in, uint64_t size, std::string_view& bytes) {
  if (in.size() < size) return false;
  bytes = in.substr(0, size);
  in.remove_prefix(size);
  return true;
}

Failure broken() {
  return internal_failure("A spooled result is not whole.");
}

Status read_whole(int fd, char* bytes, size_t size, uint64_t offset) {
  if (TRY(read_at(fd, offset, std::span(bytes, size), "a spooled result")) != size) return broken();
  return {};
}

size_t width(CellKind kind) {
  return kind == CellKind::kBool ? 1 : kind == CellKind::kInt || kind == CellKind::kDouble ? 8 : 4;
}

}  // namespace

std::string Cell::as_text() const {
  switch (kind) {
    case CellKind::kBool: return integer ? "true" : "false";
    case CellKind::kInt: return std::to_string(integer);
    case CellKind::kDouble: return double_text(real);
    default: return std::string(text);
  }
}

void SpoolColumn::mark(bool valid) {
  if (rows_ % 8 == 0) valid_ += '\0';
  if (valid) valid_.back() = static_cast<char>(valid_.back() | (1 << (rows_ % 8)));
  ++rows_;
}

void SpoolColumn::null() {
  mark(false);
  if (width(kind_) == 4) {
    append(fixed_, static_cast<uint32_t>(bytes_.size()));
  } else {
    fixed_.append(width(kind_), '\0');
  }
}

void SpoolColumn::boolean(bool value) {
  mark(true);
  fixed_ += value ? '\1' : '\0';
}

void SpoolColumn::integer(int64_t value) {
  mark(true);
  append(fixed_, value);
}

void SpoolColumn::real(double value) {
  mark(true);
  append(fixed_, value);
}

void SpoolColumn::text(std::string_view value) {
  mark(true);
  bytes_ += value;
  append(fixed_, static_cast<uint32_t>(bytes_.size()));
}

SpoolWriter::SpoolWriter(int fd, std::vector<ResultColumn> columns, const std::vector<CellKind>& kinds,
                         uint64_t max_bytes)
    : fd_(fd), max_bytes_(max_bytes), described_(std::move(columns)) {
  for (const CellKind kind : kinds) columns_.emplace_back(kind);
}

Status SpoolWriter::write(std::string_view bytes) {
  if (max_bytes_ != 0 && written_ + bytes.size() > max_bytes_) {
    return Failure(Error{400,
                         "SqlError",
                         "The result is larger than the limit of " + std::to_string(max_bytes_) + " bytes.",
                         {{"sqlstate", "54000"}}});
  }
  written_ += bytes.size();
  return write_all(fd_, bytes, "a spooled result");
}

Status SpoolWriter::rows_added(uint64_t n) {
  rows_ += n;
  in_page_ += n;
  size_t size = 0;
  for (const SpoolColumn& column : columns_) size += column.size();
  if (size >= kPageBytes || in_page_ >= kPageRows) return write_page();
  return {};
}

Status SpoolWriter::write_page() {
  if (!begun_) TRY(write(kMagic));
  begun_ = true;
  if (in_page_ == 0) return {};
  std::string page;
  for (SpoolColumn& column : columns_) {
    append(page, column.kind_);
    append(page, static_cast<uint64_t>(column.bytes_.size()));
    page += column.valid_;
    page += column.fixed_;
    page += column.bytes_;
    column = SpoolColumn(column.kind_);
  }
  pages_.push_back({written_, page.size(), rows_ - in_page_, static_cast<uint32_t>(in_page_)});
  in_page_ = 0;
  return write(page);
}

Status SpoolWriter::finish() {
  TRY(write_page());
  std::string footer;
  append(footer, static_cast<uint32_t>(columns_.size()));
  for (const SpoolColumn& column : columns_) append(footer, column.kind_);
  append(footer, static_cast<uint32_t>(pages_.size()));
  for (const Page& page : pages_) {
    append(footer, page.offset);
    append(footer, page.length);
    append(footer, page.first_row);
    append(footer, page.rows);
  }
  append(footer, rows_);
  footer += encoded(described_);
  const auto length = static_cast<uint32_t>(footer.size());
  append(footer, length);
  footer += kMagic;
  max_bytes_ = 0;
  return write(footer);
}

Result<SpoolReader> SpoolReader::open(int fd) {
  SpoolReader reader;
  reader.fd_ = fd;
  const off_t end = ::lseek(fd, 0, SEEK_END);
  char tail[sizeof(uint32_t) + 8];
  if (end < static_cast<off_t>(sizeof tail + kMagic.size())) return broken();
  TRY(read_whole(fd, tail, sizeof tail, static_cast<uint64_t>(end) - sizeof tail));
  uint32_t length;
  std::memcpy(&length, tail, sizeof length);
  if (std::string_view(tail + 4, 8) != kMagic || length > static_cast<uint64_t>(end) - sizeof tail) return broken();
  std::string footer(length, '\0');
  TRY(read_whole(fd, footer.data(), length, static_cast<uint64_t>(end) - sizeof tail - length));

  std::string_view in = footer;
  uint32_t count = 0;
  if (!take(in, count) || count > in.size()) return broken();
  reader.kinds_.resize(count);
  for (CellKind& kind : reader.kinds_) take(in, kind);
  if (!take(in, count) || count > in.size()) return broken();
  reader.pages_.resize(count);
  for (Page& page : reader.pages_) {
    if (!take(in, page.offset) || !take(in, page.length) || !take(in, page.first_row) || !take(in, page.rows)) {
      return broken();
    }
  }
  if (!take(in, reader.rows_)) return broken();
  reader.columns_ = decoded<std::vector<ResultColumn>>(in);
  if (reader.columns_.size() != reader.kinds_.size()) return broken();
  return reader;
}

size_t SpoolReader::page_of(uint64_t row) const {
  const auto after = std::upper_bound(pages_.begin(), pages_.end(), row,
                                      [](uint64_t wanted, const Page& page) { return wanted < page.first_row; });
  return static_cast<size_t>(after - pages_.begin()) - 1;
}

Result<SpoolPage> SpoolReader::page(size_t index) const {
  const Page& at = pages_[index];
  SpoolPage page;
  page.rows_ = at.rows;
  page.first_row_ = at.first_row;
  page.data_.resize(at.length);
  TRY(read_whole(fd_, page.data_.data(), at.length, at.offset));
  std::string_view in(page.data_.data(), page.data_.size());
  for (size_t i = 0; i < kinds_.size(); ++i) {
    SpoolPage::Column column{};
    uint64_t bytes = 0;
    if (!take(in, column.kind) || !take(in, bytes) || !take_bytes(in, (at.rows + 7) / 8, column.valid) ||
        !take_bytes(in, at.rows * width(column.kind), column.fixed) || !take_bytes(in, bytes, column.bytes)) {
      return broken();
    }
    page.columns_.push_back(column);
  }
  return page;
}

Cell SpoolPage::cell(uint32_t row, size_t index) const {
  const Column& column = columns_[index];
  Cell cell;
  cell.kind = column.kind;
  cell.null = (column.valid[row / 8] & (1 << (row % 8))) == 0;
  if (cell.null) return cell;
  switch (column.kind) {
    case CellKind::kBool: cell.integer = column.fixed[row]; break;
    case CellKind::kInt: std::memcpy(&cell.integer, column.fixed.data() + row * 8, 8); break;
    case CellKind::kDouble: std::memcpy(&cell.real, column.fixed.data() + row * 8, 8); break;
    default: {
      uint32_t from = 0, to = 0;
      if (row > 0) std::memcpy(&from, column.fixed.data() + (row - 1) * 4, 4);
      std::memcpy(&to, column.fixed.data() + row * 4, 4);
      if (from <= to && to <= column.bytes.size()) cell.text = column.bytes.substr(from, to - from);
    }
  }
  return cell;
}

}  // namespace tarn::sql
