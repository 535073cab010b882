#include "door/over_http.h"

#include <algorithm>

#include "base/text.h"

namespace tarn {
namespace {

constexpr size_t kMostTrace = 2 << 10;  // bytes of a trace's header

// The trace that a request says it belongs to. SDKs quote what is none of a header's usual signs.
std::string trace_of(const http::RequestHead& head) {
  const std::string_view trace = head.headers.get("x-amzn-trace-id");
  if (trace.size() > kMostTrace) return {};
  return replace_all(std::string(trace), "%7C", "|");
}

}  // namespace

Caller caller_of(const http::RequestHead& head, std::string request_id) {
  return {.principal = {},
          .request_id = std::move(request_id),
          .source_ip = head.peer_address,
          .user_agent = std::string(head.headers.get("user-agent")),
          .host = std::string(head.headers.get("host")),
          .secure = head.secure,
          .source_arn = {},
          .source_account = {},
          .called_via = {},
          .trace = trace_of(head)};
}

http::BodySource body_source(BlobRange range) {
  return [range = std::move(range), at = uint64_t{0}](std::span<char> into) mutable -> Result<size_t> {
    const size_t want = std::min<uint64_t>(into.size(), range.length - at);
    const size_t got = TRY(range.body->read(range.offset + at, into.first(want)));
    at += got;
    return got;
  };
}

}  // namespace tarn
