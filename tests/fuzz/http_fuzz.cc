// Heads and bodies of HTTP/1: they must come out the same however the network cuts them.
#include "fuzz.h"
#include "http/parser.h"

namespace {

struct Outcome {
  bool wrong = false, head_is_whole = false, done = false;
  std::string target, fields, body;
  bool operator==(const Outcome&) const = default;
};

// As a connection does: what was not taken stays, and more comes behind it, `step` bytes at a time.
Outcome parse(std::string_view text, size_t step, size_t max_head) {
  using namespace tarn;
  http::RequestParser parser(max_head);
  Outcome outcome;
  size_t taken = 0, there = 0;
  while (!parser.is_done()) {
    parser.piece = {};
    boost::system::error_code error;
    const size_t used = parser.put(boost::asio::buffer(text.data() + taken, there - taken), error);
    fuzz::require(used <= there - taken);
    taken += used;
    outcome.body += parser.piece;
    if (error && error != boost::beast::http::error::need_more) {
      outcome.wrong = true;
      break;
    }
    if (used > 0 && taken < there) continue;
    if (there == text.size()) break;
    there = std::min(there + step, text.size());
  }
  outcome.done = parser.is_done();
  outcome.head_is_whole = parser.is_header_done();
  if (!outcome.head_is_whole) return outcome;
  outcome.target = parser.head.method + " " + parser.head.path + "?" + parser.head.query;
  for (const auto& [name, value] : parser.head.headers) outcome.fields += name + ":" + value + "\n";
  const char* fault = parser.fault();
  fuzz::planted_fault(!fault && parser.head.headers.contains("Transfer-Encoding") && outcome.body.size() == 1);
  if (!fault) fuzz::require(!parser.head.path.empty() && parser.head.headers.contains("Host") | (parser.version < 11));
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tarn;
  if (size == 0) return 0;
  const std::string_view text = fuzz::text_of(data + 1, size - 1);
  const Outcome whole = parse(text, text.size(), 1 << 20);
  const Outcome pieces = parse(text, 1 + data[0] % 16, 1 << 20);
  if (!whole.wrong && !pieces.wrong) fuzz::require(whole == pieces);
  if (whole.done) fuzz::require(pieces.done);
  parse(text, 1 + data[0] % 16, 64);  // heads beyond the limit
  return 0;
}
