#include "base/json.h"

#include <cmath>
#include <cstdlib>

#define RAPIDJSON_HAS_STDSTRING 1
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include "base/text.h"

namespace tarn {
namespace {

constexpr size_t kMaxDepth = 1000;
const Json kNullJson;

// Builds the value bottom-up on a stack of open containers.
struct Builder : rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Builder> {
  struct Open {
    Json value;
    std::string key;
  };
  std::vector<Open> open;
  Json root;
  bool too_deep = false;

  bool add(Json value) {
    if (open.empty()) {
      root = std::move(value);
    } else if (open.back().value.is_array()) {
      open.back().value.push(std::move(value));
    } else {
      open.back().value.members().emplace_back(std::move(open.back().key), std::move(value));
    }
    return true;
  }
  bool begin(Json container) {
    if (open.size() >= kMaxDepth) {
      too_deep = true;
      return false;
    }
    open.push_back({std::move(container), {}});
    return true;
  }
  bool end() {
    Json value = std::move(open.back().value);
    open.pop_back();
    return add(std::move(value));
  }

  bool Null() { return add(Json()); }
  bool Bool(bool b) { return add(Json(b)); }
  bool RawNumber(const char* text, rapidjson::SizeType n, bool) { return add(Json::number(std::string(text, n))); }
  bool String(const char* text, rapidjson::SizeType n, bool) { return add(Json(std::string(text, n))); }
  bool StartObject() { return begin(Json::object()); }
  bool Key(const char* text, rapidjson::SizeType n, bool) {
    open.back().key.assign(text, n);
    return true;
  }
  bool EndObject(rapidjson::SizeType) { return end(); }
  bool StartArray() { return begin(Json::array()); }
  bool EndArray(rapidjson::SizeType) { return end(); }
};

void newline(std::string& out, int indent, int depth) {
  if (indent < 0) return;
  out += '\n';
  out.append(static_cast<size_t>(indent) * static_cast<size_t>(depth), ' ');
}

void append(std::string& out, const Json& value, int indent, int depth) {
  switch (value.kind()) {
    case Json::Kind::kNull: out += "null"; return;
    case Json::Kind::kFalse: out += "false"; return;
    case Json::Kind::kTrue: out += "true"; return;
    case Json::Kind::kNumber: out += value.as_string(); return;
    case Json::Kind::kString: append_json_string(out, value.as_string()); return;
    case Json::Kind::kArray: {
      out += '[';
      bool first = true;
      for (const Json& item : value.items()) {
        if (!first) out += ',';
        first = false;
        newline(out, indent, depth + 1);
        append(out, item, indent, depth + 1);
      }
      if (!first) newline(out, indent, depth);
      out += ']';
      return;
    }
    case Json::Kind::kObject: {
      out += '{';
      bool first = true;
      for (const auto& [name, member] : value.members()) {
        if (!first) out += ',';
        first = false;
        newline(out, indent, depth + 1);
        append_json_string(out, name);
        out += indent < 0 ? ":" : ": ";
        append(out, member, indent, depth + 1);
      }
      if (!first) newline(out, indent, depth);
      out += '}';
      return;
    }
  }
}

}  // namespace

Json::Json(double value) : kind_(Kind::kNumber), text_(double_text(value)) {
  if (!std::isfinite(value)) *this = Json();  // JSON has no such number
}

Json Json::number(std::string text) {
  Json value;
  value.kind_ = Kind::kNumber;
  value.text_ = std::move(text);
  return value;
}

Json Json::array(std::vector<Json> items) {
  Json value;
  value.kind_ = Kind::kArray;
  value.items_ = std::move(items);
  return value;
}

Json Json::object(std::vector<Member> members) {
  Json value;
  value.kind_ = Kind::kObject;
  value.members_ = std::move(members);
  return value;
}

Result<Json> Json::parse(std::string_view text) {
  constexpr unsigned kFlags = rapidjson::kParseNumbersAsStringsFlag | rapidjson::kParseValidateEncodingFlag |
                              rapidjson::kParseIterativeFlag;
  rapidjson::MemoryStream memory(text.data(), text.size());
  rapidjson::EncodedInputStream<rapidjson::UTF8<>, rapidjson::MemoryStream> stream(memory);
  rapidjson::Reader reader;
  Builder builder;
  const rapidjson::ParseResult result = reader.Parse<kFlags>(stream, builder);
  if (builder.too_deep) return fail(400, "SerializationException", "The JSON is nested more than 1000 levels deep.");
  if (!result)
    return fail(400, "SerializationException",
                std::string("Malformed JSON at offset ") + std::to_string(result.Offset()) + ": " +
                    rapidjson::GetParseError_En(result.Code()));
  return std::move(builder.root);
}

std::string Json::text(int indent) const {
  std::string out;
  append(out, *this, indent, 0);
  return out;
}

double Json::as_double() const { return is_number() ? std::strtod(text_.c_str(), nullptr) : 0; }

int64_t Json::as_int(int64_t otherwise) const {
  if (!is_number()) return otherwise;
  if (const auto whole = parse_int(text_)) return *whole;
  const double value = as_double();
  if (value != std::floor(value) || std::fabs(value) >= 9.2e18) return otherwise;
  return static_cast<int64_t>(value);
}

const Json* Json::find(std::string_view name) const {
  for (size_t i = members_.size(); i-- > 0;)
    if (members_[i].first == name) return &members_[i].second;
  return nullptr;
}

const Json& Json::operator[](std::string_view name) const {
  const Json* member = find(name);
  return member != nullptr ? *member : kNullJson;
}

void Json::set(std::string name, Json value) {
  for (auto& [key, member] : members_)
    if (key == name) {
      member = std::move(value);
      return;
    }
  members_.emplace_back(std::move(name), std::move(value));
}

bool operator==(const Json& a, const Json& b) {
  if (a.kind_ != b.kind_) return false;
  switch (a.kind_) {
    case Json::Kind::kNumber: return a.text_ == b.text_ || a.as_double() == b.as_double();
    case Json::Kind::kString: return a.text_ == b.text_;
    case Json::Kind::kArray: return a.items_ == b.items_;
    case Json::Kind::kObject: {
      if (a.members_.size() != b.members_.size()) return false;
      for (const auto& [name, member] : a.members_) {
        const Json* other = b.find(name);
        if (other == nullptr || !(member == *other)) return false;
      }
      return true;
    }
    default: return true;
  }
}

void append_json_string(std::string& out, std::string_view text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string repaired;
  if (!valid_utf8(text)) {
    // Replace what is malformed, byte by byte, so that what we print is always valid JSON.
    for (size_t i = 0; i < text.size();) {
      size_t n = std::min<size_t>(4, text.size() - i);
      while (n > 0 && !(valid_utf8(text.substr(i, n)) && utf8_length(text.substr(i, n)) == 1)) --n;
      if (n == 0) {
        repaired += "\xEF\xBF\xBD";
        ++i;
      } else {
        repaired += text.substr(i, n);
        i += n;
      }
    }
    text = repaired;
  }
  out += '"';
  for (const char c : text) {
    const auto b = static_cast<unsigned char>(c);
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      default:
        if (b < 0x20) {
          out += "\\u00";
          out += kDigits[b >> 4];
          out += kDigits[b & 15];
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

}  // namespace tarn
