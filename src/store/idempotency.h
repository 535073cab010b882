// Idempotency: an operation asked for twice with the same token happens once, and answers the same.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "store/store.h"
#include "store/timers.h"

namespace tarn {

struct IdempotencyKey {
  std::string operation, principal, token;
  static void fields(auto& self, auto&& visit) { visit(self.operation, self.principal, self.token); }
};

// The answer given before, if any; the key is locked until the transaction ends, so a twin waits for this one.
// ERRORS: IdempotentParameterMismatch (400): the token came with another request before. (The door puts the service's
// code there.)
Result<std::optional<std::string>> earlier_answer(Transaction& tx, const IdempotencyKey& key,
                                                  std::string_view request_hash, Time now);

// In the commit of what happened.
Status remember_answer(Transaction& tx, const IdempotencyKey& key, std::string_view request_hash,
                       std::string_view answer, Time expires);

// Erases those that expired before `now`, in commits of their own; how many.
Result<size_t> forget_expired_answers(Store& store, Time now);
// The same at once and then every day; where there was nothing, after twice as long as the last time.
// REQUIRES: before timers.start(); the store outlives them.
Status forget_expired_answers_daily(Store& store, Timers& timers, Time now);

}  // namespace tarn
