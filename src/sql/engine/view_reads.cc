// What the views of the session's database read, by the names in their queries. The query of a materialized view is one too
// (query_view). view_reads(): which relations; column_reads(schema, table, column): the views that read that column;
// view_follows(schema, name, new name) and view_follows_column(schema, table, column, new name): the views that read it, as CREATE
// OR REPLACE VIEW statements that read the new name.
#include "duckdb/catalog/catalog_entry/view_catalog_entry.hpp"
#include "duckdb/planner/planner.hpp"
#include "sql/engine/catalog.h"
#include "sql/engine/instance.h"
#include "sql/engine/rights.h"
#include "sql/engine/session_state.h"
#include "sql/engine/system_catalog.h"

namespace tarn::sql::engine {
namespace {

using duckdb::LogicalType;
using duckdb::ParsedExpressionIterator;
using ParsedPtr = duckdb::unique_ptr<duckdb::ParsedExpression>;
using std::string;

struct Walk {
  std::set<string> local;  // names of common table expressions
  std::vector<duckdb::BaseTableRef*> found;

  void node(duckdb::QueryNode& query) {
    for (const auto& [name, cte] : query.cte_map.map) local.insert(name);
    ParsedExpressionIterator::EnumerateQueryNodeChildren(
        query, [this](ParsedPtr& child) { expression(child); },
        [this](duckdb::TableRef& table) {
          if (table.type == duckdb::TableReferenceType::SUBQUERY)
            for (const auto& [name, cte] : table.Cast<duckdb::SubqueryRef>().subquery->node->cte_map.map)
              local.insert(name);
          if (table.type != duckdb::TableReferenceType::BASE_TABLE) return;
          found.push_back(&table.Cast<duckdb::BaseTableRef>());
        });
  }
  void expression(ParsedPtr& of) {
    if (of->GetExpressionClass() == duckdb::ExpressionClass::SUBQUERY)
      node(*of->Cast<duckdb::SubqueryExpression>().subquery->node);
    ParsedExpressionIterator::EnumerateChildren(*of, [this](ParsedPtr& child) { expression(child); });
  }
};

// A view as the user knows it, with its definition.
struct View {
  string schema, name;
  duckdb::idx_t oid;
  duckdb::unique_ptr<duckdb::CreateViewInfo> info;
};

std::vector<View> all_views(duckdb::ClientContext& context, const string& database) {
  std::vector<View> views;
  for (const auto& schema : duckdb::Catalog::GetCatalog(context, database).GetSchemas(context)) {
    schema.get().Scan(context, duckdb::CatalogType::VIEW_ENTRY, [&](duckdb::CatalogEntry& entry) {
      if (entry.internal || entry.type != duckdb::CatalogType::VIEW_ENTRY) return;
      View view{schema.get().name, entry.name, entry.oid,
                duckdb::unique_ptr_cast<duckdb::CreateInfo, duckdb::CreateViewInfo>(
                    entry.Cast<duckdb::ViewCatalogEntry>().GetInfo())};
      const size_t mark = view.name.find(kQueryViewMark);
      if (view.schema == kOwnSchema && mark != string::npos) {
        view.schema = view.name.substr(0, mark);
        view.name = view.name.substr(mark + 1);
      }
      views.push_back(std::move(view));
    });
  }
  return views;
}

string database_of(duckdb::ClientContext& context) {
  return duckdb::DatabaseManager::GetDefaultDatabase(context);
}

string schema_of(const duckdb::BaseTableRef& table, const View& view) {
  return table.schema_name.empty() ? view.schema : table.schema_name;
}

// The columns of the table that the view's query uses. nullopt: it cannot be bound now.
std::optional<std::set<string>> columns_read(duckdb::ClientContext& context, const View& view, const string& schema,
                                             const string& table) {
  try {
    if (view.info->ToString().find("st_") != string::npos) SessionState::of(context)->load_geometry();
    duckdb::Planner planner(context);
    planner.CreatePlan(view.info->query->Copy());
    std::set<string> columns;
    const std::function<void(duckdb::LogicalOperator&)> walk = [&](duckdb::LogicalOperator& at) {
      if (at.type == duckdb::LogicalOperatorType::LOGICAL_GET) {
        auto& get = at.Cast<duckdb::LogicalGet>();
        const auto entry = get.GetTable();
        if (entry && entry->name == table && entry->schema.name == schema) {
          for (const auto& id : get.GetColumnIds())
            if (!id.IsVirtualColumn()) columns.insert(get.names[id.GetPrimaryIndex()]);
        }
      }
      for (auto& child : at.children) walk(*child);
    };
    if (planner.plan) walk(*planner.plan);
    return columns;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

// A column of a table is called otherwise from now on; views that read it keep its old name.
struct Renamed {
  const string &schema, &table, &column, &to;
  std::set<string> columns;  // of the table, that the view reads
};

// The table in the view's FROM, with the column by its old name: (SELECT new AS old, .. FROM t) AS t.
void keep_column_name(duckdb::unique_ptr<duckdb::TableRef>& table, const Renamed& renamed) {
  if (table->type == duckdb::TableReferenceType::JOIN) {
    auto& join = table->Cast<duckdb::JoinRef>();
    keep_column_name(join.left, renamed);
    keep_column_name(join.right, renamed);
  }
  if (table->type != duckdb::TableReferenceType::BASE_TABLE) return;
  auto& base = table->Cast<duckdb::BaseTableRef>();
  if (base.schema_name != renamed.schema || base.table_name != renamed.table) return;
  const string alias = base.alias.empty() ? base.table_name : base.alias;
  base.alias.clear();
  auto select = duckdb::make_uniq<duckdb::SelectNode>();
  for (const string& column : renamed.columns) {
    select->select_list.push_back(
        duckdb::make_uniq<duckdb::ColumnRefExpression>(column == renamed.column ? renamed.to : column));
    select->select_list.back()->SetAlias(column);
  }
  auto columns = std::move(base.column_name_alias);
  base.column_name_alias.clear();
  select->from_table = std::move(table);
  auto query = duckdb::make_uniq<duckdb::SelectStatement>();
  query->node = std::move(select);
  table = duckdb::make_uniq<duckdb::SubqueryRef>(std::move(query), alias);
  table->column_name_alias = std::move(columns);
}

// In all SELECTs of a query.
void keep_column_name(duckdb::QueryNode& query, const Renamed& renamed) {
  const std::function<void(ParsedPtr&)> expression = [&](ParsedPtr& of) {
    if (of->GetExpressionClass() == duckdb::ExpressionClass::SUBQUERY)
      keep_column_name(*of->Cast<duckdb::SubqueryExpression>().subquery->node, renamed);
    ParsedExpressionIterator::EnumerateChildren(*of, expression);
  };
  const std::function<void(duckdb::TableRef&)> below = [&](duckdb::TableRef& table) {
    if (table.type == duckdb::TableReferenceType::SUBQUERY)
      keep_column_name(*table.Cast<duckdb::SubqueryRef>().subquery->node, renamed);
    if (table.type == duckdb::TableReferenceType::JOIN) {
      auto& join = table.Cast<duckdb::JoinRef>();
      below(*join.left);
      below(*join.right);
      if (join.condition) expression(join.condition);
    }
  };
  const auto both = [&](duckdb::QueryNode& one, duckdb::QueryNode& other) {
    keep_column_name(one, renamed);
    keep_column_name(other, renamed);
  };
  for (const auto& [cte_name, cte] : query.cte_map.map) keep_column_name(*cte->query->node, renamed);
  switch (query.type) {
    case duckdb::QueryNodeType::SET_OPERATION_NODE: {
      auto& operation = query.Cast<duckdb::SetOperationNode>();
      return both(*operation.left, *operation.right);
    }
    case duckdb::QueryNodeType::RECURSIVE_CTE_NODE: {
      auto& cte = query.Cast<duckdb::RecursiveCTENode>();
      return both(*cte.left, *cte.right);
    }
    case duckdb::QueryNodeType::CTE_NODE: {
      auto& cte = query.Cast<duckdb::CTENode>();
      return both(*cte.query, *cte.child);
    }
    case duckdb::QueryNodeType::SELECT_NODE: {
      auto& select = query.Cast<duckdb::SelectNode>();
      if (!select.from_table) return;
      below(*select.from_table);
      keep_column_name(select.from_table, renamed);
      for (auto& item : select.select_list) expression(item);
      if (select.where_clause) expression(select.where_clause);
      if (select.having) expression(select.having);
      if (select.qualify) expression(select.qualify);
      return;
    }
    default: return;
  }
}

// The statements that make the view as it is, with what its columns are declared to be.
string made_anew(duckdb::CreateViewInfo& view) {
  view.on_conflict = duckdb::OnCreateConflict::REPLACE_ON_CONFLICT;
  string text = view.ToString();
  while (!text.empty() && (text.back() == ';' || text.back() == '\n')) text.pop_back();
  for (size_t i = 0; i < view.column_comments.size() && i < view.names.size(); ++i) {
    if (view.column_comments[i].IsNull()) continue;
    const string& name = i < view.aliases.size() ? view.aliases[i] : view.names[i];
    text += "; COMMENT ON COLUMN " + quote_name(view.schema) + "." + quote_name(view.view_name) + "." +
            quote_name(name) + " IS " + quote(view.column_comments[i].ToString());
  }
  return text;
}

// --- the table functions --------------------------------------------------------------------------------------------

enum class Question { kReads, kColumnReads, kFollows, kFollowsColumn };

struct Answer {
  string view_schema, view, schema, name, text;
  duckdb::idx_t view_oid;
};
struct ReadsData : duckdb::TableFunctionData {
  Question question = Question::kReads;
  std::vector<string> given;
};
struct ReadsState : duckdb::GlobalTableFunctionState {
  std::vector<Answer> answers;
  size_t at = 0;
  duckdb::idx_t MaxThreads() const override { return 1; }
};

template <Question question>
duckdb::unique_ptr<duckdb::FunctionData> bind_reads(duckdb::ClientContext&, duckdb::TableFunctionBindInput& input,
                                                    duckdb::vector<LogicalType>& types, duckdb::vector<string>& names) {
  names = {"view_schema", "view_name", "view_oid", "schema_name", "name", "text"};
  types = {LogicalType::VARCHAR, LogicalType::VARCHAR, LogicalType::BIGINT,
           LogicalType::VARCHAR, LogicalType::VARCHAR, LogicalType::VARCHAR};
  auto data = duckdb::make_uniq<ReadsData>();
  data->question = question;
  for (const auto& value : input.inputs) data->given.push_back(value.ToString());
  return data;
}

duckdb::unique_ptr<duckdb::GlobalTableFunctionState> begin_reads(duckdb::ClientContext& context,
                                                                 duckdb::TableFunctionInitInput& input) {
  const auto& asked = input.bind_data->Cast<ReadsData>();
  auto state = duckdb::make_uniq<ReadsState>();
  for (View& view : all_views(context, database_of(context))) {
    auto& query = *view.info->query->node;
    bool any = false;
    for (duckdb::BaseTableRef* table : tables_named(query)) {
      const string in = schema_of(*table, view);
      if (asked.question == Question::kReads) {
        state->answers.push_back({view.schema, view.name, in, table->table_name, "", view.oid});
        continue;
      }
      if (in != asked.given[0] || table->table_name != asked.given[1]) continue;
      any = true;
      if (asked.question != Question::kFollows) continue;
      if (table->alias.empty()) table->alias = table->table_name;
      table->table_name = asked.given[2];
    }
    if (!any) continue;
    const auto& given = asked.given;
    if (asked.question != Question::kFollows) {
      const auto columns = columns_read(context, view, given[0], given[1]);
      if (columns && !columns->contains(given[2])) continue;  // what cannot be bound may read it
      if (asked.question == Question::kFollowsColumn && columns)
        keep_column_name(query, {given[0], given[1], given[2], given[3], *columns});
    }
    state->answers.push_back({view.schema, view.name, "", "", made_anew(*view.info), view.oid});
  }
  return state;
}

void next_reads(duckdb::ClientContext&, duckdb::TableFunctionInput& input, duckdb::DataChunk& output) {
  auto& state = input.global_state->Cast<ReadsState>();
  duckdb::idx_t row = 0;
  for (; row < STANDARD_VECTOR_SIZE && state.at < state.answers.size(); ++row, ++state.at) {
    const Answer& answer = state.answers[state.at];
    output.SetValue(0, row, duckdb::Value(answer.view_schema));
    output.SetValue(1, row, duckdb::Value(answer.view));
    output.SetValue(2, row, duckdb::Value::BIGINT(static_cast<int64_t>(answer.view_oid)));
    output.SetValue(3, row, duckdb::Value(answer.schema));
    output.SetValue(4, row, duckdb::Value(answer.name));
    output.SetValue(5, row, duckdb::Value(answer.text));
  }
  output.SetCardinality(row);
}

}  // namespace

std::vector<duckdb::BaseTableRef*> tables_named(duckdb::QueryNode& query) {
  Walk walk;
  walk.node(query);
  std::erase_if(walk.found, [&](const duckdb::BaseTableRef* table) {
    return table->schema_name.empty() && walk.local.contains(table->table_name);
  });
  return std::move(walk.found);
}

std::vector<TableUse> stale_views(duckdb::ClientContext& context, const string& database,
                                  const std::vector<TableUse>& changed) {
  const auto refreshed = auto_refreshed(context, database);
  if (refreshed.empty()) return {};
  const std::vector<View> views = all_views(context, database);
  std::set<std::pair<string, string>> stale;
  for (const TableUse& use : changed) {
    if (use.action == "INSERT" || use.action == "UPDATE" || use.action == "DELETE")
      stale.emplace(use.schema, use.table);
  }
  std::vector<TableUse> found;
  for (bool more = !stale.empty(); more;) {
    more = false;
    for (const View& view : views) {
      const std::pair named(view.schema, view.name);
      if (stale.contains(named)) continue;
      const auto tables = tables_named(*view.info->query->node);
      const bool reads = std::ranges::any_of(
          tables, [&](const auto* table) { return stale.contains({schema_of(*table, view), table->table_name}); });
      if (!reads) continue;
      const bool materialized = std::ranges::find(refreshed, named) != refreshed.end();
      if (materialized) found.push_back({database, view.schema, view.name, ""});
      const bool plain = view.info->schema != kOwnSchema;  // one that is not refreshed now changes nothing above it
      if (plain) more = true;
      if (plain || materialized) stale.insert(named);
    }
  }
  return found;
}

void add_view_reads(Registry& registry) {
  const auto add = [&](const char* name, size_t arguments, duckdb::table_function_bind_t bind) {
    registry.add(duckdb::TableFunction(name, duckdb::vector<LogicalType>(arguments, LogicalType::VARCHAR), next_reads,
                                       bind, begin_reads));
  };
  add("view_reads", 0, bind_reads<Question::kReads>);
  add("column_reads", 3, bind_reads<Question::kColumnReads>);
  add("view_follows", 3, bind_reads<Question::kFollows>);
  add("view_follows_column", 4, bind_reads<Question::kFollowsColumn>);
}

}  // namespace tarn::sql::engine
