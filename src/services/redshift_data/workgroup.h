// A workgroup as a statement needs it: which engine, which roles, which user. Redshift Serverless is asked through the
// door.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "door/call.h"
#include "sql/session.h"
#include "store/store.h"

namespace tarn::redshift_data {

struct Workgroup {
  std::string account, region;
  std::string name, id, arn;
  std::string namespace_name, namespace_id, database;  // the namespace's first database
  std::string default_role;
  std::vector<std::string> roles;
  std::vector<std::pair<std::string, std::string>> parameters;  // its configuration
  std::string admin;  // the namespace's first database user
  std::string user;   // the caller's database user
  std::vector<std::string> session_roles;  // database roles that the caller's tags give
};

// The account itself, as whom the service asks for what the caller need not be allowed to see.
Caller as_account(const Caller& from);

// The rights to do `action` ("redshift-data:ExecuteStatement") on the workgroup of that name or ARN and to get its
// credentials; on all workgroups where there is none of the name, so that only those who may see any learn that.
// Asks through the door, which is safe here: a `steps` operation's rights are read in a snapshot that locks nothing.
Result<std::vector<Need>> workgroup_needs(Call& call, const std::string& name_or_arn, std::string_view action);

// The workgroup, with the caller's database user. REQUIRES: no transaction is open on this thread (a `steps` operation).
// ERRORS: ResourceNotFoundException, AccessDeniedException.
Result<Workgroup> open_workgroup(Call& call, const std::string& name_or_arn);

// The same without the user. ERRORS: ResourceNotFoundException.
Result<Workgroup> workgroup_of(Door& door, const Caller& caller, const std::string& name);

// The database's user is there from now on, as is the namespace's admin user: AWS makes it at its first connection. The
// admin, and the identity that made the namespace (`superuser`), are superusers from the start. DURABLE.
Status admit(Store& store, const Workgroup& workgroup, bool superuser);

// How a session of the workgroup's user begins: with the settings of both.
Result<sql::SessionOptions> session_options(Store& store, const Workgroup& workgroup, const std::string& database);

// Whose a statement is: the user, or the role of a session.
std::string identity_of(const Principal& principal);

}  // namespace tarn::redshift_data
