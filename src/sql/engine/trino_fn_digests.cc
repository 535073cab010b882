// Digests, checksums and encodings of bytes.
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/text.h"
#include "sql/decimal.h"
#include "sql/engine/trino_functions.h"

namespace tarn::sql::engine::trino {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::ScalarFunction;
using duckdb::Value;
using std::string;
using Values = duckdb::vector<Value>;

const string& bytes_of(const Value& value) {
  return duckdb::StringValue::Get(value);
}

[[noreturn]] void bad_argument(const string& message) {
  raise("INVALID_FUNCTION_ARGUMENT", message);
}

// --- xxHash64 and Murmur3 --------------------------------------------------------------------------------------------

constexpr uint64_t kPrime1 = 0x9E3779B185EBCA87ULL, kPrime2 = 0xC2B2AE3D27D4EB4FULL, kPrime3 = 0x165667B19E3779F9ULL,
                   kPrime4 = 0x85EBCA77C2B2AE63ULL, kPrime5 = 0x27D4EB2F165667C5ULL;

template <class T>
T load(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

uint64_t round64(uint64_t sum, uint64_t input) {
  return std::rotl(sum + input * kPrime2, 31) * kPrime1;
}

uint64_t xxhash64(std::string_view bytes) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  uint64_t hash;
  if (bytes.size() >= 32) {
    std::array<uint64_t, 4> v = {kPrime1 + kPrime2, kPrime2, 0, 0 - kPrime1};
    for (; at + 32 <= end; at += 32) {
      for (size_t i = 0; i < 4; ++i) v[i] = round64(v[i], load<uint64_t>(at + 8 * i));
    }
    hash = std::rotl(v[0], 1) + std::rotl(v[1], 7) + std::rotl(v[2], 12) + std::rotl(v[3], 18);
    for (const uint64_t part : v) hash = (hash ^ round64(0, part)) * kPrime1 + kPrime4;
  } else {
    hash = kPrime5;
  }
  hash += bytes.size();
  for (; at + 8 <= end; at += 8) hash = std::rotl(hash ^ round64(0, load<uint64_t>(at)), 27) * kPrime1 + kPrime4;
  if (at + 4 <= end) {
    hash = std::rotl(hash ^ (load<uint32_t>(at) * kPrime1), 23) * kPrime2 + kPrime3;
    at += 4;
  }
  for (; at < end; ++at) hash = std::rotl(hash ^ (static_cast<unsigned char>(*at) * kPrime5), 11) * kPrime1;
  hash = (hash ^ (hash >> 33)) * kPrime2;
  hash = (hash ^ (hash >> 29)) * kPrime3;
  return hash ^ (hash >> 32);
}

string big_endian(uint64_t value, size_t size) {
  string out(size, '\0');
  for (size_t i = 0; i < size; ++i) out[size - 1 - i] = static_cast<char>(value >> (8 * i));
  return out;
}

uint64_t of_big_endian(const string& bytes, size_t size) {
  if (bytes.size() != size)
    bad_argument("expected " + std::to_string(size) + "-byte input, but got instead: " + std::to_string(bytes.size()));
  uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

// MurmurHash3, x64, 128 bits.
string murmur3(const string& bytes) {
  constexpr uint64_t kC1 = 0x87c37b91114253d5ULL, kC2 = 0x4cf5ad432745937fULL;
  uint64_t h1 = 0, h2 = 0;
  const size_t blocks = bytes.size() / 16;
  const auto mix1 = [&](uint64_t k) { return std::rotl(k * kC1, 31) * kC2; };
  const auto mix2 = [&](uint64_t k) { return std::rotl(k * kC2, 33) * kC1; };
  for (size_t i = 0; i < blocks; ++i) {
    h1 ^= mix1(load<uint64_t>(bytes.data() + 16 * i));
    h1 = (std::rotl(h1, 27) + h2) * 5 + 0x52dce729;
    h2 ^= mix2(load<uint64_t>(bytes.data() + 16 * i + 8));
    h2 = (std::rotl(h2, 31) + h1) * 5 + 0x38495ab5;
  }
  uint64_t k1 = 0, k2 = 0;
  for (size_t i = blocks * 16; i < bytes.size(); ++i) {
    const size_t offset = i - blocks * 16;
    const uint64_t byte = static_cast<unsigned char>(bytes[i]);
    (offset < 8 ? k1 : k2) |= byte << (8 * (offset % 8));
  }
  if (bytes.size() % 16 > 8) h2 ^= mix2(k2);
  if (bytes.size() % 16 > 0) h1 ^= mix1(k1);
  h1 ^= bytes.size();
  h2 ^= bytes.size();
  h1 += h2;
  h2 += h1;
  for (uint64_t* h : {&h1, &h2}) {
    *h = (*h ^ (*h >> 33)) * 0xff51afd7ed558ccdULL;
    *h = (*h ^ (*h >> 33)) * 0xc4ceb9fe1a85ec53ULL;
    *h ^= *h >> 33;
  }
  h1 += h2;
  h2 += h1;
  return big_endian(std::byteswap(h1), 8) + big_endian(std::byteswap(h2), 8);
}

// Hive's hash of bytes, and of 8 bytes as a number: what buckets are counted by.
int64_t hive_hash(const string& bytes) {
  uint32_t hash = 0;
  for (const char c : bytes) hash = hash * 31 + static_cast<uint32_t>(static_cast<signed char>(c));
  return static_cast<int32_t>(hash);
}
int64_t hive_hash(uint64_t bits) {
  return static_cast<int32_t>(static_cast<uint32_t>(bits ^ (bits >> 32)));
}

// --- OpenSSL's

const EVP_MD* algorithm(const string& name) {
  return name == "md5" ? EVP_md5() : name == "sha1" ? EVP_sha1() : name == "sha256" ? EVP_sha256() : EVP_sha512();
}

string hmac(const string& name, const string& bytes, const string& key) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(algorithm(name), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(bytes.data()),
       bytes.size(), out, &size);
  return {reinterpret_cast<const char*>(out), size};
}

string digest_of(const string& name, const string& bytes) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), out, &size, algorithm(name), nullptr);
  return {reinterpret_cast<const char*>(out), size};
}

// --- base 32

constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

string to_base32(const string& bytes) {
  string out;
  uint32_t buffer = 0;
  int bits = 0;
  for (const char c : bytes) {
    buffer = buffer << 8 | static_cast<unsigned char>(c);
    for (bits += 8; bits >= 5; bits -= 5) out += kBase32[buffer >> (bits - 5) & 31];
  }
  if (bits > 0) out += kBase32[buffer << (5 - bits) & 31];
  while (out.size() % 8) out += '=';
  return out;
}

string from_base32(const string& text) {
  const size_t digits = std::min(text.find('='), text.size());
  if (digits % 8 == 1 || digits % 8 == 3 || digits % 8 == 6) {
    bad_argument("Invalid input length " + std::to_string(digits));
  }
  string out;
  uint32_t buffer = 0;
  int bits = 0;
  for (const char c : text) {
    if (c == '=') break;
    const size_t value = kBase32.find(c);
    if (value == string::npos) bad_argument(string("Unrecognized character: ") + c);
    buffer = buffer << 5 | static_cast<uint32_t>(value);
    if ((bits += 5) >= 8) {
      out += static_cast<char>(buffer >> (bits - 8));
      bits -= 8;
    }
  }
  return out;
}

// What checksum() adds up: Trino's XX_HASH_64 of the value times a prime, modulo 2^64.
uint64_t value_hash(const Value& value) {
  if (value.IsNull()) return kPrime1;
  const LogicalType& type = value.type();
  const auto of_long = [](int64_t n) { return xxhash64({reinterpret_cast<const char*>(&n), sizeof n}); };
  switch (type.id()) {
    case LogicalTypeId::BOOLEAN: return of_long(value.GetValue<bool>()) * kPrime1;
    case LogicalTypeId::TINYINT:
    case LogicalTypeId::SMALLINT:
    case LogicalTypeId::INTEGER:
    case LogicalTypeId::BIGINT: return of_long(value.GetValue<int64_t>()) * kPrime1;
    case LogicalTypeId::DATE: return of_long(value.GetValue<duckdb::date_t>().days) * kPrime1;
    case LogicalTypeId::DOUBLE: return of_long(std::bit_cast<int64_t>(value.GetValue<double>())) * kPrime1;
    case LogicalTypeId::VARCHAR:
    case LogicalTypeId::BLOB: return xxhash64(bytes_of(value)) * kPrime1;
    default: return xxhash64(print(value)) * kPrime1;
  }
}

void value_hashes(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
  auto* out = duckdb::FlatVector::GetData<uint64_t>(result);
  for (duckdb::idx_t row = 0; row < input.size(); ++row) out[row] = value_hash(input.data[0].GetValue(row));
}

}  // namespace

void add_digest_functions(Adder& adder) {
  const LogicalType text = LogicalType::VARCHAR, bytes = LogicalType::BLOB, number = LogicalType::BIGINT;
  const LogicalType real = LogicalType::DOUBLE;
  const auto add = [&](const char* name, duckdb::vector<LogicalType> arguments, const LogicalType& returns,
                       RowFunction run) { adder.add(by_row(name, std::move(arguments), returns, std::move(run))); };
  const auto raw = [](const string& result) { return Value::BLOB_RAW(result); };
  add("t_sha512", {bytes}, bytes, [raw](const auto& a) { return raw(digest_of("sha512", bytes_of(a[0]))); });
  add("t_crc32", {bytes}, number, [](const auto& a) {
    const string& b = bytes_of(a[0]);
    return Value::BIGINT(
        static_cast<int64_t>(::crc32(0, reinterpret_cast<const Bytef*>(b.data()), static_cast<uInt>(b.size()))));
  });
  add("t_xxhash64", {bytes}, bytes, [raw](const auto& a) { return raw(big_endian(xxhash64(bytes_of(a[0])), 8)); });
  add("t_murmur3", {bytes}, bytes, [raw](const auto& a) { return raw(murmur3(bytes_of(a[0]))); });
  // What a SetDigest holds of a value: the first half of its Murmur3.
  add("t_set_hash", {LogicalType::ANY}, number, [](const auto& a) {
    const LogicalType& type = a[0].type();
    string hashed;
    if (type.IsIntegral()) {
      const auto n = a[0].template GetValue<int64_t>();
      hashed.assign(reinterpret_cast<const char*>(&n), sizeof n);
    } else if (type.IsFloating()) {
      const auto x = a[0].template GetValue<double>();
      hashed.assign(reinterpret_cast<const char*>(&x), sizeof x);
    } else {
      hashed = type.InternalType() == duckdb::PhysicalType::VARCHAR ? bytes_of(a[0]) : a[0].ToString();
    }
    return Value::BIGINT(load<int64_t>(murmur3(hashed).data()));
  });
  add("t_hive_bytes", {bytes}, number, [](const auto& a) { return Value::BIGINT(hive_hash(bytes_of(a[0]))); });
  add("t_hive_long", {number}, number, [](const auto& a) {
    return Value::BIGINT(hive_hash(static_cast<uint64_t>(a[0].template GetValue<int64_t>())));
  });
  add("t_hive_double", {real}, number, [](const auto& a) {
    return Value::BIGINT(hive_hash(std::bit_cast<uint64_t>(a[0].template GetValue<double>())));
  });
  add("t_hmac", {text, bytes, bytes}, bytes,
      [raw](const auto& a) { return raw(hmac(bytes_of(a[0]), bytes_of(a[1]), bytes_of(a[2]))); });
  add("t_from_hex", {text}, bytes, [raw](const auto& a) {
    const string& digits = bytes_of(a[0]);
    if (digits.size() % 2) bad_argument("invalid input length " + std::to_string(digits.size()));
    for (const char c : digits) {
      if (std::isxdigit(static_cast<unsigned char>(c))) continue;
      bad_argument(string("not a hexadecimal digit: \"") + c + "\" = " + std::to_string(static_cast<int>(c)));
    }
    return raw(*unhex(lower(digits)));
  });
  add("t_from_base64", {text}, bytes, [raw](const auto& a) {
    string padded = bytes_of(a[0]);
    while (padded.size() % 4) padded += '=';
    const auto found = unbase64(padded);
    if (!found) bad_argument("Invalid base64 string: " + bytes_of(a[0]));
    return raw(*found);
  });
  add("t_to_base32", {bytes}, text, [](const auto& a) { return Value(to_base32(bytes_of(a[0]))); });
  add("t_from_base32", {text}, bytes, [raw](const auto& a) { return raw(from_base32(bytes_of(a[0]))); });
  add("t_big_endian", {number}, bytes,
      [raw](const auto& a) { return raw(big_endian(static_cast<uint64_t>(a[0].template GetValue<int64_t>()), 8)); });
  add("t_decimal_bytes", {text}, bytes, [raw](const auto& a) { return raw(tarn::sql::big_endian(unscaled(bytes_of(a[0])))); });
  add("t_of_big_endian", {bytes, number}, number, [](const auto& a) {
    const auto size = static_cast<size_t>(a[1].template GetValue<int64_t>());
    const uint64_t value = of_big_endian(bytes_of(a[0]), size);
    return Value::BIGINT(size == 4 ? static_cast<int32_t>(value) : static_cast<int64_t>(value));
  });
  add("t_ieee754_64", {real}, bytes,
      [raw](const auto& a) { return raw(big_endian(std::bit_cast<uint64_t>(a[0].template GetValue<double>()), 8)); });
  add("t_ieee754_32", {LogicalType::FLOAT}, bytes,
      [raw](const auto& a) { return raw(big_endian(std::bit_cast<uint32_t>(a[0].template GetValue<float>()), 4)); });
  add("t_of_ieee754_64", {bytes}, real,
      [](const auto& a) { return Value::DOUBLE(std::bit_cast<double>(of_big_endian(bytes_of(a[0]), 8))); });
  add("t_of_ieee754_32", {bytes}, LogicalType::FLOAT, [](const auto& a) {
    return Value::FLOAT(std::bit_cast<float>(static_cast<uint32_t>(of_big_endian(bytes_of(a[0]), 4))));
  });
  ScalarFunction hash("t_value_hash", {LogicalType::ANY}, LogicalType::UBIGINT, value_hashes);
  hash.null_handling = duckdb::FunctionNullHandling::SPECIAL_HANDLING;
  adder.add(hash);
  add("t_checksum", {LogicalType::HUGEINT}, bytes, [raw](const auto& a) {
    const auto sum = duckdb::HugeIntValue::Get(a[0]);
    return raw(big_endian(std::byteswap(sum.lower), 8));
  });
}

}  // namespace tarn::sql::engine::trino
