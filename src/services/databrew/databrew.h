// AWS Glue DataBrew, as far as it looks at data: datasets, and profile jobs whose reports the SQL engine computes.
// A run is a delivery of the outbox: one that a crash has cut off runs again.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "door/call.h"
#include "door/door.h"
#include "gen/databrew/handlers.h"
#include "services/databrew/records.h"
#include "sql/engine_client.h"

namespace tarn::lake {
class Readers;
}

namespace tarn::databrew {

class DataBrew {
 public:
  // LIFETIME: borrows the door. REQUIRES: the outbox has not started; stop() before it stops.
  // `scratch`: a folder for the engine's files.
  DataBrew(Door& door, std::string scratch);
  ~DataBrew();
  void stop();

 private:
  Status run(const Delivery& delivery);
  Result<std::string> profile_as(const Caller& as, const JobRecord& job, const std::string& job_name,
                                 const DatasetRecord& dataset, const std::string& run_id);

  Door& door_;
  const std::string scratch_;
  std::unique_ptr<lake::Readers> sources_;  // each run reads as its role
  std::unique_ptr<sql::Engine> engine_;
  std::atomic<bool> stopping_ = false;
};

constexpr const char* kDelivery = "databrew.run";

std::string dataset_arn(const NameKey& key);
std::string job_arn(const NameKey& key);

struct FoundJob {
  NameKey key;
  JobRecord record;
};
// ERRORS: ResourceNotFoundException.
Result<FoundJob> find_job(Call& call, const std::optional<std::string>& name, Lock lock);

inline Failure invalid(std::string message) {
  return fail(400, "ValidationException", std::move(message));
}
inline Failure not_found(std::string message) {
  return fail(404, "ResourceNotFoundException", std::move(message));
}
inline Failure conflict(std::string message) {
  return fail(409, "ConflictException", std::move(message));
}
Status refuse(bool present, std::string_view member, std::string_view why);

// Where the page after `token` begins. ERRORS: ValidationException.
Result<std::string> page_start(Call& call, std::string_view request, const std::optional<std::string>& token);

// The tags of what has that ARN, as the wire has them.
Result<wire::Map<std::string>> wire_tags(Call& call, const std::string& arn);

}  // namespace tarn::databrew
