// The server is what the network touches first: these tests drive it through raw sockets, byte by byte, with what clients
// send and with what no client should. Waits are for something to happen, never for time to pass.
#include <atomic>
#include <future>

#include "http/server_test.h"

namespace tarn::http {
namespace {

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
