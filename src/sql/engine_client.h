// The server's side of an engine process: starts it, sends it statements, answers what it asks.
//
// An engine process is the program `tarn-engine` beside this one; it holds the SQL engine's instance, opens nothing but its own
// database files and scratch space, and asks the server (ServerCallbacks) for everything else. No engine type is seen
// here.
//
// Who does what to a statement's text. The caller (the dialect-independent front) sends ONE statement, without ';',
// after its token rules:
//   * Redshift type names with a length or with another meaning in the engine are written as user types, which the
//   engine
//     gives their meaning (cut in casts, checked in INSERT, kept as declared types):
//       VARCHAR(n|max), CHARACTER VARYING(n), NVARCHAR(n), TEXT   -> rs_varchar(n)    (max = 65535; TEXT = 256; bare
//       VARCHAR in
//                                                                                     a column definition = 256, in a
//                                                                                     cast: VARCHAR)
//       CHAR(n), CHARACTER(n), NCHAR(n), BPCHAR                   -> rs_char(n)       (bare = 1; BPCHAR = 256)
//       DECIMAL, NUMERIC without (p,s)                            -> rs_decimal       (= 18,0)
//       FLOAT, FLOAT(n>24)                                        -> DOUBLE;  FLOAT(n<=24) -> REAL
//       VARBYTE(n), VARBINARY(n), BINARY VARYING(n)               -> rs_varbyte(n)
//     SUPER, GEOMETRY, GEOGRAPHY, HLLSKETCH stay as they are.
//   * DISTKEY, SORTKEY, ENCODE, DISTSTYLE, IDENTITY, BACKUP, FOREIGN KEY .. leave the text and come in
//   `table_attributes`.
//   * `#t` becomes TEMP table t ("t" keeps the '#': "#t"); TOP n -> LIMIT; MINUS -> EXCEPT; APPROXIMATE COUNT(DISTINCT
//   x) ->
//     approx_count_distinct(x); LISTAGG(a, b) WITHIN GROUP (ORDER BY c) -> listagg(a, b ORDER BY c); PERCENTILE_CONT(f)
//     WITHIN GROUP (ORDER BY c) stays; 'it\'s' -> 'it''s'; SELECT .. INTO [TEMP] t FROM -> CREATE [TEMP] TABLE t AS
//     SELECT ..; START TRANSACTION .., BEGIN .. -> BEGIN; END/ABORT -> COMMIT/ROLLBACK; parameters `:name` -> `$name`.
//   * A FROM path of more than two steps behind its alias (FROM t, t.a.b.c) does not parse: at most t.a.b.
//   * Everything else (functions, operators, implicit casts, names, NULL order, SUPER navigation, FROM t, t.arr) is
//   left
//     as written: the engine rewrites it on the syntax tree.
// Column names that DuckDB reserves and Redshift does not (at, qualify ..) must be quoted by the caller.
// Statements that no SQL parser sees (UNLOAD, COPY, external DDL, SHOW, GRANT, CALL, procedures) are the caller's;
// UNLOAD and COPY come down as UnloadRequest and LoadRequest.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "os/file.h"

namespace tarn::sql {

enum class Dialect : uint8_t { kRedshift, kAthena, kS3Select };

// --- what the server answers -----------------------------------------------------------------------------------------

struct ObjectRef {
  std::string uri;  // s3://bucket/key
  uint64_t size = 0;
  std::string etag;
  Time last_modified;
};

// A part of an object's bytes: `length` bytes at `offset` of files[file], or `bytes` themselves (file = -1).
struct ObjectSegment {
  int file = -1;
  uint64_t offset = 0;
  uint64_t length = 0;
  std::string bytes;
  // Of a file: the CRC32C of each MiB of it that the segment touches, which the engine checks when it first reads there, and
  // where the file's own bytes end. Empty: checked by the server.
  std::vector<uint32_t> checksums = {};
  uint64_t file_size = 0;
};
constexpr uint64_t kChecksumBlock = 1 << 20;

struct OpenedObject {
  ObjectRef object;
  std::vector<Fd> files;
  std::vector<ObjectSegment> segments;  // in order; their lengths sum to object.size
};

struct ExternalColumn {
  std::string name;
  std::string type;  // Hive's: "bigint", "array<string>", "decimal(10,2)", "varchar(20)", "super" ..
  std::string comment = {};
};

// A table of the Glue catalog, as the engine reads it.
struct ExternalTable {
  std::string catalog, database, name;
  std::vector<ExternalColumn> columns;
  std::vector<ExternalColumn> partition_columns;
  std::string location;  // s3://bucket/prefix (an exact object or a prefix)
  std::string format;  // "parquet", "csv", "json", or the serde's class name where it is none of them (refused by name)
  std::vector<std::pair<std::string, std::string>> properties;  // serde and table parameters, lower-case keys
  std::optional<uint64_t> row_count;                            // Glue's recordCount
  std::string view_sql = {};                                    // of a view: its text, in the dialect's words
  std::string view_database = {};                               // .. and where its names without a database are
};

struct ExternalPartition {
  std::vector<std::optional<std::string>> values;  // one a partition column; nullopt is NULL
  std::string location;
};

struct StagedObject {
  uint64_t handle = 0;
  Fd file;  // for writing, at offset 0
};

// One use of a native table or an external one by a statement, for GRANTs.
struct TableUse {
  std::string database, schema, table;
  std::string action;  // "SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER"
};

struct Rows {  // small tables of text: system views that the server fills
  std::vector<std::vector<std::optional<std::string>>> rows;
};

// What the engine asks of the server while a statement runs.
// `principal` is the statement's StatementContext::principal, given back as it was: implementations authorise as it.
// THREADS: called on threads of the Engine, as many at a time as it asks; may block, but not for the Engine that asks: it may
// be ending, and waits for what it asked. ERRORS: end the statement, code and message kept.
class ServerCallbacks {
 public:
  virtual ~ServerCallbacks() = default;
  // nullopt: no such table (or database). All names lower case.
  virtual Result<std::optional<ExternalTable>> resolve_table(const std::string& principal, const std::string& catalog,
                                                             const std::string& database, const std::string& table) = 0;
  virtual Result<std::vector<ExternalPartition>> list_partitions(const std::string& principal,
                                                                 const std::string& catalog,
                                                                 const std::string& database,
                                                                 const std::string& table) = 0;
  virtual Result<std::vector<std::string>> list_tables(const std::string& principal, const std::string& catalog,
                                                       const std::string& database) = 0;
  // All objects under each of the prefixes (s3://bucket/prefix), in the order of the prefixes.
  virtual Result<std::vector<std::vector<ObjectRef>>> list_objects(const std::string& principal,
                                                                   const std::vector<std::string>& prefixes) = 0;
  // nullopt: no such object.
  virtual Result<std::optional<OpenedObject>> open_object(const std::string& principal, const std::string& uri) = 0;
  // Staged: nobody sees the object until the caller of execute() publishes what Outcome::objects names.
  virtual Result<StagedObject> create_object(const std::string& principal, const std::string& statement,
                                             const std::string& uri) = 0;
  virtual Status finish_object(uint64_t handle, uint64_t size) = 0;
  virtual void abort_object(uint64_t handle) = 0;
  // May the principal do these? Asked once a statement, before it runs.
  virtual Status authorise(const std::string& principal, const std::vector<TableUse>& uses) = 0;
  // Rows of a system view that only the server knows, in the column order of system_views.h ("svv_external_schemas",
  // "sys_query_history", "sys_load_error_detail", "pg_user" ..). No rows where it has none.
  virtual Result<Rows> system_rows(const std::string& principal, const std::string& view) = 0;
};

// --- a statement -----------------------------------------------------------------------------------------------------

// A parameter `$name` (or `$1`: name "1"). Without a type it is as an untyped literal of the dialect.
struct Param {
  std::string name;
  std::optional<std::string> value;  // as text; nullopt is NULL
  std::string type = {};             // "integer", "rs_varchar(10)" ..; empty: untyped
};

struct ExternalSchema {
  std::string name;      // "redshift_spectrum"
  std::string catalog;   // "awsdatacatalog"
  std::string database;  // Glue database
};

// A SQL function of the user's; its body is inlined where it is called.
struct SqlFunction {
  std::string schema, name;
  std::vector<std::string> argument_types;  // as Param::type
  std::string return_type;
  std::string body;  // "SELECT .. $1 ..", after the caller's token rules
  std::string signature = {};  // "f(integer, date)": how GRANTs name it
};

// Who runs a statement, and where names are looked up.
struct StatementContext {
  std::string principal;     // opaque to the engine
  std::string statement_id;  // written to the database by a writing statement: see Engine::committed
  Dialect dialect = Dialect::kRedshift;
  std::string database;                  // Redshift: "dev"; Athena: the Glue database
  std::string user;                      // current_user: "IAM:alice", "IAMR:role"
  bool superuser = true;                 // no GRANT is asked for
  std::vector<std::string> groups, roles;  // the user's, roles of roles too
  std::vector<std::string> system_privileges;  // of its roles: "DROP TABLE" ..
  std::vector<std::string> search_path;  // Redshift: {"public"}
  std::string time_zone = "UTC";
  std::vector<ExternalSchema> external_schemas;
  std::vector<SqlFunction> functions;
  Time now;                              // the server's clock: GETDATE(), CURRENT_DATE ..
  std::chrono::milliseconds timeout{0};  // 0: none
  uint64_t max_scanned_bytes = 0;        // 0: no limit. Beyond it the statement ends with sqlstate 57014
};

struct ColumnAttributes {
  std::string column;
  std::string encode = {};  // "lzo", "az64", "raw" ..
  bool distkey = false;
  int sortkey = 0;                                           // position, 0: none
  std::optional<std::pair<int64_t, int64_t>> identity = {};  // seed, step
  bool identity_by_default = false;                          // GENERATED BY DEFAULT AS IDENTITY: may be given
};

struct TableAttributes {
  std::string diststyle = {};  // "AUTO", "EVEN", "KEY", "ALL"
  bool interleaved = false;
  std::vector<ColumnAttributes> columns;  // the named ones only
  bool materialized = false;  // of a CREATE TABLE AS: its query is kept as a view, by query_view's name (rights.h)
};

struct ExecuteRequest {
  StatementContext context;
  std::string sql;
  std::vector<Param> params;
  TableAttributes table_attributes;  // of a CREATE TABLE
  int spool = -1;                    // where rows go (spool.h); borrowed; -1: rows are counted and dropped
  uint64_t max_bytes = 0;            // of the spool; 0: no limit. Beyond it the statement fails.
  bool describe_only = false;        // columns, kind and parameters' types, nothing is run
  bool internal = false;  // SQL of the caller's own, run as it is: it may read and write what GRANTs are kept in
  bool mark = false;      // a COMMIT that leaves its statement id in the database, as a writing statement does
};

struct ResultColumn {
  std::string name;
  std::string type;  // Redshift: "int4", "int8", "varchar", "bpchar", "numeric", "float8", "timestamp", "timestamptz",
                     // "date", "bool", "super", "geometry" ..; Athena: "integer", "bigint", "varchar", "row" ..
  int length = 0;    // bytes of a type with a length
  int precision = 0, scale = 0;
  bool nullable = true;
  std::string schema, table, column;  // where it comes from, when it is a table's column as it is
  std::string signature = {};         // Athena: the type in full, "array(row(a integer, b varchar))", "decimal(10,2)"
  int32_t table_number = 0;           // of a native table, as pg_class has it, and the column's in it
  int16_t column_number = 0;
};

struct WrittenObject {
  uint64_t handle = 0;  // StagedObject's
  std::string uri;
  uint64_t rows = 0, bytes = 0;
};

struct Outcome {
  std::string kind;  // "SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "CREATE TABLE", "DROP TABLE", "BEGIN" ..
  std::vector<ResultColumn> columns;  // empty: no result set
  uint64_t rows = 0;                  // of the result set, or affected
  uint64_t spool_bytes = 0;
  uint64_t scanned_bytes = 0;       // read through open_object
  bool in_transaction = false;      // the session has an open transaction after this
  bool transaction_failed = false;  // .. that can only be rolled back
  std::vector<std::string> notices;
  std::vector<WrittenObject> objects;  // staged by UNLOAD: the caller publishes them
  // Materialized views with AUTO REFRESH that read what the statement changed. Action: empty.
  std::vector<TableUse> stale_views = {};
  // Of a description: what parameters without a type are taken for, {"1", "int4"}.
  std::vector<std::pair<std::string, std::string>> parameters = {};
};

// --- UNLOAD and COPY
// ---------------------------------------------------------------------------------------------------

enum class FileFormat : uint8_t { kCsv, kText /* delimited, not quoted */, kJson, kParquet, kFixedWidth, kShapefile, kAvro };
enum class Compression : uint8_t { kNone, kGzip, kBzip2, kZstd, kAuto /* by the name's ending */ };

struct UnloadRequest {
  StatementContext context;
  std::string sql;  // the query
  std::string uri;  // "s3://bucket/path/prefix", as given: the slice and part number is appended
  std::string name_prefix = {};  // before the number, behind the partition's folder
  FileFormat format = FileFormat::kText;
  Compression compression = Compression::kNone;
  bool parallel = true;  // false: <prefix>000, <prefix>001 ..; true: <prefix>0000_part_00 ..
  bool header = false;
  std::string delimiter = "|";
  std::optional<std::string> null_as;
  bool add_quotes = false;
  bool escape = false;
  std::string extension = {};  // appended to names; Parquet's is ".parquet"
  std::string fixed_width = {};  // kFixedWidth: "col1:5,col2:10"
  uint64_t max_file_size = 0;  // 0: Redshift's default (6.2 GB)
  std::vector<std::string> partition_by = {};
  bool include_partition_columns = false;
  std::string field_ids = {};  // of Parquet's columns, as the engine's option FIELD_IDS: {'a': 1, 'b': 2}
  bool manifest = false;  // the caller writes it, from Outcome::objects
};

struct LoadRequest {
  StatementContext context;
  std::string schema, table;
  std::vector<std::string> columns;  // empty: all
  std::vector<std::string> uris;     // objects, already listed (manifest read, prefixes expanded)
  FileFormat format = FileFormat::kText;
  Compression compression = Compression::kNone;
  std::string delimiter = "|";
  std::string quote = "\"";
  std::optional<std::string> null_as;  // default \N
  int ignore_header = 0;
  bool remove_quotes = false, escape = false, empty_as_null = false, blanks_as_null = false, trim_blanks = false;
  bool fill_record = false, ignore_blank_lines = false, truncate_columns = false, explicit_ids = false;
  std::optional<std::string> accept_inv_chars;     // the replacement
  std::string date_format = {}, time_format = {};  // empty: default; "auto"
  std::string json_paths = {};   // "auto", "auto ignorecase", "noshred", or the jsonpaths document's text
  std::string fixed_width = {};  // "col1:5,col2:10"
  bool accept_any_date = false;  // a date or time that cannot be read is NULL
  bool round_decimals = false;   // ROUNDEC: else digits beyond the column's scale are cut
  int max_error = 0;
  double simplify_tolerance = -1;  // SHAPEFILE SIMPLIFY; < 0: none
};

// Why a record was not loaded: a row of sys_load_error_detail / stl_load_errors.
struct LoadError {
  std::string uri;
  int64_t line = 0;
  std::string column, type;
  int column_length = 0;
  int64_t position = 0;
  std::string raw_line, raw_value;
  int code = 0;
  std::string reason;
};

// Beyond LoadRequest::max_error refused records nothing is loaded, and `errors` says why: that is no Error of load(), so that
// the rows reach sys_load_error_detail.
struct LoadOutcome {
  Outcome outcome;  // rows: loaded
  std::vector<LoadError> errors;
};

// --- S3 Select
// -----------------------------------------------------------------------------------------------------------

struct SelectRequest {
  std::string sql;  // as the client wrote it
  OpenedObject object;
  FileFormat format = FileFormat::kCsv;
  Compression compression = Compression::kNone;
  enum class Header : uint8_t { kNone, kIgnore, kUse } header = Header::kNone;
  std::string record_delimiter = "\n", field_delimiter = ",", quote = "\"", quote_escape = "\"", comments = {};
  bool quoted_record_delimiter = false;
  bool json_document = false;  // else JSON lines
  std::optional<uint64_t> scan_start, scan_end;
  int spool = -1;
  std::chrono::milliseconds timeout{0};
};

struct SelectOutcome {
  std::vector<ResultColumn> columns;
  uint64_t rows = 0;
  uint64_t scanned_bytes = 0, processed_bytes = 0;
};

// --- the engine
// ------------------------------------------------------------------------------------------------------------

struct EngineOptions {
  std::string databases;  // folder of the Redshift databases' files; empty: in memory only (Athena, S3 Select)
  std::string scratch;    // folder to spill to; made and emptied at start
  uint64_t memory_bytes = 1ull << 30;
  int threads = 2;
  std::string spatial_extension;    // path; empty: no geometry
  std::string avro_extension = {};  // path; empty: no Avro files
};

struct SessionId {
  uint64_t value = 0;
};

// One engine process. Started when first used, and again after it ended.
// ERRORS: Error.code is "SqlError" for what the statement did wrong, with members {"sqlstate", "42P01"} and, where
// known,
// {"position", "17"} (1-based, in bytes of ExecuteRequest::sql); other codes are ServerCallbacks' own, kept. When the
// process ended during a statement: sqlstate 57P02. A cancelled statement: 57014. Message in the dialect's words.
// THREADS: all functions from any thread; one statement at a time in a session (a second one waits).
class Engine {
 public:
  Engine(EngineOptions options, ServerCallbacks& callbacks);
  ~Engine();  // ends the process and all that runs in it

  // Databases of a Redshift namespace: one file each. Creating one that exists, or dropping one that does not, is an
  // error.
  Status create_database(const std::string& name);
  Status drop_database(const std::string& name);
  Result<std::vector<std::string>> list_databases();
  // Did the writing statement of that id commit? For recovery.
  Result<bool> committed(const std::string& database, const std::string& statement_id);

  // A session has one transaction and its temporary tables. It is gone when the process ended (sqlstate 08003 after
  // that).
  Result<SessionId> open_session(const std::string& database, Dialect dialect);
  void close_session(SessionId session);

  Result<Outcome> execute(SessionId session, const ExecuteRequest& request);
  Result<Outcome> unload(SessionId session, const UnloadRequest& request);
  Result<LoadOutcome> load(SessionId session, const LoadRequest& request);
  Result<SelectOutcome> select(SelectRequest request);
  // Ends the statement that runs in the session, if any, with 57014.
  void cancel(SessionId session);

  bool running() const;
  // Ends the process when no session is open and nothing has run for so long. True: it was ended.
  bool end_if_idle(std::chrono::milliseconds idle);
  int pid() const;  // 0: not running

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tarn::sql
