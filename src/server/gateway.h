// The gateway: from an HTTP exchange to the door and back. It authenticates, routes, reads the input, streams bodies,
// and holds every answer until what it tells is on the disk.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "door/door.h"
#include "http/server.h"
#include "server/worker_pool.h"
#include "wire/route.h"
#include "wire/sigv4.h"

namespace tarn {

// THREADS: handle() from any. LIFETIME: borrows all; outlives every exchange it was given.
class Gateway {
 public:
  Gateway(Door& door, WorkerPool& workers, std::vector<std::string> base_domains);

  void handle(std::shared_ptr<http::Exchange> exchange);

 private:
  struct Incoming;  // one request under way

  Status authenticate(Incoming& in, std::string_view payload_hash);
  Status accept_head(Incoming& in);
  void receive_body(std::shared_ptr<Incoming> in);
  void body_received(std::shared_ptr<Incoming> in, Status status);
  void serve_whole(std::shared_ptr<Incoming> in, std::string body);
  void serve_body_in_whole(std::shared_ptr<Incoming> in, std::string body);
  void execute(std::shared_ptr<Incoming> in);
  void execute_with_body(std::shared_ptr<Incoming> in);
  void answer(std::shared_ptr<Incoming> in, Answered<wire::Any> answered);
  void answer_body(std::shared_ptr<Incoming> in, Answered<WithBody<wire::Any>> answered);
  void answer_events(std::shared_ptr<Incoming> in, Answered<WithEvents<wire::Any>> answered);
  void refuse(std::shared_ptr<Incoming> in, const Error& error, Sequence seen = 0);

  Door& door_;
  WorkerPool& workers_;
  wire::Router router_;
  wire::SigningKeys signing_keys_;
};

}  // namespace tarn
