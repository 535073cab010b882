// For tests of services: a door over a store of its own, on a virtual clock, that knows one account and its root.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "door/accounts.h"
#include "door/audit.h"
#include "door/door.h"
#include "os/temporary.h"
#include "store/timers.h"

namespace tarn {

// Asked only of users and roles; the root is neither.
class NoIdentities final : public Identities {
 public:
  Result<std::optional<AccessKey>> access_key(Transaction&, std::string_view) override { return std::nullopt; }
  Result<std::optional<AttachedPolicies>> policies(Transaction&, const Principal&) override { return std::nullopt; }
  Result<std::optional<RoleFacts>> role(Transaction&, std::string_view) override { return std::nullopt; }
  Result<std::optional<std::string>> principal_id(Transaction&, std::string_view) override { return std::nullopt; }
  Result<std::optional<std::string>> principal_arn(Transaction&, std::string_view) override { return std::nullopt; }
};

class TestingDoor {
 public:
  static constexpr const char* kAccount = "123456789012";

  TestingDoor() {
    door.set_identities(identities_);
    caller.principal = {.kind = Principal::Kind::kRoot, .account = kAccount, .arn = "arn:aws:iam::123456789012:root"};
  }

  // Events of the kind are written from now on, and told() has them.
  void listen(const std::string& kind) {
    outbox.match(kind, [this](Transaction&, const Event& event) -> Result<std::vector<NewDelivery>> {
      told_.emplace_back(event.kind, Json::parse(event.payload).value());
      return std::vector<NewDelivery>{};
    });
    store->run([&](Transaction& tx) { return outbox.subscribe(tx, kind, kAccount, "us-east-1", "test"); }).value();
  }
  // What was told until now, in its order: kind and payload.
  std::vector<std::pair<std::string, Json>> told() {
    outbox.start().value();
    DueSource* sources[] = {&outbox};
    advance(*store, clock, clock.now(), sources, 20 * kSecond).value();
    outbox.stop();
    return told_;
  }
  template <class K, class R>
  std::vector<Entry<K, R>> all(const Table<K, R>& table) {
    return store->read()->scan(table)->entries;
  }

  TemporaryDirectory directory;
  VirtualClock clock{Time::of_seconds(1'700'000'000)};
  std::unique_ptr<Store> store = Store::open(directory.path() + "/data").value();
  std::unique_ptr<Blobs> blobs = Blobs::open(*store).value();
  Accounts accounts = Accounts::load(directory.path(), {{.account = kAccount}}).value();
  Sessions sessions{std::string(32, 'k')};
  Outbox outbox{*store, clock};
  Timers timers{*store, clock};
  Audit audit{*store};
  Door door{Door::Parts{*store, *blobs, clock, outbox, timers, accounts, sessions, audit}};
  Caller caller;  // the root

 private:
  NoIdentities identities_;
  std::vector<std::pair<std::string, Json>> told_;
};

}  // namespace tarn
