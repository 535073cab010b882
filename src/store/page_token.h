// Page tokens: opaque texts that hold the last key of a page and belong to one request. Valid over a restart.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "store/store.h"

namespace tarn {

// `request` is whatever the next page's request must repeat (operation, account, filters, prefix ...), in any form.
std::string page_token(const Store& store, std::string_view request, std::string_view position);

// The position; nullopt when the text is none of ours or belongs to another request: the caller answers its
// service's error (InvalidNextToken, InvalidArgument ...).
std::optional<std::string> page_position(const Store& store, std::string_view request, std::string_view token);

}  // namespace tarn
