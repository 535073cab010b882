// Call: one operation under way, as its handler sees it: who asks, when, in which transaction.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "blob/blobs.h"
#include "door/principal.h"
#include "store/outbox.h"
#include "store/table.h"

namespace tarn {

class Door;

// Who asks, from where, on whose behalf. Copied into each inner call.
struct Caller {
  Principal principal;
  std::string region = "us-east-1";
  std::string request_id;
  std::string source_ip;       // empty for in-process callers
  std::string user_agent;
  std::string host;            // the Host header, for answers that name an endpoint; empty in process
  bool secure = false;
  // Set by in-process callers that act as a service or through one.
  std::string source_arn;      // aws:SourceArn
  std::string source_account;  // aws:SourceAccount
  std::vector<std::string> called_via;  // aws:CalledVia, first caller first
  // X-Amzn-Trace-Id: the chain of calls that it belongs to. It has no say in who may do what.
  // AWS: X-Ray Developer Guide, "Tracing header".
  std::string trace;
};

using ContextKeys = std::map<std::string, std::vector<std::string>>;

// One right that an operation needs. All needs of a call must be allowed, else it is refused.
struct Need {
  std::string action;                          // "s3:GetObject"
  std::string resource;                        // an ARN, or "*"
  std::string owner = {};                      // the resource's account; empty: the caller's own
  std::optional<std::string> resource_policy = {};  // JSON text of the resource's own policy
  bool trust = false;                          // that policy is a role's trust policy: it must allow, whoever asks
  ContextKeys context = {};                    // the service's keys, e.g. {"s3:prefix", {"x/"}}
};

// What http sends after the output's head: a range of an object's bytes, kept from deletion while it is sent.
struct BlobRange {
  std::shared_ptr<const Body> body;  // nullptr: no bytes
  uint64_t offset = 0;               // of the first byte to send
  uint64_t length = 0;
};

template <class T>
struct WithBody {
  T output;
  BlobRange body;
};

// A pull source of an event stream; next() is called when the socket can write.
class EventSource {
 public:
  virtual ~EventSource() = default;
  // The next encoded event message; nullopt at the end. May take a while: called on a worker thread.
  virtual Result<std::optional<std::string>> next() = 0;
};

template <class T>
struct WithEvents {
  T output;
  std::unique_ptr<EventSource> events;
};

class Call {
 public:
  // REQUIRES: `tx` is nullptr only for a `steps` operation.
  Call(Door& door, const Caller& caller, Transaction* tx, Time now) : door_(door), caller_(caller), tx_(tx), now_(now) {}
  Call(const Call&) = delete;

  Door& door() { return door_; }
  const Caller& caller() const { return caller_; }
  const Principal& principal() const { return caller_.principal; }
  const std::string& account() const { return caller_.principal.account; }
  const std::string& region() const { return caller_.region; }
  const std::string& request_id() const { return caller_.request_id; }
  std::string_view partition() const { return "aws"; }
  // Tarn's clock, the same for the whole call. (Credentials and HTTP dates are on the system's time, not here.)
  Time now() const { return now_; }

  // The account that a resource belongs to: the one named (a CatalogId, an owner's id), else the caller's.
  std::string owner(const std::optional<std::string>& account) const { return account ? *account : caller_.principal.account; }
  // "arn:aws:glue:us-east-1:123456789012:" + resource, for a resource in the caller's region.
  std::string arn(std::string_view service, std::string_view resource, std::string_view account = {}) const;

  // The operation's transaction. A read sees one snapshot; a write locks what it gets. One call is one commit.
  Transaction& tx() { return *tx_; }
  template <class K, class R>
  Result<std::optional<R>> get(const Table<K, R>& table, const K& key, Lock lock = Lock::kExclusive) {
    return tx_->get(table, key, lock);
  }
  template <class K, class R>
  Status put(const Table<K, R>& table, const K& key, const R& record) {
    return tx_->put(table, key, record);
  }
  template <class K, class R>
  Status erase(const Table<K, R>& table, const K& key) {
    return tx_->erase(table, key);
  }

  // An event in the operation's commit, if anyone subscribes to its kind; account and region are the call's where empty.
  Status emit(Event event);

  // Resources that the audit record shall name beside those of the call's needs.
  void touches(std::string arn) { touched_.push_back(std::move(arn)); }
  const std::vector<std::string>& touched() const { return touched_; }

 private:
  Door& door_;
  const Caller& caller_;
  Transaction* tx_;
  Time now_;
  std::vector<std::string> touched_;
};

}  // namespace tarn
