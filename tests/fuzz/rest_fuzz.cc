// Paths, query strings and headers of rest requests: "path?query" in the first line, a header in each other line.
#include "base/text.h"
#include "request.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tarn;
  const auto lines = split(fuzz::text_of(data, size), '\n');
  http::RequestHead head{.method = "PUT"};
  const std::string_view target = lines.front();
  head.path = "/w/" + std::string(target.substr(0, target.find('?')));
  if (const size_t question = target.find('?'); question != std::string_view::npos)
    head.query = target.substr(question + 1);
  for (size_t i = 1; i < lines.size(); ++i) {
    const size_t colon = lines[i].find(':');
    if (colon == std::string_view::npos) continue;
    head.headers.add(std::string(lines[i].substr(0, colon)), std::string(lines[i].substr(colon + 1)));
  }
  fuzz::try_request(wire::testing::kRestJsonPut, head, "");
  fuzz::try_request(wire::testing::kS3Put, head, "");
  const auto input = wire::read_input(wire::testing::kS3Put, head, "");
  fuzz::planted_fault(input && input->as<wire::testing::Widget>().numbers.size() == 1);  // the corpus has two
  return 0;
}
