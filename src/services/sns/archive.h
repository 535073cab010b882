// The archive of a FIFO topic, and its replays to single subscriptions.
//
// AWS: SNS Developer Guide, "Amazon SNS message archiving and replay for FIFO topics". A subscription hears nothing new
// while its replay goes: what is published meanwhile is in the archive, and comes behind, in its order.
#pragma once

#include <string>
#include <string_view>

#include "services/sns/sns.h"

namespace tarn::sns {

// "{}" is as good as none. ERRORS: InvalidParameter.
Status check_archive_policy(const TopicRecord& topic, std::string_view value);
// How long messages are kept; 0: they are not.
Micros retention_of(const TopicRecord& topic);
// The earliest moment that a replay may begin with. REQUIRES: messages are kept.
Time archive_begins(const TopicRecord& topic, Time now);

Status keep_in_archive(Call& call, const FoundTopic& topic, const Notification& notification);
Status empty_archive(Call& call, const TopicKey& topic);

// Begins, changes or (with an empty policy) ends what the subscription's policy says. REQUIRES: the caller puts the
// record into the same transaction. ERRORS: InvalidParameter, its text beginning with `at`.
Status start_replay(Sns& sns, Call& call, const FoundTopic& topic, FoundSubscription& to, std::string_view at);

}  // namespace tarn::sns
