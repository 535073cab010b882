// CREATE TABLE's physical design: taken out of the text and recorded. Pure.
#pragma once

#include "sql/edits.h"
#include "sql/reader.h"

namespace tarn::sql {

// Edits columns, types and attributes of a CREATE TABLE. Places that hold expressions or a query are left to the
// caller's rules. REQUIRES: the reader is behind CREATE.
// ERRORS: SqlError 42601, 42704.
Status edit_create_table(Reader& reader, Edits& edits, TableAttributes& attributes);
// The same for ALTER TABLE's ADD COLUMN and ALTER COLUMN .. TYPE. REQUIRES: behind ALTER TABLE.
Status edit_alter_table(Reader& reader, Edits& edits, TableAttributes& attributes);

}  // namespace tarn::sql
