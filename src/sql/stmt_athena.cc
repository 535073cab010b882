// Which of Athena's statements a text is, and the parts that several share.
#include "sql/stmt_athena.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "sql/sql_error.h"
#include "sql/stmt_athena_tokens.h"

namespace tarn::sql::athena {
namespace {

Failure mismatched(const Reader& reader, const Token& token) {
  const std::string shown =
      token.kind == TokenKind::kEnd ? "<EOF>" : std::string(reader.source(token.begin, token.end));
  return sql_error(kSyntaxError, fmt::format("mismatched input '{}'", shown), token.begin + 1);
}

Failure refused(std::string_view what, const Token& token) {
  return sql_error(kNotSupported, fmt::format("{} is not supported", what), token.begin + 1);
}

// What follows, to the end, as written.
std::string rest(const Reader& reader) {
  const size_t from = reader.peek().begin;
  return std::string(trim(reader.source(from, reader.source().size())));
}

Result<std::vector<std::string>> name_list(Reader& reader) {
  std::vector<std::string> names;
  TRY(reader.expect_op("("));
  do names.push_back(TRY(parse_name(reader)));
  while (reader.accept_op(","));
  TRY(reader.expect_op(")"));
  return names;
}

bool starts_query(const Token& token) {
  return token.is("select") || token.is("with") || token.is("values") || token.is("table") || token.is_op("(");
}

// (a = 'x', b = ARRAY['y', 'z'], c = 1)
Result<std::vector<std::pair<std::string, std::vector<std::string>>>> with_properties(Reader& reader) {
  std::vector<std::pair<std::string, std::vector<std::string>>> all;
  TRY(reader.expect_op("("));
  do {
    auto& [name, values] = all.emplace_back();
    name = TRY(parse_name(reader));
    TRY(reader.expect_op("="));
    if (reader.accept("array")) {
      TRY(reader.expect_op("["));
      if (!reader.accept_op("]")) {
        do values.push_back(TRY(reader.string()));
        while (reader.accept_op(","));
        TRY(reader.expect_op("]"));
      }
      continue;
    }
    const Token& token = reader.peek();
    if (token.kind != TokenKind::kString && token.kind != TokenKind::kNumber && token.kind != TokenKind::kWord)
      return mismatched(reader, token);
    values.push_back(reader.next().text);
  } while (reader.accept_op(","));
  TRY(reader.expect_op(")"));
  return all;
}

Result<Statement> create_database(Reader& reader) {
  CreateDatabase create;
  create.if_not_exists = reader.accept("if", "not", "exists");
  const Name name = TRY(parse_table_name(reader));
  create.catalog = name.database;
  create.name = name.name;
  while (!reader.at_end()) {
    if (reader.accept("comment"))
      create.comment = TRY(reader.string());
    else if (reader.accept("location"))
      create.location = TRY(reader.string());
    else if (reader.accept("with", "dbproperties"))
      create.properties = TRY(parse_properties(reader));
    else
      return mismatched(reader, reader.peek());
  }
  return create;
}

Result<Statement> drop_database(Reader& reader) {
  DropDatabase drop;
  drop.if_exists = reader.accept("if", "exists");
  const Name name = TRY(parse_table_name(reader));
  drop.catalog = name.database;
  drop.name = name.name;
  drop.cascade = reader.accept("cascade");
  if (!drop.cascade) (void)reader.accept("restrict");
  TRY(reader.expect_end());
  return drop;
}

Result<Statement> alter_database(Reader& reader) {
  AlterDatabase alter;
  const Name name = TRY(parse_table_name(reader));
  alter.catalog = name.database;
  alter.name = name.name;
  TRY(reader.expect("set", "dbproperties"));
  alter.properties = TRY(parse_properties(reader));
  TRY(reader.expect_end());
  return alter;
}

Result<Statement> create_table_as(Reader& reader) {
  CreateTableAs create;
  create.if_not_exists = reader.accept("if", "not", "exists");
  create.table = TRY(parse_table_name(reader));
  if (reader.accept("comment")) (void)TRY(reader.string());
  if (reader.accept("with")) create.properties = TRY(with_properties(reader));
  TRY(reader.expect("as"));
  if (!starts_query(reader.peek())) return mismatched(reader, reader.peek());
  const size_t from = reader.peek().begin;
  size_t to = reader.source().size();
  // WITH [NO] DATA stands at the very end.
  while (!reader.at_end()) {
    const size_t at = reader.peek().begin;
    const size_t index = reader.index();
    const bool no = reader.accept("with", "no", "data");
    if ((no || reader.accept("with", "data")) && reader.at_end()) {
      create.with_data = !no;
      to = at;
      break;
    }
    reader.seek(index);
    reader.next();
  }
  create.query = std::string(trim(reader.source(from, to)));
  return create;
}

// CREATE TABLE is Trino's with AS, Hive's (for Iceberg) without.
bool has_as_query(const Reader& reader) {
  int depth = 0;
  for (size_t i = 0; reader.peek(i).kind != TokenKind::kEnd; ++i) {
    const Token& token = reader.peek(i);
    if (token.is_op("(")) ++depth;
    if (token.is_op(")")) --depth;
    if (depth == 0 && token.is("as") && starts_query(reader.peek(i + 1))) return true;
  }
  return false;
}

Result<Statement> create_view(Reader& reader, bool or_replace) {
  CreateView create;
  create.or_replace = or_replace;
  create.view = TRY(parse_table_name(reader));
  if (reader.peek().is_op("(")) create.columns = TRY(name_list(reader));
  if (reader.accept("comment")) (void)TRY(reader.string());
  if (reader.accept("security")) (void)reader.next();
  TRY(reader.expect("as"));
  if (!starts_query(reader.peek())) return mismatched(reader, reader.peek());
  create.query = rest(reader);
  return create;
}

Result<Statement> drop_table(Reader& reader, bool view) {
  DropTable drop;
  drop.view = view;
  drop.if_exists = reader.accept("if", "exists");
  drop.table = TRY(parse_table_name(reader));
  (void)reader.accept("purge");
  TRY(reader.expect_end());
  return drop;
}

// 'pattern' or LIKE 'pattern'
Result<std::optional<std::string>> pattern(Reader& reader) {
  const bool like = reader.accept("like");
  if (reader.peek().kind == TokenKind::kString) return std::optional(reader.next().text);
  if (like) return mismatched(reader, reader.peek());
  return std::nullopt;
}

Result<Statement> show(Reader& reader) {
  Show show{};
  using Kind = Show::Kind;
  const auto in_database = [&]() -> Status {
    if (!reader.accept("in") && !reader.accept("from")) return {};
    const Name name = TRY(parse_table_name(reader));
    show.of.catalog = name.database;
    show.of.database = name.name;
    return {};
  };
  if (reader.accept("databases") || reader.accept("schemas")) {
    show.kind = Kind::kDatabases;
    if (reader.accept("in") || reader.accept("from")) show.of.catalog = TRY(parse_name(reader));
    show.pattern = TRY(pattern(reader));
  } else if (reader.accept("tables") || reader.accept("views")) {
    show.kind = Kind::kTables;  // which of the two the caller sees
    TRY(in_database());
    show.pattern = TRY(pattern(reader));
  } else if (reader.accept("partitions")) {
    show.kind = Kind::kPartitions;
    show.of = TRY(parse_table_name(reader));
  } else if (reader.accept("columns")) {
    show.kind = Kind::kColumns;
    if (!reader.accept("in") && !reader.accept("from")) return mismatched(reader, reader.peek());
    show.of = TRY(parse_table_name(reader));
    if (reader.accept("in") || reader.accept("from")) show.of.database = TRY(parse_name(reader));
  } else if (reader.accept("tblproperties")) {
    show.kind = Kind::kProperties;
    show.of = TRY(parse_table_name(reader));
    if (reader.accept_op("(")) {
      show.pattern = TRY(reader.string());
      TRY(reader.expect_op(")"));
    }
  } else if (reader.accept("create", "table") || reader.accept("create", "view")) {
    show.kind = Kind::kCreateTable;  // and of these
    show.of = TRY(parse_table_name(reader));
  } else {
    return refused("SHOW " + upper(reader.peek().text), reader.peek());
  }
  TRY(reader.expect_end());
  return show;
}

Result<Statement> describe(Reader& reader) {
  Describe describe;
  if (reader.accept("extended"))
    describe.extended = true;
  else if (reader.accept("formatted"))
    describe.formatted = true;
  (void)reader.accept("table");
  (void)reader.accept("view");
  describe.table = TRY(parse_table_name(reader));
  if (reader.accept("partition")) describe.partition = TRY(parse_partition(reader));
  if (!reader.at_end()) describe.column = TRY(parse_name(reader));
  TRY(reader.expect_end());
  return describe;
}

Result<Statement> insert(Reader& reader) {
  TRY(reader.expect("into"));
  (void)reader.accept("table");
  Insert insert;
  insert.table = TRY(parse_table_name(reader));
  // A parenthesis opens a list of columns, or the query.
  if (reader.peek().is_op("(") && !starts_query(reader.peek(1))) insert.columns = TRY(name_list(reader));
  if (!starts_query(reader.peek())) return mismatched(reader, reader.peek());
  insert.query = rest(reader);
  return insert;
}

Result<Statement> unload(Reader& reader) {
  Unload unload;
  if (!reader.peek().is_op("(")) return mismatched(reader, reader.peek());
  const auto [begin, end] = TRY(reader.skip_parentheses());
  unload.query = std::string(trim(reader.source(begin + 1, end - 1)));
  TRY(reader.expect("to"));
  unload.location = TRY(reader.string());
  if (reader.accept("with")) unload.properties = TRY(with_properties(reader));
  TRY(reader.expect_end());
  return unload;
}

// Expressions split at the commas that stand in no parentheses.
Result<std::vector<std::string>> arguments(Reader& reader) {
  std::vector<std::string> all;
  size_t from = reader.peek().begin;
  int depth = 0;
  while (true) {
    const Token& token = reader.peek();
    if (token.kind == TokenKind::kEnd || (depth == 0 && token.is_op(","))) {
      all.emplace_back(trim(reader.source(from, token.begin)));
      if (all.back().empty()) return mismatched(reader, token);
      if (token.kind == TokenKind::kEnd) return all;
      reader.next();
      from = reader.peek().begin;
      continue;
    }
    if (token.is_op("(") || token.is_op("[")) ++depth;
    if (token.is_op(")") || token.is_op("]")) --depth;
    reader.next();
  }
}

Result<Statement> execute(Reader& reader) {
  Execute execute;
  if (reader.accept("immediate"))
    execute.statement = TRY(reader.string());
  else
    execute.name = TRY(parse_name(reader));
  if (reader.accept("using")) execute.arguments = TRY(arguments(reader));
  TRY(reader.expect_end());
  return execute;
}

Result<Statement> explain(Reader& reader) {
  Explain explain;
  explain.analyze = reader.accept("analyze");
  (void)reader.accept("verbose");
  // The engine's parser reads the options; what EXPLAIN ANALYZE runs has none.
  const bool options = reader.peek().is_op("(") && (reader.peek(1).is("format") || reader.peek(1).is("type"));
  if (options && explain.analyze) TRY(reader.skip_parentheses());
  explain.sql = rest(reader);
  if (explain.sql.empty()) return mismatched(reader, reader.peek());
  return explain;
}

struct Form {
  std::array<std::string_view, 4> words;
  std::string_view type, substatement;
  Result<Statement> (*parse)(Reader&);
};

Result<Statement> query(Reader& reader) {
  return Query{std::string(reader.source())};  // from its first byte on: errors name places
}

// Longer ones before their beginnings.
const Form kForms[] = {
    {{"create", "database"}, "DDL", "CREATE_DATABASE", create_database},
    {{"create", "schema"}, "DDL", "CREATE_DATABASE", create_database},
    {{"drop", "database"}, "DDL", "DROP_DATABASE", drop_database},
    {{"drop", "schema"}, "DDL", "DROP_DATABASE", drop_database},
    {{"alter", "database"}, "DDL", "ALTER_DATABASE", alter_database},
    {{"alter", "schema"}, "DDL", "ALTER_DATABASE", alter_database},
    {{"create", "external", "table"}, "DDL", "CREATE_TABLE",
     [](Reader& reader) { return parse_create_table(reader, true); }},
    {{"create", "or", "replace", "view"}, "DDL", "CREATE_VIEW",
     [](Reader& reader) { return create_view(reader, true); }},
    {{"create", "view"}, "DDL", "CREATE_VIEW", [](Reader& reader) { return create_view(reader, false); }},
    {{"drop", "table"}, "DDL", "DROP_TABLE", [](Reader& reader) { return drop_table(reader, false); }},
    {{"drop", "view"}, "DDL", "DROP_VIEW", [](Reader& reader) { return drop_table(reader, true); }},
    {{"alter", "table"}, "DDL", "ALTER_TABLE", parse_alter_table},
    {{"msck", "repair", "table"}, "DDL", "MSCK_REPAIR_TABLE",
     [](Reader& reader) -> Result<Statement> {
       const Name table = TRY(parse_table_name(reader));
       TRY(reader.expect_end());
       return RepairTable{table};
     }},
    {{"show", "functions"}, "UTILITY", "SHOW_FUNCTIONS", query},
    {{"show"}, "UTILITY", "SHOW", show},
    {{"describe"}, "UTILITY", "DESCRIBE_TABLE", describe},
    {{"desc"}, "UTILITY", "DESCRIBE_TABLE", describe},
    {{"insert"}, "DML", "INSERT", insert},
    {{"delete"}, "DML", "DELETE", parse_delete},
    {{"update"}, "DML", "UPDATE", parse_update},
    {{"merge"}, "DML", "MERGE", parse_merge},
    {{"optimize"}, "DML", "OPTIMIZE", parse_optimize},
    {{"vacuum"}, "DML", "VACUUM", parse_vacuum},
    {{"unload"}, "DML", "UNLOAD", unload},
    {{"prepare"}, "DDL", "PREPARE",
     [](Reader& reader) -> Result<Statement> {
       Prepare prepare{TRY(parse_name(reader)), {}};
       TRY(reader.expect("from"));
       prepare.statement = rest(reader);
       if (prepare.statement.empty()) return mismatched(reader, reader.peek());
       return prepare;
     }},
    {{"execute"}, "DML", "EXECUTE", execute},
    {{"deallocate", "prepare"}, "DDL", "DEALLOCATE",
     [](Reader& reader) -> Result<Statement> {
       Deallocate gone{TRY(parse_name(reader))};
       TRY(reader.expect_end());
       return gone;
     }},
    {{"explain"}, "UTILITY", "EXPLAIN", explain},
    {{"select"}, "DML", "SELECT", query},
    {{"with"}, "DML", "SELECT", query},
    {{"values"}, "DML", "SELECT", query},
    {{"table"}, "DML", "SELECT", query},
};

std::string_view precise(const Statement& statement, std::string_view substatement) {
  if (const auto* show = std::get_if<Show>(&statement)) {
    constexpr std::string_view kNames[] = {"SHOW_DATABASES", "SHOW_TABLES",        "SHOW_VIEWS",        "SHOW_PARTITIONS",
                                           "SHOW_COLUMNS",   "SHOW_TBLPROPERTIES", "SHOW_CREATE_TABLE", "SHOW_CREATE_VIEW"};
    return kNames[static_cast<size_t>(show->kind)];
  }
  if (const auto* alter = std::get_if<AlterTable>(&statement)) {
    constexpr std::string_view kNames[] = {
        "ALTER_TABLE_ADD_PARTITION",   "ALTER_TABLE_DROP_PARTITION", "ALTER_TABLE_RENAME_PARTITION",
        "ALTER_TABLE_ADD_COLUMNS",     "ALTER_TABLE_REPLACE_COLUMNS", "ALTER_TABLE_CHANGE_COLUMN",
        "ALTER_TABLE_SET_LOCATION",    "ALTER_TABLE_SET_TBLPROPERTIES", "ALTER_TABLE_DROP_COLUMN",
        "ALTER_TABLE_UNSET_TBLPROPERTIES", "ALTER_TABLE_RENAME"};
    return kNames[static_cast<size_t>(alter->kind)];
  }
  return substatement;
}

}  // namespace

Result<std::string> parse_name(Reader& reader) {
  if (!reader.peek().is_name()) return mismatched(reader, reader.peek());
  return lower(reader.next().text);
}

Result<Name> parse_table_name(Reader& reader) {
  std::vector<std::string> parts;
  do {
    const Token& token = reader.peek();
    const bool several = token.dollar && token.text.find('.') != std::string::npos;
    const std::string name = TRY(parse_name(reader));
    if (several)
      for (const std::string_view part : split(name, '.')) parts.emplace_back(part);
    else
      parts.push_back(name);
  } while (reader.accept_op("."));
  if (parts.size() > 3) return sql_error(kSyntaxError, "a table's name has three parts at most", reader.previous_end());
  Name name;
  name.name = parts.back();
  if (parts.size() > 1) name.database = parts[parts.size() - 2];
  if (parts.size() > 2) name.catalog = parts[0];
  return name;
}

Result<Properties> parse_properties(Reader& reader) {
  Properties all;
  TRY(reader.expect_op("("));
  do {
    const bool quoted = reader.peek().kind == TokenKind::kQuotedName;
    std::string name = quoted ? reader.next().text : TRY(reader.string());
    TRY(reader.expect_op("="));
    all.emplace_back(std::move(name), TRY(reader.string()));
  } while (reader.accept_op(","));
  TRY(reader.expect_op(")"));
  return all;
}

Result<Partition> parse_partition(Reader& reader) {
  Partition partition;
  TRY(reader.expect_op("("));
  do {
    std::string name = TRY(parse_name(reader));
    TRY(reader.expect_op("="));
    const bool minus = reader.accept_op("-");
    const Token& value = reader.peek();
    if (value.kind != TokenKind::kString && value.kind != TokenKind::kNumber && value.kind != TokenKind::kWord)
      return mismatched(reader, value);
    partition.values.emplace_back(std::move(name), (minus ? "-" : "") + reader.next().text);
  } while (reader.accept_op(","));
  TRY(reader.expect_op(")"));
  return partition;
}

Result<Recognised> recognise(std::string_view text) {
  std::vector<Token> tokens = TRY(tokens_of(text));
  size_t end = tokens.size() - 1;
  while (end > 0 && tokens[end - 1].is_op(";")) --end;
  if (end == 0) return sql_error(kSyntaxError, "mismatched input '<EOF>'", 1);
  for (size_t i = 0; i < end; ++i)
    if (tokens[i].is_op(";"))
      return sql_error(kSyntaxError, fmt::format("Only one sql statement is allowed. Got: {}", text),
                       tokens[i].begin + 1);
  // What the query parser would say of a query when it runs can be said now.
  int open = 0;
  for (size_t i = 0; i < end; ++i) {
    open += tokens[i].is_op("(") - tokens[i].is_op(")");
    if (open < 0) return sql_error(kSyntaxError, "mismatched input ')'", tokens[i].begin + 1);
  }
  const size_t length = tokens[end - 1].end;
  if (open > 0) return sql_error(kSyntaxError, "mismatched input '<EOF>'. Expecting: ')'", length + 1);
  tokens.resize(end);
  tokens.push_back({TokenKind::kEnd, static_cast<uint32_t>(length), static_cast<uint32_t>(length), ""});
  Reader reader(text.substr(0, length), tokens);

  if (tokens[0].is("create") && tokens[1].is("table")) {
    (void)reader.accept("create", "table");
    const bool as_query = has_as_query(reader);
    Statement made = as_query ? TRY(create_table_as(reader)) : TRY(parse_create_table(reader, false));
    return Recognised{std::move(made), "DDL", as_query ? "CREATE_TABLE_AS_SELECT" : "CREATE_TABLE"};
  }
  if (tokens[0].is_op("(")) return Recognised{TRY(query(reader)), "DML", "SELECT"};
  for (const Form& form : kForms) {
    size_t words = 0;
    while (words < form.words.size() && !form.words[words].empty() && reader.peek(words).is(form.words[words])) ++words;
    if (words < form.words.size() && !form.words[words].empty()) continue;
    const bool views = form.words[0] == "show" && reader.peek(1).is("views");
    const bool view = form.words[0] == "show" && reader.peek(1).is("create") && reader.peek(2).is("view");
    reader.seek(words);
    Statement made = TRY(form.parse(reader));
    if (views) std::get<Show>(made).kind = Show::Kind::kViews;
    if (view) std::get<Show>(made).kind = Show::Kind::kCreateView;
    const std::string_view substatement = precise(made, form.substatement);
    return Recognised{std::move(made), form.type, substatement};
  }
  if (tokens[0].is("truncate")) return refused("TRUNCATE", tokens[0]);
  return mismatched(reader, tokens[0]);
}

Result<std::string> with_arguments(std::string_view text, const std::vector<std::string>& arguments) {
  const auto tokens = TRY(lex(text, {.backslash_escapes = false, .dollars = false}));
  std::string out;
  size_t at = 0, used = 0;
  for (const Token& token : tokens) {
    const bool question = token.kind == TokenKind::kQuestion || token.is_op("?");
    if (!question) continue;
    out += text.substr(at, token.begin - at);
    if (used < arguments.size()) out += arguments[used];
    ++used;
    at = token.end;
  }
  if (used != arguments.size())
    return sql_error(kInvalidParameter,
                     fmt::format("Incorrect number of parameters: expected {} but found {}", used, arguments.size()));
  return out + std::string(text.substr(at));
}

std::string line_and_column(std::string_view text, size_t position) {
  size_t line = 1, column = 1;
  for (size_t i = 0; i + 1 < position && i < text.size(); ++i) {
    ++column;
    if (text[i] == '\n') ++line, column = 1;
  }
  return fmt::format("line {}:{}", line, column);
}

}  // namespace tarn::sql::athena
