// The command line speaks to the server through this client: what it sends must arrive, and every way in which a server
// can fail to answer must end in a clear error, in time.
#include "http/client.h"

#include <gtest/gtest.h>

#include "http/server.h"

namespace tarn::http {
namespace {

using std::chrono::milliseconds;

std::unique_ptr<Server> serve(Handler handler) {
  return std::move(*Server::start({}, std::move(handler)));
}

TEST(Client, SendsAndReads) {
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
  Request request;
  request.method = "PUT";
  request.path = "/a%2Fb";
  request.query = "x=%20";
  request.headers.add("x-mine", "value");
  request.body = std::string(100'000, 'b');
  const auto response = send("127.0.0.1", server->port(), request, milliseconds(5000));
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 201);
  EXPECT_EQ(response->headers.get("x-seen"), "PUT /a%2Fb?x=%20");
  EXPECT_EQ(response->headers.get("x-host"), "127.0.0.1:" + std::to_string(server->port()));
  EXPECT_EQ(response->headers.get("x-field"), "value");
  EXPECT_EQ(response->body, "[" + request.body + "]");
  request.method = "HEAD";
  request.body.clear();
  EXPECT_EQ(send("localhost", server->port(), request, milliseconds(5000))->body, "");
}

TEST(Client, SaysWhatWentWrong) {
  std::shared_ptr<Exchange> kept;
  const auto server = serve([&](const std::shared_ptr<Exchange>& exchange) {
    if (exchange->head().path == "/large") return exchange->respond({200, {}, std::string(1000, 'x')});
    if (exchange->head().path == "/cut")
      return exchange->respond({200, {}, ""}, 10, [](std::span<char>) -> Result<size_t> { return 0; });
    kept = exchange;
  });
  Request request;
  request.method = "GET";
  const auto code = [&](const std::string& path, size_t max_body = 100) {
    request.path = path;
    return send("127.0.0.1", server->port(), request, milliseconds(path == "/never" ? 30 : 5000), max_body)
        .error()
        .code;
  };
  EXPECT_EQ(code("/never"), "TimedOut");
  EXPECT_EQ(code("/large"), "BadAnswer");
  EXPECT_EQ(code("/cut"), "BadAnswer");
  const uint16_t port = server->port();
  kept.reset();
  server->stop(milliseconds(0));
  const auto refused = send("127.0.0.1", port, request, milliseconds(5000));
  EXPECT_EQ(refused.error().code, "Unreachable");
  EXPECT_TRUE(refused.error().message.contains("127.0.0.1:" + std::to_string(port)));
}

}  // namespace
}  // namespace tarn::http
