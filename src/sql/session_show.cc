// SHOW and SET, prepared statements and cursors.
#include <algorithm>

#include "base/text.h"
#include "os/scratch.h"
#include "sql/rows.h"
#include "sql/session.h"
#include "sql/sql_error.h"

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
    {"search_path", "$user, public"},
    {"statement_timeout", "0"},
    {"stored_proc_log_min_messages", "LOG"},
    {"timezone", "UTC"},
    {"use_fips_ssl", "off"},
    {"wlm_query_slot_count", "1"},
    {"max_cursor_result_set_size", "default"},
    {"standard_conforming_strings", "off"},
};
// Settings that would change answers; only their default is taken.
constexpr std::string_view kFixed[] = {"enable_case_sensitive_identifier", "enable_case_sensitive_super_attribute",
                                       "enable_numeric_rounding", "datestyle", "describe_field_name_in_uppercase"};

const Setting* setting(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kSettings), std::end(kSettings), [&](const Setting& s) { return s.name == name; });
  return found == std::end(kSettings) ? nullptr : found;
}

Outcome done(std::string kind) {
  Outcome outcome;
  outcome.kind = std::move(kind);
  return outcome;
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
  }
  if (s.like) sql += " AND " + named + " LIKE " + quoted_string(*s.like);
  sql += s.kind == Show::Kind::kColumns ? " ORDER BY ordinal_position" : " ORDER BY " + named;
  if (s.limit) sql += " LIMIT " + std::to_string(*s.limit);
  Outcome outcome = TRY(engine(run, sql, {}, run.request.spool));
  outcome.kind = "SHOW";
  return outcome;
}

// One row of typed values, as a result.
Result<Outcome> SqlSession::values(Running& run, const std::vector<std::pair<std::string, PlValue>>& columns) {
  std::string sql;
  std::vector<Param> params;
  for (const auto& [name, value] : columns) {
    const std::string param = "v" + std::to_string(params.size() + 1);
    sql += (sql.empty() ? "SELECT " : ", ") + std::string("CAST($") + param + " AS " +
           (value.type.empty() ? "VARCHAR" : value.type) + ") AS " + quoted_name(name);
    params.push_back({param, value.text, "VARCHAR"});
  }
  return engine(run, sql, params, run.request.spool);
}

// --- variables ------------------------------------------------------------------------------------------------------

Result<Outcome> SqlSession::execute(Running& run, const ShowVariable& s) {
  const auto value = [&](std::string_view name, std::string_view otherwise) {
    const auto set = variables_.find(std::string(name));
    return std::string(set == variables_.end() ? otherwise : std::string_view(set->second));
  };
  if (s.name == "all") {
    std::string sql;
    for (const Setting& each : kSettings)
      sql += (sql.empty() ? "" : " UNION ALL ") + ("SELECT " + quoted_string(each.name) + " AS name, ") +
             quoted_string(value(each.name, each.value)) + " AS setting";
    return engine(run, sql + " ORDER BY 1", {}, run.request.spool);
  }
  const Setting* known = setting(s.name);
  if (known == nullptr && !variables_.contains(s.name))
    return sql_error(kUndefinedObject, "unrecognized configuration parameter \"" + s.name + "\"");
  return values(run, {{s.name, {value(s.name, known ? known->value : ""), "VARCHAR"}}});
}

Result<Outcome> SqlSession::execute(Running&, const SetVariable& s) {
  const Setting* known = setting(s.name);
  // A name with a dot is the user's own: current_setting() reads it.
  if (known == nullptr && s.name.find('.') == std::string::npos)
    return sql_error(kUndefinedObject, "unrecognized configuration parameter \"" + s.name + "\"");
  if (equals_ignore_case(s.value, "default")) {
    variables_.erase(s.name);
    return done("SET");
  }
  const bool off = equals_ignore_case(s.value, "off") || equals_ignore_case(s.value, "false");
  for (const std::string_view fixed : kFixed)
    if (s.name == fixed && known && !equals_ignore_case(s.value, known->value) && !(off && known->value == "off") &&
        !(s.name == "datestyle" && lower(s.value).starts_with("iso")))
      return sql_error(kNotSupported, "SET " + s.name + " TO " + s.value + " is not supported yet");
  if (s.name == "statement_timeout" && parse_int(s.value).value_or(-1) < 0)
    return sql_error(kInvalidParameter, "invalid value for parameter \"statement_timeout\": \"" + s.value + "\"");
  variables_[s.name] = s.value;
  return done("SET");
}

Result<Outcome> SqlSession::execute(Running&, const ResetVariable& s) {
  if (s.name == "all")
    variables_.clear();
  else if (setting(s.name) == nullptr && !variables_.contains(s.name))
    return sql_error(kUndefinedObject, "unrecognized configuration parameter \"" + s.name + "\"");
  variables_.erase(s.name);
  return done("RESET");
}

// --- prepared statements --------------------------------------------------------------------------------------------

Result<Outcome> SqlSession::execute(Running&, const Prepare& s) {
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
