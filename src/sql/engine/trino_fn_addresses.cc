// The type ipaddress: 16 bytes, version 4 as ::ffff:a.b.c.d. https://trino.io/docs/current/functions/ipaddress.html
#include <arpa/inet.h>

#include <cstring>

#include "base/text.h"
#include "sql/engine/trino_functions.h"

namespace tarn::sql::engine::trino {
namespace {

using duckdb::LogicalType;
using duckdb::Value;
using std::string;

constexpr size_t kSize = 16, kPrefix = 12;
constexpr char kMapped[kPrefix + 1] = "\0\0\0\0\0\0\0\0\0\0\xff\xff";

bool is_v4(std::string_view bytes) {
  return std::memcmp(bytes.data(), kMapped, kPrefix) == 0;
}

std::optional<string> bytes_of_text(const string& text) {
  string bytes(kSize, '\0');
  if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return bytes;
  bytes.assign(kMapped, kPrefix);
  bytes.resize(kSize);
  if (::inet_pton(AF_INET, text.c_str(), bytes.data() + kPrefix) == 1) return bytes;
  return std::nullopt;
}

Value address(const string& bytes) {
  Value value = Value::BLOB_RAW(bytes);
  value.Reinterpret(opaque_type("ipaddress"));
  return value;
}

Value of_text(const duckdb::vector<Value>& a) {
  const string& text = duckdb::StringValue::Get(a[0]);
  const auto bytes = bytes_of_text(text);
  if (!bytes) raise("INVALID_CAST_ARGUMENT", "Cannot cast value to IPADDRESS: " + text);
  return address(*bytes);
}

Value of_bytes(const duckdb::vector<Value>& a) {
  const string& bytes = duckdb::StringValue::Get(a[0]);
  if (bytes.size() == kSize) return address(bytes);
  if (bytes.size() != kSize - kPrefix)
    raise("INVALID_CAST_ARGUMENT", "Invalid IP address binary length: " + std::to_string(bytes.size()));
  return address(string(kMapped, kPrefix) + bytes);
}

// '10.0.0.0/8' holds 10.1.2.3: the first bits are the same.
Value in_network(const duckdb::vector<Value>& a) {
  const string &network = duckdb::StringValue::Get(a[0]), &given = duckdb::StringValue::Get(a[1]);
  const size_t slash = network.find('/');
  const auto base = bytes_of_text(network.substr(0, slash));
  const auto bits = slash == string::npos ? std::nullopt : parse_int(network.substr(slash + 1));
  if (slash == string::npos || !base)
    raise("INVALID_FUNCTION_ARGUMENT", slash == string::npos ? "Invalid CIDR" : "Invalid network IP address");
  const bool v4 = is_v4(*base);
  if (!bits || *bits < 0 || *bits > (v4 ? 32 : 128))
    raise("INVALID_FUNCTION_ARGUMENT", bits ? "Prefix length exceeds address length" : "Invalid prefix length");
  if (v4 != is_v4(given)) raise("INVALID_FUNCTION_ARGUMENT", "IP address version should be the same");
  const size_t wanted = static_cast<size_t>(*bits) + (v4 ? 8 * kPrefix : 0);
  for (size_t bit = wanted; v4 && bit < 8 * kSize; ++bit) {  // Trino looks at those of IPv4 only
    if ((*base)[bit / 8] >> (7 - bit % 8) & 1) raise("INVALID_FUNCTION_ARGUMENT", "Invalid CIDR");
  }
  for (size_t bit = 0; bit < wanted; ++bit) {
    if (((*base)[bit / 8] ^ given[bit / 8]) >> (7 - bit % 8) & 1) return Value::BOOLEAN(false);
  }
  return Value::BOOLEAN(true);
}

}  // namespace

string address_text(std::string_view bytes) {
  char text[INET6_ADDRSTRLEN] = "";
  if (is_v4(bytes)) {
    ::inet_ntop(AF_INET, bytes.data() + kPrefix, text, sizeof text);
  } else {
    ::inet_ntop(AF_INET6, bytes.data(), text, sizeof text);
  }
  return text;
}

void add_address_functions(Adder& adder) {
  const LogicalType type = opaque_type("ipaddress");
  adder.add(by_row("t_text_address", {LogicalType::VARCHAR}, type, of_text));
  adder.add(by_row("t_bytes_address", {LogicalType::BLOB}, type, of_bytes));
  adder.add(by_row("t_address_text", {LogicalType::ANY}, LogicalType::VARCHAR,
                   [](const auto& a) { return Value(address_text(duckdb::StringValue::Get(a[0]))); }));
  adder.add(by_row("t_address_bytes", {LogicalType::ANY}, LogicalType::BLOB,
                   [](const auto& a) { return Value::BLOB_RAW(duckdb::StringValue::Get(a[0])); }));
  adder.add(by_row("t_in_network", {LogicalType::VARCHAR, LogicalType::ANY}, LogicalType::BOOLEAN, in_network));
}

}  // namespace tarn::sql::engine::trino
