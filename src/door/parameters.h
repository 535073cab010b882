// An operation's input or output as JSON for people and the audit record: sensitive members and bytes are left out.
#pragma once

#include <string>
#include <string_view>

#include "door/principal.h"
#include "wire/shape.h"

namespace tarn {

// What stands for a sensitive member. AWS: CloudTrail's word for it.
inline constexpr std::string_view kHiddenParameter = "HIDDEN_DUE_TO_SECURITY_REASONS";

// At most about `limit` bytes; what is beyond is replaced by a note that says so.
std::string audit_parameters(const wire::Shape& shape, const void* value, size_t limit = 8 << 10);
// CloudTrail's word for who asks: "IAMUser".
std::string_view audit_kind(Principal::Kind kind);

}  // namespace tarn
