// CREATE TABLE, VIEW and SCHEMA: plain types for the engine, what Redshift knows beyond them in the columns' comments.
#include "base/json.h"
#include "base/text.h"
#include "duckdb/catalog/catalog_entry/view_catalog_entry.hpp"
#include "duckdb/parser/constraints/check_constraint.hpp"
#include "duckdb/planner/planner.hpp"
#include "sql/engine/errors.h"
#include "sql/engine/instance.h"
#include "sql/engine/plan_rules.h"
#include "sql/engine/rewriter.h"
#include "sql/engine/rights.h"

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

// By its last field. AWS: interval types; the finer qualifiers are kept, since they say what is cut.
constexpr const char* kIntervals[] = {"interval year", "interval year to month", "interval day",
                                      "interval day to hour", "interval day to minute", "interval day to second"};
constexpr int kDay = 2;

}  // namespace

int interval_field(const string& declared) {
  for (size_t i = 0; i < std::size(kIntervals); ++i)
    if (declared == kIntervals[i]) return static_cast<int>(i);
  return -1;
}

const char* interval_function(int field) {
  return field < kDay ? "interval_y2m" : "interval_d2s";
}

NamedType named_type(const LogicalType& type) {
  if (type.id() == LogicalTypeId::VARCHAR && !type.HasAlias()) return {type, "", 0, false};
  if (type.id() != LogicalTypeId::USER) return {type, "", 0, false};
  const string name = lower(duckdb::UserType::GetTypeName(type));
  if (name == "rs_varchar") return sized("character varying", bytes_of(type, kMaxVarchar), false);
  if (name == "rs_char") return sized("character", bytes_of(type, 1), true);
  if (name == "rs_varbyte") return sized("binary varying", bytes_of(type, 64000), false, LogicalType::BLOB);
  if (name == "rs_interval") return {LogicalType::INTERVAL, kIntervals[std::clamp(bytes_of(type, 5), 0, 5)], 0, false};
  if (name == "rs_decimal") return {LogicalType::DECIMAL(18, 0), "", 0, false};
  if (name == "super" || name == "json") return {LogicalType::JSON(), "", 0, false};
  if (name == "varbyte") return {LogicalType::BLOB, "", 0, false};
  if (name == "geometry" || name == "geography") {
    LogicalType geometry(LogicalTypeId::BLOB);
    geometry.SetAlias("GEOMETRY");
    return {geometry, name == "geography" ? name : "", 0, false};
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
      if (request_.context.dialect == Dialect::kRedshift) {
        fix_columns(*view.query);
        declare_columns(view);
      }
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

// The columns of a table that is made of a query have names of their own.
void Rewriter::told_apart(const duckdb::SelectStatement& query) {
  if (request_.context.dialect != Dialect::kRedshift || query.node->type != duckdb::QueryNodeType::SELECT_NODE) return;
  const auto& select = query.node->Cast<duckdb::SelectNode>();
  const bool joined = select.from_table && select.from_table->type == duckdb::TableReferenceType::JOIN;
  std::set<string> known;
  duckdb::vector<string> names;
  bool star = false;
  for (const auto& item : select.select_list) {
    star = star || item->GetExpressionClass() == duckdb::ExpressionClass::STAR;
    names.push_back(lower(item->GetName()));
  }
  if (star && !joined && names.size() == 1) return;
  if (star) {
    duckdb::Planner planner(context_);
    planner.CreatePlan(query.Copy());
    names = planner.names;
  }
  for (const string& name : names)
    if (!known.insert(lower(name)).second) raise_sql("42701", "column \"" + lower(name) + "\" duplicated");
}

// A view's * is what its tables have now: columns that they get later do not show in it.
void Rewriter::fix_columns(duckdb::SelectStatement& query) {
  if (query.ToString().find('*') == string::npos) return;
  duckdb::Planner planner(context_);
  planner.CreatePlan(query.Copy());
  auto columns = duckdb::make_uniq<duckdb::SelectNode>();
  std::set<string> known;
  for (const string& name : planner.names) {
    if (!known.insert(name).second) raise_sql("42701", "column \"" + name + "\" duplicated");
    columns->select_list.push_back(duckdb::make_uniq<duckdb::ColumnRefExpression>(name, "tarn_query"));
  }
  auto inner = duckdb::make_uniq<duckdb::SelectStatement>();
  inner->node = std::move(query.node);
  columns->from_table = duckdb::make_uniq<duckdb::SubqueryRef>(std::move(inner), "tarn_query");
  query.node = std::move(columns);
}

// What is known of a view's columns beyond the engine's types, for the system views.
void Rewriter::declare_columns(duckdb::CreateViewInfo& view) {
  duckdb::Planner planner(context_);
  planner.CreatePlan(view.query->Copy());
  const auto columns = planned_columns(*planner.plan);
  for (size_t i = 0; i < columns.size(); ++i) {
    const string declared = declared_text(planner.types[i], columns[i]);
    view.column_comments.push_back(declared.empty() ? Value() : Value(declared));
  }
  std::vector<string> names(planner.names.begin(), planner.names.end());
  for (size_t i = 0; i < view.aliases.size() && i < names.size(); ++i) names[i] = view.aliases[i];
  std::set<string> known;
  for (const string& name : names)
    if (!known.insert(name).second) raise_sql("42701", "column \"" + name + "\" duplicated");
  same_columns(view, names, planner.types);
}

// AWS: CREATE VIEW. A view is replaced by one of the same columns only.
void Rewriter::same_columns(const duckdb::CreateViewInfo& view, const std::vector<string>& names,
                            const duckdb::vector<LogicalType>& types) {
  if (view.on_conflict != duckdb::OnCreateConflict::REPLACE_ON_CONFLICT) return;
  const auto entry = duckdb::Catalog::GetEntry(
      context_, view.catalog, view.schema, duckdb::EntryLookupInfo(duckdb::CatalogType::TABLE_ENTRY, view.view_name),
      duckdb::OnEntryNotFound::RETURN_NULL);
  if (!entry || entry->type != duckdb::CatalogType::VIEW_ENTRY) return;
  const auto made = entry->Cast<duckdb::ViewCatalogEntry>().GetInfo();
  const auto& old = made->Cast<duckdb::CreateViewInfo>();
  if (old.names.size() != names.size()) raise_sql("42P16", "cannot change number of columns in view");
  for (size_t i = 0; i < names.size(); ++i) {
    const string& before = i < old.aliases.size() ? old.aliases[i] : old.names[i];
    if (before != names[i]) raise_sql("42P16", "cannot change name of view column \"" + before + "\"");
    // ASSUMED: a text may be of another length.
    if (old.types[i] != types[i]) raise_sql("42P16", "cannot change data type of view column \"" + before + "\"");
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

namespace {

// The arguments of tarn_key(..), which are constants.
std::vector<string> key_words(const duckdb::ParsedExpression& check) {
  const bool key = check.GetExpressionClass() == duckdb::ExpressionClass::FUNCTION &&
                   check.Cast<duckdb::FunctionExpression>().function_name == "tarn_key";
  std::vector<string> words;
  if (key) {
    for (const auto& argument : check.Cast<duckdb::FunctionExpression>().children) {
      if (argument->GetExpressionClass() != duckdb::ExpressionClass::CONSTANT) break;
      words.push_back(argument->Cast<duckdb::ConstantExpression>().value.ToString());
    }
  }
  if (words.size() < 4) raise_sql("0A000", "CHECK constraints are not supported.");
  return words;
}

std::vector<string> columns_of_key(const std::vector<string>& words) {
  const auto count = static_cast<ptrdiff_t>(parse_int(words.at(2)).value_or(0));
  return {words.begin() + 3, words.begin() + 3 + std::min(count, static_cast<ptrdiff_t>(words.size()) - 3)};
}

// The keys in a table's comment; an empty array where there are none.
Json keys_in(const duckdb::TableCatalogEntry& table) {
  const string comment = table.comment.IsNull() ? "" : table.comment.ToString();
  const auto parts = split(comment, '|');
  auto keys = Json::parse(parts.size() > 4 ? parts[4] : "[]");
  return keys ? *std::move(keys) : Json::array();
}

// The table's comment with these keys in it.
string comment_with(const duckdb::TableCatalogEntry& table, const Json& keys) {
  const string comment = table.comment.IsNull() ? "" : table.comment.ToString();
  const auto parts = split(comment, '|');
  string text;
  for (size_t i = 0; i < 4; ++i) text += (i < parts.size() ? string(parts[i]) : "") + "|";
  return text + (keys.items().empty() ? "" : replace_all(keys.text(), "|", "\\u007c"));
}

}  // namespace

// Redshift keeps keys as information only, and enforces none: they come as CHECK (tarn_key(..)) (create_table.cc) and become
// JSON in the table's comment, where the system views find them. A primary key's columns are not null.
string Rewriter::take_keys(duckdb::CreateTableInfo& info) {
  std::vector<std::vector<string>> all;
  std::vector<string> primary;
  duckdb::vector<duckdb::unique_ptr<duckdb::Constraint>> kept;
  for (auto& constraint : info.constraints) {
    const auto type = constraint->type;
    if (type == duckdb::ConstraintType::UNIQUE || type == duckdb::ConstraintType::FOREIGN_KEY) continue;
    if (type == duckdb::ConstraintType::CHECK) {
      all.push_back(key_words(*constraint->Cast<duckdb::CheckConstraint>().expression));
      if (all.back().at(0) == "p") primary = columns_of_key(all.back());
    } else {
      kept.push_back(std::move(constraint));
    }
  }
  string keys;
  for (const auto& words : all) keys += (keys.empty() ? "[" : ",") + key_json(info, words, primary, kept);
  info.constraints = std::move(kept);
  return keys.empty() ? keys : replace_all(keys + "]", "|", "\\u007c");  // a bar ends a part of the comment
}

// One key: kind, name, number of columns, columns, and of a foreign one schema, table, columns.
string Rewriter::key_json(const duckdb::CreateTableInfo& info, const std::vector<string>& words,
                          const std::vector<string>& primary,
                          duckdb::vector<duckdb::unique_ptr<duckdb::Constraint>>& constraints) {
  const string kind = words.at(0);
  const std::vector<string> columns = columns_of_key(words);
  Json json = Json::object();
  string name = words[1];
  if (name.empty()) {  // as PostgreSQL calls them
    name = info.table;
    for (const string& column : columns) name += kind == "p" ? "" : "_" + column;
    name += kind == "p" ? "_pkey" : kind == "u" ? "_key" : "_fkey";
  }
  json.set("name", Json(name));
  json.set("kind", Json(kind));
  const auto array = [](const std::vector<string>& names) {
    Json all = Json::array();
    for (const string& each : names) all.push(Json(each));
    return all;
  };
  for (const string& column : columns) {
    if (!info.columns.ColumnExists(column))
      raise_sql("42703", "column \"" + column + "\" named in key does not exist");
    if (kind == "p")
      constraints.push_back(duckdb::make_uniq<duckdb::NotNullConstraint>(info.columns.GetColumn(column).Logical()));
  }
  json.set("columns", array(columns));
  if (kind != "f") return json.text();
  const size_t at = 3 + columns.size();
  if (words.size() < at + 2) raise_sql("0A000", "CHECK constraints are not supported.");
  std::vector<string> others(words.begin() + static_cast<ptrdiff_t>(at) + 2, words.end());
  const bool itself = words.at(at + 1) == info.table && (words[at].empty() || words[at] == info.schema);
  const auto other = itself ? std::optional<Place>(Place{info.catalog, info.schema, info.table})
                            : find("", words[at], words[at + 1]);
  if (!other) raise_sql("42P01", "relation \"" + words[at + 1] + "\" does not exist");
  if (others.empty()) others = itself ? primary : primary_key_of(*other);
  json.set("schema", Json(other->temporary ? "pg_temp_1" : other->schema));
  json.set("table", Json(other->table));
  json.set("others", array(others));
  return json.text();
}

// ALTER TABLE .. ADD and DROP CONSTRAINT come as comments of the table (create_table.cc): a key, or the name of one.
void Rewriter::change_keys(duckdb::SetCommentInfo& change) {
  writes("ALTER TABLE");
  const Place place = target(change.catalog, change.schema, change.name, "ALTER");
  auto& entry = duckdb::Catalog::GetEntry<duckdb::TableCatalogEntry>(context_, place.catalog, place.schema, place.table);
  Json keys = keys_in(entry);
  string said = change.comment_value.ToString();
  if (said.starts_with("CHECK ")) said = said.substr(6);
  auto parsed = parse_one("SELECT " + said);
  const auto& item = *parsed->Cast<duckdb::SelectStatement>().node->Cast<duckdb::SelectNode>().select_list[0];
  const auto named = [](const string& name) { return [&name](const Json& key) { return key["name"].as_string() == name; }; };
  if (const auto& call = item.Cast<duckdb::FunctionExpression>(); call.function_name == "tarn_drop_key") {
    const string name = call.children[0]->Cast<duckdb::ConstantExpression>().value.ToString();
    if (std::erase_if(keys.items(), named(name)) == 0)
      raise_sql("42704", "constraint \"" + name + "\" of relation \"" + place.table + "\" does not exist");
  } else {
    const std::vector<string> words = key_words(item);
    const auto made = entry.GetInfo();
    duckdb::vector<duckdb::unique_ptr<duckdb::Constraint>> unused;
    const auto key =
        Json::parse(key_json(made->Cast<duckdb::CreateTableInfo>(), words, primary_key_of(place), unused));
    const string name = (*key)["name"].as_string();
    if (std::ranges::any_of(keys.items(), named(name)))
      raise_sql("42710", "constraint \"" + name + "\" for relation \"" + place.table + "\" already exists");
    if (words[0] == "p" && !primary_key_of(place).empty())
      raise_sql("42P16", "multiple primary keys for table \"" + place.table + "\" are not allowed");
    keys.push(*key);
  }
  change.comment_value = Value(comment_with(entry, keys));
}

// A table or a column of it is called `to` from now on: so are they in keys, the table's own and those that refer to it.
void Rewriter::follow_keys(const Place& place, const string& column, const string& to) {
  const auto renamed = [&](Json& names) {
    bool any = false;
    for (Json& name : names.items()) {
      if (name.as_string() != column) continue;
      name = Json(to);
      any = true;
    }
    return any;
  };
  const auto follow = [&](duckdb::TableCatalogEntry& table) {
    const bool own = table.schema.name == place.schema && table.name == place.table;
    Json keys = keys_in(table);
    bool any = false;
    for (Json& key : keys.items()) {
      const bool refers = key["schema"].as_string() == place.schema && key["table"].as_string() == place.table;
      for (auto& [member, value] : key.members()) {
        const bool counts = (own && member == "columns") || (refers && member == "others");
        if (!column.empty() && counts) any = renamed(value) || any;
        if (column.empty() && refers && member == "table") {
          value = Json(to);
          any = true;
        }
      }
    }
    if (!any) return;
    result_.after.push_back("COMMENT ON TABLE " + quote_name(place.catalog) + "." + quote_name(table.schema.name) + "." +
                            quote_name(own && column.empty() ? to : table.name) + " IS " + quote(comment_with(table, keys)));
  };
  for (auto& schema : duckdb::Catalog::GetSchemas(context_, place.catalog)) {
    schema.get().Scan(context_, duckdb::CatalogType::TABLE_ENTRY, [&](duckdb::CatalogEntry& entry) {
      if (entry.type == duckdb::CatalogType::TABLE_ENTRY) follow(entry.Cast<duckdb::TableCatalogEntry>());
    });
  }
}

std::vector<string> Rewriter::primary_key_of(const Place& place) {
  std::vector<string> columns;
  const auto entry = duckdb::Catalog::GetEntry<duckdb::TableCatalogEntry>(
      context_, place.catalog, place.schema, place.table, duckdb::OnEntryNotFound::RETURN_NULL);
  if (!entry) return columns;
  const Json keys = keys_in(*entry);
  for (const Json& key : keys.items()) {
    if (key["kind"].as_string() != "p") continue;
    for (const Json& column : key["columns"].items()) columns.push_back(column.as_string());
  }
  return columns;
}

// (LIKE t [INCLUDING DEFAULTS]), as create_table.cc writes it: t's columns with their types, keys of distribution and sorting, and
// NOT NULL; without IDENTITY.
bool Rewriter::table_like(duckdb::CreateTableInfo& info) {
  if (!info.query || info.query->node->type != duckdb::QueryNodeType::SELECT_NODE) return false;
  auto& select = info.query->node->Cast<duckdb::SelectNode>();
  if (!select.where_clause || select.where_clause->GetExpressionClass() != duckdb::ExpressionClass::COMPARISON) return false;
  const auto& mark = select.where_clause->Cast<duckdb::ComparisonExpression>();
  const bool ours = mark.left->GetExpressionClass() == duckdb::ExpressionClass::CONSTANT && mark.left->ToString() == "'tarn like'";
  if (!ours || select.from_table->type != duckdb::TableReferenceType::BASE_TABLE) return false;
  auto& from = select.from_table->Cast<duckdb::BaseTableRef>();
  const auto found = find(lower(from.catalog_name), lower(from.schema_name), lower(from.table_name));
  if (!found || found->external) return false;
  const auto entry = duckdb::Catalog::GetEntry<duckdb::TableCatalogEntry>(context_, found->catalog, found->schema, found->table,
                                                                          duckdb::OnEntryNotFound::RETURN_NULL);
  if (!entry) return false;
  use(*found, "SELECT");
  const bool defaults = mark.right->ToString() == "'defaults'";
  duckdb::ColumnList columns;
  for (const auto& column : entry->GetColumns().Logical()) {
    duckdb::ColumnDefinition copy(column.Name(), column.Type());
    const string comment = column.Comment().IsNull() ? "" : column.Comment().ToString();
    auto parts = split(comment, '|');
    const bool identity = parts.size() > 1 && !parts[1].empty();
    string kept;
    for (size_t i = 0; i < parts.size(); ++i) kept += (i > 0 ? "|" : "") + (i == 1 || i == 2 ? "" : string(parts[i]));
    if (!comment.empty()) copy.SetComment(Value(kept));
    if (defaults && !identity && column.HasDefaultValue()) copy.SetDefaultValue(column.DefaultValue().Copy());
    columns.AddColumn(std::move(copy));
  }
  for (const auto& constraint : entry->GetConstraints())
    if (constraint->type == duckdb::ConstraintType::NOT_NULL) info.constraints.push_back(constraint->Copy());
  info.columns = std::move(columns);
  info.query.reset();
  return true;
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
  const bool like = table_like(info);
  for (auto& column : info.columns.Logical()) {
    if (like) break;
    auto copy = column.Copy();
    const ColumnAttributes* given = nullptr;
    for (const auto& candidate : attributes.columns) {
      if (lower(candidate.column) == lower(copy.Name())) given = &candidate;
    }
    declare_column(info, copy, given);
    columns.AddColumn(std::move(copy));
  }
  if (!like) info.columns = std::move(columns);
  const string keys = take_keys(info);
  info.comment =
      Value(request_.context.user + "|" + attributes.diststyle + "|" + (attributes.interleaved ? "interleaved" : "") +
            "|" + std::to_string(request_.context.now.micros) + (keys.empty() ? "" : "|" + keys));
  if (!info.query) return;
  for (const auto& given : attributes.columns) {
    info.tags[kDesignTag + lower(given.column)] =
        given.encode + "|" + (given.distkey ? "distkey" : "") + "|" + (given.sortkey ? std::to_string(given.sortkey) : "");
  }
  node(*info.query->node, true);
  if (info.columns.empty()) told_apart(*info.query);
  if (!attributes.materialized) return;
  auto kept = duckdb::unique_ptr_cast<duckdb::SQLStatement, duckdb::SelectStatement>(info.query->Copy());
  fix_columns(*kept);
  result_.after.push_back("CREATE VIEW " + quote_name(info.catalog) + "." + kOwnSchema + "." +
                          quote_name(query_view(info.schema, info.table)) + " AS " + kept->ToString());
}

}  // namespace tarn::sql::engine
