// has_table_privilege and its like.
#include <algorithm>

#include "base/text.h"
#include "sql/engine/errors.h"
#include "sql/engine/rights.h"
#include "sql/engine/session_state.h"
#include "sql/engine/system_catalog.h"
#include "sql/system_views.h"

namespace tarn::sql::engine {
namespace {

using std::string;

// What the questions are answered from: the rights of the database, and everybody's memberships.
struct Asked : duckdb::FunctionData {
  StatementContext context;
  Rights rights;
  std::map<string, Identity> users;

  duckdb::unique_ptr<duckdb::FunctionData> Copy() const override { return duckdb::make_uniq<Asked>(*this); }
  bool Equals(const duckdb::FunctionData& other) const override { return this == &other; }

  const Identity& identity(const string& user) const {
    const auto found = users.find(user);
    if (found == users.end()) raise_sql("42704", "user \"" + user + "\" does not exist");
    return found->second;
  }
};

duckdb::unique_ptr<duckdb::FunctionData> bind_asked(duckdb::ClientContext& context, duckdb::ScalarFunction&,
                                                    duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>&) {
  const auto session = SessionState::of(context);
  if (!session) raise_sql("0A000", "This function is the session's.");
  auto asked = duckdb::make_uniq<Asked>();
  asked->context = session->context;
  const StatementContext& said = asked->context;
  asked->rights = read_rights(context, said.database);
  asked->users = everybody(*session);
  asked->users[said.user] = {said.user, said.superuser, said.groups, said.roles};
  return asked;
}

// "a, B" as {"A", "B"}; a trailing WITH GRANT OPTION is kept apart.
std::vector<std::pair<string, bool>> privileges_of(const string& text) {
  constexpr std::string_view kOption = " WITH GRANT OPTION";
  std::vector<std::pair<string, bool>> all;
  for (const auto part : split(text, ',')) {
    string name = upper(trim(part));
    const bool grantable = name.ends_with(kOption);
    if (grantable) name.resize(name.size() - kOption.size());
    if (name == "TEMPORARY") name = "TEMP";
    if (name == "RULE" || name == "TRIGGER") name = "REFERENCES";
    all.emplace_back(std::move(name), grantable);
  }
  return all;
}

void check_known(const string& kind, const string& privilege) {
  const auto known = all_privileges(kind);
  if (std::ranges::find(known, privilege) == known.end())
    raise_sql("22023", "unrecognized privilege type: \"" + lower(privilege) + "\"");
}

std::vector<string> name_parts(const string& text) {
  std::vector<string> parts(1);
  bool quoted = false;
  for (const char c : text) {
    if (c == '"')
      quoted = !quoted;
    else if (c == '.' && !quoted)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  for (string& part : parts) part = lower(part);
  return parts;
}

// The table's name in full; throws 42P01.
Object table_named(duckdb::ClientContext& context, const StatementContext& said, const string& text) {
  auto parts = name_parts(text);
  if (parts.size() == 3) parts.erase(parts.begin());
  const auto there = [&](const string& schema, const string& name) {
    return duckdb::Catalog::GetEntry(context, said.database, schema,
                                     duckdb::EntryLookupInfo(duckdb::CatalogType::TABLE_ENTRY, name),
                                     duckdb::OnEntryNotFound::RETURN_NULL) != nullptr;
  };
  if (parts.size() == 2) {
    for (const ExternalSchema& schema : said.external_schemas)
      if (schema.name == parts[0]) return {"EXTERNAL", parts[0], parts[1]};
    if (parts[0] == "pg_catalog" || parts[0] == "information_schema" || there(parts[0], parts[1]))
      return {"TABLE", parts[0], parts[1]};
  } else {
    for (const string& schema : said.search_path)
      if (there(schema, parts[0])) return {"TABLE", schema, parts[0]};
    if (const auto late = find_late_view(context, said.database, said.search_path, parts[0])) return {"TABLE", late->schema, parts[0]};
    if (system_view_sql("", parts[0], said)) return {"TABLE", "pg_catalog", parts[0]};
  }
  raise_sql("42P01", "relation \"" + text + "\" does not exist");
}

// What pg_class, pg_namespace and pg_proc number, as tools ask for it, by its name.
string named_object(duckdb::ClientContext& context, const Asked& asked, const string& kind, const string& text) {
  const auto number = parse_int(text);
  if (!number) return text;
  string name;
  const auto quoted = [](const string& part) { return '"' + part + '"'; };
  for (auto& schema : duckdb::Catalog::GetSchemas(context, asked.context.database)) {
    if (kind == "SCHEMA" && static_cast<int64_t>(schema.get().oid) == *number) name = quoted(schema.get().name);
    if (kind != "TABLE") continue;
    schema.get().Scan(context, duckdb::CatalogType::TABLE_ENTRY, [&](duckdb::CatalogEntry& entry) {
      if (static_cast<int64_t>(entry.oid) == *number) name = quoted(schema.get().name) + "." + quoted(entry.name);
    });
  }
  if (kind == "SCHEMA" && (*number == 11 || *number == 12)) name = *number == 11 ? "pg_catalog" : "information_schema";
  if (kind == "FUNCTION") {
    const auto routines = SessionState::of(context)->link.system_rows(asked.context.principal, kRoutines);
    const int64_t at = *number - 100001;  // as {routines} counts
    if (routines && at >= 0 && static_cast<size_t>(at) < routines->rows.size()) {
      const auto& row = routines->rows[static_cast<size_t>(at)];
      name = quoted(row[0].value_or("")) + "." + quoted(row[1].value_or("")) + "(" + row[2].value_or("") + ")";
    }
  }
  if (name.empty()) raise_sql("42704", "there is no " + lower(kind) + " with number " + text);
  return name;
}

using Question = bool (*)(duckdb::ClientContext&, const Asked&, const Identity&, const std::vector<string>&);

bool of_table(duckdb::ClientContext& context, const Asked& asked, const Identity& who, const std::vector<string>& of) {
  const Object table = table_named(context, asked.context, named_object(context, asked, "TABLE", of[0]));
  const auto wanted = privileges_of(of[1]);
  for (const auto& [privilege, grantable] : wanted) check_known("TABLE", privilege);
  return std::ranges::any_of(wanted, [&](const auto& each) {
    if (table.schema == "pg_catalog" || table.schema == "information_schema") return each.first == "SELECT";
    if (table.kind == "EXTERNAL")
      return each.first == "SELECT" && asked.rights.may(who, {"SCHEMA", "", table.schema}, "USAGE");
    return asked.rights.may(who, table, each.first, each.second);
  });
}

bool of_column(duckdb::ClientContext& context, const Asked& asked, const Identity& who, const std::vector<string>& of) {
  const Object table = table_named(context, asked.context, of[0]);
  const auto wanted = privileges_of(of[2]);
  return std::ranges::any_of(
      wanted, [&](const auto& each) { return asked.rights.may_column(who, table, lower(of[1]), each.first); });
}

bool of_schema(duckdb::ClientContext& context, const Asked& asked, const Identity& who, const std::vector<string>& of) {
  const string name = name_parts(named_object(context, asked, "SCHEMA", of[0])).back();
  const bool external = std::ranges::any_of(asked.context.external_schemas,
                                            [&](const ExternalSchema& schema) { return schema.name == name; });
  const bool system = name == "pg_catalog" || name == "information_schema";
  if (!external && !system &&
      !duckdb::Catalog::GetSchema(context, asked.context.database, name, duckdb::OnEntryNotFound::RETURN_NULL))
    raise_sql("3F000", "schema \"" + name + "\" does not exist");
  const auto wanted = privileges_of(of[1]);
  for (const auto& [privilege, grantable] : wanted) check_known("SCHEMA", privilege);
  return std::ranges::any_of(wanted, [&](const auto& each) {
    if (system) return each.first == "USAGE";
    return asked.rights.may(who, {"SCHEMA", "", name}, each.first, each.second);
  });
}

bool of_database(duckdb::ClientContext&, const Asked& asked, const Identity& who, const std::vector<string>& of) {
  if (lower(of[0]) != asked.context.database)
    raise_sql("3D000", "database \"" + of[0] + "\" is not the session's; the rights of another are not asked for here");
  const auto wanted = privileges_of(of[1]);
  for (const auto& [privilege, grantable] : wanted)
    if (privilege != "CONNECT") check_known("DATABASE", privilege);
  return std::ranges::any_of(wanted, [&](const auto& each) {
    return each.first == "CONNECT" || asked.rights.may(who, {"DATABASE", "", ""}, each.first, each.second);
  });
}

bool of_function(duckdb::ClientContext& context, const Asked& asked, const Identity& who,
                 const std::vector<string>& of) {
  const string given = named_object(context, asked, "FUNCTION", of[0]);
  const size_t open = std::min(given.find('('), given.size());
  const auto parts = name_parts(given.substr(0, open));
  const string schema = parts.size() > 1 ? parts[parts.size() - 2] : "";
  const string wanted = open == given.size() ? "" : parts.back() + replace_all(lower(given.substr(open)), " ", "");
  bool found = false;
  for (const Ownership& each : asked.rights.owners) {
    if (each.object.kind != "FUNCTION" && each.object.kind != "PROCEDURE") continue;
    if (!schema.empty() && each.object.schema != schema) continue;
    const bool named = wanted.empty() ? each.object.name.starts_with(parts.back() + "(")
                                      : replace_all(each.object.name, " ", "") == wanted;
    if (!named) continue;
    found = true;
    for (const auto& [privilege, grantable] : privileges_of(of[1]))
      if (asked.rights.may(who, each.object, privilege, grantable)) return true;
  }
  if (!found) raise_sql("42883", "function \"" + of[0] + "\" does not exist");
  return false;
}

// Is a user in the role or group, or a role in the role?
bool of_member(duckdb::ClientContext&, const Asked&, const Identity& who, const std::vector<string>& of) {
  return std::ranges::find(who.roles, of[0]) != who.roles.end() ||
         std::ranges::find(who.groups, of[0]) != who.groups.end();
}

// (user, ..) or (..), as many arguments as `arguments` without the user.
template <Question ask, size_t arguments>
void run_question(duckdb::DataChunk& input, duckdb::ExpressionState& state, duckdb::Vector& result) {
  auto& expression = state.expr.Cast<duckdb::BoundFunctionExpression>();
  const auto& asked = expression.bind_info->Cast<Asked>();
  result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
  for (duckdb::idx_t row = 0; row < input.size(); ++row) {
    std::vector<string> of;
    bool null = false;
    for (duckdb::idx_t i = 0; i < input.ColumnCount(); ++i) {
      const auto value = input.GetValue(i, row);
      null = null || value.IsNull();
      of.push_back(value.IsNull() ? "" : value.ToString());
    }
    if (null) {
      result.SetValue(row, duckdb::Value(duckdb::LogicalType::BOOLEAN));
      continue;
    }
    string user = asked.context.user;
    if (of.size() > arguments) {
      user = of[0];
      of.erase(of.begin());
    }
    result.SetValue(row, duckdb::Value::BOOLEAN(ask(state.GetContext(), asked, asked.identity(user), of)));
  }
}

template <Question ask, size_t arguments>
void add_question(Registry& registry, const char* name) {
  duckdb::ScalarFunctionSet set(name);
  for (const size_t given : {arguments, arguments + 1, arguments + 2}) {
    // The last is of an object's number.
    const bool numbered = given == arguments + 2;
    if (numbered && arguments != 2) continue;
    duckdb::vector<duckdb::LogicalType> types(numbered ? arguments : given, duckdb::LogicalType::VARCHAR);
    if (numbered) types[0] = duckdb::LogicalType::BIGINT;
    duckdb::ScalarFunction function(types, duckdb::LogicalType::BOOLEAN, run_question<ask, arguments>, bind_asked);
    function.stability = duckdb::FunctionStability::VOLATILE;
    function.null_handling = duckdb::FunctionNullHandling::SPECIAL_HANDLING;
    set.AddFunction(function);
  }
  registry.add(set);
}

}  // namespace

void add_rights(Registry& registry) {
  add_question<of_table, 2>(registry, "has_table_privilege");
  add_question<of_column, 3>(registry, "has_column_privilege");
  add_question<of_schema, 2>(registry, "has_schema_privilege");
  add_question<of_database, 2>(registry, "has_database_privilege");
  add_question<of_function, 2>(registry, "has_function_privilege");
  add_question<of_member, 1>(registry, "user_is_member_of");
}

}  // namespace tarn::sql::engine
