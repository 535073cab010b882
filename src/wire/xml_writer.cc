#include "base/text.h"
#include "base/time.h"
#include "wire/scalar.h"
#include "wire/xml_codec.h"

namespace tarn::wire {
namespace {

class Writer {
 public:
  Writer(std::string& out, XmlDialect dialect) : out_(out), dialect_(dialect) {}

  void element(const Field* field, std::string_view name, std::string_view xml_namespace, const Shape& shape,
               const void* value) {
    open(name);
    if (field != nullptr && !field->xml_namespace.empty()) {
      name_space(field->xml_prefix, field->xml_namespace);
    } else if (!xml_namespace.empty()) {
      name_space({}, xml_namespace);
    }
    if (shape.kind == Kind::kStructure) attributes(shape, value);
    out_ += '>';
    content(field, shape, value);
    close(name);
  }

  void members(const Shape& shape, const void* value) {
    for (const Field& field : shape.fields) {
      if (field.location != Location::kBody || field.xml_attribute) continue;
      const void* at = field.get(static_cast<const char*>(value) + field.offset);
      if (at != nullptr) member(field, at);
    }
  }

 private:
  void open(std::string_view name) {
    out_ += '<';
    out_ += name;
  }
  void close(std::string_view name) {
    out_ += "</";
    out_ += name;
    out_ += '>';
  }
  void name_space(std::string_view prefix, std::string_view uri) {
    out_ += prefix.empty() ? " xmlns" : " xmlns:";
    out_ += prefix;
    out_ += "=\"";
    append_xml_text(out_, uri);
    out_ += '"';
  }

  void attributes(const Shape& shape, const void* value) {
    for (const Field& field : shape.fields) {
      if (!field.xml_attribute) continue;
      const void* at = field.get(static_cast<const char*>(value) + field.offset);
      if (at == nullptr) continue;
      out_ += ' ';
      out_ += field.wire_name;
      out_ += "=\"";
      append_xml_text(out_, text(&field, *field.shape, at));
      out_ += '"';
    }
  }

  std::string_view name_of(const Field& field) const {
    return dialect_ == XmlDialect::kQuery && !field.query_name.empty() ? field.query_name : field.wire_name;
  }

  void member(const Field& field, const void* value) {
    const Shape& shape = *field.shape;
    const bool flat = field.flattened || shape.flattened;
    if (flat && shape.kind == Kind::kList) {
      const std::string_view name = shape.element_name.empty() ? name_of(field) : shape.element_name;
      for (size_t i = 0, n = shape.size(value); i < n; ++i)
        element(nullptr, name, {}, *shape.element, shape.at(value, i));
    } else if (flat && shape.kind == Kind::kMap) {
      for (size_t i = 0, n = shape.size(value); i < n; ++i) entry(name_of(field), shape, value, i);
    } else {
      element(&field, name_of(field), {}, shape, value);
    }
  }

  void content(const Field* field, const Shape& shape, const void* value) {
    switch (shape.kind) {
      case Kind::kStructure: return members(shape, value);
      case Kind::kList: {
        const std::string_view name = shape.element_name.empty() ? "member" : shape.element_name;
        for (size_t i = 0, n = shape.size(value); i < n; ++i)
          element(nullptr, name, {}, *shape.element, shape.at(value, i));
        return;
      }
      case Kind::kMap:
        for (size_t i = 0, n = shape.size(value); i < n; ++i) entry("entry", shape, value, i);
        return;
      default: append_xml_text(out_, text(field, shape, value));
    }
  }

  void entry(std::string_view name, const Shape& shape, const void* map, size_t index) {
    open(name);
    out_ += '>';
    append_xml_element(out_, shape.key_name.empty() ? "key" : shape.key_name, shape.key_at(map, index));
    element(nullptr, shape.element_name.empty() ? "value" : shape.element_name, {}, *shape.element,
            shape.at(map, index));
    close(name);
  }

  std::string text(const Field* field, const Shape& shape, const void* value) {
    const TimestampFormat format = format_of(field, shape, TimestampFormat::kIso8601);
    if (dialect_ == XmlDialect::kMillis && shape.kind == Kind::kTimestamp && format == TimestampFormat::kIso8601) {
      return iso8601_millis(*static_cast<const Time*>(value));
    }
    return scalar_text(shape, format, value);
  }

  std::string& out_;
  XmlDialect dialect_;
};

// What XML 1.0 cannot carry, even escaped, becomes U+FFFD rather than a document that no client can read.
bool is_forbidden(unsigned char c) {
  return c < 0x20 && c != '\t' && c != '\n' && c != '\r';
}

}  // namespace

void append_xml_text(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\r': out += "&#xD;"; break;  // a bare one would be read as a line feed
      default:
        if (is_forbidden(static_cast<unsigned char>(c))) {
          out += "\xEF\xBF\xBD";
        } else {
          out += c;
        }
    }
  }
}

void append_xml_element(std::string& out, std::string_view name, std::string_view text) {
  out += '<';
  out += name;
  out += '>';
  append_xml_text(out, text);
  out += "</";
  out += name;
  out += '>';
}

void write_xml(std::string& out, XmlDialect dialect, std::string_view name, std::string_view xml_namespace,
               const Shape& shape, const void* value) {
  Writer(out, dialect).element(nullptr, name, xml_namespace, shape, value);
}

void write_xml_members(std::string& out, XmlDialect dialect, const Shape& shape, const void* value) {
  Writer(out, dialect).members(shape, value);
}

}  // namespace tarn::wire
