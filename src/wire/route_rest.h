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

// Whether that query parameter makes an S3 request one for something else than without it ("acl", "uploadId").
bool is_s3_sub_resource(std::string_view name);

class RestTable {
 public:
  struct Match {
    const Operation* operation = nullptr;
    // S3 only: a sub-resource or feature in the query ("acl") that the operation is not about.
    std::string refused = {};
  };

  RestTable();
  RestTable(RestTable&&) noexcept;
  ~RestTable();

  // The URI template's literals, labels, greedy labels and query parts ("/{Bucket}/{Key+}?select&select-type=2").
  void add(const Operation& operation);
  // The most specific template whose path and query parts are there; of several, the one whose required query and header
  // members are there too (UploadPartCopy before CopyObject before PutObject). `path` takes the place of the head's.
  Match find(const http::RequestHead& head, std::string_view path, bool s3) const;
  // Whether the path is one of any method's.
  bool knows_path(std::string_view path) const;

 private:
  struct Node;
  std::unordered_map<std::string_view, std::unique_ptr<Node>> by_method_;
};

}  // namespace tarn::wire
