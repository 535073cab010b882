// A backend without a database, for tests and the fuzz target: it answers any SELECT with two rows, and writes down what it was asked.
#pragma once

#include <string>
#include <vector>

#include "os/scratch.h"
#include "pgwire/backend.h"
#include "sql/spool.h"
#include "sql/sql_error.h"

namespace tarn::pgwire {

class FakeDatabase final : public Database {
 public:
  explicit FakeDatabase(std::vector<std::string>& asked) : asked_(asked) {}

  int32_t pid() const override { return 7; }
  Result<sql::Outcome> run(const sql::StatementText& statement, const std::vector<sql::Param>& params, int spool,
                           bool) override {
    std::string text = statement.text;
    for (const sql::Param& param : params) text += " [" + param.value.value_or("NULL") + " " + param.type + "]";
    asked_.push_back(text);
    const sql::Token& first = statement.tokens.front();
    sql::Outcome outcome;
    outcome.kind = "OTHER";
    if (first.is("begin")) open_ = true;
    if (first.is("commit") || first.is("rollback")) open_ = false;
    if (first.is("broken")) return sql::sql_error("42601", "syntax error at or near \"broken\"", 1);
    if (first.is("insert")) {
      outcome.kind = "INSERT";
      outcome.rows = 2;
    }
    if (first.is("select") || first.is("show")) {
      outcome.kind = "SELECT";
      outcome.columns = columns();
      sql::SpoolWriter writer(spool, columns(), {sql::CellKind::kInt, sql::CellKind::kText});
      writer.column(0).integer(7);
      writer.column(1).text("sieben");
      writer.column(0).integer(-1);
      writer.column(1).null();
      outcome.rows = 2;
      if (spool >= 0) {
        if (Status added = writer.rows_added(2); !added) return Failure(added.error());
        if (Status finished = writer.finish(); !finished) return Failure(finished.error());
      }
    }
    return outcome;
  }
  Result<sql::Outcome> describe(const sql::StatementText& statement, const std::vector<sql::Param>& params) override {
    asked_.push_back("describe " + statement.text);
    sql::Outcome outcome;
    if (statement.tokens.front().is("select")) outcome.columns = columns();
    for (const sql::Param& param : params)
      if (param.type.empty()) outcome.parameters.emplace_back(param.name, "date");
    return outcome;
  }
  Result<Fd> spool_file() override { return memory_file(); }
  bool in_transaction() const override { return open_; }
  void fail_transaction() override {
    if (open_) asked_.push_back("fail");
  }
  bool ended() const override { return false; }
  void cancel() override { asked_.push_back("cancel"); }

 private:
  static std::vector<sql::ResultColumn> columns() {
    return {{.name = "n", .type = "int4"}, {.name = "t", .type = "varchar", .length = 20}};
  }

  std::vector<std::string>& asked_;
  bool open_ = false;
};

class FakeBackend final : public Backend {
 public:
  Result<std::unique_ptr<Database>> log_in(const Login& login) override {
    if (login.password != "secret")
      return sql::sql_error("28P01", "password authentication failed for user \"" + login.user + "\"");
    return std::make_unique<FakeDatabase>(asked);
  }
  std::vector<std::string> asked;
};

}  // namespace tarn::pgwire
