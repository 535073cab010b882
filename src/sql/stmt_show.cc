// SHOW.
#include "base/text.h"
#include "sql/sql_error.h"
#include "sql/stmt_redshift.h"

namespace tarn::sql {
namespace {

Status like_and_limit(Reader& reader, Show& show) {
  if (reader.accept("like")) show.like = TRY(reader.string());
  if (reader.accept("limit")) show.limit = TRY(reader.integer());
  return reader.expect_end();
}

Result<Show> constraints(Reader& reader) {
  Show show;
  show.kind = Show::Kind::kPrimaryKeys;
  if (!reader.accept("primary", "keys")) {
    TRY(reader.expect("foreign", "keys"));
    show.kind = reader.accept("exported") ? Show::Kind::kExportedKeys : Show::Kind::kForeignKeys;
  }
  TRY(reader.expect("from", "table"));
  show.of = TRY(reader.qualified_name());
  return show;
}

// ON [kind] name [FOR ..] | FOR .. [FROM DATABASE name]
Result<Show> grants(Reader& reader) {
  Show show;
  show.kind = Show::Kind::kGrants;
  if (reader.accept("for")) {
    show.grantee = TRY(parse_grantee(reader));
    if (reader.accept("from")) {
      TRY(reader.expect("database"));
      show.of = TRY(reader.qualified_name());
    }
    return show;
  }
  TRY(reader.expect("on"));
  show.object_kind = "TABLE";
  for (const std::string_view kind : {"table", "schema", "database", "function", "procedure"})
    if (reader.peek(1).is_name() && reader.accept(kind)) {
      show.object_kind = upper(kind);
      break;
    }
  show.of = TRY(reader.qualified_name());
  if (reader.peek().is_op("(")) TRY(reader.skip_parentheses());
  if (reader.accept("for")) show.grantee = TRY(parse_grantee(reader));
  return show;
}

}  // namespace

Result<Statement> parse_show(Reader& reader) {
  Show show;
  const Token first = reader.peek();
  if (reader.accept("databases")) {
    show.kind = Show::Kind::kDatabases;
    if (reader.peek().is("from"))
      return sql_error(kNotSupported, "SHOW DATABASES FROM DATA CATALOG is not supported yet", first.begin + 1);
  } else if (reader.accept("schemas")) {
    show.kind = Show::Kind::kSchemas;
    if (reader.accept("from")) {
      TRY(reader.expect("database"));
      show.of = TRY(reader.qualified_name());
    }
  } else if (reader.accept("tables")) {
    show.kind = Show::Kind::kTables;
    if (reader.accept("from")) {
      TRY(reader.expect("schema"));
      show.of = TRY(reader.qualified_name());
    }
  } else if (reader.accept("columns")) {
    show.kind = Show::Kind::kColumns;
    TRY(reader.expect("from", "table"));
    show.of = TRY(reader.qualified_name());
  } else if (reader.accept("procedure")) {
    show.kind = Show::Kind::kProcedure;
    show.of = TRY(reader.qualified_name());
    if (reader.peek().is_op("(")) TRY(reader.skip_parentheses());
  } else if (reader.accept("external", "table")) {
    show.kind = Show::Kind::kExternalTable;
    show.of = TRY(reader.qualified_name());
    reader.accept("partition");
  } else if (reader.peek(1).is_name() && reader.accept("table")) {
    show.kind = Show::Kind::kTable;
    show.of = TRY(reader.qualified_name());
  } else if (reader.peek(1).is_name() && reader.accept("view")) {
    show.kind = Show::Kind::kView;
    show.of = TRY(reader.qualified_name());
  } else if (reader.accept("procedures") || reader.accept("functions")) {
    show.kind = first.text == "procedures" ? Show::Kind::kProcedures : Show::Kind::kFunctions;
    if (reader.accept("from")) {
      TRY(reader.expect("schema"));
      show.of = TRY(reader.qualified_name());
    }
  } else if (reader.accept("parameters")) {
    show.kind = Show::Kind::kParameters;
    TRY(reader.expect("of"));
    show.procedure = reader.accept("procedure");
    if (!show.procedure) TRY(reader.expect("function"));
    show.of = TRY(reader.qualified_name());
    for (const std::string& type : TRY(parse_argument_types(reader, show.procedure)))
      show.signature += (show.signature.empty() ? "" : ", ") + type;
  } else if (reader.accept("constraints")) {
    show = TRY(constraints(reader));
  } else if (reader.accept("column", "grants")) {
    show.kind = Show::Kind::kColumnGrants;
    TRY(reader.expect("on", "table"));
    show.of = TRY(reader.qualified_name());
    if (reader.accept("for")) show.grantee = TRY(parse_grantee(reader));
  } else if (reader.accept("grants")) {
    show = TRY(grants(reader));
  } else {
    for (const std::string_view other : {"external", "view", "table", "grants", "functions", "procedures", "parameters",
                                         "model", "datashares", "column", "policies"})
      if (reader.peek().is(other) && reader.peek(1).kind != TokenKind::kEnd)
        return sql_error(kNotSupported, "SHOW " + upper(other) + " is not supported yet", first.begin + 1);
    std::string name = TRY(reader.name());
    while (reader.accept_op(".")) name += "." + TRY(reader.name());
    if (name == "time" && reader.accept("zone")) name = "timezone";
    if (name == "transaction" && reader.accept("isolation", "level")) name = "transaction_isolation";
    TRY(reader.expect_end());
    return ShowVariable{std::move(name)};
  }
  TRY(like_and_limit(reader, show));
  return show;
}

}  // namespace tarn::sql
