#include "services/cloudtrail/selectors.h"

#include <fmt/format.h>

#include <algorithm>

namespace tarn::cloudtrail {
namespace {

// AWS: CloudTrail quotas.
constexpr size_t kMostBasic = 5, kMostResources = 250, kMostConditions = 500;

constexpr std::string_view kFields[] = {
    "eventCategory", "readOnly",       "eventSource",   "eventName",        "eventType",
    "errorCode",     "resources.type", "resources.ARN", "userIdentity.arn", "sessionCredentialFromConsole",
    "vpcEndpointId"};

Failure invalid(std::string message) {
  return fail(400, "InvalidEventSelectorsException", std::move(message));
}

bool reads_or_writes(const std::string& type, bool read_only) {
  return type == "All" || (type == "ReadOnly") == read_only;
}

// The kind of resource that a value is a prefix of. AWS: DataResource: "arn:aws:s3" is all objects, "arn:aws:s3:::b/" the
// bucket's, "arn:aws:lambda" all functions; a function's ARN is whole.
bool names_one(const DataRecord& data, const AuditRecord& record) {
  return std::ranges::any_of(record.resources, [&](const std::string& arn) {
    return std::ranges::any_of(data.values, [&](const std::string& value) {
      return arn == value || (arn.starts_with(value) && (data.type == "AWS::S3::Object" || value == "arn:aws:lambda"));
    });
  });
}

bool takes_basic(const BasicRecord& selector, const AuditRecord& record, const Facts& facts) {
  if (!reads_or_writes(selector.read_write, record.read_only)) return false;
  if (facts.management)
    return selector.management && std::ranges::find(selector.excluded, facts.source) == selector.excluded.end();
  return std::ranges::any_of(selector.data, [&](const DataRecord& data) {
    return data.type == facts.resource_type && names_one(data, record);
  });
}

std::vector<std::string> values_of(std::string_view field, const AuditRecord& record, const Facts& facts) {
  if (field == "eventCategory") return {facts.management ? "Management" : "Data"};
  if (field == "readOnly") return {record.read_only ? "true" : "false"};
  if (field == "eventSource") return {facts.source};
  if (field == "eventName") return {facts.name};
  if (field == "eventType") return {"AwsApiCall"};
  if (field == "resources.type") return {facts.resource_type};
  if (field == "resources.ARN") return record.resources;
  if (field == "userIdentity.arn") return {record.principal_arn};
  if (field == "errorCode") return {record.error_code};
  return {""};  // sessionCredentialFromConsole, vpcEndpointId: there are neither
}

bool holds(const FieldRecord& condition, const std::string& value) {
  const auto equal = [&](const std::string& one) { return value == one; };
  const auto starts = [&](const std::string& one) { return value.starts_with(one); };
  const auto ends = [&](const std::string& one) { return value.ends_with(one); };
  const bool asks = !condition.equals.empty() || !condition.starts.empty() || !condition.ends.empty();
  const bool one = std::ranges::any_of(condition.equals, equal) || std::ranges::any_of(condition.starts, starts) ||
                   std::ranges::any_of(condition.ends, ends);
  return (!asks || one) && std::ranges::none_of(condition.not_equals, equal) &&
         std::ranges::none_of(condition.not_starts, starts) && std::ranges::none_of(condition.not_ends, ends);
}

bool takes_advanced(const AdvancedRecord& selector, const AuditRecord& record, const Facts& facts) {
  return std::ranges::all_of(selector.conditions, [&](const FieldRecord& condition) {
    return std::ranges::any_of(values_of(condition.field, record, facts),
                               [&](const std::string& value) { return holds(condition, value); });
  });
}

}  // namespace

Status check(const std::vector<BasicRecord>& basic) {
  if (basic.size() > kMostBasic) return invalid(fmt::format("A trail has at most {} event selectors.", kMostBasic));
  size_t values = 0;
  for (const BasicRecord& selector : basic) {
    for (const DataRecord& data : selector.data) {
      if (data.type != "AWS::S3::Object" && data.type != "AWS::Lambda::Function" && data.type != "AWS::DynamoDB::Table")
        return invalid(
            fmt::format("{} is no type of a DataResource: AWS::S3::Object, AWS::Lambda::Function and "
                        "AWS::DynamoDB::Table are. Others "
                        "take advanced event selectors.",
                        data.type));
      values += data.values.size();
      for (const std::string& value : data.values)
        if (!value.starts_with("arn:")) return invalid(fmt::format("{} is no ARN, nor the beginning of one.", value));
    }
    for (const std::string& source : selector.excluded)
      if (source != "kms.amazonaws.com" && source != "rdsdata.amazonaws.com")
        return invalid(fmt::format("{} cannot be excluded: kms.amazonaws.com and rdsdata.amazonaws.com can.", source));
  }
  if (values > kMostResources)
    return invalid(fmt::format("A trail's event selectors name at most {} resources.", kMostResources));
  return {};
}

Status check(const std::vector<AdvancedRecord>& advanced) {
  size_t conditions = 0;
  for (const AdvancedRecord& selector : advanced) {
    std::string category;
    for (const FieldRecord& one : selector.conditions) {
      if (std::ranges::find(kFields, one.field) == std::end(kFields))
        return invalid(fmt::format("{} is no field of an advanced event selector.", one.field));
      conditions += one.equals.size() + one.starts.size() + one.ends.size() + one.not_equals.size() +
                    one.not_starts.size() + one.not_ends.size();
      if (one.field == "eventCategory" && one.equals.size() == 1) category = one.equals[0];
    }
    if (category != "Management" && category != "Data")
      return invalid("An advanced event selector needs the field eventCategory, equal to Management or Data.");
    const bool typed = std::ranges::any_of(selector.conditions, [](const FieldRecord& one) {
      return one.field == "resources.type" && one.equals.size() == 1;
    });
    if (category == "Data" && !typed)
      return invalid("An advanced event selector of Data events needs the field resources.type, equal to one type.");
  }
  if (conditions > kMostConditions)
    return invalid(fmt::format("A trail's advanced event selectors have at most {} values.", kMostConditions));
  return {};
}

bool takes(const TrailRecord& trail, const AuditRecord& record, const Facts& facts) {
  if (!trail.advanced.empty())
    return std::ranges::any_of(trail.advanced,
                               [&](const AdvancedRecord& one) { return takes_advanced(one, record, facts); });
  if (trail.basic.empty()) return facts.management;
  return std::ranges::any_of(trail.basic, [&](const BasicRecord& one) { return takes_basic(one, record, facts); });
}

}  // namespace tarn::cloudtrail
