// The insides of the outbox, which outbox.cc (what is asked of it) and outbox_run.cc (its threads) share.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <list>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "store/outbox.h"

namespace tarn {

struct SubscriptionKey {
  std::string kind, account, region, subscriber;
  static void fields(auto& self, auto&& visit) { visit(self.kind, self.account, self.region, self.subscriber); }
};
struct SubscriptionRecord {
  static void fields(auto&, auto&& visit) { visit(); }
};
// How many subscribe to a kind. Whoever emits locks it shared, so that a subscription that has been acknowledged misses
// no later event.
struct SubscribedKey {
  std::string kind, account, region;
  static void fields(auto& self, auto&& visit) { visit(self.kind, self.account, self.region); }
};
struct SubscribedRecord {
  uint64_t count = 0;
  static void fields(auto& self, auto&& visit) { visit(self.count); }
};
struct EventKey {
  uint64_t number = 0;
  static void fields(auto& self, auto&& visit) { visit(self.number); }
};
struct EventRecord {
  Event event;
  static void fields(auto& self, auto&& visit) {
    visit(self.event.kind, self.event.account, self.event.region, self.event.payload, self.event.time, self.event.id);
  }
};
struct DeliveryKey {
  std::string type, target;
  Time due;
  uint64_t number = 0;
  static void fields(auto& self, auto&& visit) { visit(self.type, self.target, self.due, self.number); }
};
constexpr Table<SubscriptionKey, SubscriptionRecord> kSubscriptions{"outbox.subscriptions"};
constexpr Table<SubscribedKey, SubscribedRecord> kSubscribed{"outbox.subscribed"};
constexpr Table<EventKey, EventRecord> kEvents{"outbox.events"};
constexpr Table<DeliveryKey, Delivery> kDeliveries{"outbox.deliveries"};

constexpr size_t kMaxWorkers = 32;

// The names under which events of a kind are asked for: the kind; of "aws.s3:Object Created" also its source, "aws.s3:",
// and "aws.", all that services tell of themselves.
std::vector<std::string_view> names_of(std::string_view kind);

// Whether deliveries of the type keep their order: one that fails holds up those behind it of the same target, where
// others would overtake it. (Whoever enqueues them sees to it that their commits have an order.)
bool keeps_order(std::string_view type);

struct Outbox::State : std::enable_shared_from_this<Outbox::State> {
  Store& store;
  const Clock& clock;
  const std::function<void(const std::string&)> log;
  std::map<std::string, std::vector<Matcher>, std::less<>> matchers;
  using Targets = std::map<std::string, DeliveryTarget, std::less<>>;
  Targets targets;

  using Due = std::pair<Time, uint64_t>;                   // when, and the row's number
  using TargetName = std::pair<std::string, std::string>;  // type and target
  struct Queue {
    std::set<Due> waiting;
    Time not_before = {};  // the first of those that keep their order failed: none is tried until then
    bool running = false;  // a worker has taken one out
    size_t begun = 0;      // and not yet settled
    // REQUIRES: something waits.
    Time due() const { return std::max(not_before, waiting.begin()->first); }
  };
  struct Settled {
    DeliveryKey key;
    std::function<Status(Transaction&)> also;
  };

  std::mutex mutex;
  std::condition_variable dispatch;  // for the dispatcher: something new, the clock, the end
  std::condition_variable work;      // for idle workers
  std::set<Due> events;              // committed and not yet matched
  std::map<uint64_t, int> failures;  // of matching an event
  size_t matching = 0;               // taken out of `events`, under way
  std::map<TargetName, Queue> queues;
  std::map<std::string, size_t, std::less<>> begun;  // by type
  std::deque<Settled> settled;                       // for a worker to write down
  std::list<std::thread> workers;
  std::vector<std::thread> ended_workers;
  size_t idle = 0;  // workers without work, also those that have just been started
  bool started = false;
  bool stopping = false;
  std::thread dispatcher;

  State(Store& s, const Clock& c, std::function<void(const std::string&)> l) : store(s), clock(c), log(std::move(l)) {}
  void say(const std::string& line) const {
    if (log) log(line);
  }

  // Puts a delivery row into the transaction, and into its queue when that commits.
  Status put_delivery(Transaction& tx, const Delivery& delivery);
  void queue(const DeliveryKey& key);
  Status load();

  void run();                                  // the dispatcher
  std::vector<uint64_t> due_events(Time now);  // REQUIRES: mutex held
  void match_events(const std::vector<uint64_t>& numbers);
  void match_event(uint64_t number);
  Status match_in(Transaction& tx, uint64_t number);

  void ensure_workers();                             // REQUIRES: mutex held
  void work_on();                                    // a worker
  bool is_ready(const TargetName& name, const Queue& queue, Time now) const;  // REQUIRES: mutex held
  std::optional<TargetName> ready_target(Time now);                           // REQUIRES: mutex held
  void begin(const DeliveryTarget& target, const DeliveryKey& key, const Delivery& delivery);
  void settle(const Settled& what);
  Targets::const_iterator target_of(std::string_view type) const;
  std::optional<DeliveryKey> first_of(const DeliveryKey& key);  // of the same target, in the store
  // Tries one delivery; when its row is still there afterwards, the key under which it waits.
  std::optional<DeliveryKey> deliver(const DeliveryKey& key);
  std::optional<DeliveryKey> settle_failure(const DeliveryKey& key, Delivery delivery, const Error& error);
  std::optional<Time> earliest(bool running_too);  // REQUIRES: mutex held
};

}  // namespace tarn
