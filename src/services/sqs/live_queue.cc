#include "services/sqs/live_queue.h"

#include <algorithm>

namespace tarn::sqs {
namespace {

constexpr Micros kAttemptsKept = 5 * kMinute;  // AWS: ReceiveMessage, ReceiveRequestAttemptId

}  // namespace

// --- entries and groups ------------------------------------------------------------------------------------------------

LiveQueue::Entries::iterator LiveQueue::add(const LiveMessage& message) {
  Entry entry{.sent = message.sent, .visible = message.visible};
  if (fifo_) {
    const auto group = groups_.try_emplace(message.group).first;
    group->second.at = group;
    group->second.numbers.insert(message.number);
    entry.group = &group->second;
  } else {
    entry.turn = served_;
    entry.tenant = tenants_.end();
    if (!message.group.empty()) {
      entry.tenant = tenants_.try_emplace(message.group).first;
      Tenant& tenant = entry.tenant->second;
      ++tenant.messages;
      entry.turn = std::max(tenant.turn, served_);
      tenant.turn = entry.turn + 1;
    }
  }
  ++in_state_[static_cast<size_t>(entry.state)];
  return entries_.emplace(message.number, entry).first;
}

void LiveQueue::set_state(Entries::iterator at, State state, Time visible) {
  auto& [number, entry] = *at;
  if (entry.state == State::kDelayed || entry.state == State::kInFlight) later_.erase({entry.visible, number});
  if (entry.state == State::kReady && !fifo_) ready_.erase({entry.turn, number});
  --in_state_[static_cast<size_t>(entry.state)];
  ++in_state_[static_cast<size_t>(state)];
  entry.state = state;
  entry.visible = visible;
  if (state == State::kDelayed || state == State::kInFlight) later_.insert({visible, number});
  if (state == State::kReady && !fifo_) ready_.insert({entry.turn, number});
  if (entry.group != nullptr) refresh(*entry.group);
}

void LiveQueue::remove(Entries::iterator at) {
  const uint64_t number = at->first;
  Group* group = at->second.group;
  if (!fifo_ && at->second.tenant != tenants_.end() && --at->second.tenant->second.messages == 0)
    tenants_.erase(at->second.tenant);
  set_state(at, State::kComing, at->second.visible);
  --in_state_[static_cast<size_t>(State::kComing)];
  entries_.erase(at);
  if (group == nullptr) return;
  group->numbers.erase(number);
  refresh(*group);
  if (!group->numbers.empty()) return;
  groups_.erase(group->at);
}

// A group is open while its first message may be received, whatever the later ones do.
void LiveQueue::refresh(Group& group) {
  uint64_t open = 0;
  if (!group.numbers.empty()) {
    const uint64_t head = *group.numbers.begin();
    if (const auto at = entries_.find(head); at != entries_.end() && at->second.state == State::kReady) open = head;
  }
  if (open == group.open) return;
  if (group.open != 0) ready_.erase({group.turn, group.open});
  if (group.open == 0) group.turn = ++turns_;
  if (open != 0) ready_.insert({group.turn, open});
  group.open = open;
}

void LiveQueue::settle(Time now) {
  while (!later_.empty() && later_.begin()->first <= now)
    set_state(entries_.find(later_.begin()->second), State::kReady, later_.begin()->first);
}

// --- coming and going --------------------------------------------------------------------------------------------------

Status LiveQueue::load_once(const std::function<Result<std::vector<LiveMessage>>()>& read) {
  const std::lock_guard lock(mutex_);
  if (loaded_) return {};
  const std::vector<LiveMessage> messages = TRY(read());
  for (const LiveMessage& message : messages)
    set_state(add(message), message.visible > message.sent ? State::kDelayed : State::kReady, message.visible);
  loaded_ = true;
  return {};
}

std::optional<LiveQueue::Place> LiveQueue::reserve(const LiveMessage& message) {
  const std::lock_guard lock(mutex_);
  if (closed_) return std::nullopt;
  add(message);
  return Place(shared_from_this(), message.number);
}

void LiveQueue::Place::publish() {
  const std::shared_ptr<LiveQueue> queue = std::exchange(queue_, nullptr);
  {
    const std::lock_guard lock(queue->mutex_);
    const auto at = queue->entries_.find(number_);
    if (at == queue->entries_.end()) return;  // purged meanwhile
    const Entry& entry = at->second;
    queue->set_state(at, entry.visible > entry.sent ? State::kDelayed : State::kReady, entry.visible);
  }
  queue->changed_();
}

LiveQueue::Place::~Place() {
  if (!queue_) return;
  {
    const std::lock_guard lock(queue_->mutex_);
    const auto at = queue_->entries_.find(number_);
    if (at == queue_->entries_.end()) return;
    queue_->remove(at);
  }
  queue_->changed_();  // those behind it in its group wait no longer
}

void LiveQueue::erase(uint64_t number) {
  {
    const std::lock_guard lock(mutex_);
    const auto at = entries_.find(number);
    if (at == entries_.end()) return;
    remove(at);
    if (!fifo_) return;
  }
  changed_();
}

void LiveQueue::erase_below(uint64_t number) {
  const std::lock_guard lock(mutex_);
  while (!entries_.empty() && entries_.begin()->first < number) remove(entries_.begin());
}

void LiveQueue::expire(Time sent_after, bool all) {
  const std::lock_guard lock(mutex_);
  for (auto at = entries_.begin(); at != entries_.end();) {
    const auto next = std::next(at);
    if (is_old(at->second, sent_after)) {
      expired_.push_back(at->first);
      remove(at);
    } else if (!all) {
      return;
    }
    at = next;
  }
}

std::vector<uint64_t> LiveQueue::expired() {
  const std::lock_guard lock(mutex_);
  return std::exchange(expired_, {});
}

std::optional<Time> LiveQueue::oldest() const {
  const std::lock_guard lock(mutex_);
  std::optional<Time> oldest;
  for (const auto& [number, entry] : entries_) oldest = std::min(oldest.value_or(entry.sent), entry.sent);
  return oldest;
}

void LiveQueue::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    while (!entries_.empty()) remove(entries_.begin());
  }
  changed_();
}

bool LiveQueue::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

// --- receiving ---------------------------------------------------------------------------------------------------------

LiveQueue::Taken LiveQueue::take(const Wanted& wanted) {
  const std::lock_guard lock(mutex_);
  Taken taken;
  taken.receipt = wanted.receipt;
  settle(wanted.now);
  if (fifo_ && !wanted.attempt.empty() && take_again(wanted, taken)) return taken;
  // What becomes ready meanwhile stands further behind.
  for (auto next = ready_.begin(); taken.numbers.size() < wanted.most && next != ready_.end();) {
    const Turn turn = *next;
    const uint64_t number = turn.second;
    const auto at = entries_.find(number);
    if (number >= wanted.below) {
      // Of another time.
    } else if (is_old(at->second, wanted.sent_after)) {
      expired_.push_back(number);
      remove(at);
    } else if (fifo_) {
      take_group(number, wanted, taken);
    } else {
      take_one(at, wanted, taken);
    }
    next = ready_.upper_bound(turn);
  }
  if (!wanted.attempt.empty() && fifo_ && !taken.numbers.empty())
    attempts_[wanted.attempt] = {wanted.now, wanted.receipt, taken.numbers};
  return taken;
}

void LiveQueue::take_one(Entries::iterator at, const Wanted& wanted, Taken& taken) {
  at->second.receipt = wanted.receipt;
  served_ = std::max(served_, at->second.turn);
  set_state(at, State::kInFlight, wanted.until);
  taken.numbers.push_back(at->first);
}

// AWS: SQS Developer Guide, "FIFO delivery logic": as many of one group as can be had.
void LiveQueue::take_group(uint64_t head, const Wanted& wanted, Taken& taken) {
  const Group& group = *entries_.find(head)->second.group;
  for (const uint64_t number : group.numbers) {
    const auto at = entries_.find(number);
    if (taken.numbers.size() == wanted.most || at->second.state != State::kReady || number >= wanted.below) return;
    if (is_old(at->second, wanted.sent_after)) return;  // comes up as the head of its group
    take_one(at, wanted, taken);
  }
}

// The messages of an earlier attempt of that name, if all of them are as it left them.
bool LiveQueue::take_again(const Wanted& wanted, Taken& taken) {
  std::erase_if(attempts_, [&](const auto& named) { return named.second.when + kAttemptsKept < wanted.now; });
  const auto found = attempts_.find(wanted.attempt);
  if (found == attempts_.end()) return false;
  const Attempt& attempt = found->second;
  const bool untouched = std::ranges::all_of(attempt.numbers, [&](uint64_t number) {
    const auto at = entries_.find(number);
    return at != entries_.end() && at->second.state == State::kInFlight && at->second.receipt == attempt.receipt;
  });
  if (!untouched) {
    attempts_.erase(found);
    return false;
  }
  for (const uint64_t number : attempt.numbers) set_state(entries_.find(number), State::kInFlight, wanted.until);
  taken.receipt = attempt.receipt;
  taken.numbers = attempt.numbers;
  taken.again = true;
  return true;
}

void LiveQueue::give_back(const Taken& taken, Time now) {
  const std::lock_guard lock(mutex_);
  for (const uint64_t number : taken.numbers) {
    const auto at = entries_.find(number);
    if (at == entries_.end() || at->second.receipt != taken.receipt) continue;
    if (at->second.state == State::kInFlight) set_state(at, State::kReady, now);
  }
}

bool LiveQueue::may_delete(uint64_t number, uint64_t receipt, Time now) {
  const std::lock_guard lock(mutex_);
  settle(now);
  const auto at = entries_.find(number);
  if (at == entries_.end() || !fifo_) return true;
  const Entry& entry = at->second;
  // 0: nobody has received it since the server began, so the receipt is of the last before.
  return entry.receipt == 0 || (entry.receipt == receipt && entry.state == State::kInFlight);
}

bool LiveQueue::change_visibility(uint64_t number, uint64_t receipt, Time now, Time until) {
  {
    const std::lock_guard lock(mutex_);
    settle(now);
    const auto at = entries_.find(number);
    if (at == entries_.end() || at->second.state == State::kComing) return false;
    if (fifo_ && (at->second.state != State::kInFlight || at->second.receipt != receipt)) return false;
    std::erase_if(attempts_, [&](const auto& named) {
      return std::ranges::find(named.second.numbers, number) != named.second.numbers.end();
    });
    set_state(at, State::kInFlight, until);
    settle(now);
    if (at->second.state == State::kInFlight) return true;
  }
  changed_();
  return true;
}

LiveQueue::Counts LiveQueue::counts(Time now) {
  const std::lock_guard lock(mutex_);
  settle(now);
  const auto in = [&](State state) { return in_state_[static_cast<size_t>(state)]; };
  return {.visible = in(State::kReady), .in_flight = in(State::kInFlight), .delayed = in(State::kDelayed)};
}

bool LiveQueue::receivable(Time now) {
  const std::lock_guard lock(mutex_);
  settle(now);
  return !ready_.empty() || closed_;
}

std::optional<Time> LiveQueue::next_visible() const {
  const std::lock_guard lock(mutex_);
  if (later_.empty()) return std::nullopt;
  return later_.begin()->first;
}

}  // namespace tarn::sqs
