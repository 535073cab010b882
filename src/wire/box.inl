// The members of Box. Only generated .cc files include this; they instantiate Box once for each struct.
#pragma once

#include "wire/types.h"

namespace tarn::wire {

template <class T>
Box<T>::Box(T value) : value_(new T(std::move(value))) {}

template <class T>
Box<T>::Box(const Box& other) : value_(other.value_ == nullptr ? nullptr : new T(*other.value_)) {}

template <class T>
Box<T>::~Box() {
  delete value_;
}

template <class T>
T& Box<T>::emplace() {
  delete std::exchange(value_, nullptr);
  value_ = new T{};
  return *value_;
}

}  // namespace tarn::wire
