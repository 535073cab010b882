#include "services/s3/segments.h"

#include "services/s3/records.h"

namespace tarn::s3 {
namespace {

template <class K, class R>
Status each_of(Transaction& tx, const Table<K, R>& table, const std::function<void(const Segment&)>& found) {
  auto cursor = tx.cursor(table);
  for (; cursor.valid(); cursor.next())
    for (const R record = TRY(cursor.record()); const Segment& segment : record.segments) found(segment);
  return cursor.status();
}

}  // namespace

Status each_segment(Transaction& tx, const std::function<void(const Segment&)>& found) {
  TRY(each_of(tx, kObjects, found));
  return each_of(tx, kParts, found);
}

}  // namespace tarn::s3
