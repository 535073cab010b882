// Versions of tables: the current one and those that updates left.
#include <fmt/format.h>

#include "base/text.h"
#include "services/glue/convert.h"
#include "services/glue/glue.h"

namespace tarn::glue {
namespace {

constexpr int32_t kPage = 100;

TableVersion version_of(const FoundTable& found, const TableRecord& record) {
  return {.table = to_wire(found.database.key, found.key.name, record), .version_id = std::to_string(record.version)};
}

Failure no_version(const FoundTable& found, std::string_view version) {
  return not_found(fmt::format("Version {} of table {} not found.", version, found.key.name));
}

Result<uint64_t> version_number(const FoundTable& found, const std::string& text) {
  const auto number = parse_int(text);
  if (!number || *number < 0) return no_version(found, text);
  return static_cast<uint64_t>(*number);
}

Status erase_version(Call& call, const FoundTable& found, const std::string& text) {
  const uint64_t version = TRY(version_number(found, text));
  // ASSUMED: the version that the table has now stays.
  if (version == found.record.version)
    return invalid_input(
        fmt::format("Version {} of table {} is its current one and cannot be deleted.", text, found.key.name));
  const VersionKey key{found.record.id, version};
  if (!TRY(call.get(kVersions, key))) return no_version(found, text);
  return call.erase(kVersions, key);
}

}  // namespace

Result<GetTableVersionOutput> get_table_version(Glue&, Call& call, const GetTableVersionInput& in) {
  const FoundTable found = TRY(find_table(call, in.catalog_id, in.database_name, in.table_name, Lock::kNone));
  if (!in.version_id) return GetTableVersionOutput{.table_version = version_of(found, found.record)};
  const uint64_t version = TRY(version_number(found, *in.version_id));
  if (version == found.record.version) return GetTableVersionOutput{.table_version = version_of(found, found.record)};
  const auto old = TRY(call.get(kVersions, VersionKey{found.record.id, version}));
  if (!old) return no_version(found, *in.version_id);
  return GetTableVersionOutput{.table_version = version_of(found, *old)};
}

// The newest first.
Result<GetTableVersionsOutput> get_table_versions(Glue&, Call& call, const GetTableVersionsInput& in) {
  const FoundTable found = TRY(find_table(call, in.catalog_id, in.database_name, in.table_name, Lock::kNone));
  const std::string request = fmt::format("GetTableVersions {}", found.record.id);
  const std::string after = TRY(page_start(call, request, in.next_token));
  GetTableVersionsOutput out;
  out.table_versions.set_present();
  auto limit = static_cast<size_t>(in.max_results.value_or(kPage));
  if (after.empty()) {
    out.table_versions.push_back(version_of(found, found.record));
    --limit;
  }
  const auto page = TRY(
      call.tx().scan(kVersions, {.prefix = prefix_of(kVersions, found.record.id),
                                 .after = after.empty() ? encoded_key(kVersions, {found.record.id, UINT64_MAX}) : after,
                                 .limit = limit,
                                 .reverse = true}));
  for (const auto& [key, record] : page.entries) out.table_versions.push_back(version_of(found, record));
  // A first page of one entry ends before any old version: the next one starts below the current version.
  if (page.more)
    out.next_token =
        next_page(call, request,
                  page.entries.empty() ? encoded_key(kVersions, {found.record.id, found.record.version}) : page.last);
  return out;
}

Result<DeleteTableVersionOutput> delete_table_version(Glue&, Call& call, const DeleteTableVersionInput& in) {
  const FoundTable found = TRY(find_table(call, in.catalog_id, in.database_name, in.table_name, Lock::kShared));
  TRY(erase_version(call, found, *in.version_id));
  return DeleteTableVersionOutput{};
}

Result<BatchDeleteTableVersionOutput> batch_delete_table_version(Glue&, Call& call,
                                                                 const BatchDeleteTableVersionInput& in) {
  const FoundTable found = TRY(find_table(call, in.catalog_id, in.database_name, in.table_name, Lock::kShared));
  BatchDeleteTableVersionOutput out;
  out.errors.set_present();
  for (const std::string& version : in.version_ids) {
    const Status erased = erase_version(call, found, version);
    if (erased) continue;
    if (erased.error().status >= 500 || is_conflict(erased.error())) return Failure(erased.error());
    out.errors.push_back(
        {.table_name = found.key.name, .version_id = version, .error_detail = detail_of(erased.error())});
  }
  return out;
}

}  // namespace tarn::glue
