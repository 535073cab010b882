// Reading event patterns. The error texts are those of AWS's own compiler (github.com/aws/event-ruler), which tell the
// place behind the part that is wrong, as its JSON parser does.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"
#include "door/event_pattern.h"
#include "door/event_pattern_text.h"

namespace tarn {
namespace {

constexpr size_t kMaxBranches = 1000;  // AWS: "Rules that use $or", the limit of combinations
constexpr double kLargestNumber = 5e9;

}  // namespace

// Keeps the way to the part that is being read. Its functions return false once something is wrong: reason() tells.
class EventPatternCompiler {
 public:
  explicit EventPatternCompiler(std::string_view text) : text_(text) {}

  std::expected<EventPattern, std::string> compile() {
    const auto document = Json::parse(text_);
    if (!document) return std::unexpected(not_json(text_).value_or(document.error().message));
    EventPattern pattern;
    pattern.branches_ = {{}};
    const bool done = document->is_object() ? object(*document, "", false, pattern.branches_)
                                            : wrong("Filter is not an object", Edge::kBegin);
    if (!done) return std::unexpected(reason_);
    for (EventPattern::Branch& branch : pattern.branches_)
      std::sort(branch.begin(), branch.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    return pattern;
  }

 private:
  using Branches = std::vector<EventPattern::Branch>;
  using Kind = ValueTest::Kind;

  bool wrong(std::string_view reason, Edge edge) {
    reason_ = placed(reason, text_, offset_of(text_, way_, edge));
    return false;
  }
  // AWS tells the place twice where one of several values is wrong.
  bool twice() {
    reason_ += reason_.substr(std::min(reason_.find("\n at [Source"), reason_.size()));
    return false;
  }
  bool unplaced(std::string reason) {
    reason_ = std::move(reason);
    return false;
  }
  bool wrong_in(Step step, std::string_view reason, Edge edge = Edge::kBegin) {
    way_.push_back(std::move(step));
    return wrong(reason, edge);
  }

  bool object(const Json& value, const std::string& path, bool in_or, Branches& branches);
  bool either(const Json& value, const std::string& path, Branches& branches);
  bool field(const Json& value, const std::string& path, Branches& branches);
  bool test(const Json& value, ValueTest& out);
  bool operation(const std::string& name, const Json& value, ValueTest& out);
  bool literal(const Json& value, ValueTest& out);
  bool affix(const std::string& name, const Json& value, ValueTest& out);
  bool wildcard(const std::string& text, ValueTest& out);
  bool address(const std::string& text, ValueTest& out);
  bool range(const Json& value, ValueTest& out);
  bool bound(const Json& value, size_t index, std::string_view name, double& out);
  bool anything_but(const Json& value, ValueTest& out);
  bool anything_but_plain(const Json& value, ValueTest& out);
  bool anything_but_item(const std::string& operation, const Json& value, ValueTest& out);
  bool only_member(const Json& value) {
    return value.size() == 1 || wrong_in(value.members()[1].first, "Only one key allowed in match expression");
  }

  std::string_view text_;
  Way way_;
  std::string reason_;
  size_t fields_ = 0;
};

namespace {

bool is_reserved(std::string_view name) {
  static constexpr std::array kReserved = {
      std::string_view("exactly"),
      std::string_view("equals-ignore-case"),
      std::string_view("prefix"),
      std::string_view("suffix"),
      std::string_view("anything-but"),
      std::string_view("exists"),
      std::string_view("wildcard"),
      std::string_view("numeric"),
      std::string_view("cidr"),
      std::string_view("="),
      std::string_view("<"),
      std::string_view("<="),
      std::string_view(">"),
      std::string_view(">="),
      std::string_view("regex"),
  };
  return std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end();
}

std::string value_text(const Json& value) {
  return value.is_string() ? value.as_string() : value.text();
}

}  // namespace

// --- structure -------------------------------------------------------------------------------------------------------

bool EventPatternCompiler::object(const Json& value, const std::string& path, bool in_or, Branches& branches) {
  if (value.size() == 0) return wrong("Empty objects are not allowed", Edge::kEnd);
  for (const auto& [name, member] : value.members()) {
    way_.emplace_back(name);
    const std::string inner = path.empty() ? name : path + "." + name;
    // Where no array follows, "$or" is a field like others.
    if (name == "$or" && member.is_array()) {
      if (!either(member, path, branches)) return false;
    } else if (in_or && is_reserved(name)) {
      return wrong(name + " is Ruler reserved fieldName which cannot be used inside $or.", Edge::kBegin);
    } else if (member.is_object()) {
      if (!object(member, inner, in_or, branches)) return false;
    } else if (member.is_array()) {
      if (!field(member, inner, branches)) return false;
    } else {
      return wrong(fmt::format("\"{}\" must be an object or an array", name), Edge::kBegin);
    }
    way_.pop_back();
  }
  return true;
}

bool EventPatternCompiler::either(const Json& value, const std::string& path, Branches& branches) {
  const Branches before = std::exchange(branches, {});
  for (size_t i = 0; i < value.size(); ++i) {
    if (!value.at(i).is_object()) return wrong_in(i, "Only JSON object is allowed in array of $or relationship.");
    way_.emplace_back(i);
    Branches with = before;
    if (!object(value.at(i), path, true, with)) return false;
    way_.pop_back();
    branches.insert(branches.end(), std::make_move_iterator(with.begin()), std::make_move_iterator(with.end()));
    // ASSUMED: the text.
    if (branches.size() > kMaxBranches)
      return wrong("There are more than 1000 combinations of $or conditions", Edge::kEnd);
  }
  return value.size() >= 2 || wrong("There must have at least 2 Objects in $or relationship.", Edge::kEnd);
}

bool EventPatternCompiler::field(const Json& value, const std::string& path, Branches& branches) {
  if (value.size() == 0) return wrong("Empty arrays are not allowed", Edge::kEnd);
  EventPattern::Field made{path, {}, value.text(), fields_++};
  for (size_t i = 0; i < value.size(); ++i) {
    way_.emplace_back(i);
    if (!test(value.at(i), made.any_of.emplace_back())) return false;
    way_.pop_back();
  }
  for (EventPattern::Branch& branch : branches) {
    // As in AWS's compiler a path that is written twice means what is written last.
    std::erase_if(branch, [&](const EventPattern::Field& other) { return other.path == path; });
    branch.push_back(made);
  }
  return true;
}

// --- values ----------------------------------------------------------------------------------------------------------

bool EventPatternCompiler::test(const Json& value, ValueTest& out) {
  if (value.is_array()) return wrong("Match value must be String, number, true, false, or null", Edge::kBegin);
  if (!value.is_object()) return literal(value, out);
  if (value.size() == 0) return wrong("Match expression name not found", Edge::kEnd);
  const auto& [name, operand] = value.members().front();
  way_.emplace_back(name);
  if (!operation(name, operand, out)) return false;
  way_.pop_back();
  return only_member(value);
}

bool EventPatternCompiler::literal(const Json& value, ValueTest& out) {
  out.literal = value.kind();
  out.text = value.as_string();
  if (value.is_number()) out.low = out.high = value.as_double();
  if (value.is_string() && !out.text.contains('/')) out.block = AddressBlock::parse(out.text);
  return true;
}

bool EventPatternCompiler::operation(const std::string& name, const Json& value, ValueTest& out) {
  const auto text_only = [&](std::string_view what) {
    return value.is_string() || wrong(fmt::format("{} match pattern must be a string", what), Edge::kBegin);
  };
  if (name == "exactly") return text_only("exact") && literal(value, out);
  if (name == "prefix" || name == "suffix") return affix(name, value, out);
  if (name == "numeric") return range(value, out);
  if (name == "anything-but") return anything_but(value, out);
  if (name == "wildcard") return text_only(name) && wildcard(value.as_string(), out);
  // AWS's own text says prefix.
  if (name == "cidr") return text_only("prefix") && address(value.as_string(), out);
  if (name == "equals-ignore-case") {
    out.kind = Kind::kEqualsIgnoreCase;
    out.text = value.as_string();
    return text_only(name);
  }
  if (name == "exists") {
    out.kind = value.as_bool() ? Kind::kExists : Kind::kAbsent;
    return value.is_bool() || wrong("exists match pattern must be either true or false.", Edge::kBegin);
  }
  way_.pop_back();
  return wrong_in(name, "Unrecognized match type " + name);
}

bool EventPatternCompiler::affix(const std::string& name, const Json& value, ValueTest& out) {
  const bool prefix = name == "prefix";
  if (!value.is_object()) {
    out.kind = prefix ? Kind::kPrefix : Kind::kSuffix;
    out.text = value.as_string();
    return value.is_string() || wrong(name + " match pattern must be a string", Edge::kBegin);
  }
  if (value.size() == 0)
    return wrong(prefix ? "Prefix expression name not found" : "Suffix expression name not found", Edge::kEnd);
  const auto& [inner, operand] = value.members().front();
  if (inner != "equals-ignore-case") return wrong_in(inner, fmt::format("Unsupported {} pattern: {}", name, inner));
  if (!operand.is_string()) return wrong_in(inner, "equals-ignore-case match pattern must be a string");
  out.kind = prefix ? Kind::kPrefixIgnoreCase : Kind::kSuffixIgnoreCase;
  out.text = operand.as_string();
  return only_member(value);
}

bool EventPatternCompiler::wildcard(const std::string& text, ValueTest& out) {
  out.kind = Kind::kWildcard;
  out.pieces = {""};
  for (size_t i = 0; i < text.size(); ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    // Positions count the quote before the text.
    if (text[i] == '*') {
      if (next == '*') return wrong(fmt::format("Consecutive wildcard characters at pos {}", i + 1), Edge::kEnd);
      out.pieces.emplace_back();
    } else if (text[i] == '\\') {
      if (next != '*' && next != '\\')
        return wrong(fmt::format("Invalid escape character at pos {}", i + 1), Edge::kEnd);
      out.pieces.back() += next;
      ++i;
    } else {
      out.pieces.back() += text[i];
    }
  }
  return true;
}

// AWS tells no place here.
bool EventPatternCompiler::address(const std::string& text, ValueTest& out) {
  out.kind = Kind::kAddress;
  const auto parts = split(text, '/');
  if (parts.size() != 2) return unplaced("Malformed CIDR, one '/' required");
  const auto bits = parse_int(parts[1]);
  if (!bits) return unplaced("Malformed CIDR, mask bits must be an integer");
  if (*bits < 0) return unplaced("Malformed CIDR, mask bits must not be negative");
  const auto host = AddressBlock::parse(parts[0]);
  if (!host) return unplaced(fmt::format("Nonstandard IP address: {}", parts[0]));
  out.block = AddressBlock::parse(text);
  return out.block || unplaced(host->v6 ? "IPv6 mask bits must be < 129" : "IPv4 mask bits must be < 33");
}

bool EventPatternCompiler::bound(const Json& value, size_t index, std::string_view name, double& out) {
  const std::string reason = fmt::format("Value of {} must be numeric", name);
  if (index >= value.size()) return wrong(reason, Edge::kEnd);
  if (!value.at(index).is_number()) return wrong_in(index, reason);
  out = value.at(index).as_double();
  if (std::abs(out) > kLargestNumber)
    return wrong_in(index, "Value must be between -5.0E9 and 5.0E9, inclusive", Edge::kEnd);
  return true;
}

bool EventPatternCompiler::range(const Json& value, ValueTest& out) {
  if (!value.is_array()) return wrong("Value of numeric must be an array.", Edge::kBegin);
  if (value.size() == 0) return wrong("Invalid member in numeric match: ]", Edge::kEnd);
  if (!value.at(0).is_string()) return wrong_in(0UL, "Invalid member in numeric match: " + value_text(value.at(0)));
  const std::string& first = value.at(0).as_string();
  out.kind = Kind::kRange;
  out.low = -kLargestNumber;
  out.high = kLargestNumber;
  const bool upper = first == "<" || first == "<=", lower = first == ">" || first == ">=";
  if (first != "=" && !upper && !lower) {
    const std::string reason = "Unrecognized numeric range operator: " + first;
    return value.size() > 1 ? wrong_in(1UL, reason) : wrong(reason, Edge::kEnd);
  }
  double number = 0;
  if (!bound(value, 1, first == "=" ? "equals" : first, number)) return false;
  if (!upper) out.low = number;
  if (!lower) out.high = number;
  out.low_open = first == ">";
  out.high_open = first == "<";
  if (value.size() == 2) return true;
  if (!lower) return wrong_in(2UL, "Too many elements in numeric expression");
  const std::string second = value_text(value.at(2));
  if (!value.at(2).is_string()) return wrong_in(2UL, "Bad value in numeric range: " + second);
  if (second != "<" && second != "<=") return wrong_in(2UL, "Bad numeric range operator: " + second, Edge::kEnd);
  if (!bound(value, 3, second, out.high)) return false;
  if (value.size() > 4) return wrong_in(4UL, "Too many terms in numeric range expression");
  out.high_open = second == "<";
  return out.low < out.high || wrong("Bottom must be less than top", Edge::kEnd);
}

// --- anything-but ----------------------------------------------------------------------------------------------------

bool EventPatternCompiler::anything_but(const Json& value, ValueTest& out) {
  out.kind = Kind::kAnythingBut;
  if (!value.is_object()) return anything_but_plain(value, out);
  if (value.size() == 0) return wrong("Anything-But expression name not found", Edge::kEnd);
  const auto& [name, operand] = value.members().front();
  if (name != "prefix" && name != "suffix" && name != "equals-ignore-case" && name != "wildcard")
    return wrong_in(name, "Unsupported anything-but pattern: " + name);
  way_.emplace_back(name);
  if (!operand.is_array() && !operand.is_string() && !operand.is_number())
    return wrong("Value of anything-but must be an array or single string/number value.", Edge::kBegin);
  if (operand.is_array()) {
    for (size_t i = 0; i < operand.size(); ++i) {
      way_.emplace_back(i);
      if (!anything_but_item(name, operand.at(i), out.none_of.emplace_back())) return twice();
      way_.pop_back();
    }
  } else if (!anything_but_item(name, operand, out.none_of.emplace_back())) {
    return false;
  }
  way_.pop_back();
  return value.size() == 1 || wrong("Too many elements in numeric expression", Edge::kEnd);
}

bool EventPatternCompiler::anything_but_item(const std::string& name, const Json& value, ValueTest& out) {
  if (!value.is_string() && name == "equals-ignore-case")
    return wrong("Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.",
                 Edge::kBegin);
  if (!value.is_string())
    return wrong(
        name == "wildcard" ? "wildcard match pattern must be a string" : "prefix/suffix match pattern must be a string",
        Edge::kBegin);
  if (name == "wildcard") return wildcard(value.as_string(), out);
  out.kind = name == "prefix" ? Kind::kPrefix : name == "suffix" ? Kind::kSuffix : Kind::kEqualsIgnoreCase;
  out.text = value.as_string();
  return !out.text.empty() || out.kind == Kind::kEqualsIgnoreCase ||
         wrong("Null prefix/suffix not allowed", Edge::kEnd);
}

bool EventPatternCompiler::anything_but_plain(const Json& value, ValueTest& out) {
  if (value.is_string() || value.is_number()) return literal(value, out.none_of.emplace_back());
  if (!value.is_array())
    return wrong("Value of anything-but must be an array or single string/number value.", Edge::kBegin);
  size_t texts = 0;
  for (size_t i = 0; i < value.size(); ++i) {
    const Json& item = value.at(i);
    if (!item.is_string() && !item.is_number())
      return wrong_in(i, "Inside anything but list, start|null|boolean is not supported.");
    texts += item.is_string();
    literal(item, out.none_of.emplace_back());
  }
  return (value.size() > 0 && (texts == 0 || texts == value.size())) ||
         wrong("Inside anything but list, either all values are number or string, mixed type is not supported",
               Edge::kEnd);
}

// --- the whole -------------------------------------------------------------------------------------------------------

std::expected<EventPattern, std::string> EventPattern::compile(std::string_view text) {
  return EventPatternCompiler(text).compile();
}

Result<EventPattern> parse_event_pattern(std::string_view text) {
  auto pattern = EventPattern::compile(text);
  if (pattern) return std::move(*pattern);
  return fail(400, "InvalidEventPatternException", "Event pattern is not valid. Reason: " + pattern.error());
}

}  // namespace tarn
