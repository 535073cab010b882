#include <algorithm>
#include <tuple>

#include "door/door.h"
#include "gen/admin/handlers.h"
#include "services/admin/admin.h"
#include "store/timers.h"

namespace tarn::admin {
namespace {

// What was called meanwhile for the caller's account, in an order that does not hang on which target was quicker.
wire::List<Firing> fired_since(const Administration& admin, uint64_t place, const std::string& account) {
  std::vector<CallLog::Entry> calls = admin.calls().since(place);
  std::erase_if(calls, [&](const CallLog::Entry& call) { return call.account != account; });
  std::ranges::stable_sort(calls, {}, [](const CallLog::Entry& call) {
    return std::tie(call.time, call.cause, call.target, call.operation, call.attempt, call.error_code);
  });
  wire::List<Firing> fired;
  fired.set_present();
  for (const CallLog::Entry& call : calls)
    fired.push_back({.time = call.time,
                     .source_arn = call.cause,
                     .target = call.target,
                     .operation = call.operation,
                     .attempt = call.attempt,
                     .outcome = call.error_code.empty() ? "ok" : call.error_code + ": " + call.error_message});
  return fired;
}

Result<ClockMoved> move_to(Administration& admin, Call& call, Time to) {
  if (admin.virtual_clock() == nullptr)
    return fail(400, "ClockNotVirtual",
                "The server's clock is the system's and cannot be moved. Start the server with --clock virtual.");
  const std::lock_guard lock(admin.advancing());
  const uint64_t place = admin.calls().end();
  TRY(advance(call.door().store(), *admin.virtual_clock(), to, admin.due()));
  return ClockMoved{.time = admin.virtual_clock()->now(),
                    .virtual_ = true,
                    .fired = fired_since(admin, place, call.account())};
}

}  // namespace

Result<ClockState> get_clock(Administration& admin, Call& call, const GetClockRequest&) {
  return ClockState{.time = call.now(), .virtual_ = admin.virtual_clock() != nullptr};
}

Result<ClockMoved> advance_clock(Administration& admin, Call& call, const AdvanceClockRequest& in) {
  return move_to(admin, call, call.now() + *in.seconds * kSecond);
}

Result<ClockMoved> set_clock(Administration& admin, Call& call, const SetClockRequest& in) {
  return move_to(admin, call, *in.time);
}

}  // namespace tarn::admin
