#include "sql/rows.h"

namespace tarn::sql {
namespace {

void append(SpoolColumn& column, const Cell& cell) {
  if (cell.null) return column.null();
  switch (cell.kind) {
    case CellKind::kBool: return column.boolean(cell.integer != 0);
    case CellKind::kInt: return column.integer(cell.integer);
    case CellKind::kDouble: return column.real(cell.real);
    default: return column.text(cell.text);
  }
}

}  // namespace

Status copy_rows(const SpoolReader& from, uint64_t first, uint64_t count, SpoolWriter& to) {
  const size_t columns = from.columns().size();
  for (uint64_t row = first; row < first + count;) {
    const SpoolPage page = TRY(from.page(from.page_of(row)));
    for (; row < first + count && row < page.first_row() + page.rows(); ++row) {
      for (size_t c = 0; c < columns; ++c)
        append(to.column(c), page.cell(static_cast<uint32_t>(row - page.first_row()), c));
      TRY(to.rows_added(1));
    }
  }
  return {};
}

}  // namespace tarn::sql
