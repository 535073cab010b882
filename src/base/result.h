// Result and Error: how every function that can fail says so. Our code throws nothing.
#pragma once

#include <expected>
#include <string>
#include <utility>
#include <vector>

namespace tarn {

// An error as a client will see it: `code` and `message` are AWS's where it has them.
struct Error {
  int status = 400;     // the HTTP status
  std::string code;     // AWS's error code, e.g. "NoSuchBucket"
  std::string message;  // names what was wrong, where, and what to do
  // Further members of the error's shape, by wire name, in order (e.g. {"BucketName", "b"}).
  std::vector<std::pair<std::string, std::string>> members = {};

  friend bool operator==(const Error&, const Error&) = default;
};

template <class T>
using Result = std::expected<T, Error>;
using Status = Result<void>;
using Failure = std::unexpected<Error>;

inline Failure fail(int status, std::string code, std::string message) {
  return Failure(Error{status, std::move(code), std::move(message)});
}

// A fault of ours or of the machine's (a full disk, a broken record): never the caller's.
inline Failure internal_failure(std::string message) {
  return Failure(Error{500, "InternalFailure", std::move(message)});
}

// The value of a Result, or return its error from the enclosing function (which returns a Result). May be nested.
#define TRY(...) TARN_TRY_AS(TARN_TRY_NAME(try_result_, __COUNTER__), __VA_ARGS__)
#define TARN_TRY_AS(result, ...)                                    \
  ({                                                                \
    auto&& result = (__VA_ARGS__);                                  \
    if (!result) return ::tarn::Failure(std::move(result).error()); \
    std::move(result).value();                                      \
  })
#define TARN_TRY_NAME(stem, counter) TARN_TRY_JOIN(stem, counter)
#define TARN_TRY_JOIN(stem, counter) stem##counter

}  // namespace tarn
