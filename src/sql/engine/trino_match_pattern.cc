// Patterns of rows: read into a tree, and from it into steps.
#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <tuple>

#include "base/text.h"
#include "sql/engine/trino_match.h"
#include "sql/lex.h"

namespace tarn::sql::engine::trino {

using std::string;

namespace {

constexpr size_t kMostSteps = 100'000;
constexpr size_t kMostPermuted = 7;
constexpr int64_t kNoEnd = -1;

struct Node {
  enum class Kind : uint8_t { kEmpty, kLabel, kSequence, kChoice, kFirst, kLast, kHidden, kLoop, kPermuted };
  Kind kind = Kind::kEmpty;
  size_t label = 0;
  int64_t least = 0, most = kNoEnd;  // of kLoop
  bool greedy = true;
  std::vector<Node> children = {};
};

class Reader {
 public:
  Reader(Pattern& pattern, const string& text, duckdb::optional_idx at) : pattern_(pattern), start_(at) {
    auto lexed = lex(text, {.backslash_escapes = false, .dollars = false});
    if (!lexed) raise("SYNTAX_ERROR", lexed.error().message, at);
    tokens_ = *std::move(lexed);
  }

  Node whole() {
    Node node = choice();
    if (token().kind != TokenKind::kEnd) unexpected("'^', '$', '(', ')', '{-', '|', 'PERMUTE', <identifier>");
    return node;
  }

 private:
  const Token& token(size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  bool is(std::string_view op, size_t ahead = 0) const { return token(ahead).is_op(op); }
  // ? is an operator of its own kind.
  bool is_question() const { return token().kind == TokenKind::kQuestion; }
  bool take(std::string_view op) {
    if (!is(op)) return false;
    ++at_;
    return true;
  }
  duckdb::optional_idx place() const {
    return start_.IsValid() ? duckdb::optional_idx(start_.GetIndex() + token().begin) : start_;
  }
  [[noreturn]] void unexpected(const string& expecting) const {
    const string shown = token().kind == TokenKind::kEnd ? ")" : token().text;
    raise("SYNTAX_ERROR", "mismatched input '" + shown + "'. Expecting: " + expecting, place());
  }

  Node choice() {
    if (++depth_ > 200) raise("STACK_OVERFLOW", "The pattern is too deeply nested.", place());
    Node node{.kind = Node::Kind::kChoice};
    do node.children.push_back(sequence());
    while (take("|"));
    --depth_;
    return node.children.size() == 1 ? std::move(node.children[0]) : node;
  }

  bool primary_follows() const { return token().is_name() || is("(") || is("^") || is("$") || (is("{") && is("-", 1)); }

  Node sequence() {
    Node node{.kind = Node::Kind::kSequence};
    if (!primary_follows()) unexpected("'^', '$', '(', '{-', 'PERMUTE', <identifier>");
    while (primary_follows()) node.children.push_back(quantified());
    return node.children.size() == 1 ? std::move(node.children[0]) : node;
  }

  // {n}, {n,}, {,m}, {n,m}
  std::pair<int64_t, int64_t> range(duckdb::optional_idx at) {
    ++at_;
    const auto number = [&](const char* which) -> std::optional<int64_t> {
      if (token().kind != TokenKind::kNumber) return std::nullopt;
      const auto given = parse_int(token().text);
      if (!given || *given > std::numeric_limits<int32_t>::max()) {
        raise("NUMERIC_VALUE_OUT_OF_RANGE",
              string("Pattern quantifier ") + which + " bound must not exceed 2147483647", at);
      }
      ++at_;
      return given;
    };
    const auto low = number("lower");
    int64_t most = low.value_or(kNoEnd);
    if (take(",")) {
      most = number("upper").value_or(kNoEnd);
    } else if (!low) {
      unexpected("',', '}', <integer>");
    }
    if (most != kNoEnd && most < 1) {
      raise("NUMERIC_VALUE_OUT_OF_RANGE", "Pattern quantifier upper bound must be greater than or equal to 1", at);
    }
    const int64_t least = low.value_or(0);
    if (most != kNoEnd && least > most) {
      raise("INVALID_RANGE", "Pattern quantifier lower bound must not exceed upper bound", at);
    }
    if (!take("}")) unexpected("'}'");
    return {least, most};
  }

  Node quantified() {
    Node body = primary();
    int64_t least = 0, most = kNoEnd;
    const auto at = place();
    if (take("*")) {
    } else if (take("+")) {
      least = 1;
    } else if (is_question()) {
      ++at_;
      most = 1;
    } else if (is("{") && !is("-", 1)) {
      std::tie(least, most) = range(at);
    } else {
      return body;
    }
    const bool reluctant = is_question();
    if (reluctant) ++at_;
    Node loop{.kind = Node::Kind::kLoop, .least = least, .most = most, .greedy = !reluctant};
    loop.children.push_back(std::move(body));
    return loop;
  }

  Node primary() {
    if (take("^")) return {.kind = Node::Kind::kFirst};
    if (take("$")) return {.kind = Node::Kind::kLast};
    if (take("(")) {
      if (take(")")) return {};
      Node node = choice();
      if (!take(")")) unexpected("')'");
      return node;
    }
    if (take("{")) {
      ++at_;
      pattern_.hides = true;
      Node hidden{.kind = Node::Kind::kHidden};
      hidden.children.push_back(choice());
      if (!take("-") || !take("}")) unexpected("'-}'");
      return hidden;
    }
    if (token().is("permute") && is("(", 1)) {
      const auto at = place();
      at_ += 2;
      Node permuted{.kind = Node::Kind::kPermuted};
      do permuted.children.push_back(choice());
      while (take(","));
      if (!take(")")) unexpected("')'");
      if (permuted.children.size() > kMostPermuted) {
        raise("NOT_SUPPORTED", "PERMUTE of more than " + std::to_string(kMostPermuted) + " patterns is not supported.",
              at);
      }
      return permuted;
    }
    const Token& name = tokens_[at_++];
    const string label = name.kind == TokenKind::kQuotedName ? name.text : upper(name.text);
    const auto [known, added] = numbers_.try_emplace(label, numbers_.size());
    if (added) pattern_.labels.push_back(label);
    return {.kind = Node::Kind::kLabel, .label = known->second};
  }

  Pattern& pattern_;
  duckdb::optional_idx start_;
  std::vector<Token> tokens_;
  std::map<string, size_t> numbers_;  // of the labels
  size_t at_ = 0;
  int depth_ = 0;
};

class Writer {
 public:
  Writer(Pattern& pattern, duckdb::optional_idx at) : pattern_(pattern), steps_(pattern.steps), at_(at) {}

  void write(const Node& node) {
    if (steps_.size() > kMostSteps) raise("NOT_SUPPORTED", "The pattern is too large.", at_);
    using Kind = Step::Kind;
    switch (node.kind) {
      case Node::Kind::kEmpty: return;
      case Node::Kind::kLabel: add(Kind::kRow, node.label); return;
      case Node::Kind::kFirst: add(Kind::kFirst); return;
      case Node::Kind::kLast: add(Kind::kLast); return;
      case Node::Kind::kSequence:
        for (const Node& child : node.children) write(child);
        return;
      case Node::Kind::kHidden:
        add(Kind::kHide);
        write(node.children[0]);
        add(Kind::kShow);
        return;
      case Node::Kind::kChoice: {
        std::vector<Sequence> branches;
        for (const Node& child : node.children) branches.push_back({&child});
        return choice(branches);
      }
      case Node::Kind::kPermuted: permuted(node); return;
      case Node::Kind::kLoop: loop(node); return;
    }
  }

  size_t add(Step::Kind kind, size_t a = 0) {
    steps_.push_back({kind, a, 0});
    return steps_.size() - 1;
  }

 private:
  using Sequence = std::vector<const Node*>;

  void choice(const std::vector<Sequence>& branches) {
    std::vector<size_t> ends;
    for (size_t i = 0; i + 1 < branches.size(); ++i) {
      const size_t either = add(Step::Kind::kEither, steps_.size() + 1);
      for (const Node* node : branches[i]) write(*node);
      ends.push_back(add(Step::Kind::kGo));
      steps_[either].b = steps_.size();
    }
    for (const Node* node : branches.back()) write(*node);
    for (const size_t end : ends) steps_[end].a = steps_.size();
  }

  // All orders, by the places in the list.
  void permuted(const Node& node) {
    std::vector<size_t> order(node.children.size());
    std::iota(order.begin(), order.end(), 0);
    std::vector<Sequence> branches;
    do {
      Sequence& branch = branches.emplace_back();
      for (const size_t i : order) branch.push_back(&node.children[i]);
    } while (std::next_permutation(order.begin(), order.end()));
    choice(branches);
  }

  // Where the loop may end: into the body first if it is greedy.
  size_t fork(bool greedy) {
    const size_t either = add(Step::Kind::kEither);
    (greedy ? steps_[either].a : steps_[either].b) = steps_.size();
    return either;
  }
  void leave(size_t either, bool greedy) { (greedy ? steps_[either].b : steps_[either].a) = steps_.size(); }

  void loop(const Node& node) {
    const Node& body = node.children[0];
    for (int64_t i = 0; i < node.least; ++i) {
      const size_t before = steps_.size();
      write(body);
      if (steps_.size() == before) break;  // nothing, however often
    }
    if (node.most == kNoEnd) {
      const size_t number = pattern_.loops++;
      const size_t either = fork(node.greedy);
      add(Step::Kind::kEnter, number);
      write(body);
      add(Step::Kind::kAgain, number);
      add(Step::Kind::kGo, either);
      leave(either, node.greedy);
      return;
    }
    std::vector<size_t> forks;
    for (int64_t i = node.least; i < node.most; ++i) {
      forks.push_back(fork(node.greedy));
      write(body);
    }
    for (const size_t either : forks) leave(either, node.greedy);
  }

  Pattern& pattern_;
  std::vector<Step>& steps_;
  duckdb::optional_idx at_;
};

}  // namespace

Pattern read_pattern(const string& text, duckdb::optional_idx at) {
  Pattern pattern;
  const Node tree = Reader(pattern, text, at).whole();
  Writer writer(pattern, at);
  writer.write(tree);
  writer.add(Step::Kind::kDone);
  return pattern;
}

}  // namespace tarn::sql::engine::trino
