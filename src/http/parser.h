// Beast's incremental HTTP/1 parser, feeding a RequestHead and handing out body bytes in place.
#pragma once

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <cctype>
#include <string>
#include <string_view>

#include "base/text.h"
#include "http/message.h"

namespace tarn::http {

class RequestParser : public boost::beast::http::basic_parser<true> {
  using error_code = boost::beast::error_code;
  using beast_view = boost::beast::string_view;
  using field = boost::beast::http::field;

 public:
  explicit RequestParser(size_t max_head) {
    header_limit(static_cast<uint32_t>(max_head));
    body_limit(boost::none);
    eager(false);  // one head, or one piece of a body, a put
  }

  RequestHead head;
  int version = 11;
  Headers trailers;  // behind a chunked body
  // The body bytes that the last put found, within the buffer it was given.
  std::string_view piece;

  // What RFC 9112 forbids and the parser lets pass, or nullptr. REQUIRES: is_header_done()
  const char* fault() const {
    const auto count = [&](std::string_view name) {
      return std::ranges::count_if(head.headers, [&](const auto& f) { return equals_ignore_case(f.first, name); });
    };
    const std::string_view length = head.headers.get("Content-Length");
    if (count("Content-Length") > 1 || !std::ranges::all_of(length, [](unsigned char c) { return std::isdigit(c); }))
      return "Content-Length must be one number";
    if (head.headers.contains("Transfer-Encoding") && head.headers.contains("Content-Length"))
      return "Content-Length and Transfer-Encoding together";
    const auto hosts = count("Host");
    if (hosts > 1 || (hosts == 0 && version == 11)) return "there must be one Host field";
    if (head.path.empty() || (head.path[0] != '/' && head.path != "*")) return "the target is no path";
    return nullptr;
  }

 private:
  void on_request_impl(boost::beast::http::verb, beast_view method, beast_view target, int v, error_code&) override {
    head.method.assign(method.data(), method.size());
    version = v;
    std::string_view text(target.data(), target.size());
    if (!text.starts_with('/')) {  // absolute form: the path begins behind the authority
      const size_t scheme = text.find("://");
      if (scheme != text.npos) text.remove_prefix(std::min(text.find_first_of("/?", scheme + 3), text.size()));
    }
    const size_t mark = text.find('?');
    head.path = text.substr(0, mark);
    if (head.path.empty()) head.path = "/";
    if (mark != text.npos) head.query = text.substr(mark + 1);
  }
  void on_response_impl(int, beast_view, int, error_code&) override {}
  void on_field_impl(field, beast_view name, beast_view value, error_code&) override {
    (is_header_done() ? trailers : head.headers)
        .add(std::string(name.data(), name.size()), std::string(value.data(), value.size()));
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<uint64_t>&, error_code&) override {}
  size_t on_body_impl(beast_view body, error_code&) override { return take(body); }
  void on_chunk_header_impl(uint64_t, beast_view, error_code&) override {}
  size_t on_chunk_body_impl(uint64_t, beast_view body, error_code&) override { return take(body); }
  void on_finish_impl(error_code&) override {}

  size_t take(beast_view body) {
    piece = {body.data(), body.size()};
    return body.size();
  }
};

}  // namespace tarn::http
