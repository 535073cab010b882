// What a receiver does with its receipt: deleting a message, and saying for how long nobody else shall see it.
#include <fmt/format.h>

#include "door/door.h"
#include "services/sqs/message_check.h"
#include "services/sqs/sqs.h"

namespace tarn::sqs {
namespace {

constexpr int64_t kLongestVisibility = 43'200;  // AWS: ChangeMessageVisibility: 12 hours

Result<Receipt> read_receipt(const FoundQueue& queue, const std::string& handle) {
  const auto receipt = read_receipt_handle(handle);
  if (!receipt || receipt->queue_id != queue.record.id)
    return fail(404, "ReceiptHandleIsInvalid",
                fmt::format("The input receipt handle \"{}\" is not a valid receipt handle.", handle.substr(0, 256)));
  return *receipt;
}

// AWS: DeleteMessage of what is deleted already is no error; of a FIFO queue's message whose visibility timeout is over
// it is one.
Status delete_one(Sqs& sqs, Call& call, const FoundQueue& queue, const std::string& handle) {
  const Receipt receipt = TRY(read_receipt(queue, handle));
  const auto live = TRY(sqs.live(queue));
  if (!live->may_delete(receipt.number, receipt.receipt, call.now()))
    return invalid_value(handle, "ReceiptHandle", "The receipt handle has expired.");
  return sqs.erase_message(call.tx(), live, {queue.record.id, receipt.number});
}

Status change_one(Sqs& sqs, Call& call, const FoundQueue& queue, const std::string& handle, int64_t seconds) {
  if (seconds < 0 || seconds > kLongestVisibility)
    return invalid_value(std::to_string(seconds), "VisibilityTimeout",
                         "VisibilityTimeout must be an integer between 0 and 43200");
  const Receipt receipt = TRY(read_receipt(queue, handle));
  const auto live = TRY(sqs.live(queue));
  if (!live->change_visibility(receipt.number, receipt.receipt, call.now(), call.now() + seconds * kSecond))
    return invalid_value(handle, "ReceiptHandle",
                         "Message does not exist or is not available for visibility timeout change.");
  return {};
}

}  // namespace

Result<std::vector<Need>> delete_message_rights(Sqs&, Call& call, const DeleteMessageRequest& in) {
  return right_on(call, *in.queue_url, "sqs:DeleteMessage");
}

Result<DeleteMessageOutput> delete_message(Sqs& sqs, Call& call, const DeleteMessageRequest& in) {
  const FoundQueue queue = TRY(find_queue(call, *in.queue_url, Lock::kNone));
  TRY(delete_one(sqs, call, queue, *in.receipt_handle));
  return DeleteMessageOutput{};
}

Result<std::vector<Need>> delete_message_batch_rights(Sqs&, Call& call, const DeleteMessageBatchRequest& in) {
  return right_on(call, *in.queue_url, "sqs:DeleteMessage");
}

Result<DeleteMessageBatchResult> delete_message_batch(Sqs& sqs, Call& call, const DeleteMessageBatchRequest& in) {
  TRY(check_batch(in.entries));
  const FoundQueue queue = TRY(find_queue(call, *in.queue_url, Lock::kNone));
  DeleteMessageBatchResult out;
  out.successful.set_present();
  out.failed.set_present();
  for (const DeleteMessageBatchRequestEntry& entry : in.entries) {
    const Status deleted = delete_one(sqs, call, queue, *entry.receipt_handle);
    if (deleted)
      out.successful.push_back({.id = *entry.id});
    else if (is_conflict(deleted.error()))
      return Failure(deleted.error());
    else
      out.failed.push_back(failed_entry(*entry.id, deleted.error()));
  }
  return out;
}

Result<std::vector<Need>> change_message_visibility_rights(Sqs&, Call& call, const ChangeMessageVisibilityRequest& in) {
  return right_on(call, *in.queue_url, "sqs:ChangeMessageVisibility");
}

Result<ChangeMessageVisibilityOutput> change_message_visibility(Sqs& sqs, Call& call,
                                                                const ChangeMessageVisibilityRequest& in) {
  const FoundQueue queue = TRY(find_queue(call, *in.queue_url, Lock::kNone));
  TRY(change_one(sqs, call, queue, *in.receipt_handle, *in.visibility_timeout));
  return ChangeMessageVisibilityOutput{};
}

Result<std::vector<Need>> change_message_visibility_batch_rights(Sqs&, Call& call,
                                                                 const ChangeMessageVisibilityBatchRequest& in) {
  return right_on(call, *in.queue_url, "sqs:ChangeMessageVisibility");
}

Result<ChangeMessageVisibilityBatchResult> change_message_visibility_batch(
    Sqs& sqs, Call& call, const ChangeMessageVisibilityBatchRequest& in) {
  TRY(check_batch(in.entries));
  const FoundQueue queue = TRY(find_queue(call, *in.queue_url, Lock::kNone));
  ChangeMessageVisibilityBatchResult out;
  out.successful.set_present();
  out.failed.set_present();
  for (const ChangeMessageVisibilityBatchRequestEntry& entry : in.entries) {
    Status changed = missing_parameter("VisibilityTimeout");
    if (entry.visibility_timeout)
      changed = change_one(sqs, call, queue, *entry.receipt_handle, *entry.visibility_timeout);
    if (changed)
      out.successful.push_back({.id = *entry.id});
    else
      out.failed.push_back(failed_entry(*entry.id, changed.error()));
  }
  return out;
}

}  // namespace tarn::sqs
