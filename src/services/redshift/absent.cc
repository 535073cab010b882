// Lists of what there is none of: consoles and Terraform ask for them. Making any is refused by name.
#include "services/redshift/redshift.h"

namespace tarn::redshift {

Result<UsageLimitList> describe_usage_limits(Redshift&, Call&, const DescribeUsageLimitsMessage&) {
  UsageLimitList out;
  out.usage_limits.set_present();
  return out;
}
Result<ScheduledActionsMessage> describe_scheduled_actions(Redshift&, Call&, const DescribeScheduledActionsMessage&) {
  ScheduledActionsMessage out;
  out.scheduled_actions.set_present();
  return out;
}
Result<DescribeSnapshotSchedulesOutputMessage> describe_snapshot_schedules(Redshift&, Call&,
                                                                           const DescribeSnapshotSchedulesMessage&) {
  DescribeSnapshotSchedulesOutputMessage out;
  out.snapshot_schedules.set_present();
  return out;
}
Result<EndpointAccessList> describe_endpoint_access(Redshift&, Call&, const DescribeEndpointAccessMessage&) {
  EndpointAccessList out;
  out.endpoint_access_list.set_present();
  return out;
}

}  // namespace tarn::redshift
