#include "services/s3/object_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "services/s3/errors.h"
#include "wire/aws_chunked.h"

namespace tarn::s3 {
namespace {

constexpr size_t kMaxMetadataBytes = 2048;

}  // namespace

Status check_no_customer_key(const std::optional<std::string>& algorithm, const std::optional<std::string>& key) {
  if (algorithm || key) return not_implemented("x-amz-server-side-encryption-customer-algorithm");
  return {};
}

Status check_supported(const PutHeaders& headers) {
  // Buckets have object ownership "BucketOwnerEnforced", AWS's default: access control lists are off.
  // ASSUMED: "private" is let through beside "bucket-owner-full-control": it asks for what is so anyway.
  const bool acl = headers.acl && *headers.acl != "bucket-owner-full-control" && *headers.acl != "private";
  if (acl || headers.grant_full_control || headers.grant_read || headers.grant_read_acp || headers.grant_write_acp)
    return refuse(400, "AccessControlListNotSupported", "The bucket does not allow ACLs");
  if (headers.server_side_encryption && *headers.server_side_encryption != kServerSideEncryption) {
    if (!headers.server_side_encryption->starts_with("aws:"))
      return invalid_argument("The encryption method specified is not supported", "x-amz-server-side-encryption",
                              *headers.server_side_encryption);
    return not_implemented("x-amz-server-side-encryption: " + *headers.server_side_encryption);
  }
  if (headers.ssekms_key_id) return not_implemented("x-amz-server-side-encryption-aws-kms-key-id");
  TRY(check_no_customer_key(headers.sse_customer_algorithm, headers.sse_customer_key));
  if (headers.object_lock_event_hold) return not_implemented("x-amz-object-lock-event-hold");
  // Archives would have to be restored before they are read, which this server does not do.
  static const std::set<std::string> kClasses = {"STANDARD",   "REDUCED_REDUNDANCY",  "STANDARD_IA",
                                                 "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR"};
  if (headers.storage_class && !kClasses.contains(*headers.storage_class))
    return refuse(400, "InvalidStorageClass", "The storage class you specified is not valid",
                  {{"StorageClassRequested", *headers.storage_class}});
  return {};
}

Pairs stored_metadata(const Pairs& given) {
  Pairs stored;
  for (const auto& [name, value] : given) {
    const std::string own = lower(name);
    const auto same = std::ranges::find(stored, own, &Pairs::value_type::first);
    if (same == stored.end()) {
      stored.emplace_back(own, value);
    } else {
      same->second += "," + value;
    }
  }
  return stored;
}

Status check_metadata(const Pairs& metadata) {
  size_t bytes = 0;
  for (const auto& [name, value] : metadata) bytes += name.size() + value.size();
  if (bytes <= kMaxMetadataBytes) return {};
  return refuse(400, "MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size",
                {{"Size", std::to_string(bytes)}, {"MaxSizeAllowed", std::to_string(kMaxMetadataBytes)}});
}

std::optional<std::string> stored_encoding(const std::optional<std::string>& content_encoding) {
  std::string kept = wire::without_aws_chunked(content_encoding.value_or(""));
  if (kept.empty()) return std::nullopt;
  return kept;
}

ContextKeys put_context(const PutHeaders& headers, const std::map<std::string, std::string>& tags) {
  ContextKeys context;
  const auto add = [&](const char* key, const std::optional<std::string>& value) {
    if (value) context[key] = {*value};
  };
  add("s3:x-amz-acl", headers.acl);
  add("s3:x-amz-storage-class", headers.storage_class);
  add("s3:x-amz-server-side-encryption", headers.server_side_encryption);
  add("s3:x-amz-server-side-encryption-aws-kms-key-id", headers.ssekms_key_id);
  add("s3:x-amz-server-side-encryption-customer-algorithm", headers.sse_customer_algorithm);
  for (const auto& [name, value] : tags) {
    context["s3:RequestObjectTag/" + name] = {value};
    context["s3:RequestObjectTagKeys"].push_back(name);
  }
  return context;
}

}  // namespace tarn::s3
