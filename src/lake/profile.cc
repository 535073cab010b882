#include "lake/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "os/clock.h"
#include "os/random.h"
#include "os/scratch.h"
#include "sql/spool.h"

namespace tarn::lake {
namespace {

constexpr const char* kDatabase = "profile";  // of the engine: it holds nothing but temporary tables
constexpr const char* kSchema = "lake";
constexpr size_t kMostCorrelated = 30;  // columns: their pairs are computed in one go
constexpr double kOutlier = 3;          // standard deviations
constexpr int kOutlierSamples = 50;
constexpr int kBinsOfScores = 12;

using Row = std::vector<std::optional<std::string>>;

std::string quoted(const std::string& name) {
  return '"' + replace_all(name, "\"", "\"\"") + '"';
}

class Session {
 public:
  static Result<std::unique_ptr<Session>> open(sql::Engine& engine, const ProfileSource& source) {
    const std::vector<std::string> there = TRY(engine.list_databases());
    if (std::ranges::find(there, kDatabase) == there.end()) TRY(engine.create_database(kDatabase));
    auto session = std::unique_ptr<Session>(new Session(engine, source));
    session->id_ = TRY(engine.open_session(kDatabase, sql::Dialect::kRedshift));
    return session;
  }
  ~Session() { engine_.close_session(id_); }

  Result<Preview> run(const std::string& statement) {
    const Fd spool = TRY(memory_file());
    sql::ExecuteRequest request;
    request.context.principal = source_.principal;
    request.context.statement_id = random_hex(16);
    request.context.database = kDatabase;
    request.context.user = "profile";
    request.context.search_path = {"public"};
    request.context.external_schemas = {{kSchema, "awsdatacatalog", source_.database}};
    request.context.now = system_now();
    request.sql = statement;
    request.spool = spool.get();
    const sql::Outcome outcome = TRY(engine_.execute(id_, request));
    Preview out;
    out.columns = outcome.columns;
    if (outcome.columns.empty()) return out;
    const sql::SpoolReader reader = TRY(sql::SpoolReader::open(spool.get()));
    for (size_t p = 0; p < reader.pages(); ++p) {
      const sql::SpoolPage page = TRY(reader.page(p));
      for (uint32_t r = 0; r < page.rows(); ++r) {
        Row& row = out.rows.emplace_back();
        for (size_t c = 0; c < reader.columns().size(); ++c) {
          const sql::Cell cell = page.cell(r, c);
          row.push_back(cell.null ? std::nullopt : std::optional(cell.as_text()));
        }
      }
    }
    return out;
  }
  // The first row.
  Result<Row> one(const std::string& statement) {
    Preview all = TRY(run(statement));
    if (all.rows.empty()) return Row(all.columns.size());
    return std::move(all.rows[0]);
  }

 private:
  Session(sql::Engine& engine, ProfileSource source) : engine_(engine), source_(std::move(source)) {}

  sql::Engine& engine_;
  const ProfileSource source_;
  sql::SessionId id_;
};

enum class Kind : uint8_t { kNumber, kText, kTime, kBool, kOther };

Kind kind_of(const std::string& type) {
  for (const char* number : {"int2", "int4", "int8", "numeric", "float4", "float8"})
    if (type == number) return Kind::kNumber;
  if (type == "varchar" || type == "bpchar") return Kind::kText;
  if (type == "date" || type.starts_with("time")) return Kind::kTime;
  return type == "bool" ? Kind::kBool : Kind::kOther;
}

// AWS: DataBrew's data types.
std::string name_of(Kind kind, const std::string& type) {
  switch (kind) {
    case Kind::kNumber: return type.starts_with("int") ? "long" : "double";
    case Kind::kText: return "string";
    case Kind::kTime: return type == "date" ? "date" : "timestamp";
    case Kind::kBool: return "boolean";
    case Kind::kOther: break;
  }
  return type;
}

double number(const std::optional<std::string>& text) {
  return text ? parse_double(*text).value_or(0) : 0;
}

// As a number where it is one.
Json json_number(const std::optional<std::string>& text) {
  if (!text) return {};
  if (const auto integer = parse_int(*text)) return *integer;
  const auto real = parse_double(*text);
  return real && std::isfinite(*real) ? Json(*real) : Json();
}
Json json_number(double value) {
  return std::isfinite(value) ? Json(value) : Json();
}

// --- one column ------------------------------------------------------------------------------------------------------

class Column {
 public:
  Column(Session& session, std::string name, const std::string& type, const ProfileOptions& options)
      : session_(session),
        name_(std::move(name)),
        kind_(kind_of(type)),
        type_(type),
        options_(options),
        c_(quoted(name_)) {}

  Result<Json> report() {
    out_ = Json::object({{"name", name_}, {"type", name_of(kind_, type_)}});
    const Row counts = TRY(session_.one(
        kind_ == Kind::kOther ? fmt::format("SELECT COUNT(*), COUNT({0}) FROM p", c_)
                              : fmt::format("SELECT COUNT(*), COUNT({0}), COUNT(DISTINCT {0}) FROM p", c_)));
    rows_ = number(counts[0]);
    present_ = number(counts[1]);
    out_.set("totalValuesCount", json_number(counts[0]));
    out_.set("missingValuesCount", static_cast<int64_t>(rows_ - present_));
    if (kind_ == Kind::kOther) return std::move(out_);
    out_.set("distinctValuesCount", json_number(counts[2]));
    TRY(values());
    if (present_ == 0) return std::move(out_);
    if (kind_ == Kind::kNumber) TRY(numbers());
    if (kind_ == Kind::kText) TRY(lengths());
    if (kind_ == Kind::kTime) {
      const Row range = TRY(session_.one(fmt::format("SELECT MIN({0}), MAX({0}) FROM p", c_)));
      out_.set("min", range[0].value_or(""));
      out_.set("max", range[1].value_or(""));
    }
    return std::move(out_);
  }

 private:
  Status values() {
    const Row row =
        TRY(session_.one(fmt::format("SELECT SUM(CASE WHEN n = 1 THEN 1 ELSE 0 END), SUM(n * LN(n)) FROM (SELECT "
                                     "COUNT(*)::float8 AS n FROM p WHERE {0} "
                                     "IS NOT NULL GROUP BY {0}) q",
                                     c_)));
    out_.set("uniqueValuesCount", static_cast<int64_t>(number(row[0])));
    // Of the values' shares: ln N - sum(n ln n) / N.
    if (present_ > 0) out_.set("entropy", json_number(std::log(present_) - number(row[1]) / present_));
    const Preview top = TRY(session_.run(fmt::format(
        "SELECT {0}, COUNT(*) AS n FROM p WHERE {0} IS NOT NULL GROUP BY {0} ORDER BY n DESC, {0} LIMIT {1}", c_,
        options_.top)));
    Json common = Json::array();
    for (const Row& each : top.rows)
      common.push(Json::object({{"value", each[0].value_or("")}, {"frequency", json_number(each[1])}}));
    if (!top.rows.empty()) out_.set("mode", top.rows[0][0].value_or(""));
    out_.set("mostCommonValues", std::move(common));
    return {};
  }

  Status numbers() {
    const std::string x = fmt::format("{}::float8", c_);
    const Row basic = TRY(session_.one(fmt::format(
        "SELECT MIN({0}), MAX({0}), AVG({0}), SUM({0}), SUM(CASE WHEN {0} = 0 THEN 1 ELSE 0 END), STDDEV_SAMP({0}), "
        "VAR_SAMP({0}) FROM p",
        x)));
    const double low = number(basic[0]), high = number(basic[1]), mean = number(basic[2]), deviation = number(basic[5]);
    out_.set("min", json_number(basic[0]));
    out_.set("max", json_number(basic[1]));
    out_.set("range", json_number(high - low));
    out_.set("mean", json_number(basic[2]));
    out_.set("sum", json_number(basic[3]));
    out_.set("zerosCount", static_cast<int64_t>(number(basic[4])));
    out_.set("standardDeviation", json_number(basic[5]));
    out_.set("variance", json_number(basic[6]));
    TRY(percentiles(x));
    TRY(moments(x, mean));
    TRY(distribution("valueDistribution", fmt::format("{}", x), low, high, options_.bins));
    return outliers(x, mean, deviation);
  }

  Status percentiles(const std::string& x) {
    static constexpr std::pair<const char*, double> kShares[] = {
        {"percentile5", 0.05}, {"percentile25", 0.25}, {"median", 0.5}, {"percentile75", 0.75}, {"percentile95", 0.95}};
    double quartiles[2] = {}, median = 0;
    for (const auto& [name, share] : kShares) {
      const Row row =
          TRY(session_.one(fmt::format("SELECT PERCENTILE_CONT({}) WITHIN GROUP (ORDER BY {}) FROM p", share, x)));
      out_.set(name, json_number(row[0]));
      if (share == 0.25) quartiles[0] = number(row[0]);
      if (share == 0.75) quartiles[1] = number(row[0]);
      if (share == 0.5) median = number(row[0]);
    }
    out_.set("interquartileRange", json_number(quartiles[1] - quartiles[0]));
    const Row spread = TRY(session_.one(
        fmt::format("SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY ABS({} - ({}))) FROM p", x, median)));
    out_.set("medianAbsoluteDeviation", json_number(spread[0]));
    return {};
  }

  Status moments(const std::string& x, double mean) {
    const std::string d = fmt::format("({} - ({}))", x, mean);
    const Row row =
        TRY(session_.one(fmt::format("SELECT AVG({0}*{0}), AVG({0}*{0}*{0}), AVG({0}*{0}*{0}*{0}) FROM p", d)));
    const double second = number(row[0]);
    if (second <= 0) return {};
    out_.set("skewness", json_number(number(row[1]) / std::pow(second, 1.5)));
    out_.set("kurtosis", json_number(number(row[2]) / (second * second) - 3));
    return {};
  }

  Status distribution(const char* name, const std::string& x, double low, double high, int bins) {
    Json out = Json::array();
    const double width = (high - low) / bins;
    std::vector<int64_t> counts(static_cast<size_t>(bins));
    if (width > 0) {
      const Preview rows =
          TRY(session_.run(fmt::format("SELECT CASE WHEN FLOOR(({0} - ({1})) / {2}) >= {3} THEN {4} ELSE FLOOR(({0} - "
                                       "({1})) / {2}) END AS bin, COUNT(*) FROM "
                                       "p WHERE {0} IS NOT NULL GROUP BY bin",
                                       x, low, width, bins, bins - 1)));
      for (const Row& row : rows.rows) {
        const auto bin = static_cast<size_t>(std::clamp(number(row[0]), 0.0, static_cast<double>(bins - 1)));
        counts[bin] += static_cast<int64_t>(number(row[1]));
      }
    } else {
      counts.assign(1, static_cast<int64_t>(present_));
    }
    for (size_t i = 0; i < counts.size(); ++i)
      out.push(Json::object({{"low", json_number(low + static_cast<double>(i) * width)},
                             {"high", json_number(width > 0 ? low + static_cast<double>(i + 1) * width : high)},
                             {"frequency", counts[i]}}));
    out_.set(name, std::move(out));
    return {};
  }

  Status outliers(const std::string& x, double mean, double deviation) {
    if (deviation <= 0) {
      out_.set("outliersCount", 0);
      out_.set("outliers", Json::array());
      return {};
    }
    const std::string score = fmt::format("(({} - ({})) / {})", x, mean, deviation);
    const Row count = TRY(session_.one(fmt::format("SELECT COUNT(*) FROM p WHERE ABS({}) > {}", score, kOutlier)));
    const Preview samples = TRY(session_.run(
        fmt::format("SELECT {0}, {1} AS z FROM p WHERE ABS({1}) > {2} ORDER BY ABS({1}) DESC, {0} LIMIT {3}", c_, score,
                    kOutlier, kOutlierSamples)));
    out_.set("outliersCount", json_number(count[0]));
    Json list = Json::array();
    for (const Row& row : samples.rows)
      list.push(Json::object({{"value", json_number(row[0])}, {"zScore", json_number(row[1])}}));
    out_.set("outliers", std::move(list));
    return distribution("zScoreDistribution", score, -kOutlier, kOutlier, kBinsOfScores);
  }

  Status lengths() {
    const Row row =
        TRY(session_.one(fmt::format("SELECT MIN(LEN({0})), MAX(LEN({0})), AVG(LEN({0})::float8), SUM(CASE WHEN "
                                     "LEN({0}) = 0 THEN 1 ELSE 0 END) FROM p",
                                     c_)));
    out_.set("minLength", json_number(row[0]));
    out_.set("maxLength", json_number(row[1]));
    out_.set("averageLength", json_number(row[2]));
    out_.set("emptyStringsCount", static_cast<int64_t>(number(row[3])));
    return {};
  }

  Session& session_;
  const std::string name_;
  const Kind kind_;
  const std::string type_;
  const ProfileOptions& options_;
  const std::string c_;
  double rows_ = 0, present_ = 0;
  Json out_;
};

// Pearson's, over the rows in which both are there.
Result<Json> correlations(Session& session, const std::vector<std::string>& names) {
  Json out = Json::array();
  for (size_t i = 0; i < names.size(); ++i) {
    std::string parts;
    for (size_t j = i + 1; j < names.size(); ++j) {
      const std::string x =
          fmt::format("CASE WHEN {1} IS NULL THEN NULL ELSE {0}::float8 END", quoted(names[i]), quoted(names[j]));
      const std::string y =
          fmt::format("CASE WHEN {0} IS NULL THEN NULL ELSE {1}::float8 END", quoted(names[i]), quoted(names[j]));
      parts += fmt::format("{2}AVG({0}), AVG({1}), AVG(({0})*({1})), AVG(({0})*({0})), AVG(({1})*({1}))", x, y,
                           parts.empty() ? "" : ", ");
    }
    if (parts.empty()) break;
    const Row row = TRY(session.one(fmt::format("SELECT {} FROM p", parts)));
    for (size_t j = i + 1, at = 0; j < names.size(); ++j, at += 5) {
      const double mx = number(row[at]), my = number(row[at + 1]);
      const double covariance = number(row[at + 2]) - mx * my;
      const double spread = (number(row[at + 3]) - mx * mx) * (number(row[at + 4]) - my * my);
      if (spread <= 0) continue;
      out.push(Json::object({{"columns", Json::array({names[i], names[j]})},
                             {"value", json_number(std::clamp(covariance / std::sqrt(spread), -1.0, 1.0))}}));
    }
  }
  return out;
}

}  // namespace

// ASSUMED: the members' names: AWS documents which numbers a report has, and shows them in its console.
Result<Json> profile(sql::Engine& engine, const ProfileSource& source, const ProfileOptions& options) {
  const auto session = TRY(Session::open(engine, source));
  std::string chosen;
  for (const std::string& column : options.columns) chosen += (chosen.empty() ? "" : ", ") + quoted(column);
  std::string copy = fmt::format("CREATE TEMP TABLE p AS SELECT {} FROM {}.{}", chosen.empty() ? "*" : chosen, kSchema,
                                 quoted(source.table));
  if (options.rows > 0) copy += fmt::format(" LIMIT {}", options.rows);
  TRY(session->run(copy));
  const Preview shape = TRY(session->run("SELECT * FROM p LIMIT 0"));
  const Row counted = TRY(session->one("SELECT COUNT(*) FROM p"));

  Json report = Json::object({{"version", "1.0"},
                              {"sampleSize", json_number(counted[0])},
                              {"columnsCount", static_cast<int64_t>(shape.columns.size())}});
  const bool nested = std::ranges::any_of(shape.columns, [](const auto& c) { return kind_of(c.type) == Kind::kOther; });
  if (options.duplicates && !nested) {
    const Row distinct = TRY(session->one("SELECT COUNT(*) FROM (SELECT DISTINCT * FROM p) q"));
    report.set("duplicateRowsCount", static_cast<int64_t>(number(counted[0]) - number(distinct[0])));
  }
  std::vector<std::string> numbers;
  Json columns = Json::array();
  for (const sql::ResultColumn& column : shape.columns) {
    if (kind_of(column.type) == Kind::kNumber && numbers.size() < kMostCorrelated) numbers.push_back(column.name);
    columns.push(TRY(Column(*session, column.name, column.type, options).report()));
  }
  if (options.correlations) report.set("correlations", TRY(correlations(*session, numbers)));
  report.set("columns", std::move(columns));
  return report;
}

Result<Preview> preview(sql::Engine& engine, const ProfileSource& source, size_t rows) {
  const auto session = TRY(Session::open(engine, source));
  return session->run(fmt::format("SELECT * FROM {}.{} LIMIT {}", kSchema, quoted(source.table), rows));
}

std::optional<sql::ExternalTable> table_of_files(const FileSchema& schema, const std::string& database,
                                                 const std::string& name, const std::string& location) {
  sql::ExternalTable table;
  if (schema.classification != "parquet" && schema.classification != "csv" && schema.classification != "json")
    return std::nullopt;
  table.catalog = "awsdatacatalog";
  table.database = database;
  table.name = name;
  table.location = location;
  table.format = schema.classification;
  for (const FileColumn& column : schema.columns) table.columns.push_back({column.name, column.type.text()});
  if (schema.classification == "csv") {
    table.properties = {{"serialization.lib", "org.apache.hadoop.hive.serde2.OpenCSVSerde"},
                        {"separatorchar", std::string(1, schema.delimiter)},
                        {"quotechar", std::string(1, schema.quote == 0 ? '"' : schema.quote)}};
    if (schema.header) table.properties.emplace_back("skip.header.line.count", "1");
  }
  return table;
}

}  // namespace tarn::lake
