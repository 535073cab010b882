// The Trino dialect (Athena's queries): parser, functions and errors, in files trino_*. A query is read by our own parser
// (trino_parser*.cc), because it decides what is Trino and where an error stands; it builds the engine's syntax tree, in
// which operators and functions are calls of system.trino.call(name, place, arguments..): they are replaced when bound,
// where types are known (trino_bind.cc), by what the manifest (trino_manifest*.cc) says. A name that is not in the manifest
// does not exist for a client.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sql/engine/duckdb.pch.h"
#include "sql/engine/rewrite.h"

namespace tarn::sql::engine::trino {

using ParsedPtr = duckdb::unique_ptr<duckdb::ParsedExpression>;
using BoundPtr = duckdb::unique_ptr<duckdb::Expression>;
using TablePtr = duckdb::unique_ptr<duckdb::TableRef>;

constexpr const char* kSchema = "trino";

// The name that an unnamed column of the result bears until its place is known: _col0, _col1 ..
constexpr const char* kUnnamed = "?column?";

// Reads one query and says what it uses. REQUIRES: a transaction of the context is open. Throws DuckDB's exceptions.
Rewritten parse(duckdb::ClientContext& context, const ExecuteRequest& request,
                duckdb::unique_ptr<duckdb::SQLStatement>& statement);

// --- errors (trino_errors.cc)

// `code` is Trino's: "TYPE_MISMATCH". `position`: bytes from the start of the text.
[[noreturn]] void raise(const char* code, const std::string& message,
                        duckdb::optional_idx position = duckdb::optional_idx());
// In Trino's words, with `line 1:8` of the text; members "trino" (the code), "sqlstate" and "position".
Error to_error(const duckdb::ErrorData& error, const std::string& text);

// --- types (trino_types.cc)

// A moment with its zone: a HUGEINT, microseconds in the upper half, the zone's key in the lower.
duckdb::LogicalType zoned_type();
bool is_zoned(const duckdb::LogicalType& type);
// Of a result column of nothing but NULL.
duckdb::LogicalType unknown_type();
bool is_unknown(const duckdb::LogicalType& type);
// Types that only functions know: HyperLogLog, SetDigest, tdigest, qdigest(..), ipaddress, SphericalGeography (bytes), and
// BingTile (a number).
duckdb::LogicalType opaque_type(const std::string& name);
bool is_opaque(const duckdb::LogicalType& type);
bool is_opaque(const duckdb::LogicalType& type, std::string_view name);
duckdb::LogicalType char_type(int length);
bool is_char(const duckdb::LogicalType& type);
int char_length(const duckdb::LogicalType& type);
bool is_json(const duckdb::LogicalType& type);
bool is_varchar(const duckdb::LogicalType& type);
// As typeof() says it: "array(integer)".
std::string type_name(const duckdb::LogicalType& type);
// The same with the lengths of literals: "array(varchar(3))".
std::string type_name(const duckdb::Expression& value);
// As Athena's result metadata says it: "array".
std::string base_name(const duckdb::LogicalType& type);

// Zones have keys: 0 is UTC; offsets are 1 + minutes + 14 * 60; then named ones as they are met.
uint64_t zone_key(std::string_view name);  // raises for a name that is no zone
std::string zone_name(uint64_t key);
duckdb::hugeint_t make_zoned(int64_t micros, uint64_t zone);

// --- functions

void register_functions(duckdb::DatabaseInstance& database);

// As CAST(x AS varchar) prints it.
std::string double_text(double value);
std::string real_text(float value);
std::string timestamp_text(int64_t micros);

// --- results (trino_encode.cc)

ResultColumn describe(const std::string& name, const duckdb::LogicalType& type, size_t position);
// The values as Athena prints them; nested ones too.
void print(duckdb::ClientContext& context, duckdb::Vector& values, duckdb::Vector& text, duckdb::idx_t rows);
std::string print(const duckdb::Value& value);

}  // namespace tarn::sql::engine::trino
