#include "wire/reader.h"

#include <fmt/format.h>

#include "base/text.h"
#include "wire/json_codec.h"
#include "wire/query_codec.h"
#include "wire/rest_binding.h"
#include "wire/types.h"
#include "wire/xml_codec.h"

namespace tarn::wire {
namespace {

// AWS takes an empty body for an empty structure.
Status read_json_body(const Shape& shape, std::string_view body, void* value) {
  if (trim(body).empty()) return {};
  return read_json(shape, TRY(Json::parse(body)), value);
}

const Field* payload_of(const Shape& shape) {
  for (const Field& field : shape.fields)
    if (field.payload) return &field;
  return nullptr;
}

bool has_body_members(const Shape& shape) {
  for (const Field& field : shape.fields)
    if (field.location == Location::kBody) return true;
  return false;
}

// The models name a root in three ways, and clients are free to follow any of them.
Status read_root(const Shape& shape, std::string_view name, std::string_view body, void* value) {
  const std::string_view roots[] = {name.empty() ? shape.name : name, shape.xml_name, shape.name};
  return read_xml(shape, roots, body, value);
}

// The member that is the whole body. Bytes as they are; an empty body leaves the member absent.
Status read_payload(const Operation& operation, const Field& field, std::string_view body, void* input) {
  if (body.empty()) return {};
  void* value = field.make(static_cast<char*>(input) + field.offset);
  switch (field.shape->kind) {
    case Kind::kBlob: static_cast<Blob*>(value)->bytes = body; return {};
    case Kind::kString:
      if (!valid_utf8(body))
        return fail(400, "SerializationException", fmt::format("The body ({}) is not UTF-8", field.name));
      *static_cast<std::string*>(value) = body;
      return {};
    default: break;
  }
  if (operation.service->protocol == Protocol::kRestXml) {
    return read_root(*field.shape, field.wire_name, body, value);
  }
  return read_json(*field.shape, TRY(Json::parse(body)), value);
}

Status read_rest_body(const Operation& operation, std::string_view body, void* input) {
  const Shape& shape = *operation.input;
  if (!operation.streaming_input.empty()) return {};
  if (const Field* field = payload_of(shape)) return read_payload(operation, *field, body, input);
  if (!has_body_members(shape)) return {};
  if (operation.service->protocol == Protocol::kRestJson) return read_json_body(shape, body, input);
  return body.empty() ? Status() : read_root(shape, operation.input_root, body, input);
}

// AWS: the query protocol takes its parameters from the query string of a GET as well.
Status read_form(const Operation& operation, const http::RequestHead& head, std::string_view body, void* input) {
  const bool ec2 = operation.service->protocol == Protocol::kEc2;
  const std::string form = head.query.empty() ? std::string(body) : head.query + '&' + std::string(body);
  TRY(read_query(*operation.input, ec2, form, input));
  // AWS: SQS Developer Guide, "Making query API requests": the path may name the queue ("/123456789012/name").
  if (head.path.size() <= 1) return {};
  for (const Field& field : operation.input->fields) {
    void* member = static_cast<char*>(input) + field.offset;
    if (field.name == "QueueUrl" && field.get(member) == nullptr)
      *static_cast<std::string*>(field.make(member)) = head.path;
  }
  return {};
}

}  // namespace

Result<Any> read_input(const Operation& operation, const http::RequestHead& head, std::string_view body) {
  Any input(*operation.input);
  switch (operation.service->protocol) {
    case Protocol::kJson10:
    case Protocol::kJson11: TRY(read_json_body(*operation.input, body, input.get())); break;
    case Protocol::kQuery:
    case Protocol::kEc2: TRY(read_form(operation, head, body, input.get())); break;
    case Protocol::kRestJson:
    case Protocol::kRestXml:
      TRY(read_bound_members(operation, head, input.get()));
      TRY(read_rest_body(operation, body, input.get()));
      break;
  }
  return input;
}

}  // namespace tarn::wire
