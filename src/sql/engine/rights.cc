#include "sql/engine/rights.h"

#include <algorithm>

#include "base/text.h"
#include "duckdb/planner/planner.hpp"
#include "duckdb/storage/data_table.hpp"
#include "duckdb/storage/table/scan_state.hpp"
#include "duckdb/transaction/duck_transaction.hpp"
#include "sql/engine/catalog.h"
#include "sql/engine/errors.h"
#include "sql/engine/instance.h"
#include "sql/engine/session_state.h"
#include "sql/system_views.h"

namespace tarn::sql::engine {
namespace {

using std::string;

// All rows of a table of ours, which holds text only, as the transaction sees it.
std::vector<std::vector<string>> rows_of(duckdb::ClientContext& context, const string& database, const char* name) {
  auto entry = duckdb::Catalog::GetEntry<duckdb::TableCatalogEntry>(context, database, kOwnSchema, name,
                                                                          duckdb::OnEntryNotFound::RETURN_NULL);
  if (!entry) return {};
  auto& storage = entry->GetStorage();
  auto& transaction = duckdb::DuckTransaction::Get(context, entry->ParentCatalog());
  const size_t columns = entry->GetColumns().LogicalColumnCount();
  duckdb::vector<duckdb::StorageIndex> wanted;
  for (size_t i = 0; i < columns; ++i) wanted.emplace_back(i);
  duckdb::TableScanState state;
  storage.InitializeScan(context, transaction, state, wanted);
  duckdb::DataChunk chunk;
  chunk.Initialize(context, duckdb::vector<duckdb::LogicalType>(columns, duckdb::LogicalType::VARCHAR));
  std::vector<std::vector<string>> all;
  for (;;) {
    chunk.Reset();
    storage.Scan(transaction, chunk, state);
    if (chunk.size() == 0) return all;
    for (duckdb::idx_t row = 0; row < chunk.size(); ++row) {
      auto& made = all.emplace_back();
      for (size_t i = 0; i < columns; ++i) {
        const auto value = chunk.GetValue(i, row);
        made.push_back(value.IsNull() ? "" : value.ToString());
      }
    }
  }
}

[[noreturn]] void denied(const string& what) {
  raise_sql("42501", "permission denied for " + what);
}
[[noreturn]] void not_owner(const string& what) {
  raise_sql("42501", "must be owner of " + what);
}

// The columns of the table that the statement reads.
std::vector<string> columns_read(duckdb::ClientContext& context, const duckdb::SQLStatement& statement,
                                 const TableUse& use) {
  duckdb::Planner planner(context);
  planner.CreatePlan(statement.Copy());
  std::vector<string> names;
  const std::function<void(duckdb::LogicalOperator&)> walk = [&](duckdb::LogicalOperator& at) {
    if (at.type == duckdb::LogicalOperatorType::LOGICAL_GET) {
      auto& get = at.Cast<duckdb::LogicalGet>();
      const auto table = get.GetTable();
      if (table && table->name == use.table && table->schema.name == use.schema) {
        for (const auto& column : get.GetColumnIds()) {
          if (!column.IsVirtualColumn()) names.push_back(get.names[column.GetPrimaryIndex()]);
        }
      }
    }
    for (auto& child : at.children) walk(*child);
  };
  if (planner.plan) walk(*planner.plan);
  return names;
}

// One statement's questions.
class Check {
 public:
  // `statement` may be nullptr: then rights on columns do not count.
  Check(duckdb::ClientContext& context, const StatementContext& who, const duckdb::SQLStatement* statement)
      : context_(context),
        statement_(statement),
        said_(who),
        rights_(read_rights(context, who.database)),
        who_{who.user, who.superuser, who.groups, who.roles} {}

  void use(const TableUse& use) {
    if (use.database == kExternalCatalog) return external(use);
    if (use.database != said_.database) {  // another database has rights of its own
      StatementContext there = said_;
      there.database = use.database;
      return Check(context_, there, nullptr).use(use);
    }
    if (use.table.empty()) return schema(use);
    if (use.action == "EXECUTE") {
      if (!rights_.may(who_, {"FUNCTION", use.schema, use.table}, "EXECUTE"))
        denied("function " + use.table.substr(0, use.table.find('(')));
      return;
    }
    const Object home{"SCHEMA", "", use.schema}, table{"TABLE", use.schema, use.table};
    if (use.action == "CREATE") {
      if (!rights_.may(who_, home, "CREATE") && !system("CREATE TABLE")) denied("schema " + use.schema);
      const bool there = !rights_.owner_of(table).empty();
      if (there && !rights_.owns(who_, table)) not_owner("relation " + use.table);
      return;
    }
    const bool owns = rights_.owns(who_, table);
    if (!owns && !rights_.may(who_, home, "USAGE")) denied("schema " + use.schema);
    if (use.action == "DROP") {
      if (!owns && !rights_.may(who_, table, "DROP") && !rights_.owns(who_, home) && !system("DROP TABLE"))
        not_owner("relation " + use.table);
    } else if (use.action == "ALTER") {
      if (!owns && !rights_.may(who_, table, "ALTER") && !system("ALTER TABLE")) not_owner("relation " + use.table);
    } else if (!rights_.may(who_, table, use.action) && !by_columns(use, table)) {
      denied("relation " + use.table);
    }
  }

 private:
  bool system(const char* privilege) const {
    return std::ranges::find(said_.system_privileges, privilege) != said_.system_privileges.end();
  }

  // AWS: a right on an external schema is a right on all that is in it.
  void external(const TableUse& use) {
    for (const ExternalSchema& schema : said_.external_schemas)
      if (schema.database == use.schema && rights_.may(who_, {"SCHEMA", "", schema.name}, "USAGE")) return;
    for (const ExternalSchema& schema : said_.external_schemas)
      if (schema.database == use.schema) denied("schema " + schema.name);
    denied("schema " + use.schema);
  }

  void schema(const TableUse& use) {
    const Object schema{"SCHEMA", "", use.schema};
    if (use.action == "CREATE") {
      if (!rights_.may(who_, {"DATABASE", "", ""}, "CREATE") && !system("CREATE SCHEMA"))
        denied("database " + use.database);
    } else if (!rights_.may(who_, schema, "DROP") && !system("DROP SCHEMA")) {
      not_owner("schema " + use.schema);
    }
  }

  bool by_columns(const TableUse& use, const Object& table) {
    if (!statement_ || !rights_.may_some_column(who_, table, use.action)) return false;
    std::vector<string> columns;
    if (use.action == "UPDATE") {
      if (statement_->type != duckdb::StatementType::UPDATE_STATEMENT) return false;
      const auto& set = *statement_->Cast<duckdb::UpdateStatement>().set_info;
      columns.assign(set.columns.begin(), set.columns.end());
    } else if (use.action == "SELECT") {
      columns = columns_read(context_, *statement_, use);
    } else {
      return false;
    }
    return std::ranges::all_of(
        columns, [&](const string& column) { return rights_.may_column(who_, table, column, use.action); });
  }

  duckdb::ClientContext& context_;
  const duckdb::SQLStatement* const statement_;
  const StatementContext& said_;
  const Rights rights_;
  const Identity who_;
};

// "kind = 'TABLE' AND schema_name = 's' AND name = 'n'"
string where(const Object& object) {
  return "kind = " + quote(object.kind) + " AND schema_name = " + quote(object.schema) +
         " AND name = " + quote(object.name);
}

}  // namespace

Rights read_rights(duckdb::ClientContext& context, const string& database) {
  Rights all;
  for (const auto& row : rows_of(context, database, "owners"))
    all.owners.push_back({{row[0], row[1], row[2]}, row[3]});
  for (const auto& row : rows_of(context, database, "grants"))
    all.rights.push_back({{row[0], row[1], row[2]}, row[3], row[4], row[5], row[6], row[7] == "true", row[8]});
  return all;
}

std::vector<LateView> late_views(duckdb::ClientContext& context, const string& database) {
  std::vector<LateView> all;
  for (const auto& row : rows_of(context, database, "views"))
    if (row[0] == "LATE") all.push_back({row[1], row[2], row[3], row[4]});
  return all;
}

std::optional<LateView> find_late_view(duckdb::ClientContext& context, const string& database,
                                       const std::vector<string>& schemas, const string& name) {
  const auto views = rows_of(context, database, "views");
  for (const string& schema : schemas)
    for (const auto& row : views)
      if (row[0] == "LATE" && row[1] == schema && row[2] == name) return LateView{schema, name, row[3], row[4]};
  return std::nullopt;
}

std::vector<std::pair<string, string>> auto_refreshed(duckdb::ClientContext& context, const string& database) {
  std::vector<std::pair<string, string>> all;
  for (const auto& row : rows_of(context, database, "views"))
    if (row[0] == "MATERIALIZED" && row[4] == "auto") all.emplace_back(row[1], row[2]);
  return all;
}

void check_rights(duckdb::ClientContext& context, const StatementContext& who, const duckdb::SQLStatement& statement,
                  const std::vector<TableUse>& uses) {
  if (who.superuser || uses.empty()) return;
  Check check(context, who, &statement);
  for (const TableUse& use : uses) check.use(use);
}

std::map<string, Identity> everybody(SessionState& session) {
  std::map<string, Identity> all;
  const auto rows = session.link.system_rows(session.context.principal, kMemberships);
  if (!rows) session.raise(rows.error());
  for (const auto& row : rows->rows) {  // user, kind, name
    const string user = row[0].value_or(""), kind = row[1].value_or(""), name = row[2].value_or("");
    Identity& identity = all[user];
    identity.user = user;
    if (kind == "superuser") identity.superuser = true;
    if (kind == "group") identity.groups.push_back(name);
    if (kind == "role") identity.roles.push_back(name);
  }
  return all;
}

void check_owner(duckdb::ClientContext& context, const StatementContext& who, const Object& view,
                 const std::vector<TableUse>& uses) {
  if (who.superuser || uses.empty()) return;
  const string owner = read_rights(context, who.database).owner_of(view);
  const Identity identity = everybody(*SessionState::of(context))[owner];
  if (identity.superuser) return;
  StatementContext as = who;
  as.user = owner;
  as.groups = identity.groups;
  as.roles = identity.roles;
  as.system_privileges.clear();
  Check check(context, as, nullptr);
  for (const TableUse& use : uses) check.use(use);
}

// --- keeping step ---------------------------------------------------------------------------------------------------

namespace {

class Follow {
 public:
  Follow(const StatementContext& who, const string& catalog)
      : who_(who), own_(quote_name(catalog) + "." + kOwnSchema + ".") {}

  // What is made is its maker's, and has the rights that ALTER DEFAULT PRIVILEGES gives.
  std::vector<string> made(const Object& object) const {
    const string is_new = " NOT EXISTS (SELECT 1 FROM " + own_ + "owners WHERE " + where(object) + ")";
    const string values = quote(object.kind) + ", " + quote(object.schema) + ", " + quote(object.name);
    std::vector<string> all;
    if (object.kind == "TABLE")
      all.push_back("INSERT INTO " + own_ + "grants SELECT " + values +
                    ", '', grantee_kind, grantee, privilege, grant_option, owner FROM " + own_ +
                    "default_grants WHERE owner = " + quote(who_.user) + " AND kind = 'TABLE' AND schema_name IN ('', " +
                    quote(object.schema) + ") AND" + is_new);
    all.push_back("INSERT INTO " + own_ + "owners SELECT " + values + ", " + quote(who_.user) + " WHERE" + is_new);
    return all;
  }

  std::vector<string> dropped(const Object& object) const {
    string condition = where(object);
    if (object.kind != "SCHEMA") return everywhere("DELETE FROM ", " WHERE " + condition);
    auto all = everywhere("DELETE FROM ", " WHERE (" + condition + ") OR schema_name = " + quote(object.name));
    all.push_back("DELETE FROM " + own_ + "views WHERE schema_name = " + quote(object.name));
    return all;
  }

  string query_dropped(const string& view) const { return "DROP VIEW " + own_ + quote_name(view); }

  std::vector<string> renamed(const Object& object, const string& to) const {
    auto all = everywhere("UPDATE ", " SET name = " + quote(to) + " WHERE " + where(object));
    all.push_back("UPDATE " + own_ + "views SET name = " + quote(to) + " WHERE schema_name = " + quote(object.schema) +
                  " AND name = " + quote(object.name));
    return all;
  }

  std::vector<string> column(const Object& table, const string& name, const string& verb, const string& set) const {
    std::vector<string> all;
    for (const char* kept : {"grants", "comments"})
      all.push_back(verb + own_ + kept + set + " WHERE " + where(table) + " AND column_name = " + quote(name));
    return all;
  }

 private:
  std::vector<string> everywhere(const string& verb, const string& rest) const {
    std::vector<string> all;
    for (const char* kept : {"owners", "grants", "comments"}) all.push_back(verb + own_ + kept + rest);
    return all;
  }

  const StatementContext& who_;
  const string own_;
};

// The names of the views that hold the queries of a schema's materialized views.
std::vector<string> queries_kept(duckdb::ClientContext& context, const string& database, const string& schema) {
  std::vector<string> all;
  auto own = duckdb::Catalog::GetSchema(context, database, kOwnSchema, duckdb::OnEntryNotFound::RETURN_NULL);
  if (!own) return all;
  own->Scan(context, duckdb::CatalogType::VIEW_ENTRY, [&](duckdb::CatalogEntry& entry) {
    if (entry.type == duckdb::CatalogType::VIEW_ENTRY && entry.name.starts_with(query_view(schema, "")))
      all.push_back(entry.name);
  });
  return all;
}

std::vector<string> after_alter(const Follow& follow, const duckdb::AlterInfo& info) {
  const Object table{"TABLE", info.schema, info.name};
  if (info.type == duckdb::AlterType::ALTER_VIEW)
    return follow.renamed(table, lower(info.Cast<duckdb::RenameViewInfo>().new_view_name));
  if (info.type != duckdb::AlterType::ALTER_TABLE) return {};
  const auto& change = info.Cast<duckdb::AlterTableInfo>();
  switch (change.alter_table_type) {
    case duckdb::AlterTableType::RENAME_TABLE:
      return follow.renamed(table, lower(change.Cast<duckdb::RenameTableInfo>().new_table_name));
    case duckdb::AlterTableType::RENAME_COLUMN: {
      const auto& named = change.Cast<duckdb::RenameColumnInfo>();
      return follow.column(table, lower(named.old_name), "UPDATE ", " SET column_name = " + quote(lower(named.new_name)));
    }
    case duckdb::AlterTableType::REMOVE_COLUMN:
      return follow.column(table, lower(change.Cast<duckdb::RemoveColumnInfo>().removed_column), "DELETE FROM ", "");
    default: return {};
  }
}

}  // namespace

std::vector<string> rights_after(duckdb::ClientContext& context, const StatementContext& who,
                                 const duckdb::SQLStatement& statement) {
  if (who.dialect != Dialect::kRedshift) return {};
  switch (statement.type) {
    case duckdb::StatementType::CREATE_STATEMENT: {
      const auto& info = *statement.Cast<duckdb::CreateStatement>().info;
      if (info.temporary || info.catalog == "temp") return {};
      const Follow follow(who, info.catalog);
      if (info.type == duckdb::CatalogType::TABLE_ENTRY)
        return follow.made({"TABLE", info.schema, info.Cast<duckdb::CreateTableInfo>().table});
      if (info.type == duckdb::CatalogType::VIEW_ENTRY)
        return follow.made({"TABLE", info.schema, info.Cast<duckdb::CreateViewInfo>().view_name});
      return follow.made({"SCHEMA", "", info.schema});
    }
    case duckdb::StatementType::DROP_STATEMENT: {
      const auto& info = *statement.Cast<duckdb::DropStatement>().info;
      if (info.catalog == "temp") return {};
      const Follow follow(who, info.catalog);
      if (info.type == duckdb::CatalogType::SCHEMA_ENTRY) {
        auto all = follow.dropped({"SCHEMA", "", info.name});
        for (const string& view : queries_kept(context, info.catalog, info.name))
          all.push_back(follow.query_dropped(view));
        return all;
      }
      return follow.dropped({"TABLE", info.schema, info.name});
    }
    case duckdb::StatementType::ALTER_STATEMENT: {
      const auto& info = *statement.Cast<duckdb::AlterStatement>().info;
      if (info.catalog == "temp") return {};
      return after_alter(Follow(who, info.catalog), info);
    }
    default: return {};
  }
}

}  // namespace tarn::sql::engine
