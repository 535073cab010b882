// Event stream messages; what decodes must encode to the same bytes. The input's bytes are a message but for the checksums,
// which are put right here: no fuzzer guesses a CRC.
#include "base/digest.h"
#include "fuzz.h"
#include "wire/event_stream.h"

namespace {

std::string with_checksums(std::string bytes) {
  using tarn::DigestKind;
  if (bytes.size() < 16) return bytes;
  const std::string_view all(bytes);
  bytes.replace(8, 4, tarn::digest(DigestKind::kCrc32, all.substr(0, 8)));
  bytes.replace(bytes.size() - 4, 4, tarn::digest(DigestKind::kCrc32, all.substr(0, all.size() - 4)));
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tarn;
  (void)wire::decode_message(fuzz::text_of(data, size));
  std::string bytes = with_checksums(std::string(fuzz::text_of(data, size)));
  const auto decoded = wire::decode_message(bytes);
  if (!decoded || !*decoded) return 0;
  const auto& [message, taken] = **decoded;
  fuzz::require(taken <= bytes.size());
  fuzz::planted_fault(!message.headers.empty() && message.headers[0].first != ":event-type");
  bool short_enough = true;  // the encoder cuts a header's value at 32,767 bytes
  for (const auto& [name, value] : message.headers) short_enough &= value.size() <= 0x7FFF;
  if (short_enough) fuzz::require(wire::encode_message(message) == bytes.substr(0, taken));
  return 0;
}
