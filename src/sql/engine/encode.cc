#include "sql/engine/encode.h"

#include "sql/engine/catalog_arrays.h"
#include "sql/engine/date_format.h"
#include "sql/engine/errors.h"
#include "sql/engine/functions.h"
#include "sql/engine/session_state.h"

namespace tarn::sql::engine {
namespace {

using duckdb::DataChunk;
using duckdb::idx_t;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::string_t;
using duckdb::UnifiedVectorFormat;
using duckdb::Vector;

std::string redshift_name(const LogicalType& type) {
  if (is_catalog_array(type)) return type.GetAlias();
  if (type.id() == LogicalTypeId::VARCHAR && type.HasAlias() && type.GetAlias() == kByteaAlias) return kByteaAlias;
  if (is_super(type) || is_nested(type)) return "super";
  if (is_geometry(type)) return "geometry";
  switch (type.id()) {
    case LogicalTypeId::BOOLEAN: return "bool";
    case LogicalTypeId::TINYINT:
    case LogicalTypeId::UTINYINT:
    case LogicalTypeId::SMALLINT: return "int2";
    case LogicalTypeId::USMALLINT:
    case LogicalTypeId::INTEGER: return "int4";
    case LogicalTypeId::UINTEGER:
    case LogicalTypeId::BIGINT: return "int8";
    case LogicalTypeId::UBIGINT:
    case LogicalTypeId::HUGEINT:
    case LogicalTypeId::UHUGEINT:
    case LogicalTypeId::DECIMAL: return "numeric";
    case LogicalTypeId::FLOAT: return "float4";
    case LogicalTypeId::DOUBLE: return "float8";
    case LogicalTypeId::DATE: return "date";
    case LogicalTypeId::TIME: return "time";
    case LogicalTypeId::TIME_TZ: return "timetz";
    case LogicalTypeId::TIMESTAMP:
    case LogicalTypeId::TIMESTAMP_SEC:
    case LogicalTypeId::TIMESTAMP_MS:
    case LogicalTypeId::TIMESTAMP_NS: return "timestamp";
    case LogicalTypeId::TIMESTAMP_TZ: return "timestamptz";
    case LogicalTypeId::INTERVAL: return "interval";
    case LogicalTypeId::BLOB: return "varbyte";
    default: return "varchar";
  }
}

const char* athena_name(const LogicalType& type) {
  switch (type.id()) {
    case LogicalTypeId::BOOLEAN: return "boolean";
    case LogicalTypeId::TINYINT: return "tinyint";
    case LogicalTypeId::SMALLINT: return "smallint";
    case LogicalTypeId::INTEGER: return "integer";
    case LogicalTypeId::UBIGINT:
    case LogicalTypeId::BIGINT: return "bigint";
    case LogicalTypeId::HUGEINT:
    case LogicalTypeId::DECIMAL: return "decimal";
    case LogicalTypeId::FLOAT: return "float";
    case LogicalTypeId::DOUBLE: return "double";
    case LogicalTypeId::DATE: return "date";
    case LogicalTypeId::TIME: return "time";
    case LogicalTypeId::TIMESTAMP: return "timestamp";
    case LogicalTypeId::TIMESTAMP_TZ: return "timestamp with time zone";
    case LogicalTypeId::BLOB: return "varbinary";
    case LogicalTypeId::LIST: return "array";
    case LogicalTypeId::STRUCT: return "row";
    case LogicalTypeId::MAP: return "map";
    default: return is_super(type) ? "json" : "varchar";
  }
}

void set_sizes(ResultColumn& column, const LogicalType& type) {
  switch (type.id()) {
    case LogicalTypeId::DECIMAL:
      column.precision = duckdb::DecimalType::GetWidth(type);
      column.scale = duckdb::DecimalType::GetScale(type);
      break;
    case LogicalTypeId::HUGEINT:
    case LogicalTypeId::UBIGINT:
    case LogicalTypeId::UHUGEINT: column.precision = 38; break;
    case LogicalTypeId::BOOLEAN: column.precision = 1; break;
    case LogicalTypeId::TINYINT:
    case LogicalTypeId::SMALLINT: column.precision = 5; break;
    case LogicalTypeId::INTEGER: column.precision = 10; break;
    case LogicalTypeId::BIGINT: column.precision = 19; break;
    case LogicalTypeId::FLOAT:
      column.precision = 8;
      column.scale = 8;
      break;
    case LogicalTypeId::DOUBLE:
      column.precision = 17;
      column.scale = 17;
      break;
    case LogicalTypeId::DATE: column.precision = 13; break;
    case LogicalTypeId::TIMESTAMP:
      column.precision = 29;
      column.scale = 6;
      break;
    case LogicalTypeId::TIMESTAMP_TZ:
      column.precision = 35;
      column.scale = 6;
      break;
    case LogicalTypeId::VARCHAR: column.length = column.precision = 65535; break;
    default: break;
  }
}

template <class T, class Put>
void each(const UnifiedVectorFormat& format, idx_t rows, SpoolColumn& column, Put put) {
  const T* values = UnifiedVectorFormat::GetData<T>(format);
  for (idx_t row = 0; row < rows; ++row) {
    const idx_t at = format.sel->get_index(row);
    if (format.validity.RowIsValid(at)) {
      put(values[at]);
    } else {
      column.null();
    }
  }
}

template <class T>
void integers(const UnifiedVectorFormat& format, idx_t rows, SpoolColumn& column) {
  each<T>(format, rows, column, [&](T value) { column.integer(static_cast<int64_t>(value)); });
}

void encode_column(duckdb::ClientContext& context, Vector& vector, idx_t rows, SpoolColumn& column) {
  const LogicalType& type = vector.GetType();
  UnifiedVectorFormat format;
  switch (column.kind()) {
    case CellKind::kBool:
      vector.ToUnifiedFormat(rows, format);
      return each<bool>(format, rows, column, [&](bool value) { column.boolean(value); });
    case CellKind::kInt:
      vector.ToUnifiedFormat(rows, format);
      switch (type.InternalType()) {
        case duckdb::PhysicalType::INT8: return integers<int8_t>(format, rows, column);
        case duckdb::PhysicalType::UINT8: return integers<uint8_t>(format, rows, column);
        case duckdb::PhysicalType::INT16: return integers<int16_t>(format, rows, column);
        case duckdb::PhysicalType::UINT16: return integers<uint16_t>(format, rows, column);
        case duckdb::PhysicalType::INT32: return integers<int32_t>(format, rows, column);
        case duckdb::PhysicalType::UINT32: return integers<uint32_t>(format, rows, column);
        default: return integers<int64_t>(format, rows, column);
      }
    case CellKind::kDouble:
      vector.ToUnifiedFormat(rows, format);
      if (type.id() == LogicalTypeId::FLOAT) {
        return each<float>(format, rows, column, [&](float value) { column.real(static_cast<double>(value)); });
      }
      return each<double>(format, rows, column, [&](double value) { column.real(value); });
    default: break;
  }
  const auto text = [&](string_t value) { column.text({value.GetData(), value.GetSize()}); };
  if (type.InternalType() == duckdb::PhysicalType::VARCHAR && !is_geometry(type)) {
    vector.ToUnifiedFormat(rows, format);
    return each<string_t>(format, rows, column, text);
  }
  if (is_catalog_array(type)) {
    for (idx_t row = 0; row < rows; ++row) {
      const duckdb::Value value = vector.GetValue(row);
      value.IsNull() ? column.null() : column.text(array_text(value));
    }
    return;
  }
  Vector converted(is_nested(type) ? LogicalType::JSON() : LogicalType::VARCHAR, rows);
  print(context, vector, converted, rows);
  converted.ToUnifiedFormat(rows, format);
  if (type.id() != LogicalTypeId::DATE && type.id() != LogicalTypeId::TIMESTAMP && type.id() != LogicalTypeId::TIMESTAMP_TZ)
    return each<string_t>(format, rows, column, text);
  each<string_t>(format, rows, column, [&](string_t value) {
    const std::string_view written(value.GetData(), value.GetSize());
    written.find("(BC)") == std::string_view::npos ? column.text(written) : column.text(era_behind(written));
  });
}

}  // namespace

bool is_super(const LogicalType& type) {
  return type.IsJSONType();
}

bool is_geometry(const LogicalType& type) {
  return type.id() == LogicalTypeId::BLOB && type.HasAlias() && type.GetAlias() == "GEOMETRY";
}

bool is_nested(const LogicalType& type) {
  return type.id() == LogicalTypeId::LIST || type.id() == LogicalTypeId::STRUCT || type.id() == LogicalTypeId::MAP ||
         type.id() == LogicalTypeId::ARRAY;
}

ResultColumn describe(const std::string& name, const LogicalType& type, Dialect dialect) {
  ResultColumn column;
  column.name = name;
  column.type = dialect == Dialect::kAthena ? athena_name(type) : redshift_name(type);
  set_sizes(column, type);
  return column;
}

CellKind cell_kind(const LogicalType& type) {
  if (is_catalog_array(type)) return CellKind::kText;
  if (is_super(type) || is_nested(type)) return CellKind::kJson;
  switch (type.id()) {
    case LogicalTypeId::BOOLEAN: return CellKind::kBool;
    case LogicalTypeId::TINYINT:
    case LogicalTypeId::SMALLINT:
    case LogicalTypeId::INTEGER:
    case LogicalTypeId::BIGINT:
    case LogicalTypeId::UTINYINT:
    case LogicalTypeId::USMALLINT:
    case LogicalTypeId::UINTEGER: return CellKind::kInt;
    case LogicalTypeId::FLOAT:
    case LogicalTypeId::DOUBLE: return CellKind::kDouble;
    case LogicalTypeId::DECIMAL:
    case LogicalTypeId::UBIGINT:
    case LogicalTypeId::HUGEINT:
    case LogicalTypeId::UHUGEINT: return CellKind::kDecimal;
    case LogicalTypeId::BLOB: return is_geometry(type) ? CellKind::kText : CellKind::kBytes;
    default: return CellKind::kText;
  }
}

// The engine writes .5 where all digits stand behind the point.
void zero_before_point(Vector& text, idx_t rows) {
  text.Flatten(rows);
  auto* all = duckdb::FlatVector::GetData<string_t>(text);
  for (idx_t row = 0; row < rows; ++row) {
    if (duckdb::FlatVector::IsNull(text, row)) continue;
    const std::string written = all[row].GetString();
    const size_t point = written.starts_with('-') ? 1 : 0;
    if (point < written.size() && written[point] == '.')
      all[row] = duckdb::StringVector::AddString(text, written.substr(0, point) + "0" + written.substr(point));
  }
}

void print(duckdb::ClientContext& context, Vector& values, Vector& text, idx_t rows) {
  const LogicalType& type = values.GetType();
  if (!is_geometry(type)) {
    duckdb::VectorOperations::Cast(context, values, text, rows);
    if (type.id() == LogicalTypeId::DECIMAL && duckdb::DecimalType::GetWidth(type) == duckdb::DecimalType::GetScale(type))
      zero_before_point(text, rows);
    return;
  }
  if (const auto session = SessionState::of(context)) session->load_geometry();
  duckdb::vector<duckdb::unique_ptr<duckdb::Expression>> arguments;
  arguments.push_back(duckdb::make_uniq<duckdb::BoundReferenceExpression>(values.GetType(), 0));
  const auto hex = call(context, kFunctionSchema, "st_ashexewkb", std::move(arguments));
  DataChunk input;
  input.InitializeEmpty({values.GetType()});
  input.data[0].Reference(values);
  input.SetCardinality(rows);
  duckdb::ExpressionExecutor executor(context, *hex);
  executor.ExecuteExpression(input, text);
}

void encode(duckdb::ClientContext& context, DataChunk& chunk, SpoolWriter& writer) {
  for (idx_t i = 0; i < chunk.ColumnCount(); ++i) encode_column(context, chunk.data[i], chunk.size(), writer.column(i));
  const auto written = writer.rows_added(chunk.size());
  if (!written) raise_sql("54000", written.error().message);
}

}  // namespace tarn::sql::engine
