// What `tarn serve` can be told.
#pragma once

#include <string>
#include <vector>

#include "door/accounts.h"
#include "door/mail.h"

namespace tarn {

struct ServeOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 4566;                     // 0: any free one
  std::string redshift_host = "127.0.0.1";  // the PostgreSQL wire; empty: none
  uint16_t redshift_port = 5439;            // 0: any free one
  std::string tls_certificate, tls_key;     // PEM files of the wire; empty: those of the data directory
  std::string data_dir;
  std::vector<Accounts::Wanted> accounts;   // empty: those of the directory, or one that is made
  bool sandbox = true;                      // false: users' programs run without one
  bool task_network = false;                // users' programs have the machine's network, else tarn alone
  bool virtual_clock = false;               // the clock stands still but for `tarn clock`
  Mailroom::Options mail = {};              // the SMTP server that mail leaves through
  std::string log_level = "info";           // error, warn, info, debug
};

// Serves until SIGTERM or SIGINT. Returns the process's exit code.
int serve(const ServeOptions& options);

}  // namespace tarn
