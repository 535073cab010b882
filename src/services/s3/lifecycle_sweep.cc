// The daily look through a bucket with lifecycle rules: objects, then versions, then uploads, a thousand keys a commit.
#include <algorithm>

#include "base/text.h"
#include "os/random.h"
#include "services/s3/access.h"
#include "services/s3/lifecycle.h"
#include "services/s3/notifications.h"
#include "services/s3/object_lock.h"
#include "services/s3/objects.h"
#include "services/s3/uploads.h"
#include "services/s3/versions.h"

namespace tarn::s3 {
namespace {

constexpr size_t kMostAtOnce = 1000;
constexpr std::string_view kPrincipal = "s3.amazonaws.com";

Time days_before(Time now, int32_t days) {
  return now + -(int64_t{days} * kDay);
}

Time midnight_before(Time t) {
  return Time{t.micros / kDay * kDay};
}

// One bucket's sweep, in one transaction of a timer.
class Sweep {
 public:
  Sweep(S3& s3, Call& call, const FoundBucket& bucket, const std::vector<ExpiryRule>& rules, Time now)
      : s3_(s3), call_(call), bucket_(bucket), rules_(rules), now_(now) {}

  // From a position on, "o" and a key, "v" and a key, "u"; gives where to go on, empty at the end.
  Result<std::string> run(const std::string& position) {
    const char phase = position.empty() ? 'o' : position.front();
    const std::string after = position.empty() ? "" : position.substr(1);
    const auto last = phase == 'o' ? TRY(objects(after)) : phase == 'v' ? TRY(versions(after)) : TRY(uploads(after));
    if (last) return phase + *last;
    if (phase == 'o') return std::string(has_versions(bucket_.record) ? "v" : "u");
    return std::string(phase == 'v' ? "u" : "");
  }

 private:
  // Each gives the last key that it looked at, none at the end of the table.
  Result<std::optional<std::string>> objects(const std::string& after) {
    const uint64_t id = bucket_.record.id;
    const auto page = TRY(call_.tx().scan(kObjects, {.prefix = prefix_of(kObjects, id),
                                                     .after = after.empty() ? "" : encoded_key(kObjects, {id, after}),
                                                     .limit = kMostAtOnce}));
    for (const auto& [key, seen] : page.entries) {
      // What the scan saw may have changed: the row is looked at again under its lock.
      if (!due(key.key, seen)) continue;
      const auto object = TRY(call_.get(kObjects, key));
      if (object && due(key.key, *object)) TRY(expire(key.key, *object));
    }
    if (!page.more) return std::nullopt;
    return page.entries.back().key.key;
  }

  bool due(const std::string& key, const ObjectRecord& object) const {
    return std::ranges::any_of(rules_, [&](const ExpiryRule& rule) {
      return rule.enabled && applies(rule, key, object) && expired(rule, object.modified, now_);
    });
  }

  Status expire(const std::string& key, const ObjectRecord& object) {
    if (!has_versions(bucket_.record)) {
      TRY(s3_.blobs.release(call_.tx(), object.segments));
      TRY(call_.erase(kObjects, {bucket_.record.id, key}));
      return tell(call_, bucket_, {"LifecycleExpiration:Delete", key, object});
    }
    TRY(make_way(s3_, call_, bucket_, key, object));
    TRY(call_.erase(kObjects, {bucket_.record.id, key}));
    ObjectRecord marker{.modified = now_};
    stamp_version(call_, bucket_, marker);
    TRY(save_version(call_, bucket_, key, {.object = marker, .current = false, .delete_marker = true}));
    return tell(call_, bucket_, {"LifecycleExpiration:DeleteMarkerCreated", key, marker});
  }

  // The versions of a key before its latest, the newest first, and all markers.
  Result<std::optional<std::string>> versions(const std::string& after) {
    const uint64_t id = bucket_.record.id;
    Range range{.prefix = prefix_of(kVersions, id)};
    if (!after.empty()) range.after = encoded_key(kVersions, {id, after, UINT64_MAX});
    range.limit = kMostAtOnce;
    const auto page = TRY(call_.tx().scan(kVersions, range));
    std::string key;
    for (const auto& entry : page.entries)
      if (key != entry.key.key) TRY(look_at_key(key = entry.key.key));
    if (!page.more) return std::nullopt;
    return key;
  }

  Status look_at_key(const std::string& key) {
    const auto current = TRY(call_.get(kObjects, {bucket_.record.id, key}));
    const auto all = TRY(call_.tx().scan(kVersions, {.prefix = prefix_of(kVersions, bucket_.record.id, key)}));
    std::optional<Time> since;  // when the one at hand ceased to be the latest
    if (current) since = current->modified;
    int32_t newer = 0;
    size_t left = all.entries.size();
    for (const auto& [place, version] : all.entries) {
      const bool goes = since && std::ranges::any_of(rules_, [&](const ExpiryRule& rule) {
        return rule.enabled && rule.noncurrent_days && applies(rule, key, version.object) &&
               *since <= days_before(now_, *rule.noncurrent_days) && newer >= rule.newer_noncurrent.value_or(0);
      });
      if (since) ++newer;
      since = version.object.modified;
      if (!goes || !check_deletable(version.object.settings.lock, now_, false)) continue;
      TRY(s3_.blobs.release(call_.tx(), version.object.segments));
      TRY(call_.erase(kVersions, place));
      TRY(tell(call_, bucket_, {"LifecycleExpiration:Delete", key, version.object}));
      --left;
    }
    if (current || left != 1) return {};
    return drop_lone_marker(key);
  }

  // A marker that hides nothing any more.
  Status drop_lone_marker(const std::string& key) {
    const auto page =
        TRY(call_.tx().scan(kVersions, {.prefix = prefix_of(kVersions, bucket_.record.id, key), .limit = 1}));
    if (page.entries.empty() || !page.entries.front().record.delete_marker) return {};
    const auto& [place, version] = page.entries.front();
    const bool goes = std::ranges::any_of(rules_, [&](const ExpiryRule& rule) {
      const bool old = rule.days && expired(rule, version.object.modified, now_);
      return rule.enabled && applies(rule, key, version.object) && (rule.lone_markers.value_or(false) || old);
    });
    if (!goes) return {};
    TRY(call_.erase(kVersions, place));
    return tell(call_, bucket_, {"LifecycleExpiration:Delete", key, version.object});
  }

  Result<std::optional<std::string>> uploads(const std::string& after) {
    const uint64_t id = bucket_.record.id;
    Range range{.prefix = prefix_of(kUploads, id)};
    if (!after.empty()) range.after = prefix_of(kUploads, id) + after;
    range.limit = kMostAtOnce;
    const auto page = TRY(call_.tx().scan(kUploads, range));
    for (const auto& [key, upload] : page.entries) {
      const bool goes = std::ranges::any_of(rules_, [&](const ExpiryRule& rule) {
        return rule.enabled && rule.abort_days && key.key.starts_with(rule.prefix.value_or("")) &&
               upload.initiated <= days_before(now_, *rule.abort_days);
      });
      if (goes && TRY(call_.get(kUploads, key))) TRY(discard_upload(s3_, call_, key));
    }
    if (!page.more) return std::nullopt;
    return page.last.substr(prefix_of(kUploads, id).size());
  }

  S3& s3_;
  Call& call_;
  const FoundBucket& bucket_;
  const std::vector<ExpiryRule>& rules_;
  Time now_;
};

Status sweep(S3& s3, Door& door, Transaction& tx, const Timer& timer) {
  const uint64_t id = static_cast<uint64_t>(parse_int(timer.id).value_or(0));
  const auto lifecycle = TRY(tx.get(kLifecycles, {id}, Lock::kShared));
  if (!lifecycle) return {};
  auto record = TRY(tx.get(kBuckets, {lifecycle->bucket_name}, Lock::kShared));
  if (!record || record->id != id) return {};
  const FoundBucket bucket{lifecycle->bucket_name, std::move(*record)};
  const Caller caller{.principal = {.kind = Principal::Kind::kService, .arn = std::string(kPrincipal)},
                      .region = bucket.record.region,
                      .request_id = upper(random_hex(16))};
  // A server that was away for days looks once.
  const Time now = midnight_before(std::max(timer.due, door.clock().now()));
  Call call(door, caller, &tx, now);
  const std::string next = TRY(Sweep(s3, call, bucket, lifecycle->rules, now).run(timer.payload));
  return door.timers().set(tx, kLifecycleTimer, timer.id, next.empty() ? now + kDay : now, next);
}

}  // namespace

bool applies(const ExpiryRule& rule, std::string_view key, const ObjectRecord& object) {
  if (!key.starts_with(rule.prefix.value_or(""))) return false;
  const auto size = static_cast<int64_t>(object.size);
  if (rule.greater_than && size <= *rule.greater_than) return false;
  if (rule.less_than && size >= *rule.less_than) return false;
  return std::ranges::all_of(rule.tags, [&](const auto& tag) {
    const auto found = object.settings.tags.find(tag.first);
    return found != object.settings.tags.end() && found->second == tag.second;
  });
}

std::optional<Time> expiry(const ExpiryRule& rule, Time modified) {
  if (rule.date) return rule.date;
  if (!rule.days) return std::nullopt;
  return midnight_before(modified + ((*rule.days + 1) * kDay - 1));
}

bool expired(const ExpiryRule& rule, Time modified, Time now) {
  const auto end = expiry(rule, modified);
  return end && *end <= now;
}

void start_lifecycles(S3& s3, Door& door) {
  door.timers().on(std::string(kLifecycleTimer),
                   [&s3, &door](Transaction& tx, const Timer& timer) { return sweep(s3, door, tx, timer); });
}

}  // namespace tarn::s3
