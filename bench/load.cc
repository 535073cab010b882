// The load of `make bench`: PUTs or GETs over some connections for some time, or a loop of appends that share an
// fdatasync. Prints {"per_second": N}.
//
//   bench_load --verb PUT|GET --endpoint URL [--key ID:SECRET] --size BYTES --connections N --seconds S
//   bench_load --verb QUEUE --endpoint URL --key ID:SECRET --queue URL --size BYTES --connections N --seconds S
//   bench_load --verb SYNC --file PATH --size BYTES --connections N --seconds S
//
// One thread a connection, blocking, keep-alive; requests are signed once, before the clock starts. QUEUE sends, receives and
// deletes one message after the other (a deletion is signed as it comes), and counts those that went the whole way.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/text.h"
#include "os/clock.h"
#include "wire/sigv4.h"

namespace {

using Clock = std::chrono::steady_clock;
constexpr int kKeys = 8;  // objects a connection uses in turn

[[noreturn]] void die(const std::string& why) {
  std::fprintf(stderr, "bench_load: %s\n", why.c_str());
  std::exit(1);
}

struct Options {
  std::string verb = "GET", endpoint, key, file, queue;
  size_t size = 1000;
  int connections = 1;
  double seconds = 1;
};

int connect_to(const std::string& host, uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("cannot connect: " + std::string(std::strerror(errno)));
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) die("the connection broke while sending");
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

// Reads one answer; the body is dropped, or kept. Returns its status.
int receive(int fd, std::string& buffer, std::string* kept = nullptr) {
  static thread_local std::vector<char> chunk(256 << 10);
  size_t end;
  while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
    const ssize_t n = recv(fd, chunk.data(), chunk.size(), 0);
    if (n <= 0) die("the connection broke while receiving");
    buffer.append(chunk.data(), static_cast<size_t>(n));
  }
  const std::string head = tarn::lower(buffer.substr(0, end));
  const size_t at = head.find("content-length:");
  size_t body = at == std::string::npos ? 0 : std::strtoull(head.c_str() + at + 15, nullptr, 10);
  const int status = std::atoi(head.c_str() + 9);
  const size_t have = buffer.size() - end - 4;
  if (have >= body) {
    if (kept != nullptr) *kept = buffer.substr(end + 4, body);
    buffer.erase(0, end + 4 + body);
    return status;
  }
  body -= have;
  if (kept != nullptr) *kept = buffer.substr(end + 4);
  buffer.clear();
  while (body > 0) {
    const ssize_t n = recv(fd, chunk.data(), std::min(chunk.size(), body), 0);
    if (n <= 0) die("the connection broke while receiving");
    if (kept != nullptr) kept->append(chunk.data(), static_cast<size_t>(n));
    body -= static_cast<size_t>(n);
  }
  return status;
}

struct Prepared {
  std::string head;
  std::string_view body;
};

Prepared prepare(const Options& options, const std::string& authority, const std::string& verb, int connection, int key,
                 const std::string& body) {
  tarn::http::Request request;
  request.method = verb;
  request.path = "/bench/load-" + std::to_string(options.size) + "-" + std::to_string(connection) + "-" + std::to_string(key);
  request.headers = {{"Host", authority}};
  if (verb == "PUT") request.body = body;
  if (!options.key.empty()) {
    const size_t colon = options.key.find(':');
    tarn::wire::sign(request, {options.key.substr(0, colon), options.key.substr(colon + 1), ""}, "us-east-1", "s3", tarn::system_now());
  }
  std::string head = verb + " " + request.path + " HTTP/1.1\r\n";
  for (const auto& [name, value] : request.headers) head += name + ": " + value + "\r\n";
  if (verb == "PUT" && !request.headers.contains("content-length")) head += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  head += "\r\n";
  return {head, verb == "PUT" ? std::string_view(body) : std::string_view{}};
}

// Runs `each` on every connection's thread until the time is over; how many times a second in all.
template <class Setup>
double measure(const Options& options, Setup setup) {
  std::atomic<int> ready{0};
  std::atomic<bool> go{false}, stop{false};
  std::atomic<uint64_t> done{0};
  std::vector<std::thread> threads;
  for (int c = 0; c < options.connections; ++c)
    threads.emplace_back([&, c] {
      auto each = setup(c);
      ++ready;
      while (!go) std::this_thread::yield();
      uint64_t mine = 0;
      while (!stop) {
        each(mine);
        ++mine;
      }
      done += mine;
    });
  while (ready < options.connections) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  const auto started = Clock::now();
  go = true;
  std::this_thread::sleep_for(std::chrono::duration<double>(options.seconds));
  stop = true;
  for (std::thread& thread : threads) thread.join();
  return static_cast<double>(done) / std::chrono::duration<double>(Clock::now() - started).count();
}

double run_http(const Options& options) {
  const std::string authority = options.endpoint.substr(std::string("http://").size());
  const size_t colon = authority.rfind(':');
  const std::string host = authority.substr(0, colon);
  const auto port = static_cast<uint16_t>(std::stoi(authority.substr(colon + 1)));
  const std::string body(options.size, 'x');
  return measure(options, [&](int c) {
    const int fd = connect_to(host, port);
    auto buffer = std::make_shared<std::string>();
    auto requests = std::make_shared<std::vector<Prepared>>();
    const auto exchange = [fd, buffer](const Prepared& request) {
      send_all(fd, request.head);
      send_all(fd, request.body);
      const int status = receive(fd, *buffer);
      if (status < 200 || status > 299) die("status " + std::to_string(status));
    };
    const int keys = options.size > (1 << 20) ? 1 : kKeys;
    for (int k = 0; k < keys; ++k) requests->push_back(prepare(options, authority, options.verb, c, k, body));
    if (options.verb == "GET")
      for (int k = 0; k < keys; ++k) exchange(prepare(options, authority, "PUT", c, k, body));
    return [requests, exchange](uint64_t n) { exchange((*requests)[n % requests->size()]); };
  });
}

// One of SQS's operations, ready to be sent.
std::string queue_request(const Options& options, const std::string& authority, const std::string& operation, const std::string& body) {
  tarn::http::Request request;
  request.method = "POST";
  request.path = "/";
  request.headers = {{"Host", authority}, {"Content-Type", "application/x-amz-json-1.0"}, {"X-Amz-Target", "AmazonSQS." + operation}};
  request.body = body;
  const size_t colon = options.key.find(':');
  tarn::wire::sign(request, {options.key.substr(0, colon), options.key.substr(colon + 1), ""}, "us-east-1", "sqs", tarn::system_now());
  std::string whole = "POST / HTTP/1.1\r\n";
  for (const auto& [name, value] : request.headers) whole += name + ": " + value + "\r\n";
  if (!request.headers.contains("content-length")) whole += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return whole + "\r\n" + body;
}

std::string text_member(const std::string& json, const std::string& name) {
  const size_t at = json.find("\"" + name + "\"");
  if (at == std::string::npos) return "";
  const size_t from = json.find('"', json.find(':', at)) + 1;
  return json.substr(from, json.find('"', from) - from);
}

double run_queue(const Options& options) {
  const std::string authority = options.endpoint.substr(std::string("http://").size());
  const size_t colon = authority.rfind(':');
  const std::string host = authority.substr(0, colon);
  const auto port = static_cast<uint16_t>(std::stoi(authority.substr(colon + 1)));
  const std::string url = "{\"QueueUrl\":\"" + options.queue + "\"";
  const std::string message = url + ",\"MessageBody\":\"" + std::string(options.size, 'x') + "\"}";
  const std::string send = queue_request(options, authority, "SendMessage", message);
  const std::string get = queue_request(options, authority, "ReceiveMessage", url + "}");
  std::atomic<uint64_t> deleted{0};
  const auto started = Clock::now();
  measure(options, [&](int) {
    const int fd = connect_to(host, port);
    auto buffer = std::make_shared<std::string>();
    const auto ask = [fd, buffer](const std::string& request) {
      std::string body;
      send_all(fd, request);
      if (const int status = receive(fd, *buffer, &body); status != 200) die("status " + std::to_string(status) + ": " + body);
      return body;
    };
    return [&, ask](uint64_t) {
      ask(send);
      const std::string handle = text_member(ask(get), "ReceiptHandle");
      if (handle.empty()) return;
      ask(queue_request(options, authority, "DeleteMessage", url + ",\"ReceiptHandle\":\"" + handle + "\"}"));
      ++deleted;
    };
  });
  return static_cast<double>(deleted) / std::chrono::duration<double>(Clock::now() - started).count();
}

// Appends that wait until one thread's fdatasync has covered them: the least that a durable write can cost here.
double run_sync(const Options& options) {
  const int fd = open(options.file.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_APPEND, 0600);
  if (fd < 0) die("cannot open " + options.file);
  std::mutex mutex;
  std::condition_variable written_more, synced_more;
  uint64_t written = 0, synced = 0;
  bool over = false;
  std::thread syncer([&] {
    std::unique_lock lock(mutex);
    while (!over) {
      written_more.wait(lock, [&] { return over || written > synced; });
      const uint64_t upto = written;
      lock.unlock();
      if (fdatasync(fd) != 0) die("fdatasync failed");
      lock.lock();
      synced = upto;
      synced_more.notify_all();
    }
  });
  const std::string record(options.size, 'x');
  const double rate = measure(options, [&](int) {
    return [&](uint64_t) {
      std::unique_lock lock(mutex);
      if (write(fd, record.data(), record.size()) != static_cast<ssize_t>(record.size())) die("write failed");
      const uint64_t mine = ++written;
      written_more.notify_one();
      synced_more.wait(lock, [&] { return synced >= mine; });
    };
  });
  {
    const std::lock_guard lock(mutex);
    over = true;
  }
  written_more.notify_all();
  syncer.join();
  close(fd);
  return rate;
}

}  // namespace

int main(int argc, char** argv) {
  // Its threads shall not interrupt a server on the same processors whenever one is answered, as clients of another machine
  // could not: they run when the server waits, or its time is up.
  const sched_param none{};
  (void)sched_setscheduler(0, SCHED_BATCH, &none);
  Options options;
  const std::map<std::string, std::string*> texts = {
      {"--verb", &options.verb}, {"--endpoint", &options.endpoint}, {"--key", &options.key}, {"--file", &options.file},
      {"--queue", &options.queue}};
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i], value = argv[i + 1];
    if (const auto text = texts.find(name); text != texts.end()) *text->second = value;
    else if (name == "--size") options.size = std::stoull(value);
    else if (name == "--connections") options.connections = std::stoi(value);
    else if (name == "--seconds") options.seconds = std::stod(value);
    else die("unknown option " + name);
  }
  const double rate = options.verb == "SYNC" ? run_sync(options) : options.verb == "QUEUE" ? run_queue(options) : run_http(options);
  std::printf("{\"per_second\": %.2f}\n", rate);
  return 0;
}
