// Bodies of rest-xml.
#include "request.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tarn;
  fuzz::try_request(wire::testing::kS3Put, {.method = "PUT", .path = "/w/a"}, fuzz::text_of(data, size));
  return 0;
}
