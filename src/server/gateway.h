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
#include "wire/aws_chunked.h"
#include "wire/route.h"
#include "wire/sigv4.h"

namespace tarn {

// THREADS: handle() from any. LIFETIME: borrows all; outlives every exchange it was given.
class Gateway {
 public:
  Gateway(Door& door, WorkerPool& workers, std::vector<std::string> base_domains);

  // Requests that `takes` says yes to are the other handler's, from their head on; the first that takes one has it. Before
  // the first request.
  void divert(std::function<bool(const http::RequestHead&)> takes, http::Handler handler);

  // Called with each answer to a request that says which page's it is (Origin). Before the first request.
  void on_cross_origin(std::function<void(const http::RequestHead&, http::Response&)> add) { add_cross_origin_ = std::move(add); }

  void handle(std::shared_ptr<http::Exchange> exchange);

 private:
  struct Incoming;  // one request under way

  bool serves_here(const Incoming& in) const;
  Status authenticate(Incoming& in);
  void accept_head(std::shared_ptr<Incoming> in);
  static Result<wire::PayloadDecoder> start_decoder(const Incoming& in);
  Status check_body(Incoming& in);
  Status begin_body(Incoming& in);
  void finish_body(std::shared_ptr<Incoming> in);
  void serve(std::shared_ptr<Incoming> in);
  template <class Send>
  void when_told(std::shared_ptr<Incoming> in, Sequence seen, Send send);
  void answer(std::shared_ptr<Incoming> in, Answered<wire::Any> answered);
  void answer_body(std::shared_ptr<Incoming> in, Answered<WithBody<wire::Any>> answered);
  void answer_events(std::shared_ptr<Incoming> in, Answered<WithEvents<wire::Any>> answered);
  void refuse(std::shared_ptr<Incoming> in, const Error& error, Sequence seen = 0);
  void send_error(Incoming& in, const Error& error);
  // What a page of another origin must be told, in an answer of S3's.
  void note_origin(const Incoming& in, http::Response& response) const;

  Door& door_;
  WorkerPool& workers_;
  wire::Router router_;
  wire::SigningKeys signing_keys_;
  struct Divert {
    std::function<bool(const http::RequestHead&)> takes;
    http::Handler handler;
  };
  std::vector<Divert> diverts_;
  std::function<void(const http::RequestHead&, http::Response&)> add_cross_origin_;
};

}  // namespace tarn
