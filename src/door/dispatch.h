// Dispatch: what the generated code says of a service's handlers. One Handler per line of the manifest.
#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "door/call.h"
#include "wire/any.h"
#include "wire/shape.h"

namespace tarn {

// A right named on the manifest line. The resource is a template: {partition} {region} {account} and the input's
// top-level string members by name.
struct StaticNeed {
  std::string_view action;
  std::string_view resource;
};

// The answer of an operation of form `wait`, given exactly once, by any thread, when it is there. Nothing waits meanwhile.
template <class Out>
struct Reply {
  std::move_only_function<void(Result<Out>)> give;
  // Asks to be told when nobody waits any more; the answer is still given. May be empty.
  std::move_only_function<void(std::move_only_function<void()> left)> when_left = {};
};

// Of the invoke functions the one of the operation's form is set; `service` is the service's object.
struct Handler {
  const wire::Operation* operation;
  std::span<const StaticNeed> needs;
  Result<std::vector<Need>> (*rights)(void* service, Call&, const void* in) = nullptr;
  Result<wire::Any> (*invoke)(void* service, Call&, const void* in) = nullptr;
  Result<wire::Any> (*invoke_body_in)(void* service, Call&, const void* in, const StagedBody&) = nullptr;
  Result<WithBody<wire::Any>> (*invoke_body_out)(void* service, Call&, const void* in) = nullptr;
  Result<WithEvents<wire::Any>> (*invoke_events)(void* service, Call&, const void* in) = nullptr;
  void (*invoke_wait)(void* service, Call&, const void* in, Reply<wire::Any>) = nullptr;
};

struct ServiceTable {
  const wire::Service* service;
  std::span<const Handler> handlers;
};

}  // namespace tarn
