// Included before all else: clang 19 with this libstdc++ cannot complete std::pair<std::string, SqlType> inside SqlType
// (sql/types_redshift.h), because the pair asks whether SqlType has a default constructor. It has.
#pragma once

#include <type_traits>

namespace tarn::sql {
struct SqlType;
}
template <>
struct std::__is_implicitly_default_constructible<tarn::sql::SqlType> : std::true_type {};
