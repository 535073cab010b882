// The C++ types that generated wire structs are made of. A structure of a service model becomes a plain struct:
//
//   scalars          std::optional<bool | int32_t | int64_t | float | double | std::string | Blob | Time | Json>
//   nested struct    Box<T>       absent, or one T on the heap (deep copies); T may be incomplete
//   list             List<T>      a vector with a presence bit; elements are plain (std::string, T, List<U>, ...)
//   map              Map<T>       string keys in the order they came, with a presence bit
//
// A list or map that is absent differs from an empty one. Enums are strings. Nothing here ever reaches the disk.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/time.h"

namespace tarn::wire {

// Bytes, as opposed to text.
struct Blob {
  std::string bytes;
  friend bool operator==(const Blob&, const Blob&) = default;
};

// A truth value as an element of a list or map (std::vector<bool> has no elements to point to).
struct Boolean {
  bool value = false;
  Boolean() = default;
  Boolean(bool v) : value(v) {}
  operator bool() const { return value; }
};

// An optional T on the heap. Members are defined in box.inl, which only generated .cc files include, once per T:
// a header with many nested structs stays cheap to compile.
template <class T>
class Box {
 public:
  Box() noexcept {}
  Box(T value);
  Box(const Box& other);
  Box(Box&& other) noexcept : value_(std::exchange(other.value_, nullptr)) {}
  Box& operator=(Box other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Box();

  bool has_value() const { return value_ != nullptr; }
  explicit operator bool() const { return value_ != nullptr; }
  // REQUIRES: has_value(), for all three.
  T* operator->() { return value_; }
  const T* operator->() const { return value_; }
  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T& emplace();  // a fresh T in place of what was there
  void reset() { *this = Box(); }

 private:
  T* value_ = nullptr;
};

template <class T>
class List {
 public:
  List() = default;
  List(std::initializer_list<T> items) : items_(items), present_(true) {}
  List(std::vector<T> items) : items_(std::move(items)), present_(true) {}

  bool has_value() const { return present_; }  // an empty list is a value, an absent one is not
  void set_present(bool present = true) {
    present_ = present;
    if (!present) items_.clear();
  }
  bool empty() const { return items_.empty(); }
  size_t size() const { return items_.size(); }
  auto begin() const { return items_.begin(); }
  auto end() const { return items_.end(); }
  auto begin() { return items_.begin(); }
  auto end() { return items_.end(); }
  const T& operator[](size_t i) const { return items_[i]; }
  T& operator[](size_t i) { return items_[i]; }
  const T& front() const { return items_.front(); }
  const T& back() const { return items_.back(); }
  T& emplace_back() {
    present_ = true;
    return items_.emplace_back();
  }
  void push_back(T item) {
    present_ = true;
    items_.push_back(std::move(item));
  }
  void pop_back() { items_.pop_back(); }
  const std::vector<T>& items() const { return items_; }

 private:
  std::vector<T> items_;
  bool present_ = false;
};

template <class T>
class Map {
 public:
  using Entry = std::pair<std::string, T>;
  Map() = default;
  Map(std::vector<Entry> entries) : entries_(std::move(entries)), present_(true) {}

  bool has_value() const { return present_; }
  void set_present(bool present = true) {
    present_ = present;
    if (!present) entries_.clear();
  }
  bool empty() const { return entries_.empty(); }
  size_t size() const { return entries_.size(); }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }
  auto begin() { return entries_.begin(); }
  auto end() { return entries_.end(); }
  const T* find(std::string_view key) const {
    for (const auto& [name, value] : entries_)
      if (name == key) return &value;
    return nullptr;
  }
  bool contains(std::string_view key) const { return find(key) != nullptr; }
  // The value of that key, made when it is not there.
  T& operator[](std::string_view key) {
    present_ = true;
    for (auto& [name, value] : entries_)
      if (name == key) return value;
    return entries_.emplace_back(std::string(key), T{}).second;
  }
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
  bool present_ = false;
};

}  // namespace tarn::wire
