#include "base/text.h"
#include "sql/plpgsql.h"
#include "sql/sql_error.h"

namespace tarn::sql {
namespace {

constexpr int kMaxNesting = 200;

class Parser {
 public:
  explicit Parser(PlBody& body) : body_(body), reader_(body.source, body.tokens) {}

  Status run() {
    body_.block = TRY(labelled());
    if (body_.block.kind != PlKind::kBlock) return reader_.unexpected();
    reader_.accept_op(";");
    return reader_.expect_end();
  }

 private:
  uint32_t here() const { return static_cast<uint32_t>(reader_.index()); }

  // Tokens up to one that `stop` wants, outside of parentheses and of CASE .. END; never beyond the end.
  template <class Stop>
  PlFragment until(Stop stop) {
    PlFragment fragment{here(), here()};
    for (int depth = 0, cases = 0; !reader_.at_end(); reader_.next()) {
      const Token& token = reader_.peek();
      if (depth == 0 && cases == 0 && stop(token)) break;
      if (token.is_op(";")) break;
      if (token.is_op("(") || token.is_op("[")) ++depth;
      if ((token.is_op(")") || token.is_op("]")) && --depth < 0) break;
      if (token.is("case")) ++cases;
      if (token.is("end") && cases > 0) --cases;
    }
    fragment.last = here();
    return fragment;
  }

  template <class Stop>
  Result<PlFragment> some(Stop stop) {
    const PlFragment fragment = until(stop);
    if (fragment.empty()) return reader_.unexpected();
    return fragment;
  }
  Result<PlFragment> some_until(std::string_view word) {
    const PlFragment fragment = TRY(some([word](const Token& token) { return token.is(word); }));
    TRY(reader_.expect(word));
    return fragment;
  }
  Result<PlFragment> statement_rest() {
    return some([](const Token&) { return false; });
  }
  Status semicolon() { return reader_.expect_op(";"); }

  bool at_any(std::initializer_list<std::string_view> words) const {
    for (const std::string_view word : words)
      if (reader_.peek().is(word)) return true;
    return false;
  }

  // Statements up to one of the words.
  Result<PlStatements> statements(std::initializer_list<std::string_view> stops) {
    PlStatements all;
    while (!at_any(stops)) {
      if (reader_.at_end()) return reader_.unexpected();
      if (reader_.accept_op(";")) continue;
      all.push_back(TRY(labelled()));
    }
    return all;
  }

  Result<PlStatement> labelled() {
    if (++nesting_ > kMaxNesting)
      return sql_error("54001", "the procedure's blocks nest too deeply", reader_.peek().begin + 1);
    std::string label;
    if (reader_.accept_op("<<")) {
      label = TRY(reader_.name());
      TRY(reader_.expect_op(">>"));
    }
    PlStatement made = TRY(statement());
    made.label = std::move(label);
    --nesting_;
    return made;
  }

  Result<PlStatement> statement() {
    if (at_any({"declare", "begin"})) return block();
    if (reader_.accept("if")) return if_statement();
    if (reader_.accept("case")) return case_statement();
    if (reader_.accept("loop")) return loop(PlKind::kLoop, {});
    if (reader_.accept("while")) return loop(PlKind::kWhile, TRY(some_until("loop")));
    if (reader_.accept("for")) return for_statement();
    if (reader_.accept("exit")) return exit(PlKind::kExit);
    if (reader_.accept("continue")) return exit(PlKind::kContinue);
    if (reader_.accept("raise")) return raise();
    if (reader_.accept("execute")) return execute();
    if (reader_.accept("perform")) return simple(PlKind::kPerform, true);
    if (reader_.accept("call")) return call();
    if (reader_.accept("open")) return open();
    if (reader_.accept("fetch")) return fetch();
    if (reader_.accept("get", "diagnostics")) return diagnostics();
    if (reader_.accept("close")) {
      PlStatement made{PlKind::kClose};
      made.name = TRY(reader_.name());
      TRY(semicolon());
      return made;
    }
    if (reader_.accept("return")) return simple(PlKind::kReturn, false);
    if (reader_.accept("null")) return simple(PlKind::kNull, false);
    if (reader_.accept("start", "transaction")) return simple(PlKind::kStart, false);
    if (reader_.accept("commit")) return simple(PlKind::kCommit, false);
    if (reader_.accept("rollback")) return simple(PlKind::kRollback, false);
    if (at_assignment()) return assignment();
    return sql();
  }

  Result<PlStatement> simple(PlKind kind, bool with_expression) {
    PlStatement made{kind};
    if (with_expression) made.expression = TRY(statement_rest());
    TRY(semicolon());
    return made;
  }

  // --- blocks -------------------------------------------------------------------------------------------------------

  Result<PlStatement> block() {
    PlStatement made{PlKind::kBlock};
    if (reader_.accept("declare"))
      while (!reader_.peek().is("begin")) {
        if (reader_.at_end()) return reader_.unexpected();
        if (reader_.accept("declare")) continue;
        made.declarations.push_back(TRY(declaration()));
      }
    TRY(reader_.expect("begin"));
    made.body = TRY(statements({"end", "exception"}));
    if (reader_.accept("exception")) {
      made.goes_on = reader_.accept("continue_handler");
      if (!made.goes_on) reader_.accept("exit_handler");
      TRY(reader_.expect("when"));
      if (!reader_.peek().is("others"))
        return sql_error(kNotSupported, "the only condition of an exception handler is OTHERS",
                         reader_.peek().begin + 1);
      reader_.next();
      TRY(reader_.expect("then"));
      made.otherwise = TRY(statements({"end"}));
      made.has_otherwise = true;
    }
    TRY(reader_.expect("end"));
    if (reader_.peek().is_name()) reader_.next();  // the label again
    if (!reader_.at_end()) TRY(semicolon());
    return made;
  }

  Result<PlDeclaration> declaration() {
    PlDeclaration made;
    made.name = TRY(reader_.name());
    if (reader_.accept("alias", "for")) {
      made.kind = PlDeclaration::Kind::kAlias;
      made.of = reader_.peek().kind == TokenKind::kPositional ? "$" + reader_.peek().text : lower(reader_.peek().text);
      reader_.next();
      TRY(semicolon());
      return made;
    }
    made.constant = reader_.accept("constant");
    if (reader_.accept("cursor")) {
      TRY(cursor_declaration(made));
      return made;
    }
    TRY(declared_type(made));
    made.not_null = reader_.accept("not", "null");
    if (reader_.accept_op(":=") || reader_.accept_op("=") || reader_.accept("default"))
      made.initial = TRY(statement_rest());
    TRY(semicolon());
    return made;
  }

  Status cursor_declaration(PlDeclaration& made) {
    made.kind = PlDeclaration::Kind::kCursor;
    if (reader_.accept_op("(")) {
      do {
        Argument argument;
        argument.name = TRY(reader_.name());
        argument.type = TRY(parse_type(reader_));
        made.arguments.push_back(std::move(argument));
      } while (reader_.accept_op(","));
      TRY(reader_.expect_op(")"));
    }
    if (!reader_.accept("for")) TRY(reader_.expect("is"));
    made.initial = TRY(statement_rest());
    return semicolon();
  }

  Status declared_type(PlDeclaration& made) {
    // v%TYPE, t.c%TYPE, t%ROWTYPE
    const size_t at = reader_.index();
    if (const auto name = reader_.qualified_name(); name && reader_.accept_op("%")) {
      if (reader_.accept("type")) {
        made.kind = PlDeclaration::Kind::kTypeOf;
        made.of = name->text();
        return {};
      }
      made.kind = PlDeclaration::Kind::kRecord;
      return reader_.expect("rowtype");
    }
    reader_.seek(at);
    const SqlType type = TRY(parse_type(reader_));
    if (type.name == "record")
      made.kind = PlDeclaration::Kind::kRecord;
    else if (type.name == "refcursor")
      made.kind = PlDeclaration::Kind::kCursor;
    else
      made.type = engine_type(type, TypeUse::kCast);
    return {};
  }

  // --- branches and loops -------------------------------------------------------------------------------------------

  Result<PlStatement> if_statement() {
    PlStatement made{PlKind::kIf};
    do {
      PlBranch branch;
      branch.conditions.push_back(TRY(some_until("then")));
      branch.body = TRY(statements({"elsif", "elseif", "else", "end"}));
      made.branches.push_back(std::move(branch));
    } while (reader_.accept("elsif") || reader_.accept("elseif"));
    return finish_branches(std::move(made), "if");
  }

  Result<PlStatement> finish_branches(PlStatement made, std::string_view word) {
    if (reader_.accept("else")) {
      made.otherwise = TRY(statements({"end"}));
      made.has_otherwise = true;
    }
    TRY(reader_.expect("end", word));
    TRY(semicolon());
    return made;
  }

  Result<PlStatement> case_statement() {
    PlStatement made{PlKind::kCase};
    made.expression = until([](const Token& token) { return token.is("when"); });
    while (reader_.accept("when")) {
      PlBranch branch;
      do
        branch.conditions.push_back(TRY(some([](const Token& token) { return token.is("then") || token.is_op(","); })));
      while (reader_.accept_op(","));
      TRY(reader_.expect("then"));
      branch.body = TRY(statements({"when", "else", "end"}));
      made.branches.push_back(std::move(branch));
    }
    if (made.branches.empty()) return reader_.unexpected();
    return finish_branches(std::move(made), "case");
  }

  // Behind LOOP.
  Result<PlStatement> loop(PlKind kind, PlFragment expression) {
    PlStatement made{kind};
    made.expression = expression;
    TRY(loop_body(made));
    return made;
  }

  Status loop_body(PlStatement& made) {
    made.body = TRY(statements({"end"}));
    TRY(reader_.expect("end", "loop"));
    if (reader_.peek().is_name()) reader_.next();
    return semicolon();
  }

  Result<PlStatement> for_statement() {
    PlStatement made{PlKind::kForQuery};
    made.name = TRY(reader_.name());
    TRY(reader_.expect("in"));
    if (reader_.accept("execute")) {
      made.kind = PlKind::kForExecute;
      made.expression = TRY(some_until("loop"));
      TRY(loop_body(made));
      return made;
    }
    made.reverse = reader_.accept("reverse");
    made.expression = TRY(some([](const Token& token) { return token.is("loop") || token.is_op(".."); }));
    if (reader_.accept_op("..")) {
      made.kind = PlKind::kForRange;
      made.to = TRY(some([](const Token& token) { return token.is("loop") || token.is("by"); }));
      if (reader_.accept("by")) made.step = TRY(some([](const Token& token) { return token.is("loop"); }));
    }
    TRY(reader_.expect("loop"));
    TRY(loop_body(made));
    return made;
  }

  Result<PlStatement> exit(PlKind kind) {
    PlStatement made{kind};
    if (reader_.peek().is_name() && !reader_.peek().is("when")) made.name = TRY(reader_.name());
    if (reader_.accept("when")) made.expression = TRY(statement_rest());
    TRY(semicolon());
    return made;
  }

  // --- the rest -----------------------------------------------------------------------------------------------------

  Result<PlStatement> raise() {
    PlStatement made{PlKind::kRaise};
    made.name = "EXCEPTION";
    if (at_any({"debug", "log", "info", "notice", "warning", "exception"})) made.name = upper(reader_.next().text);
    if (reader_.accept_op(";")) return made;  // again, in a handler
    const auto comma = [](const Token& token) { return token.is_op(","); };
    made.expression = TRY(some(comma));
    while (reader_.accept_op(",")) made.arguments.push_back(TRY(some(comma)));
    TRY(semicolon());
    return made;
  }

  Result<std::vector<PlTarget>> targets() {
    std::vector<PlTarget> all;
    do {
      PlTarget target{TRY(reader_.name()), {}};
      if (reader_.accept_op(".")) target.field = TRY(reader_.name());
      all.push_back(std::move(target));
    } while (reader_.accept_op(","));
    return all;
  }

  Result<PlStatement> execute() {
    PlStatement made{PlKind::kExecute};
    made.expression = TRY(some([](const Token& token) { return token.is("into"); }));
    if (reader_.accept("into")) {
      made.strict = reader_.accept("strict");
      made.targets = TRY(targets());
    }
    TRY(semicolon());
    return made;
  }

  Result<PlStatement> call() {
    PlStatement made{PlKind::kCall};
    made.name = TRY(reader_.qualified_name()).text();
    TRY(reader_.expect_op("("));
    const auto comma = [](const Token& token) { return token.is_op(","); };
    if (!reader_.peek().is_op(")")) {
      do made.arguments.push_back(TRY(some(comma)));
      while (reader_.accept_op(","));
    }
    TRY(reader_.expect_op(")"));
    TRY(semicolon());
    return made;
  }

  Result<PlStatement> open() {
    PlStatement made{PlKind::kOpen};
    made.name = TRY(reader_.name());
    if (reader_.accept("for")) {
      if (reader_.accept("execute")) made.kind = PlKind::kOpenExecute;
      made.expression = TRY(statement_rest());
    } else if (reader_.accept_op("(")) {
      const auto comma = [](const Token& token) { return token.is_op(","); };
      do made.arguments.push_back(TRY(some(comma)));
      while (reader_.accept_op(","));
      TRY(reader_.expect_op(")"));
    }
    TRY(semicolon());
    return made;
  }

  Result<PlStatement> fetch() {
    PlStatement made{PlKind::kFetch};
    reader_.accept("next");
    reader_.accept("from");
    made.name = TRY(reader_.name());
    TRY(reader_.expect("into"));
    made.targets = TRY(targets());
    TRY(semicolon());
    return made;
  }

  Result<PlStatement> diagnostics() {
    PlStatement made{PlKind::kRowCount};
    made.targets = TRY(targets());
    if (!reader_.accept_op(":=")) TRY(reader_.expect_op("="));
    TRY(reader_.expect("row_count"));
    TRY(semicolon());
    return made;
  }

  bool at_assignment() const {
    const size_t behind = reader_.peek(1).is_op(".") ? 3 : 1;
    return reader_.peek().is_name() && (reader_.peek(behind).is_op(":=") || reader_.peek(behind).is_op("="));
  }

  Result<PlStatement> assignment() {
    PlStatement made{PlKind::kAssign};
    made.targets = TRY(targets());
    reader_.next();
    made.expression = TRY(statement_rest());
    TRY(semicolon());
    return made;
  }

  // Any other statement. INTO and its targets leave the text of a SELECT: the fragment's hole is between to.first and to.last.
  Result<PlStatement> sql() {
    static constexpr std::string_view kStarts[] = {
        "select",   "with",   "insert",  "update",  "delete",  "merge",   "create",  "drop",      "alter",
        "truncate", "unload", "copy",    "grant",   "revoke",  "analyze", "vacuum",  "set",       "reset",
        "show",     "lock",   "explain", "comment", "refresh", "declare", "prepare", "deallocate"};
    bool known = false;
    for (const std::string_view word : kStarts) known = known || reader_.peek().is(word);
    if (!known) return reader_.unexpected();
    PlStatement made{PlKind::kSql};
    const bool query = at_any({"select", "with"});
    const auto stop = [query](const Token& token) { return query && token.is("into"); };
    made.expression = TRY(some(stop));
    if (reader_.accept("into")) {
      made.to.first = here() - 1;
      made.strict = reader_.accept("strict");
      made.targets = TRY(targets());
      made.to.last = here();
      until([](const Token&) { return false; });
      made.expression.last = here();
    }
    TRY(semicolon());
    return made;
  }

  PlBody& body_;
  Reader reader_;
  int nesting_ = 0;
};

}  // namespace

Result<PlBody> parse_plpgsql(const std::string& source) {
  PlBody body;
  body.source = source;
  body.tokens = TRY(lex(body.source));
  TRY(Parser(body).run());
  return body;
}

}  // namespace tarn::sql
