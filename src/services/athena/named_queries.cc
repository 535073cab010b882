// Named queries: texts saved in a workgroup.
#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"
#include "base/text.h"
#include "os/random.h"
#include "services/athena/athena.h"
#include "services/athena/pages.h"
#include "store/idempotency.h"
#include "store/page_token.h"

namespace tarn::athena {
namespace {

constexpr int32_t kPage = 50;

NamedQueryKey key_of(Call& call, const std::string& id) {
  return {call.account(), call.region(), id};
}

Result<NamedQueryRecord> find(Call& call, const std::string& id, Lock lock) {
  auto found = TRY(call.get(kNamedQueries, key_of(call, id), lock));
  if (!found) return invalid(fmt::format("NamedQuery {} was not found", id));
  return std::move(*found);
}

Result<std::vector<Need>> needs(Call& call, const std::string& id, std::string action) {
  const auto found = TRY(call.get(kNamedQueries, key_of(call, id), Lock::kNone));
  return std::vector<Need>{{std::move(action), workgroup_arn(call, found ? found->workgroup : "*")}};
}

NamedQuery to_wire(const std::string& id, const NamedQueryRecord& record) {
  NamedQuery out;
  out.named_query_id = id;
  out.name = record.name;
  if (!record.description.empty()) out.description = record.description;
  out.database = record.database;
  out.query_string = record.query;
  out.work_group = record.workgroup;
  return out;
}

}  // namespace

Result<std::vector<Need>> create_named_query_rights(Athena&, Call& call, const CreateNamedQueryInput& in) {
  return std::vector<Need>{
      {"athena:CreateNamedQuery", workgroup_arn(call, in.work_group.value_or(std::string(kPrimary)))}};
}

Result<CreateNamedQueryOutput> create_named_query(Athena&, Call& call, const CreateNamedQueryInput& in) {
  const WorkgroupKey workgroup = workgroup_key(call, in.work_group);
  TRY(find_workgroup(call.tx(), workgroup, Lock::kShared));
  const IdempotencyKey token{"athena:CreateNamedQuery", identity_of(call.principal()),
                             in.client_request_token.value_or("")};
  const std::string hash = hex(sha256(workgroup.name + "\n" + *in.name + "\n" + *in.database + "\n" + *in.query_string));
  if (!token.token.empty()) {
    const auto earlier = earlier_answer(call.tx(), token, hash, call.now());
    if (!earlier) return is_conflict(earlier.error()) ? Failure(earlier.error()) : invalid("Idempotent parameters do not match");
    if (*earlier) return CreateNamedQueryOutput{.named_query_id = **earlier};
  }
  const std::string id = uuid4();
  TRY(call.put(kNamedQueries, key_of(call, id),
               {*in.name, in.description.value_or(""), *in.database, *in.query_string, workgroup.name}));
  if (!token.token.empty()) TRY(remember_answer(call.tx(), token, hash, id, call.now() + kDay));
  return CreateNamedQueryOutput{.named_query_id = id};
}

Result<std::vector<Need>> get_named_query_rights(Athena&, Call& call, const GetNamedQueryInput& in) {
  return needs(call, *in.named_query_id, "athena:GetNamedQuery");
}

Result<GetNamedQueryOutput> get_named_query(Athena&, Call& call, const GetNamedQueryInput& in) {
  GetNamedQueryOutput out;
  out.named_query = to_wire(*in.named_query_id, TRY(find(call, *in.named_query_id, Lock::kNone)));
  return out;
}

Result<std::vector<Need>> batch_get_named_query_rights(Athena&, Call& call, const BatchGetNamedQueryInput& in) {
  std::vector<Need> all;
  for (const std::string& id : in.named_query_ids) {
    Need need = TRY(needs(call, id, "athena:BatchGetNamedQuery"))[0];
    if (std::ranges::none_of(all, [&](const Need& known) { return known.resource == need.resource; }))
      all.push_back(std::move(need));
  }
  return all;
}

Result<BatchGetNamedQueryOutput> batch_get_named_query(Athena&, Call& call, const BatchGetNamedQueryInput& in) {
  BatchGetNamedQueryOutput out;
  out.named_queries.set_present();
  out.unprocessed_named_query_ids.set_present();
  for (const std::string& id : in.named_query_ids) {
    if (const auto found = find(call, id, Lock::kNone))
      out.named_queries.push_back(to_wire(id, *found));
    else
      out.unprocessed_named_query_ids.push_back(
          {.named_query_id = id, .error_code = "INVALID_INPUT", .error_message = found.error().message});
  }
  return out;
}

Result<std::vector<Need>> list_named_queries_rights(Athena&, Call& call, const ListNamedQueriesInput& in) {
  return std::vector<Need>{
      {"athena:ListNamedQueries", workgroup_arn(call, in.work_group.value_or(std::string(kPrimary)))}};
}

Result<ListNamedQueriesOutput> list_named_queries(Athena&, Call& call, const ListNamedQueriesInput& in) {
  const WorkgroupKey workgroup = workgroup_key(call, in.work_group);
  TRY(find_workgroup(call.tx(), workgroup));
  const std::string request = "ListNamedQueries " + call.account() + call.region() + workgroup.name;
  const std::string after = TRY(page_start(call.door(), request, in.next_token));
  const int32_t asked = in.max_results.value_or(kPage);
  const auto page = TRY(call.tx().scan_index(
      kNamedQueries, kQueriesByWorkgroup,
      {.prefix = index_prefix(kQueriesByWorkgroup, call.account(), call.region(), workgroup.name),
       .after = after,
       .limit = static_cast<size_t>(asked == 0 ? kPage : std::clamp(asked, 1, kPage))}));
  ListNamedQueriesOutput out;
  out.named_query_ids.set_present();
  for (const auto& entry : page.entries) out.named_query_ids.push_back(entry.key.id);
  if (page.more) out.next_token = page_token(call.door().store(), request, page.last);
  return out;
}

Result<std::vector<Need>> update_named_query_rights(Athena&, Call& call, const UpdateNamedQueryInput& in) {
  return needs(call, *in.named_query_id, "athena:UpdateNamedQuery");
}

Result<UpdateNamedQueryOutput> update_named_query(Athena&, Call& call, const UpdateNamedQueryInput& in) {
  NamedQueryRecord record = TRY(find(call, *in.named_query_id, Lock::kExclusive));
  record.name = *in.name;
  record.query = *in.query_string;
  if (in.description) record.description = *in.description;
  TRY(call.put(kNamedQueries, key_of(call, *in.named_query_id), record));
  return UpdateNamedQueryOutput{};
}

Result<std::vector<Need>> delete_named_query_rights(Athena&, Call& call, const DeleteNamedQueryInput& in) {
  return needs(call, *in.named_query_id, "athena:DeleteNamedQuery");
}

Result<DeleteNamedQueryOutput> delete_named_query(Athena&, Call& call, const DeleteNamedQueryInput& in) {
  TRY(find(call, *in.named_query_id, Lock::kExclusive));
  TRY(call.erase(kNamedQueries, key_of(call, *in.named_query_id)));
  return DeleteNamedQueryOutput{};
}

}  // namespace tarn::athena
