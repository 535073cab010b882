// Checksums of objects and parts: which S3 knows, comparing what a client said with what arrived, and what a whole made
// of parts has. AWS: S3 User Guide, "Checking object integrity". Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/result.h"
#include "blob/blobs.h"
#include "services/s3/records.h"

namespace tarn::s3 {

struct ChecksumKind {
  std::string_view name;    // "CRC32", as x-amz-checksum-algorithm has it
  std::string_view header;  // "x-amz-checksum-crc32"
  DigestKind digest;
  size_t bytes;
  uint64_t polynomial;  // reflected; 0 where it is no CRC
};
std::span<const ChecksumKind> checksum_kinds();
// By its name, in either case; nullptr: not one of ours.
const ChecksumKind* find_checksum_kind(std::string_view name);

// What a request says of its body's bytes.
struct ClaimedChecksums {
  std::optional<std::string> content_md5;  // base64
  Pairs checksums;                         // algorithm, base64
  std::optional<std::string> algorithm;    // x-amz-sdk-checksum-algorithm
};

// Of what comes without a checksum, and without an algorithm being named.
// AWS: S3 User Guide, "Checking object integrity": "CRC64NVME .. the default".
inline constexpr std::string_view kDefaultChecksum = "CRC64NVME";

// The checksums to be stored: those claimed, and those of the algorithm that was named, as they really are; without any
// the default one.
// ERRORS: InvalidDigest, BadDigest, InvalidRequest (400).
Result<Pairs> verify(const ClaimedChecksums& claimed, const StagedBody& body);

// The body's MD5 in hex.
std::string etag_of(const StagedBody& body);

// A composite checksum: the digest of the parts' digests, with "-N". nullopt: a part lacks that algorithm.
std::optional<std::string> composite_checksum(const ChecksumKind& kind, const std::vector<PartSummary>& parts);
// The whole's checksum out of its parts'. REQUIRES: a CRC. nullopt: a part lacks it.
std::optional<std::string> full_object_checksum(const ChecksumKind& kind, const std::vector<PartSummary>& parts);

// The CRC of two pieces one behind the other, from the CRC of each and the length of the second.
uint64_t combine_crcs(uint64_t polynomial, int width, uint64_t first, uint64_t second, uint64_t second_length);

// The ETag of an object of these parts' ETags: the MD5 of their MD5s, with "-N".
std::string multipart_etag(const std::vector<std::string>& part_etags);

const std::string* find_pair(const Pairs& pairs, std::string_view name);

// --- the members checksum_* of generated structs ----------------------------------------------------------------------

// ERRORS: NotImplemented: an algorithm that is none of ours; InvalidRequest: more than one.
Status check_claims(const Pairs& checksums, bool others);

template <class In>
Result<Pairs> claimed_checksums(const In& in) {
  Pairs out;
  const auto add = [&](const char* name, const std::optional<std::string>& value) {
    if (value) out.emplace_back(name, *value);
  };
  add("CRC32", in.checksum_crc32);
  add("CRC32C", in.checksum_crc32_c);
  add("CRC64NVME", in.checksum_crc64_nvme);
  add("SHA1", in.checksum_sha1);
  add("SHA256", in.checksum_sha256);
  TRY(check_claims(out, in.checksum_sha512 || in.checksum_md5 || in.checksum_xxhash64 || in.checksum_xxhash3 ||
                            in.checksum_xxhash128));
  return out;
}

template <class Out>
void set_checksums(Out& out, const Pairs& checksums) {
  for (const auto& [name, value] : checksums) {
    if (name == "CRC32") out.checksum_crc32 = value;
    if (name == "CRC32C") out.checksum_crc32_c = value;
    if (name == "CRC64NVME") out.checksum_crc64_nvme = value;
    if (name == "SHA1") out.checksum_sha1 = value;
    if (name == "SHA256") out.checksum_sha256 = value;
  }
}

}  // namespace tarn::s3
