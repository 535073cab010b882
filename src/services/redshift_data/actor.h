// Actor: as whom a statement reads and writes outside of its database. Every listing, read and write is a call through the
// door as the role in charge: COPY's and UNLOAD's own, or that of the external schema.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "door/door.h"
#include "services/redshift_data/workgroup.h"
#include "sql/host.h"

namespace tarn::redshift_data {

// THREADS: any.
class Actor {
 public:
  Actor(Door& door, Caller from, Workgroup workgroup)
      : door_(door), from_(std::move(from)), workgroup_(std::move(workgroup)) {}

  const Workgroup& workgroup() const { return workgroup_; }
  const Caller& from() const { return from_; }
  Door& door() { return door_; }

  void set_roles(sql::StatementRoles roles);
  // A caller acting as the role, or as the last one of a chain "arn,arn". ERRORS: SqlError, in Redshift's words, when
  // its trust policy does not let it.
  Result<Caller> as(const std::string& role);
  std::vector<sql::StoredSchema> schemas();
  // The schema that maps the Glue database; nullopt: none of the statement's does.
  std::optional<sql::StoredSchema> schema_of(const std::string& glue_database);
  // Objects below the prefix are read as the role.
  void reads_below(const std::string& prefix, const std::string& role);
  // As whom the object or prefix is read: by what was said of it, else the statement's own role.
  std::string reader_of(const std::string& uri);

 private:
  // Whoever acts as the role that the caller, a role itself, assumes.
  Result<Principal> next_role(const Caller& caller, const std::string& role);

  Door& door_;
  const Caller from_;
  const Workgroup workgroup_;
  std::mutex mutex_;
  sql::StatementRoles roles_;
  std::map<std::string, Caller> callers_;
  std::vector<std::pair<std::string, std::string>> readers_;  // prefix, role
};

}  // namespace tarn::redshift_data
