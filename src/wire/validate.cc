#include "wire/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "base/text.h"
#include "wire/scalar.h"
#include "wire/types.h"

namespace tarn::wire {
namespace {

struct Violation {
  std::string path;   // "tableInput.columns.1.member.name"
  std::string value;  // as the message shows it; unset for a sensitive one
  bool is_null = false;
  bool is_sensitive = false;
  std::string constraint;  // "Member must not be null"
  const Field* top;        // the input's own member it is in

  std::string text(bool with_value = true) const {
    const bool silent = is_sensitive || !with_value;
    const std::string shown = silent ? "Value" : is_null ? "Value null" : fmt::format("Value '{}'", value);
    return fmt::format("{} at '{}' failed to satisfy constraint: {}", shown, path, constraint);
  }
};

// "DatabaseInput" -> "databaseInput".
std::string lower_first(std::string_view name) {
  std::string text(name);
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

// "2.0".
std::string fraction_text(double number) {
  std::string text = double_text(number);
  return text.find_first_not_of("-0123456789") == std::string::npos ? text + ".0" : text;
}

// AWS: Java's numbers: those with a fraction show one.
std::string bound_text(const Shape& shape, double bound) {
  if (shape.kind == Kind::kDouble || shape.kind == Kind::kFloat) return fraction_text(bound);
  return std::abs(bound) < 9e15 ? fmt::format("{}", static_cast<int64_t>(bound)) : double_text(bound);
}

// The value as AWS's messages show it: lists "[a, b]", maps "{k=v}".
std::string shown(const Shape& shape, const void* value) {
  switch (shape.kind) {
    case Kind::kList:
    case Kind::kMap: {
      std::string text;
      for (size_t i = 0, n = shape.size(value); i < n; ++i) {
        if (i != 0) text += ", ";
        if (shape.kind == Kind::kMap) text += shape.key_at(value, i) + "=";
        text += shown(*shape.element, shape.at(value, i));
      }
      return shape.kind == Kind::kList ? "[" + text + "]" : "{" + text + "}";
    }
    case Kind::kStructure: return std::string(shape.name);
    case Kind::kDocument: return static_cast<const Json*>(value)->text();
    case Kind::kBlob: return fmt::format("{} bytes", static_cast<const Blob*>(value)->bytes.size());
    case Kind::kFloat: return fraction_text(*static_cast<const float*>(value));
    case Kind::kDouble: return fraction_text(*static_cast<const double*>(value));
    default: return scalar_text(shape, format_of(nullptr, shape, TimestampFormat::kIso8601), value);
  }
}

// What min and max speak of; nullopt where they mean nothing.
std::optional<double> measure(const Shape& shape, const void* value) {
  switch (shape.kind) {
    case Kind::kString: return static_cast<double>(utf8_length(*static_cast<const std::string*>(value)));
    case Kind::kBlob: return static_cast<double>(static_cast<const Blob*>(value)->bytes.size());
    case Kind::kList:
    case Kind::kMap: return static_cast<double>(shape.size(value));
    case Kind::kInteger: return *static_cast<const int32_t*>(value);
    case Kind::kLong: return static_cast<double>(*static_cast<const int64_t*>(value));
    case Kind::kFloat: return *static_cast<const float*>(value);
    case Kind::kDouble: return *static_cast<const double*>(value);
    default: return std::nullopt;
  }
}

bool is_number(const Shape& shape) {
  return shape.kind >= Kind::kInteger && shape.kind <= Kind::kDouble;
}

std::string pattern_text(const Shape& shape) {
  return fmt::format("Member must satisfy regular expression pattern: {}", shape.pattern_text);
}
std::string bound_constraint(const Shape& shape, std::string_view relation, double bound) {
  return fmt::format("Member must have {} {} than or equal to {}", is_number(shape) ? "value" : "length", relation,
                     bound_text(shape, bound));
}
std::string enum_text(const Shape& shape) {
  return fmt::format("Member must satisfy enum value set: [{}]", fmt::join(shape.enum_values, ", "));
}

// The shape's own constraints that the value violates, in the order AWS lists them.
std::vector<std::string> violated(const Shape& shape, const void* value) {
  std::vector<std::string> result;
  const auto size = measure(shape, value);
  if (shape.kind == Kind::kString) {
    const std::string& text = *static_cast<const std::string*>(value);
    if (!shape.pattern.empty() && !matches_pattern(shape, text)) result.push_back(pattern_text(shape));
    if (!shape.enum_values.empty() && std::ranges::find(shape.enum_values, text) == shape.enum_values.end()) {
      result.push_back(enum_text(shape));
    }
  }
  if (size && shape.has_max && *size > shape.max) result.push_back(bound_constraint(shape, "less", shape.max));
  if (size && shape.has_min && *size < shape.min) result.push_back(bound_constraint(shape, "greater", shape.min));
  return result;
}

// All constraints of a shape, as AWS lists them when an element of a list or map violates one.
std::string all_constraints(const Shape& shape, bool tells_null) {
  std::vector<std::string> all;
  if (shape.has_max) all.push_back(bound_constraint(shape, "less", shape.max));
  if (shape.has_min) all.push_back(bound_constraint(shape, "greater", shape.min));
  if (!shape.pattern.empty()) all.push_back(pattern_text(shape));
  if (!shape.enum_values.empty()) all.push_back(enum_text(shape));
  if (tells_null) all.push_back("Member must not be null");
  return fmt::format("[{}]", fmt::join(all, ", "));
}

class Validator {
 public:
  explicit Validator(bool tells_null) : tells_null_(tells_null) {}
  std::vector<Violation> check(const Shape& input, const void* value) {
    structure(input, value);
    return std::move(violations_);
  }

 private:
  void structure(const Shape& shape, const void* value) {
    for (const Field& field : shape.fields) {
      const size_t size = path_.size();
      if (size == 0) top_ = &field;
      const bool was_sensitive = sensitive_;
      sensitive_ |= field.sensitive;
      if (!path_.empty()) path_ += '.';
      path_ += lower_first(field.name);
      const void* member = field.get(static_cast<const char*>(value) + field.offset);
      if (member != nullptr) {
        visit(*field.shape, member);
      } else if (field.required) {
        violations_.push_back({.path = path_, .is_null = true, .constraint = "Member must not be null", .top = top_});
      }
      path_.resize(size);
      sensitive_ = was_sensitive;
    }
  }

  void visit(const Shape& shape, const void* value) {
    for (std::string& constraint : violated(shape, value)) add(shape, value, std::move(constraint));
    if (shape.kind == Kind::kStructure) structure(shape, value);
    if (shape.kind == Kind::kList) list(shape, value);
    if (shape.kind == Kind::kMap) map(shape, value);
  }

  void list(const Shape& shape, const void* value) {
    const Shape& element = *shape.element;
    for (size_t i = 0, n = shape.size(value); i < n; ++i) {
      const void* item = shape.at(value, i);
      if (is_scalar(element)) {  // one violation of the whole list, whichever of its elements
        if (violated(element, item).empty()) continue;
        return add(shape, value, "Member must satisfy constraint: " + all_constraints(element, tells_null_));
      }
      inside(fmt::format(".{}.member", i + 1), element, item);
    }
  }

  void map(const Shape& shape, const void* value) {
    const Shape& element = *shape.element;
    bool bad_key = false, bad_value = false;
    for (size_t i = 0, n = shape.size(value); i < n; ++i) {
      const void* item = shape.at(value, i);
      bad_key |= !violated(*shape.key, &shape.key_at(value, i)).empty();
      if (is_scalar(element)) {
        bad_value |= !violated(element, item).empty();
      } else {
        inside(fmt::format(".{}.member", shape.key_at(value, i)), element, item);
      }
    }
    if (bad_key) add(shape, value, "Map keys must satisfy constraint: " + all_constraints(*shape.key, tells_null_));
    if (bad_value) add(shape, value, "Map value must satisfy constraint: " + all_constraints(element, tells_null_));
  }

  void inside(const std::string& step, const Shape& shape, const void* value) {
    const size_t size = path_.size();
    path_ += step;
    visit(shape, value);
    path_.resize(size);
  }

  void add(const Shape& shape, const void* value, std::string constraint) {
    Violation violation{.path = path_, .constraint = std::move(constraint), .top = top_};
    violation.is_sensitive = sensitive_ || shape.sensitive;
    if (!violation.is_sensitive) violation.value = shown(shape, value);
    violations_.push_back(std::move(violation));
  }

  std::vector<Violation> violations_;
  const bool tells_null_;
  std::string path_;
  const Field* top_ = nullptr;
  bool sensitive_ = false;
};

// Observed: IAM's messages leave the values out since 2025.
bool is_iam(const Service& service) {
  return service.name == "iam";
}

// Observed: the list of an element's constraints ends with one more. Recorded from AWS: Lambda's, too.
bool tells_null(const Service& service) {
  return is_iam(service) || service.signing_name == "lambda";
}

std::string message_of(const Service& service, const std::vector<Violation>& violations) {
  std::string text =
      fmt::format("{} validation error{} detected: ", violations.size(), violations.size() == 1 ? "" : "s");
  for (size_t i = 0; i < violations.size(); ++i)
    text += (i == 0 ? "" : "; ") + violations[i].text(!is_iam(service));
  return text;
}

// AWS: EC2 API, "Error codes": names the parameter, one at a time.
Failure ec2_failure(const Violation& first) {
  const std::string_view name = first.top->query_name;
  if (first.is_null)
    return fail(400, "MissingParameter", fmt::format("The request must contain the parameter {}", name));
  return fail(400, "InvalidParameterValue",
              fmt::format("Value ({}) for parameter {} is invalid. {}", first.value, name, first.constraint));
}

// AWS: SQS API Reference, "Common Errors"; other services tell of all violations.
bool names_missing_parameters(const Service& service) {
  return std::ranges::any_of(service.errors,
                             [](const ErrorShape& error) { return error.query_code == "MissingParameter"; });
}

// AWS: S3 API, "Error responses": a body that is not of the schema is MalformedXML, all else an InvalidArgument.
Failure s3_failure(Violation first) {
  if (first.top->location == Location::kBody) {
    return Failure(
        Error{400,
              "MalformedXML",
              "The XML you provided was not well-formed or did not validate against our published schema",
              {{"Detail", first.text()}}});
  }
  const std::string name(first.top->wire_name);
  first.path = name;  // a header or query parameter is known by that
  return Failure(Error{400, "InvalidArgument", first.text(), {{"ArgumentName", name}, {"ArgumentValue", first.value}}});
}

}  // namespace

Status validate(const Operation& operation, const void* input) {
  const Service& service = *operation.service;
  const std::vector<Violation> violations = Validator(tells_null(service)).check(*operation.input, input);
  if (violations.empty()) return {};
  if (service.protocol == Protocol::kEc2) return ec2_failure(violations.front());
  if (service.protocol == Protocol::kRestXml && !service.wrapped_errors) return s3_failure(violations.front());
  if (violations.front().is_null && names_missing_parameters(service))
    return fail(400, "MissingParameter",
                fmt::format("The request must contain the parameter {}.", violations.front().top->wire_name));
  const bool query = service.protocol == Protocol::kQuery || service.protocol == Protocol::kRestXml;
  // Recorded from AWS: CloudWatch Logs has a code of its own.
  const char* code = query ? "ValidationError" : service.signing_name == "logs" ? "InvalidParameterException" : "ValidationException";
  return fail(400, code, message_of(service, violations));
}

}  // namespace tarn::wire
