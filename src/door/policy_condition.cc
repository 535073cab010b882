#include "door/policy_condition.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"

namespace tarn {

std::optional<AddressBlock> AddressBlock::parse(std::string_view text) {
  const size_t slash = text.find('/');
  const std::string address(text.substr(0, slash));
  AddressBlock block;
  block.v6 = address.find(':') != std::string::npos;
  const int bits = block.v6 ? 128 : 32;
  block.prefix = bits;
  if (inet_pton(block.v6 ? AF_INET6 : AF_INET, address.c_str(), block.bytes.data()) != 1) return std::nullopt;
  if (address.find('\0') != std::string::npos) return std::nullopt;
  if (slash == std::string_view::npos) return block;
  const auto prefix = parse_int(text.substr(slash + 1));
  if (!prefix || *prefix < 0 || *prefix > bits) return std::nullopt;
  block.prefix = static_cast<int>(*prefix);
  return block;
}

bool AddressBlock::contains(const AddressBlock& address) const {
  if (v6 != address.v6 || address.prefix < prefix) return false;
  const int whole = prefix / 8, rest = prefix % 8;
  if (std::memcmp(bytes.data(), address.bytes.data(), whole) != 0) return false;
  return rest == 0 || (bytes[whole] >> (8 - rest)) == (address.bytes[whole] >> (8 - rest));
}

struct PolicyCondition::Operator {
  std::string_view name;  // lower case
  Kind kind;
  Compare compare = Compare::kEqual;
  bool negated = false;
  PolicyPattern::Mode mode = PolicyPattern::Mode::kExact;
  bool ignore_case = false;
};

// AWS: IAM User Guide, "IAM JSON policy elements: Condition operators".
const PolicyCondition::Operator* PolicyCondition::find_operator(std::string_view name) {
  using enum PolicyPattern::Mode;
  static constexpr Operator kOperators[] = {
      {"stringequals", Kind::kString},
      {"stringnotequals", Kind::kString, Compare::kEqual, true},
      {"stringequalsignorecase", Kind::kString, Compare::kEqual, false, kExact, true},
      {"stringnotequalsignorecase", Kind::kString, Compare::kEqual, true, kExact, true},
      {"stringlike", Kind::kString, Compare::kEqual, false, kText},
      {"stringnotlike", Kind::kString, Compare::kEqual, true, kText},
      {"numericequals", Kind::kNumeric},
      {"numericnotequals", Kind::kNumeric, Compare::kEqual, true},
      {"numericlessthan", Kind::kNumeric, Compare::kLess},
      {"numericlessthanequals", Kind::kNumeric, Compare::kLessEqual},
      {"numericgreaterthan", Kind::kNumeric, Compare::kGreater},
      {"numericgreaterthanequals", Kind::kNumeric, Compare::kGreaterEqual},
      {"dateequals", Kind::kDate},
      {"datenotequals", Kind::kDate, Compare::kEqual, true},
      {"datelessthan", Kind::kDate, Compare::kLess},
      {"datelessthanequals", Kind::kDate, Compare::kLessEqual},
      {"dategreaterthan", Kind::kDate, Compare::kGreater},
      {"dategreaterthanequals", Kind::kDate, Compare::kGreaterEqual},
      {"bool", Kind::kBool},
      {"binaryequals", Kind::kBinary},
      {"ipaddress", Kind::kAddress},
      {"notipaddress", Kind::kAddress, Compare::kEqual, true},
      {"arnequals", Kind::kString, Compare::kEqual, false, kArn},
      {"arnlike", Kind::kString, Compare::kEqual, false, kArn},
      {"arnnotequals", Kind::kString, Compare::kEqual, true, kArn},
      {"arnnotlike", Kind::kString, Compare::kEqual, true, kArn},
      {"null", Kind::kNull},
  };
  for (const Operator& op : kOperators)
    if (op.name == name) return &op;
  return nullptr;
}

namespace {

Failure malformed(std::string message) {
  return fail(400, "MalformedPolicyDocument", std::move(message));
}

// ISO 8601, also a year or a month alone, or seconds since 1970.
std::optional<Time> parse_date(std::string_view text) {
  if (const auto time = parse_iso8601(text)) return time;
  const bool year = text.size() == 4, month = text.size() == 7 && text[4] == '-';
  if (year && parse_int(text)) return parse_iso8601(std::string(text) + "-01-01");
  if (month) return parse_iso8601(std::string(text) + "-01");
  const auto seconds = parse_double(text);
  if (!seconds || !(*seconds > -1e12 && *seconds < 1e12)) return std::nullopt;
  return Time{static_cast<int64_t>(*seconds * 1e6)};
}

template <class T>
bool ordered(int compare, const T& a, const T& b) {
  switch (compare) {
    case 0: return a == b;
    case 1: return a < b;
    case 2: return a <= b;
    case 3: return a > b;
    default: return a >= b;
  }
}

}  // namespace

Result<PolicyCondition::Value> PolicyCondition::parse_value(const Operator& op, std::string_view text,
                                                            bool variables) const {
  const auto wrong = [&](std::string_view wanted) {
    return malformed("Invalid value " + std::string(text) + " for condition key " + key_ + ": " + std::string(wanted) +
                     " is wanted.");
  };
  switch (op.kind) {
    case Kind::kString: return PolicyPattern(text, op.mode, variables, op.ignore_case);
    case Kind::kNumeric:
      if (const auto number = parse_double(text)) return *number;
      return wrong("a number");
    case Kind::kDate:
      if (const auto date = parse_date(text)) return *date;
      return Failure(Error{400,
                           "MalformedPolicyDocument",
                           "The policy failed legacy parsing",
                           {{"Detail", "The value " + std::string(text) + " of " + key_ + " is no date."}}});
    case Kind::kBool:
    case Kind::kNull:
      if (equals_ignore_case(text, "true") || equals_ignore_case(text, "false")) return lower(text);
      return wrong("true or false");
    case Kind::kBinary:
      if (auto bytes = unbase64(text)) return std::move(*bytes);
      return wrong("base64");
    case Kind::kAddress:
      if (const auto block = AddressBlock::parse(text)) return *block;
      return wrong("an IP address or a CIDR block");
  }
  return wrong("another value");
}

Result<PolicyCondition> PolicyCondition::parse(const std::string& operator_name, const std::string& key,
                                               const Json& values, bool variables) {
  PolicyCondition condition;
  std::string name = lower(operator_name);  // ASSUMED: the case of an operator's name does not matter
  if (name.starts_with("forallvalues:")) condition.quantifier_ = Quantifier::kForAll;
  if (name.starts_with("foranyvalue:")) condition.quantifier_ = Quantifier::kForAny;
  if (condition.quantifier_ != Quantifier::kNone) name = name.substr(name.find(':') + 1);
  if (name.ends_with("ifexists")) {
    condition.if_exists_ = true;
    name.resize(name.size() - std::string_view("ifexists").size());
  }
  const Operator* op = find_operator(name);
  if (op == nullptr || (op->kind == Kind::kNull && condition.if_exists_))
    return malformed("Invalid Condition type : " + operator_name + ".");
  condition.kind_ = op->kind;
  condition.compare_ = op->compare;
  condition.negated_ = op->negated;
  condition.key_ = lower(key);

  const std::vector<Json> single = {values};
  for (const Json& value : values.is_array() ? values.items() : single) {
    if (!value.is_string() && !value.is_number() && !value.is_bool()) return malformed("Syntax errors in policy.");
    const std::string text = value.is_bool() ? (value.as_bool() ? "true" : "false") : value.as_string();
    condition.values_.push_back(TRY(condition.parse_value(*op, text, variables)));
  }
  return condition;
}

bool PolicyCondition::value_matches(const Value& value, const std::string& given, const PolicyContext& context) const {
  const int compare = static_cast<int>(compare_);
  switch (kind_) {
    case Kind::kString: return std::get<PolicyPattern>(value).matches(given, context);
    case Kind::kNumeric: {
      const auto number = parse_double(given);
      return number && ordered(compare, *number, std::get<double>(value));
    }
    case Kind::kDate: {
      const auto date = parse_date(given);
      return date && ordered(compare, *date, std::get<Time>(value));
    }
    case Kind::kBool: return lower(given) == std::get<std::string>(value);
    case Kind::kBinary: return unbase64(given) == std::get<std::string>(value);
    case Kind::kAddress: {
      const auto address = AddressBlock::parse(given);
      return address && std::get<AddressBlock>(value).contains(*address);
    }
    case Kind::kNull: return false;
  }
  return false;
}

bool PolicyCondition::one_matches(const std::string& given, const PolicyContext& context) const {
  const bool any = std::ranges::any_of(values_, [&](const Value& v) { return value_matches(v, given, context); });
  return any != negated_;
}

bool PolicyCondition::holds(const PolicyContext& context) const {
  static const std::vector<std::string> kNone;
  const auto found = context.find(key_);
  const std::vector<std::string>& given = found == context.end() ? kNone : found->second;
  if (kind_ == Kind::kNull)
    return std::ranges::any_of(values_,
                               [&](const Value& v) { return (std::get<std::string>(v) == "true") == given.empty(); });

  const auto matches = [&](const std::string& text) { return one_matches(text, context); };
  // AWS: IAM User Guide, "Single-valued vs. multivalued context keys": to the set operators an empty text is no value.
  const bool no_values = quantifier_ == Quantifier::kNone
                             ? given.empty()
                             : std::ranges::all_of(given, [](const std::string& text) { return text.empty(); });
  if (no_values && if_exists_) return true;
  if (no_values && quantifier_ == Quantifier::kForAll) return true;
  if (no_values && quantifier_ == Quantifier::kForAny) return false;
  // A negated operator holds where the key is absent.
  if (no_values) return negated_;
  if (quantifier_ == Quantifier::kForAll) return std::ranges::all_of(given, matches);
  if (quantifier_ == Quantifier::kForAny) return std::ranges::any_of(given, matches);
  // ASSUMED: several values without a set operator (AWS leaves this open): one that matches is enough, and none may
  // where the operator is negated.
  return negated_ ? std::ranges::all_of(given, matches) : std::ranges::any_of(given, matches);
}

std::vector<std::string> PolicyCondition::variables() const {
  std::vector<std::string> keys;
  for (const Value& value : values_)
    if (const auto* pattern = std::get_if<PolicyPattern>(&value))
      for (std::string& key : pattern->variables()) keys.push_back(std::move(key));
  return keys;
}

}  // namespace tarn
