// Why an engine's process ended itself: its exit status, so that the server can tell.
#pragma once

namespace tarn::sql {

constexpr int kExitDamaged = 70;  // the instance is of no more use
constexpr int kExitDeaf = 71;     // a statement went on long after it was cancelled or out of time
constexpr int kExitMemory = 72;   // it took more memory than it may

}  // namespace tarn::sql
