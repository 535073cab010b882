#include "services/redshift_data/copies.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "door/warehouse_copies.h"
#include "os/file.h"
#include "os/random.h"
#include "services/redshift_data/definitions.h"
#include "services/redshift_data/redshift_data.h"

namespace tarn::redshift_data {
namespace {

constexpr const char* kDefinitions = "/definitions.json";
constexpr const char* kPartial = ".partial";  // of a folder that is being filled

// A session that holds an open writing transaction on a database. While there is one, the engine makes no checkpoint there: what
// is committed is in the log, and the database's file only grows.
class Hold {
 public:
  Hold(sql::Engine& engine, std::string database) : engine_(engine), database_(std::move(database)) {}
  Hold(Hold&& other) noexcept
      : engine_(other.engine_), database_(std::move(other.database_)), session_(std::exchange(other.session_, {})) {}
  ~Hold() {
    if (session_) engine_.close_session(*session_);
  }

  Status take() {
    session_ = TRY(engine_.open_session(database_, sql::Dialect::kRedshift));
    TRY(run("BEGIN", false));
    const std::string name = "copying_" + random_hex(8);
    return run(
        fmt::format("CREATE TABLE \"{}\".tarn_internal.{} (i INTEGER)", replace_all(database_, "\"", "\"\""), name),
        true);
  }
  // ERRORS: the engine's: it has ended since take(), so that the files may not fit each other.
  Status give_back() { return run("ROLLBACK", false); }

 private:
  Status run(const std::string& statement, bool internal) {
    sql::ExecuteRequest request;
    request.context.database = database_;
    request.context.user = "copy";
    request.context.now = system_now();
    request.sql = statement;
    request.internal = internal;
    TRY(engine_.execute(*session_, request));
    return {};
  }

  sql::Engine& engine_;
  std::string database_;
  std::optional<sql::SessionId> session_;
};

// Copies the folder's files, on the disk when this is over; how many bytes. Logs go first: what they say of a database's file is
// in it by then.
Result<uint64_t> copy_files(const std::string& from, const std::string& to) {
  TRY(make_directories(to));
  if (!is_directory(from)) return uint64_t{0};
  std::vector<std::string> names = TRY(list_directory(from));
  std::ranges::stable_partition(names, [](const std::string& name) { return name.ends_with(".wal"); });
  uint64_t bytes = 0;
  for (const std::string& name : names) {
    const std::string target = to + "/" + name;
    if (is_directory(from + "/" + name)) continue;
    TRY(copy_file(from + "/" + name, target));
    const Fd file = TRY(open_file(target, OpenMode::kReadWrite));
    TRY(sync_file(file.get(), target));
    bytes += TRY(file_size(file.get(), target));
  }
  TRY(sync_directory(to));
  return bytes;
}

// The folder's files, which do not change any more, under the other name as well.
Status link_files(const std::string& from, const std::string& to) {
  TRY(make_directories(to));
  for (const std::string& name : TRY(list_directory(from))) {
    const std::string source = from + "/" + name, target = to + "/" + name;
    TRY(is_directory(source) ? link_files(source, target) : link_or_copy(source, target));
  }
  return sync_directory(to);
}

// All that is defined: in the database, or (no name) in the whole namespace.
std::vector<sql::CatalogChange> changes_of(const sql::UserCatalog& all, bool of_namespace) {
  std::vector<sql::CatalogChange> changes;
  const auto add = [&](const auto& items) {
    for (const auto& item : items) changes.push_back({sql::CatalogChange::Kind::kPut, item});
  };
  if (!of_namespace) {
    add(all.schemas);
    add(all.routines);
    return changes;
  }
  add(all.users);
  add(all.groups);
  add(all.roles);
  add(all.memberships);
  return changes;
}

}  // namespace

Copies::Copies(RedshiftData& data) : data_(data) {
  Door& door = data.door();
  door.outbox().deliver_to(kWarehouseDelivery,
                           {.deliver = [this](const Delivery& delivery) { return deliver(delivery); },
                            .gave_up = [this](Transaction& tx, const Delivery& delivery,
                                              const Error& error) { return give_up(tx, delivery, error); }});
  door.timers().on(kWarehouseExpiry, [this](Transaction& tx, const Timer& timer) { return expire(tx, timer); });
}

std::string Copies::folder_of(const std::string& copy) const {
  return data_.options().directory + "/redshift/snapshots/" + copy;
}

Status Copies::deliver(const Delivery& delivery) {
  const Json asked = TRY(Json::parse(delivery.payload));
  const std::string what = asked["do"].as_string(), warehouse = asked["warehouse"].as_string(),
                    id = asked["copy"].as_string();
  if (what == "copy") return copy(id, warehouse);
  if (what == "restore") return restore(id, warehouse);
  if (what == "drop") return remove_tree(folder_of(id));
  Store& store = data_.door().store();
  return store.wait_synced(TRY(store.run([&](Transaction& tx) {
    return data_.door().timers().set(tx, "redshift.namespace_deleted", warehouse, data_.door().clock().now());
  })));
}

Status Copies::give_up(Transaction& tx, const Delivery& delivery, const Error& error) {
  const Json asked = TRY(Json::parse(delivery.payload));
  if (asked["do"].as_string() == "copy") {
    auto record = TRY(tx.get(kWarehouseCopies, {asked["copy"].as_string()}));
    if (!record) return {};
    record->state = "FAILED";
    record->error = error.message;
    return tx.put(kWarehouseCopies, {asked["copy"].as_string()}, *record);
  }
  if (asked["do"].as_string() != "restore") return {};
  auto restoring = TRY(tx.get(kWarehouseRestores, {asked["warehouse"].as_string()}));
  if (!restoring) return {};
  restoring->error = error.message;
  return tx.put(kWarehouseRestores, {asked["warehouse"].as_string()}, *restoring);
}

Status Copies::expire(Transaction& tx, const Timer& timer) {
  return drop_warehouse_copy(data_.door(), tx, timer.id);
}

// --- copying ---------------------------------------------------------------------------------------------------------

Status Copies::copy(const std::string& id, const std::string& warehouse) {
  Store& store = data_.door().store();
  const auto asked = TRY(store.read()->get(kWarehouseCopies, {id}));
  if (!asked || asked->state != "CREATING") return {};
  const std::string folder = folder_of(id), partial = folder + kPartial;
  TRY(remove_tree(partial));
  TRY(make_directories(partial));
  std::vector<std::string> databases;
  const uint64_t bytes = TRY(copy_databases(warehouse, partial + "/databases", databases));
  TRY(write_definitions(partial, warehouse, databases));
  TRY(sync_directory(partial));
  TRY(remove_tree(folder));
  TRY(rename_file(partial, folder));
  TRY(sync_directory(data_.options().directory + "/redshift/snapshots"));
  return store.wait_synced(TRY(store.run([&](Transaction& tx) -> Status {
    auto record = TRY(tx.get(kWarehouseCopies, {id}));
    if (!record) return {};  // dropped meanwhile: the files go with the next delivery
    record->state = "AVAILABLE";
    record->bytes = bytes;
    record->done = data_.door().clock().now();
    return tx.put(kWarehouseCopies, {id}, *record);
  })));
}

Result<uint64_t> Copies::copy_databases(const std::string& warehouse, const std::string& to,
                                        std::vector<std::string>& databases) {
  const auto source = data_.warehouse(warehouse);
  databases = TRY(source->engine().list_databases());
  std::vector<Hold> holds;
  for (const std::string& database : databases) TRY(holds.emplace_back(source->engine(), database).take());
  const uint64_t bytes = TRY(copy_files(data_.options().directory + "/redshift/" + warehouse + "/databases", to));
  for (Hold& hold : holds) TRY(hold.give_back());
  return bytes;
}

Status Copies::back_up(const std::string& partial) {
  const std::string home = data_.options().directory + "/redshift", to = partial + "/redshift";
  if (!is_directory(home)) return {};
  const std::vector<std::string> names = TRY(list_directory(home));
  for (const std::string& name : names) {
    const std::string folder = home + "/" + name;
    std::vector<std::string> databases;
    if (name == "results") {
      TRY(link_files(folder, to + "/" + name));
    } else if (name == "snapshots") {
      for (const std::string& id : TRY(list_directory(folder)))
        if (!id.ends_with(kPartial)) TRY(link_files(folder + "/" + id, to + "/" + name + "/" + id));
    } else if (name.find('.') == std::string::npos && is_directory(folder + "/databases")) {
      TRY(copy_databases(name, to + "/" + name + "/databases", databases));
    }
  }
  return {};
}

Status Copies::write_definitions(const std::string& folder, const std::string& warehouse,
                                 const std::vector<std::string>& databases) {
  const auto tx = data_.door().store().read();
  Json all = Json::array();
  const auto add = [&](const std::string& database) -> Status {
    const sql::UserCatalog catalog = TRY(read_definitions(*tx, warehouse, database));
    all.push(
        Json::object({{"database", database}, {"changes", encoded_changes(changes_of(catalog, database.empty()))}}));
    return {};
  };
  TRY(add(""));
  for (const std::string& database : databases) TRY(add(database));
  return write_file_atomically(folder + kDefinitions, all.text(), 0600);
}

// --- restoring -------------------------------------------------------------------------------------------------------

Status Copies::restore(const std::string& id, const std::string& warehouse) {
  Store& store = data_.door().store();
  if (!TRY(store.read()->get(kWarehouseRestores, {warehouse}))) return {};
  const std::string home = data_.options().directory + "/redshift/", folder = home + warehouse,
                    fresh = folder + ".restored", old = folder + ".replaced";
  TRY(remove_tree(fresh));
  TRY(copy_files(folder_of(id) + "/databases", fresh + "/databases"));
  // Sessions end; one that comes in between finds no databases, and ends as well.
  data_.end_namespace(warehouse);
  TRY(remove_tree(old));
  if (is_directory(folder)) TRY(rename_file(folder, old));
  TRY(rename_file(fresh, folder));
  TRY(sync_directory(home));
  data_.end_namespace(warehouse);
  TRY(store.wait_synced(TRY(store.run([&](Transaction& tx) -> Status {
    TRY(erase_definitions(tx, warehouse));
    TRY(put_definitions(tx, id, warehouse));
    return tx.erase(kWarehouseRestores, {warehouse});
  }))));
  return remove_tree(old);
}

Status Copies::put_definitions(Transaction& tx, const std::string& id, const std::string& warehouse) {
  const Json all = TRY(Json::parse(TRY(read_file(folder_of(id) + kDefinitions))));
  for (const Json& each : all.items())
    TRY(change_definitions(tx, warehouse, each["database"].as_string(),
                           TRY(decoded_changes(each["changes"].as_string()))));
  return {};
}

}  // namespace tarn::redshift_data
