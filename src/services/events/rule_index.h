// Which of many patterns an event matches, without asking each of them: a branch of a pattern waits under the literal
// values, or the prefixes, of one of its fields, so that only those whose value the event has are looked at.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "door/event_pattern.h"

namespace tarn::events {

// THREADS: match() from any, once all are added.
class RuleIndex {
 public:
  // Patterns are numbered from 0 in the order in which they are added.
  void add(EventPattern pattern);
  // The numbers of those that match, ascending.
  std::vector<size_t> match(const FlatEvent& event) const;

 private:
  struct Candidate {
    size_t pattern;
    size_t branch;
  };
  // What one of its values must be, or begin with.
  struct Anchor {
    bool prefix;
    std::string text;
  };
  using Candidates = std::vector<Candidate>;
  using ByText = std::unordered_map<std::string, Candidates>;

  static std::optional<std::vector<Anchor>> anchors(const EventPattern::Field& field);
  Candidates& waiting(const std::string& path, const Anchor& anchor);
  size_t count_waiting(const std::string& path, const Anchor& anchor) const;

  std::vector<EventPattern> patterns_;
  ByText by_value_;                                                      // path, byte 0, value
  std::unordered_map<std::string, std::map<size_t, ByText>> by_prefix_;  // by path, by the prefix' length, by prefix
  Candidates others_;                                                    // those without either
};

}  // namespace tarn::events
