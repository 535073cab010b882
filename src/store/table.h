// Typed tables and the transactions on them.
//
//   constexpr Table<DatabaseKey, DatabaseRecord> kDatabases{"glue.databases"};
//
//   if (TRY(tx.get(kDatabases, key))) return already_exists();
//   TRY(tx.put(kDatabases, key, record));
//   auto page = TRY(tx.scan(kDatabases, {.prefix = prefix_of(kDatabases, owner), .after = position, .limit = 100}));
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/result.h"
#include "store/codec.h"

namespace tarn {

class Store;

// A place in the log. Later commits have greater ones.
using Sequence = uint64_t;

// The code of the error that a conflict, a lock's timeout or a deadlock gives: nothing has happened, and the same
// operation run anew may well go through. The door does so.
constexpr std::string_view kTransactionConflict = "TransactionConflict";
inline bool is_conflict(const Error& error) {
  return error.code == kTransactionConflict;
}

// How get() in a writing transaction takes the key until the transaction ends. A read-only one never locks.
enum class Lock : uint8_t {
  kExclusive,  // nobody else locks it
  kShared,     // others may share it: for a parent that must stay while a child is made
  kNone,       // what is committed now; it may change before this transaction commits
};

// --- tables ---------------------------------------------------------------------------------------------------------

// Collects a record's keys in one secondary index: none, one or several.
class IndexKeys {
 public:
  template <class... Part>
  void add(const Part&... part) {
    std::string key;
    (codec::append_key_part(key, part), ...);
    keys_.push_back(std::move(key));
  }
  const std::vector<std::string>& keys() const { return keys_; }

 private:
  std::vector<std::string> keys_;
};

// A secondary index: entries that put() and erase() keep in step with the table. Not unique of itself.
//
//   constexpr Index<RoleKey, RoleRecord> kRolesById{"iam.roles.by_id", [](const RoleKey&, const RoleRecord& r,
//                                                                         IndexKeys& keys) { keys.add(r.id); }};
//   constexpr Index<RoleKey, RoleRecord> kRoleIndexes[] = {kRolesById};
//   constexpr Table<RoleKey, RoleRecord> kRoles{"iam.roles", kRoleIndexes};
//   auto page = TRY(tx.scan_index(kRoles, kRolesById, {.prefix = index_prefix(kRolesById, id)}));
template <class K, class R>
struct Index {
  std::string_view name;  // unlike every table's and index's
  void (*keys)(const K&, const R&, IndexKeys&);
};

// REQUIRES: no two tables of a server have the same name; a name has no byte 0.
template <class K, class R>
struct Table {
  std::string_view name;
  std::span<const Index<K, R>> indexes = {};
};

// The column families: how bytes are kept on the disk.
enum class Family : uint8_t { kState, kAudit, kBytes };

// --- ranges ---------------------------------------------------------------------------------------------------------

// As the last argument of prefix_of: strings that start so, where a string alone means exactly that one.
struct Starts {
  std::string_view with;
};

namespace codec {

template <size_t I, class Refs>
void append_parts(std::string&, Refs&) {}
template <size_t I, class Refs, class Part, class... More>
void append_parts(std::string& out, Refs& refs, const Part& part, const More&... more) {
  using Field = std::remove_cvref_t<std::tuple_element_t<I, Refs>>;
  if constexpr (std::is_same_v<Part, Starts>) {
    static_assert(sizeof...(More) == 0 && std::is_same_v<Field, std::string>, "Starts is the last, of a string");
    append_escaped(out, part.with);
  } else {
    // Through the field's own type, so that a literal of another integer type encodes as the field does.
    Field field{};
    field = part;
    append_key_part(out, field);
    append_parts<I + 1>(out, refs, more...);
  }
}
}  // namespace codec

// All keys of the table whose first fields have these values. The result may serve as Range::prefix and for seek_past.
template <class K, class R, class... Part>
std::string prefix_of(const Table<K, R>& table, const Part&... part) {
  std::string out = codec::table_prefix(table.name);
  K key{};
  K::fields(key, [&](auto&... field) {
    auto refs = std::tie(field...);
    codec::append_parts<0>(out, refs, part...);
  });
  return out;
}

template <class K, class R>
std::string encoded_key(const Table<K, R>& table, const K& key) {
  std::string out = codec::table_prefix(table.name);
  append_key(out, key);
  return out;
}

// REQUIRES: the parts have the types that the index's function adds (signed, unsigned and string differ).
template <class K, class R, class... Part>
std::string index_prefix(const Index<K, R>& index, const Part&... part) {
  std::string out = codec::table_prefix(index.name);
  if constexpr (sizeof...(part) > 0) (codec::append_key_part(out, part), ...);
  return out;
}

struct Range {
  std::string prefix = {};  // of prefix_of or index_prefix; empty: the whole table
  std::string after = {};   // start behind this encoded key (Page::last, encoded_key); empty: at the beginning
  size_t limit = SIZE_MAX;
  bool reverse = false;  // from the end to the beginning; `after` is then the key to start before
};

template <class K, class R>
struct Entry {
  K key;
  R record;
};

template <class K, class R>
struct Page {
  std::vector<Entry<K, R>> entries;
  bool more = false;  // there are entries behind the limit
  std::string last;   // the last entry's encoded key: the next Range::after, and what a page token holds
};

// --- cursors --------------------------------------------------------------------------------------------------------

// Walks over a range of encoded keys; sees its transaction's own writes. LIFETIME: not beyond its transaction.
class RawCursor {
 public:
  RawCursor(RawCursor&&) noexcept;
  ~RawCursor();

  // False: at the end, or broken (status() then says how).
  bool valid() const;
  Status status() const;
  // REQUIRES: valid(); the views hold until the cursor moves.
  std::string_view key() const;
  std::string_view value() const;
  void next();
  // Goes to the first entry at or behind the key (at or before it, in reverse).
  void seek(std::string_view encoded);
  // Goes behind every key that starts so (before them, in reverse).
  void seek_past(std::string_view encoded_prefix);

 private:
  friend class Transaction;
  struct State;
  explicit RawCursor(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

template <class K, class R>
class Cursor {
 public:
  Cursor(Table<K, R> table, RawCursor raw) : table_(table), raw_(std::move(raw)) {}

  bool valid() const { return raw_.valid(); }
  Status status() const { return raw_.status(); }
  void next() { raw_.next(); }
  void seek(const K& key) { raw_.seek(encoded_key(table_, key)); }
  void seek_past(std::string_view prefix) { raw_.seek_past(prefix); }
  std::string_view encoded() const { return raw_.key(); }
  // REQUIRES: valid(), for both.
  Result<K> key() const {
    K key{};
    if (!read_key(raw_.key().substr(table_.name.size() + 1), key))
      return damaged_record(table_.name, "its key does not fit the key's fields");
    return key;
  }
  Result<R> record() const { return decode_record<R>(raw_.value(), table_.name); }

 private:
  Table<K, R> table_;
  RawCursor raw_;
};

// --- transactions ---------------------------------------------------------------------------------------------------

// One operation's view of the store and, if it writes, its changes. Without commit() nothing has happened.
//
// A read-only transaction (Store::read) sees one snapshot. A writing one (Store::write) sees what is committed now and
// its own writes; what it got or put stays locked until it ends; scans lock nothing. So whoever makes a child
// locks the parent's record shared, and whoever deletes the parent or decides by a scan locks it exclusively.
//
// ERRORS, all: TransactionConflict (is_conflict()); InternalFailure when the store is damaged or full.
// THREADS: one at a time. LIFETIME: not beyond its store.
class Transaction {
 public:
  Transaction(const Transaction&) = delete;
  ~Transaction();

  Store& store() const;
  bool writes() const;

  template <class K, class R>
  Result<std::optional<R>> get(const Table<K, R>& table, const K& key, Lock lock = Lock::kExclusive) {
    const std::optional<std::string> bytes = TRY(get_bytes(Family::kState, encoded_key(table, key), lock));
    if (!bytes) return std::nullopt;
    return TRY(decode_record<R>(*bytes, table.name));
  }

  // REQUIRES: writes(), for put and erase.
  template <class K, class R>
  Status put(const Table<K, R>& table, const K& key, const R& record) {
    const std::string encoded = encoded_key(table, key);
    if (!table.indexes.empty()) {
      const std::optional<R> old = TRY(get(table, key));
      for (const Index<K, R>& index : table.indexes)
        TRY(move_index_entries(index, encoded, key, old ? &*old : nullptr, &record));
    }
    return put_bytes(Family::kState, encoded, encode_record(record));
  }

  // One that is not there is no error.
  template <class K, class R>
  Status erase(const Table<K, R>& table, const K& key) {
    const std::string encoded = encoded_key(table, key);
    if (!table.indexes.empty()) {
      const std::optional<R> old = TRY(get(table, key));
      for (const Index<K, R>& index : table.indexes)
        TRY(move_index_entries<K, R>(index, encoded, key, old ? &*old : nullptr, nullptr));
    }
    return erase_bytes(Family::kState, encoded);
  }

  template <class K, class R>
  Result<Page<K, R>> scan(const Table<K, R>& table, const Range& range = {}) {
    Page<K, R> page;
    Cursor<K, R> at = cursor(table, range);
    for (; at.valid() && page.entries.size() < range.limit; at.next()) {
      page.last = at.encoded();
      page.entries.push_back({TRY(at.key()), TRY(at.record())});
    }
    page.more = at.valid();
    TRY(at.status());
    return page;
  }

  // At the range's beginning; its limit is not looked at.
  template <class K, class R>
  Cursor<K, R> cursor(const Table<K, R>& table, const Range& range = {}) {
    return Cursor<K, R>(
        table, cursor_bytes(Family::kState, range.prefix.empty() ? codec::table_prefix(table.name) : range.prefix,
                            range.after, range.reverse));
  }

  // The table's entries in the index's order. Page::last is an index key: good for Range::after of this index.
  template <class K, class R>
  Result<Page<K, R>> scan_index(const Table<K, R>& table, const Index<K, R>& index, const Range& range = {}) {
    Page<K, R> page;
    RawCursor at = cursor_bytes(Family::kState, range.prefix.empty() ? codec::table_prefix(index.name) : range.prefix,
                                range.after, range.reverse);
    for (; at.valid() && page.entries.size() < range.limit; at.next()) {
      K key{};
      if (!read_key(at.value().substr(table.name.size() + 1), key))
        return damaged_record(index.name, "it points to no key");
      std::optional<R> record = TRY(get(table, key, Lock::kNone));
      if (!record) continue;  // erased by another since the entry was read
      page.last = at.key();
      page.entries.push_back({std::move(key), std::move(*record)});
    }
    page.more = at.valid();
    TRY(at.status());
    return page;
  }

  // DURABLE: all of it or nothing, and once Store::when_synced says so for the sequence, for good. On an error nothing
  // has happened. The transaction is over either way.
  Result<Sequence> commit();
  // What an answer must wait for (Store::when_synced) when it tells what this transaction read.
  Sequence seen() const;

  // Run by commit() when it went through, in order, before it returns; others see the changes by then.
  void on_commit(std::move_only_function<void()> action);
  // Run when what was committed is on the disk, on the store's sync thread: short, never waiting for the store. Not run
  // at all when the transaction does not commit or the disk fails.
  void on_synced(std::move_only_function<void()> action);

  // Bytes under encoded keys, for the store's and blob's own use.
  Result<std::optional<std::string>> get_bytes(Family family, std::string_view key, Lock lock);
  Status put_bytes(Family family, std::string_view key, std::string_view value);
  Status erase_bytes(Family family, std::string_view key);
  RawCursor cursor_bytes(Family family, std::string_view prefix, std::string_view after = {}, bool reverse = false);

 private:
  friend class Store;
  struct State;
  explicit Transaction(std::unique_ptr<State> state);

  template <class K, class R>
  Status move_index_entries(const Index<K, R>& index, std::string_view encoded, const K& key, const R* from,
                            const R* to) {
    IndexKeys before, after;
    if (from) index.keys(key, *from, before);
    if (to) index.keys(key, *to, after);
    return move_index_entries(index.name, encoded, before.keys(), after.keys());
  }
  Status move_index_entries(std::string_view index, std::string_view encoded, const std::vector<std::string>& before,
                            const std::vector<std::string>& after);

  std::unique_ptr<State> state_;
};

}  // namespace tarn
