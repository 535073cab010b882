// Partition projection: partitions that the table's properties describe, without any in the catalog.
// AWS: Partition projection with Amazon Athena.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "sql/engine/catalog.h"

namespace tarn::sql::engine {

class Projection {
 public:
  // nullptr: the table's partitions are those of the catalog. Throws by raise_sql for properties that make no sense.
  static std::shared_ptr<const Projection> of(const TableSnapshot& table, Time now);

  // The column's values must be given by the query.
  bool injected(size_t column) const { return columns_[column].kind == Kind::kInjected; }
  // The values of a column that is not injected, as text. Throws when they are too many.
  std::vector<std::string> values(size_t column) const;
  // Where the partition of these values lies.
  std::string location(const std::vector<std::string>& values) const;
  size_t columns() const { return columns_.size(); }
  const std::string& name(size_t column) const { return columns_[column].name; }

 private:
  enum class Kind : uint8_t { kEnum, kInteger, kDate, kInjected };
  enum class Unit : uint8_t { kYears, kMonths, kWeeks, kDays, kHours, kMinutes, kSeconds };
  struct Column {
    std::string name;
    Kind kind = Kind::kEnum;
    std::vector<std::string> values;       // kEnum
    int64_t from = 0, to = 0, step = 1;    // kInteger; of kDate microseconds
    int digits = 0;
    std::string format;                    // kDate
    Unit unit = Unit::kDays;
  };
  Column column(const TableSnapshot& table, const std::string& name, Time now) const;
  void date_range(Column& column, const std::string& range, Time now) const;

  std::vector<Column> columns_;
  std::string template_;
};

// Java's date patterns, as far as partitions are named by them: y M d H m s, quoted text, and what stands between.
std::string java_date(std::string_view format, Time time);
std::optional<Time> parse_java_date(std::string_view format, std::string_view text);

}  // namespace tarn::sql::engine
