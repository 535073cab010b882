// What matching costs, without the server around it: 10,000 events, each read from its text, flattened and asked of an index
// of 1,000 rules. Prints one JSON object: microseconds an event, and matches, for each of three sets of rules.
#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <vector>

#include "os/clock.h"
#include "services/events/rule_index.h"

namespace {

using namespace tarn;
using namespace tarn::events;

constexpr int kRules = 1'000, kEvents = 10'000;

std::string event_text(int i) {
  return fmt::format(
      R"({{"version":"0","id":"{0:032x}","detail-type":"Object Created","source":"aws.s3","account":"123456789012",)"
      R"("time":"2024-05-06T07:08:09Z","region":"us-east-1","resources":["arn:aws:s3:::bucket-{1}"],"detail":{{)"
      R"("version":"0","bucket":{{"name":"bucket-{1}"}},"object":{{"key":"in/{1}/{0}.csv","size":{0},"etag":"x","sequencer":"0"}},)"
      R"("request-id":"{0:016x}","requester":"123456789012","source-ip-address":"10.0.0.1","reason":"PutObject"}}}})",
      i, i % kRules);
}

// One that many users write: a bucket, and conditions on the key. And two in which rules differ by no literal.
std::string by_bucket(int i) {
  return fmt::format(R"({{"source":["aws.s3"],"detail-type":["Object Created"],"detail":{{"bucket":{{"name":["bucket-{}"]}},)"
                     R"("object":{{"key":[{{"prefix":"in/"}}],"size":[{{"numeric":[">=",0]}}]}}}}}})",
                     i);
}
std::string by_source(int i) {
  return fmt::format(R"({{"source":["{}"],"detail-type":["Object Created"]}})", i == 0 ? "aws.s3" : fmt::format("shop.{}", i));
}
std::string by_prefix(int i) {
  return fmt::format(R"({{"source":["aws.s3"],"detail":{{"object":{{"key":[{{"prefix":"in/{}/"}}]}}}}}})", i);
}

template <class Pattern>
std::string measure(const char* name, Pattern pattern) {
  RuleIndex index;
  for (int i = 0; i < kRules; ++i) index.add(std::move(*EventPattern::compile(pattern(i))));
  std::vector<std::string> texts;
  for (int i = 0; i < kEvents; ++i) texts.push_back(event_text(i));
  size_t matches = 0;
  const Micros began = steady_now();
  for (const std::string& text : texts) matches += index.match(FlatEvent(*Json::parse(text))).size();
  const double each = static_cast<double>(steady_now() - began) / kEvents;
  return fmt::format(R"("{}": {{"micros": {:.2f}, "matches": {}}})", name, each, matches);
}

}  // namespace

int main() {
  std::printf("{%s, %s, %s}\n", measure("bucket", by_bucket).c_str(), measure("source", by_source).c_str(),
              measure("prefix", by_prefix).c_str());
  return 0;
}
