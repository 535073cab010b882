// The engine process gives up what it does not need: sockets, programs, other processes.
#pragma once

namespace tarn::sql::engine {

// For all threads of the process, for good. System calls that make sockets, run programs or look into other processes fail with
// EPERM from now on. False: the kernel does not do it, and nothing has changed.
bool confine();

}  // namespace tarn::sql::engine
