// Which of many patterns an event matches, without asking each of them: a branch of a pattern waits under one of its
// literal values, so that only those whose value the event has are looked at.
#pragma once

#include <cstddef>
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

  std::vector<EventPattern> patterns_;
  std::unordered_map<std::string, std::vector<Candidate>> by_value_;  // path, byte 0, value
  std::vector<Candidate> others_;                                     // those without a literal
};

}  // namespace tarn::events
