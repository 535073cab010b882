#include <sys/socket.h>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <cstring>

#include "http/connection.h"

namespace tarn::http {
namespace {

constexpr size_t kHeadBuffer = 8 << 10;
constexpr size_t kBodyBuffer = 256 << 10;
// The longest that a closing connection is kept for a client that is still sending, in all and without a byte.
constexpr auto kLingerLimit = std::chrono::seconds(30), kLingerStall = std::chrono::seconds(5);

Error too_large() {
  return {413, "RequestBodyTooLarge", "the body is over the limit"};
}
Error incomplete() {
  return {400, "IncompleteBody", "the body ended before its announced length"};
}

}  // namespace

void ReadBuffer::reserve(size_t size) {
  if (size > capacity) {
    auto larger = std::make_unique_for_overwrite<char[]>(size);
    if (!empty()) std::memcpy(larger.get(), bytes.get() + begin, end - begin);
    bytes = std::move(larger);
    capacity = size;
  } else if (begin > 0) {
    std::memmove(bytes.get(), bytes.get() + begin, end - begin);
  }
  end -= begin;
  begin = 0;
}

Connection::Connection(std::shared_ptr<Loop> loop, Socket socket, std::shared_ptr<const Handler> handler)
    : loop_(std::move(loop)), socket_(std::move(socket)), handler_(std::move(handler)) {}

void Connection::start() {
  boost::system::error_code error;
  socket_.non_blocking(true, error);
  socket_.set_option(asio::ip::tcp::no_delay(true), error);
  const auto address = socket_.remote_endpoint(error).address();
  peer_ = address.is_v6() && address.to_v6().is_v4_mapped()
              ? asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string()
              : address.to_string();
  in_.reserve(kHeadBuffer);
  next_request();
}

// Ready for the next head, of which part may be there already.
void Connection::next_request() {
  phase_ = Phase::kHead;
  parser_.emplace(options().max_head);
  head_bytes_ = 0;
  read_deadline_ = Clock::now() + (in_.empty() ? options().idle_timeout : options().head_timeout);
  advance();
}

// REQUIRES: while a read is under way nothing but on_read() changes in_.
void Connection::read_more() {
  if (reading_ || eof_ || phase_ == Phase::kClosed) return;
  if (in_.end == in_.capacity) in_.reserve(in_.capacity);
  reading_ = true;
  socket_.async_read_some(asio::buffer(in_.bytes.get() + in_.end, in_.capacity - in_.end),
                          [self = shared_from_this()](const auto& error, size_t n) { self->on_read(error, n); });
}

// Looks out for the next request, or the client's leaving, while this one is being answered. What has come already waits.
void Connection::read_ahead() {
  if (!in_.empty() || reading_) return;
  if (in_.capacity > kHeadBuffer) {
    in_ = {};
    in_.reserve(kHeadBuffer);
  }
  read_more();
}

void Connection::on_read(const boost::system::error_code& error, size_t n) {
  reading_ = false;
  if (phase_ == Phase::kClosed) return;
  if (error && error != asio::error::eof) return close();
  if (error) return on_end();
  const bool first = in_.empty();
  in_.end += n;
  switch (phase_) {
    case Phase::kHead:
      if (first && head_bytes_ == 0) read_deadline_ = Clock::now() + options().head_timeout;
      return advance();
    case Phase::kBody: return body_progress();
    case Phase::kDrain: return drain();
    case Phase::kLinger: return linger();
    case Phase::kAhead:
    case Phase::kUnread:
    case Phase::kClosed: return;
  }
}

// The client sends no more. It may still be reading (a half-closed socket), so an answer under way goes on.
void Connection::on_end() {
  eof_ = true;
  if (phase_ == Phase::kHead || phase_ == Phase::kDrain || phase_ == Phase::kLinger) return close();
  left_by_client();
  if (answered_ && answer_.kind == Answer::Kind::kEvents) return close();  // it may have nothing to send for long
  if (phase_ == Phase::kBody) fail_body(incomplete());
}

// Serves the requests that are in the buffer, one after the other. Answers that are given at once come back to here
// instead of nesting.
void Connection::advance() {
  if (advancing_) return;
  advancing_ = true;
  while (phase_ == Phase::kHead && parse_head()) open_exchange();
  advancing_ = false;
}

// True when the head is whole and well; else more is awaited or the connection is being closed.
bool Connection::parse_head() {
  const size_t max_head = options().max_head;
  if (head_bytes_ == 0)  // RFC 9112 2.2: empty lines before a request are skipped
    while (in_.view().starts_with("\r\n")) in_.consume(2);
  const bool half_line = head_bytes_ == 0 && in_.view() == "\r";
  boost::system::error_code error;
  if (!in_.empty() && !half_line) {
    const size_t used = parser_->put(asio::buffer(in_.view().data(), in_.view().size()), error);
    head_bytes_ += used;
    in_.consume(used);
  }
  if (error && error != boost::beast::http::error::need_more) {
    using enum boost::beast::http::error;
    if (error == header_limit) return refuse(431, "the head is too large"), false;
    if (error == bad_version) return refuse(505, "only HTTP/1.0 and HTTP/1.1 are spoken"), false;
    return refuse(400, "malformed head: " + error.message()), false;
  }
  if (parser_->is_header_done() ? head_bytes_ > max_head : head_bytes_ + in_.view().size() > max_head)
    return refuse(431, "the head is too large"), false;
  if (!parser_->is_header_done()) {
    if (eof_) return close(), false;
    if (in_.view().size() == in_.capacity) in_.reserve(std::min(2 * in_.capacity, max_head + 1));
    return read_more(), false;
  }
  if (const char* fault = parser_->fault()) return refuse(400, fault), false;
  const std::string* coding = parser_->head.headers.find("Transfer-Encoding");
  if (coding != nullptr && !parser_->chunked()) return refuse(501, "the only transfer coding is chunked"), false;
  if (coding != nullptr && !equals_ignore_case(*coding, "chunked"))
    return refuse(501, "the only transfer coding is chunked"), false;
  return true;
}

void Connection::begin_exchange() {
  ++exchange_;
  active_ = true;
  is_head_ = keep_alive_ = awaits_100_ = body_asked_ = body_failed_ = false;
  answered_ = pull_waits_ = resumed_ = ended_ = finish_waits_ = false;
  read_deadline_ = Clock::time_point::max();
}

// Hands the request whose head was read to the handler.
void Connection::open_exchange() {
  begin_exchange();
  RequestHead head = std::move(parser_->head);
  head.peer_address = peer_;
  is_head_ = head.method == "HEAD";
  keep_alive_ = parser_->keep_alive();
  awaits_100_ = parser_->version == 11 && equals_ignore_case(head.headers.get("Expect"), "100-continue");
  phase_ = parser_->is_done() ? Phase::kAhead : Phase::kUnread;
  const std::optional<uint64_t> length =
      parser_->chunked() ? std::nullopt : std::optional<uint64_t>(parser_->content_length().value_or(0));
  (*handler_)(make_exchange(shared_from_this(), exchange_, std::move(head), length));
  if (phase_ == Phase::kAhead) read_ahead();
}

// Answers a request that no handler sees, and closes.
void Connection::refuse(int status, std::string_view why) {
  if (options().refused) options().refused(peer_, status, why);
  begin_exchange();
  phase_ = Phase::kUnread;
  body_failed_ = true;  // we do not know where the next request begins
  Response response{status, {{"Content-Type", "text/plain"}}, std::string(why) + "\n"};
  start_answer({.response = std::move(response)});
}

// One step of the parser through the body. Chunked bytes that follow one another are moved together, so that a piece is
// as large as what was read.
Connection::Decoded Connection::decode(std::string_view& piece) {
  char* const front = in_.bytes.get() + in_.begin;
  size_t decoded = 0;
  while (!parser_->is_done() && !in_.empty()) {
    parser_->piece = {};
    boost::system::error_code error;
    const size_t used = parser_->put(asio::buffer(in_.view().data(), in_.view().size()), error);
    if (!parser_->piece.empty() && front + decoded != parser_->piece.data())
      std::memmove(front + decoded, parser_->piece.data(), parser_->piece.size());
    decoded += parser_->piece.size();
    in_.consume(used);
    if (error == boost::beast::http::error::need_more) {
      if (in_.view().size() >= kBodyBuffer / 2) return Decoded::kMalformed;  // no chunk's frame is that long
      break;
    }
    if (error) return Decoded::kMalformed;
  }
  piece = {front, decoded};
  if (parser_->is_done()) return Decoded::kEnd;
  return decoded > 0 ? Decoded::kPiece : Decoded::kNothing;
}

void Connection::read_body(uint64_t exchange, Reader reader) {
  if (exchange != exchange_ || !active_ || answered_ || body_asked_)
    return report(std::move(reader), fail(499, "Cancelled", "the exchange is over, or its body was asked for already"));
  body_asked_ = true;
  if (phase_ == Phase::kAhead) return report(std::move(reader), {});  // there is none
  phase_ = Phase::kBody;
  reader_ = std::move(reader);
  const auto length = parser_->content_length();
  if (reader_.whole_done && length && *length > reader_.limit) return fail_body(too_large());
  if (awaits_100_ && in_.empty()) {
    // The socket has nothing to send but this: it fits, or the client is gone.
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    boost::system::error_code error;
    if (socket_.write_some(asio::buffer(kContinue), error) != kContinue.size()) return close();
  }
  awaits_100_ = false;
  if (reader_.whole_done) reader_.whole.reserve(std::min<uint64_t>(length.value_or(0), kBodyBuffer));
  const uint64_t left = length ? *parser_->content_length_remaining() : kBodyBuffer;
  if (left > in_.capacity - in_.begin) in_.reserve(std::clamp<uint64_t>(left, in_.capacity, kBodyBuffer));
  body_progress();
}

void Connection::body_progress() {
  while (phase_ == Phase::kBody && !sink_running_) {
    std::string_view piece;
    const Decoded decoded = decode(piece);
    if (decoded == Decoded::kMalformed) {
      body_failed_ = true;
      return fail_body({400, "MalformedBody", "the body's chunked coding is wrong"});
    }
    if (decoded == Decoded::kNothing) {
      if (eof_) return fail_body(incomplete());
      read_deadline_ = Clock::now() + options().stall_timeout;
      return read_more();
    }
    read_deadline_ = Clock::time_point::max();
    take_piece(piece, decoded == Decoded::kEnd);
  }
}

void Connection::take_piece(std::string_view piece, bool last) {
  if (last && reader_.trailers) *reader_.trailers = std::move(parser_->trailers);
  if (reader_.sink) return run_sink(piece, last);
  if (reader_.whole.size() + piece.size() > reader_.limit) return fail_body(too_large());
  reader_.whole.append(piece);
  if (last) finish_body({});
}

void Connection::run_sink(std::string_view piece, bool last) {
  if (!options().blocking) {
    Status status = piece.empty() ? Status() : reader_.sink(piece);
    if (last || !status) finish_body(std::move(status));
    return;
  }
  sink_running_ = true;
  run_blocking([self = shared_from_this(), reader = std::move(reader_), piece, last]() mutable {
    Status status = piece.empty() ? Status() : reader.sink(piece);
    const bool over = last || !status;
    auto done = std::move(reader.stream_done);
    if (!over) reader.stream_done = std::move(done);
    auto& context = self->loop_->context;
    asio::post(context, [self = std::move(self), reader = std::move(reader), over]() mutable {
      self->sink_returned(std::move(reader), over);
    });
    if (over) done(std::move(status));
  });
}

// `over`: the reader has had its last call.
void Connection::sink_returned(Reader reader, bool over) {
  sink_running_ = false;
  if (!over && phase_ != Phase::kBody)  // answered or closed meanwhile
    report(std::move(reader), fail(499, "Cancelled", "the exchange is over"));
  if (phase_ == Phase::kClosed) return;
  if (over) {
    end_body();
  } else if (phase_ == Phase::kBody) {
    reader_ = std::move(reader);
    body_progress();
  }
  if (finish_waits_) finish_answer();
}

// Nothing more of the body is read for the handler.
void Connection::end_body() {
  read_deadline_ = Clock::time_point::max();
  phase_ = parser_->is_done() ? Phase::kAhead : Phase::kUnread;
  if (phase_ == Phase::kAhead) read_ahead();
}

void Connection::fail_body(Error error) {
  finish_body(Failure(std::move(error)));
}

void Connection::finish_body(Status status) {
  Reader reader = std::move(reader_);
  end_body();
  report(std::move(reader), std::move(status));
}

void Connection::report(Reader reader, Status status) {
  if (reader.whole_done) {
    if (!status) return reader.whole_done(Failure(std::move(status.error())));
    return reader.whole_done(std::move(reader.whole));
  }
  if (!options().blocking) return reader.stream_done(std::move(status));
  run_blocking(
      [reader = std::move(reader), status = std::move(status)]() mutable { reader.stream_done(std::move(status)); });
}

// Drops the rest of an answered request's body.
void Connection::drain() {
  if (reading_) return;
  std::string_view piece;
  Decoded decoded;
  do decoded = decode(piece);
  while (decoded == Decoded::kPiece);
  if (decoded == Decoded::kEnd) return next_request();
  if (decoded == Decoded::kMalformed || eof_) return close();
  read_deadline_ = Clock::now() + options().stall_timeout;
  read_more();
}

// Says that we send no more, and reads on until the client has seen it.
void Connection::start_linger() {
  phase_ = Phase::kLinger;
  if (eof_ || loop_->stopping) return close();
  boost::system::error_code error;
  socket_.shutdown(Socket::shutdown_send, error);
  if (error) return close();
  linger_end_ = Clock::now() + kLingerLimit;
  linger();
}

void Connection::linger() {
  if (!reading_) in_.consume(in_.view().size());
  read_deadline_ = std::min(linger_end_, Clock::now() + kLingerStall);
  read_more();
}

void Connection::check_deadlines(Clock::time_point now) {
  if (now >= write_deadline_) return close();
  if (now < read_deadline_) return;
  if (phase_ == Phase::kBody) {
    body_failed_ = true;
    return fail_body({408, "RequestTimeout", "no bytes of the body came in time"});
  }
  if (phase_ == Phase::kHead && (head_bytes_ > 0 || !in_.empty())) return refuse(408, "the head took too long");
  close();
}

}  // namespace tarn::http
