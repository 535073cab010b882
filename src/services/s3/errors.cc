#include "services/s3/errors.h"

#include <fmt/format.h>

namespace tarn::s3 {

Failure refuse(int status, std::string code, std::string message, ErrorMembers members) {
  return Failure(::tarn::Error{status, std::move(code), std::move(message), std::move(members)});
}

Failure no_such_bucket(std::string_view bucket) {
  return refuse(404, "NoSuchBucket", "The specified bucket does not exist", {{"BucketName", std::string(bucket)}});
}

Failure invalid_bucket_name(std::string_view bucket) {
  return refuse(400, "InvalidBucketName", "The specified bucket is not valid.", {{"BucketName", std::string(bucket)}});
}

Failure no_such_key(std::string_view key) {
  return refuse(404, "NoSuchKey", "The specified key does not exist.", {{"Key", std::string(key)}});
}

Failure no_such_upload(std::string_view upload_id) {
  return refuse(
      404, "NoSuchUpload",
      "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted "
      "or completed.",
      {{"UploadId", std::string(upload_id)}});
}

Failure no_such_version(std::string_view key, std::string_view version_id) {
  return refuse(404, "NoSuchVersion", "The specified version does not exist.",
                {{"Key", std::string(key)}, {"VersionId", std::string(version_id)}});
}

Failure invalid_argument(std::string message, std::string_view name, std::string_view value) {
  return refuse(400, "InvalidArgument", std::move(message),
                {{"ArgumentName", std::string(name)}, {"ArgumentValue", std::string(value)}});
}

Failure invalid_request(std::string message) {
  return refuse(400, "InvalidRequest", std::move(message));
}

Failure malformed_xml() {
  return refuse(400, "MalformedXML",
                "The XML you provided was not well-formed or did not validate against our published schema");
}

Failure access_denied(std::string message) {
  return refuse(403, "AccessDenied", std::move(message));
}

Failure not_implemented(std::string_view what) {
  return refuse(501, "NotImplemented",
                fmt::format("A header you provided implies functionality that is not implemented: {}", what),
                {{"Header", std::string(what)}});
}

}  // namespace tarn::s3
