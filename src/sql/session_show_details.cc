// SHOW GRANTS, SHOW COLUMN GRANTS, SHOW CONSTRAINTS, SHOW PARAMETERS: the queries that they are.
#include "base/text.h"
#include "sql/session.h"
#include "sql/session_words.h"
#include "sql/sql_error.h"

namespace tarn::sql {
namespace {

std::string is(std::string_view column, const std::string& value) {
  return " AND " + std::string(column) + " = " + quoted_string(value);
}

std::string of_grantee(const Grantee& grantee) {
  constexpr std::string_view kKinds[] = {"user", "group", "role", "public"};
  return is("identity_type", std::string(kKinds[static_cast<size_t>(grantee.kind)])) +
         (grantee.kind == Grantee::Kind::kPublic ? "" : is("identity_name", grantee.name));
}

std::string one_of(const std::vector<std::string>& names) {
  std::string all = "''";
  for (const std::string& name : names) all += ", " + quoted_string(name);
  return "(" + all + ")";
}

const std::vector<Argument>* arguments_of(const Statement& routine) {
  if (const auto* function = std::get_if<CreateFunction>(&routine)) return &function->arguments;
  if (const auto* procedure = std::get_if<CreateProcedure>(&routine)) return &procedure->arguments;
  return nullptr;
}

std::string number(std::optional<int> value) {
  return value ? std::to_string(*value) : "NULL";
}

// Of whole numbers their bits, as the catalog's views tell them.
std::optional<int> precision_of(const SqlType& type) {
  if (type.name == "smallint") return 16;
  if (type.name == "integer") return 32;
  if (type.name == "bigint") return 64;
  return type.name == "numeric" ? type.precision : std::nullopt;
}

}  // namespace

// AWS: SHOW GRANTS, SHOW COLUMN GRANTS. Whoever is no superuser sees what concerns him.
Result<std::string> SqlSession::grants_sql(Running& run, const Show& s) {
  const bool columns = s.kind == Show::Kind::kColumnGrants;
  const std::string database = quoted_string(options_.database);
  const std::string& other = s.object_kind.empty() && !columns ? s.of.name : s.of.database;
  if (!other.empty() && other != options_.database)
    return sql_error(kNotSupported, "SHOW GRANTS of another database is not supported: connect to it", s.of.position);
  std::string sql;
  if (columns) {
    sql = "SELECT " + database + " AS database_name, schema_name, name AS table_name, column_name, 'COLUMN' AS object_type, "
          "privilege_type, identity_id, identity_name, identity_type, admin_option, 'COLUMN' AS privilege_scope, grantor AS "
          "grantor_name FROM tarn_grants WHERE column_name <> ''" +
          is("schema_name", schema_of(s.of)) + is("name", s.of.name);
  } else {
    const bool of_database = s.object_kind == "DATABASE";
    if (of_database && s.of.name != options_.database)
      return sql_error(kNotSupported, "SHOW GRANTS of another database is not supported: connect to it", s.of.position);
    sql = "SELECT " + database + " AS database_name, " +
          (of_database ? ""
                       : "CASE kind WHEN 'DATABASE' THEN NULL WHEN 'SCHEMA' THEN name ELSE schema_name END AS schema_name, CASE kind "
                         "WHEN 'DATABASE' THEN " + database + " ELSE split_part(name, '(', 1) END AS object_name, kind AS object_type, ") +
          "privilege_type, identity_id, identity_name, identity_type, admin_option, kind AS privilege_scope "
          "FROM tarn_grants WHERE column_name = '' AND kind <> 'LANGUAGE'";
    if (!s.object_kind.empty()) sql += is("kind", s.object_kind);
    if (!s.object_kind.empty() && !of_database) sql += is("split_part(name, '(', 1)", s.of.name);
    const bool in_schema = s.object_kind == "TABLE" || s.object_kind == "FUNCTION" || s.object_kind == "PROCEDURE";
    if (in_schema) sql += is("schema_name", schema_of(s.of));
  }
  if (s.grantee) sql += of_grantee(*s.grantee);
  const Identity who = TRY(identity(run));
  if (who.superuser) return sql;
  return sql + " AND (identity_type = 'public' OR (identity_type = 'user'" + is("identity_name", who.user) +
         ") OR (identity_type = 'group' AND identity_name IN " + one_of(who.groups) +
         ") OR (identity_type = 'role' AND identity_name IN " + one_of(who.roles) + "))";
}

// AWS: SHOW CONSTRAINTS. ASSUMED: rules and deferrability are JDBC's numbers of NO ACTION and NOT DEFERRABLE.
Result<std::string> SqlSession::keys_sql(Running& run, const Show& s) {
  const Object table = TRY(relation(run, s.of));
  if (s.kind == Show::Kind::kPrimaryKeys)
    return "SELECT database_name, schema_name, table_name, name AS pk_name, column_name, key_seq FROM tarn_keys WHERE kind = "
           "'p'" +
           is("schema_name", table.schema) + is("table_name", table.name);
  const bool exported = s.kind == Show::Kind::kExportedKeys;
  return "SELECT database_name AS pk_database_name, other_schema AS pk_schema_name, other_table AS pk_table_name, other_column AS "
         "pk_column_name, database_name AS fk_database_name, schema_name AS fk_schema_name, table_name AS fk_table_name, "
         "column_name AS fk_column_name, key_seq, name AS fk_name, other_name AS pk_name, CAST(3 AS SMALLINT) AS update_rule, "
         "CAST(3 AS SMALLINT) AS delete_rule, CAST(7 AS SMALLINT) AS deferrability FROM tarn_keys WHERE kind = 'f'" +
         is(exported ? "other_schema" : "schema_name", table.schema) + is(exported ? "other_table" : "table_name", table.name);
}

// AWS: SHOW PARAMETERS
Result<std::string> SqlSession::parameters_sql(Running& run, const Show& s) {
  const std::string word = s.procedure ? "procedure" : "function";
  for (const StoredRoutine& routine : TRY(catalog(run)).routines) {
    if (routine.procedure != s.procedure || routine.schema != schema_of(s.of) || routine.name != s.of.name ||
        bare_types(routine.signature) != bare_types(s.signature))
      continue;
    const auto texts = TRY(split_statements(routine.definition));
    const Statement made = TRY(recognise_redshift(texts.at(0)));
    const std::vector<Argument>* arguments = arguments_of(made);
    std::string rows;
    for (size_t i = 0; arguments != nullptr && i < arguments->size(); ++i) {
      const Argument& argument = (*arguments)[i];
      constexpr std::string_view kModes[] = {"IN", "OUT", "INOUT"};
      const std::string type = shown_type(argument.type);
      const std::optional<int> precision = precision_of(argument.type);
      rows += (rows.empty() ? "SELECT " : " UNION ALL SELECT ") + quoted_string(options_.database) + " AS database_name, " +
              quoted_string(routine.schema) + " AS schema_name, " + quoted_string(routine.name) + " AS " + word + "_name, " +
              quoted_string(argument.name) + " AS parameter_name, " + std::to_string(i + 1) + " AS ordinal_position, " +
              quoted_string(std::string(kModes[static_cast<size_t>(argument.mode)])) + " AS parameter_type, " +
              quoted_string(type.substr(0, type.find('('))) + " AS data_type, CAST(" + number(argument.type.length) +
              " AS INTEGER) AS character_maximum_length, CAST(" + number(precision) + " AS INTEGER) AS numeric_precision, CAST(" +
              number(argument.type.name == "numeric" ? argument.type.scale : precision ? std::optional(0) : std::nullopt) +
              " AS INTEGER) AS numeric_scale";
    }
    if (rows.empty())
      rows = "SELECT '' AS database_name, '' AS schema_name, '' AS " + word +
             "_name, '' AS parameter_name, 0 AS ordinal_position, '' AS parameter_type, '' AS data_type, 0 AS "
             "character_maximum_length, 0 AS numeric_precision, 0 AS numeric_scale WHERE false";
    return "SELECT * FROM (" + rows + ") AS parameters WHERE true";
  }
  return sql_error(kUndefinedFunction, word + " " + s.of.text() + "(" + s.signature + ") does not exist", s.of.position);
}

}  // namespace tarn::sql
