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

// The value of a Result, or return its error from the enclosing function (which returns a Result).
#define TRY(expression)                                                         \
  ({                                                                            \
    auto&& try_result_ = (expression);                                          \
    if (!try_result_) return ::tarn::Failure(std::move(try_result_).error());   \
    std::move(try_result_).value();                                             \
  })

}  // namespace tarn
