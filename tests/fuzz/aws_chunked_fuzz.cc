// Bodies in chunks: what comes out does not depend on how the network cuts them, and never is more than went in.
//
// The input: x-amz-content-sha256, the decoded length and the trailers' names, a line each; then the body.
#include "fuzz.h"
#include "head.h"
#include "wire/aws_chunked.h"

namespace {

using namespace tarn;
using namespace tarn::wire;

struct Outcome {
  std::string bytes, error, trailers;
  bool operator==(const Outcome&) const = default;
};

Outcome decode(std::string_view text, size_t step) {
  Presented presented{.kind = Presented::Kind::kHeader};
  presented.payload = fuzz::take_line(text);
  http::RequestHead head{.method = "PUT"};
  const bool streams = presented.payload.starts_with("STREAMING");
  if (const auto length = fuzz::take_line(text); !length.empty())
    head.headers.add(streams ? "x-amz-decoded-content-length" : "Content-Length", std::string(length));
  if (const auto names = fuzz::take_line(text); !names.empty()) head.headers.add("X-Amz-Trailer", std::string(names));
  const Signing signing{std::string(32, 'k'), "20150830T123600Z", "20150830/us-east-1/s3/aws4_request",
                        std::string(64, '0')};
  auto decoder = PayloadDecoder::start(presented, head, &signing);
  if (!decoder) return {.error = decoder.error().code};
  Outcome outcome;
  const auto sink = [&](std::string_view bytes) -> Status {
    outcome.bytes += bytes;
    fuzz::planted_fault(presented.payload == kStreamingUnsignedTrailer && step > 64 && bytes.size() == 2);
    return {};
  };
  const size_t whole = text.size();
  Status fed;
  while (fed && !text.empty()) {
    fed = decoder->feed(text.substr(0, step), sink);
    text.remove_prefix(std::min(step, text.size()));
  }
  if (fed) fed = decoder->finish();
  fuzz::require(outcome.bytes.size() <= whole);
  if (!fed) {
    fuzz::require(!fed.error().message.empty());
    return {.error = fed.error().code};
  }
  if (decoder->decoded_length()) fuzz::require(outcome.bytes.size() == *decoder->decoded_length());
  for (const auto& [name, value] : decoder->trailers()) outcome.trailers += name + ":" + value + "\n";
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text = fuzz::text_of(data + 1, size - 1);
  const Outcome whole = decode(text, text.size() + 65), pieces = decode(text, 1 + data[0] % 16);
  fuzz::require(whole == pieces);
  return 0;
}
