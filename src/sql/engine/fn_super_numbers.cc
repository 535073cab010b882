// Arithmetic of SUPER values: dynamically typed, so the result is SUPER. Whole numbers stay whole, decimals exact; what is no
// number gives NULL. AWS: dynamic typing of PartiQL in Amazon Redshift.
#include <charconv>
#include <cmath>

#include "sql/decimal.h"
#include "sql/engine/errors.h"
#include "sql/engine/json_rows.h"

namespace tarn::sql::engine {
namespace {

// value / 10^scale
struct Exact {
  __int128 value = 0;
  int scale = 0;
};

std::optional<Exact> exact_of(std::string_view text) {
  Exact number;
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  int digits = 0;
  bool point = false;
  for (const char c : text) {
    if (c == '.') {
      point = true;
      continue;
    }
    if (c < '0' || c > '9' || ++digits > kMaxPrecision) return std::nullopt;  // an exponent, or too long: a double
    number.value = number.value * 10 + (c - '0');
    if (point) ++number.scale;
  }
  if (negative) number.value = -number.value;
  return number;
}

std::optional<Json> json_of(const Exact& number) {
  if (magnitude(number.value) >= magnitude(kTooWide)) return std::nullopt;
  return Json::number(decimal_text(number.value, number.scale));
}

bool to_scale(Exact& number, int scale) {
  for (; number.scale < scale; ++number.scale)
    if (__builtin_mul_overflow(number.value, __int128{10}, &number.value)) return false;
  return true;
}

int precision_of(const Exact& number) {
  int digits = 1;
  for (auto rest = magnitude(number.value) / 10; rest > 0; rest /= 10) ++digits;
  return digits;
}

// nullopt: beyond what decimals hold.
std::optional<Exact> exactly(char op, Exact a, Exact b) {
  Exact result;
  if (op == '*') {
    result.scale = a.scale + b.scale;
    if (__builtin_mul_overflow(a.value, b.value, &result.value)) return std::nullopt;
    return result;
  }
  if (op == '/') {
    if (a.scale == 0 && b.scale == 0) return Exact{a.value / b.value, 0};
    // As decimals of columns.
    result.scale = std::min(std::max(4, a.scale + precision_of(b) - b.scale + 1), kMaxPrecision);
    if (!to_scale(a, result.scale + b.scale)) return std::nullopt;
    result.value = a.value / b.value;
    return result;
  }
  result.scale = std::max(a.scale, b.scale);
  if (!to_scale(a, result.scale) || !to_scale(b, result.scale)) return std::nullopt;
  if (op == '%') return Exact{a.value % b.value, result.scale};
  const bool over = op == '+' ? __builtin_add_overflow(a.value, b.value, &result.value)
                              : __builtin_sub_overflow(a.value, b.value, &result.value);
  if (over) return std::nullopt;
  return result;
}

double roughly(char op, double a, double b) {
  switch (op) {
    case '+': return a + b;
    case '-': return a - b;
    case '*': return a * b;
    case '/': return a / b;
    default: return std::fmod(a, b);
  }
}

template <char op>
std::optional<Json> arithmetic(const JsonArguments& arguments) {
  const auto &a = arguments[0], &b = arguments[1];
  if (!a || !b || !a->is_number() || !b->is_number()) return std::nullopt;
  if ((op == '/' || op == '%') && b->as_double() == 0) raise_sql("22012", "Divide by zero");
  const auto left = exact_of(a->as_string()), right = exact_of(b->as_string());
  if (left && right) {
    if (const auto result = exactly(op, *left, *right)) {
      if (auto json = json_of(*result)) return json;
    }
  }
  return Json(roughly(op, a->as_double(), b->as_double()));
}

}  // namespace

void add_super_numbers(Registry& registry) {
  registry.add(json_function("super_add", arithmetic<'+'>));
  registry.add(json_function("super_sub", arithmetic<'-'>));
  registry.add(json_function("super_mul", arithmetic<'*'>));
  registry.add(json_function("super_div", arithmetic<'/'>));
  registry.add(json_function("super_mod", arithmetic<'%'>));
}

}  // namespace tarn::sql::engine
