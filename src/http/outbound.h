// What is sent out into the world: HTTP and HTTPS requests to any URL, and mail through an SMTP server.
// Whose certificates are believed: the system's authorities, or those of the PEM file that SSL_CERT_FILE names.
// THREADS: any; each blocks its caller.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace tarn::http {

struct Outbound {
  std::string method = "POST";
  std::string url;  // http:// or https://
  Headers headers = {};
  std::string body = {};
  std::chrono::milliseconds timeout{15'000};
  size_t most = 1 << 20;  // bytes of the answer that are kept
  bool direct = false;    // past the proxies that the environment names
};

// Whatever the server answers. Redirects are not followed. ERRORS: 503 Unreachable (with the reason), 504 TimedOut, 502 BadAnswer
// (it is cut, or no HTTP), 400 InvalidUrl.
Result<Response> fetch(const Outbound& request);

struct MailServer {
  std::string host;
  int port = 25;
  enum class Tls : uint8_t { kNone, kStart, kWhole } tls = Tls::kNone;  // STARTTLS, or TLS from the first byte
  std::string user = {}, password = {};                                 // empty: no login
};

struct Mail {
  std::string from;
  std::vector<std::string> to;
  std::string message;  // RFC 5322: head, empty line, body; lines end with CR LF
};

// ERRORS: 503 Unreachable, 504 TimedOut; 400 MailRefused where the server says that it never will (5xx).
Status send_mail(const MailServer& server, const Mail& mail, std::chrono::milliseconds timeout);

}  // namespace tarn::http
