// HTTP messages as values: what the server hands up and what it sends. Knows nothing of AWS.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tarn::http {

// Header fields in the order they came; names compare without regard to case.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<std::pair<std::string, std::string>> fields) : fields_(fields) {}

  // The first field's value, nullptr where there is none.
  const std::string* find(std::string_view name) const;
  // The first field's value, or empty.
  std::string_view get(std::string_view name) const;
  bool contains(std::string_view name) const { return find(name) != nullptr; }
  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  void set(std::string_view name, std::string value);  // replaces all fields of that name
  void erase(std::string_view name);
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }
  size_t size() const { return fields_.size(); }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

// A request's head. `path` and `query` are as they came, still percent-encoded, split at the first '?'
// (the query without it). An absolute-form target is reduced to path and query.
struct RequestHead {
  std::string method;
  std::string path;
  std::string query;
  Headers headers;
  std::string peer_address;  // textual, without the port
  bool secure = false;       // came over TLS
};

struct Request : RequestHead {
  std::string body;
};

struct Response {
  int status = 200;
  Headers headers;  // Content-Length, Date and Connection are added by the server
  std::string body;
};

}  // namespace tarn::http
