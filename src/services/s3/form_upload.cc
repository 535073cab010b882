#include "services/s3/form_upload.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"
#include "base/text.h"
#include "door/over_http.h"
#include "gen/s3/handlers.h"
#include "http/form.h"
#include "os/clock.h"
#include "os/random.h"
#include "services/s3/checksums.h"
#include "services/s3/errors.h"
#include "services/s3/form_policy.h"
#include "services/s3/names.h"
#include "wire/sigv4.h"
#include "wire/sigv4_legacy_link.h"
#include "wire/writer.h"
#include "wire/xml_codec.h"

namespace tarn::s3 {
namespace {

constexpr size_t kMostBytes = size_t{128} << 20;  // of a form, which is read whole

struct Form {
  FormValues values;
  std::string_view file;
};

// The fields before the file; what stands behind it does not count. ERRORS: MalformedPOSTRequest, InvalidArgument.
Result<Form> read_form(const http::RequestHead& head, std::string_view body) {
  const auto fields = http::parse_form(head.headers.get("content-type"), body);
  if (!fields)
    return refuse(400, "MalformedPOSTRequest", "The body of your POST request is not well-formed multipart/form-data.",
                  {{"Detail", fields.error().message}});
  Form form;
  std::string file_name;
  const auto file = std::ranges::find_if(
      *fields, [](const http::FormField& field) { return equals_ignore_case(field.name, "file"); });
  for (auto field = fields->begin(); field != file; ++field) form.values[lower(field->name)] = field->value;
  if (file == fields->end())
    return refuse(400, "InvalidArgument", "POST requires exactly one file upload per request.",
                  {{"ArgumentName", "file"}, {"ArgumentValue", "0"}});
  const auto key = form.values.find("key");
  if (key == form.values.end())
    return refuse(400, "InvalidArgument",
                  "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the "
                  "fields.",
                  {{"ArgumentName", "key"}, {"ArgumentValue", ""}});
  const std::string& given = file->file_name;
  const size_t slash = given.find_last_of("/\\");
  key->second = replace_all(key->second, "${filename}", slash == std::string::npos ? given : given.substr(slash + 1));
  form.file = file->value;
  return form;
}

const std::string& value_of(const Form& form, const std::string& name) {
  static const std::string kNone;
  const auto found = form.values.find(name);
  return found == form.values.end() ? kNone : found->second;
}

std::optional<std::string> given(const Form& form, const std::string& name) {
  const auto found = form.values.find(name);
  return found == form.values.end() ? std::nullopt : std::optional(found->second);
}

Failure missing_field(std::string_view name) {
  return refuse(400, "InvalidArgument",
                fmt::format("Bucket POST must contain a field named '{}'.  If it is specified, please check the order "
                            "of the fields.",
                            name),
                {{"ArgumentName", std::string(name)}, {"ArgumentValue", ""}});
}

// Who signed the form, by its policy: with Signature Version 4, or 2, which boto3 still makes. No policy and no
// signature: nobody did. ERRORS: as those of signed requests, and InvalidArgument.
Status authenticate(Door& door, const Form& form, Caller& caller) {
  const auto any = [&](std::initializer_list<const char*> names) {
    return std::ranges::any_of(names, [&](const char* name) { return form.values.contains(name); });
  };
  const bool version4 = any({"x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature"});
  if (!version4 && !any({"signature", "awsaccesskeyid"})) return {};
  // Observed: the first that is not there is named, in this order.
  using Names = std::vector<const char*>;
  for (const char* name : version4
                              ? Names{"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Signature", "policy"}
                              : Names{"AWSAccessKeyId", "Signature", "policy"})
    if (value_of(form, lower(name)).empty()) return missing_field(name);
  const std::string& policy = value_of(form, "policy");
  const std::string& signature = value_of(form, version4 ? "x-amz-signature" : "signature");
  const std::string credential = value_of(form, "x-amz-credential");
  const auto scope = split(credential, '/');
  if (version4 && (scope.size() != 5 || scope[3] != "s3" || scope[4] != "aws4_request" ||
                   value_of(form, "x-amz-algorithm") != "AWS4-HMAC-SHA256"))
    return invalid_argument("The X-Amz-Credential or X-Amz-Algorithm of the form is malformed.", "X-Amz-Credential",
                            credential);
  wire::AuthFault fault{.kind = wire::AuthFault::Kind::kUnknownKey,
                        .access_key = version4 ? std::string(scope[0]) : value_of(form, "awsaccesskeyid"),
                        .token = value_of(form, "x-amz-security-token"),
                        .signature = signature,
                        .string_to_sign = policy};
  const auto refused = [&](wire::AuthFault::Kind kind) {
    fault.kind = kind;
    return Failure(wire::auth_error(fault, wire::Dialect::kS3));
  };
  auto key = door.find_key(fault.access_key, fault.token);
  if (!key && key.error().code == "ExpiredToken") return refused(wire::AuthFault::Kind::kExpiredToken);
  if (!key && key.error().code == "InvalidToken") return refused(wire::AuthFault::Kind::kInvalidToken);
  if (!key && key.error().code == "InvalidClientTokenId") return refused(wire::AuthFault::Kind::kUnknownKey);
  if (!key) return Failure(std::move(key.error()));
  wire::SigningKeys keys;
  const std::string expected = version4 ? hex(hmac_sha256(keys.get(key->secret, scope[1], scope[2], scope[3]), policy))
                                        : base64(wire::hmac_sha1(key->secret, policy));
  if (!constant_time_equal(expected, signature)) return refused(wire::AuthFault::Kind::kMismatch);
  caller.principal = std::move(key->principal);
  if (version4) caller.region = scope[2];
  return {};
}

PutObjectRequest request_of(const Form& form, const std::string& bucket) {
  PutObjectRequest in{.acl = given(form, "acl"), .bucket = bucket};
  in.key = value_of(form, "key");
  in.cache_control = given(form, "cache-control");
  in.content_disposition = given(form, "content-disposition");
  in.content_encoding = given(form, "content-encoding");
  in.content_language = given(form, "content-language");
  in.content_type = given(form, "content-type");
  in.checksum_crc32 = given(form, "x-amz-checksum-crc32");
  in.checksum_crc32_c = given(form, "x-amz-checksum-crc32c");
  in.checksum_crc64_nvme = given(form, "x-amz-checksum-crc64nvme");
  in.checksum_sha1 = given(form, "x-amz-checksum-sha1");
  in.checksum_sha256 = given(form, "x-amz-checksum-sha256");
  in.server_side_encryption = given(form, "x-amz-server-side-encryption");
  in.storage_class = given(form, "x-amz-storage-class");
  in.website_redirect_location = given(form, "x-amz-website-redirect-location");
  constexpr std::string_view kMetadata = "x-amz-meta-";
  Pairs metadata;
  for (const auto& [name, value] : form.values)
    if (name.starts_with(kMetadata)) metadata.emplace_back(name.substr(kMetadata.size()), value);
  if (!metadata.empty()) in.metadata = wire::Map<std::string>(std::move(metadata));
  return in;
}

// The field "tagging" is a document; as a header has them.
Result<std::optional<std::string>> tagging_of(const Form& form) {
  const std::string& document = value_of(form, "tagging");
  if (document.empty()) return std::nullopt;
  static constexpr std::string_view kRoots[] = {"Tagging"};
  Tagging tagging;
  TRY(wire::read_xml(wire::shape_of<Tagging>(), kRoots, document, &tagging));
  std::string header;
  for (const Tag& tag : tagging.tag_set.items())
    header += fmt::format("{}{}={}", header.empty() ? "" : "&", uri_encode(tag.key.value_or("")),
                          uri_encode(tag.value.value_or("")));
  return header;
}

// AWS: "POST Object": success_action_redirect, else success_action_status, else 204.
http::Response success(const Form& form, const Caller& caller, const std::string& bucket, const PutObjectOutput& made) {
  const std::string& key = value_of(form, "key");
  const std::string etag = made.e_tag.value_or("");
  const std::string location =
      fmt::format("http{}://{}/{}/{}", caller.secure ? "s" : "", caller.host, bucket, uri_encode(key, true));
  http::Response response;
  response.status = 204;
  response.headers.set("x-amz-request-id", caller.request_id);
  response.headers.set("ETag", etag);
  response.headers.set("Location", location);
  if (made.version_id) response.headers.set("x-amz-version-id", *made.version_id);
  const auto redirect = given(form, "success_action_redirect");
  if (const auto to = redirect ? redirect : given(form, "redirect")) {
    response.status = 303;
    response.headers.set(
        "Location", fmt::format("{}{}bucket={}&key={}&etag={}", *to, to->find('?') == std::string::npos ? "?" : "&",
                                uri_encode(bucket), uri_encode(key), uri_encode(etag)));
    return response;
  }
  const std::string& status = value_of(form, "success_action_status");
  if (status == "200") response.status = 200;
  if (status != "201") return response;
  response.status = 201;
  response.headers.set("Content-Type", "application/xml");
  response.body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<PostResponse>";
  wire::append_xml_element(response.body, "Location", location);
  wire::append_xml_element(response.body, "Bucket", bucket);
  wire::append_xml_element(response.body, "Key", key);
  wire::append_xml_element(response.body, "ETag", etag);
  response.body += "</PostResponse>";
  return response;
}

std::vector<DigestKind> wanted_digests(const Form& form) {
  std::vector<DigestKind> kinds;
  for (const ChecksumKind& kind : checksum_kinds())
    if (form.values.contains(std::string(kind.header))) kinds.push_back(kind.digest);
  return kinds;
}

}  // namespace

bool is_form_upload(const http::RequestHead& head) {
  return head.method == "POST" && head.query.empty() &&
         lower(head.headers.get("content-type")).starts_with("multipart/form-data");
}

void FormDoor::handle(std::shared_ptr<http::Exchange> exchange) {
  exchange->read_body(kMostBytes, [this, exchange](Result<std::string> body) {
    const std::string request_id = uuid4();
    if (!body) {
      const bool large = body.error().code == "RequestBodyTooLarge";
      const ::tarn::Error error{400, large ? "EntityTooLarge" : "IncompleteBody",
                                large ? fmt::format("A form may have at most {} bytes here.", kMostBytes)
                                      : "The request body terminated unexpectedly."};
      return exchange->respond(wire::write_error(kService, error, request_id, false));
    }
    workers_([this, exchange, request_id, body = std::move(*body)] {
      exchange->respond(answer(exchange->head(), body, request_id));
    });
  });
}

http::Response FormDoor::answer(const http::RequestHead& head, const std::string& body, const std::string& request_id) {
  Caller caller = caller_of(head, request_id);
  const auto posted = [&]() -> Result<http::Response> {
    Form form = TRY(read_form(head, body));
    const std::string bucket = addressed(head, base_domains_).first;
    TRY(authenticate(door_, form, caller));
    if (const std::string& encoded = value_of(form, "policy"); !encoded.empty()) {
      FormValues values = form.values;
      values["bucket"] = bucket;
      TRY(check_form_policy(unbase64(encoded).value_or(""), values, form.file.size(), system_now()));
    }
    PutObjectRequest in = request_of(form, bucket);
    in.tagging = TRY(tagging_of(form));
    const StagedBody staged = TRY(door_.blobs().stage(form.file, wanted_digests(form)));
    return success(form, caller, bucket, TRY(door_.call(caller, in, staged)));
  }();
  return posted ? std::move(*posted) : wire::write_error(kService, posted.error(), request_id, false);
}

}  // namespace tarn::s3
