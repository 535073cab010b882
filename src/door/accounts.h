// Accounts: those that this server serves, each with its root access key, in one file of the data directory (0600).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tarn {

struct RootKey {
  std::string id;
  std::string secret;
};

// THREADS: immutable after load.
class Accounts {
 public:
  struct Wanted {
    std::string account;             // twelve digits
    std::optional<RootKey> root_key;
  };
  // Reads `<directory>/accounts.json`, adds accounts and replaces root keys as wanted, makes one account with a random
  // key where there is none, and writes the file when something changed.
  // ERRORS: the file is unreadable or malformed; an account id is not twelve digits; two accounts share a key id.
  static Result<Accounts> load(const std::string& directory, const std::vector<Wanted>& wanted);
  // Reads the file without changing anything (for `tarn env`).
  static Result<Accounts> read(const std::string& directory);

  const std::map<std::string, RootKey>& all() const { return accounts_; }
  bool contains(std::string_view account) const { return accounts_.contains(std::string(account)); }
  // The account that was made or named first.
  const std::string& first() const { return first_; }
  struct Found {
    std::string account;
    const RootKey* key;
  };
  std::optional<Found> by_key(std::string_view access_key) const;

 private:
  std::map<std::string, RootKey> accounts_;
  std::string first_;
};

}  // namespace tarn
