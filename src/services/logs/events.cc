// Events: written in batches, read in the order of their times, searched for words.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/door.h"
#include "services/logs/account_policies.h"
#include "services/logs/filter_pattern.h"
#include "services/logs/logs.h"
#include "services/logs/reading.h"
#include "services/logs/subscriptions.h"
#include "store/page_token.h"

namespace tarn::logs {
namespace {

// AWS: PutLogEvents, CloudWatch Logs quotas.
constexpr size_t kEventOverhead = 26, kMaxBatchBytes = 1 << 20;
constexpr int64_t kTooNew = 2 * 3'600'000, kTooOld = 14 * 86'400'000LL, kMaxBatchSpan = 86'400'000;

constexpr int32_t kPage = 10'000;
constexpr size_t kPageBytes = 1 << 20;
constexpr size_t kSearchedBytes = 32 << 20;  // then a search answers what it has, and where to go on

// --- writing ---------------------------------------------------------------------------------------------------------

Status check_batch(const wire::List<InputLogEvent>& events) {
  size_t bytes = 0;
  int64_t last = INT64_MIN;
  for (const InputLogEvent& event : events) {
    if (*event.timestamp < last)
      return invalid("Log events in a single PutLogEvents request must be in chronological order.");
    last = *event.timestamp;
    bytes += event.message->size() + kEventOverhead;
  }
  if (last - *events.front().timestamp > kMaxBatchSpan)
    return invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.");
  if (bytes > kMaxBatchBytes)
    return invalid(fmt::format("Upload too large: {} bytes exceeds limit of {}", bytes, kMaxBatchBytes));
  return {};
}

// Which events of a batch are taken, and what is said of the others.
struct Taken {
  size_t from = 0, to = 0;
  wire::Box<RejectedLogEventsInfo> rejected;
};

Taken take(const wire::List<InputLogEvent>& events, const GroupRecord& group, Time now) {
  const auto first_from = [&](int64_t time) {
    return static_cast<size_t>(
        std::ranges::partition_point(events, [&](const auto& each) { return *each.timestamp < time; }) -
        events.begin());
  };
  const size_t too_old = first_from(now.millis() - kTooOld);
  const size_t expired = first_from(oldest_kept(group, now).value_or(INT64_MIN));
  Taken taken{std::max(too_old, expired), first_from(now.millis() + kTooNew + 1)};
  RejectedLogEventsInfo rejected;
  if (taken.to < events.size()) rejected.too_new_log_event_start_index = static_cast<int32_t>(taken.to);
  if (too_old > 0) rejected.too_old_log_event_end_index = static_cast<int32_t>(too_old);
  if (expired > 0) rejected.expired_log_event_end_index = static_cast<int32_t>(expired);
  if (taken.from > 0 || taken.to < events.size()) taken.rejected = std::move(rejected);
  return taken;
}

// Gives the places of the events that were taken, in their order.
Result<std::vector<Position>> append(Call& call, const FoundGroup& group, FoundStream& stream,
                                     const wire::List<InputLogEvent>& events, size_t from, size_t to) {
  StreamRecord& record = stream.record;
  std::vector<Position> places;
  for (size_t i = from; i < to;) {
    const int64_t first = *events[i].timestamp;
    ChunkRecord chunk{.group_id = group.record.id, .stream = stream.key.name, .ingested = call.now()};
    ++record.chunks;
    for (; i < to && *events[i].timestamp - first <= kChunkSpan; ++i) {
      places.push_back({*events[i].timestamp, record.id, record.chunks, chunk.events.size()});
      chunk.events.push_back({*events[i].timestamp, *events[i].message});
      record.bytes += events[i].message->size() + kEventOverhead;
    }
    record.first_event = std::min(record.first_event.value_or(first), first);
    record.last_event = std::max(record.last_event.value_or(first), chunk.events.back().time);
    TRY(call.put(kChunks, {record.id, first, record.chunks}, chunk));
  }
  record.last_ingestion = call.now();
  TRY(call.put(kStreams, stream.key, record));
  return places;
}

// Whoever hears of new events: subscribers, live tails.
Status tell_listeners(Logs& logs, Call& call, const FoundGroup& group, const std::string& stream,
                      const wire::List<InputLogEvent>& events, size_t from, const std::vector<Position>& places) {
  std::vector<NewEvent> told;
  for (size_t i = 0; i < places.size(); ++i)
    told.push_back({places[i].text(), places[i].time, *events[from + i].message});
  TRY(tell_subscribers(call, group, stream, told));
  logs.tails.tell(call.tx(), group_arn(group.key), stream, call.now(), told);
  return {};
}

// --- reading ---------------------------------------------------------------------------------------------------------

// Where a group's events begin for its readers: what is past its retention is gone, erased or not.
Position start_of(Call& call, const FoundGroup& group, const std::optional<int64_t>& wanted) {
  return Position::before(
      std::max({wanted.value_or(0), oldest_kept(group.record, call.now()).value_or(0), int64_t{0}}));
}

struct Token {
  bool forward = true;
  Position at;
  std::string text() const { return fmt::format("{}/{}/s", forward ? "f" : "b", at.text()); }
};

Result<Token> parse_token(const std::string& text) {
  if ((text.starts_with("f/") || text.starts_with("b/")) && text.ends_with("/s"))
    if (const auto at = Position::parse(std::string_view(text).substr(2, text.size() - 4)))
      return Token{text.starts_with('f'), *at};
  return invalid("The specified nextToken is invalid.");
}

std::vector<Need> group_need(Call& call, std::string_view action, const OptionalText& name,
                             const OptionalText& identifier, const std::string& stream) {
  return {
      {.action = std::string(action),
       .resource = call.arn("logs", fmt::format("log-group:{}:log-stream:{}", group_name(name, identifier), stream))}};
}

}  // namespace

Result<std::vector<Need>> put_log_events_rights(Logs&, Call& call, const PutLogEventsRequest& in) {
  return stream_need(call, "logs:PutLogEvents", *in.log_group_name, *in.log_stream_name);
}

Result<PutLogEventsResponse> put_log_events(Logs& logs, Call& call, const PutLogEventsRequest& in) {
  const FoundGroup group = TRY(find_group(call, *in.log_group_name, Lock::kShared));
  FoundStream stream = TRY(find_stream(call, group, *in.log_stream_name, Lock::kExclusive));
  TRY(check_batch(in.log_events));
  Taken taken = take(in.log_events, group.record, call.now());
  const auto places = TRY(append(call, group, stream, in.log_events, taken.from, taken.to));
  if (group.record.subscriptions > 0 || logs.tails.any() || TRY(account_filter(call.tx(), group.key)))
    TRY(tell_listeners(logs, call, group, stream.key.name, in.log_events, taken.from, places));
  // AWS: sequence tokens are ignored since 2023; one is still given.
  return PutLogEventsResponse{.next_sequence_token = fmt::format("{:056}", stream.record.chunks),
                              .rejected_log_events_info = std::move(taken.rejected)};
}

Result<std::vector<Need>> get_log_events_rights(Logs&, Call& call, const GetLogEventsRequest& in) {
  return group_need(call, "logs:GetLogEvents", in.log_group_name, in.log_group_identifier, *in.log_stream_name);
}

// Tokens are places between events: at the end the forward one stays as it is, and goes on when more has come.
Result<GetLogEventsResponse> get_log_events(Logs&, Call& call, const GetLogEventsRequest& in) {
  const FoundGroup group = TRY(find_group(call, in.log_group_name, in.log_group_identifier, Lock::kNone));
  const FoundStream stream = TRY(find_stream(call, group, *in.log_stream_name, Lock::kNone));
  std::optional<Token> token;
  if (in.next_token && !in.next_token->empty()) token = TRY(parse_token(*in.next_token));
  Wanted wanted{
      .group_id = group.record.id, .stream_id = stream.record.id, .from = start_of(call, group, in.start_time)};
  // AWS: GetLogEvents: startTime is inclusive, endTime is not.
  wanted.until = in.end_time ? *in.end_time - 1 : INT64_MAX;
  const Position start = wanted.from;
  wanted.reverse = token ? !token->forward : !in.start_from_head.value_or(false);
  if (token && token->forward) wanted.from = std::max(wanted.from, token->at);
  if (token && !token->forward) wanted.to = token->at;

  const auto limit = static_cast<size_t>(in.limit.value_or(kPage));
  GetLogEventsResponse out;
  out.events.set_present();
  std::vector<OutputLogEvent> events;
  std::optional<Position> first, last;
  size_t bytes = 0;
  TRY(read_events(call.tx(), wanted, [&](const Position& at, const Line& line) {
    bytes += line.message.size() + kEventOverhead;
    if (events.size() == limit || (bytes > kPageBytes && !events.empty())) return false;
    events.push_back({.timestamp = at.time, .message = line.message, .ingestion_time = line.ingested.millis()});
    first = first ? std::min(*first, at) : at;
    last = last ? std::max(*last, at) : at;
    return true;
  }));
  if (wanted.reverse) std::ranges::reverse(events);
  for (OutputLogEvent& event : events) out.events.push_back(std::move(event));
  const Position here = token ? token->at : start;
  out.next_forward_token = Token{true, last.value_or(here)}.text();
  out.next_backward_token = Token{false, first.value_or(here)}.text();
  return out;
}

Result<std::vector<Need>> filter_log_events_rights(Logs&, Call& call, const FilterLogEventsRequest& in) {
  return group_need(call, "logs:FilterLogEvents", in.log_group_name, in.log_group_identifier, "");
}

Result<FilterLogEventsResponse> filter_log_events(Logs&, Call& call, const FilterLogEventsRequest& in) {
  const FoundGroup group = TRY(find_group(call, in.log_group_name, in.log_group_identifier, Lock::kNone));
  if (!in.log_stream_names.empty() && in.log_stream_name_prefix)
    return invalid("Give logStreamNames or logStreamNamePrefix, not both.");
  const FilterPattern pattern = TRY(FilterPattern::parse(in.filter_pattern.value_or("")));
  const std::string request =
      fmt::format("FilterLogEvents {} {} {} {} {} {}", group.record.id, fmt::join(in.log_stream_names.items(), ","),
                  in.log_stream_name_prefix.value_or(""), in.start_time.value_or(0), in.end_time.value_or(-1),
                  in.filter_pattern.value_or(""));
  Wanted wanted{.group_id = group.record.id,
                .from = start_of(call, group, in.start_time),
                .until = in.end_time.value_or(INT64_MAX)};
  if (in.log_stream_names.size() == 1)
    wanted.stream_id = TRY(find_stream(call, group, in.log_stream_names.front(), Lock::kNone)).record.id;
  else if (!in.log_stream_names.empty())
    wanted.stream_named = [&](const std::string& name) {
      return std::ranges::find(in.log_stream_names, name) != in.log_stream_names.end();
    };
  else if (in.log_stream_name_prefix)
    wanted.stream_named = [&](const std::string& name) { return name.starts_with(*in.log_stream_name_prefix); };
  if (const std::string after = TRY(page_start(call, request, in.next_token)); !after.empty())
    wanted.from = Position::parse(after).value_or(wanted.from);

  const auto limit = static_cast<size_t>(in.limit.value_or(kPage));
  FilterLogEventsResponse out;
  out.events.set_present();
  out.searched_log_streams.set_present();  // AWS: always empty since 2019
  size_t bytes = 0, searched = 0;
  Position last;
  TRY(read_events(call.tx(), wanted, [&](const Position& at, const Line& line) {
    if (out.events.size() == limit || bytes > kPageBytes || searched > kSearchedBytes) {
      out.next_token = page_token(call.door().store(), request, last.text());
      return false;
    }
    last = at;
    searched += line.message.size() + kEventOverhead;
    if (!pattern.matches(line.message)) return true;
    bytes += line.message.size() + kEventOverhead;
    out.events.push_back({.log_stream_name = line.stream,
                          .timestamp = at.time,
                          .message = line.message,
                          .ingestion_time = line.ingested.millis(),
                          .event_id = at.text()});
    return true;
  }));
  return out;
}

}  // namespace tarn::logs
