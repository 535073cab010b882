// Values of Insights queries: nothing, a number, a text, or a structure of JSON. What looks like a number is one where a
// number is asked for.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/json.h"
#include "base/time.h"

namespace tarn::logs {

// A moment is a number (milliseconds) that is shown as a date.
struct Moment {
  int64_t millis = 0;
};

class Value {
 public:
  Value() = default;
  Value(double number) : value_(number) {}
  Value(std::string text) : value_(std::move(text)) {}
  Value(Moment moment) : value_(moment) {}
  explicit Value(Json structure) : value_(std::make_shared<const Json>(std::move(structure))) {}  // object or array
  static Value truth(bool yes) { return yes ? 1.0 : 0.0; }

  bool absent() const { return std::holds_alternative<std::monostate>(value_); }
  bool moment() const { return std::holds_alternative<Moment>(value_); }
  std::optional<double> number() const;
  const Json* structure() const;  // nullptr: it is none
  // As results show it: "2024-01-01 00:00:00.000", "3", "0.3333". Empty where it is absent.
  std::string text() const;
  // Neither absent, 0, nor an empty text.
  bool true_() const;

  // Numbers by their size where both are some, else texts. REQUIRES: neither is absent.
  static int compare(const Value& a, const Value& b);

 private:
  std::variant<std::monostate, double, std::string, Moment, std::shared_ptr<const Json>> value_;
};

// A member's or item's value.
Value value_of(const Json& json);

}  // namespace tarn::logs
