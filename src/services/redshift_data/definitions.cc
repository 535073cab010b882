#include "services/redshift_data/definitions.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "os/clock.h"
#include "sql/passwords.h"

namespace tarn::redshift_data {
namespace {

using Kind = sql::CatalogChange::Kind;

constexpr int64_t kFirstId = 100;

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

// Visits each record of the table below the prefix.
template <class K, class R, class Each, class... Part>
Status each_of(Transaction& tx, const Table<K, R>& table, Each each, const Part&... part) {
  auto at = tx.cursor(table, {.prefix = prefix_of(table, part...)});
  for (; at.valid(); at.next()) each(TRY(at.key()), TRY(at.record()));
  return at.status();
}

template <class R>
Result<int64_t> next_id(Transaction& tx, const Table<NameKey, R>& table, const std::string& namespace_id) {
  int64_t last = kFirstId - 1;
  TRY(each_of(tx, table, [&](const NameKey&, const R& record) { last = std::max(last, record.id); }, namespace_id));
  return last + 1;
}

template <class K, class R>
Status put_or_erase(Transaction& tx, const Table<K, R>& table, const K& key, const R& record, Kind kind) {
  return kind == Kind::kPut ? tx.put(table, key, record) : tx.erase(table, key);
}

// A thing with a number: it keeps the one that it has.
template <class R>
Status put_numbered(Transaction& tx, const Table<NameKey, R>& table, const NameKey& key, R record, Kind kind) {
  if (kind == Kind::kErase) return tx.erase(table, key);
  const auto old = TRY(tx.get(table, key));
  if (record.id == 0) record.id = old ? old->id : TRY(next_id(tx, table, key.namespace_id));
  return tx.put(table, key, record);
}

}  // namespace

Result<sql::UserCatalog> read_definitions(Transaction& tx, const std::string& namespace_id,
                                          const std::string& database) {
  sql::UserCatalog all;
  TRY(each_of(
      tx, kSchemas,
      [&](const SchemaKey& key, const SchemaRecord& record) {
        all.schemas.push_back(
            {key.name, record.glue_database, record.region, record.role, record.owner, record.source});
      },
      namespace_id, database));
  TRY(each_of(
      tx, kRoutines,
      [&](const RoutineKey& key, const RoutineRecord& record) {
        all.routines.push_back({key.procedure, key.schema, key.name, key.signature, record.definition, record.owner});
      },
      namespace_id, database));
  TRY(each_of(
      tx, kUsers,
      [&](const NameKey& key, const UserRecord& r) {
        all.users.push_back({key.name, r.id, r.superuser, r.create_database, r.unrestricted, r.password, r.valid_until,
                             r.external_id, r.settings});
      },
      namespace_id));
  TRY(each_of(
      tx, kGroups,
      [&](const NameKey& key, const GroupRecord& r) { all.groups.push_back({key.name, r.id, r.members}); },
      namespace_id));
  TRY(each_of(
      tx, kRoles,
      [&](const NameKey& key, const RoleRecord& r) {
        all.roles.push_back({key.name, r.id, r.owner, r.external_id, r.privileges});
      },
      namespace_id));
  TRY(each_of(
      tx, kMemberships,
      [&](const MembershipKey& key, const MembershipRecord& r) {
        all.memberships.push_back({key.role, key.member_kind, key.member, r.admin});
      },
      namespace_id));
  return all;
}

Status change_definitions(Transaction& tx, const std::string& namespace_id, const std::string& database,
                          const std::vector<sql::CatalogChange>& changes) {
  for (const sql::CatalogChange& change : changes)
    TRY(std::visit(
        Overloaded{
            [&](const sql::StoredSchema& s) {
              return put_or_erase(tx, kSchemas, {namespace_id, database, s.name},
                                  SchemaRecord{s.database, s.region, s.role, s.owner, s.source}, change.kind);
            },
            [&](const sql::StoredRoutine& r) {
              return put_or_erase(tx, kRoutines, {namespace_id, database, r.procedure, r.schema, r.name, r.signature},
                                  RoutineRecord{r.definition, r.owner}, change.kind);
            },
            [&](const sql::StoredUser& u) {
              return put_numbered(tx, kUsers, {namespace_id, u.name},
                                  UserRecord{u.id, u.superuser, u.create_database, u.unrestricted, u.password,
                                             u.valid_until, u.external_id, u.settings},
                                  change.kind);
            },
            [&](const sql::StoredGroup& g) {
              return put_numbered(tx, kGroups, {namespace_id, g.name}, GroupRecord{g.id, g.members}, change.kind);
            },
            [&](const sql::StoredRole& r) {
              return put_numbered(tx, kRoles, {namespace_id, r.name},
                                  RoleRecord{r.id, r.owner, r.external_id, r.privileges}, change.kind);
            },
            [&](const sql::StoredMembership& m) {
              return put_or_erase(tx, kMemberships, {namespace_id, m.role, m.member_kind, m.member},
                                  MembershipRecord{m.admin}, change.kind);
            }},
        change.what));
  return {};
}

namespace {

template <class K, class R>
Status erase_below(Transaction& tx, const Table<K, R>& table, const std::string& namespace_id) {
  std::vector<K> keys;
  TRY(each_of(tx, table, [&](const K& key, const R&) { keys.push_back(key); }, namespace_id));
  for (const K& key : keys) TRY(tx.erase(table, key));
  return {};
}

}  // namespace

Status erase_definitions(Transaction& tx, const std::string& namespace_id) {
  TRY(erase_below(tx, kSchemas, namespace_id));
  TRY(erase_below(tx, kRoutines, namespace_id));
  TRY(erase_below(tx, kUsers, namespace_id));
  TRY(erase_below(tx, kGroups, namespace_id));
  TRY(erase_below(tx, kRoles, namespace_id));
  TRY(erase_below(tx, kMemberships, namespace_id));
  TRY(erase_below(tx, kMovedFiles, namespace_id));
  return erase_below(tx, kLoadErrors, namespace_id);
}

// --- changes as text ------------------------------------------------------------------------------------------------

namespace {

Json texts(const std::vector<std::string>& items) {
  Json all = Json::array();
  for (const std::string& item : items) all.push(item);
  return all;
}
std::vector<std::string> texts(const Json& json) {
  std::vector<std::string> all;
  for (const Json& item : json.items()) all.push_back(item.as_string());
  return all;
}

Json json_of(const sql::StoredSchema& s) {
  return Json::array({Json("schema"), Json(s.name), Json(s.database), Json(s.region), Json(s.role), Json(s.owner),
                      Json(s.source)});
}
Json json_of(const sql::StoredRoutine& r) {
  return Json::array({Json("routine"), Json(r.procedure), Json(r.schema), Json(r.name), Json(r.signature),
                      Json(r.definition), Json(r.owner)});
}
Json json_of(const sql::StoredUser& u) {
  std::vector<std::string> settings;
  for (const auto& [name, value] : u.settings) settings.insert(settings.end(), {name, value});
  return Json::array({Json("user"), Json(u.name), Json(u.id), Json(u.superuser), Json(u.create_database),
                      Json(u.unrestricted), Json(u.password), Json(u.valid_until), Json(u.external_id),
                      texts(settings)});
}
Json json_of(const sql::StoredGroup& g) {
  return Json::array({Json("group"), Json(g.name), Json(g.id), texts(g.members)});
}
Json json_of(const sql::StoredRole& r) {
  return Json::array(
      {Json("role"), Json(r.name), Json(r.id), Json(r.owner), Json(r.external_id), texts(r.privileges)});
}
Json json_of(const sql::StoredMembership& m) {
  return Json::array({Json("membership"), Json(m.role), Json(m.member_kind), Json(m.member), Json(m.admin)});
}

}  // namespace

std::string encoded_changes(const std::vector<sql::CatalogChange>& changes) {
  Json all = Json::array();
  for (const sql::CatalogChange& change : changes)
    all.push(Json::object({{"put", change.kind == Kind::kPut},
                           {"what", std::visit([](const auto& what) { return json_of(what); }, change.what)}}));
  return all.text();
}

Result<std::vector<sql::CatalogChange>> decoded_changes(const std::string& bytes) {
  std::vector<sql::CatalogChange> all;
  const Json parsed = TRY(Json::parse(bytes));
  for (const Json& json : parsed.items()) {
    sql::CatalogChange& change = all.emplace_back();
    change.kind = json["put"].as_bool() ? Kind::kPut : Kind::kErase;
    const auto& f = json["what"].items();
    const auto text = [&](size_t i) { return f.at(i).as_string(); };
    const std::string kind = text(0);
    if (kind == "schema")
      change.what = sql::StoredSchema{text(1), text(2), text(3), text(4), text(5), f.size() > 6 ? text(6) : ""};
    if (kind == "routine")
      change.what = sql::StoredRoutine{f[1].as_bool(), text(2), text(3), text(4), text(5), text(6)};
    if (kind == "user") {
      sql::StoredUser user{text(1), f[2].as_int(), f[3].as_bool(), f[4].as_bool(), f[5].as_bool(),
                           text(6), text(7),       text(8),        {}};
      const auto settings = texts(f[9]);
      for (size_t i = 0; i + 1 < settings.size(); i += 2) user.settings.emplace_back(settings[i], settings[i + 1]);
      change.what = std::move(user);
    }
    if (kind == "group") change.what = sql::StoredGroup{text(1), f[2].as_int(), texts(f[3])};
    if (kind == "role") change.what = sql::StoredRole{text(1), f[2].as_int(), text(3), text(4), texts(f[5])};
    if (kind == "membership") change.what = sql::StoredMembership{text(1), text(2), text(3), f[4].as_bool()};
  }
  return all;
}

Result<std::optional<std::string>> user_with_password(Transaction& tx, const std::string& namespace_id,
                                                      const std::string& user, const std::string& password) {
  for (const std::string& name : {user, lower(user)}) {
    const auto record = TRY(tx.get(kUsers, NameKey{namespace_id, name}, Lock::kNone));
    if (!record || !sql::password_fits(record->password, name, password)) continue;
    const auto until = parse_iso8601(record->valid_until);
    if (until && *until <= system_now()) continue;
    return name;
  }
  return std::nullopt;
}

Result<bool> has_user(Transaction& tx, const std::string& namespace_id, const std::string& name) {
  return TRY(tx.get(kUsers, NameKey{namespace_id, name}, Lock::kNone)).has_value();
}

Status settle_intent(Store& store, const std::string& id, bool committed) {
  const Sequence done = TRY(store.run([&](Transaction& tx) -> Status {
    const auto intent = TRY(tx.get(kIntents, {id}));
    if (!intent) return {};
    if (committed)
      TRY(change_definitions(tx, intent->namespace_id, intent->database, TRY(decoded_changes(intent->changes))));
    return tx.erase(kIntents, {id});
  }));
  return store.wait_synced(done);
}

Status ensure_user(Store& store, const std::string& namespace_id, const std::string& name, bool superuser) {
  const NameKey key{namespace_id, name};
  {
    const auto tx = store.read();
    if (TRY(tx->get(kUsers, key))) return store.wait_synced(tx->seen());
  }
  const Sequence done = TRY(store.run([&](Transaction& tx) -> Status {
    if (TRY(tx.get(kUsers, key))) return {};
    UserRecord record;
    record.id = TRY(next_id(tx, kUsers, namespace_id));
    record.superuser = superuser;
    record.create_database = superuser;
    return tx.put(kUsers, key, record);
  }));
  return store.wait_synced(done);
}

}  // namespace tarn::redshift_data
