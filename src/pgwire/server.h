// The PostgreSQL wire's server: sockets, TLS, and a thread for each connection, since a statement keeps one anyhow.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "pgwire/backend.h"
#include "pgwire/tls.h"

namespace tarn::pgwire {

struct ServerOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 5439;  // 0: any free one
  Certificate certificate;
  size_t max_connections = 600;                     // beyond these a connection is closed at once
  std::chrono::seconds startup_timeout{60};         // from the connection to the end of the login
  std::function<void(std::string_view)> note = {};  // one line of what an operator should know; any thread
};

// A client that does not read its rows keeps its thread and the file of its rows, and nothing else.
class Server {
 public:
  // Listens, and serves at once. LIFETIME: borrows the backend.
  // ERRORS: 500 ListenFailed; 400 InvalidCertificate, with the file and the reason.
  static Result<std::unique_ptr<Server>> start(ServerOptions options, Backend& backend);
  ~Server();  // stop()

  uint16_t port() const;
  // Ends what runs and closes all connections. When it returns no thread of the server runs.
  void stop();

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tarn::pgwire
