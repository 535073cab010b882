// Conversions between types as Redshift makes them, bound.
#pragma once

#include "sql/engine/duckdb.pch.h"

namespace tarn::sql::engine {

bool is_text(const duckdb::LogicalType& type);  // VARCHAR, not SUPER

// The value as the dialect prints it: doubles in their shortest form, SUPER as JSON.
duckdb::unique_ptr<duckdb::Expression> as_text(duckdb::ClientContext& context,
                                               duckdb::unique_ptr<duckdb::Expression> value);
// CAST(value AS type), with the dialect's errors.
duckdb::unique_ptr<duckdb::Expression> converted(duckdb::ClientContext& context,
                                                 duckdb::unique_ptr<duckdb::Expression> value,
                                                 const duckdb::LogicalType& type, bool try_cast = false);
// The type in which text is compared with, or added to, a number of that type.
duckdb::LogicalType number_for_text(const duckdb::LogicalType& other);
// One argument list.
duckdb::vector<duckdb::unique_ptr<duckdb::Expression>> arguments(duckdb::unique_ptr<duckdb::Expression> a);
duckdb::vector<duckdb::unique_ptr<duckdb::Expression>> arguments(duckdb::unique_ptr<duckdb::Expression> a,
                                                                 duckdb::unique_ptr<duckdb::Expression> b);

}  // namespace tarn::sql::engine
