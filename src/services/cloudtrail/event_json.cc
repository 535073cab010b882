#include "services/cloudtrail/event_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/digest.h"
#include "base/text.h"
#include "door/arn.h"
#include "door/parameters.h"

namespace tarn::cloudtrail {
namespace {

constexpr const char* kEventVersion = "1.11";

// --- what is a data event, and what AWS calls it --------------------------------------------------------------------------

struct DataOperations {
  std::string_view service, type;
  std::vector<std::string_view> operations;
};

// AWS: CloudTrail User Guide, "Logging data events".
const std::vector<DataOperations>& data_operations() {
  static const std::vector<DataOperations> all = {
      {"s3",
       "AWS::S3::Object",
       {"AbortMultipartUpload",
        "CompleteMultipartUpload",
        "CopyObject",
        "CreateMultipartUpload",
        "DeleteObject",
        "DeleteObjects",
        "DeleteObjectTagging",
        "GetObject",
        "GetObjectAcl",
        "GetObjectAttributes",
        "GetObjectTagging",
        "HeadBucket",
        "HeadObject",
        "ListObjects",
        "ListObjectsV2",
        "ListObjectVersions",
        "ListMultipartUploads",
        "ListParts",
        "PutObject",
        "PutObjectTagging",
        "SelectObjectContent",
        "UploadPart",
        "UploadPartCopy"}},
      {"lambda", "AWS::Lambda::Function", {"Invoke", "InvokeWithResponseStream"}},
      {"sns", "AWS::SNS::Topic", {"Publish", "PublishBatch"}},
      {"sqs",
       "AWS::SQS::Queue",
       {"SendMessage", "SendMessageBatch", "ReceiveMessage", "DeleteMessage", "DeleteMessageBatch",
        "ChangeMessageVisibility", "ChangeMessageVisibilityBatch"}},
      {"events", "AWS::Events::EventBus", {"PutEvents"}},
      {"logs", "AWS::Logs::LogGroup", {"PutLogEvents", "GetLogEvents", "FilterLogEvents"}},
  };
  return all;
}

// AWS: Lambda Developer Guide, "Logging Lambda API calls using CloudTrail": names with the version of the API.
constexpr std::pair<std::string_view, std::string_view> kDatedNames[] = {
    {"AddPermission", "AddPermission20150331v2"},
    {"CreateEventSourceMapping", "CreateEventSourceMapping20150331"},
    {"CreateFunction", "CreateFunction20150331"},
    {"DeleteEventSourceMapping", "DeleteEventSourceMapping20150331"},
    {"DeleteFunction", "DeleteFunction20150331"},
    {"GetFunction", "GetFunction20150331v2"},
    {"GetFunctionConfiguration", "GetFunctionConfiguration20150331v2"},
    {"GetPolicy", "GetPolicy20150331v2"},
    {"ListFunctions", "ListFunctions20150331"},
    {"ListTags", "ListTags20170331"},
    {"PublishVersion", "PublishVersion20150331"},
    {"RemovePermission", "RemovePermission20150331v2"},
    {"TagResource", "TagResource20170331v2"},
    {"UntagResource", "UntagResource20170331v2"},
    {"UpdateFunctionCode", "UpdateFunctionCode20150331v2"},
    {"UpdateFunctionConfiguration", "UpdateFunctionConfiguration20150331v2"},
};

// --- parameters -----------------------------------------------------------------------------------------------------------

std::string first_small(std::string_view name) {
  std::string out(name);
  if (!out.empty()) out[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(out[0])));
  return out;
}

// "Mar 20, 2024, 11:16:09 PM". AWS: S3 User Guide, "CloudTrail log file examples for directory buckets".
std::string told_moment(const std::string& iso) {
  const auto time = parse_iso8601(iso);
  if (!time) return iso;
  const CivilTime at = civil(*time);
  return fmt::format("{} {}, {}, {}:{:02}:{:02} {}", http_date(*time).substr(8, 3), at.day, at.year,
                     (at.hour + 11) % 12 + 1, at.minute, at.second, at.hour < 12 ? "AM" : "PM");
}

// Members begin with a small letter in CloudTrail's records; the keys of maps are the user's. AWS: what is secret of an
// answer is not in it.
Json renamed(const wire::Shape& shape, const Json& json, bool answered = false) {
  if (shape.kind == wire::Kind::kStructure && json.is_object()) {
    Json out = Json::object();
    for (const auto& [name, value] : json.members()) {
      if (answered && value.is_string() && value.as_string() == kHiddenParameter) continue;
      const auto field = std::ranges::find(shape.fields, name, &wire::Field::name);
      out.set(first_small(name), field == shape.fields.end() ? value : renamed(*field->shape, value, answered));
    }
    return out;
  }
  if (shape.kind == wire::Kind::kList && json.is_array()) {
    Json out = Json::array();
    for (const Json& item : json.items()) out.push(renamed(*shape.element, item, answered));
    return out;
  }
  if (answered && shape.kind == wire::Kind::kTimestamp && json.is_string()) return Json(told_moment(json.as_string()));
  return json;
}

const wire::Operation* operation_of(const AuditRecord& record, const wire::Service* service) {
  if (service == nullptr) return nullptr;
  const auto found = std::ranges::find(service->operations, record.operation, &wire::Operation::name);
  return found == service->operations.end() ? nullptr : &*found;
}

Json parameters_of(const AuditRecord& record, const wire::Service* service) {
  const auto parsed = Json::parse(record.parameters);
  if (!parsed || parsed->size() == 0) return {};
  const wire::Operation* operation = operation_of(record, service);
  if (operation == nullptr) return *parsed;
  Json out = renamed(*operation->input, *parsed);
  // AWS: S3 User Guide, "CloudTrail log file entries": S3's bucket is bucketName there.
  if (record.service == "s3")
    for (auto& [name, value] : out.members())
      if (name == "bucket") name = "bucketName";
  return out;
}

// What S3 answers are documents and objects: only its headers are told.
Json answered_headers(const wire::Shape& shape, const Json& answer) {
  Json out = Json::object();
  for (const wire::Field& field : shape.fields)
    if (const Json* value = answer.find(field.name);
        value != nullptr && field.location == wire::Location::kHeader && field.wire_name.starts_with("x-amz-"))
      out.set(std::string(field.wire_name), *value);
  return out;
}

Json answer_of(const AuditRecord& record, const wire::Service* service) {
  const wire::Operation* operation = operation_of(record, service);
  const auto parsed = Json::parse(record.answer);
  if (operation == nullptr || !parsed) return {};
  Json out = record.service == "s3" ? answered_headers(*operation->output, *parsed)
                                    : renamed(*operation->output, *parsed, /*answered=*/true);
  return out.size() == 0 ? Json() : out;
}

// --- who ------------------------------------------------------------------------------------------------------------------

Json identity_of(const AuditRecord& record, const FindId& find_id) {
  if (record.principal_kind == "AWSService")
    return Json::object({{"type", "AWSService"}, {"invokedBy", record.principal_arn}});
  Json out = Json::object({{"type", record.principal_kind}});
  const bool session = record.principal_kind == "AssumedRole";
  std::string id = record.account;
  if (session || record.principal_kind == "IAMUser")
    id = find_id(session ? record.role_arn : record.principal_arn).value_or("");
  const auto arn = Arn::parse(record.principal_arn);
  const std::string name = arn ? std::string(arn->resource_name()) : "";
  if (!id.empty()) out.set("principalId", session ? id + ":" + name : id);
  out.set("arn", record.principal_arn);
  out.set("accountId", record.account);
  if (!record.access_key.empty()) out.set("accessKeyId", record.access_key);
  if (record.principal_kind == "IAMUser") out.set("userName", name);
  if (session) {
    const auto role = Arn::parse(record.role_arn);
    Json issuer = Json::object({{"type", "Role"}});
    if (!id.empty()) issuer.set("principalId", id);
    issuer.set("arn", record.role_arn);
    issuer.set("accountId", record.account);
    if (role) issuer.set("userName", role->resource_name());
    out.set("sessionContext", Json::object({{"sessionIssuer", std::move(issuer)}}));
  }
  if (!record.called_via.empty()) out.set("invokedBy", record.called_via.back());
  return out;
}

std::string type_of(const Arn& arn) {
  const std::string type(arn.resource_type());
  const auto is = [&](std::string_view service, std::string_view word) {
    return arn.service == service && (word.empty() || type == word);
  };
  if (arn.service == "s3") return arn.resource.find('/') == std::string::npos ? "AWS::S3::Bucket" : "AWS::S3::Object";
  if (is("lambda", "function")) return "AWS::Lambda::Function";
  if (is("iam", "role")) return "AWS::IAM::Role";
  if (is("iam", "user")) return "AWS::IAM::User";
  if (is("iam", "policy")) return "AWS::IAM::Policy";
  if (is("iam", "group")) return "AWS::IAM::Group";
  if (is("sqs", "")) return "AWS::SQS::Queue";
  if (is("sns", "")) return "AWS::SNS::Topic";
  if (is("logs", "log-group")) return "AWS::Logs::LogGroup";
  if (is("states", "stateMachine")) return "AWS::StepFunctions::StateMachine";
  if (is("events", "rule")) return "AWS::Events::Rule";
  if (is("cloudtrail", "trail")) return "AWS::CloudTrail::Trail";
  if (is("glue", "table")) return "AWS::Glue::Table";
  if (is("glue", "database")) return "AWS::Glue::Database";
  return {};
}

}  // namespace

std::string_view data_type(const AuditRecord& record) {
  for (const DataOperations& one : data_operations())
    if (one.service == record.service && std::ranges::find(one.operations, record.operation) != one.operations.end())
      return one.type;
  return {};
}

Facts facts_of(const AuditRecord& record, const wire::Service* service) {
  Facts out{.name = record.operation};
  out.source = fmt::format("{}.amazonaws.com", service ? service->signing_name : std::string_view(record.service));
  out.resource_type = data_type(record);
  out.management = out.resource_type.empty();
  if (record.service == "lambda")
    for (const auto& [plain, dated] : kDatedNames)
      if (plain == record.operation) out.name = dated;
  return out;
}

std::vector<TypedResource> resources_of(const AuditRecord& record) {
  std::vector<TypedResource> out;
  for (const std::string& text : record.resources) {
    const auto arn = Arn::parse(text);
    if (!arn || std::ranges::any_of(out, [&](const TypedResource& one) { return one.arn == text; })) continue;
    out.push_back({text, type_of(*arn), arn->service == "s3" ? arn->resource : std::string(arn->resource_name())});
  }
  return out;
}

std::string event_id(const AuditRecord& record) {
  const std::string id =
      hex(md5(fmt::format("{} {} {} {}", record.request_id, record.service, record.operation, record.time.micros)));
  return fmt::format("{}-{}-{}-{}-{}", id.substr(0, 8), id.substr(8, 4), id.substr(12, 4), id.substr(16, 4),
                     id.substr(20));
}

std::string user_name_of(const AuditRecord& record) {
  if (record.principal_kind == "Root") return "root";
  const auto arn = Arn::parse(record.principal_arn);
  return arn ? std::string(arn->resource_name()) : record.principal_arn;
}

Json event_of(const AuditRecord& record, const wire::Service* service, const FindId& find_id) {
  const Facts facts = facts_of(record, service);
  const bool by_service = record.source_ip.empty();
  const std::string asking = record.called_via.empty() ? record.principal_arn : record.called_via.back();
  Json out = Json::object({{"eventVersion", kEventVersion},
                           {"userIdentity", identity_of(record, find_id)},
                           {"eventTime", iso8601(Time::of_seconds(record.time.seconds()))},
                           {"eventSource", facts.source},
                           {"eventName", facts.name},
                           {"awsRegion", record.region},
                           {"sourceIPAddress", by_service ? asking : record.source_ip},
                           {"userAgent", record.user_agent.empty() ? asking : record.user_agent}});
  if (!record.error_code.empty()) out.set("errorCode", record.error_code);
  if (!record.error_message.empty()) out.set("errorMessage", record.error_message);
  out.set("requestParameters", parameters_of(record, service));
  out.set("responseElements", answer_of(record, service));
  out.set("requestID", record.request_id);
  out.set("eventID", event_id(record));
  out.set("readOnly", record.read_only);
  Json resources = Json::array();
  for (const TypedResource& resource : resources_of(record)) {
    Json one = Json::object({{"ARN", resource.arn}});
    if (const auto arn = Arn::parse(resource.arn); arn && !arn->account.empty()) one.set("accountId", arn->account);
    if (!resource.type.empty()) one.set("type", resource.type);
    resources.push(std::move(one));
  }
  if (resources.size() > 0) out.set("resources", std::move(resources));
  out.set("eventType", "AwsApiCall");
  out.set("managementEvent", facts.management);
  out.set("recipientAccountId", record.account);
  out.set("eventCategory", facts.management ? "Management" : "Data");
  return out;
}

}  // namespace tarn::cloudtrail
