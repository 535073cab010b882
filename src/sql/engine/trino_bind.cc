// How a call is bound: the signature that its arguments fit is found by Trino's rules, arguments are converted, and the
// signature's body takes the call's place.
#include <algorithm>

#include "base/text.h"
#include "duckdb/planner/expression_iterator.hpp"
#include "duckdb/common/extension_type_info.hpp"
#include "duckdb/planner/expression_binder.hpp"
#include "duckdb/parser/expression/bound_expression.hpp"
#include "sql/engine/encode.h"
#include "sql/engine/functions.h"
#include "sql/engine/trino_functions.h"
#include "sql/engine/trino_manifest.h"
#include "sql/engine/trino_parser.h"

namespace tarn::sql::engine::trino {

using duckdb::ClientContext;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::make_uniq;
using duckdb::Value;
using std::string;

duckdb::vector<BoundPtr> bound_items(BoundPtr a) {
  duckdb::vector<BoundPtr> list;
  list.push_back(std::move(a));
  return list;
}
duckdb::vector<BoundPtr> bound_items(BoundPtr a, BoundPtr b) {
  auto list = bound_items(std::move(a));
  list.push_back(std::move(b));
  return list;
}
BoundPtr bound_constant(Value value) {
  return make_uniq<duckdb::BoundConstantExpression>(std::move(value));
}

// --- types -----------------------------------------------------------------------------------------------------------

namespace {

int integer_rank(const LogicalType& type) {
  if (type.HasAlias()) return 0;
  switch (type.id()) {
    case LogicalTypeId::TINYINT: return 1;
    case LogicalTypeId::SMALLINT:
    case LogicalTypeId::UTINYINT: return 2;
    case LogicalTypeId::INTEGER:
    case LogicalTypeId::USMALLINT: return 3;
    case LogicalTypeId::BIGINT:
    case LogicalTypeId::UINTEGER:
    case LogicalTypeId::UBIGINT: return 4;
    default: return 0;
  }
}

LogicalType integer_of(int rank) {
  switch (rank) {
    case 1: return LogicalType::TINYINT;
    case 2: return LogicalType::SMALLINT;
    case 3: return LogicalType::INTEGER;
    default: return LogicalType::BIGINT;
  }
}

bool is_decimal(const LogicalType& type) {
  return type.id() == LogicalTypeId::DECIMAL;
}

// Integers as decimals: 3, 5, 10, 19 digits.
LogicalType decimal_of(const LogicalType& type) {
  if (is_decimal(type)) return type;
  static constexpr uint8_t kDigits[] = {0, 3, 5, 10, 19};
  return LogicalType::DECIMAL(kDigits[integer_rank(type)], 0);
}

bool is_moment(const LogicalType& type) {
  return is_zoned(type) || type.id() == LogicalTypeId::TIMESTAMP_TZ;
}

// Types that the engine has and Trino has not, as Trino's.
LogicalType plain(const LogicalType& type) {
  if (is_unknown(type)) return LogicalType::SQLNULL;
  switch (type.id()) {
    case LogicalTypeId::TIMESTAMP_MS:
    case LogicalTypeId::TIMESTAMP_NS:
    case LogicalTypeId::TIMESTAMP_SEC: return LogicalType::TIMESTAMP;
    case LogicalTypeId::HUGEINT: return is_zoned(type) ? type : LogicalType::DECIMAL(38, 0);
    case LogicalTypeId::INTEGER_LITERAL: return LogicalType::INTEGER;
    case LogicalTypeId::STRING_LITERAL: return LogicalType::VARCHAR;
    default: return type;
  }
}

}  // namespace

std::optional<LogicalType> common_type(const LogicalType& given_a, const LogicalType& given_b) {
  const LogicalType a = plain(given_a), b = plain(given_b);
  if (a == b || b.id() == LogicalTypeId::SQLNULL) return a;
  if (a.id() == LogicalTypeId::SQLNULL) return b;
  const int rank_a = integer_rank(a), rank_b = integer_rank(b);
  if (rank_a && rank_b) return integer_of(std::max(rank_a, rank_b));
  const bool number_a = rank_a || is_decimal(a) || a.IsFloating(), number_b = rank_b || is_decimal(b) || b.IsFloating();
  if (number_a && number_b) {
    if (a.id() == LogicalTypeId::DOUBLE || b.id() == LogicalTypeId::DOUBLE) return LogicalType::DOUBLE;
    if (a.id() == LogicalTypeId::FLOAT || b.id() == LogicalTypeId::FLOAT) return LogicalType::FLOAT;
    const LogicalType x = decimal_of(a), y = decimal_of(b);
    const int sx = duckdb::DecimalType::GetScale(x), sy = duckdb::DecimalType::GetScale(y);
    const int whole = std::max(duckdb::DecimalType::GetWidth(x) - sx, duckdb::DecimalType::GetWidth(y) - sy);
    const int scale = std::max(sx, sy);
    return LogicalType::DECIMAL(static_cast<uint8_t>(std::min(38, whole + scale)), static_cast<uint8_t>(scale));
  }
  if (is_moment(a) && is_moment(b)) return zoned_type();
  const bool timestamp_a = a.id() == LogicalTypeId::TIMESTAMP || a.id() == LogicalTypeId::DATE;
  const bool timestamp_b = b.id() == LogicalTypeId::TIMESTAMP || b.id() == LogicalTypeId::DATE;
  if (timestamp_a && timestamp_b) return LogicalType::TIMESTAMP;
  if ((timestamp_a && is_moment(b)) || (is_moment(a) && timestamp_b)) return zoned_type();
  if (a.id() == LogicalTypeId::TIME && b.id() == LogicalTypeId::TIME_TZ) return b;
  if (a.id() == LogicalTypeId::TIME_TZ && b.id() == LogicalTypeId::TIME) return a;
  if (is_char(a) && is_char(b)) return char_length(a) > char_length(b) ? a : b;
  if ((is_char(a) && is_varchar(b)) || (is_varchar(a) && is_char(b))) return LogicalType::VARCHAR;
  if (a.id() == LogicalTypeId::LIST && b.id() == LogicalTypeId::LIST) {
    const auto child = common_type(duckdb::ListType::GetChildType(a), duckdb::ListType::GetChildType(b));
    if (child) return LogicalType::LIST(*child);
  }
  if (a.id() == LogicalTypeId::MAP && b.id() == LogicalTypeId::MAP) {
    const auto key = common_type(duckdb::MapType::KeyType(a), duckdb::MapType::KeyType(b));
    const auto value = common_type(duckdb::MapType::ValueType(a), duckdb::MapType::ValueType(b));
    if (key && value) return LogicalType::MAP(*key, *value);
  }
  if (a.id() == LogicalTypeId::STRUCT && b.id() == LogicalTypeId::STRUCT) {
    const auto &fields_a = duckdb::StructType::GetChildTypes(a), &fields_b = duckdb::StructType::GetChildTypes(b);
    if (fields_a.size() != fields_b.size()) return std::nullopt;
    duckdb::child_list_t<LogicalType> fields;
    for (size_t i = 0; i < fields_a.size(); ++i) {
      const auto field = common_type(fields_a[i].second, fields_b[i].second);
      if (!field) return std::nullopt;
      fields.emplace_back(fields_a[i].first, *field);
    }
    return LogicalType::STRUCT(std::move(fields));
  }
  return std::nullopt;
}

BoundPtr coerced(ClientContext& context, BoundPtr value, const LogicalType& type) {
  const LogicalType from = value->return_type;
  if (from == type) return value;
  if (is_unknown(from)) return bound_constant(Value(type));  // it holds nothing but NULL
  if (from.id() == LogicalTypeId::SQLNULL) return cast_to(context, std::move(value), type);
  if (is_zoned(type) || is_zoned(from) || type.IsNested()) {
    return cast_bound(context, std::move(value), type, duckdb::optional_idx());
  }
  if (is_char(type) || (is_char(from) && is_varchar(type))) return cast_bound(context, std::move(value), type, duckdb::optional_idx());
  return cast_to(context, std::move(value), type);
}

// --- patterns --------------------------------------------------------------------------------------------------------

namespace {

struct Pattern {
  string base;
  std::vector<Pattern> children;
};

Pattern read_pattern(std::string_view& text) {
  Pattern pattern;
  size_t i = 0;
  while (i < text.size() && text[i] != '(' && text[i] != ')' && text[i] != ',') ++i;
  pattern.base = string(trim(text.substr(0, i)));
  text.remove_prefix(i);
  if (!text.empty() && text[0] == '(') {
    text.remove_prefix(1);
    while (true) {
      pattern.children.push_back(read_pattern(text));
      if (text.empty()) break;
      const char c = text[0];
      text.remove_prefix(1);
      if (c == ')') break;
    }
  }
  return pattern;
}

struct Parameters {
  std::vector<Pattern> list;
  bool variadic = false;
};

Parameters read_parameters(std::string_view text) {
  Parameters parameters;
  if (text.ends_with("...")) {
    parameters.variadic = true;
    text.remove_suffix(3);
  }
  while (!trim(text).empty()) {
    parameters.list.push_back(read_pattern(text));
    if (!text.empty()) text.remove_prefix(1);
  }
  return parameters;
}

using Variables = std::map<char, LogicalType>;
constexpr int kNoFit = -1;

bool is_variable(const Pattern& pattern) {
  return pattern.base.size() == 1 && pattern.base[0] >= 'A' && pattern.base[0] <= 'Z';
}

// What it costs to take the type for the pattern.
int fit(const Pattern& pattern, const LogicalType& given, Variables& variables) {
  const LogicalType type = plain(given);
  const bool null = type.id() == LogicalTypeId::SQLNULL;
  if (is_variable(pattern)) {
    const char name = pattern.base[0];
    const auto found = variables.find(name);
    if (found == variables.end() || found->second.id() == LogicalTypeId::SQLNULL) {
      variables[name] = type;
      return 0;
    }
    const auto common = common_type(found->second, type);
    if (!common) return kNoFit;
    const int cost = *common == found->second && *common == type ? 0 : 1;
    found->second = *common;
    return cost;
  }
  const string& base = pattern.base;
  if (base == "any") return 0;
  if (base == "array" || base == "map" || base == "row") {
    const LogicalTypeId id = base == "array" ? LogicalTypeId::LIST : base == "map" ? LogicalTypeId::MAP : LogicalTypeId::STRUCT;
    if (null) {
      for (const Pattern& child : pattern.children) fit(child, type, variables);
      return 1;
    }
    if (type.id() != id) return kNoFit;
    if (base == "row") return 0;
    int cost = 0;
    for (size_t i = 0; i < pattern.children.size(); ++i) {
      const LogicalType& child = base == "array" ? duckdb::ListType::GetChildType(type)
                                 : i == 0        ? duckdb::MapType::KeyType(type)
                                                 : duckdb::MapType::ValueType(type);
      const int part = fit(pattern.children[i], child, variables);
      if (part == kNoFit) return kNoFit;
      cost += part;
    }
    return cost;
  }
  if (null) return 1;
  const int rank = integer_rank(type);
  static const std::map<string, int> kIntegers = {{"tinyint", 1}, {"smallint", 2}, {"integer", 3}, {"bigint", 4}};
  if (const auto wanted = kIntegers.find(base); wanted != kIntegers.end()) {
    return rank && rank <= wanted->second ? wanted->second - rank : kNoFit;
  }
  if (base == "decimal") return is_decimal(type) ? 0 : rank ? 10 : kNoFit;
  if (base == "real") return type.id() == LogicalTypeId::FLOAT ? 0 : rank ? 25 : is_decimal(type) ? 15 : kNoFit;
  if (base == "double") {
    return type.id() == LogicalTypeId::DOUBLE  ? 0
           : type.id() == LogicalTypeId::FLOAT ? 1
           : is_decimal(type)                  ? 12
           : rank                              ? 20
                                               : kNoFit;
  }
  if (base == "number") return rank || is_decimal(type) || type.IsFloating() ? 0 : kNoFit;
  if (base == "varchar") return is_varchar(type) ? 0 : is_char(type) ? 1 : kNoFit;
  if (base == "char") return is_char(type) ? 0 : kNoFit;
  if (base == "json") return is_json(type) ? 0 : kNoFit;
  if (base == "timestamp") {
    return type.id() == LogicalTypeId::TIMESTAMP ? 0 : type.id() == LogicalTypeId::DATE ? 2 : kNoFit;
  }
  if (base == "zoned") {
    return is_zoned(type)                             ? 0
           : type.id() == LogicalTypeId::TIMESTAMP_TZ ? 1
           : type.id() == LogicalTypeId::TIMESTAMP    ? 3
           : type.id() == LogicalTypeId::DATE         ? 4
                                                      : kNoFit;
  }
  if (base == "geometry") return is_geometry(type) ? 0 : kNoFit;
  if (is_opaque(type)) return lower(type.GetAlias().substr(0, type.GetAlias().find('('))) == base ? 0 : kNoFit;
  static const std::map<string, LogicalTypeId> kPlain = {
      {"boolean", LogicalTypeId::BOOLEAN},    {"date", LogicalTypeId::DATE},      {"time", LogicalTypeId::TIME},
      {"timetz", LogicalTypeId::TIME_TZ},     {"varbinary", LogicalTypeId::BLOB}, {"interval", LogicalTypeId::INTERVAL},
      {"uuid", LogicalTypeId::UUID}};
  const auto exact = kPlain.find(base);  // an opaque type has no other
  return exact != kPlain.end() && type.id() == exact->second && !is_geometry(type) ? 0 : kNoFit;
}

LogicalType resolved(const Pattern& pattern, const LogicalType& given, const Variables& variables) {
  const LogicalType type = plain(given);
  if (is_variable(pattern)) return variables.at(pattern.base[0]);
  const string& base = pattern.base;
  if (is_opaque(type)) return type;
  if (base == "any" || base == "row" || base == "number" || base == "geometry" || base == "json" || base == "char") {
    return base == "json" && type.id() == LogicalTypeId::SQLNULL ? LogicalType::JSON() : type;
  }
  if (base == "array") {
    const bool null = type.id() == LogicalTypeId::SQLNULL;
    return LogicalType::LIST(
        resolved(pattern.children[0], null ? LogicalType::SQLNULL : duckdb::ListType::GetChildType(type), variables));
  }
  if (base == "map") {
    const bool null = type.id() == LogicalTypeId::SQLNULL;
    return LogicalType::MAP(
        resolved(pattern.children[0], null ? LogicalType::SQLNULL : duckdb::MapType::KeyType(type), variables),
        resolved(pattern.children[1], null ? LogicalType::SQLNULL : duckdb::MapType::ValueType(type), variables));
  }
  if (base == "decimal") return integer_rank(type) ? decimal_of(type) : type;
  static const std::map<string, LogicalType> kTypes = {
      {"tinyint", LogicalType::TINYINT},     {"smallint", LogicalType::SMALLINT}, {"integer", LogicalType::INTEGER},
      {"bigint", LogicalType::BIGINT},       {"real", LogicalType::FLOAT},        {"double", LogicalType::DOUBLE},
      {"varchar", LogicalType::VARCHAR},     {"boolean", LogicalType::BOOLEAN},   {"date", LogicalType::DATE},
      {"timestamp", LogicalType::TIMESTAMP}, {"time", LogicalType::TIME},         {"timetz", LogicalType::TIME_TZ},
      {"varbinary", LogicalType::BLOB},      {"interval", LogicalType::INTERVAL}, {"uuid", LogicalType::UUID},
      {"zoned", zoned_type()}};
  const auto known = kTypes.find(base);
  return known == kTypes.end() ? type : known->second;  // NULL for an opaque type
}

}  // namespace

void unexpected_parameters(const BindInput& input) {
  if (input.name.starts_with("json_") && input.name.ends_with(" of")) {
    const size_t value = input.name == "json_value of" || input.name == "json_query of" || input.name == "json_exists of" ? 0 : 1;
    raise("TYPE_MISMATCH", "Cannot read input of type " + type_name(input.arguments.at(value)->return_type) +
          " as JSON using formatting JSON", input.place);
  }
  string given, expected;
  for (const auto& argument : input.arguments) given += (given.empty() ? "" : ", ") + type_name(*argument);
  for (const Signature* signature : signatures(input.name)) {
    string parameters = signature->parameters;
    for (size_t at; (at = parameters.find("zoned")) != string::npos;) {
      parameters.replace(at, 5, "timestamp with time zone");
    }
    expected += (expected.empty() ? "" : ", ") + input.name + "(" + parameters + ")";
  }
  if (expected.empty()) {
    const Special* rule = special(input.name);
    expected = input.name + "(" + (rule ? rule->parameters : "") + ")";
  }
  raise("FUNCTION_NOT_FOUND",
        "Unexpected parameters (" + given + ") for function " + input.name + ". Expected: " + expected, input.place);
}

BoundPtr bind_template(ClientContext& context, const string& body, duckdb::vector<BoundPtr> arguments,
                       duckdb::optional_idx place) {
  if (body == "$1") return std::move(arguments[0]);
  duckdb::vector<ParsedPtr> wrapped;
  for (auto& argument : arguments) wrapped.push_back(make_uniq<duckdb::BoundExpression>(std::move(argument)));
  auto expression = from_template(body, wrapped, place);
  const auto binder = duckdb::Binder::CreateBinder(context);
  duckdb::ExpressionBinder expressions(*binder, context);
  duckdb::ExpressionBinder::QualifyColumnNames(expressions, expression);  // parameters of lambdas
  return expressions.Bind(expression);
}

namespace {

BoundPtr bind_signature(BindInput& input) {
  const Signature* best = nullptr;
  Parameters best_parameters;
  Variables best_variables;
  int best_cost = 0;
  for (const Signature* candidate : signatures(input.name)) {
    auto parameters = read_parameters(candidate->parameters);
    const size_t given = input.arguments.size();
    if (parameters.variadic) {
      if (given + 1 < parameters.list.size()) continue;
      while (parameters.list.size() < given) parameters.list.push_back(Pattern(parameters.list.back()));
      parameters.list.resize(given);
    }
    if (parameters.list.size() != given) continue;
    Variables variables;
    int cost = parameters.variadic ? 1 : 0;
    for (size_t i = 0; i < given && cost != kNoFit; ++i) {
      const int part = fit(parameters.list[i], input.arguments[i]->return_type, variables);
      cost = part == kNoFit ? kNoFit : cost + part;
    }
    if (cost == kNoFit || (best && cost >= best_cost)) continue;
    best = candidate;
    best_cost = cost;
    best_parameters = std::move(parameters);
    best_variables = std::move(variables);
  }
  if (!best) unexpected_parameters(input);
  for (size_t i = 0; i < input.arguments.size(); ++i) {
    const LogicalType type = resolved(best_parameters.list[i], input.arguments[i]->return_type, best_variables);
    input.arguments[i] = coerced(input.context, std::move(input.arguments[i]), type);
  }
  if (std::string_view(best->body) == "native") {
    return call(input.context, "main", input.name, std::move(input.arguments));
  }
  if (best_parameters.variadic) {  // t_f, f: a name for all of them
    const string name = best->body;
    if (name.starts_with("t_")) return call(input.context, kSchema, name, std::move(input.arguments));
    return call(input.context, "main", name, std::move(input.arguments));
  }
  return bind_template(input.context, best->body, std::move(input.arguments), input.place);
}

void count_parts(const duckdb::Expression& e, size_t& parts) {
  if (++parts > kMostParts) return;
  duckdb::ExpressionIterator::EnumerateChildren(e, [&](const duckdb::Expression& child) { count_parts(child, parts); });
}

// system.trino.call(name, place, arguments..)
BoundPtr bind_any(duckdb::FunctionBindExpressionInput& input) {
  const auto& name = input.children[0]->Cast<duckdb::BoundConstantExpression>().value;
  duckdb::optional_idx place;
  const LogicalType& type = input.children[1]->return_type;
  if (const auto info = type.HasExtensionInfo() ? type.GetExtensionInfo() : nullptr) {
    for (const auto& [key, value] : info->properties) {
      place = static_cast<duckdb::idx_t>(parse_int(key.substr(5)).value_or(0));
    }
  }
  duckdb::vector<BoundPtr> arguments;
  for (size_t i = 2; i < input.children.size(); ++i) arguments.push_back(std::move(input.children[i]));
  return bind_call(input.context, duckdb::StringValue::Get(name), place, std::move(arguments));
}

}  // namespace

BoundPtr bind_call(ClientContext& context, const string& name, duckdb::optional_idx place,
                   duckdb::vector<BoundPtr> arguments) {
  if (context.interrupted) throw duckdb::InterruptException();
  size_t parts = 0;
  for (const auto& argument : arguments) count_parts(*argument, parts);
  if (parts > kMostParts) raise("NOT_SUPPORTED", kTooManyParts, place);
  BindInput input{context, name, place, std::move(arguments)};
  if (const Special* rule = special(name)) {
    const int given = static_cast<int>(input.arguments.size());
    if (given < rule->min_arguments || (rule->max_arguments >= 0 && given > rule->max_arguments)) {
      unexpected_parameters(input);
    }
    return rule->bind(input);
  }
  return bind_signature(input);
}

void register_functions(duckdb::DatabaseInstance& database) {
  Adder adder(database);
  auto any = typed_variadic("call", bind_any);
  adder.add(any);
  add_operator_functions(adder);
  add_recursion_functions(adder);
  add_text_functions(adder);
  add_pattern_functions(adder);
  add_date_functions(adder);
  add_json_functions(adder);
  add_nested_functions(adder);
  add_digest_functions(adder);
  add_number_functions(adder);
  add_stem_functions(adder);
  add_format_function(adder);
  add_sketch_functions(adder);
  add_address_functions(adder);
  add_tile_functions(adder);
  add_shape_functions(adder);
  add_aggregate_functions(adder);
}

}  // namespace tarn::sql::engine::trino
