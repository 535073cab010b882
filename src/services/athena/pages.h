// Where a page of a list begins.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "door/call.h"
#include "door/door.h"
#include "services/athena/athena.h"
#include "store/page_token.h"

namespace tarn::athena {

// The position in the token; empty without one. ERRORS: InvalidRequestException: the request was not given this token.
inline Result<std::string> page_start(Door& door, std::string_view request, const std::optional<std::string>& token) {
  if (!token) return std::string();
  auto position = page_position(door.store(), request, *token);
  if (!position) return invalid("The NextToken is not one that this operation gave.");
  return *std::move(position);
}

}  // namespace tarn::athena
