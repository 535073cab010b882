// S3 Select's output: rows of a spool as CSV or JSON records.
#pragma once

#include <string>

#include "base/result.h"
#include "sql/spool.h"

namespace tarn::sql {

struct SelectOutput {
  bool json = false;
  std::string record_delimiter = "\n";
  // CSV's
  std::string field_delimiter = ",", quote = "\"", quote_escape = "\"";
  bool always_quote = false;  // QuoteFields: ALWAYS, else ASNEEDED
};

// Appends one row as one record. REQUIRES: row < page.rows(). A column named "*" holds a whole JSON record: JSON prints it as
// it is, CSV its members' values.
void append_record(std::string& out, const SpoolReader& spool, const SpoolPage& page, uint32_t row,
                   const SelectOutput& output);

}  // namespace tarn::sql
