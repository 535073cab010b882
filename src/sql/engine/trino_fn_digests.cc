// Digests, checksums and encodings of bytes; numbers in other bases; distributions.
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
  string out;
  uint32_t buffer = 0;
  int bits = 0;
  for (const char c : text) {
    if (c == '=') break;
    const size_t value = kBase32.find(c);
    if (value == string::npos) bad_argument("Invalid input string: " + text);
    buffer = buffer << 5 | static_cast<uint32_t>(value);
    if ((bits += 5) >= 8) {
      out += static_cast<char>(buffer >> (bits - 8));
      bits -= 8;
    }
  }
  return out;
}

// --- numbers

string to_base(int64_t value, int64_t base) {
  if (base < 2 || base > 36) bad_argument("Radix must be between 2 and 36");
  uint64_t rest = value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  string out;
  do out += "0123456789abcdefghijklmnopqrstuvwxyz"[rest % static_cast<uint64_t>(base)];
  while (rest /= static_cast<uint64_t>(base));
  if (value < 0) out += '-';
  std::reverse(out.begin(), out.end());
  return out;
}

int64_t from_base(const string& text, int64_t base) {
  if (base < 2 || base > 36) bad_argument("Radix must be between 2 and 36");
  char* end = nullptr;
  errno = 0;
  const auto value = std::strtoll(text.c_str(), &end, static_cast<int>(base));
  if (text.empty() || *end || errno || std::isspace(static_cast<unsigned char>(text[0]))) {
    bad_argument("Not a valid base-" + std::to_string(base) + " number: " + text);
  }
  return value;
}

int64_t shifted(const string& how, int64_t value, int64_t by, int bits) {
  if (by < 0) by &= bits - 1;
  const uint64_t mask = bits == 64 ? ~0ULL : 0xFFFFFFFFULL;
  uint64_t result = 0;
  if (how == "left") {
    result = by >= bits ? 0 : static_cast<uint64_t>(value) << by & mask;
  } else if (how == "right") {
    result = by >= bits ? 0 : (static_cast<uint64_t>(value) & mask) >> by;
  } else {
    return value >> std::min<int64_t>(by, 63);
  }
  return bits == 64 ? static_cast<int64_t>(result) : static_cast<int32_t>(result);
}

int64_t width_bucket(double x, double low, double high, int64_t count) {
  if (count <= 0) bad_argument("bucketCount must be greater than 0");
  if (std::isnan(x) || low == high || !std::isfinite(low) || !std::isfinite(high))
    bad_argument("bounds cannot equal each other");
  const double lower = std::min(low, high), upper = std::max(low, high);
  int64_t bucket = 0;
  if (x < lower) {
    bucket = 0;
  } else if (x >= upper) {
    bucket = count + 1;
  } else {
    bucket = static_cast<int64_t>(static_cast<double>(count) * (x - lower) / (upper - lower) + 1);
  }
  return low > high ? count - bucket + 1 : bucket;
}

// The normal distribution's quantile: bisection over erf is exact enough, and simple.
double inverse_normal(double p) {
  if (!(p > 0 && p < 1)) bad_argument("p must be 0 > p > 1");
  double low = -40, high = 40;
  for (int i = 0; i < 200; ++i) {
    const double middle = (low + high) / 2;
    (0.5 * std::erfc(-middle / std::sqrt(2.0)) < p ? low : high) = middle;
  }
  return (low + high) / 2;
}

// The regularised incomplete beta function, by its continued fraction.
double beta_fraction(double a, double b, double x) {
  double c = 1, d = 1 - (a + b) * x / (a + 1);
  d = 1 / (std::fabs(d) < 1e-300 ? 1e-300 : d);
  double result = d;
  for (int m = 1; m < 500; ++m) {
    const double n = m;
    const auto step = [&](double term) {
      d = 1 + term * d;
      c = 1 + term / c;
      d = 1 / (std::fabs(d) < 1e-300 ? 1e-300 : d);
      if (std::fabs(c) < 1e-300) c = 1e-300;
      result *= d * c;
      return d * c;
    };
    step(n * (b - n) * x / ((a + 2 * n - 1) * (a + 2 * n)));
    if (std::fabs(step(-(a + n) * (a + b + n) * x / ((a + 2 * n) * (a + 2 * n + 1))) - 1) < 1e-15) break;
  }
  return result;
}

double beta_cdf(double a, double b, double x) {
  if (a <= 0 || b <= 0) bad_argument("a, b must be > 0");
  if (x < 0 || x > 1) bad_argument("value must be in the interval [0, 1]");
  if (x == 0 || x == 1) return x;
  const double front =
      std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x));
  return x < (a + 1) / (a + b + 2) ? front * beta_fraction(a, b, x) / a : 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double inverse_beta_cdf(double a, double b, double p) {
  if (p < 0 || p > 1) bad_argument("p must be in the interval [0, 1]");
  double low = 0, high = 1;
  for (int i = 0; i < 200; ++i) {
    const double middle = (low + high) / 2;
    (beta_cdf(a, b, middle) < p ? low : high) = middle;
  }
  return (low + high) / 2;
}

double wilson(double successes, double trials, double z, double side) {
  if (successes < 0 || trials <= 0 || successes > trials || z < 0) {
    bad_argument("number of successes must not be larger than number of trials, and both must be positive");
  }
  const double p = successes / trials, n = trials;
  return (p + z * z / (2 * n) + side * z * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n))) / (1 + z * z / n);
}

std::map<string, double> numbers_of(const Value& map) {
  std::map<string, double> found;
  for (const Value& entry : duckdb::MapValue::GetChildren(map)) {
    const auto& pair = duckdb::StructValue::GetChildren(entry);
    if (!pair[1].IsNull()) found[bytes_of(pair[0])] = pair[1].GetValue<double>();
  }
  return found;
}

Value cosine(const Values& a) {
  const auto left = numbers_of(a[0]), right = numbers_of(a[1]);
  double product = 0, size_left = 0, size_right = 0;
  for (const auto& [key, value] : left) {
    size_left += value * value;
    if (const auto other = right.find(key); other != right.end()) product += value * other->second;
  }
  for (const auto& [key, value] : right) size_right += value * value;
  if (size_left == 0 || size_right == 0) return Value(LogicalType::DOUBLE);
  return Value::DOUBLE(product / (std::sqrt(size_left) * std::sqrt(size_right)));
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

// Decimals of any precision: round(x, n) and truncate(x, n) keep the type.
template <bool round>
void decimal_places(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  const LogicalType type = result.GetType();
  const bool constant = input.AllConstant();
  const int scale = duckdb::DecimalType::GetScale(type);
  for (duckdb::idx_t row = 0; row < (constant ? 1 : input.size()); ++row) {
    const Value value = input.data[0].GetValue(row), places = input.data[1].GetValue(row);
    if (value.IsNull() || places.IsNull()) {
      result.SetValue(row, Value(type));
      continue;
    }
    const int64_t drop = scale - places.GetValue<int64_t>();
    if (drop <= 0) {
      result.SetValue(row, value);
      continue;
    }
    // The digits as a text: cut, and carried where rounded up.
    string digits = value.ToString();
    const bool negative = digits[0] == '-';
    std::erase_if(digits, [](char c) { return c == '-' || c == '.'; });
    digits.insert(0, 1, '0');
    const bool all = drop >= static_cast<int64_t>(digits.size());
    const size_t kept = all ? 0 : digits.size() - static_cast<size_t>(drop);
    bool carry = round && !all && digits[kept] >= '5';
    for (size_t i = kept; i < digits.size(); ++i) digits[i] = '0';
    for (size_t i = kept; carry && i-- > 0;) {
      carry = digits[i] == '9';
      digits[i] = carry ? '0' : static_cast<char>(digits[i] + 1);
    }
    const size_t point = digits.size() - static_cast<size_t>(scale);
    Value shown((negative ? "-" : "") + digits.substr(0, point) + (scale ? "." + digits.substr(point) : ""));
    if (!shown.DefaultTryCastAs(type))
      raise("NUMERIC_VALUE_OUT_OF_RANGE", "decimal overflow: round(" + value.ToString() + ")");
    result.SetValue(row, shown);
  }
  if (constant) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
}

duckdb::unique_ptr<duckdb::FunctionData> bind_same(duckdb::ClientContext&, ScalarFunction& function,
                                                   duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& arguments) {
  function.return_type = function.arguments[0] = arguments[0]->return_type;
  return nullptr;
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
    const auto found = unhex(lower(bytes_of(a[0])));
    if (!found) bad_argument("Invalid hex string: " + bytes_of(a[0]));
    return raw(*found);
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
  add("t_to_base", {number, number}, text, [](const auto& a) {
    return Value(to_base(a[0].template GetValue<int64_t>(), a[1].template GetValue<int64_t>()));
  });
  add("t_from_base", {text, number}, number,
      [](const auto& a) { return Value::BIGINT(from_base(bytes_of(a[0]), a[1].template GetValue<int64_t>())); });
  add("t_bit_count", {number, number}, number, [](const auto& a) {
    const int64_t bits = a[1].template GetValue<int64_t>(), value = a[0].template GetValue<int64_t>();
    if (bits < 2 || bits > 64)
      bad_argument("Bits specified in bit_count must be between 2 and 64, got " + std::to_string(bits));
    const int64_t low = -(int64_t{1} << (bits - 1));
    if (bits < 64 && (value < low || value >= -low)) {
      bad_argument("Number must be representable with the bits specified. " + std::to_string(value) +
                   " cannot be represented with " + std::to_string(bits) + " bits");
    }
    const uint64_t mask = bits == 64 ? ~0ULL : (1ULL << bits) - 1;
    return Value::BIGINT(std::popcount(static_cast<uint64_t>(value) & mask));
  });
  add("t_shift", {text, number, number}, number, [](const auto& a) {
    return Value::BIGINT(
        shifted(bytes_of(a[0]), a[1].template GetValue<int64_t>(), a[2].template GetValue<int64_t>(), 64));
  });
  add("t_shift_32", {text, LogicalType::INTEGER, number}, LogicalType::INTEGER, [](const auto& a) {
    return Value::INTEGER(static_cast<int32_t>(
        shifted(bytes_of(a[0]), a[1].template GetValue<int32_t>(), a[2].template GetValue<int64_t>(), 32)));
  });
  add("t_width_bucket", {real, real, real, number}, number, [](const auto& a) {
    return Value::BIGINT(width_bucket(a[0].template GetValue<double>(), a[1].template GetValue<double>(),
                                      a[2].template GetValue<double>(), a[3].template GetValue<int64_t>()));
  });
  add("t_erf", {real}, real, [](const auto& a) { return Value::DOUBLE(std::erf(a[0].template GetValue<double>())); });
  add("t_cbrt", {real}, real, [](const auto& a) {
    return Value::DOUBLE(static_cast<double>(std::cbrt(static_cast<long double>(a[0].template GetValue<double>()))));
  });
  add("t_inverse_normal", {real}, real,
      [](const auto& a) { return Value::DOUBLE(inverse_normal(a[0].template GetValue<double>())); });
  add("t_beta_cdf", {real, real, real}, real, [](const auto& a) {
    return Value::DOUBLE(
        beta_cdf(a[0].template GetValue<double>(), a[1].template GetValue<double>(), a[2].template GetValue<double>()));
  });
  add("t_inverse_beta_cdf", {real, real, real}, real, [](const auto& a) {
    return Value::DOUBLE(inverse_beta_cdf(a[0].template GetValue<double>(), a[1].template GetValue<double>(),
                                          a[2].template GetValue<double>()));
  });
  add("t_wilson", {number, number, real, number}, real, [](const auto& a) {
    return Value::DOUBLE(wilson(a[0].template GetValue<double>(), a[1].template GetValue<double>(),
                                a[2].template GetValue<double>(), a[3].template GetValue<double>()));
  });
  const LogicalType numbers = LogicalType::MAP(text, real);
  add("t_cosine_similarity", {numbers, numbers}, real, cosine);
  ScalarFunction hash("t_value_hash", {LogicalType::ANY}, LogicalType::UBIGINT, value_hashes);
  hash.null_handling = duckdb::FunctionNullHandling::SPECIAL_HANDLING;
  adder.add(hash);
  add("t_checksum", {LogicalType::HUGEINT}, bytes, [raw](const auto& a) {
    const auto sum = duckdb::HugeIntValue::Get(a[0]);
    return raw(big_endian(std::byteswap(sum.lower), 8));
  });
  for (const bool round : {true, false}) {
    ScalarFunction places(round ? "t_decimal_round" : "t_decimal_truncate", {LogicalType::ANY, LogicalType::INTEGER},
                          LogicalType::ANY, round ? decimal_places<true> : decimal_places<false>, bind_same);
    places.null_handling = duckdb::FunctionNullHandling::SPECIAL_HANDLING;
    adder.add(places);
  }
}

}  // namespace tarn::sql::engine::trino
