// What services tell EventBridge of themselves. To tell of something, in the commit of what happened:
//
//   Status emitted = emit_service_event(door.outbox(), tx,
//                                       {.source = "aws.s3", .detail_type = "Object Created", .account = owner,
//                                        .region = "us-east-1", .resources = {"arn:aws:s3:::b"}, .detail = detail});
//
// That costs a few reads where no rule and no archive of that account and region can want events of the source; the
// event is then not written. Who wants it is decided by the rules' patterns (services/events), which subscribe to
// "aws.s3:" where they name the source, to "aws." where they do not.
// What CloudTrail tells is the same: {.source = "aws.s3", .detail_type = "AWS API Call via CloudTrail", ..}, the source
// being the called service's. EventBridge only delivers it where a trail logs, so whoever emits it looks for one first.
// Of a call that only reads it is of a kind of its own (kReads), which the rules that ask for such subscribe to.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "store/outbox.h"

namespace tarn {

constexpr const char* kReads = "cloudtrail.reads";

struct ServiceEvent {
  std::string source;           // "aws.s3"
  std::string detail_type;      // "Object Created"
  std::string account, region;  // whose default bus it goes to; what has no region (iam) is told in us-east-1
  std::vector<std::string> resources = {};  // ARNs
  Json detail = Json::object();
  bool reads = false;  // CloudTrail's of a call that only reads
};

// THREADS: any. ERRORS: the store's.
Status emit_service_event(Outbox& outbox, Transaction& tx, ServiceEvent event);

// The event as rules match it and targets get it. AWS: EventBridge User Guide, "AWS service event metadata".
// `body` has source, detail-type, resources and detail (as the payload of an outbox event of kind "aws.<source>:<type>").
Json event_envelope(const Event& event, const Json& body);

}  // namespace tarn
