// Decimals of more than 18 digits as they lie in the engine's memory, and the words for one that is too wide.
#pragma once

#include "sql/decimal.h"
#include "sql/engine/duckdb.pch.h"
#include "sql/engine/errors.h"

namespace tarn::sql::engine {

constexpr int kMaxNarrow = 18;  // digits of what fits into 64 bits

inline __int128 wide(duckdb::hugeint_t value) {
  return (static_cast<__int128>(value.upper) << 64) | value.lower;
}
inline __int128 wide(int64_t value) {
  return value;
}
inline duckdb::hugeint_t huge(__int128 value) {
  return duckdb::hugeint_t(static_cast<int64_t>(value >> 64), static_cast<uint64_t>(value));
}

[[noreturn]] inline void decimal_overflow() {
  raise_sql("22003", "Numeric data overflow (result precision)");
}
// ERRORS: decimal_overflow(), more than 38 digits.
inline duckdb::hugeint_t checked_decimal(__int128 value) {
  if (value >= kTooWide || value <= -kTooWide) decimal_overflow();
  return huge(value);
}

// Sums of such decimals, in a plan that is to be run, become sums that the compiler can see through; DuckDB's calls two
// functions for a row.
void add_decimal_sums(duckdb::DatabaseInstance& database);

}  // namespace tarn::sql::engine
