#include "base/text.h"
#include "sql/plpgsql_frame.h"
#include "sql/sql_error.h"

namespace tarn::sql {
namespace {

constexpr std::string_view kRaised = "P0001";
constexpr std::string_view kBool = "boolean", kBigint = "bigint";

enum class Flow : uint8_t { kNext, kExit, kContinue, kReturn };

class Interpreter : private PlFrame {
 public:
  Interpreter(const PlProcedure& procedure, PlHost& host) : PlFrame(procedure.body, host), procedure_(procedure) {}

  Result<std::vector<PlValue>> run(const std::vector<PlValue>& values) {
    scopes_.emplace_back();
    declare("found", {{"false", std::string(kBool)}});
    for (size_t i = 0; i < procedure_.arguments.size(); ++i) {
      const Argument& argument = procedure_.arguments[i];
      PlVariable variable;
      variable.cursor = argument.type.name == "refcursor";
      variable.value.type = variable.cursor ? std::string(kPlText) : engine_type(argument.type, TypeUse::kCast);
      if (argument.mode != Argument::Mode::kOut && i < values.size()) variable.value.text = values[i].text;
      const std::string position = "$" + std::to_string(i + 1);
      arguments_[position] = argument.name.empty() ? position : argument.name;
      declare(arguments_[position], std::move(variable));
    }
    TRY(statement(body_.block));
    std::vector<PlValue> outputs;
    for (size_t i = 0; i < procedure_.arguments.size(); ++i)
      if (procedure_.arguments[i].mode != Argument::Mode::kIn)
        outputs.push_back(find(arguments_["$" + std::to_string(i + 1)])->value);
    return outputs;
  }

 private:
  // --- statements ---------------------------------------------------------------------------------------------------

  Result<Flow> run_all(const PlStatements& all) {
    for (const PlStatement& each : all) {
      const Flow flow = TRY(statement(each));
      if (flow != Flow::kNext) return flow;
    }
    return Flow::kNext;
  }

  Result<Flow> statement(const PlStatement& s) {
    TRY(host_.proceed());
    switch (s.kind) {
      case PlKind::kBlock: return block(s);
      case PlKind::kIf: return if_statement(s);
      case PlKind::kCase: return case_statement(s);
      case PlKind::kLoop:
      case PlKind::kWhile: return loop(s);
      case PlKind::kForRange: return for_range(s);
      case PlKind::kForQuery:
      case PlKind::kForExecute: return for_query(s);
      case PlKind::kExit:
      case PlKind::kContinue: return leave(s);
      case PlKind::kReturn: return Flow::kReturn;
      default: break;
    }
    TRY(simple(s));
    return Flow::kNext;
  }

  Status simple(const PlStatement& s) {
    switch (s.kind) {
      case PlKind::kAssign: return assign(s.targets[0], TRY(evaluate(s.expression)));
      case PlKind::kRaise: return raise(s);
      case PlKind::kExecute: {
        const std::string sql = TRY(text(s.expression, "the statement of EXECUTE"));
        return run(sql, {}, s, !s.targets.empty());
      }
      case PlKind::kSql: {
        const Bound bound = TRY(bind(s.expression, s.to));
        return run(bound.sql, bound.params, s, !s.targets.empty());
      }
      case PlKind::kPerform: {
        const Bound bound = TRY(bind(s.expression));
        return run("SELECT " + bound.sql, bound.params, s, false);
      }
      case PlKind::kCall: return call(s);
      case PlKind::kOpen:
      case PlKind::kOpenExecute: return open(s);
      case PlKind::kFetch: return fetch(s);
      case PlKind::kClose: return close(s);
      case PlKind::kStart: return host_.start();
      case PlKind::kCommit: close_cursors(); return host_.commit();
      case PlKind::kRollback: close_cursors(); return host_.rollback();
      case PlKind::kRowCount: return assign(s.targets[0], {std::to_string(row_count_), std::string(kBigint)});
      default: return {};
    }
  }

  // AWS: Managing transactions: COMMIT, ROLLBACK and TRUNCATE close all cursors.
  void close_cursors() {
    for (auto& scope : scopes_)
      for (auto& [name, variable] : scope) variable.open.reset();
  }

  Status run(const std::string& sql, const std::vector<Param>& params, const PlStatement& s, bool into) {
    PlOutcome outcome = TRY(host_.run(sql, params));
    if (lower(trim(sql)).starts_with("truncate")) close_cursors();
    row_count_ = outcome.rows;
    if (!into) {
      set_found(outcome.rows > 0);
      return {};
    }
    if (!outcome.cursor) return sql_error(kSyntaxError, "INTO needs a statement that returns rows");
    std::vector<std::optional<std::string>> row;
    const bool found = TRY(outcome.cursor->next(row));
    if (s.strict && !found) return sql_error("P0002", "query returned no rows");
    TRY(assign_row(s.targets, outcome.cursor->columns(), found ? &row : nullptr));
    if (s.strict && TRY(outcome.cursor->next(row))) return sql_error("P0003", "query returned more than one row");
    set_found(found);
    return {};
  }

  Result<Flow> block(const PlStatement& s) {
    scopes_.emplace_back();
    const size_t depth = scopes_.size();
    if (!s.label.empty()) labels_[s.label] = depth - 1;
    Result<Flow> flow = Flow::kNext;
    if (Status declared = declarations(s); !declared)
      flow = Failure(declared.error());
    else
      flow = s.goes_on && procedure_.nonatomic ? run_on(s, depth) : run_all(s.body);
    if (!flow && s.has_otherwise && can_be_handled(flow.error())) {
      scopes_.resize(depth);
      flow = handle(s, flow.error());
    }
    scopes_.resize(depth - 1);
    labels_.erase(s.label);
    if (flow && *flow == Flow::kExit && !wanted_.empty() && wanted_ == s.label) {
      wanted_.clear();
      return Flow::kNext;
    }
    return flow;
  }

  // AWS: Trapping errors: OTHERS is every error but the query's cancellation. An engine that ended ends all.
  static bool can_be_handled(const Error& error) {
    const std::string state = sqlstate_of(error);
    return state != "57014" && state != "57P02";
  }

  // AWS: CONTINUE_HANDLER, of NONATOMIC procedures: the statement behind the one that failed is next.
  Result<Flow> run_on(const PlStatement& s, size_t depth) {
    for (const PlStatement& each : s.body) {
      Result<Flow> flow = statement(each);
      if (!flow && !can_be_handled(flow.error())) return flow;
      if (!flow) {
        scopes_.resize(depth);
        flow = TRY(handle(s, flow.error()));
      }
      if (*flow != Flow::kNext) return flow;
    }
    return Flow::kNext;
  }

  // AWS: Trapping errors: what was done is rolled back, the handler runs in a transaction of its own, which is committed,
  // and then the error goes on, unless the procedure is NONATOMIC.
  Result<Flow> handle(const PlStatement& s, const Error& error) {
    TRY(host_.begin_handler());
    declare("sqlerrm", {{error.message, std::string(kPlText)}});
    declare("sqlstate", {{sqlstate_of(error), std::string(kPlText)}});
    handled_.push_back(error);
    const Result<Flow> flow = run_all(s.otherwise);
    handled_.pop_back();
    if (!flow) return flow;
    TRY(host_.end_handler());
    if (!procedure_.nonatomic) return Failure(error);
    return flow;
  }

  Status declarations(const PlStatement& s) {
    for (const PlDeclaration& declaration : s.declarations) {
      PlVariable variable;
      switch (declaration.kind) {
        case PlDeclaration::Kind::kAlias: {
          const auto argument = arguments_.find(declaration.of);
          aliases_[declaration.name] = argument == arguments_.end() ? declaration.of : argument->second;
          break;
        }
        case PlDeclaration::Kind::kRecord: variable.record = true; break;
        case PlDeclaration::Kind::kCursor:
          variable.cursor = true;
          if (!declaration.initial.empty()) variable.bound = &declaration;
          break;
        case PlDeclaration::Kind::kTypeOf: variable.value.type = TRY(type_named(declaration.of)); break;
        case PlDeclaration::Kind::kScalar: variable.value.type = declaration.type; break;
      }
      const bool scalar = !variable.record && !variable.cursor;
      declare(declaration.name, std::move(variable));
      if (scalar && !declaration.initial.empty())
        TRY(assign({declaration.name, {}}, TRY(evaluate(declaration.initial))));
      PlVariable& made = scopes_.back()[declaration.name];
      made.constant = declaration.constant;
      made.not_null = declaration.not_null;
      if (made.not_null && !made.value.text)
        return sql_error(
            "22004", "variable \"" + declaration.name + "\" must have a default value, since it's declared NOT NULL");
    }
    return {};
  }

  // v%TYPE or table.column%TYPE
  Result<std::string> type_named(const std::string& of) {
    if (PlVariable* variable = find(of)) return variable->value.type;
    const size_t dot = of.rfind('.');
    if (dot == std::string::npos)
      return sql_error(kSyntaxError, "\"" + of + "\" is neither a variable nor table.column");
    PlOutcome outcome = TRY(host_.run("SELECT " + of.substr(dot + 1) + " FROM " + of.substr(0, dot) + " LIMIT 0", {}));
    if (!outcome.cursor || outcome.cursor->columns().empty()) return std::string(kPlText);
    return pl_type(outcome.cursor->columns()[0]);
  }

  Result<Flow> if_statement(const PlStatement& s) {
    for (const PlBranch& branch : s.branches)
      if (TRY(condition(branch.conditions[0]))) return run_all(branch.body);
    return run_all(s.otherwise);
  }

  Result<Flow> case_statement(const PlStatement& s) {
    for (const PlBranch& branch : s.branches)
      for (const PlFragment& fragment : branch.conditions)
        if (TRY(case_matches(s.expression, fragment))) return run_all(branch.body);
    if (!s.has_otherwise) return sql_error("20000", "case not found");
    return run_all(s.otherwise);
  }

  Result<bool> case_matches(const PlFragment& operand, const PlFragment& value) {
    if (operand.empty()) return condition(value);
    const PlValue left = TRY(evaluate(operand));
    Bound right = TRY(bind(value));
    right.params.push_back({"operand", left.text, left.type});
    const PlValue equal = TRY(one("SELECT :operand = (" + right.sql + ")", right.params));
    return equal.text == "true";
  }

  // What a loop does with its body's flow: true to go round again; else `out` is what it ends with.
  bool again(const PlStatement& s, Flow flow, Flow& out) {
    const bool mine = wanted_.empty() || wanted_ == s.label;
    out = flow;
    if (flow == Flow::kNext) return true;
    if (flow == Flow::kReturn || !mine) return false;
    wanted_.clear();
    out = Flow::kNext;
    return flow == Flow::kContinue;
  }

  Result<Flow> loop(const PlStatement& s) {
    Flow out = Flow::kNext;
    while (s.kind == PlKind::kLoop || TRY(condition(s.expression))) {
      TRY(host_.proceed());
      if (!again(s, TRY(run_all(s.body)), out)) break;
    }
    return out;
  }

  Result<Flow> for_range(const PlStatement& s) {
    const int64_t from = TRY(integer(s.expression)), to = TRY(integer(s.to));
    const int64_t step = s.step.empty() ? 1 : TRY(integer(s.step));
    if (step <= 0) return sql_error(kInvalidParameter, "BY value of FOR loop must be greater than zero");
    scopes_.emplace_back();
    if (!s.label.empty()) labels_[s.label] = scopes_.size() - 1;  // AWS: Loops: the label qualifies the loop's variable
    Result<Flow> result = Flow::kNext;
    bool found = false;
    Flow out = Flow::kNext;
    for (int64_t i = from; s.reverse ? i >= to : i <= to; i += s.reverse ? -step : step) {
      found = true;
      declare(s.name, {{std::to_string(i), "integer"}});
      if (Status go = host_.proceed(); !go)
        result = Failure(go.error());
      else
        result = run_all(s.body);
      if (!result || !again(s, *result, out)) break;
    }
    scopes_.pop_back();
    labels_.erase(s.label);
    if (!result) return result;
    set_found(found);
    return out;
  }

  Result<Flow> for_query(const PlStatement& s) {
    Bound bound;
    if (s.kind == PlKind::kForExecute)
      bound.sql = TRY(text(s.expression, "the statement of EXECUTE"));
    else
      bound = TRY(bind(s.expression));
    PlOutcome outcome = TRY(host_.run(bound.sql, bound.params));
    if (!outcome.cursor) return sql_error(kSyntaxError, "FOR .. IN needs a statement that returns rows");
    scopes_.emplace_back();
    if (PlVariable* given = find(s.name); given == nullptr) {
      PlVariable record;
      record.record = true;
      declare(s.name, std::move(record));
    }
    bool found = false;
    Result<Flow> result = for_rows(s, *outcome.cursor, found);
    scopes_.pop_back();
    if (result) set_found(found);
    return result;
  }

  Result<Flow> for_rows(const PlStatement& s, PlCursor& cursor, bool& found) {
    Flow out = Flow::kNext;
    std::vector<std::optional<std::string>> row;
    while (TRY(cursor.next(row))) {
      found = true;
      TRY(host_.proceed());
      TRY(assign_row({{s.name, {}}}, cursor.columns(), &row));
      if (!again(s, TRY(run_all(s.body)), out)) break;
    }
    return out;
  }

  Result<Flow> leave(const PlStatement& s) {
    if (!s.expression.empty() && !TRY(condition(s.expression))) return Flow::kNext;
    wanted_ = s.name;
    return s.kind == PlKind::kExit ? Flow::kExit : Flow::kContinue;
  }

  Status raise(const PlStatement& s) {
    if (s.expression.empty()) {
      if (handled_.empty())
        return sql_error(kSyntaxError, "RAISE without parameters cannot be used outside an exception handler");
      return Failure(handled_.back());
    }
    const std::string format = TRY(text(s.expression, "the format of RAISE"));
    std::string message;
    size_t next = 0;
    for (size_t i = 0; i < format.size(); ++i) {
      if (format[i] != '%') {
        message += format[i];
      } else if (i + 1 < format.size() && format[i + 1] == '%') {
        message += '%';
        ++i;
      } else {
        if (next >= s.arguments.size()) return sql_error(kSyntaxError, "too few parameters specified for RAISE");
        message += TRY(evaluate(s.arguments[next++])).text.value_or("<NULL>");
      }
    }
    if (next < s.arguments.size()) return sql_error(kSyntaxError, "too many parameters specified for RAISE");
    if (s.name == "EXCEPTION") return sql_error(kRaised, std::move(message));
    host_.notice(s.name, message);
    return {};
  }

  Status call(const PlStatement& s) {
    Reader reader(s.name, TRY(lex(s.name)));
    const QualifiedName name = TRY(reader.qualified_name());
    std::vector<PlValue> values;
    for (const PlFragment& fragment : s.arguments) values.push_back(TRY(evaluate(fragment)));
    std::vector<Argument> parameters;
    const std::vector<PlValue> outputs = TRY(host_.call(name, values, parameters));
    // Outputs go back into the variables that were passed. OUT parameters may be left out of the list.
    const bool all_given = s.arguments.size() == parameters.size();
    size_t given = 0, output = 0;
    for (const Argument& parameter : parameters) {
      const bool passed = all_given || parameter.mode != Argument::Mode::kOut;
      if (parameter.mode != Argument::Mode::kIn && output < outputs.size()) {
        if (passed && given < s.arguments.size()) TRY(assign_output(s.arguments[given], outputs[output]));
        ++output;
      }
      if (passed) ++given;
    }
    return {};
  }

  Status assign_output(const PlFragment& argument, const PlValue& value) {
    const Token& token = body_.tokens[argument.first];
    if (argument.last - argument.first != 1 || !token.is_name() || find(lower(token.text)) == nullptr) return {};
    return assign({lower(token.text), {}}, value);
  }

  Status open(const PlStatement& s) {
    PlVariable& variable = *TRY(known(s.name));
    if (!variable.cursor) return sql_error(kSyntaxError, "\"" + s.name + "\" is not a cursor variable");
    if (variable.open) return sql_error("42P03", "cursor \"" + s.name + "\" already in use");
    Bound bound;
    if (s.kind == PlKind::kOpenExecute) {
      bound.sql = TRY(text(s.expression, "the statement of EXECUTE"));
    } else if (!s.expression.empty()) {
      bound = TRY(bind(s.expression));
    } else {
      if (variable.bound == nullptr)
        return sql_error(kSyntaxError, "cursor \"" + s.name + "\" has no query: OPEN .. FOR");
      if (variable.bound->arguments.size() != s.arguments.size())
        return sql_error(kSyntaxError, "wrong number of arguments for cursor \"" + s.name + "\"");
      scopes_.emplace_back();
      for (size_t i = 0; i < s.arguments.size(); ++i) {
        PlValue value = TRY(evaluate(s.arguments[i]));
        value.type = engine_type(variable.bound->arguments[i].type, TypeUse::kCast);
        declare(variable.bound->arguments[i].name, {std::move(value)});
      }
      Result<Bound> with_arguments = bind(variable.bound->initial);
      scopes_.pop_back();
      bound = TRY(std::move(with_arguments));
    }
    PlOutcome outcome = TRY(host_.run(bound.sql, bound.params));
    if (!outcome.cursor) return sql_error("42P11", "cannot open a cursor over a statement that returns no rows");
    // AWS: Returning a result set: a refcursor's value is the cursor's name, which the caller fetches from.
    if (variable.value.text) TRY(host_.open_cursor(*variable.value.text, bound.sql, bound.params));
    TRY(known(s.name))->open = std::move(outcome.cursor);
    return {};
  }

  Status fetch(const PlStatement& s) {
    PlVariable& variable = *TRY(known(s.name));
    if (!variable.open) return sql_error("34000", "cursor \"" + s.name + "\" does not exist");
    std::vector<std::optional<std::string>> row;
    const bool found = TRY(variable.open->next(row));
    TRY(assign_row(s.targets, variable.open->columns(), found ? &row : nullptr));
    set_found(found);
    return {};
  }

  Status close(const PlStatement& s) {
    PlVariable& variable = *TRY(known(s.name));
    if (!variable.open) return sql_error("34000", "cursor \"" + s.name + "\" does not exist");
    variable.open.reset();
    return {};
  }

  const PlProcedure& procedure_;
  std::vector<Error> handled_;
  std::string wanted_;  // the label that EXIT or CONTINUE named
  uint64_t row_count_ = 0;
};

}  // namespace

Result<std::vector<PlValue>> run_procedure(const PlProcedure& procedure, const std::vector<PlValue>& values,
                                           PlHost& host) {
  auto outputs = Interpreter(procedure, host).run(values);
  if (outputs) return outputs;
  // A position is of an inner text: it means nothing to the caller.
  Error error = std::move(outputs).error();
  std::erase_if(error.members, [](const auto& member) { return member.first == "position"; });
  return Failure(std::move(error));
}

}  // namespace tarn::sql
