// User-defined functions: their names and where their code is. The catalog only keeps them.
#include <fmt/format.h>

#include "base/text.h"
#include "services/glue/convert.h"
#include "services/glue/glue.h"
#include "services/glue/name_pattern.h"

namespace tarn::glue {
namespace {

constexpr int32_t kPage = 100;

struct FoundFunction {
  FoundDatabase database;
  FunctionKey key;
  FunctionRecord record;
};

Result<FoundFunction> find_function(Call& call, const OptionalText& catalog_id, const OptionalText& database,
                                    const OptionalText& name, Lock lock) {
  FoundDatabase found = TRY(find_database(call, catalog_id, database, Lock::kShared));
  FunctionKey key{found.record.id, lower(name.value_or(""))};
  auto record = TRY(call.get(kFunctions, key, lock));
  if (!record) return not_found(fmt::format("Function {} not found.", key.name));
  return FoundFunction{std::move(found), std::move(key), std::move(*record)};
}

Result<FunctionRecord> to_record(const UserDefinedFunctionInput& input) {
  TRY(refuse(input.artifact_location.has_value(), "FunctionInput.ArtifactLocation", "use ResourceUris"));
  TRY(refuse(input.governance_mode.has_value(), "FunctionInput.GovernanceMode", "functions are not governed"));
  FunctionRecord out{.class_name = input.class_name,
                     .owner = input.owner_name,
                     .owner_type = input.owner_type,
                     .type = input.function_type};
  for (const ResourceUri& resource : input.resource_uris)
    out.resources.push_back({resource.resource_type.value_or(""), resource.uri.value_or("")});
  return out;
}

UserDefinedFunction to_wire(const DatabaseKey& database, const FunctionKey& key, const FunctionRecord& record) {
  UserDefinedFunction out{.function_name = key.name,
                          .database_name = database.name,
                          .class_name = record.class_name,
                          .owner_name = record.owner,
                          .function_type = record.type,
                          .owner_type = record.owner_type,
                          .create_time = record.created,
                          .catalog_id = database.owner};
  out.resource_uris.set_present();
  for (const auto& [kind, uri] : record.resources) out.resource_uris.push_back({.resource_type = kind, .uri = uri});
  return out;
}

}  // namespace

Result<CreateUserDefinedFunctionOutput> create_user_defined_function(Glue&, Call& call,
                                                                     const CreateUserDefinedFunctionInput& in) {
  const UserDefinedFunctionInput& input = *in.function_input;
  if (!input.function_name) return invalid_input("FunctionInput.FunctionName is required.");
  const FoundDatabase database = TRY(find_database(call, in.catalog_id, in.database_name, Lock::kShared));
  const FunctionKey key{database.record.id, lower(*input.function_name)};
  if (TRY(call.get(kFunctions, key))) return already_exists("Function already exists.");
  FunctionRecord record = TRY(to_record(input));
  record.created = call.now();
  TRY(call.put(kFunctions, key, record));
  return CreateUserDefinedFunctionOutput{};
}

Result<GetUserDefinedFunctionOutput> get_user_defined_function(Glue&, Call& call,
                                                               const GetUserDefinedFunctionInput& in) {
  const FoundFunction found = TRY(find_function(call, in.catalog_id, in.database_name, in.function_name, Lock::kNone));
  return GetUserDefinedFunctionOutput{.user_defined_function = to_wire(found.database.key, found.key, found.record)};
}

// Of one database, or of all of the catalog: there are few, so all that match are gathered and the page is cut out.
Result<GetUserDefinedFunctionsOutput> get_user_defined_functions(Glue&, Call& call,
                                                                 const GetUserDefinedFunctionsInput& in) {
  std::vector<FoundDatabase> databases;
  if (in.database_name) {
    databases.push_back(TRY(find_database(call, in.catalog_id, in.database_name, Lock::kNone)));
  } else {
    const CatalogPlace catalog = TRY(catalog_of(call, in.catalog_id));
    const auto all = TRY(call.tx().scan(kDatabases, {.prefix = prefix_of(kDatabases, catalog.owner, catalog.region)}));
    for (const auto& [key, record] : all.entries) databases.push_back({key, record});
  }
  const NamePattern pattern = TRY(NamePattern::compile(*in.pattern));
  const std::string request = fmt::format("GetUserDefinedFunctions {} {} {}", in.database_name.value_or(""),
                                          *in.pattern, in.function_type.value_or(""));
  const std::string after = TRY(page_start(call, request, in.next_token));
  const auto limit = static_cast<size_t>(in.max_results.value_or(kPage));

  GetUserDefinedFunctionsOutput out;
  out.user_defined_functions.set_present();
  std::string last;
  for (const FoundDatabase& database : databases) {
    const auto all = TRY(call.tx().scan(kFunctions, {.prefix = prefix_of(kFunctions, database.record.id)}));
    for (const auto& [key, record] : all.entries) {
      const std::string position = joined_values({database.key.name, key.name});
      if (!TRY(pattern.matches(key.name)) || (in.function_type && in.function_type != record.type)) continue;
      if (!after.empty() && position <= after) continue;
      if (out.user_defined_functions.size() == limit) {
        out.next_token = next_page(call, request, last);
        return out;
      }
      out.user_defined_functions.push_back(to_wire(database.key, key, record));
      last = position;
    }
  }
  return out;
}

Result<UpdateUserDefinedFunctionOutput> update_user_defined_function(Glue&, Call& call,
                                                                     const UpdateUserDefinedFunctionInput& in) {
  const FoundFunction found =
      TRY(find_function(call, in.catalog_id, in.database_name, in.function_name, Lock::kExclusive));
  FunctionRecord record = TRY(to_record(*in.function_input));
  record.created = found.record.created;
  TRY(call.put(kFunctions, found.key, record));
  return UpdateUserDefinedFunctionOutput{};
}

Result<DeleteUserDefinedFunctionOutput> delete_user_defined_function(Glue&, Call& call,
                                                                     const DeleteUserDefinedFunctionInput& in) {
  const FoundFunction found =
      TRY(find_function(call, in.catalog_id, in.database_name, in.function_name, Lock::kExclusive));
  TRY(call.erase(kFunctions, found.key));
  return DeleteUserDefinedFunctionOutput{};
}

}  // namespace tarn::glue
