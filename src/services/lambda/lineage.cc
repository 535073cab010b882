#include "services/lambda/lineage.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/digest.h"
#include "base/text.h"
#include "os/random.h"

namespace tarn::lambda {
namespace {

constexpr size_t kMostFunctions = 32;  // in a header; the one that was not called for the longest time goes
constexpr int64_t kMostCounted = 255;

struct Counted {
  std::string function;  // hashed
  int64_t calls = 0;
};

std::vector<Counted> parse_lineage(std::string_view text) {
  std::vector<Counted> all;
  for (const std::string_view entry : split(text, '|')) {
    const size_t colon = entry.rfind(':');
    if (colon == std::string_view::npos) continue;
    if (const auto calls = parse_int(entry.substr(colon + 1)); calls && *calls > 0)
      all.push_back({std::string(entry.substr(0, colon)), std::min(*calls, kMostCounted)});
  }
  return all;
}

}  // namespace

ChainedCall chained_call(std::string_view trace, std::string_view function_arn, Time now) {
  std::string root, sampled = "0";
  std::vector<Counted> lineage;
  for (const std::string_view field : split(trace, ';')) {
    const size_t equals = field.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = trim(field.substr(0, equals)), value = field.substr(equals + 1);
    if (name == "Root") root = value;
    if (name == "Sampled") sampled = value;
    if (name == "Lineage") lineage = parse_lineage(value);
  }
  if (root.empty()) root = fmt::format("1-{:08x}-{}", now.micros / kSecond, random_hex(24));

  const std::string hash = hex(sha256(function_arn)).substr(0, 8);
  const auto before = std::ranges::find(lineage, hash, &Counted::function);
  Counted own{hash, 1};
  if (before != lineage.end()) {
    own.calls = std::min(before->calls + 1, kMostCounted);
    lineage.erase(before);
  } else if (lineage.size() >= kMostFunctions) {
    lineage.erase(lineage.begin());
  }
  const int calls = static_cast<int>(own.calls);
  lineage.push_back(std::move(own));

  std::string text = fmt::format("Root={};Parent={};Sampled={};Lineage=", root, random_hex(16), sampled);
  for (const Counted& one : lineage)
    text += fmt::format("{}{}:{}", &one == lineage.data() ? "" : "|", one.function, one.calls);
  return {std::move(text), calls};
}

}  // namespace tarn::lambda
