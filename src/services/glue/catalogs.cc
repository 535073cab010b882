// The catalog as one of several, and its settings. An account has the one that its databases lie in.
#include <fmt/format.h>

#include "services/glue/catalog_records.h"
#include "services/glue/glue.h"

namespace tarn::glue {
namespace {

wire::List<PrincipalPermissions> everyone() {
  PrincipalPermissions permissions{.permissions = {"ALL"}};
  permissions.principal = DataLakePrincipal{.data_lake_principal_identifier = "IAM_ALLOWED_PRINCIPALS"};
  return {permissions};
}

// The account's own.
Catalog root_catalog(Call& call) {
  Catalog out{.catalog_id = call.account(), .name = call.account(), .resource_arn = call.arn("glue", "catalog")};
  out.parameters.set_present();
  out.create_table_default_permissions = everyone();
  out.create_database_default_permissions = everyone();
  return out;
}

}  // namespace

Result<GetCatalogResponse> get_catalog(Glue&, Call& call, const GetCatalogRequest& in) {
  if (*in.catalog_id != call.account()) return not_found(fmt::format("Catalog {} not found.", *in.catalog_id));
  return GetCatalogResponse{.catalog = root_catalog(call)};
}

// AWS: GetCatalogs: the account's own catalog is in the list if it is asked for.
Result<GetCatalogsResponse> get_catalogs(Glue&, Call& call, const GetCatalogsRequest& in) {
  GetCatalogsResponse out;
  out.catalog_list.set_present();
  if (in.include_root.value_or(false)) out.catalog_list.push_back(root_catalog(call));
  return out;
}

// There is no catalog of Athena's from before Glue: all of it is here already.
Result<ImportCatalogToGlueResponse> import_catalog_to_glue(Glue&, Call&, const ImportCatalogToGlueRequest&) {
  return ImportCatalogToGlueResponse{};
}

Result<PutDataCatalogEncryptionSettingsResponse> put_data_catalog_encryption_settings(
    Glue&, Call& call, const PutDataCatalogEncryptionSettingsRequest& in) {
  const CatalogPlace catalog = TRY(catalog_of(call, in.catalog_id));
  const DataCatalogEncryptionSettings& settings = *in.data_catalog_encryption_settings;
  SettingsRecord record = TRY(call.get(kSettings, {catalog.owner, catalog.region})).value_or(SettingsRecord{});
  if (settings.encryption_at_rest) {
    record.mode = *settings.encryption_at_rest->catalog_encryption_mode;
    record.key_id = settings.encryption_at_rest->sse_aws_kms_key_id;
    record.role = settings.encryption_at_rest->catalog_encryption_service_role;
  }
  if (settings.connection_password_encryption) {
    record.encrypt_passwords = *settings.connection_password_encryption->return_connection_password_encrypted;
    record.password_key_id = settings.connection_password_encryption->aws_kms_key_id;
  }
  TRY(call.put(kSettings, {catalog.owner, catalog.region}, record));
  return PutDataCatalogEncryptionSettingsResponse{};
}

Result<GetDataCatalogEncryptionSettingsResponse> get_data_catalog_encryption_settings(
    Glue&, Call& call, const GetDataCatalogEncryptionSettingsRequest& in) {
  const CatalogPlace catalog = TRY(catalog_of(call, in.catalog_id));
  const SettingsRecord record = TRY(call.get(kSettings, {catalog.owner, catalog.region})).value_or(SettingsRecord{});
  DataCatalogEncryptionSettings settings;
  settings.encryption_at_rest = EncryptionAtRest{.catalog_encryption_mode = record.mode,
                                                 .sse_aws_kms_key_id = record.key_id,
                                                 .catalog_encryption_service_role = record.role};
  settings.connection_password_encryption = ConnectionPasswordEncryption{
      .return_connection_password_encrypted = record.encrypt_passwords, .aws_kms_key_id = record.password_key_id};
  return GetDataCatalogEncryptionSettingsResponse{.data_catalog_encryption_settings = std::move(settings)};
}

}  // namespace tarn::glue
