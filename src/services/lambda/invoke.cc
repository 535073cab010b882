// Invoke: synchronous, asynchronous (events.cc has the rest), and a dry run.
#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "door/door.h"
#include "os/random.h"
#include "services/lambda/lambda.h"

namespace tarn::lambda {
namespace {

constexpr size_t kMostPayload = 6 << 20;       // AWS: Lambda quotas: synchronous invocation payload
constexpr size_t kMostAsynchronous = 1 << 20;  // .. asynchronous

Result<std::string> payload_of(const InvocationRequest& in, size_t most) {
  std::string payload = in.payload ? in.payload->bytes : "";
  if (payload.size() > most)
    return fail(413, "RequestTooLargeException",
                fmt::format("{} byte payload is too large for the {} invocation type (limit {} bytes)", payload.size(),
                            in.invocation_type.value_or("RequestResponse"), most));
  if (payload.empty()) return std::string("{}");
  if (const auto json = Json::parse(payload); !json)
    return fail(400, "InvalidRequestContentException",
                "Could not parse request body into json: " + json.error().message);
  return payload;
}

}  // namespace

Result<Found> find_now(Door& door, const Caller& caller, const std::string& text, const OptionalText& qualifier) {
  const auto tx = door.store().read();
  Call call(door, caller, tx.get(), door.clock().now());
  return find_called(call, TRY(function_name(call, text, qualifier)));
}

Result<std::vector<Need>> invoke_rights(Lambda&, Call& call, const InvocationRequest& in) {
  return rights_on(call, *in.function_name, in.qualifier, "lambda:InvokeFunction");
}

void invoke(Lambda& lambda, Call& call, const InvocationRequest& in, Reply<InvocationResponse> reply) {
  const auto begin = [&]() -> Status {
    const std::string type = in.invocation_type.value_or("RequestResponse");
    if (in.durable_execution_name || in.tenant_id)
      return invalid_parameter("Durable executions and tenants are not supported by this server.");
    const Found found = TRY(find_now(lambda.door, call.caller(), *in.function_name, in.qualifier));
    const std::string version = version_text(found.version);
    if (type == "DryRun") {
      reply.give(InvocationResponse{.status_code = 204});
      return {};
    }
    std::string payload = TRY(payload_of(in, type == "Event" ? kMostAsynchronous : kMostPayload));
    if (type == "Event") {
      TRY(accept_event(lambda, found, payload, call.caller()));
      reply.give(InvocationResponse{.status_code = 202, .payload = wire::Blob{}});
      return {};
    }
    std::string context;
    if (in.client_context) {
      const auto text = unbase64(*in.client_context);
      if (!text || !Json::parse(*text))
        return fail(400, "InvalidRequestContentException",
                    "Client context must be a valid Base64-encoded JSON object.");
      context = *text;
    }
    const bool tail = in.log_type == "Tail";
    lambda.environments.invoke(program_of(found),
                               {.request_id = call.request_id(),
                                .arn = found.name.qualified_arn(),
                                .payload = std::move(payload),
                                .client_context = std::move(context),
                                .trace = call.caller().trace},
                               [give = std::move(reply.give), tail, version](Result<InvocationResult> result) mutable {
                                 if (!result) return give(Failure(std::move(result.error())));
                                 InvocationResponse out{.status_code = 200,
                                                        .payload = wire::Blob{std::move(result->payload)},
                                                        .executed_version = version};
                                 if (!result->error.empty()) out.function_error = result->error;
                                 if (tail) out.log_result = base64(result->log_tail);
                                 give(std::move(out));
                               });
    return {};
  };
  if (Status begun = begin(); !begun) reply.give(Failure(std::move(begun.error())));
}

Result<std::vector<Need>> invoke_async_rights(Lambda&, Call& call, const InvokeAsyncRequest& in) {
  return rights_on(call, *in.function_name, {}, "lambda:InvokeAsync");
}

Result<InvokeAsyncResponse> invoke_async(Lambda& lambda, Call& call, const InvokeAsyncRequest& in) {
  const Found found = TRY(find_now(lambda.door, call.caller(), *in.function_name, {}));
  const std::string payload =
      TRY(payload_of({.invocation_type = "Event", .payload = in.invoke_args}, kMostAsynchronous));
  TRY(accept_event(lambda, found, payload, call.caller()));
  return InvokeAsyncResponse{.status = 202};
}

void Lambda::start() {
  start_events(*this);
}

}  // namespace tarn::lambda
