// The bus: API calls that happen later, as a service or as a role: what a rule, a schedule, a topic, a bucket or a
// function's failure sends to its target. Each is a delivery of the outbox, and enters at the door like any call: it is
// validated, judged and audited.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "door/call.h"
#include "store/outbox.h"

namespace tarn {

class CallLog;
class Door;

// Where what could not be delivered goes: a message to a queue, sent by the same principal as the call was.
struct DeadLetter {
  std::string queue_arn;  // of an SQS queue
  std::string body;       // the message
  std::map<std::string, std::string> attributes = {};  // of type String: "RULE_ARN", ..
  // Adds ERROR_CODE, ERROR_MESSAGE, RETRY_ATTEMPTS (Number) and EXHAUSTED_RETRY_CONDITION.
  // AWS: EventBridge and Scheduler User Guides, "Using dead-letter queues".
  bool explain = false;
  // False: the service itself sends it, and the queue's policy must let it, whatever role the call had.
  bool by_role = true;
};

// Who hears what a call came to: a delivery of the outbox, whose payload is {"of": `of`, "requestId": of the call, "begun":
// when the last attempt began, in microseconds, "attempts": how many there were, and either "answer": the operation's output
// or "error": {"status", "code", "message"}}.
struct CallReport {
  std::string type, target;  // of the delivery
  Json of;
  bool of_success = true, of_failure = true;
};

struct LaterCall {
  // Which operation: the service as SDKs and schedules name it ("lambda", "redshiftdata", "redshift-data"), and the
  // operation in either spelling ("SendMessage", "sendMessage").
  std::string service, operation;
  // Its parameters as SDKs spell them (PascalCase). A blob may be a text, or a JSON value that is sent as its text.
  Json input;

  std::string account, region;  // of what causes it; the region is that of the call
  std::string principal;        // the service that asks: "events.amazonaws.com"
  std::string role_arn = {};    // that the service assumes for it; empty: the target's resource policy must let it
  std::string source_arn = {};  // aws:SourceArn: the rule, the topic, the bucket
  std::string cause = {};       // the CallLog's word for what caused it; empty: source_arn
  std::string source_account = {};
  std::string request_id = {};  // of the call; empty: the delivery's id
  std::string trace = {};       // of the call that causes it (Caller::trace)

  std::optional<DeadLetter> dead_letter = {};
  std::optional<CallReport> report = {};
};

// How often and how long. The default is EventBridge's.
struct RetryPolicy {
  int max_attempts = 186;  // the first included
  Micros give_up_after = kDay;
  Micros delay = 0;
};

// A delivery of the call, for Outbox::enqueue or a matcher's answer. What goes to one `target` (its ARN) goes one by one,
// in order as long as nothing fails.
NewDelivery delivery_of(const LaterCall& call, std::string target, const RetryPolicy& retry = {});

// Makes the call now and waits for its end. ERRORS: the operation's own; AccessDenied: the role cannot be assumed;
// UnknownOperationException; SerializationException: the parameters are not the operation's.
// REQUIRES: no transaction is open on this thread.
Status make_call(Door& door, const LaterCall& call);

// Whether trying again may help: throttling and faults of the server do pass, a refusal or a missing target does not.
bool may_pass(const Error& error);

// Before the outbox starts. LIFETIME: borrows both. What each attempt comes to is noted in the log.
void start_bus(Door& door, CallLog& log);

// "arn:aws:sqs:us-east-1:123456789012:q" as a QueueUrl that SQS's operations take.
std::string queue_url_of(std::string_view queue_arn);

}  // namespace tarn
