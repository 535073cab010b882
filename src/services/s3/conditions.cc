#include "services/s3/conditions.h"

#include "base/text.h"
#include "services/s3/errors.h"

namespace tarn::s3 {
namespace {

Failure precondition_failed(std::string condition) {
  return refuse(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold",
                {{"Condition", std::move(condition)}});
}

Failure not_modified(const Version& version) {
  return refuse(
      304, "NotModified", "Not Modified",
      {{"header:ETag", '"' + std::string(version.etag) + '"'}, {"header:Last-Modified", http_date(version.modified)}});
}

bool modified_since(const Version& version, Time since) {
  return version.modified.seconds() > since.seconds();
}

}  // namespace

bool etag_matches(std::string_view header, std::string_view etag) {
  for (std::string_view item : split(header, ',')) {
    item = trim(item);
    if (item == "*") return true;
    if (item.starts_with("W/")) item.remove_prefix(2);
    if (item.size() >= 2 && item.front() == '"' && item.back() == '"') item = item.substr(1, item.size() - 2);
    if (item == etag) return true;
  }
  return false;
}

Status check_read(const Conditions& conditions, const Version& version) {
  if (conditions.if_match) {
    if (!etag_matches(*conditions.if_match, version.etag)) return precondition_failed("If-Match");
  } else if (conditions.if_unmodified_since && modified_since(version, *conditions.if_unmodified_since)) {
    return precondition_failed("If-Unmodified-Since");
  }
  if (conditions.if_none_match) {
    if (etag_matches(*conditions.if_none_match, version.etag)) return not_modified(version);
  } else if (conditions.if_modified_since && !modified_since(version, *conditions.if_modified_since)) {
    return not_modified(version);
  }
  return {};
}

Status check_copy_source(const Conditions& conditions, const Version& version) {
  const Status checked = check_read(conditions, version);
  if (!checked && checked.error().status == 304)
    return precondition_failed(conditions.if_none_match ? "x-amz-copy-source-if-none-match"
                                                        : "x-amz-copy-source-if-modified-since");
  return checked;
}

Status check_write(const std::optional<std::string>& if_match, const std::optional<std::string>& if_none_match,
                   const Version* existing) {
  if (if_none_match) {
    // AWS: PutObject, "If-None-Match": expects the '*' character.
    if (trim(*if_none_match) != "*" || if_match) return not_implemented("If-None-Match");
    if (existing) return precondition_failed("If-None-Match");
  }
  if (if_match) {
    if (!existing) return refuse(404, "NoSuchKey", "The specified key does not exist.");
    if (!etag_matches(*if_match, existing->etag)) return precondition_failed("If-Match");
  }
  return {};
}

}  // namespace tarn::s3
