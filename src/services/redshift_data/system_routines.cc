// Functions and procedures, with their arguments as PostgreSQL's catalog tells them.
#include "base/json.h"
#include "services/redshift_data/system_source.h"

namespace tarn::redshift_data {
namespace {

std::string_view mode_of(const sql::Argument& argument) {
  switch (argument.mode) {
    case sql::Argument::Mode::kIn: return "i";
    case sql::Argument::Mode::kOut: return "o";
    case sql::Argument::Mode::kInOut: return "b";
  }
  return "i";
}

// Without its length: "character varying".
std::string bare_type(const sql::SqlType& type) {
  const std::string shown = sql::shown_type(type);
  return shown.substr(0, shown.find('('));
}

// What a CALL gives: nothing, a value, or a row of them.
std::string result_of(const std::vector<sql::Argument>& arguments) {
  std::string result = "void";
  for (const sql::Argument& argument : arguments) {
    if (argument.mode == sql::Argument::Mode::kIn) continue;
    result = result == "void" ? bare_type(argument.type) : "record";
  }
  return result;
}

std::string volatility_letter(const std::string& word) {
  return word == "IMMUTABLE" ? "i" : word == "STABLE" ? "s" : "v";
}

}  // namespace

Status routines(Source& source) {
  for (const sql::StoredRoutine& routine : source.catalog.routines) {
    std::optional<std::string> result;
    std::string returns = "void", volatility = "v";
    std::vector<sql::Argument> arguments;
    if (const auto function = parsed_as<sql::CreateFunction>(routine.definition)) {
      result = sql::shown_type(function->returns);
      returns = bare_type(function->returns);
      volatility = volatility_letter(function->volatility);
      arguments = function->arguments;
    } else if (const auto procedure = parsed_as<sql::CreateProcedure>(routine.definition)) {
      returns = result_of(procedure->arguments);
      arguments = procedure->arguments;
    }
    Json names = Json::array(), modes = Json::array(), types = Json::array();
    for (const sql::Argument& argument : arguments) {
      names.push(argument.name);
      modes.push(std::string(mode_of(argument)));
      types.push(bare_type(argument.type));
    }
    source.rows.push_back({routine.schema, routine.name, routine.signature, routine.procedure ? "p" : "f",
                           routine.owner, routine.definition, result, names.text(), modes.text(), types.text(), returns,
                           "false", volatility, routine.procedure ? "plpgsql" : "sql"});
  }
  return {};
}

}  // namespace tarn::redshift_data
