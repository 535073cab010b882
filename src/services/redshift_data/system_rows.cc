#include "services/redshift_data/system_rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/door.h"
#include "lake/lake.h"
#include "services/redshift_data/redshift_data.h"

namespace tarn::redshift_data {
namespace {

using Row = std::vector<std::optional<std::string>>;

constexpr size_t kMaxQueries = 1000;
constexpr std::string_view kUserId = "100";  // every user's, until users are kept

// What a view is filled from.
struct Source {
  Door& door;
  Actor& actor;
  const std::string& database;
  Transaction& tx;
  std::vector<Row>& rows;

  const Workgroup& workgroup() const { return actor.workgroup(); }
  template <class K, class R, class Each>
  Status each(const Table<K, R>& table, Each visit) {
    auto at = tx.cursor(table, {.prefix = prefix_of(table, workgroup().namespace_id, database)});
    for (; at.valid(); at.next()) visit(TRY(at.key()), TRY(at.record()));
    return at.status();
  }
  // Every external table that its schema's role may see.
  template <class Each>
  void each_external(Each visit) {
    for (const sql::StoredSchema& schema : actor.schemas()) {
      const auto as = actor.as(schema.role);
      const auto names =
          as ? lake::glue_tables(door, *as, schema.database) : Result<std::vector<std::string>>(Failure(as.error()));
      if (!names) continue;  // a schema whose role may not read it shows no tables
      for (const std::string& name : *names)
        if (const auto table = lake::glue_table(door, *as, schema.database, name); table && *table) visit(schema, **table);
    }
  }
};

std::string timestamp(Time time) {
  std::string text = iso8601(time);
  if (text.ends_with('Z')) text.pop_back();
  return replace_all(std::move(text), "T", " ");
}

std::string property(const sql::ExternalTable& table, std::string_view name) {
  for (const auto& [key, value] : table.properties)
    if (key == name) return value;
  return {};
}

Status external_schemas(Source& source) {
  int64_t id = 100000;
  return source.each(kSchemas, [&](const SchemaKey& key, const SchemaRecord& record) {
    source.rows.push_back({std::to_string(++id), "1", key.name, std::string(kUserId), record.glue_database,
                           Json::object({{"IAM_ROLE", record.role}}).text()});
  });
}

Status external_databases(Source& source) {
  return source.each(kSchemas, [&](const SchemaKey&, const SchemaRecord& record) {
    const std::string region = record.region.empty() ? source.workgroup().region : record.region;
    if (std::ranges::any_of(source.rows, [&](const Row& row) { return row[1] == record.glue_database; })) return;
    source.rows.push_back(
        {"1", record.glue_database, Json::object({{"REGION", region}, {"IAM_ROLE", record.role}}).text(), "auto"});
  });
}

Status external_tables(Source& source) {
  source.each_external([&](const sql::StoredSchema& schema, const sql::ExternalTable& table) {
    source.rows.push_back({source.database, schema.name, table.name, "TABLE", table.location, std::nullopt,
                           std::nullopt, property(table, "serialization.lib"), std::nullopt, "0", std::nullopt});
  });
  return {};
}

Status external_columns(Source& source) {
  source.each_external([&](const sql::StoredSchema& schema, const sql::ExternalTable& table) {
    int number = 0, part = 0;
    for (const sql::ExternalColumn& column : table.columns)
      source.rows.push_back(
          {source.database, schema.name, table.name, column.name, column.type, std::to_string(++number), "0", "true"});
    for (const sql::ExternalColumn& column : table.partition_columns)
      source.rows.push_back({source.database, schema.name, table.name, column.name, column.type,
                             std::to_string(++number), std::to_string(++part), "true"});
  });
  return {};
}

Status external_partitions(Source& source) {
  source.each_external([&](const sql::StoredSchema& schema, const sql::ExternalTable& table) {
    if (table.partition_columns.empty()) return;
    const auto as = source.actor.as(schema.role);
    const auto partitions = lake::glue_partitions(source.door, *as, schema.database, table.name);
    if (!partitions) return;
    for (const sql::ExternalPartition& partition : *partitions) {
      Json values = Json::array();
      for (const auto& value : partition.values) values.push(value ? Json(*value) : Json());
      source.rows.push_back({schema.name, table.name, values.text(), partition.location, std::nullopt, std::nullopt,
                             property(table, "serialization.lib"), std::nullopt, "0", std::nullopt});
    }
  });
  return {};
}

Status load_error_detail(Source& source) {
  return source.each(kLoadErrors, [&](const LoadErrorKey& key, const LoadErrorRecord& record) {
    source.rows.push_back({std::string(kUserId), std::to_string(key.number), "0", "0", source.database, "0",
                           timestamp(key.time), record.uri, std::to_string(record.line), record.column, record.type,
                           std::to_string(record.column_length), std::to_string(record.position),
                           std::to_string(record.code), record.reason});
  });
}

Status load_errors(Source& source) {
  return source.each(kLoadErrors, [&](const LoadErrorKey& key, const LoadErrorRecord& record) {
    source.rows.push_back({std::string(kUserId), "0", "0", timestamp(key.time), "0", std::to_string(key.number),
                           record.uri, std::to_string(record.line), record.column, record.type,
                           std::to_string(record.column_length), std::to_string(record.position), record.raw_line,
                           record.raw_value, std::to_string(record.code), record.reason, "0", "0"});
  });
}

// AWS: SYS_QUERY_HISTORY: a user sees the queries of its own.
Status query_history(Source& source) {
  const std::string prefix = index_prefix(kByPrincipal, source.workgroup().account, source.workgroup().region,
                                          identity_of(source.actor.from().principal));
  const auto page =
      TRY(source.tx.scan_index(kStatements, kByPrincipal, {.prefix = prefix, .limit = kMaxQueries, .reverse = true}));
  for (const auto& [key, record] : page.entries) {
    if (record.namespace_id != source.workgroup().namespace_id) continue;
    for (const PartRecord& part : record.parts) {
      constexpr std::string_view kStates[] = {"queued", "planning", "running", "success", "failed", "canceled"};
      const std::string micros = std::to_string(std::max<int64_t>(part.duration_nanos, 0) / 1000);
      source.rows.push_back({std::string(kUserId), std::to_string(part.query_id), "default", "0",
                             std::to_string(record.pid), record.database, std::nullopt,
                             std::string(kStates[static_cast<size_t>(part.state)]), "false", timestamp(part.created),
                             timestamp(part.updated), micros, "0", micros,
                             part.error.empty() ? std::nullopt : std::optional(part.error),
                             std::to_string(std::max<int64_t>(part.rows, 0)),
                             std::to_string(std::max<int64_t>(part.bytes, 0)), part.sql});
    }
  }
  return {};
}

Status users(Source& source) {
  source.rows.push_back({source.workgroup().user, std::string(kUserId), "false", "false", "false", "********"});
  return {};
}

Status relation_privileges(Source& source) {
  return source.each(kGrants, [&](const GrantKey& key, const GrantRecord& record) {
    if (key.object_kind == "TABLE")
      source.rows.push_back({key.schema, key.name, key.privilege, "0", key.grantee, key.grantee_kind,
                             record.grant_option ? "true" : "false"});
  });
}

Status schema_privileges(Source& source) {
  return source.each(kGrants, [&](const GrantKey& key, const GrantRecord& record) {
    if (key.object_kind == "SCHEMA")
      source.rows.push_back(
          {key.name, key.privilege, "0", key.grantee, key.grantee_kind, record.grant_option ? "true" : "false"});
  });
}

struct View {
  std::string_view name;
  Status (*fill)(Source&);
};
constexpr View kViews[] = {
    {"svv_external_schemas", external_schemas},
    {"svv_external_databases", external_databases},
    {"svv_external_tables", external_tables},
    {"svv_external_columns", external_columns},
    {"svv_external_partitions", external_partitions},
    {"sys_load_error_detail", load_error_detail},
    {"stl_load_errors", load_errors},
    {"sys_query_history", query_history},
    {"pg_user", users},
    {"svv_relation_privileges", relation_privileges},
    {"svv_schema_privileges", schema_privileges},
};

}  // namespace

Result<sql::Rows> system_rows(Door& door, Actor& actor, const std::string& database, const std::string& view) {
  sql::Rows out;
  const auto tx = door.store().read();
  Source source{door, actor, database, *tx, out.rows};
  for (const View& each : kViews)
    if (each.name == view) TRY(each.fill(source));
  return out;
}

}  // namespace tarn::redshift_data
