// Profiles: what is in a table, column by column, computed by the engine; and a first look at its rows.
// The numbers are those of AWS's DataBrew profile jobs ("Building a profile job configuration programmatically").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "lake/file_schema.h"
#include "sql/engine_client.h"

namespace tarn::lake {

// Where the engine's callbacks find the table, and as whom they are asked.
struct ProfileSource {
  std::string principal, database, table;
};

struct ProfileOptions {
  std::vector<std::string> columns = {};  // lower case; empty: all
  uint64_t rows = 0;                      // the first so many; 0: all
  int bins = 20;
  int top = 50;
  bool correlations = true, duplicates = true;
};

// The report: {"version", "location", "sampleSize", "columnsCount", "duplicateRowsCount", "correlations", "columns"}.
// ERRORS: the engine's and its callbacks'. REQUIRES: the engine's callbacks know the source; no transaction is open.
Result<Json> profile(sql::Engine& engine, const ProfileSource& source, const ProfileOptions& options);

struct Preview {
  std::vector<sql::ResultColumn> columns;
  std::vector<std::vector<std::optional<std::string>>> rows;
};
Result<Preview> preview(sql::Engine& engine, const ProfileSource& source, size_t rows);

// The files at a place as a table of the engine's; nullopt: it reads no such files.
std::optional<sql::ExternalTable> table_of_files(const FileSchema& schema, const std::string& database,
                                                 const std::string& name, const std::string& location);

// A report as a page with plots, whole in itself.
std::string profile_page(const Json& report, const std::string& title);

}  // namespace tarn::lake
