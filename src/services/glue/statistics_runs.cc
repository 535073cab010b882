#include "services/glue/statistics_runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "lake/readers.h"
#include "os/random.h"
#include "os/scratch.h"
#include "services/glue/crawls.h"
#include "services/glue/glue.h"
#include "sql/decimal.h"
#include "sql/spool.h"
#include "store/schedule.h"

namespace tarn::glue {
namespace {

constexpr const char* kDelivery = "glue.statistics";
constexpr const char* kTimer = "glue.statistics";
constexpr const char* kGlue = "glue.amazonaws.com";
constexpr const char* kSessionName = "GlueColumnStatistics";
constexpr int kTries = 5;              // of a run that the server does not survive
constexpr size_t kWrittenAtOnce = 25;  // AWS: UpdateColumnStatisticsForTable
constexpr uint64_t kMemory = 512 << 20;

using Row = std::vector<std::optional<std::string>>;

std::string quoted(std::string_view name) {
  return '"' + replace_all(std::string(name), "\"", "\"\"") + '"';
}

double number(const std::optional<std::string>& text) {
  return text ? parse_double(*text).value_or(0) : 0;
}

wire::Box<DecimalNumber> decimal_number(const std::string& text) {
  const size_t point = text.find('.');
  const int32_t scale = point == std::string::npos ? 0 : static_cast<int32_t>(text.size() - point - 1);
  return DecimalNumber{.unscaled_value = wire::Blob{sql::big_endian(sql::unscaled(text))}, .scale = scale};
}

std::optional<Time> date_of(const std::optional<std::string>& text) {
  return text ? parse_iso8601(*text + "T00:00:00Z") : std::nullopt;
}

// The items that are asked for beside the counts of rows, values and distinct values.
std::string items_of(const std::string& kind, const std::string& c, const std::string& type) {
  if (kind == "BOOLEAN") return fmt::format("count_if({0}), count_if(NOT {0})", c);
  if (kind == "STRING") return fmt::format("max(length({0})), avg(CAST(length({0}) AS double))", c);
  if (kind == "BINARY") return fmt::format("max(length({0})), avg(CAST(length({0}) AS double))", c);
  if (type == "timestamp")
    return fmt::format("CAST(floor(to_unixtime(min({0}))) AS bigint), CAST(floor(to_unixtime(max({0}))) AS bigint)", c);
  return fmt::format("min({0}), max({0})", c);
}

// What the row of numbers says; `share` of the rows was looked at.
ColumnStatisticsData data_of(const std::string& kind, const Row& row, double share) {
  const auto scaled = [&](double count) { return static_cast<int64_t>(std::llround(count / share)); };
  const int64_t nulls = scaled(number(row[0]) - number(row[1]));
  const auto distinct = static_cast<int64_t>(number(row[2]));
  ColumnStatisticsData data{.type = kind};
  if (kind == "BOOLEAN")
    data.boolean_column_statistics_data = BooleanColumnStatisticsData{.number_of_trues = scaled(number(row[3])),
                                                                      .number_of_falses = scaled(number(row[4])),
                                                                      .number_of_nulls = nulls};
  if (kind == "STRING")
    data.string_column_statistics_data =
        StringColumnStatisticsData{.maximum_length = static_cast<int64_t>(number(row[3])),
                                   .average_length = number(row[4]),
                                   .number_of_nulls = nulls,
                                   .number_of_distinct_values = distinct};
  if (kind == "BINARY")
    data.binary_column_statistics_data =
        BinaryColumnStatisticsData{.maximum_length = static_cast<int64_t>(number(row[3])),
                                   .average_length = number(row[4]),
                                   .number_of_nulls = nulls};
  if (kind == "LONG") {
    LongColumnStatisticsData made{.number_of_nulls = nulls, .number_of_distinct_values = distinct};
    if (row[3]) made.minimum_value = parse_int(*row[3]);
    if (row[4]) made.maximum_value = parse_int(*row[4]);
    data.long_column_statistics_data = made;
  }
  if (kind == "DOUBLE") {
    DoubleColumnStatisticsData made{.number_of_nulls = nulls, .number_of_distinct_values = distinct};
    if (row[3] && std::isfinite(number(row[3]))) made.minimum_value = number(row[3]);
    if (row[4] && std::isfinite(number(row[4]))) made.maximum_value = number(row[4]);
    data.double_column_statistics_data = made;
  }
  if (kind == "DATE") {
    DateColumnStatisticsData made{.number_of_nulls = nulls, .number_of_distinct_values = distinct};
    made.minimum_value = date_of(row[3]);
    made.maximum_value = date_of(row[4]);
    data.date_column_statistics_data = made;
  }
  if (kind == "DECIMAL") {
    DecimalColumnStatisticsData made{.number_of_nulls = nulls, .number_of_distinct_values = distinct};
    if (row[3]) made.minimum_value = decimal_number(*row[3]);
    if (row[4]) made.maximum_value = decimal_number(*row[4]);
    data.decimal_column_statistics_data = made;
  }
  return data;
}

// One session of the engine, as a reader of its own.
class Session {
 public:
  Session(sql::Engine& engine, std::string principal, std::string database)
      : engine_(engine), principal_(std::move(principal)), database_(std::move(database)) {}
  ~Session() {
    if (id_) engine_.close_session(*id_);
  }

  Result<Row> one(const std::string& statement) {
    if (!id_) id_ = TRY(engine_.open_session("", sql::Dialect::kAthena));
    const Fd spool = TRY(memory_file());
    sql::ExecuteRequest request;
    request.context.principal = principal_;
    request.context.statement_id = random_hex(16);
    request.context.dialect = sql::Dialect::kAthena;
    request.context.database = database_;
    request.context.now = system_now();
    request.sql = statement;
    request.spool = spool.get();
    const sql::Outcome outcome = TRY(engine_.execute(*id_, request));
    const sql::SpoolReader reader = TRY(sql::SpoolReader::open(spool.get()));
    Row row(outcome.columns.size());
    if (reader.pages() == 0) return row;
    const sql::SpoolPage page = TRY(reader.page(0));
    for (size_t c = 0; c < row.size(); ++c)
      if (const sql::Cell cell = page.cell(0, c); !cell.null) row[c] = cell.as_text();
    return row;
  }

 private:
  sql::Engine& engine_;
  const std::string principal_, database_;
  std::optional<sql::SessionId> id_;
};

// The columns that a run is of. ERRORS: InvalidInputException: one of which there are no statistics, or that is not there.
Result<std::vector<Column>> columns_of(const Table& table, const std::vector<std::string>& wanted) {
  std::vector<Column> there, chosen;
  if (table.storage_descriptor) there = table.storage_descriptor->columns.items();
  if (wanted.empty()) {
    std::ranges::copy_if(there, std::back_inserter(chosen),
                         [](const Column& column) { return !statistics_kind(column.type.value_or("")).empty(); });
    return chosen;
  }
  there.insert(there.end(), table.partition_keys.begin(), table.partition_keys.end());
  for (const std::string& name : wanted) {
    const auto found =
        std::ranges::find_if(there, [&](const Column& each) { return equals_ignore_case(*each.name, name); });
    if (found == there.end()) return invalid_input(fmt::format("Column {} is not in the table.", name));
    if (statistics_kind(found->type.value_or("")).empty())
      return invalid_input(
          fmt::format("Column {} is of type {}, of which there are no statistics.", name, found->type.value_or("")));
    chosen.push_back(*found);
  }
  return chosen;
}

// In the transaction: what has become of the run, once.
Status end_run(Door& door, Transaction& tx, const StatisticsRunKey& key, const std::string& status,
               const std::string& error) {
  auto run = TRY(tx.get(kStatisticsRuns, key));
  if (!run || run->over()) return {};
  run->status = status;
  run->error = error;
  run->ended = run->updated = door.clock().now();
  TRY(tx.put(kStatisticsRuns, key, *run));
  const StatisticsTaskKey of{run->table_id};
  auto task = TRY(tx.get(kStatisticsTasks, of));
  if (!task || task->run != key.id) return {};
  task->run.clear();
  if (!task->settings) return tx.erase(kStatisticsTasks, of);
  return tx.put(kStatisticsTasks, of, *task);
}

}  // namespace

std::string statistics_kind(std::string_view column_type) {
  const std::string type = lower(column_type.substr(0, column_type.find('(')));
  for (const char* each : {"tinyint", "smallint", "int", "integer", "bigint"})
    if (type == each) return "LONG";
  if (type == "timestamp") return "LONG";  // ASSUMED: seconds since 1970, as Hive's are
  if (type == "float" || type == "double") return "DOUBLE";
  if (type == "decimal" || type == "boolean" || type == "date" || type == "binary") return upper(type);
  if (type == "string" || type == "varchar" || type == "char") return "STRING";
  return {};
}

Result<std::string> begin_statistics_run(Door& door, Transaction& tx, const StatisticsTaskKey& key,
                                         StatisticsTaskRecord& task, StatisticsRunRecord run) {
  if (!task.run.empty())
    return fail(400, "ColumnStatisticsTaskRunningException",
                fmt::format("Column statistics of table {}.{} are being computed already.", task.database, task.table));
  const StatisticsRunKey made{task.owner, task.region, uuid4()};
  run.table_id = key.table_id;
  run.database = task.database;
  run.table = task.table;
  run.created = run.updated = door.clock().now();
  task.run = made.id;
  TRY(tx.put(kStatisticsTasks, key, task));
  TRY(tx.put(kStatisticsRuns, made, run));
  TRY(door.outbox().enqueue(tx, {.type = kDelivery,
                                 .target = fmt::format("glue:statistics/{}", key.table_id),
                                 .payload = fmt::format("{} {} {}", made.owner, made.region, made.id),
                                 .give_up_after = 7 * kDay,
                                 .max_attempts = kTries}));
  return made.id;
}

Status set_statistics_schedule(Door& door, Transaction& tx, const StatisticsTaskKey& key,
                               const StatisticsTaskRecord& task, Time after) {
  const std::string id = std::to_string(key.table_id);
  std::optional<Time> next;
  if (task.settings && task.settings->scheduled && !task.settings->schedule.empty())
    next = TRY(TRY(tarn::Schedule::parse(task.settings->schedule)).next(after));
  if (!next) return door.timers().cancel(tx, kTimer, id);
  return door.timers().set(tx, kTimer, id, *next);
}

StatisticsRuns::StatisticsRuns(Door& door, std::string scratch)
    : door_(door), readers_(std::make_unique<lake::Readers>(door)) {
  engine_ = std::make_unique<sql::Engine>(sql::EngineOptions{.scratch = std::move(scratch), .memory_bytes = kMemory},
                                          *readers_);
  door.outbox().deliver_to(
      kDelivery, {.deliver = [this](const Delivery& delivery) { return run(delivery); },
                  .gave_up =
                      [this](Transaction& tx, const Delivery& delivery, const Error& error) {
                        const auto parts = split(delivery.payload, ' ');
                        return end_run(door_, tx, {std::string(parts[0]), std::string(parts[1]), std::string(parts[2])},
                                       "FAILED", "The run was cut off again and again: " + error.message);
                      }});
  door.timers().on(kTimer, [this](Transaction& tx, const Timer& timer) { return fire(tx, timer); });
}

StatisticsRuns::~StatisticsRuns() = default;

Status StatisticsRuns::fire(Transaction& tx, const Timer& timer) {
  const StatisticsTaskKey key{static_cast<uint64_t>(parse_int(timer.id).value_or(0))};
  auto task = TRY(tx.get(kStatisticsTasks, key));
  if (!task || !task->settings || !task->settings->scheduled) return {};
  StatisticsSettingsRecord& settings = *task->settings;
  settings.last_attempt = door_.clock().now();
  const auto begun = begin_statistics_run(door_, tx, key, *task,
                                          {.role = settings.role,
                                           .columns = settings.columns,
                                           .sample = settings.sample,
                                           .security_configuration = settings.security_configuration});
  // One that still runs is let run.
  if (!begun && begun.error().code != "ColumnStatisticsTaskRunningException") return Failure(begun.error());
  settings.last_error = begun ? "" : begun.error().message;
  if (begun) settings.last_run = *begun;
  TRY(tx.put(kStatisticsTasks, key, *task));
  return set_statistics_schedule(door_, tx, key, *task, timer.due);
}

Status StatisticsRuns::going_on(const StatisticsRunKey& key) {
  if (stopping_) return fail(503, "ServerStops", "The server stops.");
  const auto now = TRY(door_.store().read()->get(kStatisticsRuns, key));
  if (!now || now->stopping) return fail(400, "RunStopped", "The run was stopped.");
  return {};
}

Status StatisticsRuns::run(const Delivery& delivery) {
  const auto parts = split(delivery.payload, ' ');
  const StatisticsRunKey key{std::string(parts[0]), std::string(parts[1]), std::string(parts[2])};
  std::optional<StatisticsRunRecord> record;
  TRY(door_.store().run([&](Transaction& tx) -> Status {
    record = TRY(tx.get(kStatisticsRuns, key));
    if (!record || record->over()) return {};
    record->status = "RUNNING";
    record->started = record->updated = door_.clock().now();
    return tx.put(kStatisticsRuns, key, *record);
  }));
  if (!record || record->over()) return {};
  Caller from{.principal = {.kind = Principal::Kind::kService, .account = key.owner, .arn = kGlue},
              .region = key.region,
              .request_id = key.id};
  from.source_account = key.owner;
  const std::string role = role_arn_of(record->role, key.owner);
  const auto as = door_.assume_as_service(from, role, kGlue, kSessionName);
  Status done = as ? compute(*as, key, *record)
                   : Failure(Error{400, "InvalidInputException",
                                   fmt::format("Service is unable to assume role {}: {}", role, as.error().message)});
  if (!done && (done.error().code == "ServerStops" || stopping_)) return done;  // the next start takes it up
  const std::string status = done ? "SUCCEEDED" : done.error().code == "RunStopped" ? "STOPPED" : "FAILED";
  TRY(door_.store().wait_synced(TRY(door_.store().run([&](Transaction& tx) {
    return end_run(door_, tx, key, status, status == "FAILED" ? done.error().message : "");
  }))));
  return {};
}

Status StatisticsRuns::compute(const Caller& as, const StatisticsRunKey& key, const StatisticsRunRecord& run) {
  GetTableRequest get;
  get.database_name = run.database;
  get.name = run.table;
  const auto got = TRY(door_.call(as, get));
  const std::vector<Column> columns = TRY(columns_of(*got.table, run.columns));
  const auto computed = TRY(numbers(as, key, run, columns));
  for (size_t first = 0; first < computed.size(); first += kWrittenAtOnce) {
    UpdateColumnStatisticsForTableRequest update;
    update.database_name = run.database;
    update.table_name = run.table;
    for (size_t i = first; i < std::min(computed.size(), first + kWrittenAtOnce); ++i)
      update.column_statistics_list.push_back(computed[i]);
    const auto updated = TRY(door_.call(as, update));
    if (!updated.errors.empty() && updated.errors.front().error)
      return invalid_input(updated.errors.front().error->error_message.value_or("Statistics were not taken."));
  }
  return {};
}

Result<std::vector<ColumnStatistics>> StatisticsRuns::numbers(const Caller& as, const StatisticsRunKey& key,
                                                              const StatisticsRunRecord& run,
                                                              const std::vector<Column>& columns) {
  readers_->add(key.id, as);
  std::vector<ColumnStatistics> all;
  const auto each_column = [&]() -> Status {
    Session session(*engine_, key.id, run.database);
    const double percent = run.sample.value_or(100);
    const std::string sample = percent < 100 ? fmt::format(" TABLESAMPLE BERNOULLI ({})", percent) : "";
    for (const Column& column : columns) {
      TRY(going_on(key));
      const std::string c = quoted(*column.name), kind = statistics_kind(*column.type);
      const Row row =
          TRY(session.one(fmt::format("SELECT count(*), count({0}), count(DISTINCT {0}), {1} FROM {2}{3}", c,
                                      items_of(kind, c, lower(*column.type)), quoted(run.table), sample)));
      all.push_back({.column_name = *column.name,
                     .column_type = *column.type,
                     .analyzed_time = door_.clock().now(),
                     .statistics_data = data_of(kind, row, percent / 100)});
    }
    return {};
  };
  const Status done = each_column();
  readers_->remove(key.id);
  if (!done) return Failure(done.error());
  return all;
}

}  // namespace tarn::glue
