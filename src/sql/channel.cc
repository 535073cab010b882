#include "sql/channel.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "os/socket.h"
#include "sql/protocol.h"

namespace tarn::sql {
namespace {

constexpr uint16_t kReply = 0xFFFF, kErrorReply = 0xFFFE;
constexpr size_t kFilesAtOnce = 64;  // what os/socket.h takes
constexpr size_t kTogether = 16 << 10;

struct Head {
  uint32_t length;
  uint32_t files;
  uint64_t id;
  uint16_t kind;
  uint16_t zero[3];
};

Failure ended() {
  return fail(500, "EngineEnded", "The SQL engine's process ended.");
}

}  // namespace

bool Channel::send(uint16_t kind, uint64_t id, const std::string& body, const std::vector<int>& files) {
  const std::lock_guard lock(send_mutex_);
  const Head head{static_cast<uint32_t>(body.size()), static_cast<uint32_t>(files.size()), id, kind, {}};
  // Small ones in one piece: the other half wakes once.
  const bool together = body.size() <= kTogether;
  std::string bytes(reinterpret_cast<const char*>(&head), sizeof head);
  if (together) bytes += body;
  std::span<const int> left(files);
  const auto take = [&] {
    const auto some = left.first(std::min(left.size(), kFilesAtOnce));
    left = left.subspan(some.size());
    return some;
  };
  if (!send_with_fds(socket_.get(), bytes, take())) return false;
  if (!together && !send_with_fds(socket_.get(), body)) return false;
  while (!left.empty())  // the rest rides on single bytes
    if (!send_with_fds(socket_.get(), "f", take())) return false;
  return true;
}

// Nothing: the other half has closed, or what came is cut.
std::optional<std::string> Channel::take(size_t size, std::vector<Fd>& files) {
  if (size == 0) return "";
  auto received = receive_exactly(socket_.get(), size);
  if (!received || !*received) return std::nullopt;
  for (Fd& file : (*received)->fds) files.push_back(std::move(file));
  return std::move((*received)->bytes);
}

bool Channel::receive(Message& message) {
  const auto bytes = take(sizeof(Head), message.files);
  if (!bytes) return false;
  Head head;
  std::memcpy(&head, bytes->data(), sizeof head);
  message.kind = head.kind;
  message.id = head.id;
  auto body = take(head.length, message.files);
  if (!body) return false;
  message.body = std::move(*body);
  while (message.files.size() < head.files)
    if (!take(1, message.files)) return false;
  return true;
}

std::optional<Message> Channel::next() {
  for (;;) {
    Message message;
    if (!receive(message)) break;
    if (message.kind != kReply && message.kind != kErrorReply) return message;
    settle(std::move(message));
  }
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (auto& [id, waiting] : waiting_) {
    waiting->result = ended();
    waiting->done = true;
  }
  waiting_.clear();
  arrived_.notify_all();
  return std::nullopt;
}

void Channel::settle(Message message) {
  const std::lock_guard lock(mutex_);
  const auto found = waiting_.find(message.id);
  if (found == waiting_.end()) return;
  Waiting& waiting = *found->second;
  if (message.kind == kErrorReply) {
    waiting.result = Failure(decoded<Error>(message.body));
  } else {
    waiting.result = std::move(message);
  }
  waiting.done = true;
  waiting_.erase(found);
  arrived_.notify_all();
}

Result<Message> Channel::call(uint16_t kind, std::string body, const std::vector<int>& files) {
  Waiting waiting;
  std::unique_lock lock(mutex_);
  if (closed_) return ended();
  const uint64_t id = next_id_++;
  waiting_[id] = &waiting;
  lock.unlock();
  // A failed send needs nothing here: next() then sees the end of the socket and settles all.
  if (!send(kind, id, body, files)) shut_down(socket_.get());
  lock.lock();
  arrived_.wait(lock, [&] { return waiting.done; });
  return std::move(waiting.result);
}

void Channel::post(uint16_t kind, std::string body) {
  send(kind, 0, body, {});
}

void Channel::reply(uint64_t id, const std::string& body, const std::vector<int>& files) {
  send(kReply, id, body, files);
}

void Channel::reply_error(uint64_t id, const Error& error) {
  send(kErrorReply, id, encoded(error), {});
}

bool Channel::closed() {
  const std::lock_guard lock(mutex_);
  return closed_;
}

void Channel::close() {
  shut_down(socket_.get());
}

}  // namespace tarn::sql
