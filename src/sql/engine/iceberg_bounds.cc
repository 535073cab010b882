#include "sql/engine/iceberg_bounds.h"

#include <cstring>

#include "base/text.h"
#include "base/time.h"
#include "duckdb/planner/table_filter.hpp"
#include "duckdb/storage/statistics/base_statistics.hpp"
#include "duckdb/storage/statistics/numeric_stats.hpp"
#include "duckdb/storage/statistics/string_stats.hpp"
#include "sql/decimal.h"
#include "sql/engine/iceberg_scan.h"

namespace tarn::sql::engine {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::Value;

bool is_moment(const LogicalType& type) {
  return type.id() == LogicalTypeId::TIMESTAMP || type.id() == LogicalTypeId::TIMESTAMP_TZ;
}

// A number of Iceberg's as a value of the type: days, microseconds, or itself; NULL: of another type.
Value of_number(int64_t number, const LogicalType& type) {
  switch (type.id()) {
    case LogicalTypeId::INTEGER: return Value::INTEGER(static_cast<int32_t>(number));
    case LogicalTypeId::BIGINT: return Value::BIGINT(number);
    case LogicalTypeId::DATE: return Value::DATE(duckdb::date_t(static_cast<int32_t>(number)));
    case LogicalTypeId::TIMESTAMP: return Value::TIMESTAMP(duckdb::timestamp_t(number));
    case LogicalTypeId::TIMESTAMP_TZ: return Value::TIMESTAMPTZ(duckdb::timestamp_tz_t(number));
    default: return Value(type);
  }
}

Value of_decimal(const std::string& bytes, const LogicalType& type) {
  if (bytes.empty() || bytes.size() > 16) return Value(type);
  const __int128 unscaled = from_big_endian(bytes);
  const duckdb::hugeint_t huge(static_cast<int64_t>(unscaled >> 64), static_cast<uint64_t>(unscaled));
  return Value::DECIMAL(huge, duckdb::DecimalType::GetWidth(type), duckdb::DecimalType::GetScale(type));
}

// Also of a column that was a float and is a double.
Value of_float(const std::string& bytes, const LogicalType& type) {
  if (bytes.size() == sizeof(float)) {
    float narrow = 0;
    std::memcpy(&narrow, bytes.data(), sizeof narrow);
    return Value::FLOAT(narrow).DefaultCastAs(type);
  }
  if (bytes.size() != sizeof(double) || type.id() != LogicalTypeId::DOUBLE) return Value(type);
  double wide = 0;
  std::memcpy(&wide, bytes.data(), sizeof wide);
  return Value::DOUBLE(wide);
}

// Days since 1970 of the first of the month.
int64_t first_day(int64_t months) {
  const int64_t year = months >= 0 ? months / 12 : -((-months + 11) / 12);
  return from_civil(static_cast<int>(1970 + year), static_cast<int>(months - year * 12 + 1), 1).micros / kDay;
}

// [first, next) in the transform's unit as bounds of the column.
ColumnBounds::Bound period(int64_t first, int64_t next, Micros unit, const LogicalType& type) {
  if (is_moment(type)) return {of_number(first * unit, type), of_number(next * unit - 1, type)};
  return {of_number(first, type), of_number(next - 1, type)};
}

ColumnBounds::Bound of_partition(const iceberg::PartitionField& field, const Json& value, const LogicalType& type) {
  const std::string& transform = field.transform;
  if (transform == "identity") {
    Value constant(type);
    if (value.is_number())
      constant = of_number(value.as_int(), type);
    else if (value.is_string() && type.id() == LogicalTypeId::VARCHAR)
      constant = Value(value.as_string());
    else if (value.is_bool())
      constant = Value::BOOLEAN(value.as_bool());
    const bool known = value.is_null() || !constant.IsNull();
    return {constant, constant, known, known && !value.is_null(), value.is_null()};
  }
  if (!value.is_number()) return {Value(type), Value(type)};
  const int64_t n = value.as_int();
  if (transform == "day") return period(n, n + 1, kDay, type);
  if (transform == "hour" && is_moment(type)) return period(n, n + 1, kHour, type);
  if (transform == "month") return period(first_day(n), first_day(n + 1), kDay, type);
  if (transform == "year") return period(first_day(n * 12), first_day((n + 1) * 12), kDay, type);
  if (transform.starts_with("truncate[")) {
    const auto width = parse_int(std::string_view(transform).substr(9, transform.size() - 10)).value_or(0);
    if (type.id() == LogicalTypeId::INTEGER || type.id() == LogicalTypeId::BIGINT)
      return {of_number(n, LogicalType::BIGINT).DefaultCastAs(type), Value::BIGINT(n + width - 1)};
  }
  return {Value(type), Value(type)};
}

// The value of a column in a list of pairs.
const Json* pair_value(const Json& pairs, int id) {
  for (const Json& pair : pairs.items())
    if (pair["key"].as_int() == id) return &pair["value"];
  return nullptr;
}

bool rules_out(const duckdb::TableFilter& filter, duckdb::BaseStatistics& statistics) {
  return const_cast<duckdb::TableFilter&>(filter).CheckStatistics(statistics) ==
         duckdb::FilterPropagateResult::FILTER_ALWAYS_FALSE;
}

}  // namespace

Value value_of_bound(const std::string& bytes, const LogicalType& type) {
  if (type.id() == LogicalTypeId::VARCHAR) return valid_utf8(bytes) ? Value(bytes) : Value(type);
  if (type.id() == LogicalTypeId::DECIMAL) return of_decimal(bytes, type);
  if (type.IsFloating()) return of_float(bytes, type);
  int64_t number = 0;
  if (bytes.size() == 4) {  // also of a column that was an int and is a long
    int32_t narrow = 0;
    std::memcpy(&narrow, bytes.data(), 4);
    number = narrow;
  } else if (bytes.size() == 8) {
    std::memcpy(&number, bytes.data(), 8);
  } else {
    return Value(type);
  }
  return of_number(number, type);
}

ColumnBounds bounds_of(const iceberg::Entry& entry, const Json& spec, const std::vector<iceberg::Field>& fields) {
  ColumnBounds bounds;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (!fields[i].type.is_string()) continue;
    const auto known = [&](const char* name) { return pair_value(entry.file[name], fields[i].id); };
    const Json *least = known("lower_bounds"), *most = known("upper_bounds"), *nans = known("nan_value_counts");
    const Json *values = known("value_counts"), *nulls = known("null_value_counts");
    const LogicalType type = iceberg_type(fields[i].type);
    ColumnBounds::Bound bound{Value(type), Value(type)};
    // NaN is in no bounds, and is more than all numbers to the engine.
    const bool all_numbers = !type.IsFloating() || (nans && nans->as_int(-1) == 0);
    if (least && most && all_numbers) {
      bound.least = value_of_bound(least->as_string(), type);
      bound.most = value_of_bound(most->as_string(), type);
    }
    bound.no_nulls = nulls && nulls->as_int(-1) == 0;
    bound.only_nulls = nulls && values && nulls->as_int() == values->as_int() && nulls->as_int() == entry.rows();
    bounds.add(i, std::move(bound));
  }
  for (const iceberg::PartitionField& field : iceberg::partition_fields(spec)) {
    for (size_t i = 0; i < fields.size(); ++i) {
      if (fields[i].id != field.source_id) continue;
      ColumnBounds::Bound bound = of_partition(field, entry.partition()[field.name], iceberg_type(fields[i].type));
      const ColumnBounds::Bound* columns = bounds.find(i);
      const bool known = bound.constant || (!bound.least.IsNull() && !bound.most.IsNull());
      const bool better = !columns || (!columns->constant && (bound.constant || columns->least.IsNull()));
      if (known && better) bounds.add(i, std::move(bound));
    }
  }
  return bounds;
}

bool excludes(const ColumnBounds& bounds, size_t column, const LogicalType& type, const duckdb::TableFilter& filter) {
  const ColumnBounds::Bound* bound = bounds.find(column);
  if (!bound) return false;
  const bool known = !bound->least.IsNull() && !bound->most.IsNull();
  if (!known && !bound->no_nulls && !bound->only_nulls) return false;
  const bool text = type.id() == LogicalTypeId::VARCHAR;
  if (!text && !type.IsNumeric() && !is_moment(type) && type.id() != LogicalTypeId::DATE) return false;
  if (!known) {
    auto statistics = duckdb::BaseStatistics::CreateUnknown(type);
    statistics.Set(bound->no_nulls ? duckdb::StatsInfo::CANNOT_HAVE_NULL_VALUES
                                   : duckdb::StatsInfo::CANNOT_HAVE_VALID_VALUES);
    return rules_out(filter, statistics);
  }
  auto statistics = text ? duckdb::StringStats::CreateEmpty(type) : duckdb::NumericStats::CreateEmpty(type);
  if (text) {
    duckdb::StringStats::Update(statistics, duckdb::string_t(duckdb::StringValue::Get(bound->least)));
    duckdb::StringStats::Update(statistics, duckdb::string_t(duckdb::StringValue::Get(bound->most)));
  } else {
    duckdb::NumericStats::SetMin(statistics, bound->least.DefaultCastAs(type));
    duckdb::NumericStats::SetMax(statistics, bound->most.DefaultCastAs(type));
  }
  statistics.Set(duckdb::StatsInfo::CAN_HAVE_NULL_AND_VALID_VALUES);
  if (bound->no_nulls) statistics.Set(duckdb::StatsInfo::CANNOT_HAVE_NULL_VALUES);
  return rules_out(filter, statistics);
}

}  // namespace tarn::sql::engine
