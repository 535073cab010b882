// SHOW and SET, prepared statements and cursors.
#include <algorithm>

#include "base/text.h"
#include "os/scratch.h"
#include "sql/rows.h"
#include "sql/session.h"
#include "sql/session_words.h"
#include "sql/sql_error.h"
#include "sql/tokens_redshift.h"

namespace tarn::sql {
namespace {

struct Setting {
  std::string_view name, value;
};
// Those that may be set. Beside search_path, timezone and statement_timeout they have no effect here.
constexpr Setting kSettings[] = {
    {"analyze_threshold_percent", "10"},
    {"application_name", ""},
    {"client_encoding", "UTF8"},
    {"datestyle", "ISO, MDY"},
    {"describe_field_name_in_uppercase", "off"},
    {"enable_case_sensitive_identifier", "off"},
    {"enable_case_sensitive_super_attribute", "off"},
    {"enable_numeric_rounding", "off"},
    {"enable_result_cache_for_session", "on"},
    {"extra_float_digits", "0"},
    {"query_group", "default"},
    {"readonly", "off"},
    {"search_path", "$user, public"},
    {"statement_timeout", "0"},
    {"stored_proc_log_min_messages", "LOG"},
    {"timezone", "UTC"},
    {"transaction_isolation", "snapshot"},
    {"use_fips_ssl", "off"},
    {"wlm_query_slot_count", "1"},
    {"max_cursor_result_set_size", "default"},
    {"standard_conforming_strings", "off"},
    {"auto_mv", "on"},
    {"cast_super_null_on_error", "on"},
    {"enable_vacuum_boost", "off"},
    {"error_on_nondeterministic_update", "off"},
    {"json_parse_dedup_attributes", "off"},
    {"json_parse_truncate_strings", "off"},
    {"json_serialization_enable", "off"},
    {"mv_enable_aqmv_for_session", "on"},
    {"navigate_super_null_on_error", "on"},
    {"parse_super_null_on_error", "off"},
    {"require_ssl", "off"},
    {"server_version", "8.0.2"},
};
// Settings that would change answers; only their default is taken.
constexpr std::string_view kFixed[] = {"transaction_isolation",
                                       "enable_case_sensitive_identifier",
                                       "enable_case_sensitive_super_attribute",
                                       "enable_numeric_rounding",
                                       "datestyle",
                                       "describe_field_name_in_uppercase",
                                       "cast_super_null_on_error",
                                       "error_on_nondeterministic_update",
                                       "json_parse_dedup_attributes",
                                       "json_parse_truncate_strings",
                                       "json_serialization_enable",
                                       "navigate_super_null_on_error",
                                       "parse_super_null_on_error",
                                       "server_version"};

const Setting* setting(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kSettings), std::end(kSettings), [&](const Setting& s) { return s.name == name; });
  return found == std::end(kSettings) ? nullptr : found;
}

std::string condition(std::string_view column, const std::string& value) {
  return value.empty() ? "" : " AND " + std::string(column) + " = " + quoted_string(value);
}

}  // namespace

// --- SHOW of things -------------------------------------------------------------------------------------------------

// AWS: SHOW TABLES, SHOW SCHEMAS, SHOW COLUMNS, SHOW DATABASES: their columns, in their order.
Result<Outcome> SqlSession::execute(Running& run, const Show& s) {
  std::string sql, named;
  const std::string database = s.of.database.empty() ? options_.database : s.of.database;
  switch (s.kind) {
    case Show::Kind::kDatabases:
      named = "database_name";
      sql =
          "SELECT database_name, database_owner, database_type, database_acl, database_options AS parameters, "
          "database_isolation_level FROM svv_redshift_databases WHERE true";
      break;
    case Show::Kind::kSchemas:
      named = "schema_name";
      sql =
          "SELECT database_name, schema_name, schema_owner, schema_type, schema_acl, source_database, schema_option "
          "FROM svv_all_schemas WHERE true" +
          condition("database_name", s.of.name);
      break;
    case Show::Kind::kTables:
      named = "table_name";
      sql =
          "SELECT database_name, schema_name, table_name, table_type, table_acl, remarks FROM svv_all_tables WHERE "
          "true" +
          condition("database_name", s.of.schema) + condition("schema_name", s.of.name);
      break;
    case Show::Kind::kColumns:
      named = "column_name";
      sql =
          "SELECT database_name, schema_name, table_name, column_name, ordinal_position, column_default, is_nullable, "
          "data_type, "
          "character_maximum_length, numeric_precision, numeric_scale, remarks FROM svv_all_columns WHERE true" +
          condition("database_name", database) + condition("schema_name", schema_of(s.of)) +
          condition("table_name", s.of.name);
      break;
    case Show::Kind::kProcedure:
      for (const StoredRoutine& routine : TRY(catalog(run)).routines)
        if (routine.procedure && routine.schema == schema_of(s.of) && routine.name == s.of.name)
          return values(run, {{"stored procedure definition", {routine.definition, "VARCHAR"}}});
      return sql_error(kUndefinedFunction, "procedure " + s.of.text() + "() does not exist", s.of.position);
    case Show::Kind::kTable: return show_table(run, s.of);
    case Show::Kind::kView: return show_view(run, s.of);
    case Show::Kind::kExternalTable: return show_external_table(run, s.of);
    case Show::Kind::kGrants:
    case Show::Kind::kColumnGrants:
      named = s.kind == Show::Kind::kColumnGrants ? "column_name" : s.object_kind == "DATABASE" ? "privilege_type" : "object_name";
      sql = TRY(grants_sql(run, s));
      break;
    case Show::Kind::kProcedures:
    case Show::Kind::kFunctions:
      named = s.kind == Show::Kind::kFunctions ? "function_name" : "procedure_name";
      sql = "SELECT database_name, schema_name, function_name AS " + named +
            ", argument_type AS argument_list, result_type AS return_type FROM svv_redshift_functions WHERE "
            "function_type = '" +
            (s.kind == Show::Kind::kFunctions ? "REGULAR FUNCTION'" : "STORED PROCEDURE'") +
            condition("schema_name", s.of.name);
      break;
    case Show::Kind::kParameters:
      named = "parameter_name";
      sql = TRY(parameters_sql(run, s));
      break;
    case Show::Kind::kPrimaryKeys:
    case Show::Kind::kForeignKeys:
    case Show::Kind::kExportedKeys:
      named = s.kind == Show::Kind::kPrimaryKeys ? "key_seq" : "fk_table_name, fk_name, key_seq";
      sql = TRY(keys_sql(run, s));
      break;
  }
  if (s.like)
    sql += " AND " + (s.kind == Show::Kind::kFunctions || s.kind == Show::Kind::kProcedures ? "function_name" : named) +
           " LIKE " + quoted_string(*s.like);
  const bool ordered = s.kind == Show::Kind::kColumns || s.kind == Show::Kind::kParameters;
  sql += ordered ? " ORDER BY ordinal_position" : " ORDER BY " + named;
  if (s.limit) sql += " LIMIT " + std::to_string(*s.limit);
  Outcome outcome = TRY(engine(run, sql, {}, run.request.spool));
  outcome.kind = "SHOW";
  return outcome;
}

// AWS: SHOW TABLE: the DDL that would make it anew.
Result<Outcome> SqlSession::show_table(Running& run, const QualifiedName& name) {
  const Object table = TRY(relation(run, name));
  const std::string of = condition("schema_name", table.schema) + condition("table_name", table.name);
  const auto columns =
      TRY(query(run,
                "SELECT column_name, data_type, column_default, is_nullable, encoding, distkey, sortkey "
                "FROM svv_redshift_columns WHERE true" +
                    of + " ORDER BY ordinal_position"));
  std::string sql = "CREATE TABLE " + table.schema + "." + table.name + " (";
  std::vector<std::pair<int64_t, std::string>> sort;
  std::string separator = "\n    ";
  for (const auto& column : columns) {
    sql += separator + *column[0] + " " + column[1].value_or("");
    if (column[2] && column[2]->find("nextval") == std::string::npos) sql += " DEFAULT " + *column[2];
    if (column[3] == "NO") sql += " NOT NULL";
    if (column[4] && !column[4]->empty()) sql += " ENCODE " + *column[4];
    if (column[5] == "true" || column[5] == "t") sql += " distkey";
    if (const auto at = parse_int(column[6].value_or("0")).value_or(0); at > 0) sort.emplace_back(at, *column[0]);
    separator = ",\n    ";
  }
  const auto style = TRY(query(run, "SELECT diststyle FROM svv_table_info WHERE true" +
                                        condition("\"schema\"", table.schema) + condition("\"table\"", table.name)));
  const std::string shown = style.empty() ? "" : style[0][0].value_or("");
  const auto named = TRY(query(run, "SELECT pg_get_constraintdef(c.oid) FROM pg_constraint c JOIN pg_class r ON r.oid = "
                                    "c.conrelid JOIN pg_namespace n ON n.oid = r.relnamespace WHERE true" +
                                        condition("nspname", table.schema) + condition("relname", table.name) +
                                        " ORDER BY contype = 'f', contype, 1"));
  for (const auto& key : named) sql += ",\n    " + key[0].value_or("");
  sql += "\n)\nDISTSTYLE " + (shown.empty() || shown.starts_with("AUTO") ? "AUTO" : shown.substr(0, shown.find('(')));
  std::sort(sort.begin(), sort.end());
  std::string keys;
  for (const auto& [at, column] : sort) keys += (keys.empty() ? "" : ", ") + column;
  if (!keys.empty()) sql += "\nSORTKEY ( " + keys + " )";
  return values(run, {{"Show Table DDL statement", {sql + ";", "VARCHAR"}}});
}

Result<Outcome> SqlSession::show_view(Running& run, const QualifiedName& name) {
  const Object view = TRY(relation(run, name));
  const auto rows = TRY(internal(run, "SELECT kind, definition FROM " + std::string(kRightsSchema) +
                                          ".views WHERE schema_name = " + quoted_string(view.schema) +
                                          " AND name = " + quoted_string(view.name)));
  if (rows.empty()) return sql_error("42809", "\"" + name.text() + "\" is not a view", name.position);
  const std::string kind = rows[0][0].value_or("");
  const std::string sql = std::string("CREATE ") + (kind == "MATERIALIZED" ? "MATERIALIZED " : "") + "VIEW " +
                          view.schema + "." + view.name + " AS " + rows[0][1].value_or("") +
                          (kind == "LATE" ? " WITH NO SCHEMA BINDING" : "") + ";";
  return values(run, {{"Show View DDL statement", {sql, "VARCHAR"}}});
}

Result<Outcome> SqlSession::show_external_table(Running& run, const QualifiedName& name) {
  const UserCatalog all = TRY(catalog(run));
  const StoredSchema* schema = TRY(external_schema(all, name));
  if (schema == nullptr)
    return sql_error(kInvalidSchemaName, "\"" + name.text() + "\" is in no external schema", name.position);
  TRY(need(run, {"SCHEMA", "", schema->name}, "USAGE"));
  const auto table = TRY(run.host.glue_table(schema->role, schema->database, name.name));
  if (!table) return sql_error(kUndefinedTable, "Table \"" + name.name + "\" does not exist", name.position);
  const auto list = [](const std::vector<ExternalColumn>& columns) {
    std::string text;
    for (const ExternalColumn& column : columns)
      text += (text.empty() ? "\n    " : ",\n    ") + column.name + " " + column.type;
    return " (" + text + "\n)";
  };
  std::string sql = "CREATE EXTERNAL TABLE " + schema->name + "." + table->name + list(table->columns);
  if (!table->partition_columns.empty()) sql += "\nPARTITIONED BY" + list(table->partition_columns);
  sql += "\nSTORED AS " + (table->format == "csv" ? "TEXTFILE" : upper(table->format)) + "\nLOCATION " +
         quoted_string(table->location) + ";";
  return values(run, {{"Show External Table DDL statement", {sql, "VARCHAR"}}});
}

// One row of typed values, as a result.
Result<Outcome> SqlSession::values(Running& run, const std::vector<std::pair<std::string, PlValue>>& columns) {
  std::string sql;
  std::vector<Param> params;
  for (const auto& [name, value] : columns) {
    const std::string param = "v" + std::to_string(params.size() + 1);
    if (lower(value.type) == "super") {  // as it is, not a text
      sql += (sql.empty() ? "SELECT $" : ", $") + param + " AS " + quoted_name(name);
      params.push_back({param, value.text, "super"});
      continue;
    }
    sql += (sql.empty() ? "SELECT " : ", ") + std::string("CAST($") + param + " AS " +
           (value.type.empty() ? "VARCHAR" : value.type) + ") AS " + quoted_name(name);
    params.push_back({param, value.text, "VARCHAR"});
  }
  return engine(run, sql, params, run.request.spool);
}

// --- variables ------------------------------------------------------------------------------------------------------

Result<Outcome> SqlSession::execute(Running& run, const ShowVariable& s) {
  const auto value = [&](std::string_view name, std::string_view otherwise) {
    return variable(std::string(name)).value_or(std::string(otherwise));
  };
  if (s.name == "all") {
    std::string sql;
    for (const Setting& each : kSettings)
      sql += (sql.empty() ? "" : " UNION ALL ") + ("SELECT " + quoted_string(each.name) + " AS name, ") +
             quoted_string(value(each.name, each.value)) + " AS setting";
    return engine(run, sql + " ORDER BY 1", {}, run.request.spool);
  }
  return values(run, {{s.name, {TRY(setting_value(s.name)), "VARCHAR"}}});
}

Result<std::string> SqlSession::setting_value(const std::string& name) const {
  const Setting* known = setting(name);
  if (known == nullptr && !variables_.contains(name))
    return sql_error(kUndefinedObject, "unrecognized configuration parameter \"" + name + "\"");
  return variable(name).value_or(known ? std::string(known->value) : "");
}

// What the token rules left to the session (tokens_redshift.h).
Status SqlSession::add_session_values(const std::string& sql, std::vector<Param>& params) const {
  const auto add = [&](std::string name, std::string value, const char* type) {
    if (std::ranges::none_of(params, [&](const Param& each) { return each.name == name; }))
      params.push_back({std::move(name), std::move(value), type});
  };
  for (size_t at = sql.find(kSettingParam); at != std::string::npos; at = sql.find(kSettingParam, at + 1)) {
    const size_t begin = at + kSettingParam.size();
    const size_t end = std::min(sql.find_first_not_of("0123456789abcdef", begin), sql.size());
    const auto name = unhex(std::string_view(sql).substr(begin, end - begin));
    if (!name || at == 0 || sql[at - 1] != '$') continue;
    add(sql.substr(at, end - at), TRY(setting_value(*name)), "VARCHAR");
  }
  if (sql.find(kSessionParam) == std::string::npos) return {};
  const auto number = [](uint64_t id) { return id == 0 ? "-1" : std::to_string(id); };  // AWS: -1, none in this session
  const std::string values[] = {std::to_string(copied_), std::to_string(unloaded_), number(last_copy_),
                                number(last_unload_),    number(last_query_),       number(last_query_),
                                std::to_string(session_number())};
  static_assert(std::size(values) == kSessionFunctions.size());
  for (size_t i = 0; i < kSessionFunctions.size(); ++i)
    add(std::string(kSessionParam) + std::string(kSessionFunctions[i]), values[i], "BIGINT");
  return {};
}

Result<Outcome> SqlSession::execute(Running& run, const SetVariable& s) {
  const Setting* known = setting(s.name);
  // A name with a dot is the user's own: current_setting() reads it.
  if (s.name == "seed") {  // AWS: RANDOM
    TRY(internal(run, "SELECT setseed(" + quoted_string(s.value) + "::DOUBLE)"));
    return done("SET");
  }
  if (known == nullptr && s.name.find('.') == std::string::npos)
    return sql_error(kUndefinedObject, "unrecognized configuration parameter \"" + s.name + "\"");
  const bool as_began = equals_ignore_case(s.value, "default");
  const bool off = equals_ignore_case(s.value, "off") || equals_ignore_case(s.value, "false");
  const bool on = equals_ignore_case(s.value, "on") || equals_ignore_case(s.value, "true");
  for (const std::string_view fixed : kFixed)
    if (s.name == fixed && known && !as_began && !equals_ignore_case(s.value, known->value) && !(off && known->value == "off") &&
        !(on && known->value == "on") && !(s.name == "datestyle" && lower(s.value).starts_with("iso")))
      return sql_error(kNotSupported, "SET " + s.name + " TO " + s.value + " is not supported yet");
  if (s.name == "timezone" && !as_began) TRY(engine(run, "SELECT timezone(" + quoted_string(s.value) + ", getdate())", {}, -1));
  if (s.name == "statement_timeout" && !as_began && parse_int(s.value).value_or(-1) < 0)
    return sql_error(kInvalidParameter, "invalid value for parameter \"statement_timeout\": \"" + s.value + "\"");
  remember(s.name, s.local);
  if (as_began)
    variables_.erase(s.name);
  else
    variables_[s.name] = s.value;
  if (s.local && !in_block_) restore_variables(false);  // the statement's own transaction ends here
  return done("SET");
}

// AWS: SET_CONFIG: SELECT set_config('name', 'value', local), a SET that gives the value. Alone: it has an effect.
Result<std::optional<Outcome>> SqlSession::set_config(Running& run) {
  Reader reader(run.statement.text, run.statement.tokens);
  if (!reader.accept("select", "set_config")) return std::nullopt;
  TRY(reader.expect_op("("));
  SetVariable set;
  set.name = lower(TRY(reader.string()));
  TRY(reader.expect_op(","));
  set.value = TRY(reader.string());
  TRY(reader.expect_op(","));
  set.local = reader.accept("true") || reader.peek().text == "1";
  if (!set.local && !reader.accept("false") && reader.peek().text != "0") return reader.unexpected();
  if (reader.peek().kind == TokenKind::kNumber) reader.next();
  TRY(reader.expect_op(")"));
  TRY(reader.expect_end());
  if (run.request.describe_only) {
    const auto described = TRY(split_statements("SELECT CAST('' AS VARCHAR) AS set_config"));
    Running inner{run.host, run.request, described[0], run.depth};
    return TRY(engine(inner));
  }
  TRY(execute(run, set));
  return TRY(values(run, {{"set_config", {set.value, "VARCHAR"}}}));
}

Result<Outcome> SqlSession::execute(Running&, const ResetVariable& s) {
  if (s.name == "all") {
    for (const auto& [name, value] : variables_) remember(name, false);
    variables_.clear();
    return done("RESET");
  }
  if (setting(s.name) == nullptr && !variables_.contains(s.name))
    return sql_error(kUndefinedObject, "unrecognized configuration parameter \"" + s.name + "\"");
  remember(s.name, false);
  variables_.erase(s.name);
  return done("RESET");
}

// --- prepared statements --------------------------------------------------------------------------------------------

Result<Outcome> SqlSession::execute(Running& run, const Prepare& s) {
  if (run.depth > 0) return sql_error(kNotSupported, "PREPARE is not supported in a stored procedure");
  if (prepared_.contains(s.name)) return sql_error("42P05", "prepared statement \"" + s.name + "\" already exists");
  TRY(split_statements(s.statement));
  prepared_[s.name] = {s.types, s.statement};
  return done("PREPARE");
}

Result<Outcome> SqlSession::execute(Running& run, const ExecutePrepared& s) {
  const auto found = prepared_.find(s.name);
  if (found == prepared_.end()) return sql_error("26000", "prepared statement \"" + s.name + "\" does not exist");
  const Prepared& prepared = found->second;
  if (!prepared.types.empty() && prepared.types.size() != s.arguments.size())
    return sql_error(kSyntaxError, "wrong number of parameters for prepared statement \"" + s.name + "\": expected " +
                                       std::to_string(prepared.types.size()) + " parameters but got " +
                                       std::to_string(s.arguments.size()));
  RunRequest request = run.request;
  request.params.clear();
  for (size_t i = 0; i < s.arguments.size(); ++i) {
    const std::string type = i < prepared.types.size() ? engine_type(prepared.types[i], TypeUse::kCast) : "";
    const auto rows = TRY(query(run, "SELECT (" + s.arguments[i] + ")"));
    request.params.push_back({std::to_string(i + 1), rows.empty() ? std::nullopt : rows[0][0], type});
  }
  const auto statements = TRY(split_statements(prepared.statement));
  if (statements.size() != 1) return sql_error(kSyntaxError, "a prepared statement is one statement");
  Running inner{run.host, request, statements[0], run.depth + 1};
  return dispatch(inner);
}

Result<Outcome> SqlSession::execute(Running&, const Deallocate& s) {
  if (s.name.empty())
    prepared_.clear();
  else if (prepared_.erase(s.name) == 0)
    return sql_error("26000", "prepared statement \"" + s.name + "\" does not exist");
  return done("DEALLOCATE");
}

// --- cursors --------------------------------------------------------------------------------------------------------

Result<Outcome> SqlSession::execute(Running& run, const DeclareCursor& s) {
  if (!in_block_) return sql_error(kNoActiveTransaction, "DECLARE CURSOR may only be used in transaction blocks");
  if (cursors_.contains(s.name)) return sql_error("42P03", "cursor \"" + s.name + "\" already exists");
  const auto statements = TRY(split_statements(s.query));
  if (statements.size() != 1) return sql_error(kSyntaxError, "a cursor is declared for one query");
  Held held;
  held.file = Fd(TRY(memory_file()).release());
  RunRequest request = run.request;
  request.spool = held.file.get();
  Running inner{run.host, request, statements[0], run.depth + 1};
  held.outcome = TRY(dispatch(inner));
  if (held.outcome.columns.empty()) return sql_error("42P11", "DECLARE CURSOR must be for a query");
  held.rows = std::make_unique<SpoolReader>(TRY(SpoolReader::open(held.file.get())));
  cursors_[s.name] = std::move(held);
  return done("DECLARE CURSOR");
}

Result<Outcome> SqlSession::execute(Running& run, const FetchCursor& s) {
  const auto found = cursors_.find(s.name);
  if (found == cursors_.end()) return sql_error("34000", "cursor \"" + s.name + "\" does not exist");
  Held& held = found->second;
  const uint64_t left = held.rows->rows() - held.next;
  const uint64_t wanted =
      s.count ? std::min<uint64_t>(left, static_cast<uint64_t>(std::max<int64_t>(*s.count, 0))) : left;
  Outcome outcome = done("FETCH");
  outcome.columns = held.outcome.columns;
  outcome.rows = wanted;
  if (run.request.spool >= 0) {
    SpoolWriter writer(run.request.spool, held.outcome.columns, held.rows->kinds(), run.request.max_bytes);
    TRY(copy_rows(*held.rows, held.next, wanted, writer));
    TRY(writer.finish());
    outcome.spool_bytes = writer.bytes();
  }
  held.next += wanted;
  return outcome;
}

Result<Outcome> SqlSession::execute(Running&, const CloseCursor& s) {
  if (cursors_.erase(s.name) == 0) return sql_error("34000", "cursor \"" + s.name + "\" does not exist");
  return done("CLOSE CURSOR");
}

}  // namespace tarn::sql
