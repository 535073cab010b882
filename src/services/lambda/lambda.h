// Lambda: functions and their versions, and calling them. What a function's program runs in is environments.h.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "door/call.h"
#include "door/rights.h"
#include "gen/lambda/handlers.h"
#include "services/lambda/environments.h"
#include "services/lambda/event_sources.h"
#include "services/lambda/records.h"
#include "services/lambda/runtimes.h"

namespace tarn::lambda {

using OptionalText = std::optional<std::string>;

constexpr int64_t kLeastUnreserved = 100;      // .. of which so many cannot be reserved
constexpr int64_t kMostZipped = 50 << 20;      // AWS: Lambda quotas: deployment package, zipped, direct upload
constexpr uint64_t kMostUnzipped = 250 << 20;  // .. deployment package, unzipped, with layers

class Lambda {
 public:
  // LIFETIME: borrows all. `note` takes lines for the server's log.
  Lambda(Door& door, Environments& environments, EventSources& event_sources,
         std::function<void(const std::string&)> note)
      : door(door), environments(environments), event_sources(event_sources), note(std::move(note)) {}

  // Before the outbox starts: asynchronous invocations are its deliveries.
  void start();

  Door& door;
  Environments& environments;
  EventSources& event_sources;
  RuntimeNames runtime_names;
  PolicyCache policies;  // of roles that are looked at
  const std::function<void(const std::string&)> note;
};

// --- errors -----------------------------------------------------------------------------------------------------------

inline Failure users_fault(int status, const char* code, std::string message) {
  return Failure(Error{status, code, std::move(message), {{"Type", "User"}}});
}
inline Failure invalid_parameter(std::string message) {
  return users_fault(400, "InvalidParameterValueException", std::move(message));
}
inline Failure conflict(std::string message) {
  return users_fault(409, "ResourceConflictException", std::move(message));
}
inline Failure not_found(std::string message) {
  return users_fault(404, "ResourceNotFoundException", std::move(message));
}
// Where what was looked for is not there, in the words of the operation that has looked. Recorded from AWS.
template <class T>
Result<T> worded(Result<T> found, const char* message) {
  if (!found && found.error().code == "ResourceNotFoundException") return not_found(message);
  return found;
}
// `shown_by`: the operations that show the revision. Recorded from AWS.
inline Failure stale_revision(std::string_view shown_by = "GetFunction/GetAlias") {
  return users_fault(412, "PreconditionFailedException",
                     "The Revision Id provided does not match the latest Revision Id. Call the " +
                         std::string(shown_by) + " API to retrieve the latest Revision Id");
}

// --- which function is meant ------------------------------------------------------------------------------------------

// FunctionName as all operations take it: a name, a partial or a whole ARN, with or without a version.
struct FunctionName {
  FunctionKey key;
  std::string qualifier;              // "", "$LATEST", a version or an alias
  std::string arn() const;            // of the function
  std::string qualified_arn() const;  // with the qualifier, where there is one
};
// ERRORS: InvalidParameterValueException: the name and Qualifier differ; ResourceNotFoundException: another region's.
Result<FunctionName> function_name(const Call& call, const std::string& text, const OptionalText& qualifier = {});

struct Found {
  FunctionName name;
  FunctionRecord function;
  uint64_t version = 0;
  VersionRecord record = {};
  std::optional<AliasRecord> alias = {};  // where the qualifier is one
};
// ERRORS: ResourceNotFoundException: "Function not found: arn..".
Result<FunctionRecord> find_function(Call& call, const FunctionName& name, Lock lock = Lock::kExclusive);
Result<Found> find_version(Call& call, const FunctionName& name, Lock lock = Lock::kNone);
// The same, and where an alias parts its calls between versions, one of them by its weight.
Result<Found> find_called(Call& call, const FunctionName& name);
Program program_of(const Found& found);
// The function as it is now, in a transaction of its own.
Result<Found> find_now(Door& door, const Caller& caller, const std::string& text, const OptionalText& qualifier);
// Whether a role of functions may do that by its own policies. ERRORS: AccessDenied.
Status role_may(Lambda& lambda, const Caller& from, const std::string& role, std::string_view action,
                const std::string& resource);
std::string version_text(uint64_t version);  // "$LATEST", "3"
// "12", "prod": ERRORS: InvalidParameterValueException: not the number of a version.
Result<uint64_t> version_number(const std::string& text);

// The one right that an operation on a function needs.
Result<std::vector<Need>> rights_on(Call& call, const std::string& text, const OptionalText& qualifier,
                                    std::string_view action);

// What the account has left for functions that reserve nothing, without what `but` reserves.
Result<int64_t> unreserved_concurrency(Call& call, const FunctionKey& but);

// "arn:aws:lambda:us-east-1::runtime:python3.11": what stands for the runtime on this machine.
std::string runtime_arn(Lambda& lambda, const Found& found);
FunctionConfiguration to_wire(Lambda& lambda, const Found& found);
// As in lists. AWS: ListFunctions: without the members of states, updates and runtimes' versions.
FunctionConfiguration to_listed(const Found& found);

// Copies $LATEST to a version of its own; the latest one where nothing has changed since. AWS: PublishVersion.
Result<uint64_t> publish(Call& call, Transaction& tx, const FunctionKey& key, FunctionRecord& function,
                         const VersionRecord& latest, const OptionalText& description);

// --- asynchronous calls ------------------------------------------------------------------------------------------------

// Accepts one. DURABLE: it is on the disk. REQUIRES: no transaction is open on this thread.
Status accept_event(Lambda& lambda, const Found& found, const std::string& payload, const Caller& caller);
void start_events(Lambda& lambda);
// Whether something can be sent to this ARN; after a failure or a success.
bool is_destination(const std::string& arn, bool failure);
// What has been kept of a version's code and layers.
Status release_code(Call& call, Transaction& tx, const VersionRecord& record);

// --- code signing -------------------------------------------------------------------------------------------------------

// ERRORS: ResourceNotFoundException: it is not the ARN of a configuration.
Result<CodeSigningKey> code_signing_key(const std::string& arn);
// That a function can be held to it. ERRORS: CodeSigningConfigNotFoundException.
Status hold_to_code_signing(Transaction& tx, const std::string& arn);
// New code or layers of the function. ERRORS: CodeVerificationFailedException.
Status check_signature(Transaction& tx, const FunctionName& name, const FunctionRecord& function);

// --- layers -----------------------------------------------------------------------------------------------------------

// The layers of these ARNs as a function keeps them. ERRORS: InvalidParameterValueException.
Result<std::vector<LayerUse>> use_layers(Transaction& tx, const std::string& region,
                                         const wire::List<std::string>& arns);
// The right to use each: lambda:GetLayerVersion.
Result<std::vector<Need>> layer_needs(Call& call, const wire::List<std::string>& arns);

// A position behind which a page begins. ERRORS: InvalidParameterValueException: a marker that is none.
Result<std::string> position_of(Call& call, const std::string& request, const OptionalText& marker);
// What a `steps` handler writes, on the disk when it answers.
Status committed(Call& call, std::move_only_function<Status(Transaction&)> work);
// AddPermission's Principal as a policy has it; such statements as a policy's text (nullopt: none); its revision.
Json principal_json(const std::string& who);
std::optional<std::string> policy_text(const std::vector<PermissionRecord>& permissions, std::string_view qualifier);
std::string policy_revision(const std::optional<std::string>& policy);
// The function's policy as JSON text, of one version or (empty) of the function; nullopt: it has none.
std::optional<std::string> policy_of(const FunctionRecord& function, std::string_view qualifier);

}  // namespace tarn::lambda
