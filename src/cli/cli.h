// The tarn command: `serve` and everything that talks to a running server or to a data directory.
#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "http/message.h"

namespace tarn::cli {

// Parses the command line, runs the command, and returns the process's exit code.
int run(int argc, char** argv);

// How commands find the server: --endpoint, else AWS_ENDPOINT_URL, else what the data directory's server last listened
// on; and credentials: the usual AWS_* variables, else the directory's first root key.
struct Target {
  std::string endpoint;
  std::string data_dir;
};

// Sends a request, signed for the service. ERRORS: no server there; an answer larger than that.
Result<http::Response> send_signed(const Target& target, http::Request request, const std::string& service, size_t max_body);
// Calls an operation ("AWSGlue.GetTable") of a service that speaks JSON. ERRORS: no server there; the server's own error.
Result<Json> call_json(const Target& target, const std::string& service, const std::string& operation, const Json& input);
// Calls one of tarn's own operations (services/tarn) on the server.
Result<Json> call_server(const Target& target, const std::string& operation, const Json& input);

int env_command(const std::string& data_dir, const std::string& account, const std::string& endpoint,
                const std::string& region);
int clock_show(const Target& target);
int clock_advance(const Target& target, const std::string& duration);
int clock_set(const Target& target, const std::string& time);
// The last events on the rule's bus, with what did not match, or what became of them. An empty bus: the default one.
int events_why(const Target& target, const std::string& rule, const std::string& bus);
// The letters that the server keeps, the newest first; or the one of that number, whole.
int mail_command(const Target& target, const std::string& number);
int backup_command(const Target& target, const std::string& directory);
int restore_command(const std::string& backup, const std::string& data_dir);
int check_command(const std::string& data_dir);
// Both of "s3://bucket/key", a file or all below a prefix, or of "database.table" of the Glue catalog.
int preview_command(const Target& target, const std::string& what, int rows);
int profile_command(const Target& target, const std::string& what, int64_t rows, std::string page);

// Prints "tarn: code: message" to standard error; returns 1.
int complain(const Error& error);

}  // namespace tarn::cli
