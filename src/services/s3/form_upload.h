// Uploads by browsers: a form posted to a bucket, signed by its policy (AWS: Amazon S3 API Reference, "POST Object"). Each is a
// PutObject by the form's signer.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "door/door.h"
#include "http/server.h"

namespace tarn::s3 {

// A multipart/form-data form posted to what may be a bucket.
bool is_form_upload(const http::RequestHead& head);

// THREADS: handle() is called on IO threads; the rest runs on `workers`. LIFETIME: borrows the door.
class FormDoor {
 public:
  FormDoor(Door& door, std::function<void(http::Task)> workers, std::vector<std::string> base_domains)
      : door_(door), workers_(std::move(workers)), base_domains_(std::move(base_domains)) {}

  // REQUIRES: is_form_upload(exchange->head())
  void handle(std::shared_ptr<http::Exchange> exchange);

 private:
  http::Response answer(const http::RequestHead& head, const std::string& body, const std::string& request_id);

  Door& door_;
  std::function<void(http::Task)> workers_;
  std::vector<std::string> base_domains_;
};

}  // namespace tarn::s3
