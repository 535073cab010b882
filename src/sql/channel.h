// Channel: requests and replies, with file descriptors, over one connected socket. Both halves may ask.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "os/file.h"
#include "sql/protocol.h"

namespace tarn::sql {

struct Message {
  uint16_t kind = 0;
  uint64_t id = 0;
  std::string body;
  std::vector<Fd> files;
};

class Channel {
 public:
  explicit Channel(Fd socket) : socket_(std::move(socket)) {}

  // Reads until a request comes, and gives the replies before it to those who wait for them. Nothing: the other half has closed
  // or ended, and all calls that wait have failed. THREADS: one at a time, and always one: who has a request to work on lets
  // another read on.
  std::optional<Message> next();

  // Sends a request and waits for its reply. `files` are sent along and stay the caller's.
  // ERRORS: the handler's; "EngineEnded" when the other half is gone. THREADS: any but the one that reads.
  Result<Message> call(uint16_t kind, std::string body, const std::vector<int>& files = {});
  // Sends a request that has no reply.
  void post(uint16_t kind, std::string body);
  void reply(uint64_t id, const std::string& body, const std::vector<int>& files = {});
  void reply_error(uint64_t id, const Error& error);
  // Whichever of the two the result asks for.
  template <class T>
  void reply_result(uint64_t id, const Result<T>& result) {
    if (!result) {
      reply_error(id, result.error());
    } else if constexpr (std::is_void_v<T>) {
      reply(id, {});
    } else {
      reply(id, encoded(*result));
    }
  }
  // Is the other half gone? True from the moment on when calls fail for it.
  bool closed();
  // Makes next() return nothing, here and at the other half. THREADS: any.
  void close();

 private:
  bool send(uint16_t kind, uint64_t id, const std::string& body, const std::vector<int>& files);
  std::optional<std::string> take(size_t size, std::vector<Fd>& files);
  bool receive(Message& message);
  void settle(Message message);

  struct Waiting {
    bool done = false;
    Result<Message> result = Message{};
  };

  Fd socket_;
  std::mutex send_mutex_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::map<uint64_t, Waiting*> waiting_;
  uint64_t next_id_ = 1;
  bool closed_ = false;
};

}  // namespace tarn::sql
