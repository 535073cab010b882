// EventPattern: the pattern language of EventBridge's rules, which SNS's filter policies share, compiled; and the flat
// form of an event that it is matched against. Pure.
//
//   {"source": ["aws.s3"], "detail": {"object": {"size": [{"numeric": [">", 0]}], "key": [{"prefix": "in/"}]}}}
//
// AWS: EventBridge User Guide, "Comparison operators for use in event patterns"; SNS Developer Guide, "Subscription
// filter policies". Where they are silent, what AWS's own matcher (github.com/aws/event-ruler) does.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "door/policy_condition.h"

namespace tarn {

// An event's leaves, by path. SNS makes one of a message's attributes from an object of theirs (a String is a string, a
// Number a number, a String.Array an array), or of a body that is a JSON object.
// THREADS: immutable.
class FlatEvent {
 public:
  explicit FlatEvent(const Json& object);

  // In which arrays of objects a leaf stands, and at which place in each, the outermost first.
  using Places = std::vector<std::pair<uint32_t, uint32_t>>;
  struct Leaf {
    std::string path;  // "detail.object.key"; elements of an array have the array's path
    Json::Kind kind;
    std::string text;   // of a string or number; "true", "false", "null"
    double number = 0;  // of a number
    Places places;
  };
  using Leaves = std::pair<const Leaf*, const Leaf*>;

  // The leaves at that path, those of an array in its order.
  Leaves at(std::string_view path) const;
  const std::vector<Leaf>& leaves() const { return leaves_; }  // ordered by path

 private:
  void add(std::string& path, const Json& value, Places& places);
  std::vector<Leaf> leaves_;
  uint32_t arrays_ = 0;
};

// One thing that a value may be, an element of a pattern's array.
struct ValueTest {
  enum class Kind : uint8_t {
    kLiteral,  // a string, number, true, false, null
    kPrefix,
    kSuffix,
    kEqualsIgnoreCase,
    kPrefixIgnoreCase,
    kSuffixIgnoreCase,
    kWildcard,
    kAddress,
    kRange,
    kExists,
    kAbsent,
    kAnythingBut,
  };
  Kind kind = Kind::kLiteral;
  Json::Kind literal = Json::Kind::kString;
  std::string text = {};     // of literals and the tests of texts
  double low = 0, high = 0;  // of kRange; a literal number is in both
  bool low_open = false, high_open = false;
  std::optional<AddressBlock> block = {};  // of kAddress, and of a literal that is an address
  std::vector<std::string> pieces = {};    // of kWildcard: what stands between the wildcards
  std::vector<ValueTest> none_of = {};     // of kAnythingBut

  // REQUIRES: kind is not kAbsent.
  bool matches(const FlatEvent::Leaf& leaf) const;
};

// Why an event is not matched: the first part of the pattern that failed.
struct Mismatch {
  std::string path;    // "detail.bucket.name"
  std::string wanted;  // the pattern's array, as JSON
  std::string found;   // the event's values, as a JSON array; empty: there is no such field
  // Each part matches, but no single element of an array of objects has all of them.
  bool scattered = false;

  std::string text() const;  // a sentence
};

// THREADS: immutable.
class EventPattern {
 public:
  // The error is the reason, in AWS's words with the place in the text, as it stands behind "Event pattern is not valid.
  // Reason: " and behind SNS's "Invalid parameter: FilterPolicy: ".
  static std::expected<EventPattern, std::string> compile(std::string_view text);

  bool matches(const FlatEvent& event) const;
  // nullopt: it matches. Of several branches ($or) the one of which most is matched is told.
  std::optional<Mismatch> why_not(const FlatEvent& event) const;

  // One field of a branch: any of the tests must match a value at the path.
  struct Field {
    std::string path;
    std::vector<ValueTest> any_of;
    std::string source;   // the pattern's array, as JSON
    size_t position = 0;  // among the pattern's fields, as they are written
  };
  // All fields must match. A pattern matches where one of its branches does: one, without $or.
  using Branch = std::vector<Field>;
  const std::vector<Branch>& branches() const { return branches_; }
  static bool matches(const Branch& branch, const FlatEvent& event);

 private:
  friend class EventPatternCompiler;
  std::vector<Branch> branches_;  // each ordered by path
};

// As PutRule and TestEventPattern say it. ERRORS: InvalidEventPatternException.
Result<EventPattern> parse_event_pattern(std::string_view text);

}  // namespace tarn
