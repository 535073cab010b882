// Calls of functions: arguments with lambdas, aggregates and windows.
#include <algorithm>
#include <mutex>

#include "base/text.h"
#include "duckdb/parser/expression/bound_expression.hpp"
#include "sql/engine/session_state.h"
#include "sql/engine/trino_manifest.h"
#include "sql/engine/trino_parser.h"

namespace tarn::sql::engine::trino {

using duckdb::ExpressionClass;
using duckdb::FunctionExpression;
using duckdb::make_uniq;
using duckdb::Value;
using duckdb::WindowBoundary;
using duckdb::WindowExpression;
using std::string;

namespace {

// Bodies are parsed once.
ParsedPtr parsed_body(const string& text) {
  static std::mutex mutex;
  static std::map<string, ParsedPtr> bodies;
  const std::lock_guard lock(mutex);
  auto& body = bodies[text];
  if (!body) {
    auto list = duckdb::Parser::ParseExpressionList(text);
    body = std::move(list[0]);
  }
  return body->Copy();
}

void count_parts(const duckdb::ParsedExpression& e, size_t& parts) {
  if (++parts > kMostParts) return;
  duckdb::ParsedExpressionIterator::EnumerateChildren(
      e, [&](const duckdb::ParsedExpression& child) { count_parts(child, parts); });
}

}  // namespace

void refuse_huge(const duckdb::ParsedExpression& e, duckdb::optional_idx place) {
  size_t parts = 0;
  count_parts(e, parts);
  if (parts > kMostParts) raise("NOT_SUPPORTED", kTooManyParts, place);
}

ParsedPtr from_template(const string& text, const duckdb::vector<ParsedPtr>& arguments, duckdb::optional_idx place,
                        const std::function<void(ParsedPtr&)>& aggregate) {
  const std::function<void(ParsedPtr&)> fill = [&](ParsedPtr& e) {
    if (e->GetExpressionClass() == ExpressionClass::PARAMETER) {
      const auto index = parse_int(e->Cast<duckdb::ParameterExpression>().identifier).value_or(0);
      const string alias = e->GetAlias();  // of a named argument
      auto& argument = *arguments.at(static_cast<size_t>(index) - 1);
      if (argument.GetExpressionClass() == ExpressionClass::BOUND_EXPRESSION) {
        e = make_uniq<duckdb::BoundExpression>(duckdb::BoundExpression::GetExpression(argument)->Copy());
      } else {
        refuse_huge(argument, place);
        e = argument.Copy();
      }
      if (!alias.empty()) e->SetAlias(alias);
      return;
    }
    duckdb::ParsedExpressionIterator::EnumerateChildren(*e, fill);
    if (e->GetExpressionClass() != ExpressionClass::FUNCTION) return;
    auto& call = e->Cast<FunctionExpression>();
    if (call.function_name.starts_with("c_")) {
      const string alias = e->GetAlias();
      e = typed_call(call.function_name.substr(2), place, std::move(call.children));
      e->SetAlias(alias);
    } else if (call.function_name.starts_with("t_")) {
      call.catalog = "system";
      call.schema = kSchema;
    } else if (call.function_name.starts_with("agg")) {
      const size_t at = call.function_name.find('_');
      if (call.function_name.starts_with("aggt_")) {
        call.catalog = "system";
        call.schema = kSchema;
      }
      call.function_name = call.function_name.substr(at + 1);
      if (aggregate) aggregate(e);
    }
  };
  auto result = parsed_body(text);
  fill(result);
  return result;
}

// --- reading a call --------------------------------------------------------------------------------------------------

ParsedPtr Parser::function_call(const string& name, size_t at) {
  const Nested nested(*this);
  if (recognition_) {
    if (auto found = match_call(name, at)) return found;
  }
  Call call;
  call.name = name;
  call.at = at;
  expect_op("(");
  arguments(call);
  after_arguments(call);
  return make(std::move(call));
}

bool Parser::lambda_follows() const {
  if (is_identifier() && is_op("->", 1)) return true;
  if (!is_op("(")) return false;
  size_t ahead = 1;
  while (is_identifier(ahead) || is_op(",", ahead)) ++ahead;
  return is_op(")", ahead) && is_op("->", ahead + 1);
}

// x -> e. What its parameters mean is the function's: (k, v) of map_filter are fields of an entry.
ParsedPtr Parser::lambda(const string& function, size_t argument) {
  const size_t at = here();
  std::vector<string> names;
  if (take_op("(")) {
    while (!is_op(")")) {
      names.push_back(lower(identifier()));
      if (!take_op(",")) break;
    }
    expect_op(")");
  } else {
    names.push_back(lower(identifier()));
  }
  expect_op("->");
  const LambdaFunction* rule = lambda_function(function, argument);
  if (!rule) {
    if (is_known(function)) {
      raise("FUNCTION_NOT_FOUND", "Unexpected parameters (<function>) for function " + function, place(at));
    }
    raise("FUNCTION_NOT_FOUND", "Function '" + function + "' not registered", place(at));
  }
  const auto fields = *rule->fields ? split(rule->fields, ',') : std::vector<std::string_view>{};
  const size_t expected = fields.empty() ? 1 : fields.size();
  if (names.size() != expected) {
    raise("FUNCTION_NOT_FOUND", "Unexpected parameters for function " + function + ": the lambda expression has " +
          std::to_string(names.size()) + " parameters, expected " + std::to_string(expected), place(at));
  }
  const string variable = "lambda_" + std::to_string(++lambda_count_);
  duckdb::vector<string> parameters = {variable};
  std::map<string, Variable> scope;
  const bool reduces = (function == "reduce" || function == "reduce_agg") && argument == 2;
  if (reduces) {  // two of the engine's: the state and the next element
    const string second = "lambda_" + std::to_string(++lambda_count_);
    parameters.push_back(second);
    scope[names[0]] = {variable, "s"};
    scope[names[1]] = {second, "x"};
  } else {
    for (size_t i = 0; i < names.size(); ++i) {
      scope[names[i]] = {variable, fields.empty() ? "" : string(fields[i])};
    }
  }
  lambdas_.push_back(std::move(scope));
  const size_t body_at = here();
  auto body = expression();
  lambdas_.pop_back();
  if (std::string_view(rule->parameters).find("boolean)") != std::string_view::npos) {
    body = condition(std::move(body), "The lambda expression", body_at);
  }
  if (reduces) {
    // The whole of the new state, in the old one's type.
    body = from_template("struct_pack(s := c_cast($1, t_null_of($2)), x := $3)",
                         items(std::move(body),
                               typed("field", at, items(make_uniq<duckdb::ColumnRefExpression>(parameters[0]),
                                                        constant_of(Value("s")))),
                               typed("field", at, items(make_uniq<duckdb::ColumnRefExpression>(parameters[1]),
                                                        constant_of(Value("x"))))),
                         place(at));
  }
  return make_uniq<duckdb::LambdaExpression>(std::move(parameters), std::move(body));
}

void Parser::arguments(Call& call) {
  if (take_op("*")) {
    call.star = true;
    expect_op(")");
    return;
  }
  if (take("distinct")) {
    call.distinct = true;
  } else if (is("all") && !is_op(")", 1) && !is_op(",", 1)) {
    ++at_;
  }
  if (!is_op(")") && !is("order")) {
    do {
      if (lambda_follows()) {
        call.arguments.push_back(lambda(call.name, call.arguments.size()));
      } else {
        call.arguments.push_back(expression());
      }
    } while (take_op(","));
  }
  if (call.name == "listagg" && take("on")) {  // ON OVERFLOW ERROR | TRUNCATE ..: no overflow here
    expect("overflow");
    if (!take("error")) {
      expect("truncate");
      if (peek().kind == TokenKind::kString) ++at_;
      if (is("with") || is("without")) {
        ++at_;
        expect("count");
      }
    }
  }
  if (take("order")) {
    expect("by");
    call.order = sort_items();
  }
  expect_op(")");
}

void Parser::after_arguments(Call& call) {
  if (is("within") && is("group", 1)) {
    at_ += 2;
    expect_op("(");
    expect("order");
    expect("by");
    call.order = sort_items();
    expect_op(")");
  }
  if (is("filter") && is_op("(", 1)) {
    at_ += 2;
    expect("where");
    const size_t at = here();
    call.filter = condition(expression(), "FILTER clause", at);
    expect_op(")");
  }
  if ((is("ignore") || is("respect")) && is("nulls", 1)) {
    call.ignore_nulls = is("ignore");
    at_ += 2;
  }
  if (take("over")) call.over = window_specification();
}

duckdb::unique_ptr<WindowExpression> Parser::window_specification() {
  auto window = make_uniq<WindowExpression>(duckdb::ExpressionType::WINDOW_AGGREGATE, "", "", "");
  window->start = WindowBoundary::UNBOUNDED_PRECEDING;
  window->end = WindowBoundary::CURRENT_ROW_RANGE;
  const auto inherit = [&](const string& name, size_t at) {
    for (auto scope = named_windows_.rbegin(); scope != named_windows_.rend(); ++scope) {
      const auto found = scope->find(lower(name));
      if (found == scope->end()) continue;
      return duckdb::unique_ptr_cast<duckdb::ParsedExpression, WindowExpression>(found->second->Copy());
    }
    raise("INVALID_WINDOW_REFERENCE", "Cannot resolve WINDOW name " + name, place(at));
  };
  if (!is_op("(")) {
    const size_t at = here();
    return inherit(identifier(), at);
  }
  expect_op("(");
  if (is_identifier() && !is("partition") && !is("rows") && !is("range") && !is("groups")) {
    const size_t at = here();
    window = inherit(identifier(), at);
  }
  if (take("partition")) {
    expect("by");
    do window->partitions.push_back(expression());
    while (take_op(","));
  }
  if (take("order")) {
    expect("by");
    window->orders = sort_items();
  }
  if (is("rows") || is("range") || is("groups")) frame(*window);
  expect_op(")");
  return window;
}

namespace {

// Literals only; others are for the engine to look at.
bool is_less(const ParsedPtr& e, int64_t least) {
  if (!e || e->GetExpressionClass() != ExpressionClass::CONSTANT) return false;
  const Value& value = e->Cast<duckdb::ConstantExpression>().value;
  return value.type().IsIntegral() && !value.IsNull() && value.GetValue<int64_t>() < least;
}

// Frames that begin behind their end, and offsets without something to count from: the engine would fail.
void check_frame(const WindowExpression& window, const string& unit, duckdb::optional_idx at) {
  enum class Bound : uint8_t { kFirst, kBefore, kHere, kBehind, kLast };
  const auto bound = [](WindowBoundary boundary) {
    switch (boundary) {
      case WindowBoundary::UNBOUNDED_PRECEDING: return Bound::kFirst;
      case WindowBoundary::UNBOUNDED_FOLLOWING: return Bound::kLast;
      case WindowBoundary::EXPR_PRECEDING_ROWS:
      case WindowBoundary::EXPR_PRECEDING_RANGE:
      case WindowBoundary::EXPR_PRECEDING_GROUPS: return Bound::kBefore;
      case WindowBoundary::EXPR_FOLLOWING_ROWS:
      case WindowBoundary::EXPR_FOLLOWING_RANGE:
      case WindowBoundary::EXPR_FOLLOWING_GROUPS: return Bound::kBehind;
      default: return Bound::kHere;
    }
  };
  const Bound start = bound(window.start), end = bound(window.end);
  const auto wrong = [&](const string& what) { raise("INVALID_WINDOW_FRAME", "Window frame " + what, at); };
  if (start == Bound::kLast) wrong("start cannot be UNBOUNDED FOLLOWING");
  if (end == Bound::kFirst) wrong("end cannot be UNBOUNDED PRECEDING");
  if (start == Bound::kHere && end == Bound::kBefore) wrong("starting from CURRENT ROW cannot end with PRECEDING");
  if (start == Bound::kBehind && end == Bound::kBefore) wrong("starting from FOLLOWING cannot end with PRECEDING");
  if (start == Bound::kBehind && end == Bound::kHere) wrong("starting from FOLLOWING cannot end with CURRENT ROW");
  if (is_less(window.start_expr, 0) || is_less(window.end_expr, 0)) wrong("offset value must not be negative or null");
  const bool counts = window.start_expr || window.end_expr;
  if (unit == "rows" || !counts) return;
  if (window.orders.empty()) {
    raise("MISSING_ORDER_BY", "Window frame of type " + upper(unit) + " PRECEDING or FOLLOWING requires ORDER BY", at);
  }
  if (unit == "range" && window.orders.size() > 1) {
    raise("INVALID_ORDER_BY", "Window frame of type RANGE PRECEDING or FOLLOWING requires single sort item in ORDER BY "
          "(actual: " + std::to_string(window.orders.size()) + ")", at);
  }
}

}  // namespace

void Parser::frame(WindowExpression& window) {
  const string unit = tokens_[at_++].text;
  const auto by_unit = [&](WindowBoundary rows, WindowBoundary range, WindowBoundary groups) {
    return unit == "rows" ? rows : unit == "range" ? range : groups;
  };
  const auto bound = [&](ParsedPtr& offset) {
    if (is("current")) {
      ++at_;
      expect("row");
      return by_unit(WindowBoundary::CURRENT_ROW_ROWS, WindowBoundary::CURRENT_ROW_RANGE,
                     WindowBoundary::CURRENT_ROW_GROUPS);
    }
    if (take("unbounded")) {
      if (take("preceding")) return WindowBoundary::UNBOUNDED_PRECEDING;
      expect("following");
      return WindowBoundary::UNBOUNDED_FOLLOWING;
    }
    offset = expression();
    if (take("preceding")) {
      return by_unit(WindowBoundary::EXPR_PRECEDING_ROWS, WindowBoundary::EXPR_PRECEDING_RANGE,
                     WindowBoundary::EXPR_PRECEDING_GROUPS);
    }
    expect("following");
    return by_unit(WindowBoundary::EXPR_FOLLOWING_ROWS, WindowBoundary::EXPR_FOLLOWING_RANGE,
                   WindowBoundary::EXPR_FOLLOWING_GROUPS);
  };
  const size_t at = here();
  if (take("between")) {
    window.start = bound(window.start_expr);
    expect("and");
    window.end = bound(window.end_expr);
  } else {
    window.start = bound(window.start_expr);
    window.end = by_unit(WindowBoundary::CURRENT_ROW_ROWS, WindowBoundary::CURRENT_ROW_RANGE,
                         WindowBoundary::CURRENT_ROW_GROUPS);
  }
  check_frame(window, unit, place(at));
  if (take("exclude")) raise("SYNTAX_ERROR", "mismatched input 'EXCLUDE'. Expecting: ')'", place(here()));
}

// --- what it becomes -------------------------------------------------------------------------------------------------

namespace {

[[noreturn]] void not_registered(const Call& call, duckdb::optional_idx at) {
  if (is_refused(call.name)) raise("NOT_SUPPORTED", "The function " + call.name + " is not supported.", at);
  raise("FUNCTION_NOT_FOUND", "Function '" + call.name + "' not registered", at);
}

[[noreturn]] void wrong_number(const Call& call, const char* parameters, duckdb::optional_idx at) {
  raise("FUNCTION_NOT_FOUND",
        "Unexpected parameters for function " + call.name + ": " + std::to_string(call.arguments.size()) +
            " given. Expected: " + call.name + "(" + parameters + ")",
        at);
}

}  // namespace

ParsedPtr Parser::make(Call call) {
  const auto at = place(call.at);
  const bool has_lambda = std::any_of(call.arguments.begin(), call.arguments.end(), [](const auto& e) {
    return e->GetExpressionClass() == ExpressionClass::LAMBDA;
  });
  if (has_lambda) return make_with_lambda(call);
  if (call.name == "count" && (call.star || call.arguments.empty())) {
    call.arguments.clear();
    return make_aggregate(call, "agg_count_star()");
  }
  if (call.star) mismatched("<expression>");
  if (window_function(call.name) && call.over) return make_window(call);
  if (const Aggregate* found = aggregate(call.name)) {
    const int given = static_cast<int>(call.arguments.size());
    if (given < found->min_arguments || (found->max_arguments >= 0 && given > found->max_arguments)) {
      wrong_number(call, found->parameters, at);
    }
    const auto bodies = split(found->body, '|');
    const size_t which = std::min(static_cast<size_t>(given - found->min_arguments), bodies.size() - 1);
    return make_aggregate(call, string(bodies[which]).c_str());
  }
  if (window_function(call.name)) {
    raise("MISSING_OVER", "Window function " + call.name + " requires an OVER clause", at);
  }
  if (call.over) raise("FUNCTION_NOT_WINDOW", "Not a window function: " + call.name, at);
  if (call.filter || call.distinct || !call.order.empty()) {
    if (!is_known(call.name)) not_registered(call, at);
    raise("FUNCTION_NOT_AGGREGATE", "Function is not an aggregation function: " + call.name, at);
  }
  if (call.name == "try") {
    if (call.arguments.size() != 1) wrong_number(call, "T", at);
    return make_uniq<duckdb::OperatorExpression>(duckdb::ExpressionType::OPERATOR_TRY, std::move(call.arguments[0]));
  }
  if (call.name == "if") {
    if (call.arguments.size() != 2 && call.arguments.size() != 3) wrong_number(call, "boolean, T, T", at);
    call.arguments[0] = condition(std::move(call.arguments[0]), "IF condition", call.at);
    return typed_call("if result", at, std::move(call.arguments));
  }
  const Special* rule = special(call.name);
  const bool callable = rule ? *rule->returns != 0 : !call.name.starts_with("_") && !signatures(call.name).empty();
  for (size_t i = 1; !callable && i <= 3; ++i) {
    if (const auto* with_lambda = lambda_function(call.name, i)) wrong_number(call, with_lambda->parameters, at);
  }
  if (!callable) not_registered(call, at);
  const bool shapes = call.name.starts_with("st_") || call.name.starts_with("line_") ||
                      call.name.find("geometry") != string::npos || call.name.find("geography") != string::npos ||
                      call.name == "bing_tile_polygon";
  if (shapes) SessionState::of(context_)->load_geometry();
  return typed_call(call.name, at, std::move(call.arguments));
}

// The body's aggregates get DISTINCT, FILTER, ORDER BY and OVER of the call.
ParsedPtr Parser::make_aggregate(Call& call, const char* text) {
  if (std::string_view(text).find("st_") != string::npos) SessionState::of(context_)->load_geometry();
  const auto dress = [&](ParsedPtr& e) {
    auto& inner = e->Cast<FunctionExpression>();
    if (call.over) {
      auto window = duckdb::unique_ptr_cast<duckdb::ParsedExpression, WindowExpression>(call.over->Copy());
      window->catalog = inner.catalog;
      window->schema = inner.schema;
      window->function_name = inner.function_name;
      window->children = std::move(inner.children);
      window->distinct = call.distinct;
      if (call.filter) window->filter_expr = call.filter->Copy();
      for (const auto& order : call.order) {
        window->arg_orders.emplace_back(order.type, order.null_order, order.expression->Copy());
      }
      window->SetQueryLocation(place(call.at));
      e = std::move(window);
      return;
    }
    inner.distinct = call.distinct;
    if (call.filter) inner.filter = call.filter->Copy();
    if (!inner.order_bys) inner.order_bys = make_uniq<duckdb::OrderModifier>();
    for (const auto& order : call.order) {
      inner.order_bys->orders.emplace_back(order.type, order.null_order, order.expression->Copy());
    }
    inner.SetQueryLocation(place(call.at));
  };
  return from_template(text, call.arguments, place(call.at), dress);
}

ParsedPtr Parser::make_window(Call& call) {
  const WindowFunction* rule = window_function(call.name);
  const int given = static_cast<int>(call.arguments.size());
  if (given < rule->min_arguments || given > rule->max_arguments) {
    wrong_number(call, rule->parameters, place(call.at));
  }
  auto window = std::move(call.over);
  string name = call.name;
  window->SetExpressionTypeUnsafe(WindowExpression::WindowToExpressionType(name));
  window->function_name = name;
  window->ignore_nulls = call.ignore_nulls;
  const int64_t least = name == "nth_value" ? 1 : 0;
  if (given > 1 && is_less(call.arguments[1], least)) {
    raise("INVALID_FUNCTION_ARGUMENT", "Offset must be at least " + std::to_string(least), place(call.at));
  }
  if ((name == "lag" || name == "lead") && given > 1) {
    window->offset_expr = std::move(call.arguments[1]);
    if (given > 2) window->default_expr = std::move(call.arguments[2]);
    call.arguments.resize(1);
  }
  window->children = std::move(call.arguments);
  window->SetQueryLocation(place(call.at));
  return window;
}

ParsedPtr Parser::make_with_lambda(Call& call) {
  const auto at = place(call.at);
  if (call.over || call.filter || call.distinct) {
    raise("NOT_SUPPORTED", "The function " + call.name + " with a lambda expression is not supported.", at);
  }
  size_t first = 0;
  while (call.arguments[first]->GetExpressionClass() != ExpressionClass::LAMBDA) ++first;
  const LambdaFunction* rule = lambda_function(call.name, first);
  if (static_cast<int>(call.arguments.size()) != rule->arguments) wrong_number(call, rule->parameters, at);
  return from_template(rule->body, call.arguments, at);
}

}  // namespace tarn::sql::engine::trino
