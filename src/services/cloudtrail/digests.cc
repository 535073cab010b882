#include "services/cloudtrail/digests.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/digest.h"
#include "base/gzip.h"
#include "base/text.h"
#include "gen/cloudtrail/digests.h"
#include "gen/s3/objects.h"
#include "os/certificate.h"
#include "os/rsa_key.h"
#include "services/cloudtrail/cloudtrail.h"

namespace tarn::cloudtrail {
namespace {

constexpr Micros kPeriod = kHour;              // AWS: of a digest
constexpr Micros kKeyLasts = 10 * 365 * kDay;  // AWS changes keys more often
constexpr const char* kAlgorithm = "SHA256withRSA";

std::string stamp(Time time) {
  return iso8601(Time::of_seconds(time.seconds()));
}

std::string digest_key(const TrailKey& key, const TrailRecord& record, const std::string& region, Time end) {
  const CivilTime at = civil(end);
  return fmt::format(
      "{0}AWSLogs/{1}/CloudTrail-Digest/{2}/{3:04}/{4:02}/{5:02}/"
      "{1}_CloudTrail-Digest_{2}_{6}_{7}_{3:04}{4:02}{5:02}T{8:02}{9:02}{10:02}Z.json.gz",
      record.prefix ? *record.prefix + "/" : "", key.owner, region, at.year, at.month, at.day, key.name, key.region,
      at.hour, at.minute, at.second);
}

// Made when it is needed first.
Result<RsaKey> signer_of(Door& door, const SignerKey& key) {
  auto record = TRY(door.store().read()->get(kSigners, key));
  if (!record) {
    record = SignerRecord{TRY(make_certificate(KeyKind::kRsa2048, kPrincipal)).key, door.clock().now()};
    TRY(door.store().run([&](Transaction& tx) { return tx.put(kSigners, key, *record); }));
  }
  return RsaKey::load(record->key);
}

Result<std::string> fingerprint(const RsaKey& key) {
  return hex(md5(TRY(key.public_der())));  // ASSUMED: 32 hexadecimal digits, of which hash AWS does not say
}

Json digest_of(const TrailKey& key, const TrailRecord& trail, const DigestRecord& before, const std::string& object,
               Time start, Time end, std::string print) {
  const auto named = [&](const std::string& value) { return before.object.empty() ? Json() : Json(value); };
  Json files = Json::array();
  Time oldest = before.files.front().oldest, newest = before.files.front().newest;
  for (const DigestedFile& file : before.files) {
    oldest = std::min(oldest, file.oldest);
    newest = std::max(newest, file.newest);
    files.push(Json::object({{"s3Bucket", trail.bucket},
                             {"s3Object", file.object},
                             {"hashValue", file.hash},
                             {"hashAlgorithm", "SHA-256"},
                             {"newestEventTime", stamp(file.newest)},
                             {"oldestEventTime", stamp(file.oldest)}}));
  }
  return Json::object({{"awsAccountId", key.owner},
                       {"digestStartTime", stamp(start)},
                       {"digestEndTime", stamp(end)},
                       {"digestS3Bucket", trail.bucket},
                       {"digestS3Object", object},
                       {"digestPublicKeyFingerprint", std::move(print)},
                       {"digestSignatureAlgorithm", kAlgorithm},
                       {"newestEventTime", stamp(newest)},
                       {"oldestEventTime", stamp(oldest)},
                       {"previousDigestS3Bucket", named(trail.bucket)},
                       {"previousDigestS3Object", named(before.object)},
                       {"previousDigestHashValue", named(before.hash)},
                       {"previousDigestHashAlgorithm", named("SHA-256")},
                       {"previousDigestSignature", named(before.signature)},
                       {"logFiles", std::move(files)}});
}

Status write_digest(Door& door, const Caller& caller, const TrailKey& key, const TrailRecord& trail,
                    const std::string& region, DigestRecord& digest) {
  const RsaKey signer = TRY(signer_of(door, {key.owner, region}));
  const Time end = door.clock().now();
  const std::string object = digest_key(key, trail, region, end);
  const std::string text =
      digest_of(key, trail, digest, object, digest.until.value_or(trail.digests_since), end, TRY(fingerprint(signer)))
          .text();
  // AWS: "Digest file chaining": what is signed.
  const std::string hash = hex(sha256(text));
  const std::string signature =
      hex(TRY(signer.sign(fmt::format("{}\n{}/{}\n{}\n{}", stamp(end), trail.bucket, object, hash,
                                      digest.object.empty() ? "null" : digest.signature),
                          RsaKey::Hash::kSha256)));
  s3::PutObjectRequest put{.acl = "bucket-owner-full-control",
                           .bucket = trail.bucket,
                           .content_encoding = "gzip",
                           .content_type = "application/json",
                           .key = object};
  put.metadata["signature"] = signature;
  put.metadata["signature-algorithm"] = kAlgorithm;
  TRY(door.call(caller, put, TRY(door.blobs().stage(gzip(text)))));
  digest = DigestRecord{.files = {}, .until = end, .object = object, .hash = hash, .signature = signature};
  return {};
}

}  // namespace

void begin_digests(TrailRecord& record, Time now) {
  record.digests.clear();
  record.digests_since = now;
}

Status write_digests(Door& door, const Caller& caller, const TrailKey& key, TrailRecord& record) {
  const Time now = door.clock().now();
  const bool last = !record.logging;  // nothing comes behind them
  for (auto& [region, digest] : record.digests) {
    if (digest.files.empty()) continue;
    if (!last && now < digest.until.value_or(record.digests_since) + kPeriod) continue;
    TRY(write_digest(door, caller, key, record, region, digest));
    record.digested = now;
  }
  return {};
}

// AWS: without a time, the key of now.
Result<ListPublicKeysResponse> list_public_keys(CloudTrail&, Call& call, const ListPublicKeysRequest& in) {
  const Time from = in.start_time.value_or(call.now()), until = in.end_time.value_or(call.now());
  if (until < from) return fail(400, "InvalidTimeRangeException", "EndTime must not be before StartTime.");
  ListPublicKeysResponse out;
  out.public_key_list.set_present();
  const auto record = TRY(call.get(kSigners, {call.account(), call.region()}, Lock::kNone));
  if (!record || until < Time::of_seconds(record->made.seconds()) || from > record->made + kKeyLasts) return out;
  const RsaKey key = TRY(RsaKey::load(record->key));
  out.public_key_list.push_back({.value = wire::Blob{TRY(key.public_der())},
                                 .validity_start_time = record->made,
                                 .validity_end_time = record->made + kKeyLasts,
                                 .fingerprint = TRY(fingerprint(key))});
  return out;
}

}  // namespace tarn::cloudtrail
