// The interpreter's control flow, against a host that answers from a table: which statements reach the session, with
// which parameters, and what comes of their answers. (What expressions mean is the engine's, tested there.)
#include "sql/plpgsql.h"

#include <gtest/gtest.h>

#include <map>

#include "sql/sql_error.h"

namespace tarn::sql {
namespace {

using Row = std::vector<std::optional<std::string>>;

class Rows final : public PlCursor {
 public:
  Rows(std::vector<ResultColumn> columns, std::vector<Row> rows)
      : columns_(std::move(columns)), rows_(std::move(rows)) {}
  const std::vector<ResultColumn>& columns() const override { return columns_; }
  Result<bool> next(Row& row) override {
    if (at_ >= rows_.size()) return false;
    row = rows_[at_++];
    return true;
  }

 private:
  std::vector<ResultColumn> columns_;
  std::vector<Row> rows_;
  size_t at_ = 0;
};

// Statements with their parameters put in, as they came.
class FakeHost final : public PlHost {
 public:
  std::map<std::string, std::vector<Row>> answers;
  std::vector<std::string> ran, notices;

  Result<PlOutcome> run(const std::string& sql, const std::vector<Param>& params) override {
    std::string text = sql;
    for (auto param = params.rbegin(); param != params.rend(); ++param) {
      const std::string name = ":" + param->name;
      for (size_t at; (at = text.find(name)) != std::string::npos;)
        text.replace(at, name.size(), param->value ? "<" + *param->value + ">" : "<NULL>");
    }
    ran.push_back(text);
    if (text.starts_with("FAIL")) return sql_error("22012", "division by zero");
    const auto answer = answers.find(text);
    PlOutcome outcome;
    if (answer == answers.end() && !text.starts_with("SELECT")) {
      outcome.rows = 1;
      return outcome;
    }
    std::vector<Row> rows = answer == answers.end() ? std::vector<Row>{} : answer->second;
    outcome.rows = rows.size();
    std::vector<ResultColumn> columns;
    for (size_t i = 0; !rows.empty() && i < rows[0].size(); ++i)
      columns.push_back({"c" + std::to_string(i + 1), "varchar"});
    outcome.cursor = std::make_unique<Rows>(std::move(columns), std::move(rows));
    return outcome;
  }
  Result<std::vector<PlValue>> call(const QualifiedName& name, const std::vector<PlValue>& arguments,
                                    std::vector<Argument>& parameters) override {
    ran.push_back("CALL " + name.text() + " " + arguments.at(0).text.value_or("NULL"));
    parameters = {{"x", Argument::Mode::kInOut, {"integer"}}};
    return std::vector<PlValue>{{"42", "VARCHAR"}};
  }
  void notice(const std::string& level, const std::string& message) override {
    notices.push_back(level + ": " + message);
  }
  Status commit() override { return ran.push_back("COMMIT"), Status{}; }
  Status rollback() override { return ran.push_back("ROLLBACK"), Status{}; }
  Status start() override { return ran.push_back("start"), Status{}; }
  Status begin_handler() override { return ran.push_back("handler"), Status{}; }
  Status end_handler() override {
    ran.push_back("end handler");
    return {};
  }
  Status open_cursor(const std::string& name, const std::string& sql, const std::vector<Param>&) override {
    ran.push_back("cursor " + name + ": " + sql);
    return {};
  }
  Status proceed() override { return {}; }
};

struct Ran {
  FakeHost host;
  Result<std::vector<PlValue>> outputs = std::vector<PlValue>{};
};

Ran run(const std::string& source, std::map<std::string, std::vector<Row>> answers = {},
        std::vector<Argument> arguments = {}, std::vector<PlValue> values = {}, bool nonatomic = false) {
  Ran ran;
  ran.host.answers = std::move(answers);
  const auto body = parse_plpgsql(source);
  if (!body) {
    ran.outputs = Failure(body.error());
    return ran;
  }
  ran.outputs = run_procedure({arguments, *body, nonatomic}, values, ran.host);
  return ran;
}

TEST(Plpgsql, PreviousMonthAsPeopleWriteIt) {
  const std::string source = R"(
DECLARE
    yr VARCHAR;
    mo VARCHAR;
BEGIN
    yr := SPLIT_PART(CURRENT_DATE, '-', 1);
    mo := SPLIT_PART(CURRENT_DATE, '-', 2);
    IF mo = '01' THEN
        yr := CAST (yr AS INTEGER) - 1;
        mo := '12';
    else
        BEGIN
            mo := CAST (mo AS INTEGER) - 1;
            IF mo < 10 THEN
                mo := '0' || mo;
            END IF;
        END;
    END IF;
    SELECT INTO last_date yr || '-' || mo || '-01';
END;
)";
  const Argument out{"last_date", Argument::Mode::kOut, {"varchar"}};
  Ran ran = run(source,
                {{"SELECT SPLIT_PART(CURRENT_DATE, '-', 1)", {{"2024"}}},
                 {"SELECT SPLIT_PART(CURRENT_DATE, '-', 2)", {{"03"}}},
                 {"SELECT <03> = '01'", {{"false"}}},
                 {"SELECT CAST (<03> AS INTEGER) - 1", {{"2"}}},
                 {"SELECT <2> < 10", {{"true"}}},
                 {"SELECT '0' || <2>", {{"02"}}},
                 {"SELECT  <2024> || '-' || <02> || '-01'", {{"2024-02-01"}}}},
                {out});
  ASSERT_TRUE(ran.outputs) << ran.outputs.error().message;
  ASSERT_EQ(ran.outputs->size(), 1u);
  EXPECT_EQ((*ran.outputs)[0].text, "2024-02-01") << ran.host.ran.back();
}

TEST(Plpgsql, LoopsAndLabels) {
  const std::string source = R"(
DECLARE n integer := 0; r record;
BEGIN
  <<outer_loop>>
  FOR i IN 1..3 LOOP
    FOR j IN REVERSE 3..1 BY 2 LOOP
      CONTINUE outer_loop WHEN i = 2;
      RAISE INFO 'i % j % 100%%', i, j;
    END LOOP;
  END LOOP;
  FOR r IN SELECT a, b FROM t LOOP
    RAISE NOTICE '%/%', r.c1, r.c2;
    EXIT;
  END LOOP;
  LOOP
    EXIT;
  END LOOP;
END)";
  Ran ran = run(source, {{"SELECT <1> = 2", {{"false"}}},
                         {"SELECT <2> = 2", {{"true"}}},
                         {"SELECT <3> = 2", {{"false"}}},
                         {"SELECT 1", {{"1"}}},
                         {"SELECT 2", {{"2"}}},
                         {"SELECT 3", {{"3"}}},
                         {"SELECT 0", {{"0"}}},
                         {"SELECT a, b FROM t", {Row{"x", std::nullopt}, Row{"y", "z"}}}});
  ASSERT_TRUE(ran.outputs) << ran.outputs.error().message;
  EXPECT_EQ(ran.host.notices,
            (std::vector<std::string>{"INFO: i 1 j 3 100%", "INFO: i 1 j 1 100%", "INFO: i 3 j 3 100%",
                                      "INFO: i 3 j 1 100%", "NOTICE: x/<NULL>"}));
}

TEST(Plpgsql, StatementsAndNames) {
  const std::string source = R"(
DECLARE a varchar := 'x'; cnt bigint; c CURSOR FOR SELECT k FROM t WHERE z = a; v varchar;
BEGIN
  INSERT INTO t (a, b) VALUES (a, t.a);
  UPDATE t SET a = a WHERE t.a = $1;
  GET DIAGNOSTICS cnt := ROW_COUNT;
  EXECUTE 'DROP TABLE ' || quote_ident(a);
  CALL other(cnt);
  OPEN c; FETCH c INTO v; CLOSE c;
  COMMIT;
  PERFORM f(v, cnt);
END)";
  Ran ran = run(source,
                {{"SELECT 'DROP TABLE ' || quote_ident(<x>)", {{"DROP TABLE x"}}},
                 {"SELECT k FROM t WHERE z = <x>", {{"row"}}},
                 {"SELECT CAST(<42> AS BIGINT)", {{"42"}}},
                 {"SELECT CAST(<1> AS BIGINT)", {{"1"}}}},
                {{"arg", Argument::Mode::kIn, {"varchar"}}}, {{"in", "VARCHAR"}});
  ASSERT_TRUE(ran.outputs) << ran.outputs.error().message;
  const std::vector<std::string> expected = {"INSERT INTO t (a, b) VALUES (<x>, t.a)",
                                             "UPDATE t SET a = <x> WHERE t.a = <in>",
                                             "SELECT CAST(<1> AS BIGINT)",
                                             "SELECT 'DROP TABLE ' || quote_ident(<x>)",
                                             "DROP TABLE x",
                                             "CALL other 1",
                                             "SELECT CAST(<42> AS BIGINT)",
                                             "SELECT k FROM t WHERE z = <x>",
                                             "COMMIT",
                                             "SELECT f(<row>, <42>)"};
  EXPECT_EQ(ran.host.ran, expected);
}

TEST(Plpgsql, ExceptionsGoOnUnlessNonatomic) {
  const std::string source = "BEGIN FAIL; EXCEPTION WHEN OTHERS THEN RAISE INFO 'saw % %', SQLSTATE, SQLERRM; END";
  EXPECT_FALSE(run(source).outputs);  // FAIL starts no statement
  const std::string dynamic =
      "BEGIN EXECUTE 'FAIL'; EXCEPTION WHEN OTHERS THEN RAISE INFO 'saw % %', SQLSTATE, SQLERRM; END";
  Ran atomic = run(dynamic);
  ASSERT_FALSE(atomic.outputs);
  EXPECT_EQ(sqlstate_of(atomic.outputs.error()), "22012");
  EXPECT_EQ(atomic.host.notices, std::vector<std::string>{"INFO: saw 22012 division by zero"});
  Ran nonatomic = run(dynamic, {}, {}, {}, true);
  EXPECT_TRUE(nonatomic.outputs);
  EXPECT_EQ(nonatomic.host.ran, (std::vector<std::string>{"FAIL", "handler", "end handler"}));
  Ran raised = run("BEGIN RAISE EXCEPTION 'no % here', 'table'; END");
  ASSERT_FALSE(raised.outputs);
  EXPECT_EQ(raised.outputs.error().message, "no table here");
}

TEST(Plpgsql, SyntaxErrors) {
  const std::pair<std::string, std::string> cases[] = {
      {"BEGIN x := ; END", "syntax error at or near \";\""},
      {"BEGIN IF a THEN NULL; END LOOP; END", "syntax error at or near \"LOOP\""},
      {"BEGIN NULL;", "syntax error at end of input"},
      {"DECLARE a nosuch; BEGIN NULL; END", "type \"nosuch\" does not exist"},
      {"BEGIN foo bar; END", "syntax error at or near \"foo\""},
  };
  for (const auto& [source, message] : cases) {
    const auto body = parse_plpgsql(source);
    ASSERT_FALSE(body) << source;
    EXPECT_EQ(body.error().message, message) << source;
  }
  std::string deep;
  for (int i = 0; i < 10000; ++i) deep += "BEGIN ";
  EXPECT_FALSE(parse_plpgsql(deep));
}

}  // namespace
}  // namespace tarn::sql
