// Each of Trino's functions by a value, from its documentation or by hand.
#include "sql/engine/trino_bench_test.h"

namespace tarn::sql::engine {
namespace {

using Lines = std::vector<std::string>;

TEST_F(Trino, text_functions) {
  check({{"SELECT chr(65)", "A"},
         {"SELECT codepoint('A')", "65"},
         {"SELECT concat('a', 'b', 'c')", "abc"},
         {"SELECT concat('a', NULL)", "NULL"},
         {"SELECT concat(ARRAY[1], ARRAY[2, 3])", "[1, 2, 3]"},
         {"SELECT concat_ws(',', 'a', NULL, 'b')", "a,b"},
         {"SELECT concat_ws(',', ARRAY['a', 'b'])", "a,b"},
         {"SELECT format('%s has %d of %.2f', 'x', 5, 1.255e0)", "x has 5 of 1.25"},
         {"SELECT format('%,d|%05d|%-4s|%x', 1234567, 42, 'a', 255)", "1,234,567|00042|a   |ff"},
         {"SELECT format_number(123456)", "123K"},
         {"SELECT format_number(1500000)", "1.5M"},
         {"SELECT hamming_distance('abc', 'abd')", "1"},
         {"SELECT length('h\xC3\xA9llo')", "5"},
         {"SELECT levenshtein_distance('kitten', 'sitting')", "3"},
         {"SELECT lower('ABC'), upper('abc')", "abc"},
         {"SELECT upper('abc')", "ABC"},
         {"SELECT lpad('7', 3, '0')", "007"},
         {"SELECT lpad('12345', 3, '0')", "123"},
         {"SELECT rpad('7', 3, 'xy')", "7xy"},
         {"SELECT ltrim('  a ') || '|'", "a |"},
         {"SELECT rtrim(' a  ') || '|'", " a|"},
         {"SELECT trim('  a  ')", "a"},
         {"SELECT trim(BOTH 'x' FROM 'xxaxx')", "a"},
         {"SELECT trim(LEADING 'x' FROM 'xxaxx')", "axx"},
         {"SELECT luhn_check('79927398713')", "true"},
         {"SELECT normalize('e\xCC\x81') = '\xC3\xA9'", "true"},
         {"SELECT position('c' IN 'abc')", "3"},
         {"SELECT replace('aXbX', 'X')", "ab"},
         {"SELECT replace('aXb', 'X', '-')", "a-b"},
         {"SELECT reverse('abc')", "cba"},
         {"SELECT soundex('Robert')", "R163"},
         {"SELECT split('a,b,c', ',')", "[a, b, c]"},
         {"SELECT split('a,b,c', ',', 2)", "[a, b,c]"},
         {"SELECT split_part('a-b-c', '-', 2)", "b"},
         {"SELECT split_part('a-b', '-', 3)", "NULL"},
         {"SELECT split_part('a-b', '-', 0)", "INVALID_FUNCTION_ARGUMENT: Index must be greater than zero"},
         {"SELECT split_to_map('a=1,b=2', ',', '=')", "{a=1, b=2}"},
         {"SELECT split_to_multimap('a=1,a=2', ',', '=')", "{a=[1, 2]}"},
         {"SELECT strpos('hello', 'l')", "3"},
         {"SELECT strpos('hello', 'l', 2)", "4"},
         {"SELECT strpos('hello', 'l', -1)", "4"},
         {"SELECT starts_with('hello', 'he')", "true"},
         {"SELECT substr('hello', 2)", "ello"},
         {"SELECT substr('hello', 0)", ""},
         {"SELECT substr('hello', -3, 2)", "ll"},
         {"SELECT substring('hello', 2, 3)", "ell"},
         {"SELECT substring('hello' FROM 2 FOR 2)", "el"},
         {"SELECT translate('abcd', 'ab', 'x')", "xcd"},
         {"SELECT 'a' || 'b'", "ab"},
         {"SELECT 'a' || 1", "TYPE_MISMATCH: line 1:12: Cannot apply operator: varchar(1) || integer"},
         {"SELECT parse_data_size('1kB')", "1024"},
         {"SELECT typeof('abc')", "varchar(3)"},
         {"SELECT typeof(cos(2) + 1.5)", "double"}});
}

TEST_F(Trino, bytes_functions) {
  check({{"SELECT to_hex(to_utf8('abc'))", "616263"},
         {"SELECT from_utf8(from_hex('616263'))", "abc"},
         {"SELECT from_utf8(X'61FF62')", "a\xEF\xBF\xBD"
                                          "b"},
         {"SELECT to_base64(to_utf8('abc'))", "YWJj"},
         {"SELECT from_utf8(from_base64('YWJj'))", "abc"},
         {"SELECT to_base64url(X'fbff')", "-_8="},
         {"SELECT to_hex(from_base64url('-_8='))", "FBFF"},
         {"SELECT to_base32(to_utf8('abc'))", "MFRGG==="},
         {"SELECT from_utf8(from_base32('MFRGG==='))", "abc"},
         {"SELECT to_hex(md5(to_utf8('abc')))", "900150983CD24FB0D6963F7D28E17F72"},
         {"SELECT to_hex(sha1(to_utf8('abc')))", "A9993E364706816ABA3E25717850C26C9CD0D89D"},
         {"SELECT to_hex(sha256(to_utf8('abc')))", "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"},
         {"SELECT substr(to_hex(sha512(to_utf8('abc'))), 1, 16)", "DDAF35A193617ABA"},
         {"SELECT crc32(to_utf8('abc'))", "891568578"},
         {"SELECT to_hex(xxhash64(to_utf8('abc')))", "44BC2CF5AD770999"},
         {"SELECT to_hex(murmur3(to_utf8('')))", "00000000000000000000000000000000"},
         {"SELECT to_hex(hmac_md5(to_utf8('abc'), to_utf8('key')))", "D2FE98063F876B03193AFB49B4979591"},
         {"SELECT to_hex(hmac_sha1(to_utf8('abc'), to_utf8('key')))", "4FD0B215276EF12F2B3E4C8ECAC2811498B656FC"},
         {"SELECT to_hex(hmac_sha256(to_utf8('abc'), to_utf8('key')))",
          "9C196E32DC0175F86F4B1CB89289D6619DE6BEE699E4C378E68309ED97A1A6AB"},
         {"SELECT substr(to_hex(hmac_sha512(to_utf8('abc'), to_utf8('key'))), 1, 8)", "3926A207"},
         {"SELECT to_hex(to_big_endian_64(258))", "0000000000000102"},
         {"SELECT to_hex(to_big_endian_32(258))", "00000102"},
         {"SELECT from_big_endian_64(X'0000000000000102')", "258"},
         {"SELECT from_big_endian_32(X'FFFFFFFF')", "-1"},
         {"SELECT to_hex(to_ieee754_64(1.0))", "3FF0000000000000"},
         {"SELECT from_ieee754_64(X'3FF0000000000000')", "1.0"},
         {"SELECT to_hex(to_ieee754_32(REAL '1.0'))", "3F800000"},
         {"SELECT from_ieee754_32(X'3F800000')", "1.0"},
         {"SELECT length(X'0102')", "2"},
         {"SELECT X'01' || X'02'", "01 02"},
         {"SELECT reverse(X'0102')", "02 01"},
         {"SELECT substr(X'010203', 2, 1)", "02"},
         {"SELECT lpad(X'01', 2, X'00')", "00 01"},
         {"SELECT length(CAST(uuid() AS varchar))", "36"}});
}

TEST_F(Trino, regular_expressions) {
  check({{"SELECT regexp_like('1a 2b 14m', '\\d+b')", "true"},
         {"SELECT regexp_extract('1a 2b 14m', '\\d+')", "1"},
         {"SELECT regexp_extract('1a 2b 14m', '(\\d+)([a-z]+)', 2)", "a"},
         {"SELECT regexp_extract('abc', 'z')", "NULL"},
         {"SELECT regexp_extract('abc', 'a', 1)", "INVALID_FUNCTION_ARGUMENT: Pattern has 0 groups. Cannot access group 1"},
         {"SELECT regexp_extract_all('1a 2b 14m', '(\\d+)([a-z]+)', 2)", "[a, b, m]"},
         {"SELECT regexp_extract_all('1a 2b 14m', '\\d+')", "[1, 2, 14]"},
         {"SELECT regexp_replace('1a 2b 14m', '\\d+[ab] ')", "14m"},
         {"SELECT regexp_replace('1a 2b 14m', '(\\d+)([ab]) ', '3c$2 ')", "3ca 3cb 14m"},
         {"SELECT regexp_replace('2024', '(?<y>\\d\\d)', '${y}-')", "20-24-"},
         {"SELECT regexp_replace('new york', '(\\w)(\\w*)', x -> upper(x[1]) || lower(x[2]))", "New York"},
         {"SELECT regexp_split('1a 2b 14m', '\\s*[a-z]+\\s*')", "[1, 2, 14, ]"},
         {"SELECT regexp_count('1a 2b 14m', '\\s*[a-z]+\\s*')", "3"},
         {"SELECT regexp_position('9102, say good bye', '\\s*[a-z]+\\b')", "6"},
         {"SELECT regexp_position('natasha, 9102, miss you', '\\s', 10)", "15"},
         {"SELECT regexp_like('foobar', '(?<=foo)bar')", "true"},
         {"SELECT regexp_like('x', '(')",
          "INVALID_FUNCTION_ARGUMENT: Invalid regular expression '(': missing closing parenthesis near index 1"}});
}

TEST_F(Trino, url_functions) {
  const std::string url = "'https://user@example.com:8080/a%20b/c?k=v%26w&x=1&y#frag'";
  const auto with = [&](const std::string& f) { return "SELECT " + f + "(" + url + ")"; };
  EXPECT_EQ(value(with("url_extract_protocol")), "https");
  EXPECT_EQ(value(with("url_extract_host")), "example.com");
  EXPECT_EQ(value(with("url_extract_port")), "8080");
  EXPECT_EQ(value(with("url_extract_path")), "/a b/c");
  EXPECT_EQ(value(with("url_extract_query")), "k=v&w&x=1&y");
  EXPECT_EQ(value(with("url_extract_fragment")), "frag");
  EXPECT_EQ(value("SELECT url_extract_parameter(" + url + ", 'k')"), "v&w");
  check({{"SELECT url_extract_parameter('http://a/?x=1', 'y')", "NULL"},
         {"SELECT url_encode('a b&c')", "a+b%26c"},
         {"SELECT url_decode('a+b%26c')", "a b&c"}});
}

TEST_F(Trino, math_functions) {
  check({{"SELECT abs(-5)", "5"},
         {"SELECT abs(-1.5)", "1.5"},
         {"SELECT ceil(1.2e0)", "2.0"},
         {"SELECT ceiling(1.2)", "2"},
         {"SELECT floor(-1.2)", "-2"},
         {"SELECT floor(5)", "5"},
         {"SELECT round(2.5)", "3"},
         {"SELECT round(-2.5e0)", "-3.0"},
         {"SELECT round(2.567, 1)", "2.600"},
         {"SELECT round(2.567e0, 1)", "2.6"},
         {"SELECT round(123)", "123"},
         {"SELECT truncate(2.9e0)", "2.0"},
         {"SELECT truncate(2.567, 1)", "2.500"},
         {"SELECT sign(-7)", "-1"},
         {"SELECT sign(-2.5e0)", "-1.0"},
         {"SELECT sqrt(16)", "4.0"},
         {"SELECT sqrt(-1)", "NaN"},
         {"SELECT cbrt(27)", "3.0"},
         {"SELECT exp(0)", "1.0"},
         {"SELECT ln(1)", "0.0"},
         {"SELECT ln(0)", "-Infinity"},
         {"SELECT log(2, 8)", "3.0"},
         {"SELECT log2(8)", "3.0"},
         {"SELECT log10(1000)", "3.0"},
         {"SELECT power(2, 10)", "1024.0"},
         {"SELECT pow(2, 3)", "8.0"},
         {"SELECT mod(7, 3)", "1"},
         {"SELECT mod(7.5, 2)", "1.5"},
         {"SELECT pi()", "3.141592653589793"},
         {"SELECT e()", "2.718281828459045"},
         {"SELECT sin(0)", "0.0"},
         {"SELECT cos(0)", "1.0"},
         {"SELECT tan(0)", "0.0"},
         {"SELECT asin(0)", "0.0"},
         {"SELECT acos(1)", "0.0"},
         {"SELECT acos(2)", "NaN"},
         {"SELECT atan(0)", "0.0"},
         {"SELECT atan2(0, 1)", "0.0"},
         {"SELECT sinh(0)", "0.0"},
         {"SELECT cosh(0)", "1.0"},
         {"SELECT tanh(0)", "0.0"},
         {"SELECT degrees(pi())", "180.0"},
         {"SELECT radians(180)", "3.141592653589793"},
         {"SELECT infinity()", "Infinity"},
         {"SELECT is_nan(nan())", "true"},
         {"SELECT is_finite(1e0)", "true"},
         {"SELECT is_infinite(infinity())", "true"},
         {"SELECT random() < 1", "true"},
         {"SELECT rand(1)", "0"},
         {"SELECT random(5, 6)", "5"},
         {"SELECT width_bucket(5.35, 0.024, 10.06, 5)", "3"},
         {"SELECT width_bucket(3, ARRAY[1e0, 2e0, 4e0])", "2"},
         {"SELECT to_base(255, 16)", "ff"},
         {"SELECT from_base('ff', 16)", "255"},
         {"SELECT bit_count(9, 64)", "2"},
         {"SELECT bit_count(-7, 8)", "6"},
         {"SELECT bitwise_and(19, 25)", "17"},
         {"SELECT bitwise_or(19, 25)", "27"},
         {"SELECT bitwise_xor(19, 25)", "10"},
         {"SELECT bitwise_not(19)", "-20"},
         {"SELECT bitwise_left_shift(1, 2)", "4"},
         {"SELECT bitwise_right_shift(8, 3)", "1"},
         {"SELECT bitwise_right_shift(BIGINT '-8', 62)", "3"},
         {"SELECT bitwise_right_shift_arithmetic(-8, 1)", "-4"},
         {"SELECT normal_cdf(0, 1, 1.96)", "0.9750021048517796"},
         {"SELECT round(inverse_normal_cdf(0, 1, 0.975), 5)", "1.95996"},
         {"SELECT round(beta_cdf(3, 4, 0.5), 6)", "0.65625"},
         {"SELECT round(inverse_beta_cdf(3, 4, 0.65625), 6)", "0.5"},
         {"SELECT round(wilson_interval_lower(1250, 1310, 1.96e0), 6)", "0.941488"},
         {"SELECT round(wilson_interval_upper(1250, 1310, 1.96e0), 6)", "0.964252"},
         {"SELECT cosine_similarity(MAP(ARRAY['a'], ARRAY[1.0]), MAP(ARRAY['a'], ARRAY[2.0]))", "1.0"}});
}

TEST_F(Trino, date_functions) {
  check({{"SELECT current_date", "2024-11-05"},
         {"SELECT now()", "2024-11-05 10:20:30.000 UTC"},
         {"SELECT localtimestamp", "2024-11-05 10:20:30.000"},
         {"SELECT localtime", "10:20:30.000"},
         {"SELECT current_time", "10:20:30.000+00:00"},
         {"SELECT current_timezone()", "UTC"},
         {"SELECT date('2024-02-29')", "2024-02-29"},
         {"SELECT date(TIMESTAMP '2024-02-29 10:00:00')", "2024-02-29"},
         {"SELECT DATE '2024-01-31' + INTERVAL '1' MONTH", "2024-02-29"},
         {"SELECT typeof(DATE '2024-01-31' + INTERVAL '1' DAY)", "date"},
         {"SELECT DATE '2024-01-31' + INTERVAL '1' HOUR",
          "INVALID_FUNCTION_ARGUMENT: Cannot add hour, minutes or seconds to a date"},
         {"SELECT TIMESTAMP '2024-01-31 10:00:00' - INTERVAL '2' HOUR", "2024-01-31 08:00:00.000"},
         {"SELECT DATE '2024-03-01' - DATE '2024-02-28'", "2 00:00:00.000"},
         {"SELECT TIMESTAMP '2024-01-02 01:00:00' - TIMESTAMP '2024-01-01 00:00:00'", "1 01:00:00.000"},
         {"SELECT INTERVAL '2' DAY * 3", "6 00:00:00.000"},
         {"SELECT INTERVAL '1' DAY + INTERVAL '1' HOUR", "1 01:00:00.000"},
         {"SELECT TIME '10:00:00' + INTERVAL '90' MINUTE", "11:30:00.000"},
         {"SELECT year(DATE '2024-02-29')", "2024"},
         {"SELECT quarter(DATE '2024-02-29')", "1"},
         {"SELECT month(DATE '2024-02-29')", "2"},
         {"SELECT week(DATE '2024-02-29')", "9"},
         {"SELECT week_of_year(DATE '2024-02-29')", "9"},
         {"SELECT day(DATE '2024-02-29')", "29"},
         {"SELECT day_of_month(DATE '2024-02-29')", "29"},
         {"SELECT day_of_week(DATE '2024-11-03')", "7"},
         {"SELECT dow(DATE '2024-11-04')", "1"},
         {"SELECT day_of_year(DATE '2024-02-29')", "60"},
         {"SELECT doy(DATE '2024-02-29')", "60"},
         {"SELECT year_of_week(DATE '2024-12-30')", "2025"},
         {"SELECT yow(DATE '2024-12-30')", "2025"},
         {"SELECT hour(TIMESTAMP '2024-01-01 10:11:12.345')", "10"},
         {"SELECT minute(TIMESTAMP '2024-01-01 10:11:12.345')", "11"},
         {"SELECT second(TIMESTAMP '2024-01-01 10:11:12.345')", "12"},
         {"SELECT millisecond(TIMESTAMP '2024-01-01 10:11:12.345')", "345"},
         {"SELECT timezone_hour(TIMESTAMP '2024-01-01 10:00:00 +05:30')", "5"},
         {"SELECT timezone_minute(TIMESTAMP '2024-01-01 10:00:00 +05:30')", "30"},
         {"SELECT extract(day_of_week FROM DATE '2024-11-03')", "7"},
         {"SELECT extract(YEAR FROM TIMESTAMP '2024-01-01 10:00:00')", "2024"},
         {"SELECT last_day_of_month(DATE '2024-02-10')", "2024-02-29"},
         {"SELECT date_trunc('month', DATE '2024-02-29')", "2024-02-01"},
         {"SELECT date_trunc('hour', TIMESTAMP '2024-02-29 10:20:30')", "2024-02-29 10:00:00.000"},
         {"SELECT date_trunc('day', TIMESTAMP '2024-02-29 01:20:30 America/New_York')",
          "2024-02-29 00:00:00.000 America/New_York"},
         {"SELECT date_trunc('eon', DATE '2024-02-29')", "INVALID_FUNCTION_ARGUMENT: 'eon' is not a valid Timestamp field"},
         {"SELECT date_add('month', 1, DATE '2024-01-31')", "2024-02-29"},
         {"SELECT date_add('second', 86, TIMESTAMP '2020-03-01 00:00:00')", "2020-03-01 00:01:26.000"},
         {"SELECT date_diff('second', TIMESTAMP '2020-03-01 00:00:00', TIMESTAMP '2020-03-02 00:00:00')", "86400"},
         {"SELECT date_diff('day', DATE '2020-03-01', DATE '2020-03-02')", "1"},
         {"SELECT date_diff('month', DATE '2024-01-31', DATE '2024-02-28')", "0"},
         {"SELECT date_diff('month', DATE '2024-01-15', DATE '2024-03-14')", "1"},
         {"SELECT date_diff('year', DATE '2024-02-29', DATE '2023-02-28')", "-1"},
         {"SELECT date_diff('hour', TIMESTAMP '2020-03-01 00:00:00 America/New_York', TIMESTAMP '2020-03-02 00:00:00 "
          "America/New_York')",
          "24"},
         {"SELECT date_format(TIMESTAMP '2022-10-20 05:10:00', '%m-%d-%Y %H')", "10-20-2022 05"},
         {"SELECT date_format(DATE '2022-10-02', '%W %e %M %y, %a %b %j')", "Sunday 2 October 22, Sun Oct 275"},
         {"SELECT date_format(TIMESTAMP '2022-10-20 15:10:09.123', '%h:%i:%s %p %f %T %r')",
          "03:10:09 PM 123000 15:10:09 03:10:09 PM"},
         {"SELECT date_format(DATE '2022-10-02', '%U')",
          "INVALID_FUNCTION_ARGUMENT: %U not supported in date format string"},
         {"SELECT date_parse('2022/10/20/05', '%Y/%m/%d/%H')", "2022-10-20 05:00:00.000"},
         {"SELECT date_parse('20 Oct 2022 03:04:05 PM', '%d %b %Y %h:%i:%s %p')", "2022-10-20 15:04:05.000"},
         {"SELECT date_parse('x', '%Y')", "INVALID_FUNCTION_ARGUMENT: Invalid format: \"x\""},
         {"SELECT format_datetime(TIMESTAMP '2001-08-22 03:04:05', 'yyyy-MM-dd HH:mm:ss')", "2001-08-22 03:04:05"},
         {"SELECT format_datetime(TIMESTAMP '2001-08-22 15:04:05.678', 'EEE, d MMM yy h:mm a SSS ''o''''clock''')",
          "Wed, 22 Aug 01 3:04 PM 678 o'clock"},
         {"SELECT format_datetime(TIMESTAMP '2001-08-22 03:04:05 +02:00', 'ZZ')", "+02:00"},
         {"SELECT parse_datetime('2024-01-02 03:04', 'yyyy-MM-dd HH:mm')", "2024-01-02 03:04:00.000 UTC"},
         {"SELECT parse_datetime('20240102T030405+0200', 'yyyyMMdd''T''HHmmssZ')", "2024-01-02 03:04:05.000 +02:00"},
         {"SELECT from_iso8601_timestamp('2020-05-11T11:15:05+01:00')", "2020-05-11 11:15:05.000 +01:00"},
         {"SELECT from_iso8601_timestamp('2020-05-11')", "2020-05-11 00:00:00.000 UTC"},
         {"SELECT from_iso8601_timestamp_nanos('2020-05-11T11:15:05.123456')", "2020-05-11 11:15:05.123456 UTC"},
         {"SELECT from_iso8601_date('2020-05-11')", "2020-05-11"},
         {"SELECT from_iso8601_date('2020-W10')", "2020-03-02"},
         {"SELECT from_iso8601_date('2020-123')", "2020-05-02"},
         {"SELECT to_iso8601(DATE '2020-05-11')", "2020-05-11"},
         {"SELECT to_iso8601(TIMESTAMP '2020-05-11 01:02:03')", "2020-05-11T01:02:03.000"},
         {"SELECT to_iso8601(TIMESTAMP '2020-05-11 01:02:03 UTC')", "2020-05-11T01:02:03.000Z"},
         {"SELECT from_unixtime(0)", "1970-01-01 00:00:00.000 UTC"},
         {"SELECT from_unixtime(1.5)", "1970-01-01 00:00:01.500 UTC"},
         {"SELECT from_unixtime(0, 'Asia/Tokyo')", "1970-01-01 09:00:00.000 Asia/Tokyo"},
         {"SELECT from_unixtime(0, 1, 30)", "1970-01-01 01:30:00.000 +01:30"},
         {"SELECT from_unixtime_nanos(1500000000)", "1970-01-01 00:00:01.500 UTC"},
         {"SELECT to_unixtime(TIMESTAMP '1970-01-01 00:00:01.5')", "1.5"},
         {"SELECT TIMESTAMP '2012-10-31 01:00:00 UTC' AT TIME ZONE 'America/Los_Angeles'",
          "2012-10-30 18:00:00.000 America/Los_Angeles"},
         {"SELECT at_timezone(TIMESTAMP '2012-10-31 01:00:00 UTC', 'America/Los_Angeles')",
          "2012-10-30 18:00:00.000 America/Los_Angeles"},
         {"SELECT TIMESTAMP '2012-10-31 01:00:00 UTC' AT TIME ZONE INTERVAL '2' HOUR", "2012-10-31 03:00:00.000 +02:00"},
         {"SELECT with_timezone(TIMESTAMP '2021-11-01 09:08:07', 'America/New_York')",
          "2021-11-01 09:08:07.000 America/New_York"},
         {"SELECT CAST(TIMESTAMP '2012-10-31 01:00:00 UTC' AT TIME ZONE 'America/Los_Angeles' AS date)", "2012-10-30"},
         {"SELECT TIMESTAMP '2020-01-01 10:00:00 +01:00' = TIMESTAMP '2020-01-01 09:00:00 UTC'", "true"},
         {"SELECT TIMESTAMP '2024-03-10 00:00:00 America/New_York' + INTERVAL '1' DAY",
          "2024-03-11 01:00:00.000 America/New_York"},
         {"SELECT at_timezone(now(), 'Mars/Olympus')",
          "INVALID_FUNCTION_ARGUMENT: 'Mars/Olympus' is not a valid time zone"},
         {"SELECT to_milliseconds(INTERVAL '2' SECOND)", "2000"},
         {"SELECT parse_duration('3.81 d')", "3 19:26:24.000"},
         {"SELECT human_readable_seconds(3762)", "1 hour, 2 minutes, 42 seconds"},
         {"SELECT human_readable_seconds(96)", "1 minute, 36 seconds"},
         {"SELECT day(INTERVAL '50' HOUR)", "2"},
         {"SELECT hour(INTERVAL '50' HOUR)", "2"}});
}

TEST_F(Trino, json_functions) {
  check({{"SELECT json_parse('[1, 2, 3]')", "[1,2,3]"},
         {"SELECT json_parse('{x')", "INVALID_FUNCTION_ARGUMENT: Cannot convert value to JSON: '{x'"},
         {"SELECT json_format(JSON '[1, 2]')", "[1,2]"},
         {"SELECT json_extract('{\"a\": {\"b\": [1, 2]}}', '$.a.b')", "[1,2]"},
         {"SELECT json_extract('{\"a\": 1}', '$.x')", "NULL"},
         {"SELECT json_extract('not json', '$.x')", "NULL"},
         {"SELECT json_extract('{\"a\": 1}', '$[')", "INVALID_FUNCTION_ARGUMENT: Invalid JSON path: '$['"},
         {"SELECT json_extract_scalar('{\"a\": {\"b\": \"x\"}}', '$.a.b')", "x"},
         {"SELECT json_extract_scalar('{\"a\": {\"b\": \"x\"}}', '$[\"a\"][\"b\"]')", "x"},
         {"SELECT json_extract_scalar('[1, 2, 3]', '$[2]')", "3"},
         {"SELECT json_extract_scalar('{\"a\": [1]}', '$.a')", "NULL"},
         {"SELECT json_extract_scalar('{\"a\": true}', '$.a')", "true"},
         {"SELECT json_extract('[{\"a\":1},{\"a\":2}]', '$[*].a')", "[1,2]"},
         {"SELECT json_extract('{\"x\":{\"a\":1},\"a\":2}', '$..a')", "[2,1]"},
         {"SELECT json_size('{\"x\": {\"a\": 1, \"b\": 2}}', '$.x')", "2"},
         {"SELECT json_size('{\"x\": [1, 2, 3]}', '$.x')", "3"},
         {"SELECT json_array_length('[1, 2, 3]')", "3"},
         {"SELECT json_array_get('[\"a\", [3, 9], \"c\"]', 1)", "[3,9]"},
         {"SELECT json_array_get('[\"a\", \"b\"]', -1)", "b"},
         {"SELECT json_array_contains('[1, 2, 3]', 2)", "true"},
         {"SELECT json_array_contains('[\"a\"]', 'b')", "false"},
         {"SELECT is_json_scalar('1')", "true"},
         {"SELECT is_json_scalar('[1]')", "false"},
         {"SELECT json_exists('{\"a\": 1}', 'lax $.a')", "true"},
         {"SELECT json_exists('{\"a\": 1}', 'strict $.b')", "false"},
         {"SELECT json_value('{\"a\": [1, 2]}', 'lax $.a[1]')", "2"},
         {"SELECT json_value('{\"a\": 5}', 'lax $.a' RETURNING bigint) + 1", "6"},
         {"SELECT json_value('{\"a\": 5}', 'lax $.b' DEFAULT 'none' ON EMPTY)", "none"},
         {"SELECT json_value('{\"a\": 5}', 'strict $.b')", "NULL"},
         {"SELECT json_query('{\"a\": [1, 2]}', 'lax $.a')", "[1,2]"},
         {"SELECT json_query('{\"a\": [1, 2]}', 'lax $.a[*]' WITH ARRAY WRAPPER)", "[1,2]"},
         {"SELECT json_query('{\"a\": \"x\"}', 'lax $.a' OMIT QUOTES)", "x"},
         {"SELECT json_object('a' VALUE 1, 'b' : true)", "{\"a\":1,\"b\":true}"},
         {"SELECT json_object(KEY 'a' VALUE NULL ABSENT ON NULL)", "{}"},
         {"SELECT json_array(1, 'x', NULL, true)", "[1,\"x\",true]"},
         {"SELECT json_array(1, NULL NULL ON NULL)", "[1,null]"},
         {"SELECT CAST(JSON '123' AS bigint)", "123"},
         {"SELECT CAST(JSON '\"abc\"' AS varchar)", "abc"},
         {"SELECT CAST(JSON 'null' AS varchar)", "NULL"},
         {"SELECT CAST(JSON '[1, 2]' AS array(bigint))", "[1, 2]"},
         {"SELECT CAST(JSON '{\"a\": 1.5}' AS map(varchar, double))", "{a=1.5}"},
         {"SELECT CAST(JSON '{\"x\": 1, \"y\": \"b\"}' AS row(x integer, y varchar)).y", "b"},
         {"SELECT CAST(JSON '[1, \"b\"]' AS row(x integer, y varchar)).x", "1"},
         {"SELECT CAST(JSON '[1]' AS bigint)", "INVALID_CAST_ARGUMENT: Cannot cast '[1]' to bigint"},
         {"SELECT CAST(ARRAY[1, NULL] AS json)", "[1,null]"},
         {"SELECT CAST(MAP(ARRAY['b', 'a'], ARRAY[1, 2]) AS json)", "{\"a\":2,\"b\":1}"},
         {"SELECT CAST(CAST(ROW(1, 'x') AS row(a integer, b varchar)) AS json)", "{\"a\":1,\"b\":\"x\"}"},
         {"SELECT CAST('a\"b' AS json)", "\"a\\\"b\""},
         {"SELECT CAST(1.5e0 AS json)", "1.5"},
         {"SELECT CAST(DATE '2024-01-01' AS json)", "\"2024-01-01\""},
         {"SELECT json_extract_scalar(json_parse('{\"a\":\"b\"}'), '$.a')", "b"}});
}

TEST_F(Trino, array_functions) {
  check({{"SELECT ARRAY[1, 2, 3][2]", "2"},
         {"SELECT ARRAY[1, 2, 3][4]",
          "INVALID_FUNCTION_ARGUMENT: Array subscript must be less than or equal to array length: 4 > 3"},
         {"SELECT ARRAY[1][0]", "INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1"},
         {"SELECT element_at(ARRAY[1, 2, 3], 4)", "NULL"},
         {"SELECT element_at(ARRAY[1, 2, 3], -1)", "3"},
         {"SELECT ARRAY[1] || ARRAY[2]", "[1, 2]"},
         {"SELECT ARRAY[1] || 2", "[1, 2]"},
         {"SELECT 0 || ARRAY[1]", "[0, 1]"},
         {"SELECT array_distinct(ARRAY[2, 1, 2, NULL, NULL])", "[2, 1, null]"},
         {"SELECT array_intersect(ARRAY[1, 2, 3], ARRAY[3, 2])", "[2, 3]"},
         {"SELECT array_union(ARRAY[1, 2], ARRAY[2, 3])", "[1, 2, 3]"},
         {"SELECT array_except(ARRAY[1, 2, 3], ARRAY[2])", "[1, 3]"},
         {"SELECT arrays_overlap(ARRAY[1, 2], ARRAY[2])", "true"},
         {"SELECT array_join(ARRAY[1, NULL, 2], ',')", "1,2"},
         {"SELECT array_join(ARRAY[1, NULL, 2], ',', 'x')", "1,x,2"},
         {"SELECT array_max(ARRAY[1, 3, 2])", "3"},
         {"SELECT array_min(ARRAY[1, 3, NULL])", "NULL"},
         {"SELECT array_position(ARRAY['a', 'b'], 'b')", "2"},
         {"SELECT array_position(ARRAY['a', 'b'], 'z')", "0"},
         {"SELECT array_remove(ARRAY[1, 2, 1], 1)", "[2]"},
         {"SELECT array_sort(ARRAY[3, NULL, 1])", "[1, 3, null]"},
         {"SELECT cardinality(ARRAY[1, 2])", "2"},
         {"SELECT cardinality(MAP(ARRAY['a'], ARRAY[1]))", "1"},
         {"SELECT combinations(ARRAY[1, 2, 3], 2)", "[[1, 2], [1, 3], [2, 3]]"},
         {"SELECT contains(ARRAY[1, 2], 2)", "true"},
         {"SELECT contains(ARRAY[1, NULL], 2)", "NULL"},
         {"SELECT contains_sequence(ARRAY[1, 2, 3], ARRAY[2, 3])", "true"},
         {"SELECT flatten(ARRAY[ARRAY[1], ARRAY[2, 3]])", "[1, 2, 3]"},
         {"SELECT ngrams(ARRAY['a', 'b', 'c'], 2)", "[[a, b], [b, c]]"},
         {"SELECT repeat('x', 3)", "[x, x, x]"},
         {"SELECT reverse(ARRAY[1, 2])", "[2, 1]"},
         {"SELECT sequence(1, 5, 2)", "[1, 3, 5]"},
         {"SELECT sequence(3, 1)", "[3, 2, 1]"},
         {"SELECT sequence(DATE '2024-01-30', DATE '2024-02-01')", "[2024-01-30, 2024-01-31, 2024-02-01]"},
         {"SELECT sequence(DATE '2024-01-01', DATE '2024-03-01', INTERVAL '1' MONTH)",
          "[2024-01-01, 2024-02-01, 2024-03-01]"},
         {"SELECT cardinality(shuffle(ARRAY[1, 2, 3]))", "3"},
         {"SELECT slice(ARRAY[1, 2, 3, 4], 2, 2)", "[2, 3]"},
         {"SELECT slice(ARRAY[1, 2, 3, 4], -2, 2)", "[3, 4]"},
         {"SELECT trim_array(ARRAY[1, 2, 3], 1)", "[1, 2]"},
         {"SELECT zip(ARRAY[1, 2], ARRAY['a'])", "[{field0=1, field1=a}, {field0=2, field1=null}]"},
         {"SELECT transform(ARRAY[1, 2], x -> x * 2)", "[2, 4]"},
         {"SELECT filter(ARRAY[1, 2, 3], x -> x > 1)", "[2, 3]"},
         {"SELECT reduce(ARRAY[5, 20, 50], 0, (s, x) -> s + x, s -> s)", "75"},
         {"SELECT reduce(ARRAY[5, 6, 10, 20], CAST(ROW(0.0, 0) AS ROW(sum double, count integer)), (s, x) -> CAST(ROW(x + "
          "s.sum, s.count + 1) AS ROW(sum double, count integer)), s -> IF(s.count = 0, NULL, s.sum / s.count))",
          "10.25"},
         {"SELECT reduce(ARRAY[], 7, (s, x) -> s, s -> s + 1)", "8"},
         {"SELECT any_match(ARRAY[1, 2], x -> x = 2)", "true"},
         {"SELECT all_match(ARRAY[1, 2], x -> x < 2)", "false"},
         {"SELECT none_match(ARRAY[1, 2], x -> x > 2)", "true"},
         {"SELECT zip_with(ARRAY[1, 3, 5], ARRAY['a', 'b', 'c'], (x, y) -> (y, x))",
          "[{field0=a, field1=1}, {field0=b, field1=3}, {field0=c, field1=5}]"},
         {"SELECT zip_with(ARRAY[1, 2], ARRAY[3, 4], (x, y) -> x + y)", "[4, 6]"},
         {"SELECT transform(ARRAY[ARRAY[1, 2], ARRAY[3]], x -> transform(x, y -> y + 1))", "[[2, 3], [4]]"},
         {"SELECT transform(xs, x -> x + n) FROM (VALUES (ARRAY[1, 2], 10)) t(xs, n)", "[11, 12]"},
         {"SELECT ROW(1, 'b')[2]", "b"}});
}

TEST_F(Trino, map_functions) {
  check({{"SELECT MAP(ARRAY['a', 'b'], ARRAY[1, 2])['b']", "2"},
         {"SELECT MAP(ARRAY['a'], ARRAY[1])['z']", "INVALID_FUNCTION_ARGUMENT: Key not present in map: z"},
         {"SELECT element_at(MAP(ARRAY['a'], ARRAY[1]), 'z')", "NULL"},
         {"SELECT MAP()", "{}"},
         {"SELECT MAP(ARRAY['a', 'a'], ARRAY[1, 2])",
          "INVALID_FUNCTION_ARGUMENT: Duplicate map keys (a) are not allowed"},
         {"SELECT map_concat(MAP(ARRAY['a'], ARRAY[1]), MAP(ARRAY['a', 'b'], ARRAY[2, 3]))", "{a=2, b=3}"},
         {"SELECT map_entries(MAP(ARRAY[1, 2], ARRAY['x', 'y']))", "[{field0=1, field1=x}, {field0=2, field1=y}]"},
         {"SELECT map_from_entries(ARRAY[(1, 'x'), (2, 'y')])", "{1=x, 2=y}"},
         {"SELECT multimap_from_entries(ARRAY[(1, 'x'), (2, 'y'), (1, 'z')])", "{1=[x, z], 2=[y]}"},
         {"SELECT map_keys(MAP(ARRAY['a'], ARRAY[1]))", "[a]"},
         {"SELECT map_values(MAP(ARRAY['a'], ARRAY[1]))", "[1]"},
         {"SELECT map_filter(MAP(ARRAY['a', 'b'], ARRAY[1, 2]), (k, v) -> v > 1)", "{b=2}"},
         {"SELECT transform_values(MAP(ARRAY['a', 'b'], ARRAY[1, 2]), (k, v) -> k || CAST(v AS varchar))", "{a=a1, b=b2}"},
         {"SELECT transform_keys(MAP(ARRAY['a', 'b'], ARRAY[1, 2]), (k, v) -> v * 10)", "{10=1, 20=2}"},
         {"SELECT map_zip_with(MAP(ARRAY['a', 'b'], ARRAY[1, 2]), MAP(ARRAY['b', 'c'], ARRAY[3, 4]), (k, v1, v2) -> "
          "coalesce(v1, 0) + coalesce(v2, 0))",
          "{a=1, b=5, c=4}"}});
}

TEST_F(Trino, aggregates) {
  const std::string from = " FROM (VALUES (1, 'a'), (2, 'b'), (3, 'b'), (NULL, 'c')) t(x, s)";
  const auto of = [&](const std::string& f) { return value("SELECT " + f + from); };
  EXPECT_EQ(of("count(*)"), "4");
  EXPECT_EQ(of("count(x)"), "3");
  EXPECT_EQ(of("count(DISTINCT s)"), "3");
  EXPECT_EQ(of("sum(x)"), "6");
  EXPECT_EQ(of("typeof(sum(x))"), "bigint");
  EXPECT_EQ(of("avg(x)"), "2.0");
  EXPECT_EQ(of("avg(CAST(x AS decimal(5,2)))"), "2.00");
  EXPECT_EQ(of("sum(x) FILTER (WHERE x > 1)"), "5");
  EXPECT_EQ(of("min(x)"), "1");
  EXPECT_EQ(of("max(x)"), "3");
  EXPECT_EQ(of("max(x, 2)"), "[3, 2]");
  EXPECT_EQ(of("min(x, 2)"), "[1, 2]");
  EXPECT_EQ(of("max_by(s, x)"), "b");
  EXPECT_EQ(of("min_by(s, x)"), "a");
  EXPECT_EQ(of("max_by(s, x, 2)"), "[b, b]");
  EXPECT_EQ(of("min_by(s, x, 2)"), "[a, b]");
  EXPECT_EQ(of("arbitrary(x) IS NOT NULL"), "true");
  EXPECT_EQ(of("any_value(x) IS NOT NULL"), "true");
  EXPECT_EQ(of("array_agg(x ORDER BY x DESC)"), "[3, 2, 1, null]");
  EXPECT_EQ(of("array_agg(DISTINCT s ORDER BY s)"), "[a, b, c]");
  EXPECT_EQ(of("cardinality(set_agg(s))"), "3");
  EXPECT_EQ(of("cardinality(set_union(ARRAY[s]))"), "3");
  EXPECT_EQ(of("approx_distinct(s)"), "3");
  EXPECT_EQ(of("approx_percentile(x, 0.5)"), "2");
  EXPECT_EQ(of("approx_percentile(x, ARRAY[0.0, 1.0])"), "[1, 3]");
  EXPECT_EQ(of("approx_percentile(x, 10 - x, 0.5)"), "2");
  EXPECT_EQ(of("bool_and(x > 0)"), "true");
  EXPECT_EQ(of("every(x > 1)"), "false");
  EXPECT_EQ(of("bool_or(x > 2)"), "true");
  EXPECT_EQ(of("count_if(x > 1)"), "2");
  EXPECT_EQ(of("bitwise_and_agg(x)"), "0");
  EXPECT_EQ(of("bitwise_or_agg(x)"), "3");
  EXPECT_EQ(of("bitwise_xor_agg(x)"), "0");
  EXPECT_EQ(of("length(checksum(x))"), "8");
  EXPECT_EQ(value("SELECT checksum(x) = (SELECT checksum(y) FROM (VALUES 2, 1) u(y)) FROM (VALUES 1, 2) t(x)"), "true");
  EXPECT_EQ(of("histogram(s)"), "{a=1, b=2, c=1}");
  EXPECT_EQ(of("map_agg(s, x)['a']"), "1");
  EXPECT_EQ(of("multimap_agg(s, x)['b']"), "[2, 3]");
  EXPECT_EQ(of("cardinality(map_union(MAP(ARRAY[s], ARRAY[x])))"), "3");
  EXPECT_EQ(of("round(geometric_mean(x), 6)"), "1.817121");
  EXPECT_EQ(of("corr(x, x * 2)"), "1.0");
  EXPECT_EQ(of("covar_pop(x, x)"), "0.6666666666666666");
  EXPECT_EQ(of("covar_samp(x, x)"), "1.0");
  EXPECT_EQ(of("regr_slope(x * 2 + 1, x)"), "2.0");
  EXPECT_EQ(of("regr_intercept(x * 2 + 1, x)"), "1.0");
  EXPECT_EQ(of("stddev(x)"), "1.0");
  EXPECT_EQ(of("stddev_samp(x)"), "1.0");
  EXPECT_EQ(of("round(stddev_pop(x), 6)"), "0.816497");
  EXPECT_EQ(of("variance(x)"), "1.0");
  EXPECT_EQ(of("var_samp(x)"), "1.0");
  EXPECT_EQ(of("round(var_pop(x), 6)"), "0.666667");
  EXPECT_EQ(value("SELECT round(skewness(x), 6) FROM (VALUES 1, 2, 10) t(x)"), "0.674555");
  EXPECT_EQ(value("SELECT round(kurtosis(x), 4) FROM (VALUES 1, 2, 3, 10) t(x)"), "3.228");
  EXPECT_EQ(value("SELECT entropy(x) FROM (VALUES 1, 1) t(x)"), "1.0");
  EXPECT_EQ(of("listagg(s, '-') WITHIN GROUP (ORDER BY x)"), "a-b-b-c");
  EXPECT_EQ(value("SELECT numeric_histogram(2, x) FROM (VALUES 1, 2, 10) t(x)"), "{1.5=2.0, 10.0=1.0}");
  EXPECT_EQ(of("approx_most_frequent(1, s, 10)"), "{b=2}");
  EXPECT_EQ(of("sum(s)"), "FUNCTION_NOT_FOUND: line 1:8: Unexpected parameters (varchar) for function sum. Expected: "
                          "sum(bigint), sum(double), sum(real), sum(decimal(p,s))");
  EXPECT_EQ(rows("SELECT s, sum(x), avg(x)" + from + " GROUP BY s ORDER BY s"), (Lines{"a|1|1.0", "b|5|2.5", "c|NULL|NULL"}));
}

TEST_F(Trino, shows_its_functions) {
  EXPECT_EQ(rows("SHOW FUNCTIONS LIKE 'array_dis%'"),
            (Lines{"array_distinct|array(T)|array(T)|scalar|true|"}));
  EXPECT_EQ(bench->names, (Lines{"Function", "Return Type", "Argument Types", "Function Type", "Deterministic", "Description"}));
}

TEST_F(Trino, geometry_functions) {
  check({{"SELECT ST_AsText(ST_Point(1, 2))", "POINT (1 2)"},
         {"SELECT ST_X(ST_Point(1, 2))", "1.0"},
         {"SELECT ST_Contains(ST_GeometryFromText('POLYGON ((0 0, 0 2, 2 2, 2 0, 0 0))'), ST_Point(1, 1))", "true"},
         {"SELECT ST_Area(ST_Polygon('POLYGON ((0 0, 0 2, 2 2, 2 0, 0 0))'))", "4.0"},
         {"SELECT ST_GeometryType(ST_Point(1, 2))", "ST_Point"},
         {"SELECT ST_Distance(ST_Point(0, 0), ST_Point(3, 4))", "5.0"},
         {"SELECT spatial_partitions(1, 2)", "NOT_SUPPORTED: line 1:8: The function spatial_partitions is not supported."}});
}

TEST_F(Trino, parameters) {
  bench->params = {{"1", "5", ""}, {"2", "'x'", ""}};
  check({{"SELECT ? + 1", "6"}, {"SELECT ? || ?", "TYPE_MISMATCH: line 1:10: Cannot apply operator: integer || varchar(1)"}});
  EXPECT_EQ(rows("SELECT ?, ?"), (Lines{"5|x"}));
  bench->params.clear();
}

}  // namespace
}  // namespace tarn::sql::engine
