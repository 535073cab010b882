#include "wire/rest_binding.h"

#include <fmt/format.h>

#include <optional>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "wire/scalar.h"

namespace tarn::wire {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

Failure bad_uri(std::string_view why) {
  return fail(400, "InvalidURI", fmt::format("Couldn't parse the specified URI: {}.", why));
}

Failure bad_value(const Operation& operation, const Field& field, const Shape& shape, std::string_view text) {
  if (operation.service->protocol != Protocol::kRestXml) {
    return fail(400, "SerializationException",
                fmt::format("STRING_VALUE cannot be converted to {} (member {})", kind_name(shape.kind), field.name));
  }
  // AWS: S3 answers a number that is none so, with the argument named beside it.
  const bool number = shape.kind == Kind::kInteger || shape.kind == Kind::kLong;
  const std::string message = number
                                  ? fmt::format("Provided {} not an integer or within integer range", field.wire_name)
                                  : fmt::format("'{}' is no {} for {}", text, kind_name(shape.kind), field.wire_name);
  return Failure(Error{400,
                       "InvalidArgument",
                       message,
                       {{"ArgumentName", std::string(field.wire_name)}, {"ArgumentValue", std::string(text)}}});
}

void* member(const Field& field, void* input) {
  return field.make(static_cast<char*>(input) + field.offset);
}

// --- the path ---

// The labels' texts, still encoded, in the template's order; nullopt: the path is not of the template.
std::optional<Pairs> match_path(std::string_view uri, std::string_view path) {
  Pairs labels;
  while (!uri.empty()) {
    if (uri.front() != '{') {
      if (path.empty() || path.front() != uri.front()) return std::nullopt;
      uri.remove_prefix(1);
      path.remove_prefix(1);
      continue;
    }
    const size_t close = uri.find('}');
    std::string_view name = uri.substr(1, close - 1);
    uri.remove_prefix(close + 1);
    size_t length = path.find('/');
    if (name.ends_with('+')) {  // greedy: as much as leaves the rest of the template, which has no label after it
      name.remove_suffix(1);
      if (path.size() < uri.size()) return std::nullopt;
      length = path.size() - uri.size();
    }
    const std::string_view text = path.substr(0, length);
    labels.emplace_back(name, text);
    path.remove_prefix(text.size());
  }
  if (!path.empty() && path != "/") return std::nullopt;
  return labels;
}

Status read_labels(const Operation& operation, std::string_view path, void* input) {
  const auto labels = match_path(operation.uri.substr(0, operation.uri.find('?')), path);
  if (!labels) return bad_uri(fmt::format("{} takes the path {}", operation.name, operation.uri));
  for (const Field& field : operation.input->fields) {
    if (field.location != Location::kUri) continue;
    for (const auto& [name, encoded] : *labels) {
      if (name != field.wire_name) continue;
      const std::string text = uri_decode(encoded);
      if (!valid_utf8(text)) return bad_uri("it is not UTF-8");
      const TimestampFormat format = format_of(&field, *field.shape, TimestampFormat::kIso8601);
      if (text.empty()) continue;  // "/" of a bucket operation names no bucket: absent, which validation reports
      if (!parse_scalar(*field.shape, format, text, member(field, input)))
        return bad_value(operation, field, *field.shape, text);
    }
  }
  return {};
}

// --- the query string ---

Result<Pairs> parse_query(std::string_view query) {
  Pairs pairs;
  for (const std::string_view part : split(query, '&')) {
    if (part.empty()) continue;
    const size_t equals = part.find('=');
    pairs.emplace_back(uri_decode(part.substr(0, equals), true),
                       equals == std::string_view::npos ? "" : uri_decode(part.substr(equals + 1), true));
    if (!valid_utf8(pairs.back().first) || !valid_utf8(pairs.back().second)) return bad_uri("its query is not UTF-8");
  }
  return pairs;
}

bool is_query_member(const Shape& input, std::string_view name) {
  for (const Field& field : input.fields)
    if (field.location == Location::kQuery && field.shape->kind != Kind::kMap && field.wire_name == name) return true;
  return false;
}

// A map takes every parameter that is no other member's: into strings, or into lists of strings.
void read_query_map(const Shape& shape, const Field& field, const Pairs& pairs, void* input) {
  for (const auto& [name, text] : pairs) {
    if (is_query_member(shape, name)) continue;
    const Shape& element = *field.shape->element;
    void* item = field.shape->insert(member(field, input), name);
    *static_cast<std::string*>(element.kind == Kind::kList ? element.append(item) : item) = text;
  }
}

Status read_query(const Operation& operation, std::string_view query, void* input) {
  const Pairs pairs = TRY(parse_query(query));
  for (const Field& field : operation.input->fields) {
    if (field.location != Location::kQuery) continue;
    const Shape& shape = *field.shape;
    if (shape.kind == Kind::kMap) {
      read_query_map(*operation.input, field, pairs, input);
      continue;
    }
    const Shape& scalar = shape.kind == Kind::kList ? *shape.element : shape;
    const TimestampFormat format = format_of(&field, scalar, TimestampFormat::kIso8601);
    for (const auto& [name, text] : pairs) {
      if (name != field.wire_name) continue;
      void* value = member(field, input);
      if (shape.kind == Kind::kList) value = shape.append(value);
      if (!parse_scalar(scalar, format, text, value)) return bad_value(operation, field, scalar, text);
    }
  }
  return {};
}

// --- headers ---

// "a, b", "\"a, b\", c" and, of HTTP dates, "Mon, 16 Dec 2019 23:48:18 GMT, Mon, ...".
std::vector<std::string> split_list(const Shape& element, TimestampFormat format, std::string_view text) {
  std::vector<std::string> items;
  const bool dates = element.kind == Kind::kTimestamp && format == TimestampFormat::kRfc822;
  std::string item;
  bool quoted = false, was_quoted = false, inside_date = false;
  const auto end_item = [&] {
    items.push_back(was_quoted ? item : std::string(trim(item)));
    item.clear();
    was_quoted = inside_date = false;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '\\' && i + 1 < text.size()) {
      item += text[++i];
    } else if (c == '"' && (quoted || trim(item).empty())) {
      if (!quoted) item.clear();
      quoted = !quoted;
      was_quoted = true;
    } else if (c == ',' && !quoted && dates && !inside_date) {
      inside_date = true;
      item += c;
    } else if (c == ',' && !quoted) {
      end_item();
    } else if (!was_quoted || quoted) {
      item += c;
    }
  }
  end_item();
  return items;
}

Status read_header(const Operation& operation, const Field& field, std::string_view text, void* input) {
  const Shape& shape = *field.shape;
  if (field.json_value) {
    auto json = unbase64(text) ? Json::parse(*unbase64(text)) : Result<Json>(fail(400, "", ""));
    if (!json) return bad_value(operation, field, shape, text);
    *static_cast<Json*>(member(field, input)) = *std::move(json);
    return {};
  }
  const Shape& scalar = shape.kind == Kind::kList ? *shape.element : shape;
  const TimestampFormat format = format_of(&field, scalar, TimestampFormat::kRfc822);
  if (shape.kind != Kind::kList) {
    return parse_scalar(scalar, format, text, member(field, input)) ? Status()
                                                                    : bad_value(operation, field, scalar, text);
  }
  void* list = member(field, input);
  if (trim(text).empty()) return {};
  for (const std::string& item : split_list(scalar, format, text)) {
    if (!parse_scalar(scalar, format, item, shape.append(list))) return bad_value(operation, field, scalar, item);
  }
  return {};
}

void read_prefixed(const Field& field, const http::Headers& headers, void* input) {
  for (const auto& [name, text] : headers) {
    if (name.size() < field.wire_name.size()) continue;
    if (!equals_ignore_case(std::string_view(name).substr(0, field.wire_name.size()), field.wire_name)) continue;
    void* item = field.shape->insert(member(field, input), name.substr(field.wire_name.size()));
    *static_cast<std::string*>(item) = text;
  }
}

Status read_headers(const Operation& operation, const http::Headers& headers, void* input) {
  for (const Field& field : operation.input->fields) {
    if (field.location == Location::kHeaders) read_prefixed(field, headers, input);
    if (field.location != Location::kHeader) continue;
    for (const auto& [name, text] : headers)
      if (equals_ignore_case(name, field.wire_name)) TRY(read_header(operation, field, text, input));
  }
  return {};
}

// A list's item needs quotes where it holds what separates items.
std::string list_item(const Shape& element, std::string text) {
  if (element.kind != Kind::kString || text.find_first_of(",\"") == std::string::npos) return text;
  return '"' + replace_all(replace_all(std::move(text), "\\", "\\\\"), "\"", "\\\"") + '"';
}

}  // namespace

Status read_bound_members(const Operation& operation, const http::RequestHead& head, void* input) {
  TRY(read_labels(operation, head.path, input));
  TRY(read_query(operation, head.query, input));
  return read_headers(operation, head.headers, input);
}

std::string header_text(const Field& field, const void* value) {
  const Shape& shape = *field.shape;
  if (field.json_value) return base64(static_cast<const Json*>(value)->text());
  if (shape.kind != Kind::kList) return scalar_text(shape, format_of(&field, shape, TimestampFormat::kRfc822), value);
  const Shape& element = *shape.element;
  const TimestampFormat format = format_of(&field, element, TimestampFormat::kRfc822);
  std::string text;
  for (size_t i = 0, n = shape.size(value); i < n; ++i) {
    if (i != 0) text += ", ";
    text += list_item(element, scalar_text(element, format, shape.at(value, i)));
  }
  return text;
}

void write_bound_members(const Shape& output, const void* value, http::Response& response) {
  for (const Field& field : output.fields) {
    const void* at = field.get(static_cast<const char*>(value) + field.offset);
    if (at == nullptr) continue;
    switch (field.location) {
      case Location::kStatusCode: response.status = *static_cast<const int32_t*>(at); break;
      case Location::kHeader: response.headers.set(field.wire_name, header_text(field, at)); break;
      case Location::kHeaders:
        for (size_t i = 0, n = field.shape->size(at); i < n; ++i) {
          response.headers.add(std::string(field.wire_name) + field.shape->key_at(at, i),
                               *static_cast<const std::string*>(field.shape->at(at, i)));
        }
        break;
      default: break;
    }
  }
}

}  // namespace tarn::wire
