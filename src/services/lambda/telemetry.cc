#include "services/lambda/telemetry.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/text.h"
#include "os/clock.h"
#include "run/reach.h"

namespace tarn::lambda {
namespace {

constexpr Micros kPost = 2 * kSecond;     // a listener that takes longer loses the batch
constexpr size_t kMostEarly = 10'000;     // events of an init phase
constexpr size_t kMostWaiting = 8 << 20;  // bytes for a listener that does not keep up
constexpr size_t kMostLine = 256 << 10;   // a longer line is cut in pieces
constexpr std::string_view kKinds[] = {"platform", "function", "extension"};

Failure wrong(std::string message) {
  return fail(400, "ValidationError", std::move(message));
}

// AWS: "Lambda Telemetry API reference": each has a least and a greatest value.
Status take_number(const Json& buffering, std::string_view name, int64_t least, int64_t most, auto& out) {
  const Json* given = buffering.find(name);
  if (given == nullptr) return {};
  const int64_t value = given->as_int(-1);
  if (value < least || value > most)
    return wrong(fmt::format("buffering.{} must be an integer from {} to {}", name, least, most));
  out = static_cast<std::remove_reference_t<decltype(out)>>(value);
  return {};
}

struct Listener {
  uint16_t port = 80;
  std::string host, path = "/";
};

// "http://sandbox.localdomain:8080/path": whatever the host, it is the environment's own.
Result<Listener> listener_of(const Json& destination) {
  if (destination["protocol"].as_string() != "HTTP")
    return wrong("destination.protocol: this server sends telemetry by HTTP only");
  const std::string& uri = destination["URI"].as_string();
  constexpr std::string_view kScheme = "http://";
  if (!uri.starts_with(kScheme)) return wrong("destination.URI must begin with http://");
  Listener out;
  out.host = uri.substr(kScheme.size());
  if (const size_t slash = out.host.find('/'); slash != std::string::npos) {
    out.path = out.host.substr(slash);
    out.host.resize(slash);
  }
  const size_t colon = out.host.find(':');
  const std::string name = out.host.substr(0, colon);
  if (name != "sandbox.localdomain" && name != "sandbox" && name != "localhost" && name != "127.0.0.1")
    return wrong("destination.URI must be at sandbox.localdomain");
  if (colon != std::string::npos) {
    const auto port = parse_int(out.host.substr(colon + 1));
    if (!port || *port < 1 || *port > 65'535 || *port == 9001)
      return wrong("destination.URI must have a port of the extension's own");
    out.port = static_cast<uint16_t>(*port);
  }
  const auto unfit = [](unsigned char c) { return c <= 0x20 || c >= 0x7f; };
  if (std::ranges::any_of(out.path, unfit)) return wrong("destination.URI has characters that no URI has");
  return out;
}

}  // namespace

Telemetry::Telemetry(std::vector<Fd> callers, Fd side_output, std::function<void(std::string_view)> output)
    : callers_(std::move(callers)), side_output_(std::move(side_output)) {
  reader_ = std::thread([this, output = std::move(output)] {
    for (std::string piece = run::read_next(side_output_.get()); !piece.empty();
         piece = run::read_next(side_output_.get())) {
      this->output(Kind::kExtension, piece);
      output(piece);
    }
  });
  sender_ = std::thread([this] { run(); });
}

Telemetry::~Telemetry() {
  reader_.join();
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  sender_.join();
}

Status Telemetry::subscribe(const std::string& extension, const Json& asked) {
  const std::string& version = asked["schemaVersion"].as_string();
  if (version != "2022-07-01" && version != "2022-12-13" && version != "2025-01-29")
    return wrong("schemaVersion must be 2025-01-29, 2022-12-13 or 2022-07-01");
  auto made = std::make_unique<Subscriber>();
  const Listener listener = TRY(listener_of(asked["destination"]));
  made->port = listener.port;
  made->host = listener.host;
  made->path = listener.path;
  if (asked["types"].size() == 0) return wrong("types must name one type at least");
  for (const Json& type : asked["types"].items()) {
    const auto found = std::ranges::find(kKinds, type.as_string());
    if (found == std::end(kKinds)) return wrong("types must be of platform, function and extension");
    made->wants[found - kKinds] = true;
  }
  const Json& buffering = asked["buffering"];
  TRY(take_number(buffering, "maxItems", 1'000, 10'000, made->most_items));
  TRY(take_number(buffering, "maxBytes", 256 << 10, 1 << 20, made->most_bytes));
  int64_t millis = 1'000;
  TRY(take_number(buffering, "timeoutMs", 25, 30'000, millis));
  made->timeout = millis * 1'000;

  const std::lock_guard lock(mutex_);
  if (init_over_) return fail(403, "Telemetry.SubscriptionClosed", "Telemetry API subscription is closed already");
  if (subscribers_.size() == callers_.size())
    return wrong(fmt::format("this environment has {} subscriptions already", callers_.size()));
  for (const Event& event : early_) give(*made, event);
  subscribers_.push_back(std::move(made));
  add(Kind::kPlatform, "platform.telemetrySubscription",
      Json::object({{"name", extension}, {"state", "Subscribed"}, {"types", asked["types"]}}));
  return {};
}

// --- what happens ---------------------------------------------------------------------------------------------------------

void Telemetry::give(Subscriber& to, const Event& event) {
  if (!to.wants[static_cast<size_t>(event.kind)]) return;
  if (to.bytes + event.bytes > kMostWaiting) {
    ++to.dropped;
    to.dropped_bytes += event.bytes;
    return;
  }
  if (to.waiting.empty()) to.first = steady_now();
  to.waiting.push_back(event);
  to.bytes += event.bytes;
}

void Telemetry::add(Kind kind, std::string_view type, Json record) {
  Json json = Json::object({{"time", iso8601_millis(system_now())}, {"type", type}, {"record", std::move(record)}});
  const size_t bytes = json.text().size();
  const Event event{kind, std::move(json), bytes};
  if (!init_over_ && early_.size() < kMostEarly) early_.push_back(event);
  for (const auto& subscriber : subscribers_) give(*subscriber, event);
  changed_.notify_all();
}

void Telemetry::platform(std::string_view type, Json record) {
  const std::lock_guard lock(mutex_);
  add(Kind::kPlatform, type, std::move(record));
}

void Telemetry::output(Kind kind, std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  std::string& line = lines_[static_cast<size_t>(kind)];
  for (size_t at = 0; at < bytes.size();) {
    const size_t end = bytes.find('\n', at);
    line += bytes.substr(at, end == std::string_view::npos ? end : end + 1 - at);
    if (end == std::string_view::npos && line.size() < kMostLine) break;
    add(kind, kKinds[static_cast<size_t>(kind)], std::exchange(line, {}));
    if (end == std::string_view::npos) break;
    at = end + 1;
  }
}

void Telemetry::close_init() {
  const std::lock_guard lock(mutex_);
  init_over_ = true;
  early_ = {};
}

void Telemetry::hurry() {
  const std::lock_guard lock(mutex_);
  hurried_ = true;
  changed_.notify_all();
}

// --- sending --------------------------------------------------------------------------------------------------------------

void Telemetry::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    const Micros now = steady_now();
    Micros next = now + kMinute;
    bool sent = false;
    for (size_t i = 0; i < subscribers_.size(); ++i) {
      Subscriber& to = *subscribers_[i];
      if (to.waiting.empty()) continue;
      const bool full = to.waiting.size() >= to.most_items || to.bytes >= to.most_bytes;
      if (full || hurried_ || stopping_ || to.first + to.timeout <= now) {
        post(callers_[i], to, lock);
        sent = true;
      } else {
        next = std::min(next, to.first + to.timeout);
      }
    }
    if (sent) continue;
    if (stopping_) return;
    changed_.wait_for(lock, std::chrono::microseconds(next - now));
  }
}

// Lets go of the lock while it sends. AWS: a batch that is not taken is lost, and told of as such.
void Telemetry::post(const Fd& caller, Subscriber& to, std::unique_lock<std::mutex>& lock) {
  const std::vector<Event> batch = std::exchange(to.waiting, {});
  const size_t bytes = std::exchange(to.bytes, 0);
  Json body = Json::array();
  for (const Event& event : batch) body.push(event.json);
  if (to.dropped > 0)
    body.push(Json::object({{"time", iso8601_millis(system_now())},
                            {"type", "platform.logsDropped"},
                            {"record", Json::object({{"droppedBytes", std::exchange(to.dropped_bytes, 0)},
                                                     {"droppedRecords", std::exchange(to.dropped, 0)},
                                                     {"reason", "The listener did not take them in time."}})}}));
  const std::string text = body.text();
  const std::string request = fmt::format(
      "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: "
      "close\r\n\r\n{}",
      to.path, to.host, text.size(), text);
  lock.unlock();
  const auto answer = run::call_through(caller.get(), to.port, request, kPost);
  lock.lock();
  if (answer && answer->starts_with("HTTP/1.")) return;
  to.dropped += batch.size();
  to.dropped_bytes += bytes;
}

}  // namespace tarn::lambda
