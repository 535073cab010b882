// Values of Insights queries: nothing, a number, or a text. What looks like a number is one where a number is asked for.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

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
  static Value truth(bool yes) { return yes ? 1.0 : 0.0; }

  bool absent() const { return std::holds_alternative<std::monostate>(value_); }
  bool moment() const { return std::holds_alternative<Moment>(value_); }
  std::optional<double> number() const;
  // As results show it: "2024-01-01 00:00:00.000", "3", "0.3333". REQUIRES: it is not absent.
  std::string text() const;
  // Neither absent, 0, nor an empty text.
  bool true_() const;

  // Numbers by their size where both are some, else texts. REQUIRES: neither is absent.
  static int compare(const Value& a, const Value& b);

 private:
  std::variant<std::monostate, double, std::string, Moment> value_;
};

}  // namespace tarn::logs
