// Bodies of procedures: parsed, and run in a session that has had enough after some steps, so that whatever loops must ask.

#include <memory>
#include <utility>

#include "fuzz.h"
#include "sql/plpgsql.h"
#include "sql/sql_error.h"

namespace {

using namespace tarn;
using namespace tarn::sql;
using Row = std::vector<std::optional<std::string>>;

class OneRow final : public PlCursor {
 public:
  explicit OneRow(std::string value) : value_(std::move(value)) {}
  const std::vector<ResultColumn>& columns() const override { return columns_; }
  Result<bool> next(Row& row) override {
    row = {value_};
    return !std::exchange(given_, true);
  }

 private:
  std::string value_;
  bool given_ = false;
  std::vector<ResultColumn> columns_{{.name = "c", .type = "varchar"}};
};

// Every expression's value is the last number that stands in it.
std::string value_of(std::string_view sql) {
  const size_t end = sql.find_last_of("0123456789");
  if (end == sql.npos) return "t";
  const size_t before = sql.find_last_not_of("-0123456789", end);
  return std::string(sql.substr(before + 1, end - before));
}

class Session final : public PlHost {
 public:
  Result<PlOutcome> run(const std::string& sql, const std::vector<Param>&) override {
    TRY(proceed());
    return PlOutcome{.rows = 1, .cursor = std::make_unique<OneRow>(value_of(sql))};
  }
  Result<std::vector<PlValue>> call(const QualifiedName&, const std::vector<PlValue>& arguments,
                                    std::vector<Argument>& parameters) override {
    for (size_t i = 0; i < arguments.size(); ++i)
      parameters.push_back({"p" + std::to_string(i), Argument::Mode::kInOut, {"integer"}});
    return arguments;
  }
  void notice(const std::string&, const std::string&) override {}
  Status start() override { return proceed(); }
  Status commit() override { return proceed(); }
  Status rollback() override { return proceed(); }
  Status begin_handler() override { return {}; }
  Status end_handler() override { return {}; }
  Status open_cursor(const std::string&, const std::string&, const std::vector<Param>&) override { return proceed(); }
  Status proceed() override {
    fuzz::require(++steps_ < 100'000);  // it was told to stop long ago
    return steps_ < 500 ? Status() : sql_error("57014", "cancelled");
  }

 private:
  int steps_ = 0;
};

void require_fragments(const PlStatements& statements, size_t tokens) {
  for (const PlStatement& s : statements) {
    for (const PlFragment& f : {s.expression, s.to, s.step}) fuzz::require(f.first <= f.last && f.last <= tokens);
    fuzz::planted_fault(s.kind == PlKind::kExit && s.name.size() > 1 && s.name != "one_label");  // the corpus' names
    for (const PlBranch& branch : s.branches) require_fragments(branch.body, tokens);
    require_fragments(s.body, tokens);
    require_fragments(s.otherwise, tokens);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string source(fuzz::text_of(data + 1, size - 1));
  const auto body = parse_plpgsql(source);
  if (!body) {
    fuzz::require(sqlstate_of(body.error()).size() == 5 && !body.error().message.empty());
    return 0;
  }
  require_fragments(body->block.body, body->tokens.size());
  const std::vector<Argument> arguments{{"a", Argument::Mode::kIn, {"integer"}},
                                        {"b", Argument::Mode::kInOut, {"varchar"}}};
  Session session;
  (void)run_procedure({arguments, *body, data[0] % 2 == 0}, {{"1", "integer"}, {"x", "varchar"}}, session);
  return 0;
}
