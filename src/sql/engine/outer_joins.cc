// AWS: Oracle-style outer joins in the WHERE clause.
#include "sql/engine/outer_joins.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "sql/engine/errors.h"

namespace tarn::sql::engine {
namespace {

using duckdb::ExpressionClass;
using duckdb::ExpressionType;
using std::string;
using ParsedPtr = duckdb::unique_ptr<duckdb::ParsedExpression>;
using TablePtr = duckdb::unique_ptr<duckdb::TableRef>;

bool is_outer(const duckdb::ParsedExpression& e) {
  return e.GetExpressionClass() == ExpressionClass::FUNCTION &&
         e.Cast<duckdb::FunctionExpression>().function_name == kOuterFunction;
}

bool has_outer(const duckdb::ParsedExpression& e) {
  bool found = is_outer(e);
  duckdb::ParsedExpressionIterator::EnumerateChildren(
      e, [&](const duckdb::ParsedExpression& child) { found = found || has_outer(child); });
  return found;
}

string qualifier(const duckdb::ParsedExpression& column) {
  const auto& names = column.Cast<duckdb::ColumnRefExpression>().column_names;
  return names.size() < 2 ? "" : lower(names[names.size() - 2]);
}

// A condition that joins: the tables whose columns have the mark, and those of the others. "" for a column without a table.
struct Condition {
  ParsedPtr expression;
  std::set<string> outer, others;
  bool unnamed = false;  // another column's table is not said
};

void unmark(ParsedPtr& e, Condition& condition, bool either) {
  if (is_outer(*e)) {
    if (either) raise_sql("42601", "Outer join operator (+) not allowed in operand of OR or IN.");
    ParsedPtr column = std::move(e->Cast<duckdb::FunctionExpression>().children[0]);
    condition.outer.insert(qualifier(*column));
    e = std::move(column);
    return;
  }
  if (e->GetExpressionClass() == ExpressionClass::COLUMN_REF) condition.others.insert(qualifier(*e));
  const auto type = e->GetExpressionType();
  either = either || type == ExpressionType::CONJUNCTION_OR || type == ExpressionType::COMPARE_IN ||
           type == ExpressionType::COMPARE_NOT_IN;
  duckdb::ParsedExpressionIterator::EnumerateChildren(*e, [&](ParsedPtr& child) { unmark(child, condition, either); });
}

void split(ParsedPtr e, std::vector<ParsedPtr>& parts) {
  if (e->GetExpressionType() != ExpressionType::CONJUNCTION_AND) return parts.push_back(std::move(e));
  for (auto& child : e->Cast<duckdb::ConjunctionExpression>().children) split(std::move(child), parts);
}

ParsedPtr both(ParsedPtr a, ParsedPtr b) {
  if (!a) return b;
  return duckdb::make_uniq<duckdb::ConjunctionExpression>(ExpressionType::CONJUNCTION_AND, std::move(a), std::move(b));
}

string name_of(const duckdb::TableRef& table) {
  if (!table.alias.empty()) return lower(table.alias);
  if (table.type != duckdb::TableReferenceType::BASE_TABLE) return "";
  return lower(table.Cast<duckdb::BaseTableRef>().table_name);
}

void flatten(TablePtr table, std::vector<TablePtr>& tables) {
  if (table->type != duckdb::TableReferenceType::JOIN) return tables.push_back(std::move(table));
  auto& join = table->Cast<duckdb::JoinRef>();
  if (join.ref_type != duckdb::JoinRefType::CROSS)
    raise_sql("42601", "Outer join operator (+) cannot be used in a query block with join syntax in its FROM clause");
  flatten(std::move(join.left), tables);
  flatten(std::move(join.right), tables);
}

TablePtr joined(TablePtr left, TablePtr right, ParsedPtr condition) {
  if (!left) return right;
  auto join = duckdb::make_uniq<duckdb::JoinRef>(condition ? duckdb::JoinRefType::REGULAR : duckdb::JoinRefType::CROSS);
  join->type = condition ? duckdb::JoinType::LEFT : duckdb::JoinType::INNER;
  join->left = std::move(left);
  join->right = std::move(right);
  join->condition = std::move(condition);
  return join;
}

// * in the order of FROM, as the joins may have another.
void name_stars(duckdb::SelectNode& node, const std::vector<TablePtr>& tables) {
  duckdb::vector<ParsedPtr> items;
  for (auto& item : node.select_list) {
    const bool all = item->GetExpressionClass() == ExpressionClass::STAR &&
                     item->Cast<duckdb::StarExpression>().relation_name.empty();
    if (!all) {
      items.push_back(std::move(item));
      continue;
    }
    for (const auto& table : tables) items.push_back(duckdb::make_uniq<duckdb::StarExpression>(name_of(*table)));
  }
  node.select_list = std::move(items);
}

// The conditions of each table that is joined outside; the others stay in WHERE.
std::map<string, Condition> conditions_of(duckdb::SelectNode& node) {
  std::vector<ParsedPtr> parts;
  split(std::move(node.where_clause), parts);
  node.where_clause.reset();
  std::vector<Condition> marked;
  std::set<string> named;
  for (auto& part : parts) {
    if (!has_outer(*part)) {
      node.where_clause = both(std::move(node.where_clause), std::move(part));
      continue;
    }
    Condition& condition = marked.emplace_back();
    unmark(part, condition, false);
    condition.expression = std::move(part);
    named.insert(condition.outer.begin(), condition.outer.end());
  }
  named.erase("");
  std::map<string, Condition> all;
  for (Condition& condition : marked) {
    if (condition.outer.erase("") > 0) {  // whose column it is says the only table that has the mark
      if (named.size() != 1)
        raise_sql("42601", "A column with the outer join operator (+) needs the name of its table");
      condition.outer.insert(*named.begin());
    }
    if (condition.outer.size() != 1) raise_sql("42601", "A join condition may have one outer-joined table");
    const string& table = *condition.outer.begin();
    const bool unnamed = condition.others.erase("") > 0;
    condition.others.erase(table);
    Condition& of = all[table];
    of.unnamed = of.unnamed || unnamed;
    of.expression = both(std::move(of.expression), std::move(condition.expression));
    of.others.insert(condition.others.begin(), condition.others.end());
    if (of.others.size() > 1) raise_sql("42601", "A table may be outer joined to at most one other table.");
  }
  return all;
}

}  // namespace

void join_outside(duckdb::SelectNode& node) {
  if (!node.where_clause || !has_outer(*node.where_clause)) return;
  std::map<string, Condition> conditions = conditions_of(node);
  std::vector<TablePtr> tables;
  flatten(std::move(node.from_table), tables);
  name_stars(node, tables);
  const auto here = [&](const string& name) {
    return std::ranges::any_of(tables, [&](const TablePtr& table) { return name_of(*table) == name; });
  };
  for (auto at = conditions.begin(); at != conditions.end();) {
    auto& [name, condition] = *at;
    if (condition.others.empty() && condition.unnamed) {
      if (tables.size() != 2)
        raise_sql("42601", "A column that is compared with one with (+) needs the name of its table");
      condition.others.insert(name_of(*tables[name_of(*tables[0]) == name ? 1 : 0]));
    }
    if (here(name) && !condition.others.empty() && here(*condition.others.begin())) {
      ++at;
      continue;
    }
    // AWS: elsewhere than between two tables of the query it says nothing.
    node.where_clause = both(std::move(node.where_clause), std::move(condition.expression));
    at = conditions.erase(at);
  }
  std::set<string> placed;
  TablePtr all;
  for (auto& table : tables) {
    if (conditions.contains(name_of(*table))) continue;
    placed.insert(name_of(*table));
    all = joined(std::move(all), std::move(table), nullptr);
  }
  for (bool more = true; more;) {
    more = false;
    for (auto& table : tables) {
      if (!table || !all) continue;
      const string name = name_of(*table);
      Condition& condition = conditions[name];
      if (!placed.contains(*condition.others.begin())) continue;
      all = joined(std::move(all), std::move(table), std::move(condition.expression));
      placed.insert(name);
      more = true;
    }
  }
  for (const auto& table : tables)
    if (table) raise_sql("42601", "Tables are outer joined to each other: " + name_of(*table));
  node.from_table = std::move(all);
}

}  // namespace tarn::sql::engine
