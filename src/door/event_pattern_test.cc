// A rule that matches what it should not starts programs, one that misses what it should match stops a pipeline without
// a word: each operator of the pattern language, what it refuses, and what is said of a mismatch.
#include <gtest/gtest.h>

#include "door/event_pattern.h"

namespace tarn {
namespace {

struct Case {
  const char* pattern;
  const char* event;
  bool matches;
};

FlatEvent flat(const char* event) {
  return FlatEvent(*Json::parse(event));
}

TEST(EventPattern, Operators) {
  const Case cases[] = {
      // Literals, their kinds, several of them, several values.
      {R"({"a": ["x"]})", R"({"a": "x"})", true},
      {R"({"a": ["x"]})", R"({"a": "X"})", false},
      {R"({"a": ["x"]})", R"({"b": "x"})", false},
      {R"({"a": ["x", "y"]})", R"({"a": "y"})", true},
      {R"({"a": ["x"]})", R"({"a": ["z", "x"]})", true},
      {R"({"a": ["x"]})", R"({"a": [["z"], ["x"]]})", true},
      {R"({"a": ["x"], "b": ["y"]})", R"({"a": "x", "b": "z"})", false},
      {R"({"a": [1]})", R"({"a": 1.0})", true},
      {R"({"a": [3.018e2]})", R"({"a": 301.8})", true},
      {R"({"a": [1]})", R"({"a": "1"})", false},
      {R"({"a": ["1"]})", R"({"a": 1})", false},
      {R"({"a": [12345678901234567]})", R"({"a": 12345678901234568})", false},
      {R"({"a": [12345678901234567]})", R"({"a": 12345678901234567})", true},
      {R"({"a": [true]})", R"({"a": true})", true},
      {R"({"a": [true]})", R"({"a": false})", false},
      {R"({"a": [true]})", R"({"a": "true"})", false},
      {R"({"a": [null]})", R"({"a": null})", true},
      {R"({"a": [null]})", R"({"b": 1})", false},
      {R"({"a": [""]})", R"({"a": ""})", true},
      {R"({"a": [""]})", R"({"a": null})", false},
      {R"({"a": ["2001:DB8::1"]})", R"({"a": "2001:db8:0:0:0:0:0:1"})", true},
      {R"({"a": [{"exactly": "x"}]})", R"({"a": "x"})", true},
      // Paths: a dot in a name is the way inwards.
      {R"({"d": {"a": ["x"]}})", R"({"d": {"a": "x", "b": 1}})", true},
      {R"({"d.a": ["x"]})", R"({"d": {"a": "x"}})", true},
      // Texts.
      {R"({"a": [{"prefix": "ab"}]})", R"({"a": "abc"})", true},
      {R"({"a": [{"prefix": "ab"}]})", R"({"a": "Abc"})", false},
      {R"({"a": [{"prefix": ""}]})", R"({"a": "abc"})", true},
      {R"({"a": [{"prefix": "1"}]})", R"({"a": 12})", false},
      {R"({"a": [{"prefix": {"equals-ignore-case": "AB"}}]})", R"({"a": "aBc"})", true},
      {R"({"a": [{"prefix": {"equals-ignore-case": "AB"}}]})", R"({"a": "bBc"})", false},
      {R"({"a": [{"suffix": ".png"}]})", R"({"a": "x.png"})", true},
      {R"({"a": [{"suffix": ".png"}]})", R"({"a": "x.PNG"})", false},
      {R"({"a": [{"suffix": {"equals-ignore-case": ".png"}}]})", R"({"a": "x.PNG"})", true},
      {R"({"a": [{"equals-ignore-case": "aLiCe"}]})", R"({"a": "AlIcE"})", true},
      {R"({"a": [{"equals-ignore-case": "aLiCe"}]})", R"({"a": "AlIc"})", false},
      {R"({"a": [{"equals-ignore-case": "MÜNCHEN Łódź Ж Σ €"}]})", R"({"a": "münchen łÓDŹ ж σ €"})", true},
      {R"({"a": [{"equals-ignore-case": "ä"}]})", R"({"a": "ö"})", false},
      {R"({"a": [{"wildcard": "*"}]})", R"({"a": ""})", true},
      {R"({"a": [{"wildcard": "a*"}]})", R"({"a": "a"})", true},
      {R"({"a": [{"wildcard": "a*a"}]})", R"({"a": "a"})", false},
      {R"({"a": [{"wildcard": "a*b*c"}]})", R"({"a": "a-b-b-c"})", true},
      {R"({"a": [{"wildcard": "a*b*c"}]})", R"({"a": "ac"})", false},
      {R"({"a": [{"wildcard": "x"}]})", R"({"a": "x"})", true},
      {R"({"a": [{"wildcard": "a?c"}]})", R"({"a": "abc"})", false},
      {R"({"a": [{"wildcard": "a\\*c*"}]})", R"({"a": "a*cd"})", true},
      {R"({"a": [{"wildcard": "a\\*c*"}]})", R"({"a": "abcd"})", false},
      {R"({"a": [{"wildcard": "a\\\\*"}]})", R"({"a": "a\\b"})", true},
      // Addresses and numbers.
      {R"({"a": [{"cidr": "10.0.0.0/24"}]})", R"({"a": "10.0.0.255"})", true},
      {R"({"a": [{"cidr": "10.0.0.0/24"}]})", R"({"a": "10.0.1.0"})", false},
      {R"({"a": [{"cidr": "10.0.0.0/24"}]})", R"({"a": "there"})", false},
      {R"({"a": [{"cidr": "2001:db8::/32"}]})", R"({"a": "2001:db8::7"})", true},
      {R"({"a": [{"numeric": ["=", 5]}]})", R"({"a": 5.0})", true},
      {R"({"a": [{"numeric": [">", 0, "<=", 5]}]})", R"({"a": 5})", true},
      {R"({"a": [{"numeric": [">", 0, "<=", 5]}]})", R"({"a": 0})", false},
      {R"({"a": [{"numeric": [">=", 0, "<", 5]}]})", R"({"a": 5})", false},
      {R"({"a": [{"numeric": ["<", 5]}]})", R"({"a": -1e3})", true},
      {R"({"a": [{"numeric": [">", 5]}]})", R"({"a": "6"})", false},
      // Being there: of leaves only.
      {R"({"a": [{"exists": true}]})", R"({"a": null})", true},
      {R"({"a": [{"exists": true}]})", R"({"a": {"b": 1}})", false},
      {R"({"a": [{"exists": true}]})", R"({"a": []})", false},
      {R"({"a": [{"exists": false}]})", R"({"b": 1})", true},
      {R"({"a": [{"exists": false}]})", R"({"a": {"b": 1}})", true},
      {R"({"a": [{"exists": false}]})", R"({"a": 1})", false},
      {R"({"a": [{"exists": false}, "x"]})", R"({"a": "x"})", true},
      {R"({"a": [{"exists": false}, "x"]})", R"({})", true},
      {R"({"a": [{"exists": false}, "x"]})", R"({"a": "y"})", false},
      // Anything but.
      {R"({"a": [{"anything-but": "x"}]})", R"({"a": "y"})", true},
      {R"({"a": [{"anything-but": "x"}]})", R"({"a": "x"})", false},
      {R"({"a": [{"anything-but": "x"}]})", R"({"b": "y"})", false},
      {R"({"a": [{"anything-but": ["x", "y"]}]})", R"({"a": "y"})", false},
      {R"({"a": [{"anything-but": ["x", "y"]}]})", R"({"a": 1})", true},
      {R"({"a": [{"anything-but": ["x"]}]})", R"({"a": ["x", "z"]})", true},
      {R"({"a": [{"anything-but": 5}]})", R"({"a": 5.0})", false},
      {R"({"a": [{"anything-but": [5, 6]}]})", R"({"a": 7})", true},
      {R"({"a": [{"anything-but": {"prefix": "us-"}}]})", R"({"a": "us-east-1"})", false},
      {R"({"a": [{"anything-but": {"prefix": ["us-", "eu-"]}}]})", R"({"a": "ap-east-1"})", true},
      {R"({"a": [{"anything-but": {"prefix": ["us-", "eu-"]}}]})", R"({"a": "eu-west-1"})", false},
      {R"({"a": [{"anything-but": {"suffix": ".png"}}]})", R"({"a": "a.png"})", false},
      {R"({"a": [{"anything-but": {"suffix": [".png"]}}]})", R"({"a": "a.jpg"})", true},
      {R"({"a": [{"anything-but": {"equals-ignore-case": ["X"]}}]})", R"({"a": "x"})", false},
      {R"({"a": [{"anything-but": {"wildcard": "*/lib/*"}}]})", R"({"a": "/usr/lib/x"})", false},
      {R"({"a": [{"anything-but": {"wildcard": ["*/lib/*"]}}]})", R"({"a": "/usr/bin/x"})", true},
      // Either of.
      {R"({"$or": [{"a": ["x"]}, {"b": ["y"]}]})", R"({"b": "y"})", true},
      {R"({"$or": [{"a": ["x"]}, {"b": ["y"]}]})", R"({"b": "x"})", false},
      {R"({"c": [1], "$or": [{"a": ["x"]}, {"b": ["y"]}]})", R"({"b": "y"})", false},
      {R"({"d": {"$or": [{"a": ["x"]}, {"b": ["y"]}]}})", R"({"d": {"a": "x"}})", true},
      {R"({"$or": [{"a": [1]}, {"b": [2], "$or": [{"c": [3]}, {"d": [4]}]}]})", R"({"b": 2, "d": 4})", true},
      {R"({"$or": [{"a": [1]}, {"b": [2], "$or": [{"c": [3]}, {"d": [4]}]}]})", R"({"b": 2})", false},
      {R"({"$or": [{"a": [1]}, {"b": [2]}], "d": {"$or": [{"a": [1]}, {"b": [2]}]}})", R"({"a": 1, "d": {"b": 2}})",
       true},
      {R"({"$or": {"a": ["x"]}})", R"({"$or": {"a": "x"}})", true},
  };
  for (const Case& test : cases) {
    const auto pattern = EventPattern::compile(test.pattern);
    ASSERT_TRUE(pattern) << test.pattern << ": " << pattern.error();
    EXPECT_EQ(pattern->matches(flat(test.event)), test.matches) << test.pattern << " " << test.event;
    EXPECT_EQ(!pattern->why_not(flat(test.event)), test.matches) << test.pattern << " " << test.event;
  }
}

// Fields of one array of objects must be matched by one of its elements. AWS: event-ruler, "JSON Array Matching".
TEST(EventPattern, OneElementOfAnArrayHasThemAll) {
  const char* team = R"({"team": [{"name": "Ann", "role": "cook"}, {"name": "Bob", "role": "guard"}],
                         "boss": "Ann",
                         "shops": [{"town": "A", "rooms": [{"no": 1, "free": false}, {"no": 2, "free": true}]},
                                   {"town": "B", "rooms": [{"no": 1, "free": true}]}]})";
  const std::pair<const char*, bool> cases[] = {
      {R"({"team": {"name": ["Ann"], "role": ["cook"]}})", true},
      {R"({"team": {"name": ["Ann"], "role": ["guard"]}})", false},
      {R"({"team": {"name": ["Ann", "Bob"], "role": ["guard"]}})", true},
      {R"({"boss": ["Ann"], "team": {"role": ["guard"]}})", true},
      {R"({"team": {"name": ["Ann"]}, "shops": {"town": ["B"]}})", true},
      {R"({"shops": {"town": ["A"], "rooms": {"no": [2], "free": [true]}}})", true},
      {R"({"shops": {"town": ["A"], "rooms": {"no": [1], "free": [true]}}})", false},
      {R"({"shops": {"town": ["B"], "rooms": {"no": [1], "free": [true]}}})", true},
      {R"({"shops": {"town": ["B"], "rooms": {"no": [2]}}})", false},
      {R"({"team": {"name": ["Ann"], "age": [{"exists": false}]}})", true},
  };
  for (const auto& [text, matches] : cases) {
    const auto pattern = EventPattern::compile(text);
    ASSERT_TRUE(pattern) << text;
    EXPECT_EQ(pattern->matches(flat(team)), matches) << text;
    EXPECT_EQ(!pattern->why_not(flat(team)), matches) << text;
  }
}

TEST(EventPattern, ManyArraysTakeNoLonger) {
  // Choosing one element of each array by trial would take 200^8 steps.
  std::string event = "{", pattern = "{";
  for (char array = 'a'; array < 'i'; ++array) {
    event += std::string("\"") + array + "\": [";
    for (int i = 0; i < 200; ++i) event += "{\"x\": 1, \"y\": 1, \"n\": " + std::to_string(i) + "},";
    event.back() = ']';
    event += ",";
    pattern += std::string("\"") + array + "\": {\"x\": [1], \"y\": [1]},";
  }
  event += R"("z": [{"x": 1}, {"y": 1}]})";
  pattern += R"("z": {"x": [1], "y": [1]}})";
  EXPECT_FALSE(EventPattern::compile(pattern)->matches(flat(event.c_str())));
}

TEST(EventPattern, ErrorsSayWhatAndWhere) {
  struct Bad {
    const char* pattern;
    const char* reason;  // the error's beginning
    const char* place;   // and its end
  };
  const Bad cases[] = {
      {R"({"source": ["aws.health"], "detail": {}})", "Empty objects are not allowed\n at [Source: (String)\"{",
       "}\"; line: 1, column: 40]"},
      {"{\n  \"detail-type\": [\"a\"],\n  \"detail\": {\n    \"pipeline\": {\n      \"slug\": \"some\"\n    }\n  }\n}",
       "\"slug\" must be an object or an array\n at", "line: 5, column: 16]"},
      {"[]", "Filter is not an object\n at", "line: 1, column: 2]"},
      {"{}", "Empty objects are not allowed\n at", "line: 1, column: 3]"},
      {"{", "", ""},
      {"\xbf{\"$or\": \":\"}", "\"$or\" must be an object or an array\n at",
       "column: 11]"},  // as after a byte order mark
      {"not", "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token", "column: 4]"},
      {"{invalidjson}", "Unexpected character ('i' (code 105)): was expecting double-quote to start field name\n at",
       "(String)\"{invalidjson}\"; line: 1, column: 2]"},
      {R"({"a": [x]})", "Unrecognized token 'x': was expecting", "column: 9]"},
      {R"({"a": []})", "Empty arrays are not allowed\n at", "column: 9]"},
      {R"({"a": [[]]})", "Match value must be String, number, true, false, or null\n at", ""},
      {R"({"a": [{}]})", "Match expression name not found\n at", ""},
      {R"({"a": [{"suffix": [".x"]}]})", "suffix match pattern must be a string\n at", "column: 20]"},
      {R"({"a": [{"prefix": 1}]})", "prefix match pattern must be a string\n at", ""},
      {R"({"a": [{"prefix": {"wildcard": "x"}}]})", "Unsupported prefix pattern: wildcard\n at", ""},
      {R"({"a": [{"prefix": "x", "suffix": "y"}]})", "Only one key allowed in match expression\n at", ""},
      {R"({"a": [{"like": "x"}]})", "Unrecognized match type like\n at", ""},
      {R"({"a": [{"exists": "true"}]})", "exists match pattern must be either true or false.\n at", ""},
      {R"({"a": [{"numeric": 1}]})", "Value of numeric must be an array.\n at", ""},
      {R"({"a": [{"numeric": []}]})", "Invalid member in numeric match: ]\n at", ""},
      {R"({"a": [{"numeric": [1]}]})", "Invalid member in numeric match: 1\n at", ""},
      {R"({"a": [{"numeric": [">"]}]})", "Value of > must be numeric\n at", ""},
      {R"({"a": [{"numeric": ["=", "1"]}]})", "Value of equals must be numeric\n at", ""},
      {R"({"a": [{"numeric": ["~", 1]}]})", "Unrecognized numeric range operator: ~\n at", ""},
      {R"({"key":[{"suffix":"value","prefix":"value2"}]})", "Only one key allowed", "column: 37]"},
      {R"({"key":[{"numeric":["operator"]}]})", "Unrecognized numeric range operator: operator", "column: 32]"},
      {R"({"key":[{"numeric":["=","000"]}]})", "Value of equals must be numeric", "column: 26]"},
      {R"({"key":[{"numeric":[">="]}]})", "Value of >= must be numeric", "column: 26]"},
      {R"({"key":[{"numeric":[">=",1,">",2]}]})", "Bad numeric range operator: >", "column: 31]"},
      {R"({"key":[{"numeric":[">",20,"<="]}]})", "Value of <= must be numeric", "column: 33]"},
      {R"({"a": [{"numeric": ["<", 1, ">", 2]}]})", "Too many elements in numeric expression\n at", ""},
      {R"({"a": [{"numeric": [">", 1, ">", 2]}]})", "Bad numeric range operator: >\n at", ""},
      {R"({"a": [{"numeric": [">", 2, "<", 1]}]})", "Bottom must be less than top\n at", ""},
      {R"({"a": [{"numeric": [">", 6e9]}]})", "Value must be between -5.0E9 and 5.0E9, inclusive\n at", ""},
      {R"({"a": [{"cidr": "10.0.0.0"}]})", "Malformed CIDR, one '/' required", "one '/' required"},
      {R"({"a": [{"cidr": "10.0.0.0/x"}]})", "Malformed CIDR, mask bits must be an integer", "an integer"},
      {R"({"a": [{"cidr": "10.0.0/8"}]})", "Nonstandard IP address: 10.0.0", "10.0.0"},
      {R"({"a": [{"cidr": "10.0.0.0/33"}]})", "IPv4 mask bits must be < 33", "33"},
      {R"({"a": [{"wildcard": "a**"}]})", "Consecutive wildcard characters at pos 2\n at", ""},
      {R"({"a": [{"wildcard": "a\\b"}]})", "Invalid escape character at pos 2\n at", ""},
      {R"({"a": [{"anything-but": true}]})",
       "Value of anything-but must be an array or single string/number value.\n at", ""},
      {R"({"a": [{"anything-but": [1, "x"]}]})", "Inside anything but list, either all values are number or string",
       ""},
      {R"({"a": [{"anything-but": []}]})", "Inside anything but list, either all values are number or string", ""},
      {R"({"a": [{"anything-but": [null]}]})", "Inside anything but list, start|null|boolean is not supported.\n at",
       ""},
      {R"({"a": [{"anything-but": {"prefix": ""}}]})", "Null prefix/suffix not allowed\n at", ""},
      {R"({"a": [{"anything-but": {"cidr": "x"}}]})", "Unsupported anything-but pattern: cidr\n at", ""},
      {R"({"a": [{"cidr": "xxxx:db8:1234:1a00::/64"}]})", "Nonstandard IP address: xxxx:db8:1234:1a00::", "1a00::"},
      {R"({"a": [{"anything-but": {"prefix": [123, "x"]}}]})",
       "prefix/suffix match pattern must be a string\n at [Source: (String)\"{\"a\": [{\"anything-but\": {\"prefix\": "
       "[123, "
       "\"x\"]}}]}\"; line: 1, column: 40]\n at [Source: (String)",
       "column: 40]"},
      {R"({"a": [{"anything-but": {"prefix": 123}}]})", "prefix/suffix match pattern must be a string\n at",
       "123}}]}\"; line: 1, column: 39]"},
      {"{'bad': 'quotation'}", "Unexpected character (''' (code 39)): was expecting double-quote", "column: 2]"},
      {R"({"$or": [{"a": [1]}]})", "There must have at least 2 Objects in $or relationship.\n at", ""},
      {R"({"$or": [1, 2]})", "Only JSON object is allowed in array of $or relationship.\n at", ""},
      {R"({"$or": [{"prefix": "a"}, {"b": [1]}]})",
       "prefix is Ruler reserved fieldName which cannot be used inside $or.\n at", ""},
  };
  for (const Bad& test : cases) {
    const auto pattern = EventPattern::compile(test.pattern);
    ASSERT_FALSE(pattern) << test.pattern;
    EXPECT_TRUE(pattern.error().starts_with(test.reason)) << pattern.error();
    EXPECT_TRUE(pattern.error().ends_with(test.place)) << pattern.error();
  }
  const auto error = parse_event_pattern("{}");
  ASSERT_FALSE(error);
  EXPECT_EQ(error.error().code, "InvalidEventPatternException");
  EXPECT_TRUE(error.error().message.starts_with("Event pattern is not valid. Reason: Empty objects"))
      << error.error().message;
}

TEST(EventPattern, BranchesAreBounded) {
  std::string text = "{";
  for (char name = 'a'; name < 'm'; ++name)
    text += std::string("\"") + name + R"(": {"$or": [{"x": [1]}, {"y": [1]}, {"z": [1]}]},)";
  text.back() = '}';
  const auto pattern = EventPattern::compile(text);
  ASSERT_FALSE(pattern);
  EXPECT_TRUE(pattern.error().starts_with("There are more than 1000 combinations")) << pattern.error();
}

TEST(EventPattern, SaysWhichPartFailed) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"source": ["aws.s3"], "detail": {"bucket": {"name": ["b"]}}})",
       R"(detail.bucket.name is ["c"], and the pattern wants ["b"])"},
      {R"({"source": ["aws.sqs"], "account": ["x"]})", R"(source is ["aws.s3"], and the pattern wants ["aws.sqs"])"},
      {R"({"source": ["aws.s3"], "detail": {"bucketName": ["b"]}})",
       R"(detail.bucketName is not in the event, and the pattern wants ["b"])"},
      {R"({"$or": [{"source": ["x"]}, {"source": ["aws.s3"], "detail": {"size": [1]}}]})",
       R"(detail.size is [7], and the pattern wants [1])"},
      {R"({"detail": {"tags": {"k": ["a"], "v": ["2"]}}})",
       R"(detail.tags.v is ["1","2"], and the pattern wants ["2"] in the same element of an array as the fields before it)"},
  };
  const FlatEvent event = flat(R"({"source": "aws.s3", "detail": {"bucket": {"name": "c"}, "size": 7,
                                   "tags": [{"k": "a", "v": "1"}, {"k": "b", "v": "2"}]}})");
  for (const auto& [text, wanted] : cases) {
    const auto why = EventPattern::compile(text)->why_not(event);
    ASSERT_TRUE(why) << text;
    EXPECT_EQ(why->text(), wanted);
  }
}

}  // namespace
}  // namespace tarn
