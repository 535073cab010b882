#include "sql/channel.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "sql/protocol.h"

namespace tarn::sql {
namespace {

constexpr uint16_t kReply = 0xFFFF, kErrorReply = 0xFFFE;
constexpr size_t kFilesAtOnce = 200;  // Linux takes 253 in one message

struct Head {
  uint32_t length;
  uint32_t files;
  uint64_t id;
  uint16_t kind;
  uint16_t zero[3];
};

bool send_with_files(int socket, const char* bytes, size_t size, const int* files, size_t count) {
  alignas(cmsghdr) char control[CMSG_SPACE(kFilesAtOnce * sizeof(int))];
  while (size > 0) {
    iovec piece{const_cast<char*>(bytes), size};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    if (count > 0) {
      message.msg_control = control;
      message.msg_controllen = CMSG_SPACE(count * sizeof(int));
      cmsghdr* head = CMSG_FIRSTHDR(&message);
      head->cmsg_level = SOL_SOCKET;
      head->cmsg_type = SCM_RIGHTS;
      head->cmsg_len = CMSG_LEN(count * sizeof(int));
      std::memcpy(CMSG_DATA(head), files, count * sizeof(int));
    }
    const ssize_t n = ::sendmsg(socket, &message, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes += n;
    size -= static_cast<size_t>(n);
    count = 0;
  }
  return true;
}

bool receive_with_files(int socket, char* bytes, size_t size, std::vector<Fd>& files) {
  alignas(cmsghdr) char control[CMSG_SPACE(kFilesAtOnce * sizeof(int))];
  while (size > 0) {
    iovec piece{bytes, size};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t n = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    for (cmsghdr* head = CMSG_FIRSTHDR(&message); head; head = CMSG_NXTHDR(&message, head)) {
      if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
      const size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (size_t i = 0; i < count; ++i) {
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(head) + i * sizeof(int), sizeof fd);
        files.emplace_back(fd);
      }
    }
    bytes += n;
    size -= static_cast<size_t>(n);
  }
  return true;
}

Failure ended() {
  return fail(500, "EngineEnded", "The SQL engine's process ended.");
}

}  // namespace

bool Channel::send(uint16_t kind, uint64_t id, const std::string& body, const std::vector<int>& files) {
  const std::lock_guard lock(send_mutex_);
  const Head head{static_cast<uint32_t>(body.size()), static_cast<uint32_t>(files.size()), id, kind, {}};
  size_t sent = std::min(files.size(), kFilesAtOnce);
  if (!send_with_files(socket_.get(), reinterpret_cast<const char*>(&head), sizeof head, files.data(), sent))
    return false;
  if (!send_with_files(socket_.get(), body.data(), body.size(), nullptr, 0)) return false;
  while (sent < files.size()) {  // the rest rides on single bytes
    const size_t count = std::min(files.size() - sent, kFilesAtOnce);
    if (!send_with_files(socket_.get(), "f", 1, files.data() + sent, count)) return false;
    sent += count;
  }
  return true;
}

bool Channel::receive(Message& message) {
  Head head;
  if (!receive_with_files(socket_.get(), reinterpret_cast<char*>(&head), sizeof head, message.files)) return false;
  message.kind = head.kind;
  message.id = head.id;
  message.body.resize(head.length);
  if (!receive_with_files(socket_.get(), message.body.data(), message.body.size(), message.files)) return false;
  while (message.files.size() < head.files) {
    char byte;
    if (!receive_with_files(socket_.get(), &byte, 1, message.files)) return false;
  }
  return true;
}

void Channel::run(const std::function<void(Message)>& on_request) {
  for (;;) {
    Message message;
    if (!receive(message)) break;
    if (message.kind == kReply || message.kind == kErrorReply) {
      settle(std::move(message));
    } else {
      on_request(std::move(message));
    }
  }
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (auto& [id, waiting] : waiting_) {
    waiting->result = ended();
    waiting->done = true;
  }
  waiting_.clear();
  arrived_.notify_all();
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
  // A failed send needs nothing here: run() then sees the end of the socket and settles all.
  if (!send(kind, id, body, files)) ::shutdown(socket_.get(), SHUT_RDWR);
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
  ::shutdown(socket_.get(), SHUT_RDWR);
}

}  // namespace tarn::sql
