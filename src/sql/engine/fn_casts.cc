// Casts: what CAST(x AS t) and implicit conversions do, and how a value is fitted to VARCHAR(n) and CHAR(n).
#include <algorithm>
#include <charconv>
#include <optional>

#include "base/text.h"
#include "sql/engine/catalog_arrays.h"
#include "sql/engine/date_format.h"
#include "sql/engine/encode.h"
#include "sql/engine/errors.h"
#include "sql/engine/functions.h"
#include "sql/engine/parameters.h"
#include "sql/engine/session_state.h"
#include "sql/engine/values.h"

namespace tarn::sql::engine {

using duckdb::ClientContext;
using duckdb::Expression;
using duckdb::FunctionBindExpressionInput;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::string_t;
using duckdb::StringVector;
using duckdb::unique_ptr;

bool is_text(const LogicalType& type) {
  return type.id() == LogicalTypeId::VARCHAR && !is_super(type);
}

duckdb::vector<unique_ptr<Expression>> arguments(unique_ptr<Expression> a) {
  duckdb::vector<unique_ptr<Expression>> list;
  list.push_back(std::move(a));
  return list;
}
duckdb::vector<unique_ptr<Expression>> arguments(unique_ptr<Expression> a, unique_ptr<Expression> b) {
  auto list = arguments(std::move(a));
  list.push_back(std::move(b));
  return list;
}

unique_ptr<Expression> as_text(ClientContext& context, unique_ptr<Expression> value) {
  const LogicalType& type = value->return_type;
  if (is_text(type)) return value;
  if (type.IsFloating()) {
    return call(context, kFunctionSchema, "double_text",
                arguments(cast_to(context, std::move(value), LogicalType::DOUBLE)));
  }
  if (is_super(type)) return call(context, kFunctionSchema, "super_text", arguments(std::move(value)));
  if (type.id() == LogicalTypeId::INTERVAL)
    return call(context, kFunctionSchema, "interval_text", arguments(std::move(value)));
  if (type.id() == LogicalTypeId::BLOB && !type.HasAlias())
    return call(context, kFunctionSchema, "from_varbyte", arguments(std::move(value), constant(duckdb::Value("utf8"))));
  const bool behind_point = type.id() == LogicalTypeId::DECIMAL &&
                            duckdb::DecimalType::GetWidth(type) == duckdb::DecimalType::GetScale(type);
  if (behind_point) {
    return call(context, kFunctionSchema, "zero_before_point",
                arguments(cast_to(context, std::move(value), LogicalType::VARCHAR)));
  }
  const bool dated = type.id() == LogicalTypeId::DATE || type.id() == LogicalTypeId::TIMESTAMP ||
                     type.id() == LogicalTypeId::TIMESTAMP_TZ;
  value = cast_to(context, std::move(value), LogicalType::VARCHAR);
  return dated ? call(context, kFunctionSchema, "date_text", arguments(std::move(value))) : std::move(value);
}

// The literals 'now', 'today', 'tomorrow' and 'yesterday'. AWS: date, time, and timestamp literals, special datetime values.
static std::optional<duckdb::Value> special_moment(ClientContext& context, const Expression& text) {
  if (text.GetExpressionType() != duckdb::ExpressionType::VALUE_CONSTANT) return std::nullopt;
  const auto& value = text.Cast<duckdb::BoundConstantExpression>().value;
  const auto session = SessionState::of(context);
  if (value.IsNull() || !session) return std::nullopt;
  const std::string word = lower(trim(duckdb::StringValue::Get(value)));
  const duckdb::timestamp_t now(session->context.now.micros);
  const auto day = [&](int32_t ahead) { return duckdb::Value::DATE(duckdb::date_t(duckdb::Timestamp::GetDate(now).days + ahead)); };
  if (word == "now") return duckdb::Value::TIMESTAMP(now);
  if (word == "today") return day(0);
  if (word == "tomorrow") return day(1);
  if (word == "yesterday") return day(-1);
  return std::nullopt;
}

unique_ptr<Expression> converted(ClientContext& context, unique_ptr<Expression> value, const LogicalType& type,
                                 bool try_cast) {
  note_parameter(context, *value, type);
  const LogicalType from = value->return_type;
  if (from == type || from.id() == LogicalTypeId::SQLNULL) return cast_to(context, std::move(value), type, try_cast);
  if (is_text(type)) return as_text(context, std::move(value));
  if (is_super(type)) {
    auto json = call(context, "main", "to_json", arguments(std::move(value)));
    return cast_to(context, std::move(json), type);
  }
  if (is_super(from)) {  // lax: what is of another kind is NULL
    if (type.IsNumeric()) {
      return cast_to(context, call(context, kFunctionSchema, "super_number", arguments(std::move(value))), type, true);
    }
    if (type.id() == LogicalTypeId::BOOLEAN)
      return call(context, kFunctionSchema, "super_boolean", arguments(std::move(value)));
    return cast_to(context, call(context, kFunctionSchema, "super_string", arguments(std::move(value))), type, true);
  }
  if (is_text(from) && type.id() == LogicalTypeId::BLOB && !type.HasAlias()) {
    return call(context, kFunctionSchema, "to_varbyte", arguments(std::move(value), constant(duckdb::Value("utf8"))));
  }
  if (is_text(from) && type.id() == LogicalTypeId::INTERVAL && !try_cast) {
    return call(context, kFunctionSchema, "text_to_interval", arguments(std::move(value)));
  }
  if (from.HasAlias() && from.GetAlias() == kCharAlias && type.IsIntegral()) {
    return cast_to(context, call(context, "main", "ascii", arguments(plain(std::move(value)))), type);
  }
  if (is_text(from) && type.IsIntegral() && !try_cast) {
    return cast_to(context, call(context, kFunctionSchema, "text_to_integer", arguments(std::move(value))), type);
  }
  if (is_text(from) && type.IsTemporal()) {
    if (const auto moment = special_moment(context, *value)) return cast_to(context, constant(*moment), type, try_cast);
  }
  if (is_text(from) && type.id() == LogicalTypeId::DATE && !try_cast) {
    return call(context, kFunctionSchema, "text_to_date", arguments(std::move(value)));
  }
  if (is_text(from) && type.id() == LogicalTypeId::TIMESTAMP && !try_cast) {
    return call(context, kFunctionSchema, "text_to_timestamp", arguments(std::move(value)));
  }
  if (is_text(from) && type.id() == LogicalTypeId::TIME && !try_cast) {
    return call(context, kFunctionSchema, "text_to_time", arguments(std::move(value)));
  }
  if (is_text(from) && type.id() == LogicalTypeId::TIMESTAMP_TZ) {
    value = call(context, kFunctionSchema, "zoned_timestamp", arguments(std::move(value)));
  }
  if (is_text(from) && type.id() == LogicalTypeId::TIME_TZ) {
    value = call(context, kFunctionSchema, "zoned_time", arguments(std::move(value)));
  }
  if (is_text(from) && type.id() == LogicalTypeId::BOOLEAN && !try_cast) {
    return call(context, kFunctionSchema, "text_to_boolean", arguments(std::move(value)));
  }
  return cast_to(context, std::move(value), type, try_cast);
}

namespace {

// The first n bytes, without a character cut in half.
std::string_view first_bytes(std::string_view text, int32_t n) {
  if (text.size() <= static_cast<size_t>(n)) return text;
  size_t end = static_cast<size_t>(n);
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

std::string_view without_trailing_blanks(std::string_view text) {
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

enum class Fit { kCut, kCutChar, kFitVarchar, kFitChar };

template <Fit fit>
void fit_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::BinaryExecutor::Execute<string_t, int32_t, string_t>(
      input.data[0], input.data[1], result, input.size(), [&](string_t value, int32_t n) {
        std::string_view text = view(value);
        if (fit == Fit::kCutChar || fit == Fit::kFitChar) text = without_trailing_blanks(text);
        if (text.size() > static_cast<size_t>(n)) {
          if (fit == Fit::kFitVarchar || fit == Fit::kFitChar) {
            if (without_trailing_blanks(text).size() > static_cast<size_t>(n)) {
              raise_sql("22001", std::string("value too long for type character") +
                                     (fit == Fit::kFitChar ? "(" : " varying(") + std::to_string(n) + ")");
            }
          }
          text = first_bytes(text, n);
        }
        return StringVector::AddString(result, text.data(), text.size());
      });
}

// (text, bytes, column): text of a data file for a column. AWS: COPY from columnar data formats.
void fit_data(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::TernaryExecutor::Execute<string_t, int32_t, string_t, string_t>(
      input.data[0], input.data[1], input.data[2], result, input.size(),
      [&](string_t value, int32_t n, string_t column) {
        if (value.GetSize() > static_cast<size_t>(n)) {
          raise_sql("XX000", "Spectrum Scan Error: The length of the data column " + column.GetString() +
                                 " is longer than the length defined in the table. Table: " + std::to_string(n) +
                                 ", Data: " + std::to_string(value.GetSize()));
        }
        return StringVector::AddString(result, value);
      });
}

template <Fit fit>
duckdb::ScalarFunction fit_function(const char* name) {
  return scalar(name, {LogicalType::VARCHAR, LogicalType::INTEGER}, LogicalType::VARCHAR, fit_run<fit>);
}

template <int which>
unique_ptr<Expression> bind_fit(FunctionBindExpressionInput& input) {
  static constexpr const char* kRuns[] = {"cut_run", "cut_char_run", "fit_varchar_run", "fit_char_run"};
  if (!is_text(input.children[0]->return_type) && input.children[0]->return_type.id() == LogicalTypeId::BLOB) {
    return std::move(input.children[0]);
  }
  auto text = converted(input.context, std::move(input.children[0]), LogicalType::VARCHAR);
  return call(input.context, kFunctionSchema, kRuns[which], arguments(std::move(text), std::move(input.children[1])));
}

// AWS: CAST. A BOOLEAN is no text.
void refuse_boolean_text(FunctionBindExpressionInput& input) {
  const auto session = SessionState::of(input.context);
  if (input.children[0]->return_type.id() == LogicalTypeId::BOOLEAN && is_text(input.children[1]->return_type) && session &&
      session->context.dialect == Dialect::kRedshift)
    raise_sql("42846", "cannot cast type boolean to character varying");
}

unique_ptr<Expression> bind_cast(FunctionBindExpressionInput& input) {
  refuse_boolean_text(input);
  return converted(input.context, std::move(input.children[0]), input.children[1]->return_type);
}
unique_ptr<Expression> bind_try_cast(FunctionBindExpressionInput& input) {
  refuse_boolean_text(input);
  return converted(input.context, std::move(input.children[0]), input.children[1]->return_type, true);
}
unique_ptr<Expression> bind_as_text(FunctionBindExpressionInput& input) {
  return as_text(input.context, std::move(input.children[0]));
}

void text_to_integer(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<string_t, int64_t>(input.data[0], result, input.size(), [](string_t text) {
    std::string_view digits = trim(view(text));
    if (digits.starts_with('+')) digits.remove_prefix(1);
    int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error == std::errc::result_out_of_range)
      raise_sql("22003", "value \"" + text.GetString() + "\" is out of range for type bigint");
    if (error != std::errc() || end != digits.data() + digits.size() || digits.empty()) {
      raise_sql("22P02", "invalid input syntax for integer: \"" + text.GetString() + "\"");
    }
    return value;
  });
}

// A date or time of before our era ends with BC.
bool take_era(std::string_view& text) {
  const auto ends = [&](std::string_view era) {
    const size_t n = text.size();
    return n > 3 && text[n - 3] == ' ' && std::toupper(static_cast<unsigned char>(text[n - 2])) == era[0] &&
           std::toupper(static_cast<unsigned char>(text[n - 1])) == era[1];
  };
  const bool before = ends("BC");
  if (before || ends("AD")) text = trim(text.substr(0, text.size() - 3));
  return before;
}

// A date's numbers and words, and what is between them.
struct DateParts {
  std::vector<std::string_view> words;
  bool point = false;  // 2008.366
};

DateParts split_date(std::string_view text) {
  DateParts parts;
  for (size_t i = 0; i < text.size();) {
    const auto kind = [](char c) {
      return std::isdigit(static_cast<unsigned char>(c)) ? 1 : std::isalpha(static_cast<unsigned char>(c)) ? 2 : 0;
    };
    const size_t begin = i;
    while (i < text.size() && kind(text[i]) == kind(text[begin])) ++i;
    if (kind(text[begin]) != 0) {
      parts.words.push_back(text.substr(begin, i - begin));
      continue;
    }
    const std::string_view between = text.substr(begin, i - begin);
    if (between.find_first_not_of(" -/.,") != std::string_view::npos) return {};
    parts.point = parts.point || between == ".";
  }
  return parts;
}

int number_in(std::string_view word) {
  return word.size() > 9 ? -1 : static_cast<int>(parse_int(word).value_or(-1));
}

// 1 .. 12; 0: the word names no month.
int month_named(std::string_view word) {
  static constexpr std::string_view kMonths[] = {"january", "february", "march",     "april",   "may",      "june",
                                                 "july",    "august",   "september", "october", "november", "december"};
  const std::string name = lower(word);
  for (size_t i = 0; i < std::size(kMonths); ++i)
    if (name.size() >= 3 && kMonths[i].starts_with(name)) return static_cast<int>(i) + 1;
  return 0;
}

// AWS: date input, with DateStyle ISO, MDY: 2008-02-15, 2/15/2008, 2/15/08, 2008-Feb-15, Feb-15-2008, 15-Feb-2008, February 15, 2008,
// 20080215, 080215, 2008.366. Years of two digits are of 1970 to 2069.
std::optional<duckdb::date_t> date_of(std::string_view text) {
  text = trim(text);
  const bool before = take_era(text);
  const auto made = [&](std::string_view year_word, int month, int day) -> std::optional<duckdb::date_t> {
    int year = number_in(year_word);
    if (year < 0) return std::nullopt;
    if (year_word.size() <= 2) year += year < 70 ? 2000 : 1900;
    if (before) year = 1 - year;
    if (!duckdb::Date::IsValid(year, month, day)) return std::nullopt;
    return duckdb::Date::FromDate(year, month, day);
  };
  const DateParts parts = split_date(text);
  const auto& words = parts.words;
  const auto number = [&](size_t i) { return number_in(words[i]); };
  if (words.size() == 1 && words[0].size() == 8)
    return made(words[0].substr(0, 4), number_in(words[0].substr(4, 2)), number_in(words[0].substr(6)));
  if (words.size() == 1 && words[0].size() == 6)
    return made(words[0].substr(0, 2), number_in(words[0].substr(2, 2)), number_in(words[0].substr(4)));
  if (words.size() == 2 && parts.point && words[0].size() == 4 && words[1].size() == 3) {
    const auto first = made(words[0], 1, 1);
    if (!first || number(1) < 1 || number(1) > 366) return std::nullopt;
    return duckdb::date_t(first->days + number(1) - 1);
  }
  if (words.size() != 3) return std::nullopt;
  if (const int month = month_named(words[0])) return made(words[2], month, number(1));
  if (const int month = month_named(words[1]))
    return words[0].size() > 2 ? made(words[0], month, number(2)) : made(words[2], month, number(0));
  if (words[0].size() > 2) return made(words[0], number(1), number(2));
  return made(words[2], number(0), number(1));
}

// 093045 and 0930, as some write times behind a date.
std::string with_colons(std::string_view clock) {
  const bool digits = clock.find_first_not_of("0123456789") == std::string_view::npos;
  if (!digits || (clock.size() != 4 && clock.size() != 6)) return std::string(clock);
  std::string text = std::string(clock.substr(0, 2)) + ":" + std::string(clock.substr(2, 2));
  return clock.size() == 6 ? text + ":" + std::string(clock.substr(4)) : text;
}

// Of a time of day, in 24 hours or two times twelve; microseconds.
std::optional<int64_t> clock_of(std::string_view written) {
  const std::string text(trim(written));
  if (text.empty()) return 0;
  const bool halves = std::toupper(static_cast<unsigned char>(text.back())) == 'M';
  const bool seconds = std::count(text.begin(), text.end(), ':') > 1;
  const auto micros = parse_time(text, !halves                               ? seconds ? "HH24:MI:SS.US" : "HH24:MI"
                                       : text.find('.') != std::string::npos ? "HH12:MI:SS.US AM"
                                       : seconds                             ? "HH12:MI:SS AM"
                                                                             : "HH12:MI AM");
  constexpr int64_t kDayMicros = 86'400'000'000;
  if (!micros) return std::nullopt;
  return ((*micros % kDayMicros) + kDayMicros) % kDayMicros;
}

// As 2008-02-15 .., which the engine reads as it should.
bool is_iso(std::string_view text) {
  return text.size() >= 8 && text[4] == '-' &&
         std::all_of(text.begin(), text.begin() + 4, [](char c) { return c >= '0' && c <= '9'; }) &&
         std::isdigit(static_cast<unsigned char>(text[5]));
}

std::optional<duckdb::timestamp_t> timestamp_of(string_t text) {
  std::string_view written = trim(view(text));
  duckdb::timestamp_t time;
  const std::string word = lower(written);
  const bool special = word == "epoch" || word == "infinity" || word == "-infinity";
  const bool iso = special || (is_iso(written) && std::isdigit(static_cast<unsigned char>(written.back())));
  if (iso && duckdb::Timestamp::TryConvertTimestamp(text.GetData(), text.GetSize(), time, false) ==
                 duckdb::TimestampCastResult::SUCCESS)
    return time;
  if (const auto date = date_of(written)) return duckdb::Timestamp::FromDatetime(*date, duckdb::dtime_t(0));
  constexpr size_t kAllDigits = 14;  // 20080215093045
  if (written.size() == kAllDigits && written.find_first_not_of("0123456789") == std::string_view::npos) {
    const auto date = date_of(written.substr(0, 8));
    const auto micros = clock_of(with_colons(written.substr(8)));
    if (!date || !micros) return std::nullopt;
    return duckdb::Timestamp::FromDatetime(*date, duckdb::dtime_t(*micros));
  }
  const bool before = take_era(written);
  if (written.size() > 1 && (written.back() == 'Z' || written.back() == 'z')) written.remove_suffix(1);
  // The time is behind the last blank, or the last T between digits; with AM or PM, behind the one before.
  size_t from = written.size() > 3 && std::toupper(static_cast<unsigned char>(written.back())) == 'M' &&
                        written.find(':') != std::string_view::npos
                    ? written.find_last_not_of(' ', written.size() - 3)
                    : written.size();
  size_t blank = written.rfind(' ', from);
  const size_t letter = written.rfind('T');
  if (letter != std::string_view::npos && letter >= 8 && letter + 1 < written.size() &&
      std::isdigit(static_cast<unsigned char>(written[letter + 1])))
    blank = letter;
  std::string clock;
  std::string_view day = written;
  if (blank != std::string_view::npos) {
    clock = with_colons(trim(written.substr(blank + 1)));
    if (clock.find(':') != std::string::npos)
      day = written.substr(0, blank);
    else
      clock.clear();
  }
  const auto date = date_of(before ? std::string(day) + " BC" : std::string(day));
  const auto of_day = clock_of(clock);
  if (!date || !of_day) return std::nullopt;
  constexpr int64_t kDayMicros = 86'400'000'000;
  return duckdb::timestamp_t(int64_t{date->days} * kDayMicros + *of_day);
}

void text_to_date(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<string_t, duckdb::date_t>(input.data[0], result, input.size(), [](string_t text) {
    // A time behind the date is cut.
    std::string_view written = trim(view(text));
    if (const auto date = date_of(written)) return *date;
    if (const std::string word = lower(written); word == "epoch" || word == "infinity" || word == "-infinity")
      return duckdb::Timestamp::GetDate(*timestamp_of(text));
    const size_t clock = written.find(':');
    const size_t blank = clock == std::string_view::npos ? clock : written.rfind(' ', clock);
    if (blank != std::string_view::npos) {
      if (const auto date = date_of(written.substr(0, blank))) return *date;
    }
    raise_sql("22007", "invalid input syntax for type date: \"" + text.GetString() + "\"");
  });
}

void text_to_timestamp(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<string_t, duckdb::timestamp_t>(input.data[0], result, input.size(), [](string_t text) {
    if (const auto time = timestamp_of(text)) return *time;
    raise_sql("22007", "invalid input syntax for type timestamp: \"" + text.GetString() + "\"");
  });
}

// A time with a zone, as the engine reads it: '1.12.1997 07:37 PST' is '1997-01-12 07:37:00-08'. Of a time alone the date goes.
std::string zoned_text(std::string_view text, bool with_date) {
  text = trim(text);
  const size_t clock = text.find(':');
  if (clock == std::string_view::npos) return std::string(text);
  const size_t blank = text.rfind(' ', clock);
  const bool dated = blank != std::string_view::npos;
  const size_t end = std::min(text.find_first_not_of("0123456789:.", clock), text.size());
  std::string day(dated ? text.substr(0, blank) : "");
  std::string time(text.substr(dated ? blank + 1 : 0, end - (dated ? blank + 1 : 0)));
  std::string zone(trim(text.substr(end)));
  if (dated && with_date) {
    if (const auto date = date_of(day)) day = duckdb::Date::ToString(*date);
  }
  if (std::count(time.begin(), time.end(), ':') == 1) time += ":00";
  if (zone.size() > 1 && (zone[0] == '+' || zone[0] == '-') && std::min(zone.find(':'), zone.size()) == 2)
    zone.insert(1, "0");
  if (const auto west = hours_west(lower(zone))) {
    const int hours = std::abs(*west);
    zone = (*west > 0 ? "-" : "+") + std::string(hours < 10 ? "0" : "") + std::to_string(hours);
  }
  const bool named = !zone.empty() && std::isalpha(static_cast<unsigned char>(zone[0]));
  return (dated && with_date ? day + " " : "") + time + (named ? " " : "") + zone;
}

template <bool with_date>
void zoned_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<string_t, string_t>(input.data[0], result, input.size(), [&](string_t value) {
    return StringVector::AddString(result, zoned_text(view(value), with_date));
  });
}

void text_to_time(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<string_t, duckdb::dtime_t>(input.data[0], result, input.size(), [](string_t text) {
    const std::string_view written = trim(view(text));
    duckdb::idx_t end = 0;
    duckdb::dtime_t time;
    if (duckdb::Time::TryConvertTime(written.data(), written.size(), end, time, true) && end == written.size())
      return time;
    const std::string clock = with_colons(written);
    const size_t colon = clock.find(':');  // behind more than two digits there is a date before it
    if (const auto micros = colon > 2 ? std::nullopt : clock_of(clock)) return duckdb::dtime_t(*micros);
    if (const auto moment = timestamp_of(text)) return duckdb::Timestamp::GetTime(*moment);
    raise_sql("22007", "invalid input syntax for type time: \"" + text.GetString() + "\"");
  });
}

void zero_before_point_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::VectorOperations::Copy(input.data[0], result, input.size(), 0, 0);
  zero_before_point(result, input.size());
}

// 0044-03-15 (BC) 10:00:00, as the engine writes it, is 0044-03-15 10:00:00 BC.
void date_text_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<string_t, string_t>(input.data[0], result, input.size(), [&](string_t text) {
    return view(text).find("(BC)") == std::string_view::npos ? text
                                                             : StringVector::AddString(result, era_behind(view(text)));
  });
  StringVector::AddHeapReference(result, input.data[0]);
}

void text_to_boolean(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<string_t, bool>(input.data[0], result, input.size(), [](string_t text) {
    const std::string word = lower(trim(view(text)));
    for (const char* yes : {"t", "true", "y", "yes", "1"})
      if (word == yes) return true;
    for (const char* no : {"f", "false", "n", "no", "0"})
      if (word == no) return false;
    raise_sql("22P02", "invalid input syntax for type boolean: \"" + text.GetString() + "\"");
  });
}

void double_text_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<double, string_t>(input.data[0], result, input.size(), [&](double value) {
    return StringVector::AddString(result, double_text(value));
  });
}

}  // namespace

std::string era_behind(std::string_view text) {
  constexpr std::string_view kEra = " (BC)";
  const size_t at = text.find(kEra);
  if (at == std::string_view::npos) return std::string(text);
  return std::string(text.substr(0, at)) + std::string(text.substr(at + kEra.size())) + " BC";
}

std::optional<int64_t> read_time(std::string_view text) {
  const auto time = timestamp_of(string_t(text.data(), static_cast<uint32_t>(text.size())));
  return time ? std::optional<int64_t>(time->value) : std::nullopt;
}

void add_casts(Registry& registry) {
  registry.add(typed("cast_as", 2, bind_cast));
  registry.add(typed("try_cast_as", 2, bind_try_cast));
  registry.add(typed("as_text", 1, bind_as_text));
  registry.add(typed("cut", 2, bind_fit<0>));
  registry.add(typed("cut_char", 2, bind_fit<1>));
  registry.add(typed("fit_varchar", 2, bind_fit<2>));
  registry.add(typed("fit_char", 2, bind_fit<3>));
  registry.add(scalar("fit_data", {LogicalType::VARCHAR, LogicalType::INTEGER, LogicalType::VARCHAR},
                      LogicalType::VARCHAR, fit_data));
  registry.add(fit_function<Fit::kCut>("cut_run"));
  registry.add(fit_function<Fit::kCutChar>("cut_char_run"));
  registry.add(fit_function<Fit::kFitVarchar>("fit_varchar_run"));
  registry.add(fit_function<Fit::kFitChar>("fit_char_run"));
  registry.add(scalar("text_to_integer", {LogicalType::VARCHAR}, LogicalType::BIGINT, text_to_integer));
  registry.add(scalar("text_to_date", {LogicalType::VARCHAR}, LogicalType::DATE, text_to_date));
  registry.add(scalar("text_to_time", {LogicalType::VARCHAR}, LogicalType::TIME, text_to_time));
  registry.add(scalar("zero_before_point", {LogicalType::VARCHAR}, LogicalType::VARCHAR, zero_before_point_run));
  registry.add(scalar("date_text", {LogicalType::VARCHAR}, LogicalType::VARCHAR, date_text_run));
  registry.add(scalar("zoned_timestamp", {LogicalType::VARCHAR}, LogicalType::VARCHAR, zoned_run<true>));
  registry.add(scalar("zoned_time", {LogicalType::VARCHAR}, LogicalType::VARCHAR, zoned_run<false>));
  registry.add(scalar("text_to_boolean", {LogicalType::VARCHAR}, LogicalType::BOOLEAN, text_to_boolean));
  registry.add(scalar("text_to_timestamp", {LogicalType::VARCHAR}, LogicalType::TIMESTAMP, text_to_timestamp));
  registry.add(duckdb::ScalarFunction("double_text", {LogicalType::DOUBLE}, LogicalType::VARCHAR, double_text_run));
}

}  // namespace tarn::sql::engine
