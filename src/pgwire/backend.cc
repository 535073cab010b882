#include "pgwire/backend.h"

#include <cstring>

#include "os/random.h"

namespace tarn::pgwire {

Cancels::Key Cancels::add(Database& database) {
  Key key;
  const std::string random = random_bytes(sizeof key.secret);
  std::memcpy(&key.secret, random.data(), sizeof key.secret);
  const std::lock_guard lock(mutex_);
  do {
    key.pid = next_;
    next_ = next_ == INT32_MAX ? 1 : next_ + 1;
  } while (all_.contains(key.pid));
  all_[key.pid] = {key.secret, &database};
  return key;
}

void Cancels::remove(Key key) {
  const std::lock_guard lock(mutex_);
  all_.erase(key.pid);
}

void Cancels::cancel(Key key) {
  const std::lock_guard lock(mutex_);
  const auto found = all_.find(key.pid);
  if (found != all_.end() && found->second.first == key.secret) found->second.second->cancel();
}

}  // namespace tarn::pgwire
