// Hash functions.
#include <openssl/evp.h>

#include <array>
#include <cmath>
#include <cstring>

#include "base/digest.h"
#include "base/text.h"
#include "sql/engine/encode.h"
#include "sql/engine/errors.h"
#include "sql/engine/functions.h"
#include "sql/engine/values.h"

namespace tarn::sql::engine {
namespace {

using duckdb::Expression;
using duckdb::FunctionBindExpressionInput;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::string_t;
using duckdb::unique_ptr;
using duckdb::Value;

// The value's own bytes; of text those of the text.
template <class T>
std::string_view bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}
template <>
std::string_view bytes_of(const string_t& value) {
  return view(value);
}

// AWS: FNV_HASH. FNV-1a of 64 bits; the seed is the state to go on from.
constexpr uint64_t kFnvStart = 0xcbf29ce484222325, kFnvPrime = 0x100000001b3;
int64_t fnv(std::string_view bytes, int64_t seed) {
  auto state = static_cast<uint64_t>(seed);
  for (const char c : bytes) state = (state ^ static_cast<unsigned char>(c)) * kFnvPrime;
  return static_cast<int64_t>(state);
}

uint32_t rotate(uint32_t value, int by) {
  return (value << by) | (value >> (32 - by));
}
uint32_t mixed(uint32_t block) {
  return rotate(block * 0xcc9e2d51, 15) * 0x1b873593;
}
// Murmur3, 32 bits.
int64_t murmur(std::string_view bytes, int64_t seed) {
  auto hash = static_cast<uint32_t>(seed);
  size_t at = 0;
  for (; at + 4 <= bytes.size(); at += 4) {
    uint32_t block;
    std::memcpy(&block, bytes.data() + at, 4);
    hash = rotate(hash ^ mixed(block), 13) * 5 + 0xe6546b64;
  }
  uint32_t rest = 0;
  for (size_t i = bytes.size(); i > at; --i) rest = rest << 8 | static_cast<unsigned char>(bytes[i - 1]);
  if (at < bytes.size()) hash ^= mixed(rest);
  hash ^= static_cast<uint32_t>(bytes.size());
  hash = (hash ^ hash >> 16) * 0x85ebca6b;
  hash = (hash ^ hash >> 13) * 0xc2b2ae35;
  return static_cast<int32_t>(hash ^ hash >> 16);
}

// Fingerprint64 of FarmHash.
class Farm {
 public:
  explicit Farm(std::string_view bytes) : s_(bytes.data()), n_(bytes.size()) {}
  uint64_t hash() const {
    if (n_ <= 16) return to_16();
    if (n_ <= 32) return to_32();
    return n_ <= 64 ? to_64() : longer();
  }

 private:
  static constexpr uint64_t k0 = 0xc3a5c85c97cb3127, k1 = 0xb492b66fbe98f273, k2 = 0x9ae16a3b2f90404f;
  using Pair = std::pair<uint64_t, uint64_t>;

  static uint64_t fetch(const char* at) {
    uint64_t value;
    std::memcpy(&value, at, sizeof value);
    return value;
  }
  static uint64_t fetch_32(const char* at) {
    uint32_t value;
    std::memcpy(&value, at, sizeof value);
    return value;
  }
  static uint64_t turn(uint64_t value, int by) { return (value >> by) | (value << (64 - by)); }
  static uint64_t shifted(uint64_t value) { return value ^ (value >> 47); }
  static uint64_t mix(uint64_t u, uint64_t v, uint64_t by) {
    const uint64_t a = shifted((u ^ v) * by);
    return shifted((v ^ a) * by) * by;
  }
  static Pair weak(const char* s, uint64_t a, uint64_t b) {
    const uint64_t x = fetch(s + 8), y = fetch(s + 16), z = fetch(s + 24);
    a += fetch(s);
    b = turn(b + a + z, 21);
    const uint64_t c = a;
    a += x + y;
    return {a + z, b + turn(a, 44) + c};
  }

  uint64_t to_16() const {
    const uint64_t by = k2 + n_ * 2;
    if (n_ >= 8) {
      const uint64_t a = fetch(s_) + k2, b = fetch(s_ + n_ - 8);
      return mix(turn(b, 37) * by + a, (turn(a, 25) + b) * by, by);
    }
    if (n_ >= 4) return mix(n_ + (fetch_32(s_) << 3), fetch_32(s_ + n_ - 4), by);
    if (n_ == 0) return k2;
    const auto at = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(s_[i])); };
    const uint32_t y = at(0) + (at(n_ >> 1) << 8), z = static_cast<uint32_t>(n_) + (at(n_ - 1) << 2);
    return shifted(y * k2 ^ z * k0) * k2;
  }
  uint64_t to_32() const {
    const uint64_t by = k2 + n_ * 2;
    const uint64_t a = fetch(s_) * k1, b = fetch(s_ + 8), c = fetch(s_ + n_ - 8) * by, d = fetch(s_ + n_ - 16) * k2;
    return mix(turn(a + b, 43) + turn(c, 30) + d, a + turn(b + k2, 18) + c, by);
  }
  uint64_t to_64() const {
    const uint64_t by = k2 + n_ * 2;
    const uint64_t a = fetch(s_) * k2, b = fetch(s_ + 8), c = fetch(s_ + n_ - 8) * by, d = fetch(s_ + n_ - 16) * k2;
    const uint64_t y = turn(a + b, 43) + turn(c, 30) + d, z = mix(y, a + turn(b + k2, 18) + c, by);
    const uint64_t e = fetch(s_ + 16) * by, f = fetch(s_ + 24);
    const uint64_t g = (y + fetch(s_ + n_ - 32)) * by, h = (z + fetch(s_ + n_ - 24)) * by;
    return mix(turn(e + f, 43) + turn(g, 30) + h, e + turn(f + a, 18) + g, by);
  }
  uint64_t longer() const {
    uint64_t x = 81 * k2, y = 81 * k1 + 113, z = shifted(y * k2 + 113) * k2;
    Pair v, w;
    x += fetch(s_);
    const auto round = [&](const char* s, uint64_t by, uint64_t times) {
      x = turn(x + y + v.first + fetch(s + 8), 37) * by;
      y = turn(y + v.second + fetch(s + 48), 42) * by;
      x ^= w.second * times;
      y += v.first * times + fetch(s + 40);
      z = turn(z + w.first, 33) * by;
      v = weak(s, v.second * by, x + w.first);
      w = weak(s + 32, z + w.second, y + fetch(s + 16));
      std::swap(z, x);
    };
    const size_t whole = (n_ - 1) / 64 * 64, rest = (n_ - 1) % 64;
    for (size_t at = 0; at < whole; at += 64) round(s_ + at, k1, 1);
    const uint64_t by = k1 + ((z & 0xff) << 1);
    w.first += rest;
    v.first += w.first;
    w.first += v.first;
    round(s_ + whole + rest - 63, by, 9);
    return mix(mix(v.first, w.first, by) + shifted(y) * k0 + z, mix(v.second, w.second, by) + x, by);
  }

  const char* s_;
  size_t n_;
};

// AWS: FARMFINGERPRINT64, of text and VARBYTE.
void farm_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<string_t, int64_t>(input.data[0], result, input.size(), [](string_t bytes) {
    return static_cast<int64_t>(Farm(view(bytes)).hash());
  });
}

using Hash = int64_t (*)(std::string_view bytes, int64_t seed);

template <class T, Hash hash>
void hash_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::BinaryExecutor::Execute<T, int64_t, int64_t>(
      input.data[0], input.data[1], result, input.size(),
      [](T value, int64_t seed) { return hash(bytes_of(value), seed); });
}

template <Hash hash>
duckdb::ScalarFunctionSet hashes(const char* name) {
  duckdb::ScalarFunctionSet set(name);
  const auto add = [&](const LogicalType& type, duckdb::scalar_function_t run) {
    set.AddFunction(duckdb::ScalarFunction({type, LogicalType::BIGINT}, LogicalType::BIGINT, std::move(run)));
  };
  add(LogicalType::BOOLEAN, hash_run<bool, hash>);
  add(LogicalType::SMALLINT, hash_run<int16_t, hash>);
  add(LogicalType::INTEGER, hash_run<int32_t, hash>);
  add(LogicalType::BIGINT, hash_run<int64_t, hash>);
  add(LogicalType::FLOAT, hash_run<float, hash>);
  add(LogicalType::DOUBLE, hash_run<double, hash>);
  add(LogicalType::VARCHAR, hash_run<string_t, hash>);
  add(LogicalType::BLOB, hash_run<string_t, hash>);
  return set;
}

// A decimal as the whole number that it is kept as; dates and times as theirs.
unique_ptr<Expression> as_bits(duckdb::ClientContext& context, unique_ptr<Expression> value) {
  switch (value->return_type.id()) {
    case LogicalTypeId::DECIMAL: {
      const auto scale = duckdb::DecimalType::GetScale(value->return_type);
      const LogicalType whole = LogicalType::DECIMAL(38, 0);
      auto wide = cast_to(context, std::move(value), LogicalType::DECIMAL(38, scale));
      auto unit = constant(Value(static_cast<int64_t>(std::pow(10.0, std::min<int>(scale, 18)))));
      auto scaled = call(context, kFunctionSchema, "mul", arguments(std::move(wide), std::move(unit)));
      return cast_to(context, cast_to(context, std::move(scaled), whole), LogicalType::BIGINT);
    }
    case LogicalTypeId::DATE: {
      auto epoch = constant(Value::DATE(duckdb::date_t(0)));
      return cast_to(context, call(context, "main", "-", arguments(std::move(value), std::move(epoch)), true),
                     LogicalType::INTEGER);
    }
    case LogicalTypeId::TIMESTAMP:
    case LogicalTypeId::TIMESTAMP_TZ: return call(context, "main", "epoch_us", arguments(std::move(value)));
    case LogicalTypeId::SQLNULL: return cast_to(context, std::move(value), LogicalType::VARCHAR);
    default: return is_super(value->return_type) ? as_text(context, std::move(value)) : std::move(value);
  }
}

template <const char* const* run, uint64_t start>
unique_ptr<Expression> bind_hash(FunctionBindExpressionInput& input) {
  auto& context = input.context;
  auto value = as_bits(context, std::move(input.children[0]));
  const bool murmured = start == 0;
  // AWS: MURMUR3_32_HASH hashes as Iceberg does, whole numbers in 8 bytes.
  if (murmured && value->return_type.IsIntegral()) value = cast_to(context, std::move(value), LogicalType::BIGINT);
  auto seed = input.children.size() > 1 ? cast_to(context, std::move(input.children[1]), LogicalType::BIGINT)
                                        : constant(Value::BIGINT(static_cast<int64_t>(start)));
  auto hashed = call(context, kFunctionSchema, *run, arguments(std::move(value), std::move(seed)));
  return murmured ? cast_to(context, std::move(hashed), LogicalType::INTEGER) : std::move(hashed);
}
constexpr const char* kFnv = "fnv_run";
constexpr const char* kMurmur = "murmur_run";

// AWS: CHECKSUM. A number is its own, as it is kept.
unique_ptr<Expression> bind_checksum(FunctionBindExpressionInput& input) {
  auto value = as_bits(input.context, std::move(input.children[0]));
  if (!value->return_type.IsIntegral()) raise_sql("0A000", "CHECKSUM of this type is not supported.");
  return cast_to(input.context, std::move(value), LogicalType::INTEGER);
}

void sha2_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::BinaryExecutor::Execute<string_t, int64_t, string_t>(
      input.data[0], input.data[1], result, input.size(), [&](string_t text, int64_t bits) {
        const EVP_MD* kind = bits == 0 || bits == 256 ? EVP_sha256()
                             : bits == 224            ? EVP_sha224()
                             : bits == 384            ? EVP_sha384()
                             : bits == 512            ? EVP_sha512()
                                                      : nullptr;
        if (!kind) raise_sql("22023", "SHA2 makes digests of 0 (256), 224, 256, 384 and 512 bits.");
        std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
        unsigned size = 0;
        EVP_Digest(text.GetData(), text.GetSize(), digest.data(), &size, kind, nullptr);
        return duckdb::StringVector::AddString(
            result, hex(std::string_view(reinterpret_cast<const char*>(digest.data()), size)));
      });
}

template <DigestKind kind>
void digest_run(duckdb::DataChunk& input, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<string_t, string_t>(input.data[0], result, input.size(), [&](string_t bytes) {
    return duckdb::StringVector::AddString(result, hex(digest(kind, view(bytes))));
  });
}

template <const char* const* run>
unique_ptr<Expression> bind_digest(FunctionBindExpressionInput& input) {
  auto value = std::move(input.children[0]);
  if (value->return_type.id() != LogicalTypeId::BLOB) value = as_text(input.context, std::move(value));
  auto list = arguments(converted(input.context, std::move(value), LogicalType::BLOB));
  if (input.children.size() > 1) list.push_back(cast_to(input.context, std::move(input.children[1]), LogicalType::BIGINT));
  return call(input.context, kFunctionSchema, *run, std::move(list));
}
constexpr const char* kMd5 = "md5_run";
constexpr const char* kSha1 = "sha1_run";
constexpr const char* kSha2 = "sha2_run";
constexpr const char* kCrc32 = "crc32_run";
constexpr const char* kFarm = "farm_run";

}  // namespace

void add_hashes(Registry& registry) {
  const LogicalType bytes = LogicalType::BLOB, text = LogicalType::VARCHAR;
  registry.add(hashes<fnv>(kFnv));
  registry.add(hashes<murmur>(kMurmur));
  registry.add(typed_variadic("fnv_hash", bind_hash<&kFnv, kFnvStart>));
  registry.add(typed_variadic("murmur3_32_hash", bind_hash<&kMurmur, 0>));
  registry.add(typed("checksum", 1, bind_checksum));
  registry.add(typed("md5", 1, bind_digest<&kMd5>));
  registry.add(typed("sha1", 1, bind_digest<&kSha1>));
  registry.add(typed("sha2", 2, bind_digest<&kSha2>));
  registry.add(typed("crc32", 1, bind_digest<&kCrc32>));
  registry.add(typed("farmfingerprint64", 1, bind_digest<&kFarm>));
  registry.add(duckdb::ScalarFunction(kFarm, {bytes}, LogicalType::BIGINT, farm_run));
  registry.add(duckdb::ScalarFunction(kMd5, {bytes}, text, digest_run<DigestKind::kMd5>));
  registry.add(duckdb::ScalarFunction(kSha1, {bytes}, text, digest_run<DigestKind::kSha1>));
  registry.add(duckdb::ScalarFunction(kCrc32, {bytes}, text, digest_run<DigestKind::kCrc32c>));  // AWS: CRC32. Castagnoli's, by its example
  duckdb::ScalarFunction sha2(kSha2, {bytes, LogicalType::BIGINT}, text, sha2_run);
  sha2.errors = duckdb::FunctionErrors::CAN_THROW_RUNTIME_ERROR;
  registry.add(sha2);
}

}  // namespace tarn::sql::engine
