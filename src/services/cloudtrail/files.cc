// Log files: what a trail takes of the audit log, as gzip JSON in its bucket, some minutes behind.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/digest.h"
#include "base/gzip.h"
#include "base/text.h"
#include "door/door.h"
#include "gen/s3/objects.h"
#include "services/cloudtrail/cloudtrail.h"
#include "services/cloudtrail/digests.h"
#include "services/cloudtrail/telling.h"

namespace tarn::cloudtrail {
namespace {

constexpr const char* kTimer = "cloudtrail.file";
constexpr const char* kDelivery = "cloudtrail.file";
constexpr Micros kPause = 5 * kMinute;   // AWS: "about every 5 minutes"
constexpr Micros kLongestPause = kDay;   // while nothing happens
constexpr Micros kBehind = 2 * kSecond;  // commits under way may still add records of so long ago
constexpr size_t kRecordsAtOnce = 1000, kRecordsInFile = 10'000;

std::string timer_id(const TrailKey& key) {
  return fmt::format("{} {} {}", key.owner, key.region, key.name);
}

// AWS: CloudTrail User Guide, "Log file examples": the names of files and their folders. The last part is 16 letters,
// here the same for the same content, so that a file that is written again is the same one.
std::string file_key(const TrailRecord& trail, const std::string& account, const std::string& region, Time first,
                     std::string_view id) {
  const CivilTime at = civil(first);
  const std::string prefix = trail.prefix ? *trail.prefix + "/" : "";
  return fmt::format(
      "{}AWSLogs/{}/CloudTrail/{}/{:04}/{:02}/{:02}/{}_CloudTrail_{}_{:04}{:02}{:02}T{:02}{:02}Z_{}.json.gz", prefix,
      account, region, at.year, at.month, at.day, account, region, at.year, at.month, at.day, at.hour, at.minute,
      hex(sha256(id)).substr(0, 16));
}

struct File {
  Time first, last;
  std::string first_id;
  Json records = Json::array();
  std::vector<ToldEvent> told = {};  // the same, for the trail's log group
};

// A group or a topic that does not take them holds up no file: what they answered is in the trail's status.
void tell_others(Door& door, const TrailKey& key, TrailRecord& trail, const std::string& region, const File& file,
                 const Caller& caller, const std::string& name) {
  if (!trail.log_group.empty()) {
    const Status done = put_in_log_group(door, key, trail, region, file.told);
    trail.log_error = done ? "" : done.error().code;
    if (done) trail.logged = door.clock().now();
  }
  if (!trail.topic_arn.empty()) {
    const Status done = tell_topic(door, caller, trail, name);
    trail.topic_error = done ? "" : done.error().code;
    if (done) trail.notified = door.clock().now();
  }
}

}  // namespace

CloudTrail::CloudTrail(Door& door) : door_(door), logging_(std::make_shared<std::vector<Watched>>()) {
  door_.timers().on(kTimer, [this](Transaction& tx, const Timer& timer) { return fire(tx, timer); });
  door_.outbox().deliver_to(kDelivery, {.deliver = [this](const Delivery& delivery) { return deliver(delivery); }});
}

Status CloudTrail::write_file_in(Transaction& tx, const TrailKey& key, Micros pause) {
  return door_.timers().set(tx, kTimer, timer_id(key), door_.clock().now() + pause, std::to_string(pause));
}

Status CloudTrail::fire(Transaction& tx, const Timer& timer) {
  return door_.outbox().enqueue(
      tx, {.type = kDelivery, .target = timer.id, .payload = timer.payload + " " + timer.id, .give_up_after = kDay});
}

Status CloudTrail::deliver(const Delivery& delivery) {
  const auto parts = split(delivery.payload, ' ');
  const Micros pause = parse_int(parts[0]).value_or(kPause);
  const TrailKey key{std::string(parts[1]), std::string(parts[2]), std::string(parts[3])};
  const auto trail = TRY(door_.store().read()->get(kTrails, key));
  if (!trail) return {};
  Time until = system_now() + (door_.clock().runs() ? -kBehind : 0);
  if (trail->ends) until = std::min(until, *trail->ends);
  TrailRecord told = *trail;  // takes what its log group and its topic answered
  const Result<size_t> written = write_files(key, told, until);
  if (written && told.validates) {
    const Status done = write_digests(door_, caller_for(key, told), key, told);
    told.digest_error = done ? "" : done.error().code;
  }
  const auto noted = door_.store().run([&](Transaction& tx) -> Status {
    auto now = TRY(tx.get(kTrails, key));
    if (!now) return {};
    now->delivery_error = written ? "" : written.error().code;
    now->logged = told.logged;
    now->log_error = told.log_error;
    now->notified = told.notified;
    now->topic_error = told.topic_error;
    // Who began them anew meanwhile has what was written since.
    if (now->digests_since == told.digests_since) now->digests = std::move(told.digests);
    now->digested = told.digested;
    now->digest_error = told.digest_error;
    if (written) now->written_until = std::max(now->written_until, until);
    if (written && *written > 0) now->delivered = door_.clock().now();
    TRY(put(tx, key, *now));
    // A trail that stopped has its last file when all up to its end is written.
    if (!now->logging && written && now->ends && now->written_until >= *now->ends) return {};
    return write_file_in(tx, key, written && *written == 0 ? std::min(2 * pause, kLongestPause) : kPause);
  });
  if (!noted) return Failure(noted.error());
  return door_.store().wait_synced(*noted);
}

Result<size_t> CloudTrail::write_files(const TrailKey& key, TrailRecord& trail, Time until) {
  std::map<std::string, File> files;  // by region
  size_t count = 0;
  const auto write = [&](const std::string& region, File& file) -> Status {
    const Caller caller = caller_for(key, trail);
    const std::string text = Json::object({{"Records", std::move(file.records)}}).text(), bytes = gzip(text);
    const std::string name = file_key(trail, key.owner, region, file.first, file.first_id);
    const s3::PutObjectRequest in{.acl = "bucket-owner-full-control",
                                  .bucket = trail.bucket,
                                  .content_encoding = "gzip",
                                  .content_type = "application/json",
                                  .key = name};
    TRY(door_.call(caller, in, TRY(door_.blobs().stage(bytes))));
    if (trail.validates) trail.digests[region].files.push_back({name, hex(sha256(text)), file.first, file.last});
    tell_others(door_, key, trail, region, file, caller, name);
    file = File();
    return {};
  };
  std::string position;
  for (bool more = true; more;) {
    const Audit::Page page =
        TRY(door_.audit().page({trail.written_until, until, kRecordsAtOnce, /*newest_first=*/false, position}));
    for (const AuditRecord& record : page.records) {
      if (!records({key, trail}, record)) continue;
      File& file = files[record.region];
      if (file.records.size() == 0) {
        file.first = record.time;
        file.first_id = trail_arn(key) + record.request_id + std::to_string(record.time.micros);
      }
      file.last = record.time;
      Json told = event(record);
      // Logs judges how old an event is by tarn's clock.
      if (!trail.log_group.empty())
        file.told.push_back({door_.clock().runs() ? record.time : door_.clock().now(), told});
      file.records.push(std::move(told));
      ++count;
      if (file.records.size() == kRecordsInFile) TRY(write(record.region, file));
    }
    position = page.position;
    more = page.more;
  }
  for (auto& [region, file] : files)
    if (file.records.size() > 0) TRY(write(region, file));
  return count;
}

}  // namespace tarn::cloudtrail
