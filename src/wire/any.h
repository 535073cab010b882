// A wire struct whose type is known only by its descriptor.
#pragma once

#include <utility>

#include "wire/shape.h"

namespace tarn::wire {

// Owns one structure of `shape()`.
class Any {
 public:
  Any() = default;
  explicit Any(const Shape& shape) : shape_(&shape), value_(shape.create()) {}
  Any(const Shape& shape, void* value) : shape_(&shape), value_(value) {}  // takes ownership
  Any(Any&& other) noexcept : shape_(other.shape_), value_(std::exchange(other.value_, nullptr)) {}
  Any& operator=(Any&& other) noexcept {
    std::swap(shape_, other.shape_);
    std::swap(value_, other.value_);
    return *this;
  }
  ~Any() {
    if (value_ != nullptr) shape_->destroy(value_);
  }

  const Shape& shape() const { return *shape_; }
  bool has_value() const { return value_ != nullptr; }
  void* get() { return value_; }
  const void* get() const { return value_; }
  // REQUIRES: T is the C++ struct of shape().
  template <class T>
  T& as() { return *static_cast<T*>(value_); }
  template <class T>
  const T& as() const { return *static_cast<const T*>(value_); }

 private:
  const Shape* shape_ = nullptr;
  void* value_ = nullptr;
};

}  // namespace tarn::wire
