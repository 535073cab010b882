// InvokeWithResponseStream: the answer as events, piece by piece.
#include "base/text.h"
#include "door/door.h"
#include "door/later_events.h"
#include "services/lambda/lambda.h"
#include "services/lambda/response_pipe.h"
#include "wire/event_stream.h"

namespace tarn::lambda {
namespace {

constexpr size_t kMostPayload = 6 << 20;

std::string encode(InvokeWithResponseStreamResponseEvent event) {
  return wire::encode_event(wire::OperationOf<InvokeWithResponseStreamRequest>::operation(), &event);
}

class StreamedCall final : public LaterEvents {
 public:
  explicit StreamedCall(bool tail) : tail_(tail) {}

  const std::shared_ptr<ResponsePipe> pipe = std::make_shared<ResponsePipe>();

  void when_more(std::function<void()> more) override { pipe->when_more(std::move(more)); }

  Result<http::Pulled> pull() override {
    using State = http::Pulled::State;
    if (!ended_) {
      ResponsePipe::Taken taken = pipe->take();
      ended_ = std::move(taken.ended);
      if (!taken.bytes.empty())
        return http::Pulled{
            State::kBytes,
            encode({.payload_chunk = InvokeResponseStreamUpdate{.payload = wire::Blob{std::move(taken.bytes)}}})};
    }
    if (!ended_) return http::Pulled{State::kLater};
    if (std::exchange(told_, true)) return http::Pulled{State::kEnd};
    if (!*ended_)
      return http::Pulled{State::kBytes, wire::encode_event_error(ended_->error().code, ended_->error().message)};
    InvokeWithResponseStreamCompleteEvent complete;
    if (!(*ended_)->error.empty()) {
      complete.error_code = (*ended_)->error;
      complete.error_details = (*ended_)->payload;
    }
    if (tail_) complete.log_result = base64((*ended_)->log_tail);
    return http::Pulled{State::kBytes, encode({.invoke_complete = std::move(complete)})};
  }

 private:
  const bool tail_;
  std::optional<Result<InvocationResult>> ended_;
  bool told_ = false;
};

}  // namespace

Result<std::vector<Need>> invoke_with_response_stream_rights(Lambda&, Call& call,
                                                             const InvokeWithResponseStreamRequest& in) {
  return rights_on(call, *in.function_name, in.qualifier, "lambda:InvokeFunction");
}

Result<WithEvents<InvokeWithResponseStreamResponse>> invoke_with_response_stream(
    Lambda& lambda, Call& call, const InvokeWithResponseStreamRequest& in) {
  if (in.tenant_id) return invalid_parameter("Tenants are not supported by this server.");
  if (in.invocation_type.value_or("RequestResponse") == "DryRun")
    return invalid_parameter("A dry run has no stream: use Invoke.");
  const Found found = TRY(find_called(call, TRY(function_name(call, *in.function_name, in.qualifier))));
  const std::string payload = in.payload && !in.payload->bytes.empty() ? in.payload->bytes : "{}";
  if (payload.size() > kMostPayload) return fail(413, "RequestTooLargeException", "The payload is larger than 6 MB.");
  if (!Json::parse(payload))
    return fail(400, "InvalidRequestContentException", "Could not parse request body into json.");
  std::string context;
  if (in.client_context) context = unbase64(*in.client_context).value_or("");
  auto events = std::make_unique<StreamedCall>(in.log_type == "Tail");
  const auto pipe = events->pipe;
  lambda.environments.invoke(
      program_of(found),
      {.request_id = call.request_id(),
       .arn = found.name.qualified_arn(),
       .payload = payload,
       .client_context = std::move(context),
       .trace = call.caller().trace,
       .piece = [pipe](std::string_view type, std::string_view bytes) { pipe->push(type, bytes); }},
      [pipe](Result<InvocationResult> result) { pipe->end(std::move(result)); });
  InvokeWithResponseStreamResponse out{.status_code = 200, .executed_version = version_text(found.version)};
  out.response_stream_content_type = "application/vnd.amazon.eventstream";
  return WithEvents<InvokeWithResponseStreamResponse>{std::move(out), std::move(events)};
}

}  // namespace tarn::lambda
