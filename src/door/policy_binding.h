// A policy with principals is bound to the very users and roles that it names when it is given: one that is deleted and
// made anew under the same name is another. AWS: IAM User Guide, "AWS JSON policy elements: Principal".
//
//   record.principals = TRY(named_principals(call.door().identities(), call.tx(), document, PolicyKind::kResource));
//   record.bound = with_principals(document, record.principals);    // what is judged
//   TRY(shown_policy(identities, tx, document, record.principals))  // what is told
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "door/policy.h"
#include "door/principal.h"

namespace tarn {

// Unique ids ("AIDA..", "AROA..") by ARN.
using PrincipalIds = std::map<std::string, std::string>;

// Those of the users and roles of this server's accounts that the policy names by ARN.
// ERRORS: those of Policy::parse; InvalidPrincipal (400) for one that is not there.
Result<PrincipalIds> named_principals(Identities& identities, Transaction& tx, std::string_view document,
                                      PolicyKind kind);

// The document with other texts in place of principals; nothing else in it is touched.
std::string with_principals(const std::string& document, const std::map<std::string, std::string>& replacements);

// As it was given; where a user or role has another ARN now, that one, and the id of one that is gone.
Result<std::string> shown_policy(Identities& identities, Transaction& tx, const std::string& document,
                                 const PrincipalIds& principals);

}  // namespace tarn
