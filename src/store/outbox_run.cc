// The outbox' threads: one dispatcher, and a worker for each target that has something to be delivered.
#include <fmt/format.h>

#include <chrono>

#include "store/outbox_state.h"
#include "store/pause.h"

namespace tarn {
namespace {

constexpr size_t kEventsAtOnce = 256;  // taken from the queue under one lock
constexpr auto kIdleWorkerStays = std::chrono::seconds(5);

}  // namespace

// --- matching --------------------------------------------------------------------------------------------------------

void Outbox::State::run() {
  std::unique_lock lock(mutex);
  while (!stopping) {
    const Time now = clock.now();
    if (const std::vector<uint64_t> numbers = due_events(now); !numbers.empty()) {
      matching = numbers.size();
      lock.unlock();
      match_events(numbers);
      lock.lock();
      matching = 0;
      continue;
    }
    ensure_workers();
    const auto next = earliest(false);
    if (!next || !clock.runs())
      dispatch.wait(lock);
    else if (*next > now)
      // At most an hour, since the system's time of day may be set while we wait.
      dispatch.wait_for(lock, std::chrono::microseconds(std::min(kHour, *next - now)));
    // What is due and has no worker waits for one of them to end.
    else
      dispatch.wait_for(lock, std::chrono::milliseconds(50));
  }
}

std::vector<uint64_t> Outbox::State::due_events(Time now) {
  std::vector<uint64_t> numbers;
  while (!events.empty() && events.begin()->first <= now && numbers.size() < kEventsAtOnce) {
    numbers.push_back(events.begin()->second);
    events.erase(events.begin());
  }
  return numbers;
}

void Outbox::State::match_events(const std::vector<uint64_t>& numbers) {
  // Not waited for the disk: what is matched is committed behind its cause, and what leaves the store waits for both.
  for (const uint64_t number : numbers) {
    match_event(number);
    const std::lock_guard lock(mutex);
    --matching;
    ensure_workers();
  }
}

void Outbox::State::match_event(uint64_t number) {
  const auto done = store.run([&](Transaction& tx) { return match_in(tx, number); });
  const std::lock_guard lock(mutex);
  if (done) {
    failures.erase(number);
    return;
  }
  const int times = ++failures[number];
  events.emplace(clock.now() + pause_after(times), number);
  say(fmt::format("outbox: an event could not be matched ({} times): {}", times, done.error().message));
}

Status Outbox::State::match_in(Transaction& tx, uint64_t number) {
  const auto record = TRY(tx.get(kEvents, {number}));
  if (!record) return {};
  const Event& event = record.value().event;
  const Time now = clock.now();
  int count = 0;
  for (const std::string_view name : names_of(event.kind)) {
    const auto found = matchers.find(name);
    if (found == matchers.end()) continue;
    for (const Matcher& matcher : found->second) {
      std::vector<NewDelivery> matched = TRY(matcher(tx, event));
      for (NewDelivery& delivery : matched)
        // Matched anew after a crash, it gets the same ids as long as the rules are the same.
        TRY(put_delivery(tx, {fmt::format("{}-{}", event.id, ++count), std::move(delivery.type),
                              std::move(delivery.target), std::move(delivery.payload), 0, delivery.max_attempts, now,
                              now + delivery.delay, now + delivery.give_up_after}));
    }
  }
  return tx.erase(kEvents, {number});
}

// --- delivering ------------------------------------------------------------------------------------------------------

bool Outbox::State::is_ready(const TargetName& name, const Queue& queue, Time now) const {
  if (queue.running || queue.waiting.empty() || queue.due() > now) return false;
  const auto target = target_of(name.first);
  const auto under_way = begun.find(name.first);
  return target == targets.end() || under_way == begun.end() || under_way->second < target->second.most_begun;
}

std::optional<Outbox::State::TargetName> Outbox::State::ready_target(Time now) {
  // The one that has waited longest, so that none is forgotten when there are more than workers.
  std::optional<TargetName> best;
  Time best_due;
  for (const auto& [name, queue] : queues) {
    if (!is_ready(name, queue, now)) continue;
    const Time due = queue.due();
    if (!best || due < best_due) {
      best = name;
      best_due = due;
    }
  }
  return best;
}

void Outbox::State::ensure_workers() {
  for (std::thread& ended : std::exchange(ended_workers, {})) ended.join();
  const Time now = clock.now();
  size_t ready = settled.size();
  for (const auto& [name, queue] : queues) ready += is_ready(name, queue, now);
  for (size_t i = 0; i < std::min(ready, idle); ++i) work.notify_one();
  for (size_t more = ready - std::min(ready, idle); more > 0 && workers.size() < kMaxWorkers; --more) {
    workers.emplace_back([this] { work_on(); });
    ++idle;
  }
}

void Outbox::State::work_on() {
  std::unique_lock lock(mutex);
  --idle;
  while (!stopping) {
    if (!settled.empty()) {
      const Settled what = std::move(settled.front());
      settled.pop_front();
      lock.unlock();
      settle(what);
      lock.lock();
      continue;
    }
    const auto name = ready_target(clock.now());
    if (!name) {
      ++idle;
      const bool woken = work.wait_for(lock, kIdleWorkerStays) == std::cv_status::no_timeout;
      --idle;
      if (woken || stopping) continue;
      if (!settled.empty() || ready_target(clock.now())) continue;
      break;
    }
    Queue& queue = queues[*name];  // stays where it is: nobody erases one that is running
    const Due due = *queue.waiting.begin();
    queue.waiting.erase(queue.waiting.begin());
    queue.running = true;
    lock.unlock();
    const auto left = deliver({name->first, name->second, due.first, due.second});
    lock.lock();
    queue.running = false;
    if (left)
      queue.waiting.emplace(left->due, left->number);
    if (!queue.waiting.empty())
      dispatch.notify_one();  // what waits there may be another worker's
    else if (queue.begun == 0)
      queues.erase(*name);
  }
  if (stopping) return;  // stop() joins all of the list
  for (auto at = workers.begin(); at != workers.end(); ++at)
    if (at->get_id() == std::this_thread::get_id()) {
      ended_workers.push_back(std::move(*at));
      workers.erase(at);
      return;
    }
}

std::optional<DeliveryKey> Outbox::State::deliver(const DeliveryKey& key) {
  auto found = store.read()->get(kDeliveries, key);
  if (found && !*found) return std::nullopt;
  const auto again_soon = [&](const Error& error) {
    say(fmt::format("outbox: a delivery to {} waits for the store: {}", key.target, error.message));
    return std::optional(key);  // its row is unchanged
  };
  if (!found) return again_soon(found.error());
  Delivery& delivery = found->value();
  const auto target = target_of(key.type);
  if (target == targets.end() || target->second.after_sync)
    if (const Status synced = store.wait_synced(store.latest()); !synced) return again_soon(synced.error());
  // Another that was committed before may still be on its way into the queue.
  if (keeps_order(key.type))
    if (const auto first = first_of(key); !first || first->number != key.number) return key;
  if (target != targets.end() && target->second.begin) {
    begin(target->second, key, delivery);
    return std::nullopt;
  }
  const Status done = target == targets.end()
                          ? fail(400, "NoSuchTarget", "nothing delivers to targets of the type " + key.type)
                          : target->second.deliver(delivery);
  if (!done) return settle_failure(key, std::move(delivery), done.error());
  const auto erased = store.run([&](Transaction& tx) { return tx.erase(kDeliveries, key); });
  // Delivered, but that could not be written: it will be delivered once more after a restart. Not before, so as not to
  // do it over and over while the disk is full.
  if (!erased) say(fmt::format("outbox: delivered to {}, but not noted: {}", key.target, erased.error().message));
  return std::nullopt;
}

std::optional<DeliveryKey> Outbox::State::first_of(const DeliveryKey& key) {
  const auto tx = store.read();
  auto at = tx->cursor(kDeliveries, {.prefix = prefix_of(kDeliveries, key.type, key.target)});
  if (!at.valid()) return std::nullopt;
  auto first = at.key();
  if (!first) return std::nullopt;
  return std::move(*first);
}

void Outbox::State::begin(const DeliveryTarget& target, const DeliveryKey& key, const Delivery& delivery) {
  {
    const std::lock_guard lock(mutex);
    ++queues[{key.type, key.target}].begun;
    ++begun[key.type];
  }
  target.begin(delivery, [self = shared_from_this(), key](std::function<Status(Transaction&)> also) {
    {
      const std::lock_guard lock(self->mutex);
      self->settled.push_back({key, std::move(also)});
      if (self->idle == 0) return self->dispatch.notify_one();
    }
    self->work.notify_one();
  });
}

void Outbox::State::settle(const Settled& what) {
  const auto committed = store.run([&](Transaction& tx) -> Status {
    TRY(tx.erase(kDeliveries, what.key));
    return what.also ? what.also(tx) : Status();
  });
  if (!committed)
    say(fmt::format("outbox: delivered to {}, but not noted: {}", what.key.target, committed.error().message));
  const std::lock_guard lock(mutex);
  --begun[what.key.type];
  const auto queue = queues.find({what.key.type, what.key.target});
  if (--queue->second.begun == 0 && queue->second.waiting.empty() && !queue->second.running) queues.erase(queue);
  dispatch.notify_one();
}

std::optional<DeliveryKey> Outbox::State::settle_failure(const DeliveryKey& key, Delivery delivery,
                                                         const Error& error) {
  ++delivery.attempts;
  const Time again = clock.now() + pause_after(delivery.attempts);
  const auto target = target_of(key.type);
  const bool hopeless =
      target == targets.end() || (target->second.may_pass && !target->second.may_pass(error));
  const bool give_up = hopeless || delivery.attempts >= delivery.max_attempts || again > delivery.deadline;
  DeliveryKey moved = key;
  delivery.due = again;
  if (!keeps_order(key.type)) moved.due = again;
  const auto settled = store.run([&](Transaction& tx) -> Status {
    TRY(tx.erase(kDeliveries, key));
    if (!give_up) return tx.put(kDeliveries, moved, delivery);  // which may be the same key
    if (target != targets.end() && target->second.gave_up) return target->second.gave_up(tx, delivery, error);
    return {};
  });
  if (!settled) {
    say(fmt::format("outbox: a failed delivery to {} could not be noted: {}", key.target, settled.error().message));
    return key;
  }
  if (!give_up) {
    const std::lock_guard lock(mutex);
    if (keeps_order(key.type)) queues[{key.type, key.target}].not_before = again;
    return moved;
  }
  say(fmt::format("outbox: gave up delivering {} to {} after {} attempts: {}", delivery.id, key.target,
                  delivery.attempts, error.message));
  return std::nullopt;
}

}  // namespace tarn
