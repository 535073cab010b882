// What every fuzz target shares.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <source_location>
#include <string_view>

namespace tarn::fuzz {

inline std::string_view text_of(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// What must hold whatever the input is.
inline void require(bool condition, std::source_location where = std::source_location::current()) {
  if (condition) return;
  std::fprintf(stderr, "%s:%u: this does not hold\n", where.file_name(), static_cast<unsigned>(where.line()));
  std::abort();
}

// In the *_planted programs a fault that only an input of some depth reaches; nothing in the others.
inline void planted_fault([[maybe_unused]] bool reached) {
#ifdef TARN_PLANTED_FAULT
  if (reached) std::abort();
#endif
}

}  // namespace tarn::fuzz
