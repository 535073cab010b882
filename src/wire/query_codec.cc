#include "wire/query_codec.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/text.h"
#include "wire/scalar.h"

namespace tarn::wire {
namespace {

constexpr size_t kMaxParts = 64;

// The parameters as a tree: "A.b=1&A.c=2" is A with b and c.
struct Node {
  std::optional<std::string> text;
  std::map<std::string, Node, std::less<>> children;

  const Node* find(std::string_view name) const {
    const auto at = children.find(name);
    return at == children.end() ? nullptr : &at->second;
  }
};

Result<Node> parse(std::string_view form) {
  Node root;
  for (const std::string_view pair : split(form, '&')) {
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    const std::string name = uri_decode(pair.substr(0, equals), true);
    const std::string text = equals == std::string_view::npos ? "" : uri_decode(pair.substr(equals + 1), true);
    if (!valid_utf8(name) || !valid_utf8(text)) {
      return fail(400, "MalformedQueryString", "The query string contains a syntax error: it is not UTF-8.");
    }
    const auto parts = split(name, '.');
    if (parts.size() > kMaxParts) {
      return fail(400, "MalformedQueryString", "The query string contains a syntax error: a name has too many parts.");
    }
    Node* node = &root;
    for (const std::string_view part : parts) node = &node->children[std::string(part)];
    node->text = text;
  }
  return root;
}

// The children by number: 1, 2, ..., 10.
std::vector<const Node*> numbered(const Node& node) {
  std::map<int64_t, const Node*> sorted;
  for (const auto& [name, child] : node.children)
    if (const auto number = parse_int(name)) sorted[*number] = &child;
  std::vector<const Node*> result;
  result.reserve(sorted.size());
  for (const auto& [number, child] : sorted) result.push_back(child);
  return result;
}

class Reader {
 public:
  explicit Reader(bool ec2) : ec2_(ec2) {}

  Status structure(const Shape& shape, const Node& node, void* value) {
    for (const Field& field : shape.fields) {
      const Node* child = find(field, node);
      if (child == nullptr) continue;
      void* member = field.make(static_cast<char*>(value) + field.offset);
      TRY(read(&field, *field.shape, field.name, *child, member));
    }
    return {};
  }

 private:
  bool is_flat(const Field& field) const { return ec2_ || field.flattened || field.shape->flattened; }

  // The node that holds the member; of a flattened list that of its element's name.
  const Node* find(const Field& field, const Node& node) const {
    if (ec2_) return node.find(field.query_name);
    if (!field.query_name.empty())
      if (const Node* child = node.find(field.query_name)) return child;
    if (const Node* child = node.find(field.wire_name)) return child;
    const bool flat_list = is_flat(field) && field.shape->kind == Kind::kList;
    return flat_list && !field.shape->element_name.empty() ? node.find(field.shape->element_name) : nullptr;
  }

  Status read(const Field* field, const Shape& shape, std::string_view name, const Node& node, void* value) {
    switch (shape.kind) {
      case Kind::kStructure: return structure(shape, node, value);
      case Kind::kList: return list(shape, is_flattened(field, shape), name, node, value);
      case Kind::kMap: return map(shape, is_flattened(field, shape), name, node, value);
      default: return scalar(field, shape, name, node, value);
    }
  }

  bool is_flattened(const Field* field, const Shape& shape) const {
    return field != nullptr ? is_flat(*field) : ec2_ || shape.flattened;
  }

  // No numbered child at all is an empty list ("Tags=").
  Status list(const Shape& shape, bool flat, std::string_view name, const Node& node, void* value) {
    const Node* items = flat ? &node : node.find(shape.element_name.empty() ? "member" : shape.element_name);
    if (items == nullptr) return {};
    for (const Node* item : numbered(*items)) TRY(read(nullptr, *shape.element, name, *item, shape.append(value)));
    return {};
  }

  Status map(const Shape& shape, bool flat, std::string_view name, const Node& node, void* value) {
    const Node* entries = flat ? &node : node.find("entry");
    if (entries == nullptr) return {};
    for (const Node* entry : numbered(*entries)) {
      const Node* key = entry->find(shape.key_name.empty() ? "key" : shape.key_name);
      const Node* item = entry->find(shape.element_name.empty() ? "value" : shape.element_name);
      if (key == nullptr || !key->text || item == nullptr) {
        return fail(400, "MalformedQueryString", fmt::format("An entry of {} lacks its key or its value.", name));
      }
      TRY(read(nullptr, *shape.element, name, *item, shape.insert(value, *key->text)));
    }
    return {};
  }

  Status scalar(const Field* field, const Shape& shape, std::string_view name, const Node& node, void* value) {
    const TimestampFormat format = format_of(field, shape, TimestampFormat::kIso8601);
    if (node.text && parse_scalar(shape, format, *node.text, value)) return {};
    return fail(
        400, "MalformedInput",
        fmt::format("'{}' is no {} for the parameter {}.", node.text.value_or(""), kind_name(shape.kind), name));
  }

  bool ec2_;
};

}  // namespace

Status read_query(const Shape& shape, bool ec2, std::string_view form, void* value) {
  const Node root = TRY(parse(form));
  return Reader(ec2).structure(shape, root, value);
}

}  // namespace tarn::wire
