// Rewriter: the walk behind rewrite(). Statements in rewrite.cc, tables in resolve.cc, expressions in expressions.cc.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "sql/engine/rewrite.h"

namespace tarn::sql::engine {

using ParsedPtr = duckdb::unique_ptr<duckdb::ParsedExpression>;
using TablePtr = duckdb::unique_ptr<duckdb::TableRef>;

// What ARRAY(..) is called for the parser.
constexpr const char* kArrayFunction = "arra_";

// A table's place: for a native one database, schema, name; for an external one the Glue database and name.
struct Place {
  std::string catalog, schema, table;
  bool external = false, temporary = false;
};

// A declared column of a native table. What Redshift knows beyond the engine's type stands in the column's comment.
struct DeclaredColumn {
  std::string name, type;  // type: "character varying(10)"; empty: as the engine's type says
  std::string identity;    // "1,1"
  bool identity_by_default = false;
  duckdb::LogicalType engine;  // the engine's type
};
std::vector<DeclaredColumn> declared_columns(const duckdb::TableCatalogEntry& table);

class Rewriter {
 public:
  Rewriter(duckdb::ClientContext& context, const ExecuteRequest& request) : context_(context), request_(request) {}

  void statement(duckdb::unique_ptr<duckdb::SQLStatement>& statement);
  Rewritten take() { return std::move(result_); }

  // For the manifest's templates.
  const StatementContext& now() const { return request_.context; }

 private:
  // statements
  void insert(duckdb::InsertStatement& statement);
  void update(duckdb::UpdateStatement& statement);
  void erase(duckdb::DeleteStatement& statement);
  void merge(duckdb::MergeIntoStatement& statement);
  void create(duckdb::CreateStatement& statement);
  void create_table(duckdb::CreateTableInfo& info);
  bool table_like(duckdb::CreateTableInfo& info);
  std::string take_keys(duckdb::CreateTableInfo& info);
  std::string key_json(const duckdb::CreateTableInfo& info, const std::vector<std::string>& words,
                       const std::vector<std::string>& primary,
                       duckdb::vector<duckdb::unique_ptr<duckdb::Constraint>>& constraints);
  void follow_keys(const Place& place, const std::string& column, const std::string& to);
  std::vector<std::string> primary_key_of(const Place& place);
  void change_keys(duckdb::SetCommentInfo& change);
  void fix_columns(duckdb::SelectStatement& query);
  void told_apart(const duckdb::SelectStatement& query);
  void declare_columns(duckdb::CreateViewInfo& view);
  void same_columns(const duckdb::CreateViewInfo& view, const std::vector<std::string>& names,
                    const duckdb::vector<duckdb::LogicalType>& types);
  void declare_column(const duckdb::CreateTableInfo& info, duckdb::ColumnDefinition& column,
                      const ColumnAttributes* given);
  void drop(duckdb::DropStatement& statement);
  void alter(duckdb::AlterStatement& statement);
  void writes(const char* kind);
  Place target(std::string& catalog, std::string& schema, std::string& table, const char* action);
  std::vector<DeclaredColumn> declared(const Place& place);
  void fit(ParsedPtr& value, const DeclaredColumn& column);
  void fit_columns(duckdb::InsertStatement& statement, const Place& place);

  // queries
  void ctes(duckdb::CommonTableExpressionMap& map);
  void node(duckdb::QueryNode& node, bool top = false);
  void select(duckdb::SelectNode& node, bool top);
  void modifiers(duckdb::QueryNode& node);
  void orders(duckdb::vector<duckdb::OrderByNode>& orders);
  void name_item(duckdb::ParsedExpression& item, size_t position);

  // tables
  void table(TablePtr& table);
  void base_table(TablePtr& table);
  bool unnested_path(TablePtr& table);
  bool unnested_alias(TablePtr& table);
  void pivoted(TablePtr& table);
  void unnest(TablePtr& table, ParsedPtr source);
  bool system_view(TablePtr& table);
  bool late_view(TablePtr& table);  // late_views.cc
  std::string late_view_columns();
  std::optional<Place> find(const std::string& catalog, const std::string& schema, const std::string& name);
  bool exists(const Place& place);
  const ExternalSchema* external_schema(const std::string& name) const;
  void use(const Place& place, const char* action);
  void view_used(const Place& place);

  // S3 Select's names (select_rewrite.cc)
  void select_table(TablePtr& table);
  void select_star(duckdb::SelectNode& node);
  void select_column(ParsedPtr& expression);

  // expressions
  void expression(ParsedPtr& expression);
  void expressions(duckdb::vector<ParsedPtr>& list);
  void column(ParsedPtr& expression);
  void comparison(ParsedPtr& expression);
  void operation(ParsedPtr& expression);
  void cast(ParsedPtr& expression);
  void function(ParsedPtr& expression);
  void window(ParsedPtr& expression);
  void parameter(ParsedPtr& expression);
  bool user_function(ParsedPtr& expression);
  [[noreturn]] void no_such_function(const duckdb::FunctionExpression& call);

  duckdb::ClientContext& context_;
  const ExecuteRequest& request_;
  Rewritten result_;
  std::vector<std::set<std::string>> cte_names_;                  // by nesting
  std::vector<std::vector<std::string>> from_aliases_;            // by nesting
  std::vector<std::pair<std::string, std::string>> from_tables_;  // schema and table as written
  std::vector<std::pair<std::string, std::string>> late_views_;   // whose text is being put in
  std::set<const duckdb::QueryNode*> walked_;                     // whose modifiers are done
  std::set<std::string> elements_;  // aliases of unnested arrays: tables of one column of their own name
  std::string select_alias_;
  const SqlFunction* inside_ = nullptr;  // the user's function whose body is being rewritten
};

// What a rewritten type means: the engine's type, and how a value is cut or checked.
struct NamedType {
  duckdb::LogicalType type;
  std::string declared;  // "character varying(10)"; empty where the engine's type says all
  int bytes = 0;         // of VARCHAR(n), CHAR(n)
  bool padded = false;   // CHAR
};
// Of a column declared "interval day to second": the last field, 0 year .. 5 second; -1 for other declarations.
int interval_field(const std::string& declared);
// The function that makes a value of such an interval, given the field.
const char* interval_function(int field);
// Replaces user types (rs_varchar(n), SUPER ..). Throws 42704 for a name that is no type.
NamedType named_type(const duckdb::LogicalType& type);

duckdb::unique_ptr<duckdb::FunctionExpression> own_call(const char* name, duckdb::vector<ParsedPtr> arguments);
ParsedPtr literal(duckdb::Value value);
template <class... T>
duckdb::vector<ParsedPtr> list(T&&... items) {
  duckdb::vector<ParsedPtr> result;
  (result.push_back(std::forward<T>(items)), ...);
  return result;
}

}  // namespace tarn::sql::engine
