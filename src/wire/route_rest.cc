#include "wire/route_rest.h"

#include <algorithm>
#include <climits>
#include <functional>
#include <span>
#include <tuple>

#include "base/text.h"

namespace tarn::wire {

struct RestTemplate {
  const Operation* operation;                                 // nullptr: it is not answered
  std::string_view unanswered;                                // its name then
  std::vector<std::pair<std::string, std::string>> literals;  // an empty value: any
};

namespace {

using Parameters = std::vector<std::pair<std::string, std::string>>;

Parameters parameters(std::string_view query) {
  Parameters all;
  if (query.empty()) return all;
  for (const std::string_view piece : split(query, '&')) {
    if (piece.empty()) continue;
    const size_t equals = piece.find('=');
    all.emplace_back(uri_decode(piece.substr(0, equals), true),
                     equals == piece.npos ? "" : uri_decode(piece.substr(equals + 1), true));
  }
  return all;
}

bool contains(const Parameters& all, std::string_view name) {
  return std::ranges::any_of(all, [&](const auto& p) { return p.first == name; });
}

bool matches(const RestTemplate& candidate, const Parameters& query) {
  return std::ranges::all_of(candidate.literals, [&](const auto& literal) {
    return std::ranges::any_of(query, [&](const auto& given) {
      return given.first == literal.first && (literal.second.empty() || given.second == literal.second);
    });
  });
}

// The query parts come first; then whether all required members are there, and how many.
std::tuple<size_t, bool, int> score(const RestTemplate& candidate, const Parameters& query, const http::RequestHead& head) {
  int there = 0, missing = 0;
  if (candidate.operation == nullptr) return {candidate.literals.size(), false, INT_MIN};  // gives way to any other
  for (const Field& field : candidate.operation->input->fields) {
    if (!field.required) continue;
    if (field.location == Location::kQuery) ++(contains(query, field.wire_name) ? there : missing);
    if (field.location == Location::kHeader) ++(head.headers.contains(field.wire_name) ? there : missing);
  }
  return {candidate.literals.size(), missing == 0, missing == 0 ? there : -missing};
}

const RestTemplate* best(const std::vector<RestTemplate>& candidates, const Parameters& query, const http::RequestHead& head) {
  const RestTemplate* chosen = nullptr;
  std::tuple<size_t, bool, int> highest;
  for (const RestTemplate& candidate : candidates) {
    if (!matches(candidate, query)) continue;
    const auto reached = score(candidate, query, head);
    if (chosen != nullptr && reached <= highest) continue;
    chosen = &candidate;
    highest = reached;
  }
  return chosen;
}

// "/a/{b}/": {"a", "{b}"}. A slash at the end is not told apart from none.
std::vector<std::string_view> segments(std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);
  if (path.empty()) return {};
  return split(path, '/');
}

bool is_label(std::string_view segment) {
  return segment.starts_with('{');
}
bool is_greedy(std::string_view segment) {
  return segment.ends_with("+}");
}

}  // namespace

// A place in the tree of paths.
struct RestTable::Node {
  // A greedy label, and the segments behind it.
  struct Tail {
    std::vector<std::string_view> behind;
    std::vector<RestTemplate> templates;
  };
  std::unordered_map<std::string_view, std::unique_ptr<Node>> literals;
  std::unique_ptr<Node> label;
  std::vector<RestTemplate> templates;  // that end here
  std::vector<Tail> tails;

  // Calls visit(templates) for each place that the path leads to, the most specific first, until it returns true.
  template <class Visit>
  bool walk(std::span<const std::string_view> path, Visit& visit) const;
};

template <class Visit>
bool RestTable::Node::walk(std::span<const std::string_view> path, Visit& visit) const {
  if (path.empty()) return !templates.empty() && visit(templates);
  const auto literal = literals.find(path[0]);
  if (literal != literals.end() && literal->second->walk(path.subspan(1), visit)) return true;
  if (label != nullptr && !path[0].empty() && label->walk(path.subspan(1), visit)) return true;
  for (const Tail& tail : tails) {
    if (path.size() <= tail.behind.size()) continue;
    const auto end = path.last(tail.behind.size());
    const bool fits = std::ranges::equal(tail.behind, end, [](std::string_view wanted, std::string_view given) {
      return is_label(wanted) ? !given.empty() : wanted == given;
    });
    if (fits && visit(tail.templates)) return true;
  }
  return false;
}

RestTable::RestTable() = default;
RestTable::RestTable(RestTable&&) noexcept = default;
RestTable::~RestTable() = default;

void RestTable::add(const Operation& operation) {
  add(operation.method, operation.uri, RestTemplate{&operation, {}, {}});
}

void RestTable::add(const Unanswered& operation) {
  add(operation.method, operation.uri, RestTemplate{nullptr, operation.name, {}});
}

void RestTable::add(std::string_view method, std::string_view uri, RestTemplate added) {
  const size_t mark = uri.find('?');
  if (mark != uri.npos) added.literals = parameters(uri.substr(mark + 1));
  // Where a model names the operation once more in the query, clients need not.
  std::erase_if(added.literals, [](const auto& literal) { return literal.first == "x-id"; });
  auto& root = by_method_[method];
  if (root == nullptr) root = std::make_unique<Node>();
  Node* node = root.get();
  const std::vector<std::string_view> path = segments(uri.substr(0, mark));
  for (size_t i = 0; i < path.size(); ++i) {
    if (is_greedy(path[i])) {
      const std::vector<std::string_view> behind(path.begin() + static_cast<ptrdiff_t>(i) + 1, path.end());
      auto tail = std::ranges::find(node->tails, behind, &Node::Tail::behind);
      if (tail == node->tails.end()) {
        node->tails.push_back({behind, {}});
        // What must stand behind makes a template more specific.
        std::ranges::stable_sort(node->tails, std::greater(), [](const auto& t) { return t.behind.size(); });
        tail = std::ranges::find(node->tails, behind, &Node::Tail::behind);
      }
      tail->templates.push_back(std::move(added));
      return;
    }
    auto& next = is_label(path[i]) ? node->label : node->literals[path[i]];
    if (next == nullptr) next = std::make_unique<Node>();
    node = next.get();
  }
  node->templates.push_back(std::move(added));
}

RestTable::Match RestTable::find(const http::RequestHead& head, std::string_view path) const {
  const Parameters query = parameters(head.query);
  Match match;
  const auto root = by_method_.find(head.method);
  if (root == by_method_.end()) return match;
  auto visit = [&](const std::vector<RestTemplate>& templates) {
    const RestTemplate* chosen = best(templates, query, head);
    if (chosen != nullptr) match = {chosen->operation, chosen->unanswered};
    return chosen != nullptr;
  };
  root->second->walk(segments(path), visit);
  return match;
}

bool RestTable::knows_path(std::string_view path) const {
  auto visit = [](const std::vector<RestTemplate>&) { return true; };
  const std::vector<std::string_view> parts = segments(path);
  return std::ranges::any_of(by_method_, [&](const auto& method) { return method.second->walk(parts, visit); });
}

}  // namespace tarn::wire
