// gzip: bytes packed as a file of that form (RFC 1952), the same for the same bytes. Pure; zlib underneath.
#pragma once

#include <string>
#include <string_view>

namespace tarn {

std::string gzip(std::string_view bytes);

}  // namespace tarn
