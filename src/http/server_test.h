// For tests: a raw socket, a thread that runs what may block, and a server that answers by path.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "http/server.h"

namespace tarn::http {

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
inline void serve(const ExchangePtr& exchange) {
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

inline std::string ask(Fixture& f, const std::string& request) {
  RawClient client = f.client();
  client.send(request);
  return client.answer();
}

}  // namespace tarn::http
