// InvokeWithResponseStream: the answer as events, piece by piece.
#include <condition_variable>
#include <mutex>

#include "base/text.h"
#include "door/door.h"
#include "services/lambda/lambda.h"
#include "services/lambda/response_pipe.h"
#include "wire/event_stream.h"

namespace tarn::lambda {
namespace {

constexpr int kMostStreams = 3;  // each keeps one of the few workers that send bodies while it waits
constexpr size_t kMostPayload = 6 << 20;

std::string encode(InvokeWithResponseStreamResponseEvent event) {
  return wire::encode_event(wire::OperationOf<InvokeWithResponseStreamRequest>::operation(), &event);
}

class StreamedCall final : public EventSource {
 public:
  StreamedCall(Lambda& lambda, bool tail) : lambda_(lambda), tail_(tail) {
    pipe->when_more([shared = shared_] {
      const std::lock_guard lock(shared->mutex);
      shared->more = true;
      shared->changed.notify_one();
    });
  }
  ~StreamedCall() override { --lambda_.streams; }

  const std::shared_ptr<ResponsePipe> pipe = std::make_shared<ResponsePipe>();

  Result<std::optional<std::string>> next() override {
    while (!ended_) {
      {
        std::unique_lock lock(shared_->mutex);
        shared_->changed.wait(lock, [&] { return shared_->more; });
        shared_->more = false;
      }
      ResponsePipe::Taken taken = pipe->take();
      ended_ = std::move(taken.ended);
      if (!taken.bytes.empty())
        return encode({.payload_chunk = InvokeResponseStreamUpdate{.payload = wire::Blob{std::move(taken.bytes)}}});
    }
    if (std::exchange(told_, true)) return std::nullopt;
    if (!*ended_) return wire::encode_event_error(ended_->error().code, ended_->error().message);
    InvokeWithResponseStreamCompleteEvent complete;
    if (!(*ended_)->error.empty()) {
      complete.error_code = (*ended_)->error;
      complete.error_details = (*ended_)->payload;
    }
    if (tail_) complete.log_result = base64((*ended_)->log_tail);
    return encode({.invoke_complete = std::move(complete)});
  }

 private:
  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    bool more = false;
  };
  Lambda& lambda_;
  const bool tail_;
  const std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
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
  auto events = std::make_unique<StreamedCall>(lambda, in.log_type == "Tail");
  if (++lambda.streams > kMostStreams)  // taken back when the events go
    return Failure(
        tarn::Error{429,
                    "TooManyRequestsException",
                    "This server streams the answers of three calls at once: function URLs have no such limit.",
                    {{"Reason", "ConcurrentInvocationLimitExceeded"}}});
  const auto pipe = events->pipe;
  lambda.environments.invoke(
      program_of(found),
      {.request_id = call.request_id(),
       .arn = found.name.qualified_arn(),
       .payload = payload,
       .client_context = std::move(context),
       .piece = [pipe](std::string_view type, std::string_view bytes) { pipe->push(type, bytes); }},
      [pipe](Result<InvocationResult> result) { pipe->end(std::move(result)); });
  InvokeWithResponseStreamResponse out{.status_code = 200, .executed_version = version_text(found.version)};
  out.response_stream_content_type = "application/vnd.amazon.eventstream";
  return WithEvents<InvokeWithResponseStreamResponse>{std::move(out), std::move(events)};
}

}  // namespace tarn::lambda
