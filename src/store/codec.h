// How keys and records become bytes. A key or record is a plain struct that names its fields in order:
//
//   struct TableKey {
//     std::string owner, database, name;
//     static void fields(auto& self, auto&& visit) { visit(self.owner, self.database, self.name); }
//   };
//   struct TableRecord {
//     static constexpr uint32_t kVersion = 1;  // optional; 1 when absent
//     std::string description; Time created; std::vector<ColumnRecord> columns;
//     static void fields(auto& self, auto&& visit) { visit(self.description, self.created, self.columns); }
//   };
//
// Keys: strings, integers, bool, enums, Time. Encoded keys compare as the tuples do: strings byte by byte (any bytes),
// integers by value.
// Records: bool, integers, enums, double, std::string, Time, Json, std::optional, std::vector, std::pair,
// std::map<string, T>, and structs with fields(). New fields go at the end, of nested structs too: a record
// written before they were there reads with their defaults.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"

namespace tarn {

template <class T>
concept Fields = requires(T& value) { T::fields(value, [](auto&...) {}); };

namespace codec {

// --- primitive forms, in codec.cc -----------------------------------------------------------------------------------

void append_varint(std::string& out, uint64_t value);
void append_fixed64(std::string& out, uint64_t value);         // big-endian
void append_escaped(std::string& out, std::string_view text);  // 00 becomes 00 FF; no terminator
constexpr std::string_view kStringEnd{"\0\1", 2};

// What every key of the table begins with.
std::string table_prefix(std::string_view name);

// Reads from the front of `rest`; once something did not fit, ok is false and all reads give nothing.
struct Source {
  std::string_view rest;
  bool ok = true;

  uint64_t varint();
  uint64_t fixed64();
  std::string_view bytes(size_t n);
  std::string_view sized() { return bytes(varint()); }
  std::string escaped();  // up to and with its terminator
};

constexpr uint64_t zigzag(int64_t v) {
  return (static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63);
}
constexpr int64_t unzigzag(uint64_t v) {
  return static_cast<int64_t>(v >> 1) ^ -static_cast<int64_t>(v & 1);
}

// --- keys -----------------------------------------------------------------------------------------------------------

template <class T>
void append_key_part(std::string& out, const T& part) {
  if constexpr (std::convertible_to<const T&, std::string_view>) {
    append_escaped(out, part);
    out += kStringEnd;
  } else if constexpr (std::is_same_v<T, Time>) {
    append_key_part(out, part.micros);
  } else if constexpr (std::is_enum_v<T>) {
    append_key_part(out, static_cast<uint64_t>(part));
  } else if constexpr (std::is_signed_v<T> && !std::is_same_v<T, char>) {
    append_fixed64(out, static_cast<uint64_t>(static_cast<int64_t>(part)) ^ (uint64_t{1} << 63));
  } else {
    static_assert(std::is_unsigned_v<T>, "a key's part is a string, an integer, a bool, an enum or a Time");
    append_fixed64(out, static_cast<uint64_t>(part));
  }
}

template <class T>
void read_key_part(Source& in, T& part) {
  if constexpr (std::is_same_v<T, std::string>) {
    part = in.escaped();
  } else if constexpr (std::is_same_v<T, Time>) {
    read_key_part(in, part.micros);
  } else if constexpr (std::is_signed_v<T>) {
    part = static_cast<T>(static_cast<int64_t>(in.fixed64() ^ (uint64_t{1} << 63)));
  } else {  // unsigned, bool or an enum
    part = static_cast<T>(in.fixed64());
  }
}

// --- records --------------------------------------------------------------------------------------------------------

template <class T>
void append_value(std::string& out, const T& value);
template <class T>
void read_value(Source& in, T& value);

template <class T>
constexpr bool kIsOptional = false;
template <class T>
constexpr bool kIsOptional<std::optional<T>> = true;
template <class T>
constexpr bool kIsVector = false;
template <class T>
constexpr bool kIsVector<std::vector<T>> = true;
template <class T>
constexpr bool kIsPair = false;
template <class A, class B>
constexpr bool kIsPair<std::pair<A, B>> = true;
template <class T>
constexpr bool kIsMap = false;
template <class T>
constexpr bool kIsMap<std::map<std::string, T>> = true;

template <class T>
void append_fields(std::string& out, const T& value) {
  T::fields(value, [&](const auto&... field) { (append_value(out, field), ...); });
}

template <class T>
void read_fields(Source& in, T& value) {
  // A field beyond the record's end keeps its default.
  const auto read = [&](auto& field) {
    if (!in.rest.empty()) read_value(in, field);
  };
  T::fields(value, [&](auto&... field) { (read(field), ...); });
  if (!in.rest.empty()) in.ok = false;
}

template <class T>
void append_value(std::string& out, const T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    append_varint(out, value.size());
    out += value;
  } else if constexpr (std::is_same_v<T, Time>) {
    append_varint(out, zigzag(value.micros));
  } else if constexpr (std::is_same_v<T, Json>) {
    append_value(out, value.text());
  } else if constexpr (std::is_same_v<T, double>) {
    append_fixed64(out, std::bit_cast<uint64_t>(value));
  } else if constexpr (kIsOptional<T>) {
    out += value ? '\1' : '\0';
    if (value) append_value(out, *value);
  } else if constexpr (kIsVector<T>) {
    append_varint(out, value.size());
    for (const typename T::value_type& item : value) append_value(out, item);
  } else if constexpr (kIsPair<T>) {
    append_value(out, value.first);
    append_value(out, value.second);
  } else if constexpr (kIsMap<T>) {
    append_varint(out, value.size());
    for (const auto& [name, item] : value) {
      append_value(out, name);
      append_value(out, item);
    }
  } else if constexpr (Fields<T>) {
    std::string inner;
    append_fields(inner, value);
    append_value(out, inner);
  } else if constexpr (std::is_enum_v<T>) {
    append_varint(out, static_cast<uint64_t>(value));
  } else if constexpr (std::is_signed_v<T>) {
    append_varint(out, zigzag(value));
  } else {
    static_assert(std::is_unsigned_v<T>, "not a type that records can hold: see the top of store/codec.h");
    append_varint(out, value);
  }
}

template <class T>
void read_value(Source& in, T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    value = in.sized();
  } else if constexpr (std::is_same_v<T, Time>) {
    value.micros = unzigzag(in.varint());
  } else if constexpr (std::is_same_v<T, Json>) {
    auto parsed = Json::parse(in.sized());
    if (parsed)
      value = std::move(*parsed);
    else
      in.ok = false;
  } else if constexpr (std::is_same_v<T, double>) {
    value = std::bit_cast<double>(in.fixed64());
  } else if constexpr (kIsOptional<T>) {
    value.reset();
    if (in.bytes(1) == std::string_view("\1", 1)) read_value(in, value.emplace());
  } else if constexpr (kIsVector<T>) {
    value.clear();
    for (uint64_t left = in.varint(); left > 0 && in.ok; --left) {
      typename T::value_type item{};
      read_value(in, item);
      value.push_back(std::move(item));
    }
  } else if constexpr (kIsPair<T>) {
    read_value(in, value.first);
    read_value(in, value.second);
  } else if constexpr (kIsMap<T>) {
    value.clear();
    for (uint64_t left = in.varint(); left > 0 && in.ok; --left) {
      std::string name;
      read_value(in, name);
      read_value(in, value[name]);
    }
  } else if constexpr (Fields<T>) {
    Source inner{in.sized()};
    read_fields(inner, value);
    in.ok = in.ok && inner.ok;
  } else if constexpr (std::is_signed_v<T>) {
    value = static_cast<T>(unzigzag(in.varint()));
  } else {  // unsigned, bool or an enum
    value = static_cast<T>(in.varint());
  }
}

template <class R>
constexpr uint32_t version_of() {
  if constexpr (requires { R::kVersion; })
    return R::kVersion;
  else
    return 1;
}

}  // namespace codec

template <Fields K>
void append_key(std::string& out, const K& key) {
  K::fields(key, [&](const auto&... part) { (codec::append_key_part(out, part), ...); });
}

// False: these bytes are no such key.
template <Fields K>
bool read_key(std::string_view bytes, K& key) {
  codec::Source in{bytes};
  K::fields(key, [&](auto&... part) { (codec::read_key_part(in, part), ...); });
  return in.ok && in.rest.empty();
}

template <Fields R>
std::string encode_record(const R& record) {
  std::string out;
  codec::append_varint(out, codec::version_of<R>());
  codec::append_fields(out, record);
  return out;
}

// ERRORS: InternalFailure naming the table when the record is damaged or of a newer version.
Failure damaged_record(std::string_view table, std::string_view why);

template <Fields R>
Result<R> decode_record(std::string_view bytes, std::string_view table) {
  codec::Source in{bytes};
  if (const uint64_t version = in.varint(); version > codec::version_of<R>())
    return damaged_record(table, "it was written by a newer version of tarn");
  R record{};
  codec::read_fields(in, record);
  if (!in.ok) return damaged_record(table, "its bytes do not fit its fields");
  return record;
}

}  // namespace tarn
