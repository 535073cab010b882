#include "http/outbound.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <mutex>

#include "base/text.h"

namespace tarn::http {
namespace {

struct FreeHandle {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Handle = std::unique_ptr<CURL, FreeHandle>;

class Lines {
 public:
  void add(const std::string& line) { list_.reset(curl_slist_append(list_.release(), line.c_str())); }
  curl_slist* get() const { return list_.get(); }

 private:
  std::unique_ptr<curl_slist, FreeList> list_;
};

Handle make_handle(std::chrono::milliseconds timeout) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  Handle handle(curl_easy_init());
  curl_easy_setopt(handle.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
  if (const char* trusted = std::getenv("SSL_CERT_FILE"); trusted != nullptr && *trusted != '\0')
    curl_easy_setopt(handle.get(), CURLOPT_CAINFO, trusted);
  return handle;
}

Failure failure_of(CURLcode code, const std::string& where, const char* detail) {
  const std::string why = *detail != '\0' ? detail : curl_easy_strerror(code);
  if (code == CURLE_OPERATION_TIMEDOUT)
    return fail(504, "TimedOut", fmt::format("{} did not answer in time: {}", where, why));
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL)
    return fail(400, "InvalidUrl", fmt::format("{} is no URL that can be called: {}", where, why));
  if (code == CURLE_PARTIAL_FILE || code == CURLE_GOT_NOTHING || code == CURLE_WEIRD_SERVER_REPLY)
    return fail(502, "BadAnswer", fmt::format("{} gave no whole answer: {}", where, why));
  return fail(503, "Unreachable", fmt::format("{} cannot be reached: {}", where, why));
}

struct Received {
  Response response;
  size_t most;
};

size_t take_body(char* bytes, size_t size, size_t count, void* into) {
  auto& received = *static_cast<Received*>(into);
  const size_t room = received.most - std::min(received.most, received.response.body.size());
  received.response.body.append(bytes, std::min(room, size * count));
  return size * count;
}

size_t take_header(char* bytes, size_t size, size_t count, void* into) {
  const std::string_view line = trim({bytes, size * count});
  const size_t colon = line.find(':');
  if (colon != std::string_view::npos)
    static_cast<Received*>(into)->response.headers.add(std::string(line.substr(0, colon)),
                                                       std::string(trim(line.substr(colon + 1))));
  return size * count;
}

struct Sent {
  std::string_view left;
};

size_t give_message(char* into, size_t size, size_t count, void* from) {
  auto& sent = *static_cast<Sent*>(from);
  const size_t length = std::min(size * count, sent.left.size());
  std::ranges::copy(sent.left.substr(0, length), into);
  sent.left.remove_prefix(length);
  return length;
}

}  // namespace

Result<Response> fetch(const Outbound& request) {
  const Handle handle = make_handle(request.timeout);
  CURL* curl = handle.get();
  char detail[CURL_ERROR_SIZE] = "";
  Received received{{}, request.most};
  Lines headers;
  for (const auto& [name, value] : request.headers) headers.add(value.empty() ? name + ";" : name + ": " + value);
  headers.add("Expect:");  // no 100-continue: many small servers do not know it
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);  // as it is signed
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  if (request.direct) curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH") {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.c_str());
  }
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &received);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &received);
  if (const CURLcode code = curl_easy_perform(curl); code != CURLE_OK) return failure_of(code, request.url, detail);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  received.response.status = static_cast<int>(status);
  return std::move(received.response);
}

Status send_mail(const MailServer& server, const Mail& mail, std::chrono::milliseconds timeout) {
  const Handle handle = make_handle(timeout);
  CURL* curl = handle.get();
  char detail[CURL_ERROR_SIZE] = "";
  const bool whole = server.tls == MailServer::Tls::kWhole;
  const std::string url = fmt::format("{}://{}:{}", whole ? "smtps" : "smtp", server.host, server.port);
  Lines to;
  for (const std::string& address : mail.to) to.add("<" + address + ">");
  const std::string from = "<" + mail.from + ">";
  Sent sent{mail.message};
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  if (server.tls == MailServer::Tls::kStart) curl_easy_setopt(curl, CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL));
  if (!server.user.empty()) {
    curl_easy_setopt(curl, CURLOPT_USERNAME, server.user.c_str());
    curl_easy_setopt(curl, CURLOPT_PASSWORD, server.password.c_str());
  }
  curl_easy_setopt(curl, CURLOPT_MAIL_FROM, from.c_str());
  curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to.get());
  curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_message);
  curl_easy_setopt(curl, CURLOPT_READDATA, &sent);
  const CURLcode code = curl_easy_perform(curl);
  if (code == CURLE_OK) return {};
  long answer = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer);
  if (answer >= 500)
    return fail(400, "MailRefused",
                fmt::format("{} refuses the mail with {}: {}", url, answer,
                            *detail != '\0' ? detail : curl_easy_strerror(code)));
  return failure_of(code, url, detail);
}

}  // namespace tarn::http
