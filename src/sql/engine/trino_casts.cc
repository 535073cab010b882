// CAST, TRY_CAST's inside, and typed literals. https://trino.io/docs/current/functions/conversion.html
#include "base/text.h"
#include "sql/engine/fn_geometry.h"
#include "sql/engine/functions.h"
#include "sql/engine/trino_functions.h"
#include "sql/engine/trino_manifest.h"

namespace tarn::sql::engine::trino {

using duckdb::ClientContext;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::Value;
using std::string;

namespace {

[[noreturn]] void cannot_cast(const LogicalType& from, const LogicalType& to, duckdb::optional_idx place) {
  raise("TYPE_MISMATCH", "Cannot cast " + type_name(from) + " to " + type_name(to), place);
}

BoundPtr run(ClientContext& context, const char* function, BoundPtr value) {
  return call(context, kSchema, function, bound_items(std::move(value)));
}

BoundPtr text_of(ClientContext& context, BoundPtr value, const LogicalType& to, duckdb::optional_idx place) {
  const LogicalType from = value->return_type;
  if (is_zoned(from)) return bind_template(context, "t_zoned_text(c__local($1), t_zone_name($1))", bound_items(std::move(value)), place);
  if (is_json(from)) return run(context, "t_json_scalar_text", std::move(value));
  if (is_char(from)) return cast_to(context, std::move(value), LogicalType::VARCHAR);
  if (from.id() == LogicalTypeId::DECIMAL && duckdb::DecimalType::GetWidth(from) == duckdb::DecimalType::GetScale(from)) {
    return run(context, "t_shown", std::move(value));  // 0.1, where the engine writes .1
  }
  switch (from.id()) {
    case LogicalTypeId::VARCHAR: return value;
    case LogicalTypeId::DOUBLE: return run(context, "t_double_text", std::move(value));
    case LogicalTypeId::FLOAT: return run(context, "t_real_text", std::move(value));
    case LogicalTypeId::TIMESTAMP: return run(context, "t_timestamp_text", std::move(value));
    case LogicalTypeId::TIME: return run(context, "t_time_text", std::move(value));
    case LogicalTypeId::TIMESTAMP_TZ:
      return text_of(context, cast_bound(context, std::move(value), zoned_type(), place), to, place);
    case LogicalTypeId::INTERVAL:
    case LogicalTypeId::TIME_TZ: return run(context, "t_shown", std::move(value));
    case LogicalTypeId::BLOB:
    case LogicalTypeId::LIST:
    case LogicalTypeId::MAP:
    case LogicalTypeId::STRUCT: cannot_cast(from, to, place);
    default: return cast_to(context, std::move(value), LogicalType::VARCHAR);
  }
}

BoundPtr from_text(ClientContext& context, BoundPtr value, const LogicalType& to, duckdb::optional_idx place) {
  const LogicalType from = value->return_type;
  if (is_zoned(to)) {
    return bind_template(context, "c__zoned(t_text_moment($1), t_text_zone($1))", bound_items(std::move(value)), place);
  }
  switch (to.id()) {
    case LogicalTypeId::TINYINT:
    case LogicalTypeId::SMALLINT:
    case LogicalTypeId::INTEGER:
    case LogicalTypeId::BIGINT:
    case LogicalTypeId::DOUBLE:
    case LogicalTypeId::FLOAT:
    case LogicalTypeId::BOOLEAN: {
      auto arguments = bound_items(std::move(value), bound_constant(Value(to)));
      return cast_to(context, call(context, kSchema, "t_text_to", std::move(arguments)), to);
    }
    case LogicalTypeId::DECIMAL: {
      auto arguments = bound_items(std::move(value), bound_constant(Value(to)));
      return call(context, kSchema, "t_text_to_decimal", std::move(arguments));
    }
    case LogicalTypeId::DATE: return run(context, "t_text_to_date", std::move(value));
    case LogicalTypeId::TIMESTAMP: return run(context, "t_text_to_timestamp", std::move(value));
    case LogicalTypeId::TIME: return run(context, "t_text_to_time", std::move(value));
    case LogicalTypeId::TIME_TZ:
    case LogicalTypeId::UUID: return cast_to(context, std::move(value), to);
    case LogicalTypeId::BLOB: return bind_template(context, "encode($1)", bound_items(std::move(value)), place);
    default: cannot_cast(from, to, place);
  }
}

BoundPtr cast_nested(ClientContext& context, BoundPtr value, const LogicalType& to, duckdb::optional_idx place) {
  const LogicalType from = value->return_type;
  if (from.id() == LogicalTypeId::LIST && to.id() == LogicalTypeId::LIST) {
    auto arguments = bound_items(std::move(value), bound_constant(Value(duckdb::ListType::GetChildType(to))));
    return bind_template(context, "list_transform($1, lambda x: c_cast(x, $2))", std::move(arguments), place);
  }
  if (from.id() == LogicalTypeId::MAP && to.id() == LogicalTypeId::MAP) {
    auto arguments = bound_items(std::move(value), bound_constant(Value(LogicalType::LIST(duckdb::MapType::KeyType(to)))));
    arguments.push_back(bound_constant(Value(LogicalType::LIST(duckdb::MapType::ValueType(to)))));
    return bind_template(context, "CASE WHEN $1 IS NULL THEN NULL ELSE map(c_cast(map_keys($1), $2), "
                         "c_cast(map_values($1), $3)) END", std::move(arguments), place);
  }
  if (from.id() == LogicalTypeId::STRUCT && to.id() == LogicalTypeId::STRUCT) {
    const size_t n = duckdb::StructType::GetChildCount(from);
    if (n != duckdb::StructType::GetChildCount(to)) cannot_cast(from, to, place);
    duckdb::vector<BoundPtr> fields;
    for (size_t i = 0; i < n; ++i) {
      auto field = call(context, "main", "struct_extract_at",
                        bound_items(value->Copy(), bound_constant(Value::BIGINT(static_cast<int64_t>(i) + 1))));
      field = cast_bound(context, std::move(field), duckdb::StructType::GetChildType(to, i), place);
      field->SetAlias(duckdb::StructType::GetChildName(to, i));
      fields.push_back(std::move(field));
    }
    auto packed = call(context, "main", "struct_pack", std::move(fields));
    auto null = duckdb::make_uniq<duckdb::BoundOperatorExpression>(duckdb::ExpressionType::OPERATOR_IS_NULL,
                                                                   LogicalType::BOOLEAN);
    null->children.push_back(std::move(value));
    return duckdb::make_uniq<duckdb::BoundCaseExpression>(std::move(null), bound_constant(Value(packed->return_type)),
                                                          std::move(packed));
  }
  cannot_cast(from, to, place);
}

// The same bytes under another type.
BoundPtr retagged(ClientContext& context, BoundPtr value, const LogicalType& to) {
  return call(context, kSchema, "t_retag", bound_items(std::move(value), bound_constant(Value(to))));
}

BoundPtr cast_opaque(ClientContext& context, BoundPtr value, const LogicalType& to, duckdb::optional_idx place) {
  const LogicalType from = value->return_type;
  const auto bytes = [](const LogicalType& type) { return type.id() == LogicalTypeId::BLOB && !type.HasAlias(); };
  const auto text = [](const LogicalType& type) { return is_varchar(type) || is_char(type); };
  if (is_opaque(to, "ipaddress") && text(from)) {
    return run(context, "t_text_address", coerced(context, std::move(value), LogicalType::VARCHAR));
  }
  if (is_opaque(to, "ipaddress") && bytes(from)) return run(context, "t_bytes_address", std::move(value));
  if (is_opaque(from, "ipaddress") && is_varchar(to)) return run(context, "t_address_text", std::move(value));
  if (is_opaque(from, "ipaddress") && bytes(to)) return run(context, "t_address_bytes", std::move(value));
  const auto summary = [](const LogicalType& type) {
    return is_opaque(type) && type.id() == LogicalTypeId::BLOB && type.GetAlias() != "ipaddress" &&
           type.GetAlias() != "SphericalGeography";
  };
  if ((summary(from) && bytes(to)) || (bytes(from) && summary(to))) return retagged(context, std::move(value), to);
  cannot_cast(from, to, place);
}

bool is_number(const LogicalType& type) {
  return type.IsNumeric() && !type.HasAlias();
}

}  // namespace

BoundPtr cast_bound(ClientContext& context, BoundPtr value, const LogicalType& to, duckdb::optional_idx place) {
  const LogicalType from = value->return_type;
  if (from == to) return value;
  if (is_unknown(from)) return bound_constant(Value(to));
  if (from.id() == LogicalTypeId::SQLNULL) return cast_to(context, std::move(value), to);
  if (is_opaque(from) || is_opaque(to)) return cast_opaque(context, std::move(value), to, place);
  const auto body = [&](const char* text) { return bind_template(context, text, bound_items(std::move(value)), place); };
  if (is_json(to)) return run(context, "t_to_json", std::move(value));
  if (is_json(from) && !is_varchar(to)) {
    return call(context, kSchema, "t_from_json", bound_items(std::move(value), bound_constant(Value(to))));
  }
  if (is_char(to)) {
    auto text = text_of(context, std::move(value), to, place);
    auto padded = call(context, kSchema, "t_padded", bound_items(std::move(text), bound_constant(Value::INTEGER(char_length(to)))));
    return cast_to(context, std::move(padded), to);
  }
  if (is_varchar(to)) return text_of(context, std::move(value), to, place);
  if (is_char(from)) return from_text(context, cast_to(context, std::move(value), LogicalType::VARCHAR), to, place);
  if (is_varchar(from)) return from_text(context, std::move(value), to, place);
  if (to.IsNested() || from.IsNested()) return cast_nested(context, std::move(value), to, place);
  if (is_zoned(to)) {
    if (from.id() == LogicalTypeId::TIMESTAMP_TZ) return body("t_make_zoned($1, 'UTC')");
    if (from.id() == LogicalTypeId::TIMESTAMP || from.id() == LogicalTypeId::DATE) return body("c__zoned(CAST($1 AS TIMESTAMP), 'UTC')");
    cannot_cast(from, to, place);
  }
  if (is_zoned(from)) {
    if (to.id() == LogicalTypeId::TIMESTAMP_TZ) return body("t_instant($1)");
    auto local = body("c__local($1)");
    if (to.id() == LogicalTypeId::TIMESTAMP || to.id() == LogicalTypeId::DATE || to.id() == LogicalTypeId::TIME) {
      return cast_to(context, std::move(local), to);
    }
    cannot_cast(from, to, place);
  }
  if (is_number(from) && is_number(to)) {
    const bool integral = to.IsIntegral();
    if (from.IsFloating() && integral) {
      auto arguments = bound_items(cast_to(context, std::move(value), LogicalType::DOUBLE), bound_constant(Value(to)));
      return cast_to(context, call(context, kSchema, "t_double_to_integer", std::move(arguments)), to);
    }
    const bool exact = from.id() == LogicalTypeId::DECIMAL && to.id() == LogicalTypeId::FLOAT;
    if (exact) return from_text(context, text_of(context, std::move(value), to, place), to, place);
    if (from.IsFloating() && to.id() == LogicalTypeId::DECIMAL) {
      const char* function = from.id() == LogicalTypeId::DOUBLE ? "t_double_to_decimal" : "t_real_to_decimal";
      return cast_to(context, call(context, kSchema, function, bound_items(std::move(value), bound_constant(Value(to)))), to);
    }
    return cast_to(context, std::move(value), to);
  }
  const auto temporal = [](const LogicalType& type) {
    return type.id() == LogicalTypeId::DATE || type.id() == LogicalTypeId::TIMESTAMP || type.id() == LogicalTypeId::TIME ||
           type.id() == LogicalTypeId::TIMESTAMP_TZ || type.id() == LogicalTypeId::TIMESTAMP_MS ||
           type.id() == LogicalTypeId::TIMESTAMP_NS || type.id() == LogicalTypeId::TIMESTAMP_SEC ||
           type.id() == LogicalTypeId::TIME_TZ;
  };
  if (temporal(from) && temporal(to)) return cast_to(context, std::move(value), to);
  if (from.id() == LogicalTypeId::BOOLEAN && is_number(to)) return cast_to(context, std::move(value), to);
  if (is_number(from) && to.id() == LogicalTypeId::BOOLEAN) return cast_to(context, std::move(value), to);
  if (from.id() == LogicalTypeId::BLOB && to.id() == LogicalTypeId::UUID) return cast_to(context, std::move(value), to);
  if (from.id() == LogicalTypeId::UUID && to.id() == LogicalTypeId::BLOB) return cast_to(context, std::move(value), to);
  if (from.id() == LogicalTypeId::INTERVAL && to.id() == LogicalTypeId::INTERVAL) return value;
  cannot_cast(from, to, place);
}

namespace {

// cast(value, NULL of the type[, length])
BoundPtr bind_cast(BindInput& input) {
  const LogicalType to = input.arguments[1]->return_type, from = input.arguments[0]->return_type;
  auto given = from.IsNumeric() || from.id() == LogicalTypeId::DATE ? input.arguments[0]->Copy() : nullptr;
  auto result = cast_bound(input.context, std::move(input.arguments[0]), to, input.place);
  if (input.arguments.size() < 3) return result;
  if (given) {  // texts are cut; numbers and dates must fit
    auto arguments = bound_items(std::move(result), std::move(input.arguments[2]));
    arguments.push_back(call(input.context, kSchema, "t_shown", bound_items(std::move(given))));
    return bind_template(input.context, "t_fitting($1, $2, $3)", std::move(arguments), input.place);
  }
  return bind_template(input.context, "left($1, $2)", bound_items(std::move(result), std::move(input.arguments[2])), input.place);
}

// literal(type's name, text)
BoundPtr bind_literal(BindInput& input) {
  const auto text_at = [&](size_t i) {
    return duckdb::StringValue::Get(input.arguments[i]->Cast<duckdb::BoundConstantExpression>().value);
  };
  const string name = text_at(0);
  const string text = text_at(1);
  LogicalType to;
  static const std::map<string, LogicalType> kTypes = {
      {"date", LogicalType::DATE},         {"time", LogicalType::TIME},       {"timestamp", LogicalType::TIMESTAMP},
      {"boolean", LogicalType::BOOLEAN},   {"tinyint", LogicalType::TINYINT}, {"smallint", LogicalType::SMALLINT},
      {"int", LogicalType::INTEGER},       {"integer", LogicalType::INTEGER}, {"bigint", LogicalType::BIGINT},
      {"real", LogicalType::FLOAT},        {"double", LogicalType::DOUBLE},   {"varchar", LogicalType::VARCHAR},
      {"varbinary", LogicalType::BLOB},    {"uuid", LogicalType::UUID},       {"ipaddress", opaque_type("ipaddress")}};
  if (const auto known = kTypes.find(name); known != kTypes.end()) {
    to = known->second;
    // A timestamp with a zone behind it, a time with an offset.
    if (name == "timestamp") {
      const size_t colon = text.find(':');
      const size_t behind = colon == string::npos ? text.size() : text.find_first_not_of("0123456789:.", colon);
      if (behind != string::npos && behind < text.size() && !trim(text.substr(behind)).empty()) to = zoned_type();
    }
    if (name == "time" && text.find_first_of("+-Z") != string::npos) to = LogicalType::TIME_TZ;
  } else if (name == "json") {
    auto parsed = call(input.context, kSchema, "t_json_parse", bound_items(bound_constant(Value(text))));
    try {
      return bound_constant(duckdb::ExpressionExecutor::EvaluateScalar(input.context, *parsed));
    } catch (const std::exception&) {
      raise("INVALID_LITERAL", "'" + text + "' is not a valid JSON literal", input.place);
    }
  } else if (name == "char") {
    to = char_type(static_cast<int>(std::max<size_t>(characters(text).size(), 1)));
  } else if (name == "decimal") {
    string digits(trim(text));
    const bool sign = !digits.empty() && (digits[0] == '-' || digits[0] == '+');
    const string unsigned_digits = digits.substr(sign ? 1 : 0);
    const size_t point = unsigned_digits.find('.');
    const size_t scale = point == string::npos ? 0 : unsigned_digits.size() - point - 1;
    const size_t whole = (point == string::npos ? unsigned_digits.size() : point);
    const bool good = !unsigned_digits.empty() && unsigned_digits.find_first_not_of("0123456789.") == string::npos;
    if (!good || whole + scale > 38) {
      raise("INVALID_LITERAL", "'" + text + "' is not a valid DECIMAL literal", input.place);
    }
    to = LogicalType::DECIMAL(static_cast<uint8_t>(std::max<size_t>(whole + scale, 1)), static_cast<uint8_t>(scale));
    return cast_to(input.context, bound_constant(Value(digits)), to);
  } else {
    raise("TYPE_NOT_FOUND", "Unknown type: " + name, input.place);
  }
  auto converted = cast_bound(input.context, bound_constant(Value(text)), to, input.place);
  // Its value now, so that an error is the literal's.
  try {
    auto value = duckdb::ExpressionExecutor::EvaluateScalar(input.context, *converted);
    return bound_constant(std::move(value));
  } catch (const std::exception&) {
    raise("INVALID_LITERAL", "'" + text + "' is not a valid " + upper(name) + " literal", input.place);
  }
}

// _as_opaque(value, 'SphericalGeography'), _as_geometry(value)
BoundPtr bind_as_opaque(BindInput& input) {
  const string name = input.arguments[1]->Cast<duckdb::BoundConstantExpression>().value.ToString();
  return retagged(input.context, std::move(input.arguments[0]), opaque_type(name));
}
BoundPtr bind_as_geometry(BindInput& input) {
  return retagged(input.context, std::move(input.arguments[0]), geometry_type());
}

BoundPtr bind_checked_zone(BindInput& input) {
  // The engine's calendar knows which names are zones.
  return bind_template(input.context,
                       "CASE WHEN t_has_offset($1) THEN $1 WHEN timezone(t_zone_name($1), t_instant($1)) > TIMESTAMP "
                       "'1970-01-01' THEN $1 ELSE $1 END",
                       std::move(input.arguments), input.place);
}

}  // namespace

std::vector<Special> cast_specials() {
  return {
      {"cast", 2, 3, bind_cast},
      {"literal", 2, 2, bind_literal},
      {"_checked_zone", 1, 1, bind_checked_zone},
      {"_as_opaque", 2, 2, bind_as_opaque},
      {"_as_geometry", 1, 1, bind_as_geometry},
  };
}

}  // namespace tarn::sql::engine::trino
