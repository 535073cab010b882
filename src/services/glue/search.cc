// Searching tables by words and properties, over all databases that the caller may see.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/door.h"
#include "services/glue/convert.h"
#include "services/glue/glue.h"

namespace tarn::glue {
namespace {

constexpr int32_t kPage = 100;

struct Found {
  DatabaseKey database;
  std::string name;
  TableRecord record;
};

bool has_text(const Found& table, const std::string& text) {
  const auto holds = [&](const std::optional<std::string>& value) {
    return value && lower(*value).find(text) != std::string::npos;
  };
  if (holds(table.name) || holds(table.record.description) || holds(table.database.name)) return true;
  const auto in_columns = [&](const std::optional<std::vector<ColumnRecord>>& columns) {
    return columns && std::ranges::any_of(*columns, [&](const ColumnRecord& column) {
             return holds(column.name) || holds(column.comment);
           });
  };
  if (table.record.storage && in_columns(table.record.storage->columns)) return true;
  return in_columns(table.record.partition_keys);
}

// AWS: SearchTables: a text in quotation marks is matched whole, else as a part.
bool matches(const Found& table, const std::string& text) {
  const std::string wanted = lower(text);
  if (wanted.size() > 1 && wanted.starts_with('"') && wanted.ends_with('"'))
    return lower(table.name) == wanted.substr(1, wanted.size() - 2);
  return wanted.empty() || has_text(table, wanted);
}

std::string property(const Found& table, const std::string& key) {
  if (equals_ignore_case(key, "name")) return table.name;
  if (equals_ignore_case(key, "databaseName")) return table.database.name;
  if (equals_ignore_case(key, "owner")) return table.record.owner.value_or("");
  if (equals_ignore_case(key, "tableType")) return table.record.type.value_or("");
  if (equals_ignore_case(key, "UpdateTime")) return std::to_string(table.record.updated.seconds());
  if (equals_ignore_case(key, "CreateTime")) return std::to_string(table.record.created.seconds());
  if (table.record.parameters)
    for (const auto& [name, value] : *table.record.parameters)
      if (equals_ignore_case(name, key)) return value;
  return "";
}

bool passes(const Found& table, const PropertyPredicate& filter) {
  const std::string there = property(table, filter.key.value_or("")), wanted = filter.value.value_or("");
  const std::string how = filter.comparator.value_or("EQUALS");
  if (how == "EQUALS") return equals_ignore_case(there, wanted);
  const auto a = parse_double(there), b = parse_double(wanted);
  const auto order = a && b ? *a <=> *b : std::partial_ordering(there <=> wanted);
  if (how == "GREATER_THAN") return order > 0;
  if (how == "LESS_THAN") return order < 0;
  return how == "GREATER_THAN_EQUALS" ? order >= 0 : order <= 0;
}

}  // namespace

Result<SearchTablesResponse> search_tables(Glue&, Call& call, const SearchTablesRequest& in) {
  const CatalogPlace catalog = TRY(catalog_of(call, in.catalog_id));
  SearchTablesResponse out;
  out.table_list.set_present();
  if (in.resource_share_type && *in.resource_share_type != "ALL") return out;
  std::vector<Found> found;
  auto databases = call.tx().cursor(kDatabases, {.prefix = prefix_of(kDatabases, catalog.owner, catalog.region)});
  for (; databases.valid(); databases.next()) {
    const DatabaseKey database = TRY(databases.key());
    auto tables = call.tx().cursor(kTables, {.prefix = prefix_of(kTables, TRY(databases.record()).id)});
    for (; tables.valid(); tables.next()) {
      Found table{database, TRY(tables.key()).name, TRY(tables.record())};
      if (matches(table, in.search_text.value_or("")) &&
          std::ranges::all_of(in.filters, [&](const PropertyPredicate& filter) { return passes(table, filter); }))
        found.push_back(std::move(table));
    }
    TRY(tables.status());
  }
  TRY(databases.status());
  for (const SortCriterion& sort : in.sort_criteria)
    std::ranges::stable_sort(found, [&](const Found& a, const Found& b) {
      const std::string x = property(a, sort.field_name.value_or("name")),
                        y = property(b, sort.field_name.value_or("name"));
      return sort.sort.value_or("ASC") == "DESC" ? y < x : x < y;
    });
  // The page's position is how many came before it.
  const std::string request = fmt::format("SearchTables {} {}", catalog.owner, in.search_text.value_or(""));
  const auto after = parse_int(TRY(page_start(call, request, in.next_token))).value_or(0);
  const auto limit = static_cast<size_t>(in.max_results.value_or(kPage));
  size_t at = static_cast<size_t>(after);
  for (; at < found.size() && out.table_list.size() < limit; ++at)
    out.table_list.push_back(to_wire(found[at].database, found[at].name, found[at].record));
  if (at < found.size()) out.next_token = next_page(call, request, std::to_string(at));
  return out;
}

}  // namespace tarn::glue
