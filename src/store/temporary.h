// Moved to os/temporary.h.
#pragma once

#include "os/temporary.h"
