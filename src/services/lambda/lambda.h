// Lambda: functions and their versions, and calling them. What a function's program runs in is environments.h.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "door/call.h"
#include "gen/lambda/handlers.h"
#include "services/lambda/environments.h"
#include "services/lambda/records.h"

namespace tarn::lambda {

using OptionalText = std::optional<std::string>;

class Lambda {
 public:
  // LIFETIME: borrows all.
  Lambda(Door& door, Environments& environments) : door(door), environments(environments) {}

  // Before the outbox starts: asynchronous invocations are its deliveries.
  void start();

  Door& door;
  Environments& environments;
};

// --- errors -----------------------------------------------------------------------------------------------------------

inline Failure invalid_parameter(std::string message) {
  return fail(400, "InvalidParameterValueException", std::move(message));
}
inline Failure conflict(std::string message) {
  return fail(409, "ResourceConflictException", std::move(message));
}
inline Failure not_found(std::string message) {
  return fail(404, "ResourceNotFoundException", std::move(message));
}
inline Failure stale_revision() {
  return fail(
      412, "PreconditionFailedException",
      "The RevisionId provided does not match the latest RevisionId. Call the GetFunction/GetAlias API to retrieve "
      "the latest RevisionId");
}

// --- which function is meant ------------------------------------------------------------------------------------------

// FunctionName as all operations take it: a name, a partial or a whole ARN, with or without a version.
struct FunctionName {
  FunctionKey key;
  std::string qualifier;              // "", "$LATEST" or a version
  std::string arn() const;            // of the function
  std::string qualified_arn() const;  // with the qualifier, where there is one
};
// ERRORS: InvalidParameterValueException: the name and Qualifier differ.
Result<FunctionName> function_name(const Call& call, const std::string& text, const OptionalText& qualifier = {});

struct Found {
  FunctionName name;
  FunctionRecord function;
  uint64_t version = 0;
  VersionRecord record;
};
// ERRORS: ResourceNotFoundException: "Function not found: arn..".
Result<FunctionRecord> find_function(Call& call, const FunctionName& name, Lock lock = Lock::kExclusive);
Result<Found> find_version(Call& call, const FunctionName& name, Lock lock = Lock::kNone);

// The one right that an operation on a function needs.
Result<std::vector<Need>> rights_on(Call& call, const std::string& text, const OptionalText& qualifier,
                                    std::string_view action);

FunctionConfiguration to_wire(const Found& found);
// The function's policy as JSON text, of one version or (empty) of the function; nullopt: it has none.
std::optional<std::string> policy_of(const FunctionRecord& function, std::string_view qualifier);

}  // namespace tarn::lambda
