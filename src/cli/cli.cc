#include "cli/cli.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>

#include "base/text.h"
#include "server/options.h"

namespace tarn::cli {
namespace {

constexpr int kUsage = 2;  // the exit status where the command line was wrong

constexpr const char* kAbout =
    "tarn: the AWS data workflow on one machine. One server that speaks AWS's protocols: boto3, the AWS CLI, pyarrow\n"
    "and whatever else talks to AWS use it unchanged, with IAM in force and data that survives a crash.\n"
    "\n"
    "  tarn serve                  start the server (Ctrl-C stops it)\n"
    "  eval \"$(tarn env)\"          let this shell's AWS programs use it\n"
    "  aws s3 mb s3://my-bucket    ... for example\n";

// "HOST:PORT", ":PORT" or "PORT".
std::string parse_listen(std::string_view option, const std::string& text, std::string& host, uint16_t& port) {
  const size_t colon = text.rfind(':');
  if (colon != std::string::npos && colon > 0) host = text.substr(0, colon);
  const auto number = parse_int(colon == std::string::npos ? text : text.substr(colon + 1));
  if (!number || *number < 0 || *number > 65535) return std::string(option) + " wants HOST:PORT, e.g. " + host + ":" + std::to_string(port);
  port = static_cast<uint16_t>(*number);
  return "";
}

std::string parse_redshift(const std::string& text, ServeOptions& options) {
  if (options.tls_certificate.empty() != options.tls_key.empty()) return "--tls-cert and --tls-key belong together";
  if (text != "off") return parse_listen("--redshift-listen", text, options.redshift_host, options.redshift_port);
  options.redshift_host.clear();
  return "";
}

std::string parse_smtp(const std::string& smtp, const std::string& tls, const std::string& user, ServeOptions& options) {
  if (smtp.empty()) return user.empty() ? "" : "--smtp-user needs --smtp, to say where";
  http::MailServer server{.user = user};
  uint16_t port = 0;
  if (const std::string problem = parse_listen("--smtp", smtp, server.host, port); !problem.empty()) return problem;
  if (server.host.empty()) return "--smtp wants HOST:PORT";
  server.port = port;
  server.tls = tls == "tls"    ? http::MailServer::Tls::kWhole
               : tls == "none" ? http::MailServer::Tls::kNone
                               : http::MailServer::Tls::kStart;
  if (const char* password = std::getenv("TARN_SMTP_PASSWORD")) server.password = password;
  options.mail.server = std::move(server);
  return "";
}

// Pairs the --account options with the --root-key options in their order.
std::string pair_accounts(const std::vector<std::string>& accounts, const std::vector<std::string>& keys,
                          ServeOptions& options) {
  if (keys.size() > std::max<size_t>(accounts.size(), 1))
    return "each --root-key belongs to an --account: there are more keys than accounts";
  if (accounts.empty() && !keys.empty()) return "--root-key needs --account, to say whose root key it is";
  for (size_t i = 0; i < accounts.size(); ++i) {
    Accounts::Wanted wanted{accounts[i], std::nullopt};
    if (i < keys.size()) {
      const size_t colon = keys[i].find(':');
      if (colon == std::string::npos || colon < 16 || colon + 1 == keys[i].size())
        return "--root-key wants ID:SECRET, the id at least 16 characters long";
      wanted.root_key = RootKey{keys[i].substr(0, colon), keys[i].substr(colon + 1)};
    }
    options.accounts.push_back(std::move(wanted));
  }
  return "";
}

// Where a data directory is unless --data-dir names one.
std::string default_data_dir() {
  if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && *data != '\0') return std::string(data) + "/tarn";
  const char* home = std::getenv("HOME");
  return std::string(home != nullptr ? home : ".") + "/.local/share/tarn";
}

}  // namespace

int complain(const Error& error) {
  std::fprintf(stderr, "tarn: %s: %s\n", error.code.c_str(), error.message.c_str());
  return 1;
}

int run(int argc, char** argv) {
  CLI::App app{kAbout, "tarn"};
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("tarn ") + TARN_VERSION);
  std::string data_dir = default_data_dir(), endpoint;
  const auto with_data_dir = [&](CLI::App* command) {
    command->add_option("--data-dir", data_dir, "the data directory")->type_name("DIR")->capture_default_str();
  };
  const auto with_target = [&](CLI::App* command) {
    with_data_dir(command);
    command->add_option("--endpoint", endpoint, "the server's URL (else AWS_ENDPOINT_URL, else the data directory's)")
        ->type_name("URL");
  };

  ServeOptions serve_options;
  std::string listen = "127.0.0.1:4566", redshift = "127.0.0.1:5439", clock = "system";
  std::vector<std::string> accounts, root_keys;
  CLI::App* serve_command = app.add_subcommand("serve", "start the server in the foreground");
  with_data_dir(serve_command);
  serve_command->add_option("--listen", listen, "where to listen; port 0 takes any free one")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  serve_command->add_option("--redshift-listen", redshift, "where Redshift's PostgreSQL wire listens; 'off' for not at all")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  serve_command->add_option("--tls-cert", serve_options.tls_certificate, "the wire's certificate chain (PEM); else one is made")
      ->type_name("FILE");
  serve_command->add_option("--tls-key", serve_options.tls_key, "its private key (PEM)")->type_name("FILE");
  serve_command->add_option("--account", accounts, "an account id to serve (repeat for several)")->type_name("ID");
  serve_command->add_option("--root-key", root_keys, "the root access key of the account named in the same place")
      ->type_name("ID:SECRET");
  serve_command->add_option("--clock", clock, "'system', or 'virtual': time moves only by `tarn clock`")
      ->check(CLI::IsMember({"system", "virtual"}))->capture_default_str();
  std::string sandbox = "namespaces";
  serve_command->add_option("--sandbox", sandbox, "'namespaces', or 'none': functions run as you, and see what you see")
      ->check(CLI::IsMember({"namespaces", "none"}))
      ->capture_default_str();
  std::string task_network = "none";
  serve_command->add_option("--task-network", task_network, "what functions reach: 'none' but the server, or all that the 'host' does")
      ->check(CLI::IsMember({"none", "host"}))
      ->capture_default_str();
  std::string smtp, smtp_tls = "starttls", smtp_user;
  serve_command->add_option("--smtp", smtp, "the SMTP server that mail leaves through; else it is kept for `tarn mail`")
      ->type_name("HOST:PORT");
  serve_command->add_option("--smtp-tls", smtp_tls, "'starttls', 'tls' from the first byte, or 'none'")
      ->check(CLI::IsMember({"starttls", "tls", "none"}))->capture_default_str();
  serve_command->add_option("--smtp-user", smtp_user, "who logs in there; the password is in TARN_SMTP_PASSWORD")->type_name("USER");
  serve_command->add_option("--smtp-from", serve_options.mail.from, "the address that mail comes from")
      ->type_name("ADDRESS")
      ->capture_default_str();
  serve_command->add_option("--log-level", serve_options.log_level, "error, warn, info or debug")
      ->check(CLI::IsMember({"error", "warn", "info", "debug"}))->capture_default_str();

  std::string account, region = "us-east-1";
  CLI::App* env = app.add_subcommand("env", "print the variables that make AWS programs use the server: eval \"$(tarn env)\"");
  with_target(env);
  env->add_option("--account", account, "whose root credentials (else the first account's)")->type_name("ID");
  env->add_option("--region", region, "the default region")->type_name("NAME")->capture_default_str();

  std::string directory, duration, time;
  CLI::App* backup = app.add_subcommand("backup", "copy the running server's data, consistently, to a new directory");
  with_target(backup);
  backup->add_option("DIR", directory, "the new directory")->required();
  CLI::App* restore = app.add_subcommand("restore", "make a data directory from a backup");
  with_data_dir(restore);
  restore->add_option("DIR", directory, "the backup")->required();
  CLI::App* check = app.add_subcommand("check", "verify a data directory (of a stopped server), checksums included");
  with_data_dir(check);

  std::string what, page;
  int preview_rows = 10;
  int64_t profile_rows = 20'000;
  const char* kWhat = "s3://BUCKET/KEY (a file, or all below a prefix), or DATABASE.TABLE";
  CLI::App* preview = app.add_subcommand("preview", "print the first rows of files in S3 or of a table");
  with_target(preview);
  preview->add_option("WHAT", what, kWhat)->required();
  preview->add_option("--rows", preview_rows, "how many")->check(CLI::Range(1, 10'000))->capture_default_str();
  CLI::App* profile = app.add_subcommand("profile", "tell what is in files in S3 or in a table, and draw it on a page");
  with_target(profile);
  profile->add_option("WHAT", what, kWhat)->required();
  profile->add_option("--rows", profile_rows, "the first so many; 0: all")->check(CLI::NonNegativeNumber)->capture_default_str();
  profile->add_option("--page", page, "the HTML file to write (else its name is made of WHAT)");

  std::string letter;
  CLI::App* mail = app.add_subcommand("mail", "list what was sent to people (mail, text messages, pushes), or show one");
  with_target(mail);
  mail->add_option("NUMBER", letter, "which to show");

  CLI::App* clock_command = app.add_subcommand("clock", "show or move the server's clock");
  clock_command->require_subcommand(1);
  CLI::App* show = clock_command->add_subcommand("show", "print the clock's time (ISO 8601)");
  with_target(show);
  CLI::App* advance = clock_command->add_subcommand("advance", "move a virtual clock on, running all that falls due");
  with_target(advance);
  advance->add_option("DURATION", duration, "e.g. 30d, 12h, 90s, 1d12h")->required();
  CLI::App* set = clock_command->add_subcommand("set", "move a virtual clock on to a time, running all that falls due");
  with_target(set);
  set->add_option("TIME", time, "ISO 8601, e.g. 2024-11-01T00:00:00Z")->required();

  std::string rule, bus;
  CLI::App* events_command = app.add_subcommand("events", "what became of events");
  events_command->require_subcommand(1);
  CLI::App* why = events_command->add_subcommand(
      "why", "the last events on a rule's bus: why they did not match, or what their targets said");
  with_target(why);
  why->add_option("RULE", rule, "the rule's name")->required();
  why->add_option("--bus", bus, "the name or ARN of its event bus (else the default one)");

  if (argc < 2) {
    std::fprintf(stderr, "%s", app.help().c_str());
    return kUsage;
  }
  const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
  const bool known = std::ranges::any_of(commands, [&](const CLI::App* one) { return one->get_name() == argv[1]; });
  if (argv[1][0] != '-' && !known) {
    std::fprintf(stderr, "tarn: '%s' is no command of tarn. `tarn --help` lists them.\n", argv[1]);
    return kUsage;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {  // the library's way, also of saying that help was asked for
    return app.exit(error) == 0 ? 0 : kUsage;
  }

  const Target target{endpoint, data_dir};
  if (serve_command->parsed()) {
    serve_options.data_dir = data_dir;
    serve_options.virtual_clock = clock == "virtual";
    serve_options.sandbox = sandbox == "namespaces";
    serve_options.task_network = task_network == "host";
    for (const std::string& problem : {parse_listen("--listen", listen, serve_options.host, serve_options.port),
                                       parse_redshift(redshift, serve_options), pair_accounts(accounts, root_keys, serve_options),
                                       parse_smtp(smtp, smtp_tls, smtp_user, serve_options)})
      if (!problem.empty()) return complain({400, "InvalidArgument", problem});
    return serve(serve_options);
  }
  if (env->parsed()) return env_command(data_dir, account, endpoint, region);
  if (backup->parsed()) return backup_command(target, directory);
  if (restore->parsed()) return restore_command(directory, data_dir);
  if (check->parsed()) return check_command(data_dir);
  if (preview->parsed()) return preview_command(target, what, preview_rows);
  if (profile->parsed()) return profile_command(target, what, profile_rows, page);
  if (why->parsed()) return events_why(target, rule, bus);
  if (mail->parsed()) return mail_command(target, letter);
  if (show->parsed()) return clock_show(target);
  if (advance->parsed()) return clock_advance(target, duration);
  return clock_set(target, time);
}

}  // namespace tarn::cli
