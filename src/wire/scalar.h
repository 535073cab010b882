// Scalars as text: how headers, query strings, labels and XML spell them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "wire/shape.h"

namespace tarn::wire {

// The member's own timestamp format, else its shape's, else `otherwise`.
TimestampFormat format_of(const Field* field, const Shape& shape, TimestampFormat otherwise);

// Fractions of a second are cut to milliseconds, as AWS has them. REQUIRES: a format other than kDefault.
std::string time_text(TimestampFormat format, Time time);
std::optional<Time> parse_time(TimestampFormat format, std::string_view text);

bool is_scalar(const Shape& shape);
// Blobs are base64. REQUIRES: a scalar shape and its plain value.
std::string scalar_text(const Shape& shape, TimestampFormat format, const void* value);
// False: the text is no value of that kind; the value is then unchanged.
bool parse_scalar(const Shape& shape, TimestampFormat format, std::string_view text, void* value);

// "Integer", "String", ...: the kind as AWS's error texts name it.
std::string_view kind_name(Kind kind);

}  // namespace tarn::wire
