// Expressions that choose partitions: the Expression member of GetPartitions.
//
//   expression := expression OR expression | expression AND expression | NOT expression | ( expression ) | predicate
//   predicate  := operand (= <> != < <= > >=) operand | key [NOT] IN ( literal, .. )
//               | key [NOT] BETWEEN literal AND literal | key [NOT] LIKE 'pattern' | key IS [NOT] NULL
//
// One operand is a partition key, the other a literal: 'text' ('' is a quote), a number, DATE '..' or TIMESTAMP '..'.
// Keywords and names match in any case; "name" and `name` are names. Literals and values are compared as the key's
// type says. AWS: GetPartitions, Expression.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace tarn::glue {

struct PartitionKey {
  std::string name;
  std::string type;  // Hive's: "string", "int", "decimal(10,2)" ..
};

// How Hive writes a NULL partition value. ASSUMED: Glue reads it as NULL too.
inline constexpr std::string_view kNullPartition = "__HIVE_DEFAULT_PARTITION__";

// A decimal number of any size, kept exactly: (negative ? -1 : 1) * 0.digits * 10^exponent, without outer zeros.
struct Decimal {
  bool negative = false;
  int64_t exponent = 0;
  std::string digits;  // empty: zero

  static std::optional<Decimal> parse(std::string_view text);
  friend std::strong_ordering operator<=>(const Decimal& a, const Decimal& b);
  friend bool operator==(const Decimal&, const Decimal&) = default;
};

// A parsed expression over the keys of one table.
// THREADS: immutable.
class Expression {
 public:
  // ERRORS: InvalidInputException: not of the grammar, a name that is no key, a key of a type that cannot be compared,
  // a literal that is not of the key's type, LIKE on a key that is no text.
  static Result<Expression> parse(std::string_view text, const std::vector<PartitionKey>& keys);

  // One value a key, in their order. NULLs compare as in SQL: neither true nor false.
  // ERRORS: InvalidStateException: a value that is missing or not of its key's type.
  Result<bool> matches(const std::vector<std::string>& values) const;

  Expression(Expression&&) noexcept;
  Expression& operator=(Expression&&) noexcept;
  ~Expression();

 private:
  struct Node;
  class Parser;
  explicit Expression(std::unique_ptr<Node> root);
  std::unique_ptr<Node> root_;
};

}  // namespace tarn::glue
