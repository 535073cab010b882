// What Insights' expressions and functions give.
#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/text.h"
#include "services/logs/insights.h"

namespace tarn::logs::insights {
namespace {

using Values = std::vector<Value>;

// --- functions ----------------------------------------------------------------------------------------------------------

struct Address {
  int family = 0;
  unsigned char bytes[16] = {};
};

std::optional<Address> address_of(const std::string& text) {
  Address out;
  for (const int family : {AF_INET, AF_INET6}) {
    out.family = family;
    if (inet_pton(family, text.c_str(), out.bytes) == 1) return out;
  }
  return std::nullopt;
}

bool in_subnet(const std::string& text, const std::string& subnet, int family) {
  const size_t slash = subnet.find('/');
  const auto address = address_of(text), base = address_of(subnet.substr(0, slash));
  const int64_t bits = slash == std::string::npos ? -1 : parse_int(subnet.substr(slash + 1)).value_or(-1);
  if (!address || !base || address->family != base->family) return false;
  if ((family != 0 && address->family != family) || bits < 0 || bits > (base->family == AF_INET ? 32 : 128))
    return false;
  for (int64_t bit = 0; bit < bits; ++bit) {
    const unsigned char mask = static_cast<unsigned char>(0x80 >> bit % 8);
    if ((address->bytes[bit / 8] & mask) != (base->bytes[bit / 8] & mask)) return false;
  }
  return true;
}

Value floor_to(const Value& value, double period, bool up) {
  const auto number = value.number();
  if (!number || period <= 0) return {};
  const double steps = up ? std::ceil(*number / period) : std::floor(*number / period);
  return Moment{static_cast<int64_t>(steps * period)};
}

// To the beginning of its month, quarter, year ..: of so many months, counted from year 0.
Value floor_to_months(const Value& value, int32_t months, bool up) {
  const auto number = value.number();
  if (!number) return {};
  const CivilTime at = civil(Time::of_millis(static_cast<int64_t>(*number)));
  const int32_t month = at.year * 12 + at.month - 1;
  const auto begin_of = [](int32_t of) { return Moment{from_civil(of / 12, of % 12 + 1, 1).millis()}; };
  const int32_t begin = month - month % months;
  if (up && begin_of(begin).millis < static_cast<int64_t>(*number)) return begin_of(begin + months);
  return begin_of(begin);
}

Value json_parse(const Values& in) {
  const auto json = Json::parse(in[0].text());
  return json ? value_of(*json) : Value();
}

Value substring(const Values& in) {
  const std::string text = in[0].text();
  const auto from = in[1].number();
  if (!from) return {};
  const auto begin = static_cast<size_t>(std::clamp(*from, 0.0, static_cast<double>(text.size())));
  const double length = in.size() > 2 ? in[2].number().value_or(0) : static_cast<double>(text.size());
  return text.substr(begin, static_cast<size_t>(std::max(0.0, std::min(length, static_cast<double>(text.size())))));
}

std::string trimmed(const Values& in, bool left, bool right) {
  std::string text = in[0].text();
  const std::string letters = in.size() > 1 ? in[1].text() : " \t\r\n";
  if (left) text.erase(0, std::min(text.find_first_not_of(letters), text.size()));
  if (right) text.resize(text.find_last_not_of(letters) == std::string::npos ? 0 : text.find_last_not_of(letters) + 1);
  return text;
}

Value extreme(const Values& in, bool greatest) {
  Value best;
  for (const Value& one : in) {
    if (one.absent()) continue;
    if (best.absent() || (Value::compare(one, best) > 0) == greatest) best = one;
  }
  return best;
}

Value numeric(double (*of)(double), const Values& in) {
  const auto number = in[0].number();
  if (!number) return {};
  return of(*number);
}

struct Function {
  std::string_view name;
  size_t least, most;
  Value (*run)(const Values&);
  bool takes_absent = false;  // else an absent first argument gives nothing
};

Value concat(const Values& in) {
  std::string out;
  for (const Value& one : in) out += one.text();
  return out;
}
Value coalesce(const Values& in) {
  for (const Value& one : in)
    if (!one.absent()) return one;
  return {};
}

// AWS: "Supported operations and functions".
constexpr size_t kAny = 1000;
const Function kFunctions[] = {
    {"abs", 1, 1, [](const Values& in) { return numeric([](double x) { return std::abs(x); }, in); }},
    {"ceil", 1, 1, [](const Values& in) { return numeric([](double x) { return std::ceil(x); }, in); }},
    {"floor", 1, 1, [](const Values& in) { return numeric([](double x) { return std::floor(x); }, in); }},
    {"log", 1, 1, [](const Values& in) { return numeric([](double x) { return std::log(x); }, in); }},
    {"sqrt", 1, 1, [](const Values& in) { return numeric([](double x) { return std::sqrt(x); }, in); }},
    {"greatest", 1, kAny, [](const Values& in) { return extreme(in, true); }, true},
    {"least", 1, kAny, [](const Values& in) { return extreme(in, false); }, true},
    {"frommillis", 1, 1,
     [](const Values& in) -> Value {
       const auto number = in[0].number();
       if (!number) return {};
       return Moment{static_cast<int64_t>(*number)};
     }},
    {"tomillis", 1, 1,
     [](const Values& in) -> Value {
       const auto number = in[0].number();
       return number ? Value(*number) : Value();
     }},
    {"jsonparse", 1, 1, json_parse},
    {"jsonstringify", 1, 1, [](const Values& in) { return Value(in[0].text()); }},
    {"ispresent", 1, 1, [](const Values& in) { return Value::truth(!in[0].absent()); }, true},
    {"coalesce", 1, kAny, coalesce, true},
    {"isvalidip", 1, 1, [](const Values& in) { return Value::truth(address_of(in[0].text()).has_value()); }},
    {"isvalidipv4", 1, 1,
     [](const Values& in) {
       const auto address = address_of(in[0].text());
       return Value::truth(address && address->family == AF_INET);
     }},
    {"isvalidipv6", 1, 1,
     [](const Values& in) {
       const auto address = address_of(in[0].text());
       return Value::truth(address && address->family == AF_INET6);
     }},
    {"isipinsubnet", 2, 2, [](const Values& in) { return Value::truth(in_subnet(in[0].text(), in[1].text(), 0)); }},
    {"isipv4insubnet", 2, 2,
     [](const Values& in) { return Value::truth(in_subnet(in[0].text(), in[1].text(), AF_INET)); }},
    {"isipv6insubnet", 2, 2,
     [](const Values& in) { return Value::truth(in_subnet(in[0].text(), in[1].text(), AF_INET6)); }},
    {"isempty", 1, 1, [](const Values& in) { return Value::truth(in[0].absent() || in[0].text().empty()); }, true},
    {"isblank", 1, 1, [](const Values& in) { return Value::truth(in[0].absent() || trim(in[0].text()).empty()); },
     true},
    {"concat", 1, kAny, concat, true},
    {"trim", 1, 2, [](const Values& in) { return Value(trimmed(in, true, true)); }},
    {"ltrim", 1, 2, [](const Values& in) { return Value(trimmed(in, true, false)); }},
    {"rtrim", 1, 2, [](const Values& in) { return Value(trimmed(in, false, true)); }},
    {"strlen", 1, 1, [](const Values& in) { return Value(static_cast<double>(utf8_length(in[0].text()))); }},
    {"toupper", 1, 1, [](const Values& in) { return Value(upper(in[0].text())); }},
    {"tolower", 1, 1, [](const Values& in) { return Value(lower(in[0].text())); }},
    {"substr", 2, 3, substring},
    {"replace", 3, 3,
     [](const Values& in) {
       const std::string from = in[1].text();
       return Value(from.empty() ? in[0].text() : replace_all(in[0].text(), from, in[2].text()));
     }},
    {"strcontains", 2, 2,
     [](const Values& in) { return Value::truth(in[0].text().find(in[1].text()) != std::string::npos); }},
};

// Of stats: their arguments' number is checked, their rows are insights_run.cc's.
struct Aggregate {
  std::string_view name;
  size_t least, most;
};
constexpr Aggregate kAggregates[] = {
    {"count", 0, 1},    {"count_distinct", 1, 1}, {"sum", 1, 1},        {"avg", 1, 1},        {"min", 1, 1},
    {"max", 1, 1},      {"stddev", 1, 1},         {"pct", 2, 2},        {"percentile", 2, 2}, {"median", 1, 1},
    {"earliest", 1, 1}, {"latest", 1, 1},         {"sortsfirst", 1, 1}, {"sortslast", 1, 1}};

// --- operators ----------------------------------------------------------------------------------------------------------

Value arithmetic(const std::string& sign, const Value& left, const Value& right) {
  const auto a = left.number(), b = right.number();
  if (!a || !b) return {};
  switch (sign[0]) {
    case '+': return *a + *b;
    case '-': return *a - *b;
    case '*': return *a * *b;
    case '/': return *b == 0 ? Value() : Value(*a / *b);
    case '%': return *b == 0 ? Value() : Value(std::fmod(*a, *b));
    default: return std::pow(*a, *b);
  }
}

bool compare(const std::string& sign, const Value& a, const Value& b) {
  if (a.absent() || b.absent()) return false;
  const int order = Value::compare(a, b);
  if (sign == "=") return order == 0;
  if (sign == "!=") return order != 0;
  if (sign == "<") return order < 0;
  if (sign == "<=") return order <= 0;
  if (sign == ">") return order > 0;
  return order >= 0;
}

bool is_flooring(std::string_view function) {
  return function == "bin" || function == "datefloor" || function == "dateceil";
}

// An item by its place, a member by its name.
Value part_of(const Value& whole, const Value& which) {
  const Json* structure = whole.structure();
  if (structure == nullptr || which.absent()) return {};
  if (structure->is_object()) {
    const Json* member = structure->find(which.text());
    return member == nullptr ? Value() : value_of(*member);
  }
  const auto place = which.number();
  if (!place || *place < 0 || *place >= static_cast<double>(structure->size())) return {};
  return value_of(structure->at(static_cast<size_t>(*place)));
}

Value call(const Expression& expression, const Row& row, const Context& context) {
  // AWS: now(): in seconds.
  if (expression.name == "now") return static_cast<double>(context.now / 1000);
  if (is_flooring(expression.name)) {
    const Expression& period = expression.parts.back();
    const Value of = expression.parts.size() == 1 ? row.get("@timestamp") : evaluate(expression.parts[0], row, context);
    const bool up = expression.name == "dateceil";
    if (of.absent()) return {};
    if (period.months > 0) return floor_to_months(of, period.months, up);
    return floor_to(of, evaluate(period, row, context).number().value_or(0), up);
  }
  const auto* function = std::ranges::find(kFunctions, std::string_view(expression.name), &Function::name);
  if (function == std::end(kFunctions)) return row.get(expression.name);  // an aggregate that was computed
  Values values;
  for (const Expression& part : expression.parts) values.push_back(evaluate(part, row, context));
  if (values[0].absent() && !function->takes_absent) return {};
  return function->run(values);
}

}  // namespace

bool is_aggregate(std::string_view function) {
  return std::ranges::find(kAggregates, function, &Aggregate::name) != std::end(kAggregates);
}

Status check_function(std::string_view name, size_t arguments) {
  size_t least = 0, most = 0;
  if (const auto* one = std::ranges::find(kFunctions, name, &Function::name); one != std::end(kFunctions)) {
    least = one->least;
    most = one->most;
  } else if (const auto* sum = std::ranges::find(kAggregates, name, &Aggregate::name); sum != std::end(kAggregates)) {
    least = sum->least;
    most = sum->most;
  } else if (is_flooring(name)) {
    least = most = name == "bin" ? 1 : 2;
  } else if (name != "now") {
    return fail(400, "MalformedQueryException", fmt::format("There is no function {}() on this server.", name));
  }
  if (arguments < least || arguments > most)
    return fail(
        400, "MalformedQueryException",
        fmt::format("{}() takes {} arguments, not {}.", name,
                    least == most ? fmt::format("{}", least) : fmt::format("{} to {}", least, most), arguments));
  return {};
}

Value evaluate(const Expression& expression, const Row& row, const Context& context) {
  const auto part = [&](size_t i) { return evaluate(expression.parts[i], row, context); };
  switch (expression.kind) {
    case Expression::Kind::kField: return row.get(expression.name);
    case Expression::Kind::kLiteral: return expression.literal;
    case Expression::Kind::kPeriod: return static_cast<double>(expression.period);
    case Expression::Kind::kCall: return call(expression, row, context);
    case Expression::Kind::kNot: return Value::truth(!part(0).true_());
    case Expression::Kind::kAnd: return Value::truth(part(0).true_() && part(1).true_());
    case Expression::Kind::kOr: return Value::truth(part(0).true_() || part(1).true_());
    case Expression::Kind::kCompare: return Value::truth(compare(expression.name, part(0), part(1)));
    case Expression::Kind::kArithmetic: return arithmetic(expression.name, part(0), part(1));
    case Expression::Kind::kNegate: return arithmetic("-", 0.0, part(0));
    case Expression::Kind::kPart: return part_of(part(0), part(1));
    case Expression::Kind::kLike: {
      const Value left = part(0);
      if (left.absent()) return Value::truth(false);
      const Expression& right = expression.parts[1];
      if (right.kind == Expression::Kind::kRegex) return Value::truth(right.regex->matches(left.text()));
      const Value wanted = part(1);
      return Value::truth(!wanted.absent() && left.text().find(wanted.text()) != std::string::npos);
    }
    case Expression::Kind::kIn: {
      const Value left = part(0);
      return Value::truth(std::ranges::any_of(expression.parts[1].parts, [&](const Expression& one) {
        return compare("=", left, evaluate(one, row, context));
      }));
    }
    default: return {};
  }
}

}  // namespace tarn::logs::insights
