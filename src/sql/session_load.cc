// UNLOAD and COPY: what the engine does not know of them: the destination, the sources, the manifest.
#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "sql/session.h"
#include "sql/sql_error.h"
#include "sql/tokens_redshift.h"

namespace tarn::sql {
namespace {

// AWS: UNLOAD, "LIMIT clause": the outermost SELECT has none.
Status refuse_limit(const StatementText& query) {
  int depth = 0;
  for (const Token& token : query.tokens) {
    if (token.is_op("(")) ++depth;
    if (token.is_op(")")) --depth;
    if (depth == 0 && (token.is("limit") || token.is("top")))
      return sql_error(kNotSupported,
                       "Limit clause is not supported in the outer SELECT of UNLOAD: put it into a subquery");
  }
  return {};
}

Error without_position(Error error) {
  std::erase_if(error.members, [](const auto& member) { return member.first == "position"; });
  return error;
}

// AWS: UNLOAD, MANIFEST VERBOSE.
Json manifest_type(const ResultColumn& column) {
  static constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"int2", "smallint"}, {"int4", "integer"}, {"int8", "bigint"}, {"float4", "real"}, {"float8", "double precision"},
      {"bool", "boolean"}, {"varchar", "character varying"}, {"bpchar", "character"},
      {"timestamp", "timestamp without time zone"}, {"timestamptz", "timestamp with time zone"}};
  const auto* known = std::ranges::find(kNames, std::string_view(column.type), [](const auto& name) { return name.first; });
  Json type = Json::object();
  type.set("base", known == std::end(kNames) ? column.type : std::string(known->second));
  if (column.type == "varchar" || column.type == "bpchar") type.set("max_length", column.length);
  if (column.type == "numeric") {
    type.set("precision", column.precision);
    type.set("scale", column.scale);
  }
  return type;
}

std::string manifest_of(const Outcome& outcome, bool verbose) {
  Json entries = Json::array();
  uint64_t bytes = 0, rows = 0;
  for (const WrittenObject& object : outcome.objects) {
    Json meta = Json::object();
    meta.set("content_length", object.bytes);
    if (verbose) meta.set("record_count", object.rows);
    Json entry = Json::object();
    entry.set("url", object.uri);
    entry.set("meta", std::move(meta));
    entries.push(std::move(entry));
    bytes += object.bytes;
    rows += object.rows;
  }
  Json manifest = Json::object();
  manifest.set("entries", std::move(entries));
  if (verbose) {
    Json elements = Json::array();
    for (const ResultColumn& column : outcome.columns) {
      Json element = Json::object();
      element.set("name", column.name);
      element.set("type", manifest_type(column));
      elements.push(std::move(element));
    }
    Json schema = Json::object();
    schema.set("elements", std::move(elements));
    manifest.set("schema", std::move(schema));
    Json meta = Json::object();
    meta.set("content_length", bytes);
    meta.set("record_count", rows);
    manifest.set("meta", std::move(meta));
    Json author = Json::object();
    author.set("name", "Amazon Redshift");
    author.set("version", "1.0.0");
    manifest.set("author", std::move(author));
  }
  return manifest.text(2);
}

// Of one file its rows are the COPY's; of several only the refused ones are known one by one.
void count_lines(const LoadOutcome& loaded, std::vector<MovedFile>& files) {
  for (MovedFile& file : files) file.errors = std::ranges::count(loaded.errors, file.object.uri, &LoadError::uri);
  if (files.size() == 1) files[0].rows = static_cast<int64_t>(loaded.outcome.rows) + files[0].errors;
}

}  // namespace

Result<Outcome> SqlSession::execute(Running& run, const Unload& s) {
  const std::string role = TRY(run.host.role(s.role));
  const auto query = split_statements(s.request.sql);
  if (!query) return Failure(without_position(query.error()));
  if (query->size() != 1) return sql_error(kSyntaxError, "UNLOAD takes one query", s.query_position + 1);
  TRY(refuse_limit(query->front()));
  const auto text = to_engine(query->front());
  if (!text) return Failure(without_position(text.error()));

  std::vector<ObjectRef> there;
  if (!s.allow_overwrite) there = TRY(run.host.list_objects(role, s.request.uri));
  if (!there.empty() && !s.clean_path)
    return sql_error(kInternalError,
                     "Specified unload destination on S3 is not empty. Consider using a different bucket / prefix, "
                     "manually removing "
                     "the target files in S3, or using the ALLOWOVERWRITE option.");
  MovedFiles moved{run.request.query_id, session_number(), true, s.request.format, {}, run.host.now(), {}};
  UnloadRequest request = s.request;
  request.sql = text->sql;
  request.context = TRY(context(run, role));
  last_unload_ = run.request.query_id;  // AWS: also when it fails from here on
  auto outcome = engine_.unload(TRY(opened()), request);
  if (!outcome) return Failure(without_position(seen(std::move(outcome).error())));
  if (Status published = publish(run, s, role, *outcome, there); !published) {
    run.host.discard(outcome->objects);
    return Failure(published.error());
  }
  for (const WrittenObject& written : outcome->objects)
    moved.files.push_back({{.uri = written.uri}, static_cast<int64_t>(written.bytes), static_cast<int64_t>(written.rows)});
  run.host.record_files(moved);
  outcome->kind = "UNLOAD";
  outcome->columns.clear();
  unloaded_ = static_cast<uint64_t>(outcome->rows);
  outcome->notices.push_back("UNLOAD completed, " + std::to_string(outcome->rows) +
                             " record(s) unloaded successfully.");
  return outcome;
}

Status SqlSession::publish(Running& run, const Unload& s, const std::string& role, const Outcome& outcome,
                           const std::vector<ObjectRef>& there) {
  Publishing publishing;
  publishing.role = role;
  publishing.objects = outcome.objects;
  if (s.request.manifest)
    publishing.documents.emplace_back(s.request.uri + "manifest", manifest_of(outcome, s.manifest_verbose));
  for (const ObjectRef& object : there) publishing.remove.push_back(object.uri);
  return run.host.publish(publishing);
}

// The objects to load: those of the manifest, or those whose key starts so.
Status SqlSession::find_sources(Running& run, const Copy& s, const std::string& role, std::vector<MovedFile>& files) {
  if (s.manifest) {
    const Json manifest = TRY(Json::parse(TRY(run.host.read_object(role, s.uri))));
    for (const Json& entry : manifest["entries"].items()) {
      if (!entry["url"].is_string())
        return sql_error(kInternalError, "The manifest " + s.uri + " has an entry without a url");
      const std::string url = entry["url"].as_string();
      const auto there = TRY(run.host.list_objects(role, url));
      const auto found = std::ranges::find(there, url, &ObjectRef::uri);
      const bool mandatory = entry["mandatory"].is_bool() && entry["mandatory"].as_bool();
      if (found != there.end())
        files.push_back({*found, static_cast<int64_t>(found->size)});
      else if (mandatory)  // AWS: another one that is not there is left out
        files.push_back({{.uri = url}});
    }
    if (files.empty()) return sql_error(kInternalError, "The manifest " + s.uri + " has no entries");
    return {};
  }
  if (s.request.format == FileFormat::kShapefile) {  // its parts (.shx, .dbf) lie beside it
    files.push_back({{.uri = s.uri}});
    return {};
  }
  for (const ObjectRef& object : TRY(run.host.list_objects(role, s.uri)))
    files.push_back({object, static_cast<int64_t>(object.size)});
  if (files.empty()) {
    const std::string_view path = std::string_view(s.uri).substr(5);
    const size_t slash = std::min(path.find('/'), path.size());
    return sql_error(kInternalError, "The specified S3 prefix '" +
                                         std::string(path.substr(std::min(slash + 1, path.size()))) +
                                         "' does not exist in the bucket '" + std::string(path.substr(0, slash)) + "'");
  }
  return {};
}

Result<Outcome> SqlSession::execute(Running& run, const Copy& s) {
  const std::string role = TRY(run.host.role(s.role));
  LoadRequest request = s.request;
  const bool temporary =
      request.schema.empty() && !TRY(internal(run, "SELECT 1 FROM duckdb_tables() WHERE temporary AND table_name = " +
                                                       quoted_string(lower(request.table))))
                                     .empty();
  if (temporary) request.schema = "pg_temp";
  if (request.schema.empty()) request.schema = schema_of({{}, {}, request.table});
  if (!TRY(identity(run)).superuser && !temporary) {
    TRY(need(run, {"SCHEMA", "", request.schema}, "USAGE"));
    TRY(need(run, {"TABLE", request.schema, lower(request.table)}, "INSERT"));
  }
  if (s.no_load) TRY(refuse_in_block("COPY with NOLOAD"));
  MovedFiles moved{run.request.query_id, session_number(), false, s.request.format, s.request.table, run.host.now(), {}};
  TRY(find_sources(run, s, role, moved.files));
  for (const MovedFile& file : moved.files) request.uris.push_back(file.object.uri);
  if (request.json_paths.starts_with("s3://")) request.json_paths = TRY(run.host.read_object(role, std::string(trim(request.json_paths))));
  if (s.no_load) TRY(begin(run));  // what is loaded goes again: the files are only looked at
  request.context = TRY(context(run, role));
  last_copy_ = run.request.query_id;  // AWS: also when it fails from here on
  auto answered = engine_.load(TRY(opened()), request);
  if (s.no_load) TRY(rollback(run));
  if (!answered && sqlstate_of(answered.error()) == kUndefinedTable)
    return sql_error(kUndefinedTable, "Cannot COPY into nonexistent table " + s.request.table);
  if (!answered) return Failure(seen(std::move(answered).error()));
  LoadOutcome& loaded = *answered;
  if (!loaded.errors.empty()) run.host.record_load_errors(run.request.query_id, request.table, loaded.errors);
  if (loaded.errors.size() > static_cast<size_t>(std::max(request.max_error, 0)))
    return sql_error(kInternalError, "Load into table '" + request.table +
                                         "' failed.  Check 'sys_load_error_detail' system table for details.");
  loaded.outcome.kind = "COPY";
  if (s.no_load) {
    notices_.push_back("The NOLOAD option was given: " + std::to_string(loaded.outcome.rows) + " record(s) would be loaded");
    loaded.outcome.rows = 0;
    loaded.outcome.columns.clear();
    return std::move(loaded.outcome);
  }
  count_lines(loaded, moved.files);
  run.host.record_files(moved);
  loaded.outcome.columns.clear();
  copied_ = static_cast<uint64_t>(loaded.outcome.rows);
  TRY(changed(run, {"TABLE", request.schema, lower(request.table)}));
  loaded.outcome.notices.push_back("Load into table '" + request.table + "' completed, " +
                                   std::to_string(loaded.outcome.rows) + " record(s) loaded successfully.");
  return std::move(loaded.outcome);
}

}  // namespace tarn::sql
