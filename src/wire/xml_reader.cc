#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <pugixml.hpp>

#include "base/text.h"
#include "wire/scalar.h"
#include "wire/xml_codec.h"

namespace tarn::wire {
namespace {

constexpr int kMaxDepth = 200;
constexpr unsigned kParse = pugi::parse_cdata | pugi::parse_escapes | pugi::parse_eol | pugi::parse_wconv_attribute |
                            pugi::parse_ws_pcdata_single | pugi::parse_doctype;

Failure malformed(std::string_view why) {
  return Failure(
      Error{400,
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema",
            {{"Detail", std::string(why)}}});
}

std::string_view local_name(std::string_view name) {
  const size_t colon = name.rfind(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

// An entity that only a document type could define. Comments and CDATA may hold a bare '&', so they are passed over.
bool has_unknown_entity(std::string_view text) {
  static constexpr std::array<std::string_view, 6> kKnown = {"amp;", "lt;", "gt;", "quot;", "apos;", "#"};
  for (size_t at = 0; (at = text.find_first_of("&<", at)) != std::string_view::npos; ++at) {
    const std::string_view rest = text.substr(at + 1);
    if (text[at] == '<') {
      const std::string_view end = rest.starts_with("![CDATA[") ? "]]>" : rest.starts_with("!--") ? "-->" : "";
      if (end.empty()) continue;
      at = text.find(end, at + 4);
      if (at == std::string_view::npos) return false;  // the parser says what is wrong
      continue;
    }
    bool known = false;
    for (const auto name : kKnown) known |= rest.starts_with(name);
    if (!known) return true;
  }
  return false;
}

std::string text_of(const pugi::xml_node& node) {
  std::string text;
  for (const pugi::xml_node& child : node.children())
    if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata) text += child.value();
  return text;
}

class Reader {
 public:
  Status read(const Field* field, const Shape& shape, const pugi::xml_node& node, void* value) {
    if (++depth_ > kMaxDepth) return malformed("it is nested too deeply");
    Status done;
    switch (shape.kind) {
      case Kind::kStructure: done = read_structure(shape, node, value); break;
      case Kind::kList: done = read_list(shape, node, value); break;
      case Kind::kMap: done = read_map(shape, node, value); break;
      default: done = read_scalar(field, shape, local_name(node.name()), text_of(node), value);
    }
    --depth_;
    return done;
  }

 private:
  Status read_structure(const Shape& shape, const pugi::xml_node& node, void* value) {
    for (const pugi::xml_attribute& attribute : node.attributes()) TRY(read_attribute(shape, attribute, value));
    const Field* set = nullptr;  // of a union
    for (const pugi::xml_node& child : node.children()) {
      if (child.type() != pugi::node_element) continue;
      const Field* field = find(shape, local_name(child.name()));
      if (field == nullptr) continue;
      if (shape.is_union && set != nullptr && set != field) {
        return malformed(fmt::format("{} holds both {} and {}", shape.name, set->name, field->name));
      }
      set = field;
      TRY(read_member(*field, child, field->make(static_cast<char*>(value) + field->offset)));
    }
    return {};
  }

  static bool is_flat(const Field& field) { return field.flattened || field.shape->flattened; }

  static const Field* find(const Shape& shape, std::string_view name) {
    for (const Field& field : shape.fields)
      if (field.location == Location::kBody && !field.xml_attribute && field.wire_name == name) return &field;
    // The entries of a flattened list may go by the element's own name.
    for (const Field& field : shape.fields)
      if (field.shape->kind == Kind::kList && is_flat(field) && field.shape->element_name == name) return &field;
    return nullptr;
  }

  Status read_member(const Field& field, const pugi::xml_node& node, void* value) {
    const Shape& shape = *field.shape;
    if (is_flat(field) && shape.kind == Kind::kList) return read(nullptr, *shape.element, node, shape.append(value));
    if (is_flat(field) && shape.kind == Kind::kMap) return read_entry(shape, node, value);
    return read(&field, shape, node, value);
  }

  Status read_attribute(const Shape& shape, const pugi::xml_attribute& attribute, void* value) {
    for (const Field& field : shape.fields) {
      if (!field.xml_attribute || local_name(field.wire_name) != local_name(attribute.name())) continue;
      return read_scalar(&field, *field.shape, field.wire_name, attribute.value(),
                         field.make(static_cast<char*>(value) + field.offset));
    }
    return {};
  }

  Status read_list(const Shape& shape, const pugi::xml_node& node, void* value) {
    const std::string_view name = shape.element_name.empty() ? "member" : shape.element_name;
    for (const pugi::xml_node& child : node.children()) {
      if (child.type() != pugi::node_element) continue;
      if (local_name(child.name()) != name) return malformed(fmt::format("{} holds {}", node.name(), child.name()));
      TRY(read(nullptr, *shape.element, child, shape.append(value)));
    }
    return {};
  }

  Status read_map(const Shape& shape, const pugi::xml_node& node, void* value) {
    for (const pugi::xml_node& child : node.children())
      if (child.type() == pugi::node_element) TRY(read_entry(shape, child, value));
    return {};
  }

  Status read_entry(const Shape& shape, const pugi::xml_node& node, void* value) {
    const std::string_view key_name = shape.key_name.empty() ? "key" : shape.key_name;
    const std::string_view value_name = shape.element_name.empty() ? "value" : shape.element_name;
    pugi::xml_node key, item;
    for (const pugi::xml_node& child : node.children()) {
      if (local_name(child.name()) == key_name) key = child;
      if (local_name(child.name()) == value_name) item = child;
    }
    if (!key || !item) return malformed(fmt::format("{} lacks {}", node.name(), !key ? key_name : value_name));
    return read(nullptr, *shape.element, item, shape.insert(value, text_of(key)));
  }

  Status read_scalar(const Field* field, const Shape& shape, std::string_view name, std::string text, void* value) {
    const TimestampFormat format = format_of(field, shape, TimestampFormat::kIso8601);
    const bool exact = shape.kind == Kind::kString;
    if (parse_scalar(shape, format, exact ? std::string_view(text) : trim(text), value)) return {};
    return malformed(fmt::format("'{}' of {} is no {}", text, name, kind_name(shape.kind)));
  }

  int depth_ = 0;
};

}  // namespace

Status read_xml(const Shape& shape, std::span<const std::string_view> roots, std::string_view document, void* value) {
  if (!valid_utf8(document)) return malformed("it is not UTF-8");
  if (document.find('\0') != std::string_view::npos) return malformed("it holds a zero byte");
  if (has_unknown_entity(document)) return malformed("it holds an entity that is not defined");
  pugi::xml_document tree;
  const pugi::xml_parse_result parsed = tree.load_buffer(document.data(), document.size(), kParse, pugi::encoding_utf8);
  if (!parsed) return malformed(fmt::format("{} at byte {}", parsed.description(), parsed.offset));
  pugi::xml_node top;
  for (const pugi::xml_node& node : tree.children()) {
    if (node.type() == pugi::node_doctype) return malformed("it has a document type");
    if (node.type() == pugi::node_element && top) return malformed("it has a second root element");
    if (node.type() == pugi::node_element) top = node;
  }
  if (!top) return malformed("it has no root element");
  if (std::ranges::find(roots, local_name(top.name())) == roots.end()) {
    return malformed(fmt::format("its root element is {}, expected {}", top.name(), roots.front()));
  }
  return Reader().read(nullptr, shape, top, value);
}

}  // namespace tarn::wire
