// The engine process: `tarn-engine FD`, a program beside `tarn`, started by sql::Engine. It is a program of its own so that
// the server need not carry the SQL library (10 MB resident, and a third of its time to start).
#pragma once

namespace tarn::sql::engine {

// Serves the socket FD until the server closes it. The exit status. REQUIRES: argv = {.., "<fd>"}; called once,
// before any thread is made.
int engine_main(int argc, char** argv);

}  // namespace tarn::sql::engine
