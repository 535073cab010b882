// The engine process: `tarn engine FD`, started by sql::Engine.
#pragma once

namespace tarn::sql::engine {

// Serves the socket FD until the server closes it. The exit status. REQUIRES: argv = {.., "engine", "<fd>"}; called once,
// before any thread is made.
int engine_main(int argc, char** argv);

}  // namespace tarn::sql::engine
