// An HTTP/1.1 server. It reads heads, hands each request to a handler as an Exchange, and sends what the handler
// answers, in the order of the requests. Bodies stream; nothing waits on a thread. Knows nothing of AWS: header values,
// paths and queries are the bytes that came.
//
// What the handler never sees, since the server answers it (plain text, connection closed): a malformed head (400), a
// head over `max_head` (431), a head that takes longer than `head_timeout` (408), a transfer coding other than chunked
// (501), another HTTP version (505). Content-Length twice, or beside Transfer-Encoding, is malformed.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"
#include "os/file.h"

namespace tarn::http {

// Part of an open file, sent without a copy through user space (sendfile).
// LIFETIME: fd stays open as long as `owner` lives; the server drops `owner` when it has sent the bytes or has given
// up.
struct FileRange {
  int fd = -1;
  uint64_t offset = 0;
  uint64_t length = 0;
  std::shared_ptr<void> owner;
};

// Takes the next bytes of a request's body. An error ends the reading and is what `done` gets.
using BodySink = std::move_only_function<Status(std::string_view bytes)>;
// Fills the front of the span with the next bytes of an answer's body and returns how many (at least one). An error, or
// 0 before the announced length, cuts the connection: the client sees a short body, never a wrong one.
using BodySource = std::move_only_function<Result<size_t>(std::span<char> into)>;

// What an event source has now.
struct Pulled {
  enum class State : uint8_t { kBytes, kLater, kEnd };
  State state = State::kEnd;
  std::string bytes = {};  // of kBytes; sent as one chunk
};
// Asked for the next bytes whenever the socket can take more. After kLater it is asked again when Exchange::resume()
// was called. An error cuts the connection.
using EventPull = std::move_only_function<Result<Pulled>()>;

// One request and its answer.
//
// THREADS: every member may be called from any thread. Callbacks that are not said to run elsewhere run on the
// connection's IO thread and must not block; one may run before the call that was given it returns.
// LIFETIME: hold the shared_ptr while the answer is pending; when the last copy is dropped unanswered, the client gets a
// 500. Copies that callbacks hold count: all callbacks are destroyed once the exchange is over. Each `done` is called
// exactly once, whatever happens.
class Exchange {
 public:
  virtual ~Exchange() = default;

  // The handler's own: it may change it.
  virtual RequestHead& head() = 0;
  // Content-Length; nullopt when the body is chunked. 0 when there is none.
  virtual std::optional<uint64_t> content_length() const = 0;

  // The body, read once by one of these two; the first call sends "100 Continue" to a client that waits for it.
  //
  // ERRORS (codes of this layer, to be worded by the caller):
  //   RequestBodyTooLarge 413   over `limit`; nothing more is read
  //   IncompleteBody      400   the client ended before the announced length or the last chunk
  //   RequestTimeout      408   no bytes for `stall_timeout`
  //   MalformedBody       400   the chunked coding was wrong
  //   Cancelled           499   the server stops, or the exchange was answered meanwhile
  // An answer may still be given after an error; the connection is then closed.
  virtual void read_body(size_t limit, std::move_only_function<void(Result<std::string>)> done) = 0;
  // Gives the body to `sink` piece by piece (at most 256 KiB each), on ServerOptions::blocking where given; the next
  // piece is read from the socket when the sink has returned. `done` runs where the sink ran, after the last piece.
  virtual void stream_body(BodySink sink, std::move_only_function<void(Status)> done) = 0;
  // What came behind a chunked body. REQUIRES: called by `done` of stream_body, or later.
  virtual const Headers& trailers() const = 0;

  // The answer, given once; later ones are ignored. The server adds Date, Content-Length and Connection. No body is
  // sent to HEAD, or with 1xx, 204 and 304; then a Content-Length that `head` or `response` has is kept as it is. A
  // body that was not asked for is read and dropped if it is short, and else the connection is closed once the answer
  // was sent.
  virtual void respond(Response response) = 0;
  virtual void respond(Response head, FileRange file) = 0;
  // `source` runs on ServerOptions::blocking where given.
  virtual void respond(Response head, uint64_t length, BodySource source) = 0;
  // An answer of unknown length (chunked; to HTTP/1.0 ended by closing). `pull` runs on ServerOptions::blocking where
  // given.
  virtual void respond_stream(Response head, EventPull pull) = 0;
  // The pull of respond_stream has more. May come at any time, also while it is being asked, or in vain.
  virtual void resume() = 0;

  // `gone` is called once, if the client leaves before the whole answer was sent (at once if it has left already).
  // While a body is unread nobody looks, so it may be late. An answer may be given nevertheless.
  virtual void on_cancel(std::move_only_function<void()> gone) = 0;
  virtual bool cancelled() const = 0;
};

using Task = std::move_only_function<void()>;
using Executor = std::function<void(Task)>;
using Handler = std::function<void(std::shared_ptr<Exchange>)>;

struct ServerOptions {
  std::string host = "127.0.0.1";  // an address, or a name to resolve
  uint16_t port = 0;               // 0: any free one
  int io_threads = 1;
  size_t max_head = 64 << 10;
  std::chrono::milliseconds head_timeout{20'000};   // from a head's first byte to its last
  std::chrono::milliseconds idle_timeout{75'000};   // between requests
  std::chrono::milliseconds stall_timeout{30'000};  // a body or an answer under way that does not move
  // Runs what may block on files: sinks, sources and pulls. Empty: they run on the IO thread.
  // REQUIRES: outlives the server and all exchanges, and runs every task it took.
  Executor blocking = {};
  // Told of every request that was refused without the handler, for the log. Runs on IO threads.
  std::function<void(std::string_view peer, int status, std::string_view why)> refused = {};
};

class Server {
 public:
  // Listens, and serves at once. `handler` runs on IO threads, must not wait for long, and may answer before it returns.
  // ERRORS: 500 ListenFailed, with address and reason.
  static Result<std::unique_ptr<Server>> start(ServerOptions options, Handler handler);
  ~Server();  // stop(0)

  uint16_t port() const;
  // Serves those too who connect to this listening socket, with a handler of their own. Returns its number.
  uint64_t listen_on(Fd listener, Handler handler);
  // Accepts nothing more there; connections that are there go on. One that is not there is no error.
  void stop_listening(uint64_t number);
  // Accepts nothing more, closes idle connections, and lets exchanges under way finish for at most `grace`; then closes
  // all (callbacks get Cancelled, on_cancel runs). When it returns no thread of the server runs.
  // REQUIRES: not called from an IO thread.
  void stop(std::chrono::milliseconds grace);

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tarn::http
