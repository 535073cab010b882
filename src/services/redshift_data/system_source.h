// What the system views' rows are made from, file by file.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "door/door.h"
#include "services/redshift_data/activity.h"
#include "services/redshift_data/actor.h"
#include "services/redshift_data/definitions.h"
#include "sql/rights.h"
#include "sql/stmt_redshift.h"

namespace tarn::redshift_data {

using SystemRow = std::vector<std::optional<std::string>>;

// What a view is filled from.
struct Source {
  Door& door;
  Actor& actor;
  const Activity& activity;
  const std::string& database;
  Transaction& tx;
  std::vector<SystemRow>& rows;
  sql::UserCatalog catalog;

  const Workgroup& workgroup() const { return actor.workgroup(); }
  template <class K, class R, class Each>
  Status each(const Table<K, R>& table, Each visit) {
    auto at = tx.cursor(table, {.prefix = prefix_of(table, workgroup().namespace_id, database)});
    for (; at.valid(); at.next()) visit(TRY(at.key()), TRY(at.record()));
    return at.status();
  }
};

struct RowsOf {
  std::string_view view;
  Status (*fill)(Source&);
};
std::span<const RowsOf> query_views();  // system_queries.cc: what was run, and sessions
std::span<const RowsOf> file_views();   // system_files.cc: what COPY read and UNLOAD wrote
Status routines(Source& source);        // system_routines.cc

std::string timestamp(Time time);
std::string user_id(const Source& source, const std::string& user);
// AWS: SYS_QUERY_HISTORY: a superuser sees all, others their own.
bool sees_all(const Source& source);
// Every statement that the asking user may see, newest first.
Status each_query(Source& source, const std::function<void(const StatementRecord&, const PartRecord&)>& each);
std::string micros(const PartRecord& part);
std::optional<std::string> some(const std::string& text);  // nullopt: it is empty
// Not negative: what is not known is 0.
std::string number(int64_t value);

// The statement as the parser understands it; nullptr where it is another one.
template <class T>
std::optional<T> parsed_as(const std::string& text) {
  const auto texts = sql::split_statements(text);
  if (!texts || texts->size() != 1) return std::nullopt;
  const auto statement = sql::recognise_redshift(texts->front());
  if (!statement) return std::nullopt;
  const T* found = std::get_if<T>(&*statement);
  return found ? std::optional<T>(*found) : std::nullopt;
}

}  // namespace tarn::redshift_data
