// Visitors of buckets' websites: nobody's requests, to what the bucket's policy lets everybody read.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/over_http.h"
#include "gen/s3/handlers.h"
#include "os/random.h"
#include "services/s3/errors.h"
#include "services/s3/names.h"
#include "services/s3/website.h"
#include "wire/writer.h"
#include "wire/xml_codec.h"

namespace tarn::s3 {
namespace {

std::string title_of(int status) {
  return status == 403   ? "403 Forbidden"
         : status == 404 ? "404 Not Found"
         : status == 405 ? "405 Method Not Allowed"
                         : fmt::format("{} Error", status);
}

// Recorded from AWS: a page with the error's members.
std::string error_page(const ::tarn::Error& error, const ::tarn::Error* of_error_page, const std::string& request_id) {
  const std::string title = title_of(error.status);
  std::string page = fmt::format("<html>\n<head><title>{0}</title></head>\n<body>\n<h1>{0}</h1>\n<ul>\n", title);
  const auto item = [&](std::string_view name, std::string_view value) {
    page += fmt::format("<li>{}: ", name);
    wire::append_xml_text(page, value);
    page += "</li>\n";
  };
  const auto items = [&](const ::tarn::Error& what) {
    item("Code", what.code);
    item("Message", what.message);
    for (const auto& [name, value] : what.members)
      if (!name.starts_with("header:")) item(name, value);
  };
  items(error);
  item("RequestId", request_id);
  item("HostId", "tarn");
  page += "</ul>\n";
  if (of_error_page != nullptr) {
    page += "<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>\n<ul>\n";
    items(*of_error_page);
    page += "</ul>\n";
  }
  return page + "<hr/>\n</body>\n</html>\n";
}

}  // namespace

struct WebsiteDoor::Visit {
  std::shared_ptr<http::Exchange> exchange;
  std::string bucket, key;
  Caller caller;

  const http::RequestHead& head() const { return exchange->head(); }
  std::string protocol() const { return head().secure ? "https" : "http"; }
  void redirect(int status, const std::string& to) const {
    http::Response response;
    response.status = status;
    response.headers.set("Location", to);
    response.headers.set("x-amz-request-id", caller.request_id);
    exchange->respond(std::move(response));
  }
};

bool is_for_website(const http::RequestHead& head) {
  return head.headers.get("host").find(kWebsiteLabel) != std::string_view::npos && !is_preflight(head);
}

void WebsiteDoor::handle(std::shared_ptr<http::Exchange> exchange) {
  workers_([this, exchange] {
    const http::RequestHead& head = exchange->head();
    Visit visit{.exchange = exchange, .bucket = {}, .key = {}, .caller = caller_of(head, uuid4())};
    const std::string_view host = head.headers.get("host");
    visit.bucket = host.substr(0, host.find(kWebsiteLabel));
    visit.key = uri_decode(std::string_view(head.path).substr(std::min<size_t>(1, head.path.size())));
    answer(visit);
  });
}

void WebsiteDoor::answer(Visit& visit) {
  std::optional<WebsiteRecord> site;
  {
    const auto tx = door_.store().read();
    const auto bucket = tx->get(kBuckets, {visit.bucket});
    if (!bucket) return refuse(visit, nullptr, "", bucket.error());
    if (!*bucket) return refuse(visit, nullptr, "", no_such_bucket(visit.bucket).error());
    auto found = tx->get(kWebsites, {(*bucket)->id});
    if (!found) return refuse(visit, nullptr, "", found.error());
    if (!*found)
      return refuse(visit, nullptr, "",
                    s3::refuse(404, "NoSuchWebsiteConfiguration",
                               "The specified bucket does not have a website configuration",
                               {{"BucketName", visit.bucket}})
                        .error());
    site = std::move(**found);
    visit.caller.region = (*bucket)->region;
  }
  if (visit.head().method != "GET" && visit.head().method != "HEAD")
    return refuse(visit, nullptr, "",
                  s3::refuse(405, "MethodNotAllowed", "The specified method is not allowed against this resource.",
                             {{"Method", visit.head().method}, {"ResourceType", "OBJECT"}})
                      .error());
  if (site->all)
    return visit.redirect(301, fmt::format("{}://{}/{}", site->all->protocol.value_or(visit.protocol()),
                                           site->all->host.value_or(""), uri_encode(visit.key, true)));
  const auto follow = [&](int error) {
    const RoutingRuleRecord* rule = rule_for(*site, visit.key, error);
    if (rule == nullptr) return false;
    visit.redirect(static_cast<int>(parse_int(rule->redirect.code.value_or("301")).value_or(301)),
                   redirected(*rule, visit.key, visit.protocol(), visit.caller.host));
    return true;
  };
  if (follow(0)) return;
  const bool folder = visit.key.empty() || visit.key.ends_with('/');
  const std::string key = folder ? visit.key + *site->index : visit.key;
  ::tarn::Error failed;
  if (send_object(visit, key, 200, failed)) return;
  if (failed.status < 400) {  // not modified
    return visit.exchange->respond(wire::write_error(kService, failed, visit.caller.request_id, true));
  }
  if (!folder && readable(visit, visit.key + "/" + *site->index))
    return visit.redirect(302, "/" + uri_encode(visit.key, true) + "/");
  if (follow(failed.status)) return;
  refuse(visit, &*site, key, failed);
}

bool WebsiteDoor::send_object(Visit& visit, const std::string& key, int status, ::tarn::Error& failed) {
  GetObjectRequest get;
  get.bucket = visit.bucket;
  get.key = key;
  const auto& headers = visit.head().headers;
  if (status == 200 && headers.contains("if-none-match")) get.if_none_match = std::string(headers.get("if-none-match"));
  if (status == 200 && headers.contains("range")) get.range = std::string(headers.get("range"));
  const wire::Operation& operation = wire::OperationOf<GetObjectRequest>::operation();
  auto answered = door_.execute_body_out(visit.caller, operation, &get);
  if (const auto synced = door_.store().wait_synced(answered.seen); !synced) {
    failed = synced.error();
    return false;
  }
  if (!answered.result) {
    failed = answered.result.error();
    return false;
  }
  const auto& output = answered.result->output.template as<GetObjectOutput>();
  if (output.website_redirect_location && status == 200) {
    visit.redirect(301, *output.website_redirect_location);
    return true;
  }
  http::Response response = wire::write_output(operation, answered.result->output, visit.caller.request_id);
  if (status != 200) response.status = status;
  if (visit.head().method == "HEAD" || !answered.result->body.body) {
    respond(visit, std::move(response));
    return true;
  }
  cors_.add_headers(visit.head(), response);
  const uint64_t length = answered.result->body.length;
  visit.exchange->respond(std::move(response), length, body_source(std::move(answered.result->body)));
  return true;
}

bool WebsiteDoor::readable(const Visit& visit, const std::string& key) {
  HeadObjectRequest head;
  head.bucket = visit.bucket;
  head.key = key;
  return door_.call(visit.caller, head).has_value();
}

void WebsiteDoor::refuse(Visit& visit, const WebsiteRecord* site, const std::string& key, const ::tarn::Error& error) {
  ::tarn::Error of_page;
  const bool has_page = site != nullptr && site->error && *site->error != key && error.status < 500;
  if (has_page && send_object(visit, *site->error, error.status, of_page)) return;
  http::Response response;
  response.status = error.status;
  response.headers.set("Content-Type", "text/html; charset=utf-8");
  response.headers.set("x-amz-request-id", visit.caller.request_id);
  response.headers.set("x-amz-error-code", error.code);
  response.headers.set("x-amz-error-message", error.message);
  if (visit.head().method != "HEAD")
    response.body = error_page(error, has_page ? &of_page : nullptr, visit.caller.request_id);
  respond(visit, std::move(response));
}

void WebsiteDoor::respond(const Visit& visit, http::Response response) {
  cors_.add_headers(visit.head(), response);
  visit.exchange->respond(std::move(response));
}

}  // namespace tarn::s3
