// Unix sockets between processes of ours, with file descriptors passed along.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "os/file.h"

namespace tarn {

// Two connected stream sockets, closed on exec (spawn() hands on what it is told to).
Result<std::pair<Fd, Fd>> socket_pair();

// Sends all bytes; the descriptors (at most 64) go with the first of them.
// REQUIRES: bytes are not empty where there are descriptors. ERRORS: the other end is closed.
Status send_with_fds(int socket, std::string_view bytes, std::span<const int> fds = {});

struct Received {
  std::string bytes;  // empty: the other end has closed
  std::vector<Fd> fds;
};
// Waits for some bytes, at most `limit`, and takes the descriptors that came with them.
Result<Received> receive_with_fds(int socket, size_t limit);

// Exactly `size` bytes with all descriptors that came with any of them.
// ERRORS: the other end closed before. An empty result without error: it closed before the first byte.
Result<std::optional<Received>> receive_exactly(int socket, size_t size);

// The other end has closed, or sends no more. THREADS: also while another one waits at the socket.
bool peer_has_left(int socket);

// Ends both directions: who waits at either end sees the close. The descriptor stays open.
void shut_down(int socket);

}  // namespace tarn
