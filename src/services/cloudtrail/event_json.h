// Audit records as CloudTrail's events. Pure but for the ids of roles and users, which the caller may give.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "door/audit.h"
#include "wire/shape.h"

namespace tarn::cloudtrail {

// What selectors ask of an event.
struct Facts {
  bool management = true;
  std::string resource_type;  // data_type
  std::string source;         // "s3.amazonaws.com"
  std::string name;           // as CloudTrail calls it: "CreateFunction20150331"
};
Facts facts_of(const AuditRecord& record, const wire::Service* service);
// Of a data event: "AWS::S3::Object". Empty: a management event.
std::string_view data_type(const AuditRecord& record);

struct TypedResource {
  std::string arn, type, name;
};
std::vector<TypedResource> resources_of(const AuditRecord& record);

// The unique id of a user or role by its ARN, where it is known.
using FindId = std::function<std::optional<std::string>(std::string_view arn)>;

// AWS: CloudTrail User Guide, "CloudTrail record contents". `service`: nullptr where it is not known any more.
Json event_of(const AuditRecord& record, const wire::Service* service, const FindId& find_id);
// The same for the same record.
std::string event_id(const AuditRecord& record);
// "alice", or the session's name: what LookupEvents calls Username.
std::string user_name_of(const AuditRecord& record);

}  // namespace tarn::cloudtrail
