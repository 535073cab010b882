// What Lambda keeps in the store.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "blob/blobs.h"
#include "store/table.h"

namespace tarn::lambda {

struct FunctionKey {
  std::string account, region, name;
  static void fields(auto& self, auto&& visit) { visit(self.account, self.region, self.name); }
};

// A statement of the function's resource policy, of the function or of one version or alias.
struct PermissionRecord {
  std::string id, qualifier;
  Json statement;
  static void fields(auto& self, auto&& visit) { visit(self.id, self.qualifier, self.statement); }
};

struct FunctionRecord {
  uint64_t id = 0;  // versions hang on it: a function made anew under an old name is another
  uint64_t last_version = 0;
  std::optional<int32_t> reserved_concurrency;
  std::vector<PermissionRecord> permissions;
  static void fields(auto& self, auto&& visit) {
    visit(self.id, self.last_version, self.reserved_concurrency, self.permissions);
  }
};

inline constexpr Table<FunctionKey, FunctionRecord> kFunctions{"lambda.functions"};

struct VersionKey {
  uint64_t function = 0;
  uint64_t version = 0;  // 0: $LATEST
  static void fields(auto& self, auto&& visit) { visit(self.function, self.version); }
};

// What a version runs, and how.
struct VersionRecord {
  std::string runtime, role, handler, description;
  int32_t timeout = 3;              // seconds
  int32_t memory_size = 128;        // MB
  int32_t ephemeral_storage = 512;  // MB
  std::map<std::string, std::string> environment;
  bool has_environment = false;
  std::string architecture = "x86_64";
  std::string dead_letter_target, tracing = "PassThrough", log_format = "Text", log_group, kms_key;
  std::vector<std::string> subnets, security_groups;
  std::vector<Segment> code;  // the zip's bytes
  uint64_t code_size = 0;
  std::string code_sha256;  // base64
  Time modified;
  std::string revision;
  static void fields(auto& self, auto&& visit) {
    visit(self.runtime, self.role, self.handler, self.description, self.timeout, self.memory_size,
          self.ephemeral_storage, self.environment, self.has_environment, self.architecture, self.dead_letter_target,
          self.tracing, self.log_format, self.log_group, self.kms_key, self.subnets, self.security_groups, self.code,
          self.code_size, self.code_sha256, self.modified, self.revision);
  }
};

inline constexpr Table<VersionKey, VersionRecord> kVersions{"lambda.versions"};

}  // namespace tarn::lambda
