#include "services/redshift_data/columns.h"

#include <array>
#include <string_view>

namespace tarn::redshift_data {
namespace {

struct Facts {
  std::string_view type;
  bool is_signed;
  int precision, scale;
};
// What Redshift's JDBC driver, from which the Data API takes its metadata, says of each type. AWS: GetStatementResult.
constexpr std::array<Facts, 9> kFacts = {{{"int2", true, 5, 0},
                                          {"int4", true, 10, 0},
                                          {"int8", true, 19, 0},
                                          {"float4", true, 8, 8},
                                          {"float8", true, 17, 17},
                                          {"bool", false, 1, 0},
                                          {"date", false, 13, 0},
                                          {"timestamp", false, 29, 6},
                                          {"timestamptz", false, 35, 6}}};

}  // namespace

ColumnMetadata metadata_of(const sql::ResultColumn& column) {
  ColumnMetadata out;
  out.label = column.name;
  out.name = column.name;
  out.type_name = column.type;
  const bool text = column.type == "varchar" || column.type == "bpchar";
  out.is_case_sensitive = text || column.type == "super";
  out.is_currency = false;
  out.is_signed = column.type == "numeric";
  out.nullable = column.nullable ? 1 : 0;
  out.length = 0;
  out.precision = text || column.precision == 0 ? column.length : column.precision;
  out.scale = column.scale;
  out.schema_name = column.schema;
  out.table_name = column.table;
  for (const Facts& facts : kFacts)
    if (facts.type == column.type) {
      out.is_signed = facts.is_signed;
      out.precision = facts.precision;
      out.scale = facts.scale;
    }
  return out;
}

}  // namespace tarn::redshift_data
