// Who may use a queue: statements of its policy. And tags.
#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "door/arn.h"
#include "door/door.h"
#include "door/tags.h"
#include "services/sqs/sqs.h"

namespace tarn::sqs {
namespace {

constexpr size_t kMostTags = 50;        // AWS: SQS Developer Guide, quotas
constexpr size_t kMostStatements = 20;  // AWS: SQS Developer Guide, quotas related to policies
constexpr size_t kMostActions = 7;

// AWS: AddPermission, Actions.
constexpr std::string_view kShareable[] = {"*",
                                           "SendMessage",
                                           "ReceiveMessage",
                                           "DeleteMessage",
                                           "ChangeMessageVisibility",
                                           "GetQueueAttributes",
                                           "GetQueueUrl",
                                           "ListDeadLetterSourceQueues",
                                           "PurgeQueue",
                                           "ListQueueTags"};

Json policy_of(const FoundQueue& queue) {
  if (auto policy = Json::parse(queue.record.policy); policy && policy->is_object()) return std::move(*policy);
  return Json::object(
      {{"Version", "2008-10-17"}, {"Id", queue_arn(queue.key) + "/SQSDefaultPolicy"}, {"Statement", Json::array()}});
}

// A policy may hold one statement without a list around it.
std::vector<Json> statements_of(const Json& policy) {
  const Json& statement = policy["Statement"];
  if (statement.is_object()) return {statement};
  return statement.items();
}

// As AWS writes them: one alone is no list.
Json one_or_all(Json list) {
  return list.size() == 1 ? list.at(0) : std::move(list);
}

Result<Json> statement_of(const FoundQueue& queue, const AddPermissionRequest& in) {
  Json who = Json::array(), what = Json::array();
  for (const std::string& account : in.aws_account_ids) {
    if (!is_account_id(account)) return invalid_value(account, "PrincipalId", "Unable to verify.");
    who.push(fmt::format("arn:aws:iam::{}:root", account));
  }
  for (const std::string& action : in.actions) {
    if (std::ranges::find(kShareable, action) == std::end(kShareable))
      return invalid_value(fmt::format("SQS:{}", action), "ActionName",
                           "Please refer to the appropriate WSDL for a list of valid actions.");
    what.push("SQS:" + action);
  }
  if (who.size() == 0) return missing_parameter("AWSAccountIds");
  if (what.size() == 0) return missing_parameter("Actions");
  if (what.size() > kMostActions)
    return fail(403, "OverLimit",
                fmt::format("{} Actions were found, maximum allowed is {}.", what.size(), kMostActions));
  return Json::object({{"Sid", *in.label},
                       {"Effect", "Allow"},
                       {"Principal", Json::object({{"AWS", one_or_all(std::move(who))}})},
                       {"Action", one_or_all(std::move(what))},
                       {"Resource", queue_arn(queue.key)}});
}

Status put_statements(Call& call, FoundQueue& queue, Json policy, std::vector<Json> statements) {
  const bool none = statements.empty();
  policy.set("Statement", Json::array(std::move(statements)));
  queue.record.policy = none ? std::string() : policy.text();
  queue.record.modified = call.now();
  return call.put(kQueues, queue.key, queue.record);
}

}  // namespace

Result<std::vector<Need>> add_permission_rights(Sqs&, Call& call, const AddPermissionRequest& in) {
  return right_on(call, *in.queue_url, "sqs:AddPermission");
}

Result<AddPermissionOutput> add_permission(Sqs&, Call& call, const AddPermissionRequest& in) {
  FoundQueue queue = TRY(find_queue(call, *in.queue_url, Lock::kExclusive));
  Json policy = policy_of(queue);
  std::vector<Json> statements = statements_of(policy);
  for (const Json& statement : statements)
    if (statement["Sid"].as_string() == *in.label) return invalid_value(*in.label, "Label", "Already exists.");
  if (statements.size() >= kMostStatements)
    return fail(403, "OverLimit", fmt::format("A queue's policy has at most {} statements.", kMostStatements));
  statements.push_back(TRY(statement_of(queue, in)));
  TRY(put_statements(call, queue, std::move(policy), std::move(statements)));
  return AddPermissionOutput{};
}

Result<std::vector<Need>> remove_permission_rights(Sqs&, Call& call, const RemovePermissionRequest& in) {
  return right_on(call, *in.queue_url, "sqs:RemovePermission");
}

Result<RemovePermissionOutput> remove_permission(Sqs&, Call& call, const RemovePermissionRequest& in) {
  FoundQueue queue = TRY(find_queue(call, *in.queue_url, Lock::kExclusive));
  Json policy = policy_of(queue);
  std::vector<Json> statements = statements_of(policy);
  const size_t removed =
      std::erase_if(statements, [&](const Json& statement) { return statement["Sid"].as_string() == *in.label; });
  if (removed == 0) return invalid_value(*in.label, "Label", "can't find label.");
  TRY(put_statements(call, queue, std::move(policy), std::move(statements)));
  return RemovePermissionOutput{};
}

// --- tags ----------------------------------------------------------------------------------------------------------------

Result<std::vector<Need>> tag_queue_rights(Sqs&, Call& call, const TagQueueRequest& in) {
  return right_on(call, *in.queue_url, "sqs:TagQueue");
}

Result<TagQueueOutput> tag_queue(Sqs&, Call& call, const TagQueueRequest& in) {
  const FoundQueue queue = TRY(find_queue(call, *in.queue_url, Lock::kShared));
  Tags tags = TRY(tags_of(call.tx(), queue_arn(queue.key)));
  for (const auto& [name, value] : in.tags) {
    if (name.empty() || utf8_length(name) > 128 || utf8_length(value) > 256)
      return invalid_parameter(fmt::format(
          "The tag '{}' is too long, or has no name: a key has 1 to 128 characters, a value up to 256.", name));
    tags[name] = value;
  }
  if (tags.size() > kMostTags)
    return invalid_parameter(fmt::format("Too many tags added for queue {}.", queue.key.name));
  TRY(set_tags(call.tx(), queue_arn(queue.key), tags));
  return TagQueueOutput{};
}

Result<std::vector<Need>> untag_queue_rights(Sqs&, Call& call, const UntagQueueRequest& in) {
  return right_on(call, *in.queue_url, "sqs:UntagQueue");
}

Result<UntagQueueOutput> untag_queue(Sqs&, Call& call, const UntagQueueRequest& in) {
  const FoundQueue queue = TRY(find_queue(call, *in.queue_url, Lock::kShared));
  TRY(remove_tags(call.tx(), queue_arn(queue.key), in.tag_keys.items()));
  return UntagQueueOutput{};
}

Result<std::vector<Need>> list_queue_tags_rights(Sqs&, Call& call, const ListQueueTagsRequest& in) {
  return right_on(call, *in.queue_url, "sqs:ListQueueTags");
}

Result<ListQueueTagsResult> list_queue_tags(Sqs&, Call& call, const ListQueueTagsRequest& in) {
  const FoundQueue queue = TRY(find_queue(call, *in.queue_url, Lock::kNone));
  const Tags tags = TRY(tags_of(call.tx(), queue_arn(queue.key)));
  ListQueueTagsResult out;
  for (const auto& [name, value] : tags) out.tags[name] = value;
  return out;
}

}  // namespace tarn::sqs
