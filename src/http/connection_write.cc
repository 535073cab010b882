#include <sys/sendfile.h>

#include <array>
#include <boost/beast/http/status.hpp>
#include <cerrno>
#include <charconv>

#include "base/time.h"
#include "http/connection.h"

namespace tarn::http {
namespace {

constexpr size_t kSourceBuffer = 256 << 10;
// A body of at most this size that nobody asked for is read to its end, so that the connection lives on.
constexpr uint64_t kDropLimit = 64 << 10;

bool has_no_body(int status) {
  return status < 200 || status == 204 || status == 304;
}

void append_number(std::string& out, uint64_t value, int base = 10) {
  char digits[20];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value, base).ptr);
}

}  // namespace

std::string_view Loop::date() {
  const std::time_t now = std::time(nullptr);
  if (now != date_second_) {
    date_second_ = now;
    date_ = http_date(Time::of_seconds(now));
  }
  return date_;
}

void write_head(std::string& out, const Response& response, const Framing& framing, std::string_view date) {
  out = "HTTP/1.1 ";
  append_number(out, static_cast<uint64_t>(response.status));
  out += ' ';
  if (const auto status = boost::beast::http::int_to_status(response.status);
      status != boost::beast::http::status::unknown) {
    const auto reason = boost::beast::http::obsolete_reason(status);
    out.append(reason.data(), reason.size());
  }
  out += "\r\n";
  bool has_date = false, has_length = false;
  for (const auto& [name, value] : response.headers) {
    if (equals_ignore_case(name, "Connection") || equals_ignore_case(name, "Transfer-Encoding")) continue;
    if (equals_ignore_case(name, "Content-Length")) {
      if (!framing.bodiless) continue;
      has_length = true;
    }
    if (equals_ignore_case(name, "Date")) has_date = true;
    out.append(name).append(": ");
    for (const char c : value) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    out.append("\r\n");
  }
  if (!has_date) out.append("Date: ").append(date).append("\r\n");
  if (framing.chunked) {
    out.append("Transfer-Encoding: chunked\r\n");
  } else if (framing.length && !has_length && !has_no_body(response.status)) {
    out.append("Content-Length: ");
    append_number(out, *framing.length);
    out.append("\r\n");
  }
  if (!framing.keep_alive)
    out.append("Connection: close\r\n");
  else if (framing.http_1_0)
    out.append("Connection: keep-alive\r\n");
  out.append("\r\n");
}

void Connection::answer(uint64_t exchange, Answer answer) {
  if (exchange == exchange_ && active_ && !answered_) start_answer(std::move(answer));
}

void Connection::start_answer(Answer answer) {
  answered_ = true;
  if (phase_ == Phase::kBody) {  // answered before the body was read
    phase_ = Phase::kUnread;
    read_deadline_ = Clock::time_point::max();
    if (!sink_running_) report(std::move(reader_), fail(499, "Cancelled", "the exchange was answered"));
  }
  if (phase_ == Phase::kUnread) {
    const bool droppable = !body_failed_ && !awaits_100_ && !parser_->chunked() &&
                           parser_->content_length_remaining().value_or(0) <= kDropLimit;
    if (!droppable) keep_alive_ = false;
  }
  if (loop_->stopping) keep_alive_ = false;
  answer_ = std::move(answer);
  using enum Answer::Kind;
  const bool events = answer_.kind == kEvents;
  Framing framing{.bodiless = is_head_ || has_no_body(answer_.response.status), .http_1_0 = parser_->version == 10};
  if (!events) framing.length = answer_.kind == kPlain ? answer_.response.body.size() : answer_.left;
  if (events && !framing.bodiless) {
    framing.chunked = chunked_ = !framing.http_1_0;
    if (framing.http_1_0) keep_alive_ = false;
  }
  framing.keep_alive = keep_alive_;
  write_head(out_, answer_.response, framing, loop_->date());
  out_sent_ = 0;
  if (framing.bodiless) {
    answer_ = {};
  } else if (answer_.kind == kPlain) {
    body_ = answer_.response.body;
  }
  pump();
}

// Sends what there is and asks for more, until the socket is full, or what was asked answers later, or all is sent.
void Connection::pump() {
  using enum Answer::Kind;
  while (phase_ != Phase::kClosed && !asking_ && !writing_wait_) {
    if (!send_pending()) return;
    if (ended_) return finish_answer();
    switch (answer_.kind) {
      case kPlain: ended_ = true; break;
      case kFile:
        if (!send_file()) return;
        ended_ = true;
        break;
      case kSource:
        if (answer_.left == 0)
          ended_ = true;
        else if (!ask_source())
          return;
        break;
      case kEvents:
        if (!ask_pull()) return;
        break;
    }
  }
}

bool Connection::send_pending() {
  while (out_sent_ < out_.size() || !body_.empty()) {
    const std::array<asio::const_buffer, 2> buffers{asio::buffer(out_.data() + out_sent_, out_.size() - out_sent_),
                                                    asio::buffer(body_.data(), body_.size())};
    boost::system::error_code error;
    const size_t sent = socket_.write_some(buffers, error);
    if (error == asio::error::would_block) return wait_writable(), false;
    if (error) return close(), false;
    const size_t of_out = std::min(sent, out_.size() - out_sent_);
    out_sent_ += of_out;
    body_.remove_prefix(sent - of_out);
  }
  return true;
}

bool Connection::send_file() {
  while (answer_.left > 0) {
    auto offset = static_cast<off_t>(answer_.file.offset);
    const ssize_t sent =
        ::sendfile(socket_.native_handle(), answer_.file.fd, &offset, std::min<uint64_t>(answer_.left, 1 << 30));
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) return wait_writable(), false;
    if (sent <= 0) return close(), false;  // 0: the file is shorter than what was announced
    answer_.file.offset += static_cast<uint64_t>(sent);
    answer_.left -= static_cast<uint64_t>(sent);
  }
  return true;
}

void Connection::wait_writable() {
  writing_wait_ = true;
  write_deadline_ = Clock::now() + options().stall_timeout;
  socket_.async_wait(Socket::wait_write, [self = shared_from_this()](const boost::system::error_code&) {
    self->writing_wait_ = false;
    self->write_deadline_ = Clock::time_point::max();
    self->pump();
  });
}

// True when the source was asked here and now; on the blocking executor it goes on when that has answered.
bool Connection::ask_source() {
  if (source_buffer_ == nullptr) source_buffer_ = std::make_unique_for_overwrite<char[]>(kSourceBuffer);
  const std::span<char> into(source_buffer_.get(), std::min<uint64_t>(kSourceBuffer, answer_.left));
  if (!options().blocking) {
    take_source(answer_.source(into));
    return phase_ != Phase::kClosed;
  }
  asking_ = true;
  run_blocking([self = shared_from_this(), source = std::move(answer_.source), into]() mutable {
    auto filled = source(into);
    auto& context = self->loop_->context;
    asio::post(context, [self = std::move(self), source = std::move(source), filled = std::move(filled)]() mutable {
      self->asking_ = false;
      if (self->phase_ == Phase::kClosed) return;
      self->answer_.source = std::move(source);
      self->take_source(std::move(filled));
      self->pump();
    });
  });
  return false;
}

void Connection::take_source(Result<size_t> filled) {
  if (!filled || *filled == 0 || *filled > answer_.left) return close();
  answer_.left -= *filled;
  body_ = {source_buffer_.get(), *filled};
}

bool Connection::ask_pull() {
  if (pull_waits_ && !resumed_) return false;
  pull_waits_ = resumed_ = false;
  if (!options().blocking) {
    take_pulled(answer_.pull());
    return phase_ != Phase::kClosed;
  }
  asking_ = true;
  run_blocking([self = shared_from_this(), pull = std::move(answer_.pull)]() mutable {
    auto pulled = pull();
    auto& context = self->loop_->context;
    asio::post(context, [self = std::move(self), pull = std::move(pull), pulled = std::move(pulled)]() mutable {
      self->asking_ = false;
      if (self->phase_ == Phase::kClosed) return;
      self->answer_.pull = std::move(pull);
      self->take_pulled(std::move(pulled));
      self->pump();
    });
  });
  return false;
}

void Connection::take_pulled(Result<Pulled> pulled) {
  if (!pulled) return close();
  out_.clear();
  out_sent_ = 0;
  switch (pulled->state) {
    case Pulled::State::kLater: pull_waits_ = true; return;
    case Pulled::State::kEnd:
      ended_ = true;
      if (chunked_) out_ = "0\r\n\r\n";
      return;
    case Pulled::State::kBytes: break;
  }
  if (pulled->bytes.empty()) return;  // an empty chunk would end the answer
  event_ = std::move(pulled->bytes);
  if (chunked_) {
    append_number(out_, event_.size(), 16);
    out_ += "\r\n";
    event_ += "\r\n";
  }
  body_ = event_;
}

void Connection::resume(uint64_t exchange) {
  if (exchange != exchange_ || !active_) return;
  resumed_ = true;
  if (pull_waits_) pump();
}

void Connection::finish_answer() {
  if (sink_running_) {  // it reads from in_
    finish_waits_ = true;
    return;
  }
  active_ = false;
  // Destroyed last: what they own may call back.
  const Answer answer = std::exchange(answer_, {});
  const auto on_cancel = std::exchange(on_cancel_, nullptr);
  source_buffer_ = nullptr;
  event_ = {};
  if (!keep_alive_) return start_linger();
  if (phase_ == Phase::kUnread) {
    phase_ = Phase::kDrain;
    return drain();
  }
  next_request();
}

void Connection::on_cancel(uint64_t exchange, std::move_only_function<void()> gone) {
  if (exchange != exchange_ || !active_) return;
  if (gone_) return gone();
  on_cancel_ = std::move(gone);
}

void Connection::left_by_client() {
  gone_ = true;
  if (auto on_cancel = std::exchange(on_cancel_, nullptr)) on_cancel();
}

void Connection::wind_down() {
  if (!active_) return close();
  keep_alive_ = false;
}

void Connection::close() {
  if (phase_ == Phase::kClosed) return;
  const bool reader_here = phase_ == Phase::kBody && !sink_running_;
  phase_ = Phase::kClosed;
  boost::system::error_code error;
  socket_.close(error);
  const auto self = shared_from_this();
  loop_->connections.erase(self);
  if (active_) {
    if (reader_here) report(std::move(reader_), fail(499, "Cancelled", "the connection was closed"));
    left_by_client();
  }
  active_ = false;
  const Answer answer = std::exchange(answer_, {});
  loop_->shared->count(&Shared::connections, -1);
}

void Connection::run_blocking(Task task) {
  const auto shared = loop_->shared;
  shared->count(&Shared::blocking_tasks, 1);
  shared->options.blocking([shared, task = std::move(task)]() mutable {
    task();
    task = nullptr;
    shared->count(&Shared::blocking_tasks, -1);
  });
}

}  // namespace tarn::http
