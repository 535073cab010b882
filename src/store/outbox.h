// The outbox: events that ride in the commit of what caused them, and their delivery, at least once.
//
//   emit(tx) -> event row, in the operation's commit, only if something subscribes to its kind
//   dispatcher: rows in order -> matchers -> delivery rows; events gone, deliveries there, in one commit
//   one queue a target -> deliver(delivery) -> row gone; or again later, up to its deadline
//
// Nothing leaves the store before the commit that caused it is on the disk.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "os/clock.h"
#include "store/due.h"
#include "store/store.h"

namespace tarn {

// Something that happened. `kind` is the service's word ("s3:ObjectCreated"); region is empty for global services.
struct Event {
  std::string kind, account, region;
  std::string payload;  // the service's own form, usually JSON text
  Time time = {};       // filled by emit() from the clock
  std::string id = {};  // filled by emit(); the same however often it is matched
};

// What shall be told to whom.
struct NewDelivery {
  std::string type;    // which deliver function: "call". Ending in ".in-order": none of its target overtakes another
  std::string target;  // whose queue it waits in, e.g. the target's ARN
  std::string payload;
  Micros give_up_after = kDay;  // the deadline, from now
  int max_attempts = 185;       // AWS: EventBridge's default retry policy
  Micros delay = 0;             // not before so long
};

struct Delivery {
  std::string id;  // stable: the receiver may use it to tell a second delivery of the same
  std::string type, target, payload;
  int attempts = 0;  // that failed before this one
  int max_attempts = 0;
  Time created, due, deadline;
  static void fields(auto& self, auto&& visit) {
    visit(self.id, self.type, self.target, self.payload, self.attempts, self.max_attempts, self.created, self.due,
          self.deadline);
  }
};

// Tells an event's deliveries. Runs on the dispatcher's thread, in its transaction: it reads with Lock::kNone and
// writes only what belongs to the matching. On an error the event is matched again after a growing pause.
using Matcher = std::function<Result<std::vector<NewDelivery>>(Transaction&, const Event&)>;

// Ends a delivery that was begun: its row goes, in one commit with what `also` writes (empty: nothing more). To be called
// exactly once, from any thread; it does not wait. A crash before means that the delivery is begun again.
using Settle = std::move_only_function<void(std::function<Status(Transaction&)> also)>;

struct DeliveryTarget {
  // Hands it over; may block, calls the door if it likes. An error means again later, with a growing pause (1 s, 2 s, 4
  // s ... 1 h, on tarn's clock), up to deadline and max_attempts.
  std::function<Status(const Delivery&)> deliver;
  // Whether trying again may help; without it, always.
  std::function<bool(const Error&)> may_pass = {};
  // In the commit that drops a delivery that could not be handed over: for dead-letter queues.
  std::function<Status(Transaction&, const Delivery&, const Error&)> gave_up = {};
  // Instead of `deliver`, for what takes long: starts it and does not wait for its end. Those of one target are under way
  // side by side, at most `most_begun` of the type. Trying again is its own business: `also` enqueues the next attempt.
  std::function<void(const Delivery&, Settle)> begin = {};
  size_t most_begun = 64;
  // false: `deliver` itself waits for its cause to be on the disk, unless all that it does is a commit into this store, which
  // the log keeps behind the cause.
  bool after_sync = true;
};

// THREADS: any, after start(). One thread a target with something to deliver (at most 32), ended when idle.
class Outbox final : public DueSource {
 public:
  Outbox(Store& store, const Clock& clock, std::function<void(const std::string&)> log = {});
  ~Outbox() override;  // stops

  // Before start().
  void match(std::string kind, Matcher matcher);
  void deliver_to(std::string type, DeliveryTarget target);
  // Goes on with what an earlier run left.
  Status start();
  // Waits for the deliveries under way; what is left stays in the store.
  void stop();

  // Whoever wants events of the kind says so, under a name of its own, once; from that commit on they are written.
  // Of what services tell of themselves ("aws.s3:Object Created") one may also ask for, and match, all of a source
  // ("aws.s3:"), or all ("aws.").
  Status subscribe(Transaction& tx, std::string_view kind, std::string_view account, std::string_view region,
                   std::string_view subscriber);
  Status unsubscribe(Transaction& tx, std::string_view kind, std::string_view account, std::string_view region,
                     std::string_view subscriber);

  // The event is in the transaction's commit if something subscribes to its kind, else nothing happens.
  Status emit(Transaction& tx, Event event);
  // The same, whether or not something subscribes. Gives the event's id.
  Result<std::string> post(Transaction& tx, Event event);
  // A delivery without an event: a timer's, or a service's own later work.
  Status enqueue(Transaction& tx, NewDelivery delivery);

  std::optional<Time> next_due() override;
  std::string busy() override;
  void wake() override;

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with transactions that have yet to commit
};

}  // namespace tarn
