// Rows of the system views that the engine does not know: external schemas, queries, load errors, users.
#pragma once

#include <string>

#include "services/redshift_data/activity.h"
#include "services/redshift_data/actor.h"
#include "sql/engine_client.h"

namespace tarn::redshift_data {

// In the column order of the engine's view. No rows for a view that has none here.
Result<sql::Rows> system_rows(Door& door, Actor& actor, const Activity& activity, const std::string& database,
                              const std::string& view);

}  // namespace tarn::redshift_data
