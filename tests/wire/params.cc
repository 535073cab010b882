#include "params.h"

#include "wire/scalar.h"
#include "wire/types.h"

namespace tarn::wire {
namespace {

Json scalar_params(const Shape& shape, const void* value) {
  const std::string text = shape.kind == Kind::kBlob ? static_cast<const Blob*>(value)->bytes
                                                     : scalar_text(shape, TimestampFormat::kUnix, value);
  if (shape.kind == Kind::kBoolean) return Json(text == "true");
  const bool number = shape.kind != Kind::kString && shape.kind != Kind::kBlob;
  const bool named = text == "NaN" || text == "Infinity" || text == "-Infinity";
  return number && !named ? Json::number(text) : Json(text);
}

}  // namespace

Json params_of(const Shape& shape, const void* value) {
  if (shape.kind == Kind::kDocument) return *static_cast<const Json*>(value);
  if (shape.kind == Kind::kStructure) {
    Json object = Json::object();
    for (const Field& field : shape.fields) {
      const void* member = field.get(static_cast<const char*>(value) + field.offset);
      if (member != nullptr) object.set(std::string(field.name), params_of(*field.shape, member));
    }
    return object;
  }
  if (shape.kind == Kind::kList) {
    Json array = Json::array();
    for (size_t i = 0, n = shape.size(value); i < n; ++i) array.push(params_of(*shape.element, shape.at(value, i)));
    return array;
  }
  if (shape.kind == Kind::kMap) {
    Json object = Json::object();
    for (size_t i = 0, n = shape.size(value); i < n; ++i) {
      object.set(shape.key_at(value, i), params_of(*shape.element, shape.at(value, i)));
    }
    return object;
  }
  return scalar_params(shape, value);
}

void fill_params(const Shape& shape, const Json& json, void* value) {
  switch (shape.kind) {
    case Kind::kDocument: *static_cast<Json*>(value) = json; return;
    case Kind::kStructure:
      for (const Field& field : shape.fields) {
        const Json* member = json.find(field.name);
        if (member == nullptr || member->is_null()) continue;
        fill_params(*field.shape, *member, field.make(static_cast<char*>(value) + field.offset));
      }
      return;
    case Kind::kList:
      for (const Json& item : json.items()) fill_params(*shape.element, item, shape.append(value));
      return;
    case Kind::kMap:
      for (const auto& [key, item] : json.members()) fill_params(*shape.element, item, shape.insert(value, key));
      return;
    case Kind::kBoolean: *static_cast<bool*>(value) = json.as_bool(); return;
    case Kind::kBlob: static_cast<Blob*>(value)->bytes = json.as_string(); return;
    default: parse_scalar(shape, TimestampFormat::kUnix, json.as_string(), value);
  }
}

}  // namespace tarn::wire
