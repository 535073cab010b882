// Queues: made, found, listed, emptied, deleted.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/arn.h"
#include "door/door.h"
#include "door/tags.h"
#include "services/sqs/attributes.h"
#include "services/sqs/sqs.h"
#include "store/page_token.h"

namespace tarn::sqs {
namespace {

constexpr size_t kMostTags = 50;               // AWS: SQS Developer Guide, quotas
constexpr Micros kPurgeEvery = kMinute;        // AWS: PurgeQueue
constexpr Micros kNameIsKept = kMinute;        // AWS: DeleteQueue
constexpr Micros kErasedAfter = 10 * kSecond;  // longer than any send that began before takes
constexpr size_t kPage = 1'000;

bool is_queue_name(std::string_view name) {
  const std::string_view stem = name.ends_with(".fifo") ? name.substr(0, name.size() - 5) : name;
  return !stem.empty() && name.size() <= 80 &&
         std::ranges::all_of(stem, [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_'; });
}

// Where the redrive policy points: a queue of the same account, region and type, that lets it.
Status check_dead_letter_queue(Call& call, const QueueKey& source, const QueueRecord& record) {
  if (record.dead_letter_arn.empty()) return {};
  const auto refuse = [&](std::string_view reason) {
    return invalid_value(record.redrive_policy, "RedrivePolicy", reason);
  };
  const auto key = key_of_arn(record.dead_letter_arn);
  if (!key || key->owner != source.owner || key->region != source.region)
    return refuse("Dead-letter target owner should be same as the source, and its region too.");
  if (key->name == source.name) return refuse("A queue cannot be its own dead-letter queue.");
  const auto target = TRY(call.get(kQueues, *key, Lock::kShared));
  if (!target) return refuse("Dead letter target does not exist.");
  if (target->fifo != record.fifo) return refuse("Dead-letter queue must be same type of queue as the source.");
  if (!allows_redrive_from(*target, queue_arn(source)))
    return refuse("The dead-letter queue's RedriveAllowPolicy does not allow this queue.");
  return {};
}

Texts texts_of(const wire::Map<std::string>& attributes) {
  return {attributes.begin(), attributes.end()};
}

// AWS: CreateQueue of a queue that is there answers it, if what it is told fits.
Status check_same(const QueueRecord& there, QueueRecord asked, const Texts& attributes) {
  for (const auto& [name, value] : attributes)
    if (attribute_text(there, name) != attribute_text(asked, name))
      return fail(
          400, "QueueNameExists",
          fmt::format("A queue already exists with the same name and a different value for attribute {}", name));
  return {};
}

}  // namespace

Result<std::vector<Need>> create_queue_rights(Sqs&, Call& call, const CreateQueueRequest& in) {
  const std::string arn = queue_arn({call.account(), call.region(), *in.queue_name});
  std::vector<Need> needs{{.action = "sqs:CreateQueue", .resource = arn}};
  if (!in.tags.empty()) needs.push_back({.action = "sqs:TagQueue", .resource = arn});
  return needs;
}

Result<CreateQueueResult> create_queue(Sqs&, Call& call, const CreateQueueRequest& in) {
  const QueueKey key{call.account(), call.region(), *in.queue_name};
  if (!is_queue_name(key.name))
    return invalid_parameter("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length");
  const Texts attributes = texts_of(in.attributes);
  QueueRecord record;
  record.created = record.modified = call.now();
  TRY(set_attributes(record, key.name, attributes, true));
  if (in.tags.size() > kMostTags) return invalid_parameter(fmt::format("A queue has at most {} tags.", kMostTags));
  if (const auto there = TRY(call.get(kQueues, key))) {
    TRY(check_same(*there, record, attributes));
    return CreateQueueResult{.queue_url = queue_url(call, key)};
  }
  const auto deleted = TRY(call.get(kDeleted, key));
  if (deleted && deleted->when + kNameIsKept > call.now())
    return fail(400, "QueueDeletedRecently",
                "You must wait 60 seconds after deleting a queue before you can create another with the same name.");
  if (deleted) TRY(call.erase(kDeleted, key));
  TRY(check_dead_letter_queue(call, key, record));
  record.id = call.door().store().next_id();
  TRY(call.put(kQueues, key, record));
  TRY(set_tags(call.tx(), queue_arn(key), Tags(in.tags.begin(), in.tags.end())));
  return CreateQueueResult{.queue_url = queue_url(call, key)};
}

namespace {

// Keeps the name, and lets go of some that are free by now.
Status keep_name(Call& call, const QueueKey& key) {
  const auto kept = TRY(call.tx().scan(kDeleted, {.prefix = prefix_of(kDeleted, key.owner, key.region), .limit = 100}));
  for (const auto& [name, record] : kept.entries)
    if (record.when + kNameIsKept <= call.now()) TRY(call.erase(kDeleted, name));
  return call.put(kDeleted, key, {call.now()});
}

}  // namespace

Result<std::vector<Need>> delete_queue_rights(Sqs&, Call& call, const DeleteQueueRequest& in) {
  return right_on(call, *in.queue_url, "sqs:DeleteQueue");
}

Result<DeleteQueueOutput> delete_queue(Sqs& sqs, Call& call, const DeleteQueueRequest& in) {
  const FoundQueue queue = TRY(find_queue(call, *in.queue_url, Lock::kExclusive));
  TRY(call.erase(kQueues, queue.key));
  TRY(keep_name(call, queue.key));
  TRY(set_tags(call.tx(), queue_arn(queue.key), {}));
  TRY(sqs.erase_later(call.tx(), queue.record.id, UINT64_MAX, call.now() + kErasedAfter));
  call.tx().on_commit([&sqs, id = queue.record.id] { sqs.forget(id); });
  return DeleteQueueOutput{};
}

Result<std::vector<Need>> get_queue_url_rights(Sqs&, Call& call, const GetQueueUrlRequest& in) {
  const QueueKey key{call.owner(in.queue_owner_aws_account_id), call.region(), *in.queue_name};
  return std::vector<Need>{TRY(right_on(call, key, "sqs:GetQueueUrl"))};
}

Result<GetQueueUrlResult> get_queue_url(Sqs&, Call& call, const GetQueueUrlRequest& in) {
  const QueueKey key{call.owner(in.queue_owner_aws_account_id), call.region(), *in.queue_name};
  TRY(find_queue(call.tx(), key, Lock::kNone));
  return GetQueueUrlResult{.queue_url = queue_url(call, key)};
}

Result<ListQueuesResult> list_queues(Sqs&, Call& call, const ListQueuesRequest& in) {
  const std::string prefix = in.queue_name_prefix.value_or("");
  const int64_t most = in.max_results.value_or(kPage);
  if (most < 1 || most > static_cast<int64_t>(kPage))
    return invalid_value(std::to_string(most), "MaxResults", "Must be between 1 and 1000, if provided.");
  const std::string request = fmt::format("sqs:ListQueues {} {} {}", call.account(), call.region(), prefix);
  Range range{.prefix = prefix_of(kQueues, call.account(), call.region(), Starts{prefix}),
              .limit = static_cast<size_t>(most)};
  if (in.next_token && !in.next_token->empty()) {
    const auto position = page_position(call.door().store(), request, *in.next_token);
    if (!position) return invalid_parameter("Invalid or expired next token.");
    range.after = *position;
  }
  const auto page = TRY(call.tx().scan(kQueues, range));
  ListQueuesResult out;
  for (const auto& [key, record] : page.entries) out.queue_urls.push_back(queue_url(call, key));
  // AWS: without MaxResults there is no token; the list ends at 1,000.
  if (page.more && in.max_results) out.next_token = page_token(call.door().store(), request, page.last);
  return out;
}

Result<std::vector<Need>> purge_queue_rights(Sqs&, Call& call, const PurgeQueueRequest& in) {
  return right_on(call, *in.queue_url, "sqs:PurgeQueue");
}

Result<PurgeQueueOutput> purge_queue(Sqs& sqs, Call& call, const PurgeQueueRequest& in) {
  FoundQueue queue = TRY(find_queue(call, *in.queue_url, Lock::kExclusive));
  if (queue.record.purged && *queue.record.purged + kPurgeEvery > call.now())
    return fail(403, "PurgeQueueInProgress",
                fmt::format("Only one PurgeQueue operation on {} is allowed every 60 seconds.", queue.key.name));
  const auto live = TRY(sqs.live(queue));
  queue.record.purged_below = call.door().store().next_id();
  queue.record.purged = call.now();
  TRY(call.put(kQueues, queue.key, queue.record));
  TRY(sqs.erase_later(call.tx(), queue.record.id, queue.record.purged_below, call.now()));
  call.tx().on_commit([live, below = queue.record.purged_below] { live->erase_below(below); });
  return PurgeQueueOutput{};
}

Result<std::vector<Need>> list_dead_letter_source_queues_rights(Sqs&, Call& call,
                                                                const ListDeadLetterSourceQueuesRequest& in) {
  return right_on(call, *in.queue_url, "sqs:ListDeadLetterSourceQueues");
}

Result<ListDeadLetterSourceQueuesResult> list_dead_letter_source_queues(Sqs&, Call& call,
                                                                        const ListDeadLetterSourceQueuesRequest& in) {
  const FoundQueue queue = TRY(find_queue(call, *in.queue_url, Lock::kNone));
  const std::string arn = queue_arn(queue.key);
  const int64_t most = in.max_results.value_or(kPage);
  if (most < 1 || most > static_cast<int64_t>(kPage))
    return invalid_value(std::to_string(most), "MaxResults", "Must be between 1 and 1000, if provided.");
  const std::string request = "sqs:ListDeadLetterSourceQueues " + arn;
  Range range{.prefix = prefix_of(kQueues, queue.key.owner, queue.key.region)};
  if (in.next_token && !in.next_token->empty()) {
    const auto position = page_position(call.door().store(), request, *in.next_token);
    if (!position) return invalid_parameter("Invalid or expired next token.");
    range.after = *position;
  }
  ListDeadLetterSourceQueuesResult out;
  out.queue_urls.set_present();
  auto at = call.tx().cursor(kQueues, range);
  std::string last;
  for (; at.valid(); at.next()) {
    if (TRY(at.record()).dead_letter_arn != arn) continue;
    if (out.queue_urls.size() == static_cast<size_t>(most)) {
      out.next_token = page_token(call.door().store(), request, last);
      break;
    }
    out.queue_urls.push_back(queue_url(call, TRY(at.key())));
    last = at.encoded();
  }
  TRY(at.status());
  return out;
}

// --- attributes ------------------------------------------------------------------------------------------------------------

Result<std::vector<Need>> get_queue_attributes_rights(Sqs&, Call& call, const GetQueueAttributesRequest& in) {
  return right_on(call, *in.queue_url, "sqs:GetQueueAttributes");
}

Result<GetQueueAttributesResult> get_queue_attributes(Sqs& sqs, Call& call, const GetQueueAttributesRequest& in) {
  const FoundQueue queue = TRY(find_queue(call, *in.queue_url, Lock::kNone));
  const auto live = TRY(sqs.live(queue));
  live->expire(call.now() + -queue.record.retention * kSecond, false);
  const LiveQueue::Counts counts = live->counts(call.now());
  Texts known{{"QueueArn", queue_arn(queue.key)},
              {"ApproximateNumberOfMessages", std::to_string(counts.visible)},
              {"ApproximateNumberOfMessagesNotVisible", std::to_string(counts.in_flight)},
              {"ApproximateNumberOfMessagesDelayed", std::to_string(counts.delayed)},
              {"CreatedTimestamp", std::to_string(queue.record.created.seconds())},
              {"LastModifiedTimestamp", std::to_string(queue.record.modified.seconds())}};
  for (const std::string_view name : kept_attributes())
    if (auto text = attribute_text(queue.record, name)) known.emplace_back(name, *text);
  const auto kept = kept_attributes();
  GetQueueAttributesResult out;
  for (const std::string& wanted : in.attribute_names) {
    bool met = wanted == "All" || std::ranges::find(kept, wanted) != kept.end();
    for (const auto& [name, value] : known) {
      if (wanted != "All" && wanted != name) continue;
      out.attributes[name] = value;
      met = true;
    }
    if (!met) return fail(400, "InvalidAttributeName", fmt::format("Unknown Attribute {}.", wanted));
  }
  return out;
}

Result<std::vector<Need>> set_queue_attributes_rights(Sqs&, Call& call, const SetQueueAttributesRequest& in) {
  return right_on(call, *in.queue_url, "sqs:SetQueueAttributes");
}

Result<SetQueueAttributesOutput> set_queue_attributes(Sqs&, Call& call, const SetQueueAttributesRequest& in) {
  FoundQueue queue = TRY(find_queue(call, *in.queue_url, Lock::kExclusive));
  TRY(set_attributes(queue.record, queue.key.name, texts_of(in.attributes), false));
  if (in.attributes.contains("RedrivePolicy")) TRY(check_dead_letter_queue(call, queue.key, queue.record));
  queue.record.modified = call.now();
  TRY(call.put(kQueues, queue.key, queue.record));
  return SetQueueAttributesOutput{};
}

}  // namespace tarn::sqs
