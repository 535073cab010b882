// What users define beside the databases' files: external schemas, routines, users, groups, roles. Read whole, changed in
// one commit each.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "services/redshift_data/records.h"
#include "sql/host.h"
#include "store/store.h"

namespace tarn::redshift_data {

Result<sql::UserCatalog> read_definitions(Transaction& tx, const std::string& namespace_id,
                                          const std::string& database);
Status change_definitions(Transaction& tx, const std::string& namespace_id, const std::string& database,
                          const std::vector<sql::CatalogChange>& changes);

// All of the namespace's, with its load errors.
Status erase_definitions(Transaction& tx, const std::string& namespace_id);

// As an intent keeps them.
std::string encoded_changes(const std::vector<sql::CatalogChange>& changes);
Result<std::vector<sql::CatalogChange>> decoded_changes(const std::string& bytes);

// Is there a database user of that name with that password, which is still valid? nullopt: no. The user's own name.
Result<std::optional<std::string>> user_with_password(Transaction& tx, const std::string& namespace_id,
                                                      const std::string& user, const std::string& password);

Result<bool> has_user(Transaction& tx, const std::string& namespace_id, const std::string& name);

// Applies the intent, or forgets it. DURABLE.
Status settle_intent(Store& store, const std::string& id, bool committed);

// The user is there from now on: made at the first connection, as AWS does it. DURABLE.
Status ensure_user(Store& store, const std::string& namespace_id, const std::string& name, bool superuser);

}  // namespace tarn::redshift_data
