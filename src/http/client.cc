#include "http/client.h"

#include <fmt/format.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

namespace tarn::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;

// Runs asynchronous steps one at a time on the calling thread, all within one deadline.
class Call {
 public:
  Call(std::string where, std::chrono::milliseconds timeout) : where_(std::move(where)), stream_(context_) {
    stream_.expires_after(timeout);
  }

  Status connect(const std::string& host, uint16_t port) {
    error_code error;
    asio::ip::tcp::resolver resolver(context_);
    const auto found = resolver.resolve(host, std::to_string(port), error);
    if (error) return failed(503, "Unreachable", error);
    error = run([&](auto done) { stream_.async_connect(found, [done](error_code e, const auto&) { done(e); }); });
    if (error) return failed(503, "Unreachable", error);
    return {};
  }

  Status write(const Request& request) {
    beast::http::request<beast::http::string_body> message;
    message.method_string(request.method);
    message.target(request.query.empty() ? request.path : request.path + "?" + request.query);
    message.version(11);
    for (const auto& [name, value] : request.headers) message.insert(name, value);
    if (!request.headers.contains("Host")) message.set(beast::http::field::host, where_);
    message.set(beast::http::field::connection, "close");
    message.body() = request.body;
    if (!request.body.empty() || (request.method != "GET" && request.method != "HEAD"))
      message.content_length(request.body.size());
    const error_code error =
        run([&](auto done) { beast::http::async_write(stream_, message, [done](error_code e, size_t) { done(e); }); });
    // A server that refuses early closes its side: what it answered is read nevertheless.
    if (error && error != asio::error::broken_pipe && error != asio::error::connection_reset)
      return failed(502, "BadAnswer", error);
    return {};
  }

  Result<Response> read(bool is_head, size_t max_body) {
    beast::flat_buffer buffer;
    beast::http::response_parser<beast::http::string_body> parser;
    parser.header_limit(64 << 10);
    parser.body_limit(max_body);
    parser.skip(is_head);
    const error_code error = run([&](auto done) {
      beast::http::async_read(stream_, buffer, parser, [done](error_code e, size_t) { done(e); });
    });
    if (error) return Failure(failed(502, "BadAnswer", error).error());
    Response response;
    response.status = static_cast<int>(parser.get().result_int());
    for (const auto& field : parser.get()) response.headers.add(field.name_string(), field.value());
    response.body = std::move(parser.get().body());
    return response;
  }

 private:
  template <class Begin>
  error_code run(Begin begin) {
    error_code result;
    begin([&result](error_code error) { result = error; });
    context_.restart();
    context_.run();
    return result;
  }

  Status failed(int status, std::string code, const error_code& error) const {
    if (error == beast::error::timeout) return fail(504, "TimedOut", fmt::format("{} did not answer in time", where_));
    return fail(status, std::move(code), fmt::format("{}: {}", where_, error.message()));
  }

  const std::string where_;
  asio::io_context context_{1};
  beast::tcp_stream stream_;
};

}  // namespace

Result<Response> send(const std::string& host, uint16_t port, const Request& request, std::chrono::milliseconds timeout,
                      size_t max_body) {
  Call call(fmt::format("{}:{}", host, port), timeout);
  TRY(call.connect(host, port));
  TRY(call.write(request));
  return call.read(request.method == "HEAD", max_body);
}

}  // namespace tarn::http
