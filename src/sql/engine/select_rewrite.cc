// What S3 Select's names mean: s._1, s."name", s.a.b[0], s3object itself.
#include "base/text.h"
#include "sql/engine/errors.h"
#include "sql/engine/rewriter.h"
#include "sql/engine/select_input.h"
#include "sql/engine/session_state.h"

namespace tarn::sql::engine {

using duckdb::Value;
using std::string;

void Rewriter::select_table(TablePtr& table) {
  auto& base = table->Cast<duckdb::BaseTableRef>();
  if (lower(base.table_name) != "s3object" || !base.schema_name.empty()) {
    raise_sql("42P01", "Only S3Object can stand in FROM, not \"" + base.table_name + "\".", table->query_location);
  }
  const auto session = SessionState::of(context_);
  auto input = duckdb::make_uniq<duckdb::TableFunctionRef>();
  if (session->select_parquet) {
    input->function =
        duckdb::make_uniq<duckdb::FunctionExpression>("read_parquet", list(literal(Value("s3://select/object"))));
  } else {
    input->function = duckdb::make_uniq<duckdb::FunctionExpression>("system", "redshift", "select_input",
                                                                    duckdb::vector<ParsedPtr>());
  }
  input->alias = select_alias_ = base.alias.empty() ? "s3object" : lower(base.alias);
  table = std::move(input);
}

// `*` of JSON is the record itself; of CSV each column under its header's name.
void Rewriter::select_star(duckdb::SelectNode& node) {
  const auto session = SessionState::of(context_);
  if (session->select_parquet) return;
  duckdb::vector<ParsedPtr> items;
  for (auto& item : node.select_list) {
    if (item->GetExpressionClass() != duckdb::ExpressionClass::STAR) {
      items.push_back(std::move(item));
    } else if (session->select->json()) {
      items.push_back(duckdb::make_uniq<duckdb::ColumnRefExpression>("record", select_alias_));
      items.back()->SetAlias("*");
    } else {
      for (size_t i = 0; i < session->select->width(); ++i) {
        items.push_back(duckdb::make_uniq<duckdb::ColumnRefExpression>("_" + std::to_string(i + 1), select_alias_));
        items.back()->SetAlias(session->select->names()[i]);
      }
    }
  }
  node.select_list = std::move(items);
}

void Rewriter::select_column(ParsedPtr& e) {
  const auto session = SessionState::of(context_);
  auto names = e->Cast<duckdb::ColumnRefExpression>().column_names;
  const bool qualified = names.size() > 1 && (lower(names[0]) == select_alias_ || lower(names[0]) == "s3object");
  if (qualified) names.erase(names.begin());
  const string alias = e->GetAlias();
  const auto location = e->GetQueryLocation();
  ParsedPtr column;
  if (session->select_parquet) {
    names.insert(names.begin(), select_alias_);
    column = duckdb::make_uniq<duckdb::ColumnRefExpression>(names);
  } else if (session->select->json()) {
    if (!qualified && names.size() == 1 && lower(names[0]) == select_alias_) names.clear();  // `s` is the record
    column = duckdb::make_uniq<duckdb::ColumnRefExpression>("record", select_alias_);
    for (const string& name : names)
      column = own_call("super_at", list(std::move(column), literal(Value("$.\"" + name + "\""))));
  } else {
    if (names.size() != 1) raise_sql("42703", "A CSV record has no member \"" + names.back() + "\".", location);
    const auto& known = session->select->names();
    string position;
    for (size_t i = 0; i < known.size() && position.empty(); ++i) {
      if (known[i] == names[0] || lower(known[i]) == lower(names[0])) position = "_" + std::to_string(i + 1);
    }
    const auto number = names[0][0] == '_' ? parse_int(names[0].substr(1)) : std::nullopt;
    if (position.empty() && number && *number > 0 && static_cast<size_t>(*number) <= known.size()) position = names[0];
    if (position.empty()) {
      raise_sql("42703", "Some headers in the query are missing from the file: \"" + names[0] + "\".", location);
    }
    column = duckdb::make_uniq<duckdb::ColumnRefExpression>(position, select_alias_);
  }
  column->SetAlias(alias);
  column->SetQueryLocation(location);
  e = std::move(column);
}

}  // namespace tarn::sql::engine
