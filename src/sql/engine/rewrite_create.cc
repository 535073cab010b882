// CREATE TABLE, VIEW and SCHEMA: plain types for the engine, what Redshift knows beyond them in the columns' comments.
#include "base/text.h"
#include "sql/engine/errors.h"
#include "sql/engine/instance.h"
#include "sql/engine/rewriter.h"

namespace tarn::sql::engine {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::Value;
using std::string;

namespace {

constexpr int kMaxVarchar = 65535;

int bytes_of(const LogicalType& type, int otherwise) {
  const auto& modifiers = duckdb::UserType::GetTypeModifiers(type);
  return modifiers.empty() ? otherwise : modifiers[0].GetValue<int32_t>();
}

NamedType sized(const char* shown, int bytes, bool padded, const LogicalType& type = LogicalType::VARCHAR) {
  return {type, string(shown) + "(" + std::to_string(bytes) + ")", bytes, padded};
}

}  // namespace

NamedType named_type(const LogicalType& type) {
  if (type.id() == LogicalTypeId::VARCHAR && !type.HasAlias()) return {type, "", 0, false};
  if (type.id() != LogicalTypeId::USER) return {type, "", 0, false};
  const string name = lower(duckdb::UserType::GetTypeName(type));
  if (name == "rs_varchar") return sized("character varying", bytes_of(type, kMaxVarchar), false);
  if (name == "rs_char") return sized("character", bytes_of(type, 1), true);
  if (name == "rs_varbyte") return sized("binary varying", bytes_of(type, 64000), false, LogicalType::BLOB);
  if (name == "rs_decimal") return {LogicalType::DECIMAL(18, 0), "", 0, false};
  if (name == "super" || name == "json") return {LogicalType::JSON(), "", 0, false};
  if (name == "varbyte") return {LogicalType::BLOB, "", 0, false};
  if (name == "geometry" || name == "geography") {
    LogicalType geometry(LogicalTypeId::BLOB);
    geometry.SetAlias("GEOMETRY");
    return {geometry, "", 0, false};
  }
  if (name == "hllsketch") raise_sql("0A000", "The type HLLSKETCH is not supported.");
  raise_sql("42704", "type \"" + name + "\" does not exist");
}

void Rewriter::create(duckdb::CreateStatement& statement) {
  auto& info = *statement.info;
  if (info.on_conflict == duckdb::OnCreateConflict::REPLACE_ON_CONFLICT &&
      info.type != duckdb::CatalogType::VIEW_ENTRY) {
    raise_sql("42601", "CREATE OR REPLACE is for views.");
  }
  switch (info.type) {
    case duckdb::CatalogType::TABLE_ENTRY: return create_table(info.Cast<duckdb::CreateTableInfo>());
    case duckdb::CatalogType::VIEW_ENTRY: {
      writes("CREATE VIEW");
      auto& view = info.Cast<duckdb::CreateViewInfo>();
      if (view.temporary) raise_sql("0A000", "CREATE TEMPORARY VIEW is not supported.");
      view.catalog = request_.context.database;
      view.schema = view.schema.empty() || view.schema == "main"
                        ? request_.context.search_path.empty() ? "public" : request_.context.search_path[0]
                        : lower(view.schema);
      view.view_name = lower(view.view_name);
      for (auto& alias : view.aliases) alias = lower(alias);
      node(*view.query->node, true);
      result_.uses.push_back({view.catalog, view.schema, view.view_name, "CREATE"});
      return;
    }
    case duckdb::CatalogType::SCHEMA_ENTRY:
      writes("CREATE SCHEMA");
      info.catalog = request_.context.database;
      info.schema = lower(info.schema);
      if (external_schema(info.schema)) raise_sql("42P06", "schema \"" + info.schema + "\" already exists");
      result_.uses.push_back({info.catalog, info.schema, "", "CREATE"});
      return;
    default: raise_sql("0A000", "This kind of CREATE is not supported.");
  }
}

void Rewriter::declare_column(const duckdb::CreateTableInfo& info, duckdb::ColumnDefinition& column,
                              const ColumnAttributes* given) {
  if (column.Generated()) raise_sql("0A000", "Generated columns are not supported.");
  const NamedType named = named_type(column.Type());
  column.SetType(named.type);
  column.SetName(lower(column.Name()));
  string identity;
  if (given && given->identity) {
    const auto [seed, step] = *given->identity;
    identity = std::to_string(seed) + "," + std::to_string(step);
    const string sequence = quote_name(info.catalog) + "." + quote_name(info.schema) + "." +
                            quote_name("tarn_" + info.table + "_" + column.Name() + "_seq");
    // Anew with a new table: one of that name may have been dropped.
    const bool there = exists({info.catalog, info.schema, info.table, false, info.temporary});
    result_.before.push_back(string(there ? "CREATE SEQUENCE IF NOT EXISTS " : "CREATE OR REPLACE SEQUENCE ") +
                             sequence + " START " + std::to_string(seed) + " INCREMENT " + std::to_string(step) +
                             (step < 0 ? "" : " MINVALUE " + std::to_string(std::min<int64_t>(seed, 1))));
    column.SetDefaultValue(duckdb::make_uniq<duckdb::FunctionExpression>("nextval", list(literal(Value(sequence)))));
  } else if (column.HasDefaultValue()) {
    auto value = column.DefaultValue().Copy();
    expression(value);
    column.SetDefaultValue(std::move(value));
  }
  // declared type | identity | "default" where it may be given | encoding | "distkey" | sort key's position
  string comment = named.declared + "|" + identity + "|" + (given && given->identity_by_default ? "default" : "") +
                   "|" + (given ? given->encode : "") + "|" + (given && given->distkey ? "distkey" : "") + "|" +
                   (given && given->sortkey ? std::to_string(given->sortkey) : "");
  if (comment != "|||||") column.SetComment(Value(comment));
}

void Rewriter::create_table(duckdb::CreateTableInfo& info) {
  writes(info.query ? "CREATE TABLE AS" : "CREATE TABLE");
  info.table = lower(info.table);
  if (info.temporary) {
    info.catalog = "temp";
    info.schema = "main";
  } else {
    if (!info.catalog.empty() && lower(info.catalog) != request_.context.database) {
      raise_sql("0A000", "cross-database reference to database \"" + info.catalog + "\" is not supported");
    }
    info.catalog = request_.context.database;
    const bool named = !info.schema.empty() && info.schema != "main";
    info.schema = named                                  ? lower(info.schema)
                  : request_.context.search_path.empty() ? "public"
                                                         : request_.context.search_path[0];
    if (external_schema(info.schema))
      raise_sql("0A000", "CREATE TABLE in an external schema needs CREATE EXTERNAL TABLE.");
    result_.uses.push_back({info.catalog, info.schema, info.table, "CREATE"});
  }
  const auto& attributes = request_.table_attributes;
  duckdb::ColumnList columns;
  for (auto& column : info.columns.Logical()) {
    auto copy = column.Copy();
    const ColumnAttributes* given = nullptr;
    for (const auto& candidate : attributes.columns) {
      if (lower(candidate.column) == lower(copy.Name())) given = &candidate;
    }
    declare_column(info, copy, given);
    columns.AddColumn(std::move(copy));
  }
  info.columns = std::move(columns);
  // Redshift keeps keys as information only, and enforces none.
  std::erase_if(info.constraints, [](const auto& constraint) {
    return constraint->type == duckdb::ConstraintType::UNIQUE ||
           constraint->type == duckdb::ConstraintType::FOREIGN_KEY;
  });
  for (const auto& constraint : info.constraints) {
    if (constraint->type == duckdb::ConstraintType::CHECK) raise_sql("0A000", "CHECK constraints are not supported.");
  }
  info.comment =
      Value(request_.context.user + "|" + attributes.diststyle + "|" + (attributes.interleaved ? "interleaved" : "") +
            "|" + std::to_string(request_.context.now.micros));
  if (info.query) node(*info.query->node, true);
}

}  // namespace tarn::sql::engine
