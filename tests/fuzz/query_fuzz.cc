// Forms of query and ec2 query; the first byte says which.
#include "request.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tarn;
  if (size == 0) return 0;
  const wire::Operation& operation = data[0] == '2' ? wire::testing::kEc2Put : wire::testing::kQueryPut;
  fuzz::try_request(operation, {.method = "POST", .path = "/"}, fuzz::text_of(data + 1, size - 1));
  return 0;
}
