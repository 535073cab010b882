#include "sql/plpgsql_frame.h"

#include "base/text.h"
#include "sql/sql_error.h"

namespace tarn::sql {
namespace {

// A type in the client's words: the token rules make the engine's of them, and refuse the engine's own.
std::string words_of(std::string_view type) {
  return std::string(type.starts_with("rs_") ? type.substr(3) : type);
}
bool is_text(std::string_view type) {
  return type == kPlText || type.starts_with("rs_varchar") || type.starts_with("rs_char");
}

}  // namespace

std::string pl_type(const ResultColumn& column) {
  if (column.type == "varchar") return std::string(kPlText);
  if (column.type == "bpchar") return "rs_char(" + std::to_string(std::max(column.length, 1)) + ")";
  if (column.type == "numeric")
    return "DECIMAL(" + std::to_string(column.precision) + "," + std::to_string(column.scale) + ")";
  return column.type;
}

// --- variables -----------------------------------------------------------------------------------------------------------

PlVariable* PlFrame::find(const std::string& name) {
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope)
    if (const auto found = scope->find(name); found != scope->end()) {
      if (!aliases_.empty())
        if (const auto alias = aliases_.find(name); alias != aliases_.end() && alias->second != name)
          return find(alias->second);
      return &found->second;
    }
  return nullptr;
}

Result<PlVariable*> PlFrame::known(const std::string& name) {
  if (PlVariable* variable = find(name)) return variable;
  return sql_error(kSyntaxError, "\"" + name + "\" is not a known variable");
}

Status PlFrame::assign(const PlTarget& target, PlValue value) {
  PlVariable& variable = *TRY(known(target.name));
  if (!target.field.empty()) {
    for (auto& [name, field] : variable.fields)
      if (name == target.field) {
        field.text = std::move(value.text);
        return {};
      }
    return sql_error("42703", "record \"" + target.name + "\" has no field \"" + target.field + "\"");
  }
  if (variable.constant) return sql_error("22005", "\"" + target.name + "\" is declared CONSTANT");
  if (variable.not_null && !value.text)
    return sql_error("22004", "null value cannot be assigned to variable \"" + target.name + "\" declared NOT NULL");
  // The text takes the variable's own type: VARCHAR := int, NUMERIC(8,2) := text.
  if (value.text && !variable.value.type.empty() && value.type != variable.value.type &&
      !is_text(variable.value.type))
    value.text = TRY(one("SELECT CAST(:v AS " + words_of(variable.value.type) + ")", {{"v", value.text, value.type}})).text;
  if (value.text && variable.value.type.starts_with("rs_") && value.type != variable.value.type)
    value.text =
        TRY(one("SELECT CAST(:v AS " + words_of(variable.value.type) + ")", {{"v", value.text, std::string(kPlText)}}))
            .text;
  variable.value.text = std::move(value.text);
  return {};
}

// Rows into targets: one a column, or all into one record. Missing ones are NULL.
Status PlFrame::assign_row(const std::vector<PlTarget>& targets, const std::vector<ResultColumn>& columns,
                  const std::vector<std::optional<std::string>>* row) {
  if (targets.size() == 1 && targets[0].field.empty() && TRY(known(targets[0].name))->record) {
    PlVariable& record = *TRY(known(targets[0].name));
    record.fields.clear();
    for (size_t i = 0; i < columns.size(); ++i)
      record.fields.emplace_back(columns[i].name, PlValue{row ? (*row)[i] : std::nullopt, pl_type(columns[i])});
    return {};
  }
  for (size_t i = 0; i < targets.size(); ++i) {
    PlValue value;
    if (row && i < row->size()) value = {(*row)[i], pl_type(columns[i])};
    TRY(assign(targets[i], std::move(value)));
  }
  return {};
}

// --- expressions ---------------------------------------------------------------------------------------------------------

// The fragment's text with variables as parameters. `hole`: tokens to leave out (INTO and its targets).
Result<PlFrame::Bound> PlFrame::bind(const PlFragment& fragment, const PlFragment& hole) {
  Bound bound;
  uint32_t from = body_.tokens[fragment.first].begin;
  const uint32_t end = body_.tokens[fragment.last - 1].end;
  bool columns = false;  // in INSERT INTO t (a, b): names of columns
  for (uint32_t i = fragment.first; i < fragment.last; ++i) {
    const Token& token = body_.tokens[i];
    if (!hole.empty() && i >= hole.first && i < hole.last) {
      if (i == hole.first) bound.sql += body_.source.substr(from, token.begin - from);
      from = body_.tokens[hole.last - 1].end;
      continue;
    }
    if (token.is_op("(") && opens_columns(fragment, i)) columns = true;
    if (token.is_op(")")) columns = false;
    uint32_t last = i;
    const PlValue* value = columns ? nullptr : variable_at(fragment, i, last);
    if (value == nullptr) continue;
    const std::string name = "pl" + std::to_string(bound.params.size() + 1);
    bound.sql += body_.source.substr(from, token.begin - from) + ":" + name;
    bound.params.push_back({name, value->text, value->type});
    from = body_.tokens[last].end;
    i = last;
  }
  if (from < end) bound.sql += body_.source.substr(from, end - from);
  return bound;
}

// INSERT INTO t (
bool PlFrame::opens_columns(const PlFragment& fragment, uint32_t open) const {
  uint32_t i = open;
  while (i > fragment.first && (body_.tokens[i - 1].is_name() || body_.tokens[i - 1].is_op(".")) &&
         !body_.tokens[i - 1].is("into") && !body_.tokens[i - 1].is("values"))
    --i;
  return i < open && i >= fragment.first + 2 && body_.tokens[i - 1].is("into") && body_.tokens[i - 2].is("insert");
}

// The variable that the token names; not where it names something else.
const PlValue* PlFrame::variable_at(const PlFragment& fragment, uint32_t i, uint32_t& last) {
  const Token& token = body_.tokens[i];
  if (token.kind == TokenKind::kPositional) {
    const auto argument = arguments_.find("$" + token.text);
    return argument == arguments_.end() ? nullptr : &find(argument->second)->value;
  }
  if (!token.is_name()) return nullptr;
  const Token& before = i > fragment.first ? body_.tokens[i - 1] : body_.tokens.back();
  for (const std::string_view word : {"as", "from", "join", "into", "table", "update", "set"})
    if (before.is(word)) return nullptr;
  const Token& next = body_.tokens[i + 1];
  if (before.is_op(".") || next.is_op("(")) return nullptr;
  // AWS: structure of PL/pgSQL. A block's label qualifies its variables.
  const auto label = next.is_op(".") && i + 2 < fragment.last ? labels_.find(lower(token.text)) : labels_.end();
  if (label != labels_.end()) {
    Scope& scope = scopes_[label->second];
    const auto found = scope.find(lower(body_.tokens[i + 2].text));
    if (found != scope.end() && !found->second.record) {
      last = i + 2;
      return &found->second.value;
    }
  }
  PlVariable* variable = find(lower(token.text));
  if (variable == nullptr) return nullptr;
  if (!next.is_op(".")) return variable->record ? nullptr : &variable->value;
  if (!variable->record || i + 2 >= fragment.last) return nullptr;
  for (const auto& [name, field] : variable->fields)
    if (name == lower(body_.tokens[i + 2].text)) {
      last = i + 2;
      return &field;
    }
  return nullptr;
}

// The first value of the first row; NULL without rows.
Result<PlValue> PlFrame::one(const std::string& sql, const std::vector<Param>& params) {
  PlOutcome outcome = TRY(host_.run(sql, params));
  if (!outcome.cursor) return sql_error(kSyntaxError, "the expression gives no value");
  PlValue value;
  std::vector<std::optional<std::string>> row;
  if (TRY(outcome.cursor->next(row)) && !row.empty()) value.text = std::move(row[0]);
  if (!outcome.cursor->columns().empty()) value.type = pl_type(outcome.cursor->columns()[0]);
  return value;
}

Result<PlValue> PlFrame::evaluate(const PlFragment& fragment) {
  // A literal or a variable needs no engine.
  const Token& token = body_.tokens[fragment.first];
  if (fragment.last - fragment.first == 1 && token.kind == TokenKind::kString)
    return PlValue{token.text, std::string(kPlText)};
  uint32_t last = fragment.first;
  if (const PlValue* value = variable_at(fragment, fragment.first, last); value && last + 1 == fragment.last)
    return *value;
  const Bound bound = TRY(bind(fragment));
  return one("SELECT " + bound.sql, bound.params);
}

Result<bool> PlFrame::condition(const PlFragment& fragment) {
  const PlValue value = TRY(evaluate(fragment));
  return value.text && (*value.text == "true" || *value.text == "t" || *value.text == "1");
}

Result<std::string> PlFrame::text(const PlFragment& fragment, std::string_view what) {
  PlValue value = TRY(evaluate(fragment));
  if (!value.text) return sql_error("22004", std::string(what) + " is NULL");
  return std::move(*value.text);
}

Result<int64_t> PlFrame::integer(const PlFragment& fragment) {
  const std::string value = TRY(text(fragment, "a bound of the FOR loop"));
  if (const auto number = parse_int(value)) return *number;
  const Bound bound = TRY(bind(fragment));
  const PlValue cast = TRY(one("SELECT CAST(" + bound.sql + " AS bigint)", bound.params));
  return parse_int(cast.text.value_or("")).value_or(0);
}

}  // namespace tarn::sql
