// Encoder and Decoder: structs to bytes and back, for messages between the two halves of one binary (so there is no
// versioning). A struct takes part by a function `fields(archive, value)` that names its members once, for both ways.
#pragma once

#include <concepts>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace tarn::sql {

template <class T>
concept Plain = std::is_arithmetic_v<T> || std::is_enum_v<T>;

class Encoder {
 public:
  template <class... T>
  void operator()(const T&... values) {
    (put(values), ...);
  }
  std::string take() { return std::move(out_); }

 private:
  template <Plain T>
  void put(const T& value) {
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void put(const std::string& text) {
    put(static_cast<uint32_t>(text.size()));
    out_ += text;
  }
  template <class T>
  void put(const std::vector<T>& items) {
    put(static_cast<uint32_t>(items.size()));
    for (const auto& item : items) put(item);
  }
  template <class T>
  void put(const std::optional<T>& value) {
    put(value.has_value());
    if (value) put(*value);
  }
  template <class A, class B>
  void put(const std::pair<A, B>& both) {
    put(both.first);
    put(both.second);
  }
  template <class T>
    requires(!Plain<T>)
  void put(const T& value) {
    fields(*this, value);
  }

  std::string out_;
};

// After any read beyond the end, or of a length that cannot be, ok() is false and values are empty.
class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : rest_(bytes) {}
  template <class... T>
  void operator()(T&... values) {
    (get(values), ...);
  }
  bool ok() const { return ok_; }

 private:
  template <Plain T>
  void get(T& value) {
    if (rest_.size() < sizeof value) {
      ok_ = false;
      value = T{};
      return;
    }
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_.remove_prefix(sizeof value);
  }
  uint32_t length() {
    uint32_t n = 0;
    get(n);
    if (n > rest_.size()) {  // every item takes at least a byte
      ok_ = false;
      n = 0;
    }
    return n;
  }
  void get(std::string& text) {
    const uint32_t n = length();
    text.assign(rest_.substr(0, n));
    rest_.remove_prefix(n);
  }
  template <class T>
  void get(std::vector<T>& items) {
    const uint32_t n = length();
    items.clear();
    for (uint32_t i = 0; i < n && ok_; ++i) get(items.emplace_back());
  }
  template <class T>
  void get(std::optional<T>& value) {
    bool has = false;
    get(has);
    value.reset();
    if (has && ok_) get(value.emplace());
  }
  template <class A, class B>
  void get(std::pair<A, B>& both) {
    get(both.first);
    get(both.second);
  }
  template <class T>
    requires(!Plain<T>)
  void get(T& value) {
    fields(*this, value);
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace tarn::sql
