#include "os/socket.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

namespace tarn {
namespace {

constexpr size_t kMaxFds = 64;

// Sends some of the bytes, with the descriptors; how many.
Result<size_t> send_once(int socket, std::string_view bytes, std::span<const int> fds) {
  iovec data{const_cast<char*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxFds * sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
  }
  while (true) {
    const ssize_t sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
    if (sent >= 0) return static_cast<size_t>(sent);
    if (errno != EINTR) return system_failure("send to", "a local socket", errno);
  }
}

}  // namespace

Result<std::pair<Fd, Fd>> socket_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return system_failure("make", "a pair of sockets", errno);
  return std::pair(Fd(ends[0]), Fd(ends[1]));
}

Status send_with_fds(int socket, std::string_view bytes, std::span<const int> fds) {
  if (fds.size() > kMaxFds) return internal_failure("more than 64 file descriptors in one message");
  while (!bytes.empty()) {
    bytes.remove_prefix(TRY(send_once(socket, bytes, fds)));
    fds = {};
  }
  return {};
}

Result<Received> receive_with_fds(int socket, size_t limit) {
  Received received;
  received.bytes.resize(limit);
  iovec data{received.bytes.data(), limit};
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxFds * sizeof(int))];
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t got;
  do got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  if (got < 0 && errno == ECONNRESET) got = 0;  // the other end died with bytes of ours unread
  if (got < 0) return system_failure("receive from", "a local socket", errno);
  received.bytes.resize(static_cast<size_t>(got));
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
      received.fds.emplace_back(fd);
    }
  }
  if (message.msg_flags & MSG_CTRUNC) return internal_failure("file descriptors were lost: too many, or too many open");
  return received;
}

bool peer_has_left(int socket) {
  pollfd poll{.fd = socket, .events = POLLRDHUP, .revents = 0};
  return ::poll(&poll, 1, 0) > 0 && (poll.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) != 0;
}

void shut_down(int socket) {
  ::shutdown(socket, SHUT_RDWR);
}

Result<std::optional<Received>> receive_exactly(int socket, size_t size) {
  Received all;
  while (all.bytes.size() < size) {
    Received some = TRY(receive_with_fds(socket, size - all.bytes.size()));
    for (Fd& fd : some.fds) all.fds.push_back(std::move(fd));
    if (some.bytes.empty()) {
      if (all.bytes.empty()) return std::nullopt;
      return internal_failure("the other end of a local socket closed in the middle of a message");
    }
    all.bytes += some.bytes;
  }
  return all;
}

}  // namespace tarn
