// MATCH_RECOGNIZE is read, and becomes queries around the call "match" (trino_match.h):
//   SELECT p .., unnest(match(..)) FROM (SELECT p .., list(struct_pack(c0 := .., r := row) ORDER BY ..), leaves ..
//                                        FROM input GROUP BY p ..)
#include <algorithm>

#include "base/text.h"
#include "sql/engine/trino_match.h"
#include "sql/engine/trino_parser.h"

namespace tarn::sql::engine::trino {

using duckdb::ColumnRefExpression;
using duckdb::FunctionExpression;
using duckdb::make_uniq;
using duckdb::SelectNode;
using duckdb::unique_ptr;
using duckdb::Value;
using std::string;

namespace {

constexpr const char* kRow = "tarn_row";
constexpr const char* kRows = "tarn_rows";
constexpr const char* kFound = "tarn_found";

ParsedPtr column_named(const string& name) {
  return make_uniq<ColumnRefExpression>(name);
}
ParsedPtr aliased_as(ParsedPtr e, const string& name) {
  e->SetAlias(name);
  return e;
}
string leaf_name(size_t leaf) {
  return "tarn_leaf" + std::to_string(leaf);
}
ParsedPtr field_of(const char* record, const string& field) {
  return native_call("struct_extract", items(column_named(record), constant_of(Value(field))));
}
unique_ptr<SelectNode> select_from(unique_ptr<SelectNode> inner) {
  auto node = make_uniq<SelectNode>();
  node->from_table = make_uniq<duckdb::SubqueryRef>(as_statement(std::move(inner)));
  return node;
}

// The name of a column of PARTITION BY and ORDER BY: nothing else may stand there.
string input_column(const duckdb::ParsedExpression& e, const string& shown, duckdb::optional_idx at) {
  if (e.GetExpressionClass() == duckdb::ExpressionClass::COLUMN_REF)
    return e.Cast<ColumnRefExpression>().GetColumnName();
  raise("INVALID_COLUMN_REFERENCE", "Expected column reference. Actual: " + shown, at);
}

}  // namespace

// --- clauses ---------------------------------------------------------------------------------------------------------

// As labels are compared: names in quotes are as they are.
string Parser::canonical_name() const {
  return peek().kind == TokenKind::kQuotedName ? peek().text : upper(peek().text);
}

// The token of the clause in the parentheses that are open; raises if it is not there.
size_t Parser::clause(std::string_view word) const {
  int depth = 0;
  for (size_t i = at_; i < tokens_.size(); ++i) {
    if (tokens_[i].is_op("(")) ++depth;
    if (tokens_[i].is_op(")") && --depth < 0) break;
    const bool follows = i > 0 && (tokens_[i - 1].is("as") || tokens_[i - 1].is_op("."));  // it is a name there
    if (depth == 0 && !follows && tokens_[i].is(word)) return i;
  }
  mismatched("'" + upper(word) + "'");
}

// PATTERN (..): its text.
string Parser::match_pattern(Recognition& recognition) {
  expect("pattern");
  if (!is_op("(")) mismatched("'('");
  const size_t from = peek().end;
  int depth = 0;
  for (; at_ < tokens_.size(); ++at_) {
    if (is_op("(")) ++depth;
    if (is_op(")") && --depth == 0) break;
    if (peek().kind == TokenKind::kEnd) mismatched("')'");
  }
  string text = sql_.substr(from, here() - from);
  ++at_;
  recognition.pattern = read_pattern(text, place(from));
  return text;
}

// SUBSET U = (A, B), ..
void Parser::match_subsets(Recognition& recognition) {
  if (!take("subset")) return;
  do {
    const size_t at = here();
    const string name = canonical_name();
    identifier();
    if (recognition.labels_of(name)) {
      raise("INVALID_LABEL",
            "union pattern variable name: " + name + " is a duplicate of " +
                (recognition.subsets.contains(name) ? "another union pattern variable name"
                                                    : "primary pattern variable name"),
            place(at));
    }
    expect_op("=");
    expect_op("(");
    std::vector<size_t> labels;
    do {
      const size_t element_at = here();
      const string element = canonical_name();
      identifier();
      const auto found = recognition.subsets.contains(element) ? std::nullopt : recognition.labels_of(element);
      if (!found) {
        raise("INVALID_LABEL", "subset element: " + element + " is not a primary pattern variable", place(element_at));
      }
      labels.push_back(found->front());
    } while (take_op(","));
    expect_op(")");
    recognition.subsets[name] = std::move(labels);
  } while (take_op(","));
}

std::vector<size_t> Parser::match_labels(const Recognition& recognition, size_t at) {
  const string name = canonical_name();
  identifier();
  const auto found = recognition.labels_of(name);
  if (!found) raise("INVALID_LABEL", name + " is not a primary or union pattern variable", place(at));
  return *found;
}

// [ONE ROW PER MATCH | ALL ROWS PER MATCH ..] [AFTER MATCH SKIP ..]
void Parser::match_rows(Recognition& recognition) {
  if (take("one")) {
    for (const char* word : {"row", "per", "match"}) expect(word);
  } else if (take("all")) {
    for (const char* word : {"rows", "per", "match"}) expect(word);
    recognition.rows = MatchRows::kShowEmpty;
    if (is("show") || is("omit")) {
      if (is("omit")) recognition.rows = MatchRows::kOmitEmpty;
      ++at_;
      expect("empty");
      expect("matches");
    } else if (is("with")) {
      if (recognition.pattern.hides) {
        raise("INVALID_ROW_PATTERN",
              "Pattern exclusion syntax is not allowed when ALL ROWS PER MATCH WITH UNMATCHED "
              "ROWS is specified",
              place(here()));
      }
      ++at_;
      expect("unmatched");
      expect("rows");
      recognition.rows = MatchRows::kUnmatched;
    }
  }
  if (take("after")) {
    for (const char* word : {"match", "skip"}) expect(word);
    if (take("past")) {
      for (const char* word : {"last", "row"}) expect(word);
    } else {
      expect("to");
      if (is("next") && is("row", 1)) {
        at_ += 2;
        recognition.skip = MatchSkip::kNext;
      } else {
        recognition.skip = is("first") ? MatchSkip::kFirst : MatchSkip::kLast;
        if ((is("first") || is("last")) && is_identifier(1)) ++at_;
        recognition.skip_to = match_labels(recognition, here());
      }
    }
  }
  if ((is("initial") || is("seek")) && is("pattern", 1)) {
    if (is("seek")) {
      raise("INVALID_ROW_PATTERN", "Pattern search modifier: SEEK is not allowed in MATCH_RECOGNIZE clause",
            place(here()));
    }
    ++at_;
  }
}

std::vector<std::pair<string, ParsedPtr>> Parser::match_measures() {
  std::vector<std::pair<string, ParsedPtr>> measures;
  if (!take("measures")) return measures;
  do {
    auto e = expression();
    expect("as");
    measures.emplace_back(identifier(), std::move(e));
  } while (take_op(","));
  return measures;
}

duckdb::vector<ParsedPtr> Parser::match_define(Recognition& recognition) {
  duckdb::vector<ParsedPtr> conditions;
  expect("define");
  recognition.in_define = true;
  do {
    const size_t at = here();
    const string name = canonical_name();
    identifier();
    const auto found = recognition.subsets.contains(name) ? std::nullopt : recognition.labels_of(name);
    if (!found) raise("INVALID_LABEL", "defined variable: " + name + " is not a primary pattern variable", place(at));
    if (std::find(recognition.defined.begin(), recognition.defined.end(), found->front()) !=
        recognition.defined.end()) {
      raise("INVALID_LABEL", "pattern variable with name: " + name + " is defined twice", place(at));
    }
    expect("as");
    const size_t condition_at = here();
    recognition.defined.push_back(found->front());
    conditions.push_back(condition(expression(), "Expression defining a label", condition_at));
  } while (take_op(","));
  recognition.in_define = false;
  return conditions;
}

// --- leaves ----------------------------------------------------------------------------------------------------------

ParsedPtr Parser::leaf(Leaf leaf) {
  auto& leaves = recognition_->leaves;
  const auto known = std::find(leaves.begin(), leaves.end(), leaf);
  const auto index = static_cast<size_t>(known - leaves.begin());
  if (known == leaves.end()) leaves.push_back(std::move(leaf));
  return column_named(leaf_name(index));
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

// sum(A.x), count(*), count(A.*), array_agg(CLASSIFIER()): the engine's aggregate over the list of the rows' values.
ParsedPtr Parser::match_aggregate(const string& name, size_t at, bool final) {
  expect_op("(");
  if (is("distinct")) {
    raise("NOT_SUPPORTED", "Cannot use DISTINCT with aggregate function in pattern recognition context", place(here()));
  }
  Leaf rows{.kind = Leaf::Kind::kValues, .final = final};
  duckdb::vector<ParsedPtr> arguments;
  const bool labelled_star = is_identifier() && is_op(".", 1) && is_op("*", 2);
  if (labelled_star) {
    rows.labels = match_labels(*recognition_, here());
    at_ += 2;
  } else if (!take_op("*") && !is_op(")")) {
    const auto argument = [&] {
      match_argument(rows);
      return rows.kind == Leaf::Kind::kLabels ? nullptr : recognition_->columns[rows.column]->Copy();
    };
    arguments.push_back(argument());
    recognition_->in_argument = true;
    while (take_op(",")) arguments.push_back(expression());
    recognition_->in_argument = false;
    if (rows.kind == Leaf::Kind::kValues) rows.labels = recognition_->argument_labels.value_or(std::vector<size_t>());
  }
  if (is("order")) {
    raise("NOT_SUPPORTED", "Cannot use ORDER BY with aggregate function in pattern recognition context", place(here()));
  }
  expect_op(")");
  if (is("filter") && is_op("(", 1)) {
    raise("NOT_SUPPORTED", "Cannot use FILTER with aggregate function in pattern recognition context", place(here()));
  }
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
  if (of_labels) arguments[0] = constant_of(Value(string("")));
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

// --- the whole -------------------------------------------------------------------------------------------------------

namespace {

// Partitions, their rows in a list, and the leaves: of the types that they have in the match.
unique_ptr<SelectNode> partitions_of(const Recognition& recognition, TablePtr input,
                                     const std::vector<string>& partitions, duckdb::vector<duckdb::OrderByNode> order) {
  auto all = make_uniq<SelectNode>();
  all->select_list.push_back(make_uniq<duckdb::StarExpression>());
  all->from_table = std::move(input);
  auto node = make_uniq<SelectNode>();
  node->from_table = make_uniq<duckdb::SubqueryRef>(as_statement(std::move(all)), kRow);
  for (const string& name : partitions) {
    auto& groups = node->groups;
    if (groups.grouping_sets.empty()) groups.grouping_sets.emplace_back();
    groups.grouping_sets[0].insert(groups.group_expressions.size());
    groups.group_expressions.push_back(column_named(name));
    node->select_list.push_back(column_named(name));
  }
  duckdb::vector<ParsedPtr> fields;
  for (size_t i = 0; i < recognition.columns.size(); ++i) {
    fields.push_back(aliased_as(recognition.columns[i]->Copy(), "c" + std::to_string(i)));
  }
  // Without ALL ROWS no one asks for the row itself.
  fields.push_back(
      aliased_as(recognition.rows == MatchRows::kOne ? constant_of(Value::BOOLEAN(true)) : column_named(kRow), "r"));
  auto rows = make_uniq<FunctionExpression>("list", items(native_call("struct_pack", std::move(fields))));
  rows->order_bys = make_uniq<duckdb::OrderModifier>();
  rows->order_bys->orders = std::move(order);
  node->select_list.push_back(aliased_as(std::move(rows), kRows));
  for (size_t i = 0; i < recognition.leaves.size(); ++i) {
    const Leaf& leaf = recognition.leaves[i];
    const bool labels = leaf.kind == Leaf::Kind::kLabel || leaf.kind == Leaf::Kind::kLabels;
    auto value = labels                             ? constant_of(Value(string("")))
                 : leaf.kind == Leaf::Kind::kNumber ? constant_of(Value::BIGINT(0))
                                                    : recognition.columns[leaf.column]->Copy();
    const bool list = leaf.kind == Leaf::Kind::kValues || leaf.kind == Leaf::Kind::kLabels;
    node->select_list.push_back(
        aliased_as(native_call(list ? "list" : "any_value", items(std::move(value))), leaf_name(i)));
  }
  return node;
}

}  // namespace

TablePtr Parser::match_recognize(TablePtr input) {
  const size_t at = here();
  expect("match_recognize");
  expect_op("(");
  if (recognition_)
    raise("NESTED_ROW_PATTERN_FUNCTION", "MATCH_RECOGNIZE inside of MATCH_RECOGNIZE is not supported.", place(at));
  std::vector<string> partitions, ordering;
  if (take("partition")) {
    expect("by");
    do {
      const size_t column_at = here();
      const auto e = expression();
      partitions.push_back(
          input_column(*e, string(trim(sql_.substr(column_at, here() - column_at))), place(column_at)));
    } while (take_op(","));
  }
  duckdb::vector<duckdb::OrderByNode> order;
  if (take("order")) {
    expect("by");
    const size_t order_at = here();
    order = sort_items();
    const string shown(trim(sql_.substr(order_at, here() - order_at)));
    for (const auto& item : order) ordering.push_back(input_column(*item.expression, shown, place(order_at)));
  }
  // PATTERN and SUBSET say what the names in MEASURES are.
  Recognition recognition;
  const size_t measures_at = at_;
  at_ = clause("pattern");
  const string pattern = match_pattern(recognition);
  match_subsets(recognition);
  const size_t define_at = at_;
  at_ = measures_at;
  recognition_ = &recognition;
  auto measures = match_measures();
  match_rows(recognition);
  if (!is("pattern")) mismatched("'AFTER', 'ALL', 'ONE', 'PATTERN'");
  at_ = define_at;
  auto conditions = match_define(recognition);
  recognition_ = nullptr;
  expect_op(")");

  auto found = select_from(partitions_of(recognition, std::move(input), partitions, std::move(order)));
  duckdb::vector<ParsedPtr> arguments =
      items(constant_of(Value(written(recognition, pattern))), column_named(kRows),
            constant_of(Value::BIGINT(static_cast<int64_t>(recognition.leaves.size()))));
  for (size_t i = 0; i < recognition.leaves.size(); ++i) arguments.push_back(column_named(leaf_name(i)));
  arguments.push_back(constant_of(Value::BIGINT(static_cast<int64_t>(conditions.size()))));
  for (auto& e : conditions) arguments.push_back(std::move(e));
  for (auto& [name, e] : measures) arguments.push_back(std::move(e));
  for (const string& name : partitions) found->select_list.push_back(column_named(name));
  found->select_list.push_back(aliased_as(typed("match", at, std::move(arguments)), kFound));

  auto each = select_from(std::move(found));
  for (const string& name : partitions) each->select_list.push_back(column_named(name));
  each->select_list.push_back(aliased_as(native_call("unnest", items(column_named(kFound))), kFound));

  auto result = select_from(std::move(each));
  const auto add_measures = [&](SelectNode& node, const std::function<ParsedPtr(size_t)>& value) {
    for (size_t i = 0; i < measures.size(); ++i) node.select_list.push_back(aliased_as(value(i), measures[i].first));
  };
  if (recognition.rows == MatchRows::kOne) {
    for (const string& name : partitions) result->select_list.push_back(column_named(name));
    add_measures(*result, [](size_t i) { return field_of(kFound, "m" + std::to_string(i)); });
    // The engine has no table without columns.
    if (result->select_list.empty())
      result->select_list.push_back(aliased_as(constant_of(Value::BOOLEAN(true)), kUnnamed));
    return make_uniq<duckdb::SubqueryRef>(as_statement(std::move(result)));
  }
  // All rows: columns of PARTITION BY, of ORDER BY, measures, the others.
  result->select_list.push_back(native_call("unnest", items(field_of(kFound, "r"))));
  for (size_t i = 0; i < measures.size(); ++i) {
    const string number = std::to_string(i);
    result->select_list.push_back(aliased_as(field_of(kFound, "m" + number), "tarn_m" + number));
  }
  auto rows = select_from(std::move(result));
  auto others = make_uniq<duckdb::StarExpression>();
  for (const auto* names : {&partitions, &ordering}) {
    for (const string& name : *names) {
      rows->select_list.push_back(column_named(name));
      others->exclude_list.insert(duckdb::QualifiedColumnName(name));
    }
  }
  add_measures(*rows, [](size_t i) { return column_named("tarn_m" + std::to_string(i)); });
  for (size_t i = 0; i < measures.size(); ++i) {
    others->exclude_list.insert(duckdb::QualifiedColumnName("tarn_m" + std::to_string(i)));
  }
  rows->select_list.push_back(std::move(others));
  return make_uniq<duckdb::SubqueryRef>(as_statement(std::move(rows)));
}

}  // namespace tarn::sql::engine::trino
