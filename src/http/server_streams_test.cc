// Bodies and answers of any size pass through the server piece by piece: these tests hold it to the order, the ends and the
// errors of both directions, with and without an executor for what blocks.
#include <fcntl.h>

#include <future>
#include <latch>

#include "http/server_test.h"

namespace tarn::http {
namespace {

// Bodies both ways, with and without an executor for what blocks.
class Streams : public testing::TestWithParam<bool> {
 protected:
  ServerOptions options() {
    ServerOptions options;
    options.io_threads = 2;
    if (GetParam()) options.blocking = [this](Task task) { worker_.put(std::move(task)); };
    return options;
  }
  Worker worker_;
};
INSTANTIATE_TEST_SUITE_P(Inline, Streams, testing::Values(false));
INSTANTIATE_TEST_SUITE_P(OnAnExecutor, Streams, testing::Values(true));

TEST_P(Streams, TakeBodiesPieceByPiece) {
  Fixture f(serve, options());
  RawClient client = f.client();
  for (int i = 0; i < 3; ++i) {
    client.send("PUT /stream HTTP/1.1\r\nHost: h\r\nContent-Length: 5000000\r\n\r\n" + std::string(5'000'000, 'x'));
    EXPECT_TRUE(client.answer().ends_with("5000000 bytes"));
    client.send("PUT /stream HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(client.answer().ends_with("\r\n0 bytes"));
  }
}

TEST_P(Streams, StopAtASinksError) {
  Fixture f(serve, options());
  RawClient client = f.client();
  client.send("PUT /stream HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\npoison");
  EXPECT_TRUE(client.answer().ends_with("Poison"));
  client.send("PUT /stream HTTP/1.1\r\nHost: h\r\nContent-Length: 5000006\r\n\r\npoison" + std::string(5'000'000, 'x'));
  const std::string answer = client.answer();
  EXPECT_TRUE(answer.ends_with("Poison"));
  EXPECT_TRUE(answer.contains("Connection: close\r\n"));
}

TEST_P(Streams, SendBodiesFromASource) {
  Fixture f(serve, options());
  RawClient client = f.client();
  client.send("GET /source?3000001 HTTP/1.1\r\nHost: h\r\n\r\nGET /source?0 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(client.head().contains("Content-Length: 3000001\r\n"));
  const std::string body = client.exactly(3'000'001);
  for (size_t i = 0; i < body.size(); ++i) ASSERT_EQ(static_cast<unsigned char>(body[i]), i % 256);
  EXPECT_TRUE(client.answer().contains("Content-Length: 0\r\n"));
  client.send("GET /short-source HTTP/1.1\r\nHost: h\r\n\r\n");
  client.head();
  EXPECT_EQ(client.rest(), "x");
}

TEST_P(Streams, SendEventsAsTheyCome) {
  struct Feed {
    std::mutex mutex;
    std::deque<std::string> events;
    bool over = false;
    ExchangePtr exchange;
    void put(std::string event) {
      std::lock_guard lock(mutex);
      events.push_back(std::move(event));
      exchange->resume();
    }
    void end() {
      std::lock_guard lock(mutex);
      over = true;
      exchange->resume();
    }
  };
  auto feed = std::make_shared<Feed>();
  std::latch begun(1);
  Fixture f(
      [&](const ExchangePtr& exchange) {
        feed->exchange = exchange;
        exchange->respond_stream({200, {}, ""}, [feed]() -> Result<Pulled> {
          std::lock_guard lock(feed->mutex);
          if (feed->events.empty()) return Pulled{feed->over ? Pulled::State::kEnd : Pulled::State::kLater};
          Pulled pulled{Pulled::State::kBytes, std::move(feed->events.front())};
          feed->events.pop_front();
          return pulled;
        });
        begun.count_down();
      },
      options());
  RawClient client = f.client();
  client.send("POST / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(client.head().contains("Transfer-Encoding: chunked\r\n"));
  begun.wait();
  feed->put("one");
  EXPECT_EQ(client.exactly(8), "3\r\none\r\n");
  feed->put("");
  feed->put(std::string(26, 'z'));
  EXPECT_EQ(client.exactly(32), "1a\r\n" + std::string(26, 'z') + "\r\n");
  feed->end();
  EXPECT_EQ(client.exactly(5), "0\r\n\r\n");
  feed->exchange.reset();
}

TEST_P(Streams, CancelWhenAnsweredBeforeTheBodyCame) {
  std::promise<std::string> code;
  Fixture f(
      [&](const ExchangePtr& exchange) {
        exchange->stream_body([](std::string_view) -> Status { return {}; },
                              [&](Status status) { code.set_value(status ? "done" : status.error().code); });
        exchange->respond({403, {}, "no"});
      },
      options());
  RawClient client = f.client();
  client.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n");
  EXPECT_TRUE(client.answer().ends_with("no"));
  EXPECT_EQ(code.get_future().get(), "Cancelled");
}

TEST_P(Streams, TellWhatCameBehindTheBody) {
  Fixture f(
      [](const ExchangePtr& exchange) {
        exchange->stream_body([](std::string_view) -> Status { return {}; },
                              [exchange](Status) {
                                exchange->respond({200, {}, std::string(exchange->trailers().get("x-why"))});
                              });
      },
      options());
  RawClient client = f.client();
  const std::string head = "PUT / HTTP/1.1\r\nHost: h\r\nX-Why: head\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n";
  client.send(head + "X-Why: behind\r\n\r\n" + head + "\r\n");  // the second has none
  EXPECT_TRUE(client.answer().ends_with("\r\n\r\nbehind"));
  EXPECT_TRUE(client.answer().contains("Content-Length: 0\r\n"));
}

TEST(Server, SendsRangesOfFiles) {
  char name[] = "/tmp/http_server_test.XXXXXX";
  const int fd = ::mkstemp(name);
  ::unlink(name);
  const std::string bytes(8'000'000, 'f');
  ASSERT_EQ(::write(fd, "0123456789", 10) + ::write(fd, bytes.data(), bytes.size()), 8'000'010);
  std::promise<void> dropped;
  Fixture f([&](const ExchangePtr& exchange) {
    const uint64_t length = std::stoull(exchange->head().query);
    exchange->respond({206, {}, ""}, {fd, 7, length, std::shared_ptr<void>(nullptr, [&, length](void*) {
                                        if (length == 8'000'003) dropped.set_value();
                                      })});
  });
  RawClient client(f.server->port(), 4096);
  client.send("GET /?3 HTTP/1.1\r\nHost: h\r\n\r\nGET /?8000003 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(client.answer().ends_with("\r\n\r\n789"));
  client.head();
  EXPECT_EQ(client.exactly(8'000'003), "789" + bytes);
  dropped.get_future().get();
  client.send("GET /?8000004 HTTP/1.1\r\nHost: h\r\n\r\n");  // one more than there is
  client.head();
  EXPECT_EQ(client.rest().size(), 8'000'003u);
  ::close(fd);
}

}  // namespace
}  // namespace tarn::http
