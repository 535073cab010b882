// Thrift's compact protocol, which Parquet's metadata is in. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tarn::lake {

// Reads Thrift's compact protocol as far as it must be known; once something did not fit, ok is false.
class Thrift {
 public:
  static constexpr unsigned kStruct = 12;  // a type of fields and elements

  explicit Thrift(std::string_view bytes) : rest_(bytes) {}
  bool ok() const { return ok_; }

  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) return fault();
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    return fault();
  }
  int64_t integer() {
    const uint64_t value = varint();
    return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
  }
  std::string binary() {
    const uint64_t size = varint();
    if (size > rest_.size()) return fault(), std::string();
    std::string out(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return out;
  }

  // Calls visit(id, type) for each field of a structure; what it does not read it must skip().
  template <class Visit>
  void fields(Visit visit) {
    if (++depth_ > kDeepest) fault();
    for (int16_t id = 0; ok_;) {
      const unsigned byte = take();
      const unsigned type = byte & 0x0f;
      if (type == 0) break;
      id = static_cast<int16_t>((byte >> 4) != 0 ? id + static_cast<int>(byte >> 4) : integer());
      visit(id, type);
    }
    --depth_;
  }
  // Calls visit(type) for each element of a list.
  template <class Visit>
  void list(Visit visit) {
    const unsigned byte = take();
    uint64_t size = byte >> 4;
    if (size == 15) size = varint();
    for (uint64_t i = 0; i < size && ok_; ++i) visit(byte & 0x0f);
  }

  void skip(unsigned type) {
    if (!ok_ || ++depth_ > kDeepest) {
      fault();
      return;
    }
    switch (type) {
      case 1:
      case 2: break;  // a field's truth value is its type
      case 3: take(); break;
      case 4:
      case 5:
      case 6: varint(); break;
      case 7: take(8); break;
      case 8: binary(); break;
      case 9:
      case 10: list([&](unsigned element) { element <= 2 ? static_cast<void>(take()) : skip(element); }); break;
      case kStruct: fields([&](int16_t, unsigned field) { skip(field); }); break;
      default: fault();
    }
    --depth_;
  }

 private:
  static constexpr int kDeepest = 64;

  uint64_t fault() {
    ok_ = false;
    rest_ = {};
    return 0;
  }
  unsigned take(size_t n = 1) {
    if (rest_.size() < n) return static_cast<unsigned>(fault());
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(n);
    return byte;
  }

  std::string_view rest_;
  bool ok_ = true;
  int depth_ = 0;
};

}  // namespace tarn::lake
