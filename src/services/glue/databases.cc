// Databases.
#include <fmt/format.h>

#include "base/text.h"
#include "door/door.h"
#include "door/tags.h"
#include "services/glue/convert.h"
#include "services/glue/glue.h"

namespace tarn::glue {
namespace {

constexpr int32_t kPage = 100;

// What the input asks for and the catalog does not keep.
Status check(const DatabaseInput& input) {
  return refuse(input.federated_database.has_value(), "FederatedDatabase", "the catalog has no connections");
}

// Only the members that were asked for. AWS: GetDatabases, AttributesToGet.
Database chosen(Database all, const wire::List<std::string>& attributes) {
  if (attributes.empty()) return all;
  Database some{.name = all.name};
  for (const std::string& attribute : attributes)
    if (attribute == "TARGET_DATABASE") some.target_database = std::move(all.target_database);
  return some;
}

}  // namespace

Result<CreateDatabaseOutput> create_database(Glue& glue, Call& call, const CreateDatabaseInput& in) {
  const DatabaseInput& input = *in.database_input;
  TRY(check(input));
  const CatalogPlace catalog = TRY(catalog_of(call, in.catalog_id));
  const DatabaseKey key{catalog.owner, catalog.region, lower(*input.name)};
  if (TRY(call.get(kDatabases, key))) return already_exists("Database already exists.");

  DatabaseRecord record = to_record(input);
  record.id = call.door().store().next_id();
  record.created = call.now();
  TRY(call.put(kDatabases, key, record));
  if (in.tags.has_value()) TRY(add_tags(call.tx(), database_arn(call, key), Tags(in.tags.begin(), in.tags.end())));
  TRY(glue.database_changed(call, key, "CreateDatabase"));
  return CreateDatabaseOutput{};
}

Result<GetDatabaseOutput> get_database(Glue&, Call& call, const GetDatabaseInput& in) {
  const FoundDatabase found = TRY(find_database(call, in.catalog_id, in.name, Lock::kNone));
  return GetDatabaseOutput{.database = to_wire(found.key, found.record)};
}

Result<GetDatabasesOutput> get_databases(Glue&, Call& call, const GetDatabasesInput& in) {
  const CatalogPlace catalog = TRY(catalog_of(call, in.catalog_id));
  GetDatabasesOutput out;
  out.database_list.set_present();
  // Nothing is shared by other accounts and nothing is federated: such a list is empty.
  if (in.resource_share_type && *in.resource_share_type != "ALL") return out;

  const std::string request = fmt::format("GetDatabases {} {}", catalog.owner, catalog.region);
  const auto page = TRY(call.tx().scan(kDatabases, {.prefix = prefix_of(kDatabases, catalog.owner, catalog.region),
                                                    .after = TRY(page_start(call, request, in.next_token)),
                                                    .limit = static_cast<size_t>(in.max_results.value_or(kPage))}));
  for (const auto& [key, record] : page.entries)
    out.database_list.push_back(chosen(to_wire(key, record), in.attributes_to_get));
  if (page.more) out.next_token = next_page(call, request, page.last);
  return out;
}

Result<UpdateDatabaseOutput> update_database(Glue& glue, Call& call, const UpdateDatabaseInput& in) {
  const DatabaseInput& input = *in.database_input;
  TRY(check(input));
  const FoundDatabase found = TRY(find_database(call, in.catalog_id, in.name, Lock::kExclusive));
  // ASSUMED: the name of a database is for good.
  if (lower(*input.name) != found.key.name)
    return invalid_input(fmt::format("Database {} cannot be renamed to {}.", found.key.name, *input.name));

  DatabaseRecord record = to_record(input);
  record.id = found.record.id;
  record.created = found.record.created;
  TRY(call.put(kDatabases, found.key, record));
  TRY(glue.database_changed(call, found.key, "UpdateDatabase"));
  return UpdateDatabaseOutput{};
}

// AWS erases what lies in the database some time later; here it goes in the same commit.
Result<DeleteDatabaseOutput> delete_database(Glue& glue, Call& call, const DeleteDatabaseInput& in) {
  const FoundDatabase found = TRY(find_database(call, in.catalog_id, in.name, Lock::kExclusive));
  const uint64_t id = found.record.id;
  const auto tables = TRY(call.tx().scan(kTables, {.prefix = prefix_of(kTables, id)}));
  for (const auto& [key, record] : tables.entries) {
    TRY(erase_children_of_table(call.tx(), record.id));
    TRY(call.erase(kTables, key));
  }
  TRY(erase_all(call.tx(), kFunctions, id));
  TRY(call.erase(kDatabases, found.key));
  TRY(set_tags(call.tx(), database_arn(call, found.key), {}));
  TRY(glue.database_changed(call, found.key, "DeleteDatabase"));
  return DeleteDatabaseOutput{};
}

}  // namespace tarn::glue
