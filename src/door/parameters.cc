#include "door/parameters.h"

#include "base/json.h"
#include "base/text.h"
#include "wire/types.h"

namespace tarn {
namespace {

Json to_json(const wire::Shape& shape, const void* value, bool sensitive, size_t& budget);

Json structure(const wire::Shape& shape, const void* value, size_t& budget) {
  Json out = Json::object();
  for (const wire::Field& field : shape.fields) {
    const void* member = field.get(static_cast<const char*>(value) + field.offset);
    if (member == nullptr) continue;
    if (budget == 0) break;
    // The model of STS does not mark it.
    const bool sensitive = field.sensitive || field.shape->sensitive || field.name == "SessionToken";
    out.set(std::string(field.name), to_json(*field.shape, member, sensitive, budget));
  }
  return out;
}

Json to_json(const wire::Shape& shape, const void* value, bool sensitive, size_t& budget) {
  const size_t cost = 8 + (shape.kind == wire::Kind::kString ? static_cast<const std::string*>(value)->size() : 0);
  if (cost > budget) {
    budget = 0;
    return Json("(too long)");
  }
  budget -= cost;
  if (sensitive) return Json(kHiddenParameter);
  switch (shape.kind) {
    case wire::Kind::kBoolean: return Json(*static_cast<const bool*>(value));
    case wire::Kind::kInteger: return Json(static_cast<int64_t>(*static_cast<const int32_t*>(value)));
    case wire::Kind::kLong: return Json(*static_cast<const int64_t*>(value));
    case wire::Kind::kFloat: return Json(static_cast<double>(*static_cast<const float*>(value)));
    case wire::Kind::kDouble: return Json(*static_cast<const double*>(value));
    case wire::Kind::kString: return Json(*static_cast<const std::string*>(value));
    case wire::Kind::kBlob: return Json("(bytes)");
    case wire::Kind::kTimestamp: return Json(iso8601(*static_cast<const Time*>(value)));
    case wire::Kind::kDocument: return *static_cast<const Json*>(value);
    case wire::Kind::kStructure: return structure(shape, value, budget);
    case wire::Kind::kList: {
      Json out = Json::array();
      for (size_t i = 0; i < shape.size(value) && budget > 0; ++i)
        out.push(to_json(*shape.element, shape.at(value, i), shape.element->sensitive, budget));
      return out;
    }
    case wire::Kind::kMap: {
      Json out = Json::object();
      for (size_t i = 0; i < shape.size(value) && budget > 0; ++i)
        out.set(shape.key_at(value, i), to_json(*shape.element, shape.at(value, i), shape.element->sensitive, budget));
      return out;
    }
  }
  return {};
}

}  // namespace

std::string audit_parameters(const wire::Shape& shape, const void* value, size_t limit) {
  size_t budget = limit;
  return structure(shape, value, budget).text();
}

std::string_view audit_kind(Principal::Kind kind) {
  switch (kind) {
    case Principal::Kind::kRoot: return "Root";
    case Principal::Kind::kUser: return "IAMUser";
    case Principal::Kind::kAssumedRole: return "AssumedRole";
    case Principal::Kind::kService: return "AWSService";
    default: return "Anonymous";
  }
}

}  // namespace tarn
