// Which messages of a queue may be received now, which are on their way to be seen, and who is looking at one: in memory.
//
// The messages themselves are in the store. Visibility is not: after a crash every message is visible again, which is
// "at least once" as a visibility timeout that ended early would be. A FIFO group's order holds all the same, since it is
// that of the numbers, and no message is given out before those of its group with smaller numbers are deleted or given
// out. Groups take turns: one whose first message may be received again stands behind those that wait already. The groups
// of a standard queue have no order, but share its receivers: who sends much waits behind what it has sent itself.
// AWS: SQS Developer Guide, "Amazon SQS fair queues".
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace tarn::sqs {

struct LiveMessage {
  uint64_t number = 0;
  Time sent, visible;
  std::string group = {};
};

// THREADS: any. Nothing here waits for the store, but for load_once.
class LiveQueue : public std::enable_shared_from_this<LiveQueue> {
 public:
  // `changed` is called, under no lock, when a message may have become receivable.
  LiveQueue(bool fifo, std::function<void()> changed) : fifo_(fifo), changed_(std::move(changed)) {}

  // Fills it with what the store has, the first time.
  Status load_once(const std::function<Result<std::vector<LiveMessage>>()>& read);

  // A message that is being sent: it has its place, and its group waits for it, but nobody receives it before publish().
  // Destroyed without that, it has never been.
  class Place {
   public:
    Place(std::shared_ptr<LiveQueue> queue, uint64_t number) : queue_(std::move(queue)), number_(number) {}
    Place(Place&& other) noexcept = default;
    ~Place();
    void publish();

   private:
    std::shared_ptr<LiveQueue> queue_;
    uint64_t number_;
  };
  // nullopt: the queue is gone.
  std::optional<Place> reserve(const LiveMessage& message);

  struct Wanted {
    size_t most = 1;
    Time now, until;              // they are in flight until then
    Time sent_after;              // older ones are past the queue's retention
    uint64_t receipt = 0;         // of this receive: greater than 0, and another each time
    std::string attempt = {};     // ReceiveRequestAttemptId: with the same one again the same messages
    uint64_t below = UINT64_MAX;  // only such numbers
  };
  struct Taken {
    uint64_t receipt = 0;
    std::vector<uint64_t> numbers;
    bool again = false;  // of an earlier attempt: not a receive of its own
  };
  Taken take(const Wanted& wanted);
  // Undoes a take of these.
  void give_back(const Taken& taken, Time now);

  // Whether that receipt may delete the message. A FIFO queue's may not once the message is no longer in flight by it.
  bool may_delete(uint64_t number, uint64_t receipt, Time now);
  void erase(uint64_t number);
  // False: the message is gone, or, of a FIFO queue, not in flight by that receipt. (AWS: a standard queue takes any
  // receipt of the message, also when its time is over.)
  bool change_visibility(uint64_t number, uint64_t receipt, Time now, Time until);

  struct Counts {
    size_t visible = 0, in_flight = 0, delayed = 0;
  };
  Counts counts(Time now);
  // Takes out what was sent before that moment: all of it, or (quicker) the oldest ones up to the first that was not.
  void expire(Time sent_after, bool all);
  // What has been taken out for its age since this was asked last: to be erased from the store.
  std::vector<uint64_t> expired();
  // The oldest message's moment of sending.
  std::optional<Time> oldest() const;
  void erase_below(uint64_t number);
  // The queue was deleted.
  void close();
  bool closed() const;

  bool receivable(Time now);
  // When the next delayed message, or one in flight, becomes visible.
  std::optional<Time> next_visible() const;

 private:
  enum class State : uint8_t { kComing, kReady, kDelayed, kInFlight };
  struct Group;
  using Groups = std::map<std::string, Group>;
  struct Group {
    Groups::iterator at;  // itself
    std::set<uint64_t> numbers;
    uint64_t open = 0;  // the head that stands in ready_; 0: none
    uint64_t turn = 0;  // its place there
  };
  // A group of a standard queue.
  struct Tenant {
    size_t messages = 0;
    uint64_t turn = 0;  // of its next message
  };
  using Tenants = std::map<std::string, Tenant>;
  struct Entry {
    State state = State::kComing;
    Time sent, visible;
    uint64_t receipt = 0;
    Group* group = nullptr;         // of FIFO queues
    Tenants::iterator tenant = {};  // of standard ones, where it has a group
    uint64_t turn = 0;              // its place in ready_, of standard queues
  };
  using Entries = std::map<uint64_t, Entry>;
  struct Attempt {
    Time when;
    uint64_t receipt = 0;
    std::vector<uint64_t> numbers;
  };

  // All with the mutex held.
  Entries::iterator add(const LiveMessage& message);
  void set_state(Entries::iterator at, State state, Time visible);
  void remove(Entries::iterator at);
  void refresh(Group& group);
  void settle(Time now);
  bool is_old(const Entry& entry, Time sent_after) const {
    return entry.state != State::kComing && entry.sent < sent_after;
  }
  void take_one(Entries::iterator at, const Wanted& wanted, Taken& taken);
  void take_group(uint64_t head, const Wanted& wanted, Taken& taken);
  bool take_again(const Wanted& wanted, Taken& taken);

  const bool fifo_;
  const std::function<void()> changed_;
  mutable std::mutex mutex_;
  bool loaded_ = false, closed_ = false;
  Entries entries_;
  Groups groups_;
  // What may be received, by turn and number: of FIFO queues the heads of open groups, of standard ones all. The messages
  // of a tenant have one turn after the other, from that which is being served; those of nobody have that one.
  using Turn = std::pair<uint64_t, uint64_t>;
  std::set<Turn> ready_;
  uint64_t turns_ = 0;   // of FIFO queues: the last one that was given
  uint64_t served_ = 0;  // of standard ones: the highest one that was taken
  Tenants tenants_;
  std::set<std::pair<Time, uint64_t>> later_;  // delayed and in flight
  size_t in_state_[4] = {};
  std::vector<uint64_t> expired_;
  std::map<std::string, Attempt> attempts_;
};

}  // namespace tarn::sqs
