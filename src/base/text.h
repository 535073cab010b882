// Text and byte helpers. Pure, no I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tarn {

std::string hex(std::string_view bytes);                            // lower case
std::optional<std::string> unhex(std::string_view text);            // nullopt: not hex
std::string base64(std::string_view bytes);                         // standard alphabet, padded
std::optional<std::string> unbase64(std::string_view text);         // nullopt: not base64
// RFC 3986 percent-encoding as SigV4 wants it: all but A-Z a-z 0-9 - _ . ~ ; '/' kept when `keep_slash`.
std::string uri_encode(std::string_view text, bool keep_slash = false);
// Decodes %XX (and '+' to a blank when `plus_is_blank`); a malformed escape stays as it is.
std::string uri_decode(std::string_view text, bool plus_is_blank = false);
std::string lower(std::string_view text);                           // ASCII only
std::string upper(std::string_view text);                           // ASCII only
std::string_view trim(std::string_view text);                       // ASCII white space
std::vector<std::string_view> split(std::string_view text, char separator);
std::string replace_all(std::string text, std::string_view from, std::string_view to);
bool equals_ignore_case(std::string_view a, std::string_view b);    // ASCII only
bool valid_utf8(std::string_view text);
// The number of Unicode code points of valid UTF-8 (how AWS's length constraints count).
size_t utf8_length(std::string_view text);
std::optional<int64_t> parse_int(std::string_view text);            // whole text, decimal
std::optional<double> parse_double(std::string_view text);          // whole text; also NaN, Infinity, -Infinity
// The shortest text that reads back as the same double; "NaN", "Infinity", "-Infinity".
std::string double_text(double value);
// '*' any run, '?' one character; no escapes. Case-sensitive. Linear in text x pattern, never exponential.
bool wildcard_match(std::string_view pattern, std::string_view text);
// Compares without telling by its time where two texts differ.
bool constant_time_equal(std::string_view a, std::string_view b);

}  // namespace tarn
