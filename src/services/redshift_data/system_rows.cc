#include "services/redshift_data/system_rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "services/redshift_data/records.h"

namespace tarn::redshift_data {
namespace {

using Row = std::vector<std::optional<std::string>>;

template <class K, class R, class Each>
Status each_of(Transaction& tx, const Table<K, R>& table, const Workgroup& workgroup, const std::string& database,
               Each each) {
  auto at = tx.cursor(table, {.prefix = prefix_of(table, workgroup.namespace_id, database)});
  for (; at.valid(); at.next()) each(TRY(at.key()), TRY(at.record()));
  return at.status();
}

std::string timestamp(Time time) {
  std::string text = iso8601(time);
  if (text.ends_with('Z')) text.pop_back();
  return replace_all(std::move(text), "T", " ");
}

}  // namespace

Result<sql::Rows> system_rows(Door& door, Actor& actor, const std::string& database, const std::string& view) {
  sql::Rows out;
  const Workgroup& workgroup = actor.workgroup();
  const auto tx = door.store().read();
  if (view == "svv_external_schemas") {
    // esoid, eskind, schemaname, esowner, databasename, esoptions
    int64_t id = 100000;
    TRY(each_of(*tx, kSchemas, workgroup, database, [&](const SchemaKey& key, const SchemaRecord& record) {
      const Json options = Json::object({{"IAM_ROLE", record.role}});
      out.rows.push_back({std::to_string(++id), "1", key.name, "100", record.glue_database, options.text()});
    }));
  } else if (view == "svv_external_databases") {
    // eskind, databasename, esoptions, databasetype
    TRY(each_of(*tx, kSchemas, workgroup, database, [&](const SchemaKey&, const SchemaRecord& record) {
      const Json options = Json::object(
          {{"REGION", record.region.empty() ? workgroup.region : record.region}, {"IAM_ROLE", record.role}});
      Row row{"1", record.glue_database, options.text(), "auto"};
      if (std::ranges::none_of(out.rows, [&](const Row& each) { return each[1] == row[1]; }))
        out.rows.push_back(std::move(row));
    }));
  } else if (view == "sys_load_error_detail") {
    // user_id, query_id, transaction_id, session_id, database_name, table_id, start_time, file_name, line_number, column_name,
    // column_type, column_length, position, error_code, error_message
    TRY(each_of(*tx, kLoadErrors, workgroup, database, [&](const LoadErrorKey& key, const LoadErrorRecord& record) {
      out.rows.push_back({"100", std::to_string(key.number), "0", "0", database, "0", timestamp(key.time), record.uri,
                          std::to_string(record.line), record.column, record.type, std::to_string(record.column_length),
                          std::to_string(record.position), std::to_string(record.code), record.reason});
    }));
  }
  return out;
}

}  // namespace tarn::redshift_data
