// Commands that work on a data directory, without a server.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "base/text.h"
#include "blob/backup.h"
#include "cli/cli.h"
#include "door/accounts.h"
#include "os/file.h"
#include "server/check.h"

namespace tarn::cli {

// Shell lines for `eval`. What a shell must not touch is quoted.
int env_command(const std::string& data_dir, const std::string& account, const std::string& endpoint,
                const std::string& region) {
  const auto accounts = Accounts::read(data_dir);
  if (!accounts)
    return complain({404, "NoServer", fmt::format("{} holds no tarn data directory ({}). Start one with `tarn serve`, or name "
                                                  "it by --data-dir.", data_dir, accounts.error().message)});
  const std::string& id = account.empty() ? accounts->first() : account;
  const auto entry = accounts->all().find(id);
  if (entry == accounts->all().end())
    return complain({404, "NoSuchAccount", fmt::format("The server has no account {}. Add it with `tarn serve --account {}`.", id, id)});
  std::string url = endpoint;
  if (url.empty()) {
    const auto last = read_file(data_dir + "/endpoint");
    if (!last) return complain({404, "NoServer", fmt::format("No server has listened for {} yet. Start it with `tarn serve`.", data_dir)});
    url = std::string(trim(*last));
  }
  const auto line = [](std::string_view name, std::string_view value) {
    std::printf("export %s='%s'\n", std::string(name).c_str(), replace_all(std::string(value), "'", "'\\''").c_str());
  };
  line("AWS_ENDPOINT_URL", url);
  line("AWS_ACCESS_KEY_ID", entry->second.id);
  line("AWS_SECRET_ACCESS_KEY", entry->second.secret);
  line("AWS_DEFAULT_REGION", region);
  line("AWS_REGION", region);
  line("AWS_DISABLE_HOST_PREFIX_INJECTION", "true");  // one host serves all: no "api." or account before it
  std::printf("unset AWS_SESSION_TOKEN AWS_PROFILE\n");
  return 0;
}

int restore_command(const std::string& backup, const std::string& data_dir) {
  if (const Status restored = restore(backup, data_dir); !restored) return complain(restored.error());
  std::printf("restored %s to %s\n", backup.c_str(), data_dir.c_str());
  return 0;
}

int check_command(const std::string& data_dir) {
  if (!file_exists(data_dir)) return complain({404, "NoSuchDirectory", fmt::format("{} is not there.", data_dir)});
  const Result<CheckReport> report = check_data(data_dir);
  if (!report) return complain(report.error());
  std::printf("%s\n", report->text().c_str());
  return report->faults.empty() ? 0 : 1;
}

}  // namespace tarn::cli
