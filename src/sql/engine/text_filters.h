// What is done to an optimized plan about texts whose trailing blanks do not count. Up to there a comparison is one of
// without_blanks(x), so that the optimizer reasons about it as about any other; here it becomes one function of x, which the
// engine runs once for each text of a column's dictionary, and which goes to scans with the range that its texts lie in.
#pragma once

#include "sql/engine/functions.h"

namespace tarn::sql::engine {

// The text without its trailing blanks: a call of without_blanks, or a constant that has none.
duckdb::unique_ptr<duckdb::Expression> text_without_blanks(duckdb::ClientContext& context,
                                                           duckdb::unique_ptr<duckdb::Expression> text);
// Is it a call of without_blanks?
bool is_without_blanks(const duckdb::Expression& e);

void add_text_filters(duckdb::DatabaseInstance& database);
// same_text(x, wanted, ..): whether x is one of them, which are constants without trailing blanks.
void add_same_text(Registry& registry);

}  // namespace tarn::sql::engine
