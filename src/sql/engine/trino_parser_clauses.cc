// GROUP BY, WINDOW, ORDER BY, OFFSET and LIMIT.
#include <algorithm>
#include <functional>

#include "base/text.h"
#include "sql/engine/errors.h"
#include "sql/engine/trino_parser.h"

namespace tarn::sql::engine::trino {

using duckdb::make_uniq;
using duckdb::QueryNode;
using duckdb::SelectNode;
using duckdb::unique_ptr;
using std::string;

// --- GROUP BY

std::vector<duckdb::GroupingSet> Parser::grouping_element(duckdb::GroupByNode& groups) {
  const auto index_of = [&](ParsedPtr e) {
    for (size_t i = 0; i < groups.group_expressions.size(); ++i) {
      if (groups.group_expressions[i]->Equals(*e)) return static_cast<duckdb::idx_t>(i);
    }
    groups.group_expressions.push_back(std::move(e));
    return static_cast<duckdb::idx_t>(groups.group_expressions.size() - 1);
  };
  // (a, b), () or a
  const auto set_of = [&] {
    duckdb::GroupingSet set;
    const size_t from = at_;
    if (take_op("(")) {
      if (take_op(")")) return set;
      duckdb::vector<ParsedPtr> list;
      do list.push_back(expression());
      while (take_op(","));
      if (take_op(")") && (is_op(",") || is_op(")") || peek().kind == TokenKind::kEnd || is("having") || is("order") ||
                           is("limit") || is("union") || is("except") || is("intersect") || is("window") ||
                           is("offset") || is("fetch"))) {
        for (auto& item : list) set.insert(index_of(std::move(item)));
        return set;
      }
      at_ = from;
    }
    set.insert(index_of(expression()));
    return set;
  };
  if (is("grouping") && is("sets", 1)) {
    at_ += 2;
    expect_op("(");
    std::vector<duckdb::GroupingSet> sets;
    do {
      for (auto& set : grouping_element(groups)) sets.push_back(std::move(set));
    } while (take_op(","));
    expect_op(")");
    return sets;
  }
  if (is("rollup") || is("cube")) {
    const bool cube = is("cube");
    ++at_;
    expect_op("(");
    std::vector<duckdb::GroupingSet> parts;
    if (!is_op(")")) {
      do parts.push_back(set_of());
      while (take_op(","));
    }
    expect_op(")");
    std::vector<duckdb::GroupingSet> sets;
    if (cube) {
      if (parts.size() > 12) raise("TOO_MANY_GROUPING_SETS", "GROUP BY has too many grouping sets", place(here()));
      for (size_t mask = size_t{1} << parts.size(); mask-- > 0;) {
        duckdb::GroupingSet set;
        for (size_t i = 0; i < parts.size(); ++i) {
          if (mask >> i & 1) set.insert(parts[i].begin(), parts[i].end());
        }
        sets.push_back(std::move(set));
      }
    } else {
      for (size_t n = parts.size() + 1; n-- > 0;) {
        duckdb::GroupingSet set;
        for (size_t i = 0; i < n; ++i) set.insert(parts[i].begin(), parts[i].end());
        sets.push_back(std::move(set));
      }
    }
    return sets;
  }
  return {set_of()};
}

void Parser::group_by(duckdb::GroupByNode& groups) {
  if (!take("distinct")) take("all");
  std::vector<duckdb::GroupingSet> product = {{}};
  do {
    const auto sets = grouping_element(groups);
    std::vector<duckdb::GroupingSet> next;
    for (const auto& left : product) {
      for (const auto& right : sets) {
        auto both = left;
        both.insert(right.begin(), right.end());
        next.push_back(std::move(both));
      }
    }
    product = std::move(next);
    if (product.size() > 2048)
      raise("TOO_MANY_GROUPING_SETS", "GROUP BY has too many grouping sets", place(here()));
  } while (take_op(","));
  groups.grouping_sets.assign(product.begin(), product.end());
}

void Parser::windows() {
  expect("window");
  named_windows_.back().clear();
  do {
    const string name = lower(identifier());
    expect("as");
    named_windows_.back()[name] = window_specification();
  } while (take_op(","));
}

// --- ORDER BY, OFFSET, LIMIT

duckdb::vector<duckdb::OrderByNode> Parser::sort_items() {
  duckdb::vector<duckdb::OrderByNode> orders;
  do {
    auto e = expression();
    auto type = duckdb::OrderType::ASCENDING;
    if (take("desc")) {
      type = duckdb::OrderType::DESCENDING;
    } else {
      take("asc");
    }
    auto nulls = duckdb::OrderByNullType::NULLS_LAST;  // AWS/Trino: whatever the direction
    if (take("nulls")) {
      if (take("first")) {
        nulls = duckdb::OrderByNullType::NULLS_FIRST;
      } else {
        expect("last");
      }
    }
    orders.emplace_back(type, nulls, std::move(e));
  } while (take_op(","));
  return orders;
}

namespace {

// The name of a select item, as ORDER BY may call it; empty: it has none.
string item_name(const duckdb::ParsedExpression& item) {
  if (item.HasAlias()) return lower(item.GetAlias());
  if (item.GetExpressionClass() != duckdb::ExpressionClass::COLUMN_REF) return "";
  return lower(item.Cast<duckdb::ColumnRefExpression>().GetColumnName());
}

// ORDER BY x where two columns of the result are called so: the engine would take one of them.
void refuse_ambiguous(const QueryNode& node, const duckdb::vector<duckdb::OrderByNode>& orders, duckdb::optional_idx place) {
  if (node.type != duckdb::QueryNodeType::SELECT_NODE) return;
  const auto& items = node.Cast<SelectNode>().select_list;
  for (const auto& order : orders) {
    if (order.expression->GetExpressionClass() != duckdb::ExpressionClass::COLUMN_REF) continue;
    const auto& column = order.expression->Cast<duckdb::ColumnRefExpression>();
    if (column.IsQualified()) continue;
    const duckdb::ParsedExpression* found = nullptr;
    for (const auto& item : items) {
      if (item_name(*item) != lower(column.GetColumnName())) continue;
      if (found && !found->Equals(*item))
        raise("AMBIGUOUS_NAME", "Column '" + lower(column.GetColumnName()) + "' is ambiguous", place);
      found = item.get();
    }
  }
}

bool has_star(const SelectNode& node) {
  for (const auto& item : node.select_list) {
    const auto kind = item->GetExpressionClass();
    if (kind == duckdb::ExpressionClass::STAR) return true;
    // The fields of a row, side by side.
    if (kind == duckdb::ExpressionClass::FUNCTION && item->Cast<duckdb::FunctionExpression>().function_name == "unnest") return true;
  }
  return false;
}

}  // namespace

// GROUP BY 3, where there are two items.
void Parser::refuse_position(const SelectNode& node, const duckdb::ParsedExpression& e, const char* clause, size_t at) const {
  if (e.GetExpressionClass() != duckdb::ExpressionClass::CONSTANT || has_star(node)) return;
  const auto& value = e.Cast<duckdb::ConstantExpression>().value;
  if (!value.type().IsIntegral() || value.IsNull()) return;
  const auto n = value.GetValue<int64_t>();
  if (n >= 1 && n <= static_cast<int64_t>(node.select_list.size())) return;
  raise("INVALID_COLUMN_REFERENCE", string(clause) + " position " + std::to_string(n) + " is not in select list", place(at));
}

// ORDER BY of SELECT DISTINCT: what is not an item has more than one value for a row.
void Parser::refuse_undistinct(const QueryNode& node, const duckdb::ParsedExpression& e, size_t at) const {
  if (node.type != duckdb::QueryNodeType::SELECT_NODE) return;
  const auto& select = node.Cast<SelectNode>();
  refuse_position(select, e, "ORDER BY", at);
  bool distinct = false;
  for (const auto& modifier : node.modifiers) distinct = distinct || modifier->type == duckdb::ResultModifierType::DISTINCT_MODIFIER;
  if (!distinct || has_star(select) || e.GetExpressionClass() == duckdb::ExpressionClass::CONSTANT) return;
  const bool column = e.GetExpressionClass() == duckdb::ExpressionClass::COLUMN_REF;
  const string name = column ? lower(e.Cast<duckdb::ColumnRefExpression>().GetColumnName()) : "";
  for (const auto& item : select.select_list) {
    if (item->Equals(e) || (column && item_name(*item) == name)) return;
    if (column && item->GetExpressionClass() == duckdb::ExpressionClass::COLUMN_REF &&
        lower(item->Cast<duckdb::ColumnRefExpression>().GetColumnName()) == name) {
      return;
    }
  }
  // An expression of the items' names is as good as one of the items.
  bool of_items = !column;
  const std::function<void(const duckdb::ParsedExpression&)> look = [&](const duckdb::ParsedExpression& part) {
    if (part.GetExpressionClass() == duckdb::ExpressionClass::COLUMN_REF) {
      const string part_name = lower(part.Cast<duckdb::ColumnRefExpression>().GetColumnName());
      of_items = of_items && std::any_of(select.select_list.begin(), select.select_list.end(),
                                         [&](const auto& item) { return item_name(*item) == part_name; });
    }
    duckdb::ParsedExpressionIterator::EnumerateChildren(part, look);
  };
  look(e);
  if (!of_items) {
    raise("EXPRESSION_NOT_IN_DISTINCT", "For SELECT DISTINCT, ORDER BY expressions must appear in select list", place(at));
  }
}

namespace {

// What ORDER BY means by 2, or by the name of an item.
ParsedPtr ordered_by(const SelectNode& node, const duckdb::ParsedExpression& e) {
  const auto& list = node.select_list;
  ParsedPtr found;
  if (e.GetExpressionClass() == duckdb::ExpressionClass::CONSTANT) {
    const auto n = parse_int(e.Cast<duckdb::ConstantExpression>().value.ToString());
    if (n && *n >= 1 && *n <= static_cast<int64_t>(list.size())) found = list[static_cast<size_t>(*n - 1)]->Copy();
  } else if (e.GetExpressionClass() == duckdb::ExpressionClass::COLUMN_REF) {
    const auto& column = e.Cast<duckdb::ColumnRefExpression>();
    for (const auto& item : list) {
      if (!found && !column.IsQualified() && item->HasAlias() && item_name(*item) == lower(column.GetColumnName())) found = item->Copy();
    }
  }
  if (!found) return e.Copy();
  found->ClearAlias();
  return found;
}

}  // namespace

// FETCH FIRST n ROWS WITH TIES: rows up to the rank n, instead of a number of rows.
void Parser::keep_ties(unique_ptr<QueryNode>& node, const duckdb::OrderModifier& order, duckdb::LimitModifier& limit) {
  const bool plain = node->type == duckdb::QueryNodeType::SELECT_NODE && node->modifiers.empty() &&
                     node->cte_map.map.empty() && !node->Cast<SelectNode>().qualify;
  if (!plain) node = wrapped(std::move(node));
  auto& select = node->Cast<SelectNode>();
  auto rank = make_uniq<duckdb::WindowExpression>(duckdb::ExpressionType::WINDOW_RANK, "", "", "rank");
  rank->start = duckdb::WindowBoundary::UNBOUNDED_PRECEDING;
  rank->end = duckdb::WindowBoundary::CURRENT_ROW_RANGE;
  for (const auto& each : order.orders) {
    rank->orders.emplace_back(each.type, each.null_order, ordered_by(select, *each.expression));
  }
  ParsedPtr last = std::move(limit.limit);
  if (limit.offset) last = native_call("+", items(std::move(last), limit.offset->Copy()));
  select.qualify = make_uniq<duckdb::ComparisonExpression>(duckdb::ExpressionType::COMPARE_LESSTHANOREQUALTO,
                                                           std::move(rank), std::move(last));
}

void Parser::order_and_limit(unique_ptr<QueryNode>& node) {
  auto limit = make_uniq<duckdb::LimitModifier>();
  unique_ptr<duckdb::OrderModifier> order;
  if (take("order")) {
    expect("by");
    order = make_uniq<duckdb::OrderModifier>();
    const size_t at = here();
    order->orders = sort_items();
    refuse_ambiguous(*node, order->orders, place(at));
    for (const auto& item : order->orders) refuse_undistinct(*node, *item.expression, at);
  }
  const auto count = [&]() -> ParsedPtr {
    if (peek().kind == TokenKind::kQuestion) return parameter(++questions_, tokens_[at_++].begin);
    if (peek().kind != TokenKind::kNumber) mismatched("'?', <integer>");
    const auto n = parse_int(tokens_[at_++].text);
    if (!n) raise("INVALID_LITERAL", "Invalid row count", place(tokens_[at_ - 1].begin));
    return constant_of(duckdb::Value::BIGINT(*n));
  };
  if (take("offset")) {
    limit->offset = count();
    if (!take("rows")) take("row");
  }
  bool ties = false;
  if (take("limit")) {
    if (!take("all")) limit->limit = count();
    // Athena takes LIMIT before OFFSET as well.
    if (!limit->offset && take("offset")) limit->offset = count();
  } else if (take("fetch")) {
    if (!take("first")) expect("next");
    limit->limit =
        is("row") || is("rows") ? ParsedPtr(constant_of(duckdb::Value::BIGINT(1))) : count();
    if (!take("rows")) expect("row");
    if (take("with")) {
      expect("ties");
      ties = true;
    } else {
      expect("only");
    }
  }
  if (ties) {
    if (!order) raise("MISSING_ORDER_BY", "FETCH FIRST WITH TIES clause requires ORDER BY", place(here()));
    keep_ties(node, *order, *limit);
  }
  if (order) {
    // Only columns may be sorted by over a set operation; an ordinal or a name of the first query.
    node->modifiers.push_back(std::move(order));
  }
  if (limit->limit || limit->offset) node->modifiers.push_back(std::move(limit));
}

}  // namespace tarn::sql::engine::trino
