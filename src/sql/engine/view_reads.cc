// view_reads(): which relations the views of the session's database read, by the names in their queries.
// view_follows(schema, name, new name): the views that read it, as CREATE OR REPLACE VIEW statements that read the new name.
#include "duckdb/catalog/catalog_entry/view_catalog_entry.hpp"
#include "sql/engine/system_catalog.h"

namespace tarn::sql::engine {
namespace {

using duckdb::LogicalType;
using duckdb::ParsedExpressionIterator;
using ParsedPtr = duckdb::unique_ptr<duckdb::ParsedExpression>;
using std::string;

struct Read {
  string view_schema, view, schema, name, text;
  duckdb::idx_t view_oid;
};

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

struct ReadsData : duckdb::TableFunctionData {
  string schema, name, to;
};
struct ReadsState : duckdb::GlobalTableFunctionState {
  std::vector<Read> reads;
  size_t at = 0;
  duckdb::idx_t MaxThreads() const override { return 1; }
};

duckdb::unique_ptr<duckdb::FunctionData> bind_reads(duckdb::ClientContext&, duckdb::TableFunctionBindInput& input,
                                                    duckdb::vector<LogicalType>& types, duckdb::vector<string>& names) {
  names = {"view_schema", "view_name", "view_oid", "schema_name", "name", "text"};
  types = {LogicalType::VARCHAR, LogicalType::VARCHAR, LogicalType::BIGINT,
           LogicalType::VARCHAR, LogicalType::VARCHAR, LogicalType::VARCHAR};
  auto data = duckdb::make_uniq<ReadsData>();
  if (input.inputs.size() == 3) {
    data->schema = input.inputs[0].ToString();
    data->name = input.inputs[1].ToString();
    data->to = input.inputs[2].ToString();
  }
  return data;
}

duckdb::unique_ptr<duckdb::GlobalTableFunctionState> begin_reads(duckdb::ClientContext& context,
                                                                 duckdb::TableFunctionInitInput& input) {
  const auto& renamed = input.bind_data->Cast<ReadsData>();
  auto state = duckdb::make_uniq<ReadsState>();
  auto& catalog = duckdb::Catalog::GetCatalog(context, duckdb::DatabaseManager::GetDefaultDatabase(context));
  for (const auto& schema : catalog.GetSchemas(context)) {
    schema.get().Scan(context, duckdb::CatalogType::VIEW_ENTRY, [&](duckdb::CatalogEntry& entry) {
      if (entry.internal || entry.type != duckdb::CatalogType::VIEW_ENTRY) return;
      const auto made = entry.Cast<duckdb::ViewCatalogEntry>().GetInfo();
      auto& info = made->Cast<duckdb::CreateViewInfo>();
      Walk walk;
      walk.node(*info.query->node);
      string text;
      for (duckdb::BaseTableRef* table : walk.found) {
        if (table->schema_name.empty() && walk.local.contains(table->table_name)) continue;
        const string in = table->schema_name.empty() ? schema.get().name : table->schema_name;
        if (!renamed.to.empty()) {
          if (in != renamed.schema || table->table_name != renamed.name) continue;
          if (table->alias.empty()) table->alias = table->table_name;
          table->table_name = renamed.to;
          info.on_conflict = duckdb::OnCreateConflict::REPLACE_ON_CONFLICT;
          text = "yes";
          continue;
        }
        state->reads.push_back({schema.get().name, entry.name, in, table->table_name, "", entry.oid});
      }
      if (!text.empty()) state->reads.push_back({schema.get().name, entry.name, "", "", info.ToString(), entry.oid});
    });
  }
  return state;
}

void next_reads(duckdb::ClientContext&, duckdb::TableFunctionInput& input, duckdb::DataChunk& output) {
  auto& state = input.global_state->Cast<ReadsState>();
  duckdb::idx_t row = 0;
  for (; row < STANDARD_VECTOR_SIZE && state.at < state.reads.size(); ++row, ++state.at) {
    const Read& read = state.reads[state.at];
    output.SetValue(0, row, duckdb::Value(read.view_schema));
    output.SetValue(1, row, duckdb::Value(read.view));
    output.SetValue(2, row, duckdb::Value::BIGINT(static_cast<int64_t>(read.view_oid)));
    output.SetValue(3, row, duckdb::Value(read.schema));
    output.SetValue(4, row, duckdb::Value(read.name));
    output.SetValue(5, row, duckdb::Value(read.text));
  }
  output.SetCardinality(row);
}

}  // namespace

void add_view_reads(Registry& registry) {
  const duckdb::vector<LogicalType> renamed(3, LogicalType::VARCHAR);
  registry.add(duckdb::TableFunction("view_reads", {}, next_reads, bind_reads, begin_reads));
  registry.add(duckdb::TableFunction("view_follows", renamed, next_reads, bind_reads, begin_reads));
}

}  // namespace tarn::sql::engine
