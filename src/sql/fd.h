// File descriptors as the SQL layer hands them about.
#pragma once

#include "os/file.h"

namespace tarn::sql {

using ::tarn::Fd;

}  // namespace tarn::sql
