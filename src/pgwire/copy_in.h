// COPY FROM STDIN, as INSERT statements, and COPY TO STDOUT, as lines. Redshift itself has neither; its drivers do. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/lex.h"

namespace tarn::pgwire {

class CopyIn {
 public:
  struct Options {
    std::string table;                 // as SQL: "schema"."name"
    std::vector<std::string> columns;  // empty: all
    bool csv = false;
    char delimiter = '\t';
    std::string null_text = "\\N";
    char quote = '"', escape = '"';
    bool header = false;
    std::string query;  // of COPY .. TO STDOUT; empty: it is FROM STDIN
  };
  // nullopt: the statement is no COPY from STDIN or to STDOUT. ERRORS: SqlError: it is one, and cannot be read.
  static Result<std::optional<Options>> parse(const sql::StatementText& statement);

  // REQUIRES: options.columns are all that rows have.
  explicit CopyIn(Options options) : options_(std::move(options)) {}
  const Options& options() const { return options_; }

  // ERRORS: SqlError 22P04: a row with too few or too many values; 22021: no UTF-8.
  Status feed(std::string_view bytes);
  // No more will come.
  Status finish();
  // An INSERT of rows that are whole: when there are enough of them, or all at the end. nullopt: none yet.
  std::optional<std::string> take(bool at_end);
  uint64_t rows() const { return rows_; }

 private:
  using Value = std::optional<std::string>;
  Status line(std::string_view text);
  Status text_line(std::string_view text);
  Status csv_byte(char c);
  Status end_csv_value();
  Status end_row();

  Options options_;
  std::string pending_;  // a line that is not whole yet; of CSV the value under way
  std::vector<Value> row_;
  std::string insert_;  // of the rows so far
  uint64_t rows_ = 0, lines_ = 0;
  size_t in_insert_ = 0;
  bool ended_ = false;  // by "\."
  enum class In : uint8_t { kValue, kQuoted, kAfterQuote, kEscaped } in_ = In::kValue;
  bool quoted_ = false, carriage_return_ = false;
};

// A line of COPY TO STDOUT, with its end.
std::string copy_line(const CopyIn::Options& options, const std::vector<std::optional<std::string>>& values);

}  // namespace tarn::pgwire
