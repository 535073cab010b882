// Where a managed policy's document comes from, for those that take policies by ARN without being iam (session policies).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tarn {

class Transaction;

class ManagedPolicies {
 public:
  virtual ~ManagedPolicies() = default;
  // The default version's document, of the account's policy or of AWS's. nullopt: there is none.
  // ERRORS: NoSuchEntity for one of AWS's that this server does not know.
  virtual Result<std::optional<std::string>> managed_policy(Transaction& tx, std::string_view account,
                                                            std::string_view policy_arn) = 0;
};

}  // namespace tarn
