#include "services/s3/conditions.h"

#include <fmt/format.h>

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

// AWS: a header with a value that this one does not take.
Failure refused_header(std::string_view name, std::string message) {
  return refuse(501, "NotImplemented", "A header you provided implies functionality that is not implemented",
                {{"Header", std::string(name)}, {"additionalMessage", std::move(message)}});
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

Status check_read(const Conditions& conditions, const Version& version, Time now) {
  if (conditions.if_match) {
    if (!etag_matches(*conditions.if_match, version.etag)) return precondition_failed("If-Match");
  } else if (conditions.if_unmodified_since && modified_since(version, *conditions.if_unmodified_since)) {
    return precondition_failed("If-Unmodified-Since");
  }
  if (conditions.if_none_match) {
    if (etag_matches(*conditions.if_none_match, version.etag)) return not_modified(version);
  } else if (conditions.if_modified_since && !modified_since(version, *conditions.if_modified_since) &&
             conditions.if_modified_since->seconds() <= now.seconds()) {  // a date that is to come counts as none
    return not_modified(version);
  }
  return {};
}

Status check_copy_source(const Conditions& conditions, const Version& version, Time now) {
  const Status checked = check_read(conditions, version, now);
  if (checked) return {};
  if (checked.error().status == 304)
    return precondition_failed(conditions.if_none_match ? "x-amz-copy-source-If-None-Match"
                                                        : "x-amz-copy-source-If-Modified-Since");
  return precondition_failed("x-amz-copy-source-" + checked.error().members.front().second);
}

Status check_write(const std::optional<std::string>& if_match, const std::optional<std::string>& if_none_match,
                   std::string_view key, const Version* existing) {
  if (if_match && if_none_match)
    return refused_header("If-Match,If-None-Match", "Multiple conditional request headers present in the request");
  // AWS: PutObject: "If-None-Match" expects the '*' character, "If-Match" an ETag.
  const auto unknown = [](std::string_view name) {
    return refused_header(name, fmt::format("We don't accept the provided value of {} header for this API", name));
  };
  if (if_none_match) {
    if (trim(*if_none_match) != "*") return unknown("If-None-Match");
    if (existing) return precondition_failed("If-None-Match");
  }
  if (if_match) {
    if (trim(*if_match) == "*") return unknown("If-Match");
    return check_delete(if_match, key, existing);
  }
  return {};
}

Status check_delete(const std::optional<std::string>& if_match, std::string_view key, const Version* existing) {
  if (!if_match) return {};
  if (!existing) return no_such_key(key);
  return etag_matches(*if_match, existing->etag) ? Status() : Status(precondition_failed("If-Match"));
}

}  // namespace tarn::s3
