// Values on the wire: Redshift's types as PostgreSQL numbers them, in text and in binary. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "pgwire/protocol.h"
#include "sql/engine_client.h"
#include "sql/spool.h"

namespace tarn::pgwire {

enum class Format : int16_t { kText = 0, kBinary = 1 };

constexpr uint32_t kUnknownOid = 705;

// Of a type as the engine names it: "int4".
uint32_t oid_of(std::string_view type);

// A RowDescription. REQUIRES: one format a column.
void write_row_description(std::string& out, const std::vector<sql::ResultColumn>& columns,
                           const std::vector<Format>& formats);

// A row's value with its length. ERRORS: SqlError 0A000: a type without a binary form here (interval, timetz), or a value
// of one that binary cannot hold.
Status write_cell(Writer& writer, const sql::Cell& cell, const sql::ResultColumn& column, Format format);

// As the text format shows it. REQUIRES: it is not null.
std::string cell_text(const sql::Cell& cell, const sql::ResultColumn& column);

// A value of Bind for the parameter $`number`. Texts are as untyped literals are.
// ERRORS: SqlError 22P03: no binary value of that type; 0A000: a type whose binary form is not read.
Result<sql::Param> param_of(size_t number, uint32_t oid, std::optional<std::string_view> value, Format format);

}  // namespace tarn::pgwire
