#include "services/lambda/event_sources.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "base/json.h"
#include "base/text.h"
#include "door/bus.h"
#include "door/door.h"
#include "door/event_pattern.h"
#include "gen/sqs/attributes.h"
#include "gen/sqs/messages.h"
#include "os/clock.h"
#include "os/random.h"
#include "services/lambda/event_source_records.h"
#include "services/lambda/lambda.h"
#include "services/lambda/lineage.h"

namespace tarn::lambda {
namespace {

constexpr int kThreads = 2;               // that begin receives and delete what was done
constexpr int32_t kMostRunning = 32;      // batches of a mapping at once, where it names no number
constexpr int32_t kPoll = 20;             // seconds that a receive waits
constexpr int32_t kMostReceived = 10;     // AWS: ReceiveMessage
constexpr Micros kPause = 5 * kSecond;    // after a receive that was refused; of real time, like the polls
constexpr size_t kMostPayload = 6 << 20;  // AWS: Lambda quotas: synchronous invocation payload

constexpr Micros kLeastRest = 50'000;  // before a call that was throttled is tried again
constexpr Micros kMostRest = kSecond;

// What one call gets.
struct Batch {
  Messages messages;
  Micros received = 0;  // its first message, steady time
  Micros rest = kLeastRest;
  std::optional<Micros> until = {};  // when its messages are back in the queue; asked for when it is needed
};

std::string name_of(const MappingKey& key) {
  return fmt::format("{}/{}/{}", key.account, key.region, key.uuid);
}

}  // namespace

// One mapping.
struct Source {
  MappingKey key;
  MappingRecord record;
  std::vector<EventPattern> filters;
  bool gone = false;       // changed or deleted: another stands for it, if any
  bool receiving = false;  // a receive is under way, or begins soon
  int32_t running = 0;     // batches
  Messages gathered;       // of the batch to come
  Micros since = 0;        // when its first message came
  std::string result = {};  // of what it did last; empty: nothing yet
  std::move_only_function<void()> leave;  // ends the receive under way
};

struct EventSources::State : std::enable_shared_from_this<State> {
  State(Door& d, Environments& e, std::function<void(const std::string&)> n)
      : door(d), environments(e), note(std::move(n)) {}

  using Work = std::move_only_function<void()>;
  using SourcePtr = std::shared_ptr<Source>;

  Door& door;
  Environments& environments;
  const std::function<void(const std::string&)> note;
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, SourcePtr> sources;
  std::multimap<Micros, Work> work;  // by when it is due, steady time
  std::vector<std::thread> threads;
  size_t at_work = 0;  // threads
  bool stopping = false;

  void soon(Work what, Micros delay = 0);  // takes the mutex, as do all below
  void run();
  void load(const MappingKey& key);
  void receive(const SourcePtr& source);
  void took(const SourcePtr& source, Result<Messages> messages);
  void hand_over(const SourcePtr& source);
  void call(const SourcePtr& source, Batch batch);
  bool call_again(const SourcePtr& source, Batch& batch);
  void finished(const SourcePtr& source, Batch batch, const Result<InvocationResult>& result);
  void forget(const SourcePtr& source, const Messages& messages);
  void problem(const SourcePtr& source, std::string text);
  Result<Found> function_of(const SourcePtr& source);
  Result<Caller> role_of(const SourcePtr& source, const Found& found);
  Result<Micros> visibility_of(const SourcePtr& source, const Found& found);
};

// --- the threads --------------------------------------------------------------------------------------------------------

void EventSources::State::soon(Work what, Micros delay) {
  const std::lock_guard lock(mutex);
  work.emplace(delay == 0 ? 0 : steady_now() + delay, std::move(what));
  changed.notify_one();
}

void EventSources::State::run() {
  std::unique_lock lock(mutex);
  while (!stopping) {
    if (work.empty()) {
      changed.wait(lock);
    } else if (const Micros wait = work.begin()->first - steady_now(); wait > 0) {
      changed.wait_for(lock, std::chrono::microseconds(wait));
    } else {
      Work what = std::move(work.extract(work.begin()).mapped());
      ++at_work;
      lock.unlock();
      what();
      lock.lock();
      --at_work;
    }
  }
}

void EventSources::State::load(const MappingKey& key) {
  const auto record = door.store().read()->get(kMappings, key);
  auto source = std::make_shared<Source>();
  std::move_only_function<void()> leave;
  {
    const std::lock_guard lock(mutex);
    SourcePtr& place = sources[name_of(key)];
    if (place) {
      place->gone = true;
      leave = std::exchange(place->leave, nullptr);
      source->result = place->result;
    }
    if (!record || !*record || !(*record)->enabled) {
      sources.erase(name_of(key));
      source = nullptr;
    }
  }
  if (leave) leave();  // else it would take messages for nobody
  if (!source) return;
  {
    const std::lock_guard lock(mutex);
    source->key = key;
    source->record = **record;
    for (const std::string& filter : source->record.filters)
      if (auto pattern = EventPattern::compile(filter)) source->filters.push_back(std::move(*pattern));
    source->receiving = true;
    sources[name_of(key)] = source;
  }
  soon([self = shared_from_this(), source] { self->receive(source); });
}

// --- receiving ----------------------------------------------------------------------------------------------------------

Result<Found> EventSources::State::function_of(const SourcePtr& source) {
  Caller anyone;
  anyone.region = source->key.region;
  const std::string& qualifier = source->record.qualifier;
  return find_now(door, anyone, source->record.function, qualifier.empty() ? OptionalText() : OptionalText(qualifier));
}

Result<Caller> EventSources::State::role_of(const SourcePtr& source, const Found& found) {
  Caller service;
  service.region = source->key.region;
  service.request_id = uuid4();
  return door.assume_as_service(service, found.record.role, "lambda.amazonaws.com", found.name.key.name);
}

void EventSources::State::problem(const SourcePtr& source, std::string text) {
  const std::lock_guard lock(mutex);
  const std::string result = "PROBLEM: " + text;
  if (source->result != result) note(fmt::format("event source mapping {}: {}", source->key.uuid, text));
  source->result = result;
}

void EventSources::State::receive(const SourcePtr& source) {
  const auto again = [&](const Error& error) {
    problem(source, error.message);
    soon([self = shared_from_this(), source] { self->receive(source); }, kPause);
  };
  {
    const std::lock_guard lock(mutex);
    if (source->gone || stopping) return;
  }
  const Result<Found> found = function_of(source);
  if (!found) return again(found.error());
  const Result<Caller> role = role_of(source, *found);
  if (!role) return again(role.error());
  const auto request = std::make_shared<sqs::ReceiveMessageRequest>();
  {
    const std::lock_guard lock(mutex);
    int64_t most = source->record.most_running.value_or(kMostRunning);
    if (found->function.reserved_concurrency) most = std::min<int64_t>(most, *found->function.reserved_concurrency);
    if (source->running >= most && source->running > 0) {  // the end of one goes on
      source->receiving = false;
      return;
    }
    const auto missing =
        static_cast<int32_t>(source->record.batch_size - static_cast<int32_t>(source->gathered.size()));
    request->max_number_of_messages = std::min(kMostReceived, missing);
    request->wait_time_seconds = kPoll;
    if (!source->gathered.empty()) {
      const Micros left = source->since + source->record.window * kSecond - steady_now();
      request->wait_time_seconds = static_cast<int32_t>(std::clamp<Micros>((left + kSecond - 1) / kSecond, 0, kPoll));
    }
  }
  request->queue_url = queue_url_of(source->record.source);
  request->message_system_attribute_names = {"All"};
  request->message_attribute_names = {"All"};
  door.execute_wait(*role, wire::OperationOf<sqs::ReceiveMessageRequest>::operation(), request.get(),
                    {[self = shared_from_this(), source, request](Result<wire::Any> answer) {
                       Result<Messages> messages = Messages();
                       if (!answer) {
                         messages = Failure(std::move(answer.error()));
                       } else {
                         auto& list = answer->as<sqs::ReceiveMessageResult>().messages;
                         messages->assign(list.begin(), list.end());
                       }
                       self->soon([self, source, messages = std::move(messages)]() mutable {
                         self->took(source, std::move(messages));
                       });
                     },
                     [self = shared_from_this(), source](std::move_only_function<void()> left) {
                       const std::lock_guard lock(self->mutex);
                       source->leave = std::move(left);
                     }});
}

void EventSources::State::took(const SourcePtr& source, Result<Messages> messages) {
  if (!messages) {
    problem(source, messages.error().message);
    return soon([self = shared_from_this(), source] { self->receive(source); }, kPause);
  }
  Messages dropped;
  bool full;
  {
    const std::lock_guard lock(mutex);
    for (sqs::Message& message : *messages) {
      const bool wanted = passes(source->filters, message, source->record.source, source->key.region);
      if (wanted && source->gathered.empty()) source->since = steady_now();
      (wanted ? source->gathered : dropped).push_back(std::move(message));
    }
    const Micros window = source->record.window * kSecond;
    full = static_cast<int32_t>(source->gathered.size()) >= source->record.batch_size ||
           (!source->gathered.empty() && steady_now() >= source->since + window) || source->gone;
  }
  forget(source, dropped);  // AWS: what no filter lets through is deleted
  if (full) hand_over(source);
  receive(source);
}

// --- calling ------------------------------------------------------------------------------------------------------------

// What was gathered, in one call or, where it is too much for one, several.
void EventSources::State::hand_over(const SourcePtr& source) {
  std::vector<Batch> batches;
  {
    const std::lock_guard lock(mutex);
    size_t bytes = 0;
    for (sqs::Message& message : std::exchange(source->gathered, {})) {
      const size_t size = 2 * message.body.value_or("").size() + 1024;  // escaped, with what goes with it
      if (batches.empty() || bytes + size > kMostPayload) {
        batches.push_back({.messages = {}, .received = source->since});
        bytes = 0;
      }
      bytes += size;
      batches.back().messages.push_back(std::move(message));
    }
    source->running += static_cast<int32_t>(batches.size());
  }
  for (Batch& batch : batches) call(source, std::move(batch));
}

void EventSources::State::call(const SourcePtr& source, Batch batch) {
  const auto done = [self = shared_from_this(), source](Batch of, Result<InvocationResult> result) {
    self->soon([self, source, of = std::move(of), result = std::move(result)]() mutable {
      self->finished(source, std::move(of), result);
    });
  };
  const Result<Found> found = function_of(source);
  if (!found) return done(std::move(batch), Failure(found.error()));
  // Messages of a loop stay in the queue, as failed ones do; the others of a batch shall not suffer for them.
  const auto loops = [&](const sqs::Message& message) {
    const std::string trace = trace_of(message);
    return !trace.empty() && chained_call(trace, found->name.arn(), {}).calls > kMostInChain;
  };
  if (!found->function.may_recurse && !source->record.source.ends_with(".fifo") &&
      !std::ranges::all_of(batch.messages, loops))
    std::erase_if(batch.messages, loops);
  Json records = Json::array();
  for (const sqs::Message& message : batch.messages)
    records.push(record_json(message, source->record.source, source->key.region));
  std::string trace = trace_of(batch.messages, found->name.arn());
  environments.invoke(program_of(*found),
                      {.request_id = uuid4(),
                       .arn = found->name.qualified_arn(),
                       .payload = Json::object({{"Records", std::move(records)}}).text(),
                       .client_context = {},
                       .trace = std::move(trace)},
                      [done, batch = std::move(batch)](Result<InvocationResult> result) mutable {
                        done(std::move(batch), std::move(result));
                      });
}

Result<Micros> EventSources::State::visibility_of(const SourcePtr& source, const Found& found) {
  const auto queue = TRY(door.call(TRY(role_of(source, found)),
                                   sqs::GetQueueAttributesRequest{.queue_url = queue_url_of(source->record.source),
                                                                  .attribute_names = {"VisibilityTimeout"}}));
  const std::string* seconds = queue.attributes.find("VisibilityTimeout");
  return parse_int(seconds == nullptr ? "" : *seconds).value_or(0) * kSecond;
}

// A call that was throttled is made again as long as it could end before its messages are back in the queue: that is what
// their time beyond the function's own is for. AWS: Developer Guide, "Creating and configuring an Amazon SQS event source
// mapping": the visibility timeout.
bool EventSources::State::call_again(const SourcePtr& source, Batch& batch) {
  const Result<Found> found = function_of(source);
  if (!found || found->function.reserved_concurrency == 0) return false;  // it will not be free
  if (!batch.until) {
    const Result<Micros> visibility = visibility_of(source, *found);
    batch.until = batch.received + visibility.value_or(0);
  }
  {
    const std::lock_guard lock(mutex);
    if (source->gone || stopping) return false;
  }
  if (steady_now() + batch.rest + found->record.timeout * kSecond > *batch.until) return false;
  const Micros rest = std::exchange(batch.rest, std::min(2 * batch.rest, kMostRest));
  soon(
      [self = shared_from_this(), source, batch = std::move(batch)]() mutable { self->call(source, std::move(batch)); },
      rest);
  return true;
}

void EventSources::State::finished(const SourcePtr& source, Batch batch, const Result<InvocationResult>& result) {
  if (!result && result.error().status == 429 && call_again(source, batch)) return;
  if (result && result->error.empty()) {
    std::optional<std::set<std::string>> failed = std::set<std::string>();
    if (source->record.reports_failures) failed = failures_in(result->payload, batch.messages);
    Messages done;
    for (const sqs::Message& message : batch.messages)
      if (failed && !failed->contains(*message.message_id)) done.push_back(message);
    forget(source, done);
  }
  bool go_on;
  {
    const std::lock_guard lock(mutex);
    --source->running;
    if (result) source->result = result->error.empty() ? "OK" : "PROBLEM: Function call failed";
    go_on = !source->receiving && !source->gone && !stopping;
    if (go_on) source->receiving = true;
  }
  // What failed stays in flight until its visibility timeout ends, as on AWS.
  if (!result) problem(source, result.error().message);
  if (go_on) receive(source);
}

// Deletes from the queue.
void EventSources::State::forget(const SourcePtr& source, const Messages& messages) {
  if (messages.empty()) return;
  const Result<Found> found = function_of(source);
  if (!found) return problem(source, found.error().message);
  const Result<Caller> role = role_of(source, *found);
  if (!role) return problem(source, role.error().message);
  for (size_t at = 0; at < messages.size();) {
    sqs::DeleteMessageBatchRequest request{.queue_url = queue_url_of(source->record.source)};
    for (; at < messages.size() && request.entries.size() < kMostReceived; ++at)
      request.entries.push_back({.id = std::to_string(at), .receipt_handle = messages[at].receipt_handle});
    if (const auto deleted = door.call(*role, request); !deleted) problem(source, deleted.error().message);
  }
}

// --- the whole ----------------------------------------------------------------------------------------------------------

EventSources::EventSources(Door& door, Environments& environments, std::function<void(const std::string&)> note)
    : state_(std::make_shared<State>(door, environments, std::move(note))) {}

EventSources::~EventSources() {
  stop();
}

Status EventSources::start() {
  const auto all = TRY(state_->door.store().read()->scan(kMappings));
  for (int i = 0; i < kThreads; ++i) state_->threads.emplace_back([state = state_.get()] { state->run(); });
  for (const auto& [key, record] : all.entries) look_again(key);
  return {};
}

void EventSources::stop() {
  {
    const std::lock_guard lock(state_->mutex);
    if (std::exchange(state_->stopping, true)) return;
  }
  state_->changed.notify_all();
  for (std::thread& thread : state_->threads) thread.join();
}

void EventSources::look_again(const MappingKey& key) {
  state_->soon([state = state_, key] { state->load(key); });
}

std::string EventSources::last_result(const MappingKey& key) {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->sources.find(name_of(key));
  return found == state_->sources.end() ? "" : found->second->result;
}

std::string EventSources::busy() {
  const std::lock_guard lock(state_->mutex);
  for (const auto& [name, source] : state_->sources)
    if (source->running > 0 || !source->gathered.empty())
      return "a batch of the event source mapping " + source->key.uuid;
  const bool soon = !state_->work.empty() && state_->work.begin()->first == 0;
  return soon || state_->at_work > 0 ? "event source mappings" : "";
}

}  // namespace tarn::lambda
