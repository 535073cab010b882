// Client tokens: a request that came before is answered as then.
#pragma once

#include <string>

#include "base/digest.h"
#include "base/text.h"
#include "door/door.h"
#include "door/parameters.h"
#include "services/scheduler/scheduler.h"
#include "store/idempotency.h"

namespace tarn::scheduler {

constexpr size_t kWholeRequest = 1 << 20;
constexpr Micros kTokensLast = 8 * kHour;  // ASSUMED: AWS does not say

// `work` gives the answer (an ARN, or nothing), in the call's transaction. ERRORS: ConflictException: the token came with
// another request.
template <class In>
Result<std::string> once(Call& call, const In& in, auto&& work) {
  if (!in.client_token) return work();
  const wire::Operation& operation = wire::OperationOf<In>::operation();
  const IdempotencyKey key{fmt::format("scheduler:{}:{}", operation.name, call.region()), call.account(),
                           *in.client_token};
  const std::string hash = hex(sha256(audit_parameters(*operation.input, &in, kWholeRequest)));
  const auto earlier = earlier_answer(call.tx(), key, hash, call.now());
  if (!earlier && is_conflict(earlier.error())) return Failure(earlier.error());
  if (!earlier) return conflict(fmt::format("The ClientToken {} came with another request before.", *in.client_token));
  if (*earlier) return **earlier;
  std::string answer = TRY(work());
  TRY(remember_answer(call.tx(), key, hash, answer, call.now() + kTokensLast));
  return answer;
}

}  // namespace tarn::scheduler
