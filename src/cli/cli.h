// The tarn command: `serve` and everything that talks to a running server or to a data directory.
#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"
#include "base/result.h"

namespace tarn::cli {

// Parses the command line, runs the command, and returns the process's exit code.
int run(int argc, char** argv);

// Where a data directory is unless --data-dir names one: $XDG_DATA_HOME/tarn, else ~/.local/share/tarn.
std::string default_data_dir();

// How commands find the server: --endpoint, else AWS_ENDPOINT_URL, else what the data directory's server last listened
// on; and credentials: the usual AWS_* variables, else the directory's first root key.
struct Target {
  std::string endpoint;
  std::string data_dir;
};

// Calls one of tarn's own operations (services/tarn) on the server. ERRORS: no server there; the server's own error.
Result<Json> call_server(const Target& target, const std::string& operation, const Json& input);

int env_command(const std::string& data_dir, const std::string& account, const std::string& endpoint,
                const std::string& region);
int clock_show(const Target& target);
int clock_advance(const Target& target, const std::string& duration);
int clock_set(const Target& target, const std::string& time);
int backup_command(const Target& target, const std::string& directory);
int restore_command(const std::string& backup, const std::string& data_dir);
int check_command(const std::string& data_dir);

// Prints "tarn: code: message" to standard error; returns 1.
int complain(const Error& error);

}  // namespace tarn::cli
