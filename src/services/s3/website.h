// Buckets as websites: their settings, and the pages at http://<bucket>.s3-website.<region>.localhost.
// AWS: S3 User Guide, "Hosting a static website using Amazon S3".
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "door/door.h"
#include "http/server.h"
#include "services/s3/cors.h"
#include "services/s3/records.h"

namespace tarn::s3 {

struct WebsiteRedirect {
  std::optional<std::string> host, protocol, code, replace_prefix, replace_key;
  static void fields(auto& self, auto&& visit) {
    visit(self.host, self.protocol, self.code, self.replace_prefix, self.replace_key);
  }
};
struct RoutingRuleRecord {
  bool conditional = false;
  std::optional<std::string> error_code, prefix;
  WebsiteRedirect redirect;
  static void fields(auto& self, auto&& visit) {
    visit(self.conditional, self.error_code, self.prefix, self.redirect);
  }
};
struct WebsiteKey {
  uint64_t bucket = 0;
  static void fields(auto& self, auto&& visit) { visit(self.bucket); }
};
struct WebsiteRecord {
  std::optional<std::string> index, error;
  std::optional<WebsiteRedirect> all;  // RedirectAllRequestsTo
  std::vector<RoutingRuleRecord> rules;
  static void fields(auto& self, auto&& visit) { visit(self.index, self.error, self.all, self.rules); }
};
inline constexpr Table<WebsiteKey, WebsiteRecord> kWebsites{"s3.websites"};

// Pure. The first rule for that key; `error`: the status that the object gave, 0: it was not asked for yet.
const RoutingRuleRecord* rule_for(const WebsiteRecord& site, std::string_view key, int error);
// Where the rule sends a request for the key to.
std::string redirected(const RoutingRuleRecord& rule, std::string_view key, std::string_view protocol,
                       std::string_view host);

// A request to a bucket's website, by its host; a browser's question (is_preflight) is none.
bool is_for_website(const http::RequestHead& head);

// THREADS: any; handle() answers on `workers`. LIFETIME: borrows both doors.
class WebsiteDoor {
 public:
  WebsiteDoor(Door& door, CorsDoor& cors, std::function<void(http::Task)> workers)
      : door_(door), cors_(cors), workers_(std::move(workers)) {}

  // REQUIRES: is_for_website(exchange->head())
  void handle(std::shared_ptr<http::Exchange> exchange);

 private:
  struct Visit;

  void answer(Visit& visit);
  // False: there is none that a visitor may read; `failed` says why.
  bool send_object(Visit& visit, const std::string& key, int status, ::tarn::Error& failed);
  bool readable(const Visit& visit, const std::string& key);
  void refuse(Visit& visit, const WebsiteRecord* site, const std::string& key, const ::tarn::Error& error);

  void respond(const Visit& visit, http::Response response);

  Door& door_;
  CorsDoor& cors_;
  std::function<void(http::Task)> workers_;
};

}  // namespace tarn::s3
