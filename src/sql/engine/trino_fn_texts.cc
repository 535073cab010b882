// What functions of texts call: parts, splitting, padding, URLs, Java's format.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>

#include "base/text.h"
#include "sql/engine/trino_functions.h"

// Of the engine's library; its header is not among the engine's own.
namespace duckdb {
unsigned char* utf8proc_NFC(const unsigned char* text, long size);
unsigned char* utf8proc_NFD(const unsigned char* text, long size);
unsigned char* utf8proc_NFKC(const unsigned char* text, long size);
unsigned char* utf8proc_NFKD(const unsigned char* text, long size);
}  // namespace duckdb

namespace tarn::sql::engine::trino {

using duckdb::BinaryExecutor;
using duckdb::DataChunk;
using duckdb::ExpressionState;
using duckdb::LogicalType;
using duckdb::ScalarFunction;
using duckdb::string_t;
using duckdb::StringVector;
using duckdb::TernaryExecutor;
using duckdb::UnaryExecutor;
using duckdb::Value;
using duckdb::Vector;
using std::string;

std::u32string characters(std::string_view text) {
  std::u32string out;
  for (size_t i = 0; i < text.size();) {
    const size_t size = std::min(character_size(text[i]), text.size() - i);
    const auto byte = static_cast<unsigned char>(text[i]);
    char32_t code = size == 1 ? byte : size == 2 ? byte & 0x1Fu : size == 3 ? byte & 0x0Fu : byte & 0x07u;
    for (size_t k = 1; k < size; ++k) code = code << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3Fu);
    out += code;
    i += size;
  }
  return out;
}

string utf8(const std::u32string& text) {
  string out;
  for (const char32_t code : text) {
    if (code < 0x80) {
      out += static_cast<char>(code);
    } else if (code < 0x800) {
      out += static_cast<char>(0xC0 | code >> 6);
      out += static_cast<char>(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
      out += static_cast<char>(0xE0 | code >> 12);
      out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
      out += static_cast<char>(0x80 | (code & 0x3F));
    } else {
      out += static_cast<char>(0xF0 | code >> 18);
      out += static_cast<char>(0x80 | (code >> 12 & 0x3F));
      out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
      out += static_cast<char>(0x80 | (code & 0x3F));
    }
  }
  return out;
}

namespace {

[[noreturn]] void bad_argument(const string& message) {
  raise("INVALID_FUNCTION_ARGUMENT", message);
}

// Where the characters [start, start + length) are; start counts from 1, or from the end where negative.
std::string_view part(std::string_view text, int64_t start, int64_t length, bool bytes) {
  if (start == 0 || length <= 0) return {};
  const bool ascii = bytes || std::all_of(text.begin(), text.end(), [](char c) { return static_cast<signed char>(c) >= 0; });
  const auto size = static_cast<int64_t>(ascii ? text.size() : utf8_length(text));
  if (start < 0) start += size + 1;
  if (start < 1 || start > size) return {};
  const int64_t from = start - 1, to = length > size - from ? size : from + length;
  if (ascii) return text.substr(static_cast<size_t>(from), static_cast<size_t>(to - from));
  size_t at = 0, begin = 0;
  for (int64_t i = 0; i < to; ++i) {
    if (i == from) begin = at;
    at += character_size(text[at]);
  }
  if (from >= to) return {};
  return text.substr(begin, std::min(at, text.size()) - begin);
}

template <bool bytes>
void substr(DataChunk& input, ExpressionState&, Vector& result) {
  TernaryExecutor::Execute<string_t, int64_t, int64_t, string_t>(
      input.data[0], input.data[1], input.data[2], result, input.size(),
      [&](string_t text, int64_t start, int64_t length) {
        const auto found = part(view(text), start, length, bytes);
        return StringVector::AddStringOrBlob(result, found.data(), found.size());
      });
}

// The n-th place of the part, counted in characters; from the end for negative n.
int64_t place_of(std::string_view text, std::string_view wanted, int64_t n) {
  if (n == 0) bad_argument("'instance' must be a positive or negative number.");
  if (wanted.empty()) return 1;
  size_t at = string::npos;
  if (n > 0) {
    size_t from = 0;
    for (; n > 0; --n) {
      at = text.find(wanted, from);
      if (at == string::npos) return 0;
      from = at + 1;
    }
  } else {
    size_t from = string::npos;
    for (; n < 0; ++n) {
      at = text.rfind(wanted, from);
      if (at == string::npos) return 0;
      if (at == 0 && n < -1) return 0;
      from = at == 0 ? 0 : at - 1;
    }
  }
  return static_cast<int64_t>(utf8_length(text.substr(0, at))) + 1;
}

void strpos(DataChunk& input, ExpressionState&, Vector& result) {
  TernaryExecutor::Execute<string_t, string_t, int64_t, int64_t>(
      input.data[0], input.data[1], input.data[2], result, input.size(),
      [](string_t text, string_t wanted, int64_t n) { return place_of(view(text), view(wanted), n); });
}

void split_part(DataChunk& input, ExpressionState&, Vector& result) {
  TernaryExecutor::ExecuteWithNulls<string_t, string_t, int64_t, string_t>(
      input.data[0], input.data[1], input.data[2], result, input.size(),
      [&](string_t text, string_t delimiter, int64_t index, duckdb::ValidityMask& mask, duckdb::idx_t row) {
        if (index <= 0) bad_argument("Index must be greater than zero");
        const std::string_view all = view(text), cut = view(delimiter);
        if (cut.empty()) {
          const auto one = part(all, index, 1, false);
          if (one.empty()) mask.SetInvalid(row);
          return StringVector::AddString(result, one.data(), one.size());
        }
        size_t from = 0;
        for (; index > 1; --index) {
          const size_t at = all.find(cut, from);
          if (at == string::npos) {
            mask.SetInvalid(row);
            return string_t();
          }
          from = at + cut.size();
        }
        const auto found = all.substr(from, all.find(cut, from) - from);
        return StringVector::AddString(result, found.data(), found.size());
      });
}

constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();

duckdb::vector<Value> pieces(const string& text, const string& delimiter, int64_t limit) {
  if (delimiter.empty()) bad_argument("The delimiter may not be the empty string");
  if (limit <= 0) bad_argument("Limit must be positive");
  if (limit > std::numeric_limits<int32_t>::max() && limit != kNoLimit) bad_argument("Limit is too large");
  duckdb::vector<Value> all;
  size_t from = 0;
  while (static_cast<int64_t>(all.size()) + 1 < limit) {
    const size_t at = text.find(delimiter, from);
    if (at == string::npos) break;
    all.push_back(Value(text.substr(from, at - from)));
    from = at + delimiter.size();
  }
  all.push_back(Value(text.substr(from)));
  return all;
}

const string& text_of(const Value& value) {
  return duckdb::StringValue::Get(value);
}

Value split_map(const duckdb::vector<Value>& a, bool several) {
  const string &text = text_of(a[0]), &entries = text_of(a[1]), &inner = text_of(a[2]);
  if (entries.empty() || inner.empty()) bad_argument("entryDelimiter is empty");
  if (entries == inner) bad_argument("entryDelimiter and keyValueDelimiter must not be the same");
  duckdb::vector<Value> keys;
  std::vector<duckdb::vector<Value>> values;
  if (!text.empty()) {
    for (const Value& entry : pieces(text, entries, kNoLimit)) {
      const string& pair = text_of(entry);
      const size_t at = pair.find(inner);
      if (at == string::npos || pair.find(inner, at + inner.size()) != string::npos) {
        if (pair.empty()) continue;  // a delimiter at the end
        bad_argument("Key-value delimiter must appear exactly once in each entry. Bad input: " + (several ? pair : "'" + pair + "'"));
      }
      const Value key(pair.substr(0, at)), value(pair.substr(at + inner.size()));
      size_t k = 0;
      while (k < keys.size() && keys[k] != key) ++k;
      if (k == keys.size()) {
        keys.push_back(key);
        values.emplace_back();
      } else if (!several) {
        bad_argument("Duplicate keys (" + text_of(key) + ") are not allowed");
      }
      values[k].push_back(value);
    }
  }
  duckdb::vector<Value> all;
  for (auto& list : values) all.push_back(several ? Value::LIST(LogicalType::VARCHAR, list) : list[0]);
  return Value::MAP(LogicalType::VARCHAR, several ? LogicalType::LIST(LogicalType::VARCHAR) : LogicalType::VARCHAR,
                    std::move(keys), std::move(all));
}

constexpr int64_t kMostPadded = 100'000'000;

Value padded(const duckdb::vector<Value>& a, bool bytes) {
  const int64_t size = a[1].GetValue<int64_t>();
  if (size < 0 || size > std::numeric_limits<int32_t>::max()) {
    bad_argument("Target length must be in the range [0..2147483647]");
  }
  if (size > kMostPadded) bad_argument("a target length of more than 100000000 is not supported");
  const auto text = bytes ? std::u32string(text_of(a[0]).begin(), text_of(a[0]).end()) : characters(text_of(a[0]));
  const auto fill = bytes ? std::u32string(text_of(a[2]).begin(), text_of(a[2]).end()) : characters(text_of(a[2]));
  if (fill.empty()) bad_argument(bytes ? "Padding bytes must not be empty" : "Padding string must not be empty");
  const bool left = a[3].GetValue<bool>();
  std::u32string out;
  const auto wanted = static_cast<size_t>(size);
  if (text.size() >= wanted) {
    out = text.substr(0, wanted);
  } else {
    std::u32string padding;
    while (padding.size() + text.size() < wanted) padding += fill[padding.size() % fill.size()];
    out = left ? padding + text : text + padding;
  }
  if (!bytes) return Value(utf8(out));
  string raw;
  for (const char32_t c : out) raw += static_cast<char>(c);
  return Value::BLOB_RAW(raw);
}

// An empty text to look for stands between all characters.
string replaced(const string& text, const string& from, const string& to) {
  if (!from.empty()) return replace_all(text, from, to);
  string out = to;
  for (size_t i = 0; i < text.size();) {
    const size_t size = character_size(text[i]);
    out += text.substr(i, size) + to;
    i += size;
  }
  return out;
}

int64_t levenshtein(const string& left, const string& right) {
  const auto a = characters(left), b = characters(right);
  std::vector<int64_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = static_cast<int64_t>(j);
  for (size_t i = 1; i <= a.size(); ++i) {
    int64_t diagonal = row[0];
    row[0] = static_cast<int64_t>(i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const int64_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

string soundex(const string& text) {
  static constexpr std::string_view kCodes = "01230120022455012623010202";
  string out;
  char last = '0';
  for (const char c : upper(text)) {
    if (c < 'A' || c > 'Z') continue;
    const char code = kCodes[static_cast<size_t>(c - 'A')];
    if (out.empty()) {
      out += c;
    } else if (code != '0' && code != last) {
      out += code;
    }
    if (c != 'H' && c != 'W') last = code;
    if (out.size() == 4) break;
  }
  if (out.empty()) return "";
  out.resize(4, '0');
  return out;
}

bool luhn(const string& text) {
  if (text.empty()) return false;
  int sum = 0;
  bool twice = false;
  for (size_t i = text.size(); i-- > 0;) {
    if (text[i] < '0' || text[i] > '9') bad_argument("Input contains non-digit character: " + text);
    int digit = text[i] - '0';
    if (twice && (digit *= 2) > 9) digit -= 9;
    sum += digit;
    twice = !twice;
  }
  return sum % 10 == 0;
}

string from_utf8(const string& bytes, const string& otherwise) {
  string out;
  for (size_t i = 0; i < bytes.size();) {
    const auto first = static_cast<unsigned char>(bytes[i]);
    const size_t size = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
    if (size > 0 && i + size <= bytes.size() && valid_utf8(std::string_view(bytes).substr(i, size))) {
      out += bytes.substr(i, size);
      i += size;
    } else {
      out += otherwise;
      ++i;
    }
  }
  return out;
}

// 1234 -> 1.23K
string short_number(double value) {
  static constexpr std::array<const char*, 6> kUnits = {"", "K", "M", "B", "T", "Q"};
  if (!std::isfinite(value)) return double_text(value);
  size_t unit = 0;
  double size = std::fabs(value);
  while (size >= 1000 && unit + 1 < kUnits.size()) {
    size /= 1000;
    ++unit;
  }
  char text[64];
  std::snprintf(text, sizeof text, size >= 100 ? "%.0f" : size >= 10 ? "%.1f" : "%.2f", size);
  string shown = text;
  if (shown.find('.') != string::npos) {
    shown.erase(shown.find_last_not_of('0') + 1);
    if (shown.back() == '.') shown.pop_back();
  }
  return (value < 0 ? "-" : "") + shown + kUnits[unit];
}

double data_size(const string& text) {
  static constexpr std::array<const char*, 9> kUnits = {"B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"};
  char* end = nullptr;
  const double n = std::strtod(text.c_str(), &end);
  const string unit(trim(std::string_view(end)));
  for (size_t i = 0; i < kUnits.size(); ++i) {
    if (end != text.c_str() && unit == kUnits[i]) return std::floor(n * std::pow(1024.0, static_cast<double>(i)));
  }
  bad_argument("Invalid data size: '" + text + "'");
}

// --- URLs

struct Url {
  std::optional<string> protocol, host, port, path, query, fragment;
};

// nullopt: no URI, as Java reads them.
std::optional<Url> read_url(const string& text) {
  if (text.find_first_of(" \\^`{|}<>\"") != string::npos) return std::nullopt;
  Url url;
  string rest = text;
  if (const size_t at = rest.find('#'); at != string::npos) {
    url.fragment = rest.substr(at + 1);
    rest.resize(at);
  }
  if (const size_t at = rest.find('?'); at != string::npos) {
    url.query = rest.substr(at + 1);
    rest.resize(at);
  }
  if (const size_t at = rest.find(':'); at != string::npos && rest.find('/') > at && at > 0) {
    url.protocol = rest.substr(0, at);
    rest.erase(0, at + 1);
  }
  if (rest.starts_with("//")) {
    const size_t end = rest.find('/', 2);
    string authority = rest.substr(2, end == string::npos ? string::npos : end - 2);
    rest = end == string::npos ? "" : rest.substr(end);
    if (const size_t at = authority.rfind('@'); at != string::npos) authority.erase(0, at + 1);
    if (const size_t colon = authority.rfind(':'); colon != string::npos && authority.find(']', colon) == string::npos) {
      if (colon + 1 < authority.size()) url.port = authority.substr(colon + 1);
      authority.resize(colon);
    }
    url.host = authority;
  }
  url.path = rest;
  return url;
}

Value url_part(const duckdb::vector<Value>& a) {
  const auto url = read_url(text_of(a[0]));
  const string& wanted = text_of(a[1]);
  if (!url) return Value(LogicalType::VARCHAR);
  const auto& found = wanted == "protocol" ? url->protocol
                      : wanted == "host"   ? url->host
                      : wanted == "port"   ? url->port
                      : wanted == "path"   ? url->path
                      : wanted == "query"  ? url->query
                                           : url->fragment;
  if (wanted == "port") return found ? Value(*found) : Value(LogicalType::VARCHAR);
  return Value(uri_decode(found.value_or("")));
}

Value url_parameter(const duckdb::vector<Value>& a) {
  const auto url = read_url(text_of(a[0]));
  if (!url || !url->query) return Value(LogicalType::VARCHAR);
  for (const std::string_view pair : split(*url->query, '&')) {
    const size_t at = pair.find('=');
    if (uri_decode(pair.substr(0, at)) != text_of(a[1])) continue;
    return Value(at == string::npos ? "" : uri_decode(pair.substr(at + 1), true));
  }
  return Value(LogicalType::VARCHAR);
}

// As HTML forms encode: blanks are pluses; letters, digits and .-*_ stay.
string url_encode(const string& text) {
  string out;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '*' || c == '_') {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      out += '%' + upper(hex(std::string_view(&c, 1)));
    }
  }
  return out;
}

ScalarFunction texts(const char* name, size_t arguments, LogicalType returns, RowFunction run) {
  return by_row(name, duckdb::vector<LogicalType>(arguments, LogicalType::VARCHAR), std::move(returns), std::move(run));
}

string normalized(const string& text, const string& form) {
  static const std::map<string, unsigned char* (*)(const unsigned char*, long)> kForms = {
      {"NFC", duckdb::utf8proc_NFC}, {"NFD", duckdb::utf8proc_NFD}, {"NFKC", duckdb::utf8proc_NFKC}, {"NFKD", duckdb::utf8proc_NFKD}};
  const auto found = kForms.find(form);
  if (found == kForms.end()) bad_argument("normalize has the forms NFD, NFC, NFKD and NFKC, not " + form);
  const std::unique_ptr<unsigned char, decltype(&std::free)> bytes(
      found->second(reinterpret_cast<const unsigned char*>(text.data()), static_cast<long>(text.size())), &std::free);
  return bytes ? string(reinterpret_cast<const char*>(bytes.get())) : text;
}

}  // namespace

void add_text_functions(Adder& adder) {
  const LogicalType text = LogicalType::VARCHAR, number = LogicalType::BIGINT, bytes = LogicalType::BLOB;
  adder.add({"t_substr", {text, number, number}, text, substr<false>});
  adder.add({"t_substr_bytes", {bytes, number, number}, bytes, substr<true>});
  adder.add({"t_strpos", {text, text, number}, number, strpos});
  adder.add({"t_split_part", {text, text, number}, text, split_part});
  adder.add(by_row("t_split", {text, text, number}, LogicalType::LIST(text), [](const auto& a) {
    return Value::LIST(LogicalType::VARCHAR, pieces(text_of(a[0]), text_of(a[1]), a[2].template GetValue<int64_t>()));
  }));
  adder.add(texts("t_split_to_map", 3, LogicalType::MAP(text, text), [](const auto& a) { return split_map(a, false); }));
  adder.add(texts("t_split_to_multimap", 3, LogicalType::MAP(text, LogicalType::LIST(text)),
                  [](const auto& a) { return split_map(a, true); }));
  adder.add(by_row("t_pad", {text, number, text, LogicalType::BOOLEAN}, text,
                   [](const auto& a) { return padded(a, false); }));
  adder.add(by_row("t_pad_bytes", {bytes, number, bytes, LogicalType::BOOLEAN}, bytes,
                   [](const auto& a) { return padded(a, true); }));
  adder.add(texts("t_replace", 3, text,
                  [](const auto& a) { return Value(replaced(text_of(a[0]), text_of(a[1]), text_of(a[2]))); }));
  adder.add(by_row("t_join", {LogicalType::LIST(text), text}, text, [](const auto& a) {
    string joined;
    bool first = true;
    for (const Value& item : duckdb::ListValue::GetChildren(a[0])) {
      if (item.IsNull()) continue;
      if (!first) joined += text_of(a[1]);
      joined += text_of(item);
      first = false;
    }
    return Value(joined);
  }));
  adder.add(by_row("t_chr", {number}, text, [](const auto& a) {
    const auto code = a[0].template GetValue<int64_t>();
    if (code < 0 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
      bad_argument("Not a valid Unicode code point: " + std::to_string(code));
    return Value(utf8(std::u32string(1, static_cast<char32_t>(code))));
  }));
  adder.add(texts("t_codepoint", 1, LogicalType::INTEGER, [](const auto& a) {
    const auto all = characters(text_of(a[0]));
    if (all.size() != 1) bad_argument("Input string must be a single character string");
    return Value::INTEGER(static_cast<int32_t>(all[0]));
  }));
  adder.add(texts("t_reverse", 1, text, [](const auto& a) {
    auto all = characters(text_of(a[0]));
    std::reverse(all.begin(), all.end());
    return Value(utf8(all));
  }));
  adder.add(by_row("t_reverse_bytes", {bytes}, bytes, [](const auto& a) {
    string raw = text_of(a[0]);
    std::reverse(raw.begin(), raw.end());
    return Value::BLOB_RAW(raw);
  }));
  adder.add(texts("t_hamming", 2, number, [](const auto& a) {
    const auto left = characters(text_of(a[0])), right = characters(text_of(a[1]));
    if (left.size() != right.size()) bad_argument("The input strings to hamming_distance function must have the same length");
    int64_t different = 0;
    for (size_t i = 0; i < left.size(); ++i) different += left[i] != right[i];
    return Value::BIGINT(different);
  }));
  adder.add(texts("t_levenshtein", 2, number,
                  [](const auto& a) { return Value::BIGINT(levenshtein(text_of(a[0]), text_of(a[1]))); }));
  adder.add(texts("t_soundex", 1, text, [](const auto& a) { return Value(soundex(text_of(a[0]))); }));
  adder.add(texts("t_luhn_check", 1, LogicalType::BOOLEAN,
                  [](const auto& a) { return Value::BOOLEAN(luhn(text_of(a[0]))); }));
  adder.add(texts("t_normalize", 2, text, [](const auto& a) -> Value {
    return Value(normalized(text_of(a[0]), text_of(a[1])));
  }));
  adder.add(by_row("t_from_utf8", {bytes, text}, text,
                   [](const auto& a) { return Value(from_utf8(text_of(a[0]), text_of(a[1]))); }));
  adder.add(texts("t_like_escape", 2, text, [](const auto& a) -> Value {
    const string &pattern = text_of(a[0]), &escape = text_of(a[1]);
    if (utf8_length(escape) != 1) bad_argument("Escape string must be a single character");
    for (size_t i = 0; i < pattern.size(); ++i) {
      if (pattern[i] != escape[0]) continue;
      const char next = i + 1 < pattern.size() ? pattern[i + 1] : 'x';
      if (next != '%' && next != '_' && next != escape[0]) {
        bad_argument("Escape character must be followed by '%', '_' or the escape character itself");
      }
      ++i;
    }
    return a[1];
  }));
  adder.add(by_row("t_format_number", {LogicalType::DOUBLE}, text,
                   [](const auto& a) { return Value(short_number(a[0].template GetValue<double>())); }));
  adder.add(texts("t_parse_data_size", 1, LogicalType::DOUBLE,
                  [](const auto& a) { return Value::DOUBLE(data_size(text_of(a[0]))); }));
  adder.add(texts("t_url_part", 2, text, url_part));
  adder.add(texts("t_url_parameter", 2, text, url_parameter));
  adder.add(texts("t_url_encode", 1, text, [](const auto& a) { return Value(url_encode(text_of(a[0]))); }));
  adder.add(texts("t_url_decode", 1, text, [](const auto& a) { return Value(uri_decode(text_of(a[0]), true)); }));
  adder.add(texts("t_geometry_type", 1, text, [](const auto& a) {
    static const std::map<string, string> kNames = {{"POINT", "ST_Point"}, {"LINESTRING", "ST_LineString"},
                                                    {"POLYGON", "ST_Polygon"}, {"MULTIPOINT", "ST_MultiPoint"},
                                                    {"MULTILINESTRING", "ST_MultiLineString"},
                                                    {"MULTIPOLYGON", "ST_MultiPolygon"},
                                                    {"GEOMETRYCOLLECTION", "ST_GeomCollection"}};
    const auto found = kNames.find(upper(text_of(a[0])));
    return Value(found == kNames.end() ? text_of(a[0]) : found->second);
  }));
}

}  // namespace tarn::sql::engine::trino
