// Sources of event streams that know when they have more: no thread waits in them.
#pragma once

#include <functional>

#include "door/call.h"
#include "http/server.h"

namespace tarn {

class LaterEvents : public EventSource {
 public:
  // What is there now: kBytes is one encoded event message. Never waits.
  virtual Result<http::Pulled> pull() = 0;
  // `more` is called, on any thread, whenever there is more than the last pull() has told. Given once, before the first.
  virtual void when_more(std::function<void()> more) = 0;

  // Nobody asks: the gateway pulls.
  Result<std::optional<std::string>> next() final { return internal_failure("this source of events is to be pulled"); }
};

}  // namespace tarn
