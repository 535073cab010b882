// Requests with any authentication: none that is refused lacks words, none that verifies may be changed, and what is signed
// here verifies.
#include "fuzz.h"
#include "head.h"
#include "wire/sigv4.h"

namespace {

using namespace tarn;
using namespace tarn::wire;

constexpr std::string_view kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const Time kNow = from_civil(2015, 8, 30, 12, 36);

AuthResult<Signing> check(const http::Request& request, SigningKeys& keys) {
  const auto presented = parse_auth(request);
  if (!presented) return std::unexpected(presented.error());
  return verify(*presented, request, kSecret, payload_line(*presented, request.body), kNow, keys);
}

void require_words(const AuthFault& fault) {
  for (const Dialect dialect : {Dialect::kS3, Dialect::kQuery, Dialect::kEc2, Dialect::kJson, Dialect::kRestJson}) {
    const Error error = auth_error(fault, dialect);
    fuzz::require(error.status >= 400 && error.status < 500 && !error.code.empty() && !error.message.empty());
  }
}

void sign_and_verify(http::Request request, SigningKeys& keys) {
  if (!request.headers.contains("Host")) return;
  for (const char* ours : {"X-Amz-Date", "X-Amz-Content-Sha256", "X-Amz-Security-Token", "Date"})
    request.headers.erase(ours);
  sign(request, {"AKID/with/slashes", std::string(kSecret), "token"}, "eu-west-1", "glue", kNow);
  fuzz::require(check(request, keys).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static SigningKeys keys;  // as the server has them: one cache for all
  http::Request request = fuzz::request_of(fuzz::text_of(data, size));
  const auto presented = parse_auth(request);
  if (!presented) {
    require_words(presented.error());
    return 0;
  }
  if (presented->kind == Presented::Kind::kAnonymous) {
    sign_and_verify(std::move(request), keys);
    return 0;
  }
  fuzz::planted_fault(presented->kind == Presented::Kind::kPresigned &&
                      presented->expires_seconds != 300);  // the corpus
  const auto verified = check(request, keys);
  if (!verified) {
    require_words(verified.error());
    return 0;
  }
  request.method += "X";
  const auto changed = check(request, keys);
  fuzz::require(!changed && changed.error().kind == AuthFault::Kind::kMismatch);
  return 0;
}
