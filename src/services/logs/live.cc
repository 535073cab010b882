// StartLiveTail: events as they come in, for at most three hours.
#include <fmt/format.h>

#include "door/arn.h"
#include "door/door.h"
#include "os/random.h"
#include "services/logs/logs.h"
#include "wire/event_stream.h"

namespace tarn::logs {
namespace {

// Each tail keeps one of the workers that send bodies while it waits.
constexpr size_t kMostTails = 4;
constexpr size_t kMostInUpdate = 500;  // AWS: StartLiveTail, a second
constexpr Micros kUpdateEvery = kSecond;
constexpr Micros kLongest = 3 * kHour;

std::string encode(StartLiveTailResponseStream event) {
  return wire::encode_event(wire::OperationOf<StartLiveTailRequest>::operation(), &event);
}

class LiveTail final : public EventSource {
 public:
  LiveTail(std::shared_ptr<Tail> tail, LiveTailSessionStart start) : tail_(std::move(tail)), start_(std::move(start)) {}

  Result<std::optional<std::string>> next() override {
    if (sent_ == 0) {
      ++sent_;
      // AWS's JSON protocols begin a stream with the operation's other output, of which there is none.
      return wire::encode_message({.headers = {{":message-type", "event"},
                                               {":event-type", "initial-response"},
                                               {":content-type", "application/x-amz-json-1.1"}},
                                   .payload = "{}"});
    }
    if (sent_ == 1) {
      ++sent_;
      return encode({.session_start = std::move(start_)});
    }
    if (over_) return std::nullopt;
    if (steady_now() > begun_ + kLongest) {
      over_ = true;
      return wire::encode_event_error("SessionTimeoutException", "The live tail has run for three hours.");
    }
    bool dropped = false;
    LiveTailSessionUpdate update;
    update.session_results.set_present();
    for (TailedEvent& event : tail_->wait(kUpdateEvery, kMostInUpdate, dropped))
      update.session_results.push_back({.log_stream_name = std::move(event.stream),
                                        .log_group_identifier = std::move(event.group_arn),
                                        .message = std::move(event.message),
                                        .timestamp = event.time,
                                        .ingestion_time = event.ingested});
    update.session_metadata = LiveTailSessionMetadata{.sampled = dropped};
    return encode({.session_update = std::move(update)});
  }

 private:
  const std::shared_ptr<Tail> tail_;
  LiveTailSessionStart start_;
  const Micros begun_ = steady_now();
  int sent_ = 0;
  bool over_ = false;
};

}  // namespace

Result<std::vector<Need>> start_live_tail_rights(Logs&, Call& call, const StartLiveTailRequest& in) {
  std::vector<Need> needs;
  for (const std::string& identifier : in.log_group_identifiers)
    for (Need& need : TRY(stream_need(call, "logs:StartLiveTail", group_name({}, identifier), "")))
      needs.push_back(std::move(need));
  return needs;
}

Result<WithEvents<StartLiveTailResponse>> start_live_tail(Logs& logs, Call& call, const StartLiveTailRequest& in) {
  if (!in.log_stream_names.empty() && !in.log_stream_name_prefixes.empty())
    return invalid("Give logStreamNames or logStreamNamePrefixes, not both.");
  if ((!in.log_stream_names.empty() || !in.log_stream_name_prefixes.empty()) && in.log_group_identifiers.size() > 1)
    return invalid("Streams are named within one log group only.");
  const FilterPattern pattern = TRY(FilterPattern::parse(in.log_event_filter_pattern.value_or("")));
  std::vector<std::string> groups;
  for (const std::string& identifier : in.log_group_identifiers) {
    if (!Arn::parse(identifier)) return invalid(fmt::format("{} is no ARN of a log group.", identifier));
    groups.push_back(group_arn(TRY(find_group(call, {}, identifier, Lock::kNone)).key));
  }
  LiveTailSessionStart start{.request_id = call.request_id(),
                             .session_id = uuid4(),
                             .log_group_identifiers = in.log_group_identifiers,
                             .log_stream_names = in.log_stream_names,
                             .log_stream_name_prefixes = in.log_stream_name_prefixes,
                             .log_event_filter_pattern = in.log_event_filter_pattern};
  auto tail = logs.tails.open(kMostTails, std::move(groups), in.log_stream_names.items(),
                              in.log_stream_name_prefixes.items(), pattern);
  if (!tail)
    return fail(400, "LimitExceededException", fmt::format("There are {} live tails at most at one time.", kMostTails));
  return WithEvents<StartLiveTailResponse>{.output = {},
                                           .events = std::make_unique<LiveTail>(std::move(tail), std::move(start))};
}

}  // namespace tarn::logs
