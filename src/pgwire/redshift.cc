#include "pgwire/redshift.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "os/clock.h"
#include "os/random.h"
#include "os/scratch.h"
#include "services/redshift_data/definitions.h"
#include "services/redshift_data/host.h"
#include "sql/session.h"
#include "sql/sql_error.h"

namespace tarn::pgwire {
namespace {

using redshift_data::Workgroup;

constexpr int kMaxConnections = 500;  // AWS: Quotas and limits in Amazon Redshift: connections of a cluster
constexpr uint64_t kMaxResultBytes = 64ull << 30;  // of one statement's rows on the disk
constexpr std::string_view kBadPassword = "28P01", kBadIdentity = "28000";

Caller caller_of(const Login& login, const Workgroup& place) {
  Caller caller;
  caller.principal = {.kind = Principal::Kind::kService, .account = place.account, .arn = "redshift.amazonaws.com"};
  caller.region = place.region;
  caller.request_id = uuid4();
  caller.source_ip = login.peer;
  caller.user_agent = login.application;
  return caller;
}

// At most so many bytes, and no part of a letter.
std::string first_of(const std::string& text, size_t most) {
  size_t end = std::min(most, text.size());
  while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

// A user's session on a database, with what its statements ask of the service.
class WireDatabase final : public Database {
 public:
  WireDatabase(redshift_data::RedshiftData& data, const Login& login, Workgroup place, sql::SessionOptions options,
               std::atomic<int>& connections)
      : pid_(options.pid),
        data_(data),
        place_(std::move(place)),
        database_(options.database),
        caller_(caller_of(login, place_)),
        warehouse_(data.warehouse(place_.namespace_id)),
        sql_(warehouse_->engine(), std::move(options)),
        connections_(connections) {}
  ~WireDatabase() override {
    warehouse_->activity().disconnect(pid_, now());
    --connections_;
  }

  // ERRORS: SqlError 3D000.
  Status open() {
    TRY(warehouse_->ensure_database(place_.database));
    const auto names = TRY(warehouse_->engine().list_databases());
    if (std::ranges::find(names, database_) == names.end())
      return sql::sql_error("3D000", fmt::format("database \"{}\" does not exist", database_));
    warehouse_->activity().connect({.pid = pid_,
                                    .user = place_.user,
                                    .database = database_,
                                    .application = caller_.user_agent,
                                    .peer = caller_.source_ip,
                                    .started = now(),
                                    .cancel = [this] { sql_.cancel(); },
                                    .terminate = [this] {
                                      ended_ = true;
                                      sql_.cancel();
                                    }});
    return {};
  }

  int32_t pid() const override { return pid_; }
  bool ended() const override { return ended_; }
  Result<sql::Outcome> run(const sql::StatementText& statement, const std::vector<sql::Param>& params, int spool,
                           bool own) override {
    sql::RunRequest request{.params = params, .spool = spool, .max_bytes = kMaxResultBytes};
    request.query_id = data_.door().store().next_id();
    return own ? run(statement, std::move(request)) : recorded(statement, std::move(request));
  }
  Result<sql::Outcome> describe(const sql::StatementText& statement, const std::vector<sql::Param>& params) override {
    return run(statement, {.params = params, .describe_only = true});
  }
  Result<Fd> spool_file() override { return nameless_file(data_.options().directory + "/redshift/results"); }
  bool in_transaction() const override { return sql_.in_transaction(); }
  void fail_transaction() override { sql_.fail_transaction(); }
  void cancel() override { sql_.cancel(); }

 private:
  Time now() const { return data_.door().clock().now(); }

  // Runs it in sight of the views of what was run.
  Result<sql::Outcome> recorded(const sql::StatementText& statement, sql::RunRequest request) {
    constexpr size_t kMaxText = 16 << 10;
    redshift_data::PartRecord part;
    part.sql = first_of(statement.text, kMaxText);
    part.state = redshift_data::StatementState::kStarted;
    part.created = part.updated = now();
    part.query_id = request.query_id;
    warehouse_->activity().begin({pid_, place_.user, database_, part});
    const Micros began = steady_now();
    auto outcome = run(statement, std::move(request));
    part.duration_nanos = (steady_now() - began) * 1000;
    part.updated = now();
    if (outcome) {
      part.state = redshift_data::StatementState::kFinished;
      part.has_result = !outcome->columns.empty();
      part.rows = static_cast<int64_t>(outcome->rows);
      part.bytes = static_cast<int64_t>(outcome->spool_bytes);
    } else {
      const bool cancelled = sql::sqlstate_of(outcome.error()) == "57014";
      part.state = cancelled ? redshift_data::StatementState::kAborted : redshift_data::StatementState::kFailed;
      part.error = outcome.error().message;
    }
    warehouse_->activity().end(part.query_id, part);
    return outcome;
  }

  // A session ends with its workgroup, cluster or user, when somebody ends it, and when the databases are restored from a
  // snapshot.
  Status check_there() {
    if (ended_) return sql::sql_error(kAdminShutdown, "terminating connection due to administrator command");
    const auto tx = data_.door().store().read();
    const bool place = TRY(is_there(*tx, place_));
    if (place && TRY(redshift_data::has_user(*tx, place_.namespace_id, place_.user)) &&
        data_.warehouse(place_.namespace_id) == warehouse_)
      return {};
    return sql::sql_error(kAdminShutdown, "terminating connection due to administrator command");
  }

  Result<sql::Outcome> run(const sql::StatementText& statement, sql::RunRequest request) {
    sql_.revive();
    TRY(check_there());
    // Nobody asks after a crash what became of it: the statement's id is not kept with what it wrote.
    const auto actor = std::make_shared<redshift_data::Actor>(data_.door(), caller_, place_);
    redshift_data::StatementHost host(*warehouse_, actor, database_, uuid4());
    auto outcome = sql_.run(host, statement, request);
    if (!outcome) TRY(check_there());
    return outcome;
  }

  const int32_t pid_;
  std::atomic<bool> ended_ = false;
  redshift_data::RedshiftData& data_;
  const Workgroup place_;
  const std::string database_;
  const Caller caller_;
  const std::shared_ptr<redshift_data::Warehouse> warehouse_;
  sql::SqlSession sql_;
  std::atomic<int>& connections_;
};

Failure bad_password(const Login& login) {
  return sql::sql_error(kBadPassword, fmt::format("password authentication failed for user \"{}\"", login.user));
}

}  // namespace

Result<std::unique_ptr<Database>> RedshiftBackend::log_in(const Login& login) {
  Workgroup place = TRY(identify(login));
  if (++connections_ > kMaxConnections) {
    --connections_;
    return sql::sql_error("53300",
                          fmt::format("connection limit \"{}\" exceeded for non-bootstrap users", kMaxConnections));
  }
  auto options = redshift_data::session_options(door_.store(), place, lower(login.database));
  if (!options) {
    --connections_;
    return Failure(options.error());
  }
  options->pid = next_pid_++;
  auto made = std::make_unique<WireDatabase>(data_, login, std::move(place), std::move(*options), connections_);
  TRY(made->open());
  return made;
}

Result<Workgroup> RedshiftBackend::identify(const Login& login) {
  if (const auto temporary = open_database_password(door_.store(), login.password))
    return by_temporary_password(login, *temporary);
  const auto tx = door_.store().read();
  std::vector<Endpoint> all = TRY(endpoints(*tx));
  // A host name that is no endpoint's ("localhost") says nothing.
  const auto keep = [&](auto is_meant) {
    if (std::ranges::any_of(all, is_meant)) std::erase_if(all, [&](const Endpoint& each) { return !is_meant(each); });
  };
  if (!login.warehouse.empty()) {
    std::erase_if(all, [&](const Endpoint& each) { return !equals_ignore_case(each.place.name, login.warehouse); });
    if (all.empty())
      return sql::sql_error(kBadIdentity, fmt::format("there is no workgroup or cluster \"{}\"", login.warehouse));
  } else if (!login.server_name.empty()) {
    keep([&](const Endpoint& each) { return is_host_of(each, login.server_name); });
  }
  std::vector<Endpoint> known;
  for (const Endpoint& each : all)
    if (TRY(knows(*tx, each, login))) known.push_back(each);
  if (known.empty()) {
    for (const Endpoint& each : all)
      data_.warehouse(each.place.namespace_id)->activity().refuse({.user = login.user,
                                                                   .database = login.database,
                                                                   .application = login.application,
                                                                   .peer = login.peer,
                                                                   .started = door_.clock().now()});
    return bad_password(login);
  }
  if (known.size() > 1)
    return sql::sql_error(
        kBadIdentity,
        fmt::format("{} workgroups and clusters know user \"{}\" with this password: name one by the host name "
                    "NAME.localhost, or by the connection option options='-c warehouse=NAME'",
                    known.size(), login.user));
  Workgroup place = std::move(known[0].place);
  place.admin = known[0].admin;
  place.user = lower(login.user);
  TRY(redshift_data::admit(door_.store(), place, false));
  return place;
}

Result<bool> RedshiftBackend::knows(Transaction& tx, const Endpoint& endpoint, const Login& login) {
  if (equals_ignore_case(login.user, endpoint.admin) && password_fits(endpoint.admin_password, login.password))
    return true;
  return TRY(redshift_data::user_with_password(tx, endpoint.place.namespace_id, login.user, login.password))
      .has_value();
}

Result<Workgroup> RedshiftBackend::by_temporary_password(const Login& login, const DatabasePassword& password) {
  if (password.login != login.user) return bad_password(login);
  if (password.expires <= system_now())
    return sql::sql_error(kBadPassword,
                          fmt::format("the temporary password of user \"{}\" has expired: get a new one", login.user));
  if (!password.database.empty() && password.database != lower(login.database))
    return sql::sql_error(kBadIdentity,
                          fmt::format("the temporary password is for database \"{}\" only", password.database));
  const auto tx = door_.store().read();
  for (Endpoint& each : TRY(endpoints(*tx))) {
    if (each.place.arn != password.warehouse) continue;
    each.place.admin = each.admin;
    each.place.user = password.user;
    each.place.session_roles = password.roles;
    if (!password.auto_create && !TRY(redshift_data::has_user(*tx, each.place.namespace_id, password.user)))
      return sql::sql_error(kBadIdentity, fmt::format("user \"{}\" does not exist", password.user));
    TRY(redshift_data::admit(door_.store(), each.place, password.creator));
    return std::move(each.place);
  }
  return sql::sql_error(kBadIdentity, fmt::format("{} is not there any more", password.warehouse));
}

}  // namespace tarn::pgwire
