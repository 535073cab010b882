// Bodies of the json protocols.
#include "request.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tarn;
  fuzz::try_request(wire::testing::kJsonPut, {.method = "POST", .path = "/"}, fuzz::text_of(data, size));
  return 0;
}
