// crash_store: writes to a store in ten ways at once until it is killed; and checks what is left.
//
//   crash_store write DIR ROUND [--no-sync]   prints "+ NAME" before each write, "= NAME" once acknowledged
//   crash_store check DIR                     reads those lines, of all rounds, and says what is missing or half there
//
// Every kind has eight threads. What an object must hold follows from its name, so that the check needs no record of
// it.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "blob/backup.h"
#include "blob/blobs.h"
#include "os/clock.h"
#include "store/idempotency.h"
#include "store/outbox.h"
#include "store/timers.h"

namespace tarn {
namespace {

constexpr int kThreads = 8;  // of each kind
constexpr size_t kPart = 100'000;

struct NameKey {
  std::string name;
  static void fields(auto& self, auto&& visit) { visit(self.name); }
};
struct Object {
  std::string content;  // the name that the bytes follow from
  std::vector<Segment> segments;
  static void fields(auto& self, auto&& visit) { visit(self.content, self.segments); }
};
struct Count {
  uint64_t count = 0;
  static void fields(auto& self, auto&& visit) { visit(self.count); }
};
constexpr Index<NameKey, Object> kByContent{
    "crash.by_content", [](const NameKey&, const Object& object, IndexKeys& keys) { keys.add(object.content); }};
constexpr Index<NameKey, Object> kObjectIndexes[] = {kByContent};
constexpr Table<NameKey, Object> kObjects{"crash.objects", kObjectIndexes};
constexpr Table<NameKey, Count> kTwins{"crash.twins"};        // written together with some objects
constexpr Table<NameKey, Count> kHappened{"crash.happened"};  // events received, timers fired, how often
constexpr Table<NameKey, Count> kCounters{"crash.counters"};

std::string bytes_of(const std::string& name, size_t size) {
  uint64_t state = std::hash<std::string>()(name);
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>((state = state * 6364136223846793005ULL + 1442695040888963407ULL) >> 56);
  return bytes;
}

// How large an object of that name is: small ones ride in the commit, the others are files.
size_t size_of(const std::string& name) {
  const size_t chance = std::hash<std::string>()(name);
  return name.starts_with("small") ? 1 + chance % 3'000 : kInlineLimit + 1 + chance % 300'000;
}

Status count_one(Transaction& tx, const Table<NameKey, Count>& table, const std::string& name) {
  Count count = TRY(tx.get(table, {name})).value_or(Count{});
  ++count.count;
  return tx.put(table, {name}, count);
}

// The store with all that runs on it, as the server has it.
struct Server {
  std::unique_ptr<Store> store;
  std::unique_ptr<Blobs> blobs;
  SystemClock clock;
  std::unique_ptr<Outbox> outbox;
  std::unique_ptr<Timers> timers;

  Status open(const std::string& directory, bool sync) {
    // Little memory, so that table files are written and compacted under the load, and the crash hits that too.
    store = TRY(Store::open(directory, {.write_buffer_bytes = 1 << 20, .sync = sync}));
    blobs = TRY(Blobs::open(*store));
    outbox = std::make_unique<Outbox>(*store, clock);
    outbox->match("made", [](Transaction&, const Event& event) -> Result<std::vector<NewDelivery>> {
      return std::vector<NewDelivery>{{.type = "note", .target = "target", .payload = event.payload}};
    });
    outbox->deliver_to("note", {[this](const Delivery& delivery) -> Status {
                         const auto done =
                             store->run([&](Transaction& tx) { return count_one(tx, kHappened, delivery.payload); });
                         return done ? store->wait_synced(*done) : Failure(done.error());
                       }});
    timers = std::make_unique<Timers>(*store, clock);
    timers->on("note", [](Transaction& tx, const Timer& timer) { return count_one(tx, kHappened, timer.id); });
    TRY(outbox->start());
    return timers->start();
  }
  void settle() {
    while (!outbox->busy().empty() || !timers->busy().empty() || timers->next_due()) usleep(500);
  }
};

// --- writing --------------------------------------------------------------------------------------------------------

void print(char sign, const std::string& name) {
  // One write, so that lines of many threads do not mix and a kill does not lose what was said.
  const std::string line = fmt::format("{} {}\n", sign, name);
  (void)!::write(1, line.data(), line.size());
}

using Work = std::function<Status(Transaction&)>;

// Commits the work, waits for the disk and says so.
void acknowledge(Server& s, const std::string& name, const Work& work) {
  Result<Sequence> done;
  do done = s.store->run(work);
  while (!done && is_conflict(done.error()));
  const Status synced = done ? s.store->wait_synced(*done) : Status(Failure(done.error()));
  if (synced) return print('=', name);
  print('!', name + " " + synced.error().message);
  _exit(1);
}

StagedBody stage(Server& s, const std::string& bytes) {
  auto staged = s.blobs->stage(bytes);
  if (staged) return std::move(*staged);
  print('!', staged.error().message);
  _exit(1);
}

void put_object(Server& s, const std::string& name, const std::string& content) {
  const StagedBody body = stage(s, bytes_of(content, size_of(content)));
  acknowledge(s, name, [&](Transaction& tx) -> Status {
    TRY(s.blobs->adopt(tx, body));
    TRY(tx.put(kTwins, {name}, {}));
    return tx.put(kObjects, {name}, {content, body.segments()});
  });
}

void put_parts(Server& s, const std::string& name) {
  std::vector<StagedBody> parts;
  Object object{name, {}};
  for (int i = 0; i < 3; ++i) {
    parts.push_back(stage(s, bytes_of(fmt::format("{}/{}", name, i), i < 2 ? kPart : 100)));
    object.segments.push_back(parts.back().segments()[0]);
  }
  acknowledge(s, name, [&](Transaction& tx) -> Status {
    for (const StagedBody& part : parts) TRY(s.blobs->adopt(tx, part));
    return tx.put(kObjects, {name}, object);
  });
}

void copy_object(Server& s, const std::string& name) {
  acknowledge(s, name, [&](Transaction& tx) -> Status {
    Object source = TRY(tx.get(kObjects, {"source"}, Lock::kShared)).value();
    TRY(s.blobs->retain(tx, source.segments));
    return tx.put(kObjects, {name}, source);
  });
}

void replace_object(Server& s, const std::string& name, int thread, int n) {
  const std::string content = fmt::format("large-version-{}-{}", thread, n);
  const StagedBody body = stage(s, bytes_of(content, size_of(content)));
  acknowledge(s, name, [&](Transaction& tx) -> Status {
    const std::string key = fmt::format("replaced-{}", thread);
    const std::optional<Object> old = TRY(tx.get(kObjects, {key}));
    if (old) TRY(s.blobs->release(tx, old.value().segments));
    TRY(s.blobs->adopt(tx, body));
    TRY(tx.put(kTwins, {name}, {}));
    return tx.put(kObjects, {key}, {content, body.segments()});
  });
}

void delete_object(Server& s, const std::string& name) {
  const StagedBody body = stage(s, bytes_of(name, size_of(name)));
  const auto put = s.store->run([&](Transaction& tx) -> Status {
    TRY(s.blobs->adopt(tx, body));
    return tx.put(kObjects, {name}, {name, body.segments()});
  });
  if (!put) return;
  acknowledge(s, name, [&](Transaction& tx) -> Status {
    const std::optional<Object> object = TRY(tx.get(kObjects, {name}));
    if (object) TRY(s.blobs->release(tx, object.value().segments));
    return tx.erase(kObjects, {name});
  });
}

void write_one(Server& s, const std::string& kind, const std::string& name, int thread, int n) {
  print('+', name);
  if (kind == "small" || kind == "large") return put_object(s, name, name);
  if (kind == "parts") return put_parts(s, name);
  if (kind == "copy") return copy_object(s, name);
  if (kind == "replace") return replace_object(s, name, thread, n);
  if (kind == "delete") return delete_object(s, name);
  if (kind == "event")
    return acknowledge(s, name, [&](Transaction& tx) { return s.outbox->emit(tx, {"made", "1", "r", name}); });
  if (kind == "timer")
    return acknowledge(s, name,
                       [&](Transaction& tx) { return s.timers->set(tx, "note", name, s.clock.now() + 50'000); });
  if (kind == "count") return acknowledge(s, name, [&](Transaction& tx) { return count_one(tx, kCounters, "shared"); });
  acknowledge(s, name, [&](Transaction& tx) {
    return remember_answer(tx, {"op", "p", name}, "hash", name, s.clock.now() + kDay);
  });
}

constexpr const char* kKinds[] = {"small",  "large", "parts", "copy",  "replace",
                                  "delete", "event", "timer", "count", "answer"};

int write(const std::string& directory, const std::string& round, bool sync) {
  Server s;
  if (const Status opened = s.open(directory, sync); !opened)
    return fmt::print(stderr, "{}\n", opened.error().message), 1;
  const StagedBody source = stage(s, bytes_of("large-source", size_of("large-source")));
  (void)s.store->run([&](Transaction& tx) -> Status {
    TRY(s.outbox->subscribe(tx, "made", "1", "r", "crash"));
    if (TRY(tx.get(kObjects, {"source"}))) return {};
    TRY(s.blobs->adopt(tx, source));
    return tx.put(kObjects, {"source"}, {"large-source", source.segments()});
  });
  std::vector<std::thread> threads;
  for (const char* kind : kKinds)
    for (int t = 0; t < kThreads; ++t)
      threads.emplace_back([&s, &round, kind, t] {
        // The round's number orders the versions of what is replaced over the rounds.
        for (int n = std::stoi(round) * 1'000'000;; ++n)
          write_one(s, kind, fmt::format("{}-{}-{}-{}", kind, round, t, n), t, n);
      });
  for (std::thread& thread : threads) thread.join();
  return 0;
}

// --- checking -------------------------------------------------------------------------------------------------------

struct Said {
  std::set<std::string> asked, acknowledged;
};

struct Check {
  Server& s;
  const Said& said;
  std::vector<std::string> faults = {};

  void fault(std::string what) { faults.push_back(std::move(what)); }
  bool body_is(Transaction& tx, const Object& object, const std::string& expected) {
    const auto body = s.blobs->open_body(tx, object.segments);
    if (!body) return false;
    std::string bytes((*body)->size(), '\0');
    const auto got = (*body)->read(0, bytes);
    return got && bytes == expected;
  }
  static std::string expected(const std::string& content) {
    if (!content.starts_with("parts")) return bytes_of(content, size_of(content));
    std::string bytes;
    for (int i = 0; i < 3; ++i) bytes += bytes_of(fmt::format("{}/{}", content, i), i < 2 ? kPart : 100);
    return bytes;
  }

  // Whatever is there is whole, acknowledged or not.
  Status nothing_half(Transaction& tx) {
    const auto page = TRY(tx.scan(kObjects));
    size_t indexed = TRY(tx.scan_index(kObjects, kByContent)).entries.size();
    if (indexed != page.entries.size())
      fault(fmt::format("{} objects and {} index entries", page.entries.size(), indexed));
    for (const auto& [key, object] : page.entries) {
      if (!body_is(tx, object, expected(object.content))) fault(key.name + " has other bytes than were written");
      const bool twinned = key.name.starts_with("small") || key.name.starts_with("large");
      if (twinned && !TRY(tx.get(kTwins, key))) fault(key.name + " is there without its twin");
    }
    const auto twins = TRY(tx.scan(kTwins));
    for (const auto& entry : twins.entries)
      if (!entry.key.name.starts_with("replace") && !TRY(tx.get(kObjects, entry.key)))
        fault(entry.key.name + " is half there");
    return {};
  }

  Status acknowledged(Transaction& tx, const std::string& name) {
    const std::string kind = name.substr(0, name.find('-'));
    if (kind == "small" || kind == "large" || kind == "parts" || kind == "copy") {
      if (!TRY(tx.get(kObjects, {name}))) fault(name + " was acknowledged and is gone");
    } else if (kind == "replace") {
      if (!TRY(tx.get(kTwins, {name}))) fault(name + " was acknowledged and is gone");
    } else if (kind == "delete") {
      if (TRY(tx.get(kObjects, {name}))) fault(name + " was deleted and is back");
    } else if (kind == "event" || kind == "timer") {
      const auto happened = TRY(tx.get(kHappened, {name}));
      if (!happened)
        fault(name + " was acknowledged and never happened");
      else if (kind == "timer" && happened.value().count != 1)
        fault(name + " fired more than once");
    } else if (kind == "answer") {
      if (!TRY(earlier_answer(tx, {"op", "p", name}, "hash", s.clock.now())))
        fault(name + " was acknowledged and is gone");
    }
    return {};
  }

  // Each thread's newest version is the last acknowledged, or one that was asked for after it.
  Status versions(Transaction& tx) {
    for (int t = 0; t < kThreads; ++t) {
      int acked = -1;
      for (const std::string& name : said.acknowledged) {
        int round = 0, thread = 0, n = 0;
        if (sscanf(name.c_str(), "replace-%d-%d-%d", &round, &thread, &n) == 3 && thread == t)
          acked = std::max(acked, n);
      }
      const auto object = TRY(tx.get(kObjects, {fmt::format("replaced-{}", t)}));
      int thread = 0, n = -1;
      if (object) sscanf(object.value().content.c_str(), "large-version-%d-%d", &thread, &n);
      if (n < acked) fault(fmt::format("replaced-{} has version {}, and {} was acknowledged", t, n, acked));
    }
    return {};
  }

  Status counter(Transaction& tx) {
    const auto starts = [](const std::set<std::string>& names) {
      return static_cast<uint64_t>(
          std::ranges::count_if(names, [](const std::string& name) { return name.starts_with("count-"); }));
    };
    const uint64_t count = TRY(tx.get(kCounters, {"shared"})).value_or(Count{}).count;
    if (count < starts(said.acknowledged) || count > starts(said.asked))
      fault(fmt::format("the counter is {}; {} were asked for, {} acknowledged", count, starts(said.asked),
                        starts(said.acknowledged)));
    return {};
  }

  Status all() {
    s.settle();
    const auto tx = s.store->read();
    TRY(nothing_half(*tx));
    for (const std::string& name : said.acknowledged) TRY(acknowledged(*tx, name));
    TRY(versions(*tx));
    return counter(*tx);
  }
};

Status references_are_right(const std::string& directory, std::vector<std::string>& faults) {
  const CheckReport report = TRY(check_directory(directory, [](Transaction& tx, const auto& found) -> Status {
    const auto page = TRY(tx.scan(kObjects));
    for (const auto& entry : page.entries)
      for (const Segment& segment : entry.record.segments) found(segment);
    return {};
  }));
  faults.insert(faults.end(), report.faults.begin(), report.faults.end());
  return {};
}

int check(const std::string& directory) {
  Said said;
  for (std::string line; std::getline(std::cin, line);) {
    if (line.size() < 3) continue;
    if (line[0] == '+') said.asked.insert(line.substr(2));
    if (line[0] == '=') said.acknowledged.insert(line.substr(2));
  }
  std::vector<std::string> faults;
  Status done;
  const Micros started = steady_now();
  Micros opened = 0;
  {
    Server s;
    done = s.open(directory, true);
    opened = steady_now() - started;
    if (done) {
      Check checking{s, said};
      done = checking.all();
      s.blobs->settle();
      faults = std::move(checking.faults);
    }
    s.outbox.reset();
    s.timers.reset();
    s.blobs.reset();
  }
  if (done) done = references_are_right(directory, faults);
  if (!done) faults.push_back(done.error().message);
  for (const std::string& fault : faults) fmt::print("fault: {}\n", fault);
  fmt::print("acknowledged {} opened in {} ms faults {}\n", said.acknowledged.size(), opened / 1000, faults.size());
  return faults.empty() ? 0 : 1;
}

}  // namespace
}  // namespace tarn

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  if (args.size() >= 3 && args[0] == "write")
    return tarn::write(args[1], args[2], args.size() == 3 || args[3] != "--no-sync");
  if (args.size() == 2 && args[0] == "check") return tarn::check(args[1]);
  fmt::print(stderr, "crash_store write DIR ROUND [--no-sync] | check DIR\n");
  return 2;
}
