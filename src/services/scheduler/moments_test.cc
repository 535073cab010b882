// When schedules fire: starts, ends and rates are where a month of firings goes wrong by one. (Expressions and daylight
// saving themselves are store/schedule_test.cc's.)
#include "services/scheduler/moments.h"

#include <gtest/gtest.h>

namespace tarn::scheduler {
namespace {

Time at(std::string_view text) {
  return *parse_iso8601(text);
}
std::string shown(const Result<std::optional<Time>>& moment) {
  return !moment ? moment.error().code : *moment ? iso8601(**moment) : "never";
}

struct Case {
  std::string expression, zone, start, end, now, first, second;
};

TEST(Moments, FirstAndNext) {
  const Case cases[] = {
      {"rate(1 hour)", "UTC", "", "", "2024-01-01T00:30:00Z", "2024-01-01T00:30:00Z", "2024-01-01T01:30:00Z"},
      {"rate(1 hour)", "UTC", "2024-01-02T00:00:00Z", "", "2024-01-01T00:30:00Z", "2024-01-02T00:00:00Z",
       "2024-01-02T01:00:00Z"},
      {"rate(1 hour)", "UTC", "2024-01-01T00:00:00Z", "", "2024-01-01T02:30:00Z", "2024-01-01T03:00:00Z",
       "2024-01-01T04:00:00Z"},
      {"rate(1 hour)", "UTC", "2024-01-01T00:00:00Z", "2024-01-01T04:00:00Z", "2024-01-01T02:30:00Z",
       "2024-01-01T03:00:00Z", "never"},
      {"cron(0 8 1 * ? *)", "UTC", "", "", "2024-01-01T08:00:00Z", "2024-01-01T08:00:00Z", "2024-02-01T08:00:00Z"},
      {"cron(0 8 1 * ? *)", "America/New_York", "2024-03-01T00:00:00Z", "", "2024-01-01T08:00:00Z",
       "2024-03-01T13:00:00Z", "2024-04-01T12:00:00Z"},
      {"cron(0 8 1 * ? *)", "UTC", "", "2024-02-01T08:00:00Z", "2024-01-01T08:00:00Z", "2024-01-01T08:00:00Z", "never"},
      {"cron(0 8 1 1 ? 2024)", "UTC", "", "", "2024-01-01T07:00:00Z", "2024-01-01T08:00:00Z", "never"},
      {"at(2024-01-01T08:00:00)", "Europe/Berlin", "2025-01-01T00:00:00Z", "", "2024-01-01T00:00:00Z",
       "2024-01-01T07:00:00Z", "never"},
      {"at(2024-01-01T08:00:00)", "UTC", "", "", "2024-02-01T08:00:01Z", "2024-01-01T08:00:00Z", "never"},
      {"rate(1 hours)", "UTC", "", "", "2024-01-01T00:30:00Z", "2024-01-01T00:30:00Z", "2024-01-01T01:30:00Z"},
      {"rate(2 hour)", "UTC", "", "", "2024-01-01T00:30:00Z", "2024-01-01T00:30:00Z", "2024-01-01T02:30:00Z"},
      {"rate( 1 hour )", "UTC", "", "", "2024-01-01T00:00:00Z", "ValidationException", ""},
      {" rate(1 hour)", "UTC", "", "", "2024-01-01T00:00:00Z", "ValidationException", ""},
      {"rate(1 hourss)", "UTC", "", "", "2024-01-01T00:00:00Z", "ValidationException", ""},
      {"at(2024-01-01T08:00:00Z)", "UTC", "", "", "2024-01-01T00:00:00Z", "ValidationException", ""},
      {"at(2024-03-31T02:30:00)", "Europe/Berlin", "", "", "2024-01-01T00:00:00Z", "never", ""},
      {"every day", "UTC", "", "", "2024-01-01T00:00:00Z", "ValidationException", ""},
  };
  for (const Case& c : cases) {
    ScheduleRecord record{.expression = c.expression, .zone = c.zone};
    if (!c.start.empty()) record.start = at(c.start);
    if (!c.end.empty()) record.end = at(c.end);
    const auto first = first_moment(record, at(c.now));
    EXPECT_EQ(shown(first), c.first) << c.expression << " " << c.now;
    if (first && *first) {
      EXPECT_EQ(shown(next_moment(record, **first)), c.second) << c.expression;
    }
  }
}

TEST(Moments, WindowsAreKeptAndTheSameEachTime) {
  ScheduleRecord record{.expression = "rate(1 day)", .window_minutes = 15};
  bool differ = false;
  for (int day = 0; day < 50; ++day) {
    const Time moment = at("2024-01-01T00:00:00Z") + day * kDay;
    const Micros delay = delay_within_window(record, "arn", moment);
    EXPECT_GE(delay, 0);
    EXPECT_LT(delay, 15 * kMinute);
    EXPECT_EQ(delay, delay_within_window(record, "arn", moment));
    differ |= delay != delay_within_window(record, "arn", moment + kDay);
  }
  EXPECT_TRUE(differ);
  record.window_minutes.reset();
  EXPECT_EQ(delay_within_window(record, "arn", at("2024-01-01T00:00:00Z")), 0);
}

}  // namespace
}  // namespace tarn::scheduler
