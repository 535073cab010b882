// Expressions of MATCH_RECOGNIZE: what they read of a match's rows become leaves (trino_match.h).
#include <algorithm>
#include <limits>

#include "base/text.h"
#include "sql/engine/trino_match.h"
#include "sql/engine/trino_parser.h"

namespace tarn::sql::engine::trino {

using duckdb::ColumnRefExpression;
using duckdb::FunctionExpression;
using duckdb::make_uniq;
using duckdb::Value;
using std::string;

ParsedPtr Parser::leaf(Leaf leaf) {
  auto& leaves = recognition_->leaves;
  const auto known = std::find(leaves.begin(), leaves.end(), leaf);
  const auto index = static_cast<size_t>(known - leaves.begin());
  if (known == leaves.end()) leaves.push_back(std::move(leaf));
  return make_uniq<ColumnRefExpression>(leaf_name(index));
}

namespace {

size_t column_of(Recognition& recognition, ParsedPtr e) {
  auto& columns = recognition.columns;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i]->Equals(*e)) return i;
  }
  columns.push_back(std::move(e));
  return columns.size() - 1;
}

}  // namespace

// A.x: the value at the last row of A; x: at the last row. In an argument: of the row that is led to.
ParsedPtr Parser::match_column(const string& label, duckdb::vector<string> names, size_t at) {
  std::vector<size_t> labels;
  if (const auto found = names.size() > 1 ? recognition_->labels_of(label) : std::nullopt) {
    labels = *found;
    names.erase(names.begin());
  }
  auto result = make_uniq<ColumnRefExpression>(std::move(names));
  result->SetQueryLocation(place(at));
  if (!recognition_->in_argument) {
    Leaf found;
    found.labels = std::move(labels);
    found.column = column_of(*recognition_, std::move(result));
    return leaf(std::move(found));
  }
  auto& others = recognition_->argument_labels;
  if (others && *others != labels) {
    raise("INVALID_ARGUMENTS",
          "Column references inside argument of a pattern recognition function must all be prefixed "
          "with the same label or no label",
          place(at));
  }
  others = std::move(labels);
  return result;
}

// The argument of FIRST, LAST, PREV, NEXT: CLASSIFIER(), or an expression of one row.
void Parser::match_argument(Leaf& into) {
  if (is("classifier") && is_op("(", 1)) {
    at_ += 2;
    into.kind = into.kind == Leaf::Kind::kValues ? Leaf::Kind::kLabels : Leaf::Kind::kLabel;
    if (!is_op(")")) into.labels = match_labels(*recognition_, here());
    expect_op(")");
    if (!is_op(",") && !is_op(")")) {
      raise("NOT_SUPPORTED", "CLASSIFIER() inside of an expression that is an argument is not supported.",
            place(here()));
    }
    return;
  }
  recognition_->in_argument = true;
  recognition_->argument_labels.reset();
  auto e = expression();
  recognition_->in_argument = false;
  into.labels = recognition_->argument_labels.value_or(std::vector<size_t>());
  into.column = column_of(*recognition_, std::move(e));
}

int64_t Parser::match_offset(int64_t otherwise) {
  if (!take_op(",")) return otherwise;
  const auto n = peek().kind == TokenKind::kNumber ? parse_int(peek().text) : std::nullopt;
  if (!n) mismatched("<integer>");
  if (*n > std::numeric_limits<int32_t>::max()) {
    raise("NUMERIC_VALUE_OUT_OF_RANGE",
          "The second argument of a pattern recognition function must not exceed 2147483647", place(here()));
  }
  ++at_;
  return *n;
}

// Behind FIRST or LAST.
void Parser::logical_navigation(Leaf& into, bool final) {
  into.final = final;
  expect_op("(");
  match_argument(into);
  into.logical = match_offset(0);
  expect_op(")");
}

ParsedPtr Parser::navigation(const string& name, size_t at, bool final) {
  Leaf found;
  if (name == "first" || name == "last") {
    found.first = name == "first";
    logical_navigation(found, final);
    return leaf(std::move(found));
  }
  if (final) {
    raise("INVALID_PROCESSING_MODE", "FINAL semantics is not supported with " + name + " pattern recognition function",
          place(at));
  }
  expect_op("(");
  const bool processing = is("running") || is("final");
  if ((is("first") || is("last")) ? is_op("(", 1) : processing && (is("first", 1) || is("last", 1)) && is_op("(", 2)) {
    const bool of_end = processing && is("final");
    if (processing) ++at_;
    found.first = is("first");
    ++at_;
    logical_navigation(found, of_end);
  } else {
    match_argument(found);
  }
  const int64_t offset = match_offset(1);
  found.physical = name == "prev" ? -offset : offset;
  expect_op(")");
  return leaf(std::move(found));
}

// A function that reads the match; null: any other.
ParsedPtr Parser::match_call(const string& given, size_t at) {
  string name = given;
  bool final = false, processing = false;
  if ((name == "running" || name == "final") && !is_op("(")) {
    processing = true;
    final = name == "final";
    if (final && recognition_->in_define) {
      raise("INVALID_PROCESSING_MODE", "FINAL semantics is not supported in DEFINE clause", place(at));
    }
    name = lower(identifier());
  }
  static const std::set<string> kNavigations = {"first", "last", "prev", "next"};
  const bool known = kNavigations.contains(name) || name == "classifier" || name == "match_number";
  if (!known && !aggregate(name)) {
    if (processing) {
      raise("INVALID_PROCESSING_MODE",
            upper(given) +
                " semantics is supported only for FIRST(), LAST() and aggregation functions. "
                "Actual: " +
                name,
            place(at));
    }
    return nullptr;
  }
  if (recognition_->in_argument) {
    raise("NESTED_ROW_PATTERN_FUNCTION", "Cannot nest " + name + " pattern recognition function inside of another one",
          place(at));
  }
  if (kNavigations.contains(name)) return navigation(name, at, final);
  if (aggregate(name)) return match_aggregate(name, at, final);
  Leaf found{.kind = name == "classifier" ? Leaf::Kind::kLabel : Leaf::Kind::kNumber};
  expect_op("(");
  if (found.kind == Leaf::Kind::kLabel && !is_op(")")) found.labels = match_labels(*recognition_, here());
  expect_op(")");
  return leaf(std::move(found));
}

// The arguments of an aggregate, of one row each, and the rows that they are of. None: count(*), count(A.*).
duckdb::vector<ParsedPtr> Parser::match_aggregated(Leaf& rows) {
  const auto refuse = [&](const char* what) {
    raise("NOT_SUPPORTED", string("Cannot use ") + what + " with aggregate function in pattern recognition context",
          place(here()));
  };
  expect_op("(");
  if (is("distinct")) refuse("DISTINCT");
  duckdb::vector<ParsedPtr> arguments;
  const bool labelled_star = is_identifier() && is_op(".", 1) && is_op("*", 2);
  if (labelled_star) {
    rows.labels = match_labels(*recognition_, here());
    at_ += 2;
  } else if (!take_op("*") && !is_op(")")) {
    match_argument(rows);
    const bool of_labels = rows.kind == Leaf::Kind::kLabels;
    arguments.push_back(of_labels ? constant_of(Value(string(""))) : recognition_->columns[rows.column]->Copy());
    recognition_->in_argument = true;
    while (take_op(",")) arguments.push_back(expression());
    recognition_->in_argument = false;
    if (!of_labels) rows.labels = recognition_->argument_labels.value_or(std::vector<size_t>());
  }
  if (is("order")) refuse("ORDER BY");
  expect_op(")");
  if (is("filter") && is_op("(", 1)) refuse("FILTER");
  return arguments;
}

// sum(A.x), count(*), count(A.*), array_agg(CLASSIFIER()): the engine's aggregate over the list of the rows' values.
ParsedPtr Parser::match_aggregate(const string& name, size_t at, bool final) {
  Leaf rows{.kind = Leaf::Kind::kValues, .final = final};
  const auto arguments = match_aggregated(rows);
  const bool star = arguments.empty();
  const Aggregate* rule = aggregate(name);
  const int given = static_cast<int>(arguments.size());
  if (star ? name != "count"
           : given < rule->min_arguments || (rule->max_arguments >= 0 && given > rule->max_arguments)) {
    raise("FUNCTION_NOT_FOUND",
          "Unexpected parameters for function " + name + ": " + std::to_string(given) + " given. Expected: " + name +
              "(" + rule->parameters + ")",
          place(at));
  }
  if (star) {
    rows.column = column_of(*recognition_, constant_of(Value::INTEGER(1)));
    return native_call("len", items(leaf(std::move(rows))));
  }
  const bool of_labels = rows.kind == Leaf::Kind::kLabels;
  if (of_labels && given > 1 && name != "listagg") {
    raise("NOT_SUPPORTED", "CLASSIFIER() beside other arguments of an aggregate is not supported.", place(at));
  }
  // Each of the engine's aggregates in the body gets the list of its own argument.
  const auto of_list = [&](ParsedPtr& e) {
    auto& call = e->Cast<FunctionExpression>();
    Leaf values = rows;
    if (!of_labels) values.column = column_of(*recognition_, std::move(call.children[0]));
    auto list = leaf(std::move(values));
    if (!call.schema.empty() || call.function_name.starts_with("arg_")) {
      raise("NOT_SUPPORTED", "The aggregate function " + name + " in MATCH_RECOGNIZE is not supported.", place(at));
    }
    if (call.function_name == "list") {
      e = std::move(list);
      return;
    }
    auto children = items(std::move(list), constant_of(Value(call.function_name)));
    for (size_t i = 1; i < call.children.size(); ++i) children.push_back(std::move(call.children[i]));
    e = native_call("list_aggregate", std::move(children));
  };
  const auto bodies = split(rule->body, '|');
  const size_t which = std::min(static_cast<size_t>(given - rule->min_arguments), bodies.size() - 1);
  return from_template(string(bodies[which]), arguments, place(at), of_list);
}

}  // namespace tarn::sql::engine::trino
