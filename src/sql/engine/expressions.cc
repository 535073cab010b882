// Expressions: operators and functions become the dialect's, names are folded, parameters become values.
#include "base/text.h"
#include "sql/engine/errors.h"
#include "sql/engine/manifest.h"
#include "sql/engine/outer_joins.h"
#include "sql/engine/parameters.h"
#include "sql/engine/rewriter.h"
#include "sql/engine/session_state.h"
#include "sql/tokens_redshift.h"

namespace tarn::sql::engine {

using duckdb::ExpressionClass;
using duckdb::ExpressionType;
using duckdb::FunctionExpression;
using duckdb::Value;
using std::string;

duckdb::unique_ptr<FunctionExpression> own_call(const char* name, duckdb::vector<ParsedPtr> arguments) {
  return duckdb::make_uniq<FunctionExpression>("system", "redshift", name, std::move(arguments));
}

ParsedPtr literal(Value value) {
  // The type of a NULL stands in the text of a view, where a constant's would not.
  if (value.IsNull() && value.type().id() != duckdb::LogicalTypeId::SQLNULL)
    return duckdb::make_uniq<duckdb::CastExpression>(value.type(), literal(Value(duckdb::LogicalType::SQLNULL)));
  return duckdb::make_uniq<duckdb::ConstantExpression>(std::move(value));
}

namespace {

// Keeps alias and place of the expression that it replaces.
void replace(ParsedPtr& expression, ParsedPtr by) {
  by->SetAlias(expression->GetAlias());
  by->SetQueryLocation(expression->GetQueryLocation());
  expression = std::move(by);
}

const char* comparison_function(ExpressionType type) {
  switch (type) {
    case ExpressionType::COMPARE_EQUAL: return "eq";
    case ExpressionType::COMPARE_NOTEQUAL: return "ne";
    case ExpressionType::COMPARE_LESSTHAN: return "lt";
    case ExpressionType::COMPARE_LESSTHANOREQUALTO: return "le";
    case ExpressionType::COMPARE_GREATERTHAN: return "gt";
    case ExpressionType::COMPARE_GREATERTHANOREQUALTO: return "ge";
    default: return nullptr;  // IS [NOT] DISTINCT FROM
  }
}

// The name that Redshift gives an unnamed item of a select list.
string item_name(const duckdb::ParsedExpression& item) {
  switch (item.GetExpressionClass()) {
    case ExpressionClass::COLUMN_REF: return lower(item.Cast<duckdb::ColumnRefExpression>().GetColumnName());
    case ExpressionClass::FUNCTION: {
      const auto& call = item.Cast<FunctionExpression>();
      const string name = lower(call.function_name);
      if (call.is_operator || !std::isalpha(static_cast<unsigned char>(name[0]))) return "?column?";
      if (name == "count_star" || name == "approx_count_distinct") return "count";
      if (name == "trim") return "btrim";
      if (name == "datediff") return "date_diff";  // AWS: DATEDIFF, DATEADD
      if (name == "dateadd") return "date_add";
      if (name == "date_part" && call.schema.empty()) return "pgdate_part";  // EXTRACT's has a schema. AWS: DATE_PART
      if (name == "tarn_interval_y2m") return "intervaly2m";
      if (name == "tarn_interval_d2s") return "intervald2s";
      if (name == kArrayFunction) return "array";
      if (name == "collate_") return "collate";
      if (name == "quantile_cont") return "percentile_cont";
      if (name == "quantile_disc") return "percentile_disc";
      if (name == "regexp_full_match" || name == "like_escape" || name == "not_like_escape" || name == "ilike_escape") {
        return "?column?";
      }
      return name;
    }
    case ExpressionClass::WINDOW: {
      const string name = lower(item.Cast<duckdb::WindowExpression>().function_name);
      return name.starts_with("percentile_") && name.ends_with("_desc") ? name.substr(0, name.size() - 5) : name;
    }
    case ExpressionClass::CASE: return "case";
    case ExpressionClass::CAST: {
      const auto& cast = item.Cast<duckdb::CastExpression>();
      const string inner = item_name(*cast.child);
      if (inner != "?column?") return inner;
      if (cast.cast_type.id() == duckdb::LogicalTypeId::USER) {
        const string name = lower(duckdb::UserType::GetTypeName(cast.cast_type));
        if (name == "rs_interval") return interval_field(named_type(cast.cast_type).declared) < 2 ? "intervaly2m" : "intervald2s";
        return name == "rs_varchar"   ? "varchar"
               : name == "rs_varbyte" ? "varbyte"
               : name == "rs_char"    ? "bpchar"
               : name == "rs_decimal" ? "numeric"
                                      : name;
      }
      switch (cast.cast_type.id()) {
        case duckdb::LogicalTypeId::SMALLINT: return "int2";
        case duckdb::LogicalTypeId::INTEGER: return "int4";
        case duckdb::LogicalTypeId::BIGINT: return "int8";
        case duckdb::LogicalTypeId::FLOAT: return "float4";
        case duckdb::LogicalTypeId::DOUBLE: return "float8";
        case duckdb::LogicalTypeId::BOOLEAN: return "bool";
        case duckdb::LogicalTypeId::DECIMAL: return "numeric";
        case duckdb::LogicalTypeId::TIMESTAMP_TZ: return "timestamptz";
        case duckdb::LogicalTypeId::TIME_TZ: return "timetz";
        default: return lower(cast.cast_type.ToString());
      }
    }
    case ExpressionClass::OPERATOR:
      if (item.GetExpressionType() == ExpressionType::STRUCT_EXTRACT ||
          item.GetExpressionType() == ExpressionType::ARRAY_EXTRACT) {  // s.a[0].b is called b
        const auto& children = item.Cast<duckdb::OperatorExpression>().children;
        if (item.GetExpressionType() == ExpressionType::ARRAY_EXTRACT) return item_name(*children[0]);
        const bool word = children[1]->GetExpressionClass() == ExpressionClass::CONSTANT;
        return word ? lower(children[1]->Cast<duckdb::ConstantExpression>().value.ToString()) : "?column?";
      }
      if (item.GetExpressionType() == ExpressionType::GROUPING_FUNCTION)
        return item.Cast<duckdb::OperatorExpression>().children.size() > 1 ? "grouping_id" : "grouping";
      return item.GetExpressionType() == ExpressionType::OPERATOR_COALESCE ? "coalesce" : "?column?";
    case ExpressionClass::PARAMETER: {  // of a function that the session answers
      const string name = lower(item.Cast<duckdb::ParameterExpression>().identifier);
      if (name.starts_with(kSettingParam)) return "current_setting";
      return name.starts_with(kSessionParam) ? name.substr(kSessionParam.size()) : "?column?";
    }
    default: return "?column?";
  }
}

// A whole number that is written is an INTEGER at least, and does not take a smaller type from what stands beside it.
void type_literal(ParsedPtr& e) {
  if (!e || e->GetExpressionClass() != ExpressionClass::CONSTANT) return;
  const auto& value = e->Cast<duckdb::ConstantExpression>().value;
  if (value.IsNull() || value.type().id() != duckdb::LogicalTypeId::INTEGER) return;
  replace(e, duckdb::make_uniq<duckdb::CastExpression>(duckdb::LogicalType::INTEGER, e->Copy()));
}

// (a, b), rewritten already
bool is_row(const duckdb::ParsedExpression& e) {
  return e.GetExpressionClass() == ExpressionClass::FUNCTION && e.Cast<FunctionExpression>().function_name == "row";
}

// (a, b) = (c, d) -> a = c AND b = d
ParsedPtr compared_rows(duckdb::ComparisonExpression& compared, const string& name, duckdb::optional_idx location) {
  auto& left = compared.left->Cast<FunctionExpression>().children;
  auto& right = compared.right->Cast<FunctionExpression>().children;
  if (left.size() != right.size()) raise_sql("42601", "unequal number of entries in row expressions", location);
  if (name != "eq" && name != "ne") raise_sql("0A000", "Rows are compared by = and <> only.", location);
  auto all = duckdb::make_uniq<duckdb::ConjunctionExpression>(name == "eq" ? ExpressionType::CONJUNCTION_AND
                                                                           : ExpressionType::CONJUNCTION_OR);
  for (size_t i = 0; i < left.size(); ++i)
    all->children.push_back(own_call(name.c_str(), list(std::move(left[i]), std::move(right[i]))));
  return all;
}

// x = ANY (array): the parser makes a subquery over the array's elements of it. The array, if it is that.
ParsedPtr any_of_array(duckdb::SubqueryExpression& subquery) {
  if (subquery.subquery_type != duckdb::SubqueryType::ANY || subquery.comparison_type != ExpressionType::COMPARE_EQUAL ||
      subquery.subquery->node->type != duckdb::QueryNodeType::SELECT_NODE) {
    return nullptr;
  }
  auto& select = subquery.subquery->node->Cast<duckdb::SelectNode>();
  if (select.select_list.size() != 1 || select.select_list[0]->GetExpressionClass() != ExpressionClass::FUNCTION) {
    return nullptr;
  }
  auto& call = select.select_list[0]->Cast<FunctionExpression>();
  const bool made = lower(call.function_name) == "unnest" && call.children.size() == 1 &&
                    select.from_table->type == duckdb::TableReferenceType::EMPTY_FROM;
  return made ? std::move(call.children[0]) : nullptr;
}

// ARRAY(SELECT ..): the parser makes CASE WHEN array_agg(#1) IS NULL THEN [] ELSE array_agg(#1) END of it, from the query.
bool is_array_of_rows(const duckdb::SubqueryExpression& subquery) {
  if (subquery.subquery->node->type != duckdb::QueryNodeType::SELECT_NODE) return false;
  auto& select = subquery.subquery->node->Cast<duckdb::SelectNode>();
  if (select.select_list.size() != 1 || select.select_list[0]->GetExpressionClass() != ExpressionClass::CASE)
    return false;
  auto& all = select.select_list[0]->Cast<duckdb::CaseExpression>().else_expr;
  if (all->GetExpressionClass() != ExpressionClass::FUNCTION) return false;
  auto& call = all->Cast<FunctionExpression>();
  return call.function_name == "array_agg" && call.children.size() == 1 &&
         call.children[0]->GetExpressionClass() == ExpressionClass::POSITIONAL_REFERENCE;
}

}  // namespace

void Rewriter::name_item(duckdb::ParsedExpression& item, size_t position) {
  if (item.GetExpressionClass() == ExpressionClass::STAR) return;
  const bool column = item.GetExpressionClass() == ExpressionClass::COLUMN_REF;
  if (request_.context.dialect == Dialect::kS3Select) {
    if (!item.GetAlias().empty()) return;
    item.SetAlias(column ? item.Cast<duckdb::ColumnRefExpression>().GetColumnName() : "_" + std::to_string(position));
    return;
  }
  if (!item.GetAlias().empty()) {
    item.SetAlias(lower(item.GetAlias()));
  } else if (!column) {  // a column that is its own alias would hide that it does not exist
    item.SetAlias(item_name(item));
  }
}

void Rewriter::expressions(duckdb::vector<ParsedPtr>& list) {
  for (auto& item : list) expression(item);
}

void Rewriter::expression(ParsedPtr& e) {
  switch (e->GetExpressionClass()) {
    case ExpressionClass::COLUMN_REF: return column(e);
    case ExpressionClass::PARAMETER: return parameter(e);
    case ExpressionClass::COMPARISON: return comparison(e);
    case ExpressionClass::OPERATOR: return operation(e);
    case ExpressionClass::CAST: return cast(e);
    case ExpressionClass::FUNCTION: return function(e);
    case ExpressionClass::WINDOW: return window(e);
    case ExpressionClass::BETWEEN: {
      auto& between = e->Cast<duckdb::BetweenExpression>();
      expression(between.input);
      expression(between.lower);
      expression(between.upper);
      auto copy = between.input->Copy();
      ParsedPtr low = own_call("ge", list(std::move(copy), std::move(between.lower)));
      ParsedPtr high = own_call("le", list(std::move(between.input), std::move(between.upper)));
      return replace(e, duckdb::make_uniq<duckdb::ConjunctionExpression>(ExpressionType::CONJUNCTION_AND,
                                                                         std::move(low), std::move(high)));
    }
    case ExpressionClass::SUBQUERY: {
      auto& subquery = e->Cast<duckdb::SubqueryExpression>();
      if (subquery.child) expression(subquery.child);
      if (ParsedPtr array = any_of_array(subquery)) {
        expression(array);
        return replace(
            e, duckdb::make_uniq<FunctionExpression>(
                   "list_contains", list(own_call("plain_array", list(std::move(array))), std::move(subquery.child))));
      }
      if (is_array_of_rows(subquery)) {
        table(subquery.subquery->node->Cast<duckdb::SelectNode>().from_table);
        return replace(e, own_call("catalog_array", list(e->Copy(), literal(Value("_text")))));
      }
      return node(*subquery.subquery->node, true);
    }
    case ExpressionClass::STAR: {
      auto& star = e->Cast<duckdb::StarExpression>();
      if (star.columns) raise_sql("42883", "function columns does not exist", e->GetQueryLocation());
      star.relation_name = lower(star.relation_name);
      const bool changed = !star.replace_list.empty() || !star.rename_list.empty();
      if (changed && request_.context.dialect == Dialect::kRedshift)
        raise_sql("42601", star.replace_list.empty() ? "syntax error at or near \"rename\"" : "syntax error at or near \"replace\"");
      return;
    }
    case ExpressionClass::CONSTANT:
    case ExpressionClass::DEFAULT: return;
    case ExpressionClass::CASE: {
      auto& chosen = e->Cast<duckdb::CaseExpression>();
      for (auto& check : chosen.case_checks) type_literal(check.then_expr);
      type_literal(chosen.else_expr);
      return duckdb::ParsedExpressionIterator::EnumerateChildren(*e, [this](ParsedPtr& child) { expression(child); });
    }
    case ExpressionClass::CONJUNCTION:
    case ExpressionClass::COLLATE:
      return duckdb::ParsedExpressionIterator::EnumerateChildren(*e, [this](ParsedPtr& child) { expression(child); });
    default: raise_sql("0A000", "This kind of expression is not supported.", e->GetQueryLocation());
  }
}

void Rewriter::column(ParsedPtr& e) {
  if (request_.context.dialect == Dialect::kS3Select) return select_column(e);
  auto& names = e->Cast<duckdb::ColumnRefExpression>().column_names;
  for (auto& name : names) name = lower(name);
  if (names.size() == 1) {
    // Words that are values without parentheses.
    static constexpr std::string_view kValues[] = {
        "sysdate",      "current_date", "current_timestamp", "current_time", "current_user",
        "session_user", "user",         "current_user_id",   "localtime",    "localtimestamp",
        "current_aws_account", "current_namespace"};
    if (std::find(std::begin(kValues), std::end(kValues), names[0]) != std::end(kValues)) {
      const string word = names[0];
      ParsedPtr call = duckdb::make_uniq<FunctionExpression>(word, duckdb::vector<ParsedPtr>());
      replace(e, std::move(call));
      function(e);
      if (e->GetAlias().empty()) e->SetAlias(word);  // what a select list calls it
      return;
    }
    return;
  }
  // x.x is the attribute x of the element x.
  if (names[0] == names[1] && elements_.contains(names[0])) names.insert(names.begin(), names[0]);
  const auto known = [&](size_t from) {
    return std::find(from_tables_.begin(), from_tables_.end(), std::pair(names[from], names[from + 1])) !=
           from_tables_.end();
  };
  if (names.size() >= 4 && known(1)) {
    names.erase(names.begin(), names.begin() + 2);
  } else if (names.size() >= 3 && known(0)) {
    names.erase(names.begin());
  }
}

void Rewriter::parameter(ParsedPtr& e) {
  const string name = e->Cast<duckdb::ParameterExpression>().identifier;
  if (inside_) return;  // of a user's function: its argument takes the place later
  for (const Param& param : request_.params) {
    if (lower(param.name) != lower(name)) continue;
    const bool unknown = request_.describe_only && param.type.empty() && request_.context.dialect == Dialect::kRedshift;
    if (unknown && e->GetAlias().empty()) {
      e = unknown_parameter(param.name);
      return;
    }
    ParsedPtr value = literal(param.value ? Value(*param.value) : Value(duckdb::LogicalType::SQLNULL));
    if (lower(param.type) == "super" && param.value) {
      value = own_call("json_parse", list(std::move(value)));
    } else if (!param.type.empty()) {
      auto typed = parse_one("SELECT CAST(NULL AS " + param.type + ")");
      auto& select = typed->Cast<duckdb::SelectStatement>().node->Cast<duckdb::SelectNode>();
      ParsedPtr converted = std::move(select.select_list[0]);
      converted->Cast<duckdb::CastExpression>().child = std::move(value);
      cast(converted);
      value = std::move(converted);
    }
    return replace(e, std::move(value));
  }
  raise_sql("42P02", "there is no parameter :" + name, e->GetQueryLocation());
}

void Rewriter::comparison(ParsedPtr& e) {
  auto& compared = e->Cast<duckdb::ComparisonExpression>();
  expression(compared.left);
  expression(compared.right);
  const char* name = comparison_function(e->GetExpressionType());
  if (!name) return;
  if (is_row(*compared.left) && is_row(*compared.right))
    return replace(e, compared_rows(compared, name, e->GetQueryLocation()));
  replace(e, own_call(name, list(std::move(compared.left), std::move(compared.right))));
}

void Rewriter::operation(ParsedPtr& e) {
  auto& operation = e->Cast<duckdb::OperatorExpression>();
  if (e->GetExpressionType() == ExpressionType::OPERATOR_COALESCE)
    std::ranges::for_each(operation.children, type_literal);
  expressions(operation.children);
  switch (e->GetExpressionType()) {
    case ExpressionType::COMPARE_IN:
    case ExpressionType::COMPARE_NOT_IN: {
      const bool negated = e->GetExpressionType() == ExpressionType::COMPARE_NOT_IN;
      ParsedPtr in = own_call("in_list", std::move(operation.children));
      if (negated) in = duckdb::make_uniq<duckdb::OperatorExpression>(ExpressionType::OPERATOR_NOT, std::move(in));
      return replace(e, std::move(in));
    }
    case ExpressionType::ARRAY_EXTRACT: return replace(e, own_call("super_at", std::move(operation.children)));
    case ExpressionType::STRUCT_EXTRACT: return replace(e, own_call("super_at", std::move(operation.children)));
    case ExpressionType::ARRAY_CONSTRUCTOR:  // ARRAY[..], as drivers write what x = ANY (..) is compared with
      return replace(e, own_call("array_literal", list(e->Copy())));
    case ExpressionType::OPERATOR_IS_NULL:
    case ExpressionType::OPERATOR_IS_NOT_NULL:
      // S3 Select: JSON's null is NULL, and is not MISSING, which select_input.cc tells from NULL.
      if (request_.context.dialect == Dialect::kS3Select)
        operation.children[0] = own_call("null_as_sql", list(std::move(operation.children[0])));
      return;
    case ExpressionType::OPERATOR_NOT:
    case ExpressionType::OPERATOR_COALESCE:
    case ExpressionType::GROUPING_FUNCTION: return;
    default: raise_sql("0A000", "This operator is not supported.", e->GetQueryLocation());
  }
}

void Rewriter::cast(ParsedPtr& e) {
  auto& cast = e->Cast<duckdb::CastExpression>();
  expression(cast.child);
  const string wanted =
      cast.cast_type.id() == duckdb::LogicalTypeId::USER ? lower(duckdb::UserType::GetTypeName(cast.cast_type)) : "";
  if (wanted == "regproc") cast.cast_type = duckdb::LogicalType::VARCHAR;  // pg_type has the names of functions
  if (wanted == "regclass" || wanted == "regtype") {
    // 't'::regclass is the table's number, 123::regclass its name.
    const bool name = cast.child->GetExpressionClass() == ExpressionClass::CONSTANT &&
                      cast.child->Cast<duckdb::ConstantExpression>().value.type().id() == duckdb::LogicalTypeId::VARCHAR;
    const char* shown = wanted == "regclass" ? "tarn_regclass_name" : "format_type";
    FunctionExpression call(name ? "tarn_" + wanted : shown, list(std::move(cast.child)));
    if (call.function_name == "format_type") call.children.push_back(literal(Value::INTEGER(-1)));
    return replace(e, find_function(Dialect::kRedshift, call.function_name)->make(call, request_.context));
  }
  NamedType named = named_type(cast.cast_type);
  if (request_.context.dialect == Dialect::kS3Select) {
    // AWS: S3 Select's INT is of 8 bytes, its FLOAT too.
    if (named.type.id() == duckdb::LogicalTypeId::INTEGER) named.type = duckdb::LogicalType::BIGINT;
    if (named.type.id() == duckdb::LogicalTypeId::FLOAT) named.type = duckdb::LogicalType::DOUBLE;
  }
  ParsedPtr witness = literal(Value(named.type));
  if (named.type.id() == duckdb::LogicalTypeId::BLOB && named.type.HasAlias()) {
    SessionState::of(context_)->load_geometry();
    return replace(e, own_call(named.declared == "geography" ? "to_geography" : "to_geometry", list(std::move(cast.child))));
  }
  ParsedPtr value =
      own_call(cast.try_cast ? "try_cast_as" : "cast_as", list(std::move(cast.child), std::move(witness)));
  if (named.bytes > 0) {
    value = own_call(named.padded ? "cut_char" : "cut", list(std::move(value), literal(Value::INTEGER(named.bytes))));
  }
  if (const int field = interval_field(named.declared); field >= 0) {
    value = own_call(interval_function(field), list(std::move(value), literal(Value::INTEGER(field))));
  }
  replace(e, std::move(value));
}

void Rewriter::no_such_function(const FunctionExpression& call) {
  if (call.function_name == kOuterFunction)
    raise_sql("42601", "Outer join operator (+) is only allowed in the WHERE clause of a query.", call.GetQueryLocation());
  if (!std::isalpha(static_cast<unsigned char>(call.function_name[0])) && call.function_name[0] != '_') {
    const string left = call.children.size() > 1 ? "\"unknown\" " : "";
    raise_sql("42883", "operator does not exist: " + left + call.function_name + " \"unknown\"", call.GetQueryLocation());
  }
  string shown = lower(call.function_name) + "(";
  for (size_t i = 0; i < call.children.size(); ++i) shown += i == 0 ? "unknown" : ", unknown";
  raise_sql("42883", "function " + shown + ") does not exist", call.GetQueryLocation());
}

// f(a, b) of the user's: its body, with the arguments in the places of $1, $2.
bool Rewriter::user_function(ParsedPtr& e) {
  auto& call = e->Cast<FunctionExpression>();
  const SqlFunction* found = nullptr;
  for (const SqlFunction& candidate : request_.context.functions) {
    const bool schema = call.schema.empty() || call.schema == "main" || lower(call.schema) == candidate.schema;
    if (candidate.name == lower(call.function_name) && schema &&
        candidate.argument_types.size() == call.children.size()) {
      found = &candidate;
    }
  }
  if (!found) return false;
  if (!found->signature.empty())
    result_.uses.push_back({request_.context.database, found->schema, found->signature, "EXECUTE"});
  if (inside_ == found) raise_sql("0A000", "The function " + found->name + " calls itself.");
  expressions(call.children);
  const auto typed = [&](ParsedPtr value, const string& type) {
    auto parsed = parse_one("SELECT CAST(NULL AS " + type + ")");
    ParsedPtr result =
        std::move(parsed->Cast<duckdb::SelectStatement>().node->Cast<duckdb::SelectNode>().select_list[0]);
    const NamedType named = named_type(result->Cast<duckdb::CastExpression>().cast_type);
    result = own_call("cast_as", list(std::move(value), literal(Value(named.type))));
    if (named.bytes > 0) result = own_call("cut", list(std::move(result), literal(Value::INTEGER(named.bytes))));
    return result;
  };
  duckdb::vector<ParsedPtr> arguments;
  for (size_t i = 0; i < call.children.size(); ++i) {
    arguments.push_back(typed(std::move(call.children[i]), found->argument_types[i]));
  }
  auto body = parse_one(found->body);
  if (body->type != duckdb::StatementType::SELECT_STATEMENT) raise_sql("42P13", "The function's body is no SELECT.");
  auto& select = body->Cast<duckdb::SelectStatement>();
  const SqlFunction* const outer = inside_;
  inside_ = found;
  node(*select.node);
  inside_ = outer;
  const std::function<void(ParsedPtr&)> fill = [&](ParsedPtr& expression) {
    if (expression->GetExpressionClass() == ExpressionClass::PARAMETER) {
      const auto index = parse_int(expression->Cast<duckdb::ParameterExpression>().identifier).value_or(0);
      if (index < 1 || static_cast<size_t>(index) > arguments.size()) {
        raise_sql("42P02", "there is no parameter $" + std::to_string(index));
      }
      expression = arguments[static_cast<size_t>(index) - 1]->Copy();
      return;
    }
    duckdb::ParsedExpressionIterator::EnumerateChildren(*expression, fill);
  };
  if (select.node->type == duckdb::QueryNodeType::SELECT_NODE) {
    auto& simple = select.node->Cast<duckdb::SelectNode>();
    if (simple.from_table->type == duckdb::TableReferenceType::EMPTY_FROM && !simple.where_clause &&
        simple.select_list.size() == 1) {
      ParsedPtr value = std::move(simple.select_list[0]);
      fill(value);
      replace(e, typed(std::move(value), found->return_type));
      return true;
    }
  }
  duckdb::ParsedExpressionIterator::EnumerateQueryNodeChildren(*select.node, fill);
  auto subquery = duckdb::make_uniq<duckdb::SubqueryExpression>();
  subquery->subquery_type = duckdb::SubqueryType::SCALAR;
  subquery->subquery = duckdb::unique_ptr_cast<duckdb::SQLStatement, duckdb::SelectStatement>(std::move(body));
  replace(e, typed(std::move(subquery), found->return_type));
  return true;
}

void Rewriter::function(ParsedPtr& e) {
  if (user_function(e)) return;
  auto& call = e->Cast<FunctionExpression>();
  const string name = lower(call.function_name);
  if (request_.context.dialect == Dialect::kS3Select && name == "contains" && call.children.size() == 2 &&
      call.children[0]->GetExpressionClass() == ExpressionClass::FUNCTION) {  // x IN ['a', 'b']
    auto& items = call.children[0]->Cast<FunctionExpression>();
    if (items.function_name == "list_value") {
      duckdb::vector<ParsedPtr> all = list(std::move(call.children[1]));
      for (auto& item : items.children) all.push_back(std::move(item));
      expressions(all);
      return replace(e, own_call("in_list", std::move(all)));
    }
  }
  // The parser itself gives SUBSTRING(x FROM y), EXTRACT .. its own schema.
  const string schema = lower(call.schema);
  const bool expands = schema == "information_schema" && name == "_pg_expandarray";
  if (!schema.empty() && schema != "pg_catalog" && schema != "main" && !expands) no_such_function(call);
  const FunctionRule* rule = find_function(request_.context.dialect, name);
  if (!rule) no_such_function(call);
  if (rule->kind == FunctionRule::Kind::kRefused) {
    raise_sql("0A000", "function " + name + "(...) is not supported", call.GetQueryLocation());
  }
  const int given = static_cast<int>(call.children.size());
  if (given < rule->min_arguments || (rule->max_arguments >= 0 && given > rule->max_arguments)) no_such_function(call);
  if (rule->geometry) SessionState::of(context_)->load_geometry();
  static constexpr std::string_view kChoices[] = {"nvl", "isnull", "nvl2", "decode", "greatest", "least"};
  if (std::ranges::find(kChoices, name) != std::end(kChoices)) std::ranges::for_each(call.children, type_literal);
  expressions(call.children);
  if (call.filter) expression(call.filter);
  if (call.order_bys) orders(call.order_bys->orders);
  if (rule->kind == FunctionRule::Kind::kTemplate) {
    const auto location = call.GetQueryLocation();
    const string alias = call.GetAlias();
    e = rule->make(call, request_.context);
    e->SetAlias(alias);
    e->SetQueryLocation(location);
    return;
  }
  call.catalog = rule->kind == FunctionRule::Kind::kOwn ? "system" : "";
  call.schema = rule->kind == FunctionRule::Kind::kOwn ? "redshift" : "";
  call.function_name = rule->target;
  call.is_operator = false;
}

// AWS: Window functions: an aggregate over ordered rows names its frame.
static void frame_given(const duckdb::WindowExpression& window, const string& name) {
  static constexpr std::string_view kFramed[] = {"avg", "count", "count_star", "max", "min", "sum", "stddev", "stddev_samp",
                                                 "stddev_pop", "variance", "var_samp", "var_pop", "first_value", "last_value",
                                                 "nth_value", "bool_and", "bool_or", "bit_and", "bit_or"};
  if (window.orders.empty() || window.start != duckdb::WindowBoundary::UNBOUNDED_PRECEDING ||
      window.end != duckdb::WindowBoundary::CURRENT_ROW_RANGE || std::ranges::find(kFramed, name) == std::end(kFramed))
    return;
  raise_sql("42P20", "Aggregate window functions with an ORDER BY clause require a frame clause", window.GetQueryLocation());
}

// AWS: Window function syntax summary: frames of rows only, no DISTINCT; LAG, LEAD: an offset, no default.
static void plain_window(const duckdb::WindowExpression& window, const string& name) {
  using duckdb::WindowBoundary;
  const auto location = window.GetQueryLocation();
  if (window.distinct) raise_sql("0A000", "DISTINCT is not implemented for window functions", location);
  if (window.default_expr)
    raise_sql("0A000", "Default parameter not be supported for window function " + name, location);
  static constexpr WindowBoundary kOfValues[] = {
      WindowBoundary::EXPR_PRECEDING_RANGE,  WindowBoundary::EXPR_FOLLOWING_RANGE,  WindowBoundary::CURRENT_ROW_GROUPS,
      WindowBoundary::EXPR_PRECEDING_GROUPS, WindowBoundary::EXPR_FOLLOWING_GROUPS,
  };
  const auto of_values = [](WindowBoundary side) { return std::ranges::find(kOfValues, side) != std::end(kOfValues); };
  if (of_values(window.start) || of_values(window.end) || window.start == WindowBoundary::CURRENT_ROW_RANGE)
    raise_sql("0A000", "a window's frame is of ROWS: RANGE and GROUPS are not supported", location);
  if (window.exclude_clause != duckdb::WindowExcludeMode::NO_OTHER)
    raise_sql("42601", "syntax error at or near \"exclude\"", location);
}

void Rewriter::window(ParsedPtr& e) {
  auto& window = e->Cast<duckdb::WindowExpression>();
  const string name = lower(window.function_name);
  const string native = window_function(name);
  if (native.empty()) raise_sql("42883", "function " + name + " does not exist", e->GetQueryLocation());
  if (request_.context.dialect == Dialect::kRedshift) {
    frame_given(window, name);
    plain_window(window, name);
  }
  expressions(window.children);
  expressions(window.partitions);
  orders(window.orders);
  for (auto* part :
       {&window.filter_expr, &window.start_expr, &window.end_expr, &window.offset_expr, &window.default_expr}) {
    if (*part) expression(*part);
  }
  if (name == "median") window.children[0] = own_call("continuous_of", list(std::move(window.children[0])));
  if (name.starts_with("percentile_") && window.children.size() == 2) {  // (fraction, value), see tokens_redshift.cc
    std::swap(window.children[0], window.children[1]);
    if (name.starts_with("percentile_cont")) {
      window.children[0] = own_call("continuous_of", list(std::move(window.children[0])));
    }
    if (name.ends_with("_desc")) {
      window.children[1] = duckdb::make_uniq<FunctionExpression>(
          "-", list(literal(Value::DOUBLE(1)), std::move(window.children[1])));
    }
  }
  if (name == "ratio_to_report") {
    ParsedPtr value = window.children[0]->Copy();
    window.function_name = "sum";
    window.SetExpressionTypeUnsafe(ExpressionType::WINDOW_AGGREGATE);
    ParsedPtr total = e->Copy();
    total->ClearAlias();
    return replace(e, own_call("ratio", list(std::move(value), std::move(total))));
  }
  window.function_name = native;
  if (name == "median" || name.starts_with("percentile_cont")) return replace(e, own_call("settled", list(e->Copy())));
  const bool of_numbers = name == "sum" || name == "avg" || name.starts_with("stddev") || name.starts_with("var");
  if (of_numbers && request_.context.dialect == Dialect::kRedshift)
    window.children[0] = own_call("number_of", list(std::move(window.children[0])));
  if (name == "listagg") {
    window.children[0] = own_call("as_text", list(own_call("listed_text", list(std::move(window.children[0])))));
    return replace(e, own_call("listed", list(e->Copy())));
  }
  if (name == "sum" || name == "avg") {
    window.catalog = "system";
    window.schema = "redshift";  // of intervals too (fn_intervals.cc)
  }
  if (name == "sum") return replace(e, own_call("narrow_sum", list(e->Copy())));
  if (name == "avg") {
    window.function_name = "sum";
    ParsedPtr sum = e->Copy();
    window.catalog = window.schema = "";
    window.function_name = "count";
    ParsedPtr count = e->Copy();
    sum->ClearAlias();
    count->ClearAlias();
    return replace(e, own_call("average", list(std::move(sum), std::move(count))));
  }
}

}  // namespace tarn::sql::engine
