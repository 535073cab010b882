// Prepared statements of a workgroup, for EXECUTE.
#include <fmt/format.h>

#include <algorithm>

#include "services/athena/athena.h"
#include "services/athena/pages.h"
#include "store/page_token.h"

namespace tarn::athena {
namespace {

constexpr int32_t kPage = 50;
constexpr size_t kMaxPrepared = 1000;  // AWS: CreatePreparedStatement, of a workgroup

PreparedKey key_of(Call& call, const std::string& workgroup, const std::string& name) {
  return {call.account(), call.region(), workgroup, name};
}

Result<PreparedRecord> find(Call& call, const PreparedKey& key, Lock lock) {
  auto found = TRY(call.get(kPrepared, key, lock));
  if (!found)
    return not_found(fmt::format("PreparedStatement {} was not found in workGroup {}", key.name, key.workgroup),
                     key.name);
  return std::move(*found);
}

PreparedStatement to_wire(const PreparedKey& key, const PreparedRecord& record) {
  PreparedStatement out;
  out.statement_name = key.name;
  out.work_group_name = key.workgroup;
  out.query_statement = record.statement;
  if (!record.description.empty()) out.description = record.description;
  out.last_modified_time = record.modified;
  return out;
}

}  // namespace

Result<CreatePreparedStatementOutput> create_prepared_statement(Athena&, Call& call,
                                                                const CreatePreparedStatementInput& in) {
  const WorkgroupKey workgroup = workgroup_key(call, in.work_group);
  TRY(find_workgroup(call.tx(), workgroup, Lock::kShared));
  const PreparedKey key = key_of(call, workgroup.name, *in.statement_name);
  if (TRY(call.get(kPrepared, key)))
    return invalid(fmt::format("PreparedStatement {} already exists in workGroup {}", key.name, workgroup.name));
  const auto all = TRY(call.tx().scan(
      kPrepared, {.prefix = prefix_of(kPrepared, key.owner, key.region, key.workgroup), .limit = kMaxPrepared}));
  if (all.entries.size() >= kMaxPrepared)
    return invalid(fmt::format("WorkGroup {} has {} prepared statements, which is the most.", workgroup.name,
                               kMaxPrepared));
  TRY(call.put(kPrepared, key, {*in.query_statement, in.description.value_or(""), call.now()}));
  return CreatePreparedStatementOutput{};
}

Result<GetPreparedStatementOutput> get_prepared_statement(Athena&, Call& call, const GetPreparedStatementInput& in) {
  TRY(find_workgroup(call.tx(), workgroup_key(call, in.work_group)));
  const PreparedKey key = key_of(call, *in.work_group, *in.statement_name);
  GetPreparedStatementOutput out;
  out.prepared_statement = to_wire(key, TRY(find(call, key, Lock::kNone)));
  return out;
}

Result<BatchGetPreparedStatementOutput> batch_get_prepared_statement(Athena&, Call& call,
                                                                     const BatchGetPreparedStatementInput& in) {
  TRY(find_workgroup(call.tx(), workgroup_key(call, in.work_group)));
  BatchGetPreparedStatementOutput out;
  out.prepared_statements.set_present();
  out.unprocessed_prepared_statement_names.set_present();
  for (const std::string& name : in.prepared_statement_names) {
    const PreparedKey key = key_of(call, *in.work_group, name);
    if (const auto found = find(call, key, Lock::kNone))
      out.prepared_statements.push_back(to_wire(key, *found));
    else
      out.unprocessed_prepared_statement_names.push_back({.statement_name = name,
                                                          .error_code = "STATEMENT_NOT_FOUND",
                                                          .error_message = found.error().message});
  }
  return out;
}

Result<ListPreparedStatementsOutput> list_prepared_statements(Athena&, Call& call,
                                                              const ListPreparedStatementsInput& in) {
  const WorkgroupKey workgroup = workgroup_key(call, in.work_group);
  TRY(find_workgroup(call.tx(), workgroup));
  const std::string request = "ListPreparedStatements " + call.account() + call.region() + workgroup.name;
  const std::string after = TRY(page_start(call.door(), request, in.next_token));
  const auto page = TRY(call.tx().scan(
      kPrepared, {.prefix = prefix_of(kPrepared, call.account(), call.region(), workgroup.name),
                  .after = after,
                  .limit = static_cast<size_t>(std::clamp(in.max_results.value_or(kPage), 1, kPage))}));
  ListPreparedStatementsOutput out;
  out.prepared_statements.set_present();
  for (const auto& entry : page.entries)
    out.prepared_statements.push_back({.statement_name = entry.key.name, .last_modified_time = entry.record.modified});
  if (page.more) out.next_token = page_token(call.door().store(), request, page.last);
  return out;
}

Result<UpdatePreparedStatementOutput> update_prepared_statement(Athena&, Call& call,
                                                                const UpdatePreparedStatementInput& in) {
  TRY(find_workgroup(call.tx(), workgroup_key(call, in.work_group)));
  const PreparedKey key = key_of(call, *in.work_group, *in.statement_name);
  PreparedRecord record = TRY(find(call, key, Lock::kExclusive));
  record.statement = *in.query_statement;
  if (in.description) record.description = *in.description;
  record.modified = call.now();
  TRY(call.put(kPrepared, key, record));
  return UpdatePreparedStatementOutput{};
}

Result<DeletePreparedStatementOutput> delete_prepared_statement(Athena&, Call& call,
                                                                const DeletePreparedStatementInput& in) {
  TRY(find_workgroup(call.tx(), workgroup_key(call, in.work_group)));
  const PreparedKey key = key_of(call, *in.work_group, *in.statement_name);
  TRY(find(call, key, Lock::kExclusive));
  TRY(call.erase(kPrepared, key));
  return DeletePreparedStatementOutput{};
}

}  // namespace tarn::athena
