// Patterns of JSON fields: { $.a.b[0] = "x*" && ($.c > 1 || $.d NOT EXISTS) }.
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "services/logs/filter_forms.h"

namespace tarn::logs {
namespace {

constexpr int kDeepest = 100;  // parentheses

// One step of a selector: a member's name, an element's place, or every element ([*]).
struct Step {
  std::string name;
  std::optional<size_t> place;
  bool every = false;
};
struct Selector {
  std::string text;  // as it is written: "$.a[0]"
  std::vector<Step> steps;
};

void find_all(const Json& json, const std::vector<Step>& steps, size_t at, std::vector<const Json*>& found) {
  if (at == steps.size()) return found.push_back(&json);
  const Step& step = steps[at];
  if (step.every) {
    for (const Json& item : json.items()) find_all(item, steps, at + 1, found);
  } else if (step.place) {
    if (json.is_array() && *step.place < json.size()) find_all(json.at(*step.place), steps, at + 1, found);
  } else if (const Json* member = json.find(step.name)) {
    find_all(*member, steps, at + 1, found);
  }
}

std::vector<const Json*> found_in(const Json& json, const Selector& selector) {
  std::vector<const Json*> found;
  find_all(json, selector.steps, 0, found);
  return found;
}

std::string text_of(const Json& json) {
  return json.is_string() || json.is_number() ? json.as_string() : json.text();
}

// --- conditions -------------------------------------------------------------------------------------------------------

struct Condition {
  enum class Kind : uint8_t { kCompare, kNull, kTrue, kFalse, kNotExists, kAnd, kOr };
  Kind kind = Kind::kCompare;
  Selector selector;
  Comparison comparison = Comparison::kEqual;
  Operand operand;
  std::vector<Condition> parts;

  bool holds_for(const Json& json) const {
    if (kind == Kind::kAnd) {
      for (const Condition& part : parts)
        if (!part.holds_for(json)) return false;
      return true;
    }
    if (kind == Kind::kOr) {
      for (const Condition& part : parts)
        if (part.holds_for(json)) return true;
      return false;
    }
    const auto found = found_in(json, selector);
    if (kind == Kind::kNotExists) return found.empty();
    for (const Json* one : found)
      if (holds_for_one(*one)) return true;
    return false;
  }

  void selectors(std::vector<const Selector*>& out) const {
    if (parts.empty()) out.push_back(&selector);
    for (const Condition& part : parts) part.selectors(out);
  }

 private:
  bool holds_for_one(const Json& value) const {
    if (kind == Kind::kNull) return value.is_null();
    if (kind == Kind::kTrue || kind == Kind::kFalse) return value.is_bool() && value.as_bool() == (kind == Kind::kTrue);
    if (value.is_null() || value.is_array() || value.is_object()) return false;
    return holds(comparison, operand, text_of(value), value.is_number());
  }
};

// --- parsing ----------------------------------------------------------------------------------------------------------

class Parser {
 public:
  explicit Parser(std::string_view text) : in_(text) {}

  Result<Condition> parse() {
    if (!in_.take("{")) return invalid_pattern("it does not begin with {.");
    Condition all = TRY(any_of(0));
    if (!in_.take("}"))
      return invalid_pattern("a pattern of JSON fields has no closing }, or something unread before it.");
    if (!in_.at_end()) return invalid_pattern("something stands behind the closing }.");
    return all;
  }

 private:
  Result<Condition> any_of(int depth) {
    Condition out{.kind = Condition::Kind::kOr};
    do out.parts.push_back(TRY(all_of(depth)));
    while (in_.take("||"));
    return single(std::move(out));
  }
  Result<Condition> all_of(int depth) {
    Condition out{.kind = Condition::Kind::kAnd};
    do out.parts.push_back(TRY(one(depth)));
    while (in_.take("&&"));
    return single(std::move(out));
  }
  static Condition single(Condition out) {
    if (out.parts.size() > 1) return out;
    Condition part = std::move(out.parts.front());
    return part;
  }

  Result<Condition> one(int depth) {
    if (depth > kDeepest) return invalid_pattern("its parentheses are nested too deeply.");
    if (in_.take("(")) {
      Condition inner = TRY(any_of(depth + 1));
      if (!in_.take(")")) return invalid_pattern("a parenthesis is not closed.");
      return inner;
    }
    Condition out{.selector = TRY(selector())};
    if (in_.take_word("IS")) {
      if (in_.take_word("NULL"))
        out.kind = Condition::Kind::kNull;
      else if (in_.take_word("TRUE"))
        out.kind = Condition::Kind::kTrue;
      else if (in_.take_word("FALSE"))
        out.kind = Condition::Kind::kFalse;
      else
        return invalid_pattern("IS is followed by NULL, TRUE or FALSE.");
      return out;
    }
    if (in_.take_word("NOT")) {
      if (!in_.take_word("EXISTS")) return invalid_pattern("NOT is followed by EXISTS.");
      out.kind = Condition::Kind::kNotExists;
      return out;
    }
    const auto comparison = in_.take_comparison();
    if (!comparison)
      return invalid_pattern(out.selector.text + " is followed by no comparison: =, !=, <, >, <=, >=, IS, NOT EXISTS.");
    out.comparison = *comparison;
    out.operand = TRY(in_.take_operand("&|)}"));
    const bool ordered = *comparison != Comparison::kEqual && *comparison != Comparison::kUnequal;
    if (ordered && !out.operand.number)
      return invalid_pattern("'" + out.operand.text + "' is no number: <, >, <= and >= compare numbers.");
    return out;
  }

  // $.name.name[0]['name'], "$" being the whole event.
  Result<Selector> selector() {
    in_.skip_blanks();
    const std::string_view before = in_.rest();
    if (!in_.take("$")) return invalid_pattern("a field does not begin with $.");
    Selector out;
    while (in_.rest().starts_with('.') || in_.rest().starts_with('[')) {
      if (in_.take(".")) {
        std::string name = in_.take_until(" \t\r\n.[]=!<>&|(){},");
        if (name.empty()) return invalid_pattern("a field has an empty name.");
        out.steps.push_back(name == "*" ? Step{.every = true} : Step{.name = std::move(name)});
        continue;
      }
      in_.take("[");
      std::string inside = in_.take_until("]");
      if (!in_.take("]")) return invalid_pattern("a [ of a field is not closed.");
      const std::string_view trimmed = trim(inside);
      const auto place = parse_int(trimmed);
      if (trimmed == "*")
        out.steps.push_back({.every = true});
      else if (place && *place >= 0)
        out.steps.push_back({.place = static_cast<size_t>(*place)});
      else if (trimmed.size() > 2 && (trimmed.front() == '"' || trimmed.front() == '\'') &&
               trimmed.back() == trimmed.front())
        out.steps.push_back({.name = std::string(trimmed.substr(1, trimmed.size() - 2))});
      else
        return invalid_pattern("[" + inside + "] is neither a place, nor *, nor a quoted name.");
    }
    out.text = before.substr(0, before.size() - in_.rest().size());
    return out;
  }

  PatternReader in_;
};

class JsonFields final : public PatternForm {
 public:
  explicit JsonFields(Condition condition) : condition_(std::move(condition)) {}

  bool matches(std::string_view message) const override {
    const auto json = read(message);
    return json && condition_.holds_for(*json);
  }
  std::map<std::string, std::string> extract(std::string_view message) const override {
    std::map<std::string, std::string> out;
    const auto json = read(message);
    if (!json) return out;
    std::vector<const Selector*> selectors;
    condition_.selectors(selectors);
    for (const Selector* one : selectors)
      if (const auto found = found_in(*json, *one); !found.empty()) out[one->text] = text_of(*found.front());
    return out;
  }

 private:
  // A message that is no JSON object is of no fields.
  static std::optional<Json> read(std::string_view message) {
    if (!trim(message).starts_with('{')) return std::nullopt;
    auto json = Json::parse(message);
    if (!json) return std::nullopt;
    return std::move(*json);
  }

  Condition condition_;
};

}  // namespace

Result<std::unique_ptr<const PatternForm>> parse_json_fields(std::string_view text) {
  return std::make_unique<JsonFields>(TRY(Parser(text).parse()));
}

}  // namespace tarn::logs
