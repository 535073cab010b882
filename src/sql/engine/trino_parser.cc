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

unique_ptr<duckdb::SelectStatement> as_statement(unique_ptr<QueryNode> node) {
  auto statement = make_uniq<duckdb::SelectStatement>();
  statement->node = std::move(node);
  return statement;
}

unique_ptr<QueryNode> wrapped(unique_ptr<QueryNode> node) {
  auto outer = make_uniq<SelectNode>();
  outer->select_list.push_back(make_uniq<duckdb::StarExpression>());
  outer->from_table = make_uniq<duckdb::SubqueryRef>(as_statement(std::move(node)));
  return outer;
}

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
  options.dollars = false;
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

unique_ptr<duckdb::SQLStatement> Parser::statement() {
  unique_ptr<duckdb::SQLStatement> result;
  if (is("show") && is("functions", 1)) {
    result = show_functions();
  } else if (take("explain")) {
    result_.kind = "EXPLAIN";
    if (is("analyze")) {
      raise("NOT_SUPPORTED", "EXPLAIN ANALYZE is not supported.", place(here()));
    }
    result = explained();
    result_.returns_rows = true;
  } else if (is("select") || is("with") || is("values") || is("table") || is_op("(")) {
    result = query();
  } else {
    mismatched("'(', 'EXPLAIN', 'SELECT', 'SHOW', 'TABLE', 'VALUES', 'WITH'");
  }
  if (peek().kind != TokenKind::kEnd) mismatched("<EOF>");
  if (result->type == duckdb::StatementType::SELECT_STATEMENT) {
    name_columns(*result->Cast<duckdb::SelectStatement>().node);
  }
  if (result_.kind.empty()) result_.kind = "SELECT";
  result_.returns_rows = true;
  return result;
}

// Behind EXPLAIN: options, the query.
unique_ptr<duckdb::SQLStatement> Parser::explained() {
  auto format = duckdb::ExplainFormat::DEFAULT;
  bool validate = false;
  if (is_op("(") && (is("format", 1) || is("type", 1))) {
    ++at_;
    do {
      const bool type = is("type");
      if (!type && !is("format")) mismatched("'FORMAT', 'TYPE'");
      ++at_;
      if (is("json") && !type) {
        format = duckdb::ExplainFormat::JSON;
      } else if (is("graphviz") && !type) {
        format = duckdb::ExplainFormat::GRAPHVIZ;
      } else if (is("validate") && type) {
        validate = true;
      } else if (is("io") && type) {
        raise("NOT_SUPPORTED", "EXPLAIN (TYPE IO) is not supported.", place(here()));
      } else if (!(is("text") && !type) && !((is("logical") || is("distributed")) && type)) {
        mismatched(type ? "'DISTRIBUTED', 'IO', 'LOGICAL', 'VALIDATE'" : "'GRAPHVIZ', 'JSON', 'TEXT'");
      }
      ++at_;
    } while (take_op(","));
    expect_op(")");
  }
  auto statement = query();
  if (!validate) return make_uniq<duckdb::ExplainStatement>(std::move(statement), duckdb::ExplainType::EXPLAIN_STANDARD, format);
  duckdb::Binder::CreateBinder(context_)->Bind(*statement->node);  // throws where it is not valid
  auto node = make_uniq<SelectNode>();
  node->select_list.push_back(constant_of(duckdb::Value("true")));
  node->from_table = make_uniq<duckdb::EmptyTableRef>();
  return as_statement(std::move(node));
}

ParsedPtr Parser::lone_expression() {
  auto result = expression();
  if (peek().kind != TokenKind::kEnd) mismatched("<EOF>");
  return result;
}

unique_ptr<duckdb::SelectStatement> Parser::query() {
  return as_statement(query_node());
}

unique_ptr<duckdb::SelectStatement> Parser::inner_query() {
  ++correlated_;
  const auto outer = std::exchange(recognition_, nullptr);
  auto result = query();
  recognition_ = outer;
  --correlated_;
  return result;
}

unique_ptr<QueryNode> Parser::query_node() {
  const Nested nested(*this);
  duckdb::CommonTableExpressionMap map;
  ctes_.emplace_back();
  scopes_.push_back(&map);
  if (is("with")) with(map);
  auto node = query_body();
  order_and_limit(node);
  scopes_.pop_back();
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
    const size_t body_at = at_;
    info->query = query();
    if (recursive && info->aliases.empty() && info->query->node->type == duckdb::QueryNodeType::SET_OPERATION_NODE &&
        std::any_of(tokens_.begin() + static_cast<ptrdiff_t>(body_at), tokens_.begin() + static_cast<ptrdiff_t>(at_),
                    [&](const Token& token) { return token.is_name() && lower(token.text) == name; })) {
      raise("MISSING_COLUMN_ALIASES", "missing column aliases in recursive WITH query", place(at));
    }
    expect_op(")");
    if (!info->aliases.empty() && !recursive) {
      const auto columns = columns_of(*info->query->node);
      if (columns && columns->names.size() != info->aliases.size()) {
        raise("MISMATCHED_COLUMN_ALIASES", "Column alias list has " + std::to_string(info->aliases.size()) +
              " entries but relation has " + std::to_string(columns->names.size()) + " columns", place(at));
      }
    }
    ctes_.back().insert(name);
    if (recursive && info->query->node->type == duckdb::QueryNodeType::SET_OPERATION_NODE &&
        info->query->node->Cast<duckdb::SetOperationNode>().setop_type == duckdb::SetOperationType::UNION) {
      info->query->node = recursion(
          name, info->aliases, duckdb::unique_ptr_cast<QueryNode, duckdb::SetOperationNode>(std::move(info->query->node)));
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
  std::optional<Columns> columns;
  while (is("union") || is("except")) {
    const bool is_union = is("union");
    const size_t at = tokens_[at_++].begin;
    const bool all = take("all");
    if (!all) take("distinct");
    auto right = intersection();
    unify(is_union ? "UNION" : "EXCEPT", at, left, columns, right);
    left = set_operation(is_union ? duckdb::SetOperationType::UNION : duckdb::SetOperationType::EXCEPT, all,
                         std::move(left), std::move(right));
  }
  return left;
}

unique_ptr<QueryNode> Parser::intersection() {
  auto left = query_primary();
  std::optional<Columns> columns;
  while (is("intersect")) {
    const size_t at = tokens_[at_++].begin;
    const bool all = take("all");
    if (!all) take("distinct");
    auto right = query_primary();
    unify("INTERSECT", at, left, columns, right);
    left = set_operation(duckdb::SetOperationType::INTERSECT, all, std::move(left), std::move(right));
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
  const size_t at = here();
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
    list->values.push_back(std::move(row));
  } while (take_op(","));
  unify_rows(list->values, at);
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
  if (from_at == items_at) mismatched("'*', 'ALL', 'DISTINCT', <expression>");
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
    const size_t at = here();
    group_by(node->groups);
    for (const auto& e : node->groups.group_expressions) refuse_position(*node, *e, "GROUP BY", at);
  }
  if (is("having")) {
    const size_t at = tokens_[++at_].begin;
    node->having = condition(expression(), "HAVING clause", at);
  }
  if (is("window") && is("as", 2)) windows();
  refuse_item_names(*node);
  named_windows_.pop_back();
  from_tables_.resize(tables);
  return node;
}

void Parser::select_items(SelectNode& node) {
  do {
    if (take_op("*")) {
      auto all = make_uniq<duckdb::StarExpression>();
      for (string& name : using_names(*node.from_table)) {  // they come first
        all->exclude_list.insert(duckdb::QualifiedColumnName(name));
        node.select_list.push_back(make_uniq<duckdb::ColumnRefExpression>(std::move(name)));
      }
      node.select_list.push_back(std::move(all));
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
    if (is_op(".") && is_op("*", 1)) {  // the fields of a row
      at_ += 2;
      if (!take("as")) {
        node.select_list.push_back(native_call("unnest", items(std::move(item))));
        continue;
      }
      expect_op("(");
      for (int32_t i = 1; i == 1 || take_op(","); ++i) {
        auto field = typed("subscript", here(), items(item->Copy(), constant_of(duckdb::Value::INTEGER(i))));
        field->SetAlias(identifier());
        node.select_list.push_back(std::move(field));
      }
      expect_op(")");
      continue;
    }
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
    mark_unknown(item);
    node.select_list.push_back(std::move(item));
  } while (take_op(","));
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
