// What stands in FROM.
#include <algorithm>

#include "base/text.h"
#include "sql/engine/errors.h"
#include "sql/engine/session_state.h"
#include "sql/engine/trino_parser.h"

namespace tarn::sql::engine::trino {

using duckdb::make_uniq;
using duckdb::QueryNode;
using duckdb::SelectNode;
using duckdb::unique_ptr;
using std::string;

std::vector<string> using_names(const duckdb::TableRef& from) {
  std::vector<string> names;
  const duckdb::TableRef* table = &from;
  while (table->type == duckdb::TableReferenceType::JOIN) {
    const auto& join = table->Cast<duckdb::JoinRef>();
    if (join.using_columns.empty()) break;
    for (const string& name : join.using_columns) {
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
    table = join.left.get();
  }
  return names;
}

TablePtr Parser::from_list() {
  auto left = joined();
  while (take_op(",")) {
    auto join = make_uniq<duckdb::JoinRef>(duckdb::JoinRefType::CROSS);
    join->left = std::move(left);
    join->right = joined();
    join->is_implicit = true;
    left = std::move(join);
  }
  return left;
}

TablePtr Parser::joined() {
  const Nested nested(*this);
  auto left = sampled();
  while (true) {
    auto join = make_uniq<duckdb::JoinRef>();
    bool natural = false;
    if (is("cross") && is("join", 1)) {
      at_ += 2;
      join->ref_type = duckdb::JoinRefType::CROSS;
      join->left = std::move(left);
      join->right = sampled();
      left = std::move(join);
      continue;
    }
    const size_t from = at_;
    if (take("natural")) natural = true;
    if (is("left") || is("right") || is("full")) {
      join->type = is("left") ? duckdb::JoinType::LEFT : is("right") ? duckdb::JoinType::RIGHT : duckdb::JoinType::OUTER;
      ++at_;
      take("outer");
    } else {
      take("inner");
    }
    if (!take("join")) {
      if (at_ != from) mismatched("'JOIN'");
      return left;
    }
    join->left = std::move(left);
    if (natural) {
      join->ref_type = duckdb::JoinRefType::NATURAL;
      join->right = sampled();
    } else {
      join->right = joined_right();
      if (take("using")) {
        expect_op("(");
        do {
          const size_t at = here();
          string name = identifier();
          if (std::ranges::find(join->using_columns, name) != join->using_columns.end()) {
            raise("DUPLICATE_COLUMN_NAME", "Column '" + name + "' appears multiple times in USING clause", place(at));
          }
          join->using_columns.push_back(std::move(name));
        } while (take_op(","));
        expect_op(")");
      } else {
        if (!is("on")) mismatched("'ON', 'USING'");
        const size_t at = tokens_[++at_].begin;
        join->condition = join_condition(at);
      }
    }
    left = std::move(join);
  }
}

ParsedPtr Parser::join_condition(size_t at) {
  const bool outer = std::exchange(in_join_condition_, true);
  auto result = condition(expression(), "JOIN ON clause", at);
  in_join_condition_ = outer;
  return result;
}

// a JOIN b JOIN c ON .. ON ..: the right side is a join if another one starts before ON.
TablePtr Parser::joined_right() {
  auto right = sampled();
  while (is("join") || is("inner") || is("left") || is("right") || is("full") || is("cross")) {
    const size_t from = at_;
    auto join = make_uniq<duckdb::JoinRef>();
    if (take("cross")) {
      expect("join");
      join->ref_type = duckdb::JoinRefType::CROSS;
      join->left = std::move(right);
      join->right = sampled();
      right = std::move(join);
      continue;
    }
    if (is("left") || is("right") || is("full")) {
      join->type = is("left") ? duckdb::JoinType::LEFT : is("right") ? duckdb::JoinType::RIGHT : duckdb::JoinType::OUTER;
      ++at_;
      take("outer");
    } else {
      take("inner");
    }
    if (!take("join")) {
      at_ = from;
      return right;
    }
    join->left = std::move(right);
    join->right = joined_right();
    if (!is("on")) mismatched("'ON', 'USING'");
    const size_t at = tokens_[++at_].begin;
    join->condition = join_condition(at);
    right = std::move(join);
  }
  return right;
}

TablePtr Parser::sampled() {
  auto table = aliased();
  if (take("tablesample")) {
    auto options = make_uniq<duckdb::SampleOptions>();
    if (take("system")) {
      options->method = duckdb::SampleMethod::SYSTEM_SAMPLE;
    } else {
      expect("bernoulli");
      options->method = duckdb::SampleMethod::BERNOULLI_SAMPLE;
    }
    expect_op("(");
    const size_t at = here();
    if (peek().kind != TokenKind::kNumber) mismatched("<number>");
    const double percent = std::strtod(tokens_[at_++].text.c_str(), nullptr);
    if (percent < 0 || percent > 100) {
      raise("INVALID_ARGUMENTS", "Sample percentage must be between 0 and 100", place(at));
    }
    expect_op(")");
    options->is_percentage = true;
    options->sample_size = duckdb::Value::DOUBLE(percent);
    options->repeatable = false;
    table->sample = std::move(options);
  }
  return table;
}

bool Parser::alias_follows() const {
  if (!is_identifier()) return false;
  if (peek().kind == TokenKind::kQuotedName) return true;
  if (is("tablesample") || (is("match_recognize") && is_op("(", 1))) return false;
  if (is("limit") || is("offset")) {
    return peek(1).kind != TokenKind::kNumber && peek(1).kind != TokenKind::kQuestion && !is("all", 1);
  }
  if (is("fetch") && (is("first", 1) || is("next", 1))) return false;
  if (is("window") && is("as", 2)) return false;
  return true;
}

// `at`: where the table's text begins.
void Parser::alias(duckdb::TableRef& table, size_t at) {
  if (take("as")) {
    table.alias = identifier();
  } else if (alias_follows()) {
    table.alias = identifier();
  } else {
    return;
  }
  if (take_op("(")) {
    table.column_name_alias.clear();
    do table.column_name_alias.push_back(identifier());
    while (take_op(","));
    expect_op(")");
    if (table.type != duckdb::TableReferenceType::SUBQUERY) return;
    const auto columns = columns_of(*table.Cast<duckdb::SubqueryRef>().subquery->node);
    if (columns && columns->names.size() != table.column_name_alias.size()) {
      raise("MISMATCHED_COLUMN_ALIASES", "Column alias list has " + std::to_string(table.column_name_alias.size()) +
            " entries but '" + lower(table.alias) + "' has " + std::to_string(columns->names.size()) + " columns available", place(at));
    }
  }
}

TablePtr Parser::aliased() {
  const size_t at = here();
  auto table = table_primary();
  const bool join = table->type == duckdb::TableReferenceType::JOIN;
  if (join && alias_follows()) mismatched("',', ')', 'JOIN'");
  if (!join) alias(*table, at);
  if (!is("match_recognize")) return table;
  table = match_recognize(std::move(table));
  alias(*table, at);
  return table;
}

TablePtr Parser::table_primary() {
  const Nested nested(*this);
  if (is("unnest")) return unnest();
  if (is("json_table") && is_op("(", 1)) return json_table();
  if (is("lateral") && is_op("(", 1)) {
    ++at_;
    expect_op("(");
    auto table = make_uniq<duckdb::SubqueryRef>(inner_query());
    expect_op(")");
    return table;
  }
  if (is("table") && is_op("(", 1)) raise("NOT_SUPPORTED", "Table functions are not supported.", place(here()));
  if (is_op("(")) {
    // A query or a join in parentheses: whatever stands behind the opening ones decides.
    size_t ahead = 0;
    while (is_op("(", ahead)) ++ahead;
    const bool query_inside = is("select", ahead) || is("values", ahead) || is("with", ahead) || is("table", ahead);
    const size_t from = at_;
    ++at_;
    if (query_inside) {
      // ((SELECT 1) AS a JOIN b ..) starts as a query does: try the query first.
      bool is_join = false;
      if (ahead > 1) {
        int depth = 0;
        for (size_t i = at_; i < tokens_.size(); ++i) {
          if (tokens_[i].is_op("(")) ++depth;
          if (tokens_[i].is_op(")") && --depth == 0) {
            const Token& next = tokens_[std::min(i + 1, tokens_.size() - 1)];
            is_join = !next.is_op(")") && !next.is("union") && !next.is("except") && !next.is("intersect") &&
                      !next.is("order") && !next.is("limit") && !next.is("offset");
            break;
          }
        }
      }
      if (!is_join) {
        auto table = make_uniq<duckdb::SubqueryRef>(query());
        expect_op(")");
        return table;
      }
    }
    at_ = from + 1;
    auto table = joined();
    expect_op(")");
    return table;
  }
  const size_t at = here();
  std::vector<string> parts = {identifier()};
  while (take_op(".")) parts.push_back(identifier());
  if (is_op("(")) raise("FUNCTION_NOT_FOUND", "Table function '" + lower(parts.back()) + "' not registered", place(at));
  auto table = named_table(std::move(parts), at);
  if (is("for") && (is("timestamp", 1) || is("version", 1) || is("system_time", 1) || is("system_version", 1)))
    as_of(*table);
  return table;
}

// UNNEST(a, b, ..) [WITH ORDINALITY]: side by side, padded with NULL; maps give two columns, arrays of rows one a field.
TablePtr Parser::unnest() {
  const size_t at = here();
  expect("unnest");
  expect_op("(");
  duckdb::vector<ParsedPtr> lists;
  do lists.push_back(expression());
  while (take_op(","));
  expect_op(")");
  const bool ordinality = take("with");
  if (ordinality) expect("ordinality");
  // SELECT unnest(rows, max_depth := 2) FROM (SELECT .. AS rows): one list of structs, its fields become the columns.
  // How many columns the alias names decides about arrays of rows: as many as there are arrays, and each row is a column.
  int32_t named = 0;
  {
    size_t ahead = is("as") ? 1 : 0;
    if (is_identifier(ahead) && is_op("(", ahead + 1)) {
      for (ahead += 2; is_identifier(ahead); ahead += is_op(",", ahead + 1) ? 2 : 1) ++named;
    }
  }
  lists.push_back(constant_of(duckdb::Value::INTEGER(named - (ordinality && named > 0 ? 1 : 0))));
  auto rows = typed_call(ordinality ? "unnest_rows_with_ordinality" : "unnest_rows", place(at), std::move(lists));
  duckdb::vector<ParsedPtr> children;
  children.push_back(std::move(rows));
  auto depth = constant_of(duckdb::Value::UINTEGER(2));
  depth->SetAlias("max_depth");
  children.push_back(std::move(depth));
  auto node = make_uniq<SelectNode>();
  node->select_list.push_back(native_call("unnest", std::move(children)));
  node->from_table = make_uniq<duckdb::EmptyTableRef>();
  return make_uniq<duckdb::SubqueryRef>(as_statement(std::move(node)), "unnest");
}

}  // namespace tarn::sql::engine::trino
