// What is bound by code beside the operators: rows and arrays, subscripts, types, moments.
#include "base/text.h"
#include "sql/engine/encode.h"
#include "sql/engine/session_state.h"
#include "sql/engine/trino_manifest.h"
#include "sql/engine/trino_operators.h"

namespace tarn::sql::engine::trino {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::Value;
using std::string;

// --- rows, arrays, subscripts ----------------------------------------------------------------------------------------

BoundPtr bind_row(BindInput& input) {
  for (size_t i = 0; i < input.arguments.size(); ++i) input.arguments[i]->SetAlias("field_" + std::to_string(i));
  return call(input.context, "main", "struct_pack", std::move(input.arguments));
}

BoundPtr bind_array(BindInput& input) {
  if (input.arguments.empty()) return bound_constant(Value::LIST(unknown_type(), {}));
  std::vector<size_t> all;
  for (size_t i = 0; i < input.arguments.size(); ++i) all.push_back(i);
  LogicalType type = common_of(input, all, "All ARRAY elements");
  if (is_null(type)) type = unknown_type();  // the engine would make an INTEGER of it
  for (auto& argument : input.arguments) argument = coerced(input.context, std::move(argument), type);
  return call(input.context, "main", "list_value", std::move(input.arguments));
}

BoundPtr bind_field(BindInput& input) {
  const LogicalType type = input.arguments[0]->return_type;
  const string name = input.arguments[1]->Cast<duckdb::BoundConstantExpression>().value.ToString();
  if (type.id() != LogicalTypeId::STRUCT) {
    raise("TYPE_MISMATCH", "Expression of type " + type_name(type) + " is not of type ROW", input.place);
  }
  for (size_t i = 0; i < duckdb::StructType::GetChildCount(type); ++i) {
    if (lower(duckdb::StructType::GetChildName(type, i)) != lower(name)) continue;
    return call(input.context, "main", "struct_extract_at",
                bound_items(std::move(input.arguments[0]), bound_constant(Value::BIGINT(static_cast<int64_t>(i) + 1))));
  }
  raise("COLUMN_NOT_FOUND", "Column '" + name + "' cannot be resolved or requester is not authorized to access requested "
        "resources", input.place);
}

BoundPtr bind_subscript(BindInput& input) {
  const LogicalType type = input.arguments[0]->return_type;
  const LogicalType index = input.arguments[1]->return_type;
  if (type.id() == LogicalTypeId::LIST) {
    if (!is_integer(index) && !is_null(index)) no_operator(input);
    return body(input, "list_extract($1, t_checked_index(CAST($2 AS BIGINT), len($1)))");
  }
  if (type.id() == LogicalTypeId::MAP) {
    const auto key = duckdb::MapType::KeyType(type);
    if (!common_type(key, index)) no_operator(input);
    input.arguments[1] = coerced(input.context, std::move(input.arguments[1]), key);
    return body(input,
                "CASE WHEN $1 IS NULL OR $2 IS NULL THEN NULL WHEN map_contains($1, $2) THEN "
                "map_extract_value($1, $2) WHEN t_missing_key(c__shown($2), $1 IS NULL) THEN NULL END");
  }
  if (type.id() == LogicalTypeId::STRUCT) {
    if (!is_constant(*input.arguments[1])) {
      raise("EXPRESSION_NOT_CONSTANT", "Subscript expression on ROW requires a constant index", input.place);
    }
    const auto at = input.arguments[1]->Cast<duckdb::BoundConstantExpression>().value.GetValue<int64_t>();
    if (at < 1) raise("INVALID_FUNCTION_ARGUMENT", "Invalid subscript index: " + std::to_string(at) +
                      ". ROW indices start at 1", input.place);
    if (at > static_cast<int64_t>(duckdb::StructType::GetChildCount(type))) {
      raise("INVALID_FUNCTION_ARGUMENT", "Subscript index out of bounds: " + std::to_string(at) + ", max value is " +
            std::to_string(duckdb::StructType::GetChildCount(type)), input.place);
    }
    return call(input.context, "main", "struct_extract_at",
                bound_items(std::move(input.arguments[0]), bound_constant(Value::BIGINT(at))));
  }
  no_operator(input);
}

// element_at: NULL where there is none; from the end for negative positions.
BoundPtr bind_element_at(BindInput& input) {
  const LogicalType type = input.arguments[0]->return_type, index = input.arguments[1]->return_type;
  if (type.id() == LogicalTypeId::LIST && (is_integer(index) || is_null(index))) {
    return body(input, "list_extract($1, t_element_index(CAST($2 AS BIGINT)))");
  }
  if (type.id() == LogicalTypeId::MAP && common_type(duckdb::MapType::KeyType(type), index)) {
    input.arguments[1] = coerced(input.context, std::move(input.arguments[1]), duckdb::MapType::KeyType(type));
    return body(input, "map_extract_value($1, $2)");
  }
  unexpected_parameters(input);
}

// The rows of UNNEST: lists side by side; maps give keys and values, rows their fields.
template <bool ordinality>
BoundPtr bind_unnest(BindInput& input) {
  const auto named = input.arguments.back()->Cast<duckdb::BoundConstantExpression>().value.GetValue<int32_t>();
  input.arguments.pop_back();
  // AWS: Querying arrays with complex types, WAF logs: UNNEST(rows) AS t (row) has one column, the row.
  int32_t whole = 0;
  for (const auto& argument : input.arguments) whole += argument->return_type.id() == LogicalTypeId::MAP ? 2 : 1;
  const bool keep_rows = named == whole;
  duckdb::vector<BoundPtr> lists;
  auto& context = input.context;
  for (auto& argument : input.arguments) {
    const LogicalType type = argument->return_type;
    if (type.id() == LogicalTypeId::MAP) {
      auto copy = argument->Copy();
      lists.push_back(call(context, "main", "map_keys", bound_items(std::move(copy))));
      lists.push_back(call(context, "main", "map_values", bound_items(std::move(argument))));
    } else if (type.id() == LogicalTypeId::LIST) {
      const LogicalType child = duckdb::ListType::GetChildType(type);
      if (child.id() != LogicalTypeId::STRUCT || keep_rows) {
        argument->SetAlias("");
        lists.push_back(std::move(argument));
        continue;
      }
      for (size_t i = 0; i < duckdb::StructType::GetChildCount(child); ++i) {
        auto arguments = bound_items(argument->Copy(), bound_constant(Value::BIGINT(static_cast<int64_t>(i) + 1)));
        arguments.push_back(bound_constant(Value(duckdb::StructType::GetChildType(child, i))));
        lists.push_back(own(input, "t_field_list", std::move(arguments)));
        const string& field = duckdb::StructType::GetChildName(child, i);
        if (!field.starts_with("field_")) lists.back()->SetAlias(field);
      }
    } else {
      raise("TYPE_MISMATCH", "Cannot unnest type: " + type_name(type), input.place);
    }
  }
  if (ordinality) lists.push_back(bound_constant(Value::LIST(LogicalType::BIGINT, {})));
  return own(input, ordinality ? "t_unnested_with_ordinality" : "t_unnested", std::move(lists));
}

// --- types and moments -----------------------------------------------------------------------------------------------

BoundPtr bind_typeof(BindInput& input) {
  return bound_constant(Value(type_name(*input.arguments[0])));
}

const StatementContext& statement_of(BindInput& input) {
  return SessionState::of(input.context)->context;
}

// AWS: moments have milliseconds.
int64_t now_micros(BindInput& input) {
  const int64_t micros = statement_of(input).now.micros;
  return micros - ((micros % 1000) + 1000) % 1000;
}

BoundPtr bind_moment(BindInput& input) {
  const int64_t micros = now_micros(input);
  const auto timestamp = duckdb::timestamp_t(micros);
  if (input.name == "current_date") return bound_constant(Value::DATE(duckdb::Timestamp::GetDate(timestamp)));
  if (input.name == "localtimestamp") return bound_constant(Value::TIMESTAMP(timestamp));
  if (input.name == "localtime") return bound_constant(Value::TIME(duckdb::Timestamp::GetTime(timestamp)));
  if (input.name == "current_time") {
    return bound_constant(Value::TIMETZ(duckdb::dtime_tz_t(duckdb::Timestamp::GetTime(timestamp), 0)));
  }
  Value value = Value::HUGEINT(make_zoned(micros, 0));
  value.Reinterpret(zoned_type());
  return bound_constant(std::move(value));
}

BoundPtr bind_session(BindInput& input) {
  const auto& context = statement_of(input);
  if (input.name == "current_user") return bound_constant(Value(context.user));
  if (input.name == "current_schema") return bound_constant(Value(context.database));
  if (input.name == "current_timezone") return bound_constant(Value(context.time_zone));
  return bound_constant(Value("awsdatacatalog"));
}

BoundPtr bind_at_timezone(BindInput& input) {
  const LogicalType type = input.arguments[0]->return_type, zone = input.arguments[1]->return_type;
  if (zone.id() == LogicalTypeId::INTERVAL) {
    input.arguments[1] = own(input, "t_zone_of_interval", bound_items(std::move(input.arguments[1])));
  } else if (!is_varchar(zone)) {
    raise("TYPE_MISMATCH", "Type of value must be a time or timestamp with or without time zone (actual " +
          type_name(type) + ")", input.place);
  }
  if (type.id() == LogicalTypeId::TIME_TZ) return body(input, "t_time_at_zone($1, $2)");
  if (!common_type(type, zoned_type()) || type.id() == LogicalTypeId::DATE) {
    raise("TYPE_MISMATCH", "Type of value must be a time or timestamp with or without time zone (actual " +
          type_name(type) + ")", input.place);
  }
  input.arguments[0] = coerced(input.context, std::move(input.arguments[0]), zoned_type());
  return body(input, "c__checked_zone(t_make_zoned(t_instant($1), $2))");
}

// Values of both kinds as text, for errors.
BoundPtr bind_shown(BindInput& input) {
  return call(input.context, kSchema, "t_shown", std::move(input.arguments));
}

}  // namespace

std::vector<Special> nested_specials() {
  return {
      {"row", 1, -1, bind_row},
      {"array", 0, -1, bind_array},
      {"field", 2, 2, bind_field},
      {"subscript", 2, 2, bind_subscript},
      {"element_at", 2, 2, bind_element_at, "T", "array(T), bigint"},
      {"unnest_rows", 2, -1, bind_unnest<false>},
      {"unnest_rows_with_ordinality", 2, -1, bind_unnest<true>},
      {"typeof", 1, 1, bind_typeof, "varchar", "T"},
      {"current_date", 0, 0, bind_moment, "date"},
      {"current_time", 0, 0, bind_moment, "time with time zone"},
      {"current_timestamp", 0, 0, bind_moment, "timestamp with time zone"},
      {"now", 0, 0, bind_moment, "timestamp with time zone"},
      {"localtime", 0, 0, bind_moment, "time"},
      {"localtimestamp", 0, 0, bind_moment, "timestamp"},
      {"current_user", 0, 0, bind_session, "varchar"},
      {"current_catalog", 0, 0, bind_session, "varchar"},
      {"current_schema", 0, 0, bind_session, "varchar"},
      {"current_timezone", 0, 0, bind_session, "varchar"},
      {"at_timezone", 2, 2, bind_at_timezone, "timestamp with time zone", "timestamp with time zone, varchar"},
      {"_shown", 1, 1, bind_shown},
  };
}

}  // namespace tarn::sql::engine::trino
