// What Hive's CREATE TABLE says of a table's files, in Athena and of Redshift's external tables.
#pragma once

#include <string>
#include <string_view>

#include "sql/reader.h"

namespace tarn::sql {

constexpr std::string_view kLazySimpleSerde = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe";
constexpr std::string_view kTextInput = "org.apache.hadoop.mapred.TextInputFormat";
constexpr std::string_view kTextOutput = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat";

struct HiveFiles {
  std::string input_format, output_format, serde;  // no serde: what else the statement says
};

// Behind STORED AS: PARQUET, or INPUTFORMAT '..' OUTPUTFORMAT '..'. `ion`: is it one of the formats?
Result<HiveFiles> read_stored_as(Reader& reader, bool ion);

}  // namespace tarn::sql
