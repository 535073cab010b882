// Targets: what a rule tells, and how.
#include <fmt/format.h>

#include <algorithm>

#include "door/arn.h"
#include "door/rights.h"
#include "services/events/events.h"
#include "store/page_token.h"

namespace tarn::events {
namespace {

constexpr size_t kMostTargets = 5;  // AWS: EventBridge quotas, targets of a rule
constexpr int32_t kPage = 100;

std::map<std::string, std::string> plain(const wire::Map<std::string>& from) {
  return {from.begin(), from.end()};
}
wire::Map<std::string> wired(const std::map<std::string, std::string>& from) {
  return wire::Map<std::string>({from.begin(), from.end()});
}

// Parameters for targets that this server does not have: none is passed over.
Status check_supported(const Target& in) {
  const std::pair<bool, const char*> refused[] = {
      {in.ecs_parameters.has_value(), "EcsParameters"},
      {in.run_command_parameters.has_value(), "RunCommandParameters"},
      {in.sage_maker_pipeline_parameters.has_value(), "SageMakerPipelineParameters"},
      {in.app_sync_parameters.has_value(), "AppSyncParameters"}};
  for (const auto& [given, name] : refused)
    if (given) return invalid(fmt::format("{} of target {} is not supported by this server.", name, *in.id));
  return {};
}

RedshiftRecord redshift_of(const RedshiftDataParameters& in) {
  return {.secret = in.secret_manager_arn,
          .db_user = in.db_user,
          .sql = in.sql,
          .statement_name = in.statement_name,
          .database = *in.database,
          .with_event = in.with_event,
          .sqls = in.sqls.items()};
}

BatchRecord batch_of(const BatchParameters& in) {
  BatchRecord out{.definition = *in.job_definition, .name = *in.job_name, .array_size = {}, .attempts = {}};
  if (in.array_properties) out.array_size = in.array_properties->size;
  if (in.retry_strategy) out.attempts = in.retry_strategy->attempts;
  return out;
}

TargetRecord record_of(const Target& in) {
  TargetRecord out;
  out.arn = *in.arn;
  out.role_arn = in.role_arn;
  out.input = in.input;
  out.input_path = in.input_path;
  if (in.input_transformer)
    out.transformer =
        TransformerRecord{plain(in.input_transformer->input_paths_map), *in.input_transformer->input_template};
  if (in.sqs_parameters) out.message_group = in.sqs_parameters->message_group_id;
  if (in.kinesis_parameters) out.partition_key_path = in.kinesis_parameters->partition_key_path;
  if (in.redshift_data_parameters) out.redshift = redshift_of(*in.redshift_data_parameters);
  if (in.batch_parameters) out.batch = batch_of(*in.batch_parameters);
  if (in.http_parameters)
    out.http =
        HttpRecord{in.http_parameters->path_parameter_values.items(), plain(in.http_parameters->header_parameters),
                   plain(in.http_parameters->query_string_parameters)};
  if (in.dead_letter_config) out.dead_letter_queue = in.dead_letter_config->arn;
  if (in.retry_policy) {
    out.retries = in.retry_policy->maximum_retry_attempts;
    out.age_seconds = in.retry_policy->maximum_event_age_in_seconds;
  }
  return out;
}

BatchParameters to_wire(const BatchRecord& batch) {
  BatchParameters out{.job_definition = batch.definition, .job_name = batch.name};
  if (batch.array_size) out.array_properties = BatchArrayProperties{.size = batch.array_size};
  if (batch.attempts) out.retry_strategy = BatchRetryStrategy{.attempts = batch.attempts};
  return out;
}

RedshiftDataParameters to_wire(const RedshiftRecord& redshift) {
  RedshiftDataParameters out{.secret_manager_arn = redshift.secret,
                             .database = redshift.database,
                             .db_user = redshift.db_user,
                             .sql = redshift.sql,
                             .statement_name = redshift.statement_name,
                             .with_event = redshift.with_event};
  if (!redshift.sqls.empty()) out.sqls = wire::List<std::string>(redshift.sqls);
  return out;
}

Target to_wire(const TargetEntry& entry) {
  const TargetRecord& record = entry.record;
  Target out{.id = entry.id,
             .arn = record.arn,
             .role_arn = record.role_arn,
             .input = record.input,
             .input_path = record.input_path};
  if (record.transformer) {
    out.input_transformer = InputTransformer{.input_template = record.transformer->text};
    if (!record.transformer->paths.empty()) out.input_transformer->input_paths_map = wired(record.transformer->paths);
  }
  if (record.message_group) out.sqs_parameters = SqsParameters{.message_group_id = record.message_group};
  if (record.partition_key_path)
    out.kinesis_parameters = KinesisParameters{.partition_key_path = record.partition_key_path};
  if (record.redshift) out.redshift_data_parameters = to_wire(*record.redshift);
  if (record.batch) out.batch_parameters = to_wire(*record.batch);
  if (record.http) {
    HttpParameters http;
    if (!record.http->path_values.empty())
      http.path_parameter_values = wire::List<std::string>(record.http->path_values);
    if (!record.http->headers.empty()) http.header_parameters = wired(record.http->headers);
    if (!record.http->query.empty()) http.query_string_parameters = wired(record.http->query);
    out.http_parameters = std::move(http);
  }
  if (record.dead_letter_queue) out.dead_letter_config = DeadLetterConfig{.arn = record.dead_letter_queue};
  if (record.retries || record.age_seconds)
    out.retry_policy = tarn::events::RetryPolicy{.maximum_retry_attempts = record.retries,
                                                 .maximum_event_age_in_seconds = record.age_seconds};
  return out;
}

}  // namespace

Result<std::vector<Need>> put_targets_rights(Events&, Call& call, const PutTargetsRequest& in) {
  std::vector<Need> needs = TRY(rights_on_rule(call, "PutTargets", in.event_bus_name, *in.rule));
  for (const Target& target : in.targets) needs[0].context["events:TargetArn"].push_back(*target.arn);
  for (const Target& target : in.targets)
    if (target.role_arn) needs.push_back(pass_role(*target.role_arn, kPrincipal));
  return needs;
}

Result<PutTargetsResponse> put_targets(Events& events, Call& call, const PutTargetsRequest& in) {
  FoundRule found = TRY(find_rule(call, in.event_bus_name, in.rule, Lock::kExclusive));
  const BusKey bus{found.key.owner, found.key.region, found.key.bus};
  std::vector<TargetEntry> all = TRY(targets_of(call.tx(), found.record.id));
  for (const Target& target : in.targets) {
    TRY(check_supported(target));
    TargetEntry entry{*target.id, record_of(target)};
    TRY(check_target(bus_arn(bus), entry));
    TRY(call.put(kTargets, {found.record.id, entry.id}, entry.record));
    std::erase_if(all, [&](const TargetEntry& other) { return other.id == entry.id; });
    all.push_back(std::move(entry));
  }
  if (all.size() > kMostTargets)
    return fail(400, "LimitExceededException", "The requested resource exceeds the maximum number allowed.");
  TRY(events.changed(call.tx(), bus));
  PutTargetsResponse out{.failed_entry_count = 0};
  out.failed_entries.set_present();
  return out;
}

Result<std::vector<Need>> remove_targets_rights(Events&, Call& call, const RemoveTargetsRequest& in) {
  return rights_on_rule(call, "RemoveTargets", in.event_bus_name, *in.rule);
}
Result<RemoveTargetsResponse> remove_targets(Events& events, Call& call, const RemoveTargetsRequest& in) {
  const FoundRule found = TRY(find_rule(call, in.event_bus_name, in.rule, Lock::kExclusive));
  for (const std::string& id : in.ids) TRY(call.erase(kTargets, {found.record.id, id}));
  TRY(events.changed(call.tx(), {found.key.owner, found.key.region, found.key.bus}));
  RemoveTargetsResponse out{.failed_entry_count = 0};
  out.failed_entries.set_present();
  return out;
}

Result<std::vector<Need>> list_targets_by_rule_rights(Events&, Call& call, const ListTargetsByRuleRequest& in) {
  return rights_on_rule(call, "ListTargetsByRule", in.event_bus_name, *in.rule);
}
Result<ListTargetsByRuleResponse> list_targets_by_rule(Events&, Call& call, const ListTargetsByRuleRequest& in) {
  const FoundRule found = TRY(find_rule(call, in.event_bus_name, in.rule, Lock::kNone));
  const std::string request = fmt::format("ListTargetsByRule {}", rule_arn(found.key));
  const auto page = TRY(call.tx().scan(kTargets, {.prefix = prefix_of(kTargets, found.record.id),
                                                  .after = TRY(page_start(call, request, in.next_token)),
                                                  .limit = static_cast<size_t>(in.limit.value_or(kPage))}));
  ListTargetsByRuleResponse out;
  out.targets.set_present();
  for (const auto& [key, record] : page.entries) out.targets.push_back(to_wire(TargetEntry{key.id, record}));
  if (page.more) out.next_token = page_token(call.door().store(), request, page.last);
  return out;
}

}  // namespace tarn::events
