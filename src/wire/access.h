// What a descriptor needs to reach into generated structs: Access<T> of each member type. Used by generated tables only.
#pragma once

#include <optional>
#include <string>

#include "wire/types.h"

namespace tarn::wire {

template <class T>
void* create() {
  return new T{};
}
template <class T>
void destroy(void* value) {
  delete static_cast<T*>(value);
}

// get: the member's plain value, nullptr while absent. make: makes it present; what was there stays.
template <class Member>
struct Access;

template <class T>
struct Access<std::optional<T>> {
  static const void* get(const void* member) {
    const auto& value = *static_cast<const std::optional<T>*>(member);
    return value ? &*value : nullptr;
  }
  static void* make(void* member) {
    auto& value = *static_cast<std::optional<T>*>(member);
    if (!value) value = T{};
    return &*value;
  }
};

template <class T>
struct Access<Box<T>> {
  static const void* get(const void* member) {
    const auto& box = *static_cast<const Box<T>*>(member);
    return box ? &*box : nullptr;
  }
  static void* make(void* member) {
    auto& box = *static_cast<Box<T>*>(member);
    return box ? &*box : &box.emplace();
  }
};

template <class T>
struct Access<List<T>> {
  static const void* get(const void* member) {
    return static_cast<const List<T>*>(member)->has_value() ? member : nullptr;
  }
  static void* make(void* member) {
    static_cast<List<T>*>(member)->set_present();
    return member;
  }
  static size_t size(const void* list) { return static_cast<const List<T>*>(list)->size(); }
  static const void* at(const void* list, size_t index) { return &(*static_cast<const List<T>*>(list))[index]; }
  static void* append(void* list) { return &static_cast<List<T>*>(list)->emplace_back(); }
};

template <class T>
struct Access<Map<T>> {
  static const void* get(const void* member) {
    return static_cast<const Map<T>*>(member)->has_value() ? member : nullptr;
  }
  static void* make(void* member) {
    static_cast<Map<T>*>(member)->set_present();
    return member;
  }
  static size_t size(const void* map) { return static_cast<const Map<T>*>(map)->size(); }
  static const void* at(const void* map, size_t index) {
    return &static_cast<const Map<T>*>(map)->entries()[index].second;
  }
  static const std::string& key_at(const void* map, size_t index) {
    return static_cast<const Map<T>*>(map)->entries()[index].first;
  }
  static void* insert(void* map, std::string_view key) { return &(*static_cast<Map<T>*>(map))[key]; }
};

}  // namespace tarn::wire
