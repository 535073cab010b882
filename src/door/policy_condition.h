// The Condition element of a policy statement, compiled.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "door/policy_pattern.h"

namespace tarn {

// An address or a block of addresses, IPv4 or IPv6.
struct AddressBlock {
  bool v6 = false;
  std::array<unsigned char, 16> bytes = {};
  int prefix = 0;

  // "203.0.113.0/24", "2001:db8::/32", or one address; nullopt when it is none.
  static std::optional<AddressBlock> parse(std::string_view text);
  bool contains(const AddressBlock& address) const;
};

// One operator and key with its values: {"StringLike": {"s3:prefix": ["a/*", "b/*"]}}.
class PolicyCondition {
 public:
  // ERRORS: MalformedPolicyDocument: an unknown operator, a key without vendor, a value that the operator cannot read.
  static Result<PolicyCondition> parse(const std::string& operator_name, const std::string& key, const Json& values,
                                       bool variables);

  bool holds(const PolicyContext& context) const;
  const std::string& key() const { return key_; }  // lower case
  // The keys that the values name as variables.
  std::vector<std::string> variables() const;

 private:
  enum class Kind : uint8_t { kString, kNumeric, kDate, kBool, kBinary, kAddress, kNull };
  enum class Compare : uint8_t { kEqual, kLess, kLessEqual, kGreater, kGreaterEqual };
  enum class Quantifier : uint8_t { kNone, kForAll, kForAny };
  using Value = std::variant<std::string, PolicyPattern, double, Time, AddressBlock>;
  struct Operator;
  static const Operator* find_operator(std::string_view name);
  Result<Value> parse_value(const Operator& op, std::string_view text, bool variables) const;
  bool value_matches(const Value& value, const std::string& given, const PolicyContext& context) const;
  bool one_matches(const std::string& given, const PolicyContext& context) const;

  Kind kind_ = Kind::kString;
  Compare compare_ = Compare::kEqual;
  Quantifier quantifier_ = Quantifier::kNone;
  bool negated_ = false;
  bool if_exists_ = false;
  std::string key_;
  std::vector<Value> values_;
};

}  // namespace tarn
