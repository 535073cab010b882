// The parser of Trino's queries. Statements and tables in trino_parser.cc, expressions in trino_expressions.cc, calls of
// functions in trino_calls.cc, types in trino_types.cc, names of tables in trino_tables.cc.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sql/engine/trino.h"
#include "sql/lex.h"

namespace tarn::sql::engine::trino {

// f(a, b) with what may stand behind it.
struct Call {
  std::string name;  // lower case
  size_t at = 0;     // its place
  duckdb::vector<ParsedPtr> arguments;
  bool star = false, distinct = false, ignore_nulls = false;
  duckdb::vector<duckdb::OrderByNode> order;
  ParsedPtr filter;
  duckdb::unique_ptr<duckdb::WindowExpression> over;
};

struct Type {
  duckdb::LogicalType type;
  int length = -1;  // of varchar(n)
};

// Of a query's result. `shown`: types as errors name them.
struct Columns {
  std::vector<std::string> names;
  std::vector<duckdb::LogicalType> types;
  std::vector<std::string> shown;
};

struct JsonOptions;
struct JsonTable;
struct Leaf;
struct MatchClauses;
struct Recognition;

class Parser {
 public:
  Parser(duckdb::ClientContext& context, const ExecuteRequest& request, Rewritten& result, std::string sql,
         bool places = true);
  duckdb::unique_ptr<duckdb::SQLStatement> statement();
  // A parameter's value.
  ParsedPtr lone_expression();

 private:
  // tokens
  const Token& peek(size_t ahead = 0) const;
  bool is(std::string_view word, size_t ahead = 0) const { return peek(ahead).is(word); }
  bool is_op(std::string_view op, size_t ahead = 0) const { return peek(ahead).is_op(op); }
  bool take(std::string_view word);
  bool take_op(std::string_view op);
  void expect(std::string_view word);
  void expect_op(std::string_view op);
  [[noreturn]] void mismatched(const std::string& expecting) const;
  size_t here() const { return peek().begin; }
  bool is_identifier(size_t ahead = 0) const;
  std::string identifier();  // case kept
  std::string source(const Token& token) const { return sql_.substr(token.begin, token.end - token.begin); }

  // queries (trino_parser.cc)
  duckdb::unique_ptr<duckdb::SQLStatement> explained();
  duckdb::unique_ptr<duckdb::SelectStatement> query();
  duckdb::unique_ptr<duckdb::SelectStatement> inner_query();  // one that may be correlated
  duckdb::unique_ptr<duckdb::QueryNode> query_node();
  duckdb::unique_ptr<duckdb::QueryNode> query_body();
  duckdb::unique_ptr<duckdb::QueryNode> intersection();
  duckdb::unique_ptr<duckdb::QueryNode> query_primary();
  duckdb::unique_ptr<duckdb::QueryNode> select();
  duckdb::unique_ptr<duckdb::QueryNode> values();
  duckdb::unique_ptr<duckdb::QueryNode> set_operation(duckdb::SetOperationType type, bool all,
                                                      duckdb::unique_ptr<duckdb::QueryNode> left,
                                                      duckdb::unique_ptr<duckdb::QueryNode> right);
  void with(duckdb::CommonTableExpressionMap& map);
  void select_items(duckdb::SelectNode& node);
  void group_by(duckdb::GroupByNode& groups);
  std::vector<duckdb::GroupingSet> grouping_element(duckdb::GroupByNode& groups);
  void windows();
  void order_and_limit(duckdb::unique_ptr<duckdb::QueryNode>& node);
  void keep_ties(duckdb::unique_ptr<duckdb::QueryNode>& node, const duckdb::OrderModifier& order,
                 duckdb::LimitModifier& limit);
  duckdb::vector<duckdb::OrderByNode> sort_items();
  void refuse_position(const duckdb::SelectNode& node, const duckdb::ParsedExpression& e, const char* clause,
                       size_t at) const;
  void refuse_undistinct(const duckdb::QueryNode& node, const duckdb::ParsedExpression& e, size_t at) const;
  duckdb::unique_ptr<duckdb::SQLStatement> show_functions();
  size_t find_from() const;

  // types of columns that meet (trino_column_types.cc)
  std::optional<Columns> columns_of(const duckdb::QueryNode& node);
  std::optional<Columns> columns_of_row(const duckdb::vector<ParsedPtr>& row);
  void convert(duckdb::unique_ptr<duckdb::QueryNode>& node, const Columns& columns,
               const std::vector<duckdb::LogicalType>& types);
  void unify(const char* operation, size_t at, duckdb::unique_ptr<duckdb::QueryNode>& left,
             std::optional<Columns>& columns, duckdb::unique_ptr<duckdb::QueryNode>& right);
  void unify_rows(duckdb::vector<duckdb::vector<ParsedPtr>>& rows, size_t at);
  void refuse_item_names(const duckdb::SelectNode& node);
  void compare_with_query(duckdb::SubqueryExpression& any, ParsedPtr left, size_t at);

  // tables
  TablePtr from_list();
  TablePtr joined();
  TablePtr joined_right();
  ParsedPtr join_condition(size_t at);
  TablePtr sampled();
  TablePtr aliased();
  TablePtr table_primary();
  TablePtr unnest();
  void alias(duckdb::TableRef& table, size_t at);
  bool alias_follows() const;
  TablePtr named_table(std::vector<std::string> parts, size_t at);  // trino_tables.cc
  std::string default_catalog() const;
  TablePtr partitions_table(const ExternalTable& table);
  void as_of(duckdb::TableRef& table);  // trino_iceberg.cc
  TablePtr iceberg_table(const std::string& part, const ExternalTable& table, size_t at);
  TablePtr view(const ExternalTable& table, size_t at);
  TablePtr information_schema(const std::string& name, size_t at);

  // MATCH_RECOGNIZE (trino_match_parser.cc)
  TablePtr match_recognize(TablePtr input);
  MatchClauses match_clauses(Recognition& recognition);
  void match_order(MatchClauses& clauses);
  size_t clause(std::string_view word) const;
  std::string match_pattern(Recognition& recognition);
  void match_rows(Recognition& recognition);
  void match_subsets(Recognition& recognition);
  std::vector<size_t> match_labels(const Recognition& recognition, size_t at);
  std::vector<std::pair<std::string, ParsedPtr>> match_measures();
  duckdb::vector<ParsedPtr> match_define(Recognition& recognition);
  ParsedPtr match_column(const std::string& label, duckdb::vector<std::string> names, size_t at);
  ParsedPtr match_call(const std::string& name, size_t at);
  ParsedPtr navigation(const std::string& name, size_t at, bool final);
  void logical_navigation(Leaf& leaf, bool final);
  void match_argument(Leaf& leaf);
  int64_t match_offset(int64_t otherwise);
  ParsedPtr match_aggregate(const std::string& name, size_t at, bool final);
  duckdb::vector<ParsedPtr> match_aggregated(Leaf& rows);
  ParsedPtr leaf(Leaf leaf);
  std::string canonical_name() const;

  // JSON_TABLE (trino_json_table.cc)
  TablePtr json_table();
  void json_table_end(JsonTable& table);
  TablePtr json_items(const JsonTable& table, ParsedPtr input, ParsedPtr path, const char* on_error, size_t level);
  duckdb::unique_ptr<duckdb::SelectNode> json_rows(JsonTable& table, ParsedPtr input, ParsedPtr path, const char* on_error);
  ParsedPtr json_column(JsonTable& table, const std::string& name, size_t level);

  // expressions (trino_expressions.cc)
  ParsedPtr expression();
  ParsedPtr conjunction();
  ParsedPtr negation();
  ParsedPtr predicate();
  ParsedPtr value(int level = 0);
  ParsedPtr unary();
  ParsedPtr postfix();
  ParsedPtr primary();
  ParsedPtr word_primary();
  ParsedPtr parenthesised();
  ParsedPtr number();
  ParsedPtr string_literal();
  ParsedPtr typed_literal(const std::string& type, size_t at);
  ParsedPtr interval();
  ParsedPtr case_of();
  ParsedPtr cast(bool try_cast);
  ParsedPtr extract();
  ParsedPtr trim_call();
  bool is_json_call() const;
  ParsedPtr json_call(const std::string& name, size_t at);
  ParsedPtr json_input();
  ParsedPtr json_variables(size_t at);
  void json_options(JsonOptions& options);
  ParsedPtr json_or_default(ParsedPtr found, size_t at, JsonOptions options, const Type& returning);
  ParsedPtr cast_as(ParsedPtr value, size_t at, const Type& to);
  ParsedPtr json_result(const std::string& name, size_t at, duckdb::vector<ParsedPtr> given, const Type& returning,
                        std::string on_error);
  ParsedPtr column(size_t at);
  ParsedPtr in_list(ParsedPtr left, size_t at);
  ParsedPtr quantified(ParsedPtr left, duckdb::ExpressionType type, size_t at);
  ParsedPtr parameter(size_t index, size_t at);
  ParsedPtr subquery(duckdb::SubqueryType type);
  ParsedPtr condition(ParsedPtr value, const char* clause, size_t at);
  bool lambda_follows() const;
  ParsedPtr lambda(const std::string& function, size_t argument);
  Type type();
  duckdb::LogicalType row_type();

  // calls (trino_calls.cc)
  ParsedPtr function_call(const std::string& name, size_t at);
  void arguments(Call& call);
  void after_arguments(Call& call);
  duckdb::unique_ptr<duckdb::WindowExpression> window_specification();
  void frame(duckdb::WindowExpression& window);
  ParsedPtr make(Call call);
  ParsedPtr make_with_lambda(Call& call);
  ParsedPtr make_aggregate(Call& call, const char* text);
  ParsedPtr make_window(Call& call);
  ParsedPtr typed(const char* name, size_t at, duckdb::vector<ParsedPtr> arguments) const;
  duckdb::optional_idx place(size_t at) const { return places_ ? duckdb::optional_idx(at) : duckdb::optional_idx(); }

  struct Variable {
    std::string name;   // of the engine's lambda
    std::string field;  // the parameter is this field of it; empty: it is itself
  };

  duckdb::ClientContext& context_;
  const ExecuteRequest& request_;
  Rewritten& result_;
  std::string sql_;
  bool places_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
  size_t questions_ = 0;
  int depth_ = 0;  // of nesting
  std::vector<std::set<std::string>> ctes_;
  std::vector<const duckdb::CommonTableExpressionMap*> scopes_;  // what WITH has named so far, outermost first
  bool in_join_condition_ = false;
  int correlated_ = 0;  // inside of queries that may name columns of those around them
  std::vector<std::pair<std::string, std::string>> from_tables_;  // schema and name
  std::vector<std::map<std::string, Variable>> lambdas_;
  size_t lambda_count_ = 0;
  std::vector<std::map<std::string, duckdb::unique_ptr<duckdb::WindowExpression>>> named_windows_;
  Recognition* recognition_ = nullptr;  // while expressions of a MATCH_RECOGNIZE are read
  friend struct Nested;
};

// Counts the nesting: a text of parentheses must not end the process.
struct Nested {
  explicit Nested(Parser& parser);
  ~Nested() { --parser_.depth_; }
  Parser& parser_;
};

// A list of rows under these column names.
TablePtr rows_table(duckdb::vector<duckdb::vector<duckdb::Value>> rows,
                    const std::vector<std::pair<std::string, duckdb::LogicalType>>& columns);

// NULL becomes a NULL of the type unknown.
void mark_unknown(ParsedPtr& e);

// --- building expressions

// The columns of USING of a join, and of those on its left: SELECT * has them first.
std::vector<std::string> using_names(const duckdb::TableRef& from);
duckdb::vector<ParsedPtr> items(ParsedPtr a);
duckdb::vector<ParsedPtr> items(ParsedPtr a, ParsedPtr b);
duckdb::vector<ParsedPtr> items(ParsedPtr a, ParsedPtr b, ParsedPtr c);
ParsedPtr constant_of(duckdb::Value value);
ParsedPtr native_call(const std::string& name, duckdb::vector<ParsedPtr> arguments);
// system.trino.call(name, place, arguments..)
ParsedPtr typed_call(const std::string& name, duckdb::optional_idx place, duckdb::vector<ParsedPtr> arguments);
// Before an expression is copied: copies within copies grow without bounds. Throws NOT_SUPPORTED.
void refuse_huge(const duckdb::ParsedExpression& e, duckdb::optional_idx place);
// An expression written in the engine's words: $1 .. are the arguments, c_f(..) is typed_call("f", ..), t_f(..) a function
// of system.trino, agg_f(..) the aggregate f, aggt_f(..) one of system.trino.
ParsedPtr from_template(const std::string& text, const duckdb::vector<ParsedPtr>& arguments, duckdb::optional_idx place,
                        const std::function<void(ParsedPtr&)>& aggregate = {});

duckdb::unique_ptr<duckdb::SelectStatement> as_statement(duckdb::unique_ptr<duckdb::QueryNode> node);
// SELECT * FROM (node): a node that has modifiers of its own inside another one.
duckdb::unique_ptr<duckdb::QueryNode> wrapped(duckdb::unique_ptr<duckdb::QueryNode> node);

// What WITH RECURSIVE name (columns) AS (both) is for the engine: it goes as deep as Athena does (trino_recursion.cc).
duckdb::unique_ptr<duckdb::QueryNode> recursion(const std::string& name, const duckdb::vector<std::string>& columns,
                                                duckdb::unique_ptr<duckdb::SetOperationNode> both);

}  // namespace tarn::sql::engine::trino
