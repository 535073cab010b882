// Requests across origins: a bucket's rules, what a browser is told that asks first, and the headers of answers to those that
// come from elsewhere. AWS: S3 User Guide, "Using cross-origin resource sharing (CORS)".
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "door/door.h"
#include "http/server.h"
#include "services/s3/records.h"

namespace tarn::s3 {

struct CorsRule {
  std::optional<std::string> id;
  std::vector<std::string> origins, methods, headers, exposed;
  std::optional<int32_t> max_age;
  static void fields(auto& self, auto&& visit) {
    visit(self.id, self.origins, self.methods, self.headers, self.exposed, self.max_age);
  }
};
struct CorsKey {
  uint64_t bucket = 0;
  static void fields(auto& self, auto&& visit) { visit(self.bucket); }
};
struct CorsRecord {
  std::vector<CorsRule> rules;
  static void fields(auto& self, auto&& visit) { visit(self.rules); }
};
inline constexpr Table<CorsKey, CorsRecord> kCors{"s3.cors"};

// A request across origins, or the question whether it may be made.
struct CrossOrigin {
  std::string origin, method;
  std::vector<std::string> headers;  // that it would have, in lower case
};
// Pure: the first rule that allows it, nullptr: none does.
const CorsRule* allowing(const CorsRecord& cors, const CrossOrigin& request);

// A browser's question: any request with the method OPTIONS.
bool is_preflight(const http::RequestHead& head);

// THREADS: any; handle() answers on `workers`. LIFETIME: borrows the door.
class CorsDoor {
 public:
  CorsDoor(Door& door, std::function<void(http::Task)> workers, std::vector<std::string> base_domains)
      : door_(door), workers_(std::move(workers)), base_domains_(std::move(base_domains)) {}

  // REQUIRES: is_preflight(exchange->head())
  void handle(std::shared_ptr<http::Exchange> exchange);
  // Tells a browser in the answer to a request that comes from elsewhere whether the page that made it may read it.
  void add_headers(const http::RequestHead& head, http::Response& response);

 private:
  http::Response answer(const http::RequestHead& head);
  // ERRORS: AccessForbidden: there is no such bucket, or it has no rules.
  Result<CorsRecord> rules_for(const http::RequestHead& head) const;
  Failure forbidden(const http::RequestHead& head, std::string message) const;

  Door& door_;
  std::function<void(http::Task)> workers_;
  std::vector<std::string> base_domains_;
};

}  // namespace tarn::s3
