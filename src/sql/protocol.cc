#include "sql/protocol.h"

#include "sql/codec.h"

namespace tarn {
namespace {

template <class A, class T>
concept Of = std::is_same_v<std::remove_const_t<A>, T>;

}  // namespace

void fields(auto& a, Of<Error> auto& v) {
  a(v.status, v.code, v.message, v.members);
}
void fields(auto& a, Of<Time> auto& v) {
  a(v.micros);
}

namespace sql {

template <class A>
void fields(A& a, Of<std::chrono::milliseconds> auto& v) {
  int64_t count = v.count();
  a(count);
  if constexpr (!std::is_const_v<std::remove_reference_t<decltype(v)>>) v = std::chrono::milliseconds(count);
}

void fields(auto& a, Of<ObjectRef> auto& v) {
  a(v.uri, v.size, v.etag);
  tarn::fields(a, v.last_modified);
}
void fields(auto& a, Of<ObjectSegment> auto& v) {
  a(v.file, v.offset, v.length, v.bytes, v.checksums, v.file_size);
}
void fields(auto& a, Of<OpenedObject> auto& v) {
  a(v.object, v.segments);
}
void fields(auto& a, Of<ExternalColumn> auto& v) {
  a(v.name, v.type, v.comment);
}
void fields(auto& a, Of<ExternalTable> auto& v) {
  a(v.catalog, v.database, v.name, v.columns, v.partition_columns, v.location, v.format, v.properties, v.row_count,
    v.view_sql, v.view_database);
}
void fields(auto& a, Of<ExternalPartition> auto& v) {
  a(v.values, v.location);
}
void fields(auto& a, Of<StagedObject> auto& v) {
  a(v.handle);
}
void fields(auto& a, Of<TableUse> auto& v) {
  a(v.database, v.schema, v.table, v.action);
}
void fields(auto& a, Of<Rows> auto& v) {
  a(v.rows);
}
void fields(auto& a, Of<Param> auto& v) {
  a(v.name, v.value, v.type);
}
void fields(auto& a, Of<ExternalSchema> auto& v) {
  a(v.name, v.catalog, v.database);
}
void fields(auto& a, Of<SqlFunction> auto& v) {
  a(v.schema, v.name, v.argument_types, v.return_type, v.body, v.signature);
}
void fields(auto& a, Of<StatementContext> auto& v) {
  a(v.principal, v.statement_id, v.dialect, v.database, v.user, v.superuser, v.groups, v.roles,
    v.system_privileges, v.search_path, v.time_zone, v.external_schemas, v.functions);
  tarn::fields(a, v.now);
  fields(a, v.timeout);
  a(v.max_scanned_bytes);
}
void fields(auto& a, Of<ColumnAttributes> auto& v) {
  a(v.column, v.encode, v.distkey, v.sortkey, v.identity, v.identity_by_default);
}
void fields(auto& a, Of<TableAttributes> auto& v) {
  a(v.diststyle, v.interleaved, v.columns, v.materialized);
}
void fields(auto& a, Of<ExecuteRequest> auto& v) {
  a(v.context, v.sql, v.params, v.table_attributes, v.spool, v.max_bytes, v.describe_only, v.internal, v.mark);
}
void fields(auto& a, Of<ResultColumn> auto& v) {
  a(v.name, v.type, v.length, v.precision, v.scale, v.nullable, v.schema, v.table, v.column, v.signature,
    v.table_number, v.column_number);
}
void fields(auto& a, Of<WrittenObject> auto& v) {
  a(v.handle, v.uri, v.rows, v.bytes);
}
void fields(auto& a, Of<Outcome> auto& v) {
  a(v.kind, v.columns, v.rows, v.spool_bytes, v.scanned_bytes, v.in_transaction, v.transaction_failed, v.notices,
    v.objects, v.stale_views, v.parameters);
}
void fields(auto& a, Of<UnloadRequest> auto& v) {
  a(v.context, v.sql, v.uri, v.name_prefix, v.format, v.compression, v.parallel, v.header, v.delimiter, v.null_as, v.add_quotes,
    v.escape, v.extension, v.fixed_width, v.max_file_size, v.partition_by, v.include_partition_columns, v.field_ids,
    v.manifest);
}
void fields(auto& a, Of<LoadRequest> auto& v) {
  a(v.context, v.schema, v.table, v.columns, v.uris, v.format, v.compression, v.delimiter, v.quote, v.null_as,
    v.ignore_header, v.remove_quotes, v.escape, v.empty_as_null, v.blanks_as_null, v.trim_blanks, v.fill_record,
    v.ignore_blank_lines, v.truncate_columns, v.explicit_ids, v.accept_inv_chars, v.date_format, v.time_format,
    v.json_paths, v.fixed_width, v.accept_any_date, v.round_decimals, v.max_error, v.simplify_tolerance);
}
void fields(auto& a, Of<LoadError> auto& v) {
  a(v.uri, v.line, v.column, v.type, v.column_length, v.position, v.raw_line, v.raw_value, v.code, v.reason);
}
void fields(auto& a, Of<LoadOutcome> auto& v) {
  a(v.outcome, v.errors);
}
void fields(auto& a, Of<SelectRequest> auto& v) {
  a(v.sql, v.object, v.format, v.compression, v.header, v.record_delimiter, v.field_delimiter, v.quote, v.quote_escape,
    v.comments, v.quoted_record_delimiter, v.json_document, v.scan_start, v.scan_end, v.spool);
  fields(a, v.timeout);
}
void fields(auto& a, Of<SelectOutcome> auto& v) {
  a(v.columns, v.rows, v.scanned_bytes, v.processed_bytes);
}
void fields(auto& a, Of<EngineOptions> auto& v) {
  a(v.databases, v.scratch, v.memory_bytes, v.threads, v.spatial_extension, v.avro_extension);
}
void fields(auto& a, Of<OpenSession> auto& v) {
  a(v.database, v.dialect);
}
void fields(auto& a, Of<Committed> auto& v) {
  a(v.database, v.statement_id);
}
void fields(auto& a, Of<TableName> auto& v) {
  a(v.principal, v.catalog, v.database, v.table);
}
void fields(auto& a, Of<ObjectsListed> auto& v) {
  a(v.objects, v.only);
}
void fields(auto& a, Of<ObjectsAsked> auto& v) {
  a(v.principal, v.uris);
}
void fields(auto& a, Of<NewObject> auto& v) {
  a(v.principal, v.statement, v.uri);
}
void fields(auto& a, Of<FinishedObject> auto& v) {
  a(v.handle, v.size);
}
void fields(auto& a, Of<UsesAsked> auto& v) {
  a(v.principal, v.uses);
}
void fields(auto& a, Of<RowsAsked> auto& v) {
  a(v.principal, v.view);
}
template <class A, class T>
void fields(A& a, InSession<T>& v) {
  a(v.session, v.value);
}
template <class A, class T>
void fields(A& a, const InSession<T>& v) {
  a(v.session, v.value);
}

template <class T>
std::string encoded(const T& value) {
  Encoder encoder;
  encoder(value);
  return encoder.take();
}

template <class T>
T decoded(std::string_view bytes) {
  T value{};
  Decoder decoder(bytes);
  decoder(value);
  return decoder.ok() ? std::move(value) : T{};
}

#define TRAVELS(...)                                \
  template std::string encoded(const __VA_ARGS__&); \
  template __VA_ARGS__ decoded(std::string_view);
TRAVELS(Error)
TRAVELS(EngineOptions)
TRAVELS(OpenSession)
TRAVELS(Committed)
TRAVELS(TableName)
TRAVELS(ObjectsAsked)
TRAVELS(ObjectsListed)
TRAVELS(NewObject)
TRAVELS(FinishedObject)
TRAVELS(UsesAsked)
TRAVELS(RowsAsked)
TRAVELS(Rows)
TRAVELS(Outcome)
TRAVELS(LoadOutcome)
TRAVELS(SelectRequest)
TRAVELS(SelectOutcome)
TRAVELS(OpenedObject)
TRAVELS(StagedObject)
TRAVELS(std::string)
TRAVELS(uint64_t)
TRAVELS(bool)
TRAVELS(std::vector<std::string>)
TRAVELS(std::vector<ExternalPartition>)
TRAVELS(std::optional<ExternalTable>)
TRAVELS(std::optional<OpenedObject>)
TRAVELS(InSession<ExecuteRequest>)
TRAVELS(InSession<UnloadRequest>)
TRAVELS(InSession<LoadRequest>)
TRAVELS(std::vector<ResultColumn>)
#undef TRAVELS

}  // namespace sql
}  // namespace tarn
