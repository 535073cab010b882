// CREATE FUNCTION, CREATE PROCEDURE, DROP of both, CALL.
#include "base/text.h"
#include "sql/sql_error.h"
#include "sql/stmt_redshift.h"

namespace tarn::sql {
namespace {

bool accept_mode(Reader& reader, Argument::Mode& mode) {
  if (reader.accept("inout"))
    mode = Argument::Mode::kInOut;
  else if (reader.accept("in", "out"))
    mode = Argument::Mode::kInOut;
  else if (reader.accept("in"))
    mode = Argument::Mode::kIn;
  else if (reader.accept("out"))
    mode = Argument::Mode::kOut;
  else
    return false;
  return true;
}

// [mode] [name] [mode] type. AWS: the mode stands before or behind the name.
Result<Argument> argument(Reader& reader) {
  Argument argument;
  const bool mode_first = accept_mode(reader, argument.mode);
  // One word that is a type is the type; a name has a type or a mode behind it.
  const Token& after = reader.peek(1);
  const bool has_name = reader.peek().is_name() && after.kind == TokenKind::kWord && !after.is("varying") &&
                        !after.is("precision") && !after.is("with") && !after.is("without") && !after.is("default");
  if (has_name) {
    argument.name = TRY(reader.name());
    if (!mode_first) accept_mode(reader, argument.mode);
  }
  argument.type = TRY(parse_type(reader));
  return argument;
}

Result<std::vector<Argument>> arguments(Reader& reader) {
  std::vector<Argument> all;
  TRY(reader.expect_op("("));
  if (reader.accept_op(")")) return all;
  do all.push_back(TRY(argument(reader)));
  while (reader.accept_op(","));
  TRY(reader.expect_op(")"));
  return all;
}

Result<std::string> language(Reader& reader) {
  if (reader.peek().kind == TokenKind::kString) return lower(TRY(reader.string()));
  return reader.name();
}

Status check_language(const std::string& language, std::string_view wanted, size_t position) {
  if (language == wanted) return {};
  if (language == "plpythonu")
    return sql_error(kNotSupported,
                     "LANGUAGE plpythonu is not supported: Amazon Redshift ended Python functions; write LANGUAGE sql",
                     position);
  return sql_error(kUndefinedObject, "language \"" + language + "\" does not exist", position);
}

}  // namespace

Result<Statement> parse_create_function(Reader& reader, bool or_replace) {
  CreateFunction function;
  function.or_replace = or_replace;
  function.name = TRY(reader.qualified_name());
  function.arguments = TRY(arguments(reader));
  size_t language_position = 0;
  bool returns = false;
  while (!reader.at_end()) {
    if (reader.accept("returns")) {
      function.returns = TRY(parse_type(reader));
      returns = true;
    } else if (reader.peek().is("stable") || reader.peek().is("volatile") || reader.peek().is("immutable")) {
      function.volatility = upper(reader.next().text);
    } else if (reader.accept("as")) {
      function.body = TRY(reader.string());
    } else if (reader.accept("language")) {
      language_position = reader.peek().begin + 1;
      function.language = TRY(language(reader));
    } else {
      return reader.unexpected();
    }
  }
  if (!returns || function.body.empty() || function.language.empty()) return reader.unexpected();
  TRY(check_language(function.language, "sql", language_position));
  return function;
}

Result<Statement> parse_create_procedure(Reader& reader, bool or_replace) {
  CreateProcedure procedure;
  procedure.or_replace = or_replace;
  procedure.name = TRY(reader.qualified_name());
  procedure.arguments = TRY(arguments(reader));
  bool body = false;
  while (!reader.at_end()) {
    if (reader.accept("nonatomic")) {
      procedure.nonatomic = true;
    } else if (reader.accept("as")) {
      const Token& token = reader.peek();
      procedure.body_position =
          token.begin + (token.dollar ? reader.source(token.begin, token.end).find('$', 1) + 1 : 1);
      procedure.body = TRY(reader.string());
      body = true;
    } else if (reader.accept("language")) {
      const size_t position = reader.peek().begin + 1;
      TRY(check_language(TRY(language(reader)), "plpgsql", position));
    } else if (reader.accept("security")) {
      procedure.security_definer = reader.accept("definer");
      if (!procedure.security_definer) TRY(reader.expect("invoker"));
    } else if (reader.peek().is("set")) {
      return sql_error(kNotSupported, "CREATE PROCEDURE .. SET is not supported yet", reader.peek().begin + 1);
    } else {
      return reader.unexpected();
    }
  }
  if (!body) return reader.unexpected();
  return procedure;
}

Result<std::vector<std::string>> parse_argument_types(Reader& reader, bool procedure) {
  std::vector<std::string> types;
  for (const Argument& argument : TRY(arguments(reader)))
    if (!procedure || argument.mode != Argument::Mode::kOut) types.push_back(shown_type(argument.type));
  return types;
}

Result<Statement> parse_drop_routine(Reader& reader, bool procedure) {
  DropRoutine drop;
  drop.procedure = procedure;
  drop.if_exists = reader.accept("if", "exists");
  drop.name = TRY(reader.qualified_name());
  if (reader.peek().is_op("(")) drop.argument_types = TRY(parse_argument_types(reader, procedure));
  if (!reader.accept("cascade")) reader.accept("restrict");
  TRY(reader.expect_end());
  return drop;
}

Result<std::vector<std::string>> parse_expressions(Reader& reader) {
  std::vector<std::string> all;
  TRY(reader.expect_op("("));
  if (reader.accept_op(")")) return all;
  size_t begin = reader.peek().begin;
  for (int depth = 0; depth >= 0;) {
    if (reader.at_end()) return reader.unexpected();
    const Token& token = reader.peek();
    const bool comma = depth == 0 && token.is_op(",");
    const bool close = depth == 0 && token.is_op(")");
    if (token.is_op("(") || token.is_op("[")) ++depth;
    if (token.is_op(")") || token.is_op("]")) --depth;
    if (comma || close) {
      if (reader.previous_end() <= begin) return reader.unexpected();
      all.emplace_back(reader.source(begin, reader.previous_end()));
    }
    reader.next();
    if (comma) begin = reader.peek().begin;
  }
  return all;
}

Result<Statement> parse_call(Reader& reader) {
  CallProcedure call;
  call.name = TRY(reader.qualified_name());
  if (!reader.peek().is_op("(")) return reader.unexpected();
  call.arguments = TRY(parse_expressions(reader));
  TRY(reader.expect_end());
  return call;
}

}  // namespace tarn::sql
