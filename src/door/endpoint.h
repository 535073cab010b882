// Where this server is, as answers that name an endpoint say it.
#pragma once

#include <string>

#include "door/call.h"

namespace tarn {

// The host by which the caller reached this server, without its port; "localhost" in process.
inline std::string endpoint_host(const Caller& caller) {
  const std::string& host = caller.host;
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  const std::string name = host.substr(0, host.find(':'));
  return name.empty() ? "localhost" : name;
}

}  // namespace tarn
