#include "sql/engine/instance.h"

#include <filesystem>

#include "base/text.h"
#include "sql/engine/catalog.h"
#include "sql/engine/errors.h"
#include "sql/engine/functions.h"
#include "sql/engine/object_fs.h"

namespace tarn::sql::engine {
namespace {

constexpr std::string_view kFileEnding = ".duckdb";

void configure(duckdb::DBConfig& config, const EngineOptions& options) {
  config.options.maximum_memory = options.memory_bytes;
  config.options.maximum_threads = static_cast<duckdb::idx_t>(std::max(1, options.threads));
  config.options.use_temporary_directory = !options.scratch.empty();
  config.options.temporary_directory = options.scratch;
  config.options.autoload_known_extensions = false;
  config.options.autoinstall_known_extensions = false;
  config.options.allow_community_extensions = false;
  config.options.enable_external_file_cache = false;  // the page cache of local files is the cache
  config.SetOptionByName("arrow_large_buffer_size", duckdb::Value(false));
}

// Names become file names: percent-encoded, so that no name leaves the folder.
std::string file_name(const std::string& database) {
  return uri_encode(database) + std::string(kFileEnding);
}

}  // namespace

std::string quote(const std::string& text) {
  return "'" + replace_all(text, "'", "''") + "'";
}
std::string quote_name(const std::string& name) {
  return "\"" + replace_all(name, "\"", "\"\"") + "\"";
}

Instance::Instance(const EngineOptions& options)
    : options_(options), db_((configure(config_, options_), nullptr), &config_), own_(db_) {}

Result<std::unique_ptr<Instance>> Instance::open(const EngineOptions& options) {
  try {
    std::unique_ptr<Instance> instance(new Instance(options));
    instance->set_up();
    return instance;
  } catch (const std::exception& thrown) {
    return internal_failure("The SQL engine could not open its databases: " + duckdb::ErrorData(thrown).RawMessage());
  }
}

void Instance::run(const std::string& sql) {
  const auto result = own_.Query(sql);
  if (result->HasError()) result->ThrowError();
}

std::string Instance::file_of(const std::string& name) const {
  return options_.databases + "/" + file_name(name);
}

void Instance::set_up() {
  db_.GetFileSystem().RegisterSubSystem(make_object_fs());
  add_external_catalog(database());
  run("ATTACH '' AS " + std::string(kExternalCatalog) + " (TYPE tarn)");
  register_functions(database());
  run("SET GLOBAL TimeZone = 'UTC'");

  std::string allowed = "'s3://'";
  for (const std::string& folder : {options_.databases, options_.scratch}) {
    if (!folder.empty()) allowed += ", " + quote(folder + "/");
  }
  run("SET allowed_directories = [" + allowed + "]");
  run("SET enable_external_access = false");

  if (options_.databases.empty()) return;
  std::filesystem::create_directories(options_.databases);
  for (const auto& entry : std::filesystem::directory_iterator(options_.databases)) {
    const std::string file = entry.path().filename();
    if (!file.ends_with(kFileEnding)) continue;
    attach(uri_decode(file.substr(0, file.size() - kFileEnding.size())));
  }
}

void Instance::load_geometry() {
  if (has_geometry_) return;
  const std::lock_guard lock(mutex_);
  if (has_geometry_) return;
  if (options_.spatial_extension.empty())
    raise_sql("0A000", "Geometry is not supported: the engine has no spatial extension.");
  load(options_.spatial_extension);
  register_geometry(database());
  has_geometry_ = true;
}

void Instance::load_avro() {
  const std::lock_guard lock(mutex_);
  if (has_avro_) return;
  if (options_.avro_extension.empty())
    raise_sql("0A000", "Avro files are not supported: the engine has no Avro extension.");
  load(options_.avro_extension);
  has_avro_ = true;
}

void Instance::load(const std::string& extension) {
  auto& access = duckdb::DBConfig::GetConfig(database()).options.enable_external_access;
  access = true;  // for this one file, which is the server's own
  try {
    run("LOAD " + quote(extension));
  } catch (...) {
    access = false;
    throw;
  }
  access = false;
}

// What GRANTs are kept in (rights.h), comments, and views that are not the engine's. A new database lets everybody into
// its schema public.
void Instance::make_rights(const std::string& own) {
  run("CREATE TABLE IF NOT EXISTS " + own + ".owners (kind VARCHAR, schema_name VARCHAR, name VARCHAR, owner VARCHAR)");
  run("CREATE TABLE IF NOT EXISTS " + own +
      ".default_grants (owner VARCHAR, schema_name VARCHAR, kind VARCHAR, grantee_kind VARCHAR, grantee VARCHAR, "
      "privilege VARCHAR, grant_option VARCHAR)");
  run("CREATE TABLE IF NOT EXISTS " + own +
      ".comments (kind VARCHAR, schema_name VARCHAR, name VARCHAR, column_name VARCHAR, comment VARCHAR)");
  run("CREATE TABLE IF NOT EXISTS " + own +
      ".views (kind VARCHAR, schema_name VARCHAR, name VARCHAR, definition VARCHAR, options VARCHAR)");
  run("CREATE TABLE IF NOT EXISTS " + own +
      ".grants AS SELECT * FROM (VALUES ('SCHEMA', '', 'public', '', 'public', '', 'USAGE', 'false', ''), ('SCHEMA', '', "
      "'public', '', 'public', '', 'CREATE', 'false', ''), ('DATABASE', '', '', '', 'public', '', 'TEMP', 'false', ''), "
      "('LANGUAGE', '', 'sql', '', 'public', '', 'USAGE', 'false', ''), ('LANGUAGE', '', 'plpgsql', '', 'public', '', "
      "'USAGE', 'false', '')) t(kind, schema_name, name, column_name, grantee_kind, grantee, privilege, grant_option, "
      "grantor)");
}

void Instance::attach(const std::string& name) {
  const std::string database = quote_name(name);
  run("ATTACH " + quote(file_of(name)) + " AS " + database);
  const std::string own = database + "." + kOwnSchema;
  run("CREATE SCHEMA IF NOT EXISTS " + own);
  run("CREATE SCHEMA IF NOT EXISTS " + database + ".public");
  run("CREATE TABLE IF NOT EXISTS " + own + ".statements (id VARCHAR, done_at TIMESTAMP)");
  make_rights(own);
  run("DELETE FROM " + own + ".statements WHERE done_at < (SELECT max(done_at) - INTERVAL 30 DAY FROM " + own +
      ".statements)");
}

Status Instance::create_database(const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (options_.databases.empty()) return sql_error(kNotSupported, "This engine keeps no databases.");
  if (std::filesystem::exists(file_of(name))) {
    return sql_error("42P04", "database \"" + name + "\" already exists");
  }
  try {
    attach(name);
  } catch (const std::exception& thrown) {
    return internal_failure("The database could not be made: " + duckdb::ErrorData(thrown).RawMessage());
  }
  return {};
}

Status Instance::drop_database(const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (options_.databases.empty() || !std::filesystem::exists(file_of(name))) {
    return sql_error("3D000", "database \"" + name + "\" does not exist");
  }
  try {
    run("DETACH " + quote_name(name));
    std::filesystem::remove(file_of(name));
    std::filesystem::remove(file_of(name) + ".wal");
  } catch (const std::exception& thrown) {
    return Failure(to_error(duckdb::ErrorData(thrown), Dialect::kRedshift));
  }
  return {};
}

std::vector<std::string> Instance::list_databases() {
  std::vector<std::string> names;
  if (options_.databases.empty()) return names;
  for (const auto& entry : std::filesystem::directory_iterator(options_.databases)) {
    const std::string file = entry.path().filename();
    if (file.ends_with(kFileEnding)) names.push_back(uri_decode(file.substr(0, file.size() - kFileEnding.size())));
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<bool> Instance::committed(const std::string& database, const std::string& statement_id) {
  const std::lock_guard lock(mutex_);
  if (options_.databases.empty() || !std::filesystem::exists(file_of(database))) return false;
  const auto result = own_.Query("SELECT count(*) > 0 FROM " + quote_name(database) + "." + kOwnSchema +
                                 ".statements WHERE id = " + quote(statement_id));
  if (result->HasError()) return Failure(to_error(result->GetErrorObject(), Dialect::kRedshift));
  return result->GetValue(0, 0).GetValue<bool>();
}

}  // namespace tarn::sql::engine
