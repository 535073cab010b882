#include "wire/writer.h"

#include <fmt/format.h>

#include "base/text.h"
#include "wire/json_codec.h"
#include "wire/rest_binding.h"
#include "wire/types.h"
#include "wire/xml_codec.h"

namespace tarn::wire {
namespace {

constexpr std::string_view kXmlDeclaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
// S3's second request id, for its support. Clients only show it.
constexpr std::string_view kHostId = "tarn";

bool is_s3(const Service& service) {
  return service.protocol == Protocol::kRestXml && !service.wrapped_errors;
}

XmlDialect dialect_of(const Service& service) {
  return is_s3(service) ? XmlDialect::kMillis : XmlDialect::kPlain;
}

std::string_view json_type(Protocol protocol) {
  if (protocol == Protocol::kRestJson) return "application/json";
  return protocol == Protocol::kJson10 ? "application/x-amz-json-1.0" : "application/x-amz-json-1.1";
}

void put_request_id(const Service& service, std::string_view request_id, http::Response& response) {
  if (is_s3(service)) {
    response.headers.set("x-amz-request-id", std::string(request_id));
    response.headers.set("x-amz-id-2", std::string(kHostId));
  } else {
    response.headers.set("x-amzn-RequestId", std::string(request_id));
  }
}

void put_type(http::Response& response, std::string_view type) {
  if (!response.headers.contains("Content-Type")) response.headers.set("Content-Type", std::string(type));
}

const void* member(const Field& field, const void* structure) {
  return field.get(static_cast<const char*>(structure) + field.offset);
}

// --- outputs ---

void write_query_output(const Operation& operation, const Any& output, std::string_view request_id,
                        http::Response& response) {
  std::string& out = response.body;
  const std::string root = std::string(operation.name) + "Response";
  out += fmt::format("<{} xmlns=\"{}\">", root, operation.service->xml_namespace);
  if (!operation.result_wrapper.empty()) {
    write_xml(out, XmlDialect::kQuery, operation.result_wrapper, {}, output.shape(), output.get());
  }
  out += "<ResponseMetadata>";
  append_xml_element(out, "RequestId", request_id);
  out += fmt::format("</ResponseMetadata></{}>", root);
  put_type(response, "text/xml");
}

void write_ec2_output(const Operation& operation, const Any& output, std::string_view request_id,
                      http::Response& response) {
  std::string& out = response.body;
  const std::string root = std::string(operation.name) + "Response";
  out += kXmlDeclaration;
  out += fmt::format("<{} xmlns=\"{}\">", root, operation.service->xml_namespace);
  append_xml_element(out, "requestId", request_id);
  write_xml_members(out, XmlDialect::kPlain, output.shape(), output.get());
  out += fmt::format("</{}>", root);
  put_type(response, "text/xml;charset=UTF-8");
}

void write_xml_document(const Service& service, std::string_view root, const Shape& shape, const void* value,
                        http::Response& response) {
  response.body += kXmlDeclaration;
  const std::string_view xml_namespace = shape.xml_namespace.empty() ? service.xml_namespace : shape.xml_namespace;
  write_xml(response.body, dialect_of(service), root, xml_namespace, shape, value);
  put_type(response, "application/xml");
}

// An output member that is the whole body.
void write_payload(const Operation& operation, const Field& field, const void* value, http::Response& response) {
  switch (field.shape->kind) {
    case Kind::kBlob:
      response.body = static_cast<const Blob*>(value)->bytes;
      return put_type(response, "application/octet-stream");
    case Kind::kString:
      response.body = *static_cast<const std::string*>(value);
      return put_type(response, "text/plain");
    default: break;
  }
  if (operation.service->protocol == Protocol::kRestXml) {
    const bool named = field.wire_name != field.name;
    const std::string_view shape_name = field.shape->xml_name.empty() ? field.shape->name : field.shape->xml_name;
    return write_xml_document(*operation.service, named ? field.wire_name : shape_name, *field.shape, value, response);
  }
  write_json(response.body, *field.shape, value);
  put_type(response, json_type(operation.service->protocol));
}

// The output's only member is the root element itself.
void write_unwrapped(const Operation& operation, const Any& output, http::Response& response) {
  const Field& field = output.shape().fields.front();
  static const std::string kNothing;
  const void* value = member(field, output.get());
  write_xml_document(*operation.service, field.wire_name, *field.shape, value == nullptr ? &kNothing : value, response);
}

void write_rest_body(const Operation& operation, const Any& output, http::Response& response) {
  const Shape& shape = output.shape();
  bool in_body = false;
  for (const Field& field : shape.fields) {
    if (field.payload) {
      if (const void* value = member(field, output.get())) write_payload(operation, field, value, response);
      return;
    }
    in_body |= field.location == Location::kBody;
  }
  if (!in_body) return;
  if (operation.unwrapped_output) return write_unwrapped(operation, output, response);
  if (operation.service->protocol == Protocol::kRestXml) {
    const std::string_view root = shape.xml_name.empty() ? shape.name : shape.xml_name;
    return write_xml_document(*operation.service, root, shape, output.get(), response);
  }
  write_json(response.body, shape, output.get());
  put_type(response, json_type(Protocol::kRestJson));
}

void write_rest_output(const Operation& operation, const Any& output, http::Response& response) {
  write_bound_members(output.shape(), output.get(), response);
  // AWS: GetObject and HeadObject answer 206 to a range; the model has no member that says so.
  if (response.headers.contains("Content-Range")) response.status = 206;
  if (operation.event_stream != nullptr) return put_type(response, "application/vnd.amazon.eventstream");
  if (!operation.streaming_output.empty()) return put_type(response, "application/octet-stream");
  const bool bodiless = operation.method == "HEAD" || response.status == 204 || response.status == 304;
  if (!bodiless) write_rest_body(operation, output, response);
}

// --- errors ---

const ErrorShape* find_error(const Service& service, std::string_view code) {
  for (const ErrorShape& error : service.errors)
    if (error.code == code || (service.query_compatible && error.query_code == code)) return &error;
  return nullptr;
}

const Field* find_field(const ErrorShape* error, std::string_view name) {
  if (error == nullptr) return nullptr;
  for (const Field& field : error->shape->fields)
    if (equals_ignore_case(field.wire_name, name)) return &field;
  return nullptr;
}

std::string_view fault(const Error& error) {
  return error.status >= 500 ? "Receiver" : "Sender";
}

// The header that a member travels as, else empty: one that the model binds to a header, or, whatever the model says,
// "header:x-amz-bucket-region".
std::string_view header_name(const ErrorShape* shape, std::string_view member_name) {
  constexpr std::string_view kMark = "header:";
  if (member_name.starts_with(kMark)) return member_name.substr(kMark.size());
  const Field* field = find_field(shape, member_name);
  return field != nullptr && field->location == Location::kHeader ? field->wire_name : "";
}

// A member's text as JSON, by what the model says it is.
void append_json_member(std::string& out, const Field* field, const std::string& text) {
  const bool is_text = field == nullptr || field->shape->kind >= Kind::kString;
  const bool is_nested = field != nullptr && field->shape->kind > Kind::kTimestamp;
  if (is_text && !is_nested) return append_json_string(out, text);
  auto parsed = Json::parse(text);
  if (!parsed) return append_json_string(out, text);
  out += parsed->text();
}

void write_json_error(const Service& service, const Error& error, http::Response& response) {
  const ErrorShape* shape = find_error(service, error.code);
  const std::string_view code = shape == nullptr ? error.code : shape->code;
  std::string& out = response.body;
  out += '{';
  if (service.protocol != Protocol::kRestJson) {
    out += "\"__type\":";
    append_json_string(out, code);
    out += ',';
  }
  const Field* message = find_field(shape, "message");
  append_json_string(out, message == nullptr ? "message" : message->wire_name);
  out += ':';
  append_json_string(out, error.message);
  for (const auto& [name, text] : error.members) {
    const Field* field = find_field(shape, name);
    out += ',';
    append_json_string(out, name);
    out += ':';
    append_json_member(out, field, text);
  }
  out += '}';
  response.headers.set("x-amzn-ErrorType", std::string(code));
  if (service.query_compatible) {
    const std::string_view query_code = shape == nullptr ? error.code : shape->query_code;
    response.headers.set("x-amzn-query-error", fmt::format("{};{}", query_code, fault(error)));
  }
  put_type(response, json_type(service.protocol));
}

void append_members(std::string& out, const Error& error) {
  for (const auto& [name, text] : error.members) append_xml_element(out, name, text);
}

void write_query_error(const Service& service, const Error& error, std::string_view request_id,
                       http::Response& response) {
  std::string& out = response.body;
  out += fmt::format("<ErrorResponse xmlns=\"{}\"><Error>", service.xml_namespace);
  append_xml_element(out, "Type", fault(error));
  const ErrorShape* shape = find_error(service, error.code);
  append_xml_element(out, "Code", shape == nullptr ? error.code : shape->query_code);
  append_xml_element(out, "Message", error.message);
  append_members(out, error);
  out += "</Error>";
  append_xml_element(out, "RequestId", request_id);
  out += "</ErrorResponse>";
  put_type(response, "text/xml");
}

void write_ec2_error(const Error& error, std::string_view request_id, http::Response& response) {
  std::string& out = response.body;
  out += kXmlDeclaration;
  out += "<Response><Errors><Error>";
  append_xml_element(out, "Code", error.code);
  append_xml_element(out, "Message", error.message);
  append_members(out, error);
  out += "</Error></Errors>";
  append_xml_element(out, "RequestID", request_id);
  out += "</Response>";
  put_type(response, "text/xml;charset=UTF-8");
}

void write_s3_error(const Error& error, std::string_view request_id, http::Response& response) {
  std::string& out = response.body;
  out += kXmlDeclaration;
  out += "<Error>";
  append_xml_element(out, "Code", error.code == "InternalFailure" ? "InternalError" : error.code);  // S3's word
  append_xml_element(out, "Message", error.message);
  append_members(out, error);
  append_xml_element(out, "RequestId", request_id);
  append_xml_element(out, "HostId", kHostId);
  out += "</Error>";
  put_type(response, "application/xml");
}

}  // namespace

namespace {

// AWS: PutBucketPolicy and PutBucketTagging, "Examples": 204, which the model does not say.
int success_status(const Operation& operation) {
  const bool silent = operation.name == "PutBucketPolicy" || operation.name == "PutBucketTagging";
  return silent && is_s3(*operation.service) ? 204 : operation.success_status;
}

}  // namespace

http::Response write_output(const Operation& operation, const Any& output, std::string_view request_id) {
  http::Response response;
  response.status = success_status(operation);
  const Service& service = *operation.service;
  put_request_id(service, request_id, response);
  switch (service.protocol) {
    case Protocol::kJson10:
    case Protocol::kJson11:
      if (operation.event_stream == nullptr) write_json(response.body, output.shape(), output.get());
      put_type(response,
               operation.event_stream == nullptr ? json_type(service.protocol) : "application/vnd.amazon.eventstream");
      break;
    case Protocol::kQuery: write_query_output(operation, output, request_id, response); break;
    case Protocol::kEc2: write_ec2_output(operation, output, request_id, response); break;
    case Protocol::kRestJson:
    case Protocol::kRestXml: write_rest_output(operation, output, response); break;
  }
  return response;
}

http::Response write_error(const Service& service, const Error& whole, std::string_view request_id, bool head) {
  http::Response response;
  response.status = whole.status;
  put_request_id(service, request_id, response);
  Error error{whole.status, whole.code, whole.message, {}};  // with the members of the body alone
  for (const auto& [name, text] : whole.members) {
    const std::string_view header = header_name(find_error(service, whole.code), name);
    if (header.empty()) {
      error.members.emplace_back(name, text);
    } else {
      response.headers.set(header, text);
    }
  }
  if (head || error.status == 304) {
    // AWS: S3's answers to HEAD name no code at all; clients know 404 and 403 by their status.
    if (!is_s3(service)) response.headers.set("x-amzn-ErrorType", error.code);
    return response;
  }
  switch (service.protocol) {
    case Protocol::kJson10:
    case Protocol::kJson11:
    case Protocol::kRestJson: write_json_error(service, error, response); break;
    case Protocol::kQuery: write_query_error(service, error, request_id, response); break;
    case Protocol::kEc2: write_ec2_error(error, request_id, response); break;
    case Protocol::kRestXml:
      is_s3(service) ? write_s3_error(error, request_id, response)
                     : write_query_error(service, error, request_id, response);
      break;
  }
  return response;
}

}  // namespace tarn::wire
