// Insights queries: what they read, and what they make of events. Dashboards and alarms are built on these numbers.
#include "services/logs/insights.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace tarn::logs::insights {
namespace {

// Newest first, as the server reads them; one a minute, back from 2024-01-01 00:09.
const std::vector<std::string> kEvents = {
    R"({"level":"ERROR","ms":30,"user":{"name":"ann"},"tags":["x","y"],"ip":"10.1.2.3"})",
    R"({"level":"INFO","ms":10,"user":{"name":"bob"}})",
    R"({"level":"INFO","ms":20.5,"user":{"name":"ann"}})",
    "plain text: user=cy took 7 ms",
    R"({"level":"ERROR","ms":40,"user":{"name":"ann"},"a-b":1})",
    "REPORT RequestId: 12-ab\tDuration: 2.50 ms\tBilled Duration: 3 ms\tMemory Size: 128 MB\tMax Memory Used: 30 MB\t",
};

std::string run(const std::string& text, size_t limit = 1000) {
  const auto query = parse(text);
  if (!query) return query.error().message;
  Run run(*query, {.now = 1'704'067'800'000}, limit);
  int64_t time = 1'704'067'740'000;
  int number = 0;
  for (const std::string& event : kEvents) {
    const auto more = run.take(Row(event, "stream", "1:group", time, time + 1, fmt::format("p{}", number++)));
    if (!more) return more.error().message;
    if (!*more) break;
    time -= 60'000;
  }
  std::string out;
  for (const Cells& row : run.finish().rows) {
    if (!out.empty()) out += " / ";
    std::string line;
    for (const auto& [name, value] : row) line += fmt::format("{}{}={}", line.empty() ? "" : ", ", name, value);
    out += line;
  }
  return out;
}

TEST(Insights, Queries) {
  const std::pair<const char*, const char*> cases[] = {
      {"fields ms | filter level = \"ERROR\"", "ms=30, @ptr=p0 / ms=40, @ptr=p4"},
      {"filter ms > 10 and ms <= 30 | display ms, user.name",
       "ms=30, user.name=ann, @ptr=p0 / ms=20.5, user.name=ann, @ptr=p2"},
      {"fields @timestamp | limit 1", "@timestamp=2024-01-01 00:09:00.000, @ptr=p0"},
      {"fields @timestamp, @logStream, @log | sort @timestamp asc | limit 1",
       "@timestamp=2024-01-01 00:04:00.000, @logStream=stream, @log=1:group, @ptr=p5"},
      {"stats count(*)", "count(*)=6"},
      {"stats count(*) as n, avg(ms), max(ms), min(ms), sum(ms) by level | sort n desc, level",
       "level=ERROR, n=2, avg(ms)=35, max(ms)=40, min(ms)=30, sum(ms)=70 / "
       "level=INFO, n=2, avg(ms)=15.25, max(ms)=20.5, min(ms)=10, sum(ms)=30.5 / n=2"},
      {"filter ispresent(ms) | stats count(*) by bin(5m)", "bin(5m)=2024-01-01 00:05:00.000, count(*)=4"},
      {"filter ispresent(ms) | stats count() as c by bin(2m) as t | sort t",
       "t=2024-01-01 00:04:00.000, c=1 / t=2024-01-01 00:06:00.000, c=1 / t=2024-01-01 00:08:00.000, c=2"},
      {"stats pct(ms, 50) as p50, pct(ms, 100) as p100, count_distinct(user.name) as users, stddev(ms) as d",
       "p50=20.5, p100=40, users=2, d=12.8477"},
      {"filter ispresent(ms) | stats max(ms) - min(ms) as spread, sum(ms) / count(*) as mean",
       "spread=30, mean=25.125"},
      {"filter ispresent(ms) | stats earliest(ms) as e, latest(ms) as l, sortsFirst(level) as f",
       "e=40, l=30, f=ERROR"},
      {"stats count(*) as n by user.name | stats max(n) as most", "most=3"},
      {"parse @message \"user=* took * ms\" as who, took | filter ispresent(who) | display who, took + 1 as more",
       "who=cy, more=8, @ptr=p3"},
      {"parse @message /user=(?<who>\\w+)/ | filter who = 'cy' | fields who", "who=cy, @ptr=p3"},
      {"parse /took (?<t>\\d+)/ | filter ispresent(t) | fields t", "t=7, @ptr=p3"},
      {"fields level | filter @message like /(?i)PLAIN/", "@ptr=p3"},
      {"filter @message like 'plain' | fields @message", "@message=plain text: user=cy took 7 ms, @ptr=p3"},
      {"filter user.name not like /^a/ | fields user.name", "user.name=bob, @ptr=p1"},
      {"filter user.name =~ /^b/ or tags.1 = 'y' | fields user.name",
       "user.name=ann, @ptr=p0 / user.name=bob, @ptr=p1"},
      {"filter user.name in ['bob', 'cy'] | fields ms", "ms=10, @ptr=p1"},
      {"filter user.name not in ['bob'] and not (ms > 30) | fields ms", "ms=30, @ptr=p0 / ms=20.5, @ptr=p2"},
      {"filter level != 'ERROR' | fields ms", "ms=10, @ptr=p1 / ms=20.5, @ptr=p2"},
      {"filter `a-b` = 1 | fields ms * 2 + 1 as x, ms / 3 as y, -ms as z, 2 ^ 3 as p, ms % 7 as r",
       "x=81, y=13.3333, z=-40, p=8, r=5, @ptr=p4"},
      {"filter ispresent(user.name) | dedup user.name | fields user.name",
       "user.name=ann, @ptr=p0 / user.name=bob, @ptr=p1"},
      {"filter @type = 'REPORT' | fields @requestId, @duration, @billedDuration, @memorySize, @maxMemoryUsed",
       "@requestId=12-ab, @duration=2.5, @billedDuration=3, @memorySize=128000000, @maxMemoryUsed=30000000, @ptr=p5"},
      {"fields concat(level, '-', ms) as c, toupper(user.name) as u, strlen(level) as n, substr(level, 1, 2) as s | "
       "limit 1",
       "c=ERROR-30, u=ANN, n=5, s=RR, @ptr=p0"},
      {"fields isIpInSubnet(ip, '10.1.0.0/16') as i, isValidIpv4(ip) as v, coalesce(none, level) as l, "
       "replace(level, 'R', 'r') as r, strcontains(level, 'RR') as c, abs(-3) as a, greatest(1, 3, 2) as g | limit 1",
       "i=1, v=1, l=ERROR, r=ErrOr, c=1, a=3, g=3, @ptr=p0"},
      {"fields datefloor(@timestamp, 1h) as f, toMillis(@timestamp) as m, fromMillis(0) as z, now() as n | limit 1",
       "f=2024-01-01 00:00:00.000, m=1704067740000, z=1970-01-01 00:00:00.000, n=1704067800, @ptr=p0"},
      {"fields toMillis(@timestamp) as m | filter m >= now() * 1000 - 120000 | stats count(*)", "count(*)=2"},
      {"filter ispresent(ms) | stats count(*) by bin(1mo)", "bin(1mo)=2024-01-01 00:00:00.000, count(*)=4"},
      {"fields datefloor(@timestamp, 1y) as y, datefloor(fromMillis(1719792000000), 1q) as q, "
       "dateceil(@timestamp, 1month) as c, datefloor(fromMillis(1719791999999), 2q) as h | limit 1",
       "y=2024-01-01 00:00:00.000, q=2024-07-01 00:00:00.000, c=2024-02-01 00:00:00.000, h=2024-01-01 00:00:00.000, "
       "@ptr=p0"},
      {"fields jsonParse(@message) as j | filter ispresent(j.user) | fields j.user.name as n, j.tags[1] as t, "
       "j[\"a-b\"] as d"
       " | display n, t, d",
       "n=ann, t=y, @ptr=p0 / n=bob, @ptr=p1 / n=ann, @ptr=p2 / n=ann, d=1, @ptr=p4"},
      {"fields jsonParse(@message) as j | unnest j.tags into tag | filter ispresent(tag) | display tag, level",
       "tag=x, level=ERROR, @ptr=p0 / tag=y, level=ERROR, @ptr=p0"},
      {"fields jsonParse('[{\"n\":1},{\"n\":2}]') as l | limit 1 | unnest l into one | stats sum(one.n) as s, count(*) "
       "as c",
       "s=3, c=2"},
      {"unnest level into one | stats count(one) as n", "n=4"},
      {"fields jsonStringify(jsonParse('{ \"a\": [1] }')) as s, jsonParse('no') as none | limit 1",
       "s={\"a\":[1]}, @ptr=p0"},
      {"filter @message not like /^{/ | pattern @message",
       "@pattern=REPORT RequestId: <Token-1>\tDuration: <Number-2> ms\tBilled Duration: <Number-3> ms\tMemory Size: "
       "<Number-4> MB\tMax Memory Used: <Number-5> MB, @ratio=0.5, @sampleCount=1, @severityLabel=NONE / "
       "@pattern=plain text: user=cy took <Number-1> ms, @ratio=0.5, @sampleCount=1, @severityLabel=NONE"},
      {"filter ispresent(level) | fields concat('[', level, '] ', ms, ' ms at 10.0.0.', ms) as line | pattern line | "
       "sort "
       "@sampleCount desc, @pattern | limit 1",
       "@pattern=[ERROR] <Number-1> ms at <IPAddress-2>, @ratio=0.5, @sampleCount=2, @severityLabel=ERROR"},
      {"SOURCE logGroups(namePrefix: ['/aws/', \"app\"]) | stats count(*)", "count(*)=6"},
      {"fields concat(level, none) as c, strcontains(level, none) as s | limit 1", "c=ERROR, s=1, @ptr=p0"},
      {"# a comment\nfilter ms = 10 # and one more\n| fields ms |", "ms=10, @ptr=p1"},
      {"filter ms > 1 | limit 2 | fields ms", "ms=30, @ptr=p0 / ms=10, @ptr=p1"},
      {"sort ms desc | filter ispresent(ms) | limit 2 | fields ms", "ms=40, @ptr=p4 / ms=30, @ptr=p0"},
      {"filterIndex level = 'ERROR' and ms in [40] | fields ms", "ms=40, @ptr=p4"},
      {"filter none = 1 | stats count(*) as n", "n=0"},
      {"filter none = 1 | stats count(*) as n by level", ""},
  };
  for (const auto& [query, result] : cases) EXPECT_EQ(run(query), result) << query;
  EXPECT_EQ(run("fields ms", 1), "ms=30, @ptr=p0");
}

TEST(Insights, FilterIndexNamesItsFields) {
  const auto query = parse("filterIndex a = 1 and b in ['x'] | filter c = 1 | filterIndex d = 2");
  ASSERT_TRUE(query);
  EXPECT_EQ(query->indexed, (std::vector<std::string>{"a", "b", "d"}));
}

TEST(Insights, RefusesWhatIsNoQuery) {
  for (const char* text : {"",
                           "fields",
                           "nothing",
                           "filter",
                           "filter a =",
                           "filter (a = 1",
                           "fields a as",
                           "limit 0",
                           "limit x",
                           "limit 10001",
                           "stats count(*",
                           "stats nosuch(a)",
                           "fields count(*)",
                           "fields abs()",
                           "parse \"x*\"",
                           "parse @message \"*\" as a, b",
                           "filter a like /(/",
                           "fields 'open",
                           "fields a b",
                           "sort",
                           "filter a in ['b'",
                           "stats count(*) by bin(5x)",
                           "stats count(*) | stats count(*) | stats count(*)",
                           "pattern",
                           "diff",
                           "unnest a",
                           "unnest a into",
                           "source logGroups() | fields a",
                           "source logGroups(namePrefix: ['a']) | fields a",
                           "source logGroups(namePrefix: ['app'], class: 'STANDARD') | fields a",
                           "fields a | source logGroups(namePrefix: ['app'])",
                           "fields a[1",
                           "fields abs(1mo)",
                           "stats count(*) by bin(0mo)",
                           "unmask a",
                           "filterIndex a like /b/",
                           "filterIndex a = 1 or b = 2",
                           "filterIndex 1 = a",
                           "fields a | | fields b",
                           "filter a ~ b",
                           "fields abs(1, 2)"}) {
    const auto query = parse(text);
    ASSERT_FALSE(query) << text;
    EXPECT_EQ(query.error().code, "MalformedQueryException") << text;
  }
  std::string deep(5000, '(');
  EXPECT_FALSE(parse("filter " + deep));
  EXPECT_FALSE(parse("filter " + std::string(5000, '-') + "1"));
}

}  // namespace
}  // namespace tarn::logs::insights
