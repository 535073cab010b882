// Data catalogs: Glue's own, and registered ones that are other accounts' Glue catalogs.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/tags.h"
#include "services/athena/athena.h"
#include "services/athena/pages.h"
#include "services/athena/tag_lists.h"
#include "store/page_token.h"

namespace tarn::athena {
namespace {

constexpr int32_t kPage = 50;

bool is_own(std::string_view name) {
  return equals_ignore_case(name, kOwnCatalog);
}

std::string arn_of(Call& call, std::string_view name) {
  return call.arn("athena", fmt::format("datacatalog/{}", name));
}

DataCatalog to_wire(const CatalogRecord& record) {
  DataCatalog out;
  out.name = record.name;
  out.type = "GLUE";
  out.status = "CREATE_COMPLETE";
  if (!record.description.empty()) out.description = record.description;
  out.parameters.set_present();
  for (const auto& [name, value] : record.parameters) out.parameters[name] = value;
  return out;
}

// ERRORS: InvalidRequestException: a type other than GLUE, or no account.
Result<CatalogRecord> settings_of(const std::string& name, const std::string& type,
                                  const std::optional<std::string>& description,
                                  const wire::Map<std::string>& parameters) {
  if (type != "GLUE")
    return invalid(fmt::format("Data catalogs of type {} are not supported: GLUE, with the parameter catalog-id, is.",
                               type));
  CatalogRecord record{name, description.value_or(""), {}};
  for (const auto& [key, value] : parameters) record.parameters.emplace_back(key, value);
  const std::string* account = parameters.find("catalog-id");
  if (!account || account->size() != 12 || !parse_int(*account))
    return invalid("A data catalog of type GLUE needs the parameter catalog-id: an account's twelve digits.");
  return record;
}

Result<CatalogRecord> find(Call& call, const std::string& name, Lock lock) {
  auto found = TRY(call.get(kCatalogs, CatalogKey{call.account(), call.region(), name}, lock));
  if (!found) return invalid(fmt::format("Data catalog {} was not found", name));
  return std::move(*found);
}

CatalogRecord own_catalog(Call& call) {
  return {std::string(kOwnCatalog), "", {{"catalog-id", call.account()}}};
}

}  // namespace

Result<std::string> catalog_account(Transaction& tx, const std::string& owner, const std::string& region,
                                    const std::string& name) {
  if (is_own(name)) return "";
  auto at = tx.cursor(kCatalogs, {.prefix = prefix_of(kCatalogs, owner, region)});
  for (; at.valid(); at.next()) {
    const CatalogRecord record = TRY(at.record());
    if (!equals_ignore_case(record.name, name)) continue;
    for (const auto& [key, value] : record.parameters)
      if (key == "catalog-id") return value;
  }
  TRY(at.status());
  return invalid(fmt::format("Data catalog {} was not found", name));
}

Result<CreateDataCatalogOutput> create_data_catalog(Athena&, Call& call, const CreateDataCatalogInput& in) {
  const CatalogKey key{call.account(), call.region(), *in.name};
  if (is_own(key.name) || TRY(call.get(kCatalogs, key)))
    return invalid(fmt::format("Data catalog {} already exists", key.name));
  const CatalogRecord record = TRY(settings_of(key.name, *in.type, in.description, in.parameters));
  TRY(call.put(kCatalogs, key, record));
  TRY(put_tags(call, arn_of(call, key.name), in.tags));
  CreateDataCatalogOutput out;
  out.data_catalog = to_wire(record);
  return out;
}

Result<GetDataCatalogOutput> get_data_catalog(Athena&, Call& call, const GetDataCatalogInput& in) {
  GetDataCatalogOutput out;
  out.data_catalog = to_wire(is_own(*in.name) ? own_catalog(call) : TRY(find(call, *in.name, Lock::kNone)));
  return out;
}

Result<ListDataCatalogsOutput> list_data_catalogs(Athena&, Call& call, const ListDataCatalogsInput& in) {
  const std::string request = "ListDataCatalogs " + call.account() + call.region();
  const std::string after = TRY(page_start(call.door(), request, in.next_token));
  const auto page = TRY(call.tx().scan(
      kCatalogs, {.prefix = prefix_of(kCatalogs, call.account(), call.region()),
                  .after = after,
                  .limit = static_cast<size_t>(std::clamp(in.max_results.value_or(kPage), 1, kPage))}));
  ListDataCatalogsOutput out;
  out.data_catalogs_summary.set_present();
  const auto add = [&](const std::string& name) {
    DataCatalogSummary summary;
    summary.catalog_name = name;
    summary.type = "GLUE";
    summary.status = "CREATE_COMPLETE";
    out.data_catalogs_summary.push_back(std::move(summary));
  };
  if (after.empty()) add(std::string(kOwnCatalog));
  for (const auto& entry : page.entries) add(entry.record.name);
  if (page.more) out.next_token = page_token(call.door().store(), request, page.last);
  return out;
}

Result<UpdateDataCatalogOutput> update_data_catalog(Athena&, Call& call, const UpdateDataCatalogInput& in) {
  TRY(find(call, *in.name, Lock::kExclusive));
  const CatalogRecord record = TRY(settings_of(*in.name, *in.type, in.description, in.parameters));
  TRY(call.put(kCatalogs, CatalogKey{call.account(), call.region(), *in.name}, record));
  return UpdateDataCatalogOutput{};
}

Result<DeleteDataCatalogOutput> delete_data_catalog(Athena&, Call& call, const DeleteDataCatalogInput& in) {
  if (is_own(*in.name)) return invalid("AwsDataCatalog cannot be deleted.");
  const CatalogRecord record = TRY(find(call, *in.name, Lock::kExclusive));
  TRY(set_tags(call.tx(), arn_of(call, *in.name), {}));
  TRY(call.erase(kCatalogs, CatalogKey{call.account(), call.region(), *in.name}));
  DeleteDataCatalogOutput out;
  out.data_catalog = to_wire(record);
  return out;
}

}  // namespace tarn::athena
