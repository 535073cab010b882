// Between the wire's structs and the catalog's records. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gen/glue/shapes.h"
#include "services/glue/records.h"

namespace tarn::glue {

std::optional<Parameters> to_record(const wire::Map<std::string>& map);
std::optional<std::vector<ColumnRecord>> to_record(const wire::List<Column>& columns);
std::optional<StorageRecord> to_record(const wire::Box<StorageDescriptor>& storage);

wire::Map<std::string> to_wire(const std::optional<Parameters>& parameters);
wire::List<Column> to_wire(const std::optional<std::vector<ColumnRecord>>& columns);
wire::Box<StorageDescriptor> to_wire(const std::optional<StorageRecord>& storage);

// Without what the catalog itself knows: id, version, times, creator.
DatabaseRecord to_record(const DatabaseInput& input);
TableRecord to_record(const TableInput& input);
PartitionRecord to_record(const PartitionInput& input);

Database to_wire(const DatabaseKey& key, const DatabaseRecord& record);
Table to_wire(const DatabaseKey& database, const std::string& name, const TableRecord& record);
Partition to_wire(const DatabaseKey& database, const std::string& table, const PartitionRecord& record);

}  // namespace tarn::glue
