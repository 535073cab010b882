// Structures as XML: the bodies of rest-xml, and the answers of query and ec2 query.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/shape.h"

namespace tarn::wire {

// Reads a document into a structure. Its root must have one of the names `roots` (in any namespace).
// A document type, an entity that XML does not predefine, or more than 200 levels are refused.
// ERRORS: MalformedXML, for all that is not of the shape too (as S3 says it).
Status read_xml(const Shape& shape, std::span<const std::string_view> roots, std::string_view document, void* value);

enum class XmlDialect : uint8_t {
  kPlain,
  kQuery,   // members have the names of the query protocol, where the service now speaks another
  kMillis,  // S3: times always with milliseconds
};

// Appends an element of that name with the value, its attributes and, where not empty, its namespace.
void write_xml(std::string& out, XmlDialect dialect, std::string_view name, std::string_view xml_namespace,
               const Shape& shape, const void* value);
// Appends the elements of the structure's body members, without an element around them.
void write_xml_members(std::string& out, XmlDialect dialect, const Shape& shape, const void* value);

// Appends text, escaped for an element or an attribute's value.
void append_xml_text(std::string& out, std::string_view text);
// Appends <name>text</name>.
void append_xml_element(std::string& out, std::string_view name, std::string_view text);

}  // namespace tarn::wire
