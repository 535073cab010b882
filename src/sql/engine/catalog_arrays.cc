#include "sql/engine/catalog_arrays.h"

#include "base/text.h"

namespace tarn::sql::engine {
namespace {

using duckdb::LogicalType;

using ExpressionPtr = duckdb::unique_ptr<duckdb::Expression>;

LogicalType element_type(const std::string& array) {
  if (array == "_int2" || array == "int2vector") return LogicalType::SMALLINT;
  const bool numbers = array == "_int4" || array == "_oid" || array == "oidvector";
  return numbers ? LogicalType::INTEGER : LogicalType::VARCHAR;
}

LogicalType named(LogicalType type, const std::string& alias) {
  type.SetAlias(alias);
  return type;
}

// The same values under a type that differs in its alias only: for DuckDB's casts such types are the same.
ExpressionPtr relabelled(ExpressionPtr value, const LogicalType& type) {
  return duckdb::make_uniq<duckdb::BoundCastExpression>(std::move(value), type,
                                                        duckdb::BoundCastInfo(duckdb::DefaultCasts::ReinterpretCast));
}

// As int2vector and oidvector do, and no other array.
bool counts_from_zero(const LogicalType& type) {
  return type.GetAlias().ends_with("vector");
}

// catalog_array(list, 'name')
duckdb::unique_ptr<duckdb::Expression> bind_catalog_array(duckdb::FunctionBindExpressionInput& input) {
  const auto name = duckdb::ExpressionExecutor::EvaluateScalar(input.context, *input.children[1]);
  const LogicalType plain = LogicalType::LIST(element_type(name.ToString()));
  return relabelled(cast_to(input.context, std::move(input.children[0]), plain), named(plain, name.ToString()));
}

ExpressionPtr bind_plain_array(duckdb::FunctionBindExpressionInput& input) {
  return plain(std::move(input.children[0]));
}

// array_literal(list): of the values that PostgreSQL has an array of.
ExpressionPtr bind_array_literal(duckdb::FunctionBindExpressionInput& input) {
  const LogicalType type = input.children[0]->return_type;
  if (type.id() != duckdb::LogicalTypeId::LIST) return std::move(input.children[0]);
  const LogicalType& element = duckdb::ListType::GetChildType(type);
  for (const char* name : {"_int2", "_int4", "_text"})
    if (element == element_type(name)) return relabelled(std::move(input.children[0]), named(type, name));
  return std::move(input.children[0]);
}

// bytea(text)
ExpressionPtr bind_bytea(duckdb::FunctionBindExpressionInput& input) {
  return relabelled(cast_to(input.context, std::move(input.children[0]), LogicalType::VARCHAR),
                    named(LogicalType::VARCHAR, kByteaAlias));
}

bool is_unquoted(const std::string& text) {
  return !text.empty() && lower(text) != "null" && text.find_first_of("{}\",\\ \t\n") == std::string::npos;
}

}  // namespace

bool is_catalog_array(const LogicalType& type) {
  return type.id() == duckdb::LogicalTypeId::LIST && type.HasAlias();
}

ExpressionPtr plain(ExpressionPtr value) {
  const LogicalType type = value->return_type;
  if (is_catalog_array(type)) return relabelled(std::move(value), LogicalType::LIST(element_type(type.GetAlias())));
  const bool letter = type.id() == duckdb::LogicalTypeId::VARCHAR && type.HasAlias() && type.GetAlias() == kCharAlias;
  return letter ? relabelled(std::move(value), LogicalType::VARCHAR) : std::move(value);
}

ExpressionPtr element_of(duckdb::ClientContext& context, ExpressionPtr array, ExpressionPtr key) {
  const LogicalType type = array->return_type;
  const LogicalType element = element_type(type.GetAlias());
  key = cast_to(context, std::move(key), LogicalType::BIGINT);
  if (counts_from_zero(type)) {
    duckdb::vector<ExpressionPtr> sum;
    sum.push_back(std::move(key));
    sum.push_back(constant(duckdb::Value::BIGINT(1)));
    key = call(context, "main", "+", std::move(sum), true);
  }
  duckdb::vector<ExpressionPtr> arguments;
  arguments.push_back(plain(std::move(array)));
  arguments.push_back(std::move(key));
  auto found = call(context, "main", "array_extract", std::move(arguments));
  return type.GetAlias() == "_char" ? relabelled(std::move(found), named(element, kCharAlias)) : std::move(found);
}

std::string array_text(const duckdb::Value& array) {
  const bool vector = counts_from_zero(array.type());
  std::string text;
  for (const duckdb::Value& element : duckdb::ListValue::GetChildren(array)) {
    if (!text.empty()) text += vector ? ' ' : ',';
    const std::string shown = element.IsNull() ? "NULL" : element.ToString();
    if (element.IsNull() || is_unquoted(shown)) {
      text += shown;
    } else {
      text += '"' + replace_all(replace_all(shown, "\\", "\\\\"), "\"", "\\\"") + '"';
    }
  }
  return vector ? text : '{' + text + '}';
}

void add_catalog_arrays(Registry& registry) {
  registry.add(typed("catalog_array", 2, bind_catalog_array));
  registry.add(typed("plain_array", 1, bind_plain_array));
  registry.add(typed("array_literal", 1, bind_array_literal));
  registry.add(typed("bytea", 1, bind_bytea));
}

}  // namespace tarn::sql::engine
