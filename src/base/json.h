// Json: one JSON document, kept as it was: member order, duplicate members' last value, and each number's own text.
// Pure. Parses with RapidJSON's SAX reader, at most 1,000 levels deep.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tarn {

class Json {
 public:
  enum class Kind : uint8_t { kNull, kFalse, kTrue, kNumber, kString, kArray, kObject };
  using Member = std::pair<std::string, Json>;

  Json() = default;  // null
  Json(bool value) : kind_(value ? Kind::kTrue : Kind::kFalse) {}
  Json(std::string text) : kind_(Kind::kString), text_(std::move(text)) {}
  Json(std::string_view text) : Json(std::string(text)) {}
  Json(const char* text) : Json(std::string(text)) {}
  Json(int value) : Json(static_cast<int64_t>(value)) {}
  Json(int64_t value) : kind_(Kind::kNumber), text_(std::to_string(value)) {}
  Json(uint64_t value) : kind_(Kind::kNumber), text_(std::to_string(value)) {}
  Json(double value);
  static Json number(std::string text);  // REQUIRES: the text is a JSON number
  static Json array(std::vector<Json> items = {});
  static Json object(std::vector<Member> members = {});

  // ERRORS: SerializationException (400) with what is wrong and the byte offset.
  static Result<Json> parse(std::string_view text);
  // Compact, or with an indent of so many blanks.
  std::string text(int indent = -1) const;

  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::kNull; }
  bool is_bool() const { return kind_ == Kind::kFalse || kind_ == Kind::kTrue; }
  bool is_number() const { return kind_ == Kind::kNumber; }
  bool is_string() const { return kind_ == Kind::kString; }
  bool is_array() const { return kind_ == Kind::kArray; }
  bool is_object() const { return kind_ == Kind::kObject; }

  bool as_bool() const { return kind_ == Kind::kTrue; }
  // The text of a string, or the digits of a number; empty for the others.
  const std::string& as_string() const { return text_; }
  double as_double() const;                // 0 where it is no number
  int64_t as_int(int64_t otherwise = 0) const;  // `otherwise` where it is no integer that fits

  const std::vector<Json>& items() const { return items_; }      // of an array, else empty
  std::vector<Json>& items() { return items_; }
  const std::vector<Member>& members() const { return members_; }  // of an object, else empty
  std::vector<Member>& members() { return members_; }
  size_t size() const { return kind_ == Kind::kObject ? members_.size() : items_.size(); }

  // The member of that name, nullptr where there is none (the last one where there are several).
  const Json* find(std::string_view name) const;
  // The member's value, or null.
  const Json& operator[](std::string_view name) const;
  const Json& at(size_t index) const { return items_[index]; }
  void push(Json item) { items_.push_back(std::move(item)); }
  // Replaces the member, or appends it.
  void set(std::string name, Json value);

  // Equal as JSON values: objects without regard to order, numbers by value.
  friend bool operator==(const Json& a, const Json& b);

 private:
  Kind kind_ = Kind::kNull;
  std::string text_;            // string value or number text
  std::vector<Json> items_;
  std::vector<Member> members_;
};

// Appends the text as a JSON string, quoted and escaped. Bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

}  // namespace tarn
