#include "services/glue/glue.h"

#include <fmt/format.h>

#include "base/text.h"
#include "door/arn.h"
#include "door/door.h"
#include "services/glue/catalog_records.h"
#include "services/glue/statistics_records.h"
#include "store/page_token.h"

namespace tarn::glue {

// --- events ----------------------------------------------------------------------------------------------------------

Status Glue::emit(Call& call, std::string_view owner, std::string_view type, std::vector<std::string> resources,
                  Json detail) {
  std::vector<Json> arns(resources.begin(), resources.end());
  const Json event = Json::object({{"source", "aws.glue"},
                                   {"detail-type", type},
                                   {"resources", Json::array(std::move(arns))},
                                   {"detail", std::move(detail)}});
  return outbox_.emit(call.tx(), {.kind = fmt::format("aws.glue:{}", type),
                                  .account = std::string(owner),
                                  .region = call.region(),
                                  .payload = event.text()});
}

// AWS: the events' texts, https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-glue.html
Status Glue::database_changed(Call& call, const DatabaseKey& database, std::string_view change,
                              const std::vector<std::string>& tables) {
  std::vector<std::string> arns;
  for (const std::string& table : tables) arns.push_back(table_arn(call, database, table));
  if (arns.empty()) arns.push_back(database_arn(call, database));
  return emit(call, database.owner, "Glue Data Catalog Database State Change", std::move(arns),
              Json::object({{"databaseName", database.name},
                            {"typeOfChange", change},
                            {"changedTables", Json::array({tables.begin(), tables.end()})}}));
}

Status Glue::table_changed(Call& call, const DatabaseKey& database, std::string_view table, std::string_view change,
                           const std::vector<std::vector<std::string>>& partitions) {
  Json changed = Json::array();
  for (const auto& values : partitions) changed.push(Json::array({values.begin(), values.end()}).text());
  return emit(call, database.owner, "Glue Data Catalog Table State Change", {table_arn(call, database, table)},
              Json::object({{"databaseName", database.name},
                            {"tableName", table},
                            {"typeOfChange", change},
                            {"changedPartitions", std::move(changed)}}));
}

// --- where things are ------------------------------------------------------------------------------------------------

Result<CatalogPlace> catalog_of(Call& call, const OptionalText& catalog_id) {
  if (catalog_id && !is_account_id(*catalog_id))
    return invalid_input(
        fmt::format("CatalogId '{}' is not an account id: catalogs within or beside an account's own "
                    "are not supported.",
                    *catalog_id));
  return CatalogPlace{call.owner(catalog_id), call.region()};
}

Result<FoundDatabase> find_database(Call& call, const OptionalText& catalog_id, const OptionalText& name, Lock lock) {
  const CatalogPlace catalog = TRY(catalog_of(call, catalog_id));
  DatabaseKey key{catalog.owner, catalog.region, lower(name.value_or(""))};
  auto record = TRY(call.get(kDatabases, key, lock));
  if (!record) return not_found(fmt::format("Database {} not found.", key.name));
  return FoundDatabase{std::move(key), std::move(*record)};
}

Result<FoundTable> find_table(Call& call, const OptionalText& catalog_id, const OptionalText& database,
                              const OptionalText& name, Lock lock) {
  FoundDatabase found = TRY(find_database(call, catalog_id, database, Lock::kShared));
  TableKey key{found.record.id, lower(name.value_or(""))};
  auto record = TRY(call.get(kTables, key, lock));
  if (!record) return not_found(fmt::format("Table {} not found.", key.name));
  return FoundTable{std::move(found), std::move(key), std::move(*record)};
}

std::string database_arn(Call& call, const DatabaseKey& key) {
  return call.arn("glue", "database/" + key.name, key.owner);
}

std::string table_arn(Call& call, const DatabaseKey& database, std::string_view table) {
  return call.arn("glue", fmt::format("table/{}/{}", database.name, table), database.owner);
}

std::string joined_values(const std::vector<std::string>& values) {
  std::string joined;
  for (const std::string& value : values) codec::append_key_part(joined, value);
  return joined;
}

// --- errors ----------------------------------------------------------------------------------------------------------

ErrorDetail detail_of(const Error& error) {
  return {.error_code = error.code, .error_message = error.message};
}

Status refuse(bool present, std::string_view member, std::string_view why) {
  if (present) return invalid_input(fmt::format("{} is not supported: {}.", member, why));
  return {};
}

// --- paging ----------------------------------------------------------------------------------------------------------

Result<std::string> page_start(Call& call, std::string_view request, const OptionalText& token) {
  if (!token || token->empty()) return std::string();
  auto position = page_position(call.door().store(), request, *token);
  if (!position) return invalid_input("NextToken is none that this request was given: start again without it.");
  return std::move(*position);
}

std::string next_page(Call& call, std::string_view request, std::string_view position) {
  return page_token(call.door().store(), request, position);
}

Status erase_children_of_table(Transaction& tx, uint64_t table_id) {
  TRY(erase_all(tx, kVersions, table_id));
  TRY(erase_all(tx, kPartitions, table_id));
  TRY(erase_all(tx, kStatistics, table_id));
  TRY(tx.erase(kStatisticsTasks, {table_id}));  // a timer or a run of it finds nothing then
  return erase_all(tx, kPartitionIndexes, table_id);
}

}  // namespace tarn::glue
