#include "store/idempotency.h"

#include <algorithm>

#include "base/text.h"

#include "store/table.h"

namespace tarn {
namespace {

struct Answer {
  std::string request_hash;
  std::string answer;
  Time expires;
  static void fields(auto& self, auto&& visit) { visit(self.request_hash, self.answer, self.expires); }
};
constexpr Index<IdempotencyKey, Answer> kByExpiry{
    "tarn.idempotency.by_expiry",
    [](const IdempotencyKey&, const Answer& answer, IndexKeys& keys) { keys.add(answer.expires); }};
constexpr Index<IdempotencyKey, Answer> kIndexes[] = {kByExpiry};
constexpr Table<IdempotencyKey, Answer> kAnswers{"tarn.idempotency", kIndexes};

constexpr size_t kBatch = 100;

}  // namespace

Result<std::optional<std::string>> earlier_answer(Transaction& tx, const IdempotencyKey& key,
                                                  std::string_view request_hash, Time now) {
  std::optional<Answer> answer = TRY(tx.get(kAnswers, key));
  if (!answer || answer->expires <= now) return std::nullopt;
  if (answer->request_hash != request_hash)
    return fail(
        400, "IdempotentParameterMismatch",
        "The client token " + key.token + " was used before with other parameters. Use a new token for a new request.");
  return std::move(answer->answer);
}

Status remember_answer(Transaction& tx, const IdempotencyKey& key, std::string_view request_hash,
                       std::string_view answer, Time expires) {
  return tx.put(kAnswers, key, Answer{std::string(request_hash), std::string(answer), expires});
}

Result<size_t> forget_expired_answers(Store& store, Time now) {
  const std::string end = index_prefix(kByExpiry, now + 1);
  size_t erased = 0;
  std::string after;
  for (bool more = true; more;) {
    const auto page = TRY(store.read()->scan_index(kAnswers, kByExpiry, {.after = after, .limit = kBatch}));
    after = page.last;
    more = page.more && page.last < end;
    TRY(store.run([&](Transaction& tx) -> Status {
      for (const auto& entry : page.entries) {
        // Locked and read again: it may have been given anew meanwhile.
        const std::optional<Answer> answer = TRY(tx.get(kAnswers, entry.key));
        if (!answer || answer->expires > now) continue;
        TRY(tx.erase(kAnswers, entry.key));
        ++erased;
      }
      return {};
    }));
  }
  return erased;
}

Status forget_expired_answers_daily(Store& store, Timers& timers, Time now) {
  static constexpr std::string_view kTimer = "tarn.expired-answers";
  timers.on(std::string(kTimer), [&](Transaction& tx, const Timer& timer) -> Status {
    TRY(forget_expired_answers(store, timer.due));
    // Where there is nothing to forget it looks ever more seldom: a virtual clock may be moved by centuries.
    const bool any = !TRY(tx.scan(kAnswers, {.limit = 1})).entries.empty();
    const int64_t days = any ? 1 : std::max<int64_t>(1, 2 * parse_int(timer.payload).value_or(1));
    return timers.set(tx, kTimer, "", timer.due + days * kDay, std::to_string(days));
  });
  if (!store.writable()) return {};  // a full disk is no reason not to start
  TRY(store.run([&](Transaction& tx) { return timers.set(tx, kTimer, "", now, "0"); }));
  return {};
}

}  // namespace tarn
