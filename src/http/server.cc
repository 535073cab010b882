#include "http/server.h"

#include <pthread.h>
#include <signal.h>

#include <fmt/format.h>
#include <boost/asio/steady_timer.hpp>

#include <map>
#include <mutex>

#include "http/connection.h"

namespace tarn::http {
namespace {

class ServerExchange final : public Exchange {
 public:
  ServerExchange(std::shared_ptr<Connection> connection, uint64_t number, RequestHead head,
                 std::optional<uint64_t> content_length)
      : connection_(std::move(connection)), number_(number), head_(std::move(head)), content_length_(content_length) {}
  ~ServerExchange() override {
    give({.response = {500, {{"Content-Type", "text/plain"}}, "the request was dropped\n"}});
  }

  RequestHead& head() override { return head_; }
  std::optional<uint64_t> content_length() const override { return content_length_; }
  bool cancelled() const override { return connection_->gone(); }

  void read_body(size_t limit, std::move_only_function<void(Result<std::string>)> done) override {
    read({.whole_done = std::move(done), .limit = limit});
  }
  void stream_body(BodySink sink, std::move_only_function<void(Status)> done) override {
    read({.sink = std::move(sink), .stream_done = std::move(done), .trailers = trailers_});
  }
  const Headers& trailers() const override { return *trailers_; }
  void respond(Response response) override { give({.response = std::move(response)}); }
  void respond(Response head, FileRange file) override {
    const uint64_t length = file.length;
    give({std::move(head), Connection::Answer::Kind::kFile, length, std::move(file)});
  }
  void respond(Response head, uint64_t length, BodySource source) override {
    give({std::move(head), Connection::Answer::Kind::kSource, length, {}, std::move(source)});
  }
  void respond_stream(Response head, EventPull pull) override {
    give({std::move(head), Connection::Answer::Kind::kEvents, 0, {}, {}, std::move(pull)});
  }
  void resume() override {
    connection_->loop().enter([c = connection_, n = number_] { c->resume(n); });
  }
  void on_cancel(std::move_only_function<void()> gone) override {
    connection_->loop().enter(
        [c = connection_, n = number_, gone = std::move(gone)]() mutable { c->on_cancel(n, std::move(gone)); });
  }

 private:
  void read(Connection::Reader reader) {
    connection_->loop().enter(
        [c = connection_, n = number_, reader = std::move(reader)]() mutable { c->read_body(n, std::move(reader)); });
  }
  void give(Connection::Answer answer) {
    if (answered_.exchange(true)) return;
    connection_->loop().enter(
        [c = connection_, n = number_, answer = std::move(answer)]() mutable { c->answer(n, std::move(answer)); });
  }

  const std::shared_ptr<Connection> connection_;
  const uint64_t number_;
  RequestHead head_;
  const std::optional<uint64_t> content_length_;
  const std::shared_ptr<Headers> trailers_ = std::make_shared<Headers>();
  std::atomic<bool> answered_ = false;
};

}  // namespace

std::shared_ptr<Exchange> make_exchange(std::shared_ptr<Connection> connection, uint64_t number, RequestHead head,
                                        std::optional<uint64_t> content_length) {
  return std::make_shared<ServerExchange>(std::move(connection), number, std::move(head), content_length);
}

void Loop::finish() {
  {
    std::unique_lock lock(over_mutex_);
    over_ = true;
  }
  context.restart();
  context.poll();
}

struct Server::State {
  using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, asio::io_context::executor_type>;
  using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, asio::io_context::executor_type>;

  // Of listen_on(). Its acceptor is the first loop's own.
  struct Listener {
    Acceptor acceptor;
    std::shared_ptr<const Handler> handler;
  };

  std::shared_ptr<Shared> shared;
  std::vector<std::shared_ptr<Loop>> loops;
  std::optional<Acceptor> acceptor;  // on the first loop
  std::vector<Timer> timers;         // one a loop
  std::optional<Timer> accept_pause;
  size_t next_loop = 0;
  uint16_t port = 0;
  bool running = false;
  std::mutex listeners_mutex;
  std::map<uint64_t, std::shared_ptr<Listener>> listeners;
  uint64_t next_listener = 1;

  void accept();
  void adopt(std::shared_ptr<Loop> loop, Socket socket, std::shared_ptr<const Handler> handler);
  void accept_also(std::shared_ptr<Listener> listener);
  void tick(size_t index);
  Status listen();
};

Status Server::State::listen() {
  const auto& options = shared->options;
  const auto refused = [&](const boost::system::error_code& error) {
    return fail(500, "ListenFailed",
                fmt::format("cannot listen on {}:{}: {}", options.host, options.port, error.message()));
  };
  boost::system::error_code error;
  asio::ip::tcp::resolver resolver(loops[0]->context);
  const auto found =
      resolver.resolve(options.host, std::to_string(options.port), asio::ip::tcp::resolver::passive, error);
  if (error) return refused(error);
  const asio::ip::tcp::endpoint endpoint = *found.begin();
  acceptor.emplace(loops[0]->context);
  acceptor->open(endpoint.protocol(), error);
  if (!error) acceptor->set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor->bind(endpoint, error);
  if (!error) acceptor->listen(asio::socket_base::max_listen_connections, error);
  if (!error) port = acceptor->local_endpoint(error).port();
  if (error) return refused(error);
  return {};
}

// Connections go to the loops in turn.
void Server::State::accept() {
  const std::shared_ptr<Loop> loop = loops[next_loop++ % loops.size()];
  acceptor->async_accept(loop->context, [this, loop](const boost::system::error_code& error, Socket socket) {
    if (error == asio::error::operation_aborted || loops[0]->stopping) return;
    if (!error) {
      adopt(loop, std::move(socket), shared->handler);
      return accept();
    }
    // No descriptors left, or the client has gone again: a pause keeps the former from spinning.
    accept_pause->expires_after(std::chrono::milliseconds(50));
    accept_pause->async_wait([this](const boost::system::error_code& cancelled) {
      if (!cancelled) accept();
    });
  });
}

// An error ends it: there is no address to be tried again, and whoever it is for has gone.
void Server::State::accept_also(std::shared_ptr<Listener> listener) {
  const std::shared_ptr<Loop> loop = loops[next_loop++ % loops.size()];
  listener->acceptor.async_accept(loop->context, [this, loop, listener](const boost::system::error_code& error, Socket socket) {
    if (error || loops[0]->stopping) return;
    adopt(loop, std::move(socket), listener->handler);
    accept_also(listener);
  });
}

void Server::State::adopt(std::shared_ptr<Loop> loop, Socket socket, std::shared_ptr<const Handler> handler) {
  shared->count(&Shared::connections, 1);
  asio::post(loop->context, [loop, socket = std::move(socket), handler = std::move(handler)]() mutable {
    auto connection = std::make_shared<Connection>(loop, std::move(socket), std::move(handler));
    loop->connections.insert(connection);
    connection->start();
    if (loop->stopping) connection->wind_down();
  });
}

void Server::State::tick(size_t index) {
  const auto& options = shared->options;
  const auto shortest = std::min({options.head_timeout, options.idle_timeout, options.stall_timeout});
  timers[index].expires_after(std::clamp<std::chrono::milliseconds>(shortest / 4, std::chrono::milliseconds(10),
                                                                    std::chrono::milliseconds(1000)));
  timers[index].async_wait([this, index](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    const auto now = Clock::now();
    auto& connections = loops[index]->connections;
    const std::vector<std::shared_ptr<Connection>> all(connections.begin(), connections.end());
    for (const auto& connection : all) connection->check_deadlines(now);
    tick(index);
  });
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, Handler handler) {
  auto state = std::make_unique<State>();
  state->shared = std::make_shared<Shared>();
  const int threads = std::max(options.io_threads, 1);
  state->shared->options = std::move(options);
  state->shared->handler = std::make_shared<const Handler>(std::move(handler));
  for (int i = 0; i < threads; ++i) {
    const auto& loop = state->loops.emplace_back(std::make_shared<Loop>(state->shared));
    state->timers.emplace_back(loop->context);
  }
  state->accept_pause.emplace(state->loops[0]->context);
  TRY(state->listen());
  state->accept();
  for (size_t i = 0; i < state->loops.size(); ++i) {
    state->tick(i);
    // Signals are the main thread's, and sendfile has no flag against SIGPIPE.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    state->loops[i]->thread = std::thread([loop = state->loops[i].get()] { loop->context.run(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  state->running = true;
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

uint16_t Server::port() const {
  return state_->port;
}

uint64_t Server::listen_on(Fd socket, Handler handler) {
  State& s = *state_;
  auto listener = std::make_shared<State::Listener>(State::Acceptor(s.loops[0]->context),
                                                    std::make_shared<const Handler>(std::move(handler)));
  uint64_t number;
  {
    const std::lock_guard lock(s.listeners_mutex);
    number = s.next_listener++;
    s.listeners[number] = listener;
  }
  asio::post(s.loops[0]->context, [&s, listener, socket = std::move(socket)]() mutable {
    boost::system::error_code error;
    listener->acceptor.assign(asio::ip::tcp::v4(), socket.release(), error);
    if (!error) s.accept_also(listener);
  });
  return number;
}

void Server::stop_listening(uint64_t number) {
  State& s = *state_;
  std::shared_ptr<State::Listener> listener;
  {
    const std::lock_guard lock(s.listeners_mutex);
    const auto found = s.listeners.find(number);
    if (found == s.listeners.end()) return;
    listener = std::move(found->second);
    s.listeners.erase(found);
  }
  asio::post(s.loops[0]->context, [listener] {
    boost::system::error_code ignored;
    listener->acceptor.close(ignored);
  });
}

void Server::stop(std::chrono::milliseconds grace) {
  State& s = *state_;
  if (!std::exchange(s.running, false)) return;
  const auto on_each_connection = [&](auto act) {
    for (size_t i = 0; i < s.loops.size(); ++i)
      asio::post(s.loops[i]->context, [&s, i, act] {
        Loop& loop = *s.loops[i];
        loop.stopping = true;
        if (i == 0) {
          boost::system::error_code ignored;
          s.acceptor->close(ignored);
          s.accept_pause->cancel();
          const std::lock_guard lock(s.listeners_mutex);
          for (const auto& [number, listener] : s.listeners) listener->acceptor.close(ignored);
        }
        const std::vector<std::shared_ptr<Connection>> all(loop.connections.begin(), loop.connections.end());
        for (const auto& connection : all) act(*connection);
      });
  };
  on_each_connection([](Connection& connection) { connection.wind_down(); });
  std::unique_lock lock(s.shared->mutex);
  s.shared->changed.wait_for(lock, grace, [&] { return s.shared->connections == 0; });
  lock.unlock();
  on_each_connection([](Connection& connection) { connection.close(); });
  lock.lock();
  s.shared->changed.wait(lock, [&] { return s.shared->connections == 0 && s.shared->blocking_tasks == 0; });
  lock.unlock();
  for (const auto& loop : s.loops) loop->context.stop();
  for (const auto& loop : s.loops) loop->thread.join();
  for (auto& timer : s.timers) timer.cancel();
  for (const auto& loop : s.loops) loop->finish();
}

Server::~Server() {
  stop(std::chrono::milliseconds(0));
}

}  // namespace tarn::http
