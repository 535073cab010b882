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

constexpr int64_t kAccountConcurrency = 1000;  // AWS: Lambda quotas: an account's default

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
  std::string code_signing;  // ARN of a configuration; empty: none
  bool may_recurse = false;
  static void fields(auto& self, auto&& visit) {
    visit(self.id, self.last_version, self.reserved_concurrency, self.permissions, self.code_signing, self.may_recurse);
  }
};

inline constexpr Table<FunctionKey, FunctionRecord> kFunctions{"lambda.functions"};

struct VersionKey {
  uint64_t function = 0;
  uint64_t version = 0;  // 0: $LATEST
  static void fields(auto& self, auto&& visit) { visit(self.function, self.version); }
};

// A layer's version as a function uses it: kept by the function, so that it may be deleted meanwhile. AWS: DeleteLayerVersion.
struct LayerUse {
  std::string arn;
  std::vector<Segment> code;
  uint64_t code_size = 0;
  std::string code_sha256;  // base64
  uint64_t unzipped = 0;    // how large its files are
  static void fields(auto& self, auto&& visit) {
    visit(self.arn, self.code, self.code_size, self.code_sha256, self.unzipped);
  }
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
  std::vector<LayerUse> layers;  // the later ones' files cover those of the earlier
  std::string runtime_updates = "Auto";
  uint64_t unzipped = 0;  // how large the code's files are
  static void fields(auto& self, auto&& visit) {
    visit(self.runtime, self.role, self.handler, self.description, self.timeout, self.memory_size,
          self.ephemeral_storage, self.environment, self.has_environment, self.architecture, self.dead_letter_target,
          self.tracing, self.log_format, self.log_group, self.kms_key, self.subnets, self.security_groups, self.code,
          self.code_size, self.code_sha256, self.modified, self.revision, self.layers, self.runtime_updates,
          self.unzipped);
  }
};

inline constexpr Table<VersionKey, VersionRecord> kVersions{"lambda.versions"};

struct AliasKey {
  uint64_t function = 0;
  std::string name;
  static void fields(auto& self, auto&& visit) { visit(self.function, self.name); }
};

struct AliasRecord {
  uint64_t version = 0;
  std::string description, revision;
  std::map<std::string, double> weights;  // by version: the part of its calls that go there instead
  static void fields(auto& self, auto&& visit) { visit(self.version, self.description, self.revision, self.weights); }
};

inline constexpr Table<AliasKey, AliasRecord> kAliases{"lambda.aliases"};

// How asynchronous calls of a function, a version or an alias are treated.
struct EventConfigKey {
  uint64_t function = 0;
  std::string qualifier;  // "$LATEST", a version, an alias
  static void fields(auto& self, auto&& visit) { visit(self.function, self.qualifier); }
};

struct EventConfigRecord {
  std::optional<int32_t> retries, seconds;  // at most
  std::string on_success, on_failure;       // ARNs; empty: none
  Time modified;
  static void fields(auto& self, auto&& visit) {
    visit(self.retries, self.seconds, self.on_success, self.on_failure, self.modified);
  }
};

inline constexpr Table<EventConfigKey, EventConfigRecord> kEventConfigs{"lambda.event_configs"};

struct LayerKey {
  std::string account, region, name;
  static void fields(auto& self, auto&& visit) { visit(self.account, self.region, self.name); }
};

struct LayerRecord {
  uint64_t last_version = 0;  // numbers are not given twice
  static void fields(auto& self, auto&& visit) { visit(self.last_version); }
};

inline constexpr Table<LayerKey, LayerRecord> kLayers{"lambda.layers"};

struct LayerVersionKey {
  std::string account, region, name;
  uint64_t version = 0;
  static void fields(auto& self, auto&& visit) { visit(self.account, self.region, self.name, self.version); }
};

struct LayerVersionRecord {
  std::string description, license;
  std::vector<std::string> architectures, runtimes;
  std::vector<Segment> code;
  uint64_t code_size = 0;
  std::string code_sha256;
  Time created;
  std::vector<PermissionRecord> permissions;
  uint64_t unzipped = 0;  // how large its files are
  static void fields(auto& self, auto&& visit) {
    visit(self.description, self.license, self.architectures, self.runtimes, self.code, self.code_size,
          self.code_sha256, self.created, self.permissions, self.unzipped);
  }
};

inline constexpr Table<LayerVersionKey, LayerVersionRecord> kLayerVersions{"lambda.layer_versions"};

struct CodeSigningKey {
  std::string account, region, id;
  static void fields(auto& self, auto&& visit) { visit(self.account, self.region, self.id); }
};

// Who may sign code, and what becomes of other code.
struct CodeSigningRecord {
  std::string description;
  std::vector<std::string> publishers;  // ARNs of signing profiles' versions
  bool enforced = false;
  Time modified;
  static void fields(auto& self, auto&& visit) {
    visit(self.description, self.publishers, self.enforced, self.modified);
  }
};

inline constexpr Table<CodeSigningKey, CodeSigningRecord> kCodeSigning{"lambda.code_signing"};

// Environments that are there before they are called.
struct ProvisionedKey {
  uint64_t function = 0;
  std::string qualifier;  // a version or an alias
  static void fields(auto& self, auto&& visit) { visit(self.function, self.qualifier); }
};

struct ProvisionedRecord {
  FunctionKey function;
  int32_t count = 0;
  Time modified;
  static void fields(auto& self, auto&& visit) { visit(self.function, self.count, self.modified); }
};

inline constexpr Table<ProvisionedKey, ProvisionedRecord> kProvisioned{"lambda.provisioned"};

// A function's own address.
struct UrlKey {
  uint64_t function = 0;
  std::string qualifier;  // an alias, or empty
  static void fields(auto& self, auto&& visit) { visit(self.function, self.qualifier); }
};

struct UrlRecord {
  std::string id;  // the host's first label
  std::string auth = "AWS_IAM", mode = "BUFFERED";
  bool has_cors = false, credentials = false;
  std::vector<std::string> origins, methods, headers, exposed;
  std::optional<int32_t> max_age;
  Time created, modified;
  static void fields(auto& self, auto&& visit) {
    visit(self.id, self.auth, self.mode, self.has_cors, self.credentials, self.origins, self.methods, self.headers,
          self.exposed, self.max_age, self.created, self.modified);
  }
};

inline constexpr Table<UrlKey, UrlRecord> kUrls{"lambda.urls"};

struct UrlIdKey {
  std::string id;
  static void fields(auto& self, auto&& visit) { visit(self.id); }
};

struct UrlIdRecord {
  FunctionKey function;
  std::string qualifier;
  static void fields(auto& self, auto&& visit) { visit(self.function, self.qualifier); }
};

inline constexpr Table<UrlIdKey, UrlIdRecord> kUrlIds{"lambda.url_ids"};

struct MappingKey {
  std::string account, region, uuid;
  static void fields(auto& self, auto&& visit) { visit(self.account, self.region, self.uuid); }
};

// A queue whose messages a function is called with.
struct MappingRecord {
  std::string source, function, qualifier;  // ARNs of the queue and of the function
  bool enabled = true;
  int32_t batch_size = 10, window = 0;  // seconds
  std::optional<int32_t> most_running;  // calls at once
  std::vector<std::string> filters;     // event patterns
  bool reports_failures = false;        // ReportBatchItemFailures
  Time modified;
  static void fields(auto& self, auto&& visit) {
    visit(self.source, self.function, self.qualifier, self.enabled, self.batch_size, self.window, self.most_running,
          self.filters, self.reports_failures, self.modified);
  }
};

inline constexpr Table<MappingKey, MappingRecord> kMappings{"lambda.mappings"};

}  // namespace tarn::lambda
