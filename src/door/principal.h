// Who asks: the principal of a call, and what the door must know of it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace tarn {

class Transaction;

struct Principal {
  enum class Kind : uint8_t { kAnonymous, kRoot, kUser, kAssumedRole, kService };

  Kind kind = Kind::kAnonymous;
  std::string account;       // twelve digits; empty for anonymous and services
  std::string arn;           // as GetCallerIdentity says it; for a service its name ("events.amazonaws.com")
  std::string user_id;       // aws:userid: the account (root), AIDA... (user), AROA...:session (role)
  std::string user_name;     // aws:username; empty but for users
  std::string access_key;    // the key that signed; empty for in-process callers without one

  // Of an assumed role's session.
  std::string role_arn;      // arn:aws:iam::123456789012:role/path/name
  std::string session_name;
  std::vector<std::string> session_policies;        // JSON texts; empty: none was given
  std::map<std::string, std::string> tags;          // aws:PrincipalTag: session tags (a role's and user's own are added by the door)
  std::vector<std::string> transitive_tags;
  std::string source_identity;

  // Of temporary credentials.
  std::optional<Time> issued;
  std::optional<Time> expires;
  std::optional<bool> mfa;   // absent for long-term keys

  bool temporary() const { return expires.has_value(); }
};

// A long-term access key as the directory of identities knows it.
struct AccessKey {
  std::string secret;
  Principal principal;
  bool active = true;
};

// What is attached to a principal, as JSON texts with the names that denials say.
struct AttachedPolicy {
  std::string name;      // policy name or ARN
  std::string document;  // JSON
};
struct AttachedPolicies {
  std::vector<AttachedPolicy> identity;     // inline and managed, of the user, its groups, or the role
  std::optional<AttachedPolicy> boundary;
  std::map<std::string, std::string> tags;  // of the user or role
};

// What one must know of a role to act as it.
struct RoleFacts {
  std::string id;            // AROA...
  std::string name;
  std::string trust_policy;  // JSON
  int64_t max_session_seconds = 3600;
  std::map<std::string, std::string> tags;
};

// What the door asks of the service that keeps identities (iam). Both run in the caller's transaction.
class Identities {
 public:
  virtual ~Identities() = default;
  // nullopt: no such key.
  virtual Result<std::optional<AccessKey>> access_key(Transaction& tx, std::string_view id) = 0;
  // Of a user or an assumed role; nullopt when it has been deleted since.
  virtual Result<std::optional<AttachedPolicies>> policies(Transaction& tx, const Principal& principal) = 0;
  // A role by its ARN, for those that act as it; nullopt: no such role.
  virtual Result<std::optional<RoleFacts>> role(Transaction& tx, std::string_view role_arn) = 0;
  // The unique id of a user or role; empty when it is not there, nullopt when the ARN is none of this server's to know.
  virtual Result<std::optional<std::string>> principal_id(Transaction& tx, std::string_view arn) = 0;
  // The ARN that the user or role of that unique id has now; nullopt when it is gone.
  virtual Result<std::optional<std::string>> principal_arn(Transaction& tx, std::string_view id) = 0;
};

}  // namespace tarn
