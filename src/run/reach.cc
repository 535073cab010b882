#include "run/reach.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "os/clock.h"

namespace tarn::run {
namespace {

constexpr size_t kMostAnswer = 64 << 10, kPiece = 64 << 10;

Failure call_failed(uint16_t port, const char* why) {
  return fail(502, "CallFailed", fmt::format("port {} of the task: {}", port, why));
}

Result<std::string> exchange(int socket, uint16_t port, std::string_view bytes, Micros deadline) {
  const auto wait_at_most_until_then = [&] {
    const Micros left = std::max<Micros>(deadline - steady_now(), 1);
    const timeval wait{.tv_sec = left / kSecond, .tv_usec = left % kSecond};
    ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  };
  wait_at_most_until_then();
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return call_failed(port, std::strerror(errno));
  while (!bytes.empty()) {
    wait_at_most_until_then();
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return call_failed(port, std::strerror(errno));
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  std::string answer(kMostAnswer, '\0');
  size_t size = 0;
  while (size < answer.size()) {
    wait_at_most_until_then();
    const ssize_t got = ::recv(socket, answer.data() + size, answer.size() - size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return call_failed(port, std::strerror(errno));
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  answer.resize(size);
  return answer;
}

}  // namespace

Result<std::string> call_through(int caller, uint16_t port, std::string_view bytes, Micros most) {
  auto answer = exchange(caller, port, bytes, steady_now() + most);
  // Linux: a TCP socket that is connected to nothing is as it was when it was made.
  sockaddr nothing{};
  nothing.sa_family = AF_UNSPEC;
  ::connect(caller, &nothing, sizeof nothing);
  return answer;
}

std::string read_next(int side_output) {
  std::string piece(kPiece, '\0');
  ssize_t got;
  do got = ::read(side_output, piece.data(), piece.size());
  while (got < 0 && errno == EINTR);
  piece.resize(got > 0 ? static_cast<size_t>(got) : 0);
  return piece;
}

}  // namespace tarn::run
