// Keys must sort as their tuples do, whatever bytes are in them, and records must read back, also those of an older
// version; a wrong order or a lost field would only show up as missing rows much later.
#include "store/codec.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tarn {
namespace {

struct Key {
  std::string a;
  int64_t n = 0;
  std::string b;
  static void fields(auto& self, auto&& visit) { visit(self.a, self.n, self.b); }
  friend auto operator<=>(const Key&, const Key&) = default;
};

std::string encoded(const Key& key) {
  std::string out;
  append_key(out, key);
  return out;
}

TEST(Keys, SortAsTheirTuples) {
  std::vector<Key> keys;
  for (const std::string& a :
       {std::string(), std::string("\0", 1), std::string("\0\0", 2), std::string("\0\1", 2), std::string("\0\xff", 2),
        std::string("\1"), std::string("a"), std::string("a\0", 2), std::string("a\0b", 3), std::string("a\1"),
        std::string("ab"), std::string("\xff"), std::string("\xff\xff")})
    for (const int64_t n :
         {INT64_MIN, int64_t{-256}, int64_t{-1}, int64_t{0}, int64_t{1}, int64_t{255}, int64_t{256}, INT64_MAX})
      for (const std::string& b : {std::string(), std::string("\0", 1), std::string("z")}) keys.push_back({a, n, b});
  for (const Key& one : keys) {
    Key back;
    ASSERT_TRUE(read_key(encoded(one), back));
    EXPECT_EQ(back, one);
    for (const Key& two : keys) ASSERT_EQ(encoded(one) < encoded(two), one < two);
  }
}

TEST(Keys, RefuseWhatIsNone) {
  const std::string good = encoded({"name", 7, "x"});
  Key key;
  for (size_t n = 0; n < good.size(); ++n) EXPECT_FALSE(read_key(good.substr(0, n), key)) << n;
  EXPECT_FALSE(read_key(good + "x", key));
  EXPECT_FALSE(read_key(std::string("a\0\2", 3) + good, key));
}

enum class Colour : uint8_t { kRed, kGreen };

struct Inner {
  int32_t x = 0;
  std::string s = "default";
  static void fields(auto& self, auto&& visit) { visit(self.x, self.s); }
  friend bool operator==(const Inner&, const Inner&) = default;
};

struct Record {
  bool yes = false;
  int32_t i = 0;
  uint64_t u = 0;
  double d = 0;
  std::string s;
  Time t;
  Json j;
  Colour c = Colour::kRed;
  std::optional<std::string> o;
  std::optional<Inner> oi;
  std::vector<Inner> v;
  std::vector<bool> bits;
  std::map<std::string, std::vector<int64_t>> m;
  std::pair<std::string, uint32_t> p;
  static void fields(auto& self, auto&& visit) {
    visit(self.yes, self.i, self.u, self.d, self.s, self.t, self.j, self.c, self.o, self.oi, self.v, self.bits, self.m,
          self.p);
  }
  friend bool operator==(const Record&, const Record&) = default;
};

Record full() {
  Record r{true,
           INT32_MIN,
           UINT64_MAX,
           -0.25,
           std::string("a\0b", 3),
           Time::of_seconds(-5),
           Json::parse(R"({"b":1,"a":[1.50]})").value(),
           Colour::kGreen,
           "",
           Inner{-1, ""},
           {Inner{1, "one"}, Inner{}},
           {true, false},
           {{"k", {INT64_MIN, 0}}, {"", {}}},
           {"p", 9}};
  return r;
}

TEST(Records, ReadBack) {
  for (const Record& record : {Record{}, full()}) {
    const auto back = decode_record<Record>(encode_record(record), "t");
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, record);
  }
  EXPECT_EQ(decode_record<Record>(encode_record(full()), "t")->j.text(), R"({"b":1,"a":[1.50]})");
}

TEST(Records, CutShortNeverCrashesAndNeverReadsBeyond) {
  const std::string good = encode_record(full());
  for (size_t n = 0; n < good.size(); ++n) (void)decode_record<Record>(std::string(good.substr(0, n)), "t");
  for (size_t n = 0; n < good.size(); ++n) {
    std::string bad = good;
    bad[n] = static_cast<char>(bad[n] ^ 0xff);
    (void)decode_record<Record>(bad, "t");
  }
  EXPECT_FALSE(decode_record<Record>(good + "x", "t"));
  const auto empty = decode_record<Record>("", "glue.tables");
  ASSERT_FALSE(empty);
  EXPECT_NE(empty.error().message.find("glue.tables"), std::string::npos);
}

struct OldInner {
  int32_t x = 0;
  static void fields(auto& self, auto&& visit) { visit(self.x); }
};
struct Old {
  std::string name;
  std::vector<OldInner> inner;
  static void fields(auto& self, auto&& visit) { visit(self.name, self.inner); }
};
struct New {
  static constexpr uint32_t kVersion = 2;
  std::string name;
  std::vector<Inner> inner;
  std::optional<Time> added;
  int64_t limit = 42;
  static void fields(auto& self, auto&& visit) { visit(self.name, self.inner, self.added, self.limit); }
};

TEST(Records, OlderOnesReadWithDefaults) {
  const auto record = decode_record<New>(encode_record(Old{"n", {{1}, {2}}}), "t");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->name, "n");
  EXPECT_EQ(record->inner, (std::vector<Inner>{{1, "default"}, {2, "default"}}));
  EXPECT_EQ(record->limit, 42);
}

TEST(Records, NewerOnesAreRefused) {
  const auto record = decode_record<Old>(encode_record(New{}), "t");
  ASSERT_FALSE(record);
  EXPECT_NE(record.error().message.find("newer"), std::string::npos);
}

}  // namespace
}  // namespace tarn
