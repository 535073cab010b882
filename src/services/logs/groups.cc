// Log groups and how long they keep their events.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "door/arn.h"
#include "door/door.h"
#include "door/tags.h"
#include "services/logs/logs.h"
#include "services/logs/subscriptions.h"
#include "store/page_token.h"

namespace tarn::logs {
namespace {

constexpr int32_t kPage = 50;

Status refuse(bool present, std::string_view member, std::string_view why) {
  if (present) return invalid(fmt::format("{} is not supported: {}.", member, why));
  return {};
}

Result<int64_t> stored_bytes(Call& call, uint64_t group_id) {
  int64_t bytes = 0;
  auto at = call.tx().cursor(kStreams, {.prefix = prefix_of(kStreams, group_id)});
  for (; at.valid(); at.next()) bytes += static_cast<int64_t>(TRY(at.record()).bytes);
  TRY(at.status());
  return bytes;
}

Result<LogGroup> to_wire(Call& call, const GroupKey& key, const GroupRecord& record) {
  LogGroup out{.log_group_name = key.name,
               .creation_time = record.created.millis(),
               .metric_filter_count = record.metric_filters,
               .arn = group_arn(key) + ":*",
               .stored_bytes = TRY(stored_bytes(call, record.id)),
               .log_group_class = record.log_class,
               .log_group_arn = group_arn(key)};
  out.deletion_protection_enabled = record.deletion_protected;
  if (record.retention_days > 0) out.retention_in_days = record.retention_days;
  return out;
}

Status check_linked(bool accounts, const std::optional<bool>& linked) {
  return refuse(accounts || linked.value_or(false), "includeLinkedAccounts", "accounts are not linked");
}

}  // namespace

// With tags the caller needs the right to tag as well. AWS: CreateLogGroup, tags.
Result<std::vector<Need>> create_log_group_rights(Logs&, Call& call, const CreateLogGroupRequest& in) {
  const std::string arn = call.arn("logs", "log-group:" + *in.log_group_name);
  std::vector<Need> needs = {{.action = "logs:CreateLogGroup", .resource = arn + ":log-stream:"}};
  if (!in.tags.empty()) needs.push_back({.action = "logs:TagResource", .resource = arn});
  return needs;
}

Result<CreateLogGroupOutput> create_log_group(Logs&, Call& call, const CreateLogGroupRequest& in) {
  TRY(refuse(in.kms_key_id.has_value(), "kmsKeyId", "there are no customer keys"));
  const GroupKey key{call.account(), call.region(), *in.log_group_name};
  if (TRY(call.get(kGroups, key))) return already_there("The specified log group already exists");
  GroupRecord record{.id = call.door().store().next_id(), .created = call.now()};
  record.log_class = in.log_group_class.value_or("STANDARD");
  record.deletion_protected = in.deletion_protection_enabled.value_or(false);
  TRY(call.put(kGroups, key, record));
  if (!in.tags.empty()) TRY(add_tags(call.tx(), group_arn(key), Tags(in.tags.begin(), in.tags.end())));
  return CreateLogGroupOutput{};
}

Result<DeleteLogGroupOutput> delete_log_group(Logs&, Call& call, const DeleteLogGroupRequest& in) {
  const FoundGroup group = TRY(find_group(call, *in.log_group_name, Lock::kExclusive));
  if (group.record.deletion_protected)
    return fail(
        400, "ValidationException",
        fmt::format("Log group {} is protected from deletion: switch its protection off first.", group.key.name));
  std::vector<StreamKey> streams;
  auto at = call.tx().cursor(kStreams, {.prefix = prefix_of(kStreams, group.record.id)});
  for (; at.valid(); at.next()) {
    TRY(erase_chunks(call.tx(), TRY(at.record()).id));
    streams.push_back(TRY(at.key()));
  }
  TRY(at.status());
  for (const StreamKey& stream : streams) TRY(call.erase(kStreams, stream));
  TRY(erase_filters(call.tx(), group.record.id));
  TRY(call.erase(kGroups, group.key));
  TRY(set_tags(call.tx(), group_arn(group.key), {}));
  return DeleteLogGroupOutput{};
}

Result<DescribeLogGroupsResponse> describe_log_groups(Logs&, Call& call, const DescribeLogGroupsRequest& in) {
  TRY(check_linked(!in.account_identifiers.empty(), in.include_linked_accounts));
  if (in.log_group_name_prefix && in.log_group_name_pattern)
    return invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.");
  std::vector<std::string> wanted;
  for (const std::string& identifier : in.log_group_identifiers) wanted.push_back(group_name({}, identifier));
  const std::string request = fmt::format("DescribeLogGroups {} {} {} {} {} {}", call.account(), call.region(),
                                          in.log_group_name_prefix.value_or(""), in.log_group_name_pattern.value_or(""),
                                          in.log_group_class.value_or(""), fmt::join(wanted, ","));
  const auto limit = static_cast<size_t>(in.limit.value_or(kPage));
  DescribeLogGroupsResponse out;
  out.log_groups.set_present();
  auto at = call.tx().cursor(kGroups, {.prefix = prefix_of(kGroups, call.account(), call.region(),
                                                           Starts{in.log_group_name_prefix.value_or("")}),
                                       .after = TRY(page_start(call, request, in.next_token))});
  for (std::string last; at.valid(); at.next()) {
    const GroupKey key = TRY(at.key());
    // AWS: a pattern is a case-insensitive part of the name.
    if (in.log_group_name_pattern && lower(key.name).find(lower(*in.log_group_name_pattern)) == std::string::npos)
      continue;
    if (!wanted.empty() && std::ranges::find(wanted, key.name) == wanted.end()) continue;
    const GroupRecord record = TRY(at.record());
    if (in.log_group_class && record.log_class != *in.log_group_class) continue;
    if (out.log_groups.size() == limit) {
      out.next_token = page_token(call.door().store(), request, last);
      break;
    }
    out.log_groups.push_back(TRY(to_wire(call, key, record)));
    last = at.encoded();
  }
  TRY(at.status());
  return out;
}

Result<ListLogGroupsResponse> list_log_groups(Logs&, Call& call, const ListLogGroupsRequest& in) {
  TRY(check_linked(!in.account_identifiers.empty(), in.include_linked_accounts));
  TRY(refuse(!in.data_sources.empty(), "dataSources", "groups are not told apart by source"));
  TRY(refuse(!in.field_index_names.empty(), "fieldIndexNames", "there are no field indexes"));
  TRY(refuse(!in.log_group_tags.empty(), "logGroupTags", "list the groups and look at their tags"));
  const std::string pattern = in.log_group_name_pattern.value_or("");
  const std::string request =
      fmt::format("ListLogGroups {} {} {} {}", call.account(), call.region(), pattern, in.log_group_class.value_or(""));
  const auto limit = static_cast<size_t>(in.limit.value_or(kPage));
  // AWS: the pattern is a part of the name, at its beginning after '^'; '|' between several.
  const auto matches = [&](const std::string& name) {
    if (pattern.empty()) return true;
    return std::ranges::any_of(split(pattern, '|'), [&](std::string_view part) {
      return part.starts_with('^') ? name.starts_with(part.substr(1)) : name.find(part) != std::string::npos;
    });
  };
  ListLogGroupsResponse out;
  out.log_groups.set_present();
  auto at = call.tx().cursor(kGroups, {.prefix = prefix_of(kGroups, call.account(), call.region()),
                                       .after = TRY(page_start(call, request, in.next_token))});
  for (std::string last; at.valid(); at.next()) {
    const GroupKey key = TRY(at.key());
    const GroupRecord record = TRY(at.record());
    if (!matches(key.name) || (in.log_group_class && record.log_class != *in.log_group_class)) continue;
    if (out.log_groups.size() == limit) {
      out.next_token = page_token(call.door().store(), request, last);
      break;
    }
    out.log_groups.push_back(
        {.log_group_name = key.name, .log_group_arn = group_arn(key), .log_group_class = record.log_class});
    last = at.encoded();
  }
  TRY(at.status());
  return out;
}

// --- protection ------------------------------------------------------------------------------------------------------

Result<std::vector<Need>> put_log_group_deletion_protection_rights(Logs&, Call& call,
                                                                   const PutLogGroupDeletionProtectionRequest& in) {
  const std::string name = group_name({}, in.log_group_identifier);
  return std::vector<Need>{{.action = "logs:PutLogGroupDeletionProtection",
                            .resource = call.arn("logs", fmt::format("log-group:{}:log-stream:", name))}};
}

Result<PutLogGroupDeletionProtectionOutput> put_log_group_deletion_protection(
    Logs&, Call& call, const PutLogGroupDeletionProtectionRequest& in) {
  FoundGroup group = TRY(find_group(call, {}, in.log_group_identifier, Lock::kExclusive));
  group.record.deletion_protected = *in.deletion_protection_enabled;
  TRY(call.put(kGroups, group.key, group.record));
  return PutLogGroupDeletionProtectionOutput{};
}

// --- retention -------------------------------------------------------------------------------------------------------

Result<PutRetentionPolicyOutput> put_retention_policy(Logs& logs, Call& call, const PutRetentionPolicyRequest& in) {
  // AWS: PutRetentionPolicy, the possible values.
  static constexpr std::array kDays = {1,   3,   5,   7,   14,   30,   60,   90,   120,  150,  180,
                                       365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653};
  FoundGroup group = TRY(find_group(call, *in.log_group_name, Lock::kExclusive));
  if (std::ranges::find(kDays, *in.retention_in_days) == kDays.end())
    return invalid(
        fmt::format("Invalid retention value. {} is not one of [{}].", *in.retention_in_days, fmt::join(kDays, ", ")));
  group.record.retention_days = *in.retention_in_days;
  TRY(call.put(kGroups, group.key, group.record));
  TRY(logs.watch_retention(call.tx(), group.key, call.now()));
  return PutRetentionPolicyOutput{};
}

Result<DeleteRetentionPolicyOutput> delete_retention_policy(Logs&, Call& call, const DeleteRetentionPolicyRequest& in) {
  FoundGroup group = TRY(find_group(call, *in.log_group_name, Lock::kExclusive));
  group.record.retention_days = 0;  // the timer finds nothing to do and ends
  TRY(call.put(kGroups, group.key, group.record));
  return DeleteRetentionPolicyOutput{};
}

}  // namespace tarn::logs
