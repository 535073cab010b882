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

// What stands in the parentheses, but for the pattern.
struct MatchClauses {
  std::vector<string> partitions, ordering;  // names of columns
  duckdb::vector<duckdb::OrderByNode> order;
  string pattern;  // its text
  std::vector<std::pair<string, ParsedPtr>> measures;
  duckdb::vector<ParsedPtr> conditions;  // of DEFINE
};

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

// SELECT p .., unnest(found) AS found FROM (SELECT p .., match(..) AS found FROM ..): a struct for each row of the result.
unique_ptr<SelectNode> each_found(const MatchClauses& clauses, unique_ptr<SelectNode> found) {
  auto each = select_from(std::move(found));
  for (const string& name : clauses.partitions) each->select_list.push_back(column_named(name));
  each->select_list.push_back(aliased_as(native_call("unnest", items(column_named(kFound))), kFound));
  return each;
}

// A row for each match: columns of PARTITION BY, measures.
unique_ptr<SelectNode> row_of_match(const MatchClauses& clauses, unique_ptr<SelectNode> each) {
  auto result = select_from(std::move(each));
  for (const string& name : clauses.partitions) result->select_list.push_back(column_named(name));
  for (size_t i = 0; i < clauses.measures.size(); ++i) {
    result->select_list.push_back(aliased_as(field_of(kFound, "m" + std::to_string(i)), clauses.measures[i].first));
  }
  // The engine has no table without columns.
  if (result->select_list.empty())
    result->select_list.push_back(aliased_as(constant_of(Value::BOOLEAN(true)), kUnnamed));
  return result;
}

// All rows: columns of PARTITION BY, of ORDER BY, measures, the others.
unique_ptr<SelectNode> rows_of_match(const MatchClauses& clauses, unique_ptr<SelectNode> each) {
  const auto measure = [](size_t i) { return "tarn_m" + std::to_string(i); };
  auto result = select_from(std::move(each));
  result->select_list.push_back(native_call("unnest", items(field_of(kFound, "r"))));
  for (size_t i = 0; i < clauses.measures.size(); ++i) {
    result->select_list.push_back(aliased_as(field_of(kFound, "m" + std::to_string(i)), measure(i)));
  }
  auto rows = select_from(std::move(result));
  auto others = make_uniq<duckdb::StarExpression>();
  for (const auto* names : {&clauses.partitions, &clauses.ordering}) {
    for (const string& name : *names) {
      rows->select_list.push_back(column_named(name));
      others->exclude_list.insert(duckdb::QualifiedColumnName(name));
    }
  }
  for (size_t i = 0; i < clauses.measures.size(); ++i) {
    rows->select_list.push_back(aliased_as(column_named(measure(i)), clauses.measures[i].first));
    others->exclude_list.insert(duckdb::QualifiedColumnName(measure(i)));
  }
  rows->select_list.push_back(std::move(others));
  return rows;
}

}  // namespace

// [PARTITION BY ..] [ORDER BY ..]
void Parser::match_order(MatchClauses& clauses) {
  if (take("partition")) {
    expect("by");
    do {
      const size_t at = here();
      const auto e = expression();
      clauses.partitions.push_back(input_column(*e, string(trim(sql_.substr(at, here() - at))), place(at)));
    } while (take_op(","));
  }
  if (take("order")) {
    expect("by");
    const size_t at = here();
    clauses.order = sort_items();
    const string shown(trim(sql_.substr(at, here() - at)));
    for (const auto& item : clauses.order)
      clauses.ordering.push_back(input_column(*item.expression, shown, place(at)));
  }
}

// MATCH_RECOGNIZE (..)
MatchClauses Parser::match_clauses(Recognition& recognition) {
  const size_t at = here();
  expect("match_recognize");
  expect_op("(");
  if (recognition_)
    raise("NESTED_ROW_PATTERN_FUNCTION", "MATCH_RECOGNIZE inside of MATCH_RECOGNIZE is not supported.", place(at));
  MatchClauses clauses;
  match_order(clauses);
  // PATTERN and SUBSET say what the names in MEASURES are.
  const size_t measures_at = at_;
  at_ = clause("pattern");
  clauses.pattern = match_pattern(recognition);
  match_subsets(recognition);
  const size_t define_at = at_;
  at_ = measures_at;
  recognition_ = &recognition;
  clauses.measures = match_measures();
  match_rows(recognition);
  if (!is("pattern")) mismatched("'AFTER', 'ALL', 'ONE', 'PATTERN'");
  at_ = define_at;
  clauses.conditions = match_define(recognition);
  recognition_ = nullptr;
  expect_op(")");
  return clauses;
}

TablePtr Parser::match_recognize(TablePtr input) {
  const size_t at = here();
  Recognition recognition;
  MatchClauses clauses = match_clauses(recognition);
  auto found = select_from(partitions_of(recognition, std::move(input), clauses.partitions, std::move(clauses.order)));
  duckdb::vector<ParsedPtr> arguments =
      items(constant_of(Value(written(recognition, clauses.pattern))), column_named(kRows),
            constant_of(Value::BIGINT(static_cast<int64_t>(recognition.leaves.size()))));
  for (size_t i = 0; i < recognition.leaves.size(); ++i) arguments.push_back(column_named(leaf_name(i)));
  arguments.push_back(constant_of(Value::BIGINT(static_cast<int64_t>(clauses.conditions.size()))));
  for (auto& e : clauses.conditions) arguments.push_back(std::move(e));
  for (auto& [name, e] : clauses.measures) arguments.push_back(std::move(e));
  for (const string& name : clauses.partitions) found->select_list.push_back(column_named(name));
  found->select_list.push_back(aliased_as(typed("match", at, std::move(arguments)), kFound));
  auto each = each_found(clauses, std::move(found));
  auto rows = recognition.rows == MatchRows::kOne ? row_of_match(clauses, std::move(each))
                                                  : rows_of_match(clauses, std::move(each));
  return make_uniq<duckdb::SubqueryRef>(as_statement(std::move(rows)));
}

}  // namespace tarn::sql::engine::trino
