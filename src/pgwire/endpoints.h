// Endpoints: what database users can connect to, of all accounts and regions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "services/redshift_data/workgroup.h"
#include "store/table.h"

namespace tarn::pgwire {

struct Endpoint {
  redshift_data::Workgroup place;     // without a user
  std::string admin, admin_password;  // the digest; empty: none was set
  bool serverless = true;
};

Result<std::vector<Endpoint>> endpoints(Transaction& tx);

// Is the workgroup or cluster still there, on the same databases, and not paused?
Result<bool> is_there(Transaction& tx, const redshift_data::Workgroup& place);

// Is it the one that a client means by this host name: "wg.123456789012.us-east-1.redshift-serverless.amazonaws.com",
// "cluster.id.us-east-1.redshift.amazonaws.com", or its name before anything else ("wg.localhost")?
bool is_host_of(const Endpoint& endpoint, std::string_view host);

}  // namespace tarn::pgwire
