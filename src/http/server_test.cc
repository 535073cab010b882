// The server is what the network touches first: these tests drive it through raw sockets, byte by byte, with what clients
// send and with what no client should. Waits are for something to happen, never for time to pass.
#include "http/server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <deque>
#include <future>
#include <latch>
#include <thread>

namespace tarn::http {
namespace {

using std::chrono::milliseconds;

// A socket to the server; reads give up after ten seconds, so that a server that hangs fails the test.
class RawClient {
 public:
  explicit RawClient(uint16_t port, int receive_buffer = 0) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const int no_delay = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof no_delay);
    if (receive_buffer > 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    const timeval limit{10, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~RawClient() { close(); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  void shut_down() { ::shutdown(fd_, SHUT_WR); }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
  }
  // Up to and with `end`; all there is when the server closes before.
  std::string until(std::string_view end) {
    size_t at;
    while ((at = got_.find(end)) == got_.npos)
      if (!receive()) return std::exchange(got_, {});
    std::string text = got_.substr(0, at + end.size());
    got_.erase(0, at + end.size());
    return text;
  }
  std::string exactly(size_t n) {
    while (got_.size() < n && receive()) {
    }
    std::string text = got_.substr(0, n);
    got_.erase(0, n);
    return text;
  }
  std::string head() { return until("\r\n\r\n"); }
  // Head, and a body of Content-Length.
  std::string answer() {
    std::string text = head();
    const size_t at = text.find("Content-Length: ");
    return at == text.npos ? text : text + exactly(std::stoul(text.substr(at + 16)));
  }
  std::string rest() {
    while (receive()) {
    }
    EXPECT_FALSE(timed_out_);
    return std::exchange(got_, {});
  }

 private:
  bool receive() {
    char buffer[65536];
    const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
    timed_out_ = n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    if (n <= 0) return false;
    got_.append(buffer, static_cast<size_t>(n));
    return true;
  }
  int fd_;
  std::string got_;
  bool timed_out_ = false;
};

// One thread that runs what may block.
class Worker {
 public:
  Worker() : thread_([this] { run(); }) {}
  ~Worker() {
    put(nullptr);
    thread_.join();
  }
  void put(Task task) {
    std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    more_.notify_one();
  }

 private:
  void run() {
    for (;;) {
      std::unique_lock lock(mutex_);
      more_.wait(lock, [&] { return !tasks_.empty(); });
      Task task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      if (!task) return;
      task();
    }
  }
  std::mutex mutex_;
  std::condition_variable more_;
  std::deque<Task> tasks_;
  std::thread thread_;
};

using ExchangePtr = std::shared_ptr<Exchange>;

// Answers by path; what the tests need of a service.
void serve(const ExchangePtr& exchange) {
  const RequestHead& head = exchange->head();
  if (head.path == "/echo") {
    return exchange->read_body(1 << 20, [exchange](Result<std::string> body) {
      if (!body) return exchange->respond({body.error().status, {{"X-Error", body.error().code}}, body.error().code});
      exchange->respond({200, {}, std::move(*body)});
    });
  }
  if (head.path == "/stream") {
    auto size = std::make_shared<std::pair<size_t, size_t>>();
    return exchange->stream_body(
        [size](std::string_view piece) -> Status {
          size->first += piece.size();
          ++size->second;
          if (piece.contains("poison")) return fail(400, "Poison", "it was poisoned");
          return {};
        },
        [exchange, size](Status status) {
          exchange->respond({status ? 200 : status.error().status,
                             {},
                             status ? std::to_string(size->first) + " bytes" : status.error().code});
        });
  }
  if (head.path == "/source") {
    auto next = std::make_shared<unsigned char>(0);
    return exchange->respond({200, {}, ""}, std::stoull(head.query), [next](std::span<char> into) -> Result<size_t> {
      for (char& c : into) c = static_cast<char>((*next)++);
      return into.size();
    });
  }
  if (head.path == "/short-source") {
    return exchange->respond({200, {}, ""}, 100, [](std::span<char> into) -> Result<size_t> {
      into[0] = 'x';
      if (into.size() < 100) return fail(500, "Broken", "no more");
      return 1;
    });
  }
  if (head.path == "/none") return exchange->respond({204, {}, "never sent"});
  exchange->respond({200,
                     {{"X-Path", head.path}, {"X-Query", head.query}, {"X-Peer", head.peer_address}},
                     head.method + " " + head.path});
}

struct Fixture {
  explicit Fixture(Handler handler = serve, ServerOptions options = {}) {
    auto started = Server::start(std::move(options), std::move(handler));
    EXPECT_TRUE(started);
    server = std::move(*started);
  }
  RawClient client() { return RawClient(server->port()); }
  std::unique_ptr<Server> server;
};

std::string ask(Fixture& f, const std::string& request) {
  RawClient client = f.client();
  client.send(request);
  return client.answer();
}

TEST(Server, AnswersWithTheFieldsOfAnAnswer) {
  Fixture f;
  const std::string answer = ask(f, "GET /a%20b/../c?x=%2F&y HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(
      answer.starts_with("HTTP/1.1 200 OK\r\nX-Path: /a%20b/../c\r\nX-Query: x=%2F&y\r\nX-Peer: 127.0.0.1\r\nDate: "));
  EXPECT_TRUE(answer.ends_with(" GMT\r\nContent-Length: 15\r\n\r\nGET /a%20b/../c"));
  EXPECT_FALSE(answer.contains("Connection:"));
}

TEST(Server, ReducesAbsoluteTargets) {
  Fixture f;
  EXPECT_TRUE(ask(f, "GET http://b.localhost:4566/k?acl HTTP/1.1\r\nHost: h\r\n\r\n")
                  .contains("X-Path: /k\r\nX-Query: acl\r\n"));
  EXPECT_TRUE(
      ask(f, "GET http://b.localhost?acl HTTP/1.1\r\nHost: h\r\n\r\n").contains("X-Path: /\r\nX-Query: acl\r\n"));
}

TEST(Server, RefusesMalformedHeads) {
  struct Case {
    std::string head;
    std::string status;
  };
  const Case cases[] = {
      {"GET\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"},
      {"GET / HTTP/2.0\r\nHost: h\r\n\r\n", "505"},
      {"GET / HTTP/1.1\r\nHost: h\r\nBad Name: x\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost: h\r\nX: a\x01z\r\n\r\n", "400"},
      {"GET nowhere HTTP/1.1\r\nHost: h\r\n\r\n", "400"},
      {"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", "400"},
      {"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1, 1\r\n\r\nx", "400"},
      {"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", "400"},
      {"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999999\r\n\r\n", "400"},
      {"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx", "400"},
      {"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\nx", "400"},
      {"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\nx", "501"},
      {"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\nx", "501"},
      {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), "400"},  // a TLS greeting
      {"GET /" + std::string(70'000, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n", "431"},
      {"GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(70'000, 'a') + "\r\n\r\n", "431"},
      {"GET /" + std::string(40'000, 'a') + " HTTP/1.1\r\nHost: h\r\nX: " + std::string(40'000, 'a') + "\r\n\r\n",
       "431"},
  };
  std::atomic<int> told = 0, served = 0;
  ServerOptions options;
  options.refused = [&](std::string_view peer, int, std::string_view why) {
    EXPECT_EQ(peer, "127.0.0.1");
    EXPECT_FALSE(why.empty());
    ++told;
  };
  Fixture f([&](const ExchangePtr&) { ++served; }, options);
  for (const Case& c : cases) {
    RawClient client = f.client();
    client.send(c.head);
    const std::string answer = client.rest();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + c.status + " ")) << c.head.substr(0, 80) << " -> " << answer;
    EXPECT_TRUE(answer.contains("Connection: close\r\n")) << c.head.substr(0, 80);
  }
  EXPECT_EQ(told, std::size(cases));
  EXPECT_EQ(served, 0);
}

TEST(Server, TakesAHeadOfNearlyTheLimit) {
  Fixture f;
  EXPECT_TRUE(
      ask(f, "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(65'000, 'a') + "\r\n\r\n").starts_with("HTTP/1.1 200"));
}

TEST(Server, TakesHeadsByteByByte) {
  Fixture f;
  RawClient client = f.client();
  for (const char c : std::string_view("\r\nPUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"))
    client.send({&c, 1});
  EXPECT_TRUE(client.answer().ends_with("\r\n\r\nabc"));
}

TEST(Server, EndsSlowHeadsAndIdleConnections) {
  ServerOptions options;
  options.head_timeout = milliseconds(40);
  options.idle_timeout = milliseconds(40);
  Fixture f(serve, options);
  RawClient slow = f.client(), idle = f.client();
  slow.send("GET / HTTP/1.1\r\nHo");
  EXPECT_TRUE(slow.rest().starts_with("HTTP/1.1 408 "));
  EXPECT_EQ(idle.rest(), "");
}

TEST(Server, KeepsTheOrderOfPipelinedRequests) {
  // The first is answered last: by another thread, when all have been sent.
  std::promise<ExchangePtr> first;
  Fixture f([&](const ExchangePtr& exchange) {
    if (exchange->head().path == "/slow") return first.set_value(exchange);
    serve(exchange);
  });
  RawClient client = f.client();
  client.send(
      "GET /slow HTTP/1.1\r\nHost: h\r\n\r\nPUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nokGET /b "
      "HTTP/1.1\r\n");
  first.get_future().get()->respond({200, {}, "first"});
  EXPECT_TRUE(client.answer().ends_with("\r\n\r\nfirst"));
  EXPECT_TRUE(client.answer().ends_with("\r\n\r\nok"));
  client.send("Host: h\r\n\r\n");
  EXPECT_TRUE(client.answer().ends_with("\r\n\r\nGET /b"));
}

TEST(Server, AnswersManyPipelinedRequestsWithoutNesting) {
  Fixture f;
  RawClient client = f.client();
  constexpr int kCount = 20'000;
  std::thread sender([&] {
    std::string all;
    for (int i = 0; i < kCount; ++i) all += "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    client.send(all);
  });
  for (int i = 0; i < kCount; ++i) ASSERT_TRUE(client.answer().ends_with("GET /"));
  sender.join();
}

TEST(Server, ServesAClientThatHasShutItsSide) {
  Fixture f;
  RawClient client = f.client();
  client.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n");
  client.shut_down();
  const std::string all = client.rest();
  EXPECT_TRUE(all.contains("GET /a") && all.ends_with("GET /b")) << all;
}

TEST(Server, KnowsHttp10) {
  Fixture f;
  RawClient closing = f.client();
  closing.send("GET /a HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(closing.rest().contains("Connection: close\r\n"));
  RawClient keeping = f.client();
  keeping.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_TRUE(keeping.answer().contains("Connection: keep-alive\r\n"));
  keeping.send("GET /b HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(keeping.rest().ends_with("GET /b"));
}

TEST(Server, ClosesWhenAsked) {
  Fixture f;
  RawClient client = f.client();
  client.send("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(client.rest().contains("Connection: close\r\n"));
}

TEST(Server, DecodesChunkedBodies) {
  Fixture f;
  RawClient client = f.client();
  const std::string head = "PUT /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  client.send(head + "3\r\nabc\r\n1;x=\"y\"\r\nd\r\n0\r\nTrailer: t\r\n\r\n");
  EXPECT_TRUE(client.answer().ends_with("Content-Length: 4\r\n\r\nabcd"));
  for (const char c : head + "3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n") client.send({&c, 1});
  EXPECT_TRUE(client.answer().ends_with("Content-Length: 4\r\n\r\nabcd"));
  client.send(head + "0\r\n\r\n");
  EXPECT_TRUE(client.answer().contains("Content-Length: 0\r\n"));
  for (const std::string_view wrong : {"x\r\nabc\r\n", "3\r\nabcd\r\n0\r\n\r\n", "ffffffffffffffffff\r\n", "-1\r\n"}) {
    RawClient bad = f.client();
    bad.send(head + std::string(wrong));
    EXPECT_TRUE(bad.rest().starts_with("HTTP/1.1 400 Bad Request\r\nX-Error: MalformedBody\r\n")) << wrong;
  }
  RawClient endless = f.client();  // a chunk's frame without an end
  endless.send(head + "3;" + std::string(400'000, 'x'));
  EXPECT_TRUE(endless.rest().contains("MalformedBody"));
}

TEST(Server, SaysWhenABodyIsCut) {
  Fixture f;
  for (const std::string path : {"/echo", "/stream"}) {
    RawClient client = f.client();
    client.send("PUT " + path + " HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
    client.shut_down();
    EXPECT_TRUE(client.rest().ends_with("IncompleteBody")) << path;
  }
}

TEST(Server, SaysWhenABodyStalls) {
  ServerOptions options;
  options.stall_timeout = milliseconds(40);
  Fixture f(serve, options);
  RawClient client = f.client();
  client.send("PUT /stream HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_TRUE(client.rest().ends_with("RequestTimeout"));
}

TEST(Server, BoundsBodiesInMemory) {
  Fixture f;
  RawClient known = f.client(), chunked = f.client();
  known.send("PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 9999999999\r\n\r\n");
  EXPECT_TRUE(known.head().starts_with("HTTP/1.1 413 "));
  chunked.send("PUT /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n200000\r\n" +
               std::string(0x200000, 'x'));
  EXPECT_TRUE(chunked.head().starts_with("HTTP/1.1 413 "));
}

TEST(Server, ContinuesOnlyWhenTheBodyIsWanted) {
  Fixture f;
  RawClient client = f.client();
  client.send("PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.head(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("abc");
  EXPECT_TRUE(client.answer().ends_with("abc"));
  client.send("PUT /refused HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  const std::string refused = client.rest();
  EXPECT_TRUE(refused.starts_with("HTTP/1.1 200 OK\r\n")) << refused;
  EXPECT_TRUE(refused.contains("Connection: close\r\n"));  // whether the body follows is not known
}

TEST(Server, DropsShortBodiesAndClosesOnLongOnes) {
  Fixture f;
  RawClient client = f.client();
  client.send("PUT /short HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab");
  EXPECT_TRUE(client.answer().ends_with("PUT /short"));
  client.send("cdeGET /next HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(client.answer().ends_with("GET /next"));
  // A client that sends all of a long body before it reads still gets the answer.
  client.send("PUT /long HTTP/1.1\r\nHost: h\r\nContent-Length: 30000000\r\n\r\n" + std::string(30'000'000, 'x'));
  const std::string answer = client.answer();
  EXPECT_TRUE(answer.contains("Connection: close\r\n"));
  EXPECT_TRUE(answer.ends_with("PUT /long"));
  client.shut_down();
  EXPECT_EQ(client.rest(), "");
}

TEST(Server, SendsNoBodyWhereThereIsNone) {
  Fixture f([](const ExchangePtr& exchange) {
    if (exchange->head().path == "/object") return exchange->respond({200, {{"Content-Length", "12345"}}, ""});
    if (exchange->head().path == "/same") return exchange->respond({304, {{"ETag", "\"e\""}}, "never sent"});
    serve(exchange);
  });
  RawClient client = f.client();
  client.send("HEAD /object HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(client.head().contains("Content-Length: 12345\r\n"));
  client.send("HEAD /other HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(client.head().contains("Content-Length: 11\r\n"));
  client.send("HEAD /source?1000 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(client.head().contains("\r\n"));
  client.send("GET /none HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string none = client.head();
  EXPECT_TRUE(none.starts_with("HTTP/1.1 204 No Content\r\n"));
  EXPECT_FALSE(none.contains("Content-Length"));
  client.send("GET /same HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_FALSE(client.head().contains("Content-Length"));
  client.send("GET /end HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(client.answer().ends_with("GET /end"));
}

TEST(Server, KeepsStoredTextWithinItsField) {
  Fixture f([](const ExchangePtr& exchange) {
    exchange->respond(
        {200,
         {{"x-amz-meta-a", "v\r\nSet-Cookie: x\n\xc3\xa9"}, {"Connection", "close"}, {"content-length", "7"}},
         "ab"});
  });
  const std::string answer = ask(f, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(answer.contains("x-amz-meta-a: v  Set-Cookie: x \xc3\xa9\r\n"));
  EXPECT_FALSE(answer.contains("close") || answer.contains(": 7"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\nab"));
}

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

TEST(Server, TellsWhenTheClientLeaves) {
  std::promise<ExchangePtr> asked;
  std::promise<void> left;
  Fixture f([&](const ExchangePtr& exchange) {
    exchange->on_cancel([&] { left.set_value(); });
    asked.set_value(exchange);
  });
  RawClient client = f.client();
  client.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
  const ExchangePtr exchange = asked.get_future().get();
  EXPECT_FALSE(exchange->cancelled());
  client.close();
  left.get_future().get();
  EXPECT_TRUE(exchange->cancelled());
  std::promise<void> again;  // who comes late is told at once
  exchange->on_cancel([&] { again.set_value(); });
  again.get_future().get();
  exchange->respond({200, {}, "to nobody"});
}

TEST(Server, EndsAnAnswerThatNobodyReads) {
  ServerOptions options;
  options.stall_timeout = milliseconds(40);
  std::promise<void> left;
  Fixture f(
      [&](const ExchangePtr& exchange) {
        exchange->on_cancel([&] { left.set_value(); });
        exchange->respond({200, {}, std::string(64 << 20, 'x')});
      },
      options);
  RawClient client(f.server->port(), 4096);
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  left.get_future().get();
}

TEST(Server, AnswersForAHandlerThatForgets) {
  Fixture f([](const ExchangePtr&) {});
  EXPECT_TRUE(ask(f, "GET / HTTP/1.1\r\nHost: h\r\n\r\n").starts_with("HTTP/1.1 500 "));
}

TEST(Server, RefusesAnAddressThatIsTaken) {
  Fixture f;
  ServerOptions options;
  options.port = f.server->port();
  const auto second = Server::start(options, serve);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "ListenFailed");
  EXPECT_TRUE(second.error().message.contains("127.0.0.1:" + std::to_string(options.port)));
}

TEST(Server, FinishesWhatIsUnderWayWhenItStops) {
  std::promise<ExchangePtr> asked;
  Fixture f([&](const ExchangePtr& exchange) { asked.set_value(exchange); });
  RawClient busy = f.client(), idle = f.client();
  busy.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  ExchangePtr exchange = asked.get_future().get();
  std::thread stopper([&] { f.server->stop(milliseconds(10'000)); });
  EXPECT_EQ(idle.rest(), "");  // closed at once
  exchange->respond({200, {}, "finished"});
  const std::string answer = busy.rest();
  EXPECT_TRUE(answer.contains("Connection: close\r\n") && answer.ends_with("finished")) << answer;
  stopper.join();
}

TEST(Server, CutsWhatDoesNotFinishInTime) {
  std::promise<ExchangePtr> asked;
  std::promise<std::string> code;
  Worker worker;
  ServerOptions options;
  options.blocking = [&](Task task) { worker.put(std::move(task)); };
  Fixture f(
      [&](const ExchangePtr& exchange) {
        exchange->stream_body([](std::string_view) -> Status { return {}; },
                              [&](Status status) { code.set_value(status ? "done" : status.error().code); });
        asked.set_value(exchange);
      },
      options);
  RawClient client = f.client();
  client.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  const ExchangePtr exchange = asked.get_future().get();
  f.server->stop(milliseconds(1));
  EXPECT_EQ(code.get_future().get(), "Cancelled");
  EXPECT_TRUE(exchange->cancelled());
  std::promise<std::string> late;  // an exchange that outlives the server harms nobody
  exchange->read_body(1, [&](Result<std::string> body) { late.set_value(body.error().code); });
  EXPECT_EQ(late.get_future().get(), "Cancelled");
  exchange->respond({200, {}, "to nobody"});
  f.server.reset();
}

TEST(Server, ServesManyClientsFromManyThreads) {
  Worker worker;
  ServerOptions options;
  options.io_threads = 3;
  Fixture f([&](const ExchangePtr& exchange) { worker.put([exchange] { serve(exchange); }); }, options);
  std::vector<std::thread> clients;
  std::atomic<int> right = 0;
  for (int c = 0; c < 8; ++c)
    clients.emplace_back([&] {
      RawClient client = f.client();
      for (int i = 0; i < 200; ++i) {
        client.send("PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody");
        right += client.answer().ends_with("\r\n\r\nbody");
      }
    });
  for (auto& client : clients) client.join();
  EXPECT_EQ(right, 1600);
}

}  // namespace
}  // namespace tarn::http
