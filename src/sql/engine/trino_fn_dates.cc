// What functions of dates and times call, and moments with their zones.
#include <cmath>

#include "base/text.h"
#include "sql/engine/functions.h"
#include "sql/engine/trino_dates.h"
#include "sql/engine/trino_encode.h"
#include "sql/engine/trino_functions.h"
#include "sql/engine/trino_manifest.h"

namespace tarn::sql::engine::trino {

using duckdb::BinaryExecutor;
using duckdb::DataChunk;
using duckdb::date_t;
using duckdb::dtime_t;
using duckdb::ExpressionState;
using duckdb::hugeint_t;
using duckdb::interval_t;
using duckdb::LogicalType;
using duckdb::ScalarFunction;
using duckdb::string_t;
using duckdb::StringVector;
using duckdb::timestamp_t;
using duckdb::UnaryExecutor;
using duckdb::Value;
using duckdb::Vector;
using std::string;

BoundPtr zoned_as_text(duckdb::ClientContext& context, BoundPtr value) {
  return bind_template(context, "t_zoned_text(c__local($1), t_zone_name($1))", bound_items(std::move(value)),
                       duckdb::optional_idx());
}

namespace {

constexpr int64_t kDay = 86'400'000'000LL;

template <class In, class Out, class Run>
ScalarFunction unary(const char* name, LogicalType from, LogicalType to, Run run) {
  return ScalarFunction(name, {std::move(from)}, std::move(to), [run](DataChunk& input, ExpressionState&, Vector& result) {
    UnaryExecutor::Execute<In, Out>(input.data[0], result, input.size(), [&](In value) { return run(value); });
  });
}
template <class In, class Run>
ScalarFunction printing(const char* name, LogicalType from, Run run) {
  return ScalarFunction(name, {std::move(from)}, LogicalType::VARCHAR,
                        [run](DataChunk& input, ExpressionState&, Vector& result) {
    UnaryExecutor::Execute<In, string_t>(input.data[0], result, input.size(),
                                         [&](In value) { return StringVector::AddString(result, run(value)); });
  });
}
template <class A, class B, class Out, class Run>
ScalarFunction binary(const char* name, LogicalType a, LogicalType b, LogicalType to, Run run) {
  return ScalarFunction(name, {std::move(a), std::move(b)}, std::move(to),
                        [run](DataChunk& input, ExpressionState&, Vector& result) {
    BinaryExecutor::Execute<A, B, Out>(input.data[0], input.data[1], result, input.size(),
                                       [&](A x, B y) { return run(x, y); });
  });
}
template <class A, class B, class Run>
ScalarFunction printing2(const char* name, LogicalType a, LogicalType b, Run run) {
  return ScalarFunction(name, {std::move(a), std::move(b)}, LogicalType::VARCHAR,
                        [run](DataChunk& input, ExpressionState&, Vector& result) {
    BinaryExecutor::Execute<A, B, string_t>(input.data[0], input.data[1], result, input.size(),
                                            [&](A x, B y) { return StringVector::AddString(result, run(x, y)); });
  });
}

int64_t all_micros(const interval_t& value) {
  return value.days * kDay + value.micros;
}

interval_t of_micros(int64_t micros) {
  return {0, static_cast<int32_t>(micros / kDay), micros % kDay};
}

string plain(string_t text) {
  return text.GetString();
}

const char* unit_of(const string& given) {
  static constexpr const char* kUnits[] = {"millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year"};
  const string word = lower(given);
  for (const char* unit : kUnits) {
    if (word == unit) return unit;
  }
  raise("INVALID_FUNCTION_ARGUMENT", "'" + word + "' is not a valid Timestamp field");
}

interval_t unit_interval(const string& given, int64_t n) {
  const string unit = unit_of(given);
  if (unit == "millisecond") return {0, 0, n * 1000};
  if (unit == "second") return {0, 0, n * 1'000'000LL};
  if (unit == "minute") return {0, 0, n * 60'000'000LL};
  if (unit == "hour") return {0, 0, n * 3'600'000'000LL};
  if (std::abs(n) > 1'000'000'000LL) raise("INVALID_FUNCTION_ARGUMENT", "Value too large for date_add: " + std::to_string(n));
  const auto count = static_cast<int32_t>(n);
  if (unit == "day") return {0, count, 0};
  if (unit == "week") return {0, count * 7, 0};
  return {count * (unit == "month" ? 1 : unit == "quarter" ? 3 : 12), 0, 0};
}

int64_t interval_part(const string& part, const interval_t& value) {
  const int64_t micros = all_micros(value);
  if (part == "day") return micros / kDay;
  if (part == "hour") return micros / 3'600'000'000LL % 24;
  if (part == "minute") return micros / 60'000'000LL % 60;
  if (part == "second") return micros / 1'000'000LL % 60;
  return micros / 1000 % 1000;
}

[[noreturn]] void bad_cast(const char* what, const string& text) {
  raise("INVALID_CAST_ARGUMENT", string("Value cannot be cast to ") + what + ": " + text);
}

Moment text_moment(const string& text) {
  const auto moment = read_timestamp(text);
  if (!moment) bad_cast("timestamp", text);
  return *moment;
}

Moment iso_moment(const string& text) {
  const auto moment = read_iso(text);
  if (!moment) raise("INVALID_FUNCTION_ARGUMENT", "Invalid format: \"" + text + "\"");
  return *moment;
}

Moment joda_moment(const string& text, const string& format) {
  const auto moment = joda_parse(text, format);
  if (!moment) raise("INVALID_FUNCTION_ARGUMENT", "Invalid format: \"" + text + "\" is malformed for \"" + format + "\"");
  return *moment;
}

string zone_or_utc(const Moment& moment) {
  return moment.zone.empty() ? "UTC" : moment.zone;
}

string human_seconds(double seconds) {
  if (!std::isfinite(seconds)) raise("INVALID_FUNCTION_ARGUMENT", "Invalid argument found: " + double_text(seconds));
  auto left = static_cast<int64_t>(std::llround(std::fabs(seconds)));
  string out;
  const auto put = [&](int64_t n, const char* unit) {
    if (n == 0) return;
    out += (out.empty() ? "" : ", ") + std::to_string(n) + " " + unit + (n == 1 ? "" : "s");
  };
  put(left / 604800, "week");
  put(left / 86400 % 7, "day");
  put(left / 3600 % 24, "hour");
  put(left / 60 % 60, "minute");
  if (left % 60 || out.empty()) out += (out.empty() ? "" : ", ") + std::to_string(left % 60) + " second" + (left % 60 == 1 ? "" : "s");
  return out;
}

interval_t parse_duration(const string& text) {
  char* end = nullptr;
  const double n = std::strtod(text.c_str(), &end);
  const string unit(trim(std::string_view(end)));
  static const std::map<string, double> kUnits = {{"ns", 0.001}, {"us", 1}, {"ms", 1e3}, {"s", 1e6},
                                                  {"m", 60e6},   {"h", 3600e6}, {"d", 86400e6}};
  const auto found = kUnits.find(unit);
  if (end == text.c_str() || found == kUnits.end()) {
    raise("INVALID_FUNCTION_ARGUMENT", "duration is not a valid data duration string: " + text);
  }
  return of_micros(static_cast<int64_t>(std::llround(n * found->second / 1000)) * 1000);
}

interval_t times(interval_t v, double by) {
  if (v.months != 0) return {static_cast<int32_t>(v.months * by), 0, 0};
  return of_micros(static_cast<int64_t>(static_cast<double>(all_micros(v)) * by));
}

}  // namespace

void add_date_functions(Adder& adder) {
  const LogicalType text = LogicalType::VARCHAR, number = LogicalType::BIGINT, zoned = zoned_type();
  const LogicalType timestamp = LogicalType::TIMESTAMP, instant = LogicalType::TIMESTAMP_TZ;
  const LogicalType interval = LogicalType::INTERVAL, boolean = LogicalType::BOOLEAN;

  // moments with zones
  adder.add(unary<hugeint_t, timestamp_t>("t_instant", zoned, instant, [](hugeint_t z) { return timestamp_t(z.upper); }));
  adder.add(unary<hugeint_t, bool>("t_has_offset", zoned, boolean,
                                   [](hugeint_t z) { return zone_offset(z.lower).has_value(); }));
  adder.add(unary<hugeint_t, timestamp_t>("t_offset_local", zoned, timestamp, [](hugeint_t z) {
    return timestamp_t(z.upper + zone_offset(z.lower).value_or(0));
  }));
  adder.add(printing<hugeint_t>("t_zone_name", zoned, [](hugeint_t z) { return zone_name(z.lower); }));
  adder.add(unary<string_t, bool>("t_is_offset", text, boolean,
                                  [](string_t name) { return zone_offset(zone_key(view(name))).has_value(); }));
  adder.add(binary<timestamp_t, string_t, hugeint_t>("t_make_zoned", instant, text, zoned, [](timestamp_t t, string_t zone) {
    return make_zoned(t.value, zone_key(view(zone)));
  }));
  adder.add(binary<timestamp_t, string_t, hugeint_t>(
      "t_make_zoned_local", timestamp, text, zoned, [](timestamp_t t, string_t zone) {
        const uint64_t key = zone_key(view(zone));
        return make_zoned(t.value - zone_offset(key).value_or(0), key);
      }));
  adder.add(binary<hugeint_t, timestamp_t, int64_t>("t_offset_minutes", zoned, timestamp, number,
                                                    [](hugeint_t z, timestamp_t local) {
                                                      return (local.value - z.upper) / 60'000'000LL;
                                                    }));
  adder.add(printing2<timestamp_t, string_t>("t_zoned_text", timestamp, text, [](timestamp_t local, string_t zone) {
    return timestamp_text(local.value) + " " + zone.GetString();
  }));
  adder.add(binary<timestamp_t, interval_t, timestamp_t>("t_shifted", instant, interval, instant,
                                                         [](timestamp_t t, interval_t by) {
                                                           return timestamp_t(t.value + all_micros(by));
                                                         }));
  adder.add(unary<interval_t, bool>("t_has_months", interval, boolean, [](interval_t v) { return v.months != 0; }));
  adder.add(printing<interval_t>("t_zone_of_interval", interval, [](interval_t v) {
    const string shown = offset_text(all_micros(v) / 60'000'000LL);
    return shown == "Z" ? string("UTC") : shown;
  }));

  // texts
  adder.add(unary<string_t, timestamp_t>("t_text_moment", text, timestamp,
                                         [](string_t s) { return timestamp_t(text_moment(plain(s)).micros); }));
  adder.add(printing<string_t>("t_text_zone", text, [](string_t s) { return zone_or_utc(text_moment(plain(s))); }));
  adder.add(unary<string_t, timestamp_t>("t_text_to_timestamp", text, timestamp, [](string_t s) {
    const Moment moment = text_moment(plain(s));
    if (!moment.zone.empty()) bad_cast("timestamp", plain(s));
    return timestamp_t(moment.micros);
  }));
  adder.add(unary<string_t, date_t>("t_text_to_date", text, LogicalType::DATE, [](string_t s) {
    const auto moment = read_timestamp(plain(s));
    if (!moment || moment->micros % kDay || !moment->zone.empty() || plain(s).find(':') != string::npos) {
      bad_cast("date", plain(s));
    }
    return date_t(static_cast<int32_t>(moment->micros / kDay));
  }));
  adder.add(unary<string_t, dtime_t>("t_text_to_time", text, LogicalType::TIME, [](string_t s) {
    const auto micros = read_time(plain(s));
    if (!micros) bad_cast("time", plain(s));
    return dtime_t(*micros);
  }));
  adder.add(unary<string_t, timestamp_t>("t_iso_moment", text, timestamp,
                                         [](string_t s) { return timestamp_t(iso_moment(plain(s)).micros); }));
  adder.add(printing<string_t>("t_iso_zone", text, [](string_t s) { return zone_or_utc(iso_moment(plain(s))); }));
  adder.add(unary<string_t, timestamp_t>("t_iso_date", text, timestamp, [](string_t s) {
    if (plain(s).find('T') != string::npos) raise("INVALID_FUNCTION_ARGUMENT", "Invalid format: \"" + plain(s) + "\"");
    return timestamp_t(iso_moment(plain(s)).micros);
  }));
  adder.add(printing2<timestamp_t, string_t>("t_mysql_format", timestamp, text, [](timestamp_t t, string_t format) {
    return mysql_format(t.value, plain(format));
  }));
  adder.add(binary<string_t, string_t, timestamp_t>("t_mysql_parse", text, text, timestamp, [](string_t s, string_t format) {
    const auto micros = mysql_parse(plain(s), plain(format));
    if (!micros) raise("INVALID_FUNCTION_ARGUMENT", "Invalid format: \"" + plain(s) + "\"");
    return timestamp_t(*micros);
  }));
  adder.add(by_row("t_joda_format", {timestamp, text, text, number}, text, [](const auto& a) {
    return Value(joda_format(a[0].template GetValue<timestamp_t>().value, duckdb::StringValue::Get(a[1]),
                             duckdb::StringValue::Get(a[2]), a[3].template GetValue<int64_t>()));
  }));
  adder.add(binary<string_t, string_t, timestamp_t>("t_joda_moment", text, text, timestamp, [](string_t s, string_t format) {
    return timestamp_t(joda_moment(plain(s), plain(format)).micros);
  }));
  adder.add(printing2<string_t, string_t>("t_joda_zone", text, text, [](string_t s, string_t format) {
    return zone_or_utc(joda_moment(plain(s), plain(format)));
  }));
  adder.add(printing<int64_t>("t_offset_text", number, [](int64_t minutes) { return offset_text(minutes); }));

  // units and intervals
  adder.add(printing<string_t>("t_unit", text, [](string_t s) { return string(unit_of(plain(s))); }));
  adder.add(binary<string_t, int64_t, interval_t>("t_unit_interval", text, number, interval,
                                                  [](string_t unit, int64_t n) { return unit_interval(plain(unit), n); }));
  adder.add(ScalarFunction("t_date_diff", {text, timestamp, timestamp}, number,
                           [](DataChunk& input, ExpressionState&, Vector& result) {
    duckdb::TernaryExecutor::Execute<string_t, timestamp_t, timestamp_t, int64_t>(
        input.data[0], input.data[1], input.data[2], result, input.size(),
        [](string_t unit, timestamp_t from, timestamp_t to) { return date_difference(plain(unit), from.value, to.value); });
  }));
  adder.add(binary<string_t, interval_t, int64_t>("t_interval_part", text, interval, number, [](string_t part, interval_t v) {
    return interval_part(plain(part), v);
  }));
  adder.add(binary<timestamp_t, timestamp_t, interval_t>("t_interval_between", timestamp, timestamp, interval,
                                                         [](timestamp_t from, timestamp_t to) {
                                                           return of_micros(to.value - from.value);
                                                         }));
  adder.add(binary<interval_t, double, interval_t>("t_interval_times", interval, LogicalType::DOUBLE, interval,
                                                   [](interval_t v, double by) {
    if (std::isnan(by)) raise("INVALID_FUNCTION_ARGUMENT", "Cannot multiply by double NaN");
    return times(v, by);
  }));
  adder.add(binary<interval_t, double, interval_t>("t_interval_divided", interval, LogicalType::DOUBLE, interval,
                                                   [](interval_t v, double by) {
    if (std::isnan(by) || by == 0) {
      raise("INVALID_FUNCTION_ARGUMENT", "Cannot divide by double " + print(duckdb::Value::DOUBLE(by)));
    }
    return times(v, 1 / by);
  }));
  adder.add(unary<interval_t, interval_t>("t_whole_days", interval, interval, [](interval_t v) -> interval_t {
    if (v.micros % kDay != 0) raise("INVALID_FUNCTION_ARGUMENT", "Cannot add hour, minutes or seconds to a date");
    return {v.months, static_cast<int32_t>(v.days + v.micros / kDay), 0};
  }));
  adder.add(unary<interval_t, int64_t>("t_milliseconds", interval, number, [](interval_t v) { return all_micros(v) / 1000; }));
  adder.add(unary<string_t, interval_t>("t_parse_duration", text, interval, [](string_t s) { return parse_duration(plain(s)); }));
  adder.add(printing<double>("t_human_seconds", LogicalType::DOUBLE, human_seconds));
  adder.add(binary<double, string_t, hugeint_t>("t_from_unixtime", LogicalType::DOUBLE, text, zoned, [](double seconds, string_t zone) {
    if (!std::isfinite(seconds) || std::fabs(seconds) > 9e12) {
      raise("INVALID_FUNCTION_ARGUMENT", "Value out of range for timestamp: " + double_text(seconds));
    }
    return make_zoned(std::llround(seconds * 1000) * 1000, zone_key(view(zone)));
  }));
  adder.add(binary<duckdb::dtime_tz_t, string_t, duckdb::dtime_tz_t>(
      "t_time_at_zone", LogicalType::TIME_TZ, text, LogicalType::TIME_TZ, [](duckdb::dtime_tz_t time, string_t zone) {
        const int64_t to = zone_offset(zone_key(view(zone))).value_or(0) / 1'000'000LL;
        const int64_t micros = time.time().micros + (to - time.offset()) * 1'000'000LL;
        return duckdb::dtime_tz_t(dtime_t(((micros % kDay) + kDay) % kDay), static_cast<int32_t>(to));
      }));
}

}  // namespace tarn::sql::engine::trino
