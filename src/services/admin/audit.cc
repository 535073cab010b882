#include "door/door.h"
#include "gen/admin/handlers.h"
#include "services/admin/admin.h"

namespace tarn::admin {
namespace {

AuditRecord to_wire(const tarn::AuditRecord& r) {
  const auto list = [](const std::vector<std::string>& items) { return wire::List<std::string>(items); };
  return {.time = r.time, .service = r.service, .operation = r.operation, .request_id = r.request_id,
          .principal_arn = r.principal_arn, .account = r.account, .access_key_id = r.access_key, .role_arn = r.role_arn,
          .region = r.region, .source_ip = r.source_ip, .user_agent = r.user_agent, .called_via = list(r.called_via),
          .parameters = r.parameters, .resources = list(r.resources), .actions = list(r.actions), .allowed = r.allowed,
          .decided_by = r.decided_by, .error_code = r.error_code, .error_message = r.error_message,
          .read_only = r.read_only, .count = r.count};
}

}  // namespace

// An account sees its own records only.
Result<ListAuditRecordsResult> list_audit_records(Administration&, Call& call, const ListAuditRecordsRequest& in) {
  const auto wanted = [&](const tarn::AuditRecord& r) {
    return r.account == call.account() && (!in.principal_arn || r.principal_arn == *in.principal_arn) &&
           (!in.request_id || r.request_id == *in.request_id) && (!in.operation || r.operation == *in.operation);
  };
  ListAuditRecordsResult out;
  out.records.set_present();
  for (const tarn::AuditRecord& record : TRY(call.door().audit().newest(static_cast<size_t>(in.max_results.value_or(100)), wanted)))
    out.records.push_back(to_wire(record));
  return out;
}

}  // namespace tarn::admin
