#include "services/events/rule_index.h"

#include <algorithm>
#include <optional>

namespace tarn::events {
namespace {

std::string key_of(const std::string& path, const std::string& value) {
  return path + '\0' + value;
}

// What a field's value must be one of, where that are texts. An address is also matched by other writings of it.
std::optional<std::vector<std::string>> literals(const EventPattern::Field& field) {
  std::vector<std::string> values;
  for (const ValueTest& test : field.any_of) {
    if (test.kind != ValueTest::Kind::kLiteral || test.literal != Json::Kind::kString || test.block)
      return std::nullopt;
    values.push_back(test.text);
  }
  return values;
}

}  // namespace

void RuleIndex::add(EventPattern pattern) {
  for (size_t i = 0; i < pattern.branches().size(); ++i) {
    // The field under whose values the fewest wait already; of equals the longest path, which tells most.
    const EventPattern::Field* best = nullptr;
    std::vector<std::string> best_values;
    size_t best_count = 0;
    for (const EventPattern::Field& field : pattern.branches()[i]) {
      auto values = literals(field);
      if (!values) continue;
      size_t count = values->size();
      for (const std::string& value : *values)
        if (const auto found = by_value_.find(key_of(field.path, value)); found != by_value_.end())
          count += found->second.size();
      if (best != nullptr && (count > best_count || (count == best_count && field.path.size() <= best->path.size())))
        continue;
      best = &field;
      best_values = std::move(*values);
      best_count = count;
    }
    const Candidate candidate{patterns_.size(), i};
    if (best == nullptr) others_.push_back(candidate);
    for (const std::string& value : best_values) by_value_[key_of(best->path, value)].push_back(candidate);
  }
  patterns_.push_back(std::move(pattern));
}

std::vector<size_t> RuleIndex::match(const FlatEvent& event) const {
  std::vector<size_t> matched;
  const auto look_at = [&](const std::vector<Candidate>& candidates) {
    for (const Candidate& candidate : candidates)
      if (EventPattern::matches(patterns_[candidate.pattern].branches()[candidate.branch], event))
        matched.push_back(candidate.pattern);
  };
  std::string key;
  for (const FlatEvent::Leaf& leaf : event.leaves()) {
    if (leaf.kind != Json::Kind::kString) continue;
    key.assign(leaf.path).push_back('\0');
    if (const auto found = by_value_.find(key.append(leaf.text)); found != by_value_.end()) look_at(found->second);
  }
  look_at(others_);
  std::sort(matched.begin(), matched.end());
  matched.erase(std::unique(matched.begin(), matched.end()), matched.end());
  return matched;
}

}  // namespace tarn::events
