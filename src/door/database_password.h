// Passwords of database users: those that admins choose, kept as digests, and temporary ones.
//
// Temporary ones are texts that only this server can have made, checked without a record of them.
// Whoever may get one (redshift-serverless:GetCredentials, redshift:GetClusterCredentials) logs in with it until it expires.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "store/store.h"

namespace tarn {

struct DatabasePassword {
  std::string login;      // the user name that it goes with
  std::string user;       // as whom its bearer is in the database
  std::string warehouse;  // the workgroup's or cluster's ARN
  std::string database;   // the only one; empty: any
  std::string principal;  // ARN of the one who asked for it
  bool auto_create = false;              // the user is made when it is not there
  bool creator = false;                  // .. as a superuser: it made the namespace
  std::vector<std::string> roles = {};   // database roles that its sessions have: the tag RedshiftDbRoles
  Time expires;                          // the system's time
};

// A chosen password, salted and digested; and whether a password is the one that was kept.
std::string keep_password(std::string_view password);
bool password_fits(std::string_view kept, std::string_view password);

std::string seal_database_password(const Store& store, const DatabasePassword& password);
// nullopt: it was not made here. Expiry is the caller's to check.
std::optional<DatabasePassword> open_database_password(const Store& store, std::string_view text);

}  // namespace tarn
