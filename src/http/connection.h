// One client's socket: the state machine behind Server. Internal to src/http.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <thread>
#include <unordered_set>

#include "http/parser.h"
#include "http/server.h"

namespace tarn::http {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using Socket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;

class Connection;

// What all IO threads of one server share.
struct Shared {
  ServerOptions options;
  std::shared_ptr<const Handler> handler;
  std::mutex mutex;
  std::condition_variable changed;  // notified when one of the two counts falls to 0
  int connections = 0;
  int blocking_tasks = 0;

  void count(int Shared::* what, int by) {
    std::lock_guard lock(mutex);
    if ((this->*what += by) == 0) changed.notify_all();
  }
};

// One IO thread with the connections pinned to it. All members but `context` are touched on that thread alone.
struct Loop {
  explicit Loop(std::shared_ptr<Shared> s) : shared(std::move(s)) {}
  std::shared_ptr<Shared> shared;
  asio::io_context context{1};
  std::unordered_set<std::shared_ptr<Connection>> connections;
  bool stopping = false;
  std::thread thread;

  std::string_view date();  // now, as the Date field has it
  // Runs f on the IO thread: at once when called on it, and also (here) when the server is over.
  template <class F>
  void enter(F f) {
    if (!context.get_executor().running_in_this_thread()) {
      std::shared_lock lock(over_mutex_);
      if (!over_) return asio::post(context, std::move(f));
    }
    f();
  }
  // After the thread has ended: what was posted last still runs, and later callers of enter() run by themselves.
  void finish();

 private:
  std::shared_mutex over_mutex_;
  bool over_ = false;
  std::time_t date_second_ = 0;
  std::string date_;
};

// Bytes that were read and not yet used.
struct ReadBuffer {
  std::unique_ptr<char[]> bytes;
  size_t capacity = 0, begin = 0, end = 0;

  std::string_view view() const { return {bytes.get() + begin, end - begin}; }
  bool empty() const { return begin == end; }
  void consume(size_t n) {
    begin += n;
    if (begin == end) begin = end = 0;
  }
  void reserve(size_t size);  // room for `size` unused bytes in all, those that are there moved to the front
};

// THREADS: all members on the loop's thread, but those said to be safe anywhere.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<Loop> loop, Socket socket, std::shared_ptr<const Handler> handler);

  void start();
  void check_deadlines(Clock::time_point now);
  // The server stops: closes unless an exchange is under way, which becomes the last one.
  void wind_down();
  void close();

  // What Exchange asks for, each with the number of its exchange; a number that is over is ignored.
  struct Reader {
    std::move_only_function<void(Result<std::string>)> whole_done;  // read_body
    size_t limit = 0;
    std::string whole;
    BodySink sink;  // stream_body
    std::move_only_function<void(Status)> stream_done;
    std::shared_ptr<Headers> trailers = {};  // filled before the last call
  };
  struct Answer {
    Response response;
    enum class Kind : uint8_t { kPlain, kFile, kSource, kEvents } kind = Kind::kPlain;
    uint64_t left = 0;  // of file and source
    FileRange file = {};
    BodySource source = {};
    EventPull pull = {};
  };
  void read_body(uint64_t exchange, Reader reader);
  void answer(uint64_t exchange, Answer answer);
  void resume(uint64_t exchange);
  void on_cancel(uint64_t exchange, std::move_only_function<void()> gone);

  bool gone() const { return gone_.load(std::memory_order_relaxed); }  // safe anywhere
  Loop& loop() { return *loop_; }                                      // safe anywhere: its context, to get here

 private:
  enum class Phase : uint8_t {
    kHead,    // the next request's head
    kUnread,  // a request whose body nobody asked for yet: nothing is read
    kBody,    // its body is being read
    kAhead,   // its body is read: what comes now belongs to the next request, or is the end
    kDrain,   // answered, and the rest of its body is dropped
    kLinger,  // closing: the client may still be sending, and a reset would take our answer from it
    kClosed,
  };

  const ServerOptions& options() const { return loop_->shared->options; }

  // Reading (connection_read.cc).
  void next_request();
  void read_more();
  void read_ahead();
  void on_read(const boost::system::error_code& error, size_t n);
  void on_end();
  void advance();
  bool parse_head();
  void begin_exchange();
  void open_exchange();
  void refuse(int status, std::string_view why);
  enum class Decoded : uint8_t { kNothing, kPiece, kEnd, kMalformed };
  Decoded decode(std::string_view& piece);
  void body_progress();
  void take_piece(std::string_view piece, bool last);
  void run_sink(std::string_view piece, bool last);
  void sink_returned(Reader reader, bool over);
  void end_body();
  void finish_body(Status status);
  void fail_body(Error error);
  void report(Reader reader, Status status);
  void drain();
  void start_linger();
  void linger();

  // Writing (connection_write.cc).
  void start_answer(Answer answer);
  void pump();
  bool send_pending();
  bool send_file();
  bool ask_source();
  void take_source(Result<size_t> filled);
  bool ask_pull();
  void take_pulled(Result<Pulled> pulled);
  void wait_writable();
  void finish_answer();
  void left_by_client();

  void run_blocking(Task task);

  std::shared_ptr<Loop> loop_;
  Socket socket_;
  const std::shared_ptr<const Handler> handler_;
  std::string peer_;
  std::atomic<bool> gone_ = false;

  Phase phase_ = Phase::kHead;
  ReadBuffer in_;
  std::optional<RequestParser> parser_;
  size_t head_bytes_ = 0;
  bool reading_ = false;    // a read of the socket is under way
  bool advancing_ = false;  // advance() is on the stack
  bool eof_ = false;        // the client will send no more

  // The exchange under way.
  uint64_t exchange_ = 0;
  bool active_ = false;
  bool is_head_ = false;  // HEAD: no body in the answer
  bool keep_alive_ = false;
  bool awaits_100_ = false;
  bool body_asked_ = false;
  bool body_failed_ = false;   // where the body ends is not known
  bool sink_running_ = false;  // on another thread, with bytes of in_
  Reader reader_;
  std::move_only_function<void()> on_cancel_;

  // Its answer.
  bool answered_ = false;
  bool writing_wait_ = false;  // a wait for the socket is under way
  bool asking_ = false;        // source or pull runs on another thread
  bool pull_waits_ = false;    // the pull said kLater
  bool resumed_ = false;       // resume() came since it was last asked
  bool chunked_ = false;
  bool ended_ = false;         // nothing will follow what is pending
  bool finish_waits_ = false;  // the answer is sent; a sink still runs
  Answer answer_;
  std::string out_;  // head, or a chunk's frame
  size_t out_sent_ = 0;
  std::string_view body_;  // follows out_; of answer_.response.body, source_buffer_ or event_
  std::string event_;
  std::unique_ptr<char[]> source_buffer_;

  Clock::time_point read_deadline_ = Clock::time_point::max();
  Clock::time_point write_deadline_ = Clock::time_point::max();
  Clock::time_point linger_end_ = Clock::time_point::max();
};

std::shared_ptr<Exchange> make_exchange(std::shared_ptr<Connection> connection, uint64_t number, RequestHead head,
                                        std::optional<uint64_t> content_length);

// The answer's first lines and fields as they are sent. `length`: nullopt for chunked. Control characters in values become
// blanks: what a user stored never breaks out of its field.
struct Framing {
  std::optional<uint64_t> length;  // nullopt: unknown
  bool bodiless = false;           // HEAD, 1xx, 204, 304: the handler's own Content-Length stands
  bool chunked = false;
  bool http_1_0 = false;
  bool keep_alive = true;
};
void write_head(std::string& out, const Response& response, const Framing& framing, std::string_view date);

}  // namespace tarn::http
