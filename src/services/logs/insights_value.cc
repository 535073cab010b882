#include "services/logs/insights_value.h"

#include <fmt/format.h>

#include <cmath>

#include "base/text.h"

namespace tarn::logs {
namespace {

// ASSUMED: at most four digits behind the point, as the console shows.
std::string number_text(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::abs(number) >= 1e15 || number == std::floor(number)) {
    if (std::abs(number) < 1e18) return std::to_string(static_cast<int64_t>(number));
    return double_text(number);
  }
  std::string text = fmt::format("{:.4f}", number);
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return text == "-0" ? "0" : text;
}

}  // namespace

std::optional<double> Value::number() const {
  if (const auto* number = std::get_if<double>(&value_)) return *number;
  if (const auto* moment = std::get_if<Moment>(&value_)) return static_cast<double>(moment->millis);
  if (const auto* text = std::get_if<std::string>(&value_)) return parse_double(trim(*text));
  return std::nullopt;
}

std::string Value::text() const {
  if (const auto* text = std::get_if<std::string>(&value_)) return *text;
  if (const auto* number = std::get_if<double>(&value_)) return number_text(*number);
  if (const auto* moment = std::get_if<Moment>(&value_)) {
    const CivilTime at = civil(Time::of_millis(moment->millis));
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:03}", at.year, at.month, at.day, at.hour, at.minute,
                       at.second, at.micros / 1000);
  }
  if (const Json* json = structure()) return json->text();
  return {};
}

const Json* Value::structure() const {
  const auto* held = std::get_if<std::shared_ptr<const Json>>(&value_);
  return held == nullptr ? nullptr : held->get();
}

Value value_of(const Json& json) {
  if (json.is_null()) return {};
  if (json.is_number()) return std::string(json.as_string());
  if (json.is_string()) return json.as_string();
  if (json.is_bool()) return Value::truth(json.as_bool());
  return Value(json);
}

bool Value::true_() const {
  if (absent()) return false;
  if (const auto value = number()) return *value != 0;
  const std::string shown = text();
  return !shown.empty() && !equals_ignore_case(shown, "false");
}

int Value::compare(const Value& a, const Value& b) {
  const auto x = a.number(), y = b.number();
  if (x && y) return *x < *y ? -1 : *x > *y ? 1 : 0;
  return a.text().compare(b.text());
}

}  // namespace tarn::logs
