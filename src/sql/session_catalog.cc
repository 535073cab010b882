// Statements that define things: external schemas and tables, functions, procedures, grants, databases.
#include <algorithm>

#include "base/text.h"
#include "sql/session.h"
#include "sql/session_words.h"
#include "sql/sql_error.h"

namespace tarn::sql {
namespace {

CatalogChange put(auto value) {
  return {CatalogChange::Kind::kPut, std::move(value)};
}
CatalogChange erase(auto value) {
  return {CatalogChange::Kind::kErase, std::move(value)};
}

std::string signature_of(const std::vector<Argument>& arguments) {
  std::string out;
  for (const Argument& argument : arguments)
    if (argument.mode != Argument::Mode::kOut) out += (out.empty() ? "" : ", ") + shown_type(argument.type);
  return out;
}

Failure not_external(const QualifiedName& table) {
  return sql_error(kInvalidSchemaName,
                   "\"" + table.text() + "\" is in no external schema: make one with CREATE EXTERNAL SCHEMA",
                   table.position);
}

}  // namespace

// --- external schemas -----------------------------------------------------------------------------------------------

Result<Outcome> SqlSession::execute(Running& run, const CreateExternalSchema& s) {
  const UserCatalog all = TRY(catalog(run));
  bool exists = false;
  for (const StoredSchema& schema : all.schemas) exists = exists || schema.name == s.name;
  if (!exists) exists = !TRY(query(run, "SELECT 1 FROM pg_namespace WHERE nspname = " + quoted_string(s.name))).empty();
  if (exists && s.if_not_exists) return done("CREATE SCHEMA");
  if (exists) return sql_error(kDuplicateSchema, "schema \"" + s.name + "\" already exists");
  TRY(need(run, {"DATABASE", "", ""}, "CREATE"));

  const std::string role = TRY(run.host.role(s.role));
  if (s.create_database) {
    if (!TRY(run.host.has_glue_database(role, s.database))) TRY(run.host.create_glue_database(role, s.database));
  }
  TRY(atomically(run, [&]() -> Status {
    const std::string source = s.federated ? text_of(*s.federated) : "";
    TRY(change(run, {put(StoredSchema{s.name, s.database, s.region, role, user_, source})}));
    return made(run, {"SCHEMA", "", s.name});
  }));
  return done("CREATE SCHEMA");
}

Result<Outcome> SqlSession::execute(Running& run, const AlterExternalSchema& s) {
  const UserCatalog all = TRY(catalog(run));
  const auto found = std::ranges::find(all.schemas, s.name, &StoredSchema::name);
  if (found == all.schemas.end())
    return sql_error(kInvalidSchemaName, "external schema \"" + s.name + "\" does not exist");
  TRY(need_owner(run, {"SCHEMA", "", s.name}));
  StoredSchema changed = *found;
  changed.role = TRY(run.host.role(s.role));
  TRY(change(run, {put(std::move(changed))}));
  return done("ALTER SCHEMA");
}

Result<Outcome> SqlSession::execute(Running& run, const DropSchema& s) {
  const UserCatalog all = TRY(catalog(run));
  std::vector<CatalogChange> changes;
  std::vector<std::string> native;
  for (const std::string& name : s.names) {
    const auto found = std::find_if(all.schemas.begin(), all.schemas.end(),
                                    [&](const StoredSchema& each) { return each.name == name; });
    if (found == all.schemas.end()) {
      native.push_back(quoted_name(name));
      continue;
    }
    TRY(need_owner(run, {"SCHEMA", "", name}));
    if (s.drop_external_database && found->source.empty()) {
      TRY(refuse_in_block("DROP SCHEMA with DROP EXTERNAL DATABASE"));
      TRY(run.host.drop_glue_database(found->role, found->database));
    }
    changes.push_back(erase(*found));
  }
  for (const std::string& name : native)
    TRY(engine(run,
               std::string("DROP SCHEMA ") + (s.if_exists ? "IF EXISTS " : "") + name + (s.cascade ? " CASCADE" : ""),
               {}, -1));
  if (changes.empty()) return done("DROP SCHEMA");
  TRY(atomically(run, [&]() -> Status {
    for (const CatalogChange& each : changes)
      TRY(dropped(run, {"SCHEMA", "", std::get<StoredSchema>(each.what).name}));
    return change(run, std::move(changes));
  }));
  return done("DROP SCHEMA");
}

// --- external tables ------------------------------------------------------------------------------------------------

Result<Outcome> SqlSession::execute(Running& run, const CreateExternalTable& s) {
  TRY(refuse_in_block("CREATE EXTERNAL TABLE"));
  const UserCatalog all = TRY(catalog(run));
  const StoredSchema* schema = TRY(external_schema(all, s.table));
  if (schema == nullptr) return not_external(s.table);
  TRY(need(run, {"SCHEMA", "", schema->name}, "CREATE"));
  if (TRY(run.host.has_glue_table(schema->role, schema->database, s.table.name))) {
    if (s.if_not_exists) return done("CREATE EXTERNAL TABLE");
    return sql_error(kDuplicateTable, "Relation \"" + s.table.name + "\" already exists");
  }
  TRY(run.host.create_glue_table(schema->role, schema->database, s));
  return done("CREATE EXTERNAL TABLE");
}

Result<Outcome> SqlSession::execute(Running& run, const AddPartitions& s) {
  TRY(refuse_in_block("ALTER EXTERNAL TABLE"));
  const UserCatalog all = TRY(catalog(run));
  const StoredSchema* schema = TRY(external_schema(all, s.table));
  if (schema == nullptr) return not_external(s.table);
  TRY(need(run, {"SCHEMA", "", schema->name}, "ALTER"));
  TRY(run.host.add_glue_partitions(schema->role, schema->database, s.table.name, s.partitions, s.if_not_exists));
  return done("ALTER TABLE");
}

Result<Outcome> SqlSession::execute(Running& run, const DropPartition& s) {
  TRY(refuse_in_block("ALTER EXTERNAL TABLE"));
  const UserCatalog all = TRY(catalog(run));
  const StoredSchema* schema = TRY(external_schema(all, s.table));
  if (schema == nullptr) return not_external(s.table);
  TRY(need(run, {"SCHEMA", "", schema->name}, "ALTER"));
  TRY(run.host.drop_glue_partition(schema->role, schema->database, s.table.name, s.partition));
  return done("ALTER TABLE");
}

Result<Outcome> SqlSession::execute(Running& run, const AlterExternalTable& s) {
  TRY(refuse_in_block("ALTER EXTERNAL TABLE"));
  const UserCatalog all = TRY(catalog(run));
  const StoredSchema* schema = TRY(external_schema(all, s.table));
  if (schema == nullptr) return not_external(s.table);
  TRY(need(run, {"SCHEMA", "", schema->name}, "ALTER"));
  if (!s.location.empty() && !s.location.starts_with("s3://"))
    return sql_error(kInvalidParameter, "LOCATION '" + s.location + "' is no S3 path: write 's3://bucket/prefix/'");
  TRY(run.host.alter_glue_table(schema->role, schema->database, s));
  return done("ALTER TABLE");
}

Result<Outcome> SqlSession::execute(Running& run, const DropTable& s) {
  const UserCatalog all = TRY(catalog(run));
  for (const QualifiedName& table : s.tables) {
    const StoredSchema* schema = TRY(external_schema(all, table));
    if (schema == nullptr) {
      const auto found = TRY(find_relation(run, table));
      if (found && TRY(kept_view(run, *found)) == "MATERIALIZED")
        return sql_error("42809", "\"" + table.text() + "\" is a materialized view: use DROP MATERIALIZED VIEW",
                         table.position);
      TRY(atomically(run, [&]() -> Status {
        TRY(engine(run,
                   std::string("DROP TABLE ") + (s.if_exists ? "IF EXISTS " : "") + table.quoted() +
                       (s.cascade ? " CASCADE" : ""),
                   {}, -1));
        if (found) TRY(drop_readers(run, *found, s.tables, s.cascade));
        return {};
      }));
      continue;
    }
    TRY(refuse_in_block("DROP EXTERNAL TABLE"));
    TRY(need(run, {"SCHEMA", "", schema->name}, "DROP"));
    if (!TRY(run.host.has_glue_table(schema->role, schema->database, table.name))) {
      if (s.if_exists) {
        notices_.push_back("Table \"" + table.name + "\" does not exist and will be skipped");
        continue;
      }
      return sql_error(kUndefinedTable, "Table \"" + table.name + "\" does not exist", table.position);
    }
    TRY(run.host.drop_glue_table(schema->role, schema->database, table.name));
  }
  return done("DROP TABLE");
}

// --- routines -------------------------------------------------------------------------------------------------------

Object object_of(const StoredRoutine& routine) {
  return {routine.procedure ? "PROCEDURE" : "FUNCTION", routine.schema, routine.name + "(" + routine.signature + ")"};
}

Status SqlSession::put_routine(Running& run, StoredRoutine routine, bool or_replace) {
  routine.definition = run.statement.text;
  routine.owner = user_;
  const std::string word = routine.procedure ? "procedure" : "function";
  const Object object = object_of(routine);
  bool replaces = false;
  for (const StoredRoutine& each : TRY(catalog(run)).routines) {
    if (each.schema != routine.schema || each.name != routine.name ||
        bare_types(each.signature) != bare_types(routine.signature))
      continue;
    if (!or_replace)
      return sql_error(kDuplicateFunction, word + " \"" + routine.name + "\" already exists with same argument types");
    TRY(need_owner(run, object));
    routine.owner = each.owner;
    routine.signature = each.signature;
    replaces = true;
  }
  TRY(need(run, {"SCHEMA", "", routine.schema}, "CREATE"));
  TRY(need(run, {"LANGUAGE", "", routine.procedure ? "plpgsql" : "sql"}, "USAGE"));
  return atomically(run, [&]() -> Status {
    TRY(change(run, {put(std::move(routine))}));
    if (replaces) return {};
    return made(run, object);
  });
}

Result<Outcome> SqlSession::execute(Running& run, const CreateFunction& s) {
  const auto body = TRY(split_statements(s.body));
  if (body.size() != 1 || !body[0].tokens[0].is("select"))
    return sql_error("42P13", "the body of a SQL function must be one SELECT clause");
  StoredRoutine routine;
  routine.schema = schema_of(s.name);
  routine.name = s.name.name;
  routine.signature = signature_of(s.arguments);
  TRY(put_routine(run, std::move(routine), s.or_replace));
  return done("CREATE FUNCTION");
}

Result<Outcome> SqlSession::execute(Running& run, const CreateProcedure& s) {
  if (auto body = parse_plpgsql(s.body); !body) {
    Error error = std::move(body).error();
    for (auto& [name, value] : error.members)
      if (name == "position")
        value = std::to_string(parse_int(value).value_or(0) + static_cast<int64_t>(s.body_position));
    return Failure(std::move(error));
  }
  StoredRoutine routine;
  routine.procedure = true;
  routine.schema = schema_of(s.name);
  routine.name = s.name.name;
  routine.signature = signature_of(s.arguments);
  TRY(put_routine(run, std::move(routine), s.or_replace));
  return done("CREATE PROCEDURE");
}

Result<Outcome> SqlSession::execute(Running& run, const DropRoutine& s) {
  const std::string schema = schema_of(s.name);
  std::vector<StoredRoutine> found;
  std::string wanted;
  if (s.argument_types)
    for (const std::string& type : *s.argument_types) wanted += (wanted.empty() ? "" : ", ") + type;
  for (StoredRoutine& each : TRY(catalog(run)).routines)
    if (each.procedure == s.procedure && each.schema == schema && each.name == s.name.name &&
        (!s.argument_types || bare_types(each.signature) == bare_types(wanted)))
      found.push_back(std::move(each));
  const std::string word = s.procedure ? "procedure" : "function";
  const std::string shown = s.name.text() + "(" + wanted + ")";
  const std::string kind = s.procedure ? "DROP PROCEDURE" : "DROP FUNCTION";
  if (found.empty() && s.if_exists) {
    notices_.push_back(word + " " + shown + " does not exist and will be skipped");
    return done(kind);
  }
  if (found.empty()) return sql_error(kUndefinedFunction, word + " " + shown + " does not exist", s.name.position);
  if (found.size() > 1)
    return sql_error("42725", word + " name \"" + s.name.text() + "\" is not unique: write its argument types",
                     s.name.position);
  TRY(need_owner(run, object_of(found[0])));
  TRY(atomically(run, [&]() -> Status {
    TRY(dropped(run, object_of(found[0])));
    return change(run, {erase(std::move(found[0]))});
  }));
  return done(kind);
}

// --- grants and databases -------------------------------------------------------------------------------------------

Result<Outcome> SqlSession::execute(Running& run, const CreateDatabase& s) {
  const UserCatalog all = TRY(catalog(run));
  const bool may = std::ranges::any_of(
      all.users, [&](const StoredUser& each) { return each.name == user_ && (each.superuser || each.create_database); });
  if (!may && !TRY(identity(run)).superuser)
    return sql_error(kInsufficientPrivilege, "permission denied to create database");
  TRY(refuse_in_block("CREATE DATABASE"));
  if (!s.owner.empty()) TRY(check_grantees(run, {{Grantee::Kind::kUser, s.owner}}));
  for (const std::string& name : TRY(engine_.list_databases()))
    if (name == s.name) return sql_error("42P04", "database \"" + s.name + "\" already exists");
  TRY(engine_.create_database(s.name));
  TRY(internal(run, "INSERT INTO " + quoted_name(s.name) + "." + std::string(kRightsSchema) +
                        ".owners VALUES ('DATABASE', '', '', " + quoted_string(s.owner.empty() ? user_ : s.owner) +
                        ")"));
  return done("CREATE DATABASE");
}

Result<Outcome> SqlSession::execute(Running& run, const DropDatabase& s) {
  TRY(refuse_in_block("DROP DATABASE"));
  if (s.name == options_.database) return sql_error("55006", "cannot drop the currently open database");
  bool exists = false;
  for (const std::string& name : TRY(engine_.list_databases())) exists = exists || name == s.name;
  if (!exists) return sql_error("3D000", "database \"" + s.name + "\" does not exist");
  if (!TRY(rights(run, s.name)).owns(TRY(identity(run)), {"DATABASE", "", ""}))
    return sql_error(kInsufficientPrivilege, "must be owner of database " + s.name);
  TRY(engine_.drop_database(s.name));
  return done("DROP DATABASE");
}

}  // namespace tarn::sql
