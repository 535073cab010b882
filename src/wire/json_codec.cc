#include "wire/json_codec.h"

#include <fmt/format.h>

#include <cmath>

#include "base/text.h"
#include "wire/scalar.h"
#include "wire/types.h"

namespace tarn::wire {
namespace {

bool in_body(const Field& field) {
  return field.location == Location::kBody;
}

// As AWS names a token of its JSON parser.
std::string_view token_name(const Json& json) {
  switch (json.kind()) {
    case Json::Kind::kTrue: return "TRUE_VALUE";
    case Json::Kind::kFalse: return "FALSE_VALUE";
    case Json::Kind::kNumber:
      return json.as_string().find_first_of(".eE") == std::string::npos ? "NUMBER_VALUE" : "DECIMAL_VALUE";
    case Json::Kind::kString: return "STRING_VALUE";
    case Json::Kind::kNull: return "NULL_VALUE";
    default: return "";
  }
}

// Whose names the members go by.
enum class Names : uint8_t { kWire, kSdk };

bool same_but_first_case(std::string_view sdk, std::string_view model) {
  return sdk.size() == model.size() && !sdk.empty() && upper(model.substr(0, 1)) == sdk.substr(0, 1) && sdk.substr(1) == model.substr(1);
}

class Reader {
 public:
  explicit Reader(Names names = Names::kWire) : names_(names) {}

  Status read(const Field* field, const Shape& shape, const Json& json, void* value) {
    if (field != nullptr && field->json_value) return read_json_text(shape, json, value);
    switch (shape.kind) {
      case Kind::kStructure: return read_structure(shape, json, value);
      case Kind::kList: return read_list(shape, json, value);
      case Kind::kMap: return read_map(shape, json, value);
      case Kind::kDocument: *static_cast<Json*>(value) = json; return {};
      default: return read_scalar(field, shape, json, value);
    }
  }

 private:
  // One step down, for error texts.
  struct Step {
    Step(std::string& path, std::string_view name) : path_(path), size_(path.size()) {
      if (!path.empty()) path += '.';
      path += name;
    }
    ~Step() { path_.resize(size_); }
    std::string& path_;
    size_t size_;
  };

  Failure wrong(std::string text) {
    if (!path_.empty()) text += fmt::format(" (member {})", path_);
    return fail(400, "SerializationException", std::move(text));
  }

  Failure wrong_type(const Shape& shape, const Json& json) {
    if (json.is_array()) return wrong("Start of list found where not expected");
    if (json.is_object()) return wrong("Start of structure or map found where not expected");
    return wrong(fmt::format("{} cannot be converted to {}", token_name(json), kind_name(shape.kind)));
  }

  Status read_structure(const Shape& shape, const Json& json, void* value) {
    if (!json.is_object()) return json.is_array() ? wrong_type(shape, json) : wrong("Unexpected value type in payload");
    const Field* set = nullptr;  // of a union
    for (const auto& [name, item] : json.members()) {
      if (item.is_null()) continue;
      const Field* field = find(shape, name);
      if (field == nullptr) continue;
      if (shape.is_union && set != nullptr && set != field) {
        return wrong(fmt::format("Union {} must have exactly one member set, but has {} and {}", shape.name, set->name,
                                 field->name));
      }
      set = field;
      const Step step(path_, name);
      TRY(read(field, *field->shape, item, field->make(static_cast<char*>(value) + field->offset)));
    }
    return {};
  }

  const Field* find(const Shape& shape, std::string_view name) {
    for (const Field& field : shape.fields)
      if (names_ == Names::kSdk ? field.name == name || same_but_first_case(name, field.name)
                                : field.wire_name == name && in_body(field))
        return &field;
    return nullptr;
  }

  Status read_list(const Shape& shape, const Json& json, void* value) {
    if (!json.is_array()) return json.is_object() ? wrong_type(shape, json) : wrong("Expected list or null");
    size_t index = 0;
    for (const Json& item : json.items()) {
      const Step step(path_, std::to_string(index++));
      if (item.is_null() && shape.element->kind != Kind::kDocument) continue;  // our lists hold no nulls
      TRY(read(nullptr, *shape.element, item, shape.append(value)));
    }
    return {};
  }

  Status read_map(const Shape& shape, const Json& json, void* value) {
    if (!json.is_object()) return json.is_array() ? wrong_type(shape, json) : wrong("Expected map or null");
    for (const auto& [key, item] : json.members()) {
      if (item.is_null() && shape.element->kind != Kind::kDocument) continue;
      const Step step(path_, key);
      TRY(read(nullptr, *shape.element, item, shape.insert(value, key)));
    }
    return {};
  }

  Status read_json_text(const Shape& shape, const Json& json, void* value) {
    if (!json.is_string()) return wrong_type(shape, json);
    auto parsed = Json::parse(json.as_string());
    if (!parsed) return wrong("STRING_VALUE is no JSON text: " + parsed.error().message);
    *static_cast<Json*>(value) = *std::move(parsed);
    return {};
  }

  Status read_scalar(const Field* field, const Shape& shape, const Json& json, void* value) {
    if (names_ == Names::kSdk) {
      if (shape.kind == Kind::kBlob) {
        static_cast<Blob*>(value)->bytes = json.is_string() ? json.as_string() : json.text();
        return {};
      }
      if (shape.kind == Kind::kTimestamp && json.is_string() &&
          parse_scalar(shape, TimestampFormat::kIso8601, json.as_string(), value))
        return {};
    }
    if (!fits(field, shape, json, value)) return wrong_type(shape, json);
    return {};
  }

  bool fits(const Field* field, const Shape& shape, const Json& json, void* value) {
    const TimestampFormat format = format_of(field, shape, TimestampFormat::kUnix);
    switch (shape.kind) {
      case Kind::kBoolean:
        if (!json.is_bool()) return false;
        *static_cast<bool*>(value) = json.as_bool();
        return true;
      case Kind::kInteger:
      case Kind::kLong: return json.is_number() && parse_scalar(shape, format, integer_text(json), value);
      case Kind::kFloat:
      case Kind::kDouble: return fits_real(shape, json, value);
      case Kind::kTimestamp:
        return json.is_number() == (format == TimestampFormat::kUnix) &&
               parse_scalar(shape, format, json.as_string(), value);
      default: return json.is_string() && parse_scalar(shape, format, json.as_string(), value);
    }
  }

  // JSON knows no integers: 3.0 and 1e3 are ones too.
  std::string integer_text(const Json& json) {
    if (json.as_string().find_first_of(".eE") == std::string::npos) return json.as_string();
    const double number = json.as_double();
    if (std::trunc(number) != number || std::abs(number) > 9007199254740992.0) return json.as_string();
    return std::to_string(static_cast<int64_t>(number));
  }

  bool fits_real(const Shape& shape, const Json& json, void* value) {
    const std::string& text = json.as_string();
    const bool named = text == "NaN" || text == "Infinity" || text == "-Infinity";
    if (!json.is_number() && !(json.is_string() && named)) return false;
    return parse_scalar(shape, TimestampFormat::kUnix, text, value);
  }

  const Names names_;
  std::string path_;
};

void write(std::string& out, const Field* field, const Shape& shape, const void* value);

void write_structure(std::string& out, const Shape& shape, const void* value) {
  out += '{';
  bool first = true;
  for (const Field& field : shape.fields) {
    if (!in_body(field)) continue;
    const void* member = field.get(static_cast<const char*>(value) + field.offset);
    if (member == nullptr) continue;
    if (!first) out += ',';
    first = false;
    append_json_string(out, field.wire_name);
    out += ':';
    write(out, &field, *field.shape, member);
  }
  out += '}';
}

void write_list(std::string& out, const Shape& shape, const void* value) {
  out += '[';
  for (size_t i = 0, n = shape.size(value); i < n; ++i) {
    if (i != 0) out += ',';
    write(out, nullptr, *shape.element, shape.at(value, i));
  }
  out += ']';
}

void write_map(std::string& out, const Shape& shape, const void* value) {
  out += '{';
  for (size_t i = 0, n = shape.size(value); i < n; ++i) {
    if (i != 0) out += ',';
    append_json_string(out, shape.key_at(value, i));
    out += ':';
    write(out, nullptr, *shape.element, shape.at(value, i));
  }
  out += '}';
}

bool is_finite(const Shape& shape, const void* value) {
  if (shape.kind == Kind::kFloat) return std::isfinite(*static_cast<const float*>(value));
  return shape.kind != Kind::kDouble || std::isfinite(*static_cast<const double*>(value));
}

void write_scalar(std::string& out, const Field* field, const Shape& shape, const void* value) {
  const TimestampFormat format = format_of(field, shape, TimestampFormat::kUnix);
  const bool quoted = shape.kind == Kind::kString || shape.kind == Kind::kBlob || !is_finite(shape, value) ||
                      (shape.kind == Kind::kTimestamp && format != TimestampFormat::kUnix);
  if (shape.kind == Kind::kString) return append_json_string(out, *static_cast<const std::string*>(value));
  std::string text = scalar_text(shape, format, value);
  // AWS writes a whole double as 2.0: clients whose numbers have types read it as one.
  const bool real = shape.kind == Kind::kFloat || shape.kind == Kind::kDouble;
  if (real && text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
  if (quoted) return append_json_string(out, text);
  out += text;
}

void write(std::string& out, const Field* field, const Shape& shape, const void* value) {
  switch (shape.kind) {
    case Kind::kStructure: return write_structure(out, shape, value);
    case Kind::kList: return write_list(out, shape, value);
    case Kind::kMap: return write_map(out, shape, value);
    case Kind::kDocument: {
      const std::string text = static_cast<const Json*>(value)->text();
      if (field != nullptr && field->json_value) return append_json_string(out, text);
      out += text;
      return;
    }
    default: return write_scalar(out, field, shape, value);
  }
}

}  // namespace

Status read_json(const Shape& shape, const Json& json, void* value) {
  return Reader().read(nullptr, shape, json, value);
}

Status read_parameters(const Shape& shape, const Json& json, void* value) {
  if (!json.is_object()) return fail(400, "SerializationException", "The parameters must be a JSON object.");
  return Reader(Names::kSdk).read(nullptr, shape, json, value);
}

void write_json(std::string& out, const Shape& shape, const void* value) {
  write(out, nullptr, shape, value);
}

}  // namespace tarn::wire
