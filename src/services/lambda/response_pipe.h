// A function's answer on its way to a client that takes it piece by piece.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "services/lambda/environments.h"

namespace tarn::lambda {

// THREADS: any.
class ResponsePipe {
 public:
  struct Taken {
    std::string bytes;                              // that have come since it was asked last
    std::string type;                               // their content type
    std::optional<Result<InvocationResult>> ended;  // nothing more comes; told once
  };

  void push(std::string_view type, std::string_view bytes) {
    {
      const std::lock_guard lock(mutex_);
      type_ = type;
      bytes_ += bytes;
    }
    tell();
  }
  void end(Result<InvocationResult> result) {
    {
      const std::lock_guard lock(mutex_);
      // What was not streamed comes as one piece.
      if (result && result->error.empty()) bytes_ += std::exchange(result->payload, {});
      ended_ = std::move(result);
    }
    tell();
  }
  Taken take() {
    const std::lock_guard lock(mutex_);
    return {std::exchange(bytes_, {}), type_, std::exchange(ended_, std::nullopt)};
  }
  // Called, on any thread, whenever there is more; at once if there is.
  void when_more(std::function<void()> more) {
    {
      const std::lock_guard lock(mutex_);
      more_ = std::move(more);
    }
    tell();
  }

 private:
  void tell() {
    std::function<void()> more;
    {
      const std::lock_guard lock(mutex_);
      if (!bytes_.empty() || ended_) more = more_;
    }
    if (more) more();
  }

  std::mutex mutex_;
  std::string bytes_, type_;
  std::optional<Result<InvocationResult>> ended_;
  std::function<void()> more_;
};

}  // namespace tarn::lambda
