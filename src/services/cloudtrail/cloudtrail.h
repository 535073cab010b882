// AWS CloudTrail: trails over the door's audit records. What changes state is told to EventBridge in the commit of its
// cause, where the account has a trail that takes it, what was refused or only reads soon behind it; log files follow by a
// timer.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "door/audit.h"
#include "door/call.h"
#include "gen/cloudtrail/handlers.h"
#include "services/cloudtrail/records.h"
#include "store/timers.h"
#include "wire/shape.h"

namespace tarn::cloudtrail {

constexpr const char* kPrincipal = "cloudtrail.amazonaws.com";

class CloudTrail final : public AuditWatcher {
 public:
  // LIFETIME: borrows the door. REQUIRES: outbox and timers are not started yet.
  explicit CloudTrail(Door& door);
  // REQUIRES: no call is under way any more.
  ~CloudTrail();
  // After the services are added: watches the audit log from then on.
  Status start();

  Status put(Transaction& tx, const TrailKey& key, const TrailRecord& record);
  Status erase(Transaction& tx, const TrailKey& key);
  // The next log file is written so much later.
  Status write_file_in(Transaction& tx, const TrailKey& key, Micros pause);

  // A call that CloudTrail makes for a trail.
  Caller caller_for(const TrailKey& key, const TrailRecord& record) const;
  // nullptr: no such service (any more).
  const wire::Service* service_of(const AuditRecord& record) const;
  // The event as JSON.
  Json event(const AuditRecord& record);

  // Of what LookupEvents shows, and of data events where a trail takes them.
  bool keeps_answer(const AuditRecord& record) override;
  bool wants(const AuditRecord& record) override;
  Status tell(Transaction& tx, const AuditRecord& record) override;

 private:
  struct Watched {
    TrailKey key;
    TrailRecord record;
  };
  using Trails = std::shared_ptr<const std::vector<Watched>>;

  Status reload();
  Trails trails();
  bool records(const Watched& trail, const AuditRecord& record) const;
  bool recorded(const AuditRecord& record);  // by a trail
  Status fire(Transaction& tx, const Timer& timer);
  Status deliver(const Delivery& delivery);
  Result<size_t> write_files(const TrailKey& key, TrailRecord& trail, Time until);

  Door& door_;
  std::mutex mutex_;
  Trails logging_;  // those that are logging: asked at each write
};

std::string trail_arn(const TrailKey& key);
// A trail by its name (in the caller's region) or ARN. ERRORS: InvalidTrailNameException, CloudTrailARNInvalidException.
Result<TrailKey> trail_key(const Call& call, const std::string& name);
struct FoundTrail {
  TrailKey key;
  TrailRecord record;
};
// ERRORS: also TrailNotFoundException.
Result<FoundTrail> find_trail(Call& call, const std::string& name, Lock lock);
Result<std::vector<Need>> rights_on(Call& call, const std::string& name, std::string_view action);

}  // namespace tarn::cloudtrail
