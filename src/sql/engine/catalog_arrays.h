// PostgreSQL's arrays, of which only the catalog has some (pg_index.indkey, pg_proc.proargnames ..): lists whose type's alias is
// the array's name, "_text", "int2vector".
#pragma once

#include <string>

#include "sql/engine/duckdb.pch.h"
#include "sql/engine/functions.h"

namespace tarn::sql::engine {

// Of texts of one letter: PostgreSQL's type "char", whose value as a number is the letter's.
constexpr const char* kCharAlias = "char";

bool is_catalog_array(const duckdb::LogicalType& type);

// A catalog array as any other list, and a "char" as any other text. Anything else stays as it is.
duckdb::unique_ptr<duckdb::Expression> plain(duckdb::unique_ptr<duckdb::Expression> value);

// array[key], as PostgreSQL counts. REQUIRES: it is a catalog array.
duckdb::unique_ptr<duckdb::Expression> element_of(duckdb::ClientContext& context,
                                                  duckdb::unique_ptr<duckdb::Expression> array,
                                                  duckdb::unique_ptr<duckdb::Expression> key);

// PostgreSQL's bytea: a text with escapes.
constexpr const char* kByteaAlias = "bytea";

// {a,"b c"}; of a vector: 1 2. REQUIRES: it is a catalog array, and not NULL.
std::string array_text(const duckdb::Value& array);

void add_catalog_arrays(Registry& registry);  // catalog_array(list, 'name'), plain_array(array) ..

}  // namespace tarn::sql::engine
