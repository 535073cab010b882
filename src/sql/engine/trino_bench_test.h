// A session that is asked in Trino's words, over the fake server.
#pragma once

#include <gtest/gtest.h>

#include "sql/engine/fake_server_test.h"

namespace tarn::sql::engine {

struct TrinoCase {
  const char *sql, *answer;
};

class Trino : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    bench = new Bench;
    bench->context.dialect = Dialect::kAthena;
    bench->context.user = "alice";
    const auto opened = bench->engine.open_session("", Dialect::kAthena);
    if (!opened) throw std::runtime_error(opened.error().message);
    bench->session = *opened;
  }
  static void TearDownTestSuite() {
    delete bench;
    bench = nullptr;
  }
  // The first value; an error as "CODE: line 1:8: message".
  static std::string value(const std::string& sql) {
    const Fd file(::memfd_create("spool", MFD_CLOEXEC));
    const auto outcome = bench->execute(sql, "", file.get());
    if (!outcome) {
      std::string code = outcome.error().code;
      for (const auto& [name, text] : outcome.error().members) {
        if (name == "trino") code = text;
      }
      return code + ": " + outcome.error().message;
    }
    const auto all = Bench::read(file.get());
    return all.empty() ? "no rows" : all[0].empty() ? "no columns" : all[0][0];
  }
  static void check(const std::vector<TrinoCase>& cases) {
    for (const TrinoCase& c : cases) EXPECT_EQ(value(c.sql), c.answer) << c.sql;
  }
  // All rows, values separated by |.
  static std::vector<std::string> rows(const std::string& sql) {
    std::vector<std::string> lines;
    for (const auto& row : bench->rows(sql)) {
      std::string line;
      for (size_t i = 0; i < row.size(); ++i) line += (i ? "|" : "") + row[i];
      lines.push_back(line);
    }
    return lines;
  }
  static Bench* bench;
};
inline Bench* Trino::bench = nullptr;

}  // namespace tarn::sql::engine
