#include "services/lambda/url_door.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "door/door.h"
#include "door/over_http.h"
#include "door/parameters.h"
#include "os/clock.h"
#include "os/random.h"
#include "services/lambda/code_link.h"
#include "services/lambda/response_pipe.h"
#include "services/lambda/url_event.h"

namespace tarn::lambda {
namespace {

constexpr size_t kMostBody = 6 << 20;  // AWS: Lambda quotas: synchronous invocation payload
constexpr std::string_view kLabel = ".lambda-url.";
constexpr std::string_view kPreludeType = "application/vnd.awslambda.http-integration-response";
constexpr std::string_view kPreludeEnd("\0\0\0\0\0\0\0\0", 8);

http::Response problem(int status, std::string_view message) {
  return {.status = status,
          .headers = {{"Content-Type", "application/json"}},
          .body = Json::object({{"Message", message}}).text()};
}

bool listed(const std::vector<std::string>& list, std::string_view value) {
  return std::ranges::any_of(list,
                             [&](const std::string& one) { return one == "*" || equals_ignore_case(one, value); });
}

// The answer's CORS headers: the URL's own replace what the function says. AWS: "Cross-origin resource sharing (CORS)".
void add_cors(const UrlRecord& url, std::string_view origin, http::Headers& headers) {
  if (!url.has_cors || origin.empty() || !listed(url.origins, origin)) return;
  const bool any = std::ranges::find(url.origins, "*") != url.origins.end() && !url.credentials;
  headers.set("Access-Control-Allow-Origin", any ? "*" : std::string(origin));
  if (!any) headers.set("Vary", "Origin");
  if (url.credentials) headers.set("Access-Control-Allow-Credentials", "true");
  if (!url.exposed.empty())
    headers.set("Access-Control-Expose-Headers", fmt::format("{}", fmt::join(url.exposed, ",")));
}

http::Response preflight(const UrlRecord& url, const http::Headers& asked) {
  http::Response response{.status = 200, .headers = {}, .body = {}};
  const std::string_view origin = asked.get("origin"), method = asked.get("access-control-request-method");
  if (!listed(url.origins, origin) || !listed(url.methods, method)) return response;
  add_cors(url, origin, response.headers);
  response.headers.set("Access-Control-Allow-Methods", fmt::format("{}", fmt::join(url.methods, ",")));
  if (!url.headers.empty())
    response.headers.set("Access-Control-Allow-Headers", fmt::format("{}", fmt::join(url.headers, ",")));
  if (url.max_age) response.headers.set("Access-Control-Max-Age", std::to_string(*url.max_age));
  return response;
}

}  // namespace

bool is_for_url_door(const http::RequestHead& head) {
  return head.headers.get("host").find(kLabel) != std::string_view::npos || is_code_link(head);
}

struct UrlDoor::Asked {
  std::shared_ptr<http::Exchange> exchange;
  std::string body = {}, host = {}, id = {}, region = {};
  std::string request_id = uuid4();
  UrlRecord url = {};
  Found found = {};
  Caller caller = {};

  const http::RequestHead& head() const { return exchange->head(); }
  void respond(http::Response response) const {
    response.headers.set("x-amzn-RequestId", request_id);
    add_cors(url, head().headers.get("origin"), response.headers);
    exchange->respond(std::move(response));
  }
};

void UrlDoor::handle(std::shared_ptr<http::Exchange> exchange) {
  if (is_code_link(exchange->head()))
    return blocking_([this, exchange = std::move(exchange)]() mutable { send_code(lambda_, std::move(exchange)); });
  auto asked = std::make_shared<Asked>(std::move(exchange));
  asked->host = asked->head().headers.get("host");
  const size_t label = asked->host.find(kLabel);
  asked->id = asked->host.substr(0, label);
  const std::string rest = asked->host.substr(label + kLabel.size());
  asked->region = rest.substr(0, rest.find('.'));
  asked->exchange->read_body(kMostBody, [this, asked](Result<std::string> body) {
    if (!body) return asked->respond(problem(body.error().status, body.error().message));
    asked->body = std::move(*body);
    blocking_([this, asked] { serve(asked); });
  });
}

// The function behind the id.
Status UrlDoor::find(Asked& asked) {
  Door& door = lambda_.door;
  const auto tx = door.store().read();
  Call call(door, asked.caller, tx.get(), door.clock().now());
  const auto id = TRY(call.get(kUrlIds, {lower(asked.id)}, Lock::kNone));
  if (!id || id->function.region != asked.region) return not_found("There is no function URL of this name.");
  const FunctionRecord function = TRY(find_function(call, {id->function, id->qualifier}, Lock::kNone));
  const auto url = TRY(call.get(kUrls, {function.id, id->qualifier}, Lock::kNone));
  if (!url) return not_found("There is no function URL of this name.");
  asked.url = *url;
  asked.found = TRY(find_called(call, {id->function, id->qualifier}));
  return {};
}

// Of AuthType AWS_IAM: who signed; of NONE: nobody.
Result<Caller> UrlDoor::caller_of(const Asked& asked) {
  Caller caller = tarn::caller_of(asked.head(), asked.request_id);
  caller.region = asked.region;
  if (asked.url.auth == "NONE") return caller;
  const auto fault = [](const wire::AuthFault& what) {
    return Failure(wire::auth_error(what, wire::Dialect::kRestJson));
  };
  const auto presented = wire::parse_auth(asked.head());
  if (!presented) return fault(presented.error());
  if (presented->kind == wire::Presented::Kind::kAnonymous || presented->service != "lambda")
    return fail(403, "AccessDeniedException", "Forbidden");
  AccessKey key = TRY(lambda_.door.find_key(presented->access_key, presented->session_token));
  const auto signing = wire::verify(*presented, asked.head(), key.secret, wire::payload_line(*presented, asked.body),
                                    system_now(), signing_keys_);
  if (!signing) return fault(signing.error());
  caller.principal = std::move(key.principal);
  return caller;
}

Status UrlDoor::judge(Asked& asked) {
  Door& door = lambda_.door;
  const auto tx = door.store().read();
  const FunctionName& name = asked.found.name;
  // AWS: Developer Guide, "Control access to Lambda function URLs": since October 2025 both are needed.
  Need url{.action = "lambda:InvokeFunctionUrl",
           .resource = name.qualified_arn(),
           .owner = name.key.account,
           .resource_policy = policy_of(asked.found.function, name.qualifier),
           .context = {{"lambda:FunctionUrlAuthType", {asked.url.auth}}}};
  Need function = url;
  function.action = "lambda:InvokeFunction";
  function.context = {{"lambda:InvokedViaFunctionUrl", {"true"}}};
  Judgement judgement;
  const Status allowed =
      tarn::judge(*tx, door.identities(), lambda_.policies, asked.caller, {std::move(url), std::move(function)},
                  caller_context(asked.caller, door.clock().now()), &kService, judgement);
  record(asked, judgement, allowed);
  return allowed;
}

// A call by an address passes no operation of the door: its audit record is written here.
void UrlDoor::record(const Asked& asked, const Judgement& judgement, const Status& allowed) {
  const Principal& who = asked.caller.principal;
  const std::string arn = asked.found.name.qualified_arn();
  AuditRecord record{.time = system_now(),
                     .service = std::string(kService.signing_name),
                     .operation = "InvokeFunctionUrl",
                     .request_id = asked.request_id,
                     .principal_arn = who.arn,
                     .principal_kind = std::string(audit_kind(who.kind)),
                     .account = asked.found.name.key.account,
                     .access_key = who.access_key,
                     .role_arn = who.role_arn,
                     .region = asked.region,
                     .source_ip = asked.caller.source_ip,
                     .user_agent = asked.caller.user_agent,
                     .called_via = {},
                     .parameters = Json::object({{"functionName", arn}, {"host", asked.host}}).text(),
                     .resources = {arn},
                     .actions = {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"},
                     .allowed = allowed.has_value(),
                     .decided_by = judgement.decided_by};
  if (!allowed) {
    record.error_code = allowed.error().code;
    record.error_message = allowed.error().message;
  }
  lambda_.door.audit().write_later(record);
}

void UrlDoor::serve(std::shared_ptr<Asked> asked) {
  if (const Status there = find(*asked); !there)
    return asked->respond(
        problem(there.error().status, there.error().status == 404 ? "Not Found" : there.error().message));
  const http::Headers& headers = asked->head().headers;
  if (asked->url.has_cors && asked->head().method == "OPTIONS" && headers.contains("access-control-request-method"))
    return asked->respond(preflight(asked->url, headers));
  auto caller = caller_of(*asked);
  if (!caller) return asked->respond(problem(403, caller.error().message));
  asked->caller = std::move(*caller);
  if (const Status allowed = judge(*asked); !allowed) return asked->respond(problem(403, "Forbidden"));
  call(asked);
}

namespace {

// A streamed answer: its head when the first bytes, or the prelude, are there; then the bytes as they come.
class UrlStream : public std::enable_shared_from_this<UrlStream> {
 public:
  UrlStream(std::shared_ptr<http::Exchange> exchange, std::function<void(http::Response&)> dress)
      : exchange_(std::move(exchange)), dress_(std::move(dress)) {}

  ResponsePipe pipe;

  void start() {
    pipe.when_more([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->more();
    });
  }

 private:
  void more() {
    auto head = begin();
    if (!head) return exchange_->resume();
    dress_(*head);
    exchange_->respond_stream(std::move(*head), [self = shared_from_this()] { return self->pull(); });
  }

  // The answer's head, once.
  std::optional<http::Response> begin() {
    const std::lock_guard lock(mutex_);
    if (begun_) return std::nullopt;
    const ResponsePipe::Taken taken = pipe.take();
    ready_ += taken.bytes;
    over_ = taken.ended.has_value();
    std::optional<http::Response> head;
    if (taken.ended && (!*taken.ended || !(*taken.ended)->error.empty())) {
      head = problem(502, "Internal Server Error");
    } else if (taken.type == kPreludeType) {
      const size_t end = ready_.find(kPreludeEnd);
      if (end == std::string::npos && !over_) return std::nullopt;
      if (end != std::string::npos) head = url_prelude(std::string_view(ready_).substr(0, end));
      if (head)
        head->body = ready_.substr(end + kPreludeEnd.size());
      else
        head = problem(502, "Internal Server Error");
    } else {
      const std::string type = taken.type.empty() ? "application/octet-stream" : taken.type;
      head = http::Response{.status = 200, .headers = {{"Content-Type", type}}, .body = std::move(ready_)};
    }
    ready_ = std::exchange(head->body, {});
    begun_ = true;
    return head;
  }

  Result<http::Pulled> pull() {
    const std::lock_guard lock(mutex_);
    if (!over_) {
      ResponsePipe::Taken taken = pipe.take();
      ready_ += taken.bytes;
      if (taken.ended) {
        over_ = true;
        if (!*taken.ended || !(*taken.ended)->error.empty())
          return internal_failure("the function failed in the middle of its answer");
      }
    }
    if (!ready_.empty()) return http::Pulled{http::Pulled::State::kBytes, std::exchange(ready_, {})};
    return http::Pulled{over_ ? http::Pulled::State::kEnd : http::Pulled::State::kLater};
  }

  std::shared_ptr<http::Exchange> exchange_;
  const std::function<void(http::Response&)> dress_;
  std::mutex mutex_;
  std::string ready_;
  bool begun_ = false, over_ = false;
};

}  // namespace

void UrlDoor::call(std::shared_ptr<Asked> asked) {
  const Json event = url_event({.head = asked->head(),
                                .body = asked->body,
                                .url_id = asked->id,
                                .host = asked->host,
                                .request_id = asked->request_id,
                                .principal = asked->url.auth == "NONE" ? nullptr : &asked->caller.principal,
                                .time = lambda_.door.clock().now()});
  Invocation invocation{.request_id = asked->request_id,
                        .arn = asked->found.name.qualified_arn(),
                        .payload = event.text(),
                        .client_context = {},
                        .trace = asked->caller.trace};
  if (asked->url.mode == "RESPONSE_STREAM") {
    const auto stream = std::make_shared<UrlStream>(asked->exchange, [asked](http::Response& head) {
      head.headers.set("x-amzn-RequestId", asked->request_id);
      add_cors(asked->url, asked->head().headers.get("origin"), head.headers);
    });
    stream->start();
    invocation.piece = [stream](std::string_view type, std::string_view bytes) { stream->pipe.push(type, bytes); };
    return lambda_.environments.invoke(
        program_of(asked->found), std::move(invocation),
        [stream](Result<InvocationResult> result) { stream->pipe.end(std::move(result)); });
  }
  lambda_.environments.invoke(program_of(asked->found), std::move(invocation),
                              [asked](Result<InvocationResult> result) {
                                if (!result)
                                  return asked->respond(problem(result.error().status, result.error().message));
                                // AWS: a function's error is an error of the gateway.
                                if (!result->error.empty())
                                  return asked->respond(problem(502, "Internal Server Error"));
                                asked->respond(url_answer(result->payload));
                              });
}

}  // namespace tarn::lambda
