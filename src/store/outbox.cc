#include "store/outbox.h"

#include <fmt/format.h>

#include "os/random.h"
#include "store/outbox_state.h"

namespace tarn {

Outbox::Outbox(Store& store, const Clock& clock, std::function<void(const std::string&)> log)
    : state_(std::make_shared<State>(store, clock, std::move(log))) {}

Outbox::~Outbox() {
  stop();
}

void Outbox::match(std::string kind, Matcher matcher) {
  state_->matchers[std::move(kind)].push_back(std::move(matcher));
}
void Outbox::deliver_to(std::string type, DeliveryTarget target) {
  state_->targets[std::move(type)] = std::move(target);
}

Status Outbox::start() {
  State& s = *state_;
  TRY(s.load());
  s.started = true;
  s.dispatcher = std::thread([&s] { s.run(); });
  return {};
}

void Outbox::stop() {
  State& s = *state_;
  {
    const std::lock_guard lock(s.mutex);
    if (s.stopping) return;
    s.stopping = true;
  }
  s.dispatch.notify_all();
  s.work.notify_all();
  if (s.dispatcher.joinable()) s.dispatcher.join();
  // Nobody starts or ends a worker any more: an ending one leaves the list alone once it is stopping.
  for (std::thread& worker : s.workers) worker.join();
  for (std::thread& worker : s.ended_workers) worker.join();
  s.workers.clear();
  s.ended_workers.clear();
}

// --- in the operations' transactions ---------------------------------------------------------------------------------

Status Outbox::subscribe(Transaction& tx, std::string_view kind, std::string_view account, std::string_view region,
                         std::string_view subscriber) {
  const SubscribedKey counted{std::string(kind), std::string(account), std::string(region)};
  const SubscriptionKey key{counted.kind, counted.account, counted.region, std::string(subscriber)};
  if (TRY(tx.get(kSubscriptions, key))) return {};
  SubscribedRecord record = TRY(tx.get(kSubscribed, counted)).value_or(SubscribedRecord{});
  ++record.count;
  TRY(tx.put(kSubscribed, counted, record));
  return tx.put(kSubscriptions, key, {});
}

Status Outbox::unsubscribe(Transaction& tx, std::string_view kind, std::string_view account, std::string_view region,
                           std::string_view subscriber) {
  const SubscribedKey counted{std::string(kind), std::string(account), std::string(region)};
  const SubscriptionKey key{counted.kind, counted.account, counted.region, std::string(subscriber)};
  if (!TRY(tx.get(kSubscriptions, key))) return {};
  SubscribedRecord record = TRY(tx.get(kSubscribed, counted)).value_or(SubscribedRecord{1});
  if (--record.count == 0)
    TRY(tx.erase(kSubscribed, counted));
  else
    TRY(tx.put(kSubscribed, counted, record));
  return tx.erase(kSubscriptions, key);
}

constexpr std::string_view kInOrder = ".in-order";

bool keeps_order(std::string_view type) {
  return type.ends_with(kInOrder);
}

Outbox::State::Targets::const_iterator Outbox::State::target_of(std::string_view type) const {
  if (keeps_order(type)) type.remove_suffix(kInOrder.size());
  return targets.find(type);
}

std::vector<std::string_view> names_of(std::string_view kind) {
  constexpr std::string_view kServices = "aws.";
  const size_t colon = kind.find(':');
  if (!kind.starts_with(kServices) || colon == std::string_view::npos) return {kind};
  return {kind, kind.substr(0, colon + 1), kServices};
}

Status Outbox::emit(Transaction& tx, Event event) {
  bool wanted = false;
  for (const std::string_view name : names_of(event.kind)) {
    wanted = TRY(tx.get(kSubscribed, {std::string(name), event.account, event.region}, Lock::kShared)).has_value();
    if (wanted) break;
  }
  if (!wanted) return {};
  TRY(post(tx, std::move(event)));
  return {};
}

Result<std::string> Outbox::post(Transaction& tx, Event event) {
  event.id = uuid4();
  std::string id = event.id;
  event.time = state_->clock.now();
  const uint64_t number = state_->store.next_id();
  TRY(tx.put(kEvents, {number}, {std::move(event)}));
  tx.on_commit([state = state_, number] {
    {
      const std::lock_guard lock(state->mutex);
      state->events.emplace(Time{}, number);
    }
    state->dispatch.notify_one();
  });
  return id;
}

Status Outbox::enqueue(Transaction& tx, NewDelivery delivery) {
  const Time now = state_->clock.now();
  return state_->put_delivery(
      tx, {uuid4(), std::move(delivery.type), std::move(delivery.target), std::move(delivery.payload), 0,
           delivery.max_attempts, now, now + delivery.delay, now + delivery.give_up_after});
}

Status Outbox::State::put_delivery(Transaction& tx, const Delivery& delivery) {
  DeliveryKey key{delivery.type, delivery.target, delivery.due, store.next_id()};
  TRY(tx.put(kDeliveries, key, delivery));
  tx.on_commit([state = shared_from_this(), key = std::move(key)] {
    state->queue(key);
    state->dispatch.notify_one();
  });
  return {};
}

void Outbox::State::queue(const DeliveryKey& key) {
  const std::lock_guard lock(mutex);
  queues[{key.type, key.target}].waiting.emplace(key.due, key.number);
}

Status Outbox::State::load() {
  const auto tx = store.read();
  auto event = tx->cursor(kEvents);
  for (; event.valid(); event.next()) events.emplace(Time{}, TRY(event.key()).number);
  TRY(event.status());
  auto delivery = tx->cursor(kDeliveries);
  for (; delivery.valid(); delivery.next()) queue(TRY(delivery.key()));
  return delivery.status();
}

// --- as the clock sees it --------------------------------------------------------------------------------------------

std::optional<Time> Outbox::State::earliest(bool running_too) {
  std::optional<Time> first;
  const auto consider = [&](Time due) {
    if (!first || due < *first) first = due;
  };
  if (!events.empty()) consider(events.begin()->first);
  for (const auto& [name, queue] : queues)
    if ((running_too || !queue.running) && !queue.waiting.empty()) consider(queue.due());
  return first;
}

std::optional<Time> Outbox::next_due() {
  const std::lock_guard lock(state_->mutex);
  return state_->earliest(true);
}

std::string Outbox::busy() {
  State& s = *state_;
  const std::lock_guard lock(s.mutex);
  const Time now = s.clock.now();
  std::string what;
  size_t unmatched = s.matching;
  for (const auto& [due, number] : s.events) unmatched += due <= now;
  if (unmatched > 0) what = fmt::format("{} events not yet matched", unmatched);
  for (const auto& [name, queue] : s.queues)
    if (queue.running || queue.begun > 0 || (!queue.waiting.empty() && queue.due() <= now))
      what += fmt::format("{}a delivery to {}", what.empty() ? "" : ", ", name.second);
  return what;
}

void Outbox::wake() {
  state_->dispatch.notify_one();
}

}  // namespace tarn
