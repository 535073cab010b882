// The variables of a running procedure, scope by scope, and the expressions over them, which the session evaluates.
#pragma once

#include <map>

#include "sql/plpgsql.h"

namespace tarn::sql {

constexpr std::string_view kPlText = "VARCHAR";  // the engine's word, as values carry it

struct PlVariable {
  PlValue value;
  bool constant = false, not_null = false;
  bool record = false;
  std::vector<std::pair<std::string, PlValue>> fields;  // of a record
  bool cursor = false;
  const PlDeclaration* bound = nullptr;  // of a bound cursor
  std::unique_ptr<PlCursor> open;
};

// The type of a value of the column, in the engine's words.
std::string pl_type(const ResultColumn& column);

class PlFrame {
 public:
  // LIFETIME: body and host outlive it.
  PlFrame(const PlBody& body, PlHost& host) : body_(body), host_(host) {}

  void declare(const std::string& name, PlVariable variable) { scopes_.back()[name] = std::move(variable); }
  // nullptr: no such variable.
  PlVariable* find(const std::string& name);
  // ERRORS: SqlError 42601.
  Result<PlVariable*> known(const std::string& name);
  // The value takes the variable's own type: VARCHAR := int, NUMERIC(8,2) := text.
  Status assign(const PlTarget& target, PlValue value);
  // Rows into targets: one a column, or all into one record. Missing ones are NULL.
  Status assign_row(const std::vector<PlTarget>& targets, const std::vector<ResultColumn>& columns,
                    const std::vector<std::optional<std::string>>* row);
  void set_found(bool found) { find("found")->value.text = found ? "true" : "false"; }

  struct Bound {
    std::string sql;
    std::vector<Param> params;
  };
  // The fragment's text with variables as parameters. `hole`: tokens to leave out (INTO and its targets).
  Result<Bound> bind(const PlFragment& fragment, const PlFragment& hole = {});
  // The first value of the first row; NULL without rows.
  Result<PlValue> one(const std::string& sql, const std::vector<Param>& params);
  Result<PlValue> evaluate(const PlFragment& fragment);
  Result<bool> condition(const PlFragment& fragment);
  // ERRORS: SqlError 22004 for NULL, with `what` it is.
  Result<std::string> text(const PlFragment& fragment, std::string_view what);
  Result<int64_t> integer(const PlFragment& fragment);

 protected:
  using Scope = std::map<std::string, PlVariable>;

  const PlBody& body_;
  PlHost& host_;
  std::vector<Scope> scopes_;
  std::map<std::string, std::string> arguments_;  // "$1" -> its name
  std::map<std::string, std::string> aliases_;
  std::map<std::string, size_t> labels_;  // of the blocks that run: which scope is theirs

 private:
  bool opens_columns(const PlFragment& fragment, uint32_t open) const;
  const PlValue* variable_at(const PlFragment& fragment, uint32_t i, uint32_t& last);
};

}  // namespace tarn::sql
