#include "pgwire/backend.h"

#include <cstring>

#include "os/random.h"

namespace tarn::pgwire {

Cancels::Key Cancels::add(Database& database) {
  Key key;
  const std::string random = random_bytes(sizeof key.secret);
  std::memcpy(&key.secret, random.data(), sizeof key.secret);
  key.pid = database.pid();
  const std::lock_guard lock(mutex_);
  all_[key.pid] = {key.secret, &database};
  return key;
}

void Cancels::remove(Key key) {
  const std::lock_guard lock(mutex_);
  all_.erase(key.pid);
}

Database* Cancels::find(Key key) {
  const auto found = all_.find(key.pid);
  return found != all_.end() && found->second.first == key.secret ? found->second.second : nullptr;
}

void Cancels::cancel(Key key) {
  const std::lock_guard lock(mutex_);
  if (Database* database = find(key)) database->cancel();
}

bool Cancels::ended(Key key) {
  const std::lock_guard lock(mutex_);
  const Database* database = find(key);
  return database != nullptr && database->ended();
}

}  // namespace tarn::pgwire
