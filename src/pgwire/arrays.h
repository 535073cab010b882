// The catalog's arrays in binary. Pure.
#pragma once

#include <string_view>

#include "pgwire/protocol.h"

namespace tarn::pgwire {

// Of a type as the engine names it: "_text", "int2vector".
bool is_array(std::string_view type);

// Of the array's text ({1,"b c",NULL}, of a vector 1 2). False: it is none.
bool write_array(Writer& writer, std::string_view type, std::string_view text);

}  // namespace tarn::pgwire
