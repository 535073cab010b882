// What a crawler writes into the catalog for the tables that it planned. Pure.
#pragma once

#include <string>

#include "gen/glue/shapes.h"
#include "services/glue/crawl_plan.h"

namespace tarn::glue {

// As Glue's crawlers write them: formats, SerDe, and parameters that tell what was found.
TableInput table_input(const PlannedTable& planned, const std::string& name, const std::string& crawler);
PartitionInput partition_input(const PlannedTable& planned, const PlannedPartition& partition,
                               const std::string& crawler, bool inherit_columns);

// Has the table what the input says, but for numbers of objects, records and bytes?
bool same_schema(const Table& table, const TableInput& input);
bool same_columns(const wire::List<Column>& a, const wire::List<Column>& b);
// The table's columns and those of the input that it has not.
wire::List<Column> with_new_columns(const wire::List<Column>& there, const wire::List<Column>& found);

}  // namespace tarn::glue
