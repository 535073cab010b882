// Statements, queries and what stands in FROM.
#include "sql/engine/trino_parser.h"

#include <algorithm>

#include "base/text.h"
#include "sql/engine/errors.h"
#include "sql/engine/session_state.h"
#include "sql/engine/trino_manifest.h"

namespace tarn::sql::engine::trino {

using duckdb::make_uniq;
using duckdb::QueryNode;
using duckdb::SelectNode;
using duckdb::unique_ptr;
using std::string;

namespace {

constexpr int kDeepest = 900;  // an expression in parentheses counts three times

// Words that are no names. https://trino.io/docs/current/language/reserved.html
const std::set<std::string_view> kReserved = {
    "alter",       "and",       "as",        "between",  "by",        "case",      "cast",
    "constraint",  "create",    "cross",     "cube",     "current_catalog",        "current_date",
    "current_path", "current_role", "current_schema", "current_time", "current_timestamp", "current_user",
    "deallocate",  "delete",    "describe",  "distinct", "drop",      "else",      "end",
    "escape",      "except",    "execute",   "exists",   "extract",   "false",     "for",
    "from",        "full",      "group",     "grouping", "having",    "in",        "inner",
    "insert",      "intersect", "into",      "is",       "join",      "json_array", "json_exists",
    "json_object", "json_query", "json_value", "left",   "like",      "listagg",   "localtime",
    "localtimestamp", "natural", "normalize", "not",     "null",      "on",        "or",
    "order",       "outer",     "prepare",   "recursive", "right",    "rollup",    "select",
    "skip",        "table",     "then",      "trim",     "true",      "uescape",   "union",
    "unnest",      "using",     "values",    "when",     "where",     "with"};

unique_ptr<duckdb::SelectStatement> as_statement(unique_ptr<QueryNode> node) {
  auto statement = make_uniq<duckdb::SelectStatement>();
  statement->node = std::move(node);
  return statement;
}

// SELECT * FROM (node): a node that has modifiers of its own inside another one.
unique_ptr<QueryNode> wrapped(unique_ptr<QueryNode> node) {
  auto outer = make_uniq<SelectNode>();
  outer->select_list.push_back(make_uniq<duckdb::StarExpression>());
  outer->from_table = make_uniq<duckdb::SubqueryRef>(as_statement(std::move(node)));
  return outer;
}

// _col0, _col1 .. where the place is known: behind a star only the result knows it.
void name_columns(QueryNode& node) {
  if (node.type == duckdb::QueryNodeType::SET_OPERATION_NODE) {
    return name_columns(*node.Cast<duckdb::SetOperationNode>().left);
  }
  if (node.type == duckdb::QueryNodeType::CTE_NODE) return name_columns(*node.Cast<duckdb::CTENode>().child);
  if (node.type != duckdb::QueryNodeType::SELECT_NODE) return;
  size_t place = 0;
  for (auto& item : node.Cast<SelectNode>().select_list) {
    if (item->GetExpressionClass() == duckdb::ExpressionClass::STAR) return;
    if (item->GetAlias() == kUnnamed) item->SetAlias("_col" + std::to_string(place));
    ++place;
  }
}

}  // namespace

Nested::Nested(Parser& parser) : parser_(parser) {
  if (++parser_.depth_ > kDeepest) {
    raise("STACK_OVERFLOW", "The statement is too deeply nested.", parser_.place(parser_.here()));
  }
}

Rewritten parse(duckdb::ClientContext& context, const ExecuteRequest& request,
                unique_ptr<duckdb::SQLStatement>& statement) {
  if (const auto session = SessionState::of(context)) session->text = request.sql;
  Rewritten result;
  statement = Parser(context, request, result, request.sql).statement();
  return result;
}

Parser::Parser(duckdb::ClientContext& context, const ExecuteRequest& request, Rewritten& result, string sql,
               bool places)
    : context_(context), request_(request), result_(result), sql_(std::move(sql)), places_(places) {
  LexOptions options;
  options.backslash_escapes = false;
  auto lexed = lex(sql_, options);
  if (!lexed) {
    duckdb::optional_idx at;
    for (const auto& [name, value] : lexed.error().members) {
      if (name == "position") at = static_cast<duckdb::idx_t>(parse_int(value).value_or(1) - 1);
    }
    raise("SYNTAX_ERROR", lexed.error().message, at);
  }
  tokens_ = *std::move(lexed);
  if (tokens_.size() > 1 && tokens_[tokens_.size() - 2].is_op(";")) tokens_.erase(tokens_.end() - 2);
  for (const Token& token : tokens_) {
    if (token.kind == TokenKind::kBackquoted) {
      raise("SYNTAX_ERROR", "backquoted identifiers are not supported; use double quotes to quote identifiers",
            place(token.begin));
    }
  }
}

// --- tokens ----------------------------------------------------------------------------------------------------------

const Token& Parser::peek(size_t ahead) const {
  return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
}

bool Parser::take(std::string_view word) {
  if (!is(word)) return false;
  ++at_;
  return true;
}

bool Parser::take_op(std::string_view op) {
  if (!is_op(op)) return false;
  ++at_;
  return true;
}

void Parser::expect(std::string_view word) {
  if (!take(word)) mismatched("'" + upper(word) + "'");
}

void Parser::expect_op(std::string_view op) {
  if (!take_op(op)) mismatched("'" + string(op) + "'");
}

void Parser::mismatched(const string& expecting) const {
  const Token& token = peek();
  const string shown = token.kind == TokenKind::kEnd ? "<EOF>" : source(token);
  raise("SYNTAX_ERROR", "mismatched input '" + shown + "'. Expecting: " + expecting, place(token.begin));
}

bool Parser::is_identifier(size_t ahead) const {
  const Token& token = peek(ahead);
  if (token.kind == TokenKind::kQuotedName) return true;
  return token.kind == TokenKind::kWord && !kReserved.contains(token.text);
}

string Parser::identifier() {
  if (!is_identifier()) mismatched("<identifier>");
  const Token& token = tokens_[at_++];
  return token.kind == TokenKind::kQuotedName ? token.text : source(token);
}

// --- statements and queries ------------------------------------------------------------------------------------------

namespace {

// The engine calls a result column of NULLs an INTEGER; Trino's is of the type unknown.
void mark_unknown(QueryNode& node) {
  if (node.type != duckdb::QueryNodeType::SELECT_NODE) return;
  auto& select = node.Cast<SelectNode>();
  const auto is_null = [](const ParsedPtr& e) {
    return e->GetExpressionClass() == duckdb::ExpressionClass::CONSTANT &&
           e->Cast<duckdb::ConstantExpression>().value.type().id() == duckdb::LogicalTypeId::SQLNULL;
  };
  const auto mark = [](ParsedPtr& e) {
    const string alias = e->GetAlias();
    e = constant_of(duckdb::Value(unknown_type()));
    e->SetAlias(alias);
  };
  for (ParsedPtr& item : select.select_list)
    if (is_null(item)) mark(item);
  if (!select.from_table || select.from_table->type != duckdb::TableReferenceType::EXPRESSION_LIST) return;
  auto& rows = select.from_table->Cast<duckdb::ExpressionListRef>().values;
  for (size_t column = 0; !rows.empty() && column < rows[0].size(); ++column) {
    if (!std::all_of(rows.begin(), rows.end(), [&](const auto& row) { return is_null(row[column]); })) continue;
    for (auto& row : rows) mark(row[column]);
  }
}

}  // namespace

unique_ptr<duckdb::SQLStatement> Parser::statement() {
  unique_ptr<duckdb::SQLStatement> result;
  if (is("show") && is("functions", 1)) {
    result = show_functions();
  } else if (take("explain")) {
    result_.kind = "EXPLAIN";
    if (is("analyze")) {
      raise("NOT_SUPPORTED", "EXPLAIN ANALYZE is not supported.", place(here()));
    }
    if (take_op("(")) {  // TYPE and FORMAT: the plan is text
      while (!is_op(")") && peek().kind != TokenKind::kEnd) ++at_;
      expect_op(")");
    }
    result = make_uniq<duckdb::ExplainStatement>(query());
    result_.returns_rows = true;
  } else if (is("select") || is("with") || is("values") || is("table") || is_op("(")) {
    result = query();
  } else {
    mismatched("'(', 'EXPLAIN', 'SELECT', 'SHOW', 'TABLE', 'VALUES', 'WITH'");
  }
  if (peek().kind != TokenKind::kEnd) mismatched("<EOF>");
  if (result->type == duckdb::StatementType::SELECT_STATEMENT) {
    name_columns(*result->Cast<duckdb::SelectStatement>().node);
    mark_unknown(*result->Cast<duckdb::SelectStatement>().node);
  }
  if (result_.kind.empty()) result_.kind = "SELECT";
  result_.returns_rows = true;
  return result;
}

ParsedPtr Parser::lone_expression() {
  auto result = expression();
  if (peek().kind != TokenKind::kEnd) mismatched("<EOF>");
  return result;
}

unique_ptr<duckdb::SelectStatement> Parser::query() {
  return as_statement(query_node());
}

unique_ptr<QueryNode> Parser::query_node() {
  const Nested nested(*this);
  duckdb::CommonTableExpressionMap map;
  ctes_.emplace_back();
  if (is("with")) with(map);
  auto node = query_body();
  order_and_limit(node);
  ctes_.pop_back();
  if (!map.map.empty()) {
    if (!node->cte_map.map.empty()) node = wrapped(std::move(node));
    node->cte_map = std::move(map);
    QueryNode::ExtractCTENodes(node);
  }
  return node;
}

void Parser::with(duckdb::CommonTableExpressionMap& map) {
  expect("with");
  const bool recursive = take("recursive");
  do {
    const size_t at = here();
    const string name = lower(identifier());
    auto info = make_uniq<duckdb::CommonTableExpressionInfo>();
    if (take_op("(")) {
      do info->aliases.push_back(identifier());
      while (take_op(","));
      expect_op(")");
    }
    expect("as");
    expect_op("(");
    if (ctes_.back().contains(name)) {
      raise("DUPLICATE_NAMED_QUERY", "WITH query name '" + name + "' specified more than once", place(at));
    }
    if (recursive) ctes_.back().insert(name);
    info->query = query();
    expect_op(")");
    ctes_.back().insert(name);
    if (recursive && info->query->node->type == duckdb::QueryNodeType::SET_OPERATION_NODE) {
      auto& both = info->query->node->Cast<duckdb::SetOperationNode>();
      if (both.setop_type == duckdb::SetOperationType::UNION) {
        auto node = make_uniq<duckdb::RecursiveCTENode>();
        node->ctename = name;
        node->union_all = both.setop_all;
        node->left = std::move(both.left);
        node->right = std::move(both.right);
        node->aliases = info->aliases;
        info->query->node = std::move(node);
      }
    }
    map.map[name] = std::move(info);
  } while (take_op(","));
}

unique_ptr<QueryNode> Parser::set_operation(duckdb::SetOperationType type, bool all, unique_ptr<QueryNode> left,
                                            unique_ptr<QueryNode> right) {
  auto node = make_uniq<duckdb::SetOperationNode>();
  node->setop_type = type;
  node->setop_all = all;
  node->left = std::move(left);
  node->right = std::move(right);
  return node;
}

unique_ptr<QueryNode> Parser::query_body() {
  auto left = intersection();
  while (is("union") || is("except")) {
    const auto type = is("union") ? duckdb::SetOperationType::UNION : duckdb::SetOperationType::EXCEPT;
    ++at_;
    const bool all = take("all");
    if (!all) take("distinct");
    left = set_operation(type, all, std::move(left), intersection());
  }
  return left;
}

unique_ptr<QueryNode> Parser::intersection() {
  auto left = query_primary();
  while (take("intersect")) {
    const bool all = take("all");
    if (!all) take("distinct");
    left = set_operation(duckdb::SetOperationType::INTERSECT, all, std::move(left), query_primary());
  }
  return left;
}

unique_ptr<QueryNode> Parser::query_primary() {
  const Nested nested(*this);
  if (is("select")) return select();
  if (is("values")) return values();
  if (take("table")) {
    auto node = make_uniq<SelectNode>();
    const size_t at = here();
    std::vector<string> parts = {identifier()};
    while (take_op(".")) parts.push_back(identifier());
    const size_t tables = from_tables_.size();
    node->from_table = named_table(std::move(parts), at);
    from_tables_.resize(tables);
    node->select_list.push_back(make_uniq<duckdb::StarExpression>());
    return node;
  }
  if (take_op("(")) {
    auto node = query_node();
    expect_op(")");
    if (!node->modifiers.empty() || !node->cte_map.map.empty() || node->type == duckdb::QueryNodeType::CTE_NODE) {
      return wrapped(std::move(node));
    }
    return node;
  }
  mismatched("'(', 'SELECT', 'TABLE', 'VALUES'");
}

unique_ptr<QueryNode> Parser::values() {
  expect("values");
  auto list = make_uniq<duckdb::ExpressionListRef>();
  list->alias = "valueslist";
  do {
    duckdb::vector<ParsedPtr> row;
    const bool keyword = is("row") && is_op("(", 1);
    if (keyword) ++at_;
    const size_t from = at_;
    if (keyword || is_op("(")) {  // (1, 'a') is a row of two columns; (1) + 2 is one column
      expect_op("(");
      if (is("select") || is("with")) {
        at_ = from;
        row.push_back(expression());
      } else {
        do row.push_back(expression());
        while (take_op(","));
        expect_op(")");
        if (!is_op(",") && !is_op(")") && peek().kind != TokenKind::kEnd && !is("order") && !is("limit") &&
            !is("union") && !is("offset") && !is("fetch") && !is("except") && !is("intersect")) {
          row.clear();
          at_ = from;
          row.push_back(expression());
        }
      }
    } else {
      row.push_back(expression());
    }
    if (!list->values.empty() && list->values[0].size() != row.size()) {
      raise("TYPE_MISMATCH", "Values rows have mismatched types", place(peek().begin));
    }
    list->values.push_back(std::move(row));
  } while (take_op(","));
  const size_t width = list->values[0].size();
  auto node = make_uniq<SelectNode>();
  for (size_t i = 0; i < width; ++i) {
    auto item = make_uniq<duckdb::ColumnRefExpression>("col" + std::to_string(i), "valueslist");
    item->SetAlias(kUnnamed);
    node->select_list.push_back(std::move(item));
  }
  node->from_table = std::move(list);
  return node;
}

// The FROM of the SELECT that starts here: what its names mean is known before its items are read.
size_t Parser::find_from() const {
  int depth = 0;
  for (size_t i = at_; i < tokens_.size(); ++i) {
    const Token& token = tokens_[i];
    if (token.is_op("(")) ++depth;
    if (token.is_op(")") && --depth < 0) return 0;
    if (depth != 0) continue;
    if (token.is("from") && !(i > 0 && tokens_[i - 1].is("distinct") && i > 1 &&
                              (tokens_[i - 2].is("is") || tokens_[i - 2].is("not")))) {
      return i;
    }
    if (token.is("union") || token.is("except") || token.is("intersect")) return 0;
  }
  return 0;
}

unique_ptr<QueryNode> Parser::select() {
  expect("select");
  auto node = make_uniq<SelectNode>();
  if (take("distinct")) {
    node->AddDistinct();
  } else {
    take("all");
  }
  const size_t tables = from_tables_.size();
  const size_t items_at = at_, from_at = find_from();
  size_t behind = 0;
  if (from_at) {
    at_ = from_at + 1;
    node->from_table = from_list();
    behind = at_;
  } else {
    node->from_table = make_uniq<duckdb::EmptyTableRef>();
  }
  named_windows_.emplace_back();
  // WINDOW stands behind HAVING, and the items name its windows.
  {
    int depth = 0;
    for (size_t i = from_at ? behind : items_at; i < tokens_.size(); ++i) {
      if (tokens_[i].is_op("(")) ++depth;
      if (tokens_[i].is_op(")") && --depth < 0) break;
      if (depth == 0 && (tokens_[i].is("union") || tokens_[i].is("except") || tokens_[i].is("intersect"))) break;
      if (depth == 0 && tokens_[i].is("window") && i + 2 < tokens_.size() && tokens_[i + 2].is("as")) {
        at_ = i;
        windows();
        break;
      }
    }
  }
  at_ = items_at;
  select_items(*node);
  if (from_at) {
    if (at_ != from_at) mismatched("',', 'FROM', <EOF>");
    at_ = behind;
  }
  if (is("where")) {
    const size_t at = tokens_[++at_].begin;
    node->where_clause = condition(expression(), "WHERE clause", at);
  }
  if (take("group")) {
    expect("by");
    group_by(node->groups);
  }
  if (is("having")) {
    const size_t at = tokens_[++at_].begin;
    node->having = condition(expression(), "HAVING clause", at);
  }
  if (is("window") && is("as", 2)) windows();
  named_windows_.pop_back();
  from_tables_.resize(tables);
  return node;
}

void Parser::select_items(SelectNode& node) {
  do {
    if (take_op("*")) {
      node.select_list.push_back(make_uniq<duckdb::StarExpression>());
      continue;
    }
    // t.*, db.t.*
    size_t ahead = 0;
    while (is_identifier(ahead) && is_op(".", ahead + 1)) ahead += 2;
    if (ahead > 0 && is_op("*", ahead)) {
      const Token& name = peek(ahead - 2);
      node.select_list.push_back(make_uniq<duckdb::StarExpression>(name.text));
      node.select_list.back()->SetQueryLocation(place(here()));
      at_ += ahead + 1;
      continue;
    }
    auto item = expression();
    if (take("as")) {
      item->SetAlias(identifier());
    } else if (is_identifier() && !(is("window") && is("as", 2)) && !is("limit") && !is("offset") &&
               !(is("fetch") && (is("first", 1) || is("next", 1)))) {
      item->SetAlias(identifier());
    } else if (item->GetAlias().empty()) {
      // A column keeps its name; `a.b` of a row is called b.
      if (item->GetExpressionClass() != duckdb::ExpressionClass::COLUMN_REF) {
        item->SetAlias(kUnnamed);
      } else if (const auto& column = item->Cast<duckdb::ColumnRefExpression>();
                 column.column_names.size() > 1 || lower(column.GetColumnName()) != column.GetColumnName()) {
        item->SetAlias(column.GetColumnName());  // as written
      }
    }
    node.select_list.push_back(std::move(item));
  } while (take_op(","));
}

// --- GROUP BY

std::vector<duckdb::GroupingSet> Parser::grouping_element(duckdb::GroupByNode& groups) {
  const auto index_of = [&](ParsedPtr e) {
    for (size_t i = 0; i < groups.group_expressions.size(); ++i) {
      if (groups.group_expressions[i]->Equals(*e)) return static_cast<duckdb::idx_t>(i);
    }
    groups.group_expressions.push_back(std::move(e));
    return static_cast<duckdb::idx_t>(groups.group_expressions.size() - 1);
  };
  // (a, b), () or a
  const auto set_of = [&] {
    duckdb::GroupingSet set;
    const size_t from = at_;
    if (take_op("(")) {
      if (take_op(")")) return set;
      duckdb::vector<ParsedPtr> list;
      do list.push_back(expression());
      while (take_op(","));
      if (take_op(")") && (is_op(",") || is_op(")") || peek().kind == TokenKind::kEnd || is("having") || is("order") ||
                           is("limit") || is("union") || is("except") || is("intersect") || is("window") ||
                           is("offset") || is("fetch"))) {
        for (auto& item : list) set.insert(index_of(std::move(item)));
        return set;
      }
      at_ = from;
    }
    set.insert(index_of(expression()));
    return set;
  };
  if (is("grouping") && is("sets", 1)) {
    at_ += 2;
    expect_op("(");
    std::vector<duckdb::GroupingSet> sets;
    do {
      for (auto& set : grouping_element(groups)) sets.push_back(std::move(set));
    } while (take_op(","));
    expect_op(")");
    return sets;
  }
  if (is("rollup") || is("cube")) {
    const bool cube = is("cube");
    ++at_;
    expect_op("(");
    std::vector<duckdb::GroupingSet> parts;
    if (!is_op(")")) {
      do parts.push_back(set_of());
      while (take_op(","));
    }
    expect_op(")");
    std::vector<duckdb::GroupingSet> sets;
    if (cube) {
      if (parts.size() > 12) raise("TOO_MANY_GROUPING_SETS", "GROUP BY has too many grouping sets", place(here()));
      for (size_t mask = size_t{1} << parts.size(); mask-- > 0;) {
        duckdb::GroupingSet set;
        for (size_t i = 0; i < parts.size(); ++i) {
          if (mask >> i & 1) set.insert(parts[i].begin(), parts[i].end());
        }
        sets.push_back(std::move(set));
      }
    } else {
      for (size_t n = parts.size() + 1; n-- > 0;) {
        duckdb::GroupingSet set;
        for (size_t i = 0; i < n; ++i) set.insert(parts[i].begin(), parts[i].end());
        sets.push_back(std::move(set));
      }
    }
    return sets;
  }
  return {set_of()};
}

void Parser::group_by(duckdb::GroupByNode& groups) {
  if (!take("distinct")) take("all");
  std::vector<duckdb::GroupingSet> product = {{}};
  do {
    const auto sets = grouping_element(groups);
    std::vector<duckdb::GroupingSet> next;
    for (const auto& left : product) {
      for (const auto& right : sets) {
        auto both = left;
        both.insert(right.begin(), right.end());
        next.push_back(std::move(both));
      }
    }
    product = std::move(next);
    if (product.size() > 2048)
      raise("TOO_MANY_GROUPING_SETS", "GROUP BY has too many grouping sets", place(here()));
  } while (take_op(","));
  groups.grouping_sets.assign(product.begin(), product.end());
}

void Parser::windows() {
  expect("window");
  named_windows_.back().clear();
  do {
    const string name = lower(identifier());
    expect("as");
    named_windows_.back()[name] = window_specification();
  } while (take_op(","));
}

// --- ORDER BY, OFFSET, LIMIT

duckdb::vector<duckdb::OrderByNode> Parser::sort_items() {
  duckdb::vector<duckdb::OrderByNode> orders;
  do {
    auto e = expression();
    auto type = duckdb::OrderType::ASCENDING;
    if (take("desc")) {
      type = duckdb::OrderType::DESCENDING;
    } else {
      take("asc");
    }
    auto nulls = duckdb::OrderByNullType::NULLS_LAST;  // AWS/Trino: whatever the direction
    if (take("nulls")) {
      if (take("first")) {
        nulls = duckdb::OrderByNullType::NULLS_FIRST;
      } else {
        expect("last");
      }
    }
    orders.emplace_back(type, nulls, std::move(e));
  } while (take_op(","));
  return orders;
}

namespace {

// The name of a select item, as ORDER BY may call it; empty: it has none.
string item_name(const duckdb::ParsedExpression& item) {
  if (item.HasAlias()) return lower(item.GetAlias());
  if (item.GetExpressionClass() != duckdb::ExpressionClass::COLUMN_REF) return "";
  return lower(item.Cast<duckdb::ColumnRefExpression>().GetColumnName());
}

// ORDER BY x where two columns of the result are called so: the engine would take one of them.
void refuse_ambiguous(const QueryNode& node, const duckdb::vector<duckdb::OrderByNode>& orders, duckdb::optional_idx place) {
  if (node.type != duckdb::QueryNodeType::SELECT_NODE) return;
  const auto& items = node.Cast<SelectNode>().select_list;
  for (const auto& order : orders) {
    if (order.expression->GetExpressionClass() != duckdb::ExpressionClass::COLUMN_REF) continue;
    const auto& column = order.expression->Cast<duckdb::ColumnRefExpression>();
    if (column.IsQualified()) continue;
    const duckdb::ParsedExpression* found = nullptr;
    for (const auto& item : items) {
      if (item_name(*item) != lower(column.GetColumnName())) continue;
      if (found && !found->Equals(*item))
        raise("AMBIGUOUS_NAME", "Column '" + lower(column.GetColumnName()) + "' is ambiguous", place);
      found = item.get();
    }
  }
}

}  // namespace

void Parser::order_and_limit(unique_ptr<QueryNode>& node) {
  auto limit = make_uniq<duckdb::LimitModifier>();
  unique_ptr<duckdb::OrderModifier> order;
  if (take("order")) {
    expect("by");
    order = make_uniq<duckdb::OrderModifier>();
    const size_t at = here();
    order->orders = sort_items();
    refuse_ambiguous(*node, order->orders, place(at));
  }
  const auto count = [&]() -> ParsedPtr {
    if (peek().kind == TokenKind::kQuestion) return parameter(++questions_, tokens_[at_++].begin);
    if (peek().kind != TokenKind::kNumber) mismatched("'?', <integer>");
    const auto n = parse_int(tokens_[at_++].text);
    if (!n) raise("INVALID_LITERAL", "Invalid row count", place(tokens_[at_ - 1].begin));
    return constant_of(duckdb::Value::BIGINT(*n));
  };
  if (take("offset")) {
    limit->offset = count();
    if (!take("rows")) take("row");
  }
  bool ties = false;
  if (take("limit")) {
    if (!take("all")) limit->limit = count();
    // Athena takes LIMIT before OFFSET as well.
    if (!limit->offset && take("offset")) limit->offset = count();
  } else if (take("fetch")) {
    if (!take("first")) expect("next");
    limit->limit =
        is("row") || is("rows") ? ParsedPtr(constant_of(duckdb::Value::BIGINT(1))) : count();
    if (!take("rows")) expect("row");
    if (take("with")) {
      expect("ties");
      ties = true;
    } else {
      expect("only");
    }
  }
  if (ties) raise("NOT_SUPPORTED", "FETCH FIRST WITH TIES is not supported.", place(here()));
  if (order) {
    // Only columns may be sorted by over a set operation; an ordinal or a name of the first query.
    node->modifiers.push_back(std::move(order));
  }
  if (limit->limit || limit->offset) node->modifiers.push_back(std::move(limit));
}

// --- FROM ------------------------------------------------------------------------------------------------------------

TablePtr Parser::from_list() {
  auto left = joined();
  while (take_op(",")) {
    auto join = make_uniq<duckdb::JoinRef>(duckdb::JoinRefType::CROSS);
    join->left = std::move(left);
    join->right = joined();
    join->is_implicit = true;
    left = std::move(join);
  }
  return left;
}

TablePtr Parser::joined() {
  const Nested nested(*this);
  auto left = sampled();
  while (true) {
    auto join = make_uniq<duckdb::JoinRef>();
    bool natural = false;
    if (is("cross") && is("join", 1)) {
      at_ += 2;
      join->ref_type = duckdb::JoinRefType::CROSS;
      join->left = std::move(left);
      join->right = sampled();
      left = std::move(join);
      continue;
    }
    const size_t from = at_;
    if (take("natural")) natural = true;
    if (is("left") || is("right") || is("full")) {
      join->type = is("left") ? duckdb::JoinType::LEFT : is("right") ? duckdb::JoinType::RIGHT : duckdb::JoinType::OUTER;
      ++at_;
      take("outer");
    } else {
      take("inner");
    }
    if (!take("join")) {
      if (at_ != from) mismatched("'JOIN'");
      return left;
    }
    join->left = std::move(left);
    if (natural) {
      join->ref_type = duckdb::JoinRefType::NATURAL;
      join->right = sampled();
    } else {
      join->right = joined_right();
      if (take("using")) {
        expect_op("(");
        do join->using_columns.push_back(identifier());
        while (take_op(","));
        expect_op(")");
      } else {
        if (!is("on")) mismatched("'ON', 'USING'");
        const size_t at = tokens_[++at_].begin;
        join->condition = condition(expression(), "JOIN ON clause", at);
      }
    }
    left = std::move(join);
  }
}

// a JOIN b JOIN c ON .. ON ..: the right side is a join if another one starts before ON.
TablePtr Parser::joined_right() {
  auto right = sampled();
  while (is("join") || is("inner") || is("left") || is("right") || is("full") || is("cross")) {
    const size_t from = at_;
    auto join = make_uniq<duckdb::JoinRef>();
    if (take("cross")) {
      expect("join");
      join->ref_type = duckdb::JoinRefType::CROSS;
      join->left = std::move(right);
      join->right = sampled();
      right = std::move(join);
      continue;
    }
    if (is("left") || is("right") || is("full")) {
      join->type = is("left") ? duckdb::JoinType::LEFT : is("right") ? duckdb::JoinType::RIGHT : duckdb::JoinType::OUTER;
      ++at_;
      take("outer");
    } else {
      take("inner");
    }
    if (!take("join")) {
      at_ = from;
      return right;
    }
    join->left = std::move(right);
    join->right = joined_right();
    if (!is("on")) mismatched("'ON', 'USING'");
    const size_t at = tokens_[++at_].begin;
    join->condition = condition(expression(), "JOIN ON clause", at);
    right = std::move(join);
  }
  return right;
}

TablePtr Parser::sampled() {
  auto table = aliased();
  if (take("tablesample")) {
    auto options = make_uniq<duckdb::SampleOptions>();
    if (take("system")) {
      options->method = duckdb::SampleMethod::SYSTEM_SAMPLE;
    } else {
      expect("bernoulli");
      options->method = duckdb::SampleMethod::BERNOULLI_SAMPLE;
    }
    expect_op("(");
    const size_t at = here();
    if (peek().kind != TokenKind::kNumber) mismatched("<number>");
    const double percent = std::strtod(tokens_[at_++].text.c_str(), nullptr);
    if (percent < 0 || percent > 100) {
      raise("INVALID_ARGUMENTS", "Sample percentage must be between 0 and 100", place(at));
    }
    expect_op(")");
    options->is_percentage = true;
    options->sample_size = duckdb::Value::DOUBLE(percent);
    options->repeatable = false;
    table->sample = std::move(options);
  }
  return table;
}

bool Parser::alias_follows() const {
  if (!is_identifier()) return false;
  if (peek().kind == TokenKind::kQuotedName) return true;
  if (is("tablesample") || (is("match_recognize") && is_op("(", 1))) return false;
  if (is("limit") || is("offset")) {
    return peek(1).kind != TokenKind::kNumber && peek(1).kind != TokenKind::kQuestion && !is("all", 1);
  }
  if (is("fetch") && (is("first", 1) || is("next", 1))) return false;
  if (is("window") && is("as", 2)) return false;
  return true;
}

void Parser::alias(duckdb::TableRef& table) {
  if (take("as")) {
    table.alias = identifier();
  } else if (alias_follows()) {
    table.alias = identifier();
  } else {
    return;
  }
  if (take_op("(")) {
    table.column_name_alias.clear();
    do table.column_name_alias.push_back(identifier());
    while (take_op(","));
    expect_op(")");
  }
}

TablePtr Parser::aliased() {
  auto table = table_primary();
  const bool join = table->type == duckdb::TableReferenceType::JOIN;
  if (join && alias_follows()) mismatched("',', ')', 'JOIN'");
  if (!join) alias(*table);
  if (is("match_recognize")) raise("NOT_SUPPORTED", "MATCH_RECOGNIZE is not supported.", place(here()));
  return table;
}

TablePtr Parser::table_primary() {
  const Nested nested(*this);
  if (is("unnest")) return unnest();
  if (is("lateral") && is_op("(", 1)) {
    ++at_;
    expect_op("(");
    auto table = make_uniq<duckdb::SubqueryRef>(query());
    expect_op(")");
    return table;
  }
  if (is("table") && is_op("(", 1)) raise("NOT_SUPPORTED", "Table functions are not supported.", place(here()));
  if (is_op("(")) {
    // A query or a join in parentheses: whatever stands behind the opening ones decides.
    size_t ahead = 0;
    while (is_op("(", ahead)) ++ahead;
    const bool query_inside = is("select", ahead) || is("values", ahead) || is("with", ahead) || is("table", ahead);
    const size_t from = at_;
    ++at_;
    if (query_inside) {
      // ((SELECT 1) AS a JOIN b ..) starts as a query does: try the query first.
      bool is_join = false;
      if (ahead > 1) {
        int depth = 0;
        for (size_t i = at_; i < tokens_.size(); ++i) {
          if (tokens_[i].is_op("(")) ++depth;
          if (tokens_[i].is_op(")") && --depth == 0) {
            const Token& next = tokens_[std::min(i + 1, tokens_.size() - 1)];
            is_join = !next.is_op(")") && !next.is("union") && !next.is("except") && !next.is("intersect") &&
                      !next.is("order") && !next.is("limit") && !next.is("offset");
            break;
          }
        }
      }
      if (!is_join) {
        auto table = make_uniq<duckdb::SubqueryRef>(query());
        expect_op(")");
        return table;
      }
    }
    at_ = from + 1;
    auto table = joined();
    expect_op(")");
    return table;
  }
  const size_t at = here();
  std::vector<string> parts = {identifier()};
  while (take_op(".")) parts.push_back(identifier());
  if (is_op("(")) raise("FUNCTION_NOT_FOUND", "Table function '" + lower(parts.back()) + "' not registered", place(at));
  auto table = named_table(std::move(parts), at);
  if (is("for") && (is("timestamp", 1) || is("version", 1) || is("system_time", 1) || is("system_version", 1)))
    as_of(*table);
  return table;
}

// UNNEST(a, b, ..) [WITH ORDINALITY]: side by side, padded with NULL; maps give two columns, arrays of rows one a field.
TablePtr Parser::unnest() {
  const size_t at = here();
  expect("unnest");
  expect_op("(");
  duckdb::vector<ParsedPtr> lists;
  do lists.push_back(expression());
  while (take_op(","));
  expect_op(")");
  const bool ordinality = take("with");
  if (ordinality) expect("ordinality");
  // SELECT unnest(rows, max_depth := 2) FROM (SELECT .. AS rows): one list of structs, its fields become the columns.
  if (ordinality) lists.push_back(constant_of(duckdb::Value("")));
  auto rows = typed_call(ordinality ? "unnest_rows_with_ordinality" : "unnest_rows", place(at), std::move(lists));
  duckdb::vector<ParsedPtr> children;
  children.push_back(std::move(rows));
  auto depth = constant_of(duckdb::Value::UINTEGER(2));
  depth->SetAlias("max_depth");
  children.push_back(std::move(depth));
  auto node = make_uniq<SelectNode>();
  node->select_list.push_back(native_call("unnest", std::move(children)));
  node->from_table = make_uniq<duckdb::EmptyTableRef>();
  return make_uniq<duckdb::SubqueryRef>(as_statement(std::move(node)), "unnest");
}

unique_ptr<duckdb::SQLStatement> Parser::show_functions() {
  at_ += 2;
  string pattern = "%";
  if (take("like")) {
    if (peek().kind != TokenKind::kString) mismatched("<string>");
    pattern = tokens_[at_++].text;
  }
  auto list = make_uniq<duckdb::ExpressionListRef>();
  list->alias = "valueslist";
  for (const auto& function : documented_functions()) {
    duckdb::vector<ParsedPtr> row;
    for (const string& text : {function.name, function.returns, function.arguments, function.kind,
                               string(function.deterministic ? "true" : "false"), string("")}) {
      row.push_back(constant_of(duckdb::Value(text)));
    }
    list->values.push_back(std::move(row));
  }
  auto node = make_uniq<SelectNode>();
  const char* names[] = {"Function", "Return Type", "Argument Types", "Function Type", "Deterministic", "Description"};
  for (size_t i = 0; i < 6; ++i) {
    auto item = make_uniq<duckdb::ColumnRefExpression>("col" + std::to_string(i), "valueslist");
    item->SetAlias(names[i]);
    node->select_list.push_back(std::move(item));
  }
  node->from_table = std::move(list);
  node->where_clause = native_call(
      "~~", items(make_uniq<duckdb::ColumnRefExpression>("col0", "valueslist"), constant_of(duckdb::Value(pattern))));
  auto order = make_uniq<duckdb::OrderModifier>();
  for (const char* column : {"col0", "col2"}) {
    order->orders.emplace_back(duckdb::OrderType::ASCENDING, duckdb::OrderByNullType::NULLS_LAST,
                               make_uniq<duckdb::ColumnRefExpression>(column, "valueslist"));
  }
  node->modifiers.push_back(std::move(order));
  result_.kind = "SHOW FUNCTIONS";
  return as_statement(std::move(node));
}

}  // namespace tarn::sql::engine::trino
