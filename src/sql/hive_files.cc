#include "sql/hive_files.h"

namespace tarn::sql {
namespace {

struct StoredAs {
  std::string_view name, input, output, serde;
};
// AWS: CREATE TABLE, file_format.
constexpr StoredAs kStoredAs[] = {
    {"textfile", kTextInput, kTextOutput, kLazySimpleSerde},
    {"parquet", "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
     "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
     "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
    {"avro", "org.apache.hadoop.hive.ql.io.avro.AvroContainerInputFormat",
     "org.apache.hadoop.hive.ql.io.avro.AvroContainerOutputFormat", "org.apache.hadoop.hive.serde2.avro.AvroSerDe"},
    {"orc", "org.apache.hadoop.hive.ql.io.orc.OrcInputFormat", "org.apache.hadoop.hive.ql.io.orc.OrcOutputFormat",
     "org.apache.hadoop.hive.ql.io.orc.OrcSerde"},
    {"ion", "com.amazon.ionhiveserde.formats.IonInputFormat", "com.amazon.ionhiveserde.formats.IonOutputFormat",
     "com.amazon.ionhiveserde.IonHiveSerDe"},
    {"rcfile", "org.apache.hadoop.hive.ql.io.RCFileInputFormat", "org.apache.hadoop.hive.ql.io.RCFileOutputFormat",
     "org.apache.hadoop.hive.serde2.columnar.LazyBinaryColumnarSerDe"},
    {"sequencefile", "org.apache.hadoop.mapred.SequenceFileInputFormat",
     "org.apache.hadoop.hive.ql.io.HiveSequenceFileOutputFormat", kLazySimpleSerde},
};

}  // namespace

Result<HiveFiles> read_stored_as(Reader& reader, bool ion) {
  HiveFiles files;
  if (reader.accept("inputformat")) {
    files.input_format = TRY(reader.string());
    TRY(reader.expect("outputformat"));
    files.output_format = TRY(reader.string());
    return files;
  }
  for (const StoredAs& form : kStoredAs) {
    if (form.name == "ion" && !ion) continue;
    if (reader.accept(form.name)) return HiveFiles{std::string(form.input), std::string(form.output), std::string(form.serde)};
  }
  return reader.unexpected();
}

}  // namespace tarn::sql
