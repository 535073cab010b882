#include "server/gateway.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/later_events.h"
#include "door/over_http.h"
#include "os/random.h"
#include "server/log.h"
#include "wire/aws_chunked.h"
#include "wire/reader.h"
#include "wire/writer.h"

namespace tarn {
namespace {

constexpr size_t kMaxBody = 70'167'211;    // of a request whose body is read whole. Recorded from AWS: Lambda's limit
constexpr uint64_t kMaxUpload = 5ull << 30;  // AWS: Amazon S3 quotas: of one PutObject or part
constexpr uint64_t kWholeBody = 64 << 10;  // an object's body up to this is read whole as well: one hop less

// AWS: S3 wants the digest that the client names, to compare; MD5 is always computed.
std::vector<DigestKind> wanted_digests(const http::Headers& headers) {
  static constexpr std::pair<std::string_view, DigestKind> kByHeader[] = {
      {"x-amz-checksum-crc32", DigestKind::kCrc32},   {"x-amz-checksum-crc32c", DigestKind::kCrc32c},
      {"x-amz-checksum-sha1", DigestKind::kSha1},     {"x-amz-checksum-sha256", DigestKind::kSha256},
      {"x-amz-checksum-crc64nvme", DigestKind::kCrc64Nvme}};
  const std::string trailer = lower(headers.get("x-amz-trailer"));
  const std::string algorithm = lower(headers.get("x-amz-sdk-checksum-algorithm"));
  std::vector<DigestKind> kinds;
  for (const auto& [header, kind] : kByHeader) {
    const std::string_view name = header.substr(std::string_view("x-amz-checksum-").size());
    if (headers.contains(header) || trailer.find(header) != std::string::npos || algorithm == name) kinds.push_back(kind);
  }
  return kinds;
}

// A fault of authentication for what the door says of a key.
wire::AuthFault key_fault(const Error& error, const wire::Presented& presented) {
  using Kind = wire::AuthFault::Kind;
  const Kind kind = error.code == "ExpiredToken"   ? Kind::kExpiredToken
                    : error.code == "InvalidToken" ? Kind::kInvalidToken
                                                   : Kind::kUnknownKey;
  return {.kind = kind, .access_key = presented.access_key, .token = presented.session_token};
}

bool is_key_error(const Error& error) {
  return error.code == "ExpiredToken" || error.code == "InvalidToken" || error.code == "InvalidClientTokenId";
}

// The errors of http's body reading, in S3's words.
Error body_error(const Error& error, const wire::Operation* operation) {
  // Recorded from AWS.
  if (error.code == "RequestBodyTooLarge" && operation != nullptr && operation->service->signing_name == "lambda")
    return {413, "RequestEntityTooLargeException",
            fmt::format("Request must be smaller than {} bytes for the {} operation", kMaxBody, operation->name)};
  if (error.code == "RequestBodyTooLarge")
    return {400, "EntityTooLarge", fmt::format("The body of this request may have at most {} bytes.", kMaxBody)};
  if (error.code == "IncompleteBody")
    return {400, "IncompleteBody", "The request body terminated unexpectedly: fewer bytes came than were announced."};
  if (error.code == "MalformedBody") return {400, "InvalidRequest", "The chunked coding of the request body is malformed."};
  if (error.code == "RequestTimeout")
    return {400, "RequestTimeout",
            "Your socket connection to the server was not read from or written to within the timeout period."};
  return error;
}

}  // namespace

// One request under way. Lives as long as any callback that will go on with it.
struct Gateway::Incoming {
  std::shared_ptr<http::Exchange> exchange;
  http::RequestHead& head;  // the exchange's; in path style, once authenticated
  std::string body = {};    // of what is read whole
  Caller caller = {};
  wire::Presented presented = {};
  wire::Signing signing = {};  // what a chunked body's signatures go on from
  wire::Routed routed = {nullptr, nullptr};
  wire::Any input = {};

  // Of a body that streams.
  std::optional<wire::PayloadDecoder> decoder = {};
  std::unique_ptr<BlobWriter> writer = {};

  // nullptr where the request could not be routed.
  const wire::Operation* operation() const { return routed.operation ? *routed.operation : nullptr; }
};

Gateway::Gateway(Door& door, WorkerPool& workers, std::vector<std::string> base_domains)
    : door_(door), workers_(workers), router_(door.services(), std::move(base_domains)) {}

void Gateway::divert(std::function<bool(const http::RequestHead&)> takes, http::Handler handler) {
  diverts_.push_back({std::move(takes), std::move(handler)});
}

void Gateway::handle(std::shared_ptr<http::Exchange> exchange) {
  http::RequestHead& head = exchange->head();
  for (const Divert& divert : diverts_)
    if (divert.takes(head)) return divert.handler(std::move(exchange));
  auto in = std::make_shared<Incoming>(std::move(exchange), head);
  in->caller = caller_of(in->head, uuid4());

  auto presented = wire::parse_auth(in->head);
  if (presented) in->presented = std::move(*presented);
  in->routed = router_.route(in->head, in->presented, {});
  if (!presented) return refuse(in, wire::auth_error(presented.error(), wire::dialect_of(*in->routed.service)));
  // A request whose body streams is known by its head; what is small, or is not waited for, is simply read whole.
  if (const wire::Operation* operation = in->operation(); operation && operation->form == wire::Form::kBodyIn) {
    const std::optional<uint64_t> length = in->exchange->content_length();
    if (in->head.headers.contains("expect") || !length || *length > kWholeBody)
      return workers_.submit([this, in] { accept_head(in); });
  }
  in->exchange->read_body(kMaxBody, [this, in](Result<std::string> body) {
    if (!body) return refuse(in, body_error(body.error(), in->operation()));
    in->body = std::move(*body);
    if (in->routed.by_body) in->routed = router_.route(in->head, in->presented, in->body);
    if (serves_here(*in)) return serve(in);
    workers_.submit([this, in] { serve(in); });
  });
}

// Whether the thread that read a request also serves it, which spares the request two changes of threads, a sixth of what a
// small GET costs. Others may scan for long.
bool Gateway::serves_here(const Incoming& in) const {
  const wire::Operation* operation = in.operation();
  return operation != nullptr && operation->brief && !door_.store().stalled();
}

// --- who asks, and for what -------------------------------------------------------------------------------------------

// REQUIRES: called once. The head is as it came until it is known to be authentic.
Status Gateway::authenticate(Incoming& in) {
  const wire::Operation& operation = *TRY(in.routed.operation);
  const wire::Service& service = *operation.service;
  const wire::Dialect dialect = wire::dialect_of(service);
  const auto fault = [&](const wire::AuthFault& what) { return Failure(wire::auth_error(what, dialect)); };
  const wire::Presented& presented = in.presented;
  if (presented.kind == wire::Presented::Kind::kAnonymous) {
    // AWS: S3 takes unsigned requests where a bucket's policy does; elsewhere only the few that the model says.
    if (dialect != wire::Dialect::kS3 && !operation.unsigned_allowed) return fault({.kind = wire::AuthFault::Kind::kMissing});
    in.caller.principal = Principal{};
    in.head.path = in.routed.path;
    return {};
  }
  if (presented.service != service.signing_name)
    return fault({.kind = wire::AuthFault::Kind::kScope,
                  .detail = fmt::format("Credential should be scoped to correct service: '{}'.", service.signing_name)});
  if (presented.kind == wire::Presented::Kind::kLegacyLink && !wire::legacy_link_covers(operation))
    return fault({.kind = wire::AuthFault::Kind::kMechanism, .detail = "A Signature Version 2 link does not cover this request."});
  Result<AccessKey> key = door_.find_key(presented.access_key, presented.session_token);
  if (!key) return is_key_error(key.error()) ? fault(key_fault(key.error(), presented)) : Failure(std::move(key.error()));
  auto signing = wire::verify(presented, in.head, key->secret, wire::payload_line(presented, in.body), system_now(),
                              signing_keys_, in.routed.path);
  if (!signing) return fault(signing.error());
  in.signing = std::move(*signing);
  in.head.path = in.routed.path;
  in.caller.principal = std::move(key->principal);
  in.caller.region = presented.region;
  return {};
}

// --- bodies -----------------------------------------------------------------------------------------------------------

// On a worker, with nothing of the body read: may this caller do it at all?
void Gateway::accept_head(std::shared_ptr<Incoming> in) {
  if (Status authentic = authenticate(*in); !authentic) return refuse(in, authentic.error());
  Result<wire::Any> input = wire::read_input(*in->operation(), in->head, {});
  if (!input) return refuse(in, input.error());
  if (Status admitted = door_.admit(in->caller, *in->operation(), input->get()); !admitted) return refuse(in, admitted.error());
  if (Status begun = begin_body(*in); !begun) return refuse(in, begun.error());
  in->exchange->stream_body(
      [in](std::string_view bytes) { return in->decoder->feed(bytes, [&](std::string_view part) { return in->writer->append(part); }); },
      [this, in](Status status) {
        if (!status) return refuse(in, body_error(status.error(), in->operation()));
        workers_.submit([this, in] { finish_body(in); });
      });
}

// What the client's declaration of its body makes of the bytes that come. Presigned and anonymous requests may chunk too.
Result<wire::PayloadDecoder> Gateway::start_decoder(const Incoming& in) {
  const bool anonymous = in.presented.kind == wire::Presented::Kind::kAnonymous;
  return wire::PayloadDecoder::start(in.presented, in.head, anonymous ? nullptr : &in.signing);
}

// S3 declares a body's hash, or its chunks, in the head: that is checked here. Elsewhere the signature covers the body.
Status Gateway::check_body(Incoming& in) {
  if (wire::dialect_of(*in.routed.service) != wire::Dialect::kS3) return {};
  wire::PayloadDecoder decoder = TRY(start_decoder(in));
  std::string decoded;
  decoded.reserve(in.body.size());
  TRY(decoder.feed(in.body, [&](std::string_view part) -> Status {
    decoded += part;
    return {};
  }));
  TRY(decoder.finish());
  for (const auto& [name, value] : decoder.trailers()) in.head.headers.set(name, value);
  in.body = std::move(decoded);
  return {};
}

Status Gateway::begin_body(Incoming& in) {
  // AWS: S3 API, "Error responses": a body whose length nobody tells is not taken for none.
  if (!in.head.headers.contains("content-length") && !in.head.headers.contains("transfer-encoding"))
    return fail(411, "MissingContentLength", "You must provide the Content-Length HTTP header.");
  in.decoder = TRY(start_decoder(in));
  // What is announced to be too large is refused before it is on the disk.
  if (const uint64_t announced = in.decoder->decoded_length().value_or(0); announced > kMaxUpload)
    return Failure(Error{400,
                         "EntityTooLarge",
                         "Your proposed upload exceeds the maximum allowed size",
                         {{"ProposedSize", std::to_string(announced)}, {"MaxSizeAllowed", std::to_string(kMaxUpload)}}});
  in.writer = door_.blobs().writer(wanted_digests(in.head.headers));
  return {};
}

// On a worker, with the whole body given to the decoder.
void Gateway::finish_body(std::shared_ptr<Incoming> in) {
  if (Status ended = in->decoder->finish(); !ended) return refuse(in, ended.error());
  Result<StagedBody> staged = in->writer->finish();
  if (!staged) return refuse(in, staged.error());
  // What the trailer said counts as if the head had said it.
  for (const auto& [name, value] : in->decoder->trailers()) in->head.headers.set(name, value);
  Result<wire::Any> input = wire::read_input(*in->operation(), in->head, {});
  if (!input) return refuse(in, input.error());
  in->input = std::move(*input);
  answer(in, door_.execute(in->caller, *in->operation(), in->input.get(), *staged));
}

// With the whole body in memory.
void Gateway::serve(std::shared_ptr<Incoming> in) {
  if (Status authentic = authenticate(*in); !authentic) return refuse(in, authentic.error());
  const wire::Operation& operation = *in->operation();
  if (operation.form == wire::Form::kBodyIn) {
    Status begun = begin_body(*in);
    if (begun) begun = in->decoder->feed(in->body, [&](std::string_view part) { return in->writer->append(part); });
    if (!begun) return refuse(in, begun.error());
    return finish_body(in);
  }
  if (Status intact = check_body(*in); !intact) return refuse(in, intact.error());
  Result<wire::Any> input = wire::read_input(operation, in->head, in->body);
  if (!input) return refuse(in, input.error());
  in->input = std::move(*input);
  switch (operation.form) {
    case wire::Form::kBodyOut: return answer_body(in, door_.execute_body_out(in->caller, operation, in->input.get()));
    case wire::Form::kWait:
      return door_.execute_wait(in->caller, operation, in->input.get(),
                                {[this, in](Result<wire::Any> given) { answer(in, {std::move(given)}); },
                                 [in](std::move_only_function<void()> left) { in->exchange->on_cancel(std::move(left)); }});
    case wire::Form::kEvents: return answer_events(in, door_.execute_events(in->caller, operation, in->input.get()));
    default: return answer(in, door_.execute(in->caller, operation, in->input.get()));
  }
}

// --- answers: each waits until what it tells is on the disk -----------------------------------------------------------

template <class Send>
void Gateway::when_told(std::shared_ptr<Incoming> in, Sequence seen, Send send) {
  door_.store().when_synced(seen, [this, in, send = std::move(send)](Status synced) mutable {
    if (!synced) return send_error(*in, synced.error());
    send();
  });
}

void Gateway::note_origin(const Incoming& in, http::Response& response) const {
  if (add_cross_origin_ && wire::dialect_of(*in.routed.service) == wire::Dialect::kS3) add_cross_origin_(in.head, response);
}

void Gateway::answer(std::shared_ptr<Incoming> in, Answered<wire::Any> answered) {
  if (!answered.result) return refuse(in, answered.result.error(), answered.seen);
  http::Response response = wire::write_output(*in->operation(), *answered.result, in->caller.request_id);
  note_origin(*in, response);
  when_told(in, answered.seen, [in, response = std::move(response)]() mutable { in->exchange->respond(std::move(response)); });
}

void Gateway::answer_body(std::shared_ptr<Incoming> in, Answered<WithBody<wire::Any>> answered) {
  if (!answered.result) return refuse(in, answered.result.error(), answered.seen);
  http::Response response = wire::write_output(*in->operation(), answered.result->output, in->caller.request_id);
  note_origin(*in, response);
  BlobRange range = std::move(answered.result->body);
  if (range.length <= kWholeBody && range.body) {
    // Small: the bytes go out with the head, and damage is still an error instead of a cut connection.
    response.body.resize(range.length);
    const Result<size_t> got = range.body->read(range.offset, response.body);
    if (!got || *got != range.length)
      return refuse(in, got ? Error{500, "InternalError", "The object's bytes end too early."} : got.error(), answered.seen);
  }
  when_told(in, answered.seen, [in, response = std::move(response), range = std::move(range)]() mutable {
    if (range.length <= kWholeBody || !range.body) return in->exchange->respond(std::move(response));
    const uint64_t length = range.length;
    in->exchange->respond(
        std::move(response), length,
        [source = body_source(std::move(range)), in](std::span<char> into) mutable -> Result<size_t> {
          Result<size_t> got = source(into);
          if (!got) log::error("{} {}: {}", in->caller.request_id, in->operation()->name, got.error().message);
          return got;
        });
  });
}

void Gateway::answer_events(std::shared_ptr<Incoming> in, Answered<WithEvents<wire::Any>> answered) {
  if (!answered.result) return refuse(in, answered.result.error(), answered.seen);
  http::Response response = wire::write_output(*in->operation(), answered.result->output, in->caller.request_id);
  when_told(in, answered.seen,
            [in, response = std::move(response), events = std::move(answered.result->events)]() mutable {
              if (auto* later = dynamic_cast<LaterEvents*>(events.get())) {
                later->when_more([exchange = std::weak_ptr(in->exchange)] {
                  if (const auto there = exchange.lock()) there->resume();
                });
                // The pull keeps the exchange as long as it may be resumed.
                return in->exchange->respond_stream(
                    std::move(response), [later, events = std::move(events), exchange = in->exchange] { return later->pull(); });
              }
              in->exchange->respond_stream(std::move(response), [events = std::move(events)]() mutable -> Result<http::Pulled> {
                std::optional<std::string> message = TRY(events->next());
                if (!message) return http::Pulled{http::Pulled::State::kEnd};
                return http::Pulled{http::Pulled::State::kBytes, std::move(*message)};
              });
            });
}

void Gateway::refuse(std::shared_ptr<Incoming> in, const Error& error, Sequence seen) {
  when_told(in, seen, [this, in, error] { send_error(*in, error); });
}

void Gateway::send_error(Incoming& in, const Error& error) {
  const std::string_view what = in.operation() != nullptr ? in.operation()->name : std::string_view("-");
  if (error.status >= 500) log::error("{} {} {} {}: {}", in.caller.request_id, error.status, what, error.code, error.message);
  else log::info("{} {} {} {}: {}", in.caller.request_id, error.status, what, error.code, error.message);
  http::Response response = wire::write_error(*in.routed.service, error, in.caller.request_id, in.head.method == "HEAD");
  note_origin(in, response);
  in.exchange->respond(std::move(response));
}

}  // namespace tarn
