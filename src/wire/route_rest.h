// The operations of a REST service by method, path and query. Internal to Router.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "http/message.h"
#include "wire/shape.h"

namespace tarn::wire {

struct RestTemplate;  // one operation with what must be in its query

class RestTable {
 public:
  struct Match {
    const Operation* operation = nullptr;
    std::string_view unanswered = {};  // the name of the model's operation that it is for, where that is not answered
  };

  RestTable();
  RestTable(RestTable&&) noexcept;
  ~RestTable();

  // The URI template's literals, labels, greedy labels and query parts ("/{Bucket}/{Key+}?select&select-type=2").
  void add(const Operation& operation);
  void add(const Unanswered& operation);
  // The most specific template whose path and query parts are there; of several, the one whose required query and header
  // members are there too (UploadPartCopy before CopyObject before PutObject). `path` takes the place of the head's.
  Match find(const http::RequestHead& head, std::string_view path) const;
  // Whether the path is one of any method's.
  bool knows_path(std::string_view path) const;

 private:
  struct Node;
  void add(std::string_view method, std::string_view uri, RestTemplate added);

  std::unordered_map<std::string_view, std::unique_ptr<Node>> by_method_;
};

}  // namespace tarn::wire
