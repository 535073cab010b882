// Descriptors: what the service models say of each structure, as data. Generated tables of these are walked by one
// reader and one writer per protocol. All are static, immutable and live as long as the program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tarn::wire {

enum class Kind : uint8_t {
  kBoolean, kInteger, kLong, kFloat, kDouble, kString, kBlob, kTimestamp, kDocument, kStructure, kList, kMap,
};

enum class TimestampFormat : uint8_t { kDefault, kIso8601, kUnix, kRfc822 };

enum class Location : uint8_t { kBody, kUri, kQuery, kHeader, kHeaders /* a prefix of headers into a map */, kStatusCode };

struct Shape;

// One member of a structure.
struct Field {
  std::string_view name;       // the model's member name, as error texts say it
  std::string_view wire_name;  // its name where it travels (locationName, or the member name)
  std::string_view query_name; // ec2 query only: its name in a request, else empty
  const Shape* shape;
  size_t offset;               // of the member in the C++ struct
  Location location = Location::kBody;
  TimestampFormat timestamp_format = TimestampFormat::kDefault;  // overrides the shape's
  bool required = false;
  bool payload = false;        // the whole body (rest protocols)
  bool flattened = false;      // XML and query lists and maps without a wrapping element
  bool xml_attribute = false;
  bool idempotency_token = false;
  bool sensitive = false;
  bool json_value = false;     // a JSON document carried as base64 in a header or as a string
  bool host_label = false;
  bool event_header = false;   // of an event: travels as a header of its message
  bool event_payload = false;  // of an event: is the message's whole payload
  std::string_view xml_namespace = {};
  std::string_view xml_prefix = {};
  // The C++ member at its address: a pointer to its plain value, nullptr while absent; and the same made present.
  const void* (*get)(const void* member) = nullptr;
  void* (*make)(void* member) = nullptr;
};

struct Shape {
  std::string_view name;
  Kind kind;

  // Constraints of the model (strings count code points, blobs bytes, lists and maps entries; numbers their value).
  bool has_min = false, has_max = false;
  double min = 0, max = 0;
  std::string_view pattern = {};                   // PCRE2, anchored by the validator; empty: none
  std::string_view pattern_text = {};              // as the model has it, for error texts
  std::span<const std::string_view> enum_values = {};
  TimestampFormat timestamp_format = TimestampFormat::kDefault;
  bool sensitive = false;

  // Structures. A plain value is the C++ struct itself.
  std::span<const Field> fields = {};
  bool is_union = false;
  bool is_event_stream = false;
  std::string_view xml_name = {};                  // the root element where the model names one
  std::string_view xml_namespace = {};
  void* (*create)() = nullptr;
  void (*destroy)(void*) = nullptr;

  // Lists and maps. A plain value is the List<T> or Map<T>; element pointers are to plain values.
  const Shape* element = nullptr;                  // of a list; the value of a map
  const Shape* key = nullptr;                      // of a map (always a string)
  bool flattened = false;
  std::string_view element_name = {};              // XML, where the model names it; else "member" (map: "value")
  std::string_view key_name = {};                  // XML, where the model names it; else "key"
  size_t (*size)(const void* list) = nullptr;
  const void* (*at)(const void* list, size_t index) = nullptr;
  const std::string& (*key_at)(const void* map, size_t index) = nullptr;
  void* (*append)(void* list) = nullptr;           // a new last element
  void* (*insert)(void* map, std::string_view key) = nullptr;
};

enum class Protocol : uint8_t { kJson10, kJson11, kQuery, kEc2, kRestJson, kRestXml };

// How an operation is carried out: the trait on its manifest line.
enum class Form : uint8_t { kRead, kWrite, kBodyIn, kBodyOut, kEvents, kWait, kSteps };

struct ErrorShape {
  std::string_view code;     // what a handler fails with; on the wire
  int status;
  const Shape* shape;
  std::string_view query_code = {};  // the code that the service had when it spoke the query protocol
};

struct Service;

// An operation of the model that is not answered: known, so that it can be refused by name.
struct Unanswered {
  std::string_view name;
  std::string_view method;  // of a rest service, else empty
  std::string_view uri;
};

struct Operation {
  const Service* service;
  std::string_view name;            // "PutObject"
  std::string_view method;          // "PUT"
  std::string_view uri;             // "/{Bucket}/{Key+}?tagging"; "/" for the others
  const Shape* input;
  const Shape* output;
  std::string_view result_wrapper;  // query: "CreateRoleResult"; else empty
  int success_status = 200;
  Form form = Form::kRead;
  bool brief = false;               // of few records, whatever it is asked: never scans
  bool checksum_required = false;   // httpChecksumRequired
  bool unsigned_allowed = false;    // the model's authtype "none"
  std::string_view streaming_input = {};   // the member that is streamed, else empty
  std::string_view streaming_output = {};
  const Shape* event_stream = nullptr;     // the output's event stream structure
  std::string_view input_root = {};        // rest-xml: the root element's name of the input when it has no payload member
  std::string_view input_namespace = {};
  bool unwrapped_output = false;           // rest-xml: the only member's element is the root (S3's GetBucketLocation)
};

struct Service {
  std::string_view name;            // the folder: "redshift_data"
  std::string_view id;              // the model's service id: "Redshift Data"
  std::string_view signing_name;    // "redshift-data"
  std::string_view endpoint_prefix; // "redshift-data"
  std::string_view target_prefix;   // json: "RedshiftData"
  std::string_view api_version;
  std::string_view xml_namespace;
  Protocol protocol;
  bool global = false;              // no region in ARNs and keys (iam)
  std::span<const Operation> operations;        // those answered
  std::span<const Unanswered> unanswered;       // the other operations of the model
  std::span<const ErrorShape> errors;
  bool query_compatible = false;    // json: errors also carry the query protocol's code, in a header
  bool wrapped_errors = true;       // rest-xml: <ErrorResponse><Error>; S3 has the bare <Error>
};

}  // namespace tarn::wire
