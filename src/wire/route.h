// Which service and which operation a request is for. Built once from the services that are answered; a request is looked
// up in hash tables, never compared with every operation.
//
// The service is that of the signature's scope; where several share a signing name (s3 and s3control), headers, target
// prefix, version and path tell them apart. Unsigned: the host of an AWS endpoint, the target, the action, else S3.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message.h"
#include "wire/shape.h"
#include "wire/sigv4.h"

namespace tarn::wire {

struct Routed {
  const Service* service;              // in whose words to answer, also where nothing can be routed
  Result<const Operation*> operation;  // ERRORS: as route() says
  std::string path = {};               // the head's, but with S3's bucket in it ("/bucket/key") also where the host named it
  bool by_body = false;                // the body may say otherwise: it is to be asked again with the body
};

// THREADS: any; immutable.
class Router {
 public:
  // `base_domains`: names under which "<bucket>.<domain>" and "<bucket>.s3.<region>.<domain>" name a bucket, without port
  // ("localhost"). AWS's own are known. REQUIRES: at least one service; all outlive the router.
  Router(std::span<const Service* const> services, std::vector<std::string> base_domains);
  Router(Router&&) noexcept;
  ~Router();

  // ERRORS: naming the operation that is not answered, by the service's protocol: S3 NotImplemented and
  // MethodNotAllowed; query InvalidAction and MissingAction; others UnknownOperationException.
  // `body` is looked at by the query protocols alone; empty while it has not come.
  Routed route(const http::RequestHead& head, const Presented& presented, std::string_view body) const;

 private:
  struct Index;
  std::unique_ptr<Index> index_;
};

// The bucket that a Host field names, or empty: "<bucket>.localhost:4566", "<bucket>.s3.<region>.amazonaws.com".
// Addresses name none.
std::string bucket_of_host(std::string_view host, std::span<const std::string> base_domains);

}  // namespace tarn::wire
