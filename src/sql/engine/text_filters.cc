#include "sql/engine/text_filters.h"

#include "duckdb/optimizer/optimizer_extension.hpp"
#include "duckdb/planner/expression_iterator.hpp"
#include "duckdb/planner/filter/expression_filter.hpp"
#include "duckdb/planner/filter/optional_filter.hpp"
#include "duckdb/planner/operator/list.hpp"
#include "sql/engine/values.h"

namespace tarn::sql::engine {
namespace {

using duckdb::ClientContext;
using duckdb::Expression;
using duckdb::ExpressionClass;
using duckdb::ExpressionType;
using duckdb::TableFilter;
using duckdb::unique_ptr;
using duckdb::Value;

constexpr const char* kSameText = "same_text";
constexpr const char* kWithoutBlanks = "without_blanks";
constexpr size_t kMaxWanted = 16;  // more are looked up faster in IN's own hash table

// --- the function ------------------------------------------------------------------------------------------------------

bool is_same(std::string_view text, std::string_view wanted) {
  if (!text.starts_with(wanted)) return false;
  return text.find_first_not_of(' ', wanted.size()) == std::string_view::npos;
}

void same_text(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  std::vector<duckdb::string_t> wanted;
  for (duckdb::idx_t i = 1; i < input.ColumnCount(); ++i)
    wanted.push_back(duckdb::ConstantVector::GetData<duckdb::string_t>(input.data[i])[0]);
  const auto is_wanted = [&](duckdb::string_t text) {
    return std::any_of(wanted.begin(), wanted.end(), [&](const duckdb::string_t& one) {
      return text.GetSize() == one.GetSize() ? text == one : text.GetSize() > one.GetSize() && is_same(view(text), view(one));
    });
  };
  duckdb::UnaryExecutor::Execute<duckdb::string_t, bool>(input.data[0], result, input.size(), is_wanted);
}

// --- comparisons become calls of it --------------------------------------------------------------------------------------

// The constant text, if it is one.
const std::string* text_of(const Expression& e) {
  if (e.GetExpressionType() != ExpressionType::VALUE_CONSTANT) return nullptr;
  const Value& value = e.Cast<duckdb::BoundConstantExpression>().value;
  return value.IsNull() || value.type().id() != duckdb::LogicalTypeId::VARCHAR ? nullptr : &duckdb::StringValue::Get(value);
}

void simplify(ClientContext& context, unique_ptr<Expression>& e) {
  duckdb::ExpressionIterator::EnumerateChildren(*e, [&](unique_ptr<Expression>& child) { simplify(context, child); });
  duckdb::vector<unique_ptr<Expression>> arguments;
  const auto take = [&](Expression& subject, unique_ptr<Expression>* first, unique_ptr<Expression>* end) {
    if (!is_without_blanks(subject) || static_cast<size_t>(end - first) > kMaxWanted) return false;
    if (!std::all_of(first, end, [](const auto& wanted) { return text_of(*wanted) != nullptr; })) return false;
    arguments.push_back(std::move(subject.Cast<duckdb::BoundFunctionExpression>().children[0]));
    std::move(first, end, std::back_inserter(arguments));
    return true;
  };
  const ExpressionType type = e->GetExpressionType();
  if (type == ExpressionType::COMPARE_EQUAL || type == ExpressionType::COMPARE_NOTEQUAL) {
    auto& comparison = e->Cast<duckdb::BoundComparisonExpression>();
    if (!take(*comparison.left, &comparison.right, &comparison.right + 1) &&
        !take(*comparison.right, &comparison.left, &comparison.left + 1)) {
      return;
    }
  } else if (type == ExpressionType::COMPARE_IN || type == ExpressionType::COMPARE_NOT_IN) {
    auto& children = e->Cast<duckdb::BoundOperatorExpression>().children;
    if (!take(*children[0], children.data() + 1, children.data() + children.size())) return;
  } else {
    return;
  }
  const std::string alias = e->GetAlias();
  e = call(context, kFunctionSchema, kSameText, std::move(arguments));
  if (type == ExpressionType::COMPARE_NOTEQUAL || type == ExpressionType::COMPARE_NOT_IN) {
    auto negated =
        duckdb::make_uniq<duckdb::BoundOperatorExpression>(ExpressionType::OPERATOR_NOT, duckdb::LogicalType::BOOLEAN);
    negated->children.push_back(std::move(e));
    e = std::move(negated);
  }
  e->SetAlias(alias);
}

// --- scans ---------------------------------------------------------------------------------------------------------------

// 'abc', 'abc ' .. all lie in ['abc', 'abc!'): files and row groups that hold nothing of it are skipped. Optional: it is asked
// of statistics only, not of rows.
void add_range(const Expression& e, duckdb::ConjunctionAndFilter& filters) {
  if (e.GetExpressionClass() != ExpressionClass::BOUND_FUNCTION) return;
  const auto& call = e.Cast<duckdb::BoundFunctionExpression>();
  if (call.function.name != kSameText || call.children[0]->GetExpressionClass() != ExpressionClass::BOUND_REF) return;
  std::string least = *text_of(*call.children[1]), most = least;
  for (size_t i = 2; i < call.children.size(); ++i) {
    least = std::min(least, *text_of(*call.children[i]));
    most = std::max(most, *text_of(*call.children[i]));
  }
  const auto add = [&](ExpressionType type, std::string bound) {
    auto filter = duckdb::make_uniq<duckdb::ConstantFilter>(type, Value(std::move(bound)));
    filters.child_filters.push_back(duckdb::make_uniq<duckdb::OptionalFilter>(std::move(filter)));
  };
  add(ExpressionType::COMPARE_GREATERTHANOREQUALTO, std::move(least));
  add(ExpressionType::COMPARE_LESSTHAN, most + "!");
}

void simplify_filter(ClientContext& context, unique_ptr<TableFilter>& filter) {
  if (filter->filter_type == duckdb::TableFilterType::CONJUNCTION_AND) {
    for (auto& child : filter->Cast<duckdb::ConjunctionAndFilter>().child_filters) simplify_filter(context, child);
    return;
  }
  if (filter->filter_type != duckdb::TableFilterType::EXPRESSION_FILTER) return;
  auto& expression = filter->Cast<duckdb::ExpressionFilter>().expr;
  simplify(context, expression);
  auto both = duckdb::make_uniq<duckdb::ConjunctionAndFilter>();
  add_range(*expression, *both);
  if (both->child_filters.empty()) return;
  both->child_filters.push_back(std::move(filter));
  filter = std::move(both);
}

void simplify_plan(ClientContext& context, duckdb::LogicalOperator& op) {
  for (auto& e : op.expressions) simplify(context, e);
  if (op.type == duckdb::LogicalOperatorType::LOGICAL_GET) {
    for (auto& [column, filter] : op.Cast<duckdb::LogicalGet>().table_filters.filters) simplify_filter(context, filter);
  }
  for (auto& child : op.children) simplify_plan(context, *child);
}

}  // namespace

unique_ptr<Expression> text_without_blanks(ClientContext& context, unique_ptr<Expression> text) {
  if (text->GetExpressionType() == ExpressionType::VALUE_CONSTANT) {
    const Value& value = text->Cast<duckdb::BoundConstantExpression>().value;
    if (value.IsNull()) return text;
    std::string cut = duckdb::StringValue::Get(value);
    cut.resize(cut.find_last_not_of(' ') + 1);
    return constant(Value(std::move(cut)));
  }
  return call(context, kFunctionSchema, kWithoutBlanks, arguments(std::move(text)));
}

bool is_without_blanks(const Expression& e) {
  return e.GetExpressionClass() == ExpressionClass::BOUND_FUNCTION &&
         e.Cast<duckdb::BoundFunctionExpression>().function.name == kWithoutBlanks;
}

void add_text_filters(duckdb::DatabaseInstance& database) {
  duckdb::OptimizerExtension rules;
  rules.optimize_function = [](duckdb::OptimizerExtensionInput& input, unique_ptr<duckdb::LogicalOperator>& plan) {
    simplify_plan(input.context, *plan);
  };
  duckdb::DBConfig::GetConfig(database).optimizer_extensions.push_back(std::move(rules));
}

void add_same_text(Registry& registry) {
  using duckdb::LogicalType;
  duckdb::ScalarFunction function(kSameText, {LogicalType::VARCHAR}, LogicalType::BOOLEAN, same_text);
  function.varargs = LogicalType::VARCHAR;
  registry.add(std::move(function));
}

}  // namespace tarn::sql::engine
