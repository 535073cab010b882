#include "services/events/rule_index.h"

#include <algorithm>

namespace tarn::events {
namespace {

std::string key_of(const std::string& path, const std::string& value) {
  return path + '\0' + value;
}

}  // namespace

// An address is also matched by other writings of it, so it is no literal here.
std::optional<std::vector<RuleIndex::Anchor>> RuleIndex::anchors(const EventPattern::Field& field) {
  std::vector<Anchor> found;
  for (const ValueTest& test : field.any_of) {
    const bool literal = test.kind == ValueTest::Kind::kLiteral && test.literal == Json::Kind::kString && !test.block;
    const bool prefix = test.kind == ValueTest::Kind::kPrefix && !test.text.empty();
    if (!literal && !prefix) return std::nullopt;
    found.push_back({prefix, test.text});
  }
  return found;
}

RuleIndex::Candidates& RuleIndex::waiting(const std::string& path, const Anchor& anchor) {
  return anchor.prefix ? by_prefix_[path][anchor.text.size()][anchor.text] : by_value_[key_of(path, anchor.text)];
}

size_t RuleIndex::count_waiting(const std::string& path, const Anchor& anchor) const {
  if (!anchor.prefix) {
    const auto found = by_value_.find(key_of(path, anchor.text));
    return found == by_value_.end() ? 0 : found->second.size();
  }
  const auto by_length = by_prefix_.find(path);
  if (by_length == by_prefix_.end()) return 0;
  const auto prefixes = by_length->second.find(anchor.text.size());
  if (prefixes == by_length->second.end()) return 0;
  const auto found = prefixes->second.find(anchor.text);
  return found == prefixes->second.end() ? 0 : found->second.size();
}

void RuleIndex::add(EventPattern pattern) {
  for (size_t i = 0; i < pattern.branches().size(); ++i) {
    // The field under whose values the fewest wait already; of equals the longest path, which tells most.
    const EventPattern::Field* best = nullptr;
    std::vector<Anchor> best_anchors;
    size_t best_count = 0;
    for (const EventPattern::Field& field : pattern.branches()[i]) {
      auto found = anchors(field);
      if (!found) continue;
      size_t count = found->size();
      for (const Anchor& anchor : *found) count += count_waiting(field.path, anchor);
      if (best != nullptr && (count > best_count || (count == best_count && field.path.size() <= best->path.size())))
        continue;
      best = &field;
      best_anchors = std::move(*found);
      best_count = count;
    }
    const Candidate candidate{patterns_.size(), i};
    if (best == nullptr) others_.push_back(candidate);
    for (const Anchor& anchor : best_anchors) waiting(best->path, anchor).push_back(candidate);
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
    const auto by_length = by_prefix_.find(leaf.path);
    if (by_length == by_prefix_.end()) continue;
    for (const auto& [length, prefixes] : by_length->second) {
      if (length > leaf.text.size()) break;
      if (const auto found = prefixes.find(leaf.text.substr(0, length)); found != prefixes.end())
        look_at(found->second);
    }
  }
  look_at(others_);
  std::sort(matched.begin(), matched.end());
  matched.erase(std::unique(matched.begin(), matched.end()), matched.end());
  return matched;
}

}  // namespace tarn::events
