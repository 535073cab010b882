// The wiring of everything, in plain sight: what exists, what borrows what, and in which order it starts and stops.
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <thread>

#include "blob/blobs.h"
#include "door/accounts.h"
#include "door/audit.h"
#include "door/bus.h"
#include "door/call_log.h"
#include "door/door.h"
#include "door/event_log.h"
#include "gen/admin/handlers.h"
#include "gen/athena/handlers.h"
#include "gen/cloudtrail/handlers.h"
#include "gen/databrew/handlers.h"
#include "gen/events/handlers.h"
#include "gen/glue/handlers.h"
#include "gen/iam/handlers.h"
#include "gen/lambda/handlers.h"
#include "gen/logs/handlers.h"
#include "gen/redshift/handlers.h"
#include "gen/redshift_data/handlers.h"
#include "gen/redshift_serverless/handlers.h"
#include "gen/s3/handlers.h"
#include "gen/scheduler/handlers.h"
#include "gen/sns/handlers.h"
#include "gen/sqs/handlers.h"
#include "gen/sts/handlers.h"
#include "http/server.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/process.h"
#include "pgwire/redshift.h"
#include "pgwire/server.h"
#include "run/sandbox_runner.h"
#include "server/gateway.h"
#include "server/log.h"
#include "server/no_lake.h"
#include "server/options.h"
#include "server/worker_pool.h"
#include "services/admin/admin.h"
#include "services/athena/athena.h"
#include "services/cloudtrail/cloudtrail.h"
#include "services/databrew/databrew.h"
#include "services/events/events.h"
#include "services/glue/crawls.h"
#include "services/glue/glue.h"
#include "services/glue/statistics_runs.h"
#include "services/iam/iam.h"
#include "services/lambda/lambda.h"
#include "services/lambda/url_door.h"
#include "services/logs/logs.h"
#include "services/redshift/redshift.h"
#include "services/redshift_data/copies.h"
#include "services/redshift_data/redshift_data.h"
#include "services/redshift_serverless/redshift_serverless.h"
#include "services/s3/cors.h"
#include "services/s3/form_upload.h"
#include "services/s3/lifecycle.h"
#include "services/s3/s3.h"
#include "services/s3/website.h"
#include "services/scheduler/scheduler.h"
#include "services/sns/sns.h"
#include "services/sqs/sqs.h"
#include "services/sts/sts.h"
#include "store/idempotency.h"
#include "store/outbox.h"
#include "store/store.h"
#include "store/timers.h"

namespace tarn {
namespace {

constexpr size_t kWorkers = 4;           // handlers wait for locks at most: commits are waited for elsewhere
constexpr size_t kBodyWorkers = 8;       // write and read object bytes
constexpr uint64_t kSelectMemory = 512 << 20;
constexpr auto kGrace = std::chrono::seconds(10);

// What SIGTERM and SIGINT do: blocked in all threads, waited for by main.
sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

Result<std::unique_ptr<VirtualClock>> make_virtual_clock(Store& store) {
  const std::optional<Time> stored = TRY(stored_virtual_time(store));
  return std::make_unique<VirtualClock>(stored.value_or(system_now()));
}

// A port that another program has is no reason not to start: it is said, and all but the wire works.
Result<std::unique_ptr<pgwire::Server>> start_wire(const ServeOptions& options, pgwire::Backend& backend) {
  if (options.redshift_host.empty()) return nullptr;
  pgwire::ServerOptions wire{.host = options.redshift_host, .port = options.redshift_port};
  wire.certificate = {options.tls_certificate, options.tls_key};
  if (options.tls_key.empty()) wire.certificate = TRY(pgwire::own_certificate(options.data_dir));
  wire.note = [](std::string_view line) { log::warn("{}", line); };
  auto server = pgwire::Server::start(std::move(wire), backend);
  if (server || server.error().code != "ListenFailed") return server;
  log::warn("Redshift's PostgreSQL wire is off: {}; name another place by --redshift-listen", server.error().message);
  return nullptr;
}

void greet(const ServeOptions& options, const Accounts& accounts, const std::string& endpoint, const pgwire::Server* wire) {
  std::printf("tarn is listening on %s\n", endpoint.c_str());
  if (wire != nullptr) std::printf("  redshift   %s:%d (PostgreSQL wire)\n", options.redshift_host.c_str(), wire->port());
  std::printf("  data       %s\n", options.data_dir.c_str());
  for (const auto& [account, key] : accounts.all()) std::printf("  account    %s (root key %s)\n", account.c_str(), key.id.c_str());
  const std::string where = options.data_dir.find_first_of(" '\"$") == std::string::npos ? options.data_dir : "'" + options.data_dir + "'";
  std::printf("  use it     eval \"$(tarn env --data-dir %s)\"\n", where.c_str());
  if (options.virtual_clock) std::printf("  clock      virtual: it moves by `tarn clock advance` and `tarn clock set`\n");
  std::fflush(stdout);
}

Status serve_until_stopped(const ServeOptions& options) {
  run::Spawner spawner = TRY(run::fork_spawner());  // while there is one thread
  const sigset_t signals = stop_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  log::set_level(options.log_level);
  const auto note = [](const std::string& line) { log::warn("{}", line); };

  // The ground: store, blobs, clock, events.
  TRY(make_directories(options.data_dir));
  const auto store = TRY(Store::open(options.data_dir, StoreOptions{.log = note}));
  const auto blobs = TRY(Blobs::open(*store));
  SystemClock system_clock;
  std::unique_ptr<VirtualClock> virtual_clock;
  if (options.virtual_clock) virtual_clock = TRY(make_virtual_clock(*store));
  Clock& clock = virtual_clock ? static_cast<Clock&>(*virtual_clock) : system_clock;
  Outbox outbox(*store, clock, note);
  Timers timers(*store, clock, note);

  // The door and who is known at it.
  const Accounts accounts = TRY(Accounts::load(options.data_dir, options.accounts));
  const Sessions sessions(store->secret("sessions"));
  Audit audit(*store);
  Door door({*store, *blobs, clock, outbox, timers, accounts, sessions, audit});

  // The services.
  iam::Iam iam(accounts);
  sts::Sts sts(iam);
  NoLake no_lake;
  sql::Engine select_engine({.scratch = options.data_dir + "/scratch/select", .memory_bytes = kSelectMemory}, no_lake);
  s3::S3 s3(*blobs, &select_engine);
  glue::Glue glue(outbox);
  logs::Logs logs(door);
  glue::Crawls crawls(door);
  glue::StatisticsRuns statistics_runs(door, options.data_dir + "/scratch/glue");
  sqs::Sqs sqs(door);
  Mailroom mailroom(*store, outbox, options.mail);
  sns::Sns sns(door, mailroom);
  databrew::DataBrew databrew(door, options.data_dir + "/scratch/databrew");
  CallLog calls;
  EventLog bus_events;
  door.add(iam::kTable, &iam);
  door.add(sts::kTable, &sts);
  door.add(s3::kTable, &s3);
  s3::start_lifecycles(s3, door);
  door.add(glue::kTable, &glue);
  door.add(logs::kTable, &logs);
  events::Events events(door, bus_events);
  door.add(events::kTable, &events);
  scheduler::Scheduler scheduler(timers, outbox);
  door.add(scheduler::kTable, &scheduler);
  cloudtrail::CloudTrail cloudtrail(door);
  door.add(cloudtrail::kTable, &cloudtrail);
  door.add(sqs::kTable, &sqs);
  door.add(sqs::kQueryTable, &sqs);
  door.add(sns::kTable, &sns);
  door.add(databrew::kTable, &databrew);
  redshift::Redshift redshift;
  redshift_serverless::RedshiftServerless redshift_serverless;
  const std::string program = TRY(own_program());
  redshift_data::RedshiftData redshift_data(
      door, {.directory = options.data_dir,
             .spatial_extension = program.substr(0, program.rfind('/')) + "/spatial.duckdb_extension",
             .avro_extension = program.substr(0, program.rfind('/')) + "/avro.duckdb_extension"});
  door.add(redshift::kTable, &redshift);
  door.add(redshift_serverless::kTable, &redshift_serverless);
  redshift_data::Copies copies(redshift_data);
  door.add(redshift_data::kTable, &redshift_data);
  run::SandboxRunner runner(std::move(spawner), options.sandbox);
  const std::string sdk = program.substr(0, program.rfind('/')) + "/lambda-python";
  lambda::Environments environments(door, runner,
                                    {.directory = options.data_dir + "/lambda", .sdk = is_directory(sdk) ? sdk : std::string(),
                                     .network = options.task_network});
  lambda::EventSources event_sources(door, environments, note);
  lambda::Lambda lambda(door, environments, event_sources, note);
  lambda.start();
  door.add(lambda::kTable, &lambda);
  athena::Athena athena(door, {.directory = options.data_dir,
                               .spatial_extension = program.substr(0, program.rfind('/')) + "/spatial.duckdb_extension",
                               .avro_extension = program.substr(0, program.rfind('/')) + "/avro.duckdb_extension"});
  door.add(athena::kTable, &athena);
  admin::Administration administration(virtual_clock.get(), {&timers, &outbox, &sqs.polls, &event_sources}, calls, bus_events,
                                       [&copies](const std::string& partial) { return copies.back_up(partial); });
  door.add(admin::kTable, &administration);
  door.set_identities(iam);
  TRY(forget_expired_answers_daily(*store, timers, clock.now()));
  start_bus(door, calls);
  TRY(cloudtrail.start());
  TRY(redshift_data.start());
  TRY(athena.start());

  // The ways in.
  pgwire::RedshiftBackend redshift_backend(door, redshift_data);
  const auto wire = TRY(start_wire(options, redshift_backend));
  if (wire) {
    redshift.set_port(wire->port());
    redshift_serverless.set_port(wire->port());
  }
  WorkerPool workers(kWorkers), body_workers(kBodyWorkers);
  Gateway gateway(door, workers, {"localhost", options.host});
  lambda::UrlDoor function_urls(lambda, [&](http::Task task) { workers.submit(std::move(task)); });
  gateway.divert(sns::is_for_certificate,
                 [&](std::shared_ptr<http::Exchange> exchange) { exchange->respond(sns.certificate(exchange->head())); });
  gateway.divert(lambda::is_for_url_door,
                 [&](std::shared_ptr<http::Exchange> exchange) { function_urls.handle(std::move(exchange)); });
  s3::FormDoor forms(door, [&](http::Task task) { workers.submit(std::move(task)); }, {"localhost", options.host});
  gateway.divert(s3::is_form_upload, [&](std::shared_ptr<http::Exchange> exchange) { forms.handle(std::move(exchange)); });
  s3::CorsDoor cors(door, [&](http::Task task) { workers.submit(std::move(task)); }, {"localhost", options.host});
  s3::WebsiteDoor websites(door, cors, [&](http::Task task) { workers.submit(std::move(task)); });
  gateway.divert(s3::is_for_website,
                 [&](std::shared_ptr<http::Exchange> exchange) { websites.handle(std::move(exchange)); });
  gateway.divert(s3::is_preflight, [&](std::shared_ptr<http::Exchange> exchange) { cors.handle(std::move(exchange)); });
  gateway.on_cross_origin([&](const http::RequestHead& head, http::Response& response) { cors.add_headers(head, response); });
  http::ServerOptions http_options{.host = options.host, .port = options.port,
                                   .io_threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()))};
  http_options.blocking = [&](http::Task task) { body_workers.submit(std::move(task)); };
  http_options.refused = [](std::string_view peer, int status, std::string_view why) {
    log::info("refused {} with {}: {}", peer, status, why);
  };
  const auto server = TRY(http::Server::start(std::move(http_options), [&](std::shared_ptr<http::Exchange> exchange) {
    gateway.handle(std::move(exchange));
  }));
  const std::string endpoint = fmt::format("http://{}:{}", options.host, server->port());
  sns.set_endpoint(endpoint);
  TRY(environments.start(*server, [&](std::shared_ptr<http::Exchange> exchange) { gateway.handle(std::move(exchange)); }));
  TRY(event_sources.start());
  // What an earlier run left to be done is done when all that does it is there.
  TRY(outbox.start());
  TRY(timers.start());
  TRY(write_file_atomically(options.data_dir + "/endpoint", endpoint + "\n"));
  greet(options, accounts, endpoint, wire.get());

  if (options.sandbox)
    if (const std::string why = runner.check(); !why.empty()) log::warn("functions cannot run: {}", why);

  int signal = 0;
  sigwait(&signals, &signal);
  log::info("stopping");
  event_sources.stop();
  environments.stop();
  sqs.stop();
  server->stop(kGrace);
  if (wire) wire->stop();
  athena.stop();
  redshift_data.stop();
  databrew.stop();
  statistics_runs.stop();
  crawls.stop();
  timers.stop();
  outbox.stop();
  return {};
}

}  // namespace

int serve(const ServeOptions& options) {
  const Status status = serve_until_stopped(options);
  if (status) return 0;
  std::fprintf(stderr, "tarn: %s: %s\n", status.error().code.c_str(), status.error().message.c_str());
  return 1;
}

}  // namespace tarn
