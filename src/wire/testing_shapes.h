// One small model for the codecs' unit tests, with a member of each kind, and a service of each protocol that speaks it.
// Included by tests only.
#pragma once

#include <cstddef>

#include "base/json.h"
#include "wire/access.h"
#include "wire/box.inl"
#include "wire/shape.h"

#pragma GCC diagnostic ignored "-Winvalid-offsetof"

namespace tarn::wire::testing {

struct Part {
  std::optional<std::string> id;
  List<Part> parts;
};

struct Widget {
  std::optional<std::string> name;
  std::optional<int32_t> count;
  std::optional<double> weight;
  std::optional<bool> active;
  std::optional<Time> made;
  std::optional<Blob> image;
  std::optional<Json> extra;
  std::optional<std::string> password;
  std::optional<std::string> color;
  Box<Part> part;
  List<Part> parts;
  List<std::string> words;
  Map<std::string> labels;
  std::optional<std::string> header;
  List<int32_t> numbers;
};

inline constexpr std::string_view kColors[] = {"red", "green"};
inline constexpr Shape kName = {.name = "Name",
                                .kind = Kind::kString,
                                .has_min = true,
                                .has_max = true,
                                .min = 1,
                                .max = 8,
                                .pattern = "[a-z]*",
                                .pattern_text = "[a-z]*"};
inline constexpr Shape kCount = {
    .name = "Count", .kind = Kind::kInteger, .has_min = true, .has_max = true, .min = 1, .max = 100};
inline constexpr Shape kInteger = {.name = "Integer", .kind = Kind::kInteger};
inline constexpr Shape kDouble = {.name = "Double", .kind = Kind::kDouble};
inline constexpr Shape kBoolean = {.name = "Boolean", .kind = Kind::kBoolean};
inline constexpr Shape kTime = {.name = "Time", .kind = Kind::kTimestamp};
inline constexpr Shape kBlob = {.name = "Blob", .kind = Kind::kBlob};
inline constexpr Shape kDocument = {.name = "Document", .kind = Kind::kDocument};
inline constexpr Shape kString = {.name = "String", .kind = Kind::kString};
inline constexpr Shape kPassword = {
    .name = "Password", .kind = Kind::kString, .has_min = true, .min = 6, .sensitive = true};
inline constexpr Shape kColor = {.name = "Color", .kind = Kind::kString, .enum_values = kColors};
inline constexpr Shape kWords = {.name = "Words",
                                 .kind = Kind::kList,
                                 .has_max = true,
                                 .max = 3,
                                 .element = &kName,
                                 .size = Access<List<std::string>>::size,
                                 .at = Access<List<std::string>>::at,
                                 .append = Access<List<std::string>>::append};
inline constexpr Shape kNumbers = {.name = "Numbers",
                                   .kind = Kind::kList,
                                   .element = &kInteger,
                                   .size = Access<List<int32_t>>::size,
                                   .at = Access<List<int32_t>>::at,
                                   .append = Access<List<int32_t>>::append};
inline constexpr Shape kLabels = {.name = "Labels",
                                  .kind = Kind::kMap,
                                  .element = &kName,
                                  .key = &kName,
                                  .size = Access<Map<std::string>>::size,
                                  .at = Access<Map<std::string>>::at,
                                  .key_at = Access<Map<std::string>>::key_at,
                                  .insert = Access<Map<std::string>>::insert};

extern const Shape kPart;
inline constexpr Shape kParts = {.name = "Parts",
                                 .kind = Kind::kList,
                                 .element = &kPart,
                                 .size = Access<List<Part>>::size,
                                 .at = Access<List<Part>>::at,
                                 .append = Access<List<Part>>::append};

template <class Member>
constexpr Field field(std::string_view name, std::string_view wire_name, const Shape& shape, size_t offset) {
  return {.name = name,
          .wire_name = wire_name,
          .query_name = wire_name,
          .shape = &shape,
          .offset = offset,
          .get = Access<Member>::get,
          .make = Access<Member>::make};
}
constexpr Field required(Field field) {
  field.required = true;
  return field;
}
constexpr Field in_header(Field field) {
  field.location = Location::kHeader;
  return field;
}

#define TARN_TEST_FIELD(structure, member, name, shape) \
  field<decltype(structure::member)>(name, name, shape, offsetof(structure, member))

inline constexpr Field kPartFields[] = {
    required(TARN_TEST_FIELD(Part, id, "Id", kName)),
    TARN_TEST_FIELD(Part, parts, "Parts", kParts),
};
inline constexpr Shape kPart = {.name = "Part", .kind = Kind::kStructure, .fields = kPartFields};

inline constexpr Field kWidgetFields[] = {
    required(TARN_TEST_FIELD(Widget, name, "Name", kName)), TARN_TEST_FIELD(Widget, count, "Count", kCount),
    TARN_TEST_FIELD(Widget, weight, "Weight", kDouble),     TARN_TEST_FIELD(Widget, active, "Active", kBoolean),
    TARN_TEST_FIELD(Widget, made, "Made", kTime),           TARN_TEST_FIELD(Widget, image, "Image", kBlob),
    TARN_TEST_FIELD(Widget, extra, "Extra", kDocument),     TARN_TEST_FIELD(Widget, password, "Password", kPassword),
    TARN_TEST_FIELD(Widget, color, "Color", kColor),        TARN_TEST_FIELD(Widget, part, "Part", kPart),
    TARN_TEST_FIELD(Widget, parts, "Parts", kParts),        TARN_TEST_FIELD(Widget, words, "Words", kWords),
    TARN_TEST_FIELD(Widget, labels, "Labels", kLabels),
};
inline constexpr Shape kWidget = {.name = "Widget",
                                  .kind = Kind::kStructure,
                                  .fields = kWidgetFields,
                                  .create = create<Widget>,
                                  .destroy = destroy<Widget>};

// The same, bound to the places of a rest request: the name in the path, count in the query, two members in headers.
constexpr Field at(Field field, Location location, std::string_view wire_name) {
  field.location = location;
  field.wire_name = wire_name;
  return field;
}
inline constexpr Field kBoundFields[] = {
    at(required(TARN_TEST_FIELD(Widget, name, "Name", kString)), Location::kUri, "Name"),
    at(TARN_TEST_FIELD(Widget, count, "Count", kCount), Location::kQuery, "max-count"),
    at(TARN_TEST_FIELD(Widget, header, "Header", kString), Location::kHeader, "x-amz-header"),
    at(TARN_TEST_FIELD(Widget, numbers, "Numbers", kNumbers), Location::kHeader, "x-amz-numbers"),
    at(TARN_TEST_FIELD(Widget, labels, "Labels", kLabels), Location::kHeaders, "x-amz-meta-"),
    TARN_TEST_FIELD(Widget, color, "Color", kColor),
    TARN_TEST_FIELD(Widget, parts, "Parts", kParts),
};
inline constexpr Shape kBound = {.name = "Bound",
                                 .kind = Kind::kStructure,
                                 .fields = kBoundFields,
                                 .create = create<Widget>,
                                 .destroy = destroy<Widget>};

inline constexpr Field kErrorFields[] = {
    TARN_TEST_FIELD(Widget, name, "Message", kString),
    TARN_TEST_FIELD(Widget, count, "Limit", kInteger),
    at(TARN_TEST_FIELD(Widget, header, "Where", kString), Location::kHeader, "x-where"),
};
inline constexpr Shape kTooMany = {.name = "TooMany", .kind = Kind::kStructure, .fields = kErrorFields};
inline constexpr ErrorShape kErrors[] = {
    {.code = "TooMany", .status = 400, .shape = &kTooMany, .query_code = "Widget.TooMany"}};

constexpr Service service(Protocol protocol) {
  return {.name = "test",
          .id = "Test",
          .signing_name = "test",
          .endpoint_prefix = "test",
          .target_prefix = "Test",
          .api_version = "2024-01-01",
          .xml_namespace = "https://test/",
          .protocol = protocol,
          .errors = kErrors};
}
inline constexpr Service kJsonService = service(Protocol::kJson11), kQueryService = service(Protocol::kQuery),
                         kEc2Service = service(Protocol::kEc2), kRestJsonService = service(Protocol::kRestJson);
constexpr Service s3_service() {
  Service s3 = service(Protocol::kRestXml);
  s3.wrapped_errors = false;
  return s3;
}
inline constexpr Service kS3Service = s3_service();

constexpr Operation operation(const Service& service, const Shape& shape, std::string_view uri) {
  return {.service = &service,
          .name = "PutWidget",
          .method = "PUT",
          .uri = uri,
          .input = &shape,
          .output = &shape,
          .result_wrapper = "PutWidgetResult",
          .input_root = "Widget"};
}
inline constexpr Operation kJsonPut = operation(kJsonService, kWidget, "/"),
                           kQueryPut = operation(kQueryService, kWidget, "/"),
                           kEc2Put = operation(kEc2Service, kWidget, "/"),
                           kRestJsonPut = operation(kRestJsonService, kBound, "/w/{Name+}"),
                           kS3Put = operation(kS3Service, kBound, "/w/{Name+}?widget");

}  // namespace tarn::wire::testing

template class tarn::wire::Box<tarn::wire::testing::Part>;
