#include "services/lambda/code_link.h"

#include <fmt/format.h>

#include "base/digest.h"
#include "base/text.h"
#include "door/door.h"
#include "os/clock.h"

namespace tarn::lambda {
namespace {

constexpr std::string_view kPath = "/_tarn/lambda/code/";  // no bucket's name begins so
constexpr Micros kValid = 10 * kMinute;

std::string seal_of(Door& door, std::string_view text) {
  return hex(hmac_sha256(door.store().secret("lambda.code"), text));
}

// "12:0:345/1700000000/<seal>": where the bytes lie, until when.
Result<std::vector<Segment>> code_at(Door& door, std::string_view path) {
  const auto invalid = [] { return fail(403, "AccessDenied", "This link is not valid, or not any more."); };
  const size_t seal = path.rfind('/');
  if (seal == std::string_view::npos ||
      !constant_time_equal(seal_of(door, path.substr(0, seal)), path.substr(seal + 1)))
    return invalid();
  const auto parts = split(path, '/');
  if (parts.size() != 3 || Time::of_seconds(parse_int(parts[1]).value_or(0)) < system_now()) return invalid();
  std::vector<Segment> code;
  for (const std::string_view one : split(parts[0], ',')) {
    const auto numbers = split(one, ':');
    if (numbers.size() != 3) return invalid();
    code.push_back({static_cast<BlobId>(parse_int(numbers[0]).value_or(0)),
                    static_cast<uint64_t>(parse_int(numbers[1]).value_or(0)),
                    static_cast<uint64_t>(parse_int(numbers[2]).value_or(0))});
  }
  return code;
}

}  // namespace

std::string code_link(Lambda& lambda, const Call& call, const std::vector<Segment>& code) {
  std::string text;
  for (const Segment& segment : code)
    text += fmt::format("{}{}:{}:{}", text.empty() ? "" : ",", segment.blob, segment.offset, segment.length);
  text += fmt::format("/{}", (system_now() + kValid).micros / kSecond);
  const std::string& host = call.caller().host;
  return fmt::format("http://{}{}{}/{}", host.empty() ? fmt::format("localhost:{}", lambda.environments.port()) : host,
                     kPath, text, seal_of(lambda.door, text));
}

bool is_code_link(const http::RequestHead& head) {
  return head.path.starts_with(kPath);
}

void send_code(Lambda& lambda, std::shared_ptr<http::Exchange> exchange) {
  const auto refuse = [&](const Error& error) {
    exchange->respond(
        {.status = error.status, .headers = {{"Content-Type", "text/plain"}}, .body = error.message + "\n"});
  };
  const auto code = code_at(lambda.door, std::string_view(exchange->head().path).substr(kPath.size()));
  if (!code) return refuse(code.error());
  const auto tx = lambda.door.store().read();
  auto body = lambda.door.blobs().open_body(*tx, *code);
  if (!body) return refuse({404, "NotFound", "The package has been deleted since."});
  const uint64_t length = (*body)->size();
  exchange->respond({.status = 200, .headers = {{"Content-Type", "application/zip"}}, .body = {}}, length,
                    [body = std::move(*body), at = uint64_t{0}](std::span<char> into) mutable -> Result<size_t> {
                      const size_t got = TRY(body->read(at, into));
                      at += got;
                      return got;
                    });
}

}  // namespace tarn::lambda
