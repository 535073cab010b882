// The door: every action, whoever asks, is an operation by a principal that is validated, authorised, executed and
// audited here, and nowhere else. HTTP requests and in-process callers enter alike.
//
// THREADS: all functions from any thread. An in-process call runs on its caller's thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "blob/blobs.h"
#include "door/accounts.h"
#include "door/audit.h"
#include "door/call.h"
#include "door/dispatch.h"
#include "door/rights.h"
#include "door/sessions.h"
#include "os/clock.h"
#include "store/outbox.h"
#include "store/store.h"
#include "store/timers.h"
#include "wire/any.h"
#include "wire/operation_of.h"

namespace tarn {

// What a call came to. DURABLE: not before `seen` is synced may anyone be told of it, an error included: what it wrote,
// or saw, might still be lost in a crash.
template <class T>
struct Answered {
  Result<T> result;
  Sequence seen = 0;
};

class Door {
 public:
  // LIFETIME: borrows all; they outlive the door.
  struct Parts {
    Store& store;
    Blobs& blobs;
    Clock& clock;
    Outbox& outbox;
    Timers& timers;
    const Accounts& accounts;
    const Sessions& sessions;
    Audit& audit;
  };
  explicit Door(Parts parts) : parts_(parts) {}
  Door(const Door&) = delete;

  // --- wiring, before the first call ---------------------------------------------------------------------------------
  void add(const ServiceTable& table, void* service);
  void set_identities(Identities& identities) { identities_ = &identities; }
  std::vector<const wire::Service*> services() const;

  // --- who asks ------------------------------------------------------------------------------------------------------
  // The secret and principal of an access key: an account's root key, an IAM user's, or a session's with its token.
  // ERRORS: InvalidClientTokenId (no such key, or inactive; the wire words it per protocol), ExpiredToken.
  Result<AccessKey> find_key(std::string_view access_key, std::string_view session_token);

  // A caller that is a service acting as a role: "redshift.amazonaws.com" as arn:aws:iam::1:role/r. Checks that the
  // role's trust policy lets the service assume it. `from` gives region, request id and chain.
  // ERRORS: AccessDenied, as sts:AssumeRole words it; NoSuchEntity.
  Result<Caller> assume_as_service(const Caller& from, std::string_view role_arn, std::string_view service,
                                   std::string_view session_name);

  // --- operations ----------------------------------------------------------------------------------------------------
  const Handler* find(const wire::Operation& operation) const;

  // Forms read, write and steps. REQUIRES: `in` points to the operation's input struct.
  Answered<wire::Any> execute(const Caller& caller, const wire::Operation& operation, const void* in);
  // Form body-in: may this caller do it at all, asked on the head, before any of the body is taken; then the whole.
  Status admit(const Caller& caller, const wire::Operation& operation, const void* in);
  Answered<wire::Any> execute(const Caller& caller, const wire::Operation& operation, const void* in, const StagedBody& body);
  Answered<WithBody<wire::Any>> execute_body_out(const Caller& caller, const wire::Operation& operation, const void* in);
  Answered<WithEvents<wire::Any>> execute_events(const Caller& caller, const wire::Operation& operation, const void* in);
  // Form wait: judged and begun when it returns; the answer, which may be told at once, comes through `reply`. In process
  // execute() and call() wait for it.
  void execute_wait(const Caller& caller, const wire::Operation& operation, const void* in, Reply<wire::Any> reply);

  // Typed calls of in-process callers, by the input's type; they wait until the answer may be told.
  // REQUIRES: no transaction is open on this thread.
  template <class In>
  Result<typename wire::OperationOf<In>::Output> call(const Caller& caller, const In& in) {
    Answered<wire::Any> answered = execute(caller, wire::OperationOf<In>::operation(), &in);
    return finish<typename wire::OperationOf<In>::Output>(std::move(answered));
  }
  template <class In>
  Result<typename wire::OperationOf<In>::Output> call(const Caller& caller, const In& in, const StagedBody& body) {
    Answered<wire::Any> answered = execute(caller, wire::OperationOf<In>::operation(), &in, body);
    return finish<typename wire::OperationOf<In>::Output>(std::move(answered));
  }
  template <class In>
  Result<WithBody<typename wire::OperationOf<In>::Output>> call_body_out(const Caller& caller, const In& in) {
    Answered<WithBody<wire::Any>> answered = execute_body_out(caller, wire::OperationOf<In>::operation(), &in);
    TRY(parts_.store.wait_synced(answered.seen));
    auto [output, body] = TRY(std::move(answered.result));
    return WithBody<typename wire::OperationOf<In>::Output>{
        std::move(output.template as<typename wire::OperationOf<In>::Output>()), std::move(body)};
  }

  // Several writes in one commit: what an UNLOAD publishes. Each is authorised and audited as a call of its own; all
  // happen or none. REQUIRES: operations of form write or body-in (then with a body).
  struct Step {
    const wire::Operation* operation;
    const void* in;
    const StagedBody* body = nullptr;
  };
  // `also` writes what the caller itself must know of it after a crash, in the same commit; it may be run anew.
  Answered<std::vector<wire::Any>> execute_together(const Caller& caller, const std::vector<Step>& steps,
                                                    const std::function<Status(Transaction&)>& also = {});

  Store& store() { return parts_.store; }
  Blobs& blobs() { return parts_.blobs; }
  Clock& clock() { return parts_.clock; }
  Outbox& outbox() { return parts_.outbox; }
  Timers& timers() { return parts_.timers; }
  const Accounts& accounts() const { return parts_.accounts; }
  const Sessions& sessions() const { return parts_.sessions; }
  Identities& identities() { return *identities_; }
  Audit& audit() { return parts_.audit; }

 private:
  struct Entry {
    const Handler* handler;
    void* service;
  };
  template <class T>
  Result<T> finish(Answered<wire::Any> answered) {
    TRY(parts_.store.wait_synced(answered.seen));
    wire::Any any = TRY(std::move(answered.result));
    return std::move(any.template as<T>());
  }
  template <class T, class Invoke>
  Answered<T> run(const Caller& caller, const wire::Operation& operation, const void* in, Invoke invoke);
  Status judge_call(Call& call, const Entry& entry, const void* in, Judgement& judgement);
  AuditRecord audit_record(const Caller& caller, const wire::Operation& operation, const void* in, const Call& call,
                           const Judgement& judgement, const Error* error) const;

  Parts parts_;
  Identities* identities_ = nullptr;
  PolicyCache policies_;
  std::map<const wire::Operation*, Entry> entries_;
  std::vector<const wire::Service*> services_;
};

}  // namespace tarn
