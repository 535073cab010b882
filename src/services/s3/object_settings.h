// What a client says of an object beside its bytes: content headers, metadata, storage class, tags; and the headers that
// ask for what this server has not, which are refused by name.
#pragma once

#include <optional>
#include <string>

#include "door/call.h"
#include "services/s3/object_tags.h"
#include "services/s3/records.h"

namespace tarn::s3 {

// The members that PutObject, CopyObject and CreateMultipartUpload share, wherever they came from.
struct PutHeaders {
  const std::optional<std::string>&acl, &grant_full_control, &grant_read, &grant_read_acp, &grant_write_acp;
  const std::optional<std::string>&server_side_encryption, &ssekms_key_id, &sse_customer_algorithm, &sse_customer_key;
  const std::optional<std::string>& object_lock_event_hold;
  const std::optional<std::string>& storage_class;
};
template <class In>
PutHeaders put_headers(const In& in) {
  return {in.acl,
          in.grant_full_control,
          in.grant_read,
          in.grant_read_acp,
          in.grant_write_acp,
          in.server_side_encryption,
          in.ssekms_key_id,
          in.sse_customer_algorithm,
          in.sse_customer_key,
          in.object_lock_event_hold,
          in.storage_class};
}

// ERRORS: AccessControlListNotSupported, InvalidArgument, InvalidStorageClass (400), NotImplemented (501).
Status check_supported(const PutHeaders& headers);
// A key of the client's own for encryption: on every operation that takes one. ERRORS: NotImplemented.
Status check_no_customer_key(const std::optional<std::string>& algorithm, const std::optional<std::string>& key);

// Names in lower case, as S3 keeps them; what came twice is joined by commas.
Pairs stored_metadata(const Pairs& given);

// ERRORS: MetadataTooLarge (400).
Status check_metadata(const Pairs& metadata);

// The condition keys that writes of objects have: s3:x-amz-acl, s3:x-amz-storage-class, s3:RequestObjectTag/..
ContextKeys put_context(const PutHeaders& headers, const std::map<std::string, std::string>& tags);

// Content-Encoding as it is stored: without "aws-chunked", which is how the body travelled.
std::optional<std::string> stored_encoding(const std::optional<std::string>& content_encoding);

// The content headers and metadata alone (what CopyObject's REPLACE replaces).
template <class In>
Result<ObjectSettings> content_settings(const In& in) {
  ObjectSettings settings{.content_type = in.content_type.value_or("binary/octet-stream"),
                          .cache_control = in.cache_control,
                          .content_disposition = in.content_disposition,
                          .content_encoding = stored_encoding(in.content_encoding),
                          .content_language = in.content_language,
                          .expires = in.expires,
                          .website_redirect_location = in.website_redirect_location,
                          .metadata = stored_metadata(in.metadata.entries()),
                          .storage_class = in.storage_class.value_or("STANDARD"),
                          .tags = {},
                          .lock = {}};
  TRY(check_metadata(settings.metadata));
  return settings;
}

// All of them. ERRORS: as above, and those of parse_tagging_header.
template <class In>
Result<ObjectSettings> object_settings(const In& in) {
  TRY(check_supported(put_headers(in)));
  ObjectSettings settings = TRY(content_settings(in));
  if (in.tagging) settings.tags = TRY(parse_tagging_header(*in.tagging));
  return settings;
}

// Every object is encrypted with the server's own key as far as clients can tell, as it is on AWS since 2023.
inline constexpr const char* kServerSideEncryption = "AES256";

}  // namespace tarn::s3
