// Parquet, CSV and JSON files for tests, made by the library itself through its C interface (its headers are the engine's).
#pragma once

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

extern "C" {
int duckdb_open(const char* path, void** database);
int duckdb_connect(void* database, void** connection);
int duckdb_query(void* connection, const char* query, void* result);
void duckdb_disconnect(void** connection);
void duckdb_close(void** database);
}

namespace tarn::sql::engine {

// The bytes of the file that COPY (query) TO .. (options) writes.
inline std::string file_of(const std::string& query, const std::string& options = "FORMAT parquet") {
  const std::string path = "/tmp/tarn-made-" + std::to_string(::getpid());
  void *database = nullptr, *connection = nullptr;
  if (duckdb_open(nullptr, &database) != 0 || duckdb_connect(database, &connection) != 0)
    throw std::runtime_error("open");
  const std::string sql = "COPY (" + query + ") TO '" + path + "' (" + options + ")";
  if (duckdb_query(connection, sql.c_str(), nullptr) != 0) throw std::runtime_error(sql);
  duckdb_disconnect(&connection);
  duckdb_close(&database);
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  ::unlink(path.c_str());
  return bytes.str();
}

}  // namespace tarn::sql::engine
