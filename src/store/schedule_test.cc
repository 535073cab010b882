// When schedules fire: a wrong moment runs a pipeline on the wrong day, or never.
#include "store/schedule.h"

#include <gtest/gtest.h>

namespace tarn {
namespace {

struct Case {
  const char* schedule;
  const char* after;
  const char* next;  // "": never
  const char* zone = "UTC";
};

TEST(Schedule, Next) {
  const Case cases[] = {
      {"cron(0 12 1 * ? *)", "2024-11-01T12:00:00Z", "2024-12-01T12:00:00Z"},
      {"cron(0 12 1 * ? *)", "2024-11-01T11:59:59Z", "2024-11-01T12:00:00Z"},
      {"cron(15 10 * * ? *)", "2024-02-28T10:15:00Z", "2024-02-29T10:15:00Z"},
      {"cron(0 18 ? * MON-FRI *)", "2024-11-01T18:00:00Z", "2024-11-04T18:00:00Z"},
      {"cron(0/15 * * * ? *)", "2024-11-01T00:50:00Z", "2024-11-01T01:00:00Z"},
      {"cron(0/10 * ? * MON-FRI *)", "2024-11-01T23:50:00Z", "2024-11-04T00:00:00Z"},
      {"cron(5,35 14 * * ? *)", "2024-11-01T14:05:00Z", "2024-11-01T14:35:00Z"},
      {"cron(0 9 L * ? *)", "2024-02-01T00:00:00Z", "2024-02-29T09:00:00Z"},
      {"cron(0 9 LW * ? *)", "2024-06-01T00:00:00Z", "2024-06-28T09:00:00Z"},   // the 30th is a Sunday
      {"cron(0 9 15W * ? *)", "2024-06-01T00:00:00Z", "2024-06-14T09:00:00Z"},  // the 15th is a Saturday
      {"cron(0 9 1W * ? *)", "2024-05-31T10:00:00Z", "2024-06-03T09:00:00Z"},   // never over the month's edge
      {"cron(0 9 ? * 3#2 *)", "2024-11-01T00:00:00Z", "2024-11-12T09:00:00Z"},  // second Tuesday
      {"cron(0 9 ? * 6L *)", "2024-11-01T00:00:00Z", "2024-11-29T09:00:00Z"},   // last Friday
      {"cron(0 9 ? * L *)", "2024-11-01T00:00:00Z", "2024-11-02T09:00:00Z"},    // Saturday
      {"cron(0 9 ? * FRI-MON *)", "2024-11-05T00:00:00Z", "2024-11-08T09:00:00Z"},
      {"cron(0 0 29 2 ? *)", "2025-01-01T00:00:00Z", "2028-02-29T00:00:00Z"},
      {"cron(0 0 1 jan ? 2026-2027)", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"},
      {"cron(0 0 1 1 ? 2020)", "2024-01-01T00:00:00Z", ""},
      {"cron(0 0 30 2 ? *)", "2024-01-01T00:00:00Z", ""},
      {"rate(5 minutes)", "2024-11-01T00:00:30Z", "2024-11-01T00:05:30Z"},
      {"rate(1 day)", "2024-11-01T00:00:00Z", "2024-11-02T00:00:00Z"},
      {"at(2024-11-20T13:00:00)", "2024-11-01T00:00:00Z", "2024-11-20T13:00:00Z"},
      {"at(2024-11-20T13:00:00)", "2024-11-20T13:00:00Z", ""},
      {"at(2024-11-20T13:00:00)", "2024-11-01T00:00:00Z", "2024-11-20T12:00:00Z", "Europe/Berlin"},
      {"cron(0 12 * * ? *)", "2024-03-30T12:00:00Z", "2024-03-31T10:00:00Z", "Europe/Berlin"},
      // Clocks go from 02:00 to 03:00: half past two is passed over.
      {"cron(30 2 * * ? *)", "2024-03-30T12:00:00Z", "2024-04-01T00:30:00Z", "Europe/Berlin"},
      // .. and from 03:00 back to 02:00: it comes once.
      {"cron(30 2 * * ? *)", "2024-10-26T12:00:00Z", "2024-10-27T00:30:00Z", "Europe/Berlin"},
      {"cron(30 2 * * ? *)", "2024-10-27T00:30:00Z", "2024-10-28T01:30:00Z", "Europe/Berlin"},
  };
  for (const Case& each : cases) {
    const auto schedule = Schedule::parse(each.schedule);
    ASSERT_TRUE(schedule) << each.schedule << ": " << schedule.error().message;
    const auto next = schedule->next(*parse_iso8601(each.after), each.zone);
    ASSERT_TRUE(next) << each.schedule;
    EXPECT_EQ(*next ? iso8601(**next) : "", each.next) << each.schedule << " after " << each.after;
  }
}

TEST(Schedule, Refused) {
  for (const char* text : {"", "0 12 * * ? *", "cron(0 12 * * *)", "cron(0 12 * * * *)", "cron(0 12 ? * ? *)",
                           "cron(60 12 * * ? *)", "cron(0 12 0 * ? *)", "cron(0 12 ? * 8 *)", "cron(0 12 * FOO ? *)",
                           "cron(0 12 ? * 3#6 *)", "rate(0 minutes)", "rate(1 minutes)", "rate(2 minute)",
                           "rate(5 seconds)", "rate(99999999999 days)", "at(2024-11-20)", "cron(0/0 * * * ? *)"})
    EXPECT_FALSE(Schedule::parse(text)) << text;
  EXPECT_FALSE(Schedule::parse("cron(0 12 * * ? *)")->next(Time{}, "Mars/Olympus"));
  EXPECT_TRUE(is_time_zone("America/New_York"));
  EXPECT_FALSE(is_time_zone("../etc/passwd"));
}

}  // namespace
}  // namespace tarn
