// Serdes: files as Hive's SerDes read them (delimited text, OpenCSV, regular expressions, grok, JSON, CloudTrail, Avro).
// A format turns one record of a file into cells; serde_scan.cc makes columns of them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sql/engine/catalog.h"
#include "sql/engine/duckdb.pch.h"

namespace tarn::sql::engine {

// One value of a record: NULL, a text that is converted to the column's type, or a value that is of it.
struct SerdeCell {
  enum class Kind : uint8_t { kNull, kText, kValue } kind = Kind::kNull;
  std::string text;
  duckdb::Value value;

  void set_null() { kind = Kind::kNull; }
  void set_text(std::string_view from) {
    kind = Kind::kText;
    text.assign(from);
  }
  void set_value(duckdb::Value from) {
    kind = Kind::kValue;
    value = std::move(from);
  }
};

// THREADS: one (each file's reader has one of its own).
class SerdeFormat {
 public:
  virtual ~SerdeFormat() = default;
  // Fills cells[i] of each wanted column i of the file. False: there is no row in the record.
  virtual bool read(std::string_view record, const std::vector<size_t>& wanted, std::vector<SerdeCell>& cells) = 0;
  // A file is one document with its records (the array "Records" of CloudTrail, Avro's blocks). Else a record is a line.
  virtual bool whole_file() const { return false; }
  virtual std::vector<std::string> records(std::string_view) { return {}; }
  // What does not convert to its column's type is NULL (else an error).
  virtual bool lenient() const { return false; }
};

// nullptr: none of the SerDes here reads the table's files. Throws by raise_sql for what the SerDe has and is not supported.
std::unique_ptr<SerdeFormat> make_serde(const TableSnapshot& table);

// The scan, for external_scan: a function whose MultiFileReader gives files, columns and partition values.
duckdb::TableFunction serde_scan(std::shared_ptr<const TableSnapshot> table);

// A property of the SerDe or the table, by its lower-case name.
std::optional<std::string> serde_property(const ExternalTable& table, std::string_view name);

// serde_text.cc, serde_json.cc, serde_pattern.cc, serde_avro.cc
std::unique_ptr<SerdeFormat> make_avro(const TableSnapshot& table);
std::unique_ptr<SerdeFormat> make_delimited(const TableSnapshot& table);
std::unique_ptr<SerdeFormat> make_open_csv(const TableSnapshot& table);
std::unique_ptr<SerdeFormat> make_json(const TableSnapshot& table, bool open_x);
std::unique_ptr<SerdeFormat> make_cloudtrail(const TableSnapshot& table);
std::unique_ptr<SerdeFormat> make_regex(const TableSnapshot& table);
std::unique_ptr<SerdeFormat> make_grok(const TableSnapshot& table);

// The pattern with grok's %{NAME:field} replaced by groups; `fields` are the groups' names, in order.
std::string expand_grok(const std::string& format, const std::string& custom, std::vector<std::string>& fields);

}  // namespace tarn::sql::engine
