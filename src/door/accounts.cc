#include "door/accounts.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "os/file.h"
#include "os/random.h"

namespace tarn {
namespace {

constexpr std::string_view kFile = "/accounts.json";

bool is_account_id(std::string_view text) {
  return text.size() == 12 && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string random_digits(size_t n) {
  std::string digits;
  for (const char c : random_bytes(n)) digits += static_cast<char>('0' + static_cast<unsigned char>(c) % 10);
  if (digits[0] == '0') digits[0] = '1';  // an account id that begins with 0 is lost by spreadsheets
  return digits;
}

RootKey random_key() {
  return {random_id("AKIA", 16), random_secret(40)};
}

}  // namespace

Result<Accounts> Accounts::read(const std::string& directory) {
  Accounts accounts;
  const std::string path = directory + std::string(kFile);
  const std::string text = TRY(read_file(path));
  const auto document = Json::parse(text);
  if (!document || !(*document)["accounts"].is_array())
    return fail(500, "InvalidDataDirectory", fmt::format("{} is not a list of accounts.", path));
  for (const Json& entry : (*document)["accounts"].items()) {
    const std::string& id = entry["account"].as_string();
    if (!is_account_id(id))
      return fail(500, "InvalidDataDirectory", fmt::format("{}: '{}' is no account id.", path, id));
    accounts.accounts_[id] = {entry["access_key_id"].as_string(), entry["secret_access_key"].as_string()};
    if (accounts.first_.empty()) accounts.first_ = id;
  }
  if (accounts.first_.empty()) return fail(500, "InvalidDataDirectory", fmt::format("{} names no account.", path));
  return accounts;
}

Result<Accounts> Accounts::load(const std::string& directory, const std::vector<Wanted>& wanted) {
  const std::string path = directory + std::string(kFile);
  Accounts accounts;
  if (file_exists(path)) accounts = TRY(read(directory));
  bool changed = false;
  for (const Wanted& want : wanted) {
    if (!is_account_id(want.account))
      return fail(400, "InvalidAccount", fmt::format("'{}' is no account id: twelve digits are.", want.account));
    const auto [entry, added] = accounts.accounts_.try_emplace(want.account);
    if (accounts.first_.empty()) accounts.first_ = want.account;
    if (want.root_key) {
      if (const auto other = accounts.by_key(want.root_key->id); other && other->account != want.account)
        return fail(400, "InvalidRootKey",
                    fmt::format("The access key {} belongs to account {} already.", want.root_key->id, other->account));
      changed |= entry->second.id != want.root_key->id || entry->second.secret != want.root_key->secret;
      entry->second = *want.root_key;
    } else if (added) {
      entry->second = random_key();
    }
    changed |= added;
  }
  if (accounts.accounts_.empty()) {
    accounts.first_ = random_digits(12);
    accounts.accounts_[accounts.first_] = random_key();
    changed = true;
  }
  if (!changed) return accounts;

  // The first account stays first in the file, whatever its digits.
  Json list = Json::array();
  const auto add = [&](const std::string& id, const RootKey& key) {
    list.push(Json::object({{"account", id}, {"access_key_id", key.id}, {"secret_access_key", key.secret}}));
  };
  add(accounts.first_, accounts.accounts_[accounts.first_]);
  for (const auto& [id, key] : accounts.accounts_)
    if (id != accounts.first_) add(id, key);
  TRY(write_file_atomically(path, Json::object({{"accounts", list}}).text(2) + "\n", 0600));
  return accounts;
}

std::optional<Accounts::Found> Accounts::by_key(std::string_view access_key) const {
  for (const auto& [account, key] : accounts_)
    if (key.id == access_key) return Found{account, &key};
  return std::nullopt;
}

}  // namespace tarn
