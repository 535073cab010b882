#include "store/timers.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <tuple>

#include "os/clock.h"
#include "store/pause.h"

namespace tarn {
namespace {

struct TimerKey {
  Time due;
  std::string kind, id;
  static void fields(auto& self, auto&& visit) { visit(self.due, self.kind, self.id); }
  friend auto operator<=>(const TimerKey&, const TimerKey&) = default;
};
struct TimerRecord {
  std::string payload;
  uint64_t attempts = 0;
  static void fields(auto& self, auto&& visit) { visit(self.payload, self.attempts); }
};
struct NameKey {
  std::string kind, id;
  static void fields(auto& self, auto&& visit) { visit(self.kind, self.id); }
};
struct DueRecord {
  Time due;
  static void fields(auto& self, auto&& visit) { visit(self.due); }
};
constexpr Table<TimerKey, TimerRecord> kTimers{"timers.due"};
constexpr Table<NameKey, DueRecord> kDues{"timers.by_name"};

}  // namespace

struct Timers::State {
  Store& store;
  const Clock& clock;
  const std::function<void(const std::string&)> log;
  std::map<std::string, TimerHandler, std::less<>> handlers;

  std::mutex mutex;
  std::condition_variable changed;
  std::set<TimerKey> waiting;
  std::optional<TimerKey> firing;
  bool stopping = false;
  std::thread thread;

  State(Store& s, const Clock& c, std::function<void(const std::string&)> l) : store(s), clock(c), log(std::move(l)) {}

  // Takes the timer out of its rows, if it is there. The caller has its name locked then.
  Status take_out(Transaction& tx, const std::shared_ptr<State>& self, const NameKey& name);
  void run();
  void fire(const TimerKey& key);
  Status fire_in(Transaction& tx, const TimerKey& key);
  void put_off(const TimerKey& key, const Error& error);
};

Timers::Timers(Store& store, const Clock& clock, std::function<void(const std::string&)> log)
    : state_(std::make_shared<State>(store, clock, std::move(log))) {}
Timers::~Timers() {
  stop();
}

void Timers::on(std::string kind, TimerHandler handler) {
  state_->handlers[std::move(kind)] = std::move(handler);
}

Status Timers::start() {
  State& s = *state_;
  const auto tx = s.store.read();
  auto at = tx->cursor(kTimers);
  for (; at.valid(); at.next()) s.waiting.insert(TRY(at.key()));
  TRY(at.status());
  s.thread = std::thread([&s] { s.run(); });
  return {};
}

void Timers::stop() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->changed.notify_all();
  if (state_->thread.joinable()) state_->thread.join();
}

// --- in the operations' transactions --------------------------------------------------------------------------------

Status Timers::State::take_out(Transaction& tx, const std::shared_ptr<State>& self, const NameKey& name) {
  const auto due = TRY(tx.get(kDues, name));
  if (!due) return {};
  TimerKey key{due.value().due, name.kind, name.id};
  TRY(tx.erase(kTimers, key));
  TRY(tx.erase(kDues, name));
  tx.on_commit([self, key = std::move(key)] {
    const std::lock_guard lock(self->mutex);
    self->waiting.erase(key);
  });
  return {};
}

Status Timers::set(Transaction& tx, std::string_view kind, std::string_view id, Time due, std::string_view payload) {
  const NameKey name{std::string(kind), std::string(id)};
  TRY(state_->take_out(tx, state_, name));
  TimerKey key{due, name.kind, name.id};
  TRY(tx.put(kTimers, key, {std::string(payload)}));
  TRY(tx.put(kDues, name, {due}));
  tx.on_commit([state = state_, key = std::move(key)] {
    {
      const std::lock_guard lock(state->mutex);
      state->waiting.insert(key);
    }
    state->changed.notify_one();
  });
  return {};
}

Status Timers::cancel(Transaction& tx, std::string_view kind, std::string_view id) {
  return state_->take_out(tx, state_, {std::string(kind), std::string(id)});
}

// --- firing ---------------------------------------------------------------------------------------------------------

void Timers::State::run() {
  std::unique_lock lock(mutex);
  while (!stopping) {
    const Time now = clock.now();
    if (waiting.empty() || (waiting.begin()->due > now && !clock.runs())) {
      changed.wait(lock);
    } else if (waiting.begin()->due > now) {
      // At most an hour, since the system's time of day may be set while we wait.
      changed.wait_for(lock, std::chrono::microseconds(std::min(kHour, waiting.begin()->due - now)));
    } else {
      firing = *waiting.begin();
      waiting.erase(waiting.begin());
      const TimerKey key = *firing;
      lock.unlock();
      fire(key);
      lock.lock();
      firing.reset();
    }
  }
}

void Timers::State::fire(const TimerKey& key) {
  const auto fired = store.run([&](Transaction& tx) { return fire_in(tx, key); });
  if (!fired) put_off(key, fired.error());
}

Status Timers::State::fire_in(Transaction& tx, const TimerKey& key) {
  const auto due = TRY(tx.get(kDues, {key.kind, key.id}));
  if (!due || due.value().due != key.due) return {};  // set anew or cancelled meanwhile
  const TimerRecord record = TRY(tx.get(kTimers, key)).value_or(TimerRecord{});
  TRY(tx.erase(kTimers, key));
  TRY(tx.erase(kDues, {key.kind, key.id}));
  const auto handler = handlers.find(key.kind);
  if (handler == handlers.end()) return fail(400, "NoSuchTimer", "nothing handles timers of the kind " + key.kind);
  return handler->second(tx, {key.kind, key.id, key.due, record.payload, static_cast<int>(record.attempts)});
}

void Timers::State::put_off(const TimerKey& key, const Error& error) {
  std::optional<TimerKey> later;
  int attempts = 1;
  const auto noted = store.run([&](Transaction& tx) -> Status {
    later.reset();
    const auto due = TRY(tx.get(kDues, {key.kind, key.id}));
    if (!due || due.value().due != key.due) return {};
    TimerRecord record = TRY(tx.get(kTimers, key)).value_or(TimerRecord{});
    attempts = static_cast<int>(++record.attempts);
    later = TimerKey{clock.now() + pause_after(attempts), key.kind, key.id};
    TRY(tx.erase(kTimers, key));
    TRY(tx.put(kTimers, *later, record));
    return tx.put(kDues, {key.kind, key.id}, {later->due});
  });
  if (log) log(fmt::format("timers: {} {} failed ({} times): {}", key.kind, key.id, attempts, error.message));
  if (noted && !later) return;
  const std::lock_guard lock(mutex);
  // Where even that could not be written, the row is as it was: a restart finds it, and until then it rests.
  if (noted) waiting.insert(*later);
}

// --- as the clock sees it -------------------------------------------------------------------------------------------

std::optional<Time> Timers::next_due() {
  const std::lock_guard lock(state_->mutex);
  if (state_->waiting.empty()) return std::nullopt;
  return state_->waiting.begin()->due;
}

std::string Timers::busy() {
  State& s = *state_;
  const std::lock_guard lock(s.mutex);
  if (s.firing) return fmt::format("the timer {} {}", s.firing->kind, s.firing->id);
  if (s.waiting.empty() || s.waiting.begin()->due > s.clock.now()) return {};
  return fmt::format("the timer {} {}", s.waiting.begin()->kind, s.waiting.begin()->id);
}

void Timers::wake() {
  state_->changed.notify_one();
}

// --- moving a virtual clock -----------------------------------------------------------------------------------------

namespace {

struct ClockKey {
  std::string name;
  static void fields(auto& self, auto&& visit) { visit(self.name); }
};
constexpr Table<ClockKey, DueRecord> kClock{"tarn.clock"};

// What the sources are busy with; empty when two looks in a row found all of them idle (one may have handed
// work to another between the first).
std::string busy_with(std::span<DueSource* const> sources) {
  for (int look = 0; look < 2; ++look)
    for (DueSource* source : sources)
      if (std::string what = source->busy(); !what.empty()) return what;
  return {};
}

Status settle(const Clock& clock, std::span<DueSource* const> sources, Micros patience) {
  const Micros since = steady_now(), until = since + patience;
  while (true) {
    const std::string what = busy_with(sources);
    if (what.empty()) return {};
    if (steady_now() > until)
      return fail(409, "ClockBusy",
                  fmt::format("The clock stands at {} and waits for {}.", iso8601(clock.now()), what));
    // Looked again after an eighth of the time that it has taken so far: no moment takes much longer than what is done in it.
    const Micros pause = std::clamp<Micros>((steady_now() - since) / 8, 20, 5'000);
    std::this_thread::sleep_for(std::chrono::microseconds(pause));
  }
}

Status move(Store& store, VirtualClock& clock, Time to, std::span<DueSource* const> sources) {
  // Not waited for: whatever tells anybody of the moment waits for all that was committed before it.
  const auto stored = store.run([&](Transaction& tx) { return tx.put(kClock, {"virtual"}, {to}); });
  if (!stored) return Failure(stored.error());
  clock.move_to(to);
  for (DueSource* source : sources) source->wake();
  return {};
}

}  // namespace

Result<std::optional<Time>> stored_virtual_time(Store& store) {
  const auto record = TRY(store.read()->get(kClock, {"virtual"}));
  if (!record) return std::nullopt;
  return record.value().due;
}

Status advance(Store& store, VirtualClock& clock, Time to, std::span<DueSource* const> sources, Micros patience) {
  if (to < clock.now())
    return fail(400, "InvalidTime",
                fmt::format("The clock stands at {} and never goes back; {} lies before that.", iso8601(clock.now()),
                            iso8601(to)));
  TRY(settle(clock, sources, patience));
  while (true) {
    Time step = to;
    for (DueSource* source : sources)
      if (const auto due = source->next_due(); due && *due < step) step = std::max(*due, clock.now());
    TRY(move(store, clock, step, sources));
    const Status settled = settle(clock, sources, patience);
    if (step != to && settled) continue;
    TRY(store.wait_synced(store.latest()));
    return settled;
  }
}

}  // namespace tarn
