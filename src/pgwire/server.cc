#include "pgwire/server.h"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "os/clock.h"
#include "os/socket.h"
#include "pgwire/session.h"

namespace tarn::pgwire {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr size_t kReadBytes = 64 << 10;
constexpr auto kTick = std::chrono::milliseconds(250);

// One client. THREADS: run() on its own; the others on any while it runs.
class Connection final : public Output {
 public:
  Connection(tcp::socket socket, asio::ssl::context& tls, Backend& backend, Cancels& cancels, Micros startup_ends)
      : socket_(std::move(socket)), tls_(tls), backend_(backend), cancels_(cancels), startup_ends_(startup_ends) {}

  void run();
  bool send(std::string_view bytes) override;
  // The server stops.
  void close() {
    cancel();
    shut_down(socket_.native_handle());
  }
  // Ends a login that takes too long, statements whose client has gone, and sessions that somebody has ended.
  void check(Micros now) {
    const Micros ends = startup_ends_;
    if (ends != 0 && now > ends) shut_down(socket_.native_handle());
    if (busy_ && peer_has_left(socket_.native_handle())) cancel();
    const uint64_t key = cancel_key_;
    if (!busy_ && key != 0 && cancels_.ended(key_of(key))) shut_down(socket_.native_handle());
  }

 private:
  Result<std::string> handshake();
  std::string peer() const;
  void cancel() {
    const uint64_t key = cancel_key_;
    if (key != 0) cancels_.cancel(key_of(key));
  }
  static Cancels::Key key_of(uint64_t key) { return {static_cast<int32_t>(key >> 32), static_cast<int32_t>(key)}; }

  tcp::socket socket_;
  asio::ssl::context& tls_;
  std::optional<asio::ssl::stream<tcp::socket&>> secure_;
  Backend& backend_;
  Cancels& cancels_;
  std::atomic<Micros> startup_ends_;  // 0: it is over
  std::atomic<bool> busy_ = false;
  std::atomic<uint64_t> cancel_key_ = 0;
};

std::string Connection::peer() const {
  boost::system::error_code ignored;
  return socket_.remote_endpoint(ignored).address().to_string();
}

bool Connection::send(std::string_view bytes) {
  boost::system::error_code error;
  if (secure_)
    asio::write(*secure_, asio::buffer(bytes), error);
  else
    asio::write(socket_, asio::buffer(bytes), error);
  return !error;
}

// The host's name that the client asks for; empty where it asks for none.
Result<std::string> Connection::handshake() {
  secure_.emplace(socket_, tls_);
  boost::system::error_code error;
  secure_->handshake(asio::ssl::stream_base::server, error);
  if (error) return fail(400, "TlsFailed", error.message());
  const char* name = SSL_get_servername(secure_->native_handle(), TLSEXT_NAMETYPE_host_name);
  return std::string(name != nullptr ? name : "");
}

void Connection::run() {
  boost::system::error_code error;
  socket_.set_option(tcp::no_delay(true), error);
  socket_.set_option(asio::socket_base::keep_alive(true), error);
  Session session(backend_, cancels_, *this, {.peer = peer()});
  std::vector<char> buffer(kReadBytes);
  while (true) {
    const size_t got =
        secure_ ? secure_->read_some(asio::buffer(buffer), error) : socket_.read_some(asio::buffer(buffer), error);
    if (error) break;
    busy_ = true;
    const Session::Wants wants = session.receive({buffer.data(), got});
    busy_ = false;
    if (wants == Session::Wants::kEnd) break;
    if (wants == Session::Wants::kTls) {
      auto name = handshake();
      if (!name) break;
      session.tls_started(std::move(*name));
    }
    if (session.logged_in() && cancel_key_ == 0) {
      startup_ends_ = 0;
      cancel_key_ = static_cast<uint64_t>(static_cast<uint32_t>(session.key().pid)) << 32 |
                    static_cast<uint32_t>(session.key().secret);
    }
  }
  cancel_key_ = 0;
  shut_down(socket_.native_handle());
}

}  // namespace

struct Server::State {
  ServerOptions options;
  Backend& backend;
  Cancels cancels;
  asio::ssl::context tls{asio::ssl::context::tls_server};
  asio::io_context context{1};
  tcp::acceptor acceptor{context};
  asio::steady_timer timer{context};
  std::thread thread;
  std::mutex mutex;
  std::condition_variable changed;
  std::set<Connection*> connections;
  size_t threads = 0;
  bool stopping = false;

  State(ServerOptions given, Backend& borrowed) : options(std::move(given)), backend(borrowed) {}
  Status load_certificate();
  Status listen();
  void accept();
  void adopt(tcp::socket socket);
  void tick();
};

Status Server::State::load_certificate() {
  boost::system::error_code error;
  const auto refuse = [&](const std::string& file) {
    return fail(400, "InvalidCertificate", fmt::format("{}: {}", file, error.message()));
  };
  tls.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                  asio::ssl::context::no_tlsv1_1);
  tls.use_certificate_chain_file(options.certificate.chain, error);
  if (error) return refuse(options.certificate.chain);
  tls.use_private_key_file(options.certificate.key, asio::ssl::context::pem, error);
  if (error) return refuse(options.certificate.key);
  return {};
}

Status Server::State::listen() {
  boost::system::error_code error;
  tcp::resolver resolver(context);
  const auto found = resolver.resolve(options.host, std::to_string(options.port), tcp::resolver::passive, error);
  if (!error) acceptor.open(found.begin()->endpoint().protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(found.begin()->endpoint(), error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error)
    return fail(500, "ListenFailed",
                fmt::format("cannot listen on {}:{}: {}", options.host, options.port, error.message()));
  return {};
}

void Server::State::accept() {
  acceptor.async_accept([this](const boost::system::error_code& error, tcp::socket socket) {
    if (error == asio::error::operation_aborted) return;
    if (!error) adopt(std::move(socket));
    accept();
  });
}

void Server::State::adopt(tcp::socket socket) {
  const std::unique_lock lock(mutex);
  if (stopping) return;
  if (connections.size() >= options.max_connections) {
    if (options.note)
      options.note(fmt::format("the Redshift wire has {} connections: one more was closed", connections.size()));
    return;
  }
  const Micros ends = steady_now() + options.startup_timeout.count() * kSecond;
  auto connection = std::make_unique<Connection>(std::move(socket), tls, backend, cancels, ends);
  connections.insert(connection.get());
  try {
    std::thread([this, running = connection.get()] {
      std::unique_ptr<Connection> owned(running);
      try {
        owned->run();
      } catch (const std::exception& fault) {  // no memory, no descriptors: this client's loss
        if (options.note) options.note(fmt::format("a connection of the Redshift wire ended: {}", fault.what()));
      }
      {
        const std::lock_guard ended(mutex);
        connections.erase(running);
      }
      owned.reset();
      const std::lock_guard gone(mutex);
      --threads;
      changed.notify_all();
    }).detach();
    (void)connection.release();
    ++threads;
  } catch (const std::system_error&) {  // no more threads: this client has to come again
    connections.erase(connection.get());
  }
}

void Server::State::tick() {
  timer.expires_after(kTick);
  timer.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    {
      const std::lock_guard lock(mutex);
      for (Connection* connection : connections) connection->check(steady_now());
    }
    tick();
  });
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, Backend& backend) {
  auto state = std::make_unique<State>(std::move(options), backend);
  TRY(state->load_certificate());
  TRY(state->listen());
  state->accept();
  state->tick();
  // Signals are the main thread's.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  state->thread = std::thread([running = state.get()] { running->context.run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

uint16_t Server::port() const {
  boost::system::error_code ignored;
  return state_->acceptor.local_endpoint(ignored).port();
}

void Server::stop() {
  State& s = *state_;
  if (!s.thread.joinable()) return;
  s.context.stop();
  s.thread.join();
  std::unique_lock lock(s.mutex);
  s.stopping = true;
  // Again and again: a statement may have begun behind the cancel.
  while (s.threads > 0) {
    for (Connection* connection : s.connections) connection->close();
    s.changed.wait_for(lock, kTick);
  }
}

Server::~Server() {
  stop();
}

}  // namespace tarn::pgwire
