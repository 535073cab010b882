#include "sql/engine/trino_json_query.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/text.h"
#include "sql/engine/trino.h"

namespace tarn::sql::engine::trino {
namespace {

using std::string;
using Items = std::vector<Json>;

constexpr int kDeepest = 200;

// A path that cannot be evaluated over this value.
struct PathError {};

enum class Truth : uint8_t { kFalse, kUnknown, kTrue };  // in the order in which || takes the greatest, && the least

Truth truth(bool value) {
  return value ? Truth::kTrue : Truth::kFalse;
}

// Reads the path and evaluates it on the way: a filter's text is read again for each item.
class Path {
 public:
  Path(const string& text, const Json& root, const Json& variables) : text_(text), root_(root), variables_(variables) {
    strict_ = word("strict");
    if (!strict_ && !word("lax")) bad();
  }

  Items run() {
    Items found = sum(nullptr);
    blanks();
    if (at_ < text_.size()) bad();
    return found;
  }

 private:
  [[noreturn]] void bad() const {
    raise("INVALID_PATH", "cannot parse JSON path: '" + text_ + "' at character " + std::to_string(at_ + 1));
  }

  // --- reading

  void blanks() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }
  bool take(std::string_view sign) {
    blanks();
    if (text_.compare(at_, sign.size(), sign) != 0) return false;
    at_ += sign.size();
    return true;
  }
  void expect(std::string_view sign) {
    if (!take(sign)) bad();
  }
  static bool in_name(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || static_cast<signed char>(c) < 0;
  }
  bool word(std::string_view name) {
    blanks();
    const size_t end = at_ + name.size();
    if (text_.compare(at_, name.size(), name) != 0 || (end < text_.size() && in_name(text_[end]))) return false;
    at_ = end;
    return true;
  }
  string name() {
    blanks();
    if (at_ < text_.size() && text_[at_] == '"') return quoted();
    const size_t from = at_;
    while (at_ < text_.size() && in_name(text_[at_])) ++at_;
    if (at_ == from) bad();
    return text_.substr(from, at_ - from);
  }
  // Two quotes are one; a backslash is itself.
  string quoted() {
    string text;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"' && (++at_ >= text_.size() || text_[at_] != '"')) return text;
      text += text_[at_];
    }
    bad();
  }

  // --- values

  static double number(const Json& item) {
    if (!item.is_number()) throw PathError();
    return item.as_double();
  }
  static Json json_number(double value) {
    if (!std::isfinite(value)) throw PathError();
    return std::abs(value) < 9e15 && value == std::floor(value) ? Json(static_cast<int64_t>(value)) : Json(value);
  }
  static bool integral(const Json& item) { return item.as_string().find_first_of(".eE") == string::npos; }
  static Json calculated(char op, const Json& a, const Json& b) {
    const double x = number(a), y = number(b);
    const bool whole = integral(a) && integral(b);
    switch (op) {
      case '+': return json_number(x + y);
      case '-': return json_number(x - y);
      case '*': return json_number(x * y);
      case '/':
        if (y == 0) throw PathError();
        return json_number(whole ? std::trunc(x / y) : x / y);
      default:
        if (y == 0) throw PathError();
        return json_number(std::fmod(x, y));
    }
  }
  Items unwrapped(Items found) const {
    if (strict_) return found;
    Items all;
    for (Json& item : found) {
      if (item.is_array()) {
        all.insert(all.end(), item.items().begin(), item.items().end());
      } else {
        all.push_back(std::move(item));
      }
    }
    return all;
  }
  static const Json& single(const Items& found) {
    if (found.size() != 1) throw PathError();
    return found[0];
  }

  // --- expressions; `current` is @

  Items sum(const Json* current) {
    Items left = product(current);
    while (true) {
      blanks();
      const char op = at_ < text_.size() ? text_[at_] : '\0';
      if (op != '+' && op != '-') return left;
      ++at_;
      left = calculate(op, std::move(left), product(current));
    }
  }
  Items product(const Json* current) {
    Items left = sign(current);
    while (true) {
      blanks();
      const char op = at_ < text_.size() ? text_[at_] : '\0';
      if (op != '*' && op != '/' && op != '%') return left;
      ++at_;
      left = calculate(op, std::move(left), sign(current));
    }
  }
  Items calculate(char op, Items left, Items right) const {
    if (skipping_) return {};
    const Items a = unwrapped(std::move(left)), b = unwrapped(std::move(right));
    return {calculated(op, single(a), single(b))};
  }
  Items sign(const Json* current) {
    const bool minus = take("-");
    if (!minus && !take("+")) return accessed(current);
    Items found = unwrapped(sign(current));
    for (Json& item : found) item = json_number(minus ? -number(item) : number(item));
    return found;
  }

  Items accessed(const Json* current) {
    if (++depth_ > kDeepest) bad();
    Items found = primary(current);
    while (true) {
      blanks();
      if (take("[")) {
        found = elements(std::move(found), current);
      } else if (take("?")) {
        found = filtered(std::move(found));
      } else if (take("..")) {
        found = descendants(found);
      } else if (take(".")) {
        found = member(std::move(found));
      } else {
        --depth_;
        return found;
      }
    }
  }

  Items primary(const Json* current) {
    blanks();
    if (take("(")) {
      Items found = sum(current);
      expect(")");
      return found;
    }
    Items found = leaf(current);
    if (skipping_) found.clear();
    return found;
  }
  Items leaf(const Json* current) {
    if (take("$")) {
      if (at_ >= text_.size() || (!in_name(text_[at_]) && text_[at_] != '"')) return {root_};
      const string wanted = name();
      for (const auto& [key, value] : variables_.members())
        if (equals_ignore_case(key, wanted)) return {value};
      bad();
    }
    if (take("@")) {
      if (!current && !skipping_) bad();
      return current ? Items{*current} : Items();
    }
    if (word("true")) return {Json(true)};
    if (word("false")) return {Json(false)};
    if (word("null")) return {Json()};
    if (at_ < text_.size() && text_[at_] == '"') return {Json(quoted())};
    const size_t from = at_;
    while (at_ < text_.size() && (std::isdigit(static_cast<unsigned char>(text_[at_])) || text_[at_] == '.')) ++at_;
    if (at_ < text_.size() && at_ > from && (text_[at_] == 'e' || text_[at_] == 'E')) {
      at_ += at_ + 1 < text_.size() && (text_[at_ + 1] == '-' || text_[at_ + 1] == '+') ? 2 : 1;
      while (at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_]))) ++at_;
    }
    const auto literal = Json::parse(text_.substr(from, at_ - from));
    if (at_ == from || !literal || !literal->is_number()) bad();
    return {*literal};
  }

  Items elements(Items found, const Json* current) {
    Items next;
    if (take("*")) {
      expect("]");
      for (Json& item : found) {
        if (item.is_array()) {
          next.insert(next.end(), item.items().begin(), item.items().end());
        } else if (strict_) {
          throw PathError();
        } else {
          next.push_back(std::move(item));
        }
      }
      return next;
    }
    const size_t from = at_;
    if (found.empty()) {  // read to its end all the same
      const bool outer = std::exchange(skipping_, true);
      subscripts(Json::array(), current, next);
      skipping_ = outer;
      return {};
    }
    for (const Json& item : found) {
      at_ = from;
      if (!item.is_array() && strict_ && !skipping_) throw PathError();
      subscripts(item.is_array() ? item : Json::array({item}), current, next);
    }
    return next;
  }
  void subscripts(const Json& array, const Json* current, Items& next) {
    const auto size = static_cast<int64_t>(array.size());
    const auto index = [&]() -> int64_t {
      if (word("last")) {
        int64_t place = size - 1;
        if (take("-"))
          place -= static_cast<int64_t>(skipping_ ? (product(current), 0) : number(single(product(current))));
        return place;
      }
      const Items found = sum(current);
      return skipping_ ? 0 : static_cast<int64_t>(number(single(found)));
    };
    do {
      const int64_t first = index(), end = word("to") ? index() : first;
      for (int64_t i = first; i <= end && !skipping_; ++i) {
        if (i >= 0 && i < size) {
          next.push_back(array.at(static_cast<size_t>(i)));
        } else if (strict_) {
          throw PathError();
        } else if (i >= size) {
          break;
        }
      }
    } while (take(","));
    expect("]");
  }

  static void descend(const Json& json, const std::optional<string>& key, Items& all) {
    if (!key) all.push_back(json);
    for (const Json& item : json.items()) descend(item, key, all);
    for (const auto& [member_name, value] : json.members()) {
      if (key && member_name == *key) all.push_back(value);
      descend(value, key, all);
    }
  }
  Items descendants(const Items& found) {
    std::optional<string> key;
    if (at_ < text_.size() && (in_name(text_[at_]) || text_[at_] == '"')) key = name();
    Items all;
    for (const Json& item : found) descend(item, key, all);
    return all;
  }

  Items member(Items found) {
    if (take("*")) {
      Items next;
      for (const Json& item : unwrapped(std::move(found))) {
        if (!item.is_object() && strict_) throw PathError();
        for (const auto& [key, value] : item.members()) next.push_back(value);
      }
      return next;
    }
    const bool in_quotes = at_ < text_.size() && text_[at_] == '"';
    const string key = name();
    if (!in_quotes && take("(")) {
      expect(")");
      return method(key, std::move(found));
    }
    Items next;
    for (const Json& item : unwrapped(std::move(found))) {
      const Json* value = item.is_object() ? item.find(key) : nullptr;
      if (value) {
        next.push_back(*value);
      } else if (strict_) {
        throw PathError();
      }
    }
    return next;
  }

  Items method(const string& called, Items found) {
    if (called == "size") {
      for (Json& item : found) {
        if (!item.is_array() && strict_) throw PathError();
        item = Json(static_cast<int64_t>(item.is_array() ? item.size() : 1));
      }
      return found;
    }
    if (called == "type") {
      for (Json& item : found) {
        item = Json(item.is_array()    ? "array"
                    : item.is_object() ? "object"
                    : item.is_string() ? "string"
                    : item.is_number() ? "number"
                    : item.is_null()   ? "null"
                                       : "boolean");
      }
      return found;
    }
    found = unwrapped(std::move(found));
    if (called == "keyvalue") {
      Items next;
      for (size_t i = 0; i < found.size(); ++i) {
        if (!found[i].is_object()) throw PathError();
        for (const auto& [key, value] : found[i].members())
          next.push_back(Json::object({{"name", key}, {"value", value}, {"id", static_cast<int64_t>(i)}}));
      }
      return next;
    }
    for (Json& item : found) {
      if (called == "double" && item.is_string()) {
        const auto parsed = Json::parse(item.as_string());
        if (!parsed || !parsed->is_number()) throw PathError();
        item = Json(parsed->as_double());
      } else if (called == "double") {
        item = Json(number(item));
      } else if (called == "abs") {
        item = json_number(std::abs(number(item)));
      } else if (called == "ceiling") {
        item = json_number(std::ceil(number(item)));
      } else if (called == "floor") {
        item = json_number(std::floor(number(item)));
      } else {
        bad();
      }
    }
    return found;
  }

  // --- filters

  Items filtered(Items found) {
    expect("(");
    const size_t from = at_;
    Items kept;
    Items all = unwrapped(std::move(found));
    if (all.empty()) {
      const bool outer = std::exchange(skipping_, true);
      either(nullptr);
      skipping_ = outer;
      expect(")");
      return {};
    }
    for (Json& item : all) {
      at_ = from;
      const Truth passes = either(&item);
      expect(")");
      if (passes == Truth::kTrue) kept.push_back(std::move(item));
    }
    return kept;
  }
  Truth either(const Json* current) {
    Truth left = both(current);
    while (take("||")) left = std::max(left, both(current));
    return left;
  }
  Truth both(const Json* current) {
    Truth left = condition(current);
    while (take("&&")) left = std::min(left, condition(current));
    return left;
  }
  Truth condition(const Json* current) {
    if (++depth_ > kDeepest) bad();
    const Truth found = one_condition(current);
    --depth_;
    return found;
  }
  Truth one_condition(const Json* current) {
    blanks();
    if (text_.compare(at_, 2, "!=") != 0 && take("!")) {
      expect("(");
      const Truth inner = either(current);
      expect(")");
      return inner == Truth::kUnknown ? inner : truth(inner == Truth::kFalse);
    }
    if (word("exists")) {
      expect("(");
      const Truth found = attempt([&] { return truth(!sum(current).empty()); });
      expect(")");
      return found;
    }
    // A condition in parentheses, or a value in them.
    const size_t from = at_;
    if (take("(")) {
      if (const auto end = closing(from); end && !compares(*end)) {
        const Truth inner = either(current);
        expect(")");
        if (word("is")) {
          if (!word("unknown")) bad();
          return truth(inner == Truth::kUnknown);
        }
        return inner;
      }
      at_ = from;
    }
    return comparison(current);
  }
  // The place behind the parenthesis that ends the one at `from`.
  std::optional<size_t> closing(size_t from) const {
    int open = 0;
    bool in_quotes = false;
    for (size_t i = from; i < text_.size(); ++i) {
      if (text_[i] == '"') {
        in_quotes = !in_quotes;
      } else if (!in_quotes && text_[i] == '(') {
        ++open;
      } else if (!in_quotes && text_[i] == ')' && --open == 0) {
        return i + 1;
      }
    }
    return std::nullopt;
  }
  bool compares(size_t at) const {
    while (at < text_.size() && std::isspace(static_cast<unsigned char>(text_[at]))) ++at;
    return at < text_.size() && std::string_view("=<>!.[+-*/%?s").find(text_[at]) != string::npos;
  }

  // An error inside is unknown. REQUIRES: what is tried takes its text whole, error or not: so it is read anew.
  template <class Try>
  Truth attempt(Try attempted) {
    const size_t from = at_;
    try {
      return attempted();
    } catch (const PathError&) {
      at_ = from;
      const bool outer = std::exchange(skipping_, true);
      attempted();
      skipping_ = outer;
      return Truth::kUnknown;
    }
  }

  Truth comparison(const Json* current) {
    return attempt([&] {
      const Items left = unwrapped(sum(current));
      if (word("starts")) {
        if (!word("with")) bad();
        const Items start = sum(current);
        if (skipping_) return Truth::kUnknown;
        return any(left, start, [](const Json& a, const Json& b) {
          return a.is_string() && b.is_string() ? truth(a.as_string().starts_with(b.as_string())) : Truth::kUnknown;
        });
      }
      static constexpr const char* kSigns[] = {"==", "<>", "!=", "<=", ">=", "<", ">"};
      for (const std::string_view sign_of : kSigns) {
        if (!take(sign_of)) continue;
        const Items right = unwrapped(sum(current));
        if (skipping_) return Truth::kUnknown;
        return any(left, right, [&](const Json& a, const Json& b) { return compared(a, sign_of, b); });
      }
      bad();
    });
  }
  template <class Compare>
  static Truth any(const Items& left, const Items& right, Compare compare) {
    Truth found = Truth::kFalse;
    for (const Json& a : left) {
      for (const Json& b : right) {
        const Truth one = compare(a, b);
        if (one == Truth::kTrue) return one;
        if (one == Truth::kUnknown) found = one;
      }
    }
    return found;
  }
  static Truth compared(const Json& a, std::string_view sign_of, const Json& b) {
    const bool equality = sign_of == "==" || sign_of == "<>" || sign_of == "!=";
    if (a.is_null() || b.is_null()) {
      const bool same = a.is_null() && b.is_null();
      return equality ? truth(same == (sign_of == "==")) : truth(same && sign_of.ends_with('='));
    }
    int order = 0;
    if (a.is_number() && b.is_number()) {
      order = a.as_double() < b.as_double() ? -1 : a.as_double() > b.as_double();
    } else if (a.is_string() && b.is_string()) {
      order = a.as_string().compare(b.as_string());
    } else if (a.is_bool() && b.is_bool()) {
      order = static_cast<int>(a.as_bool()) - static_cast<int>(b.as_bool());
    } else {
      return Truth::kUnknown;
    }
    if (sign_of == "==") return truth(order == 0);
    if (equality) return truth(order != 0);
    if (sign_of == "<") return truth(order < 0);
    if (sign_of == "<=") return truth(order <= 0);
    return truth(sign_of == ">" ? order > 0 : order >= 0);
  }

  const string& text_;
  const Json& root_;
  const Json& variables_;
  bool strict_ = false;
  bool skipping_ = false;  // read only: there is no value
  size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

std::optional<Items> query_json(const Json& root, const string& path, const Json& variables) {
  try {
    return Path(path, root, variables).run();
  } catch (const PathError&) {
    return std::nullopt;
  }
}

}  // namespace tarn::sql::engine::trino
