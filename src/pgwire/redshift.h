// RedshiftBackend: database users of workgroups and clusters, let in by the wire.
#pragma once

#include <atomic>
#include <memory>

#include "door/database_password.h"
#include "door/door.h"
#include "pgwire/backend.h"
#include "pgwire/endpoints.h"
#include "services/redshift_data/redshift_data.h"

namespace tarn::pgwire {

// Who logs in: with a temporary password, as the namespace's admin user, or as a database user with a password.
//
// Where to: a temporary password says it itself. Else the endpoint whose host name the client's TLS asks for, or that
// `options=-c warehouse=NAME` names, or the only one that knows the user and the password.
//
// THREADS: any. LIFETIME: borrows both.
class RedshiftBackend final : public Backend {
 public:
  RedshiftBackend(Door& door, redshift_data::RedshiftData& data) : door_(door), data_(data) {}

  Result<std::unique_ptr<Database>> log_in(const Login& login) override;

 private:
  Result<redshift_data::Workgroup> identify(const Login& login);
  Result<redshift_data::Workgroup> by_temporary_password(const Login& login, const DatabasePassword& password);
  Result<bool> knows(Transaction& tx, const Endpoint& endpoint, const Login& login);

  Door& door_;
  redshift_data::RedshiftData& data_;
  std::atomic<int> connections_ = 0;
  std::atomic<int32_t> next_pid_ = 1 << 30;  // as large as Redshift's: no process of the system has such a number
};

}  // namespace tarn::pgwire
