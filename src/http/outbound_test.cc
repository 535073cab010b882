// What is sent out must arrive as it was meant, and every way in which a server can fail to answer must end in a clear error, in
// time.
#include "http/outbound.h"

#include <gtest/gtest.h>

#include "http/server.h"

namespace tarn::http {
namespace {

using std::chrono::milliseconds;

std::unique_ptr<Server> serve(Handler handler) {
  return std::move(*Server::start({}, std::move(handler)));
}

std::string url_of(const Server& server, const std::string& path) {
  return "http://127.0.0.1:" + std::to_string(server.port()) + path;
}

TEST(Outbound, sends_and_reads) {
  const auto server = serve([](const std::shared_ptr<Exchange>& exchange) {
    exchange->read_body(1 << 20, [exchange](Result<std::string> body) {
      const RequestHead& head = exchange->head();
      exchange->respond({201,
                         {{"X-Seen", head.method + " " + head.path + "?" + head.query},
                          {"X-Host", std::string(head.headers.get("Host"))},
                          {"X-Field", std::string(head.headers.get("x-mine"))}},
                         "[" + *body + "]"});
    });
  });
  const std::string body(100'000, 'b');
  const auto response = fetch({.method = "PUT",
                               .url = url_of(*server, "/a%2Fb/../c?x=%20"),
                               .headers = {{"x-mine", "value"}},
                               .body = body,
                               .direct = true});
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 201);
  EXPECT_EQ(response->headers.get("x-seen"), "PUT /a%2Fb/../c?x=%20");
  EXPECT_EQ(response->headers.get("x-host"), "127.0.0.1:" + std::to_string(server->port()));
  EXPECT_EQ(response->headers.get("x-field"), "value");
  EXPECT_EQ(response->body, "[" + body + "]");
}

TEST(Outbound, says_what_went_wrong) {
  std::shared_ptr<Exchange> kept;
  const auto server = serve([&](const std::shared_ptr<Exchange>& exchange) {
    if (exchange->head().path == "/cut")
      return exchange->respond({200, {}, ""}, 10, [](std::span<char>) -> Result<size_t> { return 0; });
    kept = exchange;
  });
  const auto code = [&](const std::string& url, milliseconds timeout = milliseconds(5000)) {
    return fetch({.method = "GET", .url = url, .timeout = timeout, .direct = true}).error().code;
  };
  EXPECT_EQ(code(url_of(*server, "/never"), milliseconds(30)), "TimedOut");
  EXPECT_EQ(code(url_of(*server, "/cut")), "BadAnswer");
  EXPECT_EQ(code("ftp://127.0.0.1/"), "InvalidUrl");
  kept.reset();
  const std::string gone = url_of(*server, "/");
  server->stop(milliseconds(0));
  const auto refused = fetch({.method = "GET", .url = gone, .direct = true});
  EXPECT_EQ(refused.error().code, "Unreachable");
  EXPECT_TRUE(refused.error().message.contains(gone));
}

TEST(Outbound, keeps_no_more_than_it_may) {
  const auto server = serve([](const auto& exchange) { exchange->respond({200, {}, std::string(1000, 'x')}); });
  EXPECT_EQ(fetch({.method = "GET", .url = url_of(*server, "/"), .most = 100, .direct = true})->body, std::string(100, 'x'));
}

}  // namespace
}  // namespace tarn::http
