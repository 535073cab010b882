// Where function URLs are answered: requests to "<url-id>.lambda-url.<region>.<any domain>" become calls of the function,
// and what it returns becomes the answer.
// AWS: Developer Guide, "Invoking Lambda function URLs": payload format 2.0.
#pragma once

#include <memory>

#include "http/server.h"
#include "services/lambda/lambda.h"
#include "wire/sigv4.h"

namespace tarn::lambda {

// Whether the request is for a function URL, by its Host field, or for a package (code_link.h).
bool is_for_url_door(const http::RequestHead& head);

// THREADS: any.
class UrlDoor {
 public:
  // LIFETIME: borrows it. `blocking` runs what reads the store.
  UrlDoor(Lambda& lambda, http::Executor blocking) : lambda_(lambda), blocking_(std::move(blocking)) {}
  void handle(std::shared_ptr<http::Exchange> exchange);

 private:
  struct Asked;
  Result<Caller> caller_of(const Asked& asked);
  Status find(Asked& asked);
  Status judge(Asked& asked);
  void record(const Asked& asked, const Judgement& judgement, const Status& allowed);
  void serve(std::shared_ptr<Asked> asked);
  void call(std::shared_ptr<Asked> asked);

  Lambda& lambda_;
  http::Executor blocking_;
  wire::SigningKeys signing_keys_;
};

}  // namespace tarn::lambda
