// A workgroup as a statement needs it: which engine, which roles, which user. Redshift Serverless is asked through the
// door.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "door/call.h"

namespace tarn::redshift_data {

struct Workgroup {
  std::string account, region;
  std::string name, arn;
  std::string namespace_name, namespace_id, database;  // the namespace's first database
  std::string default_role;
  std::vector<std::string> roles;
  std::string user;  // the caller's database user
};

// The account itself, as whom the service asks for what the caller need not be allowed to see.
Caller as_account(const Caller& from);

// The workgroup of that name or ARN, for a caller that may do `action` ("redshift-data:ExecuteStatement") on it and get its
// credentials. REQUIRES: no transaction is open on this thread (a `steps` operation).
// ERRORS: ValidationException, ResourceNotFoundException, AccessDeniedException.
Result<Workgroup> open_workgroup(Call& call, const std::string& name_or_arn, std::string_view action);

// The same without rights: for statements that were let in before. ERRORS: ResourceNotFoundException.
Result<Workgroup> workgroup_of(Door& door, const Caller& caller, const std::string& name);

// Whose a statement is: the user, or the role of a session.
std::string identity_of(const Principal& principal);

}  // namespace tarn::redshift_data
